// A first call of each provider that hands out an address, for places where there is none yet.

export interface Sample {
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly header?: string
}

export const ADDRESS_CALLS: Readonly<Record<string, Sample>> = {
  alphapo: {
    method: 'POST',
    path: '/api/v2/addresses/take',
    body: { currency: 'BTC', foreign_id: 'user_1', end_user_reference: 'user_1' },
  },
  cpg: {
    method: 'POST',
    path: '/v1/deposit-addresses',
    body: { currency: 'USDT', network: 'ETH', user_identifier: 'user_1' },
  },
  payward: {
    method: 'POST',
    path: '/v1/accounts/WDEMO5GATE2MAIN77/funds/deposits/addresses',
    body: { asset_symbol: 'BTC', method_id: 'b3a7d8b4-9f36-4c2e-9c1e-7b9e6f9a0a11' },
  },
  zopay: {
    method: 'POST',
    path: '/connect/v1/addresses',
    body: { asset: 'USDT', network: 'solana', external_ref: 'user_1' },
    header: 'Idempotency-Key: address-user_1',
  },
}
