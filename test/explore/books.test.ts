// The oracle: how books are read, and what is said where they and the world do not agree.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { differencesOf, readBooks, UnreadableBooks } from '../../src/explore/books.ts'
import { atoms, type Moved } from '../../src/explore/ledger.ts'

const PROVIDERS = ['cpg', 'zopay']

function moved(address: string, amount: string, more: Partial<Moved> = {}): Moved {
  const place = { provider: 'cpg', kind: 'credit', tag: null, currency: 'USDT', references: [] } as const
  return { ...place, address, atoms: atoms(amount), ...more }
}

function differences(books: string, world: readonly Moved[]) {
  return differencesOf(readBooks(books, PROVIDERS), world).map(({ amount, booked, moved }) => [amount, booked, moved])
}

const row = (fields: object) =>
  JSON.stringify({ provider: 'cpg', address: 'a', currency: 'USDT', amount: '10', ...fields })

describe('sandgate.explore.oracle', () => {
  test.each([
    ['the same', [row({})], []],
    ['an array of the same', [`[${row({})}]`], []],
    ['two rows of one place', [row({ amount: '4' }), row({ amount: '6.00' })], []],
    ['a byte order mark', [`\uFEFF${row({})}`], []],
    ['a number, and one with an exponent', [row({ amount: 9 }), row({ amount: '1e0' })], []],
    ['no currency', [row({ currency: undefined })], []],
    ['another case of the currency', [row({ currency: 'usdt' })], []],
    ['too little', [row({ amount: '9.999999999999999999' })], [['missing', '9.999999999999999999', '10']]],
    ['too much', [row({}), row({})], [['extra', '20', '10']]],
    ['nothing', [], [['missing', '0', '10']]],
    [
      'another tag',
      [row({ tag: '7' })],
      [
        ['missing', '0', '10'],
        ['extra', '10', '0'],
      ],
    ],
    [
      'another currency',
      [row({ currency: 'USDC' })],
      [
        ['missing', '0', '10'],
        ['extra', '10', '0'],
      ],
    ],
    [
      'another provider',
      [row({ provider: 'zopay' })],
      [
        ['missing', '0', '10'],
        ['extra', '10', '0'],
      ],
    ],
    [
      'a payout',
      [row({ kind: 'payout' })],
      [
        ['missing', '0', '10'],
        ['extra', '10', '0'],
      ],
    ],
  ])('%s', (_, lines, expected) => {
    expect(differences(lines.join('\n'), [moved('a', '10')])).toEqual(expected)
  })

  test('addresses of hex are the same in any case, others are not; tags are the same with zeros in front', () => {
    expect(differences(row({ address: '0xabcd' }), [moved('0xABCD', '10')])).toEqual([])
    expect(differences(row({ address: 'tb1q' }), [moved('TB1Q', '10')])).toHaveLength(2)
    expect(differences(row({ tag: 42 }), [moved('a', '10', { tag: '42' })])).toEqual([])
  })

  test('a row without an address is found by the id of the provider', () => {
    const world = [moved('a', '10', { references: ['dep_7'] }), moved('b', '5', { references: ['dep_8'] })]
    const rows = [
      row({ address: undefined, reference: 'dep_7' }),
      row({ address: undefined, reference: 'dep_8', amount: 5 }),
    ]
    expect(differences(rows.join('\n'), world)).toEqual([])
  })

  test.each([
    ['{', 'line 1 is not JSON'],
    ['\n\n{"provider":"cpg"', 'line 3 is not JSON'],
    ['[{"provider":"cpg"', 'the array is not JSON'],
    [row({ provider: 'xpg' }), 'line 1: there is no provider "xpg"; expected cpg, zopay'],
    [row({ address: undefined }), 'line 1: expected an address'],
    [row({ amount: '-1' }), 'line 1: amount: expected a decimal'],
    [row({ amount: 'ten' }), 'line 1: amount: expected a decimal'],
    [row({ amount: '1e999999999' }), 'line 1: amount: expected a decimal'],
    [row({ amount: '1e400' }), 'line 1: amount: expected a decimal'],
    [`[${row({})},${row({ kind: 'loan' })}]`, 'row 2: kind:'],
    ['[7]', 'row 1: '],
  ])('books that cannot be read: %s', (books, told) => {
    expect(() => readBooks(books, PROVIDERS)).toThrow(UnreadableBooks)
    expect(() => readBooks(books, PROVIDERS)).toThrow(told)
  })

  test('a row without a currency is not guessed where an address got two', () => {
    const world = [moved('a', '10'), moved('a', '3', { currency: 'USDC' })]
    expect(() => differences(row({ currency: undefined }), world)).toThrow('a got USDT and USDC')
  })

  test('however the rows of one place are cut up, they agree; one unit more or less never does', () => {
    const amounts = fc.array(fc.bigInt({ min: 1n, max: 10n ** 24n }), { minLength: 1, maxLength: 6 })
    const text = (units: bigint) => `${units / 10n ** 12n}.${String(units % 10n ** 12n).padStart(12, '0')}`
    fc.assert(
      fc.property(amounts, fc.constantFrom(-1n, 0n, 1n), (parts, off) => {
        const sum = parts.reduce((one, other) => one + other, 0n)
        const rows = parts.map((part) => row({ amount: text(part) })).join('\n')
        const found = differences(rows, [moved('a', text(sum + off))])
        expect(found.map(([amount]) => amount)).toEqual(off === 0n ? [] : [off > 0n ? 'missing' : 'extra'])
      }),
    )
  })
})
