// CPG's webhooks: which there are, what they carry, how they are signed and how often they are tried.
import { createHmac } from 'node:crypto'
import type { CallbackRules } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import { post } from '../../world/outbox.ts'
import type { World } from '../../world/world.ts'
import type { Settings } from './catalogue.ts'

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
  account: (named, world) => {
    const accounts = Object.keys(world.settings<Settings>('cpg').accounts)
    return named === undefined ? accounts[0] : accounts.find((account) => account === named)
  },
  secret: (account, given, world) => given ?? world.draw('cpg', 'webhook-secret', account).hex(32),
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
  const createdAt = webhookTime(world.now)
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
  post(
    {
      provider: 'cpg',
      account: row.account,
      event,
      object: String(row.requestId),
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
