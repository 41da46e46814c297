// Withdrawals as steps, the last one first.
import type { Withdrawal } from '../api/shapes.ts'
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
import { withdrawalSteps } from './steps.ts'

const STATUSES = ['held', 'broadcast', 'confirmed', 'failed', 'declined', 'replaced', 'reorged']

const COLUMNS: readonly Column<Withdrawal>[] = [
  {
    head: 'Withdrawal',
    cell: ({ id }) => (
      <Link class="row-link" query={{ withdrawal: id }}>
        {id}
      </Link>
    ),
  },
  { head: 'Steps', cell: (row) => <Steps label={`Steps of ${row.id}`} steps={withdrawalSteps(row)} /> },
  { head: 'Amount', class: 'number', cell: ({ amount }) => amount },
  { head: 'Currency', cell: ({ currency, network }) => `${currency} on ${network}` },
  { head: 'Fee', class: 'number', cell: ({ fee, fee_currency: of }) => `${fee} ${of}` },
  {
    head: 'To',
    class: 'mono',
    cell: ({ address, tag }) => (
      <>
        {address}
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
  { head: 'Reference', class: 'mono spare', cell: ({ reference }) => reference },
  { head: 'Requested', class: 'spare', cell: ({ requested_at: at }) => <Time iso={at} /> },
  { head: 'By', cell: ({ made_by: by }) => by !== undefined && <EntryLink id={by} /> },
]

export function Withdrawals({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const fields: FilterField[] = [
    { name: 'status', label: 'Status', choices: STATUSES },
    { name: 'provider', label: 'Provider', choices: names },
    { name: 'account', label: 'Account' },
    { name: 'address', label: 'Address', size: 18 },
    { name: 'reference', label: 'Reference' },
  ]
  const read = useRows<Withdrawal>(world, '/withdrawals', filtersIn(fields, query), backOf(query))
  return (
    <List
      label="Withdrawals"
      what="withdrawals"
      query={query}
      fields={fields}
      read={read}
      columns={COLUMNS}
      keyOf={({ id }) => id}
      marked={query.withdrawal}
      empty={<NoWithdrawals world={world} name={names[0]} />}
    />
  )
}

function NoWithdrawals({ world, name }: { readonly world: string; readonly name: string | undefined }) {
  return (
    <Empty title="Nobody has sent money out of this world yet.">
      <p>
        Your client withdraws, as the contract in the <Link view="reference">reference</Link> says; it needs a balance
        to withdraw from.{' '}
        <Link view="money" query={{ show: 'balances' }}>
          Give an account some money
        </Link>
        , or paste this:
      </p>
      <ControlLine
        world={world}
        method="POST"
        path="/balances"
        body={{ provider: name, currency: 'BTC', amount: '0.5' }}
        label="Money to withdraw"
      />
    </Empty>
  )
}
