// One request, eight steps, readable from top to bottom: receive, strike before, match, gates, repeat, change, check, record and send.
// A provider says what each step means; the world remembers; nothing here knows a provider by name.
import { type Answer, type Call, type Gate, type Operation, type Provider, Refusal } from '../provider.ts'
import { armSpoil } from '../world/outbox.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'
import type { Contract, Match } from './contract.ts'
import { arrange, type DepositWish, NoSuchDeposit } from './deposits.ts'
import { type CorruptHow, type DropHow, type Plan, planFaults, type Respond } from './faults.ts'
import { hintFor, nearestPath } from './hints.ts'
import { type Incoming, ReceivedCall } from './received.ts'
import { findRepeat, type Flights, type Kept, keepAnswer, repeatId } from './repeats.ts'

/** A provider with its contract, as a sandbox serves it. */
export interface Served {
  readonly provider: Provider
  readonly contract: Contract
  /** All providers of the sandbox, because money can be sent to any address. */
  readonly providers: ReadonlyMap<string, Provider>
  /** Calls under way whose idempotency key is claimed. */
  readonly flights: Flights
  /** Answers operations that no provider models. */
  readonly sample: (served: Served, call: ReceivedCall, match: Match, world: World) => Promise<Answer>
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
  readonly admit: Admit | undefined
  /** The journal entry that was the next one when the call came, and world time then. */
  readonly began: { readonly entry: number; readonly at: number }
}

/** Stands in for a check, as a replay does: the check is not asked where this says true. */
export type Admit = (gate: Gate, call: Call, world: World) => boolean

/** An answer that never was: the connection is cut instead. */
const SILENCE: Kept = { status: 0, headers: {}, text: undefined }

export async function reply(incoming: Incoming, served: Served, world: World, admit?: Admit): Promise<Sent> {
  served.afterwards(world)
  const { keeper } = world
  // Step 3, and step 2: which faults strike depends on what is called.
  const call = new ReceivedCall(incoming, served.provider, served.contract)
  const course: Course = { call, plan: planFaults(call, world), gates: [], passed: 0, stoppedBy: undefined, refusal: undefined, settled: undefined, admit, began: { entry: world.journal.nextId, at: world.now } }
  let kept: Kept
  try {
    kept = await strikeAround(served, course, world)
  } catch (error) {
    served.complain(`${served.provider.name} ${call.method} ${call.path}: a bug in Sandgate; the operation changed nothing`, error)
    call.note('bug', String(error))
    kept = write(served.provider.refusals.internal_error!({}, call), served, course, world)
  }
  const sent = record(kept, incoming, course, served, world)
  served.afterwards(world)
  // Everything that happens in one turn is kept in one write; nobody hears of it before.
  const settled = keeper?.settled()
  if (settled) await settled
  // What others changed while this call waited is their affair.
  const own = course.settled ?? settled
  return own && !(await own) ? unavailable(sent, served, course, world) : sent
}

/** Nothing that this call did could be kept, and nothing of it is there any more. */
function unavailable(sent: Sent, served: Served, course: Course, world: World): Sent {
  const { status, headers, text } = write(served.provider.refusals.unavailable!({}, course.call), served, course, world)
  world.journal.amend(sent.told.entry, { status, refusal: 'unavailable', stoppedBy: 'keeping', response: { status, headers, text } })
  return { ...sent, status, headers, text, told: { ...sent.told, refusal: 'unavailable', hint: undefined } }
}

/** Step 2 and its twin after the work: a fault may answer, or cut the connection, instead of the provider or instead of its answer. */
function strikeAround(served: Served, course: Course, world: World): Promise<Kept> {
  return course.plan ? struckWork(course.plan, served, course, world) : work(served, course, world)
}

async function struckWork({ before, after, delayMs }: Plan, served: Served, course: Course, world: World): Promise<Kept> {
  if (before && delayMs > 0) await served.pause(delayMs)
  if (before?.drop) return SILENCE
  if (before?.respond) return write(faulty(before.respond, served, course), served, course, world)
  const kept = await work(served, course, world)
  if (after?.drop) return SILENCE
  return after?.respond ? write(faulty(after.respond, served, course), served, course, world) : kept
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
  course.gates = operation?.gates ?? (call.match ? provider.gates : provider.elsewhere.gates)
  const refused = change(() => refusing(course, () => passGates(course, world)), course, world)
  // A slow provider is slow in refusing too.
  if (plan && plan.delayMs > 0 && (refused || !operation)) await served.pause(plan.delayMs)
  if (refused) return write(refused, served, course, world)
  if (!call.match) return write(refusing(course, () => provider.elsewhere.answer(call, world))!, served, course, world)

  if (!operation) return write(await served.sample(served, call, call.match, world), served, course, world)
  const id = operation.repeats && repeatId(call, operation.repeats)
  if (id !== undefined) {
    const inFlight = await meet(id, served, course, operation, world)
    if (inFlight) return write(inFlight, served, course, world)
  }
  const performed = () => change(() => perform(operation, id, served, course, world), course, world)
  if (!plan || plan.delayMs === 0) return performed()
  // rule: sandgate.faults.in-flight
  const late = served.pause(plan.delayMs).then(performed)
  return id === undefined ? late : served.flights.during(world, id, late)
}

/** One of this call's own changes. */
function change<T>(doing: () => T, course: Course, world: World): T {
  const done = world.change(doing)
  course.settled = world.keeper?.settled() ?? course.settled
  return done
}

/** A second call with the key of one that is still under way waits for it, or is told so: the provider's own choice. */
async function meet(id: string, { flights }: Served, course: Course, operation: Operation, world: World): Promise<Answer | undefined> {
  for (let flight = flights.of(world, id); flight; flight = flights.of(world, id)) {
    const { inFlight } = operation.repeats!
    const choice = typeof inFlight === 'function' ? inFlight(world) : inFlight
    course.call.note('idempotency', { decided: choice === 'wait' ? 'waited for the call in flight' : 'refused: in flight' })
    if (choice !== 'wait') return refusing(course, () => { throw new Refusal(choice.refuse) })
    await flight
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
  if (before !== undefined) setOff(course.plan!, world.list(HandOuts, 'all', '', { after: { order: before, key: '\uffff' } }), served, course, world)
  return kept
}

// rule: sandgate.faults.deposit, sandgate.faults.callbacks
/** What a scenario lets happen to what this call handed out: money that comes, callbacks that go wrong. */
function setOff(plan: Plan, handOuts: readonly HandOut[], { providers }: Served, { call }: Course, world: World): void {
  for (const object of new Set(handOuts.map(({ reference }) => reference))) {
    for (const { how, times, byMs } of plan.callbacks) armSpoil({ provider: call.provider, object, how, times, byMs }, world)
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
function addressee({ network, currency }: DepositWish, handOuts: readonly HandOut[]): HandOut | undefined {
  const same = (named: string | undefined, own: string) => named === undefined || named.toLowerCase() === own.toLowerCase()
  const onNetwork = handOuts.filter((handOut) => same(network, handOut.network))
  return onNetwork.find((handOut) => same(currency, handOut.currency)) ?? onNetwork[0] ?? handOuts[0]
}

/** Step 4: the provider's checks, in its own order. */
function passGates(course: Course, world: World): void {
  // rule: sandgate.input.body-limit
  if (course.call.bodyTooLarge) throw new Refusal('body_too_large')
  for (const gate of course.gates) {
    course.stoppedBy = gate.name
    if (!course.admit?.(gate, course.call, world)) gate(course.call, world)
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
  const text = answer.body === undefined ? undefined
    : typeof answer.body === 'string' ? answer.body
    : (provider.stringify ?? JSON.stringify)(answer.body)
  const more = provider.headers?.(course.call, world)
  const type = text === undefined ? NO_HEADERS : JSON_HEADERS
  const headers = more || answer.headers ? { ...type, ...more, ...answer.headers } : type
  // What a scenario answers is its own affair: off contract may be the point of it.
  if (course.call.match && !course.plan?.before?.respond && !course.plan?.after?.respond) checkAnswer(answer, headers['content-type'], course.call.match, served, course.call)
  return { status: answer.status, headers, text }
}

/** Step 7: what leaves is what the document promises. Off contract is noted always, and undoes the call in strict mode. */
function checkAnswer(answer: Answer, contentType: string | undefined, match: Match, served: Served, call: ReceivedCall): void {
  const wrong = served.contract.judgeAnswer(match.operation, answer.status, contentType?.includes(';') ? contentType.split(';', 1)[0] : contentType, answer.body)
  if (wrong.length === 0) return
  call.note('off_contract', wrong)
  if (served.strict && !call.notes.bug) throw new Error(`the answer is off contract: ${wrong.join('; ')}`)
}

/** Step 8: the journal entry first, then the bytes. */
function record(kept: Kept, incoming: Incoming, { call, gates, passed, plan, refusal, stoppedBy, began }: Course, served: Served, world: World): Sent {
  const id = world.journal.add({
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
    began: began.entry === world.journal.nextId && began.at === world.now ? undefined : began,
    response: kept,
  }, (incoming.body?.length ?? 0) + (kept.text?.length ?? 0))
  for (const { id: rule, source, then } of plan?.rules ?? []) {
    world.journal.add({ kind: 'fault', at: world.now, provider: served.provider.name, operation: call.operation, summary: `${rule} (${source}) struck call ${id}`, call: id, did: then })
  }
  const why = refusal && (call.caller === undefined && incoming.strangeWorld ? `the key ends in .${incoming.strangeWorld}, and there is no world of that name` : hintFor(refusal, call, served, world))
  const isLost = refusal?.name === 'not_found' && !call.match && call.allowed.length === 0
  const hint = isLost ? `${why ?? `${served.provider.title} has no such path`}; ${nearestPath(call, served.contract, served.provider)}` : why
  if (hint) world.journal.amend(id, { hint })
  return {
    status: kept.status,
    headers: kept.headers,
    text: kept.text,
    drop: kept === SILENCE ? (plan!.before?.drop ?? plan!.after!.drop) : undefined,
    corrupt: plan?.corrupt,
    bytesPerSecond: plan?.bytesPerSecond,
    told: { operation: call.operation, entry: id, refusal: refusal?.name, hint, struck: plan?.rules },
  }
}
