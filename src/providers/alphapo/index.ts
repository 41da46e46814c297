// AlphaPo, merchant API version 2: bodies signed with HMAC-SHA512, a new deposit address for every call, no idempotency,
// one balance for each currency.
import { type Provider, Refusal } from '../../provider.ts'
import { listAccounts } from './accounts.ts'
import { actions } from './actions.ts'
import { Addresses, fieldsValid, takeAddress } from './addresses.ts'
import { BELOW_MINIMUM, callbacks, CROSS_CURRENCY } from './callbacks.ts'
import { DEMO, Settings } from './catalogue.ts'
import { listCurrencies } from './currencies.ts'
import { calculateExchange, exchangeFieldsValid, exchangeFixed, exchangeNow } from './exchange-calls.ts'
import { exchangeReactions, Exchanges } from './exchanges.ts'
import { EXCHANGE_FEE_IN, FEE_NAMES, MINING_FEE } from './fees.ts'
import { fieldsLegal } from './fields.ts'
import { formerPaths } from './former.ts'
import { CALCULATE_RATE, gates, identity, quoteGates } from './gates.ts'
import { chooseInvoiceCurrency, createInvoice, invoiceValid } from './invoices.ts'
import { InvoicePayments } from './invoices-callbacks.ts'
import { invoiceReactions } from './invoices-states.ts'
import { Invoices } from './invoices-table.ts'
import { ledger } from './ledger.ts'
import { LimitsTable } from './limits.ts'
import { getTransactionInfo, lookupValid } from './lookups.ts'
import { FIAT_TO_CRYPTO, filtersValid, listPairs } from './pairs.ts'
import { Payees } from './payees.ts'
import {
  createPaymentRequest,
  isServed,
  PATH,
  pathServed,
  requestActions,
  requestValid,
  STATUS,
} from './payment-requests.ts'
import { RequestPayments } from './payment-requests-callbacks.ts'
import { LOCK_END, requestReactions } from './payment-requests-states.ts'
import { PaymentRequests } from './payment-requests-table.ts'
import { QUOTE_USE, Quotes } from './quotes.ts'
import { refundActions, Refunds } from './refunds.ts'
import { WITHDRAWAL_BOOKED, withdrawals } from './sending.ts'
import { CANCELLED_MONEY, Transactions } from './transactions.ts'
import { pitfalls } from './pitfalls.ts'
import { traffic } from './traffic.ts'
import { deposits } from './transfers.ts'
import { sign, signing } from './signing.ts'
import { UNCOVERED, withdrawalFieldsValid, withdrawCrypto } from './withdrawal-calls.ts'
import { WITHDRAWAL_MONEY, Withdrawals } from './withdrawals.ts'
import { situations } from './situations.ts'
import { refusals, stringify } from './wire.ts'

export const provider: Provider = {
  name: 'alphapo',
  title: 'AlphaPo',
  keyHeader: 'x-processing-key',
  settings: Settings,
  demo: DEMO,
  tables: [
    Addresses,
    Transactions,
    Payees,
    Withdrawals,
    LimitsTable,
    Quotes,
    Exchanges,
    Invoices,
    InvoicePayments,
    PaymentRequests,
    RequestPayments,
    Refunds,
  ],
  handsOut: [Addresses, Invoices, PaymentRequests],
  // rule: alphapo.take.repeat, rule: alphapo.take.end-user-reference, rule: alphapo.take.tag-type
  switches: {
    'alphapo.take.repeat': ['new-address', 'same-address'],
    'alphapo.take.end-user-reference': ['required', 'optional'],
    'alphapo.take.tag-type': ['text', 'number'],
    [BELOW_MINIMUM]: ['not-confirmed-first', 'cancelled-twice', 'cancelled-once', 'silent'],
    [CROSS_CURRENCY]: ['told', 'silent'],
    [CANCELLED_MONEY]: ['left-out', 'included'],
    [FIAT_TO_CRYPTO]: ['price-of-coin', 'per-unit'],
    [CALCULATE_RATE]: ['off', 'by-key'],
    [EXCHANGE_FEE_IN]: ['sender', 'fiat'],
    [QUOTE_USE]: ['many', 'once'],
    [WITHDRAWAL_BOOKED]: ['at-acceptance', 'at-broadcast'],
    [UNCOVERED]: ['refused', 'fails-later'],
    [WITHDRAWAL_MONEY]: ['included', 'conversions-only'],
    [MINING_FEE]: ['charged', 'covered'],
    [FEE_NAMES]: ['documented', 'long'],
    [PATH]: ['payments', 'both'],
    [STATUS]: ['201', '200'],
    [LOCK_END]: ['ends', 'lives-on'],
  },
  // rule: alphapo.content.media-type
  readsJson: (mediaType) => mediaType !== undefined && /[/+]json$/.test(mediaType),
  gates: [...gates, fieldsLegal],
  credentials: (world) =>
    [...world.settings<Settings>('alphapo').keys.values()].map(({ merchant: account, id: key, secret }) => ({
      account,
      key,
      secret,
    })),
  identity,
  operations: {
    // rule: alphapo.ping
    ping: {
      gates: [],
      run: () => ({ status: 200, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: 'OK' }),
    },
    takeAddress: { gates: [...gates, fieldsValid], run: takeAddress },
    listCurrencies: { run: listCurrencies },
    listCurrencyPairs: { gates: [...gates, filtersValid], run: listPairs },
    listCurrencyRates: { gates: [...gates, filtersValid], run: listPairs },
    listAccounts: { run: listAccounts },
    withdrawCrypto: { gates: [...gates, withdrawalFieldsValid], run: withdrawCrypto, withdraws: true },
    calculateExchange: { gates: [...quoteGates, exchangeFieldsValid], run: calculateExchange },
    exchangeFixed: { gates: [...gates, exchangeFieldsValid], run: exchangeFixed, makes: true },
    exchangeNow: { gates: [...gates, exchangeFieldsValid], run: exchangeNow, makes: true },
    getTransactionInfo: { gates: [...gates, lookupValid], run: getTransactionInfo },
    createInvoice: { gates: [...gates, invoiceValid], run: createInvoice, makes: true },
    createPaymentRequest: { gates: [pathServed, ...gates, requestValid], run: createPaymentRequest, makes: true },
  },
  refusals,
  notFound: {
    gates: [],
    answer: (call, world) => {
      if (call.allowed.length > 0 && (call.path !== '/api/v2/requests' || isServed(call, world)))
        throw new Refusal('method_not_allowed', { headers: { allow: call.allowed.join(', ') } })
      throw new Refusal(
        'not_found',
        {},
        'unknown URL, and this is how AlphaPo answers one; its paths begin with /api/v2 and /api/payments/v1',
      )
    },
  },
  stringify,
  formerPaths,
  signing,
  sign,
  firstCall: {
    method: 'POST',
    path: '/api/v2/addresses/take',
    body: '{"currency":"BTC","foreign_id":"user_1","end_user_reference":"user_1"}',
  },
  reactions: { ...exchangeReactions, ...invoiceReactions, ...requestReactions },
  deposits,
  ledger,
  withdrawals,
  actions: { ...actions, 'choose-invoice-currency': chooseInvoiceCurrency, ...requestActions, ...refundActions },
  callbacks,
  situations,
  traffic,
  pitfalls,
}
