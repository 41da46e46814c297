// A partner's calls to "the real provider", which is a sandbox with another seed: what was sent and what was answered, for every way of writing it down.
import { expect } from 'vitest'
import {
  calculating,
  client as alphapo,
  clientOf as alphapoOf,
  exchanging,
  lookingUp,
  post as toAlphapo,
  taking,
  withdrawing,
} from '../clients/alphapo.ts'
import { allocation, client as cpg, clientOf as cpgOf, KEYS as CPG_KEYS, payout } from '../clients/cpg.ts'
import {
  addressesOf,
  change,
  clientOf as paywardOf,
  conversionOf,
  conversions,
  converting,
  createsUser,
  creation,
  deleting,
  KEYS as PAYWARD_KEYS,
  listing,
  METHODS,
  quoteOf,
  quoting,
  registration,
  ruling,
  saving,
  toppingUp,
  transferring,
  userOf,
  validating,
  valuation,
  withdrawalsOf,
  withdrawing as withdrawingPayward,
} from '../clients/payward.ts'
import {
  clientOf as zopayOf,
  execute,
  get,
  KEYS as ZOPAY_KEYS,
  post,
  quote,
  replay,
  simulate,
} from '../clients/zopay.ts'
import { type Client, type Kit, type Reply, type Request, start } from '../kit.ts'

/** One call as it went over the wire. */
export interface Spoken {
  readonly at: string
  readonly origin: string
  readonly request: Request
  readonly reply: Reply
}

/** The account of Payward's own page, which no sandbox has. */
export const ACCOUNT = 'W4BE9868GY65TB6523'
export const HOSTS = {
  cpg: 'https://api.cpg.example',
  zopay: 'https://api.zopay.example',
  payward: 'https://api.services.payward.example',
  alphapo: 'https://app.alphapo.example',
} as const
export type Name = keyof typeof HOSTS
export const NAMES = Object.keys(HOSTS) as Name[]

/** How one call follows from what was answered before. */
type Next = (answers: readonly any[]) => [client: Client, request: Request, status: number]

const paywardKey = { key: 'pws_real_key_of_the_partner', secret: PAYWARD_KEYS.demo.secret }
const payward = paywardOf(paywardKey)
const zopay = zopayOf(ZOPAY_KEYS.demo)
const idempotent = (request: Request, key: string): Request => ({
  ...request,
  headers: { ...request.headers, 'idempotency-key': key },
})
const fromWallet = {
  asset: { symbol: 'BTC', type: 'crypto' },
  source: { type: 'external_wallet', via: 'bitcoin' },
}
const UUIDS = ['3f0c2f44-6d1b-4b52-8a6e-0f4d1c2b3a40', '9b2e7a10-4c3d-4e5f-8a7b-1c2d3e4f5a6b']

const SESSIONS: Readonly<Record<Name, readonly Next[]>> = {
  cpg: [
    () => [cpg, { method: 'GET', path: '/v1/_ping' }, 200],
    () => [cpg, allocation({ user_identifier: 'user_8721', idempotency_key: 'k1' }), 200],
    () => [cpg, allocation({ user_identifier: 'user_8721', idempotency_key: 'k1' }), 200],
    () => [cpg, allocation({ network: 'TRX', idempotency_key: 'k2' }), 200],
    ([, first]) => [cpg, { method: 'GET', path: `/v1/deposit-requests/${first.data.request_id}` }, 200],
    () => [cpg, { method: 'GET', path: '/v1/currencies' }, 200],
    () => [cpg, { method: 'GET', path: '/v1/hot-wallet-address?network=ETH' }, 200],
    () => [cpg, { method: 'GET', path: '/v1/balances?currency=usdt' }, 200],
    () => [cpg, { method: 'GET', path: '/v1/transactions?limit=5' }, 200],
    () => [cpg, payout({ client_reference: 'p1' }), 400],
    () => [cpg, { method: 'GET', path: '/v1/withdrawals/7' }, 404],
    () => [cpg, allocation({ network: 'DOGE' }), 404],
    () => [cpg, allocation({ currency: 7 }), 422],
    () => [cpgOf({ ...CPG_KEYS.demo, secret: 'not the secret' }), { method: 'GET', path: '/v1/_ping' }, 401],
    () => [cpgOf({ key: 'nobody_has_this_key', secret: 'x' }), { method: 'GET', path: '/v1/_ping' }, 401],
    () => [cpgOf(CPG_KEYS.readonly), { method: 'GET', path: '/v1/currencies' }, 403],
    () => [cpg, { method: 'GET', path: '/v1/nothing-here' }, 404],
  ],
  zopay: [
    () => [
      zopay,
      post('/addresses', { asset: 'usdt', network: 'solana', external_ref: 'user-1', label: 'Main' }, 'a1'),
      200,
    ],
    () => [
      zopay,
      post(
        '/payment-intents',
        {
          amount: '25.00',
          currencies: ['USDT', 'XAUT'],
          external_ref: 'user-1',
          metadata: { order: 'ZP00000000', id: UUIDS[0] },
        },
        'i1',
      ),
      200,
    ],
    ([, intent]) => [zopay, get(`/payment-intents/${intent.id}`), 200],
    ([address]) => [zopay, get(`/addresses/${address.id}`), 200],
    ([, intent]) => [zopay, simulate(intent.id), 200],
    ([, intent]) => [zopay, get(`/events?related_to=${intent.id}`), 200],
    (answers) => [zopay, get(`/events/${answers[5].data[0].id}`), 200],
    (answers) => [zopay, replay(answers[5].data[0].id, 'r1'), 400],
    () => [zopay, get('/transactions?external_ref=user-1'), 200],
    (answers) => [zopay, get(`/transactions/${answers[8].data[0].id}`), 200],
    () => [zopay, get('/payment-intents?limit=1'), 200],
    () => [zopay, post('/payment-intents', { amount: 0, currencies: ['USDT'] }, 'i2'), 422],
    () => [zopay, post('/addresses', { asset: 'DOGE', network: 'solana' }, 'a2'), 400],
    () => [zopay, post('/addresses', { asset: 'XAUT', network: 'solana' }, 'a1'), 409],
    () => [zopay, get('/balances/user-1'), 200],
    () => [zopay, get('/balances'), 200],
    () => [zopay, quote({ amount: '10' }, 'q1'), 200],
    () => [zopay, execute('quote_nobody_has_this', 'p1'), 404],
    () => [zopay, get('/payouts/pay_nobody_has_this'), 404],
    () => [zopay, get('/webhook-deliveries'), 200],
    () => [zopayOf('sk_test_nobody_has_this'), get('/addresses'), 401],
    () => [zopayOf(ZOPAY_KEYS.readonly), post('/addresses', { asset: 'USDT', network: 'solana' }, 'a3'), 403],
  ],
  payward: [
    () => [payward, { method: 'GET', path: `/v1/accounts/${ACCOUNT}/funds/deposits/methods/XRP` }, 200],
    () => [payward, idempotent(creation({ method_id: METHODS.XRP, asset_symbol: 'XRP' }, ACCOUNT), UUIDS[0]!), 200],
    () => [payward, creation({}, ACCOUNT), 200],
    () => [payward, idempotent(creation({ method_id: METHODS.XRP, asset_symbol: 'XRP' }, ACCOUNT), UUIDS[0]!), 200],
    () => [payward, listing('asset_symbol=XRP', ACCOUNT), 200],
    () => [payward, registration({}), 200],
    (answers) => [payward, change(answers[5].data.webhook.id, { events: ['quote.executed'] }), 200],
    (answers) => [payward, { method: 'POST', path: `/v1/webhooks/${answers[5].data.webhook.id}/test` }, 200],
    () => [payward, validating({}), 200],
    () => [payward, idempotent(saving({}, ACCOUNT), UUIDS[1]!), 200],
    () => [payward, { method: 'GET', path: `${withdrawalsOf(ACCOUNT)}/addresses?asset_symbol=BTC` }, 200],
    () => [payward, idempotent(withdrawingPayward({}, ACCOUNT), '7c1d3b52-8a4e-4f0b-8f57-5d2a9be0c3d2'), 409],
    () => [payward, deleting('cold-wallet', ACCOUNT), 200],
    () => [payward, valuation('summary', ACCOUNT), 200],
    () => [payward, valuation('details', ACCOUNT), 200],
    () => [payward, { method: 'GET', path: '/v1/assets/crypto/BTC/rates' }, 200],
    () => [payward, quoting({}, ACCOUNT), 200],
    (answers) => [payward, quoteOf(answers.at(-1).data.id, ACCOUNT), 200],
    () => [payward, conversions('', ACCOUNT), 200],
    () => [payward, converting({ from: fromWallet }, ACCOUNT), 200],
    (answers) => [payward, conversionOf(answers.at(-1).data.id), 200],
    () => [payward, toppingUp({}, ACCOUNT), 200],
    () => [payward, ruling({}, ACCOUNT), 200],
    () => [payward, transferring({}, ACCOUNT), 409],
    () => [payward, { method: 'GET', path: `${withdrawalsOf(ACCOUNT)}/methods/BTC` }, 200],
    () => [payward, createsUser({}), 201],
    (answers) => [payward, userOf(answers.at(-1).data.id), 200],
    () => [payward, { method: 'GET', path: `${addressesOf(ACCOUNT)}?asset_symbol=NOPE` }, 400],
    () => [payward, { method: 'GET', path: `${addressesOf('WNOBODY5GATE2MAIN')}?asset_symbol=BTC` }, 404],
    () => [payward, { method: 'GET', path: addressesOf(ACCOUNT) }, 400],
    () => [
      paywardOf({ key: 'nobody_has_this_key', secret: paywardKey.secret }),
      listing('asset_symbol=BTC', ACCOUNT),
      401,
    ],
    () => [paywardOf({ ...paywardKey, secret: PAYWARD_KEYS.other.secret }), listing('asset_symbol=BTC', ACCOUNT), 401],
  ],
  alphapo: [
    () => [alphapo, { method: 'GET', path: '/api/v2/ping' }, 200],
    () => [alphapo, taking({}), 201],
    () => [alphapo, taking({ currency: 'XRP', foreign_id: 'a/b' }), 201],
    () => [alphapo, taking({ currency: 'XRP', foreign_id: 'a/b' }), 201],
    () => [alphapo, toAlphapo('/currencies/list', {}), 200],
    () => [alphapo, toAlphapo('/currencies/rates', { currency_from: 'BTC', currency_to: 'EUR' }), 200],
    () => [alphapo, toAlphapo('/accounts/list', {}), 200],
    () => [alphapo, calculating({}), 200],
    // The price is another one here: only with ours in its place is the balance what is lacking.
    (answers) => [alphapo, exchanging('fixed', { price: answers.at(-1).data.price }), 400],
    () => [alphapo, withdrawing({}), 400],
    () => [alphapo, taking({ currency: 'NOPE' }), 400],
    () => [alphapo, lookingUp({ id: 77 }), 400],
    () => [alphapoOf({ key: 'nobody_has_this_key', secret: 'x' }), taking({}), 403],
    () => [alphapoOf({ key: 'alphapo_demo_key', secret: 'not the secret' }), taking({}), 403],
    () => [
      { ...alphapo, sign: (request) => ({ ...request, headers: { 'content-type': 'application/json' } }) },
      taking({}),
      403,
    ],
  ],
}

/** The sandbox that stands for the real provider: another seed, and the partner's own account. */
async function realProvider(name: Name): Promise<Kit> {
  const accounts = { partner: { keys: [{ id: paywardKey.key, secret: paywardKey.secret }], ids: [ACCOUNT] } }
  return start({
    seed: `the real ${name}`,
    clock: '2026-03-02T10:00:00.000Z',
    ...(name === 'payward' && { providers: { payward: { accounts } } }),
  })
}

const sessions = new Map<Name, readonly Spoken[]>()

/** The whole session with a provider, made once, by the first test that needs it. */
export async function spokenWith(name: Name): Promise<readonly Spoken[]> {
  const spoken = sessions.get(name) ?? (await sessionWith(name))
  sessions.set(name, spoken)
  return spoken
}

/** A second goes by between two calls. */
async function sessionWith(name: Name): Promise<Spoken[]> {
  const box = await realProvider(name)
  if (name === 'payward') await box.control('PUT', '/rates', { from: 'BTC', to: 'USD', rate: '57123.45' })
  if (name === 'alphapo') await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '57123.45' })
  const spoken: Spoken[] = []
  for (const [index, next] of SESSIONS[name].entries()) {
    const [client, request, status] = next(spoken.map(({ reply }) => reply.json))
    const at = new Date(Date.parse('2026-03-02T10:00:00.000Z') + index * 1000).toISOString()
    await box.control('PATCH', '/clock', { now: at })
    box.passWall(1000)
    const signed = client.sign(request, box.wallMs)
    const reply = await box.send(name, signed)
    expect(reply.status, `${name} ${index}: ${reply.text}`).toBe(status)
    spoken.push({ at, origin: HOSTS[name], request: signed, reply })
  }
  return spoken
}
