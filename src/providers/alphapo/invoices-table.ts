// Invoices as they are kept: what was asked for, in what the payer pays it, and how far it has come. Not to be confused with Lightning's, which are addresses.
import { z } from 'zod'
import { Timers } from '../../world/clock.ts'
import { Count, Digits, Flag, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { CURRENCIES, FIAT } from './catalogue.ts'

export type InvoiceStatus = 'created' | 'pending' | 'processing' | 'confirmed' | 'failed'

/** Where a payer sends money, and how much of it is asked for. */
export interface Payable {
  readonly currency: string
  /** Hundred-millionths, as every amount here. */
  readonly units: string
  readonly addressId: number
  readonly address: string
  /** Decimal digits. */
  readonly tag: string | null
}

export interface InvoiceRow {
  readonly id: number
  readonly merchant: string
  /** The letters at the end of its page's URL. */
  readonly code: string
  /** Whether its fifteen minutes began with it; else they begin when the payer chooses a currency. */
  readonly timed: boolean
  /** Whether it may be paid in parts: `good_until_expired`. */
  readonly parts: boolean
  readonly title: string
  readonly description: string | null
  readonly foreignId: string
  readonly reference: string | null
  readonly email: string
  readonly urlSuccess: string
  readonly urlFailed: string
  /** What the merchant gets. */
  readonly currency: string
  readonly units: string
  /** The payer's currency, as the merchant would have it. */
  readonly preselected: string | null
  /** What it costs in each currency, where the rate is fixed before the payer has chosen one. */
  readonly quotes: Readonly<Record<string, string>> | null
  /** Null until a currency is chosen. */
  readonly payable: Payable | null
  readonly status: InvoiceStatus
  /** Empty when nothing is wrong. */
  readonly error: string
  /** What AlphaPo keeps of it, once it is confirmed. */
  readonly fee: string | null
  /** World ms, whole seconds. */
  readonly fixedAt: number | null
  readonly expiresAt: number | null
  /** The timer that ends it. */
  readonly timer: string | null
  readonly createdAt: number
}

const Coin = oneOf([...CURRENCIES.keys()])

export const Invoices: Table<InvoiceRow> = {
  name: 'alphapo.invoices',
  key: (row) => invoiceKey(row.id),
  schema: z.strictObject({
    id: Count,
    merchant: Text,
    code: Text,
    timed: Flag,
    parts: Flag,
    title: Text,
    description: Text.nullable(),
    foreignId: Text,
    reference: Text.nullable(),
    email: Text,
    urlSuccess: Text,
    urlFailed: Text,
    currency: oneOf([...CURRENCIES.keys(), ...FIAT]),
    units: Digits,
    preselected: Coin.nullable(),
    quotes: z.record(z.string(), Digits, { error: 'expected amounts by currency' }).nullable(),
    payable: z
      .strictObject(
        { currency: Coin, units: Digits, addressId: Count, address: Text, tag: Digits.nullable() },
        { error: 'expected what is to be paid, and where' },
      )
      .nullable(),
    status: oneOf(['created', 'pending', 'processing', 'confirmed', 'failed']),
    error: Text,
    fee: Digits.nullable(),
    fixedAt: Moment.nullable(),
    expiresAt: Moment.nullable(),
    timer: Text.nullable(),
    createdAt: Moment,
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: {
    byForeignId: { group: (row) => JSON.stringify([row.merchant, row.foreignId]), order: (row) => row.id },
  },
}

/** Its name among all that money can arrive for; the ids of addresses are plain numbers. */
export function invoiceKey(id: number): string {
  return `invoice:${id}`
}

export function isFinal({ status }: InvoiceRow): boolean {
  return status === 'confirmed' || status === 'failed'
}
