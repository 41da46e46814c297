// The chains: transfers to addresses, blocks, confirmations, drops, reorganisations. Knows no provider: the owner of a transfer
// is looked up among the allocated addresses when it is first seen, and its meaning is left to the listener.
import { base58 } from '@scure/base'
import { z } from 'zod'
import { address } from './addresses.ts'
import { draw } from './draws.ts'
import { heightAt, NETWORKS, type NetworkName, nextBlockAt } from './networks.ts'
import type { Module, Reaction } from './module.ts'
import { Count, Digits, Flag, Moment, oneOf, Text } from './rows.ts'
import type { Table } from './tables.ts'
import { sameTag } from './tags.ts'
import { type HandOut, HandOuts, type World } from './world.ts'

export type Outcome = 'confirmed' | 'dropped' | 'reorged' | 'replaced'
export type TransferStatus = 'scheduled' | 'seen' | 'confirmed' | 'dropped' | 'reorged' | 'replaced'
export type TransferStep = 'seen' | 'mined' | 'confirmed' | 'dropped' | 'reorged' | 'replaced'

/** A provider's currency on one of our networks. */
export interface Asset {
  /** The provider's own codes. */
  readonly currency: string
  readonly network: string
  readonly on: NetworkName
  readonly testnet?: boolean
  readonly decimals: number
  /** How many confirmations this provider requires; 0: credited when first seen. */
  readonly threshold: number
}

export interface Transfer extends Asset {
  readonly id: string
  readonly seq: number
  /** The provider whose address it was when the transfer was sent. */
  readonly provider: string
  readonly txid: string
  /** Which output of its transaction. */
  readonly output: number
  readonly from: string
  readonly address: string
  readonly tag: string | null
  /** Whole atoms, as text because rows are JSON. */
  readonly atoms: string
  readonly outcome: Outcome
  readonly status: TransferStatus
  /** How many confirmations it has when it is seen. */
  readonly startsWith: number
  /** World ms. */
  readonly sentAt: number
  readonly seenAt: number | null
  readonly minedAt: number | null
  readonly confirmedAt: number | null
  readonly block: number | null
  /** The allocation it belongs to; null until it is seen, and when the address was never allocated with that tag. */
  readonly holder: string | null
  /** How long it lies in the mempool before anything else happens to it, ms; left out: as long as it usually does. */
  readonly lingersMs?: number
}

/** More decimals, and more confirmations, than any coin has. */
const DECIMALS_MAX = 36
const CONFIRMATIONS_MAX = 100_000

const Blocks = Count.max(CONFIRMATIONS_MAX, `expected at most ${CONFIRMATIONS_MAX} confirmations`)

export const Transfers: Table<Transfer> = {
  name: 'transfers',
  key: (row) => row.id,
  // In the order in which `send` writes them.
  schema: z.strictObject({
    currency: Text,
    network: Text,
    on: oneOf(Object.keys(NETWORKS) as NetworkName[]),
    testnet: Flag.exactOptional(),
    decimals: Count.max(DECIMALS_MAX, `expected at most ${DECIMALS_MAX} decimals`),
    threshold: Blocks,
    id: Text,
    seq: Count,
    provider: Text,
    txid: Text,
    output: Count,
    from: Text,
    address: Text,
    tag: Text.nullable(),
    atoms: Digits,
    outcome: oneOf(['confirmed', 'dropped', 'reorged', 'replaced']),
    status: oneOf(['scheduled', 'seen', 'confirmed', 'dropped', 'reorged', 'replaced']),
    startsWith: Blocks,
    sentAt: Moment,
    seenAt: Moment.nullable(),
    minedAt: Moment.nullable(),
    confirmedAt: Moment.nullable(),
    block: Count.nullable(),
    holder: Text.nullable(),
    lingersMs: Count.exactOptional(),
  }),
  references: ({ holder }) => [['holder', HandOuts, holder]],
  indexes: {
    all: { group: () => '', order: (row) => row.seq },
    byAddress: { group: (row) => row.address, order: (row) => row.seq },
    byTransaction: { group: (row) => row.txid, order: (row) => row.output },
  },
}

export interface Sending {
  readonly provider: string
  readonly asset: Asset
  readonly address: string
  readonly tag: string | null
  readonly atoms: bigint
  /** World ms from now until it is seen. */
  readonly afterMs: number
  readonly confirmations: 'instant' | number
  readonly outcome: Outcome
  /** The id of a transfer whose transaction gets one more output. */
  readonly sameTransactionAs?: Transfer | undefined
  /** The transaction that it is part of, where somebody in this world sent it. */
  readonly carriedBy?: { readonly txid: string; readonly from: string }
  readonly lingersMs?: number
}

/** Called for every step; the line it returns goes into the journal. */
export type Listener = (step: TransferStep, transfer: Transfer, holder: HandOut, world: World) => string

/** How many blocks a transfer that is never mined stays visible. */
const DROPPED_AFTER_BLOCKS = 3

/** Sends a transfer. Only inside a change. */
export function send(sending: Sending, world: World): Transfer {
  const { asset, sameTransactionAs: sibling, carriedBy } = sending
  const seq = world.next('transfers')
  const drawn = world.draw('transfer', sibling?.seq ?? seq)
  const transfer: Transfer = world.put(Transfers, {
    ...asset,
    id: `dep_${seq}`,
    seq,
    provider: sending.provider,
    txid: carriedBy?.txid ?? sibling?.txid ?? txid(asset.on, drawn),
    output: sibling ? world.list(Transfers, 'byTransaction', sibling.txid).length : 0,
    from:
      carriedBy?.from ??
      sibling?.from ??
      address(world.seed, { chain: NETWORKS[asset.on].chain, testnet: asset.testnet ?? false, name: ['sender', seq] }),
    address: sending.address,
    tag: sending.tag,
    atoms: sending.atoms.toString(),
    outcome: sending.outcome,
    status: 'scheduled',
    startsWith: sending.confirmations === 'instant' ? Math.max(1, asset.threshold) : sending.confirmations,
    sentAt: world.now,
    seenAt: null,
    minedAt: null,
    confirmedAt: null,
    block: null,
    holder: null,
    ...(sending.lingersMs !== undefined && { lingersMs: sending.lingersMs }),
  })
  schedule(transfer, 'seen', world.now + sending.afterMs, world)
  return transfer
}

/** Confirmations at this moment, frozen at the threshold. */
export function confirmations(transfer: Transfer, world: World): number {
  return confirmationsOf(transfer, world)
}

/** The same of anything that is in a block. */
export function confirmationsOf(
  transfer: Pick<Transfer, 'minedAt' | 'on' | 'threshold' | 'startsWith'>,
  world: World,
): number {
  if (transfer.minedAt === null) return 0
  const counted = Math.floor((world.now - transfer.minedAt) / NETWORKS[transfer.on].blockMs) + 1
  return Math.min(Math.max(transfer.threshold, transfer.startsWith), counted)
}

/** `tell` hears of every step of a transfer that somebody's address received. */
export function chainModule(tell: Listener): Module {
  const reaction = (step: TransferStep): Reaction => ({
    table: Transfers,
    run: (id, world) => take(step, id, world, tell),
  })
  return {
    tables: [Transfers],
    reactions: {
      'chain.seen': reaction('seen'),
      'chain.mined': reaction('mined'),
      'chain.confirmed': reaction('confirmed'),
      'chain.dropped': reaction('dropped'),
      'chain.reorged': reaction('reorged'),
      'chain.replaced': reaction('replaced'),
    },
  }
}

/** A transfer takes its next step. */
function take(step: TransferStep, id: string, world: World, tell: Listener): string {
  const before = world.get(Transfers, id)
  if (!before) throw new Error(`there is no transfer ${id}`)
  // Somebody has hurried it on, or dropped it, since this step was scheduled.
  if (isOver(step, before)) return `${before.id}: nothing more happens, it is ${before.status} already`
  const transfer = world.put(Transfers, { ...before, ...STEPS[step](before, world) })
  const holder = transfer.holder === null ? undefined : world.get(HandOuts, transfer.holder)
  next(step, transfer, world)
  const { coverage, nextId } = world.journal
  if (step !== 'mined') coverage.deposit(transfer.provider, transfer.status)
  if (step === 'seen' && !holder) coverage.notable(transfer.provider, 'deposit.wrong-tag', nextId)
  // The chain goes on even if the transfer is unattributed.
  if (!holder)
    return `${transfer.id}: unattributed: ${transfer.address} was never allocated ${transfer.tag === null ? 'without a tag' : `with the tag ${transfer.tag}`}`
  return `${transfer.id}: ${tell(step, transfer, holder, world)}`
}

function isOver(step: TransferStep, { status, minedAt, outcome }: Transfer): boolean {
  const gone = status === 'dropped' || status === 'replaced' || status === 'reorged'
  const changedMind = (step === 'dropped' || step === 'replaced' || step === 'reorged') && outcome !== step
  return (
    gone || changedMind || (step === 'mined' && minedAt !== null) || (step === 'confirmed' && status === 'confirmed')
  )
}

/** The next block takes it, which comes now. Only inside a change. */
export function mineNow(transfer: Transfer, world: World): void {
  const next = world.put(Transfers, { ...transfer, outcome: 'confirmed', lingersMs: 0 })
  if (next.minedAt === null) schedule(next, 'mined', world.now, world)
}

/** It is gone from the chain: dropped, or its block is reorganised away where it was in one. Only inside a change. */
export function dropNow(transfer: Transfer, world: World): void {
  const outcome = transfer.minedAt === null ? 'dropped' : 'reorged'
  schedule(world.put(Transfers, { ...transfer, outcome }), outcome, world.now, world)
}

export const IN_NO_BLOCK = { minedAt: null, block: null } as const

/** What each step changes about the transfer itself. */
const STEPS: Readonly<Record<TransferStep, (transfer: Transfer, world: World) => Partial<Transfer>>> = {
  seen: (transfer, world) => {
    const seen = { status: 'seen', seenAt: world.now, holder: holderOf(transfer, world)?.id ?? null } as const
    return transfer.startsWith === 0 ? seen : { ...seen, ...inBlock(transfer.on, transfer.startsWith - 1, world) }
  },
  mined: ({ on }, world) => inBlock(on, 0, world),
  confirmed: (_, world) => ({ status: 'confirmed', confirmedAt: world.now }),
  dropped: () => ({ status: 'dropped', ...IN_NO_BLOCK }),
  reorged: () => ({ status: 'reorged', ...IN_NO_BLOCK }),
  replaced: () => ({ status: 'replaced', ...IN_NO_BLOCK }),
}

/** After each step, the next one. */
function next(step: TransferStep, transfer: Transfer, world: World): void {
  const { blockMs } = NETWORKS[transfer.on]
  const { lingersMs } = transfer
  if (step === 'seen' && transfer.outcome === 'dropped')
    return schedule(transfer, 'dropped', world.now + (lingersMs ?? DROPPED_AFTER_BLOCKS * blockMs), world)
  if (step === 'seen' && transfer.outcome === 'replaced')
    return schedule(
      transfer,
      'replaced',
      lingersMs === undefined ? nextBlockAt(transfer.on, world.now) : world.now + lingersMs,
      world,
    )
  if (step === 'seen' && transfer.minedAt === null && transfer.threshold > 0)
    return schedule(transfer, 'mined', nextBlockAt(transfer.on, world.now + (lingersMs ?? 0)), world)
  if (step === 'seen' || step === 'mined') {
    const at = transfer.minedAt === null ? world.now : transfer.minedAt + Math.max(0, transfer.threshold - 1) * blockMs
    return schedule(transfer, 'confirmed', Math.max(world.now, at), world)
  }
  if (step === 'confirmed' && transfer.outcome === 'reorged')
    return schedule(transfer, 'reorged', nextBlockAt(transfer.on, world.now), world)
}

const SUMMARY: Readonly<Record<TransferStep, (transfer: Transfer) => string>> = {
  seen: ({ id, address }) => `${id} to ${address} is seen`,
  mined: ({ id }) => `${id} is in a block`,
  confirmed: ({ id, threshold }) => `${id} has ${threshold} confirmations`,
  dropped: ({ id }) => `${id} was never mined and is dropped`,
  reorged: ({ id }) => `${id} is removed from the chain: its block was reorganised away`,
  replaced: ({ id }) => `${id} is replaced: its coins were spent by another transaction`,
}

function schedule(transfer: Transfer, step: TransferStep, at: number, world: World): void {
  world.clock.schedule({
    at,
    provider: transfer.provider,
    kind: 'confirmation',
    reaction: `chain.${step}`,
    args: transfer.id,
    summary: SUMMARY[step](transfer),
  })
}

/** Into the block that came `ago` blocks before the newest one. */
export function inBlock(
  on: NetworkName,
  ago: number,
  world: World,
): { readonly minedAt: number; readonly block: number } {
  const { blockMs } = NETWORKS[on]
  const minedAt = Math.floor(world.now / blockMs) * blockMs - ago * blockMs
  return { minedAt, block: heightAt(on, minedAt) }
}

/** The newest allocation of the address; where addresses have tags, the newest with this tag. */
function holderOf(transfer: Transfer, world: World): HandOut | undefined {
  const [newest, ...older] = world.list(HandOuts, 'byAddress', transfer.address, { descending: true })
  if (!newest || sameTag(newest.tag, transfer.tag)) return newest
  if (newest.tag === null && transfer.tag !== null) return newest
  return older.find(({ tag }) => sameTag(tag, transfer.tag))
}

export function txid(on: NetworkName, drawn: ReturnType<typeof draw>): string {
  switch (NETWORKS[on].txid) {
    case 'hex':
      return drawn.hex(32)
    case '0x-hex':
      return `0x${drawn.hex(32)}`
    case 'upper-hex':
      return drawn.hex(32).toUpperCase()
    case 'base58':
      return base58.encode(drawn.bytes(64))
  }
}
