// The config file: YAML, every key optional; what is wrong is told with file, line and the nearest right name.
import { UsageError } from '../engine/errors.ts'
import { type Config, configJsonSchema, configSchema } from '../options.ts'
import type { Provider } from '../provider.ts'
import { bytesOf, YamlError, YamlText } from '../text/yaml.ts'

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
