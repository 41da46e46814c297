// The command that a run drives: started in a process group of its own, so that whatever it leaves behind can be ended, with its output kept up to a
// bound and its time limited.
import { type ChildProcess, spawn } from 'node:child_process'
import { clearTimeout, setTimeout } from '../runtime/timers.ts'

/** How much of the output is kept: the beginning, where most commands say what went wrong first, and the end. */
const KEPT_BYTES = 512 * 1024
/** A process that the command left behind may hold its output open; it is waited for so long, wall ms. */
const LINGER_MS = 500

export interface Ended {
  /** The exit status; null where a signal ended it. */
  readonly status: number | null
  readonly signal: string | null
  /** Whether it was ended because its time was over. */
  readonly timedOut: boolean
  /** What it wrote to stdout and stderr, in the order in which it came. */
  readonly output: string
}

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv
  /** Wall ms. */
  readonly timeoutMs: number
  /** Ends the command, which then counts for nothing. */
  readonly stop: AbortSignal
  /** Whether a shell reads the one text that the command is. */
  readonly shell?: boolean
  /** What it writes to stdout is its output, as a whole up to so many bytes; more is an error of its own. */
  readonly stdoutBytes?: number
}

/** The command could not be started at all; the message is a sentence with what to do. */
export class CannotStart extends Error {}

/** Somebody has stopped the exploration. */
export class Stopped extends Error {}

/** Runs a command to its end. `sweep` ends what it has left behind, which may still be needed: a server that tells the books. */
export async function runCommand(
  [program, ...args]: readonly string[],
  { env, timeoutMs, stop, shell = false, stdoutBytes }: CommandOptions,
): Promise<Ended & { sweep(): void }> {
  if (stop.aborted) throw new Stopped()
  const child = spawn(program!, args, {
    env,
    shell,
    // A group of its own, which a signal reaches as a whole.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = new Output(stdoutBytes === undefined ? KEPT_BYTES : 2 * stdoutBytes)
  child.stdout.on('data', (chunk: Buffer) => output.add(chunk))
  child.stderr.on('data', (chunk: Buffer) => stdoutBytes !== undefined || output.add(chunk))
  const end = () => endGroup(child)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    end()
  }, timeoutMs)
  stop.addEventListener('abort', end, { once: true })
  try {
    const [status, signal] = await ended(child)
    if (stop.aborted) throw new Stopped()
    return { status, signal, timedOut, output: output.text(), sweep: end }
  } catch (error) {
    end()
    throw error
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', end)
  }
}

function ended(child: ChildProcess): Promise<[status: number | null, signal: string | null]> {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CannotStart(
          error.code === 'ENOENT'
            ? `there is no program "${child.spawnfile}": write the command as in a terminal, behind --`
            : `"${child.spawnfile}" cannot be started: ${error.message}`,
        ),
      ),
    )
    child.on('exit', (status, signal) => {
      const timer = setTimeout(() => {
        // Whoever else holds them would keep this process here.
        child.stdout!.destroy()
        child.stderr!.destroy()
        resolve([status, signal])
      }, LINGER_MS)
      child.on('close', () => {
        clearTimeout(timer)
        resolve([status, signal])
      })
    })
  })
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}

/** The beginning and the end of a long output. */
class Output {
  readonly #half: number
  #head = Buffer.alloc(0)
  #tail = Buffer.alloc(0)
  #left = 0

  constructor(bytes: number) {
    this.#half = bytes / 2
  }

  add(chunk: Buffer): void {
    const room = this.#half - this.#head.length
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)])
    if (chunk.length <= room) return
    const all = Buffer.concat([this.#tail, chunk.subarray(Math.max(0, room))])
    const kept = all.subarray(Math.max(0, all.length - this.#half))
    this.#left += all.length - kept.length
    this.#tail = Buffer.from(kept)
  }

  text(): string {
    const gap = this.#left === 0 ? '' : `\n… ${this.#left} bytes are left out …\n`
    return `${this.#head.toString('utf8')}${gap}${this.#tail.toString('utf8')}`
  }
}
