// `balances`: what every account has, and money that a test gives or takes by hand.
import { amountText } from '../text/decimals.ts'
import { available, type Balance, Balances } from '../world/ledger.ts'
import { created, paged, type Routes, run } from './http.ts'
import { isWanted, movementView } from './movements.ts'

export const balanceRoutes: Routes = {
  listBalances: ({ world, query }) =>
    paged(Balances, ['all', ''], (row) => isWanted(row, query), balanceView, { world, query }),
  adjustBalance: async (request) => created(movementView(await run('adjustBalance', request), request.world)),
}

function balanceView(row: Balance) {
  const { provider, account, holder, currency, network, decimals } = row
  return {
    provider,
    account,
    holder,
    currency,
    network,
    balance: amountText(BigInt(row.balance), decimals),
    held: amountText(BigInt(row.held), decimals),
    available: amountText(available(row), decimals),
  }
}
