// A receiver of callbacks for tests: a free port of this machine, every callback judged by the rules of the provider that sent it. Waiting for
// the next one is waiting for it to arrive, never for time to pass.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type * as api from './index.ts'
import type { Provider } from './provider.ts'
import { clearTimeout, setTimeout } from './timers.ts'
import { Deliveries, type Delivery, Endpoints } from './world/outbox.ts'
import type { World } from './world/world.ts'

/** How far from now a receiver lets the timestamp inside a signature be, as the providers' own recipes do. */
const FRESH_MS = 300_000
/** How long `next` waits, wall time, before it says that nothing comes. */
const WAIT_MS = 5_000
/** How many timers are looked at for what is due next. */
const LOOKED_AT = 1_000

export interface InboxNeeds {
  readonly providers: ReadonlyMap<string, Provider>
  readonly wall: () => number
  /** The world whose callbacks come here; undefined once it is deleted. */
  readonly world: () => World | undefined
  readonly closed: () => void
}

interface Waiting {
  readonly wants: (received: api.Received) => boolean
  readonly take: (received: api.Received) => void
}

export class Inbox implements api.Inbox {
  readonly url: string
  readonly received: api.Received[] = []
  readonly secrets: Record<string, string> = {}
  answer: api.Inbox['answer'] = () => 200
  readonly #needs: InboxNeeds
  readonly #stop: () => Promise<void>
  /** Callbacks that `next` has not handed out. */
  #left: api.Received[] = []
  #waiting: Waiting[] = []

  constructor(url: string, needs: InboxNeeds, stop: () => Promise<void>) {
    this.url = url
    this.#needs = needs
    this.#stop = stop
  }

  /** Takes one callback in; what the sender is answered. */
  take(path: string, headers: IncomingHttpHeaders, text: string): { status: number; headers: Readonly<Record<string, string>>; body: string } {
    const received = judge(path.slice(1), headers, text, this.#needs)
    const index = this.received.push(received) - 1
    const waiting = this.#waiting.find(({ wants }) => wants(received))
    if (waiting) waiting.take(received)
    else this.#left.push(received)
    const answer = this.answer(received, index)
    return { status: 200, headers: {}, body: '', ...(typeof answer === 'number' ? { status: answer } : answer) }
  }

  next({ provider, event, withinMs = WAIT_MS }: Parameters<api.Inbox['next']>[0] = {}): Promise<api.Received> {
    const wants = (received: api.Received) => (provider === undefined || received.provider === provider) && (event === undefined || received.event === event)
    const first = this.#left.find(wants)
    if (first) {
      this.#left = this.#left.filter((received) => received !== first)
      return Promise.resolve(first)
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
      }
      const waiting: Waiting = { wants, take: (received) => (leave(), resolve(received)) }
      const timer = setTimeout(() => (leave(), reject(new Error(this.#nothing([provider, event].filter(Boolean).join(' '), withinMs)))), withinMs)
      this.#waiting.push(waiting)
    })
  }

  async close(): Promise<void> {
    this.#needs.closed()
    await this.#stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #nothing(wanted: string, withinMs: number): string {
    const world = this.#needs.world()
    const loud = world?.clock.waiting(LOOKED_AT).filter(({ kind }) => kind !== 'window' && kind !== 'retention') ?? []
    const due = loud.slice(0, 3).map(({ at, summary }) => `${summary} at ${new Date(at).toISOString()}`)
    const others = this.#left.length > 0 ? `; ${this.#left.length} other callbacks were not asked for` : ''
    const next = due.length > 0 ? `due next: ${due.join(', ')} (clock.advance gets there)` : 'nothing is due'
    return `no callback${wanted && ` ${wanted}`} came within ${withinMs} ms${others}; world time is ${world ? new Date(world.now).toISOString() : 'over'}, ${next}`
  }
}

/** Opens a receiver on a free port of this machine. */
export async function openInbox(needs: InboxNeeds): Promise<Inbox> {
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const { status, headers, body } = inbox.take(req.url!, req.headers, Buffer.concat(chunks).toString('utf8'))
      res.writeHead(status, headers).end(body)
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  // A test that forgets to close it may still end.
  server.unref()
  const inbox = new Inbox(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, needs, async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return inbox
}

function judge(provider: string, headers: IncomingHttpHeaders, text: string, { providers, wall, world }: InboxNeeds): api.Received {
  const here = world()
  const delivery = here?.list(Deliveries, 'sending', '').find((row) => row.provider === provider && row.body === text)
  const signature = here && delivery ? signatureOf(delivery, headers, providers.get(provider)!, wall(), here) : 'wrong'
  return { provider, delivery: delivery?.id ?? null, event: delivery?.event ?? null, headers, text, json: jsonOf(text), signature }
}

/** Signs the body as the provider would have, at every instant that the headers could mean, and compares. */
function signatureOf(delivery: Delivery, headers: IncomingHttpHeaders, { callbacks }: Provider, wallMs: number, world: World): api.Received['signature'] {
  const endpoint = world.get(Endpoints, delivery.endpoint)
  if (!endpoint) return 'wrong'
  const signed = (ms: number) => Object.entries(callbacks!.headers(delivery, endpoint, ms, world))
  const isRight = (ms: number) => signed(ms).every(([name, value]) => headers[name.toLowerCase()] === value)
  if (isRight(wallMs)) return 'right'
  const sent = signed(wallMs).map(([name]) => String(headers[name.toLowerCase()]))
  const ms = instants(sent.join(' ')).find(isRight)
  if (ms === undefined) return 'wrong'
  return Math.abs(wallMs - ms) > FRESH_MS ? 'stale' : 'right'
}

/** Every number in the text that may be a time, in seconds or in milliseconds. */
function instants(text: string): number[] {
  return (text.match(/\b(\d{10}|\d{13})\b/g) ?? []).map((digits) => Number(digits) * (digits.length === 10 ? 1000 : 1))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
