// Deposit addresses and deposit requests: which address a request gets, its display window, and when a pool address is reused.
import { z } from 'zod'
import { type Answer, Refusal, type Reaction, type Repeats, type Windows } from '../../provider.ts'
import { Count, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { HandOut, World } from '../../world/world.ts'
import { type Currency, NETWORKS, type Settings } from './catalogue.ts'
import { findCurrency } from './toggles.ts'
import { type CpgCall, ok, time } from './wire.ts'

/** An address that belongs to an account: sticky to one identifier for ever, or of the pool and idle now and then. */
interface AddressRow {
  readonly id: string
  readonly account: string
  readonly network: string
  readonly address: string
  readonly identifier: string | null
  /** Pool only, world ms: free to serve again since then; null while it serves a request. */
  readonly idleSince: number | null
}

export const Addresses: Table<AddressRow> = {
  name: 'cpg.addresses',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    account: Text,
    network: oneOf(Object.keys(NETWORKS)),
    address: Text,
    identifier: Text.nullable(),
    idleSince: Moment.nullable(),
  }),
  indexes: {
    idle: {
      group: (row) => (row.idleSince === null ? undefined : JSON.stringify([row.account, row.network])),
      order: (row) => row.idleSince!,
    },
  },
}

export interface RequestRow {
  readonly requestId: number
  readonly account: string
  readonly network: string
  readonly currency: string
  readonly identifier: string | null
  readonly address: string
  readonly addressId: string
  readonly status: 'active' | 'expired_for_display'
  /** World ms. */
  readonly createdAt: number
  readonly displayExpiresAt: number
}

export const Requests: Table<RequestRow> = {
  name: 'cpg.requests',
  key: (row) => String(row.requestId),
  schema: z.strictObject({
    requestId: Count,
    account: Text,
    network: oneOf(Object.keys(NETWORKS)),
    currency: Text,
    identifier: Text.nullable(),
    address: Text,
    addressId: Text,
    status: oneOf(['active', 'expired_for_display']),
    createdAt: Moment,
    displayExpiresAt: Moment,
  }),
  references: ({ addressId }) => [['addressId', Addresses, addressId]],
  indexes: { byAddress: { group: (row) => row.address, order: (row) => row.requestId } },
}

// rule: cpg.idempotency.scope, rule: cpg.idempotency.ignored-fields, rule: cpg.idempotency.forever
export const byIdempotencyKey: Repeats = {
  key: (call) => (call.content.kind === 'json' && call.content.value.idempotency_key) || undefined,
  scope: (call) => call.caller.id,
  // rule: cpg.idempotency.success-only
  keeps: (status) => status === 200,
  inFlight: 'wait',
  rules: ['cpg.idempotency.original'],
}

export function createDepositAddress(call: CpgCall, world: World): Answer {
  const { account } = call.caller
  const settings = world.settings<Settings>('cpg')
  const input = call.content.kind === 'json' ? call.content.value : {}
  const currency = findCurrency(input.currency, input.network, account, world)
  // rule: cpg.deposits.empty-text
  const identifier: string | null = input.user_identifier || null
  // rule: cpg.deposits.not-enabled
  if (!currency.deposit) throw new Refusal('deposits_not_enabled')

  const row =
    identifier === null
      ? poolAddress(call, account, currency, world)
      : stickyAddress(call, account, currency, identifier, world)
  const request = openRequest(row, currency, settings, world)
  world.handOut({
    provider: 'cpg',
    account,
    user: row.identifier,
    network: currency.network,
    currency: currency.currency,
    address: row.address,
    tag: null,
    reference: String(request.requestId),
  })
  return ok({
    // rule: cpg.deposits.request-id, rule: cpg.deposits.echo
    request_id: request.requestId,
    address: request.address,
    network: request.network,
    currency: request.currency,
    // rule: cpg.deposits.contract-address
    contract_address: currency.contract,
    user_identifier: request.identifier,
    display_expires_at: time(request.displayExpiresAt),
    created_at: time(request.createdAt),
  })
}

function stickyAddress(
  call: CpgCall,
  account: string,
  { network }: Currency,
  identifier: string,
  world: World,
): AddressRow {
  // rule: cpg.deposits.sticky, rule: cpg.deposits.sticky-not-by-currency, rule: cpg.deposits.no-cross-network
  call.because('cpg.deposits.sticky')
  const id = JSON.stringify([account, network, 'sticky', identifier])
  const known = world.get(Addresses, id)
  call.note('address', known ? 'sticky: the existing address of this identifier' : 'sticky: new for this identifier')
  if (known) return known
  const address = world.address({
    chain: NETWORKS[network]!.chain,
    name: ['cpg', account, network, 'sticky', identifier],
  })
  return world.put(Addresses, { id, account, network, address, identifier, idleSince: null })
}

function poolAddress(call: CpgCall, account: string, { network }: Currency, world: World): AddressRow {
  // rule: cpg.deposits.pool-reuse, rule: cpg.deposits.pool-same-account
  call.because('cpg.deposits.pool-reuse')
  const idle = world.first(Addresses, 'idle', JSON.stringify([account, network]))
  if (idle) {
    call.note('address', `pool: reused, idle since ${time(idle.idleSince!)}`)
    return world.put(Addresses, { ...idle, idleSince: null })
  }
  const position = world.next(JSON.stringify(['cpg.pool', account, network]))
  call.note('address', `pool: fresh, number ${position} of this account on ${network}`)
  const id = JSON.stringify([account, network, 'pool', position])
  const address = world.address({ chain: NETWORKS[network]!.chain, name: ['cpg', account, network, 'pool', position] })
  return world.put(Addresses, { id, account, network, address, identifier: null, idleSince: null })
}

function openRequest(
  row: AddressRow,
  { currency, network }: Currency,
  { windows }: Settings,
  world: World,
): RequestRow {
  // rule: cpg.deposits.windows
  const requestId = world.next('cpg.requests')
  const request: RequestRow = world.put(Requests, {
    requestId,
    account: row.account,
    network,
    currency,
    identifier: row.identifier,
    address: row.address,
    addressId: row.id,
    status: 'active',
    createdAt: world.now,
    displayExpiresAt: world.now + windows.display,
  })
  const window = (reaction: string, at: number, summary: string) =>
    world.clock.schedule({ at, provider: 'cpg', kind: 'window', reaction, args: requestId, summary })
  window('displayEnded', request.displayExpiresAt, `the display window of deposit request ${requestId} ends`)
  // rule: cpg.deposits.sticky-forever
  if (row.identifier === null) {
    window(
      'reuseAllowed',
      watchedUntil(request, windows),
      `the pool address of deposit request ${requestId} can be reused`,
    )
  }
  return request
}

export const reactions: Readonly<Record<string, Reaction>> = {
  displayEnded: {
    table: Requests,
    run: (requestId: number, world) => {
      // rule: cpg.requests.status
      world.put(Requests, { ...world.get(Requests, String(requestId))!, status: 'expired_for_display' })
    },
  },
  reuseAllowed: {
    table: Requests,
    run: (requestId: number, world) => {
      const { addressId } = world.get(Requests, String(requestId))!
      world.put(Addresses, { ...world.get(Addresses, addressId)!, idleSince: world.now })
    },
  },
}

/**
 * The request that money of this currency on this address belongs to: the newest one. A pool address serves one request at a time, so there
 * only the very newest can be it.
 */
export function newestRequest(
  address: string,
  network: string,
  currency: string,
  world: World,
): RequestRow | undefined {
  const [newest, ...older] = world.list(Requests, 'byAddress', address, { descending: true })
  if (newest?.network !== network) return undefined
  if (newest.identifier === null) return newest.currency === currency ? newest : undefined
  return [newest, ...older].find((row) => row.currency === currency)
}

/** The windows of an allocation: a sticky address is only shown for a while, a pool address goes on to serve others. */
// rule: cpg.deposits.windows
export function windowsOf({ reference }: Pick<HandOut, 'reference'>, world: World): Windows {
  const request = world.get(Requests, reference)
  if (!request) return {}
  const displayUntil = request.displayExpiresAt
  // rule: cpg.deposits.sticky-forever
  if (request.identifier !== null) return { displayUntil }
  const until = watchedUntil(request, world.settings<Settings>('cpg').windows)
  return { displayUntil, monitoredUntil: until, reuseFrom: until }
}

/** When the pool address of a request has served it, world ms: "through the reuse window", as the page says. */
function watchedUntil(request: RequestRow, windows: Settings['windows']): number {
  return request.createdAt + Math.max(windows.monitoring, windows.reuse)
}

/** Sticky addresses are watched for ever, a pool address while it serves a request: by the clock, because money may fall due before the timer of that instant. */
export function isWatched(request: RequestRow, world: World): boolean {
  return request.identifier !== null || world.now < watchedUntil(request, world.settings<Settings>('cpg').windows)
}
