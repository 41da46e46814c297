// One number as the libraries of clients write it: what JavaScript, Python, Java, .NET, PHP and Go make of the same value. For the forms of a body
// that rewritings.ts makes.
import { type Decimal, normalized, plainText, readDecimal, withPlaces } from '../text/decimals.ts'

export type Numbers = (text: string) => string

const isFloat = (text: string) => /[.eE]/.test(text)

/** Of a finite number: its digits without zeros at either end, `0` for zero. */
function digitsOf(text: string): Decimal {
  const decimal = normalized(readDecimal(text)!)
  return decimal.digits === '' ? { ...decimal, digits: '0', exponent: 0 } : decimal
}

/** How many digits stand in front of the point; below zero, how many zeros follow it. */
function pointOf({ digits, exponent }: Decimal): number {
  return digits.length + exponent
}

function scientific(parts: Decimal, mark: string, power: (exponent: number) => string): string {
  const { sign, digits } = parts
  return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}${mark}${power(pointOf(parts) - 1)}`
}

/** With a point, as a float has it. */
function asFloat(text: string): string {
  return text.includes('.') ? text : `${text}.0`
}

const signedPower = (exponent: number) =>
  exponent < 0 ? `-${String(-exponent).padStart(2, '0')}` : `+${String(exponent).padStart(2, '0')}`

/** A double as it is, in decimal. */
const shortest = (text: string) => digitsOf(String(Number(text)))

function python(text: string): string {
  const parts = shortest(text)
  if (pointOf(parts) <= -4 || pointOf(parts) > 16) return scientific(parts, 'e', signedPower)
  return asFloat(plainText(parts))
}

function java(text: string): string {
  const parts = shortest(text)
  const { digits, exponent } = parts
  if (digits !== '0' && (pointOf(parts) <= -3 || pointOf(parts) > 7))
    return scientific(
      digits.length > 1 ? parts : { ...parts, digits: `${digits}0`, exponent: exponent - 1 },
      'E',
      String,
    )
  return asFloat(plainText(parts))
}

function stripped(text: string): string {
  const parts = digitsOf(text)
  // Java writes a BigDecimal with an exponent when its scale is negative, or when the number is very small.
  if (parts.exponent > 0 || pointOf(parts) < -5)
    return scientific(parts, 'E', (exponent) => (exponent < 0 ? String(exponent) : `+${exponent}`))
  return plainText(parts)
}

function seventeen(text: string): string {
  const parts = digitsOf(Number(text).toPrecision(17))
  return asFloat(plainText(parts))
}

function fixed(places: number): Numbers {
  return (text) => {
    const parts = digitsOf(text)
    return -parts.exponent > places ? text : withPlaces(plainText(parts), places)
  }
}

/** What may have been written for a number; longer ones are not variant. */
const LONGEST = 40

function bounded(write: Numbers): Numbers {
  return (text) =>
    text.length > LONGEST ||
    !Number.isFinite(Number(text)) ||
    Math.abs(Number(/[eE](.*)/.exec(text)?.[1] ?? 0)) > LONGEST
      ? text
      : write(text)
}

/** The likely ones first, and what to say of each. */
const WAYS: readonly (readonly [says: string, write: Numbers])[] = [
  ['numbers as JavaScript and Go write them (1.0 becomes 1, large ones are rounded)', (text) => String(Number(text))],
  ['numbers as Python writes them (25.00 becomes 25.0)', (text) => (isFloat(text) ? python(text) : text)],
  ['all numbers as floats (25 becomes 25.0)', python],
  ['all numbers as Java writes a double (25 becomes 25.0, 0.0001 becomes 1.0E-4)', java],
  ['decimals without the zeros behind', (text) => (isFloat(text) ? plainText(digitsOf(text)) : text)],
  ['numbers as Java writes a BigDecimal without zeros (100 becomes 1E+2)', stripped],
  [
    'numbers as .NET writes a double (1E-07)',
    (text) =>
      String(Number(text)).replace(
        /e([+-])(\d+)$/,
        (_, sign: string, digits: string) => `E${sign}${digits.padStart(2, '0')}`,
      ),
  ],
  [
    'floats with 17 digits, as PHP with serialize_precision 17 writes them',
    (text) => (isFloat(text) ? seventeen(text) : text),
  ],
  ['numbers with two decimal places', fixed(2)],
  ['numbers with eight decimal places', fixed(8)],
]

export const NUMBERS = WAYS.map(([says, write]) => [says, bounded(write)] as const)
