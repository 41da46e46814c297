// Compiles src into dist once, before the tests that start it as other programs do.
import { spawnSync } from 'node:child_process'
import { copyDocuments } from '../src/http/documents.ts'

const ROOT = new URL('..', import.meta.url).pathname

export function setup(): void {
  const { status, stdout } = spawnSync(`${ROOT}node_modules/.bin/tsc`, ['-p', ROOT], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`src does not compile:\n${stdout}`)
  copyDocuments(`${ROOT}specs/`)
}
