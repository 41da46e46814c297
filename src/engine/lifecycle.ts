// Worlds as tests make them: created, with a scenario if they like, forked from another one, reset.
import type { Scenario } from '../scenario/schema.ts'
import { clockText } from '../text/instants.ts'
import type { World } from '../world/world.ts'
import { type Context, note, refuseStopped } from './context.ts'
import { SandgateError } from './errors.ts'
import { loadUnasked } from './scenarios.ts'
import type { Start, Wish } from './starts.ts'
import { refuseOtherWish } from './wishes.ts'
import { DEFAULT_WORLD } from './worlds.ts'

/** How many numbers of new worlds are tried that others take first. */
const NUMBERS_MOST = 20

export interface StartInput {
  readonly seed?: string | undefined
  /** `real`, or an ISO 8601 instant, at which the world starts, frozen. */
  readonly clock?: string | undefined
}

export interface WorldInput extends StartInput {
  /** The next free one unless given. */
  readonly id?: string | undefined
  /** Which answer is given where the documents leave two open, by rule id. */
  readonly assume?: Readonly<Record<string, string>> | undefined
  /** The id of a world that this one is to be a copy of; then there is no seed, no clock and no `assume`. */
  readonly from?: string | undefined
  /** SHA-256 of its scenario as it was written, by which whoever asks for the same again is known. */
  readonly scenarioHash?: string | undefined
}

/** Makes a world. Rejects as `Worlds.create` and `Worlds.fork` do, with `world_not_found` or with `storage_unavailable`. */
export async function createWorld(context: Context, input: WorldInput, scenario?: Scenario): Promise<World> {
  for (let times = 0; ; times++) {
    try {
      return await makeWorld(context, input, scenario)
    } catch (error) {
      // Another process, or another call, may take the next free number first.
      const isNumbered = input.id === undefined && context.commit.shared !== undefined
      if (!isNumbered || times === NUMBERS_MOST || !isTaken(error)) throw error
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof SandgateError && error.code === 'world_exists'
}

async function makeWorld(context: Context, input: WorldInput, scenario: Scenario | undefined): Promise<World> {
  const id = await context.claims.nameOfNew(input.id)
  const named = { ...input, id }
  const world = input.from === undefined ? fresh(context, named, scenario) : await forked(context, named, scenario)
  if (scenario) loadUnasked(context, world, scenario)
  // The world is stored when it is made, its scenario only now.
  if (await context.commit.flush(world)) return world
  const failure = context.commit.failure(world)
  context.worlds.remove(world.id)
  throw failure
}

/** Deletes a world, whoever serves it; false: there is none of that id. Rejects with `default_world` or `StorageError`. */
export async function deleteWorld({ worlds, commit }: Context, id: string): Promise<boolean> {
  const { shared } = commit
  if (!shared || id === DEFAULT_WORLD) return worlds.remove(id)
  const isDeleted = await shared.delete(id)
  const served = worlds.peek(id)
  if (served) worlds.drop(served)
  return isDeleted
}

// rule: sandgate.worlds.ensure
/**
 * The world of an id: found, or made when there is none. Rejects as `createWorld` does, with `world_exists` where it was made from another wish, and
 * with `world_stopped`.
 */
export async function ensureWorld(
  context: Context,
  input: WorldInput & { readonly id: string },
  scenario?: Scenario,
): Promise<{ readonly world: World; readonly isNew: boolean }> {
  const { worlds, claims, commit } = context
  const found = await claims.acquire(input.id)
  if (!found) {
    const made = await createWorld(context, input, scenario).catch((error: unknown) => {
      // Another process may have made it meanwhile.
      if (commit.shared && isTaken(error)) return undefined
      throw error
    })
    return made ? { world: made, isNew: true } : ensureWorld(context, input, scenario)
  }
  if (found.stopped && found.stopped.rows !== 'good') refuseStopped(found)
  refuseOtherWish(found.id, worlds.madeFrom(found), wishOf(input), startOf(input, scenario))
  context.tick(found)
  // Whoever asked first may still wait for it to be stored.
  return { world: await commit.withCommit(found, async () => found), isNew: false }
}

function fresh({ worlds }: Context, input: WorldInput, scenario: Scenario | undefined): World {
  return worlds.create(input.id, { ...startOf(input, scenario), wish: wishOf(input) })
}

function startOf({ seed, clock, assume }: WorldInput, scenario: Scenario | undefined): Start {
  return {
    seed: seed ?? scenario?.seed,
    clock: clock === undefined ? scenario?.clock : clockText(clock),
    assume,
  }
}

function wishOf({ seed, clock, assume, scenarioHash }: WorldInput): Wish {
  return {
    ...(seed !== undefined && { seed }),
    ...(clock !== undefined && { clock: clockText(clock) }),
    ...(assume !== undefined && { assume }),
    ...(scenarioHash !== undefined && { scenario: scenarioHash }),
  }
}

async function forked({ worlds, claims }: Context, input: WorldInput, scenario: Scenario | undefined): Promise<World> {
  const from = await claims.acquire(input.from!)
  if (!from) throw new SandgateError('world_not_found', `there is no world "${input.from}" to fork`, { field: 'from' })
  const refuse = (field: string, message: string) => {
    throw new SandgateError('invalid_request', message, { field })
  }
  if (input.seed !== undefined || input.clock !== undefined)
    refuse(input.seed === undefined ? 'clock' : 'seed', 'a fork has the seed and the clock of the world it comes from')
  if (input.assume !== undefined) refuse('assume', 'a fork assumes what the world it comes from assumes')
  if (scenario?.seed !== undefined || scenario?.clock !== undefined)
    refuse('scenario', 'a fork has the seed and the clock of the world it comes from, and its scenario names others')
  return worlds.fork(input.id, from)
}

/** The world as new, with another seed or clock if given. */
export function resetWorld({ worlds }: Context, { id }: World, { seed, clock }: StartInput = {}): World {
  const world = worlds.reset(id, { seed, clock: clock === undefined ? undefined : clockText(clock) })
  note(world, 'reset', `the world was reset, with the seed "${world.seed}"`)
  return world
}
