// Which withdrawals somebody has to approve: a merchant's limits for one of them, for an hour and for a day, from its settings or from its dashboard.
import { z } from 'zod'
import { oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES, FIAT, type Limit, type Limits, type Settings } from './catalogue.ts'
import type { Money } from './fees.ts'
import { worth } from './rates.ts'
import { type WithdrawalRow, Withdrawals } from './withdrawals.ts'
import { atoms } from './wire.ts'

export interface LimitsRow extends Limits {
  readonly merchant: string
}

const Amounts = z.strictObject({
  operation: Text.exactOptional(),
  hour: Text.exactOptional(),
  day: Text.exactOptional(),
})

/** What a merchant has set in its dashboard; without a row its settings count. */
export const LimitsTable: Table<LimitsRow> = {
  name: 'alphapo.limits',
  key: (row) => row.merchant,
  schema: z.strictObject({
    merchant: Text,
    review: oneOf(['limits', 'all']),
    default: Amounts.exactOptional(),
    currencies: z.partialRecord(z.enum([...CURRENCIES.keys(), ...FIAT] as [string, ...string[]]), Amounts),
  }),
  indexes: {},
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export function limitsOf(merchant: string, world: World): Limits {
  const set = world.settings<Settings>('alphapo').merchants[merchant]?.withdrawals
  return world.get(LimitsTable, merchant) ?? set ?? { review: 'limits', currencies: {} }
}

/** Sets the limits of one currency, or the default ones. Whether everything is reviewed can be set by itself. Only inside a change. */
// rule: alphapo.withdrawals.limits
export function limit(
  merchant: string,
  set: { review?: Limits['review'] | undefined; currency?: string | undefined; amounts: Limit },
  world: World,
): LimitsRow {
  const { review, currency } = set
  const before = limitsOf(merchant, world)
  // Without those that are undefined: rows are JSON.
  const amounts = JSON.parse(JSON.stringify(set.amounts)) as z.output<typeof Amounts>
  const alone = review !== undefined && currency === undefined && Object.keys(amounts).length === 0
  const others = alone || currency !== undefined ? before.default : amounts
  return world.put(LimitsTable, {
    merchant,
    review: review ?? before.review,
    ...(others && { default: others }),
    currencies: { ...before.currencies, ...(currency !== undefined && { [currency]: amounts }) },
  })
}

/** Why somebody has to approve this withdrawal; undefined: nobody has to. */
// rule: alphapo.withdrawals.limits
export function reasonToReview(merchant: string, sent: Money, world: World): string | undefined {
  const { review, default: others, currencies } = limitsOf(merchant, world)
  if (review === 'all') return 'every withdrawal is reviewed'
  const own = currencies[sent.currency]
  const limits = own ?? others
  if (!limits) return undefined
  // Those of a currency are in that currency and count its withdrawals; the others are in euros and count all that have none of their own.
  const size = ({ currency, units }: Money) => (own ? BigInt(units) : worth(BigInt(units), currency, 'EUR', world))
  const counts = ({ currency }: Money) => (own ? currency === sent.currency : currencies[currency] === undefined)
  const since = (ms: number) =>
    recent(merchant, world.now - ms, world).reduce((sum, row) => (counts(row.sent) ? sum + size(row.sent) : sum), 0n)
  const exceeded = (most: string | undefined, amount: () => bigint) => most !== undefined && amount() > atoms(most)!
  const now = size(sent)
  if (exceeded(limits.operation, () => now)) return 'it is more than the limit of one withdrawal'
  if (exceeded(limits.hour, () => now + since(HOUR_MS))) return 'it is more than the limit of an hour'
  if (exceeded(limits.day, () => now + since(DAY_MS))) return 'it is more than the limit of a day'
  return undefined
}

/** Withdrawals since then that were not undone. */
function recent(merchant: string, sinceMs: number, world: World): WithdrawalRow[] {
  const after = { order: sinceMs, key: '\uffff' }
  return world
    .list(Withdrawals, 'byMerchant', merchant, { after })
    .filter(({ status }) => status !== 'declined' && status !== 'cancelled')
}
