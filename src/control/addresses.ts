// `addresses`: what providers have allocated, and for how long it is shown, watched and kept for one payer.
import type { Engine } from '../engine/engine.ts'
import { placeOf } from '../engine/deposits.ts'
import { iso } from '../text/instants.ts'
import { sameTag } from '../world/tags.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'
import { madeBy } from './entries.ts'
import { paged, type Routes } from './http.ts'

export const addressRoutes: Routes = {
  listAddresses: ({ engine, world, query }) => {
    const named = query.address === undefined ? undefined : placeOf(query.address, world)
    const tag = named?.destination.tag
    const wanted = (row: HandOut) =>
      (tag === undefined || sameTag(row.tag, tag)) &&
      (query.provider === undefined || row.provider === query.provider) &&
      (query.account === undefined || row.account === query.account) &&
      (query.user === undefined || row.user === query.user)
    const index = named === undefined ? (['all', ''] as const) : (['byAddress', named.address] as const)
    const view = (row: HandOut) => handOutView(row, engine, world)
    return paged(HandOuts, index, wanted, view, { world, query })
  },
}

function handOutView(handOut: HandOut, { providers }: Engine, world: World) {
  const { seq: _, ...row } = handOut
  // rule: sandgate.addresses.windows
  const { displayUntil, monitoredUntil, reuseFrom } =
    providers.get(row.provider)?.deposits?.windows?.(handOut, world) ?? {}
  return {
    ...row,
    at: iso(row.at),
    ...madeBy(HandOuts, row.id, world),
    windows: {
      ...(displayUntil !== undefined && { display_until: iso(displayUntil) }),
      ...(monitoredUntil !== undefined && { monitored_until: iso(monitoredUntil) }),
      ...(reuseFrom !== undefined && { reuse_from: iso(reuseFrom) }),
    },
  }
}
