// The entries that the timeline shows: what was read, and what the stream told since.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { api, type Problem } from '../api/client.ts'
import type { Brief } from '../api/shapes.ts'
import { asProblem } from '../api/use.ts'
import { live } from '../live/live.ts'
import { merged, type Window, WINDOW } from '../state/entries.ts'
import { useStore } from '../state/store.ts'
import { type Filters, isWanted, pathOf } from './filters.ts'

export interface Shown {
  /** Oldest first. */
  readonly entries: Window
  /** Whether there are older ones to read. */
  readonly older: boolean
  /** How many entries the journal had to drop. */
  readonly dropped: number
  readonly problem: Problem | undefined
  readonly reading: boolean
  again(): void
}

interface ReadSoFar {
  readonly of: string
  readonly entries: Window
  readonly full: boolean
  readonly dropped: number
  readonly problem: Problem | undefined
}

interface JournalPage {
  readonly data: readonly Brief[]
  readonly dropped: number
}

/** How long the stream may take to open before the journal is read without it. */
const PATIENCE_MS = 1500

export function useEntries(world: string, filters: Filters): Shown {
  const { entries: told, turn, standing, told: worldTold, news } = useStore(live)
  const [asked, setAsked] = useState(0)
  const [patient, setPatient] = useState(true)
  const path = pathOf(filters)
  const of = `${world} ${path} ${turn}`
  const [read, setRead] = useState<ReadSoFar>({ of: '', entries: [], full: false, dropped: 0, problem: undefined })
  // What is read before the stream is open might lack what happens until it is.
  const opened = worldTold !== undefined
  const ready = opened || standing.is === 'lost' || !patient

  useEffect(() => {
    const timer = setTimeout(() => setPatient(false), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [])
  useEffect(() => {
    if (!ready) return
    const stop = new AbortController()
    api<JournalPage>(world, path, { signal: stop.signal }).then(
      ({ data, dropped }) =>
        setRead({ of, entries: merged([], data), full: data.length >= WINDOW, dropped, problem: undefined }),
      (error: unknown) => {
        if (stop.signal.aborted) return
        const problem = asProblem(error)
        setRead((before) =>
          before.of === of ? { ...before, problem } : { of, entries: [], full: false, dropped: 0, problem },
        )
      },
    )
    return () => stop.abort()
  }, [of, ready, opened, asked])
  useSearch(world, filters, news, read, setRead)

  const current = read.of === of ? read : undefined
  const entries = useMemo(() => {
    if (!current) return []
    if (filters.before !== undefined) return current.entries
    if (filters.text !== '') {
      // What changed since it was found.
      const newer = new Map(told.map((entry) => [entry.id, entry]))
      return current.entries.map((entry) => newer.get(entry.id) ?? entry)
    }
    return merged(
      current.entries,
      told.filter((entry) => isWanted(filters, entry)),
    )
  }, [current, told, path])
  return {
    entries,
    older: current !== undefined && (current.full || entries.length >= WINDOW),
    dropped: current?.dropped ?? 0,
    problem: current?.problem,
    reading: current === undefined,
    again: () => setAsked((count) => count + 1),
  }
}

/** A text is looked for in bodies, which the stream does not tell: what is new is asked for, one question at a time. */
function useSearch(
  world: string,
  filters: Filters,
  news: number,
  read: ReadSoFar,
  setRead: (change: (before: ReadSoFar) => ReadSoFar) => void,
): void {
  const asking = useRef(false)
  const seen = useRef(news)
  const [turns, setTurns] = useState(0)
  useEffect(() => {
    if (filters.text === '' || filters.before !== undefined || asking.current || seen.current === news) return
    if (read.of === '' || read.problem) return
    seen.current = news
    asking.current = true
    const { of } = read
    const after = read.entries.at(-1)?.id ?? 0
    api<JournalPage>(world, pathOf(filters, after))
      .then(
        ({ data }) => setRead((now) => (now.of === of ? { ...now, entries: merged(now.entries, data) } : now)),
        () => undefined,
      )
      .finally(() => {
        asking.current = false
        // What came meanwhile.
        setTurns((count) => count + 1)
      })
  }, [news, read.of, filters.text, turns])
}
