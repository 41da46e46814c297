// The steps of an imported case: each call with our own names and without secrets, its answer, and what of that is compared.
import type { Provider } from '../../provider.ts'
import { HIDDEN, mapTexts, withoutSecretFields } from '../../text/redact.ts'
import { NAMING } from '../compare.ts'
import { bodyFields, type RecordedCall } from '../format.ts'
import type { Renamed } from '../substitutions.ts'
import { isBlackedOut, jsonBody } from './bodies.ts'
import type { Call } from './calls.ts'
import { headerOf } from './exchange.ts'
import { drawnFields, type SentValues } from './fields.ts'
import { isSecretHeader } from './secrets.ts'

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
export interface Context {
  readonly values: SentValues
  lacks: boolean
}

/** What a step is made with, beside its call. */
export interface Making {
  readonly who: RecordedCall['who']
  readonly sent: SentValues
  readonly told: Context
  readonly hide: (text: string) => string
  readonly renamed: Renamed
  readonly provider: Provider
  /** More of a body is refused unread. */
  readonly bodyBytes: number
}

/** One call as a step of the case file: made with our own names, without secrets, with its answer and how that is compared. */
export function stepOf(
  call: Call,
  entry: number,
  { who, sent, told, hide, renamed, provider, bodyBytes }: Making,
): RecordedCall {
  const { exchange, at, operation, refused } = call
  const { method } = exchange
  const asOurs = renamed.request({ provider: provider.name, method, path: call.path, query: call.query }, call.body)
  addSent(call.seen.params, asOurs.query, asOurs.body, sent)
  const query = asOurs.query === undefined ? undefined : withoutSecretFields(asOurs.query)
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

/** Answers that are the same whatever a call names, and those that mostly are. */
const WHATEVER = [401, 403, 404, 405, 413, 415, 429]
const MOSTLY = [400, 422]

/** Whether the call names something that no answer in the file has told of: it was made before, or in an answer whose body is missing. */
function namesUnknown({ query, seen, answer, exchange }: Call, told: Context, { traffic }: Provider): boolean {
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
