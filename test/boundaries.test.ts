// The boundary table: what is true one millisecond before an end, at it, and after it, for sticky and pooled addresses, idempotency and retries.
import { describe, expect, test } from 'vitest'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { Inbox, type Kit, start } from './kit.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Just before, at, just after; and whether the end has come by then. */
const AROUND = [
  [-1, false],
  [0, true],
  [1, true],
] as const

const rows = <const T extends readonly unknown[]>(cases: readonly T[]) =>
  cases.flatMap((row) => AROUND.map(([offset, over]) => [...row, offset, over] as const))

async function allocate(box: Kit, sticky: boolean): Promise<any> {
  return (await box.call(cpg.client, cpg.allocation(sticky ? { user_identifier: 'u' } : {}))).json.data
}

async function read(box: Kit, id: number): Promise<any> {
  return (await box.call(cpg.client, { method: 'GET', path: `/v1/deposit-requests/${id}` })).json.data
}

describe('CPG windows', () => {
  test.each(
    rows([
      ['pool', false],
      ['sticky', true],
    ]),
  )('display of a %s address (%s): %i ms, over: %s', async (_, sticky, offset, over) => {
    const box = await start()
    const { request_id: id } = await allocate(box, sticky)
    await box.advance(`${3 * HOUR + offset}ms`)
    expect((await read(box, id)).status).toBe(over ? 'expired_for_display' : 'active')
  })

  test.each(
    rows([
      ['pool', false],
      ['sticky', true],
    ]),
  )('monitoring of a %s address (%s): %i ms, over: %s', async (_, sticky, offset, over) => {
    const box = await start()
    const { request_id: id, address } = await allocate(box, sticky)
    // Money that is on its way is credited by when it is seen, not by when it was sent.
    await box.deposit(address, '1', { after: `${7 * DAY + offset}ms`, confirmations: 'instant' })
    await box.advance(`${7 * DAY + offset}ms`)
    expect((await read(box, id)).transactions).toHaveLength(over && !sticky ? 0 : 1)
  })

  test.each(
    rows([
      ['pool', false],
      ['sticky', true],
    ]),
  )('reuse of a %s address (%s): %i ms, over: %s', async (_, sticky, offset, over) => {
    const box = await start()
    const { address } = await allocate(box, sticky)
    await box.advance(`${7 * DAY + offset}ms`)
    const pooled = (await allocate(box, false)).address
    expect(pooled === address).toBe(over && !sticky)
    if (sticky) expect((await allocate(box, true)).address).toBe(address)
  })
})

describe('idempotency', () => {
  test.each(rows([['kept for 24 hours']]))('Zopay, %s: %i ms, over: %s', async (_, offset, over) => {
    const box = await start()
    const ask = () =>
      box.call(zopay.client, zopay.post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, 'order-1'))
    const first = await ask()
    await box.advance(`${DAY + offset}ms`)
    const again = await ask()
    expect(again.json.id === first.json.id).toBe(!over)
    if (!over) expect(again.text).toBe(first.text)
  })

  test.each(rows([['kept for 24 hours']]))('Payward, %s: %i ms, over: %s', async (_, offset, over) => {
    const box = await start()
    const request = { ...payward.creation({}), headers: { 'idempotency-key': '550e8400-e29b-41d4-a716-446655440000' } }
    const first = await box.call(payward.client, request)
    await box.advance(`${DAY + offset}ms`)
    const again = await box.call(payward.client, request)
    expect(again.json.data.address === first.json.data.address).toBe(!over)
    expect(again.headers['idempotent-replayed']).toBe(over ? undefined : 'true')
  })

  test.each(rows([['kept for ever']]))('CPG, %s: a year and %i ms (%s)', async (_, offset) => {
    const box = await start()
    const ask = () => box.call(cpg.client, cpg.allocation({ idempotency_key: 'k' }))
    const first = await ask()
    await box.advance(`${365 * DAY + offset}ms`)
    expect((await ask()).text).toBe(first.text)
  })
})

test.each(
  rows([
    [0, 60_000],
    [1, 300_000],
    [2, 1_800_000],
    [3, 2 * HOUR],
    [4, 12 * HOUR],
    [5, 24 * HOUR],
  ]),
)('callback retry after attempt %i, %i ms: %i ms, over: %s', async (failed, wait, offset, over) => {
  const box = await start()
  const inbox = await Inbox.open()
  inbox.answers = () => ({ status: 500 })
  await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
  await box.deposit((await allocate(box, false)).address, '1')
  const waits = [60_000, 300_000, 1_800_000, 2 * HOUR, 12 * HOUR, 24 * HOUR]
  for (const before of waits.slice(0, failed)) await box.advance(`${before}ms`)
  expect(inbox.received).toHaveLength(failed + 1)
  await box.advance(`${wait + offset}ms`)
  expect(inbox.received).toHaveLength(failed + (over ? 2 : 1))
})

test('an event falls at its own instant, whatever the stride of the advance', async () => {
  const stamps = async (strides: readonly string[]) => {
    const box = await start()
    await box.deposit((await allocate(box, true)).address, '1', { after: '90m' })
    const happened: any[] = []
    for (const by of strides) happened.push(...(await box.advance(by)).happened)
    return happened.map(({ at, summary }) => `${at} ${summary}`)
  }
  expect(await stamps(Array.from({ length: 48 }, () => '5m'))).toEqual(await stamps(['4h']))
})
