// Money as a test sees and drives it through the control API: balances, movements, rates and actions, and what carries them: config, scenarios,
// snapshots, forks, directories, recordings.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findProviders } from '../src/app.ts'
import { readRecording } from '../src/casefile/format.ts'
import { Replay } from '../src/casefile/replay.ts'
import { readScenario } from '../src/scenario/schema.ts'
import { contractOf } from '../src/contract/contracts.ts'
import { ledgerProblems } from '../src/world/ledger.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { createSandbox } from '../src/library/index.ts'
import { deadParts } from '../src/scenario/check.ts'
import { type Client, Inbox, type Kit, type Reply, type Request, start } from './kit.ts'

const providers = await findProviders()
const BTC = { provider: 'alphapo', currency: 'BTC' }

async function give(box: Kit, amount: string, more: Record<string, unknown> = {}): Promise<Reply> {
  return box.control('POST', '/balances', { ...BTC, amount, ...more })
}

async function rows(box: Kit, path: string): Promise<any[]> {
  const reply = await box.control('GET', path)
  expect(reply.status, reply.text).toBe(200)
  return reply.json.data
}

/** A confirmed deposit of a merchant. */
async function paid(box: Kit, amount: string, client = alphapo.client): Promise<any> {
  const taken = await box.call(client, alphapo.taking({ foreign_id: `u-${amount}` }))
  const deposit = await box.deposit(taken.json.data.address, amount)
  expect((await box.control('POST', '/clock/advance', { until: 'quiet' })).status).toBe(200)
  return deposit
}

describe('by hand', () => {
  test('sandgate.balances.by-hand: money is given, taken, and explained line by line', async () => {
    const box = await start()
    expect(await rows(box, '/balances')).toEqual([])
    const given = await give(box, '1.5', { reason: 'a customer' })
    expect(given.status, given.text).toBe(201)
    expect(given.json).toEqual({
      id: 'mov_1',
      at: expect.any(String),
      provider: 'alphapo',
      account: 'demo',
      holder: null,
      currency: 'BTC',
      network: null,
      amount: '1.50000000',
      balance_after: '1.50000000',
      kind: 'adjustment',
      against: 'outside',
      cause: { entry: expect.any(Number), reason: 'a customer' },
    })
    expect((await give(box, '-0.25')).json).toMatchObject({ amount: '-0.25000000', balance_after: '1.25000000' })
    expect(await rows(box, '/balances')).toEqual([
      {
        provider: 'alphapo',
        account: 'demo',
        holder: null,
        currency: 'BTC',
        network: null,
        balance: '1.25000000',
        held: '0.00000000',
        available: '1.25000000',
      },
    ])
    // The entry that a movement names is the one that made it.
    const entry = await box.control('GET', `/journal/${given.json.cause.entry}`)
    expect(entry.json).toMatchObject({ kind: 'control', action: 'balance', summary: expect.stringContaining('1.5') })
  })

  test.each([
    [{ amount: '-2' }, 409, 'insufficient_balance', 'amount: AlphaPo has less than 2 BTC available'],
    [{ amount: '0' }, 422, 'balance_impossible', 'amount: expected a decimal other than 0'],
    [{ amount: '0.000000001' }, 422, 'balance_impossible', 'at most 8 places for BTC'],
    [{ amount: '1', currency: 'BTX' }, 422, 'balance_impossible', 'AlphaPo has no currency "BTX"; did you mean BT'],
    [{ amount: '1', account: 'demmo' }, 422, 'balance_impossible', 'no merchant "demmo"; did you mean demo'],
    [{ amount: '1', provider: 'alfapo' }, 404, 'provider_not_found', 'did you mean alphapo'],
    [{ amount: '1e3' }, 422, 'invalid_request', 'amount'],
    [{ amount: 1 }, 422, 'invalid_request', 'amount'],
    [{ amount: '1', curency: 'BTC' }, 422, 'invalid_request', 'did you mean currency'],
  ])('sandgate.ledger.floor: %o is %i %s, and nothing moves', async (body, status, code, says) => {
    const box = await start()
    await give(box, '1.5')
    const before = JSON.stringify(box.world.dump())
    const reply = await box.control('POST', '/balances', { ...BTC, ...body })
    expect([reply.status, reply.json.code, reply.json.detail]).toEqual([status, code, expect.stringContaining(says)])
    expect(JSON.stringify(box.world.dump())).toBe(before)
  })

  test('rows and movements are found by whose they are, codes in any case, in pages', async () => {
    const box = await start()
    for (const amount of ['1', '2', '3']) await give(box, amount)
    await give(box, '4', { account: 'other' })
    await give(box, '5', { currency: 'EUR' })
    expect((await rows(box, '/balances?currency=btc')).map(({ account }) => account)).toEqual(['demo', 'other'])
    expect((await rows(box, '/balances?account=demo')).map(({ currency }) => currency)).toEqual(['BTC', 'EUR'])
    expect(await rows(box, '/balances?provider=cpg')).toEqual([])
    const amounts = async (query: string) =>
      (await rows(box, `/movements?${query}`)).map(({ amount }) => Number(amount))
    expect(await amounts('account=demo&currency=BTC')).toEqual([1, 2, 3])
    expect(await amounts('kind=adjustment&limit=2')).toEqual([1, 2])
    const { next } = (await box.control('GET', '/movements?limit=2')).json
    expect(await amounts(`limit=2&cursor=${next}`)).toEqual([3, 4])
    expect((await box.control('GET', '/balances?curency=BTC')).json.detail).toContain('did you mean currency')
  })
})

describe('what a deposit does', () => {
  test('sandgate.ledger.double-entry: its movements name it, and sum to what is credited', async () => {
    const box = await start()
    const { id } = await paid(box, '0.5')
    const movements = await rows(box, '/movements')
    expect(movements.length).toBeGreaterThan(1)
    for (const { cause } of movements) expect(cause).toMatchObject({ deposit: id, entry: expect.any(Number) })
    const entries = await Promise.all(movements.map(({ cause }) => box.control('GET', `/journal/${cause.entry}`)))
    for (const { json } of entries) expect(json).toMatchObject({ kind: 'timer', reaction: 'chain.confirmed' })
    const [{ balance }] = await rows(box, '/balances')
    expect(movements.reduce((sum, { amount }) => sum + Number(amount), 0)).toBeCloseTo(Number(balance), 8)
    expect(ledgerProblems(box.world)).toEqual([])
  })
})

const USDT = { provider: 'cpg', currency: 'USDT', network: 'ETH' }
const OUTSIDE = '0x00000000000000000000000000000000000000aa'

/** A signed withdrawal of CPG's, as its documents have it. */
function withdrawal(fields: Record<string, unknown> = {}): Request {
  const body = { currency: 'USDT', network: 'ETH', to_address: OUTSIDE, amount: '25.5', ...fields }
  return { method: 'POST', path: '/v1/withdrawals', body: JSON.stringify(body) }
}

describe('withdrawals', () => {
  test('are listed with everything that is known of them', async () => {
    const box = await start({ balances: [{ ...USDT, amount: '100' }] })
    const reply = await box.call(cpg.client, withdrawal({ client_reference: 'pay-1' }))
    expect(reply.status, reply.text).toBe(200)
    const [row] = await rows(box, '/withdrawals')
    expect(row).toEqual({
      id: 'wd_1',
      made_by: 1,
      txid: reply.json.data.tx_hash,
      status: 'broadcast',
      outcome: 'confirmed',
      reason: null,
      provider: 'cpg',
      account: 'demo',
      reference: '1',
      address: OUTSIDE,
      tag: null,
      from: expect.stringMatching(/^0xfa4e/i),
      amount: '25.500000',
      currency: 'USDT',
      network: 'ETH',
      fee: '5.000000',
      fee_currency: 'USDT',
      confirmations: 0,
      block: null,
      deposit: null,
      requested_at: expect.any(String),
      broadcast_at: expect.any(String),
      confirmed_at: null,
    })
    expect(await rows(box, '/withdrawals?status=confirmed')).toEqual([])
    expect(await rows(box, '/withdrawals?reference=1&account=demo')).toHaveLength(1)
    expect((await box.control('GET', '/withdrawals?status=sent')).json.code).toBe('invalid_request')
  })

  test('sandgate.withdrawals.settle: one ends by hand, once, and money and callbacks follow', async () => {
    const box = await start({ balances: [{ ...USDT, amount: '100' }] })
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    const settle = (id: string, body: object) => box.control('POST', `/withdrawals/${id}/settle`, body)
    for (const _ of [1, 2]) await box.call(cpg.client, withdrawal())
    const failed = await settle('wd_1', { outcome: 'failed', reason: 'execution reverted' })
    expect([failed.status, failed.json]).toEqual([
      200,
      expect.objectContaining({ status: 'failed', reason: 'execution reverted' }),
    ])
    const confirmed = await settle('wd_2', { outcome: 'confirmed' })
    expect(confirmed.json).toMatchObject({ status: 'confirmed', confirmed_at: expect.any(String) })
    expect((await rows(box, '/balances'))[0]).toMatchObject({ balance: '69.500000', held: '0.000000' })
    expect(inbox.received.map(({ json }) => `${json.event} ${json.data.withdrawal_id}`)).toEqual([
      'withdrawal.broadcasted 1',
      'withdrawal.broadcasted 2',
      'withdrawal.failed 1',
      'withdrawal.confirmed 2',
    ])
    const before = JSON.stringify(box.world.dump())
    const refused = [
      [await settle('wd_1', { outcome: 'confirmed' }), 409, 'withdrawal_final'],
      [await settle('wd_2', { outcome: 'failed' }), 409, 'withdrawal_final'],
      [await settle('wd_9', { outcome: 'failed' }), 404, 'withdrawal_not_found'],
      [await settle('wd_2', { outcome: 'lost' }), 422, 'invalid_request'],
    ] as const
    for (const [{ status, json }, expected, code] of refused) expect([status, json.code]).toEqual([expected, code])
    expect(JSON.stringify(box.world.dump())).toBe(before)
    await box.call(cpg.client, withdrawal())
    expect((await settle('wd_3', { outcome: 'declined' })).json.code).toBe('withdrawal_not_reviewed')
    await box.control('POST', '/clock/advance', { until: 'quiet' })
    expect((await rows(box, '/withdrawals')).map(({ status }) => status)).toEqual(['failed', 'confirmed', 'confirmed'])
  })

  test('one that the balance does not cover cannot be sent by hand, and nothing arrives', async () => {
    const box = await start({ assume: { 'alphapo.withdrawals.uncovered': 'fails-later' } })
    const address = (await box.call(cpg.client, cpg.allocation({ user_identifier: 'u' }))).json.data.address
    const wish = alphapo.withdrawing({ currency: 'USDTE', amount: '700', address })
    expect((await box.call(alphapo.client, wish)).status).toBe(201)
    const settled = await box.control('POST', '/withdrawals/wd_1/settle', { outcome: 'confirmed' })
    expect([settled.status, settled.json.code]).toEqual([409, 'insufficient_balance'])
    expect(settled.json.detail).toContain('merchant demo has not the')
    await box.control('POST', '/clock/advance', { until: 'quiet' })
    expect(await rows(box, '/deposits')).toEqual([])
    expect((await rows(box, '/withdrawals'))[0]).toMatchObject({ status: 'failed', txid: null })
    // With the money it can.
    expect(
      (await box.call(alphapo.client, alphapo.withdrawing({ ...JSON.parse(wish.body!), foreign_id: 'wd-2' }))).status,
    ).toBe(201)
    await give(box, '1000', { currency: 'USDTE' })
    expect((await box.control('POST', '/withdrawals/wd_2/settle', { outcome: 'confirmed' })).status).toBe(200)
    await box.control('POST', '/clock/advance', { until: 'quiet' })
    expect(await rows(box, '/deposits')).toMatchObject([{ status: 'confirmed', amount: '700.000000' }])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('one that fails by hand when it is in a block takes its deposit along: the block was reorganised away', async () => {
    const box = await start({ balances: [{ ...USDT, amount: '100' }] })
    const other = cpg.clientOf(cpg.KEYS.other)
    const address = (await box.call(other, cpg.allocation({ user_identifier: 'u' }))).json.data.address
    await box.call(cpg.client, withdrawal({ to_address: address }))
    await box.advance('1m')
    expect(await rows(box, '/deposits')).toMatchObject([{ status: 'seen', confirmations: 5 }])
    expect((await box.control('POST', '/withdrawals/wd_1/settle', { outcome: 'failed' })).status).toBe(200)
    await box.control('POST', '/clock/advance', { until: 'quiet' })
    expect(await rows(box, '/deposits')).toMatchObject([{ status: 'reorged', confirmed_at: null }])
    expect(await rows(box, '/balances?account=other')).toEqual([])
    expect((await rows(box, '/balances'))[0]).toMatchObject({ balance: '100.000000', held: '0.000000' })
  })

  const RECEIVERS: readonly (readonly [Client, Request, (json: any) => string])[] = [
    [cpg.clientOf(cpg.KEYS.other), cpg.allocation({ user_identifier: 'u' }), ({ data }) => data.address],
    [
      zopay.client,
      zopay.post('/addresses', { asset: 'USDT', network: 'ethereum', external_ref: 'u' }),
      (json) => json.address,
    ],
    [
      payward.client,
      payward.creation({ method_id: payward.METHODS.usdcEthereum, asset_symbol: 'USDC', asset_type: 'stablecoin' }),
      ({ data }) => data.address,
    ],
    [alphapo.client, alphapo.taking({ currency: 'USDTE' }), ({ data }) => data.address],
  ]

  test.each(RECEIVERS)(
    'sandgate.withdrawals.one-chain: what CPG sends to an address of $name arrives there in the same transaction',
    async (client, request, addressOf) => {
      const currency = client.name === 'payward' ? 'USDC' : 'USDT'
      const box = await start({ balances: [{ ...USDT, currency, amount: '100' }] })
      const answered = await box.call(client, request)
      expect(answered.status, answered.text).toBeLessThan(300)
      // As somebody writes it who copied it from elsewhere.
      const address = addressOf(answered.json).toLowerCase()
      const sent = await box.call(cpg.client, withdrawal({ currency, to_address: address }))
      expect(sent.status, sent.text).toBe(200)
      expect((await box.control('POST', '/clock/advance', { until: 'quiet' })).status).toBe(200)
      const [deposit, ...more] = await rows(box, '/deposits')
      expect(more).toEqual([])
      expect(deposit).toMatchObject({
        provider: client.name,
        status: 'confirmed',
        txid: sent.json.data.tx_hash,
        amount: expect.stringMatching(/^25\.50*$/),
      })
      expect((await rows(box, '/withdrawals'))[0]).toMatchObject({ status: 'confirmed', deposit: deposit.id })
      expect(ledgerProblems(box.world)).toEqual([])
    },
  )
})

describe('actions', () => {
  test('sandgate.actions: they are listed with their fields, done, and refused with reason', async () => {
    const box = await start()
    const listed = await rows(box, '/actions?provider=cpg')
    expect(listed.find(({ name }) => name === 'toggle-currency')).toEqual({
      provider: 'cpg',
      name: 'toggle-currency',
      says: expect.stringContaining('enables or disables'),
      fields: expect.objectContaining({ type: 'object', required: ['currency', 'network'] }),
    })
    const act = (path: string, body?: unknown) => box.control('POST', `/actions/${path}`, body)
    const toggled = await act('cpg/toggle-currency', { currency: 'BNB', network: 'BSC', withdrawal: true })
    expect([toggled.status, toggled.json]).toEqual([201, expect.objectContaining({ withdrawal: true, deposit: true })])
    const before = JSON.stringify(box.world.dump())
    const refused = [
      [await act('cpg/toggle-curency', {}), 404, 'action_not_found', 'did you mean toggle-currency'],
      [await act('cpgg/toggle-currency', {}), 404, 'provider_not_found', 'did you mean cpg'],
      [await act('cpg/toggle-currency', { currency: 'BNB' }), 422, 'invalid_request', 'network'],
      [
        await act('cpg/toggle-currency', { currency: 'BNB', netwrk: 'BSC' }),
        422,
        'invalid_request',
        'did you mean network',
      ],
      [await act('cpg/toggle-currency'), 422, 'invalid_request', 'currency'],
      [await act('cpg/activate', { network: 'ETH' }), 409, 'action_impossible', 'is not switched off'],
    ] as const
    for (const [{ status, json }, expected, code, says] of refused)
      expect([status, json.code, json.detail]).toEqual([expected, code, expect.stringContaining(says)])
    expect(JSON.stringify(box.world.dump())).toBe(before)
  })
})

describe('callbacks', () => {
  test('sandgate.callbacks.several: a second endpoint has a secret, events and deliveries of its own', async () => {
    const box = await start({ balances: [{ ...USDT, amount: '100' }] })
    const [first, second] = [await Inbox.open(), await Inbox.open()]
    const secret = await box.subscribe('cpg', first)
    const add = (provider: string, body: object) => box.control('POST', `/callbacks/endpoints/${provider}`, body)
    const added = await add('cpg', { url: second.url, events: ['withdrawal.confirmed'] })
    expect([added.status, added.json.id, added.json.events]).toEqual([201, 'ep_2', ['withdrawal.confirmed']])
    expect(added.json.secret).not.toBe(secret)
    await box.call(cpg.client, withdrawal())
    await box.control('POST', '/clock/advance', { until: 'quiet' })
    expect(first.received.map(({ json }) => json.event)).toEqual(['withdrawal.broadcasted', 'withdrawal.confirmed'])
    expect(second.received.map(({ json }) => json.event)).toEqual(['withdrawal.confirmed'])
    const ids = [...first.received, ...second.received].map(({ json }) => json.id)
    expect(new Set(ids).size).toBe(3)
    // One can be taken away; the other one stays.
    expect((await box.control('DELETE', '/callbacks/endpoints/ep_2')).status).toBe(204)
    expect((await rows(box, '/callbacks/endpoints')).map(({ id }) => id)).toEqual(['ep_1'])
    // The first one that is added is the one that PUT would set, and who knows one URL takes no second.
    expect((await add('alphapo', { url: first.url })).json.code).toBe('single_endpoint')
  })
})

describe('the library', () => {
  test('has it all as world.money', async () => {
    await using sandbox = await createSandbox({ clock: '2026-05-16T19:00:00Z', balances: [{ ...USDT, amount: '100' }] })
    const { money } = sandbox
    await money.adjust({ ...USDT, amount: '-10' })
    expect(await money.balances({ provider: 'cpg' })).toEqual([expect.objectContaining({ available: '90.000000' })])
    expect((await money.movements({ kind: 'adjustment' })).map(({ amount }) => amount)).toEqual(['-10.000000'])
    const { method, path, headers, body } = cpg.client.sign(withdrawal(), Date.now())
    expect((await sandbox.cpg.fetch(path, { method, headers: headers!, body: body! })).status).toBe(200)
    const [{ id }] = (await money.withdrawals({ status: 'broadcast' })) as [any]
    expect(await money.settle(id, { outcome: 'failed', reason: 'reverted' })).toMatchObject({ reason: 'reverted' })
    await expect(money.settle(id, 'confirmed')).rejects.toMatchObject({ status: 409, code: 'withdrawal_final' })
    expect(await money.pinRate({ from: 'BTC', to: 'EUR', rate: '2' })).toMatchObject({ pinned: true })
    expect(await money.rates()).toHaveLength(1)
    await money.unpinRates({ from: 'BTC' })
    expect(await money.rates({ from: 'BTC', to: 'EUR' })).toMatchObject([{ pinned: false }])
    expect(await sandbox.cpg.action('deactivate', { network: 'TRX' })).toMatchObject({ active: false })
    await expect(sandbox.cpg.alsoCallbacksTo({ url: 'http://127.0.0.1:1/' })).resolves.toMatchObject({ id: 'ep_1' })
  })
})

describe('rates', () => {
  test('sandgate.rates.pinned, sandgate.rates.move: they move with world time, unless a test pins one', async () => {
    const box = await start()
    const rate = async (query: string) => rows(box, `/rates?${query}`)
    expect(await rate('from=BTC&to=EUR')).toEqual([{ from: 'BTC', to: 'EUR', rate: '60000.00000000', pinned: false }])
    const pinned = await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '50000' })
    expect([pinned.status, pinned.json]).toEqual([200, { from: 'BTC', to: 'EUR', rate: '50000', pinned: true }])
    await box.advance('5h')
    expect(await rate('from=BTC&to=EUR')).toEqual([{ from: 'BTC', to: 'EUR', rate: '50000', pinned: true }])
    expect(await rate('')).toHaveLength(1)
    expect((await box.control('GET', '/rates?from=BTC&to=NOPE')).json.code).toBe('rate_not_found')
    expect(await rate('from=btc&to=eur')).toMatchObject([{ pinned: false }])
    expect((await box.control('DELETE', '/rates?from=ETH')).json.code).toBe('rate_not_found')
    expect((await box.control('DELETE', '/rates')).status).toBe(204)
    expect((await rate('from=BTC&to=EUR'))[0]).toMatchObject({
      pinned: false,
      rate: expect.not.stringMatching(/^50000/),
    })
    for (const body of [
      { from: 'BTC', to: 'BTC', rate: '1' },
      { from: 'BTC', to: 'EUR', rate: '0.00' },
      { from: 'BTC', to: 'EUR', rate: '-1' },
      { from: 'BTC', to: 'EUR', rate: '9'.repeat(19) },
      { from: 'FOO', to: 'EUR', rate: '1' },
      { from: '__proto__', to: 'constructor', rate: '1' },
    ])
      expect((await box.control('PUT', '/rates', body)).json.code).toBe('invalid_request')
  })
})

describe('what carries it', () => {
  test('sandgate.balances.by-hand: the config file gives every world money to begin with', async () => {
    const box = await start({
      balances: [
        { ...BTC, amount: '2', reason: 'float' },
        { ...BTC, account: 'other', amount: '3' },
      ],
    })
    const balances = async (world = '') => {
      const { json } = await box.raw('GET', `${world}/_sandgate/balances`)
      return json.data.map(({ account, balance }: any) => [account, balance])
    }
    const opened = [
      ['demo', '2.00000000'],
      ['other', '3.00000000'],
    ]
    expect(await balances()).toEqual(opened)
    expect((await rows(box, '/movements'))[0]).toMatchObject({ kind: 'opening', cause: { reason: 'float' } })
    await give(box, '-1')
    expect((await box.control('POST', '/worlds', { id: 'more' })).status).toBe(201)
    expect(await balances('/w/more')).toEqual(opened)
    // A copy has what it is copied from, and a reset begins again.
    expect((await box.control('POST', '/worlds', { id: 'fork', from: 'default' })).status).toBe(201)
    expect(await balances('/w/fork')).toEqual([
      ['demo', '1.00000000'],
      ['other', '3.00000000'],
    ])
    await box.control('POST', '/reset', {})
    expect(await balances()).toEqual(opened)
    // A world that nobody has used takes a scenario with a seed.
    expect((await box.control('PUT', '/scenario', { seed: 'x' })).status).toBe(200)
    expect(await balances()).toEqual(opened)
  })

  test.each([
    [{ ...BTC, amount: '1', account: 'nobody' }, 'balances.1: there is no merchant "nobody"'],
    [{ ...BTC, amount: '0' }, 'balances.1: amount: expected a decimal other than 0'],
  ])('money that nobody can have is said before anything starts: %o', async (wrong, says) => {
    await expect(start({ balances: [{ ...BTC, amount: '1' }, wrong] })).rejects.toThrow(says)
  })

  test('a timeline gives and takes money, and pins a rate', async () => {
    const box = await start()
    const scenario = {
      timeline: [
        { at: '1m', do: { balance: { ...BTC, amount: '2', reason: 'float' } } },
        { at: '2m', do: { balance: { ...BTC, amount: '-5' } } },
        { at: '3m', do: { balance: { ...BTC, currency: 'NOPE', amount: '1' } } },
        { at: '4m', do: { rate: { from: 'BTC', to: 'EUR', rate: '1' } } },
      ],
    }
    const loaded = await box.control('PUT', '/scenario', scenario)
    expect(loaded.status, loaded.text).toBe(200)
    await box.advance('5m')
    expect((await box.control('GET', '/scenario')).json.timeline.map(({ outcome }: any) => outcome)).toEqual([
      'mov_1: balance of alphapo: +2 BTC',
      expect.stringContaining('nothing was moved: amount: AlphaPo has less than 5 BTC available'),
      expect.stringContaining('nothing was moved: AlphaPo has no currency "NOPE"'),
      '1 BTC is 1 EUR from here on',
    ])
    expect((await rows(box, '/balances'))[0].balance).toBe('2.00000000')
    expect((await rows(box, '/rates'))[0].rate).toBe('1')
  })

  test.each([
    ['rules: [{ when: { nth: 1 }, then: [{ withdrawal: { outcome: gone } }] }]', 'then.0.withdrawal.outcome'],
    ['rules: [{ when: { nth: 1 }, then: [{ withdrawal: { outcome: stuck } }] }]', 'stuck requires after'],
    [
      'rules: [{ when: { nth: 1 }, then: [{ withdrawal: { outcome: replaced, stage: before } }] }]',
      'only what was broadcast can be replaced',
    ],
    [
      'rules: [{ when: { nth: 1 }, then: [{ withdrawal: { outcome: declined, stage: after } }] }]',
      'only what was not broadcast yet can be declined',
    ],
    ['rules: [{ when: { nth: 1 }, then: [{ withdrawal: { outcome: reorged, after: 1h } }] }]', 'leave after out'],
    ['timeline: [{ at: 1h, do: { balance: { provider: zopayy, currency: BTC, amount: "1" } } }]', 'did you mean zopay'],
    [
      'timeline: [{ at: 1h, do: { balance: { provider: alphapo, currency: BTC, amount: 1.5 } } }]',
      'decimal text in quotes',
    ],
    ['timeline: [{ at: 1h, do: { rate: { from: BTC, to: BTC, rate: "1" } } }]', 'always worth itself'],
    ['timeline: [{ at: 1h, do: { rate: { from: BTC, to: EUR, rate: "0" } } }]', 'above 0'],
    ['timeline: [{ at: 1h, do: { rate: { from: BTC, to: EURO, rate: "1" } } }]', 'did you mean EUR'],
  ])('a scenario that cannot be is refused with file and line: %s', (text, says) => {
    const reading = () => readScenario(text, 'money.yaml', { providers, contract: contractOf })
    expect(reading).toThrow(says)
    expect(reading).toThrow('money.yaml:1')
  })

  test('a rule whose withdrawal can never be is told by check', () => {
    const dead = (when: string) =>
      deadParts(
        readScenario(`rules: [{ when: ${when}, then: [{ withdrawal: { outcome: failed } }] }]`, 'money.yaml', {
          providers,
          contract: contractOf,
        }),
        { providers, contract: contractOf },
      ).join()
    expect(dead('{ provider: cpg, operation: createWithdrawal }')).toBe('')
    expect(dead('{ provider: cpg, operation: createDepositAddress }')).toContain('makes no withdrawal')
    expect(() => dead('{ provider: cpg }')).not.toThrow()
    const declined = `rules: [{ when: { provider: cpg }, then: [{ withdrawal: { outcome: declined } }] }]`
    expect(() => readScenario(declined, 'money.yaml', { providers, contract: contractOf })).toThrow(
      'CPG reviews no withdrawals',
    )
  })

  test('snapshots and directories hold balances, movements and pins', async () => {
    const data = mkdtempSync(join(tmpdir(), 'sandgate-money-'))
    onTestFinished(() => rmSync(data, { recursive: true }))
    const box = await start({ data })
    await paid(box, '0.5')
    await give(box, '1')
    await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '7' })
    const look = async (of: Kit) => [
      await rows(of, '/balances'),
      await rows(of, '/movements'),
      await rows(of, '/rates'),
    ]
    const before = await look(box)
    const snapshot = (await box.control('GET', '/snapshot')).text
    await box.control('POST', '/reset', {})
    expect(await rows(box, '/balances')).toEqual([])
    const restored = await box.raw('PUT', '/_sandgate/snapshot', { 'content-type': 'application/json' }, snapshot)
    expect(restored.status, restored.text).toBe(204)
    expect(await look(box)).toEqual(before)
    await box.sandbox.close()
    expect(await look(await start({ data }))).toEqual(before)
  })

  test('a recording holds what was done by hand, and replays', async () => {
    const box = await start({ balances: [{ ...BTC, amount: '2' }] })
    await give(box, '-0.5')
    await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '7' })
    const taken = await box.call(alphapo.client, alphapo.taking({ convert_to: 'EUR' }))
    await box.deposit(taken.json.data.address, '0.5')
    await box.control('POST', '/clock/advance', { until: 'quiet' })
    await box.call(alphapo.client, alphapo.lookingUp({ id: 5100001 }))
    await box.control('DELETE', '/rates')
    const { status, text } = await box.control('GET', '/recording')
    expect(status, text).toBe(200)
    const recording = readRecording(text)
    expect(recording.balances).toEqual([{ ...BTC, amount: '2' }])
    const replay = new Replay(recording, providers)
    expect((await replay.play()).differs).toBeUndefined()
    // Without the money it began with, nothing can be taken.
    const poor = readRecording(JSON.stringify({ ...recording, balances: undefined }))
    expect((await new Replay(poor, providers).play()).left).toEqual([1])
  })
})
