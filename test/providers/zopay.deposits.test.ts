// Money that arrives at Zopay, the log of events and the webhook: from its pages on the sandbox helper, transactions and events.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientOf, get, KEYS, post, replay, simulate, webhookSignature } from '../clients/zopay.ts'
import { Inbox, type Kit, type Reply, start, triedUntilExhausted } from '../kit.ts'

const UNKNOWN = '00010203-0405-4607-8809-0a0b0c0d0e0f'
const LIVE = { providers: { zopay: { liveKeys: 'serve' } } }
const LIVE_KEY = 'sk_live_sandgate_demo'

let keys = 0

/** A key that no other call of this file has. */
function freshKey(): string {
  return `key-${++keys}`
}

async function intend(box: Kit, fields: Record<string, unknown> = {}, key: string = KEYS.demo): Promise<any> {
  return (
    await box.call(
      clientOf(key),
      post('/payment-intents', { amount: '25.00', currencies: ['USDT'], ...fields }, freshKey()),
    )
  ).json
}

async function mint(box: Kit, fields: Record<string, unknown> = {}, key: string = KEYS.demo): Promise<any> {
  return (
    await box.call(clientOf(key), post('/addresses', { asset: 'USDT', network: 'ethereum', ...fields }, freshKey()))
  ).json
}

function read(box: Kit, path: string, key: string = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(key), get(path))
}

function press(box: Kit, intent: string, key: string = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(key), simulate(intent))
}

async function rows(box: Kit, path: string, key: string = KEYS.demo): Promise<any[]> {
  const reply = await read(box, path, key)
  expect(reply.status).toBe(200)
  return reply.json.data
}

async function statusOf(box: Kit, intent: { id: string }): Promise<string> {
  return (await read(box, `/payment-intents/${intent.id}`)).json.status
}

/** Money that has all its confirmations at once. */
function pay(box: Kit, address: string, amount: string, more: Record<string, unknown> = {}): Promise<any> {
  return box.deposit(address, amount, { confirmations: 'instant', ...more })
}

async function why(box: Kit): Promise<string> {
  const { data } = (await box.control('GET', '/journal?kind=timer')).json
  return data
    .map((entry: any) => entry.because)
    .filter((line: unknown) => line)
    .join('\n')
}

function refused(reply: Reply, status: number, code: string): void {
  expect([reply.status, reply.json?.error?.code, Object.keys(reply.json)]).toEqual([status, code, ['error']])
}

describe('paying an intent', () => {
  test('zopay.intents.completed; zopay.deposits.pending; zopay.deposits.threshold: pending when seen, completed with the twelfth confirmation', async () => {
    const box = await start()
    const intent = await intend(box, { external_ref: 'user-1' })
    const { txid, reference } = await box.deposit(intent.addresses[0].address, '25')
    expect(reference).toBe(intent.id)
    const [pending] = await rows(box, '/transactions')
    expect(pending).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      object: 'transaction',
      type: 'deposit',
      status: 'pending',
      asset: 'USDT',
      network: 'ethereum',
      amount: '25.00',
      external_ref: 'user-1',
      address: intent.addresses[0].address,
      tx_hash: txid,
      payment_intent_id: intent.id,
      livemode: false,
      created_at: '2026-05-16T19:00:00Z',
      confirmed_at: null,
    })
    expect([await statusOf(box, intent), await rows(box, '/events')]).toEqual(['pending', []])
    await box.advance('143999ms')
    expect(await statusOf(box, intent)).toBe('pending')
    await box.advance('1ms')
    expect((await read(box, `/payment-intents/${intent.id}`)).json).toEqual({
      ...intent,
      status: 'completed',
      completed_at: '2026-05-16T19:02:24Z',
    })
    expect(await rows(box, '/transactions')).toEqual([
      { ...pending, status: 'confirmed', confirmed_at: '2026-05-16T19:02:24Z' },
    ])
  })

  test.each([
    ['ethereum', 11, 'pending'],
    ['ethereum', 12, 'completed'],
    ['solana', 31, 'pending'],
    ['solana', 32, 'completed'],
  ])('zopay.deposits.threshold: on %s %i confirmations leave it %s', async (network, confirmations, status) => {
    const box = await start()
    const intent = await intend(box)
    await pay(box, intent.addresses.find((row: any) => row.network === network).address, '25', { confirmations })
    expect(await statusOf(box, intent)).toBe(status)
  })

  test.each([
    ['zopay.payments.under: a millionth less', '24.999999', 'pending', '24.999999'],
    ['zopay.payments.under: dust', '0.000001', 'pending', '0.000001'],
    ['zopay.intents.completed: the exact amount', '25', 'completed', '25.00'],
    ['zopay.payments.over: a millionth more', '25.000001', 'completed', '25.000001'],
    [
      'zopay.payments.over: a fortune',
      '123456789012345678901234567890',
      'completed',
      '123456789012345678901234567890.00',
    ],
  ])('%s', async (_, sent, status, told) => {
    const box = await start()
    const intent = await intend(box)
    await pay(box, intent.addresses[0].address, sent)
    expect([await statusOf(box, intent), (await read(box, `/payment-intents/${intent.id}`)).json.amount]).toEqual([
      status,
      '25.00',
    ])
    expect(await rows(box, '/transactions')).toMatchObject([
      { amount: told, status: 'confirmed', payment_intent_id: intent.id },
    ])
    expect(await rows(box, '/events')).toHaveLength(status === 'completed' ? 1 : 0)
  })

  test('zopay.payments.under: an amount finer than the asset is reached by the next atom', async () => {
    const box = await start()
    const intent = await intend(box, { amount: '0.00000000000000000000000000000000000001' })
    await pay(box, intent.addresses[0].address, '0.000001')
    expect(await statusOf(box, intent)).toBe('completed')
  })

  test('zopay.payments.parts: part payments add up, on either network of the asset, never across assets', async () => {
    const box = await start()
    const intent = await intend(box, { currencies: ['USDT', 'XAUT'] })
    const [usdtEthereum, usdtSolana, xaut] = intent.addresses.map((row: any) => row.address)
    const first = await pay(box, usdtEthereum, '10')
    await pay(box, usdtEthereum, '5', { same_transaction_as: first.id })
    await pay(box, xaut, '24.99')
    expect(await statusOf(box, intent)).toBe('pending')
    await pay(box, usdtSolana, '10')
    expect(await statusOf(box, intent)).toBe('completed')
    expect((await rows(box, '/transactions')).map(({ amount }) => amount)).toEqual(['10.00', '24.99', '5.00', '10.00'])
    const [event] = await rows(box, '/events')
    expect(event.data.deposit).toMatchObject({ network: 'solana', amount: '10.00', address: usdtSolana })
    expect(await why(box)).toContain('the amount of 25.00 USDT is not reached')
  })

  test('zopay.payments.parts: each-alone lets only the whole amount complete', async () => {
    const box = await start({ assume: { 'zopay.payments.parts': 'each-alone' } })
    const intent = await intend(box)
    await pay(box, intent.addresses[0].address, '20')
    await pay(box, intent.addresses[0].address, '20')
    expect(await statusOf(box, intent)).toBe('pending')
    await pay(box, intent.addresses[0].address, '25')
    expect(await statusOf(box, intent)).toBe('completed')
  })

  test('zopay.payments.after-completion: more money is a transaction and nothing else', async () => {
    const box = await start()
    const intent = await intend(box)
    await pay(box, intent.addresses[0].address, '25')
    const completed = (await read(box, `/payment-intents/${intent.id}`)).text
    await box.advance('1h')
    await pay(box, intent.addresses[1].address, '25')
    expect((await read(box, `/payment-intents/${intent.id}`)).text).toBe(completed)
    expect(await rows(box, '/transactions')).toHaveLength(2)
    expect(await rows(box, '/events')).toHaveLength(1)
    expect(await why(box)).toContain('which is already completed')
  })

  test('zopay.intents.never-expires: money that comes months later completes', async () => {
    const box = await start()
    const intent = await intend(box)
    await box.advance('90d')
    await pay(box, intent.addresses[0].address, '25')
    expect(await statusOf(box, intent)).toBe('completed')
  })

  test('any interleaving of payments, the sandbox button and time leaves what a small model says', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('pay' as const),
        intent: fc.nat(1),
        asset: fc.constantFrom('USDT', 'XAUT'),
        network: fc.nat(1),
        cents: fc.integer({ min: 1, max: 1500 }),
        gone: fc.boolean(),
      }),
      fc.record({ do: fc.constant('press' as const), intent: fc.nat(1) }),
      fc.record({ do: fc.constant('wait' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const box = await start()
        const intents = [
          await intend(box, { amount: '20', currencies: ['USDT', 'XAUT'] }),
          await intend(box, { amount: 5.5, currencies: ['USDT', 'XAUT'] }),
        ]
        const model = [2000, 550].map((due) => ({
          due,
          done: false,
          transactions: 0,
          sums: { USDT: 0, XAUT: 0 } as Record<string, number>,
        }))
        for (const one of steps) {
          if (one.do === 'wait') await box.advance('1h')
          else if (one.do === 'press') {
            const known = model[one.intent]!
            if (!known.done) known.transactions++
            known.done = true
            expect((await press(box, intents[one.intent].id)).status).toBe(200)
          } else {
            const known = model[one.intent]!
            known.transactions++
            const { address } = intents[one.intent].addresses.filter((row: any) => row.asset === one.asset)[one.network]
            await pay(box, address, (one.cents / 100).toFixed(2), one.gone ? { outcome: 'dropped' } : {})
            if (one.gone) continue
            known.sums[one.asset] = known.sums[one.asset]! + one.cents
            known.done ||= known.sums[one.asset]! >= known.due
          }
        }
        // What is to be dropped is, to the button and the sums, not there.
        expect(await Promise.all(intents.map((intent) => statusOf(box, intent)))).toEqual(
          model.map(({ done }) => (done ? 'completed' : 'pending')),
        )
        const transactions = await rows(box, '/transactions?limit=200')
        expect(intents.map(({ id }) => transactions.filter((row) => row.payment_intent_id === id).length)).toEqual(
          model.map((known) => known.transactions),
        )
        const events = await rows(box, '/events')
        expect(events.map((event) => event.related_to).sort()).toEqual(
          intents
            .filter((_, index) => model[index]!.done)
            .map(({ id }) => id)
            .sort(),
        )
        await box.sandbox.close()
      }),
      { numRuns: 40, seed: 20260516 },
    )
  })
})

describe('the sandbox button', () => {
  test('zopay.simulate.shape; zopay.simulate.deposit: the intent, completed; the exact amount, in the primary currency, on the first network', async () => {
    const box = await start()
    const intent = await intend(box, {
      amount: '12.5',
      currencies: ['XAUT', 'USDT'],
      external_ref: 'user-1',
      metadata: { n: 1e21 },
    })
    await box.advance('1m')
    const reply = await press(box, intent.id)
    const [transaction] = await rows(box, '/transactions')
    const [event] = await rows(box, '/events')
    expect(reply.json).toEqual({
      ...intent,
      status: 'completed',
      completed_at: '2026-05-16T19:01:00Z',
      transaction_id: transaction.id,
      event_id: event.id,
    })
    expect(Object.keys(reply.json)).toEqual([...Object.keys(intent), 'transaction_id', 'event_id'])
    expect(transaction).toMatchObject({
      type: 'deposit',
      status: 'confirmed',
      asset: 'XAUT',
      network: 'ethereum',
      amount: '12.50',
      external_ref: 'user-1',
      address: intent.addresses[0].address,
      tx_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      payment_intent_id: intent.id,
      livemode: false,
      created_at: '2026-05-16T19:01:00Z',
      confirmed_at: '2026-05-16T19:01:00Z',
    })
    expect(event.livemode).toBe(false)
  })

  test('zopay.simulate.deposit: where there is only solana, on solana', async () => {
    const accounts = { shop: { keys: [{ id: 'sk_test_shop' }], pairs: [{ asset: 'USDT', network: 'solana' }] } }
    const box = await start({ providers: { zopay: { accounts } } })
    const intent = await intend(box, {}, 'sk_test_shop')
    await press(box, intent.id, 'sk_test_shop')
    expect(await rows(box, '/transactions', 'sk_test_shop')).toMatchObject([
      { network: 'solana', tx_hash: expect.stringMatching(/^[1-9A-HJ-NP-Za-km-z]{87}$/) },
    ])
  })

  test('zopay.simulate.repeat: twenty at once and one a year later: equal bytes, one transaction, one event, one webhook', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('zopay', inbox)
    const intent = await intend(box)
    const replies = await Promise.all(Array.from({ length: 20 }, () => press(box, intent.id)))
    await box.advance('90d')
    replies.push(
      await press(box, intent.id.toUpperCase()),
      await box.call(clientOf(KEYS.demo), { ...simulate(intent.id), headers: { 'idempotency-key': 'k' } }),
    )
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(replies.map(({ headers }) => headers['idempotent-replayed']).filter(Boolean)).toEqual([])
    expect([
      (await rows(box, '/transactions')).length,
      (await rows(box, '/events')).length,
      inbox.received.length,
    ]).toEqual([1, 1, 1])
  })

  test('zopay.simulate.repeat: an intent that real money completed names that money', async () => {
    const box = await start()
    const intent = await intend(box)
    await pay(box, intent.addresses[1].address, '30')
    const [transaction] = await rows(box, '/transactions')
    const [event] = await rows(box, '/events')
    expect((await press(box, intent.id)).json).toMatchObject({ transaction_id: transaction.id, event_id: event.id })
    expect(await rows(box, '/transactions')).toHaveLength(1)
  })

  test('zopay.simulate.live: a live key gets 404, whatever the id', async () => {
    const box = await start(LIVE)
    const intent = await intend(box, {}, LIVE_KEY)
    for (const id of [intent.id, UNKNOWN, 'abc'])
      refused(await press(box, id, LIVE_KEY), 404, 'payment_intent_not_found')
    refused(await press(box, intent.id), 404, 'payment_intent_not_found')
    expect((await read(box, `/payment-intents/${intent.id}`, LIVE_KEY)).json.status).toBe('pending')
  })

  test('zopay.intents.malformed-id; zopay.intents.foreign; zopay.auth.scope: what the button refuses', async () => {
    const box = await start()
    const intent = await intend(box)
    refused(await press(box, 'abc'), 400, 'invalid_payment_intent_id')
    refused(await press(box, UNKNOWN), 404, 'payment_intent_not_found')
    refused(await press(box, intent.id, KEYS.other), 404, 'payment_intent_not_found')
    refused(await press(box, intent.id, KEYS.readonly), 403, 'insufficient_scope')
    refused(await box.send('zopay', simulate(intent.id)), 401, 'missing_api_key')
    expect(await statusOf(box, intent)).toBe('pending')
  })
})

describe('money to addresses', () => {
  test('zopay.deposits.received; zopay.events.deposit-data: told once, when it is confirmed, whatever the amount', async () => {
    const box = await start()
    const address = await mint(box, { external_ref: 'user-1' })
    const { txid, reference } = await box.deposit(address.address, '0.000001')
    expect(reference).toBe(address.id)
    expect(await rows(box, '/events')).toEqual([])
    await box.advance('1h')
    const [transaction] = await rows(box, '/transactions')
    expect(transaction).toMatchObject({
      amount: '0.000001',
      external_ref: 'user-1',
      payment_intent_id: null,
      status: 'confirmed',
    })
    const [event, ...others] = await rows(box, '/events')
    expect(others).toEqual([])
    expect(event).toMatchObject({ type: 'address.deposit.received', related_to_kind: 'address' })
    expect(`addr_${Buffer.from(event.related_to.replaceAll('-', ''), 'hex').toString('base64url')}`).toBe(address.id)
    expect(event.data).toEqual({
      address_id: address.id,
      address: address.address,
      asset: 'USDT',
      network: 'ethereum',
      amount: '0.000001',
      tx_hash: txid,
      transaction_id: transaction.id,
      external_ref: 'user-1',
    })
  })

  test('zopay.events.deposit-data: the treasury has no reference; zopay.deposits.received: a payment to an intent is not told so', async () => {
    const box = await start()
    const { address } = await mint(box)
    await pay(box, address, '1')
    const intent = await intend(box)
    await pay(box, intent.addresses[0].address, '1')
    expect((await rows(box, '/events')).map(({ type, data }) => [type, data.external_ref])).toEqual([
      ['address.deposit.received', null],
    ])
    expect(await rows(box, '/transactions')).toHaveLength(2)
  })

  test.each(['XAUT', 'USDC', 'ETH'])(
    'zopay.deposits.other-asset: %s to an address for USDT credits nothing, and the journal says why',
    async (currency) => {
      const box = await start()
      const { address } = await mint(box)
      const intent = await intend(box, { currencies: ['USDT', 'XAUT'] })
      for (const to of [address, intent.addresses[0].address]) await pay(box, to, '25', { currency })
      expect([await rows(box, '/transactions'), await rows(box, '/events'), await statusOf(box, intent)]).toEqual([
        [],
        [],
        'pending',
      ])
      expect(await why(box)).toContain(`the address is for USDT, but the transfer is ${currency}`)
      expect((await box.control('GET', '/deposits')).json.data[0].status).toBe('confirmed')
    },
  )

  test.each(['bsc', 'polygon', 'solana'])(
    'zopay.deposits.other-network: money on %s to an address of ethereum credits nothing',
    async (network) => {
      const box = await start()
      const { address } = await mint(box)
      await pay(box, address, '25', { network })
      expect(await rows(box, '/transactions')).toEqual([])
      expect(await why(box)).toContain(`the address is on ethereum, but the transfer is on ${network}`)
    },
  )

  test.each([{ currency: 'BTC' }, { currency: '__proto__' }, { network: 'bitcoin' }, { network: '__proto__' }])(
    'what cannot be sent is refused: %o',
    async (more) => {
      const box = await start()
      const { address } = await mint(box)
      expect((await box.control('POST', '/deposits', { address, amount: '1', ...more })).status).toBe(422)
    },
  )

  test.each(['dropped', 'replaced', 'reorged'])(
    'zopay.deposits.gone: a deposit that is %s is a failed transaction',
    async (outcome) => {
      const box = await start()
      const { address } = await mint(box)
      await box.deposit(address, '1', { outcome })
      expect(await rows(box, '/transactions')).toMatchObject([{ status: 'pending' }])
      await box.advance('1h')
      expect(await rows(box, '/transactions')).toMatchObject([{ status: 'failed', confirmed_at: null }])
      expect(await rows(box, '/events')).toHaveLength(outcome === 'reorged' ? 1 : 0)
    },
  )

  test('zopay.deposits.no-way-back: a completed intent stays so; zopay.deposits.gone: what is gone no longer counts', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('zopay', inbox)
    const [whole, part] = [await intend(box), await intend(box)]
    await pay(box, whole.addresses[0].address, '25', { outcome: 'reorged' })
    await pay(box, part.addresses[0].address, '15', { outcome: 'reorged' })
    await box.advance('1h')
    await pay(box, part.addresses[0].address, '15')
    expect([await statusOf(box, whole), await statusOf(box, part)]).toEqual(['completed', 'pending'])
    expect(inbox.received).toHaveLength(1)
    expect(await why(box)).toContain('completed intents and sent events are not reversed')
    await pay(box, part.addresses[0].address, '10')
    expect(await statusOf(box, part)).toBe('completed')
  })
})

describe('transactions', () => {
  test('zopay.transactions.shape; zopay.transactions.amount: the keys in order, the same when read and listed', async () => {
    const box = await start()
    const { address } = await mint(box, { external_ref: 'user-1' })
    const { txid } = await pay(box, address, '1.500000')
    const { text } = await read(box, '/transactions')
    const { id } = JSON.parse(text).data[0]
    expect(text).toBe(
      `{"data":[{"id":"${id}","object":"transaction","type":"deposit","status":"confirmed","asset":"USDT","network":"ethereum","amount":"1.50","external_ref":"user-1","address":"${address}",` +
        `"tx_hash":"${txid}","payment_intent_id":null,"livemode":false,"created_at":"2026-05-16T19:00:00Z","confirmed_at":"2026-05-16T19:00:00Z"}],"has_more":false,"cursor":null}`,
    )
    expect(`{"data":[${(await read(box, `/transactions/${id}`)).text}],"has_more":false,"cursor":null}`).toBe(text)
  })

  test('zopay.transactions.foreign: unknown, of another organisation, of the other mode: one 404; zopay.transactions.id: any spelling of a UUID', async () => {
    const box = await start(LIVE)
    const { address } = await mint(box)
    await pay(box, address, '1')
    const [{ id }] = (await rows(box, '/transactions')) as [any]
    for (const spelling of [id.toUpperCase(), id.replaceAll('-', ''), `{${id}}`, `urn:uuid:${id}`])
      expect((await read(box, `/transactions/${encodeURIComponent(spelling)}`)).json.id).toBe(id)
    const bodies = [
      await read(box, `/transactions/${UNKNOWN}`),
      await read(box, `/transactions/${id}`, KEYS.other),
      await read(box, `/transactions/${id}`, LIVE_KEY),
    ]
    for (const reply of bodies) refused(reply, 404, 'transaction_not_found')
    expect(new Set(bodies.map(({ text }) => text)).size).toBe(1)
  })

  test.each([
    ['abc', 'invalid length: expected length 32 for simple format, found 3'],
    ['xyz', 'invalid character: found `x` at 1'],
    [`${UNKNOWN}🧾`, 'invalid character: found `🧾` at 37'],
    [`{${UNKNOWN}`, 'invalid character: found `{` at 1'],
    ['urn:uuid:x', 'invalid character: found `x` at 10'],
    ['00010203-0405', 'invalid group count: expected 5, found 2'],
    ['{000102030405460788090a0b0c0d0e0f}', 'invalid group count: expected 5, found 1'],
    ['0001020-30405-4607-8809-0a0b0c0d0e0f', 'invalid group length in group 0: expected 8, found 7'],
    [UNKNOWN.slice(0, -1), 'invalid group length in group 4: expected 12, found 11'],
  ])('zopay.transactions.id: %s is 422', async (id, error) => {
    const box = await start()
    const reply = await read(box, `/transactions/${encodeURIComponent(id)}`)
    expect([reply.status, reply.json.detail]).toEqual([
      422,
      [
        {
          type: 'uuid_parsing',
          loc: ['path', 'transaction_id'],
          msg: `Input should be a valid UUID, ${error}`,
          input: id,
          ctx: { error },
        },
      ],
    ])
  })

  /** Three deposits, an hour apart: confirmed, failed, pending. */
  async function three(): Promise<{ box: Kit; list: (query: string) => Promise<string[]> }> {
    const box = await start()
    const { address } = await mint(box, { external_ref: 'a' })
    const { address: other } = await mint(box, { external_ref: 'b' })
    await pay(box, address, '1')
    await box.advance('1h')
    await box.deposit(other, '2', { outcome: 'dropped' })
    await box.advance('1h')
    await box.deposit(address, '3')
    return {
      box,
      list: async (query) => (await rows(box, `/transactions${query}`)).map(({ amount }) => amount.slice(0, 1)),
    }
  }

  test('zopay.transactions.filters; zopay.transactions.vocabulary; zopay.lists.words; zopay.lists.bounds: what each filter leaves', async () => {
    const { list } = await three()
    const expected: [string, string][] = [
      ['', '321'],
      ['?external_ref=a', '31'],
      ['?external_ref=never', ''],
      ['?external_ref=', ''],
      ['?status=confirmed', '1'],
      ['?status=pending,failed', '32'],
      ['?status=pending,pending', '3'],
      ['?type=deposit', '321'],
      ['?type=payout,transfer,conversion,ramp', ''],
      ['?type=ramp,deposit&status=failed', '2'],
      ['?from=2026-05-16T20:00:00Z', '32'],
      ['?to=2026-05-16T20:00:00Z', '21'],
      ['?from=2026-05-16T20:00:00Z&to=2026-05-16T20:00:00Z', '2'],
      ['?from=2026-05-16T20:00:01Z', '3'],
      ['?to=2026-05-16T19:59:59Z', '1'],
      ['?from=2026-05-17', ''],
      ['?to=2026-05-17', '321'],
      ['?from=2026-05-16&external_ref=b', '2'],
    ]
    for (const [query, amounts] of expected) expect([query, (await list(query)).join('')]).toEqual([query, amounts])
  })

  test('zopay.lists.dates: the spellings of an instant', async () => {
    const { list } = await three()
    for (const from of [
      '2026-05-16T20:00',
      '2026-05-16 20:00:00',
      '2026-05-16T22:00:00%2B02:00',
      '2026-05-16T15:00:00-0500',
      '2026-05-16t20:00:00.000z',
      '2026-05-16T20:00:00,0',
    ]) {
      expect([from, (await list(`?from=${from}`)).join('')]).toEqual([from, '32'])
    }
  })

  test('zopay.lists.bounds: an instant within a second is told, and compared, as its second', async () => {
    const box = await start({ clock: '2026-05-16T19:00:00.987Z' })
    const { address } = await mint(box)
    await pay(box, address, '1')
    expect(await rows(box, '/transactions?from=2026-05-16T19:00:00Z&to=2026-05-16T19:00:00Z')).toHaveLength(1)
    expect(await rows(box, '/transactions?from=2026-05-16T19:00:00.5Z')).toHaveLength(0)
  })

  test.each([
    ['type', '', 'invalid_type'],
    ['type', 'Deposit', 'invalid_type'],
    ['type', 'deposit,', 'invalid_type'],
    ['type', 'deposit, payout', 'invalid_type'],
    ['type', '__proto__', 'invalid_type'],
    ['status', 'done', 'invalid_status'],
    ['status', 'pending,x', 'invalid_status'],
    ['from', '', 'invalid_date'],
    ['from', 'yesterday', 'invalid_date'],
    ['from', '2026-02-30', 'invalid_date'],
    ['to', '2026-13-01', 'invalid_date'],
    ['to', '2026-05-16T24:00:00Z', 'invalid_date'],
    ['to', '0000-01-01', 'invalid_date'],
    ['to', '1789000000', 'invalid_date'],
    ['from', '2026-05-16T19:00:00+02:00', 'invalid_date'],
    ['cursor', 'x', 'invalid_cursor'],
    ['cursor', Buffer.from('zopay.events:1').toString('base64url'), 'invalid_cursor'],
  ])('zopay.lists.words; zopay.lists.dates; zopay.lists.cursor: %s=%s is 400', async (name, value, code) => {
    const box = await start()
    refused(await read(box, `/transactions?${name}=${value.replaceAll(' ', '%20')}`), 400, code)
  })

  test('of several bad filters the first in the order of the page is told, and the schema before them', async () => {
    const box = await start()
    refused(await read(box, '/transactions?cursor=x&to=x&status=x&type=x'), 400, 'invalid_type')
    refused(await read(box, '/transactions?cursor=x&to=x&status=x'), 400, 'invalid_status')
    refused(await read(box, '/transactions?cursor=x&to=x'), 400, 'invalid_date')
    expect((await read(box, '/transactions?limit=0&type=x')).status).toBe(422)
    expect((await read(box, '/transactions?from=2026-05-16T19:00:00+02:00')).headers['x-sandgate-hint']).toContain(
      '%2B',
    )
  })
})

describe('the event log', () => {
  test('zopay.events.shape; zopay.events.intent-data; zopay.events.id: a completed intent, to the byte', async () => {
    const box = await start()
    const intent = await intend(box, {
      currencies: ['USDT', 'XAUT'],
      external_ref: 'user-1',
      metadata: { order: 9, big: '1' },
    })
    const { address } = intent.addresses[0]
    const { txid } = await pay(box, address, '25')
    const [{ id }] = (await rows(box, '/events')) as [any]
    const [{ id: transaction }] = (await rows(box, '/transactions')) as [any]
    expect(id).toMatch(/^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
    // The time in a ULID is its first ten characters.
    expect(
      [...id.slice(4, 14)].reduce((ms, char) => ms * 32 + '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(char), 0),
    ).toBe(Date.parse('2026-05-16T19:00:00Z'))
    expect((await read(box, `/events/${id}`)).text).toBe(
      `{"id":"${id}","object":"event","type":"payment_intent.completed","livemode":false,"api_version":"v1","created_at":"2026-05-16T19:00:00Z",` +
        `"data":{"id":"${intent.id}","ref_code":"${intent.ref_code}","status":"completed","amount":"25.00","currencies":["USDT","XAUT"],"external_ref":"user-1","metadata":{"order":9,"big":"1"},` +
        `"completed_at":"2026-05-16T19:00:00Z","deposit":{"asset":"USDT","network":"ethereum","amount":"25.00","address":"${address}","tx_hash":"${txid}","transaction_id":"${transaction}"}},` +
        `"related_to":"${intent.id}","related_to_kind":"payment_intent"}`,
    )
  })

  test('zopay.events.filters; zopay.events.vocabulary; zopay.events.related-filter; zopay.events.livemode-filter; zopay.events.both-modes: what each filter leaves', async () => {
    const box = await start(LIVE)
    const intent = await intend(box)
    await press(box, intent.id)
    await box.advance('1h')
    const live = await mint(box, {}, LIVE_KEY)
    await pay(box, live.address, '1')
    await press(box, (await intend(box, {}, KEYS.other)).id, KEYS.other)
    const uuid = (await rows(box, '/events?livemode=true'))[0].related_to
    const expected: [string, number[]][] = [
      ['', [1, 0]],
      ['?type=payment_intent.completed', [0]],
      ['?type=address.deposit.received', [1]],
      ['?type=address.deposit.received,payment_intent.completed', [1, 0]],
      ['?livemode=true', [1]],
      ['?livemode=false', [0]],
      [`?related_to=${intent.id}`, [0]],
      [`?related_to=${uuid.toUpperCase()}`, [1]],
      [`?related_to=${UNKNOWN}`, []],
      ['?from=2026-05-16T20:00:00Z', [1]],
      ['?to=2026-05-16T19:59:59Z', [0]],
      ['?to=2026-05-16', []],
    ]
    for (const key of [KEYS.demo, LIVE_KEY, KEYS.readonly]) {
      for (const [query, kinds] of expected)
        expect([query, (await rows(box, `/events${query}`, key)).map(({ livemode }) => Number(livemode))]).toEqual([
          query,
          kinds,
        ])
    }
    expect(await rows(box, '/events', KEYS.other)).toHaveLength(1)
    expect(await rows(box, '/transactions')).toHaveLength(1)
    expect((await read(box, `/events/${(await rows(box, '/events?livemode=true'))[0].id}`)).status).toBe(200)
  })

  test.each([
    ['type', 'payment.completed', 'invalid_type'],
    ['type', 'payout.delivered', 'invalid_type'],
    ['livemode', '1', 'invalid_livemode'],
    ['livemode', 'True', 'invalid_livemode'],
    ['livemode', '', 'invalid_livemode'],
    ['related_to', 'abc', 'invalid_related_to'],
    ['related_to', 'addr_AAECAwQFRgeICQoLDA0ODw', 'invalid_related_to'],
    ['from', 'x', 'invalid_date'],
    ['cursor', 'x', 'invalid_cursor'],
  ])(
    'zopay.events.vocabulary; zopay.events.livemode-filter; zopay.events.related-filter: %s=%s is 400',
    async (name, value, code) => {
      const box = await start()
      refused(await read(box, `/events?${name}=${value}`), 400, code)
    },
  )

  test('zopay.events.not-found: unknown, malformed and foreign are one 404', async () => {
    const box = await start()
    const { id: intent } = await intend(box)
    const { event_id: id } = (await press(box, intent)).json
    const replies = [
      await read(box, '/events/evt_01J9ZK3T5V7X9B1D3F5H7K9M1P'),
      await read(box, '/events/abc'),
      await read(box, '/events/__proto__'),
      await read(box, `/events/${id.toLowerCase()}`),
      await read(box, `/events/${id}`, KEYS.other),
    ]
    for (const reply of replies) refused(reply, 404, 'event_not_found')
    refused(await box.call(clientOf(KEYS.other), replay(id)), 404, 'event_not_found')
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
  })

  test.each([
    ['/events', 'evt'],
    ['/transactions', 'tx'],
  ])(
    'zopay.lists.envelope; zopay.lists.order; zopay.lists.has-more: %s page by page, newest first, while more come in',
    async (path) => {
      const box = await start()
      const { address } = await mint(box)
      for (const amount of ['1', '2', '3', '4', '5']) await pay(box, address, amount)
      const amountOf = (row: any) => (row.data ?? row).amount
      const seen: string[] = []
      let cursor = ''
      do {
        const { json } = await read(box, `${path}?limit=2${cursor && `&cursor=${cursor}`}`)
        seen.push(...json.data.map(amountOf))
        expect(json.has_more).toBe(json.cursor !== null)
        cursor = json.cursor
        await pay(box, address, '9')
      } while (cursor)
      expect(seen).toEqual(['5.00', '4.00', '3.00', '2.00', '1.00'])
    },
  )
})

describe('replay', () => {
  async function completed(): Promise<{ box: Kit; inbox: Inbox; id: string }> {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('zopay', inbox)
    const { id: intent } = await intend(box)
    return { box, inbox, id: (await press(box, intent)).json.event_id }
  }

  test('zopay.replay.shape; zopay.replay.always; zopay.webhooks.event-id: after a success once more, the same event, the same body', async () => {
    const { box, inbox, id } = await completed()
    const reply = await box.call(clientOf(KEYS.demo), replay(id))
    expect(reply.text).toBe(
      `{"id":"${reply.json.id}","object":"webhook_delivery","event_id":"${id}","status":"pending","attempt_count":0}`,
    )
    await box.advance('1ms')
    expect(inbox.received.map(({ headers }) => headers['x-zopay-event-id'])).toEqual([id, id])
    expect(inbox.received[1]!.text).toBe(inbox.received[0]!.text)
    expect((await box.control('GET', '/callbacks')).json.data).toHaveLength(2)
    expect(await rows(box, '/events')).toHaveLength(1)
  })

  test('zopay.replay.idempotent: the same key answers the same delivery and sends nothing; after a day it sends again', async () => {
    const { box, inbox, id } = await completed()
    const first = await box.call(clientOf(KEYS.demo), replay(id, 'k'))
    const again = await box.call(clientOf(KEYS.demo), replay(id, 'k'))
    await box.advance('1ms')
    expect([again.text, again.headers['idempotent-replayed'], inbox.received.length]).toEqual([first.text, 'true', 2])
    const other = await box.call(clientOf(KEYS.demo), replay(id, 'other'))
    await box.advance('24h')
    const late = await box.call(clientOf(KEYS.demo), replay(id, 'k'))
    await box.advance('1ms')
    expect([new Set([first, other, late].map(({ json }) => json.id)).size, inbox.received.length]).toEqual([3, 4])
  })

  test('zopay.replay.idempotent: without the header 400, with the key of another event or body 409', async () => {
    const { box, inbox, id } = await completed()
    const { event_id: other } = (await press(box, (await intend(box)).id)).json
    refused(await box.call(clientOf(KEYS.demo), { ...replay(id), headers: {} }), 400, 'idempotency_required')
    await box.call(clientOf(KEYS.demo), replay(id, 'k'))
    refused(await box.call(clientOf(KEYS.demo), replay(other, 'k')), 409, 'idempotency_conflict')
    // Past the judges: Prism takes a body that is not documented for a wrong one.
    const { headers, path } = clientOf(KEYS.demo).sign({ ...replay(id, 'k'), body: '{"a":1}' }, 0)
    refused(await box.raw('POST', `/zopay${path}`, headers, '{"a":1}'), 409, 'idempotency_conflict')
    await box.advance('1ms')
    expect(inbox.received).toHaveLength(3)
  })

  test('zopay.replay.no-endpoint: 400, once there is such an event; zopay.events.without-endpoint: which is logged all the same', async () => {
    const box = await start()
    const { event_id: id } = (await press(box, (await intend(box)).id)).json
    refused(await box.call(clientOf(KEYS.demo), replay('abc')), 404, 'event_not_found')
    refused(await box.call(clientOf(KEYS.demo), replay(id)), 400, 'webhook_endpoint_not_configured')
    refused(await box.call(clientOf(KEYS.readonly), replay(id)), 403, 'insufficient_scope')
    const inbox = await Inbox.open()
    const secret = await box.subscribe('zopay', inbox, { events: ['address.deposit.received'] })
    expect((await box.call(clientOf(KEYS.demo), replay(id))).status).toBe(200)
    await box.advance('1ms')
    const [{ headers, text }] = inbox.received as [any]
    expect(headers['x-zopay-signature']).toBe(webhookSignature(secret, box.wallMs / 1000, text))
  })

  test('zopay.replay.always: to the URL and with the secret of now', async () => {
    const { box, inbox, id } = await completed()
    const moved = await Inbox.open()
    const secret = await box.subscribe('zopay', moved, { secret: 'whsec_new' })
    await box.call(clientOf(KEYS.demo), replay(id))
    await box.advance('1ms')
    expect([inbox.received.length, moved.received.length, secret]).toEqual([1, 1, 'whsec_new'])
    expect(moved.received[0]!.headers['x-zopay-signature']).toBe(
      webhookSignature('whsec_new', box.wallMs / 1000, moved.received[0]!.text),
    )
  })
})

describe('webhooks', () => {
  test('zopay.webhooks.signature: the vector of the dossier, and wall time over the exact bytes', async () => {
    expect(webhookSignature('whsec_demo', 1700000000, '{"id":"evt_x"}')).toBe(
      't=1700000000,v1=141e0ad0228639ba9501ad5f1fe6ed0b25ed3f437d27c3e7e83d29bffcebce9d',
    )
    const box = await start()
    const inbox = await Inbox.open()
    const secret = await box.subscribe('zopay', inbox, { secret: 'whsec_demo' })
    await press(box, (await intend(box, { description: 'žluťoučký 🐎', metadata: { ключ: '€' } })).id)
    await box.advance('1ms')
    const [{ headers, text }] = inbox.received as [any]
    expect(secret).toBe('whsec_demo')
    expect(headers['content-type']).toBe('application/json')
    expect(headers['x-zopay-signature']).toBe(webhookSignature(secret, box.wallMs / 1000, text))
  })

  test('zopay.webhooks.event-id; zopay.webhooks.signature: the names stand on the wire as they are documented', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('zopay', inbox)
    await press(box, (await intend(box)).id)
    await box.advance('1ms')
    expect(inbox.received[0]!.rawHeaders.filter((name) => /^x-/i.test(name))).toEqual([
      'X-ZoPay-Event-Id',
      'X-ZoPay-Signature',
    ])
  })

  test('zopay.webhooks.body: what the log tells, to the byte', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('zopay', inbox)
    const intent = await intend(box, { metadata: { n: 1 } })
    const { event_id: id } = (await press(box, intent.id)).json
    const { address } = await mint(box)
    await pay(box, address, '1')
    expect(inbox.received.map(({ json }) => json.type)).toEqual([
      'payment_intent.completed',
      'address.deposit.received',
    ])
    expect(inbox.received[0]!.text).toBe((await read(box, `/events/${id}`)).text)
    const { data } = (await box.control('GET', '/callbacks')).json
    const { data: handOuts } = (await box.control('GET', '/addresses')).json
    for (const { object } of data) expect(handOuts.map(({ reference }: any) => reference)).toContain(object)
    expect(data[0].object).toBe(intent.id)
  })

  test('zopay.webhooks.completed-name: by the switch as the older page has it, on the wire alone', async () => {
    const box = await start({ assume: { 'zopay.webhooks.completed-name': 'payment.completed' } })
    const inbox = await Inbox.open()
    await box.subscribe('zopay', inbox, { events: ['payment.completed'] })
    const { event_id: id } = (await press(box, (await intend(box)).id)).json
    await box.advance('1ms')
    const { json: logged } = await read(box, `/events/${id}`)
    expect([logged.type, inbox.received.length]).toEqual(['payment_intent.completed', 1])
    expect(inbox.received[0]!.text).toBe(JSON.stringify({ ...logged, type: 'payment.completed' }))
  })

  test('zopay.webhooks.secret: one for each organisation, drawn from the seed unless given; accounts are organisations', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const drawn = await box.subscribe('zopay', inbox)
    expect(drawn).toMatch(/^whsec_[0-9a-f]{48}$/)
    expect((await box.control('GET', '/callbacks')).json.data).toEqual([])
    expect(await box.subscribe('zopay', inbox, { account: 'org_demo' })).toBe(drawn)
    expect(await box.subscribe('zopay', inbox, { account: 'org_other' })).not.toBe(drawn)
    expect(
      (await box.control('PUT', '/callbacks/endpoints/zopay', { url: inbox.url, account: 'org_none' })).status,
    ).toBe(404)
    await press(box, (await intend(box, {}, KEYS.other)).id, KEYS.other)
    await box.advance('1ms')
    expect((await box.control('GET', '/callbacks')).json.data).toMatchObject([{ account: 'org_other' }])
  })

  test('zopay.webhooks.retries: six attempts, the same bytes, then exhausted', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status: 500 })
    await box.subscribe('zopay', inbox)
    const { address } = await mint(box)
    await pay(box, address, '1')
    await triedUntilExhausted(
      box,
      inbox,
      [1, 4, 25, 90, 600].map((minutes) => minutes * 60_000),
    )
  })

  test.each([
    [200, true],
    [204, true],
    [299, true],
    [302, false],
    [400, false],
    [410, false],
    [503, false],
  ])('zopay.webhooks.success: %i counts: %s; a redirect is not followed', async (status, counts) => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status, headers: { location: `${inbox.url}/elsewhere` } })
    await box.subscribe('zopay', inbox)
    const { address } = await mint(box)
    await pay(box, address, '1')
    expect((await box.control('GET', '/callbacks')).json.data[0].status).toBe(counts ? 'delivered' : 'pending')
    expect(inbox.received).toHaveLength(1)
  })
})

test('zopay.validation.no-body: whatever is sent where no body is taken is not looked at', async () => {
  const box = await start()
  const inbox = await Inbox.open()
  await box.subscribe('zopay', inbox)
  const intent = await intend(box)
  const { event_id: id } = (await press(box, intent.id)).json
  for (const body of ['{', '[[[', '{"asset":"\\ud800","x":NaN}', '1e400', '"\ud800"']) {
    const sent = (path: string, method = 'POST') =>
      box.raw(
        method,
        `/zopay/connect/v1${path}`,
        { authorization: `Bearer ${KEYS.demo}`, 'content-type': 'application/json', 'idempotency-key': freshKey() },
        body,
      )
    expect((await sent(`/test/payment-intents/${intent.id}/simulate-deposit`)).status).toBe(200)
    expect((await sent(`/events/${id}/replay`)).status).toBe(200)
    expect((await sent('/events', 'GET')).status).toBe(200)
  }
})

test('two worlds of one seed give the same bytes', async () => {
  const told: string[] = []
  for (const _ of [1, 2]) {
    const box = await start()
    const intent = await intend(box)
    await press(box, intent.id)
    const { address } = await mint(box)
    await pay(box, address, '1')
    told.push((await read(box, '/events')).text + (await read(box, '/transactions')).text)
  }
  expect(told[0]).toBe(told[1])
})
