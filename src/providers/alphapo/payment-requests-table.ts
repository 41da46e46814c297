// Payment requests as they are kept: what the merchant wants to receive, what the payer has chosen to pay it in, and how far it has come.
import { z } from 'zod'
import { Timers } from '../../world/clock.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { CURRENCIES, FIAT } from './catalogue.ts'

export type RequestStatus = 'created' | 'processing' | 'paid' | 'failed' | 'expired' | 'restricted'

export interface RequestRow {
  /** A UUID. */
  readonly id: string
  readonly seq: number
  readonly merchant: string
  /** The letters at the end of its page's URL. */
  readonly code: string
  /** As it was sent. */
  readonly amount: string
  readonly currency: string
  readonly units: string
  /** What the payer may pay in; null: in every coin. */
  readonly allowed: readonly string[] | null
  readonly email: string | null
  readonly reference: string | null
  readonly description: string | null
  readonly foreignId: string | null
  readonly urlStore: string | null
  readonly urlSuccess: string | null
  readonly urlFailed: string | null
  readonly status: RequestStatus
  /** What it costs, in hundred-millionths, where the rate is fixed before the payer has chosen a network. */
  readonly quoted: string | null
  /** Null until the payer has chosen a coin and a network. */
  readonly payable: {
    readonly currency: string
    readonly units: string
    readonly addressId: string
    readonly address: string
    /** Decimal digits. */
    readonly tag: string | null
  } | null
  /** World ms, whole seconds. */
  readonly lifeTime: number
  readonly fixedAt: number | null
  readonly expiresAt: number | null
  /** The timer that ends it. */
  readonly timer: string | null
  readonly createdAt: number
}

const Coin = oneOf([...CURRENCIES.keys()])

export const PaymentRequests: Table<RequestRow> = {
  name: 'alphapo.payment_requests',
  key: (row) => requestKey(row.id),
  schema: z.strictObject({
    id: Text,
    seq: Count,
    merchant: Text,
    code: Text,
    amount: Text,
    currency: oneOf([...CURRENCIES.keys(), ...FIAT]),
    units: Digits,
    allowed: z.array(Coin, { error: 'expected a list of currencies' }).nullable(),
    email: Text.nullable(),
    reference: Text.nullable(),
    description: Text.nullable(),
    foreignId: Text.nullable(),
    urlStore: Text.nullable(),
    urlSuccess: Text.nullable(),
    urlFailed: Text.nullable(),
    status: oneOf(['created', 'processing', 'paid', 'failed', 'expired', 'restricted']),
    quoted: Digits.nullable(),
    payable: z
      .strictObject(
        { currency: Coin, units: Digits, addressId: Text, address: Text, tag: Digits.nullable() },
        { error: 'expected where it is to be paid' },
      )
      .nullable(),
    lifeTime: Moment,
    fixedAt: Moment.nullable(),
    expiresAt: Moment.nullable(),
    timer: Text.nullable(),
    createdAt: Moment,
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: {},
}

/** Its name among all that money can arrive for. */
export function requestKey(id: string): string {
  return `payment-request:${id}`
}

export function isOver({ status }: RequestRow): boolean {
  return status !== 'created' && status !== 'processing'
}
