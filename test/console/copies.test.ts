// What the console copies is run here as a person runs it: in a shell, as a scenario, as a test. Each has to do what the call did from which it was copied.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { Entry } from '../../src/console/api/shapes.ts'
import { callLineOf, curlOf } from '../../src/console/copy/curl.ts'
import { doLineOf } from '../../src/console/copy/do.ts'
import { ruleOf } from '../../src/console/copy/rule.ts'
import type { Place } from '../../src/console/copy/sent.ts'
import { verifyCurlOf } from '../../src/console/copy/verify.ts'
import { testOf, verifyTestOf } from '../../src/console/copy/vitest.ts'
import { client as alphapo } from '../clients/alphapo.ts'
import { client as cpg } from '../clients/cpg.ts'
import { client as payward } from '../clients/payward.ts'
import { client as zopay } from '../clients/zopay.ts'
import { MAIN } from '../command-line.ts'
import { type Client, type Kit, type Request, start } from '../kit.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SEED = 'copied'

/** A call of each provider that changes something, and one that is refused by the work itself. */
const CALLS: readonly (readonly [string, Client, Request])[] = [
  [
    'cpg',
    cpg,
    {
      method: 'POST',
      path: '/v1/deposit-addresses',
      body: '{"user_identifier":"it\'s /a/","currency":"USDT","network":"ETH"}',
    },
  ],
  ['cpg, with a query', cpg, { method: 'GET', path: '/v1/hot-wallet-address?network=ETH' }],
  [
    'cpg, refused',
    cpg,
    {
      method: 'POST',
      path: '/v1/deposit-addresses',
      body: '{"user_identifier":"$HOME `id`","currency":"USDT","network":"XXX"}',
    },
  ],
  ['zopay', zopay, zopay.good.createAddress!()],
  ['alphapo', alphapo, alphapo.good.takeAddress!()],
  ['payward', payward, payward.good.listDepositMethods!()],
]

/** A sandbox whose wall clock is the real one, because the commands sign by it. */
async function sandbox(): Promise<{ box: Kit; place: Place }> {
  const box = await start({ seed: SEED, wall: () => Date.now() })
  return { box, place: { origin: box.url, world: 'default', token: false } }
}

async function made(box: Kit, client: Client, request: Request): Promise<Entry> {
  // A while ago: what is copied is signed again, maybe within the second, and the same signature is good only once.
  return box.entry(await box.send(client.name, client.sign(request, Date.now() - 5000)))
}

async function newest(box: Kit): Promise<Entry> {
  return (await box.control('GET', '/journal?kind=call&limit=1')).json.data[0]
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sandgate-copies-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** Runs what was copied in a shell that knows `sandgate`. Exit 1 is a call that was refused. */
async function shell(text: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const bin = folder()
  writeFileSync(join(bin, 'sandgate'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, { mode: 0o755 })
  const { stdout } = await promisify(execFile)('sh', ['-c', text], {
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...env },
  }).catch((error) => {
    if (error.code !== 1) throw new Error(`${text}\n${error.stdout}\n${error.stderr}`)
    return error as { stdout: string }
  })
  return stdout
}

const asked = ({ provider, operation, method, path, status, refusal, request }: Entry) => ({
  provider,
  operation,
  method,
  path,
  status,
  refusal,
  body: request!.body,
})

test.each(CALLS)('sandgate call: %s', async (_, client, request) => {
  const { box, place } = await sandbox()
  const entry = await made(box, client, request)
  await shell(callLineOf(entry, place)!)
  const again = await newest(box)
  expect(again.id).toBeGreaterThan(entry.id)
  expect(asked(again)).toEqual(asked(entry))
})

test('curl: a call that is not signed is answered the same, with the key from the shell', async () => {
  const { box, place } = await sandbox()
  const entry = await made(box, zopay, zopay.good.createAddress!())
  const copied = curlOf(entry, place)!
  expect(copied).not.toContain('sk_test_sandgate_demo')
  expect(copied).toContain('$KEY')
  await shell(copied, { KEY: 'sk_test_sandgate_demo' })
  const again = await newest(box)
  expect(again.id).toBeGreaterThan(entry.id)
  expect(asked(again)).toEqual(asked(entry))
})

test.each(CALLS.filter(([, { name }]) => name !== 'zopay'))(
  'curl: signed calls say that they have to be signed anew: %s',
  async (_, client, request) => {
    const { box, place } = await sandbox()
    const copied = curlOf(await made(box, client, request), place)!
    expect(copied).toMatch(/\$KEY/)
    expect(copied).toMatch(/\$SIGNATURE/)
    expect(copied).toContain('sandgate call does that by itself')
    expect(copied).not.toContain('demo_key')
  },
)

test.each(CALLS)('a scenario rule answers the next call like it the same: %s', async (_, client, request) => {
  const { box, place } = await sandbox()
  const entry = await made(box, client, request)
  const loaded = await box.raw(
    'PUT',
    '/_sandgate/scenario',
    { 'content-type': 'application/yaml' },
    ruleOf(entry, place),
  )
  expect(loaded.json).toMatchObject({ name: `from-entry-${entry.id}` })
  const again = await made(box, client, request)
  expect(again.response!.body).toBe(entry.response!.body)
  expect((await box.control('GET', '/scenario')).json.rules[0]).toMatchObject({ matched: 1, fired: 1 })
})

test.each(CALLS)('a verify finds the call: %s', async (_, client, request) => {
  const { box, place } = await sandbox()
  const entry = await made(box, client, request)
  const verdict = async () => JSON.parse(await shell(verifyCurlOf(entry, place)!))
  expect(await verdict()).toMatchObject({ ok: true, count: 1 })
  await box.control('DELETE', '/journal')
  expect((await verdict()).ok).not.toBe(true)
})

test('tests for vitest pass, and fail where the call was another one', async () => {
  const { box, place } = await sandbox()
  const project = folder()
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  symlinkSync(ROOT, join(modules, 'sandgate'))
  symlinkSync(join(ROOT, 'node_modules/vitest'), join(modules, 'vitest'))
  symlinkSync(MAIN, join(modules, '.bin/sandgate'))
  for (const [index, [, client, request]] of CALLS.entries()) {
    const entry = await made(box, client, request)
    // One of each kind: each starts the program anew, which takes its time.
    if (index === 2 || client === zopay)
      writeFileSync(join(project, `own-${index}.test.ts`), testOf(entry, place, SEED)!)
    writeFileSync(join(project, `there-${index}.test.ts`), verifyTestOf(entry, place)!)
  }
  const entry = await made(box, cpg, CALLS[0]![2])
  writeFileSync(join(project, 'wrong-own.test.ts'), testOf({ ...entry, status: 418 }, place, SEED)!)
  const never = { ...entry, request: { ...entry.request, body: '{"user_identifier":"nobody"}' } }
  writeFileSync(join(project, 'wrong-there.test.ts'), verifyTestOf(never, place)!)
  const args = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', project, '--reporter', 'json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: project, maxBuffer: 1e8 }).catch(
    (error) => error as { stdout: string },
  )
  const { testResults } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    testResults: { name: string; status: string; message: string }[]
  }
  const failed = testResults.filter(({ status }) => status !== 'passed').map(({ name }) => name.split('/').at(-1))
  expect(testResults).toHaveLength(CALLS.length + 4)
  const why = testResults.map(({ message }) => message).join('\n')
  expect(failed.sort(), why).toEqual(['wrong-own.test.ts', 'wrong-there.test.ts'])
})

test('sandgate do: makes a world, and a checkpoint in it', async () => {
  const { box, place } = await sandbox()
  await shell(doLineOf('createWorld', { id: 'ci-42', seed: "it's $HOME" }, place))
  await shell(doLineOf('putCheckpoint', { name: 'before-payout' }, { ...place, world: 'ci-42' }))
  expect(box.sandbox.world('ci-42')!.seed).toBe("it's $HOME")
  const kept = await box.raw('GET', '/w/ci-42/_sandgate/checkpoints', {})
  expect(kept.json.data).toMatchObject([{ name: 'before-payout' }])
})
