// Portfolio transactions of one account. Swaps, orders and rewards belong to other products, so deposits are all there is.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import type { World } from '../../world/world.ts'
import { type Asset, ASSET_TYPES, ASSETS, DECIMALS, METHODS } from './catalogue.ts'
import { findAsset } from './methods.ts'
import { type Paging, readToken, writeToken } from './pages.ts'
import { worth } from './prices.ts'
import { type DepositRow, Deposits, type DepositStatus } from './transfers.ts'
import { moment, money, page, type PaywardCall } from './wire.ts'

const ASCENDING: Paging = { label: 'rising', prefix: '', field: 'page_token' }
const DESCENDING: Paging = { label: 'falling', prefix: '', field: 'page_token' }

// rule: payward.portfolio.status
const STATUS: Readonly<Record<DepositStatus, string>> = {
  initial: 'in_progress',
  pending: 'in_progress',
  settled: 'in_progress',
  success: 'successful',
  failure: 'failed',
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
  // rule: payward.portfolio.order
  const descending = filter.sort === 'desc'
  const paging = descending ? DESCENDING : ASCENDING
  const position = readToken(paging, filter.page_token)
  // rule: payward.portfolio.deposits-asked-for
  if (!filter.types.includes('deposit')) return page([], null)

  const after = position === undefined ? undefined : { order: position, key: descending ? '' : '\uffff' }
  const wanted = world
    .list(Deposits, 'byAccount', call.params.account_id!, { descending, after })
    .filter((row) => isWanted(row, input, world))
  const shown = wanted.slice(0, filter.page_size)
  // rule: payward.portfolio.pages
  return page(
    shown.map((row) => transactionShown(row, quote, world)),
    wanted.length > shown.length ? writeToken(paging, shown.at(-1)!.seq) : null,
  )
}

function isWanted(row: DepositRow, { statuses, ids, start, end, assets }: Input, world: World): boolean {
  if (statuses && !statuses.includes(STATUS[row.status])) return false
  if (ids && !ids.includes(transactionId(row, world))) return false
  if (row.seenAt < start || row.seenAt > end) return false
  const { symbol, type } = METHODS.find(({ id }) => id === row.method)!
  return assets.length === 0 || assets.includes(`${type}/${symbol}`)
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

function transactionId({ seq }: DepositRow, world: World): string {
  return `tx_${world.draw('payward transaction', seq).base32(20)}`
}

// rule: payward.portfolio.item
function transactionShown(row: DepositRow, quote: Asset, world: World) {
  const method = METHODS.find(({ id }) => id === row.method)!
  const asset = ASSETS.find(({ symbol, type }) => symbol === method.symbol && type === method.type)!
  const received = quoted(asset, BigInt(row.atoms), quote, world)
  return {
    id: transactionId(row, world),
    timestamp: moment(row.seenAt),
    type: 'deposit',
    status: STATUS[row.status],
    receive: {
      timestamp: moment(row.changedAt),
      sub_total: received,
      fee: quoted(asset, 0n, quote, world),
      total: received,
      balance: quoted(asset, BigInt(row.balance), quote, world),
    },
  }
}

/** Money, and what it is worth in the quote's cents; fractions of a cent are cut off. */
function quoted(asset: Asset, atoms: bigint, quote: Asset, world: World) {
  return {
    ...money(asset, amountText(atoms, DECIMALS)),
    amount_in_quote: amountText(worth(atoms, asset, quote, world), 2),
  }
}
