// AlphaPo's dialect: how it signs, the two shapes in which it refuses, how it writes JSON and amounts.
import { createHmac } from 'node:crypto'
import type { Answer, Call, Detail, SignedParts } from '../../provider.ts'
import { amountText, atomsOf, rescaled } from '../../text/decimals.ts'
import type { World } from '../../world/world.ts'
import type { KeyRow, Settings } from './catalogue.ts'

export type AlphapoCall = Call<KeyRow>

/** HMAC-SHA512 over the exact bytes of the body and nothing else. */
// rule: alphapo.auth.signature
export function signature(parts: Pick<SignedParts, 'secret' | 'secretEncoding' | 'body'>): Buffer {
  return createHmac('sha512', Buffer.from(parts.secret, parts.secretEncoding)).update(parts.body).digest()
}

/** What the client of this call should have signed. */
export function signedParts(call: Call, world: World): SignedParts | undefined {
  const settings = world.settings<Settings>('alphapo')
  const key = settings.keys.get(String(call.headers['x-processing-key']))
  const given = call.headers['x-processing-signature']
  if (!key || typeof given !== 'string') return undefined
  return {
    given,
    secret: key.secret,
    secretEncoding: 'utf8',
    method: call.method,
    path: undefined,
    query: undefined,
    body: call.body,
  }
}

/** JSON as PHP writes it: slashes and everything beyond ASCII escaped, no spaces. */
// rule: alphapo.format.php-json
export function stringify(body: unknown): string {
  return JSON.stringify(body)
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Shape A: what is wrong with the call as such. */
// rule: alphapo.errors.shape-a
function errorResponse(status: number, error: string, code: string, headers: Record<string, string> = {}) {
  return (detail: Detail): Answer => ({ status, headers: { ...headers, ...detail.headers }, body: { error, code } })
}

/** Shape B: one text for each field that is wrong. */
// rule: alphapo.errors.shape-b
function fields(otherwise: Readonly<Record<string, string>>) {
  return (detail: Detail): Answer => ({ status: 400, body: { errors: detail.errors ?? otherwise } })
}

const badKey = errorResponse(403, 'Bad key header', 'bad_header_key')
const noKey = errorResponse(403, 'No key header', 'required_header_key')
const badSignature = errorResponse(403, 'Bad signature header', 'bad_header_signature')

/** Every refusal by name, AlphaPo's own codes beside the names that all providers share. */
export const refusals = {
  unauthorized: badKey,
  bad_header_key: badKey,
  required_header_key: noKey,
  bad_signature: badSignature,
  bad_header_signature: badSignature,
  required_header_signature: errorResponse(403, 'No signature header', 'required_header_signature'),
  forbidden: errorResponse(403, 'Forbidden', 'forbidden_ip'),
  // rule: alphapo.elsewhere.path
  not_found: noKey,
  // rule: alphapo.elsewhere.method
  method_not_allowed: (detail: Detail): Answer => ({ status: 405, headers: detail.headers, body: {} }),
  bad_content_format: errorResponse(400, 'Bad content format', 'bad_content_format'),
  invalid_request: fields({ foreign_id: 'The foreign id field is required.' }),
  forbidden_currency: (_: Detail, { content }: Call): Answer => {
    const asked = content.kind === 'json' ? content.value?.currency : undefined
    return {
      status: 400,
      body: {
        errors: { currency: `Currency ${typeof asked === 'string' ? asked : 'BTC'} is not enabled for your merchant` },
      },
    }
  },
  body_too_large: errorResponse(413, 'Payload too large', 'payload_too_large'),
  // rule: alphapo.rate.answer
  rate_limited: (): Answer => ({
    status: 429,
    headers: { 'content-type': 'text/plain; charset=UTF-8' },
    body: 'error code: 1015',
  }),
  internal_error: errorResponse(500, 'Internal server error', 'internal_error'),
  unavailable: errorResponse(503, 'Service unavailable', 'service_unavailable'),
}

/** Decimals of every amount, of fiat too. */
export const UNITS = 8

/** Decimal text in whole hundred-millionths; undefined when it has more decimals, is no plain number, or longer than any number means. */
export function atoms(text: string): bigint | undefined {
  const [, sign, size] = /^(-?)(\d{1,20}(?:\.\d{1,8})?)$/.exec(text) ?? []
  const units = size === undefined ? undefined : atomsOf(size, UNITS)
  return sign && units !== undefined ? -units : units
}

/** Whole hundred-millionths as AlphaPo tells every amount. */
// rule: alphapo.format.amounts
export function money(units: bigint): string {
  return amountText(units, UNITS)
}

/** Atoms of a chain in hundred-millionths; what is finer is cut off. */
export function unitsOf(atoms: bigint, decimals: number): bigint {
  return rescaled(atoms, decimals, UNITS)
}
