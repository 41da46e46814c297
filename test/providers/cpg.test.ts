// CPG as its documents describe it, over HTTP, signed by a client that was written from them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PERMISSIONS } from '../../src/providers/cpg/catalogue.ts'
import { allocation, canonical, client, clientOf, type Credentials, KEYS, sign } from '../clients/cpg.ts'
import { type Kit, type Reply, type Request, start } from '../kit.ts'

const PING: Request = { method: 'GET', path: '/v1/_ping' }

function ask(box: Kit, fields: Record<string, unknown>, credentials: Credentials = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(credentials), allocation(fields))
}

function read(box: Kit, id: number | string, credentials: Credentials = KEYS.demo): Promise<Reply> {
  return box.call(clientOf(credentials), { method: 'GET', path: `/v1/deposit-requests/${id}` })
}

function refused(reply: Reply, status: number, message: string): void {
  expect([reply.status, reply.json]).toEqual([status, { success: false, message }])
}

/** A call with the three headers written by hand. */
function by(headers: Record<string, string>, request: Request = PING): Request {
  return { ...request, headers: { ...request.headers, ...headers } }
}

describe('authentication', () => {
  test('cpg.auth.canonical: the vectors of the dossier come out of the signer, and the sandbox takes what it signs', async () => {
    const secret = 'demo-secret-0001'
    const post = {
      method: 'POST',
      path: '/v1/deposit-addresses',
      body: '{"currency":"USDT","network":"ETH","user_identifier":"cust-7","idempotency_key":"try-1"}',
    }
    const vectors: [Request, string][] = [
      [post, '06d0615a9b2bf5ea01ac51e0993a2144e6897ee77665588542f114011257f755'],
      [
        { method: 'GET', path: '/v1/deposit-requests/7' },
        'f4181ed85516aaafcf842acf2bcba041e29381489a52e404282b137ce48b7cb5',
      ],
      [
        { method: 'GET', path: '/v1/balances?currency=USDT&network=ETH' },
        '24b29a6868b13af911cd6c6588edaec455ca74ce99c678daaae824b324f7e9b4',
      ],
      [PING, '6b29df66e1e6a07282ed6b1d6a22fdb624cd21f43c106a489ebd0d5afa88ef88'],
    ]
    const box = await start({
      providers: {
        cpg: {
          accounts: {
            vectors: { keys: [{ id: 'vector_key', secret }], currencies: [{ currency: 'USDT', network: 'ETH' }] },
          },
        },
      },
    })
    box.passWall(1_780_000_000_000 - box.wallMs)
    for (const [request, expected] of vectors) {
      expect(sign(secret, canonical(request, '1780000000'))).toBe(expected)
      const reply = await box.send(
        'cpg',
        by({ 'x-cpg-key': 'vector_key', 'x-cpg-timestamp': '1780000000', 'x-cpg-signature': expected }, request),
      )
      expect(reply.json.message).not.toMatch(/signature/i)
    }
  })

  test('cpg.auth.headers: any missing header is told before anything else', async () => {
    const box = await start()
    const all = client.sign(PING, box.wallMs).headers!
    for (const name of ['x-cpg-key', 'x-cpg-timestamp', 'x-cpg-signature']) {
      const { [name]: _, ...rest } = all
      refused(await box.send('cpg', { ...PING, headers: rest }), 401, 'Missing authentication headers')
    }
    refused(await box.send('cpg', PING), 401, 'Missing authentication headers')
  })

  test('cpg.auth.window: 300 s either way pass, one more does not; milliseconds are told apart in the hint', async () => {
    const box = await start()
    const at = (seconds: number) => client.sign(PING, box.wallMs + seconds * 1000)
    for (const seconds of [-300, 0, 300]) expect((await box.send('cpg', at(seconds))).status).toBe(200)
    for (const seconds of [-301, 301])
      refused(await box.send('cpg', at(seconds)), 401, 'Request timestamp is outside the allowed window')
    const ms = String(box.wallMs)
    const late = await box.send(
      'cpg',
      by({
        'x-cpg-key': 'cpg_demo_key',
        'x-cpg-timestamp': ms,
        'x-cpg-signature': sign(KEYS.demo.secret, canonical(PING, ms)),
      }),
    )
    refused(late, 401, 'Request timestamp is outside the allowed window')
    expect(late.headers['x-sandgate-hint']).toBe('seconds expected, milliseconds sent')
    expect((await box.entry(late)).hint).toBe('seconds expected, milliseconds sent')
    for (const text of ['soon', '-1', '1e9', '17.5']) {
      refused(
        await box.send('cpg', by({ 'x-cpg-key': 'cpg_demo_key', 'x-cpg-timestamp': text, 'x-cpg-signature': 'ab' })),
        401,
        'Request timestamp is outside the allowed window',
      )
    }
  })

  test('cpg.auth.window: wall time counts, wherever the world stands', async () => {
    const box = await start({ clock: '2020-01-01T00:00:00Z' })
    expect((await box.call(client, PING)).status).toBe(200)
    await box.advance('20d')
    expect((await box.call(client, PING)).status).toBe(200)
  })

  test('cpg.auth.key: an unknown key is refused', async () => {
    const box = await start()
    refused(await box.call(clientOf({ key: 'nobody', secret: 'x' }), PING), 401, 'Invalid API key')
  })

  test('cpg.auth.signature: anything but the lower-case hex of the HMAC is refused', async () => {
    const box = await start()
    const good = client.sign(PING, box.wallMs).headers!
    const signature = good['x-cpg-signature']!
    for (const bad of [
      signature.toUpperCase(),
      Buffer.from(signature, 'hex').toString('base64'),
      `${signature}00`,
      signature.slice(2),
      'é'.repeat(0) + 'zz',
    ]) {
      refused(await box.send('cpg', by({ ...good, 'x-cpg-signature': bad })), 401, 'Invalid signature')
    }
  })

  test('cpg.auth.replay: an accepted signature is spent, also when the call failed later; a refused one is not', async () => {
    const box = await start()
    const call = client.sign(PING, box.wallMs)
    expect((await box.send('cpg', call)).status).toBe(200)
    refused(await box.send('cpg', call), 401, 'Request signature has already been used')

    const failing = client.sign(allocation({ network: 'NOPE' }), box.wallMs)
    refused(await box.send('cpg', failing), 404, 'Network not found')
    refused(await box.send('cpg', failing), 401, 'Request signature has already been used')

    const early = client.sign(PING, box.wallMs + 301_000)
    refused(await box.send('cpg', early), 401, 'Request timestamp is outside the allowed window')
    box.passWall(1000)
    expect((await box.send('cpg', early)).status).toBe(200)
    // 300 s ahead is valid for 600 s, and spent for as long, to the millisecond; others that are accepted meanwhile clear nothing away.
    box.passWall(600_000)
    expect((await box.send('cpg', client.sign({ ...PING, path: '/v1/_ping?x' }, box.wallMs))).status).toBe(200)
    refused(await box.send('cpg', early), 401, 'Request signature has already been used')
    box.passWall(1)
    refused(await box.send('cpg', early), 401, 'Request timestamp is outside the allowed window')
  })

  test('cpg.auth.permission: a key without the permission is refused with 403, ping asks for none', async () => {
    const box = await start()
    refused(await ask(box, {}, KEYS.readonly), 403, 'Insufficient permissions for this endpoint')
    refused(
      await box.call(clientOf(KEYS.readonly), { method: 'GET', path: '/v1/currencies' }),
      403,
      'Insufficient permissions for this endpoint',
    )
    expect((await box.call(clientOf(KEYS.readonly), PING)).status).toBe(200)
    refused(await read(box, 1, KEYS.readonly), 404, 'Deposit request not found')
  })

  test.each([
    ['withdraw', 'POST', '/v1/withdrawals'],
    ['read_withdrawal_status', 'GET', '/v1/withdrawals/7'],
    ['request_withdrawal_funding_address', 'GET', '/v1/hot-wallet-address?network=ETH'],
    ['read_balance', 'GET', '/v1/balances'],
    ['list_transactions', 'GET', '/v1/transactions?limit=0'],
  ])('cpg.auth.permission: %s is asked for before anything else of %s %s', async (permission, method, path) => {
    const keys = [
      { id: 'with', secret: 's', permissions: [permission] },
      { id: 'without', secret: 's', permissions: PERMISSIONS.filter((other) => other !== permission) },
    ]
    const box = await start({ providers: { cpg: { accounts: { shop: { keys, currencies: [] } } } } })
    const request = { method, path, body: method === 'POST' ? '{}' : undefined }
    const without = await box.call(clientOf({ key: 'without', secret: 's' }), request)
    refused(without, 403, 'Insufficient permissions for this endpoint')
    expect(without.headers['x-sandgate-hint']).toBe(`the key lacks ${permission}`)
    expect((await box.call(clientOf({ key: 'with', secret: 's' }), request)).status).not.toBe(403)
  })

  test('cpg.auth.ip: a key with a list of addresses refuses other ones', async () => {
    const key = (ips: string[]) => ({ accounts: { shop: { keys: [{ id: 'k', secret: 's', ips }], currencies: [] } } })
    const box = await start({ providers: { cpg: key(['10.0.0.1']) } })
    refused(await box.call(clientOf({ key: 'k', secret: 's' }), PING), 403, 'Source IP is not allowed')
    const home = await start({ providers: { cpg: key(['127.0.0.1']) } })
    expect((await home.call(clientOf({ key: 'k', secret: 's' }), PING)).status).toBe(200)
  })

  test('cpg.rate.bucket: a minute of world time takes so many authenticated calls, without Retry-After', async () => {
    const box = await start()
    const limited = clientOf(KEYS.limited)
    // A call that is not authenticated does not count.
    refused(
      await box.send('cpg', by({ ...limited.sign(PING, box.wallMs).headers, 'x-cpg-signature': 'ab' })),
      401,
      'Invalid signature',
    )
    for (let i = 0; i < 5; i++) expect((await box.call(limited, PING)).status).toBe(200)
    const over = await box.call(limited, PING)
    refused(over, 429, 'Rate limit exceeded')
    expect(Object.keys(over.headers).filter((name) => /retry-after|ratelimit/i.test(name))).toEqual([])
    await box.advance('59s')
    refused(await box.call(limited, PING), 429, 'Rate limit exceeded')
    await box.advance('1s')
    expect((await box.call(limited, PING)).status).toBe(200)
  })

  test('cpg.auth.order: with two faults at once the earlier check answers', async () => {
    const box = await start()
    const sent = client.sign(allocation({ network: '' }), box.wallMs)
    const bend = (headers: Record<string, string>) => box.send('cpg', by(headers, sent))
    refused(await bend({ 'x-cpg-timestamp': '', 'x-cpg-key': 'nobody' }), 401, 'Missing authentication headers')
    refused(
      await bend({ 'x-cpg-timestamp': '1', 'x-cpg-key': 'nobody' }),
      401,
      'Request timestamp is outside the allowed window',
    )
    refused(await bend({ 'x-cpg-key': 'nobody', 'x-cpg-signature': 'ab' }), 401, 'Invalid API key')
    refused(await bend({ 'x-cpg-signature': 'ab' }), 401, 'Invalid signature')
    // schema before endpoint rules, permission before schema, rate before permission
    refused(
      await box.call(client, allocation({ network: '', currency: 'NOPE' })),
      422,
      'network: String should have at least 1 character',
    )
    refused(await ask(box, { network: '' }, KEYS.readonly), 403, 'Insufficient permissions for this endpoint')
    // network, then currency, then enabled
    refused(await ask(box, { network: 'NOPE', currency: 'NOPE' }), 404, 'Network not found')
    refused(await ask(box, { network: 'BSC', currency: 'NOPE' }), 404, 'Currency not found')
    refused(
      await ask(box, { network: 'BSC', currency: 'USDC' }),
      403,
      'Deposits for this currency are not enabled for this account',
    )
  })

  test('cpg.elsewhere: unknown paths and methods are told only to who has signed', async () => {
    const box = await start()
    refused(await box.send('cpg', { method: 'GET', path: '/v1/nothing' }), 401, 'Missing authentication headers')
    refused(await box.call(client, { method: 'GET', path: '/v1/nothing' }), 404, 'Not Found')
    refused(await box.call(client, { method: 'GET', path: '/' }), 404, 'Not Found')
    const wrong = await box.call(client, { method: 'DELETE', path: '/v1/deposit-addresses' })
    refused(wrong, 405, 'Method Not Allowed')
    expect(wrong.headers.allow).toBe('POST')
  })

  test('cpg.ping: a signed call, nothing done', async () => {
    const box = await start()
    expect((await box.call(client, PING)).json).toEqual({ success: true, message: 'OK', data: { pong: true } })
  })
})

describe('validation', () => {
  test.each([
    ['missing both', {}, 'currency: Field required; network: Field required'],
    [
      'empty',
      { currency: '', network: '' },
      'currency: String should have at least 1 character; network: String should have at least 1 character',
    ],
    ['too long', { currency: 'x'.repeat(33), network: 'ETH' }, 'currency: String should have at most 32 characters'],
    ['a number', { currency: 5, network: 'ETH' }, 'currency: Input should be a valid string'],
    ['null where required', { currency: null, network: 'ETH' }, 'currency: Input should be a valid string'],
    [
      'identifier too long',
      { currency: 'USDT', network: 'ETH', user_identifier: 'x'.repeat(257) },
      'user_identifier: String should have at most 256 characters',
    ],
    [
      'identifier a number',
      { currency: 'USDT', network: 'ETH', user_identifier: 5 },
      'user_identifier: Input should be a valid string',
    ],
    [
      'key too long',
      { currency: 'USDT', network: 'ETH', idempotency_key: 'x'.repeat(129) },
      'idempotency_key: String should have at most 128 characters',
    ],
    [
      'all of it, in the order of the model',
      { idempotency_key: 1, user_identifier: 2, network: 3 },
      'currency: Field required; network: Input should be a valid string; user_identifier: Input should be a valid string; idempotency_key: Input should be a valid string',
    ],
  ])('cpg.validation.message: %s', async (_, body, message) => {
    const box = await start()
    refused(
      await box.call(client, { method: 'POST', path: '/v1/deposit-addresses', body: JSON.stringify(body) }),
      422,
      message,
    )
  })

  test.each([
    [
      { amount: '0', to_address: 'short' },
      'amount: Input should be greater than 0; to_address: String should have at least 10 characters',
    ],
    [{ amount: -1 }, 'amount: Input should be greater than 0'],
    [{ amount: '-0.50' }, 'amount: Input should be greater than 0'],
    [{ amount: '0.000' }, 'amount: Input should be greater than 0'],
    [{ amount: 'ten' }, 'amount: Input should be a valid decimal'],
    [{ amount: '' }, 'amount: Input should be a valid decimal'],
    [{ amount: true }, 'amount: Decimal input should be an integer, float, string or Decimal object'],
    [{ amount: undefined, to_address: undefined }, 'amount: Field required; to_address: Field required'],
  ])(
    'cpg.validation.message: a withdrawal of %o, in the words and the order of the example',
    async (fields, message) => {
      const box = await start()
      const body = (more: object) =>
        JSON.stringify({
          currency: 'USDT',
          network: 'ETH',
          to_address: `0x${'a'.repeat(40)}`,
          amount: '50.00',
          ...more,
        })
      refused(await box.call(client, { method: 'POST', path: '/v1/withdrawals', body: body(fields) }), 422, message)
    },
  )

  test.each([
    ['limit=0', 'limit: Input should be greater than or equal to 1'],
    ['limit=201', 'limit: Input should be less than or equal to 200'],
    ['limit=ten', 'limit: Input should be a valid integer, unable to parse string as an integer'],
    ['direction=in', "direction: Input should be 'deposit', 'withdrawal', 'sweep' or 'gas_topup'"],
  ])('cpg.validation.message: transactions with %s', async (query, message) => {
    const box = await start()
    refused(await box.call(client, { method: 'GET', path: `/v1/transactions?${query}` }), 422, message)
  })

  test.each([
    ['no body', undefined, 'body: Field required'],
    ['broken', '{"currency":', 'body: JSON decode error'],
    ['an array', '[]', 'body: Input should be a valid dictionary or object to extract fields from'],
    ['a word', '"USDT"', 'body: Input should be a valid dictionary or object to extract fields from'],
    ['null', 'null', 'body: Field required'],
  ])('cpg.validation.message: a body that is %s', async (_, body, message) => {
    const box = await start()
    refused(await box.call(client, { method: 'POST', path: '/v1/deposit-addresses', body }), 422, message)
  })

  test('cpg.validation.content-type: no media type reads as JSON, a text one does not', async () => {
    const box = await start()
    const request = allocation({})
    refused(
      await box.call(client, { ...request, headers: { 'content-type': 'text/plain' } }),
      422,
      'body: Input should be a valid dictionary or object to extract fields from',
    )
    expect(
      (await box.call(client, { ...request, headers: { 'content-type': 'application/vnd.shop+json; charset=utf-8' } }))
        .status,
    ).toBe(200)
  })

  test('cpg.validation.codepoints: lengths count code points, not bytes or UTF-16 units', async () => {
    const box = await start()
    expect((await ask(box, { user_identifier: '🧾'.repeat(256) })).status).toBe(200)
    refused(
      await ask(box, { user_identifier: '🧾'.repeat(257) }),
      422,
      'user_identifier: String should have at most 256 characters',
    )
  })

  test('cpg.validation.nul: a NUL in a text is refused, wherever it would be stored', async () => {
    const box = await start()
    for (const field of ['user_identifier', 'idempotency_key']) {
      refused(await ask(box, { [field]: 'a\0b' }), 422, `${field}: String should not contain NUL characters`)
    }
  })

  test('cpg.validation.surrogates: half a character is no text, whatever else is wrong with it', async () => {
    const box = await start()
    const reason = 'Input should be a valid string, unable to parse raw data as a unicode string'
    for (const field of ['currency', 'network', 'user_identifier', 'idempotency_key'])
      refused(await ask(box, { [field]: '🧾'.slice(0, 1) }), 422, `${field}: ${reason}`)
    refused(
      await ask(box, { currency: '🧾'.repeat(40).slice(1), user_identifier: '🧾'.repeat(300).slice(1) }),
      422,
      `currency: ${reason}; user_identifier: ${reason}`,
    )
    expect((await ask(box, { user_identifier: '🧾'.slice(0, 2) })).json.data.user_identifier).toBe('🧾')
  })

  test('cpg.validation.extra: unknown keys are ignored', async () => {
    const box = await start()
    expect((await ask(box, { colour: 'red', __proto__: { x: 1 } })).status).toBe(200)
  })
})

describe('deposit addresses', () => {
  test('cpg.deposits.echo: the answer has the documented keys in the documented order, to the byte', async () => {
    const box = await start()
    const reply = await ask(box, { user_identifier: 'user_8721', idempotency_key: 'alloc_1' })
    const { address } = reply.json.data
    expect(address).toMatch(/^0xfa4e[0-9a-f]{36}$/i)
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.text).toBe(
      '{"success":true,"message":"OK","data":{"request_id":1,' +
        `"address":"${address}","network":"ETH","currency":"USDT","contract_address":"0xdAC17F958D2ee523a2206206994597C13D831ec7",` +
        '"user_identifier":"user_8721","display_expires_at":"2026-05-16T22:00:00+00:00","created_at":"2026-05-16T19:00:00+00:00"}}',
    )
  })

  test('cpg.format.time: whole seconds with +00:00', async () => {
    const box = await start({ clock: '2026-05-16T19:00:00.987Z' })
    expect((await ask(box, {})).json.data.created_at).toBe('2026-05-16T19:00:00+00:00')
  })

  test('cpg.envelope.success: success, message and data; cpg.envelope.error: exactly two keys', async () => {
    const box = await start()
    expect(Object.keys((await ask(box, {})).json)).toEqual(['success', 'message', 'data'])
    expect(Object.keys((await ask(box, { network: 'NOPE' })).json)).toEqual(['success', 'message'])
  })

  test('cpg.envelope.error: exactly the two keys, whatever the status', async () => {
    const box = await start()
    for (const reply of [
      await box.send('cpg', PING),
      await ask(box, {}, KEYS.readonly),
      await ask(box, { network: 'X' }),
      await ask(box, { network: '' }),
    ]) {
      expect(Object.keys(reply.json)).toEqual(['success', 'message'])
    }
  })

  test('cpg.deposits.contract-address: the token contract, null for the native currency', async () => {
    const box = await start()
    expect((await ask(box, { currency: 'ETH' })).json.data.contract_address).toBeNull()
    expect((await ask(box, { currency: 'USDT', network: 'TRX' })).json.data.contract_address).toBe(
      'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t',
    )
  })

  test('cpg.deposits.case: codes match in any case and are echoed as the catalogue writes them', async () => {
    const box = await start()
    expect((await ask(box, { currency: 'usdt', network: 'eth' })).json.data).toMatchObject({
      currency: 'USDT',
      network: 'ETH',
    })
  })

  test('cpg.deposits.request-id: unique for each allocation, whoever asks', async () => {
    const box = await start()
    const ids = [
      await ask(box, {}),
      await ask(box, { user_identifier: 'a' }),
      await ask(box, { user_identifier: 'a' }),
      await ask(box, {}, KEYS.other),
    ]
    expect(ids.map((reply) => reply.json.data.request_id)).toEqual([1, 2, 3, 4])
  })

  test('cpg.deposits.sticky: one address for an identifier on a network, for every key of the account', async () => {
    const box = await start()
    const first = (await ask(box, { user_identifier: 'user_8721' })).json.data
    const again = (await ask(box, { user_identifier: 'user_8721' }, KEYS.second)).json.data
    expect(again.address).toBe(first.address)
    expect(again.request_id).not.toBe(first.request_id)
    const strangers = [
      await ask(box, { user_identifier: 'User_8721' }),
      await ask(box, { user_identifier: 'user_8721' }, KEYS.other),
      await ask(box, {}),
    ]
    for (const reply of strangers) expect(reply.json.data.address).not.toBe(first.address)
  })

  test('cpg.deposits.sticky-not-by-currency: all currencies of a network share the address', async () => {
    const box = await start()
    const usdt = await ask(box, { user_identifier: 'u' })
    const eth = await ask(box, { user_identifier: 'u', currency: 'ETH' })
    expect(eth.json.data.address).toBe(usdt.json.data.address)
  })

  test('cpg.deposits.no-cross-network: another network is another address', async () => {
    const box = await start()
    const eth = await ask(box, { user_identifier: 'u' })
    const bsc = await ask(box, { user_identifier: 'u', network: 'BSC' })
    const trx = await ask(box, { user_identifier: 'u', network: 'TRX' })
    expect(bsc.json.data.address).toMatch(/^0xfa4e/i)
    expect(trx.json.data.address).toMatch(/^TFake/)
    expect(new Set([eth, bsc, trx].map((reply) => reply.json.data.address.toLowerCase())).size).toBe(3)
  })

  test('cpg.deposits.sticky-forever: years later it is still the same, and never in the pool', async () => {
    const box = await start()
    const { address } = (await ask(box, { user_identifier: 'u' })).json.data
    await box.advance('400d')
    expect((await ask(box, {})).json.data.address).not.toBe(address)
    expect((await ask(box, { user_identifier: 'u' })).json.data.address).toBe(address)
  })

  test('cpg.deposits.pool-reuse: free after seven days, to the millisecond', async () => {
    for (const [by, reused] of [
      ['604799999ms', false],
      ['7d', true],
      ['604800001ms', true],
    ] as const) {
      const box = await start()
      const { address } = (await ask(box, {})).json.data
      await box.advance(by)
      const next = (await ask(box, { currency: 'ETH' })).json.data
      expect([by, next.address === address]).toEqual([by, reused])
      expect(next.request_id).toBe(2)
    }
  })

  test('cpg.deposits.pool-reuse: the longest idle one serves first, and only once', async () => {
    const box = await start()
    const first = (await ask(box, {})).json.data.address
    await box.advance('1h')
    const second = (await ask(box, {})).json.data.address
    await box.advance('8d')
    expect((await ask(box, {})).json.data.address).toBe(first)
    expect((await ask(box, {})).json.data.address).toBe(second)
    expect([first, second]).not.toContain((await ask(box, {})).json.data.address)
  })

  test('cpg.deposits.pool-same-account: an idle address never goes to another account or network', async () => {
    const box = await start()
    const { address } = (await ask(box, {})).json.data
    await box.advance('8d')
    expect((await ask(box, {}, KEYS.other)).json.data.address).not.toBe(address)
    expect((await ask(box, { network: 'BSC' })).json.data.address).not.toBe(address)
    expect((await ask(box, {}, KEYS.second)).json.data.address).toBe(address)
  })

  test('cpg.deposits.windows: configured windows rule', async () => {
    const box = await start({ providers: { cpg: { windows: { display: '10m', monitoring: '2h', reuse: '1h' } } } })
    const { address, request_id: id, display_expires_at: until } = (await ask(box, {})).json.data
    expect(until).toBe('2026-05-16T19:10:00+00:00')
    await box.advance('90m')
    expect((await ask(box, {})).json.data.address).not.toBe(address)
    await box.advance('30m')
    expect((await ask(box, {})).json.data.address).toBe(address)
    expect((await read(box, id)).json.data.status).toBe('expired_for_display')
  })

  test('cpg.deposits.windows: three hours and seven days, as the clock lists them', async () => {
    const box = await start()
    await ask(box, {})
    const clock = (await box.control('GET', '/clock')).json
    expect(clock.next.map(({ at }: { at: string }) => at)).toEqual([
      '2026-05-16T22:00:00.000Z',
      '2026-05-23T19:00:00.000Z',
    ])
  })

  test.each([
    ['cpg.deposits.network-not-found', { network: 'SOL' }, 404, 'Network not found'],
    ['cpg.deposits.currency-not-found', { currency: 'BTC' }, 404, 'Currency not found'],
    [
      'cpg.deposits.not-enabled',
      { currency: 'USDC', network: 'BSC' },
      403,
      'Deposits for this currency are not enabled for this account',
    ],
  ])('%s: %o', async (_, fields, status, message) => {
    const box = await start()
    refused(await ask(box, fields), status, message)
    expect((await ask(box, {})).json.data.request_id).toBe(1)
  })

  test('cpg.deposits.network-not-found: names of object members are no networks', async () => {
    const box = await start()
    for (const network of ['__proto__', 'constructor', 'toString'])
      refused(await ask(box, { network }), 404, 'Network not found')
  })

  test('cpg.deposits.empty-text: an empty identifier is none', async () => {
    const box = await start()
    for (const user_identifier of ['', null]) {
      const { data } = (await ask(box, { user_identifier, idempotency_key: '' })).json
      expect(data.user_identifier).toBeNull()
    }
    expect((await box.control('GET', '/addresses')).json.data.map((row: any) => row.user)).toEqual([null, null])
  })
})

describe('idempotency', () => {
  test('cpg.idempotency.original: the first allocation again, to the byte, dates and all', async () => {
    const box = await start()
    const first = await ask(box, { idempotency_key: 'order_99_attempt_1' })
    await box.advance('5h')
    const again = await ask(box, { idempotency_key: 'order_99_attempt_1' })
    expect([again.status, again.text]).toEqual([200, first.text])
    expect((await box.entry(again)).notes.idempotency).toMatchObject({ decided: 'replayed' })
  })

  test('cpg.idempotency.ignored-fields: another currency, network or identifier changes nothing', async () => {
    const box = await start()
    const first = await ask(box, { idempotency_key: 'k' })
    for (const fields of [
      { currency: 'ETH' },
      { network: 'BSC' },
      { network: 'NOPE' },
      { currency: 'USDC', network: 'BSC' },
      { user_identifier: 'u' },
    ]) {
      expect((await ask(box, { ...fields, idempotency_key: 'k' })).text).toBe(first.text)
    }
  })

  test('cpg.idempotency.scope: the same text under another key of the account is another allocation', async () => {
    const box = await start()
    const first = await ask(box, { idempotency_key: 'k' })
    const other = await ask(box, { idempotency_key: 'k' }, KEYS.second)
    expect(other.json.data.request_id).not.toBe(first.json.data.request_id)
    expect(other.json.data.address).not.toBe(first.json.data.address)
  })

  test('cpg.idempotency.forever: a year later it still holds', async () => {
    const box = await start()
    const first = await ask(box, { idempotency_key: 'k' })
    await box.advance('366d')
    expect((await ask(box, { idempotency_key: 'k' })).text).toBe(first.text)
  })

  test('cpg.idempotency.success-only: a refusal leaves the key free', async () => {
    const box = await start()
    refused(await ask(box, { idempotency_key: 'k', network: 'NOPE' }), 404, 'Network not found')
    refused(
      await ask(box, { idempotency_key: 'k', currency: 'USDC', network: 'BSC' }),
      403,
      'Deposits for this currency are not enabled for this account',
    )
    expect((await ask(box, { idempotency_key: 'k' })).status).toBe(200)
  })

  test('cpg.idempotency.order: a retry must be authentic and a valid body before it is a repeat', async () => {
    const box = await start()
    await ask(box, { idempotency_key: 'k' })
    refused(
      await ask(box, { idempotency_key: 'k', network: '' }),
      422,
      'network: String should have at least 1 character',
    )
    const request = allocation({ idempotency_key: 'k' })
    const signed = client.sign(request, box.wallMs)
    refused(await box.send('cpg', by({ 'x-cpg-signature': 'ab' }, signed)), 401, 'Invalid signature')
  })

  test('cpg.idempotency.scope: any interleaving of keys, bodies and time yields exactly the objects the policy allows', async () => {
    const step = fc.record({
      who: fc.constantFrom('demo', 'second', 'other'),
      idempotency_key: fc.constantFrom(undefined, 'a', 'b'),
      user_identifier: fc.constantFrom(undefined, 'u', 'v'),
      network: fc.constantFrom('ETH', 'BSC'),
      hours: fc.constantFrom(0, 0, 0, 80, 200),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const box = await start()
        const model = new Model()
        for (const { who, hours, ...fields } of steps) {
          if (hours > 0) await box.advance(`${hours}h`)
          model.hours += hours
          const reply = await ask(box, fields, KEYS[who as 'demo'])
          model.check(who, fields, reply)
        }
        await box.sandbox.close()
      }),
      { numRuns: 40, seed: 20260516 },
    )
  })
})

/** What the page promises, in its own words: an independent little CPG without addresses of its own. */
class Model {
  hours = 0
  readonly #answers = new Map<string, string>()
  readonly #sticky = new Map<string, string>()
  readonly #owner = new Map<string, string>()
  /** Until which hour a pool address serves its request. */
  readonly #busyUntil = new Map<string, number>()

  check(
    who: string,
    fields: { idempotency_key?: string | undefined; user_identifier?: string | undefined; network: string },
    reply: Reply,
  ): void {
    const account = who === 'other' ? 'other' : 'demo'
    if (account === 'other' && fields.network === 'BSC' && !this.#answers.has(`${who}/${fields.idempotency_key}`)) {
      return refused(reply, 403, 'Deposits for this currency are not enabled for this account')
    }
    expect(reply.status).toBe(200)
    const known = fields.idempotency_key && this.#answers.get(`${who}/${fields.idempotency_key}`)
    if (known) return expect(reply.text).toBe(known)
    expect([...this.#answers.values()]).not.toContain(reply.text)
    if (fields.idempotency_key) this.#answers.set(`${who}/${fields.idempotency_key}`, reply.text)
    this.#place(`${account}/${fields.network}`, fields.user_identifier, reply.json.data.address)
  }

  #place(home: string, identifier: string | undefined, address: string): void {
    const owner = identifier === undefined ? `${home}/pool` : `${home}/user/${identifier}`
    expect(this.#owner.get(address) ?? owner).toBe(owner)
    this.#owner.set(address, owner)
    if (identifier !== undefined) {
      expect(this.#sticky.get(owner) ?? address).toBe(address)
      this.#sticky.set(owner, address)
      return
    }
    const idle = [...this.#busyUntil].filter(
      ([pooled, until]) => this.#owner.get(pooled) === owner && until <= this.hours,
    )
    if (idle.length > 0) expect(idle.map(([pooled]) => pooled)).toContain(address)
    else expect(this.#busyUntil.has(address)).toBe(false)
    this.#busyUntil.set(address, this.hours + 7 * 24)
  }
}

describe('deposit requests', () => {
  test('cpg.requests.read: the documented keys in order, without contract_address', async () => {
    const box = await start()
    const { data } = (await ask(box, { user_identifier: 'u' })).json
    expect((await read(box, data.request_id)).text).toBe(
      `{"success":true,"message":"OK","data":{"request_id":1,"address":"${data.address}","network":"ETH","currency":"USDT","user_identifier":"u",` +
        '"status":"active","display_expires_at":"2026-05-16T22:00:00+00:00","created_at":"2026-05-16T19:00:00+00:00","transactions":[]}}',
    )
  })

  test.each([
    ['10799999ms', 'active'],
    ['3h', 'expired_for_display'],
    ['10800001ms', 'expired_for_display'],
    ['30d', 'expired_for_display'],
  ])('cpg.requests.status: after %s it is %s', async (by, status) => {
    const box = await start()
    await ask(box, {})
    await ask(box, { user_identifier: 'u' })
    await box.advance(by)
    for (const id of [1, 2]) expect((await read(box, id)).json.data.status).toBe(status)
  })

  test('cpg.requests.foreign: another account’s request does not exist', async () => {
    const box = await start()
    await ask(box, {})
    refused(await read(box, 1, KEYS.other), 404, 'Deposit request not found')
    expect((await read(box, 1, KEYS.second)).status).toBe(200)
  })

  test.each([
    ['abc', 422],
    ['1.5', 422],
    ['1e2', 422],
    ['%20', 422],
    ['0', 404],
    ['-1', 404],
    ['99999999999999999999999', 404],
    ['9'.repeat(400), 404],
    [`-${'9'.repeat(400)}`, 404],
    ['0001', 200],
  ])('cpg.requests.id: %s is %i', async (id, status) => {
    const box = await start()
    await ask(box, {})
    const reply = await read(box, id)
    if (status === 422)
      refused(reply, 422, 'request_id: Input should be a valid integer, unable to parse string as an integer')
    else if (status === 404) refused(reply, 404, 'Deposit request not found')
    else expect(reply.json.data.request_id).toBe(1)
  })
})

test('cpg.currencies.list: what the account has toggled, amounts at 18 places, percent at 6', async () => {
  const box = await start()
  const { json } = await box.call(client, { method: 'GET', path: '/v1/currencies' })
  expect(json.data_count).toBe(7)
  expect(json.data[0]).toEqual({
    currency: 'USDT',
    network: 'ETH',
    name: 'Tether USD',
    is_token: true,
    contract_address: '0xdac17f958d2ee523a2206206994597c13d831ec7',
    decimals: 6,
    deposit_enabled: true,
    withdrawal_enabled: true,
    min_deposit_amount: '0.000000000000000000',
    min_withdrawal_amount: '10.000000000000000000',
    withdrawal_fee_flat: '5.000000000000000000',
    withdrawal_fee_percent: '0.000000',
  })
  expect((await box.call(clientOf(KEYS.other), { method: 'GET', path: '/v1/currencies' })).json.data_count).toBe(1)
})
