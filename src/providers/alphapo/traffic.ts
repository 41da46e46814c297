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
    riskscore: 'text',
    fixed_at: 'timestamp',
    release_at: 'timestamp',
    expires_at: 'timestamp',
    ts_fixed: 'timestamp',
    ts_release: 'timestamp',
  },
  account: ({ merchant }: KeyRow) => merchant,
}
