// `createSandbox` of index.ts: a sandbox in this process, and the way to it that needs no port. Options are checked as a config file is.
import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { problemOf, SandgateError as EngineError } from '../engine/errors.ts'
import { librarySchema } from '../options.ts'
import { InvalidTime } from '../text/durations.ts'
import { clockText } from '../text/instants.ts'
import { SandgateError } from './errors.ts'
import { defined, handleOf, type Reach } from './handles.ts'
import { InvalidEndpoint } from '../outbox/endpoints.ts'
import { InvalidBalance } from '../scenario/balances.ts'
import { portlessFetch } from './portless.ts'
import { type Judged, UNKNOWN } from './inbox.ts'
import type * as api from './api.ts'
import { signatureIn, signerOf } from './callback-check.ts'
import { Log } from '../telemetry/log.ts'
import { findProviders, Sandbox } from '../app.ts'
import type { Engine } from '../engine/engine.ts'
import { happened } from '../world/clock.ts'
import { Deliveries, Endpoints } from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import { DEFAULT_WORLD } from '../engine/worlds.ts'
import { isDatabase } from '../text/databases.ts'
import { complaintsOf } from '../text/complaints.ts'
import { YamlError } from '../text/yaml.ts'

/** How many timers are looked at for what is due next. */
const LOOKED_AT = 1_000

export async function openSandbox(options: api.SandboxOptions): Promise<api.WithProviders<api.Sandbox>> {
  const providers = await findProviders()
  checked('createSandbox', librarySchema(providers), options)
  if (options.data !== undefined && isDatabase(options.data))
    throw new SandgateError(
      422,
      'createSandbox: data: expected a directory. A database is for processes that share worlds: start sandgate serve --data postgres://…, and use connectSandbox',
      undefined,
      'invalid_request',
    )
  const { port, host, log = 'off', ...rest } = options
  const core = await Sandbox.open(providers, {
    ...defined(rest),
    ...(options.clock !== undefined && { clock: clockText(options.clock) }),
    log: log === 'off' ? undefined : new Log({ format: log, write: (text) => console.error(text.trimEnd()) }),
  }).catch((error) => {
    throw error instanceof YamlError || error instanceof InvalidEndpoint || error instanceof InvalidBalance
      ? new SandgateError(422, `createSandbox: ${error.message.replaceAll('\n', '; ')}`, undefined, 'invalid_request')
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
    'invalid_request',
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
          'world_exists',
        )
      if (!exists)
        refusing(id, () =>
          core.engine.worlds.create(id, { seed: start.seed, clock: start.clock && clockText(start.clock) }),
        )
      return undefined
    },
    gone: () => undefined,
    watch: ({ id }) => ({
      judge: (provider, headers, text) => judge(provider, headers, text, core.engine, core.world(id)),
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
  { providers, wall }: Engine,
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

/** What is wrong with a world, in the form in which the control API would have told it. */
function refusing(id: string, make: () => void): void {
  try {
    make()
  } catch (error) {
    if (error instanceof InvalidTime)
      throw new SandgateError(422, `world("${id}"): ${error.message}`, undefined, 'invalid_request')
    if (!(error instanceof EngineError)) throw error
    const problem = problemOf(error)
    throw new SandgateError(problem.status, `world("${id}"): ${problem.detail}`, problem)
  }
}
