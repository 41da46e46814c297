// What AlphaPo tells of an invoice: one object, with what is asked for in the payer's currency and what of it is still missing.
import { confirmations, Transfers } from '../../world/chain.ts'
import { post } from '../../world/outbox.ts'
import type { World } from '../../world/world.ts'
import { livePayments, type PaymentRow, paymentsOf, sumOf } from './invoices-payments.ts'
import { type InvoiceRow, invoiceKey, Invoices, type Payable } from './invoices-table.ts'
import { unix } from './invoices-timers.ts'
import { money, stringify } from './wire.ts'

export const InvoicePayments = paymentsOf('alphapo.invoice_payments', Invoices)

/** Sends the merchant a callback with the current status of the invoice. */
// rule: alphapo.invoices.callbacks
export function tellInvoice(row: InvoiceRow, world: World): void {
  const body = stringify(view(row, world))
  post(
    { provider: 'alphapo', account: row.merchant, event: row.status, object: invoiceKey(row.id), body: () => body },
    world,
  )
}

// rule: alphapo.invoices.callback-body
function view(row: InvoiceRow, world: World): object {
  const { payable, currency, fee } = row
  const payments = payable ? livePayments(InvoicePayments, invoiceKey(row.id), world) : []
  return {
    id: row.id,
    foreign_id: row.foreignId,
    ...(row.reference !== null && { end_user_reference: row.reference }),
    type: 'invoice',
    // Before a currency is chosen there is neither an address nor a sum in it.
    ...(payable && {
      crypto_address: {
        id: payable.addressId,
        currency: payable.currency,
        ...(payable.currency !== currency && { convert_to: currency }),
        address: payable.address,
        tag: payable.tag,
      },
      // rule: alphapo.invoices.remaining
      currency_sent: {
        currency: payable.currency,
        amount: money(BigInt(payable.units)),
        remaining_amount: money(missing(payable, payments)),
      },
    }),
    currency_received: { currency, amount: money(BigInt(row.units)) },
    transactions: payments.map((payment) => line(payable!, payment, world)),
    fees: fee === null ? [] : [{ type: 'fee_crypto_deposit', currency, amount: money(BigInt(fee)) }],
    error: row.error,
    status: row.status,
    fixed_at: unix(row.fixedAt),
    expires_at: unix(row.expiresAt),
  }
}

/** What has not been seen yet of the sum that is asked for. */
function missing({ units }: Payable, payments: readonly PaymentRow[]): bigint {
  const left = BigInt(units) - sumOf(payments)
  return left > 0n ? left : 0n
}

function line({ currency, address, tag }: Payable, payment: PaymentRow, world: World): object {
  const transfer = world.get(Transfers, payment.transfer)!
  return {
    id: payment.line,
    currency,
    transaction_type: 'blockchain',
    type: 'deposit',
    address,
    tag,
    amount: money(BigInt(payment.units)),
    txid: transfer.txid,
    confirmations: String(confirmations(transfer, world)),
  }
}
