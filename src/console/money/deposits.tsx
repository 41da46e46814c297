// Deposits as steps, the last one first.
import type { Deposit, HandOut, Page } from '../api/shapes.ts'
import { useRead } from '../api/use.ts'
import { type FilterField, filtersIn } from '../lists/filters.tsx'
import { List } from '../lists/list.tsx'
import { ControlLine } from '../lists/pasteable.tsx'
import { useProviders } from '../lists/providers.ts'
import { backOf, useRows } from '../lists/rows.ts'
import { Steps } from '../lists/steps.tsx'
import { Empty } from '../ui/empty.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import type { ViewOf } from '../views/view.ts'
import { NoAddresses } from './no-addresses.tsx'
import { depositSteps } from './steps.ts'

/** What the control API has no filter for is taken out of a page. */
const STATUSES = ['scheduled', 'seen', 'confirmed', 'dropped', 'reorged', 'replaced']

const COLUMNS: readonly Column<Deposit>[] = [
  {
    head: 'Deposit',
    cell: ({ id }) => (
      <Link class="row-link" query={{ deposit: id }}>
        {id}
      </Link>
    ),
  },
  { head: 'Steps', cell: (row) => <Steps label={`Steps of ${row.id}`} steps={depositSteps(row)} /> },
  { head: 'Amount', class: 'number', cell: ({ amount }) => amount },
  { head: 'Currency', cell: ({ currency, network }) => `${currency} on ${network}` },
  {
    head: 'To',
    class: 'mono',
    cell: ({ address, tag }) => (
      <>
        <Link view="money" query={{ show: 'addresses', address, tag: tag ?? undefined }}>
          {address}
        </Link>
        {tag !== null && <span class="muted"> tag {tag}</span>}
      </>
    ),
  },
  {
    head: 'For',
    cell: ({ provider, account }) => (
      <>
        {provider} <span class="muted">{account}</span>
      </>
    ),
  },
  { head: 'Sent', class: 'spare', cell: ({ sent_at: at }) => <Time iso={at} /> },
  { head: 'By', cell: ({ made_by: by }) => by !== undefined && <EntryLink id={by} /> },
]

export function Deposits({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const asked: FilterField[] = [
    { name: 'provider', label: 'Provider', choices: names },
    { name: 'account', label: 'Account' },
    { name: 'user', label: 'User' },
    { name: 'address', label: 'Address', size: 18 },
  ]
  const fields: FilterField[] = [{ name: 'status', label: 'Status', choices: STATUSES }, ...asked]
  const read = useRows<Deposit>(world, '/deposits', filtersIn(asked, query), backOf(query))
  return (
    <List
      label="Deposits"
      what="deposits"
      query={query}
      fields={fields}
      read={read}
      only={({ status }) => query.status === undefined || status === query.status}
      columns={COLUMNS}
      keyOf={({ id }) => id}
      marked={query.deposit}
      empty={<NoDeposits world={world} names={names} />}
    />
  )
}

function NoDeposits({ world, names }: { readonly world: string; readonly names: readonly string[] }) {
  const { value } = useRead<Page<HandOut>>(world, '/addresses?limit=1')
  const [row] = value?.data ?? []
  if (value === undefined) return null
  if (row === undefined)
    return (
      <NoAddresses
        world={world}
        names={names}
        title="No money was sent in this world yet, and there is no address to send it to."
      />
    )
  const body = { address: row.address, ...(row.tag !== null && { tag: row.tag }), amount: '12.5' }
  return (
    <Empty title="No money was sent in this world yet.">
      <p>
        <Link view="money" query={{ show: 'addresses', address: row.address, tag: row.tag ?? undefined, send: 'yes' }}>
          Send some to {row.address}
        </Link>
        , or paste this:
      </p>
      <ControlLine world={world} method="POST" path="/deposits" body={body} label="A first deposit" />
    </Empty>
  )
}
