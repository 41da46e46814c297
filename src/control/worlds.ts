// The control API's chapter on worlds: made for a test, forked from another one, deleted.
import type { Sandbox } from '../app.ts'
import type { World } from '../world/world.ts'
import { DEFAULT_WORLD, WorldRefused } from '../engine/worlds.ts'
import { type Ask, clockText, created, iso, ok, Problem, type Routes, type Told, unkept } from './http.ts'
import type { Scenario } from '../scenario/schema.ts'

export const worldRoutes: Routes = {
  createWorld: (asked) => (asked.body?.from === undefined ? createWorld(asked) : forkWorld(asked)),
  listWorlds: ({ sandbox, origin }) =>
    ok({ data: [...sandbox.worlds].map((world) => worldView(world, sandbox, origin)) }),
  deleteWorld: ({ sandbox, params }) => {
    if (!refusing(() => sandbox.worlds.remove(params.id!)))
      throw new Problem(404, `there is no world "${params.id}"; GET /_sandgate/worlds lists those there are`)
    return { status: 204 }
  },
}

/** Also asked by those who need no connection. */
export function createWorld({
  sandbox,
  body,
  scenario,
  origin,
}: Pick<Ask, 'sandbox' | 'body' | 'scenario' | 'origin'>): Told {
  const start = {
    seed: body?.seed ?? scenario?.seed,
    clock: body?.clock === undefined ? scenario?.clock : clockText(body.clock),
    assume: body?.assume,
  }
  const world = refusing(() => sandbox.worlds.create(body?.id, start))
  return begun(world, scenario, sandbox, origin)
}

async function forkWorld({ sandbox, body, scenario, origin }: Ask): Promise<Told> {
  const from = sandbox.worlds.get(body.from)
  if (!from) throw new Problem(404, `there is no world "${body.from}" to fork`)
  if (body.seed !== undefined || body.clock !== undefined)
    throw new Problem(422, 'a fork has the seed and the clock of the world it comes from')
  if (body.assume !== undefined) throw new Problem(422, 'a fork assumes what the world it comes from assumes')
  if (scenario?.seed !== undefined || scenario?.clock !== undefined)
    throw new Problem(
      422,
      'a fork has the seed and the clock of the world it comes from, and its scenario names others',
    )
  const world = await sandbox.worlds.fork(body.id, from).catch((error) =>
    refusing(() => {
      throw error
    }),
  )
  return begun(world, scenario, sandbox, origin)
}

/** A world is kept when it is made, its scenario only now. */
function begun(world: World, scenario: Scenario | undefined, sandbox: Sandbox, origin: string): Told {
  if (scenario) sandbox.load(scenario, world)
  if (world.keeper?.flush() === false) {
    sandbox.worlds.remove(world.id)
    throw unkept()
  }
  return created(worldView(world, sandbox, origin))
}

function worldView(world: World, sandbox: Sandbox, origin: string) {
  const base = world.id === DEFAULT_WORLD ? origin : `${origin}/w/${world.id}`
  return {
    id: world.id,
    seed: world.seed,
    clock: { now: iso(world.now), mode: world.clock.frozen || world.stopped ? 'frozen' : 'running' },
    ...(world.stopped && { problem: world.stopped.reason }),
    base_urls: Object.fromEntries([...sandbox.providers.keys()].map((name) => [name, `${base}/${name}`])),
  }
}

function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof WorldRefused)
      throw new Problem(error.message.startsWith('assume: ') ? 422 : 409, error.message)
    throw error
  }
}
