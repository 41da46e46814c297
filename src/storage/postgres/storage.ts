// Worlds in a PostgreSQL database, which several processes share: each world is served by the process that claimed it last, and every change is appended
// under the number of that claim. Which calls share a commit is left to group-commit.ts.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { clearTimeout, setTimeout } from '../../runtime/timers.ts'
import type { Loss, World } from '../../world/world.ts'
import {
  type PersistedWorld,
  type PreparedWorld,
  type SharedCounts,
  type SharedStorage,
  type Storage,
  StorageError,
  StorageRefused,
  type StoredWorld,
} from '../port.ts'
import { clockOf, ENTRIES_AHEAD, originOf } from '../state.ts'
import { type Address, addressOf } from './address.ts'
import { type Claimed, claimWorld, continuedClock } from './claim.ts'
import { Connection, type Row } from './connection.ts'
import { GroupCommit } from './group-commit.ts'
import { writeParts } from './parts.ts'
import { Presence } from './presence.ts'
import { openSchema, problemOf } from './schema.ts'
import { CENSUS, DELETE, FOLD, FORGET_PARTS, LEAVE, LIST, RELEASE } from './statements.ts'
import { type Moment, type Position, type Prepared, WorldWriter } from './writer.ts'

/** A log is folded when it has more bytes than this, and more than the parts before it. */
const FOLD_BYTES = 8 * 1024 * 1024
/** How long closing may take, ms. */
const CLOSE_MS = 2_000

export interface PostgresOptions {
  readonly url: string
  /** The seed that is asked for; undefined: whichever the database was begun with. */
  readonly seed?: string | undefined
  /** The seed of a database that begins now and is asked for none. */
  readonly otherwise: string
  /** Takes a line for people. */
  readonly tell: (line: string) => void
  /** The wall clock of this process, ms. */
  readonly wall: () => number
  /** How long a world may lie unused that nobody serves, ms; it stays unless given. */
  readonly idleMs?: number | undefined
  readonly foldBytes?: number | undefined
  /** Whether appends look for the epoch: only a test leaves that out. */
  readonly fence?: boolean | undefined
}

export class PostgresStorage implements Storage, SharedStorage {
  readonly seed: string
  readonly clockOffsetMs: number
  readonly #options: PostgresOptions
  readonly #address: Address
  /** The name of this process among the owners of worlds. */
  readonly #owner: string
  /** For commits alone. */
  readonly #commits: Connection
  /** For everything else: reading a large world holds no commit up. */
  readonly #work: Connection
  readonly #group: GroupCommit
  readonly #presence: Presence
  readonly #writers = new Map<string, WorldWriter>()
  /** Worlds that were claimed and that nobody has attached yet. */
  readonly #claimed = new Map<string, Claimed>()
  readonly #deletions = new Set<Promise<unknown>>()
  /** Worlds that were stored with other settings. */
  readonly #differing = new Set<string>()
  readonly #counted = { claims: 0, takeovers: 0, fenced: 0 }
  #listeners: Parameters<SharedStorage['listen']>[0] = { lost: () => undefined, orphaned: () => undefined }
  #problem: string | undefined
  #closed = false

  /** Opens a database, in which tables are made where there are none. Rejects with `StorageRefused`, in one line. */
  static async open(options: PostgresOptions): Promise<PostgresStorage> {
    const address = addressOf(options.url)
    const owner = `${hostname()}-${randomBytes(6).toString('hex')}`
    const work = new Connection(address, 'sandgate')
    try {
      const { seed, clockOffsetMs } = await openSchema(work, address, options.seed, options.otherwise, options.wall)
      const storage = new PostgresStorage(options, address, owner, work, seed, clockOffsetMs)
      await storage.#presence.begin()
      return storage
    } catch (error) {
      await work.close()
      throw error instanceof StorageRefused ? error : new StorageRefused(problemOf(error as Error, address))
    }
  }

  private constructor(
    options: PostgresOptions,
    address: Address,
    owner: string,
    work: Connection,
    seed: string,
    clockOffsetMs: number,
  ) {
    this.#options = options
    this.#address = address
    this.#owner = owner
    this.#work = work
    this.#commits = new Connection(address, 'sandgate commits')
    this.seed = seed
    this.clockOffsetMs = clockOffsetMs
    this.#group = new GroupCommit({
      connection: this.#commits,
      owner,
      fence: options.fence ?? true,
      lost: (writer, loss) => this.#lose(writer, loss),
      fold: (writer, moment) => this.#fold(writer, moment),
      told: (problem) => this.#told(problem),
    })
    this.#presence = new Presence({
      connection: work,
      owner,
      idleMs: options.idleMs,
      used: () => this.#used(),
      own: (epochs) => this.#lookAfter(epochs),
      swept: (id) => options.tell(`the world "${id}" was deleted: nobody used it for as long as limits.worldIdle says`),
      orphaned: (id) => this.#listeners.orphaned(id),
      told: (problem) => this.#told(problem),
    })
  }

  // ─── What every storage does ───

  get shared(): SharedStorage {
    return this
  }

  get lagBytes(): number {
    return [...this.#writers.values()].reduce((sum, { logBytes }) => sum + logBytes, 0)
  }

  /** Worlds are claimed when somebody asks for them. */
  found(): Iterable<readonly [id: string, persisted: PersistedWorld]> {
    return []
  }

  attach(world: World, made: object, continues: boolean): void {
    this.#refuseClosed()
    const writer = this.#writers.get(world.id)
    const claimed = this.#claimed.get(world.id)
    this.#claimed.delete(world.id)
    if (continues && claimed) this.#continue(world, made, claimed)
    else if (writer) writer.begin(world, made)
    else this.#group.add(this.#begin(world, made, undefined))
  }

  #continue(world: World, made: object, { epoch, seq, told, loaded }: Claimed): void {
    if (typeof loaded === 'string') {
      const nothing = { clock: clockOf(world), entries: 0, logBytes: 0, checkpointBytes: 0 }
      this.#begin(world, made, { ...nothing, epoch, seq, told, isUnread: true })
      return
    }
    const { state, logBytes, checkpointBytes } = loaded
    const { clock, entries } = state
    this.#begin(world, made, { epoch, seq, told, clock, entries, logBytes, checkpointBytes, isUnread: false })
    // Once for each world: it may be taken over again and again.
    if (state.world.settings === originOf(world, made).settings || this.#differing.has(world.id)) return
    this.#differing.add(world.id)
    this.#options.tell(
      `the world "${world.id}": settings or switches differ from those it was stored with; existing rows stay, and the new ones apply from now on`,
    )
  }

  async prepare(world: World, made: object): Promise<PreparedWorld> {
    this.#refuseClosed()
    const clock = clockOf(world)
    const entries = world.journal.nextId - 1 + ENTRIES_AHEAD
    const head = { world: originOf(world, made), clock, entries }
    const { token } = await this.#asking(writeParts(this.#work, head, world.entries()))
    const prepared = { token, clock, entries }
    return {
      commit: () => {
        this.#refuseClosed()
        const writer = this.#writers.get(world.id)
        if (writer) writer.begin(world, made, prepared)
        else this.#group.add(this.#begin(world, made, undefined, prepared))
      },
      abandon: async () => void (await this.#work.query(FORGET_PARTS, [token]).catch(() => undefined)),
    }
  }

  forget(id: string): void {
    const writer = this.#writers.get(id)
    if (!writer) return
    this.#end(writer)
    const deletion = this.#commits
      .query(DELETE, [id, writer.epoch, this.#owner])
      .catch((error: Error) =>
        this.#options.tell(`the world "${id}" is not gone from the database: ${this.#reason(error)}`),
      )
      .finally(() => this.#deletions.delete(deletion))
    this.#deletions.add(deletion)
  }

  // rule: sandgate.shared.drain
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#presence.end()
    await within(CLOSE_MS, this.#leave())
    for (const writer of this.#writers.values()) writer.end()
    this.#writers.clear()
    await within(CLOSE_MS, Promise.all([this.#commits.close(), this.#work.close()]))
  }

  /** Stores what waits, says how late it is in each world, and lets go of all of them. */
  async #leave(): Promise<void> {
    await this.#group.settled()
    await Promise.all(this.#deletions)
    const served = [...this.#writers.values()].filter(({ loss }) => loss === undefined)
    if (served.length > 0) await this.#group.store(served.map((writer) => writer.takeLast()))
    for (const statement of [RELEASE, LEAVE]) await this.#commits.query(statement, [this.#owner]).catch(() => undefined)
  }

  // ─── What a storage does that processes share ───

  get counts(): SharedCounts {
    const pendingRows = [...this.#writers.values()].reduce((sum, writer) => sum + writer.pendingRows, 0)
    return { ...this.#counted, pendingRows, commits: this.#group.times.all }
  }

  listen(listeners: Parameters<SharedStorage['listen']>[0]): void {
    this.#listeners = listeners
  }

  problem(): string | undefined {
    return this.#problem
  }

  // rule: sandgate.shared.claim
  async claim(id: string, { orphan = false }: { readonly orphan?: boolean } = {}): Promise<PersistedWorld | undefined> {
    this.#refuseClosed()
    const claimed = await this.#asking(claimWorld(this.#work, id, this.#owner, orphan))
    if (!claimed) return undefined
    this.#told(undefined)
    this.#counted.claims++
    if (claimed.from !== null && claimed.from !== this.#owner) this.#counted.takeovers++
    this.#claimed.set(id, claimed)
    const { loaded, told } = claimed
    if (typeof loaded === 'string') return this.#unread(loaded)
    const { world, tables, entries, clock } = loaded.state
    const wallMs = this.#options.wall() + this.clockOffsetMs
    return { ...world, tables, entries, clock: continuedClock(clock, told, wallMs) }
  }

  async list(): Promise<StoredWorld[]> {
    const rows = await this.#asking(this.#work.query(LIST))
    return rows.map(({ id, owner, about, told, frozen, due, used }) => ({
      id,
      seed: about.seed,
      startMs: about.startMs,
      beganFrozen: about.frozen,
      now: told,
      frozen,
      due,
      usedAt: Math.round(used),
      isOwn: owner === this.#owner,
    }))
  }

  async census(): ReturnType<SharedStorage['census']> {
    const [{ worlds, highest }] = (await this.#asking(this.#work.query(CENSUS))) as [Row]
    return { worlds, highest }
  }

  async delete(id: string): Promise<boolean> {
    this.#refuseClosed()
    const writer = this.#writers.get(id)
    const rows = await this.#asking(this.#commits.query(DELETE, [id, null, this.#owner]))
    if (writer && this.#writers.get(id) === writer) this.#end(writer)
    return rows.length > 0
  }

  // ─── The worlds that this process serves ───

  #begin(world: World, made: object, position: Position | undefined, prepared?: Prepared): WorldWriter {
    const foldBytes = this.#options.foldBytes ?? FOLD_BYTES
    const schedule = (writer: WorldWriter) => this.#group.add(writer)
    const writer = new WorldWriter(world, made, position, foldBytes, schedule, prepared)
    this.#writers.set(world.id, writer)
    return writer
  }

  #end(writer: WorldWriter): void {
    this.#writers.delete(writer.id)
    this.#group.remove(writer)
    writer.end()
  }

  // rule: sandgate.shared.fenced
  /** Its memory is thrown away: what is true of the world is in the database, and may be another's by now. */
  #lose(writer: WorldWriter, loss: Loss): void {
    if (writer.loss !== undefined) return
    if (loss === 'taken') this.#counted.fenced++
    this.#group.remove(writer)
    if (this.#writers.get(writer.id) === writer) this.#writers.delete(writer.id)
    writer.lose(loss)
    this.#listeners.lost(writer.world)
  }

  #unread(unread: string): PersistedWorld {
    return {
      seed: this.seed,
      startMs: 0,
      frozen: true,
      entries: 0,
      tables: new Map(),
      clock: [0, null, true],
      unread,
    }
  }

  /** A world that another process has claimed is found out by the next commit of it: there may be none, while people look at it. */
  #lookAfter(epochs: ReadonlyMap<string, number>): void {
    for (const writer of this.#writers.values()) if (epochs.get(writer.id) !== writer.epoch) void writer.committed()
  }

  #used(): string[] {
    return [...this.#writers.values()].flatMap((writer) => {
      const { id, used } = writer
      writer.used = false
      return used ? [id] : []
    })
  }

  // ─── Checkpoints ───

  #fold(writer: WorldWriter, moment: Moment): void {
    void this.#takeCheckpoint(writer, moment)
      .catch((error: Error) => {
        if (writer.loss !== undefined || this.#closed) return
        this.#options.tell(
          `the world "${writer.id}": no checkpoint could be written, the log continues: ${this.#reason(error)}`,
        )
      })
      .finally(() => {
        moment.view.end()
        writer.folding = false
      })
  }

  async #takeCheckpoint(writer: WorldWriter, { view, clock, entries, origin, logBytes }: Moment): Promise<void> {
    const { seq } = writer
    const { token, bytes } = await writeParts(this.#work, { world: origin, clock, entries }, view.entries())
    const rows = await this.#work.query(FOLD, [writer.id, writer.epoch, seq, token])
    if (rows.length === 0) return void (await this.#work.query(FORGET_PARTS, [token]))
    writer.logBytes -= logBytes
    writer.checkpointBytes = bytes
  }

  // ─── The database ───

  #told(problem: Error | undefined): void {
    const told = problem && this.#reason(problem)
    if (told !== undefined && this.#problem === undefined)
      this.#options.tell(`${told}. Calls are answered as unavailable until it can`)
    if (told === undefined && this.#problem !== undefined)
      this.#options.tell(`the database ${this.#address.shown} can be used again`)
    this.#problem = told
  }

  #reason(error: Error): string {
    return problemOf(error, this.#address)
  }

  async #asking<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (error instanceof StorageError) throw error
      this.#told(error as Error)
      throw new StorageError(this.#reason(error as Error))
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw new StorageError(`the database ${this.#address.shown} is closed here`)
  }
}

/** Resolves when the work is done, or after so many ms. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
  clearTimeout(timer)
}
