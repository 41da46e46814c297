// A client of Zopay Connect v1: payment intents for a customer, payouts by quote, and the list of transactions that says what has become of both.
import { isAmount } from './decimal.ts'
import { ask, type Call, list, text } from './http.ts'
import { header, isSignedAndDated } from './signing.ts'
import type { Credentials, DepositState, Notice, Payout, PayoutState, Provider } from './types.ts'

const DEPOSIT: Readonly<Record<string, DepositState>> = { pending: 'seen', confirmed: 'final', failed: 'gone' }
const IN_LIST: Readonly<Record<string, PayoutState>> = { pending: 'sent', confirmed: 'paid', failed: 'failed' }
const PAYOUT: Readonly<Record<string, PayoutState>> = { delivered: 'paid', failed: 'failed' }

export function zopay({ url, key, callbackSecret }: Credentials): Provider {
  const base = `${url}/connect/v1`
  const auth = { authorization: `Bearer ${key}` }
  const get = (path: string) => (): Call => ({ method: 'GET', url: base + path, headers: auth })
  const post = (path: string, idempotencyKey: string, body: object) => (): Call => ({
    method: 'POST',
    url: base + path,
    headers: { ...auth, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(body),
  })

  /** All transactions of a type, newest first. */
  async function transactions(query: string): Promise<any[]> {
    const found: any[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const from = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page: { rows: any[]; next: string | null } = await ask(
        'listTransactions',
        get(`/transactions?${query}&limit=200${from}`),
        (json) => ({ rows: list(json.data), next: json.has_more === true ? text(json.cursor) : null }),
      )
      found.push(...page.rows)
      cursor = page.next
    }
    return found
  }

  /** A payout whose answer was lost. Only one payout of a customer is under way at a time, so there is no doubt which it is. */
  async function findPayout({ customer, to, createdAt }: Payout) {
    const rows = await transactions(`type=payout&external_ref=${encodeURIComponent(customer)}`)
    return rows.find((row) => row.address === to && Date.parse(row.created_at) > createdAt - 1000)
  }

  return {
    name: 'zopay',
    async handOut({ id: order, keys, customer, amount, currency, network }) {
      const body = { amount, currencies: [currency], external_ref: customer, description: `Order ${order}` }
      return ask('createPaymentIntent', post('/payment-intents', `order-${order}-${keys}`, body), (json) => {
        const place = list(json.addresses).find((row) => row.network === network)
        return { reference: text(json.id), address: text(place.address), tag: null }
      })
    },
    isFor: (order, reference) => order.customer === reference,
    isGenuine: (headers, body, nowMs) =>
      isSignedAndDated(header(headers, 'x-zopay-signature'), callbackSecret, body, nowMs),
    read(_, { id: event, type, data }) {
      const about = type === 'payment_intent.completed' ? { ...data, ...data.deposit } : data
      if (type !== 'payment_intent.completed' && type !== 'address.deposit.received') return { event }
      const { transaction_id: id, amount, asset: currency, address, external_ref: reference } = about
      return { event, deposit: { id, state: 'final', amount, currency, address, tag: null, reference } }
    },
    async deposits() {
      return (await transactions('type=deposit')).map(
        ({ id, status, amount, asset: currency, address, external_ref: reference }): Notice => ({
          id,
          state: DEPOSIT[status] ?? 'seen',
          amount,
          currency,
          address,
          tag: null,
          reference,
        }),
      )
    },
    async pay(before, keep) {
      const { reference, customer, currency, amount, to, network } = before
      const made = before.tried ? await findPayout(before) : undefined
      if (made) return { state: IN_LIST[made.status] ?? 'sent', id: `transaction ${text(made.id)}` }
      // Nothing was made of what was tried before, and a quote is dead after a minute: this is another request.
      const { round } = keep({ round: before.round + 1, tried: false })
      const wish = { external_ref: customer, destination: to, asset: currency, amount, network_hint: network }
      const quote = await ask(
        'createPayoutQuote',
        post('/payouts/quote', `quote-${reference}-${round}`, wish),
        (json) => {
          if (!isAmount(json.recipient_gets)) throw new Error('no recipient_gets')
          return { id: text(json.quote_id), arrives: json.recipient_gets, short: json.insufficient_funds != null }
        },
      )
      if (quote.short) return {}
      keep({ tried: true, arrives: quote.arrives })
      const id = await ask(
        'createPayout',
        post('/payouts', `payout-${reference}-${round}`, { quote_id: quote.id }),
        (json) => text(json.id),
      )
      return { state: 'sent', id }
    },
    async payouts(sent) {
      const found = new Map<string, { state: PayoutState }>()
      for (const { reference, id } of sent) {
        const listed = /^transaction (.+)$/.exec(id ?? '')?.[1]
        const state = listed
          ? await ask('getTransaction', get(`/transactions/${listed}`), (json) => IN_LIST[text(json.status)])
          : await ask('getPayout', get(`/payouts/${id}`), (json) => PAYOUT[text(json.status)])
        found.set(reference, { state: state ?? 'sent' })
      }
      return found
    },
  }
}
