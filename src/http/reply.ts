// One request, eight steps, readable from top to bottom: receive, strike before, match, gates, repeat, change, check, record and send.
// A provider says what each step means; the world remembers; nothing here knows a provider by name.
import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, type Call, type Content, type Gate, type Operation, type Problem, type Provider, Refusal } from '../provider.ts'
import type { World } from '../world/world.ts'
import { readContent } from './content.ts'
import type { Contract, Match } from './contract.ts'
import { hintFor } from './hints.ts'
import { findRepeat, type Kept, keepAnswer, repeatId } from './repeats.ts'

/** A provider with its contract, as a sandbox serves it. */
export interface Served {
  readonly provider: Provider
  readonly contract: Contract
  /** Answers operations that no provider models. */
  readonly sample: (served: Served, call: Call, match: Match, world: World) => Promise<Answer>
  /** An answer off contract becomes a loud 500. */
  readonly strict: boolean
  /** Where bugs are told. */
  readonly complain: (message: string, error?: unknown) => void
}

/** A request as the sockets delivered it. */
export interface Incoming {
  readonly method: string
  readonly path: string
  readonly linePath: string
  readonly query: string | undefined
  readonly headers: IncomingHttpHeaders
  /** The exact bytes; undefined when there were more than the limit allows. */
  readonly body: Buffer | undefined
  readonly ip: string
  readonly origin: string
  readonly wallMs: number
}

/** Bytes out. */
export interface Sent {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | undefined
}

/** How far a call came. */
interface Course {
  readonly call: ReceivedCall
  readonly match: Match | undefined
  readonly passed: string[]
  stoppedBy: string | undefined
  refusal: Refusal | undefined
}

const EMPTY = Buffer.alloc(0)

export async function reply(incoming: Incoming, served: Served, world: World): Promise<Sent> {
  world.clock.tick(incoming.wallMs)
  const course = match(incoming, served)
  const { call } = course
  let kept: Kept
  try {
    const modelled = call.operation === undefined || call.operation in served.provider.operations
    kept = modelled ? world.change(() => work(served, course, world)) : await sampled(served, course, world)
  } catch (error) {
    served.complain(`${served.provider.name} ${call.method} ${call.path}: a bug in Sandgate; the world is as it was before the call`, error)
    call.note('bug', String(error))
    kept = write(served.provider.refusals.internal_error!({}, call), served, course, world)
  }
  return record(kept, incoming, course, served, world)
}

/** Step 3: the operation, its path values, and whatever the contract has to say when somebody asks. */
function match(incoming: Incoming, served: Served): Course {
  const found = served.contract.match(incoming.method, incoming.path)
  const needs = found ? served.provider.operations[found.operation.id]?.needs : undefined
  return { call: new ReceivedCall(incoming, served, found, needs), match: found, passed: [], stoppedBy: undefined, refusal: undefined }
}

/** Steps 4 to 7, inside one change: what the gates wrote stays when the operation refuses, what the operation wrote does not. */
function work(served: Served, course: Course, world: World): Kept {
  const { call } = course
  const { provider } = served
  const operation = call.operation === undefined ? undefined : provider.operations[call.operation]!
  const refused = refusing(course, () => passGates(operation ? (operation.gates ?? provider.gates) : provider.elsewhere.gates, course, world))
  if (refused) return write(refused, served, course, world)
  if (!operation) return write(refusing(course, () => provider.elsewhere.answer(call, world))!, served, course, world)

  const policy = operation.repeats
  const id = policy && repeatId(call, policy)
  if (!policy || id === undefined) return write(run(operation, course, world), served, course, world)

  let repeat: Kept | undefined
  const conflict = refusing(course, () => {
    repeat = findRepeat(call, policy, id, world)
  })
  if (conflict) return write(conflict, served, course, world)
  if (repeat) return repeat
  const kept = write(run(operation, course, world), served, course, world)
  keepAnswer(call, policy, id, kept, world)
  return kept
}

/** An operation of the document that nobody models: the gates hold, the answer is made up. */
async function sampled(served: Served, course: Course, world: World): Promise<Kept> {
  const refused = world.change(() => refusing(course, () => passGates(served.provider.gates, course, world)))
  return write(refused ?? (await served.sample(served, course.call, course.match!, world)), served, course, world)
}

/** Step 4: the provider's checks, in its own order. */
function passGates(gates: readonly Gate[], course: Course, world: World): void {
  // rule: sandgate.input.body-limit
  if (course.call.bodyTooLarge) throw new Refusal('body_too_large')
  for (const gate of gates) {
    course.stoppedBy = gate.name
    gate(course.call, world)
    course.passed.push(gate.name)
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

/** An answer as the bytes it will be: what is kept for repeats is exactly what is sent. */
function write(answer: Answer, served: Served, course: Course, world: World): Kept {
  const { provider } = served
  const text = answer.body === undefined ? undefined
    : typeof answer.body === 'string' ? answer.body
    : (provider.stringify ?? JSON.stringify)(answer.body)
  const type = text === undefined ? {} : { 'content-type': 'application/json' }
  const headers: Record<string, string> = { ...type, ...provider.headers?.(course.call, world), ...answer.headers }
  if (course.match) checkAnswer(answer, headers['content-type'], course.match, served, course.call)
  return { status: answer.status, headers, text }
}

/** Step 7: what leaves is what the document promises. Off contract is noted always, and undoes the call in strict mode. */
function checkAnswer(answer: Answer, contentType: string | undefined, match: Match, served: Served, call: ReceivedCall): void {
  const wrong = served.contract.judgeAnswer(match.operation, answer.status, contentType?.split(';', 1)[0], answer.body)
  if (wrong.length === 0) return
  call.note('off_contract', wrong)
  if (served.strict && !call.notes.bug) throw new Error(`the answer is off contract: ${wrong.join('; ')}`)
}

/** Step 8: the journal entry first, then the bytes. */
function record(kept: Kept, incoming: Incoming, course: Course, served: Served, world: World): Sent {
  const { call, refusal } = course
  const id = world.journal.add({
    kind: 'call',
    at: world.now,
    provider: served.provider.name,
    operation: call.operation,
    method: incoming.method,
    path: incoming.linePath + (incoming.query === undefined ? '' : `?${incoming.query}`),
    status: kept.status,
    checks: course.passed,
    stoppedBy: course.stoppedBy,
    refusal: refusal?.name,
    rules: call.rules,
    notes: call.notes,
    request: { headers: incoming.headers, body: incoming.body },
    response: { headers: kept.headers, text: kept.text },
  })
  const headers: Record<string, string> = { ...kept.headers, 'x-sandgate-entry': String(id) }
  const hint = refusal && hintFor(refusal, call, served.provider, world)
  if (hint) headers['x-sandgate-hint'] = hint
  return { status: kept.status, headers, text: kept.text }
}

/** A call, with what is expensive to know found out only when somebody asks. */
class ReceivedCall implements Call {
  readonly #incoming: Incoming
  readonly #served: Served
  readonly #match: Match | undefined
  #content: Content | undefined
  #problems: Problem[] | undefined
  readonly provider: string
  readonly operation: string | undefined
  readonly needs: string | undefined
  readonly rules: string[] = []
  readonly notes: Record<string, unknown> = {}
  caller: any = undefined

  constructor(incoming: Incoming, served: Served, match: Match | undefined, needs: string | undefined) {
    this.#incoming = incoming
    this.#served = served
    this.#match = match
    this.provider = served.provider.name
    this.operation = match?.operation.id
    this.needs = needs
  }

  get method(): string {
    return this.#incoming.method
  }

  get path(): string {
    return this.#incoming.path
  }

  get linePath(): string {
    return this.#incoming.linePath
  }

  get query(): string | undefined {
    return this.#incoming.query
  }

  get headers(): IncomingHttpHeaders {
    return this.#incoming.headers
  }

  get body(): Buffer {
    return this.#incoming.body ?? EMPTY
  }

  get bodyTooLarge(): boolean {
    return this.#incoming.body === undefined
  }

  get ip(): string {
    return this.#incoming.ip
  }

  get origin(): string {
    return this.#incoming.origin
  }

  get wallMs(): number {
    return this.#incoming.wallMs
  }

  get params(): Readonly<Record<string, string>> {
    return this.#match?.params ?? {}
  }

  get queryValues(): Readonly<Record<string, unknown>> {
    return this.#match ? this.#served.contract.queryValues(this.#match.operation, this.query) : {}
  }

  get content(): Content {
    return (this.#content ??= readContent(this.body, this.headers['content-type'], this.#served.provider.readsJson))
  }

  get allowed(): readonly string[] {
    return this.#served.contract.allowed(this.path)
  }

  get problems(): readonly Problem[] {
    return (this.#problems ??= this.#match ? this.#served.contract.judgeCall(this.#match.operation, this) : [])
  }

  because(...rules: string[]): void {
    this.rules.push(...rules)
  }

  note(key: string, value: unknown): void {
    this.notes[key] = value
  }

  refuse(refusal: Refusal): Answer {
    const make = this.#served.provider.refusals[refusal.name]
    if (!make) throw new Error(`${this.provider} has no refusal ${refusal.name}`)
    return make(refusal.detail, this)
  }
}
