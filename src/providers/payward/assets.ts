// The assets that there are, what can be done with them, and what they were worth over time. Prices are for display.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { rateText } from '../../world/rates.ts'
import type { World } from '../../world/world.ts'
import { disabledAgainst, isDisabled } from './asset-states.ts'
import { type Asset, ASSETS, type AssetType, DECIMALS, methodsOf } from './catalogue.ts'
import { findAsset } from './methods.ts'
import { type Paging, readToken, writeToken } from './pages.ts'
import { instantOf } from './portfolio.ts'
import { priceIn } from './prices.ts'
import { ok, page, type PaywardCall, time } from './wire.ts'

const LISTING: Paging = { label: 'asset', prefix: '', field: 'page_token' }
const CHART: Paging = { label: 'rate', prefix: '', field: 'page_token' }

const Filter = z.object({
  type: z.array(z.string()).optional(),
  deposit: z.boolean().optional(),
  withdraw: z.boolean().optional(),
  quote_symbol: z.string().default('USD'),
  page_size: z.number().default(20),
  page_token: z.string().optional(),
})

/** Places that amounts of an asset have. */
export function placesOf({ type }: Pick<Asset, 'type'>): number {
  return type === 'fiat' ? 2 : DECIMALS
}

export function listAssets(call: PaywardCall, world: World): Answer {
  const { type, deposit, withdraw, quote_symbol, page_size: size, page_token } = Filter.parse(call.queryValues)
  const quote = findAsset(quote_symbol, 'fiat', call, world)
  const from = readToken(LISTING, page_token) ?? 0
  // rule: payward.assets.list
  const found = ASSETS.filter((asset) => {
    const funds = (what: 'deposit' | 'withdraw') => isFunded(asset, what, world)
    return (
      (!type || type.includes(asset.type)) &&
      (deposit === undefined || deposit === funds('deposit')) &&
      (withdraw === undefined || withdraw === funds('withdraw'))
    )
  }).slice(from)
  return page(
    found.slice(0, size).map((asset) => assetShown(asset, quote, world)),
    found.length > size ? writeToken(LISTING, from + size) : null,
  )
}

export function getAsset(call: PaywardCall, world: World): Answer {
  const { asset_symbol, asset_type } = call.params
  const asset = findAsset(asset_symbol!, asset_type as AssetType, call, world, 'path')
  const quote = findAsset(Filter.parse(call.queryValues).quote_symbol, 'fiat', call, world)
  return ok(assetShown(asset, quote, world))
}

function isFunded(asset: Asset, what: 'deposit' | 'withdraw', world: World): boolean {
  return methodsOf(asset).length > 0 && !isDisabled(asset, what, world)
}

// rule: payward.assets.item
function assetShown(asset: Asset, quote: Asset, world: World) {
  const places = placesOf(asset)
  return {
    symbol: asset.symbol,
    type: asset.type,
    name: asset.name,
    status: {
      swap_trading: { enabled: !isDisabled(asset, 'swap', world), disabled_against: disabledAgainst(asset, world) },
      withdraw: { enabled: isFunded(asset, 'withdraw', world) },
      deposit: { enabled: isFunded(asset, 'deposit', world) },
    },
    decimals: { funding: places, swap: places },
    price: rateText(priceIn(asset, quote, world), DECIMALS),
  }
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

// rule: payward.assets.rates
const INTERVALS: Readonly<Record<string, number>> = {
  PT1M: MINUTE_MS,
  PT5M: 5 * MINUTE_MS,
  PT15M: 15 * MINUTE_MS,
  PT30M: 30 * MINUTE_MS,
  PT60M: HOUR_MS,
  PT1H: HOUR_MS,
  PT4H: 4 * HOUR_MS,
  P1D: DAY_MS,
  P7D: 7 * DAY_MS,
  P15D: 15 * DAY_MS,
}

const Chart = z.object({
  quote_symbol: z.string().default('USD'),
  interval: z.string().default('P1D'),
  start_timestamp: z.string().optional(),
  end_timestamp: z.string().optional(),
  page_size: z.number().default(20),
  page_token: z.string().optional(),
})

export function listAssetRates(call: PaywardCall, world: World): Answer {
  const { asset_symbol, asset_type } = call.params
  const asset = findAsset(asset_symbol!, asset_type as AssetType, call, world, 'path')
  const input = Chart.parse(call.queryValues)
  const quote = findAsset(input.quote_symbol, 'fiat', call, world)
  const { interval, start_timestamp: from, end_timestamp: to, page_size: size } = input
  const length = INTERVALS[interval]!
  // rule: payward.assets.rates-window
  const now = Math.floor(world.now / length) + 1
  const end = to === undefined ? now * length : instantOf('end_timestamp', to)
  const start = from === undefined ? end - size * length : instantOf('start_timestamp', from)
  if (start > end) throw wrong('start_timestamp', 'must not be after end_timestamp')
  if (end - start < length) throw wrong('interval', 'must not be longer than the window')
  const after = readToken(CHART, input.page_token)
  const first = Math.max(Math.ceil(start / length), after ?? -Infinity)
  const last = Math.min(Math.ceil(end / length), now)
  const data = []
  for (let at = first; at < Math.min(last, first + size); at++)
    data.push({
      timestamp: time(at * length),
      // The middle of a period stands for all of it; of a period that is not over, now.
      price: rateText(priceIn(asset, quote, world, Math.min(world.now, at * length + length / 2)), DECIMALS),
    })
  return {
    status: 200,
    body: {
      data,
      quote_symbol: quote.symbol,
      quote_type: quote.type,
      start_timestamp: time(start),
      end_timestamp: time(end),
      interval,
      page_size: size,
      next_page_token: first + size < last ? writeToken(CHART, first + size) : null,
    },
  }
}

function wrong(field: string, why: string): Refusal {
  return new Refusal('invalid_request', { detail: `${field}: ${why}`, data: { field } })
}
