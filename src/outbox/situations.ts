// Which notable situations an attempt to deliver a callback shows: duplicates, another order, retries, receivers that are slow.
import { type Attempt, Deliveries, type Delivery } from '../world/outbox.ts'
import type { SituationName } from '../world/situation-names.ts'
import type { World } from '../world/world.ts'

// rule: sandgate.coverage.notable
/** Counts what this attempt shows, when it is over. `delivery`: as it was before; `entry`: that of the attempt. */
export function noticeAttempt(delivery: Delivery, attempt: Attempt, entry: number, world: World): void {
  const { coverage } = world.journal
  for (const situation of shown(delivery, attempt, world)) coverage.notable(delivery.provider, situation, entry)
}

function shown(delivery: Delivery, { status, error }: Attempt, world: World): SituationName[] {
  const { attempts, copyOf, spoiled } = delivery
  const found: SituationName[] = []
  const arrived = status !== null
  const again = copyOf !== undefined || attempts.some((before) => before.error === null)
  if (arrived && again) found.push('callback.duplicate')
  const last = attempts.at(-1)
  if (last && last.error !== null && last.status !== null) found.push('callback.retried')
  if (error?.startsWith('no answer within ')) found.push('callback.slow')
  if (arrived && spoiled) found.push(spoiled === 'bad-signature' ? 'callback.bad-signature' : 'callback.stale')
  const after = world.get(Deliveries, delivery.id)
  if (after?.status === 'exhausted' && after.reason === undefined) found.push('callback.exhausted')
  if (error === null && isOvertaken(delivery, world) && !again) found.push('callback.reordered')
  return found
}

/** Whether its receiver had taken a newer one about the same object before; a copy is as old as what it is a copy of. */
function isOvertaken({ provider, endpoint, object, seq, copyOf }: Delivery, world: World): boolean {
  if (object === null) return false
  const number = copyOf === undefined ? seq : (world.get(Deliveries, copyOf)?.seq ?? seq)
  return world.journal.coverage.taken(JSON.stringify([provider, endpoint, object]), number)
}
