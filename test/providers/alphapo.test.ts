// AlphaPo as its documents and its sibling's describe it, over HTTP, signed by a client that was written from them.
import fc from 'fast-check'
import { decode } from 'light-bolt11-decoder'
import { describe, expect, test } from 'vitest'
import { client, clientOf, type Credentials, KEYS, PAYEE, post, sign, taking } from '../clients/alphapo.ts'
import { type Kit, type Reply, type Request, start } from '../kit.ts'

const PING: Request = { method: 'GET', path: '/api/v2/ping' }

const CODES =
  'BTC LTC BCH DOGE ETH XRP ADA TRX BNB CSC SOL POL BTCLN ETHA ETHBASE USDTE USDTT USDTB USDC USDCE USDCA USDCBASE USDCS USDGE USDGS ' +
  'EURCE EURCBASE EURCS EURS WBTC DAI BRZ VERSE XED CPD SNACK'

function take(box: Kit, fields: Record<string, unknown> = {}, credentials: Credentials = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(credentials), taking(fields))
}

function list(box: Kit, body: unknown = {}, credentials: Credentials = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(credentials), post('/currencies/list', body))
}

/** Shape A. */
function refused(reply: Reply, status: number, error: string, code: string): void {
  expect([reply.status, reply.json]).toEqual([status, { error, code }])
}

/** Shape B; `what` names the row of a table. */
function wrong(reply: Reply, errors: Record<string, string>, what = ''): void {
  expect([what, reply.status, reply.json]).toEqual([what, 400, { errors }])
}

function badSignature(reply: Reply): void {
  refused(reply, 403, 'Bad signature header', 'bad_header_signature')
}

/** A signed call with headers of one's own. */
function by(headers: Record<string, string>, request: Request = taking({})): Request {
  return client.sign({ ...request, headers: { ...request.headers, ...headers } }, 0)
}

/** A call that takes an address with this exact body. */
function exactly(body: string): Request {
  return { method: 'POST', path: '/api/v2/addresses/take', body }
}

/** A sandbox with one more merchant. */
function startWith(shop: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<Kit> {
  return start({ providers: { alphapo: { merchants: { shop }, ...more } } })
}

const SHOP = { key: 'shop_key', secret: 'shop_secret' }

describe('authentication', () => {
  test('alphapo.auth.signature: the vectors of the documents come out of the signer, and the sandbox takes them', async () => {
    const secret = 'AbCdEfG123456'
    const box = await startWith({ keys: [{ id: 'vector_key', secret }] })
    const vectors: [path: string, body: string, signature: string, status: number][] = [
      [
        'addresses/take',
        '{"currency":"BTC","foreign_id":"123456"}',
        '03c25fcf7cd35e7d995e402cd5d51edd72d48e1471e865907967809a0c189ba55b90815f20e2bb10f82c7a9e9d865546fda58989c2ae9e8e2ff7bc29195fa1ec',
        400,
      ],
      [
        'currencies/list',
        '{}',
        '89ff570683bfcd9e2c8911332e07e3ff196ca50f91faef98126fb0eb76df90d7ccddc4372a99ba67ec072fd3aac5d0b7eac44652e2b29ce36dbcf5ee50b6fa05',
        200,
      ],
      [
        'currencies/list',
        '[]',
        '2da807ab86f47091ca3f7f45aba4c2bd3072fff6f2ef4f88c1ebece372be14ff9800d1e8ffca4b2733f837bcb2ee8dfb23f56c09e4dc7a0143127820bcba88a8',
        200,
      ],
      [
        'addresses/take',
        '{"currency":"BTC","foreign_id":"test_foreign_id","end_user_reference":"test_end_user_reference"}',
        'e2293be46f951329c86cfa7a7eed549e4e54aaac29f2b4bac6fc963b15b46ceb66dc446ee16b661faa697c8583ef1a72e195ac51ae0e093d3f06419eecd6491e',
        201,
      ],
      [
        'addresses/take',
        '',
        '0104da715ed5bb364eba7167a71316e194f5ca21629884dca6c368cfd411d2b8404d0cccf928a76ef5b8d170eae711d9a9ef4d9c74cd23693869c96fd64c335f',
        400,
      ],
    ]
    for (const [path, body, signature, status] of vectors) {
      expect(sign(secret, body)).toBe(signature)
      const headers = {
        'content-type': 'application/json',
        'x-processing-key': 'vector_key',
        'x-processing-signature': signature,
      }
      const reply = await box.send('alphapo', {
        method: 'POST',
        path: `/api/v2/${path}`,
        headers,
        ...(body !== '' && { body }),
      })
      expect([body, reply.status]).toEqual([body, status])
    }
  })

  test('alphapo.auth.signature: the bytes count, whatever they mean; the same call may be sent again', async () => {
    const box = await start()
    const body = '{ "currency" : "BTC",\n\t"foreign_id":"u\\u0038",  "end_user_reference":"u\\/8" }\r\n'
    const request = client.sign(exactly(body), 0)
    const [first, again] = [await box.send('alphapo', request), await box.send('alphapo', request)]
    expect([first.status, again.status]).toEqual([201, 201])
    expect(first.json.data).toMatchObject({ foreign_id: 'u8', end_user_reference: 'u/8' })
  })

  test('alphapo.auth.signature: header names come in any case', async () => {
    const box = await start()
    const { headers, ...request } = client.sign(taking({}), 0)
    const shouted = Object.fromEntries(Object.entries(headers!).map(([name, value]) => [name.toUpperCase(), value]))
    expect((await box.send('alphapo', { ...request, headers: shouted })).status).toBe(201)
  })

  test('alphapo.auth.no-key; alphapo.auth.bad-key; alphapo.auth.no-signature; alphapo.auth.bad-signature: the four header errors', async () => {
    const box = await start()
    const {
      'x-processing-key': key,
      'x-processing-signature': signature,
      ...rest
    } = client.sign(taking({}), 0).headers!
    const send = (headers: Record<string, string>) =>
      box.send('alphapo', { ...taking({}), headers: { ...rest, ...headers } })
    refused(await send({ 'x-processing-signature': signature! }), 403, 'No key header', 'required_header_key')
    refused(
      await send({ 'x-processing-key': 'nobody', 'x-processing-signature': signature! }),
      403,
      'Bad key header',
      'bad_header_key',
    )
    refused(await send({ 'x-processing-key': key! }), 403, 'No signature header', 'required_header_signature')
    badSignature(await send({ 'x-processing-key': key!, 'x-processing-signature': sign('another', taking({}).body!) }))
    for (const name of ['__proto__', 'constructor', 'x'.repeat(5000)]) {
      refused(
        await send({ 'x-processing-key': name, 'x-processing-signature': signature! }),
        403,
        'Bad key header',
        'bad_header_key',
      )
    }
    expect((await take(box)).json.data.id).toBe(900001)
  })

  test('alphapo.auth.bad-signature: the other merchant’s secret does not do', async () => {
    const box = await start()
    badSignature(await take(box, {}, { key: KEYS.demo.key, secret: KEYS.other.secret }))
    expect((await take(box, {}, KEYS.other)).status).toBe(201)
  })

  test('alphapo.auth.hex-case: anything but the lower-case hex is refused', async () => {
    const box = await start()
    const signature = sign(KEYS.demo.secret, taking({}).body!)
    for (const bad of [
      signature.toUpperCase(),
      Buffer.from(signature, 'hex').toString('base64'),
      `${signature}00`,
      signature.slice(2),
      'zz',
      `0x${signature}`,
    ]) {
      badSignature(await box.send('alphapo', by({ 'x-processing-signature': bad })))
    }
  })

  test('alphapo.auth.ip: a key with a list of addresses refuses other ones', async () => {
    const from = (ips: string[]) => startWith({ keys: [{ id: 'shop_key', secret: 'shop_secret', ips }] })
    refused(await take(await from(['10.0.0.1']), {}, SHOP), 403, 'Forbidden', 'forbidden_ip')
    expect((await take(await from(['10.0.0.1', '127.0.0.1']), {}, SHOP)).status).toBe(201)
    expect((await take(await from([]), {}, SHOP)).status).toBe(201)
  })

  test('alphapo.auth.keys: two keys of one merchant make addresses of one row', async () => {
    const box = await startWith({
      keys: [
        { id: 'k1', secret: 's1' },
        { id: 'k2', secret: 's2' },
      ],
    })
    const turn = [await take(box, {}, { key: 'k1', secret: 's1' }), await take(box, {}, { key: 'k2', secret: 's2' })]
    const back = await startWith({
      keys: [
        { id: 'k1', secret: 's1' },
        { id: 'k2', secret: 's2' },
      ],
    })
    const other = [await take(back, {}, { key: 'k2', secret: 's2' }), await take(back, {}, { key: 'k1', secret: 's1' })]
    expect(turn.map((reply) => reply.text)).toEqual(other.map((reply) => reply.text))
    expect(turn[0]!.json.data.address).not.toBe(turn[1]!.json.data.address)
  })

  test('alphapo.auth.order: with two faults at once the earlier check answers', async () => {
    const box = await start({
      providers: { alphapo: { merchants: { far: { keys: [{ id: 'far_key', secret: 's', ips: ['10.0.0.1'] }] } } } },
    })
    const broken = exactly('{"currency":')
    const bare = (headers: Record<string, string>, request = broken) => box.send('alphapo', { ...request, headers })
    const signed = sign(KEYS.demo.secret, broken.body!)
    refused(await bare({}, { method: 'POST', path: '/api/v2/nothing' }), 403, 'No key header', 'required_header_key')
    refused(await bare({ 'x-processing-signature': 'ab' }), 403, 'No key header', 'required_header_key')
    refused(await bare({ 'x-processing-key': 'nobody' }), 403, 'Bad key header', 'bad_header_key')
    refused(await bare({ 'x-processing-key': 'far_key' }), 403, 'Forbidden', 'forbidden_ip')
    refused(await bare({ 'x-processing-key': KEYS.demo.key }), 403, 'No signature header', 'required_header_signature')
    badSignature(await bare({ 'x-processing-key': KEYS.demo.key, 'x-processing-signature': 'ab' }))
    refused(
      await bare({ 'x-processing-key': KEYS.demo.key, 'x-processing-signature': signed }),
      400,
      'Bad content format',
      'bad_content_format',
    )
    // the form of the fields before what the merchant may do
    const narrow = await startWith({ keys: [{ id: 'shop_key', secret: 'shop_secret' }], currencies: ['BTC'] })
    wrong(await take(narrow, { currency: 'ETH', foreign_id: null }, SHOP), {
      foreign_id: 'The foreign id field is required.',
    })
  })

  test('alphapo.ping: two characters, no headers needed', async () => {
    const box = await start()
    for (const headers of [{}, { 'x-processing-key': 'nobody', 'x-processing-signature': 'ab' }]) {
      const reply = await box.send('alphapo', { ...PING, headers })
      expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([200, 'OK', 'text/html; charset=UTF-8'])
    }
  })

  test('alphapo.rate.bucket; alphapo.rate.answer: a configured key may make so many authenticated calls in a minute of world time', async () => {
    const box = await startWith({ keys: [{ id: 'shop_key', secret: 'shop_secret', ratePerMinute: 2 }] })
    badSignature(await take(box, {}, { ...SHOP, secret: 'x' }))
    for (let i = 0; i < 2; i++) expect((await take(box, {}, SHOP)).status).toBe(201)
    const over = await take(box, {}, SHOP)
    expect([over.status, over.text, over.json]).toEqual([429, 'error code: 1015', undefined])
    expect(over.headers['content-type']).toMatch(/^text\/plain/)
    expect((await take(box)).status).toBe(201)
    await box.advance('59s')
    expect((await take(box, {}, SHOP)).status).toBe(429)
    await box.advance('1s')
    expect((await take(box, {}, SHOP)).json.data.id).toBe(900004)
  })

  test('alphapo.elsewhere.path: a wrong URL is told as a missing key, signed or not', async () => {
    const box = await start()
    for (const path of [
      '/api/v2/nothing',
      '/',
      '/api/v1/addresses/take',
      '/addresses/take',
      '/api/v2/addresses/take/',
      '/api/v2/addresses%2Ftake',
    ]) {
      const request = { method: 'POST', path, body: taking({}).body }
      refused(await box.send('alphapo', client.sign(request, 0)), 403, 'No key header', 'required_header_key')
      const reply = await box.send('alphapo', { method: 'GET', path })
      refused(reply, 403, 'No key header', 'required_header_key')
      expect(reply.headers['x-sandgate-hint']).toMatch(/^unknown URL/)
    }
  })

  test('alphapo.elsewhere.method: 405, an empty object, and the method there is', async () => {
    const box = await start()
    for (const [method, path, allow] of [
      ['GET', 'addresses/take', 'POST'],
      ['DELETE', 'currencies/list', 'POST'],
      ['POST', 'ping', 'GET'],
    ] as const) {
      const reply = await box.send('alphapo', { method, path: `/api/v2/${path}` })
      expect([reply.status, reply.text, reply.headers.allow]).toEqual([405, '{}', allow])
    }
  })
})

describe('hints', () => {
  const signed = sign(KEYS.demo.secret, taking({}).body!)
  const pretty = '{\n    "currency": "BTC",\n    "foreign_id": "u"\n}'

  test.each<[mistake: string, request: Request, hint: RegExp]>([
    [
      'another secret altogether',
      by({ 'x-processing-signature': sign('guess', taking({}).body!) }),
      /^the signature matches none of the usual mistakes/,
    ],
    [
      'upper-case hex',
      by({ 'x-processing-signature': signed.toUpperCase() }),
      /^lower-case hex expected, upper-case hex sent$/,
    ],
    [
      'base64',
      by({ 'x-processing-signature': Buffer.from(signed, 'hex').toString('base64') }),
      /^hex expected, base64 sent$/,
    ],
    [
      'base64 of the hex',
      by({ 'x-processing-signature': Buffer.from(signed).toString('base64') }),
      /^the hex text was base64-encoded, instead of the bytes$/,
    ],
    [
      'a newline after the secret',
      by({ 'x-processing-signature': sign(`${KEYS.demo.secret}\n`, taking({}).body!) }),
      /^the secret had a trailing newline$/,
    ],
    [
      'a newline after the signed text',
      by({ 'x-processing-signature': sign(KEYS.demo.secret, `${taking({}).body}\n`) }),
      /^the signed text had a trailing newline/,
    ],
    [
      'a newline after the body',
      by({ 'x-processing-signature': signed }, exactly(`${taking({}).body}\n`)),
      /^the sent body has a trailing newline that was not signed$/,
    ],
    [
      'an empty text signed',
      by({ 'x-processing-signature': sign(KEYS.demo.secret, '') }),
      /^the body was left out of the signed text$/,
    ],
    [
      'compact signed, pretty sent',
      by({ 'x-processing-signature': sign(KEYS.demo.secret, JSON.stringify(JSON.parse(pretty))) }, exactly(pretty)),
      /^the body was re-serialised after signing$/,
    ],
    [
      'spaced signed, compact sent',
      by(
        { 'x-processing-signature': sign(KEYS.demo.secret, '{"currency": "BTC", "foreign_id": "u"}') },
        exactly('{"currency":"BTC","foreign_id":"u"}'),
      ),
      /^the body was re-serialised after signing$/,
    ],
    [
      'slashes escaped after signing',
      by(
        { 'x-processing-signature': sign(KEYS.demo.secret, '{"foreign_id":"a\\/\\u00e9"}') },
        exactly('{"foreign_id":"a/é"}'),
      ),
      /^the body was re-serialised after signing$/,
    ],
  ])('sandgate.hints: %s', async (_, request, hint) => {
    const box = await start()
    const reply = await box.send('alphapo', request)
    badSignature(reply)
    expect(reply.headers['x-sandgate-hint']).toMatch(hint)
    expect(reply.headers['x-sandgate-hint']).not.toContain(sign(KEYS.demo.secret, request.body!))
  })

  test('sandgate.hints: the secret of the merchant’s other key, and of another merchant', async () => {
    const box = await startWith({
      keys: [
        { id: 'shop_key', secret: 'shop_secret' },
        { id: 'shop_key_2', secret: 'shop_secret_2' },
      ],
    })
    const reply = await take(box, {}, { key: 'shop_key', secret: 'shop_secret_2' })
    badSignature(reply)
    expect(reply.headers['x-sandgate-hint']).toBe('signed with the secret of another key of the same account')
    const published = await take(box, {}, { key: 'shop_key', secret: KEYS.demo.secret })
    expect(published.headers['x-sandgate-hint']).toBe('signed with the secret of the demo account demo')
    const configured = await take(box, {}, { ...KEYS.demo, secret: 'shop_secret' })
    expect(configured.headers['x-sandgate-hint']).toBe('signed with the secret of another account')
  })
})

describe('bodies', () => {
  const unreadable: [name: string, body: string][] = [
    ['nothing', ''],
    ['cut off', '{"currency":'],
    ['a word', 'currency=BTC'],
    ['single quotes', "{'currency':'BTC'}"],
    ['a comma too many', '{"currency":"BTC",}'],
    ['a byte order mark', '\ufeff{}'],
    ['nested too deep', `{"x":${'['.repeat(200)}${']'.repeat(200)}}`],
  ]

  test('alphapo.content.format: what is no JSON is refused in shape A, and takes nothing', async () => {
    const box = await start()
    for (const [name, body] of unreadable) {
      for (const path of ['/api/v2/addresses/take', '/api/v2/currencies/list']) {
        const request = by({ 'content-type': 'application/json' }, { method: 'POST', path, body: body || undefined })
        const reply = await box.send('alphapo', request)
        expect([name, reply.status, reply.text]).toEqual([
          name,
          400,
          '{"error":"Bad content format","code":"bad_content_format"}',
        ])
      }
    }
    expect((await take(box)).json.data.id).toBe(900001)
  })

  test('alphapo.content.media-type: any JSON type will do, no other one', async () => {
    const box = await start()
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/vnd.shop+json',
      'text/json',
    ]) {
      expect([type, (await box.send('alphapo', by({ 'content-type': type }))).status]).toEqual([type, 201])
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ';']) {
      const reply = await box.send('alphapo', by({ 'content-type': type }))
      expect([type, reply.status, reply.json.code]).toEqual([type, 400, 'bad_content_format'])
    }
  })

  test('alphapo.content.container: an array is as good as an object, a bare value is not', async () => {
    const box = await start()
    const all = {
      currency: 'The currency field is required.',
      foreign_id: 'The foreign id field is required.',
      end_user_reference: 'The end user reference field is required.',
    }
    for (const body of ['[]', '{}', '[1,"BTC"]']) wrong(await box.call(client, exactly(body)), all)
    for (const body of ['[]', '{}', '[{"visible":false}]'])
      expect((await list(box, JSON.parse(body))).json.data).toHaveLength(36 + 41)
    for (const body of ['"BTC"', '5', 'true', '1e999'])
      refused(await box.call(client, exactly(body)), 400, 'Bad content format', 'bad_content_format')
  })

  test('alphapo.content.null: null is as good as {}, where there are parameters and where there are none, modelled or not', async () => {
    const box = await start()
    for (const path of ['/currencies/list', '/currencies/pairs', '/currencies/rates', '/accounts/list']) {
      for (const body of ['null', ' null\n', '{}', '[]'])
        expect([path, body, (await box.call(client, { ...post(path, {}), body })).status]).toEqual([path, body, 200])
    }
    expect((await box.call(client, { ...post('/currencies/list', {}), body: 'null' })).text).toBe(
      (await list(box)).text,
    )
    for (const path of [
      '/addresses/take',
      '/withdrawal/crypto',
      '/invoices/create',
      '/exchange/calculate',
      '/exchange/now',
      '/exchange/fixed',
    ]) {
      const [nothing, none, empty] = [
        await box.call(client, { ...post(path, {}), body: 'null' }),
        await box.call(client, post(path, [])),
        await box.call(client, post(path, {})),
      ]
      expect([path, empty.status, nothing.text, none.text]).toEqual([path, 400, empty.text, empty.text])
    }
    const look = async (body: string) => {
      const { method, path, headers } = client.sign(
        { method: 'GET', path: '/api/v2/transactions/info?id=5100001', body },
        0,
      )
      return (await box.raw(method, `/alphapo${path}`, headers, body)).text
    }
    expect(await look('null')).toBe(await look('{}'))
  })

  test('alphapo.content.none: a GET is signed over nothing, or over the body that comes with it', async () => {
    const box = await start()
    const request = { method: 'GET', path: '/api/v2/transactions/info?id=5100001' }
    wrong(await box.call(client, request), { id: 'The selected id is invalid.' })
    wrong(await box.call(client, { ...request, body: '{"id":5100001}' }), { id: 'The selected id is invalid.' })
    const signed = client.sign({ ...request, headers: { 'x-processing-signature': sign(KEYS.demo.secret, '{}') } }, 0)
    badSignature(await box.send('alphapo', signed))
  })

  test('alphapo.content.surrogates: half a character is unreadable, in a name as in a value; a whole one is not', async () => {
    const box = await start()
    const fields = (foreignId: string, more = '') =>
      exactly(`{"currency":"BTC","foreign_id":"${foreignId}","end_user_reference":"u"${more}}`)
    for (const request of [fields('\\ud83e'), fields('\\uddfe'), fields('u', ',"x":[{"\\uD800":1}]')]) {
      refused(await box.call(client, request), 400, 'Bad content format', 'bad_content_format')
    }
    expect((await box.call(client, fields('\\ud83e\\uddfe'))).json.data.foreign_id).toBe('🧾')
    expect((await box.call(client, fields('\\\\ud83e'))).json.data.foreign_id).toBe('\\ud83e')
  })

  test('alphapo.content.extra: unknown fields are ignored, names of object members too', async () => {
    const box = await start()
    const body =
      '{"__proto__":{"currency":"ETH"},"constructor":1,"sender_type":"natural","tag":5,"currency":"BTC","foreign_id":"u","end_user_reference":"u"}'
    expect((await box.call(client, exactly(body))).json.data.currency).toBe('BTC')
    wrong(
      await box.call(client, exactly('{"__proto__":{"currency":"BTC"},"foreign_id":"u","end_user_reference":"u"}')),
      { currency: 'The currency field is required.' },
    )
  })

  test('sandgate.input.body-limit: a body that is too large is refused in shape A', async () => {
    const box = await start({ limits: { bodyBytes: 1024 } })
    refused(await take(box, { foreign_id: 'x'.repeat(2000) }), 413, 'Payload too large', 'payload_too_large')
  })
})

describe('fields', () => {
  const required = (field: string) => `The ${field} field is required.`
  const text = (field: string) => `The ${field} must be a string.`

  const faults: [name: string, fields: Record<string, unknown>, errors: Record<string, string>][] = [
    ['currency missing', { currency: undefined }, { currency: required('currency') }],
    ['foreign_id missing', { foreign_id: undefined }, { foreign_id: required('foreign id') }],
    [
      'end_user_reference missing',
      { end_user_reference: undefined },
      { end_user_reference: required('end user reference') },
    ],
    [
      'null',
      { currency: null, foreign_id: null },
      { currency: required('currency'), foreign_id: required('foreign id') },
    ],
    ['empty', { currency: '', foreign_id: '' }, { currency: required('currency'), foreign_id: required('foreign id') }],
    [
      'blank, however long',
      { foreign_id: ' '.repeat(300), currency: '\t\n' },
      { currency: required('currency'), foreign_id: required('foreign id') },
    ],
    [
      'wrong types',
      { currency: 5, foreign_id: ['u'], end_user_reference: {} },
      {
        currency: text('currency'),
        foreign_id: text('foreign id'),
        end_user_reference: text('end user reference'),
      },
    ],
    [
      'an object that cannot be a text',
      { currency: { toString: 1, valueOf: 1 }, amount: { toString: 1 } },
      {
        currency: text('currency'),
        amount: 'The amount must be a number.',
      },
    ],
    [
      'a fraction and a boolean',
      { foreign_id: 1.5, end_user_reference: true },
      { foreign_id: text('foreign id'), end_user_reference: text('end user reference') },
    ],
    [
      'too long',
      { foreign_id: 'x'.repeat(256) },
      { foreign_id: 'The foreign id may not be greater than 255 characters.' },
    ],
    [
      'too long in code points',
      { end_user_reference: '🧾'.repeat(256) },
      { end_user_reference: 'The end user reference may not be greater than 255 characters.' },
    ],
    ['NUL', { foreign_id: 'a\u0000b' }, { foreign_id: 'The foreign id format is invalid.' }],
    ['convert_to a number', { convert_to: 978 }, { convert_to: text('convert to') }],
    ['amount a boolean', { amount: true }, { amount: 'The amount must be a number.' }],
  ]

  test('alphapo.errors.wording; alphapo.errors.shape-b: each fault has its text, and takes nothing', async () => {
    const box = await start()
    for (const [name, fields, errors] of faults) wrong(await take(box, fields), errors, name)
    expect((await take(box)).json.data.id).toBe(900001)
  })

  test('alphapo.errors.all-fields: all at once, in the order of the page, to the byte', async () => {
    const box = await start()
    const reply = await box.call(client, exactly('{"amount":[],"convert_to":"NOPE","currency":"nope"}'))
    expect([reply.status, reply.headers['content-type']]).toEqual([400, 'application/json'])
    expect(reply.text).toBe(
      '{"errors":{"currency":"The selected currency is invalid.","foreign_id":"The foreign id field is required.",' +
        '"end_user_reference":"The end user reference field is required.","convert_to":"The selected convert to is invalid.","amount":"The amount must be a number."}}',
    )
  })

  test('alphapo.errors.shape-a: error and code, to the byte', async () => {
    const box = await start()
    const reply = await box.send('alphapo', taking({}))
    expect([reply.status, reply.headers['content-type'], reply.text]).toEqual([
      403,
      'application/json',
      '{"error":"No key header","code":"required_header_key"}',
    ])
  })

  test('alphapo.errors.wording: 255 code points pass', async () => {
    const box = await start()
    expect((await take(box, { foreign_id: '🧾'.repeat(255), end_user_reference: 'x'.repeat(255) })).status).toBe(201)
  })

  test('alphapo.take.end-user-reference: optional by the switch, and then left out of the answer', async () => {
    const box = await start({ assume: { 'alphapo.take.end-user-reference': 'optional' } })
    for (const end_user_reference of [undefined, null, '']) {
      expect(Object.keys((await take(box, { end_user_reference })).json.data)).toEqual([
        'id',
        'currency',
        'address',
        'tag',
        'foreign_id',
      ])
    }
    expect((await take(box)).json.data.end_user_reference).toBe('user_8721')
    wrong(await take(box, { end_user_reference: [] }), {
      end_user_reference: 'The end user reference must be a string.',
    })
    const strict = await start()
    wrong(await take(strict, { end_user_reference: undefined }), {
      end_user_reference: 'The end user reference field is required.',
    })
    // One question, one switch.
    await box.control('POST', '/balances', { provider: 'alphapo', currency: 'BTC', amount: '1' })
    for (const [path, good] of [
      ['/withdrawal/crypto', WITHDRAWAL],
      ['/invoices/create', INVOICE],
    ] as const) {
      for (const [index, end_user_reference] of [undefined, null, ''].entries()) {
        const more = { end_user_reference, foreign_id: `f${index}` }
        expect([path, (await box.call(client, post(path, { ...good, ...more }))).status]).toEqual([path, 201])
        wrong(await strict.call(client, post(path, { ...good, end_user_reference })), {
          end_user_reference: 'The end user reference field is required.',
        })
      }
      wrong(await box.call(client, post(path, { ...good, end_user_reference: [] })), {
        end_user_reference: 'The end user reference must be a string.',
      })
    }
  })

  test('alphapo.take.integer-ids: whole numbers are echoed as text, unless JSON has lost their digits', async () => {
    const box = await start()
    expect((await take(box, { foreign_id: 8721, end_user_reference: 0 })).json.data).toMatchObject({
      foreign_id: '8721',
      end_user_reference: '0',
    })
    expect(
      (await box.call(client, exactly('{"currency":"BTC","foreign_id":9007199254740991,"end_user_reference":-1}'))).json
        .data,
    ).toMatchObject({
      foreign_id: '9007199254740991',
      end_user_reference: '-1',
    })
    for (const digits of ['9007199254740992', '1e999', '-1e400', `1${'0'.repeat(400)}`, '-9007199254740993']) {
      const reply = await box.call(
        client,
        exactly(`{"currency":"BTC","foreign_id":${digits},"end_user_reference":"u"}`),
      )
      wrong(reply, { foreign_id: 'The foreign id must be a string.' })
      expect(reply.headers['x-sandgate-hint']).toMatch(/send an id as a string$/)
    }
  })

  test('alphapo.take.integer-ids: the number and its text are one customer', async () => {
    const [numbers, texts] = [await start(), await start()]
    expect((await take(numbers, { foreign_id: 8721 })).text).toBe((await take(texts, { foreign_id: '8721' })).text)
  })

  test('alphapo.take.null-optional: null or nothing for an optional field is as good as leaving it out', async () => {
    const box = await start()
    for (const nothing of [null, '', ' ']) {
      const reply = await take(box, { convert_to: nothing, amount: nothing })
      expect(Object.keys(reply.json.data)).toEqual([
        'id',
        'currency',
        'address',
        'tag',
        'foreign_id',
        'end_user_reference',
      ])
    }
  })

  test('alphapo.take.currency-unknown: fiat, other spellings and names of object members are no currencies', async () => {
    const box = await start()
    for (const currency of [
      'btc',
      'BTC ',
      'EUR',
      'USDT',
      'XLM',
      '__proto__',
      'constructor',
      'x'.repeat(10_000),
      'ß',
      '💶',
    ]) {
      const reply = await take(box, { currency })
      wrong(reply, { currency: 'The selected currency is invalid.' }, currency)
      expect(reply.headers['x-sandgate-hint']).toMatch(
        /^btc/i.test(currency) ? /^codes are upper case and without blanks: BTC$/ : /^known currencies: BTC, /,
      )
    }
  })

  test('alphapo.take.currency-not-enabled: known, but not for this merchant', async () => {
    const box = await startWith({ keys: [{ id: 'shop_key', secret: 'shop_secret' }], currencies: ['ETH', 'BTCLN'] })
    wrong(await take(box, {}, SHOP), { currency: 'Currency BTC is not enabled for your merchant' })
    expect((await take(box, { currency: 'ETH' }, SHOP)).json.data.id).toBe(900001)
    expect((await take(box)).status).toBe(201)
  })

  test('alphapo.take.currency-not-enabled: by a scenario it names the currency that was asked for', async () => {
    const box = await start()
    const then = [{ respond: { error: 'forbidden_currency' } }]
    await box.control('PUT', '/scenario', {
      name: 'x',
      rules: [{ when: { provider: 'alphapo', operation: 'takeAddress' }, then }],
    })
    wrong(await take(box, { currency: 'ETH' }), { currency: 'Currency ETH is not enabled for your merchant' })
    wrong(await take(box, { currency: { toString: 1 } }), { currency: 'Currency BTC is not enabled for your merchant' })
  })

  test('alphapo.take.convert-to-unknown: what cannot be exchanged into is refused, the currency itself too', async () => {
    const box = await start()
    for (const convert_to of ['NOPE', 'BTC', 'eur', '__proto__']) {
      wrong(await take(box, { convert_to }), { convert_to: 'The selected convert to is invalid.' }, convert_to)
    }
  })

  test('alphapo.take.amount-ignored: for anything but BTCLN it changes nothing', async () => {
    const [plain, ...others] = await Promise.all(
      [undefined, 0.01, -5, '7', 'many', 1e300].map(async (amount) => (await take(await start(), { amount })).text),
    )
    expect(new Set(others)).toEqual(new Set([plain]))
  })
})

describe('taking an address', () => {
  test('alphapo.take.created; alphapo.take.echo: 201, the documented keys in the documented order, to the byte', async () => {
    const box = await start()
    const reply = await take(box, { foreign_id: 'test_foreign_id', end_user_reference: 'test_end_user_reference' })
    const { address } = reply.json.data
    expect(address).toMatch(/^tb1qfake[02-9ac-hj-np-z]{34}$/)
    expect([reply.status, reply.headers['content-type']]).toEqual([201, 'application/json'])
    expect(reply.text).toBe(
      `{"data":{"id":900001,"currency":"BTC","address":"${address}","tag":null,"foreign_id":"test_foreign_id","end_user_reference":"test_end_user_reference"}}`,
    )
  })

  test('alphapo.format.php-json: slashes and everything beyond ASCII are escaped, and read back as they were', async () => {
    const box = await start()
    const reply = await take(box, { foreign_id: 'é/🧾\u2028', end_user_reference: '"\\\u007f\u001f\n' })
    expect(reply.text).toContain(
      '"foreign_id":"\\u00e9\\/\\ud83e\\uddfe\\u2028","end_user_reference":"\\"\\\\\u007f\\u001f\\n"}}',
    )
    expect(reply.json.data).toMatchObject({ foreign_id: 'é/🧾\u2028', end_user_reference: '"\\\u007f\u001f\n' })
  })

  test('alphapo.take.id: one sequence of numbers for all merchants, and refused calls take none', async () => {
    const box = await start()
    const ids = [
      await take(box),
      await take(box, {}, KEYS.other),
      await take(box, { currency: 'XRP' }),
      await take(box, { currency: 'BTCLN', amount: 0.001 }),
    ]
    expect(ids.map((reply) => reply.json.data.id)).toEqual([900001, 900002, 900003, 900004])
    await take(box, { currency: 'NOPE' })
    expect((await take(box)).json.data.id).toBe(900005)
  })

  test('alphapo.take.repeat: the same call again is a new address', async () => {
    const box = await start()
    const rows = [await take(box), await take(box), await take(box)].map((reply) => reply.json.data)
    expect(new Set(rows.map((row) => row.id)).size).toBe(3)
    expect(new Set(rows.map((row) => row.address)).size).toBe(3)
    const listed = (await box.control('GET', '/addresses?provider=alphapo')).json.data
    expect(listed.map((row: any) => [row.account, row.user, row.currency, row.address, row.reference])).toEqual(
      rows.map((row) => ['demo', 'user_8721', 'BTC', row.address, String(row.id)]),
    )
  })

  test('alphapo.take.repeat: by the switch the same foreign_id, currency and convert_to have one address for ever', async () => {
    const box = await start({ assume: { 'alphapo.take.repeat': 'same-address' } })
    const first = await take(box)
    await box.advance('80d')
    const again = await take(box, { end_user_reference: 'another' })
    expect([again.status, again.text]).toEqual([201, first.text])
    for (const fields of [{ foreign_id: 'u' }, { convert_to: 'EUR' }, { currency: 'LTC' }]) {
      const other = await take(box, fields)
      expect(other.json.data.address).not.toBe(first.json.data.address)
      expect((await take(box, fields)).text).toBe(other.text)
    }
    expect((await take(box, {}, KEYS.other)).json.data.address).not.toBe(first.json.data.address)
    const tagged = await take(box, { currency: 'XRP' })
    expect((await take(box, { currency: 'XRP' })).text).toBe(tagged.text)
    // an invoice takes one payment, so it never serves twice
    const invoices = [
      await take(box, { currency: 'BTCLN', amount: 0.001 }),
      await take(box, { currency: 'BTCLN', amount: 0.001 }),
    ]
    expect(invoices[0]!.json.data.address).not.toBe(invoices[1]!.json.data.address)
  })

  test.each([
    ['BTC', /^tb1qfake[02-9ac-hj-np-z]{34}$/, /^bc1qfake[02-9ac-hj-np-z]{34}$/],
    ['LTC', /^tltc1qfake[02-9ac-hj-np-z]{34}$/, /^ltc1qfake[02-9ac-hj-np-z]{34}$/],
    ['BCH', /^bchtest:q[02-9ac-hj-np-z]{41}$/, /^bitcoincash:q[02-9ac-hj-np-z]{41}$/],
    ['DOGE', /^n[1-9A-HJ-NP-Za-km-z]{33}$/, /^D[1-9A-HJ-NP-Za-km-z]{33}$/],
    ['ADA', /^addr_test1[02-9ac-hj-np-z]{20,}$/, /^addr1[02-9ac-hj-np-z]{20,}$/],
    ['TRX', /^TFake[1-9A-HJ-NP-Za-km-z]{29}$/, /^TFake[1-9A-HJ-NP-Za-km-z]{29}$/],
    ['USDTT', /^TFake[1-9A-HJ-NP-Za-km-z]{29}$/, /^TFake[1-9A-HJ-NP-Za-km-z]{29}$/],
    ['SOL', /^Fake[1-9A-HJ-NP-Za-km-z]{28,40}$/, /^Fake[1-9A-HJ-NP-Za-km-z]{28,40}$/],
    ['XRP', /^rFake[1-9A-HJ-NP-Za-km-z]{20,30}$/, /^rFake[1-9A-HJ-NP-Za-km-z]{20,30}$/],
    ['ETH', /^0xfa4e[0-9a-f]{36}$/i, /^0xfa4e[0-9a-f]{36}$/i],
    ['USDC', /^0xfa4e[0-9a-f]{36}$/i, /^0xfa4e[0-9a-f]{36}$/i],
    ['BNB', /^0xfa4e[0-9a-f]{36}$/i, /^0xfa4e[0-9a-f]{36}$/i],
  ])(
    'alphapo.take.address: %s on its testnet, or on its mainnet when the settings say so',
    async (currency, testnet, mainnet) => {
      expect((await take(await start(), { currency })).json.data.address).toMatch(testnet)
      expect(
        (await take(await start({ providers: { alphapo: { addresses: 'mainnet' } } }), { currency })).json.data.address,
      ).toMatch(mainnet)
    },
  )

  test('alphapo.take.address: every currency of the list has one', async () => {
    const box = await start()
    for (const currency of CODES.split(' ')) {
      const reply = await take(box, { currency, amount: 0.001 })
      expect([reply.status, reply.json.data.currency]).toEqual([201, currency])
    }
  })

  test('alphapo.take.address: it depends on merchant, currency, foreign_id and how many before, and on nothing else', async () => {
    const quiet = await start()
    const first = (await take(quiet)).json.data.address
    const second = (await take(quiet)).json.data.address

    const busy = await start()
    await take(busy, {}, KEYS.other)
    await take(busy, { foreign_id: 'someone' })
    await take(busy, { currency: 'ETH' })
    await take(busy, { currency: 'NOPE' })
    await busy.advance('30d')
    const same = [await take(busy, { convert_to: 'EUR', end_user_reference: 'x' }), await take(busy)]
    expect(same.map((reply) => reply.json.data.address)).toEqual([first, second])

    const seeded = await start({ seed: 'another' })
    expect((await take(seeded)).json.data.address).not.toBe(first)
    expect((await take(busy, { foreign_id: 'User_8721' })).json.data.address).not.toBe(first)
  })

  test('alphapo.take.convert-to-echo: in the answer right after currency, only when it was asked for', async () => {
    const box = await start()
    for (const convert_to of ['EUR', 'ZAR', 'USDTE', 'BTCLN']) {
      const reply = await take(box, { convert_to })
      expect(reply.text).toMatch(
        new RegExp(`^\\{"data":\\{"id":\\d+,"currency":"BTC","convert_to":"${convert_to}","address":"tb1q`),
      )
    }
  })

  test('alphapo.take.tag: XRP and its tokens have one address a merchant and a tag of its own for each call', async () => {
    const box = await start()
    for (const currency of ['XRP', 'CSC']) {
      const rows = [
        await take(box, { currency }),
        await take(box, { currency }),
        await take(box, { currency, foreign_id: 'u' }),
      ].map((reply) => reply.json.data)
      expect(new Set(rows.map((row) => row.address)).size).toBe(1)
      expect(new Set(rows.map((row) => row.tag)).size).toBe(3)
      for (const { tag } of rows)
        expect([tag, /^[1-9]\d{5,9}$/.test(tag) && Number(tag) < 2 ** 31]).toEqual([tag, true])
      expect((await take(box, { currency }, KEYS.other)).json.data.address).not.toBe(rows[0].address)
    }
    const listed = (await box.control('GET', '/addresses?provider=alphapo')).json.data
    expect(listed.every((row: any) => typeof row.tag === 'string')).toBe(true)
  })

  test('alphapo.take.tag: the tag is the same whoever asked before', async () => {
    const [quiet, busy] = [await start(), await start()]
    await take(busy, { currency: 'XRP', foreign_id: 'someone' })
    await take(busy, { currency: 'XRP' }, KEYS.other)
    expect((await take(busy, { currency: 'XRP' })).json.data.tag).toBe(
      (await take(quiet, { currency: 'XRP' })).json.data.tag,
    )
  })

  test('alphapo.take.tag-type: a text of digits, or the same as a number by the switch', async () => {
    const { tag } = (await take(await start(), { currency: 'XRP' })).json.data
    const box = await start({ assume: { 'alphapo.take.tag-type': 'number' } })
    expect((await take(box, { currency: 'XRP' })).json.data.tag).toBe(Number(tag))
    expect((await take(box)).json.data.tag).toBeNull()
  })

  test('alphapo.take.repeat: any interleaving of customers, currencies and time yields exactly the objects that either reading allows', async () => {
    const step = fc.record({
      who: fc.constantFrom('demo', 'other'),
      currency: fc.constantFrom('BTC', 'XRP', 'BTCLN', 'NOPE'),
      foreign_id: fc.constantFrom('u', 'v', '', 7, '7'),
      convert_to: fc.constantFrom(undefined, undefined, 'EUR'),
      hours: fc.constantFrom(0, 0, 0, 100),
    })
    const reading = fc.constantFrom('new-address', 'same-address')
    await fc.assert(
      fc.asyncProperty(reading, fc.array(step, { minLength: 1, maxLength: 12 }), async (repeat, steps) => {
        const box = await start({ assume: { 'alphapo.take.repeat': repeat } })
        const model = new Model(repeat)
        for (const { who, hours, ...fields } of steps) {
          if (hours > 0) await box.advance(`${hours}h`)
          model.check(who, fields, await take(box, { ...fields, amount: '0.001' }, KEYS[who as 'demo']))
        }
        await box.sandbox.close()
      }),
      { numRuns: 40, seed: 20260516 },
    )
  })
})

/** What the page promises, in its own words: an independent little AlphaPo without addresses of its own. */
class Model {
  readonly #repeat: string
  readonly #answers = new Map<string, string>()
  readonly #places = new Set<string>()
  #made = 0

  constructor(repeat: string) {
    this.#repeat = repeat
  }

  check(
    who: string,
    fields: { currency: string; foreign_id: string | number; convert_to?: string | undefined },
    reply: Reply,
  ): void {
    const errors = {
      ...(fields.currency === 'NOPE' && { currency: 'The selected currency is invalid.' }),
      ...(fields.foreign_id === '' && { foreign_id: 'The foreign id field is required.' }),
    }
    if (Object.keys(errors).length > 0) return wrong(reply, errors)
    expect(reply.status).toBe(201)
    const wish = [who, fields.currency, fields.foreign_id, fields.convert_to].join('/')
    const before = this.#repeat === 'same-address' && fields.currency !== 'BTCLN' ? this.#answers.get(wish) : undefined
    if (before !== undefined) return expect(reply.text).toBe(before)
    this.#answers.set(wish, reply.text)
    const { data } = reply.json
    expect(data).toMatchObject({
      id: 900001 + this.#made++,
      currency: fields.currency,
      foreign_id: String(fields.foreign_id),
    })
    expect(data.convert_to).toBe(fields.convert_to)
    const place = `${data.address}/${data.tag}`
    expect(this.#places.has(place)).toBe(false)
    this.#places.add(place)
  }
}

describe('lightning', () => {
  const invoiceOf = (reply: Reply): Record<string, any> =>
    Object.fromEntries(
      decode(reply.json.data.address).sections.flatMap((section: any) =>
        'value' in section ? [[section.name, section.value]] : [],
      ),
    )

  test('alphapo.lightning.invoice: BOLT11 over the amount, expiring fifteen minutes after it was made', async () => {
    const box = await start()
    await box.advance('90s')
    const reply = await take(box, { currency: 'BTCLN', amount: 0.00012345 })
    expect(reply.json.data).toMatchObject({ currency: 'BTCLN', tag: null, foreign_id: 'user_8721' })
    expect(reply.json.data.address).toMatch(/^lntb123450n1/)
    const made = Date.parse('2026-05-16T19:01:30Z') / 1000
    expect(invoiceOf(reply)).toMatchObject({
      amount: '12345000',
      timestamp: made,
      expiry: 900,
      description: 'AlphaPo deposit',
    })
    const mainnet = await start({ providers: { alphapo: { addresses: 'mainnet' } } })
    expect((await take(mainnet, { currency: 'BTCLN', amount: 0.045 })).json.data.address).toMatch(/^lnbc45m1/)
  })

  test.each([['1969-12-31T23:59:59.999Z'], ['3058-10-26T03:46:08Z'], ['9999-01-01T00:00:00Z']])(
    'alphapo.lightning.time: at %s no invoice can say when it was made',
    async (clock) => {
      const box = await start({ clock })
      const reply = await box.call(client, taking({ currency: 'BTCLN', amount: '0.0125' }))
      expect(reply.status).toBe(503)
      expect(reply.headers['x-sandgate-hint']).toContain('between 1970 and 3058')
      expect((await box.call(client, taking({}))).status).toBe(201)
    },
  )

  test('alphapo.lightning.amount: a number or a text of up to eight decimals, to the satoshi', async () => {
    const box = await start()
    const amounts: [amount: unknown, msat: string][] = [
      [0.00001, '1000000'],
      ['0.00001', '1000000'],
      ['0.00001000', '1000000'],
      [0.045, '4500000000'],
      ['0.04500000', '4500000000'],
      [0.00012345, '12345000'],
      [' 0.002 ', '200000000'],
      [1.5e-5, '1500000'],
      ['00.01', '1000000000'],
    ]
    for (const [amount, msat] of amounts)
      expect([amount, invoiceOf(await take(box, { currency: 'BTCLN', amount })).amount]).toEqual([amount, msat])
  })

  /** Asks for an invoice with this text in the place of the amount, and expects this to be said of it. */
  async function refuses(box: Kit, amount: string, message: string): Promise<void> {
    wrong(
      await box.call(client, exactly(`{"currency":"BTCLN","foreign_id":"u","end_user_reference":"u"${amount}}`)),
      { amount: message },
      amount,
    )
  }

  test('alphapo.lightning.amount: required, a number, and of a plain form', async () => {
    const box = await start()
    for (const amount of ['', ',"amount":null', ',"amount":" "'])
      await refuses(box, amount, 'The amount field is required.')
    for (const amount of ['true', '[0.01]', '{}', '1e999', '-1e999'])
      await refuses(box, `,"amount":${amount}`, 'The amount must be a number.')
    const forms = [
      '0.000010001',
      '"0.000010000"',
      '1e-9',
      '"1e-5"',
      '"0,01"',
      '"all"',
      '"0x1"',
      '"+0.01"',
      '".01"',
      '"0."',
      `"${'9'.repeat(1000)}"`,
    ]
    for (const amount of forms) await refuses(box, `,"amount":${amount}`, 'The amount format is invalid.')
  })

  test('alphapo.lightning.minimum; alphapo.lightning.maximum: refused outside of the limits', async () => {
    const box = await start()
    for (const amount of ['9.99e-6', '0', '-0', '"-0.01"', '-1e308', '1e-8', '"0.00000999"']) {
      await refuses(box, `,"amount":${amount}`, 'The amount must be at least 0.00001000.')
    }
    for (const amount of ['0.04500001', '1', '1e21', '1e308', '"0.04500001"', '"99999999999999999999"']) {
      await refuses(box, `,"amount":${amount}`, 'The amount may not be greater than 0.04500000.')
    }
  })
})

describe('currencies', () => {
  test('alphapo.currencies.list: the documented keys in the documented order, to the byte', async () => {
    const box = await start()
    const reply = await list(box)
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json'])
    const first =
      '{"data":[{"id":1,"type":"crypto","currency":"BTC","minimum_amount":"0.00010000",' +
      '"deposit_fee_percent":"0.008000","withdrawal_fee_percent":"0.000000","precision":8,'
    expect(reply.text.slice(0, first.length)).toBe(first)
  })

  test('alphapo.currencies.codes: those of the pages, with ids of their own below 2^31', async () => {
    const box = await start()
    const rows: any[] = (await list(box)).json.data
    expect(
      rows
        .filter((row) => row.type === 'crypto')
        .map((row) => row.currency)
        .join(' '),
    ).toBe(CODES)
    expect(Object.fromEntries(rows.map((row) => [row.currency, row.id]))).toMatchObject({ BTC: 1, ETH: 5, USDC: 87 })
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length)
  })

  test('alphapo.currencies.fiat: what deposits can be converted into stands after the coins', async () => {
    const box = await start()
    const fiat: any[] = (await list(box)).json.data.slice(CODES.split(' ').length)
    expect(fiat.map((row) => row.type)).toEqual(fiat.map(() => 'fiat'))
    expect(fiat.slice(0, 3).map((row) => row.currency)).toEqual(['EUR', 'USD', 'GBP'])
    for (const { currency } of fiat.slice(0, 5)) expect((await take(box, { convert_to: currency })).status).toBe(201)
  })

  test('alphapo.currencies.limits: the minimum withdrawal and the confirmations of each coin', async () => {
    const box = await start()
    const rows: any[] = (await list(box)).json.data
    const told = Object.fromEntries(
      rows.map((row) => [row.currency, [row.minimum_withdrawal_amount, row.deposit_confirmations]]),
    )
    expect(told).toMatchObject({
      BTC: ['0.00010000', 1],
      ETH: ['0.01000000', 10],
      USDTT: ['2.00000000', 19],
      XRP: ['0.00100000', 1],
      BTCLN: ['0.00001000', 0],
      EUR: [undefined, undefined],
    })
  })

  test('alphapo.currencies.lightning-maximum: BTCLN alone has a maximum', async () => {
    const box = await start()
    const limited = (await list(box)).json.data.filter((row: any) => 'maximum_amount' in row)
    expect(limited).toEqual([
      expect.objectContaining({ currency: 'BTCLN', minimum_amount: '0.00001000', maximum_amount: '0.04500000' }),
    ])
  })

  test('alphapo.currencies.visible: the enabled ones, or the others', async () => {
    const box = await startWith({ keys: [{ id: 'shop_key', secret: 'shop_secret' }], currencies: ['ETH', 'BTC'] })
    const codes = async (body: unknown) =>
      (await list(box, body, SHOP)).json.data
        .filter((row: any) => row.type === 'crypto')
        .map((row: any) => row.currency)
    for (const visible of [undefined, null, '', ' ', true, 1, '1'])
      expect(await codes({ visible })).toEqual(['BTC', 'ETH'])
    for (const visible of [false, 0, '0'])
      expect((await codes({ visible })).join(' ')).toBe(CODES.replace('BTC ', '').replace('ETH ', ''))
    for (const visible of ['yes', 2, [], 'false'])
      wrong(await list(box, { visible }, SHOP), { visible: 'The visible field must be true or false.' })
    expect((await list(box, { visible: false })).json.data).toEqual([])
  })
})

describe('settings', () => {
  test.each([
    ['an unknown key', { colour: 'red' }, /colour/],
    ['another network', { addresses: 'regtest' }, /addresses/],
    ['an unknown currency', { merchants: { shop: { keys: [], currencies: ['NOPE'] } } }, /currencies/],
    ['an unknown key of a merchant', { merchants: { shop: { keys: [], fees: 1 } } }, /fees/],
    ['a key without a secret', { merchants: { shop: { keys: [{ id: 'k' }] } } }, /secret/],
  ])('%s is refused', async (_, settings, field) => {
    await expect(start({ providers: { alphapo: settings } })).rejects.toThrow(field)
  })

  test('merchants are added to the demo ones, one of the same name replaces it', async () => {
    const box = await start({
      providers: { alphapo: { merchants: { demo: { keys: [{ id: 'mine', secret: 's' }] } } } },
    })
    refused(await take(box), 403, 'Bad key header', 'bad_header_key')
    expect((await take(box, {}, { key: 'mine', secret: 's' })).status).toBe(201)
    expect((await take(box, {}, KEYS.other)).status).toBe(201)
  })
})

const WITHDRAWAL = { currency: 'BTC', amount: '0.1', address: PAYEE, foreign_id: 'w', end_user_reference: 'u' }

const INVOICE = {
  timer: true,
  title: 't',
  currency: 'EUR',
  amount: 10,
  foreign_id: 'x',
  end_user_reference: 'u',
  url_success: 'https://a.test',
  url_failed: 'https://a.test',
  email_user: 'a@a.test',
}

test('alphapo.errors.boolean: a timer is true, false, 1, 0, "1" or "0", and must be there', async () => {
  const box = await start()
  for (const timer of [true, false, 1, 0, '1', '0'])
    expect([
      timer,
      (await box.call(client, post('/invoices/create', { ...INVOICE, foreign_id: `${timer} ${typeof timer}`, timer })))
        .status,
    ]).toEqual([timer, 201])
  for (const timer of ['yes', 'true', 2, [], {}])
    wrong(await box.call(client, post('/invoices/create', { ...INVOICE, timer })), {
      timer: 'The timer field must be true or false.',
    })
  for (const timer of [undefined, null, '', ' '])
    wrong(await box.call(client, post('/invoices/create', { ...INVOICE, timer })), {
      timer: 'The timer field is required.',
    })
})

test.each(['Content-Type: application/json', 'text/json', 'application/json;', 'application/vnd.api+json'])(
  'sandgate.sampled.once: a call with Content-Type %j is answered as a modelled one is',
  async (type) => {
    const box = await start()
    for (const request of [taking({}), post('/currencies/rates', {}), post('/invoices/create', INVOICE)]) {
      const reply = await box.send('alphapo', by({ 'content-type': type }, request))
      expect([request.path, reply.status < 300]).toEqual([request.path, true])
    }
  },
)

test('alphapo.errors.all-fields: what is wrong with a body is told at once, of every operation', async () => {
  const box = await start()
  const refusals: [path: string, body: object, errors: Record<string, string>][] = [
    [
      '/withdrawal/crypto',
      { currency: 'BTC', foreign_id: 'w', amount: true, tag: [] },
      {
        address: 'The address field is required.',
        end_user_reference: 'The end user reference field is required.',
        amount: 'The amount must be a number.',
        tag: 'The tag must be a string.',
      },
    ],
    ['/currencies/rates', { currency_from: 5 }, { currency_from: 'The currency from must be a string.' }],
    [
      '/exchange/now',
      { sender_currency: 'BTC', receiver_currency: 'EUR', foreign_id: 'x'.repeat(256), sender_amount: [] },
      {
        foreign_id: 'The foreign id may not be greater than 255 characters.',
        sender_amount: 'The sender amount must be a number.',
      },
    ],
    [
      '/invoices/create',
      { ...INVOICE, timer: 'yes', title: '', type: 'fill' },
      {
        timer: 'The timer field must be true or false.',
        title: 'The title field is required.',
        type: 'The selected type is invalid.',
      },
    ],
  ]
  for (const [path, body, errors] of refusals) {
    const reply = await box.call(client, post(path, body))
    wrong(reply, errors, path)
    expect(reply.headers['x-sandgate']).toBeUndefined()
  }
})
