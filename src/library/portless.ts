// `fetch` without a port: a real HTTP/1.1 connection to the sandbox of the same process, over two ends of a stream instead of a socket.
import { type ClientRequest, type IncomingMessage, request as http } from 'node:http'
import { Duplex, duplexPair, Readable } from 'node:stream'

/** Statuses whose `Response` may have no body. */
const BODILESS: readonly number[] = [101, 204, 205, 304]

/** A `fetch` whose every request goes to `serve`, whatever host it names. Redirects are handed back, not followed. */
export function portlessFetch(serve: (connection: Duplex) => void): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    // Text needs no stream, and Node's own streams turn for ever where a test has replaced queueMicrotask.
    const body = typeof init?.body === 'string' ? Buffer.from(init.body) : Buffer.from(await request.arrayBuffer())
    const { hostname, host, pathname, search } = new URL(request.url)
    return new Promise((resolve, reject) => {
      const client: ClientRequest = http(
        {
          host: hostname,
          method: request.method,
          path: pathname + search,
          headers: { ...Object.fromEntries(request.headers), host },
          signal: request.signal,
          createConnection: () => connect(serve),
        },
        (answer) => resolve(asResponse(answer)),
      )
      client.on('error', reject)
      client.end(body)
    })
  }
}

function connect(serve: (connection: Duplex) => void): Duplex {
  const [near, far] = duplexPair()
  // A pair of streams does not end together by itself, as the two ends of a socket do.
  far.on('close', () => near.destroy(near.readableEnded ? undefined : reset()))
  near.on('close', () => far.destroy())
  serve(Object.assign(far, { remoteAddress: '127.0.0.1', resetAndDestroy: () => far.destroy() }))
  return near
}

function reset(): Error {
  return Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' })
}

function asResponse(answer: IncomingMessage): Response {
  const headers = new Headers()
  for (let index = 0; index < answer.rawHeaders.length; index += 2)
    headers.append(answer.rawHeaders[index]!, answer.rawHeaders[index + 1]!)
  const status = answer.statusCode!
  if (BODILESS.includes(status)) answer.resume()
  const body = BODILESS.includes(status) ? null : (Readable.toWeb(answer) as ReadableStream)
  return new Response(body, { status, statusText: answer.statusMessage!, headers })
}
