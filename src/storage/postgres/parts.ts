// The state of a world in parts, written a slice a turn, and read back with the log behind it.
import { StorageRefused } from '../port.ts'
import {
  applied,
  type Change,
  changeProblem,
  type ClockLine,
  type Origin,
  type RowLine,
  rowsProblem,
  type State,
} from '../state.ts'
import { inSlices } from '../../runtime/slices.ts'
import type { Connection, Row } from './connection.ts'
import { FORGET_PARTS, PART, TOKEN } from './statements.ts'

/** How many characters one part has, about. */
const PART_CHARACTERS = 256 * 1024
/** Raised when parts or records can no longer be read. */
const FORMAT = 1

/** The first part. */
interface Head {
  readonly sandgate: 'checkpoint'
  readonly format: number
  readonly world: Origin
  readonly clock: ClockLine
  readonly entries: number
}

/** What was written. */
export interface Written {
  /** The number under which the parts are. */
  readonly token: number
  readonly bytes: number
}

/** Writes a state; nothing refers to it yet. `rows` may hold undefined, where others may have their turn. Rejects as the connection does. */
export async function writeParts(
  connection: Connection,
  head: Omit<Head, 'sandgate' | 'format'>,
  rows: Iterable<RowLine | undefined>,
): Promise<Written> {
  const [{ token }] = (await connection.query(TOKEN)) as [Row]
  let part = 0
  let bytes = 0
  const put = async (value: unknown) => {
    const text = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
    bytes += text.length
    await connection.query(PART, [token, part++, text])
  }
  try {
    await put({ sandgate: 'checkpoint', format: FORMAT, ...head } satisfies Head)
    const written = pieces(rows)
    for (let piece = await inSlices(written.next()); piece !== undefined; piece = await inSlices(written.next()))
      await put(piece)
    return { token, bytes }
  } catch (error) {
    await connection.query(FORGET_PARTS, [token]).catch(() => undefined)
    throw error
  }
}

/** JSON arrays of rows, one after the other, each made in slices. */
function pieces(rows: Iterable<RowLine | undefined>): { next(): Generator<void, string | undefined> } {
  const all = rows[Symbol.iterator]()
  return {
    *next() {
      let text = ''
      while (text.length < PART_CHARACTERS) {
        const { value, done } = all.next()
        if (done) break
        if (value) text += `${text === '' ? '' : ','}${JSON.stringify(value)}`
        yield
      }
      return text === '' ? undefined : `[${text}]`
    },
  }
}

/** A world as `LOAD` found it. */
export interface Loaded {
  readonly state: State
  readonly checkpointBytes: number
  readonly logBytes: number
  /** The number of the last change. */
  readonly seq: number
}

/** Reads what `LOAD` found. Rejects with `StorageRefused` where it cannot be read; undefined: it is no longer what it was when the world was claimed. */
export function readState(
  id: string,
  rows: readonly Row[],
  claimed: { readonly checkpoint: number; readonly checkpointSeq: number; readonly seq: number },
): Promise<Loaded | undefined> {
  return inSlices(reading(id, rows, claimed))
}

function* reading(
  id: string,
  rows: readonly Row[],
  { checkpoint, checkpointSeq, seq: least }: Parameters<typeof readState>[2],
): Generator<void, Loaded | undefined> {
  const parts = rows.filter(({ seq }) => seq === 0)
  const log = rows.filter(({ seq }) => seq > 0)
  if (checkpoint !== 0 && parts.length === 0) return undefined
  if (log.some(({ seq }, index) => seq !== checkpointSeq + 1 + index) || checkpointSeq + log.length < least)
    return undefined
  let state: State | undefined
  for (const { text, part } of parts) {
    state = part === 0 ? begun(id, text) : added(id, text, part, state)
    yield
  }
  for (const { seq, text } of log) {
    const change = parsed(text)
    const wrong = changeProblem(change)
    if (wrong !== undefined) throw new StorageRefused(`change ${seq} of the world "${id}" cannot be used: ${wrong}`)
    state = applied(state, change as Change)
    yield
  }
  return state && { state, checkpointBytes: size(parts), logBytes: size(log), seq: checkpointSeq + log.length }
}

function begun(id: string, text: string): State {
  const head = parsed(text) as Head | undefined
  if (head?.sandgate !== 'checkpoint') throw new StorageRefused(`the stored state of the world "${id}" cannot be read`)
  if (head.format !== FORMAT)
    throw new StorageRefused(
      `the world "${id}" has format ${head.format}; this version of Sandgate reads format ${FORMAT}`,
    )
  const wrong = changeProblem(head)
  if (wrong !== undefined) throw new StorageRefused(`the stored state of the world "${id}" cannot be used: ${wrong}`)
  return applied(undefined, head)!
}

function added(id: string, text: string, part: number, state: State | undefined): State {
  const rows = parsed(text)
  const wrong = state ? rowsProblem(rows) : 'its beginning is missing'
  if (wrong !== undefined || !state)
    throw new StorageRefused(`part ${part} of the stored state of the world "${id}" cannot be used: ${wrong}`)
  return applied(state, { clock: state.clock, rows: rows as RowLine[] })!
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function size(rows: readonly Row[]): number {
  return rows.reduce((sum, { text }) => sum + (text as string).length, 0)
}
