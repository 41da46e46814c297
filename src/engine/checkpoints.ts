// Checkpoints: states of a world under a name, what has changed since one of them, and the way back to it. They are kept in memory only, because rows
// are never edited and so cost nothing twice; they outlast resets and restores, and go with the world.
import { isDeepStrictEqual } from 'node:util'
import { inSlices } from '../runtime/slices.ts'
import { iso } from '../text/instants.ts'
import { withoutSecrets } from '../text/redact-rows.ts'
import { UNSEEN } from '../text/redact.ts'
import { didYouMean } from '../text/suggest.ts'
import type { TablesView } from '../world/view.ts'
import type { World } from '../world/world.ts'
import { type Context, note } from './context.ts'
import { SandgateError } from './errors.ts'
import type { Checkpoint, KeptCheckpoints } from './kept-checkpoints.ts'

/** How many checkpoints a world may have. */
const CHECKPOINTS_MAX = 32
/** How many rows the checkpoints of all worlds may hold together. */
const ROWS_MAX = 1_000_000
/** How many rows are compared, or copied, before somebody else may have a turn. */
const ROWS_AT_ONCE = 64

type Rows = ReadonlyMap<string, object>

/** A row that is not what it was. */
export interface Change {
  readonly table: string
  readonly key: string
  readonly change: 'added' | 'changed' | 'removed'
  /** Left out where there was none, and in tables whose keys let somebody in. */
  readonly before?: object
  readonly after?: object
}

export interface Changes {
  /** The first of them. */
  readonly data: readonly Change[]
  readonly total: { readonly added: number; readonly changed: number; readonly removed: number }
  /** Whether there are more than `data` holds. */
  readonly truncated: boolean
}

// rule: sandgate.checkpoints
/**
 * Keeps the state of a world, as of now, under a name, in place of one that has it. Throws `too_many_checkpoints`, `checkpoint_too_large` or
 * `world_changed`.
 */
export async function makeCheckpoint(
  context: Context,
  world: World,
  name: string,
): Promise<{ readonly checkpoint: Checkpoint; readonly replaced: boolean }> {
  const { worlds, wall } = context
  refuseBeyond(context, world, name)
  const { view, clock } = world.moment()
  const { startMs, frozen } = world.options
  const about = { name, seed: world.seed, startMs, frozen, clock, entry: world.journal.nextId - 1, madeAt: wall() }
  try {
    const tables = await inSlices(view.copied())
    const rows = [...tables.values()].reduce((sum, { size }) => sum + size, 0)
    if (!worlds.has(world))
      throw new SandgateError('world_changed', `the world "${world.id}" was deleted or reset meanwhile`)
    // Others may have been made meanwhile.
    refuseBeyond(context, world, name)
    const kept = worlds.checkpoints(world)
    const replaced = kept.delete(name)
    const checkpoint = { ...about, tables, rows }
    kept.set(name, checkpoint)
    return { checkpoint, replaced }
  } finally {
    view.end()
  }
}

function refuseBeyond({ worlds }: Context, world: World, name: string): void {
  const kept = worlds.checkpoints(world)
  if (!kept.has(name) && kept.size >= CHECKPOINTS_MAX)
    throw new SandgateError(
      'too_many_checkpoints',
      `the world "${world.id}" has ${kept.size} checkpoints, as many as a world may have; delete one of them first, or replace one: ${[...kept.keys()].join(', ')}`,
    )
  const others = worlds.checkpointRows - (kept.get(name)?.rows ?? 0)
  if (others + world.rowCount > ROWS_MAX)
    throw new SandgateError(
      'checkpoint_too_large',
      `this world has ${world.rowCount} rows and the checkpoints of all worlds hold ${others}; together they may hold ${ROWS_MAX}. Delete checkpoints that are not needed, or use GET /_sandgate/snapshot`,
    )
}

/** The checkpoints of a world, the oldest first. */
export function checkpointsOf({ worlds }: Context, world: World): Checkpoint[] {
  return [...worlds.checkpoints(world).values()]
}

/** Forgets a checkpoint. Throws `checkpoint_not_found`. */
export function deleteCheckpoint({ worlds }: Context, world: World, name: string): void {
  const kept = worlds.checkpoints(world)
  named(name, kept, world)
  kept.delete(name)
}

function named(name: string, kept: KeptCheckpoints, { id }: World): Checkpoint {
  const found = kept.get(name)
  if (!found)
    throw new SandgateError(
      'checkpoint_not_found',
      `the world "${id}" has no checkpoint "${name}"${didYouMean(name, [...kept.keys()])} PUT /_sandgate/checkpoints/${name} makes one`,
    )
  return found
}

// rule: sandgate.checkpoints.rewind
/**
 * Puts a world back to what it was at a checkpoint. Its journal begins anew, and its numbers go on; checkpoints stay. Resolves with the world.
 * Throws `checkpoint_not_found` or `world_changed`.
 */
export async function rewindTo(context: Context, world: World, name: string): Promise<Checkpoint> {
  const checkpoint = named(name, context.worlds.checkpoints(world), world)
  const { seed, startMs, frozen, tables, entry } = checkpoint
  const [now, , stood] = checkpoint.clock
  const restored = await context.worlds.restore(world, {
    seed,
    startMs,
    frozen,
    tables: await inSlices(copied(tables)),
    clock: [now, null, stood],
  })
  note(restored, 'restore', `the world was put back to ${iso(now)}, the checkpoint "${name}" behind entry ${entry}`)
  context.tick(restored)
  return checkpoint
}

/** The world that is made of them goes on changing its maps. */
function* copied(tables: ReadonlyMap<string, Rows>): Generator<void, Map<string, Map<string, object>>> {
  const copies = new Map<string, Map<string, object>>()
  let left = ROWS_AT_ONCE
  for (const [table, rows] of tables) {
    const copy = new Map<string, object>()
    copies.set(table, copy)
    for (const [key, row] of rows) {
      copy.set(key, row)
      if (--left > 0) continue
      left = ROWS_AT_ONCE
      yield
    }
  }
  return copies
}

// rule: sandgate.checkpoints.changes
/** The rows that were added, changed and removed since a checkpoint, `most` of them, without secrets. Throws `checkpoint_not_found`. */
export async function changesSince(context: Context, world: World, name: string, most: number): Promise<Changes> {
  const { tables } = named(name, context.worlds.checkpoints(world), world)
  const secret = new Set(context.registry.tables.filter((table) => table.secret).map((table) => table.name))
  const hide = context.secrets.of(world)
  const show = (table: string, key: string, before: object | undefined, after: object | undefined): Change => ({
    table,
    key: secret.has(table) ? UNSEEN : hide(key),
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    ...(before && !secret.has(table) && { before: withoutSecrets(before, hide) }),
    ...(after && !secret.has(table) && { after: withoutSecrets(after, hide) }),
  })
  const { view } = world.moment()
  try {
    return await inSlices(comparing(tables, view, most, show))
  } finally {
    view.end()
  }
}

function* comparing(
  then: ReadonlyMap<string, Rows>,
  view: TablesView,
  most: number,
  show: (table: string, key: string, before: object | undefined, after: object | undefined) => Change,
): Generator<void, Changes> {
  const now: ReadonlyMap<string, Rows> = yield* view.copied()
  const data: Change[] = []
  const total = { added: 0, changed: 0, removed: 0 }
  for (const table of [...new Set([...then.keys(), ...now.keys()])].sort()) {
    let left = ROWS_AT_ONCE
    for (const [key, before, after] of pairs(then.get(table), now.get(table))) {
      // Rows that nobody has touched are the same ones; those of a world that was reset may be equal.
      const isOther = before !== after && !isDeepStrictEqual(before, after)
      if (isOther) {
        total[before === undefined ? 'added' : after === undefined ? 'removed' : 'changed']++
        if (data.length < most) data.push(show(table, key, before, after))
      }
      if (!isOther && --left > 0) continue
      left = ROWS_AT_ONCE
      yield
    }
  }
  return { data, total, truncated: total.added + total.changed + total.removed > data.length }
}

/** Every key of both, with the row of then and the row of now. */
function* pairs(
  then: Rows = new Map(),
  now: Rows = new Map(),
): Generator<[key: string, before: object | undefined, after: object | undefined]> {
  for (const [key, before] of then) yield [key, before, now.get(key)]
  for (const [key, after] of now) if (!then.has(key)) yield [key, undefined, after]
}
