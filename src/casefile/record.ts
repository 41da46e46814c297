// The control API's chapter on cases: a recording that somebody else can play again. The question whether a call was made so is left to verify.ts.
import { createHash } from 'node:crypto'
import { type Incoming, originOf } from '../pipeline/received.ts'
import type { Moment, UnderWay } from '../pipeline/idempotency.ts'
import {
  bodyFields,
  type CallUnderWay,
  FORMAT,
  mapTexts,
  type RecordedCall,
  type Recording,
  type Step,
  withoutKeys,
} from './format.ts'
import { hiding, HIDDEN, SECRET, secretsIn, secretsOfHeaders, withoutLogins } from '../text/redact.ts'
import type { Deed } from '../engine/recorder.ts'
import type { Sandbox } from '../app.ts'
import { inSlices } from '../runtime/slices.ts'
import type { JournalEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'
import { iso, ok, Problem, type Routes } from '../control/http.ts'
import { knownSecrets } from '../engine/secrets.ts'
import { verify } from '../control/verify.ts'
import { version } from '../runtime/package.ts'

export const caseRoutes: Routes = {
  getRecording: async ({ sandbox, world }) => ok(await recordingOf(sandbox, world)),
  verify,
}

/** What the world took over from elsewhere stands in no journal. */
const TAKEN_OVER = /^(fork|restore|snapshot|kept)/
/** What a receiver answers may hold the signature it was sent; nobody needs so long a word to read the case. */
const LONG_WORD = /[A-Za-z0-9+/=_-]{32,}/g

/** A call as the journal keeps it. */
interface CallEntry extends JournalEntry, Asked {
  readonly status?: number
  readonly rules: readonly string[]
  readonly response: { readonly headers: Record<string, string>; readonly text: string | undefined }
}

/** What is known of a call before it is answered. */
interface Asked {
  readonly provider?: string | undefined
  readonly operation?: string | undefined
  readonly refusal?: string | undefined
  readonly stoppedBy?: string | undefined
  readonly request: Incoming
  readonly caller: unknown
  readonly detail: Readonly<Record<string, unknown>> | undefined
  readonly hint?: string | undefined
  /** When it came, and went on after each wait, where it overlapped others or waited. */
  readonly began: UnderWay['began'] | undefined
}

/** The world's case file as of now, made in slices. Throws a `Problem` when the journal no longer tells the whole story. */
async function recordingOf(sandbox: Sandbox, world: World): Promise<Recording> {
  const { journal, options } = world
  const end = { entry: journal.nextId - 1, at: iso(world.now) }
  // An attempt that is still on its way has no answer to play.
  const entries = [...journal].filter(({ kind, error }) => kind !== 'callback' || error !== undefined)
  const { deeds, lost } = sandbox.tape.of(world)
  const waiting = [...sandbox.flights.underWay(world)].map(askedOf)
  // rule: sandgate.recording.whole
  const over = entries.find(({ kind, action }) => kind === 'control' && TAKEN_OVER.test(String(action)))
  if (over)
    throw new Problem(
      409,
      `a recording would be incomplete, because this world did not begin as new: ${String(over.summary)}`,
    )
  if (journal.lost || journal.emptied) {
    const why =
      journal.dropped > 0
        ? `keeps ${options.journalEntries} entries and ${options.journalBytes} bytes of bodies, and had to drop older ones (limits.journalEntries, limits.journalBytes)`
        : 'was emptied'
    throw new Problem(
      409,
      `the journal ${why}, so a recording would be incomplete; POST /_sandgate/reset and make the calls again`,
    )
  }
  if (lost !== undefined)
    throw new Problem(
      409,
      `${lost}, so a recording would be incomplete; POST /_sandgate/reset and make the calls again`,
    )

  // rule: sandgate.recording.secrets
  const made = [...deeds]
  const hideKeys = hiding(
    knownSecrets(sandbox.options, sandbox.providers, world),
    await inSlices(secretsSent([...entries, ...waiting])),
  )
  const hide = (text: string) => withoutLogins(hideKeys(text))
  const steps = await inSlices(stepsOf(made, entries, sandbox, world, hide))
  const order = ({ entry, kind }: Step) => entry * 2 + (kind === 'control' ? 0 : 1)
  const recording: Recording = mapTexts(
    {
      sandgate: 'recording',
      format: FORMAT,
      version,
      contracts: Object.fromEntries(
        [...sandbox.providers.keys()].map((name) => [name, sha256(sandbox.contract(name)!.text)]),
      ),
      seed: world.seed,
      clock: { start: iso(options.startMs), mode: options.frozen ? 'frozen' : 'running' },
      settings: withoutKeys(sandbox.options.providers ?? {}),
      callbacks: Object.fromEntries(
        Object.entries(sandbox.options.callbacks ?? {}).map(([name, { secret: _, ...wish }]) => [
          name,
          wish as Recording['callbacks'][string],
        ]),
      ),
      limits: sandbox.options.limits?.bodyBytes === undefined ? {} : { bodyBytes: sandbox.options.limits.bodyBytes },
      strict: sandbox.options.strict ?? false,
      assume: options.assumptions,
      journal: [],
      ...(waiting.length > 0 && {
        under_way: waiting.map((call): CallUnderWay => ({
          ...callOf(call, sandbox, world, hide),
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
  deeds: readonly Deed[],
  entries: readonly JournalEntry[],
  sandbox: Sandbox,
  world: World,
  hide: (text: string) => string,
): Generator<void, Step[]> {
  const steps: Step[] = []
  for (const { atMs, ...deed } of deeds) {
    steps.push(mapTexts({ kind: 'control', at: iso(atMs), ...withoutSecret(deed) } satisfies Step, hide))
    yield
  }
  for (const entry of entries) {
    for (const each of step(entry, sandbox, world, hide)) steps.push(mapTexts(each, hide))
    yield
  }
  return steps
}

/** What calls brought and answers showed that lets somebody in, whoever it belongs to. */
function* secretsSent(entries: readonly (JournalEntry | Asked)[]): Generator<void, Set<string>> {
  const found = new Set<string>()
  for (const { request, response } of entries as readonly Partial<CallEntry>[]) {
    const texts = [request?.body?.toString('utf8'), request?.query, response?.text].flatMap(secretsIn)
    for (const text of [...texts, ...secretsOfHeaders(request?.headers ?? {})]) found.add(text)
    yield
  }
  return found
}

/** A secret of an endpoint stays at home: a replay signs nothing. */
function withoutSecret<Deed extends { readonly body?: unknown }>(deed: Deed): Deed {
  const { body } = deed
  if (typeof body !== 'object' || body === null || !('secret' in body)) return deed
  const { secret: _, ...rest } = body
  return { ...deed, body: rest }
}

function step(entry: JournalEntry, sandbox: Sandbox, world: World, hide: (text: string) => string): Step[] {
  const at = iso(entry.at)
  if (entry.kind === 'call') return [callStep(entry as CallEntry, sandbox, world, hide)]
  if (entry.kind === 'control' && (entry.action === 'clock' || entry.action === 'advance'))
    return [{ kind: 'clock', entry: entry.id, at, summary: String(entry.summary) }]
  if (entry.kind !== 'callback') return []
  const { delivery, event, attempt, status, error, answer } = entry as any
  const end = sandbox.tape.of(world).ends.get(`${delivery}/${attempt}`)
  const ended = end ? { ended: { entry: end.entry, at: iso(end.atMs), order: end.order } } : {}
  const told = answer ? { answer: String(answer).replace(LONG_WORD, HIDDEN) } : {}
  return [
    {
      kind: 'callback',
      entry: entry.id,
      at,
      ...ended,
      provider: entry.provider!,
      delivery,
      event,
      attempt,
      status: status ?? null,
      error,
      ...told,
    },
  ]
}

function callStep(entry: CallEntry, sandbox: Sandbox, world: World, hide: (text: string) => string): Step {
  const { response } = entry
  return {
    entry: entry.id,
    at: iso(entry.at),
    ...callOf(entry, sandbox, world, hide),
    answer: {
      status: entry.status ?? null,
      headers: response.headers,
      ...(response.text !== undefined && { body: response.text }),
    },
    rules: [...new Set(entry.rules)],
  }
}

function callOf(
  asked: Asked,
  sandbox: Sandbox,
  world: World,
  hide: (text: string) => string,
): Omit<RecordedCall, 'entry' | 'at' | 'answer'> {
  const { provider, operation, request, caller, detail, began, hint } = asked
  const { identity, keyHeader } = sandbox.providers.get(provider!)!
  const refused = asked.refusal !== undefined && identity.gates.some(({ name }) => name === asked.stoppedBy)
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, SECRET.test(name) || name === keyHeader ? HIDDEN : value] as const],
  )
  return {
    kind: 'call',
    wall: iso(request.wallMs),
    ...(began && { began: moment(began) }),
    ...(began?.resumed?.length && { resumed: began.resumed.map(moment) }),
    provider: provider!,
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
        gate: asked.stoppedBy!,
        name: asked.refusal!,
        ...(detail && { detail }),
        ...(hint !== undefined && { hint }),
      },
    }),
  }
}

function askedOf({ call, began, refusal, stoppedBy }: UnderWay): Asked {
  return {
    provider: call.provider,
    operation: call.operation,
    refusal: refusal?.name,
    stoppedBy,
    request: call.incoming,
    caller: call.caller,
    detail: refusal?.detail,
    began,
  }
}

function moment({ entry, at, order }: Moment): NonNullable<RecordedCall['began']> {
  return { entry, at: iso(at), order }
}

function holdsKey({ path, query, body }: Incoming, hide: (text: string) => string): boolean {
  return [path, query ?? '', body?.toString('latin1') ?? ''].some((text) => hide(text) !== text)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
