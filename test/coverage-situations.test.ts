// The notable situations of GET coverage: traffic that shows each one, and traffic that does not.
import { expect, test } from 'vitest'
import { rules } from '../src/contract/contracts.ts'
import { Coverage } from '../src/world/coverage.ts'
import { ask } from './asking.ts'
import { client as alphapo, taking, withdrawing } from './clients/alphapo.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { client as zopay } from './clients/zopay.ts'
import { Inbox, type Kit, start } from './kit.ts'

async function cover(box: Kit, provider = 'cpg', query = ''): Promise<any> {
  return (await ask(box, 'GET', `/coverage?provider=${provider}${query}`)).json.providers[0]
}

async function counts(box: Kit, provider = 'cpg'): Promise<Record<string, number>> {
  const { notable } = await cover(box, provider)
  for (const { says, count, last_entry: last } of notable) {
    expect(says.startsWith('never exercised: ')).toBe(count === 0)
    expect(last === null).toBe(count === 0)
  }
  return Object.fromEntries(notable.filter(({ count }: any) => count > 0).map(({ id, count }: any) => [id, count]))
}

const quiet = (box: Kit) => ask(box, 'POST', '/clock/advance', { until: 'quiet' })
const later = (box: Kit, by: string) => ask(box, 'POST', '/clock/advance', { by })
const pool = { user_identifier: undefined }

async function address(box: Kit, fields: Record<string, unknown> = {}): Promise<string> {
  return (await box.call(cpg, allocation(fields))).json.data.address
}

test('sandgate.coverage.notable: a plain deposit with a good receiver shows nothing', async () => {
  const box = await start()
  const inbox = await Inbox.open()
  await box.subscribe('cpg', inbox)
  await box.deposit(await address(box), '1')
  await quiet(box)
  expect(inbox.received.length).toBeGreaterThan(0)
  expect(await counts(box)).toEqual({})
})

test('sandgate.coverage.notable: deposits late and to recycled addresses, and the entry of each', async () => {
  const box = await start()
  const first = await address(box, pool)
  await later(box, '4h')
  await box.deposit(first, '1')
  expect(await counts(box)).toEqual({ 'deposit.late-display': 1 })
  await later(box, '8d')
  await box.deposit(first, '1')
  expect(await counts(box)).toEqual({ 'deposit.late-display': 1, 'deposit.late-monitoring': 1 })
  expect(await address(box, pool)).toBe(first)
  await box.deposit(first, '1')
  expect(await counts(box)).toMatchObject({ 'deposit.recycled': 1 })
  expect(await counts(box)).not.toHaveProperty('deposit.late-recycled')
  await later(box, '4h')
  await box.deposit(first, '1')
  expect(await counts(box)).toMatchObject({ 'deposit.recycled': 2, 'deposit.late-recycled': 1 })
  const { notable } = await cover(box)
  const { last_entry: entry, rule } = notable.find(({ id }: any) => id === 'deposit.late-recycled')
  expect(rule).toBe('cpg.deposits.recycled')
  expect((await ask(box, 'GET', `/journal/${entry}`)).json).toMatchObject({ kind: 'timer', provider: 'cpg' })
})

test.each(['dropped', 'replaced', 'reorged'])('sandgate.coverage.notable: a deposit that is %s', async (outcome) => {
  const box = await start()
  await box.deposit(await address(box), '1', { outcome })
  await quiet(box)
  await later(box, '1h')
  expect(await counts(box)).toEqual({ [`deposit.${outcome}`]: 1 })
})

test('sandgate.coverage.notable: a deposit in another currency, and of one that an earlier request asked for', async () => {
  const box = await start()
  const to = await address(box)
  await box.deposit(to, '1', { currency: 'ETH' })
  expect(await counts(box)).toEqual({ 'deposit.wrong-asset': 1 })
})

test('sandgate.coverage.notable: repeats, with another body, after a lost answer', async () => {
  const box = await start()
  const once = (fields: Record<string, unknown> = {}) => box.call(cpg, allocation({ idempotency_key: 'k', ...fields }))
  await once()
  expect(await counts(box)).toEqual({})
  await later(box, '1s')
  await once()
  expect(await counts(box)).toEqual({ 'repeat.same': 1 })
  await later(box, '1s')
  await once({ network: 'BNB' })
  expect(await counts(box)).toEqual({ 'repeat.same': 1, 'repeat.changed': 1 })
  await box.control('POST', '/faults', {
    when: { provider: 'cpg', nth: 1 },
    then: [{ drop: { stage: 'after', how: 'reset' } }],
  })
  await expect(box.call(cpg, allocation({ idempotency_key: 'l' }))).rejects.toThrow(/hang up|reset/i)
  expect(await counts(box)).toMatchObject({ 'provider.cut': 1 })
  await later(box, '1s')
  await box.call(cpg, allocation({ idempotency_key: 'l' }))
  expect(await counts(box)).toMatchObject({ 'repeat.same': 2, 'repeat.after-lost': 1 })
})

test('sandgate.coverage.notable: AlphaPo refuses a repeat, because its id is taken', async () => {
  const box = await start()
  await box.control('POST', '/balances', { provider: 'alphapo', currency: 'BTC', amount: '5' })
  await box.call(alphapo, withdrawing({ foreign_id: 'w' }))
  expect(await counts(box, 'alphapo')).toEqual({})
  await box.call(alphapo, withdrawing({ foreign_id: 'w' }))
  expect(await counts(box, 'alphapo')).toEqual({ 'repeat.refused': 1 })
})

test.each([
  ['duplicate', { 'callback.duplicate': 1 }],
  ['reorder', { 'callback.reordered': 1 }],
  ['bad-signature', { 'callback.bad-signature': 1 }],
  ['stale-timestamp', { 'callback.stale': 1 }],
])('sandgate.coverage.notable: callbacks with %s', async (how, expected) => {
  const box = await start()
  await box.subscribe('cpg', await Inbox.open())
  await box.control('POST', '/faults', { when: { provider: 'cpg', nth: 1 }, then: [{ callbacks: { how } }] })
  await box.deposit(await address(box), '1')
  await quiet(box)
  expect(await counts(box)).toEqual(expected)
})

test('sandgate.coverage.notable: a callback that is refused is retried, and one that always is gets exhausted', async () => {
  const box = await start()
  const inbox = await Inbox.open()
  await box.subscribe('cpg', inbox)
  inbox.answers = (_, index) => ({ status: index === 0 ? 503 : 200 })
  await box.deposit(await address(box), '1', { outcome: 'dropped' })
  await quiet(box)
  expect(await counts(box)).toEqual({ 'callback.retried': 1, 'deposit.dropped': 1 })
  inbox.answers = () => ({ status: 503 })
  await box.deposit(await address(box), '1', { outcome: 'dropped' })
  await quiet(box)
  expect(await counts(box)).toMatchObject({ 'callback.exhausted': 1 })
})

test('sandgate.coverage.notable: an outage and a rate limit', async () => {
  const box = await start()
  for (const error of ['unavailable', 'rate_limited'])
    await box.control('POST', '/faults', { when: { provider: 'cpg', nth: 1 }, then: [{ respond: { error } }] })
  await box.call(cpg, allocation({}))
  expect(await counts(box)).toEqual({ 'provider.outage': 1 })
  await box.control('DELETE', '/faults')
  await box.control('POST', '/faults', {
    when: { provider: 'cpg', nth: 1 },
    then: [{ respond: { error: 'rate_limited' } }],
  })
  await box.call(cpg, allocation({}))
  expect(await counts(box)).toEqual({ 'provider.outage': 1, 'provider.rate-limit': 1 })
})

test('sandgate.coverage.never: what exists and was never exercised, less what a scenario has given', async () => {
  const box = await start()
  const before = (await cover(box)).never
  expect(before.operations).toContain('createDepositAddress')
  expect(before.refusals).toContain('unavailable')
  expect(before.events).toContain('deposit.confirmed')
  await box.control('POST', '/faults', {
    when: { provider: 'cpg', nth: 1 },
    then: [{ respond: { error: 'unavailable' } }],
  })
  await box.call(cpg, allocation({}))
  const { never, refusals } = await cover(box)
  expect(never.operations).toEqual(before.operations.filter((name: string) => name !== 'createDepositAddress'))
  expect(never.refusals).not.toContain('unavailable')
  expect(refusals).toEqual([{ name: 'unavailable', count: 1 }])
})

test('sandgate.coverage.percent: of operations, notable situations and refusals of the providers in use', async () => {
  const box = await start()
  expect((await ask(box, 'GET', '/coverage')).json).toMatchObject({ percent: 0, exercised: 0, total: 0 })
  await box.call(cpg, allocation({}))
  const { percent, exercised, total, providers } = (await ask(box, 'GET', '/coverage')).json
  const { operations, notable, refusals, never } = providers.find(({ used }: any) => used)
  expect(exercised).toBe(operations.length + refusals.length)
  expect(total).toBe(exercised + never.operations.length + notable.length + never.refusals.length)
  expect(percent).toBe(Math.floor((exercised * 1000) / total) / 10)
})

test('sandgate.coverage.worlds: the sum has worlds that were deleted or reset', async () => {
  const box = await start()
  await ask(box, 'POST', '/worlds', { id: 'a' })
  const taken = await ask(box, 'GET', '/coverage?worlds=all')
  expect(taken.json).toMatchObject({ world: null, calls: 0, worlds: { present: 2, gone: 0 } })
  await box.call(alphapo, taking({}))
  await ask(box, 'POST', '/reset')
  await box.call(cpg, allocation({}))
  await ask(box, 'DELETE', '/worlds/a')
  await ask(box, 'DELETE', '/journal')
  const { json } = await ask(box, 'GET', '/coverage?worlds=all')
  expect(json).toMatchObject({ world: null, calls: 2, worlds: { present: 1, gone: 1 } })
  expect(
    json.providers
      .filter(({ used }: any) => used)
      .map(({ provider }: any) => provider)
      .sort(),
  ).toEqual(['alphapo', 'cpg'])
  expect(
    json.providers.flatMap(({ rules }: any) => rules.map(({ last_entry: last }: any) => last)).filter(Boolean),
  ).toEqual([])
})

test('sandgate.coverage.worlds: what a deleted world showed stays in the sum', async () => {
  const box = await start()
  await ask(box, 'POST', '/worlds', { id: 'a' })
  for (let times = 0; times < 2; times++)
    await box.raw('POST', '/w/a/cpg/v1/deposit-addresses', {}, JSON.stringify({ currency: 'USDT' }))
  const before = (await ask(box, 'GET', '/coverage', undefined, { world: 'a' })).json
  expect(before.calls).toBe(2)
  await ask(box, 'DELETE', '/worlds/a')
  const { json } = await ask(box, 'GET', '/coverage?worlds=all&provider=cpg')
  expect(json).toMatchObject({ calls: 2, worlds: { present: 1, gone: 1 } })
  const [{ statuses, rules }] = json.providers
  const theirs = before.providers.find(({ provider }: any) => provider === 'cpg')
  expect(statuses).toEqual(theirs.statuses)
  expect(rules).toEqual(theirs.rules.map((rule: any) => ({ ...rule, last_entry: null })))
  // A new world of that name begins at nought.
  await ask(box, 'POST', '/worlds', { id: 'a' })
  expect((await ask(box, 'GET', '/coverage', undefined, { world: 'a' })).json.calls).toBe(0)
})

test('sandgate.coverage.notable: a call that was lost before a rewind is not lost after it', async () => {
  const box = await start()
  const once = () => box.call(cpg, allocation({ idempotency_key: 'k' }))
  await ask(box, 'PUT', '/checkpoints/then')
  await box.control('POST', '/faults', {
    when: { provider: 'cpg', nth: 1 },
    then: [{ respond: { error: 'unavailable', stage: 'after' } }],
  })
  expect((await once()).status).toBe(503)
  await ask(box, 'POST', '/checkpoints/then/rewind')
  expect((await once()).status).toBe(200)
  await once()
  expect(await counts(box)).toMatchObject({ 'repeat.same': 1 })
  expect(await counts(box)).not.toHaveProperty('repeat.after-lost')
})

test('sandgate.coverage.notable: emptying the journal leaves the counts', async () => {
  const box = await start()
  await box.deposit(await address(box), '1', { currency: 'ETH' })
  const before = await counts(box)
  expect(before).toEqual({ 'deposit.wrong-asset': 1 })
  await ask(box, 'DELETE', '/journal')
  expect(await counts(box)).toEqual(before)
})

test('sandgate.coverage.notable: whether a repeat says the same is a matter of what its JSON means', async () => {
  const box = await start()
  const body = { currency: 'USDT', network: 'ETH', idempotency_key: 'k' }
  const send = (text: string) => box.call(cpg, { ...allocation(), body: text })
  await send(JSON.stringify(body))
  await send(JSON.stringify(body, null, 2))
  await send(JSON.stringify(Object.fromEntries(Object.entries(body).reverse())))
  expect(await counts(box)).toEqual({ 'repeat.same': 2 })
})

test('sandgate.coverage: what clients make up is no name in it', async () => {
  const box = await start()
  const { providers } = box.sandbox
  const made = 'a-made-up-name'
  await box.subscribe('cpg', await Inbox.open())
  await box.deposit(await address(box), '1')
  await quiet(box)
  for (const [name, client] of Object.entries({ cpg, alphapo, payward, zopay }))
    for (const sign of [true, false])
      for (const request of [
        { method: 'POST', path: `/${made}?${made}=1`, body: JSON.stringify({ [made]: made }) },
        { ...Object.values(client.good).at(-1)!(), headers: { [made]: made, 'idempotency-key': made } },
        { method: 'PURGE', path: `/v1/${made}` },
      ])
        await (sign ? box.call(client, request) : box.send(name, request))
  const { json, text } = await ask(box, 'GET', '/coverage')
  expect(text).not.toContain(made)
  for (const told of json.providers) {
    const { callbacks, refusals, name } = providers.get(told.provider)!
    const known = (all: Iterable<string>, seen: readonly string[]) => {
      const names = new Set(all)
      expect(seen.filter((each) => !names.has(each))).toEqual([])
    }
    const operations = box.sandbox.engine.contract(name).operations.map(({ id }) => id)
    known(
      operations,
      told.operations.map(({ operation }: any) => operation),
    )
    known(
      Object.keys(refusals),
      told.refusals.map((row: any) => row.name),
    )
    known(
      callbacks?.events ?? [],
      told.events.map(({ event }: any) => event),
    )
    known(
      rules.all.keys(),
      told.rules.map(({ id }: any) => id),
    )
  }
})

test('sandgate.coverage: it remembers no more than it must, however much there is', () => {
  const coverage = new Coverage()
  for (let number = 0; number < 10_001; number++) coverage.lose(`call ${number}`)
  expect([coverage.hasLost('call 0'), coverage.hasLost('call 1'), coverage.hasLost('call 10000')]).toEqual([
    false,
    true,
    true,
  ])
  for (let number = 0; number < 10_001; number++) coverage.taken(`object ${number}`, 2)
  expect([coverage.taken('object 0', 1), coverage.taken('object 10000', 1)]).toEqual([false, true])
  for (let number = 0; number < 2_001; number++) coverage.event('cpg', `event ${number}`)
  expect(coverage.of('cpg').events.size).toBe(2_000)
})

test('sandgate.coverage.views: the text for whoever accepts text, JSON for everybody else', async () => {
  const box = await start()
  await box.call(cpg, allocation({}))
  const asked = (accept: string, query = '') => box.raw('GET', `/_sandgate/coverage${query}`, { accept })
  const plain = await asked('text/plain')
  expect(plain.headers['content-type']).toBe('text/plain; charset=utf-8')
  expect(plain.text).toBe((await ask(box, 'GET', '/coverage?view=text')).text)
  for (const accept of ['*/*', 'application/json', 'application/json, text/plain, */*', 'text/html'])
    expect((await asked(accept)).json, accept).toMatchObject({ world: 'default', calls: 1 })
  expect((await asked('text/plain', '?view=json')).json).toMatchObject({ calls: 1 })
  expect((await asked('text/plain', '?view=badge')).json).toMatchObject({ schemaVersion: 1 })
})

test('sandgate.coverage.views: a text for a terminal, and a badge', async () => {
  const box = await start()
  await box.call(cpg, allocation({}))
  const { percent } = (await ask(box, 'GET', '/coverage')).json
  const { text } = await ask(box, 'GET', '/coverage?view=text')
  expect(text).toContain(`coverage of the world "default": ${percent} %`)
  expect(text).toContain('never exercised: late deposit to a recycled address')
  expect(text).toContain('not used: ')
  expect((await ask(box, 'GET', '/coverage?view=badge')).json).toEqual({
    schemaVersion: 1,
    label: 'sandgate',
    message: `${Math.floor(percent)} %`,
    color: 'red',
  })
})
