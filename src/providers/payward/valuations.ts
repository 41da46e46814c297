// Portfolios: what an account has, what that is worth and has cost, now and at the end of every day before.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { movementsIn } from '../../world/ledger.ts'
import { converted, rateText } from '../../world/rates.ts'
import type { World } from '../../world/world.ts'
import { type Asset, ASSETS, DECIMALS } from './catalogue.ts'
import { purseOf, standing } from './ledger.ts'
import { findAsset } from './methods.ts'
import { assetsOf, instantOf } from './portfolio.ts'
import { priceIn } from './prices.ts'
import { amountShown, ok, type PaywardCall, time } from './wire.ts'

const DAY_MS = 86_400_000
const POINTS_MAX = 365
const LAG_MS = 5 * 3_600_000

const Quote = z.object({ quote_symbol: z.string().default('USD') })

function quoteOf(call: PaywardCall, world: World): Asset {
  // rule: payward.portfolio.quote
  return findAsset(Quote.parse(call.queryValues).quote_symbol, 'fiat', call, world)
}

/** Atoms in the asset that they are quoted in, at the price of a moment. */
function valueOf(atoms: bigint, asset: Asset, quote: Asset, world: World, at = world.now): bigint {
  return converted(atoms, priceIn(asset, quote, world, at))
}

/** Two places, as fiat has them; the rest is cut off. */
function cents(atoms: bigint): string {
  return amountText(atoms, DECIMALS, 2)
}

/** How much of an asset there was from a moment on, and what that had cost. */
interface Step {
  readonly at: number
  readonly total: bigint
  readonly cost: bigint
}

/** Every change of an asset, in order: what came in costs the price of then, what went out takes the average along. */
// rule: payward.portfolio.cost-basis
function stepsOf(account: string, asset: Asset, quote: Asset, world: World): Step[] {
  let total = 0n
  let cost = 0n
  return movementsIn(purseOf(account, asset, world), world).map((movement) => {
    const atoms = BigInt(movement.atoms)
    const after = total + atoms
    if (atoms > 0n) cost += valueOf(atoms, asset, quote, world, movement.at)
    else if (total > 0n) cost = (cost * after) / total
    total = after
    if (total <= 0n) cost = 0n
    return { at: movement.at, total, cost }
  })
}

export function getPortfolioSummary(call: PaywardCall, world: World): Answer {
  const quote = quoteOf(call, world)
  const account = call.params.account_id!
  const sums = { value: 0n, cost: 0n, available: 0n, withheld: 0n, openOrders: 0n }
  for (const asset of ASSETS) {
    const { total, available, withheld, openOrders } = standing(account, asset, world)
    sums.value += valueOf(total, asset, quote, world)
    sums.available += valueOf(available, asset, quote, world)
    sums.withheld += valueOf(withheld, asset, quote, world)
    sums.openOrders += valueOf(openOrders, asset, quote, world)
    sums.cost += stepsOf(account, asset, quote, world).at(-1)?.cost ?? 0n
  }
  // rule: payward.portfolio.summary
  return ok({
    quote_symbol: quote.symbol,
    quote_type: quote.type,
    value: cents(sums.value),
    cost_basis: cents(sums.cost),
    available: cents(sums.available),
    withheld: cents(sums.withheld),
    open_orders: cents(sums.openOrders),
    pnl: { unrealized: cents(sums.value - sums.cost) },
  })
}

export function getPortfolioDetails(call: PaywardCall, world: World): Answer {
  const quote = quoteOf(call, world)
  const account = call.params.account_id!
  // rule: payward.portfolio.details
  return ok(
    ASSETS.flatMap((asset) => {
      const { total, available, withheld, openOrders } = standing(account, asset, world)
      if (total === 0n && available === 0n) return []
      const value = valueOf(total, asset, quote, world)
      const cost = stepsOf(account, asset, quote, world).at(-1)?.cost ?? 0n
      return {
        symbol: asset.symbol,
        name: asset.name,
        type: asset.type,
        total: amountShown(total, asset, world),
        available: amountShown(available, asset, world),
        withheld: amountShown(withheld, asset, world),
        open_orders: amountShown(openOrders, asset, world),
        price: rateText(priceIn(asset, quote, world), DECIMALS),
        value: cents(value),
        cost_basis: cents(cost),
        pnl: { unrealized: cents(value - cost) },
      }
    }),
  )
}

const Window = z.object({ start_timestamp: z.string().optional(), end_timestamp: z.string().optional() })

export function listPortfolioHistory(call: PaywardCall, world: World): Answer {
  const quote = quoteOf(call, world)
  const account = call.params.account_id!
  const wanted = assetsOf(call.query)
  const { start_timestamp: from, end_timestamp: to } = Window.parse(call.queryValues)
  // rule: payward.portfolio.window
  const end = to === undefined ? (Math.floor(world.now / DAY_MS) + 1) * DAY_MS : instantOf('end_timestamp', to)
  const start = from === undefined ? end - POINTS_MAX * DAY_MS : instantOf('start_timestamp', from)
  if (start > end)
    throw new Refusal('invalid_request', {
      detail: 'start_timestamp: must not be after end_timestamp',
      data: { field: 'start_timestamp' },
    })
  // rule: payward.portfolio.history-lag
  const lag = world.assumes('payward.portfolio.history-lag') === '5h' ? LAG_MS : 0
  const last = Math.min(Math.ceil(end / DAY_MS) - 1, Math.floor((world.now - lag) / DAY_MS))
  const first = Math.max(Math.ceil(start / DAY_MS), last - POINTS_MAX + 1)
  const held = ASSETS.filter(({ symbol, type }) => wanted.length === 0 || wanted.includes(`${type}/${symbol}`)).map(
    (asset) => ({ asset, steps: stepsOf(account, asset, quote, world) }),
  )
  const data = []
  for (let day = last; day >= first; day--) data.push(pointAt(day * DAY_MS, held, quote, world))
  return {
    status: 200,
    body: {
      data,
      quote_symbol: quote.symbol,
      quote_type: quote.type,
      start_timestamp: time(start),
      end_timestamp: time(end),
    },
  }
}

// rule: payward.portfolio.history
function pointAt(
  at: number,
  all: readonly { readonly asset: Asset; readonly steps: Step[] }[],
  quote: Asset,
  world: World,
) {
  let value = 0n
  let cost = 0n
  const assets = all.flatMap(({ asset, steps }) => {
    // Points go back in time: what is later than this one is later than the next ones too.
    while (steps.length > 0 && steps.at(-1)!.at > at) steps.pop()
    const then = steps.at(-1)
    if (!then) return []
    value += valueOf(then.total, asset, quote, world, at)
    cost += then.cost
    return { symbol: asset.symbol, type: asset.type, amount: amountShown(then.total, asset, world) }
  })
  return { timestamp: time(at), assets, value: cents(value), total_pnl: cents(value - cost) }
}
