// What is notable of AlphaPo, and by which of its rules: for GET coverage.
import type { Situation } from '../../provider.ts'
import type { Transfer, TransferStep } from '../../world/chain.ts'
import type { HandOut, World } from '../../world/world.ts'
import { InvoicePayments } from './invoices-callbacks.ts'
import { livePayments, type PaymentRow, sumOf } from './invoices-payments.ts'
import { Invoices } from './invoices-table.ts'
import { RequestPayments } from './payment-requests-callbacks.ts'
import { PaymentRequests } from './payment-requests-table.ts'
import { Transactions } from './transactions.ts'

export const situations: readonly Situation[] = [
  {
    id: 'deposit.part',
    rule: 'alphapo.invoices.parts',
    deposit: (...told) => {
      const payment = paymentOf(...told)
      return payment !== undefined && !payment.late && payment.sum < payment.asked
    },
  },
  {
    id: 'deposit.over',
    rule: 'alphapo.invoices.overpaid',
    deposit: (...told) => {
      const payment = paymentOf(...told)
      return payment !== undefined && !payment.late && payment.sum > payment.asked
    },
  },
  {
    id: 'deposit.after-end',
    rule: 'alphapo.invoices.late',
    deposit: (...told) => paymentOf(...told)?.late === true,
  },
  {
    id: 'deposit.dust',
    rule: 'alphapo.callbacks.below-minimum',
    deposit: (step, { id }, _, world) =>
      step === 'seen' && world.first(Transactions, 'byTransfer', id)?.belowMinimum === true,
  },
  { id: 'deposit.wrong-asset', rule: 'alphapo.deposits.cross-currency' },
  { id: 'deposit.wrong-network', rule: 'alphapo.take.wrong-network' },
  { id: 'deposit.wrong-tag', rule: 'alphapo.deposits.tag' },
  { id: 'deposit.dropped', rule: 'alphapo.deposits.gone' },
  { id: 'deposit.replaced', rule: 'alphapo.deposits.gone' },
  { id: 'deposit.reorged', rule: 'alphapo.deposits.final' },
  {
    id: 'repeat.refused',
    rule: 'alphapo.foreign-id.unique',
    rules: ['alphapo.foreign-id.unique', 'alphapo.invoices.foreign-id'],
  },
  { id: 'callback.duplicate', rule: 'alphapo.callbacks.same-id' },
  { id: 'callback.reordered', rule: 'alphapo.callbacks.same-id' },
  { id: 'callback.retried', rule: 'alphapo.callbacks.retries' },
  { id: 'callback.slow', rule: 'alphapo.callbacks.timeout' },
  { id: 'callback.exhausted', rule: 'alphapo.callbacks.retries' },
  { id: 'callback.bad-signature', rule: 'alphapo.callbacks.signature' },
  { id: 'provider.outage', rule: 'alphapo.errors.other' },
  { id: 'provider.cut', rule: 'sandgate.scenario.outage' },
  { id: 'provider.rate-limit', rule: 'alphapo.rate.answer' },
  { id: 'withdrawal.failed-before-broadcast', rule: 'alphapo.withdrawals.undone' },
  { id: 'withdrawal.failed-after-broadcast', rule: 'alphapo.withdrawals.final' },
  { id: 'withdrawal.declined', rule: 'alphapo.withdrawals.review' },
  { id: 'withdrawal.stuck', rule: 'alphapo.withdrawals.confirmed' },
  { id: 'withdrawal.replaced', rule: 'alphapo.withdrawals.final' },
  { id: 'withdrawal.reorged', rule: 'alphapo.withdrawals.final' },
]

interface Payment {
  readonly late: boolean
  /** All that came in time so far, and what was asked for. */
  readonly sum: bigint
  readonly asked: bigint
}

/** The payment of an invoice or of a payment request that is seen with this step. */
function paymentOf(step: TransferStep, { id }: Transfer, { reference }: HandOut, world: World): Payment | undefined {
  if (step !== 'seen') return undefined
  const isInvoice = reference.startsWith('invoice:')
  const payments = isInvoice ? InvoicePayments : RequestPayments
  const payment = world.get(payments, id)
  const { payable } =
    (payment && (isInvoice ? world.get(Invoices, payment.bill) : world.get(PaymentRequests, payment.bill))) ?? {}
  if (!payment || !payable) return undefined
  const inTime = livePayments(payments, payment.bill, world).filter((row: PaymentRow) => !row.late)
  return { late: payment.late, sum: sumOf(inTime), asked: BigInt(payable.units) }
}
