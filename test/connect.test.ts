// The handles of a sandbox that runs elsewhere, against one that is served as a process of its own would: only HTTP lies between them.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  connectSandbox,
  ControlError,
  createSandbox,
  type ConnectOptions,
  type Provider,
  type SandboxOptions,
} from '../src/library/index.ts'
import { allocation, client } from './clients/cpg.ts'
import { client as alphapo, taking } from './clients/alphapo.ts'
import { client as payward, creation } from './clients/payward.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { type Client, type Request, START } from './kit.ts'

/** A frozen server and its URL, closed when the test is over. */
async function serve(options: SandboxOptions = {}): Promise<string> {
  const sandbox = await createSandbox({ clock: START, strict: true, port: 0, ...options })
  onTestFinished(() => sandbox.close())
  return sandbox.url
}

async function open(url: string, options: ConnectOptions = {}) {
  const sandbox = await connectSandbox(url, options)
  onTestFinished(() => sandbox.close())
  return sandbox
}

/** A signed call, over the base URL as a partner's code has it; answers with the body. */
async function call({ baseUrl }: Provider, by: Client, request: Request): Promise<any> {
  const { method, path, headers, body } = by.sign(request, Date.now())
  const answer = await fetch(baseUrl + path, { method, headers: headers as Record<string, string>, body: body! })
  expect([200, 201]).toContain(answer.status)
  return answer.json()
}

async function allocate(cpg: Provider, fields: Record<string, unknown> = {}): Promise<string> {
  return (await call(cpg, client, allocation(fields))).data.address
}

async function refusal(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error) => error,
  )
}

describe('sandgate.connect: the same handles', () => {
  test('sandgate.connect: calls, money, time, inbox and journal, as within a process', async () => {
    const sandbox = await open(await serve())
    const inbox = await sandbox.inbox({ provider: 'cpg' })
    const address = await allocate(sandbox.cpg, { user_identifier: 'user_8721' })
    await sandbox.deposit({ address, amount: '100', after: '4h' })
    const happened = await sandbox.clock.advance('5h')
    expect(happened.length).toBeGreaterThan(1)
    expect(await inbox.next()).toMatchObject({ event: 'deposit.detected', signature: 'right', delivery: 'cb_1' })
    expect(await inbox.next()).toMatchObject({
      event: 'deposit.confirmed',
      signature: 'right',
      json: { data: { address, amount: '100.000000' } },
    })
    expect(await sandbox.clock.now()).toEqual(new Date('2026-05-17T00:00:00Z'))
    expect(await sandbox.deposits({ address })).toMatchObject([{ status: 'confirmed' }])
    expect(await sandbox.addresses({ user: 'user_8721' })).toMatchObject([{ address }])
    expect(await sandbox.calls({ refused: false })).toMatchObject([
      { operation: 'createDepositAddress', account: 'demo', key: 1 },
    ])
    expect(await sandbox.calls({ refused: true })).toEqual([])
    expect(await sandbox.verify({ provider: 'cpg', operation: 'createDepositAddress' })).toMatchObject({
      ok: true,
      count: 1,
    })
    expect(await sandbox.metrics()).toContain('sandgate_calls_total{provider="cpg"')
    const snapshot = await sandbox.snapshot()
    await sandbox.reset()
    expect(await sandbox.addresses()).toEqual([])
    await sandbox.restore(snapshot)
    expect(await sandbox.addresses()).toHaveLength(1)
    expect((await sandbox.cpg.fetch('/v1/nothing')).headers.get('x-sandgate-entry')).toMatch(/^\d+$/)
    expect(await (await sandbox.fetch('/_sandgate/health')).json()).toMatchObject({ status: 'ok' })
  })

  test('sandgate.connect: callbacks of every provider are judged here, right, wrong and stale', async () => {
    const sandbox = await open(await serve())
    const inbox = await sandbox.inbox()
    for (const [by, request] of [
      [client, allocation({})],
      [alphapo, taking({})],
      [payward, creation({})],
      [zopay, post('/addresses', { asset: 'USDT', network: 'solana' })],
    ] as const)
      await call(sandbox.provider(by.name), by, request)
    for (const { address } of await sandbox.addresses())
      await sandbox.deposit({ address, amount: '1', confirmations: 'instant' })
    await sandbox.clock.advance({ until: 'quiet' })
    expect(new Set(inbox.received.map(({ provider }) => provider))).toEqual(
      new Set(['alphapo', 'cpg', 'payward', 'zopay']),
    )
    for (const { provider, event, signature, delivery } of inbox.received)
      expect([provider, event, signature, delivery]).toEqual([
        provider,
        expect.any(String),
        'right',
        expect.stringMatching(/^cb_\d+$/),
      ])
    for (const [how, signature] of [
      ['bad-signature', 'wrong'],
      ['stale-timestamp', 'stale'],
    ] as const) {
      const { id } = await sandbox.faults.arm({
        when: { operation: 'createDepositAddress', provider: 'cpg' },
        then: [{ callbacks: { how } }],
      })
      const before = inbox.received.length
      await sandbox.deposit({ address: await allocate(sandbox.cpg, { user_identifier: how }), amount: '1' })
      expect(inbox.received[before]).toMatchObject({ event: 'deposit.detected', signature })
      await sandbox.faults.clear(id)
    }
    await fetch(`${inbox.url}/cpg`, { method: 'POST', body: '{}' })
    expect(inbox.received.at(-1)).toMatchObject({ delivery: null, event: null, signature: 'wrong' })
  })

  test('sandgate.connect: a key that only the sandbox knows does not make a signature wrong', async () => {
    const merchants = { shop: { keys: [{ id: 'shop_key', secret: 'shop_secret' }] } }
    const sandbox = await open(await serve({ providers: { alphapo: { merchants } } }))
    const inbox = await sandbox.inbox({ provider: 'alphapo', account: 'shop' })
    const { clientOf } = await import('./clients/alphapo.ts')
    const { data } = await call(sandbox.alphapo, clientOf({ key: 'shop_key', secret: 'shop_secret' }), taking({}))
    await sandbox.deposit({ address: data.address, amount: '1', confirmations: 'instant' })
    await sandbox.clock.advance({ until: 'quiet' })
    expect(await inbox.next()).toMatchObject({ signature: 'right' })
  })

  test('sandgate.inbox.next: what came, what went wrong and what is due is told from afar too', async () => {
    const sandbox = await open(await serve())
    const inbox = await sandbox.inbox({ provider: 'cpg' })
    inbox.answer = ({ event }) => (event === 'deposit.confirmed' ? 503 : 200)
    await sandbox.deposit({ address: await allocate(sandbox.cpg), amount: '1', confirmations: 'instant' })
    await inbox.next({ event: 'deposit.detected' })
    await inbox.next({ event: 'deposit.confirmed' })
    const error = await refusal(inbox.next({ event: 'deposit.confirmed', withinMs: 1 }))
    expect(error.message).toMatch(
      /^no callback deposit\.confirmed came within 1 ms; came so far: cpg deposit\.detected once, cpg deposit\.confirmed once.*; cb_2 \(cpg deposit\.confirmed\) is pending after 1 attempt: the receiver answered 503; world time is 2026-05-16T19:00:00\.000Z, due next: deposit\.confirmed \(cb_2\) is sent, attempt 2 at .* \(clock\.advance gets there\)$/,
    )
  })
})

describe('worlds', () => {
  test('sandgate.connect: the handle is for the world that is named, which is made when there is none', async () => {
    const url = await serve()
    const ci = await open(url, { world: 'ci' })
    const same = await open(`${url}/`, { world: 'ci' })
    const address = await allocate(ci.cpg)
    expect([ci.id, same.id, ci.cpg.baseUrl, ci.url]).toEqual(['ci', 'ci', `${url}/w/ci/cpg`, url])
    expect(await same.addresses()).toMatchObject([{ address }])
    expect(await (await open(url)).addresses()).toEqual([])
    expect(ci.world()).toMatchObject({ id: 'ci' })
  })

  test('sandgate.connect: more of them, with a seed and a clock of their own', async () => {
    const sandbox = await open(await serve())
    const one = sandbox.world('one', { seed: 'other', clock: '2027-01-01T00:00:00Z' })
    expect(() => one.cpg.baseUrl).toThrow(/"one" is being made; await a call of it first/)
    expect(await one.clock.now()).toEqual(new Date('2027-01-01T00:00:00Z'))
    expect(one.cpg.baseUrl).toBe(`${sandbox.url}/w/one/cpg`)
    expect(sandbox.world('one')).toBe(one)
    expect(await allocate(one.cpg, { user_identifier: 'u' })).not.toBe(
      await allocate(sandbox.cpg, { user_identifier: 'u' }),
    )
    await one.remove()
    expect(await refusal(one.addresses())).toMatchObject({ status: 404 })
    expect(await sandbox.world('one').addresses()).toEqual([])
  })

  test('sandgate.connect: one that is there takes no options, a bad id and too many are refused, at the first call', async () => {
    const sandbox = await open(await serve({ limits: { worlds: 2 } }))
    await sandbox.world('one').clock.now()
    expect(await refusal(sandbox.world('one', { seed: 'x' }).clock.now())).toMatchObject({
      status: 409,
      message: expect.stringContaining('reset'),
    })
    expect(await refusal(sandbox.world('No_Id').clock.now())).toMatchObject({ status: 422, name: 'SandgateError' })
    expect(await refusal(sandbox.world('two').clock.now())).toMatchObject({
      status: 409,
      message: expect.stringContaining('limits.worlds'),
    })
  })
})

describe('what cannot be', () => {
  test('nobody there, somebody else there, no URL, no such option', async () => {
    const gone = await createSandbox({ port: 0 })
    const { url: nowhere } = gone
    await gone.close()
    expect((await refusal(connectSandbox(nowhere))).message).toMatch(
      `the sandbox at ${nowhere} does not answer: connect ECONNREFUSED`,
    )
    const stranger = createServer((_, res) => res.end('<h1>It works</h1>')).listen(0, '127.0.0.1')
    await new Promise((resolve) => stranger.once('listening', resolve))
    onTestFinished(() => void stranger.close())
    expect(
      (await refusal(connectSandbox(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}`))).message,
    ).toMatch(/there is no sandbox at .* not as Sandgate does/)
    for (const [url, options, told] of [
      ['127.0.0.1:4010', {}, /is not the URL of a sandbox/],
      ['http://127.0.0.1:1', { tokn: 'x' }, /^connectSandbox: tokn: unknown key; did you mean token\?$/],
      ['http://127.0.0.1:1', { world: 'No' }, /world: expected the id of a world/],
      ['http://127.0.0.1:1', { token: '' }, /token: expected/],
    ] as const) {
      expect(await refusal(connectSandbox(url, options as ConnectOptions))).toMatchObject({
        status: 422,
        message: expect.stringMatching(told),
      })
    }
  })

  test('the control token is asked for, and brought', async () => {
    const url = await serve({ controlToken: 'let-me-in' })
    expect(await refusal(connectSandbox(url))).toMatchObject({
      status: 401,
      message: expect.stringContaining('Bearer'),
    })
    const sandbox = await open(url, { token: 'let-me-in', world: 'ci' })
    expect(await sandbox.control('GET', '/health')).toMatchObject({ status: 'ok' })
    expect(await sandbox.metrics()).toContain('sandgate_worlds 2')
  })

  test('another version is told, once', async () => {
    const other = createServer((req, res) =>
      res
        .setHeader('content-type', 'application/json')
        .end(
          JSON.stringify(
            req.url!.endsWith('/health')
              ? { status: 'ok', version: '9.9.9' }
              : { data: [{ id: 'default', base_urls: { cpg: 'x' } }] },
          ),
        ),
    ).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    onTestFinished(() => void other.close())
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    onTestFinished(() => said.mockRestore())
    await open(`http://127.0.0.1:${(other.address() as AddressInfo).port}`)
    expect(said.mock.calls).toEqual([
      [expect.stringMatching(/^sandgate: the sandbox at .* has the version 9\.9\.9, this package has \d/)],
    ])
  })

  test('it does not listen, and its end closes inboxes and handles alone', async () => {
    const url = await serve()
    const sandbox = await open(url)
    expect((await refusal(sandbox.listen())).message).toBe(`the sandbox runs elsewhere and listens already, at ${url}`)
    const world = sandbox.world('ci')
    const inbox = await world.inbox()
    await sandbox.close()
    await expect(fetch(inbox.url)).rejects.toThrow('fetch failed')
    for (const work of [
      sandbox.clock.now(),
      world.addresses(),
      world.cpg.fetch('/v1/_ping'),
      world.inbox(),
      sandbox.fetch('/_sandgate/health'),
    ])
      expect((await refusal(work)).message).toBe('the sandbox is closed')
    expect(() => sandbox.world('another')).toThrow('the sandbox is closed')
    expect((await fetch(`${url}/w/ci/_sandgate/health`)).status).toBe(200)
  })

  test('a sandbox that goes away is named by every later call', async () => {
    const core = await createSandbox({ port: 0 })
    const { url } = core
    const sandbox = await open(url)
    await core.close()
    expect((await refusal(sandbox.clock.now())).message).toMatch(`the sandbox at ${url} does not answer: `)
    expect(await refusal(sandbox.scenario('/nowhere/story.yaml'))).toBeInstanceOf(ControlError)
  })
})

test('sandgate.connect: an inbox is called under the name that is given for this machine', async () => {
  const sandbox = await open(await serve())
  const inbox = await sandbox.inbox({ provider: 'cpg', host: 'localhost' })
  expect(inbox.url).toMatch(/^http:\/\/localhost:\d+$/)
  await sandbox.deposit({ address: await allocate(sandbox.cpg), amount: '1' })
  expect(await inbox.next()).toMatchObject({ event: 'deposit.detected', signature: 'right' })
})
