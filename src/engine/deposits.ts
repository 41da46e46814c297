// Money that a test sends to an address of a provider, and what was sent before. What a deposit may be is decided in scenario/deposits.ts.
import { arrange, InvalidDeposit } from '../scenario/deposits.ts'
import { after } from '../text/instants.ts'
import { type Outcome, type Transfer, Transfers } from '../world/chain.ts'
import { type Destination, type Found, findDestination, NoDestination, tagOf } from '../world/destinations.ts'
import { sameTag } from '../world/tags.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'
import { type Context, note, refuseStopped } from './context.ts'
import { SandgateError } from './errors.ts'

export interface DepositInput {
  readonly address: string
  /** Decimal text in units of the currency, such as `12.5`. */
  readonly amount: string
  /** The currency and the network of the address unless given. */
  readonly currency?: string | undefined
  readonly network?: string | undefined
  /** Money is sent without a tag unless one is given. */
  readonly tag?: string | number | null | undefined
  /** A duration until it is seen; at once unless given. */
  readonly after?: string | undefined
  /** How many confirmations it has when it is seen; 0 unless given. */
  readonly confirmations?: 'instant' | number | undefined
  /** `confirmed` unless given. */
  readonly outcome?: Outcome | undefined
  /** The id of a deposit whose transaction gets one more output. */
  readonly same_transaction_as?: string | undefined
}

/**
 * Sends money to an address, and resolves when the callbacks that it causes at once are answered.
 * Throws `invalid_address`, `unknown_address`, `deposit_not_found`, `deposit_impossible` or `world_stopped`.
 */
export async function sendDeposit(context: Context, world: World, input: DepositInput): Promise<Transfer> {
  const mark = context.outbox.mark()
  refuseStopped(world)
  const { address, destination } = placeOf(input.address, world)
  const tag = tagSent(destination, input.tag)
  const afterMs = input.after === undefined ? 0 : after(world.now, input.after, 'after') - world.now
  const handOut = newestFor(address, tag, world)
  if (!handOut)
    throw new SandgateError(
      'unknown_address',
      `unknown address: no provider has allocated "${input.address}"; GET /_sandgate/addresses lists allocated addresses`,
      { field: 'address' },
    )
  const { same_transaction_as: sibling } = input
  const sameTransactionAs = sibling === undefined ? undefined : world.get(Transfers, sibling)
  if (sibling !== undefined && !sameTransactionAs)
    throw new SandgateError('deposit_not_found', `there is no deposit "${sibling}"`, { field: 'same_transaction_as' })
  const transfer = possible(() =>
    world.change(() =>
      arrange(
        {
          amount: input.amount,
          currency: input.currency,
          network: input.network,
          tag,
          destination,
          afterMs,
          confirmations: input.confirmations ?? 0,
          outcome: input.outcome ?? 'confirmed',
          sameTransactionAs,
        },
        handOut,
        context.providers,
        world,
      ),
    ),
  )
  note(
    world,
    'deposit',
    `${transfer.id}: ${input.amount} ${transfer.currency} on ${transfer.network} was sent to ${transfer.address}`,
  )
  context.tick(world)
  await context.outbox.settled(world, mark)
  return world.get(Transfers, transfer.id)!
}

/** What an address names, in whatever notation it is written. Throws `invalid_address`. */
export function placeOf(address: string, world: World): Found {
  try {
    return findDestination(address, world)
  } catch (error) {
    if (error instanceof NoDestination) throw new SandgateError('invalid_address', error.message, { field: 'address' })
    throw error
  }
}

/** Who was allocated the address that a deposit reached; undefined: no one. */
export function holderOf(transfer: Transfer, world: World): HandOut | undefined {
  return transfer.holder === null ? undefined : world.get(HandOuts, transfer.holder)
}

/** The tag of a payment, as text or as the number that a provider answered; one inside of the address is as good. */
function tagSent(destination: Destination, tag: string | number | null | undefined): string | null {
  if (typeof tag === 'number' && !Number.isSafeInteger(tag))
    throw new SandgateError(
      'invalid_request',
      'tag: a JSON number of this size is not exact; send the tag as text, in quotes',
      { field: 'tag' },
    )
  try {
    return tagOf(destination, tag === null || tag === undefined ? undefined : String(tag)) ?? null
  } catch (error) {
    if (error instanceof NoDestination) throw new SandgateError('invalid_address', error.message, { field: 'tag' })
    throw error
  }
}

/** Whoever was given the address last, with this tag if anybody was. */
function newestFor(address: string, tag: string | null, world: World): HandOut | undefined {
  const rows = world.list(HandOuts, 'byAddress', address, { descending: true })
  return rows.find((row) => sameTag(row.tag, tag)) ?? rows[0]
}

function possible<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof InvalidDeposit) throw new SandgateError('deposit_impossible', error.message)
    throw error
  }
}
