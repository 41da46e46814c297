// One stream of `GET events`: opened, read, and opened again for as long as it is wanted. It never gives up, and says how it stands.
import { controlOf } from '../api/client.ts'
import { authorization, otherToken, token } from '../api/token.ts'
import { EventReader, type ServerEvent } from './sse.ts'

/** How the connection stands. */
export type Standing =
  | { readonly is: 'connecting' }
  | { readonly is: 'live' }
  /** `since`: wall time in ms; `why`: a sentence, where the sandbox said one. */
  | { readonly is: 'lost'; readonly since: number; readonly why?: Reason | undefined }

/** Why the sandbox does not let anybody follow. */
export interface Reason {
  readonly detail: string
  readonly code: string
}

export interface StreamOptions {
  readonly world: string
  /** The entry behind which it begins; undefined: with what comes next. */
  readonly after: () => number | undefined
  readonly told: (event: ServerEvent) => void
  readonly stands: (standing: Standing) => void
}

/** Told by the page itself: what follows comes over a new connection. */
export const OPENED = 'opened'

/** The sandbox says something every 15 s. */
const SILENCE_MS = 40_000
const AGAIN_MS = [250, 500, 1000, 2000, 3000]

/** Reads until the signal says stop. */
export async function followStream(options: StreamOptions, signal: AbortSignal): Promise<void> {
  let failures = 0
  let since = 0
  options.stands({ is: 'connecting' })
  while (!signal.aborted) {
    const why = await readOnce(
      options,
      () => {
        failures = 0
        options.told({ event: OPENED, id: undefined, data: '' })
        options.stands({ is: 'live' })
      },
      signal,
    )
    if (signal.aborted) return
    if (failures === 0) since = Date.now()
    options.stands({ is: 'lost', since, why })
    await pause(AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)]!, signal)
  }
}

/** One connection, to its end. Returns why there was none, where the sandbox said so. */
async function readOnce(
  { world, after, told }: StreamOptions,
  opened: () => void,
  outer: AbortSignal,
): Promise<Reason | undefined> {
  const stop = new AbortController()
  const end = () => stop.abort()
  outer.addEventListener('abort', end, { once: true })
  let silence = setTimeout(end, SILENCE_MS)
  try {
    const sent = token()
    const last = after()
    const answer = await fetch(`${controlOf(world)}/events`, {
      headers: {
        ...authorization(),
        accept: 'text/event-stream',
        ...(last !== undefined && { 'last-event-id': String(last) }),
      },
      cache: 'no-store',
      signal: stop.signal,
    })
    if (answer.status === 401) {
      clearTimeout(silence)
      await otherToken(sent)
      return undefined
    }
    if (!answer.ok || !answer.body) return await reasonOf(answer)
    opened()
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    const events = new EventReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return undefined
      clearTimeout(silence)
      silence = setTimeout(end, SILENCE_MS)
      for (const event of events.read(value)) told(event)
    }
  } catch {
    return undefined
  } finally {
    clearTimeout(silence)
    outer.removeEventListener('abort', end)
    stop.abort()
  }
}

async function reasonOf(answer: Response): Promise<Reason> {
  const text = await answer.text().catch(() => '')
  try {
    const { detail, code } = JSON.parse(text)
    return { detail: String(detail), code: String(code) }
  } catch {
    return { detail: `it answers ${answer.status}`, code: 'not_sandgate' }
  }
}

/** Ends early when the page is looked at again, or the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      removeEventListener('online', done)
      document.removeEventListener('visibilitychange', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    addEventListener('online', done)
    document.addEventListener('visibilitychange', done)
    signal.addEventListener('abort', done)
  })
}
