// Zopay's webhook: an event of the log, as it is sent, signed and tried again.
import { createHmac } from 'node:crypto'
import type { CallbackRules } from '../../provider.ts'
import type { Callback } from '../../world/outbox.ts'
import type { World } from '../../world/world.ts'
import type { Settings } from './catalogue.ts'
import { write } from './exact.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** The switch between the two names that the pages give to the webhook of a paid intent. */
export const COMPLETED_NAME = 'zopay.webhooks.completed-name'
const COMPLETED = 'payment_intent.completed'
const OLD_COMPLETED = 'payment.completed'

/** The switch between no webhooks of payouts, as today, and those that are announced. */
export const EVENTS = 'zopay.payouts.events'

export const callbacks: CallbackRules = {
  // rule: zopay.webhooks.completed-name
  events: [
    COMPLETED,
    OLD_COMPLETED,
    'address.deposit.received',
    // rule: zopay.payouts.events
    'payout.broadcast',
    'payout.delivered',
    'payout.failed',
  ],
  // rule: zopay.webhooks.retries
  retryMs: [MINUTE_MS, 4 * MINUTE_MS, 25 * MINUTE_MS, 90 * MINUTE_MS, 10 * HOUR_MS],
  timeoutMs: 10_000,
  dated: true,
  // rule: zopay.webhooks.success
  succeeded: (status) => status >= 200 && status < 300,
  // rule: zopay.webhooks.signature
  signedText: ({ body }, wallMs) => `${seconds(wallMs)}.${body}`,
  headers: (delivery, { secret }, wallMs) => ({
    // rule: zopay.webhooks.event-id
    'X-ZoPay-Event-Id': JSON.parse(delivery.body).id,
    'X-ZoPay-Signature': `t=${seconds(wallMs)},v1=${createHmac('sha256', secret).update(callbacks.signedText(delivery, wallMs)).digest('hex')}`,
  }),
  account: (named, world) => {
    const { organisations } = world.settings<Settings>('zopay')
    return named === undefined ? organisations[0] : organisations.find((organisation) => organisation === named)
  },
  // rule: zopay.webhooks.secret
  secret: (account, given, world) => given ?? `whsec_${world.draw('zopay', 'webhook-secret', account).hex(24)}`,
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

/** An event of the log: what it is called, and whom it concerns. */
export interface LoggedEvent {
  readonly type: string
  readonly org: string
  /** The id that the partner knows the object by. */
  readonly reference: string
}

/** An event as it is pushed: what the log tells, to the byte. */
// rule: zopay.webhooks.body
export function callbackOf(event: LoggedEvent, told: object, world: World): Callback {
  const type = event.type === COMPLETED && world.assumes(COMPLETED_NAME) === OLD_COMPLETED ? OLD_COMPLETED : event.type
  const body = write({ ...told, type })
  return { provider: 'zopay', account: event.org, event: type, object: event.reference, body: () => body }
}
