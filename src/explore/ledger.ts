// What really moved in a world, as its providers have booked it in the end: the side of the oracle that Sandgate knows. Deposits that were dropped or
// reorganised away are none, and neither are withdrawals that failed.
import type * as api from '../library/api.ts'
import { atomsOf } from '../text/decimals.ts'

export type Kind = 'credit' | 'payout'

/** A deposit that was credited, or a withdrawal that was paid. */
export interface Moved {
  readonly provider: string
  readonly kind: Kind
  readonly address: string
  readonly tag: string | null
  /** The provider's code. */
  readonly currency: string
  /** In units of 10^-`PLACES`. */
  readonly atoms: bigint
  /** The provider's own ids, by which a partner may name it instead of the address. */
  readonly references: readonly string[]
}

/** More than any currency has. */
export const PLACES = 40

/** `net`: what the provider booked after its fees, in the currency that it booked; otherwise what moved on the chain. */
export async function movedIn(world: api.World, net: boolean): Promise<Moved[]> {
  const [deposits, withdrawals, movements] = [
    await world.deposits(),
    await world.money.withdrawals(),
    await world.money.movements(),
  ]
  const booked = { deposit: bookedBy('deposit', movements), withdrawal: bookedBy('withdrawal', movements) }
  const linesOf = (
    kind: Kind,
    row: Pick<api.Deposit, 'provider' | 'address' | 'tag' | 'currency' | 'amount'>,
    references: readonly string[],
    sums: ReadonlyMap<string, bigint> | undefined,
  ): Moved[] => {
    const { provider, address, tag, currency, amount } = row
    // What was taken back again has moved nothing.
    const kept = [...(sums ?? [])].filter(([, atoms]) => (kind === 'credit' ? atoms > 0n : atoms < 0n))
    if (kept.length === 0) return []
    const lines = net ? kept : ([[currency, atoms(amount)]] as const)
    return lines.map(([currency, sum]) => ({
      provider,
      kind,
      address,
      tag,
      currency,
      atoms: sum < 0n ? -sum : sum,
      references,
    }))
  }
  return [
    ...deposits.flatMap((row) =>
      linesOf('credit', row, row.reference === null ? [] : [row.reference], booked.deposit.get(row.id)),
    ),
    ...withdrawals.flatMap((row) => linesOf('payout', row, [row.reference], booked.withdrawal.get(row.id))),
  ]
}

/** What the movements of each deposit or withdrawal come to, by its id and by currency. Fees of the provider's books are not part of it. */
function bookedBy(
  cause: 'deposit' | 'withdrawal',
  movements: readonly api.Movement[],
): ReadonlyMap<string, Map<string, bigint>> {
  const sums = new Map<string, Map<string, bigint>>()
  for (const { cause: by, currency, amount, kind } of movements) {
    const id = by[cause]
    if (id === undefined || (cause === 'withdrawal' && kind.includes('fee'))) continue
    const mine = sums.get(id) ?? new Map<string, bigint>()
    mine.set(currency, (mine.get(currency) ?? 0n) + atoms(amount))
    sums.set(id, mine)
  }
  return sums
}

/** Decimal text, with a minus or without. */
export function atoms(text: string): bigint {
  const [sign, digits] = text.startsWith('-') ? [-1n, text.slice(1)] : [1n, text]
  const found = atomsOf(digits, PLACES)
  if (found === undefined) throw new Error(`${text} is no decimal`)
  return sign * found
}
