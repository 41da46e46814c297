// Zopay as its documents describe it, over HTTP, called by a client that was written from them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { client, clientOf, get, KEYS, post } from '../clients/zopay.ts'
import { type Kit, type Reply, type Request, start } from '../kit.ts'

const ADDRESS = { asset: 'USDT', network: 'solana' }
const INTENT = { amount: '25.00', currencies: ['USDT'] }

let keys = 0

/** A key that no other call of this file has. */
function freshKey(): string {
  return `key-${++keys}`
}

function mint(
  box: Kit,
  fields: Record<string, unknown> = {},
  idempotencyKey = freshKey(),
  key: string = KEYS.demo,
): Promise<Reply> {
  return box.call(clientOf(key), post('/addresses', { ...ADDRESS, ...fields }, idempotencyKey))
}

function intend(
  box: Kit,
  fields: Record<string, unknown> = {},
  idempotencyKey = freshKey(),
  key: string = KEYS.demo,
): Promise<Reply> {
  return box.call(clientOf(key), post('/payment-intents', { ...INTENT, ...fields }, idempotencyKey))
}

function read(box: Kit, path: string, key: string = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(key), get(path))
}

function refused(reply: Reply, status: number, code: string): void {
  expect([reply.status, reply.json?.error?.code, Object.keys(reply.json)]).toEqual([status, code, ['error']])
  expect(Object.keys(reply.json.error)).toEqual(['code', 'message'])
}

/** The items of a validation failure, which has exactly two keys. */
function items(reply: Reply): any[] {
  expect([reply.status, Object.keys(reply.json)]).toEqual([422, ['detail', 'error']])
  expect(reply.json.error).toEqual({ code: 'validation_error', message: 'Request validation failed.' })
  return reply.json.detail
}

function without(request: Request, ...names: string[]): Request {
  return {
    ...request,
    headers: Object.fromEntries(Object.entries(request.headers ?? {}).filter(([name]) => !names.includes(name))),
  }
}

function withHeaders(request: Request, headers: Record<string, string>): Request {
  return { ...request, headers: { ...request.headers, ...headers } }
}

/** Everything but counters of calls that journal and buckets keep. */
function state(box: Kit): string {
  return JSON.stringify(box.world.dump())
}

describe('authentication', () => {
  test('zopay.auth.missing: without a key 401; zopay.auth.www-authenticate: which scheme is wanted', async () => {
    const box = await start()
    for (const request of [
      get('/addresses'),
      withHeaders(get('/addresses'), { authorization: '' }),
      withHeaders(get('/addresses'), { 'x-api-key': KEYS.demo }),
    ]) {
      const reply = await box.send('zopay', request)
      refused(reply, 401, 'missing_api_key')
      expect(reply.headers['www-authenticate']).toBe('Bearer')
    }
  })

  const WRONG_KEYS = [
    ['raw', KEYS.demo, 'the key came without its scheme: send Authorization: Bearer, a space, and the key'],
    ['another scheme', `Basic ${KEYS.demo}`, 'the scheme of the Authorization header must be Bearer'],
    ['twice', `Bearer Bearer ${KEYS.demo}`, 'Bearer is repeated'],
    ['quoted', `Bearer "${KEYS.demo}"`, 'the key is in quotes or brackets: send it bare'],
    ['live', 'Bearer sk_live_sandgate_demo', 'live keys are not accepted: use a key that starts with sk_test_'],
    [
      'unknown',
      'Bearer sk_test_nobody',
      'no account of this world has this key; the demo keys are printed when the sandbox starts',
    ],
    [
      'a member of Object',
      'Bearer __proto__',
      'no account of this world has this key; the demo keys are printed when the sandbox starts',
    ],
    ['no key', 'Bearer', 'no key follows Bearer'],
    ['a colon', `Bearer: ${KEYS.demo}`, 'Bearer and the key must be separated by a space only'],
    ['a tabulator', `Bearer\t${KEYS.demo}`, 'Bearer and the key must be separated by a space only'],
    [
      'upper case',
      `Bearer ${KEYS.demo.toUpperCase()}`,
      'upper and lower case count in a key, and only in them this one differs from one that is known',
    ],
    [
      'trailing words',
      `Bearer ${KEYS.demo} x`,
      'no account of this world has this key; the demo keys are printed when the sandbox starts',
    ],
  ]

  test.each(WRONG_KEYS)(
    'zopay.auth.unknown-key; zopay.auth.bearer: %s is 401, with one body for all, and a hint',
    async (_, authorization, hint) => {
      const box = await start()
      const reply = await box.send('zopay', withHeaders(get('/addresses'), { authorization }))
      refused(reply, 401, 'invalid_api_key')
      expect(reply.text).toBe('{"error":{"code":"invalid_api_key","message":"The API key is not valid."}}')
      expect(reply.headers['x-sandgate-hint']).toBe(hint)
    },
  )

  test('zopay.auth.bearer: the scheme matches in any case', async () => {
    const box = await start()
    for (const scheme of ['bearer', 'BEARER', 'Bearer ']) {
      expect(
        (await box.send('zopay', withHeaders(get('/addresses'), { authorization: `${scheme} ${KEYS.demo}` }))).status,
      ).toBe(200)
    }
  })

  test('zopay.auth.live-keys: refused, and nowhere written down', async () => {
    const box = await start()
    const reply = await mint(box, {}, 'k', 'sk_live_very_secret')
    refused(reply, 401, 'invalid_api_key')
    expect(state(box)).toBe('{}')
    expect((await box.control('GET', '/journal')).text).not.toContain('very_secret')
  })

  test('zopay.auth.live-keys; zopay.tenancy.modes: served where configured, as a mode of its own', async () => {
    const box = await start({ providers: { zopay: { liveKeys: 'serve' } } })
    const test = (await mint(box, { external_ref: 'u' }, 'k')).json
    const live = (await mint(box, { external_ref: 'u' }, 'k', 'sk_live_sandgate_demo')).json
    expect([test.livemode, live.livemode]).toEqual([false, true])
    expect(live.address).not.toBe(test.address)
    refused(await read(box, `/addresses/${test.id}`, 'sk_live_sandgate_demo'), 404, 'address_not_found')
    refused(await read(box, `/addresses/${live.id}`), 404, 'address_not_found')
    expect((await read(box, '/addresses', 'sk_live_sandgate_demo')).json.data).toEqual([live])
    const intent = (await intend(box, {}, 'i', 'sk_live_any')).json
    expect(intent.livemode).toBe(true)
    refused(await read(box, `/payment-intents/${intent.id}`), 404, 'payment_intent_not_found')
    expect((await read(box, '/payment-intents')).json.data).toEqual([])
    refused(await mint(box, {}, 'x', 'sk_live_sandgate_readonly'), 403, 'insufficient_scope')
    expect(state(box)).not.toContain('sk_live')
  })

  test('zopay.auth.approval: asked of live keys only', async () => {
    const accounts = { org_new: { keys: [{ id: 'sk_test_new' }], approved: false } }
    const box = await start({ providers: { zopay: { liveKeys: 'serve', accounts } } })
    expect((await mint(box, {}, 'a', 'sk_test_new')).status).toBe(200)
    refused(await mint(box, {}, 'b', 'sk_live_new'), 403, 'organization_not_approved')
  })

  test('zopay.auth.scope: a key that may only read is refused with 403 where it writes', async () => {
    const box = await start()
    const writes = [
      post('/addresses', ADDRESS),
      post('/payment-intents', INTENT),
      post('/payouts/quote', {}),
      post('/payouts', {}),
      post('/events/x/replay', ''),
    ]
    for (const request of writes) refused(await box.call(clientOf(KEYS.readonly), request), 403, 'insufficient_scope')
    for (const path of ['/addresses', '/payment-intents'])
      expect((await read(box, path, KEYS.readonly)).status).toBe(200)
    const { id } = (await mint(box)).json
    expect((await read(box, `/addresses/${id}`, KEYS.readonly)).status).toBe(200)
    expect((await mint(box, {}, 'k', KEYS.readonly)).headers['x-sandgate-hint']).toBe('the key lacks addresses:write')
  })

  test('zopay.rate.bucket: a minute of world time takes so many calls of a key that has a rate', async () => {
    const accounts = { shop: { keys: [{ id: 'sk_test_slow', ratePerMinute: 2 }] } }
    const box = await start({ providers: { zopay: { accounts } } })
    for (const status of [200, 200, 429, 429])
      expect((await read(box, '/addresses', 'sk_test_slow')).status).toBe(status)
    refused(await read(box, '/addresses', 'sk_test_slow'), 429, 'rate_limited')
    await box.advance('60s')
    expect((await read(box, '/addresses', 'sk_test_slow')).status).toBe(200)
    expect(state(box)).not.toContain('sk_test_slow')
  })
})

describe('settings', () => {
  test.each([
    [{ liveKeys: 'maybe' }, /liveKeys/],
    [{ nothing: 1 }, /nothing/],
    [{ accounts: { shop: { keys: [{ id: 'sk_live_x' }] } } }, /keys/],
    [{ accounts: { shop: { keys: [{ id: 'sk_test_x.y' }] } } }, /keys/],
    [{ accounts: { shop: { keys: [{ id: 'sk_test_x', scopes: ['all'] }] } } }, /scopes/],
    [{ accounts: { shop: { keys: [], pairs: [{ asset: 'BTC', network: 'solana' }] } } }, /pairs/],
  ])('%j is refused', async (zopay, field) => {
    await expect(start({ providers: { zopay } })).rejects.toThrow(field)
  })

  test('an account is added to the demo ones, one of the same name replaces it', async () => {
    const accounts = { org_other: { keys: [{ id: 'sk_test_mine' }] } }
    const box = await start({ providers: { zopay: { accounts } } })
    expect((await read(box, '/addresses', 'sk_test_mine')).status).toBe(200)
    expect((await read(box, '/addresses', KEYS.demo)).status).toBe(200)
    refused(await read(box, '/addresses', KEYS.other), 401, 'invalid_api_key')
  })
})

describe('the order of checks', () => {
  const BAD_BODIES: [string, object][] = [
    ['/addresses', { nope: 1 }],
    ['/payment-intents', { nope: 1 }],
  ]

  test.each(BAD_BODIES)(
    'zopay.order.gates; zopay.order.key-before-auth; zopay.order.syntax-first: of two faults the earlier answers, on %s',
    async (path, bad) => {
      const box = await start()
      const broken = { ...post(path, '{"asset":'), headers: { 'content-type': 'application/json' } }
      expect(items(await box.send('zopay', broken))[0].type).toBe('json_invalid')
      const illegal = client.sign(post(path, bad), box.wallMs)
      refused(
        await box.send('zopay', without(illegal, 'idempotency-key', 'authorization')),
        400,
        'idempotency_required',
      )
      refused(await box.send('zopay', without(illegal, 'idempotency-key')), 400, 'idempotency_required')
      refused(
        await box.send('zopay', withHeaders(without(illegal, 'authorization'), { 'idempotency-key': 'x'.repeat(256) })),
        400,
        'invalid_idempotency_key',
      )
      refused(await box.send('zopay', without(illegal, 'authorization')), 401, 'missing_api_key')
      refused(await box.call(clientOf('sk_test_nobody'), post(path, bad)), 401, 'invalid_api_key')
      refused(await box.call(clientOf(KEYS.readonly), post(path, bad)), 403, 'insufficient_scope')
      expect(items(await box.send('zopay', illegal)).length).toBeGreaterThan(0)
      expect(state(box)).toBe('{}')
    },
  )

  test('zopay.order.gates: validation before the repeat, the repeat before the rules of the endpoint', async () => {
    const box = await start()
    expect((await mint(box, {}, 'k')).status).toBe(200)
    expect(items(await mint(box, { asset: 'U' }, 'k'))[0].type).toBe('string_too_short')
    refused(await mint(box, { asset: 'NOPE' }, 'k'), 409, 'idempotency_conflict')
    refused(await mint(box, { asset: 'NOPE' }), 400, 'unsupported_asset')
  })

  test('zopay.order.gates: auth before the form of an id', async () => {
    const box = await start()
    for (const path of ['/addresses/xyz', '/payment-intents/abc'])
      refused(await box.send('zopay', get(path)), 401, 'missing_api_key')
  })
})

describe('validation', () => {
  const STRING = 'Input should be a valid string'
  const EXTRA = 'Extra inputs are not permitted'

  const BAD_ADDRESSES: [string, unknown, any[]][] = [
    [
      'nothing',
      {},
      [
        { type: 'missing', loc: ['body', 'asset'], msg: 'Field required', input: {} },
        { type: 'missing', loc: ['body', 'network'], msg: 'Field required', input: {} },
      ],
    ],
    [
      'one field',
      { network: 'solana' },
      [{ type: 'missing', loc: ['body', 'asset'], msg: 'Field required', input: { network: 'solana' } }],
    ],
    [
      'a typo',
      { ...ADDRESS, extrenal_ref: 'u' },
      [{ type: 'extra_forbidden', loc: ['body', 'extrenal_ref'], msg: EXTRA, input: 'u' }],
    ],
    [
      'an index for a name',
      { ...ADDRESS, 5: 'u' },
      [{ type: 'extra_forbidden', loc: ['body', '5'], msg: EXTRA, input: 'u' }],
    ],
    ['a number', { ...ADDRESS, asset: 5 }, [{ type: 'string_type', loc: ['body', 'asset'], msg: STRING, input: 5 }]],
    [
      'null',
      { ...ADDRESS, network: null },
      [{ type: 'string_type', loc: ['body', 'network'], msg: STRING, input: null }],
    ],
    [
      'an object',
      { ...ADDRESS, external_ref: {} },
      [{ type: 'string_type', loc: ['body', 'external_ref'], msg: STRING, input: {} }],
    ],
    [
      'too short',
      { ...ADDRESS, asset: 'U' },
      [
        {
          type: 'string_too_short',
          loc: ['body', 'asset'],
          msg: 'String should have at least 2 characters',
          input: 'U',
          ctx: { min_length: 2 },
        },
      ],
    ],
    [
      'too long',
      { ...ADDRESS, network: 'x'.repeat(17) },
      [
        {
          type: 'string_too_long',
          loc: ['body', 'network'],
          msg: 'String should have at most 16 characters',
          input: 'x'.repeat(17),
          ctx: { max_length: 16 },
        },
      ],
    ],
    [
      'a long reference',
      { ...ADDRESS, external_ref: 'x'.repeat(256) },
      [
        {
          type: 'string_too_long',
          loc: ['body', 'external_ref'],
          msg: 'String should have at most 255 characters',
          input: 'x'.repeat(256),
          ctx: { max_length: 255 },
        },
      ],
    ],
    [
      'a long label with NUL',
      { ...ADDRESS, label: '\0'.repeat(256) },
      [
        {
          type: 'string_too_long',
          loc: ['body', 'label'],
          msg: 'String should have at most 255 characters',
          input: '\0'.repeat(256),
          ctx: { max_length: 255 },
        },
      ],
    ],
    [
      'everything, in the order of the model, extras last',
      { zeta: 1, label: 2, external_ref: 3, network: 4, amount: 5 },
      [
        {
          type: 'missing',
          loc: ['body', 'asset'],
          msg: 'Field required',
          input: { zeta: 1, label: 2, external_ref: 3, network: 4, amount: 5 },
        },
        { type: 'string_type', loc: ['body', 'network'], msg: STRING, input: 4 },
        { type: 'string_type', loc: ['body', 'external_ref'], msg: STRING, input: 3 },
        { type: 'string_type', loc: ['body', 'label'], msg: STRING, input: 2 },
        { type: 'extra_forbidden', loc: ['body', 'zeta'], msg: EXTRA, input: 1 },
        { type: 'extra_forbidden', loc: ['body', 'amount'], msg: EXTRA, input: 5 },
      ],
    ],
  ]

  test('zopay.validation.items; zopay.validation.extras; zopay.validation.lengths: what may be wrong with an address', async () => {
    const box = await start()
    for (const [what, body, expected] of BAD_ADDRESSES) {
      expect([what, items(await box.call(client, post('/addresses', body)))]).toEqual([what, expected])
      expect(state(box)).toBe('{}')
    }
  })

  const TYPE = 'Decimal input should be an integer, float, string or Decimal object'
  const eleven = Array.from({ length: 11 }, () => 'USDT')

  const BAD_INTENTS: [string, Record<string, unknown>, any[]][] = [
    [
      'amount 0',
      { amount: 0 },
      [
        {
          type: 'greater_than',
          loc: ['body', 'amount'],
          msg: 'Input should be greater than 0',
          input: 0,
          ctx: { gt: 0 },
        },
      ],
    ],
    [
      'amount -1',
      { amount: '-1' },
      [
        {
          type: 'greater_than',
          loc: ['body', 'amount'],
          msg: 'Input should be greater than 0',
          input: '-1',
          ctx: { gt: 0 },
        },
      ],
    ],
    [
      'amount abc',
      { amount: 'abc' },
      [{ type: 'decimal_parsing', loc: ['body', 'amount'], msg: 'Input should be a valid decimal', input: 'abc' }],
    ],
    [
      'amount empty',
      { amount: '' },
      [{ type: 'decimal_parsing', loc: ['body', 'amount'], msg: 'Input should be a valid decimal', input: '' }],
    ],
    [
      'amount behind a byte order mark',
      { amount: '\ufeff5' },
      [{ type: 'decimal_parsing', loc: ['body', 'amount'], msg: 'Input should be a valid decimal', input: '\ufeff5' }],
    ],
    [
      'amount a point',
      { amount: '.' },
      [{ type: 'decimal_parsing', loc: ['body', 'amount'], msg: 'Input should be a valid decimal', input: '.' }],
    ],
    [
      'amount hex',
      { amount: '0x10' },
      [{ type: 'decimal_parsing', loc: ['body', 'amount'], msg: 'Input should be a valid decimal', input: '0x10' }],
    ],
    ['amount true', { amount: true }, [{ type: 'decimal_type', loc: ['body', 'amount'], msg: TYPE, input: true }]],
    ['amount null', { amount: null }, [{ type: 'decimal_type', loc: ['body', 'amount'], msg: TYPE, input: null }]],
    ['amount a list', { amount: [1] }, [{ type: 'decimal_type', loc: ['body', 'amount'], msg: TYPE, input: [1] }]],
    [
      'amount NaN',
      { amount: 'NaN' },
      [{ type: 'finite_number', loc: ['body', 'amount'], msg: 'Input should be a finite number', input: 'NaN' }],
    ],
    [
      'amount -Infinity',
      { amount: '-Infinity' },
      [{ type: 'finite_number', loc: ['body', 'amount'], msg: 'Input should be a finite number', input: '-Infinity' }],
    ],
    [
      'no currency',
      { currencies: [] },
      [
        {
          type: 'too_short',
          loc: ['body', 'currencies'],
          msg: 'List should have at least 1 item after validation, not 0',
          input: [],
          ctx: { field_type: 'List', min_length: 1, actual_length: 0 },
        },
      ],
    ],
    [
      'eleven currencies',
      { currencies: eleven },
      [
        {
          type: 'too_long',
          loc: ['body', 'currencies'],
          msg: 'List should have at most 10 items after validation, not 11',
          input: eleven,
          ctx: { field_type: 'List', max_length: 10, actual_length: 11 },
        },
      ],
    ],
    [
      'eleven currencies, one of them bad',
      { currencies: [...eleven.slice(1), 7] },
      [
        {
          type: 'too_long',
          loc: ['body', 'currencies'],
          msg: 'List should have at most 10 items after validation, not 11',
          input: [...eleven.slice(1), 7],
          ctx: { field_type: 'List', max_length: 10, actual_length: 11 },
        },
      ],
    ],
    [
      'ten currencies, one of them bad',
      { currencies: [7, ...eleven.slice(2)] },
      [{ type: 'string_type', loc: ['body', 'currencies', 0], msg: STRING, input: 7 }],
    ],
    [
      'currencies no list',
      { currencies: 'USDT' },
      [{ type: 'list_type', loc: ['body', 'currencies'], msg: 'Input should be a valid list', input: 'USDT' }],
    ],
    [
      'currencies of numbers',
      { currencies: [1, 'USDT', null] },
      [
        { type: 'string_type', loc: ['body', 'currencies', 0], msg: STRING, input: 1 },
        { type: 'string_type', loc: ['body', 'currencies', 2], msg: STRING, input: null },
      ],
    ],
    [
      'metadata a list',
      { metadata: [] },
      [{ type: 'dict_type', loc: ['body', 'metadata'], msg: 'Input should be a valid dictionary', input: [] }],
    ],
    [
      'metadata null',
      { metadata: null },
      [{ type: 'dict_type', loc: ['body', 'metadata'], msg: 'Input should be a valid dictionary', input: null }],
    ],
    [
      'a long description',
      { description: 'x'.repeat(501) },
      [
        {
          type: 'string_too_long',
          loc: ['body', 'description'],
          msg: 'String should have at most 500 characters',
          input: 'x'.repeat(501),
          ctx: { max_length: 500 },
        },
      ],
    ],
    [
      'fields of other people',
      { expires_at: 'soon', redirect_url: 'x' },
      [
        { type: 'extra_forbidden', loc: ['body', 'expires_at'], msg: EXTRA, input: 'soon' },
        { type: 'extra_forbidden', loc: ['body', 'redirect_url'], msg: EXTRA, input: 'x' },
      ],
    ],
  ]

  test('zopay.validation.items; zopay.intents.amount-positive; zopay.intents.currency-count: what may be wrong with an intent', async () => {
    const box = await start()
    for (const [what, fields, expected] of BAD_INTENTS) {
      expect([what, items(await box.call(client, post('/payment-intents', { ...INTENT, ...fields })))]).toEqual([
        what,
        expected,
      ])
      expect(state(box)).toBe('{}')
    }
  })

  test.each<[string, string, unknown]>([
    [
      'every field, in the order of the model',
      '{"x":1,"metadata":1,"description":2,"external_ref":3,"currencies":4,"amount":true}',
      [['amount'], ['currencies'], ['external_ref'], ['description'], ['metadata'], ['x']],
    ],
    ['nothing', '{}', [['amount'], ['currencies']]],
    ['__proto__', '{"amount":"1","currencies":["USDT"],"__proto__":{"a":1}}', [['__proto__']]],
    ['a bad item and a bad amount', '{"currencies":[1],"amount":0}', [['amount'], ['currencies', 0]]],
  ])('zopay.validation.items: the places of %s', async (_, body, places) => {
    const box = await start()
    expect(items(await box.call(client, post('/payment-intents', body))).map(({ loc }) => loc.slice(1))).toEqual(places)
  })

  test.each<[string, string, string[]]>([
    ['/payouts/quote', '{}', ['external_ref', 'destination', 'asset', 'amount']],
    [
      '/payouts/quote',
      '{"zz":1,"label":1,"network_hint":5,"amount":5,"asset":"x","destination":"","external_ref":5}',
      ['external_ref', 'destination', 'asset', 'amount', 'network_hint', 'zz extra', 'label extra'],
    ],
    ['/payouts', '{"zz":1,"amount":"1","quote_id":5}', ['quote_id', 'zz extra', 'amount extra']],
    [
      '/payment-intents',
      '{"label":"\\ud800","amount":"1","currencies":["USDT"],"asset":5,"external_ref":5}',
      ['external_ref', 'label extra', 'asset extra'],
    ],
  ])('zopay.validation.items: on %s the places of %s', async (path, body, places) => {
    const box = await start()
    const told = items(await box.call(client, post(path, body)))
    expect(told.map(({ type, loc }) => loc[1] + (type === 'extra_forbidden' ? ' extra' : ''))).toEqual(places)
  })

  test('zopay.validation.items: the keys of an item stand as FastAPI writes them, to the byte', async () => {
    const box = await start()
    const reply = await box.call(
      client,
      post('/addresses', '{"asset":"U","network":"solana","qty":12345678901234567890.50}'),
    )
    expect(reply.text).toBe(
      '{"detail":[{"type":"string_too_short","loc":["body","asset"],"msg":"String should have at least 2 characters","input":"U","ctx":{"min_length":2}},' +
        '{"type":"extra_forbidden","loc":["body","qty"],"msg":"Extra inputs are not permitted","input":12345678901234567890.50}],' +
        '"error":{"code":"validation_error","message":"Request validation failed."}}',
    )
  })

  test.each<[string, string | undefined, unknown]>([
    ['none', undefined, { type: 'missing', loc: ['body'], msg: 'Field required', input: null }],
    ['null', 'null', { type: 'missing', loc: ['body'], msg: 'Field required', input: null }],
    [
      'an array',
      '[1]',
      {
        type: 'model_attributes_type',
        loc: ['body'],
        msg: 'Input should be a valid dictionary or object to extract fields from',
        input: [1],
      },
    ],
    [
      'a word',
      '"x"',
      {
        type: 'model_attributes_type',
        loc: ['body'],
        msg: 'Input should be a valid dictionary or object to extract fields from',
        input: 'x',
      },
    ],
  ])('zopay.validation.items: a body that is %s', async (_, body, expected) => {
    const box = await start()
    for (const path of ['/addresses', '/payment-intents']) {
      const { body: _, ...request } = post(path, '')
      expect(items(await box.call(client, body === undefined ? request : { ...request, body }))).toEqual([expected])
    }
  })

  const BROKEN: [string, number, string][] = [
    ['{"asset":', 9, 'Expecting value'],
    [' ', 1, 'Expecting value'],
    ['{"asset":}', 9, 'Expecting value'],
    ['[1,]', 3, 'Expecting value'],
    ['nul', 0, 'Expecting value'],
    ['-', 0, 'Expecting value'],
    ["{'asset':1}", 1, 'Expecting property name enclosed in double quotes'],
    ['{"a":1,}', 7, 'Expecting property name enclosed in double quotes'],
    ['{', 1, 'Expecting property name enclosed in double quotes'],
    ['{"a" 1}', 5, "Expecting ':' delimiter"],
    ['{"a":1 "b":2}', 7, "Expecting ',' delimiter"],
    ['[01]', 2, "Expecting ',' delimiter"],
    ['{} x', 3, 'Extra data'],
    ['{}}', 2, 'Extra data'],
    ['{"a":"b', 5, 'Unterminated string starting at'],
    ['{"a":"b\\', 5, 'Unterminated string starting at'],
    ['{"a":"b\nc"}', 7, 'Invalid control character at'],
    ['{"a":"\\x"}', 6, 'Invalid \\escape'],
    ['{"a":"\\u12g4"}', 7, 'Invalid \\uXXXX escape'],
    ['{"🧾🧾":,}', 6, 'Expecting value'],
  ]

  test('zopay.validation.json-invalid: where Python gives up, and why', async () => {
    const box = await start()
    for (const [body, offset, error] of BROKEN) {
      expect(items(await box.call(client, post('/addresses', body)))).toEqual([
        { type: 'json_invalid', loc: ['body', offset], msg: 'JSON decode error', input: {}, ctx: { error } },
      ])
    }
  })

  test('zopay.validation.not-utf8: bytes that are no text are 400 in the voice of the framework, before anything else', async () => {
    const box = await start()
    const request = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])
    const reply = await fetch(`${box.url}/zopay/connect/v1/addresses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: request,
    })
    expect([reply.status, await reply.text()]).toEqual([400, '{"detail":"There was an error parsing the body"}'])
  })

  test('zopay.validation.nesting: too deep is 400, however deep', async () => {
    const box = await start()
    for (const depth of [101, 1000, 100_000]) {
      for (const [open, close] of [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const) {
        const reply = await box.call(
          client,
          post(
            '/payment-intents',
            `{"amount":1,"currencies":["USDT"],"metadata":{"a":${open.repeat(depth)}1${close.repeat(depth)}}}`,
          ),
        )
        expect([depth, reply.status, reply.json]).toEqual([
          depth,
          400,
          { detail: 'There was an error parsing the body' },
        ])
      }
    }
    expect((await intend(box, { metadata: JSON.parse(`{"a":${'['.repeat(90)}1${']'.repeat(90)}}`) })).status).toBe(200)
  })

  test('zopay.validation.content-type: JSON is what says it is; anything else is text, and gets a hint', async () => {
    const box = await start()
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/vnd.shop+json',
    ]) {
      expect(
        (await box.call(client, withHeaders(post('/addresses', ADDRESS, freshKey()), { 'content-type': type }))).status,
      ).toBe(200)
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx']) {
      const reply = await box.call(client, withHeaders(post('/addresses', ADDRESS), { 'content-type': type }))
      expect(items(reply)).toEqual([
        {
          type: 'model_attributes_type',
          loc: ['body'],
          msg: 'Input should be a valid dictionary or object to extract fields from',
          input: JSON.stringify(ADDRESS),
        },
      ])
      expect(reply.headers['x-sandgate-hint']).toBe('the body was not sent as content-type application/json')
    }
  })

  test('zopay.validation.not-finite: what Python reads as NaN or infinite is refused where it stands, not with a 500', async () => {
    const box = await start()
    const finite = { type: 'finite_number', msg: 'Input should be a finite number', input: null }
    // Past the judges: Prism takes an overflowing number for a legal one.
    const ask = (body: string) =>
      box.raw('POST', '/zopay/connect/v1/payment-intents', client.sign(post('', body), box.wallMs).headers, body)
    for (const number of ['NaN', 'Infinity', '-Infinity', '1e400', '-1e999']) {
      const amount = await ask(`{"amount":${number},"currencies":["USDT"]}`)
      expect(items(amount)).toEqual([{ ...finite, loc: ['body', 'amount'] }])
      const nested = await ask(`{"amount":1,"currencies":["USDT"],"metadata":{"a":[{"b":${number}}]}}`)
      expect(items(nested)).toEqual([{ ...finite, loc: ['body', 'metadata', 'a', 0, 'b'] }])
    }
    expect(items(await ask('{"amount":NaN,"amount":"1","currencies":["USDT"]}'))).toEqual([
      { ...finite, loc: ['body'] },
    ])
    expect(
      (await box.send('zopay', { ...post('/addresses', 'NaN'), headers: { 'content-type': 'application/json' } }))
        .status,
    ).toBe(400)
    expect(state(box)).toBe('{}')
  })

  test('zopay.validation.storable: NUL is no text that a database takes', async () => {
    const box = await start()
    for (const [path, field] of [
      ['/addresses', 'external_ref'],
      ['/addresses', 'label'],
      ['/payment-intents', 'external_ref'],
      ['/payment-intents', 'description'],
    ] as const) {
      const body = { ...(path === '/addresses' ? ADDRESS : INTENT), [field]: 'a\0b' }
      expect(items(await box.call(client, post(path, body)))).toMatchObject([
        { type: 'string_pattern_mismatch', loc: ['body', field], input: 'a\0b' },
      ])
    }
  })

  test('zopay.validation.unicode: half a surrogate pair is no text', async () => {
    const box = await start()
    const address = await box.call(
      client,
      post(
        '/addresses',
        '{"asset":"\\ud800\\ud800","network":"solana","external_ref":"\\udfff","label":"\\ud83e\\uddfe"}',
      ),
    )
    const msg = 'Input should be a valid string, unable to parse raw data as a unicode string'
    expect(items(address)).toEqual([
      { type: 'string_unicode', loc: ['body', 'asset'], msg, input: '\ud800\ud800' },
      { type: 'string_unicode', loc: ['body', 'external_ref'], msg, input: '\udfff' },
    ])
    const intent = await box.call(client, post('/payment-intents', '{"amount":1,"currencies":["USDT","\\ud800"]}'))
    expect(items(intent)).toEqual([{ type: 'string_unicode', loc: ['body', 'currencies', 1], msg, input: '\ud800' }])
  })

  test('zopay.validation.codepoints: lengths count code points', async () => {
    const box = await start()
    expect((await mint(box, { external_ref: '🧾'.repeat(255), label: '🧾'.repeat(255) })).status).toBe(200)
    expect(items(await mint(box, { external_ref: '🧾'.repeat(256) }))[0].type).toBe('string_too_long')
    expect((await intend(box, { description: '🧾'.repeat(500), metadata: { a: '🧾'.repeat(500) } })).status).toBe(200)
  })

  test('zopay.validation.duplicate-keys: the last one wins', async () => {
    const box = await start()
    const reply = await box.call(client, post('/addresses', '{"asset":5,"asset":"USDT","network":"solana"}'))
    expect([reply.status, reply.json.asset]).toEqual([200, 'USDT'])
  })

  test.each([
    ['0', 'greater_than_equal', 'Input should be greater than or equal to 1', { ge: 1 }],
    ['-5', 'greater_than_equal', 'Input should be greater than or equal to 1', { ge: 1 }],
    ['201', 'less_than_equal', 'Input should be less than or equal to 200', { le: 200 }],
    ['0500', 'less_than_equal', 'Input should be less than or equal to 200', { le: 200 }],
    ['x', 'int_parsing', 'Input should be a valid integer, unable to parse string as an integer', undefined],
    ['', 'int_parsing', 'Input should be a valid integer, unable to parse string as an integer', undefined],
    ['1.5', 'int_parsing', 'Input should be a valid integer, unable to parse string as an integer', undefined],
  ])('zopay.lists.limit: limit=%s is refused, not clamped', async (limit, type, msg, ctx) => {
    const box = await start()
    for (const path of ['/addresses', '/payment-intents']) {
      expect(items(await read(box, `${path}?limit=${limit}`))).toEqual([
        { type, loc: ['query', 'limit'], msg, input: limit, ...(ctx && { ctx }) },
      ])
    }
  })

  test('zopay.validation.both-shapes; zopay.errors.envelope; zopay.errors.framework: each voice has its one shape', async () => {
    const box = await start()
    expect(Object.keys((await box.call(client, post('/addresses', {}))).json)).toEqual(['detail', 'error'])
    expect((await read(box, '/addresses/x')).text).toBe(
      '{"error":{"code":"invalid_address_id","message":"The address id is malformed."}}',
    )
    expect((await read(box, '/nothing')).text).toBe('{"detail":"Not Found"}')
  })
})

describe('idempotency', () => {
  const CASES: [string, (box: Kit, fields?: Record<string, unknown>, key?: string, who?: string) => Promise<Reply>][] =
    [
      ['addresses', mint],
      ['intents', intend],
    ]

  test.each(['/addresses', '/payment-intents', '/payouts/quote', '/payouts', '/events/evt_1/replay'])(
    'zopay.idempotency.required; zopay.idempotency.blank: %s asks for the header',
    async (path) => {
      const box = await start()
      const request = client.sign(post(path, path.endsWith('/replay') ? '' : {}), box.wallMs)
      for (const bad of [
        without(request, 'idempotency-key'),
        withHeaders(request, { 'idempotency-key': '' }),
        withHeaders(request, { 'idempotency-key': '   ' }),
      ]) {
        refused(await box.send('zopay', bad), 400, 'idempotency_required')
      }
    },
  )

  test('zopay.idempotency.key-format: 1 to 255 printable ASCII characters, quotes and all', async () => {
    const box = await start()
    for (const key of ['x', '"x"', ' x y ', '~'.repeat(255)])
      expect([key, (await intend(box, {}, key)).status]).toEqual([key, 200])
    for (const key of ['~'.repeat(256), 'é', 'a\tb'])
      refused(await intend(box, {}, key), 400, 'invalid_idempotency_key')
    const first = await intend(box, {}, '"q"')
    expect((await intend(box, {}, 'q')).text).not.toBe(first.text)
  })

  test.each(CASES)(
    'zopay.idempotency.replay; zopay.idempotency.mark: %s, the same again, to the byte, marked',
    async (_, create) => {
      const box = await start()
      const first = await create(box, { external_ref: 'u' }, 'k')
      const before = state(box)
      await box.advance('5h')
      const again = await create(box, { external_ref: 'u' }, 'k')
      expect([again.status, again.text]).toEqual([first.status, first.text])
      expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed']]).toEqual([undefined, 'true'])
      expect(state(box)).toBe(before)
      expect((await box.entry(again)).notes.idempotency).toMatchObject({ decided: 'replayed' })
    },
  )

  test('zopay.idempotency.replay: an address that changed since is replayed as it was', async () => {
    const box = await start()
    const first = await mint(box, { label: 'one' }, 'k')
    await mint(box, { label: 'two' }, 'l')
    expect((await mint(box, { label: 'one' }, 'k')).text).toBe(first.text)
    expect((await read(box, `/addresses/${first.json.id}`)).json.label).toBe('two')
  })

  test.each(CASES)('zopay.idempotency.conflict: %s, another body is 409 and changes nothing', async (_, create) => {
    const box = await start()
    const first = await create(box, { external_ref: 'u' }, 'k')
    const before = state(box)
    const conflict = await create(box, { external_ref: 'v' }, 'k')
    expect([conflict.status, conflict.text]).toEqual([
      409,
      '{"error":{"code":"idempotency_conflict","message":"Idempotency-Key was already used with a different request."}}',
    ])
    expect(state(box)).toBe(before)
    expect((await create(box, { external_ref: 'u' }, 'k')).text).toBe(first.text)
  })

  const SAME_BODIES: [string, string, boolean][] = [
    ['space and order', ' {\n"network" : "solana", "asset":"\\u0055SDT", "external_ref":"u" } ', true],
    ['a key that stands twice', '{"asset":"XAUT","asset":"USDT","network":"solana","external_ref":"u"}', true],
    ['letter case', '{"asset":"usdt","network":"solana","external_ref":"u"}', false],
    ['null for absent', '{"asset":"USDT","network":"solana","external_ref":"u","label":null}', false],
  ]

  test.each(SAME_BODIES)('zopay.idempotency.fingerprint: %s', async (_, body, same) => {
    const box = await start()
    await box.call(client, post('/addresses', '{"asset":"USDT","network":"solana","external_ref":"u"}', 'k'))
    expect((await box.call(client, post('/addresses', body, 'k'))).status).toBe(same ? 200 : 409)
  })

  test('zopay.idempotency.fingerprint: an amount of 10 is the same only when it is written so', async () => {
    const box = await start()
    const ask = (amount: string, key: string) =>
      box.call(client, post('/payment-intents', `{"amount":${amount},"currencies":["USDT"]}`, key))
    for (const [amount, same] of [
      ['10', true],
      [' 10 ', true],
      ['"10"', false],
      ['10.0', false],
      ['1e1', false],
      ['10.00000000000000000001', false],
    ] as const) {
      await ask('10', `k${amount}`)
      expect([amount, (await ask(amount, `k${amount}`)).status]).toEqual([amount, same ? 200 : 409])
    }
  })

  test('zopay.idempotency.other-endpoint: one key, two endpoints, is a conflict', async () => {
    const box = await start()
    await mint(box, {}, 'k')
    refused(await intend(box, {}, 'k'), 409, 'idempotency_conflict')
  })

  test('zopay.idempotency.scope: the organisation, whichever of its keys; never another one, never the other mode', async () => {
    const accounts = { org_demo: { keys: [{ id: KEYS.demo }, { id: 'sk_test_second' }] } }
    const box = await start({ providers: { zopay: { accounts, liveKeys: 'serve' } } })
    const first = await intend(box, {}, 'k')
    expect((await intend(box, {}, 'k', 'sk_test_second')).text).toBe(first.text)
    for (const key of [KEYS.other, 'sk_live_second']) {
      const stranger = await intend(box, {}, 'k', key)
      expect([stranger.status, stranger.json.id === first.json.id]).toEqual([200, false])
    }
  })

  test('zopay.idempotency.window: 24 hours of world time, to the millisecond', async () => {
    for (const [by, replayed] of [
      ['86399999ms', true],
      ['24h', false],
      ['86400001ms', false],
    ] as const) {
      const box = await start()
      const first = await intend(box, {}, 'k')
      await box.advance(by)
      const again = await intend(box, {}, 'k')
      expect([by, again.json.id === first.json.id]).toEqual([by, replayed])
      expect((await intend(box, { amount: '9' }, 'k')).status).toBe(409)
    }
  })

  test('zopay.idempotency.window: an answer that has expired makes room for another body', async () => {
    const box = await start()
    await intend(box, {}, 'k')
    await box.advance('24h')
    expect((await intend(box, { amount: '9' }, 'k')).status).toBe(200)
  })

  test('zopay.idempotency.success-only: a refusal leaves the key free', async () => {
    const box = await start()
    items(await mint(box, { asset: '' }, 'k'))
    refused(await mint(box, { asset: 'BTC' }, 'k'), 400, 'unsupported_asset')
    refused(await mint(box, {}, 'k', 'sk_test_nobody'), 401, 'invalid_api_key')
    expect((await mint(box, {}, 'k')).status).toBe(200)
  })

  test('zopay.idempotency.get: reads ignore the header', async () => {
    const box = await start()
    await mint(box, {}, 'k')
    const list = await box.call(client, withHeaders(get('/addresses'), { 'idempotency-key': 'k' }))
    expect([list.status, list.headers['idempotent-replayed'], list.json.data.length]).toEqual([200, undefined, 1])
  })

  test.each(CASES)(
    'zopay.idempotency.in-flight: %s, fifty at once with one key make one object, all answers equal',
    async (_, create) => {
      const box = await start()
      const replies = await Promise.all(Array.from({ length: 50 }, () => create(box, {}, 'k')))
      expect(new Set(replies.map((reply) => `${reply.status} ${reply.text}`)).size).toBe(1)
      expect(replies.filter((reply) => reply.headers['idempotent-replayed'] === undefined)).toHaveLength(1)
    },
  )

  test('zopay.idempotency.in-flight: the switch decides what the policy says', async () => {
    for (const [assume, expected] of [
      [{}, 'wait'],
      [{ 'zopay.idempotency.in-flight': 'conflict' }, { refuse: 'idempotency_in_progress' }],
    ] as const) {
      const box = await start({ assume })
      const { inFlight } = box.sandbox.providers.get('zopay')!.operations.createPaymentIntent!.repeats!
      expect(typeof inFlight === 'function' ? inFlight(box.world) : inFlight).toEqual(expected)
      expect((await intend(box)).status).toBe(200)
    }
  })

  test('zopay.idempotency.replay; zopay.addresses.one-primary; zopay.intents.fresh: any interleaving of keys, bodies and time yields exactly the objects the policy allows', async () => {
    const step = fc.record({
      path: fc.constantFrom('/addresses', '/payment-intents'),
      who: fc.constantFrom('demo', 'other'),
      key: fc.constantFrom('a', 'b', 'c'),
      ref: fc.constantFrom(undefined, 'u', 'v'),
      code: fc.constantFrom('USDT', 'usdt', 'BTC'),
      hours: fc.constantFrom(0, 0, 0, 5, 24),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const box = await start()
        const model = new Model()
        for (const { path, who, key, ref, code, hours } of steps) {
          if (hours > 0) await box.advance(`${hours}h`)
          model.hours += hours
          const body =
            path === '/addresses'
              ? { asset: code, network: 'solana', external_ref: ref }
              : { amount: '1', currencies: [code], external_ref: ref }
          const reply = await box.call(clientOf(KEYS[who as 'demo']), post(path, body, key))
          model.check(
            who,
            key,
            `${path} ${JSON.stringify(body)}`,
            path === '/addresses' ? `${who}/${ref ?? ''}/${ref === undefined}` : undefined,
            code,
            reply,
          )
        }
        await model.count(box)
        await box.sandbox.close()
      }),
      { numRuns: 40, seed: 20260516 },
    )
  })
})

/** What the pages promise, in their own words: an independent little Zopay without addresses of its own. */
class Model {
  hours = 0
  readonly #kept = new Map<string, { request: string; text: string; until: number }>()
  readonly #primary = new Map<string, string>()
  readonly #intents = new Map<string, number>([
    ['demo', 0],
    ['other', 0],
  ])

  /** `holder`: whom an address is for; undefined when an intent was asked for. */
  check(who: string, key: string, request: string, holder: string | undefined, code: string, reply: Reply): void {
    const kept = this.#kept.get(`${who}/${key}`)
    if (kept && this.hours < kept.until) {
      if (kept.request !== request) return refused(reply, 409, 'idempotency_conflict')
      return expect([reply.status, reply.text]).toEqual([200, kept.text])
    }
    if (code === 'BTC') return refused(reply, 400, 'unsupported_asset')
    expect(reply.status).toBe(200)
    this.#kept.set(`${who}/${key}`, { request, text: reply.text, until: this.hours + 24 })
    if (holder === undefined) {
      this.#intents.set(who, this.#intents.get(who)! + 1)
      return
    }
    expect(this.#primary.get(holder) ?? reply.json.address).toBe(reply.json.address)
    this.#primary.set(holder, reply.json.address)
    expect(new Set(this.#primary.values()).size).toBe(this.#primary.size)
  }

  async count(box: Kit): Promise<void> {
    for (const who of ['demo', 'other'] as const) {
      const addresses = (await read(box, '/addresses', KEYS[who])).json.data
      expect(addresses.map(({ address }: any) => address).sort()).toEqual(
        [...this.#primary]
          .filter(([holder]) => holder.startsWith(who))
          .map(([, address]) => address)
          .sort(),
      )
      const intents = (await read(box, '/payment-intents', KEYS[who])).json.data
      expect(intents).toHaveLength(this.#intents.get(who)!)
      expect(new Set(intents.map(({ ref_code }: any) => ref_code)).size).toBe(intents.length)
    }
  }
}

describe('addresses', () => {
  test('zopay.addresses.shape; zopay.format.status; zopay.format.time: the keys in order, to the byte', async () => {
    const box = await start({ clock: '2026-05-16T19:00:00.987Z' })
    const reply = await mint(box, { external_ref: 'user-1', label: 'Main' })
    const { id, address } = reply.json
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json'])
    expect(reply.text).toBe(
      `{"id":"${id}","object":"address","address":"${address}","asset":"USDT","network":"solana","external_ref":"user-1","label":"Main","livemode":false,"created_at":"2026-05-16T19:00:00Z"}`,
    )
    expect((await read(box, `/addresses/${id}`)).text).toBe(reply.text)
    expect((await read(box, '/addresses')).text).toBe(`{"data":[${reply.text}],"has_more":false,"cursor":null}`)
  })

  test('zopay.addresses.treasury; zopay.addresses.treasury-omits-ref: without a reference one pooled address, and no such key', async () => {
    const box = await start()
    const replies = [await mint(box), await mint(box, { external_ref: null }), await mint(box, { label: 'pool' })]
    for (const { json } of replies)
      expect([Object.keys(json).includes('external_ref'), json.id]).toEqual([false, replies[0]!.json.id])
    expect((await mint(box, { external_ref: 'treasury' })).json.address).not.toBe(replies[0]!.json.address)
  })

  test('zopay.addresses.empty-ref: an empty reference is one', async () => {
    const box = await start()
    const { json } = await mint(box, { external_ref: '' })
    expect(json.external_ref).toBe('')
    expect(json.id).not.toBe((await mint(box)).json.id)
  })

  test('zopay.addresses.one-primary; zopay.addresses.case: other keys, other letter case, another time: the same address', async () => {
    const box = await start()
    const first = (await mint(box, { external_ref: 'u' })).json
    await box.advance('48h')
    for (const fields of [{}, { asset: 'usdt' }, { network: 'SOLANA' }, { asset: 'uSdT', network: 'Solana' }]) {
      expect((await mint(box, { external_ref: 'u', ...fields })).json).toEqual(first)
    }
    const replies = await Promise.all(Array.from({ length: 50 }, () => mint(box, { external_ref: 'u' })))
    expect(new Set(replies.map((reply) => reply.text))).toEqual(new Set([JSON.stringify(first)]))
    expect((await read(box, '/addresses')).json.data).toEqual([first])
  })

  test('zopay.addresses.exact-ref; zopay.tenancy.users: another reference, asset, network or organisation is another address', async () => {
    const box = await start()
    const all = [
      await mint(box, { external_ref: 'u' }),
      await mint(box, { external_ref: 'U' }),
      await mint(box, { external_ref: 'u ' }),
      await mint(box, { external_ref: 'u', asset: 'XAUT' }),
      await mint(box, { external_ref: 'u', network: 'ethereum' }),
      await mint(box, { external_ref: 'u' }, freshKey(), KEYS.other),
      await mint(box),
    ]
    for (const field of ['id', 'address']) expect(new Set(all.map((reply) => reply.json[field])).size).toBe(all.length)
  })

  test('zopay.addresses.deterministic: the same in every world of the seed, whatever else was called', async () => {
    const [one, two, three] = [await start(), await start(), await start({ seed: 'another' })]
    await mint(two, { external_ref: 'before' })
    await intend(two)
    await two.advance('5d')
    const ask = (box: Kit) => mint(box, { external_ref: 'user_8721', label: box === two ? 'l' : null })
    const [a, b, c] = [(await ask(one)).json, (await ask(two)).json, (await ask(three)).json]
    expect([b.id, b.address]).toEqual([a.id, a.address])
    expect(c.address).not.toBe(a.address)
    expect(a.address).toMatch(/^Fake/)
    expect((await mint(one, { network: 'ethereum' })).json.address).toMatch(/^0xfa4e[0-9a-f]{36}$/i)
  })

  test('zopay.addresses.label: the latest one given stays', async () => {
    const box = await start()
    const labels = []
    for (const label of [undefined, 'one', null, 'two', undefined, ''])
      labels.push((await mint(box, { label })).json.label)
    expect(labels).toEqual([null, 'one', 'one', 'two', 'two', ''])
  })

  test.each([
    ['zopay.addresses.unsupported', { asset: 'BTC' }, 'unsupported_asset'],
    ['zopay.addresses.unsupported', { network: 'tron' }, 'unsupported_network'],
    ['zopay.addresses.unsupported', { asset: 'BTC', network: 'tron' }, 'unsupported_asset'],
    ['zopay.addresses.unsupported', { network: '__proto__' }, 'unsupported_network'],
    ['zopay.addresses.unsupported', { network: 'constructor' }, 'unsupported_network'],
    ['zopay.addresses.unsupported', { asset: ' USDT' }, 'unsupported_asset'],
  ])('%s: %j', async (_, fields, code) => {
    const box = await start()
    refused(await mint(box, fields), 400, code)
    expect(state(box)).toBe('{}')
  })

  test('zopay.addresses.pair-disabled: a pair that is not enabled is refused by its own name', async () => {
    const accounts = { shop: { keys: [{ id: 'sk_test_shop' }], pairs: [{ asset: 'USDT', network: 'solana' }] } }
    const box = await start({ providers: { zopay: { accounts } } })
    expect((await mint(box, {}, 'a', 'sk_test_shop')).status).toBe(200)
    refused(await mint(box, { network: 'ethereum' }, 'b', 'sk_test_shop'), 400, 'unsupported_asset_network')
  })

  test('zopay.addresses.malformed-id: what is no id is 400, whatever it is', async () => {
    const box = await start()
    const odd = [
      'xyz',
      'addr_',
      'addr_short',
      'addr_AAECAwQFRgeICQoLDA0OD!',
      'addr_AAECAwQFRgeICQoLDA0ODwA',
      'ADDR_AAECAwQFRgeICQoLDA0ODw',
      '00010203-0405-4607-8809-0a0b0c0d0e0f',
      '%00',
      '__proto__',
      'a%2Fb',
    ]
    for (const id of odd) refused(await read(box, `/addresses/${id}`), 400, 'invalid_address_id')
  })

  test('zopay.addresses.id: addr_ and sixteen bytes; zopay.addresses.foreign: unknown and foreign are told apart by nobody', async () => {
    const box = await start()
    const { id } = (await mint(box)).json
    const bytes = Buffer.from(id.slice(5), 'base64url')
    expect([bytes.length, bytes[6]! >> 4]).toEqual([16, 4])
    const [unknown, foreign] = [
      await read(box, '/addresses/addr_AAECAwQFRgeICQoLDA0ODw'),
      await read(box, `/addresses/${id}`, KEYS.other),
    ]
    refused(unknown, 404, 'address_not_found')
    expect(foreign.text).toBe(unknown.text)
  })

  test('zopay.addresses.list-filters: by reference, asset and network, in any case; unknown codes are refused', async () => {
    const box = await start()
    for (const external_ref of [undefined, 'u', 'v'])
      for (const asset of ['USDT', 'XAUT'])
        for (const network of ['solana', 'ethereum']) await mint(box, { external_ref, asset, network })
    const count = async (query: string, key: string = KEYS.demo) =>
      (await read(box, `/addresses?${query}`, key)).json.data.length
    expect(await count('')).toBe(12)
    expect(await count('external_ref=u')).toBe(4)
    expect(await count('external_ref=u&asset=usdt&network=SOLANA')).toBe(1)
    expect(await count('asset=XAUT')).toBe(6)
    expect(await count('external_ref=nobody')).toBe(0)
    expect(await count('external_ref=u', KEYS.other)).toBe(0)
    refused(await read(box, '/addresses?asset=BTC'), 400, 'unsupported_asset')
    refused(await read(box, '/addresses?network=tron'), 400, 'unsupported_network')
  })

  test('every call that hands out an address is a row of GET addresses; a replay is none', async () => {
    const box = await start()
    const first = (await mint(box, { external_ref: 'u' }, 'a')).json
    await mint(box, { external_ref: 'u' }, 'a')
    await mint(box, { external_ref: 'u' }, 'b')
    const rows = (await box.control('GET', '/addresses')).json.data
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatchObject({
      provider: 'zopay',
      account: 'org_demo',
      user: 'u',
      network: 'solana',
      currency: 'USDT',
      address: first.address,
      reference: first.id,
    })
  })
})

describe('payment intents', () => {
  test('zopay.intents.shape: the keys in order, to the byte', async () => {
    const box = await start()
    const reply = await intend(box, {
      amount: '25.00',
      currencies: ['usdt', 'XAUT'],
      external_ref: 'user-1',
      description: 'Order 9',
      metadata: { order: '9' },
    })
    const { id, ref_code: ref, addresses } = reply.json
    expect(reply.status).toBe(200)
    expect(addresses.map(({ asset, network }: any) => `${asset}/${network}`)).toEqual([
      'USDT/ethereum',
      'USDT/solana',
      'XAUT/ethereum',
      'XAUT/solana',
    ])
    expect(reply.text).toBe(
      `{"id":"${id}","object":"payment_intent","ref_code":"${ref}","status":"pending","amount":"25.00","currency":"USDT","currencies":["USDT","XAUT"],` +
        `"addresses":${JSON.stringify(addresses)},"external_ref":"user-1","description":"Order 9","metadata":{"order":"9"},"payment_url":"https://pay.zopay.invalid/${ref}",` +
        '"livemode":false,"created_at":"2026-05-16T19:00:00Z","expires_at":null,"completed_at":null}',
    )
    expect((await read(box, `/payment-intents/${id}`)).text).toBe(reply.text)
    expect((await read(box, '/payment-intents')).text).toBe(`{"data":[${reply.text}],"has_more":false,"cursor":null}`)
  })

  test('zopay.intents.external-ref; zopay.intents.description; zopay.intents.metadata: null, null and {} when not given', async () => {
    const box = await start()
    for (const fields of [{}, { external_ref: null, description: null }]) {
      expect((await intend(box, fields)).json).toMatchObject({ external_ref: null, description: null, metadata: {} })
    }
    expect((await intend(box, { external_ref: '', description: '' })).json).toMatchObject({
      external_ref: '',
      description: '',
    })
  })

  test('zopay.intents.fresh; zopay.intents.ref-code: two keys, two intents with codes and addresses of their own', async () => {
    const box = await start()
    const replies = await Promise.all(Array.from({ length: 100 }, () => intend(box)))
    const distinct = (pick: (json: any) => string) => new Set(replies.map((reply) => pick(reply.json))).size
    expect([
      distinct((json) => json.id),
      distinct((json) => json.ref_code),
      distinct((json) => json.addresses[0].address),
    ]).toEqual([100, 100, 100])
    for (const { json } of replies) expect(json.ref_code).toMatch(/^ZP[0-9A-HJKMNP-TV-Z]{8}$/)
  })

  test('zopay.intents.addresses: of the intent, not of the user; valid on their networks; handed out one by one', async () => {
    const box = await start()
    const user = (await mint(box, { external_ref: 'u' })).json
    const { id, addresses } = (await intend(box, { external_ref: 'u', currencies: ['USDT'] })).json
    expect(addresses.map((one: any) => one.address)).not.toContain(user.address)
    expect(addresses[0].address).toMatch(/^0xfa4e[0-9a-f]{36}$/i)
    expect(addresses[1].address).toMatch(/^Fake/)
    const rows = (await box.control('GET', '/addresses')).json.data.filter((row: any) => row.reference === id)
    expect(rows.map((row: any) => [row.user, row.address])).toEqual(addresses.map((one: any) => ['u', one.address]))
  })

  test('zopay.intents.currencies; zopay.intents.primary: any case, repeats dropped, the first is the primary one', async () => {
    const box = await start()
    const { json } = await intend(box, { currencies: ['xaut', 'USDT', 'XAUT', 'usdt'] })
    expect([json.currency, json.currencies]).toEqual(['XAUT', ['XAUT', 'USDT']])
    expect(json.addresses.map(({ asset }: any) => asset)).toEqual(['XAUT', 'XAUT', 'USDT', 'USDT'])
  })

  test('zopay.intents.networks; zopay.intents.unsupported: active networks only; unknown codes and those without any are refused', async () => {
    const accounts = { shop: { keys: [{ id: 'sk_test_shop' }], pairs: [{ asset: 'USDT', network: 'solana' }] } }
    const box = await start({ providers: { zopay: { accounts } } })
    expect((await intend(box, {}, 'a', 'sk_test_shop')).json.addresses).toMatchObject([
      { asset: 'USDT', network: 'solana' },
    ])
    refused(await intend(box, { currencies: ['USDT', 'XAUT'] }, 'b', 'sk_test_shop'), 400, 'unsupported_asset')
    for (const code of ['BTC', '', '__proto__', 'x'.repeat(1000), '\0'])
      refused(await intend(box, { currencies: ['USDT', code] }), 400, 'unsupported_asset')
    expect((await read(box, '/payment-intents')).json.data).toEqual([])
  })

  const AMOUNTS = [
    ['"0.000001"', '0.000001'],
    ['1', '1'],
    ['10.1', '10.1'],
    ['"10.10"', '10.10'],
    ['10.10', '10.1'],
    ['10.0', '10.0'],
    ['1e3', '1000.0'],
    ['"1e3"', '1000'],
    ['"1.50e1"', '15.0'],
    ['"+5"', '5'],
    ['" 7.5 "', '7.5'],
    ['"\\u00a07.5\\u2003"', '7.5'],
    ['"1_000"', '1000'],
    ['".5"', '0.5'],
    ['"5."', '5'],
    ['"007"', '7'],
    ['"1E-3"', '0.001'],
    ['12345678901234567890123', '12345678901234567890123'],
    ['0.1234567890123456789', '0.12345678901234568'],
    ['"0.1234567890123456789"', '0.1234567890123456789'],
    ['"12345678901234567890123456789012345678"', '12345678901234567890123456789012345678'],
    ['1e22', '10000000000000000000000'],
  ]

  test('zopay.intents.amount-plain; zopay.intents.amount-lenient; zopay.intents.amount-number: what is told of what was sent', async () => {
    const box = await start()
    for (const [sent, told] of AMOUNTS) {
      const reply = await box.call(
        client,
        post('/payment-intents', `{"amount":${sent},"currencies":["USDT"]}`, freshKey()),
      )
      expect([sent, reply.status, reply.json.amount]).toEqual([sent, 200, told])
    }
  })

  const TOO_LONG = [
    '"1e39"',
    '"1e999999999999999999999"',
    '"-1e999999999"',
    '"1e-39"',
    `"${'9'.repeat(39)}"`,
    '9'.repeat(300),
    '1e-300',
    `"1e${'9'.repeat(100_000)}"`,
  ]

  test('zopay.intents.amount-digits: 38 are enough', async () => {
    const box = await start()
    for (const amount of TOO_LONG) {
      const reply = await box.call(client, post('/payment-intents', `{"amount":${amount},"currencies":["USDT"]}`))
      expect(items(reply)).toMatchObject([
        {
          type: 'decimal_max_digits',
          loc: ['body', 'amount'],
          msg: 'Decimal input should have no more than 38 digits in total',
          ctx: { max_digits: 38 },
        },
      ])
    }
  })

  test('zopay.intents.amount-positive: nothing is not more than 0, however it is written', async () => {
    const box = await start()
    for (const amount of ['0', '0.0', '-0.0', '"0"', '"-0"', '"0e5"', '"0.000"', '1e-400', '-3', '"-0.1"']) {
      const reply = await box.call(client, post('/payment-intents', `{"amount":${amount},"currencies":["USDT"]}`))
      expect([amount, items(reply).map(({ type }) => type)]).toEqual([amount, ['greater_than']])
    }
  })

  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))

  const METADATA: [string, object, string | undefined][] = [
    ['50 keys', many(50), undefined],
    ['51 keys', many(51), 'Value error, metadata may have at most 50 keys'],
    ['a value of 500', { a: 'x'.repeat(500) }, undefined],
    ['a value of 501', { a: 'x'.repeat(501) }, 'Value error, metadata values may have at most 500 characters'],
    ['a list of 501', { a: ['x'.repeat(497)] }, 'Value error, metadata values may have at most 500 characters'],
    ['a list of 500', { a: ['x'.repeat(496)] }, undefined],
    ['other kinds', { a: null, b: true, c: [1, { d: 2 }], '': '' }, undefined],
  ]

  test.each(METADATA)('zopay.intents.metadata-caps: %s', async (_, metadata, msg) => {
    const box = await start()
    const reply = await intend(box, { metadata })
    if (msg === undefined) return expect(reply.json.metadata).toEqual(metadata)
    expect(items(reply)).toEqual([
      { type: 'value_error', loc: ['body', 'metadata'], msg, input: metadata, ctx: { error: {} } },
    ])
  })

  test('zopay.intents.metadata-storable: NUL and half surrogate pairs are refused, in keys and however deep', async () => {
    const box = await start()
    for (const text of ['{"a\\u0000":1}', '{"a":[{"b":"\\u0000"}]}', '{"a":"\\ud800"}', '{"\\udfff":1}']) {
      const reply = await box.call(
        client,
        post('/payment-intents', `{"amount":1,"currencies":["USDT"],"metadata":${text}}`),
      )
      expect(items(reply)).toMatchObject([{ type: 'value_error', loc: ['body', 'metadata'] }])
    }
  })

  test('zopay.intents.metadata: numbers come back as they were sent, and __proto__ is a name like any other', async () => {
    const box = await start()
    const text = '{"id":9007199254740993,"rate":1.10,"big":1e30,"__proto__":{"a":-0}}'
    const reply = await box.call(
      client,
      post('/payment-intents', `{"amount":1,"currencies":["USDT"],"metadata":${text}}`),
    )
    expect(reply.text).toContain(`"metadata":${text},`)
    expect((await read(box, `/payment-intents/${reply.json.id}`)).text).toBe(reply.text)
  })

  test('zopay.intents.malformed-id: what is no id is 400, whatever it is', async () => {
    const box = await start()
    const odd = [
      'abc',
      '1',
      '__proto__',
      '%00',
      '00010203-0405-4607-8809-0a0b0c0d0e0',
      '00010203-0405-4607-8809-0a0b0c0d0e0fg',
      'addr_AAECAwQFRgeICQoLDA0ODw',
    ]
    for (const id of odd) refused(await read(box, `/payment-intents/${id}`), 400, 'invalid_payment_intent_id')
  })

  test('zopay.intents.id-spellings; zopay.intents.foreign: any spelling of a UUID; unknown and foreign alike 404', async () => {
    const box = await start()
    const { id } = (await intend(box)).json
    for (const spelling of [id, id.toUpperCase(), id.replaceAll('-', ''), `urn:uuid:${id}`, `%7B${id}%7D`])
      expect((await read(box, `/payment-intents/${spelling}`)).json.id).toBe(id)
    const [unknown, foreign] = [
      await read(box, '/payment-intents/00010203-0405-4607-8809-0a0b0c0d0e0f'),
      await read(box, `/payment-intents/${id}`, KEYS.other),
    ]
    refused(unknown, 404, 'payment_intent_not_found')
    expect(foreign.text).toBe(unknown.text)
  })

  test('zopay.intents.never-expires: months later it is still pending', async () => {
    const box = await start()
    const { id } = (await intend(box)).json
    await box.advance('80d')
    expect((await read(box, `/payment-intents/${id}`)).json).toMatchObject({
      status: 'pending',
      expires_at: null,
      completed_at: null,
    })
  })

  test('zopay.intents.payment-url: a function of the intent alone, and nobody’s address', async () => {
    const { json } = await intend(await start())
    expect(json.payment_url).toBe(`https://pay.zopay.invalid/${json.ref_code}`)
  })

  test('zopay.intents.deterministic: the same in every world of the seed, whatever else was called', async () => {
    const [one, two, three] = [await start(), await start(), await start({ seed: 'another' })]
    await mint(two, { external_ref: 'before' })
    await intend(two, {}, 'theirs', KEYS.other)
    const [a, b, c] = [
      await intend(one, { external_ref: 'u' }, 'k'),
      await intend(two, { external_ref: 'u' }, 'l'),
      await intend(three, { external_ref: 'u' }, 'k'),
    ]
    expect([b.json.id, b.json.addresses]).toEqual([a.json.id, a.json.addresses])
    expect(c.json.addresses[0].address).not.toBe(a.json.addresses[0].address)
    expect((await intend(one, { external_ref: 'u' })).json.addresses[0].address).not.toBe(a.json.addresses[0].address)
  })

  test('two worlds of one seed give the same bytes', async () => {
    const [one, two] = [await start(), await start()]
    for (const box of [one, two]) await intend(box, {}, 'first')
    expect((await intend(one, { external_ref: 'u' }, 'k')).text).toBe(
      (await intend(two, { external_ref: 'u' }, 'k')).text,
    )
  })
})

describe('lists', () => {
  const LISTS = [
    ['/addresses', mint],
    ['/payment-intents', intend],
  ] as const

  test.each(LISTS)(
    'zopay.lists.envelope; zopay.lists.order; zopay.lists.has-more: %s page by page, newest first, while more come in',
    async (path, create) => {
      const box = await start()
      const made: string[] = []
      for (let i = 0; i < 5; i++) {
        made.unshift((await create(box, { external_ref: `u${i}` })).json.id)
        if (i % 2) await box.advance('1s')
      }
      await create(box, { external_ref: 'theirs' }, freshKey(), KEYS.other)
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const { json }: Reply = await read(box, `${path}?limit=1${cursor === null ? '' : `&cursor=${cursor}`}`)
        expect(Object.keys(json)).toEqual(['data', 'has_more', 'cursor'])
        expect(json.has_more).toBe(json.cursor !== null)
        seen.push(...json.data.map(({ id }: any) => id))
        cursor = json.cursor
        await create(box, { external_ref: `late${seen.length}` })
      } while (cursor !== null)
      expect(seen).toEqual(made)
    },
  )

  test('zopay.lists.limit: 50 unless said, 200 at most', async () => {
    const box = await start()
    await Promise.all(Array.from({ length: 205 }, () => intend(box)))
    for (const [query, count, more] of [
      ['', 50, true],
      ['?limit=1', 1, true],
      ['?limit=200', 200, true],
      ['?limit=1&limit=3', 3, true],
    ] as const) {
      const { json } =
        query === '?limit=1&limit=3'
          ? await box.raw('GET', `/zopay/connect/v1/payment-intents${query}`, client.sign(get(''), 0).headers)
          : await read(box, `/payment-intents${query}`)
      expect([query, json.data.length, json.has_more]).toEqual([query, count, more])
    }
    const { json } = await read(box, '/payment-intents?limit=200')
    const rest = (await read(box, `/payment-intents?cursor=${json.cursor}`)).json
    expect([rest.data.length, rest.has_more, rest.cursor]).toEqual([5, false, null])
  })

  test('zopay.lists.has-more: a full last page says so', async () => {
    const box = await start()
    for (let i = 0; i < 3; i++) await intend(box, { external_ref: 'u' })
    expect((await read(box, '/payment-intents?limit=3')).json).toMatchObject({ has_more: false, cursor: null })
  })

  test('zopay.lists.external-ref: one user, or an empty page for one never seen', async () => {
    const box = await start()
    const mine = (await intend(box, { external_ref: 'a b&c' })).json
    await intend(box)
    await intend(box, { external_ref: 'a b&c' }, freshKey(), KEYS.other)
    expect((await read(box, `/payment-intents?external_ref=${encodeURIComponent('a b&c')}`)).json.data).toEqual([mine])
    expect((await read(box, '/payment-intents?external_ref=nobody')).json).toEqual({
      data: [],
      has_more: false,
      cursor: null,
    })
  })

  test('zopay.lists.external-ref: a filter that leaves most rows out still finds the rest', async () => {
    const box = await start()
    await mint(box, { asset: 'XAUT' })
    await Promise.all(Array.from({ length: 410 }, (_, i) => mint(box, { external_ref: `u${i}` })))
    await mint(box, { asset: 'XAUT', external_ref: 'last' })
    const first = (await read(box, '/addresses?asset=XAUT&limit=1')).json
    expect([first.data[0].external_ref, first.has_more]).toEqual(['last', true])
    expect((await read(box, `/addresses?asset=XAUT&limit=1&cursor=${first.cursor}`)).json).toMatchObject({
      data: [{ asset: 'XAUT' }],
      has_more: false,
    })
  })

  test('zopay.lists.cursor: garbage, and a cursor of another list, are 400', async () => {
    const box = await start()
    for (let i = 0; i < 2; i++) await mint(box, { external_ref: `u${i}` })
    const { cursor } = (await read(box, '/addresses?limit=1')).json
    refused(await read(box, `/payment-intents?cursor=${cursor}`), 400, 'invalid_cursor')
    const forged = (text: string) => Buffer.from(text).toString('base64url')
    for (const bad of [
      '',
      'x',
      '%00',
      `${cursor}=`,
      `${cursor}!`,
      '1',
      forged('zopay.addresses:-1'),
      forged('zopay.addresses:1e3'),
      forged(`zopay.addresses:${'9'.repeat(30)}`),
      forged('zopay.addresses:01'),
    ]) {
      const reply = await read(box, `/addresses?cursor=${bad}`)
      expect([bad, reply.status]).toEqual([bad, 400])
      refused(reply, 400, 'invalid_cursor')
    }
    expect((await read(box, `/addresses?cursor=${forged('zopay.addresses:999999999999999')}`)).json.data).toHaveLength(
      2,
    )
  })
})

describe('elsewhere', () => {
  test('zopay.elsewhere.unknown: unknown paths and methods, without a key', async () => {
    const box = await start()
    for (const path of [
      '/',
      '/connect/v1',
      '/connect/v2/addresses',
      '/connect/v1/webhooks',
      '/connect/v1/addresses/a/b',
      '/connect/v1/payment-intents/a/cancel',
      '/connect/v1/%zz',
      '/addresses',
    ]) {
      const reply = await box.send('zopay', { method: 'GET', path })
      expect([path, reply.status, reply.text]).toEqual([path, 404, '{"detail":"Not Found"}'])
    }
    const wrong = await box.send('zopay', { method: 'DELETE', path: '/connect/v1/addresses' })
    expect([wrong.status, wrong.text, wrong.headers.allow]).toEqual([
      405,
      '{"detail":"Method Not Allowed"}',
      'GET, POST',
    ])
  })

  test('zopay.elsewhere.slash: a slash too many leads to the path without', async () => {
    const box = await start()
    for (const [method, path] of [
      ['GET', '/addresses/'],
      ['POST', '/addresses/'],
      ['GET', '/payment-intents/'],
      ['GET', '/addresses/abc/'],
      ['POST', '/events/e/replay/'],
      ['GET', '/balances/'],
    ] as const) {
      // Past the judges: Prism reads an empty path value as none.
      const reply = await box.raw(method, `/zopay/connect/v1${path}?a=1`)
      expect([path, reply.status, reply.headers.location, reply.text]).toEqual([
        path,
        307,
        `${box.url}/zopay/connect/v1${path.slice(0, -1)}?a=1`,
        '',
      ])
    }
  })

  test('zopay.limits.body: more than a MiB is refused in the envelope', async () => {
    const box = await start()
    refused(await mint(box, { label: 'x'.repeat(1024 * 1024) }), 413, 'body_too_large')
  })
})

test('bad input is never a 500 and never changes anything', async () => {
  const box = await start()
  const junk = fc.oneof(
    fc.json({ maxDepth: 5 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.stringMatching(/^[{}[\]:,"0-9eE.+\-\\ aN]{0,40}$/),
    fc
      .record(
        {
          asset: fc.anything({ maxDepth: 1 }),
          network: fc.anything({ maxDepth: 1 }),
          amount: fc.anything({ maxDepth: 1 }),
          metadata: fc.anything({ maxDepth: 2 }),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value) ?? ''),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/addresses', '/payment-intents'), junk, async (path, body) => {
      const reply = await box.raw('POST', `/zopay/connect/v1${path}`, client.sign(post(path, ''), 0).headers, body)
      expect([400, 422]).toContain(reply.status)
      expect(state(box)).toBe('{}')
    }),
    { numRuns: 300, seed: 20260516 },
  )
})
