// Worlds in a database that several processes share, as two sandboxes of one process see each other. Processes that die, and networks that fail, stand in
// test/reach.
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SandboxOptions } from '../src/options.ts'
import { createSandbox } from '../src/library/index.ts'
import { client as alphapo } from './clients/alphapo.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { client as zopay } from './clients/zopay.ts'
import type { Client, Kit, Request } from './kit.ts'
import { startNow } from './walls.ts'
import { eventually } from './eventually.ts'
import { type Database, Postgres } from './postgres.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await Postgres.open()
})
afterAll(() => postgres.close())

const GIFT = { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1' }

/** Sandboxes on one database, at the wall's own time. */
async function nodes(count: number, options: SandboxOptions = {}, kept?: Database) {
  const database = kept ?? (await postgres.freshDatabase())
  const boxes: Kit[] = []
  for (let n = 0; n < count; n++) boxes.push(await startNow({ data: database.url, ...options }))
  return { database, boxes }
}

const inWorld = (box: Kit, method: string, path: string, body?: unknown) =>
  box.raw(
    method,
    `/w/ci/_sandgate${path}`,
    body === undefined ? {} : { 'content-type': 'application/json' },
    body === undefined ? undefined : JSON.stringify(body),
  )

const counted = async (box: Kit, name: string) =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await box.raw('GET', '/_sandgate/metrics')).text)?.[1])

const CREATIONS: readonly (readonly [Client, string])[] = [
  [cpg, 'createDepositAddress'],
  [zopay, 'createAddress'],
  [payward, 'createDepositAddress'],
  [alphapo, 'takeAddress'],
]

describe('a world that two processes are asked for', () => {
  test('sandgate.shared.claim: each takes it over at once, and goes on where the other one was; takeovers are counted', async () => {
    const { boxes } = await nodes(2)
    const wish = allocation({ idempotency_key: 'k', user_identifier: 'sticky' })
    const [first, second] = boxes as [Kit, Kit]
    const answer = await first.call(cpg, wish)
    for (const box of boxes) box.passWall(1_000)
    const repeated = await second.call(cpg, wish)
    for (const box of boxes) box.passWall(1_000)
    expect(repeated.text).toBe(answer.text)
    const entries = [answer, repeated, await first.call(cpg, wish)].map(({ headers }) =>
      Number(headers['x-sandgate-entry']),
    )
    expect(entries).toEqual(entries.toSorted((a, b) => a - b))
    expect(new Set(entries).size).toBe(3)
    expect(await counted(second, 'sandgate_takeovers_total')).toBe(1)
    expect(await counted(first, 'sandgate_fenced_total')).toBe(1)
    expect(await counted(first, 'sandgate_claims_total')).toBe(1)
  })

  test('sandgate.shared.answers: what one changed the other one shows, also where it served the world before and nothing was written since', async () => {
    const { boxes } = await nodes(2)
    const [first, second] = boxes as [Kit, Kit]
    await first.control('POST', '/balances', GIFT)
    for (let times = 1; times <= 6; times++) {
      const [writer, reader] = times % 2 === 0 ? [first, second] : [second, first]
      await writer.control('POST', '/balances', GIFT)
      const { data } = (await reader.control('GET', '/balances')).json
      expect(data[0].balance).toBe(`${times + 1}.000000`)
      const clocks = [
        (await reader.control('GET', '/clock')).json.now,
        (await writer.control('GET', '/clock')).json.now,
      ]
      expect(clocks).toEqual(clocks.toSorted())
    }
  })

  // Payward's calls come with a nonce that grows, which calls that overtake each other do not have.
  const takes = (n: number): Request => {
    const good = alphapo.good.takeAddress!()
    return { ...good, body: JSON.stringify({ ...JSON.parse(good.body!), foreign_id: `user_${n}` }) }
  }
  test.each<readonly [string, Client, (n: number) => Request]>([
    ['cpg', cpg, (n) => allocation({ user_identifier: `user_${n}` })],
    ['alphapo', alphapo, takes],
  ])(
    'sandgate.shared.fenced: %s calls that two processes get at once are all answered, and each is done once',
    async (_name, client, request) => {
      const { boxes } = await nodes(2)
      const [first, second] = boxes as [Kit, Kit]
      const calls = await Promise.all(
        Array.from({ length: 24 }, (_, n) => [first, second][n % 2]!.call(client, request(n))),
      )
      expect(
        calls.map(({ status }) => status).filter((status) => status !== 200 && status !== 201 && status !== 503),
      ).toEqual([])
      const done = calls.filter(({ status }) => status < 300).length
      expect(done).toBeGreaterThan(0)
      const handed = (await first.control('GET', `/addresses?provider=${client.name}&limit=1000`)).json.data
      expect(handed).toHaveLength(done)
    },
  )

  test('sandgate.shared.fenced: control calls that two processes get at once are all answered, and each is done once', async () => {
    const { boxes } = await nodes(2)
    const [first, second] = boxes as [Kit, Kit]
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => [first, second][n % 2]!.control('POST', '/balances', GIFT)),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status !== 201 && status !== 503)).toEqual([])
    const done = statuses.filter((status) => status === 201).length
    expect((await second.control('GET', '/balances')).json.data[0].balance).toBe(`${done}.000000`)
    expect((await first.control('GET', '/movements?limit=1000')).json.data).toHaveLength(done)
  })

  test('whichever of three processes gets the next call, the worlds go on as in one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 5, maxLength: 30 }), async (order) => {
        const { boxes } = await nodes(3)
        const [alone] = (await nodes(1)).boxes as [Kit]
        const users = (reply: { readonly json: any }) => reply.json.data
        for (const [index, n] of order.entries()) {
          const wish = allocation({ user_identifier: `u${index % 4}`, idempotency_key: `k${index % 7}` })
          const [shared, own] = [await boxes[n]!.call(cpg, wish), await alone.call(cpg, wish)]
          expect({ ...users(shared), created_at: 0, display_until: 0 }).toEqual({
            ...users(own),
            created_at: 0,
            display_until: 0,
          })
        }
        for (const box of [...boxes, alone]) await box.sandbox.close()
      }),
      { numRuns: 4, seed: 20260516 },
    )
  })
})

describe('making and deleting', () => {
  test('a world is made once: the other process says that it is there, and PUT finds it', async () => {
    const { boxes } = await nodes(2)
    const [first, second] = boxes as [Kit, Kit]
    expect((await first.control('POST', '/worlds', { id: 'ci', seed: 'a' })).status).toBe(201)
    const again = await second.control('POST', '/worlds', { id: 'ci', seed: 'b' })
    expect([again.status, again.json.code]).toEqual([409, 'world_exists'])
    const found = await Promise.all([first, second].map((box) => inWorld(box, 'PUT', '', { seed: 'a' })))
    expect(found.map(({ status }) => status)).toEqual([200, 200])
    const made = await Promise.all(
      [first, second].map((box) =>
        box.raw('PUT', '/w/new/_sandgate', { 'content-type': 'application/json' }, '{"seed":"x"}'),
      ),
    )
    expect(made.map(({ status }) => status).sort()).toEqual([200, 201])
  })

  test('a world that one process deletes or resets is gone, or new, for the one that served it; nothing is written to it any more', async () => {
    const { boxes, database } = await nodes(2)
    const [first, second] = boxes as [Kit, Kit]
    await first.control('POST', '/worlds', { id: 'ci' })
    expect((await inWorld(first, 'POST', '/balances', GIFT)).status).toBe(201)
    expect((await inWorld(second, 'POST', '/reset', { seed: 'anew' })).status).toBe(200)
    expect((await inWorld(first, 'GET', '/balances')).json.data).toEqual([])
    expect((await inWorld(first, 'POST', '/balances', GIFT)).status).toBe(201)
    expect((await second.control('DELETE', '/worlds/ci')).status).toBe(204)
    const late = await Promise.all([
      inWorld(first, 'POST', '/balances', GIFT),
      inWorld(first, 'GET', '/balances'),
      first.raw('GET', '/w/ci/cpg/v1/ping'),
    ])
    expect(late.map(({ status }) => status)).toEqual([404, 404, 404])
    expect((await first.control('DELETE', '/worlds/ci')).status).toBe(404)
    expect(await database.query("select 1 from sandgate.log where world = 'ci'")).toEqual([])
    expect(await database.query("select 1 from sandgate.worlds where id = 'ci'")).toEqual([])
  })

  test('a change that is stored while a world is being deleted is deleted with it', async () => {
    const { boxes, database } = await nodes(1)
    const [box] = boxes as [Kit]
    await box.control('POST', '/worlds', { id: 'ci' })
    const late = new pg.Client({ connectionString: database.url })
    await late.connect()
    await late.query('begin')
    await late.query("update sandgate.worlds set seq = seq + 1 where id = 'ci'")
    await late.query("insert into sandgate.log values ('ci', 99, 1, '{}')")
    const deleted = box.control('DELETE', '/worlds/ci')
    await eventually('the deletion waits for the change', async () => {
      const [waiting] = await database.query(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
      return waiting ? undefined : 'it does not'
    })
    await late.query('commit')
    await late.end()
    expect((await deleted).status).toBe(204)
    expect(await database.query("select seq from sandgate.log where world = 'ci'")).toEqual([])
  })

  test('sandgate.shared.list: every process lists every world, and counts calls of those alone that it serves', async () => {
    const { boxes } = await nodes(2)
    const [first, second] = boxes as [Kit, Kit]
    await first.control('POST', '/worlds', { id: 'ci', seed: 'mine', clock: '2026-05-16T19:00:00Z' })
    await inWorld(first, 'GET', '/clock')
    const row = async (box: Kit) => (await box.control('GET', '/worlds')).json.data.find(({ id }: any) => id === 'ci')
    const [own, other] = [await row(first), await row(second)]
    expect(own).toMatchObject({ calls: 0, seed: 'mine', clock: { now: '2026-05-16T19:00:00.000Z', mode: 'frozen' } })
    expect(other).toMatchObject({ calls: null, seed: 'mine', clock: own.clock })
    expect(Date.parse(other.goes_at) - Date.parse(other.used_at)).toBe(86_400_000)
    // Looking is not taking.
    expect(await counted(second, 'sandgate_claims_total')).toBe(0)
  })

  test('sandgate.shared.limit: worlds without an id get numbers that no other process gives, and limits.worlds counts them all', async () => {
    const { boxes } = await nodes(2, { limits: { worlds: 6 } })
    const made = await Promise.all(Array.from({ length: 4 }, (_, n) => boxes[n % 2]!.control('POST', '/worlds', {})))
    const ids = made.filter(({ status }) => status === 201).map(({ json }) => json.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThanOrEqual(2)
    for (let n = ids.length + 1; n < 6; n++)
      expect((await boxes[n % 2]!.control('POST', '/worlds', {})).status).toBe(201)
    const beyond = await boxes[0]!.control('POST', '/worlds', {})
    expect([beyond.status, beyond.json.code]).toEqual([409, 'too_many_worlds'])
  })

  test('sandgate.shared.idle: a process deletes an idle world that it serves, and none that another one has by now', async () => {
    const uptime = { ms: 0 }
    const limits = { worldIdle: '1h' }
    const { boxes, database } = await nodes(1, { limits, uptime: () => uptime.ms })
    const [first, second] = [boxes[0]!, (await nodes(1, { limits }, database)).boxes[0]!]
    for (const id of ['mine', 'theirs']) await first.control('POST', '/worlds', { id, clock: '2026-05-16T19:00:00Z' })
    expect((await second.raw('GET', '/w/theirs/_sandgate/clock')).status).toBe(200)
    uptime.ms += 3_700_000
    // Both lie idle in the first one's memory, where nobody has heard of the second one's claim.
    await first.raw('GET', '/w/default/_sandgate/clock')
    await first.control('POST', '/worlds', { id: 'next' })
    await first.sandbox.close()
    const ids = (await database.query('select id from sandgate.worlds order by id')).map(({ id }) => id)
    expect(ids).toEqual(['default', 'next', 'theirs'])
  })
})

describe('a database', () => {
  test('sandgate.keep.bad-rows: a world whose change cannot be read is not served by anybody, until somebody starts it over', async () => {
    const { boxes, database } = await nodes(2)
    const [first, second] = boxes as [Kit, Kit]
    await first.control('POST', '/worlds', { id: 'ci' })
    await inWorld(first, 'POST', '/balances', GIFT)
    await database.query(
      "update sandgate.log set records = convert_to('{\"clock\":1}', 'utf8') where world = 'ci' and seq = (select max(seq) from sandgate.log where world = 'ci')",
    )
    for (const box of [second, first]) {
      const refused = await inWorld(box, 'GET', '/balances')
      expect([refused.status, refused.json.code]).toEqual([409, 'world_stopped'])
      expect(refused.json.detail).toMatch(/change \d+ of the world "ci" cannot be used: its clock is not/)
    }
    expect((await inWorld(second, 'POST', '/reset')).status).toBe(200)
    expect((await inWorld(second, 'POST', '/balances', GIFT)).status).toBe(201)
    expect((await inWorld(first, 'GET', '/balances')).json.data[0].balance).toBe('1.000000')
  })

  test('sandgate.health.storage: 503 while it is read-only, in each provider’s own shape too, with nothing changed; then it goes on', async () => {
    const { boxes, database } = await nodes(1)
    const [box] = boxes as [Kit]
    await box.control('POST', '/balances', GIFT)
    const readOnly = async (how: 'on' | 'off') => {
      await postgres.query(`alter database ${database.name} set default_transaction_read_only = ${how}`)
      await postgres.query(
        `select pg_terminate_backend(pid, 30000) from pg_stat_activity where datname = '${database.name}'`,
      )
    }
    await readOnly('on')
    // A call that is being stored when its session ends has no answer.
    await eventually('the process knows', async () => {
      const { status } = await box.raw('GET', '/_sandgate/health')
      return status === 503 ? undefined : status
    })
    for (const [client, operation] of CREATIONS) {
      const refused = await box.send(client.name, client.sign(client.good[operation]!(), box.wallMs))
      expect(refused.status, client.name).toBe(503)
      expect(refused.headers['x-sandgate-entry']).toBeUndefined()
    }
    expect((await box.control('POST', '/balances', GIFT)).json.code).toBe('storage_unavailable')
    const health = await box.raw('GET', '/_sandgate/health')
    expect([health.status, health.json.code]).toEqual([503, 'storage_unavailable'])
    expect(health.text).not.toContain(new URL(database.url).password)
    await readOnly('off')
    expect((await box.control('GET', '/balances')).json.data[0].balance).toBe('1.000000')
    expect((await box.raw('GET', '/_sandgate/health')).status).toBe(200)
    expect((await box.control('GET', '/addresses')).json.data).toEqual([])
  })

  test('is for processes: the library says how to share one', async () => {
    const database = await postgres.freshDatabase()
    await expect(createSandbox({ data: database.url })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('connectSandbox'),
    })
  })
})
