// Withdrawing to a saved address: what is asked for, what it costs, and what refuses it. What becomes of it is left to withdrawals.ts.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { amountText, withoutEndZeros } from '../../text/decimals.ts'
import { InsufficientFunds } from '../../world/ledger.ts'
import { NETWORKS as CHAINS } from '../../world/networks.ts'
import { requestWithdrawal } from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { isDisabled, isStopped } from './asset-states.ts'
import { type AssetType, DECIMALS, type Method, METHODS, methodsOf, NETWORKS } from './catalogue.ts'
import { setAside, standing } from './ledger.ts'
import { findAsset } from './methods.ts'
import { type SavedAddress, savedUnder } from './withdrawal-addresses.ts'
import { feeFor, promiseFee, termsOf } from './withdrawal-methods.ts'
import { firstStatus, objectOf, start, type WithdrawalRow, Withdrawals } from './withdrawals.ts'
import { amountShown, ok, type PaywardCall } from './wire.ts'

const Input = z.object({
  asset_symbol: z.string(),
  asset_type: z.string().optional(),
  key: z.string(),
  amount: z.string(),
  fee_token: z.string().nullable().default(null),
  preview: z.boolean().default(false),
})

/** What leaves the account, atoms: what the recipient gets, and the fee. */
interface Cost {
  readonly net: bigint
  readonly fee: bigint
}

export function withdrawFunds(call: PaywardCall, world: World): Answer {
  const input = Input.parse(call.content.kind === 'json' ? call.content.value : {})
  const account = call.params.account_id!
  // rule: payward.withdrawals.order
  const asset = findAsset(input.asset_symbol, input.asset_type as AssetType | undefined, call, world)
  // rule: payward.withdrawals.disabled
  if (methodsOf(asset).length === 0 || isDisabled(asset, 'withdraw', world)) throw new Refusal('WithdrawalDisabled')
  const saved = savedUnder(input.key, call, world)
  const method = METHODS.find(({ id }) => id === saved?.method)
  // rule: payward.withdrawals.key-unknown
  if (!saved || !method || method.symbol !== asset.symbol || method.type !== asset.type)
    throw new Refusal('UnknownWithdrawKey')
  // rule: payward.methods.disabled
  if (isStopped(method, 'withdraw', world)) throw new Refusal('WithdrawalDisabled')
  const asked = readAmount(input.amount)
  const { minimum, maximum } = termsOf(method)
  // rule: payward.withdrawals.limits
  if (asked < minimum || asked > maximum)
    throw new Refusal(
      'amount_out_of_bounds',
      { data: { field: 'amount' } },
      `from ${text(minimum)} to ${text(maximum)} ${method.symbol} over ${method.network}`,
    )
  const fee = feeFor(input.fee_token, account, method, world)
  const cost = { net: netOf(asked, fee, world), fee }
  if (input.preview) return preview(cost, account, method, world)
  const row = begin(call, { saved, method, cost }, world)
  start(row, world)
  return answer(row.refId, cost, null, method, world)
}

/** Decimal text of the schema, in atoms. */
// rule: payward.withdrawals.amount
function readAmount(amount: string): bigint {
  const wrong = new Refusal('InvalidAmount', { data: { field: 'amount' } })
  const [whole = '', fraction = ''] = withoutEndZeros(amount).split('.')
  if (amount.startsWith('-') || fraction.length > DECIMALS) throw wrong
  const atoms = BigInt(whole + fraction.padEnd(DECIMALS, '0'))
  if (atoms === 0n) throw wrong
  return atoms
}

/** What the recipient gets. */
// rule: payward.withdrawals.fee
function netOf(asked: bigint, fee: bigint, world: World): bigint {
  if (world.assumes('payward.withdrawals.fee') === 'on-top') return asked
  if (asked <= fee) throw new Refusal('amount_out_of_bounds', { data: { field: 'amount' } }, 'the fee takes all of it')
  return asked - fee
}

function preview({ net, fee }: Cost, account: string, method: Method, world: World): Answer {
  const { available } = standing(account, method, world)
  if (available < net + fee) throw insufficient(available, net + fee, world)
  // rule: payward.withdrawals.preview
  return answer(null, { net, fee }, promiseFee(account, method, world), method, world)
}

// rule: payward.withdrawals.insufficient-status
function insufficient(available: bigint, asked: bigint, world: World): Refusal {
  const name = { '409': 'InsufficientFunds', '400': 'InsufficientFunds_400', '422': 'InsufficientFunds_422' }
  return new Refusal(
    name[world.assumes('payward.withdrawals.insufficient-status') as keyof typeof name],
    {},
    `${text(asked)} with the fee are needed, ${text(available)} are available`,
  )
}

/** Notes it down with its money held. */
function begin(
  call: PaywardCall,
  { saved, method, cost }: { saved: SavedAddress; method: Method; cost: Cost },
  world: World,
): WithdrawalRow {
  const { key, address, tag, memo } = saved
  const account = call.params.account_id!
  const { on, confirmations } = NETWORKS[method.network]!
  const seq = world.next('payward.withdrawals')
  // rule: payward.withdrawals.ref-id
  const prefix = world.assumes('payward.withdrawals.ref-id') === 'WD' ? 'WD-' : 'fxn_'
  const refId = `${prefix}${world.draw('payward withdrawal', seq).base32(20)}`
  const { id } = requestWithdrawal(
    {
      provider: 'payward',
      account,
      asset: {
        currency: method.symbol,
        network: method.network,
        on,
        decimals: DECIMALS,
        threshold: Number(confirmations),
      },
      coin: method.symbol,
      reference: refId,
      from: world.address({ chain: CHAINS[on].chain, name: ['payward', 'hot', method.network] }),
      address,
      tag: tag ?? memo,
      atoms: cost.net,
      fee: text(cost.fee),
      feeCurrency: method.symbol,
      fate: call.fate,
    },
    world,
  )
  // rule: payward.withdrawals.postings
  try {
    const atoms = cost.net + cost.fee
    setAside({ kind: 'withdrawal', id, account, asset: method, atoms }, world)
  } catch (error) {
    if (!(error instanceof InsufficientFunds)) throw error
    throw insufficient(error.available, error.asked, world)
  }
  call.concerns(objectOf({ refId }))
  return world.put(Withdrawals, {
    ...{ id, seq, refId, account, key, method: method.id, address, tag, memo },
    atoms: cost.net.toString(),
    fee: cost.fee.toString(),
    status: firstStatus(world),
    txid: null,
    requestedAt: world.now,
  })
}

// rule: payward.withdrawals.answer
function answer(refId: string | null, { net, fee }: Cost, token: string | null, method: Method, world: World): Answer {
  const shown = (atoms: bigint) => amountShown(atoms, method, world)
  return ok({ ref_id: refId, amount: shown(net), fee: shown(fee), total: shown(net + fee), fee_token: token })
}

function text(atoms: bigint): string {
  return amountText(atoms, DECIMALS)
}
