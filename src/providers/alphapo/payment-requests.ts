// Creating a payment request: an amount to receive, how long it may be paid, and what the payer may pay it in.
import { z } from 'zod'
import { type Action, ActionRefused, type Answer, gate, Refusal } from '../../provider.ts'
import type { Draw } from '../../world/draws.ts'
import type { World } from '../../world/world.ts'
import type { Currency } from './catalogue.ts'
import { bodyOf, type FieldErrors, fieldErrors, isBlank, unknownChoice } from './fields.ts'
import { isEmail, pageOf } from './invoices.ts'
import { readAmount } from './invoices-amounts.ts'
import { unix, wholeSecond } from './invoices-timers.ts'
import { addressView, sentView } from './payment-requests-callbacks.ts'
import { codesNamed, type Named, namedOf, payableNamed } from './payment-requests-codes.ts'
import { begin, choosePayable, fixRate, restrict } from './payment-requests-states.ts'
import { isOver, PaymentRequests, requestKey, type RequestRow } from './payment-requests-table.ts'
import type { AlphapoCall } from './wire.ts'

/** Switches: whether `/api/v2/requests` is served too, and the status of the answer. */
export const PATH = 'alphapo.payment-requests.path'
export const STATUS = 'alphapo.payment-requests.status'

const CODE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const CODE_LENGTH = 22
/** No payment request lives longer, s. */
const LIFE_MAX = 10 * 366 * 24 * 3600

/** In the order in which the page lists them. */
const FIELDS = [
  'amount',
  'currency',
  'currency.iso',
  'life_time_duration',
  'life_time_datetime',
  'payment_currency',
  'payment_currency.iso',
  'end_user_email',
  'end_user_reference',
  'description',
  'foreign_id',
  'url_store',
  'url_success',
  'url_failed',
]

/** The first gate of createPaymentRequest: its path, read literally, would be another one too. */
// rule: alphapo.payment-requests.path
export const pathServed = gate('path_served', 'pathServed', (call: AlphapoCall, world: World): void => {
  if (!isServed(call, world)) throw new Refusal('not_found', {}, 'payment requests are at /api/payments/v1/requests')
})

export function isServed({ path }: Pick<AlphapoCall, 'path'>, world: World): boolean {
  return !path.startsWith('/api/v2/') || world.assumes(PATH) === 'both'
}

/** The last gate of createPaymentRequest: all invalid fields are reported at once. */
export const requestValid = gate('fields_valid', 'fieldsValid', (call: AlphapoCall, world: World): void => {
  const body = bodyOf(call)
  const errors = fieldErrors(call.problems)
  const amount = errors.has('amount') ? undefined : readAmount('amount', body.amount)
  if (typeof amount === 'string') errors.set('amount', amount)
  judgeCurrencies(body, errors, call.caller.merchant, world)
  judgeLife(body, errors, world)
  if (!errors.has('end_user_email') && !isBlank(body.end_user_email) && !isEmail(body.end_user_email))
    errors.set('end_user_email', 'The end user email must be a valid email address.')
  if (errors.size === 0) return
  const told = FIELDS.filter((field) => errors.has(field)).map((field) => [field, errors.get(field)!])
  throw new Refusal('invalid_request', { errors: Object.fromEntries(told) })
})

// rule: alphapo.payment-requests.currencies
function judgeCurrencies(body: any, errors: FieldErrors, merchant: string, world: World): void {
  for (const field of ['currency', 'payment_currency'] as const) {
    const given = body[field]
    if (isBlank(given)) continue
    errors.delete(field)
    if (typeof given !== 'object' || Array.isArray(given)) errors.set(field, `The ${spoken(field)} must be an array.`)
    else if (isBlank(given.iso)) errors.set(`${field}.iso`, `The ${field}.iso field is required.`)
    else if (!(field === 'currency' ? received(given) : payableNamed(namedIn(given), merchant, world)[0]))
      errors.set(field, unknownChoice(field))
  }
}

function spoken(field: string): string {
  return field.replaceAll('_', ' ')
}

/** The code of what the merchant wants to receive; a coin of several networks needs one. */
function received(given: unknown): string | undefined {
  const codes = codesNamed(namedIn(given))
  return codes.length === 1 ? codes[0] : undefined
}

function namedIn({ iso, network_name: network }: any): Named {
  return { iso: String(iso), ...(!isBlank(network) && { network_name: String(network) }) }
}

/** Exactly one of the two says how long it lives. */
// rule: alphapo.payment-requests.life-time
function judgeLife(body: any, errors: FieldErrors, world: World): void {
  const { life_time_duration: duration, life_time_datetime: until } = body
  if (errors.has('life_time_duration') || errors.has('life_time_datetime')) return
  if (isBlank(duration) && isBlank(until)) errors.set('life_time_duration', 'The life time duration field is required.')
  else if (!isBlank(duration) && !isBlank(until))
    errors.set('life_time_duration', 'The life time duration field prohibits life time datetime from being present.')
  else if (!isBlank(duration) && !(duration >= 1 && duration <= LIFE_MAX))
    errors.set('life_time_duration', `The life time duration must be between 1 and ${LIFE_MAX}.`)
  else if (!isBlank(until) && !(until * 1000 > world.now && until * 1000 <= world.now + LIFE_MAX * 1000))
    errors.set('life_time_datetime', 'The life time datetime must be a date after now.')
}

export function createPaymentRequest(call: AlphapoCall, world: World): Answer {
  const body = bodyOf(call)
  const { merchant } = call.caller
  const seq = world.next('alphapo.payment_requests')
  const drawn = world.draw('alphapo', 'payment-request', seq)
  const id = timeOrdered(world.now, drawn)
  call.concerns(requestKey(id))
  const allowed = isBlank(body.payment_currency) ? null : payableNamed(namedIn(body.payment_currency), merchant, world)
  const fresh: RequestRow = {
    id,
    seq,
    merchant,
    code: Array.from({ length: CODE_LENGTH }, () => CODE[drawn.below(CODE.length)]).join(''),
    amount: String(body.amount).trim(),
    currency: received(body.currency)!,
    units: (readAmount('amount', body.amount) as bigint).toString(),
    allowed: allowed && allowed.map(({ currency }) => currency),
    email: textIn(body.end_user_email),
    reference: textIn(body.end_user_reference),
    description: textIn(body.description),
    foreignId: textIn(body.foreign_id),
    urlStore: textIn(body.url_store),
    urlSuccess: textIn(body.url_success),
    urlFailed: textIn(body.url_failed),
    status: 'created',
    quoted: null,
    payable: null,
    lifeTime: isBlank(body.life_time_duration)
      ? body.life_time_datetime * 1000
      : wholeSecond(world.now) + body.life_time_duration * 1000,
    fixedAt: null,
    expiresAt: null,
    timer: null,
    createdAt: world.now,
  }
  // rule: alphapo.payment-requests.status
  return { status: Number(world.assumes(STATUS)), body: { data: view(opened(fresh, allowed, world), call, world) } }
}

/** A currency that the payer must use fixes the rate at once; where it leaves no choice, there is an address at once too. */
// rule: alphapo.payment-requests.fixed
function opened(fresh: RequestRow, allowed: readonly Currency[] | null, world: World): RequestRow {
  if (!allowed) return begin(fresh, world)
  const row = begin(fixRate(fresh, allowed, world), world)
  return allowed.length === 1 ? choosePayable(row, allowed[0]!, world) : row
}

function textIn(value: unknown): string | null {
  return isBlank(value) ? null : String(value)
}

/** A UUID of version 7: the time in front, so that later ones come later. */
// rule: alphapo.payment-requests.id
function timeOrdered(now: number, drawn: Draw): string {
  const time = BigInt.asUintN(48, BigInt(now)).toString(16).padStart(12, '0')
  const variant = '89ab'[drawn.below(4)]!
  const rest = drawn.hex(10)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-${variant}${rest.slice(3, 6)}-${rest.slice(6, 18)}`
}

// rule: alphapo.payment-requests.answer
function view(row: RequestRow, call: AlphapoCall, world: World): object {
  const { currency, payable } = row
  return {
    id: row.id,
    amount: row.amount,
    currency: namedIn(bodyOf(call).currency),
    status: row.status,
    life_time: unix(row.lifeTime),
    end_user_email: row.email ?? undefined,
    end_user_reference: row.reference ?? undefined,
    description: row.description ?? undefined,
    payment_link: pageOf(`payment/${row.code}`, call),
    foreign_id: row.foreignId ?? undefined,
    url_store: row.urlStore ?? undefined,
    ...(payable && {
      payment_request_address: addressView(payable, currency),
      currency_sent: sentView(row, world),
      fixed_at: unix(row.fixedAt),
      expires_at: unix(row.expiresAt),
    }),
  }
}

const Choice = z.strictObject({ id: z.string(), iso: z.string(), network_name: z.string().optional() })
const Named = z.strictObject({ id: z.string() })

function requestOf({ id }: { readonly id: string }, world: World): RequestRow {
  const row = world.get(PaymentRequests, requestKey(id))
  if (!row) throw new ActionRefused(`there is no payment request ${id}`, 'id')
  if (isOver(row)) throw new ActionRefused(`payment request ${id} is ${row.status}`, 'id')
  return row
}

const choosePaymentCurrency: Action<z.infer<typeof Choice>> = {
  says: 'The payer of a payment request chooses a coin and its network and agrees: the rate is fixed, and there is an address to pay to.',
  fields: Choice,
  run: (input, world) => {
    const { id, iso } = input
    const row = requestOf(input, world)
    if (row.payable)
      throw new ActionRefused(`payment request ${id} is to be paid in ${row.payable.currency} already`, 'id')
    const coins = payableNamed(namedIn(input), row.merchant, world).filter(
      ({ currency }) => row.allowed?.includes(currency) ?? true,
    )
    if (coins.length !== 1)
      throw new ActionRefused(
        coins.length === 0
          ? `payment request ${id} cannot be paid in ${iso}`
          : `${iso} is on ${coins.map(({ currency }) => namedOf(currency).network_name).join(', ')}: say which`,
        coins.length === 0 ? 'iso' : 'network_name',
      )
    const chosen = choosePayable(row, coins[0]!, world)
    return {
      id,
      status: chosen.status,
      payment_request_address: addressView(chosen.payable!, chosen.currency),
      currency_sent: sentView(chosen, world),
      fixed_at: unix(chosen.fixedAt),
      expires_at: unix(chosen.expiresAt),
    }
  },
}

const restrictPaymentRequest: Action<z.infer<typeof Named>> = {
  says: 'People at AlphaPo restrict a payment request; what has been paid goes back to the payer.',
  fields: Named,
  run: (input, world) => ({ id: input.id, status: restrict(requestOf(input, world), world).status }),
}

export const requestActions: Readonly<Record<string, Action>> = {
  'choose-payment-currency': choosePaymentCurrency,
  'restrict-payment-request': restrictPaymentRequest,
}
