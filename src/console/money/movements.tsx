// Every movement of money, the last one first, each with the entry that caused it.
import type { Movement } from '../api/shapes.ts'
import { type FilterField, filtersIn } from '../lists/filters.tsx'
import { List } from '../lists/list.tsx'
import { useProviders } from '../lists/providers.ts'
import { backOf, useRows } from '../lists/rows.ts'
import { Empty } from '../ui/empty.tsx'
import { Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import type { ViewOf } from '../views/view.ts'

const COLUMNS: readonly Column<Movement>[] = [
  {
    head: 'Entry',
    class: 'number',
    cell: ({ cause: { entry } }) =>
      entry !== undefined && (
        <Link class="row-link" view="timeline" query={{ entry }}>
          {entry}
        </Link>
      ),
  },
  { head: 'Time', cell: ({ at }) => <Time iso={at} /> },
  { head: 'Kind', cell: ({ kind }) => kind },
  { head: 'Amount', class: 'number', cell: ({ amount }) => (amount.startsWith('-') ? amount : `+${amount}`) },
  { head: 'Balance after', class: 'number', cell: ({ balance_after: after }) => after },
  { head: 'Currency', cell: ({ currency, network }) => (network === null ? currency : `${currency} on ${network}`) },
  {
    head: 'Of',
    cell: ({ provider, account, holder }) => (
      <>
        {provider} <span class="muted">{account}</span> {holder}
      </>
    ),
  },
  { head: 'Against', class: 'spare', cell: ({ against }) => against },
  { head: 'Cause', cell: ({ cause }) => <Cause cause={cause} /> },
]

function Cause({ cause: { deposit, withdrawal, reason } }: Pick<Movement, 'cause'>) {
  return (
    <>
      {deposit !== undefined && (
        <Link view="money" query={{ show: 'deposits', deposit }}>
          {deposit}
        </Link>
      )}{' '}
      {withdrawal !== undefined && (
        <Link view="money" query={{ show: 'withdrawals', withdrawal }}>
          {withdrawal}
        </Link>
      )}{' '}
      {reason}
    </>
  )
}

export function Movements({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const fields: FilterField[] = [
    { name: 'provider', label: 'Provider', choices: names },
    { name: 'account', label: 'Account' },
    { name: 'holder', label: 'Holder' },
    { name: 'currency', label: 'Currency', size: 6 },
    { name: 'network', label: 'Network', size: 8 },
    { name: 'kind', label: 'Kind', size: 10 },
  ]
  const read = useRows<Movement>(world, '/movements', filtersIn(fields, query), backOf(query))
  return (
    <List
      label="Movements"
      what="movements"
      query={query}
      fields={fields}
      read={read}
      columns={COLUMNS}
      keyOf={({ id }) => id}
      empty={
        <Empty title="No money has moved in this world yet.">
          <p>
            A deposit that is credited, a withdrawal and its fee, an exchange: each is a line here.{' '}
            <Link view="money" query={{ show: 'balances' }}>
              Give an account some money
            </Link>
            , or{' '}
            <Link view="money" query={{ show: 'addresses' }}>
              send a deposit
            </Link>{' '}
            and advance the clock until it is confirmed.
          </p>
        </Empty>
      }
    />
  )
}
