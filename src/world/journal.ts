// What happened in a world, newest last, bounded by entries and by the bytes they hold: the oldest make room. Entries are kept as they were
// handed in and written out only when somebody reads them, because every call adds one and hardly any is read.

export interface JournalEntry {
  readonly id: number
  readonly kind: string
  /** World time, ms. */
  readonly at: number
  readonly provider?: string | undefined
  readonly [field: string]: unknown
}

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

  constructor(bounds: JournalBounds) {
    this.#bounds = bounds
  }

  /** The id the next entry will have. */
  get nextId(): number {
    return this.#lastId + 1
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
  add(entry: Omit<JournalEntry, 'id'> & { id?: undefined; kind: string; at: number }, bytes = 0): number {
    const id = ++this.#lastId
    const full = entry as unknown as { -readonly [Field in keyof JournalEntry]: JournalEntry[Field] }
    full.id = id
    this.#entries.push(full)
    this.#weights.push(bytes)
    this.#bytes += bytes
    const { journalEntries, journalBytes } = this.#bounds
    while (this.#size > journalEntries || (this.#bytes > journalBytes && this.#size > 1)) this.#dropOldest()
    return id
  }

  get #size(): number {
    return this.#entries.length - this.#head
  }

  #dropOldest(): void {
    this.#dropped++
    this.#bytes -= this.#weights[this.#head]!
    this.#entries[this.#head] = undefined as unknown as JournalEntry
    this.#head++
    if (this.#head < MOVE_UP || this.#head < this.#size) return
    this.#entries = this.#entries.slice(this.#head)
    this.#weights = this.#weights.slice(this.#head)
    this.#head = 0
  }

  /** Adds what became known later, such as how a callback was answered; nothing when the entry had to make room. */
  amend(id: number, fields: Readonly<Record<string, unknown>>): void {
    const entry = this.get(id)
    if (entry) Object.assign(entry, fields)
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

  /** Forgets every entry; ids go on. */
  clear(): void {
    this.#emptied ||= this.#lastId > 0
    this.#entries = []
    this.#weights = []
    this.#head = 0
    this.#bytes = 0
  }
}
