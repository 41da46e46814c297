// Reading a deposit request: its status, and the transactions seen for it.
import { type Answer, Refusal } from '../../provider.ts'
import { amountText } from '../../world/amounts.ts'
import { confirmations, Transfers } from '../../world/chain.ts'
import type { World } from '../../world/world.ts'
import { type RequestRow, Requests } from './deposits.ts'
import { Deposits } from './transfers.ts'
import { type CpgCall, ok, time } from './wire.ts'

export function getDepositRequest(call: CpgCall, world: World): Answer {
  // rule: cpg.requests.id
  const request = world.get(Requests, BigInt(call.params.request_id!).toString())
  // rule: cpg.requests.foreign
  if (!request || request.account !== call.caller.account) throw new Refusal('deposit_request_not_found')
  return ok({
    // rule: cpg.requests.read
    request_id: request.requestId,
    address: request.address,
    network: request.network,
    currency: request.currency,
    user_identifier: request.identifier,
    status: request.status,
    display_expires_at: time(request.displayExpiresAt),
    created_at: time(request.createdAt),
    transactions: transactionsOf(request, world),
  })
}

/** The `transactions` of a request, oldest first. */
// rule: cpg.requests.transactions
function transactionsOf(request: RequestRow, world: World) {
  const rows =
    request.identifier === null
      ? world.list(Deposits, 'byRequest', String(request.requestId))
      : world.list(Deposits, 'byAddress', JSON.stringify([request.address, request.currency]))
  return rows.map((row) => {
    const transfer = world.get(Transfers, row.id)!
    return {
      tx_hash: row.txHash,
      amount_decimal: amountText(BigInt(row.atoms), row.decimals),
      confirmations: confirmations(transfer, world),
      status: row.status,
      block_number: transfer.block,
      detected_at: time(row.detectedAt),
      confirmed_at: row.confirmedAt === null ? null : time(row.confirmedAt),
    }
  })
}
