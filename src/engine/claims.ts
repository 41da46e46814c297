// Worlds that processes share: one that this process does not serve is claimed by the call that asks for it, read, and served from here on.
import { inSlices } from '../runtime/slices.ts'
import type { World } from '../world/world.ts'
import { type Commit, type PersistedWorld, StorageError } from './commit.ts'
import { SandgateError } from './errors.ts'
import { startProblem } from './starts.ts'
import { DEFAULT_WORLD, type Worlds } from './worlds.ts'

export interface ClaimsOptions {
  readonly worlds: Worlds
  readonly commit: Commit
  /** Looks for what is wrong with rows that were stored; undefined where others may have their turn. */
  readonly problems: (rows: PersistedWorld['tables']) => Generator<string | undefined>
  /** How many worlds there may be. */
  readonly most: number
}

const TAKEN_OVER = 'the world was read from the database; the journal from before is with the process that served it'

export class Claims {
  readonly #options: ClaimsOptions
  /** Worlds that are being claimed. */
  readonly #claiming = new Map<string, Promise<World | undefined>>()

  constructor(options: ClaimsOptions) {
    this.#options = options
  }

  // rule: sandgate.shared.claim
  /** The world of that id, claimed where another process serves it; undefined: there is none. Rejects with `StorageError`. */
  async acquire(id: string, options?: { readonly orphan?: boolean }): Promise<World | undefined> {
    const { worlds, commit } = this.#options
    const served = worlds.get(id)
    if (served || !commit.shared) return served
    let claiming = this.#claiming.get(id)
    if (!claiming) {
      claiming = this.#claim(id, options).finally(() => this.#claiming.delete(id))
      this.#claiming.set(id, claiming)
    }
    return claiming
  }

  async #claim(id: string, options: { readonly orphan?: boolean } | undefined): Promise<World | undefined> {
    const { worlds, commit, problems } = this.#options
    const was = await commit.shared!.claim(id, options)
    if (!was) return undefined
    const problem = was.unread ?? startProblem(was) ?? (await inSlices(firstOf(problems(was.tables))))
    // A world of that id may have been made here meanwhile; which of the two counts is decided when it is stored.
    return worlds.get(id) ?? worlds.goOn(id, was, TAKEN_OVER, problem)
  }

  // rule: sandgate.shared.limit
  /** The id of a world that is about to be made: the one that is asked for, or the next free one. Rejects with `too_many_worlds` or `StorageError`. */
  async nameOfNew(id: string | undefined): Promise<string | undefined> {
    const { commit, most } = this.#options
    if (!commit.shared) return id
    const { worlds, highest } = await commit.shared.census()
    if (worlds >= most)
      throw new SandgateError(
        'too_many_worlds',
        `there are ${worlds} worlds, as many as limits.worlds allows; delete one first`,
      )
    return id ?? `world-${highest + 1}`
  }

  /** The first process makes the default world; the others find it. Rejects with `StorageError`. */
  async makeDefault(): Promise<void> {
    const { worlds, commit } = this.#options
    const stored = await commit.shared!.list()
    if (stored.some(({ id }) => id === DEFAULT_WORLD)) return
    const world = worlds.reset(DEFAULT_WORLD)
    if (await commit.flush(world)) return
    if (commit.loss(world) !== 'exists')
      throw new StorageError(commit.shared!.problem() ?? 'the default world could not be stored')
  }
}

function* firstOf(look: Generator<string | undefined>): Generator<undefined, string | undefined> {
  for (const problem of look) {
    if (problem !== undefined) return problem
    yield undefined
  }
  return undefined
}
