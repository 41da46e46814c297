// What a world was used for, in numbers: GET coverage.
import { expect, test } from 'vitest'
import { ask } from './asking.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { Inbox, type Kit, start } from './kit.ts'

async function covered(box: Kit, provider = 'cpg'): Promise<any> {
  const { status, json } = await ask(box, 'GET', `/coverage?provider=${provider}`)
  expect([status, json.providers.length, json.providers[0].provider]).toEqual([200, 1, provider])
  return { calls: json.calls, ...json.providers[0] }
}

async function used(): Promise<{ box: Kit; inbox: Inbox }> {
  const box = await start()
  const inbox = await Inbox.open()
  await box.subscribe('cpg', inbox)
  inbox.answers = (_, index) => ({ status: index === 0 ? 503 : 200 })
  const { address } = (await box.call(cpg, allocation({}))).json.data
  await box.call(cpg, allocation({ network: 'NONE' }))
  await box.send('cpg', allocation({}))
  await box.send('cpg', { method: 'GET', path: '/v1/nothing' })
  await box.deposit(address, '1')
  await box.deposit(address, '1', { outcome: 'dropped' })
  await ask(box, 'POST', '/clock/advance', { until: 'quiet' })
  return { box, inbox }
}

test('sandgate.coverage: operations, rules, refusals, statuses, events, receivers and deposits are counted', async () => {
  const { box, inbox } = await used()
  const cover = await covered(box)
  const entries = (await ask(box, 'GET', '/journal?kind=call&limit=1000')).json.data
  expect(cover.calls).toBe(4)
  expect(cover.operations).toEqual([{ operation: 'createDepositAddress', calls: 3, refused: 2 }])
  const statuses = new Map<number, number>()
  for (const { status } of entries) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  expect(cover.statuses).toEqual([...statuses].sort().map(([status, count]) => ({ status, count })))
  expect(cover.refusals.map(({ name }: any) => name)).toEqual(
    [...new Set(entries.flatMap(({ refusal }: any) => refusal ?? []))].sort(),
  )
  // Each rule as often as there are entries with it.
  const rules = new Set<string>(entries.flatMap(({ rules }: any) => rules.map(({ id }: any) => id)))
  expect(rules.size).toBeGreaterThan(0)
  expect(cover.rules).toEqual(
    [...rules].sort().map((id) => {
      const with_ = entries.filter((entry: any) => entry.rules.some((rule: any) => rule.id === id))
      return { id, count: with_.length, last_entry: with_.at(-1).id }
    }),
  )
  const deliveries = (await ask(box, 'GET', '/callbacks')).json.data
  const attempts = deliveries.flatMap(({ attempts }: any) => attempts)
  expect(attempts).toHaveLength(inbox.received.length)
  expect(cover.receivers).toEqual([
    { outcome: '5xx', count: 1 },
    { outcome: 'delivered', count: attempts.length - 1 },
  ])
  const sent = cover.events.reduce((sum: number, { deliveries }: any) => sum + deliveries, 0)
  expect(sent).toBe(deliveries.length)
  expect(cover.deposits).toEqual([
    { outcome: 'confirmed', count: 1 },
    { outcome: 'dropped', count: 1 },
    { outcome: 'seen', count: 2 },
  ])
  expect(await covered(box, 'zopay')).toMatchObject({
    calls: 4,
    provider: 'zopay',
    operations: [],
    rules: [],
    refusals: [],
    statuses: [],
    events: [],
    receivers: [],
    deposits: [],
  })
})

test('sandgate.coverage: emptying the journal, a checkpoint and a snapshot leave the counts, a reset begins at nought', async () => {
  const { box } = await used()
  const before = await covered(box)
  await ask(box, 'PUT', '/checkpoints/then')
  await ask(box, 'DELETE', '/journal')
  expect(await covered(box)).toEqual(before)
  await ask(box, 'POST', '/checkpoints/then/rewind')
  expect(await covered(box)).toEqual(before)
  await ask(box, 'PUT', '/snapshot', (await ask(box, 'GET', '/snapshot')).text)
  expect(await covered(box)).toEqual(before)
  await box.call(cpg, allocation({}))
  expect((await covered(box)).calls).toBe(5)
  await ask(box, 'POST', '/reset')
  expect(await covered(box)).toMatchObject({ calls: 0, operations: [], rules: [], deposits: [] })
})

test('sandgate.coverage: worlds are counted apart, and entries that made room still count', async () => {
  const box = await start({ limits: { journalEntries: 2 } })
  await ask(box, 'POST', '/worlds', { id: 'a' })
  for (let number = 0; number < 5; number++) await box.call(cpg, allocation({}))
  expect((await covered(box)).operations).toEqual([{ operation: 'createDepositAddress', calls: 5, refused: 0 }])
  expect((await ask(box, 'GET', '/coverage', undefined, { world: 'a' })).json).toMatchObject({ world: 'a', calls: 0 })
})

test('sandgate.coverage: a connection that was cut, a receiver that is not there', async () => {
  const box = await start()
  await box.control('POST', '/faults', {
    when: { provider: 'cpg', nth: 2 },
    then: [{ drop: { stage: 'before', how: 'reset' } }],
  })
  await box.subscribe('cpg', { url: 'http://127.0.0.1:9/' })
  const { address } = (await box.call(cpg, allocation({}))).json.data
  await expect(box.call(cpg, allocation({}))).rejects.toThrow(/hang up|reset/i)
  await box.deposit(address, '1')
  const { operations, statuses, receivers } = await covered(box)
  expect(operations).toEqual([{ operation: 'createDepositAddress', calls: 2, refused: 1 }])
  expect(statuses).toEqual([
    { status: 200, count: 1 },
    { status: null, count: 1 },
  ])
  expect(receivers).toEqual([{ outcome: 'unreachable', count: 1 }])
})

test('a provider that is none is refused with the nearest name', async () => {
  const box = await start()
  expect((await ask(box, 'GET', '/coverage?provider=cgp')).json).toMatchObject({
    status: 422,
    detail: expect.stringContaining('did you mean cpg?'),
  })
})
