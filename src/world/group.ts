// The rows of one group of an index, in order: a list while they are few, a tree from there on.
import BTreeModule from 'sorted-btree'

// The package is CommonJS with a `default` member.
const BTree = ((BTreeModule as any).default ?? BTreeModule) as typeof BTreeModule.default

export interface Position {
  readonly order: number
  readonly key: string
}

/** One row's place in a group. */
interface Entry extends Position {
  readonly row: object
}

export function compare(a: Position, b: Position): number {
  return a.order - b.order || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}

/** From so many rows on, a group is a tree: most groups hold a handful, and a list of those costs next to nothing. */
const LIST_MAX = 48

/** The rows of one group of an index, in order. */
export class Group {
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
    this.#tree = new BTree<Position, object>(
      list.map((entry) => [entry, entry.row]),
      compare,
    )
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
