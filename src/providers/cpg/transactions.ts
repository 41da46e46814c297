// Every on-chain transaction of an account, whichever way it goes: what is noted of each, and the list of them with its own paging.
import { z } from 'zod'
import type { Answer } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { confirmations, Transfers } from '../../world/chain.ts'
import { heightAt, NETWORKS as CHAINS, nextBlockAt } from '../../world/networks.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { withdrawalConfirmations, Withdrawals } from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { NETWORKS } from './catalogue.ts'
import { type CpgCall, time } from './wire.ts'

export const DIRECTIONS = ['deposit', 'withdrawal', 'sweep', 'gas_topup'] as const
export type Direction = (typeof DIRECTIONS)[number]

/** A chain transaction. Those that leave are `broadcasted` until they are confirmed. */
export interface ChainTransaction {
  readonly id: number
  readonly account: string
  readonly direction: Direction
  readonly status: 'detected' | 'broadcasted' | 'confirmed' | 'failed'
  readonly currency: string
  readonly network: string
  readonly txHash: string
  readonly from: string
  readonly to: string
  readonly atoms: string
  readonly decimals: number
  /** The transfer or the withdrawal that it is; of a sweep the transfer that is swept. */
  readonly source: string
  /** World ms. */
  readonly createdAt: number
  readonly confirmedAt: number | null
}

export const ChainTransactions: Table<ChainTransaction> = {
  name: 'cpg.transactions',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    account: Text,
    direction: oneOf(DIRECTIONS),
    status: oneOf(['detected', 'broadcasted', 'confirmed', 'failed']),
    currency: Text,
    network: oneOf(Object.keys(NETWORKS)),
    txHash: Text,
    from: Text,
    to: Text,
    atoms: Digits,
    decimals: Count.max(36, 'expected at most 36 decimals'),
    source: Text,
    createdAt: Moment,
    confirmedAt: Moment.nullable(),
  }),
  references: ({ direction, source }) => [
    direction === 'withdrawal' ? ['source', Withdrawals, source] : ['source', Transfers, source],
  ],
  indexes: { byAccount: { group: (row) => row.account, order: (row) => row.id } },
}

/** Notes a transaction down when it is first seen, or broadcast. Answers its number. Only inside a change. */
export function recordTransaction(
  row: Omit<ChainTransaction, 'id' | 'createdAt' | 'confirmedAt'>,
  world: World,
): number {
  // rule: cpg.transactions.ids
  const id = world.next('cpg.chain-transactions')
  world.put(ChainTransactions, { id, ...row, createdAt: world.now, confirmedAt: null })
  return id
}

/** What became of it. Only inside a change. */
export function settleTransaction(id: number | undefined | null, status: 'confirmed' | 'failed', world: World): void {
  const row = id === undefined || id === null ? undefined : world.get(ChainTransactions, String(id))
  if (!row) return
  world.put(ChainTransactions, { ...row, status, confirmedAt: status === 'confirmed' ? world.now : row.confirmedAt })
}

/** A deposit that is gone from the chain is gone from the list. Only inside a change. */
export function removeTransaction(id: number | undefined, world: World): void {
  if (id !== undefined && world.get(ChainTransactions, String(id))) world.remove(ChainTransactions, String(id))
}

export function listTransactions(call: CpgCall, world: World): Answer {
  const { queryValues: query } = call
  const limit = Number(query.limit ?? 50)
  // rule: cpg.transactions.filters
  const wanted = filterOf(query, world)
  const before = query.cursor === undefined ? undefined : BigInt(query.cursor as number | bigint | string)
  // rule: cpg.transactions.order
  const rows = newestFirst(call.caller.account, before, world)
  const page: ChainTransaction[] = []
  for (const row of rows) {
    if (page.length === limit) break
    if (wanted(row)) page.push(row)
  }
  // rule: cpg.transactions.paging
  const full = page.length === limit
  return {
    status: 200,
    body: {
      success: true,
      message: 'OK',
      data: page.map((row) => shown(row, world)),
      data_count: page.length,
      next_cursor: full ? page.at(-1)!.id : null,
      has_more: full,
    },
  }
}

/** How many rows are read at a time. */
const CHUNK = 200

function* newestFirst(account: string, before: bigint | undefined, world: World): Generator<ChainTransaction> {
  if (before !== undefined && before <= 0n) return
  let order = before === undefined || before > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(before)
  for (;;) {
    const rows = world.list(ChainTransactions, 'byAccount', account, {
      descending: true,
      limit: CHUNK,
      // Ids are whole, so nothing lies between a number and the rows of the one below it.
      ...(order !== undefined && { after: { order, key: '' } }),
    })
    yield* rows
    if (rows.length < CHUNK) return
    order = rows.at(-1)!.id
  }
}

/** All of them hold at once; a filter that is empty is none. */
function filterOf(query: CpgCall['queryValues'], world: World): (row: ChainTransaction) => boolean {
  const fields = ['direction', 'currency', 'network', 'status'] as const
  const set = fields.flatMap((field) => {
    const value = query[field]
    if (value === undefined || (value === '' && field !== 'direction')) return []
    const text = String(value)
    return [[field, field === 'currency' || field === 'network' ? text.toUpperCase() : text] as const]
  })
  return (row) => set.every(([field, value]) => (field === 'status' ? statusOf(row, world) : row[field]) === value)
}

// rule: cpg.transactions.outgoing-status
function statusOf({ status }: ChainTransaction, world: World): string {
  return status === 'broadcasted' ? world.assumes('cpg.transactions.outgoing-status') : status
}

// rule: cpg.transactions.rows
function shown(row: ChainTransaction, world: World) {
  return {
    id: row.id,
    tx_hash: row.txHash,
    direction: row.direction,
    status: statusOf(row, world),
    currency: row.currency,
    network: row.network,
    from_address: row.from,
    to_address: row.to,
    amount_decimal: amountText(BigInt(row.atoms), row.decimals),
    ...depth(row, world),
    created_at: time(row.createdAt),
    confirmed_at: row.confirmedAt === null ? null : time(row.confirmedAt),
  }
}

/** How deep it lies in the chain. */
function depth(row: ChainTransaction, world: World): { confirmations: number; block_number: number | null } {
  if (row.direction === 'deposit') {
    const transfer = world.get(Transfers, row.source)!
    return { confirmations: confirmations(transfer, world), block_number: transfer.block }
  }
  if (row.direction === 'withdrawal') {
    const withdrawal = world.get(Withdrawals, row.source)!
    return { confirmations: withdrawalConfirmations(withdrawal, world), block_number: withdrawal.block }
  }
  return sweepDepth(row, world)
}

/** Sweeps go through blocks as everything else does; they are confirmed when CPG says so. */
function sweepDepth(row: ChainTransaction, world: World): { confirmations: number; block_number: number | null } {
  const { on, minConfirmations } = NETWORKS[row.network]!
  const minedAt = nextBlockAt(on, row.createdAt)
  if (minedAt > world.now) return { confirmations: 0, block_number: null }
  const counted = Math.floor((world.now - minedAt) / CHAINS[on].blockMs) + 1
  return {
    confirmations: row.status === 'confirmed' ? minConfirmations : Math.min(minConfirmations, counted),
    block_number: heightAt(on, minedAt),
  }
}
