// Transfers that leave: asked for, broadcast, mined, confirmed, and everything else that can become of them. One world is one chain: what is sent to an
// address that this world handed out arrives there as a deposit, in the same transaction. When money is held and debited is left to the providers.
import { z } from 'zod'
import { type Asset, confirmationsOf, dropNow, inBlock, IN_NO_BLOCK, mineNow, send, Transfers, txid } from './chain.ts'
import { Timers } from './clock.ts'
import { findDestination } from './destinations.ts'
import { sameTag } from './tags.ts'
import type { Module, Reaction } from './module.ts'
import { NETWORKS, type NetworkName, nextBlockAt } from './networks.ts'
import { Count, Decimal, Digits, Flag, Moment, oneOf, Text } from './rows.ts'
import type { Table } from './tables.ts'
import { withdrawalSituation } from './withdrawal-situations.ts'
import { type HandOut, HandOuts, type World } from './world.ts'

export const WITHDRAWAL_OUTCOMES = ['confirmed', 'failed', 'declined', 'stuck', 'replaced', 'reorged'] as const
export type WithdrawalOutcome = (typeof WITHDRAWAL_OUTCOMES)[number]

/** What a scenario has in store for a withdrawal. */
export interface WithdrawalFate {
  readonly outcome: WithdrawalOutcome
  /** Of the broadcast: whether it happens before it or after it. */
  readonly stage: 'before' | 'after'
  /** How long it takes, world ms; null: as long as it usually does. */
  readonly afterMs: number | null
  /** One sentence, in the words of a node or of a provider. */
  readonly reason: string | null
}

export const WITHDRAWAL_STATUSES = [
  'held',
  'broadcast',
  'confirmed',
  'failed',
  'declined',
  'replaced',
  'reorged',
] as const
export type WithdrawalStatus = (typeof WITHDRAWAL_STATUSES)[number]

export type WithdrawalStep = 'broadcast' | 'mined' | 'confirmed' | 'failed' | 'declined' | 'replaced' | 'reorged'

export interface Withdrawal extends Asset, WithdrawalFate {
  readonly id: string
  readonly seq: number
  readonly provider: string
  readonly account: string
  /** The coin as everybody calls it, whatever the provider's code for it is: `USDT`. */
  readonly coin: string
  /** The provider's own id of it. */
  readonly reference: string
  readonly from: string
  /** As the client wrote it. */
  readonly address: string
  readonly tag: string | null
  /** What the payee gets, atoms. */
  readonly atoms: string
  /** What the account pays for it, decimal text, and the currency of that. */
  readonly fee: string
  readonly feeCurrency: string
  readonly status: WithdrawalStatus
  /** Null until it is broadcast. */
  readonly txid: string | null
  /** World ms. */
  readonly requestedAt: number
  readonly broadcastAt: number | null
  readonly minedAt: number | null
  readonly confirmedAt: number | null
  readonly block: number | null
  /** The transfer as it arrives in this world; null: the address is nobody's here. */
  readonly arrival: string | null
  /** The timer of its next step. */
  readonly timer: string | null
}

export const Withdrawals: Table<Withdrawal> = {
  name: 'withdrawals',
  key: (row) => row.id,
  schema: z.strictObject({
    currency: Text,
    network: Text,
    on: oneOf(Object.keys(NETWORKS) as NetworkName[]),
    testnet: Flag.exactOptional(),
    decimals: Count.max(36, 'expected at most 36 decimals'),
    threshold: Count,
    outcome: oneOf(WITHDRAWAL_OUTCOMES),
    stage: oneOf(['before', 'after']),
    afterMs: Count.nullable(),
    reason: Text.nullable(),
    id: Text,
    seq: Count,
    provider: Text,
    account: Text,
    coin: Text,
    reference: Text,
    from: Text,
    address: Text,
    tag: Text.nullable(),
    atoms: Digits,
    fee: Decimal,
    feeCurrency: Text,
    status: oneOf(WITHDRAWAL_STATUSES),
    txid: Text.nullable(),
    requestedAt: Moment,
    broadcastAt: Moment.nullable(),
    minedAt: Moment.nullable(),
    confirmedAt: Moment.nullable(),
    block: Count.nullable(),
    arrival: Text.nullable(),
    timer: Text.nullable(),
  }),
  references: ({ arrival, timer }) => [
    ['arrival', Transfers, arrival],
    ['timer', Timers, timer],
  ],
  indexes: {
    all: { group: () => '', order: (row) => row.seq },
    byReference: { group: (row) => JSON.stringify([row.provider, row.reference]), order: (row) => row.seq },
  },
}

/** Hears of every step; the line it returns goes into the journal. */
export type WithdrawalListener = (step: WithdrawalStep, withdrawal: Withdrawal, world: World) => string

/** What arrives at an address when this coin is sent to it; undefined: the provider that handed it out knows no such coin there. */
export type Arriving = (handOut: HandOut, coin: string, on: NetworkName, world: World) => Asset | undefined

/** What comes of a withdrawal when no scenario says anything else. */
const USUAL: WithdrawalFate = { outcome: 'confirmed', stage: 'after', afterMs: null, reason: null }

export interface WithdrawalRequest {
  readonly provider: string
  readonly account: string
  readonly asset: Asset
  readonly coin: string
  readonly reference: string
  readonly from: string
  readonly address: string
  readonly tag: string | null
  readonly atoms: bigint
  readonly fee: string
  readonly feeCurrency: string
  readonly fate: WithdrawalFate | undefined
}

/** Notes a withdrawal down, status `held`; nothing is sent yet. Only inside a change. */
export function requestWithdrawal(request: WithdrawalRequest, world: World): Withdrawal {
  const { asset, atoms, fate = USUAL, ...rest } = request
  const seq = world.next('withdrawals')
  return world.put(Withdrawals, {
    ...asset,
    ...fate,
    ...rest,
    id: `wd_${seq}`,
    seq,
    atoms: atoms.toString(),
    status: 'held',
    txid: null,
    requestedAt: world.now,
    broadcastAt: null,
    minedAt: null,
    confirmedAt: null,
    block: null,
    arrival: null,
    timer: null,
  })
}

/**
 * Broadcasts it in this very change, unless a scenario wants something else: then it has failed, or is held until later. The caller acts on the
 * status that it then has; nobody is told of this step. Only inside a change.
 */
export function broadcastNow(withdrawal: Withdrawal, world: World): Withdrawal {
  const { outcome, stage, afterMs } = withdrawal
  if (stage === 'after') return change('broadcast', withdrawal, world)
  if (afterMs !== null) return broadcastIn(withdrawal, afterMs, world)
  return change(outcome === 'failed' || outcome === 'declined' ? 'failed' : 'broadcast', withdrawal, world)
}

/** Broadcasts it after so long, or does what a scenario wants instead. Only inside a change. */
export function broadcastIn(withdrawal: Withdrawal, ms: number, world: World): Withdrawal {
  const { outcome, stage, afterMs } = withdrawal
  const before = stage === 'before'
  const step = before && (outcome === 'failed' || outcome === 'declined') ? outcome : 'broadcast'
  return schedule(step, withdrawal, world.now + (before && afterMs !== null ? afterMs : ms), world)
}

/** Whether nothing more can come of it by hand. */
export function isFinal({ status }: Withdrawal): boolean {
  return status !== 'held' && status !== 'broadcast'
}

/** Somebody decides what becomes of it, at once. Only inside a change, and only where it is not final. Answers lines for the journal. */
export function settleWithdrawal(
  before: Withdrawal,
  outcome: 'confirmed' | 'failed' | 'declined',
  reason: string | null,
  tell: WithdrawalListener,
  world: World,
): string[] {
  let row = world.put(Withdrawals, {
    ...withoutTimer(before, world),
    outcome,
    stage: outcome === 'confirmed' ? 'after' : before.stage,
    reason: reason ?? before.reason,
    afterMs: null,
  })
  const steps: WithdrawalStep[] =
    outcome !== 'confirmed'
      ? [outcome]
      : [
          ...(row.status === 'held' ? (['broadcast'] as const) : []),
          ...(row.minedAt === null ? (['mined'] as const) : []),
          'confirmed',
        ]
  const arrival = row.arrival === null ? undefined : world.get(Transfers, row.arrival)
  if (arrival && outcome === 'confirmed') mineNow(arrival, world)
  if (arrival && outcome === 'failed') dropNow(arrival, world)
  return steps.map((step) => {
    row = withoutTimer(change(step, row, world), world)
    return tell(step, row, world)
  })
}

/** Confirmations at this moment, frozen at the threshold. */
export function withdrawalConfirmations(withdrawal: Withdrawal, world: World): number {
  return confirmationsOf({ ...withdrawal, startsWith: 0 }, world)
}

/** How many blocks a transaction that is never mined stays visible. */
const DROPPED_AFTER_BLOCKS = 3

/** Takes a step, and schedules the next one. */
function change(step: WithdrawalStep, before: Withdrawal, world: World): Withdrawal {
  const row = world.put(Withdrawals, { ...before, timer: null, ...STEPS[step](before, world) })
  const situation = withdrawalSituation(step, before)
  if (situation) world.journal.coverage.notable(row.provider, situation, world.journal.nextId)
  if (step === 'broadcast')
    world.clock.schedule({
      at: world.now,
      provider: row.provider,
      kind: 'confirmation',
      reaction: 'withdrawal.arrives',
      args: row.id,
      summary: `${row.id} is seen in the mempool`,
    })
  return next(step, row, world)
}

const STEPS: Readonly<Record<WithdrawalStep, (row: Withdrawal, world: World) => Partial<Withdrawal>>> = {
  broadcast: (row, world) => ({
    status: 'broadcast',
    txid: txid(row.on, world.draw('withdrawal', row.provider, row.reference)),
    broadcastAt: world.now,
  }),
  mined: ({ on }, world) => inBlock(on, 0, world),
  confirmed: (_, world) => ({ status: 'confirmed', confirmedAt: world.now }),
  failed: ({ reason }) => ({ status: 'failed', reason, ...IN_NO_BLOCK }),
  declined: () => ({ status: 'declined' }),
  replaced: () => ({ status: 'replaced', ...IN_NO_BLOCK }),
  reorged: () => ({ status: 'reorged', ...IN_NO_BLOCK }),
}

function next(step: WithdrawalStep, row: Withdrawal, world: World): Withdrawal {
  const { outcome, on, stage } = row
  const { blockMs } = NETWORKS[on]
  const lingers = stage === 'after' ? (row.afterMs ?? undefined) : undefined
  if (step === 'broadcast' && outcome === 'failed' && stage === 'after')
    return schedule('failed', row, world.now + (lingers ?? DROPPED_AFTER_BLOCKS * blockMs), world)
  if (step === 'broadcast' && outcome === 'replaced')
    return schedule('replaced', row, lingers === undefined ? nextBlockAt(on, world.now) : world.now + lingers, world)
  if (step === 'broadcast')
    return schedule('mined', row, nextBlockAt(on, world.now + (outcome === 'stuck' ? (lingers ?? 0) : 0)), world)
  if (step === 'mined')
    return schedule('confirmed', row, row.minedAt! + Math.max(0, row.threshold - 1) * blockMs, world)
  if (step === 'confirmed' && outcome === 'reorged') return schedule('reorged', row, nextBlockAt(on, world.now), world)
  return row
}

const SUMMARY: Readonly<Record<WithdrawalStep, (row: Withdrawal) => string>> = {
  broadcast: ({ id, address }) => `${id} to ${address} is broadcast`,
  mined: ({ id }) => `${id} is in a block`,
  confirmed: ({ id, threshold }) => `${id} has ${threshold} confirmations`,
  failed: ({ id }) => `${id} fails`,
  declined: ({ id }) => `${id} is declined`,
  replaced: ({ id }) => `${id} is replaced: its coins were spent by another transaction`,
  reorged: ({ id }) => `${id} is removed from the chain: its block was reorganised away`,
}

function schedule(step: WithdrawalStep, row: Withdrawal, at: number, world: World): Withdrawal {
  const { id: timer } = world.clock.schedule({
    at: Math.max(world.now, at),
    provider: row.provider,
    kind: 'confirmation',
    reaction: `withdrawal.${step}`,
    args: row.id,
    summary: SUMMARY[step](row),
  })
  return world.put(Withdrawals, { ...row, timer })
}

function withoutTimer(row: Withdrawal, world: World): Withdrawal {
  if (row.timer === null) return row
  world.clock.cancel(row.timer)
  return world.put(Withdrawals, { ...row, timer: null })
}

// rule: sandgate.withdrawals.one-chain
/** What was broadcast is seen at the address, where this world handed it out. */
function arrive(id: string, world: World, arriving: Arriving): string {
  const row = world.get(Withdrawals, id)!
  const found = holderOf(row, world)
  if (!found) return `${row.id} leaves this world: ${row.address} was not allocated in it`
  const { handOut, address } = found
  const asset = arriving(handOut, row.coin, row.on, world)
  if (!asset)
    return `${row.id} is lost: ${row.address} was allocated by ${handOut.provider}, which knows no ${row.coin} on ${row.on}`
  const { outcome, stage } = row
  const transfer = send(
    {
      provider: handOut.provider,
      asset,
      address,
      tag: row.tag,
      atoms: scaled(BigInt(row.atoms), row.decimals, asset.decimals),
      afterMs: 0,
      confirmations: 0,
      outcome:
        outcome === 'failed' ? 'dropped' : outcome === 'replaced' || outcome === 'reorged' ? outcome : 'confirmed',
      carriedBy: { txid: row.txid!, from: row.from },
      ...(stage === 'after' && row.afterMs !== null && outcome !== 'confirmed' && { lingersMs: row.afterMs }),
    },
    world,
  )
  world.put(Withdrawals, { ...row, arrival: transfer.id })
  return `${row.id} arrives as ${transfer.id}`
}

/** Who was allocated the address of a payee last, with this tag where anybody was; undefined: nobody. */
export function holderOf(
  { address, tag }: Pick<Withdrawal, 'address' | 'tag'>,
  world: World,
): { readonly handOut: HandOut; readonly address: string } | undefined {
  const found = readable(address, world)
  const rows = found === undefined ? [] : world.list(HandOuts, 'byAddress', found, { descending: true })
  const handOut = rows.find((row) => sameTag(row.tag, tag)) ?? rows[0]
  return handOut && { handOut, address: found! }
}

/** Clients write what they like, and providers let some of it pass. */
function readable(address: string, world: World): string | undefined {
  try {
    return findDestination(address, world).address
  } catch {
    return undefined
  }
}

function scaled(atoms: bigint, from: number, to: number): bigint {
  return from <= to ? atoms * 10n ** BigInt(to - from) : atoms / 10n ** BigInt(from - to)
}

/** `tell` hears of every step that falls due; `arriving` knows what a coin is to the provider of an address. */
export function withdrawalModule(tell: WithdrawalListener, arriving: Arriving): Module {
  const reaction = (step: WithdrawalStep): Reaction => ({
    table: Withdrawals,
    run: (id, world) => {
      const row = change(step, world.get(Withdrawals, id)!, world)
      return `${row.id}: ${tell(step, row, world)}`
    },
  })
  const steps: readonly WithdrawalStep[] = [
    'broadcast',
    'mined',
    'confirmed',
    'failed',
    'declined',
    'replaced',
    'reorged',
  ]
  return {
    tables: [Withdrawals],
    reactions: {
      ...Object.fromEntries(steps.map((step) => [`withdrawal.${step}`, reaction(step)])),
      'withdrawal.arrives': { table: Withdrawals, run: (id, world) => arrive(id, world, arriving) },
    },
  }
}
