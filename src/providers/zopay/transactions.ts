// Transactions, as partners list and read them. They are created by transfers.ts and payments.ts.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { Decimal, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { bounds, words } from './filters.ts'
import { Intents } from './intents.ts'
import { type Listed, listedFields, listedIndexes, ofCaller, page } from './pages.ts'
import { ok, time, uuidIn, type ZopayCall } from './wire.ts'

export interface TransactionRow extends Listed {
  readonly id: string
  readonly status: 'pending' | 'confirmed' | 'failed'
  readonly asset: string
  readonly network: string
  /** Decimal text, as answered. */
  readonly amount: string
  readonly address: string
  readonly txHash: string
  /** The intent it pays; null for a deposit to an address of a user or of the treasury. */
  readonly intent: string | null
  /** World ms. */
  readonly createdAt: number
  readonly confirmedAt: number | null
}

export const Transactions: Table<TransactionRow> = {
  name: 'zopay.transactions',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    ...listedFields,
    status: oneOf(['pending', 'confirmed', 'failed']),
    asset: Text,
    network: Text,
    amount: Decimal,
    address: Text,
    txHash: Text,
    intent: Text.nullable(),
    createdAt: Moment,
    confirmedAt: Moment.nullable(),
  }),
  references: ({ intent }) => [['intent', Intents, intent]],
  indexes: { ...listedIndexes, byIntent: { group: (row) => row.intent ?? undefined, order: (row) => row.seq } },
}

// rule: zopay.transactions.vocabulary
const TYPES = ['deposit', 'payout', 'transfer', 'conversion', 'ramp']
const STATUSES = ['pending', 'confirmed', 'failed']

export function listTransactions(call: ZopayCall, world: World): Answer {
  // rule: zopay.transactions.filters
  const type = words(call, 'type', TYPES)
  const status = words(call, 'status', STATUSES)
  const within = bounds(call)
  const wanted = (row: TransactionRow) => type('deposit') && status(row.status) && within(row.createdAt)
  return page(call, { table: Transactions, among: ofCaller(call), wanted, view }, world)
}

export function getTransaction(call: ZopayCall, world: World): Answer {
  const row = world.get(Transactions, uuidIn(call.params.transaction_id!)!)
  // rule: zopay.transactions.foreign, rule: zopay.tenancy.modes
  if (!row || row.org !== call.caller.org || row.livemode !== call.caller.livemode)
    throw new Refusal('transaction_not_found')
  return ok(view(row))
}

function view(row: TransactionRow): object {
  return {
    // rule: zopay.transactions.shape
    id: row.id,
    object: 'transaction',
    type: 'deposit',
    status: row.status,
    asset: row.asset,
    network: row.network,
    amount: row.amount,
    external_ref: row.externalRef,
    address: row.address,
    tx_hash: row.txHash,
    payment_intent_id: row.intent,
    livemode: row.livemode,
    created_at: time(row.createdAt),
    confirmed_at: row.confirmedAt === null ? null : time(row.confirmedAt),
  }
}
