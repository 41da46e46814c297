// Zopay's dialect: envelopes, refusals, dates, and the message FastAPI writes when a call does not validate.
import type { Answer, Call, Detail } from '../../provider.ts'
import { isoSeconds } from '../../text/instants.ts'
import type { Caller } from './catalogue.ts'

export type ZopayCall = Call<Caller>

/** ISO 8601 in UTC, whole seconds: `2026-05-16T19:00:00Z`. */
// rule: zopay.format.time
export function time(ms: number): string {
  return isoSeconds(ms)
}

/** A UUID in its usual spelling, from all those that Python's `uuid.UUID` takes. */
// rule: zopay.intents.id-spellings
export function uuidIn(text: string): string | undefined {
  const hex = text
    .replace('urn:', '')
    .replace('uuid:', '')
    .replace(/^[{}]+|[{}]+$/g, '')
    .replaceAll('-', '')
    .toLowerCase()
  if (!/^[0-9a-f]{32}$/.test(hex)) return undefined
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

// rule: zopay.format.status
export function ok(body: unknown): Answer {
  return { status: 200, body }
}

/** One entry of a validation message. */
export interface Item {
  readonly type: string
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly input: unknown
  readonly ctx?: Readonly<Record<string, unknown>> | undefined
}

/** The answer when a scenario refuses a valid body. */
const UNNAMED: Item = {
  type: 'value_error',
  loc: ['body'],
  msg: 'Value error, refused',
  input: null,
  ctx: { error: {} },
}

/** The one error envelope of Connect. */
// rule: zopay.errors.envelope
function errorResponse(status: number, code: string, message: string, headers: Record<string, string> = {}) {
  return (): Answer => ({ status, headers, body: { error: { code, message } } })
}

/** What the framework answers without asking Connect. */
// rule: zopay.errors.framework
function framework(status: number, text: string) {
  return (detail: Detail): Answer => ({ status, headers: detail.headers ?? {}, body: { detail: text } })
}

const BEARER = { 'www-authenticate': 'Bearer' }

const invalidKey = errorResponse(401, 'invalid_api_key', 'The API key is not valid.', BEARER)
const missingScope = errorResponse(403, 'insufficient_scope', 'The API key lacks the scope for this operation.')

/** Every refusal by name; the names of the codes are Zopay's where they are documented. */
export const refusals: Readonly<Record<string, (detail: Detail, call: Call) => Answer>> = {
  idempotency_required: errorResponse(400, 'idempotency_required', 'The Idempotency-Key header is required.'),
  invalid_idempotency_key: errorResponse(
    400,
    'invalid_idempotency_key',
    'The Idempotency-Key header takes 1 to 255 printable ASCII characters.',
  ),
  invalid_address_id: errorResponse(400, 'invalid_address_id', 'The address id is malformed.'),
  invalid_payment_intent_id: errorResponse(400, 'invalid_payment_intent_id', 'The payment intent id is not a UUID.'),
  invalid_cursor: errorResponse(400, 'invalid_cursor', 'The cursor is malformed.'),
  invalid_type: errorResponse(400, 'invalid_type', 'The type filter names an unknown type.'),
  invalid_status: errorResponse(400, 'invalid_status', 'The status filter names an unknown status.'),
  invalid_date: errorResponse(400, 'invalid_date', 'The date is not ISO 8601.'),
  invalid_livemode: errorResponse(400, 'invalid_livemode', 'The livemode filter takes true or false.'),
  invalid_related_to: errorResponse(400, 'invalid_related_to', 'The related_to filter takes a UUID.'),
  webhook_endpoint_not_configured: errorResponse(
    400,
    'webhook_endpoint_not_configured',
    'No enabled webhook endpoint is configured.',
  ),
  unsupported_asset: errorResponse(400, 'unsupported_asset', 'The asset is not supported.'),
  unsupported_network: errorResponse(400, 'unsupported_network', 'The network is not supported.'),
  unsupported_asset_network: errorResponse(
    400,
    'unsupported_asset_network',
    'The asset is not enabled on this network.',
  ),
  invalid_amount: errorResponse(400, 'invalid_amount', 'The amount is not a positive decimal that the asset can hold.'),
  invalid_destination: errorResponse(400, 'invalid_destination', 'The destination is not an address of the network.'),
  amount_too_small: errorResponse(400, 'amount_too_small', 'The fee takes the whole amount.'),
  unreadable_body: framework(400, 'There was an error parsing the body'),
  // rule: zopay.auth.www-authenticate
  missing_api_key: errorResponse(401, 'missing_api_key', 'The Authorization header is missing.', BEARER),
  invalid_api_key: invalidKey,
  unauthorized: invalidKey,
  // Nothing is signed here; the name exists for every provider.
  bad_signature: invalidKey,
  forbidden: missingScope,
  insufficient_scope: missingScope,
  organization_not_approved: errorResponse(403, 'organization_not_approved', 'The organization is not approved yet.'),
  not_found: framework(404, 'Not Found'),
  address_not_found: errorResponse(404, 'address_not_found', 'No such address.'),
  transaction_not_found: errorResponse(404, 'transaction_not_found', 'No such transaction.'),
  event_not_found: errorResponse(404, 'event_not_found', 'No such event.'),
  payment_intent_not_found: errorResponse(404, 'payment_intent_not_found', 'No such payment intent.'),
  external_ref_unknown: errorResponse(404, 'external_ref_unknown', 'No such external_ref.'),
  quote_not_found: errorResponse(404, 'quote_not_found', 'No such quote.'),
  payout_not_found: errorResponse(404, 'payout_not_found', 'No such payout.'),
  method_not_allowed: framework(405, 'Method Not Allowed'),
  idempotency_conflict: errorResponse(
    409,
    'idempotency_conflict',
    'Idempotency-Key was already used with a different request.',
  ),
  idempotency_in_progress: errorResponse(
    409,
    'idempotency_in_progress',
    'A request with this Idempotency-Key is still in progress.',
  ),
  quote_already_used: errorResponse(409, 'quote_already_used', 'The quote was already used.'),
  quote_expired: errorResponse(409, 'quote_expired', 'The quote has expired.'),
  insufficient_funds: errorResponse(409, 'insufficient_funds', 'The balance does not cover the payout.'),
  // rule: zopay.payouts.expired-status
  quote_expired_gone: errorResponse(410, 'quote_expired', 'The quote has expired.'),
  // rule: zopay.limits.body
  body_too_large: errorResponse(413, 'body_too_large', 'The request body is too large.'),
  // rule: zopay.validation.both-shapes
  invalid_request: (detail) => ({
    status: 422,
    body: {
      detail: detail.items ?? [UNNAMED],
      error: { code: 'validation_error', message: 'Request validation failed.' },
    },
  }),
  rate_limited: errorResponse(429, 'rate_limited', 'Too many requests.'),
  internal_error: errorResponse(500, 'internal_error', 'Internal error.'),
  unavailable: errorResponse(503, 'unavailable', 'Service unavailable.'),
  // Not a refusal of the work, but the end of it all the same: go where the path has no slash at its end.
  slashless: (_, call) => ({
    status: 307,
    headers: {
      location: `${call.origin}${call.linePath.replace(/\/$/, '')}${call.query === undefined ? '' : `?${call.query}`}`,
    },
  }),
}
