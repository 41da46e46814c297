// Scenarios and faults: what a file may say, how it is told what is wrong with it, which calls its rules strike and in which order, what the
// actions do on the wire, the timeline, loading and unloading.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { checkFiles } from '../src/scenario/check.ts'
import { scenarioJsonSchema } from '../src/scenario/schema.ts'
import { Log } from '../src/telemetry/log.ts'
import { contractOf } from '../src/contract/contracts.ts'
import { createSandbox, findProviders } from '../src/app.ts'
import { HandOuts } from '../src/world/world.ts'
import { client as alphapo } from './clients/alphapo.ts'
import { allocation, client } from './clients/cpg.ts'
import { client as payward, clientOf as paywardOf, KEYS as PAYWARD_KEYS } from './clients/payward.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { Inbox, type Kit, type Reply, type Request, START, start } from './kit.ts'

const providers = await findProviders()
const cpg = client
/** Its nonces may come out of order, as they do when calls are made side by side. */
const paywardInParallel = paywardOf(PAYWARD_KEYS.window)
const known = { providers, contract: contractOf }
const folder = mkdtempSync(join(tmpdir(), 'sandgate-scenario-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(text: string, name = 'story.yaml'): string {
  const path = join(mkdtempSync(join(folder, 'one-')), name)
  writeFileSync(path, text)
  return path
}

/** Wall time in the test's hand: a wait is noted, and over when the test says so. */
class Waits {
  readonly asked: number[] = []
  readonly #open: (() => void)[] = []
  #told: (() => void)[] = []
  readonly pause = (ms: number): Promise<void> => {
    this.asked.push(ms)
    for (const tell of this.#told.splice(0)) tell()
    return new Promise((go) => this.#open.push(go))
  }

  /** Resolves when that many waits were asked for. */
  async begun(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise<void>((tell) => this.#told.push(tell))
  }

  end(): void {
    for (const go of this.#open.splice(0)) go()
  }
}

async function put(box: Kit, text: string, query = ''): Promise<Reply> {
  return box.raw('PUT', `/_sandgate/scenario${query}`, { 'content-type': 'application/yaml' }, text)
}

async function load(box: Kit, text: string): Promise<any> {
  const reply = await put(box, text)
  if (reply.status !== 200) throw new Error(reply.text)
  return reply.json
}

/** Makes a CPG call whose answer need not be on contract. */
async function bent(box: Kit, request: Request = allocation({})): Promise<Reply> {
  box.passWall(1000)
  const { method, path, headers, body } = client.sign(request, box.wallMs)
  return box.raw(method, `/cpg${path}`, headers, body)
}

/** The statuses of several calls, one after another; `cut` where there was no answer. */
async function statuses(
  box: Kit,
  count: number,
  request: (index: number) => Request = () => allocation({}),
): Promise<(number | 'cut')[]> {
  const seen: (number | 'cut')[] = []
  for (let index = 0; index < count; index++)
    seen.push(
      await bent(box, request(index)).then(
        ({ status }) => status,
        () => 'cut' as const,
      ),
    )
  return seen
}

const rule = (when: string, then: string) =>
  `rules: [{ when: { provider: cpg, operation: createDepositAddress${when} }, then: [${then}] }]\n`
const UNAVAILABLE = 'respond: { error: unavailable }'

describe('what a file may say', () => {
  const EXAMPLE = `
name: late-deposit
summary: The payer sends the money an hour after the address stopped being shown.
rules:
  - when:
      provider: cpg
      operation: createDepositAddress
      body: { user_identifier: user_8721 }
      nth: 1
    then:
      - deposit: { amount: "100", after: 4h }
  - when: { provider: cpg, operation: createDepositAddress, nth: 2 }
    then:
      - drop: { stage: after, how: reset }
timeline:
  - at: 2h
    do: { callbacks: { provider: cpg, how: pause } }
`

  test('the example of the manual is taken as YAML and as JSON, and read back with what has fired', async () => {
    const box = await start()
    for (const [type, text] of [
      ['application/yaml', EXAMPLE],
      ['application/json', JSON.stringify(parse(EXAMPLE))],
      ['text/plain', EXAMPLE],
    ] as const) {
      expect((await box.raw('PUT', '/_sandgate/scenario', { 'content-type': type }, text)).status).toBe(200)
    }
    await load(box, EXAMPLE)
    await box.call(client, allocation({ user_identifier: 'user_8721' }))
    const { id } = (await box.control('POST', '/faults', { when: { operation: 'ping' }, then: [{ delay: '1s' }] })).json
    expect((await box.control('GET', '/scenario')).json).toEqual({
      name: 'late-deposit',
      stories: [
        {
          name: 'late-deposit',
          summary: 'The payer sends the money an hour after the address stopped being shown.',
          source: 'body',
        },
      ],
      seed: null,
      clock: null,
      started_at: START,
      rules: [
        {
          id: 'late-deposit.1',
          source: 'body:5',
          when: { provider: 'cpg', operation: 'createDepositAddress', body: { user_identifier: 'user_8721' }, nth: 1 },
          then: [{ deposit: { amount: '100', after: '4h' } }],
          matched: 1,
          fired: 1,
        },
        {
          id: 'late-deposit.2',
          source: 'body:12',
          when: { provider: 'cpg', operation: 'createDepositAddress', nth: 2 },
          then: [{ drop: { stage: 'after', how: 'reset' } }],
          matched: 1,
          fired: 0,
        },
      ],
      never_fired: ['late-deposit.2', id],
      timeline: [
        {
          id: 'late-deposit.at-1',
          source: 'body:16',
          at: '2h',
          do: { callbacks: { provider: 'cpg', how: 'pause' } },
          due: '2026-05-16T21:00:00.000Z',
          outcome: null,
        },
      ],
    })
  })

  test('sandgate.scenario.format: what is wrong is told with line, place and the nearest right name, and changes nothing', async () => {
    const box = await start()
    const before = await load(box, EXAMPLE)
    const wrong: [text: string, complaint: string][] = [
      ['nam: x\n', 'body:1: nam: unknown key; did you mean name?'],
      [
        `name: x\n${rule('', 'deposit: { amuont: "1" }')}`,
        'body:2: rules.0.then.0.deposit.amuont: unknown key; did you mean amount?',
      ],
      [rule('', 'responds: {}'), 'unknown key; did you mean respond?'],
      [rule(', nht: 1', UNAVAILABLE), 'body:1: rules.0.when.nht: unknown key; did you mean nth?'],
      [
        'rules:\n  - when: { provider: cgp }\n    then: [{ corrupt: { how: empty } }]\n',
        'body:2: rules.0.when.provider: there is no provider "cgp"; did you mean cpg?',
      ],
      [
        'rules:\n  - when:\n      provider: cpg\n      operation: createDepositAdress\n    then: [{ corrupt: { how: empty } }]\n',
        'body:4: rules.0.when.operation: CPG has no operation "createDepositAdress"; did you mean createDepositAddress?',
      ],
      [rule('', 'respond: { error: unavailabel }'), 'CPG has no error "unavailabel"; did you mean unavailable?'],
      ['rules: [{ when: {}, then: [{ respond: { error: missing_headers } }] }]', 'have no error "missing_headers"'],
      [
        'rules: [{ when: { operation: getPing }, then: [{ corrupt: { how: empty } }] }]',
        'no provider has an operation "getPing"; did you mean ping?',
      ],
      [rule('', 'drop: { stage: after, how: resett }'), '"resett" is none of reset, close, hang; did you mean reset?'],
      [rule('', 'drop: { stage: aftr, how: reset }'), 'did you mean after?'],
      [rule('', 'deposit: { amount: 100 }'), 'expected decimal text in quotes, such as "12.5"'],
      [rule('', 'deposit: { amount: "1e3" }'), 'expected decimal text such as "12.5"'],
      [rule('', 'deposit: { amount: "1", after: 4 }'), 'expected a duration such as 90s, 15m, 4h, 7d or PT4H'],
      [rule('', 'delay: soon'), 'expected a duration such as 90s'],
      [rule('', 'delay: { min: 2s, max: 1s }'), 'min is longer than max'],
      [rule('', 'delay: 99h'), 'is longer than the maximum of 1 hours'],
      [rule('', 'deposit: { amount: "1", confirmations: instantly }'), 'confirmations'],
      [
        rule('', 'deposit: { amount: "1", confirmations: 2, outcome: dropped }'),
        'body:1: rules.0.then.0.deposit.confirmations: a dropped transaction is never mined',
      ],
      [
        'timeline: [{ at: 2h, do: { deposit: { provider: cpg, amount: "1", confirmations: 1, outcome: replaced } } }]',
        'timeline.0.do.deposit.confirmations: a replaced transaction is never mined',
      ],
      [
        'rules: [{ when: { provider: alphapo }, then: [{ callbacks: { how: stale-timestamp } }] }]',
        'body:1: rules.0.then.0.callbacks.how: callbacks of AlphaPo have no timestamp that could be stale',
      ],
      [
        'timeline: [{ at: 2h, do: { callbacks: { provider: alphapo, how: stale-timestamp } } }]',
        'timeline.0.do.callbacks.how: callbacks of AlphaPo have no timestamp',
      ],
      [rule('', 'respond: { status: 999 }'), '<=599'],
      [rule('', 'respond: {}'), 'set either error'],
      [rule('', 'respond: { error: unavailable, status: 503 }'), 'set either error'],
      [rule('', 'respond: { status: 503, headers: { "a b": x } }'), 'respond.headers'],
      [
        rule('', 'respond: { status: 503, headers: { a: "x\\r\\ny: z" } }'),
        'has characters that are not allowed in a header',
      ],
      [rule('', 'respond: { status: 503, headers: { Content-Length: 5 } }'), 'set by Sandgate'],
      [rule('', 'callbacks: { how: delay }'), 'a delay requires by'],
      [rule('', '{}'), 'expected one action per item'],
      [
        rule('', 'corrupt: { how: empty }, deposit: { amount: "1" }')
          .replace('[corrupt', '[{ corrupt')
          .replace('"1" }]', '"1" } }]'),
        'expected one action per item',
      ],
      [rule(', nth: 0', UNAVAILABLE), '>=1'],
      [rule(', probability: 2', UNAVAILABLE), '<=1'],
      ['rules: [{ when: {}, then: [] }]', 'rules.0.then'],
      ['rules: [{ then: [{ corrupt: { how: empty } }] }]', 'rules.0.when'],
      ['clock: yesterday\n', 'expected real, or an instant'],
      ['timeline: [{ at: 2h, do: { callbacks: { how: pause } } }]', 'callbacks.provider'],
      ['timeline: [{ at: 2h, do: { callbacks: { provider: xpg, how: pause } } }]', 'did you mean cpg?'],
      ['timeline: [{ at: 2h, do: { deposit: { amount: "1" } } }]', 'set the target'],
      [
        'timeline: [{ at: 2h, do: { outage: { provider: cpg, for: 1m, respond: { error: nope } } } }]',
        'has no error "nope"',
      ],
      ['timeline: [{ at: -2h, do: { callbacks: { provider: cpg, how: pause } } }]', 'expected a duration'],
      ['timeline: [{ at: 0s, do: { clock: { by: 1d } } }]', 'timeline.0.at: the clock leaps while it is moved'],
      ['timeline: [{ at: 1h, do: { clock: { by: 91d } } }]', 'is longer than the maximum'],
      ['a: [1\n', 'body:'],
      ['a: 1\na: 2\n', 'body:2: Map keys must be unique'],
      ['- 1\n', 'body:1: the file'],
      ['5', 'body:1: the file'],
      ['a: *nobody\n', 'nobody'],
      ['a: !!js/function x\n', 'body:1'],
      ['---\nname: a\n---\nname: b\n', 'body'],
    ]
    for (const [text, complaint] of wrong) {
      const reply = await put(box, text)
      expect([reply.status, reply.json.detail], text).toEqual([422, expect.stringContaining(complaint)])
      expect(reply.headers['content-type']).toContain('application/problem+json')
    }
    expect((await box.control('GET', '/scenario')).json).toEqual(before)
  })

  test('everything that is wrong is told at once', async () => {
    const box = await start()
    const reply = await put(
      box,
      'rules:\n  - when: { provider: cgp }\n    then: [{ corrupt: { how: empty } }]\n  - when: { provider: cpg, operation: x }\n    then: [{ respond: { error: y } }]\n',
    )
    expect(reply.json.problems).toHaveLength(3)
  })

  test('sandgate.scenario.bounds: 1 MiB, 100 aliases, no bombs, and the server goes on', async () => {
    const box = await start()
    const bomb = [
      'a0: &a0 [x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`),
    ].join('\n')
    const aliases = (count: number) =>
      `summary: &s x\nrules:\n  - when: { body: [${Array(count).fill('*s').join(', ')}] }\n    then: [{ corrupt: { how: empty } }]\n`
    expect((await put(box, 'x'.repeat(10 * 1024 * 1024))).status).toBe(413)
    for (const [text, complaint] of [
      [bomb, 'alias'],
      [aliases(101), 'has 101 aliases; at most 100 are read'],
      [`a: &a [${'x'.repeat(500_000)}]\nb: &b [*a, *a, *a, *a, *a]\nc: [*b, *b, *b]\n`, 'amount to more than 4 MiB'],
      [`rules: ${'['.repeat(50_000)}`, ''],
      ...['[', '{', '- ', '? ', ']', '&a ', '? a\n', 'a: b: c\n', 'k: 1\n'].map(
        (piece) => [piece.repeat(Math.floor(1_000_000 / piece.length)), ''] as const,
      ),
      [`rules: ${'['.repeat(5_000)}${']'.repeat(5_000)}`, ''],
      [
        `rules: [{ when: { body: ${'{ a: '.repeat(200)}1${' }'.repeat(200)} }, then: [{ corrupt: { how: empty } }] }]`,
        'nested deeper than 100 levels',
      ],
      [`rules: [${Array(1001).fill('{ when: {}, then: [{ corrupt: { how: empty } }] }').join(', ')}]`, '<=1000'],
    ] as const) {
      const reply = await put(box, text)
      expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining(complaint)])
    }
    expect((await put(box, aliases(100))).status).toBe(200)
    expect((await box.raw('PUT', '/_sandgate/scenario', {}, Buffer.from([0x22, 0xff, 0x22]) as never)).status).toBe(422)
    expect((await box.call(client, { method: 'GET', path: '/v1/_ping' })).status).toBe(200)
  })

  test('sandgate.scenario.regex: RE2, so that none can explode; what RE2 does not take, or is too large, is refused', async () => {
    const box = await start()
    const matching = (regex: string) => rule(`, body: { user_identifier: '${regex}' }`, UNAVAILABLE)
    for (const regex of [
      '/(a)\\1/',
      '/(?=a)b/',
      '/[/',
      '/a{2000}/',
      `/${'a'.repeat(5000)}/`,
      '/(a{900}){900}/',
      '/a{1000}b{1000}c{1000}/',
    ]) {
      const reply = await put(box, matching(regex))
      expect([reply.status, reply.json.detail], regex).toEqual([
        422,
        expect.stringContaining('rules.0.when.body.user_identifier'),
      ])
    }
    const many = Array.from(
      { length: 30 },
      (_, i) => `{ when: { body: { a: '/a{900}${i}/' } }, then: [{ corrupt: { how: empty } }] }`,
    )
    expect((await put(box, `rules: [${many.join(', ')}]`)).json.detail).toContain('too expensive')

    await load(box, matching('/(a*)*b/'))
    expect(await statuses(box, 1, () => allocation({ user_identifier: 'a'.repeat(200) }))).toEqual([200])
    expect(await statuses(box, 1, () => allocation({ user_identifier: `${'a'.repeat(200)}b` }))).toEqual([503])
  })

  test('keys that are no keys reach nothing', async () => {
    const box = await start()
    await load(
      box,
      `rules: [{ when: { provider: cpg, body: { __proto__: { a: 1 }, constructor: x } }, then: [{ ${UNAVAILABLE} }] }]`,
    )
    expect(await statuses(box, 1)).toEqual([200])
    expect(({} as any).a).toBeUndefined()
  })

  test('the JSON Schema for editors takes what the reader takes', () => {
    const validate = new Ajv2020({ strict: false }).compile(scenarioJsonSchema())
    expect(validate(parse(EXAMPLE)), JSON.stringify(validate.errors)).toBe(true)
    for (const wrong of [
      { nam: 'x' },
      { rules: [{ when: {}, then: [{}] }] },
      { rules: [{ when: {}, then: [{ drop: { how: 'x' } }] }] },
    ])
      expect(validate(wrong)).toBe(false)
  })
})

describe('which calls a rule strikes', () => {
  test.each([
    ['', [503, 503, 503, 503, 503, 503]],
    [', nth: 2', [200, 503, 200, 200, 200, 200]],
    [', times: 2', [503, 503, 200, 200, 200, 200]],
    [', every: 3', [200, 200, 503, 200, 200, 503]],
    [', every: 2, times: 4', [200, 503, 200, 503, 200, 200]],
    [', probability: 1', [503, 503, 503, 503, 503, 503]],
    [', probability: 0', [200, 200, 200, 200, 200, 200]],
  ])('sandgate.scenario.counting: {operation%s}', async (when, expected) => {
    const box = await start()
    await load(box, rule(when, UNAVAILABLE))
    expect(await statuses(box, 6)).toEqual(expected)
  })

  test('only calls that match are counted, whatever became of them', async () => {
    const box = await start()
    await load(box, rule(', body: { user_identifier: u }, nth: 2', UNAVAILABLE))
    expect(await statuses(box, 4, (index) => allocation({ user_identifier: index % 2 === 0 ? 'u' : 'v' }))).toEqual([
      200, 200, 503, 200,
    ])
    expect((await box.control('GET', '/scenario')).json.rules[0]).toMatchObject({ matched: 2, fired: 1 })
  })

  test('sandgate.scenario.probability: the seed decides, and the name of the rule', async () => {
    const runs: (number | 'cut')[][] = []
    for (const [seed, name] of [
      ['one', 'a'],
      ['one', 'a'],
      ['two', 'a'],
      ['one', 'b'],
    ]) {
      const box = await start({ seed: seed! })
      await load(box, `name: ${name}\n${rule(', probability: 0.5', UNAVAILABLE)}`)
      runs.push(await statuses(box, 30))
    }
    expect(runs[0]).toEqual(runs[1])
    expect(runs[0]).not.toEqual(runs[2])
    expect(runs[0]).not.toEqual(runs[3])
    expect(new Set(runs[0])).toEqual(new Set([200, 503]))
  })

  test('sandgate.scenario.matching: by subset, arrays by position, text as it is or as a regex; body, headers, query and path', async () => {
    const box = await start()
    const calls: [when: string, request: Request, struck: boolean][] = [
      ['body: { user_identifier: u }', allocation({ user_identifier: 'u' }), true],
      ['body: { user_identifier: u }', allocation({ user_identifier: 'uu' }), false],
      ['body: { user_identifier: /^u+$/ }', allocation({ user_identifier: 'uu' }), true],
      ['body: { user_identifier: u, currency: USDC }', allocation({ user_identifier: 'u' }), false],
      ['body: { missing: null }', allocation({}), false],
      ['headers: { X-Request-Id: /^a/ }', { ...allocation({}), headers: { 'x-request-id': 'abc' } }, true],
      ['headers: { x-request-id: b }', { ...allocation({}), headers: { 'x-request-id': 'abc' } }, false],
      ['path: { request_id: 7 }', { method: 'GET', path: '/v1/deposit-requests/7' }, true],
      ['path: { request_id: "7" }', { method: 'GET', path: '/v1/deposit-requests/7' }, true],
      ['path: { request_id: "/^[1-6]$/" }', { method: 'GET', path: '/v1/deposit-requests/7' }, false],
    ]
    for (const [when, request, struck] of calls) {
      await load(box, `rules: [{ when: { provider: cpg, ${when} }, then: [{ ${UNAVAILABLE} }] }]`)
      expect((await bent(box, request)).status === 503, when).toBe(struck)
    }
    await load(
      box,
      `rules: [{ when: { provider: zopay, query: { limit: 5, order: /a/ } }, then: [{ ${UNAVAILABLE} }] }]`,
    )
    expect((await box.raw('GET', '/zopay/connect/v1/addresses?limit=5')).status).not.toBe(503)
    await load(box, `rules: [{ when: { provider: zopay, query: { limit: 5 } }, then: [{ ${UNAVAILABLE} }] }]`)
    expect((await box.raw('GET', '/zopay/connect/v1/addresses?limit=5')).status).toBe(503)
  })

  test('sandgate.faults.atomic: of calls that come at once, a rule strikes as many as it says', async () => {
    const box = await start()
    await load(box, rule(', nth: 3', UNAVAILABLE))
    const replies = await Promise.all(Array.from({ length: 12 }, () => bent(box)))
    expect(replies.filter(({ status }) => status === 503)).toHaveLength(1)
    expect((await box.control('GET', '/scenario')).json.rules[0]).toMatchObject({ matched: 12, fired: 1 })
  })
})

describe('what happens to a call', () => {
  test('every refusal of every provider can be asked for, in its own dialect', async () => {
    const box = await start()
    for (const { name, refusals } of providers.values()) {
      for (const error of Object.keys(refusals)) {
        const armed = await box.control('POST', '/faults', { when: { provider: name }, then: [{ respond: { error } }] })
        expect(armed.status, armed.text).toBe(201)
        const reply = await box.raw('GET', `/${name}/anything`)
        const { kind, notes } = await box.entry(reply)
        expect([kind, notes.bug], `${name} ${error}`).toEqual(['call', undefined])
        expect((await box.control('DELETE', '/faults')).status).toBe(204)
      }
    }
  })

  test('an answer as it stands, before or after the work', async () => {
    const box = await start()
    await load(
      box,
      rule(
        ', nth: 1',
        'respond: { status: 418, headers: { X-Tea: green, retry-after: 3 }, body: { no: coffee } }',
      ).replace(
        ']\n',
        `, ${rule(', nth: 2', 'respond: { stage: after, status: 502, body: "<h1>" , headers: { content-type: text/html } }').slice(8)}`,
      ),
    )
    const first = await bent(box)
    expect([first.status, first.headers['x-tea'], first.headers['retry-after'], first.json]).toEqual([
      418,
      'green',
      '3',
      { no: 'coffee' },
    ])
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(0)
    const second = await bent(box)
    expect([second.status, second.headers['content-type'], second.text]).toEqual([502, 'text/html', '<h1>'])
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(1)
  })

  test.each([
    ['before', 'reset', 0],
    ['after', 'reset', 1],
    ['before', 'close', 0],
    ['after', 'close', 1],
  ])('a connection that is cut %s the work: %s', async (stage, how, addresses) => {
    const box = await start()
    await load(box, rule(', nth: 1', `drop: { stage: ${stage}, how: ${how} }`))
    expect(await statuses(box, 1)).toEqual(['cut'])
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(addresses)
    expect((await box.call(client, allocation({}))).status).toBe(200)
  })

  test('an answer that never comes', async () => {
    const box = await start()
    await load(box, rule('', 'drop: { stage: after, how: hang }'))
    const waiting = statuses(box, 1)
    for (let done = 0; done === 0;) done = (await box.control('GET', '/journal?kind=fault')).json.data.length
    expect(box.world.list(HandOuts, 'all', '')).toHaveLength(1)
    // Whoever still waits does not keep the sandbox from closing.
    await box.sandbox.close()
    expect(await waiting).toEqual(['cut'])
  })

  test('an answer that is spoiled: invalid, of the wrong type, empty, truncated; what is kept for a repeat is not', async () => {
    const box = await start()
    const keyed = allocation({ idempotency_key: 'once' })
    for (const how of ['invalid-json', 'wrong-type', 'empty']) {
      await load(box, rule(', nth: 1', `corrupt: { how: ${how} }`))
      const { status, headers, text, json } = await bent(box, keyed)
      expect([status, json]).toEqual([200, undefined])
      expect(headers['content-type']).toBe(how === 'wrong-type' ? 'text/html' : 'application/json')
      expect(text === '').toBe(how === 'empty')
      expect((await box.call(client, keyed)).json.data.request_id).toBe(1)
    }
    await load(box, rule(', nth: 1', 'corrupt: { how: truncate }'))
    expect(await statuses(box, 2, () => keyed)).toEqual(['cut', 200])
  })

  test('an answer that drips', async () => {
    const waits: number[] = []
    const box = await start({ pause: async (ms) => void waits.push(ms) })
    const whole = await box.call(client, { method: 'GET', path: '/v1/_ping' })
    await load(box, 'rules: [{ when: { provider: cpg }, then: [{ throttle: { bytesPerSecond: 100 } }] }]')
    expect((await box.call(client, { method: 'GET', path: '/v1/_ping' })).text).toBe(whole.text)
    expect(waits).toEqual(Array(Math.ceil(whole.text.length / 10)).fill(100))
    for (const bytesPerSecond of [1, 15, 999]) {
      waits.length = 0
      await load(
        box,
        `rules: [{ when: { provider: cpg }, then: [{ throttle: { bytesPerSecond: ${bytesPerSecond} } }] }]`,
      )
      expect((await box.call(client, { method: 'GET', path: '/v1/_ping' })).text).toBe(whole.text)
      expect(waits).toEqual(Array(Math.ceil((whole.text.length * 10) / bytesPerSecond)).fill(100))
    }
  })

  test('an answer that drips and breaks off', async () => {
    const box = await start({ pause: async () => undefined })
    await load(
      box,
      'rules: [{ when: { provider: cpg, times: 1 }, then: [{ throttle: { bytesPerSecond: 100 } }, { corrupt: { how: truncate } }] }]',
    )
    expect(await statuses(box, 2)).toEqual(['cut', 200])
  })

  test('a delay is wall time, seeded between min and max; it holds refusals too, and adds up', async () => {
    const runs: number[][] = []
    for (let run = 0; run < 2; run++) {
      const waits: number[] = []
      const box = await start({ pause: async (ms) => void waits.push(ms) })
      await load(
        box,
        'rules: [{ when: { provider: cpg }, then: [{ delay: { min: 1s, max: 3s } }] }, { when: { provider: cpg, nth: 3 }, then: [{ delay: 10s }, { respond: { error: unavailable } }] }]',
      )
      await bent(box)
      await box.raw('GET', '/cpg/nowhere')
      await bent(box)
      await box.raw('GET', '/cpg/v1/_ping')
      expect(waits).toHaveLength(4)
      for (const [index, ms] of waits.entries())
        expect(ms - (index === 2 ? 10_000 : 0)).toSatisfy((left: number) => left >= 1000 && left <= 3000)
      expect(new Set(waits).size).toBe(4)
      expect(box.world.now).toBe(Date.parse(START))
      runs.push(waits)
    }
    expect(runs[0]).toEqual(runs[1])
  })

  test('sandgate.faults.order: outages, then the scenario, then what was armed at run time; the first respond or drop of a stage decides, delays add up, every deposit comes', async () => {
    const waits: number[] = []
    const box = await start({ pause: async (ms) => void waits.push(ms) })
    await box.control('POST', '/faults', {
      when: { provider: 'cpg' },
      then: [
        { respond: { status: 500 } },
        { delay: '4s' },
        { deposit: { amount: '3' } },
        { corrupt: { how: 'empty' } },
      ],
    })
    await load(
      box,
      `
rules:
  - when: { provider: cpg, nth: 2 }
    then: [{ respond: { status: 501, stage: after } }, { delay: 2s }, { deposit: { amount: "1" } }]
  - when: { provider: cpg }
    then: [{ delay: 1s }, { deposit: { amount: "2" } }, { drop: { stage: after, how: reset } }]
  - when: { provider: cpg, nth: 3 }
    then: [{ respond: { status: 503 } }]
timeline:
  - at: 1h
    do: { outage: { provider: cpg, for: 1m, respond: { status: 599 } } }
`,
    )
    await box.control('DELETE', '/faults')
    await box.control('POST', '/faults', {
      when: { provider: 'cpg', nth: 2 },
      then: [
        { respond: { stage: 'after', status: 500 } },
        { delay: '4s' },
        { deposit: { amount: '3' } },
        { corrupt: { how: 'wrong-type' } },
      ],
    })
    // Second in both counts: 501 of the first rule wins over the cut of the second and over the 500 of the armed one.
    expect(await statuses(box, 4)).toEqual(['cut', 501, 503, 'cut'])
    expect(waits).toEqual([1000, 7000, 1000, 1000])
    expect((await box.control('GET', '/deposits')).json.data.map(({ amount }: any) => amount)).toEqual([
      '2.000000',
      '1.000000',
      '2.000000',
      '3.000000',
      '2.000000',
    ])
    await box.advance('1h')
    expect(await statuses(box, 1)).toEqual([599])
    await box.advance('1m')
    expect(await statuses(box, 1)).toEqual(['cut'])
    const faults = (await box.control('GET', '/journal?kind=fault')).json.data
    expect(faults.map(({ summary }: any) => summary.split(' ')[0])).toEqual([
      'body.2',
      'body.1',
      'body.2',
      'fault_2',
      'body.2',
      'body.3',
      'body.2',
      'body.at-1',
      'body.2',
      'body.2',
    ])
  })
})

describe('sandgate.faults.in-flight: a second call with the key of one that a delay holds', () => {
  const keyed = (request: Request): Request => ({
    ...request,
    headers: { ...request.headers, 'idempotency-key': '9f1c2f4e-5a4f-4b62-9c7e-1d2c3b4a5f60' },
  })
  test.each([
    [
      'cpg waits and gets the same answer',
      cpg,
      'createDepositAddress',
      allocation({ idempotency_key: 'once' }),
      {},
      'same',
      undefined,
    ],
    [
      'zopay waits and gets the same answer',
      zopay,
      'createAddress',
      keyed(zopay.good.createAddress!()),
      {},
      'same',
      undefined,
    ],
    [
      'zopay refuses it where so assumed',
      zopay,
      'createAddress',
      keyed(zopay.good.createAddress!()),
      { assume: { 'zopay.idempotency.in-flight': 'conflict' } },
      409,
      'still in progress',
    ],
    [
      'payward refuses it',
      paywardInParallel,
      'createDepositAddress',
      keyed(payward.good.createDepositAddress!()),
      {},
      409,
      'in progress',
    ],
    [
      'alphapo knows no keys: both do their work',
      alphapo,
      'takeAddress',
      alphapo.good.takeAddress!(),
      {},
      'another',
      undefined,
    ],
  ] as const)('%s', async (_, by, operation, request, options, expected, told) => {
    const waits = new Waits()
    const box = await start({ pause: waits.pause, ...options })
    await load(
      box,
      `rules: [{ when: { provider: ${by.name}, operation: ${operation}, nth: 1 }, then: [{ delay: 2s }] }]`,
    )
    const first = box.call(by, request)
    await waits.begun(1)
    const second = box.call(by, request)
    for (let matched = 0; matched < 2;) matched = (await box.control('GET', '/scenario')).json.rules[0].matched
    // The first one is let go only when the second has had its say, if it has one.
    const early = expected === 'same' ? undefined : await second
    waits.end()
    const [one, two] = await Promise.all([first, second])
    expect(one.status).toBeLessThan(300)
    if (expected === 409) expect([two.status, two.text]).toEqual([409, expect.stringContaining(told)])
    else expect(two.status).toBe(one.status)
    expect(early).toBe(early && two)
    expect(waits.asked).toEqual([2000])
    if (expected === 'same') expect(two.text).toBe(one.text)
  })
})

describe('what comes of a hand-out', () => {
  test('sandgate.faults.deposit: money arrives at the address that this call handed out, as the rule says; not for a repeat, not for a refusal', async () => {
    const box = await start()
    await load(
      box,
      rule(
        '',
        'deposit: { amount: "1.5", after: 4h, repeat: 2 }, deposit: { amount: "2", currency: ETH, confirmations: instant }',
      )
        .replace('2 }, deposit', '2 } }, { deposit')
        .replace('[deposit', '[{ deposit')
        .replace('instant }]', 'instant } }]'),
    )
    const keyed = allocation({ idempotency_key: 'once' })
    const { data } = (await box.call(client, keyed)).json
    await box.call(client, keyed)
    await box.call(client, allocation({ currency: 'NOPE' }))
    const deposits = async () =>
      (await box.control('GET', '/deposits')).json.data.map(({ address, amount, currency, status }: any) => [
        address,
        amount,
        currency,
        status,
      ])
    expect(await deposits()).toEqual([
      [data.address, '1.500000', 'USDT', 'scheduled'],
      [data.address, '1.500000', 'USDT', 'scheduled'],
      [data.address, '2.000000000000000000', 'ETH', 'confirmed'],
    ])
    await box.advance('4h')
    expect((await deposits()).map((row: unknown[]) => row[3])).toEqual(['seen', 'seen', 'confirmed'])
  })

  test('of several addresses the one of the network and currency that is sent, else the first', async () => {
    const box = await start()
    await load(
      box,
      'rules: [{ when: { operation: createPaymentIntent }, then: [{ deposit: { amount: "1" } }, { deposit: { amount: "2", network: solana } }, { deposit: { amount: "3", currency: xaut } }, { deposit: { amount: "4", currency: XAUT, network: solana } }] }]',
    )
    const { json } = await box.call(zopay, post('/payment-intents', { amount: '25.00', currencies: ['USDT', 'XAUT'] }))
    const of = (network: string, asset: string) =>
      json.addresses.find((row: any) => row.network === network && row.asset === asset).address
    const first = (await box.control('GET', '/addresses')).json.data[0].address
    expect((await box.control('GET', '/deposits')).json.data.map(({ address }: any) => address)).toEqual([
      first,
      of('solana', 'USDT'),
      expect.stringMatching(new RegExp(`${of('ethereum', 'XAUT')}|${of('solana', 'XAUT')}`)),
      of('solana', 'XAUT'),
    ])
  })

  test('a deposit that cannot be is told in the journal', async () => {
    const box = await start()
    await load(box, rule('', 'deposit: { amount: "1", currency: DOGE }'))
    const reply = await box.call(client, allocation({}))
    expect(reply.status).toBe(200)
    expect((await box.entry(reply)).notes.deposit).toContain('CPG does not support DOGE on ETH')
  })

  test('sandgate.faults.callbacks: those about the object this call made, as many as the rule says', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.detected', 'deposit.confirmed'] })
    await load(box, rule(', nth: 1', 'callbacks: { how: duplicate, times: 2 }'))
    const one = (await box.call(client, allocation({}))).json.data
    const two = (await box.call(client, allocation({}))).json.data
    for (const { address } of [two, one]) await box.deposit(address, '1', { confirmations: 'instant' })
    expect(inbox.received.map(({ json }) => [json.event, json.data.deposit_request_id])).toEqual([
      ['deposit.detected', 2],
      ['deposit.confirmed', 2],
      ['deposit.detected', 1],
      ['deposit.detected', 1],
      ['deposit.confirmed', 1],
      ['deposit.confirmed', 1],
    ])
  })
})

describe('timeline', () => {
  const TIMELINE = `
name: night
timeline:
  - { at: 1h, do: { callbacks: { provider: cpg, how: pause } } }
  - { at: 2h, do: { deposit: { provider: cpg, user: u, amount: "5", confirmations: instant } } }
  - { at: 2h, do: { deposit: { provider: cpg, user: nobody, amount: "5" } } }
  - { at: 2h, do: { deposit: { provider: cpg, nth: 1, currency: NOPE, amount: "5" } } }
  - { at: 3h, do: { callbacks: { provider: cpg, how: resume } } }
  - { at: 4h, do: { outage: { provider: cpg, for: 10m } } }
  - { at: 5h, do: { outage: { provider: cpg, operation: ping, for: 10m, drop: { how: reset } } } }
`

  test('sandgate.scenario.timeline: each step at its time after the start, whatever is called; what came of it can be read', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.confirmed'] })
    await load(box, TIMELINE)
    await box.call(client, allocation({ user_identifier: 'u' }))
    await box.advance('2h')
    expect((await box.control('GET', '/callbacks?event=deposit.confirmed')).json.data[0].status).toBe('paused')
    expect(inbox.received).toEqual([])
    await box.advance('1h')
    expect(inbox.received.map(({ json }) => json.data.amount)).toEqual(['5.000000'])
    const address = (await box.control('GET', '/addresses')).json.data[0].address
    expect((await box.control('GET', '/scenario')).json.timeline.map(({ outcome }: any) => outcome)).toEqual([
      'callbacks of cpg: pause',
      `dep_1: 5 USDT was sent to ${address}`,
      'nothing was sent: no matching address has been allocated yet',
      `nothing was sent: CPG does not support NOPE on ETH, so it cannot be sent to ${address}`,
      'callbacks of cpg: resume',
      null,
      null,
    ])
    expect((await box.control('GET', '/clock')).json.next.find(({ kind }: any) => kind === 'scenario')).toEqual({
      at: '2026-05-16T23:00:00.000Z',
      provider: 'cpg',
      kind: 'scenario',
      summary: 'outage of cpg, for 10m (unavailable)',
    })
  })

  test.each([
    ['3h', '3599999ms', 200],
    ['3h', '1h', 503],
    ['4h', '599999ms', 503],
    ['4h', '10m', 200],
  ])('sandgate.scenario.outage: %s and %s after the start a call is answered %i', async (by, more, status) => {
    const box = await start()
    await load(box, TIMELINE)
    await box.advance(by)
    await box.advance(more)
    expect(await statuses(box, 1)).toEqual([status])
  })

  test('an outage of one operation leaves the others alone', async () => {
    const box = await start()
    await load(box, TIMELINE)
    await box.advance('5h')
    expect(
      await statuses(box, 2, (index) => (index === 0 ? { method: 'GET', path: '/v1/_ping' } : allocation({}))),
    ).toEqual(['cut', 200])
  })

  const LEAP = `
name: asleep
timeline:
  - { at: 1h, do: { clock: { by: 2d } } }
  - { at: 3h, do: { outage: { provider: cpg, for: 1h } } }
  - { at: 3d, do: { outage: { provider: cpg, for: 1h } } }
`

  test.each([
    ['59m', '2026-05-16T19:59:00.000Z', 200],
    ['1h', '2026-05-18T20:00:00.000Z', 200],
    ['5h', '2026-05-18T20:00:00.000Z', 200],
    ['3d', '2026-05-19T19:00:00.000Z', 503],
  ])('sandgate.scenario.clock: a frozen clock that is moved by %s comes to %s', async (by, now, status) => {
    const box = await start()
    await load(box, LEAP)
    expect((await box.advance(by)).now).toBe(now)
    // What the leap went past has begun and ended at its own time.
    const { timeline } = (await box.control('GET', '/scenario')).json
    expect(timeline.map(({ outcome }: any) => outcome)).toEqual([
      by === '59m' ? null : 'the clock leaps on by 2d',
      by === '59m' ? null : 'outage of cpg, for 1h (unavailable); it has ended',
      by === '3d' ? 'outage of cpg, for 1h (unavailable)' : null,
    ])
    expect(await statuses(box, 1)).toEqual([status])
    if (by !== '59m') expect((await box.advance('1m')).now).toBe(new Date(Date.parse(now) + 60_000).toISOString())
  })

  test('sandgate.scenario.clock: a running clock leaps, and runs on from there', async () => {
    const box = await start()
    await load(box, LEAP)
    await box.advance('59m')
    await box.control('PATCH', '/clock', { mode: 'running' })
    box.passWall(61_000)
    expect((await box.control('GET', '/clock')).json.now).toBe('2026-05-18T20:00:00.000Z')
    box.passWall(60_000)
    expect((await box.control('GET', '/clock')).json.now).toBe('2026-05-18T20:01:00.000Z')
  })

  test('time that is moved until it is quiet sees the timeline to its end', async () => {
    const box = await start()
    await load(box, TIMELINE)
    const { now } = (await box.control('POST', '/clock/advance', { until: 'quiet' })).json
    expect(now).toBe('2026-05-17T00:10:00.000Z')
  })
})

describe('loading', () => {
  test('sandgate.scenario.counters-anew: a scenario that is loaded again begins again', async () => {
    const box = await start()
    const text = `${rule(', nth: 1', UNAVAILABLE)}timeline: [{ at: 1h, do: { outage: { provider: cpg, for: 1h } } }]`
    await load(box, text)
    expect(await statuses(box, 2)).toEqual([503, 200])
    await box.advance('30m')
    await load(box, text)
    expect(await statuses(box, 2)).toEqual([503, 200])
    await box.advance('45m')
    expect(await statuses(box, 1)).toEqual([200])
    await box.advance('15m')
    expect(await statuses(box, 1)).toEqual([503])
  })

  test('sandgate.scenario.unload: rules, outages and the rest of the timeline go; callbacks that were held back leave; armed rules stay', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.confirmed'] })
    await load(
      box,
      `${rule(', every: 2', UNAVAILABLE)}timeline:\n  - { at: 0s, do: { callbacks: { provider: cpg, how: pause } } }\n  - { at: 1s, do: { outage: { provider: cpg, operation: ping, for: 1h } } }\n  - { at: 1h, do: { outage: { provider: cpg, for: 1h } } }\n`,
    )
    await box.control('POST', '/faults', { when: { provider: 'cpg', nth: 4 }, then: [{ respond: { status: 418 } }] })
    const { address } = (await box.call(client, allocation({}))).json.data
    await box.advance('1m')
    await box.deposit(address, '1', { confirmations: 'instant' })
    expect(inbox.received).toEqual([])
    expect((await box.control('DELETE', '/scenario')).status).toBe(204)
    await box.control('POST', '/clock/advance', { until: 'quiet' })
    expect(inbox.received).toHaveLength(1)
    expect((await box.control('GET', '/scenario')).json).toEqual({
      name: null,
      stories: [],
      seed: null,
      clock: null,
      started_at: null,
      rules: [],
      never_fired: ['fault_1'],
      timeline: [],
    })
    expect(await statuses(box, 4)).toEqual([200, 200, 418, 200])
    expect((await box.control('DELETE', '/scenario')).status).toBe(204)
  })

  test('sandgate.scenario.start: a seed or a clock wants a world that is new, or made so', async () => {
    const box = await start()
    const text = `seed: other
clock: 2027-01-01T00:00:00Z
${rule(', nth: 1', UNAVAILABLE)}`
    expect((await put(box, text)).status).toBe(200)
    expect((await box.control('GET', '/clock')).json).toMatchObject({ now: '2027-01-01T00:00:00.000Z', mode: 'frozen' })
    expect(box.world.seed).toBe('other')
    expect((await put(box, text)).status).toBe(200)
    await bent(box)
    const refused = await put(box, text)
    expect([refused.status, refused.json.detail]).toEqual([409, expect.stringContaining('?reset=true')])
    expect((await box.control('GET', '/scenario')).json.rules[0]).toMatchObject({ matched: 1 })
    await box.control('DELETE', '/journal')
    await bent(box)
    await box.control('DELETE', '/journal')
    expect(
      (
        await put(
          box,
          `seed: more
${text.split('\n')[2]}`,
        )
      ).status,
    ).toBe(409)
    expect((await put(box, rule('', UNAVAILABLE))).status).toBe(200)
    const anew = await put(box, text, '?reset=true')
    expect([anew.status, anew.json.rules[0].matched]).toEqual([200, 0])
    expect((await box.control('GET', '/addresses')).json.data).toEqual([])
    expect((await put(box, text, '?reset=maybe')).status).toBe(422)
  })

  test('armed rules: listed in order, disarmed one by one or all together; a rule of the scenario is not theirs to take', async () => {
    const box = await start()
    await load(box, rule('', 'corrupt: { how: empty }'))
    const one = await box.raw(
      'POST',
      '/_sandgate/faults',
      {},
      'when: { provider: cpg, nth: 1 }\nthen:\n  - respond: { status: 418 }\n',
    )
    expect([one.status, one.json]).toEqual([
      201,
      {
        id: 'fault_1',
        source: 'body:1',
        when: { provider: 'cpg', nth: 1 },
        then: [{ respond: { status: 418 } }],
        matched: 0,
        fired: 0,
      },
    ])
    const two = await box.control('POST', '/faults', { when: {}, then: [{ delay: '1s' }] })
    expect((await box.control('GET', '/faults')).json.data).toEqual([one.json, two.json])
    expect((await box.control('DELETE', '/faults/fault_2')).status).toBe(204)
    expect((await box.control('DELETE', '/faults/fault_2')).status).toBe(404)
    expect((await box.control('DELETE', '/faults/body.1')).status).toBe(409)
    expect((await box.control('DELETE', '/faults')).status).toBe(204)
    expect((await box.control('GET', '/faults')).json.data).toEqual([])
    for (const [body, complaint] of [
      [{}, 'when'],
      [{ when: {} }, 'then'],
      [{ when: { provider: 'x' }, then: [{ delay: '1s' }] }, 'there is no provider'],
      [{ when: {}, then: [{ delay: '1s' }], more: 1 }, 'unknown key'],
    ] as const) {
      const reply = await box.control('POST', '/faults', body)
      expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining(complaint)])
    }
  })

  test('a world is made with a scenario, forked with it, and reset without it', async () => {
    const box = await start()
    expect(
      (
        await box.control('POST', '/worlds', {
          id: 'a',
          scenario: {
            name: 'x',
            seed: 'ours',
            rules: [{ when: { provider: 'cpg' }, then: [{ respond: { error: 'unavailable' } }] }],
          },
        })
      ).json.seed,
    ).toBe('ours')
    expect(
      (await box.control('POST', '/worlds', { id: 'b', scenario: 'clock: 2027-01-01T00:00:00Z' })).json.clock.now,
    ).toBe('2027-01-01T00:00:00.000Z')
    expect((await box.control('POST', '/worlds', { id: 'c', scenario: { nam: 1 } })).status).toBe(422)
    await box.control('POST', '/worlds', { id: 'fork', from: 'a' })
    const name = async (world: string) => (await box.raw('GET', `/w/${world}/_sandgate/scenario`)).json?.name
    expect(await Promise.all(['a', 'b', 'fork'].map(name))).toEqual(['x', 'scenario', 'x'])
    expect((await box.raw('GET', '/w/fork/cpg/v1/_ping')).status).toBe(503)
    await box.raw('POST', '/w/a/_sandgate/reset')
    expect(await name('a')).toBe(null)
    expect((await box.control('GET', '/scenario')).json.name).toBe(null)
  })

  test('sandgate.scenario.add-up: several files at the start, in their order; seed and clock of the scenario are the world\u2019s', async () => {
    const files = [
      file(`name: a\nseed: ours\n${rule('', 'respond: { status: 501 }')}`),
      file(`clock: 2027-01-01T00:00:00Z\n${rule('', 'respond: { status: 502 }')}`, 'a.yaml'),
      file('{"rules":[]}', 'c.json'),
    ]
    const box = await start({ scenarios: files, clock: undefined })
    expect(await statuses(box, 1)).toEqual([501])
    const { name, rules } = (await box.control('GET', '/scenario')).json
    expect([name, rules.map(({ id, source }: any) => [id, source])]).toEqual([
      'a + a + c',
      [
        ['a.1', `${files[0]}:3`],
        ['a.1~2', `${files[1]}:2`],
      ],
    ])
    expect([box.world.seed, box.world.now]).toEqual(['ours', Date.parse('2027-01-01T00:00:00Z')])
    await box.control('POST', '/reset')
    expect([(await box.control('GET', '/scenario')).json.rules[0].matched, box.world.seed]).toEqual([0, 'ours'])
    const stubborn = await start({ scenarios: files, seed: 'mine' })
    expect([stubborn.world.seed, stubborn.world.now]).toEqual(['mine', Date.parse(START)])
  })

  test('two different seeds or clocks, a file that is not there, a file that is wrong: nothing starts', async () => {
    for (const [texts, complaint] of [
      [['seed: a', 'seed: b'], 'seed b differs from a in'],
      [['clock: 2027-01-01T00:00:00Z', 'clock: real'], 'clock real differs from 2027-01-01T00:00:00.000Z in'],
      [['seed: a', 'sead: a'], 'sead: unknown key; did you mean seed?'],
    ] as const) {
      await expect(createSandbox({ scenarios: texts.map((text) => file(text)) })).rejects.toThrow(complaint)
    }
    await expect(createSandbox({ scenarios: [join(folder, 'none.yaml')] })).rejects.toThrow('none.yaml: cannot be read')
    await expect(createSandbox({ scenarios: [file('seed: a'), file('seed: a')] })).resolves.toBeTruthy()
  })

  test('sandgate.scenario.reload: an edit is loaded, a broken one keeps the old story running and is told once', async () => {
    const path = file(`name: one\n${rule('', UNAVAILABLE)}`)
    const warned: string[] = []
    const lines: string[] = []
    const log = new Log({ format: 'pretty', write: (text) => lines.push(text) })
    const box = await start({ scenarios: [path], warn: (line) => warned.push(line), log })
    expect(await statuses(box, 1)).toEqual([503])
    expect(box.sandbox.engine.scenarios.reload()).toBe('unchanged')
    writeFileSync(path, `name: two\n${rule('', 'respond: { error: unavailble }')}`)
    expect([box.sandbox.engine.scenarios.reload(), box.sandbox.engine.scenarios.reload()]).toEqual([
      'broken',
      'unchanged',
    ])
    expect(warned).toEqual([
      `${path}:2: rules.0.then.0.respond.error: CPG has no error "unavailble"; did you mean unavailable? (the previous scenario stays loaded)`,
    ])
    expect((await box.control('GET', '/scenario')).json).toMatchObject({ name: 'one', rules: [{ matched: 1 }] })
    writeFileSync(path, `name: three\nseed: new\n${rule('', 'respond: { status: 501 }')}`)
    expect(box.sandbox.engine.scenarios.reload()).toBe('changed')
    expect(await statuses(box, 1)).toEqual([501])
    expect(warned[1]).toContain('next reset')
    log.flush()
    expect(lines.join('')).toMatch(/^\d\d:\d\d:\d\d the scenario files changed and were loaded again: three$/m)
    await box.control('POST', '/reset')
    expect(box.world.seed).toBe('new')
  })

  test('a file is watched: saved in place, or put in its place', async () => {
    const path = file(`name: one\n${rule('', UNAVAILABLE)}`)
    let told = (_: string) => undefined as void
    const box = await start({ scenarios: [path], warn: (line) => told(line) })
    const warned = new Promise<string>((tell) => (told = tell))
    writeFileSync(path, 'nam: x')
    expect(await warned).toContain(`${path}:1: nam: unknown key; did you mean name?`)
    expect((await box.control('GET', '/scenario')).json.name).toBe('one')
  })
})

describe('check', () => {
  const check = (...texts: string[]) => {
    const paths = texts.map((text, index) => file(text, `${index + 1}.yaml`))
    const { errors, warnings, told } = checkFiles(paths, known)
    const short = (lines: readonly string[]) =>
      lines.map((line) => paths.reduce((text, path, index) => text.replaceAll(path, `${index + 1}.yaml`), line))
    return { errors: short(errors), warnings: short(warnings), told: short(told) }
  }

  test('what is wrong with each file, and with all of them together', () => {
    expect(check('nam: x', 'clok: y').errors).toEqual([
      '1.yaml:1: nam: unknown key; did you mean name?',
      '2.yaml:1: clok: unknown key; did you mean clock?',
    ])
    expect(check('seed: a', 'seed: b').errors).toEqual([
      '2.yaml: seed b differs from a in 1.yaml; a world has only one seed',
    ])
    expect(check(rule('', UNAVAILABLE))).toMatchObject({ errors: [], warnings: [] })
  })

  test('the timeline in order, without running it', () => {
    const { told } = check(
      `name: night\nsummary: All of it.\nseed: s\nclock: 2027-01-01T00:00:00Z\ntimeline:\n  - { at: 90m, do: { outage: { provider: cpg, for: 10m } } }\n  - { at: 0s, do: { callbacks: { provider: zopay, how: delay, by: 5m, times: 3 } } }\n  - { at: 1d, do: { deposit: { provider: cpg, user: u, amount: "5", repeat: 2 } } }\n`,
    )
    expect(told).toEqual([
      '1.yaml: night: All of it.',
      '0 rules, 3 steps, seed s, clock 2027-01-01T00:00:00.000Z',
      '  at 0s  callbacks of zopay: delay (the next 3, by 5m)  (1.yaml:7)',
      '  at 90m  outage of cpg, for 10m (unavailable)  (1.yaml:6)',
      '  at 1d  deposit of 5, 2 times, to cpg, u  (1.yaml:8)',
    ])
  })

  test.each([
    [rule(', nth: 3, times: 2', UNAVAILABLE), 'can never fire: nth 3 is greater than times 2'],
    [rule(', nth: 3, every: 2', UNAVAILABLE), 'can never fire: nth 3 is not a multiple of every 2'],
    [rule(', every: 3, times: 2', UNAVAILABLE), 'can never fire: every 3 is greater than times 2'],
    [rule(', probability: 0', UNAVAILABLE), 'can never fire: its probability is 0'],
    [
      'rules: [{ when: { provider: cpg, operation: getDepositRequest, body: { a: 1 } }, then: [{ corrupt: { how: empty } }] }]',
      'can never fire: getDepositRequest has no body',
    ],
    [
      'rules: [{ when: { provider: cpg, operation: getDepositRequest, path: { id: 1 } }, then: [{ corrupt: { how: empty } }] }]',
      'can never fire: getDepositRequest has no path value "id"',
    ],
    [
      'rules: [{ when: { provider: cpg, operation: getDepositRequest }, then: [{ deposit: { amount: "1" } }] }]',
      'has no effect: getDepositRequest allocates no address',
    ],
    [
      'rules: [{ when: { provider: alphapo, operation: listCurrencies }, then: [{ deposit: { amount: "1" } }] }]',
      'has no effect: listCurrencies allocates no address',
    ],
    [
      rule('', `{ ${UNAVAILABLE} }, { deposit: { amount: "1" } }`),
      '1.1: its deposit never applies: the call is never executed',
    ],
    [
      rule('', `{ drop: { how: reset } }, { ${UNAVAILABLE} }`),
      '1.1: its respond never applies: the drop of the same rule already decides the stage "before"',
    ],
    [
      rule('', '{ drop: { how: reset } }, { corrupt: { how: empty } }'),
      'its corrupt never applies: the connection is dropped',
    ],
    [
      `rules:\n  - { when: { provider: cpg }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, operation: ping }, then: [{ drop: { how: reset } }] }`,
      '1.yaml:3: 1.2 has no effect: 1.1 (1.yaml:2) already decides the stage "before"',
    ],
    [
      `rules:\n  - { when: { provider: cpg, nth: 1 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { nth: 1, provider: cpg }, then: [{ drop: { how: reset } }] }`,
      '1.yaml:3: 1.2 has no effect: 1.1 (1.yaml:2) already decides the stage "before"',
    ],
    [
      `rules:\n  - { when: { provider: cpg, body: { a: 1, b: [2] }, times: 2 }, then: [{ delay: 1s }, { drop: { stage: after, how: reset } }] }\n  - { when: { provider: cpg, body: { b: [2], a: 1 }, times: 2 }, then: [{ delay: 1s }, { respond: { stage: after, error: unavailable } }] }`,
      '1.yaml:3: 1.2: its respond never applies: 1.1 (1.yaml:2) already decides the stage "after"',
    ],
    [
      `rules:\n  - { when: { provider: cpg, every: 2 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, every: 2 }, then: [{ respond: { stage: after, error: unavailable } }] }`,
      '1.yaml:3: 1.2 has no effect: 1.1 (1.yaml:2) already decides the stage "before"',
    ],
    [
      `rules:\n  - { when: { provider: cpg, times: 1 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, nth: 1 }, then: [{ drop: { how: reset } }] }`,
      '1.yaml:3: 1.2 has no effect: 1.1 (1.yaml:2) already decides the stage "before"',
    ],
    [
      `rules:\n  - { when: { provider: cpg, every: 2, times: 6 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, every: 4, times: 5 }, then: [{ drop: { how: reset } }] }`,
      '1.yaml:3: 1.2 has no effect: 1.1 (1.yaml:2) already decides the stage "before"',
    ],
  ])('a rule that can never act: %s', (text, warning) => {
    expect(check(text.replace('[{ {', '[{').replace('[{ {', '[{')).warnings.join()).toContain(warning)
  })

  test.each([
    `rules:\n  - { when: { provider: cpg, nth: 1 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, nth: 1 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, nth: 2 }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, nth: 1, operation: ping }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, nth: 1 }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, nth: 1 }, then: [{ delay: 1s }] }\n  - { when: { provider: cpg, nth: 1 }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, nth: 1 }, then: [{ respond: { stage: after, error: unavailable } }] }\n  - { when: { provider: cpg, nth: 1 }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, probability: 0.5 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, probability: 0.5 }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, operation: ping }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg }, then: [{ respond: { stage: after, error: unavailable } }] }\n  - { when: { provider: cpg }, then: [{ deposit: { amount: "1" } }, { delay: 1s }] }`,
    'rules: [{ when: { provider: zopay, operation: createPaymentIntent }, then: [{ deposit: { amount: "1" } }] }, { when: { provider: payward, operation: createDepositAddress }, then: [{ deposit: { amount: "1" } }] }, { when: { provider: alphapo, operation: takeAddress }, then: [{ deposit: { amount: "1" } }] }]',
    `rules:\n  - { when: { provider: cpg, times: 1 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, nth: 2 }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, every: 2, times: 6 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, every: 4 }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, every: 2 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, every: 3 }, then: [{ drop: { how: reset } }] }`,
    `rules:\n  - { when: { provider: cpg, times: 3, probability: 0.5 }, then: [{ ${UNAVAILABLE} }] }\n  - { when: { provider: cpg, nth: 1 }, then: [{ drop: { how: reset } }] }`,
  ])('a rule that can act is left in peace: %s', (text) => {
    expect(check(text)).toMatchObject({ errors: [], warnings: [] })
  })

  test('a rule of an earlier file stands in the way too', () => {
    expect(check(rule('', UNAVAILABLE), rule('', UNAVAILABLE)).warnings).toEqual([
      '2.yaml:1: 2.1 has no effect: 1.1 (1.yaml:1) already decides the stage "before"',
    ])
  })
})
