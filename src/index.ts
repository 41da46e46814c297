// The door of the package: `createSandbox` and `connectSandbox` for tests, and everything their handles can do, as interfaces. Handles speak to the
// control API of their sandbox; what a call of it does is written in README.md and specs/sandgate.yaml.
import type { IncomingHttpHeaders } from 'node:http'
import { connect } from './library/connect.ts'
import type { RuleWritten, ScenarioWritten } from './scenario/schema.ts'
import { openSandbox } from './library/create.ts'

export { ControlError } from './library/handles.ts'

export interface SandboxOptions {
  /** What every world derives its addresses, ids and hashes from. Default `sandgate`. */
  readonly seed?: string | undefined
  /** A directory in which everything is kept; a sandbox that is opened there later goes on from it. In memory alone unless given. */
  readonly data?: string | undefined
  /** What is kept survives power cuts too. */
  readonly fsync?: boolean | undefined
  /** `real`, or the ISO 8601 instant at which worlds start, frozen. Default `real`. */
  readonly clock?: string | undefined
  /** Listens as soon as it is made; 0 takes any free port. Without it nothing listens, and calls go through `fetch`. */
  readonly port?: number | undefined
  readonly host?: string | undefined
  /** Scenario files that the default world starts with. */
  readonly scenarios?: readonly string[] | undefined
  /** What a config file says under `providers`, by provider. */
  readonly providers?: Readonly<Record<string, unknown>> | undefined
  /** Which answer is given where the documents leave two open, by rule id. */
  readonly assume?: Readonly<Record<string, string>> | undefined
  readonly limits?:
    | {
        readonly bodyBytes?: number | undefined
        readonly journalEntries?: number | undefined
        readonly journalBytes?: number | undefined
        readonly worlds?: number | undefined
        readonly worldIdle?: string | undefined
      }
    | undefined
  /** Where callbacks go from the start, by provider. */
  readonly callbacks?:
    | Readonly<
        Record<
          string,
          {
            readonly url: string
            readonly secret?: string | undefined
            readonly events?: readonly string[] | undefined
            readonly account?: string | undefined
          }
        >
      >
    | undefined
  /** Host names, beside loopback ones, IP addresses and names without a dot, that the control API answers to. */
  readonly allowHosts?: readonly string[] | undefined
  /** Host names that callbacks may go to, beside loopback and private addresses. */
  readonly allowCallbackHosts?: readonly string[] | undefined
  /** What others have to bring to drive it; the handles know it. */
  readonly controlToken?: string | undefined
  /** An answer off contract becomes a loud 500. */
  readonly strict?: boolean | undefined
  /** A line for each call on stderr. Default `off`. */
  readonly log?: 'pretty' | 'json' | 'off' | undefined
}

export interface ConnectOptions {
  /** The control token of that sandbox, where it has one. */
  readonly token?: string | undefined
  /** The world that the handle is for; made when there is none of that id. The default world unless named. */
  readonly world?: string | undefined
}

/** A sandbox, in this process or elsewhere. It is its default world as well: `sandbox.deposit(…)` is `sandbox.world().deposit(…)`. */
export interface Sandbox extends World, AsyncDisposable {
  /** Where it listens. Throws while it does not. */
  readonly url: string
  /** Listens, on any free port unless one is named, and tells where. One that listens already goes on where it is; one that runs elsewhere refuses. */
  listen(port?: number, host?: string): Promise<string>
  /**
   * A world of its own for a test; made when there is none of that id. Options are for a new world only. Of a sandbox elsewhere it is there as soon as
   * the first call of its handle is, and `baseUrl` may be asked for from then on.
   */
  world(
    id?: string,
    start?: { readonly seed?: string | undefined; readonly clock?: string | undefined },
  ): WithProviders<World>
  /** Prometheus text. */
  metrics(): Promise<string>
  /** Stops listening, closes inboxes, forgets everything. Delays of scenarios end at once. Of a sandbox elsewhere: closes inboxes. No handle works from then on. */
  close(): Promise<void>
}

/** The providers by name: `world.cpg`. One that you have added yourself is at `world.provider(name)`, or here by declaration merging. */
export interface Providers {
  readonly alphapo: Provider
  readonly cpg: Provider
  readonly payward: Provider
  readonly zopay: Provider
}

/** Every provider by its name, beside everything else. */
export type WithProviders<Handle> = Handle & Providers

/** Everything that is true in one world, and the ways to move it. Every method but `world` and `provider` may throw a `ControlError`. */
export interface World {
  readonly id: string
  readonly clock: Clock
  readonly faults: Faults
  /** The same as the property of that name; throws when there is no such provider. */
  provider(name: string): Provider
  /** Calls the sandbox, in process where it is: a path (`/cpg/v1/…`, within this world) or a URL of the sandbox. No port is needed. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** Money sent to an address that was handed out. */
  deposit(wish: DepositWish): Promise<Deposit>
  deposits(filter?: {
    readonly provider?: string
    readonly address?: string
    readonly account?: string
    readonly user?: string
  }): Promise<Deposit[]>
  addresses(filter?: {
    readonly provider?: string
    readonly address?: string
    readonly account?: string
    readonly user?: string
  }): Promise<HandOut[]>
  /** The calls that were made, oldest first, each with the checks it passed and what stopped it. */
  calls(filter?: {
    readonly provider?: string
    readonly operation?: string
    readonly status?: number
    readonly refused?: boolean
  }): Promise<Entry[]>
  /** Everything that happened, oldest first. */
  journal(filter?: {
    readonly provider?: string
    readonly operation?: string
    readonly status?: number
    readonly refused?: boolean
    readonly kind?: string
  }): Promise<Entry[]>
  /** Whether a call was made, or not: `{ provider, operation, match, times }`. */
  verify(
    wish: VerifyWish,
  ): Promise<{ readonly ok: boolean | 'unknown'; readonly count: number; readonly closest: readonly unknown[] }>
  /** What was sent to partners, a row a delivery. */
  callbacks(filter?: {
    readonly provider?: string
    readonly event?: string
    readonly status?: string
  }): Promise<Delivery[]>
  /** Once more, at once. */
  redeliver(id: string): Promise<Delivery>
  /** Where callbacks go now. */
  endpoints(filter?: { readonly provider?: string; readonly account?: string }): Promise<Omit<Endpoint, 'secret'>[]>
  /** Nothing goes there any more: the id of an endpoint, or the provider where it has only one. */
  removeEndpoint(id: string): Promise<void>
  /** A receiver of callbacks on a free port of this machine; those of every provider, or of one, go there from now on. */
  inbox(options?: InboxOptions): Promise<Inbox>
  /** Loads a scenario: the path of a file, or what such a file holds. */
  scenario(fileOrScenario: string | ScenarioWritten): Promise<unknown>
  /** The world as new. */
  reset(start?: { readonly seed?: string; readonly clock?: string }): Promise<void>
  /** The whole state as text, to be handed to `restore`. */
  snapshot(): Promise<string>
  restore(snapshot: string): Promise<void>
  /** A recording for `sandgate replay`, as text. */
  recording(): Promise<string>
  /** Deletes the world. */
  remove(): Promise<void>
  /** Any call of the control API: `control('GET', '/rules')`. Answers with the body as JSON. */
  control(method: string, path: string, body?: unknown): Promise<any>
}

export interface Clock {
  now(): Promise<Date>
  freeze(): Promise<void>
  run(): Promise<void>
  /** Sets the clock forward. */
  set(to: string | Date): Promise<void>
  /** Runs everything that falls due, callbacks included, and tells what happened. `4h`, or `{ to }`, or `{ until: 'quiet' }`. */
  advance(by: string | { readonly to: string | Date } | { readonly until: 'quiet' }): Promise<Happened[]>
}

export interface Faults {
  /** Arms one rule of a scenario: `{ when, then }`. */
  arm(rule: RuleWritten): Promise<ArmedRule>
  list(): Promise<ArmedRule[]>
  /** Disarms one, or all. */
  clear(id?: string): Promise<void>
}

/** A rule as it is armed: how many calls it was about, and how often it struck. */
export interface ArmedRule {
  readonly id: string
  readonly source: string
  readonly when: Readonly<Record<string, unknown>>
  readonly then: readonly Readonly<Record<string, unknown>>[]
  readonly matched: number
  readonly fired: number
}

/** What a call looks like: parts of its body, headers, query and path; a text may be `/a regex/`. */
export interface CallMatch {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly path?: Readonly<Record<string, unknown>>
}

export interface VerifyWish {
  readonly provider: string
  readonly operation: string
  readonly match?: CallMatch
  /** At least once unless given. */
  readonly times?: { readonly exactly?: number; readonly atLeast?: number; readonly atMost?: number }
  /** Only calls behind the first one of this kind count. */
  readonly after?: { readonly provider: string; readonly operation: string; readonly match?: CallMatch }
}

export interface Provider {
  readonly name: string
  /** What a partner puts into its SDK. Throws while the sandbox does not listen. */
  readonly baseUrl: string
  /** Calls the provider in process: `fetch('/v1/deposit-addresses', { … })`. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Where an account's callbacks go; answers with the secret in use. */
  callbacksTo(endpoint: {
    readonly url: string
    readonly secret?: string
    readonly events?: readonly string[]
    readonly account?: string
  }): Promise<Endpoint>
}

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

/** A receiver of callbacks. */
export interface Inbox extends AsyncDisposable {
  /** What follows is the provider's name. */
  readonly url: string
  /** Everything so far, oldest first. */
  readonly received: readonly Received[]
  /** The secret that each provider signs with. */
  readonly secrets: Readonly<Record<string, string>>
  /** What is answered: a status, or more. 200 unless set. */
  answer: (
    received: Received,
    index: number,
  ) =>
    | number
    | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** The oldest callback that `next` has not handed out yet, as soon as there is one. Fails after four seconds, saying what came instead, what went wrong, and what is due. */
  next(wanted?: { readonly provider?: string; readonly event?: string; readonly withinMs?: number }): Promise<Received>
  close(): Promise<void>
}

/** A callback as a receiver got it. */
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

export interface Happened {
  readonly at: string
  readonly provider: string
  readonly kind: string
  readonly summary: string
}

export interface DepositWish {
  readonly address: string
  readonly tag?: string | number | null | undefined
  /** Decimal text. */
  readonly amount: string
  readonly currency?: string | undefined
  readonly network?: string | undefined
  /** How long until it is seen: `4h`. */
  readonly after?: string | undefined
  readonly confirmations?: 'instant' | number | undefined
  readonly outcome?: 'confirmed' | 'dropped' | 'reorged' | 'replaced' | undefined
  readonly same_transaction_as?: string | undefined
}

export interface Deposit {
  readonly id: string
  readonly txid: string
  readonly status: 'scheduled' | 'seen' | 'confirmed' | 'dropped' | 'reorged' | 'replaced'
  readonly provider: string
  readonly account: string | null
  readonly reference: string | null
  readonly address: string
  readonly tag: string | null
  readonly amount: string
  readonly currency: string
  readonly network: string
  readonly confirmations: number
  readonly sent_at: string
  readonly seen_at: string | null
  readonly confirmed_at: string | null
}

export interface HandOut {
  readonly id: string
  readonly at: string
  readonly provider: string
  readonly account: string
  readonly user: string | null
  readonly network: string
  readonly currency: string
  readonly address: string
  readonly tag: string | null
  readonly reference: string
}

export interface Entry {
  readonly id: number
  readonly kind: string
  readonly at: string
  readonly provider?: string
  readonly operation?: string
  readonly status?: number
  /** Of a call: whether it was answered with 400 or more, or cut off. */
  readonly refused?: boolean
  /** Of a call: whose key made it, and which of the account's keys, counted from 1. */
  readonly account?: string
  readonly key?: number
  readonly checks?: readonly string[]
  readonly stopped_by?: string
  readonly refusal?: string
  readonly notes?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

export interface Endpoint {
  readonly id: string
  readonly provider: string
  readonly account: string
  readonly url: string
  readonly secret: string
  readonly events: readonly string[]
}

export interface Delivery {
  readonly id: string
  readonly provider: string
  readonly account: string
  readonly event: string
  readonly object: string | null
  readonly url: string | null
  readonly status: 'pending' | 'delivered' | 'exhausted' | 'dropped' | 'paused'
  readonly created_at: string
  readonly body: string
  /** Why it is not tried any more, where it was not tried as often as it might be. */
  readonly reason?: string
  readonly attempts: readonly Attempt[]
}

export interface Attempt {
  readonly at: string
  readonly status: number | null
  readonly error: string | null
  /** Those of the request; left out where none was made. */
  readonly headers?: Readonly<Record<string, string>>
  /** The text that the signature in them is made of. */
  readonly signed_text?: string
}

/** A sandbox in this process: `await using sandbox = await createSandbox({ clock: '2026-05-16T19:00:00Z' })`. */
export function createSandbox(options: SandboxOptions = {}): Promise<WithProviders<Sandbox>> {
  return openSandbox(options)
}

/** A sandbox that runs elsewhere, in a container or shared by many: `const sandbox = await connectSandbox('http://127.0.0.1:4010', { world: 'ci-42' })`. */
export function connectSandbox(url: string | URL, options: ConnectOptions = {}): Promise<WithProviders<Sandbox>> {
  return connect(url, options)
}
