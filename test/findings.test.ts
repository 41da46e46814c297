// Mistakes that the traffic proves: for each kind a client that makes it, and those that only look as if they did.
import { expect, test } from 'vitest'
import { findProviders } from '../src/app.ts'
import type { Provider } from '../src/provider.ts'
import { ask } from './asking.ts'
import * as alphapo from './clients/alphapo.ts'
import { allocation, client as cpg, clientOf, KEYS, payout } from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { type Client, Inbox, type Kit, type Request, start } from './kit.ts'

async function found(box: Kit, query = ''): Promise<any[]> {
  const { status, json, text } = await ask(box, 'GET', `/findings${query}`)
  expect(status, text).toBe(200)
  return json.data
}

/** The kinds that are found, each with how often. */
async function kinds(box: Kit): Promise<Record<string, number>> {
  return Object.fromEntries((await found(box)).map(({ kind, count }) => [kind, count]))
}

async function lose(box: Kit, provider: string, stage = 'after'): Promise<void> {
  const reply = await box.control('POST', '/faults', {
    when: { provider, nth: 1 },
    then: [{ respond: { error: 'internal_error', stage } }],
  })
  expect(reply.status, reply.text).toBe(201)
}

const asked = (user: string, idempotency_key?: string) => allocation({ user_identifier: user, idempotency_key })

test('sandgate.findings: nothing is found where nothing was done, and each finding says where, why and what to do', async () => {
  const box = await start()
  expect(await found(box)).toEqual([])
  expect((await ask(box, 'GET', '/findings?view=text')).text).toBe('no findings\n')
  await box.call(cpg, allocation({ user_identifer: 'ann' }))
  await box.call(cpg, allocation({ user_identifer: 'bob' }))
  const [finding, ...more] = await found(box)
  expect(more).toEqual([])
  expect(finding).toEqual({
    id: expect.stringMatching(/^unknown-field-[0-9a-f]{8}$/),
    kind: 'unknown-field',
    provider: 'cpg',
    says: expect.stringContaining('did you mean user_identifier?'),
    advice: expect.any(String),
    source: expect.stringMatching(/^https:/),
    rule: 'cpg.validation.extra',
    entries: [1, 2],
    count: 2,
    last_entry: 2,
  })
  expect(await found(box, '?provider=zopay')).toEqual([])
  expect(await found(box, '?provider=cpg')).toEqual([finding])
  const { text } = await ask(box, 'GET', '/findings?view=text')
  expect(text).toContain('cpg  unknown-field  2 times\n')
  expect(text).toContain(finding.says)
  expect(text).toContain(finding.source)
})

test('sandgate.findings.new-key-on-retry: a new key, or none, after an answer was lost', async () => {
  for (const again of ['key-2', undefined]) {
    const box = await start()
    await lose(box, 'cpg')
    await box.call(cpg, asked('ann', 'key-1'))
    await box.call(cpg, asked('ann', again))
    const [finding] = await found(box)
    expect(finding).toMatchObject({ kind: 'new-key-on-retry', rule: 'cpg.idempotency.original', count: 1 })
    expect(finding.entries).toHaveLength(2)
    expect(finding.advice).toContain('idempotency_key')
  }
})

test('sandgate.findings.new-key-on-retry: a key in a header, and a provider that refuses repeats', async () => {
  const box = await start()
  await lose(box, 'zopay')
  const intent = { amount: '25.00', currencies: ['USDT'], external_ref: 'ann' }
  await box.call(zopay, post('/payment-intents', intent, 'one'))
  await box.call(zopay, post('/payment-intents', intent, 'two'))
  expect(await kinds(box)).toEqual({ 'new-key-on-retry': 1 })
})

test.each<[string, Client, object, Request[], (key: string) => Request]>([
  [
    'createWithdrawal of CPG',
    cpg,
    { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '100' },
    [],
    (key) => payout({ client_reference: key }),
  ],
  [
    'createAddress of Zopay',
    zopay,
    { provider: 'zopay', holder: 'user:ann', currency: 'USDT', network: 'ethereum', amount: '1' },
    [],
    (key) => post('/addresses', { asset: 'USDT', network: 'ethereum', external_ref: 'ann' }, key),
  ],
  [
    'withdrawFunds of Payward',
    payward.client,
    { provider: 'payward', currency: 'BTC', amount: '2' },
    [payward.saving({})],
    (key) => ({
      ...payward.withdrawing({}),
      headers: { 'idempotency-key': `00010203-0405-4607-8809-00000000000${key.length}` },
    }),
  ],
  [
    'withdrawCrypto of AlphaPo',
    alphapo.client,
    { provider: 'alphapo', currency: 'BTC', amount: '2' },
    [],
    (key) => alphapo.withdrawing({ foreign_id: key }),
  ],
])(
  'sandgate.findings.new-key-on-retry: %s, with the same key and with another one',
  async (_, client, money, before, request) => {
    for (const [again, expected] of [
      ['one', {}],
      ['other', { 'new-key-on-retry': 1 }],
    ] as const) {
      const box = await start()
      expect((await box.control('POST', '/balances', money)).status).toBe(201)
      for (const each of before) await box.call(client, each)
      await lose(box, client.name)
      expect((await box.call(client, request('one'))).status).toBe(500)
      await box.call(client, request(again))
      expect(await kinds(box)).toEqual(expected)
    }
  },
)

test('sandgate.findings.new-key-on-retry: not the same key, another intent, what was never made, or what is long ago', async () => {
  const box = await start()
  await lose(box, 'cpg')
  await box.call(cpg, asked('ann', 'key-1'))
  await box.call(cpg, asked('ann', 'key-1'))
  await box.call(cpg, asked('bob', 'key-2'))
  await box.control('DELETE', '/faults')
  await lose(box, 'cpg', 'before')
  await box.call(cpg, asked('cem', 'key-3'))
  await box.call(cpg, asked('cem', 'key-4'))
  await box.control('DELETE', '/faults')
  await lose(box, 'cpg')
  await box.call(cpg, asked('dan', 'key-5'))
  await box.advance('2h')
  await box.call(cpg, asked('dan', 'key-6'))
  expect(await found(box)).toEqual([])
})

test('sandgate.findings.new-key-on-retry: whoever comes back under the first key meant another one with the second', async () => {
  const box = await start()
  await lose(box, 'cpg')
  await box.call(cpg, asked('ann', 'key-1'))
  await box.call(cpg, asked('ann', 'key-2'))
  await box.call(cpg, asked('ann', 'key-1'))
  expect(await found(box)).toEqual([])
})

async function told(box: Kit, how: object | undefined, answers: Inbox['answers']): Promise<Inbox> {
  const inbox = await Inbox.open()
  inbox.answers = answers
  await box.subscribe('cpg', inbox)
  const { address } = (await box.call(cpg, asked('ann', 'key-1'))).json.data
  if (how) {
    const scenario = { name: 'spoiled', timeline: [{ at: '0s', do: { callbacks: { provider: 'cpg', ...how } } }] }
    const reply = await box.control('PUT', '/scenario', scenario)
    expect(reply.status, reply.text).toBe(200)
  }
  await box.deposit(address, '10')
  return inbox
}

test.each(['bad-signature', 'stale-timestamp'])(
  'sandgate.findings.bad-signature-accepted: a receiver that takes a %s',
  async (how) => {
    const box = await start()
    await told(box, { how }, () => ({}))
    const [finding, ...more] = await found(box)
    expect(more).toEqual([])
    expect(finding).toMatchObject({ kind: 'bad-signature-accepted', rule: 'cpg.webhooks.signature', count: 1 })
    const careful = await start()
    await told(careful, { how }, (_, index) => ({ status: index === 0 ? 401 : 200 }))
    expect(await found(careful)).toEqual([])
  },
)

/** The providers, their patience with receivers cut short. */
async function impatient(timeoutMs: number): Promise<ReadonlyMap<string, Provider>> {
  return new Map(
    [...(await findProviders())].map(([name, provider]) => [
      name,
      { ...provider, ...(provider.callbacks && { callbacks: { ...provider.callbacks, timeoutMs } }) },
    ]),
  )
}

test('sandgate.findings.receiver-too-slow: no answer in time; a refusal, or less time than the provider gives, proves nothing', async () => {
  const never = () => new Promise<never>(() => undefined)
  const box = await start({}, await impatient(30))
  await told(box, undefined, never)
  expect(await kinds(box)).toEqual({ 'receiver-too-slow': 1 })
  const shortened = await start({ callbackTimeoutMs: 30 })
  await told(shortened, undefined, never)
  expect(await found(shortened)).toEqual([])
  const refusing = await start()
  await told(refusing, undefined, () => ({ status: 500 }))
  expect(await found(refusing)).toEqual([])
})

test.each([
  ['an error', { status: 500 }, 1],
  ['a conflict', { status: 409, body: '{"error":"duplicate"}' }, 1],
  ['another credit', { body: '{"credit_id":2,"ok":true}' }, 1],
  ['the same', { body: '{"credit_id":1,"ok":true}' }, 0],
  ['that it knows it', { body: '{"duplicate":true,"request_id":"r2"}' }, 0],
  ['that it is down', { status: 503 }, 0],
  ['another time of day', { body: '{"credit_id":1,"received_at":"2026-01-02"}' }, 0],
])('sandgate.findings.callback-handled-twice: the second time it answers %s', async (_, second, count) => {
  const box = await start()
  await told(box, { how: 'duplicate' }, (_, index) =>
    index === 0 ? { body: '{"credit_id":1,"request_id":"r1","received_at":"2026-01-01"}' } : second,
  )
  await box.control('POST', '/clock/advance', { until: 'quiet' })
  expect(await kinds(box)).toEqual(count === 0 ? {} : { 'callback-handled-twice': count })
})

test('sandgate.findings.callback-handled-twice: an error that is over at the next attempt was none about the callback', async () => {
  const box = await start()
  await told(box, { how: 'duplicate' }, (_, index) => ({ status: index === 1 ? 500 : 200 }))
  await box.advance('10m')
  expect(await found(box)).toEqual([])
})

test('sandgate.findings.expired-address-shown: the same key after the display window', async () => {
  const box = await start()
  await box.call(cpg, asked('ann', 'key-1'))
  await box.advance('2h')
  await box.call(cpg, asked('ann', 'key-1'))
  expect(await found(box)).toEqual([])
  await box.advance('2h')
  const id = (await box.call(cpg, asked('ann', 'key-2'))).json.data.request_id
  await box.call(cpg, { method: 'GET', path: `/v1/deposit-requests/${id}` })
  await box.call(cpg, { method: 'GET', path: '/v1/deposit-requests/1' })
  expect(await found(box)).toEqual([])
  await box.call(cpg, asked('ann', 'key-1'))
  const [finding, ...more] = await found(box)
  expect(more).toEqual([])
  expect(finding).toMatchObject({ kind: 'expired-address-shown', rule: 'cpg.deposits.windows' })
})

test('sandgate.findings.polling-too-fast: until the provider refuses; one question among many calls is no polling', async () => {
  const limited = clientOf(KEYS.limited)
  const poll = { method: 'GET', path: '/v1/currencies' }
  const box = await start()
  for (let reply = await box.call(limited, poll); reply.status !== 429;) reply = await box.call(limited, poll)
  expect(await kinds(box)).toEqual({ 'polling-too-fast': 1 })
  const busy = await start()
  let status = 0
  for (let n = 0; status !== 429; n++) ({ status } = await busy.call(limited, asked(`user ${n}`, `key ${n}`)))
  await busy.call(limited, poll)
  expect(await found(busy)).toEqual([])
})

test('sandgate.findings.polling-too-fast: the same question twice within a second, signed alike', async () => {
  const box = await start()
  const poll = cpg.sign({ method: 'GET', path: '/v1/balances' }, box.wallMs)
  await box.send('cpg', poll)
  expect(await found(box)).toEqual([])
  await box.send('cpg', poll)
  expect(await found(box)).toMatchObject([{ kind: 'polling-too-fast', rule: 'cpg.auth.replay', entries: [1, 2] }])
})

test('sandgate.findings.polling-too-fast: more a minute than the documents allow', async () => {
  const box = await start()
  const quote = alphapo.client.good.calculateExchange!()
  const ask30 = async () => {
    for (let n = 0; n < 30; n++) await box.send('alphapo', alphapo.client.sign(quote, box.wallMs))
  }
  await ask30()
  box.passWall(60_000)
  await ask30()
  expect(await found(box)).toEqual([])
  await box.send('alphapo', alphapo.client.sign(quote, box.wallMs))
  expect(await found(box)).toMatchObject([{ kind: 'polling-too-fast', rule: 'alphapo.rate.calculate', count: 1 }])
})

test.each([
  ['0.30000000000000004', 1],
  ['12345678901234567.5', 1],
  ['9007199254740993', 1],
  ['"0.30000000000000004"', 0],
  ['1234567.12345678', 0],
  ['100000000000000000000', 0],
  ['1.50000000000000000000', 0],
])('sandgate.findings.number-lost-digits: the amount %s', async (amount, count) => {
  const box = await start()
  await box.call(zopay, post('/payment-intents', `{"amount":${amount},"currencies":["USDT"]}`))
  expect(await kinds(box)).toEqual(count === 0 ? {} : { 'number-lost-digits': count })
})

test('sandgate.findings.nonce-went-back: lower than an earlier one, or the same', async () => {
  const box = await start()
  const send = (nonce: string) =>
    box.send('payward', payward.signed(payward.KEYS.demo, payward.client.good.listAssets!(), nonce))
  await send('1000')
  await send('1001')
  expect(await found(box)).toEqual([])
  await send('1000')
  expect(await found(box)).toMatchObject([
    { kind: 'nonce-went-back', rule: 'payward.nonce.rising', entries: [2, 3], count: 1 },
  ])
  await send('1001')
  expect(await found(box)).toHaveLength(2)
  // Another key has nonces of its own.
  const other = await start()
  await other.send('payward', payward.signed(payward.KEYS.demo, payward.client.good.listAssets!(), '1000'))
  await other.send('payward', payward.signed(payward.KEYS.other, payward.client.good.listAssets!(), '999'))
  await other.send('payward', payward.signed(payward.KEYS.demo, payward.client.good.listAssets!(), 'x'))
  expect(await found(other)).toEqual([])
})

test('sandgate.findings.unknown-field: not where it is refused, nor in a call that was refused', async () => {
  const box = await start()
  await box.call(zopay, post('/payment-intents', { amount: '25.00', currencies: ['USDT'], nonsense: 1 }))
  await box.call(cpg, allocation({ network: 'NONE', nonsense: 1 }))
  expect(await found(box)).toEqual([])
  await box.call(alphapo.client, alphapo.taking({ nonsense: 1 }))
  expect(await found(box)).toMatchObject([
    { kind: 'unknown-field', provider: 'alphapo', rule: 'alphapo.content.extra' },
  ])
})

test('sandgate.findings.retried-unchanged: five times the same no', async () => {
  const box = await start()
  const wrong = allocation({ network: 'NONE' })
  for (let n = 0; n < 4; n++) await box.call(cpg, wrong)
  await box.call(cpg, allocation({ network: 'NONE', user_identifier: 'ann' }))
  expect(await found(box)).toEqual([])
  await box.call(cpg, wrong)
  expect(await found(box)).toMatchObject([{ kind: 'retried-unchanged', provider: 'cpg', count: 5 }])
})

test('sandgate.findings.retried-unchanged: not what asks for another try, nor what may have become right', async () => {
  const box = await start()
  const times = async (request: Request, between: () => Promise<unknown> = async () => undefined) => {
    for (let n = 0; n < 6; n++) {
      await box.call(cpg, request)
      await between()
    }
  }
  await times({ method: 'GET', path: '/v1/deposit-requests/77' })
  await times(
    {
      ...allocation(),
      path: '/v1/withdrawals',
      body: JSON.stringify({ currency: 'USDT', network: 'ETH', to_address: `0x${'0'.repeat(38)}aa`, amount: '10' }),
    },
    () => box.control('POST', '/balances', { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '0.1' }),
  )
  await box.control('POST', '/faults', { when: { provider: 'cpg' }, then: [{ respond: { status: 400, body: {} } }] })
  for (let n = 0; n < 6; n++) await box.call(cpg, asked('ann', 'key')).catch(() => undefined)
  expect(await found(box)).toEqual([])
})

test('sandgate.findings.production-key: its form is enough, and it is not repeated', async () => {
  const box = await start()
  const key = 'sk_live_verysecretindeed1234'
  const send = (authorization: string) =>
    box.send('zopay', { method: 'GET', path: '/connect/v1/addresses', headers: { authorization } })
  await send('Bearer sk_test_unknown')
  expect(await found(box)).toEqual([])
  await send(`Bearer ${key}`)
  expect(await found(box)).toMatchObject([{ kind: 'production-key', rule: 'zopay.auth.live-keys', count: 1 }])
  for (const view of ['json', 'text'])
    expect((await ask(box, 'GET', `/findings?view=${view}`)).text).not.toContain('verysecret')
})
