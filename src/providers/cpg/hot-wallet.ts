// Hot wallets: the address of an account and a network that the integrator has to fund so that withdrawals can be broadcast, and, where a test wants
// that counted, what lies in it.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { amountText, atomsOf } from '../../text/decimals.ts'
import type { Transfer, TransferStep } from '../../world/chain.ts'
import { availableIn, hold, isHeld, post, release, settle, takeBack } from '../../world/ledger.ts'
import { oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { HandOuts, type World } from '../../world/world.ts'
import { currencyOf, NETWORKS, type Settings } from './catalogue.ts'
import { hotPurse } from './money.ts'
import { findNetwork } from './toggles.ts'
import { type CpgCall, ok } from './wire.ts'

interface HotWallet {
  readonly id: string
  readonly account: string
  readonly network: string
  readonly address: string
}

export const HotWallets: Table<HotWallet> = {
  name: 'cpg.hot_wallets',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, account: Text, network: oneOf(Object.keys(NETWORKS)), address: Text }),
  indexes: {},
}

/** Which hot wallet it is; no deposit request is called that. */
function idOf(account: string, network: string): string {
  return JSON.stringify(['hot-wallet', account, network])
}

/** One address for each account and network. */
export function hotAddress(account: string, network: string, world: World): string {
  return world.address({ chain: NETWORKS[network]!.chain, name: ['cpg', account, network, 'hot'] })
}

/** It stays, whatever is disabled later. Only inside a change. */
export function openHotWallet(account: string, network: string, world: World): HotWallet {
  const id = idOf(account, network)
  return (
    world.get(HotWallets, id) ??
    world.put(HotWallets, { id, account, network, address: hotAddress(account, network, world) })
  )
}

/** Whether a currency of the network was ever enabled on the account. */
// rule: cpg.hot-wallet.allocation
function isAllocated(account: string, network: string, world: World): boolean {
  const { currencies } = world.settings<Settings>('cpg').accounts[account]!
  return (
    world.get(HotWallets, idOf(account, network)) !== undefined ||
    currencies.some((row) => row.network === network && (row.deposit || row.withdrawal))
  )
}

export function getHotWalletAddress(call: CpgCall, world: World): Answer {
  const { account } = call.caller
  // rule: cpg.hot-wallet.network-not-found
  const network = findNetwork(String(call.queryValues.network), world)
  // rule: cpg.hot-wallet.not-allocated
  if (!isAllocated(account, network, world))
    throw new Refusal('hot_wallet_not_allocated', {}, `the action toggle-currency enables a currency on ${network}`)
  const { id, address } = openHotWallet(account, network, world)
  // rule: cpg.hot-wallet.handed-out
  if (!world.list(HandOuts, 'byAddress', address).some(({ reference }) => reference === id))
    world.handOut({
      provider: 'cpg',
      account,
      user: null,
      network,
      currency: NETWORKS[network]!.native,
      address,
      tag: null,
      reference: id,
    })
  // rule: cpg.hot-wallet.address
  return ok({ network, address })
}

/** The hot wallet that a hand-out is of; undefined: it is of a deposit request. */
export function hotWalletOf(reference: string, world: World): HotWallet | undefined {
  return world.get(HotWallets, reference)
}

/** Whether what lies in hot wallets is counted. */
function isTracked(world: World): boolean {
  return world.assumes('cpg.hot-wallet.funding') === 'tracked'
}

/** Money that arrives at a hot wallet is no deposit. */
// rule: cpg.hot-wallet.no-deposit
export function funded(step: TransferStep, transfer: Transfer, wallet: HotWallet, world: World): string {
  const what = `${amountText(BigInt(transfer.atoms), transfer.decimals)} ${transfer.currency}`
  if (transfer.network !== wallet.network)
    return `lost to the hot wallet: it is on ${wallet.network}, but the transfer is on ${transfer.network}`
  if (step === 'seen' || step === 'mined') return `${what} is on its way to the hot wallet, which is no deposit`
  if (step === 'confirmed') {
    if (!isTracked(world)) return `${what} funds the hot wallet, which has enough of everything unless it is tracked`
    const purse = hotPurse({ ...transfer, account: wallet.account })
    post(
      { purse, atoms: BigInt(transfer.atoms), against: 'chain', kind: 'hot_wallet_funding', deposit: transfer.id },
      world,
    )
    return `${what} funds the hot wallet`
  }
  const taken = takeBack(transfer.id, 'hot_wallet_funding_reversed', `${transfer.id} is ${transfer.status}`, world)
  return `${what} never reached the hot wallet${taken ? ': taken back' : ''}`
}

/** A withdrawal as far as the hot wallet is concerned. */
export interface Outgoing {
  readonly withdrawalId: number
  /** The core's own id of it. */
  readonly id: string
  readonly account: string
  readonly currency: string
  readonly network: string
  readonly atoms: string
  readonly decimals: number
}

function holdsOf({ withdrawalId }: Outgoing): readonly [asset: string, gas: string] {
  return [`cpg.hot-wallet.asset:${withdrawalId}`, `cpg.hot-wallet.gas:${withdrawalId}`]
}

function gasOf({ account, network }: Outgoing) {
  const { native, gas } = NETWORKS[network]!
  const { decimals } = currencyOf(native, network)!
  return { purse: hotPurse({ account, currency: native, network, decimals }), atoms: atomsOf(gas, decimals)! }
}

/** Sets aside what the broadcast takes, where that is counted; the refusal, where there is too little. */
// rule: cpg.hot-wallet.funding
export function reserve(
  row: Outgoing,
  world: World,
): 'hot_wallet_without_funds' | 'hot_wallet_without_gas' | undefined {
  if (!isTracked(world)) return undefined
  const [asset, gas] = holdsOf(row)
  const [purse, fee] = [hotPurse(row), gasOf(row)]
  const atoms = BigInt(row.atoms)
  if (availableIn(purse, world) < atoms) return 'hot_wallet_without_funds'
  hold(asset, purse, atoms, world)
  if (availableIn(fee.purse, world) < fee.atoms) {
    release(asset, world)
    return 'hot_wallet_without_gas'
  }
  hold(gas, fee.purse, fee.atoms, world)
  return undefined
}

/** It is broadcast: the asset and the gas are gone from the hot wallet. */
export function spend(row: Outgoing, world: World): void {
  const [asset, gas] = holdsOf(row)
  if (!isHeld(asset, world)) return
  const fee = gasOf(row)
  const withdrawal = row.id
  settle(
    asset,
    [{ purse: hotPurse(row), atoms: -BigInt(row.atoms), against: 'chain', kind: 'broadcast', withdrawal }],
    world,
  )
  settle(gas, [{ purse: fee.purse, atoms: -fee.atoms, against: 'network', kind: 'gas', withdrawal }], world)
}

/** It was not broadcast after all, or nobody will mine it: the hot wallet has its money again. A replacement has used up the gas. */
export function giveBack(row: Outgoing, how: 'unsent' | 'dropped' | 'replaced', world: World): void {
  const holds = holdsOf(row)
  if (how === 'unsent') {
    for (const name of holds) if (isHeld(name, world)) release(name, world)
    return
  }
  if (!isTracked(world)) return
  const fee = gasOf(row)
  const withdrawal = row.id
  post(
    { purse: hotPurse(row), atoms: BigInt(row.atoms), against: 'chain', kind: 'broadcast_failed', withdrawal },
    world,
  )
  if (how === 'dropped')
    post({ purse: fee.purse, atoms: fee.atoms, against: 'network', kind: 'gas_unspent', withdrawal }, world)
}
