// Decimal text, added up exactly: amounts are whole numbers of the smallest part that any of our currencies has.

const PLACES = 18
const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/

/** Whether this is plain decimal text that we can hold without losing a digit. */
export function isAmount(text: unknown): text is string {
  const fraction = typeof text === 'string' ? PLAIN.exec(text)?.[3] : undefined
  return typeof text === 'string' && PLAIN.test(text) && (fraction?.replace(/0+$/, '').length ?? 0) <= PLACES
}

export function add(one: string, other: string): string {
  return textOf(atomsOf(one) + atomsOf(other))
}

export function subtract(one: string, other: string): string {
  return textOf(atomsOf(one) - atomsOf(other))
}

/** The same amount, always written the same way: `25.50` and `25.5` are `25.5`. */
export function plain(text: string): string {
  return add(text, '0')
}

function atomsOf(text: string): bigint {
  const [, minus = '', whole = '', fraction = ''] = PLAIN.exec(text) ?? []
  if (whole === '') throw new Error(`"${text}" is not an amount`)
  return BigInt(minus + whole + fraction.padEnd(PLACES, '0').slice(0, PLACES))
}

function textOf(atoms: bigint): string {
  const digits = (atoms < 0n ? -atoms : atoms).toString().padStart(PLACES + 1, '0')
  const fraction = digits.slice(-PLACES).replace(/0+$/, '')
  return `${atoms < 0n ? '-' : ''}${digits.slice(0, -PLACES)}${fraction === '' ? '' : `.${fraction}`}`
}
