// The body of a PUT snapshot, read while it arrives: a few hundred megabytes parsed in one go would hold up every other call.
import type { IncomingMessage } from 'node:http'
import { JSONParser } from '@streamparser/json'
import type { Content } from '../provider.ts'
import { isUtf16, textOf, UnreadableText, withoutMark } from '../text/reading.ts'
import { setImmediate } from '../runtime/timers.ts'
import { SandgateError } from '../engine/errors.ts'
import { decoderOf } from './body.ts'
import { SNAPSHOT_BYTES, type SnapshotRows } from '../engine/snapshot.ts'

/** What is parsed before others have their turn. */
const PIECE_BYTES = 32 * 1024

export interface ReceivedSnapshot {
  /** Everything but the rows, for the contract to judge. */
  readonly content: Content
  readonly rows: SnapshotRows
}

/** Throws a `SandgateError` when it is no JSON, or larger than a snapshot may be. */
export async function receiveSnapshot(req: IncomingMessage): Promise<ReceivedSnapshot> {
  const rows = new Map<string, Map<string, object>>()
  const head: Record<string, unknown> = {}
  let problem: SandgateError | undefined
  const parser = new JSONParser({ paths: ['$', '$.*', '$.tables.*.*'] })
  parser.onError = (error) =>
    void (problem ??= new SandgateError('invalid_request', `the body is not JSON: ${error.message}`))
  parser.onValue = ({ value, key, parent, stack }) => {
    if (stack.length === 0) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        problem ??= new SandgateError('invalid_request', 'the body must be object')
      return
    }
    if (stack.length === 1) {
      Object.defineProperty(head, String(key), { value, enumerable: true, configurable: true })
      return
    }
    const table = String(stack[2]!.key)
    if (typeof value !== 'object' || value === null || Array.isArray(value) || typeof key !== 'string') {
      problem ??= new SandgateError('invalid_request', `body tables.${table}.${key} must be object`)
      return
    }
    const known = rows.get(table) ?? new Map<string, object>()
    rows.set(table, known.set(key, Object.freeze(value)))
    // The parser would go on holding it.
    delete (parent as Record<string, unknown>)[key]
  }
  await inPieces(req, (piece) => {
    if (!parser.isEnded || piece.some((byte) => byte > 0x20)) parser.write(piece)
    if (problem) throw problem
  })
  if (!parser.isEnded) throw new SandgateError('invalid_request', 'the body is not JSON: it ends before it is whole')
  for (const table of Object.keys(head.tables ?? {})) if (!rows.has(table)) rows.set(table, new Map())
  return { content: { kind: 'json', value: head }, rows }
}

/** Takes a body apart; what is too large, not UTF-8, or encoded in an unknown way is refused. */
async function inPieces(req: IncomingMessage, take: (piece: Buffer) => void): Promise<void> {
  const coding = (req.headers['content-encoding'] ?? '').trim().toLowerCase()
  const decoder = coding === '' || coding === 'identity' ? undefined : decoderOf(coding)
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  let length = 0
  try {
    for await (const chunk of (decoder ? req.pipe(decoder) : req) as AsyncIterable<Buffer>) {
      const bytes = length === 0 ? beginning(chunk) : chunk
      length += chunk.length
      if (length > SNAPSHOT_BYTES)
        throw new SandgateError('body_too_large', `the body is larger than ${SNAPSHOT_BYTES >> 20} MiB`)
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, at + PIECE_BYTES)
        utf8.decode(piece, { stream: true })
        take(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    utf8.decode()
  } catch (error) {
    // What is left of the body is read and thrown away, so that the client gets to hear why.
    req.unpipe().resume()
    if (error instanceof SandgateError) throw error
    throw new SandgateError(
      'invalid_request',
      error instanceof UnreadableText
        ? `the body ${error.message}`
        : error instanceof TypeError
          ? 'the body is not UTF-8'
          : `the body cannot be read: ${(error as Error).message}`,
    )
  }
  if (length === 0) throw new SandgateError('invalid_request', 'body is required')
}

function beginning(chunk: Buffer): Buffer {
  return isUtf16(chunk) ? Buffer.from(textOf(chunk)) : withoutMark(chunk)
}
