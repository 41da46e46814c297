// CPG's webhooks: which there are, what they carry, how they are signed and how often they are tried.
import { createHmac } from 'node:crypto'
import type { CallbackRules } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { post } from '../../world/outbox.ts'
import type { World } from '../../world/world.ts'
import { accountNamed } from './toggles.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export const callbacks: CallbackRules = {
  // rule: cpg.webhooks.events
  events: [
    'deposit.detected',
    'deposit.confirmed',
    'deposit.swept',
    'withdrawal.broadcasted',
    'withdrawal.confirmed',
    'withdrawal.failed',
  ],
  // rule: cpg.webhooks.retries
  retryMs: [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 12 * HOUR_MS, 24 * HOUR_MS],
  timeoutMs: 10_000,
  dated: true,
  // rule: cpg.webhooks.success
  succeeded: (status) => status >= 200 && status < 300,
  // rule: cpg.webhooks.signature
  signedText: ({ body }, wallMs) => `${seconds(wallMs)}\n${body}`,
  headers: (delivery, { secret }, wallMs) => ({
    'X-CPG-Event': delivery.event,
    'X-CPG-Delivery': String(JSON.parse(delivery.body).id),
    'X-CPG-Timestamp': String(seconds(wallMs)),
    'X-CPG-Signature': createHmac('sha256', secret).update(callbacks.signedText(delivery, wallMs)).digest('hex'),
  }),
  account: accountNamed,
  secret: (account, given, world, another) =>
    given ?? world.draw('cpg', 'webhook-secret', account, ...(another === undefined ? [] : [another])).hex(32),
  // rule: cpg.webhooks.several
  several: true,
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

/** What a webhook says of a deposit, whatever happened to it. */
export interface ToldDeposit {
  readonly account: string
  readonly requestId: number
  readonly identifier: string | null
  readonly address: string
  readonly currency: string
  readonly network: string
  readonly txHash: string
  readonly atoms: string
  readonly decimals: number
}

/** Tells the account that a deposit was detected, confirmed or swept. `more` is what only this event carries. */
export function tell(
  event: 'deposit.detected' | 'deposit.confirmed' | 'deposit.swept',
  row: ToldDeposit,
  more: Record<string, unknown>,
  world: World,
): void {
  const data = {
    deposit_request_id: row.requestId,
    user_identifier: row.identifier,
    address: row.address,
    currency: row.currency,
    network: row.network,
    // rule: cpg.webhooks.amount
    amount: amountText(BigInt(row.atoms), row.decimals),
    tx_hash: row.txHash,
    ...more,
  }
  deliver(row.account, event, String(row.requestId), data, world)
}

/** What a webhook says of a withdrawal, whatever happened to it. */
export interface ToldWithdrawal {
  readonly withdrawalId: number
  readonly account: string
  readonly reference: string | null
  readonly currency: string
  readonly network: string
  readonly toAddress: string
  readonly atoms: string
  readonly fee: string
  readonly decimals: number
  readonly txHash: string | null
  /** World ms. */
  readonly requestedAt: number
  readonly broadcastAt: number | null
  readonly confirmedAt: number | null
  readonly errorMessage: string | null
}

/** Tells the account what became of a withdrawal. `object` is what a scenario's callback faults know it by. */
// rule: cpg.webhooks.withdrawal-payload
export function tellWithdrawal(
  event: 'withdrawal.broadcasted' | 'withdrawal.confirmed' | 'withdrawal.failed',
  row: ToldWithdrawal,
  object: string,
  world: World,
): void {
  const moment = (ms: number | null) => (ms === null ? null : webhookTime(ms))
  const data = {
    withdrawal_id: row.withdrawalId,
    client_reference: row.reference,
    currency: row.currency,
    network: row.network,
    to_address: row.toAddress,
    amount: amountText(BigInt(row.atoms), row.decimals),
    fee: amountText(BigInt(row.fee), row.decimals),
    tx_hash: row.txHash,
    requested_at: webhookTime(row.requestedAt),
    broadcast_at: moment(row.broadcastAt),
    confirmed_at: moment(row.confirmedAt),
    error_message: row.errorMessage,
  }
  deliver(row.account, event, object, data, world)
}

function deliver(account: string, event: string, object: string, data: object, world: World): void {
  const createdAt = webhookTime(world.now)
  post(
    {
      provider: 'cpg',
      account,
      event,
      object,
      // rule: cpg.webhooks.envelope
      body: (id) => JSON.stringify({ id, event, created_at: createdAt, api_version: '1', data }),
    },
    world,
  )
}

/** Unlike in answers: `Z`, and six digits of a second where there is a fraction. */
// rule: cpg.webhooks.time
export function webhookTime(ms: number): string {
  const iso = new Date(ms).toISOString()
  return ms % 1000 === 0 ? `${iso.slice(0, 19)}Z` : `${iso.slice(0, 23)}000Z`
}
