// Whatever lets somebody in is kept out of a case, wherever it stands in a file and however it is spelled.
import { describe, expect, test } from 'vitest'
import { imported } from './play.ts'

const SECRETS = {
  live: 'sk_live_9f8e7d6c5b4a3f2e1d0c',
  key: 'partner-key-4711-abcdef',
  signature: 'q1w2/e3r4+t5y6==',
  bearer: 'aGVhZGVyLnBheWxvYWQ-c2ln',
  cookie: 's3ss10n-0f-th3-partner',
  password: 'correct/horse+battery',
  token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJl',
}
const url = (text: string) => encodeURIComponent(text)
const pair = (name: string, value: string) => ({ name, value })

/** An entry whose parts can be anything. */
function entry(
  path: string,
  more: { host?: string; headers?: object[]; body?: string; answer?: unknown; status?: number } = {},
): object {
  return {
    startedDateTime: '2026-03-02T10:00:00Z',
    request: {
      method: more.body === undefined ? 'GET' : 'POST',
      url: `${more.host ?? 'https://partner:s3cr3t-l0g1n@api.zopay.example'}${path}`,
      headers: [
        pair('Authorization', `Bearer ${SECRETS.live}`),
        pair('Idempotency-Key', 'k1'),
        ...(more.headers ?? []),
      ],
      ...(more.body !== undefined && { postData: { mimeType: 'application/json', text: more.body } }),
    },
    response: {
      status: more.status ?? 200,
      headers: [pair('Content-Type', 'application/json'), pair('Set-Cookie', `sid=${SECRETS.cookie}; Path=/`)],
      content: { text: JSON.stringify(more.answer ?? { data: [], has_more: false, cursor: null }) },
    },
  }
}

const har = (...entries: object[]) => Buffer.from(JSON.stringify({ log: { entries } }))
const caseOf = async (file: Buffer) => JSON.stringify((await imported('zopay', { file })).recording)

describe('sandgate.import.secrets:', () => {
  test.each<[string, object]>([
    ['a live key in a path', entry(`/connect/v1/addresses/${SECRETS.live}`, { status: 400 })],
    [
      'a live key in a path, percent-encoded',
      entry(`/connect/v1/addresses/${SECRETS.live.replaceAll('_', '%5F')}`, { status: 400 }),
    ],
    ['a live key that no header has', entry('/connect/v1/addresses?note=sk_live_another0123456789', {})],
    [
      'a key in the query',
      entry(`/connect/v1/addresses?api_key=${url(SECRETS.key)}&signature=${url(SECRETS.signature)}`),
    ],
    [
      'a live key in a body',
      entry('/connect/v1/addresses', {
        body: JSON.stringify({ asset: 'USDT', network: 'solana', label: `uses ${SECRETS.live}` }),
      }),
    ],
    [
      'a live key in a body, escaped',
      entry('/connect/v1/addresses', {
        body: `{"asset":"USDT","network":"solana","label":"${SECRETS.live.replaceAll('_', '\\u005f')}"}`,
      }),
    ],
    [
      'fields that say what they are',
      entry('/connect/v1/addresses', {
        body: JSON.stringify({
          asset: 'USDT',
          network: 'solana',
          password: SECRETS.password,
          api_key: SECRETS.key,
          label: `again ${SECRETS.password}`,
        }).replaceAll('/', '\\/'),
      }),
    ],
    [
      'what a header had, in a body',
      entry('/connect/v1/addresses', {
        headers: [pair('X-Session-Id', SECRETS.cookie), pair('X-Api-Key', SECRETS.key)],
        body: JSON.stringify({ asset: 'USDT', network: 'solana', label: `${SECRETS.cookie} ${SECRETS.key}` }),
      }),
    ],
    [
      'cookies',
      entry('/connect/v1/addresses', {
        headers: [pair('Cookie', `a=b; session=${SECRETS.cookie}`)],
        answer: { data: [], cookie: SECRETS.cookie },
      }),
    ],
    [
      'bearer tokens anywhere',
      entry('/connect/v1/addresses', {
        answer: { data: [], told: `send Bearer ${SECRETS.bearer}`, jwt: SECRETS.token, note: SECRETS.token },
      }),
    ],
    [
      'a demo key and a demo secret',
      entry('/connect/v1/addresses', {
        headers: [pair('X-Note', 'sk_test_sandgate_demo')],
        answer: { data: [], note: 'sk_test_sandgate_other' },
      }),
    ],
  ])('%s is not in the case', async (_, one) => {
    const text = await caseOf(har(one))
    for (const secret of Object.values(SECRETS)) {
      for (const spelled of [
        secret,
        url(secret),
        secret.replaceAll('/', '\\/'),
        JSON.stringify(secret.replaceAll('/', '\\/')),
      ])
        expect(text).not.toContain(spelled)
    }
    expect(text).not.toMatch(/sk(_|%5F|\\\\u005f)(live|test)|s3cr3t-l0g1n/i)
  })

  test('what is no secret is not hidden, though a header or a cookie of that kind has it', async () => {
    const plain = [
      pair('X-Cache-Key', '/connect/v1/addresses'),
      pair('X-Auth-Type', 'application/json'),
      pair('Cookie', 'user=user_8721; theme=dark'),
      pair('X-Session-User', 'user_8721'),
    ]
    const { recording } = await imported('zopay', {
      file: har(entry('/connect/v1/addresses?external_ref=user_8721', { headers: plain })),
    })
    expect(recording.journal[0]).toMatchObject({
      path: '/connect/v1/addresses',
      query: 'external_ref=user_8721',
      answer: { headers: { 'content-type': 'application/json' } },
      compare: { fields: {} },
    })
    expect(recording.journal[0]).not.toHaveProperty('altered')
  })

  test('a call that held one is compared by its status alone, and that is said', async () => {
    const { recording, told } = await imported('zopay', {
      file: har(entry('/connect/v1/addresses?api_key=partner-key-4711-abcdef')),
    })
    expect(recording.journal[0]).toMatchObject({ altered: true, query: 'api_key={{hidden}}' })
    expect(told.join(' ')).toMatch(/Not compared.* 1 body/)
  })

  test('commands of curl hide what they send, too', async () => {
    const command = `$ curl -u 'partner:${SECRETS.password}' -b 'sid=${SECRETS.cookie}' -H 'Authorization: Bearer ${SECRETS.live}' 'https://api.zopay.example/connect/v1/addresses?token_note=${SECRETS.cookie}'\n{"data":[],"has_more":false,"cursor":null,"seen":"${SECRETS.password}"}`
    const text = await caseOf(Buffer.from(command))
    for (const secret of [SECRETS.password, SECRETS.cookie, SECRETS.live, 'partner:'])
      expect(text).not.toContain(secret)
  })

  test('keys of a config file are not in the case, and its settings are', async () => {
    const providers = {
      cpg: {
        accounts: {
          shop: {
            keys: [{ id: 'shop-key-1', secret: 'shop-secret-1' }],
            currencies: [{ currency: 'USDT', network: 'ETH' }],
          },
        },
      },
    }
    const file = Buffer.from(
      `$ curl https://api.cpg.example/v1/_ping -H 'X-CPG-Key: shop-key-1' -H 'X-Note: shop-secret-1'`,
    )
    const { recording } = await imported('cpg', { file }, { providers })
    expect(JSON.stringify(recording)).not.toMatch(/shop-key-1|shop-secret-1/)
    expect(recording.settings).toMatchObject({
      cpg: { accounts: { shop: { currencies: [{ currency: 'USDT', network: 'ETH' }] } } },
    })
  })

  test('what cannot be read is told without quoting it', async () => {
    await expect(imported('zopay', { file: Buffer.from(`{"log": ${SECRETS.live}`) })).rejects.toThrow(
      /^it is not JSON: [^s]*$|^it is not JSON(?!.*sk_live)/,
    )
    await expect(
      imported('zopay', {
        file: Buffer.from(
          `curl https://api.zopay.example/connect/v1/addresses -H 'Authorization: Bearer ${SECRETS.live}`,
        ),
      }),
    ).rejects.toThrow(/^line 1: a quote opens here(?!.*sk_live)/)
  })
})
