// The currencies AlphaPo is known to have, and the merchants every world starts with. Codes, networks and minimum deposits are those of its pages and of
// its sibling's; the ids of BTC, ETH and USDC are documented, the others are ours.
import { z } from 'zod'
import { KeyId } from '../../provider.ts'
import { ClientAddresses } from '../../text/client-addresses.ts'
import type { Chain } from '../../world/addresses.ts'
import type { NetworkName } from '../../world/networks.ts'

export interface Currency {
  readonly id: number
  readonly currency: string
  readonly network: NetworkName
  /** Undefined for Lightning, which has invoices instead of addresses. */
  readonly chain: Chain | undefined
  /** Whether payments carry a destination tag beside the address. */
  readonly tagged: boolean
  /** The smallest deposit, 8 decimals. */
  readonly minimum: string
  readonly precision: number
  /** How finely it can be sent on its chain; AlphaPo tells 8 decimals. */
  readonly decimals: number
}

/** id, code, network, minimum deposit, precision, decimals where they do not follow; the network says the rest. */
type Row = readonly [
  id: number,
  currency: string,
  network: keyof typeof NETWORKS,
  minimum: string,
  precision: number,
  decimals?: number,
]

/** Where addresses look alike, and after how many confirmations a deposit is credited. */
// rule: alphapo.deposits.confirmations
export const NETWORKS = {
  bitcoin: { chain: 'bitcoin', confirmations: 1 },
  lightning: { chain: undefined, confirmations: 0 },
  litecoin: { chain: 'litecoin', confirmations: 6 },
  'bitcoin-cash': { chain: 'bitcoin-cash', confirmations: 6 },
  dogecoin: { chain: 'dogecoin', confirmations: 6 },
  cardano: { chain: 'cardano', confirmations: 15 },
  xrp: { chain: 'xrp', confirmations: 1 },
  solana: { chain: 'solana', confirmations: 32 },
  tron: { chain: 'tron', confirmations: 19 },
  ethereum: { chain: 'evm', confirmations: 10 },
  bsc: { chain: 'evm', confirmations: 25 },
  polygon: { chain: 'evm', confirmations: 128 },
  arbitrum: { chain: 'evm', confirmations: 10 },
  base: { chain: 'evm', confirmations: 10 },
} as const satisfies Partial<Record<NetworkName, { readonly chain: Chain | undefined; readonly confirmations: number }>>

// rule: alphapo.currencies.codes
const ROWS: readonly Row[] = [
  [1, 'BTC', 'bitcoin', '0.00010000', 8],
  [2, 'LTC', 'litecoin', '0.01000000', 8],
  [3, 'BCH', 'bitcoin-cash', '0.00100000', 8],
  [4, 'DOGE', 'dogecoin', '1.00000000', 8],
  [5, 'ETH', 'ethereum', '0.01000000', 8],
  [6, 'XRP', 'xrp', '0.00100000', 6],
  [7, 'ADA', 'cardano', '2.00000000', 6],
  [8, 'TRX', 'tron', '10.00000000', 6],
  [9, 'BNB', 'bsc', '0.01000000', 8],
  [10, 'CSC', 'xrp', '1.00000000', 6],
  [11, 'SOL', 'solana', '0.01000000', 8, 9],
  [12, 'POL', 'polygon', '1.00000000', 8],
  [13, 'BTCLN', 'lightning', '0.00001000', 8],
  [14, 'ETHA', 'arbitrum', '0.01000000', 8],
  [15, 'ETHBASE', 'base', '0.01000000', 8],
  [80, 'USDTE', 'ethereum', '5.00000000', 6],
  [81, 'USDTT', 'tron', '2.00000000', 6],
  [82, 'USDTB', 'bsc', '5.00000000', 8],
  [87, 'USDC', 'ethereum', '5.00000000', 6],
  [88, 'USDCE', 'ethereum', '5.00000000', 6],
  [89, 'USDCA', 'arbitrum', '5.00000000', 6],
  [90, 'USDCBASE', 'base', '5.00000000', 6],
  [91, 'USDCS', 'solana', '5.00000000', 6],
  [92, 'USDGE', 'ethereum', '5.00000000', 6],
  [93, 'USDGS', 'solana', '5.00000000', 6],
  [94, 'EURCE', 'ethereum', '5.00000000', 6],
  [95, 'EURCBASE', 'base', '5.00000000', 6],
  [96, 'EURCS', 'solana', '5.00000000', 6],
  [97, 'EURS', 'ethereum', '0.01000000', 2],
  [98, 'WBTC', 'ethereum', '0.00010000', 8, 8],
  [99, 'DAI', 'ethereum', '5.00000000', 8],
  [100, 'BRZ', 'ethereum', '0.01000000', 4],
  [101, 'VERSE', 'ethereum', '10000.00000000', 8],
  [102, 'XED', 'ethereum', '0.01000000', 8],
  [103, 'CPD', 'ethereum', '0.01000000', 8],
  [104, 'SNACK', 'bsc', '10.00000000', 8],
]

export const CURRENCIES: ReadonlyMap<string, Currency> = new Map(
  ROWS.map(([id, currency, network, minimum, precision, exact]) => {
    const { chain } = NETWORKS[network]
    // What has all eight decimals on an EVM network has eighteen there.
    const decimals = exact ?? (chain === 'evm' && precision === 8 ? 18 : precision)
    return [currency, { id, currency, network, chain, tagged: network === 'xrp', minimum, precision, decimals }]
  }),
)

/** What AlphaPo keeps of a deposit, 6 decimals: one percent is 0.010000. */
export const DEPOSIT_FEE = '0.008000'

/** What it keeps of a withdrawal, 6 decimals: nothing. */
export const WITHDRAWAL_FEE = '0.000000'

/** The largest Lightning invoice, 8 decimals. */
// rule: alphapo.lightning.maximum
export const LIGHTNING_MAXIMUM = '0.04500000'

const FIRST_FIAT_ID = 201

/** What deposits can be converted into beside crypto; in the order of their ids. */
export const FIAT: readonly string[] = [
  'EUR',
  'USD',
  'GBP',
  'ARS',
  'AUD',
  'AZN',
  'BDT',
  'BRL',
  'CAD',
  'CHF',
  'CLP',
  'CNY',
  'CZK',
  'GEL',
  'HUF',
  'IDR',
  'ILS',
  'INR',
  'JPY',
  'KGS',
  'KRW',
  'KZT',
  'LKR',
  'MDL',
  'MXN',
  'MYR',
  'NGN',
  'NOK',
  'NPR',
  'NZD',
  'PEN',
  'PHP',
  'PLN',
  'RUB',
  'SEK',
  'THB',
  'TJS',
  'TRY',
  'UAH',
  'VND',
  'ZAR',
]

export function fiatId(currency: string): number {
  return FIRST_FIAT_ID + FIAT.indexOf(currency)
}

const Key = z.strictObject({
  id: KeyId,
  secret: z.string().min(1),
  ratePerMinute: z.int().positive().optional(),
  ips: ClientAddresses.prefault([]),
})

/** Decimal text with at most 8 places. */
export const LimitAmount = z.string().regex(/^\d{1,20}(\.\d{1,8})?$/, 'expected decimal text with at most 8 places')

/** What may leave without anybody's approval. */
export const Limit = z.strictObject({
  operation: LimitAmount.optional(),
  hour: LimitAmount.optional(),
  day: LimitAmount.optional(),
})

/** What a merchant's withdrawals are held against before they are sent. */
const Limits = z.strictObject({
  /** `all`: somebody looks at every withdrawal. */
  review: z.enum(['limits', 'all']).default('limits'),
  /** In euros, for every currency that has no limits of its own. */
  default: Limit.optional(),
  currencies: z.partialRecord(z.enum([...CURRENCIES.keys(), ...FIAT] as [string, ...string[]]), Limit).default({}),
})

export type Limit = z.output<typeof Limit>
export type Limits = z.output<typeof Limits>

const Merchant = z.strictObject({
  keys: z.array(Key),
  /** What may be received; left out: every currency there is. */
  currencies: z.array(z.enum([...CURRENCIES.keys()] as [string, ...string[]])).optional(),
  /** Which withdrawals wait for approval; left out: none. */
  withdrawals: Limits.optional(),
})

const DEMO_MERCHANTS: Readonly<Record<string, z.input<typeof Merchant>>> = {
  demo: { keys: [{ id: 'alphapo_demo_key', secret: 'alphapo_demo_secret' }] },
  other: { keys: [{ id: 'alphapo_other_key', secret: 'alphapo_other_secret' }] },
}

export const DEMO = Object.entries(DEMO_MERCHANTS).flatMap(([account, { keys }]) =>
  keys.map(({ id, secret }) => ({ account, key: id, secret })),
)

/** What a config file may say under `providers.alphapo`; merchants are added to the demo ones, one of the same name replaces it. */
export const Settings = z
  .strictObject({
    addresses: z.enum(['testnet', 'mainnet']).default('testnet'),
    merchants: z.record(z.string(), Merchant).default({}),
  })
  .transform(({ addresses, merchants }) => {
    const all = { ...z.record(z.string(), Merchant).parse(DEMO_MERCHANTS), ...merchants }
    const keys = new Map(
      Object.entries(all).flatMap(([merchant, { keys }]) => keys.map((key) => [key.id, { ...key, merchant }] as const)),
    )
    return { testnet: addresses === 'testnet', merchants: all, keys }
  })

export type Settings = z.output<typeof Settings>
export type KeyRow = z.output<typeof Key> & { readonly merchant: string }
