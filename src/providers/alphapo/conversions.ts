// What becomes what, and on which terms: which currencies can be exchanged, how much of them at least, at what price, and what it costs.
import type { World } from '../../world/world.ts'
import { CURRENCIES, FIAT, type Settings } from './catalogue.ts'
import { exchangeFeeOf, type Money } from './fees.ts'
import { costOf, worth } from './rates.ts'
import { atoms, UNITS } from './wire.ts'

/** The least that is exchanged, in BTC. */
const LEAST = '0.003'
/** To how many digits the least is told. */
const TOLD_DIGITS = 2

/** What a merchant has switched on, in the order of the list of currencies. */
export function enabledCrypto(merchant: string, world: World): string[] {
  const enabled = world.settings<Settings>('alphapo').merchants[merchant]?.currencies
  return [...CURRENCIES.keys()].filter((currency) => enabled?.includes(currency) ?? true)
}

/** Whether a merchant can exchange one for the other: crypto for anything else, fiat for crypto. */
// rule: alphapo.rates.list
export function isExchangeable(from: string, to: string, merchant: string, world: World): boolean {
  const enabled = enabledCrypto(merchant, world)
  if (from === to) return false
  return enabled.includes(from)
    ? enabled.includes(to) || FIAT.includes(to)
    : FIAT.includes(from) && enabled.includes(to)
}

/** The least that is exchanged of a currency: it moves with the rates. */
// rule: alphapo.rates.minimum
export function leastExchanged(currency: string, world: World): bigint {
  const worthIt = worth(atoms(LEAST)!, 'BTC', currency, world)
  // Whatever a test has pinned, nothing is no exchange.
  const exact = worthIt === 0n ? 1n : worthIt
  const unit = 10n ** BigInt(Math.max(0, exact.toString().length - TOLD_DIGITS))
  return ((exact + unit - 1n) / unit) * unit
}

export interface Terms {
  readonly sent: Money
  readonly received: Money
  readonly fee: Money
  /** What one unit of what is sent becomes, hundred-millionths. */
  readonly price: string
}

/** Which of the two amounts somebody has named. */
export type Side = 'sender' | 'receiver'

/** The terms of this moment; both amounts are without the fee. */
// rule: alphapo.exchange.arithmetic
export function termsOf(from: string, to: string, side: Side, units: bigint, world: World): Terms {
  const sent = side === 'sender' ? units : costOf(units, to, from, world)
  const received = side === 'receiver' ? units : worth(units, from, to, world)
  const money = { sent: cash(from, sent), received: cash(to, received) }
  return {
    ...money,
    fee: exchangeFeeOf(money.sent, money.received, world),
    price: (sent === 0n ? 0n : (received * 10n ** BigInt(UNITS)) / sent).toString(),
  }
}

function cash(currency: string, units: bigint): Money {
  return { currency, units: units.toString() }
}
