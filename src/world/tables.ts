// Rows in tables with ordered indexes, and an undo list: a change stands whole or not at all. Knows nothing of what the rows mean.
import BTreeModule from 'sorted-btree'

// The package is CommonJS with a `default` member.
const BTree = ((BTreeModule as any).default ?? BTreeModule) as typeof BTreeModule.default

/** Describes a table; the rows themselves live in a world. Rows are plain JSON values and are replaced, never edited. */
export interface Table<Row extends object> {
  readonly name: string
  readonly key: (row: Row) => string
  readonly indexes: Readonly<Record<string, Index<Row>>>
}

/** Rows of one `group`, ascending by `order`, then by key. A row whose group is undefined is left out. */
export interface Index<Row> {
  group(row: Row): string | undefined
  order(row: Row): number
}

export interface Range {
  /** Only rows after this position (before it, when descending). */
  readonly after?: Position | undefined
  readonly descending?: boolean
  readonly limit?: number
}

export interface Position {
  readonly order: number
  readonly key: string
}

/** One row's change: `before` undefined for a new row, `after` undefined for a removed one. */
export interface RowChange {
  readonly table: string
  readonly key: string
  readonly before: object | undefined
  readonly after: object | undefined
}

interface Entry extends Position {
  readonly group: string
}

interface State {
  readonly rows: Map<string, object>
  def: Table<any> | undefined
  readonly indexes: Map<string, InstanceType<typeof BTree<Entry, object>>>
}

function compare(a: Entry, b: Entry): number {
  if (a.group !== b.group) return a.group < b.group ? -1 : 1
  if (a.order !== b.order) return a.order - b.order
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

export class Tables {
  readonly #states = new Map<string, State>()
  #changes: RowChange[] = []
  #depth = 0
  /** Called once after each outermost change that touched rows. */
  onCommit: ((changes: readonly RowChange[]) => void) | undefined

  /** Runs `work`; when it throws, every row is as it was before. Changes nest: an inner one that throws undoes only itself. */
  change<T>(work: () => T): T {
    const mark = this.#changes.length
    this.#depth++
    try {
      return work()
    } catch (error) {
      this.#rollBack(mark)
      throw error
    } finally {
      this.#depth--
      if (this.#depth === 0 && this.#changes.length > 0) {
        const changes = this.#changes
        this.#changes = []
        this.onCommit?.(changes)
      }
    }
  }

  get<Row extends object>(table: Table<Row>, key: string): Row | undefined {
    return this.#open(table).rows.get(key) as Row | undefined
  }

  put<Row extends object>(table: Table<Row>, row: Row): Row {
    this.#write(this.#open(table), table.name, table.key(row), Object.freeze(row))
    return row
  }

  remove<Row extends object>(table: Table<Row>, key: string): void {
    this.#write(this.#open(table), table.name, key, undefined)
  }

  /** Rows of one group of an index, in order. */
  list<Row extends object>(table: Table<Row>, index: string, group: string, range: Range = {}): Row[] {
    const tree = this.#tree(table, index)
    const limit = range.limit ?? Infinity
    const rows: Row[] = []
    const edge: Entry = range.descending
      ? { group, order: range.after?.order ?? Infinity, key: range.after?.key ?? '￿' }
      : { group, order: range.after?.order ?? -Infinity, key: range.after?.key ?? '' }
    const entries = range.descending ? tree.entriesReversed(edge) : tree.entries(edge)
    for (const [entry, row] of entries) {
      if (rows.length >= limit || entry.group !== group) break
      if (range.after && entry.order === range.after.order && entry.key === range.after.key) continue
      rows.push(row as Row)
    }
    return rows
  }

  first<Row extends object>(table: Table<Row>, index: string, group: string): Row | undefined {
    const found = this.#tree(table, index).getPairOrNextHigher({ group, order: -Infinity, key: '' })
    return found && found[0].group === group ? (found[1] as Row) : undefined
  }

  last<Row extends object>(table: Table<Row>, index: string, group: string): Row | undefined {
    const found = this.#tree(table, index).getPairOrNextLower({ group, order: Infinity, key: '\uffff' })
    return found && found[0].group === group ? (found[1] as Row) : undefined
  }

  size<Row extends object>(table: Table<Row>): number {
    return this.#open(table).rows.size
  }

  rows<Row extends object>(table: Table<Row>): IterableIterator<Row> {
    return this.#open(table).rows.values() as IterableIterator<Row>
  }

  /** Every row of every table, tables and keys in a fixed order. */
  dump(): Record<string, Record<string, object>> {
    const byName = (a: [string, unknown], b: [string, unknown]) => (a[0] < b[0] ? -1 : 1)
    return Object.fromEntries(
      [...this.#states]
        .filter(([, state]) => state.rows.size > 0)
        .sort(byName)
        .map(([name, state]) => [name, Object.fromEntries([...state.rows].sort(byName))]),
    )
  }

  /** Replaces every row of every table. Rows of tables that nobody has opened yet wait for their description. */
  load(dump: Readonly<Record<string, Readonly<Record<string, object>>>>): void {
    if (this.#depth > 0) throw new Error('rows are loaded inside of a change')
    this.#states.clear()
    for (const [name, rows] of Object.entries(dump)) {
      this.#states.set(name, { rows: new Map(Object.entries(rows).map(([key, row]) => [key, Object.freeze(row)])), def: undefined, indexes: new Map() })
    }
  }

  #tree(table: Table<any>, index: string) {
    const tree = this.#open(table).indexes.get(index)
    if (!tree) throw new Error(`table ${table.name} has no index ${index}`)
    return tree
  }

  #open(table: Table<any>): State {
    let state = this.#states.get(table.name)
    if (!state) this.#states.set(table.name, (state = { rows: new Map(), def: undefined, indexes: new Map() }))
    if (state.def === undefined) {
      state.def = table
      for (const name of Object.keys(table.indexes)) state.indexes.set(name, new BTree<Entry, object>(undefined, compare))
      for (const [key, row] of state.rows) this.#reindex(state, key, undefined, row)
    }
    return state
  }

  #write(state: State, table: string, key: string, after: object | undefined): void {
    if (this.#depth === 0) throw new Error(`${table}/${key} was written outside of a change`)
    const before = state.rows.get(key)
    if (before === undefined && after === undefined) return
    this.#changes.push({ table, key, before, after })
    this.#set(state, key, before, after)
  }

  #set(state: State, key: string, before: object | undefined, after: object | undefined): void {
    if (after === undefined) state.rows.delete(key)
    else state.rows.set(key, after)
    this.#reindex(state, key, before, after)
  }

  #reindex(state: State, key: string, before: object | undefined, after: object | undefined): void {
    for (const [name, tree] of state.indexes) {
      const index: Index<any> = state.def!.indexes[name]!
      const left = before === undefined ? undefined : index.group(before)
      const entered = after === undefined ? undefined : index.group(after)
      if (left !== undefined) tree.delete({ group: left, order: index.order(before), key })
      if (entered !== undefined) tree.set({ group: entered, order: index.order(after), key }, after!)
    }
  }

  #rollBack(mark: number): void {
    while (this.#changes.length > mark) {
      const change = this.#changes.pop()!
      this.#set(this.#states.get(change.table)!, change.key, change.after, change.before)
    }
  }
}
