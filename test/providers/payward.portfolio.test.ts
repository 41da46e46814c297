// Portfolios, assets and prices: from Payward's pages on accounts and market data. The table of rates has BTC at 60000 and USD at 0.9 euros.
import { describe, expect, test } from 'vitest'
import {
  ACCOUNTS,
  client,
  creation,
  EVM_WALLET,
  METHODS,
  quoting,
  saving,
  valuation,
  withdrawalsOf,
  withdrawing,
} from '../clients/payward.ts'
import { type Kit, type Reply, start } from '../kit.ts'

async function give(box: Kit, currency: string, amount: string): Promise<void> {
  const reply = await box.control('POST', '/balances', { provider: 'payward', currency, amount })
  expect(reply.status, reply.text).toBe(201)
}

async function get(box: Kit, what: string): Promise<any> {
  const reply = await box.call(client, valuation(what))
  expect(reply.status, reply.text).toBe(200)
  return reply.json
}

async function assets(box: Kit, rest: string): Promise<Reply> {
  return box.call(client, { method: 'GET', path: `/v1/assets${rest}` })
}

function invalid(reply: Reply, field: string): void {
  expect([reply.status, reply.json.data?.field]).toEqual([400, field])
}

describe('portfolio', () => {
  test('payward.portfolio.summary: every figure, two places; payward.ledger.holds: what a withdrawal holds is withheld', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    await give(box, 'EUR', '100.5')
    await box.call(client, saving({}))
    await box.call(client, withdrawing({ amount: '0.4998' }))
    expect(await get(box, 'summary?quote_symbol=EUR')).toEqual({
      data: {
        quote_symbol: 'EUR',
        quote_type: 'fiat',
        value: '60100.50',
        cost_basis: '60100.50',
        available: '30100.50',
        withheld: '30000.00',
        open_orders: '0.00',
        pnl: { unrealized: '0.00' },
      },
    })
    expect((await get(box, 'summary')).data).toMatchObject({ quote_symbol: 'USD', value: '66778.33' })
    await box.advance('2h')
    expect((await get(box, 'summary?quote_symbol=EUR')).data).toMatchObject({
      value: '30100.50',
      available: '30100.50',
      withheld: '0.00',
      cost_basis: '30100.50',
    })
  })

  test('payward.portfolio.cost-basis: in at the price of then, out at the average', async () => {
    const box = await start({ assume: { 'payward.prices': 'walk' } })
    const pin = (rate: string) => box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate })
    await give(box, 'BTC', '2')
    await give(box, 'BTC', '-1')
    const before = (await get(box, 'summary?quote_symbol=EUR')).data
    expect(before).toMatchObject({ value: '60000.00', cost_basis: '60000.00' })
    await box.advance('5h')
    const later = (await get(box, 'summary?quote_symbol=EUR')).data
    expect(later.cost_basis).toBe('60000.00')
    expect(later.value).not.toBe('60000.00')
    expect(Number(later.pnl.unrealized)).toBeCloseTo(Number(later.value) - 60_000, 2)
    await pin('30000')
    expect((await get(box, 'summary?quote_symbol=EUR')).data.value).toBe('30000.00')
  })

  test('payward.portfolio.details: a row for each asset that is there; payward.format.fiat: two places', async () => {
    const box = await start()
    expect(await get(box, 'details')).toEqual({ data: [] })
    await give(box, 'EUR', '12.34')
    await give(box, 'BTC', '0.5')
    await give(box, 'ETH', '1')
    await give(box, 'ETH', '-1')
    const { data } = await get(box, 'details?quote_symbol=EUR')
    expect(data.map(({ symbol }: any) => symbol)).toEqual(['BTC', 'EUR'])
    expect(data[0]).toEqual({
      symbol: 'BTC',
      name: 'Bitcoin',
      type: 'crypto',
      total: '0.50000000',
      available: '0.50000000',
      withheld: '0.00000000',
      open_orders: '0.00000000',
      price: '60000.00000000',
      value: '30000.00',
      cost_basis: '30000.00',
      pnl: { unrealized: '0.00' },
    })
    expect(data[1]).toMatchObject({ total: '12.34', available: '12.34', value: '12.34' })
  })

  test.each(['summary', 'details', 'history'])('payward.portfolio.quote: %s in something else', async (what) => {
    const box = await start()
    const nope = await box.call(client, valuation(`${what}?quote_symbol=NOPE`))
    expect([nope.status, nope.json.type]).toEqual([400, 'tag:kraken.com,2025:UnknownAsset'])
    invalid(await box.call(client, valuation(`${what}?quote_type=crypto`)), 'quote_type')
    const other = await box.call(client, valuation(what, ACCOUNTS.other))
    expect(other.status).toBe(404)
  })

  test('payward.portfolio.history: a point for each midnight, newest first; what is gone is zero, what never was is missing', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    await box.advance('1d')
    await give(box, 'BTC', '-1')
    await give(box, 'USD', '10')
    await box.advance('1d')
    const { data, ...rest } = await get(box, 'history?quote_symbol=EUR&start_timestamp=2026-05-16T00:00:00Z')
    expect(rest).toEqual({
      quote_symbol: 'EUR',
      quote_type: 'fiat',
      start_timestamp: '2026-05-16T00:00:00Z',
      end_timestamp: '2026-05-19T00:00:00Z',
    })
    const btc = (amount: string) => ({ symbol: 'BTC', type: 'crypto', amount })
    expect(data).toEqual([
      {
        timestamp: '2026-05-18T00:00:00Z',
        assets: [btc('0.00000000'), { symbol: 'USD', type: 'fiat', amount: '10.00' }],
        value: '9.00',
        total_pnl: '0.00',
      },
      { timestamp: '2026-05-17T00:00:00Z', assets: [btc('1.00000000')], value: '60000.00', total_pnl: '0.00' },
      { timestamp: '2026-05-16T00:00:00Z', assets: [], value: '0.00', total_pnl: '0.00' },
    ])
    const only = await get(
      box,
      'history?assets[0][symbol]=USD&assets[0][type]=fiat&start_timestamp=2026-05-18T00:00:00Z',
    )
    expect(only.data).toMatchObject([{ assets: [{ symbol: 'USD' }] }])
  })

  test('payward.portfolio.window: the end does not count, and 365 points are enough', async () => {
    const box = await start()
    const times = async (query: string) =>
      (await get(box, `history${query && `?${query}`}`)).data.map(({ timestamp }: any) => timestamp.slice(0, 10))
    expect(await times('')).toHaveLength(365)
    expect((await times(''))[0]).toBe('2026-05-16')
    expect(await times('start_timestamp=2026-05-01T00:00:00Z&end_timestamp=2026-05-03T00:00:00Z')).toEqual([
      '2026-05-02',
      '2026-05-01',
    ])
    expect(await times('start_timestamp=2020-01-01T00:00:00Z')).toHaveLength(365)
    expect(await times('start_timestamp=2030-01-01T00:00:00Z&end_timestamp=2031-01-01T00:00:00Z')).toEqual([])
    invalid(
      await box.call(
        client,
        valuation('history?start_timestamp=2026-05-02T00:00:00Z&end_timestamp=2026-05-01T00:00:00Z'),
      ),
      'start_timestamp',
    )
    invalid(await box.call(client, valuation('history?end_timestamp=yesterday')), 'end_timestamp')
  })

  test.each([
    ['none', '2026-05-17'],
    ['5h', '2026-05-16'],
  ] as const)('payward.portfolio.history-lag: %s', async (lag, newest) => {
    const box = await start({ assume: { 'payward.portfolio.history-lag': lag } })
    await box.advance('9h')
    expect((await get(box, 'history')).data[0].timestamp.slice(0, 10)).toBe(newest)
    await box.advance('1h')
    expect((await get(box, 'history')).data[0].timestamp.slice(0, 10)).toBe('2026-05-17')
  })

  test('withdrawals are in no list of portfolio transactions', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    await box.call(client, saving({}))
    await box.call(client, withdrawing({}))
    expect((await get(box, 'transactions')).data).toEqual([])
    expect((await box.call(client, creation({}))).status).toBe(200)
  })
})

describe('assets', () => {
  test('payward.assets.list: by class and by what can be done with them, in pages; payward.assets.item: what is known of each', async () => {
    const box = await start()
    const names = async (query: string) => (await assets(box, query)).json.data.map(({ symbol }: any) => symbol)
    expect((await assets(box, '?quote_symbol=EUR&page_size=1')).json.data).toEqual([
      {
        symbol: 'BTC',
        type: 'crypto',
        name: 'Bitcoin',
        status: {
          swap_trading: { enabled: true, disabled_against: [] },
          withdraw: { enabled: true },
          deposit: { enabled: true },
        },
        decimals: { funding: 8, swap: 8 },
        price: '60000.00000000',
      },
    ])
    expect(await names('?type=fiat&type=stablecoin&deposit=true')).not.toContain('EUR')
    expect(await names('?withdraw=false&type=fiat')).toContain('EUR')
    const all: string[] = []
    for (let token: string | null = ''; token !== null;) {
      const { json } = await assets(box, `?page_size=4${token && `&page_token=${token}`}`)
      all.push(...json.data.map(({ symbol }: any) => symbol))
      token = json.next_page_token
    }
    expect(all).toEqual(await names('?page_size=100'))
    expect(new Set(all).size).toBe(all.length)
    const one = await assets(box, '/crypto/BTC?quote_symbol=EUR')
    expect(one.json.data).toEqual((await assets(box, '?quote_symbol=EUR&page_size=1')).json.data[0])
    expect((await assets(box, '/crypto/NOPE')).status).toBe(404)
    expect((await assets(box, '/crypto/BTC?quote_symbol=NOPE')).status).toBe(400)
  })

  test('payward.assets.rates: oldest first, in pages; payward.assets.rates-window: up to now, or the one that is named', async () => {
    const box = await start({ assume: { 'payward.prices': 'walk' } })
    await box.advance('10h')
    const rates = (query: string) => assets(box, `/crypto/BTC/rates?${query}`)
    const { data, ...rest } = (await rates('quote_symbol=EUR&interval=PT1H&page_size=12')).json
    expect(rest).toEqual({
      quote_symbol: 'EUR',
      quote_type: 'fiat',
      start_timestamp: '2026-05-16T18:00:00Z',
      end_timestamp: '2026-05-17T06:00:00Z',
      interval: 'PT1H',
      page_size: 12,
      next_page_token: null,
    })
    expect(data).toHaveLength(12)
    expect(data[1]).toEqual({ timestamp: '2026-05-16T19:00:00Z', price: '60000.00000000' })
    expect(new Set(data.map(({ price }: any) => price)).size).toBeGreaterThan(8)
    const current = (await assets(box, '/crypto/BTC?quote_symbol=EUR')).json.data.price
    expect(data.at(-1).price).toBe(current)

    const window = 'interval=PT4H&start_timestamp=2026-05-16T00:00:00Z&end_timestamp=2026-05-17T00:00:00Z&page_size=4'
    const first = (await rates(window)).json
    const second = (await rates(`${window}&page_token=${first.next_page_token}`)).json
    expect([...first.data, ...second.data].map(({ timestamp }) => timestamp.slice(11, 13))).toEqual([
      '00',
      '04',
      '08',
      '12',
      '16',
      '20',
    ])
    expect(second.next_page_token).toBeNull()
  })

  test.each([
    ['interval=PT2M', 'interval'],
    ['interval=P15D&start_timestamp=2026-05-01T00:00:00Z&end_timestamp=2026-05-03T00:00:00Z', 'interval'],
    ['start_timestamp=2026-05-03T00:00:00Z&end_timestamp=2026-05-01T00:00:00Z', 'start_timestamp'],
    ['start_timestamp=soon', 'start_timestamp'],
    ['end_timestamp=later', 'end_timestamp'],
    ['page_size=101', 'page_size'],
    ['page_token=garbage', 'page_token'],
    ['quote_type=crypto', 'quote_type'],
  ])('payward.assets.rates-window: %s is refused', async (query, field) => {
    const box = await start()
    invalid(await assets(box, `/crypto/BTC/rates?${query}`), field)
  })
})

test.each([
  ['8', ['1500.00000000', '12.50000000', '4.00000000', '16.50000000', '10.00000000']],
  ['2', ['1500.00', '12.50', '4.00', '16.50', '10.00']],
])('payward.format.stablecoin: with %s places', async (assumed, [total, amount, fee, sum, minimum]) => {
  const box = await start({ assume: { 'payward.format.stablecoin': assumed } })
  await box.control('POST', '/balances', { provider: 'payward', currency: 'USDC', amount: '1500' })
  await box.control('POST', '/balances', { provider: 'payward', currency: 'BTC', amount: '1' })
  const usdc = { asset_symbol: 'USDC', asset_type: 'stablecoin' }
  const to = { method_id: METHODS.usdcEthereum, key: 'stable', address: EVM_WALLET }
  await box.call(client, saving({ ...usdc, ...to }))
  const { data: details } = await get(box, 'details')
  expect(details.map((row: any) => row.total)).toEqual(['1.00000000', total])
  const answer = await box.call(client, withdrawing({ ...usdc, key: 'stable', amount: '12.5' }))
  expect(answer.json.data).toMatchObject({ amount, fee, total: sum })
  const { data } = (await box.call(client, { method: 'GET', path: '/v1/funds/transactions?type=withdrawal' })).json
  expect(data[0].amount).toBe(amount)
  const path = `${withdrawalsOf(ACCOUNTS.main)}/methods/USDC?asset_type=stablecoin`
  expect((await box.call(client, { method: 'GET', path })).json.data[0].minimum.amount).toBe(minimum)
  // Nothing that an amount says is left out.
  const { from } = (await box.call(client, quoting({ from: { symbol: 'USDC', type: 'stablecoin', amount: '1.2345' } })))
    .json.data
  expect(from.amount).toBe(assumed === '2' ? '1.2345' : '1.23450000')
})
