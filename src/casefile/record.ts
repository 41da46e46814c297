// A case file of a world: everything that happened in it, from its journal and its recorder, without keys and secrets.
import { createHash } from 'node:crypto'
import { originOf } from '../contract/received-call.ts'
import { bodyFields, type CallUnderWay, FORMAT, type RecordedCall, type Recording, type Step } from './format.ts'
import {
  HIDDEN,
  hiding,
  mapTexts,
  isSecretHeader,
  secretsIn,
  secretsOfHeaders,
  withoutKeys,
  withoutLogins,
} from '../text/redact.ts'
import type { Engine } from '../engine/engine.ts'
import { SandgateError } from '../engine/errors.ts'
import type { ControlCall } from '../engine/recorder.ts'
import { inSlices } from '../runtime/slices.ts'
import type { CallEntry, CallFacts, JournalEntry, ControlAction, Place, ReceivedRequest } from '../world/journal.ts'
import type { World } from '../world/world.ts'
import { iso } from '../text/instants.ts'
import { knownSecrets } from '../engine/secrets.ts'
import { version } from '../runtime/package.ts'

/** What the world took over from elsewhere stands in no journal. */
const TAKEN_OVER: readonly ControlAction[] = ['fork', 'restore', 'kept']
/** What a receiver answers may hold the signature it was sent; nobody needs so long a word to read the case. */
const LONG_WORD = /[A-Za-z0-9+/=_-]{32,}/g

/** The world's case file as of now, made in slices. Throws `recording_incomplete`. */
export async function recordingOf(engine: Engine, world: World): Promise<Recording> {
  const { journal, options } = world
  const end = { entry: journal.nextId - 1, at: iso(world.now) }
  // An attempt that is still on its way has no answer to play.
  const entries = [...journal].filter((entry) => entry.kind !== 'callback' || entry.error !== undefined)
  const { calls, lost } = engine.recorder.of(world)
  const waiting = engine.inFlight.underWay(world)
  // rule: sandgate.recording.whole
  const over = entries.find((entry) => entry.kind === 'control' && TAKEN_OVER.includes(entry.action))
  if (over)
    throw new SandgateError(
      'recording_incomplete',
      `a recording would be incomplete, because this world did not begin as new: ${over.kind === 'control' ? over.summary : ''}`,
    )
  if (journal.lost || journal.emptied) {
    const why =
      journal.dropped > 0
        ? `keeps ${options.journalEntries} entries and ${options.journalBytes} bytes of bodies, and had to drop older ones (limits.journalEntries, limits.journalBytes)`
        : 'was emptied'
    throw new SandgateError(
      'recording_incomplete',
      `the journal ${why}, so a recording would be incomplete; POST /_sandgate/reset and make the calls again`,
    )
  }
  if (lost !== undefined)
    throw new SandgateError(
      'recording_incomplete',
      `${lost}, so a recording would be incomplete; POST /_sandgate/reset and make the calls again`,
    )

  // rule: sandgate.recording.secrets
  const made = [...calls]
  const hideKeys = hiding(
    knownSecrets(engine.options, engine.providers, world),
    await inSlices(secretsSent([...entries, ...waiting])),
  )
  const hide = (text: string) => withoutLogins(hideKeys(text))
  const steps = await inSlices(stepsOf(made, entries, engine, world, hide))
  const order = ({ entry, kind }: Step) => entry * 2 + (kind === 'control' ? 0 : 1)
  const recording: Recording = mapTexts(
    {
      sandgate: 'recording',
      format: FORMAT,
      version,
      contracts: Object.fromEntries(
        [...engine.providers.keys()].map((name) => [name, sha256(engine.contract(name).text)]),
      ),
      seed: world.seed,
      clock: { start: iso(options.startMs), mode: options.frozen ? 'frozen' : 'running' },
      settings: withoutKeys(engine.options.providers ?? {}),
      callbacks: Object.fromEntries(
        Object.entries(engine.options.callbacks ?? {}).map(([name, { secret: _, ...endpoint }]) => [
          name,
          endpoint as Recording['callbacks'][string],
        ]),
      ),
      ...(engine.options.balances?.length && {
        balances: engine.options.balances.map((balance) => ({ ...balance }) as Record<string, string>),
      }),
      limits: engine.options.limits?.bodyBytes === undefined ? {} : { bodyBytes: engine.options.limits.bodyBytes },
      strict: engine.options.strict ?? false,
      assume: options.assumptions,
      journal: [],
      ...(waiting.length > 0 && {
        under_way: waiting.map((call): CallUnderWay => ({
          ...callOf(call, engine, world, hide),
          began: moment(call.began!),
        })),
      }),
      end,
    } satisfies Recording,
    hide,
  )
  return { ...recording, journal: steps.sort((a, b) => order(a) - order(b)) }
}

function* stepsOf(
  calls: readonly ControlCall[],
  entries: readonly JournalEntry[],
  engine: Engine,
  world: World,
  hide: (text: string) => string,
): Generator<void, Step[]> {
  const steps: Step[] = []
  for (const { atMs, ...call } of calls) {
    steps.push(mapTexts({ kind: 'control', at: iso(atMs), ...withoutSecret(call) } satisfies Step, hide))
    yield
  }
  for (const entry of entries) {
    for (const each of step(entry, engine, world, hide)) steps.push(mapTexts(each, hide))
    yield
  }
  return steps
}

/** What calls brought and answers showed that lets somebody in, whoever it belongs to. */
function* secretsSent(entries: readonly (JournalEntry | CallFacts)[]): Generator<void, Set<string>> {
  const found = new Set<string>()
  for (const entry of entries) {
    const request = 'request' in entry ? entry.request : undefined
    const response = 'response' in entry ? entry.response : undefined
    const texts = [request?.body?.toString('utf8'), request?.query, response?.text].flatMap(secretsIn)
    for (const text of [...texts, ...secretsOfHeaders(request?.headers ?? {})]) found.add(text)
    yield
  }
  return found
}

/** A secret of an endpoint is left out: a replay signs nothing. */
function withoutSecret<Call extends { readonly body?: unknown }>(call: Call): Call {
  const { body } = call
  if (typeof body !== 'object' || body === null || !('secret' in body)) return call
  const { secret: _, ...rest } = body
  return { ...call, body: rest }
}

function step(entry: JournalEntry, engine: Engine, world: World, hide: (text: string) => string): Step[] {
  const at = iso(entry.at)
  if (entry.kind === 'call') return [callStep(entry, engine, world, hide)]
  if (entry.kind === 'control' && (entry.action === 'clock' || entry.action === 'advance'))
    return [{ kind: 'clock', entry: entry.id, at, summary: entry.summary }]
  if (entry.kind !== 'callback') return []
  const { delivery, event, attempt, status, error, answer, provider } = entry
  const end = engine.recorder.of(world).ends.get(`${delivery}/${attempt}`)
  const ended = end ? { ended: { entry: end.entry, at: iso(end.atMs), order: end.order } } : {}
  const told = answer ? { answer: answer.replace(LONG_WORD, HIDDEN) } : {}
  return [
    {
      kind: 'callback',
      entry: entry.id,
      at,
      ...ended,
      provider,
      delivery,
      event,
      attempt,
      status: status ?? null,
      error: error ?? null,
      ...told,
    },
  ]
}

function callStep(entry: CallEntry, engine: Engine, world: World, hide: (text: string) => string): Step {
  const { response } = entry
  return {
    entry: entry.id,
    at: iso(entry.at),
    ...callOf(entry, engine, world, hide),
    answer: {
      status: entry.status ?? null,
      headers: response.headers,
      ...(response.text !== undefined && { body: response.text }),
    },
    rules: [...new Set(entry.rules)],
  }
}

function callOf(
  call: CallFacts & { readonly hint?: string | undefined },
  engine: Engine,
  world: World,
  hide: (text: string) => string,
): Omit<RecordedCall, 'entry' | 'at' | 'answer'> {
  const { provider, operation, request, caller, detail, began, hint } = call
  const { identity, keyHeader } = engine.providers.get(provider)!
  const refused = call.refusal !== undefined && identity.gates.some(({ id }) => id === call.stoppedBy)
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, isSecretHeader(name, keyHeader) ? HIDDEN : value] as const],
  )
  return {
    kind: 'call',
    wall: iso(request.wallMs),
    ...(began && { began: moment(began) }),
    ...(began?.resumed?.length && { resumed: began.resumed.map(moment) }),
    provider: provider,
    ...(operation !== undefined && { operation }),
    method: request.method,
    path: request.path,
    ...(request.linePath !== request.path && { line_path: request.linePath }),
    ...(request.query !== undefined && { query: request.query }),
    origin: originOf(request),
    ip: request.ip,
    headers: Object.fromEntries(headers),
    ...bodyFields(request.body, hide),
    ...(holdsKey(request, hide) && { altered: true }),
    ...(caller !== undefined && { who: identity.of(caller, world) }),
    ...(refused && {
      refused: {
        gate: call.stoppedBy!,
        name: call.refusal,
        ...(detail && { detail }),
        ...(hint !== undefined && { hint }),
      },
    }),
  }
}

function moment({ entry, at, order }: Place): NonNullable<RecordedCall['began']> {
  return { entry, at: iso(at), order }
}

function holdsKey({ path, query, body }: ReceivedRequest, hide: (text: string) => string): boolean {
  return [path, query ?? '', body?.toString('latin1') ?? ''].some((text) => hide(text) !== text)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
