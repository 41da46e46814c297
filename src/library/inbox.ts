// A receiver of callbacks for tests: a free port of this machine, every callback judged by the rules of the provider that sent it. Waiting for
// the next one is waiting for it to arrive, never for time to pass. Where deliveries and world time are looked up is left to whoever opens it.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type * as api from './api.ts'
import { clearTimeout, setTimeout } from '../runtime/timers.ts'

/** How long `next` waits, wall time, before it says that nothing comes: less than the five seconds that Vitest and Jest give a test. */
const WAIT_MS = 4_000
/** How much of what is due, and of what went wrong, is told. */
const TOLD = 3

/** The world whose callbacks come here. */
export interface Watched {
  /** What a callback is that arrives now. */
  judge(
    provider: string,
    headers: IncomingHttpHeaders,
    text: string,
    secret: string | undefined,
  ): Judged | Promise<Judged>
  /** World time, and what is waiting for it but the ends of windows and retentions. */
  due(): Promise<{ readonly now: string; readonly due: readonly api.Happened[] }>
  deliveries(): Promise<readonly api.Delivery[]>
  closed(): void
}

export type Judged = Pick<api.Received, 'delivery' | 'event' | 'signature'>

export const UNKNOWN: Judged = { delivery: null, event: null, signature: 'wrong' }

interface Waiting {
  readonly wants: (received: Pick<api.Received, 'provider' | 'event'>) => boolean
  readonly take: (received: api.Received) => void
}

export class Inbox implements api.Inbox {
  readonly url: string
  readonly received: api.Received[] = []
  readonly secrets: Record<string, string> = {}
  answer: api.Inbox['answer'] = () => 200
  readonly #watched: Watched
  readonly #stop: () => Promise<void>
  /** Callbacks that `next` has not handed out. */
  #left: api.Received[] = []
  #waiting: Waiting[] = []
  /** Resolves when everything that arrived so far has been judged: they are handed out as they came. */
  #judging: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(url: string, watched: Watched, stop: () => Promise<void>) {
    this.url = url
    this.#watched = watched
    this.#stop = stop
  }

  /** Takes one callback in; what the sender is answered. */
  async take(
    path: string,
    headers: IncomingHttpHeaders,
    text: string,
  ): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: string }> {
    const provider = path.slice(1)
    const judged = this.#judging
      .then(() => this.#watched.judge(provider, headers, text, this.secrets[provider]))
      .catch(() => UNKNOWN)
    this.#judging = judged
    const received = { provider, ...(await judged), headers, text, json: jsonOf(text) }
    const index = this.received.push(received) - 1
    const waiting = this.#waiting.find(({ wants }) => wants(received))
    if (waiting) waiting.take(received)
    else this.#left.push(received)
    const answer = this.answer(received, index)
    return { status: 200, headers: {}, body: '', ...(typeof answer === 'number' ? { status: answer } : answer) }
  }

  // rule: sandgate.inbox.next
  next({ provider, event, withinMs = WAIT_MS }: Parameters<api.Inbox['next']>[0] = {}): Promise<api.Received> {
    const wants: Waiting['wants'] = (received) =>
      (provider === undefined || received.provider === provider) && (event === undefined || received.event === event)
    const first = this.#left.find(wants)
    if (first) {
      this.#left = this.#left.filter((received) => received !== first)
      return Promise.resolve(first)
    }
    if (this.#closed) return Promise.reject(new Error('the inbox is closed'))
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
      }
      const waiting: Waiting = { wants, take: (received) => (leave(), resolve(received)) }
      const timer = setTimeout(() => {
        leave()
        void this.#nothing([provider, event].filter(Boolean).join(' '), wants, withinMs).then((told) =>
          reject(new Error(told)),
        )
      }, withinMs)
      this.#waiting.push(waiting)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#watched.closed()
    await this.#stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What came instead, what became of what was to come, and what is due. */
  async #nothing(wanted: string, wants: Waiting['wants'], withinMs: number): Promise<string> {
    const counts = new Map<string, number>()
    for (const { provider, event } of this.received)
      counts.set(`${provider} ${event ?? 'of nobody'}`, (counts.get(`${provider} ${event ?? 'of nobody'}`) ?? 0) + 1)
    const came = [...counts].map(([what, count]) => `${what} ${count === 1 ? 'once' : `${count} times`}`)
    const left =
      this.#left.length > 0
        ? `, of which ${this.#left.length} ${this.#left.length === 1 ? 'was' : 'were'} not asked for`
        : ''
    const astray = await this.#watched.deliveries().then(
      (all) => all.filter(wants).flatMap((delivery) => this.#troubleOf(delivery)),
      () => [],
    )
    return [
      `no callback${wanted && ` ${wanted}`} came within ${withinMs} ms`,
      ...(came.length > 0 ? [`came so far: ${came.join(', ')}${left}`] : []),
      ...astray.slice(-TOLD),
      await this.#watched.due().then(dueText, () => 'the world is over, or its sandbox does not answer'),
    ].join('; ')
  }

  /** Why a delivery is not here; nothing when it is, or has not been tried. */
  #troubleOf({ id, provider, event, url, status, attempts }: api.Delivery): string[] {
    const what = `${id} (${provider} ${event})`
    if (status === 'dropped') return [`${what} was dropped by a fault`]
    if (status === 'paused') return [`${what} is paused`]
    if (url !== null && !url.startsWith(`${this.url}/`)) return [`${what} goes to ${url}, not to this inbox`]
    const error = attempts.at(-1)?.error
    return error == null || status === 'delivered'
      ? []
      : [`${what} is ${status} after ${attempts.length} ${attempts.length === 1 ? 'attempt' : 'attempts'}: ${error}`]
  }
}

function dueText({ now, due }: { readonly now: string; readonly due: readonly api.Happened[] }): string {
  const next = due.slice(0, TOLD).map(({ at, summary }) => `${summary} at ${at}`)
  return `world time is ${now}, ${next.length > 0 ? `due next: ${next.join(', ')} (clock.advance gets there)` : 'nothing is due'}`
}

/** Opens a receiver on a free port of this machine. With a name for this machine it listens everywhere, so that a container can reach it. */
export async function openInbox(watched: Watched, host: string | undefined): Promise<Inbox> {
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', async () => {
      const { status, headers, body } = await inbox.take(req.url!, req.headers, Buffer.concat(chunks).toString('utf8'))
      res.writeHead(status, headers).end(body)
    })
  })
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(0, host === undefined ? '127.0.0.1' : undefined, resolve),
  )
  // A test that forgets to close it may still end.
  server.unref()
  const inbox = new Inbox(
    `http://${host ?? '127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    watched,
    async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  )
  return inbox
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
