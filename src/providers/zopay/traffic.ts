// What an import has to know of Zopay: which fields of its answers it draws itself, and which calls were made with a live key.
import type { Traffic } from '../../provider.ts'
import type { Caller } from './catalogue.ts'

export const traffic: Traffic = {
  drawn: {
    id: 'id',
    address_id: 'id',
    payment_intent_id: 'id',
    transaction_id: 'id',
    event_id: 'id',
    quote_id: 'id',
    payout_id: 'id',
    related_to: 'id',
    request_id: 'id',
    cursor: 'id',
    ref_code: 'code',
    payment_url: 'url',
    tracking_url: 'url',
    address: 'address',
    tx_hash: 'hash',
    at: 'timestamp',
    created_at: 'timestamp',
    completed_at: 'timestamp',
    confirmed_at: 'timestamp',
    delivered_at: 'timestamp',
    next_attempt_at: 'timestamp',
    expires_at: 'timestamp',
    valued_at: 'timestamp',
    estimated_delivery_at: 'timestamp',
  },
  account: ({ org }: Caller) => org,
  madeBy: ({ headers, answered }, { livemode }: Caller) => {
    const mode = /\bsk_(live|test)_/.exec(String(headers.authorization))?.[1]
    const live = mode === undefined ? (answered?.livemode ?? answered?.data?.[0]?.livemode) : mode === 'live'
    return typeof live === 'boolean' ? live === livemode : undefined
  },
}
