// Withdrawals as steps, the last one first.
import type { Withdrawal } from '../api/shapes.ts'
import { type FilterField, filtersIn } from '../lists/filters.tsx'
import { List } from '../lists/list.tsx'
import { ControlLine, ProviderLine } from '../lists/pasteable.tsx'
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
  { head: 'Reference', class: 'mono', cell: ({ reference }) => reference },
  { head: 'Requested', cell: ({ requested_at: at }) => <Time iso={at} /> },
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
      empty={<NoWithdrawals world={world} />}
    />
  )
}

function NoWithdrawals({ world }: { readonly world: string }) {
  const money = { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '300' }
  return (
    <Empty title="Nobody has sent money out of this world yet.">
      <p>
        Your client withdraws; it needs a balance to withdraw from.{' '}
        <Link view="money" query={{ show: 'balances' }}>
          Give an account some money
        </Link>
        , or paste this, and then a withdrawal of CPG:
      </p>
      <ControlLine world={world} method="POST" path="/balances" body={money} label="Money to withdraw" />
      <Withdrawing world={world} />
    </Empty>
  )
}

function Withdrawing({ world }: { readonly world: string }) {
  const body = {
    currency: 'USDT',
    network: 'ETH',
    to_address: '0x00000000000000000000000000000000000000aa',
    amount: '12.5',
    client_reference: 'pay-1',
  }
  return (
    <ProviderLine
      world={world}
      provider="cpg"
      method="POST"
      path="/v1/withdrawals"
      body={body}
      label="A first withdrawal"
    />
  )
}
