// Which money CPG keeps: the internal balance of an account per currency and network, and beside it the purse of its hot wallet, which funds broadcasts
// and is no balance of the account.
import type { LedgerRules } from '../../provider.ts'
import { didYouMean } from '../../text/suggest.ts'
import type { Purse } from '../../world/ledger.ts'
import { CURRENCIES } from './catalogue.ts'
import { accountNamed, accountsOf } from './toggles.ts'

/** The holder, within an account, of what lies in its hot wallets. */
export const HOT_WALLET = 'hot-wallet'

type Money = Pick<Purse, 'account' | 'currency' | 'decimals'> & { readonly network: string }

/** The internal balance: numbers only. */
export function balancePurse({ account, currency, network, decimals }: Money): Purse {
  return { provider: 'cpg', account, currency, network, decimals }
}

/** What lies in the hot wallet of that network. */
export function hotPurse({ account, currency, network, decimals }: Money): Purse {
  return { provider: 'cpg', account, holder: HOT_WALLET, currency, network, decimals }
}

// rule: cpg.balances.by-hand
export const ledger: LedgerRules = {
  codes: [...new Set(CURRENCIES.map(({ currency }) => currency))],
  purse: ({ account: named, holder, currency: code, network: on }, world) => {
    const account = accountNamed(named, world)
    if (account === undefined) return `CPG has no account "${named}"${didYouMean(named ?? '', accountsOf(world))}`
    if (holder !== undefined && holder !== HOT_WALLET)
      return `CPG keeps no balances of single users: leave holder out; ${HOT_WALLET} is the purse of the hot wallet`
    const rows = CURRENCIES.filter((row) => row.currency === code.toUpperCase())
    if (rows.length === 0)
      return `CPG has no currency "${code}"${didYouMean(
        code.toUpperCase(),
        CURRENCIES.map(({ currency }) => currency),
      )}`
    const networks = rows.map(({ network }) => network).join(', ')
    if (on === undefined && rows.length > 1)
      return `CPG keeps ${rows[0]!.currency} per network: set network to one of ${networks}`
    const known = on === undefined ? rows[0] : rows.find(({ network }) => network === on.toUpperCase())
    if (!known) return `CPG has no ${rows[0]!.currency} on "${on}": set network to one of ${networks}`
    return (holder === HOT_WALLET ? hotPurse : balancePurse)({ ...known, account })
  },
}
