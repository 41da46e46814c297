// The files that commands read and write; what is wrong with one is told in one line with its name.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Recording, Unusable } from '../keep/recording.ts'
import { UsageError } from '../usage.ts'

/** Reads a file and works with it; what is wrong with it is told in one line with its name. */
export async function using(file: string, work: (text: string) => Promise<void>): Promise<void> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${(error as Error).message}`)
  }
  await work(text).catch((error) => {
    throw error instanceof Unusable ? new UsageError(`${file}: ${error.message.replaceAll('\n', ' ')}`) : error
  })
}

export function write(file: string, recording: Recording): void {
  try {
    writeFileSync(file, `${JSON.stringify(recording, null, 1)}\n`)
  } catch (error) {
    throw new UsageError(`${file}: cannot be written: ${(error as Error).message}`)
  }
}
