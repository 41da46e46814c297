// The rows of payment intents and of transactions, which name each other.
import { z } from 'zod'
import { Decimal, JsonObject, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { NETWORKS, type Pair } from './catalogue.ts'
import { Events } from './events.ts'
import { type Listed, listedFields, listedIndexes } from './pages.ts'

export interface IntentRow extends Listed {
  readonly id: string
  readonly refCode: string
  readonly status: 'pending' | 'completed'
  /** Plain decimal text. */
  readonly amount: string
  readonly currencies: readonly string[]
  readonly addresses: readonly (Pair & { readonly address: string })[]
  readonly description: string | null
  /** JSON text, numbers as they were sent. */
  readonly metadata: string
  /** World ms. */
  readonly createdAt: number
  readonly completedAt: number | null
  /** The payment that completed it, and the event that says so. */
  readonly completedBy: { readonly transaction: string; readonly event: string } | null
}

export const Intents: Table<IntentRow> = {
  name: 'zopay.intents',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: listedFields.seq,
    org: listedFields.org,
    livemode: listedFields.livemode,
    refCode: Text,
    status: oneOf(['pending', 'completed']),
    amount: Decimal,
    currencies: z.array(Text, { error: 'expected a list of currencies' }).min(1, 'expected a currency'),
    addresses: z
      .array(z.strictObject({ asset: Text, network: oneOf(Object.keys(NETWORKS)), address: Text }), {
        error: 'expected a list of addresses',
      })
      .min(1, 'expected an address'),
    externalRef: listedFields.externalRef,
    description: Text.nullable(),
    metadata: JsonObject,
    createdAt: Moment,
    completedAt: Moment.nullable(),
    completedBy: z
      .strictObject({ transaction: Text, event: Text }, { error: 'expected the ids of a transaction and an event' })
      .nullable(),
  }),
  references: ({ completedBy }) => [
    ['completedBy.transaction', Transactions, completedBy?.transaction ?? null],
    ['completedBy.event', Events, completedBy?.event ?? null],
  ],
  indexes: listedIndexes,
}

export interface TransactionRow extends Listed {
  readonly id: string
  /** A deposit where it is left out. */
  readonly type?: 'payout'
  readonly status: 'pending' | 'confirmed' | 'failed'
  readonly asset: string
  readonly network: string
  /** Decimal text, as told. */
  readonly amount: string
  readonly address: string
  /** Null only of a payout that is not broadcast yet. */
  readonly txHash: string | null
  /** The intent it pays; null for money to an address of a user or of the treasury. */
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
    type: oneOf(['payout']).exactOptional(),
    status: oneOf(['pending', 'confirmed', 'failed']),
    asset: Text,
    network: Text,
    amount: Decimal,
    address: Text,
    txHash: Text.nullable(),
    intent: Text.nullable(),
    createdAt: Moment,
    confirmedAt: Moment.nullable(),
  }),
  references: ({ intent }) => [['intent', Intents, intent]],
  indexes: { ...listedIndexes, byIntent: { group: (row) => row.intent ?? undefined, order: (row) => row.seq } },
}
