// Payward Services: signed calls with rising nonces, deposits to addresses with tags where a network has one address for all, withdrawals to saved
// addresses, balances, and the webhook that tells of them.
import { type Provider, Refusal } from '../../provider.ts'
import { actions } from './actions.ts'
import { assetActions, DisabledAssets } from './asset-states.ts'
import {
  AccountTransfers,
  cancelTransfer,
  createTransfer,
  getTransfer,
  listTransfers,
  transferReactions,
  Watched,
} from './account-transfers.ts'
import { UserAccounts } from './accounts.ts'
import {
  Addresses,
  createDepositAddress,
  listDepositAddresses,
  reactions as ofAddresses,
  windowsOf,
} from './addresses.ts'
import { getAsset, listAssetRates, listAssets } from './assets.ts'
import { DEMO, PERMISSION_OF, Settings } from './catalogue.ts'
import { createConversion, getConversion, listConversions } from './conversion-calls.ts'
import { ConversionRules, createConversionRule } from './conversion-rules.ts'
import { conversionReactions, Conversions, onPayout } from './conversions.ts'
import { listFundingTransactions } from './funding.ts'
import { formerPaths } from './former.ts'
import { gates, identity, Nonces, Spent } from './gates.ts'
import { byIdempotencyKey } from './idempotency.ts'
import { Balances, ledger } from './ledger.ts'
import { InboundDeposits, onInbound } from './inbound-deposits.ts'
import { Inbounds } from './inbounds.ts'
import { listDepositMethods } from './methods.ts'
import {
  createOnchainQuote,
  getOnchainQuote,
  listOnchainQuotes,
  onchainReactions,
  OnchainQuotes,
} from './onchain-quotes.ts'
import { listPortfolioTransactions } from './portfolio.ts'
import { createQuote, executeQuote, getQuote, quoteReactions, Quotes } from './quotes.ts'
import { sign, signing } from './signing.ts'
import { createDeposit, topUpReactions, TopUps } from './topups.ts'
import { tradeActions } from './trade-actions.ts'
import { pitfalls } from './pitfalls.ts'
import { traffic } from './traffic.ts'
import { Deposits, deposits, reactions as ofDeposits } from './transfers.ts'
import { getPortfolioDetails, getPortfolioSummary, listPortfolioHistory } from './valuations.ts'
import { userActions } from './user-actions.ts'
import { createHeadlessUser, createUser, getUser, updateUser, Users } from './users.ts'
import {
  callbacks,
  deleteWebhook,
  listWebhooks,
  registerWebhook,
  testWebhook,
  updateWebhook,
  Webhooks,
} from './webhooks.ts'
import {
  deleteWithdrawalAddress,
  listWithdrawalAddresses,
  renameWithdrawalAddress,
  SavedAddresses,
  saveWithdrawalAddress,
  validateWithdrawalAddress,
} from './withdrawal-addresses.ts'
import { withdrawFunds } from './withdrawal-calls.ts'
import { FeeTokens, listWithdrawalMethods } from './withdrawal-methods.ts'
import { Withdrawals, withdrawals } from './withdrawals.ts'
import { situations } from './situations.ts'
import { refusals } from './wire.ts'

export const provider: Provider = {
  name: 'payward',
  title: 'Payward',
  keyHeader: 'api-key',
  settings: Settings,
  demo: DEMO,
  tables: [
    Addresses,
    Deposits,
    Balances,
    Webhooks,
    Nonces,
    Spent,
    SavedAddresses,
    FeeTokens,
    Withdrawals,
    Users,
    UserAccounts,
    Quotes,
    OnchainQuotes,
    AccountTransfers,
    Watched,
    Inbounds,
    InboundDeposits,
    TopUps,
    Conversions,
    ConversionRules,
    DisabledAssets,
  ],
  handsOut: [Addresses, Inbounds],
  switches: {
    'payward.addresses.status': ['200', '201'],
    'payward.assets.untyped-token': ['not-found', 'by-ticker'],
    'payward.limit.late-deposit': ['credited', 'ignored'],
    'payward.assets.unknown-status': ['400', '404'],
    'payward.withdrawals.key-scope': ['account', 'partner'],
    'payward.withdrawals.fee': ['on-top', 'included'],
    'payward.withdrawals.statuses': ['embed', 'ifex'],
    'payward.withdrawals.success': ['confirmed', 'broadcast'],
    'payward.withdrawals.ref-id': ['fxn', 'WD'],
    'payward.withdrawals.insufficient-status': ['409', '400', '422'],
    'payward.portfolio.history-lag': ['none', '5h'],
    'payward.webhooks.body': ['pws', 'embed'],
    'payward.webhooks.vocabulary': ['embed', 'pws-examples'],
    'payward.format.stablecoin': ['8', '2'],
    'payward.prices': ['constant', 'walk'],
    'payward.quotes.fee-required': ['yes', 'no'],
    'payward.quotes.tell-expiry': ['yes', 'no'],
    'payward.topups.amount': ['actual', 'exact'],
    'payward.transfers.list': ['both', 'outgoing'],
    'payward.users.repeat-status': ['201', '200'],
    'payward.users.verification': ['automatic', 'manual'],
  },
  // rule: payward.validation.media-type
  readsJson: (mediaType) => mediaType !== undefined && /^application\/([\w.-]+\+)?json$/.test(mediaType),
  gates,
  credentials: (world) =>
    [...world.settings<Settings>('payward').keys.values()].map(({ partner: account, ids, id: key, secret }) => ({
      account,
      ...(ids[0] !== undefined && { called: ids[0] }),
      key,
      secret,
    })),
  identity,
  needs: PERMISSION_OF,
  operations: {
    listDepositMethods: { run: listDepositMethods },
    createDepositAddress: { run: createDepositAddress, repeats: byIdempotencyKey },
    listDepositAddresses: { run: listDepositAddresses },
    listWithdrawalMethods: { run: listWithdrawalMethods },
    // rule: payward.idempotency.withdrawals
    validateWithdrawalAddress: { run: validateWithdrawalAddress, repeats: byIdempotencyKey },
    saveWithdrawalAddress: { run: saveWithdrawalAddress, repeats: byIdempotencyKey },
    listWithdrawalAddresses: { run: listWithdrawalAddresses },
    renameWithdrawalAddress: { run: renameWithdrawalAddress, repeats: byIdempotencyKey },
    deleteWithdrawalAddress: { run: deleteWithdrawalAddress },
    withdrawFunds: { run: withdrawFunds, repeats: byIdempotencyKey, withdraws: true },
    listFundingTransactions: { run: listFundingTransactions },
    getPortfolioSummary: { run: getPortfolioSummary },
    getPortfolioDetails: { run: getPortfolioDetails },
    listPortfolioHistory: { run: listPortfolioHistory },
    listAssets: { run: listAssets },
    getAsset: { run: getAsset },
    listAssetRates: { run: listAssetRates },
    listPortfolioTransactions: { run: listPortfolioTransactions },
    // rule: payward.idempotency.webhooks
    registerWebhook: { run: registerWebhook, repeats: byIdempotencyKey },
    listWebhooks: { run: listWebhooks },
    updateWebhook: { run: updateWebhook, repeats: byIdempotencyKey },
    deleteWebhook: { run: deleteWebhook },
    testWebhook: { run: testWebhook, repeats: byIdempotencyKey },
    createQuote: { run: createQuote, repeats: byIdempotencyKey, makes: true },
    getQuote: { run: getQuote },
    executeQuote: { run: executeQuote, repeats: byIdempotencyKey, makes: true },
    // rule: payward.idempotency.elsewhere
    createOnchainQuote: { run: createOnchainQuote, makes: true },
    getOnchainQuote: { run: getOnchainQuote },
    listOnchainQuotes: { run: listOnchainQuotes },
    createDeposit: { run: createDeposit, repeats: byIdempotencyKey },
    createConversion: { run: createConversion, repeats: byIdempotencyKey, makes: true },
    getConversion: { run: getConversion },
    listConversions: { run: listConversions },
    createConversionRule: { run: createConversionRule, repeats: byIdempotencyKey },
    createTransfer: { run: createTransfer, repeats: byIdempotencyKey, makes: true },
    listTransfers: { run: listTransfers },
    getTransfer: { run: getTransfer },
    cancelTransfer: { run: cancelTransfer },
    createUser: { run: createUser, makes: true },
    createHeadlessUser: { run: createHeadlessUser, makes: true },
    getUser: { run: getUser },
    updateUser: { run: updateUser },
  },
  reactions: {
    ...ofAddresses,
    ...ofDeposits,
    ...quoteReactions,
    ...onchainReactions,
    ...transferReactions,
    ...topUpReactions,
    ...conversionReactions,
  },
  deposits: {
    ...deposits,
    windows: windowsOf,
    onTransfer: (step, transfer, holder, world) =>
      (world.get(Inbounds, holder.reference) ? onInbound : deposits.onTransfer)(step, transfer, holder, world),
  },
  withdrawals: {
    ...withdrawals,
    onStep: (step, outgoing, world) =>
      (world.get(Conversions, outgoing.reference) ? onPayout : withdrawals.onStep)(step, outgoing, world),
  },
  ledger,
  actions: { ...actions, ...userActions, ...tradeActions, ...assetActions },
  callbacks,
  situations,
  refusals,
  notFound: {
    gates: [],
    // rule: payward.elsewhere, rule: payward.methods.old-path
    answer: (call) => {
      if (call.allowed.length > 0)
        throw new Refusal('method_not_allowed', { headers: { allow: call.allowed.join(', ') } })
      throw new Refusal('not_found')
    },
  },
  // rule: payward.answers.trace-id
  headers: (_, world) => ({ 'x-trace-id': world.draw('payward trace', world.journal.nextId).hex(16) }),
  formerPaths,
  signing,
  traffic,
  pitfalls,
  sign,
  firstCall: { method: 'GET', path: '/v1/accounts/WDEMO5GATE2MAIN77/funds/deposits/methods/BTC' },
}
