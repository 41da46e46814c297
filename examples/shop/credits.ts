// Whose money it is, and when: a deposit counts when the provider calls it final, for whoever was shown the address then, and no longer when it is gone.
import { add, isAmount, plain, subtract } from './decimal.ts'
import type { Store } from './store.ts'
import type { Deposit, DepositState, Notice, Order, Provider, ProviderName } from './types.ts'

const RANK: Readonly<Record<DepositState, number>> = { seen: 0, final: 1, gone: 2 }

export class Credits {
  readonly #store: Store
  /** What each customer has, by provider, customer and currency. */
  readonly #totals = new Map<string, string>()

  constructor(store: Store) {
    this.#store = store
    for (const deposit of store.deposits.values()) if (deposit.state === 'final') this.#count(deposit, add)
  }

  /** Takes down what a provider says of a deposit, by callback or by list, in whichever order. Answers the deposit as it is now. */
  report(provider: Provider, notice: Notice): Deposit {
    const before = this.#store.deposit(provider.name, notice.id)
    const deposit = this.#merged(provider, notice, before)
    if (before && JSON.stringify(before) === JSON.stringify(deposit)) return before
    this.#store.put('deposit', deposit)
    if (before?.state === 'final') this.#count(before, subtract)
    if (deposit.state === 'final') this.#count(deposit, add)
    return deposit
  }

  /** Money that came before we knew whose address it was. */
  assign(provider: Provider): void {
    for (const deposit of this.#store.depositsOf(provider.name))
      if (deposit.customer === null) this.report(provider, deposit)
  }

  total(provider: ProviderName, customer: string, currency: string): string {
    return this.#totals.get(JSON.stringify([provider, customer, currency])) ?? '0'
  }

  #merged(provider: Provider, notice: Notice, before: Deposit | undefined): Deposit {
    if (!isAmount(notice.amount))
      throw new TypeError(`deposit ${notice.id} has the amount ${JSON.stringify(notice.amount)}`)
    const { id, currency, address, tag } = notice
    const state = before && RANK[before.state] >= RANK[notice.state] ? before.state : notice.state
    const reference = before?.reference ?? notice.reference
    const order = this.#orderOf(provider, { ...notice, reference })
    const customer = before?.customer ?? order?.customer ?? null
    return {
      id,
      provider: provider.name,
      state,
      amount: plain(notice.amount),
      currency,
      address,
      tag,
      reference,
      customer,
    }
  }

  /** The order that was shown the address: by the provider's own name for the hand-out, because an address may have served several. */
  #orderOf(provider: Provider, { reference }: Notice): Order | undefined {
    if (reference === null) return undefined
    return this.#store.ordersOf(provider.name).findLast((order) => provider.isFor(order, reference))
  }

  #count({ provider, customer, currency, amount }: Deposit, by: (total: string, amount: string) => string): void {
    if (customer === null) return
    this.#totals.set(
      JSON.stringify([provider, customer, currency]),
      by(this.total(provider, customer, currency), amount),
    )
  }
}
