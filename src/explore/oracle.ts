// Where the partner's books are read after a run: a file that the command wrote, a URL, or the output of another command.
import { accessSync, constants, statSync, type BigIntStats } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { withoutLogins } from '../text/redact.ts'
import { type CommandOptions, runCommand } from './command.ts'
import { UnreadableBooks } from './books.ts'

/** Larger books are not those of one run. */
const BOOKS_BYTES = 16 * 1024 * 1024
const TOO_LARGE = `it is larger than ${BOOKS_BYTES} bytes; expected the books of one run alone`

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

/** How it is shown: without logins, and without what a query says. */
export function shownSource({ kind, text }: Oracle): string {
  return kind === 'url' ? withoutLogins(text).replace(/\?.*$/, '') : text
}

/** The oracle of one run, looked at before the command is started, so that a file of an earlier run is not taken for this one's. */
export class RunOracle {
  readonly #kind: Oracle['kind']
  readonly #text: string
  /** How it is called in messages. */
  readonly name: string
  readonly #before: BigIntStats | undefined

  constructor({ kind, text }: Oracle, world: string, seed: string) {
    this.#kind = kind
    this.#text = text.replaceAll('{world}', world).replaceAll('{seed}', seed)
    this.name = shownSource({ kind, text: this.#text })
    this.#before = kind === 'file' ? stateOf(this.#text) : undefined
  }

  /** What the partner tells after the run. Throws `UnreadableBooks`. */
  async read(options: CommandOptions): Promise<string> {
    if (this.#kind === 'url') return this.#fromUrl(options)
    if (this.#kind === 'command') {
      const { status, signal, timedOut, output, sweep } = await runCommand([this.#text], {
        ...options,
        shell: true,
        stdoutBytes: BOOKS_BYTES,
      })
      sweep()
      if (timedOut) throw new UnreadableBooks('it did not end in time (--timeout)')
      if (status !== 0) throw new UnreadableBooks(`it ended with the status ${status ?? signal}`)
      if (Buffer.byteLength(output) > BOOKS_BYTES) throw new UnreadableBooks(TOO_LARGE)
      return output
    }
    const now = stateOf(this.#text)
    if (!now) throw new UnreadableBooks('the command has not written this file')
    if (!now.isFile()) throw new UnreadableBooks('it is not a file; expected one, a URL, or a command')
    if (this.#before && now.mtimeNs === this.#before.mtimeNs && now.size === this.#before.size)
      throw new UnreadableBooks(`the command has not written this file again; it holds the books of an earlier run`)
    if (now.size > BOOKS_BYTES) throw new UnreadableBooks(TOO_LARGE)
    return readFile(this.#text, 'utf8')
  }

  async #fromUrl({ timeoutMs, stop }: CommandOptions): Promise<string> {
    try {
      const url = new URL(this.#text)
      const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
      const headers = url.username === '' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
      url.username = url.password = ''
      const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)])
      const answer = await fetch(url, { headers, signal })
      if (!answer.ok) throw new UnreadableBooks(`it answered ${answer.status}; expected 200 with the books`)
      const text = await answer.text()
      if (text.length > BOOKS_BYTES) throw new UnreadableBooks(TOO_LARGE)
      return text
    } catch (error) {
      if (error instanceof UnreadableBooks || stop.aborted) throw error
      const { message, cause } = error as Error & { cause?: Error }
      throw new UnreadableBooks(`it did not answer: ${cause?.message ?? message}`)
    }
  }
}

function stateOf(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })
}
