// Where clients of CPG go wrong, and which of its rules says so.
import type { Pitfalls } from '../../provider.ts'

export const pitfalls: Pitfalls = {
  rules: {
    'bad-signature-accepted': 'cpg.webhooks.signature',
    'receiver-too-slow': 'cpg.webhooks.success',
    'callback-handled-twice': 'cpg.webhooks.retries',
    'expired-address-shown': 'cpg.deposits.windows',
    'polling-too-fast': 'cpg.rate.bucket',
    'number-lost-digits': 'cpg.withdrawals.amount',
    'unknown-field': 'cpg.validation.extra',
  },
  retryKeys: {
    createDepositAddress: {
      in: 'body',
      name: 'idempotency_key',
      whose: ['user_identifier'],
      rule: 'cpg.idempotency.original',
    },
    createWithdrawal: {
      in: 'body',
      name: 'client_reference',
      whose: ['to_address'],
      rule: 'cpg.withdrawals.repeat',
    },
  },
  signedBefore: { refusal: 'signature_already_used', rule: 'cpg.auth.replay' },
  ignoresFields: true,
}
