// What arrives on a connection and is no request that anybody here could answer: told in one sentence and a status, where HTTP servers usually say
// nothing but 400. Requests that can be answered are left to app.ts.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, problemBody } from '../engine/errors.ts'

export interface Wrong {
  readonly status: number
  /** That of the status unless given. */
  readonly code?: ErrorCode
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'timeout',
  413: 'body_too_large',
  500: 'internal_error',
}

/** Every method that anything here answers, for `Allow`. */
export const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** The body of an answer in the sandbox's own voice. */
export function problemText({ status, detail, code = CODES[status] ?? 'http_error' }: Wrong): string {
  return JSON.stringify(problemBody(code, detail, status))
}

/** An answer in the sandbox's own voice, where no provider has one. */
export function answerProblem(res: ServerResponse, wrong: Wrong): void {
  const text = problemText(wrong)
  res.writeHead(wrong.status, {
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(text)),
    ...wrong.headers,
  })
  res.end(text)
}

// rule: sandgate.http.refused
/** What is wrong with a request that was read, and that HTTP itself forbids or that needs what nobody here does. */
export function wrongWith({ headers, httpVersion, url }: IncomingMessage): Wrong | undefined {
  if (headers.host === undefined && httpVersion !== '1.0')
    return {
      status: 400,
      detail: 'the request has no Host header, which HTTP/1.1 asks for',
      headers: { connection: 'close' },
    }
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    return {
      status: 400,
      detail: `the transfer-encoding "${coding}" is not supported: send the body as it is, or chunked`,
      headers: { connection: 'close' },
    }
  }
  return url!.startsWith('/') || url === '*'
    ? undefined
    : {
        status: 400,
        detail: 'the request line has neither a path nor a whole http:// URL',
        headers: { connection: 'close' },
      }
}

/** What Node's parser tells of bytes it gave up on. */
export interface Unparsed {
  readonly code?: string
  readonly rawPacket?: Buffer
  /** How far it came in them. */
  readonly bytesParsed?: number
}

/** What was wrong with bytes that the HTTP parser gave up on. */
export function wrongBytes({ code, rawPacket, bytesParsed = 0 }: Unparsed): Wrong {
  // Whole requests may stand in front of what is wrong.
  const start = bytesParsed > 0 ? (rawPacket?.lastIndexOf('\n', bytesParsed - 1) ?? -1) + 1 : 0
  const line =
    rawPacket
      ?.subarray(start, start + 200)
      .toString('latin1')
      .split(/\r?\n/, 1)[0] ?? ''
  const [, method = ''] = /^([!#$%&'*+.^_`|~\w-]{1,32}) \S/.exec(line) ?? []
  if (code?.startsWith('HPE_') && rawPacket && rawPacket.includes('\n') && !rawPacket.includes('\r'))
    return { status: 400, detail: 'the lines of a request end in CR LF; these end in LF alone' }
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, detail: 'the request line and the headers have more than 16 KiB, the most that is read' }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, detail: 'the extensions of the chunks have more than 16 KiB, the most that is read' }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, detail: 'the request did not come to its end in time' }
    case 'HPE_INVALID_METHOD':
      if (rawPacket?.[0] === 0x16)
        return {
          status: 400,
          detail: 'this looks like TLS: the sandbox speaks plain HTTP, so the URL begins with http://',
        }
      if (line.startsWith('PROXY '))
        return { status: 400, detail: 'the PROXY protocol is not spoken here: switch it off in the load balancer' }
      if (method !== '' && method !== method.toUpperCase())
        return {
          status: 405,
          detail: `the method "${method}" is unknown: methods are written in upper case`,
          headers: { allow: METHODS },
        }
      if (method !== '')
        return { status: 405, detail: `the method "${method}" is unknown`, headers: { allow: METHODS } }
      return { status: 400, detail: 'this does not begin as an HTTP request does' }
    case 'HPE_PAUSED_H2_UPGRADE':
      return { status: 400, detail: 'HTTP/2 without an upgrade is not spoken here: use HTTP/1.1' }
    case 'HPE_INVALID_CONSTANT':
    case 'HPE_INVALID_VERSION':
    case 'HPE_INVALID_URL':
      return {
        status: 400,
        detail:
          'the request line is not METHOD, path and HTTP/1.1 with one blank between: a blank in the path is written %20, other bytes percent-encoded',
      }
    case 'HPE_INVALID_HEADER_TOKEN':
    case 'HPE_CR_EXPECTED':
    case 'HPE_LF_EXPECTED':
      return { status: 400, detail: 'a header line is not "name: value" ended by CR and LF' }
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return {
        status: 400,
        detail: 'content-length and transfer-encoding do not say how long the body is: send one of them, once',
      }
    case 'HPE_INVALID_CHUNK_SIZE':
      return { status: 400, detail: 'the body is announced as chunked, and is not' }
    default:
      return { status: 400, detail: `the request cannot be read${code ? ` (${code})` : ''}` }
  }
}

/** Says what was wrong on a connection that has no request, and closes it. */
export function turnAway(socket: Duplex, wrong: Wrong): void {
  const text = problemText(wrong)
  const headers = Object.entries({
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
    ...wrong.headers,
  })
  // Nobody else listens to a connection that was to be a tunnel.
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${wrong.status} ${STATUS_CODES[wrong.status]}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`,
    () => socket.destroy(),
  )
}
