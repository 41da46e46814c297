// Payward's wire format: signatures, error answers, amounts and dates.
import { createHmac, hash } from 'node:crypto'
import { type Answer, type Call, type Detail, type Problem, Refusal, type SignedParts } from '../../provider.ts'
import { amountText, atomsOf, withoutEndZeros, withPlaces } from '../../text/decimals.ts'
import { iso, isoSeconds } from '../../text/instants.ts'
import type { World } from '../../world/world.ts'
import { type Asset, DECIMALS, type KeyRow, type Settings } from './catalogue.ts'

export type PaywardCall = Call<KeyRow>

/** HMAC-SHA512 over the request target as sent, followed by the raw SHA-256 of the nonce and the body. */
// rule: payward.auth.signature
export function signature(parts: SignedParts): Buffer {
  return createHmac('sha512', Buffer.from(parts.secret, parts.secretEncoding))
    .update(target(parts))
    .update(inner(parts))
    .digest()
}

export function target({ path, query }: SignedParts): Buffer {
  // A request line is bytes, which the HTTP parser hands over as latin1.
  return Buffer.from(query === undefined ? path! : `${path}?${query}`, 'latin1')
}

export function inner({ nonce = '', body }: SignedParts): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(nonce), body]), 'buffer')
}

/** What the client of this call should have signed. */
export function signedParts(call: Call, world: World): SignedParts | undefined {
  const settings = world.settings<Settings>('payward')
  const { 'api-key': id, 'api-sign': given = '', 'api-nonce': nonce = '' } = call.headers
  const key = settings.keys.get(String(id))
  if (!key || typeof given !== 'string' || typeof nonce !== 'string') return undefined
  return {
    given,
    secret: key.secret,
    secretEncoding: 'base64',
    method: call.method,
    path: call.path,
    query: call.query,
    body: call.body,
    nonce,
  }
}

/** RFC 3339 UTC, whole seconds. */
// rule: payward.format.time
export function time(ms: number): string {
  return isoSeconds(ms)
}

/** The same with milliseconds, as transactions have it. */
// rule: payward.format.moment
export function moment(ms: number): string {
  return iso(ms)
}

/** Atoms as text: two places of fiat, eight of everything else, but of stablecoins by choice only those that say something, two at the least. */
// rule: payward.format.fiat, rule: payward.format.stablecoin
export function amountShown(atoms: bigint, { type }: Pick<Asset, 'type'>, world: World): string {
  const text = amountText(atoms, DECIMALS, type === 'fiat' ? 2 : DECIMALS)
  const short = type === 'stablecoin' && world.assumes('payward.format.stablecoin') === '2'
  return short ? withPlaces(withoutEndZeros(text), 2) : text
}

/** Decimal text as an amount with its asset. */
// rule: payward.format.money
export function money({ symbol, name, type }: Asset, amount: string, world: World) {
  return { symbol, name, type, amount: amountShown(atomsOf(amount, DECIMALS)!, { type }, world) }
}

// rule: payward.envelope.data
export function ok(data: unknown, status = 200): Answer {
  return { status, body: { data } }
}

// rule: payward.envelope.page
export function page(data: readonly unknown[], nextPageToken: string | null): Answer {
  return { status: 200, body: { data, next_page_token: nextPageToken } }
}

// rule: payward.envelope.problem, rule: payward.envelope.source
function errorResponse(
  source: 'Gateway' | 'Service',
  status: number,
  tag: string,
  title: string,
  headers: Record<string, string> = {},
) {
  return (detail: Detail): Answer => ({
    status,
    headers: { 'content-type': 'application/problem+json', ...headers, ...detail.headers },
    body: {
      type: `tag:kraken.com,2025:${tag}`,
      title: detail.title ?? title,
      status,
      ...(detail.detail !== undefined && { detail: detail.detail }),
      data: detail.data ?? null,
      source,
    },
  })
}

/** Every refusal by name; the gateway speaks of keys, routes and rates, the service of everything after. */
export const refusals = {
  unauthorized: errorResponse('Gateway', 401, 'InvalidKey', 'API: Invalid key'),
  bad_signature: errorResponse('Gateway', 401, 'InvalidSignature', 'API: Invalid signature'),
  InvalidNonce: errorResponse('Gateway', 401, 'InvalidNonce', 'API: Invalid nonce'),
  forbidden: errorResponse('Gateway', 403, 'PermissionDenied', 'General: Permission denied'),
  not_found: errorResponse('Gateway', 404, 'UnknownMethod', 'General: Unknown method'),
  method_not_allowed: errorResponse('Gateway', 405, 'MethodNotAllowed', 'General: Method not allowed'),
  // rule: payward.body.limit
  body_too_large: errorResponse('Gateway', 413, 'PayloadTooLarge', 'General: Payload too large'),
  rate_limited: errorResponse('Gateway', 429, 'RateLimitExceeded', 'API: Rate limit exceeded', { 'retry-after': '15' }),
  IdempotencyKeyReuse: errorResponse(
    'Gateway',
    422,
    'IdempotencyKeyReuse',
    'General: Idempotency-Key used for another request',
  ),
  IdempotencyConflict: errorResponse(
    'Gateway',
    409,
    'IdempotencyConflict',
    'General: Request with this Idempotency-Key in progress',
    { 'retry-after': '1' },
  ),
  invalid_request: errorResponse('Service', 400, 'InvalidArguments', 'General: Invalid arguments'),
  unsupported_media_type: errorResponse('Service', 415, 'InvalidArguments', 'General: Invalid arguments'),
  UnknownAccount: errorResponse('Service', 404, 'UnknownAccount', 'Account not found'),
  UnknownAsset: errorResponse('Service', 404, 'UnknownAsset', 'Unknown asset'),
  UnknownAsset_400: errorResponse('Service', 400, 'UnknownAsset', 'Unknown asset'),
  NoFundingMethod: errorResponse('Service', 404, 'NoFundingMethod', 'Funding: No funding method'),
  fiat_not_offered: errorResponse('Service', 422, 'NoFundingMethod', 'Funding: No funding method'),
  DepositDisabled: errorResponse('Service', 422, 'DepositDisabled', 'Funding: Deposits disabled'),
  TooManyDepositAddresses: errorResponse('Service', 409, 'TooManyDepositAddresses', 'Funding: Too many addresses'),
  WithdrawalDisabled: errorResponse('Service', 422, 'WithdrawalDisabled', 'Funding: Withdrawals disabled'),
  UnknownWithdrawKey: errorResponse('Service', 404, 'UnknownWithdrawKey', 'Funding: Unknown withdraw key'),
  DuplicateWithdrawKey: errorResponse('Service', 409, 'DuplicateWithdrawKey', 'Funding: Duplicate withdraw key'),
  InvalidAmount: errorResponse('Service', 400, 'InvalidAmount', 'Funding: Invalid amount'),
  amount_out_of_bounds: errorResponse('Service', 422, 'InvalidAmount', 'Funding: Invalid amount'),
  InvalidFeeToken: errorResponse('Service', 422, 'InvalidFeeToken', 'Funding: Invalid fee token'),
  InsufficientFunds: errorResponse('Service', 409, 'InsufficientFunds', 'Funding: Insufficient funds'),
  InsufficientFunds_400: errorResponse('Service', 400, 'InsufficientFunds', 'Funding: Insufficient funds'),
  InsufficientFunds_422: errorResponse('Service', 422, 'InsufficientFunds', 'Funding: Insufficient funds'),
  // rule: payward.webhooks.unknown, rule: payward.webhooks.one, rule: payward.webhooks.test-disabled
  WebhookNotFound: errorResponse('Service', 404, 'WebhookNotFound', 'Nexus: Webhook not found'),
  WebhookAlreadyExists: errorResponse('Service', 409, 'WebhookAlreadyExists', 'Nexus: Webhook already exists'),
  WebhookDisabled: errorResponse('Service', 409, 'WebhookDisabled', 'Nexus: Webhook is disabled'),
  // rule: payward.quotes.quantity
  QuantityTooSmall: errorResponse('Service', 400, 'QuantityTooSmall', 'Nexus: Quantity too small'),
  QuantityTooLarge: errorResponse('Service', 400, 'QuantityTooLarge', 'Nexus: Quantity too large'),
  // rule: payward.quotes.execute
  QuoteNotFound: errorResponse('Service', 404, 'QuoteNotFound', 'Nexus: Quote not found'),
  QuoteExpired: errorResponse('Service', 410, 'QuoteExpired', 'Nexus: Quote expired'),
  QuoteAlreadyAccepted: errorResponse('Service', 409, 'QuoteAlreadyAccepted', 'Nexus: Quote already accepted'),
  QuoteExecutionFailed: errorResponse('Service', 409, 'QuoteExecutionFailed', 'Nexus: Quote execution failed'),
  // rule: payward.quotes.disabled
  AssetDisabled: errorResponse('Service', 400, 'AssetDisabled', 'Nexus: Asset disabled'),
  // rule: payward.onchain.order
  UnsupportedPair: errorResponse('Service', 422, 'UnsupportedPair', 'Nexus: Unsupported pair'),
  WalletNotApproved: errorResponse('Service', 403, 'WalletNotApproved', 'Nexus: Wallet not approved'),
  // rule: payward.transfers.order, rule: payward.transfers.cancel
  UnsupportedRail: errorResponse('Service', 400, 'UnsupportedRail', 'Nexus: Unsupported rail'),
  ConversionNotFound: errorResponse('Service', 404, 'ConversionNotFound', 'Nexus: Conversion not found'),
  UnknownRecipient: errorResponse('Service', 404, 'UnknownRecipient', 'Funding: Unknown recipient'),
  TransferNotFound: errorResponse('Service', 404, 'TransferNotFound', 'Funding: Transfer not found'),
  TransferNotCancellable: errorResponse('Service', 409, 'TransferNotCancellable', 'Funding: Transfer not cancellable'),
  // rule: payward.users.unknown, rule: payward.users.locked
  UserNotFound: errorResponse('Service', 404, 'UserNotFound', 'Nexus: User not found'),
  UserLocked: errorResponse('Service', 403, 'UserLocked', 'API: User Locked'),
  UserKycDenyTrading: errorResponse('Service', 403, 'UserKycDenyTrading', 'Nexus: User KYC deny trading'),
  not_verified: errorResponse('Service', 403, 'PermissionDenied', 'General: Permission denied'),
  RequestTimeout: errorResponse('Service', 408, 'RequestTimeout', 'Service: Timeout'),
  internal_error: errorResponse('Service', 500, 'InternalError', 'General: Internal error'),
  unavailable: errorResponse('Service', 503, 'ServiceUnavailable', 'Service: Unavailable', { 'retry-after': '15' }),
}

/** What the contract found: every offending field once, in the order of path, query, headers and body. */
// rule: payward.validation.problem
export function refuseProblems(problems: readonly Problem[], hint?: string): Refusal {
  const items = new Map<string, string>()
  for (const problem of problems) {
    const field = String(
      (problem.keyword === 'required' && problem.at.length === 0 && problem.params.missingProperty) ||
        problem.at.join('.') ||
        'body',
    )
    if (!items.has(field) || problem.keyword === 'type' || problem.keyword === 'format')
      items.set(field, reason(problem))
  }
  const detail = [...items].map(([field, text]) => `${field}: ${text}`).join('; ')
  return new Refusal('invalid_request', { detail, data: { field: [...items.keys()][0] } }, hint)
}

function reason({ keyword, params, message }: Problem): string {
  switch (keyword) {
    case 'required':
      return 'is required'
    case 'syntax':
      return 'is not valid JSON'
    case 'minLength':
      return `length must be at least ${params.limit}`
    case 'maxLength':
      return `length must be at most ${params.limit}`
    case 'type':
      return `must be ${params.type}`
    case 'enum':
      return `must be one of ${params.allowedValues.join(', ')}`
    case 'format':
      return `must be a ${params.format}`
    case 'pattern':
      return 'is not of the documented form'
    default:
      return message
  }
}
