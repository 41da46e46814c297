// `deposits`: money that a test sends, and what was sent before.
import { holderOf, placeOf } from '../engine/deposits.ts'
import { iso } from '../text/instants.ts'
import { amountText } from '../text/decimals.ts'
import { confirmations, type Transfer, Transfers } from '../world/chain.ts'
import { sameTag } from '../world/tags.ts'
import type { World } from '../world/world.ts'
import { madeBy } from './entries.ts'
import { created, paged, type Routes, run } from './http.ts'

export const depositRoutes: Routes = {
  sendDeposit: async (request) => created(depositView(await run('sendDeposit', request), request.world)),
  listDeposits: ({ world, query }) => {
    const named = query.address === undefined ? undefined : placeOf(query.address, world)
    const tag = named?.destination.tag
    const wanted = (row: Transfer) =>
      (tag === undefined || sameTag(row.tag, tag)) &&
      (query.provider === undefined || row.provider === query.provider) &&
      (query.account === undefined || holderOf(row, world)?.account === query.account) &&
      (query.user === undefined || holderOf(row, world)?.user === query.user)
    const index = named === undefined ? (['all', ''] as const) : (['byAddress', named.address] as const)
    return paged(Transfers, index, wanted, (row) => depositView(row, world), { world, query })
  },
}

function depositView(transfer: Transfer, world: World) {
  const whose = holderOf(transfer, world)
  const at = (ms: number | null) => (ms === null ? null : iso(ms))
  return {
    id: transfer.id,
    ...madeBy(Transfers, transfer.id, world),
    txid: transfer.txid,
    output: transfer.output,
    status: transfer.status,
    outcome: transfer.outcome,
    provider: transfer.provider,
    account: whose?.account ?? null,
    reference: whose?.reference ?? null,
    address: transfer.address,
    tag: transfer.tag,
    from: transfer.from,
    amount: amountText(BigInt(transfer.atoms), transfer.decimals),
    currency: transfer.currency,
    network: transfer.network,
    confirmations: confirmations(transfer, world),
    // rule: sandgate.deposits.required
    required: transfer.threshold,
    block: transfer.block,
    sent_at: iso(transfer.sentAt),
    seen_at: at(transfer.seenAt),
    confirmed_at: at(transfer.confirmedAt),
  }
}
