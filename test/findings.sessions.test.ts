// Findings of long and of random journals: a client that does everything right is told of nothing, whatever happens to it, and nobody waits long for an
// answer about a full journal.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findMistakes } from '../src/findings/find.ts'
import type { World } from '../src/world/world.ts'
import { ask } from './asking.ts'
import * as alphapo from './clients/alphapo.ts'
import { allocation, client as cpg, payout } from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { type Client, Inbox, type Kit, type Reply, type Request, start } from './kit.ts'

/** What a careful client asks for; `n` is in no other intent. */
const INTENTS: readonly ((n: number) => readonly [Client, Request])[] = [
  (n) => [cpg, allocation({ user_identifier: `user ${n}`, idempotency_key: `key-${n}` })],
  // Whoever asks for these asks for the same as everybody else.
  (n) => [cpg, allocation({ idempotency_key: `pool-${n}` })],
  (n) => [zopay, post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, `same-${n}`)],
  (n) => [cpg, payout({ amount: `1${n}`, client_reference: `payout-${n}` })],
  (n) => [zopay, post('/addresses', { asset: 'USDT', network: 'solana', external_ref: `user-${n}` }, `address-${n}`)],
  (n) => [zopay, post('/payment-intents', { amount: `${n}.25`, currencies: ['USDT'] }, `order-${n}`)],
  (n) => [
    payward.client,
    {
      ...payward.creation({ method_id: payward.METHODS.XRP, asset_symbol: 'XRP' }),
      headers: { 'idempotency-key': `00010203-0405-4607-8809-${String(n).padStart(12, '0')}` },
    },
  ],
  (n) => [alphapo.client, alphapo.taking({ foreign_id: `user-${n}`, end_user_reference: `user-${n}` })],
  (n) => [alphapo.client, alphapo.withdrawing({ foreign_id: `withdrawal-${n}`, amount: '0.01' })],
]

const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('intent' as const),
      of: fc.nat(INTENTS.length - 1),
      // How often it is tried until it is given up.
      tries: fc.constantFrom(1, 3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look' as const), of: fc.nat(3), operation: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      then: fc.constantFrom<object>(
        { respond: { error: 'unavailable' } },
        { respond: { error: 'internal_error', stage: 'after' } },
        { drop: { stage: 'before', how: 'close' } },
        { drop: { stage: 'after', how: 'close' } },
        { corrupt: { how: 'invalid-json' } },
        { callbacks: { how: 'duplicate' } },
        { callbacks: { how: 'reorder' } },
        { callbacks: { how: 'bad-signature' } },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), operation: fc.nat(20), times: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ill' as const), times: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pay' as const), nth: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), by: fc.constantFrom('1s', '20m', '4h', '2d', '9d') }),
  },
)
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

/** A receiver that believes only what is signed, and knows a callback again. It asks the sandbox which ones are not, instead of every provider's recipe. */
async function receiver(box: Kit): Promise<{ ill: number }> {
  const health = { ill: 0 }
  const inbox = await Inbox.open()
  const spoiled = (text: string) => [...deliveries(box.world)].some((row) => row.body === text && row.spoiled !== null)
  const credited = new Map<string, number>()
  inbox.answers = ({ text }) => {
    if (spoiled(text)) return { status: credited.size % 2 === 0 ? 401 : 400 }
    if (health.ill > 0) {
      health.ill--
      return { status: 500 }
    }
    const known = credited.get(text)
    if (known === undefined) credited.set(text, credited.size + 1)
    return { body: JSON.stringify({ credit_id: credited.get(text), duplicate: known !== undefined }) }
  }
  for (const { name, callbacks } of box.sandbox.providers.values()) if (callbacks) await box.subscribe(name, inbox)
  return health
}

/** Something to withdraw. */
async function funds(box: Kit): Promise<void> {
  for (const money of [
    { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1000' },
    { provider: 'alphapo', currency: 'BTC', amount: '5' },
  ])
    expect((await box.control('POST', '/balances', money)).status).toBe(201)
}

function deliveries(world: World): Iterable<{ body: string; spoiled: string | null }> {
  return Object.values(world.dump().deliveries ?? {}) as { body: string; spoiled: string | null }[]
}

async function heard(box: Kit, client: Client, request: Request): Promise<Reply | undefined> {
  return box.call(client, request).catch((error: Error & { code?: string }) => {
    if (!/hang up|ECONNRESET|off contract/.test(`${error.code} ${error.message}`)) throw error
    return undefined
  })
}

async function perform(step: Step, n: number, box: Kit, health: { ill: number }): Promise<void> {
  switch (step.kind) {
    case 'intent': {
      const [client, request] = INTENTS[step.of]!(n)
      // The same bytes, but for the signature, until there is an answer that can be read.
      for (let times = 0; times < step.tries; times++) {
        const reply = await heard(box, client, request)
        if (reply && reply.status < 500 && reply.json !== undefined) return
      }
      return
    }
    case 'look': {
      const client = [cpg, zopay, payward.client, alphapo.client][step.of]!
      const looks = Object.values(client.good)
        .map((good) => good())
        .filter(({ method }) => method === 'GET')
      return void (await heard(box, client, looks[step.operation % looks.length]!))
    }
    case 'again': {
      // A page that is opened a few times.
      const looks = Object.values(cpg.good)
        .map((good) => good())
        .filter(({ method }) => method === 'GET')
      for (let times = 0; times < step.times; times++) await heard(box, cpg, looks[step.operation % looks.length]!)
      return
    }
    case 'ill':
      health.ill = step.times
      return
    case 'fault':
      return void (await box.control('POST', '/faults', { when: { times: 1 }, then: [step.then] }))
    case 'pay': {
      const rows = (await box.control('GET', '/addresses')).json.data
      const row = rows[step.nth % Math.max(1, rows.length)]
      if (row)
        await box.control('POST', '/deposits', { address: row.address, tag: row.tag ?? undefined, amount: '12.5' })
      return
    }
    case 'advance':
      await box.advance(step.by)
  }
}

test('sandgate.findings: a client that does everything right is told of nothing, whatever happens to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 25 }), async (steps) => {
      const box = await start({ strict: false })
      const health = await receiver(box)
      await funds(box)
      for (const [index, step] of steps.entries()) await perform(step, index + 1, box, health)
      expect((await ask(box, 'GET', '/findings')).json.data).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test('sandgate.findings: a journal of 10,000 entries is looked through in small steps, and what is found is bounded', async () => {
  const box = await start()
  const { world } = box
  await box.call(cpg, allocation({ nonsense: 1 }))
  const [first] = world.journal
  if (first?.kind !== 'call') throw new Error('the call has no entry')
  for (let n = 0; n < 9_999; n++) {
    const body = Buffer.from(`{"currency":"USDT","network":"ETH","field_${n % 700}":1}`)
    world.journal.add({ ...first, id: undefined, request: { ...first.request, body } })
  }
  const { engine } = box.sandbox
  const scene = { world, providers: engine.providers, contract: (name: string) => engine.contract(name) }
  let steps = 0
  for (const work = findMistakes(scene); !work.next().done;) steps++
  expect(steps).toBeGreaterThanOrEqual(10_000)
  const { data } = (await ask(box, 'GET', '/findings')).json
  expect(data).toHaveLength(500)
  for (const { entries } of data) expect(entries.length).toBeLessThanOrEqual(20)
})
