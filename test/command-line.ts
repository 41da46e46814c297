// The built program as a shell runs it, in a folder of its own.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

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
