// Every option of a sandbox, once: its shape, where it can be given, and what it means. Flags, environment variables, the config file, `createSandbox`
// and the tables of the documents derive from here.
import { z } from 'zod'
import type { EngineOptions } from './engine/engine.ts'
import type { Provider } from './provider.ts'
import type { StorageOptions } from './storage/open.ts'
import { type Log, LOG_FORMATS, LOG_LEVELS } from './telemetry/log.ts'
import type { Host } from './telemetry/metrics.ts'
import { PLAIN_DECIMAL } from './text/decimals.ts'
import { HOST_NAME, TOKEN } from './text/hosts.ts'
import { ClockText, DurationText } from './text/schemas.ts'

type Providers = ReadonlyMap<string, Provider>

/** Where an option can be given, and what it means. */
export interface About {
  readonly description: string
  /** As commander writes it; also `SANDGATE_NAME`. Not a flag unless given. */
  readonly flag?: string
  /** In words, for the documents. */
  readonly default?: string
  /** Where else it can be given. */
  readonly in: readonly ('config' | 'library')[]
}

const about = z.registry<About>()

function option<Schema extends z.ZodType>(schema: Schema, facts: About): z.ZodOptional<Schema> {
  const optional = schema.optional().describe(facts.description)
  about.add(optional, facts)
  return optional
}

const Name = z.string().min(1, 'expected some text')
const HostName = z.string().regex(HOST_NAME, 'expected the bare name of a host, without scheme, port or path')
const NO_PORT = 'expected a port from 0 to 65535'

/** Options that do not depend on the providers there are. */
const COMMON = {
  port: option(z.int(NO_PORT).min(0, NO_PORT).max(65_535, NO_PORT), {
    description: 'port to listen on; 0 takes any free one',
    flag: '--port <port>',
    default: '4010',
    in: ['library'],
  }),
  host: option(Name, {
    description: 'address to listen on',
    flag: '--host <host>',
    default: '127.0.0.1',
    in: ['library'],
  }),
  seed: option(Name, {
    description: 'what addresses, ids and hashes are derived from (default: sandgate)',
    flag: '--seed <seed>',
    default: 'sandgate',
    in: ['config', 'library'],
  }),
  clock: option(ClockText, {
    description: 'real, or an instant at which the world starts, frozen (default: real)',
    flag: '--clock <clock>',
    default: 'real',
    in: ['config', 'library'],
  }),
  config: option(Name, { description: 'config file (YAML)', flag: '--config <file>', in: [] }),
  scenarios: option(z.array(Name).max(100), {
    description: 'scenario file; may be repeated, in the environment separated by commas',
    flag: '--scenario <file>',
    in: ['config', 'library'],
  }),
  data: option(Name, {
    description:
      'persist state in a directory, or in PostgreSQL: postgres://USER:PASSWORD@HOST:PORT/DATABASE (default: memory)',
    flag: '--data <where>',
    default: 'memory',
    in: ['library'],
  }),
  fsync: option(z.boolean(), {
    description: 'flush every write to the disk, so that state survives a power failure',
    flag: '--fsync',
    default: 'off',
    in: ['library'],
  }),
  allowHosts: option(z.array(HostName), {
    description: 'host name that the control API answers to; may be repeated',
    flag: '--allow-host <name>',
    in: ['library'],
  }),
  allowCallbackHosts: option(z.array(HostName), {
    description: 'host name that callbacks may go to, beside loopback and private addresses; may be repeated',
    flag: '--allow-callback-host <name>',
    in: ['library'],
  }),
  controlToken: option(z.string().regex(TOKEN, 'expected visible ASCII without blanks, as a header can carry it'), {
    description: 'bearer token that the control API requires',
    flag: '--control-token <token>',
    in: ['library'],
  }),
  console: option(z.boolean(), {
    description: 'serve no web page at /_sandgate/console/',
    flag: '--no-console',
    default: 'served',
    in: ['library'],
  }),
  strict: option(z.boolean(), {
    description: 'answer 500 when a modelled answer violates the OpenAPI document',
    flag: '--strict',
    default: 'off',
    in: ['library'],
  }),
  log: option(z.enum(LOG_FORMATS), {
    description: 'format of the log on stderr, a line for each call',
    flag: '--log <format>',
    default: 'pretty',
    in: ['library'],
  }),
  logLevel: option(z.enum(LOG_LEVELS), {
    description: 'least important lines that are logged',
    flag: '--log-level <level>',
    default: 'info',
    in: [],
  }),
  limits: option(
    z.strictObject({
      bodyBytes: z
        .int()
        .min(1024)
        .max(1 << 28)
        .optional()
        .describe('bytes of a body (default: 1 MiB)'),
      journalEntries: z.int().min(1).max(1_000_000).optional().describe('entries of a journal (default: 10,000)'),
      journalBytes: z.int().min(0).optional().describe('bytes of bodies in a journal (default: 64 MiB)'),
      worlds: z.int().min(1).max(100_000).optional().describe('worlds at once (default: 1,000)'),
      worldIdle: DurationText.optional().describe('how long a world may be unused before it is deleted (default: 24h)'),
    }),
    { description: 'limits of memory', in: ['config', 'library'] },
  ),
}

const Endpoint = z.strictObject({
  url: z.url().describe('where callbacks go'),
  secret: z.string().min(1).optional().describe('what they are signed with; drawn from the seed unless given'),
  events: z.array(z.string()).optional().describe('only these events; all unless given'),
  account: z.string().optional().describe('the account that they are of; the first one unless given'),
})

function balanceOf(withLedger: readonly string[]) {
  return z.strictObject({
    provider: z.enum(withLedger as [string, ...string[]]).describe('the provider'),
    account: z.string().optional().describe('the account; the first one unless given'),
    holder: z.string().optional().describe('whose money it is within the account, where the provider has users'),
    currency: z.string().describe("the provider's code"),
    network: z.string().optional().describe('where balances are per network'),
    amount: z.string().regex(PLAIN_DECIMAL, 'expected decimal text in quotes, such as "1000"').describe('decimal text'),
    reason: z.string().max(500).optional().describe('a sentence for the movement'),
  })
}

/** All options; their shape depends on the providers there are. */
function optionsOf(providers: Providers) {
  const switches = Object.assign({}, ...[...providers.values()].map((provider) => provider.switches ?? {})) as Record<
    string,
    readonly string[]
  >
  const each = <T>(from: Iterable<readonly [string, T]>, schema: (value: T) => z.ZodType) =>
    z.strictObject(Object.fromEntries([...from].map(([name, value]) => [name, schema(value).optional()])))
  const withCallbacks = [...providers].filter(([, { callbacks }]) => callbacks)
  return {
    ...COMMON,
    providers: option(
      each(providers, (provider) => provider.settings),
      { description: 'settings of each provider: accounts, keys, currencies', in: ['config', 'library'] },
    ),
    callbacks: option(
      each(withCallbacks, () => Endpoint),
      { description: 'where callbacks go from the start, by provider', in: ['config', 'library'] },
    ),
    balances: option(
      z.array(balanceOf([...providers.values()].flatMap(({ name, ledger }) => (ledger ? [name] : [])))),
      {
        description: 'money that every world begins with; without it every account starts at zero',
        in: ['config', 'library'],
      },
    ),
    assume: option(
      each(Object.entries(switches), (values) => z.enum(values as [string, ...string[]])),
      {
        description: 'which answer is given where the documents leave two open, by rule id',
        in: ['config', 'library'],
      },
    ),
  }
}

function schemaFor(place: 'config' | 'library', providers: Providers): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(
      Object.entries(optionsOf(providers)).filter(([, schema]) => about.get(schema)!.in.includes(place)),
    ),
  )
}

/** What a config file may say. */
export function configSchema(providers: Providers): z.ZodObject {
  return schemaFor('config', providers)
}

/** What `createSandbox` takes. */
export function librarySchema(providers: Providers): z.ZodObject {
  return schemaFor('library', providers)
}

/** The JSON Schema of the config file, for editors. */
export function configJsonSchema(providers: Providers): object {
  return z.toJSONSchema(configSchema(providers), { io: 'input', unrepresentable: 'any' })
}

export interface FlagOption extends About {
  readonly flag: string
  /** The name of the option elsewhere: `allowHosts` for `--allow-host`. */
  readonly name: keyof typeof COMMON
  readonly schema: z.ZodType
}

/** The flags of `sandgate serve`, in the order of its help. */
export const FLAGS: readonly FlagOption[] = Object.entries(COMMON).flatMap(([name, schema]) => {
  const { flag, ...facts } = about.get(schema)!
  return flag === undefined ? [] : [{ ...facts, flag, name: name as keyof typeof COMMON, schema: schema.unwrap() }]
})

/** What a config file says, as it is written. */
export type Config = Pick<
  EngineOptions,
  'seed' | 'clock' | 'scenarios' | 'limits' | 'providers' | 'callbacks' | 'balances' | 'assume'
>

/** What a sandbox is made with: its options, and what the process or a test hands in. */
export interface SandboxOptions extends EngineOptions, StorageOptions {
  readonly allowHosts?: readonly string[] | undefined
  /** Whether the web page is served; it is unless this is false. */
  readonly console?: boolean | undefined
  /** Takes a line for each call and each callback. */
  readonly log?: Log | undefined
  /** What the process tells about itself, for the metrics. */
  readonly host?: Host | undefined
  /** Takes lines for people; the log, or stderr, unless given. */
  readonly warn?: ((line: string) => void) | undefined
  /** Takes bugs; the log, or stderr, unless given. */
  readonly complain?: ((message: string, error?: unknown) => void) | undefined
  /** Lets wall time go by, for delays of scenarios. */
  readonly pause?: ((ms: number) => Promise<void>) | undefined
}
