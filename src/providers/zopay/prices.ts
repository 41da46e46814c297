// What assets are worth in fiat, and which of them have no price for the time being.
import { z } from 'zod'
import { type Action, ActionRefused } from '../../provider.ts'
import { converted, type Rate, rateBetween } from '../../world/rates.ts'
import { Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { ASSETS, DECIMALS } from './catalogue.ts'

/** Assets that somebody has taken the price from. */
export const Priceless: Table<{ readonly asset: string }> = {
  name: 'zopay.priceless',
  key: (row) => row.asset,
  schema: z.strictObject({ asset: Text }),
  indexes: {},
}

/** What one unit is in a fiat currency; undefined: there is no price. */
// rule: zopay.prices.source
export function priceOf(asset: string, fiat: string, world: World): Rate | undefined {
  return world.get(Priceless, asset) ? undefined : rateBetween([asset], [fiat.toUpperCase()], world)
}

/** What an amount is worth, in hundredths of the fiat, cut off; undefined: there is no price. */
// rule: zopay.balances.valuation
export function worth(atoms: bigint, asset: string, fiat: string, world: World): bigint | undefined {
  const price = priceOf(asset, fiat, world)
  return price && converted(atoms, { ...price, denominator: price.denominator * 10n ** BigInt(DECIMALS[asset]! - 2) })
}

const Asset = z.strictObject({ asset: z.string() })

function named(text: string): string {
  const asset = ASSETS.find((code) => code === text.toUpperCase())
  if (!asset) throw new ActionRefused(`Zopay has no asset "${text}": there are ${ASSETS.join(', ')}`, 'asset')
  return asset
}

// rule: zopay.prices.outage
export const actions: Readonly<Record<string, Action<z.output<typeof Asset>>>> = {
  'make-price-unavailable': {
    says: 'The price of an asset cannot be fetched: balances have no valuation of it, and payouts of it are not quoted.',
    fields: Asset,
    run: ({ asset }, world) => ({ ...world.put(Priceless, { asset: named(asset) }), priced: false }),
  },
  'make-price-available': {
    says: 'The price of an asset can be fetched again.',
    fields: Asset,
    run: ({ asset }, world) => {
      const code = named(asset)
      world.remove(Priceless, code)
      return { asset: code, priced: true }
    },
  },
}
