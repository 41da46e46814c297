// What a paid invoice or payment request does to the merchant's balance: exactly what was asked for comes in, and a fee goes out of it again.
import type { World } from '../../world/world.ts'
import { DEPOSIT_FEE } from './catalogue.ts'
import { credit, debit } from './ledger.ts'
import { atoms } from './wire.ts'

export interface PaidBill {
  readonly merchant: string
  readonly kind: 'invoice' | 'payment_request'
  /** What was asked for, hundred-millionths. */
  readonly currency: string
  readonly units: bigint
  readonly fee: bigint
  /** What the payer paid in. */
  readonly paidIn: string
  /** The transfer that completed it. */
  readonly deposit: string
}

// rule: alphapo.invoices.ledger
export function creditBill({ merchant, kind, currency, units, fee, paidIn, deposit }: PaidBill, world: World): void {
  const against = paidIn === currency ? 'chain' : 'desk'
  credit({ merchant, money: { currency, units: units.toString() }, against, kind, deposit }, world)
  debit({ merchant, money: { currency, units: fee.toString() }, against: 'fees', kind: `${kind}_fee`, deposit }, world)
}

/** What AlphaPo keeps of what was asked for; what is finer is cut off. */
// rule: alphapo.invoices.fee
export function feeOf(units: bigint): bigint {
  return (units * atoms(DEPOSIT_FEE)!) / atoms('1')!
}
