// The clock of a world: read, frozen, set and moved. Everything that falls due on the way happens at its own instant.
import { Slices } from '../runtime/slices.ts'
import { after, instant, iso, LAST_MS } from '../text/instants.ts'
import { ADVANCE_MAX_EVENTS, ADVANCE_MAX_MS, happened, type Timer } from '../world/clock.ts'
import type { World } from '../world/world.ts'
import { storageUnavailable } from './commit.ts'
import { type Context, note, refuseStopped } from './context.ts'
import { SandgateError } from './errors.ts'

/** How many timers of one instant fire before it is looked whether others should have their turn. */
const BATCH = 200

export interface ClockInput {
  readonly mode?: 'frozen' | 'running' | undefined
  /** An ISO 8601 instant that has not passed. */
  readonly now?: string | undefined
}

/** One of: a duration such as `4h`, an ISO 8601 instant, or until nothing is due that anybody waits for. */
export type AdvanceInput = { readonly by: string } | { readonly to: string } | { readonly until: 'quiet' }

export interface ClockState {
  readonly now: string
  readonly mode: 'frozen' | 'running'
  /** How many timers wait. */
  readonly due: number
  /** The first ten of them. */
  readonly next: readonly ReturnType<typeof happened>[]
  /** Why the world is stopped. */
  readonly problem?: string
}

export function clockView(world: World): ClockState {
  return {
    now: iso(world.now),
    mode: world.clock.frozen || world.stopped ? 'frozen' : 'running',
    due: world.clock.due,
    // Rows that are not what they should be are in no order.
    next: !world.stopped || world.stopped.rows === 'good' ? world.clock.waiting(10).map(happened) : [],
    ...(world.stopped && { problem: world.stopped.reason }),
  }
}

/** Freezes the clock, lets it run, or sets it forward; what falls due in between happens. Throws `time_in_past`, and what `advanceClock` throws. */
export async function setClock(context: Context, world: World, { mode, now }: ClockInput): Promise<ClockState> {
  const mark = context.outbox.mark()
  const to = now === undefined ? undefined : notPast(instant(now), world)
  if (to !== undefined || mode === 'running') refuseStopped(world)
  if (mode === 'frozen') world.clock.freeze()
  try {
    if (to !== undefined) await advance(context, world, until(to), mark)
    if (mode === 'running') world.clock.run()
    context.tick(world)
    if (mode === 'running') refuseStopped(world)
  } finally {
    // Where it did not come as far as it was to, too.
    note(world, 'clock', `the clock is ${world.clock.frozen ? 'frozen' : 'running'} at ${iso(world.now)}`)
  }
  return clockView(world)
}

/**
 * Moves the clock forward and runs everything that falls due, in order, each at its own instant. Resolves when every callback attempt that fell
 * due has ended. Throws `time_in_past`, `advance_limit`, `world_stopped`, `world_changed`, `clock_out_of_range` or `storage_unavailable`.
 */
export async function advanceClock(
  context: Context,
  world: World,
  input: AdvanceInput,
): Promise<{ readonly now: string; readonly happened: readonly ReturnType<typeof happened>[] }> {
  const mark = context.outbox.mark()
  const way =
    'by' in input && input.by !== undefined
      ? byDuration(after(world.now, input.by, 'by') - world.now)
      : 'to' in input && input.to !== undefined
        ? until(notPast(instant(input.to), world))
        : untilQuiet()
  const began = world.now
  let fired: Timer[]
  try {
    fired = await advance(context, world, way, mark)
  } catch (error) {
    note(world, 'advance', `the clock was to be moved, and came from ${iso(began)} to ${iso(world.now)}`)
    throw error
  }
  note(world, 'advance', `the clock was moved to ${iso(world.now)}, ${fired.length} things happened`)
  return { now: iso(world.now), happened: fired.map(happened) }
}

function notPast(ms: number, world: World): number {
  if (ms < world.now)
    throw new SandgateError(
      'time_in_past',
      `world time is ${iso(world.now)} and never goes back; ${iso(ms)} has passed`,
    )
  return ms
}

/** How far one call moves the clock. Others may move it meanwhile, so what is left is asked anew before each step. */
interface Way {
  /** How much further from here, ms; undefined: it has arrived. */
  left(world: World): number | undefined
  /** The call has moved the clock itself. */
  moved(ms: number): void
}

// rule: sandgate.clock.overlap
/** A duration is gone through as a whole by the call's own steps, whoever else moves the clock. */
function byDuration(ms: number): Way {
  let left = ms
  return { left: () => left, moved: (ms) => void (left -= ms) }
}

function until(ms: number): Way {
  return { left: (world) => Math.max(0, ms - world.now), moved: () => undefined }
}

/** From one thing to the next that somebody waits for, as long as there is one. */
function untilQuiet(): Way {
  let most = ADVANCE_MAX_MS
  return {
    left: (world) => {
      const next = world.clock.nextLoud
      if (next === undefined) return undefined
      if (next - world.now > most) throw tooMuch(world, '90 days')
      return Math.max(0, next - world.now)
    },
    moved: (ms) => void (most -= ms),
  }
}

/**
 * Moves time. Callbacks that fall due on the way are sent and waited for before time goes on, because what comes of them decides what happens
 * next; not those whose receivers may wait for this call. Other calls get their turn in between.
 */
async function advance(context: Context, world: World, way: Way, mark: number): Promise<Timer[]> {
  const { commit, outbox, worlds } = context
  const fired: Timer[] = []
  const slices = new Slices()
  for (;;) {
    if (outbox.busy(world)) await outbox.settled(world, mark)
    if (!worlds.has(world))
      throw new SandgateError(
        'world_changed',
        `the world "${world.id}" was deleted or reset while its clock was being moved, which stopped at ${iso(world.now)}`,
      )
    if (!commit.isWritable(world)) throw storageUnavailable()
    refuseStopped(world)
    const asked = way.left(world)
    const { leap } = world.clock
    if (asked === undefined && leap === 0) return fired
    const left = Math.max(asked ?? 0, leap)
    const from = world.now
    if (from + left > LAST_MS)
      throw new SandgateError(
        'clock_out_of_range',
        `the clock stopped at ${iso(from)}: another call has moved it meanwhile, and from there the rest of this one leads beyond the year 9999`,
      )
    const next = world.clock.nextAt
    if (next === undefined || next > from + left) {
      world.clock.advanceTo(from + left)
      return fired
    }
    fired.push(...world.clock.advanceTo(next, BATCH))
    way.moved(world.now - from)
    outbox.pump(world)
    if (fired.length >= ADVANCE_MAX_EVENTS) throw tooMuch(world, `${ADVANCE_MAX_EVENTS} events`)
    if (slices.over) await slices.next()
  }
}

function tooMuch(world: World, limit: string): SandgateError {
  return new SandgateError(
    'advance_limit',
    `the clock stopped at ${iso(world.now)} after ${limit}, with ${world.clock.due} timers still due; advance again to go on`,
    { more: { ...clockView(world) } },
  )
}
