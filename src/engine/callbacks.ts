// Callbacks as a test drives them: where they go, sent once more, and freed after a pause.
import { type EndpointInput, isRegistered, InvalidEndpoint, pointCallbacks } from '../outbox/endpoints.ts'
import {
  addCallbackFault,
  Deliveries,
  type Delivery,
  type Endpoint,
  Endpoints,
  redeliver,
  removeEndpoint,
} from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import { type Context, note, providerNamed, refuseStopped } from './context.ts'
import { SandgateError } from './errors.ts'

/** Points the callbacks of an account to a URL. Throws `provider_not_found`, `no_callbacks`, `account_not_found` or `invalid_request`. */
export function setEndpoint(context: Context, world: World, name: string, input: EndpointInput): Endpoint {
  return pointed(context, world, name, input, false)
}

// rule: sandgate.callbacks.several
/** Adds one more endpoint to an account, where the provider knows several. Throws as `setEndpoint` does. */
export function addEndpoint(context: Context, world: World, name: string, input: EndpointInput): Endpoint {
  return pointed(context, world, name, input, true)
}

function pointed(context: Context, world: World, name: string, input: EndpointInput, more: boolean): Endpoint {
  const provider = providerNamed(name, context)
  let endpoint: Endpoint
  try {
    endpoint = world.change(() =>
      pointCallbacks(provider, input, (target) => context.outbox.refuse(target), world, more),
    )
  } catch (error) {
    if (!(error instanceof InvalidEndpoint)) throw error
    throw new SandgateError(error.code, error.message, { field: error.field })
  }
  note(world, 'endpoint', `callbacks of ${provider.title} for ${endpoint.account} go to ${endpoint.url}`)
  return endpoint
}

/** The id of an endpoint as the control API shows it. */
export function endpointId({ seq }: Endpoint): string {
  return `ep_${seq}`
}

// rule: sandgate.callbacks.endpoints
/** Removes the endpoint of this id, or the only one of this provider. Throws `endpoint_not_found`, `ambiguous_endpoint` or `endpoint_registered`. */
export function deleteEndpoint(context: Context, world: World, named: string): void {
  const all = world.list(Endpoints, 'all', '')
  const found = all.filter((row) => endpointId(row) === named)
  const [endpoint, ...more] = found.length > 0 ? found : all.filter((row) => row.provider === named)
  if (!endpoint)
    throw new SandgateError(
      'endpoint_not_found',
      `there is no endpoint "${named}"; GET /_sandgate/callbacks/endpoints lists those there are`,
    )
  const { title } = context.providers.get(endpoint.provider) ?? { title: endpoint.provider }
  if (more.length > 0)
    throw new SandgateError(
      'ambiguous_endpoint',
      `${title} has ${more.length + 1} endpoints; name one by its id: ${[endpoint, ...more].map((row) => `${endpointId(row)} (${row.account})`).join(', ')}`,
    )
  if (isRegistered(endpoint))
    throw new SandgateError(
      'endpoint_registered',
      `${endpointId(endpoint)} was registered by the partner with a call of ${title}; such a call removes it too`,
    )
  const waiting = world.change(() => removeEndpoint(endpoint.id, world))
  note(
    world,
    'endpoint',
    `callbacks of ${title} for ${endpoint.account} are no longer sent${waiting > 0 ? `; ${waiting} that were not delivered yet are given up` : ''}`,
  )
}

/** Sends a callback once more, and resolves when the receiver has answered. Throws `callback_not_found`, `callback_in_flight` or `world_stopped`. */
export async function sendAgain(context: Context, world: World, id: string): Promise<Delivery> {
  const mark = context.outbox.mark()
  const delivery = world.get(Deliveries, id)
  if (!delivery)
    throw new SandgateError('callback_not_found', `there is no callback "${id}"; GET /_sandgate/callbacks lists them`)
  refuseStopped(world)
  if (delivery.sending !== null) throw new SandgateError('callback_in_flight', `${delivery.id} is being sent right now`)
  world.change(() => redeliver(delivery, world))
  note(world, 'redeliver', `${delivery.event} (${delivery.id}) is sent once more`)
  context.tick(world)
  await context.outbox.settled(world, mark)
  return world.get(Deliveries, delivery.id)!
}

// rule: sandgate.callbacks.resume
/** Sends everything that a pause has held back, of one provider or of all; no pause is left. Throws `provider_not_found`, `no_callbacks` or `world_stopped`. */
export async function resumeCallbacks(context: Context, world: World, named?: string): Promise<Delivery[]> {
  refuseStopped(world)
  const mark = context.outbox.mark()
  if (named !== undefined && !providerNamed(named, context).callbacks)
    throw new SandgateError('no_callbacks', `${named} sends no callbacks`)
  const names = [...context.providers.values()]
    .filter(({ name, callbacks }) => callbacks && (named === undefined || name === named))
    .map(({ name }) => name)
  const paused = names.flatMap((name) => world.list(Deliveries, 'waiting', JSON.stringify([name, 'paused'])))
  world.change(() =>
    names.forEach((provider) => addCallbackFault({ provider, object: null, how: 'resume', times: 1, byMs: 0 }, world)),
  )
  note(world, 'resume', `callbacks of ${names.join(', ')} are sent again, ${paused.length} that were paused at once`)
  context.tick(world)
  await context.outbox.settled(world, mark)
  return paused.map(({ id }) => world.get(Deliveries, id)!)
}
