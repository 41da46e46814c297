// The stories that are shipped: each file is played as its summary tells it, twice, and both times the journal is the same.
import { createHmac } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkFiles } from '../../src/scenario/check.ts'
import { contractOf } from '../../src/contract/contracts.ts'
import { findProviders } from '../../src/app.ts'
import { calculating, client as alphapo, exchanging, invoicing, lookingUp, post as posting, taking, withdrawing } from '../clients/alphapo.ts'
import { allocation, client as cpg, payout } from '../clients/cpg.ts'
import {
  cancelling,
  client as payward,
  conversions,
  createsUser,
  creation,
  executing,
  listing,
  METHODS,
  quoteOf,
  quoting,
  ruling,
  saving as savingAddress,
  transactions,
  transferOf,
  transferring,
  userOf,
  valuation,
  withdrawing as withdrawingFunds,
} from '../clients/payward.ts'
import { client as zopay, execute, get, post, quote, replay } from '../clients/zopay.ts'
import { type Client, Inbox, type Kit, type Reply, type Request, start } from '../kit.ts'

const FOLDER = new URL('../../scenarios/', import.meta.url).pathname
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml')).sort()
const providers = await findProviders()

/** A world with the story in it. `waits` are the waits that calls were held for. */
interface Stage {
  readonly box: Kit
  readonly inbox: Inbox
  readonly waits: readonly number[]
  /** From now on calls wait until the function that it answers is called. */
  hold(): () => void
}

/** A call whose answer may be lost. */
async function trying(box: Kit, by: Client, request: Request): Promise<Reply | 'lost'> {
  return box.call(by, request).catch((error) => {
    if (String(error).includes('off contract')) throw error
    return 'lost' as const
  })
}

async function allocate(box: Kit, fields: Record<string, unknown> = {}): Promise<any> {
  const reply = await box.call(cpg, allocation(fields))
  expect(reply.status).toBe(200)
  return reply.json.data
}

/** The amounts that CPG lists under a request, with what it says of them. */
async function listed(box: Kit, id: number): Promise<string[]> {
  const { status, transactions } = (await box.call(cpg, { method: 'GET', path: `/v1/deposit-requests/${id}` })).json.data
  return [status, ...transactions.map((row: any) => `${row.amount_decimal} ${row.status}`)]
}

/** What CPG says of a withdrawal. */
async function paid(box: Kit, id: number): Promise<any> {
  return (await box.call(cpg, { method: 'GET', path: `/v1/withdrawals/${id}` })).json.data
}

/** Balance, held and available of the only money there is. */
async function has(box: Kit): Promise<string[]> {
  const [row] = (await box.call(cpg, { method: 'GET', path: '/v1/balances' })).json.data
  return [row.balance, row.held, row.available]
}

async function why(box: Kit): Promise<string> {
  const { data } = (await box.control('GET', '/journal?kind=timer&limit=1000')).json
  return data.map(({ because }: any) => because).join('\n')
}

const events = (inbox: Inbox) => inbox.received.map(({ json }) => json.event)

/** The answer is lost once, and then the same idempotency key finds what was done. */
async function loseAndRetry({ box }: Stage): Promise<void> {
  const order = allocation({ idempotency_key: 'order-9' })
  expect(await trying(box, cpg, order)).toBe('lost')
  const { data } = (await box.call(cpg, order)).json
  expect(data.request_id).toBe(1)
  expect((await box.control('GET', '/addresses')).json.data).toHaveLength(1)
  expect((await allocate(box)).request_id).toBe(2)
}

async function intend(box: Kit): Promise<any> {
  const reply = await box.call(zopay, post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }))
  expect(reply.status).toBe(200)
  return reply.json
}

/** Bitcoin for AlphaPo's demo merchant. */
async function fund(box: Kit, amount: string): Promise<void> {
  const reply = await box.control('POST', '/balances', { provider: 'alphapo', currency: 'BTC', amount })
  expect(reply.status).toBe(201)
}

async function bitcoin(box: Kit): Promise<string> {
  const { data } = (await box.call(alphapo, posting('/accounts/list', {}))).json
  return data.find(({ currency }: any) => currency === 'BTC').balance
}

/** What a user of Zopay has of the first asset on the first network. */
async function balanceOf(box: Kit, ref: string): Promise<string> {
  return (await box.call(zopay, get(`/balances/${ref}`))).json.balances[0].amount
}

const PLAYS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'alphapo/lightning-expired': async ({ box, inbox }) => {
    const { data } = (await box.call(alphapo, taking({ currency: 'BTCLN', amount: '0.001' }))).json
    expect(data.address).toMatch(/^lntb/)
    await box.advance('1h')
    expect(inbox.received).toEqual([])
    expect(await why(box)).toMatch(/expired|fifteen minutes/)
    expect((await box.control('GET', '/callbacks')).json.data).toEqual([])
  },

  'alphapo/withdrawal-declined-after-review': async ({ box, inbox }) => {
    await fund(box, '1')
    expect((await box.call(alphapo, withdrawing({}))).json.data.status).toBe('pending')
    await box.advance('119m')
    expect([inbox.received.map(({ json }) => json.status), await bitcoin(box)]).toEqual([['pending'], '0.59995000'])
    await box.advance('1m')
    expect(inbox.received.map(({ json }) => [json.status, json.error])).toEqual([
      ['pending', ''],
      ['declined', 'Declined by the owner'],
    ])
    expect(await bitcoin(box)).toBe('1.00000000')
    expect((await box.call(alphapo, withdrawing({}))).status).toBe(400)
  },

  'alphapo/withdrawal-lost-answer': async ({ box, inbox }) => {
    await fund(box, '1')
    expect(await trying(box, alphapo, withdrawing({}))).toBe('lost')
    const again = await box.call(alphapo, withdrawing({}))
    expect([again.status, again.json]).toEqual([400, { errors: { foreign_id: 'The foreign id has already been taken.' } }])
    const found = await box.call(alphapo, lookingUp({ foreign_id: 'wd-1' }))
    expect([found.status, found.json.status]).toEqual([200, 'not_confirmed'])
    expect(await bitcoin(box)).toBe('0.59995000')
    await box.advance('1m')
    expect(inbox.received.map(({ json }) => [json.id, json.status])).toEqual([[found.json.id, 'confirmed']])
  },

  'alphapo/exchange-price-expired': async ({ box }) => {
    await fund(box, '1')
    const price = async () => (await box.call(alphapo, calculating({}))).json.data.price
    const first = await price()
    await box.advance('10s')
    const at = (foreign_id: string) => box.call(alphapo, exchanging('fixed', { foreign_id, price: first }))
    expect((await at('one')).json.data).toMatchObject({ price: '60000.00000000', receiver_amount: '1200.00000000' })
    await box.advance('50s')
    const late = await at('two')
    expect([late.status, late.json]).toEqual([400, { errors: { price: 'The selected price is invalid.' } }])
    expect([first, await price()]).toEqual(['60000.00000000', '50000.00000000'])
  },

  'alphapo/invoice-half-paid': async ({ box, inbox }) => {
    const { data } = (await box.call(alphapo, invoicing({ sender_currency: 'ETH', type: 'good_until_expired' }))).json
    expect(data.sender_amount).toBe('0.02000000')
    await box.advance('1m')
    expect(inbox.received.map(({ json }) => [json.status, json.currency_sent.remaining_amount])).toEqual([['pending', '0.01000000']])
    await box.advance('1h')
    expect(inbox.received.map(({ json }) => [json.status, json.error])).toEqual([['pending', ''], ['failed', 'Timer expired. User paid less than requested.']])
    expect((await box.control('GET', '/movements')).json.data).toEqual([])
  },

  'alphapo/invoice-paid-after-expiry': async ({ box, inbox }) => {
    const { data } = (await box.call(alphapo, invoicing({ sender_currency: 'ETH' }))).json
    expect(data.sender_amount).toBe('0.02000000')
    await box.advance('1h')
    expect(inbox.received.map(({ json }) => [json.status, json.error])).toEqual([['failed', 'Timer expired. User not paid.']])
    expect(await why(box)).toMatch(/too late: invoice:826900 is failed, and the payer is refunded/)
    expect((await box.control('GET', '/movements')).json.data).toEqual([])
  },

  'cpg/late-deposit': async ({ box, inbox }) => {
    const { request_id: id } = await allocate(box)
    await box.advance('3h')
    expect(await listed(box, id)).toEqual(['expired_for_display'])
    await box.advance('90m')
    expect(await listed(box, id)).toEqual(['expired_for_display', '100.000000 confirmed'])
    expect(events(inbox)).toEqual(['deposit.detected', 'deposit.confirmed', 'deposit.swept'])
  },

  'cpg/recycled-address': async ({ box, inbox }) => {
    const old = await allocate(box)
    await box.advance('7d')
    const fresh = await allocate(box)
    expect(fresh.address).toBe(old.address)
    await box.advance('25h')
    expect(await listed(box, old.request_id)).toEqual(['expired_for_display'])
    expect(await listed(box, fresh.request_id)).toEqual(['expired_for_display', '100.000000 confirmed'])
    expect(new Set(inbox.received.map(({ json }) => json.data.deposit_request_id))).toEqual(new Set([fresh.request_id]))
  },

  'cpg/lost-answer-reset': loseAndRetry,
  'cpg/lost-answer-truncated': loseAndRetry,

  'cpg/lost-answer-timeout': async (stage) => {
    const { box } = stage
    const order = allocation({ idempotency_key: 'order-9' })
    box.passWall(1000)
    const { method, path, headers, body } = cpg.sign(order, box.wallMs)
    const patience = new AbortController()
    const first = fetch(`${box.url}/cpg${path}`, { method, headers: { ...headers, connection: 'close' }, body: body!, signal: patience.signal }).then(() => 'answered', () => 'gave up')
    for (let fired = 0; fired === 0; ) fired = (await box.control('GET', '/scenario')).json.rules[0].fired
    patience.abort()
    expect(await first).toBe('gave up')
    expect((await box.call(cpg, order)).json.data.request_id).toBe(1)
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(1)
  },

  'cpg/duplicate-callbacks': async ({ box, inbox }) => {
    await allocate(box)
    await box.advance('1h')
    expect(events(inbox)).toEqual(['deposit.detected', 'deposit.detected', 'deposit.confirmed', 'deposit.confirmed', 'deposit.swept', 'deposit.swept'])
    for (const at of [0, 2, 4]) expect(inbox.received[at]!.text).toBe(inbox.received[at + 1]!.text)
  },

  'cpg/delayed-callbacks': async ({ box, inbox }) => {
    const { request_id: id } = await allocate(box)
    await box.advance('119m')
    expect(await listed(box, id)).toEqual(['active', '100.000000 confirmed'])
    expect(events(inbox)).toEqual(['deposit.swept'])
    await box.advance('10m')
    expect(events(inbox)).toEqual(['deposit.swept', 'deposit.detected', 'deposit.confirmed'])
  },

  'cpg/confirmed-before-detected': async ({ box, inbox }) => {
    await allocate(box)
    await box.advance('5m')
    expect(events(inbox)).toEqual(['deposit.confirmed', 'deposit.detected'])
  },

  'cpg/badly-signed-callbacks': async ({ box, inbox }) => {
    await allocate(box)
    await box.advance('5m')
    expect(inbox.received.map(signedRight)).toEqual([false, true])
  },

  'cpg/reorganised-after-credit': async ({ box, inbox }) => {
    const { request_id: id } = await allocate(box)
    await box.advance('150s')
    expect(await listed(box, id)).toEqual(['active', '100.000000 confirmed'])
    await box.advance('1h')
    expect(await listed(box, id)).toEqual(['active'])
    expect(events(inbox).slice(0, 2)).toEqual(['deposit.detected', 'deposit.confirmed'])
    expect((await box.control('GET', '/deposits')).json.data[0].status).toBe('reorged')
  },

  'cpg/part-payments': async ({ box }) => {
    const { request_id: id } = await allocate(box)
    await box.advance('15m')
    expect(await listed(box, id)).toEqual(['active', '60.000000 confirmed', '30.000000 confirmed'])
    await box.advance('15m')
    expect(await listed(box, id)).toEqual(['active', '60.000000 confirmed', '30.000000 confirmed', '10.000000 confirmed'])
  },

  'cpg/wrong-asset': async ({ box, inbox }) => {
    const { request_id: id } = await allocate(box)
    await box.advance('1h')
    expect(await listed(box, id)).toEqual(['active'])
    expect(inbox.received).toEqual([])
    expect(await why(box)).toMatch(/ETH was never requested for this address[^]*the address is on ETH, but the transfer is on BSC/)
  },

  'cpg/rate-limited': async ({ box }) => {
    for (let call = 1; call <= 5; call++) expect((await box.call(cpg, allocation({}))).status).toBe(429)
    expect((await allocate(box)).request_id).toBe(1)
  },

  'cpg/down-for-ten-minutes': async ({ box, inbox }) => {
    const { request_id: id } = await allocate(box)
    await box.advance('59m')
    expect((await box.call(cpg, { method: 'GET', path: '/v1/_ping' })).status).toBe(200)
    await box.advance('1m')
    expect((await box.call(cpg, { method: 'GET', path: '/v1/_ping' })).status).toBe(503)
    await box.advance('599s')
    expect([(await box.call(cpg, allocation({}))).status, events(inbox)]).toEqual([503, []])
    await box.advance('1s')
    expect(events(inbox).sort()).toEqual(['deposit.confirmed', 'deposit.confirmed', 'deposit.detected', 'deposit.detected'])
    expect(await listed(box, id)).toEqual(['active', '100.000000 confirmed', '50.000000 confirmed'])
  },

  'cpg/slow': async ({ box, waits }) => {
    expect((await allocate(box)).request_id).toBe(1)
    expect(waits[0]).toSatisfy((ms: number) => ms >= 2000 && ms <= 8000)
    expect(waits.slice(1)).toEqual(Array(waits.length - 1).fill(100))
    expect(waits.length).toBeGreaterThan(10)
  },

  'cpg/clock-skew': async ({ box, inbox }) => {
    for (let call = 1; call <= 3; call++) expect((await box.call(cpg, allocation({}))).json.message).toContain('timestamp')
    await allocate(box)
    await box.advance('5m')
    expect(inbox.received.map(signedRight)).toEqual([true, true])
    expect(inbox.received.map(({ headers }) => box.wallMs / 1000 - Number(headers['x-cpg-timestamp']))).toEqual([3600, 0])
  },

  'cpg/expired-to-the-millisecond': async ({ box }) => {
    const ids: number[] = []
    for (let call = 1; call <= 3; call++) ids.push((await allocate(box)).request_id)
    await box.advance('8d')
    expect(await Promise.all(ids.map((id) => listed(box, id)))).toEqual([['expired_for_display', '1.000000 confirmed'], ['expired_for_display'], ['expired_for_display']])
    expect((await why(box)).match(/is back in the pool/g)).toHaveLength(2)
  },

  'cpg/withdrawal-fails-after-broadcast': async ({ box, inbox }) => {
    const { data } = (await box.call(cpg, payout({ amount: '25.5' }))).json
    expect([data.status, await has(box)]).toEqual(['broadcasted', ['100.000000', '30.500000', '69.500000']])
    await box.advance('1m')
    expect(await paid(box, 1)).toMatchObject({ status: 'failed', tx_hash: data.tx_hash, error_message: 'execution reverted' })
    expect(await has(box)).toEqual(['100.000000', '0.000000', '100.000000'])
    expect(events(inbox)).toEqual(['withdrawal.broadcasted', 'withdrawal.failed'])
  },

  'cpg/withdrawal-stuck-for-an-hour': async ({ box, inbox }) => {
    await box.call(cpg, payout())
    await box.advance('1h')
    expect([(await paid(box, 1)).status, await has(box)]).toEqual(['broadcasted', ['100.000000', '15.000000', '85.000000']])
    expect(events(inbox)).toEqual(['withdrawal.broadcasted'])
    await box.advance('3m')
    expect([(await paid(box, 1)).status, await has(box)]).toEqual(['confirmed', ['85.000000', '0.000000', '85.000000']])
    expect(events(inbox)).toEqual(['withdrawal.broadcasted', 'withdrawal.confirmed'])
  },

  'cpg/withdrawal-lost-answer': async ({ box }) => {
    const made = async () => (await box.control('GET', '/withdrawals')).json.data.length
    const named = payout({ client_reference: 'pay-9' })
    expect(await trying(box, cpg, named)).toBe('lost')
    expect((await box.call(cpg, named)).json.data.withdrawal_id).toBe(1)
    expect([await made(), await has(box)]).toEqual([1, ['100.000000', '15.000000', '85.000000']])
    expect(await trying(box, cpg, payout())).toBe('lost')
    expect((await box.call(cpg, payout())).json.data.withdrawal_id).toBe(3)
    expect([await made(), await has(box)]).toEqual([3, ['100.000000', '45.000000', '55.000000']])
  },

  'cpg/balance-race': async ({ box, hold }) => {
    const go = hold()
    const first = box.call(cpg, payout({ client_reference: 'first' }))
    for (let fired = 0; fired === 0; ) fired = (await box.control('GET', '/scenario')).json.rules[0].fired
    const second = await box.call(cpg, payout({ client_reference: 'second' }))
    go()
    const refused = await first
    expect([second.status, refused.status, refused.json.message]).toEqual([200, 400, 'Insufficient balance'])
    expect(await has(box)).toEqual(['20.000000', '15.000000', '5.000000'])
    await box.control('POST', '/balances', { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '10' })
    expect((await box.call(cpg, payout({ client_reference: 'first' }))).status).toBe(200)
  },

  'cpg/hot-wallet-without-gas': async ({ box, inbox }) => {
    for (let call = 1; call <= 2; call++) {
      const { status, json } = await box.call(cpg, payout({ client_reference: 'pay-9' }))
      expect([status, json.message]).toEqual([400, 'Broadcast failed: insufficient funds for gas * price + value'])
      expect(await has(box)).toEqual(['100.000000', '0.000000', '100.000000'])
    }
    expect((await box.call(cpg, payout({ client_reference: 'pay-9' }))).json.data.withdrawal_id).toBe(3)
    await box.advance('5m')
    expect([(await paid(box, 1)).status, (await paid(box, 3)).status]).toEqual(['failed', 'confirmed'])
    expect(events(inbox)).toEqual(['withdrawal.failed', 'withdrawal.failed', 'withdrawal.broadcasted', 'withdrawal.confirmed'])
  },

  'cpg/reorganised-after-withdrawal': async ({ box, inbox }) => {
    await allocate(box)
    await box.advance('144s')
    expect((await box.call(cpg, payout({ amount: '50' }))).status).toBe(200)
    await box.advance('1h')
    expect(await has(box)).toEqual(['-55.000000', '0.000000', '-55.000000'])
    expect((await box.call(cpg, payout())).json.message).toBe('Insufficient balance')
    expect(events(inbox)).toEqual(['deposit.detected', 'deposit.confirmed', 'withdrawal.broadcasted', 'withdrawal.confirmed'])
  },

  'payward/fee-token-expired': async ({ box }) => {
    await box.advance('1s')
    await box.call(payward, savingAddress({}))
    const preview = async () => (await box.call(payward, withdrawingFunds({ preview: true }))).json.data.fee_token
    const old = await preview()
    await box.advance('11m')
    const late = await box.call(payward, withdrawingFunds({ fee_token: old }))
    expect([late.status, late.json.title]).toEqual([422, 'Funding: Invalid fee token'])
    expect((await box.control('GET', '/balances?provider=payward')).json.data[0].held).toBe('0.00000000')
    expect((await box.call(payward, withdrawingFunds({ fee_token: await preview() }))).status).toBe(200)
  },

  'payward/withdrawal-held-for-review': async ({ box, inbox }) => {
    await box.advance('1s')
    await box.call(payward, savingAddress({}))
    expect((await box.call(payward, withdrawingFunds({}))).status).toBe(200)
    await box.advance('119m')
    expect(inbox.received.map(({ json }) => json.data.status)).toEqual(['pending', 'held'])
    await box.advance('2h')
    expect(inbox.received.map(({ json }) => json.data.status)).toEqual(['pending', 'held', 'pending', 'success'])
    const [{ balance, held }] = (await box.control('GET', '/balances?provider=payward')).json.data
    expect([balance, held]).toEqual(['0.74980000', '0.00000000'])
  },

  'payward/portfolio-while-withdrawal-is-held': async ({ box }) => {
    await box.advance('1s')
    await box.call(payward, savingAddress({}))
    expect((await box.call(payward, withdrawingFunds({ amount: '0.7498' }))).status).toBe(200)
    const summary = async () => (await box.call(payward, valuation('summary?quote_symbol=EUR'))).json.data
    expect(await summary()).toMatchObject({ value: '60000.00', available: '15000.00', withheld: '45000.00' })
    expect((await box.call(payward, withdrawingFunds({ amount: '0.7498' }))).status).toBe(409)
    await box.advance('25h')
    expect(await summary()).toMatchObject({ value: '60000.00', available: '60000.00', withheld: '0.00' })
  },

  'payward/missing-tag': async ({ box }) => {
    const { data } = (await box.call(payward, creation({ asset_symbol: 'XRP', method_id: METHODS.XRP }))).json
    expect(data.tag).toBeTruthy()
    await box.advance('5m')
    expect((await box.call(payward, transactions())).json.data).toEqual([])
    expect(await why(box)).toContain('without a tag')
    await box.advance('1h')
    expect((await box.call(payward, transactions())).json.data).toHaveLength(1)
  },

  'payward/nonce-out-of-order': async ({ box }) => {
    const order = () => box.call(payward, creation({}))
    const statuses = [await order(), await order(), await order()].map(({ status }) => status)
    expect(statuses).toEqual([200, statuses[1], 200])
    expect(statuses[1]).toBeGreaterThanOrEqual(400)
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(2)
  },

  'payward/lost-answer': async ({ box }) => {
    const order = creation({})
    const again = { ...order, headers: { 'idempotency-key': '7f2c1a52-3c1e-4a0b-9a53-0d6a1f0b2c3d' } }
    expect(await trying(box, payward, again)).toBe('lost')
    const reply = await box.call(payward, again)
    expect([reply.status, reply.headers['idempotent-replayed'], reply.json.data.is_new]).toEqual([200, 'true', true])
    const handedOut = async () => (await box.control('GET', '/addresses')).json.data.map(({ address }: any) => address)
    expect(await handedOut()).toEqual([reply.json.data.address])
    const second = (await box.call(payward, order)).json.data.address
    expect(await handedOut()).toEqual([reply.json.data.address, second])
  },

  'payward/late-deposit': async ({ box, inbox }) => {
    const create = async () => (await box.call(payward, creation({}))).json.data.address
    const listed = async () => (await box.call(payward, listing('asset_symbol=BTC'))).json.data
    const addresses: string[] = []
    for (let made = 1; made <= 5; made++) addresses.push(await create())
    expect((await box.call(payward, creation({}))).status).toBe(409)
    await box.advance('1h')
    await create()
    const second = (await listed()).find(({ address }: any) => address === addresses[1])
    const { now } = (await box.control('GET', '/clock')).json
    expect(Date.parse(second.expire_time) - Date.parse(now)).toBe(7 * 86_400_000)
    await box.advance('8d')
    expect((await listed()).map(({ address }: any) => address)).not.toContain(addresses[1])
    await box.advance('1d')
    const late = inbox.received.map(({ json }) => json.data).filter(({ address }) => address === addresses[1])
    expect(late.map(({ status }) => status)).toEqual(['initial', 'pending', 'settled', 'success'])
  },

  'payward/quote-price-moves': async ({ box, inbox }) => {
    await box.control('POST', '/balances', { provider: 'payward', currency: 'BTC', amount: '1' })
    const quote = async () => (await box.call(payward, quoting({ fee: { bps: 0 } }))).json.data
    const [first, late] = [await quote(), await quote()]
    await box.advance('10s')
    expect((await box.call(payward, executing(first.id))).json.data.status).toBe('executing')
    await box.advance('20s')
    expect((await box.call(payward, quoteOf(first.id))).json.data).toMatchObject({ status: 'executed', to: { amount: first.to.amount } })
    expect((await box.call(payward, executing(late.id))).status).toBe(410)
    expect([first.to.amount, (await quote()).to.amount]).toEqual(['33333.33', '25000.00'])
    expect(inbox.received.map(({ json }) => json.type)).toEqual(['quote.executed', 'quote.cancelled'])
  },

  'payward/conversion-rule-on-a-late-deposit': async ({ box }) => {
    const rule = (await box.call(payward, ruling({}))).json.data
    await box.advance('3d')
    await box.deposit(rule.inbound.address, '0.5', { confirmations: 'instant' })
    await box.advance('2s')
    const { data } = (await box.call(payward, conversions(`conversion_rule_id=${rule.id}`))).json
    expect(data.map(({ status, to, fees }: any) => [status, to.asset.amount, fees.trade.amount])).toEqual([['completed', '24975.00', '25.00']])
  },

  'payward/user-closed-with-money': async ({ box, inbox }) => {
    const { id: user_id, accounts } = (await box.call(payward, createsUser({}))).json.data
    const [{ id: account }] = accounts
    const { address } = (await box.call(payward, creation({}, account))).json.data
    await box.control('POST', '/actions/payward/close-user', { user_id })
    await box.advance('2h')
    const [row] = (await box.control('GET', `/balances?provider=payward&account=${account}`)).json.data
    expect(Number(row.balance)).toBe(0.25)
    expect((await box.call(payward, listing('asset_symbol=BTC', account))).json.data).toMatchObject([{ address }])
    expect((await box.call(payward, userOf(user_id))).json.data.status.state).toBe('closed')
    for (const request of [transferring({}, account), creation({}, account), quoting({}, account)])
      expect((await box.call(payward, request)).json).toMatchObject({ status: 403, type: 'tag:kraken.com,2025:UserLocked' })
    expect(inbox.received).toEqual([])
  },

  'payward/transfer-cancelled-too-late': async ({ box }) => {
    await box.control('POST', '/actions/payward/hold-transfer', {})
    const { id: transfer_id, status } = (await box.call(payward, transferring())).json.data
    expect(status).toBe('pending')
    await box.control('POST', '/actions/payward/process-transfer', { transfer_id })
    await box.advance('30s')
    expect((await box.call(payward, cancelling(transfer_id))).status).toBe(409)
    await box.advance('30s')
    expect((await box.call(payward, transferOf(transfer_id))).json.data.status).toBe('completed')
    expect((await box.call(payward, cancelling(transfer_id))).status).toBe(409)
  },

  'payward/lost-webhooks': async ({ box, inbox }) => {
    await box.call(payward, creation({}))
    await box.advance('2h')
    expect(inbox.received).toEqual([])
    expect((await box.control('GET', '/callbacks?status=dropped')).json.data).toHaveLength(4)
    expect((await box.call(payward, transactions())).json.data).toMatchObject([{ amount: '0.25000000', status: 'success' }])
  },

  'payward/webhooks-out-of-order': async ({ box, inbox }) => {
    await box.call(payward, creation({}))
    await box.advance('2h')
    expect(inbox.received.map(({ json }) => json.data.status)).toEqual(['pending', 'initial', 'settled', 'success'])
  },

  'zopay/lost-webhook': async ({ box, inbox }) => {
    const { id } = await intend(box)
    await box.advance('2h')
    expect(inbox.received).toEqual([])
    expect((await box.call(zopay, get(`/payment-intents/${id}`))).json.status).toBe('completed')
    const [event] = (await box.call(zopay, get(`/events?related_to=${id}`))).json.data
    expect((await box.call(zopay, replay(event.id))).status).toBe(200)
    await box.advance('1s')
    expect(inbox.received.map(({ json }) => json)).toEqual([event])
  },

  'zopay/underpaid': async ({ box }) => {
    const { id } = await intend(box)
    await box.advance('1h')
    expect((await box.call(zopay, get(`/payment-intents/${id}`))).json.status).toBe('pending')
    expect((await box.call(zopay, get('/transactions'))).json.data).toMatchObject([{ amount: '24.99', status: 'confirmed', payment_intent_id: id }])
  },

  'zopay/overpaid': async ({ box }) => {
    const { id } = await intend(box)
    await box.advance('1h')
    expect((await box.call(zopay, get(`/payment-intents/${id}`))).json).toMatchObject({ status: 'completed', amount: '25.00' })
    expect((await box.call(zopay, get('/transactions'))).json.data).toMatchObject([{ amount: '30.00', payment_intent_id: id }])
  },

  'zopay/quote-expired-before-execution': async ({ box }) => {
    const first = await box.call(zopay, quote({}))
    expect((await box.call(zopay, execute(first.json.quote_id))).status).toBe(503)
    await box.advance('61s')
    const late = await box.call(zopay, execute(first.json.quote_id))
    expect([late.status, late.json.error.code]).toEqual([409, 'quote_expired'])
    expect((await box.call(zopay, quote({}))).text).toBe(first.text)
    expect(await balanceOf(box, 'user-1')).toBe('100.00')
    const { quote_id } = (await box.call(zopay, quote({}, 'quote-2'))).json
    expect((await box.call(zopay, execute(quote_id))).status).toBe(200)
    expect(await balanceOf(box, 'user-1')).toBe('60.00')
  },

  'zopay/payout-fails-after-broadcast': async ({ box, inbox }) => {
    const { quote_id } = (await box.call(zopay, quote({}))).json
    const { id } = (await box.call(zopay, execute(quote_id))).json
    const read = async () => (await box.call(zopay, get(`/payouts/${id}`))).json
    await box.advance('5s')
    expect(await read()).toMatchObject({ status: 'broadcast', timeline: [{}, { tx_hash: expect.stringMatching(/^0x/) }] })
    expect(await balanceOf(box, 'user-1')).toBe('60.00')
    await box.advance('1m')
    expect((await read()).timeline.map(({ status }: any) => status)).toEqual(['pending', 'broadcast', 'failed'])
    expect([await balanceOf(box, 'user-1'), inbox.received]).toEqual(['100.00', []])
    expect(await why(box)).toContain('execution reverted')
  },

  'zopay/late-deposit-seen-in-balances': async ({ box, inbox }) => {
    const order = { amount: '25.00', currencies: ['USDT'], external_ref: 'user-1' }
    const { id } = (await box.call(zopay, post('/payment-intents', order))).json
    await box.advance('10m')
    expect(await balanceOf(box, 'user-1')).toBe('25.00')
    await box.advance('2h')
    expect(await balanceOf(box, 'user-1')).toBe('35.00')
    expect(inbox.received.map(({ json }) => json.type)).toEqual(['payment_intent.completed'])
    const { data } = (await box.call(zopay, get('/transactions?external_ref=user-1'))).json
    expect(data.map(({ amount, payment_intent_id }: any) => [amount, payment_intent_id])).toEqual([['10.00', id], ['25.00', id]])
  },

  'zopay/idempotency-key-reused': async ({ box }) => {
    const intent = (amount: string, key: string) => post('/payment-intents', { amount, currencies: ['USDT'] }, key)
    expect(await trying(box, zopay, intent('25.00', 'order-9'))).toBe('lost')
    const refused = await box.call(zopay, intent('26.00', 'order-9'))
    expect([refused.status, refused.json.error.code]).toEqual([409, 'idempotency_conflict'])
    const again = await box.call(zopay, intent('25.00', 'order-9'))
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([200, 'true'])
    expect((await box.call(zopay, intent('26.00', 'order-10'))).status).toBe(200)
  },
}

const SECRET = 'whsec-demo-0001'

function signedRight({ headers, text }: Inbox['received'][number]): boolean {
  return headers['x-cpg-signature'] === createHmac('sha256', SECRET).update(`${headers['x-cpg-timestamp']}\n${text}`).digest('hex')
}

async function play(file: string): Promise<unknown[]> {
  const waits: number[] = []
  let held: Promise<void> | undefined
  const hold = () => {
    let go = () => {}
    held = new Promise((resolve) => (go = resolve))
    return go
  }
  const pause = async (ms: number) => {
    waits.push(ms)
    await held
  }
  const box = await start({ scenarios: [FOLDER + file], pause })
  const inbox = await Inbox.open()
  const [provider] = file.split('/')
  await box.subscribe(provider!, inbox, provider === 'cpg' ? { secret: SECRET } : {})
  await PLAYS[file.replace('.yaml', '')]!({ box, inbox, waits, hold })
  const told = await box.control('GET', '/journal?limit=1000')
  return JSON.parse(told.text.replace(/127\.0\.0\.1:\d+/g, 'HOST')).data
}

test('every story has a play, and every play a story', () => {
  expect(Object.keys(PLAYS).sort()).toEqual(files.map((file) => file.replace('.yaml', '')))
})

describe.each(files)('%s', (file) => {
  test('is told to people, and every part of it can happen', () => {
    const path = FOLDER + file
    const { errors, warnings, told } = checkFiles([path], { providers, contract: contractOf })
    expect([errors, warnings]).toEqual([[], []])
    expect(told[0]!.length).toBeGreaterThan(path.length + 60)
    expect(told[0]).toContain(`: ${basename(file, '.yaml')}: `)
  })

  test('goes as it is told, and the same way twice', async () => {
    const first = await play(file)
    expect(first.length).toBeGreaterThan(0)
    expect(await play(file)).toEqual(first)
  })
})
