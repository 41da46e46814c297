// Sweeps: a deposit that was credited is moved from its address to another wallet of the operator's, a token with some gas sent ahead.
import type { Reaction } from '../../provider.ts'
import { atomsOf } from '../../text/decimals.ts'
import { post } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'
import { currencyOf, NETWORKS } from './catalogue.ts'
import { hotAddress } from './hot-wallet.ts'
import { hotPurse } from './money.ts'
import { recordTransaction, settleTransaction } from './transactions.ts'
import { type DepositRow, Deposits } from './transfers.ts'
import { tell, webhookTime } from './webhooks.ts'

const MINUTE_MS = 60_000
/** After the credit: when the gas is sent, when the move begins, when it is done. */
const TOPPED_UP_MS = 8 * MINUTE_MS
const BEGUN_MS = 9 * MINUTE_MS
const SWEPT_MS = 10 * MINUTE_MS

/** Only inside a change, at the instant of the credit. */
// rule: cpg.webhooks.swept, rule: cpg.sweeps.schedule
export function beginSweep(row: DepositRow, world: World): DepositRow {
  return isNative(row)
    ? next(row, 'sweep_begins', world.now + BEGUN_MS, `the sweep of ${row.id} begins`, world)
    : next(row, 'gas_topup', world.now + TOPPED_UP_MS, `gas for the sweep of ${row.id} is sent`, world)
}

/** So long after the credit, but not before now. */
function after({ confirmedAt }: DepositRow, ms: number, world: World): number {
  return Math.max(world.now, (confirmedAt ?? world.now) + ms)
}

function isNative({ currency, network }: DepositRow): boolean {
  return NETWORKS[network]!.native === currency
}

function next(row: DepositRow, reaction: string, at: number, summary: string, world: World): DepositRow {
  const { id: sweep } = world.clock.schedule({
    at,
    provider: 'cpg',
    kind: 'confirmation',
    reaction,
    args: row.id,
    summary,
  })
  return world.put(Deposits, { ...row, sweep })
}

export const reactions: Readonly<Record<string, Reaction>> = {
  gas_topup: { table: Deposits, gone: true, run: (id, world) => withRow(id, world, topUp) },
  sweep_begins: { table: Deposits, gone: true, run: (id, world) => withRow(id, world, begin) },
  swept: { table: Deposits, gone: true, run: (id, world) => withRow(id, world, swept) },
}

function withRow(id: string, world: World, step: (row: DepositRow, world: World) => string): string {
  const row = world.get(Deposits, id)
  return row ? step(row, world) : `${id} no longer exists: nothing to sweep`
}

// rule: cpg.transactions.gas-topup
function topUp(row: DepositRow, world: World): string {
  const { native, gas, chain } = NETWORKS[row.network]!
  const { decimals } = currencyOf(native, row.network)!
  const topUpTransaction = recordTransaction(
    {
      account: row.account,
      direction: 'gas_topup',
      status: 'broadcasted',
      currency: native,
      network: row.network,
      txHash: hashOf('gas-topup', row, world),
      from: world.address({ chain, name: ['cpg', row.account, row.network, 'gas'] }),
      to: row.address,
      atoms: atomsOf(gas, decimals)!.toString(),
      decimals,
      source: row.id,
    },
    world,
  )
  const at = after(row, BEGUN_MS, world)
  next({ ...row, topUpTransaction }, 'sweep_begins', at, `the sweep of ${row.id} begins`, world)
  return `${gas} ${native} are sent to the address of ${row.id}`
}

// rule: cpg.transactions.sweep
function begin(row: DepositRow, world: World): string {
  const { account, network } = row
  // rule: cpg.sweeps.to
  const to = goesToHotWallet(world)
    ? hotAddress(account, network, world)
    : world.address({ chain: NETWORKS[network]!.chain, name: ['cpg', account, network, 'receiving'] })
  const sweepTransaction = recordTransaction(
    {
      account,
      direction: 'sweep',
      status: 'broadcasted',
      currency: row.currency,
      network,
      txHash: hashOf('sweep', row, world),
      from: row.address,
      to,
      atoms: row.atoms,
      decimals: row.decimals,
      source: row.id,
    },
    world,
  )
  next({ ...row, sweepTransaction }, 'swept', after(row, SWEPT_MS, world), `${row.id} is swept`, world)
  return `${row.id} is on its way from its address`
}

function goesToHotWallet(world: World): boolean {
  return world.assumes('cpg.sweeps.to') === 'hot-wallet'
}

function swept(row: DepositRow, world: World): string {
  const { sweep: _, ...rest } = row
  world.put(Deposits, rest)
  settleTransaction(row.topUpTransaction, 'confirmed', world)
  settleTransaction(row.sweepTransaction, 'confirmed', world)
  if (goesToHotWallet(world) && world.assumes('cpg.hot-wallet.funding') === 'tracked')
    post(
      {
        purse: hotPurse(row),
        atoms: BigInt(row.atoms),
        against: 'chain',
        kind: 'hot_wallet_sweep',
        reason: `${row.id} was swept`,
      },
      world,
    )
  const told = { sweep_tx_hash: hashOf('sweep', row, world), swept_at: webhookTime(world.now) }
  tell('deposit.swept', row, told, world)
  return `${row.id} was swept to the ${goesToHotWallet(world) ? 'hot' : 'receiving'} wallet`
}

function hashOf(what: 'sweep' | 'gas-topup', row: DepositRow, world: World): string {
  const hex = world.draw('cpg', what, row.id).hex(32)
  return row.txHash.startsWith('0x') ? `0x${hex}` : hex
}
