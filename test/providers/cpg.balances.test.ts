// What a CPG account has: balances, the hot wallet that pays, the transactions of the chain, and the sweeps that move money in between.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allocation, client, clientOf, type Credentials, KEYS, PAYEE, payout } from '../clients/cpg.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

function ask(box: Kit, path: string, credentials: Credentials = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(credentials), { method: 'GET', path: `/v1/${path}` })
}

/** The same without Prism's opinion, which takes a name that is repeated for a list, and an empty value for none. */
async function askOnly(box: Kit, path: string): Promise<Reply> {
  box.passWall(1000)
  const { headers } = client.sign({ method: 'GET', path: `/v1/${path}` }, box.wallMs)
  return box.raw('GET', `/cpg/v1/${path}`, headers)
}

async function give(box: Kit, amount: string, more: Record<string, unknown> = {}): Promise<void> {
  const money = { provider: 'cpg', currency: 'USDT', network: 'ETH', amount, ...more }
  const reply = await box.control('POST', '/balances', money)
  expect(reply.status, reply.text).toBe(201)
}

async function act(box: Kit, name: string, input: Record<string, unknown>): Promise<Reply> {
  return box.control('POST', `/actions/cpg/${name}`, input)
}

/** A deposit that is confirmed at once. */
async function paid(box: Kit, amount: string, fields: Record<string, unknown> = {}): Promise<any> {
  const { address } = (await box.call(client, allocation(fields))).json.data
  return box.deposit(address, amount, { confirmations: 'instant' })
}

function refused(reply: Reply, status: number, message: string): void {
  expect([reply.status, reply.json]).toEqual([status, { success: false, message }])
}

describe('balances', () => {
  test('cpg.balances.row: the documented keys in the documented order; cpg.balances.credit: at the confirmation', async () => {
    const box = await start()
    expect((await ask(box, 'balances')).text).toBe('{"success":true,"message":"OK","data":[],"data_count":0}')
    const { address } = (await box.call(client, allocation())).json.data
    await box.deposit(address, '100')
    await box.advance('143s')
    expect((await ask(box, 'balances')).json.data).toEqual([])
    await box.advance('1s')
    await box.call(client, payout({ amount: '25.5' }))
    expect((await ask(box, 'balances')).text).toBe(
      '{"success":true,"message":"OK","data":[{"currency":"USDT","network":"ETH","balance":"100.000000","held":"30.500000","available":"69.500000"}],"data_count":1}',
    )
  })

  test('cpg.balances.row: at the precision of the currency', async () => {
    const box = await start()
    await paid(box, '12.5', { network: 'BSC' })
    expect((await ask(box, 'balances')).json.data[0]).toEqual({
      currency: 'USDT',
      network: 'BSC',
      balance: '12.500000000000000000',
      held: '0.000000000000000000',
      available: '12.500000000000000000',
    })
  })

  test.each(['touched', 'enabled'])('cpg.balances.rows; cpg.balances.order: %s', async (assumed) => {
    const box = await start({ assume: { 'cpg.balances.rows': assumed } })
    for (const [currency, network] of [
      ['TRX', 'TRX'],
      ['USDT', 'BSC'],
      ['USDC', 'ETH'],
    ] as const)
      await give(box, '1', { currency, network })
    await give(box, '-1', { currency: 'USDC' })
    const rows = (await ask(box, 'balances')).json.data.map((row: any) => `${row.currency} ${row.network}`)
    expect(rows).toEqual(
      assumed === 'touched'
        ? ['USDC ETH', 'USDT BSC', 'TRX TRX']
        : ['USDT ETH', 'USDC ETH', 'ETH ETH', 'USDT BSC', 'BNB BSC', 'USDT TRX', 'TRX TRX'],
    )
    await act(box, 'toggle-currency', { currency: 'TRX', network: 'TRX', deposit: false })
    expect((await ask(box, 'balances?network=TRX')).json.data).toContainEqual(
      expect.objectContaining({ currency: 'TRX', balance: '1.000000' }),
    )
  })

  test.each([
    ['currency=USDT', ['USDT ETH', 'USDT TRX']],
    ['currency=usdt&network=trx', ['USDT TRX']],
    ['network=Eth', ['USDT ETH', 'USDC ETH']],
    ['currency=', ['USDT ETH', 'USDC ETH', 'USDT TRX']],
    ['currency=NOPE', []],
    ['network=NOPE', []],
    ['currency=USDC&currency=USDT', ['USDT ETH', 'USDT TRX']],
  ])('cpg.balances.filters: %s', async (query, rows) => {
    const box = await start()
    for (const more of [{ network: 'TRX' }, {}, { currency: 'USDC' }]) await give(box, '1', more)
    const { data, data_count: count } = (await askOnly(box, `balances?${query}`)).json
    expect([data.map((row: any) => `${row.currency} ${row.network}`), count]).toEqual([rows, rows.length])
  })

  test('another account sees nothing of it', async () => {
    const box = await start()
    await give(box, '1')
    expect((await ask(box, 'balances', KEYS.other)).json.data_count).toBe(0)
    expect((await ask(box, 'transactions', KEYS.other)).json.data_count).toBe(0)
  })

  test('cpg.balances.reversal: a credit that was spent is taken back, and nothing can be paid until it is covered', async () => {
    const box = await start()
    const { address } = (await box.call(client, allocation())).json.data
    await box.deposit(address, '20', { outcome: 'reorged' })
    await box.advance('144s')
    await box.call(client, payout())
    await box.advance('1h')
    expect((await ask(box, 'balances')).json.data[0]).toMatchObject({ balance: '-15.000000', available: '-15.000000' })
    refused(await box.call(client, payout()), 400, 'Insufficient balance')
    await give(box, '29.999999')
    refused(await box.call(client, payout()), 400, 'Insufficient balance')
    await give(box, '0.000001')
    expect((await box.call(client, payout())).status).toBe(200)
  })

  test('cpg.deposits.minimum: below it a deposit is listed, not credited, not told as confirmed, not swept', async () => {
    const keys = [{ id: 'shop', secret: 's' }]
    const currencies = [{ currency: 'USDT', network: 'ETH', minDeposit: '5' }]
    const box = await start({ providers: { cpg: { accounts: { shop: { keys, currencies } } } } })
    const shop = clientOf({ key: 'shop', secret: 's' })
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { account: 'shop' })
    const { address } = (await box.call(shop, allocation())).json.data
    await box.deposit(address, '4.999999', { confirmations: 'instant' })
    await box.advance('1h')
    const { transactions } = (await box.call(shop, { method: 'GET', path: '/v1/deposit-requests/1' })).json.data
    expect(transactions).toMatchObject([{ status: 'confirmed' }])
    expect((await box.call(shop, { method: 'GET', path: '/v1/balances' })).json.data).toEqual([])
    expect(inbox.received.map(({ json }) => json.event)).toEqual(['deposit.detected'])
    await box.deposit(address, '5', { confirmations: 'instant' })
    expect((await box.call(shop, { method: 'GET', path: '/v1/balances' })).json.data[0].balance).toBe('5.000000')
    const [listed] = (await box.call(shop, { method: 'GET', path: '/v1/currencies' })).json.data
    expect(listed.min_deposit_amount).toBe('5.000000000000000000')
  })

  test.each([
    [{ network: undefined }, 'CPG keeps USDT per network: set network to one of ETH, BSC, TRX'],
    [{ network: 'SOL' }, 'CPG has no USDT on "SOL"'],
    [{ currency: 'USDX' }, 'did you mean USD'],
    [{ account: 'demmo' }, 'did you mean demo'],
    [{ holder: 'me' }, 'hot-wallet is the purse of the hot wallet'],
  ])('cpg.balances.by-hand: %o is told in a sentence', async (more, says) => {
    const box = await start()
    const money = { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1', ...more }
    const reply = await box.control('POST', '/balances', money)
    expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining(says)])
  })
})

describe('the hot wallet', () => {
  test('cpg.hot-wallet.address: one for each account and network, in upper case, for ever', async () => {
    const box = await start()
    const address = async (network: string, who: Credentials = KEYS.demo) =>
      (await ask(box, `hot-wallet-address?network=${network}`, who)).json.data
    const first = await address('eth')
    expect(first).toEqual({ network: 'ETH', address: expect.stringMatching(/^0xfa4e/i) })
    await box.advance('400d')
    expect(await address('ETH', KEYS.second)).toEqual(first)
    const all = [first, await address('BSC'), await address('TRX'), await address('ETH', KEYS.other)]
    expect(new Set(all.map((row) => row.address.toLowerCase())).size).toBe(4)
  })

  test.each([
    ['', 422, 'network: Field required'],
    ['?network=', 422, 'network: String should have at least 1 character'],
    [`?network=${'x'.repeat(33)}`, 422, 'network: String should have at most 32 characters'],
    ['?network=SOL', 404, 'Network not found'],
    ['?network=ETH&network=SOL', 404, 'Network not found'],
  ])('cpg.hot-wallet.network-not-found: %s', async (query, status, message) => {
    const box = await start()
    refused(await askOnly(box, `hot-wallet-address${query}`), status, message)
  })

  test('cpg.hot-wallet.not-allocated: until a currency is enabled; cpg.hot-wallet.allocation: and it stays', async () => {
    const box = await start()
    const text = 'Hot wallet has not been allocated for this network. Enable at least one currency first.'
    const read = () => ask(box, 'hot-wallet-address?network=BSC', KEYS.other)
    refused(await read(), 404, text)
    const toggle = { account: 'other', currency: 'USDT', network: 'BSC' }
    await act(box, 'toggle-currency', { ...toggle, withdrawal: true })
    await act(box, 'toggle-currency', { ...toggle, withdrawal: false })
    expect((await read()).status).toBe(200)
    refused(await ask(box, 'hot-wallet-address?network=TRX', KEYS.other), 404, text)
  })

  test('cpg.hot-wallet.no-deposit: funding is not credited, not listed, not told', async () => {
    const box = await start({ assume: { 'cpg.hot-wallet.funding': 'tracked' } })
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    const { address } = (await ask(box, 'hot-wallet-address?network=ETH')).json.data
    await box.deposit(address, '100', { currency: 'USDT' })
    await box.advance('1h')
    expect((await ask(box, 'balances')).json.data).toEqual([])
    expect((await ask(box, 'transactions')).json.data).toEqual([])
    expect(inbox.received).toEqual([])
    const [row] = (await box.control('GET', '/balances?provider=cpg')).json.data
    expect(row).toMatchObject({ account: 'demo', holder: 'hot-wallet', balance: '100.000000' })
  })

  test('cpg.hot-wallet.handed-out: a withdrawal to it goes like any other', async () => {
    const box = await start()
    await give(box, '100')
    const { address } = (await ask(box, 'hot-wallet-address?network=ETH')).json.data
    expect((await box.call(client, payout({ to_address: address }))).status).toBe(200)
    await box.advance('1h')
    expect((await ask(box, 'withdrawals/1')).json.data.status).toBe('confirmed')
    expect((await ask(box, 'balances')).json.data[0].balance).toBe('85.000000')
  })

  test('cpg.hot-wallet.funding: asset and gas are taken at the broadcast, a lack of either fails it', async () => {
    const box = await start({ assume: { 'cpg.hot-wallet.funding': 'tracked' } })
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    await give(box, '100')
    const { address } = (await ask(box, 'hot-wallet-address?network=ETH')).json.data
    const fund = (amount: string, currency: string) =>
      box.deposit(address, amount, { currency, confirmations: 'instant' })
    const purse = async (currency: string) =>
      (await box.control('GET', `/balances?currency=${currency}`)).json.data.find((row: any) => row.holder !== null)
    await fund('9.999999', 'USDT')
    refused(await box.call(client, payout()), 400, 'Hot wallet has insufficient funds')
    await fund('10.000001', 'USDT')
    refused(await box.call(client, payout()), 400, 'Hot wallet has insufficient gas')
    await fund('0.001999999999999999', 'ETH')
    refused(await box.call(client, payout()), 400, 'Hot wallet has insufficient gas')
    expect((await ask(box, 'withdrawals/3')).json.data).toMatchObject({
      status: 'failed',
      error_message: 'Hot wallet has insufficient gas',
      tx_hash: null,
    })
    expect((await ask(box, 'balances')).json.data[0]).toMatchObject({ held: '0.000000', available: '100.000000' })
    await fund('0.000000000000000001', 'ETH')
    expect((await box.call(client, payout())).status).toBe(200)
    expect([(await purse('USDT')).balance, (await purse('ETH')).balance]).toEqual(['10.000000', '0.000000000000000000'])
    await box.advance('1ms')
    expect(inbox.received.map(({ json }) => json.event)).toEqual([
      'withdrawal.failed',
      'withdrawal.failed',
      'withdrawal.failed',
      'withdrawal.broadcasted',
    ])
  })

  test.each([
    [{ outcome: 'failed', stage: 'before' }, '20.000000', '1.000000000000000000'],
    [{ outcome: 'failed', stage: 'before', after: '1m' }, '20.000000', '1.000000000000000000'],
    [{ outcome: 'failed', stage: 'after' }, '20.000000', '1.000000000000000000'],
    [{ outcome: 'replaced' }, '20.000000', '0.998000000000000000'],
    [{ outcome: 'confirmed' }, '10.000000', '0.998000000000000000'],
    [{ outcome: 'confirmed', stage: 'before', after: '1m' }, '10.000000', '0.998000000000000000'],
  ])('cpg.hot-wallet.funding: what is left after %o', async (withdrawal, usdt, ether) => {
    const box = await start({ assume: { 'cpg.hot-wallet.funding': 'tracked' } })
    await give(box, '100')
    await give(box, '20', { holder: 'hot-wallet' })
    await give(box, '1', { holder: 'hot-wallet', currency: 'ETH' })
    const rule = { when: { operation: 'createWithdrawal', provider: 'cpg' }, then: [{ withdrawal }] }
    expect((await box.control('POST', '/faults', rule)).status).toBe(201)
    await box.call(client, payout())
    await box.advance('1h')
    const rows = (await box.control('GET', '/balances')).json.data.filter((row: any) => row.holder !== null)
    expect(rows.map(({ available }: any) => available)).toEqual([usdt, ether])
  })

  test('cpg.hot-wallet.funding: funding that is reorganised away is gone again', async () => {
    const box = await start({ assume: { 'cpg.hot-wallet.funding': 'tracked' } })
    const { address } = (await ask(box, 'hot-wallet-address?network=ETH')).json.data
    await box.deposit(address, '5', { outcome: 'reorged' })
    await box.advance('1h')
    expect((await box.control('GET', '/balances')).json.data[0].balance).toBe('0.000000000000000000')
  })
})

describe('transactions', () => {
  test('cpg.transactions.rows: the documented keys in the documented order, to the byte', async () => {
    const box = await start()
    await give(box, '100')
    const { address } = (await box.call(client, allocation())).json.data
    const { txid, from } = await box.deposit(address, '100')
    const [deposit] = (await ask(box, 'transactions')).json.data
    expect(JSON.stringify(deposit)).toBe(
      `{"id":1,"tx_hash":"${txid}","direction":"deposit","status":"detected","currency":"USDT","network":"ETH","from_address":"${from}",` +
        `"to_address":"${address}","amount_decimal":"100.000000","confirmations":0,"block_number":null,"created_at":"2026-05-16T19:00:00+00:00","confirmed_at":null}`,
    )
    const { tx_hash } = (await box.call(client, payout({ amount: '25.5' }))).json.data
    const hot = (await ask(box, 'hot-wallet-address?network=ETH')).json.data.address
    await box.advance('144s')
    expect((await ask(box, 'transactions')).json.data).toEqual([
      {
        id: 2,
        tx_hash,
        direction: 'withdrawal',
        status: 'confirmed',
        currency: 'USDT',
        network: 'ETH',
        from_address: hot,
        to_address: PAYEE,
        amount_decimal: '25.500000',
        confirmations: 12,
        block_number: expect.any(Number),
        created_at: '2026-05-16T19:00:00+00:00',
        confirmed_at: '2026-05-16T19:02:24+00:00',
      },
      {
        ...deposit,
        status: 'confirmed',
        confirmations: 12,
        block_number: expect.any(Number),
        confirmed_at: '2026-05-16T19:02:24+00:00',
      },
    ])
  })

  test.each(['broadcasted', 'pending'])(
    'cpg.transactions.outgoing-status: %s, then what became of it',
    async (first) => {
      const box = await start({ assume: { 'cpg.transactions.outgoing-status': first } })
      await give(box, '100')
      const rule = {
        when: { operation: 'createWithdrawal', provider: 'cpg', nth: 2 },
        then: [{ withdrawal: { outcome: 'failed', stage: 'after' } }],
      }
      await box.control('POST', '/faults', rule)
      for (let call = 0; call < 2; call++) await box.call(client, payout())
      const statuses = async (query = '') =>
        (await ask(box, `transactions${query}`)).json.data.map(({ status }: any) => status)
      expect(await statuses(`?status=${first}`)).toEqual([first, first])
      await box.advance('1h')
      expect(await statuses()).toEqual(['failed', 'confirmed'])
    },
  )

  test.each(['dropped', 'replaced', 'reorged'])(
    'cpg.deposits.gone: a deposit that is %s leaves this list too',
    async (outcome) => {
      const box = await start()
      const { address } = (await box.call(client, allocation())).json.data
      await box.deposit(address, '1', { outcome })
      expect((await ask(box, 'transactions')).json.data_count).toBe(1)
      await box.advance('1h')
      expect((await ask(box, 'transactions')).json.data).toEqual([])
    },
  )

  test('cpg.transactions.sweep; cpg.transactions.gas-topup; cpg.sweeps.schedule: gas after 8 minutes, the move after 9, both done after 10', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.swept'] })
    const { address } = await paid(box, '7')
    const rows = async () =>
      (await ask(box, 'transactions')).json.data.map((row: any) => `${row.direction} ${row.status}`)
    await box.advance('479999ms')
    expect(await rows()).toEqual(['deposit confirmed'])
    await box.advance('1ms')
    expect(await rows()).toEqual(['gas_topup broadcasted', 'deposit confirmed'])
    await box.advance('1m')
    expect(await rows()).toEqual(['sweep broadcasted', 'gas_topup broadcasted', 'deposit confirmed'])
    await box.advance('1m')
    const [sweep, topUp] = (await ask(box, 'transactions')).json.data
    expect(topUp).toMatchObject({
      status: 'confirmed',
      currency: 'ETH',
      amount_decimal: '0.002000000000000000',
      to_address: address,
      created_at: '2026-05-16T19:08:00+00:00',
      confirmed_at: '2026-05-16T19:10:00+00:00',
    })
    expect(sweep).toMatchObject({
      status: 'confirmed',
      currency: 'USDT',
      amount_decimal: '7.000000',
      from_address: address,
      confirmations: 12,
      created_at: '2026-05-16T19:09:00+00:00',
    })
    expect(inbox.received[0]!.json.data).toMatchObject({
      sweep_tx_hash: sweep.tx_hash,
      swept_at: '2026-05-16T19:10:00Z',
    })
    expect((await ask(box, 'balances')).json.data[0].balance).toBe('7.000000')
  })

  test('cpg.transactions.gas-topup: native coins need none', async () => {
    const box = await start()
    await paid(box, '7', { currency: 'TRX', network: 'TRX' })
    await box.advance('1h')
    const rows = (await ask(box, 'transactions')).json.data
    expect(rows.map(({ direction }: any) => direction)).toEqual(['sweep', 'deposit'])
    expect(rows[0].tx_hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each([
    ['receiving-wallet', undefined],
    ['hot-wallet', '7.000000'],
  ])('cpg.sweeps.to: the %s', async (to, funds) => {
    const box = await start({ assume: { 'cpg.sweeps.to': to, 'cpg.hot-wallet.funding': 'tracked' } })
    await paid(box, '7')
    await box.advance('1h')
    const hot = (await ask(box, 'hot-wallet-address?network=ETH')).json.data.address
    const [sweep] = (await ask(box, 'transactions?direction=sweep')).json.data
    expect(sweep.to_address === hot).toBe(to === 'hot-wallet')
    const row = (await box.control('GET', '/balances')).json.data.find(({ holder }: any) => holder === 'hot-wallet')
    expect(row?.balance).toBe(funds)
  })

  test('cpg.transactions.ids: one counter for all accounts and directions', async () => {
    const box = await start()
    await paid(box, '20')
    const other = clientOf(KEYS.other)
    await box.deposit((await box.call(other, allocation())).json.data.address, '1')
    await box.call(client, payout())
    const ids = async (who: Credentials) => (await ask(box, 'transactions', who)).json.data.map(({ id }: any) => id)
    expect([await ids(KEYS.demo), await ids(KEYS.other)]).toEqual([[3, 1], [2]])
  })

  test.each([
    ['direction=deposit', 4],
    ['direction=gas_topup', 3],
    ['direction=deposit&currency=usdt', 3],
    ['currency=TRX&network=trx', 4],
    ['network=ETH', 3],
    ['status=confirmed', 11],
    ['status=detected', 0],
    ['status=nonsense', 0],
    ['currency=NOPE', 0],
    ['network=&currency=&status=', 11],
    ['direction=deposit&limit=2', 2],
    ['direction=sweep&direction=deposit', 4],
  ])('cpg.transactions.filters: %s', async (query, count) => {
    const box = await start()
    await paid(box, '7')
    await paid(box, '7', { network: 'TRX' })
    await paid(box, '7', { network: 'TRX' })
    await paid(box, '7', { currency: 'TRX', network: 'TRX' })
    await box.advance('1h')
    expect((await askOnly(box, `transactions?${query}`)).json.data_count).toBe(count)
  })

  test('cpg.transactions.direction: any text is an empty list where that is assumed', async () => {
    const box = await start({ assume: { 'cpg.transactions.direction': 'text' } })
    await paid(box, '7')
    for (const direction of ['foo', '']) {
      const reply = await askOnly(box, `transactions?direction=${direction}`)
      expect([reply.status, reply.json?.data]).toEqual([200, []])
    }
  })

  const INTEGER = 'Input should be a valid integer, unable to parse string as an integer'
  test.each([
    ['limit=0', 'limit: Input should be greater than or equal to 1'],
    ['limit=201', 'limit: Input should be less than or equal to 200'],
    ['limit=', `limit: ${INTEGER}`],
    ['cursor=', `cursor: ${INTEGER}`],
    ['cursor=x', `cursor: ${INTEGER}`],
    ['direction=foo', "direction: Input should be 'deposit', 'withdrawal', 'sweep' or 'gas_topup'"],
    ['direction=', "direction: Input should be 'deposit', 'withdrawal', 'sweep' or 'gas_topup'"],
    [
      'limit=0&cursor=x&direction=foo',
      `direction: Input should be 'deposit', 'withdrawal', 'sweep' or 'gas_topup'; cursor: ${INTEGER}; limit: Input should be greater than or equal to 1`,
    ],
  ])('cpg.validation.message: transactions with %s', async (query, message) => {
    const box = await start()
    refused(await askOnly(box, `transactions?${query}`), 422, message)
  })

  test.each(['0', '-1', '-99999999999999999999'])(
    'cpg.transactions.paging: the cursor %s is below everything',
    async (cursor) => {
      const box = await start()
      await paid(box, '7')
      expect((await ask(box, `transactions?cursor=${cursor}`)).json).toMatchObject({ data: [], has_more: false })
    },
  )

  test.each(['2', '1000', '9007199254740993', '99999999999999999999'])(
    'cpg.transactions.paging: the cursor %s is above everything',
    async (cursor) => {
      const box = await start()
      await paid(box, '7')
      expect((await ask(box, `transactions?cursor=${cursor}`)).json).toMatchObject({ data: [{ id: 1 }] })
    },
  )

  test('cpg.transactions.paging; cpg.transactions.order: pages of any size, with rows born in between, are the whole list; an exact multiple ends empty', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (count, limit, more) => {
          const box = await start()
          const { address } = (await box.call(client, allocation({ user_identifier: 'u' }))).json.data
          for (let made = 0; made < count; made++) await box.deposit(address, '1')
          const seen: number[] = []
          let pages = 0
          for (let cursor: number | null = null; ;) {
            const page: any = (
              await ask(box, `transactions?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`)
            ).json
            expect(Object.keys(page)).toEqual(['success', 'message', 'data', 'data_count', 'next_cursor', 'has_more'])
            pages++
            seen.push(...page.data.map(({ id }: any) => id))
            expect([page.has_more, page.data_count]).toEqual([page.data.length === limit, page.data.length])
            expect(page.next_cursor).toBe(page.has_more ? page.data.at(-1).id : null)
            if (!page.has_more) break
            cursor = page.next_cursor
            if (more) await box.deposit(address, '1')
          }
          expect(seen).toEqual(Array.from({ length: count }, (_, index) => count - index))
          expect(pages).toBe(Math.floor(count / limit) + 1)
          await box.sandbox.close()
        },
      ),
      { numRuns: 25, seed: 20260516 },
    )
  })
})

describe('actions', () => {
  test('cpg.actions.toggle: what is toggled shows in the currencies and in the next call', async () => {
    const box = await start()
    const usdc = { currency: 'USDC', network: 'BSC' }
    refused(
      await box.call(client, allocation(usdc)),
      403,
      'Deposits for this currency are not enabled for this account',
    )
    const reply = await act(box, 'toggle-currency', { currency: 'usdc', network: 'bsc', deposit: true })
    expect([reply.status, reply.json]).toEqual([201, { account: 'demo', ...usdc, deposit: true, withdrawal: false }])
    expect((await box.call(client, allocation(usdc))).status).toBe(200)
    const listed = async () =>
      (await ask(box, 'currencies')).json.data.filter((row: any) => row.currency === 'USDC' && row.network === 'BSC')
    expect(await listed()).toMatchObject([{ deposit_enabled: true, withdrawal_enabled: false }])
    await act(box, 'toggle-currency', { ...usdc, deposit: false })
    expect(await listed()).toEqual([])
  })

  test('cpg.actions.activate: what CPG switches off is not found, for everybody, until it is on again', async () => {
    const box = await start()
    await give(box, '100')
    const ethereum = { network: 'eth' }
    expect((await act(box, 'deactivate', ethereum)).status).toBe(201)
    refused(await box.call(client, allocation()), 404, 'Network not found')
    refused(await box.call(client, payout()), 404, 'Network not found')
    refused(await ask(box, 'hot-wallet-address?network=ETH', KEYS.other), 404, 'Network not found')
    expect((await ask(box, 'currencies', KEYS.other)).json.data).toEqual([])
    expect((await act(box, 'activate', ethereum)).status).toBe(201)
    await act(box, 'deactivate', { network: 'ETH', currency: 'USDT' })
    refused(await box.call(client, allocation()), 404, 'Currency not found')
    refused(await box.call(client, payout()), 404, 'Currency not found')
    expect((await box.call(client, allocation({ currency: 'USDC' }))).status).toBe(200)
    await act(box, 'activate', { network: 'ETH', currency: 'USDT' })
    expect((await box.call(client, payout())).status).toBe(200)
  })

  test.each([
    ['toggle-currency', { currency: 'USDT', network: 'ETH' }, 'set deposit, withdrawal or both'],
    ['toggle-currency', { currency: 'USDT', network: 'SOL', deposit: true }, 'CPG knows no network "SOL"'],
    ['toggle-currency', { currency: 'BTC', network: 'ETH', deposit: true }, 'CPG knows no "BTC" on ETH'],
    ['toggle-currency', { account: 'x', currency: 'USDT', network: 'ETH', deposit: true }, 'CPG has no account "x"'],
    ['activate', { network: 'ETH' }, 'ETH is not switched off'],
    ['activate', { network: 'ETH', currency: 'USDT' }, 'USDT on ETH is not switched off'],
    ['deactivate', { network: 'ETH', curency: 'USDT' }, 'curency'],
  ])('cpg.actions.toggle: %s with %o is told in a sentence', async (name, input, says) => {
    const box = await start()
    const reply = await act(box, name, input)
    expect([reply.status >= 400, reply.json.detail]).toEqual([true, expect.stringContaining(says)])
  })
})
