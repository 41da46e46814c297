// How an invoice goes on: a currency is chosen, money comes in time, in parts, too late or not at all, and in the end it is confirmed or failed.
import type { Reaction } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import type { Transfer, TransferStep } from '../../world/chain.ts'
import type { World } from '../../world/world.ts'
import { nextAddress } from './addresses.ts'
import { CURRENCIES, type Currency } from './catalogue.ts'
import { InvoicePayments, tellInvoice } from './invoices-callbacks.ts'
import { isConfirmed, livePayments, type PaymentRow, record, sumOf } from './invoices-payments.ts'
import { creditBill, feeOf } from './invoices-ledger.ts'
import { cost, place } from './invoices-places.ts'
import { type InvoiceRow, invoiceKey, Invoices, isFinal, type Payable } from './invoices-table.ts'
import { endAt, wholeSecond } from './invoices-timers.ts'
import { money } from './wire.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** How long a payer has once the timer runs. */
export const PAYABLE_MS = 15 * MINUTE_MS

/** Coins whose blocks take long: an invoice waits a day for them. */
const SLOW: readonly string[] = ['BTC', 'BCH']

const NOT_PAID = 'Timer expired. User not paid.'
const PAID_LESS = 'Timer expired. User paid less than requested.'
const TOO_LONG = 'Timer expired. Transactions were in status processing too long.'

const ENDS = 'alphapo.invoice-ends'

export const invoiceReactions: Readonly<Record<string, Reaction>> = {
  [ENDS]: {
    table: Invoices,
    run: (key, world) => end({ ...world.get(Invoices, key)!, timer: null }, world),
  },
}

/** The fifteen minutes begin. */
// rule: alphapo.invoices.timer
export function startTimer(row: InvoiceRow, world: World): InvoiceRow {
  const fixedAt = wholeSecond(world.now)
  return timed({ ...row, status: 'pending', fixedAt, expiresAt: fixedAt + PAYABLE_MS }, fixedAt + PAYABLE_MS, world)
}

/** The payer has chosen a currency: from here on there is an address. */
// rule: alphapo.invoices.choose
export function choose(before: InvoiceRow, currency: Currency, world: World): InvoiceRow {
  const row = before.status === 'created' ? startTimer(before, world) : before
  const quoted = row.quotes?.[currency.currency]
  const units = quoted ?? cost(BigInt(row.units), row.currency, currency, world).toString()
  const { address, tag } = place(
    currency,
    { key: invoiceKey(row.id), merchant: row.merchant, user: row.foreignId },
    world,
  )
  const addressId = nextAddress(world)
  const payable: Payable = { currency: currency.currency, units, addressId, address, tag }
  return world.put(Invoices, { ...row, payable })
}

/** A step of a transfer to the address of an invoice. */
export function onInvoiceTransfer(step: TransferStep, transfer: Transfer, key: string, world: World): string {
  const found = world.get(Invoices, key)!
  if (!found.payable) return `ignored: ${key} is not payable`
  if (step === 'seen') return seen(found, found.payable, transfer, world)
  const payment = world.get(InvoicePayments, transfer.id)
  if (!payment) return 'ignored: it was not what the invoice asks for when it was first seen'
  if (payment.status === 'gone' || step === 'mined') return `it is a payment of ${key}`
  // rule: alphapo.invoices.gone
  world.put(InvoicePayments, { ...payment, status: step === 'confirmed' ? 'confirmed' : 'gone' })
  const row = world.get(Invoices, key)!
  if (isFinal(row)) return `${key} stays ${row.status}`
  return step === 'confirmed' ? settle(row, world) : shrink(row, world)
}

function seen(before: InvoiceRow, payable: Payable, transfer: Transfer, world: World): string {
  const key = invoiceKey(before.id)
  // rule: alphapo.invoices.other-coin
  const { network } = CURRENCIES.get(payable.currency)!
  if (transfer.currency !== payable.currency || transfer.network !== network)
    return `not credited: ${key} asks for ${payable.currency} on ${network}, and ${transfer.currency} came on ${transfer.network}`
  // What comes in the very instant in which it ends is late.
  const over = !isFinal(before) && before.expiresAt! <= world.now && before.status === 'pending'
  if (over) end(before, world)
  const row = world.get(Invoices, key)!
  const payment = record(InvoicePayments, key, transfer, isFinal(row), world)
  // rule: alphapo.invoices.late
  if (payment.late)
    return `too late: ${key} is ${row.status}, and the payer is refunded outside of this API; nothing is credited`
  return grow(extended(row, payment, world), world)
}

/** With a coin of slow blocks, the first payment gives the invoice a day. */
// rule: alphapo.invoices.extension
function extended(row: InvoiceRow, { transfer }: PaymentRow, world: World): InvoiceRow {
  const [first] = livePayments(InvoicePayments, invoiceKey(row.id), world)
  if (!SLOW.includes(row.payable!.currency) || first?.transfer !== transfer || row.status !== 'pending') return row
  const expiresAt = wholeSecond(world.now) + DAY_MS
  return expiresAt > row.expiresAt! ? timed({ ...row, expiresAt }, expiresAt, world) : row
}

/** One more payment has been seen. */
function grow(row: InvoiceRow, world: World): string {
  const key = invoiceKey(row.id)
  if (row.status === 'processing') return `one more payment of ${key}, which is processing`
  // rule: alphapo.invoices.processing
  if (covering(row, world)) {
    const next = timed({ ...row, status: 'processing' }, world.now + DAY_MS, world)
    tellInvoice(next, world)
    return `${key} is processing: what has been seen covers it`
  }
  // rule: alphapo.invoices.parts
  if (row.parts) tellInvoice(row, world)
  return row.parts
    ? `${key} stays pending: a part of it has been paid`
    : `${key} stays pending: less came than was asked for, and it does not take parts`
}

/** A payment has left the chain. */
function shrink(row: InvoiceRow, world: World): string {
  const key = invoiceKey(row.id)
  if (covering(row, world)) return settle(row, world)
  if (row.status !== 'processing') return `${key} stays ${row.status}`
  if (row.expiresAt! <= world.now) return end({ ...row, status: 'pending' }, world)
  timed({ ...row, status: 'pending' }, row.expiresAt, world)
  return `${key} is pending again`
}

/** Confirms it where all payments that count are confirmed. */
function settle(row: InvoiceRow, world: World): string {
  const counted = covering(row, world)
  if (counted?.every(isConfirmed)) return confirm(row, counted, world)
  return `${invoiceKey(row.id)} stays ${row.status}: ${counted ? 'other payments of it are not confirmed yet' : 'it is not paid in full'}`
}

/** The payments that pay it together, where they do: all of them, or the one that is enough by itself. */
function covering(row: InvoiceRow, world: World): PaymentRow[] | undefined {
  const payments = livePayments(InvoicePayments, invoiceKey(row.id), world)
  const asked = BigInt(row.payable!.units)
  if (row.parts) return sumOf(payments) >= asked ? payments : undefined
  const enough = payments.filter(({ units }) => BigInt(units) >= asked)
  const one = enough.find(isConfirmed) ?? enough[0]
  return one && [one]
}

/** The merchant gets what was asked for, whatever came. */
// rule: alphapo.invoices.confirmed
function confirm(before: InvoiceRow, counted: readonly PaymentRow[], world: World): string {
  const fee = feeOf(BigInt(before.units))
  const row = timed({ ...before, status: 'confirmed', fee: fee.toString() }, null, world)
  const { currency, merchant, payable } = row
  creditBill(
    {
      merchant,
      currency,
      units: BigInt(row.units),
      fee,
      paidIn: payable!.currency,
      kind: 'invoice',
      deposit: counted.at(-1)!.transfer,
    },
    world,
  )
  tellInvoice(row, world)
  const surplus = sumOf(livePayments(InvoicePayments, invoiceKey(row.id), world)) - BigInt(payable!.units)
  // rule: alphapo.invoices.overpaid
  const rest =
    surplus > 0n ? `; ${amountText(surplus, 8)} ${payable!.currency} too much is refunded to the payer by e-mail` : ''
  return `${invoiceKey(row.id)} is confirmed: ${money(BigInt(row.units) - fee)} ${currency} are credited to merchant ${merchant}${rest}`
}

/** Its time is over. */
// rule: alphapo.invoices.failed
function end(row: InvoiceRow, world: World): string {
  const { payable } = row
  const payments = payable ? livePayments(InvoicePayments, invoiceKey(row.id), world) : []
  if (row.status === 'processing' && payable) {
    const arrived = payments.filter(isConfirmed)
    return row.parts && sumOf(arrived) >= BigInt(payable.units)
      ? confirm(row, arrived, world)
      : fail(row, TOO_LONG, world)
  }
  return fail(row, payments.length > 0 ? PAID_LESS : NOT_PAID, world)
}

function fail(before: InvoiceRow, error: string, world: World): string {
  const row = timed({ ...before, status: 'failed', error }, null, world)
  tellInvoice(row, world)
  return `${invoiceKey(row.id)} has failed: ${error}`
}

/** Keeps the row, with its timer set to another instant; null: nothing ends it any more. */
function timed(row: InvoiceRow, at: number | null, world: World): InvoiceRow {
  const key = invoiceKey(row.id)
  const to = at === null ? null : { at, reaction: ENDS, key, summary: `the time of ${key} is over` }
  return world.put(Invoices, { ...row, timer: endAt(row.timer, to, world) })
}
