// The partner's side of the oracle: what they credited and paid, as rows of JSON, held against what moved in the world. Each unit of money has to stand
// there exactly once.
import { z } from 'zod'
import { amountText, PLAIN_DECIMAL, plainText, readDecimal, withoutEndZeros } from '../text/decimals.ts'
import { plainTag, sameTag } from '../world/tags.ts'
import { atoms, type Kind, type Moved, PLACES } from './ledger.ts'

const Row = z.looseObject({
  provider: z.string(),
  kind: z.enum(['credit', 'payout']).default('credit'),
  address: z.string().min(1).nullish(),
  tag: z.union([z.string(), z.int().transform(String)]).nullish(),
  currency: z.string().min(1).nullish(),
  reference: z.union([z.string(), z.int().transform(String)]).nullish(),
  amount: z.union([z.string(), z.number()]).transform(plainAmount),
})
/** One credit or payout, or the sum of several. */
export type BookRow = z.output<typeof Row>

/** The books cannot be read; the message says where and what was expected. */
export class UnreadableBooks extends Error {}

/** Money that the books and the world disagree about. */
export interface Difference {
  readonly provider: string
  readonly kind: Kind
  readonly address: string
  readonly tag: string | null
  readonly currency: string
  /** Whether the books have too little or too much. */
  readonly amount: 'missing' | 'extra'
  /** Decimal text: what the partner booked, and what moved. */
  readonly booked: string
  readonly moved: string
  /** A sentence. */
  readonly says: string
}

/** Reads JSON lines, or one JSON array. Throws `UnreadableBooks`. */
export function readBooks(written: string, providers: readonly string[]): BookRow[] {
  // A byte order mark says nothing.
  const text = written.replace(/^\uFEFF/, '')
  const array = text.trimStart().startsWith('[')
  const parts: readonly (readonly [place: string, value: unknown])[] = array
    ? (jsonOf(text, 'the array') as unknown[]).map((value, index) => [`row ${index + 1}`, value])
    : text
        .split('\n')
        .map((line, index) => [`line ${index + 1}`, line.trim()] as const)
        .filter(([, line]) => line !== '')
        .map(([place, line]) => [place, jsonOf(line, place)])
  return parts.map(([place, value]) => {
    const parsed = Row.safeParse(value)
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!
      throw new UnreadableBooks(
        `${place}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}; a row is {"provider","kind","address","tag","currency","amount"}`,
      )
    }
    const row = parsed.data
    if (!providers.includes(row.provider))
      throw new UnreadableBooks(`${place}: there is no provider "${row.provider}"; expected ${providers.join(', ')}`)
    if (row.address == null && row.reference == null)
      throw new UnreadableBooks(`${place}: expected an address, or the provider's reference of it`)
    return row
  })
}

function jsonOf(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UnreadableBooks(
      `${place} is not JSON (${(error as Error).message}); expected a JSON object a line, or one array of them`,
    )
  }
}

/** Further away from the point no amount has a digit. */
const MOST_EXPONENT = 60

/** A number that a program wrote with an exponent is as good. */
function plainAmount(written: string | number, context: z.RefinementCtx): string {
  const read = readDecimal(String(written))
  const text = read && Math.abs(read.exponent) <= MOST_EXPONENT ? plainText(read) : ''
  const plain = withoutEndZeros(text)
  if (PLAIN_DECIMAL.test(plain) && (plain.split('.')[1] ?? '').length <= PLACES) return plain
  context.addIssue({ code: 'custom', message: `expected a decimal from 0 on such as "12.5", got ${written}` })
  return z.NEVER
}

/** Sums of one place: a provider, a kind, an address, a tag and a currency. */
interface Place extends Omit<Moved, 'atoms' | 'references'> {
  booked: bigint
  moved: bigint
}

// rule: sandgate.explore.oracle
/** Where the books and the world do not agree, in the order of the world. Rows of one place are summed. Throws `UnreadableBooks`. */
export function differencesOf(rows: readonly BookRow[], moved: readonly Moved[]): Difference[] {
  const places = new Map<string, Place>()
  const placeOf = ({ provider, kind, address, tag, currency }: Omit<Moved, 'atoms' | 'references'>): Place => {
    const plain = tag === null ? null : plainTag(tag)
    const name = JSON.stringify([provider, kind, spelled(address), plain, currency.toUpperCase()])
    const place = places.get(name) ?? { provider, kind, address, tag, currency, booked: 0n, moved: 0n }
    places.set(name, place)
    return place
  }
  for (const line of moved) placeOf(line).moved += line.atoms
  for (const [index, row] of rows.entries()) placeOf(whereBooked(row, index, moved)).booked += atoms(row.amount)
  return [...places.values()].filter((place) => place.booked !== place.moved).map(tell)
}

/** Hex is the same in any case, other notations are not. */
function spelled(address: string): string {
  return /^0x[0-9a-f]+$/i.test(address) ? address.toLowerCase() : address
}

/** Where a row belongs. One that names no address is found by the provider's id, one that names no currency by its address. */
function whereBooked(row: BookRow, index: number, moved: readonly Moved[]): Omit<Moved, 'atoms' | 'references'> {
  const { provider, kind, reference } = row
  const mine = moved.filter((line) => line.provider === provider && line.kind === kind)
  const named = row.address == null ? mine.find(({ references }) => references.includes(reference!)) : undefined
  const address = row.address ?? named?.address ?? `(reference ${reference})`
  const tag = row.tag ?? named?.tag ?? null
  if (row.currency != null) return { provider, kind, address, tag, currency: row.currency }
  const there = mine.filter((line) => spelled(line.address) === spelled(address) && sameTag(line.tag, tag))
  const currencies = [...new Set(there.map(({ currency }) => currency))]
  if (currencies.length > 1)
    throw new UnreadableBooks(
      `row ${index + 1} names no currency, and ${address} got ${currencies.join(' and ')}: give each row its currency`,
    )
  return { provider, kind, address, tag, currency: currencies[0] ?? '(not named)' }
}

function tell({ booked, moved, ...place }: Place): Difference {
  const text = (sum: bigint) => withoutEndZeros(amountText(sum, PLACES))
  const { provider, kind, address, tag, currency } = place
  const where = `${kind === 'credit' ? 'at' : 'to'} ${address}${tag === null ? '' : ` with the tag ${tag}`}`
  const verb = kind === 'credit' ? 'credited' : 'paid out'
  return {
    ...place,
    amount: booked < moved ? 'missing' : 'extra',
    booked: text(booked),
    moved: text(moved),
    says: `${provider}: ${text(moved)} ${currency} ${kind === 'credit' ? 'arrived' : 'left'} ${where}, and the books have ${text(booked)} ${verb}`,
  }
}
