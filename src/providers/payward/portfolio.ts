// Portfolio transactions of one account: the quotes that it has executed and, when they are asked for, its deposits. Rewards and price triggers belong
// to other products.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { movementsIn } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { type Asset, ASSET_TYPES, METHODS } from './catalogue.ts'
import { purseOf } from './ledger.ts'
import { findAsset } from './methods.ts'
import { type Paging, readTokenOf, writeToken } from './pages.ts'
import { worth } from './prices.ts'
import { type QuoteRow, Quotes, type QuoteStatus } from './quotes.ts'
import { assetOf, type Sum } from './terms.ts'
import { type DepositRow, Deposits, type DepositStatus } from './transfers.ts'
import { amountShown, moment, page, type PaywardCall } from './wire.ts'

const paging = (label: string): Paging => ({ label, prefix: '', field: 'page_token' })
/** Positions are those of deposits, or of orders. */
const ASCENDING = [paging('rising'), paging('rising-order')] as const
const DESCENDING = [paging('falling'), paging('falling-order')] as const

// rule: payward.portfolio.status
const STATUS: Readonly<Record<DepositStatus, string>> = {
  initial: 'in_progress',
  pending: 'in_progress',
  settled: 'in_progress',
  success: 'successful',
  failure: 'failed',
}

/** Of quotes that have been executed; the others are not listed. */
// rule: payward.portfolio.orders
const ORDER_STATUS: Readonly<Record<QuoteStatus, string>> = {
  offered: 'no_status',
  expired: 'no_status',
  executing: 'in_progress',
  executed: 'successful',
  failed: 'failed',
}

const Filter = z.object({
  types: z.array(z.string()).default([]),
  statuses: z.array(z.string()).optional(),
  ids: z.array(z.string()).optional(),
  start_timestamp: z.string().optional(),
  end_timestamp: z.string().optional(),
  sort: z.enum(['asc', 'desc']).default('desc'),
  page_size: z.number().default(20),
  page_token: z.string().optional(),
  quote_symbol: z.string().default('USD'),
})

type Filter = z.output<typeof Filter>

/** The filter, with assets as `type/symbol` and the ends of the time window in ms. */
type Input = Filter & { readonly assets: readonly string[]; readonly start: number; readonly end: number }

export function listPortfolioTransactions(call: PaywardCall, world: World): Answer {
  // rule: payward.portfolio.filters
  const filter = Filter.parse(call.queryValues)
  const input: Input = {
    ...filter,
    assets: assetsOf(call.query),
    start: msOf('start_timestamp', filter),
    end: msOf('end_timestamp', filter),
  }
  const quote = findAsset(filter.quote_symbol, 'fiat', call, world)
  const token = filter.sort === 'desc' ? DESCENDING : ASCENDING
  const position = readTokenOf(token, filter.page_token)
  const found = transactionsOf(call.params.account_id!, input, world)
  const from = position ? found.findIndex(({ list, row }) => list === position.list && row.seq === position.seq) + 1 : 0
  const wanted = found.slice(from).filter((one) => isWanted(one, input, world))
  const shown = wanted.slice(0, filter.page_size)
  const last = shown.at(-1)
  // rule: payward.portfolio.pages
  return page(
    shown.map((one) =>
      one.list === 0 ? depositShown(one.row, quote, world) : orderShown(one.row, quote, call.params.account_id!, world),
    ),
    last && wanted.length > shown.length ? writeToken(token[last.list], last.row.seq) : null,
  )
}

type Transaction = { readonly at: number } & (
  | { readonly list: 0; readonly row: DepositRow }
  | { readonly list: 1; readonly row: QuoteRow }
)

/** All that may be asked for, before filters, in the order asked for; of one instant, deposits come before orders. */
// rule: payward.portfolio.order, rule: payward.portfolio.deposits-asked-for
function transactionsOf(account: string, { types, sort }: Input, world: World): Transaction[] {
  const wanted = (type: string) => types.includes(type)
  const deposits: Transaction[] = wanted('deposit')
    ? world.list(Deposits, 'byAccount', account).map((row) => ({ at: row.seenAt, list: 0, row }))
    : []
  // rule: payward.portfolio.orders
  const orders: Transaction[] = world
    .list(Quotes, 'executedIn', account)
    .filter((row) => types.length === 0 || wanted(orderType(row)))
    .map((row) => ({ at: row.executedAt!, list: 1, row }))
  const all = [...deposits, ...orders].sort((a, b) => a.at - b.at || a.list - b.list || a.row.seq - b.row.seq)
  return sort === 'desc' ? all.reverse() : all
}

function isWanted(one: Transaction, { statuses, ids, start, end, assets }: Input, world: World): boolean {
  if (statuses && !statuses.includes(one.list === 0 ? STATUS[one.row.status] : ORDER_STATUS[one.row.status]))
    return false
  if (ids && !ids.includes(transactionId(one, world))) return false
  if (one.at < start || one.at > end) return false
  const sides = one.list === 0 ? [methodOf(one.row)] : [one.row.from, one.row.to]
  return assets.length === 0 || sides.some(({ symbol, type }) => assets.includes(`${type}/${symbol}`))
}

function methodOf({ method }: DepositRow) {
  return METHODS.find(({ id }) => id === method)!
}

function orderType({ status }: QuoteRow): string {
  return status === 'failed' ? 'simple_order_failed' : 'simple_order'
}

/** An end of the time window in ms; what is open has no end. */
function msOf(field: 'start_timestamp' | 'end_timestamp', { [field]: text }: Filter): number {
  if (text === undefined) return field === 'start_timestamp' ? -Infinity : Infinity
  return instantOf(field, text)
}

/** A time in a query, in ms. */
export function instantOf(field: 'start_timestamp' | 'end_timestamp', text: string): number {
  const ms = Date.parse(text)
  // A leap second, or an offset without minutes: the schema lets them pass, and no instant can be made of them.
  if (Number.isNaN(ms)) throw malformed(field, 'must be a date-time')
  // A start between two milliseconds is after the first of them.
  return field === 'start_timestamp' && /\.\d{3}\d*[1-9]/.test(text) ? ms + 1 : ms
}

/** `assets[0][symbol]=BTC&assets[0][type]=crypto`: the query as deep objects, as `type/symbol`. */
// rule: payward.portfolio.assets
export function assetsOf(query: string | undefined): string[] {
  const entries = new Map<string, { symbol?: string; type?: string }>()
  for (const [name, value] of new URLSearchParams(query)) {
    const [, index, member] = /^assets\[(\d{1,4})\]\[(symbol|type)\]$/.exec(name) ?? []
    if (index !== undefined) entries.set(index, { ...entries.get(index), [member!]: value })
    else if (name.startsWith('assets'))
      throw malformed('assets', 'must be written as assets[0][symbol] and assets[0][type]')
  }
  return [...entries.values()].map(({ symbol, type = 'crypto' }) => {
    if (symbol === undefined) throw malformed('assets', 'symbol is required')
    if (symbol.length < 3 || symbol.length > 16) throw malformed('assets', 'length of symbol must be 3 to 16')
    if (!(ASSET_TYPES as readonly string[]).includes(type))
      throw malformed('assets', `type must be one of ${ASSET_TYPES.join(', ')}`)
    return `${type}/${symbol}`
  })
}

function malformed(field: string, why: string): Refusal {
  return new Refusal('invalid_request', { detail: `${field}: ${why}`, data: { field } })
}

function transactionId(
  { list, row }: Pick<Transaction, 'list'> & { readonly row: { readonly seq: number } },
  world: World,
) {
  return `tx_${world.draw(list === 0 ? 'payward transaction' : 'payward order transaction', row.seq).base32(20)}`
}

// rule: payward.portfolio.item
function depositShown(row: DepositRow, quote: Asset, world: World) {
  const asset = assetOf(methodOf(row))
  const fee = BigInt(row.fee ?? 0)
  return {
    id: transactionId({ list: 0, row }, world),
    timestamp: moment(row.seenAt),
    type: 'deposit',
    status: STATUS[row.status],
    receive: {
      timestamp: moment(row.changedAt),
      sub_total: quoted(asset, BigInt(row.atoms), quote, world),
      fee: quoted(asset, fee, quote, world),
      total: quoted(asset, BigInt(row.atoms) - fee, quote, world),
      balance: quoted(asset, BigInt(row.balance), quote, world),
    },
  }
}

/** Both sides, the fee on the one that it is taken in; balances are those of the end of its last instant. */
// rule: payward.portfolio.orders
function orderShown(row: QuoteRow, quote: Asset, account: string, world: World) {
  const { from, to, fee } = row
  const at = row.endedAt ?? row.executedAt!
  const paysFee = fee.symbol === from.symbol && fee.type === from.type
  const side = (sum: Sum, subTotal: bigint, feeAtoms: bigint) => {
    const asset = assetOf(sum)
    const shown = (atoms: bigint) => quoted(asset, atoms, quote, world)
    return {
      timestamp: moment(at),
      sub_total: shown(subTotal),
      fee: shown(feeAtoms),
      total: shown(BigInt(sum.atoms)),
      balance: shown(balanceAt(account, asset, at, world)),
    }
  }
  const feeAtoms = BigInt(fee.atoms)
  return {
    id: transactionId({ list: 1, row }, world),
    timestamp: moment(row.executedAt!),
    type: orderType(row),
    status: ORDER_STATUS[row.status],
    spend: paysFee ? side(from, BigInt(from.atoms) - feeAtoms, feeAtoms) : side(from, BigInt(from.atoms), 0n),
    receive: paysFee ? side(to, BigInt(to.atoms), 0n) : side(to, BigInt(to.atoms) + feeAtoms, feeAtoms),
  }
}

function balanceAt(account: string, asset: Asset, at: number, world: World): bigint {
  return movementsIn(purseOf(account, asset, world), world)
    .filter((movement) => movement.at <= at)
    .reduce((sum, { atoms }) => sum + BigInt(atoms), 0n)
}

/** Money, and what it is worth in the quote's cents; fractions of a cent are cut off. */
function quoted(asset: Asset, atoms: bigint, quote: Asset, world: World) {
  const { symbol, name, type } = asset
  return {
    ...{ symbol, name, type, amount: amountShown(atoms, asset, world) },
    amount_in_quote: amountText(worth(atoms, asset, quote, world), 2),
  }
}
