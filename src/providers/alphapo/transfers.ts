// Incoming transfers: which of them AlphaPo credits, cancels or ignores.
import type { DepositRules } from '../../provider.ts'
import { confirmations, type Transfer } from '../../world/chain.ts'
import type { HandOut, World } from '../../world/world.ts'
import { Addresses, type AddressRow } from './addresses.ts'
import { BELOW_MINIMUM, tell } from './callbacks.ts'
import { CURRENCIES, type Currency, NETWORKS, type Settings } from './catalogue.ts'
import { feesOf, type Money, net } from './fees.ts'
import { credit, debit } from './ledger.ts'
import { LIGHTNING, unpayable } from './lightning.ts'
import { worth } from './rates.ts'
import { type TransactionRow, Transactions } from './transactions.ts'
import { atoms, money, unitsOf } from './wire.ts'

const FIRST_TRANSACTION = 5_100_001
const FIRST_LINE = 7_200_001

/** The first of these texts is known, the others are ours. */
const TOO_LITTLE = 'Transaction amount less than minimum deposit'
const DROPPED = 'Transaction was dropped by the network'
const REPLACED = 'Transaction was double spent'

/** Coins that come with a score of their risk. */
const SCORED: readonly string[] = ['BTC', 'BCH', 'ETH', 'LTC']

export const deposits: DepositRules = {
  asset: ({ handOut, currency = handOut.currency, network }, world) => {
    const known = CURRENCIES.get(currency.toUpperCase())
    const on = network?.toLowerCase() ?? known?.network
    if (!known || on === undefined || !Object.hasOwn(NETWORKS, on)) return undefined
    const name = on as keyof typeof NETWORKS
    if (!reaches(known, name, handOut)) return undefined
    return {
      currency: known.currency,
      network: name,
      on: name,
      testnet: world.settings<Settings>('alphapo').testnet,
      decimals: known.decimals,
      threshold: NETWORKS[name].confirmations,
    }
  },
  // A transfer without a tag, or with one that was never allocated, is unattributed and does not get here.
  // rule: alphapo.deposits.tag
  onTransfer: (step, transfer, holder, world) => {
    if (step === 'seen') return seen(transfer, holder, world)
    const row = world.first(Transactions, 'byTransfer', transfer.id)
    if (!row) return 'ignored: AlphaPo did not record this transfer when it was first seen'
    // rule: alphapo.deposits.final
    if (row.confirmations !== null) return `transaction ${row.id} stays ${row.status}`
    if (step === 'mined') return `in a block; transaction ${row.id} is ${row.status}`
    if (step === 'confirmed') return settle(row, transfer, world)
    // rule: alphapo.deposits.gone
    return cancel(row, step === 'replaced' ? REPLACED : DROPPED, transfer, world)
  },
}

/** Whether a coin on this network can be sent there at all: addresses of one form serve several networks, an invoice serves Lightning alone. */
function reaches(coin: Currency, network: keyof typeof NETWORKS, handOut: HandOut): boolean {
  const lightning = [coin.network, network, handOut.network].filter((name) => name === 'lightning').length
  if (lightning > 0) return lightning === 3
  return NETWORKS[network].chain === CURRENCIES.get(handOut.currency)!.chain
}

function seen(transfer: Transfer, holder: HandOut, world: World): string {
  const address = world.get(Addresses, holder.reference)!
  const units = unitsOf(BigInt(transfer.atoms), transfer.decimals)
  const lost = reasonLost(transfer, address, units, world)
  if (lost !== undefined) return `not credited: ${lost}`

  const row = world.put(Transactions, record(transfer, address, units, world))
  const early = confirmations(transfer, world) >= transfer.threshold
  // rule: alphapo.deposits.instant
  if (early && !row.belowMinimum) return settle(row, transfer, world)
  tell(row, world)
  return `${row.status} as transaction ${row.id} for address ${row.addressId}${row.belowMinimum ? ': it is below the minimum' : ''}`
}

/** Why a transfer is not credited; undefined: it is. */
function reasonLost(transfer: Transfer, address: AddressRow, units: bigint, world: World): string | undefined {
  // rule: alphapo.take.wrong-network
  const { network } = CURRENCIES.get(address.currency)!
  if (transfer.network !== network) return `the address is on ${network}, but the transfer is on ${transfer.network}`
  if (address.invoiced !== null) {
    const paid = world.first(Transactions, 'byAddress', String(address.id)) !== undefined
    return unpayable({ ...address, invoiced: address.invoiced }, paid, units, world)
  }
  // rule: alphapo.deposits.cross-currency
  const enabled = world.settings<Settings>('alphapo').merchants[address.merchant]?.currencies
  return enabled && !enabled.includes(transfer.currency)
    ? `${transfer.currency} is not enabled for merchant ${address.merchant}`
    : undefined
}

// rule: alphapo.take.monitored, rule: alphapo.deposits.several
function record(transfer: Transfer, address: AddressRow, units: bigint, world: World): TransactionRow {
  const into = address.convertTo ?? transfer.currency
  const belowMinimum = units < minimumOf(transfer.currency, into)
  const refused = belowMinimum && world.assumes(BELOW_MINIMUM) === 'cancelled-twice'
  const line = () => FIRST_LINE - 1 + world.next('alphapo.lines')
  return {
    // rule: alphapo.transactions.ids
    id: FIRST_TRANSACTION - 1 + world.next('alphapo.transactions'),
    transfer: transfer.id,
    merchant: address.merchant,
    addressId: address.id,
    txid: transfer.txid,
    lines: into === transfer.currency ? [line()] : [line(), line()],
    sent: cash(transfer.currency, units),
    // rule: alphapo.take.convert-to
    received: cash(into, worth(units, transfer.currency, into, world)),
    cross: transfer.currency !== address.currency,
    belowMinimum,
    status: refused ? 'cancelled' : 'not_confirmed',
    error: refused ? TOO_LITTLE : '',
    fees: [],
    confirmations: null,
    riskscore: null,
  }
}

/** The smallest deposit that is credited. An invoice's amount was judged when it was made. */
// rule: alphapo.currencies.minimum, rule: alphapo.exchange.minimum
function minimumOf(currency: string, into: string): bigint {
  const minimum = atoms(CURRENCIES.get(currency)!.minimum)!
  return into === currency || currency === LIGHTNING ? minimum : 2n * minimum
}

/** The transfer has all its confirmations. */
function settle(before: TransactionRow, transfer: Transfer, world: World): string {
  if (before.belowMinimum) return cancel(before, TOO_LITTLE, transfer, world)
  // rule: alphapo.deposits.credit
  const row: TransactionRow = world.put(Transactions, {
    ...before,
    status: 'confirmed',
    fees: feesOf(before.sent, before.received, transfer.network, world),
    confirmations: confirmations(transfer, world),
    riskscore: SCORED.includes(before.sent.currency)
      ? `0.${world.draw('alphapo', 'riskscore', transfer.id).below(6)}`
      : null,
  })
  book(row, world)
  tell(row, world)
  return `confirmed as transaction ${row.id}: ${money(net(row.received, row.fees))} ${row.received.currency} are credited to merchant ${row.merchant}`
}

/** What has arrived is the merchant's, and what it costs is not. */
// rule: alphapo.ledger.deposits
function book({ merchant, transfer: deposit, sent, received, fees }: TransactionRow, world: World): void {
  const against = sent.currency === received.currency ? 'chain' : 'desk'
  credit({ merchant, money: received, against, kind: 'deposit', deposit }, world)
  for (const fee of fees) debit({ merchant, money: fee, against: 'fees', kind: `${fee.type}_fee`, deposit }, world)
}

function cancel(before: TransactionRow, error: string, transfer: Transfer, world: World): string {
  const row: TransactionRow = world.put(Transactions, {
    ...before,
    status: 'cancelled',
    error: before.error || error,
    confirmations: confirmations(transfer, world),
  })
  tell(row, world)
  return `cancelled as transaction ${row.id}: ${row.error}`
}

function cash(currency: string, units: bigint): Money {
  return { currency, units: units.toString() }
}
