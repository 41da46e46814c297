// What is notable of CPG, and by which of its rules: for GET coverage.
import type { Situation } from '../../provider.ts'
import { atomsOf } from '../../text/decimals.ts'
import { currencyOf } from './catalogue.ts'
import { offered } from './toggles.ts'
import { Deposits } from './transfers.ts'

export const situations: readonly Situation[] = [
  { id: 'deposit.late-display', rule: 'cpg.deposits.late-credit' },
  { id: 'deposit.late-monitoring', rule: 'cpg.deposits.after-window' },
  { id: 'deposit.recycled', rule: 'cpg.deposits.recycled' },
  { id: 'deposit.late-recycled', rule: 'cpg.deposits.recycled' },
  {
    id: 'deposit.dust',
    rule: 'cpg.deposits.minimum',
    deposit: (step, { id, atoms, decimals }, _, world) => {
      const row = step === 'confirmed' ? world.get(Deposits, id) : undefined
      const known = row && currencyOf(row.currency, row.network)
      if (!known) return false
      const least = atomsOf(offered(known, row.account, world).minDeposit, 18)!
      return BigInt(atoms) * 10n ** 18n < least * 10n ** BigInt(decimals)
    },
  },
  { id: 'deposit.wrong-asset', rule: 'cpg.deposits.unrequested-currency' },
  { id: 'deposit.wrong-network', rule: 'cpg.deposits.no-cross-network' },
  { id: 'deposit.dropped', rule: 'cpg.deposits.gone' },
  { id: 'deposit.replaced', rule: 'cpg.deposits.gone' },
  { id: 'deposit.reorged', rule: 'cpg.balances.reversal' },
  { id: 'repeat.same', rule: 'cpg.idempotency.original' },
  { id: 'repeat.changed', rule: 'cpg.idempotency.ignored-fields' },
  { id: 'repeat.after-lost', rule: 'cpg.idempotency.original' },
  { id: 'callback.duplicate', rule: 'cpg.webhooks.retries' },
  { id: 'callback.reordered', rule: 'cpg.webhooks.retries' },
  { id: 'callback.retried', rule: 'cpg.webhooks.retries' },
  { id: 'callback.slow', rule: 'cpg.webhooks.success' },
  { id: 'callback.exhausted', rule: 'cpg.webhooks.retries' },
  { id: 'callback.bad-signature', rule: 'cpg.webhooks.signature' },
  { id: 'callback.stale', rule: 'cpg.webhooks.signature' },
  { id: 'provider.outage', rule: 'sandgate.scenario.outage' },
  { id: 'provider.cut', rule: 'sandgate.scenario.outage' },
  { id: 'provider.rate-limit', rule: 'cpg.rate.bucket' },
  { id: 'withdrawal.failed-before-broadcast', rule: 'cpg.withdrawals.broadcast-failure' },
  { id: 'withdrawal.failed-after-broadcast', rule: 'cpg.withdrawals.failed' },
  { id: 'withdrawal.stuck', rule: 'cpg.withdrawals.statuses' },
  { id: 'withdrawal.replaced', rule: 'cpg.withdrawals.failed' },
  { id: 'withdrawal.reorged', rule: 'cpg.withdrawals.final' },
]
