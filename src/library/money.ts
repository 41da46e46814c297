// Money, for tests that read or move it by hand: balances and their movements, withdrawals, rates.
import type { Balance, BalanceInput, Movement, Rate, RateInput, SettleInput, Withdrawal } from './records.ts'

/**
 * Whose money is meant: all fields must match; codes match in any case.
 *
 * @example
 * const filter: BalanceFilter = { provider: 'cpg', currency: 'USDT', network: 'ETH' }
 */
export interface BalanceFilter {
  readonly provider?: string | undefined
  readonly account?: string | undefined
  /** The user within the account, where a provider keeps balances per user. */
  readonly holder?: string | undefined
  readonly currency?: string | undefined
  readonly network?: string | undefined
}

/**
 * Which withdrawals are listed: all fields must match. `status` is `held`, `broadcast`, `confirmed`, `failed`, `declined`, `replaced` or `reorged`.
 *
 * @example
 * const filter: WithdrawalFilter = { provider: 'cpg', status: 'broadcast' }
 */
export interface WithdrawalFilter {
  readonly provider?: string | undefined
  readonly account?: string | undefined
  readonly address?: string | undefined
  /** The provider's own id of it. */
  readonly reference?: string | undefined
  readonly status?: string | undefined
}

/**
 * The money of a world.
 *
 * @example
 * await world.money.adjust({ provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1000' })
 * const [{ available }] = await world.money.balances({ provider: 'cpg' })
 */
export interface Money {
  /** What accounts have, a row a currency. */
  balances(filter?: BalanceFilter): Promise<Balance[]>
  /** How the balances came to be what they are, line by line, oldest first. */
  movements(filter?: BalanceFilter & { readonly kind?: string | undefined }): Promise<Movement[]>
  /** Gives money to an account, or takes it with a minus. 409 where less is available. */
  adjust(input: BalanceInput): Promise<Movement>
  /** What was sent out, oldest first. */
  withdrawals(filter?: WithdrawalFilter): Promise<Withdrawal[]>
  /** Decides what becomes of a withdrawal, at once: its id, and an outcome with or without a reason. 409 where it has ended. */
  settle(id: string, outcome: SettleInput['outcome'] | SettleInput): Promise<Withdrawal>
  /** The pinned rates; with `from` and `to`, the rate of this moment where it is not pinned. */
  rates(filter?: { readonly from?: string | undefined; readonly to?: string | undefined }): Promise<Rate[]>
  /** Fixes a rate, in both directions. */
  pinRate(rate: RateInput): Promise<Rate>
  /** Lets rates move again, all of them or those named. */
  unpinRates(filter?: { readonly from?: string | undefined; readonly to?: string | undefined }): Promise<void>
}
