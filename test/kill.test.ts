// A process that is killed under load at a random moment forgets nothing that it has acknowledged: objects, idempotency keys byte for byte, counters,
// timers, callbacks. Each round prints its seed; SANDGATE_KILL_SEED=<seed> runs that round first.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, request as http } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import seedrandom from 'seedrandom'
import { expect, onTestFinished, test } from 'vitest'
import { allocation, client } from './clients/cpg.ts'
import { Inbox, type Request } from './kit.ts'

const ROOT = new URL('..', import.meta.url).pathname
const ROUNDS = 20
const WORKERS = 8

interface Server {
  readonly child: ChildProcess
  readonly port: number
  readonly stderr: () => string
}

/** `sandgate serve` over a directory, until it says that it is ready. */
async function serve(data: string, ...flags: string[]): Promise<Server> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.js'), 'serve', '--port', '0', '--data', data, '--log', 'off', '--clock', '2026-05-16T19:00:00Z', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  let stdout = ''
  for await (const text of child.stdout!.setEncoding('utf8')) {
    stdout += text
    const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(stdout)?.[1]
    if (port) {
      child.stdout!.destroy()
      return { child, port: Number(port), stderr: () => stderr }
    }
  }
  throw new Error(`sandgate did not start: ${stderr}`)
}

/** The status and text of an answer; undefined when the connection broke before it was there. */
function ask({ port }: Server, agent: Agent, { method, path, headers, body }: Request): Promise<{ status: number; text: string } | undefined> {
  return new Promise((resolve) => {
    const call = http({ port, host: '127.0.0.1', agent, method, path, headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString('utf8') }))
      response.on('error', () => resolve(undefined))
    })
    call.on('error', () => resolve(undefined))
    call.end(body)
  })
}

interface Acknowledged {
  readonly wish: string
  readonly key: string | undefined
  readonly text: string
  readonly id: number
}

test(`killed ${ROUNDS} times under load, it has everything it has acknowledged`, async () => {
  const data = mkdtempSync(join(tmpdir(), 'sandgate-kill-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const inbox = await Inbox.open()
  const all: Acknowledged[] = []
  const base = process.env.SANDGATE_KILL_SEED ?? String(Date.now())
  /** How often the same was sent: each time at another second, because a signature counts once. */
  const sent = new Map<string, number>()
  let server = await serve(data)
  let agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
  const control = async (method: string, path: string, body?: unknown) => {
    const answer = await ask(server, agent, { method, path: `/_sandgate${path}`, ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) })
    return answer && { status: answer.status, json: JSON.parse(answer.text) }
  }
  const call = (request: Request) => {
    const same = request.path + request.body
    sent.set(same, (sent.get(same) ?? 0) + 1)
    const signed = client.sign(request, Date.now() - 60_000 + 1000 * sent.get(same)!)
    return ask(server, agent, { ...signed, path: `/cpg${signed.path}` })
  }
  expect((await control('PUT', '/callbacks/endpoints/cpg', { url: inbox.url }))!.status).toBe(200)
  const deposits: string[] = []
  let now = 0
  let serial = 0

  for (let round = 1; round <= ROUNDS; round++) {
    const seed = `${base}/${round}`
    console.log(`round ${round}, seed ${seed}`)
    const random = seedrandom(seed)
    const killAfter = 1 + Math.floor(random() * 120)
    let acknowledged = 0
    let dead = false

    const worker = async () => {
      while (!dead) {
        const chance = random()
        const number = ++serial
        if (chance < 0.1 && all.length > 0) {
          const { text } = all[Math.floor(random() * all.length)]!
          const deposit = await control('POST', '/deposits', { address: JSON.parse(text).data.address, amount: '5', after: '30m' })
          if (deposit?.status === 201) deposits.push(deposit.json.id)
        } else if (chance < 0.15) {
          const moved = await control('POST', '/clock/advance', { by: '1s' })
          if (moved) now = Math.max(now, Date.parse(moved.json.now))
        } else {
          const key = random() < 0.7 ? `key-${number}` : undefined
          const wish = allocation({ user_identifier: `user-${number}`, idempotency_key: key }).body!
          const answer = await call({ method: 'POST', path: '/v1/deposit-addresses', body: wish })
          if (!answer) continue
          expect(answer.status, answer.text).toBe(200)
          all.push({ wish, key, text: answer.text, id: JSON.parse(answer.text).data.request_id })
        }
        if (++acknowledged === killAfter) {
          dead = true
          server.child.kill('SIGKILL')
        }
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, worker))
    if (server.child.signalCode === null) await once(server.child, 'exit')
    agent.destroy()
    agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
    server = await serve(data)
    // Written in one piece, the log is torn only by a kernel that dies; a process that dies leaves whole records.
    expect(server.stderr(), seed).toBe('')

    const timers = (await control('GET', '/snapshot'))!.json.tables.timers as Record<string, unknown>
    const clock = (await control('GET', '/clock'))!.json
    expect(Date.parse(clock.now), `${seed}: world time`).toBeGreaterThanOrEqual(now)
    now = Date.parse(clock.now)
    expect(clock.due, seed).toBe(Object.keys(timers).length)
    expect(clock.due, `${seed}: windows that were opened`).toBeGreaterThanOrEqual(all.length)
    const kept = (await control('GET', '/deposits?limit=1000'))!.json.data.map(({ id }: any) => id)
    expect(kept, `${seed}: deposits`).toEqual(expect.arrayContaining(deposits))

    // What was acknowledged in this round, and some of what was there before.
    const asked = all.filter((_, index) => index >= all.length - acknowledged || index % 10 === round % 10)
    const repeated = await Promise.all(asked.map(async ({ wish, key, text, id }) => {
      const read = await call({ method: 'GET', path: `/v1/deposit-requests/${id}` })
      expect(read!.status, `${seed}: request ${id}`).toBe(200)
      expect(JSON.parse(read!.text).data.address, seed).toBe(JSON.parse(text).data.address)
      return key === undefined ? text : (await call({ method: 'POST', path: '/v1/deposit-addresses', body: wish }))!.text
    }))
    expect(repeated, `${seed}: answers to repeated keys`).toEqual(asked.map(({ text }) => text))
    const ids = all.map(({ id }) => id)
    expect(new Set(ids).size, `${seed}: no number twice`).toBe(ids.length)
  }

  // Every deposit is still due: it is seen, and the partner hears of it.
  const moved = await control('POST', '/clock/advance', { by: '31m' })
  expect(moved!.status).toBe(200)
  const seen = (await control('GET', '/deposits?limit=1000'))!.json.data.filter(({ seen_at }: any) => seen_at !== null).map(({ id }: any) => id)
  expect(seen).toEqual(expect.arrayContaining(deposits))
  server.child.kill('SIGTERM')
  const [status] = await once(server.child, 'exit')
  expect(status).toBe(0)
})

test('one process per directory, one seed, one that can be written: exit status 2 and one line; a torn log is told, by file and byte, and served', async () => {
  const data = mkdtempSync(join(tmpdir(), 'sandgate-kill-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const first = await serve(data, '--seed', 'a', '--fsync')
  const refusal = async (folder: string, ...flags: string[]) => {
    const child = spawn(process.execPath, [join(ROOT, 'dist/main.js'), 'serve', '--port', '0', '--data', folder, '--log', 'off', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text))
    const [status] = await once(child, 'close')
    return { status, ...said }
  }
  expect(await refusal(data)).toEqual({ status: 2, stdout: '', stderr: `sandgate: ${data} is in use by process ${first.child.pid}; one process per directory\n` })
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  expect(await refusal(data, '--seed', 'b')).toEqual({ status: 2, stdout: '', stderr: `sandgate: --seed b: ${join(data, 'sandgate.json')} was begun with the seed "a"; leave --seed out, or take another directory\n` })
  writeFileSync(join(data, 'file'), '')
  expect(await refusal(join(data, 'file'))).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/^sandgate: \S+file cannot be used to keep anything: [^\n]+\n$/) })

  const log = join(data, 'worlds/default/log-1')
  const whole = statSync(log).size
  appendFileSync(log, '0000002a torn')
  const again = await serve(data)
  expect(again.stderr()).toBe(`${log} is damaged from byte ${whole} on: 13 bytes are cut off, everything before them is kept\n`)
  again.child.kill('SIGTERM')
  const [status] = await once(again.child, 'exit')
  expect(status).toBe(0)
})
