// One request, eight steps, readable from top to bottom: receive, faults before, match, checks, repeat, change, check, record and send.
// A provider says what each step means; the world remembers; nothing here knows a provider by name.
import { type Incoming, ReceivedCall } from '../contract/received-call.ts'
import { findRepeat, storeResponse, repeatId } from '../engine/idempotency.ts'
import { type Answer, type Operation, Refusal } from '../provider.ts'
import { type Plan, planFaults, type Respond } from '../scenario/faults.ts'
import type { StoredResponse } from '../world/journal.ts'
import { HandOuts, type World } from '../world/world.ts'
import { record, SILENCE, write } from './answer.ts'
import { applyScenarioEffects, armCallbackFaults } from './effects.ts'
import type { Exchange, ProviderRuntime, ReplayedCall, Sent } from './exchange.ts'

export async function reply(
  incoming: Incoming,
  runtime: ProviderRuntime,
  world: World,
  replay?: ReplayedCall,
): Promise<Sent> {
  runtime.afterwards(world)
  // Step 3, and step 2: which faults strike depends on what is called.
  const call = new ReceivedCall(incoming, runtime.provider, runtime.contract)
  const closed = world.stopped && world.stopped.rows !== 'good'
  const exchange: Exchange = {
    call,
    plan: closed ? undefined : planFaults(call, world),
    gates: [],
    passed: 0,
    stoppedBy: undefined,
    refusal: undefined,
    committed: undefined,
    replay,
    began: { entry: world.journal.nextId, at: world.now, order: world.arrive(), resumed: undefined },
  }
  let response: StoredResponse
  try {
    response = closed ? notProviderRuntime(runtime, exchange, world) : await withFaults(runtime, exchange, world)
  } catch (error) {
    runtime.complain(
      `${runtime.provider.name} ${call.method} ${call.path}: a bug in Sandgate; the operation changed nothing`,
      error,
    )
    call.note('bug', String(error))
    response = write(runtime.provider.refusals.internal_error!({}, call), runtime, exchange, world)
  }
  if (replay) await replay.landing()
  const sent = record(response, incoming, exchange, runtime, world)
  runtime.afterwards(world)
  // Everything that happens in one turn is response in one write; nobody hears of it before.
  const committed = runtime.commit.committed(world)
  if (committed) await committed
  // What others changed while this call waited is their affair.
  const own = exchange.committed ?? committed
  return own && !(await own) ? unavailable(sent, runtime, exchange, world) : sent
}

/** The rows of this world are not what they should be, so nothing is looked for among them. */
function notProviderRuntime(runtime: ProviderRuntime, exchange: Exchange, world: World): StoredResponse {
  exchange.stoppedBy = 'world'
  const { reason, rows } = world.stopped!
  const hint =
    rows === 'away'
      ? `the world "${world.id}" cannot be served now: ${reason}`
      : `the world "${world.id}" is not served: ${reason}; POST _sandgate/reset starts it over`
  // A header has no room for letters of everywhere.
  const refused = refusing(exchange, () => {
    throw new Refusal('unavailable', {}, hint.replace(/[^\x20-\x7e]/g, '?'))
  })
  return write(refused!, runtime, exchange, world)
}

/** Nothing that this call did could be stored, and nothing of it is there any more; or nobody knows, and then no answer would be true. */
function unavailable(sent: Sent, runtime: ProviderRuntime, exchange: Exchange, world: World): Sent {
  const loss = runtime.commit.loss(world)
  // What a call wrote before it waited may be stored: made again, it would find its own traces.
  if ((loss === 'taken' || loss === 'exists') && !exchange.began.resumed) return { ...sent, taken: true }
  if (loss === 'unknown') return { ...sent, drop: 'close' }
  const { status, headers, text } = write(
    runtime.provider.refusals.unavailable!({}, exchange.call),
    runtime,
    exchange,
    world,
  )
  world.journal.amend(sent.told.entry, {
    status,
    refusal: 'unavailable',
    stoppedBy: 'storage',
    response: { status, headers, text },
  })
  // The journal of a world that is lost went with it.
  const entry = loss === undefined ? sent.told.entry : 0
  return { ...sent, status, headers, text, told: { ...sent.told, entry, refusal: 'unavailable', hint: undefined } }
}

/** Step 2 and its twin after the work: a fault may answer, or cut the connection, instead of the provider or instead of its answer. */
function withFaults(runtime: ProviderRuntime, exchange: Exchange, world: World): Promise<StoredResponse> {
  return exchange.plan ? workUnderFaults(exchange.plan, runtime, exchange, world) : work(runtime, exchange, world)
}

async function workUnderFaults(
  { before, after, delayMs }: Plan,
  runtime: ProviderRuntime,
  exchange: Exchange,
  world: World,
): Promise<StoredResponse> {
  if (before && delayMs > 0) {
    await paused(delayMs, runtime, exchange, world)
    goOn(exchange, world)
  }
  if (before?.drop) return SILENCE
  if (before?.respond) return write(faulty(before.respond, runtime, exchange), runtime, exchange, world)
  const response = await work(runtime, exchange, world)
  if (after) noteLost(response, runtime, exchange, world)
  if (after?.drop) return SILENCE
  if (!after?.respond) return response
  if (exchange.replay) await exchange.replay.turn()
  goOn(exchange, world)
  return write(faulty(after.respond, runtime, exchange), runtime, exchange, world)
}

/** The work is done, and the client never sees its answer: a repeat of this call is one after a lost answer. */
function noteLost({ status }: StoredResponse, { provider }: ProviderRuntime, { call }: Exchange, world: World): void {
  const policy = call.operation === undefined ? undefined : provider.operations[call.operation]?.repeats
  const id = policy && status < 400 ? repeatId(call, policy) : undefined
  if (id !== undefined) world.journal.coverage.lose(id)
}

/** Wall time goes by for a call that a scenario slows down. */
function paused(ms: number, runtime: ProviderRuntime, exchange: Exchange, world: World): Promise<void> {
  waits(runtime, exchange, world)
  return exchange.replay ? exchange.replay.turn() : runtime.pause(ms)
}

/** From here on others may come and go before this call is answered. */
function waits({ inFlight }: ProviderRuntime, exchange: Exchange, world: World): void {
  exchange.began.resumed ??= []
  inFlight.waits(exchange, world)
}

/** A call that has waited changes the world from here on, at its own place among all that happened meanwhile. */
function goOn({ began }: Exchange, world: World): void {
  const moment = { entry: world.journal.nextId, at: world.now, order: world.arrive() }
  if (began.resumed) began.resumed.push(moment)
  else began.resumed = [moment]
}

function faulty(respond: Respond, { provider }: ProviderRuntime, { call }: Exchange): Answer {
  if (respond.error !== undefined) return provider.refusals[respond.error]!({}, call)
  return { status: respond.status!, body: respond.body, ...(respond.headers && { headers: respond.headers }) }
}

/** Steps 4 to 7. What the gates wrote stays when the operation refuses, what the operation wrote does not. */
async function work(runtime: ProviderRuntime, exchange: Exchange, world: World): Promise<StoredResponse> {
  const { call, plan } = exchange
  const { provider } = runtime
  const operation = call.operation === undefined ? undefined : provider.operations[call.operation]
  exchange.gates = operation?.gates ?? (call.match ? provider.gates : provider.notFound.gates)
  const refused = change(() => refusing(exchange, () => passGates(exchange, world)), runtime, exchange, world)
  // A slow provider is slow in refusing too.
  if (plan && plan.delayMs > 0 && (refused || !operation)) {
    await paused(plan.delayMs, runtime, exchange, world)
    goOn(exchange, world)
  }
  if (refused) return write(refused, runtime, exchange, world)
  if (!call.match)
    return write(
      refusing(exchange, () => provider.notFound.answer(call, world))!,
      runtime,
      exchange,
      world,
    )

  if (!operation) {
    // In the order of the calls, however long each sample takes.
    const number = change(() => world.next(`samples/${call.provider}`), runtime, exchange, world)
    waits(runtime, exchange, world)
    const sample = await runtime.sample(runtime.contract, call, call.match, number, world)
    if (exchange.replay) await exchange.replay.turn()
    goOn(exchange, world)
    return write(sample, runtime, exchange, world)
  }
  const id = operation.repeats && repeatId(call, operation.repeats)
  if (id !== undefined) {
    const inFlight = await awaitInFlight(id, runtime, exchange, operation, world)
    if (inFlight) return write(inFlight, runtime, exchange, world)
  }
  const performed = () => change(() => perform(operation, id, runtime, exchange, world), runtime, exchange, world)
  if (!plan || plan.delayMs === 0) return performed()
  // rule: sandgate.faults.in-flight
  const late = paused(plan.delayMs, runtime, exchange, world).then(() => {
    goOn(exchange, world)
    return performed()
  })
  return id === undefined ? late : runtime.inFlight.during(world, id, late)
}

/** One of this call's own changes. */
function change<T>(doing: () => T, runtime: ProviderRuntime, exchange: Exchange, world: World): T {
  const done = world.change(doing)
  exchange.committed = runtime.commit.committed(world) ?? exchange.committed
  return done
}

/** A second call with the key of one that is still under way waits for it, or is told so: the provider's own choice. */
async function awaitInFlight(
  id: string,
  runtime: ProviderRuntime,
  exchange: Exchange,
  operation: Operation,
  world: World,
): Promise<Answer | undefined> {
  const { inFlight } = runtime
  for (let flight = inFlight.of(world, id); flight; flight = inFlight.of(world, id)) {
    const { inFlight } = operation.repeats!
    const choice = typeof inFlight === 'function' ? inFlight(world) : inFlight
    exchange.call.note('idempotency', {
      decided: choice === 'wait' ? 'waited for the call in flight' : 'refused: in flight',
    })
    if (choice !== 'wait')
      return refusing(exchange, () => {
        throw new Refusal(choice.refuse)
      })
    waits(runtime, exchange, world)
    await (exchange.replay ? exchange.replay.turn(flight) : flight)
    goOn(exchange, world)
  }
  return undefined
}

/** Steps 5 to 7, in one change: look for a repeat, run the operation, check and keep its answer, set off what a scenario wants. */
function perform(
  operation: Operation,
  id: string | undefined,
  runtime: ProviderRuntime,
  exchange: Exchange,
  world: World,
): StoredResponse {
  const { call } = exchange
  const policy = operation.repeats
  if (policy && id !== undefined) {
    let repeat: StoredResponse | undefined
    const conflict = refusing(exchange, () => {
      repeat = findRepeat(call, policy, id, world)
    })
    if (conflict) return write(conflict, runtime, exchange, world)
    // What names a call, names this one.
    if (repeat) noteRepeat(call, id, world)
    if (repeat) return { ...repeat, headers: { ...repeat.headers, ...runtime.provider.headers?.(call, world) } }
  }
  const before = exchange.plan && (world.last(HandOuts, 'all', '')?.seq ?? 0)
  const concerned = new Set<string>()
  if (exchange.plan) {
    const { plan } = exchange
    call.fate = plan.fate
    call.made = (object) => {
      concerned.add(object)
      armCallbackFaults(plan, call.provider, object, world)
    }
  }
  const response = write(run(operation, exchange, world), runtime, exchange, world)
  if (id !== undefined) noteRepeat(call, id, world)
  // Done anew, after a rewind for instance: what was lost before is another call's.
  if (id !== undefined && !exchange.refusal && !call.notes.idempotency) world.journal.coverage.begin(id)
  if (policy && id !== undefined) storeResponse(call, policy, id, response, world)
  if (before !== undefined)
    applyScenarioEffects(
      exchange.plan!,
      world.list(HandOuts, 'all', '', { after: { order: before, key: '\uffff' } }),
      concerned,
      runtime,
      exchange,
      world,
    )
  return response
}

/** Says of a repeat that the first answer was lost on its way. */
function noteRepeat(call: ReceivedCall, id: string, world: World): void {
  const note = call.notes.idempotency as { readonly decided?: string } | undefined
  if (note?.decided === 'replayed' && world.journal.coverage.hasLost(id))
    call.note('idempotency', { ...note, first_answer: 'lost' })
}

/** Step 4: the provider's checks, in its own order. */
function passGates(exchange: Exchange, world: World): void {
  // rule: sandgate.input.body-limit
  if (exchange.call.bodyTooLarge) throw new Refusal('body_too_large')
  for (const gate of exchange.gates) {
    exchange.stoppedBy = gate.id
    if (!exchange.replay?.admit(gate, exchange.call, world)) gate(exchange.call, world)
    exchange.passed++
  }
  exchange.stoppedBy = undefined
}

/** Step 6: the operation; when it refuses, the world is as it was before it ran. */
function run(operation: Operation, exchange: Exchange, world: World): Answer {
  let answer: Answer | undefined
  const refused = refusing(exchange, () => {
    answer = world.change(() => operation.run(exchange.call, world))
  })
  if (refused) exchange.stoppedBy = 'operation'
  return refused ?? answer!
}

/** Runs `work`; a `Refusal` becomes the provider's answer, anything else goes up. */
function refusing(exchange: Exchange, work: () => Answer | void): Answer | undefined {
  try {
    return work() ?? undefined
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    exchange.refusal = error
    return exchange.call.refuse(error)
  }
}
