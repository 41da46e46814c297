// Withdrawals of CPG, from its pages on creating and reading one: what is accepted and refused, in which order, what is answered, and what becomes of them.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonical, client, clientOf, type Credentials, KEYS, PAYEE, payout, sign } from '../clients/cpg.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

/** An account that may withdraw everything, with terms of its own. */
const SHOP = {
  accounts: {
    shop: {
      keys: [{ id: 'shop', secret: 's' }],
      currencies: [
        { currency: 'USDT', network: 'ETH', withdrawal: true, feePercent: '1.5', feeFlat: '0.5', minWithdrawal: '1' },
        { currency: 'ETH', network: 'ETH', withdrawal: true },
        { currency: 'USDT', network: 'BSC', withdrawal: true },
        { currency: 'USDT', network: 'TRX', withdrawal: true },
      ],
    },
  },
}
const shop = clientOf({ key: 'shop', secret: 's' })

async function give(box: Kit, amount: string, more: Record<string, unknown> = {}): Promise<void> {
  const money = { provider: 'cpg', currency: 'USDT', network: 'ETH', amount, ...more }
  const reply = await box.control('POST', '/balances', money)
  expect(reply.status, reply.text).toBe(201)
}

function pay(box: Kit, fields: Record<string, unknown> = {}, credentials: Credentials = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(credentials), payout(fields))
}

async function read(box: Kit, id: number | string, credentials: Credentials = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(credentials), { method: 'GET', path: `/v1/withdrawals/${id}` })
}

async function balance(box: Kit, by = client): Promise<string[]> {
  const { data } = (await box.call(by, { method: 'GET', path: '/v1/balances?currency=USDT&network=ETH' })).json
  return data.flatMap(({ balance, held, available }: any) => [balance, held, available])
}

function refused(reply: Reply, status: number, message: string): void {
  expect([reply.status, reply.json]).toEqual([status, { success: false, message }])
}

async function destined(box: Kit, then: Record<string, unknown>): Promise<void> {
  const rule = { when: { provider: 'cpg', operation: 'createWithdrawal', nth: 1 }, then: [{ withdrawal: then }] }
  expect((await box.control('POST', '/faults', rule)).status).toBe(201)
}

describe('what is accepted', () => {
  test('cpg.withdrawals.answer; cpg.withdrawals.broadcast: the documented keys in the documented order, to the byte', async () => {
    const box = await start()
    await give(box, '100')
    const reply = await pay(box, { amount: '25.5', client_reference: 'pay-1' })
    const { tx_hash: hash } = reply.json.data
    expect(hash).toMatch(/^0x[0-9a-f]{64}$/)
    expect(reply.status).toBe(200)
    expect(reply.text).toBe(
      `{"success":true,"message":"OK","data":{"withdrawal_id":1,"status":"broadcasted","tx_hash":"${hash}","network":"ETH","currency":"USDT",` +
        `"to_address":"${PAYEE}","amount_decimal":"25.5","fee_decimal":"5.00"}}`,
    )
  })

  test('the vector of the dossier comes out of the signer, and the sandbox takes it', async () => {
    const body = `{"currency":"USDT","network":"ETH","to_address":"${PAYEE}","amount":"25.5","client_reference":"pay-1"}`
    const request = { method: 'POST', path: '/v1/withdrawals', body }
    const signature = 'e018ff9bc5bc5cc91defdf3533fd8b058bded756178cd23fa49e26132486e9a9'
    expect(createHash('sha256').update(body).digest('hex')).toBe(
      '29e780bb6d3f08287a4776e1afb47d45f351f196a1f06541303a16218c291dbe',
    )
    expect(sign('demo-secret-0001', canonical(request, '1780000000'))).toBe(signature)
    const keys = [{ id: 'vector', secret: 'demo-secret-0001' }]
    const currencies = [{ currency: 'USDT', network: 'ETH', withdrawal: true }]
    const box = await start({ providers: { cpg: { accounts: { vectors: { keys, currencies } } } } })
    await give(box, '100', { account: 'vectors' })
    box.passWall(1_780_000_000_000 - box.wallMs)
    const headers = { 'x-cpg-key': 'vector', 'x-cpg-timestamp': '1780000000', 'x-cpg-signature': signature }
    const reply = await box.send('cpg', { ...request, headers: { ...headers, 'content-type': 'application/json' } })
    expect(reply.json.data).toMatchObject({ amount_decimal: '25.5', fee_decimal: '5.00' })
  })

  test.each([
    ['"25.50"', '25.50'],
    ['25.5', '25.5'],
    ['25.50', '25.5'],
    ['50', '50'],
    ['50.0', '50.0'],
    ['"50."', '50'],
    ['"1e3"', '1000'],
    ['"+50"', '50'],
    ['" 50 "', '50'],
    ['"1_000"', '1000'],
    ['"00050"', '50'],
    ['"50.5000000"', '50.5000000'],
    ['1e2', '100.0'],
    ['"1.5E+2"', '150'],
  ])(
    'cpg.withdrawals.amount; cpg.withdrawals.echo: %s is %s, in plain notation with its own places',
    async (amount, echo) => {
      const box = await start()
      await give(box, '5000')
      const request = payout({})
      const reply = await box.call(client, { ...request, body: request.body!.replace('"10"', amount) })
      expect([reply.status, reply.json.data?.amount_decimal]).toEqual([200, echo])
      const { amount: stored } = (await read(box, 1)).json.data
      expect([Number(stored), stored.split('.')[1]]).toEqual([Number(echo), expect.stringMatching(/^\d{6}$/)])
    },
  )

  test('cpg.withdrawals.echo: the other way, at token precision', async () => {
    const box = await start({ assume: { 'cpg.withdrawals.echo': 'token-decimals' } })
    await give(box, '100')
    expect((await pay(box, { amount: '25.5' })).json.data.amount_decimal).toBe('25.500000')
  })

  test('cpg.validation.amount: a number passes through a double, a string does not', async () => {
    const box = await start({ providers: { cpg: SHOP } })
    await give(box, '2000000', { account: 'shop', network: 'BSC' })
    const request = payout({ network: 'BSC' })
    const send = (amount: string) => box.call(shop, { ...request, body: request.body!.replace('"10"', amount) })
    expect((await send('1234567.123456789012')).json.data.amount_decimal).toBe('1234567.123456789')
    await give(box, '2000000', { account: 'shop', network: 'BSC' })
    expect((await send('"1234567.123456789012"')).json.data.amount_decimal).toBe('1234567.123456789012')
    refused(await send('12345678901234567890123'), 400, 'Insufficient balance')
  })

  test.each([
    ['100', '1.5', '2.00'],
    ['33.333333', '0.499999995', '1.00'],
    ['1', '0.015', '0.515'],
    ['4.000033', '0.060000495', '0.56'],
    ['4.0001', '0.0600015', '0.560002'],
    ['4.000100', '0.0600015', '0.560002'],
  ])(
    'cpg.withdrawals.fee: flat and percent on top, half to the even: %s pays %s and 0.5: %s',
    async (amount, _, fee) => {
      const box = await start({ providers: { cpg: SHOP } })
      await give(box, '1000', { account: 'shop' })
      expect((await box.call(shop, payout({ amount }))).json.data.fee_decimal).toBe(fee)
      const [all, held] = await balance(box, shop)
      expect([all, Number(held).toFixed(6)]).toEqual(['1000.000000', (Number(amount) + Number(fee)).toFixed(6)])
    },
  )

  test.each([
    ['ETH', PAYEE],
    ['ETH', '0xdAC17F958D2ee523a2206206994597C13D831ec7'],
    ['ETH', '0xDAC17F958D2EE523A2206206994597C13D831EC7'],
    ['ETH', `0x${'0'.repeat(40)}`],
    ['BSC', PAYEE],
    ['TRX', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'],
  ])('cpg.withdrawals.destination: on %s, %s is an address', async (network, to_address) => {
    const box = await start({ providers: { cpg: SHOP } })
    await give(box, '100', { account: 'shop', network })
    const reply = await box.call(shop, payout({ network, to_address }))
    expect([reply.status, reply.json.data?.to_address]).toEqual([200, to_address])
    expect(reply.json.data.tx_hash).toMatch(network === 'TRX' ? /^[0-9a-f]{64}$/ : /^0x[0-9a-f]{64}$/)
  })

  test('codes match in any case and are echoed as the catalogue writes them', async () => {
    const box = await start()
    await give(box, '100')
    expect((await pay(box, { currency: 'usdt', network: 'eth' })).json.data).toMatchObject({
      currency: 'USDT',
      network: 'ETH',
    })
  })

  test('cpg.withdrawals.minimum: exactly the minimum passes; a coin of 18 places to the last one', async () => {
    const box = await start({ providers: { cpg: SHOP } })
    await give(box, '0.012', { account: 'shop', currency: 'ETH' })
    const ether = (amount: string) => box.call(shop, payout({ currency: 'ETH', amount }))
    refused(await ether('0.009999999999999999'), 400, 'Amount is below the minimum withdrawal amount')
    refused(await ether('0.0099999999999999999999'), 400, 'Amount is below the minimum withdrawal amount')
    expect((await ether('0.01')).json.data.fee_decimal).toBe('0.001')
    expect((await read(box, 1, { key: 'shop', secret: 's' } as never)).json.data.amount).toBe('0.010000000000000000')
  })
})

describe('what is refused', () => {
  test.each([
    ['"0"', 'Input should be greater than 0'],
    ['0', 'Input should be greater than 0'],
    ['"-1"', 'Input should be greater than 0'],
    ['-1', 'Input should be greater than 0'],
    ['"0.000"', 'Input should be greater than 0'],
    ['"abc"', 'Input should be a valid decimal'],
    ['""', 'Input should be a valid decimal'],
    ['"0x10"', 'Input should be a valid decimal'],
    ['"1,5"', 'Input should be a valid decimal'],
    ['"1 5"', 'Input should be a valid decimal'],
    ['"."', 'Input should be a valid decimal'],
    ['"NaN"', 'Input should be a finite number'],
    ['"Infinity"', 'Input should be a finite number'],
    ['"-inf"', 'Input should be a finite number'],
    ['true', 'Decimal input should be an integer, float, string or Decimal object'],
    ['null', 'Decimal input should be an integer, float, string or Decimal object'],
    ['[]', 'Decimal input should be an integer, float, string or Decimal object'],
    ['{}', 'Decimal input should be an integer, float, string or Decimal object'],
  ])('cpg.validation.amount: %s', async (amount, reason) => {
    const box = await start()
    const request = payout({})
    refused(
      await box.call(client, { ...request, body: request.body!.replace('"10"', amount) }),
      422,
      `amount: ${reason}`,
    )
  })

  test('cpg.validation.amount: a number beyond every double is infinite to Python', async () => {
    const box = await start()
    const request = payout({})
    const { headers, body } = client.sign({ ...request, body: request.body!.replace('"10"', '1e400') }, box.wallMs)
    refused(await box.raw('POST', '/cpg/v1/withdrawals', headers, body), 422, 'amount: Input should be a finite number')
  })

  test.each([
    [{ to_address: 'short' }, 'to_address: String should have at least 10 characters'],
    [{ to_address: 'x'.repeat(257) }, 'to_address: String should have at most 256 characters'],
    [{ client_reference: 'x'.repeat(129) }, 'client_reference: String should have at most 128 characters'],
    [{ client_reference: 5 }, 'client_reference: Input should be a valid string'],
    [{ client_reference: 'a\0b' }, 'client_reference: String should not contain NUL characters'],
    [{ currency: '' }, 'currency: String should have at least 1 character'],
    [{ network: 'x'.repeat(33) }, 'network: String should have at most 32 characters'],
    [
      { currency: undefined, network: undefined, amount: undefined, to_address: undefined, client_reference: 1 },
      'currency: Field required; network: Field required; amount: Field required; to_address: Field required; client_reference: Input should be a valid string',
    ],
    [
      { amount: '0', to_address: 'short' },
      'amount: Input should be greater than 0; to_address: String should have at least 10 characters',
    ],
  ])('cpg.validation.message: a withdrawal with %o', async (fields, message) => {
    const box = await start()
    refused(await pay(box, fields), 422, message)
  })

  /** Each one is wrong in all that comes after it too. */
  const ORDER: [string, Record<string, unknown>, number, string][] = [
    ['the network', { network: 'SOL', currency: 'BTC' }, 404, 'Network not found'],
    ['the currency', { network: 'TRX', currency: 'BTC' }, 404, 'Currency not found'],
    ['enablement', { network: 'TRX' }, 403, 'Withdrawals for this currency are not enabled for this account'],
    ['the destination', {}, 400, 'Invalid destination address'],
    ['the minimum', { to_address: PAYEE }, 400, 'Amount is below the minimum withdrawal amount'],
    ['the places', { to_address: PAYEE, amount: '10.0000001' }, 400, 'Amount has too many decimal places'],
    ['the balance', { to_address: PAYEE, amount: '10' }, 400, 'Insufficient balance'],
  ]
  test.each(ORDER)(
    'cpg.withdrawals.order; cpg.withdrawals.refusals: %s, and nothing is left behind',
    async (_, fields, status, message) => {
      const box = await start()
      const before = box.world.dump()
      refused(await pay(box, { to_address: 'T'.repeat(34), amount: '9.9999999', ...fields }), status, message)
      for (const table of ['cpg.withdrawals', 'withdrawals', 'balances', 'holds', 'deliveries'])
        expect(box.world.dump()[table]).toEqual(before[table])
    },
  )

  test('cpg.withdrawals.not-enabled: whoever has toggled it off', async () => {
    const box = await start()
    await give(box, '100')
    const off = { currency: 'usdt', network: 'eth', withdrawal: false }
    expect((await box.control('POST', '/actions/cpg/toggle-currency', off)).status).toBe(201)
    refused(await pay(box), 403, 'Withdrawals for this currency are not enabled for this account')
    refused(await pay(box, {}, KEYS.other), 403, 'Withdrawals for this currency are not enabled for this account')
  })

  test.each([
    ['ETH', '0xdAC17F958D2ee523a2206206994597C13D831eC7'],
    ['ETH', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'],
    ['ETH', `0X${'0'.repeat(40)}`],
    ['ETH', `0x${'0'.repeat(39)}`],
    ['ETH', ` 0x${'0'.repeat(40)}`],
    ['BSC', '0xdAC17F958D2ee523a2206206994597C13D831eC7'],
    ['TRX', PAYEE],
    ['TRX', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u'],
    ['TRX', '41a614f803b6fd780986a42c78ec9c7f77e6ded13c'],
  ])('cpg.withdrawals.destination: on %s, %s is none', async (network, to_address) => {
    const box = await start({ providers: { cpg: SHOP } })
    refused(await box.call(shop, payout({ network, to_address })), 400, 'Invalid destination address')
  })

  test('cpg.withdrawals.checksum: any mix of cases passes where that is assumed', async () => {
    const box = await start({ assume: { 'cpg.withdrawals.checksum': 'lenient' } })
    await give(box, '100')
    expect((await pay(box, { to_address: '0xdAC17F958D2ee523a2206206994597C13D831eC7' })).status).toBe(200)
    refused(await pay(box, { to_address: `0x${'g'.repeat(40)}` }), 400, 'Invalid destination address')
  })

  test('cpg.withdrawals.excess-decimals: refused, or cut off where that is assumed', async () => {
    const box = await start({ assume: { 'cpg.withdrawals.excess-decimals': 'truncate' } })
    await give(box, '100')
    expect((await pay(box, { amount: '10.1234567' })).json.data.amount_decimal).toBe('10.123456')
    expect((await balance(box))[1]).toBe('15.123456')
  })

  test.each(['1e400', '1e999999999', `1${'0'.repeat(100_000)}`])(
    'cpg.withdrawals.balance: more than anybody has, %.12s…, is only more than the balance',
    async (amount) => {
      const box = await start()
      await give(box, '100')
      refused(await pay(box, { amount }), 400, 'Insufficient balance')
    },
  )

  test.each(['1e-400', '1e-999999999', `0.${'0'.repeat(100_000)}1`])(
    'cpg.withdrawals.minimum: next to nothing, %.12s…, is below it',
    async (amount) => {
      const box = await start()
      refused(await pay(box, { amount }), 400, 'Amount is below the minimum withdrawal amount')
    },
  )

  test('cpg.withdrawals.balance: amount and fee to the last atom', async () => {
    const box = await start()
    await give(box, '14.999999')
    refused(await pay(box), 400, 'Insufficient balance')
    await give(box, '0.000001')
    expect((await pay(box)).status).toBe(200)
    refused(await pay(box), 400, 'Insufficient balance')
  })
})

describe('what becomes of it', () => {
  test('cpg.withdrawals.read: the documented keys in the documented order; cpg.withdrawals.debit: at the confirmation', async () => {
    const box = await start()
    await give(box, '100')
    const { tx_hash: hash } = (await pay(box, { amount: '25.5' })).json.data
    const told = (status: string, confirmed: string) =>
      `{"success":true,"message":"OK","data":{"id":1,"currency":"USDT","network":"ETH","to_address":"${PAYEE}","amount":"25.500000","fee":"5.000000",` +
      `"status":"${status}","tx_hash":"${hash}","error_message":null,"requested_at":"2026-05-16T19:00:00+00:00",` +
      `"broadcast_at":"2026-05-16T19:00:00+00:00","confirmed_at":${confirmed}}}`
    expect((await read(box, 1)).text).toBe(told('broadcasted', 'null'))
    expect(await balance(box)).toEqual(['100.000000', '30.500000', '69.500000'])
    await box.advance('143s')
    expect((await read(box, 1)).json.data.status).toBe('broadcasted')
    await box.advance('1s')
    expect((await read(box, 1)).text).toBe(told('confirmed', '"2026-05-16T19:02:24+00:00"'))
    expect(await balance(box)).toEqual(['69.500000', '0.000000', '69.500000'])
    const moved = (await box.control('GET', '/movements')).json.data
    expect(moved.map(({ kind, amount, against }: any) => [kind, amount, against])).toEqual([
      ['adjustment', '100.000000', 'outside'],
      ['withdrawal', '-25.500000', 'chain'],
      ['withdrawal_fee', '-5.000000', 'fees'],
    ])
  })

  test.each([
    ['BSC', '45s', '44999ms'],
    ['TRX', '60s', '59999ms'],
  ])('cpg.withdrawals.debit: %s waits for its own min_confirmations, %s', async (network, at, before) => {
    const box = await start({ providers: { cpg: SHOP } })
    await give(box, '100', { account: 'shop', network })
    const to_address = network === 'TRX' ? 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t' : PAYEE
    await box.call(shop, payout({ network, to_address }))
    const status = async () => (await box.call(shop, { method: 'GET', path: '/v1/withdrawals/1' })).json.data.status
    await box.advance(before)
    expect(await status()).toBe('broadcasted')
    await box.advance(`${Number.parseInt(at, 10) * 1000 - Number.parseInt(before, 10)}ms`)
    expect(await status()).toBe('confirmed')
  })

  test('cpg.withdrawals.foreign: another account’s withdrawal does not exist, whatever its key may', async () => {
    const box = await start()
    await give(box, '100')
    await pay(box)
    refused(await read(box, 1, KEYS.other), 404, 'Withdrawal not found')
    expect((await read(box, 1, KEYS.second)).status).toBe(200)
  })

  test.each([
    ['abc', 422],
    ['1.5', 422],
    ['0', 404],
    ['-1', 404],
    ['2', 404],
    ['99999999999999999999999', 404],
    ['0001', 200],
  ])('cpg.withdrawals.id: %s is %i', async (id, status) => {
    const box = await start()
    await give(box, '100')
    await pay(box)
    const reply = await read(box, id)
    if (status === 422)
      refused(reply, 422, 'withdrawal_id: Input should be a valid integer, unable to parse string as an integer')
    else if (status === 404) refused(reply, 404, 'Withdrawal not found')
    else expect(reply.json.data.id).toBe(1)
  })

  test.each([
    ['400', 400],
    ['502', 502],
  ])('cpg.withdrawals.broadcast-failure: the row stays, the hold does not (%s)', async (assumed, status) => {
    const box = await start({ assume: { 'cpg.withdrawals.broadcast-failure': assumed } })
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    await give(box, '100')
    await destined(box, { outcome: 'failed', reason: 'nonce too low' })
    refused(await pay(box, { client_reference: 'p' }), status, 'Broadcast failed: nonce too low')
    expect((await read(box, 1)).json.data).toMatchObject({
      status: 'failed',
      tx_hash: null,
      error_message: 'nonce too low',
      broadcast_at: null,
      confirmed_at: null,
    })
    expect(await balance(box)).toEqual(['100.000000', '0.000000', '100.000000'])
    await box.advance('1ms')
    expect(inbox.received.map(({ json }) => [json.event, json.data.client_reference, json.data.tx_hash])).toEqual([
      ['withdrawal.failed', 'p', null],
    ])
    expect((await box.call(client, { method: 'GET', path: '/v1/transactions' })).json.data).toEqual([])
  })

  test.each([
    ['ETH', PAYEE, 'insufficient funds for gas * price + value'],
    ['TRX', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', 'CONTRACT_VALIDATE_ERROR'],
  ])('cpg.withdrawals.raw-error: what a node of %s says', async (network, to_address, message) => {
    const box = await start({ providers: { cpg: SHOP } })
    await give(box, '100', { account: 'shop', network })
    await destined(box, { outcome: 'failed' })
    refused(await box.call(shop, payout({ network, to_address })), 400, `Broadcast failed: ${message}`)
  })

  test.each([
    [{ outcome: 'failed', stage: 'after' }, 'transaction was dropped from the mempool'],
    [{ outcome: 'failed', stage: 'after', reason: 'execution reverted' }, 'execution reverted'],
    [{ outcome: 'replaced' }, 'replacement transaction was mined instead'],
  ])('cpg.withdrawals.failed: after the broadcast, %o', async (fate, message) => {
    const box = await start()
    await give(box, '100')
    await destined(box, fate)
    const { tx_hash } = (await pay(box)).json.data
    expect((await balance(box))[1]).toBe('15.000000')
    await box.advance('1h')
    expect((await read(box, 1)).json.data).toMatchObject({
      status: 'failed',
      tx_hash,
      error_message: message,
      broadcast_at: '2026-05-16T19:00:00+00:00',
      confirmed_at: null,
    })
    expect(await balance(box)).toEqual(['100.000000', '0.000000', '100.000000'])
  })

  test('cpg.withdrawals.final: a reorganisation after the confirmation changes nothing', async () => {
    const box = await start()
    await give(box, '100')
    await destined(box, { outcome: 'reorged' })
    await pay(box)
    await box.advance('1h')
    expect((await box.control('GET', '/withdrawals')).json.data[0].status).toBe('reorged')
    expect((await read(box, 1)).json.data.status).toBe('confirmed')
    expect(await balance(box)).toEqual(['85.000000', '0.000000', '85.000000'])
  })

  test('cpg.withdrawals.statuses; cpg.withdrawals.hold; sandgate.ledger.holds: every arrow, by hand', async () => {
    const box = await start()
    await give(box, '1000')
    const rule = {
      when: { provider: 'cpg', operation: 'createWithdrawal', nth: 1 },
      then: [{ withdrawal: { outcome: 'confirmed', stage: 'before', after: '5h' } }],
    }
    const settle = (id: number, outcome: string) => box.control('POST', `/withdrawals/wd_${id}/settle`, { outcome })
    const status = async (id: number) => (await read(box, id)).json.data.status
    for (const [id, outcome] of [
      [1, 'confirmed'],
      [2, 'failed'],
    ] as const) {
      await box.control('POST', '/faults', rule)
      await pay(box)
      expect([await status(id), (await balance(box))[1]]).toEqual(['pending', '15.000000'])
      expect((await settle(id, outcome)).status).toBe(200)
      expect([await status(id), (await balance(box))[1]]).toEqual([outcome, '0.000000'])
      expect((await settle(id, outcome === 'failed' ? 'confirmed' : 'failed')).status).toBe(409)
    }
    for (const [id, outcome] of [
      [3, 'confirmed'],
      [4, 'failed'],
    ] as const) {
      await pay(box)
      expect(await status(id)).toBe('broadcasted')
      expect((await settle(id, outcome)).status).toBe(200)
      expect(await status(id)).toBe(outcome)
    }
    await box.control('POST', '/faults', rule)
    await pay(box)
    await box.advance('5h')
    expect(await status(5)).toBe('broadcasted')
    await box.advance('1h')
    expect(await status(5)).toBe('confirmed')
    expect(await balance(box)).toEqual(['955.000000', '0.000000', '955.000000'])
  })

  test('cpg.withdrawals.no-review: nobody declines one', async () => {
    const box = await start()
    await give(box, '100')
    await destined(box, { outcome: 'confirmed', stage: 'before', after: '5h' })
    await pay(box)
    const reply = await box.control('POST', '/withdrawals/wd_1/settle', { outcome: 'declined' })
    expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining('CPG reviews no withdrawals')])
  })

  test('cpg.webhooks.withdrawals; cpg.webhooks.withdrawal-payload: broadcast before the answer, then confirmed; to the byte', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    await give(box, '100')
    const { tx_hash: hash } = (await pay(box, { amount: '25.5', client_reference: 'pay-1' })).json.data
    await box.advance('1h')
    const body = (id: number, event: string, at: string, confirmed: string) =>
      `{"id":${id},"event":"withdrawal.${event}","created_at":"${at}","api_version":"1","data":{"withdrawal_id":1,"client_reference":"pay-1","currency":"USDT",` +
      `"network":"ETH","to_address":"${PAYEE}","amount":"25.500000","fee":"5.000000","tx_hash":"${hash}","requested_at":"2026-05-16T19:00:00Z",` +
      `"broadcast_at":"2026-05-16T19:00:00Z","confirmed_at":${confirmed},"error_message":null}}`
    expect(inbox.received.map(({ text }) => text)).toEqual([
      body(1, 'broadcasted', '2026-05-16T19:00:00Z', 'null'),
      body(2, 'confirmed', '2026-05-16T19:02:24Z', '"2026-05-16T19:02:24Z"'),
    ])
    expect(inbox.received.map(({ headers }) => [headers['x-cpg-event'], headers['x-cpg-delivery']])).toEqual([
      ['withdrawal.broadcasted', '1'],
      ['withdrawal.confirmed', '2'],
    ])
  })

  test('cpg.webhooks.withdrawals: what a scenario wants of the callbacks of one withdrawal concerns no other one', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    await give(box, '100')
    const rule = {
      when: { provider: 'cpg', operation: 'createWithdrawal', nth: 1 },
      then: [{ callbacks: { how: 'duplicate' } }],
    }
    expect((await box.control('POST', '/faults', rule)).status).toBe(201)
    await pay(box)
    await pay(box)
    await box.advance('1s')
    expect(inbox.received.map(({ json }) => json.data.withdrawal_id)).toEqual([1, 1, 2])
  })

  test('cpg.webhooks.several: each webhook has its own secret, events and deliveries', async () => {
    const box = await start()
    const [first, second] = [await Inbox.open(), await Inbox.open()]
    const secret = await box.subscribe('cpg', first)
    const more = { url: second.url, events: ['withdrawal.confirmed'] }
    const added = await box.control('POST', '/callbacks/endpoints/cpg', more)
    expect(added.status, added.text).toBe(201)
    expect(added.json.secret).not.toBe(secret)
    await give(box, '100')
    await pay(box)
    await box.advance('1h')
    expect(first.received.map(({ json }) => json.event)).toEqual(['withdrawal.broadcasted', 'withdrawal.confirmed'])
    expect(second.received.map(({ json }) => json.event)).toEqual(['withdrawal.confirmed'])
    expect(new Set([...first.received, ...second.received].map(({ json }) => json.id)).size).toBe(3)
    for (const [inbox, key] of [
      [first, secret],
      [second, added.json.secret],
    ] as const)
      for (const { headers, text } of inbox.received)
        expect(headers['x-cpg-signature']).toBe(sign(key, `${headers['x-cpg-timestamp']}\n${text}`))
  })

  test('cpg.deposits.from-this-world: what goes to an address of another account arrives there, in the same transaction', async () => {
    const box = await start()
    await give(box, '100')
    const other = clientOf(KEYS.other)
    const body = '{"currency":"USDT","network":"ETH"}'
    const { data: request } = (await box.call(other, { method: 'POST', path: '/v1/deposit-addresses', body })).json
    const { tx_hash } = (await pay(box, { to_address: request.address.toLowerCase() })).json.data
    await box.advance('10m')
    const path = `/v1/deposit-requests/${request.request_id}`
    const { transactions } = (await box.call(other, { method: 'GET', path })).json.data
    expect(transactions).toMatchObject([{ tx_hash, amount_decimal: '10.000000', status: 'confirmed' }])
    expect(await balance(box, other)).toEqual(['10.000000', '0.000000', '10.000000'])
    expect(await balance(box)).toEqual(['85.000000', '0.000000', '85.000000'])
  })
})
