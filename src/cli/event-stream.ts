// Server-sent events over plain node:http: one connection, and what it says until it ends. Connecting again is left to whoever follows.
import { type IncomingMessage, request as http } from 'node:http'

export interface StreamEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** The stream was refused: the status, and what was said. */
export class StreamRefused extends Error {
  readonly status: number
  readonly text: string

  constructor(status: number, text: string) {
    super(`${status} ${text}`)
    this.status = status
    this.text = text
  }
}

/** The server writes a comment every 15 s: whoever says nothing for this long is gone. */
const SILENT_MS = 45_000
/** How much of a refusal is read. */
const REFUSAL_BYTES = 65_536

/**
 * Every event, in order; ends when the connection does. Throws `StreamRefused`, or the error of the connection.
 * @param heard is called whenever anything came, comments too
 */
export async function* eventsAt(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  heard: () => void,
): AsyncGenerator<StreamEvent> {
  const answer = await opened(url, { ...headers, accept: 'text/event-stream' }, signal)
  answer.setEncoding('utf8')
  if (answer.statusCode !== 200 || !String(answer.headers['content-type']).startsWith('text/event-stream'))
    throw new StreamRefused(answer.statusCode!, await textOf(answer))
  let rest = ''
  for await (const chunk of answer) {
    heard()
    const blocks = (rest + String(chunk)).replaceAll('\r\n', '\n').split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const event = eventOf(block)
      if (event) yield event
    }
  }
}

async function opened(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? (await import('node:https')).request : http
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent: false, signal }, resolve)
    sent.setTimeout(SILENT_MS, () => sent.destroy(new Error(`nothing was said for ${SILENT_MS / 1000} s`)))
    sent.on('error', (error: NodeJS.ErrnoException) => reject(error.message === '' ? new Error(error.code) : error))
    sent.end()
  })
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer) {
    text += String(chunk)
    if (text.length > REFUSAL_BYTES) break
  }
  return text
}

/** One block of lines; undefined: it was a comment. */
function eventOf(block: string): StreamEvent | undefined {
  const fields = block.split('\n').flatMap((line): [string, string][] => {
    const [, name, value] = /^([a-z]+)(?:: ?(.*))?$/s.exec(line) ?? []
    return name === undefined ? [] : [[name, value ?? '']]
  })
  const data = fields.filter(([name]) => name === 'data').map(([, value]) => value)
  if (data.length === 0) return undefined
  const last = (wanted: string) => fields.findLast(([name]) => name === wanted)?.[1]
  return { event: last('event') ?? 'message', id: last('id'), data: data.join('\n') }
}
