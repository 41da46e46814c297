// The attempts of a delivery as dots, one each: answered well, failed, on its way, and the one that is due next.
import type { Attempt, Delivery } from '../api/shapes.ts'

/** So many are drawn; of more, the last. */
const DOTS = 12
const STEP = 14

export type Outcome = 'good' | 'bad' | 'open'

/** What became of an attempt. Without an answer and without an error it is on its way. */
export function outcomeOf({ status, error }: Pick<Attempt, 'status' | 'error'>): Outcome {
  if (error !== null) return 'bad'
  return status === null ? 'open' : 'good'
}

export function Dots({ row }: { readonly row: Pick<Delivery, 'attempts' | 'next_at'> }) {
  const outcomes = row.attempts.map(outcomeOf)
  const drawn: (Outcome | 'next')[] = [...outcomes.slice(-DOTS), ...(row.next_at == null ? [] : (['next'] as const))]
  if (drawn.length === 0) return <span class="muted">none</span>
  return (
    <>
      {outcomes.length > DOTS && <span class="muted">{outcomes.length - DOTS} + </span>}
      <svg
        class="dots"
        width={drawn.length * STEP}
        height={STEP}
        viewBox={`0 0 ${drawn.length * STEP} ${STEP}`}
        role="img"
        aria-label={attemptsSentence(row)}
      >
        <title>{attemptsSentence(row)}</title>
        {drawn.map((outcome, index) => (
          <circle
            key={index}
            class={outcome}
            cx={index * STEP + STEP / 2}
            cy={STEP / 2}
            r={outcome === 'good' || outcome === 'bad' ? 5 : 4.5}
          />
        ))}
      </svg>
    </>
  )
}

/** `3 attempts: failed, failed, answered 200; the next is due` */
export function attemptsSentence({ attempts, next_at: next }: Pick<Delivery, 'attempts' | 'next_at'>): string {
  const said = attempts.slice(-DOTS).map((attempt) => {
    const outcome = outcomeOf(attempt)
    if (outcome === 'open') return 'on its way'
    return attempt.status === null ? 'failed' : `${outcome === 'bad' ? 'failed with' : 'answered'} ${attempt.status}`
  })
  const count = attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`
  const all =
    attempts.length === 0
      ? 'no attempt yet'
      : `${count}${attempts.length > DOTS ? ', the last' : ''}: ${said.join(', ')}`
  return next == null ? all : `${all}; one more is due`
}
