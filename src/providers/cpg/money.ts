// Which money CPG keeps: the internal balance of an account per currency and network, and beside it the purse of its hot wallet, which funds broadcasts
// and is no balance of the account.
import type { LedgerRules } from '../../provider.ts'
import type { Purse } from '../../world/ledger.ts'
import { CURRENCIES, currencyOf } from './catalogue.ts'
import { accountNamed } from './toggles.ts'

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

export const ledger: LedgerRules = {
  purse: ({ account: named, holder, currency: code, network: on }, world) => {
    const account = accountNamed(named, world)
    if (account === undefined) return `account: CPG has no account "${named}"`
    if (holder !== undefined && holder !== HOT_WALLET)
      return `holder: CPG keeps balances per account; leave holder out, or set it to ${HOT_WALLET}`
    const rows = CURRENCIES.filter((row) => row.currency === code.toUpperCase())
    if (rows.length === 0)
      return `currency: CPG knows no "${code}"; it knows ${[...new Set(CURRENCIES.map(({ currency }) => currency))].join(', ')}`
    const networks = rows.map(({ network }) => network).join(', ')
    if (on === undefined && rows.length > 1)
      return `network: CPG keeps ${rows[0]!.currency} per network; set network to one of ${networks}`
    const known = on === undefined ? rows[0] : currencyOf(rows[0]!.currency, on.toUpperCase())
    if (!known) return `network: CPG has no ${rows[0]!.currency} on "${on}"; it has it on ${networks}`
    return (holder === HOT_WALLET ? hotPurse : balancePurse)({ ...known, account })
  },
}
