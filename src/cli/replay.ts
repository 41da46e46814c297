// `sandgate replay`: a recording played again, and the world served where it stopped.
import type { Command } from 'commander'
import { Replay, report, reportAll, summary } from '../casefile/replay.ts'
import { findProviders, Sandbox } from '../app.ts'
import { UsageError } from '../engine/errors.ts'
import { usingCase } from './files.ts'
import { entryNumber, hostFlag, portFlag } from './flags.ts'
import { listen } from './listen.ts'

export function define(command: Command): void {
  command
    .argument('<file>')
    .option('--until <entry>', 'stop before the call with this journal entry', entryNumber)
    .option('--all', 'list every call with another response (default: stop at the first one)')
    .option('--serve', 'then serve the world as it is at that point, frozen')
    .addOption(portFlag())
    .addOption(hostFlag())
    .action((file: string, flags: { until?: number; all?: boolean; serve?: boolean; port: number; host: string }) =>
      usingCase(file, async (recording) => {
        const last = recording.end.entry
        if (flags.until !== undefined && flags.until > last + 1)
          throw new UsageError(`--until ${flags.until}: the recording ends with entry ${last}`)
        const replay = new Replay(recording, await findProviders())
        const played = await replay.play(flags.until, flags.all)
        console.log(
          !played.differs ? summary(played, recording) : flags.all ? reportAll(played) : report(played.differs, played),
        )
        if (played.differs) process.exitCode = 1
        if (flags.serve) await serveReplay(replay, flags)
      }),
    )
}

/** The world where a replay stopped; no callbacks are sent. */
async function serveReplay(replay: Replay, { port, host }: { port: number; host: string }): Promise<void> {
  replay.release(Date.now)
  await listen(new Sandbox(replay.engine, {}), port, host)
}
