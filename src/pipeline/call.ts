// One request, eight steps, readable from top to bottom: receive, strike before, match, gates, repeat, change, check, record and send.
// A provider says what each step means; the world remembers; nothing here knows a provider by name.
import { type Answer, type Call, type Gate, type Operation, type Provider, Refusal } from '../provider.ts'
import { addCallbackFault } from '../world/outbox.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'
import type { Contract, Match } from '../contract/contract.ts'
import { arrange, type DepositInput, NoSuchDeposit } from '../scenario/deposits.ts'
import { type CorruptHow, type DropHow, type Plan, planFaults, type Respond } from '../scenario/faults.ts'
import { hintFor, nearestPath } from '../diagnosis/hints.ts'
import { type Incoming, ReceivedCall } from './received.ts'
import { findRepeat, type Flights, type Kept, keepAnswer, type Moment, repeatId } from './idempotency.ts'

/** A provider with its contract, as a sandbox serves it. */
export interface Served {
  readonly provider: Provider
  readonly contract: Contract
  /** All providers of the sandbox, because money can be sent to any address. */
  readonly providers: ReadonlyMap<string, Provider>
  /** Calls under way, and the idempotency keys that they claim. */
  readonly flights: Flights
  /** Answers operations that no provider models. */
  readonly sample: (served: Served, call: ReceivedCall, match: Match, number: number, world: World) => Promise<Answer>
  /** An answer off contract becomes a loud 500. */
  readonly strict: boolean
  /** Where bugs are told. */
  readonly complain: (message: string, error?: unknown) => void
  /** Wall time goes by. */
  readonly pause: (ms: number) => Promise<void>
  /** What a call set off and is due at once happens now. */
  readonly afterwards: (world: World) => void
}

/** Bytes out, and what a scenario does to them on the way. */
export interface Sent {
  readonly status: number
  /** The provider's own. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | undefined
  readonly drop?: DropHow | undefined
  readonly corrupt?: CorruptHow | undefined
  readonly bytesPerSecond?: number | undefined
  /** What the sandbox adds to the headers, and what the log and the metrics tell of it. */
  readonly told: {
    readonly operation: string | undefined
    readonly entry: number
    readonly refusal: string | undefined
    readonly hint: string | undefined
    /** Whatever the checks found out about who calls. */
    readonly caller: unknown
    readonly struck: Plan['rules'] | undefined
  }
}

/** How far a call came. */
interface Course {
  readonly call: ReceivedCall
  readonly plan: Plan | undefined
  /** The checks of this call, and how many it has passed. */
  gates: readonly Gate[]
  passed: number
  stoppedBy: string | undefined
  refusal: Refusal | undefined
  /** Whether the last of its changes is kept, known at the end of that turn; undefined: nobody keeps it, or there was none. */
  settled: Promise<boolean> | undefined
  readonly played: Played | undefined
  /** When the call came, and each time it went on after it had waited. */
  readonly began: Moment & { resumed: Moment[] | undefined }
}

/** Stands in for the client's key, and for all waiting, as a replay does. */
export interface Played {
  /** Whether this check is not asked, because it is known who called. */
  readonly admit: (gate: Gate, call: Call, world: World) => boolean
  /** A refusal for which the request alone does not show why any more, and the hint there was. */
  readonly refused: { readonly hint?: string | undefined } | undefined
  /** Resolves when it is this call's turn to go on. `flight`: the call that it waits for. */
  turn(flight?: Promise<unknown>): Promise<void>
  /** Resolves when it is to be answered. */
  landing(): Promise<void>
}

/** An answer that never was: the connection is cut instead. */
const SILENCE: Kept = { status: 0, headers: {}, text: undefined }

export async function reply(incoming: Incoming, served: Served, world: World, played?: Played): Promise<Sent> {
  served.afterwards(world)
  const { keeper } = world
  // Step 3, and step 2: which faults strike depends on what is called.
  const call = new ReceivedCall(incoming, served.provider, served.contract)
  const closed = world.stopped && world.stopped.rows !== 'good'
  const course: Course = {
    call,
    plan: closed ? undefined : planFaults(call, world),
    gates: [],
    passed: 0,
    stoppedBy: undefined,
    refusal: undefined,
    settled: undefined,
    played,
    began: { entry: world.journal.nextId, at: world.now, order: world.arrive(), resumed: undefined },
  }
  let kept: Kept
  try {
    kept = closed ? notServed(served, course, world) : await strikeAround(served, course, world)
  } catch (error) {
    served.complain(
      `${served.provider.name} ${call.method} ${call.path}: a bug in Sandgate; the operation changed nothing`,
      error,
    )
    call.note('bug', String(error))
    kept = write(served.provider.refusals.internal_error!({}, call), served, course, world)
  }
  if (played) await played.landing()
  const sent = record(kept, incoming, course, served, world)
  served.afterwards(world)
  // Everything that happens in one turn is kept in one write; nobody hears of it before.
  const settled = keeper?.settled()
  if (settled) await settled
  // What others changed while this call waited is their affair.
  const own = course.settled ?? settled
  return own && !(await own) ? unavailable(sent, served, course, world) : sent
}

/** The rows of this world are not what they should be, so nothing is looked for among them. */
function notServed(served: Served, course: Course, world: World): Kept {
  course.stoppedBy = 'world'
  const hint = `the world "${world.id}" is not served: ${world.stopped!.reason}; POST its _sandgate/reset begins it anew`
  // A header has no room for letters of everywhere.
  const refused = refusing(course, () => {
    throw new Refusal('unavailable', {}, hint.replace(/[^\x20-\x7e]/g, '?'))
  })
  return write(refused!, served, course, world)
}

/** Nothing that this call did could be kept, and nothing of it is there any more. */
function unavailable(sent: Sent, served: Served, course: Course, world: World): Sent {
  const { status, headers, text } = write(served.provider.refusals.unavailable!({}, course.call), served, course, world)
  world.journal.amend(sent.told.entry, {
    status,
    refusal: 'unavailable',
    stoppedBy: 'keeping',
    response: { status, headers, text },
  })
  return { ...sent, status, headers, text, told: { ...sent.told, refusal: 'unavailable', hint: undefined } }
}

/** Step 2 and its twin after the work: a fault may answer, or cut the connection, instead of the provider or instead of its answer. */
function strikeAround(served: Served, course: Course, world: World): Promise<Kept> {
  return course.plan ? struckWork(course.plan, served, course, world) : work(served, course, world)
}

async function struckWork(
  { before, after, delayMs }: Plan,
  served: Served,
  course: Course,
  world: World,
): Promise<Kept> {
  if (before && delayMs > 0) {
    await paused(delayMs, served, course, world)
    goOn(course, world)
  }
  if (before?.drop) return SILENCE
  if (before?.respond) return write(faulty(before.respond, served, course), served, course, world)
  const kept = await work(served, course, world)
  if (after?.drop) return SILENCE
  if (!after?.respond) return kept
  if (course.played) await course.played.turn()
  goOn(course, world)
  return write(faulty(after.respond, served, course), served, course, world)
}

/** Wall time goes by for a call that a scenario slows down. */
function paused(ms: number, served: Served, course: Course, world: World): Promise<void> {
  waits(served, course, world)
  return course.played ? course.played.turn() : served.pause(ms)
}

/** From here on others may come and go before this call is answered. */
function waits({ flights }: Served, course: Course, world: World): void {
  course.began.resumed ??= []
  flights.waits(course, world)
}

/** A call that has waited changes the world from here on, at its own place among all that happened meanwhile. */
function goOn({ began }: Course, world: World): void {
  const moment = { entry: world.journal.nextId, at: world.now, order: world.arrive() }
  if (began.resumed) began.resumed.push(moment)
  else began.resumed = [moment]
}

function faulty(respond: Respond, { provider }: Served, { call }: Course): Answer {
  if (respond.error !== undefined) return provider.refusals[respond.error]!({}, call)
  return { status: respond.status!, body: respond.body, ...(respond.headers && { headers: respond.headers }) }
}

/** Steps 4 to 7. What the gates wrote stays when the operation refuses, what the operation wrote does not. */
async function work(served: Served, course: Course, world: World): Promise<Kept> {
  const { call, plan } = course
  const { provider } = served
  const operation = call.operation === undefined ? undefined : provider.operations[call.operation]
  course.gates = operation?.gates ?? (call.match ? provider.gates : provider.notFound.gates)
  const refused = change(() => refusing(course, () => passGates(course, world)), course, world)
  // A slow provider is slow in refusing too.
  if (plan && plan.delayMs > 0 && (refused || !operation)) {
    await paused(plan.delayMs, served, course, world)
    goOn(course, world)
  }
  if (refused) return write(refused, served, course, world)
  if (!call.match)
    return write(
      refusing(course, () => provider.notFound.answer(call, world))!,
      served,
      course,
      world,
    )

  if (!operation) {
    // In the order of the calls, however long each sample takes.
    const number = change(() => world.next(`samples/${call.provider}`), course, world)
    waits(served, course, world)
    const sample = await served.sample(served, call, call.match, number, world)
    if (course.played) await course.played.turn()
    goOn(course, world)
    return write(sample, served, course, world)
  }
  const id = operation.repeats && repeatId(call, operation.repeats)
  if (id !== undefined) {
    const inFlight = await meet(id, served, course, operation, world)
    if (inFlight) return write(inFlight, served, course, world)
  }
  const performed = () => change(() => perform(operation, id, served, course, world), course, world)
  if (!plan || plan.delayMs === 0) return performed()
  // rule: sandgate.faults.in-flight
  const late = paused(plan.delayMs, served, course, world).then(() => {
    goOn(course, world)
    return performed()
  })
  return id === undefined ? late : served.flights.during(world, id, late)
}

/** One of this call's own changes. */
function change<T>(doing: () => T, course: Course, world: World): T {
  const done = world.change(doing)
  course.settled = world.keeper?.settled() ?? course.settled
  return done
}

/** A second call with the key of one that is still under way waits for it, or is told so: the provider's own choice. */
async function meet(
  id: string,
  served: Served,
  course: Course,
  operation: Operation,
  world: World,
): Promise<Answer | undefined> {
  const { flights } = served
  for (let flight = flights.of(world, id); flight; flight = flights.of(world, id)) {
    const { inFlight } = operation.repeats!
    const choice = typeof inFlight === 'function' ? inFlight(world) : inFlight
    course.call.note('idempotency', {
      decided: choice === 'wait' ? 'waited for the call in flight' : 'refused: in flight',
    })
    if (choice !== 'wait')
      return refusing(course, () => {
        throw new Refusal(choice.refuse)
      })
    waits(served, course, world)
    await (course.played ? course.played.turn(flight) : flight)
    goOn(course, world)
  }
  return undefined
}

/** Steps 5 to 7, in one change: look for a repeat, run the operation, check and keep its answer, set off what a scenario wants. */
function perform(operation: Operation, id: string | undefined, served: Served, course: Course, world: World): Kept {
  const { call } = course
  const policy = operation.repeats
  if (policy && id !== undefined) {
    let repeat: Kept | undefined
    const conflict = refusing(course, () => {
      repeat = findRepeat(call, policy, id, world)
    })
    if (conflict) return write(conflict, served, course, world)
    // What names a call, names this one.
    if (repeat) return { ...repeat, headers: { ...repeat.headers, ...served.provider.headers?.(call, world) } }
  }
  const before = course.plan && (world.last(HandOuts, 'all', '')?.seq ?? 0)
  const kept = write(run(operation, course, world), served, course, world)
  if (policy && id !== undefined) keepAnswer(call, policy, id, kept, world)
  if (before !== undefined)
    setOff(
      course.plan!,
      world.list(HandOuts, 'all', '', { after: { order: before, key: '\uffff' } }),
      served,
      course,
      world,
    )
  return kept
}

// rule: sandgate.faults.deposit, sandgate.faults.callbacks
/** What a scenario lets happen to what this call handed out: money that comes, callbacks that go wrong. */
function setOff(plan: Plan, handOuts: readonly HandOut[], { providers }: Served, { call }: Course, world: World): void {
  for (const object of new Set(handOuts.map(({ reference }) => reference))) {
    for (const { how, times, byMs } of plan.callbacks)
      addCallbackFault({ provider: call.provider, object, how, times, byMs }, world)
  }
  for (const deposit of plan.deposits) {
    const handOut = addressee(deposit, handOuts)
    if (!handOut) continue
    try {
      for (let i = 0; i < deposit.repeat; i++) arrange(deposit, handOut, providers, world)
    } catch (error) {
      if (!(error instanceof NoSuchDeposit)) throw error
      call.note('deposit', error.message)
    }
  }
}

/** Of several addresses the one of the network and the currency that are sent, else of the network, else the first: money may go astray on purpose. */
function addressee({ network, currency }: DepositInput, handOuts: readonly HandOut[]): HandOut | undefined {
  const same = (named: string | undefined, own: string) =>
    named === undefined || named.toLowerCase() === own.toLowerCase()
  const onNetwork = handOuts.filter((handOut) => same(network, handOut.network))
  return onNetwork.find((handOut) => same(currency, handOut.currency)) ?? onNetwork[0] ?? handOuts[0]
}

/** Step 4: the provider's checks, in its own order. */
function passGates(course: Course, world: World): void {
  // rule: sandgate.input.body-limit
  if (course.call.bodyTooLarge) throw new Refusal('body_too_large')
  for (const gate of course.gates) {
    course.stoppedBy = gate.name
    if (!course.played?.admit(gate, course.call, world)) gate(course.call, world)
    course.passed++
  }
  course.stoppedBy = undefined
}

/** Step 6: the operation; when it refuses, the world is as it was before it ran. */
function run(operation: Operation, course: Course, world: World): Answer {
  let answer: Answer | undefined
  const refused = refusing(course, () => {
    answer = world.change(() => operation.run(course.call, world))
  })
  if (refused) course.stoppedBy = 'operation'
  return refused ?? answer!
}

/** Runs `work`; a `Refusal` becomes the provider's answer, anything else goes up. */
function refusing(course: Course, work: () => Answer | void): Answer | undefined {
  try {
    return work() ?? undefined
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    course.refusal = error
    return course.call.refuse(error)
  }
}

const NO_HEADERS: Readonly<Record<string, string>> = {}
const JSON_HEADERS: Readonly<Record<string, string>> = { 'content-type': 'application/json' }

/** An answer as the bytes it will be: what is kept for repeats is exactly what is sent. */
function write(answer: Answer, served: Served, course: Course, world: World): Kept {
  const { provider } = served
  const text =
    answer.body === undefined
      ? undefined
      : typeof answer.body === 'string'
        ? answer.body
        : (provider.stringify ?? JSON.stringify)(answer.body)
  const more = provider.headers?.(course.call, world)
  const type = text === undefined ? NO_HEADERS : JSON_HEADERS
  const headers = more || answer.headers ? { ...type, ...more, ...answer.headers } : type
  // What a scenario answers is its own affair: off contract may be the point of it.
  if (course.call.match && !course.plan?.before?.respond && !course.plan?.after?.respond)
    checkAnswer(answer, headers['content-type'], course.call.match, served, course.call)
  return { status: answer.status, headers, text }
}

/** Step 7: what leaves is what the document promises. Off contract is noted always, and undoes the call in strict mode. */
function checkAnswer(
  answer: Answer,
  contentType: string | undefined,
  match: Match,
  served: Served,
  call: ReceivedCall,
): void {
  const wrong = served.contract.judgeAnswer(
    match.operation,
    answer.status,
    contentType?.includes(';') ? contentType.split(';', 1)[0] : contentType,
    answer.body,
  )
  if (wrong.length === 0) return
  call.note('off_contract', wrong)
  if (served.strict && !call.notes.bug) throw new Error(`the answer is off contract: ${wrong.join('; ')}`)
}

/** Step 8: the journal entry first, then the bytes. */
function record(kept: Kept, incoming: Incoming, course: Course, served: Served, world: World): Sent {
  const { call, gates, passed, plan, refusal, stoppedBy, began, played } = course
  const id = world.journal.add(
    {
      id: undefined,
      kind: 'call',
      at: world.now,
      provider: served.provider.name,
      operation: call.operation,
      method: incoming.method,
      path: incoming.linePath + (incoming.query === undefined ? '' : `?${incoming.query}`),
      status: kept === SILENCE ? undefined : kept.status,
      gates,
      passed,
      stoppedBy,
      refusal: refusal?.name,
      rules: call.rules,
      notes: call.notes,
      request: incoming,
      caller: call.caller,
      detail: refusal?.detail,
      // Only where something else happened meanwhile; hardly any call is so, and all are kept.
      began:
        began.order === world.arrivals && began.entry === world.journal.nextId && began.at === world.now
          ? undefined
          : began,
      response: kept,
    },
    (incoming.body?.length ?? 0) + (kept.text?.length ?? 0),
  )
  if (began.resumed) served.flights.answered(course, world)
  for (const { id: rule, source, then } of plan?.rules ?? []) {
    world.journal.add({
      kind: 'fault',
      at: world.now,
      provider: served.provider.name,
      operation: call.operation,
      summary: `${rule} (${source}) struck call ${id}`,
      call: id,
      did: then,
    })
  }
  const why =
    refusal && played?.refused
      ? played.refused.hint
      : refusal &&
        (call.caller === undefined && incoming.strangeWorld
          ? `the key ends in .${incoming.strangeWorld}, and there is no world of that name`
          : hintFor(refusal, call, served, world))
  const isLost = refusal?.name === 'not_found' && !call.match && call.allowed.length === 0
  const hint = isLost
    ? `${why ?? `${served.provider.title} has no such path`}; ${nearestPath(call, served.contract, served.provider)}`
    : why
  if (hint) world.journal.amend(id, { hint })
  return {
    status: kept.status,
    headers: kept.headers,
    text: kept.text,
    drop: kept === SILENCE ? (plan!.before?.drop ?? plan!.after!.drop) : undefined,
    corrupt: plan?.corrupt,
    bytesPerSecond: plan?.bytesPerSecond,
    told: {
      operation: call.operation,
      entry: id,
      refusal: refusal?.name,
      hint,
      caller: call.caller,
      struck: plan?.rules,
    },
  }
}
