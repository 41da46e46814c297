// `sandgate import`: somebody else's traffic as a recording.
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from './config.ts'
import { IMPORT_BYTES, importTraffic } from '../casefile/import/import.ts'
import { Unusable } from '../casefile/format.ts'
import { readBytes, UnreadableText } from '../text/reading.ts'
import { findProviders } from '../app.ts'
import { contractOf } from '../contract/contracts.ts'
import { UsageError } from '../engine/errors.ts'
import { didYouMean } from '../text/suggest.ts'
import { write } from './files.ts'

/** The endings of what is imported. */
const ENDINGS = /(?:\.(?:har|json|txt|text|log|out|trace|curl|sh|bash|zsh|bat|cmd|ps1|md|gz))+$/i

export function define(command: Command): void {
  command
    .argument('<file>')
    .requiredOption('--provider <name>', 'provider that the calls were made to')
    .option(
      '--config <file>',
      'config file with the accounts, currencies and switches of the caller, which is its first account',
    )
    .option('--out <file>', 'file to write (default: FILE.PROVIDER.json, without the extension of FILE)')
    .option('--force', 'overwrite an existing file', false)
    .action(importFile)
}

async function importFile(
  file: string,
  flags: { provider: string; config?: string; out?: string; force: boolean },
): Promise<void> {
  const providers = await findProviders()
  const { provider: name, out = `${file.replace(ENDINGS, '')}.${name}.json` } = flags
  const provider = providers.get(name)
  if (!provider)
    throw new UsageError(
      `--provider ${name}: there are ${[...providers.keys()].join(', ')}${didYouMean(name, [...providers.keys()])}`,
    )
  const config = flags.config === undefined ? undefined : readConfig(flags.config, providers)
  if (resolve(out) === resolve(file)) throw new UsageError(`--out ${out} is the file that is imported`)
  try {
    const { recording, told } = importTraffic(
      readBytes(file, IMPORT_BYTES),
      { provider, contract: contractOf(name), names: [...providers.keys()], config },
      beside(dirname(file)),
    )
    write(out, recording, flags.force)
    console.log(
      `${out}: ${recording.journal.length} calls of ${provider.title}; sandgate replay ${out} shows where the sandbox answers otherwise`,
    )
    for (const line of told) console.log(line)
  } catch (error) {
    if (error instanceof UnreadableText) throw new UsageError(`${file} ${error.message}`)
    throw error instanceof Unusable ? new UsageError(`${file}: ${error.message.replaceAll('\n', ' ')}`) : error
  }
}

/** Reads what stands in the same folder; a name that leads elsewhere is not there. */
function beside(folder: string): (name: string) => Buffer | undefined {
  return (name) => {
    if (!/^(?:\.[\\/])?[^\\/:]+$/.test(name) || /^\.*$/.test(name)) return undefined
    try {
      return readBytes(join(folder, name), IMPORT_BYTES)
    } catch {
      return undefined
    }
  }
}
