// `createSandbox` of index.ts: a sandbox in this process, and the way to it that needs no port. Options are checked as a config file is.
import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { configSchema } from '../config.ts'
import { clockText, Problem } from '../control/http.ts'
import { createWorld } from '../control/worlds.ts'
import { SandgateError } from './errors.ts'
import { defined, handleOf, type Reach } from './handles.ts'
import { HOST_NAME, TOKEN } from '../text/hosts.ts'
import { NoSuchEndpoint } from '../outbox/endpoints.ts'
import { portlessFetch } from './portless.ts'
import { type Judged, UNKNOWN } from './inbox.ts'
import type * as api from './api.ts'
import { signatureIn, signerOf } from './callback-check.ts'
import { Log, LOG_FORMATS } from '../telemetry/log.ts'
import type { Provider } from '../provider.ts'
import { findProviders, Sandbox } from '../app.ts'
import { happened } from '../world/clock.ts'
import { Deliveries, Endpoints } from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import { DEFAULT_WORLD, WORLD_ID } from '../engine/worlds.ts'
import { complaintsOf, YamlError } from '../text/yaml.ts'

/** How many timers are looked at for what is due next. */
const LOOKED_AT = 1_000

export async function openSandbox(options: api.SandboxOptions): Promise<api.WithProviders<api.Sandbox>> {
  const providers = await findProviders()
  check(options, providers)
  const { port, host, log = 'off', ...rest } = options
  const core = await Sandbox.open(providers, {
    ...defined(rest),
    ...(options.clock !== undefined && { clock: clockText(options.clock) }),
    log: log === 'off' ? undefined : new Log({ format: log, write: (text) => console.error(text.trimEnd()) }),
  }).catch((error) => {
    throw error instanceof YamlError || error instanceof NoSuchEndpoint
      ? new SandgateError(422, `createSandbox: ${error.message.replaceAll('\n', '; ')}`, undefined)
      : error
  })
  const handle = handleOf(reachOf(core))
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
  const host = z
    .string()
    .regex(HOST_NAME, 'expected the bare name of a host in lower case, without scheme, port or path')
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
  checked('createSandbox', schema, options)
}

/** Throws when options are not what the schema says: what is wrong, and the nearest right name. */
export function checked(who: string, schema: z.ZodType, options: unknown): void {
  const parsed = schema.safeParse(options)
  if (parsed.success) return
  const told = complaintsOf(
    parsed.error.issues,
    () => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
    options,
  )
  throw new SandgateError(
    422,
    `${who}: ${told.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')).join('; ')}`,
    undefined,
  )
}

function reachOf(core: Sandbox): Reach {
  return {
    names: [...core.providers.keys()],
    home: DEFAULT_WORLD,
    base: 'http://localhost',
    token: core.options.controlToken,
    fetch: portlessFetch((connection) => core.serve(connection)),
    url: () => {
      if (core.url === undefined)
        throw new Error(
          'the sandbox does not listen: createSandbox({ port: 0 }) or sandbox.listen() takes a free port; provider.fetch(path) needs none',
        )
      return core.url
    },
    make: (id, start) => {
      const exists = core.world(id) !== undefined
      if (exists && Object.values(start).some((value) => value !== undefined))
        throw new SandgateError(
          409,
          `there is a world "${id}" already; world("${id}").reset({ … }) makes it new`,
          undefined,
        )
      if (!exists) refusing(id, () => createWorld({ sandbox: core, body: { id, ...start }, origin: '' }))
      return undefined
    },
    gone: () => undefined,
    watch: ({ id }) => ({
      judge: (provider, headers, text) => judge(provider, headers, text, core, core.world(id)),
      due: async () => {
        const { clock, now } = core.world(id)!
        return {
          now: new Date(now).toISOString(),
          due: clock
            .waiting(LOOKED_AT)
            .filter(({ kind }) => kind !== 'window' && kind !== 'retention')
            .map(happened),
        }
      },
    }),
    listen: (port, host) => core.listen(port, host),
    close: async () => {
      await core.close()
      core.options.log?.flush()
    },
  }
}

/** The delivery that is on its way with this body, and whether the provider signed it so. */
function judge(
  provider: string,
  headers: IncomingHttpHeaders,
  text: string,
  { providers, wall }: Sandbox,
  world: World | undefined,
): Judged {
  const delivery = world?.list(Deliveries, 'sending', '').find((row) => row.provider === provider && row.body === text)
  if (!world || !delivery) return UNKNOWN
  const endpoint = world.get(Endpoints, delivery.endpoint)
  const signature = endpoint
    ? signatureIn(headers, signerOf(providers.get(provider)!.callbacks!, delivery, endpoint, world), wall())
    : 'wrong'
  return { delivery: delivery.id, event: delivery.event, signature }
}

/** To the control API a bad id is a call off its contract, and never comes this far. */
function refusing(id: string, make: () => void): void {
  try {
    make()
  } catch (error) {
    throw error instanceof Problem
      ? new SandgateError(WORLD_ID.test(id) ? error.status : 422, `world("${id}"): ${error.detail}`, undefined)
      : error
  }
}
