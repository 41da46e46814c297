// Refunds of payment requests: those that AlphaPo makes by itself of money it does not credit, and those that a merchant makes of money that was credited.
import { z } from 'zod'
import { type Action, ActionRefused } from '../../provider.ts'
import { isAddressAnywhere } from '../../world/addresses.ts'
import { InsufficientFunds } from '../../world/ledger.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES, FIAT } from './catalogue.ts'
import { readAmount } from './invoices-amounts.ts'
import { feeOf } from './invoices-ledger.ts'
import { unix, wholeSecond } from './invoices-timers.ts'
import { credit, debit } from './ledger.ts'
import { plain } from './payment-requests-callbacks.ts'
import { namedOf } from './payment-requests-codes.ts'
import { PaymentRequests, requestKey, type RequestRow } from './payment-requests-table.ts'
import { atoms } from './wire.ts'

/** Why AlphaPo, or a merchant, gives money back. */
type Reason = 'late' | 'under' | 'over' | 'manual'

interface RefundRow {
  readonly id: number
  /** The key of the payment request. */
  readonly request: string
  readonly merchant: string
  readonly reason: Reason
  /** What the payer paid in, and how much of it goes back before the fee. */
  readonly currency: string
  readonly units: string
  readonly fee: string
  /** What the merchant's balance has paid for it; null: nothing, because it was never credited. */
  readonly charged: { readonly currency: string; readonly units: string } | null
  readonly status: 'waiting_for_customer' | 'in_progress' | 'completed' | 'failed' | 'cancelled'
  /** Where the payer wants it. */
  readonly address: string | null
  readonly tag: string | null
  readonly createdAt: number
}

export const Refunds: Table<RefundRow> = {
  name: 'alphapo.refunds',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    request: Text,
    merchant: Text,
    reason: oneOf(['late', 'under', 'over', 'manual']),
    currency: oneOf([...CURRENCIES.keys()]),
    units: Digits,
    fee: Digits,
    charged: z
      .strictObject(
        { currency: oneOf([...CURRENCIES.keys(), ...FIAT]), units: Digits },
        { error: 'expected a currency and units' },
      )
      .nullable(),
    status: oneOf(['waiting_for_customer', 'in_progress', 'completed', 'failed', 'cancelled']),
    address: Text.nullable(),
    tag: Text.nullable(),
    createdAt: Moment,
  }),
  references: ({ request }) => [['request', PaymentRequests, request]],
  indexes: { byRequest: { group: (row) => row.request, order: (row) => row.id } },
}

/** Gives money back that was not credited, less a fee, unless it is too little to be sent. Answers with what was done, for the journal. */
// rule: alphapo.payment-requests.refunds
export function refundAutomatically(row: RequestRow, reason: Reason, units: bigint, world: World): string {
  const { currency } = row.payable!
  const least = atoms(CURRENCIES.get(currency)!.minimum)!
  if (units < least) return `${plain(units)} ${currency} is too little to be refunded`
  const { id } = create(row, { reason, units, charged: null }, world)
  return `refund ${id} of ${plain(units)} ${currency} waits for the customer`
}

function create(
  { id, merchant, payable }: RequestRow,
  { reason, units, charged }: { reason: Reason; units: bigint; charged: RefundRow['charged'] },
  world: World,
): RefundRow {
  return world.put(Refunds, {
    id: world.next('alphapo.refunds'),
    request: requestKey(id),
    merchant,
    reason,
    currency: payable!.currency,
    units: units.toString(),
    fee: feeOf(units).toString(),
    charged,
    status: 'waiting_for_customer',
    address: null,
    tag: null,
    createdAt: world.now,
  })
}

/** Charges the merchant, or pays him back what a refund had cost. */
// rule: alphapo.payment-requests.manual-refunds
function charge({ merchant, currency, charged }: Pick<RefundRow, 'merchant' | 'currency' | 'charged'>, world: World) {
  if (charged)
    debit({ merchant, money: charged, against: otherSide(currency, charged.currency), kind: 'refund' }, world)
}

function giveBack({ merchant, currency, charged }: RefundRow, world: World): void {
  const kind = 'refund_returned'
  if (charged) credit({ merchant, money: charged, against: otherSide(currency, charged.currency), kind }, world)
}

function otherSide(sent: string, charged: string): 'chain' | 'desk' {
  return sent === charged ? 'chain' : 'desk'
}

function view(row: RefundRow): object {
  const { id, request, reason, status, currency, units, fee, charged, address, tag, createdAt } = row
  return {
    id,
    payment_request_id: request.slice(request.indexOf(':') + 1),
    reason,
    status,
    currency: namedOf(currency),
    amount: plain(BigInt(units) - BigInt(fee)),
    fee: plain(BigInt(fee)),
    charged: charged && { currency: namedOf(charged.currency), amount: plain(BigInt(charged.units)) },
    address,
    tag,
    created_at: unix(wholeSecond(createdAt)),
  }
}

const OfRequest = z.strictObject({ payment_request_id: z.string() })
const Creation = OfRequest.extend({ amount: z.string().optional() })
const OfRefund = z.strictObject({ id: z.int() })
const Claim = OfRefund.extend({ address: z.string(), tag: z.string().optional() })

function requestOf({ payment_request_id: id }: z.infer<typeof OfRequest>, world: World): RequestRow {
  const row = world.get(PaymentRequests, requestKey(id))
  if (!row) throw new ActionRefused(`there is no payment request ${id}`, 'payment_request_id')
  return row
}

/** The refund of this id, if it is in one of these states. */
function refundIn(states: readonly RefundRow['status'][], id: number, world: World): RefundRow {
  const row = world.get(Refunds, String(id))
  if (!row) throw new ActionRefused(`there is no refund ${id}`, 'id')
  if (!states.includes(row.status)) throw new ActionRefused(`refund ${id} is ${row.status}`, 'id')
  return row
}

const listRefunds: Action<z.infer<typeof OfRequest>> = {
  says: 'An owner looks at the refunds of a payment request, those that AlphaPo made by itself included.',
  fields: OfRequest,
  run: (input, world) => ({
    refunds: world.list(Refunds, 'byRequest', requestKey(requestOf(input, world).id)).map(view),
  }),
}

const createRefund: Action<z.infer<typeof Creation>> = {
  says: 'An owner refunds a paid payment request, all of it or an amount of its own currency; the balance is charged at once.',
  fields: Creation,
  run: (input, world) => {
    const row = requestOf(input, world)
    if (row.status !== 'paid')
      throw new ActionRefused(`payment request ${row.id} is ${row.status}: only a paid one can be refunded`)
    const left = BigInt(row.units) - refunded(row, world)
    const wanted = input.amount === undefined ? left : readAmount('amount', input.amount)
    if (typeof wanted === 'string') throw new ActionRefused(wanted, 'amount')
    if (wanted > left || left === 0n)
      throw new ActionRefused(`only ${plain(left)} ${row.currency} of it has not been refunded`, 'amount')
    // The payer gets the coin he paid in, at the rate at which he paid.
    const units = (wanted * BigInt(row.payable!.units)) / BigInt(row.units)
    if (units === 0n)
      throw new ActionRefused(`${plain(wanted)} ${row.currency} are less than anybody can send`, 'amount')
    const charged = { currency: row.currency, units: wanted.toString() }
    try {
      charge({ merchant: row.merchant, currency: row.payable!.currency, charged }, world)
    } catch (error) {
      if (!(error instanceof InsufficientFunds)) throw error
      throw new ActionRefused(`the balance has only ${plain(error.available)} ${row.currency}`, 'amount')
    }
    return view(create(row, { reason: 'manual', units, charged }, world))
  },
}

/** What refunds have taken of a paid request so far. */
function refunded(row: RequestRow, world: World): bigint {
  return world
    .list(Refunds, 'byRequest', requestKey(row.id))
    .filter(({ status }) => status !== 'failed' && status !== 'cancelled')
    .reduce((sum, { charged }) => sum + BigInt(charged?.units ?? 0), 0n)
}

const claimRefund: Action<z.infer<typeof Claim>> = {
  says: 'The payer says where a refund is to be sent.',
  fields: Claim,
  run: ({ id, address, tag = null }, world) => {
    const row = refundIn(['waiting_for_customer'], id, world)
    const { chain, network } = CURRENCIES.get(row.currency)!
    if (!isAddressAnywhere(chain!, address))
      throw new ActionRefused(`${address} is no address on ${network}`, 'address')
    return view(world.put(Refunds, { ...row, status: 'in_progress', address, tag }))
  },
}

const completeRefund: Action<z.infer<typeof OfRefund>> = {
  says: 'AlphaPo has sent a refund.',
  fields: OfRefund,
  run: ({ id }, world) => view(world.put(Refunds, { ...refundIn(['in_progress'], id, world), status: 'completed' })),
}

const failRefund: Action<z.infer<typeof OfRefund>> = {
  says: 'AlphaPo cannot send a refund; what the merchant was charged for it comes back.',
  fields: OfRefund,
  run: ({ id }, world) => undo(refundIn(['waiting_for_customer', 'in_progress'], id, world), 'failed', world),
}

const cancelRefund: Action<z.infer<typeof OfRefund>> = {
  says: 'An owner cancels a refund that the payer has not claimed yet; what was charged for it comes back.',
  fields: OfRefund,
  run: ({ id }, world) => undo(refundIn(['waiting_for_customer'], id, world), 'cancelled', world),
}

// rule: alphapo.payment-requests.refund-statuses
function undo(row: RefundRow, status: 'failed' | 'cancelled', world: World): object {
  giveBack(row, world)
  return view(world.put(Refunds, { ...row, status }))
}

export const refundActions: Readonly<Record<string, Action>> = {
  'list-refunds': listRefunds,
  'create-refund': createRefund,
  'claim-refund': claimRefund,
  'complete-refund': completeRefund,
  'fail-refund': failRefund,
  'cancel-refund': cancelRefund,
}
