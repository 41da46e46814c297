// The control API's chapter on going back: the whole state of a world as one document, and a world made of one. Both may be large, so they are
// written and read a slice at a time, and what they show is one moment.
import type { Integrity } from '../engine/integrity.ts'
import { inSlices } from '../runtime/slices.ts'
import type { TablesView } from '../world/view.ts'
import type { World } from '../world/world.ts'
import { WorldRefused } from '../engine/worlds.ts'
import { didYouMean as meant } from '../text/suggest.ts'
import { type Ask, instant, iso, note, Problem, type Routes, stoppedProblem, type Told } from './http.ts'
import { version } from '../runtime/package.ts'

/** How large a snapshot may be. */
export const SNAPSHOT_BYTES = 256 * 1024 * 1024
/** Raised when a snapshot of before can no longer be used. */
export const SNAPSHOT_FORMAT = 1
/** Text of one piece of an answer. */
const PIECE_CHARACTERS = 64 * 1024
/** Of so many rows of each table the size is looked at beforehand. */
const SAMPLED_ROWS = 64

/** A snapshot without its rows, as it stands in the document. */
export interface SnapshotHead {
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

export const rewindRoutes: Routes = {
  getSnapshot: async ({ world }) => {
    // It would be an empty one.
    if (world.stopped?.rows === 'unread') throw stoppedProblem(world)
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
      return { status: 200, type: 'application/json', pieces: await inSlices(written(head, view)) }
    } finally {
      view.end()
    }
  },
  restoreSnapshot,
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
    throw new Problem(409, `this world is too large for a snapshot: more than ${SNAPSHOT_BYTES >> 20} MiB`)
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

/** The world as it was. Its journal is another one from here on, and its numbers go on. */
async function restoreSnapshot({ sandbox, world, body }: Ask): Promise<Told> {
  const { tables, ...head } = body as SnapshotHead & { readonly tables: SnapshotRows }
  if (head.format !== SNAPSHOT_FORMAT)
    throw new Problem(
      422,
      `the snapshot has format ${head.format}, taken by version ${head.version}; this is version ${version}, which reads format ${SNAPSHOT_FORMAT}`,
    )
  await inSlices(refuseMisfits(tables, sandbox.integrity))
  const restored = await sandbox.worlds
    .restore(world, {
      seed: head.seed,
      startMs: instant(head.start.now),
      frozen: head.start.mode === 'frozen',
      tables,
      clock: [instant(head.clock.now), null, head.clock.mode === 'frozen'],
    })
    .catch((error) => {
      throw error instanceof WorldRefused ? new Problem(409, error.message) : error
    })
  note(restored, 'restore', `the world is what it was at ${iso(restored.now)}, out of a snapshot`)
  sandbox.tick(restored)
  return { status: 204 }
}

/** A row has to be what its table says, and what it names has to be there. */
function* refuseMisfits(tables: SnapshotRows, integrity: Integrity): Generator<void> {
  const unknown = [...tables.keys()].find((name) => !integrity.tables.includes(name))
  if (unknown !== undefined)
    throw new Problem(422, `tables.${unknown}: there is no such table${meant(unknown, integrity.tables)}`)
  for (const wrong of integrity.problems(tables)) {
    if (wrong !== undefined) throw new Problem(422, wrong)
    yield
  }
}
