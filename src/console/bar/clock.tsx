// The clock of the world: what time it is, what is due next, and the buttons that move it. What a move did is shown under it.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { Brief, ClockTold, Happened } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { live } from '../live/live.ts'
import { useStore } from '../state/store.ts'
import { Chip, StatusChip } from '../ui/chip.tsx'
import { ProblemNote } from '../ui/empty.tsx'
import { EntryLink } from '../ui/link.tsx'
import { hourOf, timeOf } from '../ui/time.tsx'

/** How many attempts are listed under an advance. */
const ATTEMPTS_SHOWN = 20

/** How far the buttons move it. */
const STEPS = ['1m', '15m', '1h', '1d']

/** What is asked of `POST clock/advance`. */
export type Move = { readonly by: string } | { readonly to: string } | { readonly until: 'quiet' }

interface Moved {
  readonly now: string
  readonly happened: readonly Happened[]
}

/** What a move did, and behind which entry and after which world time its own entries stand: the stream tells entries a little later than the answer does. */
interface Done extends Moved {
  readonly behind: number
  readonly from: string
  /** Of the world as it was then. */
  readonly turn: number
}

/** Moves the clock of a world. */
export function advance(world: string, move: Move): Promise<Moved> {
  return api<Moved>(world, '/clock/advance', { method: 'POST', body: move })
}

export function Clock({ world }: { readonly world: string }) {
  const { clock, entries, turn } = useStore(live)
  const [duration, setDuration] = useState('')
  const [moved, setMoved] = useState<Done>()
  const moving = useAction((move: Move) => advance(world, move))
  const switching = useAction((mode: 'frozen' | 'running') => api(world, '/clock', { method: 'PATCH', body: { mode } }))
  const move = async (to: Move) => {
    if (moving.busy) return
    setMoved(undefined)
    const { entries, told } = live.get()
    const known = moved?.turn === turn ? moved.now : ''
    const from = clock && clock.now > known ? clock.now : known
    const behind = entries.at(-1)?.id ?? (told?.next_entry ?? 1) - 1
    const result = await moving.run(to)
    if (result) setMoved({ ...result, behind, from, turn })
  }
  if (!clock) return <div class="clock reading">World time is not known yet.</div>
  const next = clock.next
  const running = clock.mode === 'running'
  return (
    <div class="clock" role="group" aria-label="Clock of the world" aria-busy={moving.busy}>
      <Now clock={clock} />
      <button
        type="button"
        class="small"
        title={running ? 'It goes on by itself. Freeze it' : 'It stands. Let it run'}
        onClick={() => void switching.run(running ? 'frozen' : 'running')}
      >
        {running ? 'Freeze' : 'Run'}
      </button>
      {STEPS.map((by) => (
        <button key={by} type="button" class="small" title={`Advance by ${by}`} onClick={() => void move({ by })}>
          +{by}
        </button>
      ))}
      <button
        type="button"
        class="small next"
        aria-disabled={!next}
        title={next ? `${next.provider}: ${next.summary}, due ${next.at}` : 'Nothing is due'}
        onClick={() => next && void move({ to: next.at })}
      >
        {next ? (
          <>
            To the next event: {sameDay(next.at, clock.now) ? hourOf(next.at) : timeOf(next.at)} {next.summary}
          </>
        ) : (
          'Nothing is due'
        )}
      </button>
      <button
        type="button"
        class="small"
        title="Advance until no callback, confirmation or scenario step is pending"
        onClick={() => void move({ until: 'quiet' })}
      >
        Until quiet
      </button>
      <form
        onSubmit={(event: Event) => {
          event.preventDefault()
          if (duration.trim() !== '') void move({ by: duration.trim() })
        }}
      >
        <input
          aria-label="Advance by a duration, such as 90s, 4h, 7d or PT4H"
          placeholder="4h"
          size={5}
          value={duration}
          spellcheck={false}
          autocomplete="off"
          onInput={(event: Event) => setDuration((event.currentTarget as HTMLInputElement).value)}
        />
        <button type="submit" class="small">
          Advance
        </button>
      </form>
      {(moving.busy || moved || moving.problem || switching.problem || clock.problem) && (
        <div class="moved" role="status">
          {!moving.busy && !clock.problem && (
            <button
              type="button"
              class="small dismiss"
              onClick={() => {
                setMoved(undefined)
                moving.forget()
                switching.forget()
              }}
            >
              Dismiss
            </button>
          )}
          {moving.busy && <p>Advancing…</p>}
          {clock.problem && <p class="problem">The world is stopped: {clock.problem}</p>}
          <ProblemNote problem={moving.problem ?? switching.problem} />
          {moved && (
            <Happenings moved={moved}>
              <Settled attempts={attemptsIn(entries, moved)} />
            </Happenings>
          )}
        </div>
      )}
    </div>
  )
}

/** World time; of a running clock it goes on between what is told. */
function Now({ clock }: { readonly clock: ClockTold & { readonly heard: number } }) {
  const [, tick] = useState(0)
  const running = clock.mode === 'running'
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => tick((count) => count + 1), 1000)
    return () => clearInterval(timer)
  }, [running])
  const now = running
    ? new Date(Date.parse(clock.now) + performance.now() - clock.heard).toISOString().replace(/\.\d+Z/, '.000Z')
    : clock.now
  return (
    <span class="now">
      <time dateTime={now} title="World time, UTC">
        {timeOf(now)}
      </time>{' '}
      {clock.mode}
    </span>
  )
}

interface HappeningsProps {
  readonly moved: Moved
  /** What matters most of it. */
  readonly children: ComponentChildren
}

function Happenings({ moved: { now, happened }, children }: HappeningsProps) {
  if (happened.length === 0) return <p>It is {timeOf(now)} now. Nothing was due on the way.</p>
  return (
    <>
      <p>
        It is {timeOf(now)} now. {happened.length === 1 ? 'One thing' : `${happened.length} things`} happened on the
        way:
      </p>
      {children}
      <ol>
        {happened.slice(0, 50).map(({ at, provider, kind, summary }, index) => (
          <li key={index}>
            <time dateTime={at}>{timeOf(at)}</time> {provider} <span class="muted">{kind}</span> {summary}
          </li>
        ))}
      </ol>
      {happened.length > 50 && <p>… and {happened.length - 50} more; the timeline has them.</p>}
    </>
  )
}

/** How receivers answered on the way. */
function Settled({ attempts }: { readonly attempts: readonly Brief[] }) {
  if (attempts.length === 0) return null
  return (
    <>
      <p>{attempts.length === 1 ? 'One callback was attempted:' : `${attempts.length} callbacks were attempted:`}</p>
      <ul>
        {attempts.slice(0, ATTEMPTS_SHOWN).map((entry) => (
          <li key={entry.id}>
            <EntryLink id={entry.id}>{entry.summary}</EntryLink>{' '}
            {entry.status === undefined && entry.error === undefined ? (
              <Chip tone="info">on its way</Chip>
            ) : entry.status == null ? (
              <Chip tone="bad">{entry.error}</Chip>
            ) : (
              <StatusChip status={entry.status} />
            )}
          </li>
        ))}
      </ul>
      {attempts.length > ATTEMPTS_SHOWN && (
        <p>… and {attempts.length - ATTEMPTS_SHOWN} more; the view Callbacks has them.</p>
      )}
    </>
  )
}

function attemptsIn(entries: readonly Brief[], { behind, from }: Done): Brief[] {
  return entries.filter(({ id, at, kind }) => id > behind && at > from && kind === 'callback')
}

function sameDay(a: string, b: string): boolean {
  return a.slice(0, 10) === b.slice(0, 10)
}
