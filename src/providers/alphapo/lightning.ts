// Lightning: the address is an invoice for one amount and one payment, valid for fifteen minutes.
import { Refusal } from '../../provider.ts'
import { canTell, invoice } from '../../world/invoices.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES, LIGHTNING_MAXIMUM, type Settings } from './catalogue.ts'
import { type FieldErrors, isBlank, lacking } from './fields.ts'
import { atoms, money } from './wire.ts'

export const LIGHTNING = 'BTCLN'

const EXPIRY_SECONDS = 15 * 60
const MSAT_PER_ATOM = 1000n

/** Adds what is wrong with the amount of an invoice, unless its type is wrong already; asked of BTCLN only. */
export function judgeAmount(amount: unknown, errors: FieldErrors): void {
  const wrong = errors.has('amount') ? undefined : amountError(amount as number | string | null | undefined)
  if (wrong) errors.set('amount', wrong)
}

// rule: alphapo.lightning.amount
function amountError(amount: number | string | null | undefined): string | undefined {
  if (amount === undefined || amount === null || isBlank(amount)) return lacking('amount')
  const wanted = atoms(plain(amount))
  const { minimum } = CURRENCIES.get(LIGHTNING)!
  if (wanted === undefined) return 'The amount format is invalid.'
  // rule: alphapo.lightning.minimum
  if (wanted < atoms(minimum)!) return `The amount must be at least ${minimum}.`
  // rule: alphapo.lightning.maximum
  if (wanted > atoms(LIGHTNING_MAXIMUM)!) return `The amount may not be greater than ${LIGHTNING_MAXIMUM}.`
  return undefined
}

/** A BOLT11 invoice over exactly this amount, which has been found right. */
// rule: alphapo.lightning.invoice
export function invoiceFor(
  amount: number | string,
  name: readonly (string | number)[],
  world: World,
): { address: string; invoiced: string } {
  const wanted = atoms(plain(amount))!
  // rule: alphapo.lightning.time
  if (!canTell(world.now))
    throw new Refusal(
      'unavailable',
      {},
      `world time is ${new Date(world.now).toISOString()}, but a Lightning invoice can only be created between 1970 and 3058: reset the world with a clock in that range`,
    )
  const address = invoice(world.seed, {
    testnet: world.settings<Settings>('alphapo').testnet,
    amountMsat: wanted * MSAT_PER_ATOM,
    createdAtMs: world.now,
    expirySeconds: EXPIRY_SECONDS,
    description: 'AlphaPo deposit',
    name,
  })
  return { address, invoiced: wanted.toString() }
}

/** Why an invoice takes no payment of this size now; undefined: it takes it. */
// rule: alphapo.lightning.once
export function unpayable(
  row: { readonly invoiced: string; readonly createdAt: number },
  paid: boolean,
  units: bigint,
  world: World,
): string | undefined {
  if (paid) return 'the invoice is already paid'
  if (world.now >= (Math.floor(row.createdAt / 1000) + EXPIRY_SECONDS) * 1000) return 'the invoice has expired'
  if (units !== BigInt(row.invoiced)) return `the invoice amount is ${money(BigInt(row.invoiced))}, not ${money(units)}`
  return undefined
}

/** Far above every limit, and written without an exponent. */
const BOUND = 1e15

/** A JSON number as plain decimal text: JavaScript writes small and huge ones with an exponent. */
function plain(amount: number | string): string {
  if (typeof amount === 'string') return amount.trim()
  const text = String(Math.max(-BOUND, Math.min(BOUND, amount)))
  const [, sign, first, rest = '', exponent] = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text) ?? []
  return first === undefined ? text : `${sign}0.${'0'.repeat(Number(exponent) - 1)}${first}${rest}`
}
