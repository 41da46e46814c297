// What the stream has told of the world that is looked at: how the connection stands, the clock, the newest entries.
import type { Brief, ClockTold, WorldTold } from '../api/shapes.ts'
import { merged, type Window } from '../state/entries.ts'
import { Store } from '../state/store.ts'
import { follow } from './leader.ts'
import type { ServerEvent } from './sse.ts'
import { OPENED, type Standing } from './stream.ts'

/** Entries that come within this time are drawn together. */
const DRAW_MS = 50
/** Where so much happens that entries are missed, what is shown is read again no more often than this. */
const REREAD_MS = 2_000

export interface Live {
  readonly world: string
  readonly standing: Standing
  readonly told: WorldTold | undefined
  /** The clock, and when it was told, in ms of `performance.now()`: a running one goes on from there. */
  readonly clock: (ClockTold & { readonly heard: number }) | undefined
  /** The newest entries that the stream told. */
  readonly entries: Window
  /** Counts whenever the world became another one, or entries were missed: everything shown is to be read again. */
  readonly turn: number
  /** Counts whenever something happened. */
  readonly news: number
}

export const live = new Store<Live>(nothing(''))

function nothing(world: string): Live {
  return {
    world,
    standing: { is: 'connecting' },
    told: undefined,
    clock: undefined,
    entries: [],
    turn: 0,
    news: 0,
  }
}

/** What is kept between streams. */
interface Following {
  /** Behind which entry a new stream begins. */
  last: number | undefined
  /** The next `world` is the first thing that a new connection says. */
  opened: boolean
  /** Entries were missed: what is shown is to be read again. */
  readonly reread: () => void
  readonly stop: AbortController
}

/** Looks at a world from now on, until the returned function is called. */
export function lookAt(world: string): () => void {
  const stop = new AbortController()
  const following: Following = { last: undefined, opened: false, reread: atMostEvery(REREAD_MS, readAgain), stop }
  live.set({ ...nothing(world), turn: live.get().turn + 1 })
  // Entries come in bursts; the page is drawn once for all that came together.
  let burst: Brief[] = []
  const flush = () => {
    const came = burst
    burst = []
    if (came.length === 0 || following.stop.signal.aborted) return
    const now = live.get()
    live.set({ ...now, entries: merged(now.entries, came), news: now.news + 1 })
  }
  follow(
    {
      world,
      after: () => following.last,
      told: (event) => {
        // What cannot be read spoils nothing but itself: a new stream would tell it again, so the page goes on behind it.
        if (event.event === 'entry' && event.id !== undefined) following.last = Number(event.id)
        try {
          if (event.event === 'entry' || event.event === 'amended') {
            if (burst.push(JSON.parse(event.data) as Brief) === 1) setTimeout(flush, DRAW_MS)
          } else {
            flush()
            take(event, following)
          }
        } catch (error) {
          console.warn('sandgate: an event was passed over', event.event, event.id, error)
        }
      },
      stands: (standing) => live.set({ ...live.get(), standing }),
    },
    following.stop.signal,
  )
  return () => following.stop.abort()
}

function take({ event, data }: ServerEvent, following: Following): void {
  const now = live.get()
  if (event === OPENED) {
    following.opened = true
  } else if (event === 'clock') {
    live.set({ ...now, clock: { ...JSON.parse(data), heard: performance.now() }, news: now.news + 1 })
  } else if (event === 'world') {
    const told = JSON.parse(data) as WorldTold
    if (now.told && now.told.version !== told.version) {
      // The page is that of another Sandgate.
      location.reload()
      return
    }
    const first = following.opened
    following.opened = false
    // The same world, found again: the stream goes on where it was.
    const goesOn = now.told === undefined || (first && isSame(now.told, told, following.last ?? 0))
    if (!goesOn || following.last === undefined) following.last = told.next_entry - 1
    live.set({ ...now, told, news: now.news + 1, ...(!goesOn && { entries: [], turn: now.turn + 1 }) })
  } else if (event === 'gap') {
    const { next } = JSON.parse(data) as { next: number }
    following.last = next - 1
    following.reread()
  }
}

function readAgain(): void {
  const now = live.get()
  live.set({ ...now, entries: [], turn: now.turn + 1, news: now.news + 1 })
}

/** Does something when it is first asked for, and then once a while for all who asked meanwhile. */
function atMostEvery(ms: number, does: () => void): () => void {
  let rests = false
  let again = false
  const run = () => {
    does()
    rests = true
    again = false
    setTimeout(() => {
      rests = false
      if (again) run()
    }, ms)
  }
  return () => {
    if (rests) again = true
    else run()
  }
}

function isSame(was: WorldTold, is: WorldTold, last: number): boolean {
  return was.seed === is.seed && was.journal === is.journal && is.next_entry > last
}
