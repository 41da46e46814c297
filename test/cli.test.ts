// The command line as a shell meets it: a child process, its two streams and its exit status. Waits for lines, never for time.
import { execFile, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { VARIABLES } from '../src/cli/environment.ts'
import { COMMANDS } from '../src/cli/program.ts'
import { findProviders } from '../src/app.ts'
import { allocation, client, clientOf } from './clients/cpg.ts'
import { bare, Running, serve } from './command-line.ts'

const ROOT = new URL('..', import.meta.url).pathname
const MAIN = join(ROOT, 'dist/main.js')
const folder = mkdtempSync(join(tmpdir(), 'sandgate-cli-'))

afterAll(() => rmSync(folder, { recursive: true }))

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

/** What a call of the control API under this Host is answered. */
function statusAs(host: string, url: string): Promise<number> {
  return new Promise((resolve, reject) =>
    httpRequest(`${url}/_sandgate/health`, { headers: { host }, agent: false }, (answer) =>
      resolve(answer.resume().statusCode!),
    )
      .on('error', reject)
      .end(),
  )
}

async function get(url: string): Promise<any> {
  return (await fetch(url)).json()
}

async function call(url: string, by = client): Promise<any> {
  const request = by.sign(allocation({ user_identifier: 'u' }), Date.now())
  const answer = await fetch(`${url}/cpg${request.path}`, {
    method: request.method,
    headers: request.headers as Record<string, string>,
    body: request.body!,
  })
  return { status: answer.status, ...((await answer.json()) as object) }
}

describe('serve', () => {
  test('says one ready line with the port it found, then a table of providers, base URLs and demo keys; nothing on stderr', async () => {
    const running = serve()
    const url = await running.ready()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(running.stdout.match(/listening/g)).toHaveLength(1)
    for (const text of [
      'provider',
      'base URL',
      `${url}/cpg`,
      'cpg_demo_key',
      'cpg_demo_secret',
      'cpg_other_key',
      'only read_deposit_status',
      'at most 5 calls a minute',
    ])
      expect(running.stdout).toContain(text)
    expect(await get(`${url}/_sandgate/health`)).toEqual({
      status: 'ok',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
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
    const [first, again, other] = await Promise.all([
      answerOf(),
      answerOf('--seed', 'sandgate'),
      answerOf('--seed', 'other'),
    ])
    expect(again).toEqual(first)
    expect(other.data).toEqual({ ...first.data, address: expect.not.stringContaining(first.data.address) })
  })

  test('--control-token and --allow-host reach the guard; --host is listened on', async () => {
    const url = await serve([
      '--control-token',
      'hush',
      '--allow-host',
      'a.example',
      '--allow-host',
      'b.example',
      '--host',
      '::1',
    ]).ready()
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(`${url}/_sandgate/health`)).status).toBe(401)
    expect((await fetch(`${url}/_sandgate/health`, { headers: { authorization: 'Bearer hush' } })).status).toBe(200)
  })
})

describe('the lines of a start', () => {
  test.each([['127.0.0.1'], ['0.0.0.0'], ['::'], ['::1'], ['localhost']])(
    'with --host %s are at most 100 columns wide and hold what one needs next',
    async (host) => {
      const running = serve(['--host', host])
      const url = await running.ready()
      expect(running.stdout.split('\n').filter((line) => line.length > 100)).toEqual([])
      expect(running.stdout).not.toMatch(/0\.0\.0\.0|\[::\]/)
      expect(/^Every interface/m.test(running.stdout)).toBe(['0.0.0.0', '::'].includes(host))
      for (const line of [
        `control API  ${url}/_sandgate`,
        `journal      ${url}/_sandgate/journal`,
        'first call   node ',
      ])
        expect(running.stdout).toContain(line)
      expect((await get(`${url}/_sandgate/health`)).status).toBe('ok')
    },
  )

  test('the first call can be pasted as it stands', async () => {
    const running = serve()
    await running.ready()
    const [, command] = /^first call {3}([^]+)$/m.exec(running.stdout)!
    const { stdout } = await promisify(execFile)('sh', ['-c', command!], { env: bare })
    expect(stdout).toMatch(/^20[01] /)
  })
})

describe('flag, environment, config file', () => {
  const clockOf = async (running: Running) => (await get(`${await running.ready()}/_sandgate/clock`)).now
  const config = write('seed: from-file\nclock: 2021-01-01T00:00:00Z\n')

  test('the file is used where nothing else is said; the environment wins over it, a flag over the environment', async () => {
    const env = { SANDGATE_CONFIG: config, SANDGATE_CLOCK: '2022-01-01T00:00:00Z' }
    const clocks = [
      clockOf(serve(['--config', config])),
      clockOf(serve([], env)),
      clockOf(serve(['--clock', '2023-01-01T00:00:00Z'], env)),
    ]
    expect(await Promise.all(clocks)).toEqual([
      '2021-01-01T00:00:00.000Z',
      '2022-01-01T00:00:00.000Z',
      '2023-01-01T00:00:00.000Z',
    ])
  })

  test('each flag has its variable, and serve need not be said', async () => {
    const env = {
      SANDGATE_PORT: '0',
      SANDGATE_HOST: '::1',
      SANDGATE_SEED: 'env',
      SANDGATE_CLOCK: '2022-01-01T00:00:00Z',
      SANDGATE_CONTROL_TOKEN: 'hush',
      SANDGATE_STRICT: '1',
      SANDGATE_ALLOW_HOST: 'a.example',
    }
    const url = await new Running([], env).ready()
    expect(url).toContain('[::1]')
    expect((await fetch(`${url}/_sandgate/clock`)).status).toBe(401)
    const headers = { authorization: 'Bearer hush' }
    expect(await (await fetch(`${url}/_sandgate/clock`, { headers })).json()).toMatchObject({
      now: '2022-01-01T00:00:00.000Z',
    })
    const reset: any = await (await fetch(`${url}/_sandgate/reset`, { method: 'POST', headers })).json()
    expect(reset.seed).toBe('env')
  })

  test('keys of a config file work, and are never printed', async () => {
    const file = write(
      'providers: { cpg: { accounts: { shop: { keys: [{ id: my_key, secret: my_secret }], currencies: [{ currency: USDT, network: ETH }] }, other: { keys: [{ id: cpg_other_key, secret: mine_now }], currencies: [{ currency: USDT, network: ETH }] } } } }\n',
    )
    const running = serve(['--config', file])
    const url = await running.ready()
    for (const [key, secret] of [
      ['my_key', 'my_secret'],
      ['cpg_other_key', 'mine_now'],
    ] as const)
      expect((await call(url, clientOf({ key, secret }))).status).toBe(200)
    for (const secret of ['my_key', 'my_secret', 'mine_now', 'cpg_other_secret', 'shop'])
      expect(running.stdout).not.toContain(secret)
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
  for (const key of ['alphapo_demo_key', 'cpg_other_key', 'pws_other_key', 'sk_test_sandgate_other', 'my_key'])
    expect(running.stdout).not.toContain(key)
  for (const key of ['alphapo_other_key', 'cpg_demo_key', 'pws_demo_key', 'sk_test_sandgate_demo'])
    expect(running.stdout).toContain(key)
})

test('a scenario file may have a comma in its name; from the environment commas stand between several', async () => {
  const one = write('name: one\n')
  const two = join(dirname(one), 'a,b.yaml')
  renameSync(write('name: two\n'), two)
  const names = async (running: Running) =>
    (await get(`${await running.ready()}/_sandgate/scenario`)).stories.map(({ name }: any) => name)
  const told = await Promise.all([
    names(serve(['--scenario', two, '--scenario', one])),
    names(serve([], { SANDGATE_SCENARIO: `${one},${write('name: three\n')}` })),
  ])
  expect(told).toEqual([
    ['two', 'one'],
    ['one', 'three'],
  ])
})

describe('what cannot be used is told in one line, with exit status 2 and nothing on stdout', () => {
  test('flags', () =>
    complain([
      ['an unknown flag', new Running(['serve', '--prot', '4010']), /--prot/],
      ['an unknown command', new Running(['srve']), /there is no command "srve"; did you mean serve\?/],
      [
        'an unknown command with flags',
        new Running(['replai', 'case.json', '--until', '5']),
        /there is no command "replai"; did you mean replay\?/,
      ],
      [
        'help about an unknown command',
        new Running(['help', 'chek']),
        /there is no command "chek"; did you mean check\?/,
      ],
      ['more than serve takes', new Running(['serve', 'now']), /too many arguments/],
      ['a flag without its value', new Running(['serve', '--port']), /--port/],
      ['a port that is none', new Running(['serve', '--port', 'http']), /--port.*0 to 65535, got "http"/],
      ['a port out of range', new Running(['serve', '--port', '65536']), /--port.*got "65536"/],
      ['a negative port', new Running(['serve', '--port=-1']), /--port.*got "-1"/],
      [
        'a clock that is none',
        new Running(['serve', '--clock', 'noon']),
        /--clock.*expected real, or an instant.*got "noon"/,
      ],
      [
        'a day that is none',
        new Running(['serve', '--clock', '2026-02-30T00:00:00Z']),
        /--clock.*expected real, or an instant/,
      ],
      [
        'an instant without a zone',
        new Running(['serve', '--clock', '2026-05-16T19:00:00']),
        /--clock.*expected real, or an instant/,
      ],
      [
        'a config file with a clock that is none',
        new Running(['serve', '--config', write('clock: 2026-02-30T00:00:00Z\n')]),
        /sandgate\.yaml:1: clock: expected real, or an instant/,
      ],
      [
        'a host that is none of ours',
        new Running(['serve', '--port', '0', '--host', '192.0.2.1']),
        /--host 192\.0\.2\.1/,
      ],
      [
        'a config file that is not there',
        new Running(['serve', '--config', '/nowhere/sandgate.yaml']),
        /\/nowhere\/sandgate\.yaml: cannot be read/,
      ],
      [
        'a config file with an unknown key',
        new Running(['serve', '--config', write('sed: x\n')]),
        /sandgate\.yaml:1: sed: unknown key; did you mean seed\?/,
      ],
      [
        'a config file with two mistakes',
        new Running(['serve', '--config', write('sed: x\nlimits: { worlds: many }\n')]),
        /^sandgate: \S+sandgate\.yaml:2: limits\.worlds: [^;]+; \S+sandgate\.yaml:1: sed: unknown key/,
      ],
      ['a config file that is no YAML', new Running(['serve', '--config', write('seed: [x\n')]), /sandgate\.yaml:\d: /],
      [
        'a config file full of aliases',
        new Running([
          'serve',
          '--config',
          write(
            `a: &a [x]\n${[...'bcdefgh'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`).join('\n')}\n`,
          ),
        ]),
        /alias/i,
      ],
      [
        'an empty token',
        new Running(['serve', '--port', '0', '--control-token', '']),
        /--control-token.*expected visible ASCII/,
      ],
      [
        'a token that no header can carry',
        new Running(['serve', '--port', '0', '--control-token', 'a b']),
        /--control-token.*expected visible ASCII/,
      ],
      [
        'a URL for a host',
        new Running(['serve', '--port', '0', '--allow-callback-host', 'http://foo']),
        /--allow-callback-host.*without scheme, port or path, got "http:\/\/foo"/,
      ],
      [
        'a host with a port',
        new Running(['serve', '--port', '0', '--allow-host', 'foo.example:80']),
        /--allow-host.*got "foo\.example:80"/,
      ],
      [
        'a host with a path',
        new Running(['serve', '--port', '0', '--allow-host', 'foo.example/x']),
        /--allow-host.*got "foo\.example\/x"/,
      ],
      ['an empty host', new Running(['serve', '--port', '0', '--allow-host', '']), /--allow-host.*got ""/],
      [
        'an empty address to listen on',
        new Running(['serve', '--port', '0', '--host', '']),
        /--host.*expected some text/,
      ],
      ['an empty seed', new Running(['serve', '--port', '0', '--seed', '']), /--seed/],
      [
        'a scenario that is not there',
        new Running(['serve', '--port', '0', '--scenario', '/nowhere/story.yaml']),
        /\/nowhere\/story\.yaml: cannot be read/,
      ],
      [
        'a scenario with an unknown key',
        new Running(['serve', '--port', '0', '--scenario', write('nam: x\n')]),
        /sandgate\.yaml:1: nam: unknown key; did you mean name\?/,
      ],
      [
        'two scenarios with two seeds',
        new Running(['serve', '--port', '0', '--scenario', write('seed: a\n'), '--scenario', write('seed: b\n')]),
        /seed b differs from a/,
      ],
      [
        'health of nobody',
        new Running(['health', '--port', '1']),
        /no healthy sandbox at http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/,
      ],
    ]))

  test('a directory of somebody else: who this process is, and what to do', async () => {
    const data = mkdtempSync(join(folder, 'foreign-'))
    chmodSync(folder, 0o755)
    chmodSync(data, 0o555)
    // The superuser may write anywhere.
    const uid = process.getuid!() === 0 ? 65_534 : process.getuid!()
    await complain([
      [
        'a foreign directory',
        new Running(['serve', '--port', '0', '--data', data], {}, { uid }),
        new RegExp(
          `EACCES.*; this process runs as uid ${uid}: make the directory its own \\(chown\\), or run it as the directory's owner`,
        ),
      ],
    ])
  })

  test('the environment, and a port that is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    await complain([
      ['a port out of the environment', new Running(['serve'], { SANDGATE_PORT: 'http' }), /SANDGATE_PORT.*got "http"/],
      [
        'a clock out of the environment',
        new Running(['serve'], { SANDGATE_CLOCK: 'noon' }),
        /SANDGATE_CLOCK.*got "noon"/,
      ],
      [
        'a config file out of the environment',
        new Running(['serve'], { SANDGATE_CONFIG: '/nowhere.yaml' }),
        /\/nowhere\.yaml/,
      ],
      [
        'a port that is taken',
        new Running(['serve', '--port', String(port), '--data', join(folder, 'kept')]),
        new RegExp(`--port ${port}.*taken`),
      ],
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
      await expect(fetch(url)).rejects.toThrow('fetch failed')
    })
    await Promise.all(ends)
  })

  test('requests in flight are finished first', async () => {
    const running = serve()
    const url = await running.ready()
    const request = client.sign(allocation({}), Date.now())
    const headers = Object.entries(request.headers!)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
    let heard = ''
    const hears = (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        socket.on('data', (text: string) => {
          heard += text
          if (pattern.test(heard)) resolve()
        })
        socket.on('close', () => reject(new Error(`hung up after "${heard}"`)))
      })
    socket.write(
      `POST /cpg${request.path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${request.body!.length}\r\n${headers}\r\n`,
    )
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

describe('call', () => {
  const control = async (url: string, method: string, path: string, body: object) =>
    (await fetch(`${url}/_sandgate${path}`, { method, body: JSON.stringify(body) })).status

  test('sandgate.call: a signed call of each provider, by its first demo key', async () => {
    const url = await serve().ready()
    for (const {
      name,
      firstCall: { method, path, body },
      demo,
    } of (await findProviders()).values()) {
      const { status, stdout, stderr } = await new Running([
        'call',
        name,
        method,
        path,
        '--url',
        url,
        ...(body === undefined ? [] : ['-d', body]),
      ]).ended
      expect([name, status, stderr]).toEqual([name, 0, ''])
      expect(stdout).toMatch(/^20[01] /)
      for (const { key, secret = key } of demo) for (const hidden of [key, secret]) expect(stdout).not.toContain(hidden)
    }
  })

  test('sandgate.call: the answer, and what the journal says of it', async () => {
    const url = await serve().ready()
    const { status, stdout } = await new Running([
      'call',
      'cpg',
      'post',
      '/v1/deposit-addresses',
      '--url',
      url,
      '-d',
      '{"currency":"USDT","network":"ETH","user_identifier":"u","idempotency_key":"k1"}',
    ]).ended
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^200 OK\ncontent-type: application\/json\nx-sandgate-entry: 1\n\n\{"success":true,[^\n]*\}\n\n/,
    )
    expect(stdout).toMatch(
      /\nEntry 1: createDepositAddress of cpg \(POST \/cpg\/v1\/deposit-addresses\) was called by demo with key 1 at [^\n]* answered 200[^\n]*\n/,
    )
    expect(stdout).toContain(`\nentry        ${url}/_sandgate/journal/1\n`)
    expect(stdout).toMatch(/\npassed {7}auth_headers_present, timestamp_in_window, [^\n]*schema_valid\n/)
    expect(stdout).toMatch(/\nidempotency {2}kept: [^\n]*\n/)
    expect(stdout).toMatch(/\nrule {9}cpg\.[a-z.-]+ \((documented|inferred|assumed)\): [^\n]+\n/)
  })

  test('sandgate.call: a refusal says which check it was, and ends with 1', async () => {
    const url = await serve().ready()
    const { status, stdout } = await new Running(
      ['call', 'cpg', 'POST', '/v1/deposit-addresses', '--key', 'cpg_readonly_key', '-d', '{}'],
      { SANDGATE_URL: url },
    ).ended
    expect(status).toBe(1)
    expect(stdout).toMatch(/^403 Forbidden\n/)
    expect(stdout).toMatch(
      / was called by demo with key 3 [^]*\nstopped by +permission_granted\nnot reached +schema_valid\nrefusal +forbidden\nanswer +\{[^\n]*\nhint +the key lacks request_deposit_address\n/,
    )
  })

  test('sandgate.call: an answer that a scenario gave names the rule, and so does a cut connection the way to it', async () => {
    const rules = [
      { when: { nth: 1 }, then: [{ respond: { error: 'rate_limited' } }] },
      { when: { nth: 2 }, then: [{ drop: { stage: 'before', how: 'reset' } }] },
    ]
    const url = await serve(['--scenario', write(JSON.stringify({ rules }))]).ready()
    const call = () => new Running(['call', 'cpg', 'GET', '/v1/currencies', '--url', url]).ended
    const { status, stdout } = await call()
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^429 [^]*\nfault +\S+\.1 .*was applied to call 1$/m)])
    expect(await call()).toMatchObject({ status: 2, stderr: expect.stringContaining('journal?kind=fault') })
  })

  test('sandgate.call: query, body from a file and from stdin, more headers, another world', async () => {
    const url = await serve().ready()
    expect(await control(url, 'POST', '/worlds', { id: 'ci' })).toBe(201)
    const file = write('{ "currency": "USDT",\r\n "network": "ETH" }\n')
    const at = ['--url', url, '--world', 'ci']
    const piped = new Running([
      'call',
      'zopay',
      'POST',
      '/connect/v1/payment-intents',
      ...at,
      '-H',
      'Idempotency-Key: order-1',
      '-d',
      '@-',
    ])
    piped.child.stdin.end('{"amount":"25.00","currencies":["USDT"]}')
    const ends = [
      new Running(['call', 'cpg', 'POST', '/v1/deposit-addresses', ...at, '-d', `@${file}`]),
      new Running(['call', 'payward', 'GET', '/v1/funds/transactions?type=deposit', ...at]),
      piped,
    ]
    for (const { ended } of ends) expect(await ended).toMatchObject({ status: 0, stderr: '' })
    expect((await get(`${url}/w/ci/_sandgate/journal?kind=call`)).data.map(({ status }: any) => status)).toEqual([
      200, 200, 200,
    ])
    expect((await get(`${url}/_sandgate/journal?kind=call`)).data).toEqual([])
  })

  test('sandgate.call: a key of a config file signs, and is shown nowhere', async () => {
    const config = write(
      'providers: { cpg: { accounts: { shop: { keys: [{ id: my_key, secret: my_secret }], currencies: [{ currency: USDT, network: ETH }] } } } }\n',
    )
    const url = await serve(['--config', config]).ready()
    const { status, stdout, stderr } = await new Running([
      'call',
      'cpg',
      'GET',
      '/v1/currencies',
      '--url',
      url,
      '--config',
      config,
      '--key',
      'my_key',
    ]).ended
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/ was called by shop with key 1 /)
    expect(stdout).not.toMatch(/my_key|my_secret/)
    const wrong = await new Running([
      'call',
      'cpg',
      'GET',
      '/v1/currencies',
      '--url',
      url,
      '--config',
      config,
      '--key',
      'my_kye',
    ]).ended
    expect(wrong).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/--key my_kye: CPG has no such key; there are cpg_demo_key, /),
    })
    expect(wrong.stderr).not.toMatch(/my_key|my_secret/)
  })

  test('sandgate.call: what cannot be asked ends with 2, in one line', async () => {
    const url = await serve(['--control-token', 'abc']).ready()
    const at = ['--url', url]
    await complain([
      [
        'nobody there',
        new Running(['call', 'cpg', 'GET', '/v1/_ping', '--url', 'http://127.0.0.1:1']),
        /http:\/\/127\.0\.0\.1:1 did not answer: connect ECONNREFUSED/,
      ],
      [
        'no such provider',
        new Running(['call', 'cgp', 'GET', '/v1/_ping', ...at]),
        /no provider "cgp"; did you mean cpg\?/,
      ],
      [
        'no such key',
        new Running(['call', 'cpg', 'GET', '/v1/_ping', ...at, '--key', 'cpg_demo_kex']),
        /did you mean cpg_demo_key\?/,
      ],
      [
        'no such world',
        new Running(['call', 'cpg', 'GET', '/v1/_ping', ...at, '--world', 'nowhere']),
        /did not answer as CPG: 404 there is no world "nowhere"/,
      ],
      ['no path', new Running(['call', 'cpg', 'GET', 'v1/_ping', ...at]), /"v1\/_ping" is not a request path/],
      ['no method', new Running(['call', 'cpg', '/v1/_ping', 'GET', ...at]), /is not a (request path|method)/],
      [
        'no file',
        new Running(['call', 'cpg', 'POST', '/v1/deposit-addresses', ...at, '-d', '@/nowhere.json']),
        /-d @\/nowhere\.json: cannot be read/,
      ],
      ['no header', new Running(['call', 'cpg', 'GET', '/v1/_ping', ...at, '-H', 'x']), /-H, --header.*Name: value/],
      [
        'no URL',
        new Running(['call', 'cpg', 'GET', '/v1/_ping', '--url', 'localhost:4010']),
        /--url.*expected a URL such as http:/,
      ],
    ])
    // The call was made; only its explanation is not to be had.
    expect(await new Running(['call', 'cpg', 'GET', '/v1/_ping', ...at]).ended).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/entry 1 cannot be read: 401 the control API asks for/),
    })
  })
})

describe('the environment', () => {
  test('sandgate.environment: an empty variable says nothing, whatever it is for', async () => {
    const env = Object.fromEntries(VARIABLES.map((name) => [name, '']))
    const running = new Running(['serve', '--port', '0'], { ...env, SANDGATE_LOG: 'off', SANDGATE_PORT: '' })
    const url = await running.ready()
    expect((await get(`${url}/_sandgate/health`)).status).toBe('ok')
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ status: 0, stderr: '' })
    expect(await new Running(['health', '--port', new URL(url).port], env).ended).toMatchObject({ stdout: '' })
  })

  test('sandgate.environment: every flag that has a variable is known, and every variable has a flag', async () => {
    const commands = await Promise.all(
      Object.values(COMMANDS).map(async ({ load }) => {
        const command = new Command()
        ;(await load()).define(command)
        return command
      }),
    )
    const named = new Set(commands.flatMap(({ options }) => options.flatMap(({ envVar }) => envVar ?? [])))
    expect([...named].sort()).toEqual([...VARIABLES].sort())
  })

  test('sandgate.environment: an unknown one is told with the nearest right name, once, and nothing else changes', async () => {
    const running = serve([], {
      SANDGATE_ALOW_CALLBACK_HOST: 'x',
      SANDGATE_KILL_SEED: '1',
      SANDGATE_TEST_POSTGRES: 'x',
    })
    await running.ready()
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({
      status: 0,
      stderr:
        'sandgate: SANDGATE_ALOW_CALLBACK_HOST is not a variable of Sandgate; did you mean SANDGATE_ALLOW_CALLBACK_HOST?\n',
    })
  })

  test('sandgate.environment: what Kubernetes sets for a service named sandgate is no setting', async () => {
    const env = {
      SANDGATE_PORT: 'tcp://10.0.0.1:4010',
      SANDGATE_SERVICE_HOST: '10.0.0.1',
      SANDGATE_SERVICE_PORT: '4010',
      SANDGATE_PORT_4010_TCP: 'tcp://10.0.0.1:4010',
      SANDGATE_PORT_4010_TCP_ADDR: '10.0.0.1',
    }
    expect(await new Running(['schema'], env).ended).toMatchObject({ status: 0, stderr: '' })
    expect(await new Running(['health', '--url', await serve().ready()], env).ended).toMatchObject({
      status: 0,
      stderr: '',
    })
  })

  test('hosts by variable and by flag, several at once, in any case', async () => {
    const url = await serve(['--allow-host', 'A.Example', '--allow-host', 'b.example,c.example']).ready()
    const other = await serve([], { SANDGATE_ALLOW_HOST: 'a.example, b.example,c.example' }).ready()
    for (const host of ['a.example', 'b.example', 'c.example', 'd.example']) {
      for (const base of [url, other])
        expect([host, await statusAs(host, base)]).toEqual([host, host === 'd.example' ? 403 : 200])
    }
  })
})

describe('an old Node', () => {
  test('is told so in a sentence before anything is loaded', async () => {
    const old = join(folder, 'old.cjs')
    writeFileSync(
      old,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })\n",
    )
    const { status, stdout, stderr } = await new Running(['serve'], { NODE_OPTIONS: `--require ${old}` }).ended
    expect([status, stdout, stderr]).toEqual([2, '', 'sandgate: Node 20.19 or newer is needed; this is 18.20.4\n'])
    expect(readFileSync(MAIN, 'utf8')).not.toMatch(/^import /m)
  })
})

describe('started by npm', () => {
  // A link to a package that is built again points at the new file, whose mode npm does not mend.
  test.skipIf(process.platform === 'win32')('what is built can be run as a file', async () => {
    expect((await promisify(execFile)(MAIN, ['--version'], { env: bare })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test.each([
    ['npm start', ['start', '--silent', '--', '--port', '0']],
    ['npx sandgate', ['exec', '--', 'sandgate', 'serve', '--port', '0']],
  ])('sandgate.stop.npm: a signal to %s frees the port', async (_, args) => {
    const child = spawn('npm', ['--ignore-scripts', ...args], { cwd: ROOT, env: { ...bare, SANDGATE_LOG: 'off' } })
    const ended = new Promise((resolve) => child.once('close', resolve))
    let said = ''
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const found = /^sandgate listening on (\S+)\n/m.exec(said)
        if (found) resolve(found[1]!)
      })
      child.once('close', () => reject(new Error(said)))
    })
    child.kill('SIGTERM')
    await refusesConnections(Number(new URL(url).port))
    await ended
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
    expect(await new Running(['health', '--port', port]).ended).toMatchObject({
      status: 2,
      stderr: `sandgate: no healthy sandbox at http://127.0.0.1:${port}: 401: the control API asks for Authorization: Bearer with the token given by --control-token\n`,
    })
  })

  test('sandgate.health: the host counts, by flag, by environment and as a URL', async () => {
    const url = await serve(['--host', '::1']).ready()
    const { port } = new URL(url)
    const ends = [
      new Running(['health', '--port', port, '--host', '::1']),
      new Running(['health'], { SANDGATE_HOST: '::1', SANDGATE_PORT: port }),
      new Running(['health', '--url', `${url}/`]),
      new Running(['health'], { SANDGATE_URL: url }),
    ]
    for (const { ended } of ends) expect(await ended).toMatchObject({ status: 0, stderr: '' })
    expect(await new Running(['health', '--port', port]).ended).toMatchObject({ status: 2 })
    const everywhere = new URL(await serve(['--host', '0.0.0.0']).ready())
    expect(await new Running(['health', '--port', everywhere.port], { SANDGATE_HOST: '0.0.0.0' }).ended).toMatchObject({
      status: 0,
      stderr: '',
    })
  })

  test('sandgate.health: --wait waits for a sandbox that starts later, gives up in the end, and at once on a refusal', async () => {
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const port = String((free.address() as AddressInfo).port)
    await new Promise((resolve) => free.close(resolve))
    const waiting = new Running(['health', '--port', port, '--wait', '10m'])
    await new Running(['serve', '--port', port, '--control-token', 'abc']).ready()
    expect(await waiting.ended).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('401: the control API asks for'),
    })
    expect(
      await new Running(['health', '--port', port, '--wait', '10m', '--control-token', 'abc']).ended,
    ).toMatchObject({ status: 0, stderr: '' })
    expect(await new Running(['health', '--port', '1', '--wait', '100ms']).ended).toMatchObject({
      status: 2,
      stderr:
        'sandgate: no healthy sandbox at http://127.0.0.1:1 within 0.1 s: connect ECONNREFUSED 127.0.0.1:1; nothing listens there: start a sandbox with sandgate serve\n',
    })
  })

  test('sandgate.health: another program on the port is not taken for a sandbox', async () => {
    const stranger = createHttpServer((_, res) => res.end('<h1>It works</h1>')).listen(0, '127.0.0.1')
    await new Promise((resolve) => stranger.once('listening', resolve))
    onTestFinished(() => void stranger.close())
    expect(
      await new Running(['health', '--port', String((stranger.address() as AddressInfo).port)]).ended,
    ).toMatchObject({ status: 2, stderr: expect.stringContaining('200, which is not an answer of Sandgate') })
  })

  test('scenarios come from the flag, the environment or the config file, whose own folder counts', async () => {
    const story = (name: string) => write(`name: ${name}\n`)
    const config = write('')
    writeFileSync(join(dirname(config), 'sandgate.story.yaml'), 'name: c\nclock: 2026-05-16T19:00:00Z\n')
    writeFileSync(config, 'scenarios: [sandgate.story.yaml]\n')
    const nameIn = async (running: Running) => (await get(`${await running.ready()}/_sandgate/scenario`)).name
    const names = await Promise.all([
      nameIn(
        new Running(['serve', '--port', '0', '--scenario', story('a'), '--scenario', story('b')], {
          SANDGATE_SCENARIO: story('z'),
        }),
      ),
      nameIn(new Running(['serve', '--port', '0'], { SANDGATE_SCENARIO: `${story('y')},${story('z')}` })),
      nameIn(new Running(['serve', '--port', '0', '--config', config])),
    ])
    expect(names).toEqual(['a + b', 'y + z', 'c'])
  })

  test('check: 0 when nothing is wrong, 1 when a rule can never act, 2 when a file cannot be used', async () => {
    const rule = (when: string) =>
      `name: x\nrules: [{ when: { provider: cpg, ${when} }, then: [{ corrupt: { how: empty } }] }]\n`
    const [good, idle, bad, none] = await Promise.all(
      [
        ['check', write(rule('nth: 1'))],
        ['check', write(rule('nth: 2, times: 1'))],
        ['check', write(rule('nht: 1')), write('sead: 1')],
        ['check'],
      ].map((args) => new Running(args).ended),
    )
    expect([good!.status, good!.stderr]).toEqual([0, ''])
    expect(good!.stdout).toMatch(/: x\n1 rule, 0 steps\n/)
    expect([idle!.status, idle!.stderr]).toEqual([
      1,
      expect.stringMatching(/sandgate\.yaml:2: x\.1 can never fire: nth 2 is greater than times 1\n$/),
    ])
    expect([bad!.status, bad!.stdout, bad!.stderr.trim().split('\n')]).toEqual([
      2,
      '',
      [expect.stringContaining('did you mean nth?'), expect.stringContaining('did you mean seed?')],
    ])
    expect(none!.status).toBe(2)
  })

  test('schema prints the JSON Schema of scenario files', async () => {
    const { status, stdout, stderr } = await new Running(['schema']).ended
    expect([status, stderr]).toEqual([0, ''])
    expect(Object.keys(JSON.parse(stdout).properties)).toEqual([
      'name',
      'summary',
      'seed',
      'clock',
      'rules',
      'timeline',
    ])
  })

  test('schema --config prints JSON Schema', async () => {
    const { status, stdout, stderr } = await new Running(['schema', '--config']).ended
    expect([status, stderr]).toEqual([0, ''])
    expect(Object.keys(JSON.parse(stdout).properties)).toEqual(
      expect.arrayContaining(['seed', 'clock', 'limits', 'providers', 'assume']),
    )
  })

  test('--help and --version go to stdout', async () => {
    const [help, served, version] = await Promise.all(
      [['--help'], ['serve', '--help'], ['--version']].map((args) => new Running(args).ended),
    )
    expect([help!.status, served!.status, version!.status]).toEqual([0, 0, 0])
    expect(help!.stdout).toMatch(/serve[^]*schema[^]*health/)
    for (const flag of [
      '--port',
      '--host',
      '--seed',
      '--clock',
      '--config',
      '--allow-host',
      '--control-token',
      '--strict',
      'SANDGATE_PORT',
    ])
      expect(served!.stdout).toContain(flag)
    expect(version!.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
