// The newest rows of a list that the control API gives oldest first, a page at a time: the pages are walked to the last one, which is read again whenever
// something happens.
import { useEffect, useState } from 'preact/hooks'
import { queryOf } from '../api/client.ts'
import type { Page } from '../api/shapes.ts'
import { type Read, useReadLive } from '../api/use.ts'
import { live } from '../live/live.ts'
import { useStore } from '../state/store.ts'

/** Rows of a page. */
const PAGE = 500

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
  useEffect(() => {
    if (read.value === undefined || at !== last) return
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

/** How many pages back a URL says. */
export function backOf(query: Readonly<Record<string, string>>): number {
  const back = Number(query.back)
  return Number.isInteger(back) && back > 0 ? back : 0
}
