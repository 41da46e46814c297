// Incoming transfers: which request they belong to, and when they are credited.
import { z } from 'zod'
import type { DepositRules } from '../../provider.ts'
import { atomsOf } from '../../text/decimals.ts'
import { confirmations, type Transfer, Transfers } from '../../world/chain.ts'
import { post, takeBack } from '../../world/ledger.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { HandOut, World } from '../../world/world.ts'
import { currencyOf, NETWORKS } from './catalogue.ts'
import { isWatched, newestRequest, Requests } from './deposits.ts'
import { funded, hotWalletOf } from './hot-wallet.ts'
import { balancePurse } from './money.ts'
import { offered } from './toggles.ts'
import { recordTransaction, removeTransaction, settleTransaction } from './transactions.ts'
import { tell, type ToldDeposit, webhookTime } from './webhooks.ts'

/** A transfer that CPG has taken notice of. */
export interface DepositRow extends ToldDeposit {
  /** The transfer's own id. */
  readonly id: string
  readonly seq: number
  readonly status: 'detected' | 'confirmed'
  /** World ms. */
  readonly detectedAt: number
  readonly confirmedAt: number | null
  /** The timer of the next step of its sweep, while that is to come. */
  readonly sweep?: string
  /** Its number among the transactions of the chain, and those of its sweep and of the gas for that. */
  readonly transaction?: number
  readonly sweepTransaction?: number
  readonly topUpTransaction?: number
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
    network: oneOf(Object.keys(NETWORKS)),
    txHash: Text,
    atoms: Digits,
    decimals: Count.max(36, 'expected at most 36 decimals'),
    status: oneOf(['detected', 'confirmed']),
    detectedAt: Moment,
    confirmedAt: Moment.nullable(),
    sweep: Text.exactOptional(),
    transaction: Count.exactOptional(),
    sweepTransaction: Count.exactOptional(),
    topUpTransaction: Count.exactOptional(),
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

/** The rules of incoming money; `sweep` begins what becomes of a deposit that was credited, and answers its row. */
export function depositRules(sweep: (row: DepositRow, world: World) => DepositRow): DepositRules {
  return {
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
    // rule: cpg.deposits.from-this-world
    codesOf: (coin, on) => {
      const network = Object.keys(NETWORKS).find((code) => NETWORKS[code]!.on === on)
      return network !== undefined && currencyOf(coin, network) ? { currency: coin, network } : undefined
    },
    onTransfer: (step, transfer, holder, world) => {
      const wallet = hotWalletOf(holder.reference, world)
      if (wallet) return funded(step, transfer, wallet, world)
      if (step === 'seen') return detected(transfer, holder, world)
      const row = world.get(Deposits, transfer.id)
      if (!row) return 'ignored: CPG did not record this transfer when it was first seen'
      if (step === 'confirmed') return confirmed(row, transfer, sweep, world)
      if (step === 'mined') return 'in a block, not yet confirmed'
      return gone(row, world)
    },
  }
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
    transaction: listed(request.account, transfer, world),
  })
  tell('deposit.detected', row, { ...facts(row, transfer, world) }, world)
  return `detected for request ${request.requestId}, which is ${request.status}`
}

function listed(account: string, transfer: Transfer, world: World): number {
  const { currency, network, txid: txHash, from, address: to, atoms, decimals, id: source } = transfer
  const row = { account, currency, network, txHash, from, to, atoms, decimals, source }
  return recordTransaction({ ...row, direction: 'deposit', status: 'detected' }, world)
}

function confirmed(
  before: DepositRow,
  transfer: Transfer,
  sweep: (row: DepositRow, world: World) => DepositRow,
  world: World,
): string {
  const row = world.put(Deposits, {
    ...before,
    status: 'confirmed',
    confirmedAt: world.now,
    // A deposit from before there was such a list.
    transaction: before.transaction ?? listed(before.account, transfer, world),
  } as const)
  settleTransaction(row.transaction, 'confirmed', world)
  const atoms = BigInt(row.atoms)
  // rule: cpg.deposits.minimum
  const known = currencyOf(row.currency, row.network)
  const minDeposit = known ? offered(known, row.account, world).minDeposit : '0'
  if (atoms * 10n ** 18n < atomsOf(minDeposit, 18)! * 10n ** BigInt(row.decimals))
    return `listed under request ${row.requestId}, but not credited: less than the minimum deposit of ${minDeposit} ${row.currency}`
  // rule: cpg.balances.credit
  post({ purse: balancePurse(row), atoms, against: 'chain', kind: 'deposit', deposit: row.id }, world)
  tell('deposit.confirmed', row, { ...facts(row, transfer, world), confirmed_at: webhookTime(world.now) }, world)
  sweep(row, world)
  return `credited to request ${row.requestId}`
}

function gone(row: DepositRow, world: World): string {
  // rule: cpg.deposits.gone
  for (const id of [row.transaction, row.sweepTransaction, row.topUpTransaction]) removeTransaction(id, world)
  world.remove(Deposits, row.id)
  if (row.sweep !== undefined) world.clock.cancel(row.sweep)
  // rule: cpg.balances.reversal
  const reason = `${row.id} no longer exists on the chain`
  const taken = takeBack(row.id, 'deposit_reversed', reason, world)
  return `removed from request ${row.requestId}${taken ? ', its credit is taken back' : ''}: the transaction no longer exists`
}

function facts(row: DepositRow, transfer: Transfer, world: World) {
  return {
    confirmations: confirmations(transfer, world),
    block_number: transfer.block,
    detected_at: webhookTime(row.detectedAt),
  }
}
