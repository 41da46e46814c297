// The worlds of a sandbox: made, found, made new, forked, forgotten. They share nothing but the settings they were made from.
import type { Provider } from './provider.ts'
import { chainReaction, type TransferStep } from './world/chain.ts'
import type { Timer } from './world/clock.ts'
import { attemptDue } from './world/outbox.ts'
import type { Was } from './keep/keeping.ts'
import type { JournalBounds } from './world/journal.ts'
import { World } from './world/world.ts'

export const DEFAULT_WORLD = 'default'
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
  /** How long a world may lie idle before it makes room, wall ms. The default one stays. */
  readonly idleMs: number
  readonly wall: () => number
  /** What timers of the core do that are not the chain's or the outbox's, by the first part of their reaction's name. */
  readonly reactions: Readonly<Record<string, (step: string, args: unknown, world: World) => string | void>>
  /** Worlds as they were kept. */
  readonly kept?: Iterable<readonly [id: string, was: Was]> | undefined
  /** A world is about to be there, and is to be kept. Throws when it cannot be. */
  readonly keep?: ((world: World, made: Start) => void) | undefined
  /** A world was made, or made new. */
  readonly made?: ((world: World) => void) | undefined
  /** A world is gone. */
  readonly gone?: ((id: string) => void) | undefined
}

export interface Start {
  readonly seed?: string | undefined
  readonly clock?: string | undefined
  /** Which answer is given where the documents leave two open, by rule id, beside what the sandbox assumes. */
  readonly assume?: Readonly<Record<string, string>> | undefined
}

/** Why a world cannot be made or deleted, in one sentence. */
export class WorldRefused extends Error {}

// rule: sandgate.worlds.apart
export class Worlds {
  readonly #options: WorldsOptions
  readonly #switches: Readonly<Record<string, readonly string[]>>
  /** `made`: how it was made, and is made again by a reset that says nothing else. */
  readonly #worlds = new Map<string, { world: World; usedMs: number; made: Start }>()

  constructor(options: WorldsOptions) {
    this.#options = options
    // rule: sandgate.control.names
    this.#switches = Object.assign(Object.create(null), ...[...options.providers.values()].map((provider) => provider.switches ?? {}))
    for (const [id, was] of options.kept ?? []) {
      const world = this.restore(id, was)
      world.journal.add({ kind: 'control', at: world.now, action: 'kept', summary: 'the world goes on as it was kept; what happened before stands in no journal any more' })
    }
    if (!this.#worlds.has(DEFAULT_WORLD)) this.reset(DEFAULT_WORLD)
  }

  /** The world of that id, which counts as used now. */
  get(id: string): World | undefined {
    const found = this.#worlds.get(id)
    if (!found) return undefined
    const wallMs = this.#options.wall()
    if (this.#isIdle(id, found.usedMs, wallMs)) {
      this.remove(id)
      return undefined
    }
    found.usedMs = wallMs
    return found.world
  }

  /** Whether this is the world of its id, and not one that was deleted or made new since. */
  has(world: World): boolean {
    return this.#worlds.get(world.id)?.world === world
  }

  /** All of them, those aside that have lain idle for too long: they go now. */
  *[Symbol.iterator](): Generator<World> {
    this.#forgetIdle()
    for (const { world } of this.#worlds.values()) yield world
  }

  /** A new world; throws `WorldRefused`. Without an id it gets the next free one. */
  create(id: string | undefined, start: Start, from?: World): World {
    this.#forgetIdle()
    const name = id ?? this.#free()
    if (!WORLD_ID.test(name)) throw new WorldRefused(`"${name}" is no world id: lower-case letters, digits and dashes, at most 63, not beginning with a dash`)
    if (this.#worlds.has(name)) throw new WorldRefused(`there is a world "${name}" already`)
    if (this.#worlds.size >= this.#options.most) throw new WorldRefused(`there are ${this.#worlds.size} worlds, as many as limits.worlds allows; delete one first`)
    const unknown = Object.entries(start.assume ?? {}).find(([rule, value]) => !this.#switches[rule]?.includes(value))
    if (unknown) throw new WorldRefused(`assume: ${unknown[0]} cannot be ${unknown[1]}; ${this.#choices(unknown[0])}`)
    const { startMs, frozen } = from?.options ?? {}
    const was = from && { ...from.kept, seed: from.seed, startMs: startMs!, frozen: frozen!, entries: 0 }
    const world = this.#make(name, from ? { ...this.#worlds.get(from.id)!.made, seed: from.seed } : start, {}, was)
    if (from) {
      world.journal.add({ kind: 'control', at: world.now, action: 'fork', summary: `a copy of the world "${from.id}" as it was then` })
    }
    return world
  }

  /** Deletes a world and everything in it. Throws `WorldRefused` for the default one. */
  remove(id: string): boolean {
    if (id === DEFAULT_WORLD) throw new WorldRefused('the default world can be reset, not deleted')
    if (!this.#worlds.delete(id)) return false
    this.#options.gone?.(id)
    return true
  }

  /** Makes the world as new, with another seed or clock if given. */
  reset(id: string, changes: Start = {}): World {
    return this.#make(id, this.#worlds.get(id)?.made ?? {}, changes)
  }

  /** A world as it was, in place of the one of that id. */
  restore(id: string, was: Was): World {
    return this.#make(id, was.made ?? this.#worlds.get(id)?.made ?? {}, {}, was)
  }

  #make(id: string, made: Start, changes: Start = {}, was?: Was): World {
    const options = this.#options
    const start = { ...made, ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) } as Start
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
      ...options.journal,
    })
    if (was) {
      world.load(was)
      world.journal.goOn(was.entries)
    }
    options.keep?.(world, made)
    world.clock.tick(options.wall())
    this.#worlds.set(id, { world, usedMs: options.wall(), made })
    if (!was) options.made?.(world)
    world.keeper?.flush()
    return world
  }

  #forgetIdle(): void {
    const wallMs = this.#options.wall()
    for (const [id, { usedMs }] of this.#worlds) if (this.#isIdle(id, usedMs, wallMs)) this.remove(id)
  }

  #isIdle(id: string, usedMs: number, wallMs: number): boolean {
    return id !== DEFAULT_WORLD && wallMs - usedMs > this.#options.idleMs
  }

  #choices(rule: string): string {
    const values = this.#switches[rule]
    return values ? `it takes ${values.join(' or ')}` : `GET /_sandgate/rules lists the switches there are`
  }

  #free(): string {
    for (let number = this.#worlds.size; ; number++) if (!this.#worlds.has(`world-${number}`)) return `world-${number}`
  }

  /** What a timer does: a step of the chain, an attempt of the outbox, another part of the core, or a reaction of the provider. */
  #react({ provider, reaction, args }: Timer, world: World): string | void {
    const { providers, reactions } = this.#options
    const [part, step] = reaction.split('.') as [string, string]
    if (part === 'chain') return chainReaction(step as TransferStep, args as string, world, (...told) => providers.get(told[2].provider)!.deposits!.onTransfer(...told))
    if (part === 'outbox') return attemptDue(args as string, world)
    return reactions[part] ? reactions[part](step, args, world) : providers.get(provider)!.reactions![reaction]!(args, world)
  }
}
