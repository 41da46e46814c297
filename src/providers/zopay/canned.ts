// Payouts as the documented sandbox answers them: nothing is used up, no money moves, and whatever is asked for is delivered.
import { Refusal } from '../../provider.ts'
import { txid } from '../../world/chain.ts'
import type { World } from '../../world/world.ts'
import { NETWORKS } from './catalogue.ts'
import { type PayoutRow, Payouts } from './payouts.ts'
import { dollars, fingerprint, type QuoteRow, told } from './quotes.ts'
import { time } from './wire.ts'

/** When a payout is pending, broadcast and delivered, after its execution. */
const STAGES = [
  ['pending', 0],
  ['broadcast', 5_000],
  ['delivered', 30_000],
] as const

/** The payout of a quote, the same one however often it is executed. */
// rule: zopay.payouts.behaviour
export function executeCanned(
  quote: QuoteRow,
  trackingUrl: (id: string, world: World) => string | null,
  world: World,
): PayoutRow {
  const id = `pay_${fingerprint(`${quote.org}\n${quote.quoteId}`)}`
  const known = world.get(Payouts, id)
  if (known) return known
  const { org, livemode, externalRef, asset, from, to, destination, atoms, recipientAtoms, fee, seconds } = quote
  return world.put(Payouts, {
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
    finalAtoms: recipientAtoms,
    feesPaid: fee,
    timeline: timelineOf(id, to, world.now, world),
    transaction: null,
    trackingUrl: trackingUrl(id, world),
    createdAt: world.now,
    deliveryAt: world.now + seconds * 1000,
  })
}

function timelineOf(id: string, network: string, startMs: number, world: World): PayoutRow['timeline'] {
  const hash = txid(NETWORKS[network]!.on, world.draw('zopay', 'canned-hash', id))
  return STAGES.map(([status, ms]) => ({ status, at: startMs + ms, txHash: ms === 0 ? null : hash }))
}

/** Any well-formed id, whoever asks; what is not known of it is made up. */
// rule: zopay.payouts.canned-any
export function readCanned(id: string, row: PayoutRow | undefined, world: World): object {
  if (!/^pay_[0-9a-z]{26}$/.test(id)) throw new Refusal('payout_not_found')
  const timeline = row?.timeline ?? timelineOf(id, 'ethereum', world.options.startMs, world)
  return {
    id,
    status: 'delivered',
    timeline: timeline.map(({ status, at, txHash }) => ({ status, at: time(at), tx_hash: txHash })),
    fees_paid_usd: row ? dollars(row.feesPaid) : '1.00',
    final_recipient_amount: row ? told(BigInt(row.finalAtoms), row.asset) : '1.00',
  }
}
