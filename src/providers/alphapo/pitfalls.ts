// Where clients of AlphaPo go wrong, and which of its rules says so.
import type { Pitfalls } from '../../provider.ts'
import { TAKEN } from './fields.ts'

export const pitfalls: Pitfalls = {
  rules: {
    'bad-signature-accepted': 'alphapo.callbacks.signature',
    'receiver-too-slow': 'alphapo.callbacks.timeout',
    'callback-handled-twice': 'alphapo.callbacks.retries',
    'polling-too-fast': 'alphapo.rate.calculate',
    'number-lost-digits': 'alphapo.format.amounts',
    'unknown-field': 'alphapo.content.extra',
  },
  retryKeys: {
    withdrawCrypto: {
      in: 'body',
      name: 'foreign_id',
      whose: ['address'],
      rule: 'alphapo.foreign-id.unique',
      refusal: TAKEN,
    },
  },
  looks: [
    'listCurrencies',
    'listCurrencyPairs',
    'listCurrencyRates',
    'listAccounts',
    'calculateExchange',
    'getTransactionInfo',
  ],
  perMinute: { calculateExchange: 30 },
  ignoresFields: true,
}
