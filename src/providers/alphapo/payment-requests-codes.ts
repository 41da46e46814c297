// How payment requests name currencies: the coin and, apart from it, its network (`USDT` on `tron`), where every other operation has one code (USDTT).
import type { World } from '../../world/world.ts'
import { CURRENCIES, type Currency, FIAT, NETWORKS } from './catalogue.ts'
import { payableCurrency } from './invoices-places.ts'
import { coinOf } from './rates.ts'

/** A coin on a network; fiat money is on none. */
export interface Named {
  readonly iso: string
  readonly network_name?: string
}

type Network = keyof typeof NETWORKS

/** AlphaPo's names of networks, where they are not ours. */
// rule: alphapo.payment-requests.codes
const NAMES: Partial<Record<Network, string>> = { 'bitcoin-cash': 'bitcoin_cash', bsc: 'binance', xrp: 'ripple' }

/** Coins that have another name here, by their code. */
const ISOS: Readonly<Record<string, string>> = { BNB: 'BNB-BSC' }

/** The coin and the network of one of our codes. */
export function namedOf(code: string): Named {
  const currency = CURRENCIES.get(code)
  if (!currency) return { iso: code }
  const network = currency.network as Network
  return { iso: ISOS[code] ?? coinOf(code), network_name: NAMES[network] ?? network }
}

/** Every code that this may mean, the likeliest one first; none: there is no such currency. */
export function codesNamed({ iso, network_name: network }: Named): string[] {
  if (FIAT.includes(iso)) return network === undefined ? [iso] : []
  const found = [...CURRENCIES.values()]
    .filter(({ chain }) => chain !== undefined)
    .map(({ currency }) => currency)
    .filter((code) => {
      const named = namedOf(code)
      return (named.iso === iso || code === iso) && (network === undefined || named.network_name === network)
    })
  // Of two codes of one coin on one network the first one counts: USDC, not USDCE.
  return found.filter(
    (code, index) =>
      found.findIndex((other) => CURRENCIES.get(other)!.network === CURRENCIES.get(code)!.network) === index,
  )
}

/** The coins that a payer may send for it. */
export function payableNamed(named: Named, merchant: string, world: World): Currency[] {
  return codesNamed(named).flatMap((code) => payableCurrency(code, merchant, world) ?? [])
}
