// Decimal text is exact: what is read, compared, scaled and written loses no digit, whatever its size.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  amountText,
  atomsOf,
  canonicalDecimal,
  normalized,
  plainText,
  readDecimal,
  rescaled,
  sameNumber,
  withoutEndZeros,
  withPlaces,
} from '../src/text/decimals.ts'

const decimals = fc.integer({ min: 0, max: 30 })
const atoms = fc.bigInt({ min: 0n, max: 10n ** 30n })
const digits = (min: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: 40 }).map((list) => list.join(''))
/** Any way to write a number: sign, zeros in front and behind, a point anywhere, an exponent. */
const written = fc
  .tuple(fc.constantFrom('', '+', '-'), digits(1), digits(0), fc.option(fc.integer({ min: -40, max: 40 })))
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction && `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`,
  )

/** The number as a whole one of units that are finer than all of these: computed without the code that is tested. */
function scaled(text: string): bigint {
  const [, sign, whole = '', fraction = '', exponent = '0'] = /^([+-]?)(\d*)\.?(\d*)(?:e(.*))?$/.exec(text)!
  const size = BigInt(whole + fraction) * 10n ** BigInt(200 - fraction.length + Number(exponent))
  return sign === '-' ? -size : size
}

describe('decimals', () => {
  test('without an exponent a number has the same value, and is written in one way only', () => {
    fc.assert(
      fc.property(written, (text) => {
        const plain = plainText(readDecimal(text)!)
        expect(plain).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/)
        expect(scaled(plain)).toBe(scaled(text))
        expect(scaled(plainText(normalized(readDecimal(text)!)))).toBe(scaled(text))
      }),
    )
  })

  test('two texts are the same number exactly when their values are equal', () => {
    fc.assert(
      fc.property(written, written, fc.integer({ min: 0, max: 5 }), (one, other, zeros) => {
        expect(sameNumber(one, other)).toBe(scaled(one) === scaled(other))
        expect(sameNumber(plainText(readDecimal(one)!), one)).toBe(true)
        const [, sign, rest] = /^([+-]?)(.*)$/.exec(one)!
        expect(canonicalDecimal(`${sign}${'0'.repeat(zeros)}${rest}`)).toBe(canonicalDecimal(one))
      }),
    )
  })

  test('amounts come back from their atoms, and atoms from their amounts', () => {
    fc.assert(
      fc.property(atoms, decimals, (units, places) => {
        expect(atomsOf(amountText(units, places), places)).toBe(units)
        expect(BigInt(amountText(units, places).replace('.', ''))).toBe(units)
        expect(amountText(-units, places)).toBe(units === 0n ? amountText(0n, places) : `-${amountText(units, places)}`)
      }),
    )
  })

  test('what is finer than the decimals allow is no amount, and zeros behind are none', () => {
    fc.assert(
      fc.property(atoms, decimals, fc.integer({ min: 1, max: 9 }), (units, places, last) => {
        const text = amountText(units, places)
        expect(atomsOf(`${text.includes('.') ? text : `${text}.`}${last}`, places)).toBeUndefined()
        expect(atomsOf(`${text.includes('.') ? text : `${text}.`}00`, places)).toBe(units)
      }),
    )
  })

  test('another number of decimals keeps the value, or cuts off what is finer', () => {
    fc.assert(
      fc.property(atoms, decimals, decimals, (units, from, to) => {
        const finer = rescaled(units, from, to)
        if (from <= to) expect(rescaled(finer, to, from)).toBe(units)
        else expect(units - rescaled(finer, to, from)).toBeLessThan(10n ** BigInt(from - to))
      }),
    )
  })

  test('places are added, never cut off', () => {
    fc.assert(
      fc.property(atoms, decimals, decimals, (units, places, least) => {
        const text = amountText(units, places)
        expect(sameNumber(withPlaces(text, least), text)).toBe(true)
        expect(withPlaces(text, least).split('.')[1]!.length).toBe(Math.max(places, least))
        expect(sameNumber(withoutEndZeros(text), text)).toBe(true)
        expect(withoutEndZeros(text)).not.toMatch(/\.$|\..*0$/)
      }),
    )
  })

  test.each([
    ['12.5', 6, 12_500_000n],
    ['100', 0, 100n],
    ['0.50', 1, 5n],
    ['007', 0, 7n],
    ['12.', 6, undefined],
    ['.5', 6, undefined],
    ['-1', 6, undefined],
    ['1e3', 6, undefined],
    ['1.0000001', 6, undefined],
    ['', 6, undefined],
    ['1'.repeat(61), 6, undefined],
  ])('%j at %i decimals is %s atoms', (text, places, expected) => {
    expect(atomsOf(text, places)).toBe(expected)
  })

  test.each([['abc'], [''], ['.'], ['e5'], ['1e'], ['0x10'], ['1 '], ['1,5'], ['NaN']])('%j is no number', (text) => {
    expect(readDecimal(text)).toBeUndefined()
    expect(canonicalDecimal(text)).toBeUndefined()
  })

  test('an exponent too large to count is the same number only where it is the same text', () => {
    const huge = `1e${'9'.repeat(30)}`
    expect(canonicalDecimal(huge)).toBeUndefined()
    expect(sameNumber(huge, huge)).toBe(true)
    expect(sameNumber(huge, `10e${'9'.repeat(30)}`)).toBe(false)
    expect(sameNumber(`0e${'9'.repeat(30)}`, '0')).toBe(true)
  })
})
