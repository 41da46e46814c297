// A deposit as AlphaPo tells it, in callbacks and when it is looked up: one object, the same in both places. Withdrawals and exchanges are numbered with it.
import { z } from 'zod'
import { confirmations, Transfers } from '../../world/chain.ts'
import { Count, Digits, Flag, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { Addresses } from './addresses.ts'
import { CURRENCIES, FIAT } from './catalogue.ts'
import { type Fee, feeName, type Money, net } from './fees.ts'
import { money } from './wire.ts'

export type Status = 'not_confirmed' | 'confirmed' | 'cancelled'

/** A transfer that AlphaPo has taken notice of. */
export interface TransactionRow {
  readonly id: number
  /** The transfer's own id; null: another merchant of AlphaPo's sent it, over no chain. */
  readonly transfer: string | null
  readonly merchant: string
  readonly addressId: number
  readonly txid: string
  /** The ids of its lines: the deposit, and the exchange where there is one. */
  readonly lines: readonly number[]
  readonly sent: Money
  readonly received: Money
  /** Whether something else than the address is for was sent. */
  readonly cross: boolean
  readonly belowMinimum: boolean
  readonly status: Status
  /** Empty when nothing is wrong. */
  readonly error: string
  readonly fees: readonly Fee[]
  /** When its fate was decided; null: it is not. */
  readonly confirmations: number | null
  readonly riskscore: string | null
}

/** The fields of an amount of a currency. */
export const Cash = { currency: oneOf([...CURRENCIES.keys(), ...FIAT]), units: Digits }

export const Transactions: Table<TransactionRow> = {
  name: 'alphapo.transactions',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    transfer: Text.nullable(),
    merchant: Text,
    addressId: Count,
    txid: Text,
    lines: z
      .array(Count, { error: 'expected a list of ids' })
      .min(1, 'expected an id')
      .max(2, 'expected at most two ids'),
    sent: z.strictObject(Cash, { error: 'expected a currency and units' }),
    received: z.strictObject(Cash, { error: 'expected a currency and units' }),
    cross: Flag,
    belowMinimum: Flag,
    status: oneOf(['not_confirmed', 'confirmed', 'cancelled']),
    error: Text,
    fees: z.array(z.strictObject({ type: oneOf(['deposit', 'transfer', 'exchange']), ...Cash }), {
      error: 'expected a list of fees',
    }),
    confirmations: Count.nullable(),
    riskscore: Text.nullable(),
  }),
  references: ({ transfer, addressId }) => [
    ['transfer', Transfers, transfer],
    ['addressId', Addresses, String(addressId)],
  ],
  indexes: {
    byTransfer: { group: (row) => row.transfer ?? undefined, order: (row) => row.id },
    byAddress: { group: (row) => String(row.addressId), order: (row) => row.id },
    byTxid: { group: (row) => JSON.stringify([row.merchant, row.txid]), order: (row) => row.id },
  },
}

const FIRST_TRANSACTION = 5_100_001
const FIRST_LINE = 7_200_001

/** The id of the next deposit, withdrawal or exchange. Only inside a change. */
// rule: alphapo.transactions.ids
export function nextTransaction(world: World): number {
  return FIRST_TRANSACTION - 1 + world.next('alphapo.transactions')
}

/** The id of the next line of one of them. Only inside a change. */
export function nextLine(world: World): number {
  return FIRST_LINE - 1 + world.next('alphapo.lines')
}

/** The switch on whether a cancelled deposit tells what was sent and received. */
export const CANCELLED_MONEY = 'alphapo.callbacks.cancelled-money'

// rule: alphapo.callbacks.body
export function view(row: TransactionRow, world: World): object {
  const address = world.get(Addresses, String(row.addressId))!
  const { sent, received } = row
  const transfer = row.transfer === null ? undefined : world.get(Transfers, row.transfer)
  const exchanged = sent.currency !== received.currency
  const names = { from: sent.currency, to: received.currency, internal: row.transfer === null }
  const withMoney = row.status !== 'cancelled' || world.assumes(CANCELLED_MONEY) === 'included'
  return {
    // rule: alphapo.callbacks.same-id
    id: row.id,
    ...(address.reference !== null && { end_user_reference: address.reference }),
    type: exchanged ? 'deposit_exchange' : 'deposit',
    crypto_address: {
      id: address.id,
      currency: address.currency,
      ...(address.convertTo !== null && { convert_to: address.convertTo }),
      address: address.address,
      tag: address.tag,
      foreign_id: address.foreignId,
      // rule: alphapo.deposits.cross-currency
      ...(row.cross && { cross_currency: true, expected_currency: address.currency }),
    },
    // rule: alphapo.callbacks.cancelled-money
    ...(withMoney && {
      currency_sent: { currency: sent.currency, amount: told(sent) },
      currency_received: {
        currency: received.currency,
        amount: told(received),
        amount_minus_fee: money(net(received, row.fees)),
      },
    }),
    transactions: [
      {
        id: row.lines[0]!,
        currency: sent.currency,
        // rule: alphapo.deposits.internal
        transaction_type: row.transfer === null ? 'internal' : 'blockchain',
        type: 'deposit',
        address: address.address,
        tag: address.tag,
        amount: told(sent),
        txid: row.txid,
        // rule: alphapo.callbacks.riskscore
        ...(row.riskscore !== null && { riskscore: row.riskscore }),
        // rule: alphapo.callbacks.confirmations
        confirmations: String(row.confirmations ?? (transfer ? confirmations(transfer, world) : 0)),
      },
      // rule: alphapo.exchange.line
      ...(exchanged && row.status === 'confirmed' ? [exchangeLine(row)] : []),
    ],
    fees: row.fees.map((fee) => ({ type: feeName(fee.type, names, world), currency: fee.currency, amount: told(fee) })),
    error: row.error,
    status: row.status,
  }
}

function exchangeLine({ lines, sent, received }: TransactionRow) {
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

/** An amount as AlphaPo tells it. */
export function told({ units }: Money): string {
  return money(BigInt(units))
}
