// What a deposit costs, and how much an account may still deposit: the config file says so, because no page has figures.
import { amountText, atomsOf } from '../../text/decimals.ts'
import { type Movement, movementsIn } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { ASSETS, DECIMALS, type Method, type Settings } from './catalogue.ts'
import { purseOf } from './ledger.ts'
import { worth } from './prices.ts'

/** What every deposit by this method costs, and what the first one to an address costs besides, decimal text. */
// rule: payward.methods.fees
export function feesOf({ id }: Method, world: World): { readonly fee: string; readonly addressSetupFee: string } {
  return world.settings<Settings>('payward').depositFees[id] ?? { fee: '0', addressSetupFee: '0' }
}

/** What is kept back of a deposit, atoms: never more than there is. */
// rule: payward.deposits.fee
export function keptBack(method: Method, atoms: bigint, first: boolean, world: World): bigint {
  const { fee, addressSetupFee } = feesOf(method, world)
  const whole = atomsOf(fee, DECIMALS)! + (first ? atomsOf(addressSetupFee, DECIMALS)! : 0n)
  return whole > atoms ? atoms : whole
}

const USD = { symbol: 'USD', type: 'fiat', name: 'US Dollar' } as const

/** How much may be deposited in so many seconds, and how much of that is left, as an equivalent in dollars. */
// rule: payward.methods.limits, rule: payward.methods.limits-counted
export function limitsOf(account: string, world: World) {
  const { depositLimits } = world.settings<Settings>('payward')
  const deposits = ASSETS.flatMap((asset) => {
    const movements = movementsIn(purseOf(account, asset, world), world)
    const reversed = new Set(movements.flatMap(({ kind, cause }) => (kind === 'deposit_reversed' ? cause.deposit : [])))
    return movements
      .filter(({ kind, cause }) => kind === 'deposit' && (cause.deposit === null || !reversed.has(cause.deposit)))
      .map((movement: Movement) => ({
        at: movement.at,
        cents: worth(BigInt(movement.atoms), asset, USD, world, movement.at),
      }))
  })
  const limits = Object.entries({ '86400': depositLimits.day, '604800': depositLimits.week }).map(
    ([seconds, dollars]) => {
      const maximum = BigInt(dollars) * 100n
      const since = world.now - Number(seconds) * 1000
      const used = deposits.reduce((sum, { at, cents }) => (at > since ? sum + cents : sum), 0n)
      const left = used > maximum ? 0n : maximum - used
      return [seconds, { remaining: amountText(left, 2), maximum: amountText(maximum, 2) }]
    },
  )
  return [{ limit_type: 'EquivAmount', limits: Object.fromEntries(limits) }]
}
