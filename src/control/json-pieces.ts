// Large answers as JSON in pieces, one item at a time, so that writing a long list holds nobody up; and the pages of lists, found in slices.
import { inSlices } from '../runtime/slices.ts'
import type { Table } from '../world/tables.ts'
import type { World } from '../world/world.ts'

/** A list whose items are made while it is written. */
export class Items {
  readonly items: Iterable<unknown>

  constructor(items: Iterable<unknown>) {
    this.items = items
  }
}

/** Text of one piece. */
const PIECE_CHARACTERS = 64 * 1024
/** A list of more items is written in pieces. */
const LONG = 100

/** Whether an answer is so large that it should be written in pieces. */
export function isLong(body: unknown): body is object {
  return (
    typeof body === 'object' &&
    body !== null &&
    Object.values(body).some((value) => value instanceof Items || (Array.isArray(value) && value.length > LONG))
  )
}

/** The JSON of an object in UTF-8; its long lists are written item by item. */
export function jsonPieces(body: object): Promise<Buffer[]> {
  return inSlices(written(body))
}

function* written(body: object): Generator<void, Buffer[]> {
  const pieces: Buffer[] = []
  let text = '{'
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined) continue
    text += `${text === '{' && pieces.length === 0 ? '' : ','}${JSON.stringify(name)}:`
    if (!(value instanceof Items || Array.isArray(value))) {
      text += JSON.stringify(value)
      continue
    }
    text += '['
    let first = true
    for (const item of value instanceof Items ? value.items : value) {
      text += `${first ? '' : ','}${JSON.stringify(item) ?? 'null'}`
      first = false
      if (text.length >= PIECE_CHARACTERS) {
        pieces.push(Buffer.from(text))
        text = ''
      }
      yield
    }
    text += ']'
  }
  pieces.push(Buffer.from(`${text}}`))
  return pieces
}

/** How many rows of a list are looked at in one go. */
const LOOKED_AT = 256

/**
 * The first rows of an index, `most` of them, that are wanted, as they are now, however many have to be looked at. `order` is where the index puts
 * a row; `after` is the order behind which to begin.
 */
export async function rowsFound<Row extends object>(
  table: Table<Row>,
  index: string,
  group: string,
  find: { readonly wanted: (row: Row) => boolean; readonly after: number | undefined; readonly most: number },
  world: World,
): Promise<Row[]> {
  const { view } = world.moment()
  try {
    return await inSlices(
      (function* () {
        const found: Row[] = []
        for (let after = find.after === undefined ? undefined : { order: find.after, key: '\uffff' }; ;) {
          const rows = world.list(table, index, group, { after, limit: LOOKED_AT })
          for (const row of rows) {
            const then = view.get(table.name, table.key(row)) as Row | undefined
            if (then && find.wanted(then) && found.push(then) >= find.most) return found
          }
          const last = rows.at(-1)
          if (!last) return found
          after = { order: table.indexes[index]!.order(last), key: table.key(last) }
          yield
        }
      })(),
    )
  } finally {
    view.end()
  }
}
