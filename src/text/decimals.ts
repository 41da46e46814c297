// Decimal numbers as text, exactly: read, compared, scaled to whole units in a bigint, and written with the places that are asked for. Without a
// library: those there are (big.js, decimal.js) round to a precision, drop the zeros that providers write, and print exponents.

/** A decimal number: `digits` times ten to `exponent`. */
export interface Decimal {
  readonly sign: '' | '-'
  /** Without zeros in front, those at the end as they were written; empty for zero. */
  readonly digits: string
  readonly exponent: number
}

const DECIMAL = /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/
/** `12` or `12.5`, without sign or exponent, and short enough to cost no time. */
export const PLAIN_DECIMAL = /^\d{1,60}(\.\d{1,60})?$/
const ZERO = 0x30

/** Undefined when the text is no decimal number. The exponent may be larger than can be counted. */
export function readDecimal(text: string): Decimal | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  const digits = whole + fraction
  if (digits === '') return undefined
  let from = 0
  while (from < digits.length && digits.charCodeAt(from) === ZERO) from++
  return { sign: sign === '-' ? '-' : '', digits: digits.slice(from), exponent: Number(exponent) - fraction.length }
}

/** The same number without the zeros at the end of its digits. */
export function normalized(decimal: Decimal): Decimal {
  const { digits, exponent } = decimal
  let to = digits.length
  // A pattern would look at each zero inside as if it were the last one.
  while (to > 0 && digits.charCodeAt(to - 1) === ZERO) to--
  return { ...decimal, digits: digits.slice(0, to), exponent: exponent + digits.length - to }
}

/** Without an exponent: `0.00125`, `-1200`. */
export function plainText({ sign, digits, exponent }: Decimal): string {
  if (exponent >= 0) return sign + (digits === '' ? '0' : digits + '0'.repeat(exponent))
  const padded = digits.padStart(1 - exponent, '0')
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`
}

/** The one form that all equal numbers have; undefined when the text is no number, or its exponent is too large to count. */
export function canonicalDecimal(text: string): string | undefined {
  const read = readDecimal(text)
  if (!read) return undefined
  const { sign, digits, exponent } = normalized(read)
  if (digits === '') return '0'
  return Number.isSafeInteger(exponent) ? `${sign}${digits}e${exponent}` : undefined
}

/** Whether two numbers are equal, digit by digit. */
export function sameNumber(one: string, other: string): boolean {
  return one === other || (canonicalDecimal(one) ?? one) === (canonicalDecimal(other) ?? other)
}

/** `12.5` at 6 decimals as 12500000n; undefined when the text is no plain decimal, or finer than the decimals allow. */
export function atomsOf(text: string, decimals: number): bigint | undefined {
  if (!PLAIN_DECIMAL.test(text)) return undefined
  const [whole, fraction = ''] = withoutEndZeros(text).split('.')
  return fraction.length > decimals ? undefined : BigInt(whole + fraction.padEnd(decimals, '0'))
}

/** Atoms as decimal text with `places` digits behind the point: as many as `decimals` unless given; more are cut off, not rounded. */
export function amountText(atoms: bigint, decimals: number, places = decimals): string {
  const sign = atoms < 0n ? '-' : ''
  const digits = (atoms < 0n ? -atoms : atoms).toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = digits
    .slice(digits.length - decimals)
    .padEnd(places, '0')
    .slice(0, places)
  return places === 0 ? `${sign}${whole}` : `${sign}${whole}.${fraction}`
}

/** Atoms of one number of decimals in atoms of another; what is finer is cut off. */
export function rescaled(atoms: bigint, from: number, to: number): bigint {
  return from <= to ? atoms * 10n ** BigInt(to - from) : atoms / 10n ** BigInt(from - to)
}

/** Plain decimal text with at least so many places: `0.5` as `0.50`. None are cut off. */
export function withPlaces(text: string, least: number): string {
  const [whole, fraction = ''] = text.split('.')
  return `${whole}.${fraction.padEnd(least, '0')}`
}

/** Plain decimal text without the zeros at the end of its fraction: `0.50` as `0.5`, `7.00` as `7`. */
export function withoutEndZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
