// Addresses that were handed out: to whom, and what becomes of each as time passes.
import type { HandOut } from '../api/shapes.ts'
import type { FilterField } from '../lists/filters.tsx'
import { filtersIn } from '../lists/filters.tsx'
import { List } from '../lists/list.tsx'
import { useProviders } from '../lists/providers.ts'
import { backOf, useRows } from '../lists/rows.ts'
import { EntryLink, Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import type { ViewOf } from '../views/view.ts'
import { NoAddresses } from './no-addresses.tsx'
import { Legend, Strip } from './strip.tsx'

export function Addresses({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const fields: FilterField[] = [
    { name: 'provider', label: 'Provider', choices: names },
    { name: 'account', label: 'Account' },
    { name: 'user', label: 'User' },
  ]
  const read = useRows<HandOut>(world, '/addresses', filtersIn(fields, query), backOf(query))
  const isOpen = ({ address, tag }: HandOut) =>
    address === query.address && (query.tag === undefined || tag === query.tag)
  const columns: Column<HandOut>[] = [
    {
      head: 'Address',
      class: 'mono',
      cell: (row) => (
        <>
          <Link
            class="row-link"
            query={{ address: row.address, tag: row.tag ?? undefined, send: undefined }}
            current={isOpen(row)}
          >
            {row.address}
          </Link>
          {row.tag !== null && <span class="muted"> tag {row.tag}</span>}
        </>
      ),
    },
    { head: 'Windows', cell: (row) => <Strip row={row} /> },
    { head: 'Currency', cell: ({ currency, network }) => `${currency} on ${network}` },
    {
      head: 'For',
      cell: ({ provider, account, user }) => (
        <>
          {provider} <span class="muted">{account}</span> {user}
        </>
      ),
    },
    { head: 'Handed out', class: 'spare', cell: ({ at }) => <Time iso={at} /> },
    { head: 'By', cell: ({ made_by: by }) => by !== undefined && <EntryLink id={by} /> },
  ]
  return (
    <List
      label="Addresses"
      what="addresses"
      query={query}
      fields={fields}
      read={read}
      columns={columns}
      tools={<Legend />}
      keyOf={({ id }) => id}
      classOf={(row) => (isOpen(row) ? 'marked' : undefined)}
      empty={<NoAddresses world={world} names={names} title="No address was handed out in this world yet." />}
    />
  )
}
