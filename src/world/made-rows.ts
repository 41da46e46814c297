// Which entry of the journal made which row: from a call to its address, its deposit, its withdrawal, its callbacks, and back. In memory, for as long as
// the journal has the entry.
import type { RowChange } from './tables.ts'

/** The tables whose new rows are remembered. */
const REMEMBERED: ReadonlySet<string> = new Set(['addresses', 'transfers', 'withdrawals', 'deliveries'])

/** A row that an entry has made. */
export interface MadeRow {
  readonly table: string
  readonly key: string
}

export class MadeRows {
  /** By entry, and the other way round by table and key. Entries that make something are few. */
  readonly #rows = new Map<number, MadeRow[]>()
  readonly #makers = new Map<string, number>()

  /** Remembers the new rows among these changes. */
  add(entry: number, changes: readonly RowChange[]): void {
    for (const { table, key, before } of changes) {
      if (before !== undefined || !REMEMBERED.has(table)) continue
      const rows = this.#rows.get(entry)
      if (rows) rows.push({ table, key })
      else this.#rows.set(entry, [{ table, key }])
      this.#makers.set(nameOf(table, key), entry)
    }
  }

  /** The rows that an entry has made, those that are gone again too: who shows them looks whether they are there. */
  of(entry: number): readonly MadeRow[] {
    return this.#rows.get(entry) ?? []
  }

  /** The entry that made a row; undefined: the journal has it no more. */
  makerOf(table: string, key: string): number | undefined {
    return this.#makers.get(nameOf(table, key))
  }

  forget(entry: number): void {
    for (const { table, key } of this.of(entry))
      if (this.makerOf(table, key) === entry) this.#makers.delete(nameOf(table, key))
    this.#rows.delete(entry)
  }

  clear(): void {
    this.#rows.clear()
    this.#makers.clear()
  }
}

function nameOf(table: string, key: string): string {
  return `${table}/${key}`
}
