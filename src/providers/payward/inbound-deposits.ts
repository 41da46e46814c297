// Money that arrives at an inbound endpoint: it is credited to the account, and then does what the endpoint was made for.
import { z } from 'zod'
import type { DepositRules } from '../../provider.ts'
import { type Transfer, Transfers } from '../../world/chain.ts'
import { Flag, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { HandOut, World } from '../../world/world.ts'
import { METHODS } from './catalogue.ts'
import { fireRule } from './conversion-rules.ts'
import { beginConverting, Conversions, failConversion } from './conversions.ts'
import { type InboundRow, Inbounds } from './inbounds.ts'
import { book, takeBackDeposit } from './ledger.ts'
import type { Sum } from './terms.ts'
import { topUpStep } from './topups.ts'
import { lockOf } from './users.ts'

/** A transfer to an endpoint that has been taken notice of. */
export const InboundDeposits: Table<{ readonly id: string; readonly inbound: string; readonly credited: boolean }> = {
  name: 'payward.inbound-deposits',
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, inbound: Text, credited: Flag }),
  references: ({ id, inbound }) => [
    ['id', Transfers, id],
    ['inbound', Inbounds, inbound],
  ],
  indexes: {},
}

// rule: payward.inbound.credit
export const onInbound: DepositRules['onTransfer'] = (step, transfer: Transfer, holder: HandOut, world: World) => {
  const inbound = world.get(Inbounds, holder.reference)!
  const { id } = transfer
  if (step === 'seen') {
    if (transfer.network !== holder.network)
      return `not credited: the address is on ${holder.network}, but the transfer is on ${transfer.network}`
    world.put(InboundDeposits, { id, inbound: inbound.id, credited: false })
    if (inbound.purpose !== 'top-up') return `seen at ${inbound.id}`
    return topUpStep(inbound.owner, 'received', { ...sumOf(transfer), transfer: id }, world)
  }
  const row = world.get(InboundDeposits, id)
  if (!row) return 'ignored: Payward did not record this transfer when it was first seen'
  if (step === 'mined') return `in a block at ${inbound.id}`
  if (step === 'confirmed') {
    world.put(InboundDeposits, { ...row, credited: true })
    return credit(inbound, sumOf(transfer), { deposit: id, txid: transfer.txid }, world)
  }
  return lost(inbound, transfer, row.credited, world)
}

function sumOf({ currency, network, atoms }: Transfer): Sum {
  const { symbol, type } = METHODS.find((method) => method.symbol === currency && method.network === network)!
  return { symbol, type, atoms }
}

/** Adds it to the balance, and does what the endpoint is for. Only inside a change. */
export function credit(
  { owner, purpose, account }: InboundRow,
  sum: Sum,
  { deposit, txid }: { readonly deposit: string | undefined; readonly txid: string | null },
  world: World,
): string {
  book({ account, asset: sum, atoms: BigInt(sum.atoms), against: 'outside', kind: 'deposit', deposit }, world)
  if (purpose === 'top-up') return topUpStep(owner, 'credited', { ...sum, transfer: deposit ?? 'bank' }, world)
  if (purpose === 'rule') return fireRule(owner, sum, txid, world)
  const row = world.get(Conversions, owner)
  if (!row) return `there is no conversion ${owner}: the money stays in the balance`
  const { given, status } = row
  if (status !== 'pending_deposit' || given.symbol !== sum.symbol || given.type !== sum.type)
    return `conversion ${owner} is ${status} and takes ${given.symbol}: the money stays in the balance`
  // rule: payward.conversions.locked
  if (lockOf(account, false, world))
    return `conversion ${failConversion(row, world).id} has failed, its user is locked: the money stays in the balance`
  return beginConverting(row, sum, txid, world)
}

function lost({ owner, purpose, account }: InboundRow, transfer: Transfer, credited: boolean, world: World): string {
  const { id } = transfer
  const sum = sumOf(transfer)
  const converting = purpose === 'conversion' ? world.get(Conversions, owner) : undefined
  if (credited && converting?.status === 'converting' && converting.depositTxid === transfer.txid)
    failConversion(converting, world)
  if (credited) takeBackDeposit({ id, account, asset: sum, atoms: BigInt(sum.atoms) }, world)
  if (purpose === 'top-up') return topUpStep(owner, 'gone', { ...sum, transfer: id }, world)
  return credited ? 'taken back: the transaction no longer exists' : 'the transaction no longer exists'
}
