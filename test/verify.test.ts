// POST verify: was it called so, how often, and where the closest calls differ; never a yes that the journal cannot vouch for.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { allocation, client } from './clients/cpg.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { type Kit, start } from './kit.ts'

let box: Kit

async function verify(body: object, kit: Kit = box): Promise<any> {
  const reply = await kit.control('POST', '/verify', body)
  return reply.status === 200 ? reply.json : reply
}

const created = { provider: 'cpg', operation: 'createDepositAddress' }

describe('counting', () => {
  beforeEach(async () => {
    box = await start()
    for (const user of ['ann', 'bob', 'ann'])
      await box.call(client, {
        ...allocation({ user_identifier: user, metadata: `of ${user}` }),
        headers: { 'x-trace': `t-${user}` },
      })
    await box.call(zopay, post('/addresses', { asset: 'USDT', network: 'solana' }))
    await box.call(client, { method: 'GET', path: '/v1/deposit-requests/1' })
  })

  test.each<[string, object, boolean, number]>([
    ['at least once unless said', created, true, 3],
    ['exactly', { ...created, times: { exactly: 3 } }, true, 3],
    ['exactly, too few', { ...created, times: { exactly: 4 } }, false, 3],
    ['exactly, too many', { ...created, times: { exactly: 2 } }, false, 3],
    ['exactly none', { ...created, match: { body: { user_identifier: 'eve' } }, times: { exactly: 0 } }, true, 0],
    ['at least', { ...created, times: { atLeast: 3 } }, true, 3],
    ['at least, too few', { ...created, times: { atLeast: 4 } }, false, 3],
    ['at most', { ...created, times: { atMost: 3 } }, true, 3],
    ['at most, too many', { ...created, times: { atMost: 2 } }, false, 3],
    ['at least and at most', { ...created, times: { atLeast: 1, atMost: 2 } }, false, 3],
    [
      'by a subset of the body',
      { ...created, match: { body: { user_identifier: 'ann' } }, times: { exactly: 2 } },
      true,
      2,
    ],
    ['by a regex', { ...created, match: { body: { metadata: '/^of (ann|bob)$/' } }, times: { exactly: 3 } }, true, 3],
    [
      'by a header, whatever its case',
      { ...created, match: { headers: { 'X-Trace': 't-bob' } }, times: { exactly: 1 } },
      true,
      1,
    ],
    [
      'by a path value',
      { provider: 'cpg', operation: 'getDepositRequest', match: { path: { request_id: 1 } } },
      true,
      1,
    ],
    ['another operation', { provider: 'cpg', operation: 'ping' }, false, 0],
    [
      'in order: the reading came after an allocation',
      { provider: 'cpg', operation: 'getDepositRequest', after: created },
      true,
      1,
    ],
    [
      'in order: no allocation came after the reading',
      { ...created, after: { provider: 'cpg', operation: 'getDepositRequest' } },
      false,
      0,
    ],
    [
      'in order: only what is behind the first of its kind counts',
      { ...created, after: { ...created, match: { body: { user_identifier: 'bob' } } }, times: { exactly: 1 } },
      true,
      1,
    ],
    [
      'in order: behind a call that never was',
      { ...created, after: { provider: 'cpg', operation: 'ping' }, times: { exactly: 0 } },
      true,
      0,
    ],
    ['another provider', { provider: 'zopay', operation: 'createAddress', times: { exactly: 1 } }, true, 1],
  ])('%s', async (_, body, ok, count) => {
    expect(await verify(body)).toMatchObject({ ok, count })
  })

  test('the closest calls, the nearest first, and where they differ', async () => {
    const told = await verify({
      ...created,
      match: { body: { user_identifier: 'bob', metadata: 'of nobody' }, headers: { 'x-trace': 't-bob' } },
    })
    expect(told).toEqual({
      ok: false,
      count: 0,
      closest: [
        {
          entry: 2,
          at: expect.any(String),
          status: 200,
          differs: [{ path: 'body.metadata', expected: 'of nobody', got: 'of bob' }],
        },
        {
          entry: 3,
          at: expect.any(String),
          status: 200,
          differs: [
            { path: 'body.user_identifier', expected: 'bob', got: 'ann' },
            { path: 'body.metadata', expected: 'of nobody', got: 'of ann' },
            { path: 'headers.x-trace', expected: 't-bob', got: 't-ann' },
          ],
        },
        { entry: 1, at: expect.any(String), status: 200, differs: expect.any(Array) },
      ],
    })
  })

  test('what is missing is told as null, a wrong length as a whole', async () => {
    const told = await verify({ ...created, match: { body: { nothing: { like: [1] } }, query: { page: 2 } } })
    expect(told.closest[0].differs).toEqual([
      { path: 'body.nothing', expected: { like: [1] }, got: null },
      { path: 'query.page', expected: 2, got: null },
    ])
  })

  test('too many: those that were made', async () => {
    const told = await verify({ ...created, match: { body: { user_identifier: 'ann' } }, times: { exactly: 1 } })
    expect(told).toMatchObject({
      ok: false,
      count: 2,
      closest: [
        { entry: 3, differs: [] },
        { entry: 1, differs: [] },
      ],
    })
  })

  test('sandgate.secrets: keys and signatures can be asked for and are not told', async () => {
    const told = await verify({
      ...created,
      match: { headers: { 'x-cpg-key': 'another', 'x-cpg-signature': 'another' } },
    })
    expect(told.closest[0].differs.map(({ got }: any) => got)).toEqual(['{{hidden}}', '{{hidden}}'])
    expect(await verify({ ...created, match: { headers: { 'x-cpg-key': 'cpg_demo_key' } } })).toMatchObject({
      ok: true,
    })
  })

  test('calls that were refused count too, and tell how they were answered', async () => {
    await box.call(client, allocation({ user_identifier: 'ann', network: 'NOWHERE' }))
    expect(await verify({ ...created, match: { body: { network: 'NOWHERE' } } })).toMatchObject({ ok: true, count: 1 })
    expect(
      (await verify({ ...created, match: { body: { network: 'NOWHER' } } })).closest[0].status,
    ).toBeGreaterThanOrEqual(400)
  })

  test.each<[string, object, string]>([
    ['a provider that is not there', { ...created, provider: 'cgp' }, 'did you mean cpg?'],
    [
      'an operation that is not there',
      { ...created, operation: 'createDepositAddres' },
      'did you mean createDepositAddress?',
    ],
    [
      'a regex that is none',
      { ...created, match: { body: { user_identifier: '/(/' } } },
      'not a valid regular expression',
    ],
    ['a key that is unknown', { ...created, match: { cookies: {} } }, 'match'],
    ['a number below nothing', { ...created, times: { exactly: -1 } }, 'times'],
    ['times without a number', { ...created, times: {} }, 'times'],
    ['no operation', { provider: 'cpg' }, 'operation'],
  ])('%s is 422', async (_, body, told) => {
    const reply = await verify(body)
    expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining(told)])
  })
})

describe('a journal that had to drop entries', () => {
  const lost = async () => {
    const kit = await start({ limits: { journalEntries: 2 } })
    for (const user of ['a', 'b', 'c']) await kit.call(client, allocation({ user_identifier: user }))
    return kit
  }

  test.each<[object, boolean | 'unknown']>([
    [{ atLeast: 2 }, true],
    [{ atLeast: 3 }, 'unknown'],
    [{ exactly: 2 }, 'unknown'],
    [{ exactly: 1 }, false],
    [{ exactly: 3 }, 'unknown'],
    [{ atMost: 2 }, 'unknown'],
    [{ atMost: 1 }, false],
    [{ exactly: 0 }, false],
  ])('%j is %s', async (times, ok) => {
    expect(await verify({ ...created, times }, await lost())).toMatchObject({ ok, count: 2 })
  })

  test('sandgate.verify.unknown: was there ever such a call?', async () => {
    expect(await verify({ ...created, match: { body: { user_identifier: 'a' } } }, await lost())).toMatchObject({
      ok: 'unknown',
      count: 0,
    })
  })
})

test('sandgate.verify.unknown: big bodies make older calls go before there are many', async () => {
  const kit = await start({ limits: { journalBytes: 100_000, bodyBytes: 50_000 } })
  const first = await kit.call(client, allocation({ user_identifier: 'a' }))
  for (let i = 0; i < 4; i++) await kit.call(client, allocation({ user_identifier: 'b'.repeat(30_000) }))
  expect(await verify({ ...created, match: { body: { user_identifier: 'a' } } }, kit)).toMatchObject({
    ok: 'unknown',
    count: 0,
  })
  const gone = await kit.control('GET', `/journal/${first.headers['x-sandgate-entry']}`)
  expect([gone.status, gone.json.detail]).toEqual([404, expect.stringContaining('100000 bytes')])
})

test('sandgate.verify.unknown: calls before a restart with --data stand in no journal, so nothing is said of them', async () => {
  const data = mkdtempSync(join(tmpdir(), 'sandgate-verify-'))
  onTestFinished(() => rmSync(data, { recursive: true }))
  const before = await start({ data })
  await before.call(client, allocation({}))
  expect(await verify({ ...created, times: { exactly: 1 } }, before)).toMatchObject({ ok: true })
  await before.sandbox.close()
  const kit = await start({ data })
  expect(await verify({ ...created, times: { exactly: 0 } }, kit)).toMatchObject({ ok: 'unknown', count: 0 })
  expect(await verify({ ...created, times: { atMost: 1 } }, kit)).toMatchObject({ ok: 'unknown' })
  await kit.call(client, allocation({ user_identifier: 'after' }))
  expect(await verify(created, kit)).toMatchObject({ ok: true, count: 1 })
  await kit.control('POST', '/reset')
  expect(await verify({ ...created, times: { exactly: 0 } }, kit)).toMatchObject({ ok: true })
})

describe('sandgate.regex.budget', () => {
  const REPEATED = '/([a-z]{1,30}){10}[0-9]/'

  test('a verify whose regexes cost too much is 422 and says what to do; the same over short values is answered', async () => {
    const kit = await start()
    for (let i = 0; i < 20; i++) await kit.call(client, allocation({ user_identifier: 'a'.repeat(36) }))
    expect(await verify({ ...created, match: { body: { user_identifier: REPEATED } } }, kit)).toMatchObject({
      ok: false,
      count: 0,
      closest: [{ entry: 20 }, { entry: 19 }, { entry: 18 }],
    })
    await kit.call(client, allocation({ metadata: 'a'.repeat(4000) }))
    const reply = await verify({ ...created, match: { body: { metadata: REPEATED } } }, kit)
    expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining('regexes cost too much')])
    expect(await verify({ ...created, match: { body: { metadata: '/^a+$/' } } }, kit)).toMatchObject({
      ok: true,
      count: 1,
    })
  })

  test('many regexes at once are refused before they are all compiled', async () => {
    const kit = await start()
    const reply = await verify(
      {
        ...created,
        match: { body: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, `/a{900}${i}/`])) },
      },
      kit,
    )
    expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining('cost too much together')])
  })

  test('a rule that costs too much on a call does not strike it, and the journal says so; the other rules do', async () => {
    const kit = await start()
    const arm = async (metadata: string, status: number) =>
      (
        await kit.control('POST', '/faults', {
          when: { provider: 'cpg', body: { metadata } },
          then: [{ respond: { status } }],
        })
      ).json.id
    const costly = await arm(REPEATED, 501)
    await arm('/^a+7$/', 502)
    const answered = async (metadata: string) => {
      kit.passWall(1000)
      const { method, path, headers, body } = client.sign(allocation({ metadata: metadata }), kit.wallMs)
      return kit.raw(method, `/cpg${path}`, headers, body)
    }
    expect((await answered(`${'a'.repeat(30)}7`)).status).toBe(501)
    const long = await answered(`${'a'.repeat(4000)}7`)
    expect(long.status).toBe(502)
    expect((await kit.entry(long)).notes.faults).toMatch(
      new RegExp(`^${costly} could not be matched against this call`),
    )
  })
})

test('sandgate.verify.moment: others are served while it looks, and what they do is not counted', async () => {
  const kit = await start()
  // Without a period, so that every search is as dear as it can be.
  let drawn = 1
  const letters = () =>
    Array.from({ length: 1000 }, () =>
      (drawn = (drawn * 1_103_515_245 + 12_345) % 2_147_483_648) > 1_073_741_824 ? 'a' : 'b',
    ).join('')
  for (let i = 0; i < 20; i++) await kit.call(client, allocation({ metadata: letters() }))
  const order: string[] = []
  const asked = verify(
    { ...created, match: { body: { metadata: '/([ab]*a[ab]{150}){6}[^ab]/' } }, times: { exactly: 0 } },
    kit,
  ).then((told) => (order.push('verify'), told))
  const other = kit
    .call(client, allocation({ metadata: `${'a'.repeat(990)}c` as never }))
    .then(() => order.push('call'))
  await Promise.all([asked, other])
  expect(order).toEqual(['call', 'verify'])
  expect(await asked).toEqual({ ok: true, count: 0, closest: [] })
})
