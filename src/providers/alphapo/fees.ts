// What AlphaPo keeps of a deposit: a share of it, what it costs to move it on, or a share of what it was converted into.
import type { World } from '../../world/world.ts'
import { DEPOSIT_FEE } from './catalogue.ts'
import { worth } from './rates.ts'
import { atoms } from './wire.ts'

/** An amount of a currency, hundred-millionths as text because rows are JSON. */
export interface Money {
  readonly currency: string
  readonly units: string
}

export interface Fee extends Money {
  readonly type: 'deposit' | 'transfer' | 'exchange'
}

const EXCHANGE_FEE = '0.010000'
/** Gas, in ETH. */
const TRANSFER_FEE = '0.000105'
/** The lowest level, in euros. */
const BITCOIN_MINIMUM_FEE = '1'

/** The fees of a confirmed deposit. Together they never exceed it. */
export function feesOf(sent: Money, received: Money, network: string, world: World): Fee[] {
  const fees = sent.currency === received.currency ? ofDeposit(sent, network, world) : ofExchange(sent, received)
  return fees.filter(({ units }) => units !== '0')
}

/** The amount minus its fees. */
// rule: alphapo.fees.net
export function net(received: Money, fees: readonly Fee[]): bigint {
  return fees.reduce((left, { units }) => left - BigInt(units), BigInt(received.units))
}

function ofDeposit({ currency, units }: Money, network: string, world: World): Fee[] {
  const whole = BigInt(units)
  // rule: alphapo.fees.transfer
  const transfer = network === 'ethereum' ? least(whole, worth(atoms(TRANSFER_FEE)!, 'ETH', currency, world)) : 0n
  // rule: alphapo.fees.deposit
  const share = part(whole, DEPOSIT_FEE)
  // rule: alphapo.fees.bitcoin-minimum
  const minimum = currency === 'BTC' ? worth(atoms(BITCOIN_MINIMUM_FEE)!, 'EUR', 'BTC', world) : 0n
  const deposit = least(whole - transfer, share < minimum ? minimum : share)
  return [
    { type: 'transfer', currency, units: transfer.toString() },
    { type: 'deposit', currency, units: deposit.toString() },
  ]
}

// rule: alphapo.fees.exchange
function ofExchange(sent: Money, { currency, units }: Money): Fee[] {
  // rule: alphapo.exchange.one-to-one
  if ([sent.currency, currency].sort().join() === 'BTC,BTCLN') return []
  return [{ type: 'exchange', currency, units: part(BigInt(units), EXCHANGE_FEE).toString() }]
}

/** A share, given with 6 decimals; what is finer is cut off. */
function part(whole: bigint, share: string): bigint {
  return (whole * atoms(share)!) / atoms('1')!
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
