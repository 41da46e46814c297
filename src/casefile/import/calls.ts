// The calls of a partner, read out of the exchanges of a file: in their order, with the headers that a tool left out, and with the refusal that each
// answer looks like.
import { createHash } from 'node:crypto'
import type { Config } from '../../options.ts'
import type { Contract, ContractOperation } from '../../contract/contract.ts'
import { ReceivedCall } from '../../contract/received-call.ts'
import type { Provider, SeenCall } from '../../provider.ts'
import { iso } from '../../text/instants.ts'
import { withoutMark } from '../../text/reading.ts'
import type { RecordedCall } from '../format.ts'
import type { Addressed } from './addressed.ts'
import { isBlackedOut, jsonBody } from './bodies.ts'
import { type Exchange, headerOf, type Pair } from './exchange.ts'
import { refusedAs } from './refused.ts'
import { whenOf } from './when.ts'

/** Where a file names no instant at all. */
export const NO_TIME = Date.parse('2026-01-01T00:00:00Z')
/** Headers that are between client and server, and not part of a case. */
const HOP =
  /^(:|content-length$|content-encoding$|connection$|host$|accept-encoding$|transfer-encoding$|sec-|user-agent$|referer$|origin$|expect$|priority$|dnt$|cookie$|set-cookie$)/
/** Of these the first one counts, as in Node. */
const SINGLE = /^(content-type|authorization|idempotency-key)$/
/** Larger answers are no refusals. */
const REFUSAL_BYTES_MAX = 64 * 1024

export interface Importing {
  readonly provider: Provider
  readonly contract: Contract
  /** Names of all providers there are. */
  readonly names: readonly string[]
  readonly config?: Config | undefined
}

/** A call, read. */
export interface Call extends Addressed {
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

/** By time; an instant that is missing or not whole is the one of the call before it, where that can be. */
export function inOrder(calls: readonly Addressed[]): (Addressed & { readonly ms: number })[] {
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

/** Reads what was sent and answered; `number` counts the calls from 1. */
export function readCall(
  call: Addressed & { readonly ms: number },
  number: number,
  { provider, contract }: Importing,
): Call {
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
    at: iso(call.ms),
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
export function isPlayable({ body, refused }: Call): boolean {
  return body !== undefined || refused !== undefined
}
