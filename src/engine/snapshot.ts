// The whole state of a world as one document, and a world made of one. Both may be large, so they are written and read a slice at a time, and what
// they show is one moment.
import { version } from '../runtime/package.ts'
import { inSlices } from '../runtime/slices.ts'
import { instant, iso } from '../text/instants.ts'
import { didYouMean } from '../text/suggest.ts'
import type { TablesView } from '../world/view.ts'
import type { World } from '../world/world.ts'
import { type Context, note, refuseStopped } from './context.ts'
import { SandgateError } from './errors.ts'
import type { Integrity } from './integrity.ts'

/** How large a snapshot may be. */
export const SNAPSHOT_BYTES = 256 * 1024 * 1024
/** Raised when a snapshot of before can no longer be used. */
export const SNAPSHOT_FORMAT = 1
/** Text of one piece of an answer. */
const PIECE_CHARACTERS = 64 * 1024
/** Of so many rows of each table the size is looked at beforehand. */
const SAMPLED_ROWS = 64

/** A snapshot without its rows, as it stands in the document. */
interface SnapshotHead {
  readonly sandgate: 'snapshot'
  readonly format: number
  /** The version of Sandgate that took it. */
  readonly version: string
  readonly seed: string
  readonly start: ClockView
  readonly clock: ClockView
}

interface ClockView {
  readonly now: string
  readonly mode: 'running' | 'frozen'
}

/** Rows by table and key. */
export type SnapshotRows = ReadonlyMap<string, Map<string, object>>

export interface Snapshot extends SnapshotHead {
  readonly tables: SnapshotRows
}

/** The state of a world as a JSON document, in pieces. Throws `snapshot_too_large`, or `world_stopped` where its rows could not be read. */
export async function takeSnapshot(world: World): Promise<Buffer[]> {
  // It would be an empty one.
  if (world.stopped?.rows === 'unread') refuseStopped(world)
  const {
    view,
    clock: [now, , frozen],
  } = world.moment()
  const { startMs, frozen: wasFrozen } = world.options
  const head: SnapshotHead = {
    sandgate: 'snapshot',
    format: SNAPSHOT_FORMAT,
    version,
    seed: world.seed,
    start: clockView(startMs, wasFrozen),
    clock: clockView(now, frozen),
  }
  try {
    refuseTooLarge(expectedBytes(world))
    return await inSlices(written(head, view))
  } finally {
    view.end()
  }
}

function clockView(ms: number, frozen: boolean): ClockView {
  return { now: iso(ms), mode: frozen ? 'frozen' : 'running' }
}

/** About how large a snapshot will be, never much more than it is: what will be refused need not be written first. */
function expectedBytes(world: World): number {
  let bytes = 0
  for (const [rows, sampled] of world.samples(SAMPLED_ROWS))
    bytes += (rows / sampled.length) * JSON.stringify(sampled).length
  return 0.8 * bytes
}

function refuseTooLarge(bytes: number): void {
  if (bytes > SNAPSHOT_BYTES)
    throw new SandgateError(
      'snapshot_too_large',
      `this world is too large for a snapshot: more than ${SNAPSHOT_BYTES >> 20} MiB`,
    )
}

/** The document in pieces, tables and keys sorted. */
function* written(head: SnapshotHead, view: TablesView): Generator<void, Buffer[]> {
  const pieces: Buffer[] = []
  let bytes = 0
  let text = `${JSON.stringify(head).slice(0, -1)},"tables":{`
  let table: string | undefined
  const flush = () => {
    const piece = Buffer.from(text)
    pieces.push(piece)
    refuseTooLarge((bytes += piece.length))
    text = ''
  }
  for (const entry of view.sorted()) {
    if (!entry) {
      yield
      continue
    }
    const [name, key, row] = entry
    if (name !== table) text += `${table === undefined ? '' : '},'}${JSON.stringify(name)}:{`
    else text += ','
    table = name
    text += `${JSON.stringify(key)}:${JSON.stringify(row)}`
    if (text.length < PIECE_CHARACTERS) continue
    flush()
    yield
  }
  text += table === undefined ? '}}' : '}}}'
  flush()
  return pieces
}

/**
 * Puts a world back to what it was when the snapshot was taken. Its journal begins anew, and its numbers go on.
 * Throws `invalid_snapshot` or `world_changed`.
 */
export async function restoreSnapshot(context: Context, world: World, snapshot: Snapshot): Promise<void> {
  const { tables, ...head } = snapshot
  if (head.format !== SNAPSHOT_FORMAT)
    throw new SandgateError(
      'invalid_snapshot',
      `the snapshot has format ${head.format}, taken by version ${head.version}; this is version ${version}, which reads format ${SNAPSHOT_FORMAT}`,
      { field: 'format' },
    )
  await inSlices(refuseMisfits(tables, context.integrity))
  const restored = await context.worlds.restore(world, {
    seed: head.seed,
    startMs: instant(head.start.now),
    frozen: head.start.mode === 'frozen',
    tables,
    clock: [instant(head.clock.now), null, head.clock.mode === 'frozen'],
  })
  note(restored, 'restore', `the world was restored to ${iso(restored.now)} from a snapshot`)
  context.tick(restored)
}

/** A row has to be what its table says, and what it names has to be there. */
function* refuseMisfits(tables: SnapshotRows, integrity: Integrity): Generator<void> {
  const unknown = [...tables.keys()].find((name) => !integrity.tables.includes(name))
  if (unknown !== undefined)
    throw new SandgateError(
      'invalid_snapshot',
      `tables.${unknown}: there is no such table${didYouMean(unknown, integrity.tables)}`,
    )
  for (const wrong of integrity.problems(tables)) {
    if (wrong !== undefined) throw new SandgateError('invalid_snapshot', wrong)
    yield
  }
}
