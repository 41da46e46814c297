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
  /** How many pages behind the newest this is, and whether there are older ones. */
  readonly back: number
  readonly older: boolean
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
  return {
    rows: complete === of && read.value ? [...read.value.data].reverse() : undefined,
    problem: read.problem,
    again: read.again,
    back: last - at,
    older: at > 0,
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
