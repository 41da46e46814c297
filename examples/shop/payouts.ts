// Payments to customers: one reference is one payment. What may have been made is looked for before it is made again.
import { Refused, Unknown } from './http.ts'
import type { Store } from './store.ts'
import type { Payout, PayoutChange, Provider, Told } from './types.ts'

export class Payouts {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Tries to make those that are open, and asks how far the others are. */
  async work(provider: Provider): Promise<void> {
    const mine = [...this.#store.payouts.values()].filter((payout) => payout.provider === provider.name)
    for (const { reference } of mine.filter(({ state }) => state === 'open'))
      await attempt(async () => {
        const keep = (change: PayoutChange) => this.#change(reference, change)
        keep(await provider.pay(this.#store.payouts.get(reference)!, keep))
      })
    const sent = [...this.#store.payouts.values()].filter(
      (one) => one.provider === provider.name && one.state === 'sent',
    )
    if (sent.length === 0) return
    await attempt(async () => {
      for (const [reference, change] of await provider.payouts(sent)) this.#change(reference, change)
    })
  }

  /** What a callback says. It may be about an attempt that came to nothing, so only the end of the one that we know is one. */
  report({ reference, id, state }: NonNullable<Told['payout']>): void {
    const payout = this.#store.payouts.get(reference)
    if (!payout || (state === 'failed' && payout.id !== id)) return
    this.#change(reference, { state, ...(payout.id === null && { id }) })
  }

  #change(reference: string, change: PayoutChange): Payout {
    const before = this.#store.payouts.get(reference)!
    const isOver = before.state === 'paid' || before.state === 'failed'
    const goesBack = change.state === 'open' || (change.state === 'sent' && before.state !== 'open')
    const { state, ...rest } = change
    const after = { ...before, ...rest, ...(state && !isOver && !goesBack && { state }) }
    return JSON.stringify(before) === JSON.stringify(after) ? before : this.#store.put('payout', after)
  }
}

/** Does it, or leaves it for the next time when the provider does not want or cannot say. */
export async function attempt(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof Unknown || error instanceof Refused) return false
    throw error
  }
}
