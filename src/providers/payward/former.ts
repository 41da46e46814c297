// Former paths of Payward and paths of the products it comes from, with their replacements, for the hints.
import type { FormerPaths } from '../../provider.ts'

const EMBED: FormerPaths = {
  whose: 'Kraken Embed, from which Payward Services comes',
  paths: [
    [/^GET \/b2b\/funds\/deposits\/methods(\/|$)/, 'listDepositMethods'],
    [/^POST \/b2b\/funds\/deposits\/addresses\/?$/, 'createDepositAddress'],
    [/^GET \/b2b\/funds\/deposits\/addresses\/?$/, 'listDepositAddresses'],
    [/ \/b2b\/funds\/deposits\/?$/, 'createDeposit'],
    [/^GET \/b2b\/funds\/withdrawals\/methods(\/|$)/, 'listWithdrawalMethods'],
    [/^POST \/b2b\/funds\/withdrawals\/addresses\/?$/, 'saveWithdrawalAddress'],
    [/ \/b2b\/funds\/withdrawals\/addresses(\/|$)/, 'listWithdrawalAddresses'],
    [/ \/b2b\/funds\/(withdrawals|withdraw)(\/|$)/, 'withdrawFunds'],
    [/ \/b2b\/funds(\/transactions)?\/?$/, 'listFundingTransactions'],
    [/^(PUT|POST) \/b2b\/quotes\/[^/]+(\/execute)?\/?$/, 'executeQuote'],
    [/ \/b2b\/quotes\/[^/]+\/?$/, 'getQuote'],
    [/ \/b2b\/quotes\/?$/, 'createQuote'],
    [/ \/b2b\/portfolio(\/[^/]+)?\/summary\/?$/, 'getPortfolioSummary'],
    [/ \/b2b\/portfolio(\/[^/]+)?\/details\/?$/, 'getPortfolioDetails'],
    [/ \/b2b\/portfolio(\/[^/]+)?\/history\/?$/, 'listPortfolioHistory'],
    [/ \/b2b\/portfolio(\/[^/]+)?\/transactions\/?$/, 'listPortfolioTransactions'],
    [/ \/b2b\/portfolio(\/|$)/, 'getPortfolioSummary'],
    [/^POST \/b2b\/users\/?$/, 'createUser'],
    [/^(PATCH|PUT|POST) \/b2b\/users\//, 'updateUser'],
    [/ \/b2b\/users(\/|$)/, 'getUser'],
    [/ \/b2b\/assets\/([^/]+\/){1,2}rates\/?$/, 'listAssetRates'],
    [/ \/b2b\/assets\/./, 'getAsset'],
    [/ \/b2b\/assets\/?$/, 'listAssets'],
    [/^POST \/b2b\/webhooks\/?$/, 'registerWebhook'],
    [/ \/b2b\/webhooks\/?$/, 'listWebhooks'],
  ],
}

/** Its exchange, whose clients sign in the same way. */
const SPOT: FormerPaths = {
  whose: 'the Kraken exchange',
  paths: [
    [/ \/0\/private\/DepositMethods$/i, 'listDepositMethods'],
    [/ \/0\/private\/DepositAddresses$/i, 'createDepositAddress'],
    [/ \/0\/private\/(DepositStatus|WithdrawStatus|Ledgers)$/i, 'listFundingTransactions'],
    [/ \/0\/private\/(Withdraw|WithdrawInfo)$/i, 'withdrawFunds'],
    [/ \/0\/private\/WithdrawAddresses$/i, 'listWithdrawalAddresses'],
    [/ \/0\/private\/(Balance|BalanceEx|TradeBalance)$/i, 'getPortfolioSummary'],
    [/ \/0\/public\/Assets$/i, 'listAssets'],
    [/ \/0\/public\/(Ticker|AssetPairs)$/i, 'listAssetRates'],
  ],
}

/** Pages of Payward itself still show paths without the account. */
const WITHOUT_ACCOUNT: FormerPaths = {
  whose: 'an older page, without the account',
  paths: [
    [/^GET \/v1\/funds\/deposits\/methods(\/|$)/, 'listDepositMethods'],
    [/^POST \/v1\/funds\/deposits\/addresses\/?$/, 'createDepositAddress'],
    [/^GET \/v1\/funds\/deposits\/addresses\/?$/, 'listDepositAddresses'],
    [/^POST \/v1\/funds\/withdrawals\/addresses\/?$/, 'saveWithdrawalAddress'],
    [/^GET \/v1\/funds\/withdrawals\/addresses\/?$/, 'listWithdrawalAddresses'],
    [/^POST \/v1\/funds\/withdrawals\/?$/, 'withdrawFunds'],
    [/ \/v1\/portfolio\/summary\/?$/, 'getPortfolioSummary'],
    [/ \/v1\/portfolio\/transactions\/?$/, 'listPortfolioTransactions'],
    [/^POST \/v1\/quotes\/?$/, 'createQuote'],
  ],
}

export const formerPaths: readonly FormerPaths[] = [EMBED, SPOT, WITHOUT_ACCOUNT]
