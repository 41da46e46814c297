// What must hold of the shop whatever the providers did, worked out apart from the shop's own arithmetic.
import type { Paid } from './drive.ts'
import type { Shop } from './shop.ts'

/** Amounts as whole numbers of the eighteenth place; undefined: that is no plain decimal text. */
function exact(amount: string): bigint | undefined {
  const [, minus = '', whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,18}))?$/.exec(amount) ?? []
  return whole === undefined ? undefined : BigInt(minus + whole + fraction.padEnd(18, '0'))
}

/** What is wrong with the shop, a sentence each. */
export function troubles(shop: Shop, paid: readonly Paid[]): string[] {
  const { store, credits } = shop
  const wrong: string[] = []
  const sums = new Map<string, bigint>()
  for (const { provider, customer, currency, state, amount } of store.deposits.values()) {
    if (customer === null || state !== 'final') continue
    const name = JSON.stringify([provider, customer, currency])
    sums.set(name, (sums.get(name) ?? 0n) + (exact(amount) ?? 0n))
  }
  for (const [name, sum] of sums) {
    const [provider, customer, currency] = JSON.parse(name)
    const total = credits.total(provider, customer, currency)
    if (exact(total) !== sum)
      wrong.push(`${customer} has ${total} ${currency} at ${provider}, and the deposits add up to something else`)
  }
  for (const { order, provider, customer, currency, amount } of paid) {
    const has = sums.get(JSON.stringify([provider, customer, currency])) ?? 0n
    if (has < exact(amount)!)
      wrong.push(
        `${customer} paid ${amount} ${currency} for ${order} at ${provider}, and has ${credits.total(provider, customer, currency)}`,
      )
  }
  return wrong
}
