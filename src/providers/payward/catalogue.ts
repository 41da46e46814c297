// The assets and deposit methods Payward is known to have, and the keys every world starts with. Ids that its documents show are theirs, the others
// are drawn once and stand here. Figures are those of its documents where they have any; contracts are public token data.
import { z } from 'zod'
import { KeyId } from '../../provider.ts'
import type { NetworkName } from '../../world/networks.ts'

export const ASSET_TYPES = ['fiat', 'crypto', 'stablecoin', 'xstock'] as const

export type AssetType = (typeof ASSET_TYPES)[number]

export interface Asset {
  readonly symbol: string
  readonly type: AssetType
  readonly name: string
}

/** One way to pay in one asset. */
export interface Method {
  readonly id: string
  readonly symbol: string
  readonly type: AssetType
  /** As it is shown: `Bitcoin`. */
  readonly network: string
  /** The method whose addresses this one shows: a token is paid to the address of its network's own coin. Its own id otherwise. */
  readonly storedBy: string
  readonly contract: string | null
  readonly minimum: string
  readonly maximum: string
}

export interface Network {
  readonly on: NetworkName
  readonly confirmations: string
  readonly estimate: string
  /** One address for everybody, and this many digits of a tag to tell them apart. */
  readonly tagDigits?: number
}

export const NETWORKS: Readonly<Record<string, Network>> = {
  Bitcoin: { on: 'bitcoin', confirmations: '3', estimate: '30 minutes' },
  Ethereum: { on: 'ethereum', confirmations: '30', estimate: '6 minutes' },
  Solana: { on: 'solana', confirmations: '1', estimate: 'Near-instant' },
  XRP: { on: 'xrp', confirmations: '1', estimate: 'Near-instant', tagDigits: 10 },
  Stellar: { on: 'stellar', confirmations: '1', estimate: 'Near-instant', tagDigits: 19 },
  Litecoin: { on: 'litecoin', confirmations: '12', estimate: '30 minutes' },
  Dogecoin: { on: 'dogecoin', confirmations: '40', estimate: '40 minutes' },
  Tron: { on: 'tron', confirmations: '20', estimate: '1 minute' },
}

/** Places of every amount. */
export const DECIMALS = 8

export const ASSETS: readonly Asset[] = [
  { symbol: 'BTC', type: 'crypto', name: 'Bitcoin' },
  { symbol: 'ETH', type: 'crypto', name: 'Ethereum' },
  { symbol: 'SOL', type: 'crypto', name: 'Solana' },
  { symbol: 'XRP', type: 'crypto', name: 'XRP' },
  { symbol: 'XLM', type: 'crypto', name: 'Stellar Lumens' },
  { symbol: 'LTC', type: 'crypto', name: 'Litecoin' },
  { symbol: 'DOGE', type: 'crypto', name: 'Dogecoin' },
  { symbol: 'TRX', type: 'crypto', name: 'Tron' },
  { symbol: 'USDC', type: 'stablecoin', name: 'USD Coin' },
  { symbol: 'USDT', type: 'stablecoin', name: 'Tether USD' },
  { symbol: 'TSLAx', type: 'xstock', name: 'Tesla xStock' },
  { symbol: 'AAPLx', type: 'xstock', name: 'Apple xStock' },
  { symbol: 'USD', type: 'fiat', name: 'US Dollar' },
  { symbol: 'EUR', type: 'fiat', name: 'Euro' },
  { symbol: 'GBP', type: 'fiat', name: 'British Pound' },
]

/** The contracts of xStocks on Ethereum. */
export const XSTOCK_TOKENS: Readonly<Record<string, string>> = {
  TSLAx: '0x8aD3c73F833d3F9A523aB01476625F269aEB7Cf0',
  AAPLx: '0x9d275685dC284C8eB1C79f6ABA7a63Dc75ec890a',
}

const BTC = 'b3a7d8b4-9f36-4c2e-9c1e-7b9e6f9a0a11'
const ETH = 'a001231f-488e-48c0-b36c-6e0d2c1ee247'
const SOL = '80be7f08-c104-493c-b99a-f52755a81265'
const XRP = '5e1c4a08-7a4a-4d74-9a81-2c9b7c28a1d2'
const XLM = '0ca7e211-4151-45c4-9676-5fdfabc84af8'
const LTC = 'c9e1882f-36ae-4959-bf93-6f0fff34afbb'
const DOGE = 'cd580f22-86c2-40b7-b6e3-7f006e8b3eaa'
const TRX = 'f2cab3cd-d3cd-438f-9317-0f6ed9d3626c'

// rule: payward.methods.ids
export const METHODS: readonly Method[] = [
  coin(BTC, 'BTC', 'Bitcoin', '0.0001', '50'),
  coin(ETH, 'ETH', 'Ethereum', '0.001', '1000'),
  coin(SOL, 'SOL', 'Solana', '0.01', '20000'),
  coin(XRP, 'XRP', 'XRP', '1', '1000000'),
  coin(XLM, 'XLM', 'Stellar', '1', '5000000'),
  coin(LTC, 'LTC', 'Litecoin', '0.01', '5000'),
  coin(DOGE, 'DOGE', 'Dogecoin', '4', '10000000'),
  coin(TRX, 'TRX', 'Tron', '4', '10000000'),
  // rule: payward.addresses.shared
  token('27ede8db-804b-4d91-8e25-46b7b9668730', 'USDC', 'Ethereum', ETH, '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48'),
  token('847e96d8-979a-437b-934f-1ec6dde43ba0', 'USDC', 'Solana', SOL, 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v'),
  token('291f812a-fcb9-4a66-9ca4-eadb6fa1c067', 'USDT', 'Ethereum', ETH, '0xdAC17F958D2ee523a2206206994597C13D831ec7'),
  token('30572fdf-7192-4f1d-a6e7-2e6b72aac49a', 'USDT', 'Solana', SOL, 'Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB'),
  token('2cb9687d-b304-43bc-8600-6200087db907', 'USDT', 'Tron', TRX, 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'),
]

function coin(id: string, symbol: string, network: string, minimum: string, maximum: string): Method {
  return { id, symbol, type: 'crypto', network, storedBy: id, contract: null, minimum, maximum }
}

function token(id: string, symbol: string, network: string, storedBy: string, contract: string): Method {
  return { id, symbol, type: 'stablecoin', network, storedBy, contract, minimum: '2', maximum: '5000000' }
}

export function methodsOf({ symbol, type }: Asset): readonly Method[] {
  return METHODS.filter((method) => method.symbol === symbol && method.type === type)
}

export const PERMISSIONS = ['funds.query', 'funds.deposit', 'funds.withdraw', 'trade', 'users'] as const

/** What each operation asks for, those without a model included; the others ask for none. */
export const PERMISSION_OF: Readonly<Record<string, (typeof PERMISSIONS)[number]>> = {
  listDepositMethods: 'funds.query',
  createDepositAddress: 'funds.deposit',
  listDepositAddresses: 'funds.query',
  listFundingTransactions: 'funds.query',
  getPortfolioSummary: 'funds.query',
  getPortfolioDetails: 'funds.query',
  listPortfolioHistory: 'funds.query',
  listPortfolioTransactions: 'funds.query',
  withdrawFunds: 'funds.withdraw',
  saveWithdrawalAddress: 'funds.withdraw',
  listWithdrawalAddresses: 'funds.query',
  listWithdrawalMethods: 'funds.query',
  validateWithdrawalAddress: 'funds.withdraw',
  renameWithdrawalAddress: 'funds.withdraw',
  deleteWithdrawalAddress: 'funds.withdraw',
  createDeposit: 'funds.deposit',
  createConversion: 'funds.withdraw',
  createConversionRule: 'funds.withdraw',
  listConversions: 'funds.query',
  getConversion: 'funds.query',
  createQuote: 'trade',
  executeQuote: 'trade',
  getQuote: 'funds.query',
  createOnchainQuote: 'trade',
  getOnchainQuote: 'funds.query',
  listOnchainQuotes: 'funds.query',
  createTransfer: 'funds.withdraw',
  cancelTransfer: 'funds.withdraw',
  listTransfers: 'funds.query',
  getTransfer: 'funds.query',
  createUser: 'users',
  createHeadlessUser: 'users',
  getUser: 'users',
  updateUser: 'users',
}

export function isBase64(text: string): boolean {
  return text !== '' && Buffer.from(text, 'base64').toString('base64') === text
}

const Secret = z.string().refine(isBase64, { message: 'expected base64 text' })

const Key = z.strictObject({
  id: KeyId,
  secret: Secret,
  /** In units of the nonce: 5000 is five seconds for a nonce in milliseconds. */
  nonceWindow: z.int().nonnegative().default(0),
  permissions: z.array(z.enum(PERMISSIONS)).default([...PERMISSIONS]),
  ratePerMinute: z.int().positive().optional(),
})

const Account = z.strictObject({
  keys: z.array(Key),
  ids: z.array(z.string().regex(/^[A-Za-z0-9-]{14,42}$/, 'expected 14 to 42 letters, digits or hyphens')),
})

type AccountSettings = z.input<typeof Account>

const DEMO_SECRET = 'c2FuZGdhdGUtcGF5d2FyZC1kZW1vLXNlY3JldC1mb3ItbG9jYWwtdGVzdGluZy1vbmx5LTAwMDAwMDAwMDE='
const OTHER_SECRET = 'c2FuZGdhdGUtcGF5d2FyZC1vdGhlci1zZWNyZXQtZm9yLWxvY2FsLXRlc3Rpbmctb25seS0wMDAwMDAwMDI='

export const DEMO_ACCOUNTS: Readonly<Record<string, AccountSettings>> = {
  demo: {
    keys: [
      { id: 'pws_demo_key', secret: DEMO_SECRET },
      { id: 'pws_window_key', secret: DEMO_SECRET, nonceWindow: 10_000_000_000 },
    ],
    ids: ['WDEMO5GATE2MAIN77', 'WDEMO5GATE2SECOND8'],
  },
  other: { keys: [{ id: 'pws_other_key', secret: OTHER_SECRET }], ids: ['WOTHER5GATE2MAIN7'] },
}

const DEMO_TAGS: Readonly<Record<string, string>> = {
  '@demo': 'WDEMO5GATE2MAIN77',
  '@second': 'WDEMO5GATE2SECOND8',
  '@other': 'WOTHER5GATE2MAIN7',
}

export const DEMO = Object.entries(DEMO_ACCOUNTS).flatMap(([account, { keys, ids }]) =>
  keys.map(({ id, secret, nonceWindow }) => ({
    account,
    key: id,
    secret,
    note: [`accounts ${ids.join(', ')}`, ...(nonceWindow ? ['a nonce window of ten seconds in nanoseconds'] : [])].join(
      '; ',
    ),
  })),
)

const Fee = z.string().regex(/^\d{1,9}(\.\d{1,8})?$/, 'expected decimal text with at most nine digits and eight places')

const Dollars = z.int().nonnegative().max(999_999_999)

/** What a config file may say under `providers.payward`; accounts are added to the demo ones, one of the same name replaces it. */
export const Settings = z
  .strictObject({
    accounts: z.record(z.string(), Account).default({}),
    /** How many addresses without a deposit an account may hold for one method. */
    unusedAddresses: z.int().positive().default(5),
    /** How long a price holds, seconds. */
    quoteSeconds: z.int().positive().default(30),
    /** The same for on-chain quotes. */
    onchainQuoteSeconds: z.int().positive().default(30),
    /** From a withdrawal being asked for to its transaction. */
    broadcastSeconds: z.int().nonnegative().default(30),
    /** What deposits cost, by the id of their method; all others are free. */
    depositFees: z
      .partialRecord(
        z.enum(METHODS.map(({ id }) => id)),
        z.strictObject({ fee: Fee.default('0'), addressSetupFee: Fee.default('0') }),
      )
      .default({}),
    /** How much an account may deposit, US dollars. */
    depositLimits: z
      .strictObject({
        day: Dollars.default(1_000_000),
        week: Dollars.default(5_000_000),
      })
      .prefault({}),
    /** Names that people have given accounts, for transfers: `@ann`. */
    tags: z.record(z.string().regex(/^@\S+$/, 'expected a tag such as @ann'), z.string()).default({}),
  })
  .transform(({ accounts, tags, ...rest }) => {
    const all = { ...z.record(z.string(), Account).parse(DEMO_ACCOUNTS), ...accounts }
    const keys = new Map(
      Object.entries(all).flatMap(([partner, { keys, ids }]) =>
        keys.map((key) => [key.id, { ...key, partner, ids }] as const),
      ),
    )
    return { ...rest, accounts: all, tags: { ...DEMO_TAGS, ...tags }, keys }
  })

export type Settings = z.output<typeof Settings>
export type KeyRow = z.output<typeof Key> & { readonly partner: string; readonly ids: readonly string[] }
