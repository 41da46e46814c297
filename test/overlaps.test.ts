// Calls, control calls and answers of receivers that overlap under delays: whatever overlapped, its recording replays equal. What waits is let go by hand.
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { readRecording, type Recording } from '../src/casefile/format.ts'
import type { Provider } from '../src/provider.ts'
import { minimise, Replay, report, summary } from '../src/casefile/replay.ts'
import { findProviders, Sandbox } from '../src/app.ts'
import { client as alphapo, taking } from './clients/alphapo.ts'
import { allocation, client as cpg, clientOf as cpgAs } from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import { client as zopay, clientOf as zopayAs, post } from './clients/zopay.ts'
import { type Client, type Kit, type Reply, type Request, START, start } from './kit.ts'

let providers: Map<string, Provider>
beforeAll(async () => {
  providers = await findProviders()
})

/** What waits until somebody lets it go. */
class Held {
  readonly #going: (() => void)[] = []

  readonly wait = (): Promise<void> => new Promise((go) => this.#going.push(go))

  get size(): number {
    return this.#going.length
  }

  /** Lets one go, by its place among those there are. */
  release(nth: number): void {
    this.#going.splice(nth % Math.max(1, this.#going.length), 1)[0]?.()
  }
}

/** How long something that cannot be seen is given to arrive. What arrives later only overlaps with something else. */
const TURNS = 1_000

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A world whose delays, and whose receivers, are held by hand. */
class Stage {
  readonly box: Kit
  readonly delays: Held
  readonly receivers = new Held()
  readonly pending = new Set<Promise<void>>()

  static async open(clock: string = START): Promise<Stage> {
    const delays = new Held()
    return new Stage(await start({ clock, pause: delays.wait }), delays).#listen()
  }

  private constructor(box: Kit, delays: Held) {
    this.box = box
    this.delays = delays
  }

  async #listen(): Promise<Stage> {
    let number = 0
    const server = createServer(async (req, res) => {
      req.resume()
      const status = [200, 500, 200, 410][number++ % 4]!
      await this.receivers.wait()
      res.writeHead(status).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
    for (const { name, callbacks } of providers.values())
      if (callbacks) await this.box.control('PUT', `/callbacks/endpoints/${name}`, { url })
    return this
  }

  get underWay(): number {
    return this.box.sandbox.engine.inFlight.underWay(this.box.world).length
  }

  /** Begins something, and comes back when it is answered or waits for somebody, or, where nobody can see it wait, after so many turns. */
  async begin(work: Promise<Reply>): Promise<void> {
    const heard = work.then(
      () => undefined,
      (error: Error & { code?: string }) => {
        if (!/hang up|ECONNRESET/.test(`${error.code} ${error.message}`)) throw error
      },
    )
    const over = heard.finally(() => this.pending.delete(over))
    this.pending.add(over)
    const state = () => `${this.underWay} ${this.delays.size} ${this.receivers.size}`
    for (let before = state(), turns = 0; this.pending.has(over) && state() === before && turns < TURNS; turns++)
      await turn()
  }

  /** Everybody is let go until nobody waits. */
  async end(): Promise<void> {
    while (this.pending.size > 0) {
      this.delays.release(0)
      this.receivers.release(0)
      await turn()
    }
  }

  async recording(): Promise<Recording> {
    const { status, text } = await this.box.control('GET', '/recording')
    expect(status, text).toBe(200)
    return readRecording(text)
  }
}

/** Plays it, and looks whether all of it is equal. */
async function equal(recording: Recording): Promise<Replay> {
  const replay = new Replay(recording, providers)
  const played = await replay.play()
  expect(played.differs && report(played.differs, played)).toBeUndefined()
  expect(played.left).toEqual([])
  return replay
}

/** What is written by the keys and secrets of a caller, or by sending, is not made by a replay. */
const NOT_REPLAYED = /signatures|nonces|^endpoints$|^callback_requests$/

function rows(dump: Record<string, object>): unknown {
  return JSON.parse(JSON.stringify(Object.entries(dump).filter(([table]) => !NOT_REPLAYED.test(table))))
}

const under = (request: Request, key: string): Request => ({
  ...request,
  headers: { ...request.headers, 'idempotency-key': key },
})
const UUIDS = ['6d1f6d3e-1111-4111-8111-111111111111', '6d1f6d3e-2222-4222-8222-222222222222']
const PAYWARD = payward.clientOf(payward.KEYS.window)

/** A call of each provider under a key and for a user; of some it refuses. */
const CALLS: readonly (readonly [client: Client, request: (key: number, user: number) => Request])[] = [
  [cpg, (key, user) => allocation({ user_identifier: `user_${user}`, idempotency_key: `key-${key}` })],
  [cpg, (_, user) => allocation({ user_identifier: `user_${user}` })],
  [
    zopay,
    (key, user) => post('/addresses', { asset: 'USDT', network: 'solana', external_ref: `u${user}` }, `key-${key}`),
  ],
  [zopay, (key, user) => post('/payment-intents', { amount: `2${user}.00`, currencies: ['USDT'] }, `key-${key}`)],
  [PAYWARD, (key) => under(payward.creation({ method_id: payward.METHODS.BTC, asset_symbol: 'BTC' }), UUIDS[key]!)],
  [
    PAYWARD,
    (_, user) =>
      payward.creation(
        user === 0
          ? { method_id: payward.METHODS.ETH, asset_symbol: 'ETH' }
          : { method_id: payward.METHODS.XRP, asset_symbol: 'XRP' },
      ),
  ],
  [alphapo, (_, user) => taking({ currency: 'BTC', foreign_id: `f${user}` })],
  [zopay, () => ({ method: 'GET', path: '/connect/v1/balances' })],
  [cpgAs({ key: 'cpg_demo_key', secret: 'wrong' }), (_, user) => allocation({ user_identifier: `user_${user}` })],
  [zopayAs('sk_test_nobody_has_this_key'), () => post('/addresses', { asset: 'USDT', network: 'solana' })],
  [cpg, () => ({ method: 'GET', path: '/v1/nowhere' })],
  [alphapo, () => ({ ...taking({}), body: '{"currency":' })],
]

const anyThen = fc.constantFrom<readonly object[]>(
  [{ delay: '2s' }],
  [{ delay: '2s' }],
  [{ delay: '2s' }, { drop: { stage: 'after', how: 'close' } }],
  [{ delay: '2s' }, { respond: { error: 'unavailable' } }],
  [{ delay: '2s' }, { respond: { error: 'internal_error', stage: 'after' } }],
  [{ delay: '2s' }, { deposit: { amount: '3', confirmations: 'instant' } }],
  [{ respond: { error: 'internal_error', stage: 'after' } }],
)
const anyWhen = fc.oneof(
  fc.constant({}),
  fc.record({ nth: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ every: fc.constant(2) }),
  fc.record({ probability: fc.constant(0.5) }),
  fc.record({ provider: fc.constantFrom('cpg', 'zopay', 'payward', 'alphapo'), nth: fc.integer({ min: 1, max: 2 }) }),
)
const anyRule = fc.record({ when: anyWhen, then: anyThen })

const anyAct = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      call: fc.nat(CALLS.length - 1),
      key: fc.nat(1),
      user: fc.nat(1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('at once' as const),
      calls: fc.array(fc.tuple(fc.nat(CALLS.length - 1), fc.nat(1), fc.nat(1)), { minLength: 2, maxLength: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      nths: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer' as const), nth: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('arm' as const), rule: anyRule }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disarm' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('load' as const),
      rules: fc.array(anyRule, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('anew' as const),
      rules: fc.array(anyRule, { minLength: 1, maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unload' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('deposit' as const),
      nth: fc.nat(3),
      after: fc.constantFrom('0s', '1h'),
      confirmations: fc.constantFrom<unknown>('instant', 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), by: fc.constantFrom('1s', '45m', '4h') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('redeliver' as const), nth: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('mode' as const), mode: fc.constantFrom('running', 'frozen') }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wall' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('look' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
)
type Act = typeof anyAct extends fc.Arbitrary<infer T> ? T : never

async function perform(act: Act, stage: Stage): Promise<void> {
  const { box } = stage
  const call = ([which, key, user]: readonly [number, number, number]) => {
    const [client, request] = CALLS[which]!
    return box.call(client, request(key, user))
  }
  switch (act.kind) {
    case 'call':
      return stage.begin(call([act.call, act.key, act.user]))
    case 'at once':
      return void (await Promise.all(act.calls.map((each) => stage.begin(call(each)))))
    case 'release':
      for (const nth of act.nths) stage.delays.release(nth)
      return void (await turn())
    case 'answer':
      stage.receivers.release(act.nth)
      return void (await turn())
    case 'arm':
      return stage.begin(box.control('POST', '/faults', act.rule))
    case 'disarm':
      return stage.begin(box.control('DELETE', '/faults'))
    case 'load':
      return stage.begin(box.control('PUT', '/scenario', { name: 'drawn', rules: act.rules }))
    case 'anew':
      return stage.begin(
        box.control('PUT', '/scenario?reset=true', {
          name: 'drawn',
          rules: act.rules,
          timeline: [{ at: '30m', do: { callbacks: { provider: 'cpg', how: 'duplicate' } } }],
        }),
      )
    case 'mode':
      return stage.begin(box.control('PATCH', '/clock', { mode: act.mode }))
    case 'unload':
      return stage.begin(box.control('DELETE', '/scenario'))
    case 'deposit': {
      const { data } = (await box.control('GET', '/addresses')).json
      const row = data[act.nth % Math.max(1, data.length)]
      return (
        row &&
        stage.begin(
          box.control('POST', '/deposits', {
            address: row.address,
            ...(row.tag && { tag: row.tag }),
            amount: '7',
            after: act.after,
            confirmations: act.confirmations,
          }),
        )
      )
    }
    case 'advance':
      return stage.begin(box.control('POST', '/clock/advance', { by: act.by }))
    case 'redeliver': {
      const { data } = (await box.control('GET', '/callbacks')).json
      const row = data[act.nth % Math.max(1, data.length)]
      return row && stage.begin(box.control('POST', `/callbacks/${row.id}/redeliver`))
    }
    case 'wall':
      return box.passWall(90_000)
    case 'look':
      return void (await box.control('GET', '/journal'))
    case 'reset':
      return stage.begin(box.control('POST', '/reset'))
  }
}

test(
  'sandgate.replay.order: random sessions whose calls, control calls and callbacks overlap are played with equal answers, and end with the same rows',
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(START, START, 'real'),
        anyRule,
        fc.array(anyAct, { minLength: 4, maxLength: 25 }),
        async (clock, rule, acts) => {
          const stage = await Stage.open(clock)
          await perform({ kind: 'arm', rule }, stage)
          for (const act of acts) await perform(act, stage)
          await equal(await stage.recording())
          await stage.end()
          const replay = await equal(await stage.recording())
          expect(rows(replay.world.dump())).toEqual(rows(stage.box.world.dump()))
          expect(replay.world.journal.nextId).toBeLessThanOrEqual(stage.box.world.journal.nextId)
          await stage.box.sandbox.close()
        },
      ),
      {
        numRuns: Number(process.env.OVERLAPS ?? 25),
        seed: Number(process.env.OVERLAPS_SEED ?? 4_2027),
        verbose: fc.VerbosityLevel.Verbose,
        endOnFailure: true,
      },
    )
  },
)

const cpgCall = (key: string | undefined, user = 'u') => ({
  client: cpg,
  request: allocation({ user_identifier: user, ...(key && { idempotency_key: key }) }),
})
const address = (key: string, user = 'u') => ({
  client: zopay,
  request: post('/addresses', { asset: 'USDT', network: 'solana', external_ref: user }, key),
})
const intent = (key: string) => ({
  client: zopay,
  request: post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, key),
})
const paywardCall = () => ({
  client: PAYWARD,
  request: under(payward.creation({ method_id: payward.METHODS.BTC, asset_symbol: 'BTC' }), UUIDS[0]!),
})

test.each<[string, readonly { client: Client; request: Request }[], object[]?]>([
  ['two calls under one key', [address('a'), address('a')]],
  ['another body under the same key, which is a conflict', [address('a'), address('a', 'other')]],
  ['three calls on intents', [intent('a'), intent('a'), intent('a')]],
  ['a key in the body', [cpgCall('a'), cpgCall('a')]],
  [
    'an answer that is lost',
    [address('a'), address('a')],
    [{ delay: '2s' }, { drop: { stage: 'after', how: 'reset' } }],
  ],
  [
    'an answer that is replaced',
    [address('a'), address('a')],
    [{ delay: '2s' }, { respond: { error: 'internal_error', stage: 'after' } }],
  ],
  ['a provider that refuses in flight', [paywardCall(), paywardCall()]],
  ['no key at all', [cpgCall(undefined), cpgCall(undefined)]],
  ['20 calls over 7 keys', Array.from({ length: 20 }, (_, index) => address(`k${index % 7}`))],
])(
  'sandgate.replay.order: the first call is held while the others come: %s',
  async (_, made, then = [{ delay: '2s' }]) => {
    const stage = await Stage.open()
    const { box } = stage
    await box.control('POST', '/faults', { when: { provider: made[0]!.client.name, nth: 1 }, then })
    for (const { client, request } of made) await stage.begin(box.call(client, request))
    await equal(await stage.recording())
    await stage.end()
    const replay = await equal(await stage.recording())
    expect(rows(replay.world.dump())).toEqual(rows(box.world.dump()))
  },
)

test('calls that come in one piece of one connection begin together', async () => {
  const stage = await Stage.open()
  const { box } = stage
  const bytes = ['a', 'b', 'a'].map((user) => {
    box.passWall(1000)
    const { path, headers = {}, body } = cpg.sign(allocation({ user_identifier: user }), box.wallMs)
    const head = Object.entries({
      host: 'localhost',
      'content-length': String(Buffer.byteLength(body!)),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}`)
    return [`POST /cpg${path} HTTP/1.1`, ...head, '', body].join('\r\n')
  })
  const { hostname, port } = new URL(box.url)
  const socket = connect(Number(port), hostname)
  let answered = ''
  socket.on('data', (chunk) => (answered += chunk)).write(bytes.join(''))
  await expect.poll(() => answered.match(/HTTP\/1.1 200/g)?.length).toBe(3)
  socket.destroy()
  await equal(await stage.recording())
})

test('a world made new while a call is held: the call ends in the old one, and the new one is recorded from its beginning', async () => {
  const stage = await Stage.open()
  const { box } = stage
  await box.control('POST', '/faults', { when: { nth: 1 }, then: [{ delay: '2s' }] })
  await stage.begin(box.call(cpg, allocation({ user_identifier: 'a' })))
  await box.control('POST', '/reset', { seed: 'another' })
  await box.call(cpg, allocation({ user_identifier: 'b' }))
  await stage.end()
  const recording = await stage.recording()
  expect(recording.journal.filter(({ kind }) => kind === 'call')).toHaveLength(1)
  await equal(recording)
})

test('a call that is not answered yet has used up its rule, in the recording too', async () => {
  const stage = await Stage.open()
  const { box } = stage
  await box.control('POST', '/faults', { when: { nth: 1 }, then: [{ delay: '2s' }] })
  await box.control('POST', '/faults', { when: { nth: 2 }, then: [{ respond: { error: 'unavailable' } }] })
  await stage.begin(box.call(cpg, allocation({ user_identifier: 'a', idempotency_key: 'k' })))
  expect((await box.call(cpg, allocation({ user_identifier: 'a' }))).status).toBe(503)
  const recording = await stage.recording()
  expect(recording.under_way).toHaveLength(1)
  const replay = new Replay(recording, providers)
  expect(summary(await replay.play(), recording)).toContain('1 call had come and was not answered yet')
  // Somebody who looks around there is not held up by it.
  replay.release(() => box.wallMs)
  const served = new Sandbox(replay.engine, {})
  const url = await served.listen()
  const again = cpg.sign(allocation({ user_identifier: 'a', idempotency_key: 'k' }), box.wallMs)
  const answer = await fetch(`${url}/cpg${again.path}`, { method: 'POST', headers: again.headers!, body: again.body! })
  await served.close()
  expect(answer.status).toBe(200)
  await stage.end()
})

test('files without an order: who waits for a call that is answered later is told as a difference, and nothing waits for ever', async () => {
  const stage = await Stage.open()
  const { box } = stage
  await box.control('POST', '/faults', { when: { nth: 1 }, then: [{ delay: '2s' }] })
  for (const { client, request } of [address('a'), address('a')]) await stage.begin(box.call(client, request))
  await stage.end()
  const recording = await stage.recording()
  // As it was written before: what began when no entry lay in between was not told.
  const older = recording.journal.map((step) => {
    const { began, resumed: _, order: __, ...rest } = step as any
    return began && began.entry < rest.entry ? { ...rest, began: { entry: began.entry, at: began.at } } : rest
  })
  const file = readRecording(JSON.stringify({ ...recording, journal: older }))
  const played = await new Replay(file, providers).play()
  const told = report(played.differs!, played)
  expect(told).toContain('where:    answer')
  expect(told).toContain('waits for the one in flight with its idempotency key')
  expect(told).toContain('record it again')
  expect((await minimise(file, providers)).differs.where).toBe('answer')
})
