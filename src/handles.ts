// The handles behind `createSandbox` of index.ts: each speaks to the control API of its sandbox in process, by the one road that everybody
// takes. What the calls do is left to src/control.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { configSchema } from './config.ts'
import { clockText, Problem } from './control/asking.ts'
import { createWorld } from './control/worlds.ts'
import { portlessFetch } from './http/portless.ts'
import { openInbox } from './inbox.ts'
import { HOST_NAME, TOKEN } from './hosts.ts'
import type * as api from './index.ts'
import { Log, LOG_FORMATS } from './log.ts'
import type { Provider } from './provider.ts'
import { findProviders, Sandbox } from './sandbox.ts'
import { DEFAULT_WORLD, WORLD_ID } from './worlds.ts'
import { complaintsOf, meant } from './yaml.ts'

/** How many rows of a list are asked for at once. */
const PAGE = 1000

/** A no of the control API, in its own words. */
export class ControlError extends Error {
  readonly status: number
  /** The whole problem+json. */
  readonly problem: any

  constructor(status: number, message: string, problem: any) {
    super(message)
    this.name = 'ControlError'
    this.status = status
    this.problem = problem
  }
}

export async function openSandbox(options: api.SandboxOptions): Promise<api.WithProviders<api.Sandbox>> {
  const providers = await findProviders()
  check(options, providers)
  const { port, host, log = 'off', ...rest } = options
  const core = await Sandbox.open(providers, {
    ...defined(rest),
    ...(options.clock !== undefined && { clock: clockText(options.clock) }),
    log: log === 'off' ? undefined : new Log({ format: log, write: (text) => console.error(text.trimEnd()) }),
  })
  const handle = withProviders(new SandboxHandle(core), core)
  if (port === undefined) return handle
  try {
    await handle.listen(port, host)
    return handle
  } catch (error) {
    // Nobody else could let go of its directory.
    await handle.close()
    throw error
  }
}

/** Options are what a config file says, and the flags: a wrong one is told as there, with the nearest right name. */
function check(options: object, providers: ReadonlyMap<string, Provider>): void {
  const text = z.string().min(1)
  const host = z.string().regex(HOST_NAME, 'expected the bare name of a host in lower case, without scheme, port or path')
  const schema = configSchema(providers).extend({
    data: text.optional(),
    fsync: z.boolean().optional(),
    port: z.int().min(0).max(65_535).optional(),
    host: text.optional(),
    allowHosts: z.array(host).optional(),
    allowCallbackHosts: z.array(host).optional(),
    controlToken: z.string().regex(TOKEN, 'expected visible ASCII without blanks, as a header can carry it').optional(),
    strict: z.boolean().optional(),
    log: z.enum(LOG_FORMATS).optional(),
  })
  const parsed = schema.safeParse(options)
  if (parsed.success) return
  const told = complaintsOf(parsed.error, z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), options)
  throw new ControlError(422, `createSandbox: ${told.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')).join('; ')}`, undefined)
}

/** What all handles of one sandbox share. */
interface Shared {
  readonly core: Sandbox
  readonly fetch: typeof fetch
  readonly inboxes: Set<api.Inbox>
  /** Throws while nothing listens. */
  readonly url: () => string
}

class WorldHandle implements api.World {
  readonly id: string
  readonly clock: api.Clock
  readonly faults: api.Faults
  readonly #shared: Shared
  readonly #providers: ReadonlyMap<string, api.Provider>

  constructor(id: string, shared: Shared) {
    this.id = id
    this.#shared = shared
    this.clock = clockOf(this)
    this.faults = faultsOf(this)
    this.#providers = new Map([...shared.core.providers.keys()].map((name) => [name, this.#providerOf(name)]))
  }

  provider(name: string): api.Provider {
    const provider = this.#providers.get(name)
    if (!provider) throw new ControlError(404, `there is no provider "${name}"${meant(name, [...this.#providers.keys()])}`, undefined)
    return provider
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return this.#shared.fetch(typeof input === 'string' && input.startsWith('/') ? `http://localhost${this.#path}${input}` : input, init)
  }

  async control(method: string, path: string, body?: unknown): Promise<any> {
    const text = await this.#ask(method, path, body === undefined ? undefined : JSON.stringify(body))
    return text === '' ? undefined : JSON.parse(text)
  }

  deposit(wish: api.DepositWish): Promise<api.Deposit> {
    return this.control('POST', '/deposits', wish)
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

  calls(filter: object = {}): Promise<api.Entry[]> {
    return this.journal({ ...filter, kind: 'call' })
  }

  async journal(filter: object = {}): Promise<api.Entry[]> {
    const entries: api.Entry[] = []
    for (;;) {
      const { data } = await this.control('GET', `/journal${queryOf({ ...filter, limit: PAGE, after: entries.at(-1)?.id ?? 0 })}`)
      entries.push(...data)
      if (data.length < PAGE) return entries
    }
  }

  verify(wish: object): Promise<any> {
    return this.control('POST', '/verify', wish)
  }

  async inbox(options: api.InboxOptions = {}): Promise<api.Inbox> {
    const { provider, ...endpoint } = options
    const { core, inboxes } = this.#shared
    const inbox = await openInbox({ providers: core.providers, wall: core.wall, world: () => core.world(this.id), closed: () => inboxes.delete(inbox) })
    inboxes.add(inbox)
    const names = provider === undefined ? [...core.providers.values()].filter(({ callbacks }) => callbacks).map(({ name }) => name) : [provider]
    try {
      for (const name of names) inbox.secrets[name] = (await this.provider(name).callbacksTo({ url: `${inbox.url}/${name}`, ...defined(endpoint) })).secret
      return inbox
    } catch (error) {
      await inbox.close()
      throw error
    }
  }

  async scenario(fileOrScenario: string | object): Promise<unknown> {
    const text = typeof fileOrScenario === 'string' ? await readFile(fileOrScenario, 'utf8') : JSON.stringify(fileOrScenario)
    return JSON.parse(await this.#ask('PUT', '/scenario', text, typeof fileOrScenario === 'string' ? 'application/yaml' : 'application/json'))
  }

  async reset(start: { readonly seed?: string; readonly clock?: string } = {}): Promise<void> {
    await this.control('POST', '/reset', start)
  }

  snapshot(): Promise<string> {
    return this.#ask('GET', '/snapshot')
  }

  async restore(snapshot: string): Promise<void> {
    await this.#ask('PUT', '/snapshot', snapshot)
  }

  recording(): Promise<string> {
    return this.#ask('GET', '/recording')
  }

  async remove(): Promise<void> {
    // Asked of the default world, because a world cannot be under the feet of the call that deletes it.
    await this.#ask('DELETE', `/worlds/${this.id}`, undefined, undefined, '')
  }

  get #path(): string {
    return this.id === DEFAULT_WORLD ? '' : `/w/${this.id}`
  }

  async #rows(path: string, filter: object): Promise<any[]> {
    const rows: any[] = []
    for (let cursor: string | undefined; ; ) {
      const { data, next } = await this.control('GET', `${path}${queryOf({ ...filter, limit: PAGE, cursor })}`)
      rows.push(...data)
      if (next === null) return rows
      cursor = next
    }
  }

  async #ask(method: string, path: string, body?: string, type = 'application/json', world = this.#path): Promise<string> {
    const { controlToken } = this.#shared.core.options
    const headers = { ...(body !== undefined && { 'content-type': type }), ...(controlToken !== undefined && { authorization: `Bearer ${controlToken}` }) }
    const answer = await this.#shared.fetch(`http://localhost${world}/_sandgate${path}`, { method, headers, ...(body !== undefined && { body }) })
    const text = await answer.text()
    if (answer.ok) return text
    const problem = JSON.parse(text)
    throw new ControlError(answer.status, problem.detail, problem)
  }

  #providerOf(name: string): api.Provider {
    const { url } = this.#shared
    const path = () => `${this.#path}/${name}`
    return {
      name,
      get baseUrl() {
        return url() + path()
      },
      fetch: (rest, init) => this.fetch(`/${name}${rest}`, init),
      callbacksTo: (endpoint) => this.control('PUT', `/callbacks/endpoints/${name}`, endpoint),
    }
  }
}

class SandboxHandle extends WorldHandle implements api.Sandbox {
  readonly #core: Sandbox
  readonly #shared: Shared
  readonly #worlds = new Map<string, api.WithProviders<api.World>>()

  constructor(core: Sandbox) {
    const shared: Shared = { core, fetch: portlessFetch((connection) => core.serve(connection)), inboxes: new Set(), url: () => this.url }
    super(DEFAULT_WORLD, shared)
    this.#core = core
    this.#shared = shared
  }

  get url(): string {
    const { url } = this.#core
    if (url === undefined) throw new Error('the sandbox does not listen: createSandbox({ port: 0 }) or sandbox.listen() takes a free port; provider.fetch(path) needs none')
    return url
  }

  listen(port?: number, host?: string): Promise<string> {
    return this.#core.listen(port, host)
  }

  world(id: string = DEFAULT_WORLD, start: { readonly seed?: string | undefined; readonly clock?: string | undefined } = {}): api.WithProviders<api.World> {
    const exists = this.#core.world(id) !== undefined
    if (exists && Object.values(start).some((value) => value !== undefined)) throw new ControlError(409, `there is a world "${id}" already; world("${id}").reset({ … }) makes it new`, undefined)
    if (!exists) refusing(id, () => createWorld({ sandbox: this.#core, body: { id, ...start }, origin: '' }))
    let handle = this.#worlds.get(id)
    if (!handle) this.#worlds.set(id, (handle = withProviders(new WorldHandle(id, this.#shared), this.#core)))
    return handle
  }

  async metrics(): Promise<string> {
    return (await this.fetch('/_sandgate/metrics')).text()
  }

  async close(): Promise<void> {
    try {
      await this.#core.close()
      this.#core.options.log?.flush()
    } finally {
      for (const inbox of this.#shared.inboxes) await inbox.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function clockOf(world: api.World): api.Clock {
  const move = async (body: object) => void (await world.control('PATCH', '/clock', body))
  const text = (instant: string | Date) => (typeof instant === 'string' ? instant : instant.toISOString())
  return {
    now: async () => new Date((await world.control('GET', '/clock')).now),
    freeze: () => move({ mode: 'frozen' }),
    run: () => move({ mode: 'running' }),
    set: (to) => move({ now: text(to) }),
    advance: async (by) => {
      const body = typeof by === 'string' ? { by } : 'to' in by ? { to: text(by.to) } : by
      return (await world.control('POST', '/clock/advance', body)).happened
    },
  }
}

function faultsOf(world: api.World): api.Faults {
  return {
    arm: (rule) => world.control('POST', '/faults', rule),
    list: async () => (await world.control('GET', '/faults')).data,
    clear: async (id) => void (await world.control('DELETE', id === undefined ? '/faults' : `/faults/${encodeURIComponent(id)}`)),
  }
}

/** Puts every provider under its name, unless the handle has something of that name itself. */
function withProviders<Handle extends api.World>(handle: Handle, { providers }: Sandbox): api.WithProviders<Handle> {
  for (const name of providers.keys()) if (!(name in handle)) Object.defineProperty(handle, name, { value: handle.provider(name), enumerable: true })
  return handle as api.WithProviders<Handle>
}

/** To the control API a bad id is a call off its contract, and never comes this far. */
function refusing(id: string, make: () => void): void {
  try {
    make()
  } catch (error) {
    throw error instanceof Problem ? new ControlError(WORLD_ID.test(id) ? error.status : 422, `world("${id}"): ${error.detail}`, undefined) : error
  }
}

function queryOf(values: object): string {
  const pairs = Object.entries(defined(values)).map(([name, value]): [string, string] => [name, String(value)])
  return `?${new URLSearchParams(pairs)}`
}

function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
