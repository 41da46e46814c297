// Paying an intent: when it counts as paid, what completes it, and the sandbox's own button that pays it.
import { type Answer, Refusal } from '../../provider.ts'
import { atomsOf } from '../../text/decimals.ts'
import type { World } from '../../world/world.ts'
import { money } from './amount.ts'
import { DECIMALS } from './catalogue.ts'
import { log } from './events.ts'
import { readExact } from './exact.ts'
import { intentOf, view } from './intents.ts'
import { credit } from './money.ts'
import { type IntentRow, Intents, type TransactionRow, Transactions } from './tables.ts'
import { ok, time, type ZopayCall } from './wire.ts'

/** The switch between adding up part payments and letting only a payment of the whole amount complete. */
export const PART_PAYMENTS = 'zopay.payments.parts'

/** The most places that an amount can have. */
export const PLACES = 38

/** A payment to an intent was confirmed; what that made of the intent, in words. */
export function settle(intent: IntentRow, payment: TransactionRow, world: World): string {
  // rule: zopay.payments.after-completion
  if (intent.status === 'completed')
    return `recorded for intent ${intent.id}, which is already completed: no event is sent`
  const paid = paidSoFar(intent, payment, world)
  const due = atomsOf(intent.amount, PLACES)!
  // rule: zopay.payments.under
  if (paid < due)
    return `recorded for intent ${intent.id}, which stays pending: the amount of ${intent.amount} ${payment.asset} is not reached`
  complete(intent, payment, world)
  // rule: zopay.payments.over
  return `intent ${intent.id} is completed${paid > due ? `, with more than the amount of ${intent.amount} ${payment.asset}` : ''}`
}

/** Confirmed payments in the asset of this one, on whichever network; or this one alone. */
// rule: zopay.payments.parts
export function paidSoFar(intent: IntentRow, payment: TransactionRow, world: World): bigint {
  if (world.assumes(PART_PAYMENTS) === 'each-alone') return atomsOf(payment.amount, PLACES)!
  const counted = world
    .list(Transactions, 'byIntent', intent.id)
    .filter(({ asset, status }) => asset === payment.asset && status === 'confirmed')
  return counted.reduce((sum, { amount }) => sum + atomsOf(amount, PLACES)!, 0n)
}

// rule: zopay.intents.completed
function complete(intent: IntentRow, payment: TransactionRow, world: World): IntentRow {
  const event = log(
    {
      org: intent.org,
      livemode: intent.livemode,
      type: 'payment_intent.completed',
      relatedTo: intent.id,
      relatedKind: 'payment_intent',
      reference: intent.id,
      data: {
        // rule: zopay.events.intent-data
        id: intent.id,
        ref_code: intent.refCode,
        status: 'completed',
        amount: intent.amount,
        currencies: intent.currencies,
        external_ref: intent.externalRef,
        metadata: readExact(intent.metadata),
        completed_at: time(world.now),
        deposit: {
          asset: payment.asset,
          network: payment.network,
          amount: payment.amount,
          address: payment.address,
          tx_hash: payment.txHash,
          transaction_id: payment.id,
        },
      },
    },
    world,
  )
  return world.put(Intents, {
    ...intent,
    status: 'completed',
    completedAt: world.now,
    completedBy: { transaction: payment.id, event: event.id },
  })
}

export function simulateDeposit(call: ZopayCall, world: World): Answer {
  // rule: zopay.simulate.live
  if (call.caller.livemode)
    throw new Refusal('payment_intent_not_found', {}, 'deposits are simulated with sandbox keys only')
  const intent = intentOf(call, world)
  // rule: zopay.simulate.repeat
  const completed = intent.status === 'completed' ? intent : complete(intent, simulated(intent, world), world)
  call.note(
    'simulated',
    intent.status === 'completed' ? 'nothing: the intent was already completed' : 'a deposit of the exact amount',
  )
  // rule: zopay.simulate.shape
  return ok({
    ...view(completed),
    transaction_id: completed.completedBy!.transaction,
    event_id: completed.completedBy!.event,
  })
}

/** A deposit that no chain knows: the exact amount, in the primary currency, on its first active network. */
// rule: zopay.simulate.deposit
function simulated(intent: IntentRow, world: World): TransactionRow {
  const { asset, network, address } = intent.addresses[0]!
  // What is finer than an atom is nobody's.
  const atoms = atomsOf(intent.amount, PLACES)! / 10n ** BigInt(PLACES - DECIMALS[asset]!)
  // rule: zopay.ledger.simulated
  credit({ ...intent, asset, network }, atoms, undefined, world)
  return world.put(Transactions, {
    id: world.draw('zopay', 'transaction', 'simulated', intent.id).uuid(),
    seq: world.next('zopay.transactions'),
    org: intent.org,
    livemode: intent.livemode,
    externalRef: intent.externalRef,
    status: 'confirmed',
    asset,
    network,
    amount: money(intent.amount),
    address,
    txHash: hashOn(network, intent.id, world),
    intent: intent.id,
    createdAt: world.now,
    confirmedAt: world.now,
  })
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function hashOn(network: string, intent: string, world: World): string {
  const drawn = world.draw('zopay', 'simulated-hash', intent)
  if (network !== 'solana') return `0x${drawn.hex(32)}`
  // 87 characters that do not begin too low are 64 bytes.
  return `5${Array.from({ length: 86 }, () => BASE58[drawn.below(58)]).join('')}`
}
