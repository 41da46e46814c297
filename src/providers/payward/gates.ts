// Payward's checks before any endpoint rule, in its order: key, rate, signature, nonce, permission, Idempotency-Key, media type, schema, account.
import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type Gate, gate, hintOf, type Identity, keyIndex, Refusal } from '../../provider.ts'
import { Count, Digits, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { overRate } from '../../world/buckets.ts'
import type { World } from '../../world/world.ts'
import { UserAccounts } from './accounts.ts'
import type { KeyRow, Settings } from './catalogue.ts'
import { lockOf } from './users.ts'
import { type PaywardCall, refuseProblems, signature, signedParts } from './wire.ts'

const U64_MAX = 18_446_744_073_709_551_615n

/** How many nonces inside its window a key remembers; beyond that the window closes over the lowest ones. */
const SPENT_MAX = 10_000

/** -1: behind every nonce there is. */
const Stand = z
  .string({ error: 'expected decimal digits as text' })
  .regex(/^(-1|\d{1,20})$/, 'expected a nonce in decimal digits, or -1')

/** Where a key's nonces stand; decimal text, because they outgrow a number. */
export const Nonces: Table<{
  readonly key: string
  readonly highest: string
  readonly floor: string
  readonly spent: number
}> = {
  name: 'payward.nonces',
  key: (row) => row.key,
  secret: true,
  schema: z.strictObject({ key: Text, highest: Stand, floor: Stand, spent: Count }),
  indexes: {},
}

/** Nonces above the floor of a key with a window, so that none is taken twice. */
export const Spent: Table<{ readonly id: string; readonly key: string; readonly nonce: string }> = {
  name: 'payward.spent-nonces',
  key: (row) => row.id,
  secret: true,
  schema: z.strictObject({ id: Text, key: Text, nonce: Digits }),
  // As a number a nonce is rounded; rows that round to the same are in order by their padded id.
  indexes: { rising: { group: (row) => row.key, order: (row) => Number(row.nonce) } },
}

const NO_KEY = { title: 'API: Missing API-Key' }

const keyKnown = gate('key_known', 'keyKnown', (call: PaywardCall, world: World): void => {
  // rule: payward.auth.key, rule: payward.auth.key-missing
  const id = call.headers['api-key']
  if (!id) throw new Refusal('unauthorized', NO_KEY)
  const key = world.settings<Settings>('payward').keys.get(String(id))
  if (!key) throw new Refusal('unauthorized')
  call.caller = key
})

const withinRate = gate('within_rate_limit', 'withinRate', (call: PaywardCall, world: World): void => {
  const { id, ratePerMinute } = call.caller
  // rule: payward.rate.off, rule: payward.rate.bucket
  const overMs = overRate(['payward', id], ratePerMinute, world)
  if (overMs !== undefined)
    throw new Refusal('rate_limited', { headers: { 'retry-after': String(Math.ceil(overMs / 1000)) } })
})

const signatureMatches = gate('signature_valid', 'signatureMatches', (call: PaywardCall, world: World): void => {
  // rule: payward.auth.headers, rule: payward.auth.nonce-missing
  if (!call.headers['api-sign']) throw new Refusal('bad_signature', {}, 'API-Sign is missing')
  if (!call.headers['api-nonce'])
    throw new Refusal('InvalidNonce', {}, 'API-Nonce is missing: it is part of the signed text')
  // rule: payward.auth.signature-form
  const parts = signedParts(call, world)!
  const given = Buffer.from(parts.given, 'latin1')
  // rule: payward.auth.both-paths
  const matches = [...new Set([call.path, call.linePath])].some((path) => {
    const expected = Buffer.from(signature({ ...parts, path }).toString('base64'))
    return expected.length === given.length && timingSafeEqual(expected, given)
  })
  if (!matches) throw new Refusal('bad_signature')
})

/** Uses up the nonce once the signature is valid, even if the call is refused later. */
const nonceRises = gate('nonce_increases', 'nonceRises', (call: PaywardCall, world: World): void => {
  // rule: payward.nonce.u64, rule: payward.nonce.no-clock
  const text = String(call.headers['api-nonce'])
  const nonce = /^(0|[1-9]\d{0,19})$/.test(text) ? BigInt(text) : -1n
  if (nonce < 0n || nonce > U64_MAX)
    throw new Refusal('InvalidNonce', {}, 'API-Nonce is not an unsigned 64-bit integer in plain decimal digits')

  // rule: payward.nonce.rising, rule: payward.nonce.per-key
  const { id: key, nonceWindow } = call.caller
  const known = world.get(Nonces, key) ?? { key, highest: '-1', floor: '-1', spent: 0 }
  // rule: payward.nonce.window
  const spentId = `${key}/${text.padStart(20, '0')}`
  if (nonce <= BigInt(known.floor)) throw new Refusal('InvalidNonce', {}, nonceHint(text, known.highest, call.wallMs))
  if (world.get(Spent, spentId)) throw new Refusal('InvalidNonce', {}, 'this nonce was already used')

  // rule: payward.nonce.spent
  const highest = greater(BigInt(known.highest), nonce)
  const floor = greater(BigInt(known.floor), highest - BigInt(nonceWindow))
  if (nonceWindow > 0) world.put(Spent, { id: spentId, key, nonce: text })
  const next = forgetSpent(key, floor, known.spent + (nonceWindow > 0 ? 1 : 0), world)
  world.put(Nonces, { key, highest: String(highest), floor: String(next.floor), spent: next.spent })
})

/** Lets go of remembered nonces that the floor refuses anyway, a few at a time, and of the lowest one when there are too many. */
function forgetSpent(key: string, floor: bigint, spent: number, world: World): { floor: bigint; spent: number } {
  for (const row of world.list(Spent, 'rising', key, { limit: 2 })) {
    if (BigInt(row.nonce) > floor && spent <= SPENT_MAX) break
    world.remove(Spent, row.id)
    floor = greater(floor, BigInt(row.nonce))
    spent--
  }
  return { floor, spent }
}

function greater(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** Units of the clock by how many digits its time of today has in them. */
const UNITS: Readonly<Record<number, string>> = {
  10: 'seconds',
  13: 'milliseconds',
  16: 'microseconds',
  19: 'nanoseconds',
}

/** A number this far from now is not the time of day. */
const DECADE_MS = 10 * 365 * 86_400_000
/** Fewer digits are counted by hand. */
const CLOCK_DIGITS = 9

function nonceHint(text: string, highest: string, wallMs: number): string {
  if (text === highest) return 'this nonce was already used: every call needs a greater one'
  const isNow = (nonce: string) =>
    nonce.length in UNITS && Math.abs(Number(nonce) * 10 ** (13 - nonce.length) - wallMs) < DECADE_MS
  const unit = (nonce: string) =>
    isNow(nonce) ? UNITS[nonce.length] : `${nonce.length} digit${nonce.length === 1 ? '' : 's'}`
  const units =
    text.length < highest.length
      ? `; this one looks like ${unit(text)}, and earlier ones like ${unit(highest)}: keep to one unit for each key`
      : ''
  const strange = text.length >= CLOCK_DIGITS && !isNow(text)
  return `the nonce must be greater than the highest this key has used${strange ? '; this one is not the time of day in any unit: a clock that counts from the start of the machine or the program, as hrtime.bigint(), System.nanoTime() and time.monotonic_ns() do, begins anew; take the wall clock' : units}`
}

const permitted = gate('permission_granted', 'permitted', (call: PaywardCall): void => {
  // rule: payward.auth.permission
  if (call.needs && !(call.caller.permissions as readonly string[]).includes(call.needs))
    throw new Refusal('forbidden', {}, `the key lacks ${call.needs}`)
})

const idempotencyKeyLegal = gate('idempotency_key_valid', 'idempotencyKeyLegal', (call: PaywardCall): void => {
  // rule: payward.idempotency.key-form
  const problems = call.problems.filter((problem) => problem.in === 'header')
  if (problems.length > 0) throw refuseProblems(problems)
})

const mediaTypeRead = gate('media_type_supported', 'mediaTypeRead', (call: PaywardCall): void => {
  // rule: payward.validation.media-type
  if (!call.problems.some((problem) => problem.keyword === 'mediaType')) return
  throw new Refusal('unsupported_media_type', { detail: 'Content-Type: must be application/json' })
})

const legal = gate('schema_valid', 'legal', (call: PaywardCall): void => {
  // rule: payward.validation.fields, rule: payward.validation.null, rule: payward.validation.extra, rule: payward.accounts.length
  if (call.problems.length > 0) throw refuseProblems(call.problems, hintOf(call.content))
})

const accountKnown = gate('account_found', 'accountKnown', (call: PaywardCall, world: World): void => {
  // rule: payward.accounts.unknown, rule: payward.accounts.any
  const { ids, partner } = call.caller
  const id = call.params.account_id
  if (id === undefined) return
  // rule: payward.users.accounts
  if (!ids.includes(id) && world.get(UserAccounts, id)?.partner !== partner)
    throw new Refusal('UnknownAccount', {}, `accounts of this key: ${ids.join(', ')}`)
  // rule: payward.users.locked
  const moves = call.needs !== undefined && call.needs !== 'funds.query' && call.operation !== 'createQuote'
  const lock = moves ? lockOf(id, call.needs === 'trade', world) : undefined
  if (lock) throw lock
})

// rule: payward.auth.order
export const gates: readonly Gate[] = [
  keyKnown,
  withinRate,
  signatureMatches,
  nonceRises,
  permitted,
  idempotencyKeyLegal,
  mediaTypeRead,
  legal,
  accountKnown,
]

/** The caller, without the key: the account, and which of its keys. */
export const identity: Identity = {
  gates: [keyKnown, signatureMatches, nonceRises],
  callers: (world) => [...world.settings<Settings>('payward').keys.values()],
  of: (caller: KeyRow, world) => ({ account: caller.partner, key: keyIndex(caller, identity, world) }),
  account: (caller: KeyRow) => caller.partner,
  key: (caller: KeyRow, world) => keyIndex(caller, identity, world),
  refuses: [
    { name: 'unauthorized', gate: keyKnown },
    { name: 'unauthorized', gate: keyKnown, detail: NO_KEY },
    { name: 'bad_signature', gate: signatureMatches },
    { name: 'InvalidNonce', gate: nonceRises },
    { name: 'forbidden', gate: permitted },
    { name: 'rate_limited', gate: withinRate },
  ],
}
