// A partner's calls to the real provider as a case file: the recorded answers are what the provider said, so a replay shows where the sandbox says
// something else. Reading the calls out of files is left to har.ts and transcript.ts, playing them to replay.ts.
import { createHash } from 'node:crypto'
import { leftOutSentence, NAMING } from '../compare.ts'
import { version } from '../../runtime/package.ts'
import type { Config } from '../../options.ts'
import type { Contract, ContractOperation } from '../../contract/contract.ts'
import { ReceivedCall } from '../../contract/received-call.ts'
import { bodyFields, FORMAT, type RecordedCall, type Recording, Unusable } from '../format.ts'
import { HIDDEN, mapTexts, withoutKeys } from '../../text/redact.ts'
import type { Provider, SeenCall } from '../../provider.ts'
import { withoutMark } from '../../text/reading.ts'
import { Renamed } from '../substitutions.ts'
import { quietEngine } from '../../engine/quiet.ts'
import { type Addressed, callsOf, hostsTold } from './addressed.ts'
import { isBlackedOut, jsonBody } from './bodies.ts'
import { type Exchange, headerOf, type Pair } from './exchange.ts'
import { drawnFields, SentValues } from './fields.ts'
import { refusedAs } from './refused.ts'
import { isSecretField, isSecretHeader, secretsOut } from './secrets.ts'
import { whenOf } from './when.ts'

const NOTE =
  "Made from calls to the real provider: each answer is what it said. Held against the sandbox's own: the status, the headers in compare.headers, and the body field by field, equal but for compare.fields, where only the form must be the same; what is in compare.left_out is not compared. Ids and addresses that are others here are replaced in the calls that follow. Who was refused for a key, a permission or a rate is refused again."

/** Where a file names no instant at all. */
const NO_TIME = Date.parse('2026-01-01T00:00:00Z')
/** Headers that are between client and server, and not part of a case. */
const HOP =
  /^(:|content-length$|content-encoding$|connection$|host$|accept-encoding$|transfer-encoding$|sec-|user-agent$|referer$|origin$|expect$|priority$|dnt$|cookie$|set-cookie$)/
/** Of these the first one counts, as in Node. */
const SINGLE = /^(content-type|authorization|idempotency-key)$/
/** What a sandbox takes unless its config says otherwise. */
const BODY_BYTES = 1024 * 1024
/** Larger answers are no refusals. */
const REFUSAL_BYTES_MAX = 64 * 1024

export interface Imported {
  readonly recording: Recording
  /** What became of the rest, and what is not compared; sentences for people. */
  readonly told: readonly string[]
}

export interface Importing {
  readonly provider: Provider
  readonly contract: Contract
  /** Names of all providers there are. */
  readonly names: readonly string[]
  readonly config?: Config | undefined
}

/** A call, read. */
interface Call extends Addressed {
  readonly at: string
  readonly operation: ContractOperation | undefined
  readonly headers: Readonly<Record<string, string>>
  /** A header was made up that decides what is answered. */
  readonly isGuessed: boolean
  readonly body: Buffer | undefined
  readonly seen: SeenCall
  readonly answer: {
    readonly status: number | undefined
    readonly headers: readonly Pair[] | undefined
    readonly body: Buffer | undefined
    readonly json: { readonly value: unknown } | undefined
  }
  readonly refused: RecordedCall['refused']
}

/** Throws `Unusable` when there is no call of this provider among them. */
export function caseOf(exchanges: readonly Exchange[], importing: Importing): Imported {
  const { provider, contract, names, config } = importing
  const all = callsOf(
    provider,
    exchanges,
    contract,
    names.filter((name) => name !== provider.name),
  )
  const ended = all.filter(({ exchange }) => !exchange.lost)
  const example = `${contract.operations[0]!.method} ${contract.basePath}${contract.operations[0]!.path}`
  if (all.length === 0)
    throw new Unusable(
      `no request in it has a path of ${provider.title}, such as ${example}; it has ${exchanges.length === 0 ? 'no requests at all' : hostsTold(exchanges)}`,
    )
  if (ended.length === 0)
    throw new Unusable(
      `none of the ${all.length} requests to ${provider.title} in it has an answer: they were aborted, or answered by a cache`,
    )

  const read = inOrder(ended).map((call, index) => readCall(call, index + 1, importing))
  const calls = read.filter(isPlayable)
  if (calls.length === 0)
    throw new Unusable(
      `of the ${read.length} requests to ${provider.title} in it none can be played: their bodies are not in the file`,
    )
  const seen = calls.map((call) => call.seen)
  const { settings, callers, world } = partnerOf(seen, importing)
  const renamed = new Renamed()
  for (const [theirs, ours] of provider.traffic?.catalogue?.(seen) ?? []) renamed.learn('id', theirs, ours)

  const sent = new SentValues()
  const told: Told = { values: new SentValues(), lacks: false }
  const hide = secretsOut(
    calls.map(({ exchange, answer, query, body }) => ({
      headers: exchange.headers,
      answerHeaders: answer.headers,
      query,
      bodies: [body, answer.body],
    })),
    provider,
    config?.providers,
  )
  const start = calls[0]!.at
  const journal = calls.map((call, index) => {
    const who =
      call.answer.status === 401 && !call.refused
        ? undefined
        : provider.identity.of(callerOf(call.seen, callers, provider), world)
    const step = stepOf(call, index + 1, {
      who,
      sent,
      told,
      hide,
      renamed,
      provider,
      bodyBytes: config?.limits?.bodyBytes ?? BODY_BYTES,
    })
    told.values.addAll(call.answer.json?.value)
    told.lacks ||= call.answer.body === undefined
    return step
  })
  const recording: Recording = {
    sandgate: 'recording',
    format: FORMAT,
    version,
    note: NOTE,
    contracts: {},
    seed: config?.seed ?? 'sandgate',
    clock: { start, mode: 'frozen' },
    settings: withoutKeys(settings),
    callbacks: Object.fromEntries(
      Object.entries(config?.callbacks ?? {}).map(([name, { secret: _, ...wish }]) => [
        name,
        wish as Recording['callbacks'][string],
      ]),
    ),
    limits: config?.limits?.bodyBytes === undefined ? {} : { bodyBytes: config.limits.bodyBytes },
    strict: false,
    assume: { ...config?.assume },
    journal,
    end: { entry: journal.length, at: journal.at(-1)!.at },
  }
  return {
    recording,
    told: toldOf(recording, { lost: all.length - ended.length, bodiless: read.length - calls.length }),
  }
}

/** By time; an instant that is missing or not whole is the one of the call before it, where that can be. */
function inOrder(calls: readonly Addressed[]): (Addressed & { readonly ms: number })[] {
  const dated = calls.some(({ exchange }) => exchange.when)
  // A server's clock is another one, so it counts only where the client's is nowhere told.
  const whenIs = ({ exchange }: Addressed) =>
    dated ? exchange.when : whenOf(headerOf('date', exchange.answer?.headers))
  let before = calls.map(whenIs).find((when) => when)?.ms ?? NO_TIME
  return calls
    .map((call) => {
      const when = whenIs(call)
      const isBefore = !when || (before >= when.ms && before <= when.ms + when.openMs)
      before = isBefore ? before : when.ms
      return { ...call, ms: before }
    })
    .sort((a, b) => a.ms - b.ms)
}

function readCall(call: Addressed & { readonly ms: number }, number: number, { provider, contract }: Importing): Call {
  const { exchange, path, query, origin } = call
  const match = contract.match(exchange.method, path)
  const { status, headers: answerHeaders } = exchange.answer ?? { status: undefined, headers: undefined }
  const heard = exchange.answer?.body()
  const answered = heard && withoutMark(heard)
  const json = jsonBody(answered)
  const { headers, isGuessed } = headersSent(exchange, match?.operation, { path, number, status, answered })
  const params = match?.params ?? {}
  const sentBody = exchange.body()
  const body =
    sentBody ??
    (isEmptyLegal(match?.operation, { params, query, headers }, contract) ? emptyFor(match?.operation) : undefined)
  const received = new ReceivedCall(
    {
      method: exchange.method,
      path,
      linePath: path,
      query,
      headers,
      body: body ?? Buffer.alloc(0),
      ip: '127.0.0.1',
      origin,
      wallMs: call.ms,
    },
    provider,
    contract,
  )
  const small = answered && answered.length <= REFUSAL_BYTES_MAX ? json : undefined
  return {
    ...call,
    at: new Date(call.ms).toISOString(),
    operation: match?.operation,
    headers,
    isGuessed,
    body,
    seen: {
      operation: match?.operation.id,
      params,
      headers: Object.fromEntries(exchange.headers ?? []),
      sent: jsonBody(body)?.value,
      status,
      answered: json?.value,
    },
    answer: { status, headers: answerHeaders, body: answered, json },
    refused: refusedAs({ status, body: small, hasBody: answered !== undefined }, received, provider),
  }
}

/** The headers as a server gets them. Those that a tool left out or blacked out, and without which no such call is answered, are made up. */
function headersSent(
  { method, headers, body }: Exchange,
  operation: ContractOperation | undefined,
  {
    path,
    number,
    status,
    answered,
  }: { path: string; number: number; status: number | undefined; answered: Buffer | undefined },
) {
  const sent = new Map<string, string>()
  for (const [name, value] of headers ?? []) {
    if (HOP.test(name)) continue
    const before = sent.get(name)
    if (before === undefined) sent.set(name, value)
    else if (!SINGLE.test(name)) sent.set(name, `${before}, ${value}`)
  }
  const isTold = headers !== undefined && headers.some(([name]) => name !== 'content-type')
  const type = sent.get('content-type')
  if ((type === undefined ? !isTold : isBlackedOut(type)) && jsonBody(body()))
    sent.set('content-type', 'application/json')
  let isGuessed = false
  for (const { name: written, required } of operation?.parameters.filter((parameter) => parameter.in === 'header') ??
    []) {
    const name = written.toLowerCase()
    const value = sent.get(name)
    const isHidden = value !== undefined && isBlackedOut(value)
    if (value === undefined ? isTold : !isHidden) continue
    isGuessed = true
    // The answer may say that it was not there.
    const isMissed =
      !isHidden &&
      (status === undefined ||
        (status === 400 && (!answered || answered.toString('latin1').toLowerCase().includes(name.split('-')[0]!))))
    if ((required || name.includes('idempotency')) && !isMissed)
      sent.set(name, uuidOf([method, path, body()?.toString('base64') ?? '', answered?.toString('base64') ?? number]))
    else sent.delete(name)
  }
  return { headers: Object.fromEntries(sent), isGuessed }
}

/** A UUID that is the same for a call that is repeated and gets the same answer, as a repeat under one key does. */
function uuidOf(parts: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Whether an empty object says all that this operation asks for. */
function isEmptyLegal(
  operation: ContractOperation | undefined,
  call: {
    params: Readonly<Record<string, string>>
    query: string | undefined
    headers: Readonly<Record<string, string>>
  },
  contract: Contract,
): boolean {
  return (
    !operation?.body ||
    contract
      .judgeCall(operation, { ...call, content: { kind: 'json', value: {} } })
      .every((problem) => problem.in !== 'body')
  )
}

function emptyFor(operation: ContractOperation | undefined): Buffer {
  return Buffer.from(operation?.body?.required ? '{}' : '')
}

/** A call whose body is not in the file cannot be made again, unless it was refused whatever it was. */
function isPlayable({ body, refused }: Call): boolean {
  return body !== undefined || refused !== undefined
}

// rule: sandgate.import.partner
/** The settings that the partner needs, and its callers in a world that has them, those it would rather be first. */
function partnerOf(seen: readonly SeenCall[], { provider, config }: Importing) {
  const worldWith = (providers: Record<string, unknown>) =>
    quietEngine(new Map([[provider.name, provider]]), { clock: new Date(NO_TIME).toISOString(), providers }).world()!
  const given = { ...config?.providers }
  const before = worldWith(given)
  if (provider.identity.callers(before).length === 0)
    throw new Unusable(`no account of ${provider.title} in the config file has a key, so nobody can make these calls`)
  const account = firstAccount(given[provider.name]) ?? provider.traffic?.account(provider.identity.callers(before)[0])
  const own =
    account === undefined
      ? given[provider.name]
      : (provider.traffic?.settings?.(seen, given[provider.name], account) ?? given[provider.name])
  const settings = own === undefined ? given : { ...given, [provider.name]: own }
  const world = worldWith(settings)
  const callers = provider.identity.callers(world)
  const first = callers.filter((caller) => account !== undefined && provider.traffic?.account(caller) === account)
  const ordered = [...first, ...callers]
  // Where a call does not say who made it, it was whoever made the others.
  const usual = seen.flatMap(
    (call) => ordered.find((caller) => provider.traffic?.madeBy?.(call, caller) === true) ?? [],
  )[0]
  return { settings, world, callers: usual === undefined ? ordered : [usual, ...ordered] }
}

/** Who made a call to the real provider, as far as the call itself says so. */
function callerOf(call: SeenCall, callers: readonly unknown[], { traffic }: Provider): unknown {
  return (
    callers.find((caller) => traffic?.madeBy?.(call, caller) === true) ??
    callers.find((caller) => traffic?.madeBy?.(call, caller) !== false) ??
    callers[0]
  )
}

/** The name of the account that a config file names first: what has keys is one. */
function firstAccount(settings: unknown): string | undefined {
  const groups = typeof settings === 'object' && settings !== null ? Object.values(settings) : []
  const accounts = groups.flatMap((group) => (typeof group === 'object' && group !== null ? Object.entries(group) : []))
  return accounts.find(([, account]) => Array.isArray((account as { keys?: unknown } | null)?.keys))?.[0]
}

/** What the partner sent itself, as it stands in the case. */
function addSent(
  params: Readonly<Record<string, string>>,
  query: string | undefined,
  body: Buffer | undefined,
  sent: SentValues,
): void {
  for (const [name, value] of [...Object.entries(params), ...new URLSearchParams(query ?? '')]) sent.add(name, value)
  sent.addAll(jsonBody(body)?.value)
}

/** What earlier answers have said, and whether the body of one of them is missing. */
interface Told {
  readonly values: SentValues
  lacks: boolean
}

interface Making {
  readonly who: RecordedCall['who']
  readonly sent: SentValues
  readonly told: Told
  readonly hide: (text: string) => string
  readonly renamed: Renamed
  readonly provider: Provider
  /** More of a body is refused unread. */
  readonly bodyBytes: number
}

function stepOf(
  call: Call,
  entry: number,
  { who, sent, told, hide, renamed, provider, bodyBytes }: Making,
): RecordedCall {
  const { exchange, at, operation, refused } = call
  const { method } = exchange
  const asOurs = renamed.request({ provider: provider.name, method, path: call.path, query: call.query }, call.body)
  addSent(call.seen.params, asOurs.query, asOurs.body, sent)
  const query = asOurs.query === undefined ? undefined : withoutSecretValues(asOurs.query)
  const headers = Object.entries(call.headers).map(
    ([name, value]) => [name, isSecretHeader(name, provider) ? HIDDEN : value] as const,
  )
  const body = bodyFields((asOurs.body?.length ?? 0) > bodyBytes ? undefined : (asOurs.body ?? Buffer.alloc(0)), hide)
  const isAltered =
    hide(asOurs.path) !== asOurs.path ||
    (query !== undefined && hide(query) !== asOurs.query) ||
    hide(asOurs.body?.toString('latin1') ?? '') !== (asOurs.body?.toString('latin1') ?? '')
  return {
    kind: 'call',
    entry,
    at,
    wall: at,
    provider: provider.name,
    ...(operation !== undefined && { operation: operation.id }),
    method,
    path: hide(asOurs.path),
    ...(query !== undefined && { query: hide(query) }),
    origin: hide(call.origin),
    ip: '127.0.0.1',
    headers: mapTexts(Object.fromEntries(headers), hide),
    ...body,
    ...(isAltered && { altered: true as const }),
    ...(who !== undefined && { who: { ...who } }),
    ...(refused && { refused }),
    ...answerOf(call, namesUnknown(call, told, provider), { hide, sent, provider }),
  }
}

function withoutSecretValues(query: string): string {
  return query
    .split('&')
    .map((pair) => (isSecretField(pair.split('=', 1)[0]!) ? `${pair.split('=', 1)[0]}=${HIDDEN}` : pair))
    .join('&')
}

/** Answers that are the same whatever a call names, and those that mostly are. */
const WHATEVER = [401, 403, 404, 405, 413, 415, 429]
const MOSTLY = [400, 422]

/** Whether the call names something that no answer in the file has told of: it was made before, or in an answer whose body is missing. */
function namesUnknown({ query, seen, answer, exchange }: Call, told: Told, { traffic }: Provider): boolean {
  if (
    answer.status === undefined ||
    WHATEVER.includes(answer.status) ||
    (MOSTLY.includes(answer.status) && !told.lacks)
  )
    return false
  const { drawn = {} } = traffic ?? {}
  const inBody =
    exchange.method === 'GET' && typeof seen.sent === 'object' && seen.sent !== null ? Object.entries(seen.sent) : []
  const named = [...Object.entries(seen.params), ...new URLSearchParams(query ?? ''), ...inBody]
  return named.some(
    ([name, value]) =>
      NAMING.has(drawn[name] ?? drawn[`next_${name}`]) &&
      value !== null &&
      value !== '' &&
      !told.values.has(name, value, false),
  )
}

/** The answer, and how it is compared. */
function answerOf(
  { answer, operation, refused, isGuessed }: Call,
  isUnknown: boolean,
  { hide, sent, provider }: Pick<Making, 'hide' | 'sent' | 'provider'>,
): Pick<RecordedCall, 'answer' | 'compare'> {
  const { status, headers, body } = answer
  const type = headerOf('content-type', headers)
  const hasType = type !== undefined && !isBlackedOut(type)
  // rule: sandgate.import.left-out
  const isSampled = operation !== undefined && !Object.hasOwn(provider.operations, operation.id) && !refused
  const isConflict = isGuessed && status === 409
  const missing = [
    ...(status === undefined ? ['status' as const] : []),
    ...(hasType || body?.length === 0 ? [] : ['headers' as const]),
    ...(body === undefined ? ['body' as const] : []),
  ]
  const left = isSampled || isUnknown || isConflict ? (['status', 'headers', 'body'] as const) : missing
  const text = body === undefined || body.length === 0 ? undefined : hide(body.toString('utf8'))
  const json = text === undefined ? undefined : jsonBody(Buffer.from(text))
  return {
    answer: {
      status: status ?? null,
      headers: hasType ? { 'content-type': hide(type) } : {},
      ...(text !== undefined && { body: text }),
    },
    compare: {
      headers: hasType && body?.length !== 0 && !left.includes('headers') ? ['content-type'] : [],
      fields: json && !left.includes('body') ? drawnFields(json.value, sent, provider.traffic?.drawn ?? {}) : {},
      ...(left.length > 0 && { left_out: [...left] }),
    },
  }
}

function toldOf(recording: Recording, { lost, bodiless }: { lost: number; bodiless: number }): string[] {
  const refused = recording.journal.filter((step) => step.kind === 'call' && step.refused).length
  const calls = (number: number) => `${number} ${number === 1 ? 'call' : 'calls'}`
  return [
    ...(refused > 0 ? [`Played as refused, for a key, a permission or a rate: ${calls(refused)}.`] : []),
    ...(lost > 0 ? [`Left aside, because they were aborted or answered by a cache: ${calls(lost)}.`] : []),
    ...(bodiless > 0 ? [`Left aside, because the body that was sent is not in the file: ${calls(bodiless)}.`] : []),
    ...leftOutSentence(recording),
  ]
}
