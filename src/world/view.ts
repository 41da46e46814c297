// The rows of a world as they were at one moment, for readers that take a while: what changes meanwhile is remembered as it was before.

/** How many keys are taken, or compared, before somebody else may have a turn. */
const KEYS_AT_ONCE = 512

// rule: sandgate.slices.one-moment
export class TablesView {
  readonly #tables: ReadonlyMap<string, ReadonlyMap<string, object>>
  /** Rows that have changed since, as they were; undefined: they were not there. */
  readonly #before = new Map<string, Map<string, object | undefined>>()
  readonly #ended: () => void

  /** The maps go on changing; whoever changes them tells `changed`, until `ended` is called. */
  constructor(tables: ReadonlyMap<string, ReadonlyMap<string, object>>, ended: () => void) {
    this.#tables = tables
    this.#ended = ended
  }

  /** A row is about to be another one, or is gone. */
  changed(table: string, key: string, before: object | undefined): void {
    let rows = this.#before.get(table)
    if (!rows) this.#before.set(table, (rows = new Map()))
    if (!rows.has(key)) rows.set(key, before)
  }

  get(table: string, key: string): object | undefined {
    const rows = this.#before.get(table)
    return rows?.has(key) ? rows.get(key) : this.#tables.get(table)?.get(key)
  }

  /** Every row, some of them twice, in the order in which the tables hold them; `undefined` now and then, when somebody else may have a turn. */
  *entries(): Generator<readonly [table: string, key: string, row: object] | undefined> {
    for (const [table, rows] of this.#tables) {
      // What is added while this goes on stands behind those that were there.
      let left = rows.size
      for (const key of rows.keys()) {
        if (left-- === 0) break
        const row = this.get(table, key)
        if (row) yield [table, key, row]
        if (left % KEYS_AT_ONCE === 0) yield undefined
      }
      for (const [key, row] of this.#before.get(table) ?? []) if (row) yield [table, key, row]
    }
  }

  /** The same, tables and keys sorted. */
  *sorted(): Generator<readonly [table: string, key: string, row: object] | undefined> {
    for (const table of [...this.#tables.keys()].sort()) {
      let last: string | undefined
      for (const key of yield* this.#sortedKeys(table)) {
        const row = key === last ? undefined : this.get(table, key)
        last = key
        yield row && [table, key, row]
      }
    }
  }

  /** The rows in maps of their own; the rows themselves are never edited, and so shared. */
  *copied(): Generator<void, Map<string, Map<string, object>>> {
    const tables = new Map<string, Map<string, object>>()
    for (const entry of this.entries()) {
      if (!entry) yield
      else {
        const [table, key, row] = entry
        const rows = tables.get(table) ?? new Map<string, object>()
        tables.set(table, rows.set(key, row))
      }
    }
    return tables
  }

  end(): void {
    this.#ended()
  }

  /** Keys that may be rows of then, some of them twice: runs are sorted one by one, and merged two by two. */
  *#sortedKeys(table: string): Generator<undefined, string[]> {
    let runs: string[][] = []
    let run: string[] = []
    const live = this.#tables.get(table)!
    const take = (key: string) => {
      if (run.push(key) < KEYS_AT_ONCE) return false
      runs.push(run.sort())
      run = []
      return true
    }
    let left = live.size
    for (const key of live.keys()) {
      if (left-- === 0) break
      if (take(key)) yield
    }
    for (const key of this.#before.get(table)?.keys() ?? []) if (take(key)) yield
    runs.push(run.sort())
    while (runs.length > 1) {
      const merged: string[][] = []
      for (let at = 0; at < runs.length; at += 2)
        merged.push(at + 1 < runs.length ? yield* merge(runs[at]!, runs[at + 1]!) : runs[at]!)
      runs = merged
    }
    return runs[0]!
  }
}

function* merge(a: readonly string[], b: readonly string[]): Generator<undefined, string[]> {
  const merged: string[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    merged.push(j >= b.length || (i < a.length && a[i]! <= b[j]!) ? a[i++]! : b[j++]!)
    if (merged.length % KEYS_AT_ONCE === 0) yield
  }
  return merged
}
