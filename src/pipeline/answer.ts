// How a call ends: its answer as bytes, held against the OpenAPI document, and its journal entry.
import type { Match } from '../contract/contract.ts'
import type { Incoming, ReceivedCall } from '../contract/received-call.ts'
import { hintFor, nearestPath } from '../diagnosis/hints.ts'
import type { Answer } from '../provider.ts'
import type { StoredResponse } from '../world/journal.ts'
import type { World } from '../world/world.ts'
import type { Exchange, ProviderRuntime, Sent } from './exchange.ts'

/** An answer that never was: the connection is cut instead. */
export const SILENCE: StoredResponse = { status: 0, headers: {}, text: undefined }

const NO_HEADERS: Readonly<Record<string, string>> = {}
const JSON_HEADERS: Readonly<Record<string, string>> = { 'content-type': 'application/json' }

/** An answer as the bytes it will be: what is response for repeats is exactly what is sent. */
export function write(answer: Answer, runtime: ProviderRuntime, exchange: Exchange, world: World): StoredResponse {
  const { provider } = runtime
  const text =
    answer.body === undefined
      ? undefined
      : typeof answer.body === 'string'
        ? answer.body
        : (provider.stringify ?? JSON.stringify)(answer.body)
  const more = provider.headers?.(exchange.call, world)
  const type = text === undefined ? NO_HEADERS : JSON_HEADERS
  const headers = more || answer.headers ? { ...type, ...more, ...answer.headers } : type
  // What a scenario answers is its own affair: off contract may be the point of it.
  if (exchange.call.match && !exchange.plan?.before?.respond && !exchange.plan?.after?.respond)
    checkAnswer(answer, headers['content-type'], exchange.call.match, runtime, exchange.call)
  return { status: answer.status, headers, text }
}

/** Step 7: what leaves is what the document promises. Off contract is noted always, and undoes the call in strict mode. */
function checkAnswer(
  answer: Answer,
  contentType: string | undefined,
  match: Match,
  runtime: ProviderRuntime,
  call: ReceivedCall,
): void {
  const wrong = runtime.contract.judgeAnswer(
    match.operation,
    answer.status,
    contentType?.includes(';') ? contentType.split(';', 1)[0] : contentType,
    answer.body,
  )
  if (wrong.length === 0) return
  call.note('off_contract', wrong)
  if (runtime.strict && !call.notes.bug) throw new Error(`the answer is off contract: ${wrong.join('; ')}`)
}

/** Step 8: the journal entry first, then the bytes. */
export function record(
  response: StoredResponse,
  incoming: Incoming,
  exchange: Exchange,
  runtime: ProviderRuntime,
  world: World,
): Sent {
  const { call, gates, passed, plan, refusal, stoppedBy, began, replay } = exchange
  const id = world.journal.add(
    {
      id: undefined,
      kind: 'call',
      at: world.now,
      provider: runtime.provider.name,
      operation: call.operation,
      method: incoming.method,
      path: incoming.linePath + (incoming.query === undefined ? '' : `?${incoming.query}`),
      status: response === SILENCE ? undefined : response.status,
      gates,
      passed,
      stoppedBy,
      refusal: refusal?.name,
      rules: call.rules,
      notes: call.notes,
      request: incoming,
      caller: call.caller,
      detail: refusal?.detail,
      // Only where something else happened meanwhile; hardly any call is so, and all are response.
      began:
        began.order === world.arrivals && began.entry === world.journal.nextId && began.at === world.now
          ? undefined
          : began,
      response,
      ms: undefined,
    },
    (incoming.body?.length ?? 0) + (response.text?.length ?? 0),
  )
  if (began.resumed) runtime.inFlight.answered(exchange, world)
  const injected = plan && response !== SILENCE ? (plan.before?.respond ?? plan.after?.respond)?.error : undefined
  if (injected !== undefined) world.journal.coverage.injected(runtime.provider.name, injected)
  for (const { id: rule, source, then } of plan?.rules ?? []) {
    world.journal.add({
      kind: 'fault',
      at: world.now,
      provider: runtime.provider.name,
      operation: call.operation,
      summary: `${rule} (${source}) was applied to call ${id}`,
      call: id,
      did: then,
    })
  }
  const why =
    refusal && replay?.refused
      ? replay.refused.hint
      : refusal &&
        (call.caller === undefined && incoming.unknownWorldSuffix
          ? `the key ends in .${incoming.unknownWorldSuffix}, and there is no world of that name`
          : hintFor(refusal, call, runtime, world))
  const isLost = refusal?.name === 'not_found' && !call.match && call.allowed.length === 0
  const hint = isLost
    ? `${why ?? `${runtime.provider.title} has no such path`}; ${nearestPath(call, runtime.contract, runtime.provider)}`
    : why
  if (hint) world.journal.amend(id, { hint })
  return {
    status: response.status,
    headers: response.headers,
    text: response.text,
    drop: response === SILENCE ? (plan!.before?.drop ?? plan!.after!.drop) : undefined,
    corrupt: plan?.corrupt,
    bytesPerSecond: plan?.bytesPerSecond,
    told: {
      operation: call.operation,
      // The journal of a world that is nowhere is nowhere too.
      entry: world.stopped?.rows === 'away' ? 0 : id,
      refusal: refusal?.name,
      hint,
      caller: call.caller,
      struck: plan?.rules,
    },
  }
}
