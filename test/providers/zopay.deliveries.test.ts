// The list of webhook deliveries, from what little is published of it: the sandbox's outbox as Zopay would show it.
import { describe, expect, test } from 'vitest'
import { client, clientOf, get, KEYS, post, replay } from '../clients/zopay.ts'
import { fresh, refused } from '../clients/zopay-money.ts'
import { Inbox, type Kit, start } from '../kit.ts'

async function happens(box: Kit, ref = 'user-1', by = client): Promise<void> {
  const body = { asset: 'USDT', network: 'solana', external_ref: ref }
  const { address } = (await box.call(by, post('/addresses', body, fresh()))).json
  await box.deposit(address, '5', { confirmations: 'instant' })
}

async function deliveries(box: Kit, query = '', by = client): Promise<any[]> {
  const { status, json } = await box.call(by, get(`/webhook-deliveries${query}`))
  expect(status).toBe(200)
  return json.data
}

/** A receiver that answers 500 to the first so many, and a sandbox that sends to it. */
async function receiving(failures: number, assume: Record<string, string> = {}) {
  const box = await start({ assume })
  const inbox = await Inbox.open()
  inbox.answers = (_, index) => ({ status: index < failures ? 500 : 200 })
  await box.subscribe('zopay', inbox)
  return { box, inbox }
}

describe('deliveries', () => {
  test('zopay.deliveries.row; zopay.deliveries.statuses: 500 first, then 200, then a replay, which is a row of its own', async () => {
    const { box, inbox } = await receiving(1)
    await happens(box)
    const [waiting] = await deliveries(box)
    const event = inbox.received[0]!.json
    expect(waiting).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      object: 'webhook_delivery',
      event_id: event.id,
      status: 'pending',
      attempt_count: 1,
      event_type: 'address.deposit.received',
      url: inbox.url,
      livemode: false,
      last_response_status: 500,
      last_error: expect.any(String),
      next_attempt_at: '2026-05-16T19:01:00Z',
      created_at: '2026-05-16T19:00:00Z',
      delivered_at: null,
    })
    await box.advance('1m')
    const [done] = await deliveries(box)
    expect(done).toMatchObject({
      id: waiting.id,
      status: 'delivered',
      attempt_count: 2,
      last_response_status: 200,
      last_error: null,
      next_attempt_at: null,
      delivered_at: '2026-05-16T19:01:00Z',
    })
    const { json } = await box.call(client, replay(event.id, fresh()))
    expect((await deliveries(box)).map(({ id }) => id)).toEqual([json.id, waiting.id])
  })

  test('zopay.deliveries.statuses: processing while an attempt is under way', async () => {
    const { box, inbox } = await receiving(0)
    let release = () => {}
    inbox.answers = () => new Promise((resolve) => (release = () => resolve({})))
    const made = happens(box)
    await expect.poll(() => inbox.received.length).toBe(1)
    expect((await deliveries(box)).map(({ status, attempt_count }) => [status, attempt_count])).toEqual([
      ['processing', 0],
    ])
    release()
    await made
    expect((await deliveries(box))[0].status).toBe('delivered')
  })

  test('zopay.deliveries.statuses: exhausted after the sixth failure, failed when the endpoint is gone', async () => {
    const { box, inbox } = await receiving(99)
    await happens(box)
    await box.advance('24h')
    expect((await deliveries(box))[0]).toMatchObject({ status: 'exhausted', attempt_count: 6, next_attempt_at: null })
    await happens(box, 'user-2')
    const { id } = (await box.control('GET', '/callbacks/endpoints')).json.data[0]
    const gone = await box.control('DELETE', `/callbacks/endpoints/${id}`)
    expect(gone.status, gone.text).toBeLessThan(300)
    expect((await deliveries(box)).map(({ status, url }) => [status, url])).toEqual([
      ['failed', inbox.url],
      ['exhausted', inbox.url],
    ])
  })

  test('zopay.deliveries.failed: the other way, also one that is tried again', async () => {
    const { box } = await receiving(1, { 'zopay.deliveries.failed': 'retrying' })
    await happens(box)
    expect((await deliveries(box))[0].status).toBe('failed')
    await box.advance('1m')
    expect((await deliveries(box))[0].status).toBe('delivered')
  })

  test('zopay.deliveries.row: the other way, the documented five', async () => {
    const { box } = await receiving(0, { 'zopay.deliveries.row': 'documented-five' })
    await happens(box)
    expect(Object.keys((await deliveries(box))[0])).toEqual(['id', 'object', 'event_id', 'status', 'attempt_count'])
  })

  test('zopay.deliveries.filters: by event, status, mode and time, a page at a time; another organisation has none', async () => {
    const { box, inbox } = await receiving(1)
    await happens(box)
    await box.advance('10s')
    await happens(box, 'user-2')
    const [first, second] = inbox.received.map(({ json }) => json.id)
    const events = async (query: string) => (await deliveries(box, query)).map(({ event_id }) => event_id)
    expect(await events('')).toEqual([second, first])
    expect(await events(`?event_id=${first}`)).toEqual([first])
    expect(await events('?event_id=evt_nobody')).toEqual([])
    expect(await events('?status=pending')).toEqual([first])
    expect(await events('?status=delivered,exhausted')).toEqual([second])
    expect(await events('?livemode=true')).toEqual([])
    expect(await events('?livemode=false&limit=1')).toEqual([second])
    expect(await events('?to=2026-05-16T19:00:09Z')).toEqual([first])
    expect(await events('?from=2026-05-16T19:00:10Z')).toEqual([second])
    const { json } = await box.call(client, get('/webhook-deliveries?limit=1'))
    expect(json.has_more).toBe(true)
    expect(await events(`?limit=1&cursor=${json.cursor}`)).toEqual([first])
    expect(await deliveries(box, '', clientOf(KEYS.other))).toEqual([])
    for (const [query, code] of [
      ['status=sent', 'invalid_status'],
      ['livemode=1', 'invalid_livemode'],
      ['from=yesterday', 'invalid_date'],
      ['cursor=x', 'invalid_cursor'],
    ])
      refused(await box.call(client, get(`/webhook-deliveries?${query}`)), 400, code!)
    expect((await box.call(client, get('/webhook-deliveries?limit=0'))).status).toBe(422)
  })

  test('zopay.deliveries.row: url is where a delivery went, and a replay goes to the current one', async () => {
    const { box, inbox } = await receiving(1)
    await happens(box)
    const moved = await Inbox.open()
    await box.subscribe('zopay', moved)
    const first = inbox.received[0]!.json.id
    await box.call(client, replay(first, fresh()))
    expect((await deliveries(box)).map(({ url }) => url)).toEqual([moved.url, inbox.url])
    await box.advance('1m')
    // The second attempt of the first delivery goes to the endpoint as it is by then.
    expect((await deliveries(box)).map(({ url }) => url)).toEqual([moved.url, moved.url])
    expect([inbox.received.length, moved.received.length]).toEqual([1, 2])
  })

  test('zopay.deliveries.row: a password inside of the url is not told', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const url = inbox.url.replace('http://', 'http://shop:pass-of-the-shop@')
    await box.subscribe('zopay', { url })
    await happens(box)
    const [{ url: told }] = await deliveries(box)
    expect(told).toBe(inbox.url.replace('http://', 'http://hidden@'))
  })

  test('without an endpoint nothing is listed', async () => {
    const box = await start()
    await happens(box)
    expect(await deliveries(box)).toEqual([])
  })
})
