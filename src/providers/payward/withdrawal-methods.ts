// Withdrawal methods: over which networks an asset can leave, what that costs, and tokens that keep a fee as it is for ten minutes.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { atomsOf } from '../../text/decimals.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { type AssetType, DECIMALS, METHODS, type Method, methodsOf } from './catalogue.ts'
import { findAsset, networkInfo } from './methods.ts'
import { money, page, type PaywardCall } from './wire.ts'

/** What a withdrawal costs and how small it may be, by ticker and network; that of Bitcoin is documented. */
// rule: payward.withdrawals.methods
const TERMS: Readonly<Record<string, { fee: string; minimum: string; maximum?: string }>> = {
  'BTC Bitcoin': { fee: '0.0002', minimum: '0.0005', maximum: '1' },
  'ETH Ethereum': { fee: '0.0025', minimum: '0.005' },
  'SOL Solana': { fee: '0.01', minimum: '0.02' },
  'XRP XRP': { fee: '0.02', minimum: '25' },
  'XLM Stellar': { fee: '0.00002', minimum: '1' },
  'LTC Litecoin': { fee: '0.0005', minimum: '0.002' },
  'DOGE Dogecoin': { fee: '4', minimum: '10' },
  'TRX Tron': { fee: '1', minimum: '5' },
  'USDC Ethereum': { fee: '4', minimum: '10' },
  'USDC Solana': { fee: '1', minimum: '5' },
  'USDT Ethereum': { fee: '4', minimum: '10' },
  'USDT Solana': { fee: '1', minimum: '5' },
  'USDT Tron': { fee: '2', minimum: '5' },
}

/** A fee that was promised to an account for one method. */
export interface FeeToken {
  readonly id: string
  readonly seq: number
  readonly account: string
  readonly method: string
  readonly fee: string
  /** World ms. */
  readonly expiresAt: number
}

export const FeeTokens: Table<FeeToken> = {
  name: 'payward.fee_tokens',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    method: oneOf(METHODS.map(({ id }) => id)),
    fee: Digits,
    expiresAt: Moment,
  }),
  indexes: { byExpiry: { group: () => '', order: (row) => row.expiresAt } },
}

const TOKEN_MS = 600_000
/** How many tokens that are over go when a new one is made. */
const FORGOTTEN_AT_ONCE = 4

/** What a method allows, atoms. */
export function termsOf(method: Method): { fee: bigint; minimum: bigint; maximum: bigint } {
  const { fee, minimum, maximum = method.maximum } = TERMS[`${method.symbol} ${method.network}`]!
  const atoms = (text: string) => atomsOf(text, DECIMALS)!
  return { fee: atoms(fee), minimum: atoms(minimum), maximum: atoms(maximum) }
}

/** A token for the fee of the moment. Only inside a change. */
// rule: payward.withdrawals.fee-token
export function promiseFee(account: string, method: Method, world: World): string {
  world.prune(FeeTokens, 'byExpiry', '', world.now, FORGOTTEN_AT_ONCE)
  const seq = world.next('payward.fee_tokens')
  const id = `wft_${world.draw('payward fee token', seq).base32(12)}`
  const fee = termsOf(method).fee.toString()
  world.put(FeeTokens, { id, seq, account, method: method.id, fee, expiresAt: world.now + TOKEN_MS })
  return id
}

/** The fee of a withdrawal: that of its token, or that of the moment. */
export function feeFor(token: string | null, account: string, method: Method, world: World): bigint {
  if (token === null) return termsOf(method).fee
  const row = world.get(FeeTokens, token)
  // rule: payward.withdrawals.fee-token
  if (!row || row.account !== account || row.method !== method.id)
    throw new Refusal('InvalidFeeToken', {}, 'no such token was given to this account for this method')
  if (world.now >= row.expiresAt)
    throw new Refusal('InvalidFeeToken', {}, 'it was good for ten minutes: list the methods or preview again')
  return BigInt(row.fee)
}

export function listWithdrawalMethods(call: PaywardCall, world: World): Answer {
  const { asset_symbol: symbol, account_id: account } = call.params
  const asset = findAsset(symbol!, call.queryValues.asset_type as AssetType | undefined, call, world, 'path')
  const methods = methodsOf(asset).map((method) => {
    const { fee, minimum, maximum = method.maximum } = TERMS[`${method.symbol} ${method.network}`]!
    return {
      id: method.id,
      network: method.network,
      network_info: networkInfo(method),
      fee: money(asset, fee, world),
      minimum: money(asset, minimum, world),
      maximum: money(asset, maximum, world),
      fee_percentage: '0.00',
      fee_token: promiseFee(account!, method, world),
    }
  })
  return page(methods, null)
}
