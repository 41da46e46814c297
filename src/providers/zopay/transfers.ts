// Transfers on the chain: which of them Zopay records, and how each step changes the transaction.
import type { DepositRules } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import type { Asset, Transfer } from '../../world/chain.ts'
import { takeBack } from '../../world/ledger.ts'
import { NETWORKS as CHAINS, type NetworkName } from '../../world/networks.ts'
import type { HandOut, World } from '../../world/world.ts'
import { Addresses, type AddressRow, uuidOf } from './addresses.ts'
import { money } from './amount.ts'
import { DECIMALS, NETWORKS } from './catalogue.ts'
import { log } from './events.ts'
import { credit } from './money.ts'
import { Intents, type TransactionRow, Transactions } from './tables.ts'
import { settle } from './payments.ts'

export const deposits: DepositRules = {
  asset: ({ handOut, currency, network }) => {
    const asset = (currency ?? handOut.currency).toUpperCase()
    const place = placeOf((network ?? handOut.network).toLowerCase(), handOut)
    if (!place || !Object.hasOwn(DECIMALS, asset)) return undefined
    return { currency: asset, decimals: DECIMALS[asset]!, ...place }
  },
  onTransfer: (step, transfer, holder, world) => {
    if (step === 'seen') return seen(transfer, holder, world)
    const row = world.get(Transactions, idOf(transfer, world))
    if (!row) return 'ignored: Zopay did not record this transfer when it was first seen'
    if (step === 'mined') return 'in a block, not yet confirmed'
    if (step === 'confirmed') return confirmed(row, transfer, holder, world)
    // rule: zopay.deposits.gone
    world.put(Transactions, { ...row, status: 'failed', confirmedAt: null })
    // rule: zopay.ledger.reversal
    const taken = takeBack(transfer.id, 'deposit_reversed', `${transfer.id} no longer exists on the chain`, world)
    // rule: zopay.deposits.no-way-back
    return `transaction ${row.id} failed${taken ? ', its credit is taken back' : ''}${row.status === 'confirmed' ? ': completed intents and sent events are not reversed' : ''}`
  },
}

/** A network of Zopay's, or one where the very same address exists, which is how payers go wrong. */
function placeOf(network: string, handOut: HandOut): Pick<Asset, 'network' | 'on' | 'threshold'> | undefined {
  if (Object.hasOwn(NETWORKS, network))
    return { network, on: NETWORKS[network]!.on, threshold: NETWORKS[network]!.threshold }
  if (!Object.hasOwn(CHAINS, network)) return undefined
  const on = network as NetworkName
  const { chain, threshold } = NETWORKS[handOut.network]!
  return CHAINS[on].chain === chain ? { network, on, threshold } : undefined
}

/** The id of the transaction that Zopay makes of a transfer. */
export function idOf(transfer: Transfer, world: World): string {
  return world.draw('zopay', 'transaction', transfer.id).uuid()
}

function seen(transfer: Transfer, holder: HandOut, world: World): string {
  // rule: zopay.deposits.other-network
  if (transfer.network !== holder.network)
    return `not credited: the address is on ${holder.network}, but the transfer is on ${transfer.network}`
  // rule: zopay.deposits.other-asset
  if (transfer.currency !== holder.currency)
    return `not credited: the address is for ${holder.currency}, but the transfer is ${transfer.currency}`
  const intent = world.get(Intents, holder.reference)
  const { org, livemode, externalRef } = intent ?? world.get(Addresses, holder.reference)!
  const row: TransactionRow = world.put(Transactions, {
    id: idOf(transfer, world),
    seq: world.next('zopay.transactions'),
    org,
    livemode,
    externalRef,
    // rule: zopay.deposits.pending
    status: 'pending',
    asset: transfer.currency,
    network: transfer.network,
    amount: money(amountText(BigInt(transfer.atoms), transfer.decimals)),
    address: transfer.address,
    txHash: transfer.txid,
    intent: intent?.id ?? null,
    createdAt: world.now,
    confirmedAt: null,
  })
  return `pending as transaction ${row.id}, for ${intent ? `intent ${intent.id}` : `address ${holder.reference}`}`
}

function confirmed(before: TransactionRow, transfer: Transfer, holder: HandOut, world: World): string {
  const row: TransactionRow = world.put(Transactions, { ...before, status: 'confirmed', confirmedAt: world.now })
  credit(row, BigInt(transfer.atoms), transfer.id, world)
  if (row.intent !== null) return settle(world.get(Intents, row.intent)!, row, world)
  const address = world.get(Addresses, holder.reference)!
  tellReceived(row, address, world)
  return `credited to ${address.externalRef === null ? 'the treasury' : `user ${address.externalRef}`}`
}

// rule: zopay.deposits.received
function tellReceived(row: TransactionRow, address: AddressRow, world: World): void {
  log(
    {
      org: row.org,
      livemode: row.livemode,
      type: 'address.deposit.received',
      relatedTo: uuidOf(address),
      relatedKind: 'address',
      reference: address.id,
      data: {
        // rule: zopay.events.deposit-data
        address_id: address.id,
        address: address.address,
        asset: row.asset,
        network: row.network,
        amount: row.amount,
        tx_hash: row.txHash,
        transaction_id: row.id,
        external_ref: row.externalRef,
      },
    },
    world,
  )
}
