// What happened in a world, newest last, bounded: the oldest entries make room. Entries are kept as they were handed in and written out
// only when somebody reads them, because every call adds one and hardly any is read.

export interface JournalEntry {
  readonly id: number
  readonly kind: string
  /** World time, ms. */
  readonly at: number
  readonly provider?: string | undefined
  readonly [field: string]: unknown
}

export class Journal {
  readonly #limit: number
  #entries: JournalEntry[] = []
  /** Where the oldest entry stands once the list is full. */
  #head = 0
  #lastId = 0
  #dropped = 0
  /** Another journal went before this one. */
  #behind = false

  constructor(limit: number) {
    this.#limit = limit
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

  /** Whether there were entries that are here no more, other than by a clear: nobody can tell what was in them. */
  get lost(): boolean {
    return this.#behind || this.#dropped > 0
  }

  /** How many entries had to make room. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes an entry over, and gives it its id. One that has room for it (`id: undefined`) costs no copy. */
  add(entry: Omit<JournalEntry, 'id'> & { id?: undefined; kind: string; at: number }): number {
    const id = ++this.#lastId
    const full = entry as unknown as { -readonly [Field in keyof JournalEntry]: JournalEntry[Field] }
    full.id = id
    if (this.#entries.length < this.#limit) this.#entries.push(full)
    else {
      this.#dropped++
      this.#entries[this.#head] = full
      this.#head = (this.#head + 1) % this.#limit
    }
    return id
  }

  /** Adds what became known later, such as how a callback was answered; nothing when the entry had to make room. */
  amend(id: number, fields: Readonly<Record<string, unknown>>): void {
    const entry = this.get(id)
    if (entry) Object.assign(entry, fields)
  }

  get(id: number): JournalEntry | undefined {
    const oldest = this.#entries[this.#head]?.id
    if (oldest === undefined || id < oldest || id > this.#lastId) return undefined
    return this.#entries[(this.#head + id - oldest) % this.#entries.length]
  }

  /** Entries in order, oldest first. */
  *[Symbol.iterator](): Generator<JournalEntry> {
    for (let i = 0; i < this.#entries.length; i++) yield this.#entries[(this.#head + i) % this.#entries.length]!
  }

  /** Forgets every entry; ids go on. */
  clear(): void {
    this.#entries = []
    this.#head = 0
  }
}
