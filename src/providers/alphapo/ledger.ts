// What AlphaPo owes its merchants: one balance for each merchant and currency, crypto and fiat alike, in hundred-millionths.
import type { LedgerRules } from '../../provider.ts'
import { didYouMean } from '../../text/suggest.ts'
import { availableIn, balanceOf, post, type Posting, type Purse } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES, FIAT, type Settings } from './catalogue.ts'
import type { Money } from './fees.ts'
import { UNITS } from './wire.ts'

/** Who is on the other side of a movement: the chains, AlphaPo itself, those who mine, whoever exchanges, another merchant of AlphaPo's. */
export type Against = 'chain' | 'fees' | 'network' | 'desk' | 'internal'

// rule: alphapo.ledger.accounts
export const ledger: LedgerRules = {
  codes: [...CURRENCIES.keys(), ...FIAT],
  purse: ({ account, holder, currency, network }, world) => {
    const merchants = Object.keys(world.settings<Settings>('alphapo').merchants)
    const merchant = account ?? merchants[0]
    if (merchant === undefined || !merchants.includes(merchant))
      return `there is no merchant "${merchant}"${didYouMean(merchant ?? '', merchants)}`
    if (holder !== undefined) return 'AlphaPo keeps no balances of single users: leave holder out'
    const code = currency.toUpperCase()
    if (!isCurrency(code)) {
      const codes = [...CURRENCIES.keys(), ...FIAT]
      return `AlphaPo has no currency "${currency}"${didYouMean(code, codes)}`
    }
    const own = CURRENCIES.get(code)?.network
    if (network !== undefined && network.toLowerCase() !== own)
      return own === undefined
        ? `${code} is on no network: leave network out`
        : `${code} is on ${own}: leave network out, or take the code of the other network`
    return purseOf(merchant, code)
  },
}

/** Whether there is a balance in it. */
export function isCurrency(code: string): boolean {
  return CURRENCIES.has(code) || FIAT.includes(code)
}

export function purseOf(merchant: string, currency: string): Purse {
  return { provider: 'alphapo', account: merchant, currency, decimals: UNITS }
}

/** The one figure that AlphaPo tells, hundred-millionths. */
export function balanceIn(merchant: string, currency: string, world: World): bigint {
  return BigInt(balanceOf(purseOf(merchant, currency), world)?.balance ?? 0)
}

/** Whether a merchant can pay this much. */
export function fits(merchant: string, { currency, units }: Money, world: World): boolean {
  return BigInt(units) <= availableIn(purseOf(merchant, currency), world)
}

/** Why a balance changes, and what came or went on a chain with it, by its id in the world. */
export interface Booking {
  readonly merchant: string
  readonly money: Money
  readonly against: Against
  readonly kind: string
  readonly deposit?: string | undefined
  readonly withdrawal?: string | undefined
  readonly reason?: string | undefined
}

/** Adds to a balance. Nothing is not booked. Only inside a change. */
export function credit({ merchant, money, ...rest }: Booking, world: World): void {
  if (money.units !== '0')
    post({ purse: purseOf(merchant, money.currency), atoms: BigInt(money.units), ...rest }, world)
}

/** Takes from a balance. Throws `InsufficientFunds`. Only inside a change. */
export function debit(booking: Booking, world: World): void {
  if (booking.money.units !== '0') post(debitOf(booking), world)
}

/** What taking this from a balance is in the books. */
export function debitOf({ merchant, money, ...rest }: Booking): Posting {
  return { purse: purseOf(merchant, money.currency), atoms: -BigInt(money.units), ...rest }
}
