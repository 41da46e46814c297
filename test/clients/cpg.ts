// A CPG client written from its authentication page: five lines under an HMAC-SHA256, timestamp in seconds, the exact bytes of the body.
import { createHash, createHmac } from 'node:crypto'
import type { Client, Request } from '../kit.ts'

export const KEYS = {
  demo: { key: 'cpg_demo_key', secret: 'cpg_demo_secret' },
  second: { key: 'cpg_demo_key_2', secret: 'cpg_demo_secret_2' },
  readonly: { key: 'cpg_readonly_key', secret: 'cpg_readonly_secret' },
  limited: { key: 'cpg_limited_key', secret: 'cpg_limited_secret' },
  other: { key: 'cpg_other_key', secret: 'cpg_other_secret' },
} as const

export type Credentials = (typeof KEYS)[keyof typeof KEYS]

export function canonical(request: Request, timestamp: string): string {
  const [path, query = ''] = request.path.split('?', 2)
  const bodyHash = createHash('sha256')
    .update(request.body ?? '')
    .digest('hex')
  return `${timestamp}\n${request.method.toUpperCase()}\n${path}\n${query}\n${bodyHash}`
}

export function sign(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

export function clientOf({ key, secret }: { key: string; secret: string }): Client {
  return {
    name: 'cpg',
    sign(request, wallMs) {
      const timestamp = String(Math.floor(wallMs / 1000))
      return {
        ...request,
        headers: {
          ...(request.body !== undefined && { 'content-type': 'application/json' }),
          'x-cpg-key': key,
          'x-cpg-timestamp': timestamp,
          'x-cpg-signature': sign(secret, canonical(request, timestamp)),
          ...request.headers,
        },
      }
    },
    good: {
      ping: () => ({ method: 'GET', path: '/v1/_ping' }),
      createDepositAddress: () => allocation({}),
      getDepositRequest: () => ({ method: 'GET', path: '/v1/deposit-requests/1' }),
      listCurrencies: () => ({ method: 'GET', path: '/v1/currencies' }),
      createWithdrawal: () => payout({}),
      getWithdrawal: () => ({ method: 'GET', path: '/v1/withdrawals/1' }),
      getHotWalletAddress: () => ({ method: 'GET', path: '/v1/hot-wallet-address?network=ETH' }),
      listBalances: () => ({ method: 'GET', path: '/v1/balances' }),
      listTransactions: () => ({ method: 'GET', path: '/v1/transactions' }),
    },
  }
}

/** A request for a deposit address; fields may be added, changed, or left out with undefined. */
export function allocation(fields: Record<string, unknown> = {}): Request {
  return {
    method: 'POST',
    path: '/v1/deposit-addresses',
    body: JSON.stringify({ currency: 'USDT', network: 'ETH', ...fields }),
  }
}

/** Nobody's address in any world. */
export const PAYEE = `0x${'0'.repeat(38)}aa`

/** A withdrawal; fields may be added, changed, or left out with undefined. */
export function payout(fields: Record<string, unknown> = {}): Request {
  return {
    method: 'POST',
    path: '/v1/withdrawals',
    body: JSON.stringify({ currency: 'USDT', network: 'ETH', to_address: PAYEE, amount: '10', ...fields }),
  }
}

export const client = clientOf(KEYS.demo)
