// Balances of an account by currency and network: what was credited, what withdrawals in flight hold, what is left.
import type { Answer } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { available, balanceOf } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES } from './catalogue.ts'
import { balancePurse } from './money.ts'
import { offered } from './toggles.ts'
import { type CpgCall, okList } from './wire.ts'

export function listBalances(call: CpgCall, world: World): Answer {
  const { account } = call.caller
  const { currency, network } = call.queryValues
  // rule: cpg.balances.filters
  const wanted = (value: unknown, code: string) => !value || String(value).toUpperCase() === code
  // rule: cpg.balances.rows
  const everything = world.assumes('cpg.balances.rows') === 'enabled'
  // rule: cpg.balances.order
  const rows = CURRENCIES.filter((row) => wanted(currency, row.currency) && wanted(network, row.network)).flatMap(
    (row) => {
      const record = balanceOf(balancePurse({ ...row, account }), world)
      const own = offered(row, account, world)
      if (!record && !(everything && (own.deposit || own.withdrawal))) return []
      const { decimals } = row
      const { balance, held } = record ?? { balance: '0', held: '0' }
      return [
        {
          // rule: cpg.balances.row
          currency: row.currency,
          network: row.network,
          balance: amountText(BigInt(balance), decimals),
          held: amountText(BigInt(held), decimals),
          available: amountText(available({ balance, held }), decimals),
        },
      ]
    },
  )
  return okList(rows)
}
