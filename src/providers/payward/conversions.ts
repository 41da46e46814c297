// Conversions: one asset becomes another, out of the balance at once, or out of what arrives at an address; and it stays there, or goes to a wallet.
import { z } from 'zod'
import { type Reaction, Refusal, type WithdrawalRules } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { Timers } from '../../world/clock.ts'
import { NETWORKS as CHAINS } from '../../world/networks.ts'
import { Count, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { broadcastNow, requestWithdrawal } from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { checkSwap } from './asset-states.ts'
import { ASSET_TYPES, DECIMALS, type Method, METHODS, NETWORKS } from './catalogue.ts'
import { book, letGo, setAside } from './ledger.ts'
import { bookingsOf, Quotes } from './quotes.ts'
import { covered } from './refused.ts'
import { SavedAddresses } from './withdrawal-addresses.ts'
import { assetOf, scaled, type Sum, SumSchema, type Terms, TermsFields, termsOf } from './terms.ts'

export const CONVERSION_STATUSES = ['pending_deposit', 'converting', 'settling', 'completed', 'failed'] as const
export type ConversionStatus = (typeof CONVERSION_STATUSES)[number]

export interface Destination {
  readonly type: 'balance' | 'external_wallet'
  readonly wallet: string | null
  readonly user: string | null
}

export const DestinationSchema = z.strictObject(
  { type: oneOf(['balance', 'external_wallet']), wallet: Text.nullable(), user: Text.nullable() },
  { error: 'expected a destination' },
)

export interface ConversionRow {
  readonly id: string
  readonly seq: number
  readonly account: string
  readonly status: ConversionStatus
  readonly source: 'balance' | 'external_wallet'
  /** The rule that it comes of. */
  readonly rule: string | null
  /** What is or was to be converted; `atoms` 0: whatever arrives. */
  readonly given: Sum
  /** What it becomes; `atoms` 0 until then. */
  readonly wanted: Sum
  readonly terms: Terms | null
  readonly quote: string | null
  readonly destination: Destination
  readonly transaction: string | null
  readonly depositTxid: string | null
  readonly withdrawTxid: string | null
  /** Where what comes of it went. */
  readonly sentTo: { readonly via: string; readonly address: string } | null
  /** World ms. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly timer: string | null
}

const terms = z.strictObject(TermsFields, { error: 'expected the terms of a conversion' })

export const Conversions: Table<ConversionRow> = {
  name: 'payward.conversions',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    status: oneOf(CONVERSION_STATUSES),
    source: oneOf(['balance', 'external_wallet']),
    rule: Text.nullable(),
    given: SumSchema,
    wanted: SumSchema,
    terms: terms.nullable(),
    quote: Text.nullable(),
    destination: DestinationSchema,
    transaction: Text.nullable(),
    depositTxid: Text.nullable(),
    withdrawTxid: Text.nullable(),
    sentTo: z.strictObject({ via: Text, address: Text }, { error: 'expected a way and an address' }).nullable(),
    createdAt: Moment,
    updatedAt: Moment,
    timer: Text.nullable(),
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: { byAccount: { group: (row) => row.account, order: (row) => row.seq } },
}

/** No page says what a conversion costs: hundredths of a per cent. */
// rule: payward.conversions.fee
const FEE_BPS = 10
const CONVERT = 'payward.conversion-converts'
const CONVERTING_MS = 2000

export type NewConversion = Pick<
  ConversionRow,
  | 'account'
  | 'status'
  | 'source'
  | 'rule'
  | 'given'
  | 'wanted'
  | 'quote'
  | 'destination'
  | 'transaction'
  | 'depositTxid'
>

/** Only inside a change. */
export function makeConversion(fields: NewConversion, world: World): ConversionRow {
  const seq = world.next('payward.conversions')
  return world.put(Conversions, {
    ...fields,
    id: `conv_${world.draw('payward conversion', seq).base32(20)}`,
    seq,
    terms: null,
    withdrawTxid: null,
    sentTo: null,
    createdAt: world.now,
    updatedAt: world.now,
    timer: null,
  })
}

/** What this much comes to now. Refuses what comes to nothing. */
export function marketTerms({ given, wanted }: Pick<ConversionRow, 'given' | 'wanted'>, world: World): Terms {
  const [from, to] = [assetOf(given), assetOf(wanted)]
  return termsOf({ from, to, fixed: 'from', atoms: BigInt(given.atoms), bps: FEE_BPS }, world)
}

/** What has arrived comes to this, at the price of its quote if it has one. Refuses what comes to nothing. */
// rule: payward.conversions.quote-wallet
function termsNow(row: ConversionRow, world: World): Terms {
  const quote = row.quote === null ? undefined : world.get(Quotes, row.quote)
  if (!quote) return marketTerms(row, world)
  const { from, to, fee, base, price } = quote
  return scaled({ from, to, fee, base, price }, BigInt(row.given.atoms))
}

/** Converts on these terms, and sends what comes of it where it is to go. Refuses where the account has less. Only inside a change. */
// rule: payward.conversions.postings
export function convert(before: ConversionRow, on: Terms, world: World): ConversionRow {
  const { id, account, destination } = before
  covered(() => {
    for (const booking of bookingsOf({ ...on, account }, 'conversion', id)) {
      const fee = booking.kind === 'conversion_fee'
      book({ ...booking, against: fee ? 'fees' : booking.against }, world)
    }
  }, world)
  const row = change(before, { terms: on, wanted: on.to, given: on.from }, world)
  if (destination.type === 'balance') return change(row, { status: 'completed' }, world)
  return payOut(row, world)
}

function payOut(row: ConversionRow, world: World): ConversionRow {
  const { id, account, wanted, source } = row
  const atoms = BigInt(wanted.atoms)
  const wallet = walletOf(row, world)
  if (!wallet) return change(row, { status: 'completed' }, world)
  const { address, tag, method } = wallet
  const network = NETWORKS[method.network]!
  const outgoing = requestWithdrawal(
    {
      provider: 'payward',
      account,
      asset: {
        currency: wanted.symbol,
        network: method.network,
        on: network.on,
        decimals: DECIMALS,
        threshold: Number(network.confirmations),
      },
      coin: wanted.symbol,
      reference: id,
      from: world.address({ chain: CHAINS[network.on].chain, name: ['payward', 'hot', method.network] }),
      address,
      tag,
      atoms,
      fee: '0',
      feeCurrency: wanted.symbol,
      fate: undefined,
    },
    world,
  )
  book(
    { account, asset: wanted, atoms: -atoms, against: 'outside', kind: 'conversion_payout', withdrawal: outgoing.id },
    world,
  )
  const { txid } = broadcastNow(outgoing, world)
  return change(
    row,
    {
      withdrawTxid: txid,
      sentTo: { via: method.network.toLowerCase(), address },
      status: source === 'balance' ? 'completed' : 'settling',
    },
    world,
  )
}

/** Where the wallet of a destination is: a saved address by its key, and any other text names a wallet too. */
// rule: payward.conversions.wallets
export function walletOf(
  { account, wanted, destination }: Pick<ConversionRow, 'account' | 'wanted' | 'destination'>,
  world: World,
): { readonly method: Method; readonly address: string; readonly tag: string | null } | undefined {
  const methods = METHODS.filter(({ symbol, type }) => symbol === wanted.symbol && type === wanted.type)
  const { wallet } = destination
  if (wallet === null) return undefined
  const saved = world.first(SavedAddresses, 'byKey', JSON.stringify([account, wallet]))
  const known = saved && methods.find(({ id }) => id === saved.method)
  if (saved && known) return { method: known, address: saved.address, tag: saved.tag }
  const method = methods.find(({ network }) => NETWORKS[network]!.tagDigits === undefined)
  if (!method) return undefined
  const { chain } = CHAINS[NETWORKS[method.network]!.on]
  return { method, address: world.address({ chain, name: ['payward', 'wallet', wallet] }), tag: null }
}

/** Money has arrived for it: two seconds, in which it is set aside, and then it is converted. Only inside a change. */
export function beginConverting(before: ConversionRow, given: Sum, depositTxid: string | null, world: World): string {
  const { id, account } = before
  setAside({ kind: 'other', id, account, asset: given, atoms: BigInt(given.atoms) }, world)
  const { id: timer } = world.clock.schedule({
    at: world.now + CONVERTING_MS,
    provider: 'payward',
    kind: 'confirmation',
    reaction: CONVERT,
    args: id,
    summary: `conversion ${id} converts`,
  })
  change(before, { given, depositTxid, status: 'converting', timer }, world)
  return `conversion ${id} is converting`
}

export const conversionReactions: Readonly<Record<string, Reaction>> = {
  // rule: payward.conversions.states
  [CONVERT]: {
    table: Conversions,
    run: (id: string, world: World) => {
      const row = world.get(Conversions, id)!
      letGo('other', id, world)
      try {
        // rule: payward.conversions.disabled
        checkSwap(row.given, row.wanted, world)
        const { status } = convert({ ...row, timer: null }, termsNow(row, world), world)
        return `conversion ${id} is ${status}`
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return `conversion ${change(row, { status: 'failed', timer: null }, world).id} has failed: ${error.name}`
      }
    },
  },
}

/** The market does not take it: the money stays in the balance. Only inside a change. */
export function failConversion(row: ConversionRow, world: World): ConversionRow {
  if (row.timer !== null) world.clock.cancel(row.timer)
  if (row.status === 'converting') letGo('other', row.id, world)
  return change(row, { status: 'failed', timer: null }, world)
}

/** A step of what a conversion has paid out to a wallet. */
export const onPayout: WithdrawalRules['onStep'] = (step, { id: withdrawal, reference, atoms, txid }, world) => {
  const row = world.get(Conversions, reference)!
  if (step === 'broadcast') change(row, { withdrawTxid: txid }, world)
  if (step === 'confirmed' && row.status === 'settling') change(row, { status: 'completed' }, world)
  if (step === 'broadcast' || step === 'mined' || step === 'confirmed') return `conversion ${row.id}: payout ${step}`
  // rule: payward.conversions.payout-lost
  const { account, wanted } = row
  const kind = 'conversion_payout_returned'
  book({ account, asset: wanted, atoms: BigInt(atoms), against: 'outside', kind, withdrawal }, world)
  change(row, { status: 'failed' }, world)
  return `conversion ${row.id} has failed: ${amountText(BigInt(atoms), DECIMALS)} ${wanted.symbol} are back in the balance`
}

function change(before: ConversionRow, fields: Partial<ConversionRow>, world: World): ConversionRow {
  return world.put(Conversions, { ...before, ...fields, updatedAt: world.now })
}

export const Side = z.object({ symbol: z.string(), type: z.enum(ASSET_TYPES), amount: z.string().optional() })
