// World time: running with the wall clock or frozen, moved forward only. Timers are data, fired in due order, then in order of scheduling.
import { z } from 'zod'
import { LAST_MS, Moment, oneOf, Text } from './rows.ts'
import type { Table } from './tables.ts'
import type { Journal } from './journal.ts'

/** Something that happens at an instant of world time: a provider's reaction, by name, with its arguments. */
export interface Timer {
  readonly id: string
  /** World time, ms. */
  readonly at: number
  readonly provider: string
  /** `window` and `retention` do not count when the clock is advanced until quiet. */
  readonly kind: 'window' | 'retention' | 'confirmation' | 'callback' | 'scenario'
  readonly reaction: string
  readonly args: unknown
  /** One line for people: what happens then. */
  readonly summary: string
}

export const Timers: Table<Timer> = {
  name: 'timers',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    at: Moment,
    provider: Text,
    kind: oneOf(['window', 'retention', 'confirmation', 'callback', 'scenario']),
    reaction: Text,
    args: z.unknown(),
    summary: Text,
  }),
  indexes: {
    due: { group: () => '', order: (row) => row.at },
    loud: {
      group: (row) => (row.kind === 'window' || row.kind === 'retention' ? undefined : ''),
      order: (row) => row.at,
    },
  },
}

export interface Happened {
  readonly at: string
  readonly provider: string
  readonly kind: string
  readonly summary: string
}

/** How far one advance may go. */
export const ADVANCE_MAX_MS = 90 * 24 * 3600 * 1000
export const ADVANCE_MAX_EVENTS = 100_000
/** How many timers fire at most when a running clock is told what the wall says. */
const TICK_TIMERS = 500
/** How often what is scheduled at an instant may schedule something for that same instant: further, it would never end. */
const ROUNDS_MAX = 10_000

/** What a clock needs of its world. */
export interface ClockWorld {
  readonly journal: Journal
  readonly stopped: unknown
  change<T>(work: () => T): T
  put(table: Table<Timer>, row: Timer): Timer
  remove(table: Table<Timer>, key: string): void
  list(table: Table<Timer>, index: string, group: string, range: { readonly limit: number }): Timer[]
  first(table: Table<Timer>, index: string, group: string): Timer | undefined
  size(table: Table<Timer>): number
  next(counter: string): number
  counter(name: string): number
  stop(reason: string, error?: unknown): void
}

export class Clock {
  readonly #world: ClockWorld
  readonly #react: (timer: Timer) => string | void
  #now: number
  /** The wall clock's time at `#now`; undefined while frozen. */
  #wallMs: number | undefined
  #frozen: boolean
  /** World ms; whoever moves the clock moves it at least so far. */
  #leap = -Infinity

  constructor(world: ClockWorld, startMs: number, frozen: boolean, react: (timer: Timer) => string | void) {
    this.#world = world
    this.#react = react
    this.#now = startMs
    this.#frozen = frozen
  }

  get now(): number {
    return this.#now
  }

  get frozen(): boolean {
    return this.#frozen
  }

  /** The wall clock's time at `now`, ms; undefined while frozen, and until the first tick. */
  get wallMs(): number | undefined {
    return this.#wallMs
  }

  // rule: sandgate.scenario.clock
  /** Lets time go on to this instant as soon as somebody moves it; what falls due on the way happens at its own instant. */
  leapTo(ms: number): void {
    this.#leap = Math.max(this.#leap, ms)
  }

  /** How much further time has to go because of a leap, ms. */
  get leap(): number {
    return Math.max(0, this.#leap - this.#now)
  }

  freeze(): void {
    this.#frozen = true
    this.#wallMs = undefined
  }

  run(): void {
    this.#frozen = false
    this.#wallMs = undefined
  }

  /** Sets the clock to that of another world or of a stored world; with the wall clock's time of then, the time passed since counts. */
  restore(ms: number, frozen: boolean, wallMs?: number): void {
    this.#now = ms
    this.#frozen = frozen
    this.#wallMs = frozen ? undefined : wallMs
  }

  /**
   * Tells a running clock what the wall says; fires what has fallen due since. Where the wall went back, nothing has passed, and time goes on from
   * its new reading. A frozen clock only fires what is due now. After a long while very much may be due: answers whether some of it is left, and time
   * has not come as far as the wall says.
   */
  // rule: sandgate.clock.wall
  tick(wallMs: number): boolean {
    if (this.#world.stopped) return false
    if (this.#frozen) {
      this.advanceTo(this.#now)
      return false
    }
    const to = this.#now + Math.max(this.leap, wallMs - (this.#wallMs ?? wallMs))
    this.#wallMs = wallMs
    if (this.advanceTo(to, TICK_TIMERS).length < TICK_TIMERS) return this.leap > 0 && this.tick(wallMs)
    this.#wallMs -= to - this.#now
    return true
  }

  /** Schedules a timer. Only inside a change. */
  schedule({ at, provider, kind, reaction, args, summary }: Omit<Timer, 'id'>): Timer {
    if (!(Math.abs(at) <= LAST_MS)) throw new Error(`cannot schedule ${reaction} at ${at}: not a valid time`)
    const id = timerId(this.#world.next('timers'))
    return this.#world.put(Timers, { id, at, provider, kind, reaction, args, summary })
  }

  cancel(id: string): void {
    this.#world.remove(Timers, id)
  }

  /** Timers waiting, the next ones first. */
  waiting(limit: number): Timer[] {
    return this.#world.list(Timers, 'due', '', { limit })
  }

  get due(): number {
    return this.#world.size(Timers)
  }

  /** When the next timer falls due, ms. */
  get nextAt(): number | undefined {
    return this.#world.first(Timers, 'due', '')?.at
  }

  /** When the next timer falls due that is not the end of a window or of a retention, ms. */
  get nextLoud(): number | undefined {
    return this.#world.first(Timers, 'loud', '')?.at
  }

  /**
   * Moves time forward, firing every timer that falls due on the way, each at its own instant and in its own change. One that cannot be fired stops
   * the world, at that instant; it never throws.
   */
  // rule: sandgate.worlds.stopped
  advanceTo(ms: number, limit = Infinity): Timer[] {
    const fired: Timer[] = []
    if (this.#world.stopped) return fired
    let rounds = 0
    /** The newest timer when this round began. */
    let newest = ''
    for (;;) {
      const timer = this.#world.first(Timers, 'due', '')
      if (!timer || timer.at > ms || fired.length >= limit) break
      if (timer.at > this.#now) {
        this.#now = timer.at
        rounds = 0
      }
      if (timer.id > newest) {
        rounds++
        newest = timerId(this.#world.counter('timers'))
      }
      if (rounds > ROUNDS_MAX) {
        this.#world.stop(`${named(timer)} reschedules itself endlessly at ${new Date(this.#now).toISOString()}`)
        return fired
      }
      if (!this.#fire(timer)) return fired
      fired.push(timer)
    }
    if (fired.length < limit) this.#now = Math.max(this.#now, ms)
    return fired
  }

  #fire(timer: Timer): boolean {
    let told: string | void
    try {
      told = this.#world.change(() => {
        this.#world.remove(Timers, timer.id)
        return this.#react(timer)
      })
    } catch (error) {
      this.#world.stop(`${named(timer)} failed: ${String(error)}`, error)
      return false
    }
    this.#world.journal.add({
      kind: 'timer',
      at: timer.at,
      provider: timer.provider,
      summary: timer.summary,
      reaction: timer.reaction,
      timerKind: timer.kind,
      because: told ?? undefined,
    })
    return true
  }
}

function timerId(number: number): string {
  return String(number).padStart(12, '0')
}

function named({ id, provider, reaction, summary }: Timer): string {
  return `the timer ${id} (${provider}, ${reaction}: ${summary})`
}

export function happened(timer: Timer): Happened {
  return { at: new Date(timer.at).toISOString(), provider: timer.provider, kind: timer.kind, summary: timer.summary }
}
