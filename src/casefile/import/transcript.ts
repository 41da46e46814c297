// Calls out of a terminal: commands of curl, and what curl -v, curl -i or curl alone printed behind them, in whatever order somebody has pasted them.
// How a command is read is left to shell.ts and curl.ts.
import { Unusable } from '../format.ts'
import { jsonBody } from './bodies.ts'
import { curlRequests, NoSuchFile, type CurlRequest } from './curl.ts'
import { type Exchange, headerOf, type Heard, type Pair } from './exchange.ts'
import type { Beside } from './har.ts'
import { commandLine, OpenQuote, shellOf } from './shell.ts'
import { whenOf } from './when.ts'

const EMPTY = Buffer.alloc(0)
/** Colours and links of a terminal. */
const CONTROL = /\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g
/** What may stand before a command: a prompt, variables, a list's bullet, another command. */
const COMMAND =
  /^(.*?[$#%>❯➜»+]\s*|\s*(?:\w+=\S*\s+)*|\s*(?:[-*•]|\d+[.)])\s+|.*?(?:\$\(|`|&&|\|\||;|\b(?:time|sudo|then|do)\s)\s*)(?:[\w.:\\/-]*[\\/])?curl(?:\.exe)?["']?[ \t]+(?=\S)/
const REQUEST_LINE = /^> ([A-Za-z]+) (\S+) HTTP\/[\d.]+\s*$/
const STATUS_LINE = /^(?:< )?HTTP\/[\d.]+ (\d{3})(?: |$)/
const TIME_BEFORE = /^\d\d:\d\d:\d\d\.\d{3,6} (?:\[\d+-\d+\] )?/
/** Lines of curl's own: what it does, how much came, how far it is. */
const CHATTER =
  /^(?:\* |[{}] \[\d+ bytes data\]|\s*% Total|\s*Dload|[\s\d.kMG-]*(?:--:--:--|\d+:\d\d:\d\d)|Note: Unnecessary|Warning: )/
const CHATTER_BEHIND = /\* (?:Connection #\d+ to host|Closing connection|Curl_http_done|Leaving|upload completely).*$/

export function isTranscript(text: string): boolean {
  return text
    .split('\n')
    .some((line) => COMMAND.test(line) || REQUEST_LINE.test(line.replace(CONTROL, '').replace(TIME_BEFORE, '')))
}

/** A command with the text behind it, up to the next one. */
interface Block {
  readonly requests: readonly CurlRequest[]
  readonly output: string
}

/** Every call in it. Throws `Unusable` with the line where it cannot be read. */
export function exchangesIn(written: string, beside: Beside): Exchange[] {
  const text = written.replace(/\r\n?/g, '\n').replace(CONTROL, '')
  const found: Exchange[] = []
  const waiting: Waiting[] = []
  for (const block of blocksOf(text, beside)) addExchanges(block, found, waiting)
  const answered = new Set(waiting.filter(({ isTaken }) => isTaken).map(({ exchange }) => exchange))
  return found.filter((exchange) => !answered.has(exchange))
}

/** A command without an answer behind it: its answer may stand further below. */
interface Waiting {
  readonly request: CurlRequest
  readonly exchange: Exchange
  isTaken: boolean
}

function blocksOf(text: string, beside: Beside): Block[] {
  const blocks: Block[] = []
  let open: { requests: readonly CurlRequest[]; from: number } = { requests: [], from: 0 }
  let line = 1
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at)
    const found = COMMAND.exec(text.slice(at, end))
    const command = found && commandAt(text, at + found[0].length, { prompt: found[1]!, line, beside })
    const next = command ? Math.max(command.end, at + 1) : end + 1
    if (command) {
      // A body without a line end has the prompt right behind it.
      blocks.push({ requests: open.requests, output: text.slice(open.from, at + found[1]!.length) })
      open = { requests: command.requests, from: Math.min(next, text.length) }
    }
    for (let seen = at; seen < Math.min(next, text.length); seen++) if (text[seen] === '\n') line++
    at = next
  }
  return [...blocks, { requests: open.requests, output: text.slice(open.from) }]
}

interface Where {
  readonly prompt: string
  readonly line: number
  readonly beside: Beside
}

function commandAt(
  text: string,
  at: number,
  { prompt, line, beside }: Where,
): { requests: CurlRequest[]; end: number } | undefined {
  try {
    const { words, stdin, end } = commandLine(text, at, shellOf(text, at, prompt))
    const requests = curlRequests(words, { file: beside, stdin })
    // A heading that speaks of curl has no URL in it.
    return requests.some(({ url }) => /[/.$]/.test(url)) ? { requests, end } : undefined
  } catch (error) {
    if (error instanceof NoSuchFile) {
      throw new Unusable(
        `line ${line}: the command reads ${error.file === '-' ? 'from another command' : error.file}, which is not in this file and not beside it; put it into the same folder, or write what it holds into the command`,
      )
    }
    if (!(error instanceof OpenQuote)) throw error
    // Somebody who writes about curl writes apostrophes.
    const first = text.slice(at, text.indexOf('\n', at) < 0 ? undefined : text.indexOf('\n', at))
    if (!/https?:|\/v?\d|^-/.test(first)) return undefined
    throw new Unusable(
      `line ${line + (text.slice(at, error.at).match(/\n/g)?.length ?? 0)}: a quote opens here that is never closed, so the end of the command is unknown`,
    )
  }
}

function addExchanges({ requests, output }: Block, found: Exchange[], waiting: Waiting[]): void {
  const lines = output.split('\n').map((line) => line.replace(TIME_BEFORE, ''))
  const heard = verboseIn(lines)
  const own =
    heard.length === 0 ? withoutVerbose(requests, lines) : requests.map((request) => exchangeOf(request, undefined))
  own.forEach((exchange, index) => {
    found.push(exchange)
    if (!exchange.answer) waiting.push({ request: requests[index]!, exchange, isTaken: false })
  })
  for (const verbose of heard) {
    const command = commandOf(verbose, waiting, own)
    if (command) command.isTaken = true
    const carries = verbose.headers.some(
      ([name, value]) => (name === 'content-length' && value !== '0') || name === 'transfer-encoding',
    )
    const body = command ? command.request.body : carries ? undefined : EMPTY
    found.push({
      method: verbose.method,
      url: urlOf(verbose),
      when: whenOf(headerOf('date', verbose.answer?.headers)),
      headers: verbose.headers,
      body: () => body,
      answer: verbose.answer,
    })
  }
}

/** The command behind what curl says it sent: only there is the body. Of several that fit it is the one with the same headers, else the one right before it. */
function commandOf(
  { method, target, headers }: Verbose,
  waiting: readonly Waiting[],
  own: readonly Exchange[],
): Waiting | undefined {
  const fitting = waiting.filter(
    ({ request, isTaken }) => !isTaken && request.method === method && request.url.split('#')[0]!.endsWith(target),
  )
  const alike = ({ request, exchange }: Waiting) =>
    2 * request.headers.filter(([name, value]) => headerOf(name, headers) === value).length +
    (own.includes(exchange) ? 1 : 0)
  return fitting.reduce<Waiting | undefined>((best, one) => (best && alike(best) >= alike(one) ? best : one), undefined)
}

function exchangeOf({ method, url, headers, body }: CurlRequest, answer: Heard | undefined): Exchange {
  return { method, url, when: whenOf(headerOf('date', answer?.headers)), headers, body: () => body, answer }
}

function urlOf({ target, headers }: Verbose): string {
  return /^https?:/i.test(target)
    ? target
    : `https://${headerOf('host', headers) ?? headerOf(':authority', headers) ?? ''}${target}`
}

/** What curl -v tells of one request. */
interface Verbose {
  readonly method: string
  readonly target: string
  readonly headers: Pair[]
  answer: Heard | undefined
}

function verboseIn(lines: readonly string[]): Verbose[] {
  const found: Verbose[] = []
  let part: 'nothing' | 'request' | 'headers' | 'body' = 'nothing'
  let status = 0
  let headers: Pair[] = []
  let body: string[] = []
  const close = () => {
    const last = found.at(-1)
    if (last && status > 0) last.answer = heardOf(status, headers, body)
    status = 0
    body = []
  }
  for (const line of lines) {
    const request = REQUEST_LINE.exec(line)
    const answer = line.startsWith('< ') ? STATUS_LINE.exec(line) : null
    if (request) {
      close()
      found.push({ method: request[1]!.toUpperCase(), target: request[2]!, headers: [], answer: undefined })
      part = 'request'
    } else if (answer) {
      // 100 Continue and its kin say that an answer comes.
      if (!answer[1]!.startsWith('1')) [status, headers, part] = [Number(answer[1]), [], 'headers']
    } else if (part === 'request' && line.startsWith('>')) found.at(-1)!.headers.push(...headerLine(line.slice(1)))
    else if (/^<\s*$/.test(line)) part = part === 'headers' ? 'body' : part
    else if (part === 'headers' && line.startsWith('< ')) headers.push(...headerLine(line.slice(1)))
    else if (part === 'body' && !CHATTER.test(line)) body.push(line.replace(CHATTER_BEHIND, ''))
  }
  close()
  return found
}

function headerLine(line: string): Pair[] {
  const [, name, value] = /^\s*(:?[^\s:]+):\s*(.*?)\s*$/.exec(line) ?? []
  return name === undefined ? [] : [[name.toLowerCase(), value!]]
}

/** Output of curl -i, or of curl alone, where one request was made. */
function withoutVerbose(requests: readonly CurlRequest[], lines: readonly string[]): Exchange[] {
  const starts = lines.flatMap((line, index) => (STATUS_LINE.test(line) && !/ 1\d\d\b/.test(line) ? [index] : []))
  const answers = starts.map((start, index) => includedIn(lines.slice(start, starts[index + 1])))
  const follows = requests.length === 1 && requests[0]!.follows
  const heard = follows ? answers.slice(-1) : answers
  if (starts.length === 0 && requests.length === 1) return [exchangeOf(requests[0]!, plainIn(lines, requests[0]!))]
  return requests.map((request, index) => exchangeOf(request, heard[index]))
}

function includedIn(lines: readonly string[]): Heard {
  const status = Number(STATUS_LINE.exec(lines[0]!)![1])
  const blank = lines.findIndex((line) => line.trim() === '')
  const headers = lines.slice(1, blank < 0 ? undefined : blank).flatMap(headerLine)
  return heardOf(status, headers, blank < 0 ? [] : lines.slice(blank + 1).filter((line) => !CHATTER.test(line)))
}

/** A body without a status, a status without a body, or one behind the other. */
function plainIn(lines: readonly string[], { printsStatus }: CurlRequest): Heard | undefined {
  const text = lines
    .filter((line) => !CHATTER.test(line))
    .join('\n')
    .trim()
  const json = jsonAtStart(text)
  const behind = printsStatus
    ? /^\s*\D*?([1-5]\d\d)\b/.exec(json === undefined ? text : text.slice(json.length))?.[1]
    : undefined
  if (json === undefined && behind === undefined) return undefined
  const body = json === undefined ? undefined : Buffer.from(json)
  return { status: behind === undefined ? undefined : Number(behind), headers: undefined, body: () => body }
}

function heardOf(status: number, headers: readonly Pair[], lines: readonly string[]): Heard {
  const body = bodyIn(lines.join('\n'), Number(headerOf('content-length', headers)))
  const isEmpty = [204, 205, 304].includes(status) || headerOf('content-length', headers) === '0'
  return { status, headers: headers.length > 0 ? headers : undefined, body: () => (isEmpty ? EMPTY : body) }
}

/** What was printed as the body; a prompt or a remark may stand behind it. */
function bodyIn(output: string, length: number): Buffer | undefined {
  // With -i beside -v the headers are printed once more.
  const text = output.replace(/^\s*HTTP\/[\d.]+ \d{3}[^\n]*\n(?:[^\n]+\n)*\n/, '').replace(/^\n+/, '')
  const json = jsonAtStart(text)
  if (json !== undefined) return Buffer.from(json)
  const whole = Buffer.from(text)
  if (length > 0 && length <= whole.length) return whole.subarray(0, length)
  const plain = text.split(/\n\s*\n|\n(?=[^\n]*[$#%>] ?$)/, 1)[0]!.trim()
  return plain === '' ? undefined : Buffer.from(plain)
}

/** The JSON that a text begins with, up to the bracket that closes the first one. */
function jsonAtStart(text: string): string | undefined {
  const start = /^\s*(?=[[{])/.exec(text)?.[0].length
  if (start === undefined) return undefined
  let depth = 0
  let inText = false
  for (let at = start; at < text.length; at++) {
    const char = text[at]!
    if (inText) {
      if (char === '\\') at++
      else if (char === '"') inText = false
    } else if (char === '"') inText = true
    else if (char === '{' || char === '[') depth++
    else if ((char === '}' || char === ']') && --depth === 0) {
      const found = text.slice(0, at + 1)
      return jsonBody(Buffer.from(found)) && found
    }
  }
  return undefined
}
