// An amount as pydantic reads a positive Decimal: from text or from a JSON number, back to plain decimal text. Text in, text out.
import { Numeral } from './exact.ts'

/** What a validation item says about a value. */
export interface Fault {
  readonly type: string
  readonly msg: string
  readonly ctx?: Readonly<Record<string, unknown>>
}

/** The most digits an amount may have, those behind the point included. */
const DIGITS_MAX = 38

const NOT_FINITE: Fault = { type: 'finite_number', msg: 'Input should be a finite number' }
const TYPE: Fault = { type: 'decimal_type', msg: 'Decimal input should be an integer, float, string or Decimal object' }
const PARSING: Fault = { type: 'decimal_parsing', msg: 'Input should be a valid decimal' }
const DIGITS: Fault = {
  type: 'decimal_max_digits',
  msg: `Decimal input should have no more than ${DIGITS_MAX} digits in total`,
  ctx: { max_digits: DIGITS_MAX },
}
// rule: zopay.intents.amount-positive
const GREATER: Fault = { type: 'greater_than', msg: 'Input should be greater than 0', ctx: { gt: 0 } }

export type Reading = { readonly text: string } | { readonly fault: Fault }

/** Reads an amount that must be more than 0. Numbers come as `Numeral`. */
export function readAmount(value: unknown): Reading {
  if (value instanceof Numeral)
    return value.finite ? plain(value.fractional ? throughFloat(value.text) : value.text) : { fault: NOT_FINITE }
  if (typeof value !== 'string') return { fault: TYPE }
  // `trim` takes a byte order mark for a blank, Python does not.
  if (value.includes('\ufeff')) return { fault: PARSING }
  // rule: zopay.intents.amount-lenient
  const text = value.trim().replaceAll('_', '')
  if (/^[+-]?(inf|infinity|s?nan\d*)$/i.test(text)) return { fault: NOT_FINITE }
  return plain(text)
}

/** What is left of a number that Python reads as a float: `10.10` is `10.1`, `1e3` is `1000.0`. */
// rule: zopay.intents.amount-number
function throughFloat(text: string): string {
  const float = String(Number(text))
  return /^-?\d{1,16}$/.test(float) ? `${float}.0` : float
}

/** Plain decimal text: no exponent, no sign, trailing zeros as they came. */
// rule: zopay.intents.amount-plain
function plain(text: string): Reading {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text)
  if (!parts || (parts[2] === '' && !parts[3])) return { fault: PARSING }
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return { fault: GREATER }
  // rule: zopay.intents.amount-digits
  const places = fraction.length - Number(exponent)
  const total = places <= 0 ? digits.length - places : Math.max(places, digits.length)
  if (total > DIGITS_MAX) return { fault: DIGITS }
  if (sign === '-') return { fault: GREATER }
  if (places <= 0) return { text: digits + '0'.repeat(-places) }
  const padded = digits.padStart(places + 1, '0')
  return { text: `${padded.slice(0, -places)}.${padded.slice(-places)}` }
}

/** A received amount as answered: at least two decimals, and no further trailing zeros. */
// rule: zopay.transactions.amount
export function money(amount: string): string {
  const [whole, fraction = ''] = amount.split('.')
  return `${whole}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`
}
