// The worlds of a sandbox: made, found, made new, forked, forgotten. They share nothing but the settings they were made from.
import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { chainReaction, type TransferStep } from '../world/chain.ts'
import type { Timer } from '../world/clock.ts'
import { attemptDue } from '../world/outbox.ts'
import type { Was } from '../storage/file/directory.ts'
import type { Prepared } from '../storage/file/store.ts'
import { inSlices } from '../runtime/slices.ts'
import type { JournalBounds } from '../world/journal.ts'
import type { Table } from '../world/tables.ts'
import type { TablesView } from '../world/view.ts'
import { World } from '../world/world.ts'

export const DEFAULT_WORLD = 'default'
/** So many rows take memory that others could use. */
const MANY_ROWS = 50_000
export const WORLD_ID = /^[a-z0-9][a-z0-9-]{0,62}$/

export interface WorldsOptions {
  readonly providers: ReadonlyMap<string, Provider>
  readonly seed: string
  /** `real`, or the instant at which worlds start, frozen. */
  readonly clock: string
  /** Parsed, by provider. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly assumptions: Readonly<Record<string, string>>
  readonly journal: JournalBounds
  /** How the default world starts, where that differs. */
  readonly first?: (() => Start) | undefined
  /** How many worlds there may be, the default one included. */
  readonly most: number
  /** How long a world may lie idle before it makes room, ms of `uptime`. The default one stays. */
  readonly idleMs: number
  /** What a world that lay idle for so long is told by: it goes now. */
  readonly idle: (id: string, idleMs: number) => void
  readonly wall: () => number
  /** How long the process has been up, ms: whoever sets the wall clock does not move it. */
  readonly uptime: () => number
  /** What timers of the core do that are not the chain's or the outbox's, by the first part of their reaction's name. */
  readonly reactions: Readonly<Record<string, (step: string, args: unknown, world: World) => string | void>>
  /** Worlds as they were kept. */
  readonly kept?: Iterable<readonly [id: string, was: Was]> | undefined
  /** Looks for what is wrong with rows that were kept; undefined where others may have their turn. */
  readonly problems: (rows: Was['tables']) => Generator<string | undefined>
  /** A world is about to be there, and is to be kept; `goesOn`: it is the one that was found. Throws when it cannot be. */
  readonly keep?: ((world: World, made: Start, goesOn: boolean) => void) | undefined
  /** The same for a world that may be large: it is laid down first, in slices. Rejects when it cannot be kept. */
  readonly prepare?: ((world: World, made: Start) => Promise<Prepared>) | undefined
  /** Every table there is. */
  readonly tables: readonly Table<any>[]
  /** Nothing falls due any more in a world. */
  readonly stopped: (world: World, error?: unknown) => void
  /** A world was made, or made new. */
  readonly made?: ((world: World) => void) | undefined
  /** A world is gone. */
  readonly gone?: ((id: string) => void) | undefined
  /** Very many rows are not needed any more. */
  readonly emptied?: (() => void) | undefined
}

export interface Start {
  readonly seed?: string | undefined
  readonly clock?: string | undefined
  /** Which answer is given where the documents leave two open, by rule id, beside what the sandbox assumes. */
  readonly assume?: Readonly<Record<string, string>> | undefined
}

/** As it stands in a directory; what other versions say beside it is their affair. */
const StartSchema = z.looseObject({
  seed: z.string().optional(),
  clock: z
    .string()
    .refine((text) => text === 'real' || !Number.isNaN(Date.parse(text)), 'expected real, or an instant')
    .optional(),
  assume: z.record(z.string(), z.string()).optional(),
})

/** Why a world cannot be made or deleted, in one sentence. */
export class WorldRefused extends Error {}

interface Housed {
  readonly world: World
  readonly made: Start
  /** When it was used last, ms of `uptime`. */
  usedMs: number
}

// rule: sandgate.worlds.apart
export class Worlds {
  readonly #options: WorldsOptions
  readonly #switches: Readonly<Record<string, readonly string[]>>
  /** Worlds as they were kept that nobody has asked for yet, each with the look at its rows that comes first. */
  readonly #unopened = new Map<string, { readonly was: Was; readonly look: Generator<string | undefined> }>()
  /** `made`: how it was made, and is made again by a reset that says nothing else. */
  readonly #worlds = new Map<string, Housed>()
  /** Ids of worlds that are being copied. */
  readonly #reserved = new Set<string>()

  constructor(options: WorldsOptions) {
    this.#options = options
    // rule: sandgate.control.names
    this.#switches = Object.assign(
      Object.create(null),
      ...[...options.providers.values()].map((provider) => provider.switches ?? {}),
    )
    for (const [id, was] of options.kept ?? []) this.#unopened.set(id, { was, look: options.problems(was.tables) })
    if (!this.#unopened.has(DEFAULT_WORLD)) this.reset(DEFAULT_WORLD)
  }

  /** Does some of what has to be done before a world that was kept can be used; whoever asks for one earlier does the rest of it. False: nothing is left. */
  openSome(): boolean {
    for (const [id, { look }] of this.#unopened) {
      const { value, done } = look.next()
      if (done || value !== undefined) this.#open(id, value)
      break
    }
    return this.#unopened.size > 0
  }

  /** Goes on with a world that was kept, if there is one of that id which nobody has asked for yet. */
  // rule: sandgate.keep.bad-rows
  #open(id: string, found?: string): void {
    const kept = this.#unopened.get(id)
    if (!kept) return
    this.#unopened.delete(id)
    const { was, look } = kept
    const problem = was.unread ?? startProblem(was) ?? found ?? firstOf(look)
    if (problem !== undefined) return this.#keepOut(id, was, problem)
    try {
      const world = this.#make(id, was.made ?? {}, {}, was, true)
      world.journal.add({
        kind: 'control',
        at: world.now,
        action: 'kept',
        summary: 'the world goes on as it was kept; what happened before stands in no journal any more',
      })
    } catch (error) {
      this.#keepOut(id, was, (error as Error).message)
    }
  }

  /** It is there to be looked at, and what is on the disk stays as it is until somebody resets or deletes it. */
  #keepOut(id: string, was: Was, problem: string): void {
    const made = startProblem(was) === undefined ? (was.made ?? {}) : {}
    const world = this.#build(id, made, {}, was)
    this.#worlds.set(id, { world, usedMs: this.#options.uptime(), made })
    world.stop(problem, undefined, was.unread === undefined ? 'bad' : 'unread')
  }

  /** The world of that id, which counts as used now. */
  get(id: string): World | undefined {
    this.#open(id)
    const found = this.#worlds.get(id)
    if (!found || this.#goesIdle(id, found)) return undefined
    found.usedMs = this.#options.uptime()
    return found.world
  }

  /** Whether this is the world of its id, and not one that was deleted or made new since. */
  has(world: World): boolean {
    return this.#worlds.get(world.id)?.world === world
  }

  /** All of them, those aside that have lain idle for too long: they go now. */
  *[Symbol.iterator](): Generator<World> {
    for (const id of [...this.#unopened.keys()]) this.#open(id)
    yield* this.opened()
  }

  /** Those of them that were made, or asked for, since the start. */
  *opened(): Generator<World> {
    this.#forgetIdle()
    for (const { world } of this.#worlds.values()) yield world
  }

  /** A new world; throws `WorldRefused`. Without an id it gets the next free one. */
  create(id: string | undefined, start: Start): World {
    const name = this.#newId(id)
    const unknown = Object.entries(start.assume ?? {}).find(([rule, value]) => !this.#switches[rule]?.includes(value))
    if (unknown) throw new WorldRefused(`assume: ${unknown[0]} cannot be ${unknown[1]}; ${this.#choices(unknown[0])}`)
    return this.#make(name, start)
  }

  /** A new world that is what another one is now. Rejects with `WorldRefused`. */
  async fork(id: string | undefined, from: World): Promise<World> {
    if (from.stopped && from.stopped.rows !== 'good')
      throw new WorldRefused(`the world "${from.id}" cannot be copied: ${from.stopped.reason}`)
    const name = this.#newId(id)
    const { startMs, frozen } = from.options
    const { made } = this.#worlds.get(from.id)!
    const { view, clock } = from.moment()
    this.#reserved.add(name)
    try {
      const tables = await inSlices(copied(view))
      const world = await this.#replace(
        undefined,
        name,
        { ...made, seed: from.seed },
        { seed: from.seed, startMs, frozen, entries: 0, tables, clock },
      )
      world.journal.add({
        kind: 'control',
        at: world.now,
        action: 'fork',
        summary: `a copy of the world "${from.id}" as it was then`,
      })
      return world
    } finally {
      view.end()
      this.#reserved.delete(name)
    }
  }

  /** Deletes a world and everything in it. Throws `WorldRefused` for the default one. */
  remove(id: string): boolean {
    if (id === DEFAULT_WORLD) throw new WorldRefused('the default world can be reset, not deleted')
    this.#open(id)
    const { world } = this.#worlds.get(id) ?? {}
    if (!this.#worlds.delete(id)) return false
    this.#emptied(world)
    this.#options.gone?.(id)
    return true
  }

  /** Makes the world as new, with another seed or clock if given. */
  reset(id: string, changes: Start = {}): World {
    return this.#make(id, this.#worlds.get(id)?.made ?? {}, changes)
  }

  /** A world as it was, in place of this one. Its journal numbers go on. Rejects with `WorldRefused` when the world is another one meanwhile. */
  restore(world: World, was: Omit<Was, 'entries'>): Promise<World> {
    return this.#replace(world, world.id, this.#worlds.get(world.id)!.made, {
      ...was,
      entries: world.journal.nextId - 1,
    })
  }

  /** Builds a world that may be large, in slices, and puts it in the place of `before` at once. */
  async #replace(before: World | undefined, id: string, made: Start, was: Was): Promise<World> {
    const { prepare, tables, uptime, wall } = this.#options
    const world = this.#build(id, made, {}, was)
    await inSlices(world.buildIndexes(tables))
    const prepared = await prepare?.(world, made)
    if (this.#worlds.get(id)?.world !== before) {
      await prepared?.abandon()
      throw new WorldRefused(`the world "${id}" was deleted or made new meanwhile`)
    }
    prepared?.commit()
    if (before) world.journal.goOn(before.journal.nextId - 1)
    world.clock.tick(wall())
    this.#worlds.set(id, { world, usedMs: uptime(), made })
    this.#emptied(before)
    world.keeper?.flush()
    return world
  }

  /** The id of a world that is about to be made, when it may be. */
  #newId(id: string | undefined): string {
    this.#forgetIdle()
    const name = id ?? this.#free()
    if (!WORLD_ID.test(name))
      throw new WorldRefused(
        `"${name}" is no world id: lower-case letters, digits and dashes, at most 63, not beginning with a dash`,
      )
    if (this.#isTaken(name)) throw new WorldRefused(`there is a world "${name}" already`)
    const size = this.#worlds.size + this.#unopened.size + this.#reserved.size
    if (size >= this.#options.most)
      throw new WorldRefused(`there are ${size} worlds, as many as limits.worlds allows; delete one first`)
    return name
  }

  #make(id: string, made: Start, changes: Start = {}, was?: Was, goesOn = false): World {
    const options = this.#options
    const world = this.#build(id, made, changes, was)
    options.keep?.(world, made, goesOn)
    world.clock.tick(options.wall())
    this.#emptied(this.#worlds.get(id)?.world)
    this.#worlds.set(id, { world, usedMs: options.uptime(), made })
    if (!was) options.made?.(world)
    world.keeper?.flush()
    return world
  }

  /** A world that nobody sees yet. */
  #build(id: string, made: Start, changes: Start, was?: Was): World {
    const options = this.#options
    const start = {
      ...made,
      ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
    } as Start
    const first = (id === DEFAULT_WORLD && options.first?.()) || {}
    const clock = start.clock ?? first.clock ?? options.clock
    const world = new World({
      id,
      seed: was?.seed ?? start.seed ?? first.seed ?? options.seed,
      startMs: was?.startMs ?? (clock === 'real' ? options.wall() : Date.parse(clock)),
      frozen: was?.frozen ?? clock !== 'real',
      settings: options.settings,
      assumptions: { ...options.assumptions, ...start.assume },
      switches: this.#switches,
      react: (timer, world) => this.#react(timer, world),
      onStop: (world, error) => options.stopped(world, error),
      ...options.journal,
    })
    if (was) {
      world.load(was)
      world.journal.goOn(was.entries)
    }
    return world
  }

  // rule: sandgate.worlds.memory
  #emptied(world: World | undefined): void {
    if (world && world.rowCount > MANY_ROWS) this.#options.emptied?.()
  }

  #forgetIdle(): void {
    for (const [id, housed] of this.#worlds) this.#goesIdle(id, housed)
  }

  // rule: sandgate.worlds.idle
  /** Whether the world has lain idle for too long, and is gone now. */
  #goesIdle(id: string, housed: Housed): boolean {
    const { uptime, idleMs, idle } = this.#options
    const now = uptime()
    const lay = now - housed.usedMs
    // One that is not served waits for somebody to look at it.
    if (id === DEFAULT_WORLD || lay <= idleMs || (housed.world.stopped?.rows ?? 'good') !== 'good') return false
    const { clock } = housed.world
    if (!clock.frozen && clock.nextLoud !== undefined) {
      // Something will happen in it by itself, and somebody may wait for that.
      housed.usedMs = now
      return false
    }
    this.remove(id)
    idle(id, lay)
    return true
  }

  #choices(rule: string): string {
    const values = this.#switches[rule]
    return values ? `it takes ${values.join(' or ')}` : `GET /_sandgate/rules lists the switches there are`
  }

  #free(): string {
    for (let number = this.#worlds.size; ; number++) if (!this.#isTaken(`world-${number}`)) return `world-${number}`
  }

  #isTaken(id: string): boolean {
    return this.#worlds.has(id) || this.#unopened.has(id) || this.#reserved.has(id)
  }

  /** What a timer does: a step of the chain, an attempt of the outbox, another part of the core, or a reaction of the provider. */
  #react({ provider, reaction, args }: Timer, world: World): string | void {
    const { providers, reactions } = this.#options
    const [part, step] = reaction.split('.') as [string, string]
    if (part === 'chain')
      return chainReaction(step as TransferStep, args as string, world, (...told) =>
        providers.get(told[2].provider)!.deposits!.onTransfer(...told),
      )
    if (part === 'outbox') return attemptDue(args as string, world)
    return reactions[part]
      ? reactions[part](step, args, world)
      : providers.get(provider)!.reactions![reaction]!.run(args, world)
  }
}

/** The rows of a view in maps of their own; the rows themselves are never edited, and so shared. */
function* copied(view: TablesView): Generator<void, Map<string, Map<string, object>>> {
  const tables = new Map<string, Map<string, object>>()
  for (const entry of view.entries()) {
    if (!entry) yield
    else {
      const [table, key, row] = entry
      const rows = tables.get(table) ?? new Map<string, object>()
      tables.set(table, rows.set(key, row))
    }
  }
  return tables
}

function firstOf(look: Iterable<string | undefined>): string | undefined {
  for (const problem of look) if (problem !== undefined) return problem
  return undefined
}

/** What is wrong with how a world was made, which a reset would do again. */
function startProblem({ made }: Was): string | undefined {
  const parsed = StartSchema.safeParse(made ?? {})
  return parsed.success
    ? undefined
    : `how it was made: ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`
}
