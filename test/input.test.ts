// What comes in over a socket and is hardly a call: every provider turns it away in its own voice, or the connection is closed, and the world
// stays as it was. Raw sockets, so that no client library mends anything on the way.
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SandboxOptions } from '../src/options.ts'
import { createSandbox, findProviders, type Sandbox } from '../src/app.ts'
import { type Client, Kit, type Request, START, start } from './kit.ts'

const MIB = 1024 * 1024

const names = [...(await findProviders()).keys()].filter((name) =>
  existsSync(new URL(`./clients/${name}.ts`, import.meta.url)),
)
const clients: [string, Client][] = await Promise.all(
  names.map(async (name) => [name, (await import(`./clients/${name}.ts`)).client]),
)

/**
 * What became of some bytes: `taken` (2xx), `refused` (the provider's own 4xx, on contract, with a journal entry), `turned away` (a 4xx of the HTTP
 * server or of the sandbox's own voice), or `closed` without an answer. Anything else is told at length, and equals nothing that a table expects.
 */
type Outcome = 'taken' | 'refused' | 'turned away' | 'closed'

type Row<Subject> = readonly [what: string, subject: Subject, ...expected: Outcome[]]

/** No account ever has too many unused addresses here, so that a good call is always taken. */
const ROOM: SandboxOptions = { providers: { payward: { unusedAddresses: 100_000 } } }

/** A good call with a body: the first one of the client's that creates something. */
function creation(client: Client): Request & { body: string } {
  return Object.values(client.good)
    .map((make) => make())
    .find(({ method }) => method === 'POST') as Request & { body: string }
}

function signed(box: Kit, client: Client, request: Request | (Omit<Request, 'body'> & { body: Buffer })): Request {
  box.passWall(1000)
  return client.sign(request as Request, box.wallMs)
}

/** A request as bytes. The connection is closed after it unless told otherwise; `extra` stands as it is before the blank line. */
function bytesOf(client: Client, request: Request, { extra = '', line = '', connection = 'close' } = {}): Buffer {
  const first = line || `${request.method} /${client.name}${request.path} HTTP/1.1`
  const headers = Object.entries(request.headers ?? {})
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const body = Buffer.from(request.body ?? '')
  const length =
    request.body === undefined || /transfer-encoding|content-length/i.test(extra)
      ? ''
      : `content-length: ${body.length}\r\n`
  return Buffer.concat([
    Buffer.from(
      `${first}\r\nhost: 127.0.0.1\r\nconnection: ${connection}\r\n${headers}${length}${extra}\r\n`,
      'latin1',
    ),
    body,
  ])
}

function open(box: Kit): Socket {
  const socket = connect(Number(new URL(box.url).port), '127.0.0.1')
  // The other side may hang up at any moment; what it said before is what counts.
  socket.on('error', () => undefined)
  return socket
}

/** Says something on a fresh connection and hears everything until the other side hangs up. */
function say(box: Kit, bytes: Buffer | string, { thenEnd = false } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(box)
    const heard: Buffer[] = []
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(heard).toString('utf8')))
    if (thenEnd) socket.end(bytes)
    else socket.write(bytes)
  })
}

/** Waits until the server has said something that matches. */
function hear(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('utf8')
      if (pattern.test(heard)) resolve(heard)
    })
    socket.on('close', () => reject(new Error(`hung up after: ${heard}`)))
  })
}

interface Heard {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

function parse(raw: string): Heard | undefined {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]
  if (status === undefined) return undefined
  if (status === '100') return parse(rest.join('\r\n\r\n'))
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(status), headers, text: rest.join('\r\n\r\n') }
}

/** What became of it. The method and path, where given, let the provider's contract judge the answer. */
function outcomeOf(box: Kit, client: Client, raw: string, request?: Request): string {
  if (raw === '') return 'closed'
  const heard = parse(raw)
  if (!heard || heard.status >= 500) return raw
  const entry = box.world.journal.get(Number(heard.headers['x-sandgate-entry']))
  if (!entry) return heard.status >= 400 ? 'turned away' : raw
  if (entry.kind === 'call' && ('bug' in entry.notes || 'off_contract' in entry.notes))
    return `${JSON.stringify(entry.notes)} ${raw}`
  const wrong = request && request.method !== 'HEAD' ? offContract(box, client, request, heard) : []
  if (wrong.length > 0) return wrong.join('; ')
  return heard.status < 300 ? 'taken' : 'refused'
}

function offContract(box: Kit, client: Client, { method, path }: Request, { status, headers, text }: Heard): string[] {
  const contract = box.sandbox.engine.contract(client.name)
  const match = contract.match(method, path.split('?', 1)[0]!)
  return match
    ? contract.judgeAnswer(
        match.operation,
        status,
        headers['content-type']?.split(';', 1)[0],
        text === '' ? undefined : JSON.parse(text),
      )
    : []
}

/** The text of the answer that the journal noted last. */
function lastAnswer(box: Kit): unknown {
  return (box.world.journal.get(box.world.journal.nextId - 1) as any).response.text
}

/** Every row of the world, save what a provider's gates are documented to write whatever becomes of the call. */
function rowsOf(box: Kit): object {
  return Object.fromEntries(
    Object.entries(box.world.dump()).filter(([table]) => !/\.(signatures|nonces|spent-nonces|buckets)$/.test(table)),
  )
}

/** Runs a table. Each row gets what it expects, changes nothing unless it was taken, and leaves a server that answers. */
async function holds<Subject>(
  box: Kit,
  client: Client,
  rows: readonly Row<Subject>[],
  run: (subject: Subject) => Promise<string>,
): Promise<void> {
  const wrong: string[] = []
  for (const [what, subject, ...expected] of rows) {
    const before = rowsOf(box)
    const outcome = await run(subject)
    if (!(expected as string[]).includes(outcome))
      wrong.push(`${what}: expected ${expected.join(' or ')}, got ${outcome.slice(0, 600)}`)
    if (outcome !== 'taken' && JSON.stringify(rowsOf(box)) !== JSON.stringify(before))
      wrong.push(`${what}: changed the world`)
    const good = await box.call(client, creation(client))
    if (good.status >= 300) wrong.push(`${what}: after it a good call got ${good.status} ${good.text}`)
  }
  expect(wrong).toEqual([])
}

describe.each(clients)('%s', (_, client) => {
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
      ...ROOM,
    })
    box = new Kit(sandbox, await sandbox.listen(), wall, bugs)
  })
  beforeEach(() => void sandbox.engine.worlds.reset('default'))
  afterEach(() => expect(bugs.splice(0)).toEqual([]))
  afterAll(() => sandbox.close())

  const good = creation(client)
  const [firstKey, firstValue] = Object.entries(JSON.parse(good.body))[0] as [string, string]
  /** The good body with something in front of its first key. */
  const withFront = (text: string) => good.body.replace('{', `{${text},`)
  /** The good body with its first value written as this JSON text. */
  const withFirst = (json: string) => good.body.replace(JSON.stringify(firstValue), json)
  const levels = (count: number, core: string) => '['.repeat(count) + core + ']'.repeat(count)

  function sendBody(box: Kit, body: string | Buffer): Promise<string> {
    const request = signed(box, client, { ...creation(client), body: body as Buffer })
    return say(box, bytesOf(client, request)).then((raw) => outcomeOf(box, client, raw, request))
  }

  test("sandgate.input.body-limit: 1 MiB is read, one byte more is refused in the provider's own shape", () =>
    holds<string>(
      box,
      client,
      [
        ['1 MiB', good.body + ' '.repeat(MIB - good.body.length), 'taken'],
        ['1 MiB and a byte', good.body + ' '.repeat(MIB + 1 - good.body.length), 'refused'],
        ['4 MiB', 'x'.repeat(4 * MIB), 'refused'],
      ],
      (body) => sendBody(box, body),
    ))

  test('sandgate.input.body-limit: the limit can be set', async () => {
    const box = await start({ limits: { bodyBytes: 2048 } })
    expect(await sendBody(box, good.body.padEnd(2048))).toBe('taken')
    const request = signed(box, client, { ...creation(client), body: good.body.padEnd(2049) })
    const refused = parse(await say(box, bytesOf(client, request)))!
    expect([refused.status, refused.headers.connection]).toEqual([413, 'close'])
  })

  test('sandgate.input.body-limit: 80 MiB without a content-length end in a refusal or a closed connection', () =>
    holds<number>(box, client, [['80 MiB', 80 * MIB, 'refused', 'closed']], async (total) => {
      const request = signed(box, client, good)
      const head = bytesOf(client, { ...request, body: '' }, { extra: 'transfer-encoding: chunked\r\n' })
      const chunk = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), Buffer.alloc(MIB, 'x'), Buffer.from('\r\n')])
      const socket = open(box)
      const heard: Buffer[] = []
      socket.on('data', (bytes: Buffer) => heard.push(bytes))
      socket.write(head)
      let sent = 0
      const goOn = () => {
        while (sent < total && socket.writable) {
          sent += MIB
          if (!socket.write(chunk)) return
        }
        socket.end('0\r\n\r\n')
      }
      socket.on('drain', goOn)
      goOn()
      await new Promise((resolve) => socket.on('close', resolve))
      return outcomeOf(box, client, Buffer.concat(heard).toString('utf8'), request)
    }))

  test('sandgate.input.nesting: 100 levels are read, 101 are broken', async () => {
    const answerTo = async (body: string) => [await sendBody(box, body), lastAnswer(box)]
    // The body itself is the first level.
    const [outcome, unreadable] = await answerTo(withFront(`"deep":${levels(100, '1')}`))
    expect(outcome).toBe('refused')
    for (const deep of [levels(99, ''), levels(99, '1')])
      expect(await answerTo(withFront(`"deep":${deep}`))).not.toEqual(['refused', unreadable])
    for (const deep of [levels(100, ''), levels(1000, ''), '{"a":'.repeat(1000) + '1' + '}'.repeat(1000)]) {
      expect(await answerTo(withFront(`"deep":${deep}`)), deep.slice(0, 10)).toEqual(['refused', unreadable])
    }
    for (const deep of [levels(100_000, ''), '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), '['.repeat(500_000)])
      expect(await sendBody(box, deep)).toBe('refused')
    expect((await box.call(client, creation(client))).status).toBeLessThan(300)
  })

  test('sandgate.input.duplicate-keys: the last one counts', () =>
    holds<string>(
      box,
      client,
      [
        ['wrong, then right', withFront(`${JSON.stringify(firstKey)}:"nope"`), 'taken'],
        ['right, then wrong', good.body.replace(/\}$/, `,${JSON.stringify(firstKey)}:"nope"}`), 'refused'],
        [
          'wrong many times, then right',
          withFront(
            Array(10_000)
              .fill(`${JSON.stringify(firstKey)}:[]`)
              .join(','),
          ),
          'taken',
        ],
      ],
      (body) => sendBody(box, body),
    ))

  test('sandgate.input.proto: __proto__ and constructor are keys like any other', async () => {
    const { [firstKey]: value, ...rest } = JSON.parse(good.body)
    const text = JSON.stringify(rest).slice(1)
    await holds<string>(
      box,
      client,
      [
        [
          'a required field by way of __proto__',
          `{"__proto__":${JSON.stringify({ [firstKey]: value })}${text === '}' ? '' : ','}${text}`,
          'refused',
        ],
        [
          'a required field by way of constructor',
          `{"constructor":{"prototype":${JSON.stringify({ [firstKey]: value })}}${text === '}' ? '' : ','}${text}`,
          'refused',
        ],
        [
          'both beside a good body',
          withFront('"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}'),
          'taken',
          'refused',
        ],
        ['__proto__ as null', withFront('"__proto__":null'), 'taken', 'refused'],
        ['__proto__ as value', withFirst('"__proto__"'), 'refused'],
        [
          'hasOwnProperty and toString',
          withFront('"hasOwnProperty":1,"toString":1,"valueOf":1,"toJSON":1'),
          'taken',
          'refused',
        ],
      ],
      (body) => sendBody(box, body),
    )
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('sandgate.input.utf8: bytes that are not UTF-8 are refused', () =>
    holds<Buffer>(
      box,
      client,
      [
        ['a stray byte', Buffer.from([0xff]), 'refused'],
        ['a stray byte in a string', Buffer.from(withFirst('"\xff"'), 'latin1'), 'refused'],
        ['Latin-1', Buffer.from(withFront('"name":"M\xfcller"'), 'latin1'), 'refused'],
        ['an overlong slash', Buffer.from(withFront('"name":"\xc0\xaf"'), 'latin1'), 'refused'],
        ['a surrogate in UTF-8', Buffer.from(withFront('"name":"\xed\xa0\x80"'), 'latin1'), 'refused'],
        ['a character cut in half', Buffer.from(withFront('"name":"\xe2\x82"'), 'latin1'), 'refused'],
        ['UTF-16', Buffer.from(`\ufeff${good.body}`, 'utf16le'), 'taken', 'refused'],
      ],
      (body) => sendBody(box, body),
    ))

  test('bodies that are no JSON, or no such JSON, are refused and change nothing', () =>
    holds<string>(
      box,
      client,
      [
        ['empty', '', 'refused'],
        ['blank', ' \r\n\t', 'refused'],
        ['cut short', good.body.slice(0, -1), 'refused'],
        ['two values', good.body + good.body, 'refused'],
        ['a byte order mark', `\ufeff${good.body}`, 'taken', 'refused'],
        ['a NUL byte', good.body.replace('{', '{\0'), 'refused'],
        ['a NUL byte in a string', withFirst('"a\0b"'), 'refused'],
        ['an escaped NUL', withFirst('"a\\u0000b"'), 'refused'],
        ['a lone high surrogate', withFirst('"\\ud800"'), 'refused'],
        ['a lone low surrogate', withFirst('"\\udfff"'), 'refused'],
        ['a surrogate in a key', withFront('"\\ud800":1'), 'taken', 'refused'],
        ['NaN', withFirst('NaN'), 'refused'],
        ['1e999', withFirst('1e999'), 'refused'],
        ['-1e999', withFirst('-1e999'), 'refused'],
        ['10^400', withFirst('1' + '0'.repeat(400)), 'refused'],
        ['a fraction with 100,000 digits', withFirst(`0.${'1'.repeat(100_000)}`), 'refused'],
        ['minus nought', withFirst('-0'), 'refused'],
        ['a long text', withFirst(JSON.stringify('🧾'.repeat(200_000))), 'refused'],
        ['an empty text', withFirst('""'), 'refused'],
        ['null inside', withFirst('null'), 'refused'],
        ['an object inside', withFirst('{"a":1}'), 'refused'],
        ['null', 'null', 'refused'],
        ['true', 'true', 'refused'],
        ['a number', '42', 'refused'],
        ['a text', '"text"', 'refused'],
        ['an array', '[]', 'refused'],
        ['an array of bodies', `[${good.body}]`, 'refused'],
        ['an empty object', '{}', 'refused'],
        ['50,000 keys', `{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',')}}`, 'refused'],
        ['XML', '<?xml version="1.0"?><a/>', 'refused'],
        ['a form', `${firstKey}=${firstValue}`, 'refused'],
      ],
      (body) => sendBody(box, body),
    ))

  test('headers that a client signs with: empty, long, doubled, not even text', async () => {
    const probe = client.sign(good, 0).headers!
    const names = Object.keys(probe).filter((name) => name !== 'content-type')
    // Nearly any text will do as an idempotency key.
    const optional = new Set(['idempotency-key'])
    const bends: [string, (name: string, value: string) => string][] = [
      ['left out', () => ''],
      ['empty', (name) => `${name}:\r\n`],
      ['blank', (name) => `${name}:  \t \r\n`],
      ['twice', (name, value) => `${name}: ${value}x\r\n${name}: ${value}\r\n`],
      ['8,000 characters', (name) => `${name}: ${'a'.repeat(8000)}\r\n`],
      ['__proto__', (name) => `${name}: __proto__\r\n`],
      ['bytes', (name) => `${name}: \xff\xfe\x80\r\n`],
      ['commas', (name) => `${name}: ,,,,\r\n`],
      ['digits without end', (name) => `${name}: ${'9'.repeat(400)}\r\n`],
    ]
    const rows = names.flatMap((name) =>
      bends.map(([how, bend]): Row<[string, typeof bend]> => [
        `${name} ${how}`,
        [name, bend],
        'refused',
        ...(optional.has(name) ? (['taken'] as const) : []),
      ]),
    )
    await holds(box, client, rows, async ([name, bend]) => {
      const { [name]: value, ...rest } = signed(box, client, creation(client)).headers!
      const request = { ...good, headers: rest }
      return outcomeOf(box, client, await say(box, bytesOf(client, request, { extra: bend(name, value!) })), request)
    })
  })

  test('a content type that is none', () =>
    holds<string>(
      box,
      client,
      [
        '',
        ';;;',
        'application/json; charset=utf-16',
        'a/b',
        'multipart/form-data; boundary=x',
        'application/x-www-form-urlencoded',
        'x'.repeat(4000),
        '\xff',
        '__proto__',
      ].map((type): Row<string> => [type.slice(0, 40), type, 'taken', 'refused']),
      async (type) => {
        const request = signed(box, client, { ...creation(client), headers: { 'content-type': type } })
        return outcomeOf(box, client, await say(box, bytesOf(client, request)), request)
      },
    ))

  test('headers that no HTTP server should take', () =>
    holds<string>(
      box,
      client,
      [
        ['64 KB in one header', `x-long: ${'a'.repeat(65_536)}\r\n`, 'turned away'],
        ['2,000 headers', Array.from({ length: 2000 }, (_, i) => `x-${i}: ${i}\r\n`).join(''), 'turned away'],
        ['1,000 headers of one name', 'a:b\r\n'.repeat(1000), 'taken'],
        ['a NUL', 'x-nul: a\0b\r\n', 'turned away'],
        ['a bare carriage return', 'x-cr: a\rb\r\n', 'turned away'],
        ['no colon', 'nothing here\r\n', 'turned away'],
        ['no name', ': nothing\r\n', 'turned away'],
        ['a blank before the colon', 'x-a : b\r\n', 'turned away'],
        ['a name with bytes', 'x-\xff: b\r\n', 'turned away'],
        ['__proto__ as a name', '__proto__: x\r\nconstructor: x\r\n', 'taken'],
        [
          'two content-lengths',
          `content-length: ${good.body.length}\r\ncontent-length: ${good.body.length + 1}\r\n`,
          'turned away',
        ],
        [
          'two equal content-lengths',
          `content-length: ${good.body.length}\r\ncontent-length: ${good.body.length}\r\n`,
          'turned away',
        ],
        ['a negative content-length', 'content-length: -1\r\n', 'turned away'],
        ['a hexadecimal content-length', 'content-length: 0x10\r\n', 'turned away'],
        ['a content-length beyond all bounds', `content-length: ${'9'.repeat(30)}\r\n`, 'turned away'],
        [
          'content-length and transfer-encoding',
          `content-length: ${good.body.length}\r\ntransfer-encoding: chunked\r\n`,
          'turned away',
        ],
        ['chunked, but not last', 'transfer-encoding: chunked, gzip\r\n', 'turned away'],
        ['an unknown transfer-encoding', 'transfer-encoding: xchunked\r\n', 'turned away'],
        [
          'an expectation nobody can meet',
          `content-length: ${good.body.length}\r\nexpect: miracles\r\n`,
          'turned away',
        ],
        ['no host', '', 'taken'],
      ],
      async (extra) =>
        outcomeOf(box, client, await say(box, bytesOf(client, signed(box, client, creation(client)), { extra })), good),
    ))

  test('chunks that are none', () =>
    holds<string>(
      box,
      client,
      [
        ['as it should be', `${good.body.length.toString(16)}\r\n${good.body}\r\n0\r\n\r\n`, 'taken'],
        [
          'byte by byte, with extensions and trailers',
          `${[...good.body].map((char) => `1;a=b\r\n${char}\r\n`).join('')}0\r\n__proto__: x\r\n\r\n`,
          'taken',
        ],
        ['a size that is none', `zz\r\n${good.body}\r\n0\r\n\r\n`, 'turned away'],
        ['a size without end', `${'f'.repeat(40)}\r\n${good.body}\r\n`, 'turned away'],
        ['too little', `1\r\n${good.body}\r\n0\r\n\r\n`, 'turned away'],
      ],
      async (chunks) => {
        const head = bytesOf(
          client,
          { ...signed(box, client, creation(client)), body: '' },
          { extra: 'transfer-encoding: chunked\r\n' },
        )
        return outcomeOf(box, client, await say(box, Buffer.concat([head, Buffer.from(chunks)])), good)
      },
    ))

  const base = good.path.split('?', 1)[0]!
  test('paths of the provider that lead nowhere get its own answer', () =>
    holds<string>(
      box,
      client,
      [
        '%zz',
        '%',
        '%00',
        '%2e%2e%2f',
        '/../../..',
        '//',
        '/%ff%fe',
        `/${'a'.repeat(8000)}`,
        '/a'.repeat(2000),
        '/__proto__',
        ';a=b',
        '%F0%9F%A7%BE',
      ].map((tail): Row<string> => [tail.slice(0, 40), `${base}${tail}`, 'refused']),
      async (path) => {
        const request = signed(box, client, { method: 'GET', path })
        return outcomeOf(box, client, await say(box, bytesOf(client, request)), request)
      },
    ))

  test('queries that mean nothing', () =>
    holds<string>(
      box,
      client,
      [
        '?',
        '??',
        '?%zz=%zz',
        '?=&=&',
        `?${'a=1&'.repeat(2000)}`,
        '?__proto__=1&constructor=1',
        '?limit=%00',
        '?limit=1e999&cursor=%ff',
        '?a[b][c]=1',
      ].map((query): Row<string> => [query.slice(0, 40), `${base}${query}`, 'taken', 'refused']),
      async (path) => {
        const request = signed(box, client, { ...creation(client), path })
        return outcomeOf(box, client, await say(box, bytesOf(client, request)), request)
      },
    ))

  test('request lines that are none', () => {
    const at = `/${client.name}${good.path}`
    return holds<string>(
      box,
      client,
      [
        ['the asterisk', 'OPTIONS * HTTP/1.1', 'turned away'],
        ['two slashes in front', `POST /${at} HTTP/1.1`, 'turned away'],
        ['another case', `POST /${client.name.toUpperCase()}${good.path} HTTP/1.1`, 'turned away'],
        ['a world that is not there', `POST /w/nowhere${at} HTTP/1.1`, 'turned away'],
        ['a world that cannot be', `POST /w/%00${at} HTTP/1.1`, 'turned away'],
        ['no provider', 'POST / HTTP/1.1', 'turned away'],
        ['a blank in the path', `POST ${at} x HTTP/1.1`, 'turned away'],
        ['a NUL in the path', `POST ${at}\0 HTTP/1.1`, 'turned away'],
        ['a byte in the path', `POST ${at}\xe9 HTTP/1.1`, 'turned away'],
        ['a lower-case method', `post ${at} HTTP/1.1`, 'turned away'],
        ['a method nobody knows', `BREW ${at} HTTP/1.1`, 'turned away'],
        ['a tunnel', 'CONNECT 127.0.0.1:443 HTTP/1.1', 'closed', 'turned away'],
        ['HTTP/2 in clear', 'PRI * HTTP/2.0', 'turned away', 'closed'],
        ['HTTP/9.9', `POST ${at} HTTP/9.9`, 'turned away'],
        ['HTTP/0.9', `POST ${at}`, 'turned away', 'taken'],
        ['not HTTP at all', '\x16\x03\x01\x02\x00\x01\x00', 'turned away'],
        ['HTTP/1.0', `POST ${at} HTTP/1.0`, 'taken'],
        ['the whole URL', `POST http://127.0.0.1${at} HTTP/1.1`, 'taken'],
      ],
      async (line) =>
        outcomeOf(box, client, await say(box, bytesOf(client, signed(box, client, creation(client)), { line })), good),
    )
  })

  test("methods that a path does not have get the provider's own answer", () =>
    holds<string>(
      box,
      client,
      ['DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'PURGE'].map(
        (method): Row<string> => [method, method, 'refused'],
      ),
      async (method) => {
        const request = signed(box, client, { method, path: base })
        return outcomeOf(box, client, await say(box, bytesOf(client, request)), request)
      },
    ))

  test('a client that goes away half-way has made no call', async () => {
    await box.call(client, good)
    const before = [rowsOf(box), box.world.journal.nextId]
    const request = signed(box, client, creation(client))
    const whole = bytesOf(client, request, { extra: 'expect: 100-continue\r\n' }).toString()
    const bodyAt = whole.indexOf('\r\n\r\n') + 4
    for (const cut of [10, 40, bodyAt - 2, bodyAt - 1]) {
      const socket = open(box)
      await new Promise((resolve) => socket.write(whole.slice(0, cut), resolve))
      socket.destroy()
    }
    for (const part of [0, 1, request.body!.length - 1]) {
      const socket = open(box)
      socket.write(whole.slice(0, bodyAt))
      await hear(socket, /^HTTP\/1\.1 100 Continue/)
      await new Promise((resolve) => socket.write(request.body!.slice(0, part), resolve))
      socket.destroy()
    }
    // And one who says no more, but still listens.
    expect(['closed', 'turned away']).toContain(
      outcomeOf(box, client, await say(box, whole.slice(0, -1), { thenEnd: true })),
    )
    expect([rowsOf(box), box.world.journal.nextId]).toEqual(before)
    expect((await box.call(client, creation(client))).status).toBeLessThan(300)
  })

  test('a body that was asked for is taken', async () => {
    const request = signed(box, client, good)
    const raw = await say(
      box,
      bytesOf(client, request, { extra: `content-length: ${good.body.length}\r\nexpect: 100-continue\r\n` }),
    )
    expect(raw).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 20[01] /)
  })

  test('calls in one breath are answered in order; garbage behind a good one does not harm it', async () => {
    const calls = [creation(client), creation(client), creation(client)].map((request) => signed(box, client, request))
    const raw = await say(
      box,
      Buffer.concat(
        calls.map((request, i) => bytesOf(client, request, { connection: i === 2 ? 'close' : 'keep-alive' })),
      ),
    )
    const entries = [...raw.matchAll(/^x-sandgate-entry: (\d+)/gim)].map(([, id]) => Number(id))
    expect(entries).toEqual([1, 2, 3])
    expect(raw.match(/HTTP\/1\.1 20[01] /g)).toHaveLength(3)
    for (const garbage of ['\0\0\0\0', 'GARBAGE\r\n\r\n', 'x'.repeat(100_000), '{"a":1}\r\n\r\n', '\x80'.repeat(50)]) {
      const first = bytesOf(client, signed(box, client, creation(client)), { connection: 'keep-alive' })
      const heard = await say(box, Buffer.concat([first, Buffer.from(garbage, 'latin1')]))
      expect(heard).toMatch(/^HTTP\/1\.1 (20[01]|400|431) /)
      expect(heard).not.toMatch(/HTTP\/1\.1 5/)
    }
    expect((await box.call(client, creation(client))).status).toBeLessThan(300)
  })

  test('sandgate.input.idle: an idle connection is the client\u2019s to close; no end of it is announced', async () => {
    const calls = ['keep-alive', 'close'].map((connection) =>
      bytesOf(client, signed(box, client, creation(client)), { connection }),
    )
    const raw = await say(box, Buffer.concat(calls))
    expect(raw.match(/^connection: .*$/gim)).toEqual([
      expect.stringMatching(/: keep-alive$/),
      expect.stringMatching(/: close$/),
    ])
    expect(raw).not.toMatch(/^keep-alive:/im)
  })

  test('an upgrade that nobody offers is an ordinary call', () =>
    holds<string>(
      box,
      client,
      [
        [
          'websocket',
          'upgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n',
          'taken',
        ],
        ['HTTP/2', 'upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n', 'taken'],
      ],
      async (extra) => {
        const request = signed(box, client, creation(client))
        const raw = say(box, bytesOf(client, request, { extra, connection: 'close, upgrade' }))
        return outcomeOf(box, client, await raw, request)
      },
    ))
})
