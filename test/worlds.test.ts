// Worlds for parallel tests: made and deleted, reached by path, by host name and by key, and sharing nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Log } from '../src/telemetry/log.ts'
import type { World } from '../src/world/world.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { type Client, Inbox, type Kit, type Reply, type Request, START, start } from './kit.ts'

const CREATIONS: readonly (readonly [Client, Request])[] = [
  [cpg.client, cpg.allocation({ user_identifier: 'u' })],
  [zopay.client, zopay.post('/addresses', { asset: 'USDT', network: 'solana', external_ref: 'u' })],
  [payward.client, payward.creation({})],
  [alphapo.client, alphapo.taking({})],
]

async function make(box: Kit, body: Record<string, unknown> = {}): Promise<any> {
  const reply = await box.control('POST', '/worlds', body)
  expect(reply.status, reply.text).toBe(201)
  return reply.json
}

/** A signed call to a provider of a world, by the path of that world. */
function inWorld(box: Kit, world: string, client: Client, request: Request): Promise<Reply> {
  box.passWall(1000)
  const signed = client.sign(request, box.wallMs)
  return box.raw(signed.method, `/w/${world}/${client.name}${signed.path}`, signed.headers, signed.body)
}

describe('made, listed, deleted', () => {
  test('a world answers with its base URLs, and is listed', async () => {
    const box = await start()
    const world = await make(box, { id: 'ci-1', seed: 's', clock: '2027-01-01T00:00:00Z' })
    expect(world).toEqual({
      id: 'ci-1',
      seed: 's',
      clock: { now: '2027-01-01T00:00:00.000Z', mode: 'frozen' },
      calls: 0,
      used_at: new Date(box.wallMs).toISOString(),
      goes_at: new Date(box.wallMs + 24 * 3_600_000).toISOString(),
      base_urls: Object.fromEntries(
        ['alphapo', 'cpg', 'payward', 'zopay'].map((name) => [name, `${box.url}/w/ci-1/${name}`]),
      ),
    })
    expect((await box.control('GET', '/worlds')).json.data.map(({ id }: any) => id)).toEqual(['default', 'ci-1'])
  })

  test('without an id it gets one', async () => {
    const box = await start()
    expect(new Set([(await make(box)).id, (await make(box)).id, 'default']).size).toBe(3)
  })

  test.each([
    [{ id: 'default' }, 409],
    [{ id: 'Upper' }, 422],
    [{ id: '-x' }, 422],
    [{ id: 'x'.repeat(64) }, 422],
    [{ id: 'a', clock: 'soon' }, 422],
    [{ id: 'a', colour: 'red' }, 422],
    [{ id: 'a', from: 'nobody' }, 404],
    [{ id: 'a', from: 'default', seed: 'x' }, 422],
    [{ id: 'a', from: 'default', assume: { 'alphapo.take.repeat': 'same-address' } }, 422],
    [{ id: 'a', assume: { 'alphapo.take.repeat': 'perhaps' } }, 422],
    [{ id: 'a', assume: { nothing: 'x' } }, 422],
  ])('%o is refused with %i', async (body, status) => {
    const box = await start()
    const reply = await box.control('POST', '/worlds', body)
    expect([reply.status, reply.json.status]).toEqual([status, status])
    expect((await box.control('GET', '/worlds')).json.data).toHaveLength(1)
  })

  test('one that exists is a conflict; the default one can be reset, not deleted; a deleted one is gone', async () => {
    const box = await start()
    await make(box, { id: 'a' })
    expect((await box.control('POST', '/worlds', { id: 'a' })).status).toBe(409)
    expect((await box.control('DELETE', '/worlds/default')).status).toBe(409)
    expect((await box.control('DELETE', '/worlds/a')).status).toBe(204)
    expect((await box.control('DELETE', '/worlds/a')).status).toBe(404)
    expect((await inWorld(box, 'a', cpg.client, cpg.allocation({}))).status).toBe(404)
  })

  test('there is an upper bound on worlds, and idle ones make room', async () => {
    const up = { ms: 0 }
    const box = await start({ limits: { worlds: 3, worldIdle: '1h' }, uptime: () => up.ms, warn: () => undefined })
    await make(box, { id: 'a' })
    await make(box, { id: 'b' })
    expect((await box.control('POST', '/worlds', { id: 'c' })).json.detail).toContain('limits.worlds')
    up.ms += 1_800_000
    await inWorld(box, 'b', cpg.client, cpg.allocation({}))
    up.ms += 1_800_001
    await make(box, { id: 'c' })
    expect((await box.control('GET', '/worlds')).json.data.map(({ id }: any) => id)).toEqual(['default', 'b', 'c'])
  })

  test('sandgate.worlds.idle: a world that has lain idle for too long is gone, and told so, though nobody makes another one; the default one stays', async () => {
    const up = { ms: 0 }
    const told: string[] = []
    const box = await start({ limits: { worldIdle: '1h' }, uptime: () => up.ms, warn: (line) => told.push(line) })
    for (const id of ['a', 'b', 'c']) await make(box, { id })
    up.ms += 1_800_000
    await inWorld(box, 'b', cpg.client, cpg.allocation({}))
    up.ms += 1_800_001
    expect((await inWorld(box, 'a', cpg.client, cpg.allocation({}))).status).toBe(404)
    expect((await box.control('GET', '/worlds')).json.data.map(({ id }: any) => id)).toEqual(['default', 'b'])
    expect(told).toEqual(
      ['a', 'c'].map((id) => `the world "${id}" was deleted: it was not used for 1h (limits.worldIdle is 1h)`),
    )
  })

  test('sandgate.worlds.idle: a wall clock that jumps deletes nothing', async () => {
    const box = await start({ clock: 'real', limits: { worldIdle: '1h' }, uptime: () => 0 })
    await make(box, { id: 'a' })
    for (const years of [20, -30, 5]) {
      box.passWall(years * 365 * 86_400_000)
      expect((await inWorld(box, 'a', cpg.client, cpg.allocation({}))).status).toBe(200)
    }
  })

  test('sandgate.worlds.idle: a running world in which something falls due by itself is in use, a frozen one is not', async () => {
    const up = { ms: 0 }
    const box = await start({ limits: { worldIdle: '1h' }, uptime: () => up.ms, warn: () => undefined })
    for (const id of ['running', 'frozen', 'quiet']) {
      await make(box, { id, clock: id === 'frozen' ? START : 'real' })
      const { address } = (await inWorld(box, id, cpg.client, cpg.allocation({}))).json.data
      // The windows of its address alone are nothing that anybody waits for.
      if (id !== 'quiet')
        await box.raw(
          'POST',
          `/w/${id}/_sandgate/deposits`,
          { 'content-type': 'application/json' },
          JSON.stringify({ address, amount: '1', after: '2h' }),
        )
    }
    const left = async () => (await box.control('GET', '/worlds')).json.data.map(({ id }: any) => id)
    up.ms += 3_600_001
    expect(await left()).toEqual(['default', 'running'])
    up.ms += 3_600_000
    expect(await left()).toEqual(['default', 'running'])
    // Seen, mined, confirmed and swept: nothing is due any more.
    box.passWall(86_400_000)
    expect((await box.raw('GET', '/w/running/_sandgate/clock')).json.mode).toBe('running')
    up.ms += 3_600_001
    expect(await left()).toEqual(['default'])
  })

  test('a reset keeps how the world was made', async () => {
    const box = await start()
    await make(box, {
      id: 'a',
      seed: 's',
      clock: '2027-01-01T00:00:00Z',
      assume: { 'alphapo.take.repeat': 'same-address' },
    })
    const before = await inWorld(box, 'a', alphapo.client, alphapo.taking({}))
    const reset = await box.raw('POST', '/w/a/_sandgate/reset')
    expect(reset.json.seed).toBe('s')
    expect((await inWorld(box, 'a', alphapo.client, alphapo.taking({}))).text).toBe(before.text)
    expect((await inWorld(box, 'a', alphapo.client, alphapo.taking({}))).json.data.address).toBe(
      before.json.data.address,
    )
  })
})

describe('three ways in', () => {
  test.each(CREATIONS.map(([client, request]) => [client.name, client, request] as const))(
    'sandgate.worlds.by-key: %s, and by path and host name',
    async (name, client, request) => {
      const box = await start()
      await make(box, { id: 'ci-42', seed: 'other' })
      const here = await box.call(client, request)
      const byPath = await inWorld(box, 'ci-42', client, request)
      const address = (reply: Reply) => (reply.json.data ?? reply.json).address
      expect([200, 201]).toContain(byPath.status)
      expect(address(byPath)).not.toBe(address(here))

      await box.raw('POST', '/w/ci-42/_sandgate/reset')
      box.passWall(1000)
      const signed = client.sign(request, box.wallMs)
      const byHost = await box.raw(
        signed.method,
        signed.path,
        { ...signed.headers, host: `${name}.ci-42.localhost` },
        signed.body,
      )
      expect(address(byHost)).toBe(address(byPath))

      await box.raw('POST', '/w/ci-42/_sandgate/reset')
      box.passWall(1000)
      const again = client.sign(request, box.wallMs)
      const { keyHeader } = box.sandbox.providers.get(name)!
      const byKey = await box.send(name, {
        ...again,
        headers: { ...again.headers, [keyHeader]: `${again.headers![keyHeader]}.ci-42` },
      })
      expect(address(byKey)).toBe(address(byPath))
      expect((await box.raw('GET', '/w/ci-42/_sandgate/journal')).text).not.toContain('.ci-42')
    },
  )

  test.each(CREATIONS.map(([client, request]) => [client.name, client, request] as const))(
    '%s: a key with a world that is not there is an unknown key, with a hint',
    async (name, client, request) => {
      const box = await start()
      const signed = client.sign(request, box.wallMs)
      const { keyHeader } = box.sandbox.providers.get(name)!
      const reply = await box.send(name, {
        ...signed,
        headers: { ...signed.headers, [keyHeader]: `${signed.headers![keyHeader]}.nowhere` },
      })
      expect([401, 403]).toContain(reply.status)
      expect(reply.headers['x-sandgate-hint']).toContain('no world of that name')
    },
  )

  test('the control API of a world is reached by its host name too, and never the default world instead', async () => {
    const box = await start()
    await make(box, { id: 'ci-42', clock: '2027-01-01T00:00:00Z' })
    const now = async (host: string) => (await box.raw('GET', '/_sandgate/clock', { host })).json.now
    expect(await now('cpg.ci-42.localhost')).toBe('2027-01-01T00:00:00.000Z')
    expect(await now('CPG.CI-42.localhost')).toBe('2027-01-01T00:00:00.000Z')
    expect(await now('cpg.localhost')).toBe('2026-05-16T19:00:00.000Z')
    expect((await box.raw('POST', '/_sandgate/reset', { host: 'cpg.nowhere.localhost' })).status).toBe(404)
    // A label that is no provider leaves the path to say which; the world still counts.
    expect((await box.raw('GET', '/cpg/v1/_ping', { host: 'shop.nowhere.localhost' })).status).toBe(404)
  })

  test('a world that is not there is a 404 in the sandbox’s own voice, by path and by host name', async () => {
    const box = await start()
    const reply = await inWorld(box, 'nowhere', cpg.client, cpg.allocation({}))
    expect([reply.status, reply.headers['content-type']]).toEqual([404, 'application/problem+json'])
    expect((await box.raw('GET', '/v1/_ping', { host: 'cpg.nowhere.localhost' })).status).toBe(404)
    expect((await box.raw('GET', '/w/nowhere/_sandgate/clock')).status).toBe(404)
  })
})

describe('apart', () => {
  test('sandgate.worlds.apart: worlds share no address, counter, clock, journal entry or endpoint', async () => {
    const box = await start()
    for (const id of ['a', 'b']) await make(box, { id, seed: id })
    for (const [client, request] of CREATIONS) await inWorld(box, 'a', client, request)
    await box.raw('POST', '/w/a/_sandgate/clock/advance', { 'content-type': 'application/json' }, '{"by":"1h"}')
    await box.raw('PUT', '/w/a/_sandgate/callbacks/endpoints/cpg', {}, '{"url":"http://127.0.0.1:9/"}')
    const look = async (world: string, path: string) => (await box.raw('GET', `/w/${world}/_sandgate${path}`)).json
    for (const world of ['b', 'default']) {
      expect((await look(world, '/addresses')).data).toEqual([])
      expect((await look(world, '/clock')).due).toBe(0)
      expect((await look(world, '/journal')).data.filter(({ kind }: any) => kind === 'call')).toEqual([])
    }
    expect((await look('a', '/addresses')).data).toHaveLength(4)
    const one = await inWorld(box, 'a', cpg.client, cpg.allocation({ user_identifier: 'x' }))
    const two = await inWorld(box, 'b', cpg.client, cpg.allocation({ user_identifier: 'x' }))
    expect(one.json.data.request_id).toBe(2)
    expect(two.json.data.request_id).toBe(1)
    expect(one.json.data.address).not.toBe(two.json.data.address)
  })

  test('a fork begins where the other one stands, and goes its own way', async () => {
    const box = await start()
    const first = (await box.call(cpg.client, cpg.allocation({ idempotency_key: 'k' }))).text
    await box.advance('1h')
    await make(box, { id: 'fork', from: 'default' })
    expect((await inWorld(box, 'fork', cpg.client, cpg.allocation({ idempotency_key: 'k' }))).text).toBe(first)
    await box.advance('3h')
    const read: Request = { method: 'GET', path: '/v1/deposit-requests/1' }
    expect((await box.call(cpg.client, read)).json.data.status).toBe('expired_for_display')
    expect((await inWorld(box, 'fork', cpg.client, read)).json.data.status).toBe('active')
    const here = await box.call(cpg.client, cpg.allocation({}))
    const there = await inWorld(box, 'fork', cpg.client, cpg.allocation({}))
    expect([here, there].map((reply) => reply.json.data.request_id)).toEqual([2, 2])
  })

  test('a thousand worlds at once', async () => {
    const box = await start({ limits: { worlds: 1001 } })
    for (let i = 0; i < 1000; i++) box.sandbox.engine.worlds.create(`w-${i}`, { seed: `s-${i}` })
    const addresses = new Set<string>()
    for (const i of [0, 1, 500, 999])
      addresses.add(
        (await inWorld(box, `w-${i}`, cpg.client, cpg.allocation({ user_identifier: 'u' }))).json.data.address,
      )
    expect(addresses.size).toBe(4)
    for (let i = 0; i < 1000; i++) expect((await box.control('DELETE', `/worlds/w-${i}`)).status).toBe(204)
    expect((await box.control('GET', '/worlds')).json.data).toHaveLength(1)
  })

  test.each([
    ['in memory', false],
    ['that are kept', true],
  ])('deleting worlds %s, used by every provider, frees their memory', async (_, kept) => {
    const data = kept ? mkdtempSync(join(tmpdir(), 'sandgate-')) : undefined
    if (data !== undefined) onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const box = await start({
      limits: { worlds: 121 },
      data,
      log: new Log({ format: 'json', level: 'debug', colour: false, write: () => undefined }),
    })
    const inbox = await Inbox.open()
    // So much is used by every provider that a fork begins with 50 addresses, their timers, and callbacks that wait.
    for (const name of box.sandbox.providers.keys()) await box.subscribe(name, inbox)
    inbox.answers = () => ({ status: 500 })
    for (let n = 0; n < 15; n++) for (const [client] of CREATIONS) await box.call(client, manyOf(client, n))
    const { data: handed } = (await box.control('GET', '/addresses')).json
    // Payward gives no more than five before one is used.
    expect(handed).toHaveLength(50)
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const fill = async (ids: readonly string[]) => {
      const worlds: WeakRef<World>[] = []
      for (const id of ids) {
        await make(box, { id, from: 'default' })
        worlds.push(new WeakRef(box.sandbox.world(id)!))
        for (const [client, request] of CREATIONS) await inWorld(box, id, client, request)
        await box.raw(
          'POST',
          `/w/${id}/_sandgate/deposits`,
          { 'content-type': 'application/json' },
          JSON.stringify({ address: handed[0].address, amount: '5', ...(handed[0].tag && { tag: handed[0].tag }) }),
        )
        await box.raw('POST', `/w/${id}/_sandgate/clock/advance`, { 'content-type': 'application/json' }, '{"by":"1h"}')
      }
      return worlds
    }
    const remove = async (ids: readonly string[]) => {
      for (const id of ids) expect((await box.control('DELETE', `/worlds/${id}`)).status).toBe(204)
    }
    const used = async () => {
      inbox.received.length = 0
      // What the collector leaves for the next time would be counted as held.
      for (let i = 0; i < 3; i++) {
        await new Promise(setImmediate)
        gc()
      }
      return process.memoryUsage().heapUsed / 1e6
    }
    const [warm, ids] = [
      Array.from({ length: 20 }, (_, i) => `warm-${i}`),
      Array.from({ length: 100 }, (_, i) => `w-${i}`),
    ]
    await fill(warm)
    await remove(warm)
    const before = await used()
    const worlds = await fill(ids)
    const full = await used()
    await remove(ids)
    const after = await used()
    expect(worlds.filter((world) => world.deref()).length, 'worlds that somebody still holds').toBeLessThan(5)
    expect(full - before, 'MB that the worlds took').toBeGreaterThan(5)
    expect(after - before, 'MB that are left of them').toBeLessThan((full - before) / 5)
  })
})

/** A creation of another user each time. */
function manyOf(client: Client, n: number): Request {
  if (client === cpg.client) return cpg.allocation({ user_identifier: `user-${n}`, idempotency_key: `key-${n}` })
  if (client === zopay.client)
    return zopay.post('/addresses', { asset: 'USDT', network: 'solana', external_ref: `user-${n}` }, `key-${n}`)
  if (client === payward.client) return payward.creation({})
  return alphapo.taking({ foreign_id: `user-${n}` })
}

test('a request with no Host at all is told so, and the server lives', async () => {
  const box = await start()
  const text = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(box.url).port), '127.0.0.1', () =>
      socket.write('GET /_sandgate/health HTTP/1.1\r\n\r\n'),
    )
    let got = ''
    socket.on('data', (chunk) => (got += chunk.toString()))
    socket.on('close', () => resolve(got))
    socket.on('error', () => resolve(got))
  })
  expect(text).toContain('400')
  expect((await box.control('GET', '/health')).status).toBe(200)
})

test('sandgate.worlds.memory: when a world of very many rows is reset, restored or deleted, its memory is asked back, and not for a small one', async () => {
  let collected = 0
  const host = {
    memoryUsage: () => ({ rss: 0, heapUsed: 0 }),
    cpuUsage: () => ({ user: 0, system: 0 }),
    uptime: () => 0,
    collect: () => void collected++,
  }
  const box = await start({ host })
  const fill = (world: World) =>
    world.change(() => {
      for (let n = 0; n < 50_001; n++) world.next(`n${n}`)
    })
  await box.control('POST', '/reset')
  await box.control('POST', '/worlds', { id: 'small' })
  await box.control('DELETE', '/worlds/small')
  expect(collected).toBe(0)
  fill(box.world)
  await box.control('POST', '/reset')
  expect(collected).toBe(1)
  await box.control('POST', '/worlds', { id: 'large' })
  fill(box.sandbox.world('large')!)
  await box.control('DELETE', '/worlds/large')
  expect(collected).toBe(2)
})
