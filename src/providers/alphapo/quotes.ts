// Prices that hold for a minute. They have no ids: one is found again by what was asked for and what was answered.
import { z } from 'zod'
import { Count, Digits, Flag, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import type { Side, Terms } from './conversions.ts'
import type { Money } from './fees.ts'
import { Cash } from './transactions.ts'

export interface QuoteRow extends Terms {
  readonly id: number
  readonly merchant: string
  readonly side: Side
  /** World ms: when it is over. */
  readonly releasedAt: number
  readonly used: boolean
}

export const FIX_SECONDS = 60
/** How many that are over make room at once for each new one. */
const PRUNED = 20

/** The switch on whether one price is good for one exchange or for several. */
export const QUOTE_USE = 'alphapo.exchange.quote-use'

const money = z.strictObject(Cash, { error: 'expected a currency and units' })

export const Quotes: Table<QuoteRow> = {
  name: 'alphapo.quotes',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    merchant: Text,
    side: oneOf(['sender', 'receiver']),
    sent: money,
    received: money,
    fee: money,
    price: Digits,
    releasedAt: Moment,
    used: Flag,
  }),
  indexes: {
    alike: { group: (row) => alike(row), order: (row) => row.id, early: true },
    byEnd: { group: () => '', order: (row) => row.releasedAt, early: true },
  },
}

/** What names a quote: whose it is, the pair, the amount that was asked for, and the price that was answered. */
function alike({ merchant, side, sent, received, price }: Omit<QuoteRow, 'id' | 'fee' | 'releasedAt' | 'used'>) {
  const { units } = side === 'sender' ? sent : received
  return JSON.stringify([merchant, sent.currency, received.currency, side, units, price])
}

/** Keeps these terms for a minute of world time. Only inside a change. */
// rule: alphapo.exchange.quote
export function quote(merchant: string, side: Side, terms: Terms, world: World): QuoteRow {
  world.prune(Quotes, 'byEnd', '', world.now, PRUNED)
  const fixedAt = Math.floor(world.now / 1000)
  return world.put(Quotes, {
    id: world.next('alphapo.quotes'),
    merchant,
    side,
    ...terms,
    releasedAt: (fixedAt + FIX_SECONDS) * 1000,
    used: false,
  })
}

/** The terms of a price that still holds; undefined: there is no such price. Only inside a change. */
// rule: alphapo.exchange.quote-use
export function takeQuote(
  asked: { merchant: string; from: string; to: string; side: Side; units: bigint; price: bigint },
  world: World,
): Terms | undefined {
  const { merchant, from, to, side, price } = asked
  const amount = (currency: string): Money => ({ currency, units: asked.units.toString() })
  const named = { merchant, side, sent: amount(from), received: amount(to), price: price.toString() }
  const once = world.assumes(QUOTE_USE) === 'once'
  const row = world
    .list(Quotes, 'alike', alike(named))
    .find(({ releasedAt, used }) => world.now < releasedAt && !(once && used))
  if (row && !row.used) world.put(Quotes, { ...row, used: true })
  return row
}
