// Rows in tables with ordered indexes, and an undo list: a change stands whole or not at all. Knows nothing of what the rows mean.
import { compare, Group, type Position } from './group.ts'
import type { ZodType } from 'zod'
import { TablesView } from './view.ts'

/** Describes a table; the rows themselves live in a world. Rows are plain JSON values and are replaced, never edited. */
/** With every field of the row, those that it need not have too. */
export type RowSchema<Row> = ZodType<Row> & { readonly shape: { readonly [Field in keyof Row]-?: ZodType } }

/** A field that names a row of another table; null: it names none. */
export type Reference = readonly [field: string, table: Table<any>, key: string | null]

export interface Table<Row extends object> {
  readonly name: string
  readonly key: (row: Row) => string
  /** Its keys hold what lets somebody in, or an id of that: they are never told whole. */
  readonly secret?: true
  /** A world that nobody has used yet may have rows of it: what it was set up with. */
  readonly setup?: true
  /** What every row is: an object without unknown fields. Conditions stand at its fields, none at the object itself. */
  readonly schema: RowSchema<Row>
  /** The rows of other tables that have to be there for this one; null: none is named. */
  readonly references?: (row: Row) => readonly Reference[]
  readonly indexes: Readonly<Record<string, Index<Row>>>
}

/** Rows of one `group`, ascending by `order`, then by key. A row whose group is undefined is left out. */
export interface Index<Row> {
  group(row: Row): string | undefined
  order(row: Row): number
  /** A world that asks for it does so from its first row on, and most worlds never do. */
  readonly early?: true
}

export interface Range {
  /** Only rows after this position (before it, when descending). */
  readonly after?: Position | undefined
  readonly descending?: boolean
  readonly limit?: number
}

/** One row's change: `before` undefined for a new row, `after` undefined for a removed one. */
export interface RowChange {
  readonly table: string
  readonly key: string
  readonly before: object | undefined
  readonly after: object | undefined
}

interface State {
  readonly name: string
  readonly rows: Map<string, object>
  /** Those that somebody has asked for: an index is built then, and kept from there on. */
  readonly indexes: BuiltIndex[]
}

interface BuiltIndex {
  readonly name: string
  readonly index: Index<any>
  readonly key: (row: any) => string
  /** Most groups hold one row, and then it stands here itself. */
  readonly groups: Map<string, Group | object>
  /** Goes through the rows that were there when the index was begun; undefined once it is whole. */
  filling: Iterator<void> | undefined
}

/** With so many rows a table has all its indexes, asked for or not: built later, one would hold up everybody. */
const EAGER_ROWS = 4_096
/** How many rows are put into an index before somebody else may have a turn. */
const FILLED_AT_ONCE = 256

export class Tables {
  readonly #states = new Map<string, State>()
  #changes: RowChange[] = []
  #depth = 0
  /** Called once after each outermost change that touched rows. */
  onCommit: ((changes: readonly RowChange[]) => void) | undefined
  /** Called before it: the world's own. */
  onChanged: ((changes: readonly RowChange[]) => void) | undefined
  readonly #views = new Set<TablesView>()

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
        this.onChanged?.(changes)
        this.onCommit?.(changes)
      }
    }
  }

  get<Row extends object>(table: Table<Row>, key: string): Row | undefined {
    return this.#open(table).rows.get(key) as Row | undefined
  }

  put<Row extends object>(table: Table<Row>, row: NoInfer<Row>): Row {
    const key = table.key(row)
    // Half a row, made of one that was not there.
    if (typeof key !== 'string') throw new Error(`a row without a key was put into the table ${table.name}`)
    const state = this.#open(table)
    this.#write(state, table.name, key, Object.freeze(row))
    if (state.rows.size === EAGER_ROWS)
      for (const [name, { early }] of Object.entries(table.indexes)) if (!early) this.#index(table, name, state)
    return row
  }

  remove<Row extends object>(table: Table<Row>, key: string): void {
    this.#write(this.#open(table), table.name, key, undefined)
  }

  /** Rows of one group of an index, in order. */
  list<Row extends object>(table: Table<Row>, index: string, group: string, range: Range = {}): Row[] {
    const found = this.#group(table, index, group)
    if (!found || found instanceof Group)
      return found ? (found.take(range.limit ?? Infinity, range.after, range.descending ?? false) as Row[]) : []
    const row = found as Row
    const at = { order: table.indexes[index]!.order(row), key: table.key(row) }
    const within = !range.after || (range.descending ? compare(at, range.after) < 0 : compare(at, range.after) > 0)
    return within && range.limit !== 0 ? [row] : []
  }

  /** Removes the first rows of a group up to this order, at most so many: what is over goes as fast as it comes, and never all at once. */
  prune<Row extends object>(table: Table<Row>, index: string, group: string, upTo: number, most: number): void {
    for (let removed = 0; removed < most; removed++) {
      const row = this.first(table, index, group)
      if (!row || table.indexes[index]!.order(row) > upTo) return
      this.remove(table, table.key(row))
    }
  }

  first<Row extends object>(table: Table<Row>, index: string, group: string): Row | undefined {
    const found = this.#group(table, index, group)
    return (found instanceof Group ? found.first : found) as Row | undefined
  }

  last<Row extends object>(table: Table<Row>, index: string, group: string): Row | undefined {
    const found = this.#group(table, index, group)
    return (found instanceof Group ? found.last : found) as Row | undefined
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

  /** Every row there is, those that are added while it goes on left out: for reading a table that goes on changing. */
  *entries(): Generator<[table: string, key: string, row: object]> {
    for (const [name, { rows }] of [...this.#states]) {
      let left = rows.size
      for (const [key, row] of rows) {
        if (left-- <= 0) break
        yield [name, key, row]
      }
    }
  }

  /** How many rows there are in all tables. */
  get count(): number {
    return [...this.#states.values()].reduce((sum, { rows }) => sum + rows.size, 0)
  }

  /** The names of the tables that have rows. */
  names(): string[] {
    return [...this.#states].flatMap(([name, { rows }]) => (rows.size > 0 ? [name] : []))
  }

  /** Of each table that has rows, how many, and the first few. */
  samples(most: number): [rows: number, sampled: object[]][] {
    return [...this.#states.values()].flatMap(({ rows }): [number, object[]][] => {
      const values = rows.values()
      const sampled = Array.from({ length: Math.min(most, rows.size) }, () => values.next().value!)
      return rows.size > 0 ? [[rows.size, sampled]] : []
    })
  }

  /** All rows as they are at this moment, to be read while they go on changing; `end` it when it has been read. */
  view(): TablesView {
    const view = new TablesView(new Map([...this.#states].map(([name, { rows }]) => [name, rows])), () =>
      this.#views.delete(view),
    )
    this.#views.add(view)
    return view
  }

  /** Replaces every row of every table; the maps, and the rows, are its own from here on. */
  load(tables: ReadonlyMap<string, Map<string, object>>): void {
    if (this.#depth > 0) throw new Error('rows are loaded inside of a change')
    this.#states.clear()
    for (const [name, rows] of tables) this.#states.set(name, { name, rows, indexes: [] })
  }

  /** Builds what is missing of the indexes of large tables, a slice at each step. */
  *buildIndexes(tables: Iterable<Table<any>>): Generator<void> {
    for (const table of tables) {
      const state = this.#states.get(table.name)
      if (!state || state.rows.size < EAGER_ROWS) continue
      for (const name of Object.keys(table.indexes)) {
        const built = this.#begin(table, name, state)
        while (built.filling && !built.filling.next().done) yield
        built.filling = undefined
      }
    }
  }

  /** Takes changes back that were made, the last ones first. Nobody is told. */
  undo(changes: readonly RowChange[]): void {
    if (this.#depth > 0) throw new Error('changes are undone inside of a change')
    for (const { table, key, before, after } of changes.toReversed())
      this.#set(this.#states.get(table)!, key, after, before)
  }

  #group(table: Table<any>, name: string, group: string): Group | object | undefined {
    const state = this.#open(table)
    for (const built of state.indexes)
      if (built.name === name && built.filling === undefined) return built.groups.get(group)
    return this.#index(table, name, state).groups.get(group)
  }

  /** The whole index. */
  #index(table: Table<any>, name: string, state: State): BuiltIndex {
    const built = this.#begin(table, name, state)
    while (built.filling && !built.filling.next().done);
    built.filling = undefined
    return built
  }

  /** The index, begun where nobody has asked for it yet; what changes from here on is in it. */
  #begin(table: Table<any>, name: string, state: State): BuiltIndex {
    const begun = state.indexes.find((built) => built.name === name)
    if (begun) return begun
    const index = table.indexes[name]
    if (!index) throw new Error(`table ${table.name} has no index ${name}`)
    const built: BuiltIndex = { name, index, key: table.key, groups: new Map(), filling: undefined }
    built.filling = fill(built, state.rows)
    state.indexes.push(built)
    return built
  }

  #open(table: Table<any>): State {
    let state = this.#states.get(table.name)
    if (!state) this.#states.set(table.name, (state = { name: table.name, rows: new Map(), indexes: [] }))
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
    if (this.#views.size > 0) for (const view of this.#views) view.changed(state.name, key, before)
    if (after === undefined) state.rows.delete(key)
    else state.rows.set(key, after)
    for (const built of state.indexes) reindex(built, key, before, after)
  }

  #rollBack(mark: number): void {
    while (this.#changes.length > mark) {
      const change = this.#changes.pop()!
      this.#set(this.#states.get(change.table)!, change.key, change.after, change.before)
    }
  }
}

/** Rows that are added meanwhile are in the index already when their turn comes, and stay as they are. */
function* fill(built: BuiltIndex, rows: ReadonlyMap<string, object>): Generator<void> {
  let left = FILLED_AT_ONCE
  for (const [key, row] of rows) {
    reindex(built, key, undefined, row)
    if (--left > 0) continue
    left = FILLED_AT_ONCE
    yield
  }
}

/** Rows are replaced and never edited, so a row that stands for its group is told by its identity. */
function reindex(
  { index, key: keyOf, groups }: BuiltIndex,
  key: string,
  before: object | undefined,
  after: object | undefined,
): void {
  const left = before === undefined ? undefined : index.group(before)
  const entered = after === undefined ? undefined : index.group(after)
  if (left !== undefined) {
    const held = groups.get(left)
    if (held instanceof Group) {
      held.delete({ order: index.order(before), key })
      if (held.size === 0 && left !== entered) groups.delete(left)
    } else if (held === before) {
      if (left === entered) {
        groups.set(left, after!)
        return
      }
      groups.delete(left)
    }
  }
  if (entered === undefined) return
  const held = groups.get(entered)
  if (held === undefined) groups.set(entered, after!)
  else if (held instanceof Group) held.set({ order: index.order(after), key }, after!)
  else if (held !== after) {
    const group = new Group()
    group.set({ order: index.order(held), key: keyOf(held) }, held)
    group.set({ order: index.order(after), key }, after!)
    groups.set(entered, group)
  }
}
