// `addresses`: what providers have allocated.
import { placeOf } from '../engine/deposits.ts'
import { iso } from '../text/instants.ts'
import { sameTag } from '../world/tags.ts'
import { type HandOut, HandOuts } from '../world/world.ts'
import { madeBy } from './entries.ts'
import { paged, type Routes } from './http.ts'

export const addressRoutes: Routes = {
  listAddresses: ({ world, query }) => {
    const named = query.address === undefined ? undefined : placeOf(query.address, world)
    const tag = named?.destination.tag
    const wanted = (row: HandOut) =>
      (tag === undefined || sameTag(row.tag, tag)) &&
      (query.provider === undefined || row.provider === query.provider) &&
      (query.account === undefined || row.account === query.account) &&
      (query.user === undefined || row.user === query.user)
    const index = named === undefined ? (['all', ''] as const) : (['byAddress', named.address] as const)
    const view = ({ seq: _, ...row }: HandOut) => ({
      ...row,
      at: iso(row.at),
      ...madeBy(HandOuts, row.id, world),
    })
    return paged(HandOuts, index, wanted, view, { world, query })
  },
}
