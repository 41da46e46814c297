// A world as it lies on the disk: what records say, and the state that follows from them. Rows are absolute, so that a record which is applied
// twice does no harm.
import { createHash } from 'node:crypto'
import type { RowChange } from '../world/tables.ts'
import type { World } from '../world/world.ts'

/** Raised when what was written before can no longer be read. */
export const FORMAT = 1

/** Journal ids that are given out before what is stored tells of more. */
export const ENTRIES_AHEAD = 10_000

/** What a world was made from. */
export interface Origin {
  readonly seed: string
  /** World time at its start, ms, and whether it stood still then. */
  readonly startMs: number
  readonly frozen: boolean
  /** How a reset makes it again: whoever makes worlds knows what that means. */
  readonly made: Readonly<Record<string, unknown>>
  /** Of settings and switches, to tell when they have changed since. */
  readonly settings: string
}

/** World time, the wall's reading it belongs to (null when none is known), and whether it stands still. */
export type ClockLine = readonly [now: number, wallMs: number | null, frozen: boolean]

/** A row as it is now; without one it is gone. */
export type RowLine = readonly [table: string, key: string, row?: object]

/** What was changed together, or, with `world`, everything there is. */
export interface Change {
  readonly world?: Origin
  readonly clock: ClockLine
  /** Journal entries up to this number are given out, or will be. */
  readonly entries?: number
  readonly rows?: readonly RowLine[]
}

/** The first record of a log. */
export interface LogHead {
  readonly sandgate: 'log'
  readonly format: number
  readonly log: number
}

/** The first record of a checkpoint; records of `rows` follow, and `CheckpointEnd`. */
export interface CheckpointHead extends Change {
  readonly sandgate: 'checkpoint'
  readonly format: number
  /** The log that goes on from here. */
  readonly log: number
  readonly world: Origin
  readonly entries: number
}

export interface CheckpointEnd {
  /**
   * A checkpoint is taken while the world goes on: some of its rows are as young as this byte of its log. With less of that log than this it
   * tells of things that never happened.
   */
  readonly end: number
}

export type Rows = Map<string, Map<string, object>>

export interface State {
  readonly world: Origin
  readonly clock: ClockLine
  readonly entries: number
  readonly tables: Rows
}

/** No date is further away from 1970. */
const LAST_MS = 8.64e15

/** Why a record is no change, though its checksum is right: somebody has edited it, or another version wrote it. Undefined: it is one. */
export function changeProblem(record: any): string | undefined {
  if (!isObject(record)) return 'it is not an object'
  const { world, clock, entries, rows } = record
  if (
    !Array.isArray(clock) ||
    !isMoment(clock[0]) ||
    !(clock[1] === null || isMoment(clock[1])) ||
    typeof clock[2] !== 'boolean'
  )
    return 'its clock is not [now, wall or null, frozen], in milliseconds since 1970'
  if (entries !== undefined && !isCount(entries)) return 'entries is not a whole number from 0'
  if (
    world !== undefined &&
    !(
      isObject(world) &&
      typeof world.seed === 'string' &&
      isMoment(world.startMs) &&
      typeof world.frozen === 'boolean' &&
      isObject(world.made) &&
      typeof world.settings === 'string'
    )
  ) {
    return 'its world has no seed, startMs, frozen, made and settings as they should be'
  }
  return rows === undefined ? undefined : rowsProblem(rows)
}

/** Why these are no rows. */
export function rowsProblem(rows: unknown): string | undefined {
  if (!Array.isArray(rows)) return 'its rows are not a list'
  // There may be hundreds of thousands.
  for (let at = 0; at < rows.length; at++) if (!isRowLine(rows[at])) return `rows[${at}] is not [table, key, row]`
  return undefined
}

function isRowLine(line: unknown): boolean {
  return (
    Array.isArray(line) &&
    typeof line[0] === 'string' &&
    typeof line[1] === 'string' &&
    (line[2] === undefined || isObject(line[2]))
  )
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isMoment(value: unknown): boolean {
  return Number.isFinite(value) && Math.abs(value as number) <= LAST_MS
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** The state after a change; rows are changed in place. Undefined: no world has begun yet. */
export function applied(
  state: State | undefined,
  { world, clock, entries, rows = [] }: Omit<Change, 'rows'> & { readonly rows?: Iterable<RowLine> },
): State | undefined {
  const from = world ? { world, tables: new Map() as Rows, entries: 0 } : state
  if (!from) return undefined
  for (const [table, key, row] of rows) put(from.tables, table, key, row)
  return { world: from.world, clock, entries: entries ?? from.entries, tables: from.tables }
}

function put(tables: Rows, table: string, key: string, row: object | undefined): void {
  let rows = tables.get(table)
  if (!rows) tables.set(table, (rows = new Map()))
  if (row === undefined) rows.delete(key)
  else rows.set(key, Object.freeze(row))
}

/** What a world is made from, as it is written down. */
export function originOf(world: World, made: object): Origin {
  const { seed, options } = world
  return { seed, startMs: options.startMs, frozen: options.frozen, made: { ...made }, settings: fingerprint(world) }
}

export function clockOf({ clock }: World): ClockLine {
  return [clock.now, clock.wallMs ?? null, clock.frozen]
}

/** Whether time did anything but pass. */
export function moved([now, wallMs, frozen]: ClockLine, [keptNow, keptWallMs, keptFrozen]: ClockLine): boolean {
  if (frozen !== keptFrozen) return true
  return frozen || wallMs === null || keptWallMs === null ? now !== keptNow : now - wallMs !== keptNow - keptWallMs
}

export function lineOf({ table, key, after }: RowChange): RowLine {
  return after === undefined ? [table, key] : [table, key, after]
}

function fingerprint({ options }: World): string {
  return createHash('sha256')
    .update(JSON.stringify([options.settings, options.assumptions]))
    .digest('hex')
    .slice(0, 16)
}
