// What an import has to know of CPG: which fields of its answers it draws itself.
import type { Traffic } from '../../provider.ts'
import type { KeyRow } from './catalogue.ts'

export const traffic: Traffic = {
  drawn: {
    request_id: 'id',
    withdrawal_id: 'id',
    id: 'id',
    next_cursor: 'id',
    block_number: 'id',
    address: 'address',
    from_address: 'address',
    to_address: 'address',
    contract_address: 'address',
    tx_hash: 'hash',
    display_expires_at: 'timestamp',
    created_at: 'timestamp',
    detected_at: 'timestamp',
    requested_at: 'timestamp',
    broadcast_at: 'timestamp',
    confirmed_at: 'timestamp',
    error_message: 'text',
  },
  account: ({ account }: KeyRow) => account,
}
