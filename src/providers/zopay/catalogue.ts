// The assets, networks and scopes Zopay is known to have, and the keys every world starts with.
import { z } from 'zod'
import type { Chain } from '../../world/addresses.ts'
import { atomsOf } from '../../text/decimals.ts'
import type { NetworkName } from '../../world/networks.ts'

export interface Network {
  readonly chain: Chain
  readonly on: NetworkName
  /** Required confirmations. */
  readonly threshold: number
}

/** By name, in the order in which an intent lists them. */
// rule: zopay.deposits.threshold
export const NETWORKS: Readonly<Record<string, Network>> = {
  ethereum: { chain: 'evm', on: 'ethereum', threshold: 12 },
  solana: { chain: 'solana', on: 'solana', threshold: 32 },
}

export const ASSETS = ['USDT', 'XAUT'] as const

/** Of Zopay's assets, and of what payers send by mistake. */
export const DECIMALS: Readonly<Record<string, number>> = { USDT: 6, XAUT: 6, USDC: 6, ETH: 18, SOL: 9 }

/** An asset on a network that an organisation may use. */
export interface Pair {
  readonly asset: string
  readonly network: string
}

const PAIRS: readonly Pair[] = ASSETS.flatMap((asset) => Object.keys(NETWORKS).map((network) => ({ asset, network })))

export const SCOPES = [
  'addresses:read',
  'addresses:write',
  'payment_intents:read',
  'payment_intents:write',
  'transactions:read',
  'balances:read',
  'payouts:read',
  'payouts:write',
  'events:read',
  'events:write',
] as const

export type Scope = (typeof SCOPES)[number]

/** What each operation asks for. */
export const SCOPE_OF: Readonly<Record<string, Scope>> = {
  createAddress: 'addresses:write',
  listAddresses: 'addresses:read',
  getAddress: 'addresses:read',
  createPaymentIntent: 'payment_intents:write',
  listPaymentIntents: 'payment_intents:read',
  getPaymentIntent: 'payment_intents:read',
  simulateDeposit: 'payment_intents:write',
  listTransactions: 'transactions:read',
  getTransaction: 'transactions:read',
  getBalances: 'balances:read',
  getUserBalances: 'balances:read',
  createPayoutQuote: 'payouts:write',
  createPayout: 'payouts:write',
  getPayout: 'payouts:read',
  listEvents: 'events:read',
  getEvent: 'events:read',
  replayEvent: 'events:write',
  listWebhookDeliveries: 'events:read',
}

const Key = z.strictObject({
  // A dot would begin the name of a world. Live keys have no place in a config file.
  id: z.string().regex(/^sk_test_[\w-]+$/, 'expected sk_test_ followed by letters, digits, _ or -'),
  scopes: z.array(z.enum(SCOPES)).default([...SCOPES]),
  ratePerMinute: z.int().positive().optional(),
})

const OneOfNetworks = z.enum(Object.keys(NETWORKS) as [string, ...string[]])

/** The fiat currencies that an organisation may enable. */
const FIATS = ['usd', 'pen'] as const

const Account = z.strictObject({
  keys: z.array(Key),
  /** Asked of live keys only. */
  approved: z.boolean().default(true),
  pairs: z.array(z.strictObject({ asset: z.enum(ASSETS), network: OneOfNetworks })).default([...PAIRS] as never),
  fiats: z.array(z.enum(FIATS)).default([...FIATS]),
})

const READ_ONLY = SCOPES.filter((scope) => scope.endsWith(':read'))

const DEMO_ACCOUNTS: Readonly<Record<string, z.input<typeof Account>>> = {
  org_demo: { keys: [{ id: 'sk_test_sandgate_demo' }, { id: 'sk_test_sandgate_readonly', scopes: READ_ONLY }] },
  org_other: { keys: [{ id: 'sk_test_sandgate_other' }] },
}

export const DEMO = Object.entries(DEMO_ACCOUNTS).flatMap(([account, { keys }]) =>
  keys.map(({ id, scopes }) => ({ account, key: id, ...(scopes && { note: 'read scopes only' }) })),
)

/** The caller: a key without its text, so that no key is ever stored. */
export interface Caller {
  readonly org: string
  /** Which of the organisation's keys: `org_demo/0`. */
  readonly key: string
  readonly livemode: boolean
  readonly scopes: readonly string[]
  readonly approved: boolean
  readonly pairs: readonly Pair[]
  /** In which its balances are valued. */
  readonly fiats: readonly string[]
  readonly ratePerMinute: number | undefined
}

/** A way from a user's balance to an address. */
export interface Route {
  readonly from: string
  readonly to: string
  /** US cents. */
  readonly fee: number
  readonly seconds: number
}

// rule: zopay.payouts.fees
const ROUTES: readonly Route[] = [
  { from: 'solana', to: 'solana', fee: 50, seconds: 30 },
  { from: 'ethereum', to: 'ethereum', fee: 300, seconds: 180 },
  { from: 'solana', to: 'ethereum', fee: 450, seconds: 300 },
  { from: 'ethereum', to: 'solana', fee: 500, seconds: 420 },
]

const Payouts = z.strictObject({
  broadcastSeconds: z.int().nonnegative().default(5),
  routes: z
    .array(
      z.strictObject({
        from: OneOfNetworks,
        to: OneOfNetworks,
        fee: z.string().regex(/^\d{1,9}(\.\d{1,2})?$/, 'expected US dollars in quotes, with at most two places'),
        seconds: z.int().positive(),
      }),
    )
    .default([]),
})

/** Those of the config file in place of Sandgate's own; of two for the same way the last one. */
function routesOf(given: z.output<typeof Payouts>['routes']): readonly Route[] {
  const own = new Map(given.map((route) => [`${route.from} ${route.to}`, route]))
  return ROUTES.map((route) => {
    const instead = own.get(`${route.from} ${route.to}`)
    return instead ? { ...instead, fee: Number(atomsOf(instead.fee, 2)) } : route
  })
}

/** What a config file may say under `providers.zopay`; accounts are added to the demo ones, one of the same name replaces it. */
export const Settings = z
  .strictObject({
    accounts: z.record(z.string(), Account).default({}),
    liveKeys: z.enum(['refuse', 'serve']).default('refuse'),
    payouts: Payouts.prefault({}),
  })
  .transform(({ accounts, liveKeys, payouts: { broadcastSeconds, routes } }) => {
    const all = { ...z.record(z.string(), Account).parse(DEMO_ACCOUNTS), ...accounts }
    const keys = Object.entries(all).flatMap(([org, { keys, approved, pairs, fiats }]) =>
      keys.map(({ id, scopes, ratePerMinute }, index): [string, Caller] => [
        id,
        { org, key: `${org}/${index}`, livemode: false, scopes, approved, pairs, fiats, ratePerMinute },
      ]),
    )
    const payouts = { broadcastMs: broadcastSeconds * 1000, routes: routesOf(routes) }
    return { liveKeys, payouts, keys: new Map(keys), organisations: Object.keys(all) }
  })

export type Settings = z.output<typeof Settings>

/** The account of a key; undefined: the key is unknown. */
export function callerOf(key: string, { keys, liveKeys }: Settings): Caller | undefined {
  if (!key.startsWith('sk_live_')) return keys.get(key)
  // rule: zopay.auth.live-keys
  if (liveKeys === 'refuse') return undefined
  const twin = keys.get(key.replace('sk_live_', 'sk_test_')) ?? [...keys.values()][0]
  return twin && { ...twin, livemode: true }
}
