// A withdrawal as AlphaPo keeps it and tells it, in callbacks and when it is looked up. What becomes of it is left to sending.ts.
import { z } from 'zod'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { Withdrawals as Outgoing } from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { Addresses } from './addresses.ts'
import { type Cost, feeName, type Money } from './fees.ts'
import { Payees } from './payees.ts'
import { Cash, told } from './transactions.ts'

export type WithdrawalStatus = 'pending' | 'processing' | 'confirmed' | 'declined' | 'cancelled'

export interface WithdrawalRow {
  readonly id: number
  readonly merchant: string
  readonly foreignId: string
  readonly reference: string | null
  /** What leaves the world, or would, by its own id. */
  readonly outgoing: string
  /** Whom it goes to. */
  readonly payee: number
  /** The address of another merchant of AlphaPo's; null: it leaves over a chain. */
  readonly internalTo: number | null
  /** The ids of its lines: the withdrawal, and the exchange where there is one. */
  readonly lines: readonly number[]
  readonly sent: Money
  readonly received: Money
  readonly costs: readonly Cost[]
  readonly status: WithdrawalStatus
  /** Empty when nothing is wrong. */
  readonly error: string
  readonly txid: string | null
  /** How it stands in the books: not at all, held, or paid. */
  readonly booked: 'no' | 'held' | 'paid'
  /** World ms. */
  readonly createdAt: number
}

export const Withdrawals: Table<WithdrawalRow> = {
  name: 'alphapo.withdrawals',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    merchant: Text,
    foreignId: Text,
    reference: Text.nullable(),
    outgoing: Text,
    payee: Count,
    internalTo: Count.nullable(),
    lines: z
      .array(Count, { error: 'expected a list of ids' })
      .min(1, 'expected an id')
      .max(2, 'expected at most two ids'),
    sent: z.strictObject(Cash, { error: 'expected a currency and units' }),
    received: z.strictObject(Cash, { error: 'expected a currency and units' }),
    costs: z.array(
      z.strictObject({ type: oneOf(['mining', 'withdrawal', 'exchange']), currency: Text, units: Digits }),
      { error: 'expected a list of fees' },
    ),
    status: oneOf(['pending', 'processing', 'confirmed', 'declined', 'cancelled']),
    error: Text,
    txid: Text.nullable(),
    booked: oneOf(['no', 'held', 'paid']),
    createdAt: Moment,
  }),
  references: ({ outgoing, payee, internalTo }) => [
    ['outgoing', Outgoing, outgoing],
    ['payee', Payees, String(payee)],
    ['internalTo', Addresses, internalTo === null ? null : String(internalTo)],
  ],
  indexes: {
    byForeignId: { group: (row) => JSON.stringify([row.merchant, row.foreignId]), order: (row) => row.id, early: true },
    byTxid: {
      group: (row) => (row.txid === null ? undefined : JSON.stringify([row.merchant, row.txid])),
      order: (row) => row.id,
    },
    byOutgoing: { group: (row) => row.outgoing, order: (row) => row.id },
    byMerchant: { group: (row) => row.merchant, order: (row) => row.createdAt },
    internally: {
      group: (row) => (row.internalTo === null ? undefined : (row.txid ?? undefined)),
      order: (row) => row.id,
    },
  },
}

/** Whether a withdrawal with this foreign_id was accepted before, whatever became of it. */
// rule: alphapo.foreign-id.unique
export function isTaken(merchant: string, foreignId: string, world: World): boolean {
  return world.first(Withdrawals, 'byForeignId', JSON.stringify([merchant, foreignId])) !== undefined
}

/** Whether this is what the platform calls a transfer between its merchants. */
export function isInternal(txid: string, world: World): boolean {
  return world.first(Withdrawals, 'internally', txid) !== undefined
}

/** The switch on whether an ordinary withdrawal that was sent tells its amounts and fees. */
export const WITHDRAWAL_MONEY = 'alphapo.withdrawals.money'

/** Ends, and waits, that tell no amounts. */
const WITHOUT_MONEY: readonly WithdrawalStatus[] = ['pending', 'declined', 'cancelled']

// rule: alphapo.withdrawals.callback
export function withdrawalView(row: WithdrawalRow, world: World): object {
  const { status, sent, received, lines } = row
  const payee = world.get(Payees, String(row.payee))!
  const exchanged = sent.currency !== received.currency
  // rule: alphapo.withdrawals.money
  const plain = !exchanged && world.assumes(WITHDRAWAL_MONEY) === 'conversions-only'
  const internal = row.internalTo !== null
  const names = { from: sent.currency, to: received.currency, internal }
  return {
    id: row.id,
    foreign_id: row.foreignId,
    ...(row.reference !== null && { end_user_reference: row.reference }),
    type: exchanged ? 'withdrawal_exchange' : 'withdrawal',
    crypto_address: { id: payee.id, currency: received.currency, address: payee.address, tag: payee.tag },
    ...(!plain &&
      !WITHOUT_MONEY.includes(status) && {
        currency_sent: { currency: sent.currency, amount: told(sent) },
        currency_received: { currency: received.currency, amount: told(received) },
      }),
    transactions: [
      {
        id: lines[0]!,
        currency: received.currency,
        // rule: alphapo.withdrawals.internal
        transaction_type: internal ? 'internal' : 'blockchain',
        type: 'withdrawal',
        address: payee.address,
        tag: payee.tag,
        amount: told(received),
        txid: row.txid,
        // It is told when it is sent, and never again.
        confirmations: '0',
      },
      ...(exchanged && status === 'confirmed' ? [exchangeLine(row)] : []),
    ],
    fees:
      status === 'confirmed' && !plain
        ? row.costs.map((cost) => ({
            type: feeName(cost.type, names, world),
            currency: cost.currency,
            amount: told(cost),
          }))
        : [],
    error: row.error,
    // rule: alphapo.transactions.processing
    status: status === 'processing' ? 'not_confirmed' : status,
  }
}

function exchangeLine({ lines, sent, received }: WithdrawalRow) {
  return {
    id: lines[1]!,
    currency: sent.currency,
    currency_to: received.currency,
    transaction_type: 'exchange',
    type: 'exchange',
    amount: told(sent),
    amount_to: told(received),
  }
}
