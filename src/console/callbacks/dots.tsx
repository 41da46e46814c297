// The attempts of a delivery as dots, one each: answered well, failed, on its way, and the one that is due next.
import type { Delivery } from '../api/shapes.ts'
import { attemptsSentence, type Outcome, outcomeOf, TOLD } from './outcomes.ts'

/** Pixels from dot to dot. */
const STEP = 14

export function Dots({ row }: { readonly row: Pick<Delivery, 'attempts' | 'next_at'> }) {
  const outcomes = row.attempts.map(outcomeOf)
  const drawn: (Outcome | 'next')[] = [...outcomes.slice(-TOLD), ...(row.next_at == null ? [] : (['next'] as const))]
  if (drawn.length === 0) return <span class="muted">none</span>
  return (
    <>
      {outcomes.length > TOLD && <span class="muted">{outcomes.length - TOLD} + </span>}
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
