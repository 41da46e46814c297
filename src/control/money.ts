// The control API's chapter on money and messages: deposits that are sent, where callbacks go, and what became of them.
import { arrange, NoSuchDeposit } from '../http/deposits.ts'
import { NoSuchEndpoint, pointCallbacks } from '../http/endpoints.ts'
import { canonical } from '../world/addresses.ts'
import { amountText } from '../world/amounts.ts'
import { confirmations, type Transfer, Transfers } from '../world/chain.ts'
import { Deliveries, type Delivery, type Endpoint, Endpoints, redeliver } from '../world/outbox.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'
import { after, type Ask, created, following, iso, noSuch, note, ok, paged, Problem, type Routes, type Told } from './asking.ts'

export const moneyRoutes: Routes = {
  sendDeposit,
  listDeposits: ({ world, query }) => {
    const from = following(query.cursor)
    const all = query.address === undefined ? world.list(Transfers, 'all', '', from) : world.list(Transfers, 'byAddress', canonical(query.address), from)
    const wanted = (row: Transfer) =>
      (query.provider === undefined || row.provider === query.provider) &&
      (query.account === undefined || holder(row, world)?.account === query.account) &&
      (query.user === undefined || holder(row, world)?.user === query.user)
    return paged(all.filter(wanted), query.limit ?? 100, (row) => depositView(row, world))
  },
  putEndpoint: setEndpoint,
  listCallbacks: ({ world, query }) => {
    const all = world.list(Deliveries, 'all', '', following(query.cursor))
    const wanted = (row: Delivery) =>
      (query.provider === undefined || row.provider === query.provider) &&
      (query.event === undefined || row.event === query.event) &&
      (query.status === undefined || statusOf(row) === query.status)
    return paged(all.filter(wanted), query.limit ?? 100, (row) => deliveryView(row, world))
  },
  redeliver: async ({ sandbox, world, params }) => {
    const delivery = world.get(Deliveries, params.id!)
    if (!delivery) throw new Problem(404, `there is no callback "${params.id}"; GET /_sandgate/callbacks lists them`)
    if (delivery.sending !== null) throw new Problem(409, `${delivery.id} is on its way right now`)
    world.change(() => redeliver(delivery, world))
    note(world, 'redeliver', `${delivery.event} (${delivery.id}) is sent once more`)
    sandbox.tick(world)
    await sandbox.callbacks.settled(world)
    return ok(deliveryView(world.get(Deliveries, delivery.id)!, world))
  },
}

async function sendDeposit({ sandbox, world, body }: Ask): Promise<Told> {
  const handOut = newestFor(body.address, body.tag, world)
  if (!handOut) throw new Problem(404, `nobody was handed out the address "${body.address}"; GET /_sandgate/addresses lists those that were`)
  const sibling = body.same_transaction_as === undefined ? undefined : world.get(Transfers, body.same_transaction_as)
  if (body.same_transaction_as !== undefined && !sibling) throw new Problem(404, `there is no deposit "${body.same_transaction_as}"`)
  const wish = {
    amount: body.amount,
    currency: body.currency,
    network: body.network,
    // Money goes where it is sent: a tag that is not given is not there.
    tag: body.tag ?? null,
    afterMs: body.after === undefined ? 0 : after(world.now, body.after, 'after') - world.now,
    confirmations: body.confirmations ?? 0,
    outcome: body.outcome ?? 'confirmed',
    sameTransactionAs: sibling,
  } as const
  let transfer: Transfer
  try {
    transfer = world.change(() => arrange(wish, handOut, sandbox.providers, world))
  } catch (error) {
    if (error instanceof NoSuchDeposit) throw new Problem(422, error.message)
    throw error
  }
  note(world, 'deposit', `${transfer.id}: ${body.amount} ${transfer.currency} on ${transfer.network} was sent to ${transfer.address}`)
  sandbox.tick(world)
  await sandbox.callbacks.settled(world)
  return created(depositView(world.get(Transfers, transfer.id)!, world))
}

/** Whoever was given the address last, with this tag if anybody was. */
function newestFor(address: string, tag: string | null | undefined, world: World): HandOut | undefined {
  const rows = world.list(HandOuts, 'byAddress', canonical(address), { descending: true })
  return rows.find((row) => row.tag === (tag ?? null)) ?? rows[0]
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
    if (error instanceof NoSuchEndpoint) throw new Problem(error.message.startsWith('account: ') ? 404 : 422, error.message)
    throw error
  }
  note(world, 'endpoint', `callbacks of ${provider.title} for ${endpoint.account} go to ${endpoint.url}`)
  return ok({ provider: provider.name, account: endpoint.account, url: endpoint.url, secret: endpoint.secret, events: endpoint.events ?? provider.callbacks!.events })
}

/** A delivery that another one is to overtake is, to those who look, pending. */
function statusOf({ status }: Delivery): string {
  return status === 'held' ? 'pending' : status
}

function deliveryView(delivery: Delivery, world: World) {
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
    attempts: delivery.attempts.map((attempt) => ({ ...attempt, at: iso(attempt.at) })),
  }
}
