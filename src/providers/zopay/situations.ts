// What is notable of Zopay, and by which of its rules: for GET coverage.
import type { Situation } from '../../provider.ts'
import { atomsOf } from '../../text/decimals.ts'
import type { Transfer, TransferStep } from '../../world/chain.ts'
import type { World } from '../../world/world.ts'
import { paidSoFar, PLACES } from './payments.ts'
import { type IntentRow, Intents, type TransactionRow, Transactions } from './tables.ts'
import { idOf } from './transfers.ts'

export const situations: readonly Situation[] = [
  {
    id: 'deposit.part',
    rule: 'zopay.payments.under',
    deposit: (step, transfer, _, world) => paymentOf(step, transfer, world)?.intent.status === 'pending',
  },
  {
    id: 'deposit.over',
    rule: 'zopay.payments.over',
    deposit: (step, transfer, _, world) => {
      const payment = paymentOf(step, transfer, world)
      if (!payment || payment.intent.completedBy?.transaction !== payment.row.id) return false
      return paidSoFar(payment.intent, payment.row, world) > atomsOf(payment.intent.amount, PLACES)!
    },
  },
  {
    id: 'deposit.after-end',
    rule: 'zopay.payments.after-completion',
    deposit: (step, transfer, _, world) => {
      const payment = paymentOf(step, transfer, world)
      return payment?.intent.status === 'completed' && payment.intent.completedBy?.transaction !== payment.row.id
    },
  },
  { id: 'deposit.wrong-asset', rule: 'zopay.deposits.other-asset' },
  { id: 'deposit.wrong-network', rule: 'zopay.deposits.other-network' },
  { id: 'deposit.dropped', rule: 'zopay.deposits.gone' },
  { id: 'deposit.replaced', rule: 'zopay.deposits.gone' },
  { id: 'deposit.reorged', rule: 'zopay.deposits.no-way-back' },
  { id: 'repeat.same', rule: 'zopay.idempotency.replay' },
  { id: 'repeat.changed', rule: 'zopay.idempotency.conflict' },
  { id: 'repeat.after-lost', rule: 'zopay.idempotency.replay' },
  { id: 'callback.duplicate', rule: 'zopay.events.id' },
  { id: 'callback.reordered', rule: 'zopay.webhooks.retries' },
  { id: 'callback.retried', rule: 'zopay.webhooks.retries' },
  { id: 'callback.slow', rule: 'zopay.webhooks.success' },
  { id: 'callback.exhausted', rule: 'zopay.webhooks.retries' },
  { id: 'callback.bad-signature', rule: 'zopay.webhooks.signature' },
  { id: 'callback.stale', rule: 'zopay.webhooks.signature' },
  { id: 'provider.outage', rule: 'sandgate.scenario.outage' },
  { id: 'provider.cut', rule: 'sandgate.scenario.outage' },
  { id: 'provider.rate-limit', rule: 'zopay.rate.bucket' },
  { id: 'withdrawal.failed-before-broadcast', rule: 'zopay.payouts.failed' },
  { id: 'withdrawal.failed-after-broadcast', rule: 'zopay.payouts.failed-after-broadcast' },
  { id: 'withdrawal.stuck', rule: 'zopay.payouts.timeline' },
  { id: 'withdrawal.replaced', rule: 'zopay.payouts.failed' },
  { id: 'withdrawal.reorged', rule: 'zopay.payouts.final' },
]

/** The payment of an intent that this step confirms. */
function paymentOf(
  step: TransferStep,
  transfer: Transfer,
  world: World,
): { readonly row: TransactionRow; readonly intent: IntentRow } | undefined {
  const row = step === 'confirmed' ? world.get(Transactions, idOf(transfer, world)) : undefined
  const intent = row && row.intent !== null ? world.get(Intents, row.intent) : undefined
  return row && intent && { row, intent }
}
