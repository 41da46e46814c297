// Calls that trade and move money at Payward, for the simulation: withdrawals, swaps, conversions, top-ups, transfers and users of two partners; what
// people there decide about them; and what has to be true of it all after every step.
import { expect } from 'vitest'
import { UserAccounts } from '../src/providers/payward/accounts.ts'
import { AccountTransfers, Watched } from '../src/providers/payward/account-transfers.ts'
import { METHODS } from '../src/providers/payward/catalogue.ts'
import { Conversions } from '../src/providers/payward/conversions.ts'
import { InboundDeposits } from '../src/providers/payward/inbound-deposits.ts'
import { Inbounds } from '../src/providers/payward/inbounds.ts'
import { Quotes } from '../src/providers/payward/quotes.ts'
import { TopUps } from '../src/providers/payward/topups.ts'
import { Users } from '../src/providers/payward/users.ts'
import { SavedAddresses } from '../src/providers/payward/withdrawal-addresses.ts'
import { FeeTokens } from '../src/providers/payward/withdrawal-methods.ts'
import { isOver, Withdrawals } from '../src/providers/payward/withdrawals.ts'
import { Payouts, statusOf } from '../src/providers/zopay/payouts.ts'
import { amountText } from '../src/text/decimals.ts'
import { type Draw, draw } from '../src/world/draws.ts'
import { Movements } from '../src/world/ledger.ts'
import type { World } from '../src/world/world.ts'
import * as payward from './clients/payward.ts'
import type { Client, Request } from './kit.ts'
import { OUTSIDE, type Payee, payeeOn, pick } from './payments.ts'
import type { Call } from './simulation.test.ts'

const { main, second, other } = payward.ACCOUNTS
const PARTNERS = { demo: payward.clientOf(payward.KEYS.window), other: payward.clientOf(payward.KEYS.other) }
type Partner = keyof typeof PARTNERS

/** The clients by the accounts of the config file. */
export const TRADERS: Readonly<Record<string, Client>> = {
  [main]: PARTNERS.demo,
  [second]: PARTNERS.demo,
  [other]: PARTNERS.other,
}

/** Calls at once may come in any order: both partners have a key that allows it. */
export const TRADING = {
  unusedAddresses: 5,
  accounts: {
    other: {
      keys: [{ id: payward.KEYS.other.key, secret: payward.KEYS.other.secret, nonceWindow: 1e10 }],
      ids: [other],
    },
  },
}

/** What they begin with. */
export const CAPITAL = (
  [
    [main, 'BTC', '2'],
    [main, 'ETH', '20'],
    [main, 'USD', '20000'],
    [main, 'USDC', '500'],
    [other, 'BTC', '1'],
    [other, 'USD', '5000'],
  ] as const
).map(([account, currency, amount]) => ({ provider: 'payward', account, currency, amount }))

const BTC = { symbol: 'BTC', type: 'crypto' }
const ETH = { symbol: 'ETH', type: 'crypto' }
const USD = { symbol: 'USD', type: 'fiat' }
const USDC = { symbol: 'USDC', type: 'stablecoin' }
/** Ways for money to come in. */
const RAILS = [
  { ...BTC, via: 'bitcoin', amount: '1' },
  { ...ETH, via: 'ethereum', amount: '25' },
  { ...USDC, via: 'ethereum', amount: '100.5' },
  { ...USD, via: 'fedwire', amount: '900' },
]
const AMOUNTS: Readonly<Record<string, readonly string[]>> = {
  BTC: ['0.001', '0.25', '0.9', '40'],
  ETH: ['0.01', '3', '8.5', '900'],
  USDC: ['20', '150.5', '100000'],
  USD: ['25', '700.5', '1000000'],
}

/** The newest of them. */
function late<T>(rows: Iterable<T>): T[] {
  return [...rows].slice(-4)
}

/** A call of Payward's that moves money, or is to. `n` is in no other call's key. */
export function trade(drawn: Draw, n: string, payees: readonly Payee[], world: World): Call {
  const account = pick([main, main, second, other], drawn)
  const waiting = [...world.rows(AccountTransfers)].some(({ status }) => status === 'pending')
  if (waiting && drawn.below(4) === 0) return cancellation(drawn, world)
  switch (drawn.below(9)) {
    case 0:
      return saving(drawn, n, account, payees)
    case 1:
      return withdrawal(drawn, n, world)
    case 2:
      return swap(drawn, n, account)
    case 3:
      return execution(drawn, n, account, world)
    case 4:
      return conversion(drawn, n, account, world)
    case 5:
      return inbound(drawn, n, account)
    case 6:
      return transfer(drawn, n, account, world)
    case 7:
      return cancellation(drawn, world)
    default:
      return user(drawn, n)
  }
}

/** Under a key, mostly. */
function asked(drawn: Draw, n: string, by: string, operation: string, request: Request, changed = request): Call {
  const uuid = draw(n, ['uuid']).uuid()
  const keyed = drawn.below(4) > 0
  const under = (one: Request) => (keyed ? { ...one, headers: { 'idempotency-key': uuid } } : one)
  return {
    client: PARTNERS[by as Partner],
    operation,
    request: under(request),
    key: keyed ? `payward ${by} ${request.path} ${uuid}` : undefined,
    other: under(changed),
  }
}

function ownerOf(account: string, world?: World): string {
  return world?.get(UserAccounts, account)?.partner ?? (account === other ? 'other' : 'demo')
}

function saving(drawn: Draw, n: string, account: string, payees: readonly Payee[]): Call {
  const [asset_symbol, method_id, networks, outside] = pick(
    [
      ['BTC', payward.METHODS.BTC, ['bitcoin', 'Bitcoin'], OUTSIDE.BTC!],
      ['ETH', payward.METHODS.ETH, ['ethereum', 'ETH', 'Ethereum'], OUTSIDE.ETH!],
      ['USDC', payward.METHODS.usdcEthereum, ['ethereum', 'ETH', 'Ethereum'], OUTSIDE.ETH!],
    ] as const,
    drawn,
  )
  const { address } = payeeOn(networks, outside, payees, drawn)
  const fields = { asset_symbol, method_id, address, key: `wallet-${n}` }
  const request = (more: object) =>
    payward.saving({ ...fields, ...(asset_symbol === 'USDC' && { asset_type: 'stablecoin' }), ...more }, account)
  return asked(drawn, n, ownerOf(account), 'saveWithdrawalAddress', request({}), request({ key: `other-${n}` }))
}

function withdrawal(drawn: Draw, n: string, world: World): Call {
  const saved = late(world.rows(SavedAddresses))
  const { account, key, method } =
    saved.length > 0 ? pick(saved, drawn) : { account: main, key: 'nobody', method: payward.METHODS.BTC }
  const { symbol, type } = METHODS.find(({ id }) => id === method)!
  const token = late(world.rows(FeeTokens)).find((row) => row.account === account && row.method === method)
  const fields = {
    ...{ asset_symbol: symbol, asset_type: type, key },
    amount: pick(AMOUNTS[symbol]!, drawn),
    preview: drawn.below(4) === 0,
    ...(token && drawn.below(2) === 0 && { fee_token: token.id }),
  }
  const request = (more: object) => payward.withdrawing({ ...fields, ...more }, account)
  return asked(drawn, n, ownerOf(account), 'withdrawFunds', request({}), request({ amount: '0.7' }))
}

const PAIRS = [
  [BTC, USD],
  [USD, BTC],
  [ETH, BTC],
  [BTC, USDC],
] as const

function swap(drawn: Draw, n: string, account: string): Call {
  const [from, to] = pick(PAIRS, drawn)
  const [one, two] =
    drawn.below(3) > 0
      ? [{ ...from, amount: pick(AMOUNTS[from.symbol]!, drawn) }, to]
      : [from, { ...to, amount: pick(AMOUNTS[to.symbol]!, drawn) }]
  const request = (bps: number) => payward.quoting({ from: one, to: two, fee: { bps } }, account)
  return asked(drawn, n, ownerOf(account), 'createQuote', request(pick([0, 50], drawn)), request(70))
}

/** One of the last quotes: used, expired, of somebody else, or for more than there is. */
function execution(drawn: Draw, n: string, account: string, world: World): Call {
  const quotes = late(world.rows(Quotes))
  if (quotes.length === 0) return swap(drawn, n, account)
  const quote = pick(quotes, drawn)
  const owner = drawn.below(8) === 0 ? account : quote.account
  return asked(drawn, n, ownerOf(owner), 'executeQuote', payward.executing(quote.id, owner))
}

function conversion(drawn: Draw, n: string, account: string, world: World): Call {
  const wallet = late(world.rows(SavedAddresses)).find((row) => row.account === account)?.key ?? `wl-${n}`
  const destination = pick([{ type: 'balance' }, { type: 'external_wallet', wallet_id: wallet }], drawn)
  const offered = late(world.rows(Quotes)).find((quote) => quote.status === 'offered')
  const client = (owner: string, fields: Record<string, unknown>, changed: Record<string, unknown>) =>
    asked(
      ...([drawn, n, ownerOf(owner), 'createConversion'] as const),
      payward.converting(fields, owner),
      payward.converting(changed, owner),
    )
  if (offered && drawn.below(2) === 0) {
    const { id, from, to } = offered
    const sum = {
      symbol: from.symbol,
      type: from.type,
      amount: amountText(BigInt(from.atoms), 8, from.type === 'fiat' ? 2 : 8),
    }
    const fields = {
      from: { asset: sum, source: { type: 'balance' } },
      to: { asset: { symbol: to.symbol, type: to.type }, destination: { type: 'balance' } },
    }
    return client(offered.account, { ...fields, swap_quote_id: id }, fields)
  }
  const [from, to] = pick([...PAIRS, [USD, USDC]] as const, drawn)
  const source =
    from === USD || drawn.below(2) === 0 ? { type: 'balance' } : { type: 'external_wallet', via: viaOf(from) }
  const fields = (amount: string) => ({
    from: { asset: { ...from, amount }, source },
    to: { asset: to, destination: to === USD ? { type: 'balance' } : destination },
  })
  return client(account, fields(pick(AMOUNTS[from.symbol]!, drawn)), fields('0.5'))
}

function viaOf({ symbol }: { readonly symbol: string }): string {
  return RAILS.find((rail) => rail.symbol === symbol)!.via
}

/** An endpoint for money to come in: for a top-up, or for a rule that converts it. */
function inbound(drawn: Draw, n: string, account: string): Call {
  const { via, amount, ...from } = pick(RAILS, drawn)
  if (drawn.below(2) === 0) {
    const request = (more: string) => payward.toppingUp({ asset: { ...from, amount: more }, via }, account)
    return asked(drawn, n, ownerOf(account), 'createDeposit', request(amount), request('7'))
  }
  const to = from.symbol === 'BTC' ? USDC : BTC
  const destination = pick([{ type: 'balance' }, { type: 'external_wallet', wallet_id: `wl-${n}` }], drawn)
  const request = (name: string) =>
    payward.ruling(
      {
        name,
        status: drawn.below(6) === 0 ? 'paused' : 'active',
        from: { asset: from, via },
        to: { asset: to, destination },
      },
      account,
    )
  return asked(drawn, n, ownerOf(account), 'createConversionRule', request('a rule'), request('another rule'))
}

/** To an account, a tag or a user, from an account of the config file or of a user. */
function transfer(drawn: Draw, n: string, account: string, world: World): Call {
  const guests = late(world.rows(UserAccounts)).map(({ id }) => id)
  const users = late(world.rows(Users)).flatMap(({ email }) => email ?? [])
  const from = drawn.below(4) === 0 ? pick([account, ...guests], drawn) : account
  const to = pick(
    [
      ...[second, other, main, ...guests].map((id) => ({ account: id })),
      ...users.map((email) => ({ email })),
      { tag: '@other' },
      { tag: '@nobody' },
    ],
    drawn,
  )
  const asset = pick([BTC, ETH, USD], drawn)
  const request = (amount: string) => payward.transferring({ from: { asset: { ...asset, amount } }, to }, from)
  const amount = pick(AMOUNTS[asset.symbol]!, drawn)
  return asked(drawn, n, ownerOf(from, world), 'createTransfer', request(amount), request('0.11'))
}

/** It takes no key. */
function cancellation(drawn: Draw, world: World): Call {
  const rows = [...world.rows(AccountTransfers)]
  const open = rows.filter(({ status }) => status === 'pending')
  const { id, account } = rows.length === 0 ? { id: 'trf_0', account: main } : pick([...open, ...late(rows)], drawn)
  const request = payward.cancelling(id)
  return {
    client: PARTNERS[ownerOf(account, world) as Partner],
    operation: 'cancelTransfer',
    request,
    key: undefined,
    other: request,
  }
}

/** One `external_reference` is one user: asking for it again changes nothing. */
function user(drawn: Draw, n: string): Call {
  const [partner, client] = pick(Object.entries(PARTNERS), drawn)
  const external_reference = `${partner}-${drawn.below(3) === 0 ? 'regular' : n}`
  const request = (email: string) => payward.createsUser({ email, external_reference })
  const headless: Request = { method: 'POST', path: '/v1/users/headless', body: JSON.stringify({ external_reference }) }
  const bare = drawn.below(3) === 0
  return {
    client,
    operation: bare ? 'createHeadlessUser' : 'createUser',
    request: bare ? headless : request(`${n}@shop.example`),
    other: request(`${n}@other.example`),
    key: undefined,
    settled: true,
  }
}

/** What somebody at Payward, a bank or a market does next; it may be too late for it. */
export function decision(drawn: Draw, world: World): { readonly name: string; readonly fields: object } {
  const of = (name: string, field: string, ids: readonly string[]) =>
    ids.map((id) => ({ name, fields: { [field]: id } }))
  const transfers = late(world.rows(AccountTransfers)).map(({ id }) => id)
  const quotes = late(world.rows(Quotes)).map(({ id }) => id)
  const users = late(world.rows(Users)).map(({ id }) => id)
  const withdrawals = late(world.rows(Withdrawals)).map(({ refId }) => refId)
  const banks = [...world.rows(Inbounds)].filter(({ address }) => address === null)
  const kinds = [
    of('hold-transfer', 'account', Object.keys(TRADERS)),
    of('process-transfer', 'transfer_id', transfers),
    of('fail-transfer', 'transfer_id', transfers),
    of('fail-quote', 'quote_id', quotes),
    of('expire-quote', 'quote_id', quotes),
    of(
      'fail-conversion',
      'conversion_id',
      late(world.rows(Conversions)).map(({ id }) => id),
    ),
    of('verify-user', 'user_id', users),
    of('disable-user', 'user_id', users),
    of('close-user', 'user_id', users),
    of('hold-withdrawal', 'ref_id', withdrawals),
    of('release-withdrawal', 'ref_id', withdrawals),
    late(banks).map(({ id }) => ({ name: 'bank-credit', fields: { inbound_id: id, amount: '620' } })),
    late(banks).map(({ id }) => ({ name: 'bank-credit', fields: { inbound_id: id } })),
  ].filter((choices) => choices.length > 0)
  // Without it no transfer would ever wait.
  const watched = [...world.rows(Watched)].length > 0
  if (!watched && drawn.below(3) === 0) return { name: 'hold-transfer', fields: { account: main } }
  return pick(pick(kinds, drawn), drawn)
}

/** One thing to look at, and how it stands in its table. */
export interface Look {
  readonly id: string
  readonly status: string
  readonly client: Client
  readonly request: Request
  readonly read: (json: any) => string
}

/** Statuses that nothing comes after. */
export const ENDED = /^(executed|expired|failed|completed|cancelled|closed)$/

/** Each quote, conversion, transfer and user, as its owner reads it. */
export function tradeLooks(world: World): Look[] {
  const by = (account: string) => PARTNERS[ownerOf(account, world) as Partner]
  const read = ({ data }: any) => data.status
  return [
    ...[...world.rows(Quotes)].map(({ id, status, account }) => ({
      ...{ id: `payward quote ${id}`, status, client: by(account), request: payward.quoteOf(id, account), read },
    })),
    ...[...world.rows(Conversions)].map(({ id, status, account }) => ({
      ...{ id: `payward conversion ${id}`, status, client: by(account), request: payward.conversionOf(id), read },
    })),
    ...[...world.rows(AccountTransfers)].map(({ id, status, account }) => ({
      ...{ id: `payward transfer ${id}`, status, client: by(account), request: payward.transferOf(id), read },
    })),
    ...[...world.rows(Users)].map(({ id, state, partner }) => ({
      ...{ id: `payward user ${id}`, status: state, client: PARTNERS[partner as Partner], request: payward.userOf(id) },
      read: ({ data }: any) => data.status.state,
    })),
  ]
}

/** Top-ups cannot be looked at by their owners. */
export function topUps(world: World): [string, string][] {
  return [...world.rows(TopUps)].map(({ id, status }) => [`payward top-up ${id}`, status])
}

/** Whatever has come to its end has moved what it says, once, and whatever has not holds its money. */
export function expectTraded(world: World): void {
  const due = new Map<string, bigint>()
  const owe = (
    map: Map<string, bigint>,
    what: string,
    account: string,
    { symbol }: { symbol: string },
    atoms: bigint,
  ) => {
    const key = `${what} ${account} ${symbol}`
    const sum = (map.get(key) ?? 0n) + atoms
    if (sum === 0n) map.delete(key)
    else map.set(key, sum)
  }
  const holds: string[] = []
  const used = new Set<string>()
  for (const { id, account, status, terms, quote, sentTo, wanted } of world.rows(Conversions)) {
    if (quote !== null) {
      expect(used.has(quote), `${quote} is used up once`).toBe(false)
      used.add(quote)
    }
    if (status === 'converting') holds.push(`payward/other/${id}`)
    if (!terms) continue
    owe(due, 'conversion', account, terms.from, -BigInt(terms.from.atoms))
    owe(due, 'conversion', account, terms.to, BigInt(terms.to.atoms))
    if (sentTo && status !== 'failed') owe(due, 'conversion_payout', account, wanted, -BigInt(wanted.atoms))
  }
  for (const { id, account, status, from, to } of world.rows(Quotes)) {
    if (status === 'executing') holds.push(`payward/quote/${id}`)
    if (status !== 'executed' || used.has(id)) continue
    owe(due, 'quote', account, from, -BigInt(from.atoms))
    owe(due, 'quote', account, to, BigInt(to.atoms))
  }
  for (const row of world.rows(AccountTransfers)) {
    if (row.status === 'pending' || row.status === 'processing') holds.push(`payward/transfer/${row.id}`)
    if (row.status !== 'completed') continue
    owe(due, 'transfer', row.account, row, -BigInt(row.atoms))
    owe(due, 'transfer', row.recipient, row, BigInt(row.atoms))
  }
  for (const row of world.rows(Withdrawals)) {
    if (!isOver(row)) holds.push(`payward/withdrawal/${row.id}`)
    if (row.status !== 'success') continue
    const { symbol } = METHODS.find(({ id }) => id === row.method)!
    owe(due, 'withdrawal', row.account, { symbol }, -BigInt(row.atoms) - BigInt(row.fee))
  }
  for (const row of world.rows(Payouts)) {
    const status = statusOf(row)
    if (status === 'pending') holds.push(`zopay.payout:${row.id}`)
    // What fails after it was sent comes back.
    if (status === 'broadcast' || status === 'delivered')
      owe(due, 'payout', row.org, { symbol: `${row.asset} ${row.from}` }, -BigInt(row.atoms))
  }

  const moved = new Map<string, bigint>()
  const credited = new Map<string, number>()
  for (const { balance, kind, atoms, cause } of world.list(Movements, 'all', '')) {
    const [provider, account, , currency, network] = JSON.parse(balance)
    const [what] = /^(conversion_payout|conversion|quote|transfer|withdrawal|payout)(?=_|$)/.exec(kind) ?? []
    if (what && (provider === 'payward' || provider === 'zopay'))
      owe(moved, what, account, { symbol: provider === 'zopay' ? `${currency} ${network}` : currency }, BigInt(atoms))
    if (cause.deposit !== null && kind.startsWith('deposit'))
      credited.set(`${cause.deposit} ${kind}`, (credited.get(`${cause.deposit} ${kind}`) ?? 0) + 1)
  }
  expect(new Map([...moved].sort()), 'what has ended has moved what it says').toEqual(new Map([...due].sort()))
  expect(
    [...credited].filter(([, times]) => times > 1),
    'what arrived is credited once',
  ).toEqual([])
  const uncredited = [...world.rows(InboundDeposits)].filter(
    (row) => row.credited && !credited.has(`${row.id} deposit`),
  )
  expect(uncredited, 'what arrived at an endpoint is credited').toEqual([])

  const held = [...world.entries()].flatMap(([table, key]) =>
    table === 'holds' && /^(payward\/|zopay\.)/.test(key) ? [key] : [],
  )
  expect(held.sort(), 'what is under way holds its money, and nothing else does').toEqual(holds.sort())
}
