// Bytes onto the wire, and the ways in which a scenario spoils them: cut, truncated, garbled, dripping.
import type { ServerResponse } from 'node:http'
import type { Sent } from './reply.ts'

/** How often a throttled answer drips, ms. */
const DRIP_MS = 100

export function send(res: ServerResponse, sent: Sent, close: boolean, pause: (ms: number) => Promise<void>): void {
  if (sent.drop) return drop(res, sent.drop)
  if (sent.corrupt === undefined && sent.bytesPerSecond === undefined) {
    // As text, so that head and body leave in one piece.
    const text = sent.text ?? ''
    res.writeHead(sent.status, { ...sent.headers, 'content-length': Buffer.byteLength(text), ...(close && { connection: 'close' }) })
    res.end(text)
    return
  }
  const { status, headers, bytes, length } = spoiled(sent)
  res.writeHead(status, { ...headers, 'content-length': length, ...(close && { connection: 'close' }) })
  if (sent.bytesPerSecond !== undefined) return void drip(res, bytes, sent.bytesPerSecond, pause)
  if (bytes.length === length) res.end(bytes)
  // Fewer bytes than were announced: the connection breaks off behind them.
  else res.write(bytes, () => res.socket?.destroy())
}

function drop(res: ServerResponse, how: NonNullable<Sent['drop']>): void {
  if (how === 'reset') res.socket?.resetAndDestroy()
  else if (how === 'close') res.socket?.end()
  // `hang` keeps the connection and says nothing, until the client gives up or the sandbox stops.
}

const EMPTY = Buffer.alloc(0)

function spoiled({ status, headers, text, corrupt }: Sent): { status: number; headers: Sent['headers']; bytes: Buffer; length: number } {
  const bytes = text === undefined ? EMPTY : Buffer.from(text)
  const as = (content: Buffer, more: Sent['headers'] = {}) => ({ status, headers: { ...headers, ...more }, bytes: content, length: content.length })
  switch (corrupt) {
    case 'truncate':
      return { status, headers, bytes: bytes.subarray(0, bytes.length >> 1), length: bytes.length }
    case 'invalid-json':
      return as(Buffer.concat([bytes, Buffer.from(',"')]))
    case 'wrong-type':
      return as(Buffer.from('<html><body><h1>502 Bad Gateway</h1></body></html>\n'), { 'content-type': 'text/html' })
    case 'empty':
      return as(EMPTY)
    case undefined:
      return as(bytes)
  }
}

async function drip(res: ServerResponse, bytes: Buffer, bytesPerSecond: number, pause: (ms: number) => Promise<void>): Promise<void> {
  const step = Math.max(1, Math.round((bytesPerSecond * DRIP_MS) / 1000))
  for (let at = 0; at < bytes.length && !res.destroyed; at += step) {
    res.write(bytes.subarray(at, at + step))
    await pause(DRIP_MS)
  }
  res.end()
}
