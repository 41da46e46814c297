// `sandgate minimise`: the smallest recording that still differs.
import type { Command } from 'commander'
import { minimise } from '../casefile/replay.ts'
import { findProviders } from '../app.ts'
import { usingCase, write } from './files.ts'

export function define(command: Command): void {
  command
    .argument('<file>')
    .option('--out <file>', 'file to write (default: FILE.min.json)')
    .action((file: string, { out = `${file.replace(/\.json$/, '')}.min.json` }: { out?: string }) =>
      usingCase(file, async (before) => {
        const { recording, differs, plays } = await minimise(before, await findProviders())
        write(out, recording)
        console.log(
          `${out}: ${recording.journal.length} of ${before.journal.length} steps are left after ${plays} replays; entry ${differs.call.entry} still differs at ${differs.where}`,
        )
      }),
    )
}
