// The networks and currencies CPG is known to have, and the keys every world starts with. Figures from its currencies page; those of BSC and TRX
// are public token data.
import { z } from 'zod'
import { KeyId } from '../../provider.ts'
import { ClientAddresses } from '../../text/client-addresses.ts'
import { durationMs } from '../../text/durations.ts'
import type { Chain } from '../../world/addresses.ts'
import type { NetworkName } from '../../world/networks.ts'

export interface Currency {
  readonly currency: string
  readonly network: string
  readonly name: string
  readonly contract: string | null
  readonly decimals: number
  readonly minDeposit: string
  readonly minWithdrawal: string
  readonly feeFlat: string
  /** Of the amount. */
  readonly feePercent: string
}

/** How many confirmations CPG waits for is not documented per network; these are usual figures. */
// rule: cpg.networks.min-confirmations
export const NETWORKS: Readonly<
  Record<
    string,
    {
      readonly chain: Chain
      readonly on: NetworkName
      readonly minConfirmations: number
      /** The coin that pays for transactions, and what one of them costs. */
      readonly native: string
      readonly gas: string
    }
  >
> = {
  ETH: { chain: 'evm', on: 'ethereum', minConfirmations: 12, native: 'ETH', gas: '0.002' },
  BSC: { chain: 'evm', on: 'bsc', minConfirmations: 15, native: 'BNB', gas: '0.0005' },
  TRX: { chain: 'tron', on: 'tron', minConfirmations: 20, native: 'TRX', gas: '15' },
}

export const CURRENCIES: readonly Currency[] = [
  {
    currency: 'USDT',
    network: 'ETH',
    name: 'Tether USD',
    contract: '0xdAC17F958D2ee523a2206206994597C13D831ec7',
    decimals: 6,
    minDeposit: '0',
    minWithdrawal: '10',
    feeFlat: '5',
    feePercent: '0',
  },
  {
    currency: 'USDC',
    network: 'ETH',
    name: 'USD Coin',
    contract: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
    decimals: 6,
    minDeposit: '0',
    minWithdrawal: '10',
    feeFlat: '5',
    feePercent: '0',
  },
  {
    currency: 'ETH',
    network: 'ETH',
    name: 'Ether',
    contract: null,
    decimals: 18,
    minDeposit: '0',
    minWithdrawal: '0.01',
    feeFlat: '0.001',
    feePercent: '0',
  },
  {
    currency: 'USDT',
    network: 'BSC',
    name: 'Tether USD',
    contract: '0x55d398326f99059fF775485246999027B3197955',
    decimals: 18,
    minDeposit: '0',
    minWithdrawal: '10',
    feeFlat: '1',
    feePercent: '0',
  },
  {
    currency: 'USDC',
    network: 'BSC',
    name: 'USD Coin',
    contract: '0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d',
    decimals: 18,
    minDeposit: '0',
    minWithdrawal: '10',
    feeFlat: '1',
    feePercent: '0',
  },
  {
    currency: 'BNB',
    network: 'BSC',
    name: 'BNB',
    contract: null,
    decimals: 18,
    minDeposit: '0',
    minWithdrawal: '0.01',
    feeFlat: '0.001',
    feePercent: '0',
  },
  {
    currency: 'USDT',
    network: 'TRX',
    name: 'Tether USD',
    contract: 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t',
    decimals: 6,
    minDeposit: '0',
    minWithdrawal: '10',
    feeFlat: '2',
    feePercent: '0',
  },
  {
    currency: 'TRX',
    network: 'TRX',
    name: 'TRON',
    contract: null,
    decimals: 6,
    minDeposit: '0',
    minWithdrawal: '10',
    feeFlat: '1',
    feePercent: '0',
  },
]

export function currencyOf(currency: string, network: string): Currency | undefined {
  return CURRENCIES.find((row) => row.currency === currency && row.network === network)
}

export const PERMISSIONS = [
  'request_deposit_address',
  'read_deposit_status',
  'withdraw',
  'read_withdrawal_status',
  'request_withdrawal_funding_address',
  'read_balance',
  'list_currencies',
  'list_transactions',
] as const

/** What each operation asks for, the unmodelled ones included; ping asks for none. */
export const PERMISSION_OF: Readonly<Record<string, (typeof PERMISSIONS)[number]>> = {
  createDepositAddress: 'request_deposit_address',
  getDepositRequest: 'read_deposit_status',
  createWithdrawal: 'withdraw',
  getWithdrawal: 'read_withdrawal_status',
  getHotWalletAddress: 'request_withdrawal_funding_address',
  listBalances: 'read_balance',
  listCurrencies: 'list_currencies',
  listTransactions: 'list_transactions',
}

const Duration = z.string().transform((text, context) => {
  const ms = durationMs(text)
  if (ms === undefined)
    context.addIssue({ code: 'custom', message: `expected a duration such as 90s, 15m, 4h, 7d or PT4H, got "${text}"` })
  return ms ?? 0
})

const Key = z.strictObject({
  id: KeyId,
  secret: z.string().min(1),
  permissions: z.array(z.enum(PERMISSIONS)).default([...PERMISSIONS]),
  ratePerMinute: z.int().positive().optional(),
  ips: ClientAddresses.prefault([]),
})

/** Plain decimal text with at most so many places. */
const terms = (places: number) =>
  z
    .string()
    .regex(
      new RegExp(`^\\d{1,20}(\\.\\d{1,${places}})?$`),
      `expected decimal text with at most ${places} places, such as "0.5"`,
    )
    .exactOptional()

const Enabled = z
  .strictObject({
    currency: z.string(),
    network: z.string(),
    deposit: z.boolean().default(true),
    withdrawal: z.boolean().default(false),
    // What an administrator sets on the currency; the figures of the catalogue unless given.
    minDeposit: terms(18),
    minWithdrawal: terms(18),
    feeFlat: terms(18),
    feePercent: terms(6),
  })
  .refine((row) => currencyOf(row.currency, row.network), {
    message: `expected one of ${CURRENCIES.map((row) => `${row.currency} on ${row.network}`).join(', ')}`,
  })

const Account = z.strictObject({ keys: z.array(Key), currencies: z.array(Enabled) })

type AccountSettings = z.input<typeof Account>

const DEMO_ACCOUNTS: Readonly<Record<string, AccountSettings>> = {
  demo: {
    keys: [
      { id: 'cpg_demo_key', secret: 'cpg_demo_secret' },
      { id: 'cpg_demo_key_2', secret: 'cpg_demo_secret_2' },
      { id: 'cpg_readonly_key', secret: 'cpg_readonly_secret', permissions: ['read_deposit_status'] },
      { id: 'cpg_limited_key', secret: 'cpg_limited_secret', ratePerMinute: 5 },
    ],
    currencies: [
      { currency: 'USDT', network: 'ETH', withdrawal: true },
      { currency: 'USDC', network: 'ETH', withdrawal: true },
      { currency: 'ETH', network: 'ETH' },
      { currency: 'USDT', network: 'BSC' },
      { currency: 'BNB', network: 'BSC' },
      { currency: 'USDT', network: 'TRX' },
      { currency: 'TRX', network: 'TRX' },
    ],
  },
  other: {
    keys: [{ id: 'cpg_other_key', secret: 'cpg_other_secret' }],
    currencies: [{ currency: 'USDT', network: 'ETH' }],
  },
}

export const DEMO = Object.entries(DEMO_ACCOUNTS).flatMap(([account, { keys }]) =>
  keys.map(({ id, secret, permissions, ratePerMinute }) => ({
    account,
    key: id,
    secret,
    ...(permissions && { note: `only ${permissions.join(', ')}` }),
    ...(ratePerMinute && { note: `at most ${ratePerMinute} calls a minute` }),
  })),
)

/** What a config file may say under `providers.cpg`; accounts are added to the demo ones, one of the same name replaces it. */
export const Settings = z
  .strictObject({
    accounts: z.record(z.string(), Account).default({}),
    windows: z
      .strictObject({
        display: Duration.default(durationMs('3h')!),
        monitoring: Duration.default(durationMs('7d')!),
        reuse: Duration.default(durationMs('7d')!),
      })
      .prefault({}),
  })
  .transform(({ accounts, windows }) => {
    const all = { ...z.record(z.string(), Account).parse(DEMO_ACCOUNTS), ...accounts }
    const keys = new Map(
      Object.entries(all).flatMap(([account, { keys }]) => keys.map((key) => [key.id, { ...key, account }] as const)),
    )
    return { accounts: all, windows, keys }
  })

export type Enabled = z.output<typeof Enabled>
export type Settings = z.output<typeof Settings>
export type KeyRow = z.output<typeof Key> & { readonly account: string }
