// How imported answers are held against ours: what the provider drew, what the partner sent, what is missing, who called, and who was refused.
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { RecordedCall } from '../../src/casefile/format.ts'
import { findProviders } from '../../src/app.ts'
import { METHODS } from '../clients/payward.ts'
import { differs, imported } from './play.ts'
import type { Name } from './traffic.ts'

interface Entry {
  readonly method?: string
  readonly path: string
  readonly sent?: unknown
  readonly status?: number
  readonly answer?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly at?: string
}

const rows = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).map(([name, value]) => ({ name, value }))

function har(...entries: readonly Entry[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      log: {
        entries: entries.map(
          ({ method, path, sent, status = 200, answer, headers = {}, at = '2026-03-02T10:00:00Z' }) => ({
            startedDateTime: at,
            request: {
              method: method ?? (sent === undefined ? 'GET' : 'POST'),
              url: `https://api.partner.example${path}`,
              headers: rows({
                'x-any': 'x',
                ...(sent !== undefined && { 'content-type': 'application/json' }),
                ...headers,
              }),
              ...(sent !== undefined && { postData: { text: typeof sent === 'string' ? sent : JSON.stringify(sent) } }),
            },
            response: {
              status,
              headers: rows({
                'content-type':
                  status >= 400 && path.includes('/accounts/') ? 'application/problem+json' : 'application/json',
              }),
              content: { ...(answer !== undefined && { text: JSON.stringify(answer) }) },
            },
          }),
        ),
      },
    }),
  )
}

const callsOf = async (name: Name, ...entries: readonly Entry[]) =>
  (await imported(name, { file: har(...entries) })).recording.journal as RecordedCall[]
const played = async (name: Name, ...entries: readonly Entry[]) =>
  differs((await imported(name, { file: har(...entries) })).recording)

const request = (more: object = {}, sent: object = {}): Entry => ({
  path: '/v1/deposit-addresses',
  sent: { currency: 'USDT', network: 'ETH', ...sent },
  answer: {
    success: true,
    message: 'OK',
    data: {
      request_id: 1020,
      address: '0x52908400098527886E0F7030069857D2E4169EE7',
      network: 'ETH',
      currency: 'USDT',
      contract_address: '0xdAC17F958D2ee523a2206206994597C13D831ec7',
      user_identifier: null,
      display_expires_at: '2026-03-02T13:00:01+00:00',
      created_at: '2026-03-02T10:00:01+00:00',
      ...more,
    },
  },
})

const intent = {
  id: '0b8f2c44-6d1b-4b52-8a6e-0f4d1c2b3a40',
  object: 'payment_intent',
  ref_code: 'ZQ81-77',
  status: 'pending',
  amount: '25.00',
  currency: 'USDT',
  currencies: ['USDT'],
  addresses: [
    { asset: 'USDT', network: 'ethereum', address: '0x52908400098527886E0F7030069857D2E4169EE7' },
    { asset: 'USDT', network: 'solana', address: '4Nd1mYQtY5Z8Q6fXc9dT1nS2vPqkKf7yJ8mW3hR5bLxA' },
  ],
  external_ref: null,
  description: null,
  metadata: {},
  payment_url: 'https://pay.zopay.example/ZQ81-77',
  livemode: false,
  created_at: '2026-03-02T10:00:00Z',
  expires_at: null,
  completed_at: null,
}
const creating = (answer: object = intent, sent: object = {}): Entry => ({
  path: '/connect/v1/payment-intents',
  headers: { 'idempotency-key': 'i1', authorization: 'Bearer sk_test_of_the_partner' },
  sent: { amount: '25.00', currencies: ['USDT'], ...sent },
  answer,
})

describe('sandgate.import.drawn:', () => {
  test('a provider names what it draws: reference codes, URLs made of them, ids, addresses', async () => {
    const [call] = await callsOf('zopay', creating())
    expect(call!.compare!.fields).toMatchObject({
      '$.id': 'id',
      '$.ref_code': 'code',
      '$.payment_url': 'url',
      '$.addresses[*].address': 'address',
      '$.created_at': 'timestamp',
    })
    expect(await played('zopay', creating())).toBeUndefined()
  })

  test('ids that ours draws otherwise are replaced in paths, in queries, in bodies and inside of URLs', async () => {
    const { id } = intent
    const entries: Entry[] = [
      creating(),
      { path: `/connect/v1/payment-intents/${id}`, answer: intent },
      { path: `/connect/v1/events?related_to=${id}`, answer: { data: [], has_more: false, cursor: null } },
      {
        ...creating({
          ...intent,
          id: '11111111-6d1b-4b52-8a6e-0f4d1c2b3a40',
          description: `https://shop.example/orders?intent=${id}&n=1`,
          metadata: { of: id, amount: 1.5 },
        }),
        headers: { 'idempotency-key': 'i2' },
        sent: `{"amount": "25.00", "currencies": ["USDT"], "description": "https://shop.example/orders?intent=${id}&n=1", "metadata": {"of":"${id}", "amount": 1.50}}`,
      },
    ]
    expect(await played('zopay', ...entries)).toBeUndefined()
  })

  test('a number that names something is not taken for an amount or a limit', async () => {
    const named = request({ request_id: 50 })
    const read = {
      path: '/v1/deposit-requests/50',
      answer: {
        success: true,
        message: 'OK',
        data: {
          request_id: 50,
          address: '0x52908400098527886E0F7030069857D2E4169EE7',
          network: 'ETH',
          currency: 'USDT',
          user_identifier: null,
          status: 'active',
          display_expires_at: '2026-03-02T13:00:01+00:00',
          created_at: '2026-03-02T10:00:01+00:00',
          transactions: [],
        },
      },
    }
    const echoed = request({ request_id: 51, user_identifier: '50' }, { user_identifier: '50' })
    expect(await played('cpg', named, read, echoed)).toBeUndefined()
  })

  test.each<[string, Entry, string]>([
    [
      'a tag that is none',
      {
        path: '/api/v2/addresses/take',
        sent: { currency: 'XRP', foreign_id: 'a', end_user_reference: 'a' },
        status: 201,
        answer: {
          data: {
            id: 7,
            currency: 'XRP',
            address: 'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY',
            tag: 'no digits',
            foreign_id: 'a',
            end_user_reference: 'a',
          },
        },
      },
      '$.data.tag',
    ],
    [
      'a tag of another type',
      {
        path: '/api/v2/addresses/take',
        sent: { currency: 'XRP', foreign_id: 'a', end_user_reference: 'a' },
        status: 201,
        answer: {
          data: {
            id: 7,
            currency: 'XRP',
            address: 'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY',
            tag: 4711,
            foreign_id: 'a',
            end_user_reference: 'a',
          },
        },
      },
      '$.data.tag',
    ],
  ])('%s is found', async (_, entry, where) => {
    expect(await played('alphapo', { ...entry, headers: { 'x-processing-key': 'k' } })).toContain(
      `where:    ${where}\n`,
    )
  })

  test('a code that is missing, and a link that is no link, are found', async () => {
    expect(await played('zopay', creating({ ...intent, ref_code: null }))).toContain('where:    $.ref_code\n')
    expect(await played('zopay', creating({ ...intent, payment_url: 'ask support' }))).toContain(
      'where:    $.payment_url\n',
    )
  })
})

describe('sandgate.import.echo:', () => {
  test('an id that is part of something sent was drawn all the same', async () => {
    const [call] = await callsOf('cpg', request({}, { idempotency_key: 'k1020' }))
    expect(call!.compare!.fields).toHaveProperty(['$.data.request_id'], 'id')
    expect(await played('cpg', request({}, { idempotency_key: 'k1020' }))).toBeUndefined()
  })

  test('an id that is equal to a number sent under another name was drawn all the same', async () => {
    expect(await played('cpg', request({ user_identifier: '1020' }, { user_identifier: '1020' }))).toBeUndefined()
    expect(await played('cpg', request({ user_identifier: '1021' }, { user_identifier: '1020' }))).toContain(
      'where:    $.data.user_identifier\n',
    )
  })

  test('what the partner had sent in an earlier call comes back as it was', async () => {
    const own = '7d9f5c1e-2b34-4c8a-9e10-5a6b7c8d9e0f'
    const metadata = { id: own, address: 'Main Street 1' }
    const read = (answer: object): Entry => ({ path: `/connect/v1/payment-intents/${intent.id}`, answer })
    const made = creating({ ...intent, metadata }, { metadata })
    expect(await played('zopay', made, read({ ...intent, metadata }))).toBeUndefined()
    expect(
      await played(
        'zopay',
        made,
        read({ ...intent, metadata: { ...metadata, id: '00000000-2b34-4c8a-9e10-5a6b7c8d9e0f' } }),
      ),
    ).toContain('where:    $.metadata.id\n')
  })
})

describe('sandgate.import.left-out:', () => {
  test('a field that somebody blacked out is not compared, and counted', async () => {
    const entry = creating({ ...intent, ref_code: '***', currency: '[redacted]', amount: 'REDACTED' })
    const { recording, told } = await imported('zopay', { file: har(entry) })
    expect((recording.journal[0] as RecordedCall).compare!.fields).toMatchObject({
      '$.ref_code': 'any',
      '$.currency': 'any',
      '$.amount': 'any',
    })
    expect(told.join(' ')).toMatch(/Not compared.* 3 fields/)
    expect(await differs(recording)).toBeUndefined()
  })

  test('an answer about something that was made before the file begins is not compared', async () => {
    const read: Entry = {
      path: '/v1/deposit-requests/48213',
      answer: { success: true, message: 'OK', data: { request_id: 48213 } },
    }
    const { recording, told } = await imported('cpg', { file: har(read, request()) })
    expect(told.join(' ')).toMatch(/Not compared.* 1 whole answer/)
    expect(await differs(recording)).toBeUndefined()
    expect(await played('cpg', { ...read, status: 404, answer: { success: false, message: 'Gone' } })).toContain(
      'where:    $.message\n',
    )
  })

  test('an operation that the sandbox has no model of is played and not compared', async () => {
    const providers = await findProviders()
    const payward = providers.get('payward')!
    const { getPortfolioSummary: _, ...operations } = payward.operations
    const less = new Map([...providers, ['payward', { ...payward, operations }]])
    const file = har({ path: '/v1/accounts/WDEMO5GATE2MAIN77/portfolio/summary', answer: { data: {} } })
    const { recording, told } = await imported('payward', { file }, undefined, less)
    expect(told.join(' ')).toMatch(/Not compared.* 1 whole answer/)
    expect(await differs(recording, less)).toBeUndefined()
  })

  test('a call whose body is not in the file is left aside, and one that asks for nothing is made', async () => {
    const { recording, told } = await imported('alphapo', {
      file: har(
        { method: 'POST', path: '/api/v2/currencies/list', answer: undefined },
        { method: 'POST', path: '/api/v2/addresses/take', status: 201, answer: { data: {} } },
      ),
    })
    expect((recording.journal as RecordedCall[]).map(({ path, body }) => [path, body])).toEqual([
      ['/api/v2/currencies/list', '{}'],
    ])
    expect(told.join(' ')).toContain('the body that was sent is not in the file: 1 call.')
    await expect(
      imported('alphapo', { file: har({ method: 'POST', path: '/api/v2/addresses/take', status: 201 }) }),
    ).rejects.toThrow('none can be played')
  })

  test('a body that was cut short is not compared, and one that is no JSON at all is', async () => {
    const cut = JSON.parse(har(request()).toString())
    const { content } = cut.log.entries[0].response
    Object.assign(content, { size: content.text.length, text: content.text.slice(0, 40) })
    expect((await imported('cpg', { file: Buffer.from(JSON.stringify(cut)) })).recording.journal[0]).toMatchObject({
      compare: { left_out: ['body'] },
    })
    expect(await played('cpg', { ...request(), answer: 'an error page' })).toContain('where:    $\n')
  })
})

describe('sandgate.import.refused:', () => {
  test.each<[Name, string, number, unknown, { gate: string; name: string; detail?: object }]>([
    [
      'cpg',
      '/v1/_ping',
      401,
      { success: false, message: 'Request timestamp is outside the allowed window' },
      { gate: 'timestamp_in_window', name: 'timestamp_outside_window' },
    ],
    [
      'cpg',
      '/v1/_ping',
      429,
      { success: false, message: 'Rate limit exceeded' },
      { gate: 'within_rate_limit', name: 'rate_limited' },
    ],
    [
      'cpg',
      '/v1/currencies',
      403,
      { success: false, message: 'Source IP is not allowed' },
      { gate: 'ip_allowed', name: 'ip_not_allowed' },
    ],
    [
      'zopay',
      '/connect/v1/addresses',
      401,
      { error: { code: 'missing_api_key', message: 'in other words', request_id: 'req_1' } },
      { gate: 'key_known', name: 'missing_api_key' },
    ],
    [
      'zopay',
      '/connect/v1/addresses',
      403,
      { error: { code: 'organization_not_approved', message: 'The organization is not approved yet.' } },
      { gate: 'organisation_approved', name: 'organization_not_approved' },
    ],
    [
      'payward',
      '/v1/webhooks',
      401,
      {
        type: 'tag:kraken.com,2025:InvalidKey',
        title: 'API: Missing API-Key',
        status: 401,
        data: null,
        source: 'Gateway',
      },
      { gate: 'key_known', name: 'unauthorized', detail: { title: 'API: Missing API-Key' } },
    ],
    [
      'payward',
      '/v1/webhooks',
      401,
      {
        type: 'tag:kraken.com,2025:InvalidNonce',
        title: 'API: Invalid nonce',
        status: 401,
        data: null,
        source: 'Gateway',
      },
      { gate: 'nonce_increases', name: 'InvalidNonce' },
    ],
    [
      'alphapo',
      '/api/v2/currencies/list',
      403,
      { error: 'Bad signature header', code: 'bad_header_signature' },
      { gate: 'signature_valid', name: 'bad_signature' },
    ],
  ])('%s %s %i is played as the refusal that the body tells', async (name, path, status, answer, refused) => {
    const [call] = await callsOf(name, { path, status, answer, ...(path.endsWith('list') && { sent: {} }) })
    expect(call!.refused).toEqual(refused)
  })

  test('a refusal of what is asked for is found out again, not played', async () => {
    const entry: Entry = {
      ...request(),
      status: 403,
      answer: { success: false, message: 'Deposits for this currency are not enabled for this account' },
    }
    expect((await callsOf('cpg', entry))[0]).not.toHaveProperty('refused')
    expect(await played('cpg', entry)).toContain('where:    status\n')
    // The partner's catalogue makes it the same answer.
    const providers = {
      cpg: {
        accounts: {
          shop: {
            keys: [{ id: 'shop-key', secret: 'shop-secret' }],
            currencies: [{ currency: 'USDC', network: 'ETH' }],
          },
        },
      },
    }
    const { recording } = await imported('cpg', { file: har(entry) }, { providers })
    expect(recording.journal[0]).toMatchObject({ who: { account: 'shop', key: 0 } })
    expect(await differs(recording)).toBeUndefined()
  })

  test('a refusal without a body is one of the caller where there is one of that status', async () => {
    expect((await callsOf('cpg', { path: '/v1/currencies', status: 403 }))[0]!.refused).toEqual({
      gate: 'permission_granted',
      name: 'forbidden',
    })
    expect((await callsOf('cpg', { path: '/v1/currencies', status: 404 }))[0]).not.toHaveProperty('refused')
  })
})

describe('sandgate.import.partner:', () => {
  const OWN = 'W4BE9868GY65TB6523'
  const address = (more: object = {}) => ({
    data: {
      address: 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
      name: 'Bitcoin',
      tag: null,
      memo: null,
      expire_time: null,
      is_new: true,
      ...more,
    },
  })
  const creation = (account: string, sent: object = {}, answer: object = address()): Entry => ({
    path: `/v1/accounts/${account}/funds/deposits/addresses`,
    sent: { method_id: METHODS.BTC, asset_symbol: 'BTC', ...sent },
    answer,
  })

  test('account ids in paths belong to the demo account, but for those that were never found', async () => {
    const unknown = {
      ...creation('WNOBODY5GATE2MAIN'),
      status: 404,
      answer: {
        type: 'tag:kraken.com,2025:UnknownAccount',
        title: 'Account not found',
        status: 404,
        data: null,
        source: 'Service',
      },
    }
    const { recording } = await imported('payward', {
      file: har(creation(OWN), creation('ABCD-1234-EFGH-5678'), unknown),
    })
    expect(recording.settings).toMatchObject({
      payward: { accounts: { demo: { ids: [OWN, 'ABCD-1234-EFGH-5678', 'WDEMO5GATE2MAIN77', 'WDEMO5GATE2SECOND8'] } } },
    })
    expect(JSON.stringify(recording.settings)).not.toMatch(/pws_demo_key|c2FuZGdhdGU/)
    expect(await differs(recording)).toBeUndefined()
  })

  test('account ids that a config file knows make its account the caller', async () => {
    const keys = (id: string) => [{ id, secret: 'bXktc2VjcmV0' }]
    const providers = {
      payward: {
        accounts: {
          first: { keys: keys('first-key'), ids: ['WFIRST5GATE2MAIN7'] },
          shop: { keys: keys('shop-key'), ids: [OWN] },
        },
      },
    }
    const { recording } = await imported(
      'payward',
      { file: har(creation(OWN), { path: '/v1/webhooks', answer: { data: [], next_page_token: null } }) },
      { providers },
    )
    expect((recording.journal as RecordedCall[]).map(({ who }) => who)).toEqual([
      { account: 'shop', key: 0 },
      { account: 'shop', key: 0 },
    ])
    expect(await differs(recording)).toBeUndefined()
    const unknown = await imported('payward', { file: har(creation('WANOTHER5GATE2MAIN')) }, { providers })
    expect(unknown.recording.journal[0]).toMatchObject({ who: { account: 'first', key: 0 } })
    expect(await differs(unknown.recording)).toBeUndefined()
  })

  test('methods that the real catalogue calls otherwise are known by what they are of', async () => {
    const theirs = 'c0ffee00-2b34-4c8a-9e10-5a6b7c8d9e0f'
    const listed = {
      path: `/v1/accounts/${OWN}/funds/deposits/addresses?asset_symbol=BTC&method_id=${theirs}`,
      answer: {
        data: [
          {
            asset: { symbol: 'BTC', type: 'crypto' },
            method: { id: theirs, name: 'Bitcoin' },
            address: address().data.address,
            tag: null,
            memo: null,
            expire_time: null,
          },
        ],
        next_page_token: null,
      },
    }
    const withdrawals = {
      path: `/v1/accounts/${OWN}/funds/withdrawals/methods/BTC`,
      answer: { data: [{ id: theirs, network: 'Bitcoin' }], next_page_token: null },
    }
    const saving = JSON.stringify({ asset_symbol: 'BTC', method_id: theirs, key: 'cold', address: 'x' })
    const saved = {
      method: 'POST',
      path: `/v1/accounts/${OWN}/funds/withdrawals/addresses`,
      sent: saving,
      answer: { data: { key: 'cold', tag: null } },
    }
    for (const one of [withdrawals, saved]) {
      const known = await imported('payward', { file: har(one, { ...saved, answer: undefined }) })
      const { body } = known.recording.journal.at(-1) as RecordedCall
      expect(JSON.parse(body!)).toMatchObject({ method_id: METHODS.BTC })
    }
    const { recording } = await imported('payward', { file: har(creation(OWN, { method_id: theirs }), listed) })
    expect((recording.journal as RecordedCall[]).map(({ body, query }) => body ?? query)).toEqual([
      JSON.stringify({ method_id: METHODS.BTC, asset_symbol: 'BTC' }),
      `asset_symbol=BTC&method_id=${METHODS.BTC}`,
    ])
    expect(await differs(recording)).toBeUndefined()
  })

  test('traffic of a live key is played live', async () => {
    const live = {
      ...creating({ ...intent, livemode: true }),
      headers: { 'idempotency-key': 'i1', authorization: 'Bearer sk_live_of_the_partner' },
    }
    const bare = { ...creating({ ...intent, livemode: true }), headers: { 'idempotency-key': 'i2' } }
    const [first, second, list] = await callsOf('zopay', live, bare, {
      path: '/connect/v1/addresses',
      answer: { data: [], has_more: false, cursor: null },
    })
    for (const call of [first, second, list]) expect(call!.who).toMatchObject({ livemode: true })
    expect(await played('zopay', live, bare)).toBeUndefined()
  })
})

describe('sandgate.import.time:', () => {
  const at = async (...times: unknown[]) => {
    const file = JSON.parse(har(...times.map(() => ({ path: '/v1/_ping', answer: {} }))).toString())
    times.forEach((time, index) => (file.log.entries[index].startedDateTime = time))
    return (
      (await imported('cpg', { file: Buffer.from(JSON.stringify(file)) })).recording.journal as RecordedCall[]
    ).map(({ at }) => at)
  }

  test.each<[unknown, string]>([
    ['2026-03-02T10:00:00.1234567+01:00', '2026-03-02T09:00:00.123Z'],
    ['2026-03-02T10:00:00', '2026-03-02T10:00:00.000Z'],
    ['2026-03-02 10:00', '2026-03-02T10:00:00.000Z'],
    ['2026-03-02T', '2026-03-02T00:00:00.000Z'],
    ['2026-03', '2026-03-01T00:00:00.000Z'],
    ['2026-03-02T10:00:00+0530', '2026-03-02T04:30:00.000Z'],
    ['Mon, 02 Mar 2026 10:00:00 GMT', '2026-03-02T10:00:00.000Z'],
    ['3/2/2026, 10:00:00 AM', '2026-03-02T10:00:00.000Z'],
    [1_772_445_600_000, '2026-03-02T10:00:00.000Z'],
    ['1772445600', '2026-03-02T10:00:00.000Z'],
    ['', '2026-01-01T00:00:00.000Z'],
    ['+012026-03-02T10:00:00Z', '2026-01-01T00:00:00.000Z'],
    ['2026-13-45T10:00:00Z', '2026-01-01T00:00:00.000Z'],
    [{ day: 2 }, '2026-01-01T00:00:00.000Z'],
  ])('%j is %s', async (time, instant) => expect(await at(time)).toEqual([instant]))

  test('calls are played in order of time, those of one instant and those without one as they stand', async () => {
    expect(
      await at('2026-03-02T10:00:05Z', null, '2026-03-02', '2026-03-02T10:00:01Z', '2026-03-02T10:00:05Z'),
    ).toEqual(['2026-03-02T10:00:01.000Z', ...Array(4).fill('2026-03-02T10:00:05.000Z')])
  })
})

describe('what cannot be used', () => {
  test.each<[string, Buffer, RegExp]>([
    ['a zip archive', Buffer.from('PK\u0003\u0004rest'), /zip archive/],
    ['UTF-16', Buffer.from('\ufeff{"log":{}}', 'utf16le'), /UTF-16/],
    [
      'a body that unpacks to far too much',
      Buffer.from(
        JSON.stringify({
          log: {
            entries: [
              {
                request: { method: 'GET', url: 'https://api.cpg.example/v1/_ping' },
                response: {
                  status: 200,
                  content: { encoding: 'base64', text: gzipSync(Buffer.alloc(40 << 20)).toString('base64') },
                },
              },
            ],
          },
        }),
      ),
      /log\.entries\[0\]\.response: its body unpacks to more than 16 MiB/,
    ],
    ['JSON that is nested too deep', Buffer.from(`{"log":${'['.repeat(2000)}${']'.repeat(2000)}}`), /nested deeper/],
    ['something else', Buffer.from('GET /v1/_ping'), /neither a HAR file nor a transcript/],
    [
      "somebody else's calls",
      Buffer.from(
        JSON.stringify({
          log: {
            entries: [
              { request: { method: 'GET', url: 'https://a.example/sk_live_1' } },
              { request: { method: 'GET', url: 'https://b.example/' } },
            ],
          },
        }),
      ),
      /2 requests to a\.example, b\.example$/,
    ],
    [
      'aborted calls alone',
      Buffer.from(
        JSON.stringify({
          log: {
            entries: [{ request: { method: 'GET', url: 'https://api.cpg.example/v1/_ping' }, response: { status: 0 } }],
          },
        }),
      ),
      /none of the 1 requests to CPG in it has an answer/,
    ],
    [
      'a body in a file that is not there',
      Buffer.from('\n$ curl https://api.cpg.example/v1/deposit-addresses -d @body.json'),
      /line 2: the command reads body\.json/,
    ],
  ])('%s', async (_, file, told) => {
    await expect(imported('cpg', { file })).rejects.toThrow(told)
  })

  test('money that a config file says the partner has is there for the withdrawals of the file', async () => {
    const to = '0x52908400098527886E0F7030069857D2E4169EE7'
    const hash = `0x${'5c'.repeat(32)}`
    const named = { network: 'ETH', currency: 'USDT', to_address: to }
    const ok = (data: object) => ({ success: true, message: 'OK', data })
    const paying: Entry = {
      path: '/v1/withdrawals',
      sent: { ...named, amount: '25.50', client_reference: 'pay-7' },
      answer: ok({
        withdrawal_id: 8841,
        status: 'broadcasted',
        tx_hash: hash,
        ...named,
        amount_decimal: '25.50',
        fee_decimal: '5.00',
      }),
    }
    const reading: Entry = {
      path: '/v1/withdrawals/8841',
      at: '2026-03-02T10:10:00Z',
      answer: ok({
        id: 8841,
        currency: 'USDT',
        network: 'ETH',
        to_address: to,
        amount: '25.500000',
        fee: '5.000000',
        status: 'confirmed',
        tx_hash: hash,
        error_message: null,
        requested_at: '2026-03-02T10:00:00+00:00',
        broadcast_at: '2026-03-02T10:00:05+00:00',
        confirmed_at: '2026-03-02T10:05:30+00:00',
      }),
    }
    const file = har(paying, reading)
    const poor = await imported('cpg', { file })
    expect(await differs(poor.recording)).toMatch(/recorded: 200\n *now: *400\n *rules: *cpg\.withdrawals\.balance/)
    const balances = [{ provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '100' }]
    const rich = await imported('cpg', { file }, { balances })
    expect(await differs(rich.recording)).toBeUndefined()
  })

  test('a whole file that is packed is unpacked, and calls of other providers in one sandbox are not taken for these', async () => {
    const entries = ['/cpg/v1/_ping', '/payward/v1/webhooks', '/_sandgate/clock', '/w/ci/cpg/v1/_ping', '/cpg'].map(
      (path) => ({ request: { method: 'GET', url: `http://127.0.0.1:4010${path}` }, response: { status: 200 } }),
    )
    const { recording } = await imported('cpg', { file: gzipSync(JSON.stringify({ log: { entries } })) })
    expect((recording.journal as RecordedCall[]).map(({ path }) => path)).toEqual(['/v1/_ping', '/v1/_ping', '/'])
  })
})
