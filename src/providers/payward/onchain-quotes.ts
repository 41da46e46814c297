// On-chain quotes: a price at which the user's own wallet swaps an xStock and USDC on Ethereum. The wallet pays and receives; no balance here moves.
import { z } from 'zod'
import { type Answer, type Reaction, Refusal } from '../../provider.ts'
import { rescaled } from '../../text/decimals.ts'
import { txid as drawTxid } from '../../world/chain.ts'
import { Timers } from '../../world/clock.ts'
import { nextBlockAt, NETWORKS as CHAINS } from '../../world/networks.ts'
import { Count, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { checkSwap } from './asset-states.ts'
import { type Asset, ASSET_TYPES, DECIMALS, METHODS, NETWORKS, type Settings, XSTOCK_TOKENS } from './catalogue.ts'
import { findAsset } from './methods.ts'
import { type Paging, readToken, writeToken } from './pages.ts'
import { priceIn } from './prices.ts'
import { amountIn, type Sum, SumSchema, sumShown } from './terms.ts'
import { lockOf, userOf } from './users.ts'
import { tell } from './webhooks.ts'
import { moment, ok, page, type PaywardCall, time } from './wire.ts'
import { SavedAddresses } from './withdrawal-addresses.ts'

/** There is a `pending` too, before the message is ready; here it is ready at once. */
export const ONCHAIN_STATUSES = ['offered', 'executing', 'executed', 'expired', 'failed'] as const
type OnchainStatus = (typeof ONCHAIN_STATUSES)[number]

export interface OnchainQuoteRow {
  readonly id: string
  readonly seq: number
  readonly account: string
  readonly status: OnchainStatus
  readonly from: Sum
  readonly to: Sum
  /** The address that pays, as the call wrote it. */
  readonly wallet: string
  /** Of the wallet's transaction; null until it is seen. */
  readonly txid: string | null
  /** World ms. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly endedAt: number | null
  /** Why it did not come to anything. */
  readonly reason: string | null
  /** The timer of its next step. */
  readonly timer: string | null
}

export const OnchainQuotes: Table<OnchainQuoteRow> = {
  name: 'payward.onchain_quotes',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    status: oneOf(ONCHAIN_STATUSES),
    from: SumSchema,
    to: SumSchema,
    wallet: Text,
    txid: Text.nullable(),
    createdAt: Moment,
    expiresAt: Moment,
    endedAt: Moment.nullable(),
    reason: Text.nullable(),
    timer: Text.nullable(),
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: { byAccount: { group: (row) => row.account, order: (row) => row.seq } },
}

const ETHEREUM = 'Ethereum'
const USDC = METHODS.find(({ symbol, network }) => symbol === 'USDC' && network === ETHEREUM)!
/** Decimals of the tokens on Ethereum. */
const TOKEN_DECIMALS = { stablecoin: 6, xstock: 18 }

const Side = z.object({ symbol: z.string(), type: z.enum(ASSET_TYPES), amount: z.string().optional() })
const Input = z.object({
  from: Side.extend({ wallet: z.object({ address: z.string(), network: z.string() }) }),
  to: Side,
})

export function createOnchainQuote(call: PaywardCall, world: World): Answer {
  const account = call.params.account_id!
  const input = Input.parse(call.content.kind === 'json' ? call.content.value : {})
  const { wallet } = input.from
  const { from, to } = sumsAsked(call, input, world)
  // rule: payward.users.locked
  const lock = lockOf(account, true, world)
  if (lock) throw lock

  const seq = world.next('payward.onchain-quotes')
  const draw = world.draw('payward onchain quote', seq)
  const id = `XQ${draw.base32(12)}`
  // rule: payward.onchain.ttl
  const expiresAt = world.now + world.settings<Settings>('payward').onchainQuoteSeconds * 1000
  const { id: timer } = world.clock.schedule({
    at: expiresAt,
    provider: 'payward',
    kind: 'window',
    reaction: EXPIRE,
    args: id,
    summary: `on-chain quote ${id} expires`,
  })
  const row: OnchainQuoteRow = world.put(OnchainQuotes, {
    ...{ id, seq, account, from, to, timer },
    status: 'offered',
    wallet: wallet.address,
    txid: null,
    createdAt: world.now,
    expiresAt,
    endedAt: null,
    reason: null,
  })
  call.concerns(objectOf(row))
  // rule: payward.onchain.answer
  return ok({ ...onchainShown(row, world), execution_details: messageOf(row, draw, world) })
}

// rule: payward.onchain.order
function sumsAsked(call: PaywardCall, { from, to }: z.output<typeof Input>, world: World): { from: Sum; to: Sum } {
  const { wallet } = from
  if ((from.amount === undefined) === (to.amount === undefined))
    throw new Refusal('invalid_request', {
      detail: 'from.amount: exactly one of from.amount and to.amount must be given',
      data: { field: 'from.amount' },
    })
  // rule: payward.onchain.pairs
  const sides = [from, to]
  const isPair =
    sides.some(({ type }) => type === 'xstock') &&
    sides.some(({ symbol, type }) => symbol === USDC.symbol && type === USDC.type)
  if (!isPair || wallet.network !== 'ethereum')
    throw new Refusal('UnsupportedPair', {}, 'an xStock and USDC (stablecoin), from a wallet on the network ethereum')
  // rule: payward.onchain.wallet
  if (!isApproved(wallet.address, call, world))
    throw new Refusal('WalletNotApproved', {}, 'save the address as a withdrawal address on Ethereum first')
  const [spent, received] = sides.map(({ symbol, type }) => findAsset(symbol, type, call, world)) as [Asset, Asset]
  checkSwap(spent, received, world)
  const fixed = from.amount === undefined ? received : spent
  const atoms = amountIn(
    fixed,
    (from.amount ?? to.amount)!,
    fixed === spent ? 'from.amount' : 'to.amount',
    placesOf(fixed),
  )
  return quoted(spent, received, fixed, atoms, world)
}

/** What the other side comes to at the price of now: rounded down where it is received, up where it is spent. */
// rule: payward.onchain.price
function quoted(spent: Asset, received: Asset, fixed: Asset, atoms: bigint, world: World): { from: Sum; to: Sum } {
  const other = fixed === spent ? received : spent
  const { numerator, denominator } = priceIn(fixed, other, world)
  const unit = 10n ** BigInt(DECIMALS - placesOf(other))
  const by = denominator * unit
  const result = ((atoms * numerator + (other === spent ? by - 1n : 0n)) / by) * unit
  // rule: payward.quotes.quantity
  if (result === 0n) throw new Refusal('QuantityTooSmall')
  const most = 10n ** 9n * 10n ** BigInt(DECIMALS)
  if (atoms > most || result > most) throw new Refusal('QuantityTooLarge')
  const sum = (asset: Asset): Sum => ({
    symbol: asset.symbol,
    type: asset.type,
    atoms: (asset === fixed ? atoms : result).toString(),
  })
  return { from: sum(spent), to: sum(received) }
}

/** Places that both the token and an amount here have. */
function placesOf({ type }: Pick<Asset, 'type'>): number {
  return Math.min(DECIMALS, TOKEN_DECIMALS[type as keyof typeof TOKEN_DECIMALS])
}

function isApproved(wallet: string, call: PaywardCall, world: World): boolean {
  const wide = world.assumes('payward.withdrawals.key-scope') === 'partner'
  return world
    .list(SavedAddresses, wide ? 'byPartner' : 'byAccount', wide ? call.caller.partner : call.params.account_id!)
    .some(
      ({ method, address }) =>
        METHODS.find(({ id }) => id === method)!.network === ETHEREUM && address.toLowerCase() === wallet.toLowerCase(),
    )
}

/** What the wallet is to sign and send. */
// rule: payward.onchain.message
function messageOf({ from, to, wallet, expiresAt }: OnchainQuoteRow, draw: ReturnType<World['draw']>, world: World) {
  const proxy = world.address({ chain: CHAINS.ethereum.chain, name: ['payward', 'onchain-proxy'] })
  const transfer = (sum: Sum, sender: string, recipient: string) => ({
    from: sender,
    to: recipient,
    token: sum.type === 'xstock' ? XSTOCK_TOKENS[sum.symbol]! : USDC.contract!,
    amount: rescaled(BigInt(sum.atoms), DECIMALS, TOKEN_DECIMALS[sum.type as keyof typeof TOKEN_DECIMALS]).toString(),
  })
  return {
    chain_id: '1',
    proxy_address: proxy,
    proxy_swap_message: {
      atomic_message: {
        quote_id: `0x${draw.hex(32)}`,
        expiration: Math.floor(expiresAt / 1000),
        incoming_transfer: transfer(from, wallet, proxy),
        outgoing_transfer: transfer(to, proxy, wallet),
      },
      atomic_signature: `0x${draw.hex(65)}`,
      signature: `0x${draw.hex(65)}`,
      client_address: wallet,
    },
  }
}

export function getOnchainQuote(call: PaywardCall, world: World): Answer {
  const row = world.get(OnchainQuotes, call.params.quote_id!)
  // rule: payward.onchain.unknown
  if (!row || row.account !== call.params.account_id) throw new Refusal('QuoteNotFound')
  return ok(onchainShown(row, world))
}

const PAGING: Paging = { label: 'onchain', prefix: '', field: 'page_token' }
const Filter = z.object({ page_size: z.number().default(20), page_token: z.string().optional() })

// rule: payward.onchain.list
export function listOnchainQuotes(call: PaywardCall, world: World): Answer {
  const { page_size: size, page_token } = Filter.parse(call.queryValues)
  const order = readToken(PAGING, page_token) ?? Infinity
  const window = { descending: true, after: { order, key: '' }, limit: size + 1 }
  const found = world.list(OnchainQuotes, 'byAccount', call.params.account_id!, window)
  const shown = found.slice(0, size)
  return page(
    shown.map((row) => onchainShown(row, world)),
    found.length > size ? writeToken(PAGING, shown.at(-1)!.seq) : null,
  )
}

// rule: payward.onchain.item
export function onchainShown({ id, status, expiresAt, from, to }: OnchainQuoteRow, world: World) {
  return { id, status, expires_at: time(expiresAt), from: sumShown(from, world), to: sumShown(to, world) }
}

const EXPIRE = 'payward.onchain-quote-expires'
const EXECUTE = 'payward.onchain-quote-executes'
const REVERT = 'payward.onchain-quote-reverts'

/** The wallet's transaction is seen. It counts once it has the confirmations of a deposit; that it was reverted shows in its block. */
// rule: payward.onchain.states
export function walletExecutes(before: OnchainQuoteRow, reverts: boolean, world: World): OnchainQuoteRow {
  if (before.timer !== null) world.clock.cancel(before.timer)
  const { id, seq } = before
  const more = reverts ? 0 : Number(NETWORKS[ETHEREUM]!.confirmations) - 1
  const { id: timer } = world.clock.schedule({
    at: nextBlockAt('ethereum', world.now) + more * CHAINS.ethereum.blockMs,
    provider: 'payward',
    kind: 'confirmation',
    reaction: reverts ? REVERT : EXECUTE,
    args: id,
    summary: `on-chain quote ${id} is ${reverts ? 'reverted' : 'executed'}`,
  })
  const txid = drawTxid('ethereum', world.draw('payward onchain transaction', seq))
  return world.put(OnchainQuotes, { ...before, status: 'executing', txid, timer })
}

export const onchainReactions: Readonly<Record<string, Reaction>> = {
  [EXPIRE]: {
    table: OnchainQuotes,
    run: (id: string, world: World) => `on-chain quote ${end(id, 'expired', null, world).id} expires`,
  },
  [EXECUTE]: {
    table: OnchainQuotes,
    run: (id: string, world: World) => `on-chain quote ${end(id, 'executed', null, world).id} is executed`,
  },
  [REVERT]: {
    table: OnchainQuotes,
    run: (id: string, world: World) => {
      const { reason } = end(id, 'failed', 'the transaction was reverted', world)
      return `on-chain quote ${id} has failed: ${reason}`
    },
  },
}

function end(id: string, status: 'expired' | 'executed' | 'failed', reason: string | null, world: World) {
  const before = world.get(OnchainQuotes, id)!
  const row: OnchainQuoteRow = world.put(OnchainQuotes, {
    ...before,
    status,
    reason,
    endedAt: world.now,
    timer: null,
  })
  if (status !== 'expired') announce(row, world)
  return row
}

function objectOf({ id }: OnchainQuoteRow): string {
  return `onchain-quote:${id}`
}

// rule: payward.webhooks.onchain-data
function announce(row: OnchainQuoteRow, world: World): void {
  const { account, status, reason, txid } = row
  const { id: quote_id, from, to } = onchainShown(row, world)
  const [event, field] =
    status === 'executed' ? ['quote.executed', 'executed_at'] : ['quote.execution_failed', 'failed_at']
  tell(
    { event, account, object: objectOf(row) },
    {
      user_id: userOf(account, world)?.id ?? null,
      account_id: account,
      quote_id,
      status,
      from,
      to,
      txid,
      [field]: moment(world.now),
      ...(reason !== null && { reason }),
    },
    world,
  )
}
