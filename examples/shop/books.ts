// The shop's books as rows: what was credited and what was paid, each with the address it moved to.
import { plain } from './decimal.ts'
import type { Store } from './store.ts'

export interface Row {
  readonly provider: string
  readonly kind: 'credit' | 'payout'
  readonly address: string
  readonly tag?: string
  readonly currency: string
  readonly reference: string
  readonly amount: string
}

export function books({ deposits, payouts }: Store): Row[] {
  const credited = [...deposits.values()].filter(({ state }) => state === 'final')
  const paid = [...payouts.values()].filter(({ state }) => state === 'paid')
  return [
    ...credited.map(({ provider, address, tag, currency, id, amount }): Row => ({
      ...{ provider, kind: 'credit', address },
      ...(tag !== null && { tag }),
      ...{ currency, reference: id, amount },
    })),
    ...paid.map(({ provider, to, currency, reference, arrives }): Row => ({
      ...{ provider, kind: 'payout', address: to, currency, reference, amount: plain(arrives) },
    })),
  ]
}
