// The control API's chapter on time: the clock, how it is moved, and the world made new.
import type { Sandbox } from '../app.ts'
import { Slices } from '../runtime/slices.ts'
import { ADVANCE_MAX_EVENTS, ADVANCE_MAX_MS, happened, type Timer } from '../world/clock.ts'
import type { World } from '../world/world.ts'
import {
  after,
  type Ask,
  clockText,
  instant,
  iso,
  LAST_MS,
  note,
  ok,
  Problem,
  type Routes,
  stoppedProblem,
  type Told,
  unkept,
} from './http.ts'

/** How many timers of one instant fire before it is looked whether others should have their turn. */
const BATCH = 200

export const timeRoutes: Routes = {
  getClock: ({ world }) => ok(clockView(world)),
  setClock,
  advanceClock,
  reset: ({ sandbox, world, body }) => {
    const fresh = sandbox.worlds.reset(world.id, {
      seed: body?.seed,
      clock: body?.clock === undefined ? undefined : clockText(body.clock),
    })
    note(fresh, 'reset', `the world is as new, with the seed "${fresh.seed}"`)
    return ok({ seed: fresh.seed, clock: clockView(fresh) })
  },
}

function clockView(world: World) {
  return {
    now: iso(world.now),
    mode: world.clock.frozen || world.stopped ? 'frozen' : 'running',
    due: world.clock.due,
    // Rows that are not what they should be are in no order.
    next: !world.stopped || world.stopped.rows === 'good' ? world.clock.waiting(10).map(happened) : [],
    ...(world.stopped && { problem: world.stopped.reason }),
  }
}

async function setClock({ sandbox, world, body }: Ask): Promise<Told> {
  const mark = sandbox.callbacks.mark()
  const to = body.now === undefined ? undefined : notPast(instant(body.now), world)
  if (world.stopped && (to !== undefined || body.mode === 'running')) throw stoppedProblem(world)
  if (body.mode === 'frozen') world.clock.freeze()
  try {
    if (to !== undefined) await advance(sandbox, world, until(to), mark)
    if (body.mode === 'running') world.clock.run()
    sandbox.tick(world)
    if (world.stopped && body.mode === 'running') throw stoppedProblem(world)
  } finally {
    // Where it did not come as far as it was to, too.
    note(world, 'clock', `the clock is ${world.clock.frozen ? 'frozen' : 'running'} at ${iso(world.now)}`)
  }
  return ok(clockView(world))
}

async function advanceClock({ sandbox, world, body }: Ask): Promise<Told> {
  const mark = sandbox.callbacks.mark()
  const way =
    body.by !== undefined
      ? byDuration(after(world.now, body.by, 'by') - world.now)
      : body.to !== undefined
        ? until(notPast(instant(body.to), world))
        : untilQuiet()
  const began = world.now
  let fired: Timer[]
  try {
    fired = await advance(sandbox, world, way, mark)
  } catch (error) {
    note(world, 'advance', `the clock was to be moved, and came from ${iso(began)} to ${iso(world.now)}`)
    throw error
  }
  note(world, 'advance', `the clock was moved to ${iso(world.now)}, ${fired.length} things happened`)
  return ok({ now: iso(world.now), happened: fired.map(happened) })
}

function notPast(ms: number, world: World): number {
  if (ms < world.now)
    throw new Problem(409, `world time is ${iso(world.now)} and never goes back; ${iso(ms)} has passed`)
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
async function advance(sandbox: Sandbox, world: World, way: Way, mark: number): Promise<Timer[]> {
  const fired: Timer[] = []
  const slices = new Slices()
  for (;;) {
    if (sandbox.callbacks.busy(world)) await sandbox.callbacks.settled(world, mark)
    if (!sandbox.worlds.has(world))
      throw new Problem(
        409,
        `the world "${world.id}" was deleted or made new while its clock was being moved, which stopped at ${iso(world.now)}`,
      )
    if (world.keeper?.works() === false) throw unkept()
    if (world.stopped) throw stoppedProblem(world)
    const left = way.left(world)
    if (left === undefined) return fired
    const from = world.now
    if (from + left > LAST_MS)
      throw new Problem(
        409,
        `the clock stopped at ${iso(from)}: another call has moved it meanwhile, and from there the rest of this one leads beyond the year 9999`,
      )
    const next = world.clock.nextAt
    if (next === undefined || next > from + left) {
      world.clock.advanceTo(from + left)
      return fired
    }
    fired.push(...world.clock.advanceTo(next, BATCH))
    way.moved(world.now - from)
    sandbox.callbacks.pump(world)
    if (fired.length >= ADVANCE_MAX_EVENTS) throw tooMuch(world, `${ADVANCE_MAX_EVENTS} events`)
    if (slices.over) await slices.next()
  }
}

function tooMuch(world: World, limit: string): Problem {
  return new Problem(
    409,
    `the clock stopped at ${iso(world.now)} after ${limit}, with ${world.clock.due} timers still due; advance again to go on`,
    clockView(world),
  )
}
