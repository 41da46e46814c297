// Bytes onto the wire, and the ways in which a scenario spoils them: cut, truncated, garbled, dripping.
import type { ServerResponse } from 'node:http'
import { setImmediate } from '../runtime/timers.ts'
import type { Sent } from './exchange.ts'

/** How often a throttled answer drips, ms. */
const DRIP_MS = 100

export function send(
  res: ServerResponse,
  sent: Sent,
  close: boolean,
  pause: (ms: number) => Promise<void>,
  hanging: Set<ServerResponse> | undefined,
): void {
  if (sent.drop) return drop(res, sent.drop, hanging)
  if (sent.corrupt === undefined && sent.bytesPerSecond === undefined) {
    // As text, so that head and body leave in one piece.
    const text = sent.text ?? ''
    res.writeHead(sent.status, headOf(sent.headers, sent, Buffer.byteLength(text), close))
    res.end(text)
    return
  }
  const { headers, bytes, length } = spoiled(sent)
  res.writeHead(sent.status, headOf(headers, sent, length, close))
  if (sent.bytesPerSecond !== undefined) return void drip(res, bytes, length, sent.bytesPerSecond, pause)
  if (bytes.length === length) res.end(bytes)
  else res.write(bytes, () => breakOff(res))
}

/** Names and values in turn: the provider's, and what the sandbox adds. */
function headOf(headers: Sent['headers'], { told }: Sent, length: number, close: boolean): string[] {
  const head: string[] = []
  for (const name in headers) head.push(name, headers[name]!)
  if (told.entry > 0) head.push('x-sandgate-entry', String(told.entry))
  if (told.hint) head.push('x-sandgate-hint', told.hint)
  head.push('content-length', String(length))
  if (close) head.push('connection', 'close')
  return head
}

/** Fewer bytes than were announced: the connection ends behind them. */
function breakOff(res: ServerResponse): void {
  res.socket?.destroy()
}

function drop(res: ServerResponse, how: NonNullable<Sent['drop']>, hanging: Set<ServerResponse> | undefined): void {
  if (how === 'reset') res.socket?.resetAndDestroy()
  else if (how === 'close') res.socket?.end()
  // The sandbox stops: for ever is over.
  else if (!hanging) res.socket?.destroy()
  else {
    // Nothing is said until the client gives up or the sandbox stops.
    hanging.add(res)
    res.once('close', () => hanging.delete(res))
  }
}

const EMPTY = Buffer.alloc(0)

function spoiled({ headers, text, corrupt }: Sent): { headers: Sent['headers']; bytes: Buffer; length: number } {
  const bytes = text === undefined ? EMPTY : Buffer.from(text)
  const as = (content: Buffer, more: Sent['headers'] = {}) => ({
    headers: { ...headers, ...more },
    bytes: content,
    length: content.length,
  })
  switch (corrupt) {
    case 'truncate':
      return { headers, bytes: bytes.subarray(0, bytes.length >> 1), length: bytes.length }
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

async function drip(
  res: ServerResponse,
  bytes: Buffer,
  length: number,
  bytesPerSecond: number,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  for (let at = 0, turn = 1; at < bytes.length && !res.destroyed; turn++) {
    const due = Math.floor((bytesPerSecond * DRIP_MS * turn) / 1000)
    if (due > at) res.write(bytes.subarray(at, due))
    at = due
    await pause(DRIP_MS)
  }
  if (bytes.length === length) res.end()
  else breakOff(res)
}

/** Answers of one turn of the event loop leave together: a client that is woken once for many costs the server a third less. */
export class Turn {
  #waiting: (() => void)[] = []

  /** Runs when this turn is over, in the order in which it was asked. */
  atEnd(work: () => void): void {
    if (this.#waiting.push(work) > 1) return
    setImmediate(() => {
      const due = this.#waiting
      this.#waiting = []
      for (const work of due) work()
    })
  }
}
