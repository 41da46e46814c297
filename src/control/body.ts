// The body of a control call: read up to a limit, inflated where the client compressed it, and refused in one sentence where it cannot be read.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Queue } from '../runtime/queue.ts'
import { receive } from '../runtime/body.ts'
import { encodingProblem, withoutMark } from '../text/reading.ts'
import { SandgateError } from '../engine/errors.ts'

const DECODERS: Readonly<Record<string, () => Readable & NodeJS.WritableStream>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** The bytes; throws a `SandgateError`. Never settles when the client goes away half-way. */
// rule: sandgate.control.body
export function bodyOf(req: IncomingMessage, limit: number, queue: Queue): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (bytes: Buffer | undefined) =>
      bytes ? resolve(bytes) : reject(new SandgateError('body_too_large', `the body is larger than ${limit >> 20} MiB`))
    const coding = (req.headers['content-encoding'] ?? '').trim().toLowerCase()
    if (coding === '' || coding === 'identity') return receive(req, limit, queue, done)
    const decoder = decoderOf(coding)
    decoder.on('error', () =>
      reject(new SandgateError('http_error', `the body is not ${coding}, as its content-encoding says`)),
    )
    // A few bytes can become any number of them.
    receive(decoder, limit, queue, done, 1)
    decoder.on('close', () => {
      req.unpipe(decoder).resume()
      done(undefined)
    })
    req.on('error', () => decoder.destroy())
    req.pipe(decoder)
  })
}

/** What inflates a body of this content-encoding; throws a `SandgateError` that says which are read. */
export function decoderOf(coding: string): Readable & NodeJS.WritableStream {
  if (!Object.hasOwn(DECODERS, coding))
    throw new SandgateError(
      'unsupported_encoding',
      `the content-encoding "${coding}" is not supported; send the body as it is, or as ${Object.keys(DECODERS).join(', ')}`,
    )
  return DECODERS[coding]!()
}

/** A body in UTF-8, without a byte order mark; throws a `SandgateError` that names another encoding. */
// rule: sandgate.input.byte-order-mark
export function inUtf8(bytes: Buffer): Buffer {
  const wrong = encodingProblem(bytes)
  if (wrong !== undefined) throw new SandgateError('invalid_request', `the body ${wrong}`)
  return withoutMark(bytes)
}
