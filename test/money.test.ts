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
import { type Kit, type Reply, start } from './kit.ts'

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
  test('rule: sandgate.balances.by-hand: money is given, taken, and explained line by line', async () => {
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
  ])('rule: sandgate.ledger.floor: %o is %i %s, and nothing moves', async (body, status, code, says) => {
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
  test('rule: sandgate.ledger.double-entry: its movements name it, and sum to what is credited', async () => {
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

describe('rates', () => {
  test('rule: sandgate.rates.pinned, sandgate.rates.move: they move with world time, unless a test pins one', async () => {
    const box = await start()
    const rate = async (query: string) => rows(box, `/rates?${query}`)
    expect(await rate('from=BTC&to=EUR')).toEqual([{ from: 'BTC', to: 'EUR', rate: '60000.00000000', pinned: false }])
    const pinned = await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '50000' })
    expect([pinned.status, pinned.json]).toEqual([200, { from: 'BTC', to: 'EUR', rate: '50000', pinned: true }])
    await box.advance('5h')
    expect(await rate('from=BTC&to=EUR')).toEqual([{ from: 'BTC', to: 'EUR', rate: '50000', pinned: true }])
    expect(await rate('')).toHaveLength(1)
    expect(await rate('from=BTC&to=NOPE')).toEqual([])
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
    ])
      expect((await box.control('PUT', '/rates', body)).json.code).toBe('invalid_request')
  })
})

describe('what carries it', () => {
  test('rule: sandgate.balances.by-hand: the config file gives every world money to begin with', async () => {
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
      'mov_1: 2 BTC is given to alphapo',
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
  ])('a scenario that cannot be is refused with file and line: %s', (text, says) => {
    const reading = () => readScenario(text, 'money.yaml', { providers, contract: contractOf })
    expect(reading).toThrow(says)
    expect(reading).toThrow('money.yaml:1')
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
