// The envelope and the cursors that all lists of Connect share.
import { type Answer, Refusal } from '../../provider.ts'
import { Count, Flag, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { ok, type ZopayCall } from './wire.ts'

/** Rows that are listed: newest first is highest `seq` first. */
export interface Listed {
  readonly seq: number
  readonly org: string
  readonly livemode: boolean
  readonly externalRef: string | null
}

/** The fields that rows of a listed table begin with, behind their id. */
export const listedFields = { seq: Count, org: Text, livemode: Flag, externalRef: Text.nullable() }

/** The indexes of a listed table. */
export const listedIndexes = {
  tenant: { group: (row: Listed) => JSON.stringify([row.org, row.livemode]), order: (row: Listed) => row.seq },
  user: {
    group: (row: Listed) =>
      row.externalRef === null ? undefined : JSON.stringify([row.org, row.livemode, row.externalRef]),
    order: (row: Listed) => row.seq,
  },
}

/** Where in a table the rows are that a call may see. */
export interface Range {
  readonly index: string
  readonly group: string
}

/** What the caller's organisation has in the mode of its key, or one of its users. */
// rule: zopay.lists.external-ref
export function ofCaller({ caller, queryValues }: ZopayCall): Range {
  const ref = queryValues.external_ref as string | undefined
  const group = [caller.org, caller.livemode, ...(ref === undefined ? [] : [ref])]
  return { index: ref === undefined ? 'tenant' : 'user', group: JSON.stringify(group) }
}

// rule: zopay.lists.limit
const LIMIT_DEFAULT = 50
/** How many rows are looked at in one go when a filter leaves some out. */
const STRIDE = 200

export interface Filter<Row> {
  readonly table: Table<Row & object>
  readonly among: Range
  readonly wanted: (row: Row) => boolean
  readonly view: (row: Row) => unknown
}

/** One page of them. */
// rule: zopay.lists.envelope, rule: zopay.lists.order
export function page<Row extends { readonly seq: number }>(
  call: ZopayCall,
  { table, among, wanted, view }: Filter<Row>,
  world: World,
): Answer {
  const { limit = LIMIT_DEFAULT, cursor } = call.queryValues as { limit?: number; cursor?: string }
  let before = cursor === undefined ? undefined : placeOf(cursor, table.name)
  const rows: Row[] = []
  // rule: zopay.lists.has-more
  for (let full = true; full && rows.length <= limit;) {
    const seen = world.list(table, among.index, among.group, {
      after: before === undefined ? undefined : { order: before, key: '' },
      descending: true,
      limit: STRIDE + 1,
    }) as Row[]
    rows.push(...seen.filter(wanted))
    before = seen.at(-1)?.seq
    full = seen.length > STRIDE
  }
  const more = rows.length > limit
  const shown = rows.slice(0, limit)
  return ok({ data: shown.map(view), has_more: more, cursor: more ? cursorAt(shown.at(-1)!.seq, table.name) : null })
}

/** Opaque, and good for the list it came from only. */
function cursorAt(seq: number, list: string): string {
  return Buffer.from(`${list}:${seq}`).toString('base64url')
}

function placeOf(cursor: string, list: string): number {
  const seq = Number(/:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1])
  // rule: zopay.lists.cursor
  if (cursorAt(seq, list) !== cursor) throw new Refusal('invalid_cursor')
  return seq
}
