// The handles behind `createSandbox` and `connectSandbox` of index.ts: each speaks to the control API of its sandbox, by the one road that everybody
// takes. How they get there is left to create.ts and connect.ts, what the calls do to src/engine.
import { readFile } from 'node:fs/promises'
import type * as api from './api.ts'
import { SandgateError } from './errors.ts'
import { openInbox, type Watched } from './inbox.ts'
import { checkpointsOf } from './checkpoints-handle.ts'
import { clockOf } from './clock-handle.ts'
import { moneyOf } from './money-handle.ts'
import { DEFAULT_WORLD } from '../engine/worlds.ts'
import { didYouMean } from '../text/suggest.ts'

/** How many rows of a list are asked for at once. */
const PAGE = 1000

/** How handles get to their sandbox: within this process, or over HTTP. */
export interface Reach {
  /** The providers by name. */
  readonly names: readonly string[]
  /** The world that the sandbox's own handle is for. */
  readonly home: string
  /** What stands before a path. */
  readonly base: string
  readonly token: string | undefined
  readonly fetch: typeof fetch
  /** What to say when it cannot be got at; the error itself unless given. */
  readonly unreachable?: (error: Error) => Error
  /** Where it listens. Throws while it does not. */
  url(): string
  /** Makes a world that is not there; a promise where that takes time. Throws, or rejects with, a `SandgateError`. */
  make(id: string, start: api.WorldOptions): Promise<void> | undefined
  /** The world was deleted by its handle. */
  gone(id: string): void
  /** What an inbox has to know of a world. */
  watch(world: WorldHandle): Omit<Watched, 'deliveries' | 'closed'>
  listen(port: number | undefined, host: string | undefined): Promise<string>
  close(): Promise<void>
}

/** What all handles of one sandbox share. */
interface Shared {
  readonly reach: Reach
  readonly inboxes: Set<api.Inbox>
  /** Throws when the sandbox is closed. */
  readonly alive: () => void
}

export class WorldHandle implements api.World {
  readonly id: string
  readonly clock: api.Clock
  readonly faults: api.Faults
  readonly money: api.Money
  readonly checkpoints: api.Checkpoints
  /** The world is being made. */
  making: Promise<void> | undefined
  readonly #shared: Shared
  readonly #providers: ReadonlyMap<string, api.Provider>

  constructor(id: string, shared: Shared) {
    this.id = id
    this.#shared = shared
    this.clock = clockOf(this)
    this.faults = faultsOf(this)
    this.checkpoints = checkpointsOf(this)
    this.money = moneyOf({
      control: (...call) => this.control(...call),
      rows: (path, filter) => this.#rows(path, filter),
      query: queryOf,
    })
    this.#providers = new Map(shared.reach.names.map((name) => [name, this.#providerOf(name)]))
  }

  provider(name: string): api.Provider {
    const provider = this.#providers.get(name)
    if (!provider)
      throw new SandgateError(
        404,
        `there is no provider "${name}"${didYouMean(name, [...this.#providers.keys()])}`,
        undefined,
        'provider_not_found',
      )
    return provider
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    this.#shared.alive()
    await this.making
    const { base, fetch } = this.#shared.reach
    return fetch(typeof input === 'string' && input.startsWith('/') ? `${base}${this.#path}${input}` : input, init)
  }

  async control(method: string, path: string, body?: unknown): Promise<any> {
    const text = await this.#ask(method, path, body === undefined ? undefined : JSON.stringify(body))
    return text === '' ? undefined : JSON.parse(text)
  }

  deposit(input: api.DepositInput): Promise<api.Deposit> {
    return this.control('POST', '/deposits', input)
  }

  deposits(filter: object = {}): Promise<api.Deposit[]> {
    return this.#rows('/deposits', filter)
  }

  addresses(filter: object = {}): Promise<api.HandOut[]> {
    return this.#rows('/addresses', filter)
  }

  callbacks(filter: object = {}): Promise<api.Delivery[]> {
    return this.#rows('/callbacks', filter)
  }

  redeliver(id: string): Promise<api.Delivery> {
    return this.control('POST', `/callbacks/${encodeURIComponent(id)}/redeliver`)
  }

  async endpoints(filter: object = {}): Promise<api.EndpointListed[]> {
    return (await this.control('GET', `/callbacks/endpoints${queryOf(filter)}`)).data
  }

  async removeEndpoint(id: string): Promise<void> {
    await this.control('DELETE', `/callbacks/endpoints/${encodeURIComponent(id)}`)
  }

  calls(filter: object = {}): Promise<api.Entry[]> {
    return this.journal({ ...filter, kind: 'call' })
  }

  async journal(filter: object = {}): Promise<api.Entry[]> {
    const entries: api.Entry[] = []
    for (;;) {
      const { data } = await this.control(
        'GET',
        `/journal${queryOf({ ...filter, limit: PAGE, after: entries.at(-1)?.id ?? 0 })}`,
      )
      entries.push(...data)
      if (data.length < PAGE) return entries
    }
  }

  verify(input: api.VerifyInput): Promise<api.Verdict> {
    return this.control('POST', '/verify', input)
  }

  async inbox(options: api.InboxOptions = {}): Promise<api.Inbox> {
    this.#shared.alive()
    const { provider, host, ...endpoint } = options
    const { reach, inboxes } = this.#shared
    const inbox = await openInbox(
      { ...reach.watch(this), deliveries: () => this.callbacks(), closed: () => inboxes.delete(inbox) },
      host,
    )
    inboxes.add(inbox)
    try {
      for (const name of provider === undefined ? reach.names : [provider])
        await this.#point(name, inbox, endpoint, provider !== undefined)
      return inbox
    } catch (error) {
      await inbox.close()
      throw error
    }
  }

  /** One that sends no callbacks is passed over where all were meant. */
  async #point(name: string, inbox: api.Inbox, endpoint: object, named: boolean): Promise<void> {
    try {
      const { secret } = await this.provider(name).callbacksTo({ url: `${inbox.url}/${name}`, ...defined(endpoint) })
      Object.assign(inbox.secrets, { [name]: secret })
    } catch (error) {
      if (named || !(error instanceof SandgateError && error.code === 'no_callbacks')) throw error
    }
  }

  async scenario(fileOrScenario: string | api.ScenarioInput): Promise<api.ScenarioState> {
    const isFile = typeof fileOrScenario === 'string'
    const text = isFile ? await textOf(fileOrScenario) : JSON.stringify(fileOrScenario)
    try {
      return JSON.parse(await this.#ask('PUT', '/scenario', text, isFile ? 'application/yaml' : 'application/json'))
    } catch (error) {
      if (!(error instanceof SandgateError)) throw error
      // The control API calls what it was sent `body`; an object has no lines worth naming.
      const from = (told: string) =>
        told.replace(isFile ? /\bbody(?=:\d+:)/g : /\bbody:\d+: /g, isFile ? fileOrScenario : '')
      throw new SandgateError(error.status, from(error.message), error.problem)
    }
  }

  async reset(start: api.WorldOptions = {}): Promise<void> {
    await this.control('POST', '/reset', start)
  }

  snapshot(): Promise<string> {
    return this.#ask('GET', '/snapshot')
  }

  async restore(snapshot: string): Promise<void> {
    await this.#ask('PUT', '/snapshot', snapshot)
  }

  coverage({ provider, worlds }: api.CoverageOptions = {}): Promise<api.Coverage> {
    const query = new URLSearchParams({ view: 'json', ...(provider && { provider }), ...(worlds && { worlds }) })
    return this.control('GET', `/coverage?${String(query)}`)
  }

  async findings(provider?: string): Promise<api.Finding[]> {
    return (await this.control('GET', `/findings${queryOf({ provider })}`)).data
  }

  recording(): Promise<string> {
    return this.#ask('GET', '/recording')
  }

  async remove(): Promise<void> {
    // Asked of the default world, because a world cannot be under the feet of the call that deletes it.
    await this.#ask('DELETE', `/worlds/${this.id}`, undefined, undefined, '')
    this.#shared.reach.gone(this.id)
  }

  get #path(): string {
    return this.id === DEFAULT_WORLD ? '' : `/w/${this.id}`
  }

  async #rows(path: string, filter: object): Promise<any[]> {
    const rows: any[] = []
    for (let cursor: string | undefined; ;) {
      const { data, next } = await this.control('GET', `${path}${queryOf({ ...filter, limit: PAGE, cursor })}`)
      rows.push(...data)
      if (next === null) return rows
      cursor = next
    }
  }

  async #ask(
    method: string,
    path: string,
    body?: string,
    type = 'application/json',
    world = this.#path,
  ): Promise<string> {
    this.#shared.alive()
    await this.making
    return ask(this.#shared.reach, method, `${world}/_sandgate${path}`, body, type)
  }

  #providerOf(name: string): api.Provider {
    const baseUrl = () => {
      if (this.making)
        throw new Error(`the world "${this.id}" is being made; await a call of it first, such as world.clock.now()`)
      return `${this.#shared.reach.url()}${this.#path}/${name}`
    }
    return {
      name,
      get baseUrl() {
        return baseUrl()
      },
      fetch: (rest, init) => this.fetch(`/${name}${rest}`, init),
      callbacksTo: (endpoint) => this.control('PUT', `/callbacks/endpoints/${name}`, endpoint),
      alsoCallbacksTo: (endpoint) => this.control('POST', `/callbacks/endpoints/${name}`, endpoint),
      action: (action, fields = {}) => this.control('POST', `/actions/${name}/${encodeURIComponent(action)}`, fields),
    }
  }
}

class SandboxHandle extends WorldHandle implements api.Sandbox {
  readonly #shared: Shared
  readonly #reach: Reach
  readonly #worlds = new Map<string, api.WithProviders<WorldHandle>>()
  #closed = false

  constructor(reach: Reach) {
    const shared: Shared = { reach, inboxes: new Set(), alive: () => this.#alive() }
    super(reach.home, shared)
    this.#shared = shared
    this.#reach = reach
  }

  get url(): string {
    return this.#reach.url()
  }

  listen(port?: number, host?: string): Promise<string> {
    return this.#reach.listen(port, host)
  }

  world(id: string = this.id, start: api.WorldOptions = {}): api.WithProviders<api.World> {
    this.#alive()
    const making = this.#reach.make(id, start)
    let handle = this.#worlds.get(id)
    if (!handle) this.#worlds.set(id, (handle = withProviders(new WorldHandle(id, this.#shared), this.#reach)))
    if (making) handle.making = making
    // A world that could not be made says so at every call.
    making?.then(
      () => {
        if (handle.making === making) handle.making = undefined
      },
      () => undefined,
    )
    return handle
  }

  metrics(): Promise<string> {
    this.#alive()
    return ask(this.#reach, 'GET', '/_sandgate/metrics')
  }

  async close(): Promise<void> {
    this.#closed = true
    try {
      await this.#reach.close()
    } finally {
      for (const inbox of this.#shared.inboxes) await inbox.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #alive(): void {
    if (this.#closed) throw new Error('the sandbox is closed')
  }
}

/** The handle of a whole sandbox. */
export function handleOf(reach: Reach): api.WithProviders<api.Sandbox> {
  return withProviders(new SandboxHandle(reach), reach)
}

/** One call of the control API. Answers with the text of the body; throws a `SandgateError`. */
export async function ask(
  { base, token, fetch, unreachable }: Pick<Reach, 'base' | 'token' | 'fetch' | 'unreachable'>,
  method: string,
  path: string,
  body?: string,
  type = 'application/json',
): Promise<string> {
  const headers = {
    ...(body !== undefined && { 'content-type': type }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const answer = await fetch(`${base}${path}`, { method, headers, ...(body !== undefined && { body }) }).catch(
    (error) => {
      throw unreachable ? unreachable(error) : error
    },
  )
  const text = await answer.text()
  if (answer.ok) return text
  const problem = problemOf(text)
  throw new SandgateError(answer.status, problem?.detail ?? `${answer.status} ${answer.statusText}`, problem)
}

function problemOf(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new SandgateError(422, `${file}: cannot be read: ${(error as Error).message}`, undefined, 'invalid_scenario')
  }
}

function faultsOf(world: api.World): api.Faults {
  return {
    arm: (rule) => world.control('POST', '/faults', rule),
    list: async () => (await world.control('GET', '/faults')).data,
    clear: async (id) =>
      void (await world.control('DELETE', id === undefined ? '/faults' : `/faults/${encodeURIComponent(id)}`)),
  }
}

/** Puts every provider under its name, unless the handle has something of that name itself. */
function withProviders<Handle extends api.World>(handle: Handle, { names }: Reach): api.WithProviders<Handle> {
  for (const name of names)
    if (!(name in handle)) Object.defineProperty(handle, name, { value: handle.provider(name), enumerable: true })
  return handle as api.WithProviders<Handle>
}

function queryOf(values: object): string {
  const pairs = Object.entries(defined(values)).map(([name, value]): [string, string] => [name, String(value)])
  return `?${new URLSearchParams(pairs)}`
}

export function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
