// Scenarios and faults: what a file may say, how it is told what is wrong with it, which calls its rules strike and in which order, what the
// actions do on the wire, the timeline, loading and unloading.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { checkFiles } from '../src/control/check.ts'
import { scenarioJsonSchema } from '../src/control/scenario.ts'
import { contractOf, createSandbox, findProviders } from '../src/sandbox.ts'
import { allocation, client } from './clients/cpg.ts'
import { Inbox, type Kit, type Reply, type Request, START, start } from './kit.ts'

const providers = await findProviders()
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
async function statuses(box: Kit, count: number, request: (index: number) => Request = () => allocation({})): Promise<(number | 'cut')[]> {
  const seen: (number | 'cut')[] = []
  for (let index = 0; index < count; index++) seen.push(await bent(box, request(index)).then(({ status }) => status, () => 'cut' as const))
  return seen
}

const rule = (when: string, then: string) => `rules: [{ when: { provider: cpg, operation: createDepositAddress${when} }, then: [${then}] }]\n`
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
    for (const [type, text] of [['application/yaml', EXAMPLE], ['application/json', JSON.stringify(parse(EXAMPLE))], ['text/plain', EXAMPLE]] as const) {
      expect((await box.raw('PUT', '/_sandgate/scenario', { 'content-type': type }, text)).status).toBe(200)
    }
    await load(box, EXAMPLE)
    await box.call(client, allocation({ user_identifier: 'user_8721' }))
    expect((await box.control('GET', '/scenario')).json).toEqual({
      name: 'late-deposit',
      stories: [{ name: 'late-deposit', summary: 'The payer sends the money an hour after the address stopped being shown.', source: 'body' }],
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
        { id: 'late-deposit.2', source: 'body:12', when: { provider: 'cpg', operation: 'createDepositAddress', nth: 2 }, then: [{ drop: { stage: 'after', how: 'reset' } }], matched: 1, fired: 0 },
      ],
      never_fired: ['late-deposit.2'],
      timeline: [{ id: 'late-deposit.at-1', source: 'body:16', at: '2h', do: { callbacks: { provider: 'cpg', how: 'pause' } }, due: '2026-05-16T21:00:00.000Z', outcome: null }],
    })
  })

  test('sandgate.scenario.format: what is wrong is told with line, place and the nearest right name, and changes nothing', async () => {
    const box = await start()
    const before = await load(box, EXAMPLE)
    const wrong: [text: string, complaint: string][] = [
      ['nam: x\n', 'body:1: nam: unknown key; did you mean name?'],
      [`name: x\n${rule('', 'deposit: { amuont: "1" }')}`, 'body:2: rules.0.then.0.deposit.amuont: unknown key; did you mean amount?'],
      [rule('', 'responds: {}'), 'unknown key; did you mean respond?'],
      [rule(', nht: 1', UNAVAILABLE), 'body:1: rules.0.when.nht: unknown key; did you mean nth?'],
      ['rules:\n  - when: { provider: cgp }\n    then: [{ corrupt: { how: empty } }]\n', 'body:2: rules.0.when.provider: there is no provider "cgp"; did you mean cpg?'],
      ['rules:\n  - when:\n      provider: cpg\n      operation: createDepositAdress\n    then: [{ corrupt: { how: empty } }]\n', 'body:4: rules.0.when.operation: CPG has no operation "createDepositAdress"; did you mean createDepositAddress?'],
      [rule('', 'respond: { error: unavailabel }'), 'CPG has no error "unavailabel"; did you mean unavailable?'],
      ['rules: [{ when: {}, then: [{ respond: { error: missing_headers } }] }]', 'has no error "missing_headers"'],
      ['rules: [{ when: { operation: getPing }, then: [{ corrupt: { how: empty } }] }]', 'no operation "getPing"'],
      [rule('', 'drop: { stage: after, how: resett }'), '"resett" is none of reset, close, hang; did you mean reset?'],
      [rule('', 'drop: { stage: aftr, how: reset }'), 'did you mean after?'],
      [rule('', 'deposit: { amount: 100 }'), 'expected decimal text in quotes, such as "12.5"'],
      [rule('', 'deposit: { amount: "1e3" }'), 'expected decimal text such as "12.5"'],
      [rule('', 'deposit: { amount: "1", after: 4 }'), 'expected a duration such as 90s, 15m, 4h, 7d or PT4H'],
      [rule('', 'delay: soon'), 'expected a duration such as 90s'],
      [rule('', 'delay: { min: 2s, max: 1s }'), 'min is longer than max'],
      [rule('', 'delay: 99h'), 'is longer than 1 hours'],
      [rule('', 'deposit: { amount: "1", confirmations: instantly }'), 'confirmations'],
      [rule('', 'respond: { status: 999 }'), '<=599'],
      [rule('', 'respond: {}'), 'say either error'],
      [rule('', 'respond: { error: unavailable, status: 503 }'), 'say either error'],
      [rule('', 'respond: { status: 503, headers: { "a b": x } }'), 'respond.headers'],
      [rule('', 'respond: { status: 503, headers: { a: "x\\r\\ny: z" } }'), 'cannot stand in a header'],
      [rule('', 'respond: { status: 503, headers: { Content-Length: 5 } }'), 'own affair'],
      [rule('', 'callbacks: { how: delay }'), 'a delay needs by'],
      [rule('', '{}'), 'one action an item'],
      [rule('', 'corrupt: { how: empty }, deposit: { amount: "1" }').replace('[corrupt', '[{ corrupt').replace('"1" }]', '"1" } }]'), 'one action an item'],
      [rule(', nth: 0', UNAVAILABLE), '>=1'],
      [rule(', probability: 2', UNAVAILABLE), '<=1'],
      ['rules: [{ when: {}, then: [] }]', 'rules.0.then'],
      ['rules: [{ then: [{ corrupt: { how: empty } }] }]', 'rules.0.when'],
      ['clock: yesterday\n', 'expected real, or an instant'],
      ['timeline: [{ at: 2h, do: { callbacks: { how: pause } } }]', 'callbacks.provider'],
      ['timeline: [{ at: 2h, do: { callbacks: { provider: xpg, how: pause } } }]', 'did you mean cpg?'],
      ['timeline: [{ at: 2h, do: { deposit: { amount: "1" } } }]', 'say whose'],
      ['timeline: [{ at: 2h, do: { outage: { provider: cpg, for: 1m, respond: { error: nope } } } }]', 'has no error "nope"'],
      ['timeline: [{ at: -2h, do: { callbacks: { provider: cpg, how: pause } } }]', 'expected a duration'],
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
    const reply = await put(box, 'rules:\n  - when: { provider: cgp }\n    then: [{ corrupt: { how: empty } }]\n  - when: { provider: cpg, operation: x }\n    then: [{ respond: { error: y } }]\n')
    expect(reply.json.problems).toHaveLength(3)
  })

  test('sandgate.scenario.bounds: 1 MiB, 100 aliases, no bombs, and the server goes on', async () => {
    const box = await start()
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`)].join('\n')
    const aliases = (count: number) => `summary: &s x\nrules:\n  - when: { body: [${Array(count).fill('*s').join(', ')}] }\n    then: [{ corrupt: { how: empty } }]\n`
    expect((await put(box, 'x'.repeat(10 * 1024 * 1024))).status).toBe(413)
    for (const [text, complaint] of [
      [bomb, 'alias'],
      [aliases(101), 'has 101 aliases; at most 100 are read'],
      [`a: &a [${'x'.repeat(500_000)}]\nb: &b [*a, *a, *a, *a, *a]\nc: [*b, *b, *b]\n`, 'amount to more than 4 MiB'],
      [`rules: ${'['.repeat(50_000)}`, ''],
      [`rules: ${'['.repeat(5_000)}${']'.repeat(5_000)}`, ''],
      [`rules: [{ when: { body: ${'{ a: '.repeat(200)}1${' }'.repeat(200)} }, then: [{ corrupt: { how: empty } }] }]`, 'nested deeper than 100 levels'],
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
    for (const regex of ['/(a)\\1/', '/(?=a)b/', '/[/', '/a{2000}/', `/${'a'.repeat(5000)}/`, '/(a{900}){900}/', '/a{1000}b{1000}c{1000}/']) {
      const reply = await put(box, matching(regex))
      expect([reply.status, reply.json.detail], regex).toEqual([422, expect.stringContaining('rules.0.when.body.user_identifier')])
    }
    const many = Array.from({ length: 30 }, (_, i) => `{ when: { body: { a: '/a{900}${i}/' } }, then: [{ corrupt: { how: empty } }] }`)
    expect((await put(box, `rules: [${many.join(', ')}]`)).json.detail).toContain('cost too much')

    await load(box, matching('/(a*)*b/'))
    expect(await statuses(box, 1, () => allocation({ user_identifier: 'a'.repeat(200) }))).toEqual([200])
    expect(await statuses(box, 1, () => allocation({ user_identifier: `${'a'.repeat(200)}b` }))).toEqual([503])
  })

  test('keys that are no keys reach nothing', async () => {
    const box = await start()
    await load(box, `rules: [{ when: { provider: cpg, body: { __proto__: { a: 1 }, constructor: x } }, then: [{ ${UNAVAILABLE} }] }]`)
    expect(await statuses(box, 1)).toEqual([200])
    expect(({} as any).a).toBeUndefined()
  })

  test('the JSON Schema for editors takes what the reader takes', () => {
    const validate = new Ajv2020({ strict: false }).compile(scenarioJsonSchema())
    expect(validate(parse(EXAMPLE)), JSON.stringify(validate.errors)).toBe(true)
    for (const wrong of [{ nam: 'x' }, { rules: [{ when: {}, then: [{}] }] }, { rules: [{ when: {}, then: [{ drop: { how: 'x' } }] }] }]) expect(validate(wrong)).toBe(false)
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
    expect(await statuses(box, 4, (index) => allocation({ user_identifier: index % 2 === 0 ? 'u' : 'v' }))).toEqual([200, 200, 503, 200])
    expect((await box.control('GET', '/scenario')).json.rules[0]).toMatchObject({ matched: 2, fired: 1 })
  })

  test('sandgate.scenario.probability: the seed decides, and the name of the rule', async () => {
    const runs: (number | 'cut')[][] = []
    for (const [seed, name] of [['one', 'a'], ['one', 'a'], ['two', 'a'], ['one', 'b']]) {
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
    await load(box, `rules: [{ when: { provider: zopay, query: { limit: 5, order: /a/ } }, then: [{ ${UNAVAILABLE} }] }]`)
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
    await load(box, rule(', nth: 1', 'respond: { status: 418, headers: { X-Tea: green, retry-after: 3 }, body: { no: coffee } }').replace(']\n', `, ${rule(', nth: 2', 'respond: { stage: after, status: 502, body: "<h1>" , headers: { content-type: text/html } }').slice(8)}`))
    const first = await bent(box)
    expect([first.status, first.headers['x-tea'], first.headers['retry-after'], first.json]).toEqual([418, 'green', '3', { no: 'coffee' }])
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(0)
    const second = await bent(box)
    expect([second.status, second.headers['content-type'], second.text]).toEqual([502, 'text/html', '<h1>'])
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(1)
  })

  test.each([['before', 'reset', 0], ['after', 'reset', 1], ['before', 'close', 0], ['after', 'close', 1]])('a connection that is cut %s the work: %s', async (stage, how, addresses) => {
    const box = await start()
    await load(box, rule(', nth: 1', `drop: { stage: ${stage}, how: ${how} }`))
    expect(await statuses(box, 1)).toEqual(['cut'])
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(addresses)
    expect((await box.call(client, allocation({}))).status).toBe(200)
  })

  test('an answer that never comes', async () => {
    const box = await start()
    await load(box, rule('', 'drop: { stage: after, how: hang }'))
    const { method, path, headers, body } = client.sign(allocation({}), box.wallMs)
    const stop = new AbortController()
    const waiting = fetch(`${box.url}/cpg${path}`, { method, headers: headers!, body: body!, signal: stop.signal }).then(() => 'answered', () => 'given up')
    for (let done = 0; done === 0; ) done = (await box.control('GET', '/journal?kind=fault')).json.data.length
    stop.abort()
    expect(await waiting).toBe('given up')
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(1)
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
  })

  test('a delay is wall time, seeded between min and max; it holds refusals too, and adds up', async () => {
    const runs: number[][] = []
    for (let run = 0; run < 2; run++) {
      const waits: number[] = []
      const box = await start({ pause: async (ms) => void waits.push(ms) })
      await load(box, 'rules: [{ when: { provider: cpg }, then: [{ delay: { min: 1s, max: 3s } }] }, { when: { provider: cpg, nth: 3 }, then: [{ delay: 10s }, { respond: { error: unavailable } }] }]')
      await bent(box)
      await box.raw('GET', '/cpg/nowhere')
      await bent(box)
      await box.raw('GET', '/cpg/v1/_ping')
      expect(waits).toHaveLength(4)
      for (const [index, ms] of waits.entries()) expect(ms - (index === 2 ? 10_000 : 0)).toSatisfy((left: number) => left >= 1000 && left <= 3000)
      expect(new Set(waits).size).toBe(4)
      expect(box.world.now).toBe(Date.parse(START))
      runs.push(waits)
    }
    expect(runs[0]).toEqual(runs[1])
  })

  test('sandgate.faults.order: outages, then the scenario, then what was armed at run time; the first respond or drop of a stage decides, delays add up, every deposit comes', async () => {
    const waits: number[] = []
    const box = await start({ pause: async (ms) => void waits.push(ms) })
    await box.control('POST', '/faults', { when: { provider: 'cpg' }, then: [{ respond: { status: 500 } }, { delay: '4s' }, { deposit: { amount: '3' } }, { corrupt: { how: 'empty' } }] })
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
    await box.control('POST', '/faults', { when: { provider: 'cpg', nth: 2 }, then: [{ respond: { stage: 'after', status: 500 } }, { delay: '4s' }, { deposit: { amount: '3' } }, { corrupt: { how: 'wrong-type' } }] })
    // Second in both counts: 501 of the first rule wins over the cut of the second and over the 500 of the armed one.
    expect(await statuses(box, 4)).toEqual(['cut', 501, 503, 'cut'])
    expect(waits).toEqual([1000, 7000, 1000, 1000])
    expect((await box.control('GET', '/deposits')).json.data.map(({ amount }: any) => amount)).toEqual(['2.000000', '1.000000', '2.000000', '3.000000', '2.000000'])
    await box.advance('1h')
    expect(await statuses(box, 1)).toEqual([599])
    await box.advance('1m')
    expect(await statuses(box, 1)).toEqual(['cut'])
    const faults = (await box.control('GET', '/journal?kind=fault')).json.data
    expect(faults.map(({ summary }: any) => summary.split(' ')[0])).toEqual(['body.2', 'body.1', 'body.2', 'fault_2', 'body.2', 'body.3', 'body.2', 'body.at-1', 'body.2', 'body.2'])
  })
})
