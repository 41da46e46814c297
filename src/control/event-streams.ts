// Server-sent events of a world. Streams look at the journal a few times a second, so that a provider's call costs the same whether somebody follows or
// not, and no stream can hold anybody up: one that cannot keep up is told of a gap.
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { clockView } from '../engine/clock.ts'
import type { Engine } from '../engine/engine.ts'
import { version } from '../runtime/package.ts'
import { clearInterval, setInterval } from '../runtime/timers.ts'
import type { Journal, JournalEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'
import { briefView } from './entries.ts'

// Taken here once: a test's fake clock stands still.
const now = performance.now.bind(performance)

/** How often streams look at what is new. */
const LOOK_MS = 100
/** How long a stream goes on in one look, ms, so that those who call do not wait for those who follow. */
const LOOK_MOST_MS = 2
/** How many entries a stream sends in one look, and how many may wait for the next ones. */
const ENTRIES_A_LOOK = 100
const WAITING_MOST = 1_000
/** A comment goes out after so many looks, so that proxies and clients know that the connection lives. */
const LOOKS_A_COMMENT = 150
export const CLIENTS_MOST = 100

/** Whether a client wants to be told of an entry. */
type Wanted = (entry: JournalEntry) => boolean

// rule: sandgate.events.stream
/** All streams of a sandbox. One interval serves them all, and there is none while nobody follows. */
export class EventStreams {
  readonly #streams = new Set<EventStream>()
  #looking: NodeJS.Timeout | undefined

  get isFull(): boolean {
    return this.#streams.size >= CLIENTS_MOST
  }

  /** Sends events until the client goes away or the sandbox stops. */
  open(res: ServerResponse, engine: Engine, world: World, wanted: Wanted, after: number | undefined): void {
    res.setHeader('cache-control', 'no-store')
    // A proxy is not to collect events before it passes them on.
    res.setHeader('x-accel-buffering', 'no')
    res.flushHeaders()
    const stream = new EventStream(res, engine, world, wanted, after)
    this.#streams.add(stream)
    res.on('close', () => this.#forget(stream))
    stream.look()
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS).unref()
  }

  /** Ends every stream. */
  close(): void {
    for (const stream of this.#streams) stream.end()
  }

  #look(): void {
    for (const stream of this.#streams) stream.look()
  }

  #forget(stream: EventStream): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0) return
    clearInterval(this.#looking)
    this.#looking = undefined
  }
}

const names = new WeakMap<Journal, string>()

/** Tells journals apart: numbers of one that began anew say nothing of those that a client has seen before. */
function nameOf(journal: Journal): string {
  const name = names.get(journal) ?? randomUUID().slice(0, 8)
  names.set(journal, name)
  return name
}

class EventStream {
  readonly #res: ServerResponse
  readonly #engine: Engine
  readonly #id: string
  readonly #wanted: Wanted
  /** The world that was told of last; another one may have taken its place since. */
  #world: World | undefined
  /** Up to which entry everything was told, and up to which amendment. */
  #told: number
  #amendments = 0
  #clears = 0
  /** The clock as it was told last. */
  #clock = ''
  #begun = false
  #looks = 0

  constructor(res: ServerResponse, engine: Engine, world: World, wanted: Wanted, after: number | undefined) {
    this.#res = res
    this.#engine = engine
    this.#id = world.id
    this.#wanted = wanted
    this.#world = world
    const { journal } = world
    const all = (journal.oldestId ?? journal.nextId) - 1
    // An id that is still to come is one of a world that was here before.
    this.#told = after === undefined ? journal.nextId - 1 : after < journal.nextId ? after : all
    this.#amendments = journal.amendments
    this.#clears = journal.clears
  }

  end(): void {
    this.#res.end()
  }

  /** Sends what is new, as far as the client takes it. */
  look(): void {
    if (this.#res.writableEnded || this.#res.writableNeedDrain) return
    if (++this.#looks % LOOKS_A_COMMENT === 0) this.#res.write(': still here\n\n')
    const world = this.#engine.world(this.#id)
    if (!world) return this.#gone()
    if (!this.#begun) this.#tellWorld(world)
    else if (world !== this.#world || world.journal.clears !== this.#clears) this.#beginAgain(world)
    this.#tellClock(world)
    this.#tellEntries(world)
  }

  #gone(): void {
    if (!this.#begun || this.#world)
      this.#send('world', { id: this.#id, seed: this.#world?.seed ?? null, version, next_entry: 1, gone: true })
    this.#world = undefined
    this.#begun = true
  }

  /** The world was reset, restored or made again, or its journal was emptied. */
  #beginAgain(world: World): void {
    const isOther = world !== this.#world
    const { journal } = world
    this.#world = world
    this.#clears = journal.clears
    if (isOther) {
      this.#told = (journal.oldestId ?? journal.nextId) - 1
      this.#amendments = journal.amendments
    }
    this.#tellWorld(world)
  }

  #tellWorld({ id, seed, journal, stopped }: World): void {
    this.#begun = true
    this.#send('world', {
      id,
      seed,
      version,
      journal: nameOf(journal),
      next_entry: journal.nextId,
      ...(stopped && { problem: stopped.reason }),
    })
  }

  /** A running clock goes on by itself: it is told again when it was moved, or when what is due has changed. */
  #tellClock(world: World): void {
    const { now, mode, due, next } = clockView(world)
    const [first = null] = next
    const { clock } = world
    const moved = clock.wallMs === undefined ? now : Math.round((world.now - clock.wallMs) / 1000)
    const seen = JSON.stringify([mode, moved, due, first])
    if (seen === this.#clock) return
    this.#clock = seen
    this.#send('clock', { now, mode, due, next: first })
  }

  // rule: sandgate.events.gap
  #tellEntries(world: World): void {
    const { journal } = world
    const oldest = journal.oldestId ?? journal.nextId
    const waiting = journal.countAfter(this.#told)
    const lost = this.#told + 1 < oldest && waiting > 0
    if (lost || waiting > WAITING_MOST) {
      const next = Math.max(oldest, journal.nextId - ENTRIES_A_LOOK)
      this.#send('gap', { after: this.#told, next })
      this.#told = next - 1
    }
    const known = this.#told
    const amended = journal.amendedSince(this.#amendments)
    this.#amendments = journal.amendments
    if (waiting === 0 && amended?.length === 0) return
    const hide = this.#engine.secrets.of(world)
    const end = now() + LOOK_MOST_MS
    for (const entry of journal.after(this.#told, ENTRIES_A_LOOK)) {
      this.#told = entry.id
      if (this.#wanted(entry)) this.#send('entry', briefView(entry, this.#engine, world, hide), entry.id)
      if (now() >= end) break
    }
    if (!amended) return this.#send('gap', { after: 0, next: journal.nextId })
    for (const id of new Set(amended)) {
      const entry = id <= known ? journal.get(id) : undefined
      if (entry && this.#wanted(entry)) this.#send('amended', briefView(entry, this.#engine, world, hide))
    }
  }

  #send(event: string, data: object, id?: number): void {
    const number = id === undefined ? '' : `id: ${id}\n`
    this.#res.write(`event: ${event}\n${number}data: ${JSON.stringify(data)}\n\n`)
  }
}
