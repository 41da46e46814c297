// What became of the attempts of a delivery, one by one and as a sentence.
import type { Attempt, Delivery } from '../api/shapes.ts'

/** So many are told of; of more, the last. */
export const TOLD = 12

export type Outcome = 'good' | 'bad' | 'open'

/** What became of an attempt. Without an answer and without an error it is on its way. */
export function outcomeOf({ status, error }: Pick<Attempt, 'status' | 'error'>): Outcome {
  if (error !== null) return 'bad'
  return status === null ? 'open' : 'good'
}

/** `3 attempts: failed, failed, answered 200; the next is due` */
export function attemptsSentence({ attempts, next_at: next }: Pick<Delivery, 'attempts' | 'next_at'>): string {
  const said = attempts.slice(-TOLD).map((attempt) => {
    const outcome = outcomeOf(attempt)
    if (outcome === 'open') return 'on its way'
    return attempt.status === null ? 'failed' : `${outcome === 'bad' ? 'failed with' : 'answered'} ${attempt.status}`
  })
  const count = attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`
  const all =
    attempts.length === 0
      ? 'no attempt yet'
      : `${count}${attempts.length > TOLD ? ', the last' : ''}: ${said.join(', ')}`
  return next == null ? all : `${all}; one more is due`
}
