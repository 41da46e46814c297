// Which notable situation a step of a withdrawal shows.
import type { SituationName } from './situation-names.ts'

/** `before`: the withdrawal before this step. */
export function withdrawalSituation(
  step: string,
  { outcome, broadcastAt }: { readonly outcome: string; readonly broadcastAt: number | null },
): SituationName | undefined {
  if (step === 'broadcast') return outcome === 'stuck' ? 'withdrawal.stuck' : undefined
  if (step === 'failed') return `withdrawal.failed-${broadcastAt === null ? 'before' : 'after'}-broadcast`
  if (step === 'declined' || step === 'replaced' || step === 'reorged') return `withdrawal.${step}`
  return undefined
}
