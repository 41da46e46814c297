// The worlds of a sandbox: made, found, made new, forked, forgotten. They share nothing but the settings they were made from.
import type { Provider } from '../provider.ts'
import type { Commit, PersistedWorld } from './commit.ts'
import { SandgateError } from './errors.ts'
import { DEFAULT_WORLD, isBusy, isKept } from './idle.ts'
import type { KeptCheckpoints } from './kept-checkpoints.ts'
import { ProcessCoverage } from './process-coverage.ts'
import type { Registry } from './registry.ts'
import { type Start, startProblem } from './starts.ts'
import { inSlices } from '../runtime/slices.ts'
import type { JournalBounds } from '../world/journal.ts'
import { World } from '../world/world.ts'
import { WORLD_ID } from './world-ids.ts'

export { DEFAULT_WORLD, type Start }

/** So many rows take memory that others could use. */
const MANY_ROWS = 50_000

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
  readonly registry: Registry
  readonly commit: Commit
  /** Looks for what is wrong with rows that were stored; undefined where others may have their turn. */
  readonly problems: (rows: PersistedWorld['tables']) => Generator<string | undefined>
  /** Nothing falls due any more in a world. */
  readonly stopped: (world: World, error?: unknown) => void
  /** A world was made, or made new. */
  readonly made?: ((world: World) => void) | undefined
  /** Very many rows are not needed any more. */
  readonly emptied?: (() => void) | undefined
}

interface Housed {
  readonly world: World
  readonly made: Start
  readonly checkpoints: KeptCheckpoints
  /** When it was used last, ms of `uptime`. */
  usedMs: number
}

// rule: sandgate.worlds.apart
export class Worlds {
  readonly #options: WorldsOptions
  readonly #switches: Readonly<Record<string, readonly string[]>>
  /** Worlds as they were kept that nobody has asked for yet, each with the look at its rows that comes first. */
  readonly #unopened = new Map<string, { readonly was: PersistedWorld; readonly look: Generator<string | undefined> }>()
  /** `made`: how it was made, and is made again by a reset that says nothing else. */
  readonly #worlds = new Map<string, Housed>()
  readonly coverage = new ProcessCoverage()
  /** Ids of worlds that are being copied. */
  readonly #reserved = new Set<string>()

  constructor(options: WorldsOptions) {
    this.#options = options
    // rule: sandgate.control.names
    this.#switches = Object.assign(
      Object.create(null),
      ...[...options.providers.values()].map((provider) => provider.switches ?? {}),
    )
    for (const [id, was] of options.commit.found()) this.#unopened.set(id, { was, look: options.problems(was.tables) })
    // Where processes share worlds, another one may have made it.
    if (!options.commit.shared && !this.#unopened.has(DEFAULT_WORLD)) this.reset(DEFAULT_WORLD)
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
    const summary = 'the world was restored from disk; the journal from before the restart is gone'
    this.goOn(id, was, summary, was.unread ?? startProblem(was) ?? found ?? firstOf(look))
  }

  /** Goes on with a world as it was stored. `summary`: where it comes from, for its journal; `problem`: why it cannot be served. */
  goOn(id: string, was: PersistedWorld, summary: string, problem: string | undefined): World {
    if (problem !== undefined) return this.#keepOut(id, was, problem)
    try {
      const world = this.#make(id, was.made ?? {}, {}, was, true)
      world.journal.add({ kind: 'control', at: world.now, action: 'kept', summary })
      return world
    } catch (error) {
      return this.#keepOut(id, was, (error as Error).message)
    }
  }

  /** It is there to be looked at, and what is on the disk stays as it is until somebody resets or deletes it. */
  #keepOut(id: string, was: PersistedWorld, problem: string): World {
    const made = startProblem(was) === undefined ? (was.made ?? {}) : {}
    const world = this.#build(id, made, {}, was)
    this.#house(world, made)
    world.stop(problem, undefined, was.unread === undefined ? 'bad' : 'unread')
    // Another process may start it over.
    if (this.#options.commit.shared) this.#options.commit.attach(world, made, true)
    return world
  }

  /** The world of that id, which counts as used now. */
  get(id: string): World | undefined {
    this.#open(id)
    const found = this.#worlds.get(id)
    if (!found || this.#goesIdle(id, found)) return undefined
    found.usedMs = this.#options.uptime()
    return found.world
  }

  /** The world of that id, without counting as a use of it. */
  peek(id: string): World | undefined {
    return this.#worlds.get(id)?.world
  }

  /** Another process serves the world from here on, or nobody does: its memory goes, what is stored of it stays. */
  drop(world: World): void {
    if (!this.has(world)) return
    this.#worlds.delete(world.id)
    this.coverage.gone(world)
    this.#emptied(world)
  }

  /** A world that nobody sees and nothing is stored of, where only settings matter. `reason`: why the one of its id cannot be served now. */
  blank(id = DEFAULT_WORLD, reason?: string): World {
    const world = this.#build(id, {}, {}, undefined, true)
    if (reason !== undefined) world.stop(reason, undefined, 'away')
    return world
  }

  /** Whether this is the world of its id, and not one that was deleted or made new since. */
  has(world: World): boolean {
    return this.#worlds.get(world.id)?.world === world
  }

  /** The checkpoints of the world of that id. */
  checkpoints({ id }: World): KeptCheckpoints {
    return this.#worlds.get(id)?.checkpoints ?? new Map()
  }

  /** How many rows the checkpoints of all worlds hold. */
  get checkpointRows(): number {
    return [...this.#worlds.values()]
      .flatMap(({ checkpoints }) => [...checkpoints.values()])
      .reduce((sum, { rows }) => sum + rows, 0)
  }

  /** How long a world may lie unused before it is deleted, ms. */
  get idleMs(): number {
    return this.#options.idleMs
  }

  // rule: sandgate.worlds.usage
  /** When a world was used last, wall ms, and when it is deleted unless somebody uses it; null: it is not. */
  usage(world: World): { readonly usedAt: number; readonly goesAt: number | null } {
    const { uptime, wall, idleMs } = this.#options
    const { usedMs = uptime() } = this.#worlds.get(world.id) ?? {}
    const usedAt = Math.round(wall() - (uptime() - usedMs))
    return { usedAt, goesAt: isKept(world) || isBusy(world) ? null : usedAt + idleMs }
  }

  /** From here on this is the world of its id; checkpoints stay. */
  #house(world: World, made: Start): void {
    const { checkpoints = new Map() } = this.#worlds.get(world.id) ?? {}
    this.#worlds.set(world.id, { world, made, checkpoints, usedMs: this.#options.uptime() })
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

  /** A new world; without an id it gets the next free one. Throws `world_exists`, `too_many_worlds` or `invalid_request`. */
  create(id: string | undefined, start: Start): World {
    const name = this.#newId(id)
    const unknown = Object.entries(start.assume ?? {}).find(([rule, value]) => !this.#switches[rule]?.includes(value))
    if (unknown)
      throw new SandgateError(
        'invalid_request',
        `assume: ${unknown[0]} cannot be ${unknown[1]}; ${this.#choices(unknown[0])}`,
        { field: 'assume' },
      )
    return this.#make(name, start)
  }

  /** A new world that is a copy of another one as it is now. Rejects as `create` does, and with `world_stopped`. */
  async fork(id: string | undefined, from: World): Promise<World> {
    if (from.stopped && from.stopped.rows !== 'good')
      throw new SandgateError('world_stopped', `the world "${from.id}" cannot be copied: ${from.stopped.reason}`)
    const name = this.#newId(id)
    const { startMs, frozen } = from.options
    const { made } = this.#worlds.get(from.id)!
    const { view, clock } = from.moment()
    this.#reserved.add(name)
    try {
      const tables = await inSlices(view.copied())
      const world = await this.#replace(
        undefined,
        name,
        { ...made, seed: from.seed, wish: { from: from.id } },
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

  /** What a world was made from. */
  readonly madeFrom = ({ id }: World): Start => this.#worlds.get(id)?.made ?? {}

  /** Deletes a world and everything in it; false when there is none of that id. Throws `default_world`. */
  remove(id: string): boolean {
    if (id === DEFAULT_WORLD) throw new SandgateError('default_world', 'the default world can be reset, not deleted')
    this.#open(id)
    const { world } = this.#worlds.get(id) ?? {}
    if (!this.#worlds.delete(id)) return false
    this.coverage.gone(world)
    this.#emptied(world)
    this.#options.commit.forget(id)
    return true
  }

  /** Makes the world as new, with another seed or clock if given. */
  reset(id: string, changes: Start = {}): World {
    return this.#make(id, this.#worlds.get(id)?.made ?? {}, changes)
  }

  /** A world as it was, in place of this one. Its journal numbers go on. Rejects with `world_changed`. */
  restore(world: World, was: Omit<PersistedWorld, 'entries'>): Promise<World> {
    return this.#replace(world, world.id, this.#worlds.get(world.id)!.made, {
      ...was,
      entries: world.journal.nextId - 1,
    })
  }

  /** Builds a world that may be large, in slices, and puts it in the place of `before` at once. */
  async #replace(before: World | undefined, id: string, made: Start, was: PersistedWorld): Promise<World> {
    const { commit, registry, wall } = this.#options
    const world = this.#build(id, made, {}, was)
    await inSlices(world.buildIndexes(registry.tables))
    const prepared = await commit.prepare(world, made)
    if (this.#worlds.get(id)?.world !== before) {
      await prepared?.abandon()
      throw new SandgateError('world_changed', `the world "${id}" was deleted or reset meanwhile`)
    }
    prepared?.commit()
    if (before) world.journal.continues(before.journal)
    world.clock.tick(wall())
    this.#house(world, made)
    this.#emptied(before)
    if (!(await commit.flush(world))) throw commit.failure(world)
    return world
  }

  /** The id of a world that is about to be made, when it may be. */
  #newId(id: string | undefined): string {
    this.#forgetIdle()
    const name = id ?? this.#free()
    if (!WORLD_ID.test(name))
      throw new SandgateError(
        'invalid_request',
        `"${name}" is not a world id: expected lower-case letters, digits and dashes, at most 63, not beginning with a dash`,
        { field: 'id' },
      )
    if (this.#isTaken(name))
      throw new SandgateError('world_exists', `there is a world "${name}" already`, { field: 'id' })
    const size = this.#worlds.size + this.#unopened.size + this.#reserved.size
    if (size >= this.#options.most)
      throw new SandgateError(
        'too_many_worlds',
        `there are ${size} worlds, as many as limits.worlds allows; delete one first`,
      )
    return name
  }

  #make(id: string, made: Start, changes: Start = {}, was?: PersistedWorld, continues = false): World {
    const options = this.#options
    const world = this.#build(id, made, changes, was)
    options.commit.attach(world, made, continues)
    world.clock.tick(options.wall())
    this.coverage.gone(this.#worlds.get(id)?.world)
    this.#emptied(this.#worlds.get(id)?.world)
    this.#house(world, made)
    if (!was) options.made?.(world)
    void options.commit.flush(world)
    return world
  }

  /** A world that nobody sees yet. */
  #build(id: string, made: Start, changes: Start, was?: PersistedWorld, isBlank = false): World {
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
      react: (timer, world) => options.registry.react(timer, world),
      onStop: isBlank ? undefined : (world, error) => options.stopped(world, error),
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
    if (lay <= idleMs || isKept(housed.world)) return false
    if (isBusy(housed.world)) {
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
}

function firstOf(look: Iterable<string | undefined>): string | undefined {
  return [...look].find((problem) => problem !== undefined)
}
