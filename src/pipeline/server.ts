// The HTTP server under the application: how long a client may take, what old and odd clients may send, and why Express is cheap on it.
import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { answerProblem, METHODS, turnAway, type Unparsed, wrongBytes, wrongWith } from './malformed.ts'

/** How long a client may take to send its headers, and a whole request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** How often it is looked at who has taken longer. */
const LOOK_MS = 5_000
/** When a silent connection is asked whether its other end is still there. */
const PROBE_MS = 60_000

/** A server that does not listen yet. `app` has the prototypes that requests and responses are to have. */
export function serverFor(
  app: { readonly request: object; readonly response: object },
  listener: RequestListener,
): Server {
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: LOOK_MS,
  }
  // rule: sandgate.input.idle
  // An idle connection is the client's to close: a server that closes it meets the next call half-way, and a test fails once in a thousand runs.
  const server = createServer(
    {
      ...prototypes(app),
      ...limits,
      requireHostHeader: false,
      keepAliveTimeout: 0,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_MS,
    },
    (req, res) => {
      const { host, 'transfer-encoding': coding } = req.headers
      if (host === undefined || coding !== undefined || !req.url!.startsWith('/')) odd(req, res, listener)
      else listener(req as never, res as never)
    },
  )
  // rule: sandgate.http.refused
  server.on(
    'clientError',
    (error: Error & Unparsed, socket: Duplex & { readonly _httpMessage?: ServerResponse | null }) => {
      // In the middle of an answer nothing else can be said.
      if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) socket.destroy()
      else turnAway(socket, wrongBytes(error))
    },
  )
  server.on('connect', (_, socket: Duplex) =>
    turnAway(socket, {
      status: 405,
      detail: 'the sandbox is not a proxy and opens no tunnels: call it as a server, with http:// in front',
      headers: { allow: METHODS },
    }),
  )
  server.on('checkExpectation', ({ headers }, res) =>
    answerProblem(res, {
      status: 417,
      detail: `the sandbox cannot meet "expect: ${headers.expect}"; 100-continue is the only expectation there is`,
      headers: { connection: 'close' },
    }),
  )
  return server
}

/** The requests of old and odd clients: legal ones become like those of others. */
function odd(req: IncomingMessage, res: ServerResponse, listener: RequestListener): void {
  // rule: sandgate.http.whole-url
  const [whole, authority] = /^https?:\/\/([^/?#]*)/i.exec(req.url!) ?? []
  if (whole !== undefined) {
    // A server must take the absolute form of a request line too, and believe it rather than the Host header (RFC 9112, 3.2.2).
    req.headers.host = authority!.slice(authority!.lastIndexOf('@') + 1)
    const rest = req.url!.slice(whole.length)
    req.url = rest.startsWith('/') ? rest : `/${rest}`
  }
  const wrong = wrongWith(req)
  if (wrong) answerProblem(res, wrong)
  // rule: sandgate.http.options
  else if (req.url === '*' && req.method === 'OPTIONS' && !Number(req.headers['content-length']))
    res.writeHead(204, { allow: METHODS }).end()
  else listener(req, res)
}

/**
 * Request and response classes that carry the application's prototypes from birth. Express would otherwise change the prototype of every
 * request and response it sees, which costs more than all the rest of it.
 */
function prototypes(app: { readonly request: object; readonly response: object }) {
  function SandboxRequest(this: IncomingMessage, socket: unknown) {
    ;(IncomingMessage as any).call(this, socket)
  }
  function SandboxResponse(this: ServerResponse, req: unknown, options: unknown) {
    ;(ServerResponse as any).call(this, req, options)
  }
  return {
    IncomingMessage: bornAs(SandboxRequest, IncomingMessage, app.request) as any,
    ServerResponse: bornAs(SandboxResponse, ServerResponse, app.response) as any,
  }
}

/** The engine counts how many fields an object gets by the constructors behind its own: without them each field would be moved several times. */
function bornAs(constructor: Function, parent: Function, prototype: object): Function {
  Object.setPrototypeOf(constructor, parent)
  constructor.prototype = prototype
  return constructor
}
