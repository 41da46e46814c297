// `worlds`: made for a test, forked from another one, deleted.
import type { StoredWorld } from '../engine/commit.ts'
import type { Engine } from '../engine/engine.ts'
import { SandgateError } from '../engine/errors.ts'
import { DEFAULT_WORLD } from '../engine/worlds.ts'
import { iso } from '../text/instants.ts'
import type { World } from '../world/world.ts'
import { type ControlRequest, type ControlResponse, created, NO_CONTENT, ok, type Routes } from './http.ts'

export const worldRoutes: Routes = {
  createWorld: async ({ engine, body, scenario, scenarioHash, origin }) =>
    created(worldView(await engine.createWorld({ ...body, scenarioHash }, scenario), engine, origin)),
  listWorlds: async ({ engine, origin }) => ok({ data: await worldViews(engine, origin) }),
  deleteWorld: async ({ engine, params }) => {
    if (!(await engine.deleteWorld(params.id!))) throw worldNotFound(params.id!)
    return NO_CONTENT
  },
}

async function worldViews(engine: Engine, origin: string) {
  const { worlds, commit } = engine
  if (!commit.shared) return [...worlds].map((world) => worldView(world, engine, origin))
  return (await commit.shared.list()).map((stored) => {
    const served = stored.isOwn ? worlds.peek(stored.id) : undefined
    return served ? worldView(served, engine, origin) : storedView(stored, engine, origin)
  })
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

// rule: sandgate.shared.list
/** A world that another process serves, or nobody, as it was stored last; how many calls it got is known to whoever serves it. */
function storedView(
  { id, seed, now, frozen, due, usedAt }: StoredWorld,
  { providers, worlds }: Engine,
  origin: string,
) {
  return {
    id,
    seed,
    clock: { now: iso(now), mode: frozen ? 'frozen' : 'running' },
    calls: null,
    used_at: iso(usedAt),
    goes_at: id === DEFAULT_WORLD || due ? null : iso(usedAt + worlds.idleMs),
    base_urls: baseUrls(id, { providers }, origin),
  }
}

function baseUrls(id: string, { providers }: Pick<Engine, 'providers'>, origin: string) {
  const base = id === DEFAULT_WORLD ? origin : `${origin}/w/${id}`
  return Object.fromEntries([...providers.keys()].map((name) => [name, `${base}/${name}`]))
}

function worldView(world: World, { providers, worlds }: Engine, origin: string) {
  const { usedAt, goesAt } = worlds.usage(world)
  return {
    id: world.id,
    seed: world.seed,
    clock: { now: iso(world.now), mode: world.clock.frozen || world.stopped ? 'frozen' : 'running' },
    ...(world.stopped && { problem: world.stopped.reason }),
    calls: world.journal.coverage.calls,
    used_at: iso(usedAt),
    goes_at: goesAt === null ? null : iso(goesAt),
    base_urls: baseUrls(world.id, { providers }, origin),
  }
}
