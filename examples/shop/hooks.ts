// The receiver of callbacks: believes only what is signed and fresh, does a thing once, and says the same again when it is told the same again.
import type { Credits } from './credits.ts'
import type { Payouts } from './payouts.ts'
import type { Store } from './store.ts'
import type { Headers, Provider } from './types.ts'

export interface Reply {
  readonly status: number
  readonly body: string
}

export class Hooks {
  readonly #store: Store
  readonly #credits: Credits
  readonly #payouts: Payouts

  constructor(store: Store, credits: Credits, payouts: Payouts) {
    this.#store = store
    this.#credits = credits
    this.#payouts = payouts
  }

  receive(provider: Provider, headers: Headers, body: string): Reply {
    if (!provider.isGenuine(headers, body, Date.now()))
      return { status: 401, body: '{"error":"the signature is wrong or too old"}' }
    const told = provider.read(headers, JSON.parse(body))
    if (!told) return { status: 200, body: '{}' }
    const event = `${provider.name} ${told.event}`
    const before = this.#store.answered.get(event)
    if (before) return { status: 200, body: before.body }
    const answer = this.#handle(provider, told)
    return { status: 200, body: this.#store.put('answered', { event, body: JSON.stringify(answer) }).body }
  }

  #handle(provider: Provider, { deposit: notice, payout }: NonNullable<ReturnType<Provider['read']>>): object {
    if (payout) this.#payouts.report(payout)
    if (!notice) return { ok: true }
    const { state, customer, currency, amount } = this.#credits.report(provider, notice)
    if (state !== 'final' || notice.state !== 'final') return { ok: true, customer }
    const total = customer === null ? null : this.#credits.total(provider.name, customer, currency)
    return { ok: true, customer, credit_id: notice.id, credit: amount, total }
  }
}
