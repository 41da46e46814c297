// What AlphaPo tells of a payment request: one object without a number of its own, with amounts that carry no zeros behind them.
import { post } from '../../world/outbox.ts'
import type { World } from '../../world/world.ts'
import { amountText, withoutEndZeros } from '../../text/decimals.ts'
import { livePayments, paymentsOf, sumOf } from './invoices-payments.ts'
import { unix } from './invoices-timers.ts'
import { namedOf } from './payment-requests-codes.ts'
import { PaymentRequests, requestKey, type RequestRow } from './payment-requests-table.ts'
import { stringify, UNITS } from './wire.ts'

export const RequestPayments = paymentsOf('alphapo.payment_request_payments', PaymentRequests)

/** Sends the merchant a callback with the current status of the payment request. */
// rule: alphapo.payment-requests.callbacks
export function tellRequest(row: RequestRow, world: World): void {
  const body = stringify(view(row, world))
  post(
    { provider: 'alphapo', account: row.merchant, event: row.status, object: requestKey(row.id), body: () => body },
    world,
  )
}

// rule: alphapo.payment-requests.callback-body
function view(row: RequestRow, world: World): object {
  const { currency, payable, units } = row
  return {
    payment_request_id: row.id,
    ...(row.foreignId !== null && { foreign_id: row.foreignId }),
    type: 'payment_request',
    status: row.status,
    ...(row.email !== null && { end_user_email: row.email }),
    ...(payable && { payment_request_address: addressView(payable, currency) }),
    payment_request_amount: { currency: namedOf(currency), amount: plain(BigInt(units)) },
    ...(payable && { currency_sent: sentView(row, world) }),
    ...(row.fixedAt !== null && { fixed_at: unix(row.fixedAt), expires_at: unix(row.expiresAt) }),
    valid_until: unix(row.lifeTime),
  }
}

export function addressView({ addressId, currency, address, tag }: NonNullable<RequestRow['payable']>, into: string) {
  return {
    id: addressId,
    currency: namedOf(currency),
    ...(currency !== into && { convert_to: namedOf(into) }),
    address,
    ...(tag !== null && { tag }),
  }
}

/** Unconfirmed money counts. */
// rule: alphapo.payment-requests.received
export function sentView({ id, payable }: RequestRow, world: World) {
  const { currency, units } = payable!
  const received = sumOf(livePayments(RequestPayments, requestKey(id), world))
  const left = BigInt(units) - received
  return {
    currency: namedOf(currency),
    expected_amount: plain(BigInt(units)),
    received_amount: plain(received),
    remaining_amount: plain(left > 0n ? left : 0n),
  }
}

/** `0.5`, and `0` for nothing. */
// rule: alphapo.payment-requests.amounts
export function plain(units: bigint): string {
  return withoutEndZeros(amountText(units, UNITS))
}
