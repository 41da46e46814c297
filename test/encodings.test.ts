// Bodies and files in other encodings than plain UTF-8: what each provider's framework reads of them, what a refusal says they are, and that a
// signature is over the bytes as they were sent. Also which addresses of clients a config file may name.
import { createHash, createHmac } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/cli/config.ts'
import { createSandbox, findProviders } from '../src/app.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { type Client, type Kit, type Request, start } from './kit.ts'

const utf16 = (text: string) => Buffer.from(text, 'utf16le')
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()
const utf32 = (text: string) =>
  Buffer.concat([...text].map((char) => Buffer.from(Uint32Array.of(char.codePointAt(0)!).buffer)))
const utf32be = (text: string) => utf32(text).swap32()

const WRITTEN: readonly (readonly [string, (text: string) => Buffer])[] = [
  ['UTF-8 with a mark', (text) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16 with a mark', (text) => utf16(`\ufeff${text}`)],
  ['UTF-16, the other way round, with a mark', (text) => utf16be(`\ufeff${text}`)],
  ['UTF-16', utf16],
  ['UTF-16, the other way round', utf16be],
  ['UTF-32 with a mark', (text) => utf32(`\ufeff${text}`)],
  ['UTF-32, the other way round, with a mark', (text) => utf32be(`\ufeff${text}`)],
  ['UTF-32', utf32],
  ['UTF-32, the other way round', utf32be],
]

/** Its own client signs text only. */
function byPayward({ path, headers }: Request, body: Buffer, wallMs: number) {
  const nonce = payward.nonceAt(wallMs)
  const inner = createHash('sha256').update(nonce).update(body).digest()
  const signature = createHmac('sha512', Buffer.from(payward.KEYS.demo.secret, 'base64'))
    .update(path)
    .update(inner)
    .digest('base64')
  return {
    headers: {
      ...headers,
      'content-type': 'application/json',
      'api-key': payward.KEYS.demo.key,
      'api-nonce': nonce,
      'api-sign': signature,
    },
  }
}

/** Signed over exactly these bytes, sent as exactly these bytes. */
async function sendBytes(box: Kit, client: Client, request: Request, body: Buffer, more: Record<string, string> = {}) {
  box.passWall(1000)
  const { headers } =
    client.name === 'payward'
      ? byPayward(request, body, box.wallMs)
      : client.sign({ ...request, body: body as unknown as string }, box.wallMs)
  const answer = await fetch(`${box.url}/${client.name}${request.path}`, {
    method: request.method,
    headers: { ...headers, ...more },
    body: new Uint8Array(body),
  })
  const text = await answer.text()
  return { status: answer.status, text, json: JSON.parse(text), hint: answer.headers.get('x-sandgate-hint') }
}

const TAKES: [string, Client, () => Request][] = [
  ['cpg', cpg.client, () => cpg.allocation({ user_identifier: 'Zoë 🧾' })],
  [
    'zopay',
    zopay.client,
    () => ({
      ...zopay.client.good.createPaymentIntent!(),
      body: '{"amount":25.50,"currencies":["USDT"],"metadata":{"who":"Zoë 🧾","n":12345678901234567890}}',
    }),
  ],
]

describe('what Python reads', () => {
  test.each(TAKES)(
    '%s.validation.encodings: a body in any encoding that json.loads finds is the same body',
    async (_, client, make) => {
      for (const [what, write] of WRITTEN) {
        const [plain, other] = [await start(), await start()]
        const request = make()
        const expected = await sendBytes(plain, client, request, Buffer.from(request.body!), {
          'idempotency-key': 'k1',
        })
        const found = await sendBytes(other, client, request, write(request.body!), { 'idempotency-key': 'k1' })
        expect([what, found]).toEqual([what, expected])
        expect(found.status).toBe(200)
      }
    },
  )

  test('cpg.validation.encodings: any text, any encoding', async () => {
    const box = await start()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...WRITTEN),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        async ([, write], text) => {
          const told = await sendBytes(
            box,
            cpg.client,
            cpg.allocation(),
            write(JSON.stringify({ currency: 'USDT', network: 'ETH', user_identifier: 1, note: text })),
          )
          expect(told).toMatchObject({
            status: 422,
            json: { message: expect.stringMatching(/^user_identifier: Input should be a valid string/) },
          })
        },
      ),
      { numRuns: 60 },
    )
  })

  test('zopay.validation.encodings: a mistake behind a mark is counted from behind it', async () => {
    const box = await start()
    const [plain, marked] = [
      await sendBytes(box, zopay.client, zopay.client.good.createAddress!(), Buffer.from('{"asset":}')),
      await sendBytes(box, zopay.client, zopay.client.good.createAddress!(), Buffer.from('\ufeff{"asset":}')),
    ]
    expect([plain.status, marked.json]).toEqual([422, plain.json])
  })

  test('zopay.validation.encodings: half a character is no text', async () => {
    const box = await start()
    for (const body of [
      utf16('\ufeff{}').subarray(0, -1),
      utf32('\ufeff{}').subarray(0, -2),
      Buffer.concat([utf32('\ufeff'), Buffer.from([0xff, 0xff, 0xff, 0x7f])]),
    ]) {
      expect(await sendBytes(box, zopay.client, zopay.client.good.createAddress!(), body)).toMatchObject({
        status: 400,
        json: { detail: 'There was an error parsing the body' },
        hint: expect.stringMatching(/UTF-16 or UTF-32/),
      })
    }
  })
})

describe('what others do not read', () => {
  const ASKED: [string, Client, () => Request, number][] = [
    ['payward', payward.client, () => payward.client.good.createDepositAddress!(), 400],
    ['alphapo', alphapo.client, () => alphapo.client.good.takeAddress!(), 400],
  ]

  test.each(ASKED)(
    'sandgate.input.byte-order-mark: %s refuses a mark and UTF-16, and the hint says what the body is',
    async (_, client, make, status) => {
      const box = await start()
      const request = make()
      expect(await sendBytes(box, client, request, Buffer.from(`\ufeff${request.body}`))).toMatchObject({
        status,
        hint: expect.stringMatching(/^the body begins with a byte order mark/),
      })
      for (const write of [utf16, utf16be, (text: string) => utf16(`\ufeff${text}`)])
        expect(await sendBytes(box, client, request, write(request.body!))).toMatchObject({
          status,
          hint: expect.stringMatching(/UTF-16/),
        })
      expect(await sendBytes(box, client, request, Buffer.from('{'))).not.toMatchObject({
        hint: expect.stringMatching(/mark|UTF/),
      })
    },
  )

  test.each([...TAKES, ...ASKED].map(([name, client, make]) => [name, client, make] as const))(
    'sandgate.control.body: %s gets a compressed body as it was sent, and the hint says what it is',
    async (_, client, make) => {
      const box = await start()
      const request = make()
      for (const [coding, body] of [
        ['gzip', gzipSync(request.body!)],
        ['deflate', deflateSync(request.body!)],
      ] as const) {
        const reply = await sendBytes(box, client, request, body, { 'content-encoding': coding })
        expect([coding, reply.hint]).toEqual([
          coding,
          expect.stringMatching(new RegExp(`^the body is compressed with ${coding}`)),
        ])
        expect([400, 422]).toContain(reply.status)
      }
    },
  )
})

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-encodings-'))
  const file = (name: string, bytes: Buffer) => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }

  test('sandgate.input.byte-order-mark: config and scenario files', async () => {
    const providers = await findProviders()
    expect(readConfig(file('marked.yaml', Buffer.from('\ufeffseed: s\n')), providers).seed).toBe('s')
    const sandbox = await createSandbox({
      scenarios: [file('story.yaml', Buffer.from('\ufeffname: marked\r\nrules: []\r\n'))],
    })
    await sandbox.close()
    expect(sandbox.engine.scenarios.scenario.stories.map(({ name }) => name)).toEqual(['marked'])
    for (const write of [utf16, utf16be, (text: string) => utf16(`\ufeff${text}`)]) {
      const written = file('wide.yaml', write('seed: s\n'))
      expect(() => readConfig(written, providers)).toThrow(`${written}: is in UTF-16`)
      await expect(createSandbox({ scenarios: [written] })).rejects.toThrow(`${written}: is in UTF-16`)
    }
    expect(() => readConfig(file('latin.yaml', Buffer.from('seed: "\xe9"\n', 'latin1')), providers)).toThrow(
      'is not UTF-8',
    )
  })
})

describe('addresses of clients', () => {
  const CONFIG = (ip: string) =>
    `providers:\n  cpg:\n    accounts:\n      shop:\n        currencies: []\n        keys:\n          - id: k\n            secret: s\n            ips: [${JSON.stringify(ip)}]\n`

  test.each([
    'localhost',
    'nonsense',
    ' 127.0.0.1',
    '127.0.0.1 ',
    '',
    '127.0.0.1/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '127.1',
    '010.0.0.1',
    '::1/129',
    'fe80::1%eth0',
    '*',
    '10.0.0.*',
    '127.0.0.1:80',
    '[::1]',
  ])('sandgate.config.ips: "%s" is refused with file and line', async (ip) => {
    const file = join(mkdtempSync(join(tmpdir(), 'sandgate-ips-')), 'sandgate.yaml')
    writeFileSync(file, CONFIG(ip))
    expect(() => readConfig(file, new Map())).toThrow(`${file}:`)
    const providers = await findProviders()
    expect(() => readConfig(file, providers)).toThrow(
      `${file}:9: providers.cpg.accounts.shop.keys.0.ips.0: ${JSON.stringify(ip)} is not an IP address: expected one such as 203.0.113.7`,
    )
  })

  test.each<[string, boolean]>([
    ['127.0.0.1', true],
    ['127.0.0.0/8', true],
    ['127.255.1.2/8', true],
    ['0.0.0.0/0', true],
    ['127.0.0.1/32', true],
    ['::ffff:127.0.0.1', true],
    ['::FFFF:7f00:1', true],
    ['0:0:0:0:0:ffff:127.0.0.0/104', true],
    ['10.0.0.0/8', false],
    ['127.0.0.2/32', false],
    ['::1', false],
    ['2001:db8::/32', false],
  ])('sandgate.config.ips: %s lets a call from 127.0.0.1 in: %s', async (ip, allowed) => {
    const box = await start({
      providers: {
        cpg: { accounts: { shop: { keys: [{ id: 'k', secret: 's', ips: ['192.0.2.1', ip] }], currencies: [] } } },
        alphapo: { merchants: { shop: { keys: [{ id: 'k', secret: 's', ips: ['192.0.2.1', ip] }] } } },
      },
    })
    const ping = await box.call(cpg.clientOf({ key: 'k', secret: 's' }), { method: 'GET', path: '/v1/_ping' })
    expect([ping.status, ping.headers['x-sandgate-hint']]).toEqual(
      allowed ? [200, undefined] : [403, 'the call came from 127.0.0.1'],
    )
    const list = await box.send('alphapo', {
      method: 'POST',
      path: '/api/v2/currencies/list',
      body: '{}',
      headers: {
        'content-type': 'application/json',
        'x-processing-key': 'k',
        'x-processing-signature': alphapo.sign('s', '{}'),
      },
    })
    expect(list.status).toBe(allowed ? 200 : 403)
  })

  test.each([' k', 'k ', 'k\n', 'clé', '\ufeffk', 'a.b', ''])(
    'a key "%s" that no header can carry is refused',
    async (id) => {
      await expect(
        createSandbox({ providers: { cpg: { accounts: { shop: { keys: [{ id, secret: 's' }], currencies: [] } } } } }),
      ).rejects.toThrow(/expected a key|key ids must not contain/)
    },
  )
})
