// `sandgate schema`: the JSON Schema of the files people write. The build has written them down; without a build they are made on the spot.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { inPackage } from '../runtime/package.ts'

type Kind = 'config' | 'scenario'

export function define(command: Command): void {
  command
    .option('--config', 'of the config file (default: of scenario files)')
    .action(async ({ config }: { config?: boolean }) => {
      const kind = config ? 'config' : 'scenario'
      console.log(existsSync(fileOf(kind)) ? readFileSync(fileOf(kind), 'utf8') : await schemaOf(kind))
    })
}

/** Writes both down; `npm run build` ends with it. */
export async function writeSchemas(): Promise<void> {
  for (const kind of ['config', 'scenario'] as const) writeFileSync(fileOf(kind), await schemaOf(kind))
}

async function schemaOf(kind: Kind): Promise<string> {
  const schema =
    kind === 'scenario'
      ? (await import('../scenario/schema.ts')).scenarioJsonSchema()
      : (await import('../options.ts')).configJsonSchema(await (await import('../app.ts')).findProviders())
  return JSON.stringify(schema, null, 2)
}

/** In `dist`, whether this runs from `src` or from there. */
function fileOf(kind: Kind): string {
  return inPackage(`dist/${kind}.schema.json`)
}
