// One real process of Sandgate: started from what was built, asked over HTTP, stopped, killed.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request as http } from 'node:http'
import { eventually } from '../eventually.ts'
import type { Request } from '../kit.ts'

const MAIN = new URL('../../dist/main.js', import.meta.url).pathname

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Why there is no answer: nobody listened, so that nothing can have happened; the connection broke; or it took too long. */
export type Failure = 'refused' | 'broken' | 'silent'

export interface NodeOptions {
  /** Where it stores worlds; in memory unless given. */
  readonly data?: string
  readonly flags?: readonly string[]
}

export class SandgateNode {
  readonly name: string
  readonly child: ChildProcess
  readonly port: number
  readonly #said: { stdout: string; stderr: string }

  private constructor(name: string, child: ChildProcess, port: number, said: { stdout: string; stderr: string }) {
    this.name = name
    this.child = child
    this.port = port
    this.#said = said
  }

  /** A process that has said that it is ready. */
  static async start(name: string, { data, flags = [] }: NodeOptions): Promise<SandgateNode> {
    const child = launched([...(data === undefined ? [] : ['--data', data]), ...flags])
    const said = listening(child)
    try {
      await eventually(`${name} is ready`, () => {
        if (hasEnded(child)) throw new Error(`${name} did not start: ${said.stderr}`)
        return /listening on/.test(said.stdout) ? undefined : said.stderr
      })
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
    const port = Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(said.stdout)![1])
    return new SandgateNode(name, child, port, said)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get hasEnded(): boolean {
    return hasEnded(this.child)
  }

  get stderr(): string {
    return this.#said.stderr
  }

  get stdout(): string {
    return this.#said.stdout
  }

  /** A call of the control API, of a world or (`undefined`) of none in particular; its answer's body as JSON. */
  async control(method: string, path: string, body?: unknown, world?: string): Promise<{ status: number; json: any }> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const answer = await ask(this.port, {
      method,
      path: `${world === undefined ? '' : `/w/${world}`}/_sandgate${path}`,
      ...(text !== undefined && { body: text, headers: { 'content-type': 'application/json' } }),
    })
    if (typeof answer === 'string') throw new Error(`${this.name}: ${method} ${path}: ${answer}`)
    return { status: answer.status, json: answer.text === '' ? undefined : JSON.parse(answer.text) }
  }

  /** The value of one metric, over all of its labels; 0 when it is not told. */
  async metric(name: string): Promise<number> {
    const answer = await ask(this.port, { method: 'GET', path: '/_sandgate/metrics' })
    if (typeof answer === 'string') throw new Error(`${this.name}: metrics: ${answer}`)
    return answer.text
      .split('\n')
      .map((line) => /^([a-z_]+)(?:\{[^}]*\})? (\S+)/.exec(line))
      .filter((found) => found?.[1] === name)
      .reduce((sum, found) => sum + Number(found![2]), 0)
  }

  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.child.kill(signal)
  }

  /** Sends the signal and waits for the end; answers with the exit status, null after a kill. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (!this.hasEnded) {
      const exited = once(this.child, 'exit')
      this.child.kill('SIGCONT')
      this.child.kill(signal)
      await exited
    }
    return this.child.exitCode
  }
}

/** Runs `sandgate serve` to its end, when it is to be refused. */
export async function refusedStart(
  flags: readonly string[],
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = launched(flags)
  const said = listening(child)
  const [status] = await once(child, 'close')
  return { status, ...said }
}

function launched(flags: readonly string[]): ChildProcess {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SANDGATE_')))
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--log', 'off', ...flags], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  child.once('exit', () => process.off('exit', killed))
  return child
}

function listening(child: ChildProcess): { stdout: string; stderr: string } {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', (text: string) => (said[name] += text))
  return said
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** One call on a connection of its own, so that a process which ends loses nothing but what it was doing. */
export function ask(
  port: number,
  { method, path, headers, body }: Request,
  patienceMs = 60_000,
): Promise<Answer | Failure> {
  return new Promise((resolve) => {
    const call = http(
      {
        port,
        host: '127.0.0.1',
        agent: false,
        method,
        path,
        timeout: patienceMs,
        headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        )
        response.on('error', () => resolve('broken'))
      },
    )
    call.on('timeout', () => {
      resolve('silent')
      call.destroy()
    })
    call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'broken'))
    call.end(body)
  })
}
