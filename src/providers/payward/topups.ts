// Top-ups: an amount that is expected, an endpoint of its own for it, and a day for it to arrive.
import { z } from 'zod'
import type { Answer, Reaction } from '../../provider.ts'
import { Timers } from '../../world/clock.ts'
import { Count, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { ASSET_TYPES } from './catalogue.ts'
import { checkRail, Inbounds, inboundShown, makeInbound } from './inbounds.ts'
import { findAsset } from './methods.ts'
import { amountIn, type Sum, SumSchema, sumShown } from './terms.ts'
import { ok, type PaywardCall, time } from './wire.ts'

const STATUSES = ['pending', 'received', 'credited', 'expired'] as const

export interface TopUpRow {
  readonly id: string
  readonly seq: number
  readonly account: string
  readonly status: (typeof STATUSES)[number]
  /** What is expected. */
  readonly sum: Sum
  /** To be written on a bank transfer; null: it comes over a chain. */
  readonly reference: string | null
  /** World ms. */
  readonly createdAt: number
  readonly expiresAt: number
  /** What has arrived for it. */
  readonly transfer: string | null
  readonly timer: string | null
}

export const TopUps: Table<TopUpRow> = {
  name: 'payward.top-ups',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    status: oneOf(STATUSES),
    sum: SumSchema,
    reference: Text.nullable(),
    createdAt: Moment,
    expiresAt: Moment,
    transfer: Text.nullable(),
    timer: Text.nullable(),
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: {},
}

const EXPIRE = 'payward.top-up-expires'
const TTL_MS = 24 * 3600 * 1000

const Input = z.object({
  asset: z.object({ symbol: z.string(), type: z.enum(ASSET_TYPES), amount: z.string().optional() }),
  via: z.string(),
})

export function createDeposit(call: PaywardCall, world: World): Answer {
  const account = call.params.account_id!
  const { asset: asked, via } = Input.parse(call.content.kind === 'json' ? call.content.value : {})
  // rule: payward.topups.order
  const asset = findAsset(asked.symbol, asked.type, call, world)
  checkRail(asset, via, world)
  const atoms = amountIn(asset, asked.amount ?? '', 'asset.amount')

  const seq = world.next('payward.top-ups')
  const draw = world.draw('payward top-up', seq)
  const id = `dep_${draw.base32(20)}`
  const inbound = makeInbound(account, asset, via, { purpose: 'top-up', owner: id }, world)
  const expiresAt = world.now + TTL_MS
  // rule: payward.topups.expiry
  const timer =
    inbound.address === null
      ? null
      : world.clock.schedule({
          at: expiresAt,
          provider: 'payward',
          kind: 'window',
          reaction: EXPIRE,
          args: id,
          summary: `top-up ${id} expires`,
        }).id
  const row = world.put(TopUps, {
    id,
    seq,
    account,
    status: 'pending',
    sum: { symbol: asset.symbol, type: asset.type, atoms: atoms.toString() },
    reference: inbound.address === null ? `PWS-DEP-${draw.base32(6)}` : null,
    createdAt: world.now,
    expiresAt,
    transfer: null,
    timer,
  })
  return ok(topUpShown(row, world))
}

// rule: payward.topups.item
export function topUpShown(row: TopUpRow, world: World) {
  const { id, status, account, sum, reference, createdAt } = row
  return {
    id,
    status,
    account,
    asset: sumShown(sum, world),
    ...(reference !== null && { reference }),
    inbound: inboundShown(world.first(Inbounds, 'byOwner', id)!, reference, world),
    created_at: time(createdAt),
  }
}

export const topUpReactions: Readonly<Record<string, Reaction>> = {
  [EXPIRE]: {
    table: TopUps,
    run: (id: string, world: World) => {
      const row = world.get(TopUps, id)!
      const over = row.status === 'pending'
      world.put(TopUps, { ...row, timer: null, ...(over && { status: 'expired' as const }) })
      return over ? `top-up ${id} has expired` : `top-up ${id} is ${row.status}`
    },
  },
}

/** What a transfer to its endpoint does to a top-up. Only inside a change. */
// rule: payward.topups.states, rule: payward.topups.amount
export function topUpStep(
  id: string,
  step: 'received' | 'credited' | 'gone',
  sum: Sum & { readonly transfer: string },
  world: World,
): string {
  const row = world.get(TopUps, id)
  if (!row) return `there is no top-up ${id}: the money only reaches the balance`
  const exactly = world.assumes('payward.topups.amount') === 'exact'
  const fits = sum.symbol === row.sum.symbol && sum.type === row.sum.type && (!exactly || sum.atoms === row.sum.atoms)
  const waits = row.status === 'pending' && fits
  if (step === 'received' && waits) return become({ ...row, status: 'received', transfer: sum.transfer }, world)
  // A bank may credit more than once, and every time under the same name.
  if (step === 'received' || row.transfer !== sum.transfer)
    return `top-up ${id} stays ${row.status}: this is no money that it waits for`
  if (step === 'credited') return become({ ...row, status: 'credited' }, world)
  return become({ ...row, status: world.now < row.expiresAt ? 'pending' : 'expired', transfer: null }, world)
}

function become(row: TopUpRow, world: World): string {
  return `top-up ${world.put(TopUps, row).id} is ${row.status}`
}
