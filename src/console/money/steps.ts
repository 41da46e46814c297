// The steps of deposits and withdrawals: `scheduled → seen → 7/12 → confirmed`, and the branches that end elsewhere.
import type { Deposit, Withdrawal } from '../api/shapes.ts'
import type { Step } from '../lists/step.ts'

/** The steps of a deposit. What it is going to end as is the last one, whether it is there or not. */
export function depositSteps({
  status,
  outcome,
  confirmations,
  required,
}: Pick<Deposit, 'status' | 'outcome' | 'confirmations' | 'required'>): Step[] {
  const count: Step[] =
    required === 0 || required === undefined
      ? []
      : [{ name: `${Math.min(confirmations, required)}/${required}`, is: confirmations > 0 ? 'done' : 'ahead' }]
  switch (status) {
    case 'scheduled':
      return [
        { name: 'scheduled', is: 'now' },
        { name: 'seen', is: 'ahead' },
        ...count,
        { name: endOf(outcome), is: 'ahead' },
      ]
    case 'seen':
      return [
        { name: 'scheduled', is: 'done' },
        { name: 'seen', is: confirmations > 0 ? 'done' : 'now' },
        ...count.map(({ name }): Step => ({ name, is: confirmations > 0 ? 'now' : 'ahead' })),
        { name: endOf(outcome), is: 'ahead' },
      ]
    default:
      return [
        { name: 'scheduled', is: 'done' },
        { name: 'seen', is: 'done' },
        ...count.filter(({ is }) => is === 'done'),
        { name: status, is: status === 'confirmed' ? 'done' : 'bad' },
      ]
  }
}

/** The steps of a withdrawal. */
export function withdrawalSteps({
  status,
  outcome,
  broadcast_at: broadcast,
  confirmations,
}: Pick<Withdrawal, 'status' | 'outcome' | 'broadcast_at' | 'confirmations'>): Step[] {
  const count: Step[] = confirmations > 0 ? [{ name: `${confirmations} confirmations`, is: 'done' }] : []
  switch (status) {
    case 'held':
      return [
        { name: 'held', is: 'now' },
        ...(outcome === 'failed' || outcome === 'declined' ? [] : [{ name: 'broadcast', is: 'ahead' } as const]),
        { name: endOf(outcome), is: 'ahead' },
      ]
    case 'broadcast':
      return [
        { name: 'held', is: 'done' },
        { name: 'broadcast', is: confirmations > 0 ? 'done' : 'now' },
        ...count.map(({ name }): Step => ({ name, is: 'now' })),
        { name: endOf(outcome), is: 'ahead' },
      ]
    default:
      return [
        { name: 'held', is: 'done' },
        ...(broadcast === null ? [] : [{ name: 'broadcast', is: 'done' } as const]),
        { name: status, is: status === 'confirmed' ? 'done' : 'bad' },
      ]
  }
}

/** Where it is to end, in words that tell it from where it is. */
function endOf(outcome: string): string {
  return outcome === 'confirmed' ? outcome : `to be ${outcome}`
}

/** Whether a withdrawal has not come to its end. */
export function isUnderWay({ status }: Pick<Withdrawal, 'status'>): boolean {
  return status === 'held' || status === 'broadcast'
}
