// CPG's checks before any endpoint rule, in its order: headers, clock, key, address of the caller, signature, replay, rate, permission, schema.
import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type Gate, gate, hintOf, type Identity, keyIndex, type Problem, Refusal } from '../../provider.ts'
import { Moment, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { overRate } from '../../world/buckets.ts'
import type { World } from '../../world/world.ts'
import type { KeyRow, Settings } from './catalogue.ts'
import { type CpgCall, refuseProblems, signature } from './wire.ts'

const WINDOW_SECONDS = 300
/** A timestamp 300 s ahead stays valid for 600 s, so a used signature is remembered that long. */
const SIGNATURE_KEPT_MS = 2 * WINDOW_SECONDS * 1000

/** Signatures already accepted; wall time, because the client's clock is what they guard against. */
export const Signatures: Table<{ readonly signature: string; readonly expiresWallMs: number }> = {
  name: 'cpg.signatures',
  key: (row) => row.signature,
  secret: true,
  schema: z.strictObject({ signature: Text, expiresWallMs: Moment }),
  indexes: { expiring: { group: () => '', order: (row) => row.expiresWallMs } },
}

const headersPresent = gate('auth_headers_present', 'headersPresent', (call: CpgCall): void => {
  // rule: cpg.auth.headers
  const { 'x-cpg-key': key, 'x-cpg-timestamp': timestamp, 'x-cpg-signature': given } = call.headers
  if (key && timestamp && given) return
  const missing = Object.entries({ 'X-CPG-Key': key, 'X-CPG-Timestamp': timestamp, 'X-CPG-Signature': given }).filter(
    ([, value]) => !value,
  )
  throw new Refusal(
    'missing_headers',
    {},
    missing.length < 3 ? `missing: ${missing.map(([name]) => name).join(', ')}` : undefined,
  )
})

const timestampInWindow = gate('timestamp_in_window', 'timestampInWindow', (call: CpgCall): void => {
  // rule: cpg.auth.window
  const text = String(call.headers['x-cpg-timestamp'])
  const seconds = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  if (Math.abs(call.wallMs / 1000 - seconds) <= WINDOW_SECONDS) return
  const milliseconds = Math.abs(call.wallMs - seconds) <= WINDOW_SECONDS * 1000
  throw new Refusal(
    'timestamp_outside_window',
    {},
    milliseconds ? 'seconds expected, milliseconds sent' : timestampHint(seconds, call.wallMs),
  )
})

function timestampHint(seconds: number, wallMs: number): string {
  if (Number.isNaN(seconds)) return 'X-CPG-Timestamp is not a whole number of seconds'
  const off = Math.round(seconds - wallMs / 1000)
  return `X-CPG-Timestamp is ${Math.abs(off)} s ${off < 0 ? 'behind' : 'ahead of'} the wall clock of the sandbox; at most ${WINDOW_SECONDS} s are allowed`
}

const keyKnown = gate('key_known', 'keyKnown', (call: CpgCall, world: World): void => {
  // rule: cpg.auth.key
  const key = world.settings<Settings>('cpg').keys.get(String(call.headers['x-cpg-key']))
  if (!key) throw new Refusal('unauthorized')
  call.caller = key
})

const addressAllowed = gate('ip_allowed', 'addressAllowed', (call: CpgCall): void => {
  // rule: cpg.auth.ip
  if (!call.caller.ips(call.ip)) throw new Refusal('ip_not_allowed', {}, `the call came from ${call.ip}`)
})

const signatureMatches = gate('signature_valid', 'signatureMatches', (call: CpgCall): void => {
  // rule: cpg.auth.signature
  const text = String(call.headers['x-cpg-signature'])
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Refusal('bad_signature')
  const given = Buffer.from(text, 'hex')
  const { secret } = call.caller
  const timestamp = String(call.headers['x-cpg-timestamp'])
  // rule: sandgate.signature.both-paths
  const signedOver = (path: string) =>
    timingSafeEqual(
      given,
      signature({ secret, timestamp, method: call.method, path, query: call.query, body: call.body }),
    )
  if (!signedOver(call.path) && (call.path === call.linePath || !signedOver(call.linePath)))
    throw new Refusal('bad_signature')
})

const signatureUnused = gate('signature_unused', 'signatureUnused', (call: CpgCall, world: World): void => {
  // rule: cpg.auth.replay
  const given = String(call.headers['x-cpg-signature'])
  const used = world.get(Signatures, given)
  if (used && used.expiresWallMs >= call.wallMs) {
    throw new Refusal(
      'signature_already_used',
      {},
      'two equal requests signed in the same second have the same signature',
    )
  }
  world.prune(Signatures, 'expiring', '', call.wallMs - 1, 2)
  world.put(Signatures, { signature: given, expiresWallMs: call.wallMs + SIGNATURE_KEPT_MS })
})

const withinRate = gate('within_rate_limit', 'withinRate', (call: CpgCall, world: World): void => {
  // rule: cpg.rate.bucket
  const { id, ratePerMinute } = call.caller
  if (overRate(['cpg', id], ratePerMinute, world) !== undefined) throw new Refusal('rate_limited')
})

const permitted = gate('permission_granted', 'permitted', (call: CpgCall): void => {
  // rule: cpg.auth.permission
  if (call.needs && !(call.caller.permissions as readonly string[]).includes(call.needs))
    throw new Refusal('forbidden', {}, `the key lacks ${call.needs}`)
})

const legal = gate('schema_valid', 'legal', (call: CpgCall, world: World): void => {
  // rule: cpg.validation.codepoints, rule: cpg.validation.extra (the contract's schema says both)
  const problems = call.problems.filter((problem) => !(isDirection(problem) && directionIsText(world)))
  if (problems.length > 0) throw refuseProblems(problems, hintOf(call.content))
})

function isDirection({ in: where, at, keyword }: Problem): boolean {
  return where === 'query' && at[0] === 'direction' && keyword === 'enum'
}

// rule: cpg.transactions.direction
function directionIsText(world: World): boolean {
  return world.assumes('cpg.transactions.direction') === 'text'
}

/** What runs in front of every route, known or not. */
// rule: cpg.auth.order
export const middleware: readonly Gate[] = [
  headersPresent,
  timestampInWindow,
  keyKnown,
  addressAllowed,
  signatureMatches,
  signatureUnused,
  withinRate,
]

// rule: cpg.idempotency.order (a repeat is looked for behind all of these)
export const gates: readonly Gate[] = [...middleware, permitted, legal]

/** The caller, without the key: the account, and which of its keys. */
export const identity: Identity = {
  gates: [headersPresent, timestampInWindow, keyKnown, addressAllowed, signatureMatches, signatureUnused],
  callers: (world) => [...world.settings<Settings>('cpg').keys.values()],
  of: (caller: KeyRow, world) => ({ account: caller.account, key: keyIndex(caller, identity, world) }),
  account: (caller: KeyRow) => caller.account,
  key: (caller: KeyRow, world) => keyIndex(caller, identity, world),
  refuses: [
    { name: 'unauthorized', gate: keyKnown },
    { name: 'missing_headers', gate: headersPresent },
    { name: 'timestamp_outside_window', gate: timestampInWindow },
    { name: 'bad_signature', gate: signatureMatches },
    { name: 'signature_already_used', gate: signatureUnused },
    { name: 'forbidden', gate: permitted },
    { name: 'ip_not_allowed', gate: addressAllowed },
    { name: 'rate_limited', gate: withinRate },
  ],
}
