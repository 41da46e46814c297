// Zopay Connect: bearer keys, a required Idempotency-Key, one address per user, asset and network, payment intents, and a log of events.
import { type Provider, Refusal } from '../../provider.ts'
import { AMOUNT, EMPTY_TOTALS, getBalances, getUserBalances, TENANT } from './balances.ts'
import { Addresses, createAddress, getAddress, listAddresses } from './addresses.ts'
import { DEMO, SCOPE_OF, Settings } from './catalogue.ts'
import { write } from './exact.ts'
import { FAILED, listWebhookDeliveries, ROW } from './deliveries.ts'
import { gates, identity } from './gates.ts'
import { byIdempotencyKey, IN_FLIGHT } from './idempotency.ts'
import { Events, getEvent, listEvents, replayEvent } from './events.ts'
import { createPaymentIntent, getPaymentIntent, listPaymentIntents } from './intents.ts'
import { ledger } from './money.ts'
import {
  createPayout,
  DETAIL,
  EXPIRED_STATUS,
  FINAL_AMOUNTS,
  getPayout,
  TRACKING_URL,
  UNCOVERED,
} from './payout-calls.ts'
import { AFTER_BROADCAST, Payouts, withdrawals } from './payouts.ts'
import { actions, Priceless } from './prices.ts'
import { BAD_AMOUNT, BEHAVIOUR, createPayoutQuote, NEEDED, Quotes } from './quotes.ts'
import { Intents, Transactions } from './tables.ts'
import { PART_PAYMENTS, simulateDeposit } from './payments.ts'
import { getTransaction, listTransactions } from './transactions.ts'
import { pitfalls } from './pitfalls.ts'
import { traffic } from './traffic.ts'
import { deposits } from './transfers.ts'
import { SEEN_BY, Users } from './users.ts'
import { callbacks, COMPLETED_NAME, EVENTS } from './webhooks.ts'
import { situations } from './situations.ts'
import { refusals } from './wire.ts'

/** Paths that exist but for the slash at their end. */
const WITH_SLASH = [
  /^\/connect\/v1\/(addresses|payment-intents|transactions|balances|payouts|events)(\/[^/]+)?\/$/,
  /^\/connect\/v1\/(webhook-deliveries|events\/[^/]+\/replay|test\/payment-intents\/[^/]+\/simulate-deposit)\/$/,
]

export const provider: Provider = {
  name: 'zopay',
  title: 'Zopay',
  keyHeader: 'authorization',
  settings: Settings,
  demo: DEMO,
  tables: [Addresses, Intents, Transactions, Events, Users, Priceless, Quotes, Payouts],
  handsOut: [Addresses, Intents],
  // rule: zopay.idempotency.in-flight
  switches: {
    [IN_FLIGHT]: ['wait', 'conflict'],
    [PART_PAYMENTS]: ['add-up', 'each-alone'],
    [COMPLETED_NAME]: ['payment_intent.completed', 'payment.completed'],
    [BEHAVIOUR]: ['stateful', 'canned'],
    [BAD_AMOUNT]: ['400', '422'],
    [NEEDED]: ['missing', 'whole'],
    [EXPIRED_STATUS]: ['409', '410'],
    [UNCOVERED]: ['refused', 'accepted-then-failed'],
    [AFTER_BROADCAST]: ['refunded', 'lost'],
    [DETAIL]: ['own-fields', 'with-execution'],
    [FINAL_AMOUNTS]: ['as-quoted', 'drift'],
    [TRACKING_URL]: ['string', 'none'],
    [EVENTS]: ['none', 'planned'],
    [AMOUNT]: ['available', 'total'],
    [TENANT]: ['users-and-treasury', 'users-only'],
    [EMPTY_TOTALS]: ['empty', 'zeros'],
    [SEEN_BY]: ['addresses-intents-balances', 'addresses-intents'],
    [ROW]: ['full', 'documented-five'],
    [FAILED]: ['final', 'retrying'],
  },
  // rule: zopay.validation.content-type
  readsJson: (mediaType) => mediaType !== undefined && /^application\/(json|[\w.-]+\+json)$/.test(mediaType),
  // rule: zopay.validation.encodings
  jsonEncodings: 'detected',
  gates,
  credentials: (world) =>
    [...world.settings<Settings>('zopay').keys].map(([key, { org: account }]) => ({ account, key })),
  identity,
  needs: SCOPE_OF,
  operations: {
    createAddress: { run: createAddress, repeats: byIdempotencyKey },
    listAddresses: { run: listAddresses },
    getAddress: { run: getAddress },
    createPaymentIntent: { run: createPaymentIntent, repeats: byIdempotencyKey },
    listPaymentIntents: { run: listPaymentIntents },
    getPaymentIntent: { run: getPaymentIntent },
    simulateDeposit: { run: simulateDeposit },
    listTransactions: { run: listTransactions },
    getTransaction: { run: getTransaction },
    getBalances: { run: getBalances },
    getUserBalances: { run: getUserBalances },
    createPayoutQuote: { run: createPayoutQuote, repeats: byIdempotencyKey },
    createPayout: { run: createPayout, repeats: byIdempotencyKey, withdraws: true },
    getPayout: { run: getPayout },
    listWebhookDeliveries: { run: listWebhookDeliveries },
    listEvents: { run: listEvents },
    getEvent: { run: getEvent },
    // rule: zopay.replay.idempotent
    replayEvent: { run: replayEvent, repeats: byIdempotencyKey },
  },
  deposits,
  ledger,
  withdrawals,
  actions,
  callbacks,
  situations,
  refusals,
  stringify: write,
  traffic,
  pitfalls,
  sign: (_, { key }) => ({ Authorization: `Bearer ${key}` }),
  firstCall: { method: 'GET', path: '/connect/v1/addresses' },
  notFound: {
    gates: [],
    // rule: zopay.elsewhere.unknown
    answer: (call) => {
      if (WITH_SLASH.some((pattern) => pattern.test(call.path))) throw new Refusal('slashless')
      if (call.allowed.length > 0)
        throw new Refusal('method_not_allowed', { headers: { allow: call.allowed.join(', ') } })
      throw new Refusal('not_found')
    },
  },
}
