// Keeps one world in one directory: every change is in the log before anybody hears of it, and a lowdb checkpoint takes the log in while calls go
// on. Reading it all back is left to recovery.ts, the directories of several worlds to keeping.ts.
import { join } from 'node:path'
import { setImmediate } from '../../runtime/timers.ts'
import type { RowChange } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { type PreparedWorld, StorageError, type WorldStorage } from '../port.ts'
import { CheckpointFile, lowdb, pausing, readCheckpoint, unwanted } from './checkpoint.ts'
import { forgetBefore, removeUseless, startLog } from './files.ts'
import { type Ground, LogFile, syncFolder } from './log.ts'
import { nameOf, recover, type Recovered } from './recovery.ts'
import {
  type Change,
  type ClockLine,
  clockOf,
  ENTRIES_AHEAD,
  FORMAT,
  lineOf,
  moved,
  type Origin,
  originOf,
  type State,
} from '../state.ts'

export interface StoreOptions extends Ground {
  /** A log is folded when it is larger than this, and larger than the checkpoint before it. */
  readonly foldBytes: number
  /** Takes a line for people. */
  readonly tell: (line: string) => void
}

export class Store implements WorldStorage {
  readonly #folder: string
  readonly #options: StoreOptions
  /** What was found at the start, until a world takes it over. */
  #found: State | undefined
  /** The checkpoint that recovery would begin with, and its size; 1 is none. */
  #checkpoint: number
  #checkpointBytes = 0
  #logNumber: number
  #log: LogFile | undefined
  #world: World | undefined
  #origin: Origin | undefined
  #pending: RowChange[] = []
  /** The clock as the log has it. */
  #clock: ClockLine = [0, null, true]
  /** Journal ids up to this one may be given out. */
  #entries = 0
  #failing = false
  #rollbacks = 0
  #turn: { readonly promise: Promise<boolean>; readonly done: (kept: boolean) => void } | undefined
  #fold: { wanted: boolean; done: Promise<void> } | undefined
  /** A fold that failed is not tried again before the log has grown to this. */
  #foldAbove = 0

  /** Reads a directory, which is empty at first. Throws `StorageRefused` when what is there cannot be used. */
  static async open(folder: string, options: StoreOptions): Promise<Store> {
    const { disk } = options
    const sizes = new Map<string, number>()
    const read = (path: string) => readCheckpoint(path, options, (bytes) => sizes.set(path, bytes))
    const found = await recover(folder, disk, read, options.tell)
    const store = new Store(folder, options, found)
    store.#checkpointBytes = sizes.get(join(folder, nameOf('checkpoint', found.checkpoint))) ?? 0
    removeUseless(folder, found, options)
    if (found.size > 0) store.#log = new LogFile(join(folder, nameOf('log', found.log)), found.size, options)
    return store
  }

  constructor(
    folder: string,
    options: StoreOptions,
    { state, checkpoint, log }: Omit<Recovered, 'size'> = { state: undefined, checkpoint: 1, log: 1 },
  ) {
    this.#folder = folder
    this.#options = options
    this.#found = state
    this.#checkpoint = checkpoint
    this.#logNumber = log
  }

  /** The world that was found, as long as nobody has taken it over. */
  get found(): State | undefined {
    return this.#found
  }

  /** How many times what was changed could not be kept and was undone. */
  get rollbacks(): number {
    return this.#rollbacks
  }

  /** Bytes that recovery would have to read behind the checkpoint. */
  get lag(): number {
    return this.#log?.size ?? 0
  }

  /** From here on this world is the one that is kept: the one that was found, if it `continues`, or one that begins now. Throws `StorageError`. */
  attach(world: World, made: object, continues = true): void {
    const origin = originOf(world, made)
    const found = continues ? this.#found : undefined
    this.#found = undefined
    if (found) {
      this.#writing(() => (this.#log ??= startLog(this.#folder, this.#logNumber, this.#options)))
      this.#clock = found.clock
      this.#entries = found.entries
      if (found.world.settings !== origin.settings)
        this.#options.tell(
          `${this.#folder}: settings or switches differ from those it was stored with; existing rows stay, and the new ones apply from now on`,
        )
    } else this.#begin(world, origin)
    this.#follow(world, origin)
  }

  #follow(world: World, origin: Origin): void {
    if (this.#world) this.#world.storage = undefined
    this.#world = world
    this.#origin = origin
    world.storage = this
    world.onCommit((changes) => this.#changed(world, changes))
  }

  /**
   * Lays a world down that nobody sees yet, however large, a slice a turn: as a checkpoint that counts once it has its name. The world that is kept
   * goes on meanwhile. Rejects with `StorageError`.
   */
  async prepare(world: World, made: object): Promise<PreparedWorld> {
    while (this.#fold) await this.#fold.done
    let done!: () => void
    const fold = { wanted: true, done: new Promise<void>((resolve) => (done = resolve)) }
    this.#fold = fold
    const origin = originOf(world, made)
    const number = this.#logNumber + 1
    const path = join(this.#folder, nameOf('checkpoint', number))
    const file = new CheckpointFile(`${path}.next`, this.#options)
    const clock = clockOf(world)
    const entries = world.journal.nextId - 1 + ENTRIES_AHEAD
    const end = () => {
      this.#fold = undefined
      done()
    }
    const abandon = async () => {
      await this.#options.disk.promises.rm(`${path}.next`, { force: true }).catch(() => undefined)
      await this.#options.disk.promises.rm(`${path}.next.tmp`, { force: true }).catch(() => undefined)
      end()
    }
    try {
      const db = lowdb(file)
      db.data = {
        head: { sandgate: 'checkpoint', format: FORMAT, log: number, world: origin, clock, entries },
        rows: world.entries(),
        until: () => 0,
        pause: pausing(fold),
      }
      await db.write()
    } catch (error) {
      await abandon()
      throw new StorageError(`${this.#folder} cannot be written: ${(error as Error).message}`)
    }
    const commit = () => {
      this.#flush()
      this.#writing(() => {
        const log = startLog(this.#folder, number, this.#options)
        this.#options.disk.renameSync(`${path}.next`, path)
        syncFolder(this.#folder, this.#options)
        this.#log?.close()
        this.#log = log
      })
      const before = this.#checkpoint
      this.#logNumber = this.#checkpoint = number
      this.#checkpointBytes = file.bytes
      this.#clock = clock
      this.#entries = entries
      this.#pending = []
      this.#found = undefined
      this.#follow(world, origin)
      end()
      forgetBefore(this.#folder, before, this.#options).catch((error: Error) =>
        this.#options.tell(`${this.#folder}: old files could not be deleted: ${error.message}`),
      )
    }
    return { commit, abandon }
  }

  /** Undefined when everything is kept already, or else whether it will be, known at the end of this turn. */
  committed(): Promise<boolean> | undefined {
    if (!this.#world || (this.#pending.length === 0 && this.#world.journal.nextId <= this.#entries)) return undefined
    this.#schedule()
    return this.#turn!.promise
  }

  /** Whether anything can be kept now. After a failure this tries. */
  isWritable(): boolean {
    return !this.#failing || this.#write(true)
  }

  /** Stores what waits, now. False: it could not be stored, and was rolled back. */
  flush(): Promise<boolean> {
    return Promise.resolve(this.#flush())
  }

  #flush(): boolean {
    return this.#write(false)
  }

  #write(always: boolean): boolean {
    const world = this.#world
    if (!world || !this.#log) return true
    const clock = clockOf(world)
    const entries = world.journal.nextId > this.#entries ? world.journal.nextId - 1 + ENTRIES_AHEAD : undefined
    const pending = this.#pending
    let kept = true
    if (pending.length > 0 || entries !== undefined || always || moved(clock, this.#clock)) {
      this.#pending = []
      kept = this.#append({
        clock,
        ...(entries !== undefined && { entries }),
        ...(pending.length > 0 && { rows: pending.map(lineOf) }),
      })
      if (kept) {
        this.#clock = clock
        this.#entries = entries ?? this.#entries
      } else this.#undo(world, pending)
    }
    const turn = this.#turn
    this.#turn = undefined
    turn?.done(kept)
    if (
      kept &&
      !this.#fold &&
      this.#log.size > Math.max(this.#options.foldBytes, this.#checkpointBytes, this.#foldAbove)
    )
      void this.fold()
    return kept
  }

  /** Takes a checkpoint, a slice a turn. Resolves when it is there, or has failed, which costs nothing but the room of the log. */
  fold(): Promise<void> {
    if (this.#fold || !this.#log || !this.#world) return this.#fold?.done ?? Promise.resolve()
    const fold = { wanted: true, done: Promise.resolve() }
    this.#fold = fold
    fold.done = this.#takeCheckpoint(this.#world, fold)
      .catch((error: Error) => {
        this.#foldAbove = 2 * this.#log!.size
        if (fold.wanted)
          this.#options.tell(`${this.#folder}: no checkpoint could be written, the log continues: ${error.message}`)
      })
      .finally(() => (this.#fold = undefined))
    return fold.done
  }

  /** Keeps what waits and lets go of the files. */
  async close(): Promise<void> {
    const kept = this.#flush()
    const world = this.#world
    if (world && kept) this.#append({ clock: clockOf(world), entries: world.journal.nextId - 1 })
    await this.#let()
  }

  /** The world is gone, and so is everything that was kept of it. */
  async remove(aside: string): Promise<void> {
    const { disk } = this.#options
    try {
      // Under another name it is gone at once, however long deleting it takes.
      disk.renameSync(this.#folder, aside)
    } finally {
      await this.#let()
    }
    await disk.promises.rm(aside, { recursive: true, force: true })
  }

  async #let(): Promise<void> {
    // Whoever still waits for the end of this turn waits for a world that is gone, and is let go with it.
    this.#turn?.done(true)
    this.#turn = undefined
    if (this.#world) this.#world.storage = undefined
    this.#world = undefined
    const fold = this.#fold
    if (fold) fold.wanted = false
    await fold?.done
    this.#log?.close()
    this.#log = undefined
  }

  #changed(world: World, changes: readonly RowChange[]): void {
    if (world !== this.#world) return
    for (const change of changes) this.#pending.push(change)
    this.#schedule()
  }

  /** One write at the end of the turn for all that happens in it. */
  #schedule(): void {
    if (this.#turn) return
    let done!: (kept: boolean) => void
    const promise = new Promise<boolean>((resolve) => (done = resolve))
    this.#turn = { promise, done }
    setImmediate(() => this.#flush())
  }

  /** Everything there is, in one record, so that it counts as a whole or not at all. */
  #begin(world: World, origin: Origin): void {
    this.#flush()
    if (this.#fold) this.#fold.wanted = false
    const entries = world.journal.nextId - 1 + ENTRIES_AHEAD
    const clock = clockOf(world)
    this.#writing(() => {
      this.#log ??= startLog(this.#folder, this.#logNumber, this.#options)
      this.#log.append({ world: origin, clock, entries, rows: [...world.entries()] } satisfies Change)
    })
    this.#clock = clock
    this.#entries = entries
    this.#pending = []
  }

  #writing(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw new StorageError(`${this.#folder} cannot be written: ${(error as Error).message}`)
    }
  }

  #append(change: Change): boolean {
    try {
      // What just fits would say that it works again, and the next record that it does not.
      if (this.#failing) this.#log!.checkRoom()
      this.#log!.append(change)
    } catch (error) {
      if (!this.#failing)
        this.#options.tell(
          `${this.#folder} cannot be written: ${(error as Error).message}. Calls that change anything are answered as unavailable until it can`,
        )
      this.#failing = true
      return false
    }
    if (this.#failing) this.#options.tell(`${this.#folder} can be written again`)
    this.#failing = false
    return true
  }

  /** Nobody has heard of these changes yet, and nobody ever will. */
  #undo(world: World, changes: readonly RowChange[]): void {
    const [now, wallMs, frozen] = this.#clock
    world.undo(changes)
    world.clock.restore(now, frozen, wallMs ?? undefined)
    this.#rollbacks++
    // Its rows may be those that never were.
    if (this.#fold) this.#fold.wanted = false
  }

  async #takeCheckpoint(world: World, fold: { readonly wanted: boolean }): Promise<void> {
    const { disk } = this.#options
    const number = this.#logNumber + 1
    // What is changed from now on is in the next log, from its beginning: a row may be in both, and is the same then.
    const log = startLog(this.#folder, number, this.#options)
    this.#log!.close()
    this.#log = log
    this.#logNumber = number
    const pause = pausing(fold)
    const file = new CheckpointFile(join(this.#folder, nameOf('checkpoint', number)), this.#options)
    const db = lowdb(file)
    db.data = {
      head: {
        sandgate: 'checkpoint',
        format: FORMAT,
        log: number,
        world: this.#origin!,
        clock: this.#clock,
        entries: this.#entries,
      },
      rows: world.entries(),
      until: () => {
        this.#flush()
        if (!fold.wanted) throw unwanted()
        return log.size
      },
      pause,
    }
    try {
      await db.write()
    } catch (error) {
      await disk.promises
        .rm(`${join(this.#folder, nameOf('checkpoint', number))}.tmp`, { force: true })
        .catch(() => undefined)
      throw error
    }
    const before = this.#checkpoint
    this.#checkpoint = number
    this.#checkpointBytes = file.bytes
    this.#foldAbove = 0
    syncFolder(this.#folder, this.#options)
    // The checkpoint before this one stays, with its logs, in case this one is damaged.
    await forgetBefore(this.#folder, before, this.#options)
  }
}
