// What each currency is worth to AlphaPo: its codes by the names under which the world keeps prices.
import { rateBetween, type Rate } from '../../world/rates.ts'
import type { World } from '../../world/world.ts'

/** Codes that say the network too, and the coin they mean. Every other code is the coin's own ticker. */
// rule: alphapo.exchange.one-to-one, rule: alphapo.withdrawals.one-to-one
const COINS: Readonly<Record<string, string>> = {
  BTCLN: 'BTC',
  ETHA: 'ETH',
  ETHBASE: 'ETH',
  USDTE: 'USDT',
  USDTT: 'USDT',
  USDTB: 'USDT',
  USDCE: 'USDC',
  USDCA: 'USDC',
  USDCBASE: 'USDC',
  USDCS: 'USDC',
  USDGE: 'USDG',
  USDGS: 'USDG',
  EURCE: 'EURC',
  EURCBASE: 'EURC',
  EURCS: 'EURC',
}

/** Coins that are worth what another one is. */
const WRAPPED: Readonly<Record<string, string>> = { WBTC: 'BTC' }

/** The coin as everybody calls it, whatever its network is. */
export function coinOf(currency: string): string {
  return COINS[currency] ?? currency
}

/** What one unit of a currency is in another one at this moment. */
// rule: alphapo.exchange.rates
export function rateOf(from: string, to: string, world: World): Rate {
  return rateBetween(namesOf(from), namesOf(to), world)
}

/** What this much of one currency is in another one, hundred-millionths of each; what is finer is cut off. */
export function worth(units: bigint, from: string, to: string, world: World): bigint {
  const { numerator, denominator } = rateOf(from, to, world)
  return (units * numerator) / denominator
}

/** How much of `from` buys at least this much of `to`. */
export function costOf(units: bigint, to: string, from: string, world: World): bigint {
  const { numerator, denominator } = rateOf(from, to, world)
  return (units * denominator + numerator - 1n) / numerator
}

/** The most particular first, the one that has a price last. */
function namesOf(currency: string): readonly string[] {
  const coin = coinOf(currency)
  return [...new Set([currency, coin, WRAPPED[coin] ?? coin])]
}
