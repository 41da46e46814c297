// Amounts that a merchant asks payers for: read as all amounts are, but above zero, and no larger than money comes.
import { unitsAsked } from './amounts.ts'
import { spoken } from './fields.ts'
import { atoms } from './wire.ts'

/** Above every amount of any currency. */
const MOST = atoms('1000000000000000')!

/** In hundred-millionths; where it is none, what is wrong with it. */
export function readAmount(field: string, given: unknown): bigint | string {
  const units = unitsAsked(given)
  if (units === undefined) return `The ${spoken(field)} must be a number.`
  if (units > MOST) return `The ${spoken(field)} format is invalid.`
  return units > 0n ? units : `The ${spoken(field)} must be greater than 0.`
}
