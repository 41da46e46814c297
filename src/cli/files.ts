// The files that commands read and write; what is wrong with one is told in one line with its name.
import { writeFileSync } from 'node:fs'
import { CASE_BYTES, readRecording, type Recording, Unusable } from '../casefile/format.ts'
import { readBytes, UnreadableText } from '../text/reading.ts'
import { UsageError } from '../engine/errors.ts'

/** Reads a case file and works with it. Whatever ends that early is told in one line, and status 1 stays what it is: an answer differs. */
export async function usingCase(file: string, work: (recording: Recording) => Promise<void>): Promise<void> {
  try {
    await work(readRecording(readBytes(file, CASE_BYTES)))
  } catch (error) {
    if (error instanceof UnreadableText || error instanceof Unusable) throw new UsageError(`${file}: ${error.message}`)
    throw error instanceof UsageError
      ? error
      : new UsageError(`${file}: a bug in Sandgate: it cannot be played to its end: ${String(error)}`)
  }
}

export function write(file: string, recording: Recording, overwrite = true): void {
  try {
    writeFileSync(file, `${JSON.stringify(recording, null, 1)}\n`, { flag: overwrite ? 'w' : 'wx' })
  } catch (error) {
    // rule: sandgate.import.no-overwrite
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new UsageError(`${file}: is there already; --force overwrites it, --out names another file`)
    throw new UsageError(`${file}: cannot be written: ${(error as Error).message}`)
  }
}
