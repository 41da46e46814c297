// The order in which callback attempts are sent, how many are in flight at once, and which of them a call can wait for without waiting for itself.
// Sending an attempt and handling its result is left to sender.ts.
import type { World } from '../world/world.ts'

/** How many attempts may be in flight at once to one receiver of one world; the others wait. */
const CONCURRENT = 8
/** The same for all receivers of all worlds together, because each attempt holds a socket. */
const CONCURRENT_OVERALL = 1024

export interface Departure {
  readonly delivery: string
  readonly url: string
  /** Attempts of one lane with the same line are sent one after another; null: sent in parallel with all others. */
  readonly line: string | null
  /** Makes the attempt; calls `departed` as soon as the receiver has it. */
  readonly run: (departed: () => void) => Promise<void>
}

/** An attempt that fell due. */
export interface Flight {
  readonly departure: Departure
  readonly line: Line
  readonly ended: Promise<void>
  readonly end: (failed?: { readonly error: unknown }) => void
  /** Its place among everything that fell due or began, over all worlds. */
  readonly due: number
  /** When it began, in the same count; undefined: it waits its turn. */
  began: number | undefined
  /** Whether some call waits for it, or has waited long enough. */
  attended: boolean
}

/** Attempts that leave one after the other: the first one is on its way, or next. */
interface Line {
  readonly key: string
  readonly lane: Lane
  readonly flights: Set<Flight>
}

/** All attempts to one receiver. */
interface Lane {
  readonly url: string
  readonly traffic: Traffic
  readonly lines: Map<string, Line>
  /** The first ones of lines that have not begun, in the order in which they fell due. */
  readonly ready: Flight[]
  readonly running: Set<Flight>
  /** The one that has begun and that its receiver does not have yet: the next one leaves behind it. */
  departing: Flight | undefined
}

/** The attempts of one world that are in flight or waiting. */
interface Traffic {
  readonly world: World
  /** By delivery. */
  readonly flights: Map<string, Flight>
  /** By URL. */
  readonly lanes: Map<string, Lane>
  /** When the last one fell due. */
  newest: number
}

// rule: sandgate.callbacks.departure
export class Departures {
  readonly #traffic = new Map<World, Traffic>()
  readonly #running = new Set<Flight>()
  /** Lanes that wait because there are too many attempts overall. */
  readonly #held = new Set<Lane>()
  #count = 0

  /** Where the count stands: what falls due or begins from now on has a higher number. */
  get mark(): number {
    return this.#count
  }

  busy(world: World): boolean {
    return this.#traffic.has(world)
  }

  has(delivery: string, world: World): boolean {
    return this.#traffic.get(world)?.flights.has(delivery) === true
  }

  /** Adds an attempt that fell due; it is sent when it is its turn. */
  add(departure: Departure, world: World): void {
    let traffic = this.#traffic.get(world)
    if (!traffic) this.#traffic.set(world, (traffic = { world, flights: new Map(), lanes: new Map(), newest: 0 }))
    const line = lineTo(departure, traffic)
    const due = (traffic.newest = ++this.#count)
    const flight: Flight = { departure, line, ...ending(), due, began: undefined, attended: false }
    traffic.flights.set(departure.delivery, flight)
    line.flights.add(flight)
    if (line.flights.size > 1) return
    line.lane.ready.push(flight)
    this.#next(line.lane)
  }

  /**
   * What fell due after the mark and comes to its end without anything that began before it. Whoever took the mark when it came can wait for these,
   * though a receiver may have made the call that has not answered yet: each waits only for what began later than itself, so none waits in a circle.
   */
  // rule: sandgate.callbacks.waiting
  following(mark: number, world: World): Flight[] {
    const traffic = this.#traffic.get(world)
    if (!traffic || traffic.newest <= mark) return []
    const found: Flight[] = []
    for (const lane of traffic.lanes.values()) {
      const moves = this.#moves(lane, mark)
      for (const { flights } of lane.lines.values()) {
        const first = firstOf(flights)!
        if (first.began === undefined ? !moves : first.began <= mark) continue
        for (const flight of flights) if (flight.due > mark && (flight === first || moves)) found.push(flight)
      }
    }
    return found
  }

  /** What fell due up to the mark and nobody has waited for. */
  unattended(mark: number, world: World): Flight[] {
    const flights = this.#traffic.get(world)?.flights.values() ?? []
    return [...flights].filter(({ due, attended }) => due <= mark && !attended)
  }

  /** Whether those who wait in a lane get their turn though nothing ends that began up to the mark. */
  #moves({ departing, running }: Lane, mark: number): boolean {
    const later = ({ began }: Flight) => began! > mark
    const free = (flights: ReadonlySet<Flight>, most: number) => flights.size < most || [...flights].some(later)
    return (!departing || later(departing)) && free(running, CONCURRENT) && free(this.#running, CONCURRENT_OVERALL)
  }

  #next(lane: Lane): void {
    while (lane.ready.length > 0 && !lane.departing && lane.running.size < CONCURRENT) {
      if (this.#running.size >= CONCURRENT_OVERALL) return void this.#held.add(lane)
      this.#begin(lane.ready.shift()!)
    }
  }

  #begin(flight: Flight): void {
    const { lane } = flight.line
    flight.began = ++this.#count
    this.#running.add(flight)
    lane.running.add(flight)
    lane.departing = flight
    const departed = () => {
      if (lane.departing !== flight) return
      lane.departing = undefined
      this.#next(lane)
    }
    flight.departure.run(departed).then(
      () => this.#end(flight),
      (error: unknown) => this.#end(flight, { error }),
    )
  }

  #end(flight: Flight, failed?: { readonly error: unknown }): void {
    const { departure, line } = flight
    const { lane } = line
    const { traffic } = lane
    this.#running.delete(flight)
    lane.running.delete(flight)
    if (lane.departing === flight) lane.departing = undefined
    traffic.flights.delete(departure.delivery)
    line.flights.delete(flight)
    const next = firstOf(line.flights)
    if (next) lane.ready.splice(placeOf(next, lane.ready), 0, next)
    else lane.lines.delete(line.key)
    if (lane.lines.size === 0) traffic.lanes.delete(lane.url)
    if (traffic.flights.size === 0) this.#traffic.delete(traffic.world)
    this.#next(lane)
    for (const held of this.#held) {
      if (this.#running.size >= CONCURRENT_OVERALL) break
      this.#held.delete(held)
      this.#next(held)
    }
    flight.end(failed)
  }
}

function lineTo({ delivery, url, line: named }: Departure, traffic: Traffic): Line {
  let lane = traffic.lanes.get(url)
  if (!lane)
    traffic.lanes.set(
      url,
      (lane = { url, traffic, lines: new Map(), ready: [], running: new Set(), departing: undefined }),
    )
  const key = named ?? `alone ${delivery}`
  let line = lane.lines.get(key)
  if (!line) lane.lines.set(key, (line = { key, lane, flights: new Set() }))
  return line
}

function ending(): Pick<Flight, 'ended' | 'end'> {
  let end!: Flight['end']
  const ended = new Promise<void>((resolve, reject) => {
    end = (failed) => (failed ? reject(failed.error) : resolve())
  })
  return { ended, end }
}

function firstOf(flights: ReadonlySet<Flight>): Flight | undefined {
  const [first] = flights
  return first
}

/** Where it belongs among those that are ready. Most often at the front: it fell due before those that have not begun. */
function placeOf({ due }: Flight, ready: readonly Flight[]): number {
  const later = ready.findIndex((other) => other.due > due)
  return later < 0 ? ready.length : later
}
