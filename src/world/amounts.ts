// Amounts between decimal text and whole atoms. Inside, money is bigint; text exists where a provider or a person reads it.

/** At most this many digits of an amount are read, so that no text can cost time. */
const DIGITS_MAX = 60
const DECIMAL = /^(\d{1,60})(?:\.(\d{1,60}))?$/

/** `12.5` at 6 decimals as 12500000n; undefined when the text is no plain decimal, or finer than the decimals allow. */
export function atomsOf(text: string, decimals: number): bigint | undefined {
  const match = text.length <= 2 * DIGITS_MAX + 1 ? DECIMAL.exec(text) : null
  if (!match) return undefined
  const fraction = (match[2] ?? '').replace(/0+$/, '')
  if (fraction.length > decimals) return undefined
  return BigInt(match[1]! + fraction.padEnd(decimals, '0'))
}

/** Atoms as decimal text with `places` digits after the point (all of them unless given; more are cut off, not rounded). */
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
