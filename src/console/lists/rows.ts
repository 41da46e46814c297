// The newest rows of a list that the control API gives oldest first, a page at a time: the pages are walked to the last one, which is read again whenever
// something happens. One row by its id.
import { useEffect, useRef, useState } from 'preact/hooks'
import { queryOf } from '../api/client.ts'
import type { Page } from '../api/shapes.ts'
import { type Read, useReadLive } from '../api/use.ts'
import { live } from '../live/live.ts'
import { useStore } from '../state/store.ts'

/** Rows of a page. */
const PAGE = 200

export interface Rows<Row> {
  /** Newest first; undefined: not read yet. */
  readonly rows: readonly Row[] | undefined
  readonly problem: Read<unknown>['problem']
  again(): void
  /** How many pages behind the newest this is, and how many the older and the newer rows are; undefined: there are none. */
  readonly back: number
  readonly older: number | undefined
  readonly newer: number | undefined
}

/**
 * Reads a list.
 * @param filters of its query; empty ones are left out
 * @param back how many pages before the newest, as the URL says
 */
export function useRows<Row>(
  world: string,
  path: string,
  filters: Readonly<Record<string, string | undefined>>,
  back = 0,
): Rows<Row> {
  const { turn } = useStore(live)
  const of = `${world} ${turn} ${path}${queryOf(filters)}`
  const [walked, setWalked] = useState<{ of: string; cursors: readonly string[] }>({ of, cursors: [''] })
  const cursors = walked.of === of ? walked.cursors : ['']
  const [complete, setComplete] = useState('')
  const last = cursors.length - 1
  // Until it is known how many pages there are, the walk goes on.
  const at = complete === of ? Math.max(0, last - back) : last
  const read = useReadLive<Page<Row>>(world, `${path}${queryOf({ ...filters, limit: PAGE, cursor: cursors[at] })}`)
  const next = read.value?.next
  // What was read of the world before this turn says nothing about the pages of this one.
  const stale = useRef<unknown>(undefined)
  useEffect(() => {
    stale.current = read.value
  }, [turn])
  useEffect(() => {
    if (read.value === undefined || read.value === stale.current || at !== last) return
    if (next == null) setComplete(of)
    else setWalked({ of, cursors: [...cursors, next] })
  }, [of, read.value, next, at, last])
  // The last page may have a single row; the newest rows are those of two.
  const joins = complete === of && at === last && at > 0
  const before = useReadLive<Page<Row>>(
    world,
    joins ? `${path}${queryOf({ ...filters, limit: PAGE, cursor: cursors[at - 1] })}` : undefined,
  )
  const whole = complete === of && read.value !== undefined && (!joins || before.value !== undefined)
  const rows = whole ? [...(joins ? before.value!.data : []), ...read.value.data].reverse() : undefined
  // While one more page is read, those that were there stay.
  const kept = useRef<{ of: string; rows: readonly Row[] | undefined }>({ of, rows })
  if (rows !== undefined || kept.current.of !== `${of} ${back}`) kept.current = { of: `${of} ${back}`, rows }
  const first = joins ? at - 1 : at
  return {
    rows: kept.current.rows,
    problem: read.problem ?? before.problem,
    again: () => {
      read.again()
      if (joins) before.again()
    },
    back: last - at,
    older: first > 0 ? last - first + 1 : undefined,
    newer: at === last ? undefined : at >= last - 2 ? 0 : last - at - 1,
  }
}

/** One row of a list, read again whenever something happens. Its id ends with its place in the list. */
export function useRow<Row extends { readonly id: string }>(
  world: string,
  path: string,
  id: string,
): { readonly row: Row | undefined; readonly missing: boolean } & Pick<Read<unknown>, 'problem' | 'again'> {
  const place = Number(/(\d{1,15})$/.exec(id)?.[1] ?? 0)
  const { value, problem, again } = useReadLive<Page<Row>>(
    world,
    place > 0 ? `${path}${queryOf({ limit: 1, cursor: place - 1 })}` : undefined,
  )
  const row = value?.data.find((found) => found.id === id)
  return { row, missing: place === 0 || (value !== undefined && row === undefined), problem, again }
}

/** How many pages back a URL says. */
export function backOf(query: Readonly<Record<string, string>>): number {
  const back = Number(query.back)
  return Number.isInteger(back) && back > 0 ? back : 0
}
