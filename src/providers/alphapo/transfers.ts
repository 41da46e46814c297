// Incoming transfers: which of them AlphaPo credits, cancels or ignores.
import type { DepositRules } from '../../provider.ts'
import { confirmations, type Transfer } from '../../world/chain.ts'
import type { HandOut, World } from '../../world/world.ts'
import { Addresses, type AddressRow } from './addresses.ts'
import { BELOW_MINIMUM, tell } from './callbacks.ts'
import { CURRENCIES, type Currency, NETWORKS, type Settings } from './catalogue.ts'
import { feesOf, type Money, net } from './fees.ts'
import { onInvoiceTransfer } from './invoices-states.ts'
import { credit, debit } from './ledger.ts'
import { LIGHTNING, unpayable } from './lightning.ts'
import { leastDeposited } from './minimums.ts'
import { onRequestTransfer } from './payment-requests-states.ts'
import { coinOf, worth } from './rates.ts'
import { nextLine, nextTransaction, type TransactionRow, Transactions } from './transactions.ts'
import { isInternal } from './withdrawals.ts'
import { money, unitsOf } from './wire.ts'

/** The first of these texts is known, the others are ours. */
const TOO_LITTLE = 'Transaction amount less than minimum deposit'
const DROPPED = 'Transaction was dropped by the network'
const REPLACED = 'Transaction was double spent'

/** Coins that come with a score of their risk. */
const SCORED: readonly string[] = ['BTC', 'BCH', 'ETH', 'LTC']

export const deposits: DepositRules = {
  // rule: alphapo.deposits.from-elsewhere
  codesOf: (coin, on) => {
    const found = [...CURRENCIES.values()].find(
      ({ currency, network }) => network === on && coinOf(currency) === coin && currency !== LIGHTNING,
    )
    return found && { currency: found.currency, network: found.network }
  },
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
    const { reference } = holder
    if (reference.startsWith('invoice:')) return onInvoiceTransfer(step, transfer, reference, world)
    if (reference.startsWith('payment-request:')) return onRequestTransfer(step, transfer, reference, world)
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
  // rule: alphapo.deposits.internal
  if (isInternal(transfer.txid, world)) return 'ignored: it went from merchant to merchant within AlphaPo'

  const { id, txid, currency } = transfer
  const row = world.put(Transactions, record({ transfer: id, txid, currency, units }, address, world))
  const early = confirmations(transfer, world) >= transfer.threshold
  // rule: alphapo.deposits.instant
  if (early && !row.belowMinimum) return settle(row, transfer, world)
  tell(row, world)
  return `${row.status} as transaction ${row.id} for address ${row.addressId}${row.belowMinimum ? ': it is below the minimum' : ''}`
}

/** Why a transfer is not credited; undefined: it is. */
export function reasonLost(
  transfer: Pick<Transfer, 'network' | 'currency'>,
  address: AddressRow,
  units: bigint,
  world: World,
): string | undefined {
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

/** Money that has come, over a chain or from another merchant of AlphaPo's. */
interface Arrival {
  /** The transfer's own id; null: it came over no chain. */
  readonly transfer: string | null
  readonly txid: string
  readonly currency: string
  readonly units: bigint
}

// rule: alphapo.take.monitored, rule: alphapo.deposits.several
function record({ transfer, txid, currency, units }: Arrival, address: AddressRow, world: World): TransactionRow {
  const into = address.convertTo ?? currency
  const belowMinimum = units < leastDeposited(currency, into)
  const refused = belowMinimum && world.assumes(BELOW_MINIMUM) === 'cancelled-twice'
  return {
    id: nextTransaction(world),
    transfer,
    merchant: address.merchant,
    addressId: address.id,
    txid,
    lines: into === currency ? [nextLine(world)] : [nextLine(world), nextLine(world)],
    sent: cash(currency, units),
    // rule: alphapo.take.convert-to
    received: cash(into, worth(units, currency, into, world)),
    cross: currency !== address.currency,
    belowMinimum,
    status: refused ? 'cancelled' : 'not_confirmed',
    error: refused ? TOO_LITTLE : '',
    fees: [],
    confirmations: null,
    riskscore: null,
  }
}

/** The transfer has all its confirmations. */
function settle(before: TransactionRow, transfer: Transfer, world: World): string {
  if (before.belowMinimum) return cancel(before, TOO_LITTLE, transfer, world)
  // rule: alphapo.deposits.credit
  const row = confirm(
    before,
    {
      fees: feesOf(before.sent, before.received, transfer.network, world),
      confirmations: confirmations(transfer, world),
      riskscore: SCORED.includes(before.sent.currency)
        ? `0.${world.draw('alphapo', 'riskscore', transfer.id).below(6)}`
        : null,
    },
    world,
  )
  return `confirmed as transaction ${row.id}: ${money(net(row.received, row.fees))} ${row.received.currency} are credited to merchant ${row.merchant}`
}

/** What has arrived is the merchant's, and what it costs is not. */
// rule: alphapo.ledger.deposits
function confirm(
  before: TransactionRow,
  known: Pick<TransactionRow, 'fees' | 'confirmations' | 'riskscore'>,
  world: World,
): TransactionRow {
  const row: TransactionRow = world.put(Transactions, { ...before, status: 'confirmed', ...known })
  const { merchant, transfer, sent, received, fees } = row
  const deposit = transfer ?? undefined
  const from = transfer === null ? 'internal' : 'chain'
  const against = sent.currency === received.currency ? from : 'desk'
  credit({ merchant, money: received, against, kind: 'deposit', deposit }, world)
  for (const fee of fees) debit({ merchant, money: fee, against: 'fees', kind: `${fee.type}_fee`, deposit }, world)
  tell(row, world)
  return row
}

/** Another merchant of AlphaPo's has sent this much to the address: it is there at once, for nothing had to be mined. Only inside a change. */
// rule: alphapo.deposits.internal
export function receiveInternally(
  address: AddressRow,
  currency: string,
  units: bigint,
  txid: string,
  world: World,
): void {
  const row = world.put(Transactions, record({ transfer: null, txid, currency, units }, address, world))
  if (row.belowMinimum) end(row, TOO_LITTLE, 0, world)
  else
    confirm(row, { fees: feesOf(row.sent, row.received, undefined, world), confirmations: 0, riskscore: null }, world)
}

function cancel(before: TransactionRow, error: string, transfer: Transfer, world: World): string {
  const row = end(before, error, confirmations(transfer, world), world)
  return `cancelled as transaction ${row.id}: ${row.error}`
}

function end(before: TransactionRow, error: string, confirmations: number, world: World): TransactionRow {
  const row: TransactionRow = world.put(Transactions, {
    ...before,
    status: 'cancelled',
    error: before.error || error,
    confirmations,
  })
  tell(row, world)
  return row
}

function cash(currency: string, units: bigint): Money {
  return { currency, units: units.toString() }
}
