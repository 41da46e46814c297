// Random sessions with every provider: calls, repeats, garbage, money, time, faults and whole scenarios. What is to hold of all of them is said by
// the tests that play them.
import fc from 'fast-check'
import { expect } from 'vitest'
import { client as alphapo } from './clients/alphapo.ts'
import { client as cpg, clientOf as cpgAs, KEYS as CPG_KEYS } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { client as zopay } from './clients/zopay.ts'
import { type Client, Inbox, type Kit, type Reply, type Request } from './kit.ts'

const CLIENTS: readonly Client[] = [cpg, cpgAs(CPG_KEYS.other), zopay, payward, alphapo]
/** A call of each provider that hands out an address. */
const CREATIONS = new Map<string, readonly [Client, string]>([
  ['cpg', [cpg, 'createDepositAddress']],
  ['zopay', [zopay, 'createAddress']],
  ['payward', [payward, 'createDepositAddress']],
  ['alphapo', [alphapo, 'takeAddress']],
])

const anyProvider = fc.constantFrom(...CREATIONS.keys())
const anyAction = fc.constantFrom<unknown>(
  { respond: { error: 'unavailable' } },
  { respond: { error: 'internal_error', stage: 'after' } },
  { drop: { stage: 'after', how: 'close' } },
  { delay: '2s' },
  { corrupt: { how: 'invalid-json' } },
  { deposit: { amount: '7', after: '1h' } },
  { callbacks: { how: 'duplicate' } },
  { callbacks: { how: 'reorder' } },
)
const anyRule = fc.record({
  when: fc.oneof(
    fc.record({ provider: anyProvider, every: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ provider: anyProvider, nth: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ provider: anyProvider, probability: fc.constantFrom(0.3, 0.7) }),
  ),
  then: fc.array(anyAction, { minLength: 1, maxLength: 2 }),
})
const anyMoment = fc.record({
  at: fc.constantFrom('0s', '30m', '3h'),
  do: fc.oneof(
    fc.record({
      callbacks: fc.record({
        provider: anyProvider,
        how: fc.constantFrom('pause', 'resume', 'duplicate', 'drop', 'bad-signature'),
      }),
    }),
    fc.record({ callbacks: fc.record({ provider: anyProvider, how: fc.constant('delay'), by: fc.constant('10m') }) }),
    fc.record({ outage: fc.record({ provider: anyProvider, for: fc.constantFrom('1m', '5h') }) }),
    fc.record({
      deposit: fc.record({
        provider: anyProvider,
        nth: fc.constantFrom(1, 2),
        amount: fc.constant('5'),
        confirmations: fc.constantFrom<unknown>('instant', 1),
      }),
    }),
  ),
})

export const anyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      client: fc.nat(CLIENTS.length - 1),
      operation: fc.nat(20),
      user: fc.nat(3),
      key: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), by: fc.constantFrom('1s', '45m', '4h', '8d') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('deposit' as const),
      nth: fc.nat(5),
      provider: fc.constantFrom(...CREATIONS.keys()),
      after: fc.constantFrom('0s', '2h'),
      confirmations: fc.constantFrom<unknown>('instant', 0),
      outcome: fc.constantFrom('confirmed', 'confirmed', 'dropped', 'reorged', 'replaced'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      then: anyAction,
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('scenario' as const),
      rules: fc.array(anyRule, { minLength: 1, maxLength: 3 }),
      timeline: fc.array(anyMoment, { maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('garbage' as const),
      client: fc.nat(CLIENTS.length - 1),
      body: fc.string({ maxLength: 20 }),
    }),
  },
)
export type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

/** A receiver of the callbacks of every provider, which answers with these statuses in turn. */
export async function receiverOf(box: Kit, statuses: readonly number[]): Promise<Inbox> {
  const inbox = await Inbox.open()
  inbox.answers = (_, index) => ({ status: statuses[index % statuses.length]! })
  for (const { name, callbacks } of box.sandbox.providers.values()) if (callbacks) await box.subscribe(name, inbox)
  return inbox
}

/** What was answered; undefined when the connection was cut. */
export async function perform(step: Step, box: Kit): Promise<Reply | undefined> {
  if (step.kind === 'advance') return box.control('POST', '/clock/advance', { by: step.by })
  if (step.kind === 'fault')
    return made(box.control('POST', '/faults', { when: { times: step.times }, then: [step.then] }), 201)
  if (step.kind === 'scenario')
    return made(box.control('PUT', '/scenario', { name: 'drawn', rules: step.rules, timeline: step.timeline }), 200)
  if (step.kind === 'garbage') {
    const client = CLIENTS[step.client]!
    const operation = Object.values(client.good)
      .map((good) => good())
      .find(({ method }) => method === 'POST')
    return heard(box.call(client, { ...operation!, body: step.body }))
  }
  if (step.kind === 'deposit') {
    const addresses = async () => (await box.control('GET', `/addresses?provider=${step.provider}`)).json.data
    const [client, operation] = CREATIONS.get(step.provider)!
    if ((await addresses()).length === 0) await heard(box.call(client, client.good[operation]!()))
    const rows = await addresses()
    const row = rows[step.nth % Math.max(1, rows.length)]
    return (
      row &&
      box.control('POST', '/deposits', {
        address: row.address,
        ...(row.tag && { tag: row.tag }),
        amount: '12.5',
        after: step.after,
        confirmations: step.confirmations,
        outcome: step.outcome,
      })
    )
  }
  const client = CLIENTS[step.client]!
  const goods = Object.values(client.good)
  const request: Request = goods[step.operation % goods.length]!()
  const body =
    request.body === undefined
      ? undefined
      : JSON.stringify({
          ...JSON.parse(request.body),
          ...(client.name === 'cpg' && { user_identifier: `user_${step.user}` }),
        })
  return heard(
    box.call(client, {
      ...request,
      body,
      headers: {
        ...request.headers,
        ...(request.method === 'POST' && client.name !== 'alphapo' && { 'idempotency-key': `key-${step.key}` }),
      },
    }),
  )
}

async function made(call: Promise<Reply>, status: number): Promise<Reply> {
  const reply = await call
  expect(reply.status, reply.text).toBe(status)
  return reply
}

/** A connection that is cut is an answer too, to us. */
async function heard(call: Promise<Reply>): Promise<Reply | undefined> {
  return call.catch((error: Error & { code?: string }) => {
    if (!/hang up|ECONNRESET|off contract/.test(`${error.code} ${error.message}`)) throw error
    return undefined
  })
}
