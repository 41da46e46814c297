// How a payment request goes on: the payer chooses a coin, money comes in time, too little, too much, too late or not at all, or people at AlphaPo stop it.
import type { Reaction } from '../../provider.ts'
import type { Transfer, TransferStep } from '../../world/chain.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES, type Currency } from './catalogue.ts'
import { creditBill, feeOf } from './invoices-ledger.ts'
import { isConfirmed, livePayments, record, sumOf } from './invoices-payments.ts'
import { cost, place } from './invoices-places.ts'
import { endAt, wholeSecond } from './invoices-timers.ts'
import { RequestPayments, tellRequest } from './payment-requests-callbacks.ts'
import { isOver, PaymentRequests, requestKey, type RequestRow } from './payment-requests-table.ts'
import { refundAutomatically } from './refunds.ts'
import { money } from './wire.ts'

const HOUR_MS = 3_600_000

/** What the end of the rate lock means for a request that could live on. */
export const LOCK_END = 'alphapo.payment-requests.lock-end'

const ENDS = 'alphapo.payment-request-ends'

export const requestReactions: Readonly<Record<string, Reaction>> = {
  [ENDS]: {
    table: PaymentRequests,
    run: (key, world) => end({ ...world.get(PaymentRequests, key)!, timer: null }, world),
  },
}

/** Begins to wait for its end. */
export function begin(row: RequestRow, world: World): RequestRow {
  return timed(row, endOf(row, world), world)
}

/** From here on the payer knows how much of the coin has to be paid. */
// rule: alphapo.payment-requests.rate-lock
export function fixRate(row: RequestRow, coins: readonly Currency[], world: World): RequestRow {
  const fixedAt = wholeSecond(world.now)
  // Of several networks the coarsest decides, so that the sum can be sent on each.
  const costs = coins.map((coin) => cost(BigInt(row.units), row.currency, coin, world))
  const quoted = costs.reduce((most, one) => (one > most ? one : most)).toString()
  const converts = coins.some(({ currency }) => currency !== row.currency)
  const expiresAt = converts ? Math.min(fixedAt + HOUR_MS, row.lifeTime) : row.lifeTime
  return { ...row, quoted, fixedAt, expiresAt }
}

/** The payer has chosen: there is an address, and the rate is fixed unless it was. */
// rule: alphapo.payment-requests.choose
export function choosePayable(before: RequestRow, coin: Currency, world: World): RequestRow {
  const fixed = before.quoted === null ? fixRate(before, [coin], world) : before
  const { address, tag } = place(
    coin,
    { key: requestKey(before.id), merchant: before.merchant, user: before.reference ?? before.foreignId },
    world,
  )
  const addressId = world.draw('alphapo', 'payment-request-address', before.id).uuid()
  const payable = { currency: coin.currency, units: fixed.quoted!, addressId, address, tag }
  const row = timed({ ...fixed, status: 'processing', payable }, endOf(fixed, world), world)
  tellRequest(row, world)
  return row
}

/** People at AlphaPo stop it; what has come so far goes back to the payer. */
// rule: alphapo.payment-requests.restricted
export function restrict(before: RequestRow, world: World): RequestRow {
  return over(before, 'restricted', world)
}

/** A step of a transfer to the address of a payment request. */
export function onRequestTransfer(step: TransferStep, transfer: Transfer, key: string, world: World): string {
  const found = world.get(PaymentRequests, key)!
  if (!found.payable) return `ignored: ${key} is not payable`
  if (step === 'seen') return seen(found, found.payable, transfer, world)
  const before = world.get(RequestPayments, transfer.id)
  if (!before) return 'ignored: it was not what the payment request asks for when it was first seen'
  if (before.status === 'gone' || step === 'mined') return `it is a payment of ${key}`
  // What comes and is confirmed in the very instant in which it ends is late.
  endIfDue(key, world)
  const payment = world.put(RequestPayments, { ...before, status: step === 'confirmed' ? 'confirmed' : 'gone' })
  const row = world.get(PaymentRequests, key)!
  if (step !== 'confirmed') return `${key} stays ${row.status}: the payment has left the chain`
  if (!isOver(row)) return settle(row, transfer, world)
  // rule: alphapo.payment-requests.late
  const reason = payment.late ? 'late' : row.status === 'paid' ? 'over' : 'under'
  return `${key} stays ${row.status}; ${refundAutomatically(row, reason, BigInt(payment.units), world)}`
}

function seen(
  { id }: RequestRow,
  { currency }: NonNullable<RequestRow['payable']>,
  transfer: Transfer,
  world: World,
): string {
  const key = requestKey(id)
  // rule: alphapo.payment-requests.other-coin
  const { network } = CURRENCIES.get(currency)!
  if (transfer.currency !== currency || transfer.network !== network)
    return `not credited: ${key} asks for ${currency} on ${network}, and ${transfer.currency} came on ${transfer.network}`
  const next = endIfDue(key, world)
  record(RequestPayments, key, transfer, isOver(next), world)
  tellRequest(next, world)
  return isOver(next)
    ? `too late: ${key} is ${next.status}; it is refunded once it is confirmed`
    : `a payment of ${key}, which waits for its confirmations`
}

function endIfDue(key: string, world: World): RequestRow {
  const row = world.get(PaymentRequests, key)!
  if (!isOver(row) && endOf(row, world) <= world.now) end(row, world)
  return world.get(PaymentRequests, key)!
}

/** Paid, where what is confirmed is enough. */
// rule: alphapo.payment-requests.paid
function settle(before: RequestRow, { id: deposit }: Transfer, world: World): string {
  const key = requestKey(before.id)
  const arrived = sumOf(livePayments(RequestPayments, key, world).filter(isConfirmed))
  const surplus = arrived - BigInt(before.payable!.units)
  if (surplus < 0n) return `${key} stays ${before.status}: it is not paid in full`
  const row = timed({ ...before, status: 'paid' }, null, world)
  const units = BigInt(row.units)
  const fee = feeOf(units)
  const { merchant, currency, payable } = row
  creditBill({ merchant, kind: 'payment_request', currency, units, fee, paidIn: payable!.currency, deposit }, world)
  tellRequest(row, world)
  // rule: alphapo.payment-requests.overpaid
  const rest = surplus > 0n ? `; ${refundAutomatically(row, 'over', surplus, world)}` : ''
  return `${key} is paid: ${money(units - fee)} ${currency} are credited to merchant ${merchant}${rest}`
}

/** Its time is over. */
// rule: alphapo.payment-requests.ends
function end(row: RequestRow, world: World): string {
  const payments = livePayments(RequestPayments, requestKey(row.id), world)
  const next = over(row, payments.length > 0 ? 'failed' : 'expired', world)
  return `${requestKey(row.id)} is ${next.status}`
}

function over(before: RequestRow, status: 'failed' | 'expired' | 'restricted', world: World): RequestRow {
  const row = timed({ ...before, status }, null, world)
  tellRequest(row, world)
  // What is not confirmed yet is refunded when it is.
  const payments = row.payable ? livePayments(RequestPayments, requestKey(row.id), world) : []
  for (const { units } of payments.filter(isConfirmed)) refundAutomatically(row, 'under', BigInt(units), world)
  return row
}

/** When it ends unless it is paid. */
// rule: alphapo.payment-requests.lock-end
function endOf({ expiresAt, lifeTime }: RequestRow, world: World): number {
  return world.assumes(LOCK_END) === 'ends' ? (expiresAt ?? lifeTime) : lifeTime
}

/** Keeps the row, with its timer set to another instant; null: nothing ends it any more. */
function timed(row: RequestRow, at: number | null, world: World): RequestRow {
  const key = requestKey(row.id)
  const to = at === null ? null : { at, reaction: ENDS, key, summary: `the time of ${key} is over` }
  return world.put(PaymentRequests, { ...row, timer: endAt(row.timer, to, world) })
}
