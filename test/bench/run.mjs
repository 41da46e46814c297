// `npm run bench`: Sandgate beside bare node:http, Express as one writes it and `prism mock`, in one run, interleaved, as ratios; then start, memory,
// growth and the clock. Server and load sit on a core each where taskset is there. Like is held against like: bare node and Express print nothing, and
// neither does Sandgate beside them; Prism and Sandgate beside it run as they come, with their lines for each call. A missed budget is marked.
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { reach as reaching } from './reach.mjs'

const run = promisify(execFile)
const here = (file) => new URL(file, import.meta.url).pathname
const MAIN = here('../../dist/main.js')
const PRISM = here('../../node_modules/@stoplight/prism-cli/dist/index.js')
const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 3 : 7
const AMOUNT = quick ? 3_000 : 8_000
const ROWS = quick ? 100_000 : 200_000
const MOVEMENTS = 100_000
const GROWN = quick ? 20_000 : 200_000

const pinned = await run('taskset', ['-c', '0', 'true']).then(
  () => true,
  () => false,
)
const pin = (core, command) => (pinned ? ['taskset', '-c', String(core), ...command] : command)

const logs = mkdtempSync(join(tmpdir(), 'sandgate-bench-logs-'))
process.on('exit', () => rmSync(logs, { recursive: true }))

/** Starts a server and waits for the line that names its port. What it goes on saying goes into a file, where nobody's reading slows it down. */
function start(command, core = 0) {
  const begin = performance.now()
  const [file, ...args] = pin(core, command)
  const log = join(mkdtempSync(join(logs, 'server-')), 'log')
  const fd = openSync(log, 'a')
  const child = spawn(file, args, { stdio: ['ignore', fd, fd] })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`${command.join(' ')} exited with ${code}: ${readFileSync(log, 'utf8')}`)),
    )
    const look = setInterval(() => {
      const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(readFileSync(log, 'utf8'))?.[1]
      if (!port) return
      clearInterval(look)
      resolve({
        port: Number(port),
        pid: child.pid,
        readyMs: performance.now() - begin,
        stop: () => (child.removeAllListeners('exit'), child.kill('SIGKILL')),
      })
    }, 2)
  })
}

const sandgate = () => start(['node', MAIN, 'serve', '--port', '0', '--log', 'off'])
const talking = () => start(['node', MAIN, 'serve', '--port', '0'])
const peer = (name) => start(['node', here('peers.mjs'), name])
const prism = () => start(['node', PRISM, 'mock', here('../../specs/cpg.yaml'), '--port', '0'])

let used = 0
async function load(server, kind, amount = AMOUNT, { core = 1, ...more } = {}) {
  const [file, ...args] = pin(core, [
    'node',
    here('load.mjs'),
    JSON.stringify({ port: server.port, kind, amount, offset: used, ...more }),
  ])
  used += amount
  const { stdout } = await run(file, args)
  const result = JSON.parse(stdout)
  if (result.refused > 0) throw new Error(`${result.refused} calls were refused`)
  return result
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
const lines = []
function line(what, value, budget, kept) {
  lines.push([what, value, budget ?? '', budget === undefined ? '' : kept ? 'kept' : 'MISSED'])
}

async function throughput() {
  const servers = {
    bare: await peer('bare'),
    express: await peer('express'),
    prism: await prism(),
    sandgate: await sandgate(),
    talking: await talking(),
  }
  const kinds = [
    ...['allocation', 'take', 'replay'].map((kind) => ['sandgate', kind]),
    ...['allocation', 'take'].map((kind) => ['talking', kind]),
    ...['bare', 'express', 'prism'].map((name) => [name, 'allocation']),
  ]
  const rates = new Map(kinds.map((pair) => [pair.join(), []]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, kind] of kinds) {
      const { rate } =
        name === 'prism' ? await load(servers.prism, kind, AMOUNT / 4, { prefix: '' }) : await load(servers[name], kind)
      // The first round warms up.
      if (round >= 0) rates.get(`${name},${kind}`).push(rate)
    }
  }
  for (const server of Object.values(servers)) server.stop()
  const rate = (name, kind = 'allocation') => median(rates.get(`${name},${kind}`))
  for (const name of ['bare', 'express', 'prism'])
    line(`${name === 'prism' ? 'prism mock' : name}, calls a second`, rate(name).toFixed(0))
  for (const [kind, title] of [
    ['allocation', 'signed CPG allocation'],
    ['take', 'AlphaPo take'],
  ]) {
    line(`${title}, calls a second`, rate('sandgate', kind).toFixed(0))
    line(`${title}, with its log, calls a second`, rate('talking', kind).toFixed(0))
    for (const [name, ours, least] of [
      ['bare', 'sandgate', 0.33],
      ['express', 'sandgate', 2],
      ['prism', 'talking', 6],
    ]) {
      const ratio = rate(ours, kind) / rate(name)
      line(`${title} × ${name}`, ratio.toFixed(2), `≥ ${least}`, ratio >= least)
    }
  }
  const replay = rate('sandgate', 'replay') / rate('bare')
  line('replayed idempotent call × bare', replay.toFixed(2), '≥ 0.36', replay >= 0.36)
}

async function starting() {
  const ready = []
  const memory = []
  for (let i = 0; i < ROUNDS; i++) {
    const server = await sandgate()
    ready.push(server.readyMs)
    await new Promise((resolve) => setTimeout(resolve, 500))
    memory.push(rss(server.pid))
    server.stop()
  }
  line('start to the ready line, ms', median(ready).toFixed(0), '≤ 500', median(ready) <= 500)
  line('resident memory when idle, MB', median(memory).toFixed(0), '≤ 110', median(memory) <= 110)
}

/** What the commands cost that a health check or an editor runs again and again, and a start, beside a Node that does nothing. */
async function commands() {
  const server = await sandgate()
  const kinds = {
    nothing: ['-e', '0'],
    health: [MAIN, 'health', '--port', String(server.port)],
    '--version': [MAIN, '--version'],
    schema: [MAIN, 'schema'],
  }
  const times = Object.fromEntries([...Object.keys(kinds), 'serve'].map((name) => [name, []]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, args] of Object.entries(kinds)) {
      const [file, ...more] = pin(1, ['node', ...args])
      const begin = performance.now()
      await run(file, more)
      if (round >= 0) times[name].push(performance.now() - begin)
    }
    const started = await sandgate()
    started.stop()
    if (round >= 0) times.serve.push(started.readyMs)
  }
  server.stop()
  const ratio = (name) => median(times[name]) / median(times.nothing)
  for (const name of ['health', '--version', 'schema'])
    line(`sandgate ${name} × node -e 0`, ratio(name).toFixed(2), '≤ 1.5', ratio(name) <= 1.5)
  line('start to the ready line × node -e 0', ratio('serve').toFixed(2))
}

/** One world from 1,000 to 200,000 allocations: what the last ones cost beside the first. */
async function growth() {
  const server = await sandgate()
  await load(server, 'allocation', 1_000)
  const early = []
  for (let i = 0; i < 3; i++) early.push(await load(server, 'allocation', 4_000))
  for (let filled = 13_000; filled < GROWN; filled += 20_000)
    await load(server, 'allocation', Math.min(20_000, GROWN - filled))
  const late = []
  for (let i = 0; i < 3; i++) late.push(await load(server, 'allocation', 4_000))
  const rate = median(late.map((result) => result.rate)) / median(early.map((result) => result.rate))
  const p99 = median(late.map((result) => result.p99)) / median(early.map((result) => result.p99))
  line(`throughput after ${GROWN} allocations × after 1,000`, rate.toFixed(2), '≥ 0.85', rate >= 0.85)
  line(`p99 after ${GROWN} allocations × after 1,000`, p99.toFixed(2), '≤ 1.3', p99 <= 1.3)
  line(`resident memory with ${GROWN} allocations, MB`, rss(server.pid).toFixed(0))
  server.stop()
}

async function clock() {
  const times = []
  for (let i = 0; i < ROUNDS; i++) {
    const server = await start([
      'node',
      MAIN,
      'serve',
      '--port',
      '0',
      '--log',
      'off',
      '--clock',
      '2026-01-01T00:00:00Z',
    ])
    // A sticky allocation has one timer.
    await load(server, 'allocation', 10_000)
    const begin = performance.now()
    const answer = await fetch(`http://127.0.0.1:${server.port}/_sandgate/clock/advance`, {
      method: 'POST',
      body: JSON.stringify({ by: '4h' }),
    })
    const { happened } = await answer.json()
    times.push(performance.now() - begin)
    if (happened.length !== 10_000) throw new Error(`${happened.length} timers fired`)
    server.stop()
  }
  line('clock/advance over 10,000 due timers, ms', median(times).toFixed(0), '≤ 150', median(times) <= 150)
  await deadReceiver()
}

/** CPG tells a receiver that is not there, and goes on for 38 hours and more. */
async function deadReceiver() {
  const server = await start(['node', MAIN, 'serve', '--port', '0', '--log', 'off', '--clock', '2026-01-01T00:00:00Z'])
  const control = async (method, path, body) =>
    (
      await fetch(`http://127.0.0.1:${server.port}/_sandgate/${path}`, {
        method,
        ...(body && { body: JSON.stringify(body) }),
      })
    ).json()
  await load(server, 'allocation', 1)
  await control('PUT', 'callbacks/endpoints/cpg', { url: 'http://127.0.0.1:1/', events: ['deposit.detected'] })
  const { address } = (await control('GET', 'addresses')).data[0]
  const times = []
  for (let i = 0; i < ROUNDS; i++) {
    await control('POST', 'deposits', { address, amount: '1', confirmations: 'instant' })
    const begin = performance.now()
    await control('POST', 'clock/advance', { by: '40h' })
    times.push(performance.now() - begin)
  }
  const told = (await control('GET', 'callbacks')).data
  if (told.some(({ status, attempts }) => status !== 'exhausted' || attempts.length !== 7))
    throw new Error('not every callback was tried to the end')
  server.stop()
  line(
    'clock/advance over 40 h of retries to a dead receiver, ms',
    median(times).toFixed(0),
    '≤ 300',
    median(times) <= 300,
  )
}

/** What keeping costs: the same load with and without a directory, while a checkpoint is taken, and at the next start. */
async function keep() {
  const data = mkdtempSync(join(tmpdir(), 'sandgate-bench-'))
  const files = () => readdirSync(join(data, 'worlds/default'))
  const keeping = (folder) => start(['node', MAIN, 'serve', '--port', '0', '--log', 'off', '--data', folder])
  try {
    const servers = { memory: await sandgate(), data: await keeping(data) }
    const rates = { memory: [], data: [] }
    for (let round = -1; round < ROUNDS; round++) {
      for (const name of ['memory', 'data']) {
        const { rate } = await load(servers[name], 'allocation')
        if (round >= 0) rates[name].push(rate)
      }
    }
    servers.memory.stop()
    const ratio = median(rates.data) / median(rates.memory)
    line('signed CPG allocation with --data × without', ratio.toFixed(2), '≥ 0.7', ratio >= 0.7)

    // An allocation is five rows.
    for (let filled = (ROUNDS + 1) * AMOUNT; filled < ROWS / 5; filled += 20_000)
      await load(servers.data, 'allocation', Math.min(20_000, ROWS / 5 - filled))
    cpSync(data, `${data}-started`, { recursive: true, filter: (path) => !path.startsWith(join(data, 'lock')) })
    const p99 = { folding: [], quiet: [] }
    for (let i = 0; i < 100 && (p99.folding.length < ROUNDS || p99.quiet.length < ROUNDS); i++) {
      let folding = false
      const watch = setInterval(() => (folding ||= files().some((name) => name.endsWith('.tmp'))), 2)
      const result = await load(servers.data, 'allocation', 2_000)
      clearInterval(watch)
      p99[folding ? 'folding' : 'quiet'].push(result.p99)
    }
    const times = median(p99.folding) / median(p99.quiet)
    line(`p99 while ${ROWS} rows and more are folded × without`, times.toFixed(2), '≤ 2', times <= 2)
    servers.data.stop()

    const ready = []
    for (let i = 0; i < ROUNDS; i++) {
      const server = await keeping(`${data}-started`)
      ready.push(server.readyMs)
      server.stop()
    }
    line(`start with ${ROWS} rows to the ready line, ms`, median(ready).toFixed(0), '≤ 2000', median(ready) <= 2000)
  } finally {
    for (const folder of [data, `${data}-started`]) rmSync(folder, { recursive: true, force: true })
  }
}

/** What a thousand worlds weigh. */
async function worlds() {
  const server = await sandgate()
  // The documents are read in the turns behind the ready line.
  await new Promise((resolve) => setTimeout(resolve, 500))
  const before = rss(server.pid)
  for (let i = 0; i < 999; i++)
    await fetch(`http://127.0.0.1:${server.port}/_sandgate/worlds`, {
      method: 'POST',
      body: JSON.stringify({ id: `w-${i}` }),
    })
  line('resident memory of each of 1,000 worlds, KB', (((rss(server.pid) - before) / 999) * 1024).toFixed(0))
  server.stop()
}

/** Money that goes out, and a balance that very many movements have made. */
async function money() {
  const server = await sandgate()
  const bare = await peer('bare')
  // Enough for every withdrawal.
  await load(server, 'gift', 10_000)
  const rates = { withdrawal: [], balance: [], bare: [] }
  for (let round = -1; round < ROUNDS; round++) {
    const withdrawal = await load(server, 'withdrawal', AMOUNT / 2)
    const { rate } = await load(bare, 'allocation', AMOUNT / 2)
    if (round < 0) continue
    rates.withdrawal.push(withdrawal.rate)
    rates.bare.push(rate)
  }
  for (let moved = 10_000; moved < MOVEMENTS; moved += 10_000) await load(server, 'gift', 10_000)
  for (let round = -1; round < ROUNDS; round++) {
    const { rate } = await load(server, 'balance', AMOUNT / 2)
    if (round >= 0) rates.balance.push(rate)
  }
  for (const name of ['withdrawal', 'balance'])
    line(
      name === 'withdrawal'
        ? 'signed CPG withdrawal, calls a second'
        : `CPG balance read with ${MOVEMENTS} movements, calls a second`,
      median(rates[name]).toFixed(0),
    )
  line('signed CPG withdrawal × bare', (median(rates.withdrawal) / median(rates.bare)).toFixed(2))
  for (const { stop } of [server, bare]) stop()
}

/** The same calls while somebody follows the world, as one open console does. */
async function following() {
  const server = await sandgate()
  const rates = { alone: [], followed: [] }
  for (let round = -1; round < ROUNDS; round++) {
    const alone = await load(server, 'allocation')
    const stop = new AbortController()
    const { body } = await fetch(`http://127.0.0.1:${server.port}/_sandgate/events`, { signal: stop.signal })
    let bytes = 0
    const reading = (async () => {
      for await (const piece of body) bytes += piece.length
    })().catch(() => {})
    const followed = await load(server, 'allocation')
    stop.abort()
    await reading
    if (bytes < 10_000) throw new Error('the stream told nothing')
    if (round < 0) continue
    rates.alone.push(alone.rate)
    rates.followed.push(followed.rate)
  }
  server.stop()
  const ratio = median(rates.followed) / median(rates.alone)
  line('signed CPG allocation while followed × without', ratio.toFixed(2), '≥ 0.95', ratio >= 0.95)
}

const reach = () => reaching({ start, load, line, median, main: MAIN, rounds: ROUNDS, amount: AMOUNT })

/** Runs of `sandgate explore` against the right copy of the example shop, which calls all four providers: alone, and two at once. */
async function exploring() {
  await run('node', [here('../../examples/shop/build.mjs')])
  const shop = ['--', 'node', here('../../examples/shop/dist/drive.js')]
  const cwd = mkdtempSync(join(tmpdir(), 'sandgate-bench-explore-'))
  for (const jobs of [1, 2]) {
    const flags = ['--runs', quick ? '40' : '150', '--jobs', String(jobs), '--oracle', 'shop-books/{world}.jsonl']
    const { stdout } = await run('node', [MAIN, 'explore', ...flags, ...shop], { cwd })
    const [, pace] = /(\d+) runs a minute: 0 failed/.exec(stdout)
    line(`runs of explore a minute, example shop, ${jobs} at once`, pace)
  }
  rmSync(cwd, { recursive: true })
}

const sections = { throughput, following, money, starting, commands, growth, clock, keep, worlds, reach, exploring }
const only = process.argv.slice(2).filter((name) => name in sections)
for (const name of only.length > 0 ? only : Object.keys(sections)) await sections[name]()
const widths = [0, 1, 2].map((column) => Math.max(...lines.map((row) => row[column].length)))
console.log(
  `Node ${process.version}, ${pinned ? 'server and load on a core each' : 'not pinned to cores'}, medians of ${ROUNDS} rounds`,
)
for (const row of lines)
  console.log(
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
if (lines.some((row) => row[3] === 'MISSED')) process.exitCode = 1
