// What AlphaPo keeps of a deposit: a share of it, what it costs to move it on, or a share of what it was converted into.
import type { World } from '../../world/world.ts'
import { DEPOSIT_FEE, FIAT, WITHDRAWAL_FEE } from './catalogue.ts'
import { costOf, worth } from './rates.ts'
import { atoms } from './wire.ts'

/** An amount of a currency, hundred-millionths as text because rows are JSON. */
export interface Money {
  readonly currency: string
  readonly units: string
}

export interface Fee extends Money {
  readonly type: 'deposit' | 'transfer' | 'exchange'
}

/** A fee of a withdrawal. */
export interface Cost extends Money {
  readonly type: 'mining' | 'withdrawal' | 'exchange'
}

const EXCHANGE_FEE = '0.010000'
/** Gas, in ETH. */
const TRANSFER_FEE = '0.000105'
/** The lowest level, in euros. */
const BITCOIN_MINIMUM_FEE = '1'

/** The fees of a confirmed deposit, which came over this network or over none. Together they never exceed it. */
export function feesOf(sent: Money, received: Money, network: string | undefined, world: World): Fee[] {
  const fees = sent.currency === received.currency ? ofDeposit(sent, network, world) : ofExchange(sent, received)
  return fees.filter(({ units }) => units !== '0')
}

/** The amount minus its fees. */
// rule: alphapo.fees.net
export function net(received: Money, fees: readonly Fee[]): bigint {
  return fees.reduce((left, { units }) => left - BigInt(units), BigInt(received.units))
}

function ofDeposit({ currency, units }: Money, network: string | undefined, world: World): Fee[] {
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
  if (isFree(sent.currency, currency)) return []
  return [{ type: 'exchange', currency, units: part(BigInt(units), EXCHANGE_FEE).toString() }]
}

/** Bitcoin and Lightning are one coin. */
// rule: alphapo.exchange.one-to-one
function isFree(from: string, to: string): boolean {
  return [from, to].sort().join() === 'BTC,BTCLN'
}

/** The switch on who pays for an exchange: whoever sends, on top, or the fiat side, whichever that is. */
export const EXCHANGE_FEE_IN = 'alphapo.exchange.fee-in'

/** The fee of an exchange between balances; nothing of the sender's currency where it is free. */
// rule: alphapo.exchange.fee-in
export function exchangeFeeOf(sent: Money, received: Money, world: World): Money {
  if (isFree(sent.currency, received.currency)) return { currency: sent.currency, units: '0' }
  const payer = world.assumes(EXCHANGE_FEE_IN) === 'fiat' && FIAT.includes(received.currency) ? received : sent
  return { currency: payer.currency, units: part(BigInt(payer.units), EXCHANGE_FEE).toString() }
}

/** Pages about deposits and withdrawals name fees in one word, production names them at length. */
export const FEE_NAMES = 'alphapo.fees.names'

/** How a fee of a deposit or a withdrawal is called. */
// rule: alphapo.fees.names
export function feeName(
  type: Fee['type'] | Cost['type'],
  { from, to, internal }: { readonly from: string; readonly to: string; readonly internal: boolean },
  world: World,
): string {
  if (world.assumes(FEE_NAMES) === 'documented') return type
  if (type === 'exchange') return exchangeFeeName(from, to)
  if (type === 'mining' || type === 'transfer') return type
  return `fee_crypto_${type}${internal ? '_internal' : ''}`
}

/** How the fee of an exchange between balances is called: every page that shows one has the long name. */
// rule: alphapo.fees.names
export function exchangeFeeName(from: string, to: string): string {
  if (FIAT.includes(to)) return 'fee_crypto_sell_for_fiat'
  return FIAT.includes(from) ? 'fee_crypto_buy_for_fiat' : 'fee_crypto_exchange_to_crypto'
}

/** What sending a coin costs on its network, in that network's own coin. */
const MINING: Readonly<Record<string, readonly [amount: string, coin: string]>> = {
  bitcoin: ['0.00005', 'BTC'],
  ethereum: ['0.0002', 'ETH'],
  arbitrum: ['0.0002', 'ETHA'],
  base: ['0.0002', 'ETHBASE'],
  tron: ['1', 'TRX'],
  solana: ['0.00002', 'SOL'],
  litecoin: ['0.001', 'LTC'],
  'bitcoin-cash': ['0.001', 'BCH'],
  dogecoin: ['0.001', 'DOGE'],
  cardano: ['0.001', 'ADA'],
  xrp: ['0.001', 'XRP'],
  bsc: ['0.001', 'BNB'],
  polygon: ['0.001', 'POL'],
}

/** The switch on whether a merchant pays the miners. */
export const MINING_FEE = 'alphapo.fees.mining'

/** What a withdrawal costs beside its amount, in the currency that pays for it. */
export function costsOf(
  sent: Money,
  received: Money,
  on: { network: string; internal: boolean },
  world: World,
): Cost[] {
  const { currency } = sent
  const [amount, coin] = MINING[on.network]!
  // rule: alphapo.fees.mining
  const mined =
    on.internal || world.assumes(MINING_FEE) === 'covered' ? 0n : costOf(atoms(amount)!, coin, currency, world)
  // rule: alphapo.fees.withdrawal
  const share: Cost =
    currency === received.currency
      ? { type: 'withdrawal', currency, units: part(BigInt(sent.units), WITHDRAWAL_FEE).toString() }
      : { type: 'exchange', ...exchangeFeeOf(sent, received, world) }
  const costs: Cost[] = [{ type: 'mining', currency, units: mined.toString() }, share]
  return costs.filter(({ units }) => units !== '0')
}

/** A share, given with 6 decimals; what is finer is cut off. */
function part(whole: bigint, share: string): bigint {
  return (whole * atoms(share)!) / atoms('1')!
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
