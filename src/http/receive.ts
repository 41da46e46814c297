// The exact bytes of a request's body, up to a limit. More than that is read and thrown away, so that the client gets to hear why.
import type { IncomingMessage } from 'node:http'

/** How many times the limit is read before the connection is simply cut. */
const PATIENCE = 64

/** Calls back once, with the bytes, or with undefined when there were more than `limit`; never when the client went away half-way. */
export function receive(req: IncomingMessage, limit: number, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  req.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
    else chunks.length = 0
    if (length > PATIENCE * limit) req.destroy()
  })
  req.on('end', () => done(length > limit ? undefined : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
  // A client that goes away half-way has made no call.
  req.on('error', () => undefined)
}
