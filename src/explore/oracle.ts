// Where the partner's books are read after a run: a file that the command wrote, a URL, or the output of another command.
import { accessSync, constants, statSync, type BigIntStats } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type CommandOptions, runCommand } from './command.ts'
import { UnreadableBooks } from './books.ts'

/** Larger books are not those of one run. */
const BOOKS_BYTES = 16 * 1024 * 1024

export interface Oracle {
  readonly kind: 'file' | 'url' | 'command'
  /** As it was given; `{world}` stands for the id of the world, `{seed}` for its seed. */
  readonly text: string
}

/** A URL; a command, when there is a blank in it or the file can be executed; or else a file. */
export function oracleOf(text: string): Oracle {
  if (/^https?:\/\//.test(text)) return { kind: 'url', text }
  return { kind: /\s/.test(text) || isExecutable(text) ? 'command' : 'file', text }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** The oracle of one run, looked at before the command is started, so that a file of an earlier run is not taken for this one's. */
export class RunOracle {
  readonly #kind: Oracle['kind']
  readonly #text: string
  readonly #before: BigIntStats | undefined

  constructor({ kind, text }: Oracle, world: string, seed: string) {
    this.#kind = kind
    this.#text = text.replaceAll('{world}', world).replaceAll('{seed}', seed)
    this.#before = kind === 'file' ? stateOf(this.#text) : undefined
  }

  /** What the partner tells after the run. Throws `UnreadableBooks`. */
  async read(options: CommandOptions): Promise<string> {
    if (this.#kind === 'url') return this.#fromUrl(options)
    if (this.#kind === 'command') {
      const { status, output, sweep } = await runCommand([this.#text], { ...options, shell: true, stdoutAlone: true })
      sweep()
      if (status !== 0) throw new UnreadableBooks(`--oracle ${this.#text}: ended with the status ${status}`)
      return output
    }
    const now = stateOf(this.#text)
    if (!now) throw new UnreadableBooks(`--oracle ${this.#text}: the command has not written this file`)
    if (this.#before && now.mtimeNs === this.#before.mtimeNs && now.size === this.#before.size)
      throw new UnreadableBooks(
        `--oracle ${this.#text}: the command has not written this file again; it holds the books of an earlier run`,
      )
    if (now.size > BOOKS_BYTES) throw new UnreadableBooks(`--oracle ${this.#text}: larger than ${BOOKS_BYTES} bytes`)
    return readFile(this.#text, 'utf8')
  }

  async #fromUrl({ timeoutMs, stop }: CommandOptions): Promise<string> {
    try {
      const answer = await fetch(this.#text, { signal: AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]) })
      const text = await answer.text()
      if (answer.ok) return text
      throw new UnreadableBooks(`--oracle ${this.#text}: answered ${answer.status}; expected 200 with the books`)
    } catch (error) {
      if (error instanceof UnreadableBooks || stop.aborted) throw error
      const { message, cause } = error as Error & { cause?: Error }
      throw new UnreadableBooks(`--oracle ${this.#text}: did not answer: ${cause?.message ?? message}`)
    }
  }
}

function stateOf(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })
}
