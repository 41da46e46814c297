// One stream for all tabs of a browser that look at a world: a browser opens six connections to a place, and each stream takes one. The tab that holds
// the lock reads it and tells the others; when it closes, the next one gets the lock and goes on behind the last entry.
// Where there are no locks (http on another host is no secure context), each tab has a stream of its own.
import type { ServerEvent } from './sse.ts'
import { followStream, type Standing, type StreamOptions } from './stream.ts'

type Message =
  | { readonly says: 'event'; readonly event: ServerEvent }
  | { readonly says: 'standing'; readonly standing: Standing }
  /** A tab that is new, and wants to know how things stand. */
  | { readonly says: 'hello'; readonly from: string }
  /** The answer to it. */
  | {
      readonly says: 'welcome'
      readonly to: string
      readonly standing: Standing
      readonly events: readonly ServerEvent[]
    }

/** Follows a world until the signal says stop. */
export function follow({ world, after, told, stands }: StreamOptions, signal: AbortSignal): void {
  if (!('locks' in navigator)) {
    void followStream({ world, after, told, stands }, signal)
    return
  }
  const channel = new BroadcastChannel(`sandgate ${world}`)
  const tell = (message: Message) => {
    if (!signal.aborted) channel.postMessage(message)
  }
  /** What the leader says to those that come later. */
  const latest = new Map<string, ServerEvent>()
  let standing: Standing = { is: 'connecting' }
  let leads = false
  // Names a tab to the others; `crypto.randomUUID` is there wherever locks are.
  const self = crypto.randomUUID()

  const took = (event: ServerEvent) => {
    if (event.event === 'world' || event.event === 'clock') latest.set(event.event, event)
    told(event)
  }
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if (leads) {
      if (data.says === 'hello') tell({ says: 'welcome', to: data.from, standing, events: [...latest.values()] })
    } else if (data.says === 'standing') stands(data.standing)
    else if (data.says === 'event') took(data.event)
    else if (data.says === 'welcome' && data.to === self) {
      stands(data.standing)
      for (const event of data.events) took(event)
    }
  })
  signal.addEventListener('abort', () => channel.close(), { once: true })
  stands(standing)
  tell({ says: 'hello', from: self })
  navigator.locks
    .request(`sandgate ${world}`, { signal }, () => {
      leads = true
      return followStream(
        {
          world,
          after,
          told: (event) => {
            took(event)
            tell({ says: 'event', event })
          },
          stands: (now) => {
            standing = now
            stands(now)
            tell({ says: 'standing', standing })
          },
        },
        signal,
      )
    })
    // The page went to another world while it waited.
    .catch(() => undefined)
}
