// Deposits, from first seen to credited, ignored or failed. Sending webhooks is left to webhooks.ts.
import { z } from 'zod'
import type { DepositRules, Reaction } from '../../provider.ts'
import { amountText, atomsOf } from '../../text/decimals.ts'
import { type Transfer, Transfers } from '../../world/chain.ts'
import { post } from '../../world/ledger.ts'
import { Count, Digits, Moment, oneOf, SignedDigits, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { HandOut, World } from '../../world/world.ts'
import { Addresses, isGone, markUsed } from './addresses.ts'
import { DECIMALS, METHODS, type Method, NETWORKS } from './catalogue.ts'
import { keptBack } from './deposit-terms.ts'
import { book, purseOf, standing, takeBackDeposit } from './ledger.ts'
import { tell } from './webhooks.ts'
import { amountShown, moment } from './wire.ts'

// rule: payward.deposits.statuses
export type DepositStatus = 'initial' | 'pending' | 'settled' | 'success' | 'failure'

/** A transfer that Payward has taken notice of. */
export interface DepositRow {
  /** The transfer's own id. */
  readonly id: string
  /** In order of being seen, over all accounts. */
  readonly seq: number
  readonly refId: string
  readonly account: string
  /** The address row, which is the allocation's reference. */
  readonly addressId: string
  /** The method of what was sent, which need not be the one the address was made for. */
  readonly method: string
  readonly address: string
  readonly tag: string | null
  readonly txid: string
  readonly atoms: string
  readonly status: DepositStatus
  /** World ms. */
  readonly seenAt: number
  readonly changedAt: number
  /** Atoms of the asset that the account holds since the last change. */
  readonly balance: string
  /** The timer of its credit, while that is to come. */
  readonly credit?: string
  /** What is kept back of it, atoms; left out where that is nothing. */
  readonly fee?: string
}

export const Deposits: Table<DepositRow> = {
  name: 'payward.deposits',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    refId: Text,
    account: Text,
    addressId: Text,
    method: oneOf(METHODS.map(({ id }) => id)),
    address: Text,
    tag: Text.nullable(),
    txid: Text,
    atoms: Digits,
    status: oneOf(['initial', 'pending', 'settled', 'success', 'failure']),
    seenAt: Moment,
    changedAt: Moment,
    balance: SignedDigits,
    credit: Text.exactOptional(),
    fee: Digits.exactOptional(),
  }),
  references: ({ id, addressId }) => [
    ['id', Transfers, id],
    ['addressId', Addresses, addressId],
  ],
  indexes: { byAccount: { group: (row) => row.account, order: (row) => row.seq } },
}

/** How long a deposit with all its confirmations is held before it is credited. */
const HELD_MS = 60_000

export const deposits: DepositRules = {
  asset: ({ handOut, currency = handOut.currency, network = handOut.network }) => {
    const method = METHODS.find(
      (known) => known.symbol === currency.toUpperCase() && known.network.toLowerCase() === network.toLowerCase(),
    )
    if (!method) return undefined
    const { on, confirmations } = NETWORKS[method.network]!
    // rule: payward.deposits.confirmations
    return {
      currency: method.symbol,
      network: method.network,
      on,
      decimals: DECIMALS,
      threshold: Number(confirmations),
    }
  },
  onTransfer: (step, transfer, holder, world) => {
    if (step === 'seen') return seen(transfer, holder, world)
    const row = world.get(Deposits, transfer.id)
    if (!row) return 'ignored: Payward did not record this transfer when it was first seen'
    if (step === 'mined') return become(row, 'pending', 'in a block, not yet confirmed', world)
    if (step === 'confirmed') return settle(row, world)
    return fail(row, world)
  },
}

function seen(transfer: Transfer, holder: HandOut, world: World): string {
  // rule: payward.deposits.no-cross-network
  if (transfer.network !== holder.network)
    return `not credited: the address is on ${holder.network}, but the transfer is on ${transfer.network}`
  // rule: payward.deposits.token-shared
  const method = methodOf(transfer)
  // rule: payward.deposits.minimum
  if (BigInt(transfer.atoms) < atomsOf(method.minimum, DECIMALS)!) {
    return `not credited: ${amountText(BigInt(transfer.atoms), DECIMALS)} ${method.symbol} is below the minimum of ${method.minimum}`
  }
  // rule: payward.limit.late-deposit
  if (isGone(holder.reference, world) && world.assumes('payward.limit.late-deposit') === 'ignored')
    return `not credited: ${holder.reference} has expired`

  // rule: payward.deposits.several
  const seq = world.next('payward.deposits')
  const row: DepositRow = world.put(Deposits, {
    id: transfer.id,
    seq,
    refId: `fxn_${world.draw('payward deposit', seq).base32(20)}`,
    account: holder.account,
    addressId: holder.reference,
    method: method.id,
    address: transfer.address,
    tag: holder.tag,
    txid: transfer.txid,
    atoms: transfer.atoms,
    status: 'initial',
    seenAt: world.now,
    changedAt: world.now,
    balance: totalOf(holder.account, method, world),
  })
  announce(row, world)
  // If it is already in a block when first seen, no later step reports that.
  return transfer.minedAt === null ? `${row.refId} is initial` : become(row, 'pending', 'already in a block', world)
}

function methodOf({ currency, network }: Transfer): Method {
  return METHODS.find((known) => known.symbol === currency && known.network === network)!
}

function settle(before: DepositRow, world: World): string {
  const first = markUsed(before.addressId, world)
  const fee = keptBack(methodById(before), BigInt(before.atoms), first, world)
  const row = fee === 0n ? before : { ...before, fee: fee.toString() }
  // rule: payward.deposits.credit
  const { id: credit } = world.clock.schedule({
    at: world.now + HELD_MS,
    provider: 'payward',
    kind: 'confirmation',
    reaction: 'credited',
    args: row.id,
    summary: `${row.id} is credited`,
  })
  return become({ ...row, credit }, 'settled', `confirmed, and ${row.addressId} now counts as used`, world)
}

export const reactions: Readonly<Record<string, Reaction>> = {
  credited: {
    table: Deposits,
    run: (id: string, world) => {
      const row = world.get(Deposits, id)!
      if (row.status !== 'settled') return `${id} is ${row.status}: nothing to credit`
      // rule: payward.deposits.credit
      return `${id}: ${become(credited(row, world), 'success', `credited to ${row.account}`, world)}`
    },
  },
}

/** The transaction is gone, and with it what it brought. */
function fail(row: DepositRow, world: World): string {
  // rule: payward.deposits.failure
  if (row.credit !== undefined) world.clock.cancel(row.credit)
  if (row.status === 'success')
    takeBackDeposit({ id: row.id, account: row.account, asset: methodById(row), atoms: BigInt(row.atoms) }, world)
  return become(
    row.status === 'success' ? standingNow(row, world) : row,
    'failure',
    'the transaction no longer exists',
    world,
  )
}

/** The row knows the new balance. */
function standingNow(row: DepositRow, world: World): DepositRow {
  return { ...row, balance: totalOf(row.account, methodById(row), world) }
}

function credited(row: DepositRow, world: World): DepositRow {
  const { id: deposit, account, atoms, fee } = row
  book({ account, asset: methodById(row), atoms: BigInt(atoms), against: 'outside', kind: 'deposit', deposit }, world)
  // rule: payward.deposits.fee
  if (fee !== undefined)
    post(
      {
        purse: purseOf(account, methodById(row), world),
        atoms: -BigInt(fee),
        against: 'fees',
        kind: 'deposit_fee',
        deposit,
        overdraw: true,
      },
      world,
    )
  return standingNow(row, world)
}

function methodById({ method }: DepositRow): Method {
  return METHODS.find(({ id }) => id === method)!
}

function totalOf(account: string, asset: Method, world: World): string {
  return standing(account, asset, world).total.toString()
}

function become(before: DepositRow, status: DepositStatus, why: string, world: World): string {
  const row = world.put(Deposits, { ...before, status, changedAt: world.now })
  announce(row, world)
  return `${row.refId} is ${status}: ${why}`
}

// rule: payward.webhooks.each-status, rule: payward.webhooks.deposit-data
function announce(row: DepositRow, world: World): void {
  const method = METHODS.find(({ id }) => id === row.method)!
  tell(
    { event: 'deposit.status_updated', account: row.account, object: row.addressId },
    {
      account_id: row.account,
      ref_id: row.refId,
      status: row.status,
      asset: { symbol: method.symbol, type: method.type },
      amount: amountShown(BigInt(row.atoms), method, world),
      method: { id: method.id, name: method.network },
      address: row.address,
      tag: row.tag,
      memo: null,
      txid: row.txid,
      timestamp: moment(row.seenAt),
    },
    world,
  )
}
