// Paths of older versions of AlphaPo's API, of its sibling's, and those that clients guess, for the hints: what took their place here.
import type { FormerPaths } from '../../provider.ts'

/** The version may be there, be another one, or be missing. */
const FIRST: FormerPaths = {
  whose: 'an older version, or none that AlphaPo documents',
  paths: [
    [/ (\/api)?(\/v\d)?\/(balances?|accounts?(\/(balances?|info))?|sub-accounts?(\/.*)?)\/?$/, 'listAccounts'],
    [/ (\/api)?(\/v\d)?\/(invoices?(\/new)?|payments?\/create)\/?$/, 'createInvoice'],
    [/ (\/api)?(\/v\d)?\/(withdrawals?(\/(new|create))?|withdraw|payouts?(\/create)?)\/?$/, 'withdrawCrypto'],
    [/ (\/api)?(\/v\d)?\/(address(es)?(\/(new|create|get))?|deposit(s|\/address)?|address\/take)\/?$/, 'takeAddress'],
    [/ (\/api)?(\/v\d)?\/(futures\/.*|exchange|exchange\/create)\/?$/, 'exchangeNow'],
    [/ (\/api)?(\/v\d)?\/(rates|currencies\/rate|exchange\/rates?)\/?$/, 'listCurrencyRates'],
    [/ (\/api)?(\/v\d)?\/(currencies|currency(\/list)?)\/?$/, 'listCurrencies'],
    [/ (\/api)?(\/v\d)?\/(pairs|currencies\/pair)\/?$/, 'listCurrencyPairs'],
    [
      / (\/api)?(\/v\d)?\/(transactions?(\/(list|status|[\w-]+))?|withdrawals?\/(list|info|status))\/?$/,
      'getTransactionInfo',
    ],
  ],
}

export const formerPaths: readonly FormerPaths[] = [FIRST]
