// Withdrawals as calls: what one has to be, what it is answered with, and the reference under which it is made once.
import { type Answer, Refusal, type Repeats } from '../../provider.ts'
import { amountText, atomsOf, sameNumber } from '../../text/decimals.ts'
import { isAddress } from '../../world/addresses.ts'
import { hold, InsufficientFunds } from '../../world/ledger.ts'
import { broadcastNow, requestWithdrawal, settleWithdrawal, Withdrawals as Payouts } from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { type Amount, amountOf, cut, feeOf, feeText } from './amounts.ts'
import { type Currency, NETWORKS } from './catalogue.ts'
import { hotAddress, reserve } from './hot-wallet.ts'
import { balancePurse } from './money.ts'
import { holdOf, objectOf, onStep, Withdrawals, type WithdrawalRow } from './payouts.ts'
import { findCurrency } from './toggles.ts'
import { type CpgCall, LACKING, ok, refusals, time } from './wire.ts'

function inputOf(call: CpgCall): any {
  return call.content.kind === 'json' ? call.content.value : {}
}

/**
 * Only so that a second call with the same reference waits for the first; its answer comes from the row, which may have changed since. Waiting is for
 * the account, which is the widest scope there is.
 */
// rule: cpg.withdrawals.in-flight
export const byReference: Repeats = {
  key: (call) => inputOf(call).client_reference || undefined,
  scope: (call) => `${call.caller.account}/withdrawals`,
  keeps: () => false,
  inFlight: 'wait',
  rules: ['cpg.withdrawals.in-flight'],
}

export function createWithdrawal(call: CpgCall, world: World): Answer {
  const input = inputOf(call)
  const amount = amountOf(call)
  const { account } = call.caller
  // rule: cpg.withdrawals.empty-reference
  const reference: string | null = input.client_reference || null
  // rule: cpg.withdrawals.order
  const first = reference === null ? undefined : firstOf(reference, call, world)
  if (first) return repeated(first, input, amount, call, world)

  const currency = findCurrency(input.currency, input.network, account, world)
  // rule: cpg.withdrawals.not-enabled
  if (!currency.withdrawal)
    throw new Refusal('withdrawals_not_enabled', {}, 'the action toggle-currency enables withdrawals')
  checkDestination(input.to_address, currency, world)
  const { atoms, echo } = payable(amount, currency, world)
  const row = begin(call, { currency, to: input.to_address, atoms, echo, reference }, world)
  // rule: cpg.withdrawals.broadcast
  call.because('cpg.withdrawals.broadcast')
  const lacking = reserve(row, world)
  const asked = world.get(Payouts, row.id)!
  if (lacking) {
    call.because('cpg.hot-wallet.funding')
    world.put(Withdrawals, { ...row, refusal: lacking })
    settleWithdrawal(asked, 'failed', LACKING[lacking], onStep, world)
    return failure(world.get(Withdrawals, String(row.withdrawalId))!, world)
  }
  const sent = broadcastNow(asked, world)
  if (sent.status === 'broadcast' || sent.status === 'failed') onStep(sent.status, sent, world)
  if (sent.status === 'failed') call.because('cpg.withdrawals.broadcast-failure')
  return answerOf(world.get(Withdrawals, String(row.withdrawalId))!, world)
}

/** The withdrawal that a reference belongs to; one that never left gives it back. */
// rule: cpg.withdrawals.reference-scope, rule: cpg.withdrawals.reference-forever
function firstOf(reference: string, call: CpgCall, world: World): WithdrawalRow | undefined {
  const { account, id: key } = call.caller
  const ofKey = world.assumes('cpg.withdrawals.reference-scope') === 'api-key'
  // rule: cpg.withdrawals.reference-after-failure
  const kept = world.assumes('cpg.withdrawals.reference-after-failure') === 'kept'
  return world
    .list(Withdrawals, 'byReference', JSON.stringify([account, reference]))
    .find((row) => (!ofKey || row.key === key) && (kept || !isUnsent(row)))
}

function isUnsent({ status, txHash }: WithdrawalRow): boolean {
  return status === 'failed' && txHash === null
}

function repeated(row: WithdrawalRow, input: any, amount: Amount, call: CpgCall, world: World): Answer {
  // rule: cpg.withdrawals.repeat
  call.because('cpg.withdrawals.repeat')
  const same =
    row.currency === input.currency.toUpperCase() &&
    row.network === input.network.toUpperCase() &&
    row.toAddress === input.to_address &&
    amount.plain !== undefined &&
    sameNumber(amount.plain, row.asked)
  // rule: cpg.withdrawals.changed-repeat
  if (!same && world.assumes('cpg.withdrawals.changed-repeat') === '409') {
    call.note('idempotency', { decided: 'conflict', withdrawal: row.withdrawalId })
    throw new Refusal('reference_reused')
  }
  call.note('idempotency', { decided: 'replayed', withdrawal: row.withdrawalId, ...(!same && { changed: true }) })
  return answerOf(row, world)
}

// rule: cpg.withdrawals.destination
function checkDestination(to: string, { network }: Currency, world: World): void {
  const { chain } = NETWORKS[network]!
  // rule: cpg.withdrawals.checksum
  const lenient = chain === 'evm' && world.assumes('cpg.withdrawals.checksum') === 'lenient'
  if (lenient ? /^0x[0-9a-fA-F]{40}$/.test(to) : isAddress(chain, to)) return
  const wrongMix = chain === 'evm' && /^0x[0-9a-fA-F]{40}$/.test(to)
  throw new Refusal('invalid_destination', {}, wrongMix ? 'its upper and lower case are no EIP-55 checksum' : undefined)
}

/** What of the amount can be paid out, and how the answer writes it. */
function payable(
  amount: Amount,
  currency: Currency,
  world: World,
): { readonly atoms: bigint; readonly echo: { readonly asked: string; readonly text: string } } {
  const { decimals, minWithdrawal } = currency
  const fine = amount.atoms(18)
  // rule: cpg.withdrawals.minimum
  if (fine !== undefined && fine < atomsOf(minWithdrawal, 18)!)
    throw new Refusal('below_minimum', {}, `at least ${minWithdrawal} ${currency.currency}`)
  // rule: cpg.withdrawals.excess-decimals
  if (amount.places > decimals && world.assumes('cpg.withdrawals.excess-decimals') === 'reject')
    throw new Refusal('too_many_places', {}, `${currency.currency} on ${currency.network} has ${decimals}`)
  const atoms = amount.atoms(decimals)
  // More than anybody has.
  if (atoms === undefined) throw new Refusal('insufficient_balance')
  // Nothing is left of what is finer than an atom.
  if (atoms === 0n) throw new Refusal('below_minimum')
  const plain = amount.places > decimals ? cut(amount.plain!, decimals) : amount.plain!
  // rule: cpg.withdrawals.echo
  const text = world.assumes('cpg.withdrawals.echo') === 'client' ? plain : amountText(atoms, decimals)
  return { atoms, echo: { asked: amount.plain!, text } }
}

interface Asked {
  readonly currency: Currency
  readonly to: string
  readonly atoms: bigint
  readonly echo: { readonly asked: string; readonly text: string }
  readonly reference: string | null
}

/** Notes it down, `pending`, with amount and fee held. */
function begin(call: CpgCall, { currency, to, atoms, echo, reference }: Asked, world: World): WithdrawalRow {
  const { account, id: key } = call.caller
  const { network, decimals } = currency
  const { on, minConfirmations } = NETWORKS[network]!
  const fee = feeOf(atoms, { flat: currency.feeFlat, percent: currency.feePercent }, decimals)
  const withdrawalId = world.next('cpg.withdrawals')
  const { id } = requestWithdrawal(
    {
      provider: 'cpg',
      account,
      asset: { currency: currency.currency, network, on, decimals, threshold: minConfirmations },
      coin: currency.currency,
      reference: String(withdrawalId),
      from: hotAddress(account, network, world),
      address: to,
      tag: null,
      atoms,
      fee: amountText(fee, decimals),
      feeCurrency: currency.currency,
      fate: call.fate,
    },
    world,
  )
  const row: WithdrawalRow = world.put(Withdrawals, {
    withdrawalId,
    id,
    account,
    key,
    reference,
    currency: currency.currency,
    network,
    toAddress: to,
    asked: echo.asked,
    echo: echo.text,
    atoms: atoms.toString(),
    fee: fee.toString(),
    decimals,
    status: 'pending',
    txHash: null,
    errorMessage: null,
    refusal: null,
    requestedAt: world.now,
    broadcastAt: null,
    confirmedAt: null,
    transaction: null,
  })
  // rule: cpg.withdrawals.balance, rule: cpg.withdrawals.hold
  try {
    hold(holdOf(row), balancePurse(row), atoms + fee, world)
  } catch (error) {
    if (!(error instanceof InsufficientFunds)) throw error
    call.because('cpg.withdrawals.balance')
    throw new Refusal(
      'insufficient_balance',
      {},
      `${amountText(atoms + fee, decimals)} with the fee are needed, ${amountText(error.available, decimals)} are available`,
    )
  }
  call.concerns(objectOf(row))
  return row
}

/** What a row is answered with, now or when its reference comes again. */
function answerOf(row: WithdrawalRow, world: World): Answer {
  if (isUnsent(row)) return failure(row, world)
  return ok({
    // rule: cpg.withdrawals.answer
    withdrawal_id: row.withdrawalId,
    // rule: cpg.withdrawals.unknown-outcome
    status: row.status === 'pending' ? 'pending' : 'broadcasted',
    tx_hash: row.txHash,
    network: row.network,
    currency: row.currency,
    to_address: row.toAddress,
    amount_decimal: row.echo,
    fee_decimal: feeText(BigInt(row.fee), row.decimals),
  })
}

/** Answered and not thrown: the row stays, and so does what it told. */
// rule: cpg.withdrawals.broadcast-failure
function failure({ refusal, errorMessage }: WithdrawalRow, world: World): Answer {
  if (refusal !== null) return refusals[refusal]({})
  const upstream = world.assumes('cpg.withdrawals.broadcast-failure') === '502'
  const refuse = upstream ? refusals.broadcast_failed_upstream : refusals.broadcast_failed
  return refuse({ message: `Broadcast failed: ${errorMessage}` })
}

export function getWithdrawal(call: CpgCall, world: World): Answer {
  // rule: cpg.withdrawals.id
  const row = world.get(Withdrawals, BigInt(call.params.withdrawal_id!).toString())
  // rule: cpg.withdrawals.foreign
  if (!row || row.account !== call.caller.account) throw new Refusal('withdrawal_not_found')
  const moment = (ms: number | null) => (ms === null ? null : time(ms))
  return ok({
    // rule: cpg.withdrawals.read
    id: row.withdrawalId,
    currency: row.currency,
    network: row.network,
    to_address: row.toAddress,
    amount: amountText(BigInt(row.atoms), row.decimals),
    fee: amountText(BigInt(row.fee), row.decimals),
    status: row.status,
    tx_hash: row.txHash,
    error_message: row.errorMessage,
    requested_at: time(row.requestedAt),
    broadcast_at: moment(row.broadcastAt),
    confirmed_at: moment(row.confirmedAt),
  })
}
