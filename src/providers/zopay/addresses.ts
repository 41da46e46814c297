// Deposit addresses: one primary address per user (or the treasury), asset and network; a repeated call returns it.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { ASSETS, type Caller, NETWORKS, type Pair } from './catalogue.ts'
import { type Listed, listedFields, listedIndexes, ofCaller, page } from './pages.ts'
import { ok, time, uuidIn, type ZopayCall } from './wire.ts'

export interface AddressRow extends Listed, Pair {
  readonly id: string
  readonly address: string
  readonly label: string | null
  /** World ms. */
  readonly createdAt: number
}

export const Addresses: Table<AddressRow> = {
  name: 'zopay.addresses',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    ...listedFields,
    asset: Text,
    network: oneOf(Object.keys(NETWORKS)),
    address: Text,
    label: Text.nullable(),
    createdAt: Moment,
  }),
  indexes: listedIndexes,
}

interface Input extends Pair {
  readonly external_ref?: string | null
  readonly label?: string | null
}

export function createAddress(call: ZopayCall, world: World): Answer {
  const input = (call.content as { value: Input }).value
  const pair = findPair(input.asset, input.network, call.caller)
  const known = ensurePrimaryAddress(call, pair, input.external_ref ?? null, world)
  // rule: zopay.addresses.label
  const row =
    input.label == null || input.label === known.label ? known : world.put(Addresses, { ...known, label: input.label })
  world.handOut({
    provider: 'zopay',
    account: row.org,
    user: row.externalRef,
    network: row.network,
    currency: row.asset,
    address: row.address,
    tag: null,
    reference: row.id,
  })
  return ok(view(row))
}

/** The asset first, then the network, then whether the organisation may use the two together. */
function findPair(asset: string, network: string, caller: Caller): Pair {
  const pair = { asset: assetOf(asset), network: networkOf(network) }
  // rule: zopay.addresses.pair-disabled
  if (!caller.pairs.some((row) => row.asset === pair.asset && row.network === pair.network))
    throw new Refusal('unsupported_asset_network')
  return pair
}

/** The code as Zopay writes it. */
export function assetOf(text: string): string {
  // rule: zopay.addresses.case
  const asset = ASSETS.find((code) => code === text.toUpperCase())
  // rule: zopay.addresses.unsupported
  if (!asset) throw new Refusal('unsupported_asset', {}, `known assets: ${ASSETS.join(', ')}`)
  return asset
}

/** The code as Zopay writes it. */
export function networkOf(text: string): string {
  const network = text.toLowerCase()
  if (!Object.hasOwn(NETWORKS, network))
    throw new Refusal('unsupported_network', {}, `known networks: ${Object.keys(NETWORKS).join(', ')}`)
  return network
}

/** Gets or creates: the id is a function of the address's owner, so a second call finds the row. */
function ensurePrimaryAddress(
  call: ZopayCall,
  { asset, network }: Pair,
  externalRef: string | null,
  world: World,
): AddressRow {
  // rule: zopay.addresses.one-primary
  call.because('zopay.addresses.one-primary')
  const { org, livemode } = call.caller
  // rule: zopay.addresses.treasury, rule: zopay.addresses.empty-ref, rule: zopay.addresses.exact-ref
  const holder = externalRef === null ? ['treasury'] : ['user', externalRef]
  // rule: zopay.addresses.deterministic, rule: zopay.tenancy.users
  const name = ['zopay', org, ...(livemode ? ['live'] : []), ...holder, asset, network]
  const id = idOf(
    Buffer.from(
      world
        .draw('address', ...name)
        .uuid()
        .replaceAll('-', ''),
      'hex',
    ),
  )
  const known = world.get(Addresses, id)
  call.note('address', `${holder[0]}: ${known ? 'the existing primary address' : 'new primary address'}`)
  if (known) return known
  return world.put(Addresses, {
    id,
    seq: world.next('zopay.addresses'),
    org,
    livemode,
    externalRef,
    asset,
    network,
    address: world.address({ chain: NETWORKS[network]!.chain, name }),
    label: null,
    createdAt: world.now,
  })
}

/** `addr_` and the sixteen bytes of a UUID in base64url. */
// rule: zopay.addresses.id
function idOf(uuid: Buffer): string {
  return `addr_${uuid.toString('base64url')}`
}

/** The UUID inside an id, by which events name the address. */
export function uuidOf({ id }: AddressRow): string {
  return uuidIn(Buffer.from(id.slice('addr_'.length), 'base64url').toString('hex'))!
}

export function getAddress(call: ZopayCall, world: World): Answer {
  const id = call.params.address_id!
  // rule: zopay.addresses.malformed-id
  if (!/^addr_[A-Za-z0-9_-]{22}$/.test(id)) throw new Refusal('invalid_address_id')
  const row = world.get(Addresses, idOf(Buffer.from(id.slice('addr_'.length), 'base64url')))
  // rule: zopay.addresses.foreign, rule: zopay.tenancy.modes
  if (!row || row.org !== call.caller.org || row.livemode !== call.caller.livemode)
    throw new Refusal('address_not_found')
  return ok(view(row))
}

export function listAddresses(call: ZopayCall, world: World): Answer {
  // rule: zopay.addresses.list-filters
  const { asset, network } = call.queryValues as { asset?: string; network?: string }
  const wantedAsset = asset === undefined ? undefined : assetOf(asset)
  const wantedNetwork = network === undefined ? undefined : networkOf(network)
  const wanted = (row: AddressRow) =>
    (wantedAsset ?? row.asset) === row.asset && (wantedNetwork ?? row.network) === row.network
  return page(call, { table: Addresses, among: ofCaller(call), wanted, view }, world)
}

function view(row: AddressRow): object {
  return {
    // rule: zopay.addresses.shape
    id: row.id,
    object: 'address',
    address: row.address,
    asset: row.asset,
    network: row.network,
    // rule: zopay.addresses.treasury-omits-ref
    ...(row.externalRef !== null && { external_ref: row.externalRef }),
    label: row.label,
    livemode: row.livemode,
    created_at: time(row.createdAt),
  }
}
