// Deposit addresses: when one is created or shared, how many may be unused at once, and when the oldest unused one expires.
import { z } from 'zod'
import { type Answer, type Reaction, Refusal, type Windows } from '../../provider.ts'
import { NETWORKS as CHAINS } from '../../world/networks.ts'
import { Count, Flag, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { HandOut, World } from '../../world/world.ts'
import { isStopped } from './asset-states.ts'
import { type Asset, ASSET_TYPES, METHODS, type Method, methodsOf, NETWORKS, type Settings } from './catalogue.ts'
import { findAsset } from './methods.ts'
import { type Paging, readToken, writeToken } from './pages.ts'
import { ok, page, type PaywardCall, time } from './wire.ts'

const EXPIRY_MS = 7 * 24 * 3600 * 1000
/** Tags are drawn until one is free; among as many as fit into ten digits the first one nearly always is. */
const TAG_DRAWS_MAX = 64

interface AddressRow {
  readonly id: string
  /** In order of making, over all accounts. */
  readonly seq: number
  readonly account: string
  /** The method that stores it; tokens of the network show it too. */
  readonly method: string
  readonly address: string
  readonly tag: string | null
  /** A deposit has arrived. */
  readonly used: boolean
  /** World ms; null: for ever. */
  readonly expiresAt: number | null
  /** Expired: shown no more. */
  readonly gone: boolean
}

export const Addresses: Table<AddressRow> = {
  name: 'payward.addresses',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    method: oneOf(METHODS.map(({ id }) => id)),
    address: Text,
    tag: Text.nullable(),
    used: Flag,
    expiresAt: Moment.nullable(),
    gone: Flag,
  }),
  indexes: {
    live: { group: (row) => (row.gone ? undefined : home(row.account, row.method)), order: (row) => row.seq },
    unused: {
      group: (row) => (row.gone || row.used ? undefined : home(row.account, row.method)),
      order: (row) => row.seq,
    },
    staying: {
      group: (row) => (row.expiresAt === null ? home(row.account, row.method) : undefined),
      order: (row) => row.seq,
    },
    place: { group: (row) => place(row.address, row.tag), order: (row) => row.seq },
  },
}

/** What a limit counts: an account's addresses of one method. */
// rule: payward.limit.scope
function home(account: string, method: string): string {
  return `${account}/${method}`
}

function place(address: string, tag: string | null): string {
  return JSON.stringify([address, tag])
}

// rule: payward.assets.type-default
const AssetType = z.enum(ASSET_TYPES).optional()

const Input = z.object({ method_id: z.string().toLowerCase(), asset_symbol: z.string(), asset_type: AssetType })

export function createDepositAddress(call: PaywardCall, world: World): Answer {
  const account = call.params.account_id!
  const input = Input.parse(call.content.kind === 'json' ? call.content.value : {})
  const asset = findAsset(input.asset_symbol, input.asset_type, call, world)
  // rule: payward.addresses.crypto-only
  if (asset.type === 'fiat') throw new Refusal('fiat_not_offered', {}, 'only crypto can be deposited')
  const method = findMethod(asset, input.method_id)
  // rule: payward.addresses.disabled
  if (isStopped(method, 'deposit', world)) throw new Refusal('DepositDisabled')

  const shared = method.storedBy === method.id ? undefined : sharedAddress(call, account, method, world)
  const row =
    shared ??
    newAddress(
      call,
      account,
      METHODS.find(({ id }) => id === method.storedBy)!,
      world,
    )
  const { address, tag } = row
  const { network } = method
  // rule: payward.deposits.tag
  world.handOut({
    provider: 'payward',
    account,
    user: null,
    network,
    currency: asset.symbol,
    address,
    tag,
    reference: row.id,
  })
  // rule: payward.addresses.answer, rule: payward.addresses.name, rule: payward.addresses.is-new, rule: payward.addresses.expire-time
  return ok(
    {
      address,
      name: network,
      tag,
      memo: null,
      expire_time: row.expiresAt === null ? null : time(row.expiresAt),
      is_new: shared === undefined,
    },
    // rule: payward.addresses.status
    Number(world.assumes('payward.addresses.status')),
  )
}

// rule: payward.addresses.method, rule: payward.addresses.method-unknown
function findMethod(asset: Asset, id: string): Method {
  const methods = methodsOf(asset)
  const method = methods.find((one) => one.id === id)
  if (method) return method
  const known = methods.map((one) => `${one.id} (${one.network})`).join(', ')
  throw new Refusal('NoFundingMethod', {}, `methods of ${asset.symbol}: ${known || 'none'}`)
}

/** A token is paid to the address of its network's own coin, the oldest one that stays. */
function sharedAddress(call: PaywardCall, account: string, method: Method, world: World): AddressRow | undefined {
  // rule: payward.addresses.shared
  call.because('payward.addresses.shared')
  const row = world.first(Addresses, 'staying', home(account, method.storedBy))
  if (row) call.note('address', `shared: the account's existing address for ${method.network}`)
  return row
}

function newAddress(call: PaywardCall, account: string, method: Method, world: World): AddressRow {
  const { unusedAddresses } = world.settings<Settings>('payward')
  const group = home(account, method.id)
  // rule: payward.limit.unused
  call.because('payward.limit.unused')
  const unused = world.list(Addresses, 'unused', group, { limit: unusedAddresses })
  const hint = `${unused.length} addresses of this account and method have no deposit yet`
  if (unused.length >= unusedAddresses) throw new Refusal('TooManyDepositAddresses', {}, hint)

  // rule: payward.addresses.fresh
  const before = world.next(`payward.addresses/${group}`) - 1
  call.note('address', `new: ${before} earlier for this account and method`)
  const made = world.put(Addresses, {
    id: `${group}/${before}`,
    seq: world.next('payward.addresses'),
    account,
    method: method.id,
    ...whereTo(account, method, before, world),
    used: false,
    expiresAt: null,
    gone: false,
  })
  expireOldest(unused, made, unusedAddresses, world)
  return made
}

/** An address of its own, or the network's one address with a tag of its own. */
function whereTo(
  account: string,
  method: Method,
  before: number,
  world: World,
): { address: string; tag: string | null } {
  const { on, tagDigits } = NETWORKS[method.network]!
  const { chain } = CHAINS[on]
  if (tagDigits === undefined)
    return { address: world.address({ chain, name: ['payward', account, method.id, before] }), tag: null }
  // rule: payward.addresses.tag, rule: payward.addresses.tag-xrp, rule: payward.addresses.tag-xlm
  const address = world.address({ chain, name: ['payward', method.id] })
  const draw = world.draw('payward tag', account, method.id, before)
  for (let draws = 0; draws < TAG_DRAWS_MAX; draws++) {
    // Ten digits of an XRP tag have to fit into 32 bits.
    const tag = tagDigits === 10 ? String(1_000_000_000 + draw.below(2 ** 32 - 1_000_000_000)) : draw.digits(tagDigits)
    if (!world.first(Addresses, 'place', place(address, tag))) return { address, tag }
  }
  throw new Error(`no free tag for ${method.network} in ${TAG_DRAWS_MAX} draws`)
}

/** When there are more addresses than the limit, the oldest unused one expires after seven days. */
function expireOldest(unused: readonly AddressRow[], made: AddressRow, limit: number, world: World): void {
  // rule: payward.limit.expiry
  const live = world.list(Addresses, 'live', home(made.account, made.method), { limit: limit + 1 })
  const oldest = unused.find((row) => row.expiresAt === null)
  if (live.length <= limit || !oldest) return
  const expiresAt = world.now + EXPIRY_MS
  world.put(Addresses, { ...oldest, expiresAt })
  const summary = `the address ${oldest.address} expires`
  world.clock.schedule({
    provider: 'payward',
    kind: 'window',
    reaction: 'addressExpired',
    args: oldest.id,
    at: expiresAt,
    summary,
  })
}

/** An allocated address is shown for ever, unless it has to make room for others. */
export function windowsOf({ reference }: Pick<HandOut, 'reference'>, world: World): Windows {
  // rule: payward.limit.expiry
  const displayUntil = world.get(Addresses, reference)?.expiresAt ?? null
  return displayUntil === null ? {} : { displayUntil }
}

export const reactions: Readonly<Record<string, Reaction>> = {
  addressExpired: {
    table: Addresses,
    run: (id: string, world) => {
      world.put(Addresses, { ...world.get(Addresses, id)!, gone: true })
    },
  },
}

/** A deposit has reached the address: it makes room for another one. Answers whether it is the first one. */
export function markUsed(id: string, world: World): boolean {
  const row = world.get(Addresses, id)!
  // rule: payward.limit.used, rule: payward.limit.used-again
  world.put(Addresses, { ...row, used: true })
  return !row.used
}

/** Whether the address has expired and is no longer shown. */
export function isGone(id: string, world: World): boolean {
  return world.get(Addresses, id)!.gone
}

const PAGING: Paging = { label: 'after', prefix: '', field: 'page_token' }

const Filter = z.object({
  asset_symbol: z.string(),
  asset_type: AssetType,
  method_id: z.string().toLowerCase().optional(),
  page_size: z.number().default(25),
  page_token: z.string().optional(),
  cursor: z.string().optional(),
})

export function listDepositAddresses(call: PaywardCall, world: World): Answer {
  // rule: payward.list.filters
  const filter = Filter.parse(call.queryValues)
  const asset = findAsset(filter.asset_symbol, filter.asset_type, call, world)
  const methods = filter.method_id === undefined ? methodsOf(asset) : [findMethod(asset, filter.method_id)]
  const after = readToken(PAGING, filter.page_token ?? filter.cursor) ?? 0
  // rule: payward.list.order, rule: payward.list.shared
  const found = methods
    .flatMap((method) => liveAfter(call.params.account_id!, method, after, filter.page_size + 1, world))
    .sort((a, b) => a.row.seq - b.row.seq)
  const shown = found.slice(0, filter.page_size)
  // rule: payward.list.pages
  return page(
    shown.map(({ row, method }) => rowShown(row, method, asset)),
    found.length > shown.length ? writeToken(PAGING, shown.at(-1)!.row.seq) : null,
  )
}

function liveAfter(
  account: string,
  method: Method,
  seq: number,
  limit: number,
  world: World,
): { row: AddressRow; method: Method }[] {
  const rows = world.list(Addresses, 'live', home(account, method.storedBy), {
    after: { order: seq, key: '\uffff' },
    limit,
  })
  return rows.map((row) => ({ row, method }))
}

// rule: payward.list.item
function rowShown(row: AddressRow, method: Method, { symbol, type }: Asset) {
  return {
    asset: { symbol, type },
    method: { id: method.id, name: method.network },
    address: row.address,
    tag: row.tag,
    memo: null,
    expire_time: row.expiresAt === null ? null : time(row.expiresAt),
  }
}
