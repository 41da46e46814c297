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
  // Always a copy: a chunk is a view of all that came with it, and the journal would keep the whole.
  req.on('end', () => done(length > limit ? undefined : Buffer.concat(chunks, length)))
  // A client that goes away half-way has made no call.
  req.on('error', () => undefined)
}
