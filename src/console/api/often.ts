// What is read again by itself, and not at every single thing that happens: lists that others change too, and answers that cost the sandbox something.
import { useEffect, useRef } from 'preact/hooks'
import { live } from '../live/live.ts'
import { type Read, useRead } from './use.ts'

/** How often it is asked whether it is time. */
const LOOK_MS = 500

export interface Often {
  /** The shortest time between two readings, however much happens. */
  readonly restMs: number
  /** After this time it is read again though nothing happened in the world; without it never. */
  readonly staleMs?: number
}

/** Reads a path again when something happened in the world, or it is old, for as long as the page is looked at. */
export function useReadOften<Value>(
  world: string,
  path: string | undefined,
  { restMs, staleMs = Infinity }: Often,
): Read<Value> {
  const read = useRead<Value>(world, path)
  const latest = useRef(read)
  latest.current = read
  const seen = useRef({ news: live.get().news, at: performance.now() })
  useEffect(() => {
    if (path === undefined) return
    const look = () => {
      const { news, standing } = live.get()
      const answers = standing.is !== 'lost' || standing.why?.code === 'world_not_found'
      if (latest.current.reading || document.visibilityState === 'hidden' || !answers) return
      const age = performance.now() - seen.current.at
      if (age < restMs || (news === seen.current.news && age < staleMs)) return
      seen.current = { news, at: performance.now() }
      latest.current.again()
    }
    const timer = setInterval(look, LOOK_MS)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [world, path])
  return read
}
