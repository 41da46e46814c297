// Turns a deposit, as a scenario or the control API words it, into a transfer. The provider says which currency it is.
import type { Provider } from '../provider.ts'
import { atomsOf } from '../text/decimals.ts'
import { type Asset, type Outcome, send, type Transfer } from '../world/chain.ts'
import { type Destination, destinationMismatch } from '../world/destinations.ts'
import { NETWORKS } from '../world/networks.ts'
import { impossibleTag, plainTag, sameTag } from '../world/tags.ts'
import type { HandOut, World } from '../world/world.ts'

/** A deposit as given in a scenario or to the control API. */
export interface DepositInput {
  /** Decimal text in units of the currency. */
  readonly amount: string
  readonly currency?: string | undefined
  readonly network?: string | undefined
  /** Default: the allocation's own tag; null: sent without a tag. */
  readonly tag?: string | null | undefined
  /** Tag and network that the given notation of the address contains. */
  readonly destination?: Destination | undefined
  readonly afterMs: number
  readonly confirmations: 'instant' | number
  readonly outcome: Outcome
  readonly sameTransactionAs?: Transfer | undefined
}

/** Why such a transaction is impossible; undefined: it is possible. */
export function contradiction({
  outcome,
  confirmations,
}: Pick<DepositInput, 'outcome' | 'confirmations'>): string | undefined {
  const mined = confirmations !== 'instant' && confirmations > 0
  return mined && (outcome === 'dropped' || outcome === 'replaced')
    ? `a ${outcome} transaction is never mined, so it has no confirmations: omit confirmations, use "instant" if it is credited when first seen, or use the outcome "reorged"`
    : undefined
}

/** An impossible deposit; the message is one sentence for the person who asked for it. */
export class InvalidDeposit extends Error {}

/** Sends the deposit. Only inside a change. Throws `InvalidDeposit`. */
export function arrange(
  input: DepositInput,
  handOut: HandOut,
  providers: ReadonlyMap<string, Provider>,
  world: World,
): Transfer {
  const contradicts = contradiction(input)
  if (contradicts !== undefined) throw new InvalidDeposit(contradicts)
  const provider = providers.get(handOut.provider)!
  if (!provider.deposits)
    throw new InvalidDeposit(`${provider.title} does not monitor its addresses, so nothing can be deposited there`)
  const asset = provider.deposits.asset({ handOut, currency: input.currency, network: input.network }, world)
  if (!asset) {
    const what = [input.currency ?? handOut.currency, input.network ?? handOut.network].join(' on ')
    throw new InvalidDeposit(`${provider.title} does not support ${what}, so it cannot be sent to ${handOut.address}`)
  }
  const atoms = atomsOf(input.amount, asset.decimals)
  if (atoms === undefined || atoms === 0n) {
    throw new InvalidDeposit(
      `amount: expected a decimal above 0 with at most ${asset.decimals} places for ${asset.currency}, such as "12.5", got "${input.amount}"`,
    )
  }
  const astray = input.destination && destinationMismatch(input.destination, asset)
  if (astray !== undefined) throw new InvalidDeposit(astray)
  return send(
    {
      provider: handOut.provider,
      asset,
      address: handOut.address,
      tag: sentTag(input.tag, handOut, asset),
      atoms,
      afterMs: input.afterMs,
      confirmations: input.confirmations,
      outcome: input.outcome,
      sameTransactionAs: input.sameTransactionAs,
    },
    world,
  )
}

// rule: sandgate.tags.spelling, sandgate.tags.possible
/** The tag of the payment, in the allocation's own spelling if it is the same tag. */
function sentTag(wanted: string | null | undefined, handOut: HandOut, asset: Asset): string | null {
  if (wanted === undefined) return handOut.tag
  if (wanted === null || sameTag(wanted, handOut.tag)) return wanted === null ? null : handOut.tag
  const tag = plainTag(wanted)
  const wrong = impossibleTag(NETWORKS[asset.on].chain, tag)
  if (wrong !== undefined)
    throw new InvalidDeposit(`tag: ${wrong}, got "${wanted}"; null sends ${asset.currency} without one`)
  return tag
}
