// The config file: YAML, every key optional; what is wrong is told with file, line and the nearest right name.
import { z } from 'zod'
import { clockText } from './control/http.ts'
import type { EndpointInput } from './outbox/endpoints.ts'
import type { Provider } from './provider.ts'
import { UsageError } from './engine/errors.ts'
import { bytesOf, YamlError, YamlText } from './text/yaml.ts'
import { durationMs } from './text/durations.ts'

const CLOCK = 'expected real, or an instant such as 2026-05-16T19:00:00Z'

export const Clock = z.string({ error: CLOCK }).refine(isClock, CLOCK)

function isClock(text: string): boolean {
  try {
    return clockText(text) !== ''
  } catch {
    return false
  }
}

const Duration = z
  .string()
  .refine((text) => durationMs(text) !== undefined, { message: 'expected a duration such as 90s, 15m, 4h, 7d or PT4H' })

const Endpoint = z.strictObject({
  url: z.url(),
  secret: z.string().min(1).optional(),
  events: z.array(z.string()).optional(),
  account: z.string().optional(),
})

/** What a config file may say; its shape depends on the providers there are. */
export function configSchema(providers: ReadonlyMap<string, Provider>) {
  const switches = Object.assign({}, ...[...providers.values()].map((provider) => provider.switches ?? {})) as Record<
    string,
    readonly string[]
  >
  const entries = <T>(from: Iterable<[string, T]>, make: (value: T) => z.ZodType) =>
    Object.fromEntries([...from].map(([name, value]) => [name, make(value).optional()]))
  const callbackProviders = [...providers].filter(([, { callbacks }]) => callbacks)
  return z.strictObject({
    seed: z.string().min(1).optional(),
    clock: Clock.optional(),
    scenarios: z.array(z.string().min(1)).max(100).optional(),
    limits: z
      .strictObject({
        bodyBytes: z
          .int()
          .min(1024)
          .max(1 << 28)
          .optional(),
        journalEntries: z.int().min(1).max(1_000_000).optional(),
        journalBytes: z.int().min(0).optional(),
        worlds: z.int().min(1).max(100_000).optional(),
        worldIdle: Duration.optional(),
      })
      .optional(),
    providers: z.strictObject(entries(providers, (provider) => provider.settings)).optional(),
    callbacks: z.strictObject(entries(callbackProviders, () => Endpoint)).optional(),
    assume: z
      .strictObject(entries(Object.entries(switches), (values) => z.enum(values as [string, ...string[]])))
      .optional(),
  })
}

export interface Config {
  readonly seed?: string | undefined
  readonly clock?: string | undefined
  /** Scenario files, from the folder of the config file. */
  readonly scenarios?: readonly string[] | undefined
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
  readonly callbacks?: Readonly<Record<string, EndpointInput>> | undefined
  /** As written: the sandbox parses each provider's part with that provider's own schema. */
  readonly providers?: Readonly<Record<string, unknown>> | undefined
  readonly assume?: Readonly<Record<string, string>> | undefined
}

/** Reads and checks a config file. Throws a `UsageError` that names file, line and field. */
export function readConfig(file: string, providers: ReadonlyMap<string, Provider>): Config {
  try {
    const text = new YamlText(bytesOf(file), file)
    const raw: any = text.value ?? {}
    // YAML reads the value 201 of a switch as a number, and others as something else.
    for (const id of Object.keys(raw.assume ?? {})) {
      const written = text.unquoted(['assume', id])
      if (written !== undefined) raw.assume[id] = written
    }
    const parsed = configSchema(providers).safeParse(raw)
    if (!parsed.success)
      throw new YamlError(
        text.complaints(parsed.error.issues, parsed.error.issues.length, () => configJsonSchema(providers)),
      )
    return raw
  } catch (error) {
    if (error instanceof YamlError) throw new UsageError(error.message)
    throw error
  }
}

/** The JSON Schema of the config file, for editors. */
export function configJsonSchema(providers: ReadonlyMap<string, Provider>): object {
  return z.toJSONSchema(configSchema(providers), { io: 'input', unrepresentable: 'any' })
}
