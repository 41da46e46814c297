// Where the payer of an invoice or of a payment request sends money: an address of its own, and how much has to go there.
import type { World } from '../../world/world.ts'
import { CURRENCIES, type Currency, type Settings } from './catalogue.ts'
import { costOf } from './rates.ts'

/** Clients keep tags in 32 bits, signed. */
const TAG_DIGITS = 9

/** A currency that can be paid in: every coin with addresses that the merchant has enabled. Lightning has none. */
export function payableCurrency(code: unknown, merchant: string, world: World): Currency | undefined {
  const currency = typeof code === 'string' ? CURRENCIES.get(code) : undefined
  const enabled = world.settings<Settings>('alphapo').merchants[merchant]?.currencies
  return currency?.chain !== undefined && (enabled?.includes(currency.currency) ?? true) ? currency : undefined
}

/** An address that nobody else pays to, and a tag where the network has tags; it is handed out for the row of this key. */
export function place(
  { currency, chain, network, tagged }: Currency,
  bill: { readonly key: string; readonly merchant: string; readonly user: string | null },
  world: World,
): { readonly address: string; readonly tag: string | null } {
  const { testnet } = world.settings<Settings>('alphapo')
  const name = ['alphapo', bill.merchant, bill.key, currency]
  const address = world.address({ chain: chain!, testnet, name })
  const tag = tagged ? world.draw(...name, 'tag').digits(TAG_DIGITS) : null
  world.handOut({
    provider: 'alphapo',
    account: bill.merchant,
    user: bill.user,
    network,
    currency,
    address,
    tag,
    reference: bill.key,
  })
  return { address, tag }
}

/** What a payer has to send so that this much is received, in steps that the coin has. */
// rule: alphapo.invoices.rate
export function cost(units: bigint, received: string, { currency, precision }: Currency, world: World): bigint {
  const exact = currency === received ? units : costOf(units, received, currency, world)
  const step = 10n ** BigInt(8 - precision)
  return ((exact + step - 1n) / step) * step
}
