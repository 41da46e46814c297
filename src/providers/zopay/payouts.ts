// Payouts under way: their rows, the money that they hold, take and give back, and each step of the one or two transfers that carry them.
import { z } from 'zod'
import type { WithdrawalRules } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { isHeld, post, type Posting, release, settle } from '../../world/ledger.ts'
import { NETWORKS as CHAINS } from '../../world/networks.ts'
import { Count, Digits, Flag, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import {
  broadcastIn,
  requestWithdrawal,
  type Withdrawal,
  type WithdrawalFate,
  type WithdrawalStep,
} from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { DECIMALS, NETWORKS, type Settings } from './catalogue.ts'
import { log } from './events.ts'
import { accountOf, purseOf } from './money.ts'
import { Quotes, told } from './quotes.ts'
import { Transactions } from './tables.ts'
import { EVENTS } from './webhooks.ts'

export const AFTER_BROADCAST = 'zopay.payouts.failed-after-broadcast'

const STATUSES = ['pending', 'broadcast', 'delivered', 'failed'] as const
export type PayoutStatus = (typeof STATUSES)[number]

export interface Stage {
  readonly status: PayoutStatus
  /** World ms. */
  readonly at: number
  readonly txHash: string | null
}

export interface PayoutRow {
  readonly id: string
  readonly org: string
  readonly livemode: boolean
  readonly externalRef: string
  readonly quote: string
  readonly asset: string
  readonly from: string
  readonly to: string
  readonly destination: string
  /** What the user sends and what lands, atoms. */
  readonly atoms: string
  readonly finalAtoms: string
  /** What was really paid, US cents. */
  readonly feesPaid: number
  readonly timeline: readonly Stage[]
  /** Its row in the list of transactions; null: no money moves, as in the documented sandbox. */
  readonly transaction: string | null
  readonly trackingUrl: string | null
  /** World ms. */
  readonly createdAt: number
  readonly deliveryAt: number
}

export const Payouts: Table<PayoutRow> = {
  name: 'zopay.payouts',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    org: Text,
    livemode: Flag,
    externalRef: Text,
    quote: Text,
    asset: oneOf(Object.keys(DECIMALS)),
    from: oneOf(Object.keys(NETWORKS)),
    to: oneOf(Object.keys(NETWORKS)),
    destination: Text,
    atoms: Digits,
    finalAtoms: Digits,
    feesPaid: Count,
    timeline: z
      .array(z.strictObject({ status: oneOf(STATUSES), at: Moment, txHash: Text.nullable() }), {
        error: 'expected a list of stages',
      })
      .min(1, 'expected a stage'),
    transaction: Text.nullable(),
    trackingUrl: Text.nullable(),
    createdAt: Moment,
    deliveryAt: Moment,
  }),
  references: ({ quote, transaction }) => [
    ['quote', Quotes, quote],
    ['transaction', Transactions, transaction],
  ],
  indexes: {},
}

export function statusOf({ timeline }: PayoutRow): PayoutStatus {
  return timeline.at(-1)!.status
}

/** The name under which a payout holds what the user sends. */
export function holdOf(id: string): string {
  return `zopay.payout:${id}`
}

/** The second transfer of a payout over the bridge is called like the payout, with this behind. */
const SECOND = '/bridge'

/** Puts the first transfer of a payout on its way. Only inside a change. */
export function begin(row: PayoutRow, fate: WithdrawalFate | undefined, world: World): void {
  // rule: zopay.payouts.bridge
  const direct = row.from === row.to
  const to = direct ? row.destination : bridgeAddress(row.from, 'in', world)
  const transfer = request(row, { reference: row.id, network: row.from, to, fate }, world)
  // rule: zopay.payouts.broadcast
  broadcastIn(transfer, world.settings<Settings>('zopay').payouts.broadcastMs, world)
}

function bridgeAddress(network: string, side: 'in' | 'out', world: World): string {
  return world.address({ chain: NETWORKS[network]!.chain, name: ['zopay', 'bridge', side, network] })
}

interface Transfer {
  readonly reference: string
  readonly network: string
  readonly to: string
  readonly fate: WithdrawalFate | undefined
}

function request(row: PayoutRow, { reference, network, to, fate }: Transfer, world: World): Withdrawal {
  const { on, threshold, chain } = NETWORKS[network]!
  const second = reference.endsWith(SECOND)
  return requestWithdrawal(
    {
      provider: 'zopay',
      account: accountOf(row),
      asset: { currency: row.asset, network, on, decimals: DECIMALS[row.asset]!, threshold },
      coin: row.asset,
      reference,
      from: second
        ? bridgeAddress(network, 'out', world)
        : world.address({ chain, name: ['zopay', 'payouts', network] }),
      address: to,
      tag: null,
      atoms: BigInt(row.finalAtoms),
      fee: second ? '0' : amountText(BigInt(row.atoms) - BigInt(row.finalAtoms), DECIMALS[row.asset]!),
      feeCurrency: row.asset,
      fate,
    },
    world,
  )
}

/** A step of a transfer, in the change that made it. */
export function onStep(step: WithdrawalStep, withdrawal: Withdrawal, world: World): string {
  const second = withdrawal.reference.endsWith(SECOND)
  const id = second ? withdrawal.reference.slice(0, -SECOND.length) : withdrawal.reference
  const row = world.get(Payouts, id)
  if (!row) return `ignored: Zopay has no payout ${id}`
  // rule: zopay.payouts.final
  if (['delivered', 'failed'].includes(statusOf(row))) return `payout ${id} stays ${statusOf(row)}`
  switch (step) {
    case 'broadcast':
      return second ? `the bridge pays out ${id}` : broadcast(row, withdrawal, world)
    case 'mined':
      return 'in a block, not yet confirmed'
    case 'confirmed':
      return second || row.from === row.to ? delivered(row, withdrawal, world) : crossed(row, world)
    case 'reorged':
      return `payout ${id} goes on over the bridge, which bears the loss`
    default:
      return failed(row, withdrawal, world)
  }
}

// rule: zopay.ledger.payouts
function broadcast(row: PayoutRow, { id, txid }: Withdrawal, world: World): string {
  const postings = partsOf(row).map((part) => ({ ...part, atoms: -part.atoms, withdrawal: id }))
  if (isHeld(holdOf(row.id), world)) settle(holdOf(row.id), postings, world)
  move(row, 'broadcast', txid, world)
  return `payout ${row.id} is broadcast and debited`
}

/** What the user sends: the recipient's part, and the fee where there is one. */
function partsOf(row: PayoutRow): Posting[] {
  const purse = purseOf({ ...row, network: row.from })
  const sent = BigInt(row.finalAtoms)
  const against = row.from === row.to ? 'chain' : 'bridge'
  const parts: Posting[] = [
    { purse, atoms: sent, against, kind: 'payout' },
    { purse, atoms: BigInt(row.atoms) - sent, against: 'fees', kind: 'payout_fee' },
  ]
  return parts.filter(({ atoms }) => atoms > 0n)
}

/** The first transfer is confirmed: the bridge sends the second one, so that all of it takes about as long as was told. */
function crossed(row: PayoutRow, world: World): string {
  const { on, threshold } = NETWORKS[row.to]!
  const second = { reference: row.id + SECOND, network: row.to, to: row.destination, fate: undefined }
  const wait = row.deliveryAt - world.now - threshold * CHAINS[on].blockMs
  broadcastIn(request(row, second, world), Math.max(0, wait), world)
  return `payout ${row.id} has reached the bridge`
}

function delivered(row: PayoutRow, { txid }: Withdrawal, world: World): string {
  move(row, 'delivered', txid, world)
  return `payout ${row.id} is delivered`
}

// rule: zopay.payouts.failed
function failed(row: PayoutRow, { id, reason, txid }: Withdrawal, world: World): string {
  let back = 'nothing was held'
  if (isHeld(holdOf(row.id), world)) {
    release(holdOf(row.id), world)
    back = 'what it held is available again'
  } else if (statusOf(row) === 'broadcast') {
    // rule: zopay.payouts.failed-after-broadcast
    const refunded = world.assumes(AFTER_BROADCAST) === 'refunded'
    back = refunded ? 'its money came back' : 'its money is lost'
    if (refunded) refund(row, id, world)
  }
  move(row, 'failed', txid, world)
  return `payout ${row.id} failed${reason === null ? '' : ` (${reason})`}: ${back}`
}

/** The reverse of what the broadcast took. */
function refund(row: PayoutRow, withdrawal: string, world: World): void {
  for (const part of partsOf(row)) post({ ...part, kind: `${part.kind}_refund`, withdrawal }, world)
}

/** The next stage of the timeline, in the payout and in its transaction. */
// rule: zopay.payouts.timeline, rule: zopay.payouts.transaction
function move(before: PayoutRow, status: PayoutStatus, txHash: string | null, world: World): void {
  const row = world.put(Payouts, { ...before, timeline: [...before.timeline, { status, at: world.now, txHash }] })
  const listed = row.transaction === null ? undefined : world.get(Transactions, row.transaction)
  if (!listed) return
  const transaction = world.put(Transactions, {
    ...listed,
    // The list names the transfer that left the user's balance.
    txHash: listed.txHash ?? txHash,
    ...(status === 'delivered' && { status: 'confirmed', confirmedAt: world.now }),
    ...(status === 'failed' && { status: 'failed' }),
  })
  // rule: zopay.payouts.events
  if (world.assumes(EVENTS) !== 'planned' || status === 'pending') return
  log(
    {
      org: row.org,
      livemode: row.livemode,
      type: `payout.${status}`,
      relatedTo: transaction.id,
      relatedKind: 'payout',
      reference: row.id,
      data: {
        id: row.id,
        status,
        quote_id: row.quote,
        external_ref: row.externalRef,
        asset: row.asset,
        user_sends: told(BigInt(row.atoms), row.asset),
        final_recipient_amount: told(status === 'failed' ? 0n : BigInt(row.finalAtoms), row.asset),
        tx_hash: txHash,
        transaction_id: transaction.id,
      },
    },
    world,
  )
}

// rule: zopay.payouts.no-review
export const withdrawals: WithdrawalRules = {
  reviews: false,
  unsendable: ({ reference }, world) =>
    reference.endsWith(SECOND) || isHeld(holdOf(reference), world)
      ? undefined
      : `payout ${reference} holds no money: the balance did not cover it`,
  onStep,
}
