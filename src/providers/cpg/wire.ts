// CPG's wire format: signatures, error answers, dates and validation messages.
import { createHmac, hash } from 'node:crypto'
import { type Answer, type Call, type Detail, type Problem, Refusal, type SignedParts } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { amountProblem } from './amounts.ts'
import type { KeyRow, Settings } from './catalogue.ts'

export type CpgCall = Call<KeyRow>

/** The five lines under a signature: timestamp, method, path, raw query, hex SHA-256 of the body; no newline at the end. */
// rule: cpg.auth.canonical
export function canonical(parts: Pick<SignedParts, 'timestamp' | 'method' | 'path' | 'query' | 'body'>): string {
  return `${parts.timestamp}\n${parts.method}\n${parts.path}\n${parts.query ?? ''}\n${hash('sha256', parts.body, 'hex')}`
}

export function signature(
  parts: Pick<SignedParts, 'secret' | 'timestamp' | 'method' | 'path' | 'query' | 'body'>,
): Buffer {
  return createHmac('sha256', parts.secret).update(canonical(parts)).digest()
}

/** What the client of this call should have signed. */
export function signedParts(call: Call, world: World): SignedParts | undefined {
  const settings = world.settings<Settings>('cpg')
  const key = settings.keys.get(String(call.headers['x-cpg-key']))
  const given = call.headers['x-cpg-signature']
  if (!key || typeof given !== 'string') return undefined
  return {
    given,
    secret: key.secret,
    secretEncoding: 'utf8',
    method: call.method,
    path: call.path,
    query: call.query,
    body: call.body,
    timestamp: String(call.headers['x-cpg-timestamp']),
  }
}

/** How many seconds are kept as they were written. */
const WRITTEN_MAX = 1000
const written = new Map<number, string>()

/** ISO 8601 as Python writes it, whole seconds: `2026-05-16T19:00:00+00:00`. Calls of one second share it, and in a frozen world all do. */
// rule: cpg.format.time
export function time(ms: number): string {
  const second = Math.floor(ms / 1000)
  let text = written.get(second)
  if (text === undefined) {
    if (written.size >= WRITTEN_MAX) written.clear()
    written.set(second, (text = `${new Date(second * 1000).toISOString().slice(0, 19)}+00:00`))
  }
  return text
}

// rule: cpg.envelope.success
export function ok(data: unknown): Answer {
  return { status: 200, body: { success: true, message: 'OK', data } }
}

export function okList(data: readonly unknown[]): Answer {
  return { status: 200, body: { success: true, message: 'OK', data, data_count: data.length } }
}

// rule: cpg.envelope.error
function errorResponse(status: number, message: string, headers: Record<string, string> = {}) {
  return (detail: Detail): Answer => ({
    status,
    headers: { ...headers, ...detail.headers },
    body: { success: false, message: detail.message ?? message },
  })
}

/** What a hot wallet may lack. */
export const LACKING = {
  hot_wallet_without_funds: 'Hot wallet has insufficient funds',
  hot_wallet_without_gas: 'Hot wallet has insufficient gas',
} as const

/** Every refusal by name; the texts are CPG's where they are documented. */
export const refusals = {
  // rule: cpg.withdrawals.refusals
  invalid_destination: errorResponse(400, 'Invalid destination address'),
  below_minimum: errorResponse(400, 'Amount is below the minimum withdrawal amount'),
  too_many_places: errorResponse(400, 'Amount has too many decimal places'),
  insufficient_balance: errorResponse(400, 'Insufficient balance'),
  hot_wallet_without_funds: errorResponse(400, LACKING.hot_wallet_without_funds),
  hot_wallet_without_gas: errorResponse(400, LACKING.hot_wallet_without_gas),
  broadcast_failed: errorResponse(400, 'Broadcast failed'),
  unauthorized: errorResponse(401, 'Invalid API key'),
  missing_headers: errorResponse(401, 'Missing authentication headers'),
  bad_signature: errorResponse(401, 'Invalid signature'),
  timestamp_outside_window: errorResponse(401, 'Request timestamp is outside the allowed window'),
  signature_already_used: errorResponse(401, 'Request signature has already been used'),
  forbidden: errorResponse(403, 'Insufficient permissions for this endpoint'),
  ip_not_allowed: errorResponse(403, 'Source IP is not allowed'),
  deposits_not_enabled: errorResponse(403, 'Deposits for this currency are not enabled for this account'),
  withdrawals_not_enabled: errorResponse(403, 'Withdrawals for this currency are not enabled for this account'),
  not_found: errorResponse(404, 'Not Found'),
  network_not_found: errorResponse(404, 'Network not found'),
  currency_not_found: errorResponse(404, 'Currency not found'),
  deposit_request_not_found: errorResponse(404, 'Deposit request not found'),
  withdrawal_not_found: errorResponse(404, 'Withdrawal not found'),
  hot_wallet_not_allocated: errorResponse(
    404,
    'Hot wallet has not been allocated for this network. Enable at least one currency first.',
  ),
  method_not_allowed: errorResponse(405, 'Method Not Allowed'),
  reference_reused: errorResponse(409, 'client_reference was already used for another withdrawal'),
  body_too_large: errorResponse(413, 'Request body is too large'),
  invalid_request: errorResponse(422, 'body: Field required'),
  rate_limited: errorResponse(429, 'Rate limit exceeded'),
  internal_error: errorResponse(500, 'Internal server error'),
  broadcast_failed_upstream: errorResponse(502, 'Broadcast failed'),
  unavailable: errorResponse(503, 'Service unavailable'),
}

/** Of every model and every query; no two models order the same names differently. */
const FIELDS = [
  'request_id',
  'withdrawal_id',
  'direction',
  'currency',
  'network',
  'amount',
  'to_address',
  'client_reference',
  'user_identifier',
  'idempotency_key',
  'status',
  'cursor',
  'limit',
]

/** What the contract found, as pydantic tells it: every offending field once, in the order of the model. */
// rule: cpg.validation.message
export function refuseProblems(problems: readonly Problem[], hint?: string): Refusal {
  const items = new Map<string, string>()
  for (const problem of problems) {
    const field =
      problem.keyword === 'required' && problem.at.length === 0
        ? (problem.params.missingProperty ?? 'body')
        : (problem.at[0] ?? 'body')
    const worse = problem.keyword === 'type' || halfCharacter(problem)
    if (worse || !items.has(String(field))) items.set(String(field), reason(problem))
  }
  const order = (field: string) => (FIELDS.includes(field) ? FIELDS.indexOf(field) : FIELDS.length)
  const fields = [...items.keys()].sort((a, b) => order(a) - order(b))
  return new Refusal(
    'invalid_request',
    { message: fields.map((field) => `${field}: ${items.get(field)}`).join('; ') },
    hint,
  )
}

/** Half a surrogate pair, which is no text to Python. */
// rule: cpg.validation.surrogates
function halfCharacter({ keyword, value }: Problem): boolean {
  return keyword === 'pattern' && /[\ud800-\udfff]/u.test(value as string)
}

function reason(problem: Problem): string {
  const { keyword, params, at, message, value, in: where } = problem
  if (where === 'body' && at[0] === 'amount') return amountProblem(value)
  switch (keyword) {
    case 'required':
      return 'Field required'
    case 'syntax':
    case 'utf8':
      return 'JSON decode error'
    case 'mediaType':
      return 'Input should be a valid dictionary or object to extract fields from'
    case 'type':
      if (at.length === 0)
        return value === null ? 'Field required' : 'Input should be a valid dictionary or object to extract fields from'
      return where === 'body'
        ? 'Input should be a valid string'
        : 'Input should be a valid integer, unable to parse string as an integer'
    case 'minLength':
      return `String should have at least ${characters(params.limit)}`
    case 'maxLength':
      return `String should have at most ${characters(params.limit)}`
    case 'minimum':
      return `Input should be greater than or equal to ${params.limit}`
    case 'maximum':
      return `Input should be less than or equal to ${params.limit}`
    case 'exclusiveMinimum':
      return `Input should be greater than ${params.limit}`
    case 'enum':
      return `Input should be ${params.allowedValues
        .map((allowed: string) => `'${allowed}'`)
        .join(', ')
        .replace(/, (?=[^,]*$)/, ' or ')}`
    case 'pattern':
      if (halfCharacter(problem)) return 'Input should be a valid string, unable to parse raw data as a unicode string'
      // rule: cpg.validation.nul
      return 'String should not contain NUL characters'
    default:
      return message
  }
}

function characters(count: number): string {
  return `${count} character${count === 1 ? '' : 's'}`
}
