// The calls that convert, and that look at conversions.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { partnerOf } from './accounts.ts'
import { checkSwap } from './asset-states.ts'
import { destinationAsked, DestinationInput, destinationShown, wrong } from './conversion-rules.ts'
import {
  CONVERSION_STATUSES,
  type ConversionRow,
  Conversions,
  convert,
  makeConversion,
  marketTerms,
  Side,
  walletOf,
} from './conversions.ts'
import { checkRail, Inbounds, inboundShown, makeInbound } from './inbounds.ts'
import { end, Quotes } from './quotes.ts'
import { findAsset } from './methods.ts'
import { amountIn, assetOf, rateShown, type Sum, sumShown, type Terms } from './terms.ts'
import { ok, type PaywardCall, time } from './wire.ts'

const Input = z.object({
  from: z.object({
    asset: Side,
    source: z.object({ type: z.enum(['balance', 'external_wallet']), via: z.string().optional() }),
  }),
  to: z.object({ asset: Side.omit({ amount: true }), destination: DestinationInput }),
  swap_quote_id: z.string().optional(),
  transaction_id: z.string().optional(),
})

export function createConversion(call: PaywardCall, world: World): Answer {
  const account = call.params.account_id!
  const input = Input.parse(call.content.kind === 'json' ? call.content.value : {})
  const { from, to, swap_quote_id: quote = null, transaction_id: transaction = null } = input
  const { type: source, via } = from.source
  const { amount } = from.asset
  // rule: payward.conversions.order
  const asset = findAsset(from.asset.symbol, from.asset.type, call, world)
  const other = findAsset(to.asset.symbol, to.asset.type, call, world)
  if (asset === other) throw wrong('to', 'must be another asset than from')
  checkSwap(asset, other, world)
  if (source === 'balance' && amount === undefined) throw wrong('from.asset.amount', 'is required')
  if (source === 'external_wallet') checkRail(asset, via ?? '', world)
  if (source === 'external_wallet' && asset.type === 'fiat') throw wrong('from.source', 'a wallet holds no fiat')
  const atoms = amount === undefined ? 0n : amountIn(asset, amount, 'from.asset.amount')
  const given = { symbol: asset.symbol, type: asset.type, atoms: atoms.toString() }
  const wanted = { symbol: other.symbol, type: other.type, atoms: '0' }
  const destination = destinationAsked(to.destination, account, wanted, world)
  const locked = quote === null ? undefined : useQuote(quote, { account, given, wanted, source }, world)

  const status = 'pending_deposit'
  const common = { account, status, source, rule: null, given, wanted, quote, destination, transaction } as const
  const row = makeConversion({ ...common, depositTxid: null }, world)
  call.concerns(`conversion:${row.id}`)
  if (source === 'external_wallet') {
    makeInbound(account, asset, via!, { purpose: 'conversion', owner: row.id }, world)
    return ok(conversionShown(row, world))
  }
  // rule: payward.conversions.balance
  return ok(conversionShown(convert(row, locked ?? marketTerms(row, world), world), world))
}

/** The terms of a quote that is used up by this; what arrives from a wallet may be of any amount unless the call has said one. */
// rule: payward.conversions.quote, rule: payward.conversions.quote-wallet
function useQuote(
  id: string,
  { account, given, wanted, source }: Pick<ConversionRow, 'account' | 'given' | 'wanted' | 'source'>,
  world: World,
): Terms {
  const quote = world.get(Quotes, id)
  if (!quote || quote.account !== account) throw new Refusal('QuoteNotFound')
  const { from, to, status, expiresAt } = quote
  const same = (one: Sum, two: Sum) => one.symbol === two.symbol && one.type === two.type
  const open = given.atoms === '0'
  if (!same(from, given) || !same(to, wanted) || (!open && from.atoms !== given.atoms))
    throw wrong('swap_quote_id', 'the quote is for another conversion')
  if (status === 'executing' || status === 'executed') throw new Refusal('QuoteAlreadyAccepted')
  if (status === 'failed') throw new Refusal('QuoteExecutionFailed')
  if (status === 'expired' || world.now >= expiresAt) throw new Refusal('QuoteExpired')
  // Nothing is paid yet where the money is still to come.
  const executedAt = source === 'balance' ? world.now : null
  const { fee, base, price } = end({ ...quote, executedAt }, 'executed', null, world)
  return { from, to, fee, base, price }
}

export function getConversion(call: PaywardCall, world: World): Answer {
  const row = world.get(Conversions, call.params.conversion_id!)
  // rule: payward.conversions.unknown
  if (!row || partnerOf(row.account, world) !== call.caller.partner) throw new Refusal('ConversionNotFound')
  return ok(conversionShown(row, world))
}

const Filter = z.object({
  conversion_rule_id: z.string().optional(),
  status: z.enum(CONVERSION_STATUSES).optional(),
})

// rule: payward.conversions.list
export function listConversions(call: PaywardCall, world: World): Answer {
  const { conversion_rule_id, status } = Filter.parse(call.queryValues)
  const rows = world
    .list(Conversions, 'byAccount', call.params.account_id!, { descending: true })
    .filter((row) => status === undefined || row.status === status)
    .filter((row) => conversion_rule_id === undefined || row.rule === conversion_rule_id)
  return ok(rows.map((row) => conversionShown(row, world)))
}

// rule: payward.conversions.item
export function conversionShown(row: ConversionRow, world: World) {
  const { id, account, given, wanted, destination, terms, quote, depositTxid, withdrawTxid } = row
  const inbound = world.first(Inbounds, 'byOwner', row.rule ?? id)
  const wallet = destination.type === 'external_wallet' ? (row.sentTo ?? sendingTo(row, world)) : undefined
  const chain = {
    ...(depositTxid !== null && { deposit_txid: depositTxid }),
    ...(withdrawTxid !== null && { withdraw_txid: withdrawTxid }),
  }
  const used = quote === null ? undefined : world.get(Quotes, quote)
  return {
    id,
    status: row.status,
    ...(row.rule !== null && { conversion_rule_id: row.rule }),
    from: {
      account,
      asset: shown(given, world),
      source: {
        type: row.source,
        ...(inbound && { via: inbound.via, id: inbound.id }),
        ...(inbound?.address && { address: inbound.address }),
      },
    },
    to: {
      asset: shown(wanted, world),
      destination: {
        ...destinationShown(destination),
        ...wallet,
      },
    },
    ...(terms && { fees: { trade: sumShown(terms.fee, world) } }),
    ...(used && { swap_quote: { id: used.id, status: used.status, rate: rateShown(used) } }),
    ...(inbound && row.rule === null && { inbound: inboundShown(inbound, null, world) }),
    ...(Object.keys(chain).length > 0 && { chain_references: chain }),
    created_at: time(row.createdAt),
    updated_at: time(row.updatedAt),
    ...(row.transaction !== null && { transaction_id: row.transaction }),
  }
}

function sendingTo(row: ConversionRow, world: World) {
  const wallet = walletOf(row, world)
  return wallet && { via: wallet.method.network.toLowerCase(), address: wallet.address }
}

function shown(sum: Sum, world: World) {
  if (sum.atoms !== '0') return sumShown(sum, world)
  const { symbol, name, type } = assetOf(sum)
  return { symbol, name, type }
}
