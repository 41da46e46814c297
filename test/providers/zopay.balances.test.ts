// Balances of Zopay: what is credited and taken back, what is read of it, and what it is worth.
import { describe, expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import { client, clientOf, get, KEYS, post, quote, simulate } from '../clients/zopay.ts'
import { fresh, fund, holdings, paidOut, refused } from '../clients/zopay-money.ts'
import { type Kit, start } from '../kit.ts'

const T0 = '2026-05-16T19:00:00Z'

async function address(box: Kit, fields: Record<string, unknown> = {}): Promise<string> {
  const body = { asset: 'USDT', network: 'ethereum', external_ref: 'user-1', ...fields }
  return (await box.call(client, post('/addresses', body, fresh()))).json.address
}

async function intent(box: Kit, fields: Record<string, unknown> = {}): Promise<any> {
  return (await box.call(client, post('/payment-intents', { amount: '25', currencies: ['USDT'], ...fields }, fresh())))
    .json
}

const tenant = async (box: Kit, by = client) => (await box.call(by, get('/balances'))).json

describe('reading', () => {
  test('zopay.balances.unknown-ref; zopay.balances.nothing; zopay.balances.filter: a ref that is new has nothing', async () => {
    const box = await start()
    const empty = { external_ref: 'user-1', valued_at: T0, balances: [], totals: {} }
    for (const path of ['/balances?external_ref=user-1', '/balances/user-1'])
      expect((await box.call(client, get(path))).json).toEqual(empty)
    expect(await tenant(box)).toEqual({ valued_at: T0, balances: [], totals: {} })
  })

  test('zopay.balances.rows; zopay.balances.line; zopay.balances.valuation; zopay.balances.totals; zopay.ledger.deposits: a deposit of 40', async () => {
    const box = await start()
    await box.deposit(await address(box), '40', { confirmations: 'instant' })
    const { status, text } = await box.call(client, get('/balances/user-1'))
    const zero = (asset: string, network: string) =>
      `{"asset":"${asset}","amount":"0.00","network":"${network}","amount_usd":"0.00","amount_pen":"0.00"}`
    expect([status, text]).toEqual([
      200,
      `{"external_ref":"user-1","valued_at":"${T0}","balances":[` +
        `{"asset":"USDT","amount":"40.00","network":"ethereum","amount_usd":"40.00","amount_pen":"150.00"},` +
        `${zero('USDT', 'solana')},${zero('XAUT', 'ethereum')},${zero('XAUT', 'solana')}],` +
        `"totals":{"usd":"40.00","pen":"150.00"}}`,
    ])
  })

  test('zopay.prices.source; zopay.balances.valuation: a pinned price counts, two places are printed, and the total is that of the lines', async () => {
    const box = await start()
    await box.control('PUT', '/rates', { from: 'XAUT', to: 'USD', rate: '2400' })
    await fund(box, { currency: 'XAUT', amount: '0.000009' })
    await fund(box, { currency: 'XAUT', network: 'solana', amount: '0.000009' })
    const { balances, totals } = await tenant(box)
    const held = balances.filter(({ asset }: any) => asset === 'XAUT')
    expect(held.map(({ amount, amount_usd }: any) => [amount, amount_usd])).toEqual([
      ['0.000009', '0.02'],
      ['0.000009', '0.02'],
    ])
    expect(totals.usd).toBe('0.04')
  })

  test('zopay.prices.outage: without a price keys vanish, never null, and nothing of it is quoted', async () => {
    const box = await start()
    await fund(box)
    await fund(box, { currency: 'XAUT', amount: '1' })
    const turn = (way: string, asset: string) => box.control('POST', `/actions/zopay/make-price-${way}`, { asset })
    expect((await turn('unavailable', 'xaut')).json).toMatchObject({ asset: 'XAUT', priced: false })
    const { balances, totals } = await tenant(box)
    expect(totals).toEqual({})
    expect(balances.map((row: any) => [row.asset, Object.keys(row).length])).toEqual([
      ['USDT', 5],
      ['USDT', 5],
      ['XAUT', 3],
      ['XAUT', 3],
    ])
    refused(await box.call(client, quote({ asset: 'XAUT', amount: '1' }, fresh())), 503, 'unavailable')
    expect((await box.call(client, quote({}, fresh()))).status).toBe(200)
    await turn('available', 'XAUT')
    expect(Object.keys((await tenant(box)).totals)).toEqual(['usd', 'pen'])
    const wrong = await turn('unavailable', 'DOGE')
    expect([wrong.status, wrong.json.detail]).toEqual([409, expect.stringContaining('Zopay has no asset "DOGE"')])
  })

  test('zopay.balances.line: an organisation has the fiats and pairs that it enabled', async () => {
    const shop = {
      keys: [{ id: 'sk_test_shop' }],
      fiats: ['pen'],
      pairs: [
        { asset: 'USDT', network: 'solana' },
        { asset: 'USDT', network: 'ethereum' },
      ],
    }
    const box = await start({ providers: { zopay: { accounts: { shop } } } })
    await fund(box, { account: 'shop', amount: '1' })
    const { json } = await box.call(clientOf('sk_test_shop'), get('/balances'))
    expect(json).toEqual({
      valued_at: T0,
      balances: [
        { asset: 'USDT', amount: '1.00', network: 'ethereum', amount_pen: '3.75' },
        { asset: 'USDT', amount: '0.00', network: 'solana', amount_pen: '0.00' },
      ],
      totals: { pen: '3.75' },
    })
  })

  test('zopay.balances.valued-at: the time of the call', async () => {
    const box = await start()
    await box.advance('61s')
    expect((await tenant(box)).valued_at).toBe('2026-05-16T19:01:01Z')
  })

  test('zopay.balances.empty-totals: the other way, zeros', async () => {
    const box = await start({ assume: { 'zopay.balances.empty-totals': 'zeros' } })
    expect((await tenant(box)).totals).toEqual({ usd: '0.00', pen: '0.00' })
  })

  test.each([
    ['available', '60.00'],
    ['total', '100.00'],
  ])('zopay.balances.amount: %s, while a payout holds 40', async (reading, amount) => {
    const box = await start({ assume: { 'zopay.balances.amount': reading } })
    await fund(box)
    await paidOut(box)
    expect(await holdings(box)).toEqual([`USDT ethereum ${amount}`])
  })

  test.each([
    ['users-and-treasury', '107.00'],
    ['users-only', '100.00'],
  ])('zopay.balances.tenant; zopay.ledger.by-hand: %s', async (reading, amount) => {
    const box = await start({ assume: { 'zopay.balances.tenant': reading } })
    await fund(box, { amount: '60' })
    await fund(box, { holder: 'user:user-2', amount: '40' })
    await fund(box, { holder: undefined, amount: '7' })
    await fund(box, { account: 'org_other', amount: '1000' })
    expect((await tenant(box)).balances[0].amount).toBe(amount)
    expect((await tenant(box, clientOf(KEYS.other))).balances[0].amount).toBe('1000.00')
  })

  test.each([
    [{ account: 'nobody' }, 'Zopay has no organisation "nobody"'],
    [{ holder: 'user-1' }, 'set holder to user:user-1'],
    [{ currency: 'BTC' }, 'BTC'],
    [{ network: undefined }, 'set network to one of ethereum, solana'],
    [{ network: 'tron' }, 'set network to one of ethereum, solana'],
  ])('zopay.ledger.by-hand: %j is refused', async (more, sentence) => {
    const box = await start()
    const money = { provider: 'zopay', holder: 'user:a', currency: 'USDT', network: 'ethereum', amount: '1' }
    const reply = await box.control('POST', '/balances', { ...money, ...more })
    expect([Math.floor(reply.status / 100), reply.json.detail]).toEqual([4, expect.stringContaining(sentence)])
  })

  test('zopay.balances.empty-ref; zopay.balances.slash: what a path cannot name, the query does', async () => {
    const box = await start()
    expect((await box.call(client, get('/balances?external_ref='))).json.external_ref).toBe('')
    expect((await box.call(client, get('/balances?external_ref=a%2Fb'))).json.external_ref).toBe('a/b')
    refused(await box.call(client, get('/balances/a%2Fb')), 404, 'Not Found')
    expect((await box.call(client, get(`/balances/${'x'.repeat(255)}`))).status).toBe(200)
    const { status, json } = await box.call(client, get(`/balances/${'x'.repeat(256)}`))
    expect([status, json.detail[0].type, json.detail[0].loc]).toEqual([
      422,
      'string_too_long',
      ['path', 'external_ref'],
    ])
    refused(await box.send('zopay', get('/balances')), 401, 'missing_api_key')
  })

  test.each([
    ['/balances', 'balances:read'],
    ['/balances/u', 'balances:read'],
    ['/payouts/pay_1', 'payouts:read'],
    ['/webhook-deliveries', 'events:read'],
  ])('zopay.auth.scope: %s takes %s', async (path, scope) => {
    const keys = [
      { id: 'sk_test_one', scopes: [scope] },
      { id: 'sk_test_none', scopes: ['events:write'] },
    ]
    const box = await start({ providers: { zopay: { accounts: { shop: { keys } } } } })
    expect((await box.call(clientOf('sk_test_one'), get(path))).status).not.toBe(403)
    refused(await box.call(clientOf('sk_test_none'), get(path)), 403, 'insufficient_scope')
  })
})

describe('what makes a user', () => {
  test('zopay.users.seen-by; zopay.addresses.lazy-user; zopay.payouts.ref-unknown: addresses, intents and balances do', async () => {
    const box = await start()
    const known = async (ref: string) => (await box.call(client, quote({ external_ref: ref }, fresh()))).status
    await address(box, { external_ref: 'a' })
    await intent(box, { external_ref: 'b' })
    await box.call(client, get('/balances/c'))
    await box.call(client, get('/balances?external_ref=d'))
    await fund(box, { holder: 'user:e' })
    await box.call(client, get('/transactions?external_ref=f'))
    expect(await Promise.all([...'abcdef'].map(known))).toEqual([200, 200, 200, 200, 200, 404])
    refused(await box.call(clientOf(KEYS.other), quote({ external_ref: 'a' }, fresh())), 404, 'external_ref_unknown')
  })

  test('zopay.users.seen-by: the other way, balances do not', async () => {
    const box = await start({ assume: { 'zopay.users.seen-by': 'addresses-intents' } })
    await box.call(client, get('/balances/user-1'))
    refused(await box.call(client, quote({}, fresh())), 404, 'external_ref_unknown')
  })
})

describe('money that arrives', () => {
  test('zopay.ledger.accounts; zopay.ledger.intents; zopay.ledger.simulated: to whom it is credited', async () => {
    const box = await start()
    const instant = { confirmations: 'instant' }
    await box.deposit(await address(box, { external_ref: undefined }), '1', instant)
    await box.deposit(await address(box, { network: 'solana' }), '2', instant)
    const anonymous = await intent(box)
    await box.deposit(anonymous.addresses[0].address, '4', instant)
    const mine = await intent(box, { external_ref: 'user-2' })
    await box.deposit(mine.addresses[0].address, '25', instant)
    await box.deposit(mine.addresses[1].address, '3', instant)
    await box.call(client, simulate((await intent(box, { external_ref: 'user-3', amount: '0.0000019' })).id))
    expect(await holdings(box)).toEqual(['USDT solana 2.00'])
    expect(await holdings(box, 'user-2')).toEqual(['USDT ethereum 25.00', 'USDT solana 3.00'])
    expect(await holdings(box, 'user-3')).toEqual(['USDT ethereum 0.000001'])
    const rows: any[] = (await box.control('GET', '/balances')).json.data
    expect(rows.map(({ holder, network, balance }) => [holder, network, balance])).toEqual([
      ['treasury', 'ethereum', '5.000000'],
      ['user:user-1', 'solana', '2.000000'],
      ['user:user-2', 'ethereum', '25.000000'],
      ['user:user-2', 'solana', '3.000000'],
      ['user:user-3', 'ethereum', '0.000001'],
    ])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('zopay.ledger.accounts: a live key has books of its own', async () => {
    const box = await start({ providers: { zopay: { liveKeys: 'serve' } } })
    const live = clientOf('sk_live_sandgate_demo')
    await fund(box)
    await fund(box, { account: 'org_demo/live', amount: '3' })
    expect([await holdings(box), await holdings(box, 'user-1', live)]).toEqual([
      ['USDT ethereum 100.00'],
      ['USDT ethereum 3.00'],
    ])
  })

  test('zopay.deposits.pending: nothing is credited before it is confirmed', async () => {
    const box = await start()
    await box.deposit(await address(box), '40')
    expect(await holdings(box)).toEqual([])
    await box.advance('10m')
    expect(await holdings(box)).toEqual(['USDT ethereum 40.00'])
  })

  test('zopay.ledger.reversal: what is reorganised away is taken back, below zero where it was spent', async () => {
    const box = await start()
    await box.deposit(await address(box), '40', { outcome: 'reorged' })
    await box.advance('140s')
    for (let waited = 0; (await holdings(box)).length === 0 && waited < 20; waited++) await box.advance('1s')
    expect(await holdings(box)).toEqual(['USDT ethereum 40.00'])
    await paidOut(box, { amount: '30' })
    await box.advance('2m')
    expect(await holdings(box)).toEqual(['USDT ethereum -30.00'])
    expect((await tenant(box)).totals).toEqual({ usd: '-30.00', pen: '-112.50' })
    expect(ledgerProblems(box.world)).toEqual([])
  })
})
