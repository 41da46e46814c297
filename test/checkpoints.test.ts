// Checkpoints: a state of a world under a name, what has changed since, and the way back to it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeCheckpoint } from '../src/engine/checkpoints.ts'
import { ask, rows } from './asking.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { client as zopay } from './clients/zopay.ts'
import { Inbox, type Kit, START, start } from './kit.ts'

async function address(box: Kit, fields: Record<string, unknown> = {}): Promise<string> {
  const reply = await box.call(cpg, allocation(fields))
  expect(reply.status, reply.text).toBe(200)
  return reply.json.data.address
}

function keep(box: Kit, name: string, world?: string) {
  return ask(box, 'PUT', `/checkpoints/${name}`, undefined, world === undefined ? {} : { world })
}

async function since(box: Kit, name: string, query = ''): Promise<any> {
  const reply = await ask(box, 'GET', `/checkpoints/${name}/changes${query}`)
  expect(reply.status, reply.text).toBe(200)
  return reply.json
}

describe('sandgate.checkpoints: a state', () => {
  test('is kept under a name, replaced, listed and deleted', async () => {
    const box = await start()
    await address(box)
    const made = await keep(box, 'paid')
    const checkpoint = { name: 'paid', at: START, made_at: new Date(box.wallMs).toISOString(), entry: 1 }
    expect([made.status, made.json]).toEqual([201, { ...checkpoint, rows: box.world.rowCount }])
    expect(made.json.rows).toBeGreaterThan(3)
    await keep(box, 'empty-2')
    await box.advance('1h')
    const again = await keep(box, 'paid')
    expect([again.status, again.json]).toMatchObject([200, { at: '2026-05-16T20:00:00.000Z', entry: 2 }])
    expect((await rows(box, '/checkpoints')).map(({ name }) => name)).toEqual(['empty-2', 'paid'])
    expect((await ask(box, 'DELETE', '/checkpoints/paid')).status).toBe(204)
    expect((await rows(box, '/checkpoints')).map(({ name }) => name)).toEqual(['empty-2'])
  })

  test('that is not there is a 404 with the nearest name, and a name that cannot be a 422', async () => {
    const box = await start()
    await keep(box, 'before-payout')
    for (const [method, path] of [
      ['GET', '/checkpoints/before-payuot/changes'],
      ['POST', '/checkpoints/before-payuot/rewind'],
      ['DELETE', '/checkpoints/before-payuot'],
    ] as const)
      expect((await ask(box, method, path)).json).toMatchObject({
        status: 404,
        code: 'checkpoint_not_found',
        detail: expect.stringContaining('did you mean before-payout?'),
      })
    for (const bad of ['A', '-a', 'a_b', 'x'.repeat(64), '__proto__', '%20'])
      expect((await keep(box, bad)).json).toMatchObject({ status: 422, code: 'invalid_request' })
  })

  test('is one of at most 32; one that is there already may still be replaced', async () => {
    const box = await start()
    for (let number = 1; number <= 32; number++) expect((await keep(box, `c-${number}`)).status).toBe(201)
    expect((await keep(box, 'c-33')).json).toMatchObject({
      status: 409,
      code: 'too_many_checkpoints',
      detail: expect.stringContaining('32 checkpoints'),
    })
    expect((await keep(box, 'c-7')).status).toBe(200)
    await ask(box, 'DELETE', '/checkpoints/c-1')
    expect((await keep(box, 'c-33')).status).toBe(201)
  })

  test('may hold a million rows together with all others', async () => {
    const box = await start()
    await ask(box, 'POST', '/worlds', { id: 'a' })
    await keep(box, 'x', 'a')
    const [held] = [...box.sandbox.engine.worlds.checkpoints(box.sandbox.world('a')!).values()]
    Object.assign(held!, { rows: 1_000_000 })
    await address(box)
    expect((await keep(box, 'x')).json).toMatchObject({ status: 409, code: 'checkpoint_too_large' })
    expect(await rows(box, '/checkpoints')).toEqual([])
    await ask(box, 'DELETE', '/worlds/a')
    expect((await keep(box, 'x')).status).toBe(201)
  })

  test('survives a reset, a rewind and a snapshot, and goes with its world', async () => {
    const box = await start()
    await ask(box, 'POST', '/worlds', { id: 'a' })
    await keep(box, 'first', 'a')
    const names = async () => (await rows(box, '/checkpoints', 'a')).map(({ name }) => name)
    await ask(box, 'POST', '/reset', { seed: 'other' }, { world: 'a' })
    expect(await names()).toEqual(['first'])
    await ask(box, 'POST', '/checkpoints/first/rewind', undefined, { world: 'a' })
    const snapshot = (await ask(box, 'GET', '/snapshot', undefined, { world: 'a' })).text
    await ask(box, 'PUT', '/snapshot', snapshot, { world: 'a' })
    expect(await names()).toEqual(['first'])
    expect(await rows(box, '/checkpoints')).toEqual([])
    await ask(box, 'DELETE', '/worlds/a')
    await ask(box, 'POST', '/worlds', { id: 'a' })
    expect(await names()).toEqual([])
    await ask(box, 'POST', '/worlds', { id: 'b', from: 'a' })
    expect(await rows(box, '/checkpoints', 'b')).toEqual([])
  })

  test('that is being made of a world that is reset meanwhile is refused', async () => {
    const box = await start()
    await address(box)
    const { engine } = box.sandbox
    const making = makeCheckpoint(engine, box.world, 'x')
    engine.reset(box.world)
    await expect(making).rejects.toMatchObject({ code: 'world_changed' })
    expect(await rows(box, '/checkpoints')).toEqual([])
  })
})

describe('sandgate.checkpoints.changes: since a checkpoint', () => {
  test('rows were added, changed and removed, with what they were and are', async () => {
    const box = await start()
    await box.control('POST', '/faults', { when: { provider: 'cpg' }, then: [{ delay: '0s' }] })
    const to = await address(box)
    await keep(box, 'then')
    expect(await since(box, 'then')).toEqual({
      data: [],
      total: { added: 0, changed: 0, removed: 0 },
      truncated: false,
    })
    await ask(box, 'DELETE', '/faults')
    await box.deposit(to, '1')
    const { data, total, truncated } = await since(box, 'then')
    const of = (table: string) => data.filter((change: any) => change.table === table)
    expect(of('transfers')).toMatchObject([{ key: 'dep_1', change: 'added', after: { address: to, status: 'seen' } }])
    expect(of('transfers')[0]).not.toHaveProperty('before')
    const removed = data.find(({ change }: any) => change === 'removed')
    expect([removed.before.id === removed.key, 'after' in removed]).toEqual([true, false])
    const counters = of('counters').filter(({ key }: any) => key === 'timers')
    expect(counters).toMatchObject([{ change: 'changed', before: { name: 'timers' }, after: { name: 'timers' } }])
    expect(counters[0].after.value).toBeGreaterThan(counters[0].before.value)
    expect(truncated).toBe(false)
    const counted = { added: 0, changed: 0, removed: 0 }
    for (const { change } of data) counted[change as keyof typeof counted]++
    expect(total).toEqual(counted)
    expect(await since(box, 'then', '?limit=2')).toEqual({ data: data.slice(0, 2), total, truncated: true })
  })

  test('a row that was put back, and an equal one of a world that was reset, is no change', async () => {
    const box = await start()
    await address(box, { user_identifier: 'u' })
    await keep(box, 'then')
    await ask(box, 'POST', '/reset')
    expect((await since(box, 'then')).total.removed).toBeGreaterThan(0)
    await address(box, { user_identifier: 'u' })
    // What has the time of the wall in it is another one: the signature that was used.
    expect((await since(box, 'then')).data.map(({ table }: any) => table)).toEqual(['cpg.signatures', 'cpg.signatures'])
  })

  test('no secret is told: of receivers, in headers, under the keys of secret tables', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await keep(box, 'then')
    const secrets = [
      await box.subscribe('cpg', inbox, { secret: 'whsec-of-nobody-else' }),
      await box.subscribe('zopay', inbox),
    ]
    await box.deposit(await address(box, { idempotency_key: 'an-idempotency-key-1' }), '1')
    await box.call(zopay, zopay.good.createAddress!())
    const signatures = (await rows(box, '/callbacks')).flatMap(({ attempts }) =>
      attempts.flatMap(({ headers }: any) =>
        Object.entries(headers as Record<string, string>).flatMap(([name, value]) =>
          /signature/i.test(name) ? [value.slice(-32)] : [],
        ),
      ),
    )
    expect(signatures.length).toBeGreaterThan(0)
    await ask(box, 'DELETE', '/callbacks/endpoints/zopay')
    await box.subscribe('cpg', inbox, { secret: 'another-one-entirely' })
    await keep(box, 'later')
    await ask(box, 'DELETE', '/callbacks/endpoints/cpg')
    for (const name of ['then', 'later']) {
      const { data } = await since(box, name, '?limit=1000')
      expect(data.length).toBeGreaterThan(0)
      const text = JSON.stringify(data)
      for (const word of [...secrets, ...signatures, 'another-one-entirely', 'an-idempotency-key-1', 'cpg_demo_key'])
        expect(text).not.toContain(word)
      for (const change of data.filter(({ table }: any) => ['cpg.signatures', 'repeats'].includes(table)))
        expect(change).toEqual({ table: change.table, key: '(hidden)', change: change.change })
    }
    expect((await since(box, 'later')).data).toMatchObject([
      { table: 'endpoints', change: 'removed', before: { secret: '(hidden)' } },
    ])
  })
})

describe('sandgate.checkpoints.rewind: the world', () => {
  test('is as it was, clock and seed included, and goes on as it would have', async () => {
    const box = await start({ seed: 'one' })
    const to = await address(box)
    await box.deposit(to, '1', { after: '2h' })
    await keep(box, 'then')
    const state = box.world.dump()
    const goOn = async () => {
      await ask(box, 'POST', '/clock/advance', { until: 'quiet' })
      return box.world.dump()
    }
    const then = await goOn()
    await ask(box, 'POST', '/reset', { seed: 'two', clock: '2020-01-01T00:00:00Z' })
    const back = await ask(box, 'POST', '/checkpoints/then/rewind')
    expect([back.status, back.json]).toMatchObject([200, { name: 'then', at: START }])
    expect([box.world.seed, box.world.dump()]).toEqual(['one', state])
    expect(await since(box, 'then')).toMatchObject({ data: [] })
    expect((await ask(box, 'GET', '/clock')).json).toMatchObject({ now: START, mode: 'frozen' })
    expect(await goOn()).toEqual(then)
    // The rows of the checkpoint are not those of the world that goes on.
    await ask(box, 'POST', '/checkpoints/then/rewind')
    expect(box.world.dump()).toEqual(state)
  })

  test('has a journal that begins anew behind its number, and no recording', async () => {
    const box = await start()
    await address(box)
    await keep(box, 'then')
    await address(box)
    await ask(box, 'POST', '/checkpoints/then/rewind')
    expect(await rows(box, '/journal')).toMatchObject([
      { id: 3, kind: 'control', action: 'restore', summary: expect.stringContaining('the checkpoint "then"') },
    ])
    expect((await ask(box, 'GET', '/recording')).json).toMatchObject({ status: 409, code: 'recording_incomplete' })
  })

  test('is stored as it was put back, and checkpoints are not', async () => {
    const data = mkdtempSync(join(tmpdir(), 'sandgate-checkpoints-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const box = await start({ data })
    await address(box)
    await keep(box, 'then')
    const { tables } = (await ask(box, 'GET', '/snapshot')).json
    await address(box)
    await ask(box, 'POST', '/checkpoints/then/rewind')
    await box.sandbox.close()
    const again = await start({ data })
    expect((await ask(again, 'GET', '/snapshot')).json.tables).toEqual(tables)
    expect(await rows(again, '/checkpoints')).toEqual([])
  })

  test('with a clock that ran goes on running from the time of then', async () => {
    const box = await start()
    await ask(box, 'PATCH', '/clock', { mode: 'running' })
    await keep(box, 'then')
    box.passWall(3_600_000)
    await ask(box, 'POST', '/checkpoints/then/rewind')
    box.passWall(5_000)
    expect((await ask(box, 'GET', '/clock')).json).toMatchObject({
      now: new Date(Date.parse(START) + 5_000).toISOString(),
      mode: 'running',
    })
  })

  test('is put back by one of two at once, or by both, and never by halves', async () => {
    const box = await start()
    await address(box)
    await keep(box, 'then')
    const both = await Promise.all([
      ask(box, 'POST', '/checkpoints/then/rewind'),
      ask(box, 'POST', '/checkpoints/then/rewind'),
    ])
    const statuses = both.map(({ status }) => status).sort()
    expect([200, 409]).toContain(statuses[1])
    expect(statuses[0]).toBe(200)
    expect(await since(box, 'then')).toMatchObject({ data: [] })
  })
})
