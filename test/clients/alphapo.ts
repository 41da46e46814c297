// An AlphaPo client written from its authentication page: the lower-case hex of an HMAC-SHA512 over the exact bytes of the body, keyed with the secret.
import { createHmac } from 'node:crypto'
import type { Client, Request } from '../kit.ts'

export const KEYS = {
  demo: { key: 'alphapo_demo_key', secret: 'alphapo_demo_secret' },
  other: { key: 'alphapo_other_key', secret: 'alphapo_other_secret' },
} as const

export interface Credentials {
  readonly key: string
  readonly secret: string
}

export function sign(secret: string, body: string): string {
  return createHmac('sha512', secret).update(body).digest('hex')
}

export function clientOf({ key, secret }: Credentials): Client {
  return {
    name: 'alphapo',
    sign(request) {
      return {
        ...request,
        headers: {
          ...(request.body !== undefined && { 'content-type': 'application/json' }),
          'x-processing-key': key,
          'x-processing-signature': sign(secret, request.body ?? ''),
          ...request.headers,
        },
      }
    },
    good: {
      ping: () => ({ method: 'GET', path: '/api/v2/ping' }),
      takeAddress: () => taking({}),
      listCurrencies: () => post('/currencies/list', {}),
      listCurrencyPairs: () => post('/currencies/pairs', {}),
      listCurrencyRates: () => post('/currencies/rates', {}),
      listAccounts: () => post('/accounts/list', {}),
      withdrawCrypto: () => withdrawing({}),
      calculateExchange: () => calculating({}),
      exchangeFixed: () => exchanging('fixed', { price: '60000' }),
      exchangeNow: () => exchanging('now', {}),
      getTransactionInfo: () => lookingUp({ id: 5100001 }),
    },
  }
}

export function post(path: string, body: unknown): Request {
  return { method: 'POST', path: `/api/v2${path}`, body: JSON.stringify(body) }
}

/** A request for a deposit address; fields may be added, changed, or left out with undefined. */
export function taking(fields: Record<string, unknown>): Request {
  return post('/addresses/take', {
    currency: 'BTC',
    foreign_id: 'user_8721',
    end_user_reference: 'user_8721',
    ...fields,
  })
}

/** An address that everybody knows, of whoever it may be. */
export const PAYEE = 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq'

/** A request to send money; fields may be added, changed, or left out with undefined. */
export function withdrawing(fields: Record<string, unknown>): Request {
  return post('/withdrawal/crypto', {
    currency: 'BTC',
    amount: '0.4',
    address: PAYEE,
    foreign_id: 'wd-1',
    end_user_reference: 'user_8721',
    ...fields,
  })
}

const EXCHANGE = { sender_currency: 'BTC', receiver_currency: 'EUR', sender_amount: '0.02' }

/** A request for a price. */
export function calculating(fields: Record<string, unknown>): Request {
  return post('/exchange/calculate', { ...EXCHANGE, ...fields })
}

/** A request to exchange, at a price or at whatever it is. */
export function exchanging(how: 'fixed' | 'now', fields: Record<string, unknown>): Request {
  return post(`/exchange/${how}`, { ...EXCHANGE, foreign_id: 'ex-1', ...fields })
}

/** One transaction of the merchant, asked for in the query. */
export function lookingUp(by: Record<string, string | number>): Request {
  const query = Object.entries(by)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
  return { method: 'GET', path: `/api/v2/transactions/info?${query}` }
}

export const client = clientOf(KEYS.demo)

/** An invoice over 60 euros with a timer, whose payer chooses the currency; fields may be added, changed, or left out with undefined. */
export function invoicing(fields: Record<string, unknown>): Request {
  return post('/invoices/create', {
    timer: true,
    title: 'Order 8721',
    currency: 'EUR',
    amount: 60,
    foreign_id: 'order_8721',
    end_user_reference: 'user_8721',
    url_success: 'https://shop.example/paid',
    url_failed: 'https://shop.example/failed',
    email_user: 'payer@shop.example',
    ...fields,
  })
}

/** A payment request over 60 euros that lives for two hours. */
export function requesting(fields: Record<string, unknown>, path = '/api/payments/v1/requests'): Request {
  return {
    method: 'POST',
    path,
    body: JSON.stringify({ amount: '60.00', currency: { iso: 'EUR' }, life_time_duration: 7200, ...fields }),
  }
}
