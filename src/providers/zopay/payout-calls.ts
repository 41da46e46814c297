// Payouts as calls: the execution of a quote, and what a payout is read as.
import { type Answer, Refusal } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { hold, InsufficientFunds } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { executeCanned, readCanned } from './canned.ts'
import { DECIMALS } from './catalogue.ts'
import { purseOf } from './money.ts'
import { begin, holdOf, type PayoutRow, Payouts, statusOf } from './payouts.ts'
import { dollars, isCanned, type QuoteRow, Quotes, termsOf, told } from './quotes.ts'
import { Transactions } from './tables.ts'
import { ok, time, type ZopayCall } from './wire.ts'

export const EXPIRED_STATUS = 'zopay.payouts.expired-status'
export const UNCOVERED = 'zopay.payouts.uncovered'
export const DETAIL = 'zopay.payouts.detail'
export const FINAL_AMOUNTS = 'zopay.payouts.final-amounts'
export const TRACKING_URL = 'zopay.payouts.tracking-url'

// rule: zopay.payouts.execution-order
export function createPayout(call: ZopayCall, world: World): Answer {
  const { quote_id: quoteId } = (call.content as { value: { quote_id: string } }).value
  const quote = world.get(Quotes, quoteId)
  const { org, livemode } = call.caller
  // rule: zopay.payouts.quote-foreign
  if (!quote || quote.org !== org || quote.livemode !== livemode) throw new Refusal('quote_not_found')
  // rule: zopay.payouts.single-use
  if (quote.usedBy !== null) throw new Refusal('quote_already_used')
  // rule: zopay.payouts.quote-expiry, rule: zopay.payouts.expired-status
  if (world.now >= quote.expiresAt)
    throw new Refusal(world.assumes(EXPIRED_STATUS) === '410' ? 'quote_expired_gone' : 'quote_expired')
  if (isCanned(call.caller, world)) return executed(executeCanned(quote, trackingUrl, world), quote)
  const { row, covered } = make(call, quote, world)
  call.concerns(row.id)
  // rule: zopay.payouts.uncovered
  begin(row, covered ? call.fate : UNCOVERED_FATE, world)
  return executed(row, quote)
}

/** What becomes of a payout that the balance does not cover, where it is accepted all the same. */
const UNCOVERED_FATE = { outcome: 'failed', stage: 'before', afterMs: null, reason: 'insufficient funds' } as const

/** Takes the money, and notes the payout down. */
// rule: zopay.payouts.hold
function make(call: ZopayCall, quote: QuoteRow, world: World): { row: PayoutRow; covered: boolean } {
  const id = `pay_${world.draw('zopay', 'payout', quote.quoteId).base32(26).toLowerCase()}`
  const covered = held(id, quote, world)
  const { org, livemode, externalRef, asset, from, to, destination, atoms, seconds } = quote
  const transaction = world.put(Transactions, {
    id: world.draw('zopay', 'transaction', 'payout', id).uuid(),
    seq: world.next('zopay.transactions'),
    org,
    livemode,
    externalRef,
    type: 'payout',
    status: 'pending',
    asset,
    network: from,
    amount: told(BigInt(atoms), asset),
    address: destination,
    txHash: null,
    intent: null,
    createdAt: world.now,
    confirmedAt: null,
  })
  world.put(Quotes, { ...quote, usedBy: id })
  call.note('payout', `${from === to ? 'native' : 'over the bridge'}, from ${from} to ${to}`)
  const row = world.put(Payouts, {
    id,
    org,
    livemode,
    externalRef,
    quote: quote.quoteId,
    asset,
    from,
    to,
    destination,
    atoms,
    ...final(quote, id, world),
    timeline: [{ status: 'pending', at: world.now, txHash: null }],
    transaction: transaction.id,
    trackingUrl: trackingUrl(id, world),
    createdAt: world.now,
    deliveryAt: world.now + seconds * 1000,
  })
  return { row, covered }
}

function held(id: string, quote: QuoteRow, world: World): boolean {
  const atoms = BigInt(quote.atoms)
  try {
    hold(holdOf(id), purseOf({ ...quote, network: quote.from }), atoms, world)
    return true
  } catch (error) {
    if (!(error instanceof InsufficientFunds)) throw error
    if (world.assumes(UNCOVERED) === 'accepted-then-failed') return false
    const { asset } = quote
    const has = amountText(error.available, DECIMALS[asset]!)
    throw new Refusal('insufficient_funds', {}, `${has} ${asset} are available on ${quote.from}`)
  }
}

/** What lands and what it really costs: over the bridge a little less, and a little more or less. */
// rule: zopay.payouts.final-amounts
function final(quote: QuoteRow, id: string, world: World): Pick<PayoutRow, 'finalAtoms' | 'feesPaid'> {
  const { recipientAtoms, fee, from, to } = quote
  if (from === to || world.assumes(FINAL_AMOUNTS) === 'as-quoted') return { finalAtoms: recipientAtoms, feesPaid: fee }
  const drawn = world.draw('zopay', 'payout-drift', id)
  const atoms = BigInt(recipientAtoms)
  return {
    feesPaid: fee + Math.trunc((fee * (drawn.below(401) - 200)) / 10_000),
    finalAtoms: (atoms - (atoms * BigInt(drawn.below(101))) / 100_000n).toString(),
  }
}

/** A page at a host that cannot exist, as of an intent. */
// rule: zopay.payouts.tracking-url
function trackingUrl(id: string, world: World): string | null {
  return world.assumes(TRACKING_URL) === 'none' ? null : `https://track.zopay.invalid/${id}`
}

// rule: zopay.payouts.executed-shape
function executed(row: PayoutRow, quote: QuoteRow): Answer {
  return ok({ id: row.id, status: 'pending', ...execution(row, quote) })
}

function execution(row: PayoutRow, quote: QuoteRow) {
  return { quote: termsOf(quote), estimated_delivery_at: time(row.deliveryAt), tracking_url: row.trackingUrl }
}

export function getPayout(call: ZopayCall, world: World): Answer {
  const id = call.params.payout_id!
  const row = world.get(Payouts, id)
  if (isCanned(call.caller, world)) return ok(readCanned(id, row, world))
  const { org, livemode } = call.caller
  // rule: zopay.payouts.foreign
  if (!row || row.org !== org || row.livemode !== livemode) throw new Refusal('payout_not_found')
  const status = statusOf(row)
  const quote = world.get(Quotes, row.quote)!
  return ok({
    // rule: zopay.payouts.detail
    id: row.id,
    status,
    ...(world.assumes(DETAIL) === 'with-execution' && execution(row, quote)),
    timeline: row.timeline.map(({ status, at, txHash }) => ({ status, at: time(at), tx_hash: txHash })),
    // rule: zopay.payouts.known-amounts
    fees_paid_usd: dollars(status === 'failed' ? 0 : status === 'delivered' ? row.feesPaid : quote.fee),
    final_recipient_amount: told(
      status === 'failed' ? 0n : BigInt(status === 'delivered' ? row.finalAtoms : quote.recipientAtoms),
      row.asset,
    ),
  })
}
