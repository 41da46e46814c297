// Amounts as Python reads and writes them: what a client may send, what pydantic says of everything else, and the fee that is charged on top.
import type { Call } from '../../provider.ts'
import {
  amountText,
  atomsOf,
  type Decimal,
  plainText,
  readDecimal,
  withoutEndZeros,
  withPlaces,
} from '../../text/decimals.ts'
import { exactJson, Written } from '../../text/exact.ts'

/** No balance has so many digits before the point, and no currency so many places: numbers beyond that are never written out. */
const DIGITS_MAX = 60
const PLACES_MAX = 18

/** A legal amount as the client wrote it. */
export interface Amount {
  /** The client's number without an exponent, with its own places; undefined: more digits than anybody has money. */
  readonly plain: string | undefined
  /** Whole atoms at so many decimals; what is finer is cut off. Undefined: more than anybody has. */
  atoms(decimals: number): bigint | undefined
  /** Places behind the point, without zeros at the end. */
  readonly places: number
}

// rule: cpg.withdrawals.amount
/** The amount of a call whose body is legal. */
export function amountOf(call: Call): Amount {
  const sent = call.content.kind === 'json' ? call.content.value.amount : undefined
  return readAmount(typeof sent === 'string' ? sent : numberText(sent, call.text))
}

/** What Python makes of a JSON number: one with a fraction or an exponent is a double, one without is exact. */
function numberText(value: number, body: string): string {
  const exact: any = exactJson(body)
  const written = exact.amount instanceof Written ? exact.amount.text : String(value)
  if (/^-?\d+$/.test(written)) return written
  return Number.isInteger(value) ? `${value}.0`.replace(/^(.*)(e.*)\.0$/, '$1$2') : String(value)
}

function readAmount(text: string): Amount {
  const read = readDecimal(text.trim().replaceAll('_', ''))!
  const whole = read.digits.length + read.exponent
  const significant = withoutZeros(read)
  const places = Math.max(0, -significant.exponent)
  const plain = whole > DIGITS_MAX ? undefined : plainText(shortened(read))
  return {
    plain,
    places,
    atoms: (decimals) => (plain === undefined ? undefined : cutOff(plain, decimals)),
  }
}

/** Far behind the point nothing counts; it need not be written out. */
function shortened(decimal: Decimal): Decimal {
  const { digits, exponent } = decimal
  const most = DIGITS_MAX + PLACES_MAX
  if (-exponent <= most) return decimal
  const dropped = Math.min(digits.length, -exponent - most)
  const kept = digits.slice(0, digits.length - dropped)
  return kept === ''
    ? { ...decimal, digits: '', exponent: -most }
    : { ...decimal, digits: kept, exponent: exponent + dropped }
}

function withoutZeros({ digits, exponent }: Decimal): { readonly exponent: number } {
  let to = digits.length
  while (to > 0 && digits[to - 1] === '0') to--
  return { exponent: exponent + digits.length - to }
}

/** Plain decimal text with at most so many places. */
export function cut(plain: string, places: number): string {
  const [whole, fraction = ''] = plain.split('.')
  return fraction === '' || places === 0 ? whole! : `${whole}.${fraction.slice(0, places)}`
}

function cutOff(plain: string, decimals: number): bigint {
  const [whole, fraction = ''] = plain.split('.')
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'))
}

/** What pydantic finds wrong with an amount. */
// rule: cpg.validation.amount
export function amountProblem(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number')
    return 'Decimal input should be an integer, float, string or Decimal object'
  const text = String(value).trim().replaceAll('_', '')
  if (/^[+-]?(inf(inity)?|s?nan\d*)$/i.test(text)) return 'Input should be a finite number'
  return readDecimal(text) ? 'Input should be greater than 0' : 'Input should be a valid decimal'
}

/** What the account pays for a withdrawal beside its amount, atoms: a flat part and a percentage, half of an atom to the even one. */
// rule: cpg.withdrawals.fee
export function feeOf(
  atoms: bigint,
  fee: { readonly flat: string; readonly percent: string },
  decimals: number,
): bigint {
  // All of it in 10^-18 of an atom.
  const flat = atomsOf(fee.flat, 18)! * 10n ** BigInt(decimals)
  const share = atoms * atomsOf(fee.percent, 6)! * 10n ** 10n
  const unit = 10n ** 18n
  const sum = flat + share
  const [floor, rest] = [sum / unit, sum % unit]
  return rest * 2n > unit || (rest * 2n === unit && floor % 2n === 1n) ? floor + 1n : floor
}

/** Without zeros at the end, but with two places at least: `5.00`, `0.001`. */
export function feeText(atoms: bigint, decimals: number): string {
  return withPlaces(withoutEndZeros(amountText(atoms, decimals)), 2)
}
