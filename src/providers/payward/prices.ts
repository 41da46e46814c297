// What Payward's assets are worth in one another, for valuations, charts and quotes alike.
import { converted, type Rate, rateBetween, tableRateBetween } from '../../world/rates.ts'
import type { World } from '../../world/world.ts'
import { DECIMALS } from './catalogue.ts'
import type { Money } from './ledger.ts'

/** What one unit of an asset is in another one, now or at another moment. A rate that is pinned counts for every moment. */
// rule: payward.prices, rule: payward.portfolio.prices
export function priceIn(asset: Money, quote: Money, world: World, at = world.now): Rate {
  // The table knows no small letters: TSLAx is TSLAX there.
  const names = [asset, quote].map(({ symbol }) => [symbol.toUpperCase()]) as [string[], string[]]
  return world.assumes('payward.prices') === 'walk'
    ? rateBetween(...names, world, at)
    : tableRateBetween(...names, world)
}

/** What so many atoms of an asset are worth, in hundredths of a fiat currency; fractions are cut off. */
export function worth(atoms: bigint, asset: Money, quote: Money, world: World, at = world.now): bigint {
  return converted(atoms * 100n, priceIn(asset, quote, world, at)) / 10n ** BigInt(DECIMALS)
}
