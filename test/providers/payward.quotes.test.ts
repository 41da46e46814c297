// Swap quotes of Payward, from its pages on swaps: the arithmetic of its examples, half a minute, and what becomes of the money.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import {
  ACCOUNTS,
  client,
  clientOf,
  creation,
  executing,
  KEYS,
  portfolio,
  quoteOf,
  quoting,
  registration,
} from '../clients/payward.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

const BTC = { symbol: 'BTC', type: 'crypto' }
const USD = { symbol: 'USD', type: 'fiat' }
const USDC = { symbol: 'USDC', type: 'stablecoin' }
const SOL = { symbol: 'SOL', type: 'crypto' }

const refused = (reply: Reply) => [reply.status, reply.json.type?.split(':').at(-1)]

/** A world in which a bitcoin is 63291.00 dollars, and the first account has so much. */
async function market(money: Record<string, string> = { BTC: '2' }, more: object = {}): Promise<Kit> {
  const box = await start(more)
  await box.control('PUT', '/rates', { from: 'BTC', to: 'USD', rate: '63291.00' })
  for (const [currency, amount] of Object.entries(money))
    expect((await box.control('POST', '/balances', { provider: 'payward', currency, amount })).status).toBe(201)
  return box
}

async function quoted(box: Kit, fields: object = {}): Promise<any> {
  const reply = await box.call(client, quoting({ ...fields }))
  expect([reply.status, reply.text]).toEqual([200, reply.text])
  return reply.json.data
}

async function has(box: Kit): Promise<Record<string, string[]>> {
  const { data } = (await box.control('GET', '/balances?provider=payward')).json
  return Object.fromEntries(
    data.map((row: any) => [row.currency, [row.balance, row.held].map((text) => String(Number(text)))]),
  )
}

const pin = (box: Kit, from: string, to: string, rate: string) => box.control('PUT', '/rates', { from, to, rate })

describe('asking for a price', () => {
  test('payward.quotes.item and payward.quotes.rate and payward.amounts.places: both amounts, the fee, and the price in dollars', async () => {
    const box = await market()
    const data = await quoted(box)
    expect(data).toEqual({
      id: expect.stringMatching(/^qte_[0-9A-HJKMNP-TV-Z]{20}$/),
      status: 'offered',
      expires_at: '2026-05-16T19:00:30Z',
      from: { ...BTC, name: 'Bitcoin', amount: '0.50000000' },
      to: { ...USD, name: 'US Dollar', amount: '31487.27' },
      fees: { trade: { ...USD, name: 'US Dollar', amount: '158.23' } },
      rate: { base: { ...BTC, name: 'Bitcoin' }, quote: { ...USD, name: 'US Dollar' }, price: '63291.00' },
    })
    expect((await box.call(client, quoteOf(data.id))).json.data).toEqual(data)
  })

  // From and to, what is fixed, the fee, and what comes out: spent, received, fee.
  test.each([
    ['fee of what is spent', USD, BTC, { from: '10000' }, 100, ['10000.00', '0.15642034', '100.00']],
    ['fee on top of what is spent', USD, BTC, { to: '0.1' }, 100, ['6392.40', '0.10000000', '63.30']],
    ['fee off what is received', BTC, USD, { from: '0.5' }, 0, ['0.50000000', '31645.50', '0.00']],
    ['fee on top of what is received', BTC, USD, { to: '6329.10' }, 100, ['0.10100015', '6329.10', '63.30']],
    ['no fiat', USDC, SOL, { from: '100' }, 10, ['100.00000000', '0.62337600', '0.10000000']],
  ])('payward.quotes.arithmetic: %s', async (_, from, to, fixed: any, bps, expected) => {
    const box = await market({})
    await pin(box, 'USDC', 'SOL', '0.00624')
    const { from: amount, to: other } = fixed
    const data = await quoted(box, { from: { ...from, amount }, to: { ...to, amount: other }, fee: { bps } })
    expect([data.from.amount, data.to.amount, data.fees.trade.amount]).toEqual(expected)
  })

  // Each is wrong in all that comes after it too.
  test.each([
    [{ from: { ...BTC, symbol: 'NOPE', amount: '1' }, to: { ...USD, amount: '1' } }, 400, 'InvalidArguments'],
    [{ from: { ...BTC, symbol: 'NOPE' }, to: USD }, 400, 'InvalidArguments'],
    [{ from: { ...BTC, symbol: 'NOPE', amount: '-1' }, to: USD }, 400, 'UnknownAsset'],
    [{ from: { ...BTC, amount: '-1' }, to: BTC }, 400, 'InvalidArguments'],
    [{ from: { ...BTC, amount: '-1' }, to: USD }, 400, 'InvalidAmount'],
    [{ from: { ...BTC, amount: '0' }, to: USD }, 400, 'InvalidAmount'],
    [{ from: { ...BTC, amount: '0.123456789' }, to: USD }, 400, 'InvalidAmount'],
    [{ from: { ...USD, amount: '1.234' }, to: BTC }, 400, 'InvalidAmount'],
    [{ from: { ...BTC, amount: '0.00000001' }, to: USD }, 400, 'QuantityTooSmall'],
    [{ from: { ...BTC, amount: '1000000001' }, to: USD }, 400, 'QuantityTooLarge'],
    [{ fee: { bps: 10001 } }, 400, 'InvalidArguments'],
    [{ fee: { bps: 1.5 } }, 400, 'InvalidArguments'],
  ])(
    'payward.quotes.one-amount and payward.quotes.same-asset and payward.quotes.quantity and payward.amounts.invalid: %j is %i %s',
    async (fields, status, type) => {
      const box = await market()
      expect(refused(await box.call(client, quoting(fields)))).toEqual([status, type])
    },
  )

  test('payward.assets.unknown-status: 404 where a world says so', async () => {
    const box = await market({}, { assume: { 'payward.assets.unknown-status': '404' } })
    const reply = await box.call(client, quoting({ to: { symbol: 'NOPE', type: 'fiat' } }))
    expect(refused(reply)).toEqual([404, 'UnknownAsset'])
  })

  test('payward.quotes.fee-required: without a fee it is 400, unless a world says otherwise', async () => {
    const strict = await market()
    const reply = await strict.call(client, quoting({ fee: undefined }))
    expect([...refused(reply), reply.json.data]).toEqual([400, 'InvalidArguments', { field: 'fee' }])
    const loose = await market({}, { assume: { 'payward.quotes.fee-required': 'no' } })
    expect((await quoted(loose, { fee: undefined })).fees.trade.amount).toBe('0.00')
  })

  test('payward.quotes.ttl: so many seconds as the config file says', async () => {
    const box = await market({}, { providers: { payward: { quoteSeconds: 90 } } })
    expect((await quoted(box)).expires_at).toBe('2026-05-16T19:01:30Z')
  })
})

describe('executing', () => {
  test('payward.quotes.execute and payward.quotes.states and payward.quotes.postings: two seconds, in which the money is set aside', async () => {
    const box = await market()
    const { id } = await quoted(box)
    await pin(box, 'BTC', 'USD', '50000')
    const reply = await box.call(client, executing(id))
    expect([reply.status, reply.json]).toEqual([
      200,
      { data: { id, status: 'executing', executed_at: '2026-05-16T19:00:00Z' } },
    ])
    expect(await has(box)).toEqual({ BTC: ['2', '0.5'] })
    expect(refused(await box.call(client, executing(id)))).toEqual([409, 'QuoteAlreadyAccepted'])
    await box.advance('2s')
    expect((await box.call(client, quoteOf(id))).json.data.status).toBe('executed')
    expect(await has(box)).toEqual({ BTC: ['1.5', '0'], USD: ['31487.27', '0'] })
    expect(refused(await box.call(client, executing(id)))).toEqual([409, 'QuoteAlreadyAccepted'])
    await box.advance('1h')
    expect((await box.call(client, quoteOf(id))).json.data.status).toBe('executed')
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('payward.quotes.states: one that fails gives the money back', async () => {
    const box = await market()
    const { id: quote_id } = await quoted(box)
    expect((await box.control('POST', '/actions/payward/fail-quote', { quote_id })).status).toBe(409)
    await box.call(client, executing(quote_id))
    expect((await box.control('POST', '/actions/payward/fail-quote', { quote_id })).status).toBe(201)
    await box.advance('10s')
    expect(await has(box)).toEqual({ BTC: ['2', '0'] })
    expect(refused(await box.call(client, executing(quote_id)))).toEqual([409, 'QuoteExecutionFailed'])
  })

  test.each([
    ['29999ms', 200, undefined],
    ['30s', 410, 'QuoteExpired'],
  ])('payward.quotes.expired: after %s it is %i', async (by, status, type) => {
    const box = await market()
    const { id } = await quoted(box)
    await box.advance(by)
    const reply = await box.call(client, executing(id))
    expect(refused(reply)).toEqual([status, type])
    if (type) expect((await box.call(client, quoteOf(id))).json.data.status).toBe('expired')
  })

  test('payward.quotes.expired: the market can move too far before', async () => {
    const box = await market()
    const { id: quote_id } = await quoted(box)
    expect((await box.control('POST', '/actions/payward/expire-quote', { quote_id })).status).toBe(201)
    expect(refused(await box.call(client, executing(quote_id)))).toEqual([410, 'QuoteExpired'])
  })

  test('payward.quotes.unknown: of another account, of another partner, or of nobody', async () => {
    const box = await market()
    const { id } = await quoted(box)
    for (const reply of [
      await box.call(client, executing('qte_00000000000000000000')),
      await box.call(client, executing(id, ACCOUNTS.second)),
      await box.call(clientOf(KEYS.other), quoteOf(id, ACCOUNTS.other)),
    ])
      expect(refused(reply)).toEqual([404, 'QuoteNotFound'])
  })

  test.each([
    [undefined, 409],
    ['400', 400],
    ['422', 422],
  ])('payward.quotes.insufficient and payward.withdrawals.insufficient-status: %s', async (status, expected) => {
    const box = await market(
      { BTC: '0.49999999' },
      status === undefined ? {} : { assume: { 'payward.withdrawals.insufficient-status': status } },
    )
    const { id } = await quoted(box)
    expect(refused(await box.call(client, executing(id)))).toEqual([expected, 'InsufficientFunds'])
    expect((await box.call(client, quoteOf(id))).json.data.status).toBe('offered')
    await box.control('POST', '/balances', { provider: 'payward', currency: 'BTC', amount: '0.00000001' })
    expect((await box.call(client, executing(id))).status).toBe(200)
  })

  test('payward.idempotency.elsewhere: a repeated execution is answered as the first one, and happens once', async () => {
    const box = await market()
    const headers = { 'idempotency-key': randomUUID() }
    const { id } = (await box.call(client, { ...quoting(), headers })).json.data
    expect((await box.call(client, { ...quoting(), headers })).json.data.id).toBe(id)
    const first = await box.call(client, { ...executing(id), headers })
    const again = await box.call(client, { ...executing(id), headers })
    expect([again.status, again.json, again.headers['idempotent-replayed']]).toEqual([200, first.json, 'true'])
    await box.advance('1m')
    expect(await has(box)).toEqual({ BTC: ['1.5', '0'], USD: ['31487.27', '0'] })
  })
})

test.each([
  [undefined, ['quote.cancelled', 'quote.executed', 'quote.execution_failed']],
  [{ 'payward.quotes.tell-expiry': 'no' }, ['quote.executed', 'quote.execution_failed']],
])('payward.webhooks.quote-data and payward.quotes.tell-expiry: %j', async (assume, expected) => {
  const box = await market({ BTC: '2' }, assume && { assume })
  const inbox = await Inbox.open()
  const url = inbox.url.replace('127.0.0.1', 'localhost')
  await box.call(client, registration({ url, events: ['quote.executed', 'quote.execution_failed', 'quote.cancelled'] }))
  await quoted(box)
  const done = await quoted(box)
  const failed = await quoted(box)
  await box.call(client, executing(done.id))
  await box.call(client, executing(failed.id))
  await box.control('POST', '/actions/payward/fail-quote', { quote_id: failed.id, reason: 'no depth' })
  await box.advance('1m')
  const told = new Map(inbox.received.map(({ json }) => [json.type, json.data]))
  expect([...told.keys()].sort()).toEqual(expected)
  const { from, to, fees, rate } = done
  const common = { user_id: null, account_id: ACCOUNTS.main, from, to, fees, rate }
  expect(told.get('quote.executed')).toEqual({
    ...common,
    quote_id: done.id,
    status: 'executed',
    executed_at: '2026-05-16T19:00:02.000Z',
  })
  expect(told.get('quote.execution_failed')).toEqual({
    ...common,
    quote_id: failed.id,
    status: 'failed',
    failed_at: '2026-05-16T19:00:00.000Z',
    reason: 'no depth',
  })
  if (assume === undefined)
    expect(told.get('quote.cancelled')).toMatchObject({ cancelled_at: '2026-05-16T19:00:30.000Z', reason: 'expired' })
})

describe('payward.portfolio.orders', () => {
  const listed = async (box: Kit, query = '') => {
    const reply = await box.call(client, portfolio(query))
    expect([reply.status, reply.text]).toEqual([200, reply.text])
    return reply.json
  }

  test('what is executing, executed or failed is an order, with both sides and the fee on its own', async () => {
    const box = await market()
    await quoted(box)
    const { id } = await quoted(box)
    expect((await listed(box)).data).toEqual([])
    await box.call(client, executing(id))
    expect((await listed(box)).data).toMatchObject([{ type: 'simple_order', status: 'in_progress' }])
    await box.advance('2s')
    const money = (asset: object, name: string, amount: string, amount_in_quote: string) => ({
      ...asset,
      name,
      amount,
      amount_in_quote,
    })
    const btc = (amount: string, worth: string) => money(BTC, 'Bitcoin', amount, worth)
    const usd = (amount: string) => money(USD, 'US Dollar', amount, amount)
    const timestamp = '2026-05-16T19:00:02.000Z'
    const order = {
      id: expect.stringMatching(/^tx_[0-9A-HJKMNP-TV-Z]{20}$/),
      timestamp: '2026-05-16T19:00:00.000Z',
      type: 'simple_order',
      status: 'successful',
      spend: {
        timestamp,
        sub_total: btc('0.50000000', '31645.50'),
        fee: btc('0.00000000', '0.00'),
        total: btc('0.50000000', '31645.50'),
        balance: btc('1.50000000', '94936.50'),
      },
      receive: {
        timestamp,
        sub_total: usd('31645.50'),
        fee: usd('158.23'),
        total: usd('31487.27'),
        balance: usd('31487.27'),
      },
    }
    expect((await listed(box)).data).toEqual([order])

    const buys = await quoted(box, { from: { ...USD, amount: '10000' }, to: BTC, fee: { bps: 100 } })
    await box.call(client, executing(buys.id))
    await box.control('POST', '/actions/payward/fail-quote', { quote_id: buys.id })
    const failed = (await listed(box, 'types=simple_order_failed')).data
    expect(failed).toMatchObject([
      {
        type: 'simple_order_failed',
        status: 'failed',
        spend: { sub_total: usd('9900.00'), fee: usd('100.00'), total: usd('10000.00'), balance: usd('31487.27') },
        receive: {
          sub_total: { amount: '0.15642034' },
          fee: { amount: '0.00000000' },
          balance: { amount: '1.50000000' },
        },
      },
    ])
    expect((await listed(box, 'types=simple_order')).data).toEqual([order])
    expect((await listed(box, 'types=earn_reward')).data).toEqual([])
    expect((await listed(box, 'statuses=failed')).data).toEqual(failed)
    expect((await listed(box, `ids=${failed[0].id}`)).data).toEqual(failed)
    expect((await listed(box, 'assets[0][symbol]=ETH')).data).toEqual([])
    expect((await listed(box, 'assets[0][symbol]=USD&assets[0][type]=fiat')).data).toHaveLength(2)
    expect((await listed(box, `end_timestamp=2026-05-16T19:00:00Z`)).data).toEqual([order])
  })

  test.each(['asc', 'desc'])('payward.portfolio.pages and payward.portfolio.order: with deposits, %s', async (sort) => {
    const box = await market()
    const { address } = (await box.call(client, creation({}))).json.data
    const order = async () => {
      const { id } = await quoted(box, { from: { ...BTC, amount: '0.01' } })
      await box.call(client, executing(id))
      await box.advance('10s')
    }
    await order()
    await box.deposit(address, '0.1')
    await order()
    await box.deposit(address, '0.2')
    await order()
    const types = 'types=simple_order&types=deposit'
    const whole = (await listed(box, `${types}&sort=${sort}`)).data
    const kinds = ['simple_order', 'deposit', 'simple_order', 'deposit', 'simple_order']
    // A deposit and an order of one instant: the deposit is the older one.
    expect(whole.map(({ type }: any) => type).filter((type: string) => type === 'deposit')).toHaveLength(2)
    expect(whole).toHaveLength(kinds.length)
    const times = whole.map(({ timestamp }: any) => timestamp)
    expect(times).toEqual(sort === 'asc' ? times.toSorted() : times.toSorted().reverse())
    const paged = []
    for (let token = ''; ;) {
      const { data, next_page_token } = await listed(
        box,
        `${types}&sort=${sort}&page_size=1${token && `&page_token=${token}`}`,
      )
      paged.push(...data)
      if (next_page_token === null) break
      token = next_page_token
    }
    expect(paged).toEqual(whole)
  })
})

test('payward.quotes.arithmetic: no quote is worth more than its price, and nothing is lost', async () => {
  const box = await market({ BTC: '1000', USD: '100000000' })
  const assets = [BTC, USD]
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 0, max: 500 }),
      async (buys, fixesTo, cents, bps) => {
        const [from, to] = buys ? [assets[1]!, assets[0]!] : [assets[0]!, assets[1]!]
        const amount = (cents / 100).toFixed(2)
        const sides = fixesTo ? { from, to: { ...to, amount } } : { from: { ...from, amount }, to }
        const reply = await box.call(client, quoting({ ...sides, fee: { bps } }))
        if (reply.status === 400) return
        const { data } = reply.json
        const number = (text: string) => Number(text)
        const spent = number(data.from.amount) * (buys ? 1 : 63291)
        const received = number(data.to.amount) * (buys ? 63291 : 1)
        expect(spent - received - number(data.fees.trade.amount)).toBeGreaterThanOrEqual(-1e-4)
        // No more than the roundings of the three figures.
        expect(spent - received - number(data.fees.trade.amount)).toBeLessThan(0.05)
        if ((await box.call(client, executing(data.id))).status === 200) await box.advance('2s')
        expect(ledgerProblems(box.world)).toEqual([])
      },
    ),
    { numRuns: 25 },
  )
})
