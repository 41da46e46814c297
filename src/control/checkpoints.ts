// `checkpoints`: states of this world under a name, what has changed since, and the way back.
import { changesSince, checkpointsOf, deleteCheckpoint, makeCheckpoint, rewindTo } from '../engine/checkpoints.ts'
import type { Checkpoint } from '../engine/kept-checkpoints.ts'
import { iso } from '../text/instants.ts'
import { created, NO_CONTENT, ok, type Routes } from './http.ts'

/** Changes when nothing else is said. */
const CHANGES = 100

export const checkpointRoutes: Routes = {
  listCheckpoints: ({ engine, world }) => ok({ data: checkpointsOf(engine, world).map(checkpointView) }),
  putCheckpoint: async ({ engine, world, params }) => {
    const { checkpoint, replaced } = await makeCheckpoint(engine, world, params.name!)
    return replaced ? ok(checkpointView(checkpoint)) : created(checkpointView(checkpoint))
  },
  deleteCheckpoint: ({ engine, world, params }) => {
    deleteCheckpoint(engine, world, params.name!)
    return NO_CONTENT
  },
  listChanges: async ({ engine, world, params, query: { limit = CHANGES } }) =>
    ok(await changesSince(engine, world, params.name!, limit)),
  rewind: async ({ engine, world, params }) => ok(checkpointView(await rewindTo(engine, world, params.name!))),
}

function checkpointView({ name, clock: [now], madeAt, entry, rows }: Checkpoint) {
  return { name, at: iso(now), made_at: iso(madeAt), entry, rows }
}
