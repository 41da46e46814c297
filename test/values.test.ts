// Values in scenarios, faults, verify and config files: what is written without quotes is what a person means by it, no number is rounded, and
// null is null; in YAML and in JSON, in every place that takes them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/cli/config.ts'
import { UsageError } from '../src/engine/errors.ts'
import { parseDocument } from 'yaml'
import { checkFiles } from '../src/scenario/check.ts'
import { readRecording } from '../src/casefile/format.ts'
import { Replay } from '../src/casefile/replay.ts'
import { contractOf } from '../src/contract/contracts.ts'
import { findProviders } from '../src/app.ts'
import { YamlError, YamlText } from '../src/text/yaml.ts'
import { client as alphapo } from './clients/alphapo.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { type Kit, type Reply, type Request, start } from './kit.ts'

const providers = await findProviders()
const folder = mkdtempSync(join(tmpdir(), 'sandgate-values-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(text: string, name = 'story.yaml'): string {
  const path = join(mkdtempSync(join(folder, 'one-')), name)
  writeFileSync(path, text)
  return path
}

const put = (box: Kit, text: string): Promise<Reply> =>
  box.raw('PUT', '/_sandgate/scenario', { 'content-type': 'application/yaml' }, text)
const ruleOf = (when: string) => `rules:\n  - when: ${when}\n    then: [{ respond: { error: unavailable } }]\n`
const user = (user_identifier: unknown): Request => allocation({ user_identifier: user_identifier })
const take = (foreignId: string): Request => ({
  method: 'POST',
  path: '/api/v2/addresses/take',
  headers: { 'content-type': 'application/json' },
  body: `{"currency":"BTC","foreign_id":${foreignId},"end_user_reference":"u"}`,
})

/** Signed, and sent past the contract: what a scenario answers is its own affair. */
async function calling(box: Kit, provider: typeof cpg, request: Request): Promise<Reply> {
  box.passWall(1000)
  const { method, path, headers, body } = provider.sign(request, box.wallMs)
  return box.raw(method, `/${provider.name}${path}`, headers, body)
}

/** Whether a call matches each of the three ways in which the same `when` can be asked for. */
async function matched(
  box: Kit,
  when: string,
  provider: typeof cpg,
  operation: string,
  request: Request,
): Promise<boolean> {
  const loaded = await put(box, ruleOf(when))
  if (loaded.status !== 200) throw new Error(loaded.text)
  const reply = await calling(box, provider, request)
  await box.control('DELETE', '/scenario')
  const armed = await box.raw(
    'POST',
    '/_sandgate/faults',
    {},
    `when: ${when}\nthen: [{ respond: { error: unavailable } }]\n`,
  )
  const again = await calling(box, provider, request)
  await box.control('DELETE', `/faults/${armed.json.id}`)
  expect([again.status === 503, operation], when).toEqual([reply.status === 503, operation])
  return reply.status === 503
}

describe('sandgate.scenario.values: without quotes', () => {
  test.each<[when: string, provider: typeof cpg, operation: string, request: Request, expected: boolean]>([
    [
      '{ provider: zopay, body: { amount: 25.00 } }',
      zopay,
      'createPaymentIntent',
      post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }),
      true,
    ],
    [
      '{ provider: zopay, body: { amount: 25.00 } }',
      zopay,
      'createPaymentIntent',
      post('/payment-intents', { amount: '25', currencies: ['USDT'] }),
      false,
    ],
    [
      '{ provider: zopay, body: { amount: 25.00 } }',
      zopay,
      'createPaymentIntent',
      { ...post('/payment-intents', {}), body: '{"amount":25,"currencies":["USDT"]}' },
      true,
    ],
    ...[
      '007',
      '010',
      '+491701234567',
      '12345678901234567890',
      '1e3',
      '0x1F',
      '0o17',
      'True',
      'false',
      '1.10',
      '-0',
      '.5',
      '5.',
      '.inf',
      '42',
      'NO',
      '2026-05-16',
      '1_000',
    ].map((text): [string, typeof cpg, string, Request, boolean] => [
      `{ provider: cpg, body: { user_identifier: ${text} } }`,
      cpg,
      'createDepositAddress',
      user(text),
      true,
    ]),
    ['{ provider: cpg, body: { user_identifier: 007 } }', cpg, 'createDepositAddress', user('7'), false],
    ['{ provider: cpg, body: { user_identifier: "007" } }', cpg, 'createDepositAddress', user(7), false],
    ['{ provider: cpg, body: { user_identifier: 007 } }', cpg, 'createDepositAddress', user(7), true],
    ['{ provider: cpg, body: { user_identifier: 0x1F } }', cpg, 'createDepositAddress', user(31), true],
    ['{ provider: cpg, body: { user_identifier: True } }', cpg, 'createDepositAddress', user(true), true],
    ['{ provider: cpg, body: { user_identifier: True } }', cpg, 'createDepositAddress', user('true'), false],
    ['{ provider: cpg, body: { user_identifier: null } }', cpg, 'createDepositAddress', user('null'), false],
    ['{ provider: cpg, body: { user_identifier: ~ } }', cpg, 'createDepositAddress', user('~'), false],
    ['{ provider: cpg, body: { user_identifier: ~ } }', cpg, 'createDepositAddress', user(null), true],
    ['{ provider: cpg, body: { user_identifier: "null" } }', cpg, 'createDepositAddress', user('null'), true],
    [
      '{ provider: cpg, headers: { x-version: 1.10 } }',
      cpg,
      'ping',
      { method: 'GET', path: '/v1/_ping', headers: { 'x-version': '1.10' } },
      true,
    ],
    [
      '{ provider: cpg, headers: { x-version: 01 } }',
      cpg,
      'ping',
      { method: 'GET', path: '/v1/_ping', headers: { 'x-version': '1' } },
      false,
    ],
    [
      '{ provider: zopay, query: { limit: 010 } }',
      zopay,
      'listAddresses',
      { method: 'GET', path: '/connect/v1/addresses?limit=010' },
      true,
    ],
    [
      '{ provider: zopay, query: { limit: "10" } }',
      zopay,
      'listAddresses',
      { method: 'GET', path: '/connect/v1/addresses?limit=010' },
      false,
    ],
    [
      '{ provider: cpg, path: { request_id: 007 } }',
      cpg,
      'getDepositRequest',
      { method: 'GET', path: '/v1/deposit-requests/007' },
      true,
    ],
    [
      '{ provider: cpg, path: { request_id: 007 } }',
      cpg,
      'getDepositRequest',
      { method: 'GET', path: '/v1/deposit-requests/7' },
      false,
    ],
    [
      '{ provider: cpg, body: { metadata: { 1: x, 007: y } } }',
      cpg,
      'createDepositAddress',
      allocation({ metadata: { 1: 'x', '007': 'y' } }),
      true,
    ],
  ])('%s', async (when, provider, operation, request, expected) => {
    expect(await matched(await start(), when, provider, operation, request)).toBe(expected)
  })

  test('sandgate.scenario.values: a number is compared by its digits, on both sides', async () => {
    const box = await start()
    const cases: [pattern: string, sent: string, expected: boolean][] = [
      ['9007199254740993', '9007199254740993', true],
      ['9007199254740993', '9007199254740992', false],
      ['9007199254740992', '9007199254740993', false],
      ['9007199254740993', '9007199254740993.0', true],
      ['9007199254740993', '"9007199254740993"', true],
      ['5', '5.0000000000000000001', false],
      ['0.1', '0.1000000000000000055', false],
      ['1e2', '100', true],
      ['100', '1E+2', true],
      ['-0', '0', true],
      ['/^25\\.00$/', '25.00', true],
      ['/^9007199254740993$/', '9007199254740993', true],
    ]
    for (const [pattern, sent, expected] of cases) {
      expect(
        await matched(
          box,
          `{ provider: alphapo, body: { foreign_id: ${pattern} } }`,
          alphapo,
          'takeAddress',
          take(sent),
        ),
        `${pattern} against ${sent}`,
      ).toBe(expected)
    }
  })

  test('sandgate.scenario.values: whatever a plain scalar is, it matches the text that it is', async () => {
    const box = await start()
    const plain = fc.oneof(
      fc.stringMatching(/^[-+]?[0-9]{1,25}(\.[0-9]{1,25})?([eE][-+]?[0-9]{1,3})?$/),
      fc.stringMatching(/^0[xob]?[0-9a-fA-F]{1,20}$/),
      fc.constantFrom(
        'Yes',
        'no',
        'On',
        'off',
        'TRUE',
        'False',
        '.nan',
        '.NaN',
        '-.Inf',
        '1:30',
        '2026-05-16T19:00:00Z',
      ),
    )
    await fc.assert(
      fc.asyncProperty(plain, fc.constantFrom('', '%YAML 1.1\n---\n'), async (text, directive) => {
        expect(
          (await put(box, directive + ruleOf(`{ provider: cpg, body: { user_identifier: ${text} } }`))).status,
        ).toBe(200)
        expect((await calling(box, cpg, user(text))).status).toBe(503)
        expect((await calling(box, cpg, user(`${text} `))).status).not.toBe(503)
        expect((await box.control('GET', '/scenario')).json.rules[0].when.body).toEqual({
          user_identifier: expect.toSatisfy((shown: unknown) => String(shown) === text),
        })
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    [
      '{ headers: { x-a: null } }',
      'rules.0.when.headers.x-a: null matches only null in a JSON body; write "null" for the text',
    ],
    ['{ query: { limit: ~ } }', 'rules.0.when.query.limit: null matches only null'],
    ['{ path: { request_id: } }', 'rules.0.when.path.request_id: null matches only null'],
    ['{ headers: { x-a: { b: 1 } } }', 'rules.0.when.headers.x-a: expected text'],
  ])('what can never match is refused: %s', async (when, complaint) => {
    const reply = await put(await start(), ruleOf(when))
    expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining(`body:2: ${complaint}`)])
  })

  test('the same in JSON: a scenario, a fault, a world, verify', async () => {
    const box = await start()
    const scenario =
      '{"rules":[{"when":{"provider":"cpg","body":{"user_identifier":9007199254740993}},"then":[{"respond":{"error":"unavailable"}}]}]}'
    expect(
      (
        await box.raw(
          'POST',
          '/_sandgate/worlds',
          { 'content-type': 'application/json' },
          `{"id":"w","scenario":${scenario}}`,
        )
      ).status,
    ).toBe(201)
    expect((await put(box, scenario)).status).toBe(200)
    for (const world of ['', '/w/w']) {
      for (const [sent, status] of [
        ['9007199254740993', 503],
        ['9007199254740992', 200],
      ] as const) {
        box.passWall(1000)
        const { method, path, headers, body } = cpg.sign(user(sent), box.wallMs)
        expect((await box.raw(method, `${world}/cpg${path}`, headers, body)).status, `${world} ${sent}`).toBe(status)
      }
    }
    const verify = async (match: string) =>
      (
        await box.raw(
          'POST',
          '/_sandgate/verify',
          { 'content-type': 'application/json' },
          `{"provider":"cpg","operation":"createDepositAddress","match":{"body":{"user_identifier":${match}}}}`,
        )
      ).json
    expect(await verify('9007199254740993')).toMatchObject({ ok: true, count: 1 })
    expect(await verify('9007199254740995')).toMatchObject({
      ok: false,
      count: 0,
      closest: [{ differs: [{ expected: '9007199254740995', got: '9007199254740992' }] }, {}],
    })
    expect(await verify('null')).toMatchObject({ ok: false, count: 0 })
    expect(
      (
        await box.raw(
          'POST',
          '/_sandgate/verify',
          {},
          '{"provider":"cpg","operation":"ping","match":{"headers":{"x-a":null}}}',
        )
      ).json.detail,
    ).toContain('match.headers.x-a: null matches only null')
  })

  test('a rule is told as it was written, goes through a snapshot, and a row from before still counts', async () => {
    const box = await start()
    await put(box, ruleOf('{ provider: cpg, body: { user_identifier: 007, list: [1.0, 2] } }'))
    expect((await box.control('GET', '/scenario')).json.rules[0].when).toEqual({
      provider: 'cpg',
      body: { user_identifier: '007', list: ['1.0', 2] },
    })
    await put(box, ruleOf('{ provider: cpg, body: { user_identifier: 007 } }'))
    const snapshot = (await box.control('GET', '/snapshot')).json
    const [id] = Object.keys(snapshot.tables.faults)
    await box.control('PUT', '/snapshot', snapshot)
    for (const sent of ['007', 7]) expect((await calling(box, cpg, user(sent))).status).toBe(503)
    // As it was kept before: the number alone.
    snapshot.tables.faults[id!].when = { provider: 'cpg', body: { user_identifier: 7 } }
    await box.control('PUT', '/snapshot', snapshot)
    for (const [sent, status] of [
      ['7', 503],
      ['007', 200],
    ] as const)
      expect((await calling(box, cpg, user(sent))).status).toBe(status)
  })
})

test('sandgate.replay.equal: a recording has what is written without quotes, from a file and from a body', async () => {
  const text = ruleOf('{ provider: cpg, body: { user_identifier: 007 } }')
  const box = await start({ scenarios: [file(text)] })
  for (const sent of ['007', '7', 7]) await calling(box, cpg, user(sent))
  await put(box, text.replace('007', '9007199254740993'))
  for (const sent of ['9007199254740993', '9007199254740992']) await calling(box, cpg, user(sent))
  const recording = readRecording((await box.control('GET', '/recording')).text)
  expect(recording.journal.filter((step) => step.kind === 'call').map(({ answer }) => answer.status)).toEqual([
    503, 200, 503, 503, 200,
  ])
  expect((await new Replay(recording, providers).play()).differs).toBeUndefined()
})

describe('sandgate.scenario.values: where text is expected', () => {
  test('names, seeds, tags, users and addresses are taken as they are written', async () => {
    const box = await start()
    const text =
      'name: 007\nseed: 010\nsummary: 1e3\ntimeline:\n  - { at: 1h, do: { deposit: { provider: cpg, user: 0012, amount: "5" } } }\n  - { at: 1h, do: { deposit: { address: 0xfa4e00, tag: 0034, amount: "5" } } }\n'
    const { json } = await put(box, text)
    expect(json).toMatchObject({
      name: '007',
      seed: '010',
      timeline: [
        { id: '007.at-1', do: { deposit: { user: '0012' } } },
        { do: { deposit: { address: '0xfa4e00', tag: '0034' } } },
      ],
    })
    await calling(box, cpg, user('0012'))
    await box.advance('1h')
    expect((await box.control('GET', '/deposits')).json.data).toMatchObject([{ provider: 'cpg', amount: '5.000000' }])
  })

  test('headers of an answer leave as they are written, numbers of its body by their value', async () => {
    const box = await start()
    await put(
      box,
      'rules: [{ when: { provider: cpg }, then: [{ respond: { status: 200, headers: { x-version: 1.10, x-on: True, x-id: 9007199254740993 }, body: { amount: 25.00, day: 2026-05-16 } } }] }]',
    )
    const reply = await calling(box, cpg, user('u'))
    expect([reply.headers['x-version'], reply.headers['x-on'], reply.headers['x-id'], reply.text]).toEqual([
      '1.10',
      'True',
      '9007199254740993',
      '{"amount":25,"day":"2026-05-16"}',
    ])
    expect((await box.control('GET', '/scenario')).json.rules[0].then[0].respond.headers['x-version']).toBe('1.10')
  })

  test.each([
    ['9007199254740993', '9007199254740993 would be sent as 9007199254740992; write "9007199254740993" for text'],
    ['.inf', 'JSON has no .inf; write ".inf"'],
    ['1e999', '1e999 would be sent as null'],
  ])('a number that an answer cannot hold is refused: %s', async (number, complaint) => {
    const box = await start()
    for (const [text, place] of [
      [
        `rules:\n  - when: {}\n    then:\n      - respond: { status: 200, body: { a: [${number}] } }\n`,
        'body:4: rules.0.then.0.respond.body.a.0',
      ],
      [
        `timeline:\n  - at: 1h\n    do: { outage: { provider: cpg, for: 1m, respond: { status: 500, body: ${number} } } }\n`,
        'body:3: timeline.0.do.outage.respond.body',
      ],
    ] as const) {
      const reply = await put(box, text)
      expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining(`${place}: ${complaint}`)])
    }
  })

  test.each([
    ['seed: 007', ':1: seed: 007 without quotes is not text; write "007"'],
    ['seed: True', ':1: seed: True without quotes is not text; write "True"'],
    [
      'providers:\n  cpg:\n    accounts:\n      shop:\n        currencies: []\n        keys:\n          - id: 0123\n            secret: 1e5\n',
      ':7: providers.cpg.accounts.shop.keys.0.id: a number or a boolean without quotes is not text; write it in quotes',
    ],
    [
      'providers:\n  cpg:\n    accounts:\n      shop: { currencies: [], keys: [{ id: a }] }\n',
      'keys.0.secret: is missing',
    ],
    ['limits:\n', ':1: limits: is empty; expected a map'],
  ])('a config file says where quotes are missing: %j', (text, complaint) => {
    const told = (() => {
      try {
        return readConfig(file(text), providers)
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError)
        return (error as Error).message
      }
    })()
    expect(told).toContain(complaint)
    expect(told).not.toMatch(/1e5|0123/)
  })
})

test('sandgate check names what can be read in two ways, and nothing else', () => {
  const known = { providers, contract: contractOf }
  const warnings = (when: string) =>
    checkFiles([file(ruleOf(`{ provider: cpg, body: { user_identifier: ${when} } }`))], known).warnings
  expect(warnings('007')).toEqual([
    expect.stringMatching(
      /story\.yaml:2: story\.1: when\.body\.user_identifier: unquoted 007 matches both the text "007" and 7; write "007"/,
    ),
  ])
  for (const plain of ['25.00', '42', '12345678901234567890', '"007"', 'true', '/7/'])
    expect(warnings(plain)).toEqual([])
})

test.each(['null', '~', '# nothing\n', '---\n...\n'])('sandgate.scenario.format: %j is no scenario', async (text) => {
  const box = await start()
  await put(box, 'name: before\n')
  expect((await put(box, text)).json).toMatchObject({
    status: 422,
    detail: 'body:1: the file: is empty; expected a map',
  })
  expect((await box.raw('POST', '/_sandgate/faults', {}, text)).json.detail).toContain('is empty')
  expect((await box.control('GET', '/scenario')).json.name).toBe('before')
})

test.each([
  [
    '{ drop: { how: reset }, stage: after }',
    'then.0.stage: unknown key; it belongs inside of drop: drop: { stage: … }',
  ],
  ['{ callbacks: { how: duplicate }, times: 2 }', 'then.0.times: unknown key; it belongs inside of callbacks'],
  [
    '{ respond: { status: 500, deposit: { amount: "1" } } }',
    'then.0.respond.deposit: unknown key; it belongs beside respond, not inside of it',
  ],
  ['{ dealy: 1s }', 'then.0.dealy: unknown key; did you mean delay?'],
])('sandgate.scenario.format: a key at the wrong level is told where it belongs: %s', async (action, complaint) => {
  const reply = await put(await start(), `rules: [{ when: {}, then: [${action}] }]\n`)
  expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining(complaint)])
})

test('sandgate.scenario.bounds: a long list, which is read item by item, is read as YAML reads it', () => {
  const mostly =
    (...good: string[]) =>
    (...bad: string[]) =>
      fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) })
  const item = mostly(
    '{ a: 1 }',
    '[1, x]',
    'x',
    '&a { b: *a0 }',
    '*a0',
    '!!str 5',
    '{ a: { b: [c, { d: "e" }] } }',
    '"q"',
    'a: 1',
    '!!map { x: 1 }',
    '{ ? x : y }',
  )('', '# c\n', '{ a: 1', ']', '&z [*z]', '{ a: 1 } # c', '*b', '!!nothing { a: 1 }')
  const block = mostly(
    'a: 1\n    b: { c: d }',
    '{ a: 1 }',
    '- x\n    - { y: z }',
    '&k\n    a: 1',
    'a: { b: c }',
    'x',
    '',
    '|\n    text\n    more',
    '!!map\n    a: 1',
    '# only\n    a: 1',
  )('a:\n     - 1\n   b: 2', 'a: 1\n   b: 2', '{ a: 1\n  }', 'a: b: c')
  const lists = fc.oneof(
    fc
      .tuple(fc.array(item, { minLength: 9, maxLength: 14 }), fc.constantFrom(', ', ',\n  ', ' ,'))
      .map(([items, comma]) => `{ s: &a0 x, rules: [${items.join(comma)}], t: 1 }\n`),
    fc
      .array(block, { minLength: 9, maxLength: 14 })
      .map((items) => `s: &a0 x\nrules: # long\n${items.map((text) => `  - ${text}\n`).join('')}t: 1\n`),
    fc
      .array(item, { minLength: 9, maxLength: 14 })
      .map((items) => `s: &a0 x\nrules:\n${items.map((text) => `  - ${text}\n`).join('')}`),
  )
  fc.assert(
    fc.property(lists, (text) => {
      const expected = (() => {
        const document = parseDocument(text, { uniqueKeys: false })
        try {
          return document.errors.length + document.warnings.length > 0 ? undefined : JSON.stringify(document.toJS())
        } catch {
          return undefined
        }
      })()
      const read = (() => {
        try {
          return JSON.stringify(new YamlText(text, 'x').value)
        } catch (error) {
          if (!(error instanceof YamlError)) throw error
          return undefined
        }
      })()
      expect(read, text).toBe(expected)
    }),
    { numRuns: 500 },
  )
})

test('sandgate.scenario.format: of a thousand mistakes the first twenty are told, and how many more there are', async () => {
  const box = await start()
  const rules = (when: string) =>
    `rules:\n${Array.from({ length: 1000 }, () => `  - when: ${when}\n    then: [{ delay: 1s }]\n`).join('')}`
  for (const [when, complaint] of [
    ['{ operaton: ping }', 'rules.19.when.operaton: unknown key; did you mean operation?'],
    ['{ operation: pin }', 'rules.19.when.operation: no provider has an operation "pin"; did you mean ping?'],
  ] as const) {
    const { problems } = (await put(box, rules(when))).json
    expect(problems).toHaveLength(21)
    expect(problems.slice(19)).toEqual([`body:40: ${complaint}`, 'and 980 more'])
  }
})
