// Deliveries of webhooks as Zopay lists them: a view of what the sandbox sends for the caller's organisation.
import type { Answer } from '../../provider.ts'
import { Timers } from '../../world/clock.ts'
import { Deliveries, type Delivery } from '../../world/outbox.ts'
import type { World } from '../../world/world.ts'
import { bounds, livemodes, words } from './filters.ts'
import { page } from './pages.ts'
import { time, type ZopayCall } from './wire.ts'

export const ROW = 'zopay.deliveries.row'
export const FAILED = 'zopay.deliveries.failed'

const STATUSES = ['pending', 'processing', 'delivered', 'failed', 'exhausted'] as const

/** The id under which a delivery is answered. */
export function deliveryId({ seq }: Pick<Delivery, 'seq'>, world: World): string {
  return world.draw('zopay', 'delivery', seq).uuid()
}

// rule: zopay.deliveries.filters
export function listWebhookDeliveries(call: ZopayCall, world: World): Answer {
  const status = words(call, 'status', STATUSES)
  const livemode = livemodes(call)
  const within = bounds(call)
  const { event_id: event } = call.queryValues as { event_id?: string }
  const wanted = (row: Delivery) => {
    if (row.provider !== 'zopay' || row.account !== call.caller.org || !within(row.createdAt)) return false
    if (!status(statusOf(row, world))) return false
    const told = JSON.parse(row.body)
    return (event === undefined || told.id === event) && livemode(told.livemode)
  }
  const view = (row: Delivery) => viewOf(row, world)
  return page(call, { table: Deliveries, among: { index: 'all', group: '' }, wanted, view }, world)
}

// rule: zopay.deliveries.statuses
function statusOf({ status, sending, reason, attempts }: Delivery, world: World): (typeof STATUSES)[number] {
  if (sending !== null) return 'processing'
  if (status === 'delivered') return 'delivered'
  if (status === 'exhausted') return reason === undefined ? 'exhausted' : 'failed'
  // A scenario has lost it.
  if (status === 'dropped') return 'failed'
  // rule: zopay.deliveries.failed
  return attempts.length > 0 && world.assumes(FAILED) === 'retrying' ? 'failed' : 'pending'
}

// rule: zopay.deliveries.row
function viewOf(row: Delivery, world: World): object {
  const told = JSON.parse(row.body)
  const last = row.attempts.at(-1)
  const next = row.timer === null ? undefined : world.get(Timers, row.timer)
  const documented = {
    id: deliveryId(row, world),
    object: 'webhook_delivery',
    event_id: told.id,
    status: statusOf(row, world),
    attempt_count: row.attempts.length,
  }
  if (world.assumes(ROW) === 'documented-five') return documented
  return {
    ...documented,
    event_type: told.type,
    url: row.url ?? null,
    livemode: told.livemode,
    last_response_status: last?.status ?? null,
    last_error: last?.error ?? null,
    next_attempt_at: next ? time(next.at) : null,
    created_at: time(row.createdAt),
    delivered_at: row.status === 'delivered' && last ? time(last.at) : null,
  }
}
