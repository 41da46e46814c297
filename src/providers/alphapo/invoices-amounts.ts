// Amounts that a merchant asks payers for: text or a JSON number, above zero, with at most eight decimals.
import { plainText, readDecimal } from '../../text/decimals.ts'
import { spoken } from './fields.ts'
import { atoms } from './wire.ts'

/** Beyond it a JSON number is not exact any more, and is written with an exponent. */
const NUMBER_MAX = 1e15

/** In hundred-millionths; where it is none, what is wrong with it. */
export function readAmount(field: string, given: unknown): bigint | string {
  if (typeof given === 'number' && Math.abs(given) > NUMBER_MAX) return `The ${spoken(field)} format is invalid.`
  const text = typeof given === 'number' ? plainText(readDecimal(String(given))!) : String(given).trim()
  if (!/^-?\d+(\.\d+)?$/.test(text)) return `The ${spoken(field)} must be a number.`
  const units = atoms(text)
  if (units === undefined) return `The ${spoken(field)} format is invalid.`
  return units > 0n ? units : `The ${spoken(field)} must be greater than 0.`
}
