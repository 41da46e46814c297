// Amounts that a merchant asks payers for: text or a JSON number, above zero, with at most eight decimals.
import { plainText, readDecimal } from '../../text/decimals.ts'
import { spoken } from './fields.ts'
import { atoms } from './wire.ts'

/** Far above every amount, and written without an exponent. */
const BOUND = 1e15

/** In hundred-millionths; where it is none, what is wrong with it. */
export function readAmount(field: string, given: unknown): bigint | string {
  const text = typeof given === 'number' ? plainText(readDecimal(String(bounded(given)))!) : String(given).trim()
  if (!/^-?\d+(\.\d+)?$/.test(text)) return `The ${spoken(field)} must be a number.`
  const units = atoms(text)
  if (units === undefined) return `The ${spoken(field)} format is invalid.`
  return units > 0n ? units : `The ${spoken(field)} must be greater than 0.`
}

/** JavaScript writes small and huge numbers with an exponent. */
function bounded(number: number): number {
  return Math.max(-BOUND, Math.min(BOUND, number))
}
