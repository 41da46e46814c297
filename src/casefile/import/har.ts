// The entries of a HAR file, as browsers, proxies and HTTP clients really write them: what is missing or of another type is left out, and nothing in
// it is a reason to refuse the rest. Whose entries they are is left to case.ts.
import { Unusable } from '../format.ts'
import { bytesOf, isBlackedOut, jsonBody, type Unpacker } from './bodies.ts'
import { type Exchange, headerOf, type Heard, type Pair, pairsOf } from './exchange.ts'
import { whenOf } from './when.ts'

/** Reads a file that stands beside the HAR file, as Playwright attaches bodies; undefined: there is none. */
export type Beside = (name: string) => Buffer | undefined

const EMPTY = Buffer.alloc(0)
/** Statuses without a body. */
const BODILESS = [204, 205, 304]
const METHOD = /^[A-Za-z]{1,20}$/

/** Every entry that has a URL and a method, in the order of the file. Throws `Unusable` when it is no HAR file. */
export function exchangesOf(har: any, beside: Beside, unpacker: Unpacker): Exchange[] {
  const entries: unknown = har?.log?.entries ?? har?.entries
  if (!Array.isArray(entries)) throw new Unusable('it is not a HAR file: it has no log.entries')
  return entries.flatMap((entry, index) => exchangeOf(entry, `log.entries[${index}]`, beside, unpacker))
}

// rule: sandgate.import.tolerant
function exchangeOf(entry: any, place: string, beside: Beside, unpacker: Unpacker): Exchange[] {
  const { request, response } = entry ?? {}
  if (typeof request?.url !== 'string' || typeof request.method !== 'string') return []
  const method = request.method.trim()
  if (!METHOD.test(method)) return []
  const headers = pairsOf(request.headers)
  const status = statusOf(response?.status)
  const answered = pairsOf(response?.headers)
  return [
    {
      method: method.toUpperCase(),
      url: withQuery(request.url.trim(), request.queryString),
      when: whenOf(entry.startedDateTime),
      headers: headers ?? typeOf(request.postData),
      body: () => sent(request, headers, { place: `${place}.request`, beside, unpacker }),
      answer:
        status === undefined
          ? undefined
          : heard(status, response, answered, { place: `${place}.response`, beside, unpacker }),
      ...((status === undefined || fromCache(entry, status)) && { lost: true }),
    },
  ]
}

function statusOf(status: unknown): number | undefined {
  const number = typeof status === 'string' && /^\s*\d{3}\s*$/.test(status) ? Number(status) : status
  return typeof number === 'number' && Number.isInteger(number) && number >= 100 && number <= 999 ? number : undefined
}

/** The browser answered itself. */
function fromCache({ _fromCache: cache }: any, status: number): boolean {
  return status === 304 || (typeof cache === 'string' && cache !== '')
}

/** Some tools write the query only where it is taken apart. */
function withQuery(url: string, query: unknown): string {
  if (url.includes('?') || !Array.isArray(query)) return url
  const pairs = formOf(query)
  const [bare, ...fragment] = url.split('#')
  return pairs === '' ? url : [`${bare}?${pairs}`, ...fragment].join('#')
}

/** Names and values as a form or a query has them. */
function formOf(rows: readonly any[]): string {
  const texts: [string, string][] = rows
    .filter((row) => typeof row?.name === 'string' && row.name !== '')
    .map(({ name, value }) => [name, typeof value === 'string' || typeof value === 'number' ? String(value) : ''])
  return new URLSearchParams(texts).toString().replaceAll('+', '%20')
}

/** Where no header is told, the type of the body still is. */
function typeOf(postData: any): Pair[] | undefined {
  const type = postData?.mimeType
  return typeof type === 'string' && type.includes('/') && !isBlackedOut(type) ? [['content-type', type]] : undefined
}

interface Reading {
  readonly place: string
  readonly beside: Beside
  readonly unpacker: Unpacker
}

function sent(
  { postData, bodySize, method }: any,
  headers: readonly Pair[] | undefined,
  reading: Reading,
): Buffer | undefined {
  const length = headerOf('content-length', headers)
  const isEmpty =
    bodySize === 0 || length === '0' || (length === undefined && /^(get|head|delete)$/i.test(method.trim()))
  if (postData === undefined || postData === null) return isEmpty ? EMPTY : undefined
  const told = typeof postData === 'object' ? postData : { text: postData }
  if (
    (told.text === undefined || told.text === null || told.text === '') &&
    Array.isArray(told.params) &&
    told.params.length > 0
  ) {
    return typeof told.mimeType === 'string' && /multipart/i.test(told.mimeType)
      ? undefined
      : Buffer.from(formOf(told.params))
  }
  return held(told, headers, reading) ?? (isEmpty ? EMPTY : undefined)
}

function heard(status: number, response: any, headers: readonly Pair[] | undefined, reading: Reading): Heard {
  const content = typeof response.content === 'object' ? response.content : { text: response.content }
  const isEmpty = BODILESS.includes(status) || headerOf('content-length', headers) === '0'
  return { status, headers, body: () => held(content, headers, reading) ?? (isEmpty ? EMPTY : undefined) }
}

/** The bytes of a body; undefined: the file does not hold them, or not all of them, or something that only says so. */
function held(
  content: any,
  headers: readonly Pair[] | undefined,
  { place, beside, unpacker }: Reading,
): Buffer | undefined {
  const mediaType =
    headerOf('content-type', headers) ?? (typeof content?.mimeType === 'string' ? content.mimeType : undefined)
  const written = textOf(content, mediaType) ?? attached(content, beside)
  const bytes = written && unpacker.unpack(written, headerOf('content-encoding', headers) ?? '', place)
  if (bytes === undefined || bytes.length === 0) return undefined
  if (jsonBody(bytes)) return bytes
  const text = bytes.toString('utf8')
  const isCut = /json/i.test(mediaType ?? '') && typeof content.size === 'number' && content.size > bytes.length
  return isBlackedOut(text.trim()) || isCut ? undefined : bytes
}

function textOf(content: any, mediaType: string | undefined): Buffer | undefined {
  const { text, encoding } = content ?? {}
  // A tool that has taken the JSON apart.
  if (typeof text === 'object' && text !== null) return Buffer.from(JSON.stringify(text))
  return typeof text === 'string' && text !== ''
    ? bytesOf(text, typeof encoding === 'string' ? encoding : undefined, mediaType)
    : undefined
}

function attached(content: any, beside: Beside): Buffer | undefined {
  return typeof content?._file === 'string' ? beside(content._file) : undefined
}
