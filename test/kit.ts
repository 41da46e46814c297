// A sandbox for tests: served over HTTP on a free port, its wall clock in the test's hand. Every answer that comes back is judged by the
// compiled contract at once, and kept for Prism's second opinion (see prism.ts).
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import supertest from 'supertest'
import { expect, onTestFinished } from 'vitest'
import type { SandboxOptions } from '../src/options.ts'
import type { Provider } from '../src/provider.ts'
import { findProviders, Sandbox } from '../src/app.ts'
import type { World } from '../src/world/world.ts'

/** A call as a client makes it: the provider's own path (with query), exact body text. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly json: any
}

/** One provider's client, written from its documents: signs, and knows a good call of each operation. */
export interface Client {
  readonly name: string
  /** Adds what the provider wants on every call: keys, signatures, nonces. Each call gets fresh ones. */
  sign(request: Request, wallMs: number): Request
  /** A valid, unsigned call of each modelled operation, to be bent. */
  readonly good: Readonly<Record<string, () => Request>>
}

export interface Exchange {
  readonly provider: string
  readonly request: Request
  readonly reply: Reply
}

/** Everything that was said in this test file, for Prism. */
export const exchanges: Exchange[] = []

export const START = '2026-05-16T19:00:00.000Z'

export class Kit {
  readonly sandbox: Sandbox
  readonly url: string
  readonly #wall: { ms: number }
  readonly #bugs: readonly Error[]

  constructor(sandbox: Sandbox, url: string, wall: { ms: number }, bugs: readonly Error[]) {
    this.sandbox = sandbox
    this.url = url
    this.#wall = wall
    this.#bugs = bugs
  }

  get world(): World {
    return this.sandbox.world()!
  }

  get wallMs(): number {
    return this.#wall.ms
  }

  /** Moves the wall clock, which signatures are measured against. World time stands still. */
  passWall(ms: number): void {
    this.#wall.ms += ms
  }

  /** Sends a call to a provider exactly as given. */
  async send(provider: string, request: Request): Promise<Reply> {
    const reply = await this.raw(request.method, `/${provider}${request.path}`, request.headers, request.body)
    this.#judge({ provider, request, reply })
    return reply
  }

  /** Signs and sends. A second passes on the wall before each call, as it does between calls of a careful client. */
  async call(client: Client, request: Request): Promise<Reply> {
    this.passWall(1000)
    return this.send(client.name, client.sign(request, this.wallMs))
  }

  /** A call of the control API. */
  async control(method: string, path: string, body?: unknown): Promise<Reply> {
    const json = body === undefined ? undefined : JSON.stringify(body)
    return this.raw(method, `/_sandgate${path}`, json === undefined ? {} : { 'content-type': 'application/json' }, json)
  }

  /** Sends the callbacks of a provider's account to an inbox; answers with the secret in use. */
  async subscribe(provider: string, inbox: Pick<Inbox, 'url'>, more: Record<string, unknown> = {}): Promise<string> {
    const reply = await this.control('PUT', `/callbacks/endpoints/${provider}`, { url: inbox.url, ...more })
    if (reply.status !== 200) throw new Error(reply.text)
    return reply.json.secret
  }

  /** Money sent to an address. */
  async deposit(address: string, amount: string, more: Record<string, unknown> = {}): Promise<any> {
    const reply = await this.control('POST', '/deposits', { address, amount, ...more })
    if (reply.status !== 201) throw new Error(reply.text)
    return reply.json
  }

  async advance(by: string): Promise<any> {
    const reply = await this.control('POST', '/clock/advance', { by })
    if (reply.status !== 200) throw new Error(reply.text)
    return reply.json
  }

  /** The journal entry behind an answer. */
  async entry(reply: Reply): Promise<any> {
    return (await this.control('GET', `/journal/${reply.headers['x-sandgate-entry']}`)).json
  }

  async raw(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<Reply> {
    const agent = supertest(this.url)
    let call = agent[method.toLowerCase() as 'get'](path)
      .buffer(true)
      .redirects(0)
      .ok(() => true)
      .parse(asText)
    for (const [name, value] of Object.entries(headers)) call = call.set(name, value)
    // As bytes, so that the client library neither re-serialises nor re-encodes them.
    const answer = await (body === undefined ? call : call.send(body).serialize((text: string) => text))
    const text: string = answer.body ?? ''
    return { status: answer.status, headers: answer.headers, text, json: jsonOf(text) }
  }

  #judge(exchange: Exchange): void {
    if (this.#bugs[0]) throw this.#bugs[0]
    const { provider, request, reply } = exchange
    const contract = this.sandbox.engine.contract(provider)
    const match = contract.match(request.method, request.path.split('?', 1)[0]!)
    if (!match) return
    const body = reply.text === '' ? undefined : (reply.json ?? reply.text)
    const wrong = contract.judgeAnswer(
      match.operation,
      reply.status,
      reply.headers['content-type']?.split(';', 1)[0],
      body,
    )
    if (wrong.length > 0) throw new Error(`off contract: ${wrong.join('; ')}\n${reply.text}`)
    exchanges.push(exchange)
  }
}

/** A callback as a receiver got it. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly text: string
  readonly json: any
}

type Reaction = { status?: number; headers?: Record<string, string>; body?: string }

/** A receiver of callbacks on a free port, closed when the test is over. `answers` says what to answer to the nth one; 200 unless given. */
export class Inbox {
  readonly received: Received[] = []
  readonly url: string
  /** It may take its time: a receiver with a thread for each callback answers others meanwhile. */
  answers: (received: Received, index: number) => Reaction | Promise<Reaction> = () => ({})

  constructor(url: string) {
    this.url = url
  }

  static async open(): Promise<Inbox> {
    const server = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', async () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const received = { path: req.url!, headers: req.headers, rawHeaders: req.rawHeaders, text, json: jsonOf(text) }
        const {
          status = 200,
          headers = {},
          body = '',
        } = await inbox.answers(received, inbox.received.push(received) - 1)
        res.writeHead(status, headers).end(body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const inbox = new Inbox(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`)
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return inbox
  }
}

function asText(response: any, done: (error: Error | null, text: string) => void): void {
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk)))
  response.on('end', () => done(null, Buffer.concat(chunks).toString('utf8')))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A frozen, strict sandbox on a free port, closed when the test is over. A bug in it fails the test that met it, and so does a row that is not what its table says. */
export async function start(options: SandboxOptions = {}, providers?: ReadonlyMap<string, Provider>): Promise<Kit> {
  const wall = { ms: Date.parse('2026-05-20T12:00:00.000Z') }
  const bugs: Error[] = []
  const complain = (message: string, error?: unknown) => bugs.push(new Error(message, { cause: error }))
  const sandbox = await Sandbox.open(providers ?? (await findProviders()), {
    clock: START,
    strict: true,
    wall: () => wall.ms,
    complain,
    ...options,
  })
  const url = await sandbox.listen()
  onTestFinished(async () => {
    await sandbox.close()
    for (const world of sandbox.engine.worlds.opened())
      expect(
        world.stopped?.rows ?? sandbox.engine.integrity.problem(rowsOf(world)),
        `the rows of the world "${world.id}"`,
      ).toBe(world.stopped?.rows)
  })
  return new Kit(sandbox, url, wall, bugs)
}

/** As a snapshot would have them. */
function rowsOf(world: World): Map<string, Map<string, object>> {
  return new Map(
    Object.entries(JSON.parse(JSON.stringify(world.dump())) as Record<string, Record<string, object>>).map(
      ([name, rows]) => [name, new Map(Object.entries(rows))],
    ),
  )
}

/**
 * A delivery that nobody takes: every attempt comes after its wait, to the millisecond, with the same bytes each time, and then no more. The first one
 * has been made. Answers with the delivery.
 */
export async function triedUntilExhausted(box: Kit, inbox: Inbox, waitsMs: readonly number[]): Promise<any> {
  for (const [index, ms] of waitsMs.entries()) {
    await box.advance(`${ms - 1}ms`)
    expect(inbox.received).toHaveLength(index + 1)
    await box.advance('1ms')
    expect(inbox.received).toHaveLength(index + 2)
  }
  await box.advance(`${waitsMs.at(-1)! * 2}ms`)
  expect(inbox.received).toHaveLength(waitsMs.length + 1)
  expect(new Set(inbox.received.map(({ text }) => text)).size).toBe(1)
  const [delivery] = (await box.control('GET', '/callbacks')).json.data
  expect(delivery.status).toBe('exhausted')
  const times = [delivery.created_at, ...delivery.attempts.map(({ at }: any) => at)].map(Date.parse)
  expect(times.slice(1).map((at, index) => at - times[index]!)).toEqual([0, ...waitsMs])
  return delivery
}
