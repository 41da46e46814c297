// Exchanges between AlphaPo's balances, the pairs there are, and the list of balances: from its pages, its sibling's, and what its clients read.
import { describe, expect, test } from 'vitest'
import {
  calculating,
  client,
  clientOf,
  type Credentials,
  exchanging,
  KEYS,
  lookingUp,
  post,
} from '../clients/alphapo.ts'
import { act, balance, FIRST, give, info, listen, sound, wrong } from '../clients/alphapo-money.ts'
import { type Kit, type Reply, start } from '../kit.ts'

const START_SECONDS = Date.parse('2026-05-16T19:00:00.000Z') / 1000

async function quoted(box: Kit, fields: Record<string, unknown> = {}): Promise<any> {
  const reply = await box.call(client, calculating(fields))
  if (reply.status !== 200) throw new Error(reply.text)
  return reply.json.data
}

const fixed = (box: Kit, fields: Record<string, unknown>) => box.call(client, exchanging('fixed', fields))
const now = (box: Kit, fields: Record<string, unknown> = {}) => box.call(client, exchanging('now', fields))

async function rich(more: Parameters<typeof start>[0] = {}): Promise<Kit> {
  const box = await start(more)
  await give(box, 'BTC', '1')
  await give(box, 'EUR', '10000')
  return box
}

async function balances(box: Kit): Promise<string[]> {
  return [await balance(box, 'BTC'), await balance(box, 'EUR')]
}

const PRICE = { price: 'The selected price is invalid.' }

describe('a price', () => {
  test('alphapo.exchange.calculate: every field in its place, and nothing moves', async () => {
    const box = await rich()
    const reply = await box.call(client, calculating({}))
    expect([reply.status, reply.text]).toEqual([
      200,
      `{"data":{"sender_currency":"BTC","sender_amount":"0.02000000","receiver_currency":"EUR","receiver_amount":"1200.00000000","fee_currency":"BTC","fee_amount":"0.00020000","price":"60000.00000000","ts_fixed":${START_SECONDS},"ts_release":${START_SECONDS + 60},"fix_period":60}}`,
    ])
    expect(await balances(box)).toEqual(['1.00000000', '10000.00000000'])
    expect((await box.control('GET', '/movements')).json.data).toHaveLength(2)
  })

  test.each([
    ['a sender amount', { sender_amount: '0.02' }, ['0.02000000', '1200.00000000', '60000.00000000']],
    [
      'a receiver amount',
      { sender_amount: undefined, receiver_amount: 1000 },
      ['0.01666667', '1000.00000000', '59999.98800000'],
    ],
    [
      'fiat into crypto',
      { sender_currency: 'EUR', receiver_currency: 'BTC', sender_amount: 1966.61957532 },
      ['1966.61957532', '0.03277699', '0.00001666'],
    ],
    [
      'crypto into crypto',
      { receiver_currency: 'ETH', sender_amount: 1 },
      ['1.00000000', '20.00000000', '20.00000000'],
    ],
    [
      'a receiver amount of little',
      { sender_currency: 'USD', receiver_currency: 'BTC', sender_amount: null, receiver_amount: '0.0100001' },
      ['666.67333334', '0.01000010', '0.00001499'],
    ],
  ])('alphapo.exchange.arithmetic: %s', async (_, fields, expected) => {
    const box = await rich()
    const { sender_amount, receiver_amount, price } = await quoted(box, fields)
    expect([sender_amount, receiver_amount, price]).toEqual(expected)
  })

  test('alphapo.exchange.arithmetic: at the rate that is pinned', async () => {
    const box = await rich()
    await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '77314.26444333' })
    expect(await quoted(box, { sender_amount: '0.003' })).toMatchObject({
      receiver_amount: '231.94279332',
      price: '77314.26444000',
    })
  })

  test.each([
    ['sender', { receiver_currency: 'EUR' }, 'BTC', '0.00020000'],
    ['sender', { sender_currency: 'EUR', receiver_currency: 'BTC', sender_amount: 600 }, 'EUR', '6.00000000'],
    ['sender', { receiver_currency: 'ETH' }, 'BTC', '0.00020000'],
    ['fiat', { receiver_currency: 'EUR' }, 'EUR', '12.00000000'],
    ['fiat', { sender_currency: 'EUR', receiver_currency: 'BTC', sender_amount: 600 }, 'EUR', '6.00000000'],
    ['fiat', { receiver_currency: 'ETH' }, 'BTC', '0.00020000'],
    ['sender', { receiver_currency: 'BTCLN' }, 'BTC', '0.00000000'],
  ])('alphapo.exchange.fee-in: %s, %j', async (value, fields, currency, amount) => {
    const box = await rich({ assume: { 'alphapo.exchange.fee-in': value } })
    const { fee_currency, fee_amount } = await quoted(box, fields)
    expect([fee_currency, fee_amount]).toEqual([currency, amount])
  })

  test('alphapo.rate.calculate: counted by the switch alone: thirty calls of a key in a minute', async () => {
    const free = await start()
    for (let call = 0; call < 32; call++) await quoted(free)
    const box = await start({ assume: { 'alphapo.rate.calculate': 'by-key' } })
    for (let call = 0; call < 30; call++) await quoted(box)
    const refused = await box.call(client, calculating({}))
    expect([refused.status, refused.text]).toEqual([429, 'error code: 1015'])
    expect((await box.call(clientOf(KEYS.other), calculating({}))).status).toBe(200)
    expect((await box.call(client, post('/accounts/list', {}))).status).toBe(200)
    await box.advance('1m')
    await quoted(box)
  })
})

describe('an exchange', () => {
  test('alphapo.exchange.now: 201, every field in its place; alphapo.ledger.exchanges: both balances move at once', async () => {
    const box = await rich()
    const reply = await now(box)
    expect([reply.status, reply.text]).toEqual([
      201,
      `{"data":{"sender_currency":"BTC","sender_amount":"0.02000000","receiver_currency":"EUR","receiver_amount":"1200.00000000","fee_currency":"BTC","fee_amount":"0.00020000","price":"60000.00000000","id":5100001,"foreign_id":"ex-1","type":"exchange","status":"processing"}}`,
    ])
    expect(await balances(box)).toEqual(['0.97980000', '11200.00000000'])
    sound(box)
  })

  test('alphapo.exchange.callback: confirmed a second later, to the byte, without the merchant’s own id', async () => {
    const box = await rich()
    const inbox = await listen(box)
    await now(box)
    expect((await info(box)).json).toMatchObject({ status: 'not_confirmed', fees: [] })
    await box.advance('999ms')
    expect(inbox.received).toEqual([])
    await box.advance('1ms')
    expect(inbox.received.map(({ text }) => text)).toEqual([
      '{"id":5100001,"type":"exchange","currency_sent":{"currency":"BTC","amount":"0.02000000"},"currency_received":{"currency":"EUR","amount":"1200.00000000"},' +
        '"transactions":[{"id":7200001,"currency":"BTC","currency_to":"EUR","transaction_type":"exchange","type":"exchange","amount":"0.02000000","amount_to":"1200.00000000"}],' +
        '"fees":[{"type":"fee_crypto_sell_for_fiat","currency":"BTC","amount":"0.00020000"}],"error":"","status":"confirmed"}',
    ])
    await box.advance('1d')
    expect(inbox.received).toHaveLength(1)
    expect((await info(box)).text).toBe(inbox.received[0]!.text)
    for (const [by, credentials] of [
      [{ foreign_id: 'ex-1' }, KEYS.demo],
      [{ id: FIRST }, KEYS.other],
    ] as const)
      expect((await box.call(clientOf(credentials as Credentials), lookingUp(by))).status).toBe(400)
  })

  test.each([
    [{ receiver_currency: 'ETH' }, 'fee_crypto_exchange_to_crypto'],
    [{ sender_currency: 'EUR', receiver_currency: 'BTC', sender_amount: 600 }, 'fee_crypto_buy_for_fiat'],
  ])('alphapo.fees.names: %j is called %s in either vocabulary', async (fields, name) => {
    for (const value of ['documented', 'long']) {
      const box = await rich({ assume: { 'alphapo.fees.names': value } })
      await now(box, fields)
      await box.advance('1s')
      expect((await info(box)).json.fees[0].type).toBe(name)
    }
  })

  test('alphapo.exchange.fee-in: the fee of fiat is kept from what is received, by the switch', async () => {
    const box = await rich({ assume: { 'alphapo.exchange.fee-in': 'fiat' } })
    await now(box)
    expect(await balances(box)).toEqual(['0.98000000', '11188.00000000'])
    sound(box)
  })

  test('alphapo.exchange.fixed: at the price of before, whatever the rate is now; alphapo.exchange.quote: for 60 seconds', async () => {
    const box = await rich()
    const { price } = await quoted(box)
    await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '50000' })
    await box.advance('59s')
    const reply = await fixed(box, { price })
    expect([reply.status, reply.json.data]).toMatchObject([
      201,
      { receiver_amount: '1200.00000000', price, status: 'processing' },
    ])
    await box.advance('2s')
    wrong(await fixed(box, { price, foreign_id: 'ex-2' }), PRICE)
    sound(box)
    expect(await balances(box)).toEqual(['0.97980000', '11200.00000000'])
  })

  test('alphapo.exchange.quote: over at ts_release to the millisecond', async () => {
    const box = await rich()
    await box.advance('400ms')
    const { price, ts_release } = await quoted(box)
    expect(ts_release).toBe(START_SECONDS + 60)
    await box.advance('59599ms')
    expect((await fixed(box, { price })).status).toBe(201)
    await box.advance('1ms')
    wrong(await fixed(box, { price, foreign_id: 'ex-2' }), PRICE)
  })

  test.each<[string, Record<string, unknown>]>([
    ['another amount', { sender_amount: '0.020001' }],
    ['the other side', { sender_amount: undefined, receiver_amount: '1200' }],
    ['another price', { price: '60000.00000001' }],
    ['a price of nothing', { price: 0 }],
    ['the pair the other way round', { sender_currency: 'EUR', receiver_currency: 'BTC', sender_amount: 1200 }],
    ['another pair', { receiver_currency: 'USD' }],
  ])('alphapo.exchange.fixed: not with %s', async (_, fields) => {
    const box = await rich()
    const { price } = await quoted(box)
    wrong(await fixed(box, { price, ...fields }), PRICE)
    expect(await balances(box)).toEqual(['1.00000000', '10000.00000000'])
    expect((await fixed(box, { price: Number(price) })).status).toBe(201)
  })

  test('alphapo.exchange.fixed: a price is the merchant’s own', async () => {
    const box = await rich()
    const { price } = await quoted(box)
    await give(box, 'BTC', '1', 'other')
    wrong(await box.call(clientOf(KEYS.other), exchanging('fixed', { price })), PRICE)
  })

  test.each([
    ['many', 201],
    ['once', 400],
  ])('alphapo.exchange.quote-use: %s', async (value, status) => {
    const box = await rich({ assume: { 'alphapo.exchange.quote-use': value } })
    const { price } = await quoted(box)
    expect((await fixed(box, { price })).status).toBe(201)
    expect((await fixed(box, { price, foreign_id: 'ex-2' })).status).toBe(status)
    // What was asked for twice is good twice.
    await quoted(box)
    expect((await fixed(box, { price, foreign_id: 'ex-3' })).status).toBe(201)
  })

  test('alphapo.foreign-id.unique: one for all exchanges of a merchant, another one for its withdrawals', async () => {
    const box = await rich()
    expect((await now(box)).status).toBe(201)
    const { price } = await quoted(box)
    const taken = { foreign_id: 'The foreign id has already been taken.' }
    wrong(await now(box), taken)
    wrong(await fixed(box, { price }), taken)
    expect(await balances(box)).toEqual(['0.97980000', '11200.00000000'])
    await give(box, 'BTC', '1', 'other')
    expect((await box.call(clientOf(KEYS.other), exchanging('now', {}))).status).toBe(201)
    expect((await now(box, { foreign_id: 7 })).json.data.foreign_id).toBe('7')
  })

  test('alphapo.exchange.cancel: before it is confirmed, and both balances are as before', async () => {
    const box = await rich()
    const inbox = await listen(box)
    await now(box)
    const reply = await act(box, 'cancel-exchange', { id: FIRST, error: 'No market' })
    expect([reply.status, reply.json.status]).toEqual([201, 'cancelled'])
    expect(inbox.received.map(({ json }) => [json.status, json.error, json.fees])).toEqual([
      ['cancelled', 'No market', []],
    ])
    expect(await balances(box)).toEqual(['1.00000000', '10000.00000000'])
    await box.advance('1d')
    expect(inbox.received).toHaveLength(1)
    sound(box)
    for (const [id, detail] of [
      [FIRST, `id: exchange ${FIRST} is cancelled, which is final`],
      [7, 'id: there is no exchange 7'],
    ])
      expect((await act(box, 'cancel-exchange', { id })).json.detail).toBe(detail)
  })

  test('alphapo.exchange.cancel: not when what it brought is spent', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    await now(box, { sender_amount: '0.5' })
    await now(box, { sender_currency: 'EUR', receiver_currency: 'ETH', sender_amount: 20000, foreign_id: 'ex-2' })
    const reply = await act(box, 'cancel-exchange', { id: FIRST })
    expect([reply.status, reply.json.detail]).toEqual([409, `id: what exchange ${FIRST} brought in EUR has been spent`])
    expect(await balances(box)).toEqual(['0.49500000', '9800.00000000'])
    sound(box)
  })
})

describe('refusals', () => {
  const NONE = Object.fromEntries(
    ['sender_currency', 'receiver_currency', 'sender_amount', 'foreign_id', 'price'].map((name) => [name, undefined]),
  )
  const NO_AMOUNT = 'The sender amount field is required when receiver amount is not present.'
  const REQUIRED = {
    sender_currency: 'The sender currency field is required.',
    receiver_currency: 'The receiver currency field is required.',
    sender_amount: NO_AMOUNT,
  }
  const FOREIGN_ID = { foreign_id: 'The foreign id field is required.' }

  test('alphapo.exchange.fields: what is missing, all at once', async () => {
    const box = await rich()
    wrong(await box.call(client, calculating(NONE)), REQUIRED)
    wrong(await now(box, NONE), { ...REQUIRED, ...FOREIGN_ID })
    wrong(await fixed(box, NONE), { ...REQUIRED, ...FOREIGN_ID, price: 'The price field is required.' })
  })

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    ['no amount', { sender_amount: null, receiver_amount: ' ' }, { sender_amount: NO_AMOUNT }],
    [
      'two amounts',
      { receiver_amount: 1 },
      { receiver_amount: 'The receiver amount field is prohibited when sender amount is present.' },
    ],
    ['no number', { sender_amount: 'x' }, { sender_amount: 'The sender amount must be a number.' }],
    [
      'no number either',
      { sender_amount: undefined, receiver_amount: [] },
      { receiver_amount: 'The receiver amount must be a number.' },
    ],
    ['less than nothing', { sender_amount: -1 }, { sender_amount: 'The sender amount must be at least 0.' }],
    ['no price', { price: 'x' }, { price: 'The price must be a number.' }],
    [
      'a long foreign_id',
      { foreign_id: 'x'.repeat(256) },
      { foreign_id: 'The foreign id may not be greater than 255 characters.' },
    ],
  ])('alphapo.exchange.fields: %s', async (what, fields, errors) => {
    const box = await rich()
    wrong(await fixed(box, { price: 60000, ...fields }), errors, what)
  })

  test('alphapo.exchange.refusals: one thing at a time, in this order: pair, minimum, foreign_id, price, balance', async () => {
    const box = await start()
    await give(box, 'BTC', '0.1')
    await quoted(box, { sender_amount: '0.1' })
    await now(box, { sender_amount: '0.01', foreign_id: 'taken' })
    const fields: Record<string, unknown> = {
      receiver_currency: 'BTC',
      sender_amount: '0.001',
      foreign_id: 'taken',
      price: 1,
    }
    const unavailable = 'Exchange is unavailable for given currencies'
    for (const [field, text, mended] of [
      ['sender_currency', unavailable, { receiver_currency: 'XXX' }],
      ['sender_currency', unavailable, { receiver_currency: 'EUR', sender_currency: 'USD' }],
      ['sender_currency', unavailable, { sender_currency: 'BTC' }],
      ['sender_amount', 'The amount must be at least 0.00300000 ', { sender_amount: '0.1' }],
      ['foreign_id', 'The foreign id has already been taken.', { foreign_id: 'free' }],
      ['price', 'The selected price is invalid.', { price: 60000 }],
      ['sender_amount', 'Not enough amount', { foreign_id: 'free' }],
    ] as const) {
      wrong(await fixed(box, fields), { [field]: text }, text)
      Object.assign(fields, mended)
    }
    expect(await balances(box)).toEqual(['0.08990000', '600.00000000'])
    // Amount and fee, to the last digit.
    await give(box, 'BTC', '0.0110')
    wrong(await fixed(box, { ...fields, price: 60000 }), { sender_amount: 'Not enough amount' })
    await give(box, 'BTC', '0.0001')
    expect((await fixed(box, fields)).status).toBe(201)
    expect((await balances(box))[0]).toBe('0.00000000')
    sound(box)
  })
})

describe('pairs', () => {
  const ask = async (box: Kit, path: string, body: unknown, credentials: Credentials = KEYS.demo): Promise<Reply> =>
    box.call(clientOf(credentials), post(path, body))

  test.each(['/currencies/pairs', '/currencies/rates'])('alphapo.rates.list: %s, to the byte', async (path) => {
    const box = await start()
    expect((await ask(box, path, { currency_from: 'BTC', currency_to: 'EUR' })).text).toBe(
      '{"data":[{"currency_from":{"currency":"BTC","type":"crypto","min_amount":"0.00300000","min_amount_deposit_with_exchange":"0.00020000"},"currency_to":{"currency":"EUR","type":"fiat"},"rate_from":"1","rate_to":"60000.00000000"}]}',
    )
    expect((await ask(box, path, { currency_from: 'EUR', currency_to: 'BTC' })).text).toBe(
      '{"data":[{"currency_from":{"currency":"EUR","type":"fiat","min_amount":"180.00000000"},"currency_to":{"currency":"BTC","type":"crypto"},"rate_from":"1","rate_to":"60000.00000000"}]}',
    )
    expect((await ask(box, path, { currency_from: 'ETH', currency_to: 'BTC' })).json.data).toMatchObject([
      { currency_from: { min_amount: '0.06000000' }, rate_to: '0.05000000' },
    ])
    for (const body of [
      { currency_from: 'EUR', currency_to: 'USD' },
      { currency_from: 'BTC', currency_to: 'BTC' },
    ])
      expect((await ask(box, path, body)).text).toBe('{"data":[]}')
  })

  test('alphapo.rates.list: whole, every pair once, crypto with anything', async () => {
    const box = await start()
    const { data } = (await ask(box, '/currencies/rates', {})).json
    const names = data.map(({ currency_from: from, currency_to: to }: any) => `${from.currency} ${to.currency}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toHaveLength(36 * 35 + 2 * 36 * 41)
    for (const { currency_from: from, currency_to: to } of data) {
      expect([from.type, to.type]).toContain('crypto')
      expect('min_amount_deposit_with_exchange' in from).toBe(from.type === 'crypto')
    }
    expect((await ask(box, '/currencies/rates', null)).text).toBe((await ask(box, '/currencies/pairs', [])).text)
  })

  test('alphapo.rates.list: what a merchant has not enabled is left out', async () => {
    const merchants = { shop: { keys: [{ id: 'k', secret: 's' }], currencies: ['BTC', 'USDTT'] } }
    const box = await start({ providers: { alphapo: { merchants } } })
    const shop = { key: 'k', secret: 's' }
    const { data } = (await ask(box, '/currencies/rates', { currency_from: 'USD' }, shop)).json
    expect(data.map(({ currency_to: to }: any) => to.currency)).toEqual(['BTC', 'USDTT'])
    expect((await ask(box, '/currencies/rates', { currency_from: 'ETH' }, shop)).json.data).toEqual([])
  })

  test('alphapo.rates.order: BTC and ETH first, USD last, for clients that go by place', async () => {
    const box = await start()
    const rows = async (body: object) => (await ask(box, '/currencies/rates', body)).json.data
    const fromUsd = await rows({ currency_from: 'USD' })
    expect(fromUsd.slice(0, 3).map(({ currency_to: to }: any) => to.currency)).toEqual(['BTC', 'ETH', 'LTC'])
    const fromEth = await rows({ currency_from: 'ETH', currency_to: null, foreign_id: 'x' })
    expect(fromEth.at(-1)).toMatchObject({
      currency_from: { currency: 'ETH' },
      currency_to: { currency: 'USD' },
      rate_to: '3333.33333333',
    })
    const toEur = await rows({ currency_to: 'EUR' })
    expect(toEur.map(({ currency_from: from }: any) => from.currency).slice(0, 2)).toEqual(['BTC', 'ETH'])
  })

  test.each([
    ['price-of-coin', '60000.00000000'],
    ['per-unit', '0.00001666'],
  ])('alphapo.rates.fiat-to-crypto: %s', async (value, rate) => {
    const box = await start({ assume: { 'alphapo.rates.fiat-to-crypto': value } })
    const { data } = (await ask(box, '/currencies/rates', { currency_from: 'EUR', currency_to: 'BTC' })).json
    expect(data[0].rate_to).toBe(rate)
  })

  test.each([
    ['BTC', '0.00300000'],
    ['EUR', '180.00000000'],
    ['USD', '200.00000000'],
    ['ETH', '0.06000000'],
    ['JPY', '30000.00000000'],
    ['DOGE', '1200.00000000'],
  ])('alphapo.rates.minimum: of %s %s, two digits, rounded up', async (currency, amount) => {
    const box = await start()
    const least = async () =>
      (await ask(box, '/currencies/pairs', { currency_from: currency })).json.data[0].currency_from.min_amount
    expect(await least()).toBe(amount)
  })

  test('alphapo.rates.minimum: it moves with the rates, and is what an exchange holds to', async () => {
    const box = await start()
    await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '60400' })
    const { data } = (await ask(box, '/currencies/pairs', { currency_from: 'EUR', currency_to: 'BTC' })).json
    expect(data[0].currency_from.min_amount).toBe('190.00000000')
    const body = { sender_currency: 'EUR', receiver_currency: 'BTC', sender_amount: '189.99999999' }
    wrong(await box.call(client, calculating(body)), { sender_amount: 'The amount must be at least 190.00000000 ' })
    expect((await box.call(client, calculating({ ...body, sender_amount: '190' }))).status).toBe(200)
  })

  test('alphapo.rates.unknown: both filters at once', async () => {
    const box = await start()
    wrong(await ask(box, '/currencies/pairs', { currency_from: 'XBT', currency_to: 'btc' }), {
      currency_from: 'The selected currency from is invalid.',
      currency_to: 'The selected currency to is invalid.',
    })
  })
})

describe('balances', () => {
  test('alphapo.accounts.list: zero ones included, each once, crypto in the order of its list, then fiat', async () => {
    const box = await start()
    await give(box, 'JPY', '12.5')
    await give(box, 'USDTT', '3')
    const reply = await box.call(client, post('/accounts/list', {}))
    expect(reply.text).toContain(
      '{"data":[{"currency":"BTC","type":"crypto","balance":"0.00000000"},{"currency":"LTC",',
    )
    const { data } = reply.json
    const codes = (await box.call(client, post('/currencies/list', {}))).json.data.filter(
      ({ type }: any) => type === 'crypto',
    )
    expect(data.map(({ currency }: any) => currency)).toEqual([
      ...codes.map(({ currency }: any) => currency),
      'EUR',
      'USD',
      'GBP',
      'JPY',
    ])
    expect(data.filter(({ balance }: any) => balance !== '0.00000000')).toEqual([
      { currency: 'USDTT', type: 'crypto', balance: '3.00000000' },
      { currency: 'JPY', type: 'fiat', balance: '12.50000000' },
    ])
  })

  test('alphapo.accounts.list: what a merchant has not enabled is there only where it was touched', async () => {
    const merchants = { shop: { keys: [{ id: 'k', secret: 's' }], currencies: ['USDTT', 'BTC'] } }
    const box = await start({ providers: { alphapo: { merchants } } })
    await give(box, 'ETH', '1', 'shop')
    const { data } = (await box.call(clientOf({ key: 'k', secret: 's' }), post('/accounts/list', []))).json
    expect(data.map(({ currency }: any) => currency)).toEqual(['BTC', 'ETH', 'USDTT', 'EUR', 'USD', 'GBP'])
  })
})

test('alphapo.exchange.refusals: nothing is no exchange, whatever rate a test has pinned', async () => {
  const box = await start()
  await give(box, 'BTC', '1')
  await give(box, 'EUR', '1')
  await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '0.000000000001' })
  for (const fields of [
    { sender_currency: 'EUR', receiver_currency: 'BTC', sender_amount: '0' },
    { sender_currency: 'BTC', receiver_currency: 'EUR', sender_amount: '1' },
  ]) {
    const reply = await box.call(client, exchanging('now', { foreign_id: JSON.stringify(fields), ...fields }))
    expect([reply.status, Object.keys(reply.json.errors)]).toEqual([400, ['sender_amount']])
  }
})
