// The handle behind `world.money`: each method is one call of the control API.
import type { Money } from './money.ts'

/** What a world's handle offers to read lists with. */
interface Asking {
  control(method: string, path: string, body?: unknown): Promise<any>
  rows(path: string, filter: object): Promise<any[]>
  query(filter: object): string
}

export function moneyOf({ control, rows, query }: Asking): Money {
  return {
    balances: (filter = {}) => rows('/balances', filter),
    movements: (filter = {}) => rows('/movements', filter),
    adjust: (input) => control('POST', '/balances', input),
    withdrawals: (filter = {}) => rows('/withdrawals', filter),
    settle: (id, outcome) =>
      control(
        'POST',
        `/withdrawals/${encodeURIComponent(id)}/settle`,
        typeof outcome === 'string' ? { outcome } : outcome,
      ),
    rates: async (filter = {}) => (await control('GET', `/rates${query(filter)}`)).data,
    pinRate: (rate) => control('PUT', '/rates', rate),
    unpinRates: (filter = {}) => control('DELETE', `/rates${query(filter)}`),
  }
}
