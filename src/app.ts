// The composition root: makes the engine, the pipeline of providers' calls, the control API and telemetry, and serves them from one HTTP server.
import { existsSync, readdirSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import express, { type Express, type Request, type Response } from 'express'
import { contractOf, rules } from './contract/contracts.ts'
import { consoleRouter } from './control/console.ts'
import { EventStreams } from './control/event-streams.ts'
import { controlRouter } from './control/router.ts'
import { Commit } from './engine/commit.ts'
import { DEFAULT_SEED, Engine } from './engine/engine.ts'
import { Secrets } from './engine/secrets.ts'
import { ignoredOptions } from './engine/ignored-options.ts'
import type { SandboxOptions } from './options.ts'
import { Delays } from './pipeline/delays.ts'
import { answerProblem, METHODS } from './pipeline/malformed.ts'
import { ProviderServer } from './pipeline/provider-server.ts'
import { runtimesOf } from './pipeline/runtimes.ts'
import { serverFor } from './pipeline/server.ts'
import type { Provider } from './provider.ts'
import { PROGRAM } from './runtime/package.ts'
import { Queue } from './runtime/queue.ts'
import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from './runtime/timers.ts'
import { openStorage } from './storage/open.ts'
import { type Metrics, metricsText } from './telemetry/metrics.ts'
import { Observer } from './telemetry/observer.ts'
import { complainerOf, warnerOf } from './telemetry/reporting.ts'
import type { World } from './world/world.ts'

/** How long calls in flight may take when the sandbox stops, and how often it is looked which have ended. */
const GRACE_MS = 3_000
const SWEEP_MS = 20
/** How late a timer of a running world may fire. */
const TICK_MS = 50

/** Every provider that has a folder, by name. */
export async function findProviders(): Promise<Map<string, Provider>> {
  const folder = new URL('providers/', PROGRAM)
  const found = await Promise.all(
    readdirSync(folder)
      .sort()
      .map(async (name) => {
        const file = ['index.js', 'index.ts']
          .map((index) => new URL(`${name}/${index}`, folder))
          .find((url) => existsSync(url))
        if (!file) throw new Error(`src/providers/${name} has no index.ts`)
        const { provider } = (await import(file.href)) as { provider: Provider }
        return [name, provider] as const
      }),
  )
  return new Map(found)
}

export class Sandbox {
  readonly engine: Engine
  readonly app: Express
  readonly options: SandboxOptions
  /** Where it listens; undefined while it does not. */
  url: string | undefined
  /** Where everything takes turns that is not a provider's ordinary call. */
  readonly #queue = new Queue()
  readonly #delays = new Delays()
  readonly #events = new EventStreams()
  readonly #observer: Observer
  readonly #providers: ProviderServer
  /** Where bugs are told. */
  readonly complain: (message: string, error?: unknown) => void
  #server: Server | undefined
  /** Serves connections that come without a port. */
  #portless: Server | undefined
  #ticker: NodeJS.Timeout | undefined
  #listening: Promise<string> | undefined
  #closed: Promise<void> | undefined

  /** A sandbox whose worlds are stored when there is a directory for them. Throws `StorageRefused`. */
  static async open(providers: ReadonlyMap<string, Provider>, options: SandboxOptions): Promise<Sandbox> {
    const secrets = new Secrets(options, providers)
    const observer = new Observer(options.log, secrets)
    const warn = warnerOf(options)
    const commit = new Commit(await openStorage(options, DEFAULT_SEED, warn))
    try {
      for (const line of await ignoredOptions(commit, options)) warn(line)
      const listeners = {
        warn,
        info: (line: string) => options.log?.say('info', line),
        complain: complainerOf(options, secrets),
        attemptEnded: observer.callback,
        emptied: () => options.host?.collect?.(),
      }
      const engine = new Engine(providers, options, secrets, listeners, commit)
      if (commit.shared) await engine.claims.makeDefault()
      return new Sandbox(engine, options, observer)
    } catch (error) {
      await commit.close()
      throw error
    }
  }

  /** Serves an engine. */
  constructor(engine: Engine, options: SandboxOptions, observer = new Observer(options.log, engine.secrets)) {
    this.engine = engine
    this.options = options
    this.#observer = observer
    this.complain = complainerOf(options, engine.secrets)
    const pause = options.pause ?? ((ms: number) => this.#delays.wait(ms))
    this.#providers = new ProviderServer({
      engine,
      runtimes: runtimesOf(engine, { pause, complain: this.complain }),
      bodyBytes: options.limits?.bodyBytes ?? 1024 * 1024,
      queue: this.#queue,
      pause,
      complain: this.complain,
      answered: observer.call,
    })
    this.app = this.#createApp()
  }

  get providers(): ReadonlyMap<string, Provider> {
    return this.engine.providers
  }

  get metrics(): Metrics {
    return this.#observer.metrics
  }

  /** The world of that id, the default one unless given. */
  world(id?: string): World | undefined {
    return this.engine.world(id)
  }

  /** Listens; `port` 0 takes any free one. Resolves with the base URL; asked twice, it listens once. */
  listen(port = 0, host = '127.0.0.1'): Promise<string> {
    if (this.#closed) return Promise.reject(new Error('the sandbox is closed'))
    return (this.#listening ??= this.#listen(port, host).catch((error) => {
      this.#listening = undefined
      throw error
    }))
  }

  async #listen(port: number, host: string): Promise<string> {
    const server = this.#createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    this.#server = server
    this.#providers.keepsAlive = true
    this.engine.scenarios.watch()
    // In the turns behind the ready line, so that nobody waits for worlds that nobody asks for.
    if (this.engine.commit.isDurable)
      void this.engine
        .openStored(() => this.#closed !== undefined)
        .catch((error) => this.complain('a bug in Sandgate: not every stored world is open yet', error))
    this.#ticker = setInterval(() => this.engine.tickRunning(), TICK_MS).unref()
    const { address, port: bound, family } = server.address() as AddressInfo
    // No client can be pointed at "every interface".
    const name = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address
    return (this.url = `http://${name}:${bound}`)
  }

  /** Serves one connection that needs no port: any stream of bytes, to and fro. */
  serve(connection: Duplex): void {
    this.#portless ??= this.#createServer()
    this.#portless.emit('connection', connection)
  }

  /** Finishes the requests in flight and lets go of the port. Asked twice, it stops once. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<void> {
    await this.#listening?.catch(() => undefined)
    const server = this.#server
    this.#server = this.url = undefined
    // Who waits only because a scenario says so is answered now.
    this.#delays.end()
    this.#events.close()
    this.#providers.close()
    if (server) await this.#stopServing(server)
    else await new Promise(setImmediate)
    await this.engine.commit.close()
  }

  async #stopServing(server: Server): Promise<void> {
    this.engine.scenarios.close()
    clearInterval(this.#ticker)
    const closed = new Promise((resolve) => server.close(resolve))
    // A connection is idle when its answer is out, and one that never said anything is never counted as idle.
    const idle = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
    const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS)
    server.closeIdleConnections()
    await closed
    clearInterval(idle)
    clearTimeout(grace)
    this.options.log?.flush()
  }

  #createServer(): Server {
    // A provider's call never gets to Express, whose router every call would pay for.
    // rule: sandgate.control.turns
    return serverFor(this.app, (req: IncomingMessage, res: ServerResponse) => {
      if (!this.#providers.serves(req, res))
        this.#queue.turn(req.socket, () => this.app(req as Request, res as Response))
    })
  }

  #createApp(): Express {
    const { engine, options } = this
    const app = express()
    app.disable('x-powered-by')
    app.disable('etag')
    app.use(this.#observer.control)
    if (options.console ?? true) app.use(consoleRouter({ allowHosts: options.allowHosts ?? [] }))
    app.use(
      /^(?:\/w\/[^/]+)?\/_sandgate(?=\/|$)/,
      controlRouter({
        engine,
        contract: () => contractOf('sandgate'),
        rules,
        guard: { allowHosts: options.allowHosts ?? [], token: options.controlToken },
        queue: this.#queue,
        events: this.#events,
        metrics: () =>
          metricsText({
            metrics: this.metrics,
            worlds: engine.worlds,
            logLagBytes: engine.commit.lagBytes,
            shared: engine.commit.shared?.counts,
            host: options.host,
          }),
        complain: this.complain,
      }),
    )
    // rule: sandgate.http.options
    app.use((req: Request, res: Response) => {
      if (req.method === 'OPTIONS' && req.path === '/') return void res.writeHead(204, { allow: METHODS }).end()
      const paths = [...engine.providers.keys()].map((name) => `/${name}`).join(', ')
      answerProblem(res, {
        status: 404,
        detail: `there is nothing at ${engine.secrets.hide(req.path)}; providers are at ${paths}, the control API at /_sandgate`,
      })
    })
    return app
  }
}

/** Finds the providers and makes a sandbox of them; nothing listens yet. */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(await findProviders(), options)
}
