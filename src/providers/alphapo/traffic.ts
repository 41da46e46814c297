// What an import has to know of AlphaPo: which fields of its answers it draws itself.
import type { Traffic } from '../../provider.ts'
import type { KeyRow } from './catalogue.ts'

export const traffic: Traffic = {
  drawn: {
    id: 'id',
    address: 'address',
    tag: 'tag',
    txid: 'hash',
    url: 'url',
    payment_link: 'url',
    life_time: 'timestamp',
    riskscore: 'text',
    fixed_at: 'timestamp',
    release_at: 'timestamp',
    expires_at: 'timestamp',
    ts_fixed: 'timestamp',
    ts_release: 'timestamp',
    // What rates are, and what a merchant has, only the provider knows. A price is named again by exchange/fixed.
    price: 'code',
    rate_to: 'text',
    min_amount: 'text',
    min_amount_deposit_with_exchange: 'text',
    sender_amount: 'text',
    receiver_amount: 'text',
    fee_amount: 'text',
    balance: 'text',
  },
  account: ({ merchant }: KeyRow) => merchant,
}
