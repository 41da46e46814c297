// Money that arrives at CPG, and how CPG tells: from its pages on deposit requests and webhooks.
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { allocation, clientOf, KEYS } from '../clients/cpg.ts'
import { Inbox, type Kit, start, triedUntilExhausted } from '../kit.ts'

async function allocate(
  box: Kit,
  fields: Record<string, unknown> = {},
  credentials: { key: string; secret: string } = KEYS.demo,
): Promise<any> {
  return (await box.call(clientOf(credentials), allocation(fields))).json.data
}

async function read(box: Kit, id: number): Promise<any> {
  return (await box.call(clientOf(KEYS.demo), { method: 'GET', path: `/v1/deposit-requests/${id}` })).json.data
}

async function why(box: Kit): Promise<string[]> {
  const { data } = (await box.control('GET', '/journal?kind=timer')).json
  return data.map((entry: any) => entry.because).filter((line: unknown) => line)
}

describe('deposits', () => {
  test('cpg.requests.transactions: seen, mined, confirmed, at token precision', async () => {
    const box = await start()
    const { address, request_id: id } = await allocate(box)
    const { txid } = await box.deposit(address, '100')
    expect((await read(box, id)).transactions).toEqual([
      {
        tx_hash: txid,
        amount_decimal: '100.000000',
        confirmations: 0,
        status: 'detected',
        block_number: null,
        detected_at: '2026-05-16T19:00:00+00:00',
        confirmed_at: null,
      },
    ])
    expect(txid).toMatch(/^0x[0-9a-f]{64}$/)
    await box.advance('12s')
    expect((await read(box, id)).transactions[0]).toMatchObject({
      confirmations: 1,
      status: 'detected',
      block_number: expect.any(Number),
    })
    await box.advance('2m')
    expect((await read(box, id)).transactions[0]).toMatchObject({ confirmations: 11, status: 'detected' })
    await box.advance('1h')
    const after = await read(box, id)
    expect(after.status).toBe('active')
    expect(after.transactions[0]).toMatchObject({
      confirmations: 12,
      status: 'confirmed',
      confirmed_at: '2026-05-16T19:02:24+00:00',
    })
  })

  test('cpg.networks.min-confirmations: each network waits for its own number', async () => {
    const box = await start()
    for (const [currency, network, count] of [
      ['USDT', 'ETH', 12],
      ['BNB', 'BSC', 15],
      ['TRX', 'TRX', 20],
    ] as const) {
      const { address, request_id: id } = await allocate(box, { currency, network })
      await box.deposit(address, '1', { confirmations: 'instant' })
      expect((await read(box, id)).transactions[0]).toMatchObject({ confirmations: count, status: 'confirmed' })
    }
  })

  test.each([
    ['10799999ms', 'active'],
    ['3h', 'expired_for_display'],
    ['10800001ms', 'expired_for_display'],
    ['6d', 'expired_for_display'],
  ])('cpg.deposits.late-credit: a deposit after %s credits, and the request stays %s', async (by, status) => {
    const box = await start()
    for (const fields of [{}, { user_identifier: 'u' }]) {
      const { address, request_id: id } = await allocate(box, fields)
      await box.deposit(address, '5', { after: by, confirmations: 'instant' })
      await box.advance(by)
      const request = await read(box, id)
      expect([request.status, request.transactions[0].status]).toEqual([status, 'confirmed'])
      await box.control('POST', '/reset')
    }
  })

  test.each([
    ['604799999ms', 1, 1],
    ['7d', 0, 1],
    ['604800001ms', 0, 1],
  ])(
    'cpg.deposits.after-window: %s after the allocation a pool address credits %i, a sticky one %i',
    async (by, pool, sticky) => {
      const box = await start()
      const one = await allocate(box)
      const two = await allocate(box, { user_identifier: 'u' })
      await box.advance(by)
      for (const { address } of [one, two]) await box.deposit(address, '5', { confirmations: 'instant' })
      expect((await read(box, one.request_id)).transactions).toHaveLength(pool)
      expect((await read(box, two.request_id)).transactions).toHaveLength(sticky)
      if (pool === 0) expect((await why(box)).join()).toContain('is back in the pool')
    },
  )

  test.each([
    ['1209599999ms', 1],
    ['14d', 0],
  ])(
    'cpg.deposits.after-window: money sent in the first life of a pool address, seen %s later, credits %i in its second',
    async (after, count) => {
      const box = await start()
      const { address } = await allocate(box)
      await box.deposit(address, '5', { after, confirmations: 'instant' })
      await box.advance('7d')
      const second = await allocate(box)
      expect(second.address).toBe(address)
      await box.advance('7d')
      expect((await read(box, second.request_id)).transactions).toHaveLength(count)
    },
  )

  test('cpg.deposits.recycled: after reassignment the money is the new request\u2019s and never shows under the old one', async () => {
    const box = await start()
    const old = await allocate(box)
    await box.deposit(old.address, '1', { confirmations: 'instant' })
    await box.advance('8d')
    const fresh = await allocate(box)
    expect(fresh.address).toBe(old.address)
    const deposit = await box.deposit(old.address, '2', { confirmations: 'instant' })
    expect(deposit.reference).toBe(String(fresh.request_id))
    expect((await read(box, old.request_id)).transactions.map((row: any) => row.amount_decimal)).toEqual(['1.000000'])
    expect((await read(box, fresh.request_id)).transactions.map((row: any) => row.amount_decimal)).toEqual(['2.000000'])
  })

  test('cpg.deposits.sticky: every request of an identifier lists what came to its address in its currency', async () => {
    const box = await start()
    const first = await allocate(box, { user_identifier: 'u' })
    await box.deposit(first.address, '1', { confirmations: 'instant' })
    const second = await allocate(box, { user_identifier: 'u' })
    const { reference } = await box.deposit(first.address, '2', { confirmations: 'instant' })
    expect(reference).toBe(String(second.request_id))
    for (const { request_id: id } of [first, second]) expect((await read(box, id)).transactions).toHaveLength(2)
  })

  test('cpg.deposits.unrequested-currency: a currency that was never requested for this address is not credited', async () => {
    const box = await start()
    const { address, request_id: id } = await allocate(box, { user_identifier: 'u' })
    await box.deposit(address, '1', { currency: 'ETH', confirmations: 'instant' })
    expect((await read(box, id)).transactions).toEqual([])
    expect(await why(box)).toContain('dep_1: not credited: ETH was never requested for this address')
    const eth = await allocate(box, { user_identifier: 'u', currency: 'ETH' })
    await box.deposit(address, '0.000000000000000001', { currency: 'ETH', confirmations: 'instant' })
    expect((await read(box, eth.request_id)).transactions[0].amount_decimal).toBe('0.000000000000000001')
    expect((await read(box, id)).transactions).toEqual([])
  })

  test('cpg.deposits.no-cross-network: money on another network credits nothing', async () => {
    const box = await start()
    const { address, request_id: id } = await allocate(box)
    await box.deposit(address, '1', { network: 'BSC', confirmations: 'instant' })
    expect((await read(box, id)).transactions).toEqual([])
    expect((await why(box))[0]).toContain('the address is on ETH, but the transfer is on BSC')
  })

  test('several part payments are listed one by one, oldest first, and nothing is summed', async () => {
    const box = await start()
    const { address, request_id: id } = await allocate(box)
    const first = await box.deposit(address, '1.5')
    await box.deposit(address, '2.25', { same_transaction_as: first.id })
    await box.advance('1h')
    const { transactions } = await read(box, id)
    expect(transactions.map((row: any) => row.amount_decimal)).toEqual(['1.500000', '2.250000'])
    expect(new Set(transactions.map((row: any) => row.tx_hash)).size).toBe(1)
  })

  test.each(['dropped', 'replaced', 'reorged'])(
    'cpg.deposits.gone: a transaction that is %s disappears from the list',
    async (outcome) => {
      const box = await start()
      const { address, request_id: id } = await allocate(box)
      await box.deposit(address, '1', { outcome })
      expect((await read(box, id)).transactions).toHaveLength(1)
      const { happened } = await box.advance('1h')
      expect(happened.map(({ summary }: any) => summary).join('\n')).not.toContain('swept')
      expect((await read(box, id)).transactions).toEqual([])
      expect((await box.control('GET', '/deposits')).json.data[0].status).toBe(outcome)
    },
  )
})

describe('webhooks', () => {
  test('cpg.webhooks.events: detected, confirmed, swept; cpg.webhooks.envelope: to the byte', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { secret: 'whsec-demo-0001' })
    const { address } = await allocate(box, { user_identifier: 'user_8721' })
    const { txid } = await box.deposit(address, '100')
    await box.advance('1h')
    expect(inbox.received.map(({ json }) => json.event)).toEqual([
      'deposit.detected',
      'deposit.confirmed',
      'deposit.swept',
    ])
    expect(inbox.received.map(({ headers }) => headers['x-cpg-event'])).toEqual([
      'deposit.detected',
      'deposit.confirmed',
      'deposit.swept',
    ])
    expect(inbox.received[0]!.text).toBe(
      `{"id":1,"event":"deposit.detected","created_at":"2026-05-16T19:00:00Z","api_version":"1","data":{"deposit_request_id":1,"user_identifier":"user_8721","address":"${address}",` +
        `"currency":"USDT","network":"ETH","amount":"100.000000","tx_hash":"${txid}","confirmations":0,"block_number":null,"detected_at":"2026-05-16T19:00:00Z"}}`,
    )
    expect(inbox.received.map(({ headers }) => headers['x-cpg-delivery'])).toEqual(['1', '2', '3'])
    expect(
      inbox.received[0]!.rawHeaders.filter((name) => /^x-/i.test(name)),
      'spelled as documented',
    ).toEqual(['X-CPG-Event', 'X-CPG-Delivery', 'X-CPG-Timestamp', 'X-CPG-Signature'])
  })

  test('cpg.webhooks.swept: ten minutes after the credit; cpg.webhooks.amount: amount, not amount_decimal', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.swept'] })
    const { address } = await allocate(box)
    await box.deposit(address, '7', { confirmations: 'instant' })
    await box.advance('599999ms')
    expect(inbox.received).toEqual([])
    await box.advance('1ms')
    expect(inbox.received[0]!.json.data).toMatchObject({
      amount: '7.000000',
      swept_at: '2026-05-16T19:10:00Z',
      sweep_tx_hash: expect.stringMatching(/^0x/),
    })
  })

  test('cpg.webhooks.signature: HMAC-SHA256 over timestamp, LF and body, on wall time; the vector of the dossier', async () => {
    const vector =
      '{"id":9,"event":"deposit.confirmed","created_at":"2026-05-28T20:26:40Z","api_version":"1","data":{}}'
    expect(createHmac('sha256', 'whsec-demo-0001').update(`1780000000\n${vector}`).digest('hex')).toBe(
      '3e178ff78f10b5403875f6d3b68034372c4a108ce27970534eec94d70522160a',
    )
    const box = await start()
    const inbox = await Inbox.open()
    const secret = await box.subscribe('cpg', inbox)
    const { address } = await allocate(box)
    await box.deposit(address, '1')
    const [{ headers, text }] = inbox.received as [any]
    expect(headers['x-cpg-timestamp']).toBe(String(box.wallMs / 1000))
    expect(headers['x-cpg-signature']).toBe(
      createHmac('sha256', secret).update(`${headers['x-cpg-timestamp']}\n${text}`).digest('hex'),
    )
  })

  test('cpg.webhooks.time: Z, with six digits of a second where there is a fraction', async () => {
    const box = await start({ clock: '2026-05-16T19:00:00.987Z' })
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    const { address } = await allocate(box)
    await box.deposit(address, '1')
    expect(inbox.received[0]!.json.created_at).toBe('2026-05-16T19:00:00.987000Z')
  })

  test('cpg.webhooks.retries: seven attempts, the same bytes, each wait counted from the attempt before', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status: 500 })
    await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
    const { address } = await allocate(box)
    await box.deposit(address, '1')
    const delivery = await triedUntilExhausted(
      box,
      inbox,
      [1, 5, 30, 120, 720, 1440].map((minutes) => minutes * 60_000),
    )
    expect(delivery.event).toBe('deposit.detected')
    inbox.answers = () => ({ status: 204 })
    expect((await box.control('POST', `/callbacks/${delivery.id}/redeliver`)).json.status).toBe('delivered')
  })

  test.each([
    [200, true],
    [299, true],
    [301, false],
    [302, false],
    [400, false],
    [404, false],
    [500, false],
  ])('cpg.webhooks.success: %i counts: %s; a redirect is not followed', async (status, counts) => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status, headers: { location: `${inbox.url}/elsewhere` } })
    await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
    const { address } = await allocate(box)
    await box.deposit(address, '1')
    expect((await box.control('GET', '/callbacks')).json.data[0].status).toBe(counts ? 'delivered' : 'pending')
    expect(inbox.received).toHaveLength(1)
  })

  test('a dead receiver is tried for 40 hours in one advance', async () => {
    const box = await start()
    await box.subscribe('cpg', { url: 'http://127.0.0.1:9/' })
    const { address } = await allocate(box)
    await box.deposit(address, '1')
    const { happened } = await box.advance('40h')
    expect(happened.filter(({ summary }: any) => summary.startsWith('deposit.detected'))).toHaveLength(6)
    expect((await box.control('GET', '/callbacks?event=deposit.detected')).json.data[0]).toMatchObject({
      status: 'exhausted',
      attempts: { length: 7 },
    })
  })
})
