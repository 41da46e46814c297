// The control API's chapter on money and messages: deposits that are sent, where callbacks go, and what became of them.
import { arrange, NoSuchDeposit } from '../scenario/deposits.ts'
import { isRegistered, NoSuchEndpoint, pointCallbacks } from '../outbox/endpoints.ts'
import { withoutLogins } from '../casefile/format.ts'
import type { Sandbox } from '../app.ts'
import { amountText } from '../world/amounts.ts'
import { confirmations, type Transfer, Transfers } from '../world/chain.ts'
import { type Destination, NoDestination, tagOf } from '../world/destinations.ts'
import {
  addCallbackFault,
  Deliveries,
  type Delivery,
  type Endpoint,
  Endpoints,
  redeliver,
  removeEndpoint,
  requestOf,
} from '../world/outbox.ts'
import { sameTag } from '../world/tags.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'
import {
  after,
  type Ask,
  created,
  iso,
  noSuch,
  note,
  ok,
  paged,
  place,
  Problem,
  type Routes,
  stoppedProblem,
  type Told,
} from './http.ts'

export const moneyRoutes: Routes = {
  sendDeposit,
  listDeposits: ({ world, query }) => {
    const named = query.address === undefined ? undefined : place(query.address, world)
    const tag = named?.destination.tag
    const wanted = (row: Transfer) =>
      (tag === undefined || sameTag(row.tag, tag)) &&
      (query.provider === undefined || row.provider === query.provider) &&
      (query.account === undefined || holder(row, world)?.account === query.account) &&
      (query.user === undefined || holder(row, world)?.user === query.user)
    return paged(
      Transfers,
      named === undefined ? ['all', ''] : ['byAddress', named.address],
      wanted,
      (row) => depositView(row, world),
      { world, query },
    )
  },
  putEndpoint: setEndpoint,
  listEndpoints: ({ sandbox, world, query }) => {
    const wanted = (row: Endpoint) =>
      (query.provider === undefined || row.provider === query.provider) &&
      (query.account === undefined || row.account === query.account)
    const rows = world.list(Endpoints, 'all', '').filter(wanted)
    // Who only wants to know where callbacks go needs neither the secret nor a password inside of the URL.
    return ok({ data: rows.map((row) => ({ ...endpointView(row, sandbox), url: withoutLogins(row.url) })) })
  },
  deleteEndpoint,
  listCallbacks: ({ sandbox, world, query }) => {
    const wanted = (row: Delivery) =>
      (query.provider === undefined || row.provider === query.provider) &&
      (query.event === undefined || row.event === query.event) &&
      (query.status === undefined || statusOf(row) === query.status)
    return paged(Deliveries, ['all', ''], wanted, (row) => deliveryView(row, sandbox, world), { world, query })
  },
  resumeCallbacks,
  redeliver: async ({ sandbox, world, params }) => {
    const mark = sandbox.callbacks.mark()
    const delivery = world.get(Deliveries, params.id!)
    if (!delivery) throw new Problem(404, `there is no callback "${params.id}"; GET /_sandgate/callbacks lists them`)
    if (world.stopped) throw stoppedProblem(world)
    if (delivery.sending !== null) throw new Problem(409, `${delivery.id} is on its way right now`)
    world.change(() => redeliver(delivery, world))
    note(world, 'redeliver', `${delivery.event} (${delivery.id}) is sent once more`)
    sandbox.tick(world)
    await sandbox.callbacks.settled(world, mark)
    return ok(deliveryView(world.get(Deliveries, delivery.id)!, sandbox, world))
  },
}

// rule: sandgate.callbacks.resume
/** Everything that a pause has held back leaves, of one provider or of all, and no pause is left. */
async function resumeCallbacks({ sandbox, world, body }: Ask): Promise<Told> {
  if (world.stopped) throw stoppedProblem(world)
  const mark = sandbox.callbacks.mark()
  const named = body?.provider as string | undefined
  if (named !== undefined && !sandbox.providers.get(named)?.callbacks)
    throw new Problem(404, noSuch({ provider: named }, sandbox) ?? `${named} sends no callbacks`)
  const names = [...sandbox.providers.values()]
    .filter(({ name, callbacks }) => callbacks && (named === undefined || name === named))
    .map(({ name }) => name)
  const paused = names.flatMap((name) => world.list(Deliveries, 'waiting', JSON.stringify([name, 'paused'])))
  world.change(() =>
    names.forEach((provider) => addCallbackFault({ provider, object: null, how: 'resume', times: 1, byMs: 0 }, world)),
  )
  note(world, 'resume', `callbacks of ${names.join(', ')} leave again, ${paused.length} that were held back at once`)
  sandbox.tick(world)
  await sandbox.callbacks.settled(world, mark)
  return ok({ data: paused.map(({ id }) => deliveryView(world.get(Deliveries, id)!, sandbox, world)) })
}

async function sendDeposit({ sandbox, world, body }: Ask): Promise<Told> {
  const mark = sandbox.callbacks.mark()
  if (world.stopped) throw stoppedProblem(world)
  const { address, destination } = place(body.address, world)
  const wish = {
    amount: body.amount,
    currency: body.currency,
    network: body.network,
    // Money goes where it is sent: a tag that is not given is not there.
    tag: sentWith(destination, body.tag),
    destination,
    afterMs: body.after === undefined ? 0 : after(world.now, body.after, 'after') - world.now,
    confirmations: body.confirmations ?? 0,
    outcome: body.outcome ?? 'confirmed',
  } as const
  const handOut = newestFor(address, wish.tag, world)
  if (!handOut)
    throw new Problem(
      404,
      `nobody was handed out the address "${body.address}"; GET /_sandgate/addresses lists those that were`,
    )
  const sibling = body.same_transaction_as === undefined ? undefined : world.get(Transfers, body.same_transaction_as)
  if (body.same_transaction_as !== undefined && !sibling)
    throw new Problem(404, `there is no deposit "${body.same_transaction_as}"`)
  let transfer: Transfer
  try {
    transfer = world.change(() => arrange({ ...wish, sameTransactionAs: sibling }, handOut, sandbox.providers, world))
  } catch (error) {
    if (error instanceof NoSuchDeposit) throw new Problem(422, error.message)
    throw error
  }
  note(
    world,
    'deposit',
    `${transfer.id}: ${body.amount} ${transfer.currency} on ${transfer.network} was sent to ${transfer.address}`,
  )
  sandbox.tick(world)
  await sandbox.callbacks.settled(world, mark)
  return created(depositView(world.get(Transfers, transfer.id)!, world))
}

/** The tag of a payment, as text or as the number that a provider answered; one inside of the address is as good. */
function sentWith(destination: Destination, tag: string | number | null | undefined): string | null {
  if (typeof tag === 'number' && !Number.isSafeInteger(tag))
    throw new Problem(422, 'tag: a JSON number of this size is not exact; send the tag as text, in quotes')
  try {
    return tagOf(destination, tag === null || tag === undefined ? undefined : String(tag)) ?? null
  } catch (error) {
    if (error instanceof NoDestination) throw new Problem(422, error.message)
    throw error
  }
}

/** Whoever was given the address last, with this tag if anybody was. */
function newestFor(address: string, tag: string | null, world: World): HandOut | undefined {
  const rows = world.list(HandOuts, 'byAddress', address, { descending: true })
  return rows.find((row) => sameTag(row.tag, tag)) ?? rows[0]
}

function holder(transfer: Transfer, world: World): HandOut | undefined {
  return transfer.holder === null ? undefined : world.get(HandOuts, transfer.holder)
}

function depositView(transfer: Transfer, world: World) {
  const whose = holder(transfer, world)
  const at = (ms: number | null) => (ms === null ? null : iso(ms))
  return {
    id: transfer.id,
    txid: transfer.txid,
    output: transfer.output,
    status: transfer.status,
    outcome: transfer.outcome,
    provider: transfer.provider,
    account: whose?.account ?? null,
    reference: whose?.reference ?? null,
    address: transfer.address,
    tag: transfer.tag,
    from: transfer.from,
    amount: amountText(BigInt(transfer.atoms), transfer.decimals),
    currency: transfer.currency,
    network: transfer.network,
    confirmations: confirmations(transfer, world),
    block: transfer.block,
    sent_at: iso(transfer.sentAt),
    seen_at: at(transfer.seenAt),
    confirmed_at: at(transfer.confirmedAt),
  }
}

function setEndpoint({ sandbox, world, params, body }: Ask): Told {
  const provider = sandbox.providers.get(params.provider!)
  if (!provider) throw new Problem(404, noSuch({ provider: params.provider }, sandbox)!)
  let endpoint: Endpoint
  try {
    endpoint = world.change(() => pointCallbacks(provider, body, (target) => sandbox.callbacks.refuse(target), world))
  } catch (error) {
    if (error instanceof NoSuchEndpoint)
      throw new Problem(error.message.startsWith('account: ') ? 404 : 422, error.message)
    throw error
  }
  note(world, 'endpoint', `callbacks of ${provider.title} for ${endpoint.account} go to ${endpoint.url}`)
  return ok({ ...endpointView(endpoint, sandbox), secret: endpoint.secret })
}

function endpointView(endpoint: Endpoint, sandbox: Sandbox) {
  const { provider, account, url, events } = endpoint
  return {
    id: endpointId(endpoint),
    provider,
    account,
    url,
    events: events ?? sandbox.providers.get(provider)?.callbacks?.events ?? [],
  }
}

function endpointId({ seq }: Endpoint): string {
  return `ep_${seq}`
}

// rule: sandgate.callbacks.endpoints
function deleteEndpoint({ sandbox, world, params }: Ask): Told {
  // The document knows one name for this place of the path, which is that of setting one.
  const named = params.provider!
  const all = world.list(Endpoints, 'all', '')
  const found = all.filter((row) => endpointId(row) === named)
  const [endpoint, ...more] = found.length > 0 ? found : all.filter((row) => row.provider === named)
  if (!endpoint)
    throw new Problem(404, `there is no endpoint "${named}"; GET /_sandgate/callbacks/endpoints lists those there are`)
  const { title } = sandbox.providers.get(endpoint.provider) ?? { title: endpoint.provider }
  if (more.length > 0)
    throw new Problem(
      409,
      `${title} has ${more.length + 1} endpoints; name one by its id: ${[endpoint, ...more].map((row) => `${endpointId(row)} (${row.account})`).join(', ')}`,
    )
  if (isRegistered(endpoint))
    throw new Problem(
      409,
      `${endpointId(endpoint)} was registered by the partner with a call of ${title}; such a call removes it too`,
    )
  const waiting = world.change(() => removeEndpoint(endpoint.id, world))
  note(
    world,
    'endpoint',
    `callbacks of ${title} for ${endpoint.account} go nowhere any more${waiting > 0 ? `; ${waiting} that were not delivered yet are given up` : ''}`,
  )
  return { status: 204 }
}

/** A delivery that another one is to overtake is, to those who look, pending. */
function statusOf({ status }: Delivery): string {
  return status === 'held' ? 'pending' : status
}

// rule: sandgate.callbacks.shown
function deliveryView(delivery: Delivery, sandbox: Sandbox, world: World) {
  const rules = sandbox.providers.get(delivery.provider)?.callbacks
  return {
    id: delivery.id,
    provider: delivery.provider,
    account: delivery.account,
    event: delivery.event,
    object: delivery.object,
    url: world.get(Endpoints, delivery.endpoint)?.url ?? null,
    status: statusOf(delivery),
    created_at: iso(delivery.createdAt),
    body: delivery.body,
    ...(delivery.reason !== undefined && { reason: delivery.reason }),
    attempts: delivery.attempts.map((attempt, index) => {
      const sent = requestOf(delivery.id, index + 1, world)
      return {
        ...attempt,
        at: iso(attempt.at),
        ...(sent && { headers: sent.headers, signed_text: rules?.signedText(delivery, sent.wallMs) }),
      }
    }),
  }
}
