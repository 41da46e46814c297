// Top-ups, conversions and conversion rules of Payward, from its pages on conversions.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import {
  ACCOUNTS,
  client,
  clientOf,
  conversionOf,
  conversions,
  converting,
  creation,
  createsUser,
  executing,
  KEYS,
  listing,
  METHODS,
  quoteOf,
  quoting,
  ruling,
  toppingUp,
} from '../clients/payward.ts'
import { type Kit, type Reply, start } from '../kit.ts'

const other = clientOf(KEYS.other)
const refused = (reply: Reply) => [reply.status, reply.json.type?.split(':').at(-1)]
const BTC = { symbol: 'BTC', type: 'crypto' }
const USD = { symbol: 'USD', type: 'fiat' }
const USDC = { symbol: 'USDC', type: 'stablecoin' }

/** A bitcoin is 60000.00 dollars, and the first account has so many. */
async function market(btc = '2', more: object = {}): Promise<Kit> {
  const box = await start(more)
  await box.control('PUT', '/rates', { from: 'BTC', to: 'USD', rate: '60000' })
  await box.control('PUT', '/rates', { from: 'BTC', to: 'USDC', rate: '60000' })
  if (btc !== '0') await box.control('POST', '/balances', { provider: 'payward', currency: 'BTC', amount: btc })
  return box
}

async function has(box: Kit): Promise<Record<string, number[]>> {
  expect(ledgerProblems(box.world)).toEqual([])
  const { data } = (await box.control('GET', '/balances?provider=payward')).json
  return Object.fromEntries(data.map((row: any) => [row.currency, [Number(row.balance), Number(row.held)]]))
}

const made = async (box: Kit, request: any): Promise<any> => {
  const reply = await box.call(client, request)
  expect([reply.status, reply.text]).toEqual([200, reply.text])
  return reply.json.data
}
const act = (box: Kit, name: string, fields: object = {}) => box.control('POST', `/actions/payward/${name}`, fields)
const wallet = { from: { asset: BTC, source: { type: 'external_wallet', via: 'bitcoin' } } }
const out = { to: { asset: USDC, destination: { type: 'external_wallet', wallet_id: 'wl_1' } } }
/** The status of a top-up, which no call shows. */
const statusOf = (box: Kit, id: string) =>
  box.control('GET', '/snapshot').then(({ json }) => json.tables['payward.top-ups'][id].status)

describe('top-ups', () => {
  test('payward.topups.item and payward.inbound.item: over a chain, an address for one use', async () => {
    const box = await market('0')
    const data = await made(box, toppingUp())
    expect(data).toEqual({
      id: expect.stringMatching(/^dep_/),
      status: 'pending',
      account: ACCOUNTS.main,
      asset: { ...BTC, name: 'Bitcoin', amount: '0.25000000' },
      inbound: {
        id: expect.stringMatching(/^da_/),
        via: 'bitcoin',
        status: 'active',
        lifecycle: 'single_use',
        address: expect.any(String),
        created_at: '2026-05-16T19:00:00Z',
      },
      created_at: '2026-05-16T19:00:00Z',
    })
    expect((await box.call(client, listing('asset_symbol=BTC'))).json.data).toEqual([])
  })

  test('payward.topups.item and payward.topups.bank-credit: over a bank, with a reference', async () => {
    const box = await market('0')
    const data = await made(box, toppingUp({ asset: { ...USD, amount: '1000.00' }, via: 'fedwire' }))
    expect(data.reference).toMatch(/^PWS-DEP-[A-Z0-9]{6}$/)
    expect(data.inbound).toMatchObject({
      id: expect.stringMatching(/^vacct_/),
      lifecycle: 'reusable',
      routing: { routing_number: expect.any(String), beneficiary_name: expect.stringContaining(data.reference) },
    })
    expect((await act(box, 'bank-credit', { inbound_id: data.inbound.id })).status).toBe(201)
    expect([await statusOf(box, data.id), await has(box)]).toEqual(['credited', { USD: [1000, 0] }])
    expect((await act(box, 'bank-credit', { inbound_id: 'vacct_x' })).status).toBe(409)
  })

  test('payward.topups.states: what a bank credits once more reaches the balance, and the top-up stays credited', async () => {
    const box = await market('0')
    const { id, inbound } = await made(box, toppingUp({ asset: { ...USD, amount: '1000.00' }, via: 'fedwire' }))
    for (const amount of ['1000', '250'])
      expect((await act(box, 'bank-credit', { inbound_id: inbound.id, amount })).status).toBe(201)
    expect([await statusOf(box, id), await has(box)]).toEqual(['credited', { USD: [1250, 0] }])
  })

  // Each is wrong in all that comes after it too.
  test.each([
    [{ asset: { ...BTC, symbol: 'NOPE', amount: '0' }, via: 'sepa' }, 'UnknownAsset'],
    [{ asset: { ...BTC, amount: '0' }, via: 'sepa' }, 'UnsupportedRail'],
    [{ asset: { ...BTC, amount: '0' }, via: 'polygon' }, 'UnsupportedRail'],
    [{ asset: { ...USD, amount: '0' }, via: 'sepa' }, 'UnsupportedRail'],
    [{ asset: { ...BTC, amount: '0' } }, 'InvalidAmount'],
    [{ asset: BTC }, 'InvalidAmount'],
    [{ via: 'x'.repeat(33) }, 'InvalidArguments'],
  ])('payward.topups.order and payward.inbound.rails: %j is 400 %s', async (fields, type) => {
    const box = await market('0')
    expect(refused(await box.call(client, toppingUp(fields)))).toEqual([400, type])
  })

  test('payward.topups.states and payward.inbound.credit: received, credited with what arrived, and taken back', async () => {
    const box = await market('0')
    const { id, inbound } = await made(box, toppingUp())
    await box.deposit(inbound.address, '0.2', { outcome: 'reorged' })
    expect(await statusOf(box, id)).toBe('received')
    await box.advance('31m')
    expect([await statusOf(box, id), await has(box)]).toEqual(['credited', { BTC: [0.2, 0] }])
    await box.advance('2h')
    expect([await statusOf(box, id), await has(box)]).toEqual(['pending', { BTC: [0, 0] }])
  })

  test('payward.topups.expiry: after a day money only reaches the balance', async () => {
    const box = await market('0')
    const { id, inbound } = await made(box, toppingUp())
    await box.advance('86399s')
    expect(await statusOf(box, id)).toBe('pending')
    await box.advance('1s')
    await box.deposit(inbound.address, '0.25', { confirmations: 'instant' })
    expect([await statusOf(box, id), await has(box)]).toEqual(['expired', { BTC: [0.25, 0] }])
  })

  test.each([
    ['actual', 'credited'],
    ['exact', 'pending'],
  ])('payward.topups.amount: %s', async (assumed, status) => {
    const box = await market('0', { assume: { 'payward.topups.amount': assumed } })
    const { id, inbound } = await made(box, toppingUp())
    await box.deposit(inbound.address, '0.2', { confirmations: 'instant' })
    expect([await statusOf(box, id), await has(box)]).toEqual([status, { BTC: [0.2, 0] }])
  })
})

describe('conversions of a balance', () => {
  test('payward.conversions.item and payward.conversions.balance and payward.conversions.fee: completed at once', async () => {
    const box = await market()
    const data = await made(box, converting({ transaction_id: 'ours-1' }))
    expect(data).toEqual({
      id: expect.stringMatching(/^conv_/),
      status: 'completed',
      from: {
        account: ACCOUNTS.main,
        asset: { ...BTC, name: 'Bitcoin', amount: '0.50000000' },
        source: { type: 'balance' },
      },
      to: { asset: { ...USD, name: 'US Dollar', amount: '29970.00' }, destination: { type: 'balance' } },
      fees: { trade: { ...USD, name: 'US Dollar', amount: '30.00' } },
      created_at: '2026-05-16T19:00:00Z',
      updated_at: '2026-05-16T19:00:00Z',
      transaction_id: 'ours-1',
    })
    expect((await box.call(client, conversionOf(data.id))).json.data).toEqual(data)
    expect(await has(box)).toEqual({ BTC: [1.5, 0], USD: [29970, 0] })
  })

  test('payward.conversions.wallets and payward.conversions.postings: to a wallet it leaves over the chain', async () => {
    const box = await market()
    const data = await made(box, converting(out))
    expect(data).toMatchObject({
      status: 'completed',
      to: {
        asset: { amount: '29970.00000000' },
        destination: { type: 'external_wallet', wallet_id: 'wl_1', via: 'ethereum' },
      },
      chain_references: { withdraw_txid: expect.any(String) },
    })
    expect(await has(box)).toEqual({ BTC: [1.5, 0], USDC: [0, 0] })
    const [sent] = (await box.control('GET', '/withdrawals')).json.data
    expect([sent.amount, sent.address]).toEqual([expect.stringMatching(/^29970(\.0+)?$/), data.to.destination.address])
    await box.advance('1h')
    expect((await box.control('GET', '/withdrawals')).json.data[0].status).toBe('confirmed')
  })

  test('payward.conversions.wallets: the key of a saved address is that address, which may be one of this world', async () => {
    const box = await market()
    const address = (
      await made(
        box,
        creation({ method_id: METHODS.usdcEthereum, asset_symbol: 'USDC', asset_type: 'stablecoin' }, ACCOUNTS.second),
      )
    ).address
    const saving = {
      asset_symbol: 'USDC',
      asset_type: 'stablecoin',
      method_id: METHODS.usdcEthereum,
      key: 'cold',
      address,
    }
    const path = `/v1/accounts/${ACCOUNTS.main}/funds/withdrawals/addresses`
    await made(box, { method: 'POST', path, body: JSON.stringify(saving) })
    const to = { asset: USDC, destination: { type: 'external_wallet', wallet_id: 'cold' } }
    expect((await made(box, converting({ to }))).to.destination.address).toBe(address)
    await box.advance('1h')
    const { data } = (await box.control('GET', `/balances?provider=payward&account=${ACCOUNTS.second}`)).json
    expect(data.map((row: any) => [row.currency, Number(row.balance)])).toEqual([['USDC', 29970]])
  })

  test('payward.conversions.payout-lost: what is lost on the chain comes back', async () => {
    const box = await market()
    const { id } = await made(box, converting(out))
    const [sent] = (await box.control('GET', '/withdrawals')).json.data
    await box.control('POST', `/withdrawals/${sent.id}/settle`, { outcome: 'failed' })
    expect((await box.call(client, conversionOf(id))).json.data.status).toBe('failed')
    expect(await has(box)).toEqual({ BTC: [1.5, 0], USDC: [29970, 0] })
  })

  // Each is wrong in all that comes after it too.
  test.each([
    [{ from: { asset: { ...BTC, symbol: 'NOPE' }, source: { type: 'balance' } } }, 400, 'UnknownAsset'],
    [
      { from: { asset: BTC, source: { type: 'balance' } }, to: { asset: BTC, destination: { type: 'balance' } } },
      400,
      'InvalidArguments',
    ],
    [{ from: { asset: BTC, source: { type: 'balance' } } }, 400, 'InvalidArguments'],
    [{ from: { asset: BTC, source: { type: 'external_wallet', via: 'sepa' } } }, 400, 'UnsupportedRail'],
    [{ from: { asset: { ...BTC, amount: '0' }, source: { type: 'balance' } } }, 400, 'InvalidAmount'],
    [{ to: { asset: USD, destination: { type: 'external_wallet', wallet_id: 'wl_1' } } }, 400, 'InvalidArguments'],
    [{ to: { asset: USDC, destination: { type: 'external_wallet' } } }, 400, 'InvalidArguments'],
    [{ swap_quote_id: 'qte_x' }, 404, 'QuoteNotFound'],
    [{ ...wallet, swap_quote_id: 'qte_x' }, 404, 'QuoteNotFound'],
    [{ from: { asset: { ...BTC, amount: '2.1' }, source: { type: 'balance' } } }, 409, 'InsufficientFunds'],
  ])('payward.conversions.order: %j is %i %s', async (fields, status, type) => {
    const box = await market()
    expect(refused(await box.call(client, converting(fields)))).toEqual([status, type])
    expect(await has(box)).toEqual({ BTC: [2, 0] })
  })

  test('payward.conversions.quote: at the price of a quote, once', async () => {
    const box = await market()
    const { id: swap_quote_id } = await made(box, quoting({ fee: { bps: 0 } }))
    await box.control('PUT', '/rates', { from: 'BTC', to: 'USD', rate: '50000' })
    const data = await made(box, converting({ swap_quote_id }))
    expect(data).toMatchObject({
      to: { asset: { amount: '30000.00' } },
      swap_quote: { id: swap_quote_id, status: 'executed' },
    })
    expect(refused(await box.call(client, converting({ swap_quote_id })))).toEqual([409, 'QuoteAlreadyAccepted'])
    expect(refused(await box.call(client, executing(swap_quote_id)))).toEqual([409, 'QuoteAlreadyAccepted'])
    const mismatched = await made(box, quoting({ from: { ...BTC, amount: '0.4' } }))
    expect(refused(await box.call(client, converting({ swap_quote_id: mismatched.id })))).toEqual([
      400,
      'InvalidArguments',
    ])
    const late = await made(box, quoting())
    await box.advance('30s')
    expect(refused(await box.call(client, converting({ swap_quote_id: late.id })))).toEqual([410, 'QuoteExpired'])
    expect((await box.call(client, quoteOf(swap_quote_id))).json.data.status).toBe('executed')
    expect(await has(box)).toEqual({ BTC: [1.5, 0], USD: [30000, 0] })
  })

  test('payward.idempotency.elsewhere: a repeated conversion happens once', async () => {
    const box = await market()
    const once = { ...converting(), headers: { 'idempotency-key': randomUUID() } }
    const first = await box.call(client, once)
    expect((await box.call(client, once)).json).toEqual(first.json)
    expect(await has(box)).toEqual({ BTC: [1.5, 0], USD: [29970, 0] })
  })

  test('payward.conversions.unknown and payward.conversions.list: newest first, by status', async () => {
    const box = await market()
    const first = await made(box, converting())
    const second = await made(box, converting(wallet))
    expect((await box.call(client, conversions())).json).toEqual({ data: [second, first] })
    expect((await box.call(client, conversions('status=completed'))).json.data).toEqual([first])
    expect((await box.call(client, conversions('conversion_rule_id=x'))).json.data).toEqual([])
    expect((await box.call(client, conversions('status=nope'))).status).toBe(400)
    for (const reply of [await box.call(other, conversionOf(first.id)), await box.call(client, conversionOf('conv_x'))])
      expect(refused(reply)).toEqual([404, 'ConversionNotFound'])
  })
})

describe('conversions of what arrives', () => {
  test('payward.conversions.states: every state, and the money in each', async () => {
    const box = await market('0')
    const { id, inbound, status } = await made(box, converting({ ...wallet, ...out }))
    expect([status, inbound.lifecycle]).toEqual(['pending_deposit', 'single_use'])
    const now = async () => (await box.call(client, conversionOf(id))).json.data
    const { txid } = await box.deposit(inbound.address, '0.5', { confirmations: 'instant' })
    expect([(await now()).status, await has(box)]).toEqual(['converting', { BTC: [0.5, 0.5] }])
    await box.advance('2s')
    expect(await now()).toMatchObject({ status: 'settling', to: { asset: { amount: '29970.00000000' } } })
    expect(await has(box)).toEqual({ BTC: [0, 0], USDC: [0, 0] })
    await box.advance('1h')
    const done = await now()
    expect([done.status, done.chain_references]).toEqual([
      'completed',
      { deposit_txid: txid, withdraw_txid: expect.any(String) },
    ])
    await box.deposit(inbound.address, '0.1', { confirmations: 'instant' })
    await box.advance('1h')
    expect([await now(), await has(box)]).toEqual([done, { BTC: [0.1, 0], USDC: [0, 0] }])
  })

  test.each(['disable-user', 'close-user'])(
    'payward.conversions.locked: %s before the money arrives, and after',
    async (how) => {
      const box = await market('0')
      const { id: user_id, accounts } = (await box.call(client, createsUser({}))).json.data
      const account = accounts[0].id
      const [begun, waiting] = [
        await made(box, converting(wallet, account)),
        await made(box, converting(wallet, account)),
      ]
      await box.deposit(begun.inbound.address, '0.5', { confirmations: 'instant' })
      expect((await act(box, how, { user_id })).status).toBe(201)
      await box.deposit(waiting.inbound.address, '0.25', { confirmations: 'instant' })
      await box.advance('1m')
      for (const [{ id }, status] of [
        [begun, 'completed'],
        [waiting, 'failed'],
      ] as const)
        expect((await box.call(client, conversionOf(id))).json.data.status).toBe(status)
      expect(await has(box)).toEqual({ BTC: [0.25, 0], USD: [29970, 0] })
    },
  )

  // The quote: 0.5 BTC at 60000 for 100 hundredths of a per cent.
  test.each([
    ['0.5', '0.5', '29700.00', '300.00'],
    [undefined, '0.5', '29700.00', '300.00'],
    [undefined, '0.2', '11880.00', '120.00'],
    ['0.5', '0.25', '14850.00', '150.00'],
    [undefined, '0.33333333', '19799.99', '200.00'],
  ])('payward.conversions.quote-wallet: %s is asked for, %s arrives', async (amount, arrives, received, fee) => {
    const box = await market('0')
    const { id: swap_quote_id } = await made(box, quoting({ fee: { bps: 100 } }))
    const from = { ...wallet.from, asset: { ...BTC, amount } }
    const { id, inbound, swap_quote } = await made(box, converting({ from, swap_quote_id }))
    expect(swap_quote).toMatchObject({ id: swap_quote_id, status: 'executed' })
    await box.control('PUT', '/rates', { from: 'BTC', to: 'USD', rate: '50000' })
    await box.advance('1h')
    await box.deposit(inbound.address, arrives, { confirmations: 'instant' })
    await box.advance('2s')
    const done = (await box.call(client, conversionOf(id))).json.data
    expect([done.status, done.to.asset.amount, done.fees.trade.amount]).toEqual(['completed', received, fee])
    expect(await has(box)).toEqual({ BTC: [0, 0], USD: [Number(received), 0] })
    const orders = await box.call(client, {
      method: 'GET',
      path: `/v1/accounts/${ACCOUNTS.main}/portfolio/transactions`,
    })
    expect(orders.json.data).toEqual([])
  })

  test('payward.conversions.quote-wallet: of other assets or of another amount 400, used 409, expired 410', async () => {
    const box = await market('0')
    const with_ = (swap_quote_id: string, from: object = wallet) =>
      box.call(client, converting({ ...from, swap_quote_id }))
    const { id } = await made(box, quoting())
    const usdc = { from: { asset: USDC, source: { type: 'external_wallet', via: 'ethereum' } } }
    const less = { from: { ...wallet.from, asset: { ...BTC, amount: '0.4' } } }
    for (const from of [usdc, less]) expect(refused(await with_(id, from))).toEqual([400, 'InvalidArguments'])
    expect((await box.call(client, quoteOf(id))).json.data.status).toBe('offered')
    expect((await with_(id)).status).toBe(200)
    expect(refused(await with_(id))).toEqual([409, 'QuoteAlreadyAccepted'])
    const late = await made(box, quoting())
    await box.advance('30s')
    expect(refused(await with_(late.id))).toEqual([410, 'QuoteExpired'])
    const { data } = (await box.call(client, conversions())).json
    expect(data).toHaveLength(1)
    const [{ inbound }] = data
    await box.deposit(inbound.address, '0.00000001', { confirmations: 'instant' })
    await box.advance('2s')
    expect((await box.call(client, conversions())).json.data[0].status).toBe('failed')
    expect(await has(box)).toEqual({ BTC: [0.00000001, 0] })
  })

  test('payward.conversions.states: one that fails leaves the money in the balance', async () => {
    const box = await market('0')
    const { id: conversion_id, inbound } = await made(box, converting(wallet))
    await box.deposit(inbound.address, '0.5', { confirmations: 'instant' })
    expect((await act(box, 'fail-conversion', { conversion_id })).status).toBe(201)
    expect((await act(box, 'fail-conversion', { conversion_id })).status).toBe(409)
    const dust = await made(box, converting(wallet))
    await box.deposit(dust.inbound.address, '0.00000001', { confirmations: 'instant' })
    await box.advance('10s')
    for (const id of [conversion_id, dust.id])
      expect((await box.call(client, conversionOf(id))).json.data.status).toBe('failed')
    expect(await has(box)).toEqual({ BTC: [0.50000001, 0] })
  })
})

describe('rules', () => {
  test('payward.conversions.rule-item and payward.conversions.rule-fires: each deposit is converted', async () => {
    const box = await market('0')
    const rule = await made(box, ruling())
    expect(rule).toMatchObject({ name: 'BTC to USD', status: 'active', current_uses: 0, from: { via: 'bitcoin' } })
    expect(rule.inbound).toMatchObject({ lifecycle: 'reusable', conversion_rule_id: rule.id })
    for (const amount of ['0.5', '0.1']) await box.deposit(rule.inbound.address, amount, { confirmations: 'instant' })
    await box.advance('2s')
    const { data } = (await box.call(client, conversions(`conversion_rule_id=${rule.id}`))).json
    expect(data.map((row: any) => [row.status, row.from.asset.amount, row.conversion_rule_id])).toEqual([
      ['completed', '0.10000000', rule.id],
      ['completed', '0.50000000', rule.id],
    ])
    expect(await has(box)).toEqual({ BTC: [0, 0], USD: [35964, 0] })
    expect((await box.control('GET', '/snapshot')).json.tables['payward.conversion-rules'][rule.id].uses).toBe(2)
  })

  test.each([
    [{ status: 'paused' }, '0.5'],
    [{ from: { asset: { ...BTC, amount: '0.5' }, via: 'bitcoin' } }, '0.49999999'],
  ])('payward.conversions.rule-fires: %j stays in the balance', async (fields, amount) => {
    const box = await market('0')
    const { inbound } = await made(box, ruling(fields))
    await box.deposit(inbound.address, amount, { confirmations: 'instant' })
    await box.advance('1m')
    expect(await has(box)).toEqual({ BTC: [Number(amount), 0] })
    expect((await box.call(client, conversions())).json.data).toEqual([])
  })

  test('payward.conversions.rule-fires: it rests while its user is locked', async () => {
    const box = await market('0')
    const { id: user_id, accounts } = (await box.call(client, createsUser({}))).json.data
    const { inbound } = await made(box, ruling({}, accounts[0].id))
    await act(box, 'disable-user', { user_id })
    await box.deposit(inbound.address, '0.5', { confirmations: 'instant' })
    await box.advance('1m')
    expect(await has(box)).toEqual({ BTC: [0.5, 0] })
  })

  test('payward.conversions.rule-fires: over a bank too', async () => {
    const box = await market('0')
    const sides = { from: { asset: USD, via: 'ach' }, to: { asset: BTC, destination: { type: 'balance' } } }
    const { inbound } = await made(box, ruling(sides))
    expect((await act(box, 'bank-credit', { inbound_id: inbound.id })).status).toBe(409)
    expect((await act(box, 'bank-credit', { inbound_id: inbound.id, amount: '6000' })).status).toBe(201)
    await box.advance('2s')
    expect(await has(box)).toEqual({ USD: [0, 0], BTC: [0.0999, 0] })
  })
})
