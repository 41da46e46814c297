// Where clients of Zopay go wrong, and which of its rules says so.
import type { Pitfalls } from '../../provider.ts'

const KEY = { in: 'header', name: 'Idempotency-Key', rule: 'zopay.idempotency.replay' } as const

export const pitfalls: Pitfalls = {
  rules: {
    'bad-signature-accepted': 'zopay.webhooks.signature',
    'receiver-too-slow': 'zopay.webhooks.retries',
    'callback-handled-twice': 'zopay.webhooks.event-id',
    'polling-too-fast': 'zopay.rate.bucket',
    'number-lost-digits': 'zopay.intents.amount-number',
    'production-key': 'zopay.auth.live-keys',
  },
  // A payout needs none: its quote pays once.
  retryKeys: {
    createAddress: { ...KEY, whose: ['external_ref', 'label'] },
    createPaymentIntent: { ...KEY, whose: ['external_ref', 'description', 'metadata'] },
  },
  productionKey: /\bsk_live_[A-Za-z0-9_]{4,}/,
}
