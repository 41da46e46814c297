// What a component reads from the control API: read when it appears, again when asked to, and whenever the world is another one.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { live } from '../live/live.ts'
import { useStore } from '../state/store.ts'
import { api, Problem } from './client.ts'

/** What was read so far. `value` stays while it is read again, and when that fails. */
export interface Read<Value> {
  readonly value: Value | undefined
  readonly problem: Problem | undefined
  readonly reading: boolean
  again(): void
}

/** Reads a path of the control API; undefined reads nothing. */
export function useRead<Value>(world: string, path: string | undefined): Read<Value> {
  const { turn } = useStore(live)
  const [asked, setAsked] = useState(0)
  const [state, setState] = useState<{
    of: string
    value: Value | undefined
    problem: Problem | undefined
    reading: boolean
  }>({ of: '', value: undefined, problem: undefined, reading: path !== undefined })
  const of = `${world} ${path}`

  useEffect(() => {
    if (path === undefined) return
    const stop = new AbortController()
    setState((before) =>
      before.of === of ? { ...before, reading: true } : { of, value: undefined, problem: undefined, reading: true },
    )
    api<Value>(world, path, { signal: stop.signal }).then(
      (value) => setState({ of, value, problem: undefined, reading: false }),
      (error: unknown) => {
        if (!stop.signal.aborted) setState((before) => ({ ...before, problem: asProblem(error), reading: false }))
      },
    )
    return () => stop.abort()
  }, [of, turn, asked])

  const again = useCallback(() => setAsked((count) => count + 1), [])
  return state.of === of ? { ...state, again } : { value: undefined, problem: undefined, reading: true, again }
}

/** Reads again whenever something happens in the world, at most once at a time. */
export function useReadLive<Value>(world: string, path: string | undefined): Read<Value> {
  const read = useRead<Value>(world, path)
  const { news } = useStore(live)
  const seen = useRef(news)
  useEffect(() => {
    if (read.reading || seen.current === news) return
    seen.current = news
    read.again()
  }, [news, read.reading])
  return read
}

/** Something that is done when a button is pressed: whether it is under way, and why it failed. */
export function useAction<Args extends readonly unknown[], Result>(
  action: (...args: Args) => Promise<Result>,
): {
  readonly run: (...args: Args) => Promise<Result | undefined>
  readonly busy: boolean
  readonly problem: Problem | undefined
  readonly forget: () => void
} {
  const [state, setState] = useState<{ busy: boolean; problem: Problem | undefined }>({
    busy: false,
    problem: undefined,
  })
  const run = async (...args: Args) => {
    setState({ busy: true, problem: undefined })
    try {
      const result = await action(...args)
      setState({ busy: false, problem: undefined })
      return result
    } catch (error) {
      setState({ busy: false, problem: asProblem(error) })
      return undefined
    }
  }
  return { ...state, run, forget: () => setState({ busy: false, problem: undefined }) }
}

/** Anything thrown, as a sentence. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(sentenceOf(error), 'page_error')
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
