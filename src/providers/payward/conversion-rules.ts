// Conversion rules: an endpoint at which everything of one asset that arrives is converted.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { Count, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { checkSwap, isStopped } from './asset-states.ts'
import { beginConverting, type Destination, DestinationSchema, makeConversion, Side, walletOf } from './conversions.ts'
import { checkRail, Inbounds, inboundShown, makeInbound } from './inbounds.ts'
import { findAsset } from './methods.ts'
import { amountIn, assetOf, type Sum, SumSchema } from './terms.ts'
import { lockOf } from './users.ts'
import { ok, type PaywardCall, time } from './wire.ts'

export interface RuleRow {
  readonly id: string
  readonly seq: number
  readonly account: string
  readonly name: string | null
  readonly status: 'active' | 'paused'
  /** What is converted: exactly so much, or with `atoms` 0 whatever arrives. */
  readonly given: Sum
  readonly wanted: Sum
  readonly destination: Destination
  readonly uses: number
  readonly createdAt: number
  readonly updatedAt: number
}

export const ConversionRules: Table<RuleRow> = {
  name: 'payward.conversion-rules',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    name: Text.nullable(),
    status: oneOf(['active', 'paused']),
    given: SumSchema,
    wanted: SumSchema,
    destination: DestinationSchema,
    uses: Count,
    createdAt: Moment,
    updatedAt: Moment,
  }),
  indexes: {},
}

export const DestinationInput = z.object({
  type: z.enum(['balance', 'external_wallet']),
  wallet_id: z.string().optional(),
  user_id: z.string().optional(),
})

const Input = z.object({
  name: z.string().optional(),
  status: z.enum(['active', 'paused']).default('active'),
  from: z.object({ asset: Side, via: z.string() }),
  to: z.object({ asset: Side.omit({ amount: true }), destination: DestinationInput }),
})

export function createConversionRule(call: PaywardCall, world: World): Answer {
  const account = call.params.account_id!
  const { name = null, status, from, to } = Input.parse(call.content.kind === 'json' ? call.content.value : {})
  // rule: payward.conversions.order
  const asset = findAsset(from.asset.symbol, from.asset.type, call, world)
  const other = findAsset(to.asset.symbol, to.asset.type, call, world)
  if (asset === other) throw wrong('to', 'must be another asset than from')
  checkSwap(asset, other, world)
  checkRail(asset, from.via, world)
  const atoms = from.asset.amount === undefined ? 0n : amountIn(asset, from.asset.amount, 'from.asset.amount')
  const wanted = { symbol: other.symbol, type: other.type, atoms: '0' }
  const destination = destinationAsked(to.destination, account, wanted, world)

  const seq = world.next('payward.conversion-rules')
  const id = `rule_${world.draw('payward conversion rule', seq).base32(20)}`
  makeInbound(account, asset, from.via, { purpose: 'rule', owner: id }, world)
  const row: RuleRow = world.put(ConversionRules, {
    id,
    seq,
    account,
    name,
    status,
    given: { symbol: asset.symbol, type: asset.type, atoms: atoms.toString() },
    wanted,
    destination,
    uses: 0,
    createdAt: world.now,
    updatedAt: world.now,
  })
  return ok(ruleShown(row, world))
}

export function wrong(field: string, why: string): Refusal {
  return new Refusal('invalid_request', { detail: `${field}: ${why}`, data: { field } })
}

/** Refuses a wallet that this asset cannot be sent to. */
export function destinationAsked(
  { type, wallet_id: wallet, user_id: user }: z.output<typeof DestinationInput>,
  account: string,
  wanted: Sum,
  world: World,
): Destination {
  const destination = { type, wallet: wallet ?? null, user: user ?? null }
  if (type === 'external_wallet' && wallet === undefined) throw wrong('to.destination.wallet_id', 'is required')
  const sent = type === 'external_wallet' ? walletOf({ account, wanted, destination }, world) : undefined
  if (type === 'external_wallet' && !sent) throw wrong('to.destination', `${wanted.symbol} cannot be sent to a wallet`)
  // rule: payward.conversions.disabled
  if (sent && isStopped(sent.method, 'withdraw', world)) throw new Refusal('WithdrawalDisabled')
  return destination
}

// rule: payward.conversions.rule-item
function ruleShown(row: RuleRow, world: World) {
  const inbound = world.first(Inbounds, 'byOwner', row.id)!
  const reference = ({ symbol, name, type }: ReturnType<typeof assetOf>) => ({ symbol, name, type })
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    current_uses: row.uses,
    from: { account: row.account, asset: reference(assetOf(row.given)), via: inbound.via },
    to: { asset: reference(assetOf(row.wanted)), destination: destinationShown(row.destination) },
    inbound: inboundShown(inbound, null, world),
    created_at: time(row.createdAt),
    updated_at: time(row.updatedAt),
  }
}

export function destinationShown({ type, wallet, user }: Destination) {
  return { type, ...(wallet !== null && { wallet_id: wallet }), ...(user !== null && { user_id: user }) }
}

/** Money has been credited at its endpoint. Only inside a change. */
// rule: payward.conversions.rule-fires
export function fireRule(id: string, sum: Sum, txid: string | null, world: World): string {
  const rule = world.get(ConversionRules, id)
  if (!rule) return `there is no rule ${id}: the money stays in the balance`
  const { account, given, wanted, destination, status } = rule
  const same = given.symbol === sum.symbol && given.type === sum.type
  if (!same || (given.atoms !== '0' && given.atoms !== sum.atoms))
    return `rule ${id} does not match: the money stays in the balance`
  if (status === 'paused') return `rule ${id} is paused: the money stays in the balance`
  if (lockOf(account, false, world)) return `rule ${id} rests while its user is locked: the money stays in the balance`
  world.put(ConversionRules, { ...rule, uses: rule.uses + 1, updatedAt: world.now })
  const row = makeConversion(
    {
      account,
      status: 'pending_deposit',
      source: 'external_wallet',
      rule: id,
      given: sum,
      wanted,
      quote: null,
      destination,
      transaction: null,
      depositTxid: txid,
    },
    world,
  )
  return `rule ${id}: ${beginConverting(row, sum, txid, world)}`
}
