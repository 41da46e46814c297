// Withdrawals, from the call to their end: what is held, what is told, and what comes of them on the chain and in the hands of reviewers.
import { z } from 'zod'
import type { WithdrawalRules } from '../../provider.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { broadcastIn, type Withdrawal, Withdrawals as Outgoing } from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { type Method, METHODS, type Settings } from './catalogue.ts'
import { letGo, spend } from './ledger.ts'
import { userOf } from './users.ts'
import { tell } from './webhooks.ts'
import { amountShown, moment } from './wire.ts'

const STATUSES = ['initial', 'pending', 'held', 'settled', 'success', 'failure'] as const
export type WithdrawalStatus = (typeof STATUSES)[number]

export interface WithdrawalRow {
  /** That of the transfer which leaves, or would. */
  readonly id: string
  /** In order of being asked for, over all accounts. */
  readonly seq: number
  readonly refId: string
  readonly account: string
  /** The key under which the address was saved then. */
  readonly key: string
  readonly method: string
  readonly address: string
  readonly tag: string | null
  readonly memo: string | null
  /** What the recipient gets. */
  readonly atoms: string
  readonly fee: string
  readonly status: WithdrawalStatus
  readonly txid: string | null
  /** World ms. */
  readonly requestedAt: number
}

export const Withdrawals: Table<WithdrawalRow> = {
  name: 'payward.withdrawals',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    refId: Text,
    account: Text,
    key: Text,
    method: oneOf(METHODS.map(({ id }) => id)),
    address: Text,
    tag: Text.nullable(),
    memo: Text.nullable(),
    atoms: Digits,
    fee: Digits,
    status: oneOf(STATUSES),
    txid: Text.nullable(),
    requestedAt: Moment,
  }),
  references: ({ id }) => [['id', Outgoing, id]],
  indexes: {
    byAccount: { group: (row) => row.account, order: (row) => row.seq },
    byRef: { group: (row) => row.refId, order: (row) => row.seq },
  },
}

/** From the call, or the end of a review, until it is sent. */
// rule: payward.withdrawals.broadcast
function sentAfterMs(world: World): number {
  return world.settings<Settings>('payward').broadcastSeconds * 1000
}

/** The first status of one that nobody looks at. */
// rule: payward.withdrawals.statuses
export function firstStatus(world: World): WithdrawalStatus {
  return world.assumes('payward.withdrawals.statuses') === 'ifex' ? 'initial' : 'pending'
}

/** Sends a new withdrawal on its way; one that a scenario has looked at is held first. Only inside a change. */
export function start(row: WithdrawalRow, world: World): void {
  announce(row, world)
  const outgoing = world.get(Outgoing, row.id)!
  const { stage, outcome, afterMs } = outgoing
  // rule: payward.withdrawals.review
  const reviewed = stage === 'before' && (outcome === 'declined' || (outcome !== 'failed' && afterMs !== null))
  if (reviewed) become(row, 'held', world)
  broadcastIn(outgoing, sentAfterMs(world), world)
}

/** Somebody looks at it: it waits. Only inside a change. */
// rule: payward.withdrawals.review
export function holdBack(row: WithdrawalRow, world: World): WithdrawalRow {
  const outgoing = world.get(Outgoing, row.id)!
  if (outgoing.timer !== null) world.clock.cancel(outgoing.timer)
  world.put(Outgoing, { ...outgoing, timer: null })
  return become(row, 'held', world)
}

/** Nothing was wrong with it: it goes on. Only inside a change. */
// rule: payward.withdrawals.review
export function letOn(row: WithdrawalRow, world: World): WithdrawalRow {
  const outgoing = world.get(Outgoing, row.id)!
  if (outgoing.timer !== null) world.clock.cancel(outgoing.timer)
  const reviewed = outgoing.stage === 'before'
  const freed: Withdrawal = {
    ...outgoing,
    timer: null,
    // Whatever a scenario wanted of the review, somebody has decided.
    ...(reviewed && { outcome: 'confirmed', stage: 'after', afterMs: null, reason: null }),
  }
  broadcastIn(world.put(Outgoing, freed), sentAfterMs(world), world)
  return become(row, firstStatus(world), world)
}

export const withdrawals: WithdrawalRules = {
  reviews: true,
  onStep: (step, outgoing, world) => {
    const row = world.get(Withdrawals, outgoing.id)!
    // rule: payward.withdrawals.final
    if (isOver(row)) return `${row.refId} stays ${row.status}`
    const said = () => `${row.refId} is ${world.get(Withdrawals, row.id)!.status}`
    switch (step) {
      case 'broadcast': {
        const sent = world.put(Withdrawals, { ...row, txid: outgoing.txid })
        // rule: payward.withdrawals.success
        if (world.assumes('payward.withdrawals.success') === 'broadcast') succeed(sent, world)
        else if (sent.status !== 'pending') become(sent, 'pending', world)
        return `${said()}: it was sent`
      }
      case 'mined':
        // rule: payward.withdrawals.statuses
        if (world.assumes('payward.withdrawals.statuses') === 'ifex') become(row, 'settled', world)
        return `${said()}: it is in a block`
      case 'confirmed':
        succeed(row, world)
        return `${said()}: it has its confirmations`
      default:
        // rule: payward.withdrawals.failure
        letGo('withdrawal', row.id, world)
        become(row, 'failure', world)
        return `${said()}: ${outgoing.reason ?? step}; its money is available again`
    }
  },
}

/** Whether nothing more can come of it. */
export function isOver({ status }: WithdrawalRow): boolean {
  return status === 'success' || status === 'failure'
}

/** It has left, and so has its money. */
// rule: payward.withdrawals.postings
function succeed(row: WithdrawalRow, world: World): void {
  const { account, id: withdrawal, atoms, fee } = row
  const asset = methodOf(row)
  const out = (text: string, kind: string, against: string) => ({
    ...{ account, asset, kind, against, withdrawal },
    atoms: -BigInt(text),
  })
  spend(
    'withdrawal',
    withdrawal,
    [out(atoms, 'withdrawal', 'outside'), ...(fee === '0' ? [] : [out(fee, 'withdrawal_fee', 'fees')])],
    world,
  )
  become(row, 'success', world)
}

export function methodOf({ method }: Pick<WithdrawalRow, 'method'>): Method {
  return METHODS.find(({ id }) => id === method)!
}

function become(before: WithdrawalRow, status: WithdrawalStatus, world: World): WithdrawalRow {
  const row = world.put(Withdrawals, { ...before, status })
  announce(row, world)
  return row
}

export function objectOf({ refId }: Pick<WithdrawalRow, 'refId'>): string {
  return `withdrawal:${refId}`
}

// rule: payward.withdrawals.webhook
function announce(row: WithdrawalRow, world: World): void {
  tell({ event: 'withdrawal.status_updated', account: row.account, object: objectOf(row) }, shown(row, world), world)
}

/** A withdrawal as its webhook tells it. */
export function shown(row: WithdrawalRow, world: World) {
  const { id, symbol, type, network } = methodOf(row)
  const { atoms, fee } = row
  const text = (amount: bigint) => amountShown(amount, { type }, world)
  return {
    account_id: row.account,
    user_id: userOf(row.account, world)?.id ?? null,
    ref_id: row.refId,
    status: row.status,
    asset: { symbol, type },
    amount: text(BigInt(atoms)),
    fee: text(BigInt(fee)),
    total: text(BigInt(atoms) + BigInt(fee)),
    method: { id, name: network },
    key: row.key,
    address: row.address,
    tag: row.tag,
    memo: row.memo,
    txid: row.txid,
    timestamp: moment(row.requestedAt),
  }
}
