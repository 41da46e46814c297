// Compiles src into dist once, before the tests that start it as other programs do.
import { spawnSync } from 'node:child_process'

const ROOT = new URL('..', import.meta.url).pathname

export function setup(): void {
  const { status, stdout, stderr } = spawnSync('npm', ['run', 'build', '--silent'], {
    cwd: ROOT,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`src does not build:\n${stdout}${stderr}`)
}
