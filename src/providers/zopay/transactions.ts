// Transactions, as partners list and read them. They are created by transfers.ts, payments.ts and payout-calls.ts.
import { type Answer, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { bounds, words } from './filters.ts'
import { ofCaller, page } from './pages.ts'
import { type TransactionRow, Transactions } from './tables.ts'
import { ok, time, uuidIn, type ZopayCall } from './wire.ts'

// rule: zopay.transactions.vocabulary
const TYPES = ['deposit', 'payout', 'transfer', 'conversion', 'ramp']
const STATUSES = ['pending', 'confirmed', 'failed']

export function listTransactions(call: ZopayCall, world: World): Answer {
  // rule: zopay.transactions.filters
  const type = words(call, 'type', TYPES)
  const status = words(call, 'status', STATUSES)
  const within = bounds(call)
  const wanted = (row: TransactionRow) => type(row.type ?? 'deposit') && status(row.status) && within(row.createdAt)
  return page(call, { table: Transactions, among: ofCaller(call), wanted, view }, world)
}

export function getTransaction(call: ZopayCall, world: World): Answer {
  const row = world.get(Transactions, uuidIn(call.params.transaction_id!)!)
  // rule: zopay.transactions.foreign, rule: zopay.tenancy.modes
  if (!row || row.org !== call.caller.org || row.livemode !== call.caller.livemode)
    throw new Refusal('transaction_not_found')
  return ok(view(row))
}

function view(row: TransactionRow): object {
  return {
    // rule: zopay.transactions.shape
    id: row.id,
    object: 'transaction',
    type: row.type ?? 'deposit',
    status: row.status,
    asset: row.asset,
    network: row.network,
    amount: row.amount,
    external_ref: row.externalRef,
    address: row.address,
    tx_hash: row.txHash,
    payment_intent_id: row.intent,
    livemode: row.livemode,
    created_at: time(row.createdAt),
    confirmed_at: row.confirmedAt === null ? null : time(row.confirmedAt),
  }
}
