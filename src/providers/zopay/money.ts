// Which money Zopay keeps: one balance per organisation and mode, user or treasury, asset and network.
import type { LedgerRules } from '../../provider.ts'
import { didYouMean } from '../../text/suggest.ts'
import { post, type Purse } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { ASSETS, DECIMALS, NETWORKS, type Settings } from './catalogue.ts'

/** An organisation in one mode, which is what the books call an account. */
export interface Tenant {
  readonly org: string
  readonly livemode: boolean
}

const LIVE = '/live'

export function accountOf({ org, livemode }: Tenant): string {
  return livemode ? `${org}${LIVE}` : org
}

const TREASURY = 'treasury'

/** Whose money it is: a user's, or the treasury's where there is no ref. */
export function holderOf(externalRef: string | null): string {
  return externalRef === null ? TREASURY : `user:${externalRef}`
}

interface Money extends Tenant {
  readonly externalRef: string | null
  readonly asset: string
  readonly network: string
}

// rule: zopay.ledger.accounts
export function purseOf({ org, livemode, externalRef, asset, network }: Money): Purse {
  return {
    provider: 'zopay',
    account: accountOf({ org, livemode }),
    holder: holderOf(externalRef),
    currency: asset,
    network,
    decimals: DECIMALS[asset]!,
  }
}

/** Credits money that came in; `deposit` is the transfer that brought it, undefined where no chain did. Only inside a change. */
// rule: zopay.ledger.deposits, rule: zopay.ledger.intents
export function credit(to: Money, atoms: bigint, deposit: string | undefined, world: World): void {
  if (atoms > 0n) post({ purse: purseOf(to), atoms, against: 'chain', kind: 'deposit', deposit }, world)
}

// rule: zopay.ledger.by-hand
export const ledger: LedgerRules = {
  codes: ASSETS,
  purse: ({ account, holder = TREASURY, currency, network }, world) => {
    const { organisations, liveKeys } = world.settings<Settings>('zopay')
    const accounts = organisations.flatMap((org) => (liveKeys === 'serve' ? [org, org + LIVE] : [org]))
    const named = account ?? accounts[0]!
    if (!accounts.includes(named)) return `Zopay has no organisation "${named}"${didYouMean(named, accounts)}`
    if (holder !== TREASURY && !holder.startsWith('user:'))
      return `Zopay keeps money for users and for the treasury: set holder to user:${holder}, or to ${TREASURY}`
    const asset = ASSETS.find((code) => code === currency.toUpperCase())
    if (!asset) return `Zopay has no asset "${currency}"${didYouMean(currency.toUpperCase(), ASSETS)}`
    const names = Object.keys(NETWORKS)
    if (network === undefined || !names.includes(network.toLowerCase()))
      return `Zopay keeps ${asset} per network: set network to one of ${names.join(', ')}`
    return {
      provider: 'zopay',
      account: named,
      holder,
      currency: asset,
      network: network.toLowerCase(),
      decimals: DECIMALS[asset]!,
    }
  },
}
