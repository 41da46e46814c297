// Exchanges between two balances of a merchant: the money moves at once, and a second later AlphaPo tells that it has.
import { z } from 'zod'
import type { Reaction } from '../../provider.ts'
import { Timers } from '../../world/clock.ts'
import { Count, Digits, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { send } from './callbacks.ts'
import type { Terms } from './conversions.ts'
import { exchangeFeeName, type Money } from './fees.ts'
import { type Against, credit, debit } from './ledger.ts'
import { Cash, nextLine, nextTransaction, told } from './transactions.ts'
import type { AlphapoCall } from './wire.ts'

export interface ExchangeRow extends Terms {
  readonly id: number
  readonly merchant: string
  readonly foreignId: string
  readonly line: number
  readonly status: 'processing' | 'confirmed' | 'cancelled'
  /** Empty when nothing is wrong. */
  readonly error: string
  /** The timer of its end; null: it has come. */
  readonly timer: string | null
}

const money = z.strictObject(Cash, { error: 'expected a currency and units' })

export const Exchanges: Table<ExchangeRow> = {
  name: 'alphapo.exchanges',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    merchant: Text,
    foreignId: Text,
    sent: money,
    received: money,
    fee: money,
    price: Digits,
    line: Count,
    status: oneOf(['processing', 'confirmed', 'cancelled']),
    error: Text,
    timer: Text.nullable(),
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: {
    byForeignId: { group: (row) => JSON.stringify([row.merchant, row.foreignId]), order: (row) => row.id, early: true },
  },
}

/** From the answer to the callback. */
const DONE_AFTER_MS = 1000
const REACTION = 'alphapo.exchange-done'
const CANCELLED = 'Exchange was cancelled'

export function isTaken(merchant: string, foreignId: string, world: World): boolean {
  return world.first(Exchanges, 'byForeignId', JSON.stringify([merchant, foreignId])) !== undefined
}

/** Exchanges on these terms, which the merchant can pay. Only inside a change. */
// rule: alphapo.ledger.exchanges
export function exchange(call: AlphapoCall, terms: Terms, foreignId: string, world: World): ExchangeRow {
  const { merchant } = call.caller
  const id = nextTransaction(world)
  const timer = world.clock.schedule({
    at: world.now + DONE_AFTER_MS,
    provider: 'alphapo',
    kind: 'confirmation',
    reaction: REACTION,
    args: String(id),
    summary: `exchange ${id} is done`,
  }).id
  const { sent, received, fee, price } = terms
  const row: ExchangeRow = world.put(Exchanges, {
    id,
    merchant,
    foreignId,
    sent,
    received,
    fee,
    price,
    line: nextLine(world),
    status: 'processing',
    error: '',
    timer,
  })
  call.concerns(objectOf(row))
  const entry = (money: Money, kind: string, against: Against) => ({ merchant, money, kind, against })
  debit(entry(sent, 'exchange', 'desk'), world)
  credit(entry(received, 'exchange', 'desk'), world)
  debit(entry(fee, 'exchange_fee', 'fees'), world)
  return row
}

export const exchangeReactions: Readonly<Record<string, Reaction>> = {
  // rule: alphapo.exchange.callback
  [REACTION]: {
    table: Exchanges,
    run: (id: string, world: World) => {
      const row = world.put(Exchanges, { ...world.get(Exchanges, id)!, status: 'confirmed', timer: null })
      tellExchange(row, world)
      return `exchange ${row.id} is confirmed`
    },
  },
}

/** Undoes one that is not confirmed yet. Throws `InsufficientFunds` where what it brought is spent. Only inside a change. */
// rule: alphapo.exchange.cancel
export function cancelExchange(before: ExchangeRow, error: string | undefined, world: World): ExchangeRow {
  const { merchant, sent, received, fee, timer } = before
  if (timer !== null) world.clock.cancel(timer)
  const entry = (money: Money, kind: string, against: Against) => ({ merchant, money, kind, against })
  credit(entry(fee, 'exchange_fee_returned', 'fees'), world)
  debit(entry(received, 'exchange_returned', 'desk'), world)
  credit(entry(sent, 'exchange_returned', 'desk'), world)
  const row: ExchangeRow = world.put(Exchanges, {
    ...before,
    status: 'cancelled',
    error: error ?? CANCELLED,
    timer: null,
  })
  tellExchange(row, world)
  return row
}

function objectOf({ id }: ExchangeRow): string {
  return `exchange:${id}`
}

function tellExchange(row: ExchangeRow, world: World): void {
  send(row.merchant, row.status, objectOf(row), exchangeView(row), world)
}

/** As its callbacks tell it, without the merchant's own id. */
// rule: alphapo.exchange.callback
export function exchangeView({ id, line, sent, received, fee, error, status }: ExchangeRow): object {
  return {
    id,
    type: 'exchange',
    currency_sent: { currency: sent.currency, amount: told(sent) },
    currency_received: { currency: received.currency, amount: told(received) },
    transactions: [
      {
        id: line,
        currency: sent.currency,
        currency_to: received.currency,
        transaction_type: 'exchange',
        type: 'exchange',
        amount: told(sent),
        amount_to: told(received),
      },
    ],
    fees:
      status === 'confirmed' && fee.units !== '0'
        ? [{ type: exchangeFeeName(sent.currency, received.currency), currency: fee.currency, amount: told(fee) }]
        : [],
    error,
    status: status === 'processing' ? 'not_confirmed' : status,
  }
}
