// The HTTP server under the application: how long a client may take, and why Express is cheap on it.
import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http'

/** How long a client may take to send its headers, and a whole request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** How often it is looked at who has taken longer. */
const LOOK_MS = 5_000

/** A server that does not listen yet. `app` has the prototypes that requests and responses are to have. */
export function serverFor(app: { readonly request: object; readonly response: object }, listener: RequestListener): Server {
  return createServer({ ...prototypes(app), requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: LOOK_MS }, listener)
}

/**
 * Request and response classes that carry the application's prototypes from birth. Express would otherwise change the prototype of every
 * request and response it sees, which costs more than all the rest of it.
 */
function prototypes(app: { readonly request: object; readonly response: object }) {
  function SandboxRequest(this: IncomingMessage, ...args: ConstructorParameters<typeof IncomingMessage>) {
    ;(IncomingMessage as any).apply(this, args)
  }
  function SandboxResponse(this: ServerResponse, ...args: ConstructorParameters<typeof ServerResponse>) {
    ;(ServerResponse as any).apply(this, args)
  }
  SandboxRequest.prototype = app.request
  SandboxResponse.prototype = app.response
  return { IncomingMessage: SandboxRequest as any, ServerResponse: SandboxResponse as any }
}
