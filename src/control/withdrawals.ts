// `withdrawals`: what was sent out by anybody, and what becomes of it.
import { amountText } from '../text/decimals.ts'
import { iso } from '../text/instants.ts'
import { type Withdrawal, withdrawalConfirmations, Withdrawals } from '../world/withdrawals.ts'
import type { World } from '../world/world.ts'
import { madeBy } from './entries.ts'
import { ok, paged, type Routes, run } from './http.ts'

export const withdrawalRoutes: Routes = {
  listWithdrawals: ({ world, query }) => {
    const wanted = (row: Withdrawal) =>
      (['provider', 'account', 'address', 'reference', 'status'] as const).every(
        (field) => query[field] === undefined || row[field] === query[field],
      )
    return paged(Withdrawals, ['all', ''], wanted, (row) => withdrawalView(row, world), { world, query })
  },
  settleWithdrawal: async (request) => ok(withdrawalView(await run('settleWithdrawal', request), request.world)),
}

function withdrawalView(row: Withdrawal, world: World) {
  const at = (ms: number | null) => (ms === null ? null : iso(ms))
  return {
    id: row.id,
    ...madeBy(Withdrawals, row.id, world),
    txid: row.txid,
    status: row.status,
    outcome: row.outcome,
    reason: row.reason,
    provider: row.provider,
    account: row.account,
    reference: row.reference,
    address: row.address,
    tag: row.tag,
    from: row.from,
    amount: amountText(BigInt(row.atoms), row.decimals),
    currency: row.currency,
    network: row.network,
    fee: row.fee,
    fee_currency: row.feeCurrency,
    confirmations: withdrawalConfirmations(row, world),
    block: row.block,
    deposit: row.arrival,
    requested_at: iso(row.requestedAt),
    broadcast_at: at(row.broadcastAt),
    confirmed_at: at(row.confirmedAt),
  }
}
