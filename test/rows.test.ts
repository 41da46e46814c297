// One bad row costs its own world: what a snapshot or a directory brings is held against the tables, what falls due and cannot be carried out stops
// its world, and in all of it every other world goes on.
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { framed, records } from '../src/storage/file/log.ts'
import type { Provider } from '../src/provider.ts'
import { findProviders } from '../src/app.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import { Balances as FormerBalances } from '../src/providers/payward/ledger.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { type Client, Inbox, type Kit, type Reply, type Request, start } from './kit.ts'

const CREATIONS: readonly (readonly [Client, Request])[] = [
  [alphapo.client, alphapo.taking({})],
  [cpg.client, cpg.allocation({ user_identifier: 'u' })],
  [payward.client, payward.creation({})],
  [zopay.client, zopay.post('/addresses', { asset: 'USDT', network: 'solana', external_ref: 'u' })],
]

type Tables = Record<string, Record<string, any>>

/** A sandbox that may meet bugs, and a second world in it that nothing may happen to. */
async function startTwo(options: Parameters<typeof start>[0] = {}, providers?: ReadonlyMap<string, Provider>) {
  const told: string[] = []
  const box = await start(
    { complain: (message) => told.push(message), warn: (line) => told.push(line), ...options },
    providers,
  )
  if ((await box.control('GET', '/worlds')).json.data.every(({ id }: any) => id !== 'innocent'))
    await box.control('POST', '/worlds', { id: 'innocent' })
  return { box, told }
}

function inWorld(box: Kit, world: string, client: Client, request: Request): Promise<Reply> {
  box.passWall(1000)
  const signed = client.sign(request, box.wallMs)
  return box.raw(signed.method, `/w/${world}/${client.name}${signed.path}`, signed.headers, signed.body)
}

const inInnocent = (box: Kit) => inWorld(box, 'innocent', cpg.client, cpg.allocation({}))

const put = (box: Kit, snapshot: unknown) => box.control('PUT', '/snapshot', snapshot)

/** The world as `GET worlds` has it. */
async function worldOf(box: Kit, id = 'default'): Promise<any> {
  const reply = await box.control('GET', '/worlds')
  expect(reply.status).toBe(200)
  return reply.json.data.find((world: any) => world.id === id)
}

/** A session of all providers that leaves a row in every table, with much that is still due. */
async function everything(box: Kit): Promise<void> {
  const inbox = await Inbox.open()
  inbox.answers = () => ({ status: 500 })
  for (const name of ['alphapo', 'cpg', 'payward', 'zopay']) await box.subscribe(name, inbox)
  await box.call(payward.client, payward.registration({ url: inbox.url.replace('127.0.0.1', 'localhost') }))
  const sticky = (await box.call(cpg.client, cpg.allocation({ user_identifier: 'u', idempotency_key: 'k' }))).json.data
  const pool = (await box.call(cpg.client, cpg.allocation({}))).json.data
  await box.call(cpg.clientOf(cpg.KEYS.limited), cpg.allocation({}))
  const windowed = payward.clientOf(payward.KEYS.window)
  const xrp = (await box.call(windowed, payward.creation({ method_id: payward.METHODS.XRP, asset_symbol: 'XRP' }))).json
    .data
  for (let n = 0; n < 6; n++) await box.call(payward.client, payward.creation({}))
  await box.control('POST', '/balances', { provider: 'payward', currency: 'BTC', amount: '2' })
  await box.call(payward.client, payward.saving({}))
  await box.call(payward.client, payward.withdrawing({ preview: true }))
  await box.call(payward.client, payward.withdrawing({}))
  // As worlds had it before there were books.
  const former = { id: `${payward.ACCOUNTS.main}/DOGE/crypto`, atoms: '500000000' }
  box.world.change(() => box.world.put(FormerBalances, former))
  const address = (
    await box.call(zopay.client, zopay.post('/addresses', { asset: 'USDT', network: 'solana', external_ref: 'u' }))
  ).json
  const intent = (
    await box.call(
      zopay.client,
      zopay.post('/payment-intents', { amount: '5', currencies: ['USDT'], metadata: { a: 1 } }, 'intent-1'),
    )
  ).json
  await box.call(zopay.client, zopay.simulate(intent.id))
  const taken = (await box.call(alphapo.client, alphapo.taking({ convert_to: 'EUR' }))).json.data
  const lightning = (await box.call(alphapo.client, alphapo.taking({ currency: 'BTCLN', amount: '0.001' }))).json.data
  const invoice = alphapo.invoicing({ sender_currency: 'BTC', type: 'good_until_expired' })
  const billed = (await box.call(alphapo.client, invoice)).json.data
  const forced = { payment_currency: { iso: 'BTC', network_name: 'bitcoin' }, end_user_email: 'a@a.test' }
  const asked = (await box.call(alphapo.client, alphapo.requesting(forced))).json.data
  const paid = (await box.call(alphapo.client, alphapo.requesting(forced))).json.data
  await box.deposit(billed.address, '0.0004')
  await box.deposit(asked.payment_request_address.address, '0.0004')
  await box.deposit(paid.payment_request_address.address, '0.002', { confirmations: 'instant' })
  const refund = { payment_request_id: paid.id, amount: '5' }
  expect((await box.control('POST', '/actions/alphapo/create-refund', refund)).status).toBe(201)
  await box.deposit(sticky.address, '5', { confirmations: 'instant' })
  await box.deposit(xrp.address, '25', { tag: xrp.tag, confirmations: 'instant' })
  await box.deposit(address.address, '7', { confirmations: 'instant' })
  await box.deposit(taken.address, '1', { confirmations: 'instant' })
  await box.deposit(lightning.address, '0.001')
  await box.advance('2m')
  await box.deposit(pool.address, '6')
  await box.deposit(taken.address, '2')
  await payOut(box)
  await payOutOfAlphapo(box)
  await payOutOfZopay(box)
  await tradeAtPayward(box)
  await box.control('POST', '/faults', {
    when: { provider: 'cpg', body: { user_identifier: '/^x/' }, headers: { 'X-A': 'b' }, nth: 9 },
    then: [{ respond: { error: 'unavailable' } }, { delay: '2s' }, { deposit: { amount: '7', after: '1h' } }],
  })
  const scenario = {
    name: 'drawn',
    rules: [
      {
        when: { provider: 'zopay', every: 50 },
        then: [
          { drop: { stage: 'after', how: 'close' } },
          { corrupt: { how: 'empty' } },
          { callbacks: { how: 'delay', by: '1m' } },
        ],
      },
    ],
    timeline: [
      { at: '0s', do: { callbacks: { provider: 'cpg', how: 'pause' } } },
      { at: '0s', do: { callbacks: { provider: 'zopay', how: 'duplicate', times: 3 } } },
      { at: '3h', do: { outage: { provider: 'payward', for: '1h' } } },
      { at: '5h', do: { deposit: { provider: 'cpg', nth: 1, amount: '5' } } },
    ],
  }
  expect((await box.control('PUT', '/scenario', scenario)).status).toBe(200)
  inbox.answers = () => ({})
}

/** A withdrawal that is under way, and what stands around it. */
async function payOut(box: Kit): Promise<void> {
  await box.control('POST', '/balances', { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '100' })
  const hot = await box.call(cpg.client, { method: 'GET', path: '/v1/hot-wallet-address?network=ETH' })
  await box.call(cpg.client, cpg.payout({ client_reference: 'p', to_address: hot.json.data.address }))
  const usdc = { currency: 'USDC', network: 'BSC' }
  await box.control('POST', '/actions/cpg/toggle-currency', { ...usdc, deposit: true })
  await box.control('POST', '/actions/cpg/deactivate', usdc)
  await box.control('PUT', '/rates', { from: 'BTC', to: 'USD', rate: '60000' })
}

/** A payout under way, a quote, a user known by reading balances, and an asset without a price. */
async function payOutOfZopay(box: Kit): Promise<void> {
  const money = { provider: 'zopay', holder: 'user:user-1', currency: 'USDT', network: 'ethereum', amount: '100' }
  await box.control('POST', '/balances', money)
  await box.call(zopay.client, zopay.get('/balances/reader'))
  const quoted = await box.call(zopay.client, zopay.quote({}))
  expect((await box.call(zopay.client, zopay.execute(quoted.json.quote_id))).status).toBe(200)
  expect((await box.control('POST', '/actions/zopay/make-price-unavailable', { asset: 'XAUT' })).status).toBe(201)
}

/** A withdrawal that waits for approval, one that converts, an internal one, a price, and an exchange that is not done yet. */
/** A user, quotes, conversions and transfers in several states. */
async function tradeAtPayward(box: Kit): Promise<void> {
  const { client } = payward
  const done = async (request: Request) => {
    const reply = await box.call(client, request)
    expect([200, 201], reply.text).toContain(reply.status)
    return reply.json.data
  }
  await box.control('POST', '/balances', { provider: 'payward', currency: 'BTC', amount: '100' })
  await done(payward.createsUser({}))
  await done(payward.quoting())
  await done(payward.executing((await done(payward.quoting())).id))
  const xlm = { symbol: 'XLM', type: 'crypto', what: 'swap', against: { symbol: 'TRX', type: 'crypto' } }
  await box.control('POST', '/actions/payward/disable-asset', xlm)
  await done(payward.savingWallet())
  await done(payward.quotingOnchain())
  const { id: quote_id } = await done(payward.quotingOnchain())
  await box.control('POST', '/actions/payward/wallet-executes-quote', { quote_id })
  await done(payward.converting())
  await box.deposit((await done(payward.toppingUp())).inbound.address, '0.25')
  const wallet = { asset: { symbol: 'BTC', type: 'crypto' }, source: { type: 'external_wallet', via: 'bitcoin' } }
  const usdc = {
    asset: { symbol: 'USDC', type: 'stablecoin' },
    destination: { type: 'external_wallet', wallet_id: 'w' },
  }
  const { inbound } = await done(payward.converting({ from: wallet, to: usdc }))
  await box.deposit(inbound.address, '0.1', { confirmations: 'instant' })
  await box.deposit((await done(payward.ruling())).inbound.address, '0.1', { confirmations: 'instant' })
  for (let n = 0; n < 2; n++) {
    await box.control('POST', '/actions/payward/hold-transfer', {})
    if (n === 0) await done(payward.transferring())
  }
}

async function payOutOfAlphapo(box: Kit): Promise<void> {
  for (const currency of ['BTC', 'EUR'])
    await box.control('POST', '/balances', { provider: 'alphapo', currency, amount: '1000' })
  const { client, withdrawing } = alphapo
  const limits = { hour: '100000', day: '200000' }
  await box.control('POST', '/actions/alphapo/limit-merchant', limits)
  await box.control('POST', '/actions/alphapo/limit-merchant', { currency: 'BTC', operation: '5' })
  const { address } = (await box.call(alphapo.clientOf(alphapo.KEYS.other), alphapo.taking({ foreign_id: 'o' }))).json
    .data
  for (const [index, fields] of [
    { amount: 6 },
    { currency: 'EUR', convert_to: 'BTC', amount: 600 },
    { amount: 1, address },
  ].entries())
    await box.call(client, withdrawing({ foreign_id: index, ...fields }))
  await box.call(client, alphapo.calculating({}))
  await box.call(client, alphapo.exchanging('now', {}))
}

/** Every place in a row, the row itself aside. */
function* placesIn(value: any, at: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    const place = [...at, Array.isArray(value) ? Number(key) : key]
    yield place
    yield* placesIn(value[key], place)
  }
}

const GONE = Symbol('left out')
const BENDS: readonly unknown[] = ['NaN', null, -1.5, {}, GONE]

function bent(tables: Tables, table: string, key: string, place: readonly (string | number)[], value: unknown): Tables {
  const row = structuredClone(tables[table]![key])
  const parent = place.slice(0, -1).reduce((part, name) => part[name], row)
  if (value !== GONE) parent[place.at(-1)!] = value
  else if (Array.isArray(parent)) parent.splice(place.at(-1) as number, 1)
  else delete parent[place.at(-1)!]
  return { ...tables, [table]: { ...tables[table], [key]: row } }
}

/** Tables as the engine looks at them. */
function mapsOf(tables: Tables): Map<string, Map<string, object>> {
  return new Map(
    Object.entries(tables).map(([name, rows]) => [name, new Map(Object.entries(rows) as [string, object][])]),
  )
}

const READS: readonly (readonly [Client, Request])[] = [
  [alphapo.client, alphapo.lookingUp({ id: 5_100_001 })],
  [alphapo.client, alphapo.lookingUp({ foreign_id: '1' })],
  [alphapo.client, alphapo.post('/accounts/list', {})],
  [alphapo.client, alphapo.calculating({})],
  [cpg.client, { method: 'GET', path: '/v1/deposit-requests/1' }],
  [cpg.client, { method: 'GET', path: '/v1/withdrawals/1' }],
  [cpg.client, { method: 'GET', path: '/v1/balances' }],
  [cpg.client, { method: 'GET', path: '/v1/transactions' }],
  [cpg.client, { method: 'GET', path: '/v1/currencies' }],
  [payward.client, payward.listing('asset_symbol=BTC')],
  [payward.client, payward.transactions()],
  [payward.client, payward.portfolio('types=deposit')],
  [zopay.client, zopay.get('/addresses')],
  [zopay.client, zopay.get('/payment-intents')],
  [zopay.client, zopay.get('/transactions')],
  [zopay.client, zopay.get('/events')],
]
const LOOKS = [
  '/clock',
  '/worlds',
  '/addresses',
  '/deposits',
  '/balances',
  '/movements',
  '/withdrawals',
  '/rates',
  '/callbacks',
  '/faults',
  '/scenario',
  '/snapshot',
  '/metrics',
]

describe('a snapshot', () => {
  test(
    'sandgate.snapshot.rows: whichever field of whichever row is bent, it is refused with table, row and field, or does no harm',
    { timeout: 1_200_000 },
    async () => {
      const { box, told } = await startTwo({ strict: false })
      await everything(box)
      const snapshot = (await box.control('GET', '/snapshot')).json
      const tables: Tables = snapshot.tables
      expect(Object.keys(tables).sort()).toEqual([...box.sandbox.engine.integrity.tables].sort())
      let refused = 0
      for (const [table, rows] of Object.entries(tables)) {
        const [key, row] = Object.entries(rows)[0]!
        for (const place of placesIn(row)) {
          for (const value of BENDS) {
            const what = `${table} ${key} ${place.join('.')} ${value === GONE ? 'left out' : JSON.stringify(value)}`
            const rows = bent(tables, table, key, place, value)
            const told = box.sandbox.engine.integrity.problem(mapsOf(rows))
            // Over HTTP goes what is taken, and every eightieth of what is refused: that takes its time, and says the same.
            const asked = told === undefined || refused % 80 === 0
            const reply = asked ? await put(box, { ...snapshot, tables: rows }) : undefined
            if (told !== undefined) {
              refused++
              if (reply) expect([reply.status, reply.json.detail], what).toEqual([422, told])
              expect(told, what).toMatch(/^tables\.\S+/)
              const isNamed = told.startsWith(`tables.${table}.${key.slice(0, 3)}`)
              expect(isNamed || !told.startsWith(`tables.${table}.`), `${what}: ${told}`).toBe(true)
              continue
            }
            expect(reply!.status, `${what}: ${reply!.text}`).toBe(204)
            await harmless(box, what, value === 'NaN' ? table.split('.')[0] : undefined)
          }
        }
      }
      expect(refused).toBeGreaterThan(1000)
      expect(told).toEqual([])
      expect((await inInnocent(box)).status).toBe(200)
      expect((await put(box, snapshot)).status).toBe(204)
    },
  )

  /**
   * Whatever is looked at and whatever falls due: no bug is met, and the world goes on. Looked at is what the part of the world shows that the bent
   * row is of: a provider's own calls, or everybody's.
   */
  async function harmless(box: Kit, what: string, part: string | undefined): Promise<void> {
    if (part !== undefined) {
      for (const path of LOOKS) expect((await box.control('GET', path)).status, `${what}: ${path}`).toBe(200)
      const isProvider = READS.some(([{ name }]) => name === part)
      for (const [client, request] of READS.filter(([{ name }]) => !isProvider || name === part))
        expect(await statusOf(box, client, request), `${what}: ${client.name} ${request.path}`).toBeLessThan(500)
    }
    const advanced = await box.control('POST', '/clock/advance', { by: '8d' })
    expect(advanced.status, `${what}: ${advanced.text}`).toBe(200)
    expect((await worldOf(box)).problem, what).toBeUndefined()
  }

  /** What is bent may well be off contract; 0: a rule that is bent cuts the connection. */
  async function statusOf(box: Kit, client: Client, request: Request): Promise<number> {
    const signed = client.sign(request, box.wallMs)
    const reply = await box
      .raw(signed.method, `/${client.name}${signed.path}`, signed.headers, signed.body)
      .catch(() => undefined)
    return reply?.status ?? 0
  }

  const DANGLING: readonly (readonly [table: string, field: string, value: unknown, row?: (row: any) => boolean])[] = [
    ['timers', 'args', 'cb_99', ({ reaction }) => reaction === 'outbox.attempt'],
    ['timers', 'args', '', ({ reaction }) => reaction === 'outbox.attempt'],
    ['timers', 'args', 'dep_99', ({ reaction }) => reaction.startsWith('chain.')],
    ['timers', 'args', 'no step', ({ reaction }) => reaction === 'scenario.do'],
    ['timers', 'args', 99, ({ reaction }) => reaction === 'displayEnded'],
    ['timers', 'reaction', 'chain.lost'],
    ['deliveries', 'provider', 'nobody'],
    ['deliveries', 'timer', '000000009999'],
    ['endpoints', 'provider', 'nobody'],
    ['transfers', 'provider', 'nobody'],
    ['transfers', 'holder', 'addr-99'],
    ['addresses', 'provider', 'nobody'],
    ['addresses', 'reference', 'nothing'],
    ['scenario_steps', 'timer', '000000009999'],
    ['cpg.requests', 'addressId', 'nothing'],
    ['cpg.deposits', 'requestId', 99],
    ['payward.deposits', 'addressId', 'nothing'],
    ['zopay.transactions', 'intent', 'nothing'],
    ['zopay.intents', 'completedBy', { transaction: 'nothing', event: 'nothing' }],
    ['alphapo.transactions', 'transfer', 'dep_99'],
    ['alphapo.transactions', 'addressId', 99],
    ['faults', 'then', [{ respond: { error: 'no such error', stage: 'before' } }]],
    ['faults', 'when', { body: { user: '/(/' } }],
    ['repeats', 'headers', { 'content-type': 'line\nbreak' }],
  ]

  test('that names what is not there is refused with table, row and field, and the world stays as it was', async () => {
    const { box, told } = await startTwo()
    await everything(box)
    const snapshot = (await box.control('GET', '/snapshot')).json
    for (const [table, field, value, isMeant = () => true] of DANGLING) {
      const [key] = Object.entries(snapshot.tables[table] as Record<string, any>).find(([, row]) => isMeant(row))!
      const reply = await put(box, { ...snapshot, tables: bent(snapshot.tables, table, key, [field], value) })
      expect(reply.status, `${table} ${field} ${String(value)}: ${reply.text}`).toBe(422)
      expect(reply.json.detail).toContain(`tables.${table}.${key.slice(0, 3)}`)
    }
    const sent = bent(
      snapshot.tables,
      'timers',
      Object.keys(snapshot.tables.timers).find((key) => snapshot.tables.timers[key].reaction === 'outbox.attempt')!,
      ['args'],
      'cb_99',
    )
    expect((await put(box, { ...snapshot, tables: sent })).json.detail).toMatch(
      /^tables\.timers\.\d{12}\.args: there is no row "cb_99" in the table deliveries$/,
    )
    expect((await box.control('GET', '/snapshot')).json).toEqual(snapshot)
    expect([(await box.control('POST', '/clock/advance', { by: '1h' })).status, told]).toEqual([200, []])
  })

  test('with a field that nobody knows, a number that JSON can write and nobody can count with, or a key of Object.prototype is refused', async () => {
    const { box } = await startTwo()
    await box.call(cpg.client, cpg.allocation({}))
    const text = (await box.raw('GET', '/_sandgate/snapshot')).text
    const bends: readonly (readonly [from: RegExp | string, to: string, why: RegExp])[] = [
      ['"idleSince":null', '"idleSince":null,"idle":1', /unknown field "idle"$/],
      ['"idleSince":null', '"idleSince":null,"__proto__":{"idleSince":5}', /unknown field "__proto__"$/],
      [
        /"displayExpiresAt":\d+/,
        '"displayExpiresAt":1e999',
        /displayExpiresAt: expected a time in whole milliseconds since 1970, got Infinity$/,
      ],
      [
        /"displayExpiresAt":\d+/,
        '"displayExpiresAt":9e15',
        /displayExpiresAt: the time is too late, got 9000000000000000$/,
      ],
      [/"requestId":1/, '"requestId":1.5', /the row has the key "1\.5"$/],
      [/"at":\d+/, '"at":"NaN"', /at: expected a time in whole milliseconds since 1970, got text$/],
    ]
    for (const [from, to, why] of bends) {
      const reply = await box.raw(
        'PUT',
        '/_sandgate/snapshot',
        { 'content-type': 'application/json' },
        text.replace(from, to),
      )
      expect([reply.status, reply.json.detail], to).toEqual([422, expect.stringMatching(why)])
    }
  })

  test('a row is told by its number where its key holds a key or a signature', async () => {
    const { box } = await startTwo()
    await everything(box)
    const snapshot = (await box.control('GET', '/snapshot')).json
    const secrets = ['cpg.signatures', 'buckets', 'repeats', 'payward.nonces', 'payward.spent-nonces']
    for (const table of secrets) {
      const [key, row] = Object.entries(snapshot.tables[table] as Record<string, any>)[0]!
      for (const rows of [{ [key]: { ...row, more: 1 } }, { [`${key}x`]: row }]) {
        const { status, text, json } = await put(box, { ...snapshot, tables: { ...snapshot.tables, [table]: rows } })
        expect([status, json.detail], table).toEqual([
          422,
          expect.stringMatching(/\(row 1 of the table\): (unknown field "more"|the row has another key)$/),
        ])
        expect(text).not.toContain(key.slice(0, 12))
      }
    }
  })

  test.each([
    ['now', 'noon'],
    ['now', '-000001-01-01T00:00:00Z'],
    ['now', '+010000-01-01T00:00:00Z'],
    ['now', ''],
    ['now', 5],
    ['now', undefined],
    ['mode', undefined],
    ['mode', 'walking'],
    ['mode', null],
  ])('whose clock has %s: %s is refused', async (field, value) => {
    const { box } = await startTwo()
    const snapshot = (await box.control('GET', '/snapshot')).json
    for (const which of ['clock', 'start'])
      expect((await put(box, { ...snapshot, [which]: { ...snapshot[which], [field]: value } })).status, which).toBe(422)
    expect((await box.control('GET', '/snapshot')).json).toEqual(snapshot)
  })

  test('whose endpoint is gone is taken: its deliveries fail, and nothing else', async () => {
    const { box, told } = await startTwo()
    await everything(box)
    const snapshot = (await box.control('GET', '/snapshot')).json
    const { endpoints, ...tables } = snapshot.tables
    const left = Object.fromEntries(
      Object.entries(endpoints).filter(([, row]: [string, any]) => row.provider === 'payward'),
    )
    expect((await put(box, { ...snapshot, tables: { ...tables, endpoints: left } })).status).toBe(204)
    expect((await box.control('POST', '/clock/advance', { by: '1h' })).status).toBe(200)
    expect((await box.control('GET', '/callbacks?provider=alphapo')).json.data[0].attempts.at(-1).error).toBe(
      'the endpoint was deleted',
    )
    expect(told).toEqual([])
  })
})

/** The providers, with reactions or callbacks of CPG that have a bug. */
async function withBug(bend: (provider: Provider) => Partial<Provider>): Promise<Map<string, Provider>> {
  const providers = await findProviders()
  const own = providers.get('cpg')!
  return providers.set('cpg', { ...own, ...bend(own) })
}

const reacting =
  (run: (args: any, world: any) => void) =>
  ({ reactions }: Provider) => ({ reactions: { ...reactions, displayEnded: { ...reactions!.displayEnded!, run } } })
const BUG = reacting(() => {
  throw new TypeError('a bug')
})

describe('what falls due', () => {
  test('sandgate.worlds.stopped: with a bug in it, it freezes its own world at its instant, which says so everywhere; all others go on', async () => {
    const { box, told } = await startTwo({}, await withBug(BUG))
    const first = (await box.call(cpg.client, cpg.allocation({}))).json.data
    const advanced = await box.control('POST', '/clock/advance', { by: '4h' })
    const reason =
      'the timer 000000000001 (cpg, displayEnded: the display window of deposit request 1 ends) failed: TypeError: a bug'
    expect(advanced.json).toMatchObject({
      status: 409,
      code: 'world_stopped',
      detail: `the world "default" is frozen: ${reason}. POST reset starts it over, PUT snapshot restores a state, DELETE /_sandgate/worlds/default deletes it`,
    })
    for (let turn = 0; turn < 2; turn++) {
      expect((await box.control('GET', '/clock')).json).toMatchObject({
        now: '2026-05-16T22:00:00.000Z',
        mode: 'frozen',
        problem: reason,
      })
      expect(await worldOf(box)).toMatchObject({ id: 'default', problem: reason, clock: { mode: 'frozen' } })
      for (const [method, path, body] of [
        ['PATCH', '/clock', { mode: 'running' }],
        ['PATCH', '/clock', { now: '2027-01-01T00:00:00Z' }],
        ['POST', '/clock/advance', { until: 'quiet' }],
        ['POST', '/deposits', { address: first.address, amount: '1' }],
      ] as const) {
        expect((await box.control(method, path, body)).json, path).toMatchObject({ status: 409, code: 'world_stopped' })
      }
    }
    expect((await box.control('PATCH', '/clock', { mode: 'frozen' })).status).toBe(200)
    expect(
      (await box.control('GET', '/journal?kind=control')).json.data.filter(({ action }: any) => action === 'stopped'),
    ).toMatchObject([{ summary: `the world is stopped: ${reason}` }])
    expect(told).toEqual([
      `the world "default" is frozen, a bug in Sandgate: ${reason}; reset it, or restore a snapshot`,
    ])
    // What does not touch the fault is served.
    expect((await box.raw('GET', '/_sandgate/health')).status).toBe(200)
    for (const [client, request] of CREATIONS)
      expect([200, 201]).toContain((await inWorld(box, 'innocent', client, request)).status)
    box.passWall(1000)
    const signed = cpg.client.sign({ method: 'GET', path: '/v1/deposit-requests/1' }, box.wallMs)
    expect((await box.raw('GET', `/cpg${signed.path}`, signed.headers)).json.data.status).toBe('active')
    expect(
      (
        await box.raw(
          'POST',
          '/w/innocent/_sandgate/clock/advance',
          { 'content-type': 'application/json' },
          '{"by":"2h"}',
        )
      ).status,
    ).toBe(200)

    expect((await box.control('POST', '/reset')).status).toBe(200)
    expect((await worldOf(box)).problem).toBeUndefined()
    expect((await box.control('POST', '/clock/advance', { by: '4h' })).status).toBe(200)
  })

  test('in a running world the wall brings it about, and no call meets it', async () => {
    const { box, told } = await startTwo({ clock: 'real' }, await withBug(BUG))
    await box.call(cpg.client, cpg.allocation({}))
    box.passWall(4 * 3_600_000)
    expect((await box.call(cpg.client, cpg.allocation({}))).status).toBe(200)
    expect((await worldOf(box)).problem).toContain('displayEnded')
    box.passWall(4 * 3_600_000)
    const { now } = (await box.control('GET', '/clock')).json
    box.passWall(60_000)
    expect((await box.control('GET', '/clock')).json.now).toBe(now)
    expect(told).toHaveLength(1)
    expect((await inInnocent(box)).status).toBe(200)
  })

  test('without end at one instant, it freezes its own world', async () => {
    const again = reacting((args, world) =>
      world.clock.schedule({
        at: world.now,
        provider: 'cpg',
        kind: 'window',
        reaction: 'displayEnded',
        args,
        summary: 'again',
      }),
    )
    const { box } = await startTwo({}, await withBug(again))
    await box.call(cpg.client, cpg.allocation({}))
    // As many as one advance may fire, and then what is due now.
    expect((await box.control('POST', '/clock/advance', { by: '4h' })).status).toBe(409)
    expect((await box.control('GET', '/clock')).json.problem).toMatch(
      /^the timer \d+ \(cpg, displayEnded: again\) reschedules itself endlessly at 2026-05-16T22:00:00\.000Z$/,
    )
    expect((await inInnocent(box)).status).toBe(200)
  })

  test('at no instant, it freezes its own world', async () => {
    const never = reacting((args, world) =>
      world.clock.schedule({
        at: NaN,
        provider: 'cpg',
        kind: 'window',
        reaction: 'displayEnded',
        args,
        summary: 'never',
      }),
    )
    const { box } = await startTwo({}, await withBug(never))
    await box.call(cpg.client, cpg.allocation({}))
    expect((await box.control('POST', '/clock/advance', { by: '4h' })).json.detail).toContain(
      'cannot schedule displayEnded at NaN: not a valid time',
    )
    expect((await inInnocent(box)).status).toBe(200)
  })

  test('an attempt to tell a receiver that meets a bug freezes its own world, and is not made again', async () => {
    const providers = await withBug(({ callbacks }) => ({
      callbacks: {
        ...callbacks!,
        succeeded: () => {
          throw new TypeError('a bug')
        },
      },
    }))
    const { box, told } = await startTwo({}, providers)
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    const { address } = (await box.call(cpg.client, cpg.allocation({}))).json.data
    await box.deposit(address, '5', { confirmations: 'instant' })
    expect((await worldOf(box)).problem).toMatch(/^sending cb_\d \(cpg, deposit\.detected\) failed: TypeError: a bug$/)
    const sent = inbox.received.length
    expect((await box.control('POST', '/clock/advance', { by: '1h' })).status).toBe(409)
    expect((await box.control('POST', '/callbacks/cb_1/redeliver')).status).toBe(409)
    expect((await box.control('GET', '/callbacks')).status).toBe(200)
    expect([inbox.received.length, told.length]).toEqual([sent, 1])
    expect((await inInnocent(box)).status).toBe(200)
  })

  test('a scenario that is unloaded or loaded lets its world try again; what is still wrong stops it again', async () => {
    const { box } = await startTwo({}, await withBug(BUG))
    await box.call(cpg.client, cpg.allocation({}))
    await box.control('POST', '/clock/advance', { by: '4h' })
    expect((await box.control('DELETE', '/scenario')).status).toBe(204)
    expect((await worldOf(box)).problem).toContain('displayEnded')
    const loaded = await box.control('PUT', '/scenario?reset=true', { name: 'new' })
    expect([loaded.status, (await worldOf(box)).problem]).toEqual([200, undefined])
  })

  test('is forked as it is: the copy is stopped by the same', async () => {
    const { box } = await startTwo({}, await withBug(BUG))
    await box.call(cpg.client, cpg.allocation({}))
    await box.control('POST', '/clock/advance', { by: '4h' })
    expect((await box.control('POST', '/worlds', { id: 'copy', from: 'default' })).json).toMatchObject({
      id: 'copy',
      problem: expect.stringContaining('displayEnded'),
    })
  })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Every file of a directory with its bytes. */
function bytesOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'latin1')]),
  )
}

/** A directory with the worlds default, ci and innocent, of which ci had a session of all providers. `bend` is given the last log of ci. */
async function kept(bend: (log: string) => void): Promise<{ data: string; ci: string }> {
  const data = newFolder()
  const { box } = await startTwo({ data })
  await everything(box)
  expect((await box.control('POST', '/worlds', { id: 'ci', from: 'default' })).status).toBe(201)
  await box.control('POST', '/reset')
  await box.sandbox.close()
  const ci = join(data, 'worlds', 'ci')
  const logs = readdirSync(ci).filter((name) => name.startsWith('log-'))
  bend(join(ci, logs.sort((a, b) => Number(a.slice(4)) - Number(b.slice(4))).at(-1)!))
  return { data, ci }
}

/** All that is written in the directory of a log. */
const written = (log: string): any[] =>
  readdirSync(dirname(log))
    .sort()
    .flatMap((name) => [...records(readFileSync(join(dirname(log), name)))].map(({ record }) => record))

/** One more record, whose length and checksum are right. */
const append = (record: unknown) => (log: string) => {
  const { clock } = written(log).findLast((each) => each.clock)
  appendFileSync(log, framed(typeof record === 'function' ? record(clock, log) : record))
}

/** The first row of a table of ci, changed. */
const changed = (table: string, fields: object) =>
  append((clock: unknown, log: string) => {
    const rows: [string, string, any][] = written(log).flatMap((record) => record.rows ?? [])
    const [, key, row] = rows.find((line) => line[0] === table && line[2])!
    return { clock, rows: [[table, key, { ...row, ...fields }]] }
  })

describe('a directory', () => {
  const BAD: readonly (readonly [string, (log: string) => void, RegExp])[] = [
    [
      'a timer whose delivery is not there',
      append((clock: unknown) => ({
        clock,
        rows: [
          [
            'timers',
            '000000099999',
            {
              id: '000000099999',
              at: 0,
              provider: 'cpg',
              kind: 'callback',
              reaction: 'outbox.attempt',
              args: 'cb_99',
              summary: '',
            },
          ],
        ],
      })),
      /^tables\.timers\.000000099999\.args: there is no row "cb_99" in the table deliveries$/,
    ],
    [
      'an unknown reaction',
      append((clock: unknown) => ({
        clock,
        rows: [
          [
            'timers',
            '000000099999',
            { id: '000000099999', at: 0, provider: 'cpg', kind: 'callback', reaction: 'dance', args: 1, summary: '' },
          ],
        ],
      })),
      /^tables\.timers\.000000099999: cpg has no reaction "dance"$/,
    ],
    [
      'a threshold that is no number',
      changed('transfers', { threshold: 'NaN' }),
      /^tables\.transfers\.dep_1\.threshold: expected a whole number, got text$/,
    ],
    [
      'a provider of a branch that was left',
      changed('deliveries', { provider: 'fifth' }),
      /^tables\.deliveries\.cb_1\.provider: there is no provider "fifth"$/,
    ],
    [
      'a table that there is not',
      append((clock: unknown) => ({ clock, rows: [['fifth.addresses', 'x', { id: 'x' }]] })),
      /^tables\.fifth\.addresses: there is no such table$/,
    ],
  ]

  test.each(BAD)(
    'sandgate.keep.bad-rows: with %s costs its own world, which is not served and stays on the disk as it is; all others are',
    async (_, bend, why) => {
      const { data, ci } = await kept(bend)
      const before = bytesOf(ci)
      const { box, told } = await startTwo({ data })
      expect((await inInnocent(box)).status).toBe(200)
      const { problem } = await worldOf(box, 'ci')
      expect(problem).toMatch(why)
      expect(told.filter((line) => line.includes('"ci"'))).toEqual([
        `the world "ci" is not served: ${problem}. Its files stay as they are; POST reset, PUT snapshot or DELETE start over`,
      ])
      for (const [client, request] of CREATIONS) {
        const reply = await inWorld(box, 'ci', client, request)
        expect([client.name, reply.status, reply.headers['x-sandgate-hint']]).toEqual([
          client.name,
          503,
          expect.stringContaining(problem),
        ])
        const contract = box.sandbox.engine.contract(client.name)
        expect(
          contract.judgeAnswer(
            contract.match(request.method, request.path)!.operation,
            503,
            reply.headers['content-type']!.split(';', 1)[0],
            reply.json,
          ),
        ).toEqual([])
      }
      const control = (method: string, path: string, body?: unknown) =>
        box.raw(
          method,
          `/w/ci/_sandgate${path}`,
          { 'content-type': 'application/json' },
          body === undefined ? undefined : JSON.stringify(body),
        )
      for (const path of ['/addresses', '/deposits', '/callbacks', '/scenario', '/faults', '/recording'])
        expect((await control('GET', path)).json, path).toMatchObject({
          status: 409,
          code: 'world_stopped',
          detail: expect.stringContaining(problem),
        })
      for (const [method, path, body] of [
        ['POST', '/clock/advance', { by: '1h' }],
        ['PATCH', '/clock', { mode: 'running' }],
        ['POST', '/deposits', { address: 'x', amount: '1' }],
        ['POST', '/worlds', { from: 'ci' }],
      ] as const)
        expect((await control(method, path, body)).status, path).toBe(409)
      expect((await control('GET', '/clock')).json).toMatchObject({ mode: 'frozen', next: [], problem })
      expect((await control('GET', '/journal')).json.data).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ kind: 'control', action: 'stopped', summary: `the world is stopped: ${problem}` }),
        ]),
      )
      const snapshot = await control('GET', '/snapshot')
      expect([snapshot.status, Object.keys(snapshot.json.tables).length > 5]).toEqual([200, true])
      expect((await put(box, snapshot.json)).json.detail).toContain(problem)
      box.passWall(48 * 3_600_000)
      expect((await worldOf(box, 'ci')).problem, 'it waits for somebody, however long nobody asks').toBe(problem)
      await box.sandbox.close()
      expect(bytesOf(ci)).toEqual(before)

      const again = (await startTwo({ data })).box
      expect((await worldOf(again, 'ci')).problem).toBe(problem)
      expect((await again.raw('POST', '/w/ci/_sandgate/reset')).status).toBe(200)
      expect((await inWorld(again, 'ci', cpg.client, cpg.allocation({}))).status).toBe(200)
      await again.sandbox.close()
      const last = (await startTwo({ data })).box
      expect((await worldOf(last, 'ci')).problem).toBeUndefined()
      expect((await last.raw('GET', '/w/ci/_sandgate/addresses')).json.data).toHaveLength(1)
    },
  )

  const UNREAD: readonly (readonly [string, (log: string) => void, RegExp])[] = [
    [
      'no JSON under a checksum that is right',
      (log) => appendFileSync(log, `00000007 ${crc32('no JSON').toString(16).padStart(8, '0')} no JSON\n`),
      /the record that ends at byte \d+ cannot be used: it is not an object$/,
    ],
    ['null for a record', append(null), /it is not an object$/],
    [
      'a row that is null',
      append((clock: unknown) => ({ clock, rows: [['timers', 'x', null]] })),
      /rows\[0\] is not \[table, key, row\]$/,
    ],
    ['rows that are no list', append((clock: unknown) => ({ clock, rows: 'all' })), /its rows are not a list$/],
    ['a clock that is no clock', append({ clock: ['noon', null, true] }), /its clock is not/],
    ['a clock at no instant', append({ clock: [1e300, null, true] }), /its clock is not/],
    ['no clock', append({ rows: [] }), /its clock is not/],
    [
      'a seed that is no text',
      append((clock: unknown) => ({
        clock,
        world: { seed: 5, startMs: 0, frozen: true, made: {}, settings: '' },
        rows: [],
      })),
      /its world has no seed/,
    ],
    [
      'another format',
      (log) => writeFileSync(log, framed({ sandgate: 'log', format: 7, log: 1 })),
      /has format 7; this version of Sandgate reads format 1$/,
    ],
  ]

  test.each(UNREAD)('whose world has %s costs that world alone', async (_, bend, why) => {
    const { data, ci } = await kept(bend)
    const before = bytesOf(ci)
    const { box } = await startTwo({ data })
    const { problem } = await worldOf(box, 'ci')
    expect(problem).toMatch(why)
    expect(problem).toContain(ci)
    expect((await inInnocent(box)).status).toBe(200)
    expect((await inWorld(box, 'ci', cpg.client, cpg.allocation({}))).status).toBe(503)
    expect((await box.raw('GET', '/w/ci/_sandgate/snapshot')).status, 'it would be an empty one').toBe(409)
    await box.sandbox.close()
    expect(bytesOf(ci)).toEqual(before)
    const again = (await startTwo({ data })).box
    expect((await again.control('DELETE', '/worlds/ci')).status).toBe(204)
    expect((await again.control('POST', '/worlds', { id: 'ci' })).status).toBe(201)
    expect((await inWorld(again, 'ci', cpg.client, cpg.allocation({}))).status).toBe(200)
    await again.sandbox.close()
    expect((await worldOf((await startTwo({ data })).box, 'ci')).problem).toBeUndefined()
  })

  test.each([{ clock: 'soon' }, { assume: { x: 5 } }, { seed: 5 }])(
    'whose world was made of %o, which no reset could do again, costs that world alone',
    async (made) => {
      const bend = append((clock: unknown, log: string) => {
        const { world } = written(log).find((record) => record.world)
        return { clock, world: { ...world, made }, rows: [] }
      })
      const { box } = await startTwo({ data: (await kept(bend)).data })
      expect((await worldOf(box, 'ci')).problem).toMatch(/^how it was made: /)
      expect((await box.raw('POST', '/w/ci/_sandgate/reset')).status).toBe(200)
      expect((await inWorld(box, 'ci', cpg.client, cpg.allocation({}))).status).toBe(200)
    },
  )

  test('of a build with a provider that is gone costs the worlds that knew it; when it is back, they go on', async () => {
    const { data, ci } = await kept(() => undefined)
    const before = bytesOf(ci)
    const providers = await findProviders()
    providers.delete('alphapo')
    const { box } = await startTwo({ data }, providers)
    expect((await worldOf(box, 'ci')).problem).toMatch(/alphapo/)
    for (const id of ['default', 'innocent'])
      expect((await inWorld(box, id, cpg.client, cpg.allocation({}))).status).toBe(200)
    await box.sandbox.close()
    expect(bytesOf(ci)).toEqual(before)
    const { box: back } = await startTwo({ data })
    expect((await worldOf(back, 'ci')).problem).toBeUndefined()
    expect(
      (await back.raw('POST', '/w/ci/_sandgate/clock/advance', { 'content-type': 'application/json' }, '{"by":"8d"}'))
        .status,
    ).toBe(200)
  })

  test('a snapshot that is put mends a world that is not served; the default one is mended in the same ways', async () => {
    const { data, ci } = await kept(changed('transfers', { threshold: 'NaN' }))
    rmSync(join(data, 'worlds', 'default'), { recursive: true })
    cpSync(ci, join(data, 'worlds', 'default'), { recursive: true })
    const { box } = await startTwo({ data })
    expect((await worldOf(box)).problem).toContain('threshold')
    const good = (await box.raw('GET', '/w/innocent/_sandgate/snapshot')).json
    expect((await put(box, good)).status).toBe(204)
    expect((await worldOf(box)).problem).toBeUndefined()
    expect((await inWorld(box, 'default', cpg.client, cpg.allocation({}))).status).toBe(200)
    await box.sandbox.close()
    expect((await worldOf((await startTwo({ data })).box)).problem).toBeUndefined()
  })

  test('that is opened is looked at in the turns behind the start, and what was due goes on, though nobody asks', async () => {
    const { data } = await kept(changed('transfers', { threshold: 'NaN' }))
    const { box, told } = await startTwo({ data })
    while (told.length === 0) await new Promise(setImmediate)
    expect(told).toEqual([expect.stringContaining('the world "ci" is not served')])
    expect(box.sandbox.engine.worlds.openSome()).toBe(false)
  })
})
