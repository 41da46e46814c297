// The pairs that can be exchanged: what one is in the other, and how much of it at least.
import { type Answer, gate, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES, FIAT } from './catalogue.ts'
import { enabledCrypto, isExchangeable, leastExchanged } from './conversions.ts'
import { bodyOf, fieldErrors, isBlank, unknownChoice } from './fields.ts'
import { isCurrency } from './ledger.ts'
import { worth } from './rates.ts'
import { leastDeposited } from './minimums.ts'
import { type AlphapoCall, atoms, money } from './wire.ts'

/** The switch on what the rate of a pair from fiat into crypto says: what one coin costs, or what one unit of fiat buys. */
export const FIAT_TO_CRYPTO = 'alphapo.rates.fiat-to-crypto'

const FILTERS = ['currency_from', 'currency_to'] as const

/** The last gate of listCurrencyPairs and listCurrencyRates. */
// rule: alphapo.rates.unknown
export const filtersValid = gate('fields_valid', 'fieldsValid', (call: AlphapoCall): void => {
  const body = bodyOf(call)
  const errors = fieldErrors(call.problems)
  for (const field of FILTERS)
    if (!errors.has(field) && !isBlank(body[field]) && !isCurrency(body[field])) errors.set(field, unknownChoice(field))
  if (errors.size > 0) throw new Refusal('invalid_request', { errors: Object.fromEntries(errors) })
})

export function listPairs(call: AlphapoCall, world: World): Answer {
  const { merchant } = call.caller
  const [from, to] = FILTERS.map((field) => bodyOf(call)[field] as string | undefined)
  const crypto = inOrder(enabledCrypto(merchant, world))
  const wanted = (all: readonly string[], one: string | undefined) => (isBlank(one) ? all : [one!])
  const data = wanted([...crypto, ...FIAT], from).flatMap((sender) =>
    wanted([...crypto, ...FIAT_LAST], to)
      .filter((receiver) => isExchangeable(sender, receiver, merchant, world))
      .map((receiver) => pair(sender, receiver, world)),
  )
  return { status: 200, body: { data } }
}

/** No page gives an order. Clients that go by place look for BTC and ETH first, and for USD last. */
// rule: alphapo.rates.order
function inOrder(crypto: readonly string[]): string[] {
  const first = ['BTC', 'ETH'].filter((currency) => crypto.includes(currency))
  return [...first, ...crypto.filter((currency) => !first.includes(currency))]
}

const LAST = ['EUR', 'USD']
const FIAT_LAST = [...FIAT.filter((currency) => !LAST.includes(currency)), ...LAST]

// rule: alphapo.rates.list
function pair(from: string, to: string, world: World) {
  const crypto = CURRENCIES.has(from)
  return {
    currency_from: {
      currency: from,
      type: crypto ? 'crypto' : 'fiat',
      // rule: alphapo.rates.minimum
      min_amount: money(leastExchanged(from, world)),
      ...(crypto && { min_amount_deposit_with_exchange: money(leastDeposited(from, to)) }),
    },
    currency_to: { currency: to, type: CURRENCIES.has(to) ? 'crypto' : 'fiat' },
    rate_from: '1',
    rate_to: money(rate(from, to, world)),
  }
}

// rule: alphapo.rates.fiat-to-crypto
function rate(from: string, to: string, world: World): bigint {
  const one = atoms('1')!
  return FIAT.includes(from) && world.assumes(FIAT_TO_CRYPTO) === 'price-of-coin'
    ? worth(one, to, from, world)
    : worth(one, from, to, world)
}
