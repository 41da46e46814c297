// How to make the notable situations that several providers have happen, as a client, a payer and a receiver would: for the tests of GET coverage.
// Those of one provider are in own-situation-ways.ts.
import { expect } from 'vitest'
import type { SandboxOptions } from '../src/options.ts'
import type { SituationName } from '../src/world/situation-names.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { type Client, Inbox, type Kit, type Reply, type Request } from './kit.ts'

export type Ways = Readonly<Partial<Record<SituationName, Way>>>

export interface Way {
  readonly options?: SandboxOptions
  /** Everything up to the moment before. Answers what makes it happen. */
  readonly prepare: (box: Kit) => Promise<() => Promise<unknown>>
}

/** What the ways of all providers need of one of them. */
interface Driver {
  readonly client: Client
  /** Where money can be sent, and with which tag. */
  readonly address: (box: Kit) => Promise<{ readonly address: string; readonly tag?: string | null }>
  readonly amount: string
  /** Whose callbacks are sent; the account of the demo key unless given. */
  readonly account?: string
  /** A client whose key may make two calls a minute, and what makes it known. */
  readonly slow: { readonly client: Client; readonly options: SandboxOptions; readonly request: Request }
  /** Money that is there to be withdrawn, and a call that withdraws it. */
  readonly funded: (box: Kit) => Promise<() => Promise<Reply>>
  readonly withdraws: string
  /** A call under an idempotency key, and another one under the same key; left out: the provider has no keys. */
  readonly repeated?: readonly [Request, Request]
}

export const DRIVERS: Readonly<Record<string, Driver>> = {
  cpg: {
    client: cpg.client,
    address: async (box) => (await good(box, cpg.client, cpg.allocation())).data,
    amount: '10',
    slow: {
      client: cpg.clientOf({ key: 'slow', secret: 's' }),
      options: {
        providers: {
          cpg: { accounts: { shop: { keys: [{ id: 'slow', secret: 's', ratePerMinute: 2 }], currencies: [] } } },
        },
      },
      request: { method: 'GET', path: '/v1/currencies' },
    },
    funded: async (box) => {
      await give(box, { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '100' })
      return () => box.call(cpg.client, cpg.payout())
    },
    withdraws: 'createWithdrawal',
    repeated: [cpg.allocation({ idempotency_key: 'k' }), cpg.allocation({ idempotency_key: 'k', network: 'BSC' })],
  },
  zopay: {
    client: zopay.client,
    address: async (box) =>
      good(box, zopay.client, zopay.post('/addresses', { asset: 'USDT', network: 'ethereum' }, 'address')),
    amount: '10',
    slow: {
      client: zopay.clientOf('sk_test_slow'),
      options: { providers: { zopay: { accounts: { shop: { keys: [{ id: 'sk_test_slow', ratePerMinute: 2 }] } } } } },
      request: zopay.get('/addresses'),
    },
    funded: async (box) => {
      const money = { provider: 'zopay', holder: 'user:user-1', currency: 'USDT', network: 'ethereum', amount: '100' }
      await give(box, money)
      const { quote_id: quote } = await good(box, zopay.client, zopay.quote({}))
      return () => box.call(zopay.client, zopay.execute(quote))
    },
    withdraws: 'createPayout',
    repeated: [
      zopay.post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }),
      zopay.post('/payment-intents', { amount: '26.00', currencies: ['USDT'] }),
    ],
  },
  payward: {
    client: payward.client,
    address: async (box) => (await good(box, payward.client, payward.creation({}))).data,
    amount: '1',
    slow: {
      client: payward.clientOf({ key: 'slow_key', secret: payward.KEYS.other.secret }),
      options: {
        providers: {
          payward: {
            accounts: {
              shop: {
                keys: [{ id: 'slow_key', secret: payward.KEYS.other.secret, ratePerMinute: 2 }],
                ids: ['WSHOP5GATE2MAIN77'],
              },
            },
          },
        },
      },
      request: payward.listing('asset_symbol=BTC', 'WSHOP5GATE2MAIN77'),
    },
    funded: async (box) => {
      await give(box, { provider: 'payward', currency: 'BTC', amount: '2' })
      await good(box, payward.client, payward.saving({}))
      return () => box.call(payward.client, payward.withdrawing({}))
    },
    withdraws: 'withdrawFunds',
    repeated: [
      keyed(payward.creation({})),
      keyed(payward.creation({ method_id: payward.METHODS.ETH, asset_symbol: 'ETH' })),
    ],
  },
  alphapo: {
    client: alphapo.client,
    address: async (box) => (await good(box, alphapo.client, alphapo.taking({}))).data,
    amount: '1',
    slow: {
      client: alphapo.clientOf({ key: 'slow_key', secret: 's' }),
      options: {
        providers: { alphapo: { merchants: { shop: { keys: [{ id: 'slow_key', secret: 's', ratePerMinute: 2 }] } } } },
      },
      request: alphapo.post('/currencies/list', {}),
    },
    funded: async (box) => {
      await give(box, { provider: 'alphapo', currency: 'BTC', amount: '2' })
      return () => box.call(alphapo.client, alphapo.withdrawing({}))
    },
    withdraws: 'withdrawCrypto',
  },
}

function keyed(request: Request): Request {
  return { ...request, headers: { 'idempotency-key': '00010203-0405-4607-8809-0a0b0c0d0e0f' } }
}

/** The body of a call that goes well. */
export async function good(box: Kit, client: Client, request: Request): Promise<any> {
  const reply = await box.call(client, request)
  expect(reply.status, reply.text).toBeLessThan(300)
  return reply.json
}

export const quiet = (box: Kit) => box.control('POST', '/clock/advance', { until: 'quiet' })

async function give(box: Kit, money: object): Promise<void> {
  const reply = await box.control('POST', '/balances', money)
  expect(reply.status, reply.text).toBe(201)
}

/** Something in store for the next call. */
async function fault(box: Kit, when: object, then: object): Promise<void> {
  const reply = await box.control('POST', '/faults', { when: { nth: 1, ...when }, then: [then] })
  expect(reply.status, reply.text).toBe(201)
}

/** Money to a new address, confirmed unless told otherwise, and everything that follows. */
export function deposit(driver: Driver, more: Record<string, unknown> = {}): Way {
  return {
    prepare: async (box) => {
      const to = await driver.address(box)
      return () => pay(box, to, driver.amount, more)
    },
  }
}

export async function pay(
  box: Kit,
  { address, tag = null }: { readonly address: string; readonly tag?: string | null },
  amount: string,
  more: Record<string, unknown> = {},
): Promise<void> {
  await box.deposit(address, amount, { ...(tag !== null && { tag }), ...more })
  await quiet(box)
}

/** A deposit that is told to a receiver, whose answers are given. */
export function callback(
  driver: Driver,
  how: string | undefined,
  answers?: Inbox['answers'],
  options?: SandboxOptions,
): Way {
  return {
    ...(options && { options }),
    prepare: async (box) => {
      const { name } = driver.client
      const inbox = await Inbox.open()
      if (answers) inbox.answers = answers
      await box.subscribe(name, inbox)
      const to = await driver.address(box)
      if (how) {
        const timeline = [{ at: '0s', do: { callbacks: { provider: name, how } } }]
        expect((await box.control('PUT', '/scenario', { name: 'spoiled', timeline })).status).toBe(200)
      }
      return () => pay(box, to, driver.amount)
    },
  }
}

function call(driver: Driver, then: object): Way {
  return {
    prepare: async (box) => {
      await fault(box, { provider: driver.client.name }, then)
      return () => driver.address(box).catch(() => undefined)
    },
  }
}

function withdrawal({ client, funded, withdraws }: Driver, fate: object): Way {
  return {
    prepare: async (box) => {
      const withdraw = await funded(box)
      await fault(box, { provider: client.name, operation: withdraws }, { withdrawal: fate })
      return async () => {
        const reply = await withdraw()
        expect(reply.status, reply.text).toBeLessThan(500)
        await quiet(box)
      }
    },
  }
}

function repeat({ client, repeated }: Driver, again: 0 | 1, lost: boolean): Way {
  return {
    prepare: async (box) => {
      if (lost) await fault(box, { provider: client.name }, { drop: { stage: 'after', how: 'reset' } })
      await (lost ? box.call(client, repeated![0]).catch(() => undefined) : good(box, client, repeated![0]))
      return () => box.call(client, repeated![again])
    },
  }
}

function rateLimit({ slow: { client, options, request } }: Driver): Way {
  return {
    options,
    prepare: async (box) => {
      for (let n = 0; n < 2; n++) await good(box, client, request)
      return () => box.call(client, request)
    },
  }
}

/** Those that every provider has, or could have. */
export function sharedWays(provider: string): Ways {
  const driver = DRIVERS[provider]!
  const refusing = () => ({ status: 503 })
  return {
    'deposit.dropped': deposit(driver, { outcome: 'dropped' }),
    'deposit.replaced': deposit(driver, { outcome: 'replaced' }),
    'deposit.reorged': deposit(driver, { outcome: 'reorged' }),
    ...(driver.repeated && {
      'repeat.same': repeat(driver, 0, false),
      'repeat.changed': repeat(driver, 1, false),
      'repeat.after-lost': repeat(driver, 0, true),
    }),
    'callback.duplicate': callback(driver, 'duplicate'),
    'callback.reordered': callback(driver, 'reorder'),
    'callback.retried': callback(driver, undefined, (_, index) => ({ status: index === 0 ? 503 : 200 })),
    'callback.slow': callback(driver, undefined, () => new Promise<never>(() => undefined), { callbackTimeoutMs: 30 }),
    'callback.exhausted': callback(driver, undefined, refusing),
    'callback.bad-signature': callback(driver, 'bad-signature'),
    'callback.stale': callback(driver, 'stale-timestamp'),
    'provider.outage': call(driver, { respond: { error: 'unavailable' } }),
    'provider.cut': call(driver, { drop: { stage: 'before', how: 'reset' } }),
    'provider.rate-limit': rateLimit(driver),
    'withdrawal.failed-before-broadcast': withdrawal(driver, { outcome: 'failed', stage: 'before' }),
    'withdrawal.failed-after-broadcast': withdrawal(driver, { outcome: 'failed', stage: 'after' }),
    'withdrawal.declined': withdrawal(driver, { outcome: 'declined' }),
    'withdrawal.stuck': withdrawal(driver, { outcome: 'stuck', after: '1h' }),
    'withdrawal.replaced': withdrawal(driver, { outcome: 'replaced' }),
    'withdrawal.reorged': withdrawal(driver, { outcome: 'reorged' }),
  }
}
