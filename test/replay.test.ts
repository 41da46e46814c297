// Case files: what a world was given can be played again and answers the same; a changed answer is found at its call; no key is in the file.
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readRecording, type RecordedCall, type Recording, Unusable } from '../src/casefile/format.ts'
import type { Provider } from '../src/provider.ts'
import { minimise, Replay, report, summary } from '../src/casefile/replay.ts'
import { findProviders } from '../src/app.ts'
import { client as alphapo } from './clients/alphapo.ts'
import { allocation, client as cpg, clientOf as cpgAs, KEYS as CPG_KEYS } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { client as zopay, clientOf as zopayAs, post } from './clients/zopay.ts'
import { commandLine, MAIN } from './command-line.ts'
import { Inbox, type Kit, type Request, START, start } from './kit.ts'
import { anyStep, perform, receiverOf } from './sessions.ts'

let providers: Map<string, Provider>
beforeAll(async () => {
  providers = await findProviders()
})

async function recorded(box: Kit): Promise<Recording> {
  const reply = await box.control('GET', '/recording')
  expect(reply.status, reply.text).toBe(200)
  return readRecording(reply.text)
}

const play = (recording: Recording) => new Replay(recording, providers).play()
const calls = ({ journal }: Recording) => journal.filter((step): step is RecordedCall => step.kind === 'call')

/** A session of every provider, with money, callbacks that fail first, refusals and repeats in it. */
async function session(box: Kit, more: Record<string, unknown> = {}): Promise<Inbox> {
  const inbox = await Inbox.open()
  inbox.answers = ({ headers }, index) => ({ status: index % 2 === 0 ? 500 : 200, body: JSON.stringify(headers) })
  await box.subscribe('cpg', inbox, more)
  const first = await box.call(cpg, allocation({ user_identifier: 'user_1' }))
  await box.call(cpg, { ...allocation({ user_identifier: 'user_2' }), headers: { 'idempotency-key': 'k1' } })
  await box.call(cpg, { ...allocation({ user_identifier: 'user_2' }), headers: { 'idempotency-key': 'k1' } })
  await box.deposit(first.json.data.address, '100')
  await box.advance('4h')
  await box.call(cpg, { method: 'GET', path: `/v1/deposit-requests/${first.json.data.request_id}` })
  await box.call(cpgAs({ key: 'cpg_demo_key', secret: 'wrong' }), allocation({}))
  await box.call(cpgAs(CPG_KEYS.readonly), allocation({}))
  await box.call(cpg, { method: 'GET', path: '/v1/nowhere' })
  await box.call(zopay, post('/addresses', { asset: 'USDT', network: 'solana' }))
  await box.call(zopayAs('sk_test_nobody_has_this_key'), post('/addresses', { asset: 'USDT', network: 'solana' }))
  await box.call(zopay, post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, 'order-2'))
  await box.call(payward, payward.good.createDepositAddress!())
  await box.call(payward, payward.good.listDepositMethods!())
  await box.call(alphapo, alphapo.good.takeAddress!())
  await box.call(alphapo, { ...alphapo.good.takeAddress!(), body: '{"currency":' })
  return inbox
}

describe('record and replay', () => {
  test('a session of every provider is played with equal answers', async () => {
    const box = await start()
    await session(box)
    const recording = await recorded(box)
    const played = await play(recording)
    expect(played.differs && report(played.differs, played)).toBeUndefined()
    expect(played).toMatchObject({ calls: 14, left: [] })
    expect(played.attempts).toBeGreaterThan(0)
    expect(summary(played, recording)).toContain('every answer is equal')
  })

  test('the replay ends with the same rows', async () => {
    const box = await start()
    await session(box)
    const replay = new Replay(await recorded(box), providers)
    await replay.play()
    const { ['cpg.signatures']: _, ['payward.nonces']: __, endpoints: ___, ...rows } = box.world.dump()
    expect(replay.world.dump()).toMatchObject(
      JSON.parse(JSON.stringify({ transfers: rows.transfers, deliveries: rows.deliveries, addresses: rows.addresses })),
    )
    expect(replay.world.now).toBe(box.world.now)
  })

  test('--until N tells where it stopped, not where the recording ends', async () => {
    const box = await start()
    await session(box)
    await box.advance('2d')
    const recording = await recorded(box)
    const told = async (until?: number) => summary(await new Replay(recording, providers).play(until), recording)
    const third = calls(recording)[2]!
    const after = calls(recording).find(({ at }) => at !== START)!
    expect(await told(third.entry)).toMatch(new RegExp(`^2 calls, .*\\. World time went from ${START} to ${START}\\.`))
    expect(await told(after.entry)).toContain(`World time went from ${START} to 2026-05-16T23:00:00.000Z.`)
    for (const until of [undefined, recording.end.entry + 1])
      expect(await told(until)).toContain(`World time went from ${START} to 2026-05-18T23:00:00.000Z.`)
  })

  test('a running world is played standing where each call was', async () => {
    const box = await start({ clock: 'real' })
    await box.call(cpg, allocation({ user_identifier: 'a' }))
    box.passWall(3_700_000)
    await box.call(cpg, allocation({ user_identifier: 'a' }))
    box.passWall(86_400_000 * 8)
    await box.call(cpg, allocation({ user_identifier: 'a' }))
    const recording = await recorded(box)
    expect(recording.clock.mode).toBe('running')
    expect((await play(recording)).differs).toBeUndefined()
  })

  test('calls that overlapped are played as they overlapped', async () => {
    const waiting: (() => void)[] = []
    const box = await start({ pause: () => new Promise((resolve) => waiting.push(resolve)) })
    await box.control('POST', '/faults', { when: { provider: 'cpg', nth: 1 }, then: [{ delay: '2s' }] })
    const slow = box.call(cpg, { ...allocation({ user_identifier: 'a' }), headers: { 'idempotency-key': 'k' } })
    await expect.poll(() => waiting.length).toBe(1)
    await box.call(cpg, allocation({ user_identifier: 'b' }))
    waiting[0]!()
    await slow
    const recording = await recorded(box)
    expect(calls(recording).map(({ began }) => began?.entry)).toEqual([undefined, 2])
    expect((await play(recording)).differs).toBeUndefined()
  })

  test('a callback that took its time is still on its way for the calls in between', async () => {
    const box = await start()
    const held: (() => void)[] = []
    const server = createServer((req, res) => {
      const number = held.push(() => res.writeHead(number === 1 ? 500 : 200).end())
      req.resume()
      if (number > 1) held[number - 1]!()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    await box.control('PUT', '/callbacks/endpoints/zopay', {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    })
    const made = await box.call(zopay, post('/addresses', { asset: 'USDT', network: 'solana' }))
    const sent = box.control('POST', '/deposits', { address: made.json.address, amount: '5', confirmations: 'instant' })
    await expect.poll(() => held.length).toBe(1)
    const events = { method: 'GET', path: '/connect/v1/webhook-deliveries' }
    await box.call(zopay, events)
    held[0]!()
    await sent
    await box.call(zopay, events)
    await box.advance('2h')
    await box.call(zopay, events)
    const recording = await recorded(box)
    expect(recording.journal.some((step) => step.kind === 'callback' && step.ended)).toBe(true)
    const [meanwhile, after] = calls(recording)
      .slice(1)
      .map(({ answer }) => answer.body)
    expect(meanwhile).not.toBe(after)
    const played = await play(recording)
    expect(played.differs && report(played.differs, played)).toBeUndefined()
  })

  test('scenarios a world begins with are part of it', async () => {
    const box = await start()
    const scenario = {
      rules: [{ when: { provider: 'cpg', nth: 2 }, then: [{ respond: { error: 'unavailable' } }] }],
      timeline: [{ at: '1h', do: { outage: { provider: 'cpg', for: '1h' } } }],
    }
    const into = async (world: string) => {
      await box.raw('POST', `/w/${world}/cpg/v1/deposit-addresses`)
      for (let i = 0; i < 3; i++) await worldCall(box, world, allocation({ user_identifier: `u${i}` }))
      await box.raw(
        'POST',
        `/w/${world}/_sandgate/clock/advance`,
        { 'content-type': 'application/json' },
        '{"by":"90m"}',
      )
      await worldCall(box, world, allocation({ user_identifier: 'late' }))
      const recording = readRecording((await box.raw('GET', `/w/${world}/_sandgate/recording`)).text)
      expect(calls(recording).map(({ answer }) => answer.status)).toEqual([401, 503, 200, 200, 503])
      expect(recording.journal[0]).toMatchObject({ kind: 'control' })
      const played = await play(recording)
      expect(played.differs && report(played.differs, played)).toBeUndefined()
    }
    await box.control('POST', '/worlds', { id: 'made', scenario })
    await into('made')
    await box.control('POST', '/worlds', { id: 'put' })
    await box.raw('PUT', '/w/put/_sandgate/scenario', { 'content-type': 'application/json' }, JSON.stringify(scenario))
    await into('put')
    await box.raw(
      'PUT',
      '/w/put/_sandgate/scenario?reset=true',
      { 'content-type': 'application/json' },
      JSON.stringify({ ...scenario, seed: 'another' }),
    )
    await into('put')
  })

  test(
    'sandgate.replay.equal: random sessions of every provider, with scenarios, are played with equal answers',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('real', START),
          fc.array(anyStep, { minLength: 1, maxLength: 16 }),
          fc.array(fc.constantFrom(200, 200, 500, 410), { minLength: 3, maxLength: 3 }),
          async (clock, session, statuses) => {
            const box = await start({ clock, pause: () => Promise.resolve() })
            await receiverOf(box, statuses)
            for (const step of session) await perform(step, box)
            const recording = await recorded(box)
            const replay = new Replay(recording, providers)
            const played = await replay.play()
            await box.sandbox.close()
            expect(played.differs && report(played.differs, played)).toBeUndefined()
            expect(played.left).toEqual([])
            // Timers have numbers in the order in which attempts that were on their way together have ended.
            const rows = ({ transfers, deliveries, scenario_steps, spoils }: any) =>
              JSON.parse(
                JSON.stringify({ transfers, deliveries, scenario_steps, spoils }, (name, value) =>
                  name === 'timer' ? value !== null : value,
                ),
              )
            expect(rows(replay.world.dump())).toEqual(rows(box.world.dump()))
          },
        ),
        { numRuns: 25, seed: 4_2026, verbose: fc.VerbosityLevel.Verbose },
      )
    },
  )

  test('sandgate.replay.equal: sessions that overlap, with receivers that call before they answer, are played with equal answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('real', START),
        fc.array(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        fc.array(anyStep, { maxLength: 8 }),
        async (clock, session, inside) => {
          const box = await start({ clock, pause: () => Promise.resolve(), callbackTimeoutMs: 600_000 })
          const inbox = await receiverOf(box, [200])
          const left = [...inside]
          inbox.answers = async (_, index) => {
            const step = left.pop()
            if (step) await perform(step, box)
            return { status: index % 4 === 3 ? 500 : 200 }
          }
          for (const steps of session) await Promise.all(steps.map((step) => perform(step, box)))
          const attempts = (await box.control('GET', '/callbacks?limit=1000')).json.data.flatMap(
            (row: any) => row.attempts,
          )
          expect(attempts.filter(({ status }: any) => status === null)).toEqual([])
          const recording = await recorded(box)
          const played = await play(recording)
          await box.sandbox.close()
          expect(played.differs && report(played.differs, played)).toBeUndefined()
          expect(played.left).toEqual([])
        },
      ),
      { numRuns: 25, seed: 4_2026, verbose: fc.VerbosityLevel.Verbose },
    )
  })
})

async function worldCall(box: Kit, world: string, request: Request): Promise<void> {
  box.passWall(1000)
  const { method, path, headers, body } = cpg.sign(request, box.wallMs)
  await box.raw(method, `/w/${world}/cpg${path}`, headers, body)
}

describe('a file that was changed', () => {
  test('is found at the right call, and where', async () => {
    const box = await start()
    await session(box)
    const recording = await recorded(box)
    const third = calls(recording)[2]!
    const body = JSON.parse(third.answer.body!)
    body.data.address = '0x0000000000000000000000000000000000000000'
    third.answer.body = JSON.stringify(body)
    const played = await play(recording)
    expect(played.differs).toMatchObject({
      call: { entry: third.entry },
      where: '$.data.address',
      expected: body.data.address,
    })
    const told = report(played.differs!, played)
    expect(told).toContain(`entry ${third.entry} differs: POST /v1/deposit-addresses`)
    expect(told).toContain('2 calls before it were equal')
    expect(told).toContain('cpg.')
  })

  test.each<[string, (call: any) => void, string]>([
    ['the status', (call) => (call.answer.status = 202), 'status'],
    ['a header', (call) => (call.answer.headers['content-type'] = 'text/plain'), 'header content-type'],
    ['white space', (call) => (call.answer.body = call.answer.body.replace(':', ': ')), 'byte'],
    [
      'a field too many',
      (call) => (call.answer.body = JSON.stringify({ ...JSON.parse(call.answer.body), more: 1 })),
      '$.more',
    ],
    ['no body', (call) => delete call.answer.body, 'body'],
    ['a connection that was cut', (call) => (call.answer.status = null), 'status'],
  ])('%s', async (_, change, where) => {
    const box = await start()
    await box.call(cpg, allocation({}))
    const recording = await recorded(box)
    change(calls(recording)[0])
    expect((await play(recording)).differs!.where).toContain(where)
  })

  test('is made smaller while the difference remains', async () => {
    const box = await start()
    await session(box)
    const recording = await recorded(box)
    const read = calls(recording).find(({ operation }) => operation === 'getDepositRequest')!
    const body = JSON.parse(read.answer.body!)
    body.data.amount_received = 'something else'
    read.answer.body = JSON.stringify(body)
    const before = (await play(recording)).differs!
    const { recording: smaller, differs } = await minimise(recording, providers)
    expect(differs.where).toBe(before.where)
    expect(smaller.journal.length).toBeLessThan(6)
    const again = (await play(readRecording(JSON.stringify(smaller)))).differs!
    expect(again).toMatchObject({ where: before.where, call: { entry: read.entry }, got: before.got })
  })

  test('nothing is left to make smaller where nothing differs', async () => {
    const box = await start()
    await box.call(cpg, allocation({}))
    await expect(minimise(await recorded(box), providers)).rejects.toThrow('no difference')
  })
})

describe('what a recording holds', () => {
  const config = {
    cpg: {
      accounts: {
        shop: {
          keys: [{ id: 'my-own-cpg-key', secret: 'my-own-cpg-secret' }],
          currencies: [{ currency: 'USDT', network: 'ETH' }],
        },
      },
    },
    zopay: { accounts: { shop: { keys: [{ id: 'sk_test_my_own_zopay_key' }] } } },
    payward: {
      accounts: {
        shop: { keys: [{ id: 'my-own-pws-key', secret: 'bXktb3duLXB3cy1zZWNyZXQ=' }], ids: ['WSHOP5GATE2MAIN77'] },
      },
    },
    alphapo: { merchants: { shop: { keys: [{ id: 'my-own-alphapo-key', secret: 'my-own-alphapo-secret' }] } } },
  }

  test('sandgate.recording.secrets: no key, secret, signature or token, demo ones included', async () => {
    const box = await start({
      providers: config,
      callbacks: { payward: { url: 'http://127.0.0.1:9/hooks', secret: 'c2VjcmV0LW9mLWEtY29uZmln' } },
    })
    // Its receiver answers what it was sent, signatures included.
    const inbox = await session(box, { secret: 'whsec-of-the-partner' })
    const secrets = ['whsec-of-the-partner', await box.subscribe('zopay', inbox)]
    const own = cpgAs({ key: 'my-own-cpg-key', secret: 'my-own-cpg-secret' })
    await box.call(own, allocation({ user_identifier: 'cpg_demo_key', metadata: 'cpg_demo_secret' }))
    await box.call(own, {
      ...allocation({ user_identifier: 'mine' }),
      headers: { authorization: 'Bearer some-token-of-theirs', cookie: 'session=of-somebody-else' },
    })
    await box.call(zopayAs('sk_live_this_is_a_real_key'), post('/addresses', { asset: 'USDT', network: 'solana' }))
    await box.call(zopayAs('sk_test_my_own_zopay_key'), post('/addresses', { asset: 'USDT', network: 'solana' }))
    await box.call(payward, {
      method: 'POST',
      path: '/v1/webhooks',
      body: JSON.stringify({ url: inbox.url, enabled: true, events: ['deposit.status_updated'] }),
    })
    const known = [
      ...[...providers.values()].flatMap(({ demo }) =>
        demo.flatMap(({ key, secret }) => (secret === undefined ? [key] : [key, secret])),
      ),
      ...JSON.stringify(config)
        .match(/"(?:id|secret)":"([^"]+)"/g)!
        .map((pair) => pair.split('"')[3]!),
      ...secrets,
      'c2VjcmV0LW9mLWEtY29uZmln',
      'sk_live_this_is_a_real_key',
      'sk_test_nobody_has_this_key',
      'some-token-of-theirs',
      'session=of-somebody-else',
    ]
    const signatures = [...box.world.journal].flatMap((entry: any) =>
      Object.entries(entry.request?.headers ?? {}).flatMap(([name, value]) =>
        /sign/.test(name) ? [String(value)] : [],
      ),
    )
    const answered = [...box.world.journal].flatMap((entry: any) =>
      (/"secret":"([^"]+)"/.exec(entry.response?.text ?? '') ?? []).slice(1),
    )
    const sent = inbox.received.flatMap(({ headers }) =>
      Object.entries(headers).flatMap(([name, value]) => (/sign/.test(name) ? [String(value)] : [])),
    )
    expect(signatures.length).toBeGreaterThan(10)
    expect(sent.length).toBeGreaterThan(0)
    const reply = await box.control('GET', '/recording')
    const bare = sent.flatMap((text) => text.match(/[0-9a-f]{64,}/g) ?? [])
    expect(
      [...known, ...signatures, ...answered, ...sent, ...bare].filter(
        (text) => text !== '' && reply.text.includes(text),
      ),
    ).toEqual([])
    const recording = readRecording(reply.text)
    const played = await play(recording)
    expect(played.differs && report(played.differs, played)).toBeUndefined()
    expect(
      calls(recording)
        .filter(({ altered }) => altered)
        .map(({ body }) => JSON.parse(body!).user_identifier),
    ).toEqual(['{{cpg demo key 1}}'])
  })

  test('sandgate.recording.secrets: user and password of a URL stand in no recording and in no journal, and it is played all the same', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const url = inbox.url.replace('http://', 'http://shop:pa55w0rd@')
    await box.control('PUT', '/callbacks/endpoints/cpg', { url })
    const { address } = (await box.call(cpg, allocation({}))).json.data
    await box.deposit(address, '1')
    // Payward refuses such a URL; what was sent stands in the journal all the same.
    expect(
      (
        await box.call(payward, {
          method: 'POST',
          path: '/v1/webhooks',
          body: JSON.stringify({ url: 'https://shop:pa55w0rd@shop.example/hooks' }),
        })
      ).status,
    ).toBe(400)
    expect(inbox.received.length).toBeGreaterThan(0)
    const [journal, reply] = [await box.control('GET', '/journal'), await box.control('GET', '/recording')]
    for (const { text } of [journal, reply]) {
      expect(text).toContain('http://hidden@127.0.0.1')
      expect(text).not.toContain('pa55w0rd')
    }
    const recording = readRecording(reply.text)
    const played = await play(recording)
    expect(played.differs && report(played.differs, played)).toBeUndefined()
  })

  test('the exact bytes of bodies that are no text, and of none', async () => {
    const box = await start()
    await box.call(cpg, allocation({}))
    await box.raw(
      'POST',
      '/zopay/connect/v1/addresses',
      { 'content-type': 'application/json', 'idempotency-key': 'k', authorization: 'Bearer sk_test_sandgate_demo' },
      '{"asset":"\ud83d\ude00"}',
    )
    const bytes = Buffer.from([0x7b, 0xff, 0x7d])
    await fetch(`${box.url}/zopay/connect/v1/addresses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      body: bytes,
    })
    await fetch(`${box.url}/zopay/connect/v1/addresses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: 'x'.repeat(1_100_000),
    })
    const recording = await recorded(box)
    expect(
      calls(recording).map(({ body, body_base64, body_too_large }) => [body?.length, body_base64, body_too_large]),
    ).toEqual([
      [expect.any(Number), undefined, undefined],
      [14, undefined, undefined],
      [undefined, bytes.toString('base64'), undefined],
      [undefined, undefined, true],
    ])
    expect((await play(recording)).differs).toBeUndefined()
  })

  test('what it was made of: version, contracts, seed, clock, assumptions', async () => {
    const box = await start({ seed: 'of-its-own', assume: { 'alphapo.take.repeat': 'same-address' } })
    await box.call(alphapo, alphapo.good.takeAddress!())
    const recording = await recorded(box)
    expect(recording).toMatchObject({
      sandgate: 'recording',
      format: 1,
      seed: 'of-its-own',
      clock: { mode: 'frozen' },
      assume: { 'alphapo.take.repeat': 'same-address' },
    })
    expect(Object.keys(recording.contracts)).toEqual([...providers.keys()])
    expect(calls(recording)[0]).toMatchObject({ who: { account: 'demo', key: 0 }, operation: 'takeAddress' })
  })

  test('a reset begins a new one', async () => {
    const box = await start()
    await box.call(cpg, allocation({}))
    await box.control('POST', '/reset', { seed: 'other' })
    await box.call(cpg, allocation({}))
    const recording = await recorded(box)
    expect(calls(recording)).toHaveLength(1)
    expect(recording.seed).toBe('other')
    expect((await play(recording)).differs).toBeUndefined()
  })
})

describe('no recording that would be incomplete', () => {
  test('sandgate.recording.whole: a journal that dropped entries', async () => {
    const box = await start({ limits: { journalEntries: 3 } })
    for (let i = 0; i < 4; i++) await box.call(cpg, allocation({}))
    const reply = await box.control('GET', '/recording')
    expect([reply.status, reply.json.detail]).toEqual([409, expect.stringContaining('drop older ones')])
  })

  test('a journal that was emptied', async () => {
    const box = await start()
    await box.call(cpg, allocation({}))
    await box.control('DELETE', '/journal')
    await box.call(cpg, allocation({}))
    expect((await box.control('GET', '/recording')).status).toBe(409)
  })

  test('a fork', async () => {
    const box = await start()
    await box.call(cpg, allocation({}))
    await box.control('POST', '/worlds', { id: 'copy', from: 'default' })
    const reply = await box.raw('GET', '/w/copy/_sandgate/recording')
    expect([reply.status, reply.json.detail]).toEqual([409, expect.stringContaining('copy of the world "default"')])
  })
})

describe('files that cannot be used', () => {
  const whole = {
    sandgate: 'recording',
    format: 1,
    version: '0',
    contracts: {},
    seed: 's',
    clock: { start: '2026-01-01T00:00:00Z', mode: 'frozen' },
    settings: {},
    callbacks: {},
    limits: {},
    strict: false,
    assume: {},
    journal: [],
    end: { entry: 0, at: '2026-01-01T00:00:00Z' },
  }
  test.each<[string, string, string]>([
    ['no JSON', '{', 'not JSON'],
    ['something else', '{"log":{}}', 'not a recording'],
    ['null', 'null', 'not a recording'],
    ['another format', JSON.stringify({ ...whole, format: 99 }), 'format 99'],
    ['a clock that is none', JSON.stringify({ ...whole, clock: { start: 'soon', mode: 'frozen' } }), 'clock.start'],
    ['a step of no kind', JSON.stringify({ ...whole, journal: [{ kind: 'party' }] }), 'journal.0'],
    [
      'a provider that is not there',
      JSON.stringify({
        ...whole,
        journal: [
          {
            kind: 'callback',
            entry: 1,
            at: '2026-01-01T00:00:00Z',
            provider: 'nobody',
            delivery: 'cb_1',
            event: 'e',
            attempt: 1,
            status: 200,
            error: null,
          },
        ],
      }),
      'nobody',
    ],
    ['settings that do not fit', JSON.stringify({ ...whole, settings: { cpg: { accounts: 3 } } }), 'settings'],
  ])('%s', (_, text, told) => {
    expect(() => new Replay(readRecording(text), providers)).toThrow(Unusable)
    expect(() => new Replay(readRecording(text), providers)).toThrow(told)
  })
})

describe('the command line', () => {
  const { folder, run, inFile } = commandLine()
  const made = async () => {
    const box = await start()
    await session(box)
    return recorded(box)
  }

  test('exit 0: every answer is equal, in one paragraph', async () => {
    const { status, stdout, stderr } = run('replay', inFile('equal.json', JSON.stringify(await made())))
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /^14 calls, 2 control calls and \d+ callback attempts played; every answer is equal to the recorded one\. [^\n]*\n$/,
    )
  })

  test('exit 1: the first call that differs, and the smaller file differs in the same way', async () => {
    const recording = await made()
    const call = calls(recording)[4]!
    call.answer.status = 418
    const file = inFile('differs.json', JSON.stringify(recording))
    const whole = run('replay', file)
    expect([whole.status, whole.stderr]).toEqual([1, ''])
    expect(whole.stdout).toMatch(
      new RegExp(
        `^entry ${call.entry} differs: POST /v1/deposit-addresses \\(cpg createDepositAddress\\)[^\\n]*\\n  where:    status\\n  recorded: 418\\n  now:      401\\n`,
      ),
    )
    const smaller = run('minimise', file)
    expect([smaller.status, smaller.stderr]).toEqual([0, ''])
    expect(smaller.stdout).toContain('differs.min.json: 1 of')
    expect(run('replay', 'differs.min.json').stdout).toContain(`entry ${call.entry} differs`)
    expect(readRecording(readFileSync(join(folder, 'differs.min.json'), 'utf8')).journal).toHaveLength(1)
  })

  test.each([
    ['replay', 'nowhere.json', 'cannot be read'],
    ['replay', 'bad.json', 'not JSON'],
    ['minimise', 'bad.json', 'not JSON'],
    ['import', 'bad.json', 'not JSON', '--provider', 'cpg'],
    ['import', 'bad.json', 'there are alphapo, cpg', '--provider', 'nobody'],
    ['replay', 'bad.json', '--until', '--until', 'soon'],
    ['replay', 'whole.json', 'the recording ends with entry', '--until', '999999'],
  ])('exit 2: %s %s, one line', (command, file, told, ...flags) => {
    inFile('bad.json', '{')
    inFile('whole.json', readFileSync(new URL('golden/case.json', import.meta.url), 'utf8'))
    const { status, stdout, stderr } = run(command, file, ...flags)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(told)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  test('--until N --serve: the world as it stood before that call, to look around', async () => {
    const recording = await made()
    const read = calls(recording).find(({ operation }) => operation === 'getDepositRequest')!
    const file = inFile('serve.json', JSON.stringify(recording))
    const child = spawn(
      process.execPath,
      [MAIN, 'replay', file, '--until', String(read.entry), '--serve', '--port', '0'],
      { cwd: folder },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    let out = ''
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
        const ready = /listening on (\S+)/.exec(out)
        if (ready) resolve(ready[1]!)
      })
      child.on('close', () => reject(new Error(out)))
    })
    const { data } = (await (await fetch(`${url}/_sandgate/journal?kind=call&limit=1`)).json()) as any
    expect(data[0].id).toBeLessThan(read.entry)
    const clock = (await (await fetch(`${url}/_sandgate/clock`)).json()) as any
    expect(clock).toMatchObject({ mode: 'frozen', now: '2026-05-16T23:00:00.000Z' })
    const asked = cpg.sign({ method: 'GET', path: read.path }, Date.now())
    const answer = await fetch(`${url}/cpg${asked.path}`, { headers: asked.headers! })
    expect(await answer.text()).toBe(read.answer.body)
    child.kill('SIGTERM')
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  })
})
