// Money that leaves Payward: from its pages on withdrawals and those of its predecessor.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import {
  ACCOUNTS,
  client,
  clientOf,
  createsUser,
  creation,
  deleting,
  KEYS,
  METHODS,
  registration,
  renaming,
  saving,
  transactions,
  validating,
  WALLET,
  withdrawalsOf,
  withdrawing,
} from '../clients/payward.ts'
import { Inbox, type Kit, type Reply, type Request, start } from '../kit.ts'

const FXN = /^fxn_[0-9A-HJKMNP-TV-Z]{20}$/
const ADDRESSES = { method: 'GET', path: `${withdrawalsOf(ACCOUNTS.main)}/addresses` }
const ETH_WALLET = '0x52908400098527886E0F7030069857D2E4169EE7'

async function rich(amount = '2', options: Parameters<typeof start>[0] = {}): Promise<Kit> {
  const box = await start(options)
  await give(box, amount)
  expect((await box.call(client, saving({}))).status).toBe(200)
  return box
}

async function give(box: Kit, amount: string, currency = 'BTC'): Promise<void> {
  expect((await box.control('POST', '/balances', { provider: 'payward', currency, amount })).status).toBe(201)
}

async function balance(box: Kit): Promise<string> {
  const { data } = (await box.control('GET', '/balances?provider=payward&currency=BTC')).json
  return `${data[0].balance} ${data[0].held}`
}

async function listed(box: Kit): Promise<string[]> {
  const reply = await box.call(client, { method: 'GET', path: '/v1/funds/transactions?type=withdrawal' })
  expect(reply.status, reply.text).toBe(200)
  return reply.json.data.map(({ amount, status }: any) => `${amount} ${status}`)
}

async function fated(box: Kit, withdrawal: object): Promise<void> {
  const rules = [{ when: { provider: 'payward', operation: 'withdrawFunds' }, then: [{ withdrawal }] }]
  expect((await box.control('PUT', '/scenario', { name: 'fate', rules })).status).toBe(200)
}

function tag(reply: Reply): string {
  return `${reply.status} ${String(reply.json?.type).split(':').at(-1)}`
}

function field(reply: Reply): string {
  return `${tag(reply)} ${reply.json.data?.field}`
}

describe('methods and addresses', () => {
  test('payward.withdrawals.methods: each network with its fee, limits and a token', async () => {
    const box = await start()
    const get = (path: string) =>
      box.call(client, { method: 'GET', path: `${withdrawalsOf(ACCOUNTS.main)}/methods/${path}` })
    const { json } = await get('BTC')
    const money = (amount: string) => ({ symbol: 'BTC', name: 'Bitcoin', type: 'crypto', amount })
    expect(json).toEqual({
      data: [
        {
          id: METHODS.BTC,
          network: 'Bitcoin',
          network_info: expect.objectContaining({ confirmations: '3', contract_address: null }),
          fee: money('0.00020000'),
          minimum: money('0.00050000'),
          maximum: money('1.00000000'),
          fee_percentage: '0.00',
          fee_token: expect.stringMatching(/^wft_[0-9A-HJKMNP-TV-Z]{12}$/),
        },
      ],
      next_page_token: null,
    })
    expect((await get('USDT?asset_type=stablecoin')).json.data.map(({ network }: any) => network)).toEqual([
      'Ethereum',
      'Solana',
      'Tron',
    ])
    expect((await get('EUR?asset_type=fiat')).json.data).toEqual([])
    // payward.assets.unknown: in a path
    expect(tag(await get('NOPE'))).toBe('404 UnknownAsset')
  })

  test('payward.withdrawals.validate: true or false; what there is not is 400', async () => {
    const box = await start()
    const valid = async (fields: Record<string, unknown>) => (await box.call(client, validating(fields))).json.data
    expect(await valid({})).toEqual({ valid: true })
    expect(await valid({ address: ETH_WALLET, memo: null })).toEqual({ valid: false })
    expect(await valid({ address: ETH_WALLET, asset_symbol: 'ETH', method_id: METHODS.ETH })).toEqual({ valid: true })
    expect(tag(await box.call(client, validating({ asset_symbol: 'NOPE' })))).toBe('400 UnknownAsset')
    expect(field(await box.call(client, validating({ method_id: METHODS.ETH })))).toBe('400 InvalidArguments method_id')
    expect((await box.call(client, ADDRESSES)).json.data).toEqual([])
  })

  test('payward.withdrawals.save: key and tag come back; payward.withdrawals.address-list: the list knows it all', async () => {
    const box = await start()
    expect((await box.call(client, saving({}))).json).toEqual({ data: { key: 'cold-wallet', tag: null } })
    await box.advance('1s')
    const { address } = (await box.call(client, creation({ method_id: METHODS.XRP, asset_symbol: 'XRP' }))).json.data
    const xrp = { asset_symbol: 'XRP', method_id: METHODS.XRP, key: 'ops', address, tag: '77' }
    expect((await box.call(client, saving(xrp))).json).toEqual({ data: { key: 'ops', tag: '77' } })
    const shown = {
      key: 'cold-wallet',
      asset: { symbol: 'BTC', type: 'crypto' },
      method: { id: METHODS.BTC, name: 'Bitcoin' },
      address: WALLET,
      memo: null,
      tag: null,
      created_at: '2026-05-16T19:00:00Z',
    }
    const list = async (query: string) => (await box.call(client, { ...ADDRESSES, path: ADDRESSES.path + query })).json
    expect(await list('')).toEqual({
      data: [shown, expect.objectContaining({ key: 'ops', tag: '77' })],
      next_page_token: null,
    })
    expect((await list('?asset_type=stablecoin')).data).toHaveLength(2)
    expect((await list('?asset_symbol=BTC')).data).toEqual([shown])
    expect((await list('?asset_symbol=USDC&asset_type=stablecoin')).data).toEqual([])
    const first = await list('?page_size=1')
    expect(first.data).toEqual([shown])
    expect((await list(`?page_size=1&page_token=${first.next_page_token}`)).data).toMatchObject([{ key: 'ops' }])
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['no method', { method_id: undefined }, '400 InvalidArguments method_id'],
    ['no key', { key: '', asset_symbol: 'NOPE' }, '400 InvalidArguments key'],
    ['asset before method', { asset_symbol: 'NOPE', method_id: METHODS.ETH }, '400 UnknownAsset undefined'],
    ['method before address', { method_id: METHODS.ETH, address: 'no' }, '400 InvalidArguments method_id'],
    ['address before key', { address: ETH_WALLET }, '400 InvalidArguments address'],
    ['a key that is taken', {}, '409 DuplicateWithdrawKey undefined'],
  ])('payward.withdrawals.address-checks: %s', async (_, fields, expected) => {
    const box = await rich()
    expect(field(await box.call(client, saving(fields)))).toBe(expected)
    expect((await box.call(client, ADDRESSES)).json.data).toHaveLength(1)
  })

  test('payward.withdrawals.rename: another key, the same address; payward.withdrawals.delete: gone until saved again', async () => {
    const box = await rich()
    await box.call(client, saving({ key: 'other' }))
    expect(tag(await box.call(client, renaming('nobody', 'x')))).toBe('404 UnknownWithdrawKey')
    expect(tag(await box.call(client, renaming('other', 'cold-wallet')))).toBe('409 DuplicateWithdrawKey')
    expect(field(await box.call(client, renaming('other', '')))).toBe('400 InvalidArguments new_key')
    expect((await box.call(client, renaming('cold-wallet', 'a/b ü'))).json).toEqual({ data: { key: 'a/b ü' } })
    expect(tag(await box.call(client, withdrawing({})))).toBe('404 UnknownWithdrawKey')
    expect((await box.call(client, withdrawing({ key: 'a/b ü' }))).status).toBe(200)
    const gone = { data: { key: 'a/b ü', deleted_at: '2026-05-16T19:00:00Z' } }
    expect((await box.call(client, deleting('a/b ü'))).json).toEqual(gone)
    expect(tag(await box.call(client, deleting('a/b ü')))).toBe('404 UnknownWithdrawKey')
    expect((await box.call(client, saving({ key: 'a/b ü' }))).status).toBe(200)
  })

  test.each<['account' | 'partner', number]>([
    ['account', 404],
    ['partner', 200],
  ])('payward.withdrawals.key-scope: %s', async (scope, status) => {
    const box = await rich('2', { assume: { 'payward.withdrawals.key-scope': scope } })
    const given = { provider: 'payward', account: ACCOUNTS.second, currency: 'BTC', amount: '1' }
    await box.control('POST', '/balances', given)
    expect((await box.call(client, withdrawing({}, ACCOUNTS.second))).status).toBe(status)
    const stranger = clientOf(KEYS.other)
    expect(tag(await box.call(stranger, withdrawing({}, ACCOUNTS.other)))).toBe('404 UnknownWithdrawKey')
  })

  test('payward.idempotency.withdrawals: the same key is answered alike, and pays once', async () => {
    const box = await rich()
    const headers = { 'idempotency-key': '550e8400-e29b-41d4-a716-446655440000' }
    const first = await box.call(client, { ...withdrawing({}), headers })
    const again = await box.call(client, { ...withdrawing({}), headers })
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([first.text, 'true'])
    expect(tag(await box.call(client, { ...withdrawing({ amount: '0.3' }), headers }))).toBe('422 IdempotencyKeyReuse')
    expect(await listed(box)).toEqual(['0.25000000 pending'])
    for (const request of [validating({}), saving({ key: 'k' }), renaming('k', 'l')] as Request[]) {
      await box.call(client, { ...request, headers })
      expect((await box.call(client, { ...request, headers })).headers['idempotent-replayed']).toBe('true')
    }
  })
})

describe('withdrawing', () => {
  test('payward.withdrawals.answer: decimal text; payward.withdrawals.fee: on top; payward.withdrawals.postings: held, then taken', async () => {
    const box = await rich('1')
    const { status, json } = await box.call(client, withdrawing({}))
    const ref_id = expect.stringMatching(FXN)
    expect([status, json]).toEqual([
      200,
      { data: { ref_id, amount: '0.25000000', fee: '0.00020000', total: '0.25020000', fee_token: null } },
    ])
    expect(await balance(box)).toBe('1.00000000 0.25020000')
    await box.advance('2h')
    expect(await balance(box)).toBe('0.74980000 0.00000000')
    const { data } = (await box.control('GET', '/movements?provider=payward')).json
    expect(data.map(({ kind, amount }: any) => `${kind} ${amount}`)).toEqual([
      'adjustment 1.00000000',
      'withdrawal -0.25000000',
      'withdrawal_fee -0.00020000',
    ])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('payward.withdrawals.fee: the other reading has it within the amount', async () => {
    const box = await rich('1', { assume: { 'payward.withdrawals.fee': 'included' } })
    expect((await box.call(client, withdrawing({}))).json.data).toMatchObject({
      amount: '0.24980000',
      fee: '0.00020000',
      total: '0.25000000',
    })
    expect((await box.call(client, withdrawing({ amount: '0.75' }))).status).toBe(200)
    expect(await balance(box)).toBe('1.00000000 1.00000000')
  })

  test('payward.withdrawals.broadcast: thirty seconds; payward.withdrawals.success: with its confirmations; payward.funding.withdrawals: as the list says', async () => {
    const box = await rich()
    const { ref_id } = (await box.call(client, withdrawing({}))).json.data
    const row = async () => (await box.control('GET', '/withdrawals')).json.data[0]
    await box.advance('29999ms')
    expect([(await row()).status, (await row()).txid]).toEqual(['held', null])
    await box.advance('1ms')
    expect((await row()).status).toBe('broadcast')
    expect(await listed(box)).toEqual(['0.25000000 pending'])
    await box.advance('30m')
    expect(await listed(box)).toEqual(['0.25000000 success'])
    const { json } = await box.call(client, { method: 'GET', path: '/v1/funds/transactions?type=withdrawal' })
    expect(json).toEqual({
      data: [
        {
          type: 'withdrawal',
          timestamp: '2026-05-16T19:00:00.000Z',
          asset: { symbol: 'BTC', type: 'crypto' },
          amount: '0.25000000',
          status: 'success',
          ref_id,
        },
      ],
      next_page_token: null,
    })
    expect((await box.call(client, transactions())).json.data).toEqual([])
  })

  test('payward.withdrawals.broadcast: as many seconds as the config file says', async () => {
    const box = await rich('1', { providers: { payward: { broadcastSeconds: 90 } } })
    await box.call(client, withdrawing({}))
    const status = async () => (await box.control('GET', '/withdrawals')).json.data[0].status
    await box.advance('89s')
    expect(await status()).toBe('held')
    await box.advance('1s')
    expect(await status()).toBe('broadcast')
  })

  test('payward.withdrawals.broadcast: one to an address of this world arrives there', async () => {
    const box = await rich()
    const { address } = (await box.call(client, creation({}, ACCOUNTS.second))).json.data
    await box.call(client, saving({ key: 'mine', address }))
    await box.call(client, withdrawing({ key: 'mine' }))
    await box.advance('2h')
    const [deposit] = (await box.call(client, transactions())).json.data
    expect(deposit).toMatchObject({ status: 'success', amount: '0.25000000' })
    const { data } = (await box.control('GET', `/balances?account=${ACCOUNTS.second}`)).json
    expect(data).toMatchObject([{ currency: 'BTC', balance: '0.25000000' }])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['a field that is missing', { key: undefined, amount: undefined }, '400 InvalidArguments key'],
    ['text that is no decimal', { amount: '1e3' }, '400 InvalidArguments amount'],
    [
      'payward.assets.unknown-status: asset before key',
      { asset_symbol: 'NOPE', key: 'x' },
      '400 UnknownAsset undefined',
    ],
    [
      'payward.withdrawals.disabled: fiat',
      { asset_symbol: 'EUR', asset_type: 'fiat', key: 'x' },
      '422 WithdrawalDisabled undefined',
    ],
    [
      'payward.withdrawals.key-unknown: key before amount',
      { key: 'x', amount: '-1' },
      '404 UnknownWithdrawKey undefined',
    ],
    ['payward.withdrawals.key-unknown: of another asset', { asset_symbol: 'ETH' }, '404 UnknownWithdrawKey undefined'],
    ['payward.withdrawals.amount: nothing', { amount: '0.000', fee_token: 'x' }, '400 InvalidAmount amount'],
    ['payward.withdrawals.amount: less than nothing', { amount: '-1' }, '400 InvalidAmount amount'],
    ['payward.withdrawals.amount: nine places', { amount: '0.100000001' }, '400 InvalidAmount amount'],
    [
      'payward.withdrawals.limits: too little, before the token',
      { amount: '0.00049999', fee_token: 'x' },
      '422 InvalidAmount amount',
    ],
    ['payward.withdrawals.limits: too much', { amount: '1.00000001' }, '422 InvalidAmount amount'],
    [
      'payward.withdrawals.fee-token: before money',
      { amount: '0.9', fee_token: 'wft_000000000000' },
      '422 InvalidFeeToken undefined',
    ],
    [
      'payward.withdrawals.insufficient-status: the fee is not covered',
      { amount: '0.5' },
      '409 InsufficientFunds undefined',
    ],
    [
      'payward.withdrawals.preview: nor in a preview',
      { amount: '0.5', preview: true },
      '409 InsufficientFunds undefined',
    ],
  ])('payward.withdrawals.order: %s', async (_, fields, expected) => {
    const box = await rich('0.5')
    expect(field(await box.call(client, withdrawing(fields)))).toBe(expected)
    expect([await listed(box), await balance(box)]).toEqual([[], '0.50000000 0.00000000'])
  })

  test.each(['0.50000000000', '0.0005', '1'])('payward.withdrawals.amount: %s is one', async (amount) => {
    const box = await rich()
    expect((await box.call(client, withdrawing({ amount }))).status).toBe(200)
  })

  test.each(['400', '422'] as const)('payward.withdrawals.insufficient-status: %s', async (status) => {
    const box = await rich('0.1', { assume: { 'payward.withdrawals.insufficient-status': status } })
    expect(tag(await box.call(client, withdrawing({})))).toBe(`${status} InsufficientFunds`)
  })

  test('payward.assets.unknown-status: 404 where that is chosen', async () => {
    const box = await rich('1', { assume: { 'payward.assets.unknown-status': '404' } })
    expect(tag(await box.call(client, withdrawing({ asset_symbol: 'NOPE' })))).toBe('404 UnknownAsset')
  })

  test('payward.withdrawals.preview: says what it would cost; payward.withdrawals.fee-token: good for ten minutes, more than once', async () => {
    const box = await rich()
    const preview = (await box.call(client, withdrawing({ preview: true }))).json.data
    const token = expect.stringMatching(/^wft_/)
    expect(preview).toEqual({
      ref_id: null,
      amount: '0.25000000',
      fee: '0.00020000',
      total: '0.25020000',
      fee_token: token,
    })
    expect([await listed(box), await balance(box)]).toEqual([[], '2.00000000 0.00000000'])
    const { fee_token } = preview
    await box.advance('599999ms')
    for (const preview of [true, false])
      expect((await box.call(client, withdrawing({ fee_token, preview }))).status).toBe(200)
    const eth = { asset_symbol: 'ETH', method_id: METHODS.ETH, key: 'eth', address: ETH_WALLET }
    await box.call(client, saving(eth))
    await give(box, '1', 'ETH')
    const other = withdrawing({ asset_symbol: 'ETH', key: 'eth', amount: '0.1', fee_token })
    expect(tag(await box.call(client, other))).toBe('422 InvalidFeeToken')
    await box.advance('1ms')
    expect(tag(await box.call(client, withdrawing({ fee_token })))).toBe('422 InvalidFeeToken')
    expect((await box.call(client, withdrawing({ fee_token: null }))).status).toBe(200)
  })

  test('payward.withdrawals.ref-id: the other prefix', async () => {
    const box = await rich('1', { assume: { 'payward.withdrawals.ref-id': 'WD' } })
    expect((await box.call(client, withdrawing({}))).json.data.ref_id).toMatch(/^WD-[0-9A-HJKMNP-TV-Z]{20}$/)
    expect(await listed(box)).toHaveLength(1)
  })

  test('payward.withdrawals.success: as soon as it is sent, where that is chosen', async () => {
    const box = await rich('1', { assume: { 'payward.withdrawals.success': 'broadcast' } })
    await box.call(client, withdrawing({}))
    await box.advance('30s')
    expect([await listed(box), await balance(box)]).toEqual([['0.25000000 success'], '0.74980000 0.00000000'])
    await box.advance('2h')
    expect(await balance(box)).toBe('0.74980000 0.00000000')
  })

  test('payward.withdrawals.statuses: the older words', async () => {
    const box = await rich('1', { assume: { 'payward.withdrawals.statuses': 'ifex' } })
    await box.call(client, withdrawing({}))
    const seen = [(await listed(box))[0]]
    for (const by of ['30s', '10m', '30m']) {
      await box.advance(by)
      seen.push((await listed(box))[0])
    }
    expect(seen.map((text) => text!.split(' ')[1])).toEqual(['initial', 'pending', 'settled', 'success'])
  })

  test.each<[object, string, string]>([
    [{ outcome: 'failed', stage: 'before' }, 'failure', '1.00000000 0.00000000'],
    [{ outcome: 'failed', stage: 'after' }, 'failure', '1.00000000 0.00000000'],
    [{ outcome: 'declined' }, 'failure', '1.00000000 0.00000000'],
    [{ outcome: 'replaced' }, 'failure', '1.00000000 0.00000000'],
    [{ outcome: 'stuck', after: '3h' }, 'success', '0.74980000 0.00000000'],
  ])('payward.withdrawals.failure: what a scenario wants: %j', async (fate, status, left) => {
    const box = await rich('1')
    await fated(box, fate)
    await box.call(client, withdrawing({}))
    await box.advance('6h')
    expect([await listed(box), await balance(box)]).toEqual([[`0.25000000 ${status}`], left])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('payward.withdrawals.final: success stays, whatever becomes of the block', async () => {
    const box = await rich('1')
    await fated(box, { outcome: 'reorged' })
    await box.call(client, withdrawing({}))
    await box.advance('6h')
    expect([await listed(box), await balance(box)]).toEqual([['0.25000000 success'], '0.74980000 0.00000000'])
  })

  test('payward.withdrawals.review: held by an action, and let go', async () => {
    const box = await rich('1')
    const act = async (name: string, ref_id: string) =>
      (await box.control('POST', `/actions/payward/${name}`, { ref_id })).status
    const { ref_id } = (await box.call(client, withdrawing({}))).json.data
    expect(await act('release-withdrawal', ref_id)).toBeGreaterThanOrEqual(400)
    expect(await act('hold-withdrawal', ref_id)).toBe(201)
    await box.advance('2d')
    expect([await listed(box), await balance(box)]).toEqual([['0.25000000 held'], '1.00000000 0.25020000'])
    expect(await act('hold-withdrawal', ref_id)).toBeGreaterThanOrEqual(400)
    expect(await act('release-withdrawal', ref_id)).toBe(201)
    expect(await listed(box)).toEqual(['0.25000000 pending'])
    await box.advance('30s')
    expect(await act('hold-withdrawal', ref_id)).toBeGreaterThanOrEqual(400)
    await box.advance('2h')
    expect(await listed(box)).toEqual(['0.25000000 success'])
    expect(await act('hold-withdrawal', 'fxn_nobody')).toBeGreaterThanOrEqual(400)
  })

  test('payward.withdrawals.webhook: every status, signed, to who subscribed', async () => {
    const box = await rich('1')
    const inbox = await Inbox.open()
    const url = inbox.url.replace('127.0.0.1', 'localhost')
    await box.call(client, registration({ url, events: ['withdrawal.status_updated'] }))
    await fated(box, { outcome: 'declined', after: '1h', reason: 'not this one' })
    const { ref_id } = (await box.call(client, withdrawing({}))).json.data
    await box.advance('2h')
    const bodies = inbox.received.map(({ json }) => json)
    expect(bodies.map(({ type, data }: any) => `${type} ${data.status}`)).toEqual([
      'withdrawal.status_updated pending',
      'withdrawal.status_updated held',
      'withdrawal.status_updated failure',
    ])
    expect(bodies[0].data).toEqual({
      account_id: ACCOUNTS.main,
      user_id: null,
      ref_id,
      status: 'pending',
      asset: { symbol: 'BTC', type: 'crypto' },
      amount: '0.25000000',
      fee: '0.00020000',
      total: '0.25020000',
      method: { id: METHODS.BTC, name: 'Bitcoin' },
      key: 'cold-wallet',
      address: WALLET,
      tag: null,
      memo: null,
      txid: null,
      timestamp: '2026-05-16T19:00:00.000Z',
    })
  })

  test('payward.withdrawals.webhook: of the account of a user, with the user', async () => {
    const box = await start()
    const { id: user_id, accounts } = (await box.call(client, createsUser({}))).json.data
    const [{ id: account }] = accounts
    await box.control('POST', '/balances', { provider: 'payward', account, currency: 'BTC', amount: '1' })
    await box.call(client, saving({}, account))
    const { ref_id } = (await box.call(client, withdrawing({}, account))).json.data
    const reply = await box.control('POST', '/actions/payward/hold-withdrawal', { ref_id })
    expect(reply.json).toMatchObject({ account_id: account, user_id })
  })

  test('payward.webhooks.headers: the event, and the webhook it was sent to', async () => {
    const box = await rich('1')
    const inbox = await Inbox.open()
    const url = inbox.url.replace('127.0.0.1', 'localhost')
    const reply = await box.call(client, registration({ url, events: ['withdrawal.status_updated'] }))
    await box.call(client, withdrawing({}))
    await box.advance('1s')
    expect(inbox.received[0]!.headers).toMatchObject({
      'x-webhook-event': 'withdrawal.status_updated',
      'x-webhook-id': reply.json.data.webhook.id,
    })
  })

  test('payward.webhooks.body: flat, as at the predecessor', async () => {
    const box = await rich('1', { assume: { 'payward.webhooks.body': 'embed' } })
    const inbox = await Inbox.open()
    await box.subscribe('payward', inbox)
    const { ref_id } = (await box.call(client, withdrawing({}))).json.data
    await box.advance('1s')
    expect(inbox.received[0]!.json).toMatchObject({
      event_type: 'withdrawal.status_updated',
      iiban: 'WDEM O5GA TE2M AIN7 7',
      id: expect.stringMatching(/^[0-9A-Z]{6}-[0-9A-Z]{5}-[0-9A-Z]{6}$/),
      timestamp: '2026-05-16T19:00:00.000000000Z',
      ref_id,
      status: 'pending',
    })
  })

  test('payward.webhooks.vocabulary: only what the examples have a name for', async () => {
    const box = await rich('1', { assume: { 'payward.webhooks.vocabulary': 'pws-examples' } })
    const inbox = await Inbox.open()
    const url = inbox.url.replace('127.0.0.1', 'localhost')
    const refused = await box.call(client, registration({ url, events: ['withdrawal.status_updated'] }))
    expect(refused.status).toBe(400)
    const events = ['withdrawal.completed', 'withdrawal.failed']
    const { webhook } = (await box.call(client, registration({ url, events }))).json.data
    expect(webhook.available_events).toHaveLength(7)
    await box.call(client, withdrawing({}))
    await box.advance('2h')
    await fated(box, { outcome: 'declined' })
    await box.call(client, withdrawing({}))
    await box.advance('2h')
    expect(inbox.received.map(({ json }) => json.type)).toEqual(['withdrawal.completed', 'withdrawal.failed'])
  })

  test('payward.withdrawals.postings: whatever is withdrawn, and whatever comes of it, no atom is lost or made', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.integer({ min: 50_000, max: 60_000_000 }),
            fc.constantFrom('confirmed', 'failed', 'declined', 'replaced', 'stuck'),
            fc.boolean(),
          ),
          { minLength: 1, maxLength: 6 },
        ),
        async (asked) => {
          const box = await rich('1')
          let left = 100_000_000
          let free = left
          for (const [atoms, outcome, preview] of asked) {
            await fated(box, outcome === 'stuck' ? { outcome, after: '1h' } : { outcome })
            const amount = `0.${String(atoms).padStart(8, '0')}`
            const { status } = await box.call(client, withdrawing({ amount, preview }))
            const covered = atoms + 20_000 <= free
            expect(status).toBe(covered ? 200 : 409)
            if (!covered || preview) continue
            free -= atoms + 20_000
            if (outcome === 'confirmed' || outcome === 'stuck') left -= atoms + 20_000
          }
          await box.advance('2d')
          expect(await balance(box)).toBe(`${(left / 1e8).toFixed(8)} 0.00000000`)
          expect(ledgerProblems(box.world)).toEqual([])
        },
      ),
      { numRuns: 8 },
    )
  })
})
