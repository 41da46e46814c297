// Callbacks whoever receives them: what a bad receiver costs, where callbacks may go, what a scenario does to them, and who waits for whom.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { armSpoil } from '../src/world/outbox.ts'
import { allocation, client } from './clients/cpg.ts'
import { Inbox, type Kit, start } from './kit.ts'

async function paid(box: Kit): Promise<string> {
  const { address } = (await box.call(client, allocation({}))).json.data
  await box.deposit(address, '1', { confirmations: 'instant' })
  return address
}

async function callbacks(box: Kit): Promise<any[]> {
  return (await box.control('GET', '/callbacks')).json.data
}

/** A receiver that does what it likes with the connection. */
async function receiver(act: (socket: Socket) => void): Promise<{ url: string; connections: number }> {
  const sockets = new Set<Socket>()
  const told = { url: '', connections: 0 }
  const server: Server = createServer((socket) => {
    told.connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => act(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  told.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return told
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n'

/** Writes for ever, as fast as it is taken. */
function pour(socket: Socket): void {
  const more = () => {
    while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
  }
  socket.on('drain', more)
  more()
}

describe('a bad receiver costs its own attempt and nothing else', () => {
  test.each<[string, (socket: Socket) => void, RegExp | null]>([
    ['hangs', () => undefined, /no answer within/],
    ['resets the connection', (socket) => socket.resetAndDestroy(), /ECONNRESET|hang up/],
    ['closes without an answer', (socket) => socket.end(), /hang up/],
    ['answers garbage', (socket) => socket.end('220 smtp.example ESMTP\r\n'), /Parse Error/],
    ['stops in the middle of its answer', (socket) => socket.end(`${HEAD}content-length: 100\r\n\r\nhalf`), /broke off/],
    ['never ends its answer', (socket) => void socket.write(`${HEAD}content-length: 100\r\n\r\nhalf`), /broke off|no answer within/],
    // 200 is 200, however much comes behind it.
    ['answers a gigabyte', (socket) => (socket.write(`${HEAD}content-length: 1073741824\r\n\r\n`), pour(socket)), null],
    ['streams for ever', (socket) => (socket.write(`${HEAD}\r\n`), pour(socket)), null],
    ['sends headers without end', (socket) => (socket.write(HEAD), pour(socket)), /Header|overflow|Parse|no answer/i],
  ])('it %s', async (_, act, error) => {
    const box = await start({ callbackTimeoutMs: 300 })
    const { url } = await receiver(act)
    await box.control('PUT', '/callbacks/endpoints/cpg', { url, events: ['deposit.confirmed'] })
    await paid(box)
    const [delivery] = await callbacks(box)
    if (error === null) expect(delivery.status).toBe('delivered')
    else {
      expect(delivery.status).toBe('pending')
      expect(delivery.attempts[0].error).toMatch(error)
    }
    expect((await box.call(client, allocation({}))).status).toBe(200)
  })

  test('providers go on answering while a receiver hangs and an advance waits for it', async () => {
    const box = await start()
    let let_go = (): void => undefined
    const arrived = new Promise<void>((resolve) => (let_go = resolve))
    let answer = (): void => undefined
    const { url } = await receiver((socket) => {
      let_go()
      answer = () => void socket.end(`${HEAD}content-length: 0\r\n\r\n`)
    })
    await box.control('PUT', '/callbacks/endpoints/cpg', { url, events: ['deposit.detected'] })
    const { address } = (await box.call(client, allocation({}))).json.data
    const sent = box.deposit(address, '1', { after: '1h' })
    await sent
    const advanced = box.advance('2h')
    await arrived
    expect((await box.call(client, allocation({}))).status).toBe(200)
    expect((await callbacks(box))[0]).toMatchObject({ status: 'pending', attempts: [] })
    answer()
    await advanced
    expect((await callbacks(box))[0]).toMatchObject({ status: 'delivered' })
  })

  /** Hangs until it is let go, and answers at once from then on. */
  async function hanging() {
    const held: Socket[] = []
    let answering = false
    const answer = (socket: Socket) => void socket.end(`${HEAD}content-length: 2\r\n\r\nok`)
    let arrived = (): void => undefined
    const first = new Promise<void>((resolve) => (arrived = resolve))
    const told = await receiver((socket) => {
      if (answering) return answer(socket)
      held.push(socket)
      arrived()
    })
    return {
      told,
      first,
      letGo: () => {
        answering = true
        for (const socket of held) answer(socket)
      },
    }
  }

  test('a hundred callbacks to a receiver that hangs hold back none of another world', async () => {
    const box = await start({ callbackTimeoutMs: 60_000 })
    const { told, first, letGo } = await hanging()
    await box.control('PUT', '/callbacks/endpoints/cpg', { url: told.url, events: ['deposit.detected'] })
    const { address } = (await box.call(client, allocation({}))).json.data
    for (let i = 0; i < 100; i++) await box.deposit(address, '1', { after: '1m' })
    const advancing = box.advance('1m')
    await first

    await box.control('POST', '/worlds', { id: 'other' })
    const inbox = await Inbox.open()
    await box.raw('PUT', '/w/other/_sandgate/callbacks/endpoints/cpg', {}, JSON.stringify({ url: inbox.url }))
    const request = client.sign(allocation({}), box.wallMs)
    const theirs = await box.raw(request.method, `/w/other/cpg${request.path}`, request.headers, request.body)
    await box.raw('POST', '/w/other/_sandgate/deposits', {}, JSON.stringify({ address: theirs.json.data.address, amount: '1' }))
    expect(inbox.received).toHaveLength(1)
    expect(told.connections).toBeLessThanOrEqual(8)

    letGo()
    await advancing
    expect(told.connections).toBe(100)
    expect((await callbacks(box)).every(({ status }) => status === 'delivered')).toBe(true)
  })

  test.each([
    ['made new', 'default', (box: Kit) => box.raw('POST', '/_sandgate/reset', {}, '{}')],
    ['brought back', 'default', (box: Kit, before: string) => box.raw('PUT', '/_sandgate/snapshot', { 'content-type': 'application/json' }, before)],
    ['deleted', 'ci', (box: Kit) => box.raw('DELETE', '/_sandgate/worlds/ci')],
  ])('a world that is %s while an advance waits for a receiver calls it no more', async (_, id, gone) => {
    const box = await start({ callbackTimeoutMs: 60_000 })
    if (id !== 'default') await box.control('POST', '/worlds', { id })
    const control = (method: string, path: string, body: object) => box.raw(method, `/w/${id}/_sandgate${path}`, { 'content-type': 'application/json' }, JSON.stringify(body))
    const { told, first, letGo } = await hanging()
    await control('PUT', '/callbacks/endpoints/cpg', { url: told.url })
    const request = client.sign(allocation({}), box.wallMs)
    const { address } = (await box.raw(request.method, `/w/${id}/cpg${request.path}`, request.headers, request.body)).json.data
    await control('POST', '/deposits', { address, amount: '1', after: '1m' })
    const { text: before } = await box.raw('GET', `/w/${id}/_sandgate/snapshot`)
    const advancing = control('POST', '/clock/advance', { by: '1d' })
    await first
    expect((await gone(box, before)).status).toBeLessThan(300)
    letGo()
    const { status, json } = await advancing
    expect([status, json.detail]).toEqual([409, expect.stringMatching(/^the world "(default|ci)" was deleted or made new while its clock was being moved/)])
    expect(told.connections).toBe(1)
  })
})

describe('where callbacks may go', () => {
  test.each([
    ['http://127.0.0.1:1/', 200], ['http://localhost:1/', 200], ['http://[::1]:1/', 200], ['http://10.1.2.3/', 200], ['http://192.168.0.9/', 200], ['https://172.16.0.1/', 200],
    ['http://8.8.8.8/', 422], ['http://169.254.169.254/latest/meta-data', 422], ['http://[fe80::1]/', 422], ['http://[::ffff:169.254.169.254]/', 422], ['http://0.0.0.0/', 422],
    ['http://[::ffff:8.8.8.8]/', 422], ['http://2130706433/', 200], ['http://0x7f.1/', 200], ['ftp://127.0.0.1/', 422], ['file:///etc/passwd', 422], ['nonsense', 422],
  ])('%s: %i', async (url, status) => {
    const box = await start()
    const reply = await box.control('PUT', '/callbacks/endpoints/cpg', { url })
    expect([reply.status, reply.text]).toEqual([status, expect.any(String)])
    if (status === 422) expect(reply.json.detail).toMatch(/^url: /)
  })

  test('sandgate.callbacks.targets: an address beyond may be named, a link-local one never', async () => {
    const box = await start({ allowCallbackHosts: ['8.8.8.8', '169.254.169.254'] })
    expect((await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://8.8.8.8/' })).status).toBe(200)
    expect((await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://169.254.169.254/' })).status).toBe(422)
  })

  test.each([
    [['8.8.8.8'], /shop\.example is neither loopback nor private; allow it with --allow-callback-host shop\.example/],
    [['169.254.169.254'], /link-local or a metadata address/],
    [['10.0.0.1', '8.8.8.8'], /neither loopback nor private/],
    [[], /ENOTFOUND/],
  ])('a name is judged by all its addresses when it is looked up: %o', async (addresses, error) => {
    const box = await start({
      resolve: (_, __, found) =>
        addresses.length === 0 ? found(Object.assign(new Error('getaddrinfo ENOTFOUND shop.example'), { code: 'ENOTFOUND' }), []) : found(null, addresses.map((address) => ({ address, family: 4 }))),
    })
    await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://shop.example/', events: ['deposit.detected'] })
    await paid(box)
    expect((await callbacks(box))[0].attempts[0]).toMatchObject({ status: null, error: expect.stringMatching(error) })
  })

  test('a name that was allowed may lead beyond, and never to a link-local address', async () => {
    const asked: string[] = []
    const box = await start({
      allowCallbackHosts: ['shop.example'],
      resolve: (name, _, found) => (asked.push(name), found(null, [{ address: '169.254.169.254', family: 4 }])),
    })
    await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://shop.example/', events: ['deposit.detected'] })
    await paid(box)
    expect(asked).toEqual(['shop.example'])
    expect((await callbacks(box))[0].attempts[0].error).toMatch(/metadata/)
  })

  test.each([
    [{ url: 'http://127.0.0.1/', events: ['deposit.exploded'] }, 422, /events: CPG sends no deposit.exploded/],
    [{ url: 'http://127.0.0.1/', account: 'nobody' }, 404, /account: CPG has no account "nobody"/],
    [{ url: 'http://127.0.0.1/', colour: 'red' }, 422, /unknown key "colour"/],
    [{}, 422, /url/],
  ])('%o: %i', async (body, status, detail) => {
    const box = await start()
    const reply = await box.control('PUT', '/callbacks/endpoints/cpg', body)
    expect([reply.status, reply.json.detail]).toEqual([status, expect.stringMatching(detail)])
    expect((await box.control('PUT', '/callbacks/endpoints/nobody', { url: 'http://127.0.0.1/' })).status).toBe(404)
  })

  test('a config file names receivers from the start, also after a reset', async () => {
    const inbox = await Inbox.open()
    const box = await start({ callbacks: { cpg: { url: inbox.url, secret: 'whsec-demo', events: ['deposit.detected'] } } })
    await paid(box)
    await box.control('POST', '/reset')
    await paid(box)
    expect(inbox.received).toHaveLength(2)
  })
})

describe('spoiled', () => {
  async function spoiled(how: Parameters<typeof armSpoil>[0]['how'], times = 1, byMs = 0): Promise<{ box: Kit; inbox: Inbox }> {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.detected', 'deposit.confirmed'] })
    box.world.change(() => armSpoil({ provider: 'cpg', object: null, how, times, byMs }, box.world))
    await paid(box)
    return { box, inbox }
  }
  const events = (inbox: Inbox) => inbox.received.map(({ json }) => json.event)

  test('duplicate: the very same bytes twice', async () => {
    const { inbox } = await spoiled('duplicate')
    expect(events(inbox)).toEqual(['deposit.detected', 'deposit.detected', 'deposit.confirmed'])
    expect(inbox.received[0]!.text).toBe(inbox.received[1]!.text)
  })

  test('sandgate.callbacks.departure: reorder, so that confirmed arrives before detected', async () => {
    const { inbox } = await spoiled('reorder')
    expect(events(inbox)).toEqual(['deposit.confirmed', 'deposit.detected'])
  })

  test('drop: lost, retries included', async () => {
    const { box, inbox } = await spoiled('drop')
    await box.advance('3d')
    expect(events(inbox)).toEqual(['deposit.confirmed'])
    expect((await callbacks(box)).map(({ status }) => status)).toEqual(['dropped', 'delivered'])
  })

  test('delay: later, to the millisecond', async () => {
    const { box, inbox } = await spoiled('delay', 1, 600_000)
    expect(events(inbox)).toEqual(['deposit.confirmed'])
    await box.advance('599999ms')
    expect(events(inbox)).toHaveLength(1)
    await box.advance('1ms')
    expect(events(inbox)).toEqual(['deposit.confirmed', 'deposit.detected'])
  })

  test('bad signature and stale timestamp', async () => {
    const bad = await spoiled('bad-signature')
    expect(bad.inbox.received[0]!.headers['x-cpg-signature']).not.toBe(bad.inbox.received[1]!.headers['x-cpg-signature'])
    const stale = await spoiled('stale-timestamp')
    expect(Number(stale.inbox.received[1]!.headers['x-cpg-timestamp']) - Number(stale.inbox.received[0]!.headers['x-cpg-timestamp'])).toBe(3600)
  })

  test('pause holds everything back until resume', async () => {
    const { box, inbox } = await spoiled('pause')
    expect(events(inbox)).toEqual([])
    expect((await callbacks(box)).map(({ status }) => status)).toEqual(['paused', 'paused'])
    box.world.change(() => armSpoil({ provider: 'cpg', object: null, how: 'resume', times: 1, byMs: 0 }, box.world))
    await box.advance('1ms')
    expect(events(inbox)).toEqual(['deposit.detected', 'deposit.confirmed'])
  })
})

test('the journal holds every attempt, with what the receiver said', async () => {
  const box = await start()
  const inbox = await Inbox.open()
  inbox.answers = (_, index) => (index === 0 ? { status: 503, body: 'later' } : { status: 200 })
  const secret = await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
  await paid(box)
  await box.advance('1m')
  const { data, ...rest } = (await box.control('GET', '/journal?kind=callback')).json
  expect(data).toMatchObject([
    { kind: 'callback', provider: 'cpg', event: 'deposit.detected', attempt: 1, status: 503, error: 'the receiver answered 503', answer: 'later' },
    { attempt: 2, status: 200, error: null },
  ])
  expect(JSON.stringify([data, rest])).not.toContain(secret)
})

test('a URL that no request can be made of is an attempt that failed, told as such, and the ones behind it go on', async () => {
  const box = await start()
  const inbox = await Inbox.open()
  await box.control('PUT', '/callbacks/endpoints/cpg', { url: inbox.url.replace('http://', 'http://user:100%@') })
  await paid(box)
  expect((await callbacks(box))[0].attempts[0].error).toMatch(/^it could not be sent: /)
  await box.subscribe('cpg', inbox)
  await paid(box)
  expect(inbox.received.length).toBeGreaterThan(0)
})

test('a sandbox stops though a client holds a connection and says nothing', async () => {
  const box = await start()
  const socket = connect(Number(new URL(box.url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  await box.sandbox.close()
  await expect(box.raw('GET', '/_sandgate/health')).rejects.toThrow()
})

describe('reorder without anything that overtakes', () => {
  const held = async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
    await box.control('PUT', '/scenario', { timeline: [{ at: '0s', do: { callbacks: { provider: 'cpg', how: 'reorder' } } }] })
    await paid(box)
    return { box, inbox }
  }

  test('sandgate.callbacks.reorder: it is sent after a day all the same', async () => {
    const { box, inbox } = await held()
    await box.advance('86399999ms')
    expect([inbox.received.length, (await callbacks(box))[0].status]).toEqual([0, 'pending'])
    await box.advance('1ms')
    expect([inbox.received.length, (await callbacks(box))[0].status]).toEqual([1, 'delivered'])
  })

  test('an advance until quiet waits for it', async () => {
    const { box, inbox } = await held()
    expect((await box.control('POST', '/clock/advance', { until: 'quiet' })).json.happened.at(-1).summary).toContain('though nothing has overtaken it')
    expect(inbox.received).toHaveLength(1)
  })

  test('what was overtaken is sent once', async () => {
    const { box, inbox } = await held()
    await paid(box)
    expect(inbox.received).toHaveLength(2)
    await box.advance('3d')
    expect(inbox.received).toHaveLength(2)
  })
})
