// A client of Payward: deposit addresses, where coins need one with a tag, and withdrawals to saved addresses. Its list of deposits names no address:
// that is told by callbacks alone.
import { createHash, createHmac } from 'node:crypto'
import { plain } from './decimal.ts'
import { ask, type Call, list, Refused, text } from './http.ts'
import { header, isSignedAndDated } from './signing.ts'
import type { Credentials, DepositState, Notice, Payout, PayoutChange, PayoutState, Provider } from './types.ts'

const DEPOSIT: Readonly<Record<string, DepositState>> = { success: 'final', failure: 'gone' }
const PAYOUT: Readonly<Record<string, PayoutState>> = { success: 'paid', failure: 'failed' }
/** The methods of the documents, by coin. */
const METHODS: Readonly<Record<string, string>> = {
  BTC: 'b3a7d8b4-9f36-4c2e-9c1e-7b9e6f9a0a11',
  XRP: '5e1c4a08-7a4a-4d74-9a81-2c9b7c28a1d2',
}

/** A version 4 UUID that is always the same for the same words, so that it need not be stored. */
function uuidOf(...words: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(words)).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export function payward({ url, key, secret, account, callbackSecret }: Credentials): Provider {
  let lastNonce = 0n

  function signed(method: 'GET' | 'POST', path: string, body = '', idempotencyKey?: string): Call {
    const now = BigInt(Date.now()) * 1_000_000n
    lastNonce = now > lastNonce ? now : lastNonce + 1n
    const nonce = String(lastNonce)
    const inner = createHash('sha256')
      .update(nonce + body)
      .digest()
    const sign = createHmac('sha512', Buffer.from(secret, 'base64')).update(path).update(inner).digest('base64')
    return {
      method,
      url: url + path,
      headers: {
        'api-key': key,
        'api-nonce': nonce,
        'api-sign': sign,
        ...(body !== '' && { 'content-type': 'application/json' }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== '' && { body }),
    }
  }
  const funds = `/v1/accounts/${account}/funds`
  const post = (path: string, idempotencyKey: string, body: object) => () =>
    signed('POST', path, JSON.stringify(body), idempotencyKey)

  async function transactions(type: 'deposit' | 'withdrawal'): Promise<any[]> {
    const found: any[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page: { rows: any[]; next: string | null } = await ask(
        'listFundingTransactions',
        () => signed('GET', `/v1/funds/transactions?type=${type}&page_size=500${from}`),
        (json) => ({ rows: list(json.data), next: json.next_page_token ?? null }),
      )
      found.push(...page.rows)
      cursor = page.next
    }
    return found
  }

  /** A withdrawal whose answer was lost. Only one of a customer is under way at a time, and no two are of the same amount. */
  async function findWithdrawal({ currency, amount, createdAt }: Payout) {
    const rows = await transactions('withdrawal')
    return rows.find(
      (row) =>
        row.asset.symbol === currency && plain(row.amount) === plain(amount) && Date.parse(row.timestamp) >= createdAt,
    )
  }

  /** Saves the address under the reference of its payout; that it is saved already is as good. */
  async function save({ reference, currency, to }: Payout): Promise<void> {
    const body = { asset_symbol: currency, method_id: METHODS[currency], key: reference, address: to }
    try {
      await ask(
        'saveWithdrawalAddress',
        post(`${funds}/withdrawals/addresses`, uuidOf('save', reference), body),
        () => null,
      )
    } catch (error) {
      if (!(error instanceof Refused && error.status === 409)) throw error
    }
  }

  return {
    name: 'payward',
    async handOut({ id: order, keys, currency }) {
      const body = { method_id: METHODS[currency], asset_symbol: currency, asset_type: 'crypto' }
      const path = `${funds}/deposits/addresses`
      return ask('createDepositAddress', post(path, uuidOf('order', order, keys), body), ({ data }) => {
        const tag = data.tag === null ? null : text(data.tag)
        return { reference: `${text(data.address)} ${tag}`, address: data.address, tag }
      })
    },
    isFor: ({ place }, reference) => place?.reference === reference,
    isGenuine: (headers, body, nowMs) =>
      isSignedAndDated(header(headers, 'x-signature'), Buffer.from(callbackSecret, 'base64'), body, nowMs),
    read(_, { id: event, type, data }) {
      if (type === 'withdrawal.status_updated') {
        const { key: reference, ref_id: id, status } = data
        return { event, payout: { reference, id, state: PAYOUT[status] ?? 'sent' } }
      }
      if (type !== 'deposit.status_updated') return { event }
      const { ref_id: id, status, amount, address, tag, asset } = data
      const state = DEPOSIT[status] ?? 'seen'
      // Coins with tags have one address for everybody: only both together say whose it is.
      const reference = `${address} ${tag}`
      return { event, deposit: { id, state, amount, currency: asset.symbol, address, tag, reference } }
    },
    async deposits(known) {
      const rows = new Map((await transactions('deposit')).map((row) => [row.ref_id, row]))
      return known.flatMap((deposit): Notice[] => {
        const state = DEPOSIT[rows.get(deposit.id)?.status]
        return state ? [{ ...deposit, state }] : []
      })
    },
    async pay(before, keep) {
      const { reference, currency, amount, tried, round } = before
      const made = tried ? await findWithdrawal(before) : undefined
      if (made) return { state: PAYOUT[made.status] ?? 'sent', id: text(made.ref_id) }
      await save(before)
      keep({ tried: true })
      const body = { asset_symbol: currency, key: reference, amount }
      try {
        const path = `${funds}/withdrawals`
        const id = await ask('withdrawFunds', post(path, uuidOf('pay', reference, round), body), ({ data }) =>
          text(data.ref_id),
        )
        return { state: 'sent', id }
      } catch (error) {
        // A refusal is kept under its key: once more under the same one would be the same answer.
        if (error instanceof Refused) keep({ round: round + 1 })
        throw error
      }
    },
    async payouts(sent) {
      const rows = new Map((await transactions('withdrawal')).map((row) => [row.ref_id, row]))
      return new Map(
        sent.map(({ reference, id }): [string, PayoutChange] => [
          reference,
          { state: PAYOUT[rows.get(id)?.status] ?? 'sent' },
        ]),
      )
    },
  }
}
