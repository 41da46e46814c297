// What becomes of a withdrawal: accepted, looked at by people where a limit says so, sent after a minute, or undone with all its money.
import type { WithdrawalRules } from '../../provider.ts'
import { rescaled } from '../../text/decimals.ts'
import { hold, release, settle } from '../../world/ledger.ts'
import { sameTag } from '../../world/tags.ts'
import {
  broadcastIn,
  holderOf,
  requestWithdrawal,
  type Withdrawal,
  type WithdrawalFate,
  Withdrawals as Outgoing,
} from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { Addresses } from './addresses.ts'
import { send } from './callbacks.ts'
import { type Currency, NETWORKS, type Settings } from './catalogue.ts'
import type { Cost, Money } from './fees.ts'
import { type Against, type Booking, credit, debit, debitOf, fits, purseOf } from './ledger.ts'
import { reasonToReview } from './limits.ts'
import { payeeOf } from './payees.ts'
import { coinOf } from './rates.ts'
import { nextLine, nextTransaction } from './transactions.ts'
import { reasonLost, receiveInternally } from './transfers.ts'
import { type WithdrawalRow, type WithdrawalStatus, Withdrawals, withdrawalView } from './withdrawals.ts'
import { type AlphapoCall, money, UNITS } from './wire.ts'

/** From acceptance or approval until it is sent. */
// rule: alphapo.withdrawals.confirmed
const SENT_AFTER_MS = 60_000

/** The switch on when a withdrawal is taken from the balance. */
export const WITHDRAWAL_BOOKED = 'alphapo.ledger.withdrawal-booked'

const DECLINED = 'Declined'
const FAILED = 'Transaction could not be sent'
const UNCOVERED = 'Not enough money on balance'

/** A withdrawal that nothing is wrong with, but for the money where it is not covered. */
export interface Wish extends Pick<
  WithdrawalRow,
  'foreignId' | 'reference' | 'internalTo' | 'sent' | 'received' | 'costs'
> {
  readonly to: Currency
  readonly address: string
  readonly tag: string | null
  readonly covered: boolean
}

/** The address of another merchant of AlphaPo's that this money would be credited at; null: it has to go over a chain. */
// rule: alphapo.withdrawals.internal
export function internalAddress(
  {
    merchant,
    currency,
    address,
    tag,
    units,
  }: { merchant: string; currency: Currency; address: string; tag: string | null; units: bigint },
  world: World,
): number | null {
  const handOut = holderOf({ address, tag }, world)?.handOut
  if (handOut?.provider !== 'alphapo' || handOut.account === merchant || !sameTag(handOut.tag, tag)) return null
  const row = world.get(Addresses, handOut.reference)
  return row && reasonLost(currency, row, units, world) === undefined ? row.id : null
}

/** Takes a withdrawal on. Only inside a change. */
export function accept(call: AlphapoCall, wish: Wish, world: World): WithdrawalRow {
  const { merchant } = call.caller
  const { foreignId, reference, to, address, tag, internalTo, sent, received, costs, covered } = wish
  const id = nextTransaction(world)
  const fate: WithdrawalFate | undefined = covered
    ? call.fate
    : { outcome: 'failed', stage: 'before', afterMs: null, reason: UNCOVERED }
  const review = covered ? reasonToReview(merchant, sent, world) : undefined
  const outgoing = request({ id, merchant, to, address, tag, received, costs, currency: sent.currency, fate }, world)
  const exchanged = sent.currency !== received.currency
  let row: WithdrawalRow = world.put(Withdrawals, {
    id,
    merchant,
    foreignId,
    reference,
    outgoing: outgoing.id,
    payee: payeeOf({ merchant, currency: to.currency, address, tag }, world).id,
    internalTo,
    lines: exchanged ? [nextLine(world), nextLine(world)] : [nextLine(world)],
    sent,
    received,
    costs,
    status: 'processing',
    error: '',
    txid: null,
    booked: 'no',
    createdAt: world.now,
  })
  call.concerns(objectOf(row))
  if (covered) row = book(row, world)
  // rule: alphapo.withdrawals.review
  const declined = fate?.outcome === 'declined'
  if (review !== undefined || declined) {
    call.note('review', review ?? 'a scenario has it declined')
    // Time has to move before anybody can have looked at it.
    if (declined) broadcastIn(outgoing, 1, world)
    return change(row, 'pending', '', world)
  }
  return start(row, world)
}

function request(
  asked: {
    id: number
    merchant: string
    to: Currency
    address: string
    tag: string | null
    received: Money
    costs: readonly Cost[]
    currency: string
    fate: WithdrawalFate | undefined
  },
  world: World,
): Withdrawal {
  const { id, merchant, to, address, tag, received, costs, currency, fate } = asked
  const { testnet } = world.settings<Settings>('alphapo')
  const network = to.network as keyof typeof NETWORKS
  return requestWithdrawal(
    {
      provider: 'alphapo',
      account: merchant,
      asset: {
        currency: to.currency,
        network,
        on: network,
        testnet,
        decimals: to.decimals,
        threshold: NETWORKS[network].confirmations,
      },
      coin: coinOf(to.currency),
      reference: String(id),
      from: world.address({ chain: to.chain!, testnet, name: ['alphapo', 'hot', network] }),
      address,
      tag,
      // What is finer than the chain knows is cut off.
      // rule: alphapo.format.amounts
      atoms: rescaled(BigInt(received.units), UNITS, to.decimals),
      fee: money(costs.reduce((sum, { units }) => sum + BigInt(units), 0n)),
      feeCurrency: currency,
      fate,
    },
    world,
  )
}

/** Sends it on its way: at once to another merchant, in a minute to a chain, or what a scenario wants. */
function start(row: WithdrawalRow, world: World): WithdrawalRow {
  const outgoing = world.get(Outgoing, row.outgoing)!
  const fails = outgoing.stage === 'before'
  if (row.internalTo === null || fails) {
    broadcastIn(outgoing, SENT_AFTER_MS, world)
    return row
  }
  // rule: alphapo.withdrawals.internal
  const txid = world.draw('alphapo', 'internal', row.id).hex(32)
  world.put(Outgoing, { ...outgoing, status: 'confirmed', txid, broadcastAt: world.now, confirmedAt: world.now })
  return sent(row, txid, world)
}

/** It has left: its end, as far as AlphaPo tells. */
// rule: alphapo.withdrawals.confirmed
function sent(before: WithdrawalRow, txid: string, world: World): WithdrawalRow {
  const row = change(paid(before, world), 'confirmed', '', world, txid)
  const to = row.internalTo === null ? undefined : world.get(Addresses, String(row.internalTo))
  if (to) receiveInternally(to, row.received.currency, BigInt(row.received.units), txid, world)
  return row
}

export const withdrawals: WithdrawalRules = {
  reviews: true,
  // rule: alphapo.withdrawals.uncovered
  unsendable: ({ id }, world) => {
    const row = world.first(Withdrawals, 'byOutgoing', id)!
    return row.booked === 'no' && !isCovered(row, world)
      ? `merchant ${row.merchant} has not the ${money(dueFor(row))} ${row.sent.currency} that withdrawal ${row.id} takes with its fees`
      : undefined
  },
  onStep: (step, outgoing, world) => {
    const row = world.first(Withdrawals, 'byOutgoing', outgoing.id)!
    // rule: alphapo.withdrawals.final
    if (isOver(row)) return `withdrawal ${row.id} stays ${row.status}`
    if (step === 'declined') return undo(row, 'declined', outgoing.reason ?? DECLINED, world)
    if (step !== 'broadcast') return undo(row, 'cancelled', outgoing.reason ?? FAILED, world)
    // Sent by hand, now that the balance covers it.
    sent(row.booked === 'no' ? book(row, world) : row, outgoing.txid!, world)
    return `withdrawal ${row.id} is confirmed: it was sent`
  },
}

/** Whether nothing more can come of it. */
export function isOver({ status }: WithdrawalRow): boolean {
  return status === 'confirmed' || status === 'declined' || status === 'cancelled'
}

/** Somebody has looked at it and lets it go. Only inside a change. */
// rule: alphapo.withdrawals.review
export function approve(row: WithdrawalRow, world: World): WithdrawalRow {
  const outgoing = world.get(Outgoing, row.outgoing)!
  if (outgoing.timer !== null) world.clock.cancel(outgoing.timer)
  // Whatever a scenario wanted, somebody has decided.
  const declined = outgoing.outcome === 'declined'
  world.put(Outgoing, {
    ...outgoing,
    timer: null,
    ...(declined && { outcome: 'confirmed', stage: 'after', afterMs: null, reason: null }),
  })
  return start(world.put(Withdrawals, { ...row, status: 'processing' }), world)
}

/** Undoes it, and gives its money back. */
// rule: alphapo.withdrawals.undone
function undo(before: WithdrawalRow, status: 'declined' | 'cancelled', error: string, world: World): string {
  const row = change(returned(before, error, world), status, error, world)
  return `withdrawal ${row.id} is ${row.status}: ${error}`
}

function change(
  before: WithdrawalRow,
  status: WithdrawalStatus,
  error: string,
  world: World,
  txid: string | null = null,
): WithdrawalRow {
  const row: WithdrawalRow = world.put(Withdrawals, { ...before, status, error, txid })
  send(row.merchant, status, objectOf(row), withdrawalView(row, world), world)
  return row
}

function objectOf({ id }: WithdrawalRow): string {
  return `withdrawal:${id}`
}

/** Every line that a withdrawal has in the books. */
// rule: alphapo.ledger.withdrawals
function bookings({ merchant, internalTo, sent, received, costs, outgoing }: WithdrawalRow): Booking[] {
  const to: Against = internalTo === null ? 'chain' : 'internal'
  const entry = (money: Money, kind: string, against: Against) => ({
    merchant,
    money,
    kind,
    against,
    withdrawal: outgoing,
  })
  return [
    entry(sent, 'withdrawal', sent.currency === received.currency ? to : 'desk'),
    ...costs.map((cost) => entry(cost, `${cost.type}_fee`, cost.type === 'mining' ? 'network' : 'fees')),
  ]
}

/** Takes the money of a withdrawal that is covered, or sets it aside. */
// rule: alphapo.ledger.withdrawal-booked
function book(row: WithdrawalRow, world: World): WithdrawalRow {
  if (world.assumes(WITHDRAWAL_BOOKED) === 'at-acceptance') {
    for (const booking of bookings(row)) debit(booking, world)
    return world.put(Withdrawals, { ...row, booked: 'paid' })
  }
  hold(holdOf(row), purseOf(row.merchant, row.sent.currency), dueFor(row), world)
  return world.put(Withdrawals, { ...row, booked: 'held' })
}

/** All that a withdrawal takes, in the currency that pays for it. */
export function dueFor({ sent, costs }: Pick<WithdrawalRow, 'sent' | 'costs'>): bigint {
  return costs.reduce((sum, { units }) => sum + BigInt(units), BigInt(sent.units))
}

/** Whether a merchant can pay for it. */
export function isCovered(row: Pick<WithdrawalRow, 'merchant' | 'sent' | 'costs'>, world: World): boolean {
  return fits(row.merchant, { currency: row.sent.currency, units: dueFor(row).toString() }, world)
}

function paid(row: WithdrawalRow, world: World): WithdrawalRow {
  if (row.booked !== 'held') return row
  settle(holdOf(row), bookings(row).map(debitOf), world)
  return { ...row, booked: 'paid' }
}

function returned(row: WithdrawalRow, reason: string, world: World): WithdrawalRow {
  if (row.booked === 'held') release(holdOf(row), world)
  if (row.booked === 'paid')
    for (const booking of bookings(row)) credit({ ...booking, kind: `${booking.kind}_returned`, reason }, world)
  return { ...row, booked: 'no' }
}

function holdOf({ id }: WithdrawalRow): string {
  return `alphapo:${id}`
}
