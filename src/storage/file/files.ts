// The files of one world's directory as they come and go: a log that begins, and logs and checkpoints that nobody needs any more.
import { join } from 'node:path'
import { type Ground, LogFile, syncFolder } from './log.ts'
import { nameOf, numbered, type Recovered } from './recovery.ts'
import { FORMAT, type LogHead } from '../state.ts'

/** Begins the log of this number. */
export function startLog(folder: string, number: number, ground: Ground): LogFile {
  const log = new LogFile(join(folder, nameOf('log', number)), 0, ground)
  try {
    log.append({ sandgate: 'log', format: FORMAT, log: number } satisfies LogHead)
    syncFolder(folder, ground)
  } catch (error) {
    log.close()
    throw error
  }
  return log
}

/** Removes the checkpoints before this one, and the logs that they began with. */
export async function forgetBefore(folder: string, before: number, { disk }: Ground): Promise<void> {
  const names = disk.readdirSync(folder)
  for (const kind of ['checkpoint', 'log'] as const) {
    for (const number of numbered(kind, names))
      if (number < before) await disk.promises.rm(join(folder, nameOf(kind, number)), { force: true })
  }
}

/** Removes what recovery found to be of no use: files behind the damage, and files that were never finished. */
export function removeUseless(folder: string, { log, checkpoint }: Recovered, { disk }: Ground): void {
  const names = disk.readdirSync(folder)
  const useless = (kind: 'log' | 'checkpoint', last: number) =>
    numbered(kind, names)
      .filter((number) => number > last)
      .map((number) => nameOf(kind, number))
  const unfinished = names.filter((name) => /\.(tmp|next)$/.test(name))
  for (const name of [...useless('log', log), ...useless('checkpoint', checkpoint), ...unfinished])
    disk.rmSync(join(folder, name))
}
