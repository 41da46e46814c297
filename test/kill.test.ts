// A process that is killed under load at a random moment, or while it takes a checkpoint, forgets nothing that it has acknowledged: objects, idempotency
// keys byte for byte, counters, timers, callbacks. Each round prints its seed; SANDGATE_KILL_SEED=<seed> runs that round first.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
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
/** From so many bytes on a log is folded. */
const FOLD_BYTES = 16 * 1024 * 1024

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

/** Somebody who talks to one server, and to the next when that one is dead. */
class Partner {
  server: Server
  #agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
  /** How often the same was sent: each time at another second, because a signature counts once. */
  readonly #sent = new Map<string, number>()

  constructor(server: Server) {
    this.server = server
  }

  /** Waits for the end of a server that was killed. */
  async outlive(): Promise<void> {
    if (this.server.child.signalCode === null) await once(this.server.child, 'exit')
    this.#agent.destroy()
    this.#agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
  }

  async control(method: string, path: string, body?: unknown): Promise<{ status: number; json: any } | undefined> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await ask(this.server, this.#agent, { method, path: `/_sandgate${path}`, ...(text !== undefined && { body: text, headers: { 'content-type': 'application/json' } }) })
    return answer && { status: answer.status, json: answer.text === '' ? undefined : JSON.parse(answer.text) }
  }

  call(request: Request): ReturnType<typeof ask> {
    const same = request.path + request.body
    this.#sent.set(same, (this.#sent.get(same) ?? 0) + 1)
    const signed = client.sign(request, Date.now() - 60_000 + 1000 * this.#sent.get(same)!)
    return ask(this.server, this.#agent, { ...signed, path: `/cpg${signed.path}` })
  }

  /** Asks for an address; undefined when the answer did not come. */
  async allocate(number: number, key: string | undefined): Promise<Acknowledged | undefined> {
    const wish = allocation({ user_identifier: `user-${number}`, idempotency_key: key }).body!
    const answer = await this.call({ method: 'POST', path: '/v1/deposit-addresses', body: wish })
    if (!answer) return undefined
    expect(answer.status, answer.text).toBe(200)
    return { wish, key, text: answer.text, id: JSON.parse(answer.text).data.request_id }
  }

  /** Every request is there with its address, and a repeated key has the same answer. */
  async remembers(asked: readonly Acknowledged[], when: string): Promise<void> {
    const repeated = await Promise.all(asked.map(async ({ wish, key, text, id }) => {
      const read = await this.call({ method: 'GET', path: `/v1/deposit-requests/${id}` })
      expect(read!.status, `${when}: request ${id}`).toBe(200)
      expect(JSON.parse(read!.text).data.address, when).toBe(JSON.parse(text).data.address)
      return key === undefined ? text : (await this.call({ method: 'POST', path: '/v1/deposit-addresses', body: wish }))!.text
    }))
    expect(repeated, `${when}: answers to repeated keys`).toEqual(asked.map(({ text }) => text))
  }
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
  const given = process.env.SANDGATE_KILL_SEED
  const base = given ?? String(Date.now())
  const partner = new Partner(await serve(data))
  expect((await partner.control('PUT', '/callbacks/endpoints/cpg', { url: inbox.url }))!.status).toBe(200)
  const deposits: string[] = []
  let now = 0
  let serial = 0

  for (let round = 1; round <= ROUNDS; round++) {
    const seed = round === 1 && given !== undefined ? given : `${base}/${round}`
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
          const deposit = await partner.control('POST', '/deposits', { address: JSON.parse(text).data.address, amount: '5', after: '30m' })
          if (deposit?.status === 201) deposits.push(deposit.json.id)
        } else if (chance < 0.15) {
          const moved = await partner.control('POST', '/clock/advance', { by: '1s' })
          if (moved) now = Math.max(now, Date.parse(moved.json.now))
        } else {
          const made = await partner.allocate(number, random() < 0.7 ? `key-${number}` : undefined)
          if (!made) continue
          all.push(made)
        }
        if (++acknowledged === killAfter) {
          dead = true
          partner.server.child.kill('SIGKILL')
        }
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, worker))
    await partner.outlive()
    partner.server = await serve(data)
    // Written in one piece, the log is torn only by a kernel that dies; a process that dies leaves whole records.
    expect(partner.server.stderr(), seed).toBe('')

    const timers = (await partner.control('GET', '/snapshot'))!.json.tables.timers as Record<string, unknown>
    const clock = (await partner.control('GET', '/clock'))!.json
    expect(Date.parse(clock.now), `${seed}: world time`).toBeGreaterThanOrEqual(now)
    now = Date.parse(clock.now)
    expect(clock.due, seed).toBe(Object.keys(timers).length)
    expect(clock.due, `${seed}: windows that were opened`).toBeGreaterThanOrEqual(all.length)
    const kept = (await partner.control('GET', '/deposits?limit=1000'))!.json.data.map(({ id }: any) => id)
    expect(kept, `${seed}: deposits`).toEqual(expect.arrayContaining(deposits))

    // What was acknowledged in this round, and some of what was there before.
    const asked = all.filter((_, index) => index >= all.length - acknowledged || index % 10 === round % 10)
    await partner.remembers(asked, seed)
    const ids = all.map(({ id }) => id)
    expect(new Set(ids).size, `${seed}: no number twice`).toBe(ids.length)
  }

  // Every deposit is still due: it is seen, and the partner hears of it.
  const moved = await partner.control('POST', '/clock/advance', { by: '31m' })
  expect(moved!.status).toBe(200)
  const seen = (await partner.control('GET', '/deposits?limit=1000'))!.json.data.filter(({ seen_at }: any) => seen_at !== null).map(({ id }: any) => id)
  expect(seen).toEqual(expect.arrayContaining(deposits))
  const detected = inbox.received.filter(({ json }) => json.event === 'deposit.detected')
  expect(detected.length).toBe(seen.length)
  partner.server.child.kill('SIGTERM')
  const [status] = await once(partner.server.child, 'exit')
  expect(status).toBe(0)
})

test('killed under load while it takes a checkpoint, it has everything it has acknowledged', async () => {
  const data = mkdtempSync(join(tmpdir(), 'sandgate-kill-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const partner = new Partner(await serve(data))
  const folder = join(data, 'worlds/default')
  const checkpoints = (ending: RegExp) => readdirSync(folder).filter((name) => name.startsWith('checkpoint-') && ending.test(name))
  const first = (await partner.allocate(0, 'key-0'))!
  // So many hand-outs that the log is due to be folded at the next change.
  const { json: snapshot } = (await partner.control('GET', '/snapshot'))!
  const row = snapshot.tables.addresses['addr-1']
  const user = (seq: number) => `${seq}${'x'.repeat(200)}`
  for (let seq = 2; seq <= 40_000; seq++) snapshot.tables.addresses[`addr-${seq}`] = { ...row, id: `addr-${seq}`, seq, user: user(seq) }
  snapshot.tables.counters.addresses.value = 40_000
  const text = JSON.stringify(snapshot)
  expect(text.length).toBeGreaterThan(FOLD_BYTES)

  let serial = 0
  // A busy machine may be late, and find the checkpoint whole: then the next one is waited for.
  for (let torn = false, round = 1; !torn; round++) {
    expect(round, 'checkpoints that were whole before anybody was killed').toBeLessThan(10)
    expect((await partner.control('PUT', '/snapshot', text))!.status).toBe(204)
    const whole = checkpoints(/\d$/)
    const all = [first]
    let meanwhile = 0
    let dead = false
    const worker = async () => {
      while (!dead) {
        const number = ++serial
        const made = await partner.allocate(number, `key-${number}`)
        if (!made) continue
        all.push(made)
        if (checkpoints(/tmp$/).length > 0) meanwhile++
        if (meanwhile < WORKERS && checkpoints(/\d$/).every((name) => whole.includes(name))) continue
        dead = true
        partner.server.child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, worker))
    await partner.outlive()
    torn = checkpoints(/tmp$/).length > 0
    partner.server = await serve(data)
    expect(partner.server.stderr()).toBe('')
    expect(checkpoints(/tmp$/)).toEqual([])
    await partner.remembers(all, `round ${round}`)
    expect((await partner.control('GET', `/addresses?user=${user(40_000)}`))!.json.data).toHaveLength(1)
  }
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
  for (const folder of [join(data, 'file'), '/proc/sandgate']) expect(await refusal(folder)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(new RegExp(`^sandgate: ${folder} cannot be used to keep anything: [^\\n]+\\n$`)) })

  const log = join(data, 'worlds/default/log-1')
  const whole = statSync(log).size
  appendFileSync(log, '0000002a torn')
  const again = await serve(data)
  expect(again.stderr()).toBe(`${log} is damaged from byte ${whole} on: 13 bytes are cut off, everything before them is kept\n`)
  again.child.kill('SIGTERM')
  const [status] = await once(again.child, 'exit')
  expect(status).toBe(0)
})
