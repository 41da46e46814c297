// AlphaPo's callbacks: one for each status of a deposit, a withdrawal or an exchange, signed like a call, tried for a day.
import { createHmac } from 'node:crypto'
import type { CallbackRules } from '../../provider.ts'
import { post } from '../../world/outbox.ts'
import type { World } from '../../world/world.ts'
import type { Settings } from './catalogue.ts'
import { type TransactionRow, view } from './transactions.ts'
import { stringify } from './wire.ts'

const MINUTE_MS = 60_000

/** Switches: the callbacks for a deposit below the minimum, and for one in another currency. */
export const BELOW_MINIMUM = 'alphapo.callbacks.below-minimum'
export const CROSS_CURRENCY = 'alphapo.callbacks.cross-currency'

export const callbacks: CallbackRules = {
  // rule: alphapo.callbacks.statuses
  events: [
    'not_confirmed',
    'confirmed',
    'cancelled',
    'pending',
    'declined',
    'processing',
    'failed',
    'paid',
    'expired',
    'restricted',
  ],
  // rule: alphapo.callbacks.retries
  retryMs: [1, 5, 15, 30, 60, 90, 120, 180, 240, 240, 240, 240].map((minutes) => minutes * MINUTE_MS),
  // rule: alphapo.callbacks.timeout
  timeoutMs: 10_000,
  dated: false,
  // rule: alphapo.callbacks.success
  succeeded: (status) => status === 200,
  // rule: alphapo.callbacks.signature
  signedText: ({ body }) => body,
  headers: (delivery, { secret }, wallMs, world) => ({
    'X-Processing-Key': firstKey(delivery.account, world)?.id ?? '',
    'X-Processing-Signature': createHmac('sha512', secret).update(callbacks.signedText(delivery, wallMs)).digest('hex'),
  }),
  account: (named, world) => {
    const merchants = Object.keys(world.settings<Settings>('alphapo').merchants)
    return named === undefined ? merchants[0] : merchants.find((merchant) => merchant === named)
  },
  // rule: alphapo.callbacks.secret
  secret: (account, given, world) => {
    const key = firstKey(account, world)
    if (!key) throw new Error(`merchant "${account}" has no key, so nothing can be signed for it`)
    if (given !== undefined && given !== key.secret)
      throw new Error(`AlphaPo signs with the merchant's own secret, that of its first key; leave it out`)
    return key.secret
  },
}

function firstKey(merchant: string, world: World) {
  return world.settings<Settings>('alphapo').merchants[merchant]?.keys[0]
}

/** Sends the merchant a callback with the current status of the deposit, unless a switch turns it off. */
export function tell(row: TransactionRow, world: World): void {
  // rule: alphapo.callbacks.below-minimum
  if (row.belowMinimum && world.assumes(BELOW_MINIMUM) === 'silent') return
  if (row.belowMinimum && world.assumes(BELOW_MINIMUM) === 'cancelled-once' && row.status === 'not_confirmed') return
  // rule: alphapo.callbacks.cross-currency
  if (row.cross && world.assumes(CROSS_CURRENCY) === 'silent') return
  send(row.merchant, row.status, String(row.addressId), view(row, world), world)
}

/** Sends the merchant a callback about a change of status. Only inside a change. */
export function send(merchant: string, event: string, object: string, told: object, world: World): void {
  // rule: alphapo.callbacks.survives
  const body = stringify(told)
  post({ provider: 'alphapo', account: merchant, event, object, body: () => body }, world)
}
