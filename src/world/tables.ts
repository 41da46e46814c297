// Rows in tables with ordered indexes, and an undo list: a change stands whole or not at all. Knows nothing of what the rows mean.
import BTreeModule from 'sorted-btree'
import type { ZodType } from 'zod'

// The package is CommonJS with a `default` member.
const BTree = ((BTreeModule as any).default ?? BTreeModule) as typeof BTreeModule.default

/** Describes a table; the rows themselves live in a world. Rows are plain JSON values and are replaced, never edited. */
export interface Table<Row extends object> {
  readonly name: string
  readonly key: (row: Row) => string
  /** Its keys hold what lets somebody in, or an id of that: they are never told whole. */
  readonly secret?: true
  /** What every row is: an object without unknown fields. Conditions stand at its fields, none at the object itself. */
  readonly schema: RowSchema<Row>
  /** The rows of other tables that have to be there for this one; null: none is named. */
  readonly references?: (row: Row) => readonly Reference[]
  readonly indexes: Readonly<Record<string, Index<Row>>>
}

export type RowSchema<Row> = ZodType<Row> & { readonly shape: Readonly<Record<string, ZodType>> }

export type Reference = readonly [field: string, table: Table<any>, key: string | null]

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

/** One row's place in a group. */
interface Entry extends Position {
  readonly row: object
}

interface State {
  readonly rows: Map<string, object>
  /** Those that somebody has asked for: an index is built then, and kept from there on. */
  readonly indexes: BuiltIndex[]
}

interface BuiltIndex {
  readonly name: string
  readonly index: Index<any>
  readonly groups: Map<string, Group>
}

function compare(a: Position, b: Position): number {
  return a.order - b.order || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}

/** From so many rows on, a group is a tree: most groups hold a handful, and a list of those costs next to nothing. */
const LIST_MAX = 48

/** The rows of one group of an index, in order. */
class Group {
  #list: Entry[] | undefined = []
  #tree: InstanceType<typeof BTree<Position, object>> | undefined

  get size(): number {
    return this.#list?.length ?? this.#tree!.size
  }

  set(at: Position, row: object): void {
    if (this.#tree) {
      this.#tree.set(at, row)
      return
    }
    const list = this.#list!
    const found = this.#find(at)
    list.splice(found, list[found] && compare(list[found], at) === 0 ? 1 : 0, { order: at.order, key: at.key, row })
    if (list.length <= LIST_MAX) return
    this.#tree = new BTree<Position, object>(list.map((entry) => [entry, entry.row]), compare)
    this.#list = undefined
  }

  delete(at: Position): void {
    if (this.#tree) this.#tree.delete(at)
    else {
      const found = this.#find(at)
      if (this.#list![found] && compare(this.#list![found], at) === 0) this.#list!.splice(found, 1)
    }
  }

  get first(): object | undefined {
    return this.#list ? this.#list[0]?.row : this.#tree!.nextHigherPair(undefined)?.[1]
  }

  get last(): object | undefined {
    return this.#list ? this.#list.at(-1)?.row : this.#tree!.nextLowerPair(undefined)?.[1]
  }

  /** So many rows after a position (before it, when descending), or from the end on. */
  take(limit: number, after: Position | undefined, descending: boolean): object[] {
    const rows: object[] = []
    if (this.#tree) {
      const from = after ?? (descending ? { order: Infinity, key: '\uffff' } : { order: -Infinity, key: '' })
      for (const [at, row] of descending ? this.#tree.entriesReversed(from) : this.#tree.entries(from)) {
        if (rows.length >= limit) break
        if (!after || compare(at, after) !== 0) rows.push(row)
      }
      return rows
    }
    const list = this.#list!
    for (let i = 0; i < list.length && rows.length < limit; i++) {
      const entry = list[descending ? list.length - 1 - i : i]!
      if (!after || (descending ? compare(entry, after) < 0 : compare(entry, after) > 0)) rows.push(entry.row)
    }
    return rows
  }

  /** Where it stands in the list, or would; the end first, because most rows come last. */
  #find(at: Position): number {
    const list = this.#list!
    let found = list.length
    while (found > 0 && compare(list[found - 1]!, at) >= 0) found--
    return found
  }
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

  put<Row extends object>(table: Table<Row>, row: NoInfer<Row>): Row {
    const key = table.key(row)
    // Half a row, made of one that was not there.
    if (typeof key !== 'string') throw new Error(`a row without a key was put into the table ${table.name}`)
    this.#write(this.#open(table), table.name, key, Object.freeze(row))
    return row
  }

  remove<Row extends object>(table: Table<Row>, key: string): void {
    this.#write(this.#open(table), table.name, key, undefined)
  }

  /** Rows of one group of an index, in order. */
  list<Row extends object>(table: Table<Row>, index: string, group: string, range: Range = {}): Row[] {
    const found = this.#group(table, index, group)
    return found ? (found.take(range.limit ?? Infinity, range.after, range.descending ?? false) as Row[]) : []
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
    return this.#group(table, index, group)?.first as Row | undefined
  }

  last<Row extends object>(table: Table<Row>, index: string, group: string): Row | undefined {
    return this.#group(table, index, group)?.last as Row | undefined
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

  /** Replaces every row of every table; the maps are its own from here on. */
  load(tables: ReadonlyMap<string, Map<string, object>>): void {
    if (this.#depth > 0) throw new Error('rows are loaded inside of a change')
    this.#states.clear()
    for (const [name, rows] of tables) {
      for (const row of rows.values()) Object.freeze(row)
      this.#states.set(name, { rows, indexes: [] })
    }
  }

  /** Takes changes back that were made, the last ones first. Nobody is told. */
  undo(changes: readonly RowChange[]): void {
    if (this.#depth > 0) throw new Error('changes are undone inside of a change')
    for (const { table, key, before, after } of changes.toReversed()) this.#set(this.#states.get(table)!, key, after, before)
  }

  #group(table: Table<any>, name: string, group: string): Group | undefined {
    const state = this.#open(table)
    for (const built of state.indexes) if (built.name === name) return built.groups.get(group)
    const index = table.indexes[name]
    if (!index) throw new Error(`table ${table.name} has no index ${name}`)
    const built = { name, index, groups: new Map<string, Group>() }
    state.indexes.push(built)
    for (const [key, row] of state.rows) reindex(built, key, undefined, row)
    return built.groups.get(group)
  }

  #open(table: Table<any>): State {
    let state = this.#states.get(table.name)
    if (!state) this.#states.set(table.name, (state = { rows: new Map(), indexes: [] }))
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
    for (const built of state.indexes) reindex(built, key, before, after)
  }

  #rollBack(mark: number): void {
    while (this.#changes.length > mark) {
      const change = this.#changes.pop()!
      this.#set(this.#states.get(change.table)!, change.key, change.after, change.before)
    }
  }
}

function reindex({ index, groups }: BuiltIndex, key: string, before: object | undefined, after: object | undefined): void {
  const left = before === undefined ? undefined : index.group(before)
  const entered = after === undefined ? undefined : index.group(after)
  if (left !== undefined) {
    const group = groups.get(left)!
    group.delete({ order: index.order(before), key })
    if (group.size === 0 && left !== entered) groups.delete(left)
  }
  if (entered === undefined) return
  let group = groups.get(entered)
  if (!group) groups.set(entered, (group = new Group()))
  group.set({ order: index.order(after), key }, after!)
}
