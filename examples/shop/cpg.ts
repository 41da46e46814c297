// A client of CPG: deposit addresses out of its pool, which serve another request after a week, and withdrawals under a reference of ours.
import { createHash, createHmac } from 'node:crypto'
import { ask, type Call, id, list, text } from './http.ts'
import { header, isFresh, same } from './signing.ts'
import type { Credentials, DepositState, Notice, Order, PayoutState, Provider } from './types.ts'

/** That a deposit is swept is CPG's affair. */
const DEPOSIT: Readonly<Record<string, DepositState>> = { 'deposit.detected': 'seen', 'deposit.confirmed': 'final' }
const WITHDRAWAL: Readonly<Record<string, PayoutState>> = {
  'withdrawal.broadcasted': 'sent',
  'withdrawal.confirmed': 'paid',
  'withdrawal.failed': 'failed',
}
const PAYOUT: Readonly<Record<string, PayoutState>> = { confirmed: 'paid', failed: 'failed' }

export function cpg({ url, key, secret, callbackSecret }: Credentials): Provider {
  /** When each call was signed last: the same call in the same second has the same signature, which is refused. */
  const signedAt = new Map<string, number>()

  function signed(method: 'GET' | 'POST', path: string, body?: string): Call {
    const [name, query = ''] = path.split('?', 2)
    const what = `${method}\n${name}\n${query}\n${createHash('sha256')
      .update(body ?? '')
      .digest('hex')}`
    const seconds = Math.max(Math.floor(Date.now() / 1000), (signedAt.get(what) ?? 0) + 1)
    signedAt.set(what, seconds)
    return {
      method,
      url: url + path,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'x-cpg-key': key,
        'x-cpg-timestamp': String(seconds),
        'x-cpg-signature': createHmac('sha256', secret).update(`${seconds}\n${what}`).digest('hex'),
      },
      ...(body !== undefined && { body }),
    }
  }
  const get = (path: string) => () => signed('GET', path)
  const post = (path: string, body: object) => () => signed('POST', path, JSON.stringify(body))

  /** All deposits of the account, newest first. */
  async function transactions(): Promise<any[]> {
    const found: any[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const from = cursor === '' ? '' : `&cursor=${cursor}`
      const page: { rows: any[]; next: string | null } = await ask(
        'listTransactions',
        get(`/v1/transactions?direction=deposit&limit=200${from}`),
        (json) => ({ rows: list(json.data), next: json.has_more === true ? id(json.next_cursor) : null }),
      )
      found.push(...page.rows)
      cursor = page.next
    }
    return found
  }

  /** Which request of ours a transaction belongs to: an address has served several, each knows its own transactions. */
  async function requestOf(hash: string, address: string, orders: readonly Order[]): Promise<string | null> {
    for (const { place } of orders) {
      if (place?.address !== address) continue
      const hashes = await ask('getDepositRequest', get(`/v1/deposit-requests/${place.reference}`), (json) =>
        list(json.data.transactions).map((row) => row.tx_hash),
      )
      if (hashes.includes(hash)) return place.reference
    }
    return null
  }

  return {
    name: 'cpg',
    async handOut({ id: order, keys, currency, network }) {
      const body = { currency, network, idempotency_key: `order-${order}-${keys}` }
      return ask('createDepositAddress', post('/v1/deposit-addresses', body), ({ data }) => ({
        reference: id(data.request_id),
        address: text(data.address),
        tag: null,
      }))
    },
    isFor: ({ place }, reference) => place?.reference === reference,
    isGenuine(headers, body, nowMs) {
      const seconds = header(headers, 'x-cpg-timestamp')
      const expected = createHmac('sha256', callbackSecret).update(`${seconds}\n${body}`).digest('hex')
      return same(header(headers, 'x-cpg-signature'), expected) && isFresh(seconds, nowMs)
    },
    read(_, { id: delivery, event: type, data }) {
      const event = String(delivery)
      const [deposit, payout] = [DEPOSIT[type], WITHDRAWAL[type]]
      if (payout)
        return { event, payout: { reference: data.client_reference, id: String(data.withdrawal_id), state: payout } }
      if (!deposit) return { event }
      const { tx_hash, address, amount, currency, deposit_request_id } = data
      const reference = String(deposit_request_id)
      return {
        event,
        deposit: { id: `${tx_hash} ${address}`, state: deposit, amount, currency, address, tag: null, reference },
      }
    },
    async deposits(known, orders) {
      const notices: Notice[] = []
      for (const { tx_hash, to_address: address, status, amount_decimal: amount, currency } of await transactions()) {
        const name = `${tx_hash} ${address}`
        const before = known.find((deposit) => deposit.id === name)
        const reference = before?.reference ?? (await requestOf(tx_hash, address, orders))
        const state = status === 'confirmed' ? 'final' : 'seen'
        notices.push({ id: name, state, amount, currency, address, tag: null, reference })
      }
      // CPG tells of a reorganisation only by leaving the transaction out.
      const listed = new Set(notices.map((notice) => notice.id))
      const gone = known.filter((deposit) => !listed.has(deposit.id))
      return [...notices, ...gone.map((deposit): Notice => ({ ...deposit, state: 'gone' }))]
    },
    async pay({ reference, currency, network, amount, to }, keep) {
      keep({ tried: true })
      const body = { currency, network, to_address: to, amount, client_reference: reference }
      const made = await ask('createWithdrawal', post('/v1/withdrawals', body), ({ data }) => id(data.withdrawal_id))
      return { state: 'sent', id: made }
    },
    async payouts(sent) {
      const found = new Map<string, { state: PayoutState }>()
      for (const { reference, id: withdrawal } of sent) {
        const status = await ask('getWithdrawal', get(`/v1/withdrawals/${withdrawal}`), ({ data }) => text(data.status))
        found.set(reference, { state: PAYOUT[status] ?? 'sent' })
      }
      return found
    },
  }
}
