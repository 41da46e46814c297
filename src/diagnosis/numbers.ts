// One number as the libraries of clients write it: what JavaScript, Python, Java, .NET, PHP and Go make of the same value. For the forms of a body
// that rewritings.ts makes.

export type Numbers = (text: string) => string

const isFloat = (text: string) => /[.eE]/.test(text)

/** Whole digits, decimal digits without zeros behind, and where the point stands, of a finite number. */
function digitsOf(text: string): { sign: string; digits: string; exponent: number } {
  const [, sign = '', whole = '0', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const all = (whole + fraction).replace(/^0+(?=\d)/, '')
  const digits = all.replace(/0+$/, '') || '0'
  // The value is 0.DIGITS times ten to this.
  return { sign, digits, exponent: digits === '0' ? 1 : all.length - fraction.length + Number(power) }
}

function plainText({ sign, digits, exponent }: ReturnType<typeof digitsOf>): string {
  if (exponent <= 0) return `${sign}0.${'0'.repeat(-exponent)}${digits}`
  return (
    sign +
    (digits.length <= exponent
      ? digits.padEnd(exponent, '0')
      : `${digits.slice(0, exponent)}.${digits.slice(exponent)}`)
  )
}

function scientific(
  { sign, digits, exponent }: ReturnType<typeof digitsOf>,
  mark: string,
  power: (exponent: number) => string,
): string {
  return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}${mark}${power(exponent - 1)}`
}

const signedPower = (exponent: number) =>
  exponent < 0 ? `-${String(-exponent).padStart(2, '0')}` : `+${String(exponent).padStart(2, '0')}`

/** A double as it is, in decimal. */
const shortest = (text: string) => digitsOf(String(Number(text)))

function python(text: string): string {
  const parts = shortest(text)
  if (parts.exponent <= -4 || parts.exponent > 16) return scientific(parts, 'e', signedPower)
  const plain = plainText(parts)
  return plain.includes('.') ? plain : `${plain}.0`
}

function java(text: string): string {
  const parts = shortest(text)
  if (parts.digits !== '0' && (parts.exponent <= -3 || parts.exponent > 7))
    return scientific(parts.digits.length > 1 ? parts : { ...parts, digits: `${parts.digits}0` }, 'E', String)
  const plain = plainText(parts)
  return plain.includes('.') ? plain : `${plain}.0`
}

function stripped(text: string): string {
  const parts = digitsOf(text)
  // Java writes a BigDecimal with an exponent when its scale is negative, or when the number is very small.
  if (parts.digits.length < parts.exponent || parts.exponent < -5)
    return scientific(parts, 'E', (exponent) => (exponent < 0 ? String(exponent) : `+${exponent}`))
  return plainText(parts)
}

function seventeen(text: string): string {
  const parts = digitsOf(Number(text).toPrecision(17))
  const plain = plainText(parts)
  return plain.includes('.') ? plain : `${plain}.0`
}

function fixed(places: number): Numbers {
  return (text) => {
    const [whole, fraction = ''] = plainText(digitsOf(text)).split('.')
    return fraction.length > places ? text : `${whole}.${fraction.padEnd(places, '0')}`
  }
}

/** What may have been written for a number; longer ones are not bent. */
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
