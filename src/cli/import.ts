// `sandgate import`: somebody else's traffic as a recording.
import type { Command } from 'commander'
import { importHar } from '../har.ts'
import { contractOf, findProviders } from '../sandbox.ts'
import { UsageError } from '../usage.ts'
import { meant } from '../yaml.ts'
import { using, write } from './files.ts'

export function define(command: Command): void {
  command
    .argument('<file>')
    .requiredOption('--provider <name>', 'whose traffic it is')
    .option('--out <file>', 'where the recording goes (FILE.json)')
    .action((file: string, { provider: name, out = `${file.replace(/\.har$/, '')}.json` }: { provider: string; out?: string }) => using(file, async (text) => {
      const providers = await findProviders()
      const provider = providers.get(name)
      if (!provider) throw new UsageError(`--provider ${name}: there are ${[...providers.keys()].join(', ')}${meant(name, [...providers.keys()])}`)
      const recording = importHar(text, provider, contractOf(name))
      write(out, recording)
      console.log(`${out}: ${recording.journal.length} calls of ${provider.title}; sandgate replay ${out} shows where the sandbox answers otherwise`)
    }))
}
