// Deliveries, the last one first: a dot an attempt, and when the next one is due.
import { api } from '../api/client.ts'
import type { Delivery, Endpoint } from '../api/shapes.ts'
import { useAction, useRead } from '../api/use.ts'
import { type FilterField, filtersIn } from '../lists/filters.tsx'
import { List } from '../lists/list.tsx'
import { ControlLine } from '../lists/pasteable.tsx'
import { useProviders } from '../lists/providers.ts'
import { backOf, useRows } from '../lists/rows.ts'
import { Chip, type Tone } from '../ui/chip.tsx'
import { Empty, ProblemNote } from '../ui/empty.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import type { ViewOf } from '../views/view.ts'
import { Dots } from './dots.tsx'
import { Due } from './due.tsx'

const TONES: Readonly<Record<Delivery['status'], Tone>> = {
  pending: 'info',
  delivered: 'good',
  exhausted: 'bad',
  dropped: 'warn',
  paused: 'warn',
}

/** The status of a delivery; of one that was dropped, why. */
export function DeliveryStatus({ row: { status, reason } }: { readonly row: Pick<Delivery, 'status' | 'reason'> }) {
  return (
    <Chip tone={TONES[status]} title={reason}>
      {status}
    </Chip>
  )
}

const COLUMNS: readonly Column<Delivery>[] = [
  {
    head: 'Delivery',
    cell: ({ id }) => (
      <Link class="row-link" query={{ delivery: id }}>
        {id}
      </Link>
    ),
  },
  { head: 'Event', cell: ({ event }) => event },
  { head: 'Status', cell: (row) => <DeliveryStatus row={row} /> },
  { head: 'Attempts', cell: (row) => <Dots row={row} /> },
  { head: 'Next', cell: ({ next_at: at }) => at != null && <Due at={at} /> },
  { head: 'About', class: 'mono', cell: ({ object }) => object },
  {
    head: 'For',
    cell: ({ provider, account }) => (
      <>
        {provider} <span class="muted">{account}</span>
      </>
    ),
  },
  { head: 'Made', class: 'spare', cell: ({ created_at: at }) => <Time iso={at} /> },
  { head: 'By', cell: ({ made_by: by }) => by !== undefined && <EntryLink id={by} /> },
  { head: 'To', class: 'mono spare', cell: ({ url }) => url ?? <span class="muted">its endpoint was removed</span> },
]

export function DeliveryList({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const asked: FilterField[] = [
    { name: 'status', label: 'Status', choices: Object.keys(TONES) },
    { name: 'provider', label: 'Provider', choices: names },
    { name: 'event', label: 'Event', size: 16 },
  ]
  const fields: FilterField[] = [...asked, { name: 'about', label: 'About', size: 16 }]
  const read = useRows<Delivery>(world, '/callbacks', filtersIn(asked, query), backOf(query))
  const resuming = useAction((provider: string | undefined) =>
    api(world, '/callbacks/resume', { method: 'POST', body: provider === undefined ? {} : { provider } }),
  )
  const paused = read.rows?.some(({ status }) => status === 'paused')
  return (
    <>
      <List
        label="Deliveries"
        what="deliveries"
        query={query}
        fields={fields}
        read={read}
        only={({ object }) => query.about === undefined || (object ?? '').includes(query.about)}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        marked={query.delivery}
        tools={
          paused && (
            <button type="button" class="small" onClick={() => void resuming.run(query.provider)}>
              Send what is paused{query.provider === undefined ? '' : ` of ${query.provider}`}
            </button>
          )
        }
        empty={<NoDeliveries world={world} name={names[0] ?? ''} />}
      />
      <ProblemNote problem={resuming.problem} />
    </>
  )
}

/** Callbacks need somewhere to go first, and then something that they are about. */
function NoDeliveries({ world, name }: { readonly world: string; readonly name: string }) {
  const { value } = useRead<{ data: readonly Endpoint[] }>(world, '/callbacks/endpoints')
  if (value === undefined) return null
  if (value.data.length === 0)
    return (
      <Empty title="No callback was sent from this world: there is no endpoint that one could go to.">
        <p>
          <Link view="callbacks" query={{ show: 'endpoints' }}>
            Set an endpoint
          </Link>
          , or paste this with the URL of your receiver:
        </p>
        <ControlLine
          world={world}
          method="PUT"
          path={`/callbacks/endpoints/${name}`}
          body={{ url: 'http://127.0.0.1:3000/webhooks' }}
          label="A first endpoint"
        />
      </Empty>
    )
  return (
    <Empty title="No callback was sent from this world yet.">
      <p>
        {value.data.length === 1 ? 'One endpoint waits' : `${value.data.length} endpoints wait`} for something to
        happen. Deposits that arrive and withdrawals make callbacks:{' '}
        <Link view="money" query={{ show: 'addresses' }}>
          send a deposit to an address
        </Link>
        , then advance the clock, with the buttons above or with this:
      </p>
      <ControlLine
        world={world}
        method="POST"
        path="/clock/advance"
        body={{ until: 'quiet' }}
        label="Advance until quiet"
      />
    </Empty>
  )
}
