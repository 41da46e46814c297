// Payward as its documents describe it, over HTTP, signed by a client that was written from them.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ACCOUNTS,
  addressesOf,
  client,
  clientOf,
  creation,
  type Credentials,
  KEYS,
  listing,
  METHODS,
  sign,
  signed,
} from '../clients/payward.ts'
import { arm } from '../../src/scenario/faults.ts'
import { type Kit, type Reply, type Request, start } from '../kit.ts'

const LIST = listing('asset_symbol=BTC')
const KEY = '9b2f7c64-1d3e-4f5a-8b6c-0d1e2f3a4b5c'

interface DepositTarget {
  readonly key?: string
  readonly account?: string
  readonly by?: Credentials
}

/** Asks for an address of a method, with an Idempotency-Key or without. */
function make(
  box: Kit,
  fields: Record<string, unknown> = {},
  { key, account = ACCOUNTS.main, by = KEYS.demo }: DepositTarget = {},
): Promise<Reply> {
  const request = creation(fields, account)
  return box.call(clientOf(by), { ...request, ...(key !== undefined && { headers: { 'Idempotency-Key': key } }) })
}

async function list(
  box: Kit,
  query = 'asset_symbol=BTC',
  account: string = ACCOUNTS.main,
  by: Credentials = KEYS.demo,
): Promise<any[]> {
  const reply = await box.call(clientOf(by), listing(query, account))
  expect(reply.status).toBe(200)
  return reply.json.data
}

/** A call with a nonce of the test's choice. */
function withNonce(box: Kit, nonce: string, request: Request = LIST, by: Credentials = KEYS.demo): Promise<Reply> {
  return box.send('payward', signed(by, request, nonce))
}

/** Money reaches an address, and is confirmed at once unless it is dropped. */
async function deposit(
  box: Kit,
  { address, tag }: { address: string; tag: string | null },
  outcome: 'confirmed' | 'dropped' = 'confirmed',
): Promise<void> {
  const confirmations = outcome === 'dropped' ? 0 : 'instant'
  const reply = await box.control('POST', '/deposits', {
    address,
    ...(tag !== null && { tag }),
    amount: '10',
    confirmations,
    outcome,
  })
  expect(reply.status).toBe(201)
}

type Named = keyof typeof REFUSALS

/** Tag and title of each refusal, and who speaks. */
const REFUSALS = {
  missingKey: [401, 'InvalidKey', 'API: Missing API-Key', 'Gateway'],
  unknownKey: [401, 'InvalidKey', 'API: Invalid key', 'Gateway'],
  signature: [401, 'InvalidSignature', 'API: Invalid signature', 'Gateway'],
  nonce: [401, 'InvalidNonce', 'API: Invalid nonce', 'Gateway'],
  permission: [403, 'PermissionDenied', 'General: Permission denied', 'Gateway'],
  path: [404, 'UnknownMethod', 'General: Unknown method', 'Gateway'],
  method: [405, 'MethodNotAllowed', 'General: Method not allowed', 'Gateway'],
  size: [413, 'PayloadTooLarge', 'General: Payload too large', 'Gateway'],
  rate: [429, 'RateLimitExceeded', 'API: Rate limit exceeded', 'Gateway'],
  inFlight: [409, 'IdempotencyConflict', 'General: Request with this Idempotency-Key in progress', 'Gateway'],
  reuse: [422, 'IdempotencyKeyReuse', 'General: Idempotency-Key used for another request', 'Gateway'],
  account: [404, 'UnknownAccount', 'Account not found', 'Service'],
  asset: [404, 'UnknownAsset', 'Unknown asset', 'Service'],
  namedAsset: [400, 'UnknownAsset', 'Unknown asset', 'Service'],
  fundingMethod: [404, 'NoFundingMethod', 'Funding: No funding method', 'Service'],
  fiat: [422, 'NoFundingMethod', 'Funding: No funding method', 'Service'],
  tooMany: [409, 'TooManyDepositAddresses', 'Funding: Too many addresses', 'Service'],
} as const

function refused(reply: Reply, name: Named): void {
  const [status, tag, title, source] = REFUSALS[name]
  const problem = { type: `tag:kraken.com,2025:${tag}`, title, status, data: null, source }
  expect([reply.status, reply.headers['content-type'], reply.json]).toEqual([
    status,
    'application/problem+json',
    problem,
  ])
}

function invalid(reply: Reply, detail: string, status = 400): void {
  const field = status === 400 ? { field: detail.split(':', 1)[0] } : null
  const problem = {
    type: 'tag:kraken.com,2025:InvalidArguments',
    title: 'General: Invalid arguments',
    status,
    detail,
    data: field,
    source: 'Service',
  }
  expect([reply.status, reply.json]).toEqual([status, problem])
}

function hint(reply: Reply): string | undefined {
  return reply.headers['x-sandgate-hint']
}

/** A partner of its own, out of a config file. */
function shop(key: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
  const keys = [{ id: 'shop_key', secret: KEYS.other.secret, ...key }]
  return { providers: { payward: { accounts: { shop: { keys, ids: ['WSHOP5GATE2MAIN77'] } }, ...more } } }
}

const SHOP = { key: 'shop_key', secret: KEYS.other.secret }
const SHOP_LIST = listing('asset_symbol=BTC', 'WSHOP5GATE2MAIN77')

describe('authentication', () => {
  // Kraken's own sample secret; the first vector is Kraken's, the others apply the same rule to Payward's paths.
  const SECRET = 'kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=='
  const ADDRESSES = '/v1/accounts/WX6VJUKWKKPBQE36/funds/deposits/addresses'
  const BODY = '{"method_id":"7d9f5c1e-2b34-4c8a-9e10-5a6b7c8d9e0f","asset_symbol":"BTC","asset_type":"crypto"}'
  const SPACED = '{"method_id": "7d9f5c1e-2b34-4c8a-9e10-5a6b7c8d9e0f", "asset_symbol": "BTC", "asset_type": "crypto"}'
  const QUERY = `${ADDRESSES}?asset_symbol=XRP&asset_type=crypto`
  const PORTFOLIO = '/v1/accounts/WX6VJUKWKKPBQE36/portfolio/transactions?types=deposit&page_size=2'
  const VECTORS: readonly [number, Request, string, string][] = [
    [
      404,
      { method: 'POST', path: ADDRESSES, body: BODY },
      '1767225600000000001',
      'zvBFgJ0UORJsaa4ZMfPa6KKhrUSwl2vrD/yMiHMiHniQ7UdyH+Do/QIKtY1CEAJD7PlCt17Zs4pJ8ma0v/4SKg==',
    ],
    [
      404,
      { method: 'POST', path: ADDRESSES, body: SPACED },
      '1767225600000000001',
      'fnx+T/SOIGNGFEmrT4tqFobFJaeXUT3S6EHe9knw5kZzuJ2ZWqQk3i33WKlOqnZ0jFVTId+eEdjIH6hpEo6y4Q==',
    ],
    [
      200,
      { method: 'GET', path: QUERY },
      '1767225600000000002',
      'W1OlQAYoSsAGVw749vY+cPphADF5l/G91cfKWIIjvQMbvbBIhPdJFEaB8LOEuspeNH2KNcI9eJvzZg9/6yFcCw==',
    ],
    [
      200,
      { method: 'GET', path: PORTFOLIO },
      '1767225600000000003',
      'w64zUUPud8Ob4torMe/dfdXqpKVZKA6uQDrard61Ed8hQji7PKyDOYTkNc3zcrPBNm5T+11MtW53oEZrVC8pmA==',
    ],
  ]
  const WITHOUT_QUERY = 'y2ayaUkquWrRgZJzSDs13q7wpHLsFK7xb1cUBB/bUExiQoEmGnSZaR/RYKg+QLHfP5E1qZGai9BxEaBLfjB95g=='

  test('payward.auth.signature: the vectors come out of the signer, and the sandbox takes them', async () => {
    const kraken = 'nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25'
    expect(sign(SECRET, '/0/private/AddOrder', '1616492376594', kraken)).toBe(
      '4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==',
    )
    const keys = VECTORS.map((_, index) => ({ id: `vector_${index}`, secret: SECRET }))
    const box = await start({ providers: { payward: { accounts: { vectors: { keys, ids: ['WX6VJUKWKKPBQE36'] } } } } })
    for (const [index, [status, request, nonce, expected]] of VECTORS.entries()) {
      const sent = signed({ key: `vector_${index}`, secret: SECRET }, request, nonce)
      expect(sent.headers!['api-sign']).toBe(expected)
      expect((await box.send('payward', sent)).status).toBe(status)
    }
    const headers = { 'api-key': 'vector_2', 'api-nonce': '1767225600000000002', 'api-sign': WITHOUT_QUERY }
    const bare = await box.send('payward', { method: 'GET', path: QUERY, headers })
    refused(bare, 'signature')
    expect(hint(bare)).toBe('the query was left out of the signed text')
  })

  test('payward.auth.headers: all three are needed; payward.auth.key-missing: the key first; payward.auth.nonce-missing: then signature and nonce', async () => {
    const box = await start()
    const {
      'api-key': key,
      'api-nonce': nonce,
      'api-sign': signature,
    } = client.sign(LIST, box.wallMs).headers as Record<string, string>
    const send = (headers: Record<string, string>) => box.send('payward', { ...LIST, headers })
    refused(await send({}), 'missingKey')
    refused(await send({ 'api-nonce': nonce!, 'api-sign': signature! }), 'missingKey')
    refused(await send({ 'api-key': '', 'api-nonce': nonce!, 'api-sign': signature! }), 'missingKey')
    refused(await send({ 'api-key': key!, 'api-nonce': nonce! }), 'signature')
    refused(await send({ 'api-key': key!, 'api-sign': signature! }), 'nonce')
    refused(await send({ 'api-key': key! }), 'signature')
    expect((await send({ 'API-KEY': key!, 'Api-Nonce': nonce!, 'aPI-sIGN': signature! })).status).toBe(200)
  })

  test('payward.auth.key: an unknown key is refused, whatever it looks like', async () => {
    const box = await start()
    for (const key of ['nobody', '__proto__', 'constructor', 'x'.repeat(4000)]) {
      refused(await box.call(clientOf({ key, secret: KEYS.demo.secret }), LIST), 'unknownKey')
    }
  })

  test('payward.auth.signature-form: only the 88 characters of plain base64 are right', async () => {
    const box = await start()
    const sent = client.sign(LIST, box.wallMs)
    const right = sent.headers!['api-sign']!
    expect(right).toHaveLength(88)
    const bytes = Buffer.from(right, 'base64')
    const wrong = [
      bytes.toString('hex'),
      bytes.toString('base64url'),
      right.slice(0, -2),
      `${right}=`,
      right.slice(4),
      `"${right}"`,
    ]
    const nonsense = ['nonsense', '====', '\u00ff'.repeat(88), 'A'.repeat(8000)]
    for (const given of [...wrong, ...nonsense])
      refused(await box.send('payward', { ...sent, headers: { ...sent.headers, 'api-sign': given } }), 'signature')
    expect((await box.send('payward', sent)).status).toBe(200)
  })

  test('payward.auth.both-paths: under the prefix both paths are right, by host name there is only one', async () => {
    const box = await start()
    const nonces = ['1', '2', '3', '4']
    const headers = (target: string, nonce: string) => ({
      'api-key': KEYS.demo.key,
      'api-nonce': nonce,
      'api-sign': sign(KEYS.demo.secret, target, nonce),
    })
    expect((await box.send('payward', { ...LIST, headers: headers(LIST.path, nonces[0]!) })).status).toBe(200)
    expect((await box.send('payward', { ...LIST, headers: headers(`/payward${LIST.path}`, nonces[1]!) })).status).toBe(
      200,
    )
    const host = { host: 'payward.localhost:4010' }
    expect((await box.raw('GET', LIST.path, { ...host, ...headers(LIST.path, nonces[2]!) })).status).toBe(200)
    const prefixed = await box.raw('GET', LIST.path, { ...host, ...headers(`/payward${LIST.path}`, nonces[3]!) })
    refused(prefixed, 'signature')
    expect(hint(prefixed)).toBe(
      `the path was signed as /payward${addressesOf(ACCOUNTS.main)}; the sandbox saw ${addressesOf(ACCOUNTS.main)}`,
    )
  })

  test('payward.auth.signature: the target counts as it was sent, neither decoded nor put in order', async () => {
    const box = await start()
    const main = addressesOf(ACCOUNTS.main)
    for (const path of [
      `${main}?asset%5Fsymbol=BTC`,
      `${main}?page_size=5&asset_symbol=BTC&`,
      `${addressesOf('%57DEMO5GATE2MAIN77')}?asset_symbol=%42TC`,
    ]) {
      expect([path, (await box.call(client, { method: 'GET', path })).status]).toEqual([path, 200])
    }
    const sent = client.sign(LIST, box.wallMs + 60_000)
    refused(await box.send('payward', { ...sent, path: sent.path.replace('BTC', '%42TC') }), 'signature')
  })

  test('payward.auth.permission: a key without the right is refused with 403', async () => {
    const reader = await start(shop({ permissions: ['funds.query'] }))
    expect((await reader.call(clientOf(SHOP), SHOP_LIST)).status).toBe(200)
    const writes = await make(reader, {}, { account: 'WSHOP5GATE2MAIN77', by: SHOP })
    refused(writes, 'permission')
    expect(hint(writes)).toBe('the key lacks funds.deposit')
    const writer = await start(shop({ permissions: ['funds.deposit'] }))
    refused(await writer.call(clientOf(SHOP), SHOP_LIST), 'permission')
    // What nobody models is refused as well.
    refused(
      await writer.call(clientOf(SHOP), { method: 'GET', path: '/v1/accounts/WSHOP5GATE2MAIN77/portfolio/summary' }),
      'permission',
    )
    expect((await make(writer, {}, { account: 'WSHOP5GATE2MAIN77', by: SHOP })).status).toBe(200)
  })

  test('payward.auth.order: with two faults at once the earlier check answers', async () => {
    const box = await start(shop({ permissions: ['funds.query'], ratePerMinute: 3 }))
    const bad = { ...creation({ method_id: 'x' }, 'short'), headers: { 'idempotency-key': 'no uuid' } }
    const bend = (request: Request, headers: Record<string, string>, by: Credentials = KEYS.demo) => {
      const sent = clientOf(by).sign(request, box.wallMs)
      return box.send('payward', { ...sent, headers: { ...sent.headers, ...headers } })
    }
    refused(await bend({ method: 'GET', path: '/v1/nothing' }, { 'api-key': 'nobody' }), 'path')
    refused(await bend(bad, { 'api-key': 'nobody', 'api-sign': 'x' }), 'unknownKey')
    refused(await bend(bad, { 'api-sign': 'x', 'api-nonce': '-1' }), 'signature')
    refused(await withNonce(box, '-1', bad), 'nonce')
    // permission before everything the body says
    refused(await withNonce(box, '1', bad, SHOP), 'permission')
    // rate before signature
    await bend(SHOP_LIST, { 'api-sign': 'x' }, SHOP)
    await bend(SHOP_LIST, { 'api-sign': 'x' }, SHOP)
    refused(await bend(SHOP_LIST, { 'api-sign': 'x' }, SHOP), 'rate')
    // Idempotency-Key before media type, media type before schema, schema before account
    const text = { 'content-type': 'text/plain' }
    invalid(
      await box.call(client, { ...bad, headers: { ...bad.headers, ...text } }),
      'Idempotency-Key: is not of the documented form',
    )
    invalid(
      await box.call(client, { ...creation({ method_id: 'x' }), headers: text }),
      'Content-Type: must be application/json',
      415,
    )
    invalid(await make(box, { method_id: 'x' }, { account: 'WNOBODY5GATE2MAIN7' }), 'method_id: must be a uuid')
    // account before asset, asset before method, repeat before asset
    refused(await make(box, { asset_symbol: 'NOPE' }, { account: 'WNOBODY5GATE2MAIN7' }), 'account')
    refused(await make(box, { asset_symbol: 'NOPE', method_id: randomUUID() }), 'namedAsset')
    await make(box, {}, { key: KEY })
    refused(await make(box, { asset_symbol: 'NOPE' }, { key: KEY }), 'reuse')
  })

  test('payward.rate.off: a demo key is not limited; payward.rate.bucket: a configured one is, by the minute of world time', async () => {
    const box = await start({ ...shop({ ratePerMinute: 3 }), clock: '2026-05-16T19:00:20.500Z' })
    for (let i = 0; i < 20; i++) expect((await box.call(client, LIST)).status).toBe(200)
    for (let i = 0; i < 3; i++) expect((await box.call(clientOf(SHOP), SHOP_LIST)).status).toBe(200)
    const over = await box.call(clientOf(SHOP), SHOP_LIST)
    refused(over, 'rate')
    expect(over.headers['retry-after']).toBe('40')
    await box.advance('39499ms')
    refused(await box.call(clientOf(SHOP), SHOP_LIST), 'rate')
    await box.advance('1ms')
    expect((await box.call(clientOf(SHOP), SHOP_LIST)).status).toBe(200)
  })

  test('payward.elsewhere: unknown paths and methods are told to anybody', async () => {
    const box = await start()
    for (const path of [
      '/',
      '/v1',
      '/v1/nothing',
      '/v2/accounts',
      '/v1/accounts/%E0%A4%A/funds/deposits/addresses',
      `${addressesOf(ACCOUNTS.main)}/`,
    ]) {
      refused(await box.send('payward', { method: 'GET', path }), 'path')
    }
    for (const method of ['PUT', 'OPTIONS']) {
      const wrong = await box.send('payward', {
        method,
        path: addressesOf(ACCOUNTS.main),
        ...(method === 'PUT' && { body: '{}' }),
      })
      refused(wrong, 'method')
      expect(wrong.headers.allow).toBe('GET, POST')
    }
    const head = await box.send('payward', { method: 'HEAD', path: LIST.path })
    expect([head.status, head.headers.allow]).toEqual([405, 'GET, POST'])
  })

  test('payward.body.limit: a body over the limit is refused in its own dialect', async () => {
    const box = await start({ limits: { bodyBytes: 1024 } })
    refused(await make(box, { padding: 'x'.repeat(2000) }), 'size')
    expect((await make(box)).status).toBe(200)
  })
})

describe('nonces', () => {
  test('payward.nonce.rising: equal and lower ones are refused, gaps are not', async () => {
    const box = await start()
    for (const nonce of ['0', '5', '6', '1000000']) expect((await withNonce(box, nonce)).status).toBe(200)
    for (const nonce of ['1000000', '999999', '0']) refused(await withNonce(box, nonce), 'nonce')
    expect((await withNonce(box, '1000001')).status).toBe(200)
  })

  test('payward.nonce.rising: beyond what a number holds, the last digit still counts', async () => {
    const box = await start()
    expect((await withNonce(box, '1767225600000000001')).status).toBe(200)
    refused(await withNonce(box, '1767225600000000001'), 'nonce')
    refused(await withNonce(box, '1767225600000000000'), 'nonce')
    expect((await withNonce(box, '1767225600000000002')).status).toBe(200)
    expect((await withNonce(box, '18446744073709551614')).status).toBe(200)
    expect((await withNonce(box, '18446744073709551615')).status).toBe(200)
    refused(await withNonce(box, '18446744073709551615'), 'nonce')
  })

  test.each([
    '-1',
    '+5',
    '007',
    '1.5',
    '1e9',
    '0x10',
    'soon',
    '18446744073709551616',
    '9'.repeat(40),
    '5, 6',
    '\u0664',
  ])('payward.nonce.u64: %s is none', async (nonce) => {
    const box = await start()
    const bytes = Buffer.from(nonce, 'utf8').toString('latin1')
    const sent = signed(KEYS.demo, LIST, bytes)
    const reply = await box.send('payward', sent)
    refused(reply, 'nonce')
    expect(hint(reply)).toBe('API-Nonce is not an unsigned 64-bit integer in plain decimal digits')
    expect((await withNonce(box, '0')).status).toBe(200)
  })

  test('payward.nonce.per-key: two keys of one partner do not disturb each other', async () => {
    const box = await start()
    expect((await withNonce(box, '9000')).status).toBe(200)
    expect((await withNonce(box, '5', LIST, KEYS.window)).status).toBe(200)
    expect((await withNonce(box, '5', listing('asset_symbol=BTC', ACCOUNTS.other), KEYS.other)).status).toBe(200)
    refused(await withNonce(box, '9000'), 'nonce')
  })

  test('payward.nonce.window: within it any order, each once; at its edge none', async () => {
    const box = await start()
    const at = (nonce: bigint) => withNonce(box, String(nonce), LIST, KEYS.window)
    const top = 1_767_225_600_000_000_000n
    const window = 10_000_000_000n
    expect((await at(top)).status).toBe(200)
    for (const back of [1n, 5_000_000_000n, window - 1n, 3n])
      expect([back, (await at(top - back)).status]).toEqual([back, 200])
    for (const back of [0n, 1n, 3n, 5_000_000_000n, window - 1n, window, window + 1n])
      refused(await at(top - back), 'nonce')
    expect((await at(top + window)).status).toBe(200)
    refused(await at(top), 'nonce')
    refused(await at(top - 2n), 'nonce')
    expect((await at(top + 1n)).status).toBe(200)
    refused(await at(top + 1n), 'nonce')
  })

  test('payward.nonce.window: any order of any nonces is judged as a list of all of them would judge it', async () => {
    // A key for each run; the sandbox and its world may be one.
    const windows = [0, 1, 10]
    const keys = Array.from({ length: 600 }, (_, index) => ({
      id: `key_${index}`,
      secret: KEYS.other.secret,
      nonceWindow: windows[index % windows.length]!,
    }))
    const box = await start({ providers: { payward: { accounts: { shop: { keys, ids: ['WSHOP5GATE2MAIN77'] } } } } })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.bigInt({ min: 0n, max: 60n }), { minLength: 1, maxLength: 25 }), async (steps) => {
        const { id: key, nonceWindow } = keys.shift()!
        const taken: bigint[] = []
        for (const nonce of steps) {
          const highest = taken.reduce((a, b) => (a > b ? a : b), -1n)
          const legal = nonce > highest || (nonce > highest - BigInt(nonceWindow) && !taken.includes(nonce))
          expect((await withNonce(box, String(nonce), SHOP_LIST, { key, secret: KEYS.other.secret })).status).toBe(
            legal ? 200 : 401,
          )
          if (legal) taken.push(nonce)
        }
      }),
      { numRuns: 40, seed: 20260516 },
    )
  })

  test('payward.nonce.spent: a refused call has spent its nonce, unless key or signature were wrong', async () => {
    const box = await start()
    const unknown = signed(KEYS.demo, creation({ asset_symbol: 'NOPE' }), '10')
    refused(await box.send('payward', unknown), 'namedAsset')
    refused(await box.send('payward', unknown), 'nonce')
    const broken = signed(KEYS.demo, creation({ method_id: 5 }), '11')
    expect((await box.send('payward', broken)).status).toBe(400)
    refused(await box.send('payward', broken), 'nonce')

    const right = signed(KEYS.demo, LIST, '12')
    refused(
      await box.send('payward', {
        ...right,
        headers: { ...right.headers, 'api-sign': sign(KEYS.other.secret, LIST.path, '12') },
      }),
      'signature',
    )
    expect((await box.send('payward', right)).status).toBe(200)
  })

  test('payward.nonce.no-clock: any number will do, wherever the clocks stand', async () => {
    const box = await start()
    expect((await withNonce(box, '3')).status).toBe(200)
    await box.advance('90d')
    expect((await withNonce(box, '4')).status).toBe(200)
  })

  test('payward.nonce.rising: the hint tells a change of resolution, never a nonce', async () => {
    const box = await start()
    await withNonce(box, '1767225600000000000')
    expect(hint(await withNonce(box, '1767225600000'))).toBe(
      'the nonce must be greater than the highest this key has used; this one looks like milliseconds, and earlier ones like nanoseconds: keep to one unit for each key',
    )
    expect(hint(await withNonce(box, '1767225600'))).toMatch(
      /this one looks like seconds, and earlier ones like nanoseconds/,
    )
    expect(hint(await withNonce(box, '42'))).toMatch(/this one looks like 2 digits, and earlier ones like nanoseconds/)
    for (const uptime of ['864013579246', '86401357924680', '5400135792468', '999999999']) {
      expect([uptime, hint(await withNonce(box, uptime))]).toEqual([
        uptime,
        expect.stringMatching(/; this one is not the time of day in any unit: .*hrtime\.bigint\(\)/),
      ])
    }
    expect(hint(await withNonce(box, '1767225599999999999'))).toBe(
      'the nonce must be greater than the highest this key has used',
    )
    expect(hint(await withNonce(box, '1767225600000000000'))).toBe(
      'this nonce was already used: every call needs a greater one',
    )
  })
})

describe('hints', () => {
  const request = creation({ asset_type: 'crypto' })
  const nonce = '1767225600000000000'
  const secret = KEYS.demo.secret

  const MISTAKES: readonly [string, string, Request][] = [
    ['nonce in the body', sign(secret, request.path, '', `{"nonce":"${nonce}",${request.body!.slice(1)}`), request],
    [
      'nonce in front and in the body',
      sign(secret, request.path, nonce, `{"nonce":${nonce},${request.body!.slice(1)}`),
      request,
    ],
    ['nonce left out', sign(secret, request.path, '', request.body), request],
    ['secret not decoded', sign(Buffer.from(secret).toString('base64'), request.path, nonce, request.body), request],
    ['hex', Buffer.from(sign(secret, request.path, nonce, request.body), 'base64').toString('hex'), request],
    ['query left out', sign(secret, addressesOf(ACCOUNTS.main), nonce), LIST],
    ['path without /v1', sign(secret, request.path.replace('/v1', ''), nonce, request.body), request],
    [
      'path with the host',
      sign(secret, `https://api.services.payward.com${request.path}`, nonce, request.body),
      request,
    ],
    [
      'body re-serialised',
      sign(secret, request.path, nonce, JSON.stringify(JSON.parse(request.body!), null, 2)),
      request,
    ],
    ['body left out', sign(secret, request.path, nonce), request],
    ['an empty object for no body', sign(secret, LIST.path, nonce, '{}'), LIST],
  ]
  test.each(MISTAKES)(
    'payward.auth.signature: %s is told in the hint, not in the body',
    async (mistake, signature, sent) => {
      const box = await start()
      const reply = await box.send('payward', {
        ...sent,
        headers: {
          'content-type': 'application/json',
          'api-key': KEYS.demo.key,
          'api-nonce': nonce,
          'api-sign': signature,
        },
      })
      refused(reply, 'signature')
      expect(hint(reply)).toBe(
        {
          'nonce in the body':
            'the nonce was signed as part of the body: it belongs in front of the body, and in its own header',
          'nonce in front and in the body':
            'the nonce was signed as part of the body: it belongs in front of the body, and in its own header',
          'nonce left out': 'the nonce was left out of the signed text',
          'secret not decoded': 'the secret was used as text: base64-decode it first',
          hex: 'base64 expected, hex sent',
          'query left out': 'the query was left out of the signed text',
          'path without /v1': `the path was signed as ${request.path.replace('/v1', '')}; the sandbox saw ${request.path}`,
          'path with the host': `the path was signed as https://api.services.payward.com${request.path}; the sandbox saw ${request.path}`,
          'body re-serialised': 'the body was re-serialised after signing',
          'body left out': 'the body was left out of the signed text',
          'an empty object for no body': 'an empty JSON object was signed, but no body was sent',
        }[mistake],
      )
      const right = sign(secret, sent.path, nonce, sent.body)
      expect(JSON.stringify(reply.headers) + reply.text).not.toContain(right)
    },
  )

  test('payward.auth.signature: the secret of another key of the same partner is told, and that of another partner', async () => {
    const keys = [
      { id: 'one', secret: KEYS.demo.secret },
      { id: 'two', secret: KEYS.other.secret },
    ]
    const box = await start({ providers: { payward: { accounts: { shop: { keys, ids: ['WSHOP5GATE2MAIN77'] } } } } })
    const mixed = await box.call(clientOf({ key: 'one', secret: KEYS.other.secret }), SHOP_LIST)
    refused(mixed, 'signature')
    expect(hint(mixed)).toBe('signed with the secret of another key of the same account')
    const stranger = await box.call(clientOf({ key: KEYS.demo.key, secret: KEYS.other.secret }), LIST)
    refused(stranger, 'signature')
    expect(hint(stranger)).toBe('signed with the secret of the demo account other')
  })
})

describe('validation', () => {
  const UUID = METHODS.BTC
  const BODIES: readonly [string, Record<string, unknown>, string][] = [
    ['nothing', {}, 'method_id: is required; asset_symbol: is required'],
    ['no method', { asset_symbol: 'BTC' }, 'method_id: is required'],
    ['no uuid', { method_id: 'bitcoin', asset_symbol: 'BTC' }, 'method_id: must be a uuid'],
    ['a uuid in braces', { method_id: `{${UUID}}`, asset_symbol: 'BTC' }, 'method_id: must be a uuid'],
    [
      'a uuid as a URN',
      { method_id: `urn:uuid:${UUID}`, asset_symbol: 'BTC' },
      'method_id: is not of the documented form',
    ],
    ['a number', { method_id: 5, asset_symbol: 'BTC' }, 'method_id: must be string'],
    ['two characters', { method_id: UUID, asset_symbol: 'OP' }, 'asset_symbol: length must be at least 3'],
    [
      'seventeen characters',
      { method_id: UUID, asset_symbol: 'X'.repeat(17) },
      'asset_symbol: length must be at most 16',
    ],
    [
      'two code points',
      { method_id: UUID, asset_symbol: '\u{1f4b0}\u{1f4b0}' },
      'asset_symbol: length must be at least 3',
    ],
    [
      'an unknown class',
      { method_id: UUID, asset_symbol: 'BTC', asset_type: 'metal' },
      'asset_type: must be one of fiat, crypto, stablecoin, xstock',
    ],
    [
      'a class in capitals',
      { method_id: UUID, asset_symbol: 'BTC', asset_type: 'Crypto' },
      'asset_type: must be one of fiat, crypto, stablecoin, xstock',
    ],
    [
      'all of it',
      { method_id: null, asset_symbol: 7, asset_type: [] },
      'method_id: must be string; asset_symbol: must be string; asset_type: must be string',
    ],
  ]
  test.each(BODIES)('payward.validation.fields: %s', async (_, body, detail) => {
    const box = await start()
    invalid(
      await box.call(client, { method: 'POST', path: addressesOf(ACCOUNTS.main), body: JSON.stringify(body) }),
      detail,
    )
    expect(await list(box)).toEqual([])
  })

  test('payward.validation.null: null is not the same as nothing', async () => {
    const box = await start()
    invalid(await make(box, { asset_type: null }), 'asset_type: must be string')
    expect((await make(box, { asset_type: undefined })).status).toBe(200)
  })

  const TEXTS: readonly [string, string | undefined, string][] = [
    ['no body', undefined, 'body: is required'],
    ['an empty body', '', 'body: is required'],
    ['broken', '{"method_id":', 'body: is not valid JSON'],
    ['an array', '[]', 'body: must be object'],
    ['a word', '"BTC"', 'body: must be object'],
    ['null', 'null', 'body: must be object'],
    ['too deep', '['.repeat(5000) + ']'.repeat(5000), 'body: is not valid JSON'],
  ]
  test.each(TEXTS)('payward.validation.problem: a body that is %s', async (_, body, detail) => {
    const box = await start()
    const reply = await box.call(client, { method: 'POST', path: addressesOf(ACCOUNTS.main), body })
    invalid(reply, detail)
    expect(reply.headers['content-type']).toBe('application/problem+json')
  })

  test('payward.validation.media-type: JSON must be said to be JSON', async () => {
    const box = await start()
    const as = (type: string) => box.call(client, { ...creation({}), headers: { 'content-type': type } })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'json', '']) {
      invalid(await as(type), 'Content-Type: must be application/json', 415)
    }
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.shop+json'])
      expect((await as(type)).status).toBe(200)
  })

  test('payward.validation.extra: unknown members are ignored, also hostile ones', async () => {
    const box = await start()
    const body = `{"__proto__":{"asset_symbol":"NOPE"},"constructor":1,"nonce":1e999,"note":"\\u0000\\ud800","method_id":"${METHODS.BTC}","asset_symbol":"BTC"}`
    const reply = await box.call(client, { method: 'POST', path: addressesOf(ACCOUNTS.main), body })
    expect([reply.status, reply.json.data.is_new]).toEqual([200, true])
    const headers = { 'Payward-Version': '2025-04-15', 'API-OTP': '123456' }
    expect(
      (await box.call(client, { ...listing('asset_symbol=BTC&colour=red&type='), headers })).json.data,
    ).toHaveLength(1)
  })

  test('payward.accounts.length: 14 to 42 characters; payward.accounts.unknown: a stranger does not exist', async () => {
    const box = await start()
    const ask = (account: string) => box.call(client, listing('asset_symbol=BTC', account))
    invalid(await ask('W'.repeat(13)), 'account_id: length must be at least 14')
    invalid(await ask('W'.repeat(43)), 'account_id: length must be at most 42')
    const strangers = [
      'W'.repeat(14),
      'W'.repeat(42),
      ACCOUNTS.other,
      ACCOUNTS.main.toLowerCase(),
      'WDEM-O5GA-TE2M-AIN77',
    ]
    for (const account of [...strangers, '%00'.repeat(20), '%F0%9F%92%B0'.repeat(14)])
      refused(await ask(account), 'account')
    refused(await make(box, {}, { account: ACCOUNTS.other }), 'account')
  })

  test('payward.accounts.any: every account of the user, each with addresses of its own', async () => {
    const box = await start()
    const main = (await make(box)).json.data.address
    const second = (await make(box, {}, { account: ACCOUNTS.second })).json.data.address
    const other = (await make(box, {}, { account: ACCOUNTS.other, by: KEYS.other })).json.data.address
    expect(new Set([main, second, other]).size).toBe(3)
    expect((await list(box)).map((row) => row.address)).toEqual([main])
    expect((await list(box, 'asset_symbol=BTC', ACCOUNTS.second)).map((row) => row.address)).toEqual([second])
    // The other key of the partner sees the same accounts.
    expect((await list(box, 'asset_symbol=BTC', ACCOUNTS.main, KEYS.window)).map((row) => row.address)).toEqual([main])
  })
})

describe('assets', () => {
  test('payward.assets.type: ticker and class go together; payward.assets.type-default: crypto unless sent', async () => {
    const box = await start()
    expect((await make(box)).json).toMatchObject({ data: { name: 'Bitcoin' } })
    expect((await make(box, { asset_type: 'crypto' })).status).toBe(200)
    const token = { method_id: METHODS.usdcEthereum, asset_symbol: 'USDC' }
    expect((await make(box, { ...token, asset_type: 'stablecoin' })).status).toBe(200)
    for (const asset_type of ['crypto', 'xstock', 'fiat'])
      refused(await make(box, { ...token, asset_type }), 'namedAsset')
  })

  test('payward.assets.untyped-token: a stablecoin without its class is not found, unless chosen otherwise', async () => {
    const token = { method_id: METHODS.usdtTron, asset_symbol: 'USDT' }
    const strict = await start()
    const missed = await make(strict, token)
    refused(missed, 'namedAsset')
    expect(hint(missed)).toBe('USDT is known as stablecoin: send asset_type')
    const lenient = await start({ assume: { 'payward.assets.untyped-token': 'by-ticker' } })
    expect((await make(lenient, token)).json.data.name).toBe('Tron')
    expect(await list(lenient, 'asset_symbol=USDT')).toHaveLength(1)
    refused(await make(lenient, { ...token, asset_type: 'crypto' }), 'namedAsset')
  })

  test('payward.assets.unknown: a ticker that is not there, or not so spelled', async () => {
    const box = await start()
    for (const asset_symbol of [
      'NOPE',
      'btc',
      'BTC ',
      '__proto__',
      'constructor',
      'toString',
      '\u0000\u0000\u0000',
      '\ud800\ud800\ud800',
    ]) {
      refused(await make(box, { asset_symbol }), 'namedAsset')
    }
    refused(
      await box.call(client, { method: 'GET', path: `/v1/accounts/${ACCOUNTS.main}/funds/deposits/methods/NOPE` }),
      'asset',
    )
    refused(await box.call(client, listing('asset_symbol=NOPE')), 'namedAsset')
  })
})

describe('deposit methods', () => {
  const methods = (box: Kit, symbol: string, query = '') =>
    box.call(client, { method: 'GET', path: `/v1/accounts/${ACCOUNTS.main}/funds/deposits/methods/${symbol}${query}` })

  test('payward.methods.item: the documented members in the documented order, to the byte; payward.format.money: eight places', async () => {
    const box = await start()
    const money = (amount: string) => `{"symbol":"BTC","name":"Bitcoin","type":"crypto","amount":"${amount}"}`
    expect((await methods(box, 'BTC')).text).toBe(
      `{"data":[{"id":"${METHODS.BTC}","network":"Bitcoin",` +
        '"network_info":{"explorer":"https://explorer.example/bitcoin/tx/{txid}","confirmations":"3",' +
        '"est_confirmation_time":"30 minutes","contract_address":null},' +
        `"fee":${money('0.00000000')},"minimum":${money('0.00010000')},"maximum":${money('50.00000000')},` +
        `"address_setup_fee":${money('0.00000000')},"fee_percentage":"0.00",` +
        '"deposit_limit_meta":[{"limit_type":"EquivAmount","limits":{"86400":{"remaining":"1000000.00","maximum":"1000000.00"},' +
        '"604800":{"remaining":"5000000.00","maximum":"5000000.00"}}}]}],' +
        '"next_page_token":null}',
    )
  })

  test('payward.methods.one-page: a token has a method for each network', async () => {
    const box = await start()
    const usdt = (await methods(box, 'USDT', '?asset_type=stablecoin')).json
    expect(usdt.next_page_token).toBeNull()
    expect(usdt.data.map((method: any) => [method.network, method.network_info.contract_address])).toEqual([
      ['Ethereum', '0xdAC17F958D2ee523a2206206994597C13D831ec7'],
      ['Solana', 'Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB'],
      ['Tron', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'],
    ])
    expect(
      (await methods(box, 'USDC', '?asset_type=stablecoin')).json.data.map((method: any) => method.network),
    ).toEqual(['Ethereum', 'Solana'])
  })

  test('payward.methods.ids: the same for everybody and under every seed; payward.methods.fees: all of them free', async () => {
    const seen = new Set<string>()
    for (const seed of ['one', 'two']) {
      const box = await start({ seed })
      for (const symbol of ['BTC', 'ETH', 'SOL', 'XRP', 'XLM', 'LTC', 'DOGE', 'TRX', 'USDC', 'USDT']) {
        for (const method of (await methods(box, symbol, symbol.startsWith('USD') ? '?asset_type=stablecoin' : '')).json
          .data) {
          seen.add(method.id)
          expect([method.fee.amount, method.address_setup_fee.amount, method.fee_percentage]).toEqual([
            '0.00000000',
            '0.00000000',
            '0.00',
          ])
          expect(method.minimum.symbol).toBe(symbol)
        }
      }
    }
    expect(seen).toEqual(new Set(Object.values(METHODS)))
  })

  test('payward.methods.fiat-empty: fiat has no methods and no addresses', async () => {
    const box = await start()
    expect((await methods(box, 'USD', '?asset_type=fiat')).text).toBe('{"data":[],"next_page_token":null}')
    expect(await list(box, 'asset_symbol=EUR&asset_type=fiat')).toEqual([])
  })

  test('payward.methods.old-path: the path without an account is unknown', async () => {
    const box = await start()
    refused(await box.call(client, { method: 'GET', path: '/v1/funds/deposits/methods/USDC' }), 'path')
  })
})

describe('making addresses', () => {
  test('payward.addresses.answer: six members, nulls kept, to the byte; payward.envelope.data: under data', async () => {
    const box = await start()
    const reply = await make(box)
    const { address } = reply.json.data
    expect(address).toMatch(/^bc1qfake[02-9ac-hj-np-z]{34}$/)
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json'])
    expect(reply.text).toBe(
      `{"data":{"address":"${address}","name":"Bitcoin","tag":null,"memo":null,"expire_time":null,"is_new":true}}`,
    )
  })

  test('payward.addresses.status: 200, or 201 where that is chosen', async () => {
    expect((await make(await start())).status).toBe(200)
    const created = await start({ assume: { 'payward.addresses.status': '201' } })
    expect((await make(created, {}, { key: KEY })).status).toBe(201)
    expect((await make(created, {}, { key: KEY })).status).toBe(201)
  })

  const FORMS: readonly [keyof typeof METHODS, string, string, RegExp][] = [
    ['BTC', 'BTC', 'Bitcoin', /^bc1qfake/],
    ['ETH', 'ETH', 'Ethereum', /^0xfa4e[0-9a-f]{36}$/i],
    ['SOL', 'SOL', 'Solana', /^Fake[1-9A-HJ-NP-Za-km-z]{39,40}$/],
    ['XRP', 'XRP', 'XRP', /^r/],
    ['XLM', 'XLM', 'Stellar', /^G[A-Z2-7]{55}$/],
    ['LTC', 'LTC', 'Litecoin', /^ltc1qfake/],
    ['DOGE', 'DOGE', 'Dogecoin', /^D/],
    ['TRX', 'TRX', 'Tron', /^TFake/],
    ['usdcSolana', 'USDC', 'Solana', /^Fake/],
    ['usdtTron', 'USDT', 'Tron', /^TFake/],
  ]
  test.each(FORMS)('payward.addresses.name: %s is paid on its network', async (method, asset_symbol, name, form) => {
    const box = await start()
    const { data } = (
      await make(box, {
        method_id: METHODS[method],
        asset_symbol,
        ...(asset_symbol.startsWith('USD') && { asset_type: 'stablecoin' }),
      })
    ).json
    expect([data.name, data.is_new]).toEqual([name, true])
    expect(data.address).toMatch(form)
  })

  test('payward.addresses.method: the id counts in any case; payward.addresses.method-unknown: another asset’s id does not', async () => {
    const box = await start()
    expect((await make(box, { method_id: METHODS.BTC.toUpperCase() })).status).toBe(200)
    for (const method_id of [
      METHODS.ETH,
      METHODS.usdcEthereum,
      '550e8400-e29b-11d4-a716-446655440000',
      '00000000-0000-0000-0000-000000000000',
    ]) {
      const reply = await make(box, { method_id })
      refused(reply, 'fundingMethod')
      expect(hint(reply)).toBe(`methods of BTC: ${METHODS.BTC} (Bitcoin)`)
    }
    refused(await box.call(client, listing(`asset_symbol=BTC&method_id=${METHODS.ETH}`)), 'fundingMethod')
  })

  test('payward.addresses.crypto-only: fiat is refused', async () => {
    const box = await start()
    refused(await make(box, { asset_symbol: 'USD', asset_type: 'fiat' }), 'fiat')
  })

  test('payward.addresses.fresh: every call another address, the same whoever was served before', async () => {
    const one = await start()
    const two = await start()
    const first = (await make(one)).json.data.address
    await make(two, { method_id: METHODS.LTC, asset_symbol: 'LTC' })
    await make(two, {}, { account: ACCOUNTS.second })
    expect((await make(two)).json.data.address).toBe(first)
    const second = (await make(one)).json.data.address
    expect(second).not.toBe(first)
    expect((await make(two)).json.data.address).toBe(second)
  })

  test('payward.addresses.shared: coin and tokens of a network have one address; payward.addresses.is-new: only for who made it', async () => {
    const usdc = { method_id: METHODS.usdcEthereum, asset_symbol: 'USDC', asset_type: 'stablecoin' }
    const usdt = { method_id: METHODS.usdtEthereum, asset_symbol: 'USDT', asset_type: 'stablecoin' }
    const eth = { method_id: METHODS.ETH, asset_symbol: 'ETH' }
    const box = await start()
    const made = (await make(box, usdc)).json.data
    expect([made.name, made.is_new]).toEqual(['Ethereum', true])
    for (const fields of [usdc, usdt, usdc])
      expect((await make(box, fields)).json.data).toEqual({ ...made, is_new: false })
    // The coin itself gets another one, and the tokens stay with the oldest.
    const next = (await make(box, eth)).json.data
    expect(next.is_new).toBe(true)
    expect(next.address).not.toBe(made.address)
    expect((await make(box, usdt)).json.data.address).toBe(made.address)
    // Another network, another address.
    expect((await make(box, { ...usdc, method_id: METHODS.usdcSolana })).json.data).toMatchObject({
      name: 'Solana',
      is_new: true,
    })

    const coinFirst = await start()
    const coin = (await make(coinFirst, eth)).json.data
    expect((await make(coinFirst, usdc)).json.data).toEqual({ ...coin, is_new: false })
  })

  test('payward.addresses.tag: one address for everybody, a tag for each; payward.addresses.tag-xrp: ten digits; payward.addresses.tag-xlm: nineteen', async () => {
    const box = await start()
    for (const [symbol, form] of [
      ['XRP', /^[1-4]\d{9}$/],
      ['XLM', /^\d{19}$/],
    ] as const) {
      const fields = { method_id: METHODS[symbol], asset_symbol: symbol }
      const other = { account: ACCOUNTS.other, by: KEYS.other }
      const replies = [
        await make(box, fields),
        await make(box, fields),
        await make(box, fields, { account: ACCOUNTS.second }),
        await make(box, fields, other),
      ]
      const rows = replies.map((reply) => reply.json.data)
      expect(new Set(rows.map((row) => row.address)).size).toBe(1)
      expect(new Set(rows.map((row) => row.tag)).size).toBe(4)
      for (const row of rows) {
        expect([row.is_new, row.memo]).toEqual([true, null])
        expect(row.tag).toMatch(form)
        expect(BigInt(row.tag) < (symbol === 'XRP' ? 2n ** 32n : 2n ** 64n)).toBe(true)
      }
    }
  })

  test('payward.addresses.fresh: what was handed out is told to the control API, a row a hand-out', async () => {
    const box = await start()
    const xrp = (await make(box, { method_id: METHODS.XRP, asset_symbol: 'XRP' })).json.data
    const eth = (await make(box, { method_id: METHODS.ETH, asset_symbol: 'ETH' })).json.data
    await make(box, { method_id: METHODS.usdcEthereum, asset_symbol: 'USDC', asset_type: 'stablecoin' })
    const rows = (await box.control('GET', '/addresses')).json.data
    expect(
      rows.map(({ account, currency, network, address, tag }: any) => ({ account, currency, network, address, tag })),
    ).toEqual([
      { account: ACCOUNTS.main, currency: 'XRP', network: 'XRP', address: xrp.address, tag: xrp.tag },
      { account: ACCOUNTS.main, currency: 'ETH', network: 'Ethereum', address: eth.address, tag: null },
      { account: ACCOUNTS.main, currency: 'USDC', network: 'Ethereum', address: eth.address, tag: null },
    ])
  })
})

describe('how many addresses', () => {
  const fill = async (box: Kit, count: number) => {
    const made = []
    for (let i = 0; i < count; i++) made.push((await make(box)).json.data)
    return made
  }

  test('payward.limit.unused: five, and no sixth; a refused one changes nothing', async () => {
    const box = await start()
    await fill(box, 5)
    const before = JSON.stringify(box.world.dump()['payward.addresses'])
    const over = await make(box)
    refused(over, 'tooMany')
    expect(JSON.stringify(box.world.dump()['payward.addresses'])).toBe(before)
    expect(await list(box)).toHaveLength(5)
  })

  test('payward.limit.unused: as many as the config file says', async () => {
    const box = await start({ providers: { payward: { unusedAddresses: 1 } } })
    await fill(box, 1)
    refused(await make(box), 'tooMany')
  })

  test('payward.limit.scope: other accounts and methods are not touched, tags count too, tokens count as their coin', async () => {
    const box = await start({ providers: { payward: { unusedAddresses: 2 } } })
    await fill(box, 2)
    refused(await make(box), 'tooMany')
    expect((await make(box, {}, { account: ACCOUNTS.second })).status).toBe(200)
    const xrp = { method_id: METHODS.XRP, asset_symbol: 'XRP' }
    for (const status of [200, 200, 409]) expect((await make(box, xrp)).status).toBe(status)
    const usdc = { method_id: METHODS.usdcEthereum, asset_symbol: 'USDC', asset_type: 'stablecoin' }
    for (const status of [200, 200, 200]) expect((await make(box, usdc)).status).toBe(status)
    for (const status of [200, 409])
      expect((await make(box, { method_id: METHODS.ETH, asset_symbol: 'ETH' })).status).toBe(status)
    expect((await make(box, usdc)).status).toBe(200)
  })

  test('payward.limit.used: a deposit makes room; payward.limit.expiry: the oldest unused one goes after seven days; payward.format.time: in whole seconds', async () => {
    const box = await start({ clock: '2026-05-16T19:00:00.987Z' })
    const made = await fill(box, 5)
    await deposit(box, made[1], 'dropped')
    refused(await make(box), 'tooMany')
    await deposit(box, made[0])
    const sixth = await make(box)
    expect(sixth.json.data).toMatchObject({ is_new: true, expire_time: null })
    // The first is used, so the second is the oldest that nobody used.
    expect((await list(box)).map((row) => row.expire_time)).toEqual([
      null,
      '2026-05-23T19:00:00Z',
      null,
      null,
      null,
      null,
    ])
    // What is about to go still counts.
    refused(await make(box), 'tooMany')
    await box.advance('604799999ms')
    expect(await list(box)).toHaveLength(6)
    refused(await make(box), 'tooMany')
    await box.advance('1ms')
    expect((await list(box)).map((row) => row.address)).toEqual(
      [made[0], ...made.slice(2), sixth.json.data].map((row) => row.address),
    )
    // Four of five wait; the next one makes six again.
    expect((await make(box)).status).toBe(200)
    expect((await list(box)).map((row) => row.expire_time !== null)).toEqual([false, true, false, false, false, false])
  })

  test('payward.limit.used: a deposit by tag makes only that tag used', async () => {
    const box = await start({ providers: { payward: { unusedAddresses: 1 } } })
    const xrp = { method_id: METHODS.XRP, asset_symbol: 'XRP' }
    const mine = (await make(box, xrp)).json.data
    await make(box, xrp, { account: ACCOUNTS.second })
    await deposit(box, { address: mine.address, tag: null })
    refused(await make(box, xrp), 'tooMany')
    await deposit(box, mine)
    expect((await make(box, xrp)).status).toBe(200)
    refused(await make(box, xrp, { account: ACCOUNTS.second }), 'tooMany')
  })

  test('payward.addresses.expire-time: tokens move on to an address that stays', async () => {
    const box = await start({ providers: { payward: { unusedAddresses: 2 } } })
    const eth = { method_id: METHODS.ETH, asset_symbol: 'ETH' }
    const usdc = { method_id: METHODS.usdcEthereum, asset_symbol: 'USDC', asset_type: 'stablecoin' }
    const [one, two] = [(await make(box, eth)).json.data, (await make(box, eth)).json.data]
    expect((await make(box, usdc)).json.data).toEqual({ ...one, is_new: false })
    await deposit(box, two)
    await make(box, eth)
    const shown = (await list(box, 'asset_symbol=USDC&asset_type=stablecoin')).map((row) => [
      row.address,
      row.expire_time,
    ])
    expect(shown.slice(0, 2)).toEqual([
      [one.address, '2026-05-23T19:00:00Z'],
      [two.address, null],
    ])
    expect((await make(box, usdc)).json.data).toEqual({ ...two, is_new: false })
  })
})

describe('repeats', () => {
  test('payward.idempotency.replay: the first answer again, byte for byte and marked, later too', async () => {
    const box = await start()
    const first = await make(box, {}, { key: KEY })
    await box.advance('5h')
    const again = await make(box, {}, { key: KEY })
    expect([again.status, again.text, again.headers['content-type']]).toEqual([
      first.status,
      first.text,
      'application/json',
    ])
    expect(again.json.data.is_new).toBe(true)
    expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed']]).toEqual([undefined, 'true'])
    expect(await list(box)).toHaveLength(1)
    expect((await box.entry(again)).notes.idempotency).toMatchObject({ decided: 'replayed' })
  })

  test('payward.idempotency.optional: without a key every call counts', async () => {
    const box = await start()
    const [one, two] = [await make(box), await make(box)]
    expect(one.json.data.address).not.toBe(two.json.data.address)
    expect(two.headers['idempotent-replayed']).toBeUndefined()
  })

  const NO_KEYS = [
    'order-1',
    '550e8400-e29b-11d4-a716-446655440000',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '9b2f7c64-1d3e-4f5a-7b6c-0d1e2f3a4b5c',
    '9b2f7c641d3e4f5a8b6c0d1e2f3a4b5c',
    `${KEY}0`,
    `{${KEY}}`,
    `${KEY}, ${KEY}`,
  ]
  test.each(NO_KEYS)('payward.idempotency.key-form: %s is none', async (key) => {
    const box = await start()
    invalid(await make(box, {}, { key }), 'Idempotency-Key: is not of the documented form')
    expect(await list(box)).toEqual([])
  })

  test('payward.idempotency.key-form: an empty key is none either; payward.list.pages: nor is an empty page token', async () => {
    // Prism takes empty values for absent ones, so it is not asked.
    const box = await start()
    const raw = (request: Request) => box.raw(request.method, `/payward${request.path}`, request.headers, request.body)
    invalid(
      await raw(signed(KEYS.demo, { ...creation({}), headers: { 'Idempotency-Key': '' } }, '1')),
      'Idempotency-Key: is not of the documented form',
    )
    invalid(
      await raw(signed(KEYS.demo, listing('asset_symbol=BTC&page_token='), '2')),
      'page_token: length must be at least 1',
    )
  })

  test('payward.idempotency.scope: one API key, one path; letters in any case', async () => {
    const box = await start()
    const first = await make(box, {}, { key: KEY })
    expect((await make(box, {}, { key: KEY.toUpperCase() })).text).toBe(first.text)
    expect((await make(box, {}, { key: KEY, account: ACCOUNTS.main.replace('W', '%57') })).text).toBe(first.text)
    for (const whose of [
      { account: ACCOUNTS.second },
      { by: KEYS.window },
      { account: ACCOUNTS.other, by: KEYS.other },
    ]) {
      const other = await make(box, {}, { key: KEY, ...whose })
      expect(other.headers['idempotent-replayed']).toBeUndefined()
      expect(other.json.data.address).not.toBe(first.json.data.address)
    }
    // A list does not look at the header.
    expect((await box.call(client, { ...LIST, headers: { 'Idempotency-Key': 'anything' } })).status).toBe(200)
  })

  test('payward.idempotency.same-request: white space and order do not matter, anything else does', async () => {
    const box = await start()
    const send = (body: string) =>
      box.call(client, { method: 'POST', path: addressesOf(ACCOUNTS.main), body, headers: { 'Idempotency-Key': KEY } })
    const first = await send(`{"method_id":"${METHODS.BTC}","asset_symbol":"BTC"}`)
    expect((await send(`{ "asset_symbol": "BTC",\n "method_id": "${METHODS.BTC}" }`)).text).toBe(first.text)
    refused(await make(box, { method_id: METHODS.ETH, asset_symbol: 'ETH' }, { key: KEY }), 'reuse')
    refused(await make(box, { asset_type: 'crypto' }, { key: KEY }), 'reuse')
    refused(await make(box, { asset_symbol: 'NOPE' }, { key: KEY }), 'reuse')
    expect((await make(box, {}, { key: KEY })).text).toBe(first.text)
  })

  test('payward.idempotency.retention: 24 hours, to the millisecond', async () => {
    for (const [by, kept] of [
      ['86399999ms', true],
      ['24h', false],
    ] as const) {
      const box = await start()
      const first = await make(box, {}, { key: KEY })
      await box.advance(by)
      expect([by, (await make(box, {}, { key: KEY })).text === first.text]).toEqual([by, kept])
    }
  })

  test('payward.idempotency.kept: a refusal of the business stays one, also when the reason has gone', async () => {
    const box = await start({ providers: { payward: { unusedAddresses: 1 } } })
    const made = (await make(box)).json.data
    const over = await make(box, {}, { key: KEY })
    refused(over, 'tooMany')
    await deposit(box, made)
    const again = await make(box, {}, { key: KEY })
    refused(again, 'tooMany')
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect((await make(box, {}, { key: randomUUID() })).status).toBe(200)
  })

  test('payward.idempotency.checks-first: what the checks refuse is not kept, and a repeat must pass them', async () => {
    const box = await start()
    expect((await make(box, { method_id: 'x' }, { key: KEY })).status).toBe(400)
    refused(await make(box, {}, { key: KEY, by: { ...KEYS.demo, secret: KEYS.other.secret } }), 'signature')
    const first = await make(box, {}, { key: KEY })
    expect([first.status, first.headers['idempotent-replayed']]).toEqual([200, undefined])
    const again = client.sign({ ...creation({}), headers: { 'Idempotency-Key': KEY } }, box.wallMs + 1)
    expect((await box.send('payward', again)).text).toBe(first.text)
    refused(await box.send('payward', again), 'nonce')
    expect((await make(box, { method_id: 'x' }, { key: KEY })).status).toBe(400)
  })

  test('payward.idempotency.in-flight: a second call meets the first one on its way', async () => {
    let goOn = () => {}
    let tell = () => {}
    const began = new Promise<void>((resolve) => (tell = resolve))
    const held = new Promise<void>((resolve) => (goOn = resolve))
    const pause = () => {
      tell()
      return held
    }
    const box = await start({ pause })
    const when = { provider: 'payward', operation: 'createDepositAddress', times: 1 }
    box.world.change(() =>
      arm(
        { by: 'control', source: 'test', when, written: [], then: [{ delay: { minMs: 1000, maxMs: 1000 } }] },
        box.world,
      ),
    )
    const first = make(box, {}, { key: KEY })
    await began
    const second = await make(box, {}, { key: KEY })
    refused(second, 'inFlight')
    expect(second.headers['retry-after']).toBe('1')
    goOn()
    const { status, text } = await first
    expect(status).toBe(200)
    expect((await make(box, {}, { key: KEY })).text).toBe(text)
    expect(await list(box)).toHaveLength(1)
  })

  test('payward.idempotency.replay: any interleaving of keys, bodies, deposits and time yields exactly the addresses the policy allows', async () => {
    const step = fc.record({
      account: fc.constantFrom<string>(ACCOUNTS.main, ACCOUNTS.second),
      symbol: fc.constantFrom<'BTC' | 'XRP'>('BTC', 'XRP'),
      key: fc.constantFrom(undefined, KEY, KEY.replace('9b', 'aa')),
      paid: fc.constantFrom(undefined, undefined, 'oldest', 'newest'),
      hours: fc.constantFrom(0, 0, 0, 0, 10, 90),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const box = await start({ providers: { payward: { unusedAddresses: Model.LIMIT } } })
        const model = new Model()
        for (const { account, symbol, key, paid, hours } of steps) {
          if (hours > 0) await box.advance(`${hours}h`)
          model.pass(hours)
          const reply = await make(
            box,
            { method_id: METHODS[symbol], asset_symbol: symbol },
            { account, ...(key && { key }) },
          )
          model.check(account, symbol, key, reply)
          const target = paid && model.pay(account, symbol, paid)
          if (target) await deposit(box, target)
        }
        for (const account of [ACCOUNTS.main, ACCOUNTS.second]) {
          for (const symbol of ['BTC', 'XRP'] as const)
            model.checkList(account, symbol, await list(box, `asset_symbol=${symbol}`, account))
        }
        await box.sandbox.close()
      }),
      { numRuns: 40, seed: 20260516 },
    )
  })
})

interface Made {
  readonly address: string
  readonly tag: string | null
  used: boolean
  goesAt: number | null
}

/** What the documents promise, in its own words: an independent little Payward without addresses of its own. */
class Model {
  static readonly LIMIT = 2
  #hours = 0
  readonly #made = new Map<string, Made[]>()
  readonly #answers = new Map<string, { readonly symbol: string; readonly text: string; readonly until: number }>()
  readonly #places = new Set<string>()

  pass(hours: number): void {
    this.#hours += hours
    for (const [home, rows] of this.#made)
      this.#made.set(
        home,
        rows.filter((row) => row.goesAt === null || row.goesAt > this.#hours),
      )
  }

  check(account: string, symbol: string, key: string | undefined, reply: Reply): void {
    const known = this.#answers.get(`${account}/${key}`)
    if (key && known && known.until > this.#hours) {
      if (known.symbol !== symbol) return refused(reply, 'reuse')
      return expect([reply.text, reply.headers['idempotent-replayed']]).toEqual([known.text, 'true'])
    }
    if (key) this.#answers.set(`${account}/${key}`, { symbol, text: reply.text, until: this.#hours + 24 })
    expect(reply.headers['idempotent-replayed']).toBeUndefined()
    const rows = this.#rows(account, symbol)
    if (rows.filter((row) => !row.used).length >= Model.LIMIT) return refused(reply, 'tooMany')
    this.#add(rows, reply)
  }

  #add(rows: Made[], { status, json }: Reply): void {
    expect([status, json.data.is_new, json.data.expire_time]).toEqual([200, true, null])
    const { address, tag } = json.data
    expect(this.#places.has(`${address} ${tag}`)).toBe(false)
    this.#places.add(`${address} ${tag}`)
    const oldest = rows.find((row) => !row.used && row.goesAt === null)
    rows.push({ address, tag, used: false, goesAt: null })
    if (rows.length > Model.LIMIT && oldest) oldest.goesAt = this.#hours + 7 * 24
  }

  pay(account: string, symbol: string, which: string): Made | undefined {
    const row = which === 'oldest' ? this.#rows(account, symbol)[0] : this.#rows(account, symbol).at(-1)
    if (row) row.used = true
    return row
  }

  checkList(account: string, symbol: string, listed: any[]): void {
    const expected = this.#rows(account, symbol).map((row) => [row.address, row.tag, row.goesAt !== null])
    expect(listed.map((row) => [row.address, row.tag, row.expire_time !== null])).toEqual(expected)
  }

  #rows(account: string, symbol: string): Made[] {
    const home = `${account}/${symbol}`
    if (!this.#made.has(home)) this.#made.set(home, [])
    return this.#made.get(home)!
  }
}

describe('listing addresses', () => {
  test('payward.list.item: the documented members, to the byte, without is_new; payward.envelope.page: with the token of the next page', async () => {
    const box = await start()
    const { address, tag } = (await make(box, { method_id: METHODS.XRP, asset_symbol: 'XRP' })).json.data
    const reply = await box.call(client, listing('asset_symbol=XRP'))
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json'])
    expect(reply.text).toBe(
      `{"data":[{"asset":{"symbol":"XRP","type":"crypto"},"method":{"id":"${METHODS.XRP}","name":"XRP"},` +
        `"address":"${address}","tag":"${tag}","memo":null,"expire_time":null}],"next_page_token":null}`,
    )
  })

  test('payward.list.filters: by asset, class and method', async () => {
    const box = await start()
    const usdc = { asset_symbol: 'USDC', asset_type: 'stablecoin' }
    const ethereum = (await make(box, { ...usdc, method_id: METHODS.usdcEthereum })).json.data.address
    const solana = (await make(box, { ...usdc, method_id: METHODS.usdcSolana })).json.data.address
    await make(box)
    const seen = async (query: string) => (await list(box, query)).map((row) => row.address)
    expect(await seen('asset_symbol=USDC&asset_type=stablecoin')).toEqual([ethereum, solana])
    expect(await seen(`asset_symbol=USDC&asset_type=stablecoin&method_id=${METHODS.usdcSolana.toUpperCase()}`)).toEqual(
      [solana],
    )
    expect(await seen('asset_symbol=LTC')).toEqual([])
    refused(await box.call(client, listing('asset_symbol=USDC')), 'namedAsset')
  })

  test.each([
    ['asset_type=crypto', 'asset_symbol: is required'],
    ['asset_symbol=OP', 'asset_symbol: length must be at least 3'],
    ['asset_symbol=BTC&asset_type=metal', 'asset_type: must be one of fiat, crypto, stablecoin, xstock'],
    ['asset_symbol=BTC&method_id=5', 'method_id: must be a uuid'],
    ['asset_symbol=BTC&page_size=0', 'page_size: must be >= 1'],
    ['asset_symbol=BTC&page_size=501', 'page_size: must be <= 500'],
    ['asset_symbol=BTC&page_size=ten', 'page_size: must be integer'],
    ['asset_symbol=BTC&page_size=1e1', 'page_size: must be integer'],
    [`asset_symbol=BTC&page_token=${'x'.repeat(257)}`, 'page_token: length must be at most 256'],
  ])('payward.list.filters: %s is refused', async (query, detail) => {
    const box = await start()
    invalid(await box.call(client, listing(query)), detail)
  })

  test('payward.list.shared: a token shows its coin’s addresses under its own method; payward.list.order: the oldest first', async () => {
    const box = await start()
    const eth = { method_id: METHODS.ETH, asset_symbol: 'ETH' }
    const made = [(await make(box, eth)).json.data.address]
    const solana = (await make(box, { method_id: METHODS.SOL, asset_symbol: 'SOL' })).json.data.address
    made.push((await make(box, eth)).json.data.address)
    const shown = await list(box, 'asset_symbol=USDC&asset_type=stablecoin')
    expect(shown.map((row) => [row.asset.symbol, row.method.id, row.address])).toEqual([
      ['USDC', METHODS.usdcEthereum, made[0]],
      ['USDC', METHODS.usdcSolana, solana],
      ['USDC', METHODS.usdcEthereum, made[1]],
    ])
    expect((await list(box, 'asset_symbol=ETH')).map((row) => [row.method.id, row.address])).toEqual(
      made.map((address) => [METHODS.ETH, address]),
    )
  })

  test('payward.list.pages: every address once, whatever the size of a page and the name of the token', async () => {
    const box = await start()
    const usdt = { asset_symbol: 'USDT', asset_type: 'stablecoin' }
    for (const [symbol, count] of [
      ['ETH', 3],
      ['SOL', 2],
      ['TRX', 4],
    ] as const) {
      for (let i = 0; i < count; i++) await make(box, { method_id: METHODS[symbol], asset_symbol: symbol })
    }
    const all = (await list(box, new URLSearchParams(usdt).toString())).map((row) => row.address)
    expect(all).toHaveLength(9)
    for (const [size, name] of [
      [1, 'page_token'],
      [2, 'cursor'],
      [4, 'page_token'],
      [9, 'cursor'],
      [500, 'cursor'],
    ] as const) {
      const seen: string[] = []
      let token: string | null = ''
      while (token !== null) {
        const query = new URLSearchParams({ ...usdt, page_size: String(size), ...(token && { [name]: token }) })
        const page: any = (await box.call(client, listing(query.toString()))).json
        expect(page.data.length).toBeLessThanOrEqual(size)
        seen.push(...page.data.map((row: any) => row.address))
        token = page.next_page_token
      }
      expect(seen).toEqual(all)
    }
  })

  test('payward.list.bad-token: a token that was not issued is refused', async () => {
    const box = await start()
    await make(box)
    const forged = (text: string) => Buffer.from(text).toString('base64url')
    const forgeries = ['after:-1', 'after:1e3', 'after:01', 'before:1', `after:${'9'.repeat(30)}`].map(forged)
    for (const token of ['garbage', '1', ...forgeries, `${forged('after:1')}%3D`, '%00', '%F0%9F%92%B0']) {
      invalid(
        await box.call(client, listing(`asset_symbol=BTC&page_token=${token}`)),
        'page_token: was not issued here',
      )
    }
  })
})

describe('answers', () => {
  test('payward.envelope.problem: five members in order, to the byte; payward.envelope.source: who speaks', async () => {
    const box = await start()
    const gateway = await box.send('payward', LIST)
    expect(gateway.text).toBe(
      '{"type":"tag:kraken.com,2025:InvalidKey","title":"API: Missing API-Key","status":401,"data":null,"source":"Gateway"}',
    )
    const service = await make(box, { asset_symbol: 'NOPE' })
    expect(service.text).toBe(
      '{"type":"tag:kraken.com,2025:UnknownAsset","title":"Unknown asset","status":400,"data":null,"source":"Service"}',
    )
    for (const reply of [gateway, service]) expect(reply.headers['content-type']).toBe('application/problem+json')
  })

  const ASKED: readonly [string, number, string, string][] = [
    ['unauthorized', 401, 'InvalidKey', 'API: Invalid key'],
    ['bad_signature', 401, 'InvalidSignature', 'API: Invalid signature'],
    ['InvalidNonce', 401, 'InvalidNonce', 'API: Invalid nonce'],
    ['forbidden', 403, 'PermissionDenied', 'General: Permission denied'],
    ['not_found', 404, 'UnknownMethod', 'General: Unknown method'],
    ['invalid_request', 400, 'InvalidArguments', 'General: Invalid arguments'],
    ['rate_limited', 429, 'RateLimitExceeded', 'API: Rate limit exceeded'],
    ['DepositDisabled', 422, 'DepositDisabled', 'Funding: Deposits disabled'],
    ['TooManyDepositAddresses', 409, 'TooManyDepositAddresses', 'Funding: Too many addresses'],
    ['RequestTimeout', 408, 'RequestTimeout', 'Service: Timeout'],
    ['internal_error', 500, 'InternalError', 'General: Internal error'],
    ['unavailable', 503, 'ServiceUnavailable', 'Service: Unavailable'],
  ]
  test.each(ASKED)('payward.envelope.problem: %s when a scenario asks for it', async (error, status, tag, title) => {
    const box = await start()
    box.world.change(() =>
      arm(
        {
          by: 'control',
          source: 'test',
          when: { provider: 'payward' },
          written: [],
          then: [{ respond: { error, stage: 'before' } }],
        },
        box.world,
      ),
    )
    const reply = await make(box)
    expect([reply.status, reply.json]).toMatchObject([status, { type: `tag:kraken.com,2025:${tag}`, title, status }])
    expect(reply.headers['retry-after'] !== undefined).toBe([429, 503].includes(status))
  })

  test('payward.answers.trace-id: 32 hex digits on every answer, the same again under the same seed', async () => {
    const traces: string[][] = []
    for (let run = 0; run < 2; run++) {
      const box = await start()
      const elsewhere = await box.send('payward', { method: 'GET', path: '/v1/nothing' })
      const replies = [await box.send('payward', LIST), elsewhere, await make(box), await make(box, { method_id: 5 })]
      // A replay is a call of its own.
      for (let i = 0; i < 3; i++) replies.push(await make(box, {}, { key: KEY }))
      traces.push(replies.map((reply) => reply.headers['x-trace-id']!))
    }
    expect(traces[0]).toEqual(traces[1])
    expect(new Set(traces[0]).size).toBe(7)
    for (const trace of traces[0]!) expect(trace).toMatch(/^[0-9a-f]{32}$/)
  })

  test('every operation of the document is modelled: nothing is answered by samples', async () => {
    const box = await start()
    const { rules, operations } = (await box.control('GET', '/rules?provider=payward')).json
    expect([rules, operations]).not.toEqual([])
    for (const [operation, request] of Object.entries(client.good)) {
      const reply = await box.call(client, request())
      expect([operation, reply.headers['x-sandgate']]).not.toEqual([operation, 'sampled'])
    }
  })
})

describe('settings', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'a secret that is no base64',
      { accounts: { shop: { keys: [{ id: 'k', secret: 'not base64!' }], ids: [] } } },
      /secret/,
    ],
    ['an account id that is too short', { accounts: { shop: { keys: [], ids: ['SHORT'] } } }, /ids/],
    [
      'a negative window',
      { accounts: { shop: { keys: [{ id: 'k', secret: 'bXktc2VjcmV0', nonceWindow: -1 }], ids: [] } } },
      /nonceWindow/,
    ],
    ['no addresses at all', { unusedAddresses: 0 }, /unusedAddresses/],
    ['an unknown key', { colour: 'red' }, /colour/],
    ['a fee of an unknown method', { depositFees: { BTC: { fee: '1' } } }, /depositFees/],
    ['a fee that is too fine', { depositFees: { [METHODS.BTC]: { fee: '0.000000001' } } }, /fee/],
  ])('a config with %s is refused', async (_, payward, field) => {
    await expect(start({ providers: { payward } })).rejects.toThrow(field)
  })

  test('an account of the name of a demo one replaces it', async () => {
    const box = await start({
      providers: {
        payward: { accounts: { demo: { keys: [{ id: 'mine', secret: 'bXktc2VjcmV0' }], ids: [ACCOUNTS.main] } } },
      },
    })
    refused(await box.call(client, LIST), 'unknownKey')
    expect((await box.call(clientOf({ key: 'mine', secret: 'bXktc2VjcmV0' }), LIST)).status).toBe(200)
    expect((await box.call(clientOf(KEYS.other), listing('asset_symbol=BTC', ACCOUNTS.other))).status).toBe(200)
  })
})
