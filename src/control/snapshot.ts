// `snapshot`: the whole state of a world as one document, and back.
import type { Snapshot } from '../engine/snapshot.ts'
import { NO_CONTENT, type Routes } from './http.ts'

export const snapshotRoutes: Routes = {
  getSnapshot: async ({ engine, world }) => ({
    status: 200,
    type: 'application/json',
    pieces: await engine.snapshot(world),
  }),
  restoreSnapshot: async ({ engine, world, body }) => {
    await engine.restore(world, body as Snapshot)
    return NO_CONTENT
  },
}
