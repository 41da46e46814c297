// One sandbox: finds the providers, keeps the worlds, and serves everything from one Express application. The command line, our tests and
// other people's tests all start here.
import { existsSync, readdirSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { load, scenarioReaction } from './scenario/runtime.ts'
import { controlRouter } from './control/router.ts'
import { ScenarioFiles } from './scenario/files.ts'
import type { Metrics } from './telemetry/metrics.ts'
import { Rules } from './contract/rules.ts'
import type { Scenario } from './scenario/schema.ts'
import { Secrets } from './engine/secrets.ts'
import { CallbackSender } from './outbox/sender.ts'
import { Contract } from './contract/contract.ts'
import { pointCallbacks } from './outbox/endpoints.ts'
import { answerProblem, METHODS } from './pipeline/malformed.ts'
import { Queue } from './runtime/queue.ts'
import { receive } from './runtime/body.ts'
import { complainerOf, ignored, roughly, tellerOf, tellStopped } from './telemetry/reporting.ts'
import { Integrity, tablesOf } from './engine/integrity.ts'
import { Pauses } from './pipeline/delays.ts'
import { Flights } from './pipeline/idempotency.ts'
import { reply, type Sent, type Served } from './pipeline/call.ts'
import { send, Turn } from './pipeline/send.ts'
import { serverFor } from './pipeline/server.ts'
import { Sampler } from './contract/sample.ts'
import { type Keeping, openKeeping } from './storage/file/directory.ts'
import { Observer } from './telemetry/observer.ts'
import type { SandboxOptions } from './options.ts'
import { LOAD, Tape } from './engine/recorder.ts'
import { inSlices } from './runtime/slices.ts'
import type { Provider } from './provider.ts'
import type { Attempt, Delivery } from './world/outbox.ts'
import { durationMs } from './text/durations.ts'
import type { World } from './world/world.ts'
import { incomingOf, targetOf } from './pipeline/target.ts'
import { inPackage, PROGRAM } from './runtime/package.ts'
import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout, wallNow } from './runtime/timers.ts'
import { DEFAULT_WORLD, Worlds } from './engine/worlds.ts'

const SPECS = inPackage('specs/')
const DEFAULT_SEED = 'sandgate'
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

/** Documents that were read: they do not change while a process runs, and compiling them is what makes a sandbox expensive. */
const contracts = new Map<string, Contract>()

/** One thread for all sandboxes of a process: what it has to load takes seconds. */
const sampler = new Sampler()

export function contractOf(name: string): Contract {
  let contract = contracts.get(name)
  if (!contract) contracts.set(name, (contract = new Contract(name, `${SPECS}${name}.yaml`)))
  return contract
}

export class Sandbox {
  readonly app: Express
  readonly providers: ReadonlyMap<string, Provider>
  readonly rules: Rules
  readonly integrity: Integrity
  readonly options: SandboxOptions
  readonly wall: () => number
  /** What lets somebody in, and is kept out of what people read. */
  readonly secrets: Secrets
  /** Where bugs are told. */
  readonly complain: (message: string, error?: unknown) => void
  readonly callbacks: NonNullable<SandboxOptions['sender']>
  /** The control calls that changed each world, for its recording. */
  readonly tape = new Tape()
  readonly worlds: Worlds
  /** The scenario files it was started with. */
  readonly scenarios: ScenarioFiles
  /** Where everything takes turns that is not a provider's ordinary call. */
  readonly queue = new Queue()
  readonly #observer: Observer
  /** Calls under way, by world. */
  readonly flights = new Flights()
  readonly #served = new Map<string, Served>()
  /** Answers that a scenario keeps back for ever: they end with the connection, or with the sandbox. */
  readonly #hanging = new Set<ServerResponse>()
  readonly #bodyBytes: number
  readonly #pause: (ms: number) => Promise<void>
  /** Nobody, when worlds live in memory alone. */
  readonly keeping: Keeping | undefined
  #server: Server | undefined
  /** Where it listens; undefined while it does not. */
  url: string | undefined
  /** Serves connections that come without a port. */
  #portless: Server | undefined
  #ticker: NodeJS.Timeout | undefined
  #listening: Promise<string> | undefined
  #closed: Promise<void> | undefined
  readonly #pauses = new Pauses()
  /** Worlds whose time has not come as far as the wall says. */
  readonly #behind = new Set<World>()
  readonly #turn = new Turn()

  /** A sandbox whose worlds are kept when there is a directory for them. Throws `KeepRefused`. */
  static async open(providers: ReadonlyMap<string, Provider>, options: SandboxOptions): Promise<Sandbox> {
    const tell = tellerOf(options)
    const keeping = await openKeeping(options, DEFAULT_SEED, tell)
    try {
      for (const [id, was] of keeping?.found() ?? [])
        if (id === DEFAULT_WORLD)
          for (const wish of was.unread === undefined ? ignored(was, options) : [])
            tell(
              `the world "${id}" goes on as it was kept: ${wish}; POST /_sandgate/reset begins it anew, another --data begins another one`,
            )
      return new Sandbox(providers, options, keeping)
    } catch (error) {
      await keeping?.close()
      throw error
    }
  }

  constructor(providers: ReadonlyMap<string, Provider>, options: SandboxOptions, keeping?: Keeping) {
    this.options = options
    this.keeping = keeping
    this.providers = providers
    this.wall = options.wall ?? wallNow
    const { log } = options
    this.secrets = new Secrets(options, providers, () => this.worlds?.get(DEFAULT_WORLD))
    this.#observer = new Observer(log, this.secrets)
    this.complain = complainerOf(options, this.secrets)
    this.#pause = options.pause ?? ((ms) => this.#pauses.wait(ms))
    this.callbacks =
      options.sender ??
      new CallbackSender({
        providers,
        allowHosts: options.allowCallbackHosts ?? [],
        timeoutMs: options.callbackTimeoutMs,
        resolve: options.resolve,
        wall: this.wall,
        alive: (world) => this.worlds.has(world),
        ended: (...told) => this.#callbackEnded(...told),
      })
    this.rules = new Rules(SPECS)
    this.integrity = new Integrity(providers)
    const warn = tellerOf(options)
    const worldIdle = options.limits?.worldIdle ?? '24h'
    this.#bodyBytes = options.limits?.bodyBytes ?? 1024 * 1024
    this.scenarios = new ScenarioFiles({
      files: options.scenarios ?? [],
      known: { providers, contract: contractOf },
      warn,
      changed: (scenario, before) => this.#scenarioChanged(scenario, before),
    })
    this.worlds = new Worlds({
      providers,
      seed: keeping?.seed ?? options.seed ?? DEFAULT_SEED,
      clock: options.clock ?? 'real',
      settings: Object.fromEntries(
        [...providers.values()].map(({ name, settings }) => [name, settings.parse(options.providers?.[name] ?? {})]),
      ),
      assumptions: options.assume ?? {},
      journal: {
        journalEntries: options.limits?.journalEntries ?? 10_000,
        journalBytes: options.limits?.journalBytes ?? 64 * 1024 * 1024,
      },
      most: options.limits?.worlds ?? 1_000,
      idleMs: durationMs(worldIdle)!,
      idle: (id, ms) =>
        warn(
          `the world "${id}" is gone${keeping ? ', and so is what was kept of it' : ''}: nobody has used it for ${roughly(ms)} (limits.worldIdle is ${worldIdle})`,
        ),
      wall: this.wall,
      uptime: options.uptime ?? (() => performance.now()),
      reactions: { scenario: (step, args, world) => scenarioReaction(step, args as string, world, providers) },
      // What is said outside of the scenario counts more.
      first: () => ({
        seed: options.seed ?? this.scenarios.scenario.seed,
        clock: options.clock ?? this.scenarios.scenario.clock,
      }),
      kept: keeping?.found(),
      problems: (rows) => this.integrity.problems(rows),
      keep: keeping && ((world, made, goesOn) => keeping.keep(world, made, goesOn)),
      prepare: keeping && ((world, made) => keeping.prepare(world, made)),
      tables: tablesOf(providers),
      stopped: (world, error) => tellStopped(world, error, this.complain, tellerOf(options)),
      made: (world) => this.#begin(world),
      gone: keeping && ((id) => keeping.forget(id)),
      emptied: () => options.host?.collect?.(),
    })
    for (const provider of providers.values()) {
      this.#served.set(provider.name, {
        provider,
        get contract() {
          return contractOf(provider.name)
        },
        providers,
        flights: this.flights,
        pause: this.#pause,
        sample: sampler.answer,
        strict: options.strict ?? false,
        complain: this.complain,
        afterwards: (world) => this.tick(world),
      })
    }
    this.app = this.#createApp()
  }

  get metrics(): Metrics {
    return this.#observer.metrics
  }

  world(id: string = DEFAULT_WORLD): World | undefined {
    return this.worlds.get(id)
  }

  contract(provider: string): Contract | undefined {
    return this.#served.get(provider)?.contract
  }

  /** A provider as calls reach it, for those who bring a call without a connection. */
  served(provider: string): Served | undefined {
    return this.#served.get(provider)
  }

  /** Reads the documents and builds the indexes that nobody has asked for yet, a little a turn, so that no first call has to wait for its own. */
  async warm(): Promise<void> {
    for (const name of [...this.providers.keys(), 'sandgate']) {
      await new Promise(setImmediate)
      contractOf(name)
    }
    for (const world of this.worlds) await inSlices(world.buildIndexes(tablesOf(this.providers)))
  }

  /** A world that was made, or made new, has the story and the receivers it was started with. */
  #begin(world: World): void {
    this.tape.begin(world)
    for (const [name, wish] of Object.entries(this.options.callbacks ?? {})) {
      world.change(() =>
        pointCallbacks(this.providers.get(name)!, wish, (target) => this.callbacks.refuse(target), world),
      )
    }
    if (world.id === DEFAULT_WORLD && this.scenarios.scenario.stories.length > 0)
      this.load(this.scenarios.scenario, world)
  }

  /** Loads a scenario that no control call of this world brings, so that its recording has it too. */
  load(scenario: Scenario, world: World): void {
    this.tape.add({ operation: LOAD, params: {}, query: {}, body: scenario }, world)
    world.change(() => load(scenario, world))
  }

  #scenarioChanged(scenario: Scenario, before: Scenario): void {
    const world = this.world()!
    if (world.stopped && world.stopped.rows !== 'good') return
    this.load(scenario, world)
    world.journal.add({
      kind: 'control',
      at: world.now,
      action: 'scenario',
      summary: 'the scenario files changed and were loaded again',
    })
    world.resume()
    this.options.log?.say(
      'info',
      `the scenario files changed and were loaded again: ${scenario.stories.map(({ name }) => name).join(' + ')}`,
    )
    if (scenario.seed !== before.seed || scenario.clock !== before.clock)
      this.scenarios.warn('the seed and the clock of the scenario count from the next reset of the world')
    this.tick(world)
  }

  /** Lets world time pass as far as the wall says, and sends what has fallen due. */
  tick(world: World): void {
    // Time stands still as long as nothing can be kept.
    if (world.stopped || (world.keeper && !world.keeper.works())) return
    const more = world.clock.tick(this.wall())
    this.callbacks.pump(world)
    if (!more || this.#behind.has(world)) return
    this.#behind.add(world)
    setImmediate(() => {
      this.#behind.delete(world)
      if (this.worlds.has(world)) this.tick(world)
    })
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
    this.scenarios.watch()
    if (this.keeping)
      void this.#openKept().catch((error) =>
        this.complain('a bug in Sandgate: not every world that was kept is open yet', error),
      )
    // Running worlds move by themselves; the calls that arrive in between move them too.
    this.#ticker = setInterval(() => {
      for (const world of this.worlds.opened())
        if (!world.stopped && !world.clock.frozen && world.clock.nextAt !== undefined) this.tick(world)
    }, TICK_MS).unref()
    const { address, port: bound, family } = server.address() as AddressInfo
    // No client can be pointed at "every interface".
    const name = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address
    return (this.url = `http://${name}:${bound}`)
  }

  /** In the turns behind the ready line, so that nobody waits for what nobody asks for. What was on its way when the process ended is sent again. */
  async #openKept(): Promise<void> {
    do await new Promise(setImmediate)
    while (!this.#closed && this.worlds.openSome())
    if (!this.#closed) for (const world of this.worlds) this.tick(world)
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
    this.#pauses.end()
    for (const res of this.#hanging) res.socket?.destroy()
    if (server) await this.#stopServing(server)
    else await new Promise(setImmediate)
    await this.keeping?.close()
  }

  async #stopServing(server: Server): Promise<void> {
    this.scenarios.close()
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
    // Past the router, which every call of a provider would pay for.
    // rule: sandgate.control.turns
    return serverFor(this.app, (req, res) =>
      this.#toProvider(req, res, () => this.queue.turn(req.socket, () => this.app(req as Request, res as Response))),
    )
  }

  #createApp(): Express {
    const app = express()
    app.disable('x-powered-by')
    app.disable('etag')
    app.use(this.#observer.control)
    app.use(
      /^(?:\/w\/[^/]+)?\/_sandgate(?=\/|$)/,
      controlRouter(this, () => contractOf('sandgate')),
    )
    // rule: sandgate.http.options
    app.use((req: Request, res: Response) =>
      req.method === 'OPTIONS' && req.path === '/'
        ? res.writeHead(204, { allow: METHODS }).end()
        : answerProblem(res, {
            status: 404,
            detail: `there is nothing at ${this.secrets.hide(req.path)}; providers are at ${[...this.providers.keys()].map((name) => `/${name}`).join(', ')}, the control API at /_sandgate`,
          }),
    )
    return app
  }

  /** A provider's call never goes further than here: raw bytes in, one `end` out. */
  #toProvider(req: IncomingMessage, res: ServerResponse, next: NextFunction): void {
    const target = targetOf(req, this.#served, this.worlds)
    if (!target) return next()
    const { served, worldId, world } = target
    if (!world)
      return answerProblem(res, {
        status: 404,
        detail: `there is no world "${this.secrets.hide(String(worldId))}"; GET /_sandgate/worlds lists those there are`,
      })

    receive(req, this.#bodyBytes, this.queue, (body) => {
      const begin = performance.now()
      const incoming = incomingOf(req, target, body, this.wall())
      const failed = (error: unknown): void => {
        this.complain(
          `no answer could be made for ${incoming.method} ${this.secrets.hide(incoming.linePath, { headers: incoming.headers, world })}`,
          error,
        )
        if (!res.headersSent) answerProblem(res, { status: 500, detail: 'a bug in Sandgate; stderr has it' })
      }
      const leave = (sent: Sent): void => {
        try {
          send(
            res,
            sent,
            body === undefined || this.#server === undefined,
            this.#pause,
            this.#closed ? undefined : this.#hanging,
          )
          this.#observer.call(incoming, served.provider, world, sent, performance.now() - begin)
        } catch (error) {
          failed(error)
        }
      }
      reply(incoming, served, world).then((sent) => this.#turn.atEnd(() => leave(sent)), failed)
    })
  }

  #callbackEnded(delivery: Delivery, attempt: Attempt, world: World): void {
    this.tape.attemptEnded(delivery.id, delivery.attempts.length + 1, world)
    this.#observer.callback(delivery, attempt, world)
    // Where time has gone on meanwhile, the next attempt may be due already.
    if ((world.clock.nextAt ?? Infinity) <= world.now) this.tick(world)
  }
}

/** Finds the providers and makes a sandbox of them; nothing listens yet. */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(await findProviders(), options)
}
