// The command line as a shell meets it: a child process, its two streams and its exit status. Waits for lines, never for time.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { allocation, client, clientOf } from './clients/cpg.ts'

const ROOT = new URL('..', import.meta.url).pathname
const MAIN = join(ROOT, 'dist/main.js')
const folder = mkdtempSync(join(tmpdir(), 'sandgate-cli-'))

afterAll(() => rmSync(folder, { recursive: true }))

/** The environment of this process without anything of Sandgate's in it but the wish for silence; metrics.test.ts reads the log. */
const bare = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SANDGATE_'))), SANDGATE_LOG: 'off' }

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

class Running {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { ...bare, ...env } })
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = new Promise((resolve) => this.child.on('close', (status) => resolve({ status, stdout: this.stdout, stderr: this.stderr })))
    onTestFinished(() => void this.child.kill('SIGKILL'))
  }

  /** Resolves when stdout matches; fails with what was said when the process ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout)
      if (found) return found
      const more = new Promise<undefined>((resolve) => this.child.stdout.once('data', () => resolve(undefined)))
      const ended = await Promise.race([more, this.ended])
      if (ended) throw new Error(`ended with ${ended.status} before it said ${pattern}\n${ended.stdout}\n${ended.stderr}`)
    }
  }

  /** The base URL, once it is ready and the table stands there to its last row. */
  async ready(): Promise<string> {
    const [, url] = await this.says(/^sandgate listening on (http:\/\/\S+)\n\n[^]*\n$/)
    return url!
  }
}

function serve(args: readonly string[] = [], env: Record<string, string> = {}): Running {
  return new Running(['serve', '--port', '0', ...args], env)
}

function write(text: string): string {
  const file = join(mkdtempSync(join(folder, 'one-')), 'sandgate.yaml')
  writeFileSync(file, text)
  return file
}

/** Knocks until nobody opens: that is how one sees from outside that the signal has arrived. */
async function refusesConnections(port: number): Promise<void> {
  for (;;) {
    const opened = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (!opened) return
  }
}

/** Runs them side by side, each to its end: exit status 2, one line on stderr that matches, nothing on stdout. One who talks instead is not waited for. */
async function complain(runs: readonly (readonly [what: string, running: Running, line: RegExp])[]): Promise<void> {
  const ends = runs.map(async ([what, running, line]) => {
    running.child.stdout.once('data', () => running.child.kill('SIGKILL'))
    const { status, stdout, stderr } = await running.ended
    const oneLine = /^sandgate: [^\n]+\n$/.test(stderr) && line.test(stderr)
    return status === 2 && stdout === '' && oneLine ? [] : [{ what, status, stdout, stderr }]
  })
  expect((await Promise.all(ends)).flat()).toEqual([])
}

async function get(url: string): Promise<any> {
  return (await fetch(url)).json()
}

async function call(url: string, by = client): Promise<any> {
  const request = by.sign(allocation({ user_identifier: 'u' }), Date.now())
  const answer = await fetch(`${url}/cpg${request.path}`, { method: request.method, headers: request.headers as Record<string, string>, body: request.body! })
  return { status: answer.status, ...((await answer.json()) as object) }
}

describe('serve', () => {
  test('says one ready line with the port it found, then a table of providers, base URLs and demo keys; nothing on stderr', async () => {
    const running = serve()
    const url = await running.ready()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(running.stdout.match(/listening/g)).toHaveLength(1)
    for (const text of ['provider', 'base URL', `${url}/cpg`, 'cpg_demo_key', 'cpg_demo_secret', 'cpg_other_key', 'only read_deposit_status', 'at most 5 calls a minute']) expect(running.stdout).toContain(text)
    expect(await get(`${url}/_sandgate/health`)).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
    expect((await call(url)).status).toBe(200)
    expect((await get(`${url}/_sandgate/clock`)).mode).toBe('running')
    expect(running.stderr).toBe('')
  })

  test('the same seed gives the same answers in another process, another seed others; a clock that names an instant starts the world there, frozen', async () => {
    const answerOf = async (...args: string[]) => {
      const url = await serve(['--clock', '2026-05-16T19:00:00Z', ...args]).ready()
      expect(await get(`${url}/_sandgate/clock`)).toMatchObject({ now: '2026-05-16T19:00:00.000Z', mode: 'frozen' })
      return call(url)
    }
    const [first, again, other] = await Promise.all([answerOf(), answerOf('--seed', 'sandgate'), answerOf('--seed', 'other')])
    expect(again).toEqual(first)
    expect(other.data).toEqual({ ...first.data, address: expect.not.stringContaining(first.data.address) })
  })

  test('--control-token and --allow-host reach the guard; --host is listened on', async () => {
    const url = await serve(['--control-token', 'hush', '--allow-host', 'a.example', '--allow-host', 'b.example', '--host', '::1']).ready()
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(`${url}/_sandgate/health`)).status).toBe(401)
    expect((await fetch(`${url}/_sandgate/health`, { headers: { authorization: 'Bearer hush' } })).status).toBe(200)
  })
})

describe('flag, environment, config file', () => {
  const clockOf = async (running: Running) => (await get(`${await running.ready()}/_sandgate/clock`)).now
  const config = write('seed: from-file\nclock: 2021-01-01T00:00:00Z\n')

  test('the file is used where nothing else is said; the environment wins over it, a flag over the environment', async () => {
    const env = { SANDGATE_CONFIG: config, SANDGATE_CLOCK: '2022-01-01T00:00:00Z' }
    const clocks = [clockOf(serve(['--config', config])), clockOf(serve([], env)), clockOf(serve(['--clock', '2023-01-01T00:00:00Z'], env))]
    expect(await Promise.all(clocks)).toEqual(['2021-01-01T00:00:00.000Z', '2022-01-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z'])
  })

  test('each flag has its variable, and serve need not be said', async () => {
    const env = { SANDGATE_PORT: '0', SANDGATE_HOST: '::1', SANDGATE_SEED: 'env', SANDGATE_CLOCK: '2022-01-01T00:00:00Z', SANDGATE_CONTROL_TOKEN: 'hush', SANDGATE_STRICT: '1', SANDGATE_ALLOW_HOST: 'a.example' }
    const url = await new Running([], env).ready()
    expect(url).toContain('[::1]')
    expect((await fetch(`${url}/_sandgate/clock`)).status).toBe(401)
    const headers = { authorization: 'Bearer hush' }
    expect(await (await fetch(`${url}/_sandgate/clock`, { headers })).json()).toMatchObject({ now: '2022-01-01T00:00:00.000Z' })
    const reset: any = await (await fetch(`${url}/_sandgate/reset`, { method: 'POST', headers })).json()
    expect(reset.seed).toBe('env')
  })

  test('keys of a config file work, and are never printed', async () => {
    const file = write('providers: { cpg: { accounts: { shop: { keys: [{ id: my_key, secret: my_secret }], currencies: [{ currency: USDT, network: ETH }] }, other: { keys: [{ id: cpg_other_key, secret: mine_now }], currencies: [{ currency: USDT, network: ETH }] } } } }\n')
    const running = serve(['--config', file])
    const url = await running.ready()
    for (const [key, secret] of [['my_key', 'my_secret'], ['cpg_other_key', 'mine_now']] as const) expect((await call(url, clientOf({ key, secret }))).status).toBe(200)
    for (const secret of ['my_key', 'my_secret', 'mine_now', 'cpg_other_secret', 'shop']) expect(running.stdout).not.toContain(secret)
    expect(running.stdout).toContain('cpg_demo_key')
    running.child.kill('SIGTERM')
    expect((await running.ended).stderr).toBe('')
  })
})

test('the table has the demo keys that are valid, and no other', async () => {
  const file = write(`providers:
  alphapo: { merchants: { demo: { keys: [{ id: my_key, secret: my_secret }] } } }
  cpg: { accounts: { other: { keys: [{ id: cpg_other_key, secret: mine_now }], currencies: [] } } }
  payward: { accounts: { other: { keys: [], ids: [] } } }
  zopay: { accounts: { org_other: { keys: [] } } }
`)
  const running = serve(['--config', file])
  await running.ready()
  for (const key of ['alphapo_demo_key', 'cpg_other_key', 'pws_other_key', 'sk_test_sandgate_other', 'my_key']) expect(running.stdout).not.toContain(key)
  for (const key of ['alphapo_other_key', 'cpg_demo_key', 'pws_demo_key', 'sk_test_sandgate_demo']) expect(running.stdout).toContain(key)
})

test('a scenario file may have a comma in its name; from the environment commas stand between several', async () => {
  const one = write('name: one\n')
  const two = join(dirname(one), 'a,b.yaml')
  renameSync(write('name: two\n'), two)
  const names = async (running: Running) => (await get(`${await running.ready()}/_sandgate/scenario`)).stories.map(({ name }: any) => name)
  const told = await Promise.all([names(serve(['--scenario', two, '--scenario', one])), names(serve([], { SANDGATE_SCENARIO: `${one},${write('name: three\n')}` }))])
  expect(told).toEqual([['two', 'one'], ['one', 'three']])
})

describe('what cannot be used is told in one line, with exit status 2 and nothing on stdout', () => {
  test('flags', () =>
    complain([
      ['an unknown flag', new Running(['serve', '--prot', '4010']), /--prot/],
      ['an unknown command', new Running(['srve']), /there is no command "srve"; did you mean serve\?/],
      ['an unknown command with flags', new Running(['replai', 'case.json', '--until', '5']), /there is no command "replai"; did you mean replay\?/],
      ['help about an unknown command', new Running(['help', 'chek']), /there is no command "chek"; did you mean check\?/],
      ['more than serve takes', new Running(['serve', 'now']), /too many arguments/],
      ['a flag without its value', new Running(['serve', '--port']), /--port/],
      ['a port that is none', new Running(['serve', '--port', 'http']), /--port.*0 to 65535, got "http"/],
      ['a port out of range', new Running(['serve', '--port', '65536']), /--port.*got "65536"/],
      ['a negative port', new Running(['serve', '--port=-1']), /--port.*got "-1"/],
      ['a clock that is none', new Running(['serve', '--clock', 'noon']), /--clock.*expected real, or an instant.*got "noon"/],
      ['a day that is none', new Running(['serve', '--clock', '2026-02-30T00:00:00Z']), /--clock.*expected real, or an instant/],
      ['an instant without a zone', new Running(['serve', '--clock', '2026-05-16T19:00:00']), /--clock.*expected real, or an instant/],
      ['a config file with a clock that is none', new Running(['serve', '--config', write('clock: 2026-02-30T00:00:00Z\n')]), /sandgate\.yaml:1: clock: expected real, or an instant/],
      ['a host that is none of ours', new Running(['serve', '--port', '0', '--host', '192.0.2.1']), /--host 192\.0\.2\.1/],
      ['a config file that is not there', new Running(['serve', '--config', '/nowhere/sandgate.yaml']), /\/nowhere\/sandgate\.yaml: cannot be read/],
      ['a config file with an unknown key', new Running(['serve', '--config', write('sed: x\n')]), /sandgate\.yaml:1: sed: unknown key; did you mean seed\?/],
      ['a config file with two mistakes', new Running(['serve', '--config', write('sed: x\nlimits: { worlds: many }\n')]), /^sandgate: \S+sandgate\.yaml:2: limits\.worlds: [^;]+; \S+sandgate\.yaml:1: sed: unknown key/],
      ['a config file that is no YAML', new Running(['serve', '--config', write('seed: [x\n')]), /sandgate\.yaml:\d: /],
      ['a config file full of aliases', new Running(['serve', '--config', write(`a: &a [x]\n${[...'bcdefgh'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`).join('\n')}\n`)]), /alias/i],
      ['an empty seed', new Running(['serve', '--port', '0', '--seed', '']), /--seed/],
      ['a scenario that is not there', new Running(['serve', '--port', '0', '--scenario', '/nowhere/story.yaml']), /\/nowhere\/story\.yaml: cannot be read/],
      ['a scenario with an unknown key', new Running(['serve', '--port', '0', '--scenario', write('nam: x\n')]), /sandgate\.yaml:1: nam: unknown key; did you mean name\?/],
      ['two scenarios with two seeds', new Running(['serve', '--port', '0', '--scenario', write('seed: a\n'), '--scenario', write('seed: b\n')]), /seed b differs from a/],
      ['health of nobody', new Running(['health', '--port', '1']), /no healthy sandbox on port 1/],
    ]))

  test('the environment, and a port that is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    await complain([
      ['a port out of the environment', new Running(['serve'], { SANDGATE_PORT: 'http' }), /SANDGATE_PORT.*got "http"/],
      ['a clock out of the environment', new Running(['serve'], { SANDGATE_CLOCK: 'noon' }), /SANDGATE_CLOCK.*got "noon"/],
      ['a config file out of the environment', new Running(['serve'], { SANDGATE_CONFIG: '/nowhere.yaml' }), /\/nowhere\.yaml/],
      ['a port that is taken', new Running(['serve', '--port', String(port), '--data', join(folder, 'kept')]), new RegExp(`--port ${port}.*taken`)],
    ])
    expect(readdirSync(join(folder, 'kept'))).not.toContain('lock')
  })
})

describe('the end', () => {
  test('SIGTERM and SIGINT: exit status 0, the port is free again', async () => {
    const ends = (['SIGTERM', 'SIGINT'] as const).map(async (signal) => {
      const running = serve()
      const url = await running.ready()
      // An idle connection, as a pooling client keeps it, holds nobody up.
      await get(`${url}/_sandgate/health`)
      running.child.kill(signal)
      expect(await running.ended).toMatchObject({ status: 0, stderr: '' })
      await expect(fetch(url)).rejects.toThrow()
    })
    await Promise.all(ends)
  })

  test('requests in flight are finished first', async () => {
    const running = serve()
    const url = await running.ready()
    const request = client.sign(allocation({}), Date.now())
    const headers = Object.entries(request.headers!).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
    let heard = ''
    const hears = (pattern: RegExp) => new Promise<void>((resolve, reject) => {
      socket.on('data', (text: string) => {
        heard += text
        if (pattern.test(heard)) resolve()
      })
      socket.on('close', () => reject(new Error(`hung up after "${heard}"`)))
    })
    socket.write(`POST /cpg${request.path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${request.body!.length}\r\n${headers}\r\n`)
    await hears(/100 Continue/)
    running.child.kill('SIGTERM')
    await refusesConnections(Number(new URL(url).port))
    const answered = hears(/"success":true/)
    socket.write(request.body!)
    await answered
    expect(heard).toMatch(/HTTP\/1\.1 200 /)
    // Nobody is invited to say more, or the end would wait for them.
    expect(heard).toMatch(/connection: close/i)
    expect(await running.ended).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('other commands', () => {
  test('health asks a running sandbox', async () => {
    const { port } = new URL(await serve().ready())
    for (const running of [new Running(['health', '--port', port]), new Running(['health'], { SANDGATE_PORT: port })]) {
      const { status, stdout, stderr } = await running.ended
      expect([status, JSON.parse(stdout).status, stderr]).toEqual([0, 'ok', ''])
    }
  })

  test('health brings the control token, as the environment of a container gives it to both', async () => {
    const env = { SANDGATE_CONTROL_TOKEN: 'abc' }
    const { port } = new URL(await serve([], env).ready())
    expect(await new Running(['health', '--port', port], env).ended).toMatchObject({ status: 0, stderr: '' })
    expect(await new Running(['health', '--port', port]).ended).toMatchObject({ status: 2, stderr: `sandgate: no healthy sandbox on port ${port}: 401\n` })
  })

  test('scenarios come from the flag, the environment or the config file, whose own folder counts', async () => {
    const story = (name: string) => write(`name: ${name}\n`)
    const config = write('')
    writeFileSync(join(dirname(config), 'sandgate.story.yaml'), 'name: c\nclock: 2026-05-16T19:00:00Z\n')
    writeFileSync(config, 'scenarios: [sandgate.story.yaml]\n')
    const nameIn = async (running: Running) => (await get(`${await running.ready()}/_sandgate/scenario`)).name
    const names = await Promise.all([
      nameIn(new Running(['serve', '--port', '0', '--scenario', story('a'), '--scenario', story('b')], { SANDGATE_SCENARIO: story('z') })),
      nameIn(new Running(['serve', '--port', '0'], { SANDGATE_SCENARIO: `${story('y')},${story('z')}` })),
      nameIn(new Running(['serve', '--port', '0', '--config', config])),
    ])
    expect(names).toEqual(['a + b', 'y + z', 'c'])
  })

  test('check: 0 when nothing is wrong, 1 when a rule can never act, 2 when a file cannot be used', async () => {
    const rule = (when: string) => `name: x\nrules: [{ when: { provider: cpg, ${when} }, then: [{ corrupt: { how: empty } }] }]\n`
    const [good, idle, bad, none] = await Promise.all([['check', write(rule('nth: 1'))], ['check', write(rule('nth: 2, times: 1'))], ['check', write(rule('nht: 1')), write('sead: 1')], ['check']].map((args) => new Running(args).ended))
    expect([good!.status, good!.stderr]).toEqual([0, ''])
    expect(good!.stdout).toMatch(/: x\n1 rule, 0 steps\n/)
    expect([idle!.status, idle!.stderr]).toEqual([1, expect.stringMatching(/sandgate\.yaml:2: x\.1 can never fire: nth 2 comes after the first 1\n$/)])
    expect([bad!.status, bad!.stdout, bad!.stderr.trim().split('\n')]).toEqual([2, '', [expect.stringContaining('did you mean nth?'), expect.stringContaining('did you mean seed?')]])
    expect(none!.status).toBe(2)
  })

  test('schema prints the JSON Schema of scenario files', async () => {
    const { status, stdout, stderr } = await new Running(['schema']).ended
    expect([status, stderr]).toEqual([0, ''])
    expect(Object.keys(JSON.parse(stdout).properties)).toEqual(['name', 'summary', 'seed', 'clock', 'rules', 'timeline'])
  })

  test('schema --config prints JSON Schema', async () => {
    const { status, stdout, stderr } = await new Running(['schema', '--config']).ended
    expect([status, stderr]).toEqual([0, ''])
    expect(Object.keys(JSON.parse(stdout).properties)).toEqual(expect.arrayContaining(['seed', 'clock', 'limits', 'providers', 'assume']))
  })

  test('--help and --version go to stdout', async () => {
    const [help, served, version] = await Promise.all([['--help'], ['serve', '--help'], ['--version']].map((args) => new Running(args).ended))
    expect([help!.status, served!.status, version!.status]).toEqual([0, 0, 0])
    expect(help!.stdout).toMatch(/serve[^]*schema[^]*health/)
    for (const flag of ['--port', '--host', '--seed', '--clock', '--config', '--allow-host', '--control-token', '--strict', 'SANDGATE_PORT']) expect(served!.stdout).toContain(flag)
    expect(version!.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
