// A Zopay client written from its pages: the key behind `Bearer`, an Idempotency-Key on everything that creates.
import { createHmac } from 'node:crypto'
import type { Client, Request } from '../kit.ts'

export const KEYS = {
  demo: 'sk_test_sandgate_demo',
  readonly: 'sk_test_sandgate_readonly',
  other: 'sk_test_sandgate_other',
} as const

export function clientOf(key: string): Client {
  return {
    name: 'zopay',
    sign(request) {
      return {
        ...request,
        headers: {
          ...(request.body !== undefined && { 'content-type': 'application/json' }),
          authorization: `Bearer ${key}`,
          ...request.headers,
        },
      }
    },
    good: {
      createAddress: () => post('/addresses', { asset: 'USDT', network: 'solana' }),
      listAddresses: () => get('/addresses'),
      getAddress: () => get('/addresses/addr_AAECAwQFRgeICQoLDA0ODw'),
      createPaymentIntent: () => post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }),
      listPaymentIntents: () => get('/payment-intents'),
      getPaymentIntent: () => get('/payment-intents/00010203-0405-4607-8809-0a0b0c0d0e0f'),
      simulateDeposit: () => simulate('00010203-0405-4607-8809-0a0b0c0d0e0f'),
      listTransactions: () => get('/transactions'),
      getTransaction: () => get('/transactions/00010203-0405-4607-8809-0a0b0c0d0e0f'),
      listEvents: () => get('/events'),
      getEvent: () => get('/events/evt_01J9ZK3T5V7X9B1D3F5H7K9M1P'),
      getBalances: () => get('/balances?external_ref=user-1'),
      getUserBalances: () => get('/balances/user-1'),
      createPayoutQuote: () => quote({}),
      createPayout: () => execute('quote_00000000000000000000000001'),
      getPayout: () => get('/payouts/pay_00000000000000000000000001'),
      listWebhookDeliveries: () => get('/webhook-deliveries'),
      replayEvent: () => replay('evt_01J9ZK3T5V7X9B1D3F5H7K9M1P'),
    },
  }
}

export function get(path: string): Request {
  return { method: 'GET', path: `/connect/v1${path}` }
}

/** A creation; the body is text, or a value to be written as JSON. */
export function post(path: string, body: unknown, idempotencyKey = 'order-9-attempt-1'): Request {
  return {
    method: 'POST',
    path: `/connect/v1${path}`,
    headers: { 'idempotency-key': idempotencyKey },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }
}

/** The sandbox's own button: no body, no Idempotency-Key. */
export function simulate(intent: string): Request {
  return { method: 'POST', path: `/connect/v1/test/payment-intents/${intent}/simulate-deposit` }
}

/** An event once more: no body, but an Idempotency-Key. */
export function replay(event: string, idempotencyKey = 'replay-1'): Request {
  return { method: 'POST', path: `/connect/v1/events/${event}/replay`, headers: { 'idempotency-key': idempotencyKey } }
}

/** An address of nobody in the sandbox. */
export const PAYEE = '0x00000000000000000000000000000000000000aa'
export const SOLANA_PAYEE = '4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi'

/** The price of a payout. */
export function quote(fields: Record<string, unknown>, idempotencyKey = 'quote-1'): Request {
  const usual = { external_ref: 'user-1', destination: PAYEE, asset: 'USDT', amount: '40.00' }
  return post('/payouts/quote', { ...usual, ...fields }, idempotencyKey)
}

/** The payout of a quote. */
export function execute(quoteId: string, idempotencyKey = 'payout-1'): Request {
  return post('/payouts', { quote_id: quoteId }, idempotencyKey)
}

/** What `X-ZoPay-Signature` should be. */
export function webhookSignature(secret: string, seconds: number | string, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}

export const client = clientOf(KEYS.demo)
