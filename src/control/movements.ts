// `movements`: how every balance came to be what it is, line by line.
import { amountText } from '../text/decimals.ts'
import { iso } from '../text/instants.ts'
import { type Balance, Balances, type Movement, Movements } from '../world/ledger.ts'
import type { World } from '../world/world.ts'
import { paged, type Routes } from './http.ts'

export const movementRoutes: Routes = {
  listMovements: ({ world, query }) => {
    const { kind, ...whose } = query
    const wanted = (row: Movement) =>
      (kind === undefined || row.kind === kind) && isWanted(world.get(Balances, row.balance)!, whose)
    return paged(Movements, ['all', ''], wanted, (row) => movementView(row, world), { world, query })
  },
}

/** Whether a balance has all that is asked for, codes in any case. */
export function isWanted(row: Balance, query: Readonly<Record<string, string | undefined>>): boolean {
  const same = (asked: string | undefined, own: string | null) =>
    asked === undefined || asked.toLowerCase() === own?.toLowerCase()
  return (
    (query.provider === undefined || row.provider === query.provider) &&
    (query.account === undefined || row.account === query.account) &&
    (query.holder === undefined || row.holder === query.holder) &&
    same(query.currency, row.currency) &&
    same(query.network, row.network)
  )
}

export function movementView(row: Movement, world: World) {
  const { provider, account, holder, currency, network, decimals } = world.get(Balances, row.balance)!
  return {
    id: row.id,
    at: iso(row.at),
    provider,
    account,
    holder,
    currency,
    network,
    amount: amountText(BigInt(row.atoms), decimals),
    balance_after: amountText(BigInt(row.balanceAfter), decimals),
    kind: row.kind,
    against: row.against,
    cause: Object.fromEntries(Object.entries(row.cause).filter(([, value]) => value !== null)),
  }
}
