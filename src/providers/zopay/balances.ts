// Balances: one line per enabled asset and network with what it is worth, of one user or of the whole organisation.
import type { Answer } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { available, type Balance, balancesOf } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { money } from './amount.ts'
import { ASSETS, DECIMALS, type Pair } from './catalogue.ts'
import { accountOf, holderOf } from './money.ts'
import { worth } from './prices.ts'
import { sawUser } from './users.ts'
import { ok, time, type ZopayCall } from './wire.ts'

/** Switches between two readings of what a balance is. */
export const AMOUNT = 'zopay.balances.amount'
export const TENANT = 'zopay.balances.tenant'
export const EMPTY_TOTALS = 'zopay.balances.empty-totals'

export function getBalances(call: ZopayCall, world: World): Answer {
  // rule: zopay.balances.filter, rule: zopay.balances.empty-ref
  const ref = call.queryValues.external_ref as string | undefined
  if (ref !== undefined) return ofUser(call, ref, world)
  // rule: zopay.balances.tenant
  const usersOnly = world.assumes(TENANT) === 'users-only'
  return ok(valued(call, (holder) => !usersOnly || holder !== holderOf(null), world))
}

export function getUserBalances(call: ZopayCall, world: World): Answer {
  return ofUser(call, call.params.external_ref!, world)
}

// rule: zopay.balances.unknown-ref
function ofUser(call: ZopayCall, externalRef: string, world: World): Answer {
  sawUser(call.caller, externalRef, world)
  return ok({ external_ref: externalRef, ...valued(call, (holder) => holder === holderOf(externalRef), world) })
}

function valued({ caller }: ZopayCall, counts: (holder: string | null) => boolean, world: World) {
  const rows = balancesOf('zopay', accountOf(caller), world).filter(({ holder }) => counts(holder))
  const { fiats } = caller
  // rule: zopay.balances.rows
  const lines = [...caller.pairs].sort(byAssetThenNetwork).map((pair) => lineOf(pair, rows, fiats, world))
  // rule: zopay.balances.nothing
  const shown = lines.some(({ atoms }) => atoms !== 0n) ? lines : []
  return {
    // rule: zopay.balances.valued-at
    valued_at: time(world.now),
    balances: shown.map(({ asset, network, amount, values }) => ({
      // rule: zopay.balances.line
      asset,
      amount,
      network,
      ...Object.fromEntries(
        [...values].flatMap(([fiat, cents]) => (cents === undefined ? [] : [[`amount_${fiat}`, amountText(cents, 2)]])),
      ),
    })),
    totals: totalsOf(
      shown.map(({ values }) => values),
      fiats,
      world,
    ),
  }
}

function byAssetThenNetwork(one: Pair, other: Pair): number {
  const rank = ({ asset }: Pair) => ASSETS.indexOf(asset as (typeof ASSETS)[number])
  return rank(one) - rank(other) || (one.network < other.network ? -1 : 1)
}

function lineOf({ asset, network }: Pair, rows: readonly Balance[], fiats: readonly string[], world: World) {
  // rule: zopay.balances.amount
  const all = world.assumes(AMOUNT) === 'total'
  const atoms = rows
    .filter((row) => row.currency === asset && row.network === network)
    .reduce((sum, row) => sum + (all ? BigInt(row.balance) : available(row)), 0n)
  return {
    asset,
    network,
    atoms,
    amount: money(amountText(atoms, DECIMALS[asset]!)),
    values: new Map(fiats.map((fiat) => [fiat, worth(atoms, asset, fiat, world)])),
  }
}

/** Sums of what the lines print. */
// rule: zopay.balances.totals, rule: zopay.balances.empty-totals
function totalsOf(
  lines: readonly ReadonlyMap<string, bigint | undefined>[],
  fiats: readonly string[],
  world: World,
): Record<string, string> {
  if (lines.length === 0 && world.assumes(EMPTY_TOTALS) === 'empty') return {}
  return Object.fromEntries(
    fiats.flatMap((fiat) => {
      const values = lines.map((line) => line.get(fiat))
      if (values.includes(undefined)) return []
      return [
        [
          fiat,
          amountText(
            values.reduce<bigint>((sum, value) => sum + value!, 0n),
            2,
          ),
        ],
      ]
    }),
  )
}
