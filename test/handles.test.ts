// The package as other people's tests use it: in process or on a free port, worlds, handles, inboxes, and the examples of the README as they stand.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ControlError, createSandbox, type Provider, type SandboxOptions, type World } from '../src/library/index.ts'
import { allocation, client } from './clients/cpg.ts'
import { START, start } from './kit.ts'

const ROOT = new URL('..', import.meta.url).pathname

/** A frozen sandbox, closed when the test is over. */
async function open(options: SandboxOptions = {}) {
  const sandbox = await createSandbox({ clock: START, strict: true, ...options })
  onTestFinished(() => sandbox.close())
  return sandbox
}

/** An address of CPG, allocated in process. */
async function allocate(cpg: Provider, fields: Record<string, unknown> = {}): Promise<string> {
  const { method, path, headers, body } = client.sign(allocation(fields), Date.now())
  const answer = await cpg.fetch(path, { method, headers: headers!, body: body! })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as any).data.address
}

async function refusal(work: Promise<unknown> | (() => unknown)): Promise<ControlError> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    expect(error).toBeInstanceOf(ControlError)
    return error as ControlError
  }
  throw new Error('it was not refused')
}

describe('without a port', () => {
  test('calls reach the providers, byte for byte as over a socket', async () => {
    const sandbox = await open()
    const box = await start()
    const { method, path, headers, body } = client.sign(allocation({ user_identifier: 'user_8721' }), Date.now())
    box.passWall(Date.now() - box.wallMs)
    const here = await sandbox.cpg.fetch(path, { method, headers: headers!, body: body! })
    const there = await box.send('cpg', { method, path, headers: headers!, body })
    expect([here.status, here.statusText, await here.text()]).toEqual([200, 'OK', there.text])
    expect(here.headers.get('x-sandgate-entry')).toBe('1')
  })

  test('a world, a query, a URL and a Request are taken as they come', async () => {
    const sandbox = await open()
    const world = sandbox.world('ci')
    const ping = client.sign({ method: 'GET', path: '/v1/currencies?limit=1' }, Date.now())
    for (const answer of [
      await world.fetch(`/cpg${ping.path}`, { headers: ping.headers! }),
      await sandbox.fetch(`http://localhost/w/ci/cpg${ping.path}`, { headers: ping.headers! }),
      await sandbox.fetch(new Request(`http://cpg.ci.localhost${ping.path}`, { headers: ping.headers! })),
    ])
      expect(answer.status).not.toBe(404)
    expect(await world.calls()).toHaveLength(3)
    expect(await sandbox.calls()).toHaveLength(0)
    expect((await sandbox.fetch('/nowhere')).status).toBe(404)
  })

  test('the base URL is asked for too early: the error says how to get one', async () => {
    const sandbox = await open()
    expect(() => sandbox.cpg.baseUrl).toThrow(/does not listen.*port: 0.*listen\(\)/)
    expect(() => sandbox.url).toThrow(/does not listen/)
  })

  test('a connection that a fault cuts is an error of fetch, and so is an answer that breaks off', async () => {
    const sandbox = await open()
    const ping = () =>
      sandbox.cpg.fetch('/v1/_ping', { headers: client.sign(client.good.ping!(), Date.now()).headers! })
    for (const how of ['reset', 'close'] as const) {
      const { id } = await sandbox.faults.arm({
        when: { operation: 'ping' },
        then: [{ drop: { stage: 'after', how } }],
      })
      await expect(ping()).rejects.toMatchObject({ code: 'ECONNRESET' })
      await sandbox.faults.clear(id)
    }
    await sandbox.faults.arm({ when: { operation: 'ping' }, then: [{ corrupt: { how: 'truncate' } }] })
    await expect(ping().then((answer) => answer.text())).rejects.toThrow('aborted')
    await sandbox.faults.clear()
    // The same signed call within a second is, to CPG, one too many; it is an answer all the same.
    expect((await ping()).headers.get('x-sandgate-entry')).toMatch(/^\d+$/)
    expect(await sandbox.faults.list()).toEqual([])
  })

  test('a call that hangs ends with its signal', async () => {
    const sandbox = await open()
    await sandbox.faults.arm({ when: { operation: 'ping' }, then: [{ drop: { stage: 'before', how: 'hang' } }] })
    const signal = AbortSignal.timeout(20)
    await expect(
      sandbox.cpg.fetch('/v1/_ping', { signal, headers: client.sign(client.good.ping!(), Date.now()).headers! }),
    ).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('the control API with a token, which the handles know', async () => {
    const sandbox = await open({ controlToken: 'let-me-in' })
    expect((await sandbox.fetch('/_sandgate/health')).status).toBe(401)
    expect(await sandbox.control('GET', '/health')).toMatchObject({ status: 'ok' })
    expect(await sandbox.control('DELETE', '/journal')).toBeUndefined()
  })
})

describe('options', () => {
  test('what a config file and the flags say is taken', async () => {
    const receiver = createServer((_, res) => res.end()).listen(0, '127.0.0.1')
    await new Promise((resolve) => receiver.once('listening', resolve))
    onTestFinished(() => void receiver.close())
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
    const data = mkdtempSync(join(tmpdir(), 'sandgate-handles-'))
    onTestFinished(() => rmSync(data, { recursive: true }))
    const assume = { 'alphapo.take.repeat': 'same-address' }
    const sandbox = await open({
      data,
      fsync: true,
      allowHosts: ['box.example'],
      allowCallbackHosts: ['shop.example'],
      limits: { worldIdle: '1h', worlds: 2 },
      callbacks: { cpg: { url } },
      assume,
      seed: undefined,
    })
    expect((await sandbox.fetch('/_sandgate/health', { headers: { host: 'box.example' } })).status).toBe(200)
    const { data: rules } = await sandbox.control('GET', '/rules')
    expect(rules.find(({ id }: any) => id === 'alphapo.take.repeat').switch.on).toBe('same-address')
    await sandbox.deposit({ address: await allocate(sandbox.cpg), amount: '1' })
    expect(await sandbox.callbacks({ event: 'deposit.detected' })).toMatchObject([{ url, status: 'delivered' }])
  })

  test.each<[string, object, RegExp]>([
    ['an unknown option', { sed: 'x' }, /^createSandbox: sed: unknown key; did you mean seed\?$/],
    [
      'an unknown limit',
      { limits: { world: 3 } },
      /^createSandbox: limits\.world: unknown key; did you mean worlds\?$/,
    ],
    ['a limit that is none', { limits: { worldIdle: 'soon' } }, /limits\.worldIdle: expected a duration/],
    [
      'an unknown switch',
      { assume: { 'alphapo.take.repeats': 'same-address' } },
      /assume\.alphapo\.take\.repeats: unknown key; did you mean alphapo\.take\.repeat\?/,
    ],
    [
      'an unknown value of a switch',
      { assume: { 'alphapo.take.repeat': 'same' } },
      /alphapo\.take\.repeat: "same" is none of .*; did you mean same-address\?/,
    ],
    ['an unknown provider', { providers: { cgp: {} } }, /providers\.cgp: unknown key; did you mean cpg\?/],
    [
      'a provider\u2019s unknown setting',
      { providers: { cpg: { acounts: {} } } },
      /providers\.cpg\.acounts: unknown key; did you mean accounts\?/,
    ],
    ['callbacks of nobody', { callbacks: { cgp: { url: 'http://127.0.0.1/' } } }, /callbacks\.cgp: unknown key/],
    [
      'a key that would name a world (CPG)',
      { providers: { cpg: { accounts: { shop: { keys: [{ id: 'my.key', secret: 's' }], currencies: [] } } } } },
      /keys\.0\.id: key ids must not contain '\.'/,
    ],
    [
      'a key that would name a world (AlphaPo)',
      { providers: { alphapo: { merchants: { shop: { keys: [{ id: 'my.key', secret: 's' }] } } } } },
      /keys\.0\.id: key ids must not contain '\.'/,
    ],
    [
      'a key that would name a world (Payward)',
      { providers: { payward: { accounts: { shop: { keys: [{ id: 'my.key', secret: 'bXk=' }], ids: [] } } } } },
      /keys\.0\.id: key ids must not contain '\.'/,
    ],
    [
      'a key that would name a world (Zopay)',
      { providers: { zopay: { accounts: { shop: { keys: [{ id: 'sk_test_my.key' }] } } } } },
      /keys\.0\.id: expected sk_test_/,
    ],
    ['a clock that is none', { clock: 'noon' }, /clock: expected real, or an instant/],
    ['a port that is none', { port: 70_000 }, /port: /],
    ['a log that is none', { log: 'prety' }, /log: "prety" is none of pretty, json, off; did you mean pretty\?/],
    ['no options at all', 'cpg' as never, /^createSandbox: /],
  ])('%s is refused with the nearest right name', async (_, options, told) => {
    expect(await refusal(createSandbox(options as SandboxOptions))).toMatchObject({
      status: 422,
      message: expect.stringMatching(told),
    })
  })

  test('the names that the types know are providers that there are', async () => {
    const [, body] = /^export interface Providers \{([^}]+)\}/m.exec(
      readFileSync(join(ROOT, 'src/library/sandbox.ts'), 'utf8'),
    )!
    const sandbox = await open()
    for (const [, name] of body!.matchAll(/readonly (\w+): Provider/g)) expect(sandbox.provider(name!).name).toBe(name)
  })
})

describe('on a port', () => {
  test('a free one, at once or later; base URLs are those of contract and world', async () => {
    const sandbox = await open({ port: 0 })
    expect(sandbox.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(sandbox.cpg.baseUrl).toBe(`${sandbox.url}/cpg`)
    expect(sandbox.world('ci').zopay.baseUrl).toBe(`${sandbox.url}/w/ci/zopay`)
    expect((await fetch(`${sandbox.world('ci').cpg.baseUrl}/v1/nothing`)).headers.get('x-sandgate-entry')).toBe('1')
    expect(await sandbox.listen()).toBe(sandbox.url)
    const later = await open()
    // Whoever asks while it begins to listen is told the same.
    const [first, second] = await Promise.all([later.listen(), later.listen()])
    expect([first, second]).toEqual([later.url, later.url])
  })

  test('a port that is taken: nothing is left open, and the directory is free', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    const data = mkdtempSync(join(tmpdir(), 'sandgate-handles-'))
    onTestFinished(() => rmSync(data, { recursive: true }))
    await expect(createSandbox({ data, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const sandbox = await open({ data })
    await expect(sandbox.listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(await sandbox.listen()).toBe(sandbox.url)
  })

  test('closing while it begins to listen lets go of the port; a closed one does not listen again', async () => {
    const sandbox = await open()
    const listening = sandbox.listen()
    await sandbox.close()
    await expect(knock(await listening)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(() => sandbox.url).toThrow(/does not listen/)
    await expect(sandbox.listen()).rejects.toThrow('closed')
  })

  test('closing ends the delays of a scenario: who waits is answered', async () => {
    for (const listens of [true, false]) {
      const sandbox = await open()
      if (listens) await sandbox.listen()
      await sandbox.faults.arm({ when: { operation: 'ping' }, then: [{ delay: '1h' }] })
      const { headers } = client.sign(client.good.ping!(), Date.now())
      const ping = listens
        ? fetch(`${sandbox.cpg.baseUrl}/v1/_ping`, { headers: headers! })
        : sandbox.cpg.fetch('/v1/_ping', { headers: headers! })
      while ((await sandbox.faults.list())[0]!.fired === 0) await new Promise(setImmediate)
      await sandbox.close()
      expect((await ping).status).toBe(200)
    }
  })

  test('closing ends what a fault keeps waiting for ever', async () => {
    const sandbox = await open()
    await sandbox.faults.arm({ when: { operation: 'ping' }, then: [{ drop: { stage: 'after', how: 'hang' } }] })
    const ping = sandbox.cpg.fetch('/v1/_ping', { headers: client.sign(client.good.ping!(), Date.now()).headers! })
    const failure = ping.catch((error: unknown) => error)
    while ((await sandbox.calls()).length === 0) await new Promise(setImmediate)
    await sandbox.close()
    expect(await failure).toMatchObject({ code: 'ECONNRESET' })
  })

  test('await using lets go of the port and of the inboxes', async () => {
    const urls: string[] = []
    {
      await using sandbox = await createSandbox({ port: 0 })
      urls.push(`${sandbox.url}/_sandgate/health`, (await sandbox.inbox()).url)
      for (const url of urls) await (await fetch(url)).text()
    }
    for (const url of urls) await expect(knock(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

function knock(url: string): Promise<void> {
  return new Promise((resolve, reject) =>
    request(url, { agent: false }, () => resolve())
      .on('error', reject)
      .end(),
  )
}

describe('worlds', () => {
  test('are made when they are named first, with a seed and a clock of their own', async () => {
    const sandbox = await open()
    const one = sandbox.world('one', { seed: 'other', clock: '2027-01-01T00:00:00Z' })
    expect(sandbox.world('one')).toBe(one)
    expect([one.id, await one.clock.now(), sandbox.id, await sandbox.clock.now()]).toEqual([
      'one',
      new Date('2027-01-01T00:00:00Z'),
      'default',
      new Date(START),
    ])
    const wanted = { user_identifier: 'user_8721' }
    const [mine, theirs, same] = [
      await allocate(sandbox.cpg, wanted),
      await allocate(one.cpg, wanted),
      await allocate(sandbox.world('two').cpg, wanted),
    ]
    expect(mine).not.toBe(theirs)
    expect(mine).toBe(same)
    expect((await sandbox.control('GET', '/worlds')).data.map((world: World) => world.id)).toEqual([
      'default',
      'one',
      'two',
    ])
  })

  test('a world that exists takes no options, a bad id and a bad clock are refused', async () => {
    const sandbox = await open()
    sandbox.world('one')
    expect(await refusal(() => sandbox.world('one', { seed: 'x' }))).toMatchObject({
      status: 409,
      message: expect.stringContaining('reset'),
    })
    expect(await refusal(() => sandbox.world('No_Id'))).toMatchObject({
      status: 422,
      message: expect.stringContaining('is not a world id'),
    })
    expect(await refusal(() => sandbox.world('two', { clock: 'noon' }))).toMatchObject({
      status: 422,
      message: expect.stringMatching(/"two".*"noon" is not an instant/),
    })
    expect(await refusal(() => sandbox.provider('cgp'))).toMatchObject({
      status: 404,
      message: expect.stringMatching(/no provider "cgp"; did you mean cpg\?/),
    })
    const full = await open({ limits: { worlds: 1 } })
    expect(await refusal(() => full.world('one'))).toMatchObject({
      status: 409,
      message: expect.stringContaining('limits.worlds'),
    })
    expect(sandbox.provider('cpg')).toBe(sandbox.cpg)
  })

  test('reset makes one new, remove deletes it; the default one stays', async () => {
    const sandbox = await open()
    const world = sandbox.world('one')
    const before = await allocate(world.cpg)
    await world.reset({ seed: 'other' })
    expect(await world.addresses()).toEqual([])
    expect(await allocate(world.cpg)).not.toBe(before)
    await world.remove()
    expect(await refusal(world.addresses())).toMatchObject({ status: 404 })
    expect(await refusal(sandbox.remove())).toMatchObject({
      status: 409,
      message: 'the default world can be reset, not deleted',
    })
    expect(await sandbox.world('one').addresses()).toEqual([])
  })
})

describe('checkpoints and coverage', () => {
  test('a state under a name, what changed since, and back to it; what the world was used for', async () => {
    const world = await open()
    const { checkpoints } = world
    expect(await checkpoints.make('empty')).toMatchObject({ name: 'empty', at: START })
    const address = await allocate(world.cpg)
    expect(await checkpoints.changes('empty', 1)).toMatchObject({ data: [{ change: 'added' }], truncated: true })
    expect((await checkpoints.changes('empty')).data).toContainEqual(
      expect.objectContaining({ table: 'addresses', change: 'added', after: expect.objectContaining({ address }) }),
    )
    expect(await checkpoints.rewind('empty')).toMatchObject({ name: 'empty' })
    expect(await world.addresses()).toEqual([])
    const { calls, providers } = await world.coverage()
    expect(calls).toBe(1)
    expect(providers.find(({ provider }) => provider === 'cpg')?.operations).toEqual([
      { operation: 'createDepositAddress', calls: 1, refused: 0 },
    ])
    expect(await world.findings()).toEqual([])
    await allocate(world.cpg, { user_identifer: 'ann' })
    expect(await world.findings('cpg')).toMatchObject([{ kind: 'unknown-field', count: 1 }])
    expect(await world.findings('zopay')).toEqual([])
    await checkpoints.remove('empty')
    expect(await checkpoints.list()).toEqual([])
    expect(await refusal(checkpoints.rewind('empty'))).toMatchObject({ status: 404, code: 'checkpoint_not_found' })
  })
})

describe('time and money', () => {
  test('the clock: frozen, moved by a duration, to an instant, until it is quiet', async () => {
    const { clock } = await open()
    expect(await clock.advance('4h')).toEqual([])
    await clock.advance({ to: '2026-05-17T00:00:00Z' })
    await clock.set(new Date('2026-05-17T01:00:00Z'))
    expect(await clock.now()).toEqual(new Date('2026-05-17T01:00:00Z'))
    await clock.run()
    await clock.freeze()
    expect(await refusal(clock.set('2026-05-01T00:00:00Z'))).toMatchObject({
      status: 409,
      message: expect.stringContaining('never goes back'),
    })
    expect(await refusal(clock.advance('soon'))).toMatchObject({ status: 422, problem: { type: 'about:blank' } })
  })

  test('a deposit, seen and confirmed; addresses, deposits, calls and the journal by filter', async () => {
    const sandbox = await open()
    const address = await allocate(sandbox.cpg, { user_identifier: 'user_8721' })
    const deposit = await sandbox.deposit({ address, amount: '100', after: '4h' })
    expect(deposit).toMatchObject({ status: 'scheduled', provider: 'cpg', amount: '100.000000', seen_at: null })
    const happened = await sandbox.clock.advance({ until: 'quiet' })
    expect(happened.length).toBeGreaterThan(1)
    expect(await sandbox.deposits({ address })).toMatchObject([
      { id: deposit.id, status: 'confirmed', account: 'demo' },
    ])
    expect(await sandbox.deposits({ provider: 'zopay' })).toEqual([])
    expect(await sandbox.addresses({ user: 'user_8721' })).toMatchObject([{ address }])
    expect(await sandbox.calls({ provider: 'cpg', operation: 'createDepositAddress', status: 200 })).toMatchObject([
      { kind: 'call', checks: expect.any(Array) },
    ])
    expect(await sandbox.calls({ status: 401 })).toEqual([])
    expect(await sandbox.journal({ kind: 'control' })).not.toEqual([])
    expect(await refusal(sandbox.deposit({ address: 'nowhere', amount: '1' }))).toMatchObject({ status: 404 })
  })

  test('lists longer than a page come whole', async () => {
    const sandbox = await open()
    for (let i = 0; i < 1001; i++) await sandbox.cpg.fetch('/v1/nothing')
    const calls = await sandbox.calls()
    expect(calls.map(({ id }) => id)).toEqual(Array.from({ length: 1001 }, (_, index) => index + 1))
  })
})

describe('the inbox', () => {
  test('callbacks of one provider come in order, rightly signed; next waits for those to come', async () => {
    const sandbox = await open()
    const inbox = await sandbox.inbox({ provider: 'cpg' })
    expect(Object.keys(inbox.secrets)).toEqual(['cpg'])
    const confirmed = inbox.next({ event: 'deposit.confirmed' })
    await sandbox.deposit({ address: await allocate(sandbox.cpg), amount: '100', after: '1h' })
    await sandbox.clock.advance('2h')
    expect(await inbox.next()).toMatchObject({
      provider: 'cpg',
      event: 'deposit.detected',
      delivery: 'cb_1',
      signature: 'right',
      json: { data: { amount: '100.000000' } },
    })
    expect(await confirmed).toMatchObject({ event: 'deposit.confirmed', signature: 'right' })
    expect(inbox.received.map(({ event }) => event)).toEqual(['deposit.detected', 'deposit.confirmed', 'deposit.swept'])
    expect(await sandbox.callbacks({ event: 'deposit.detected' })).toMatchObject([
      { status: 'delivered', attempts: [{ status: 200, error: null }] },
    ])
  })

  test('an answer of one\u2019s own, a retry, and once more by hand', async () => {
    const sandbox = await open()
    const inbox = await sandbox.inbox({ provider: 'cpg', events: ['deposit.confirmed'], secret: 'whsec-demo' })
    inbox.answer = (_, index) => (index === 0 ? { status: 503, body: 'later' } : 204)
    await sandbox.deposit({ address: await allocate(sandbox.cpg), amount: '1', confirmations: 'instant' })
    await sandbox.clock.advance('1m')
    expect(inbox.received.map(({ signature, delivery }) => [signature, delivery])).toEqual([
      ['right', 'cb_1'],
      ['right', 'cb_1'],
    ])
    expect(await sandbox.redeliver('cb_1')).toMatchObject({
      status: 'delivered',
      attempts: [{ status: 503 }, { status: 204 }, { status: 204 }],
    })
    const endpoints = await sandbox.endpoints({ provider: 'cpg' })
    expect(endpoints).toMatchObject([{ id: expect.stringMatching(/^ep_\d+$/), provider: 'cpg', account: 'demo' }])
    await sandbox.removeEndpoint(endpoints[0]!.id)
    expect(await sandbox.endpoints({ provider: 'cpg' })).toEqual([])
    expect(inbox.secrets).toEqual({ cpg: 'whsec-demo' })
  })

  test.each([
    ['bad-signature', 'wrong'],
    ['stale-timestamp', 'stale'],
  ] as const)('a callback spoiled by %s has a signature that is %s', async (how, signature) => {
    const sandbox = await open()
    const inbox = await sandbox.inbox()
    await sandbox.faults.arm({ when: { operation: 'createDepositAddress' }, then: [{ callbacks: { how } }] })
    await sandbox.deposit({ address: await allocate(sandbox.cpg), amount: '1' })
    expect(await inbox.next({ provider: 'cpg' })).toMatchObject({ event: 'deposit.detected', signature })
  })

  test('what the sandbox did not send has no right signature', async () => {
    const sandbox = await open()
    const inbox = await sandbox.inbox()
    await fetch(`${inbox.url}/cpg`, { method: 'POST', body: '{"event":"deposit.confirmed"}' })
    await fetch(`${inbox.url}/__proto__`, { method: 'POST', body: 'no json' })
    expect(inbox.received).toMatchObject([
      { provider: 'cpg', delivery: null, event: null, signature: 'wrong', json: { event: 'deposit.confirmed' } },
      { provider: '__proto__', signature: 'wrong', json: undefined },
    ])
  })

  test('one that cannot be had is closed again', async () => {
    const sandbox = await open()
    // Its server holds no process, so it can be seen only where it begins.
    const listen = vi.spyOn(Server.prototype, 'listen')
    onTestFinished(() => listen.mockRestore())
    for (const wish of [{ provider: 'nobody' }, { provider: 'cpg', events: ['deposit.gone'] }, { account: 'nobody' }])
      expect((await refusal(sandbox.inbox(wish))).message).not.toBe('')
    expect((listen.mock.contexts as Server[]).map(({ listening }) => listening)).toEqual([false, false, false])
  })

  test('when nothing comes, next says what is due and when', async () => {
    const sandbox = await open()
    const inbox = await sandbox.inbox()
    await expect(inbox.next({ provider: 'cpg', withinMs: 1 })).rejects.toThrow(
      'no callback cpg came within 1 ms; world time is 2026-05-16T19:00:00.000Z, nothing is due',
    )
    await sandbox.deposit({ address: await allocate(sandbox.cpg), amount: '1', after: '4h' })
    await expect(inbox.next({ withinMs: 1 })).rejects.toThrow(
      /due next: dep_1 .*2026-05-16T23:00:00\.000Z.*clock\.advance/,
    )
  })
})

describe('an inbox that waits in vain', () => {
  test('sandgate.inbox.next: says what came instead, and what was not asked for', async () => {
    const sandbox = await open()
    const inbox = await sandbox.inbox({ provider: 'cpg' })
    await sandbox.deposit({ address: await allocate(sandbox.cpg), amount: '1', after: '1h' })
    await sandbox.clock.advance('2h')
    await inbox.next()
    await expect(inbox.next({ event: 'deposit.reversed', withinMs: 1 })).rejects.toThrow(
      'no callback deposit.reversed came within 1 ms; came so far: cpg deposit.detected once, cpg deposit.confirmed once, cpg deposit.swept once, of which 2 were not asked for; world time is 2026-05-16T21:00:00.000Z, nothing is due',
    )
  })

  test('sandgate.inbox.next: says what became of deliveries that did not come', async () => {
    const sandbox = await open()
    const first = await sandbox.inbox({ provider: 'cpg', events: ['deposit.detected'] })
    const arm = async (how: 'drop' | 'pause') =>
      sandbox.faults.arm({
        when: { operation: 'createDepositAddress', body: { user_identifier: how } },
        then: [{ callbacks: { how } }],
      })
    for (const how of ['drop', 'pause'] as const) {
      await arm(how)
      await sandbox.deposit({ address: await allocate(sandbox.cpg, { user_identifier: how }), amount: '1' })
    }
    await expect(first.next({ event: 'deposit.detected', withinMs: 1 })).rejects.toThrow(
      /1 ms; cb_1 \(cpg deposit\.detected\) was dropped by a fault; cb_2 \(cpg deposit\.detected\) is paused; world time/,
    )
    const second = await sandbox.inbox({ provider: 'cpg', events: ['deposit.detected'] })
    await second.close()
    await sandbox.deposit({ address: await allocate(sandbox.cpg, { user_identifier: 'third' }), amount: '1' })
    await expect(first.next({ provider: 'cpg', withinMs: 1 })).rejects.toThrow(
      `cb_3 (cpg deposit.detected) goes to ${second.url}/cpg, not to this inbox`,
    )
    await expect(second.next()).rejects.toThrow('the inbox is closed')
  })

  test('sandgate.inbox.next: gives up before the five seconds that a test has by default', () => {
    expect(/const WAIT_MS = ([\d_]+)/.exec(readFileSync(join(ROOT, 'src/library/inbox.ts'), 'utf8'))![1]).toBe('4_000')
  })
})

describe('a closed sandbox', () => {
  test('says so at every call of every handle', async () => {
    const sandbox = await open()
    const world = sandbox.world('one')
    await sandbox.close()
    for (const work of [
      sandbox.clock.now(),
      sandbox.calls(),
      world.addresses(),
      world.cpg.fetch('/v1/_ping'),
      sandbox.fetch('/_sandgate/health'),
      world.inbox(),
    ])
      await expect(work).rejects.toThrow('the sandbox is closed')
    expect(() => sandbox.world('two')).toThrow('the sandbox is closed')
    expect(() => sandbox.metrics()).toThrow('the sandbox is closed')
  })
})

describe('timers that a test has replaced', () => {
  /** A call, a deposit with its callbacks, one that is cut after a delay, a page that is not there, and a wait in vain. */
  async function everything(sandbox: Awaited<ReturnType<typeof createSandbox>>): Promise<void> {
    const inbox = await sandbox.inbox({ provider: 'cpg' })
    const address = await allocate(sandbox.cpg)
    await sandbox.deposit({ address, amount: '1', after: '1h' })
    await sandbox.clock.advance('2h')
    expect(await inbox.next({ event: 'deposit.confirmed' })).toMatchObject({ signature: 'right' })
    await expect(inbox.next({ event: 'nothing', withinMs: 1 })).rejects.toThrow('no callback nothing came')
    await sandbox.faults.arm({
      when: { operation: 'listCurrencies' },
      then: [{ delay: '2ms' }, { throttle: { bytesPerSecond: 100_000 } }],
    })
    expect((await sandbox.cpg.fetch('/v1/currencies')).status).toBe(401)
    expect((await sandbox.fetch('/nowhere')).status).toBe(404)
    expect((await fetch(`${sandbox.cpg.baseUrl}/v1/nothing`)).status).toBe(401)
    await sandbox.close()
  }

  test('sandgate.timers: those that Vitest replaces stop nothing, whether they were replaced before the sandbox was made or after', async () => {
    onTestFinished(() => void vi.useRealTimers())
    const before = await open({ port: 0 })
    vi.useFakeTimers()
    await everything(before)
    await everything(await open({ port: 0 }))
  })

  test('sandgate.timers: none of the process is needed, and neither is queueMicrotask', async () => {
    const script = `
      import { createSandbox } from './dist/index.js'
      const before = await createSandbox({ port: 0, clock: '${START}' })
      for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) globalThis[name] = () => ({ unref() {} })
      const statuses = []
      for (const sandbox of [before, await createSandbox({ port: 0, clock: '${START}' })]) {
        const inbox = await sandbox.inbox({ provider: 'cpg' })
        await sandbox.clock.advance('1h')
        await inbox.next({ withinMs: 1 }).catch(({ message }) => statuses.push(message.slice(0, 29)))
        for (const path of ['/cpg/v1/_ping', '/nowhere']) statuses.push((await sandbox.fetch(path)).status)
        await sandbox.close()
      }
      console.log(statuses.join(' '))`
    const what = 'no callback came within 1 ms; 401 404'
    expect(await run(['--input-type=module', '-e', script])).toEqual({ status: 0, told: `${what} ${what}\n` })
  })

  test('sandgate.timers: replaced before the package is loaded', async () => {
    const { status, told } = await run(['node_modules/.bin/vitest', 'run', '--root', 'test/examples', 'timers.spec'])
    expect(status, told).toBe(0)
  })

  test('sandgate.timers: wall time is what the test says, so that its client and the sandbox agree', async () => {
    onTestFinished(() => void vi.useRealTimers())
    const sandbox = await createSandbox()
    onTestFinished(() => sandbox.close())
    for (const day of ['2031-01-01T00:00:00Z', '2020-01-01T00:00:00Z']) {
      vi.useFakeTimers({ now: Date.parse(day) })
      await allocate(sandbox.cpg)
    }
    vi.useRealTimers()
    await allocate(sandbox.cpg)
    // A wall that goes back stops the world, and never turns it.
    expect((await sandbox.clock.now()).getTime()).toBeGreaterThanOrEqual(Date.parse('2031-01-01T00:00:00Z') - 1)
  })
})

describe('scenarios and state', () => {
  test('a scenario that is not there, or not right, is told by its own name', async () => {
    const sandbox = await open()
    expect(await refusal(sandbox.scenario('/nowhere/story.yaml'))).toMatchObject({
      status: 422,
      message: expect.stringMatching(/^\/nowhere\/story\.yaml: cannot be read: ENOENT/),
    })
    expect(await refusal(createSandbox({ scenarios: ['/nowhere/story.yaml'] }))).toMatchObject({
      status: 422,
      message: expect.stringMatching(/^createSandbox: \/nowhere\/story\.yaml: cannot be read/),
    })
    const file = join(mkdtempSync(join(tmpdir(), 'sandgate-handles-')), 'story.yaml')
    onTestFinished(() => rmSync(file))
    writeFileSync(file, 'name: x\nrulez: []\n')
    expect((await refusal(sandbox.scenario(file))).message).toBe(`${file}:2: rulez: unknown key; did you mean rules?`)
    expect((await refusal(sandbox.scenario({ name: 'x', rulez: [] } as object))).message).toBe(
      'rulez: unknown key; did you mean rules?',
    )
  })

  test('a scenario from an object and from a file', async () => {
    const sandbox = await open()
    await sandbox.scenario({
      name: 'busy',
      rules: [{ when: { provider: 'cpg', operation: 'ping' }, then: [{ respond: { error: 'unavailable' } }] }],
    })
    expect((await sandbox.cpg.fetch('/v1/_ping')).status).toBe(503)
    const folder = mkdtempSync(join(tmpdir(), 'sandgate-handles-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(
      join(folder, 'quick.yaml'),
      'name: quick\nrules:\n  - when: { operation: ping }\n    then: [{ respond: { status: 418, body: { tea: true } } }]\n',
    )
    await sandbox.scenario(join(folder, 'quick.yaml'))
    expect((await sandbox.cpg.fetch('/v1/_ping')).status).toBe(418)
    expect(await refusal(sandbox.scenario({ name: 'bad', rulez: [] } as object))).toMatchObject({ status: 422 })
    const started = await open({ scenarios: [join(folder, 'quick.yaml')] })
    expect((await started.cpg.fetch('/v1/_ping')).status).toBe(418)
  })

  test('what stood in the journal before a restart is said to be gone', async () => {
    const data = mkdtempSync(join(tmpdir(), 'sandgate-handles-'))
    onTestFinished(() => rmSync(data, { recursive: true }))
    const before = await open({ data })
    await allocate(before.cpg)
    expect((await before.control('GET', '/journal/1')).status).toBe(200)
    await before.close()
    const sandbox = await open({ data })
    expect(await refusal(sandbox.control('GET', '/journal/1'))).toMatchObject({
      status: 404,
      message: expect.stringMatching(/no entry 1; .*none from before .* the sandbox was started/),
    })
  })

  test('a snapshot brings back what was', async () => {
    const sandbox = await open()
    await allocate(sandbox.cpg)
    const snapshot = await sandbox.snapshot()
    await allocate(sandbox.cpg, { user_identifier: 'another' })
    await sandbox.restore(snapshot)
    expect(await sandbox.addresses()).toHaveLength(1)
    expect(await sandbox.snapshot()).toBe(snapshot)
  })
})

describe('the package', () => {
  test.each([
    ['vitest.spec.ts', ['node_modules/.bin/vitest', 'run', '--root', 'test/examples', 'vitest.spec']],
    ['jest.spec.cjs', ['node_modules/.bin/jest', '--rootDir', 'test/examples', 'jest.spec']],
    ['node.spec.mjs', ['--test', 'test/examples/node.spec.mjs']],
  ])('the example %s runs, and is in docs/library.md as it is', async (file, args) => {
    expect(readFileSync(join(ROOT, 'docs/library.md'), 'utf8')).toContain(
      readFileSync(join(ROOT, 'test/examples', file), 'utf8').trimEnd(),
    )
    const { status, told } = await run(args)
    expect(status, told).toBe(0)
  })

  test('a stranger\u2019s TypeScript compiles against it, strictly', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandgate-types-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(ROOT, join(folder, 'node_modules/sandgate'))
    symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const compilerOptions = {
      noEmit: true,
      strict: true,
      target: 'esnext',
      module: 'nodenext',
      types: ['node'],
      skipLibCheck: false,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['one.ts', 'two.cts'] }))
    writeFileSync(
      join(folder, 'one.ts'),
      `
      import { connectSandbox, ControlError, createSandbox, type Received, type Sandbox } from 'sandgate'
      await using sandbox = await createSandbox({ port: 0, clock: '2026-05-16T19:00:00Z' })
      const url: string = sandbox.world('ci').cpg.baseUrl
      const inbox = await sandbox.world('ci').inbox()
      const received: Received = await inbox.next({ event: 'x' })
      await sandbox.clock.advance('4h')
      await using full = await createSandbox({
        fsync: true, allowHosts: ['box.example'], limits: { worldIdle: '1h' }, callbacks: { cpg: { url: 'http://127.0.0.1:3000/', events: ['deposit.confirmed'] } },
      })
      full.world('ci').zopay.name + full.payward.name + full.alphapo.name + full.provider('another').name
      // @ts-expect-error there is no such provider
      sandbox.cgp
      // @ts-expect-error nor in a world
      sandbox.world('ci').zopai.baseUrl
      // @ts-expect-error there is no such limit
      await createSandbox({ limits: { world: 3 } })
      // @ts-expect-error there is no such option
      await createSandbox({ sed: 'x' })
      // @ts-expect-error an amount is text
      await sandbox.deposit({ address: url, amount: 100 })
      await sandbox.faults.arm({ when: { operation: 'ping', nth: 1 }, then: [{ drop: { stage: 'after', how: 'reset' } }, { delay: '2s' }] })
      // @ts-expect-error there is no such action
      await sandbox.faults.arm({ when: { operation: 'ping' }, then: [{ dorp: { how: 'reset' } }] })
      // @ts-expect-error nor such a way to do it
      await sandbox.scenario({ name: 'x', rules: [{ when: {}, then: [{ corrupt: { how: 'nicely' } }] }] })
      // @ts-expect-error nor such a count
      await sandbox.verify({ provider: 'cpg', operation: 'ping', times: { exact: 1 } })
      const remote: Sandbox = await connectSandbox(url, { token: 'x', world: 'ci' })
      if ((await remote.calls({ refused: true }))[0]?.account === 'demo') throw new ControlError(1, '', {})
      // @ts-expect-error there is no such method
      await sandbox.clok.advance('4h')
      export { received }
    `,
    )
    writeFileSync(
      join(folder, 'two.cts'),
      `
      import sandgate = require('sandgate')
      export const url = sandgate.createSandbox({ port: 0 }).then((sandbox): string => sandbox.cpg.baseUrl)
      export const status = (error: unknown): number => (error instanceof sandgate.ControlError ? error.status : 0)
      export let box: sandgate.Sandbox | undefined
      export const there = sandgate.connectSandbox('http://127.0.0.1:4010').then((sandbox: sandgate.WithProviders<sandgate.Sandbox>) => sandbox.cpg.name)
    `,
    )
    const { status, told } = await run(['node_modules/.bin/tsc', '-p', folder])
    expect(status, told).toBe(0)
  })
})

test('require gives what import gives, without a warning, and knows its errors', async () => {
  const script = `
    const { connectSandbox, ControlError, createSandbox } = require('./dist/require.cjs')
    createSandbox({ port: 0 }).then(async (sandbox) => {
      const there = await connectSandbox(sandbox.url)
      const errors = await Promise.all([sandbox.control('GET', '/nowhere'), there.control('GET', '/nowhere'), createSandbox({ sed: 1 })].map((work) => work.catch((error) => error)))
      console.log(errors.map((error) => error instanceof ControlError && error.status), [new Error('x'), null, undefined].map((error) => error instanceof ControlError))
      await sandbox.close()
    })`
  expect(await run(['-e', script])).toEqual({ status: 0, told: '[ 404, 404, 422 ] [ false, false, false ]\n' })
})

/** A program of its own, to its end. */
function run(args: readonly string[]): Promise<{ status: number | null; told: string }> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS|TEST|JEST)/.test(name)),
  )
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (told += text))
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, told })))
}
