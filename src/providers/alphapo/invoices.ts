// Creating an invoice: a page that asks a payer for a fixed amount, in a currency that the payer or the merchant chooses.
import { z } from 'zod'
import { type Action, ActionRefused, type Answer, gate, Refusal } from '../../provider.ts'
import { amountText, withoutEndZeros } from '../../text/decimals.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES } from './catalogue.ts'
import { bodyOf, fieldErrors, forgive, isBlank, unknownChoice } from './fields.ts'
import { readAmount } from './invoices-amounts.ts'
import { cost, payableCurrency } from './invoices-places.ts'
import { choose, PAYABLE_MS, startTimer } from './invoices-states.ts'
import { type InvoiceRow, invoiceKey, Invoices } from './invoices-table.ts'
import { unix } from './invoices-timers.ts'
import { isCurrency } from './ledger.ts'
import { LIGHTNING } from './lightning.ts'
import { worth } from './rates.ts'
import { type AlphapoCall, atoms, money, UNITS } from './wire.ts'

const FIRST_ID = 826_900
const CODE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const CODE_LENGTH = 6
/** The smallest invoice, in euros. */
const SMALLEST = '10.00'

/** In the order in which the page lists them. */
const FIELDS = [
  'timer',
  'title',
  'currency',
  'amount',
  'foreign_id',
  'end_user_reference',
  'url_success',
  'url_failed',
  'email_user',
  'type',
  'description',
  'sender_currency',
]

/** The last gate of createInvoice: all invalid fields are reported at once. */
export const invoiceValid = gate('fields_valid', 'fieldsValid', (call: AlphapoCall, world: World): void => {
  const body = bodyOf(call)
  // What may be one of a few may be left out, too, and blank is as good as that.
  const errors = fieldErrors(
    call.problems.filter(({ keyword, at, value }) => keyword !== 'enum' || at[0] !== 'type' || !isBlank(value)),
  )
  forgive(errors, body, world)
  // rule: alphapo.invoices.currency
  if (!errors.has('currency') && (!isCurrency(body.currency) || body.currency === LIGHTNING))
    errors.set('currency', unknownChoice('currency'))
  if (!errors.has('sender_currency') && !isBlank(body.sender_currency)) {
    if (!payableCurrency(body.sender_currency, call.caller.merchant, world))
      errors.set('sender_currency', unknownChoice('sender currency'))
  }
  // rule: alphapo.invoices.amount
  const amount = errors.has('amount') ? undefined : readAmount('amount', body.amount)
  if (typeof amount === 'string') errors.set('amount', amount)
  // rule: alphapo.invoices.email
  if (!errors.has('email_user') && !isEmail(body.email_user))
    errors.set('email_user', 'The email user must be a valid email address.')
  if (errors.size === 0) return
  const told = FIELDS.filter((field) => errors.has(field)).map((field) => [field, errors.get(field)!])
  throw new Refusal('invalid_request', { errors: Object.fromEntries(told) })
})

export function isEmail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+$/.test(text.trim())
}

export function createInvoice(call: AlphapoCall, world: World): Answer {
  const body = bodyOf(call)
  const { merchant } = call.caller
  const foreignId = String(body.foreign_id)
  // rule: alphapo.invoices.foreign-id
  if (world.first(Invoices, 'byForeignId', JSON.stringify([merchant, foreignId]))) {
    call.because('alphapo.invoices.foreign-id')
    throw new Refusal('invalid_request', { errors: { foreign_id: 'The foreign id has already been taken.' } })
  }
  const currency: string = body.currency
  const units = readAmount('amount', body.amount) as bigint
  refuseTooSmall(units, currency, world)

  const id = FIRST_ID - 1 + world.next('alphapo.invoices')
  call.concerns(invoiceKey(id))
  // rule: alphapo.errors.boolean
  const isTimed = [true, 1, '1'].includes(body.timer)
  const sender = isBlank(body.sender_currency) ? undefined : CURRENCIES.get(body.sender_currency)!
  const fresh: InvoiceRow = {
    id,
    merchant,
    code: codeOf(id, world),
    timed: isTimed,
    parts: body.type === 'good_until_expired',
    title: body.title,
    description: isBlank(body.description) ? null : body.description,
    foreignId,
    reference: isBlank(body.end_user_reference) ? null : String(body.end_user_reference),
    email: body.email_user,
    urlSuccess: body.url_success,
    urlFailed: body.url_failed,
    currency,
    units: units.toString(),
    preselected: sender?.currency ?? null,
    quotes: isTimed && !sender ? quotesOf(units, currency, merchant, world) : null,
    payable: null,
    status: 'created',
    error: '',
    fee: null,
    fixedAt: null,
    expiresAt: null,
    timer: null,
    createdAt: world.now,
  }
  return { status: 201, body: { data: view(begin(fresh, isTimed, world), call, world) } }
}

/** The three kinds: the payer chooses whenever he likes, the payer chooses within fifteen minutes, the merchant has chosen. */
// rule: alphapo.invoices.kinds
function begin(fresh: InvoiceRow, isTimed: boolean, world: World): InvoiceRow {
  if (!isTimed) return world.put(Invoices, fresh)
  const row = startTimer(fresh, world)
  return row.preselected === null ? row : choose(row, CURRENCIES.get(row.preselected)!, world)
}

/** What it costs in every currency at the rates of this moment. */
function quotesOf(units: bigint, currency: string, merchant: string, world: World): Record<string, string> {
  const payable = [...CURRENCIES.keys()].flatMap((code) => payableCurrency(code, merchant, world) ?? [])
  return Object.fromEntries(payable.map((coin) => [coin.currency, cost(units, currency, coin, world).toString()]))
}

// rule: alphapo.invoices.minimum
function refuseTooSmall(units: bigint, currency: string, world: World): void {
  const least = currency === 'EUR' ? atoms(SMALLEST)! : worth(atoms(SMALLEST)!, 'EUR', currency, world)
  if (units >= least) return
  const [whole, decimals = ''] = withoutEndZeros(amountText(least, UNITS)).split('.')
  const text = `The amount is too small. The minimum amount is ${whole}.${decimals.padEnd(2, '0')} ${currency}.`
  throw new Refusal('invalid_request', { errors: { amount: text } })
}

/** Letters and digits that no other invoice is likely to have. */
function codeOf(id: number, world: World): string {
  const drawn = world.draw('alphapo', 'invoice', id)
  return Array.from({ length: CODE_LENGTH }, () => CODE[drawn.below(CODE.length)]).join('')
}

// rule: alphapo.invoices.answer
function view(row: InvoiceRow, call: AlphapoCall, world: World): object {
  const { payable } = row
  return {
    id: row.id,
    // rule: alphapo.invoices.url
    url: pageOf(`invoice/${row.code}`, call),
    foreign_id: row.foreignId,
    end_user_reference: row.reference ?? undefined,
    address: payable?.address ?? null,
    title: row.title,
    status: row.status,
    currency: row.currency,
    amount: money(BigInt(row.units)),
    sender_currency: row.preselected,
    sender_amount: payable && money(BigInt(payable.units)),
    fixed_at: unix(row.fixedAt),
    release_at: unix(row.expiresAt),
    seconds_left: row.expiresAt === null ? null : secondsLeft(row.expiresAt, world),
  }
}

/** Whole seconds after this one: 899 of 900 at the beginning. */
function secondsLeft(expiresAt: number, world: World): number {
  return Math.min(Math.ceil((expiresAt - world.now) / 1000), PAYABLE_MS / 1000) - 1
}

/** A page for payers on the host that was called. */
export function pageOf(path: string, call: AlphapoCall): string {
  const prefix = call.linePath.endsWith(call.path) ? call.linePath.slice(0, -call.path.length) : ''
  return `${call.origin}${prefix}/${path}`
}

const CurrencyChoice = z.strictObject({
  id: z.union([z.int(), z.string()]),
  currency: z.string(),
  email: z.string().optional(),
})

export const chooseInvoiceCurrency: Action<z.infer<typeof CurrencyChoice>> = {
  says: 'The payer of an invoice confirms the currency and the e-mail address on its page: the rate is fixed, and there is an address to pay to.',
  fields: CurrencyChoice,
  run: ({ id, currency, email }, world) => {
    const row = world.get(Invoices, invoiceKey(Number(id)))
    if (!row) throw new ActionRefused(`there is no invoice ${id}`, 'id')
    if (row.payable) throw new ActionRefused(`invoice ${id} is to be paid in ${row.payable.currency} already`, 'id')
    if (row.status === 'failed') throw new ActionRefused(`invoice ${id} has failed: ${row.error}`, 'id')
    const coin = payableCurrency(currency.toUpperCase(), row.merchant, world)
    if (!coin) throw new ActionRefused(`an invoice cannot be paid in ${currency}`, 'currency')
    if (email !== undefined && !isEmail(email)) throw new ActionRefused(`${email} is no e-mail address`, 'email')
    const chosen = choose(email === undefined ? row : { ...row, email }, coin, world)
    const { payable, status, fixedAt, expiresAt } = chosen
    return {
      id: chosen.id,
      status,
      address: payable!.address,
      tag: payable!.tag,
      sender_currency: payable!.currency,
      sender_amount: money(BigInt(payable!.units)),
      fixed_at: unix(fixedAt),
      expires_at: unix(expiresAt),
    }
  },
}
