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

/**
 * `net`: credits are what the provider booked after its fees, in the currency that it booked; otherwise all that moved on the chain.
 */
export async function movedIn(world: api.World, net: boolean): Promise<Moved[]> {
  const [deposits, withdrawals, movements] = [
    await world.deposits(),
    await world.money.withdrawals(),
    await world.money.movements(),
  ]
  return [...creditsOf(deposits, movements, net), ...payoutsOf(withdrawals, movements)]
}

function creditsOf(deposits: readonly api.Deposit[], movements: readonly api.Movement[], net: boolean): Moved[] {
  const booked = bookedBy('deposit', movements)
  return deposits.flatMap((row) => {
    // What was taken back again is no credit.
    const kept = [...(booked.get(row.id) ?? [])].filter(([, sum]) => sum > 0n)
    if (kept.length === 0) return []
    const lines = net ? kept : ([[row.currency, atoms(row.amount)]] as const)
    const references = row.reference === null ? [] : [row.reference]
    return lines.map(([currency, sum]) => ({ ...placeOf('credit', row), currency, atoms: sum, references }))
  })
}

function payoutsOf(withdrawals: readonly api.Withdrawal[], movements: readonly api.Movement[]): Moved[] {
  const booked = bookedBy('withdrawal', movements)
  /** A payment over a bridge is two, of which the second is called like the first with more behind, and says who gets it. */
  const lastOf = (row: api.Withdrawal) =>
    withdrawals.find(
      ({ provider, reference }) => provider === row.provider && reference.startsWith(`${row.reference}/`),
    ) ?? row
  return withdrawals.flatMap((row) => {
    const last = lastOf(row)
    // The provider's word is final, as it is for the partner: one may call a payment done that a chain has undone.
    const isPaid = (booked.get(row.id)?.get(row.currency) ?? 0n) < 0n
    if (!isPaid) return []
    return [{ ...placeOf('payout', last), atoms: atoms(last.amount), references: [row.reference] }]
  })
}

function placeOf(kind: Kind, { provider, address, tag, currency }: api.Deposit | api.Withdrawal) {
  return { provider, kind, address, tag, currency }
}

/** What the movements of each deposit or withdrawal come to, by its id and by currency. What fills a hot wallet is nobody's credit. */
function bookedBy(
  cause: 'deposit' | 'withdrawal',
  movements: readonly api.Movement[],
): ReadonlyMap<string, Map<string, bigint>> {
  const sums = new Map<string, Map<string, bigint>>()
  for (const { cause: by, currency, amount, kind } of movements) {
    const id = by[cause]
    if (id === undefined || kind.startsWith('hot_wallet')) continue
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
