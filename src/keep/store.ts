// Keeps one world in one directory: every change is in the log before anybody hears of it, and a lowdb checkpoint takes the log in, a slice a
// turn, while calls go on. Reading it all back is left to recovery.ts, the directories of several worlds to keeping.ts.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Low } from 'lowdb'
import type { RowChange } from '../world/tables.ts'
import type { Keeper, World } from '../world/world.ts'
import { type Disk, framed, type Ground, LogFile, records } from './log.ts'
import { checkFormat, type FoundCheckpoint, nameOf, numbered, KeepRefused, type Recovered, recover } from './recovery.ts'
import { applied, type Change, type CheckpointEnd, type CheckpointHead, type ClockLine, FORMAT, type LogHead, type Origin, type RowLine, type State } from './state.ts'

/** Rows of one slice of a checkpoint: well under a millisecond of work. */
const SLICE_ROWS = 256
/** Journal ids that are given out before the log is told of more. */
const ENTRIES_AHEAD = 10_000

export interface StoreOptions extends Ground {
  /** A log is folded when it is larger than this, and larger than the checkpoint before it. */
  readonly foldBytes: number
  /** Takes a line for people. */
  readonly tell: (line: string) => void
}

/** A checkpoint as lowdb holds it: on its way to the disk, or just read. */
interface Checkpoint {
  readonly head: CheckpointHead
  readonly rows: Iterable<RowLine>
  /** How much of its log must be whole for it to be of use; asked behind the last row. */
  readonly until: () => number
  /** Lets other work have its turn; throws when nobody wants the checkpoint any more. */
  readonly pause: () => Promise<void>
}

/** One checkpoint file, for lowdb. It is written beside its place and renamed, so that there is never half of one. */
class CheckpointFile {
  readonly #path: string
  readonly #disk: Disk
  bytes = 0

  constructor(path: string, disk: Disk) {
    this.#path = path
    this.#disk = disk
  }

  /** Null when it is damaged anywhere. */
  async read(): Promise<Checkpoint | null> {
    const bytes = await this.#disk.promises.readFile(this.#path)
    const read: any[] = []
    let size = 0
    for (const { record, end } of records(bytes)) {
      if (size === 0) checkFormat(record.format, this.#path)
      read.push(record)
      size = end
    }
    this.bytes = size
    const end: CheckpointEnd | undefined = read.at(-1)
    if (size < bytes.length || end?.end === undefined) return null
    const slices = read.slice(1, -1)
    return { head: read[0], rows: flat(slices), until: () => end.end, pause: async () => undefined }
  }

  async write({ head, rows, until, pause }: Checkpoint): Promise<void> {
    const file = await this.#disk.promises.open(`${this.#path}.tmp`, 'w')
    try {
      const append = async (record: unknown) => {
        const bytes = framed(record)
        await file.appendFile(bytes)
        this.bytes += bytes.length
      }
      await append(head)
      let count = 0
      for (const slice of sliced(rows)) {
        count += slice.length
        await append({ rows: slice })
        await pause()
      }
      await append({ end: until(), rows: count } satisfies CheckpointEnd)
      await file.datasync()
    } finally {
      await file.close()
    }
    await this.#disk.promises.rename(`${this.#path}.tmp`, this.#path)
  }
}

function* flat(slices: readonly { rows: RowLine[] }[]): Generator<RowLine> {
  for (const { rows } of slices) yield* rows
}

function* sliced(rows: Iterable<RowLine>): Generator<RowLine[]> {
  let slice: RowLine[] = []
  for (const row of rows) {
    slice.push(row)
    if (slice.length < SLICE_ROWS) continue
    yield slice
    slice = []
  }
  yield slice
}

async function readCheckpoint(path: string, disk: Disk): Promise<FoundCheckpoint | undefined> {
  const db = new Low<Checkpoint | undefined>(new CheckpointFile(path, disk) as any, undefined)
  await db.read()
  if (!db.data) return undefined
  const { head, rows, until } = db.data
  return { state: applied(undefined, { ...head, rows: rows as RowLine[] })!, until: until() }
}

/** Told when nothing can be kept; the caller answers that the service is unavailable. */
export class NotKept extends Error {}

export class Store implements Keeper {
  readonly folder: string
  readonly #options: StoreOptions
  /** The checkpoint that recovery would begin with, and its size; 1 is none. */
  #checkpoint: number
  #checkpointBytes = 0
  #logNumber: number
  #log: LogFile | undefined
  #world: World | undefined
  #pending: RowChange[] = []
  /** The clock as the log has it. */
  #clock: ClockLine = [0, null, true]
  #entries = 0
  #failing = false
  #undone = 0
  #turn: { readonly promise: Promise<boolean>; readonly done: (kept: boolean) => void } | undefined
  #folding: { wanted: boolean; readonly done: Promise<void> } | undefined
  #foldAbove: number

  private constructor(folder: string, options: StoreOptions, { checkpoint, log, size, state }: Recovered) {
    this.folder = folder
    this.#options = options
    this.#checkpoint = checkpoint
    this.#logNumber = log
    this.#foldAbove = options.foldBytes
    this.#entries = state?.entries ?? 0
    if (state) this.#open(size)
  }
}
