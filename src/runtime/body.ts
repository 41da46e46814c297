// The exact bytes of a request's body, up to a limit. More than that is read and thrown away, so that the client gets to hear why.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Queue } from './queue.ts'

/** How many times the limit is read before the connection is simply cut. */
const PATIENCE = 64

/** After so many pieces of a body others have their turn. Few bodies come in more than a dozen. */
const PIECES = 1_000

// rule: sandgate.input.chunks
/** Calls back once, with the bytes, or with undefined when there were more than `limit`; never when the client went away half-way. */
export function receive(
  body: Readable & { readonly socket?: object },
  limit: number,
  queue: Queue,
  done: (bytes: Buffer | undefined) => void,
  patience = PATIENCE,
): void {
  // One buffer that grows: a list would keep each chunk with all that came beside it, a hundred times the body when chunks are small.
  let bytes: Buffer = EMPTY
  let length = 0
  let pieces = 0
  body.on('data', (chunk: Buffer) => {
    const before = length
    length += chunk.length
    if (length > limit) bytes = EMPTY
    else {
      if (length > bytes.length) bytes = grown(bytes, before, length, limit)
      chunk.copy(bytes, before)
    }
    if (length > patience * limit) body.destroy()
    else if (++pieces % PIECES === 0 && body.socket) rest(body as IncomingMessage, queue)
  })
  body.on('end', () =>
    done(length > limit ? undefined : length === bytes.length ? bytes : Buffer.from(bytes.subarray(0, length))),
  )
  // A client that goes away half-way has made no call.
  body.on('error', () => undefined)
}

const EMPTY = Buffer.alloc(0)

/** Most bodies are one chunk, for which there is room exactly. */
function grown(bytes: Buffer, used: number, needed: number, limit: number): Buffer {
  const larger = Buffer.allocUnsafe(used === 0 ? needed : Math.min(limit, Math.max(needed, 2 * bytes.length)))
  bytes.copy(larger, 0, 0, used)
  return larger
}

/** Nothing more is read from a connection until it is its turn. What has been read is parsed to its end, and flows on. */
function rest(body: IncomingMessage, queue: Queue): void {
  if (Object.hasOwn(body, '_read')) return
  // A stream that flows would ask its socket for more by itself.
  body._read = () => undefined
  body.socket.pause()
  queue.turn(body.socket, () => {
    Reflect.deleteProperty(body, '_read')
    body.socket.resume()
  })
}
