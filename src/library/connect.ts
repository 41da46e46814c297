// `connectSandbox` of index.ts: the handles of a sandbox that runs elsewhere, over HTTP. Worlds are made by the control API, callbacks are judged with
// the providers' own rules of this package and the secret that the sandbox told.
import { z } from 'zod'
import { version } from '../runtime/package.ts'
import { checked } from './create.ts'
import { SandgateError } from './errors.ts'
import { ask, defined, handleOf, type Reach } from './handles.ts'
import { TOKEN } from '../text/hosts.ts'
import { type Judged, UNKNOWN } from './inbox.ts'
import type * as api from './api.ts'
import { signatureIn, type Signer, signerOf } from './callback-check.ts'
import type { CallbackRules } from '../provider.ts'
import { findProviders } from '../app.ts'
import { quietEngine } from '../engine/quiet.ts'
import type { Delivery, Endpoint } from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import { WORLD_ID } from '../engine/world-ids.ts'
import { DEFAULT_WORLD } from '../engine/worlds.ts'

const Options = z.strictObject({
  token: z.string().regex(TOKEN, 'expected visible ASCII without blanks, as a header can carry it').optional(),
  world: z.string().regex(WORLD_ID, 'expected the id of a world, such as ci-42').optional(),
})

// rule: sandgate.connect
export async function connect(url: string | URL, options: api.ConnectOptions): Promise<api.WithProviders<api.Sandbox>> {
  checked('connectSandbox', Options, options)
  const base = baseOf(url)
  const { token, world: home = DEFAULT_WORLD } = options
  const there = {
    base,
    token,
    fetch: fetchThere,
    unreachable: (error: Error) =>
      new Error(`the sandbox at ${base} does not answer: ${causeOf(error)}`, { cause: error }),
  }
  const { version: running } = jsonOf(await ask(there, 'GET', '/_sandgate/health'), base)
  if (running !== version)
    console.error(`sandgate: the sandbox at ${base} has the version ${running}, this package has ${version}`)
  const { data: worlds } = jsonOf(await ask(there, 'GET', '/_sandgate/worlds'), base)
  const providers = await findProviders()
  // Settings alone are asked of it: what goes into a signature beside the secret.
  const local = quietEngine(providers, {}).world()!
  const known = new Set([DEFAULT_WORLD])

  const reach: Reach = {
    ...there,
    names: Object.keys(worlds[0].base_urls),
    home,
    url: () => base,
    make: (id, start) => {
      const input = defined(start)
      if (known.has(id) && Object.keys(input).length === 0) return undefined
      return made(id, input, there).then(() => void known.add(id))
    },
    gone: (id) => void known.delete(id),
    watch: (world) => ({
      judge: (provider, headers, text, secret) =>
        judge(provider, headers, text, secret, providers.get(provider)?.callbacks, local, world),
      due: async () => {
        const { now, next } = await world.control('GET', '/clock')
        return { now, due: next.filter(({ kind }: api.Happened) => kind !== 'window' && kind !== 'retention') }
      },
    }),
    listen: () => Promise.reject(new Error(`the sandbox runs elsewhere and listens already, at ${base}`)),
    close: async () => undefined,
  }
  await reach.make(home, {})
  return handleOf(reach)
}

/** Makes a world; one that is there already is as good, unless it was to be another one. By its own path, so that a balancer leads there. */
async function made(id: string, input: object, there: Parameters<typeof ask>[0]): Promise<void> {
  try {
    await putOrPost(id, input, there)
  } catch (error) {
    if (!(error instanceof SandgateError && error.code === 'world_exists')) throw error
    if (Object.keys(input).length > 0)
      throw new SandgateError(409, `${error.message}; world("${id}").reset({ … }) makes it new`, error.problem)
  }
}

async function putOrPost(id: string, input: object, there: Parameters<typeof ask>[0]): Promise<void> {
  try {
    // What is no id might be another path altogether.
    if (!WORLD_ID.test(id)) throw new SandgateError(404, 'there is no path of that id', undefined)
    await ask(there, 'PUT', `${id === DEFAULT_WORLD ? '' : `/w/${id}`}/_sandgate`, JSON.stringify(input))
  } catch (error) {
    // Sandboxes of earlier versions know no PUT of a world.
    if (!(error instanceof SandgateError && [404, 405].includes(error.status))) throw error
    await ask(there, 'POST', '/_sandgate/worlds', JSON.stringify({ id, ...input }))
  }
}

async function judge(
  provider: string,
  headers: api.Received['headers'],
  text: string,
  secret: string | undefined,
  rules: CallbackRules | undefined,
  local: World,
  world: api.World,
): Promise<Judged> {
  const isIt = ({ body }: api.Delivery) => body === text
  // One that is on its way is pending; the list of all may be long.
  const delivery =
    (await world.callbacks({ provider, status: 'pending' })).find(isIt) ??
    (await world.callbacks({ provider })).find(isIt)
  if (!delivery) return UNKNOWN
  const signature = rules && secret !== undefined ? signatureBy(secret, rules, headers, delivery, local) : 'wrong'
  return { delivery: delivery.id, event: delivery.event, signature }
}

/** Only the headers that the secret decides count: another one may hold a key of an account that only the sandbox knows. */
function signatureBy(
  secret: string,
  rules: CallbackRules,
  headers: api.Received['headers'],
  delivery: api.Delivery,
  local: World,
): api.Received['signature'] {
  const by = (secret: string): Signer => signerOf(rules, delivery as unknown as Delivery, { secret } as Endpoint, local)
  const now = Date.now()
  const [signed, bent] = [by(secret)(now), by(Buffer.from(`not ${secret}`).toString('base64'))(now)]
  return signatureIn(headers, by(secret), now, (name) => signed[name] !== bent[name])
}

function baseOf(url: string | URL): string {
  const parsed = URL.canParse(String(url)) ? new URL(url) : undefined
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol))
    throw new SandgateError(
      422,
      `connectSandbox: "${url}" is not the URL of a sandbox; expected one such as http://127.0.0.1:4010`,
      undefined,
      'invalid_request',
    )
  return `${parsed.origin}${parsed.pathname.replace(/\/$/, '')}`
}

/** Redirects are handed back, as they are within a process. */
const fetchThere: typeof fetch = (input, init) => fetch(input, { redirect: 'manual', ...init })

function jsonOf(text: string, base: string): any {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`there is no sandbox at ${base}: it answers, but not as Sandgate does`)
  }
}

function causeOf({ cause, message }: Error): string {
  const { message: inner, code } = (cause ?? {}) as NodeJS.ErrnoException
  return inner || code || message
}
