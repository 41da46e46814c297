// The event log: what happened, newest first, to be read, and to be delivered once more. Sending is left to webhooks.ts.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { deliver, Endpoints, post } from '../../world/outbox.ts'
import { Count, Flag, JsonObject, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { deliveryId } from './deliveries.ts'
import { readExact, write } from './exact.ts'
import { bounds, livemodes, related, words } from './filters.ts'
import { page } from './pages.ts'
import { callbackOf, EVENTS } from './webhooks.ts'
import { ok, time, type ZopayCall } from './wire.ts'

// rule: zopay.events.vocabulary
const TYPES = ['payment_intent.completed', 'address.deposit.received'] as const
// rule: zopay.payouts.events
const PLANNED = ['payout.broadcast', 'payout.delivered', 'payout.failed'] as const
const EVERY_TYPE = [...TYPES, ...PLANNED] as const

export interface EventRow {
  readonly id: string
  readonly seq: number
  readonly org: string
  readonly livemode: boolean
  readonly type: (typeof EVERY_TYPE)[number]
  /** JSON text, as it was when it happened. */
  readonly data: string
  /** The UUID of the intent, of the address, or of the payout's transaction. */
  readonly relatedTo: string
  readonly relatedKind: 'payment_intent' | 'address' | 'payout'
  /** The id that the partner knows the object by. */
  readonly reference: string
  /** World ms. */
  readonly createdAt: number
}

export const Events: Table<EventRow> = {
  name: 'zopay.events',
  key: (row) => row.id,
  schema: z.strictObject({
    org: Text,
    livemode: Flag,
    type: oneOf(EVERY_TYPE),
    relatedTo: Text,
    relatedKind: oneOf(['payment_intent', 'address', 'payout']),
    reference: Text,
    data: JsonObject,
    id: Text,
    seq: Count,
    createdAt: Moment,
  }),
  // rule: zopay.events.both-modes
  indexes: { organisation: { group: (row) => row.org, order: (row) => row.seq } },
}

/** Logs an event and tells the organisation's webhook. Only inside a change. */
// rule: zopay.events.without-endpoint
export function log(
  happened: Pick<EventRow, 'org' | 'livemode' | 'type' | 'relatedTo' | 'relatedKind' | 'reference'> & { data: object },
  world: World,
): EventRow {
  const seq = world.next('zopay.events')
  const event: EventRow = world.put(Events, {
    ...happened,
    data: write(happened.data),
    id: eventId(seq, world),
    seq,
    createdAt: world.now,
  })
  post(callbackOf(event, view(event), world), world)
  return event
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** `evt_` and a ULID: ten characters of time, sixteen drawn. */
// rule: zopay.events.id
function eventId(seq: number, world: World): string {
  let rest = world.now
  let stamp = ''
  for (let i = 0; i < 10; i++) {
    stamp = CROCKFORD[rest % 32] + stamp
    rest = Math.floor(rest / 32)
  }
  return `evt_${stamp}${world.draw('zopay', 'event', seq).base32(16)}`
}

export function listEvents(call: ZopayCall, world: World): Answer {
  // rule: zopay.events.filters
  const type = words(call, 'type', world.assumes(EVENTS) === 'planned' ? EVERY_TYPE : TYPES)
  const about = related(call)
  const livemode = livemodes(call)
  const within = bounds(call)
  const wanted = (row: EventRow) =>
    type(row.type) && about(row.relatedTo) && livemode(row.livemode) && within(row.createdAt)
  return page(call, { table: Events, among: { index: 'organisation', group: call.caller.org }, wanted, view }, world)
}

export function getEvent(call: ZopayCall, world: World): Answer {
  return ok(view(eventOf(call, world)))
}

/** Puts a new delivery of an old event on its way. */
export function replayEvent(call: ZopayCall, world: World): Answer {
  const event = eventOf(call, world)
  // rule: zopay.replay.no-endpoint
  const endpoint = world.first(Endpoints, 'byAccount', JSON.stringify(['zopay', event.org]))
  if (!endpoint)
    throw new Refusal(
      'webhook_endpoint_not_configured',
      {},
      'PUT /_sandgate/callbacks/endpoints/zopay sets the webhook endpoint',
    )
  // rule: zopay.replay.always
  const delivery = deliver(callbackOf(event, view(event), world), endpoint, world)
  return ok({
    // rule: zopay.replay.shape
    id: deliveryId(delivery, world),
    object: 'webhook_delivery',
    event_id: event.id,
    status: 'pending',
    attempt_count: 0,
  })
}

function eventOf(call: ZopayCall, world: World): EventRow {
  const event = world.get(Events, call.params.event_id!)
  // rule: zopay.events.not-found
  if (!event || event.org !== call.caller.org) throw new Refusal('event_not_found')
  return event
}

function view(row: EventRow): object {
  return {
    // rule: zopay.events.shape
    id: row.id,
    object: 'event',
    type: row.type,
    livemode: row.livemode,
    api_version: 'v1',
    created_at: time(row.createdAt),
    data: readExact(row.data),
    related_to: row.relatedTo,
    related_to_kind: row.relatedKind,
  }
}
