// `worlds`: made for a test, forked from another one, deleted.
import type { Engine } from '../engine/engine.ts'
import { SandgateError } from '../engine/errors.ts'
import { DEFAULT_WORLD } from '../engine/worlds.ts'
import { iso } from '../text/instants.ts'
import type { World } from '../world/world.ts'
import { type ControlRequest, type ControlResponse, created, NO_CONTENT, ok, type Routes } from './http.ts'

export const worldRoutes: Routes = {
  createWorld: async ({ engine, body, scenario, scenarioHash, origin }) =>
    created(worldView(await engine.createWorld({ ...body, scenarioHash }, scenario), engine, origin)),
  listWorlds: ({ engine, origin }) => ok({ data: [...engine.worlds].map((world) => worldView(world, engine, origin)) }),
  deleteWorld: ({ engine, params }) => {
    if (!engine.worlds.remove(params.id!)) throw worldNotFound(params.id!)
    return NO_CONTENT
  },
}

/** `ensureWorld`: the one call about a world that need not be there yet. */
export async function ensureWorld(
  id: string,
  { engine, body, scenario, scenarioHash, origin }: Omit<ControlRequest, 'world'>,
): Promise<ControlResponse> {
  const { world, isNew } = await engine.ensureWorld({ ...body, id, scenarioHash }, scenario)
  const view = worldView(world, engine, origin)
  return isNew ? created(view) : ok(view)
}

export function worldNotFound(id: string): SandgateError {
  return new SandgateError('world_not_found', `there is no world "${id}"; GET /_sandgate/worlds lists those there are`)
}

function worldView(world: World, { providers, worlds }: Engine, origin: string) {
  const { usedAt, goesAt } = worlds.usage(world)
  const base = world.id === DEFAULT_WORLD ? origin : `${origin}/w/${world.id}`
  return {
    id: world.id,
    seed: world.seed,
    clock: { now: iso(world.now), mode: world.clock.frozen || world.stopped ? 'frozen' : 'running' },
    ...(world.stopped && { problem: world.stopped.reason }),
    calls: world.journal.coverage.calls,
    used_at: iso(usedAt),
    goes_at: goesAt === null ? null : iso(goesAt),
    base_urls: Object.fromEntries([...providers.keys()].map((name) => [name, `${base}/${name}`])),
  }
}
