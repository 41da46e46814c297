// Which running sandbox a command asks, and how it asks: a URL, or host and port as `serve` takes them, over plain node:http, which costs a start
// far less than fetch.
import { type IncomingHttpHeaders, request as http } from 'node:http'
import { type Command, InvalidArgumentError } from 'commander'
import { EVERY_INTERFACE, flag, hostFlag, portFlag, tokenFlag } from './flags.ts'

export interface Where {
  readonly url?: string
  readonly host: string
  readonly port: number
  readonly controlToken?: string
}

export interface Asked {
  readonly status: number
  readonly statusText: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** How long an answer may take; what a scenario keeps back is waited for as long as a patient client would. */
const ANSWER_MS = 60_000

export function whereFlags(command: Command): Command {
  return command
    .addOption(flag('--url <url>', 'where the sandbox is, instead of --host and --port').argParser(urlOf))
    .addOption(hostFlag('host to ask'))
    .addOption(portFlag('port to ask'))
    .addOption(tokenFlag())
}

/** The base URL; one that listens everywhere is asked on this machine. */
export function baseUrl({ url, host, port }: Where): string {
  if (url !== undefined) return url
  const name = EVERY_INTERFACE.includes(host) ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

export function bearer({ controlToken }: Where): Record<string, string> {
  return controlToken === undefined ? {} : { authorization: `Bearer ${controlToken}` }
}

/** Why there is no answer, and what to do. */
export function unanswered({ message, code }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return `${message}; nothing listens there: start a sandbox with sandgate serve`
  if (code === 'ECONNRESET')
    return `${message}; GET /_sandgate/journal?kind=fault tells whether a scenario cut the connection`
  return message
}

/** One request, exactly as given. Rejects when there is no whole answer. */
export async function ask(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: Buffer | undefined,
  withinMs = ANSWER_MS,
): Promise<Asked> {
  const request = url.startsWith('https:') ? (await import('node:https')).request : http
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode!,
          statusText: answer.statusMessage!,
          headers: answer.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    sent.setTimeout(withinMs, () => sent.destroy(new Error(`no answer within ${withinMs / 1000} s`)))
    sent.on('error', (error: NodeJS.ErrnoException) => reject(error.message === '' ? new Error(error.code) : error))
    sent.end(body)
  })
}

export function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash)
    throw new InvalidArgumentError(`expected a URL such as http://127.0.0.1:4010, got "${text}"`)
  return `${url.origin}${url.pathname.replace(/\/$/, '')}`
}

/** The body as JSON; undefined when it is none. */
export function jsonOf(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
