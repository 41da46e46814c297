// CPG's client_reference: a withdrawal that is asked for again is made once, and when it is asked for after all.
import { describe, expect, test } from 'vitest'
import { allocation, client, clientOf, type Credentials, KEYS, PAYEE, payout } from '../clients/cpg.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

async function rich(assume: Record<string, string> = {}): Promise<Kit> {
  const box = await start({ assume })
  const money = { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1000' }
  expect((await box.control('POST', '/balances', money)).status).toBe(201)
  return box
}

function pay(box: Kit, fields: Record<string, unknown> = {}, credentials: Credentials = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(credentials), payout({ client_reference: 'pay-1', ...fields }))
}

async function made(box: Kit): Promise<number> {
  return (await box.control('GET', '/withdrawals')).json.data.length
}

async function held(box: Kit): Promise<string> {
  return (await box.control('GET', '/balances?provider=cpg')).json.data[0].held
}

async function fated(box: Kit, withdrawal: Record<string, unknown>, nth = 1): Promise<void> {
  const rule = { when: { provider: 'cpg', operation: 'createWithdrawal', nth }, then: [{ withdrawal }] }
  expect((await box.control('POST', '/faults', rule)).status).toBe(201)
}

function refused(reply: Reply, status: number, message: string): void {
  expect([reply.status, reply.json]).toEqual([status, { success: false, message }])
}

describe('a repeat', () => {
  test('cpg.withdrawals.repeat: the first answer to the byte, one hold, one hash, one webhook, confirmed or not', async () => {
    const box = await rich()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    const first = await pay(box)
    const again = await pay(box)
    expect([again.status, again.text]).toEqual([200, first.text])
    expect((await box.entry(again)).notes.idempotency).toEqual({ decided: 'replayed', withdrawal: 1 })
    await box.advance('1ms')
    expect([await made(box), await held(box), inbox.received.length]).toEqual([1, '15.000000', 1])
    await box.advance('1h')
    expect((await pay(box)).text).toBe(first.text)
    expect([await made(box), await held(box), inbox.received.length]).toEqual([1, '0.000000', 2])
  })

  test('cpg.withdrawals.repeat: in the same second the replay guard answers first', async () => {
    const box = await rich()
    const call = client.sign(payout({ client_reference: 'pay-1' }), box.wallMs)
    expect((await box.send('cpg', call)).status).toBe(200)
    refused(await box.send('cpg', call), 401, 'Request signature has already been used')
  })

  test('without a reference every call pays', async () => {
    const box = await rich()
    for (const client_reference of [undefined, null, '']) await pay(box, { client_reference })
    expect([await made(box), await held(box)]).toEqual([3, '45.000000'])
  })

  test('cpg.withdrawals.empty-reference: empty and null are none, also in the webhook', async () => {
    const box = await rich()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    for (const client_reference of [null, '']) await pay(box, { client_reference })
    await box.advance('1ms')
    expect(inbox.received.map(({ json }) => json.data.client_reference)).toEqual([null, null])
  })

  test('cpg.withdrawals.reference-forever: years later it still holds', async () => {
    const box = await rich()
    const first = await pay(box)
    await box.advance('700d')
    expect((await pay(box)).text).toBe(first.text)
  })

  test('a reference and an idempotency_key of the same text have nothing to do with each other', async () => {
    const box = await rich()
    expect((await box.call(client, allocation({ idempotency_key: 'pay-1' }))).status).toBe(200)
    expect((await pay(box)).json.data.withdrawal_id).toBe(1)
  })

  test('a repeat must be signed, permitted and a valid body', async () => {
    const box = await rich()
    await pay(box)
    refused(await pay(box, { amount: '0' }), 422, 'amount: Input should be greater than 0')
    refused(await pay(box, {}, KEYS.readonly), 403, 'Insufficient permissions for this endpoint')
  })
})

const CHANGED: [string, Record<string, unknown>][] = [
  ['amount', { amount: '11' }],
  ['currency', { currency: 'USDC' }],
  ['network', { network: 'NOPE' }],
  ['destination', { to_address: `0x${'1'.repeat(40)}` }],
]

describe('the switches', () => {
  test('cpg.withdrawals.reference-scope: by key, another key of the account pays again', async () => {
    const box = await rich()
    await pay(box)
    expect((await pay(box, {}, KEYS.second)).json.data.withdrawal_id).toBe(2)
  })

  test('cpg.withdrawals.reference-scope: by account, it does not', async () => {
    const box = await rich({ 'cpg.withdrawals.reference-scope': 'account' })
    const first = await pay(box)
    expect((await pay(box, {}, KEYS.second)).text).toBe(first.text)
    expect(await made(box)).toBe(1)
  })

  test.each(CHANGED)('cpg.withdrawals.changed-repeat: another %s is ignored', async (_, fields) => {
    const box = await rich()
    const first = await pay(box)
    expect((await pay(box, fields)).text).toBe(first.text)
  })

  test.each(CHANGED)('cpg.withdrawals.changed-repeat: another %s is 409 where that is assumed', async (_, fields) => {
    const box = await rich({ 'cpg.withdrawals.changed-repeat': '409' })
    const first = await pay(box)
    refused(await pay(box, fields), 409, 'client_reference was already used for another withdrawal')
    expect((await pay(box, { amount: '10.0', currency: 'usdt', network: 'eth' })).text).toBe(first.text)
    expect(await made(box)).toBe(1)
  })

  test('cpg.withdrawals.reference-after-failure: a refused call leaves the reference free', async () => {
    const box = await rich()
    refused(await pay(box, { amount: '5' }), 400, 'Amount is below the minimum withdrawal amount')
    refused(await pay(box, { to_address: `0x${'g'.repeat(40)}` }), 400, 'Invalid destination address')
    refused(await pay(box, { amount: '5000' }), 400, 'Insufficient balance')
    expect((await pay(box)).status).toBe(200)
  })

  test('cpg.withdrawals.reference-after-failure: free after a failed broadcast, so that a repeat pays', async () => {
    const box = await rich()
    await fated(box, { outcome: 'failed' })
    expect((await pay(box)).status).toBe(400)
    expect((await pay(box)).json.data.withdrawal_id).toBe(2)
    expect((await pay(box)).json.data.withdrawal_id).toBe(2)
    expect(await held(box)).toBe('15.000000')
  })

  test('cpg.withdrawals.reference-after-failure: kept where that is assumed, so that a repeat fails as before', async () => {
    const box = await rich({ 'cpg.withdrawals.reference-after-failure': 'kept' })
    await fated(box, { outcome: 'failed', reason: 'nonce too low' })
    for (let call = 0; call < 2; call++) refused(await pay(box), 400, 'Broadcast failed: nonce too low')
    expect(await made(box)).toBe(1)
  })

  test('one that was broadcast and failed later keeps its reference: its first answer stands', async () => {
    const box = await rich()
    await fated(box, { outcome: 'failed', stage: 'after' })
    const first = await pay(box)
    await box.advance('1h')
    expect((await pay(box)).text).toBe(first.text)
    expect(await held(box)).toBe('0.000000')
  })
})

describe('an unknown outcome', () => {
  test.each([
    ['confirmed', { status: 'broadcasted', tx_hash: expect.stringMatching(/^0x/) }, 1],
    ['failed', { status: 'broadcasted', withdrawal_id: 2 }, 2],
  ] as const)('cpg.withdrawals.unknown-outcome: pending until it is %s', async (outcome, after, count) => {
    const box = await rich()
    await fated(box, { outcome, stage: 'before', after: '1h' })
    const first = await pay(box)
    expect(first.json.data).toMatchObject({ withdrawal_id: 1, status: 'pending', tx_hash: null, to_address: PAYEE })
    expect((await pay(box)).text).toBe(first.text)
    expect([await made(box), await held(box)]).toEqual([1, '15.000000'])
    await box.advance('1h')
    expect((await pay(box)).json.data).toMatchObject(after)
    expect(await made(box)).toBe(count)
  })

  test('cpg.withdrawals.in-flight: the second of two at once waits for the first', async () => {
    const waits: (() => void)[] = []
    const box = await start({ pause: () => new Promise<void>((resolve) => void waits.push(resolve)) })
    await box.control('POST', '/balances', { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1000' })
    const rule = { when: { provider: 'cpg', operation: 'createWithdrawal', nth: 1 }, then: [{ delay: '5s' }] }
    expect((await box.control('POST', '/faults', rule)).status).toBe(201)
    const first = pay(box)
    while (waits.length === 0) await box.control('GET', '/clock')
    const second = pay(box)
    const noted = async () => (await box.control('GET', '/journal?kind=call')).json.data.length
    expect(await noted()).toBe(0)
    while (
      box.sandbox.engine.inFlight.of(box.world, JSON.stringify(['cpg', 'demo/withdrawals', 'pay-1'])) === undefined
    )
      await box.control('GET', '/clock')
    waits.forEach((go) => go())
    expect((await second).text).toBe((await first).text)
    expect([await made(box), await held(box)]).toEqual([1, '15.000000'])
  })
})
