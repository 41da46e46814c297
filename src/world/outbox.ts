// Callbacks to partners: endpoints, deliveries and their attempts, on world time. Sending is left to outbox/sender.ts, signing
// and schedules to the provider.
import { z } from 'zod'
import { Timers } from './clock.ts'
import type { Module } from './module.ts'
import { withoutLogins } from '../text/redact.ts'
import { Count, JsonObject, Moment, oneOf, Text } from './rows.ts'
import type { Table } from './tables.ts'
import type { World } from './world.ts'

export interface Endpoint {
  readonly id: string
  readonly seq: number
  readonly provider: string
  readonly account: string
  readonly url: string
  readonly secret: string
  /** Null: every event. */
  readonly events: readonly string[] | null
}

export const Endpoints: Table<Endpoint> = {
  name: 'endpoints',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({
    seq: Count,
    id: Text,
    provider: Text,
    account: Text,
    url: Text.refine((text) => URL.canParse(text), 'expected a URL'),
    secret: Text,
    events: z.array(Text).nullable(),
  }),
  indexes: {
    byAccount: { group: (row) => JSON.stringify([row.provider, row.account]), order: (row) => row.seq },
    all: { group: () => '', order: (row) => row.seq },
  },
}

/** `paused` waits for a resume, `held` for the delivery that overtakes it, or for a timeout. */
export type DeliveryStatus = 'pending' | 'delivered' | 'exhausted' | 'dropped' | 'paused' | 'held'

export interface Attempt {
  /** World ms. */
  readonly at: number
  /** The receiver's status; null when there was no answer. */
  readonly status: number | null
  /** Why the attempt failed; null: it succeeded. */
  readonly error: string | null
}

export interface Delivery {
  readonly id: string
  readonly seq: number
  readonly provider: string
  readonly account: string
  readonly endpoint: string
  /** Where its last attempt went, or the first one is to go, without a password; left out by versions that did not note it. */
  readonly url?: string
  readonly event: string
  /** The provider's own id of the object it is about, as in the allocation's `reference`. */
  readonly object: string | null
  /** Exactly what is sent, the same on every attempt. */
  readonly body: string
  readonly createdAt: number
  readonly status: DeliveryStatus
  readonly attempts: readonly Attempt[]
  /** The timer of the next attempt. */
  readonly timer: string | null
  /** The number of the attempt in flight, over all deliveries; null: none is. */
  readonly sending: number | null
  readonly spoiled: 'bad-signature' | 'stale-timestamp' | null
  /** Why it is not retried, other than that all attempts were made. */
  readonly reason?: string
  /** The delivery whose bytes a scenario sends again with this one. */
  readonly copyOf?: string
}

const AttemptSchema = z.strictObject({ at: Moment, status: Count.nullable(), error: Text.nullable() })

export const Deliveries: Table<Delivery> = {
  name: 'deliveries',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    provider: Text,
    account: Text,
    endpoint: Text,
    url: Text.exactOptional(),
    event: Text,
    object: Text.nullable(),
    // The headers of every provider are made of what it holds.
    body: JsonObject,
    createdAt: Moment,
    status: oneOf(['pending', 'delivered', 'exhausted', 'dropped', 'paused', 'held']),
    attempts: z.array(AttemptSchema, { error: 'expected a list of attempts' }),
    timer: Text.nullable(),
    sending: Count.nullable(),
    spoiled: oneOf(['bad-signature', 'stale-timestamp']).nullable(),
    reason: Text.exactOptional(),
    copyOf: Text.exactOptional(),
  }),
  // Its endpoint may have been deleted.
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: {
    all: { group: () => '', order: (row) => row.seq },
    waiting: {
      group: (row) =>
        row.status === 'paused' || row.status === 'held' ? JSON.stringify([row.provider, row.status]) : undefined,
      order: (row) => row.seq,
    },
    sending: { group: (row) => (row.sending === null ? undefined : ''), order: (row) => row.sending! },
  },
}

/** What was sent in one attempt beside the body, to show what the signature was made of. */
interface CallbackRequest {
  /** `cb_1/2`: the second attempt. */
  readonly id: string
  readonly headers: Readonly<Record<string, string>>
  /** The time inside the signature. */
  readonly wallMs: number
  /** The beginning of what the receiver answered, without what lets somebody in; left out: it answered nothing. */
  readonly answer?: string
}

/** By delivery and number of the attempt. A replay, which sends nothing, has none. */
export const CallbackRequests: Table<CallbackRequest> = {
  name: 'callback_requests',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    headers: z.record(z.string(), Text),
    wallMs: Moment,
    answer: Text.exactOptional(),
  }),
  references: ({ id }) => [['id', Deliveries, id.slice(0, id.lastIndexOf('/'))]],
  indexes: {},
}

/** A callback of a provider, before it becomes deliveries to endpoints. */
export interface Callback {
  readonly provider: string
  readonly account: string
  readonly event: string
  readonly object: string | null
  /** The body, which may hold the delivery's own number. Called once for each endpoint. */
  readonly body: (seq: number) => string
}

export const CALLBACK_FAULTS = ['duplicate', 'delay', 'drop', 'reorder', 'bad-signature', 'stale-timestamp'] as const

export type CallbackFaultKind = (typeof CALLBACK_FAULTS)[number]

/** How long a reordered delivery waits for the next one, world ms. */
const HELD_MS = 24 * 3600 * 1000

/** A fault that a scenario injects into callbacks: of one object, or of a whole provider. */
interface CallbackFault {
  readonly id: string
  readonly seq: number
  readonly provider: string
  readonly object: string | null
  readonly how: CallbackFaultKind
  readonly left: number
  readonly byMs: number
}

export const CallbackFaults: Table<CallbackFault> = {
  name: 'spoils',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    provider: Text,
    object: Text.nullable(),
    how: oneOf(CALLBACK_FAULTS),
    left: Count,
    byMs: Count,
  }),
  indexes: { all: { group: (row) => row.provider, order: (row) => row.seq } },
}

export const PausedDeliveries: Table<{
  readonly provider: string
  readonly object: string | null
  readonly id: string
}> = {
  name: 'pauses',
  key: (row) => row.id,
  schema: z.strictObject({ provider: Text, object: Text.nullable(), id: Text }),
  indexes: {},
}

/** Adds or replaces an endpoint. */
export function putEndpoint(endpoint: Omit<Endpoint, 'seq'>, world: World): Endpoint {
  return world.put(Endpoints, { seq: world.get(Endpoints, endpoint.id)?.seq ?? world.next('endpoints'), ...endpoint })
}

/** Deletes an endpoint; its pending deliveries are dropped, and so are those in flight unless they succeed. Returns how many were pending. */
export function removeEndpoint(id: string, world: World): number {
  world.remove(Endpoints, id)
  const waiting = [...world.rows(Deliveries)].filter(
    ({ endpoint, status, sending }) =>
      endpoint === id && sending === null && ['pending', 'paused', 'held'].includes(status),
  )
  for (const delivery of waiting) {
    if (delivery.timer !== null) world.clock.cancel(delivery.timer)
    world.put(Deliveries, { ...delivery, timer: null, ...ENDPOINT_GONE })
  }
  return waiting.length
}

const ENDPOINT_GONE = { status: 'exhausted', reason: 'the endpoint was removed' } as const

/** One delivery for each endpoint of the account subscribed to this event. Only inside a change. */
export function post(callback: Callback, world: World): Delivery[] {
  const endpoints = world.list(Endpoints, 'byAccount', JSON.stringify([callback.provider, callback.account]))
  return endpoints
    .filter(({ events }) => events === null || events.includes(callback.event))
    .map((endpoint) => deliver(callback, endpoint, world))
}

/** One delivery to one endpoint, whatever events it is subscribed to. */
export function deliver(callback: Callback, endpoint: Endpoint, world: World): Delivery {
  const seq = world.next('deliveries')
  const delivery: Delivery = world.put(Deliveries, {
    id: `cb_${seq}`,
    seq,
    provider: callback.provider,
    account: callback.account,
    endpoint: endpoint.id,
    url: withoutLogins(endpoint.url),
    event: callback.event,
    object: callback.object,
    body: callback.body(seq),
    createdAt: world.now,
    status: 'pending',
    attempts: [],
    timer: null,
    sending: null,
    spoiled: null,
  })
  return applyCallbackFaults(delivery, world)
}

/** Adds one callback fault; `resume` sends the deliveries that a `pause` has queued. */
export function addCallbackFault(
  arm: Pick<CallbackFault, 'provider' | 'object' | 'byMs'> & {
    how: CallbackFaultKind | 'pause' | 'resume'
    times: number
  },
  world: World,
): void {
  const pause = { provider: arm.provider, object: arm.object, id: JSON.stringify([arm.provider, arm.object]) }
  if (arm.how === 'pause') {
    world.put(PausedDeliveries, pause)
    return
  }
  if (arm.how === 'resume') {
    // rule: sandgate.callbacks.resume
    for (const { id, provider, object } of [...world.rows(PausedDeliveries)])
      if (provider === arm.provider && (arm.object === null || arm.object === object))
        world.remove(PausedDeliveries, id)
    for (const delivery of world.list(Deliveries, 'waiting', JSON.stringify([arm.provider, 'paused']))) {
      if (arm.object === null || arm.object === delivery.object) attemptAt(delivery, world.now, world)
    }
    return
  }
  const seq = world.next('spoils')
  world.put(CallbackFaults, {
    id: String(seq),
    seq,
    provider: arm.provider,
    object: arm.object,
    how: arm.how,
    left: arm.times,
    byMs: arm.byMs,
  })
}

/** Removes all callback faults; paused and held deliveries are sent now. */
export function clearCallbackFaults(world: World): void {
  for (const { id } of [...world.rows(CallbackFaults)]) world.remove(CallbackFaults, id)
  for (const { id } of [...world.rows(PausedDeliveries)]) world.remove(PausedDeliveries, id)
  for (const delivery of [...world.rows(Deliveries)])
    if (delivery.status === 'paused' || delivery.status === 'held') attemptAt(delivery, world.now, world)
}

/** Applies the callback faults to a delivery, and schedules its first attempt. */
function applyCallbackFaults(delivery: Delivery, world: World): Delivery {
  const faults = world
    .list(CallbackFaults, 'all', delivery.provider)
    .filter(({ object }) => object === null || object === delivery.object)
  for (const row of faults) {
    if (row.left > 1) world.put(CallbackFaults, { ...row, left: row.left - 1 })
    else world.remove(CallbackFaults, row.id)
  }
  const by = (how: CallbackFaultKind) => faults.find((row) => row.how === how)
  if (by('drop')) return world.put(Deliveries, { ...delivery, status: 'dropped' })

  const spoiled = by('bad-signature') ? 'bad-signature' : by('stale-timestamp') ? 'stale-timestamp' : null
  const changed = world.put(Deliveries, { ...delivery, spoiled })
  const paused = (object: string | null) => world.get(PausedDeliveries, JSON.stringify([delivery.provider, object]))
  if (paused(null) || paused(delivery.object)) return world.put(Deliveries, { ...changed, status: 'paused' })
  // rule: sandgate.callbacks.reorder
  if (by('reorder')) return attemptAt(changed, world.now + HELD_MS, world, 'held')

  const first = attemptAt(changed, world.now + (by('delay')?.byMs ?? 0), world)
  if (by('duplicate')) copy(first, world)
  // A held delivery is sent right after the one that overtook it.
  for (const held of world.list(Deliveries, 'waiting', JSON.stringify([delivery.provider, 'held'])))
    attemptAt(held, world.now, world)
  return first
}

/** The same bytes again, as a separate delivery in the list. */
function copy(delivery: Delivery, world: World): void {
  const seq = world.next('deliveries')
  attemptAt({ ...delivery, id: `cb_${seq}`, seq, timer: null, copyOf: delivery.id }, world.now, world)
}

/** Sends a delivery again at once, whatever its status. */
export function redeliver(delivery: Delivery, world: World): Delivery {
  return attemptAt(delivery, world.now, world)
}

/** Schedules the next attempt, in place of one that was scheduled. */
function attemptAt(
  { reason: _, ...delivery }: Delivery,
  at: number,
  world: World,
  status: 'pending' | 'held' = 'pending',
): Delivery {
  if (delivery.timer !== null) world.clock.cancel(delivery.timer)
  const number = delivery.attempts.length + 1
  const timer = world.clock.schedule({
    at,
    provider: delivery.provider,
    kind: 'callback',
    reaction: 'outbox.attempt',
    args: delivery.id,
    summary: `${delivery.event} (${delivery.id}) is sent, attempt ${number}${status === 'held' ? ', because no other callback overtook it' : ''}`,
  })
  return world.put(Deliveries, { ...delivery, status, timer: timer.id })
}

/** An attempt fell due: it is in flight until `attemptEnded`. */
function attemptDue(id: string, world: World): void {
  const delivery = deliveryOf(id, world)
  const endpoint = world.get(Endpoints, delivery.endpoint)
  world.put(Deliveries, {
    ...delivery,
    ...(endpoint && { url: withoutLogins(endpoint.url) }),
    status: 'pending',
    timer: null,
    sending: world.next('attempts'),
  })
}

function deliveryOf(id: string, world: World): Delivery {
  const delivery = world.get(Deliveries, id)
  if (!delivery) throw new Error(`there is no delivery ${id}`)
  return delivery
}

/** An attempt is over. `retryMs` are the provider's waits; the next one counts from the instant of this attempt. */
export function attemptEnded(id: string, attempt: Attempt, retryMs: readonly number[], world: World): Delivery {
  const before = deliveryOf(id, world)
  const delivery: Delivery = { ...before, sending: null, attempts: [...before.attempts, attempt] }
  if (attempt.error === null) return world.put(Deliveries, { ...delivery, status: 'delivered' })
  if (!world.get(Endpoints, delivery.endpoint)) return world.put(Deliveries, { ...delivery, ...ENDPOINT_GONE })
  const wait = retryMs[delivery.attempts.length - 1]
  if (wait === undefined) return world.put(Deliveries, { ...delivery, status: 'exhausted' })
  return attemptAt(delivery, Math.max(world.now, attempt.at + wait), world)
}

/** Stores what was sent in an attempt, and what came back. */
export function keepRequest(
  delivery: string,
  attempt: number,
  request: Omit<CallbackRequest, 'id'>,
  world: World,
): void {
  world.put(CallbackRequests, { id: `${delivery}/${attempt}`, ...request })
}

/** What was sent in an attempt; undefined: nothing was sent, or it was not stored. */
export function requestOf(delivery: string, attempt: number, world: World): CallbackRequest | undefined {
  return world.get(CallbackRequests, `${delivery}/${attempt}`)
}

export const outboxModule: Module = {
  tables: [Endpoints, Deliveries, CallbackRequests, CallbackFaults, PausedDeliveries],
  reactions: { 'outbox.attempt': { table: Deliveries, run: attemptDue } },
}
