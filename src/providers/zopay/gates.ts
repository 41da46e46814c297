// Zopay's checks before any endpoint rule, in its order: JSON, Idempotency-Key, key, rate, approval, scope, schema.
import { type Gate, gate, hintOf, type Identity, Refusal } from '../../provider.ts'
import { overRate } from '../../world/buckets.ts'
import type { World } from '../../world/world.ts'
import { type Caller, callerOf, type Settings } from './catalogue.ts'
import { itemsOf, syntaxItem } from './validation.ts'
import type { ZopayCall } from './wire.ts'

/** The framework's router knows no empty path value; ours does. */
const pathWhole = gate('path_complete', 'pathWhole', (call: ZopayCall): void => {
  // rule: zopay.elsewhere.slash
  // rule: zopay.balances.slash
  if (call.operation === 'getUserBalances' && call.params.external_ref?.includes('/')) throw new Refusal('not_found')
  if (!Object.values(call.params).includes('')) return
  throw new Refusal(call.path.endsWith('/') ? 'slashless' : 'not_found')
})

const bodyReadable = gate('body_readable', 'bodyReadable', (call: ZopayCall): void => {
  // rule: zopay.validation.not-utf8
  if (call.problems.some(({ keyword }) => keyword === 'utf8'))
    throw new Refusal('unreadable_body', {}, hintOf(call.content))
  if (!call.problems.some(({ keyword }) => keyword === 'syntax')) return
  // rule: zopay.order.syntax-first
  const item = syntaxItem(call.text)
  // rule: zopay.validation.nesting
  if (item === 'unreadable') throw new Refusal('unreadable_body', {}, 'the body is nested too deep')
  if (item) throw new Refusal('invalid_request', { items: [item] }, hintOf(call.content))
})

const idempotencyKeyGiven = gate('idempotency_key_present', 'idempotencyKeyGiven', (call: ZopayCall): void => {
  // rule: zopay.order.key-before-auth
  const wrong = call.problems.filter((problem) => problem.in === 'header').map(({ keyword }) => keyword)
  if (wrong.length === 0) return
  // rule: zopay.idempotency.required, rule: zopay.idempotency.blank
  if (wrong.includes('required') || wrong.includes('minLength')) throw new Refusal('idempotency_required')
  // rule: zopay.idempotency.key-format
  throw new Refusal('invalid_idempotency_key')
})

const keyKnown = gate('key_known', 'keyKnown', (call: ZopayCall, world: World): void => {
  const header = call.headers.authorization
  // rule: zopay.auth.missing
  if (!header)
    throw new Refusal(
      'missing_api_key',
      {},
      call.headers['x-api-key'] ? 'send the key as Authorization: Bearer' : undefined,
    )
  // rule: zopay.auth.bearer
  const key = /^bearer +(\S+)$/i.exec(header)?.[1]
  const caller = key === undefined ? undefined : callerOf(key, world.settings<Settings>('zopay'))
  // rule: zopay.auth.unknown-key
  if (!caller) throw new Refusal('invalid_api_key', {}, mistakeIn(header))
  call.caller = caller
})

/** What the header looks like; never the key itself. Undefined: its form is right, and hints.ts looks at the key. */
function mistakeIn(header: string): string | undefined {
  if (/^sk_(test|live)_/.test(header))
    return 'the key came without its scheme: send Authorization: Bearer, a space, and the key'
  if (/^bearer +bearer\b/i.test(header)) return 'Bearer is repeated'
  if (!/^bearer\b/i.test(header)) return 'the scheme of the Authorization header must be Bearer'
  if (/^bearer *["'<]/i.test(header)) return 'the key is in quotes or brackets: send it bare'
  if (/^bearer +sk_live_/i.test(header)) return 'live keys are not accepted: use a key that starts with sk_test_'
  if (/^bearer$/i.test(header)) return 'no key follows Bearer'
  if (!/^bearer +\S/i.test(header)) return 'Bearer and the key must be separated by a space only'
  return undefined
}

const withinRate = gate('within_rate_limit', 'withinRate', (call: ZopayCall, world: World): void => {
  // rule: zopay.rate.bucket
  const { key, livemode, ratePerMinute } = call.caller
  if (overRate(['zopay', key, livemode], ratePerMinute, world) !== undefined) throw new Refusal('rate_limited')
})

const organisationApproved = gate('organisation_approved', 'organisationApproved', (call: ZopayCall): void => {
  // rule: zopay.auth.approval
  if (call.caller.livemode && !call.caller.approved) throw new Refusal('organization_not_approved')
})

const scopeGranted = gate('scope_granted', 'scopeGranted', (call: ZopayCall): void => {
  // rule: zopay.auth.scope
  if (call.needs && !call.caller.scopes.includes(call.needs))
    throw new Refusal('insufficient_scope', {}, `the key lacks ${call.needs}`)
})

const legal = gate('schema_valid', 'legal', (call: ZopayCall): void => {
  const items = itemsOf(call)
  if (items.length === 0) return
  const { content } = call
  throw new Refusal(
    'invalid_request',
    { items },
    content.kind === 'other-type' ? 'the body was not sent as content-type application/json' : undefined,
  )
})

// rule: zopay.order.gates
export const gates: readonly Gate[] = [
  pathWhole,
  bodyReadable,
  idempotencyKeyGiven,
  keyKnown,
  withinRate,
  organisationApproved,
  scopeGranted,
  legal,
]

/** The caller, without the key: Zopay's callers hold none. */
export const identity: Identity = {
  gates: [keyKnown],
  callers: (world) =>
    [...world.settings<Settings>('zopay').keys.values()].flatMap((caller) => [caller, { ...caller, livemode: true }]),
  of: ({ key, livemode }: Caller) => ({ key, livemode }),
  account: ({ org }: Caller) => org,
  key: ({ key }: Caller) => Number(key.slice(key.lastIndexOf('/') + 1)),
  refuses: [
    { name: 'invalid_api_key', gate: keyKnown },
    { name: 'missing_api_key', gate: keyKnown },
    { name: 'insufficient_scope', gate: scopeGranted },
    { name: 'organization_not_approved', gate: organisationApproved },
    { name: 'rate_limited', gate: withinRate },
  ],
}
