// What the shop knows, kept in a file of JSON lines: a line is written before anything is acknowledged, and a shop that starts again reads them all.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Deposit, Order, Payout, ProviderName } from './types.ts'

/** What we answered to a callback, so that its repetition gets the same. */
export interface Answered {
  /** Provider and event. */
  readonly event: string
  readonly body: string
}

interface Rows {
  readonly order: Order
  readonly deposit: Deposit
  readonly payout: Payout
  readonly answered: Answered
}

export class Store {
  readonly #file: number
  readonly orders = new Map<string, Order>()
  readonly deposits = new Map<string, Deposit>()
  readonly payouts = new Map<string, Payout>()
  readonly answered = new Map<string, Answered>()

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true })
    const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
    for (const line of before.split('\n')) if (line !== '') this.#take(...(JSON.parse(line) as [keyof Rows, any]))
    this.#file = openSync(path, 'a')
  }

  put<K extends keyof Rows>(kind: K, row: Rows[K]): Rows[K] {
    writeSync(this.#file, `${JSON.stringify([kind, row])}\n`)
    this.#take(kind, row)
    return row
  }

  deposit(provider: ProviderName, id: string): Deposit | undefined {
    return this.deposits.get(`${provider} ${id}`)
  }

  ordersOf(provider: ProviderName): Order[] {
    return [...this.orders.values()].filter((order) => order.provider === provider)
  }

  depositsOf(provider: ProviderName): Deposit[] {
    return [...this.deposits.values()].filter((deposit) => deposit.provider === provider)
  }

  close(): void {
    closeSync(this.#file)
  }

  #take(kind: keyof Rows, row: any): void {
    if (kind === 'order') this.orders.set(row.id, row)
    if (kind === 'deposit') this.deposits.set(`${row.provider} ${row.id}`, row)
    if (kind === 'payout') this.payouts.set(row.reference, row)
    if (kind === 'answered') this.answered.set(row.event, row)
  }
}
