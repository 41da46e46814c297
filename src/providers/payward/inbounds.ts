// Inbound endpoints: where money for a top-up, a conversion or a conversion rule is to be sent, an address or bank details of its own.
import { z } from 'zod'
import { Refusal } from '../../provider.ts'
import { NETWORKS as CHAINS } from '../../world/networks.ts'
import { Count, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { isDisabled, isStopped } from './asset-states.ts'
import { type Asset, METHODS, type Method, NETWORKS } from './catalogue.ts'
import { time } from './wire.ts'

export interface InboundRow {
  readonly id: string
  readonly seq: number
  readonly account: string
  readonly purpose: 'top-up' | 'conversion' | 'rule'
  /** The top-up, the conversion or the rule. */
  readonly owner: string
  readonly via: string
  /** Null: it is at a bank. */
  readonly address: string | null
  readonly createdAt: number
}

export const Inbounds: Table<InboundRow> = {
  name: 'payward.inbounds',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    purpose: oneOf(['top-up', 'conversion', 'rule']),
    owner: Text,
    via: Text,
    address: Text.nullable(),
    createdAt: Moment,
  }),
  indexes: { byOwner: { group: (row) => row.owner, order: (row) => row.seq } },
}

const FIAT_RAILS: Readonly<Record<string, readonly string[]>> = {
  USD: ['fedwire', 'ach', 'swift'],
  EUR: ['sepa', 'swift'],
  GBP: ['fps', 'swift'],
}

function methodVia({ symbol, type }: Asset, via: string): Method | undefined {
  return METHODS.find(
    (method) => method.symbol === symbol && method.type === type && method.network.toLowerCase() === via,
  )
}

/** Refuses a way that this asset does not come, at all or at the time. */
// rule: payward.inbound.rails
export function checkRail(asset: Asset, via: string, world: World): void {
  const { symbol, type } = asset
  const rails =
    type === 'fiat'
      ? (FIAT_RAILS[symbol] ?? [])
      : METHODS.filter((method) => method.symbol === symbol && method.type === type).map(({ network }) =>
          network.toLowerCase(),
        )
  const known = rails.filter((rail) => type === 'fiat' || !NETWORKS[methodVia(asset, rail)!.network]!.tagDigits)
  if (!known.includes(via))
    throw new Refusal(
      'UnsupportedRail',
      { data: { field: 'via' } },
      `${symbol} comes via ${known.join(', ') || 'none'}`,
    )
  const method = methodVia(asset, via)
  // rule: payward.inbound.disabled
  if (method ? isStopped(method, 'deposit', world) : isDisabled(asset, 'deposit', world))
    throw new Refusal('DepositDisabled')
}

/** Only inside a change. The rail has been checked. */
export function makeInbound(
  account: string,
  asset: Asset,
  via: string,
  { purpose, owner }: Pick<InboundRow, 'purpose' | 'owner'>,
  world: World,
): InboundRow {
  const seq = world.next('payward.inbounds')
  const draw = world.draw('payward inbound', seq)
  const method = methodVia(asset, via)
  const id = `${method ? 'da' : 'vacct'}_${draw.base32(20)}`
  const address = method
    ? world.address({ chain: CHAINS[NETWORKS[method.network]!.on].chain, name: ['payward', id] })
    : null
  const row = world.put(Inbounds, { id, seq, account, purpose, owner, via, address, createdAt: world.now })
  if (method && address !== null)
    world.handOut({
      provider: 'payward',
      account,
      user: null,
      network: method.network,
      currency: asset.symbol,
      address,
      tag: null,
      reference: id,
    })
  return row
}

// rule: payward.inbound.item
export function inboundShown(row: InboundRow, reference: string | null, world: World) {
  const { id, via, address, purpose, createdAt } = row
  return {
    id,
    via,
    status: 'active',
    lifecycle: purpose === 'rule' || address === null ? 'reusable' : 'single_use',
    ...(address === null ? { routing: routing(row, reference, world) } : { address }),
    ...(purpose === 'rule' && { conversion_rule_id: row.owner }),
    created_at: time(createdAt),
  }
}

function routing({ via, seq }: InboundRow, reference: string | null, world: World) {
  const draw = world.draw('payward bank', seq)
  const beneficiary_name = `Sandgate Demo${reference === null ? '' : ` (ref: ${reference})`}`
  if (via === 'sepa' || via === 'swift') return { iban: `XX00${draw.digits(16)}`, bic: 'SANDXX00', beneficiary_name }
  return { routing_number: draw.digits(9), account_number: draw.digits(10), beneficiary_name }
}
