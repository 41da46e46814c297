// A text of the command line that may stand in a file or come through a pipe: `@FILE` and `@-`, as curl has them.
import { readFileSync } from 'node:fs'
import { UsageError } from '../engine/errors.ts'

/** The bytes that are meant. Throws with the flag where they cannot be read. */
export async function givenBytes(text: string, flag: string): Promise<Buffer> {
  if (!text.startsWith('@')) return Buffer.from(text)
  try {
    return text === '@-' ? Buffer.concat(await process.stdin.toArray()) : readFileSync(text.slice(1))
  } catch (error) {
    throw new UsageError(`${flag} ${text}: cannot be read: ${(error as Error).message}`)
  }
}
