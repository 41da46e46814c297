// What a swap comes to: which side is fixed, at what price, with what fee, and how it is rounded. Shared by quotes and conversions.
import { z } from 'zod'
import { Refusal } from '../../provider.ts'
import { amountText, atomsOf, withoutEndZeros, withPlaces } from '../../text/decimals.ts'
import { Digits, oneOf } from '../../world/rows.ts'
import type { World } from '../../world/world.ts'
import { type Asset, ASSET_TYPES, ASSETS, type AssetType, DECIMALS } from './catalogue.ts'
import { priceIn } from './prices.ts'
import { amountShown } from './wire.ts'

/** So much of an asset. */
export interface Sum {
  readonly symbol: string
  readonly type: AssetType
  readonly atoms: string
}

export const SumSchema = z.strictObject(
  { symbol: oneOf(ASSETS.map(({ symbol }) => symbol)), type: oneOf(ASSET_TYPES), atoms: Digits },
  { error: 'expected an asset and atoms' },
)

/** The price of one unit of the base, in the quote. */
export interface Terms {
  readonly from: Sum
  readonly to: Sum
  readonly fee: Sum
  readonly base: 'from' | 'to'
  /** Of 10 ** -PRICE_PLACES. */
  readonly price: string
}

export const TermsFields = {
  from: SumSchema,
  to: SumSchema,
  fee: SumSchema,
  base: oneOf(['from', 'to']),
  price: Digits,
}

const PRICE_PLACES = 12
const PRICE_ONE = 10n ** BigInt(PRICE_PLACES)
const WHOLE = 10_000n
/** No side may be larger, units. */
const UNITS_MAX = 1_000_000_000n

/** Places that an amount of this asset may have. */
// rule: payward.amounts.places
export function placesOf({ type }: Pick<Asset, 'type'>): number {
  return type === 'fiat' ? 2 : DECIMALS
}

/** An amount above nothing, no finer than its asset. */
// rule: payward.amounts.invalid
export function amountIn(
  asset: Pick<Asset, 'symbol' | 'type'>,
  text: string,
  field: string,
  places = placesOf(asset),
): bigint {
  const atoms = atomsOf(text, DECIMALS)
  if (atoms !== undefined && atoms > 0n && roundedDown(atoms, places) === atoms) return atoms
  throw new Refusal(
    'InvalidAmount',
    { data: { field } },
    `amounts of ${asset.symbol} are above 0 and have at most ${places} decimal places`,
  )
}

function roundedDown(atoms: bigint, places: number): bigint {
  const unit = 10n ** BigInt(DECIMALS - places)
  return (atoms / unit) * unit
}

function divided(one: bigint, by: bigint, up: boolean): bigint {
  return up ? (one + by - 1n) / by : one / by
}

export interface Asked {
  readonly from: Asset
  readonly to: Asset
  /** Which side has the amount, and how much, atoms. */
  readonly fixed: 'from' | 'to'
  readonly atoms: bigint
  readonly bps: number
}

/** What is received is rounded down, what is spent and the fee up, to the places of the asset. */
// rule: payward.quotes.arithmetic
export function termsOf({ from, to, fixed, atoms, bps }: Asked, world: World): Terms {
  // The fiat side is the one that prices are in, and the one that pays the fee.
  const base = from.type === 'fiat' && to.type !== 'fiat' ? 'to' : 'from'
  const { numerator, denominator } = base === 'from' ? priceIn(from, to, world) : priceIn(to, from, world)
  const price = (numerator * PRICE_ONE) / denominator
  if (price === 0n) throw new Refusal('QuantityTooSmall')
  const rounded = (amount: bigint, by: bigint, asset: Asset, up: boolean): bigint => {
    const unit = 10n ** BigInt(DECIMALS - placesOf(asset))
    return divided(amount, by * unit, up) * unit
  }
  const isBase = (side: 'from' | 'to') => side === base
  const into = (side: 'from' | 'to', amount: bigint, up: boolean) => {
    const asset = side === 'from' ? from : to
    return isBase(side) ? rounded(amount * PRICE_ONE, price, asset, up) : rounded(amount * price, PRICE_ONE, asset, up)
  }
  const feeSide = to.type === 'fiat' ? 'to' : 'from'
  const feeOf = (notional: bigint) => rounded(notional * BigInt(bps), WHOLE, feeSide === 'from' ? from : to, true)

  let spent: bigint
  let received: bigint
  let fee: bigint
  if (feeSide === 'from' && fixed === 'from') {
    fee = feeOf(atoms)
    spent = atoms
    received = into('to', atoms - fee, false)
  } else if (feeSide === 'from') {
    const net = into('from', atoms, true)
    fee = feeOf(net)
    spent = net + fee
    received = atoms
  } else if (fixed === 'from') {
    const gross = into('to', atoms, false)
    fee = feeOf(gross)
    spent = atoms
    received = gross - fee
  } else {
    fee = feeOf(atoms)
    spent = into('from', atoms + fee, true)
    received = atoms
  }
  // rule: payward.quotes.quantity
  if (spent <= 0n || received <= 0n) throw new Refusal('QuantityTooSmall')
  const most = UNITS_MAX * 10n ** BigInt(DECIMALS)
  if (spent > most || received > most) throw new Refusal('QuantityTooLarge')
  const sum = ({ symbol, type }: Asset, amount: bigint): Sum => ({ symbol, type, atoms: amount.toString() })
  return {
    from: sum(from, spent),
    to: sum(to, received),
    fee: sum(feeSide === 'from' ? from : to, fee),
    base,
    price: price.toString(),
  }
}

export function assetOf({ symbol, type }: Pick<Sum, 'symbol' | 'type'>): Asset {
  const namesakes = ASSETS.filter((asset) => asset.symbol === symbol)
  return namesakes.find((asset) => asset.type === type) ?? namesakes[0]!
}

// rule: payward.amounts.places
export function sumShown(sum: Sum, world: World) {
  const { symbol, name, type } = assetOf(sum)
  return { symbol, name, type, amount: amountShown(BigInt(sum.atoms), sum, world) }
}

/** These terms for another amount: the same price, and as much more or less of a fee. Refuses what comes to nothing. */
export function scaled(terms: Terms, given: bigint): Terms {
  const { from, to, fee } = terms
  const whole = BigInt(from.atoms)
  const part = (sum: Sum, up: boolean): Sum => {
    const unit = 10n ** BigInt(DECIMALS - placesOf(sum))
    return { ...sum, atoms: (divided(BigInt(sum.atoms) * given, whole * unit, up) * unit).toString() }
  }
  const received = part(to, false)
  if (received.atoms === '0') throw new Refusal('QuantityTooSmall')
  if (BigInt(received.atoms) > UNITS_MAX * 10n ** BigInt(DECIMALS)) throw new Refusal('QuantityTooLarge')
  return { ...terms, from: { ...from, atoms: given.toString() }, to: received, fee: part(fee, true) }
}

// rule: payward.quotes.rate
export function rateShown({ from, to, base, price }: Terms) {
  const [one, other] = base === 'from' ? [from, to] : [to, from]
  const reference = (sum: Sum) => {
    const { symbol, name, type } = assetOf(sum)
    return { symbol, name, type }
  }
  const text = withoutEndZeros(amountText(BigInt(price), PRICE_PLACES))
  return { base: reference(one), quote: reference(other), price: withPlaces(text, 2) }
}
