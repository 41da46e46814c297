// The balances of a merchant, as it asks for them.
import type { Answer } from '../../provider.ts'
import { balancesOf } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES, FIAT } from './catalogue.ts'
import { enabledCrypto } from './conversions.ts'
import { balanceIn } from './ledger.ts'
import { type AlphapoCall, money } from './wire.ts'

/** Fiat that everybody has a balance in. */
const ALWAYS: readonly string[] = ['EUR', 'USD', 'GBP']

// rule: alphapo.accounts.list
export function listAccounts(call: AlphapoCall, world: World): Answer {
  const { merchant } = call.caller
  const touched = balancesOf('alphapo', merchant, world).map(({ currency }) => currency)
  const crypto = [...enabledCrypto(merchant, world), ...touched]
  const item = (type: string) => (currency: string) => ({
    currency,
    type,
    balance: money(balanceIn(merchant, currency, world)),
  })
  return {
    status: 200,
    body: {
      data: [
        ...[...CURRENCIES.keys()].filter((currency) => crypto.includes(currency)).map(item('crypto')),
        ...FIAT.filter((currency) => ALWAYS.includes(currency) || touched.includes(currency)).map(item('fiat')),
      ],
    },
  }
}
