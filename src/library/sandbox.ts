// The handles of the library, as interfaces: a sandbox, its worlds, their clock, faults, providers and inboxes. What a call of the control API does is
// written in specs/sandgate.yaml.
import type { IncomingHttpHeaders } from 'node:http'
import type {
  ArmedRule,
  Coverage,
  CoverageOptions,
  Delivery,
  Deposit,
  DepositInput,
  Endpoint,
  EndpointInput,
  EndpointListed,
  Entry,
  Finding,
  HandOut,
  Happened,
  RuleInput,
  ScenarioInput,
  ScenarioState,
  Verdict,
  VerifyInput,
} from './records.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Money } from './money.ts'

/**
 * A sandbox, in this process or elsewhere. It is its default world as well: `sandbox.deposit(…)` is `sandbox.world().deposit(…)`.
 *
 * @example
 * await using sandbox = await createSandbox({ port: 0 })
 * console.log(sandbox.url, sandbox.cpg.baseUrl)
 */
export interface Sandbox extends World, AsyncDisposable {
  /** Where it listens, such as `http://127.0.0.1:4010`. Throws an `Error` while it does not. */
  readonly url: string
  /**
   * Listens, on any free port unless one is named, and returns its URL. One that listens already goes on where it is. Rejects where the port is taken, and
   * for a sandbox that runs elsewhere.
   *
   * @example
   * const url = await sandbox.listen()
   */
  listen(port?: number, host?: string): Promise<string>
  /**
   * A world of its own for a test; made when there is none of that id. Options are for a new world only: 409 where it exists, unless a sandbox elsewhere made
   * it from the same ones. Of a sandbox elsewhere it is made by the first call of its handle, and `baseUrl` may be read from then on.
   *
   * @example
   * const world = sandbox.world('ci-42', { seed: 'ci-42' })
   */
  world(id?: string, start?: WorldOptions): WithProviders<World>
  /** The metrics of all worlds together, as Prometheus text. */
  metrics(): Promise<string>
  /**
   * Stops listening, closes inboxes, forgets everything that was not kept in a directory; delays of scenarios end at once. Of a sandbox elsewhere: closes
   * inboxes. No handle works from then on.
   */
  close(): Promise<void>
}

/**
 * How a new world starts.
 *
 * @example
 * const start: WorldOptions = { seed: 'ci-42', clock: '2026-05-16T19:00:00Z' }
 */
export interface WorldOptions {
  /** What its addresses, ids and hashes are derived from. That of the sandbox unless given. */
  readonly seed?: string | undefined
  /** `real`, or the ISO 8601 instant at which it starts, frozen. */
  readonly clock?: string | undefined
}

/**
 * The providers by name: `world.cpg`. One that you have added yourself is at `world.provider(name)`, or here by declaration merging.
 *
 * @example
 * declare module 'sandgate' {
 *   interface Providers {
 *     readonly mine: Provider
 *   }
 * }
 */
export interface Providers {
  readonly alphapo: Provider
  readonly cpg: Provider
  readonly payward: Provider
  readonly zopay: Provider
}

/**
 * A handle with every provider by its name, beside everything else.
 *
 * @example
 * const test = (world: WithProviders<World>) => world.cpg.fetch('/v1/_ping')
 */
export type WithProviders<Handle> = Handle & Providers

/**
 * Which deposits or addresses are listed: all fields must match.
 *
 * @example
 * const filter: AddressFilter = { provider: 'cpg', user: 'user_1' }
 */
export interface AddressFilter {
  readonly provider?: string | undefined
  readonly address?: string | undefined
  readonly account?: string | undefined
  readonly user?: string | undefined
}

/**
 * Which calls are listed: all fields must match. `refused`: answered with 400 or more, or cut off.
 *
 * @example
 * const filter: CallFilter = { operation: 'createDepositAddress', refused: true }
 */
export interface CallFilter {
  readonly provider?: string | undefined
  readonly operation?: string | undefined
  readonly status?: number | undefined
  readonly refused?: boolean | undefined
}

/**
 * Which entries of the journal are listed; `kind` is `call`, `timer`, `callback`, `callbacks`, `fault` or `control`.
 *
 * @example
 * const filter: JournalFilter = { kind: 'timer' }
 */
export interface JournalFilter extends CallFilter {
  readonly kind?: string | undefined
}

/**
 * Which callbacks are listed; `status` is `pending`, `delivered`, `exhausted`, `dropped` or `paused`.
 *
 * @example
 * const filter: CallbackFilter = { event: 'deposit.confirmed', status: 'delivered' }
 */
export interface CallbackFilter {
  readonly provider?: string | undefined
  readonly event?: string | undefined
  readonly status?: string | undefined
}

/**
 * Everything that is true in one world, and the ways to change it. Every method but `world` and `provider` rejects with a `SandgateError` where the control
 * API refuses the call; its `status` and `code` say why.
 *
 * @example
 * const { address } = await allocate(world.cpg)
 * await world.deposit({ address, amount: '100', after: '1h' })
 * await world.clock.advance('2h')
 */
export interface World {
  /** Its id: `default`, or the one it was made with. */
  readonly id: string
  readonly clock: Clock
  readonly faults: Faults
  readonly money: Money
  readonly checkpoints: Checkpoints
  /** The same as the property of that name. Throws a `SandgateError` with status 404 where there is no such provider. */
  provider(name: string): Provider
  /**
   * Calls the sandbox, in process where it is: a path (`/cpg/v1/…`, within this world) or a URL of the sandbox. No port is needed. Resolves for every
   * status, as `fetch` does.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** Sends a deposit to an address that was allocated. 404 where none was, 422 where it is not valid. */
  deposit(input: DepositInput): Promise<Deposit>
  /** The deposits that were sent, oldest first. */
  deposits(filter?: AddressFilter): Promise<Deposit[]>
  /** The addresses that were allocated, oldest first. */
  addresses(filter?: AddressFilter): Promise<HandOut[]>
  /** The calls that were made, oldest first, each with the checks it passed and what stopped it. */
  calls(filter?: CallFilter): Promise<Entry[]>
  /** Everything that happened, oldest first. */
  journal(filter?: JournalFilter): Promise<Entry[]>
  /**
   * Whether a call was made, or not.
   *
   * @example
   * const { ok, closest } = await world.verify({ provider: 'cpg', operation: 'createDepositAddress', times: { exactly: 1 } })
   */
  verify(input: VerifyInput): Promise<Verdict>
  /** The callbacks that were sent, a row a delivery, oldest first. */
  callbacks(filter?: CallbackFilter): Promise<Delivery[]>
  /** Delivers a callback once more, at once. 404 where there is none of that id. */
  redeliver(id: string): Promise<Delivery>
  /** Where callbacks go now, without secrets. */
  endpoints(filter?: {
    readonly provider?: string | undefined
    readonly account?: string | undefined
  }): Promise<EndpointListed[]>
  /** No callback goes there any more: the id of an endpoint, or the provider where it has only one. */
  removeEndpoint(id: string): Promise<void>
  /** A receiver of callbacks on a free port of this machine; those of every provider, or of one, go there from now on. */
  inbox(options?: InboxOptions): Promise<Inbox>
  /** Loads a scenario in place of the one there is: the path of a file, or what such a file holds. 422 where it is not valid: nothing is changed. */
  scenario(fileOrScenario: string | ScenarioInput): Promise<ScenarioState>
  /** The world as new: no addresses, deposits, callbacks, faults, journal, scenario. */
  reset(start?: WorldOptions): Promise<void>
  /** The whole state as text, for `restore`. Up to 256 MiB. */
  snapshot(): Promise<string>
  /** Makes the world what it was when `snapshot` was called. */
  restore(snapshot: string): Promise<void>
  /** The mistakes that the traffic of this world proves, of every provider unless one is named; none where all is well. */
  findings(provider?: string): Promise<Finding[]>
  /** What the world was used for since it began, in numbers, and what was never exercised; `worlds: 'all'` sums up all worlds of the process. */
  coverage(options?: CoverageOptions): Promise<Coverage>
  /** A recording for `sandgate replay`, as text. 409 where the journal has lost its beginning. */
  recording(): Promise<string>
  /** Deletes the world. The default one can be reset, not deleted. */
  remove(): Promise<void>
  /**
   * Any call of the control API. Resolves with the body as JSON, undefined where there is none.
   *
   * @example
   * const { data } = await world.control('GET', '/rules')
   */
  control(method: string, path: string, body?: unknown): Promise<any>
}

/**
 * World time: what rules everything a provider does.
 *
 * @example
 * await world.clock.freeze()
 * const happened = await world.clock.advance({ until: 'quiet' })
 */
export interface Clock {
  now(): Promise<Date>
  freeze(): Promise<void>
  run(): Promise<void>
  /** Sets the clock forward, to a `Date` or an ISO 8601 instant; what falls due in between happens. 409 for the past. */
  set(to: string | Date): Promise<void>
  /**
   * Runs everything that falls due, callbacks included, and returns what happened. By a duration (`90s`, `4h`, `PT4H`), to an instant, or until no
   * callback, confirmation or scenario action is pending.
   */
  advance(by: string | { readonly to: string | Date } | { readonly until: 'quiet' }): Promise<Happened[]>
}

/**
 * Rules of scenarios that are armed while the sandbox runs.
 *
 * @example
 * const { id } = await world.faults.arm({ when: { provider: 'cpg', nth: 1 }, then: [{ drop: { stage: 'after', how: 'reset' } }] })
 * await world.faults.clear(id)
 */
export interface Faults {
  /** Arms one rule. It applies behind those of the scenario. 422 where it is not valid. */
  arm(rule: RuleInput): Promise<ArmedRule>
  /** The rules that are armed, in the order in which they apply. */
  list(): Promise<ArmedRule[]>
  /** Disarms one, or all. */
  clear(id?: string): Promise<void>
}

/**
 * One provider of a world.
 *
 * @example
 * const answer = await world.cpg.fetch('/v1/_ping', { headers })
 */
export interface Provider {
  readonly name: string
  /** What a partner puts into its SDK. Throws an `Error` while the sandbox does not listen. */
  readonly baseUrl: string
  /** Calls the provider in process, by its own path. Resolves for every status, as `fetch` does. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Sets where an account's callbacks go; resolves with the secret in use. 422 where the URL is not allowed. */
  callbacksTo(endpoint: EndpointInput): Promise<Endpoint>
  /** Adds one more place that an account's callbacks go to, where the provider knows several. 422 where it knows one. */
  alsoCallbacksTo(endpoint: EndpointInput): Promise<Endpoint>
  /**
   * Does what a person does on the provider's own pages; `GET /_sandgate/actions` lists the actions and their fields. Resolves with what it made or
   * changed. 404 where there is no such action, 409 where it cannot be done now.
   */
  action(name: string, fields?: object): Promise<any>
}

/**
 * Which callbacks an inbox receives.
 *
 * @example
 * const inbox = await world.inbox({ provider: 'cpg', events: ['deposit.confirmed'] })
 */
export interface InboxOptions {
  /** Only this provider's. */
  readonly provider?: string | undefined
  /** The first demo account unless named. */
  readonly account?: string | undefined
  readonly secret?: string | undefined
  readonly events?: readonly string[] | undefined
  /** The name under which a sandbox elsewhere reaches this machine, such as `host.docker.internal`. With it the inbox listens on every interface. */
  readonly host?: string | undefined
}

/**
 * A receiver of callbacks.
 *
 * @example
 * await using inbox = await world.inbox()
 * const { json, signature } = await inbox.next({ event: 'deposit.confirmed' })
 */
export interface Inbox extends AsyncDisposable {
  /** Where it listens; a provider's callbacks go to `/NAME` below it. */
  readonly url: string
  /** Everything so far, oldest first. */
  readonly received: readonly Received[]
  /** The secret that each provider signs with. */
  readonly secrets: Readonly<Record<string, string>>
  /** What is answered: a status, or more. 200 unless set. `index` counts from 0. */
  answer: (
    received: Received,
    index: number,
  ) =>
    | number
    | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /**
   * The oldest callback that `next` has not returned yet, as soon as there is one. Rejects with an `Error` after `withinMs` milliseconds of wall time (4000
   * unless given), which says what came instead, what went wrong, and what is due.
   */
  next(wanted?: {
    readonly provider?: string | undefined
    readonly event?: string | undefined
    readonly withinMs?: number | undefined
  }): Promise<Received>
  close(): Promise<void>
}

/**
 * A callback as a receiver got it.
 *
 * @example
 * const wrong = inbox.received.filter(({ signature }: Received) => signature !== 'right')
 */
export interface Received {
  readonly provider: string
  /** Which of the sandbox's deliveries it is; null when the sandbox did not send it. */
  readonly delivery: string | null
  readonly event: string | null
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly json: any
  /** By the provider's own rules, over the exact body; `stale`: right, but made more than five minutes from now. */
  readonly signature: 'right' | 'stale' | 'wrong'
}
