// Who waits for whom: receivers that call the sandbox before they answer, callbacks of one object one after the other, and control calls that
// move the clock at once.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as alphapo from './clients/alphapo.ts'
import { allocation, client } from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { Inbox, type Kit, type Received, type Reply, START, start } from './kit.ts'

/** Longer than a test may take: who waited for itself would be seen. */
const PATIENT = { callbackTimeoutMs: 600_000 }

interface Gate {
  readonly opened: Promise<void>
  readonly open: () => void
}

function gate(): Gate {
  let open!: () => void
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

async function allocate(box: Kit, user: string): Promise<string> {
  return (await box.call(client, allocation({ user_identifier: user }))).json.data.address
}

async function deliveries(box: Kit): Promise<any[]> {
  return (await box.control('GET', '/callbacks?limit=1000')).json.data
}

/** Every callback was taken at its first attempt: nobody was told anything twice, and no answer was missed. */
async function expectAllTakenAtOnce(box: Kit, inbox: Inbox): Promise<void> {
  const rows = await deliveries(box)
  expect(rows.filter(({ status, attempts }) => status !== 'delivered' || attempts.length !== 1)).toEqual([])
  expect(inbox.received).toHaveLength(rows.length)
}

async function started(events?: readonly string[]): Promise<{ box: Kit; inbox: Inbox; address: string }> {
  const box = await start(PATIENT)
  const inbox = await Inbox.open()
  await box.subscribe('cpg', inbox, events && { events })
  return { box, inbox, address: await allocate(box, 'u') }
}

/** What a handler may ask for before it answers. */
const CALLS: Readonly<Record<string, (box: Kit, address: string) => Promise<Reply>>> = {
  'POST deposits to the same address': (box, address) =>
    box.control('POST', '/deposits', { address, amount: '1', confirmations: 'instant' }),
  'POST deposits, later': (box, address) => box.control('POST', '/deposits', { address, amount: '1', after: '3h' }),
  'POST deposits to another address': async (box) =>
    box.control('POST', '/deposits', { address: await allocate(box, 'v'), amount: '1', confirmations: 'instant' }),
  'POST clock/advance by': (box) => box.control('POST', '/clock/advance', { by: '1m' }),
  'POST clock/advance by days': (box) => box.control('POST', '/clock/advance', { by: '3d' }),
  'POST clock/advance until quiet': (box) => box.control('POST', '/clock/advance', { until: 'quiet' }),
  'PATCH clock now': (box) =>
    box.control('PATCH', '/clock', { now: new Date(box.world.now + 7_200_000).toISOString() }),
  'PATCH clock mode': (box) => box.control('PATCH', '/clock', { mode: 'frozen' }),
  'PUT scenario': (box) =>
    box.control('PUT', '/scenario', { timeline: [{ at: '0s', do: { deposit: { provider: 'cpg', amount: '2' } } }] }),
  'DELETE scenario': (box) => box.control('DELETE', '/scenario'),
  'POST faults': (box) =>
    box.control('POST', '/faults', {
      when: { provider: 'cpg', nth: 900 },
      then: [{ respond: { error: 'unavailable' } }],
    }),
  'DELETE faults': (box) => box.control('DELETE', '/faults'),
  'POST verify': (box) => box.control('POST', '/verify', { provider: 'cpg', operation: 'createDepositAddress' }),
  'PUT callbacks/endpoints': (box) => box.control('PUT', '/callbacks/endpoints/zopay', { url: 'http://127.0.0.1:9/' }),
  'DELETE callbacks/endpoints of another': async (box) => {
    await box.control('PUT', '/callbacks/endpoints/zopay', { url: 'http://127.0.0.1:9/' })
    return box.control('DELETE', '/callbacks/endpoints/zopay')
  },
  'GET callbacks': (box) => box.control('GET', '/callbacks'),
  'POST worlds': (box) => box.control('POST', '/worlds', { from: 'default' }),
}

/** How a callback comes to leave: a control call that waits for it, or a provider's call that nobody waits behind. */
const CAUSES: Readonly<Record<string, (box: Kit, address: string) => Promise<unknown>>> = {
  'sent by an advance': async (box, address) => {
    await box.deposit(address, '10', { after: '1h' })
    return box.advance('2h')
  },
  'sent by a deposit': (box, address) => box.deposit(address, '10', { confirmations: 'instant' }),
  'sent by a provider’s call': async (box) => {
    await box.control('POST', '/faults', {
      when: { provider: 'cpg', operation: 'createDepositAddress', times: 1 },
      then: [{ deposit: { amount: '10', confirmations: 'instant' } }],
    })
    await allocate(box, 'w')
    return box.advance('0s')
  },
}

describe('a receiver makes a control call before it answers', () => {
  const cells = Object.keys(CALLS).flatMap((call) => Object.keys(CAUSES).map((cause) => [call, cause] as const))
  test.each(cells)('sandgate.callbacks.waiting: %s, in a callback %s', async (call, cause) => {
    const { box, inbox, address } = await started()
    const told: Reply[] = []
    inbox.answers = async (_, index) => {
      if (index === 0) told.push(await CALLS[call]!(box, address))
      return {}
    }
    await CAUSES[cause]!(box, address)
    await box.advance('1d')
    expect(told.map(({ status, text }) => (status < 300 ? 'done' : text))).toEqual(['done'])
    await expectAllTakenAtOnce(box, inbox)
  })

  test('sandgate.callbacks.waiting: the world made new, brought back or another one deleted', async () => {
    const acts: ((box: Kit, before: string) => Promise<Reply>)[] = [
      (box) => box.control('POST', '/reset', {}),
      (box, before) => box.raw('PUT', '/_sandgate/snapshot', { 'content-type': 'application/json' }, before),
      async (box) => (await box.control('POST', '/worlds', { id: 'other' }), box.control('DELETE', '/worlds/other')),
    ]
    for (const act of acts) {
      const { box, inbox, address } = await started()
      const before = (await box.control('GET', '/snapshot')).text
      let status = 0
      inbox.answers = async (_, index) => {
        if (index === 0) status = (await act(box, before)).status
        return {}
      }
      await box.control('POST', '/deposits', { address, amount: '1', confirmations: 'instant' })
      expect(status).toBeLessThan(300)
      expect(inbox.received.length).toBeLessThanOrEqual(2)
    }
  })

  test('sandgate.callbacks.waiting: the callback itself, or one before it, sent once more', async () => {
    const { box, inbox, address } = await started(['deposit.detected', 'deposit.confirmed'])
    const told: number[] = []
    inbox.answers = async (_, index) => {
      if (index < 2)
        for (const id of ['cb_1', 'cb_2']) told.push((await box.control('POST', `/callbacks/${id}/redeliver`)).status)
      return {}
    }
    await box.deposit(address, '1', { confirmations: 'instant' })
    // Both were on their way when the first one was heard; the first was over when the second was.
    expect(told).toEqual([409, 409, 200, 409])
    expect(inbox.received.map(({ json }) => json.event)).toEqual([
      'deposit.detected',
      'deposit.confirmed',
      'deposit.detected',
    ])
    expect(
      (await deliveries(box)).map(({ status, attempts }) => [status, attempts.map(({ error }: any) => error)]),
    ).toEqual([
      ['delivered', [null, null]],
      ['delivered', [null]],
    ])
  })

  test('sandgate.callbacks.waiting: money after money, and time after time, each out of the callback before', async () => {
    for (const act of [
      (box: Kit, address: string) =>
        box.control('POST', '/deposits', { address, amount: '1', after: '1h', confirmations: 'instant' }),
      (box: Kit) => box.control('POST', '/clock/advance', { by: '1h' }),
    ]) {
      const { box, inbox, address } = await started()
      inbox.answers = async (_, index) => {
        if (index < 20) await act(box, address)
        return {}
      }
      for (let i = 0; i < 20; i++) await box.deposit(address, '1', { after: `${i}h`, confirmations: 'instant' })
      await box.control('POST', '/clock/advance', { until: 'quiet' })
      await expectAllTakenAtOnce(box, inbox)
      expect(inbox.received.length).toBeGreaterThanOrEqual(60)
    }
  })

  test('sandgate.callbacks.waiting: every place to a receiver is taken by handlers that ask for more, and each gets its answer', async () => {
    const { box, inbox } = await started()
    const addresses = await Promise.all(Array.from({ length: 20 }, (_, i) => allocate(box, `u${i}`)))
    for (const address of addresses) await box.deposit(address, '1', { after: '1h', confirmations: 'instant' })
    const statuses: number[] = []
    inbox.answers = async ({ json }, index) => {
      if (json.event === 'deposit.detected' && index < 40)
        statuses.push(
          (
            await box.control('POST', '/deposits', {
              address: addresses[index % 20],
              amount: '2',
              confirmations: 'instant',
            })
          ).status,
        )
      if (json.event === 'deposit.confirmed' && index < 40)
        statuses.push((await box.control('POST', '/clock/advance', { by: '1s' })).status)
      return {}
    }
    await box.control('POST', '/clock/advance', { until: 'quiet' })
    expect(statuses.length).toBeGreaterThan(20)
    expect(statuses.every((status) => status < 300)).toBe(true)
    await expectAllTakenAtOnce(box, inbox)
  })

  test('sandgate.callbacks.waiting: a handler of one world moves another, whose receiver moves the first', async () => {
    const box = await start(PATIENT)
    await box.control('POST', '/worlds', { id: 'other', clock: START })
    const inboxes = [await Inbox.open(), await Inbox.open()]
    const paths = ['/_sandgate', '/w/other/_sandgate']
    const json = { 'content-type': 'application/json' }
    for (const [i, path] of paths.entries()) {
      await box.raw('PUT', `${path}/callbacks/endpoints/cpg`, json, JSON.stringify({ url: inboxes[i]!.url }))
      const request = client.sign(allocation({}), box.wallMs)
      const { address } = (
        await box.raw(
          request.method,
          `${path.replace('/_sandgate', '')}/cpg${request.path}`,
          request.headers,
          request.body,
        )
      ).json.data
      for (const after of ['1h', '2h', '3h'])
        await box.raw('POST', `${path}/deposits`, json, JSON.stringify({ address, amount: '1', after }))
      inboxes[i]!.answers = async (_, index) => {
        if (index < 5) await box.raw('POST', `${paths[1 - i]}/clock/advance`, json, '{"by":"1h"}')
        return {}
      }
    }
    await box.advance('1d')
    await box.raw('POST', '/w/other/_sandgate/clock/advance', json, '{"by":"1d"}')
    for (const [i, path] of paths.entries()) {
      const rows = (await box.raw('GET', `${path}/callbacks`)).json.data
      expect(rows).toHaveLength(9)
      expect(rows.every(({ status, attempts }: any) => status === 'delivered' && attempts.length === 1)).toBe(true)
      expect(inboxes[i]!.received).toHaveLength(9)
    }
  })

  test('sandgate.callbacks.waiting: a call that comes while an attempt is held does not wait for it, and the one that sent it does', async () => {
    const { box, inbox, address } = await started(['deposit.detected'])
    const [held, heard] = [gate(), gate()]
    inbox.answers = async (_, index) => {
      if (index === 0) {
        heard.open()
        await held.opened
      }
      return {}
    }
    let over = false
    const first = box.deposit(address, '1').then(() => (over = true))
    await heard.opened
    // Another object's leaves beside it and is waited for; the same object's waits behind it and is not.
    await box.deposit(await allocate(box, 'v'), '2')
    expect(inbox.received).toHaveLength(2)
    await box.deposit(address, '3')
    expect((await deliveries(box)).map(({ status }) => status)).toEqual(['pending', 'delivered', 'pending'])
    expect([inbox.received.length, over]).toEqual([2, false])
    held.open()
    await first
    expect((await deliveries(box)).map(({ status }) => status)).toEqual(['delivered', 'delivered', 'delivered'])
  })

  test('sandgate.callbacks.waiting: what a provider’s call set off has its answer before the clock moves on', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('zopay', inbox)
    inbox.answers = (_, index) => ({ status: index === 0 ? 500 : 200 })
    const { id } = (await box.call(zopay.client, zopay.client.good.createPaymentIntent!())).json
    await box.call(zopay.client, zopay.simulate(id))
    await box.advance('1m')
    expect((await deliveries(box))[0].attempts.map(({ at, status }: any) => [at, status])).toEqual([
      [START, 500],
      ['2026-05-16T19:01:00.000Z', 200],
    ])
  })

  test('what failed while its receiver moved the clock past the next attempt is tried again at once', async () => {
    const { box, inbox, address } = await started(['deposit.detected'])
    inbox.answers = async (_, index) => {
      if (index === 0) await box.advance('1h')
      return { status: index === 0 ? 500 : 200 }
    }
    await box.deposit(address, '1')
    const [{ status, attempts }] = await deliveries(box)
    expect([status, attempts.map(({ at }: any) => at)]).toEqual(['delivered', [START, '2026-05-16T20:00:00.000Z']])
  })
})

describe('sandgate.callbacks.departure: callbacks of one object that are due at one instant', () => {
  interface Teller {
    readonly address: (box: Kit, user: string) => Promise<string>
    /** What is sent to one address, and what is heard of that at once, in order. */
    readonly amounts: readonly string[]
    readonly heard: readonly string[]
    readonly name: (received: Received) => string
  }

  const TELLERS: Readonly<Record<string, Teller>> = {
    cpg: {
      address: allocate,
      amounts: ['1'],
      heard: ['deposit.detected', 'deposit.confirmed'],
      name: ({ json }) => json.event,
    },
    payward: {
      address: async (box) =>
        (await box.call(payward.client, payward.client.good.createDepositAddress!())).json.data.address,
      amounts: ['1'],
      heard: ['initial', 'pending', 'settled'],
      name: ({ json }) => json.data.status,
    },
    alphapo: {
      address: async (box, user) =>
        (await box.call(alphapo.client, alphapo.taking({ foreign_id: user }))).json.data.address,
      amounts: ['1', '2', '3'],
      heard: ['1.00000000', '2.00000000', '3.00000000'],
      name: ({ json }) => json.currency_sent.amount,
    },
    zopay: {
      address: async (box, user) =>
        (
          await box.call(
            zopay.client,
            zopay.post('/addresses', { asset: 'USDT', network: 'solana', external_ref: user }, user),
          )
        ).json.address,
      amounts: ['1', '2', '3'],
      heard: ['1.00', '2.00', '3.00'],
      name: ({ json }) => json.data.amount,
    },
  }

  test.each(Object.entries(TELLERS))(
    '%s: each leaves after the answer to the one before, and another object’s beside them',
    async (provider, { address, amounts, heard }) => {
      const box = await start(PATIENT)
      const inbox = await Inbox.open()
      await box.subscribe(provider, inbox)
      const [one, other] = [await address(box, 'one'), await address(box, 'other')]
      for (const amount of amounts) await box.deposit(one, amount, { after: '1h', confirmations: 'instant' })
      await box.deposit(other, '1', { after: '1h', confirmations: 'instant' })
      const [under, both] = [new Set<string>(), gate()]
      let overlapped = 0
      inbox.answers = async ({ json }) => {
        const object = objectOf(json)
        if (under.has(object)) overlapped++
        under.add(object)
        // The first one is answered when another object's has come beside it.
        if (under.size === 2) both.open()
        await both.opened
        under.delete(object)
        return {}
      }
      await box.advance('1h')
      const first = inbox.received.find(({ text }) => text.includes(one))!
      const names = inbox.received
        .filter(({ json }) => objectOf(json) === objectOf(first.json))
        .map(TELLERS[provider]!.name)
      expect([overlapped, names]).toEqual([0, heard])
    },
  )

  test('after one that hangs the next leaves when its time is over, and nothing waits for retries', async () => {
    const box = await start({ callbackTimeoutMs: 300 })
    const inbox = await Inbox.open()
    await box.subscribe('payward', inbox)
    const over = gate()
    inbox.answers = async (_, index) => {
      if (index === 0) await over.opened
      return { status: index === 1 ? 500 : 200 }
    }
    const { address } = (await box.call(payward.client, payward.client.good.createDepositAddress!())).json.data
    await box.deposit(address, '1', { confirmations: 'instant' })
    over.open()
    expect(inbox.received.map(({ json }) => json.data.status)).toEqual(['initial', 'pending', 'settled'])
    expect((await deliveries(box)).map(({ attempts }) => attempts[0].error)).toEqual([
      'no answer within 0.3 s',
      'the receiver answered 500',
      null,
    ])
    await box.advance('1s')
    expect(inbox.received.map(({ json }) => json.data.status).slice(3)).toEqual(['initial', 'pending'])
  })

  /** What a callback is about. */
  function objectOf(json: any): string {
    const { deposit_request_id, address, address_id } = json.data ?? {}
    return String(deposit_request_id ?? address_id ?? address ?? json.crypto_address?.id)
  }
})

describe('sandgate.clock.overlap: calls that move the clock at once', () => {
  const summaries = (happened: readonly any[]) => happened.map(({ at, summary }) => `${at} ${summary}`)

  test('two hours are two hours, also when one is asked for out of a callback of the other', async () => {
    const { box, inbox, address } = await started(['deposit.detected'])
    await box.deposit(address, '1', { after: '30m' })
    inbox.answers = async (_, index) => {
      if (index === 0) expect((await box.advance('1h')).now).toBe('2026-05-16T20:30:00.000Z')
      return {}
    }
    expect((await box.advance('1h')).now).toBe('2026-05-16T21:00:00.000Z')
  })

  test('any durations at once, in callbacks and beside each other: the clock moves by their sum, and each thing happens once', async () => {
    const durations = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        durations,
        durations,
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 5 }),
        async (beside, inside, deposits) => {
          const { box, inbox, address } = await started()
          for (const minutes of deposits) await box.deposit(address, '1', { after: `${minutes}m` })
          const happened: string[] = []
          let moved = 0
          const move = async (minutes: number) => {
            moved += minutes
            happened.push(...summaries((await box.advance(`${minutes}m`)).happened))
          }
          const left = [...inside]
          inbox.answers = async () => {
            if (left.length > 0) await move(left.pop()!)
            return {}
          }
          await Promise.all(beside.map(move))
          expect(box.world.now).toBe(Date.parse(START) + moved * 60_000)
          const timers = (await box.control('GET', '/journal?kind=timer&limit=1000')).json.data.map(
            ({ at, summary }: any) => `${at} ${summary}`,
          )
          // What fell due when a deposit was sent was made to happen by that call.
          expect(happened.every((line) => timers.includes(line))).toBe(true)
          expect(new Set(happened).size).toBe(happened.length)
          await expectAllTakenAtOnce(box, inbox)
          await box.sandbox.close()
        },
      ),
      { numRuns: 30, seed: 4_2026 },
    )
  })

  test('an instant is reached, whoever else moves the clock, and quiet is quiet', async () => {
    const { box, inbox, address } = await started()
    for (const after of ['10m', '2h', '9h']) await box.deposit(address, '1', { after })
    inbox.answers = async (_, index) => {
      if (index === 0) await box.advance('3h')
      return {}
    }
    const [to, by, set, quiet] = await Promise.all([
      box.control('POST', '/clock/advance', { to: '2026-05-16T20:00:00Z' }),
      box.control('POST', '/clock/advance', { by: '1h' }),
      box.control('PATCH', '/clock', { now: '2026-05-16T21:00:00Z' }),
      box.control('POST', '/clock/advance', { until: 'quiet' }),
    ])
    expect([to, by, set, quiet].map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(Date.parse(to.json.now)).toBeGreaterThanOrEqual(Date.parse('2026-05-16T20:00:00Z'))
    expect(Date.parse(set.json.now)).toBeGreaterThanOrEqual(Date.parse('2026-05-16T21:00:00Z'))
    expect(box.world.clock.nextLoud).toBeUndefined()
    await expectAllTakenAtOnce(box, inbox)
  })

  test('what cannot have its whole effect any more is refused, and says why', async () => {
    const { box, inbox, address } = await started(['deposit.detected'])
    await box.deposit(address, '1', { after: '1h' })
    inbox.answers = async () => {
      await box.control('PATCH', '/clock', { now: '9999-12-31T00:00:00Z' })
      return {}
    }
    const { status, json } = await box.control('POST', '/clock/advance', { by: '3d' })
    expect([status, json.detail]).toEqual([
      409,
      'the clock stopped at 9999-12-31T00:00:00.000Z: another call has moved it meanwhile, and from there the rest of this one leads beyond the year 9999',
    ])
  })

  test('in a running world what passes on the wall comes on top', async () => {
    const box = await start({ ...PATIENT, clock: 'real' })
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox, { events: ['deposit.detected'] })
    const address = await allocate(box, 'u')
    await box.deposit(address, '1', { after: '30m' })
    const began = box.world.now
    inbox.answers = async () => {
      box.passWall(60_000)
      await box.control('GET', '/clock')
      return {}
    }
    await box.advance('1h')
    expect(box.world.now - began).toBe(3_660_000)
  })
})
