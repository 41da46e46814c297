// A process that is killed under load at a random moment, or while it takes a checkpoint, forgets nothing that it has acknowledged: objects, idempotency
// keys byte for byte, counters, timers, callbacks. Each round prints its seed; SANDGATE_KILL_SEED=<seed> runs that round first.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, request as http } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import seedrandom from 'seedrandom'
import { expect, onTestFinished, test } from 'vitest'
import { allocation, client } from './clients/cpg.ts'
import { Inbox, type Request } from './kit.ts'

const ROOT = new URL('..', import.meta.url).pathname
/** Where a write may end short. */
const PAGE_BYTES = 4096
const ROUNDS = 12
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
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'dist/main.js'),
      'serve',
      '--port',
      '0',
      '--data',
      data,
      '--log',
      'off',
      '--clock',
      '2026-05-16T19:00:00Z',
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  let stdout = ''
  for await (const text of child.stdout.setEncoding('utf8')) {
    stdout += text
    const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(stdout)?.[1]
    if (port) {
      child.stdout.destroy()
      return { child, port: Number(port), stderr: () => stderr }
    }
  }
  throw new Error(`sandgate did not start: ${stderr}`)
}

/** The status and text of an answer; undefined when the connection broke before it was there. */
function ask(
  { port }: Server,
  agent: Agent,
  { method, path, headers, body }: Request,
): Promise<{ status: number; text: string } | undefined> {
  return new Promise((resolve) => {
    const call = http(
      {
        port,
        host: '127.0.0.1',
        agent,
        method,
        path,
        headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString('utf8') }),
        )
        response.on('error', () => resolve(undefined))
      },
    )
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
    const answer = await ask(this.server, this.#agent, {
      method,
      path: `/_sandgate${path}`,
      ...(text !== undefined && { body: text, headers: { 'content-type': 'application/json' } }),
    })
    return answer && { status: answer.status, json: answer.text === '' ? undefined : JSON.parse(answer.text) }
  }

  call(request: Request): ReturnType<typeof ask> {
    const same = request.path + request.body
    this.#sent.set(same, (this.#sent.get(same) ?? 0) + 1)
    const signed = client.sign(request, Date.now() - 60_000 + 1000 * this.#sent.get(same)!)
    return ask(this.server, this.#agent, { ...signed, path: `/cpg${signed.path}` })
  }

  /** Asks for an address, for a user or out of the pool; undefined when the answer did not come. */
  async allocate(number: number, key: string | undefined, user = true): Promise<Acknowledged | undefined> {
    const wish = allocation({
      user_identifier: user ? `user-${number}` : undefined,
      metadata: `wish ${number}`,
      idempotency_key: key,
    }).body!
    const answer = await this.call({ method: 'POST', path: '/v1/deposit-addresses', body: wish })
    if (!answer) return undefined
    expect(answer.status, answer.text).toBe(200)
    return { wish, key, text: answer.text, id: JSON.parse(answer.text).data.request_id }
  }

  /** Every request is there with its address, and a repeated key has the same answer. */
  async remembers(asked: readonly Acknowledged[], when: string): Promise<void> {
    const repeated = await Promise.all(
      asked.map(async ({ wish, key, text, id }) => {
        const read = await this.call({ method: 'GET', path: `/v1/deposit-requests/${id}` })
        expect(read!.status, `${when}: request ${id}`).toBe(200)
        expect(JSON.parse(read!.text).data.address, when).toBe(JSON.parse(text).data.address)
        return key === undefined
          ? text
          : (await this.call({ method: 'POST', path: '/v1/deposit-addresses', body: wish }))!.text
      }),
    )
    expect(repeated, `${when}: answers to repeated keys`).toEqual(asked.map(({ text }) => text))
  }
}

interface Acknowledged {
  readonly wish: string
  readonly key: string | undefined
  readonly text: string
  readonly id: number
}

/** What CPG documents about its retries: so long after each attempt comes the next one, ms. */
const RETRIES = [1, 5, 30, 120, 720, 1440].map((minutes) => minutes * 60_000)

/** When its process is killed, the kernel may end a write between two pages of memory: that leaves part of one record, which nobody was told of. */
function expectNothingLost(stderr: string, what: string): void {
  for (const line of stderr.split('\n').filter(Boolean)) {
    const [, from, cut] =
      /^\S+\/log-\d+ is damaged from byte (\d+) on: (\d+) bytes are cut off, everything before them is kept$/.exec(
        line,
      ) ?? []
    expect((Number(from) + Number(cut)) % PAGE_BYTES, `${what}: ${line}`).toBe(0)
  }
}

/** A row of the list of callbacks. */
interface Told {
  readonly id: string
  readonly event: string
  readonly status: string
  readonly created_at: string
  readonly body: string
  readonly next_at: string | null
  readonly made_by?: number
  readonly attempts: readonly { readonly at: string }[]
}

/** When a callback that was refused so far is tried next. */
function nextAttempt({ attempts }: Told): number {
  return Date.parse(attempts.at(-1)!.at) + RETRIES[attempts.length - 1]!
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
  const deposits = new Map<string, any>()
  /** Callbacks as they were listed last, by id. */
  const listed = new Map<string, Told>()
  /** How many attempts the receiver has heard that are counted nowhere, by callback. */
  let uncounted = new Map<string, number>()
  let now = 0
  let serial = 0

  const callbacks = async (): Promise<Told[] | undefined> =>
    (await partner.control('GET', '/callbacks?limit=1000'))?.json.data
  const heardOf = ({ id }: Told) => inbox.received.filter(({ json }) => `cb_${json.id}` === id)

  for (let round = 1; round <= ROUNDS; round++) {
    const seed = round === 1 && given !== undefined ? given : `${base}/${round}`
    console.log(`round ${round}, seed ${seed}`)
    const random = seedrandom(seed)
    const killAfter = 1 + Math.floor(random() * 120)
    // Every other time it dies while a callback is on its way.
    const onTheWay = random() < 0.5
    let acknowledged = 0
    let dead = false
    const kill = () => {
      dead = true
      partner.server.child.kill('SIGKILL')
    }
    inbox.answers = () => {
      if (onTheWay && !dead && acknowledged >= killAfter) kill()
      return { status: 500 }
    }

    const worker = async () => {
      while (!dead) {
        const chance = random()
        const number = ++serial
        if (chance < 0.2 && all.length > 0) {
          const { text } = all[Math.floor(random() * all.length)]!
          const deposit = await partner.control('POST', '/deposits', {
            address: JSON.parse(text).data.address,
            amount: '5',
            ...(chance < 0.1 ? { after: '30m' } : { confirmations: 'instant' }),
          })
          if (deposit) deposits.set(deposit.json.id, deposit.json)
        } else if (chance < 0.25) {
          const moved = await partner.control('POST', '/clock/advance', { by: chance < 0.225 ? '1s' : '20s' })
          if (moved) now = Math.max(now, Date.parse(moved.json.now))
        } else if (chance < 0.3) {
          for (const row of (await callbacks()) ?? [])
            if (row.attempts.length >= (listed.get(row.id)?.attempts.length ?? 0)) listed.set(row.id, row)
        } else {
          const made = await partner.allocate(number, random() < 0.7 ? `key-${number}` : undefined, random() < 0.9)
          if (!made) continue
          all.push(made)
        }
        if (++acknowledged >= killAfter && !onTheWay && !dead) kill()
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, worker))
    await partner.outlive()
    partner.server = await serve(data)
    expectNothingLost(partner.server.stderr(), seed)
    // What was on its way is sent once more, and waited for.
    expect((await partner.control('POST', '/clock/advance', { by: '0s' }))!.status).toBe(200)

    const timers: { at: number; reaction: string; args: unknown }[] = Object.values(
      (await partner.control('GET', '/snapshot'))!.json.tables.timers,
    )
    const dueAt = (reaction: string, args: unknown) =>
      timers.filter((timer) => timer.reaction === reaction && timer.args === args).map(({ at }) => at)
    const clock = (await partner.control('GET', '/clock'))!.json
    expect(Date.parse(clock.now), `${seed}: world time`).toBeGreaterThanOrEqual(now)
    now = Date.parse(clock.now)
    expect(clock.due, seed).toBe(timers.length)
    for (const { id, text } of all)
      expect(dueAt('displayEnded', id), `${seed}: the window of request ${id}`).toEqual([
        Date.parse(JSON.parse(text).data.display_expires_at),
      ])
    const kept = (await partner.control('GET', '/deposits?limit=1000'))!.json.data.map(({ id }: any) => id)
    expect(kept, `${seed}: deposits`).toEqual(expect.arrayContaining([...deposits.keys()]))

    const told = (await callbacks())!
    const bytes = new Map(told.map(({ id, body }) => [id, body]))
    for (const { json, text } of inbox.received)
      expect(bytes.get(`cb_${json.id}`), `${seed}: what the partner has heard`).toBe(text)
    for (const { txid, status } of deposits.values()) {
      if (status !== 'confirmed') continue
      const about = told.filter(({ body }) => JSON.parse(body).data.tx_hash === txid)
      // The deposit is swept ten minutes of world time later, which a long run comes to.
      expect(
        about.map(({ event }) => event).filter((event) => event !== 'deposit.swept'),
        `${seed}: callbacks of ${txid}`,
      ).toEqual(['deposit.detected', 'deposit.confirmed'])
      for (const { attempts } of about) expect(attempts.length, `${seed}: callbacks of ${txid}`).toBeGreaterThan(0)
    }
    for (const row of told) {
      const before = listed.get(row.id)
      if (before) {
        // The entry that made it is told while the journal has it.
        const { made_by: _, ...was } = before
        const now = { ...row, attempts: row.attempts.slice(0, before.attempts.length), next_at: before.next_at }
        expect(now, `${seed}: ${row.id} as it was listed`).toEqual(was)
      }
      expect(row.status, seed).toBe('pending')
      expect(row.attempts.length, `${seed}: ${row.id} was sent`).toBeGreaterThan(0)
      expect(dueAt('outbox.attempt', row.id), `${seed}: the next attempt of ${row.id}`).toEqual([nextAttempt(row)])
    }
    expect([...bytes.keys()], `${seed}: callbacks that were listed`).toEqual(expect.arrayContaining([...listed.keys()]))
    // Each attempt that is counted was heard. One that was on its way when the process died was heard and is not counted: it was made again.
    const more = new Map(told.map((row) => [row.id, heardOf(row).length - row.attempts.length]))
    for (const [id, number] of more)
      expect([0, 1], `${seed}: attempts of ${id} that are not counted`).toContain(number - (uncounted.get(id) ?? 0))
    uncounted = more

    // What was acknowledged in this round, and some of what was there before.
    const asked = all.filter((_, index) => index >= all.length - acknowledged || index % 10 === round % 10)
    await partner.remembers(asked, seed)
    const ids = all.map(({ id }) => id)
    expect(new Set(ids).size, `${seed}: no number twice`).toBe(ids.length)
  }

  // Everything is still due at its own instant, and happens once: windows end, deposits are seen, the partner hears what it has refused, byte for byte.
  inbox.answers = () => ({})
  const waiting = (await callbacks())!
  const heard = new Map(waiting.map((row) => [row.id, heardOf(row).length]))
  expect(
    [...uncounted.values()].some((number) => number > 0),
    'one was on its way when the process died',
  ).toBe(true)
  expect(new Set(waiting.map(({ attempts }) => attempts.length)).size, 'some were tried oftener').toBeGreaterThan(1)
  const moved = (await partner.control('POST', '/clock/advance', { by: '8d' }))!
  expect(moved.status).toBe(200)
  const happened = moved.json.happened.map(({ at, summary }: any) => `${Date.parse(at)} ${summary}`)
  const windows = all.flatMap(({ id, text }) => {
    const { display_expires_at, created_at, user_identifier } = JSON.parse(text).data
    return [
      `${Date.parse(display_expires_at)} the display window of deposit request ${id} ends`,
      ...(user_identifier === null
        ? [`${Date.parse(created_at) + 7 * 86_400_000} the pool address of deposit request ${id} can be reused`]
        : []),
    ]
  })
  const retries = waiting.map(
    (row) =>
      `${nextAttempt(row)} ${JSON.parse(row.body).event} (${row.id}) is sent, attempt ${row.attempts.length + 1}`,
  )
  expect(happened).toEqual(expect.arrayContaining([...windows, ...retries]))
  expect(new Set(happened).size, 'nothing twice').toBe(happened.length)
  for (const row of (await callbacks())!) {
    expect(row.status, row.id).toBe('delivered')
    const times = heard.get(row.id)
    if (times !== undefined) expect(heardOf(row), row.id).toHaveLength(times + 1)
    expect(new Set(heardOf(row).map(({ text }) => text)), row.id).toEqual(new Set([row.body]))
  }
  const seen = new Map<string, any>(
    (await partner.control('GET', '/deposits?limit=1000'))!.json.data.map((row: any) => [row.id, row]),
  )
  for (const { id, txid, sent_at, status } of deposits.values()) {
    const seenAt = Date.parse(sent_at) + (status === 'scheduled' ? 30 * 60_000 : 0)
    expect(seen.get(id), id).toMatchObject({ status: 'confirmed', txid, seen_at: new Date(seenAt).toISOString() })
    const events = inbox.received.filter(({ json }) => json.data.tx_hash === txid).map(({ json }) => json.event)
    expect(new Set(events), `callbacks of ${id}`).toEqual(
      new Set(['deposit.detected', 'deposit.confirmed', 'deposit.swept']),
    )
  }
  partner.server.child.kill('SIGTERM')
  const [status] = await once(partner.server.child, 'exit')
  expect(status).toBe(0)
})

test('killed under load while it takes a checkpoint, it has everything it has acknowledged', async () => {
  const data = mkdtempSync(join(tmpdir(), 'sandgate-kill-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const partner = new Partner(await serve(data))
  const folder = join(data, 'worlds/default')
  const checkpoints = (ending: RegExp) =>
    readdirSync(folder).filter((name) => name.startsWith('checkpoint-') && ending.test(name))
  const first = (await partner.allocate(0, 'key-0'))!
  // So many hand-outs that the log is due to be folded at the next change.
  const { json: snapshot } = (await partner.control('GET', '/snapshot'))!
  const row = snapshot.tables.addresses['addr-1']
  const user = (seq: number) => `${seq}${'x'.repeat(200)}`
  for (let seq = 2; seq <= 40_000; seq++)
    snapshot.tables.addresses[`addr-${seq}`] = { ...row, id: `addr-${seq}`, seq, user: user(seq) }
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
    expectNothingLost(partner.server.stderr(), 'while it folds')
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
    const child = spawn(
      process.execPath,
      [join(ROOT, 'dist/main.js'), 'serve', '--port', '0', '--data', folder, '--log', 'off', ...flags],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text))
    const [status] = await once(child, 'close')
    return { status, ...said }
  }
  expect(await refusal(data)).toEqual({
    status: 2,
    stdout: '',
    stderr: `sandgate: ${data} is in use by process ${first.child.pid}; one process per directory\n`,
  })
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  expect(await refusal(data, '--seed', 'b')).toEqual({
    status: 2,
    stdout: '',
    stderr: `sandgate: --seed b: ${join(data, 'sandgate.json')} was created with the seed "a"; leave --seed out, or take another directory\n`,
  })
  writeFileSync(join(data, 'file'), '')
  for (const folder of [join(data, 'file'), '/proc/sandgate'])
    expect(await refusal(folder)).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(new RegExp(`^sandgate: ${folder} cannot be used to store anything: [^\\n]+\\n$`)),
    })

  const log = join(data, 'worlds/default/log-1')
  const whole = statSync(log).size
  appendFileSync(log, '0000002a torn')
  const again = await serve(data)
  expect(again.stderr()).toBe(
    `${log} is damaged from byte ${whole} on: 13 bytes are cut off, everything before them is kept\n`,
  )
  again.child.kill('SIGTERM')
  const [status] = await once(again.child, 'exit')
  expect(status).toBe(0)
})
