// What old, odd and minimal clients, probes and proxies send, byte for byte, and what the sandbox says to it: HEAD and OPTIONS on the control API,
// HTTP/1.0 without a host, whole URLs, bodies in pieces, requests that nobody can read. Nothing hangs, and every no is a sentence.
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createSandbox, type Sandbox } from '../src/app.ts'
import { allocation, client } from './clients/cpg.ts'
import { client as zopay } from './clients/zopay.ts'
import { Kit, START, start } from './kit.ts'

let sandbox: Sandbox
let box: Kit
const wall = { ms: Date.parse('2026-05-20T12:00:00.000Z') }
const bugs: Error[] = []

beforeAll(async () => {
  sandbox = await createSandbox({
    clock: START,
    strict: true,
    wall: () => wall.ms,
    complain: (message, cause) => bugs.push(new Error(message, { cause })),
  })
  box = new Kit(sandbox, await sandbox.listen(), wall, bugs)
})
beforeEach(() => void sandbox.engine.worlds.reset('default'))
afterAll(() => sandbox.close())

interface Heard {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly json: any
}

/** Says the bytes on a connection of their own, and hears what comes until the other side hangs up. */
function say(bytes: string | Buffer, to: Kit = box): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(to.url).port), '127.0.0.1')
    const heard: Buffer[] = []
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(heard).toString('utf8')))
    socket.write(bytes)
  })
}

function parsed(raw: string): Heard {
  const [head = '', ...rest] = raw.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '').split('\r\n\r\n')
  const [line = '', ...lines] = head.split('\r\n')
  const text = rest.join('\r\n\r\n')
  const headers = Object.fromEntries(
    lines.map((header) => [
      header.slice(0, header.indexOf(':')).toLowerCase(),
      header.slice(header.indexOf(':') + 1).trim(),
    ]),
  )
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]),
    headers,
    text,
    json: text.startsWith('{') ? JSON.parse(text) : undefined,
  }
}

async function heard(bytes: string | Buffer, to: Kit = box): Promise<Heard> {
  return parsed(await say(bytes, to))
}

const HOST = 'host: 127.0.0.1\r\nconnection: close\r\n'

function get(path: string, headers = HOST, method = 'GET'): Promise<Heard> {
  return heard(`${method} ${path} HTTP/1.1\r\n${headers}\r\n`)
}

function post(path: string, body: string | Buffer, headers = '', method = 'POST'): Promise<Heard> {
  const bytes = Buffer.from(body)
  return heard(
    Buffer.concat([
      Buffer.from(`${method} ${path} HTTP/1.1\r\n${HOST}${headers}content-length: ${bytes.length}\r\n\r\n`),
      bytes,
    ]),
  )
}

const DATE = /^date: .*\r\n/gim

describe('HEAD and OPTIONS', () => {
  test('sandgate.control.head: HEAD is GET without its body, wherever the control API has GET', async () => {
    await box.call(client, allocation())
    for (const path of [
      '/health',
      '/clock',
      '/journal',
      '/journal/1',
      '/addresses',
      '/deposits',
      '/callbacks',
      '/snapshot',
      '/recording',
      '/rules',
      '/metrics',
      '/worlds',
      '/scenario',
      '/faults',
      '/specs/cpg',
    ]) {
      const [whole, head] = [
        await say(`GET /_sandgate${path} HTTP/1.1\r\n${HOST}\r\n`),
        await say(`HEAD /_sandgate${path} HTTP/1.1\r\n${HOST}\r\n`),
      ]
      const end = whole.indexOf('\r\n\r\n') + 4
      expect([path, head.replace(DATE, '')]).toEqual([path, whole.slice(0, end).replace(DATE, '')])
      expect([path, parsed(head).status]).toEqual([path, 200])
      expect([path, Number(parsed(head).headers['content-length'])]).toEqual([
        path,
        Buffer.byteLength(whole.slice(end)),
      ])
    }
  })

  test('sandgate.control.head: where there is no GET, and where there is nothing, HEAD is refused without a body', async () => {
    expect(await get('/_sandgate/clock/advance', HOST, 'HEAD')).toMatchObject({
      status: 405,
      text: '',
      headers: { allow: 'POST' },
    })
    expect(await get('/_sandgate/nothing', HOST, 'HEAD')).toMatchObject({ status: 404, text: '' })
    expect(await get('/_sandgate/deposits?limt=1', HOST, 'HEAD')).toMatchObject({ status: 422, text: '' })
  })

  test.each(['/zopay/connect/v1/addresses', '/cpg/v1/_ping', '/payward/v1/assets', '/alphapo/api/v2/ping'])(
    'HEAD %s is the provider\u2019s own refusal, without its body',
    async (path) => {
      const provider = path.split('/')[1]!
      const call = provider === 'cpg' ? client.sign({ method: 'HEAD', path: '/v1/_ping' }, box.wallMs) : { headers: {} }
      const headers = Object.entries(call.headers!)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')
      const reply = await get(path, HOST + headers, 'HEAD')
      expect([reply.status, reply.text, reply.headers.allow]).toEqual([405, '', expect.stringMatching(/^GET/)])
      expect(Number(reply.headers['content-length'])).toBeGreaterThan(0)
    },
  )

  test('sandgate.http.options: OPTIONS tells the methods of a path, of the server, and of nothing', async () => {
    expect(await get('/_sandgate/clock', HOST, 'OPTIONS')).toMatchObject({
      status: 204,
      text: '',
      headers: { allow: 'GET, HEAD, PATCH, OPTIONS' },
    })
    expect(await get('/w/default/_sandgate/clock/advance', HOST, 'OPTIONS')).toMatchObject({
      status: 204,
      headers: { allow: 'POST, OPTIONS' },
    })
    expect((await get('/_sandgate/nothing', HOST, 'OPTIONS')).status).toBe(404)
    for (const bytes of ['OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 'OPTIONS / HTTP/1.0\r\n\r\n']) {
      expect(await heard(bytes)).toMatchObject({
        status: 204,
        text: '',
        headers: { allow: expect.stringMatching(/^GET, HEAD/) },
      })
    }
    expect((await get('/zopay/connect/v1/addresses', HOST, 'OPTIONS')).status).toBe(405)
    // A page of another site is told nothing.
    expect((await get('/_sandgate/clock', `${HOST}origin: http://evil.example\r\n`, 'OPTIONS')).status).toBe(403)
  })
})

describe('hosts', () => {
  test('sandgate.http.no-host: HTTP/1.0 need not name a host; where the sandbox tells URLs, they are those of the connection', async () => {
    for (const headers of ['', 'user-agent: ELB-HealthChecker/2.0\r\n']) {
      expect(await heard(`GET /_sandgate/health HTTP/1.0\r\n${headers}\r\n`)).toMatchObject({
        status: 200,
        json: { status: 'ok' },
      })
    }
    const made = await heard('POST /_sandgate/worlds HTTP/1.0\r\ncontent-length: 14\r\n\r\n{"id":"old-1"}')
    expect(made).toMatchObject({ status: 201 })
    expect(JSON.stringify(made.json)).toContain(`${box.url}/w/old-1/cpg`)
  })

  test('sandgate.http.no-host: neither an answer nor a recording names a host that is none', async () => {
    const { headers } = zopay.sign({ method: 'GET', path: '/connect/v1/addresses' }, box.wallMs)
    const reply = await heard(
      `GET /zopay/connect/v1/addresses/ HTTP/1.0\r\nauthorization: ${headers!.authorization}\r\n\r\n`,
    )
    expect([reply.status, reply.headers.location]).toEqual([307, `${box.url}/zopay/connect/v1/addresses`])
    const { journal } = (await box.control('GET', '/recording')).json
    expect(journal.map(({ origin }: any) => origin)).toEqual([box.url])
  })

  test.each(['localhost.', 'LOCALHOST', 'localhost:', '[fe80::1%25eth0]:4010', '[::1]', '', '10.0.0.3:4010'])(
    'sandgate.guard.host: the host "%s" is one of this place',
    async (host) => {
      expect((await get('/_sandgate/health', `host: ${host}\r\nconnection: close\r\n`)).status).toBe(200)
    },
  )

  test.each(['evil.example.', 'evil.example:', '127.0.0.1.evil.example'])(
    'sandgate.guard.host: the host "%s" is not',
    async (host) => {
      expect((await get('/_sandgate/health', `host: ${host}\r\nconnection: close\r\n`)).status).toBe(403)
    },
  )

  test.each(['cpg.localhost.', 'cpg.localhost:', 'CPG.LOCALHOST.:4010'])(
    'a provider by the host name "%s"',
    async (host) => {
      expect(await get('/v1/_ping', `host: ${host}\r\nconnection: close\r\n`)).toMatchObject({
        status: 401,
        json: { message: 'Missing authentication headers' },
      })
    },
  )

  test('sandgate.http.whole-url: a whole URL on the request line counts more than the Host header', async () => {
    const line = (url: string, host: string) =>
      heard(`GET ${url} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
    expect(await line('http://cpg.localhost/v1/_ping', '127.0.0.1')).toMatchObject({
      status: 401,
      json: { message: 'Missing authentication headers' },
    })
    for (const url of [
      'https://127.0.0.1/_sandgate/health',
      'http://user:secret@127.0.0.1:4010/_sandgate/health',
      'HTTP://localhost/_sandgate/health',
    ])
      expect([url, (await line(url, 'evil.example')).status]).toEqual([url, 200])
    expect((await line('http://evil.example/_sandgate/health', '127.0.0.1')).status).toBe(403)
    expect((await line('http://127.0.0.1?x=1', '127.0.0.1')).json.detail).toMatch(/nothing at \//)
  })

  test('what proxies add does not matter', async () => {
    const added =
      'x-forwarded-for: 1.2.3.4\r\nx-forwarded-host: evil.example\r\nx-forwarded-proto: https\r\nforwarded: for=1.2.3.4;host=evil.example\r\nvia: 1.1 proxy\r\n'
    expect(await get('/_sandgate/worlds', HOST + added)).toMatchObject({
      status: 200,
      text: expect.not.stringContaining('evil'),
    })
  })
})

describe('bodies', () => {
  const BY = '{"by":"1s"}'
  const moved = { status: 200, json: { now: '2026-05-16T19:00:01.000Z' } }

  test.each([
    ['without a content type', ''],
    ['in another case', 'Content-Type: Application/JSON; Charset="UTF-8"\r\n'],
    ['as a form', 'content-type: application/x-www-form-urlencoded\r\n'],
    ['asked for with 100-continue', 'expect: 100-continue\r\n'],
    ['for whoever accepts text only', 'accept: text/plain\r\n'],
  ])('a control call %s', async (_, headers) => {
    expect(await post('/_sandgate/clock/advance', BY, headers)).toMatchObject(moved)
  })

  test('a control call in chunks with extensions and trailers', async () => {
    expect(
      await heard(
        `POST /_sandgate/clock/advance HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\nb;a=b\r\n${BY}\r\n0\r\nx-sum: 1\r\n\r\n`,
      ),
    ).toMatchObject(moved)
  })

  test.each([
    ['gzip', gzipSync(BY)],
    ['x-gzip', gzipSync(BY)],
    ['deflate', deflateSync(BY)],
    ['br', brotliCompressSync(BY)],
    ['identity', Buffer.from(BY)],
  ])('sandgate.control.body: a body in %s', async (coding, body) => {
    expect(await post('/_sandgate/clock/advance', body, `content-encoding: ${coding}\r\n`)).toMatchObject(moved)
  })

  test('sandgate.control.body: a body that is not what its encoding says, is in no encoding of ours, or grows beyond its bounds', async () => {
    expect(await post('/_sandgate/clock/advance', BY, 'content-encoding: gzip\r\n')).toMatchObject({
      status: 400,
      json: { detail: expect.stringMatching(/not gzip/) },
    })
    expect(
      await post('/_sandgate/clock/advance', gzipSync(BY).subarray(0, -9), 'content-encoding: gzip\r\n'),
    ).toMatchObject({ status: 400 })
    expect(await post('/_sandgate/clock/advance', BY, 'content-encoding: zstd\r\n')).toMatchObject({
      status: 415,
      json: { title: 'Unsupported Media Type', detail: expect.stringMatching(/gzip/) },
    })
    expect(
      await post('/_sandgate/clock/advance', gzipSync(Buffer.alloc(200 * 1024 * 1024)), 'content-encoding: gzip\r\n'),
    ).toMatchObject({ status: 413, json: { detail: expect.stringMatching(/1 MiB/) } })
    expect((await box.control('GET', '/clock')).json.now).toBe(START)
  })

  test('sandgate.input.byte-order-mark: a body with a byte order mark is taken, JSON, YAML and a snapshot; UTF-16 is named', async () => {
    expect(await post('/_sandgate/clock/advance', `\ufeff${BY}`)).toMatchObject(moved)
    expect(
      await post('/_sandgate/scenario', '\ufeffname: marked\nrules: []\n', 'content-type: application/yaml\r\n', 'PUT'),
    ).toMatchObject({ status: 200, json: { name: 'marked' } })
    const snapshot = (await box.control('GET', '/snapshot')).text
    expect(await post('/_sandgate/snapshot', `\ufeff${snapshot}`, '', 'PUT')).toMatchObject({ status: 204 })
    for (const [path, body, method] of [
      ['/clock/advance', BY, 'POST'],
      ['/scenario', 'rules: []\n', 'PUT'],
      ['/snapshot', snapshot, 'PUT'],
    ] as const) {
      for (const bytes of [
        Buffer.from(`\ufeff${body}`, 'utf16le'),
        Buffer.from(body, 'utf16le'),
        Buffer.from(`\ufeff${body}`, 'utf16le').swap16(),
      ]) {
        expect(await post(`/_sandgate${path}`, bytes, '', method)).toMatchObject({
          status: 422,
          json: { detail: expect.stringMatching(/^the body is in UTF-16/) },
        })
      }
    }
    expect(await post('/_sandgate/clock/advance', Buffer.from('{"by":"\xff"}', 'latin1'))).toMatchObject({
      status: 422,
      json: { detail: 'the body is not UTF-8' },
    })
  })

  test('a GET may come with a body, which nobody looks at', async () => {
    for (const body of ['', '{}', '<<<', '\ufeff', Buffer.from('{}', 'utf16le')])
      expect((await post('/_sandgate/health', body, '', 'GET')).status).toBe(200)
  })

  test('sandgate.input.chunks: a body of a hundred thousand chunks of one byte is that body', async () => {
    const body = JSON.stringify({
      ...JSON.parse(allocation().body!),
      user_identifier: 'x',
      idempotency_key: 'y'.repeat(10),
      request_id: 'z',
    })
    const padded = body + ' '.repeat(100_000 - body.length)
    const { headers } = client.sign({ ...allocation(), body: padded }, (wall.ms += 1000))
    const bytes = `POST /cpg/v1/deposit-addresses HTTP/1.1\r\n${HOST}${Object.entries(headers!)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}transfer-encoding: chunked\r\n\r\n${padded.replace(/[^]/g, '1\r\n$&\r\n')}0\r\n\r\n`
    const reply = await heard(bytes)
    expect([reply.status, reply.headers['x-sandgate-hint']]).toEqual([200, undefined])
    expect(
      (sandbox.world()!.journal.get(Number(reply.headers['x-sandgate-entry'])) as any).request.body.toString(),
    ).toBe(padded)
  })

  test('sandgate.input.chunks: over the limit in small chunks is refused as in one', async () => {
    const small = await start({ limits: { bodyBytes: 1024 } })
    for (const [size, expected] of [
      [1024, 401],
      [1025, 413],
      [60_000, 413],
    ] as const) {
      const { headers } = client.sign({ ...allocation(), body: 'x' }, small.wallMs)
      const reply = await heard(
        `POST /cpg/v1/deposit-addresses HTTP/1.1\r\n${HOST}${Object.entries(headers!)
          .map(([name, value]) => `${name}: ${value}\r\n`)
          .join('')}transfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(size)}0\r\n\r\n`,
        small,
      )
      expect([size, reply.status]).toEqual([size, expected])
    }
  })

  test('sandgate.control.turns: who sends many control calls in one breath has them answered in order, and others are answered in between', async () => {
    const many = connect(Number(new URL(box.url).port), '127.0.0.1')
    onTestFinished(() => void many.destroy())
    const answers: Buffer[] = []
    many.on('data', (chunk: Buffer) => answers.push(chunk))
    const begun = new Promise<void>((resolve) => many.once('data', () => resolve()))
    let over = false
    const all = new Promise<void>((resolve) =>
      many.once('close', () => {
        over = true
        resolve()
      }),
    )
    many.write(
      `GET /_sandgate/rules HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(150) + `GET /_sandgate/health HTTP/1.1\r\n${HOST}\r\n`,
    )
    await begun
    expect((await get('/alphapo/api/v2/ping')).text).toBe('OK')
    expect((await get('/_sandgate/health')).status).toBe(200)
    expect(over).toBe(false)
    await all
    const text = Buffer.concat(answers).toString()
    expect([
      text.split('HTTP/1.1 200 OK').length,
      text.endsWith(`{"status":"ok","version":"${(await box.control('GET', '/health')).json.version}"}`),
    ]).toEqual([152, true])
  })
})

describe('what nobody can read', () => {
  test.each<[string, string | Buffer, number, RegExp]>([
    ['HTTP/1.1 without a host', 'GET /_sandgate/health HTTP/1.1\r\n\r\n', 400, /no Host header/],
    ['an unknown method', `BREW /_sandgate/health HTTP/1.1\r\n${HOST}\r\n`, 405, /"BREW" is unknown/],
    ['a method in lower case', `get /_sandgate/health HTTP/1.1\r\n${HOST}\r\n`, 405, /upper case/],
    ['a tunnel', `CONNECT api.example:443 HTTP/1.1\r\n${HOST}\r\n`, 405, /not a proxy/],
    ['TRACE', `TRACE /_sandgate/health HTTP/1.1\r\n${HOST}\r\n`, 405, /knows GET, HEAD/],
    ['a blank in the path', `GET /_sandgate/journal?text=a b HTTP/1.1\r\n${HOST}\r\n`, 400, /%20/],
    ['a URL without end', `GET /_sandgate/health?${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431, /16 KiB/],
    ['headers without end', `GET /_sandgate/health HTTP/1.1\r\n${HOST}x: ${'a'.repeat(20_000)}\r\n\r\n`, 431, /16 KiB/],
    ['TLS', Buffer.from('160301020001', 'hex'), 400, /looks like TLS/],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, /HTTP\/2/],
    ['the PROXY protocol', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n\r\n', 400, /PROXY protocol/],
    ['lines that end in LF', 'GET /_sandgate/health HTTP/1.1\nhost: x\n\n', 400, /CR LF/],
    ['a folded header', `GET /_sandgate/health HTTP/1.1\r\n${HOST}x: 1\r\n 2\r\n\r\n`, 400, /header line/],
    [
      'two lengths',
      `POST /_sandgate/reset HTTP/1.1\r\n${HOST}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`,
      400,
      /how long the body is/,
    ],
    ['no chunk', `POST /_sandgate/reset HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400, /chunked/],
    [
      'another transfer-encoding',
      `POST /_sandgate/reset HTTP/1.1\r\n${HOST}transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      400,
      /transfer-encoding "gzip, chunked"/,
    ],
    [
      'an expectation',
      `POST /_sandgate/reset HTTP/1.1\r\n${HOST}expect: miracles\r\ncontent-length: 2\r\n\r\n{}`,
      417,
      /100-continue/,
    ],
    ['a slash too many', `GET /_sandgate/health/ HTTP/1.1\r\n${HOST}\r\n`, 404, /did you mean \/health\?/],
    ['two slashes', `GET /_sandgate//clock HTTP/1.1\r\n${HOST}\r\n`, 404, /did you mean \/clock\?/],
  ])('sandgate.http.refused: %s', async (_, bytes, status, detail) => {
    const reply = await heard(bytes)
    expect([reply.status, reply.json?.detail, reply.json?.status]).toEqual([
      status,
      expect.stringMatching(detail),
      status,
    ])
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/)
    if (status === 405) expect(reply.headers.allow).toMatch(/^GET, HEAD/)
    expect((await get('/_sandgate/health')).status).toBe(200)
  })

  test('sandgate.http.refused: who asks for a tunnel and goes away does no harm', async () => {
    for (const bytes of [`CONNECT api.example:443 HTTP/1.1\r\n${HOST}\r\n`, 'BREW / HTTP/1.1\r\n\r\n']) {
      for (let turn = 0; turn < 20; turn++) {
        const socket = connect(Number(new URL(box.url).port), '127.0.0.1')
        socket.on('error', () => undefined)
        await new Promise<void>((resolve) => socket.write(bytes + 'x'.repeat(10_000), () => resolve()))
        socket.resetAndDestroy()
      }
      expect((await get('/_sandgate/health')).status).toBe(200)
    }
  })

  test.each([
    `/_sandgate/health#fragment`,
    '/_sandgate/journal?limit=1&kind=call|',
    '/_sandgate/%68ealth',
    '/_sandgate/health?',
  ])('%s is answered', async (path) => {
    expect([200, 422]).toContain((await get(path)).status)
  })
})
