// `clock`, and `reset`: the clock read, frozen, set and moved, and the world as new.
import { clockView } from '../engine/clock.ts'
import { ok, type Routes } from './http.ts'

export const clockRoutes: Routes = {
  getClock: ({ world }) => ok(clockView(world)),
  setClock: async ({ engine, world, body }) => ok(await engine.setClock(world, body)),
  advanceClock: async ({ engine, world, body }) => ok(await engine.advance(world, body)),
  reset: ({ engine, world, body }) => {
    const fresh = engine.reset(world, body)
    return ok({ seed: fresh.seed, clock: clockView(fresh) })
  },
}
