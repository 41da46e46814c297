// The control API, route by route, as tests and people use it. Every answer is judged by its own document, specs/sandgate.yaml.
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Contract } from '../src/contract/contract.ts'
import { createSandbox, findProviders } from '../src/app.ts'
import { client as alphapo, taking } from './clients/alphapo.ts'
import { allocation, client, clientOf, KEYS } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import type { SandboxOptions } from '../src/options.ts'
import type { Provider } from '../src/provider.ts'
import { type Client, Kit, type Reply, type Request, START, start } from './kit.ts'

const SPEC = new URL('../specs/sandgate.yaml', import.meta.url).pathname
const contract = new Contract('sandgate', SPEC)

const PING: Request = { method: 'GET', path: '/v1/_ping' }

let box: Kit
const wall = { ms: Date.parse('2026-05-20T12:00:00.000Z') }
const bugs: Error[] = []

beforeAll(async () => {
  const sandbox = await createSandbox({
    clock: START,
    strict: true,
    wall: () => wall.ms,
    complain: (message, cause) => bugs.push(new Error(message, { cause })),
  })
  box = new Kit(sandbox, await sandbox.listen(), wall, bugs)
})
beforeEach(() => void box.sandbox.engine.worlds.reset('default'))
afterEach(() => expect(bugs.splice(0)).toEqual([]))
afterAll(() => box.sandbox.close())

/** A sandbox in which nobody models two of CPG's operations and one of Payward's. */
async function withSamples(options: SandboxOptions = {}): Promise<Kit> {
  const providers = await findProviders()
  const [cpg, payward] = [providers.get('cpg')!, providers.get('payward')!]
  const { listTransactions: _, getHotWalletAddress: __, ...ofCpg } = cpg.operations
  const { getPortfolioSummary: ___, ...ofPayward } = payward.operations
  const less: [string, Provider][] = [
    ['cpg', { ...cpg, operations: ofCpg }],
    ['payward', { ...payward, operations: ofPayward }],
  ]
  return start(options, new Map([...providers, ...less]))
}

/** A control call whose answer must be on contract. A path that is no operation is judged as any operation's `default`: a problem. */
async function ask(
  box: Kit,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const json = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const reply = await box.raw(
    method,
    `/_sandgate${path}`,
    { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
    json,
  )
  judge(method, path, reply)
  return reply
}

function judge(method: string, path: string, reply: Reply): void {
  const operation = contract.match(method, `/_sandgate${path.split('?', 1)[0]}`)?.operation ?? contract.operations[0]!
  const body = reply.text === '' ? undefined : (reply.json ?? reply.text)
  expect(
    contract.judgeAnswer(operation, reply.status, reply.headers['content-type']?.split(';', 1)[0], body),
    `${method} ${path}`,
  ).toEqual([])
  if (reply.status >= 400)
    expect([reply.headers['content-type'], reply.json.status]).toEqual([
      'application/problem+json; charset=utf-8',
      reply.status,
    ])
}

/** A refusal, and a word that its detail must say. */
async function refused(answer: Promise<Reply>, status: number, detail: RegExp): Promise<void> {
  const reply = await answer
  expect([reply.status, reply.json]).toEqual([
    status,
    expect.objectContaining({ type: 'about:blank', status, detail: expect.stringMatching(detail) }),
  ])
}

async function data(box: Kit, path: string): Promise<any[]> {
  const reply = await ask(box, 'GET', path)
  expect(reply.status, reply.text).toBe(200)
  return reply.json.data
}

function allocate(
  box: Kit,
  fields: Record<string, unknown> = {},
  key: { key: string; secret: string } = KEYS.demo,
): Promise<Reply> {
  return box.call(clientOf(key), allocation(fields))
}

describe('health', () => {
  test('is well, and says which version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    expect((await ask(box, 'GET', '/health')).json).toEqual({ status: 'ok', version })
  })
})

describe('clock', () => {
  test('a world that starts at a date starts frozen, and stands still', async () => {
    const expected = { now: START, mode: 'frozen', due: 0, next: [] }
    expect((await ask(box, 'GET', '/clock')).json).toEqual(expected)
    box.passWall(3_600_000)
    expect((await ask(box, 'GET', '/clock')).json).toEqual(expected)
  })

  test('a world with a real clock follows the wall from its first moment', async () => {
    box.sandbox.engine.worlds.reset('default', { clock: 'real' })
    const begun = box.wallMs
    box.passWall(5000)
    expect((await ask(box, 'GET', '/clock')).json).toMatchObject({
      now: new Date(begun + 5000).toISOString(),
      mode: 'running',
    })
  })

  test('sandgate.clock.wall: a wall that goes back takes nothing away, and time goes on from its new reading', async () => {
    box.sandbox.engine.worlds.reset('default', { clock: 'real' })
    const now = async () => Date.parse((await ask(box, 'GET', '/clock')).json.now)
    const first = await now()
    box.passWall(10_000)
    expect(await now()).toBe(first + 10_000)
    box.passWall(-10 * 365 * 86_400_000)
    expect(await now()).toBe(first + 10_000)
    box.passWall(1000)
    expect(await now()).toBe(first + 11_000)
    box.passWall(10 * 365 * 86_400_000)
    expect(await now()).toBe(first + 11_000 + 10 * 365 * 86_400_000)
  })

  test('a running world fires what falls due as the wall passes', async () => {
    box.sandbox.engine.worlds.reset('default', { clock: 'real' })
    const { request_id: id } = (await allocate(box)).json.data
    box.passWall(3 * 3_600_000)
    expect((await box.call(client, { method: 'GET', path: `/v1/deposit-requests/${id}` })).json.data.status).toBe(
      'expired_for_display',
    )
    expect((await data(box, '/journal?kind=timer')).map((entry) => entry.summary)).toEqual([
      'the display window of deposit request 1 ends',
    ])
  })

  test('freeze and run: time passes between, and only between', async () => {
    box.sandbox.engine.worlds.reset('default', { clock: 'real' })
    const set = async (body: object) => (await ask(box, 'PATCH', '/clock', body)).json
    const frozen = await set({ mode: 'frozen' })
    expect(frozen.mode).toBe('frozen')
    box.passWall(60_000)
    expect((await set({ mode: 'frozen' })).now).toBe(frozen.now)
    expect(await set({ mode: 'running' })).toMatchObject({ now: frozen.now, mode: 'running' })
    box.passWall(60_000)
    expect(Date.parse((await ask(box, 'GET', '/clock')).json.now)).toBe(Date.parse(frozen.now) + 60_000)
  })

  test('set forward: what falls due in between happens; the mode may change in the same call', async () => {
    await allocate(box)
    const set = await ask(box, 'PATCH', '/clock', { now: '2026-05-16T22:00:00Z', mode: 'running' })
    expect(set.json).toMatchObject({ now: '2026-05-16T22:00:00.000Z', mode: 'running', due: 1 })
    expect(await data(box, '/journal?kind=timer')).toHaveLength(1)
    expect((await data(box, '/journal?kind=control')).at(-1)).toMatchObject({
      action: 'clock',
      at: '2026-05-16T22:00:00.000Z',
    })
  })

  test('the past is a conflict, and changes neither time nor mode', async () => {
    await refused(
      ask(box, 'PATCH', '/clock', { now: '2026-05-16T18:59:59.999Z', mode: 'running' }),
      409,
      /never goes back/,
    )
    await refused(ask(box, 'POST', '/clock/advance', { to: '2026-05-16T18:59:59.999Z' }), 409, /never goes back/)
    expect((await ask(box, 'GET', '/clock')).json).toMatchObject({ now: START, mode: 'frozen' })
    expect((await ask(box, 'PATCH', '/clock', { now: START })).status).toBe(200)
  })

  test('advance: by a duration or to an instant, each thing at its own instant, in order', async () => {
    const box = await start({ providers: { cpg: { windows: { display: '1h', monitoring: '3h', reuse: '3h' } } } })
    await allocate(box)
    await box.advance('30m')
    await allocate(box)
    const by = (await ask(box, 'POST', '/clock/advance', { by: 'PT2H' })).json
    expect(by).toEqual({
      now: '2026-05-16T21:30:00.000Z',
      happened: [
        {
          at: '2026-05-16T20:00:00.000Z',
          provider: 'cpg',
          kind: 'window',
          summary: 'the display window of deposit request 1 ends',
        },
        {
          at: '2026-05-16T20:30:00.000Z',
          provider: 'cpg',
          kind: 'window',
          summary: 'the display window of deposit request 2 ends',
        },
      ],
    })
    const to = (await ask(box, 'POST', '/clock/advance', { to: '2026-05-16T22:00:00Z' })).json
    expect([to.now, to.happened.length]).toEqual(['2026-05-16T22:00:00.000Z', 1])
    expect((await data(box, '/journal?kind=timer')).map(({ at }) => at)).toEqual([
      '2026-05-16T20:00:00.000Z',
      '2026-05-16T20:30:00.000Z',
      '2026-05-16T22:00:00.000Z',
    ])
    expect((await ask(box, 'POST', '/clock/advance', { by: '0s' })).json).toEqual({
      now: '2026-05-16T22:00:00.000Z',
      happened: [],
    })
  })

  test('advance until quiet: windows do not count', async () => {
    await allocate(box)
    expect((await ask(box, 'POST', '/clock/advance', { until: 'quiet' })).json).toEqual({ now: START, happened: [] })
    expect((await ask(box, 'GET', '/clock')).json.due).toBe(2)
  })

  test('advance until quiet: confirmations, callbacks and scenario actions count, with all that falls due before them', async () => {
    await allocate(box)
    schedule(box, [
      ['confirmation', 4],
      ['callback', 2],
      ['window', 1],
      ['scenario', 170],
    ])
    const quiet = (await ask(box, 'POST', '/clock/advance', { until: 'quiet' })).json
    expect(quiet.now).toBe('2026-05-23T21:00:00.000Z')
    expect(quiet.happened.map(({ kind }: { kind: string }) => kind)).toEqual([
      'window',
      'callback',
      'window',
      'confirmation',
      'window',
      'scenario',
    ])
  })

  test('advance until quiet: at most 90 days, told with what is still due', async () => {
    await allocate(box)
    schedule(box, [
      ['callback', 24],
      ['callback', 24 * 90 + 1],
    ])
    const reply = await ask(box, 'POST', '/clock/advance', { until: 'quiet' })
    expect([reply.status, reply.json]).toMatchObject([
      409,
      { now: '2026-05-17T19:00:00.000Z', due: 2, detail: expect.stringMatching(/90 days/) },
    ])
    expect((await data(box, '/journal?kind=control')).at(-1)).toMatchObject({
      action: 'advance',
      summary: 'the clock was to be moved, and came from 2026-05-16T19:00:00.000Z to 2026-05-17T19:00:00.000Z',
    })
    expect((await ask(box, 'POST', '/clock/advance', { until: 'quiet' })).json.happened).toHaveLength(2)
  })

  test('what waits: how many in all, the next ten in the order in which they fall due', async () => {
    for (let i = 0; i < 7; i++) await allocate(box, { user_identifier: `u${i % 2}` })
    await box.advance('1h')
    await allocate(box)
    const { due, next } = (await ask(box, 'GET', '/clock')).json
    expect([due, next.length]).toEqual([9, 9])
    for (let i = 0; i < 4; i++) await allocate(box)
    const later = (await ask(box, 'GET', '/clock')).json
    expect([later.due, later.next.length]).toEqual([17, 10])
    expect(later.next.map(({ at }: { at: string }) => at)).toEqual(
      [...later.next.map(({ at }: { at: string }) => at)].sort(),
    )
    expect(later.next[0]).toEqual({
      at: '2026-05-16T22:00:00.000Z',
      provider: 'cpg',
      kind: 'window',
      summary: 'the display window of deposit request 1 ends',
    })
  })

  test.each<[string, string, unknown, number]>([
    ['PATCH', '/clock', undefined, 422],
    ['PATCH', '/clock', {}, 422],
    ['PATCH', '/clock', { mode: 'paused' }, 422],
    ['PATCH', '/clock', { mode: 'frozen', speed: 2 }, 422],
    ['PATCH', '/clock', { now: 'tomorrow' }, 422],
    ['PATCH', '/clock', { now: 1_779_000_000_000 }, 422],
    ['PATCH', '/clock', { now: '2027' }, 422],
    ['PATCH', '/clock', { now: 'Sat May 16 2027' }, 422],
    ['PATCH', '/clock', { now: '2027-02-30T00:00:00Z' }, 422],
    ['PATCH', '/clock', { now: '2027-05-16T19:00:00' }, 422],
    ['PATCH', '/clock', { now: '+275760-09-13T00:00:00.000Z' }, 422],
    ['PATCH', '/clock', '{"mode":', 422],
    ['PATCH', '/clock', '[]', 422],
    ['POST', '/clock/advance', undefined, 422],
    ['POST', '/clock/advance', {}, 422],
    ['POST', '/clock/advance', { by: '4 hours' }, 422],
    ['POST', '/clock/advance', { by: '-4h' }, 422],
    ['POST', '/clock/advance', { by: 4 }, 422],
    ['POST', '/clock/advance', { by: '99999999999999999999d' }, 422],
    ['POST', '/clock/advance', { by: '999999999d' }, 422],
    ['POST', '/clock/advance', { by: '1h', to: '2027-01-01T00:00:00Z' }, 422],
    ['POST', '/clock/advance', { until: 'noon' }, 422],
    ['POST', '/clock/advance', { to: 'noon' }, 422],
  ])('%s %s %j is refused and moves nothing', async (method, path, body, status) => {
    expect((await ask(box, method, path, body)).status).toBe(status)
    expect((await ask(box, 'GET', '/clock')).json).toMatchObject({ now: START, mode: 'frozen' })
  })
})

/** Timers of a kind, so many hours from now; what they do, the end of a window of request 1, is harmless. */
function schedule(
  box: Kit,
  timers: [kind: 'window' | 'confirmation' | 'callback' | 'scenario', hours: number][],
): void {
  box.world.change(() => {
    for (const [kind, hours] of timers) {
      box.world.clock.schedule({
        at: box.world.now + hours * 3_600_000,
        provider: 'cpg',
        kind,
        reaction: 'displayEnded',
        args: 1,
        summary: kind,
      })
    }
  })
}

describe('addresses', () => {
  test('a row a hand-out, oldest first', async () => {
    const first = (await allocate(box, { user_identifier: 'user_8721' })).json.data
    await box.advance('1h')
    await allocate(box, { currency: 'ETH', user_identifier: 'user_8721' })
    expect(await data(box, '/addresses')).toEqual([
      {
        id: 'addr-1',
        at: START,
        provider: 'cpg',
        account: 'demo',
        user: 'user_8721',
        network: 'ETH',
        currency: 'USDT',
        address: first.address,
        tag: null,
        reference: '1',
        windows: { display_until: '2026-05-16T22:00:00.000Z' },
        made_by: 1,
      },
      {
        id: 'addr-2',
        at: '2026-05-16T20:00:00.000Z',
        provider: 'cpg',
        account: 'demo',
        user: 'user_8721',
        network: 'ETH',
        currency: 'ETH',
        address: first.address,
        tag: null,
        reference: '2',
        windows: { display_until: '2026-05-16T23:00:00.000Z' },
        made_by: 3,
      },
    ])
  })

  test('filters: provider, address, account, user; all that are given must fit', async () => {
    const { address } = (await allocate(box, { user_identifier: 'a' })).json.data
    await allocate(box, { user_identifier: 'b' })
    await allocate(box, { user_identifier: 'a' }, KEYS.other)
    await allocate(box)
    const ids = async (query: string) => (await data(box, `/addresses?${query}`)).map(({ id }) => id)
    expect(await ids('provider=cpg')).toEqual(['addr-1', 'addr-2', 'addr-3', 'addr-4'])
    expect(await ids('provider=zopay')).toEqual([])
    expect(await ids(`address=${address}`)).toEqual(['addr-1'])
    expect(await ids(`address=${address.toLowerCase()}x`)).toEqual([])
    expect(await ids('account=other')).toEqual(['addr-3'])
    expect(await ids('user=a')).toEqual(['addr-1', 'addr-3'])
    expect(await ids('user=a&account=demo&provider=cpg')).toEqual(['addr-1'])
  })

  test('pages by cursor: every row once, with and without filters, also when rows come in between', async () => {
    for (let i = 0; i < 5; i++) await allocate(box, { user_identifier: `u${i % 2}` })
    const walk = async (query: string) => {
      const pages: string[][] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const page: any = (await ask(box, 'GET', `/addresses?${query}${cursor && `&cursor=${cursor}`}`)).json
        pages.push(page.data.map(({ id }: { id: string }) => id))
        cursor = page.next
      }
      return pages
    }
    expect(await walk('limit=2')).toEqual([['addr-1', 'addr-2'], ['addr-3', 'addr-4'], ['addr-5']])
    expect(await walk('limit=5')).toHaveLength(1)
    expect(await walk('limit=2&user=u0')).toEqual([['addr-1', 'addr-3'], ['addr-5']])
    const { next } = (await ask(box, 'GET', '/addresses?limit=5')).json
    expect(next).toBeNull()
    await allocate(box)
    expect((await data(box, '/addresses?cursor=5')).map(({ id }) => id)).toEqual(['addr-6'])
    expect(await data(box, '/addresses?cursor=999999999999999')).toEqual([])
  })

  test.each([
    'limit=0',
    'limit=1001',
    'limit=-1',
    'limit=many',
    'limit=1.5',
    'limit=',
    'cursor=abc',
    'cursor=',
    'cursor=-1',
    `cursor=${'9'.repeat(16)}`,
  ])('?%s is refused', async (query) => {
    await refused(ask(box, 'GET', `/addresses?${query}`), 422, new RegExp(query.split('=')[0]!))
  })
})

describe('journal', () => {
  test('sandgate.journal.refused: calls that were refused or cut, and no other; or only the others', async () => {
    const box = await start()
    await box.call(client, allocation({}))
    await box.call(client, allocation({ currency: 'DOGE' }))
    await box.raw('GET', '/zopay/nowhere')
    await ask(box, 'POST', '/faults', {
      when: { operation: 'ping' },
      then: [{ drop: { stage: 'after', how: 'close' } }],
    })
    await expect(box.call(client, client.good.ping!())).rejects.toThrow('socket hang up')
    const all = await data(box, '/journal?kind=call')
    expect(all.map(({ refused }) => refused)).toEqual([false, true, true, true])
    expect(await data(box, '/journal?refused=true')).toEqual(all.slice(1))
    expect(await data(box, '/journal?refused=false')).toEqual(all.slice(0, 1))
    expect(await data(box, '/journal?refused=true&provider=zopay')).toHaveLength(1)
    for (const entry of await data(box, '/journal?kind=control')) expect(entry).not.toHaveProperty('refused')
    await refused(ask(box, 'GET', '/journal?refused=maybe'), 422, /refused/)
  })

  test('sandgate.journal.caller: the account and which of its keys, as soon as the key is known, and never the key', async () => {
    const box = await start()
    const callers = [KEYS.demo, KEYS.second, KEYS.other].map(clientOf)
    for (const caller of callers) await box.call(caller, caller.good.ping!())
    const { headers } = client.sign(client.good.ping!(), box.wallMs)
    await box.send('cpg', { ...client.good.ping!(), headers: { ...headers, 'x-cpg-signature': 'f'.repeat(64) } })
    await box.send('cpg', { ...client.good.ping!(), headers: { ...headers, 'x-cpg-key': 'nobody' } })
    const told = await data(box, '/journal?kind=call')
    expect(told.map(({ account, key }) => [account, key])).toEqual([
      ['demo', 1],
      ['demo', 2],
      ['other', 1],
      ['demo', 1],
      [undefined, undefined],
    ])
    expect(JSON.stringify(told)).not.toMatch(/cpg_(demo|other)_key/)
  })

  test('sandgate.journal.brief: what happened in a line, without bodies, headers and rules, and how long a call took', async () => {
    const box = await start()
    await allocate(box)
    await allocate(box, { currency: 'DOGE' })
    const [whole, brief] = [await data(box, '/journal'), await data(box, '/journal?view=brief')]
    expect(brief.map(({ id, kind, status, refused }) => [id, kind, status, refused])).toEqual(
      whole.map(({ id, kind, status, refused }) => [id, kind, status, refused]),
    )
    for (const [i, entry] of brief.entries()) {
      expect(whole[i]).toHaveProperty('request.headers')
      expect(Object.keys(entry)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(request|response|rules|checks|expected_text|notes)$/)]),
      )
      expect(entry.ms).toEqual(expect.any(Number))
    }
    expect(brief[1]).toMatchObject({
      account: 'demo',
      key: 1,
      operation: 'createDepositAddress',
      refusal: whole[1].refusal,
    })
    await refused(ask(box, 'GET', '/journal?view=short'), 422, /view/)
  })

  test('sandgate.journal.text: entries that have a text anywhere in what they say, and those before one', async () => {
    const box = await start()
    for (const user_identifier of ['Ann-Lee', 'bob', 'ann-lee-2', 'carol'])
      await allocate(box, { user_identifier, reference: `order-${user_identifier}` })
    const ids = async (query: string) => (await data(box, `/journal?${query}`)).map(({ id }) => id)
    expect(await ids('text=ANN-LEE')).toEqual([1, 3])
    expect(await ids('text=ann-lee&before=3')).toEqual([1])
    expect(await ids('text=deposit-addresses&limit=2')).toEqual([3, 4])
    expect(await ids('before=4&limit=2')).toEqual([2, 3])
    expect(await ids('before=1')).toEqual([])
    expect(await ids('text=nothing-like-it')).toEqual([])
    await refused(ask(box, 'GET', '/journal?before=0&after=1'), 422, /before/)
  })

  test('sandgate.journal.not-reached: the checks behind the one that stopped a call', async () => {
    const box = await start()
    await allocate(box)
    const { headers } = client.sign(PING, box.wallMs)
    await box.send('cpg', { ...PING, headers: { ...headers, 'x-cpg-key': 'nobody' } })
    const [passed, stopped] = await data(box, '/journal')
    expect(passed).not.toHaveProperty('not_reached')
    expect(stopped.stopped_by).toEqual(expect.any(String))
    // Together they are the ladder that the passed call climbed, up to the checks of an operation of its own.
    const ladder = [...stopped.checks, stopped.stopped_by, ...stopped.not_reached]
    expect(stopped.not_reached.length).toBeGreaterThan(1)
    expect(new Set(ladder).size).toBe(ladder.length)
    expect(passed.checks.filter((id: string) => ladder.includes(id))).toEqual(
      ladder.filter((id) => passed.checks.includes(id)),
    )
    expect(stopped.not_reached).toContain('signature_valid')
  })

  test('sandgate.journal.made: from a call to its rows and back, and nothing of a call that was undone', async () => {
    const box = await start()
    await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1:9/hooks' })
    await allocate(box)
    const [{ id: made }] = await data(box, '/journal?kind=call')
    const [row] = await data(box, '/addresses')
    expect(row.made_by).toBe(made)
    const { currency, network, address, id, tag } = row
    expect((await ask(box, 'GET', `/journal/${made}`)).json.made).toEqual({
      addresses: [{ id, address, currency, network, tag }],
    })
    await box.deposit(address, '5')
    await box.advance('1h')
    const makers: Record<string, string[]> = {}
    for (const { id, made } of await data(box, '/journal?limit=1000'))
      for (const [kind, keys] of Object.entries(made ?? {}))
        for (const key of keys as any[])
          makers[`${kind} ${key.id ?? key}`] = [...(makers[`${kind} ${key.id ?? key}`] ?? []), id]
    for (const list of ['addresses', 'deposits', 'callbacks'])
      for (const { id, made_by } of await data(box, `/${list}`))
        expect([id, makers[`${list === 'callbacks' ? 'deliveries' : list} ${id}`]]).toEqual([id, [made_by]])
    expect(Object.keys(makers).some((key) => key.startsWith('deliveries '))).toBe(true)

    await ask(box, 'POST', '/faults', { when: { provider: 'cpg' }, then: [{ respond: { error: 'unavailable' } }] })
    await allocate(box, { user_identifier: 'somebody else' })
    const entry = (await data(box, '/journal?kind=call')).at(-1)
    expect(entry.status).toBe(503)
    expect(entry).not.toHaveProperty('made')
    await ask(box, 'DELETE', '/journal')
    expect((await data(box, '/addresses'))[0]).not.toHaveProperty('made_by')
  })

  test('every call, timer and changing control call, newest last', async () => {
    await allocate(box)
    await box.send('cpg', PING)
    await ask(box, 'GET', '/clock')
    await box.advance('3h')
    const entries = await data(box, '/journal')
    expect(entries.map(({ id, kind }) => [id, kind])).toEqual([
      [1, 'call'],
      [2, 'call'],
      [3, 'timer'],
      [4, 'control'],
    ])
    expect(entries[0]).toMatchObject({
      provider: 'cpg',
      operation: 'createDepositAddress',
      method: 'POST',
      path: '/cpg/v1/deposit-addresses',
      status: 200,
      at: START,
    })
    expect(entries[1]).toMatchObject({ operation: 'ping', status: 401 })
    expect(entries[2]).toMatchObject({
      provider: 'cpg',
      at: '2026-05-16T22:00:00.000Z',
      timer_kind: 'window',
      reaction: 'displayEnded',
    })
    expect(entries[3]).toMatchObject({ action: 'advance', at: '2026-05-16T22:00:00.000Z' })
  })

  test('filters: provider, operation, kind, status, after, limit', async () => {
    for (let i = 0; i < 3; i++) await box.call(client, PING)
    await allocate(box)
    await box.send('cpg', PING)
    await box.advance('3h')
    const ids = async (query: string) => (await data(box, `/journal?${query}`)).map(({ id }) => id)
    expect(await ids('provider=cpg')).toEqual([1, 2, 3, 4, 5, 6])
    expect(await ids('operation=ping')).toEqual([1, 2, 3, 5])
    expect(await ids('kind=control')).toEqual([7])
    expect(await ids('kind=timer')).toEqual([6])
    expect(await ids('status=401')).toEqual([5])
    expect(await ids('status=200&operation=ping')).toEqual([1, 2, 3])
    // Without `after` the newest are wanted, with it the reader follows on.
    expect(await ids('limit=2')).toEqual([6, 7])
    expect(await ids('after=0&limit=2')).toEqual([1, 2])
    expect(await ids('after=2&limit=2')).toEqual([3, 4])
    expect(await ids('after=2&operation=ping')).toEqual([3, 5])
    expect(await ids('after=7')).toEqual([])
  })

  test.each(['limit=0', 'limit=1001', 'limit=x', 'after=-1', 'after=x', 'kind=callbacks', 'status=ok'])(
    '?%s is refused',
    async (query) => {
      await refused(ask(box, 'GET', `/journal?${query}`), 422, new RegExp(query.split('=')[0]!))
    },
  )

  test('a provider that does not exist is told with the nearest name', async () => {
    const box = await start()
    await refused(
      ask(box, 'PUT', '/callbacks/endpoints/cgp', { url: 'http://127.0.0.1:9/' }),
      404,
      /no provider "cgp"; did you mean cpg\?/,
    )
    await refused(ask(box, 'GET', '/specs/zopai'), 404, /no provider "zopai"; did you mean zopay\?/)
    await refused(ask(box, 'GET', '/specs/sandgat'), 404, /did you mean sandgate\?/)
    await refused(ask(box, 'GET', '/journal?provider=payword'), 422, /did you mean payward\?/)
  })

  test('keeps as many entries as the limit says, and tells how many had to make room', async () => {
    const box = await start({ limits: { journalEntries: 4 } })
    for (let i = 0; i < 4; i++) await box.call(client, PING)
    expect((await ask(box, 'GET', '/journal')).json).toMatchObject({
      dropped: 0,
      data: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }],
    })
    for (let i = 0; i < 3; i++) await box.call(client, PING)
    expect((await ask(box, 'GET', '/journal')).json).toMatchObject({
      dropped: 3,
      data: [{ id: 4 }, { id: 5 }, { id: 6 }, { id: 7 }],
    })
    await refused(ask(box, 'GET', '/journal/3'), 404, /no entry 3; it keeps the newest 4/)
    for (const id of [4, 5, 6, 7]) expect((await ask(box, 'GET', `/journal/${id}`)).json.id).toBe(id)
    await refused(ask(box, 'GET', '/journal/8'), 404, /no entry 8; the next one is 8/)
  })

  test('can be emptied; ids go on, and what was thrown away on purpose did not have to make room', async () => {
    const box = await start({ limits: { journalEntries: 4 } })
    for (let i = 0; i < 6; i++) await box.call(client, PING)
    const gone = await ask(box, 'DELETE', '/journal')
    expect([gone.status, gone.text]).toEqual([204, ''])
    expect((await ask(box, 'GET', '/journal')).json).toEqual({ data: [], dropped: 2 })
    const reply = await box.call(client, PING)
    expect(reply.headers['x-sandgate-entry']).toBe('7')
    expect((await ask(box, 'GET', '/journal')).json).toMatchObject({ data: [{ id: 7 }], dropped: 2 })
    await refused(ask(box, 'GET', '/journal/6'), 404, /no entry 6; .*none from before it was emptied/)
  })

  test.each(['0', '-1', 'x', '1.5', '1e3', '9'.repeat(30), '%00', '__proto__'])('entry %s is none', async (id) => {
    expect([404, 422]).toContain((await ask(box, 'GET', `/journal/${id}`)).status)
  })
})

describe('an answer explained', () => {
  test('a call that was taken: the checks in order, the rules with their marks, where the address came from', async () => {
    const entry = await box.entry(await allocate(box, { user_identifier: 'u', idempotency_key: 'k' }))
    judge('GET', '/journal/1', { status: 200, headers: { 'content-type': 'application/json' }, text: ' ', json: entry })
    expect(entry).toMatchObject({
      checks: [
        'auth_headers_present',
        'timestamp_in_window',
        'key_known',
        'ip_allowed',
        'signature_valid',
        'signature_unused',
        'within_rate_limit',
        'permission_granted',
        'schema_valid',
      ],
      rules: expect.arrayContaining([{ id: 'cpg.deposits.sticky', mark: 'documented' }]),
      notes: { address: 'sticky: new for this identifier', idempotency: { decided: 'kept' } },
    })
    expect(entry.stopped_by).toBeUndefined()
    expect(entry.refusal).toBeUndefined()
    const marks = (await data(box, '/rules')).map(({ id, mark }) => `${id} ${mark}`)
    for (const { id, mark } of entry.rules) expect(marks).toContain(`${id} ${mark}`)
  })

  test('a repeat: which entry did the work', async () => {
    await box.call(client, PING)
    const first = await allocate(box, { idempotency_key: 'k' })
    const again = await box.entry(await allocate(box, { idempotency_key: 'k' }))
    expect(again.notes.idempotency).toEqual({
      decided: 'replayed',
      first_entry: Number(first.headers['x-sandgate-entry']),
    })
    expect(again.rules).toEqual([{ id: 'cpg.idempotency.original', mark: expect.any(String) }])
  })

  test('a call that was stopped: by which check, under which name', async () => {
    const missing = await box.entry(await box.send('cpg', PING))
    expect(missing).toMatchObject({
      checks: [],
      stopped_by: 'auth_headers_present',
      refusal: 'missing_headers',
      status: 401,
    })
    const forbidden = await box.entry(await allocate(box, {}, KEYS.readonly))
    expect(forbidden).toMatchObject({ stopped_by: 'permission_granted', refusal: 'forbidden', status: 403 })
    expect(forbidden.checks).toHaveLength(7)
    const unknown = await box.entry(await allocate(box, { network: 'NOPE' }))
    expect(unknown).toMatchObject({ stopped_by: 'operation', refusal: 'network_not_found', status: 404 })
  })

  test('sandgate.secrets: no key, signature or token stands in the journal', async () => {
    const call = client.sign(allocation({ idempotency_key: 'shown' }), box.wallMs)
    const secrets = {
      authorization: 'Bearer sk_live_hush',
      'api-sign': 'hush-sign',
      'x-processing-key': 'hush-key',
      cookie: 'hush-cookie',
      'x-api-token': 'hush-token',
    }
    await box.send('cpg', {
      ...call,
      headers: { ...call.headers, ...secrets, 'idempotency-key': 'shown-too', 'x-plain': 'plain' },
    })
    const text = (await ask(box, 'GET', '/journal')).text + (await ask(box, 'GET', '/journal/1')).text
    for (const secret of [
      ...Object.values(secrets),
      'hush',
      KEYS.demo.key,
      KEYS.demo.secret,
      call.headers!['x-cpg-signature']!,
    ])
      expect(text).not.toContain(secret)
    const { request, response } = (await ask(box, 'GET', '/journal/1')).json
    expect(request).toMatchObject({
      body: call.body,
      headers: {
        'x-cpg-key': '(hidden)',
        'idempotency-key': 'shown-too',
        'x-plain': 'plain',
        'x-cpg-timestamp': call.headers!['x-cpg-timestamp'],
      },
    })
    expect(JSON.parse(response.body).data.request_id).toBe(1)
  })

  test('sandgate.sampled.once: what a modelled GET takes beside its path, a sampled one takes', async () => {
    const box = await withSamples()
    const body = '{}'
    const json = { 'content-type': 'application/json' }
    // Prism would say that no body belongs there; providers do not.
    const plainly = (by: Client, request: Request) => {
      box.passWall(1000)
      const { method, path, headers } = by.sign(request, box.wallMs)
      return box.raw(method, `/${by.name}${path}`, headers, body)
    }
    const calls: [Client, Request, Request][] = [
      [
        payward,
        { method: 'GET', path: '/v1/accounts/WDEMO5GATE2MAIN77/portfolio/summary', body },
        { method: 'GET', path: '/v1/accounts/WDEMO5GATE2MAIN77/portfolio/transactions', body },
      ],
      [client, { method: 'GET', path: '/v1/transactions', body }, { method: 'GET', path: '/v1/currencies', body }],
    ]
    for (const [by, sampled, modelled] of calls) {
      for (const headers of [
        json,
        { ...json, accept: 'text/html' },
        { ...json, accept: 'application/xml', prefer: 'code=500' },
        { 'content-type': 'text/plain' },
      ]) {
        const [one, other] = [await plainly(by, { ...sampled, headers }), await plainly(by, { ...modelled, headers })]
        expect([sampled.path, one.status, one.headers['x-sandgate']]).toEqual([
          sampled.path,
          other.status,
          one.status === 200 ? 'sampled' : undefined,
        ])
      }
    }
  })

  test('sandgate.sampled: however many are asked for at once, the third call has the third sample', async () => {
    const box = await withSamples()
    const ask = async (kit: Kit) => (await kit.call(client, { method: 'GET', path: '/v1/transactions' })).text
    const twin = await withSamples()
    const inTurn = [await ask(twin), await ask(twin), await ask(twin), await ask(twin)]
    const sent = Array.from(inTurn, () => box.call(client, { method: 'GET', path: '/v1/transactions' }))
    const byEntry = (await Promise.all(sent)).sort(
      (a, b) => Number(a.headers['x-sandgate-entry']) - Number(b.headers['x-sandgate-entry']),
    )
    expect(byEntry.map(({ text }) => text).sort()).toEqual([...inTurn].sort())
  })

  test('sandgate.sampled: an operation that nobody models is answered with a seeded sample, and the entry says so', async () => {
    const box = await withSamples()
    const funding: Request = { method: 'GET', path: '/v1/hot-wallet-address?network=ETH' }
    const [first, second] = [await box.call(client, funding), await box.call(client, funding)]
    expect([first.status, first.headers['x-sandgate']]).toEqual([200, 'sampled'])
    expect((await box.entry(first)).notes.sampled).toMatch(/not modelled/)
    const twin = await withSamples()
    expect([(await twin.call(client, funding)).text, (await twin.call(client, funding)).text]).toEqual([
      first.text,
      second.text,
    ])
    expect((await (await withSamples({ seed: 'another' })).call(client, funding)).text).not.toBe(first.text)
    expect((await allocate(box)).headers['x-sandgate']).toBeUndefined()
  })
})

describe('reset', () => {
  test('the world as new: rows, counters, spent signatures, clock and journal', async () => {
    const first = await allocate(box, { user_identifier: 'u', idempotency_key: 'k' })
    const spent = client.sign(PING, box.wallMs)
    await box.send('cpg', spent)
    await box.advance('5h')
    const reply = await ask(box, 'POST', '/reset')
    expect(reply.json).toEqual({ seed: 'sandgate', clock: { now: START, mode: 'frozen', due: 0, next: [] } })
    expect((await data(box, '/journal')).map(({ kind, action }) => [kind, action])).toEqual([['control', 'reset']])
    expect(await data(box, '/addresses')).toEqual([])
    expect((await box.send('cpg', spent)).status).toBe(200)
    expect((await allocate(box, { user_identifier: 'u', idempotency_key: 'k' })).text).toBe(first.text)
  })

  test('another seed gives other addresses, the same seed the same ones', async () => {
    const address = async () => (await allocate(box, { user_identifier: 'u' })).json.data.address
    const first = await address()
    expect((await ask(box, 'POST', '/reset', { seed: 'another' })).json.seed).toBe('another')
    const other = await address()
    expect(other).not.toBe(first)
    await ask(box, 'POST', '/reset', {})
    expect(await address()).toBe(first)
    await ask(box, 'POST', '/reset', { seed: 'another' })
    expect(await address()).toBe(other)
  })

  test('another clock: an instant, frozen, also an earlier one; or the real one', async () => {
    expect((await ask(box, 'POST', '/reset', { clock: '2020-02-29T12:00:00Z' })).json.clock).toMatchObject({
      now: '2020-02-29T12:00:00.000Z',
      mode: 'frozen',
    })
    expect((await allocate(box)).json.data.created_at).toBe('2020-02-29T12:00:00+00:00')
    const real = (await ask(box, 'POST', '/reset', { clock: 'real' })).json.clock
    expect(real).toMatchObject({ now: new Date(box.wallMs).toISOString(), mode: 'running' })
    box.passWall(7000)
    expect((await ask(box, 'GET', '/clock')).json.now).toBe(new Date(box.wallMs).toISOString())
  })

  test.each([
    { clock: 'soon' },
    { clock: 5 },
    { seed: '' },
    { seed: 5 },
    { seed: 'x'.repeat(257) },
    { colour: 'red' },
    [],
  ])('%j is refused and resets nothing', async (body) => {
    await allocate(box)
    expect((await ask(box, 'POST', '/reset', body)).status).toBe(422)
    expect(await data(box, '/addresses')).toHaveLength(1)
  })
})

describe('an address in another spelling', () => {
  const found = async (box: Kit, address: string) => {
    const sent = await ask(box, 'POST', '/deposits', { address, amount: '1' })
    return [
      sent.status,
      sent.json.address,
      ...(await data(box, `/addresses?address=${encodeURIComponent(address)}`)).map((row) => row.address),
      (await data(box, `/deposits?address=${encodeURIComponent(address)}`)).length,
    ]
  }
  const taken = async (currency: string, more: object = {}) =>
    (await box.call(alphapo, taking({ currency, ...more }))).json.data.address as string

  test('sandgate.addresses.case: an EVM address is the same in any case; the deposit is written down as it was handed out', async () => {
    const { address } = (await allocate(box)).json.data
    const spellings = [address, address.toLowerCase(), `0x${address.slice(2).toUpperCase()}`, address.toUpperCase()]
    for (const [index, text] of spellings.entries())
      expect(await found(box, text)).toEqual([201, address, address, index + 1])
    await box.advance('1h')
    expect((await data(box, '/deposits')).map(({ reference, status }) => [reference, status])).toEqual(
      spellings.map(() => ['1', 'confirmed']),
    )
  })

  test.each(['BTC', 'LTC', 'BCH', 'ADA', 'BTCLN'])(
    'sandgate.addresses.case: %s in capitals too, but not in mixed case',
    async (currency) => {
      const address = await taken(currency, currency === 'BTCLN' ? { amount: 0.001 } : {})
      expect(await found(box, address.toUpperCase())).toEqual([201, address, address, 1])
      expect(await found(box, address[0]!.toUpperCase() + address.slice(1))).toEqual([404, undefined, 0])
    },
  )

  test.each(['TRX', 'DOGE', 'SOL', 'XRP'])('sandgate.addresses.case: case counts in those of %s', async (currency) => {
    const address = await taken(currency)
    for (const text of [address.toLowerCase(), address.toUpperCase()].filter((text) => text !== address))
      expect(await found(box, text)).toEqual([404, undefined, 0])
    expect(await found(box, address)).toEqual([201, address, address, 1])
  })
})

describe('queries', () => {
  test.each([
    ['GET', '/journal?provder=cpg', /^query: unknown parameter "provder"; did you mean provider\?$/],
    ['GET', '/addresses?limt=5&user=u', /"limt"; did you mean limit\?/],
    ['GET', '/callbacks?state=pending', /"state"; did you mean status\?/],
    ['GET', '/clock?now=1', /^query: unknown parameter "now"$/],
    ['PUT', '/scenario?rest=true', /"rest"; did you mean reset\?/],
    ['GET', '/journal?__proto__=1', /unknown parameter "__proto__"/],
    ['GET', '/addresses?provider=cgp', /^query: there is no provider "cgp"; did you mean cpg\?$/],
    ['GET', '/deposits?provider=', /there is no provider ""/],
    ['GET', '/callbacks?provider=nobody', /there is no provider "nobody"/],
    ['GET', '/rules?provider=nobody', /there is no provider "nobody"/],
    [
      'GET',
      '/journal?operation=createDepositAdress',
      /^query: no provider has an operation "createDepositAdress"; did you mean createDepositAddress\?$/,
    ],
    ['GET', '/journal?provider=cpg&operation=takeAddress', /^query: CPG has no operation "takeAddress"/],
    ['GET', '/journal?limit=0&provder=cpg', /query limit .*; query: unknown parameter "provder"/],
  ])('sandgate.control.query: %s %s is refused with the nearest right name', async (method, path, detail) => {
    await refused(ask(box, method, path, method === 'PUT' ? 'name: x' : undefined), 422, detail)
  })

  test('sandgate.control.query: what exists and was not called is an empty list', async () => {
    for (const path of [
      '/journal?provider=sandgate',
      '/journal?provider=cpg&operation=createDepositAddress',
      '/journal?operation=takeAddress',
      '/deposits?provider=zopay',
    ])
      expect(await data(box, path)).toEqual([])
  })
})

describe('deposits', () => {
  test('money sent to an address: under way, then listed with its fate; filters and pages', async () => {
    const { address } = (await allocate(box, { user_identifier: 'u' })).json.data
    const sent = await ask(box, 'POST', '/deposits', { address, amount: '100', after: '4h' })
    expect([sent.status, sent.json]).toEqual([
      201,
      expect.objectContaining({
        address,
        amount: expect.stringMatching(/^100(\.0+)?$/),
        status: 'scheduled',
        currency: 'USDT',
        network: 'ETH',
      }),
    ])
    await ask(box, 'POST', '/deposits', { address, amount: '0.5', confirmations: 'instant' })
    const statuses = async (query = '') => (await data(box, `/deposits${query}`)).map(({ status }) => status)
    expect(await statuses()).toEqual(['scheduled', 'confirmed'])
    await ask(box, 'POST', '/clock/advance', { until: 'quiet' })
    expect(await statuses()).toEqual(['confirmed', 'confirmed'])
    expect(await statuses(`?address=${address}&provider=cpg&account=demo`)).toHaveLength(2)
    expect(await statuses('?account=other')).toEqual([])
    expect(await statuses('?user=u')).toHaveLength(2)
    expect(await statuses('?user=v')).toEqual([])
    const first = (await ask(box, 'GET', '/deposits?limit=1')).json
    expect((await data(box, `/deposits?limit=1&cursor=${first.next}`))[0].id).not.toBe(first.data[0].id)
  })

  test("a hand-out's own address and tag will do, also where it has none", async () => {
    await allocate(box)
    const [{ address, tag }] = (await data(box, '/addresses')) as [{ address: string; tag: null }]
    expect((await ask(box, 'POST', '/deposits', { address, tag, amount: '1' })).json).toMatchObject({
      address,
      tag: null,
      status: 'seen',
    })
  })

  test.each<[string, object, number]>([
    ['an address nobody was given', { address: 'nobody', amount: '1' }, 404],
    ['no amount', {}, 422],
    ['a number for an amount', { amount: 1 }, 422],
    ['a negative amount', { amount: '-1' }, 422],
    ['an exponent', { amount: '1e5' }, 422],
    ['61 digits', { amount: '1'.repeat(61) }, 422],
    ['another currency that is none', { amount: '1', currency: 'NOPE' }, 422],
    ['an outcome that is none', { amount: '1', outcome: 'lost' }, 422],
    ['a duration that is none', { amount: '1', after: 'soon' }, 422],
    ['a duration without end', { amount: '1', after: '99999999999999999999d' }, 422],
    ['too many confirmations', { amount: '1', confirmations: 1001 }, 422],
    ['confirmations of what is never mined', { amount: '1', confirmations: 1, outcome: 'dropped' }, 422],
    ['confirmations in words', { amount: '1', confirmations: 'soon' }, 422],
    ['an unknown key', { amount: '1', colour: 'red' }, 422],
    ['the transaction of a deposit that is none', { amount: '1', same_transaction_as: 'nobody' }, 404],
  ])('%s is refused and nothing is sent', async (_, body, status) => {
    const { address } = (await allocate(box)).json.data
    expect((await ask(box, 'POST', '/deposits', { address, ...body })).status).toBe(status)
    expect(await data(box, '/deposits')).toEqual([])
  })
})

describe('callbacks', () => {
  test('an endpoint is answered with the secret in use', async () => {
    const given = await ask(box, 'PUT', '/callbacks/endpoints/cpg', {
      url: 'http://127.0.0.1:9/hooks',
      secret: 'whsec-demo',
    })
    expect([given.status, given.json]).toEqual([
      200,
      expect.objectContaining({
        provider: 'cpg',
        account: 'demo',
        url: 'http://127.0.0.1:9/hooks',
        secret: 'whsec-demo',
      }),
    ])
    const drawn = (
      await ask(box, 'PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1:9/hooks', account: 'other' })
    ).json
    expect([drawn.account, drawn.secret.length > 10]).toEqual(['other', true])
    box.sandbox.engine.worlds.reset('default')
    expect(
      (await ask(box, 'PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1:9/hooks', account: 'other' })).json
        .secret,
    ).toBe(drawn.secret)
  })

  test('sandgate.callbacks.secret-kept: put again without a secret, the one in use stays; another account has its own', async () => {
    const put = async (provider: string, body: object = {}) =>
      (await ask(box, 'PUT', `/callbacks/endpoints/${provider}`, { url: 'http://127.0.0.1:9/hooks', ...body })).json
        .secret
    for (const [provider, secret] of [
      ['cpg', 'whsec-demo'],
      ['zopay', 'whsec_mine'],
      ['payward', 'bWluZQ=='],
    ] as const) {
      const drawn = await put(provider)
      expect(await put(provider)).toBe(drawn)
      expect(await put(provider, { secret })).toBe(secret)
      expect(await put(provider, { url: 'http://127.0.0.1:9/elsewhere' })).toBe(secret)
      expect(await put(provider, { secret: drawn })).toBe(drawn)
    }
    await put('cpg', { secret: 'whsec-demo' })
    expect(await put('cpg', { account: 'other' })).not.toBe('whsec-demo')
    expect([await put('alphapo'), await put('alphapo')]).toEqual(['alphapo_demo_secret', 'alphapo_demo_secret'])
    await ask(box, 'POST', '/reset')
    expect(await put('cpg')).not.toBe('whsec-demo')
  })

  test.each<[string, string, object, number]>([
    ['a provider that is none', 'nobody', { url: 'http://127.0.0.1:9/' }, 404],
    ['an account that is none', 'cpg', { url: 'http://127.0.0.1:9/', account: 'nobody' }, 404],
    ['no URL', 'cpg', { url: 'here' }, 422],
    ['a URL of another kind', 'cpg', { url: 'file:///etc/passwd' }, 422],
    ['a public address', 'cpg', { url: 'http://203.0.113.7/hooks' }, 422],
    ['an event that is none', 'cpg', { url: 'http://127.0.0.1:9/', events: ['sunrise'] }, 422],
  ])('%s is refused', async (_, provider, body, status) => {
    await refused(ask(box, 'PUT', `/callbacks/endpoints/${provider}`, body), status, /./)
  })

  test('nothing was sent yet, and what was not sent is not sent again', async () => {
    expect(await data(box, '/callbacks?provider=cpg&status=pending')).toEqual([])
    await refused(ask(box, 'POST', '/callbacks/nobody/redeliver'), 404, /no callback "nobody"/)
  })
})

describe('worlds', () => {
  test('made, listed, used by path, deleted; they share nothing', async () => {
    const box = await start()
    const made = await ask(box, 'POST', '/worlds', { id: 'ci-42', clock: '2020-02-29T12:00:00Z' })
    expect([made.status, made.json]).toMatchObject([
      201,
      {
        id: 'ci-42',
        seed: 'sandgate',
        clock: { now: '2020-02-29T12:00:00.000Z', mode: 'frozen' },
        base_urls: { cpg: `${box.url}/w/ci-42/cpg` },
      },
    ])
    expect((await data(box, '/worlds')).map(({ id }) => id)).toEqual(['default', 'ci-42'])
    await allocate(box)
    const addresses = async () => (await box.raw('GET', '/w/ci-42/_sandgate/addresses')).json.data
    expect(await addresses()).toEqual([])
    const request = client.sign(allocation({}), box.wallMs)
    const there = await box.raw('POST', '/w/ci-42/cpg/v1/deposit-addresses', request.headers, request.body)
    expect(there.json.data).toMatchObject({ request_id: 1, created_at: '2020-02-29T12:00:00+00:00' })
    expect(await addresses()).toHaveLength(1)
    expect(await data(box, '/addresses')).toHaveLength(1)
    expect((await ask(box, 'DELETE', '/worlds/ci-42')).status).toBe(204)
    expect((await box.raw('GET', '/w/ci-42/_sandgate/clock')).status).toBe(404)
  })

  test('asked by the host name of a provider or a world, the base URLs lead to each world all the same', async () => {
    const box = await start()
    const { port } = new URL(box.url)
    await ask(box, 'POST', '/worlds', { id: 'a' })
    const listed = await ask(box, 'GET', '/worlds', undefined, { host: `cpg.a.localhost:${port}` })
    expect(listed.json.data.map((world: any) => world.base_urls.zopay)).toEqual([
      `http://localhost:${port}/zopay`,
      `http://localhost:${port}/w/a/zopay`,
    ])
  })

  test('a name that is taken or that cannot be, a world that is not there, the default one', async () => {
    const box = await start()
    const { id } = (await ask(box, 'POST', '/worlds')).json
    expect(id).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/)
    await refused(ask(box, 'POST', '/worlds', { id }), 409, new RegExp(id))
    await refused(ask(box, 'POST', '/worlds', { id: 'default' }), 409, /default/)
    for (const bad of ['', 'A', '-a', 'a_b', 'a.b', 'x'.repeat(64), '__proto__', 5])
      expect((await ask(box, 'POST', '/worlds', { id: bad })).status).toBe(422)
    await refused(ask(box, 'POST', '/worlds', { clock: 'noon' }), 422, /noon/)
    await refused(ask(box, 'POST', '/worlds', { from: 'nowhere' }), 404, /nowhere/)
    await refused(ask(box, 'DELETE', '/worlds/nowhere'), 404, /nowhere/)
    await refused(ask(box, 'DELETE', '/worlds/default'), 409, /default/)
    expect(await data(box, '/worlds')).toHaveLength(2)
  })
})

describe('rules', () => {
  test('every documented behaviour of every rules file, with its source', async () => {
    const listed = await data(box, '/rules')
    const file = parse(readFileSync(new URL('../specs/cpg.rules.yaml', import.meta.url), 'utf8'))
    expect(listed.filter(({ id }) => id.startsWith('cpg.')).map(({ id }) => id)).toEqual(
      file.rules.map(({ id }: { id: string }) => id),
    )
    expect(listed.find(({ id }) => id === file.rules[0].id)).toMatchObject({
      says: file.rules[0].says,
      source: file.sources[file.rules[0].source],
      mark: file.rules[0].mark,
      status: file.rules[0].status,
    })
    const pairs = listed.map(({ status, kept }) => `${status} = ${kept}`)
    expect([...new Set(pairs)].sort()).toEqual(['implemented = yes', 'not-implemented = no', 'partial = partly'])
    expect(listed.some(({ id }) => id === 'sandgate.hints')).toBe(true)
  })

  test('by provider', async () => {
    const listed = await data(box, '/rules?provider=sandgate')
    expect(listed.length).toBeGreaterThan(5)
    expect(listed.every(({ id }) => id.startsWith('sandgate.'))).toBe(true)
  })

  test('switches with their values, and which one is on', async () => {
    const switches = Object.assign(
      {},
      ...[...box.sandbox.providers.values()].map((provider) => provider.switches ?? {}),
    ) as Record<string, string[]>
    const listed = (await data(box, '/rules')).filter((rule) => rule.switch)
    expect(Object.fromEntries(listed.map((rule) => [rule.id, rule.switch]))).toEqual(
      Object.fromEntries(Object.entries(switches).map(([id, values]) => [id, { values, on: values[0] }])),
    )
    for (const [id, values] of Object.entries(switches)) {
      const other = await start({ assume: { [id]: values[1]! } })
      expect((await data(other, '/rules')).find((rule) => rule.id === id).switch).toEqual({ values, on: values[1] })
    }
  })
})

describe('specs', () => {
  test('the document in use: YAML as it stands in the file, or JSON', async () => {
    for (const name of [...box.sandbox.providers.keys(), 'sandgate']) {
      const text = readFileSync(new URL(`../specs/${name}.yaml`, import.meta.url), 'utf8')
      const yaml = await ask(box, 'GET', `/specs/${name}`)
      expect([yaml.status, yaml.headers['content-type'], yaml.text === text], name).toEqual([
        200,
        'application/yaml; charset=utf-8',
        true,
      ])
      const json = await ask(box, 'GET', `/specs/${name}`, undefined, { accept: 'application/json' })
      expect([json.status, json.json], name).toEqual([200, parse(text)])
    }
  })

  test.each(['nobody', '__proto__', '..%2fpackage', '%00', '%zz'])('there is no document %s', async (name) => {
    await refused(ask(box, 'GET', `/specs/${name}`), 404, /no provider|no \/specs/)
  })

  test('the document of the control API compiles, and every operation of it is there', async () => {
    contract.compileAll()
    for (const { id, method, path } of contract.operations) {
      // A stream, which does not end: test/events.test.ts.
      if (id === 'followEvents') continue
      const reply = await ask(box, method, path.replace(/\{\w+\}/g, '1'))
      expect([id, reply.status < 500, reply.json?.detail ?? '']).toEqual([
        id,
        true,
        expect.not.stringMatching(/has no \/|knows [A-Z]/),
      ])
    }
  })
})

describe('guard', () => {
  const PORT = ':4010'

  /** `fetch` and its like set the Host themselves; this client lets the test set it. */
  function as(box: Kit, headers: Record<string, string>, path = '/_sandgate/clock', method = 'GET'): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call = httpRequest(`${box.url}${path}`, { method, headers, agent: false }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode!,
            headers: answer.headers as Record<string, string>,
            text,
            json: text === '' ? undefined : JSON.parse(text),
          }),
        )
      })
      call.on('error', reject).end()
    })
  }

  test('sandgate.guard.host: loopback names, addresses and names without a dot are served', async () => {
    for (const host of [
      'localhost',
      'LOCALHOST',
      'ci.localhost',
      '127.0.0.1',
      '10.1.2.3',
      '[::1]',
      'sandgate',
      'my-box',
    ]) {
      expect([host, (await as(box, { host })).status]).toEqual([host, 200])
      expect([host, (await as(box, { host: host + PORT })).status]).toEqual([host, 200])
    }
  })

  test('sandgate.guard.host: any other name is refused, unless it was allowed', async () => {
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', 'evillocalhost.example']) {
      const reply = await as(box, { host })
      judge('GET', '/clock', reply)
      expect([host, reply.status, reply.json.detail]).toEqual([host, 403, expect.stringMatching(/--allow-host/)])
    }
    const open = await start({ allowHosts: ['sandgate.example'] })
    expect((await as(open, { host: 'sandgate.example:8080' })).status).toBe(200)
    expect((await as(open, { host: 'Sandgate.Example' })).status).toBe(200)
    expect((await as(open, { host: 'other.example' })).status).toBe(403)
  })

  test('sandgate.guard.host: the providers answer under any name', async () => {
    expect((await as(box, { host: 'evil.example' }, '/cpg/v1/_ping')).status).toBe(401)
  })

  test('sandgate.guard.origin: a page of another site is refused, one of this place is not', async () => {
    const own = new URL(box.url).host
    for (const origin of [
      'http://evil.example',
      'https://evil.example',
      'null',
      '',
      `http://${own}.evil.example`,
      'http://127.0.0.1:1',
      'file://',
    ]) {
      const reply = await ask(box, 'POST', '/reset', {}, { origin })
      expect([origin, reply.status]).toEqual([origin, 403])
    }
    expect((await ask(box, 'GET', '/clock', undefined, { origin: `http://${own}` })).status).toBe(200)
    expect(
      (await ask(box, 'GET', '/clock', undefined, { origin: 'http://evil.example' })).headers[
        'access-control-allow-origin'
      ],
    ).toBeUndefined()
    expect(
      (
        await as(
          box,
          { origin: 'http://evil.example', 'access-control-request-method': 'PATCH' },
          '/_sandgate/clock',
          'OPTIONS',
        )
      ).status,
    ).toBe(403)
    expect((await as(box, { origin: 'http://sandgate.localhost:4010', host: 'sandgate.localhost:4010' })).status).toBe(
      200,
    )
  })

  test('sandgate.guard.token: with a token every call needs it', async () => {
    const box = await start({ controlToken: 'open sesame' })
    for (const path of ['/health', '/clock', '/journal', '/nothing', '/specs/cpg'])
      await refused(ask(box, 'GET', path), 401, /--control-token/)
    for (const authorization of [
      'open sesame',
      'Bearer open',
      'Bearer open sesame2',
      'Basic open sesame',
      'Bearer ',
      'bearer',
    ]) {
      await refused(ask(box, 'POST', '/reset', {}, { authorization }), 401, /Bearer/)
    }
    expect((await ask(box, 'GET', '/clock', undefined, { authorization: 'Bearer open sesame' })).status).toBe(200)
    expect((await ask(box, 'GET', '/clock')).text).not.toContain('open sesame')
    // The providers have their own keys.
    expect((await box.call(client, PING)).status).toBe(200)
  })

  test('sandgate.guard.host: host, origin, token, in that order', async () => {
    const box = await start({ controlToken: 't' })
    const details = [
      { host: 'evil.example', origin: 'http://evil.example' },
      { origin: 'http://evil.example' },
      {},
    ].map(async (headers) => (await as(box, headers as Record<string, string>)).json.detail)
    expect(await Promise.all(details)).toEqual([
      expect.stringMatching(/host/),
      expect.stringMatching(/page of/),
      expect.stringMatching(/Bearer/),
    ])
  })
})

describe('what it is not', () => {
  test.each(['', '/'])('a world itself is made or found at "%s", and nothing else', async (path) => {
    const reply = await ask(box, 'GET', path)
    expect([reply.status, reply.headers.allow, reply.json.detail]).toEqual([405, 'PUT', '/ knows PUT'])
  })

  test.each([
    '/nothing',
    '/clock/',
    '/clock/advance/now',
    '/CLOCK',
    '/journal/1/2',
    '/__proto__',
    '//clock',
    '/%zz',
    '/%00',
    '/journal/%zz',
    `/${'a'.repeat(5000)}`,
  ])('nothing at %s', async (path) => {
    const reply = await ask(box, 'GET', path)
    expect([reply.status, reply.json.title]).toEqual([404, 'Not Found'])
  })

  test.each([
    ['DELETE', '/clock', 'GET, HEAD, PATCH'],
    ['GET', '/clock/advance', 'POST'],
    ['POST', '/journal', 'GET, HEAD, DELETE'],
    ['PUT', '/journal/1', 'GET, HEAD'],
    ['GET', '/reset', 'POST'],
    ['TRACE', '/rules', 'GET, HEAD'],
  ])('%s %s is no method of it', async (method, path, allow) => {
    const reply = await ask(box, method, path)
    expect([reply.status, reply.headers.allow, reply.json.allowed]).toEqual([405, allow, allow.split(', ')])
  })

  test.each([
    ['POST', '/reset', { sed: 'x' }, /^body: unknown key "sed"; did you mean seed\?$/],
    [
      'POST',
      '/verify',
      { provider: 'cpg', operation: 'ping', times: { exacty: 1 } },
      /^body times: unknown key "exacty"; did you mean exactly\?$/,
    ],
    [
      'POST',
      '/verify',
      { provider: 'cpg', operation: 'ping', times: { exactly: 1, atLeast: 2 } },
      /exactly says it all/,
    ],
    ['POST', '/clock/advance', {}, /^body is empty; it takes by, to, until$/],
    ['POST', '/clock/advance', { by: '1h', until: 'quiet' }, /^body takes only one of by, to, until$/],
    ['PUT', '/scenario', '', /^body is required$/],
    ['POST', '/faults', '', /^body is required$/],
  ])('%s %s %j is refused with what would do', async (method, path, body, detail) => {
    await ask(box, 'PUT', '/scenario', 'name: before')
    await refused(ask(box, method, path, body), 422, detail)
    expect((await ask(box, 'GET', '/scenario')).json.name).toBe('before')
  })

  test('a body over 1 MiB is refused', async () => {
    await refused(ask(box, 'POST', '/reset', JSON.stringify({ seed: 'x'.repeat(1024 * 1024) })), 413, /1 MiB/)
    expect((await ask(box, 'GET', '/health')).status).toBe(200)
  })

  test.each([
    ['broken', '{"seed":', {}],
    ['too deep', `{"seed":${'['.repeat(200)}1${']'.repeat(200)}}`, {}],
    ['__proto__', '{"__proto__":{"seed":"x"}}', {}],
    ['text', 'seed=x', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['of an encoding nobody knows', '{}', { 'content-encoding': 'bogus' }],
    ['not what its encoding says', '{}', { 'content-encoding': 'gzip' }],
  ])('a body that is %s is a 4xx and changes nothing', async (_, body, headers) => {
    await allocate(box)
    const reply = await ask(box, 'POST', '/reset', body, headers)
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(reply.status).toBeLessThan(500)
    expect(await data(box, '/addresses')).toHaveLength(1)
    expect((await box.call(client, PING)).status).toBe(200)
  })

  test('the default world goes by its name too; a world that is not there is a 404', async () => {
    await allocate(box)
    expect((await box.raw('GET', '/w/default/_sandgate/addresses')).json.data).toHaveLength(1)
    for (const path of [
      '/w/nowhere/_sandgate/clock',
      '/w/nowhere/_sandgate',
      '/w/UPPER/_sandgate/clock',
      '/w/%zz/_sandgate/clock',
      '/w/__proto__/_sandgate/clock',
      '/w/nowhere/cpg/v1/_ping',
    ]) {
      const reply = await box.raw('GET', path)
      expect([path, reply.status, reply.headers['content-type']?.split(';', 1)[0]]).toEqual([
        path,
        404,
        'application/problem+json',
      ])
    }
  })

  test('elsewhere the sandbox says in its own voice where things are', async () => {
    for (const path of ['/', '/favicon.ico', '/_sandgat', '/cpgg/v1/_ping', '/%zz']) {
      const reply = await box.raw('GET', path)
      expect([path, reply.status, reply.headers['content-type']]).toEqual([path, 404, 'application/problem+json'])
      expect(reply.json.detail).toMatch(/\/cpg.*\/_sandgate/)
    }
  })
})
