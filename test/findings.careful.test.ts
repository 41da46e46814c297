// Clients and receivers that do everything right, in traffic that looks as if they did not: nothing is told on a guess.
import { expect, test } from 'vitest'
import { ask } from './asking.ts'
import * as alphapo from './clients/alphapo.ts'
import { allocation, client as cpg, clientOf } from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import { client as zopay, post, replay } from './clients/zopay.ts'
import { Inbox, type Kit, type Request, start } from './kit.ts'

async function kinds(box: Kit): Promise<Record<string, number>> {
  const { status, json, text } = await ask(box, 'GET', '/findings')
  expect(status, text).toBe(200)
  return Object.fromEntries(json.data.map(({ kind, count }: any) => [kind, count]))
}

async function fault(box: Kit, provider: string, then: object): Promise<void> {
  const reply = await box.control('POST', '/faults', { when: { provider, nth: 1 }, then: [then] })
  expect(reply.status, reply.text).toBe(201)
}

const LOST = { respond: { error: 'internal_error', stage: 'after' } }

function paywardAddress(key: string): Request {
  return { ...payward.creation({}), headers: { 'idempotency-key': `00010203-0405-4607-8809-00000000000${key}` } }
}

test.each([
  ['an address of Payward has nobody in its body', payward.client, paywardAddress('1'), paywardAddress('2')],
  ['one of CPG’s pool has not either', cpg, allocation({ idempotency_key: '1' }), allocation({ idempotency_key: '2' })],
  [
    'nor has an intent of Zopay that is only an amount',
    zopay,
    post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, 'one'),
    post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, 'two'),
  ],
])(
  'sandgate.findings.new-key-on-retry: somebody else may ask for the same after a lost answer: %s',
  async (_, client, one, two) => {
    const box = await start()
    await fault(box, client.name, LOST)
    await box.call(client, one)
    await box.call(client, two)
    expect(await kinds(box)).toEqual({})
  },
)

test('sandgate.findings: the same address of AlphaPo taken again and again, and after a lost answer', async () => {
  const box = await start()
  await fault(box, 'alphapo', LOST)
  const taken = []
  for (let times = 0; times < 6; times++) taken.push(await box.call(alphapo.client, alphapo.taking({})))
  expect(taken.map(({ status }) => status)).toEqual([500, 201, 201, 201, 201, 201])
  expect(await kinds(box)).toEqual({})
})

test('sandgate.findings.new-key-on-retry: AlphaPo refuses the retry of a withdrawal, because it knows its foreign_id', async () => {
  const box = await start()
  await box.control('POST', '/balances', { provider: 'alphapo', currency: 'BTC', amount: '5' })
  await fault(box, 'alphapo', LOST)
  const replies = [await box.call(alphapo.client, alphapo.withdrawing({ foreign_id: 'w' }))]
  replies.push(await box.call(alphapo.client, alphapo.withdrawing({ foreign_id: 'w' })))
  expect(replies.map(({ status }) => status)).toEqual([500, 400])
  expect(await kinds(box)).toEqual({})
})

test('sandgate.findings.expired-address-shown: who never got an answer asks again under the same key, however late', async () => {
  for (const lost of [LOST, { drop: { stage: 'after', how: 'close' } }, { corrupt: { how: 'invalid-json' } }]) {
    const box = await start({ strict: false })
    const wanted = allocation({ user_identifier: 'ann', idempotency_key: 'k' })
    await fault(box, 'cpg', lost)
    await box.call(cpg, wanted).catch(() => undefined)
    await box.advance('4h')
    expect((await box.call(cpg, wanted)).status).toBe(200)
    expect(await kinds(box), JSON.stringify(lost)).toEqual({})
    // From here on it knows the address, and until when it is good.
    await box.call(cpg, wanted)
    expect(await kinds(box)).toEqual({ 'expired-address-shown': 1 })
  }
})

/** An address of Zopay, money on it, and the event about that once more. */
async function toldAgain(box: Kit, answers: Inbox['answers'], spoil?: string): Promise<void> {
  const inbox = await Inbox.open()
  inbox.answers = answers
  await box.subscribe('zopay', inbox)
  const { address } = (await box.call(zopay, post('/addresses', { asset: 'USDT', network: 'ethereum' }))).json
  await box.deposit(address, '10', { confirmations: 'instant' })
  const [event] = (await box.call(zopay, { method: 'GET', path: '/connect/v1/events' })).json.data
  if (spoil) {
    const timeline = [{ at: '0s', do: { callbacks: { provider: 'zopay', how: spoil } } }]
    expect((await box.control('PUT', '/scenario', { name: 'spoiled', timeline })).status).toBe(200)
  }
  await box.call(zopay, replay(event.id))
  await box.control('POST', '/clock/advance', { until: 'quiet' })
  expect(inbox.received.length).toBeGreaterThan(1)
}

test.each(['bad-signature', 'stale-timestamp'])(
  'sandgate.findings.callback-handled-twice: a second one with a %s is refused for that',
  async (spoil) => {
    const box = await start()
    await toldAgain(box, (_, index) => ({ status: index === 0 ? 200 : 400 }), spoil)
    expect(await kinds(box)).toEqual({})
    const careless = await start()
    await toldAgain(careless, (_, index) => ({ status: index === 0 ? 200 : 400 }))
    expect(await kinds(careless)).toEqual({ 'callback-handled-twice': 1 })
  },
)

test.each([
  ['the balance of now', { balance: '10' }, { balance: '15' }],
  ['what it has credited this time', { credited: '10', ok: true }, { credited: '0', ok: true }],
  ['an id of the answer', { id: 'a', credit_id: 7 }, { id: 'b', credit_id: 7 }],
  ['totals of the day', { stats: { total: 1, paid: 1 } }, { stats: { total: 2, paid: 2 } }],
])('sandgate.findings.callback-handled-twice: the second answer tells %s', async (_, first, second) => {
  const box = await start()
  await toldAgain(box, (_, index) => ({ body: JSON.stringify(index === 0 ? first : second) }))
  expect(await kinds(box)).toEqual({})
})

test('sandgate.findings.callback-handled-twice: a receiver that fails while attempts are left may be down; one that fails to the end is not', async () => {
  const box = await start()
  const inbox = await Inbox.open()
  inbox.answers = (_, index) => ({ status: index === 0 ? 200 : 500 })
  await box.subscribe('cpg', inbox)
  const { address } = (await box.call(cpg, allocation())).json.data
  const timeline = [{ at: '0s', do: { callbacks: { provider: 'cpg', how: 'duplicate' } } }]
  await box.control('PUT', '/scenario', { name: 'twice', timeline })
  await box.deposit(address, '10', { outcome: 'dropped' })
  expect(inbox.received).toHaveLength(2)
  expect(await kinds(box)).toEqual({})
  await box.control('POST', '/clock/advance', { until: 'quiet' })
  expect(await kinds(box)).toEqual({ 'callback-handled-twice': 1 })
})

const LIMITED = { key: 'slow', secret: 's' }
const SLOW = {
  providers: {
    cpg: { accounts: { shop: { keys: [{ id: 'slow', secret: 's', ratePerMinute: 10 }], currencies: [] } } },
  },
}
const LOOK = { method: 'GET', path: '/v1/currencies' }

test('sandgate.findings.polling-too-fast: a few questions among many calls, or a world whose clock stands still', async () => {
  const client = clientOf(LIMITED)
  const busy = await start(SLOW)
  for (let n = 0; n < 7; n++) await busy.call(client, allocation({ network: `N${n}` }))
  for (let n = 0; n < 3; n++) expect((await busy.call(client, LOOK)).status).toBe(200)
  expect((await busy.call(client, LOOK)).status).toBe(429)
  expect(await kinds(busy)).toEqual({})
  // Four a minute on the wall, and all in one minute of the world.
  const frozen = await start(SLOW)
  for (let status = 200; status !== 429;) {
    frozen.passWall(14_000)
    ;({ status } = await frozen.call(client, LOOK))
  }
  expect(await kinds(frozen)).toEqual({})
})

test('sandgate.findings.polling-too-fast: the same question at once after an answer that could not be read', async () => {
  const box = await start({ strict: false })
  const poll = cpg.sign({ method: 'GET', path: '/v1/balances' }, box.wallMs)
  await fault(box, 'cpg', { corrupt: { how: 'invalid-json' } })
  await box.send('cpg', poll).catch(() => undefined)
  expect((await box.send('cpg', poll)).status).toBe(401)
  expect(await kinds(box)).toEqual({})
})

test.each([
  ['an id with an amount in its name', '{"amount":"25.00","currencies":["USDT"],"amount_id":12345678901234567891}'],
  ['what is of the client’s own', '{"amount":"25.00","currencies":["USDT"],"metadata":{"value":12345678901234567891}}'],
])('sandgate.findings.number-lost-digits: not %s', async (_, body) => {
  const box = await start()
  await box.call(zopay, post('/payment-intents', body))
  expect(await kinds(box)).toEqual({})
})

test('sandgate.findings.retried-unchanged: the same no now and then, between calls that go well, is no retry', async () => {
  const box = await start()
  for (let n = 0; n < 6; n++) {
    await box.call(cpg, allocation({ network: 'NONE' }))
    await box.call(clientOf({ key: 'cpg_demo_key', secret: 'wrong' }), LOOK)
    await box.call(cpg, LOOK)
  }
  expect(await kinds(box)).toEqual({})
})

test('sandgate.findings.retried-unchanged: what an operation refuses may be right a moment later, as a price', async () => {
  const box = await start()
  await box.control('POST', '/balances', { provider: 'alphapo', currency: 'BTC', amount: '5' })
  for (let n = 0; n < 6; n++) {
    expect((await box.call(alphapo.client, alphapo.exchanging('fixed', { price: '1' }))).status).toBe(400)
    await box.advance('1s')
  }
  expect(await kinds(box)).toEqual({})
})

test('sandgate.findings: a provider that is none is refused with the nearest name', async () => {
  const box = await start()
  expect((await ask(box, 'GET', '/findings?provider=cgp')).json).toMatchObject({
    status: 422,
    detail: expect.stringContaining('did you mean cpg?'),
  })
})
