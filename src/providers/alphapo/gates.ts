// AlphaPo's checks before any field is looked at, in the order its error texts suggest: key, source address, signature, rate, and whether the body can be read.
import { timingSafeEqual } from 'node:crypto'
import { type Gate, gate, hintOf, type Identity, keyIndex, Refusal } from '../../provider.ts'
import { overRate } from '../../world/buckets.ts'
import type { World } from '../../world/world.ts'
import type { KeyRow, Settings } from './catalogue.ts'
import { type AlphapoCall, signature, signedParts } from './wire.ts'

const keyPresent = gate('key_present', 'keyPresent', (call: AlphapoCall): void => {
  // rule: alphapo.auth.no-key
  if (!call.headers['x-processing-key']) throw new Refusal('required_header_key')
})

const keyKnown = gate('key_known', 'keyKnown', (call: AlphapoCall, world: World): void => {
  // rule: alphapo.auth.bad-key
  const key = world.settings<Settings>('alphapo').keys.get(String(call.headers['x-processing-key']))
  if (!key) throw new Refusal('unauthorized')
  call.caller = key
})

const addressAllowed = gate('ip_allowed', 'addressAllowed', (call: AlphapoCall): void => {
  // rule: alphapo.auth.ip
  if (!call.caller.ips(call.ip)) throw new Refusal('forbidden', {}, `the call came from ${call.ip}`)
})

const signaturePresent = gate('signature_present', 'signaturePresent', (call: AlphapoCall): void => {
  // rule: alphapo.auth.no-signature
  if (!call.headers['x-processing-signature']) throw new Refusal('required_header_signature')
})

const signatureMatches = gate('signature_valid', 'signatureMatches', (call: AlphapoCall, world: World): void => {
  // rule: alphapo.auth.bad-signature, rule: alphapo.auth.hex-case
  const parts = signedParts(call, world)!
  if (!/^[0-9a-f]{128}$/.test(parts.given)) throw new Refusal('bad_signature')
  if (!timingSafeEqual(Buffer.from(parts.given, 'hex'), signature(parts))) throw new Refusal('bad_signature')
})

const withinRate = gate('within_rate_limit', 'withinRate', (call: AlphapoCall, world: World): void => {
  // rule: alphapo.rate.bucket
  const { id, ratePerMinute } = call.caller
  if (overRate(['alphapo', id], ratePerMinute, world) !== undefined) throw new Refusal('rate_limited')
})

const contentReadable = gate('content_readable', 'contentReadable', (call: AlphapoCall): void => {
  // rule: alphapo.content.none
  if (call.content.kind === 'none' && call.method === 'GET') return
  // rule: alphapo.content.format
  if (call.content.kind === 'none')
    throw new Refusal('bad_content_format', {}, 'the body is empty: send {} when there are no parameters')
  if (call.content.kind === 'other-type')
    throw new Refusal('bad_content_format', {}, 'the Content-Type is not application/json')
  if (call.content.kind !== 'json')
    throw new Refusal('bad_content_format', {}, hintOf(call.content) ?? 'the body is not valid JSON')
  // rule: alphapo.content.container, rule: alphapo.content.null
  const { value } = call.content
  if (typeof value !== 'object')
    throw new Refusal('bad_content_format', {}, 'the body is neither an object nor an array')
  // rule: alphapo.content.surrogates
  if (/\\u[dD][89a-fA-F]/.test(call.body.toString('latin1')) && hasLoneSurrogate(value)) {
    throw new Refusal('bad_content_format', {}, 'the body has an unpaired surrogate, which PHP cannot parse')
  }
})

/** PHP's parser refuses a text with half a character; ours does not. The nesting is bounded by then. */
function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, item]) => hasLoneSurrogate(key) || hasLoneSurrogate(item))
}

/** What runs in front of every operation but ping. */
// rule: alphapo.auth.order
export const gates: readonly Gate[] = [
  keyPresent,
  keyKnown,
  addressAllowed,
  signaturePresent,
  signatureMatches,
  withinRate,
  contentReadable,
]

/** The switch on whether quotes are counted. */
export const CALCULATE_RATE = 'alphapo.rate.calculate'
const QUOTES_PER_MINUTE = 30

const withinQuoteRate = gate('within_quote_rate', 'withinQuoteRate', (call: AlphapoCall, world: World): void => {
  // rule: alphapo.rate.calculate
  const most = world.assumes(CALCULATE_RATE) === 'by-key' ? QUOTES_PER_MINUTE : undefined
  if (overRate(['alphapo', call.caller.id, 'calculate'], most, world) !== undefined) throw new Refusal('rate_limited')
})

/** The same in front of /exchange/calculate. */
export const quoteGates: readonly Gate[] = [...gates.slice(0, -1), withinQuoteRate, contentReadable]

/** The caller, without the key: the account, and which of its keys. */
export const identity: Identity = {
  gates: [keyPresent, keyKnown, addressAllowed, signaturePresent, signatureMatches],
  callers: (world) => [...world.settings<Settings>('alphapo').keys.values()],
  of: (caller: KeyRow, world) => ({ account: caller.merchant, key: keyIndex(caller, identity, world) }),
  account: (caller: KeyRow) => caller.merchant,
  key: (caller: KeyRow, world) => keyIndex(caller, identity, world),
  refuses: [
    { name: 'unauthorized', gate: keyKnown },
    { name: 'required_header_key', gate: keyPresent },
    { name: 'required_header_signature', gate: signaturePresent },
    { name: 'bad_signature', gate: signatureMatches },
    { name: 'forbidden', gate: addressAllowed },
    { name: 'rate_limited', gate: withinRate },
  ],
}
