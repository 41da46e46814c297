// A Payward client written from its authentication page: HMAC-SHA512 over the request target and the SHA-256 of nonce and body, in base64.
import { createHash, createHmac } from 'node:crypto'
import type { Client, Request } from '../kit.ts'

export const KEYS = {
  demo: {
    key: 'pws_demo_key',
    secret: 'c2FuZGdhdGUtcGF5d2FyZC1kZW1vLXNlY3JldC1mb3ItbG9jYWwtdGVzdGluZy1vbmx5LTAwMDAwMDAwMDE=',
  },
  window: {
    key: 'pws_window_key',
    secret: 'c2FuZGdhdGUtcGF5d2FyZC1kZW1vLXNlY3JldC1mb3ItbG9jYWwtdGVzdGluZy1vbmx5LTAwMDAwMDAwMDE=',
  },
  other: {
    key: 'pws_other_key',
    secret: 'c2FuZGdhdGUtcGF5d2FyZC1vdGhlci1zZWNyZXQtZm9yLWxvY2FsLXRlc3Rpbmctb25seS0wMDAwMDAwMDI=',
  },
} as const

export interface Credentials {
  readonly key: string
  readonly secret: string
}

export const ACCOUNTS = { main: 'WDEMO5GATE2MAIN77', second: 'WDEMO5GATE2SECOND8', other: 'WOTHER5GATE2MAIN7' } as const

/** Ids out of the lists of methods. */
export const METHODS = {
  BTC: 'b3a7d8b4-9f36-4c2e-9c1e-7b9e6f9a0a11',
  ETH: 'a001231f-488e-48c0-b36c-6e0d2c1ee247',
  SOL: '80be7f08-c104-493c-b99a-f52755a81265',
  XRP: '5e1c4a08-7a4a-4d74-9a81-2c9b7c28a1d2',
  XLM: '0ca7e211-4151-45c4-9676-5fdfabc84af8',
  LTC: 'c9e1882f-36ae-4959-bf93-6f0fff34afbb',
  DOGE: 'cd580f22-86c2-40b7-b6e3-7f006e8b3eaa',
  TRX: 'f2cab3cd-d3cd-438f-9317-0f6ed9d3626c',
  usdcEthereum: '27ede8db-804b-4d91-8e25-46b7b9668730',
  usdcSolana: '847e96d8-979a-437b-934f-1ec6dde43ba0',
  usdtEthereum: '291f812a-fcb9-4a66-9ca4-eadb6fa1c067',
  usdtSolana: '30572fdf-7192-4f1d-a6e7-2e6b72aac49a',
  usdtTron: '2cb9687d-b304-43bc-8600-6200087db907',
} as const

/** The signature over a target (path and query as on the request line), a nonce and the exact text of a body. */
export function sign(secret: string, target: string, nonce: string, body = ''): string {
  const inner = createHash('sha256')
    .update(nonce + body)
    .digest()
  return createHmac('sha512', Buffer.from(secret, 'base64')).update(target).update(inner).digest('base64')
}

/** The call with a nonce of its own and the signature that goes with it. */
export function signed({ key, secret }: Credentials, request: Request, nonce: string): Request {
  return {
    ...request,
    headers: {
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      'api-key': key,
      'api-nonce': nonce,
      'api-sign': sign(secret, request.path, nonce, request.body),
      ...request.headers,
    },
  }
}

/** Nonces are nanoseconds of the wall clock, as the documents recommend. */
export function nonceAt(wallMs: number): string {
  return String(BigInt(wallMs) * 1_000_000n)
}

export function clientOf(credentials: Credentials): Client {
  return {
    name: 'payward',
    sign: (request, wallMs) => signed(credentials, request, nonceAt(wallMs)),
    good: {
      listDepositMethods: () => ({ method: 'GET', path: `/v1/accounts/${ACCOUNTS.main}/funds/deposits/methods/BTC` }),
      createDepositAddress: () => creation({}),
      listDepositAddresses: () => listing('asset_symbol=BTC'),
      listWithdrawalMethods: () => ({ method: 'GET', path: `${withdrawalsOf(ACCOUNTS.main)}/methods/BTC` }),
      validateWithdrawalAddress: () => validating({}),
      saveWithdrawalAddress: () => saving({}),
      listWithdrawalAddresses: () => ({ method: 'GET', path: `${withdrawalsOf(ACCOUNTS.main)}/addresses` }),
      renameWithdrawalAddress: () => renaming('cold-wallet', 'vault'),
      deleteWithdrawalAddress: () => deleting('cold-wallet'),
      withdrawFunds: () => withdrawing({}),
      listFundingTransactions: () => transactions(),
      getPortfolioSummary: () => valuation('summary'),
      getPortfolioDetails: () => valuation('details'),
      listPortfolioHistory: () => valuation('history'),
      listAssets: () => ({ method: 'GET', path: '/v1/assets' }),
      getAsset: () => ({ method: 'GET', path: '/v1/assets/crypto/BTC' }),
      listAssetRates: () => ({ method: 'GET', path: '/v1/assets/crypto/BTC/rates' }),
      listPortfolioTransactions: () => portfolio('types=deposit'),
      registerWebhook: () => registration({}),
      listWebhooks: () => ({ method: 'GET', path: '/v1/webhooks' }),
      updateWebhook: () => change('whk_01J0M7C0Z9F8YX3GQH8E', { enabled: true }),
      deleteWebhook: () => ({ method: 'DELETE', path: '/v1/webhooks/whk_01J0M7C0Z9F8YX3GQH8E' }),
      createQuote: () => quoting(),
      getQuote: () => quoteOf('qte_01J0M7C0Z9F8YX3GQH8E'),
      executeQuote: () => executing('qte_01J0M7C0Z9F8YX3GQH8E'),
      createOnchainQuote: () => quotingOnchain(),
      getOnchainQuote: () => onchainQuoteOf('XQ01J0M7C0Z9F8'),
      listOnchainQuotes: () => onchainQuotes(),
      createDeposit: () => toppingUp(),
      createConversion: () => converting(),
      getConversion: () => conversionOf('conv_01J0M7C0Z9F8YX3GQH8E'),
      listConversions: () => conversions(),
      createConversionRule: () => ruling(),
      createTransfer: () => transferring(),
      listTransfers: () => ({ method: 'GET', path: `/v1/accounts/${ACCOUNTS.main}/transfers` }),
      getTransfer: () => transferOf('trf_01J0M7C0Z9F8YX3GQH8E'),
      cancelTransfer: () => cancelling('trf_01J0M7C0Z9F8YX3GQH8E'),
      createUser: () => createsUser({}),
      createHeadlessUser: () => ({
        method: 'POST',
        path: '/v1/users/headless',
        body: '{"external_reference":"customer-1"}',
      }),
      getUser: () => userOf('AA45N8G4MLDYWAR7'),
      updateUser: () => ({ method: 'PATCH', path: '/v1/users/AA45N8G4MLDYWAR7', body: '{"phone":null}' }),
      testWebhook: () => ({ method: 'POST', path: '/v1/webhooks/whk_01J0M7C0Z9F8YX3GQH8E/test' }),
    },
  }
}

export function addressesOf(account: string): string {
  return `/v1/accounts/${account}/funds/deposits/addresses`
}

/** A request for a deposit address; fields may be added, changed, or left out with undefined. */
export function creation(fields: Record<string, unknown>, account: string = ACCOUNTS.main): Request {
  return {
    method: 'POST',
    path: addressesOf(account),
    body: JSON.stringify({ method_id: METHODS.BTC, asset_symbol: 'BTC', ...fields }),
  }
}

export function listing(query: string, account: string = ACCOUNTS.main): Request {
  return { method: 'GET', path: `${addressesOf(account)}?${query}` }
}

export function withdrawalsOf(account: string): string {
  return `/v1/accounts/${account}/funds/withdrawals`
}

/** An address of a wallet that belongs to nobody here. */
export const WALLET = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'

function posting(path: string, fields: object): Request {
  return { method: 'POST', path, body: JSON.stringify(fields) }
}

/** Saving a Bitcoin address as cold-wallet; fields may be added, changed, or left out with undefined. */
export function saving(fields: Record<string, unknown>, account: string = ACCOUNTS.main): Request {
  const good = { asset_symbol: 'BTC', method_id: METHODS.BTC, key: 'cold-wallet', address: WALLET }
  return posting(`${withdrawalsOf(account)}/addresses`, { ...good, ...fields })
}

export function validating(fields: Record<string, unknown>): Request {
  const good = { asset_symbol: 'BTC', method_id: METHODS.BTC, address: WALLET }
  return posting('/v1/funds/withdrawals/addresses/validate', { ...good, ...fields })
}

/** A quarter of a bitcoin to cold-wallet. */
export function withdrawing(fields: Record<string, unknown>, account: string = ACCOUNTS.main): Request {
  return posting(withdrawalsOf(account), { asset_symbol: 'BTC', key: 'cold-wallet', amount: '0.25', ...fields })
}

export function renaming(key: string, to: string, account: string = ACCOUNTS.main): Request {
  return {
    method: 'PATCH',
    path: `${withdrawalsOf(account)}/addresses/${encodeURIComponent(key)}`,
    body: JSON.stringify({ new_key: to }),
  }
}

export function deleting(key: string, account: string = ACCOUNTS.main): Request {
  return { method: 'DELETE', path: `${withdrawalsOf(account)}/addresses/${encodeURIComponent(key)}` }
}

/** Deposits of all accounts; `query` adds to `type=deposit`. */
export function transactions(query = ''): Request {
  return { method: 'GET', path: `/v1/funds/transactions?type=deposit${query && `&${query}`}` }
}

export function portfolio(query: string, account: string = ACCOUNTS.main): Request {
  return { method: 'GET', path: `/v1/accounts/${account}/portfolio/transactions${query && `?${query}`}` }
}

/** `summary`, `details` or `history`, with what is asked of it. */
export function valuation(what: string, account: string = ACCOUNTS.main): Request {
  return { method: 'GET', path: `/v1/accounts/${account}/portfolio/${what}` }
}

/** A webhook that is enabled and hears of deposits, unless fields say otherwise. */
export function registration(fields: Record<string, unknown>): Request {
  return {
    method: 'POST',
    path: '/v1/webhooks',
    body: JSON.stringify({
      url: 'https://shop.example/hooks',
      enabled: true,
      events: ['deposit.status_updated'],
      ...fields,
    }),
  }
}

export function change(id: string, fields: Record<string, unknown>): Request {
  return { method: 'PATCH', path: `/v1/webhooks/${id}`, body: JSON.stringify(fields) }
}

/** A quote that sells half a bitcoin for dollars, unless fields say otherwise. */
export function quoting(fields: Record<string, unknown> = {}, account: string = ACCOUNTS.main): Request {
  return {
    method: 'POST',
    path: `/v1/accounts/${account}/quotes`,
    body: JSON.stringify({
      from: { symbol: 'BTC', type: 'crypto', amount: '0.5' },
      to: { symbol: 'USD', type: 'fiat' },
      fee: { bps: 50 },
      ...fields,
    }),
  }
}

export function quoteOf(id: string, account: string = ACCOUNTS.main): Request {
  return { method: 'GET', path: `/v1/accounts/${account}/quotes/${id}` }
}

export function executing(id: string, account: string = ACCOUNTS.main): Request {
  return { method: 'POST', path: `/v1/accounts/${account}/quotes/${id}/execute` }
}

/** An address on Ethereum that belongs to nobody here. */
export const EVM_WALLET = '0x52908400098527886E0F7030069857D2E4169EE7'

/** Saves that wallet, as an on-chain quote wants it. */
export function savingWallet(account: string = ACCOUNTS.main): Request {
  return saving({ asset_symbol: 'ETH', method_id: METHODS.ETH, key: 'own-wallet', address: EVM_WALLET }, account)
}

/** An on-chain quote that buys ten TSLAx, unless fields say otherwise. */
export function quotingOnchain(fields: Record<string, unknown> = {}, account: string = ACCOUNTS.main): Request {
  return {
    method: 'POST',
    path: `/v1/accounts/${account}/onchain-quotes`,
    body: JSON.stringify({
      from: { symbol: 'USDC', type: 'stablecoin', wallet: { address: EVM_WALLET, network: 'ethereum' } },
      to: { symbol: 'TSLAx', type: 'xstock', amount: '10' },
      ...fields,
    }),
  }
}

export function onchainQuoteOf(id: string, account: string = ACCOUNTS.main): Request {
  return { method: 'GET', path: `/v1/accounts/${account}/onchain-quotes/${id}` }
}

export function onchainQuotes(query = '', account: string = ACCOUNTS.main): Request {
  return { method: 'GET', path: `/v1/accounts/${account}/onchain-quotes${query && `?${query}`}` }
}

/** A top-up of a quarter bitcoin, unless fields say otherwise. */
export function toppingUp(fields: Record<string, unknown> = {}, account: string = ACCOUNTS.main): Request {
  const asset = { symbol: 'BTC', type: 'crypto', amount: '0.25' }
  return {
    method: 'POST',
    path: `/v1/accounts/${account}/deposits`,
    body: JSON.stringify({ asset, via: 'bitcoin', ...fields }),
  }
}

/** Half a bitcoin of the balance into dollars in the balance, unless fields say otherwise. */
export function converting(fields: Record<string, unknown> = {}, account: string = ACCOUNTS.main): Request {
  return {
    method: 'POST',
    path: `/v1/accounts/${account}/conversions`,
    body: JSON.stringify({
      from: { asset: { symbol: 'BTC', type: 'crypto', amount: '0.5' }, source: { type: 'balance' } },
      to: { asset: { symbol: 'USD', type: 'fiat' }, destination: { type: 'balance' } },
      ...fields,
    }),
  }
}

export function conversionOf(id: string): Request {
  return { method: 'GET', path: `/v1/conversions/${id}` }
}

export function conversions(query = '', account: string = ACCOUNTS.main): Request {
  return { method: 'GET', path: `/v1/accounts/${account}/conversions${query && `?${query}`}` }
}

/** Whatever bitcoins arrive become dollars in the balance, unless fields say otherwise. */
export function ruling(fields: Record<string, unknown> = {}, account: string = ACCOUNTS.main): Request {
  return {
    method: 'POST',
    path: `/v1/accounts/${account}/conversion-rules`,
    body: JSON.stringify({
      name: 'BTC to USD',
      from: { asset: { symbol: 'BTC', type: 'crypto' }, via: 'bitcoin' },
      to: { asset: { symbol: 'USD', type: 'fiat' }, destination: { type: 'balance' } },
      ...fields,
    }),
  }
}

/** A transfer of one bitcoin to the second account, unless fields say otherwise. */
export function transferring(fields: Record<string, unknown> = {}, account: string = ACCOUNTS.main): Request {
  return {
    method: 'POST',
    path: `/v1/accounts/${account}/transfers`,
    body: JSON.stringify({
      from: { asset: { symbol: 'BTC', type: 'crypto', amount: '1' } },
      to: { account: ACCOUNTS.second },
      ...fields,
    }),
  }
}

export function transferOf(id: string): Request {
  return { method: 'GET', path: `/v1/transfers/${id}` }
}

export function cancelling(id: string): Request {
  return { method: 'POST', path: `/v1/transfers/${id}/cancel` }
}

/** A user with a profile; fields may be added, changed, or left out with undefined. */
export function createsUser(fields: Record<string, unknown>): Request {
  return {
    method: 'POST',
    path: '/v1/users',
    body: JSON.stringify({
      email: 'ann@shop.example',
      external_reference: 'customer-1001',
      full_name: { first_name: 'Ann', last_name: 'Lee' },
      residence: { line1: '1 Main St', city: 'Paris', postal_code: '75001', country: 'FR' },
      phone: '+33123456789',
      nationalities: ['FR'],
      ...fields,
    }),
  }
}

export function userOf(id: string): Request {
  return { method: 'GET', path: `/v1/users/${id}` }
}

/** What X-Signature should say over a body, at a time in seconds. */
export function webhookSignature(secret: string, seconds: number | string, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', Buffer.from(secret, 'base64')).update(`${seconds}.${body}`).digest('hex')}`
}

export const client = clientOf(KEYS.demo)
