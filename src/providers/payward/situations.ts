// What is notable of Payward, and by which of its rules: for GET coverage.
import type { Situation } from '../../provider.ts'
import { atomsOf } from '../../text/decimals.ts'
import { Addresses } from './addresses.ts'
import { DECIMALS, METHODS } from './catalogue.ts'

export const situations: readonly Situation[] = [
  { id: 'deposit.late-display', rule: 'payward.limit.late-deposit' },
  {
    id: 'deposit.dust',
    rule: 'payward.deposits.minimum',
    deposit: (step, { currency, network, atoms }, holder, world) => {
      if (step !== 'seen' || network !== holder.network || !world.get(Addresses, holder.reference)) return false
      const method = METHODS.find((known) => known.symbol === currency && known.network === network)
      return method !== undefined && BigInt(atoms) < atomsOf(method.minimum, DECIMALS)!
    },
  },
  { id: 'deposit.wrong-asset', rule: 'payward.deposits.token-shared' },
  { id: 'deposit.wrong-network', rule: 'payward.deposits.no-cross-network' },
  { id: 'deposit.wrong-tag', rule: 'payward.deposits.tag' },
  { id: 'deposit.dropped', rule: 'payward.deposits.failure' },
  { id: 'deposit.replaced', rule: 'payward.deposits.failure' },
  { id: 'deposit.reorged', rule: 'payward.deposits.failure' },
  { id: 'repeat.same', rule: 'payward.idempotency.replay' },
  { id: 'repeat.changed', rule: 'payward.idempotency.same-request' },
  { id: 'repeat.after-lost', rule: 'payward.idempotency.replay' },
  { id: 'callback.duplicate', rule: 'payward.webhooks.envelope' },
  { id: 'callback.reordered', rule: 'payward.webhooks.each-status' },
  { id: 'callback.retried', rule: 'payward.webhooks.retries' },
  { id: 'callback.slow', rule: 'payward.webhooks.success' },
  { id: 'callback.exhausted', rule: 'payward.webhooks.retries' },
  { id: 'callback.bad-signature', rule: 'payward.webhooks.signature' },
  { id: 'callback.stale', rule: 'payward.webhooks.signature' },
  { id: 'provider.outage', rule: 'payward.errors.retryable' },
  { id: 'provider.cut', rule: 'sandgate.scenario.outage' },
  { id: 'provider.rate-limit', rule: 'payward.rate.bucket' },
  { id: 'withdrawal.failed-before-broadcast', rule: 'payward.withdrawals.failure' },
  { id: 'withdrawal.failed-after-broadcast', rule: 'payward.withdrawals.failure' },
  { id: 'withdrawal.declined', rule: 'payward.withdrawals.review' },
  { id: 'withdrawal.stuck', rule: 'payward.withdrawals.statuses' },
  { id: 'withdrawal.replaced', rule: 'payward.withdrawals.failure' },
  { id: 'withdrawal.reorged', rule: 'payward.withdrawals.final' },
]
