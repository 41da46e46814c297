// What becomes of a withdrawal once it is accepted: its row, the money that it holds and takes, and what the partner is told of each step.
import { z } from 'zod'
import type { WithdrawalRules } from '../../provider.ts'
import { type Posting, release, settle } from '../../world/ledger.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import { type Withdrawal, type WithdrawalStep, Withdrawals as Payouts } from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { NETWORKS } from './catalogue.ts'
import { giveBack, hotAddress, spend } from './hot-wallet.ts'
import { balancePurse } from './money.ts'
import { recordTransaction, settleTransaction } from './transactions.ts'
import { tellWithdrawal, type ToldWithdrawal } from './webhooks.ts'

export interface WithdrawalRow extends ToldWithdrawal {
  /** The core's own id of it. */
  readonly id: string
  /** The API key that asked for it. */
  readonly key: string
  /** The amount as the client wrote it, and as the answer writes it. */
  readonly asked: string
  readonly echo: string
  // rule: cpg.withdrawals.statuses
  readonly status: 'pending' | 'broadcasted' | 'confirmed' | 'failed'
  /** Why it was not broadcast, other than that the network did not take it. */
  readonly refusal: 'hot_wallet_without_funds' | 'hot_wallet_without_gas' | null
  /** Its number among the transactions of the chain. */
  readonly transaction: number | null
}

export const Withdrawals: Table<WithdrawalRow> = {
  name: 'cpg.withdrawals',
  key: (row) => String(row.withdrawalId),
  schema: z.strictObject({
    withdrawalId: Count,
    id: Text,
    account: Text,
    key: Text,
    reference: Text.nullable(),
    currency: Text,
    network: oneOf(Object.keys(NETWORKS)),
    toAddress: Text,
    asked: Text,
    echo: Text,
    atoms: Digits,
    fee: Digits,
    decimals: Count.max(36, 'expected at most 36 decimals'),
    status: oneOf(['pending', 'broadcasted', 'confirmed', 'failed']),
    txHash: Text.nullable(),
    errorMessage: Text.nullable(),
    refusal: oneOf(['hot_wallet_without_funds', 'hot_wallet_without_gas']).nullable(),
    requestedAt: Moment,
    broadcastAt: Moment.nullable(),
    confirmedAt: Moment.nullable(),
    transaction: Count.nullable(),
  }),
  references: ({ id }) => [['id', Payouts, id]],
  indexes: {
    byReference: {
      group: (row) => (row.reference === null ? undefined : JSON.stringify([row.account, row.reference])),
      order: (row) => row.withdrawalId,
    },
  },
}

/** The name under which amount and fee are held. */
export function holdOf({ withdrawalId }: Pick<WithdrawalRow, 'withdrawalId'>): string {
  return `cpg.withdrawal:${withdrawalId}`
}

/** What callbacks are about; deposit requests have plain numbers. */
export function objectOf({ withdrawalId }: Pick<WithdrawalRow, 'withdrawalId'>): string {
  return `withdrawal:${withdrawalId}`
}

/** A step of a withdrawal, in the change that made it. */
export function onStep(step: WithdrawalStep, withdrawal: Withdrawal, world: World): string {
  const row = world.get(Withdrawals, withdrawal.reference)
  if (!row) return `ignored: CPG has no withdrawal ${withdrawal.reference}`
  switch (step) {
    case 'broadcast':
      return broadcast(row, withdrawal, world)
    case 'mined':
      return 'in a block, not yet confirmed'
    case 'confirmed':
      return confirmed(row, world)
    case 'reorged':
      // rule: cpg.withdrawals.final
      return 'it stays confirmed: CPG does not look back'
    default:
      return failed(step, row, withdrawal, world)
  }
}

function broadcast(before: WithdrawalRow, { txid, id }: Withdrawal, world: World): string {
  spend(before, world)
  const transaction = recordTransaction(
    {
      account: before.account,
      direction: 'withdrawal',
      status: 'broadcasted',
      currency: before.currency,
      network: before.network,
      txHash: txid!,
      from: hotAddress(before.account, before.network, world),
      to: before.toAddress,
      atoms: before.atoms,
      decimals: before.decimals,
      source: id,
    },
    world,
  )
  const row = world.put(Withdrawals, {
    ...before,
    status: 'broadcasted',
    txHash: txid,
    broadcastAt: world.now,
    transaction,
  } as const)
  // rule: cpg.webhooks.withdrawals
  tellWithdrawal('withdrawal.broadcasted', row, objectOf(row), world)
  return `withdrawal ${row.withdrawalId} is broadcast`
}

function confirmed(before: WithdrawalRow, world: World): string {
  const row = world.put(Withdrawals, { ...before, status: 'confirmed', confirmedAt: world.now } as const)
  const [purse, withdrawal] = [balancePurse(row), row.id]
  const postings: Posting[] = [
    { purse, atoms: -BigInt(row.atoms), against: 'chain', kind: 'withdrawal', withdrawal },
    { purse, atoms: -BigInt(row.fee), against: 'fees', kind: 'withdrawal_fee', withdrawal },
  ]
  // rule: cpg.withdrawals.debit
  settle(
    holdOf(row),
    postings.filter(({ atoms }) => atoms !== 0n),
    world,
  )
  settleTransaction(row.transaction, 'confirmed', world)
  tellWithdrawal('withdrawal.confirmed', row, objectOf(row), world)
  return `withdrawal ${row.withdrawalId} is confirmed and debited`
}

// rule: cpg.withdrawals.failed
function failed(step: WithdrawalStep, before: WithdrawalRow, { reason }: Withdrawal, world: World): string {
  const wasSent = before.txHash !== null
  giveBack(before, wasSent ? (step === 'replaced' ? 'replaced' : 'dropped') : 'unsent', world)
  const row = world.put(Withdrawals, {
    ...before,
    status: 'failed',
    errorMessage: reason ?? rawError(step, before),
  } as const)
  release(holdOf(row), world)
  settleTransaction(row.transaction, 'failed', world)
  tellWithdrawal('withdrawal.failed', row, objectOf(row), world)
  return `withdrawal ${row.withdrawalId} failed, and what it held is available again`
}

/** What a node would say, where no scenario says anything else. */
// rule: cpg.withdrawals.raw-error
function rawError(step: WithdrawalStep, { txHash, network }: WithdrawalRow): string {
  if (step === 'replaced') return 'replacement transaction was mined instead'
  if (txHash !== null) return 'transaction was dropped from the mempool'
  return NETWORKS[network]!.chain === 'evm' ? 'insufficient funds for gas * price + value' : 'CONTRACT_VALIDATE_ERROR'
}

// rule: cpg.withdrawals.no-review
export const withdrawals: WithdrawalRules = { reviews: false, onStep }
