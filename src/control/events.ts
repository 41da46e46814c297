// `events`: a world followed live.
import { SandgateError } from '../engine/errors.ts'
import { CLIENTS_MOST } from './event-streams.ts'
import type { Routes } from './http.ts'
import { filterOf } from './journal.ts'

export const eventRoutes: Routes = {
  followEvents: ({ engine, world, query, headers, events }) => {
    // rule: sandgate.events.clients
    if (events.isFull)
      throw new SandgateError('too_many_streams', `${CLIENTS_MOST} clients follow already; close one first`)
    const resumed = headers['last-event-id'] === '' ? undefined : headers['last-event-id']
    const { after: asked = resumed, ...filters } = query
    const after = asked === undefined ? undefined : Number(asked)
    const wanted = filterOf(filters)
    return { status: 200, type: 'text/event-stream', stream: (res) => events.open(res, engine, world, wanted, after) }
  },
}
