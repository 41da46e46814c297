// The command, as a shell sees it: where the case goes, what is overwritten, what it says, and what it refuses.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bash } from './terminal.ts'
import { chrome, firefox, playwright } from './tools.ts'
import { spokenWith } from './traffic.ts'

async function sandgate(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [new URL('../../dist/main.js', import.meta.url).pathname, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text))
  const [status] = await once(child, 'close')
  return { status, ...said }
}

function folder(): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), 'sandgate-import-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return (name) => join(path, name)
}

test('sandgate.import.no-overwrite: the case is FILE.PROVIDER.json, and nothing that is there is overwritten without --force', async () => {
  const file = folder()
  writeFileSync(file('traffic.har'), chrome(await spokenWith('cpg')).file)
  writeFileSync(file('traffic.json'), 'precious')
  const out = file('traffic.cpg.json')
  expect(await sandgate('import', file('traffic.har'), '--provider', 'cpg')).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringMatching(
      /^[^\n]*traffic\.cpg\.json: 17 calls of CPG; [^\n]*\nPlayed as refused[^\n]*: 3 calls\.\nSkipped[^\n]*: 2 calls\.\n$/,
    ),
  })
  const first = readFileSync(out, 'utf8')
  writeFileSync(out, 'precious')
  expect(await sandgate('import', file('traffic.har'), '--provider', 'cpg')).toEqual({
    status: 2,
    stdout: '',
    stderr: `sandgate: ${out}: is there already; --force overwrites it, --out names another file\n`,
  })
  expect([readFileSync(out, 'utf8'), readFileSync(file('traffic.json'), 'utf8')]).toEqual(['precious', 'precious'])
  expect((await sandgate('import', file('traffic.har'), '--provider', 'cpg', '--force')).status).toBe(0)
  expect(readFileSync(out, 'utf8')).toBe(first)
  expect(
    await sandgate('import', file('traffic.har'), '--provider', 'cpg', '--out', file('traffic.har'), '--force'),
  ).toMatchObject({ status: 2, stderr: expect.stringContaining('is the file that is imported') })
})

test('import and replay both say what is not compared', async () => {
  const file = folder()
  writeFileSync(file('traffic.har'), firefox(await spokenWith('payward'), { bodies: false }).file)
  const told = /Not compared, [^\n]*: \d+ whole answers?, \d+ bodies\./
  expect(await sandgate('import', file('traffic.har'), '--provider', 'payward')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(told),
  })
  expect(await sandgate('replay', file('traffic.payward.json'))).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(told),
  })
})

test('what stands beside the file is read, and nothing else', async () => {
  const file = folder()
  const spoken = await spokenWith('zopay')
  const { file: har, beside } = playwright(spoken, 'attach')
  mkdirSync(file('inside'))
  writeFileSync(file('secret.json'), '{"asset":"USDT","network":"solana"}')
  writeFileSync(file('inside/traffic.har'), har)
  for (const [name, body] of beside!) writeFileSync(file(`inside/${name}`), body)
  const { stdout } = await sandgate('import', file('inside/traffic.har'), '--provider', 'zopay')
  expect(stdout).not.toContain('Not compared')

  const command = bash(spoken[0]!).replace(/-d '.*'$/, '-d @body.json')
  writeFileSync(file('inside/calls.txt'), command)
  expect(await sandgate('import', file('inside/calls.txt'), '--provider', 'zopay')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /calls\.txt: line 1: the command reads body\.json, which is not in this file and not beside it/,
    ),
  })
  writeFileSync(file('inside/body.json'), '{"asset":"USDT",\n"network":"solana"}\n')
  expect((await sandgate('import', file('inside/calls.txt'), '--provider', 'zopay')).status).toBe(0)
  expect(JSON.parse(readFileSync(file('inside/calls.zopay.json'), 'utf8')).journal[0].body).toBe(
    '{"asset":"USDT","network":"solana"}',
  )
  for (const outside of ['../secret.json', file('secret.json'), './../secret.json', '..']) {
    writeFileSync(file('inside/calls.txt'), command.replace('@body.json', `@${outside}`))
    expect(await sandgate('import', file('inside/calls.txt'), '--provider', 'zopay', '--force')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`the command reads ${outside}, `),
    })
  }
})

test('sandgate.import.partner: --config gives the case the settings of the partner, its first account and none of its keys', async () => {
  const file = folder()
  writeFileSync(
    file('calls.sh'),
    'curl -H \'X-CPG-Key: shop-key-4711\' https://api.cpg.example/v1/deposit-addresses --json \'{"currency":"BNB","network":"BSC"}\' -w \'%{http_code}\'\n{"success":false,"message":"Deposits for this currency are not enabled for this account"}403\n',
  )
  writeFileSync(
    file('partner.yaml'),
    'seed: of the partner\nassume: {}\nproviders:\n  cpg:\n    accounts:\n      shop:\n        keys: [{ id: shop-key-4711, secret: shop-secret }]\n        currencies: [{ currency: USDT, network: ETH }]\n',
  )
  expect(
    await sandgate('import', file('calls.sh'), '--provider', 'cpg', '--config', file('partner.yaml')),
  ).toMatchObject({ status: 0, stderr: '' })
  const text = readFileSync(file('calls.cpg.json'), 'utf8')
  expect(text).not.toMatch(/shop-key-4711|shop-secret/)
  expect(JSON.parse(text)).toMatchObject({
    seed: 'of the partner',
    settings: { cpg: { accounts: { shop: {} } } },
    journal: [{ who: { account: 'shop', key: 0 } }],
  })
  expect((await sandgate('replay', file('calls.cpg.json'))).status).toBe(0)
  writeFileSync(file('bad.yaml'), 'providers: { cpg: { acounts: {} } }\n')
  expect(
    await sandgate('import', file('calls.sh'), '--provider', 'cpg', '--config', file('bad.yaml'), '--force'),
  ).toMatchObject({ status: 2, stderr: expect.stringMatching(/bad\.yaml:1.*accounts/) })
})

test.each<[string, string | Buffer | undefined, RegExp]>([
  ['missing.har', undefined, /missing\.har cannot be read: ENOENT/],
  ['utf16.har', Buffer.from('\ufeff{"log":{"entries":[]}}', 'utf16le'), /utf16\.har: it is in UTF-16/],
  ['empty.har', '', /empty\.har: it is neither/],
  [
    'none.har',
    '{"log":{"entries":[]}}',
    /none\.har: no request in it has a path of CPG, .*; it has no requests at all/,
  ],
])('%s is refused in one line', async (name, content, told) => {
  const file = folder()
  if (content !== undefined) writeFileSync(file(name), content)
  const { status, stdout, stderr } = await sandgate('import', file(name), '--provider', 'cpg')
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(told)
  expect(stderr.trimEnd()).not.toContain('\n')
})
