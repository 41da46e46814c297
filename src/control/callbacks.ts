// `callbacks`: where they go, what was sent and how receivers answered, once more, and freed after a pause.
import { endpointId } from '../engine/callbacks.ts'
import type { Engine } from '../engine/engine.ts'
import { iso } from '../text/instants.ts'
import { withoutLogins } from '../text/redact.ts'
import { Timers } from '../world/clock.ts'
import { Deliveries, type Delivery, type Endpoint, Endpoints, requestOf } from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import { madeBy } from './entries.ts'
import { created, NO_CONTENT, ok, paged, type Routes, run } from './http.ts'

export const callbackRoutes: Routes = {
  putEndpoint: async (request) => {
    const endpoint = await run('putEndpoint', request)
    return ok({ ...endpointView(endpoint, request.engine), secret: endpoint.secret })
  },
  addEndpoint: async (request) => {
    const endpoint = await run('addEndpoint', request)
    return created({ ...endpointView(endpoint, request.engine), secret: endpoint.secret })
  },
  listEndpoints: ({ engine, world, query }) => {
    const wanted = (row: Endpoint) =>
      (query.provider === undefined || row.provider === query.provider) &&
      (query.account === undefined || row.account === query.account)
    const rows = world.list(Endpoints, 'all', '').filter(wanted)
    // Who only wants to know where callbacks go needs neither the secret nor a password inside of the URL.
    return ok({ data: rows.map((row) => ({ ...endpointView(row, engine), url: withoutLogins(row.url) })) })
  },
  deleteEndpoint: async (request) => {
    await run('deleteEndpoint', request)
    return NO_CONTENT
  },
  listCallbacks: ({ engine, world, query }) => {
    const wanted = (row: Delivery) =>
      (query.provider === undefined || row.provider === query.provider) &&
      (query.event === undefined || row.event === query.event) &&
      (query.status === undefined || statusOf(row) === query.status)
    return paged(Deliveries, ['all', ''], wanted, (row) => deliveryView(row, engine, world), { world, query })
  },
  redeliver: async (request) => {
    const { engine, world } = request
    return ok(deliveryView(await run('redeliver', request), engine, world))
  },
  resumeCallbacks: async (request) => {
    const { engine, world } = request
    const resumed = await run('resumeCallbacks', request)
    return ok({ data: resumed.map((row) => deliveryView(row, engine, world)) })
  },
}

function endpointView(endpoint: Endpoint, { providers }: Engine) {
  const { provider, account, url, events } = endpoint
  return {
    id: endpointId(endpoint),
    provider,
    account,
    url,
    events: events ?? providers.get(provider)?.callbacks?.events ?? [],
  }
}

/** A delivery that another one is to overtake is, to those who look, pending. */
function statusOf({ status }: Delivery): string {
  return status === 'held' ? 'pending' : status
}

// rule: sandgate.callbacks.shown, rule: sandgate.callbacks.answer, rule: sandgate.callbacks.next
function deliveryView(delivery: Delivery, engine: Engine, world: World) {
  const rules = engine.providers.get(delivery.provider)?.callbacks
  return {
    id: delivery.id,
    ...madeBy(Deliveries, delivery.id, world),
    provider: delivery.provider,
    account: delivery.account,
    event: delivery.event,
    object: delivery.object,
    url: world.get(Endpoints, delivery.endpoint)?.url ?? null,
    status: statusOf(delivery),
    created_at: iso(delivery.createdAt),
    next_at: nextAt(delivery, world),
    body: delivery.body,
    ...(delivery.reason !== undefined && { reason: delivery.reason }),
    attempts: delivery.attempts.map((attempt, index) => {
      const sent = requestOf(delivery.id, index + 1, world)
      return {
        ...attempt,
        at: iso(attempt.at),
        ...(sent && { headers: sent.headers, signed_text: rules?.signedText(delivery, sent.wallMs) }),
        ...(sent?.answer !== undefined && { answer: sent.answer }),
      }
    }),
  }
}

/** When the next attempt is due; null: none is, or one is on its way. */
function nextAt({ timer }: Delivery, world: World): string | null {
  const due = timer === null ? undefined : world.get(Timers, timer)
  return due ? iso(due.at) : null
}
