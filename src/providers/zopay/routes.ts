// Ways from a user's balance to an address: what each costs and takes, and which one a payout takes.
import type { World } from '../../world/world.ts'
import { availableIn } from '../../world/ledger.ts'
import type { Caller, Route, Settings } from './catalogue.ts'
import { purseOf } from './money.ts'

export interface Choice {
  readonly route: Route
  /** Cheaper, but the user does not have enough there. */
  readonly cheaper: Route | undefined
  /** What is missing on the route, atoms; 0: nothing. */
  readonly missing: bigint
}

/** The cheapest route from where the user has enough; the cheapest of all where there is none. */
// rule: zopay.payouts.route
export function choose(
  { org, livemode, pairs }: Caller,
  wanted: { readonly externalRef: string; readonly asset: string; readonly to: string; readonly atoms: bigint },
  world: World,
): Choice {
  const { externalRef, asset, to, atoms } = wanted
  const has = ({ from }: Route) => availableIn(purseOf({ org, livemode, externalRef, asset, network: from }), world)
  const { routes } = world.settings<Settings>('zopay').payouts
  const open = routes
    .filter((route) => route.to === to && pairs.some((pair) => pair.asset === asset && pair.network === route.from))
    .sort((one, other) => one.fee - other.fee)
  const cheapest = open[0]!
  const route = open.find((each) => has(each) >= atoms)
  if (!route) return { route: cheapest, cheaper: undefined, missing: atoms - max(has(cheapest), 0n) }
  return { route, cheaper: route === cheapest ? undefined : cheapest, missing: 0n }
}

function max(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
