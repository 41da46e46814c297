// What clients say of an exchange: to learn its price, to make it at that price, to make it at whatever the price is.
import { type Answer, gate, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { judgeNumber, unitsAsked } from './amounts.ts'
import { isExchangeable, leastExchanged, type Side, type Terms, termsOf } from './conversions.ts'
import { exchange, isTaken } from './exchanges.ts'
import { bodyOf, fieldErrors, isBlank, refuse, TAKEN } from './fields.ts'
import { fits } from './ledger.ts'
import { FIX_SECONDS, quote, takeQuote } from './quotes.ts'
import { type AlphapoCall, money } from './wire.ts'

const FIELDS = ['sender_currency', 'receiver_currency', 'sender_amount', 'receiver_amount', 'foreign_id', 'price']

/** The last gate of the three of them. */
// rule: alphapo.exchange.fields
export const exchangeFieldsValid = gate('fields_valid', 'fieldsValid', (call: AlphapoCall): void => {
  const body = bodyOf(call)
  const errors = fieldErrors(call.problems)
  const { sender_amount: sender, receiver_amount: receiver } = body
  if (isBlank(sender) && isBlank(receiver) && !errors.has('sender_amount') && !errors.has('receiver_amount'))
    errors.set('sender_amount', 'The sender amount field is required when receiver amount is not present.')
  for (const field of ['sender_amount', 'receiver_amount', 'price']) judgeNumber(field, body[field], errors)
  if (!isBlank(sender) && !isBlank(receiver) && !errors.has('receiver_amount'))
    errors.set('receiver_amount', 'The receiver amount field is prohibited when sender amount is present.')
  if (errors.size === 0) return
  const told = FIELDS.filter((field) => errors.has(field)).map((field) => [field, errors.get(field)!])
  throw new Refusal('invalid_request', { errors: Object.fromEntries(told) })
})

interface Asked {
  readonly merchant: string
  readonly from: string
  readonly to: string
  readonly side: Side
  readonly units: bigint
}

/** What is asked for, and the terms of this moment. */
// rule: alphapo.exchange.refusals
function asked(call: AlphapoCall, world: World): Asked & { readonly terms: Terms } {
  const { merchant } = call.caller
  const body = bodyOf(call)
  const { sender_currency: from, receiver_currency: to } = body
  if (!isExchangeable(from, to, merchant, world))
    refuse('sender_currency', 'Exchange is unavailable for given currencies')
  const side = isBlank(body.sender_amount) ? 'receiver' : 'sender'
  const units = unitsAsked(body[`${side}_amount`])!
  const terms = termsOf(from, to, side, units, world)
  const least = leastExchanged(from, world)
  // With a blank at the end, as AlphaPo's sibling prints it.
  if (BigInt(terms.sent.units) < least) refuse('sender_amount', `The amount must be at least ${money(least)} `)
  if (terms.received.units === '0')
    refuse('sender_amount', `The amount must be at least ${money(least)} `, 'less than one unit would be received')
  return { merchant, from, to, side, units, terms }
}

// rule: alphapo.exchange.calculate
export function calculateExchange(call: AlphapoCall, world: World): Answer {
  const { merchant, side, terms } = asked(call, world)
  const { releasedAt } = quote(merchant, side, terms, world)
  const release = releasedAt / 1000
  return {
    status: 200,
    body: {
      data: { ...told(terms), ts_fixed: release - FIX_SECONDS, ts_release: release, fix_period: FIX_SECONDS },
    },
  }
}

// rule: alphapo.exchange.fixed
export function exchangeFixed(call: AlphapoCall, world: World): Answer {
  const wish = asked(call, world)
  const foreignId = freeId(call, world)
  const price = unitsAsked(bodyOf(call).price)!
  const terms = takeQuote({ ...wish, price }, world)
  if (!terms)
    refuse(
      'price',
      'The selected price is invalid.',
      `no price of the last ${FIX_SECONDS} seconds was calculated for this pair, amount and price`,
    )
  return exchanged(call, terms, foreignId, world)
}

// rule: alphapo.exchange.now
export function exchangeNow(call: AlphapoCall, world: World): Answer {
  const { terms } = asked(call, world)
  return exchanged(call, terms, freeId(call, world), world)
}

// rule: alphapo.foreign-id.unique
function freeId(call: AlphapoCall, world: World): string {
  const foreignId = String(bodyOf(call).foreign_id)
  if (isTaken(call.caller.merchant, foreignId, world)) {
    call.because('alphapo.foreign-id.unique')
    refuse('foreign_id', TAKEN)
  }
  return foreignId
}

function exchanged(call: AlphapoCall, terms: Terms, foreignId: string, world: World): Answer {
  const { merchant } = call.caller
  const { sent, fee } = terms
  const due = BigInt(sent.units) + (fee.currency === sent.currency ? BigInt(fee.units) : 0n)
  if (!fits(merchant, { ...sent, units: due.toString() }, world))
    refuse('sender_amount', 'Not enough amount', `with its fee the exchange takes ${money(due)} ${sent.currency}`)
  const { id, status } = exchange(call, terms, foreignId, world)
  return { status: 201, body: { data: { ...told(terms), id, foreign_id: foreignId, type: 'exchange', status } } }
}

function told({ sent, received, fee, price }: Terms) {
  return {
    sender_currency: sent.currency,
    sender_amount: money(BigInt(sent.units)),
    receiver_currency: received.currency,
    receiver_amount: money(BigInt(received.units)),
    fee_currency: fee.currency,
    fee_amount: money(BigInt(fee.units)),
    price: money(BigInt(price)),
  }
}
