// What happened in a world, newest last, bounded by entries and by the bytes they hold: the oldest make room. Entries are kept as they were
// handed in and written out only when somebody reads them, because every call adds one and hardly any is read.
import type { IncomingHttpHeaders } from 'node:http'
import { Coverage } from './coverage.ts'
import { MadeRows } from './made-rows.ts'
import type { RowChange } from './tables.ts'

interface Base {
  readonly id: number
  /** World time, ms. */
  readonly at: number
}

/** A request as the sockets delivered it. */
export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  /** The path on the request line: with the prefix of the provider and of the world. */
  readonly linePath: string
  readonly query: string | undefined
  readonly headers: IncomingHttpHeaders
  /** The exact bytes; undefined when there were more than the limit allows. */
  readonly body: Buffer | undefined
  readonly ip: string
  /** Scheme and authority the client used, where it has no Host header that says so. */
  readonly origin?: string | undefined
  readonly wallMs: number
}

/** An answer as it left, byte for byte. Status 0: the connection was cut instead. */
export interface StoredResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | undefined
}

/** A place among everything that happened in a world: the next journal entry, world time in ms, and what had arrived before. */
export interface Place {
  readonly entry: number
  readonly at: number
  readonly order: number
}

/** What is known of a provider's call before it is answered. */
export interface CallFacts {
  readonly provider: string
  readonly operation: string | undefined
  /** The check, or the part of the work, that ended the call. */
  readonly stoppedBy: string | undefined
  /** The name of the provider's refusal, and what its text was made from. */
  readonly refusal: string | undefined
  readonly detail: Readonly<Record<string, unknown>> | undefined
  readonly request: ReceivedRequest
  /** Whatever the provider's checks found out about who called. */
  readonly caller: unknown
  /** When it came, and went on after each wait, where it overlapped others or waited. */
  readonly began: (Place & { readonly resumed: readonly Place[] | undefined }) | undefined
}

/** A provider's call, answered. */
export interface CallEntry extends Base, CallFacts {
  readonly kind: 'call'
  readonly method: string
  readonly path: string
  /** Undefined: the connection was cut. */
  readonly status: number | undefined
  /** The checks of this call in order, and how many it has passed. */
  readonly gates: readonly { readonly id: string }[]
  readonly passed: number
  readonly rules: readonly string[]
  readonly notes: Readonly<Record<string, unknown>>
  readonly response: StoredResponse
  readonly hint?: string | undefined
  /** How long it took, ms of the wall: known when it has left, and no part of what happened in the world. */
  ms: number | undefined
}

/** Something that was due happened. */
export interface TimerEntry extends Base {
  readonly kind: 'timer'
  readonly provider: string
  readonly summary: string
  readonly reaction: string
  readonly timerKind: string
  /** What came of it. */
  readonly because: string | undefined
}

/** An attempt to deliver a callback. */
export interface CallbackEntry extends Base {
  readonly kind: 'callback'
  readonly provider: string
  readonly summary: string
  readonly delivery: string
  readonly event: string
  readonly object: string | null
  readonly attempt: number
  readonly body: string
  /** How the receiver answered: undefined while the attempt is on its way. */
  readonly status?: number | null
  readonly error?: string | null
  readonly answer?: string
}

/** A rule of a scenario struck a call. */
export interface FaultEntry extends Base {
  readonly kind: 'fault'
  readonly provider: string
  readonly operation: string | undefined
  readonly summary: string
  /** The entry of the call. */
  readonly call: number
  readonly did: readonly object[]
}

/** What control calls do, and what a world has done to itself. */
export type ControlAction =
  | 'action'
  | 'advance'
  | 'balance'
  | 'clock'
  | 'deposit'
  | 'endpoint'
  | 'fault'
  | 'fork'
  | 'kept'
  | 'rate'
  | 'redeliver'
  | 'reset'
  | 'restore'
  | 'resume'
  | 'scenario'
  | 'settle'
  | 'stopped'

/** A control call that changed the world, or a change that nobody asked for. */
export interface ControlEntry extends Base {
  readonly kind: 'control'
  readonly action: ControlAction
  readonly summary: string
}

export type JournalEntry = CallEntry | TimerEntry | CallbackEntry | FaultEntry | ControlEntry

/** An entry without its number, which the journal gives it; `id: undefined` reserves the place of the number. */
export type NewEntry = JournalEntry extends infer Entry
  ? Entry extends JournalEntry
    ? Omit<Entry, 'id'> & { id?: undefined }
    : never
  : never

/** What may become known of an entry later. */
export type Amendment =
  | Pick<CallEntry, 'hint'>
  | Pick<CallEntry, 'status' | 'refusal' | 'stoppedBy' | 'response'>
  | Pick<CallbackEntry, 'status' | 'error' | 'answer'>

/** The provider that an entry is about; undefined: the sandbox itself. */
export function providerOf(entry: JournalEntry): string | undefined {
  return entry.kind === 'control' ? undefined : entry.provider
}

/** How many amendments are remembered for those who follow on. */
const AMENDED_MOST = 1024

export interface JournalBounds {
  readonly journalEntries: number
  /** How many bytes of bodies the entries may hold together; the newest entry always stays. */
  readonly journalBytes: number
}

/** How many places of dropped entries are left standing before the list moves up. */
const MOVE_UP = 1024

export class Journal {
  readonly #bounds: JournalBounds
  #entries: JournalEntry[] = []
  /** What each entry weighs, in the same places. */
  #weights: number[] = []
  /** Where the oldest entry stands. */
  #head = 0
  #bytes = 0
  #lastId = 0
  #dropped = 0
  /** Another journal went before this one. */
  #behind = false
  #emptied = false
  #clears = 0
  /** What its entries have made. */
  readonly made = new MadeRows()
  /** The entries that were amended last, and how many were before them. */
  #amended: number[] = []
  #amendedBefore = 0
  #coverage = new Coverage()

  constructor(bounds: JournalBounds) {
    this.#bounds = bounds
  }

  /** The id the next entry will have. */
  get nextId(): number {
    return this.#lastId + 1
  }

  /** What happened since the world began, in numbers; more than there are entries of. */
  get coverage(): Coverage {
    return this.#coverage
  }

  /** Goes on from the journal of the same world before it was put back to an earlier state: numbers and counts go on. */
  continues(before: Journal): void {
    this.goOn(before.#lastId)
    this.#coverage = before.#coverage
  }

  /** Begins behind this id: what had the ids up to it was in a journal before this one. */
  goOn(lastId: number): void {
    this.#behind ||= lastId > this.#lastId
    this.#lastId = Math.max(this.#lastId, lastId)
  }

  /** Passes numbers over, so that the next entry has this one. */
  skipTo(nextId: number): void {
    this.#lastId = Math.max(this.#lastId, nextId - 1)
  }

  /** The id of the oldest entry; undefined: there is none. */
  get oldestId(): number | undefined {
    return this.#entries[this.#head]?.id
  }

  /** How many entries there are behind this id. */
  countAfter(id: number): number {
    return this.#entries.length - this.#placeBehind(id)
  }

  /** The entries behind this id, oldest first, at most so many. */
  after(id: number, most: number): JournalEntry[] {
    const place = this.#placeBehind(id)
    return this.#entries.slice(place, place + most)
  }

  /** Where the first entry behind this id stands: ids ascend, and some are passed over. */
  #placeBehind(id: number): number {
    let [low, high] = [this.#head, this.#entries.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#entries[middle]!.id > id) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Whether it had entries that somebody cleared. */
  get emptied(): boolean {
    return this.#emptied
  }

  /** Whether there were entries that are here no more, other than by a clear: nobody can tell what was in them. */
  get lost(): boolean {
    return this.#behind || this.#dropped > 0
  }

  /** How many entries had to make room. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Takes an entry over, and gives it its id. One that has room for it (`id: undefined`) costs no copy.
   * @param bytes how much the bodies weigh that only this entry holds
   */
  add(entry: NewEntry, bytes = 0): number {
    const id = ++this.#lastId
    const full = entry as unknown as Writable<JournalEntry>
    full.id = id
    this.#entries.push(full)
    this.#weights.push(bytes)
    this.#bytes += bytes
    if (full.kind === 'call') this.#coverage.call(full)
    else if (full.kind === 'callback' && full.attempt === 1) this.#coverage.event(full.provider, full.event)
    const { journalEntries, journalBytes } = this.#bounds
    while (this.#size > journalEntries || (this.#bytes > journalBytes && this.#size > 1)) this.#dropOldest()
    return id
  }

  get #size(): number {
    return this.#entries.length - this.#head
  }

  #dropOldest(): void {
    this.#dropped++
    this.made.forget(this.#entries[this.#head]!.id)
    this.#bytes -= this.#weights[this.#head]!
    this.#entries[this.#head] = undefined as unknown as JournalEntry
    this.#head++
    if (this.#head < MOVE_UP || this.#head < this.#size) return
    this.#entries = this.#entries.slice(this.#head)
    this.#weights = this.#weights.slice(this.#head)
    this.#head = 0
  }

  /** Adds what became known later, such as how a callback was answered; nothing when the entry had to make room. */
  amend(id: number, fields: Amendment): void {
    const entry = this.get(id)
    if (!entry) return
    const isAnswered = entry.kind === 'call' && 'status' in fields
    if (isAnswered) this.#coverage.call(entry, -1)
    Object.assign(entry, fields)
    if (isAnswered) this.#coverage.call(entry)
    if (entry.kind === 'callback' && entry.error !== undefined && 'error' in fields)
      this.#coverage.receiver(entry.provider, entry.status, entry.error)
    if (this.#amended.push(id) < 2 * AMENDED_MOST) return
    this.#amendedBefore += AMENDED_MOST
    this.#amended = this.#amended.slice(AMENDED_MOST)
  }

  /** Tells how long a call took. */
  took(id: number, ms: number): void {
    const entry = this.get(id)
    if (entry?.kind === 'call') entry.ms = ms
  }

  /** How often an entry was amended. */
  get amendments(): number {
    return this.#amendedBefore + this.#amended.length
  }

  /** The entries that were amended since there were so many amendments; undefined: too many to remember. */
  amendedSince(amendments: number): number[] | undefined {
    return amendments < this.#amendedBefore ? undefined : this.#amended.slice(amendments - this.#amendedBefore)
  }

  /** New rows belong to the entry that comes next: it is written when what it tells of has happened. */
  making(changes: readonly RowChange[]): void {
    this.made.add(this.nextId, changes)
  }

  get(id: number): JournalEntry | undefined {
    const oldest = this.#entries[this.#head]?.id
    if (oldest === undefined || id < oldest || id > this.#lastId) return undefined
    const entry = this.#entries[this.#head + id - oldest]
    if (entry?.id === id) return entry
    // Where numbers were passed over, entries stand further ahead.
    return this.#entries.slice(this.#head).find((each) => each.id === id)
  }

  /** Entries in order, oldest first. */
  *[Symbol.iterator](): Generator<JournalEntry> {
    for (const entry of this.#entries.slice(this.#head)) yield entry
  }

  /** How often somebody cleared it. */
  get clears(): number {
    return this.#clears
  }

  /** Forgets every entry; ids go on. */
  clear(): void {
    this.#clears++
    this.#emptied ||= this.#lastId > 0
    this.#entries = []
    this.#weights = []
    this.#head = 0
    this.#bytes = 0
    this.made.clear()
  }
}

type Writable<T> = { -readonly [Field in keyof T]: T[Field] }
