// The built program as a shell runs it: to its end in a folder of its own, or beside the test, which waits for its lines.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

export const MAIN = new URL('../dist/main.js', import.meta.url).pathname

/** A folder that goes with the block it is made in, with what writes a file into it and what runs a command in it. */
export function commandLine() {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-command-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd: folder })
    return { status, stdout, stderr }
  }
  const inFile = (name: string, bytes: string | Buffer) => {
    writeFileSync(join(folder, name), bytes)
    return name
  }
  return { folder, run, inFile }
}

/** The environment of this process without anything of Sandgate's in it but the wish for silence; metrics.test.ts reads the log. */
export const bare = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SANDGATE_'))),
  SANDGATE_LOG: 'off',
}

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export class Running {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  /** `ends`: says when the process is to be killed; behind the test that makes it unless given. */
  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    { ends = onTestFinished, ...more }: { uid?: number; cwd?: string; ends?: (kill: () => void) => void } = {},
  ) {
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { ...bare, ...env }, ...more })
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = new Promise((resolve) =>
      this.child.on('close', (status) => resolve({ status, stdout: this.stdout, stderr: this.stderr })),
    )
    ends(() => void this.child.kill('SIGKILL'))
  }

  /** Resolves when stdout matches; fails with what was said when the process ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout)
      if (found) return found
      const more = new Promise<undefined>((resolve) => this.child.stdout.once('data', () => resolve(undefined)))
      const ended = await Promise.race([more, this.ended])
      if (ended)
        throw new Error(`ended with ${ended.status} before it said ${pattern}\n${ended.stdout}\n${ended.stderr}`)
    }
  }

  /** The base URL, once it is ready and the table stands there to its last row. */
  async ready(): Promise<string> {
    const [, url] = await this.says(/^sandgate listening on (http:\/\/\S+)\n\n[^]*\n$/)
    return url!
  }
}

export function serve(args: readonly string[] = [], env: Record<string, string> = {}): Running {
  return new Running(['serve', '--port', '0', ...args], env)
}
