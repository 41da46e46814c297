// A deposit as AlphaPo tells it, in callbacks and when it is looked up: one object, the same in both places.
import { z } from 'zod'
import { type Answer, gate, Refusal } from '../../provider.ts'
import { confirmations, Transfers } from '../../world/chain.ts'
import { Count, Digits, Flag, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { Addresses } from './addresses.ts'
import { CURRENCIES, FIAT } from './catalogue.ts'
import { type Fee, type Money, net } from './fees.ts'
import { bodyOf, fieldErrors, isBlank, lacking, spoken, unknownChoice } from './fields.ts'
import { type AlphapoCall, money } from './wire.ts'

export type Status = 'not_confirmed' | 'confirmed' | 'cancelled'

/** A transfer that AlphaPo has taken notice of. */
export interface TransactionRow {
  readonly id: number
  /** The transfer's own id. */
  readonly transfer: string
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

const Cash = { currency: oneOf([...CURRENCIES.keys(), ...FIAT]), units: Digits }

export const Transactions: Table<TransactionRow> = {
  name: 'alphapo.transactions',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    transfer: Text,
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
    byTransfer: { group: (row) => row.transfer, order: (row) => row.id },
    byAddress: { group: (row) => String(row.addressId), order: (row) => row.id },
    byTxid: { group: (row) => JSON.stringify([row.merchant, row.txid]), order: (row) => row.id },
  },
}

/** The switch on whether a cancelled deposit tells what was sent and received. */
export const CANCELLED_MONEY = 'alphapo.callbacks.cancelled-money'

// rule: alphapo.callbacks.body
export function view(row: TransactionRow, world: World): object {
  const address = world.get(Addresses, String(row.addressId))!
  const { sent, received } = row
  const exchanged = sent.currency !== received.currency
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
        transaction_type: 'blockchain',
        type: 'deposit',
        address: address.address,
        tag: address.tag,
        amount: told(sent),
        txid: row.txid,
        // rule: alphapo.callbacks.riskscore
        ...(row.riskscore !== null && { riskscore: row.riskscore }),
        // rule: alphapo.callbacks.confirmations
        confirmations: String(row.confirmations ?? confirmations(world.get(Transfers, row.transfer)!, world)),
      },
      // rule: alphapo.exchange.line
      ...(exchanged && row.status === 'confirmed' ? [exchangeLine(row)] : []),
    ],
    fees: row.fees.map((fee) => ({ type: fee.type, currency: fee.currency, amount: told(fee) })),
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

function told({ units }: Money): string {
  return money(BigInt(units))
}

/** What a transaction is looked up by: exactly one of these. */
const LOOKUPS = ['id', 'foreign_id', 'txid'] as const

/** The last gate of getTransactionInfo. */
// rule: alphapo.transactions.lookup
export const lookupValid = gate('lookup_valid', 'lookupValid', (call: AlphapoCall): void => {
  const errors = fieldErrors(call.problems.filter(({ value }) => !isBlank(value)))
  const [first, second] = LOOKUPS.filter((field) => !isBlank(lookups(call)[field]))
  if (first === undefined) errors.set('id', lacking('id'))
  else if (second !== undefined)
    errors.set(first, `The ${spoken(first)} field prohibits ${spoken(second)} from being present.`)
  if (errors.size > 0) throw new Refusal('invalid_request', { errors: Object.fromEntries(errors) })
})

export function getTransactionInfo(call: AlphapoCall, world: World): Answer {
  const { id, txid } = lookups(call)
  const row = isBlank(id)
    ? world.first(Transactions, 'byTxid', JSON.stringify([call.caller.merchant, txid]))
    : world.get(Transactions, String(Number(id)))
  // rule: alphapo.transactions.info, rule: alphapo.transactions.own
  if (row?.merchant === call.caller.merchant) return { status: 200, body: view(row, world) }
  // rule: alphapo.transactions.not-found
  const field = LOOKUPS.find((name) => !isBlank(lookups(call)[name]))!
  // rule: alphapo.transactions.foreign-id
  const hint =
    field === 'foreign_id' ? 'foreign_id finds withdrawals; a deposit is found by its id or its txid' : undefined
  throw new Refusal('invalid_request', { errors: { [field]: unknownChoice(field) } }, hint)
}

/** What is asked for: in the body where it says something, else in the query. */
function lookups(call: AlphapoCall): Record<string, unknown> {
  const body = bodyOf(call)
  return Object.fromEntries(
    LOOKUPS.map((field) => [field, isBlank(body[field]) ? call.queryValues[field] : body[field]]),
  )
}
