// Callbacks whoever receives them: what a bad receiver costs, where callbacks may go, what a scenario does to them, and who waits for whom.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as alphapo from './clients/alphapo.ts'
import { allocation, client } from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { type Client, Inbox, type Kit, start } from './kit.ts'
import { type Receiver, RECEIVERS } from './receivers.ts'

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
    [
      'stops in the middle of its answer',
      (socket) => socket.end(`${HEAD}content-length: 100\r\n\r\nhalf`),
      /the connection broke/,
    ],
    [
      'never ends its answer',
      (socket) => void socket.write(`${HEAD}content-length: 100\r\n\r\nhalf`),
      /the connection broke|no answer within/,
    ],
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
    await box.raw(
      'POST',
      '/w/other/_sandgate/deposits',
      {},
      JSON.stringify({ address: theirs.json.data.address, amount: '1' }),
    )
    expect(inbox.received).toHaveLength(1)
    expect(told.connections).toBeLessThanOrEqual(8)

    letGo()
    await advancing
    expect(told.connections).toBe(100)
    expect((await callbacks(box)).every(({ status }) => status === 'delivered')).toBe(true)
  })

  test.each([
    ['made new', 'default', (box: Kit) => box.raw('POST', '/_sandgate/reset', {}, '{}')],
    [
      'brought back',
      'default',
      (box: Kit, before: string) =>
        box.raw('PUT', '/_sandgate/snapshot', { 'content-type': 'application/json' }, before),
    ],
    ['deleted', 'ci', (box: Kit) => box.raw('DELETE', '/_sandgate/worlds/ci')],
  ])('a world that is %s while an advance waits for a receiver calls it no more', async (_, id, gone) => {
    const box = await start({ callbackTimeoutMs: 60_000 })
    if (id !== 'default') await box.control('POST', '/worlds', { id })
    const control = (method: string, path: string, body: object) =>
      box.raw(method, `/w/${id}/_sandgate${path}`, { 'content-type': 'application/json' }, JSON.stringify(body))
    const { told, first, letGo } = await hanging()
    await control('PUT', '/callbacks/endpoints/cpg', { url: told.url })
    const request = client.sign(allocation({}), box.wallMs)
    const { address } = (await box.raw(request.method, `/w/${id}/cpg${request.path}`, request.headers, request.body))
      .json.data
    await control('POST', '/deposits', { address, amount: '1', after: '1m' })
    const { text: before } = await box.raw('GET', `/w/${id}/_sandgate/snapshot`)
    const advancing = control('POST', '/clock/advance', { by: '1d' })
    await first
    expect((await gone(box, before)).status).toBeLessThan(300)
    letGo()
    const { status, json } = await advancing
    expect([status, json.detail]).toEqual([
      409,
      expect.stringMatching(/^the world "(default|ci)" was deleted or reset while its clock was being moved/),
    ])
    expect(told.connections).toBe(1)
  })
})

describe('where callbacks may go', () => {
  test.each([
    ['http://127.0.0.1:1/', 200],
    ['http://localhost:1/', 200],
    ['http://[::1]:1/', 200],
    ['http://10.1.2.3/', 200],
    ['http://192.168.0.9/', 200],
    ['https://172.16.0.1/', 200],
    ['http://8.8.8.8/', 422],
    ['http://169.254.169.254/latest/meta-data', 422],
    ['http://[fe80::1]/', 422],
    ['http://[::ffff:169.254.169.254]/', 422],
    ['http://0.0.0.0/', 422],
    ['http://[::ffff:8.8.8.8]/', 422],
    ['http://2130706433/', 200],
    ['http://0x7f.1/', 200],
    ['ftp://127.0.0.1/', 422],
    ['file:///etc/passwd', 422],
    ['nonsense', 422],
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
        addresses.length === 0
          ? found(Object.assign(new Error('getaddrinfo ENOTFOUND shop.example'), { code: 'ENOTFOUND' }), [])
          : found(
              null,
              addresses.map((address) => ({ address, family: 4 })),
            ),
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
    const box = await start({
      callbacks: { cpg: { url: inbox.url, secret: 'whsec-demo', events: ['deposit.detected'] } },
    })
    await paid(box)
    await box.control('POST', '/reset')
    await paid(box)
    expect(inbox.received).toHaveLength(2)
  })
})

describe('sandgate.callbacks.departure: spoiled callbacks of every provider', () => {
  interface Teller {
    /** A good call that hands an address out, and the money that is then sent to it; what the partner hears of that at once, in order. */
    readonly client: Client
    readonly operation: string
    readonly pays: readonly string[]
    readonly events?: readonly string[]
    readonly heard: readonly string[]
    /** What is heard within three days, beside. */
    readonly later: readonly string[]
    readonly name: (json: any) => string
  }

  const TELLERS: Readonly<Record<string, Teller>> = {
    cpg: {
      client,
      operation: 'createDepositAddress',
      pays: ['1'],
      events: ['deposit.detected', 'deposit.confirmed'],
      heard: ['deposit.detected', 'deposit.confirmed'],
      later: [],
      name: ({ event }) => event,
    },
    zopay: {
      client: zopay.client,
      operation: 'createAddress',
      pays: ['1.00', '2.00'],
      heard: ['1.00', '2.00'],
      later: [],
      name: ({ data }) => data.amount,
    },
    payward: {
      client: payward.client,
      operation: 'createDepositAddress',
      pays: ['1'],
      heard: ['initial', 'pending', 'settled'],
      later: ['success'],
      name: ({ data }) => data.status,
    },
    alphapo: {
      client: alphapo.client,
      operation: 'takeAddress',
      pays: ['1', '2'],
      heard: ['1.00000000 confirmed', '2.00000000 confirmed'],
      later: [],
      name: ({ status, currency_sent }) => `${currency_sent.amount} ${status}`,
    },
  }

  class Told {
    readonly box: Kit
    readonly inbox: Inbox
    readonly #name: Teller['name']
    readonly #receiver: Receiver
    readonly #secret: string

    constructor(provider: string, box: Kit, inbox: Inbox, secret: string) {
      this.box = box
      this.inbox = inbox
      this.#name = TELLERS[provider]!.name
      this.#receiver = RECEIVERS[provider]!
      this.#secret = secret
    }

    get names(): string[] {
      return this.inbox.received.map(({ json }) => this.#name(json))
    }

    /** Whether each signature is right. */
    get signed(): boolean[] {
      return this.inbox.received.map((received) => this.#receiver.signed(this.#secret, received))
    }

    /** How old each signature says it is, seconds. */
    get ages(): (number | undefined)[] {
      return this.inbox.received.map((received) => {
        const at = this.#receiver.seconds(received)
        return at === undefined ? undefined : Math.floor(this.box.wallMs / 1000) - at
      })
    }
  }

  const ARMED = {
    'by a rule': async (box: Kit, provider: string, spoils: readonly object[]) =>
      box.control('POST', '/faults', {
        when: { provider, operation: TELLERS[provider]!.operation, nth: 1 },
        then: spoils.map((callbacks) => ({ callbacks })),
      }),
    'by a timeline': async (box: Kit, provider: string, spoils: readonly object[]) =>
      box.control('PUT', '/scenario', {
        timeline: spoils.map((spoil) => ({ at: '0s', do: { callbacks: { provider, ...spoil } } })),
      }),
  } as const

  /** What a partner hears of its first deposits while something is armed. */
  async function told(provider: string, armed: keyof typeof ARMED, ...spoils: readonly object[]): Promise<Told> {
    const { client, operation, pays, events } = TELLERS[provider]!
    const box = await start()
    const inbox = await Inbox.open()
    const secret = await box.subscribe(provider, inbox, events && { events })
    const reply = await ARMED[armed](box, provider, spoils)
    expect(reply.status, reply.text).toBeLessThan(300)
    const { json } = await box.call(client, client.good[operation]!())
    const { address } = json.data ?? json
    for (const amount of pays) await box.deposit(address, amount, { confirmations: 'instant' })
    return new Told(provider, box, inbox, secret)
  }

  const right = (count: number) => Array.from({ length: count }, () => true)

  /** What each way to spoil callbacks does to the first one, and to no other. */
  const HOWS: Readonly<Record<string, (provider: string, armed: keyof typeof ARMED) => Promise<void>>> = {
    // The very same bytes twice.
    duplicate: async (provider, armed) => {
      const {
        heard: [first, ...rest],
      } = TELLERS[provider]!
      const { names, signed, inbox } = await told(provider, armed, { how: 'duplicate' })
      expect(names).toEqual([first, first, ...rest])
      expect(signed).toEqual(right(rest.length + 2))
      expect(inbox.received[0]!.text).toBe(inbox.received[1]!.text)
    },
    // Later, to the millisecond.
    delay: async (provider, armed) => {
      const {
        heard: [first, ...rest],
      } = TELLERS[provider]!
      const partner = await told(provider, armed, { how: 'delay', by: '30s' })
      expect(partner.names).toEqual(rest)
      await partner.box.advance('29999ms')
      expect(partner.names).toEqual(rest)
      await partner.box.advance('1ms')
      expect(partner.names).toEqual([...rest, first])
      expect(partner.signed).toEqual(right(rest.length + 1))
    },
    // Lost, retries included.
    drop: async (provider, armed) => {
      const {
        heard: [, ...rest],
        later,
      } = TELLERS[provider]!
      const partner = await told(provider, armed, { how: 'drop' })
      await partner.box.advance('3d')
      expect(partner.names).toEqual([...rest, ...later])
      expect(partner.signed).toEqual(right(rest.length + later.length))
      const statuses = (await callbacks(partner.box)).map(({ status }) => status)
      expect(statuses).toEqual(['dropped', ...[...rest, ...later].map(() => 'delivered')])
    },
    // The second one arrives before the first.
    reorder: async (provider, armed) => {
      const {
        heard: [first, second, ...rest],
      } = TELLERS[provider]!
      const { names, signed } = await told(provider, armed, { how: 'reorder' })
      expect(names).toEqual([second, first, ...rest])
      expect(signed).toEqual(right(rest.length + 2))
    },
    // Everything is held back until resume, and then it leaves in order.
    pause: async (provider, armed) => {
      const { heard } = TELLERS[provider]!
      const partner = await told(provider, armed, { how: 'pause' })
      expect(partner.names).toEqual([])
      expect((await callbacks(partner.box)).map(({ status }) => status)).toEqual(heard.map(() => 'paused'))
      await partner.box.control('PUT', '/scenario', {
        timeline: [{ at: '0s', do: { callbacks: { provider, how: 'resume' } } }],
      })
      expect(partner.names).toEqual(heard)
      expect(partner.signed).toEqual(right(heard.length))
    },
    // What was paused and resumed before it had anything to tell is told as ever.
    resume: async (provider, armed) => {
      const { heard } = TELLERS[provider]!
      const { names, signed } = await told(provider, armed, { how: 'pause' }, { how: 'resume' })
      expect(names).toEqual(heard)
      expect(signed).toEqual(right(heard.length))
    },
    'bad-signature': async (provider, armed) => {
      const { heard } = TELLERS[provider]!
      const { names, signed, ages } = await told(provider, armed, { how: 'bad-signature' })
      expect(names).toEqual(heard)
      expect(signed).toEqual([false, ...right(heard.length - 1)])
      expect(new Set(ages).size).toBe(1)
    },
    // An hour old, and rightly signed.
    'stale-timestamp': async (provider, armed) => {
      const { heard } = TELLERS[provider]!
      const { names, signed, ages } = await told(provider, armed, { how: 'stale-timestamp' })
      expect(names).toEqual(heard)
      expect(signed).toEqual(right(heard.length))
      expect(ages).toEqual([3600, ...heard.slice(1).map(() => 0)])
    },
  }

  const cells = Object.keys(HOWS).flatMap((how) =>
    Object.keys(TELLERS).flatMap((provider) =>
      (Object.keys(ARMED) as (keyof typeof ARMED)[]).map((armed) => [how, provider, armed] as const),
    ),
  )

  // AlphaPo's signature has no time that could be stale.
  test.each(cells.filter(([how, provider]) => how !== 'stale-timestamp' || provider !== 'alphapo'))(
    '%s, %s, %s',
    async (how, provider, armed) => {
      await HOWS[how]!(provider, armed)
    },
  )

  test.each(Object.keys(TELLERS))('%s: times says how many, and those after them are as ever', async (provider) => {
    const { heard } = TELLERS[provider]!
    const { signed } = await told(provider, 'by a timeline', { how: 'bad-signature', times: 2 })
    expect(signed).toEqual(heard.map((_, index) => index >= 2))
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
    {
      kind: 'callback',
      provider: 'cpg',
      event: 'deposit.detected',
      attempt: 1,
      status: 503,
      error: 'the receiver answered 503',
      answer: 'later',
    },
    { attempt: 2, status: 200, error: null },
  ])
  expect(JSON.stringify([data, rest])).not.toContain(secret)
})

test('a URL that no request can be made of is an attempt that failed, told as such, and the ones behind it go on', async () => {
  const box = await start()
  const inbox = await Inbox.open()
  await box.control('PUT', '/callbacks/endpoints/cpg', { url: inbox.url.replace('http://', 'http://user:100%@') })
  await paid(box)
  expect((await callbacks(box))[0].attempts[0].error).toMatch(/^could not be sent: /)
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
  await expect(box.raw('GET', '/_sandgate/health')).rejects.toThrow('ECONNREFUSED')
})

describe('reorder without anything that overtakes', () => {
  const held = async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
    await box.control('PUT', '/scenario', {
      timeline: [{ at: '0s', do: { callbacks: { provider: 'cpg', how: 'reorder' } } }],
    })
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
    expect((await box.control('POST', '/clock/advance', { until: 'quiet' })).json.happened.at(-1).summary).toContain(
      'because no other callback overtook it',
    )
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

describe('sandgate.callbacks.resume', () => {
  test('POST callbacks/resume sends what was paused, for one object and for a whole provider, and nothing is paused from there on', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
    await box.control('PUT', '/scenario', {
      rules: [
        {
          when: { provider: 'cpg', operation: 'createDepositAddress', nth: 1 },
          then: [{ callbacks: { how: 'pause' } }],
        },
      ],
      timeline: [{ at: '1h', do: { callbacks: { provider: 'cpg', how: 'pause' } } }],
    })
    const addresses: string[] = []
    for (const user of ['one', 'two'])
      addresses.push((await box.call(client, allocation({ user_identifier: user }))).json.data.address)
    await box.advance('2h')
    for (const address of addresses) await box.deposit(address, '5')
    expect(inbox.received).toHaveLength(0)
    expect((await box.control('POST', '/callbacks/resume', { provider: 'zopay' })).json.data).toEqual([])
    expect(inbox.received).toHaveLength(0)

    const resumed = await box.control('POST', '/callbacks/resume')
    expect(resumed.json.data.map(({ status }: any) => status)).toEqual(['delivered', 'delivered'])
    expect(inbox.received).toHaveLength(2)
    for (const address of addresses) await box.deposit(address, '6')
    expect(inbox.received).toHaveLength(4)
  })

  test('of a provider there is not is a 404 with the nearest name', async () => {
    const box = await start()
    const reply = await box.control('POST', '/callbacks/resume', { provider: 'cgp' })
    expect([reply.status, reply.json.detail]).toEqual([404, 'there is no provider "cgp"; did you mean cpg?'])
  })
})
