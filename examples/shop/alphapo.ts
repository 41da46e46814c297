// A client of AlphaPo: every call for an address makes a new one, callbacks say whose it is, and one transaction can be looked up at a time.
import { createHmac } from 'node:crypto'
import { ask, type Call, id, Refused, text } from './http.ts'
import { header, same } from './signing.ts'
import type { Credentials, DepositState, Notice, PayoutChange, PayoutState, Provider, Told } from './types.ts'

const DEPOSIT: Readonly<Record<string, DepositState>> = { not_confirmed: 'seen', confirmed: 'final', cancelled: 'gone' }
const PAYOUT: Readonly<Record<string, PayoutState>> = { confirmed: 'paid', cancelled: 'failed', declined: 'failed' }

export function alphapo({ url, key, secret, callbackSecret }: Credentials): Provider {
  const signed = (method: 'GET' | 'POST', path: string, body = ''): Call => ({
    method,
    url: `${url}/api/v2${path}`,
    headers: {
      ...(body !== '' && { 'content-type': 'application/json' }),
      'x-processing-key': key,
      'x-processing-signature': createHmac('sha512', secret).update(body).digest('hex'),
    },
    ...(body !== '' && { body }),
  })
  const post = (path: string, body: object) => () => signed('POST', path, JSON.stringify(body))
  const info = (query: string) =>
    ask(
      'getTransactionInfo',
      () => signed('GET', `/transactions/info?${query}`),
      (json) => {
        text(json.status)
        return json
      },
    )

  /** A transaction; undefined: AlphaPo knows none by this name. */
  async function lookUp(query: string, field: string): Promise<any> {
    try {
      return await info(query)
    } catch (error) {
      if (error instanceof Refused && error.json?.errors?.[field] !== undefined) return undefined
      throw error
    }
  }

  /** A payment that is there already. */
  async function find(reference: string): Promise<PayoutChange | undefined> {
    const made = await lookUp(`foreign_id=${encodeURIComponent(reference)}`, 'foreign_id')
    return made && { state: PAYOUT[made.status] ?? 'sent', id: id(made.id) }
  }

  return {
    name: 'alphapo',
    async handOut({ id: order, customer, currency }) {
      const body = { currency, foreign_id: order, end_user_reference: customer }
      return ask('takeAddress', post('/addresses/take', body), ({ data }) => ({
        reference: order,
        address: text(data.address),
        tag: data.tag === null ? null : id(data.tag),
      }))
    },
    isFor: (order, reference) => order.id === reference,
    // The signature covers no time: what was signed once is signed for ever.
    isGenuine: (headers, body) =>
      same(header(headers, 'x-processing-signature'), createHmac('sha512', callbackSecret).update(body).digest('hex')),
    read(_, json): Told {
      const event = `${json.id} ${json.status}`
      if (json.type === 'withdrawal')
        return {
          event,
          payout: { reference: json.foreign_id, id: String(json.id), state: PAYOUT[json.status] ?? 'sent' },
        }
      return json.type === 'deposit' ? { event, deposit: depositOf(json) } : { event }
    },
    async deposits(known, orders) {
      const notices: Notice[] = []
      // There is no list: what was told of once can be looked up.
      for (const deposit of known.filter(({ state }) => state === 'seen'))
        notices.push(depositOf(await info(`id=${deposit.id}`)))
      // One that no callback told of is found by what the customer says.
      for (const { id: order, txid } of orders) {
        if (txid === null || known.some(({ reference }) => reference === order)) continue
        const found = await lookUp(`txid=${txid}`, 'txid')
        if (found?.type === 'deposit') notices.push(depositOf(found))
      }
      return notices
    },
    async pay({ reference, customer, currency, amount, to, tried }, keep) {
      const made = tried ? await find(reference) : undefined
      if (made) return made
      keep({ tried: true })
      const body = { currency, amount, address: to, foreign_id: reference, end_user_reference: customer }
      return ask('withdrawCrypto', post('/withdrawal/crypto', body), ({ data }) => ({ state: 'sent', id: id(data.id) }))
    },
    async payouts(sent) {
      const found = new Map<string, PayoutChange>()
      for (const { reference } of sent) found.set(reference, (await find(reference)) ?? {})
      return found
    },
  }
}

function depositOf({ id: transaction, status, crypto_address: at, transactions }: any): Notice {
  // What moved over the chain stands in the first line, also where the deposit was cancelled.
  const [{ amount, currency }] = transactions
  return {
    id: String(transaction),
    state: DEPOSIT[status] ?? 'seen',
    amount,
    currency,
    address: at.address,
    tag: at.tag === null ? null : String(at.tag),
    reference: at.foreign_id,
  }
}
