// The HTTP server under the application: how long a client may take, and why Express is cheap on it.
import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http'

/** How long a client may take to send its headers, and a whole request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** How often it is looked at who has taken longer. */
const LOOK_MS = 5_000
/** When a silent connection is asked whether its other end is still there. */
const PROBE_MS = 60_000

/** A server that does not listen yet. `app` has the prototypes that requests and responses are to have. */
export function serverFor(app: { readonly request: object; readonly response: object }, listener: RequestListener): Server {
  const limits = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: LOOK_MS }
  // rule: sandgate.input.idle
  // An idle connection is the client's to close: a server that closes it meets the next call half-way, and a test fails once in a thousand runs.
  return createServer({ ...prototypes(app), ...limits, keepAliveTimeout: 0, keepAlive: true, keepAliveInitialDelay: PROBE_MS }, listener)
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
  return { IncomingMessage: bornAs(SandboxRequest, IncomingMessage, app.request) as any, ServerResponse: bornAs(SandboxResponse, ServerResponse, app.response) as any }
}

/** The engine counts how many fields an object gets by the constructors behind its own: without them each field would be moved several times. */
function bornAs(constructor: Function, parent: Function, prototype: object): Function {
  Object.setPrototypeOf(constructor, parent)
  constructor.prototype = prototype
  return constructor
}
