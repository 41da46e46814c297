// Calls that move money, for the simulation: withdrawals to addresses of this world and of others, exchanges and invoices, signed by everybody who has
// some. What they begin with, and what has to be true of money after every step.
import { expect } from 'vitest'
import { Events } from '../src/providers/zopay/events.ts'
import { Quotes } from '../src/providers/zopay/quotes.ts'
import type { Draw } from '../src/world/draws.ts'
import { ledgerProblems, Movements } from '../src/world/ledger.ts'
import type { World } from '../src/world/world.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as zopay from './clients/zopay.ts'
import type { Client, Request } from './kit.ts'
import type { Call } from './simulation.test.ts'

/** What everybody begins with. */
export const OPENING = [
  ...['USDT', 'USDC'].map((currency) => ({
    provider: 'cpg',
    account: 'demo',
    currency,
    network: 'ETH',
    amount: '300',
  })),
  { provider: 'cpg', account: 'other', currency: 'USDT', network: 'ETH', amount: '50' },
  ...['demo', 'other'].flatMap((account) =>
    ['BTC', 'ETH', 'USDTE', 'EUR'].map((currency) => ({ provider: 'alphapo', account, currency, amount: '100' })),
  ),
  ...['ethereum', 'solana'].map((network) => ({
    provider: 'zopay',
    account: 'org_demo',
    holder: 'user:ann',
    currency: 'USDT',
    network,
    amount: '200',
  })),
  { provider: 'zopay', account: 'org_other', holder: 'user:ann', currency: 'USDT', network: 'ethereum', amount: '90' },
]

/** An address that this world has allocated, and its tag. */
export interface Payee {
  readonly address: string
  readonly tag: string | null
  readonly provider: string
  readonly network: string
  readonly currency: string
}

/** Nobody's. */
export const OUTSIDE: Readonly<Record<string, string>> = {
  ETH: '0x00000000000000000000000000000000000000aa',
  USDTE: '0x00000000000000000000000000000000000000aa',
  BTC: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
}

const CPG = { demo: cpg.KEYS.demo, second: cpg.KEYS.second, other: cpg.KEYS.other }
const ORGS = { org_demo: zopay.clientOf(zopay.KEYS.demo), org_other: zopay.clientOf(zopay.KEYS.other) }
const MERCHANTS = { demo: alphapo.clientOf(alphapo.KEYS.demo), other: alphapo.clientOf(alphapo.KEYS.other) }

export function pick<T>(from: readonly T[], drawn: Draw): T {
  return from[drawn.below(from.length)]!
}

/** A random call that moves money, or is to. `n` is in no other call's key. */
export function payment(drawn: Draw, n: string, payees: readonly Payee[], world: World): Call {
  switch (drawn.below(6)) {
    case 0:
      return cpgWithdrawal(drawn, n, payees)
    case 1:
      return alphapoWithdrawal(drawn, n, payees)
    case 2:
      return exchange(drawn, n)
    case 3:
      return zopayPayout(drawn, n, payees, world)
    case 4:
      return invoice(drawn, n)
    default:
      return replay(drawn, n, payees, world)
  }
}

/** A quote, or the execution of one of the last ones; some are of the other organisation, used, or expired. */
function zopayPayout(drawn: Draw, n: string, payees: readonly Payee[], world: World): Call {
  const quotes = [...world.rows(Quotes)]
  const org = pick(Object.keys(ORGS) as (keyof typeof ORGS)[], drawn)
  const shared = { client: ORGS[org], key: `zopay ${org} ${n}` }
  if (quotes.length > 0 && drawn.below(3) > 0) {
    const { quoteId, org: owner } = pick(quotes.slice(-4), drawn)
    const by = drawn.below(8) === 0 ? org : (owner as keyof typeof ORGS)
    return {
      client: ORGS[by],
      key: `zopay ${by} ${n}`,
      operation: 'createPayout',
      request: zopay.execute(quoteId, n),
      other: zopay.execute('quote_00000000000000000000000000', n),
    }
  }
  const { address } = payeeOn(['ethereum', 'ETH', 'Ethereum'], OUTSIDE.ETH!, payees, drawn)
  const fields = {
    external_ref: drawn.below(10) === 0 ? 'nobody' : 'ann',
    destination: pick([address, zopay.SOLANA_PAYEE], drawn),
    amount: pick(['10', '12.5', '80', '1000'], drawn),
  }
  return {
    ...shared,
    operation: 'createPayoutQuote',
    request: zopay.quote(fields, n),
    other: zopay.quote({ ...fields, amount: '11' }, n),
  }
}

/** An event of Zopay's once more; some are of the other organisation. */
function replay(drawn: Draw, n: string, payees: readonly Payee[], world: World): Call {
  const events = [...world.rows(Events)].slice(-6)
  if (events.length === 0) return zopayPayout(drawn, n, payees, world)
  const { id, org: owner } = pick(events, drawn)
  const org = pick([owner, owner, owner, 'org_other'], drawn)
  return {
    client: ORGS[org as keyof typeof ORGS],
    key: `zopay ${org} ${n}`,
    operation: 'replayEvent',
    request: zopay.replay(id, n),
    other: zopay.quote({ external_ref: 'ann' }, n),
  }
}

export function payeeOn(networks: readonly string[], outside: string, payees: readonly Payee[], drawn: Draw): Payee {
  const own = payees.filter(({ network }) => networks.includes(network))
  const nobody = { address: outside, tag: null, provider: '', network: '', currency: '' }
  return own.length > 0 && drawn.below(2) === 0 ? pick(own, drawn) : nobody
}

function cpgWithdrawal(drawn: Draw, n: string, payees: readonly Payee[]): Call {
  const who = pick(Object.keys(CPG) as (keyof typeof CPG)[], drawn)
  const { address } = payeeOn(['ETH', 'ethereum', 'Ethereum'], OUTSIDE.ETH!, payees, drawn)
  const client_reference = drawn.below(4) > 0 ? `pay-${n}` : undefined
  const fields = {
    currency: pick(['USDT', 'USDC'], drawn),
    network: 'ETH',
    to_address: drawn.below(10) === 0 ? 'not-an-address' : address,
    amount: pick(['10', '12.5', '45', '1000'], drawn),
    client_reference,
  }
  const request = (more: object): Request => ({
    method: 'POST',
    path: '/v1/withdrawals',
    body: JSON.stringify({ ...fields, ...more }),
  })
  const neighbour = who === 'demo' ? 'second' : 'demo'
  return {
    client: cpg.clientOf(CPG[who]),
    operation: 'createWithdrawal',
    request: request({}),
    key: client_reference && `cpg withdrawal ${who} ${client_reference}`,
    other: request({ amount: '11' }),
    elsewhere: {
      client: cpg.clientOf(CPG[neighbour]),
      key: client_reference && `cpg withdrawal ${neighbour} ${client_reference}`,
    },
  }
}

/** Without a key: the same `foreign_id` again is refused, whatever else is asked for. */
function ofMerchant(drawn: Draw, operation: string, path: string, fields: object, other: object): Call {
  return {
    client: pick(Object.values(MERCHANTS), drawn),
    operation,
    request: alphapo.post(path, fields),
    key: undefined,
    other: alphapo.post(path, { ...fields, ...other }),
  }
}

function alphapoWithdrawal(drawn: Draw, n: string, payees: readonly Payee[]): Call {
  const currency = pick(['BTC', 'ETH', 'USDTE'], drawn)
  const networks = currency === 'BTC' ? ['bitcoin', 'Bitcoin'] : ['ethereum', 'ETH', 'Ethereum']
  const { address } = payeeOn(networks, OUTSIDE[currency]!, payees, drawn)
  const fields = {
    currency,
    amount: pick(['0.5', '6', '7.25', '1000'], drawn),
    address,
    foreign_id: `wd-${n}`,
    end_user_reference: 'ann',
  }
  return ofMerchant(drawn, 'withdrawCrypto', '/withdrawal/crypto', fields, { amount: '5' })
}

function exchange(drawn: Draw, n: string): Call {
  const [sender_currency, receiver_currency] = pick(
    [
      ['BTC', 'EUR'],
      ['EUR', 'BTC'],
      ['ETH', 'BTC'],
      ['EUR', 'NOPE'],
    ],
    drawn,
  )
  const fields = {
    sender_currency,
    receiver_currency,
    sender_amount: pick(['0.01', '30', '500'], drawn),
    foreign_id: `ex-${n}`,
  }
  return ofMerchant(drawn, 'exchangeNow', '/exchange/now', fields, { sender_amount: '31' })
}

function invoice(drawn: Draw, n: string): Call {
  const fields = {
    timer: true,
    title: 'an order',
    currency: 'EUR',
    amount: '25',
    sender_currency: pick(['BTC', 'ETH'], drawn),
    foreign_id: `inv-${n}`,
    end_user_reference: 'ann',
    url_success: 'https://shop.example/paid',
    url_failed: 'https://shop.example/failed',
    email_user: 'ann@shop.example',
    ...(drawn.below(2) === 0 && { type: 'good_until_expired' }),
  }
  return ofMerchant(drawn, 'createInvoice', '/invoices/create', fields, { amount: '26' })
}

/** Money is nowhere lost, made or spent twice. */
export function expectWhole(
  world: World,
  withdrawals: readonly any[],
  deposits: readonly any[],
  balances: readonly any[],
) {
  expect(ledgerProblems(world)).toEqual([])
  const atoms = (text: string) => BigInt(text.replace('.', ''))
  expect(balances.filter((row) => atoms(row.available) !== atoms(row.balance) - atoms(row.held))).toEqual([])

  // What left arrives once, where somebody waits for it, and nowhere else.
  const arrived = new Map<string, number>()
  for (const { txid } of deposits) arrived.set(txid, (arrived.get(txid) ?? 0) + 1)
  const wrong = withdrawals.filter(
    ({ txid, deposit }) => txid !== null && (arrived.get(txid) ?? 0) !== (deposit === null ? 0 : 1),
  )
  expect(wrong, 'what left as a transfer arrives once').toEqual([])

  // One reference, one withdrawal; nobody is debited for one more than once.
  const made = new Map<string, number>()
  const paid = new Map<string, number>()
  for (const [table, , row] of world.entries() as Iterable<[string, string, any]>) {
    const sent = row.status !== 'failed' || row.txHash !== null
    if (table === 'cpg.withdrawals' && row.reference !== null && sent) {
      const key = `${row.key} ${row.reference}`
      made.set(key, (made.get(key) ?? 0) + 1)
    }
    if (table === 'zopay.payouts') made.set(row.quote, (made.get(row.quote) ?? 0) + 1)
  }
  for (const { cause, kind, balance, atoms: moved } of world.list(Movements, 'all', '')) {
    if (cause.withdrawal === null || !moved.startsWith('-') || !/^(withdrawal|payout)/.test(kind)) continue
    const key = `${cause.withdrawal} ${kind} ${balance}`
    paid.set(key, (paid.get(key) ?? 0) + 1)
  }
  expect([...made, ...paid].filter(([, times]) => times > 1)).toEqual([])
}

/** The client of a provider's account, for looking at a withdrawal. */
export function withdrawalLook(row: any): { readonly client: Client; readonly request: Request } {
  if (row.provider === 'zopay')
    return {
      client: ORGS[row.account as keyof typeof ORGS],
      // The second transfer of one that goes over the bridge is called like the payout too.
      request: zopay.get(`/payouts/${row.reference.split('/')[0]}`),
    }
  return row.provider === 'cpg'
    ? {
        client: cpg.clientOf(row.account === 'other' ? CPG.other : CPG.demo),
        request: { method: 'GET', path: `/v1/withdrawals/${row.reference}` },
      }
    : {
        client: MERCHANTS[row.account as keyof typeof MERCHANTS],
        request: alphapo.lookingUp({ id: row.reference }),
      }
}
