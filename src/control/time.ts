// The control API's chapter on time: the clock, how it is moved, and the world made new.
import type { Sandbox } from '../sandbox.ts'
import { setImmediate } from '../timers.ts'
import { ADVANCE_MAX_EVENTS, ADVANCE_MAX_MS, happened, type Timer } from '../world/clock.ts'
import type { World } from '../world/world.ts'
import { after, type Ask, clockText, instant, iso, note, ok, Problem, type Routes, type Told, unkept } from './asking.ts'

/** How many timers fire before other calls get their turn. */
const BATCH = 1000

export const timeRoutes: Routes = {
  getClock: ({ world }) => ok(clockView(world)),
  setClock,
  advanceClock,
  reset: ({ sandbox, world, body }) => {
    const fresh = sandbox.worlds.reset(world.id, { seed: body?.seed, clock: body?.clock === undefined ? undefined : clockText(body.clock) })
    note(fresh, 'reset', `the world is as new, with the seed "${fresh.seed}"`)
    return ok({ seed: fresh.seed, clock: clockView(fresh) })
  },
}

function clockView(world: World) {
  return {
    now: iso(world.now),
    mode: world.clock.frozen ? 'frozen' : 'running',
    due: world.clock.due,
    next: world.clock.waiting(10).map(happened),
  }
}

async function setClock({ sandbox, world, body }: Ask): Promise<Told> {
  const to = body.now === undefined ? undefined : notPast(instant(body.now), world)
  if (body.mode === 'frozen') world.clock.freeze()
  try {
    if (to !== undefined) await advance(sandbox, world, to)
    if (body.mode === 'running') world.clock.run()
    sandbox.tick(world)
  } finally {
    // Where it did not come as far as it was to, too.
    note(world, 'clock', `the clock is ${world.clock.frozen ? 'frozen' : 'running'} at ${iso(world.now)}`)
  }
  return ok(clockView(world))
}

async function advanceClock({ sandbox, world, body }: Ask): Promise<Told> {
  const to = body.by !== undefined ? after(world.now, body.by, 'by') : body.to !== undefined ? notPast(instant(body.to), world) : undefined
  const began = world.now
  let fired: Timer[]
  try {
    fired = to === undefined ? await untilQuiet(sandbox, world) : await advance(sandbox, world, to)
  } catch (error) {
    note(world, 'advance', `the clock was to be moved, and came from ${iso(began)} to ${iso(world.now)}`)
    throw error
  }
  note(world, 'advance', `the clock was moved to ${iso(world.now)}, ${fired.length} things happened`)
  return ok({ now: iso(world.now), happened: fired.map(happened) })
}

function notPast(ms: number, world: World): number {
  if (ms < world.now) throw new Problem(409, `world time is ${iso(world.now)} and never goes back; ${iso(ms)} has passed`)
  return ms
}

/**
 * Moves time to `ms`. Callbacks that fall due on the way are sent and waited for before time goes on, because what comes of them decides what
 * happens next. Other calls get their turn in between.
 */
async function advance(sandbox: Sandbox, world: World, ms: number): Promise<Timer[]> {
  const fired: Timer[] = []
  for (let turn = 1; ; turn++) {
    if (sandbox.callbacks.busy(world)) await sandbox.callbacks.settled(world)
    if (!sandbox.worlds.has(world)) throw new Problem(409, `the world "${world.id}" was deleted or made new while its clock was being moved, which stopped at ${iso(world.now)}`)
    if (world.keeper?.works() === false) throw unkept()
    const next = world.clock.nextAt
    if (next === undefined || next > ms) break
    fired.push(...world.clock.advanceTo(next, BATCH))
    sandbox.callbacks.pump(world)
    if (fired.length >= ADVANCE_MAX_EVENTS) throw tooMuch(world, `${ADVANCE_MAX_EVENTS} events`)
    if (turn % BATCH === 0) await new Promise(setImmediate)
  }
  world.clock.advanceTo(ms)
  return fired
}

async function untilQuiet(sandbox: Sandbox, world: World): Promise<Timer[]> {
  const end = world.now + ADVANCE_MAX_MS
  const fired: Timer[] = []
  for (;;) {
    await sandbox.callbacks.settled(world)
    const next = world.clock.nextLoud
    if (next === undefined) return fired
    if (next > end) throw tooMuch(world, '90 days')
    fired.push(...(await advance(sandbox, world, next)))
    if (fired.length >= ADVANCE_MAX_EVENTS) throw tooMuch(world, `${ADVANCE_MAX_EVENTS} events`)
  }
}

function tooMuch(world: World, limit: string): Problem {
  return new Problem(409, `the clock stopped at ${iso(world.now)} after ${limit}, with ${world.clock.due} timers still due; advance again to go on`, clockView(world))
}
