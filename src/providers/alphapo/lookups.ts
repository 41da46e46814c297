// One transaction, asked for by one of its names.
import { type Answer, gate, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { Exchanges, exchangeView } from './exchanges.ts'
import { bodyOf, fieldErrors, isBlank, lacking, spoken, unknownChoice } from './fields.ts'
import { Transactions, view } from './transactions.ts'
import { Withdrawals, withdrawalView } from './withdrawals.ts'
import type { AlphapoCall } from './wire.ts'

/** What a transaction is looked up by: exactly one of these. */
const LOOKUPS = ['id', 'foreign_id', 'txid'] as const

/** The last gate of getTransactionInfo. */
// rule: alphapo.transactions.lookup
export const lookupValid = gate('lookup_valid', 'lookupValid', (call: AlphapoCall): void => {
  const errors = fieldErrors(call.problems.filter(({ value }) => !isBlank(value)))
  const [first, second] = LOOKUPS.filter((field) => !isBlank(lookups(call)[field]))
  if (first === undefined) errors.set('id', lacking('id'))
  else if (second !== undefined)
    errors.set(first, `The ${spoken(first)} field prohibits ${spoken(second)} from being present.`)
  if (errors.size > 0) throw new Refusal('invalid_request', { errors: Object.fromEntries(errors) })
})

export function getTransactionInfo(call: AlphapoCall, world: World): Answer {
  // rule: alphapo.transactions.info
  const found = find(call.caller.merchant, lookups(call), world)
  if (found) return { status: 200, body: found }
  // rule: alphapo.transactions.not-found
  const field = LOOKUPS.find((name) => !isBlank(lookups(call)[name]))!
  // rule: alphapo.transactions.foreign-id
  const hint =
    field === 'foreign_id'
      ? 'foreign_id finds withdrawals; a deposit is found by its id or its txid, an exchange by its id'
      : undefined
  throw new Refusal('invalid_request', { errors: { [field]: unknownChoice(field) } }, hint)
}

/** A deposit, a withdrawal or an exchange of the merchant, as its callbacks tell it. */
// rule: alphapo.transactions.own, rule: alphapo.transactions.kinds
function find(merchant: string, { id, foreign_id: foreignId, txid }: Record<string, unknown>, world: World) {
  if (!isBlank(id)) {
    const key = String(Number(id))
    const deposit = own(world.get(Transactions, key), merchant)
    if (deposit) return view(deposit, world)
    const withdrawal = own(world.get(Withdrawals, key), merchant)
    if (withdrawal) return withdrawalView(withdrawal, world)
    const exchange = own(world.get(Exchanges, key), merchant)
    return exchange && exchangeView(exchange)
  }
  const name = JSON.stringify([merchant, String(isBlank(txid) ? foreignId : txid)])
  const deposit = isBlank(txid) ? undefined : world.first(Transactions, 'byTxid', name)
  if (deposit) return view(deposit, world)
  const withdrawal = world.first(Withdrawals, isBlank(txid) ? 'byForeignId' : 'byTxid', name)
  return withdrawal && withdrawalView(withdrawal, world)
}

function own<Row extends { readonly merchant: string }>(row: Row | undefined, merchant: string): Row | undefined {
  return row?.merchant === merchant ? row : undefined
}

/** What is asked for: in the body where it says something, else in the query. */
function lookups(call: AlphapoCall): Record<string, unknown> {
  const body = bodyOf(call)
  return Object.fromEntries(
    LOOKUPS.map((field) => [field, isBlank(body[field]) ? call.queryValues[field] : body[field]]),
  )
}
