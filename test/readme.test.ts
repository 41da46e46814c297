// The README's commands work as printed: its first call, then every block with a curl in it, in order, against one served sandbox.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { createSandbox } from '../src/app.ts'
import { Inbox } from './kit.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const blocks = [...README.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, language, code]) =>
  ['', 'bash'].includes(language!) && code!.includes('curl ') ? [code!] : [],
)

async function bash(code: string, url: string, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const strict = 'curl() { command curl -sS --fail-with-body "$@"; }\n'
  const env = { ...process.env, SANDGATE_URL: url, ...variables }
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-ec', strict + code.replaceAll('http://127.0.0.1:4010', url)],
    { env },
  )
  return stdout
}

test('every command with a curl works as printed, in order', async () => {
  const sandbox = await createSandbox()
  const url = await sandbox.listen()
  onTestFinished(() => sandbox.close())
  const [first, ...others] = blocks
  const address: string = JSON.parse(await bash(first!, url)).data.address
  expect(address).toMatch(/^0xfa4e/i)
  // A callback that can be sent once more.
  const inbox = await Inbox.open()
  const send = (method: string, path: string, body: object) =>
    fetch(`${url}/_sandgate${path}`, { method, body: JSON.stringify(body) })
  await send('PUT', '/callbacks/endpoints/cpg', { url: inbox.url })
  await send('POST', '/deposits', { address, amount: '1', confirmations: 'instant' })
  expect(others.length).toBeGreaterThan(4)
  for (const code of others) expect(await bash(code, url, { ADDRESS: address }), code).not.toBe('')
})

test('it links the page of every provider', async () => {
  const names = [...(await createSandbox()).providers.keys()]
  expect(names.filter((name) => !README.includes(`(docs/providers/${name}.md)`))).toEqual([])
})

test('its links lead somewhere', () => {
  const headings = [...README.matchAll(/^#+ (.*)$/gm)].map(
    ([, title]) => `#${title!.toLowerCase().replaceAll(' ', '-')}`,
  )
  for (const [, target] of README.matchAll(/\]\(([^)]+)\)/g)) {
    if (target!.startsWith('#')) expect(headings).toContain(target)
    else
      expect(() => readFileSync(new URL(`../${target!.split('#')[0]}`, import.meta.url)), target).not.toThrow(/ENOENT/)
  }
})

test('the two commands are those that CI calls', () => {
  const commands = [...README.matchAll(/```bash\n(npm ci && [^\n]*)\n```/g)].map(([, command]) => command)
  expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test'])
  expect(readFileSync(new URL('../.ci/run', import.meta.url), 'utf8')).toContain('\nnpm ci && npm test\n')
})
