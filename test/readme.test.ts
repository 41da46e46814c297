// The README's commands work as printed: every bash block with a curl in it is run against a served sandbox.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSandbox } from '../src/app.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const blocks = [...README.matchAll(/\*\*(\w+)\*\*[^`]*(?:`[^`]*`[^`]*)*?```bash\n([^]*?)```/g)].map(
  ([, title, code]) => [title!, code!] as const,
)

describe('the first call to each provider', () => {
  test('there is one for each', async () => {
    const titles = [...(await createSandbox()).providers.values()].map(({ title }) => title)
    expect(blocks.map(([title]) => title).sort()).toEqual(titles.sort())
  })

  test.each(blocks)('%s', async (_, code) => {
    const sandbox = await createSandbox()
    const url = await sandbox.listen()
    onTestFinished(() => sandbox.close())
    const { stdout } = await promisify(execFile)('bash', ['-ec', code.replaceAll('http://127.0.0.1:4010', url)])
    const last = [...sandbox.world()!.journal].findLast((entry) => entry.kind === 'call')!
    expect([200, 201], stdout).toContain(last.status)
    expect(JSON.stringify(JSON.parse(stdout))).toMatch(/fake|0xfa4e/i)
  })
})

test('the two commands are those that CI calls', () => {
  const commands = [...README.matchAll(/```bash\n(npm ci && [^\n]*)\n```/g)].map(([, command]) => command)
  expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test'])
  expect(readFileSync(new URL('../.ci/run', import.meta.url), 'utf8')).toContain('\nnpm ci && npm test\n')
})
