// What a running sandbox tells about itself: Prometheus text, and a line for each call on stderr.
import { spawn } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Metrics, metricsText } from '../src/telemetry/metrics.ts'
import { Log, type LogOptions } from '../src/telemetry/log.ts'
import { allocation, client } from './clients/cpg.ts'
import { Inbox, type Kit, start } from './kit.ts'

const MAIN = new URL('../dist/main.js', import.meta.url).pathname

/** Samples of the text, by name and labels. */
async function metrics(box: Kit): Promise<Record<string, number>> {
  const { text } = await box.control('GET', '/metrics')
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

describe('metrics', () => {
  test('are text of the format 0.0.4, as the contract says', async () => {
    const box = await start()
    const reply = await box.control('GET', '/metrics')
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(reply.text).toMatch(
      /^(\n?# HELP \w+ [^\n]+\n# TYPE \w+ (counter|gauge)\n(\w+(\{(\w+="[^"\n]*",?)+\})? [0-9.e+-]+\n)*)+$/,
    )
    const families = [...reply.text.matchAll(/# TYPE (\w+)/g)].map(([, name]) => name)
    expect(new Set(families).size).toBe(families.length)
  })

  test('count calls by provider, operation and status; what nobody knows is none', async () => {
    const box = await start()
    await box.call(client, allocation({}))
    await box.call(client, allocation({}))
    await box.call(client, allocation({ currency: 'DOGE' }))
    await box.raw('GET', '/cpg/v1/x"y\\z%0a?key=secret')
    await box.raw('GET', '/zopay/nowhere')
    const counted = await metrics(box)
    expect(counted).toMatchObject({
      'sandgate_calls_total{provider="cpg",operation="createDepositAddress",status="200"}': 2,
      'sandgate_calls_total{provider="cpg",operation="none",status="401"}': 1,
      'sandgate_calls_total{provider="zopay",operation="none",status="404"}': 1,
    })
    expect(Object.keys(counted).filter((name) => name.startsWith('sandgate_calls_total'))).toHaveLength(4)
  })

  test('count faults and cut connections', async () => {
    const box = await start()
    await box.control('POST', '/faults', {
      when: { operation: 'ping' },
      then: [{ delay: '1ms' }, { drop: { stage: 'before', how: 'close' } }],
    })
    await expect(box.call(client, client.good.ping!())).rejects.toThrow('socket hang up')
    expect(await metrics(box)).toMatchObject({
      'sandgate_faults_total{provider="cpg",action="delay"}': 1,
      'sandgate_faults_total{provider="cpg",action="drop"}': 1,
      'sandgate_calls_total{provider="cpg",operation="ping",status="none"}': 1,
    })
  })

  test('count attempts to deliver callbacks by outcome, and worlds, timers and lost journal entries as they stand', async () => {
    const box = await start({ limits: { journalEntries: 3 } })
    const inbox = await Inbox.open()
    inbox.answers = (_, index) => ({ status: index === 0 ? 500 : 200 })
    await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
    const { address } = (await box.call(client, allocation({}))).json.data
    await box.deposit(address, '1')
    await box.advance('1m')
    await box.control('POST', '/worlds', { id: 'ci' })
    const counted = await metrics(box)
    expect(counted).toMatchObject({
      'sandgate_callback_attempts_total{provider="cpg",event="deposit.detected",outcome="refused"}': 1,
      'sandgate_callback_attempts_total{provider="cpg",event="deposit.detected",outcome="delivered"}': 1,
      sandgate_worlds: 2,
    })
    expect(counted.sandgate_timers).toBe(box.world.clock.due)
    expect(counted.sandgate_journal_dropped_entries).toBeGreaterThan(0)
  })

  test('tell of the process what it is asked to tell', async () => {
    const host = {
      memoryUsage: () => ({ rss: 1000, heapUsed: 500 }),
      cpuUsage: () => ({ user: 1_500_000, system: 500_000 }),
      uptime: () => 3.5,
    }
    const box = await start({ host })
    expect(await metrics(box)).toMatchObject({
      process_resident_memory_bytes: 1000,
      nodejs_heap_size_used_bytes: 500,
      process_cpu_seconds_total: 2,
      process_uptime_seconds: 3.5,
    })
    expect((await (await start()).control('GET', '/metrics')).text).not.toContain('process_')
  })

  test('are written as Prometheus reads them: sorted samples, escaped values, nothing shared between two sandboxes', async () => {
    const metrics = new Metrics()
    metrics.call('cpg', 'ping', 200)
    metrics.call('cpg', 'a"b\\c', 401)
    metrics.call('cpg', 'a"b\\c', 401)
    metrics.attempt('cpg', 'deposit.detected', 'unanswered')
    const worlds = [
      { clock: { due: 2 }, journal: { dropped: 5 } },
      { clock: { due: 1 }, journal: { dropped: 0 } },
    ]
    const [{ text, type }, other] = await Promise.all([
      metricsText({ metrics, worlds, logLagBytes: 4096, host: undefined }),
      metricsText({ metrics: new Metrics(), worlds: [], logLagBytes: undefined, host: undefined }),
    ])
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(text.split('\n').filter((line) => /^sandgate_(?!build)/.test(line))).toEqual([
      String.raw`sandgate_calls_total{provider="cpg",operation="a\"b\\c",status="401"} 2`,
      'sandgate_calls_total{provider="cpg",operation="ping",status="200"} 1',
      'sandgate_callback_attempts_total{provider="cpg",event="deposit.detected",outcome="unanswered"} 1',
      'sandgate_worlds 2',
      'sandgate_timers 3',
      'sandgate_journal_dropped_entries 5',
      'sandgate_log_lag_bytes 4096',
    ])
    expect(text).toContain('# HELP sandgate_log_lag_bytes Write-ahead log bytes not yet checkpointed, in all worlds.\n')
    expect(other.text).toContain('# TYPE sandgate_calls_total counter\n')
    expect(other.text).not.toMatch(/sandgate_calls_total\{|sandgate_log_lag_bytes/)
  })
})

/** A log that is kept, and a sandbox that writes it. */
async function logged(options: Partial<LogOptions> = {}): Promise<{ box: Kit; lines: () => string[] }> {
  let text = ''
  const log = new Log({
    format: 'pretty',
    write: (more) => (text += more),
    wall: () => Date.UTC(2026, 4, 20, 12, 0, 1),
    ...options,
  })
  const box = await start({ log })
  const lines = () => {
    log.flush()
    return text.split('\n').slice(0, -1)
  }
  return { box, lines }
}

const TIME = /^\d\d:\d\d:01 /

describe('the log', () => {
  test('has a line for each call: when, who, what, how it ended, how long it took, which entry explains it', async () => {
    const { box, lines } = await logged()
    await box.call(client, allocation({}))
    await box.call(client, allocation({ currency: 'DOGE' }))
    await box.send('cpg', { method: 'GET', path: '/v1/_ping' })
    await box.raw('GET', '/cpg/v1/nowhere?key=secret')
    await box.control('POST', '/worlds', { id: 'ci' })
    await box.raw('GET', '/w/ci/cpg/v1/nowhere')
    expect(lines().every((line) => TIME.test(line))).toBe(true)
    expect(lines().map((line) => line.replace(TIME, '').replace(/[\d.]+ms/, 'Nms'))).toEqual([
      'cpg createDepositAddress 200 Nms entry 1',
      expect.stringMatching(/^cpg createDepositAddress 4\d\d Nms entry 2 \w+/),
      expect.stringMatching(/^cpg ping 401 Nms entry 3 \w+/),
      expect.stringMatching(/^cpg GET \/v1\/nowhere 401 Nms entry 4 missing_headers$/),
      expect.stringMatching(/^cpg GET \/v1\/nowhere 401 Nms entry 1 world ci missing_headers$/),
    ])
  })

  test('as JSON, a value a line, with level and time', async () => {
    const { box, lines } = await logged({ format: 'json' })
    const { address } = (await box.call(client, allocation({}))).json.data
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    await box.deposit(address, '1')
    const told = lines().map((line) => JSON.parse(line))
    expect(told).toMatchObject([
      {
        time: '2026-05-20T12:00:01.000Z',
        level: 'info',
        event: 'call',
        world: 'default',
        provider: 'cpg',
        operation: 'createDepositAddress',
        account: 'demo',
        status: 200,
        ms: expect.any(Number),
        entry: 1,
      },
      { level: 'info', event: 'callback', callback: 'deposit.detected', delivery: 'cb_1', attempt: 1, status: 200 },
    ])
    expect(Object.keys(told[0])).toEqual([
      'time',
      'level',
      'event',
      'world',
      'provider',
      'operation',
      'account',
      'method',
      'status',
      'ms',
      'entry',
    ])
  })

  test.each(['pretty', 'json'] as const)(
    'sandgate.log.refused: at the level warn there are refused calls, cut ones and callbacks that were not taken, and no other (%s)',
    async (format) => {
      const { box, lines } = await logged({ format, level: 'warn' })
      const inbox = await Inbox.open()
      await box.subscribe('cpg', inbox, { events: ['deposit.detected', 'deposit.confirmed'] })
      inbox.answers = (_, index) => ({ status: index === 0 ? 500 : 200 })
      await box.deposit((await box.call(client, allocation({}))).json.data.address, '1', { confirmations: 'instant' })
      await box.control('POST', '/faults', {
        when: { operation: 'ping' },
        then: [{ drop: { stage: 'before', how: 'close' } }],
      })
      await expect(box.call(client, client.good.ping!())).rejects.toThrow('socket hang up')
      await box.raw('GET', '/cpg/v1/nowhere')
      const told = lines()
      expect(told.map((line) => /deposit\.\w+|ping|nowhere/.exec(line)?.[0])).toEqual([
        'deposit.detected',
        'ping',
        'nowhere',
      ])
      if (format === 'json') expect(told.map((line) => JSON.parse(line).level)).toEqual(['warn', 'warn', 'warn'])
    },
  )

  test.each(['pretty', 'json'] as const)('holds no key, signature, secret, query or body (%s)', async (format) => {
    const { box, lines } = await logged({ format, level: 'debug' })
    const secret = await box.subscribe('cpg', await Inbox.open())
    const request = client.sign(allocation({ user_identifier: 'user_8721' }), box.wallMs)
    const { address } = (await box.send('cpg', request)).json.data
    await box.send('cpg', { ...request, headers: { ...request.headers, 'x-cpg-signature': 'f'.repeat(64) } })
    await box.deposit(address, '1')
    await box.raw('GET', '/cpg/v1/nowhere?key=cpg_demo_key')
    await box.raw('GET', '/_sandgate/addresses?user=user_8721')
    const text = lines().join('\n')
    expect(lines().length).toBeGreaterThan(5)
    for (const hidden of [
      secret,
      address,
      'cpg_demo_key',
      'cpg_demo_secret',
      request.headers!['x-cpg-signature']!,
      'user_8721',
      'f'.repeat(64),
      '?',
    ])
      expect(text).not.toContain(hidden)
  })

  test('one who asks for a strange path writes no line of his own and moves no cursor', async () => {
    const { lines } = await logged()
    let text = ''
    const log = new Log({ format: 'pretty', write: (more) => (text += more) })
    log.call({
      world: 'default',
      provider: 'cpg',
      operation: undefined,
      account: undefined,
      method: 'GET',
      path: `/\u001b[2J\n\u2028${'x'.repeat(500)}`,
      status: 404,
      ms: 0.04,
      entry: 7,
      refusal: undefined,
      hint: 'a\nb',
      faults: 0,
    })
    log.flush()
    expect(text).toMatch(
      /^\d\d:\d\d:\d\d cpg GET \/\\u001b\[2J\\u000a\\u2028x{1,80}… 404 0ms entry 7 hint: a\\u000ab\n$/,
    )
    expect(lines()).toEqual([])
  })

  test('levels: warn leaves calls out, debug adds those of the control API; a bug is an error with its stack', () => {
    const heard: string[] = []
    const at = (level: 'warn' | 'debug') =>
      new Log({ format: 'pretty', level, write: (text) => heard.push(text), wall: () => 0 })
    const call = {
      world: 'default',
      provider: 'cpg',
      operation: 'ping',
      account: undefined,
      method: 'GET',
      path: '/',
      status: 200,
      ms: 1.26,
      entry: 1,
      refusal: undefined,
      hint: undefined,
      faults: 1,
    }
    const quiet = at('warn')
    quiet.call(call)
    quiet.say('info', 'nobody wants to know')
    quiet.flush()
    expect(heard).toEqual([])
    quiet.say('error', 'a bug', new Error('inside'))
    quiet.flush()
    expect(heard.pop()).toMatch(/error: a bug\nError: inside\n {4}at /)
    const loud = at('debug')
    loud.call(call)
    loud.say('debug', 'GET /_sandgate/health 200')
    loud.flush()
    expect(heard.pop()).toMatch(/cpg ping 200 1\.3ms entry 1 1 fault applied\n.*debug: GET \/_sandgate\/health 200\n$/)
  })

  test('bugs go to the log where there is one', async () => {
    const { box, lines } = await logged()
    const sandbox = (await start({ log: box.sandbox.options.log, complain: undefined as never })).sandbox
    sandbox.complain('something broke', new Error('inside'))
    expect(lines().join('\n')).toContain('error: something broke\nError: inside')
  })

  test('a turn is one write, and a flood is counted instead of kept', () => {
    const writes: string[] = []
    const log = new Log({ format: 'json', write: (text) => writes.push(text) })
    for (let i = 0; i < 10_003; i++) log.say('info', 'x')
    log.flush()
    expect(writes).toHaveLength(1)
    expect(writes[0]!.split('\n').at(-2)).toContain('3 more lines were left out')
    log.flush()
    expect(writes).toHaveLength(1)
  })

  test('colours only where they are wanted', () => {
    let text = ''
    const log = new Log({ format: 'pretty', colour: true, write: (more) => (text += more) })
    log.say('error', 'red')
    log.flush()
    expect(text).toContain('\u001b[31merror: red\u001b[0m')
  })
})

describe('the command line', () => {
  test.each([
    [[], {}, /^\d\d:\d\d:\d\d cpg ping 401 [\d.]+ms entry 1 \w+.*\n$/],
    [['--log', 'json'], {}, /^\{"time":"[^"]+","level":"warn","event":"call",.*"operation":"ping".*\}\n$/],
    [[], { SANDGATE_LOG: 'off' }, /^$/],
    [['--log-level', 'warn'], {}, /cpg ping 401 .*\n$/],
    [['--log-level', 'error'], {}, /^$/],
    [['--log-level', 'debug'], {}, /cpg ping .*\n.*debug: GET \/_sandgate\/metrics 200\n$/],
  ])(
    'serve %j with %j writes to stderr, without colours, and its metrics know the process',
    async (args, more, said) => {
      const env = {
        ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SANDGATE_'))),
        ...more,
      }
      const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', ...args], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      let stderr = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      const url = await new Promise<string>((resolve) =>
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          const found = /listening on (http:\S+)/.exec(text)
          if (found) resolve(found[1]!)
        }),
      )
      await (await fetch(`${url}/cpg/v1/_ping`)).text()
      expect(await (await fetch(`${url}/_sandgate/metrics`)).text()).toMatch(/\nprocess_resident_memory_bytes \d{6,}\n/)
      const ended = new Promise((resolve) => child.on('close', resolve))
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
      expect(stderr).toMatch(said)
    },
  )

  test('an unknown format is refused in one line', async () => {
    const child = spawn(process.execPath, [MAIN, 'serve', '--log', 'loud'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(2)
    expect(stderr).toMatch(/^sandgate: .*--log.*loud.*pretty.*\n$/)
  })
})
