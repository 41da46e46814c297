// The file of one checkpoint, as lowdb's adapter: written beside its place and renamed, a slice a turn, so that there is never half of one and nobody
// waits for it. What is in it is decided by store.ts.
import { Low } from 'lowdb'
import { setImmediate } from '../../runtime/timers.ts'
import { FILE_MODE, framed, type Ground, records } from './log.ts'
import { StorageRefused } from '../port.ts'
import { checkFormat, type FoundCheckpoint } from './recovery.ts'
import { applied, changeProblem, type CheckpointEnd, type CheckpointHead, type RowLine, rowsProblem } from '../state.ts'

/** Rows of one slice: well under a millisecond of work. */
const SLICE_ROWS = 128
/** Where slices are laid out, each in turn. */
const SCRATCH_BYTES = 256 * 1024

/** A checkpoint on its way to the disk, or just read. */
export interface Checkpoint {
  readonly head: CheckpointHead
  readonly rows: Iterable<RowLine>
  /** How much of its log must be whole for it to be of use; asked behind the last row. */
  readonly until: () => number
  /** Lets other work have its turn; throws when nobody wants the checkpoint any more. */
  readonly pause: () => Promise<void>
}

export class CheckpointFile {
  readonly #path: string
  readonly #ground: Pick<Ground, 'disk' | 'sync'>
  #bytes = 0

  constructor(path: string, ground: Pick<Ground, 'disk' | 'sync'>) {
    this.#path = path
    this.#ground = ground
  }

  /** How large it was when it was read or written. */
  get bytes(): number {
    return this.#bytes
  }

  /** Null when it is damaged anywhere. */
  async read(): Promise<Checkpoint | null> {
    const bytes = await this.#ground.disk.promises.readFile(this.#path)
    const read: any[] = []
    for (const { record, end } of records(bytes)) {
      if (read.length === 0) checkFormat(record?.format, this.#path)
      read.push(record)
      this.#bytes = end
    }
    const last: CheckpointEnd | undefined = read.at(-1)
    if (this.#bytes < bytes.length || last?.end === undefined) return null
    const wrong =
      changeProblem(read[0]) ??
      read
        .slice(1, -1)
        .map((record) => rowsProblem(record?.rows))
        .find((problem) => problem !== undefined)
    if (wrong !== undefined) throw new StorageRefused(`${this.#path} cannot be used: ${wrong}`)
    return { head: read[0], rows: flat(read.slice(1, -1)), until: () => last.end, pause: async () => undefined }
  }

  async write({ head, rows, until, pause }: Checkpoint): Promise<void> {
    const file = await this.#ground.disk.promises.open(`${this.#path}.tmp`, 'w', FILE_MODE)
    const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
    const append = async (record: unknown) => {
      const bytes = framed(record, scratch)
      await file.appendFile(bytes)
      this.#bytes += bytes.length
      await pause()
    }
    try {
      await append(head)
      for (const slice of sliced(rows)) await append({ rows: slice })
      await append({ end: until() } satisfies CheckpointEnd)
      if (this.#ground.sync) await file.datasync()
    } finally {
      await file.close()
    }
    await pause()
    await this.#ground.disk.promises.rename(`${this.#path}.tmp`, this.#path)
  }
}

function* flat(slices: readonly { readonly rows: readonly RowLine[] }[]): Generator<RowLine> {
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
  if (slice.length > 0) yield slice
}

/** Nobody wants the checkpoint any more. */
export function unwanted(): Error {
  return new Error('it is of no use any more')
}

/** Lets other work have its turn; throws when nobody wants the checkpoint any more. */
export function pausing(fold: { readonly wanted: boolean }): () => Promise<void> {
  return async () => {
    await new Promise((resolve) => setImmediate(resolve))
    if (!fold.wanted) throw unwanted()
  }
}

/** A checkpoint's file behind lowdb. */
export function lowdb(file: CheckpointFile): Low<Checkpoint | null> {
  return new Low<Checkpoint | null>({ read: () => file.read(), write: (checkpoint) => file.write(checkpoint!) }, null)
}

/** The state that a checkpoint holds; undefined when it is damaged. `sized` hears how large its file is. */
export async function readCheckpoint(
  path: string,
  ground: Pick<Ground, 'disk' | 'sync'>,
  sized: (bytes: number) => void,
): Promise<FoundCheckpoint | undefined> {
  const file = new CheckpointFile(path, ground)
  const db = lowdb(file)
  await db.read()
  const { data } = db
  sized(file.bytes)
  return data ? { state: applied(undefined, { ...data.head, rows: data.rows })!, until: data.until() } : undefined
}
