// Withdrawals that do not go their usual way: looked at by people, declined, cancelled, sent to another merchant of AlphaPo's, or to another provider.
import { describe, expect, test } from 'vitest'
import { client, clientOf, KEYS, lookingUp, PAYEE, taking, withdrawing } from '../clients/alphapo.ts'
import {
  accepted,
  act,
  balance,
  EVM,
  FIRST,
  give,
  info,
  listen,
  sound,
  statuses,
  TRON,
  withdraw,
  wrong,
  XRP,
} from '../clients/alphapo-money.ts'
import * as zopay from '../clients/zopay.ts'
import { type Kit, start } from '../kit.ts'

/** An address of the other merchant. */
async function taken(box: Kit, fields: Record<string, unknown> = {}): Promise<any> {
  return (await box.call(clientOf(KEYS.other), taking(fields))).json.data
}

async function world(more: Parameters<typeof start>[0] = {}) {
  const box = await start(more)
  const inbox = await listen(box)
  await give(box, 'BTC', '1')
  return { box, inbox }
}

async function scenario(box: Kit, withdrawal: object): Promise<void> {
  const reply = await box.control('POST', '/faults', { when: { operation: 'withdrawCrypto' }, then: [{ withdrawal }] })
  if (reply.status !== 201) throw new Error(reply.text)
}

describe('reviews', () => {
  const LIMIT = { currency: 'BTC', operation: '0.1' }

  test('alphapo.withdrawals.review: pending, approved, confirmed; alphapo.withdrawals.limits: because it is over one', async () => {
    const { box, inbox } = await world()
    expect((await act(box, 'limit-merchant', LIMIT)).status).toBe(201)
    expect((await accepted(box, { amount: '0.2' })).status).toBe('pending')
    await box.advance('0s')
    expect(statuses(inbox)).toEqual(['pending'])
    expect(await balance(box, 'BTC')).toBe('0.79995000')
    await box.advance('2h')
    expect((await info(box)).text).toBe(inbox.received[0]!.text)
    expect((await act(box, 'approve-withdrawal', { id: FIRST })).json).toMatchObject({ status: 'not_confirmed' })
    await box.advance('59s')
    expect(statuses(inbox)).toEqual(['pending'])
    await box.advance('1s')
    expect(statuses(inbox)).toEqual(['pending', 'confirmed'])
    expect(await balance(box, 'BTC')).toBe('0.79995000')
    sound(box)
  })

  test('alphapo.withdrawals.review: pending, declined, to the byte, and the money is back to the atom', async () => {
    const { box, inbox } = await world()
    await act(box, 'limit-merchant', LIMIT)
    await accepted(box, { amount: '0.2' })
    expect((await act(box, 'decline-withdrawal', { id: FIRST })).status).toBe(201)
    const told = (error: string, status: string) =>
      `{"id":5100001,"foreign_id":"wd-1","end_user_reference":"user_8721","type":"withdrawal","crypto_address":{"id":900001,"currency":"BTC","address":"${PAYEE}","tag":null},` +
      `"transactions":[{"id":7200001,"currency":"BTC","transaction_type":"blockchain","type":"withdrawal","address":"${PAYEE}","tag":null,"amount":"0.20000000","txid":null,"confirmations":"0"}],` +
      `"fees":[],"error":"${error}","status":"${status}"}`
    expect(inbox.received.map(({ text }) => text)).toEqual([told('', 'pending'), told('Declined', 'declined')])
    expect((await info(box)).text).toBe(inbox.received[1]!.text)
    expect(await balance(box, 'BTC')).toBe('1.00000000')
    await box.advance('1d')
    expect(inbox.received).toHaveLength(2)
    expect((await box.control('GET', '/withdrawals')).json.data).toMatchObject([{ status: 'declined', txid: null }])
    sound(box)
  })

  test.each([
    ['approve-withdrawal', 'confirmed'],
    ['decline-withdrawal', 'confirmed'],
    ['cancel-withdrawal', 'confirmed'],
    ['approve-withdrawal', 'processing'],
    ['decline-withdrawal', 'processing'],
  ])('alphapo.withdrawals.review: %s is impossible when it is %s', async (action, status) => {
    const { box } = await world()
    await accepted(box)
    if (status === 'confirmed') await box.advance('1m')
    const reply = await act(box, action, { id: FIRST })
    expect([reply.status, reply.json.code, reply.json.detail]).toEqual([
      409,
      'action_impossible',
      expect.stringContaining(`withdrawal ${FIRST} is ${status}`),
    ])
    expect((await act(box, action, { id: 7 })).json.detail).toBe('id: there is no withdrawal 7')
  })

  test.each<[string, object, string[]]>([
    ['one', { currency: 'BTC', operation: '0.1' }, ['processing', 'pending', 'processing']],
    ['an hour', { currency: 'BTC', hour: '0.25' }, ['processing', 'processing', 'pending']],
    ['a day', { currency: 'BTC', day: '0.2' }, ['processing', 'pending', 'pending']],
    ['one, in euros', { operation: '6000' }, ['processing', 'pending', 'processing']],
    ['an hour, in euros', { hour: '14000' }, ['processing', 'processing', 'pending']],
    ['nothing at all', { review: 'all' }, ['pending', 'pending', 'pending']],
    ['another currency', { currency: 'ETH', operation: '0' }, ['processing', 'processing', 'processing']],
  ])('alphapo.withdrawals.limits: of %s', async (_, limits, expected) => {
    const { box } = await world()
    await act(box, 'limit-merchant', limits)
    const found = []
    for (const [index, amount] of ['0.1', '0.11', '0.05'].entries())
      found.push((await accepted(box, { amount, foreign_id: index })).status)
    expect(found).toEqual(expected)
  })

  test('alphapo.withdrawals.limits: an hour and a day are over some time; what was undone does not count', async () => {
    const { box } = await world()
    await act(box, 'limit-merchant', { currency: 'BTC', hour: '0.2', day: '0.3' })
    const status = async (foreign_id: string) => (await accepted(box, { amount: '0.15', foreign_id })).status
    expect(await status('a')).toBe('processing')
    expect(await status('b')).toBe('pending')
    await act(box, 'decline-withdrawal', { id: FIRST + 1 })
    await box.advance('59m')
    expect(await status('c')).toBe('pending')
    await act(box, 'decline-withdrawal', { id: FIRST + 2 })
    await box.advance('1m')
    expect(await status('d')).toBe('processing')
    await box.advance('22h')
    expect(await status('e')).toBe('pending')
    await act(box, 'decline-withdrawal', { id: FIRST + 4 })
    await box.advance('1h')
    expect(await status('f')).toBe('processing')
  })

  test('alphapo.withdrawals.limits: those of a currency come before those in euros; a config sets them, an action lifts them', async () => {
    const withdrawals = { default: { operation: '1' }, currencies: { BTC: { operation: '0.3' } } }
    const keys = [{ id: 'k', secret: 's' }]
    const box = await start({ providers: { alphapo: { merchants: { shop: { keys, withdrawals } } } } })
    const shop = { key: 'k', secret: 's' }
    for (const currency of ['BTC', 'ETH']) await give(box, currency, '1', 'shop')
    const status = async (fields: object) => (await withdraw(box, { ...fields }, shop)).json.data.status
    expect(await status({ amount: '0.3' })).toBe('processing')
    expect(await status({ amount: '0.31', foreign_id: 2 })).toBe('pending')
    const ether = { currency: 'ETH', address: EVM, amount: '0.1' }
    expect(await status({ ...ether, foreign_id: 3 })).toBe('pending')
    expect((await act(box, 'limit-merchant', { merchant: 'shop' })).json.default).toEqual({})
    expect(await status({ ...ether, foreign_id: 4 })).toBe('processing')
    expect((await act(box, 'limit-merchant', { merchant: 'shop', review: 'all' })).json).toMatchObject({
      currencies: withdrawals.currencies,
      review: 'all',
    })
    expect(await status({ ...ether, foreign_id: 5 })).toBe('pending')
  })

  test.each([
    [{ merchant: 'shop' }, 'merchant: there is no merchant "shop"; did you mean demo?'],
    [{ currency: 'USDT' }, 'currency: AlphaPo has no currency "USDT"'],
  ])('alphapo.withdrawals.limits: %j is refused', async (fields, message) => {
    const { box } = await world()
    const reply = await act(box, 'limit-merchant', fields)
    expect([reply.status, reply.json.detail]).toEqual([409, message])
  })
})

describe('what a scenario wants', () => {
  test('alphapo.withdrawals.review: declined means looked at first, and then, when time moves, declined', async () => {
    const { box, inbox } = await world()
    await scenario(box, { outcome: 'declined', reason: 'Suspicious' })
    expect((await accepted(box)).status).toBe('pending')
    await box.advance('0s')
    expect(statuses(inbox)).toEqual(['pending'])
    await box.advance('1s')
    expect(inbox.received.map(({ json }) => [json.status, json.error])).toEqual([
      ['pending', ''],
      ['declined', 'Suspicious'],
    ])
    expect(await balance(box, 'BTC')).toBe('1.00000000')
    sound(box)
  })

  test('alphapo.withdrawals.review: declined after as long as it says, unless somebody was faster', async () => {
    const { box, inbox } = await world()
    await scenario(box, { outcome: 'declined', after: '2h' })
    await accepted(box, { amount: '0.1' })
    await accepted(box, { amount: '0.1', foreign_id: 2 })
    await box.advance('1h')
    await act(box, 'approve-withdrawal', { id: FIRST + 1 })
    await box.advance('59m')
    expect(statuses(inbox)).toEqual(['pending', 'pending', 'confirmed'])
    await box.advance('1d')
    expect(statuses(inbox)).toEqual(['pending', 'pending', 'confirmed', 'declined'])
    expect(await balance(box, 'BTC')).toBe('0.89995000')
    sound(box)
  })

  test('alphapo.withdrawals.undone: failed is cancelled when it should have been sent, with the reason, and the money is back', async () => {
    const { box, inbox } = await world()
    const error = 'Invalid params: expected a hex-encoded hash with 0x prefix.'
    await scenario(box, { outcome: 'failed', reason: error })
    expect((await accepted(box)).status).toBe('processing')
    await box.advance('59s')
    expect(await balance(box, 'BTC')).toBe('0.59995000')
    await box.advance('1s')
    expect(inbox.received.map(({ json }) => json)).toMatchObject([
      { status: 'cancelled', error, fees: [], transactions: [{ txid: null }] },
    ])
    expect(Object.keys(inbox.received[0]!.json)).toEqual([
      'id',
      'foreign_id',
      'end_user_reference',
      'type',
      'crypto_address',
      'transactions',
      'fees',
      'error',
      'status',
    ])
    expect(await balance(box, 'BTC')).toBe('1.00000000')
    sound(box)
  })

  test.each([
    ['confirmed', ['confirmed'], '0.59995000'],
    ['failed', ['cancelled'], '1.00000000'],
    ['declined', ['declined'], '1.00000000'],
  ])('settled by hand as %s', async (outcome, told, left) => {
    const { box, inbox } = await world()
    await accepted(box)
    expect((await box.control('POST', '/withdrawals/wd_1/settle', { outcome })).status).toBe(200)
    expect(statuses(inbox)).toEqual(told)
    await box.advance('1d')
    expect(statuses(inbox)).toEqual(told)
    expect(await balance(box, 'BTC')).toBe(left)
    sound(box)
  })

  test('alphapo.withdrawals.undone: cancelled by hand, with a text of one’s own, while it is pending too', async () => {
    const { box, inbox } = await world()
    await act(box, 'limit-merchant', { currency: 'BTC', operation: '0.1' })
    await accepted(box, { amount: '0.1' })
    await accepted(box, { amount: '0.2', foreign_id: 2 })
    for (const id of [FIRST, String(FIRST + 1)]) await act(box, 'cancel-withdrawal', { id, error: 'No fuel' })
    expect(inbox.received.map(({ json }) => [json.id, json.status, json.error])).toEqual([
      [FIRST + 1, 'pending', ''],
      [FIRST, 'cancelled', 'No fuel'],
      [FIRST + 1, 'cancelled', 'No fuel'],
    ])
    await box.advance('1d')
    expect(inbox.received).toHaveLength(3)
    expect(await balance(box, 'BTC')).toBe('1.00000000')
    sound(box)
  })

  test('a scenario’s callbacks concern the withdrawal alone', async () => {
    const { box, inbox } = await world()
    await box.control('POST', '/faults', {
      when: { operation: 'withdrawCrypto', nth: 1 },
      then: [{ callbacks: { how: 'duplicate', times: 1 } }],
    })
    await accepted(box, { amount: '0.1' })
    await accepted(box, { amount: '0.1', foreign_id: 2 })
    await box.advance('1h')
    const ids = inbox.received.map(({ json }) => json.id)
    expect([ids.length, ids.filter((id) => id === FIRST).length]).toEqual([3, 2])
  })
})

describe('alphapo.ledger.withdrawal-booked', () => {
  const assume = { 'alphapo.ledger.withdrawal-booked': 'at-broadcast' }

  test('alphapo.ledger.withdrawal-booked: at the broadcast by the switch, and until then nothing else can spend it', async () => {
    const { box } = await world({ assume })
    await accepted(box, { amount: '0.6' })
    expect(await balance(box, 'BTC')).toBe('1.00000000')
    wrong(await withdraw(box, { amount: '0.5', foreign_id: 2 }), { amount: 'Not enough amount' })
    await box.advance('1m')
    expect(await balance(box, 'BTC')).toBe('0.39995000')
    sound(box)
  })

  test('alphapo.ledger.withdrawal-booked: what is undone was never taken', async () => {
    const { box } = await world({ assume })
    await accepted(box, { amount: '0.6' })
    await act(box, 'cancel-withdrawal', { id: FIRST })
    expect((await box.control('GET', '/movements')).json.data).toHaveLength(1)
    expect((await withdraw(box, { amount: '0.9', foreign_id: 2 })).status).toBe(201)
    sound(box)
  })
})

describe('within AlphaPo', () => {
  test('alphapo.withdrawals.internal: both sides at the same instant; alphapo.deposits.internal: without a chain, without mining', async () => {
    const { box, inbox } = await world()
    const other = await listen(box, 'other')
    const { address, id } = await taken(box)
    const reply = await accepted(box, { address })
    expect(reply.status).toBe('processing')
    await box.advance('0s')
    const [sent, arrived] = [inbox.received[0]!.json, other.received[0]!.json]
    const { txid } = sent.transactions[0]
    expect(txid).toMatch(/^[0-9a-f]{64}$/)
    expect(inbox.received.map(({ text }) => text)).toEqual([
      `{"id":5100001,"foreign_id":"wd-1","end_user_reference":"user_8721","type":"withdrawal","crypto_address":{"id":900002,"currency":"BTC","address":"${address}","tag":null},` +
        `"currency_sent":{"currency":"BTC","amount":"0.40000000"},"currency_received":{"currency":"BTC","amount":"0.40000000"},` +
        `"transactions":[{"id":7200001,"currency":"BTC","transaction_type":"internal","type":"withdrawal","address":"${address}","tag":null,"amount":"0.40000000","txid":"${txid}","confirmations":"0"}],` +
        `"fees":[],"error":"","status":"confirmed"}`,
    ])
    expect(other.received.map(({ text }) => text)).toEqual([
      `{"id":5100002,"end_user_reference":"user_8721","type":"deposit","crypto_address":{"id":${id},"currency":"BTC","address":"${address}","tag":null,"foreign_id":"user_8721"},` +
        `"currency_sent":{"currency":"BTC","amount":"0.40000000"},"currency_received":{"currency":"BTC","amount":"0.40000000","amount_minus_fee":"0.39680000"},` +
        `"transactions":[{"id":7200002,"currency":"BTC","transaction_type":"internal","type":"deposit","address":"${address}","tag":null,"amount":"0.40000000","txid":"${txid}","confirmations":"0"}],` +
        `"fees":[{"type":"deposit","currency":"BTC","amount":"0.00320000"}],"error":"","status":"confirmed"}`,
    ])
    expect(arrived.status).toBe('confirmed')
    await box.advance('1d')
    expect([inbox.received.length, other.received.length]).toEqual([1, 1])
    expect((await box.control('GET', '/deposits')).json.data).toEqual([])
    expect((await box.control('GET', '/withdrawals')).json.data).toMatchObject([{ status: 'confirmed', txid }])
    expect(await balance(box, 'BTC')).toBe('0.60000000')
    expect(await balance(box, 'BTC', KEYS.other)).toBe('0.39680000')
    expect((await box.call(clientOf(KEYS.other), lookingUp({ txid }))).text).toBe(other.received[0]!.text)
    expect((await info(box, { txid })).text).toBe(inbox.received[0]!.text)
    sound(box)
  })

  test('alphapo.withdrawals.internal: by the tag, and only with it', async () => {
    const { box } = await world()
    await give(box, 'XRP', '100')
    const { address, tag } = await taken(box, { currency: 'XRP' })
    await accepted(box, { currency: 'XRP', amount: 10, address, tag: Number(tag), foreign_id: 1 })
    await accepted(box, { currency: 'XRP', amount: 10, address, tag: '7', foreign_id: 2 })
    await accepted(box, { currency: 'XRP', amount: 10, address, foreign_id: 3 })
    await box.advance('1d')
    const types = []
    for (const id of ['1', '2', '3'])
      types.push((await info(box, { foreign_id: id })).json.transactions[0].transaction_type)
    expect(types).toEqual(['internal', 'blockchain', 'blockchain'])
    // The other two are lost: nobody was allocated their tags.
    expect(await balance(box, 'XRP', KEYS.other)).toBe('9.92000000')
    sound(box)
  })

  test('alphapo.withdrawals.internal: what is converted on either side', async () => {
    const { box } = await world()
    await give(box, 'EUR', '1000')
    const { address } = await taken(box, { convert_to: 'EUR' })
    await accepted(box, { currency: 'EUR', convert_to: 'BTC', amount: 600, address })
    expect(await balance(box, 'EUR')).toBe('394.00000000')
    expect(await balance(box, 'EUR', KEYS.other)).toBe('594.00000000')
    sound(box)
  })

  test.each([
    ['another network of the same form', { currency: 'ETHA', amount: '0.5' }, { currency: 'USDC' }],
    [
      'too little for what it is converted into, and lost',
      { currency: 'USDC', amount: 7 },
      { currency: 'USDC', convert_to: 'EUR' },
    ],
  ])('alphapo.deposits.internal: %s', async (_, sending, receiving) => {
    const { box, inbox } = await world()
    await give(box, sending.currency, '100')
    const { address } = await taken(box, receiving)
    await accepted(box, { ...sending, address })
    await box.advance('1d')
    expect(statuses(inbox)).toEqual(['confirmed'])
    for (const currency of [sending.currency, 'EUR'])
      expect(await balance(box, currency, KEYS.other)).toBe('0.00000000')
    sound(box)
  })

  test('alphapo.withdrawals.internal: reviewed like any other, and sent by hand once', async () => {
    const { box } = await world()
    const other = await listen(box, 'other')
    const { address } = await taken(box)
    await act(box, 'limit-merchant', { review: 'all' })
    for (const foreign_id of [1, 2, 3]) await accepted(box, { address, amount: '0.1', foreign_id })
    expect(other.received).toEqual([])
    await act(box, 'approve-withdrawal', { id: FIRST })
    await act(box, 'decline-withdrawal', { id: FIRST + 1 })
    await box.control('POST', '/withdrawals/wd_3/settle', { outcome: 'confirmed' })
    await box.advance('1d')
    expect(statuses(other)).toEqual(['confirmed', 'confirmed'])
    expect(await balance(box, 'BTC')).toBe('0.80000000')
    expect(await balance(box, 'BTC', KEYS.other)).toBe('0.19840000')
    sound(box)
  })

  test('alphapo.withdrawals.internal: what a scenario has fail does not arrive', async () => {
    const { box } = await world()
    const { address } = await taken(box)
    await scenario(box, { outcome: 'failed' })
    await accepted(box, { address })
    await box.advance('1d')
    expect(await balance(box, 'BTC')).toBe('1.00000000')
    expect(await balance(box, 'BTC', KEYS.other)).toBe('0.00000000')
    sound(box)
  })
})

describe('to and from another provider', () => {
  test('alphapo.deposits.from-elsewhere: over the chain, under the code of the other one', async () => {
    const { box } = await world()
    await give(box, 'USDTE', '100')
    const mint = zopay.post('/addresses', { asset: 'USDT', network: 'ethereum' })
    const { address } = (await box.call(zopay.client, mint)).json
    await accepted(box, { currency: 'USDTE', amount: 25, address })
    await box.advance('2m')
    const [deposit] = (await box.control('GET', '/deposits')).json.data
    expect(deposit).toMatchObject({ provider: 'zopay', currency: 'USDT', network: 'ethereum', amount: '25.000000' })
    expect(deposit.txid).toBe((await info(box)).json.transactions[0].txid)
    sound(box)
  })

  test.each([
    ['USDT', 'tron', 'USDTT'],
    ['USDT', 'ethereum', 'USDTE'],
    ['USDT', 'bsc', 'USDTB'],
    ['USDC', 'ethereum', 'USDC'],
    ['USDC', 'base', 'USDCBASE'],
    ['USDC', 'solana', 'USDCS'],
    ['ETH', 'arbitrum', 'ETHA'],
    ['EURC', 'base', 'EURCBASE'],
    ['BTC', 'bitcoin', 'BTC'],
    ['WBTC', 'ethereum', 'WBTC'],
    ['BTC', 'lightning', undefined],
    ['USDT', 'polygon', undefined],
    ['XLM', 'stellar', undefined],
  ] as const)('alphapo.deposits.from-elsewhere: %s on %s is %s', async (coin, on, code) => {
    const box = await start()
    const { deposits } = box.sandbox.engine.providers.get('alphapo')!
    expect(deposits!.codesOf!(coin, on)?.currency).toBe(code)
  })
})

test('every refusal leaves the world as it was, numbers included', async () => {
  const { box } = await world()
  for (const fields of [
    { amount: 5 },
    { address: EVM },
    { convert_to: 'X' },
    { currency: 'XRP', address: XRP, tag: 'x' },
  ])
    expect((await withdraw(box, fields)).status).toBe(400)
  expect((await box.call(client, withdrawing({ currency: 'TRX', amount: 20, address: TRON }))).status).toBe(400)
  expect((await accepted(box)).id).toBe(FIRST)
  await box.advance('1m')
  expect((await info(box)).json.crypto_address.id).toBe(900001)
})
