// Says every two seconds that this process is there, and looks for worlds that run while nobody serves them. None of it is needed for safety: a process that
// is silent for a while is refused by its next commit and not before somebody claimed its worlds.
import { clearTimeout, setTimeout } from '../../runtime/timers.ts'
import { texts } from './arrays.ts'
import type { Connection } from './connection.ts'
import { BEAT, ORPHANS, OWN, SWEEP_NODES, SWEEP_PARTS, SWEEP_WORLDS, USED } from './statements.ts'

const BEAT_MS = 2_000
/** How long the owner of a world may be silent before others serve what runs in it. */
export const SILENT_SECONDS = 10
/** What processes that ended have left is swept up once in so many beats. */
const BEATS_A_SWEEP = 30
const DEFAULT_WORLD = 'default'

export interface PresenceOptions {
  readonly connection: Connection
  readonly owner: string
  /** How long a world may lie unused that nobody serves, ms. */
  readonly idleMs: number | undefined
  /** Ids of worlds that were used since it was asked last. */
  readonly used: () => string[]
  /** The worlds that the database says are served by this process, each with the epoch of its claim. */
  readonly own: (epochs: ReadonlyMap<string, number>) => void
  /** Nobody has used this world for so long that it was deleted. */
  readonly swept: (id: string) => void
  /** Nobody serves this world, and something falls due in it. */
  readonly orphaned: (id: string) => void
  /** The database answered, or why it did not. */
  readonly told: (problem: Error | undefined) => void
}

export class Presence {
  readonly #options: PresenceOptions
  #timer: NodeJS.Timeout | undefined
  #beats = 0
  #ended = false

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** Rejects as the connection does. */
  async begin(): Promise<void> {
    await this.#options.connection.query(BEAT, [this.#options.owner])
    this.#next()
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
  }

  #next(): void {
    if (this.#ended) return
    this.#timer = setTimeout(() => {
      this.#beat()
        .then(
          () => this.#options.told(undefined),
          (error: Error) => !this.#ended && this.#options.told(error),
        )
        .finally(() => this.#next())
    }, BEAT_MS)
    this.#timer.unref()
  }

  // rule: sandgate.shared.adoption
  async #beat(): Promise<void> {
    const { connection, owner, used, own, orphaned } = this.#options
    await connection.query(BEAT, [owner])
    const ids = used()
    if (ids.length > 0) await connection.query(USED, [owner, texts(ids)])
    own(new Map((await connection.query(OWN, [owner])).map(({ id, epoch }) => [id, epoch])))
    for (const { id } of await connection.query(ORPHANS, [SILENT_SECONDS])) orphaned(id)
    if (++this.#beats % BEATS_A_SWEEP === 0) await this.#sweep()
  }

  // rule: sandgate.shared.idle
  async #sweep(): Promise<void> {
    const { connection, idleMs, swept } = this.#options
    await connection.query(SWEEP_NODES)
    await connection.query(SWEEP_PARTS)
    if (idleMs === undefined) return
    for (const { id } of await connection.query(SWEEP_WORLDS, [DEFAULT_WORLD, idleMs / 1000])) swept(id)
  }
}
