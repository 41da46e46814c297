// What a client says of a withdrawal, and everything that can be wrong with it.
import { type Answer, gate, Refusal } from '../../provider.ts'
import { withoutEndZeros } from '../../text/decimals.ts'
import { isAddressAnywhere } from '../../world/addresses.ts'
import { plainTag } from '../../world/tags.ts'
import type { World } from '../../world/world.ts'
import { judgeNumber, unitsAsked } from './amounts.ts'
import { CURRENCIES, type Currency, FIAT } from './catalogue.ts'
import { isExchangeable, termsOf } from './conversions.ts'
import { costsOf, type Money } from './fees.ts'
import { bodyOf, fieldErrors, forgive, isBlank, lacking, refuse, TAKEN, unknownChoice } from './fields.ts'
import { isCurrency } from './ledger.ts'
import { LIGHTNING } from './lightning.ts'
import { leastSent } from './minimums.ts'
import { accept, dueFor, internalAddress, isCovered } from './sending.ts'
import { told } from './transactions.ts'
import { isTaken } from './withdrawals.ts'
import { type AlphapoCall, money } from './wire.ts'

const FIELDS = ['currency', 'amount', 'amount_to', 'address', 'tag', 'foreign_id', 'end_user_reference', 'convert_to']

/** The last gate of withdrawCrypto: fields by themselves, all at once. */
// rule: alphapo.withdrawals.fields
export const withdrawalFieldsValid = gate('fields_valid', 'fieldsValid', (call: AlphapoCall, world: World): void => {
  const body = bodyOf(call)
  const errors = fieldErrors(call.problems)
  forgive(errors, body, world)
  const { amount, amount_to: amountTo } = body
  if (isBlank(amount) && isBlank(amountTo) && !errors.has('amount') && !errors.has('amount_to'))
    errors.set('amount', lacking('amount'))
  if (!isBlank(amount) && !isBlank(amountTo) && !errors.has('amount_to'))
    errors.set('amount_to', 'The amount to field is prohibited when amount is present.')
  for (const field of ['amount', 'amount_to']) judgeNumber(field, body[field], errors)
  if (errors.size === 0) return
  const wrong = FIELDS.filter((field) => errors.has(field)).map((field) => [field, errors.get(field)!])
  throw new Refusal('invalid_request', { errors: Object.fromEntries(wrong) })
})

/** The switch on what happens to a withdrawal that the balance does not cover. */
export const UNCOVERED = 'alphapo.withdrawals.uncovered'

export function withdrawCrypto(call: AlphapoCall, world: World): Answer {
  const { merchant } = call.caller
  const body = bodyOf(call)
  const foreignId = String(body.foreign_id)
  const { from, to } = currencies(call, world)
  const { sent, received } = amounts(body, from, to.currency, world)
  const { address, tag } = destination(body, to)
  // rule: alphapo.foreign-id.unique
  if (isTaken(merchant, foreignId, world)) {
    call.because('alphapo.foreign-id.unique')
    refuse('foreign_id', TAKEN)
  }

  const internalTo = internalAddress({ merchant, currency: to, address, tag, units: BigInt(received.units) }, world)
  const costs = costsOf(sent, received, { network: to.network, internal: internalTo !== null }, world)
  const covered = isCovered({ merchant, sent, costs }, world)
  // rule: alphapo.withdrawals.uncovered
  if (!covered && world.assumes(UNCOVERED) === 'refused')
    refuse(
      'amount',
      'Not enough amount',
      `with its fees the withdrawal takes ${money(dueFor({ sent, costs }))} ${from}`,
    )

  const reference = isBlank(body.end_user_reference) ? null : String(body.end_user_reference)
  const row = accept(
    call,
    { foreignId, reference, to, address, tag, internalTo, sent, received, costs, covered },
    world,
  )
  // rule: alphapo.withdrawals.answer
  return {
    status: 201,
    body: {
      data: {
        id: row.id,
        foreign_id: row.foreignId,
        ...(row.reference !== null && { end_user_reference: row.reference }),
        type: from === to.currency ? 'withdrawal' : 'withdrawal_exchange',
        status: row.status === 'pending' ? 'pending' : 'processing',
        amount: told(sent),
        sender_amount: told(sent),
        sender_currency: from,
        receiver_currency: to.currency,
        receiver_amount: told(received),
      },
    },
  }
}

/** What pays, and what is sent. */
// rule: alphapo.withdrawals.currencies
function currencies(call: AlphapoCall, world: World): { readonly from: string; readonly to: Currency } {
  const { currency: from, convert_to: given } = bodyOf(call)
  if (!isCurrency(from) || from === LIGHTNING) refuse('currency', unknownChoice('currency'))
  if (isBlank(given) && FIAT.includes(from)) refuse('convert_to', lacking('convert_to'))
  const to = isBlank(given) ? CURRENCIES.get(from) : given === from ? undefined : CURRENCIES.get(given)
  if (!to || to.currency === LIGHTNING) refuse('convert_to', unknownChoice('convert_to'))
  if (to.currency !== from && !isExchangeable(from, to.currency, call.caller.merchant, world))
    refuse('currency', 'Exchange is unavailable for given currencies')
  return { from, to }
}

/** What leaves and what arrives, neither with fees. */
// rule: alphapo.withdrawals.minimum
function amounts(
  body: any,
  from: string,
  to: string,
  world: World,
): { readonly sent: Money; readonly received: Money } {
  const given = isBlank(body.amount) ? 'receiver' : 'sender'
  const units = unitsAsked(given === 'sender' ? body.amount : body.amount_to)!
  const same = { currency: from, units: units.toString() }
  const { sent, received } = from === to ? { sent: same, received: same } : termsOf(from, to, given, units, world)
  const least = leastSent(to)
  if (BigInt(received.units) < least)
    refuse('amount', `The amount must be at least ${withoutEndZeros(money(least))}.`, `counted in ${to}, which arrives`)
  return { sent, received }
}

// rule: alphapo.withdrawals.address
function destination(
  body: any,
  { chain, tagged }: Currency,
): { readonly address: string; readonly tag: string | null } {
  const { address, tag } = body
  if (!isAddressAnywhere(chain!, address)) refuse('address', 'Not supported address format.')
  // rule: alphapo.withdrawals.tag
  if (!tagged || isBlank(tag)) return { address, tag: null }
  const text = String(tag).trim()
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32) refuse('tag', 'The tag format is invalid.')
  return { address, tag: plainTag(text) }
}
