// Money that is given to an account, or taken from it, by hand: by the control API, a config file or a timeline. The provider says whose money is meant.
import type { Provider } from '../provider.ts'
import { atomsOf } from '../text/decimals.ts'
import { InsufficientFunds, type Movement, post } from '../world/ledger.ts'
import type { World } from '../world/world.ts'

export interface BalanceChange {
  /** The first account unless named. */
  readonly account?: string | undefined
  readonly holder?: string | undefined
  /** The provider's own codes. */
  readonly currency: string
  readonly network?: string | undefined
  /** Decimal text in units of the currency, such as `12.5`; with a minus it is taken. */
  readonly amount: string
  readonly reason?: string | undefined
}

/** A change that cannot be; the message is one sentence for the person who asked for it. */
export class InvalidBalance extends Error {
  readonly code: 'no_ledger' | 'balance_impossible' | 'insufficient_balance'
  readonly field: string | undefined

  constructor(code: InvalidBalance['code'], message: string, field?: string) {
    super(field === undefined ? message : `${field}: ${message}`)
    this.code = code
    this.field = field
  }

  /** The same, said of one item of a list. */
  of(item: string): InvalidBalance {
    return new InvalidBalance(this.code, `${item}: ${this.message}`)
  }
}

/** Gives the money, or takes it. `opening`: the world begins with it. Only inside a change. Throws `InvalidBalance`. */
// rule: sandgate.balances.by-hand
export function changeBalance(provider: Provider, change: BalanceChange, world: World, opening = false): Movement {
  if (!provider.ledger) throw new InvalidBalance('no_ledger', `${provider.title} keeps no balances`)
  const purse = provider.ledger.purse(change, world)
  if (typeof purse === 'string') throw new InvalidBalance('balance_impossible', purse)
  const { amount, reason } = change
  const taken = amount.startsWith('-')
  const size = atomsOf(taken ? amount.slice(1) : amount, purse.decimals)
  if (size === undefined || size === 0n)
    throw new InvalidBalance(
      'balance_impossible',
      `expected a decimal other than 0 with at most ${purse.decimals} places for ${purse.currency}, such as "12.5" or "-3", got "${amount}"`,
      'amount',
    )
  try {
    return post(
      {
        purse,
        atoms: taken ? -size : size,
        against: 'outside',
        kind: opening ? 'opening' : 'adjustment',
        reason,
        opening,
      },
      world,
    )
  } catch (error) {
    if (!(error instanceof InsufficientFunds)) throw error
    throw new InvalidBalance(
      'insufficient_balance',
      `${provider.title} has less than ${amount.slice(1)} ${purse.currency} available in this account, so nothing was taken`,
      'amount',
    )
  }
}
