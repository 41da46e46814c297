// Incoming transfers: which request they belong to, and when they are credited.
import { z } from 'zod'
import type { DepositRules, Reaction } from '../../provider.ts'
import { confirmations, type Transfer, Transfers } from '../../world/chain.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { HandOut, World } from '../../world/world.ts'
import { currencyOf, NETWORKS } from './catalogue.ts'
import { isWatched, newestRequest, Requests } from './deposits.ts'
import { tell, webhookTime } from './webhooks.ts'

/** A transfer that CPG has taken notice of. */
export interface DepositRow {
  /** The transfer's own id. */
  readonly id: string
  readonly seq: number
  readonly account: string
  readonly requestId: number
  readonly identifier: string | null
  readonly address: string
  readonly currency: string
  readonly network: string
  readonly txHash: string
  readonly atoms: string
  readonly decimals: number
  readonly status: 'detected' | 'confirmed'
  /** World ms. */
  readonly detectedAt: number
  readonly confirmedAt: number | null
  /** The timer of its sweep, while that is to come. */
  readonly sweep?: string
}

export const Deposits: Table<DepositRow> = {
  name: 'cpg.deposits',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    requestId: Count,
    identifier: Text.nullable(),
    address: Text,
    currency: Text,
    network: Text,
    txHash: Text,
    atoms: Digits,
    decimals: Count.max(36, 'expected at most 36 decimals'),
    status: oneOf(['detected', 'confirmed']),
    detectedAt: Moment,
    confirmedAt: Moment.nullable(),
    sweep: Text.exactOptional(),
  }),
  references: ({ id, requestId }) => [
    ['id', Transfers, id],
    ['requestId', Requests, String(requestId)],
  ],
  indexes: {
    byRequest: { group: (row) => String(row.requestId), order: (row) => row.seq },
    byAddress: { group: (row) => JSON.stringify([row.address, row.currency]), order: (row) => row.seq },
  },
}

/** How long after the credit a deposit is swept. */
const SWEPT_AFTER_MS = 10 * 60_000

export const deposits: DepositRules = {
  asset: ({ handOut, currency, network }) => {
    const known = currencyOf((currency ?? handOut.currency).toUpperCase(), (network ?? handOut.network).toUpperCase())
    if (!known) return undefined
    const { on, minConfirmations } = NETWORKS[known.network]!
    return {
      currency: known.currency,
      network: known.network,
      on,
      decimals: known.decimals,
      threshold: minConfirmations,
    }
  },
  onTransfer: (step, transfer, holder, world) => {
    if (step === 'seen') return detected(transfer, holder, world)
    const row = world.get(Deposits, transfer.id)
    if (!row) return 'ignored: CPG did not record this transfer when it was first seen'
    if (step === 'confirmed') return confirmed(row, transfer, world)
    if (step === 'mined') return 'in a block, not yet confirmed'
    // rule: cpg.deposits.gone
    world.remove(Deposits, row.id)
    if (row.sweep !== undefined) world.clock.cancel(row.sweep)
    return `removed from request ${row.requestId}: the transaction no longer exists`
  },
}

function detected(transfer: Transfer, holder: HandOut, world: World): string {
  // rule: cpg.deposits.no-cross-network
  if (transfer.network !== holder.network)
    return `not credited: the address is on ${holder.network}, but the transfer is on ${transfer.network}`
  const request = newestRequest(holder.address, holder.network, transfer.currency, world)
  // rule: cpg.deposits.unrequested-currency
  if (!request) return `not credited: ${transfer.currency} was never requested for this address`
  // rule: cpg.deposits.after-window
  if (!isWatched(request, world))
    return `not credited: the address of request ${request.requestId} is back in the pool and no longer monitored`
  // rule: cpg.deposits.late-credit, rule: cpg.deposits.recycled
  const row: DepositRow = world.put(Deposits, {
    id: transfer.id,
    seq: world.next('cpg.deposits'),
    account: request.account,
    requestId: request.requestId,
    identifier: request.identifier,
    address: transfer.address,
    currency: transfer.currency,
    network: transfer.network,
    txHash: transfer.txid,
    atoms: transfer.atoms,
    decimals: transfer.decimals,
    status: 'detected',
    detectedAt: world.now,
    confirmedAt: null,
  })
  tell('deposit.detected', row, { ...facts(row, transfer, world) }, world)
  return `detected for request ${request.requestId}, which is ${request.status}`
}

function confirmed(before: DepositRow, transfer: Transfer, world: World): string {
  const row = world.put(Deposits, { ...before, status: 'confirmed', confirmedAt: world.now } as const)
  tell('deposit.confirmed', row, { ...facts(row, transfer, world), confirmed_at: webhookTime(world.now) }, world)
  // rule: cpg.webhooks.swept
  const { id: sweep } = world.clock.schedule({
    at: world.now + SWEPT_AFTER_MS,
    provider: 'cpg',
    kind: 'confirmation',
    reaction: 'swept',
    args: row.id,
    summary: `${row.id} is swept`,
  })
  world.put(Deposits, { ...row, sweep })
  return `credited to request ${row.requestId}`
}

function facts(row: DepositRow, transfer: Transfer, world: World) {
  return {
    confirmations: confirmations(transfer, world),
    block_number: transfer.block,
    detected_at: webhookTime(row.detectedAt),
  }
}

export const reactions: Readonly<Record<string, Reaction>> = {
  swept: {
    table: Deposits,
    gone: true,
    run: (id: string, world) => {
      const row = world.get(Deposits, id)
      if (!row) return `${id} no longer exists: nothing to sweep`
      tell('deposit.swept', row, { sweep_tx_hash: sweepHash(row, world), swept_at: webhookTime(world.now) }, world)
      return `${id} was swept to the receiving wallet`
    },
  },
}

function sweepHash(row: DepositRow, world: World): string {
  const hex = world.draw('cpg', 'sweep', row.id).hex(32)
  return row.txHash.startsWith('0x') ? `0x${hex}` : hex
}
