// Where clients of Payward go wrong, and which of its rules says so.
import type { Pitfalls } from '../../provider.ts'

export const pitfalls: Pitfalls = {
  rules: {
    'bad-signature-accepted': 'payward.webhooks.signature',
    'receiver-too-slow': 'payward.webhooks.success',
    'callback-handled-twice': 'payward.webhooks.retries',
    'polling-too-fast': 'payward.rate.bucket',
    'number-lost-digits': 'payward.amounts.places',
    'nonce-went-back': 'payward.nonce.rising',
    'unknown-field': 'payward.validation.extra',
  },
  // A deposit address is asked for without saying for whom.
  retryKeys: {
    withdrawFunds: { in: 'header', name: 'Idempotency-Key', whose: ['key'], rule: 'payward.idempotency.replay' },
  },
  nonce: { header: 'api-nonce', refusal: 'InvalidNonce', gate: 'nonce_increases' },
  ignoresFields: true,
}
