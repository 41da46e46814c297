// The smallest deposit that is credited, and the smallest withdrawal that is sent.
import { CURRENCIES } from './catalogue.ts'
import { LIGHTNING } from './lightning.ts'
import { atoms } from './wire.ts'

/** Of a deposit that becomes `into`. An invoice's amount was judged when it was made. */
// rule: alphapo.currencies.minimum, rule: alphapo.exchange.minimum
export function leastDeposited(currency: string, into: string): bigint {
  const minimum = atoms(CURRENCIES.get(currency)!.minimum)!
  return into === currency || currency === LIGHTNING ? minimum : 2n * minimum
}

/** Of what arrives. */
// rule: alphapo.withdrawals.minimum
export function leastSent(currency: string): bigint {
  return atoms(CURRENCIES.get(currency)!.minimum)!
}
