// Quotes: the price of a payout, promised for a minute and good for one. A quote moves no money.
import { hash } from 'node:crypto'
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { amountText, atomsOf } from '../../text/decimals.ts'
import { isAddress } from '../../world/addresses.ts'
import { Count, Digits, Flag, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { assetOf, networkOf } from './addresses.ts'
import { money, readAmount } from './amount.ts'
import { ASSETS, type Caller, DECIMALS, NETWORKS } from './catalogue.ts'
import { canonical, readExact } from './exact.ts'
import { priceOf } from './prices.ts'
import { type Choice, choose } from './routes.ts'
import { isKnown } from './users.ts'
import { ok, time, type ZopayCall } from './wire.ts'

export const BEHAVIOUR = 'zopay.payouts.behaviour'
export const BAD_AMOUNT = 'zopay.payouts.bad-amount'
export const NEEDED = 'zopay.payouts.needed'

/** How long a quote is good. */
// rule: zopay.payouts.quote-expiry
const QUOTE_MS = 60_000

/** All that a payout needs to be carried out. */
export interface QuoteRow {
  readonly quoteId: string
  readonly org: string
  readonly livemode: boolean
  readonly externalRef: string
  readonly asset: string
  readonly destination: string
  /** What the user sends and the recipient gets, atoms. */
  readonly atoms: string
  readonly recipientAtoms: string
  /** US cents. */
  readonly fee: number
  readonly from: string
  readonly to: string
  readonly seconds: number
  /** World ms. */
  readonly expiresAt: number
  /** The payout that used it. */
  readonly usedBy: string | null
}

export const Quotes: Table<QuoteRow> = {
  name: 'zopay.quotes',
  key: (row) => row.quoteId,
  schema: z.strictObject({
    quoteId: Text,
    org: Text,
    livemode: Flag,
    externalRef: Text,
    asset: oneOf(ASSETS),
    destination: Text,
    atoms: Digits,
    recipientAtoms: Digits,
    fee: Count,
    from: oneOf(Object.keys(NETWORKS)),
    to: oneOf(Object.keys(NETWORKS)),
    seconds: Count,
    expiresAt: Moment,
    usedBy: Text.nullable(),
  }),
  indexes: {},
}

interface Input {
  readonly external_ref: string
  readonly destination: string
  readonly asset: string
  readonly amount: string
  readonly network_hint?: string | null
}

/** Whether payouts are those of the documented sandbox: always delivered, and no money moves. */
// rule: zopay.payouts.behaviour
export function isCanned({ livemode }: Caller, world: World): boolean {
  return !livemode && world.assumes(BEHAVIOUR) === 'canned'
}

// rule: zopay.payouts.quote-order
export function createPayoutQuote(call: ZopayCall, world: World): Answer {
  const input = (call.content as { value: Input }).value
  const { caller } = call
  // rule: zopay.payouts.ref-unknown
  if (!isKnown(caller, input.external_ref, world))
    throw new Refusal('external_ref_unknown', {}, 'an address, an intent or a reading of balances makes the user')
  const asset = assetOf(input.asset)
  const atoms = readPayoutAmount(input.amount, asset, world)
  const to = destinationOf(input)
  // rule: zopay.payouts.pair-disabled
  if (!caller.pairs.some((pair) => pair.asset === asset && pair.network === to))
    throw new Refusal('unsupported_asset_network')
  const choice = choose(caller, { externalRef: input.external_ref, asset, to, atoms }, world)
  const { route } = choice
  const feeAtoms = feeIn(asset, route.fee, world)
  // rule: zopay.payouts.too-small
  if (feeAtoms >= atoms)
    throw new Refusal('amount_too_small', {}, `the fee is ${amountText(feeAtoms, DECIMALS[asset]!)} ${asset}`)
  const row = world.put(Quotes, {
    quoteId: quoteId(call, world),
    org: caller.org,
    livemode: caller.livemode,
    externalRef: input.external_ref,
    asset,
    destination: input.destination,
    atoms: atoms.toString(),
    recipientAtoms: (atoms - feeAtoms).toString(),
    ...route,
    expiresAt: world.now + QUOTE_MS,
    usedBy: null,
  })
  const { quote_id, ...terms } = termsOf(row)
  return ok({
    // rule: zopay.payouts.quote-shape
    quote_id,
    expires_at: time(row.expiresAt),
    ...terms,
    recommendation: recommendation(choice),
    insufficient_funds: lacking(choice, asset, atoms, world),
  })
}

/** What a quote is told as inside a payout. */
export function termsOf(row: QuoteRow) {
  const { asset, from, to, seconds } = row
  return {
    quote_id: row.quoteId,
    user_sends: told(BigInt(row.atoms), asset),
    recipient_gets: told(BigInt(row.recipientAtoms), asset),
    fee_total_usd: dollars(row.fee),
    route: { from_network: from, to_network: to, estimated_seconds: seconds },
  }
}

export function told(atoms: bigint, asset: string): string {
  return money(amountText(atoms, DECIMALS[asset]!))
}

export function dollars(cents: number): string {
  return amountText(BigInt(cents), 2)
}

// rule: zopay.payouts.amount
function readPayoutAmount(text: string, asset: string, world: World): bigint {
  const reading = readAmount(text)
  const atoms = 'text' in reading ? atomsOf(reading.text, DECIMALS[asset]!) : undefined
  if (atoms !== undefined) return atoms
  // rule: zopay.payouts.bad-amount
  const hint = `more than 0, with at most ${DECIMALS[asset]} places`
  if (world.assumes(BAD_AMOUNT) === '400') throw new Refusal('invalid_amount', {}, hint)
  const item = { type: 'value_error', loc: ['body', 'amount'], msg: 'Value error, invalid amount', input: text }
  throw new Refusal('invalid_request', { items: [{ ...item, ctx: { error: {} } }] }, hint)
}

/** The network that the money is to arrive on: the hint, else the one that the address looks like. */
// rule: zopay.payouts.destination
function destinationOf({ destination, network_hint }: Input): string {
  const hint = network_hint == null ? undefined : networkOf(network_hint)
  const shape = Object.keys(NETWORKS).find((name) => isAddress(NETWORKS[name]!.chain, destination))
  if (shape === undefined) throw new Refusal('invalid_destination')
  if (hint !== undefined && hint !== shape)
    throw new Refusal('invalid_destination', {}, `it is an address of ${shape}, network_hint says ${hint}`)
  return shape
}

/** A fee in atoms of the asset; part of an atom counts as a whole one. */
// rule: zopay.payouts.recipient-gets
function feeIn(asset: string, cents: number, world: World): bigint {
  const price = priceOf(asset, 'usd', world)
  // rule: zopay.payouts.no-price
  if (!price) throw new Refusal('unavailable', {}, `${asset} has no price`)
  const { numerator, denominator } = price
  const units = BigInt(cents) * 10n ** BigInt(DECIMALS[asset]! - 2) * denominator
  return (units + numerator - 1n) / numerator
}

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz'

/** Drawn; that of the documented sandbox is made of the request, so that equal requests have equal ids. */
// rule: zopay.payouts.quote-id
function quoteId(call: ZopayCall, world: World): string {
  if (!isCanned(call.caller, world)) {
    const drawn = world.draw('zopay', 'quote', world.next('zopay.quotes'))
    return `quote_${drawn.base32(26).toLowerCase()}`
  }
  return `quote_${fingerprint(`${call.caller.org}\n${canonical(readExact(call.text))}`)}`
}

/** 26 characters of a SHA-256. */
export function fingerprint(text: string): string {
  return [...hash('sha256', text, 'buffer').subarray(0, 26)].map((byte) => CROCKFORD[byte % 32]).join('')
}

// rule: zopay.payouts.recommendation
function recommendation({ route, cheaper }: Choice): object | null {
  if (!cheaper) return null
  const savings = dollars(route.fee - cheaper.fee)
  return {
    message: `Funding from ${cheaper.from} instead of ${route.from} would save ${savings} USD.`,
    alternative_route: { network: cheaper.from, fee_total_usd: dollars(cheaper.fee), savings_usd: savings },
  }
}

// rule: zopay.payouts.insufficient-quote
function lacking({ route, missing }: Choice, asset: string, atoms: bigint, world: World): object | null {
  if (missing === 0n) return null
  // rule: zopay.payouts.needed
  const needed = world.assumes(NEEDED) === 'whole' ? atoms : missing
  return { needed: told(needed, asset), asset, network_with_lowest_top_up_fee: route.from }
}
