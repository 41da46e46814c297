// The same calls, written down in the manner of each tool that writes HAR files: what it adds, what it leaves out, how it writes dates and bodies, and
// what else stands in its files.
import { createHash } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import type { Spoken } from './traffic.ts'

/** A file, and what stands beside it. */
export interface Written {
  readonly file: Buffer
  readonly beside?: ReadonlyMap<string, Buffer>
  /** What the tool does not write down of every call. */
  readonly lacks?: 'body' | 'headers'
}

type Headers = Readonly<Record<string, string>>

const titled = (name: string) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
const rows = (headers: Headers | undefined, name = (text: string) => text) =>
  Object.entries(headers ?? {}).map(([key, value]) => ({ name: name(key), value }))
const queryOf = ({ path }: Spoken['request']) =>
  [...new URLSearchParams(path.split('?')[1] ?? '')].map(([name, value]) => ({ name, value }))
const offset = (at: string, hours: number, fraction = at.slice(20, 23)) =>
  `${new Date(Date.parse(at) + hours * 3_600_000).toISOString().slice(0, 19)}.${fraction}${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`
const typeOf = ({ reply }: Spoken) => reply.headers['content-type'] ?? ''
const har = (creator: string, entries: readonly unknown[], more: object = {}) =>
  JSON.stringify(
    { log: { version: '1.2', creator: { name: creator, version: '1' }, pages: [], ...more, entries } },
    null,
    1,
  )
const preflight = ({ at, origin, request }: Spoken) => ({
  startedDateTime: at,
  request: { method: 'OPTIONS', url: origin + request.path, headers: [] },
  response: { status: 204, headers: [], content: { size: 0, mimeType: 'x-unknown' } },
})

/** What else stands in a file, as broken as it comes. */
const STRANGERS: readonly unknown[] = [
  null,
  'an entry',
  42,
  [],
  {},
  { startedDateTime: '2026-03-02T09:59:00Z' },
  { request: null, response: null },
  { startedDateTime: '', request: { method: 'GET', url: 'https://cdn.example/a.js', headers: [] } },
  {
    startedDateTime: 'yesterday',
    request: { method: 'GET', url: 'https://cdn.example/b.js', headers: null },
    response: {},
  },
  {
    request: {
      method: 'GET',
      url: 'https://cdn.example/c.js',
      headers: [{ name: 'a', value: null }, { name: 'b' }, null, { name: 7, value: 7 }],
    },
    response: { status: '200', headers: [{}], content: 'text' },
  },
  {
    startedDateTime: '2026-03-02T10:00:01Z',
    request: {
      method: 'POST',
      url: 'https://shop.example/v1/users',
      headers: [{ name: 'authorization', value: 'Bearer of-the-shop-itself' }],
      postData: { text: '{' },
    },
    response: { status: null },
  },
  {
    startedDateTime: '2026-03-02T10:00:02Z',
    request: { method: 'GET', url: 'wss://live.example/socket', headers: {} },
    response: { status: 101, headers: [], content: {} },
  },
  { startedDateTime: '2026-03-02T10:00:02Z', request: { method: 7, url: 'data:text/plain,x' } },
]

/** Between the calls, and around them. */
const among = (entries: readonly unknown[], strangers: readonly unknown[] = STRANGERS) =>
  entries
    .flatMap((entry, index) => [...strangers.slice(index, index + 1), entry])
    .concat(strangers.slice(entries.length))

export const chrome = (spoken: readonly Spoken[], { sanitized = false } = {}): Written => {
  const kept = (name: string) => !sanitized || !/^(authorization|cookie|set-cookie)$/.test(name)
  const entries = spoken.map((call) => ({
    _connectionId: '4711',
    _initiator: { type: 'script', stack: { callFrames: [] } },
    _priority: 'High',
    _resourceType: 'fetch',
    cache: {},
    connection: '443',
    request: {
      method: call.request.method,
      url: call.origin + call.request.path,
      httpVersion: 'http/2.0',
      headers: [
        { name: ':authority', value: call.origin.slice(8) },
        { name: ':method', value: call.request.method },
        { name: ':path', value: call.request.path },
        { name: ':scheme', value: 'https' },
        ...rows(call.request.headers).filter(({ name }) => kept(name)),
        { name: 'sec-ch-ua', value: '"Chromium"' },
        { name: 'cookie', value: 'session=0123456789abcdef' },
      ].filter(({ name }) => kept(name)),
      queryString: queryOf(call.request),
      cookies: [],
      headersSize: -1,
      bodySize: call.request.body?.length ?? 0,
      ...(call.request.body !== undefined && { postData: { mimeType: 'application/json', text: call.request.body } }),
    },
    response: {
      status: call.reply.status,
      statusText: '',
      httpVersion: 'http/2.0',
      headers: rows(call.reply.headers),
      cookies: [],
      content: {
        size: Buffer.byteLength(call.reply.text),
        mimeType: typeOf(call).split(';')[0],
        text: call.reply.text,
      },
      redirectURL: '',
      headersSize: -1,
      bodySize: -1,
      _transferSize: 300,
      _error: null,
    },
    serverIPAddress: '192.0.2.7',
    startedDateTime: call.at,
    time: 12.5,
    timings: { blocked: -1, dns: -1, send: 0.1, wait: 12, receive: 0.4 },
  }))
  const aborted = {
    ...entries[0]!,
    response: {
      status: 0,
      statusText: '',
      httpVersion: '',
      headers: [],
      cookies: [],
      content: { size: 0, mimeType: 'x-unknown' },
      redirectURL: '',
      headersSize: -1,
      bodySize: -1,
      _transferSize: 0,
      _error: 'net::ERR_ABORTED',
    },
  }
  return {
    file: Buffer.from(
      har('WebInspector', [preflight(spoken[0]!), aborted, ...among(entries), { ...entries[1]!, _fromCache: 'disk' }]),
    ),
  }
}

export const firefox = (spoken: readonly Spoken[], { bodies = true } = {}): Written => {
  const entries = spoken.map((call) => ({
    startedDateTime: offset(call.at, 2),
    request: {
      bodySize: call.request.body?.length ?? 0,
      method: call.request.method,
      url: call.origin + call.request.path,
      httpVersion: 'HTTP/2',
      headers: [{ name: 'Host', value: call.origin.slice(8) }, ...rows(call.request.headers, titled)],
      cookies: [],
      queryString: queryOf(call.request),
      headersSize: 402,
      ...(call.request.body !== undefined && {
        postData: { mimeType: 'application/json', params: [], text: call.request.body },
      }),
    },
    response: {
      status: call.reply.status,
      statusText: 'OK',
      httpVersion: 'HTTP/2',
      headers: rows(call.reply.headers),
      cookies: [],
      content: {
        mimeType: typeOf(call),
        size: Buffer.byteLength(call.reply.text),
        ...(bodies ? { text: call.reply.text } : { comment: 'Response bodies are not included.' }),
      },
      redirectURL: '',
      headersSize: 210,
      bodySize: -1,
    },
    cache: {},
    timings: { blocked: 0, dns: 0, connect: 0, ssl: 0, send: 0, wait: 30, receive: 0 },
    time: 30,
    _securityState: 'secure',
    serverIPAddress: '192.0.2.7',
    connection: '443',
  }))
  const blocked = {
    ...entries[0]!,
    response: {
      status: 0,
      statusText: '',
      httpVersion: '',
      headers: [],
      cookies: [],
      content: { mimeType: 'text/plain', size: 0, text: '' },
      redirectURL: '',
      headersSize: -1,
      bodySize: -1,
    },
  }
  return { file: Buffer.from(har('Firefox', among([blocked, ...entries]))), ...(!bodies && { lacks: 'body' }) }
}

export const charles = (spoken: readonly Spoken[]): Written => {
  const entries = spoken.map((call) => ({
    startedDateTime: offset(call.at, -5),
    time: 40,
    request: {
      method: call.request.method,
      url: call.origin + call.request.path,
      httpVersion: 'HTTP/1.1',
      cookies: null,
      headers: rows(call.request.headers, titled),
      queryString: queryOf(call.request),
      headersSize: 300,
      bodySize: call.request.body?.length ?? 0,
      comment: '',
      ...(call.request.body !== undefined && {
        postData: { mimeType: null, params: null, text: call.request.body, comment: null },
      }),
    },
    response: {
      status: call.reply.status,
      statusText: null,
      httpVersion: 'HTTP/1.1',
      cookies: null,
      headers: [
        ...rows(call.reply.headers, titled),
        { name: 'Set-Cookie', value: 'a=0123456789' },
        { name: 'Set-Cookie', value: 'b=9876543210' },
      ],
      content: {
        size: Buffer.byteLength(call.reply.text),
        compression: 0,
        mimeType: typeOf(call),
        text: Buffer.from(call.reply.text).toString('base64'),
        encoding: 'base64',
        comment: null,
      },
      redirectURL: null,
      headersSize: 0,
      bodySize: 100,
    },
    cache: {},
    timings: { send: 1, wait: 38, receive: 1 },
    serverIPAddress: '192.0.2.7',
  }))
  return { file: Buffer.from(har('Charles Proxy', among(entries))) }
}

export const mitmproxy = (spoken: readonly Spoken[]): Written => {
  const entries = spoken.map((call) => ({
    startedDateTime: `${call.at.slice(0, 19)}.${call.at.slice(20, 23)}000+00:00`,
    time: 25.1,
    request: {
      method: call.request.method,
      url: call.origin + call.request.path,
      httpVersion: 'HTTP/2.0',
      cookies: [],
      headers: rows(call.request.headers),
      queryString: queryOf(call.request),
      headersSize: 200,
      bodySize: call.request.body?.length ?? 0,
      ...(/^(POST|PATCH)$/.test(call.request.method) && {
        postData: { mimeType: 'application/json', text: call.request.body ?? '', params: [] },
      }),
    },
    response: {
      status: call.reply.status,
      statusText: '',
      httpVersion: 'HTTP/2.0',
      cookies: [],
      headers: [...rows(call.reply.headers), { name: 'content-encoding', value: 'br' }],
      content: {
        size: Buffer.byteLength(call.reply.text),
        compression: 17,
        mimeType: typeOf(call),
        text: call.reply.text,
      },
      redirectURL: '',
      headersSize: 90,
      bodySize: 61,
    },
    cache: {},
    timings: { connect: 0, ssl: 0, send: 1, receive: 2, wait: 22 },
    serverIPAddress: '192.0.2.7',
    _resourceType: null,
    _webSocketMessages: null,
  }))
  const killed = {
    ...entries[0]!,
    response: {
      status: 0,
      statusText: '',
      httpVersion: '',
      headers: [],
      cookies: [],
      content: {},
      redirectURL: '',
      headersSize: -1,
      bodySize: -1,
      _transferSize: 0,
      _error: null,
    },
  }
  return { file: Buffer.from(har('mitmproxy', among([killed, ...entries]))) }
}

export const playwright = (spoken: readonly Spoken[], content: 'embed' | 'omit' | 'attach'): Written => {
  const beside = new Map<string, Buffer>()
  const attach = (text: string) => {
    const name = `${createHash('sha1').update(text).digest('hex')}.json`
    beside.set(name, Buffer.from(text))
    return { _file: name }
  }
  const entries = spoken.map((call) => ({
    _frameref: 'frame@1',
    _monotonicTime: 81_512.3,
    startedDateTime: call.at,
    time: -1,
    request: {
      method: call.request.method,
      url: call.origin + call.request.path,
      httpVersion: 'HTTP/2.0',
      cookies: [],
      headers: rows(call.request.headers),
      queryString: queryOf(call.request),
      headersSize: -1,
      bodySize: -1,
      ...(call.request.body !== undefined && {
        postData: { mimeType: 'application/json', params: [], text: call.request.body },
      }),
    },
    response: {
      status: call.reply.status,
      statusText: 'OK',
      httpVersion: 'HTTP/2.0',
      cookies: [],
      headers: rows(call.reply.headers),
      content: {
        size: -1,
        mimeType: typeOf(call),
        ...(content === 'embed' ? { text: call.reply.text } : content === 'attach' ? attach(call.reply.text) : {}),
      },
      headersSize: -1,
      bodySize: -1,
      redirectURL: '',
    },
    cache: {},
    timings: { send: -1, wait: -1, receive: -1 },
  }))
  const failed = {
    ...entries[0]!,
    response: {
      status: -1,
      statusText: '',
      httpVersion: 'HTTP/2.0',
      cookies: [],
      headers: [],
      content: { size: -1, mimeType: 'x-unknown' },
      headersSize: -1,
      bodySize: -1,
      redirectURL: '',
      _failureText: 'net::ERR_CONNECTION_RESET',
    },
  }
  return {
    file: Buffer.from(har('Playwright', [failed, ...among(entries)])),
    beside,
    ...(content === 'omit' && { lacks: 'body' }),
  }
}

export const insomnia = (spoken: readonly Spoken[]): Written => {
  const entries = spoken.map((call, index) => ({
    startedDateTime: index === 0 ? call.at : index % 3 === 0 ? '' : index % 3 === 1 ? call.at : call.at.slice(0, 11),
    time: 110,
    request: {
      method: call.request.method,
      url: call.origin + call.request.path,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: rows(call.request.headers, titled),
      queryString: [],
      headersSize: -1,
      bodySize: -1,
      ...(call.request.body !== undefined
        ? { postData: { mimeType: 'application/json', text: call.request.body } }
        : { postData: undefined }),
      settingEncodeUrl: true,
    },
    response: {
      status: call.reply.status,
      statusText: 'OK',
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: rows(call.reply.headers),
      content: { size: Buffer.byteLength(call.reply.text), mimeType: typeOf(call), text: call.reply.text },
      redirectURL: '',
      headersSize: -1,
      bodySize: -1,
    },
    cache: {},
    timings: { blocked: -1, dns: -1, connect: -1, send: 0, wait: 110, receive: 0, ssl: -1 },
    comment: `Request ${index}`,
  }))
  return {
    file: Buffer.from(
      har('Insomnia REST Client', [
        ...entries,
        { request: { method: 'GET', url: '{{ _.base_url }}/health', headers: [] }, response: { status: 0 } },
      ]),
    ),
  }
}

export const newman = (spoken: readonly Spoken[]): Written => {
  const entries = spoken.map((call) => ({
    startedDateTime: `${call.at.slice(0, 10)} ${call.at.slice(11, 16)}`,
    request: {
      method: call.request.method.toLowerCase(),
      url: `{{baseUrl}}${call.request.path.split('?')[0]}`,
      headers: rows(call.request.headers, titled),
      queryString: queryOf(call.request),
      ...(call.request.body !== undefined && {
        postData: { mimeType: 'application/json', text: JSON.stringify(JSON.parse(call.request.body), null, 2) },
      }),
    },
    response: {
      status: String(call.reply.status),
      headers: Object.fromEntries(Object.entries(call.reply.headers)),
      content: { text: call.reply.text.startsWith('{') ? JSON.parse(call.reply.text) : call.reply.text },
    },
  }))
  return { file: Buffer.from(har('newman-reporter-har', entries)) }
}

export const fiddler = (spoken: readonly Spoken[]): Written => {
  const entries = spoken.map((call) => ({
    startedDateTime: offset(call.at, 1, `${call.at.slice(20, 23)}4567`),
    time: 30,
    _clientAddress: '127.0.0.1',
    request: {
      method: call.request.method,
      url: call.origin + call.request.path,
      httpVersion: 'HTTP/1.1',
      headersSize: 300,
      bodySize: call.request.body?.length ?? 0,
      headers: rows(call.request.headers, titled),
      cookies: [],
      queryString: queryOf(call.request),
      ...(call.request.body !== undefined && {
        postData: { mimeType: 'application/json', text: `\ufeff${call.request.body}`.slice(1) },
      }),
    },
    response: {
      status: call.reply.status,
      statusText: 'OK',
      httpVersion: 'HTTP/1.1',
      headersSize: 90,
      bodySize: 100,
      headers: rows(call.reply.headers, titled),
      cookies: [],
      content: {
        size: Buffer.byteLength(call.reply.text),
        compression: 0,
        mimeType: typeOf(call),
        text: `\ufeff${call.reply.text}`,
      },
      redirectURL: '',
    },
    cache: {},
    timings: { send: 0, wait: 29, receive: 1 },
  }))
  return { file: Buffer.from(`\ufeff${har('Fiddler', among(entries))}`) }
}

/** Safari's and Proxyman's: base64 of the bytes on the wire, packed as they came. */
export const packed = (spoken: readonly Spoken[]): Written => {
  const ways = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
  ] as const
  const entries = spoken.map((call, index) => {
    const [name, pack] = ways[index % ways.length]!
    return {
      startedDateTime: call.at,
      request: {
        method: call.request.method,
        url: call.origin + call.request.path,
        headers: rows(call.request.headers),
        ...(call.request.body !== undefined && {
          postData: {
            mimeType: 'application/json',
            text: Buffer.from(call.request.body).toString('base64'),
            encoding: 'base64',
          },
        }),
      },
      response: {
        status: call.reply.status,
        headers: [...rows(call.reply.headers), { name: 'Content-Encoding', value: name }],
        content: {
          size: call.reply.text.length,
          mimeType: typeOf(call),
          encoding: 'base64',
          text: pack(Buffer.from(call.reply.text)).toString('base64'),
        },
      },
    }
  })
  return { file: Buffer.from(har('WebKit Web Inspector', entries)) }
}

/** What a sanitiser leaves: names of headers, and notes where bodies were. */
export const blackedOut = (spoken: readonly Spoken[]): Written => {
  const hidden = (headers: Headers | undefined) =>
    Object.keys(headers ?? {}).map((name) => ({ name, value: '[redacted]' }))
  const entries = spoken.map((call) => ({
    startedDateTime: call.at,
    request: {
      method: call.request.method,
      url: call.origin + call.request.path,
      headers: [
        ...hidden(call.request.headers).filter(({ name }) => name !== 'content-type'),
        ...(call.request.body === undefined ? [] : [{ name: 'content-type', value: 'application/json' }]),
      ],
      ...(call.request.body !== undefined && { postData: { mimeType: 'application/json', text: call.request.body } }),
    },
    response: {
      status: call.reply.status,
      headers: hidden(call.reply.headers),
      content: { size: call.reply.text.length, mimeType: typeOf(call), text: `[${typeOf(call)} redacted]` },
    },
  }))
  return { file: Buffer.from(har('a sanitiser', entries)), lacks: 'body' }
}

/** Headers left out on both sides, as lists that are empty or null. */
export const headerless = (spoken: readonly Spoken[]): Written => {
  const entries = spoken.map((call, index) => ({
    startedDateTime: call.at,
    request: {
      method: call.request.method,
      url: call.origin + call.request.path,
      headers: index % 2 ? [] : null,
      ...(call.request.body !== undefined && { postData: { mimeType: 'application/json', text: call.request.body } }),
    },
    response: {
      status: call.reply.status,
      headers: index % 2 ? null : [],
      content: { mimeType: typeOf(call), text: call.reply.text },
    },
  }))
  return { file: Buffer.from(har('a logger', entries)), lacks: 'headers' }
}
