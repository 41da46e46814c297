// Amounts as clients send them: numbers or text, which PHP reads alike.
import { readDecimal } from '../../text/decimals.ts'
import { type FieldErrors, isBlank, spoken } from './fields.ts'
import { UNITS } from './wire.ts'

/** More digits than any amount means; the rest of a longer number is of no account. */
const DIGITS_MAX = 28

/** Hundred-millionths; what is finer is cut off. Undefined: it is no number. */
// rule: alphapo.amounts.accepted
export function unitsAsked(value: unknown): bigint | undefined {
  const read = typeof value === 'number' || typeof value === 'string' ? readDecimal(String(value).trim()) : undefined
  if (!read) return undefined
  const { sign, digits, exponent } = read
  if (digits === '') return 0n
  const places = digits.length + exponent + UNITS
  if (places > DIGITS_MAX) return (sign ? -1n : 1n) * 10n ** BigInt(DIGITS_MAX)
  const size = places <= 0 ? 0n : BigInt(digits.slice(0, places).padEnd(places, '0'))
  // Below nought, however little.
  if (sign) return size === 0n ? -1n : -size
  return size
}

/** Adds what is wrong with an amount that is there, unless its type is wrong already. */
export function judgeNumber(field: string, value: unknown, errors: FieldErrors): void {
  if (errors.has(field) || isBlank(value)) return
  const units = unitsAsked(value)
  if (units === undefined) errors.set(field, `The ${spoken(field)} must be a number.`)
  else if (units < 0n) errors.set(field, `The ${spoken(field)} must be at least 0.`)
}
