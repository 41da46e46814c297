// Imports a file as the command does, and plays what came of it as somebody else would who got the case file.
import { type Config } from '../../src/options.ts'
import type { Imported } from '../../src/casefile/import/case.ts'
import { importTraffic } from '../../src/casefile/import/import.ts'
import { readRecording, type Recording } from '../../src/casefile/format.ts'
import { Replay, report } from '../../src/casefile/replay.ts'
import { contractOf } from '../../src/contract/contracts.ts'
import { findProviders } from '../../src/app.ts'
import type { Provider } from '../../src/provider.ts'
import type { Written } from './tools.ts'

export async function imported(
  name: string,
  { file, beside }: Pick<Written, 'file' | 'beside'>,
  config?: Config,
  known?: ReadonlyMap<string, Provider>,
): Promise<Imported> {
  const providers = known ?? (await findProviders())
  return importTraffic(
    file,
    { provider: providers.get(name)!, contract: contractOf(name), names: [...providers.keys()], config },
    (wanted) => beside?.get(wanted),
  )
}

/** What a replay tells of the first difference; undefined: there is none. */
export async function differs(
  recording: Recording,
  known?: ReadonlyMap<string, Provider>,
): Promise<string | undefined> {
  const read = readRecording(JSON.stringify(recording))
  const played = await new Replay(read, known ?? (await findProviders())).play()
  return played.differs && report(played.differs, played)
}
