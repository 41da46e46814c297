// What the parts of the shop tell each other: orders, places to pay to, deposits, payouts, and what a client of a provider can do.

export type ProviderName = 'zopay' | 'cpg' | 'payward' | 'alphapo'

/** Somebody wants to pay us. */
export interface Order {
  readonly id: string
  readonly provider: ProviderName
  readonly customer: string
  readonly currency: string
  readonly network: string
  readonly amount: string
  /** Our clock, ms, when the idempotency key below was new. */
  readonly keyedAt: number
  /** Which key it is: an address that could not be had in time is asked for under a new one. */
  readonly keys: number
  /** Null: the provider has not told us yet where to pay to. */
  readonly place: Place | null
  /** The transaction by which the customer says to have paid. A hint where to look, never a credit. */
  readonly txid: string | null
}

/** An address that was handed out for an order, with the provider's own name for this hand-out. */
export interface Place {
  readonly reference: string
  readonly address: string
  readonly tag: string | null
}

/** How far a deposit is. It never goes back: what is gone stays gone, whichever callback comes last. */
export type DepositState = 'seen' | 'final' | 'gone'

/** What a provider says of money that came. */
export interface Notice {
  /** The provider's own name for this deposit. */
  readonly id: string
  readonly state: DepositState
  readonly amount: string
  readonly currency: string
  readonly address: string
  readonly tag: string | null
  /** Which hand-out it belongs to, in the words of `Place.reference`; null: the provider does not say it here. */
  readonly reference: string | null
}

export interface Deposit extends Notice {
  readonly provider: ProviderName
  /** Null: there is money, and nobody knows whose it is. */
  readonly customer: string | null
}

/** `open`: nobody has taken it on, or we do not know; `sent`: the provider has; `paid` and `failed` are the end. */
export type PayoutState = 'open' | 'sent' | 'paid' | 'failed'

export interface Payout {
  /** Ours, and unique: one reference is one payment. */
  readonly reference: string
  readonly provider: ProviderName
  readonly customer: string
  readonly currency: string
  readonly network: string
  readonly amount: string
  readonly to: string
  /** Our clock, ms. */
  readonly createdAt: number
  readonly state: PayoutState
  /** Whether an attempt may have reached the provider. */
  readonly tried: boolean
  /** How many attempts came to nothing for certain; the next one is another request. */
  readonly round: number
  /** The provider's own name for it. */
  readonly id: string | null
  /** What arrives at the payee. */
  readonly arrives: string
}

export type PayoutChange = Partial<Pick<Payout, 'state' | 'tried' | 'round' | 'id' | 'arrives'>>

/** What a callback is about. `event` tells repetitions from news. */
export interface Told {
  readonly event: string
  readonly deposit?: Notice
  readonly payout?: { readonly reference: string; readonly id: string; readonly state: PayoutState }
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What the shop needs of a provider. Calls throw `Unknown` or `Refused`. */
export interface Provider {
  readonly name: ProviderName
  /** Asks for a place to pay to. Asked again for the same order it may answer another one, but never loses the first. */
  handOut(order: Order): Promise<Place>
  /** Whether a deposit that names this hand-out was paid for this order. */
  isFor(order: Order, reference: string): boolean
  /** Whether these bytes come from the provider, and now. */
  isGenuine(headers: Headers, body: string, nowMs: number): boolean
  /** What a callback says; undefined: nothing that we need. */
  read(headers: Headers, json: any): Told | undefined
  /** What the provider knows of the deposits that we know, and where it has a list, of all there are. */
  deposits(known: readonly Deposit[], orders: readonly Order[]): Promise<Notice[]>
  /** Asks for the payment, unless it was made before. `keep` stores what must not be lost before the call that moves money. */
  pay(payout: Payout, keep: (change: PayoutChange) => Payout): Promise<PayoutChange>
  /** How far payments are that the provider has taken on. */
  payouts(sent: readonly Payout[]): Promise<ReadonlyMap<string, PayoutChange>>
}

/** Where a provider is, and who we are there. */
export interface Credentials {
  readonly url: string
  readonly key: string
  readonly secret: string
  readonly account: string
  /** The secret of its callbacks. */
  readonly callbackSecret: string
}
