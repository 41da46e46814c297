// Endpoints: where callbacks go. Set, added and removed here; their secrets are not shown in the page.
import { useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { Endpoint } from '../api/shapes.ts'
import { useAction, useReadLive } from '../api/use.ts'
import type { FilterField } from '../lists/filters.tsx'
import { List } from '../lists/list.tsx'
import { ControlLine } from '../lists/pasteable.tsx'
import { useProviders } from '../lists/providers.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Empty } from '../ui/empty.tsx'
import { focusView } from '../ui/focus.ts'
import { Form } from '../ui/form.tsx'
import { Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import type { ViewOf } from '../views/view.ts'
import { EndpointForm } from './endpoint-form.tsx'

type Doing = { readonly set: Partial<Endpoint>; readonly more: boolean } | { readonly remove: Endpoint }

export function EndpointList({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const { value, problem, again } = useReadLive<{ data: readonly Endpoint[] }>(world, '/callbacks/endpoints')
  const [doing, setDoing] = useState<Doing>()
  const [said, setSaid] = useState('')
  const fields: FilterField[] = [
    { name: 'provider', label: 'Provider', choices: names },
    { name: 'account', label: 'Account' },
  ]
  const done = (sentence: string) => {
    setDoing(undefined)
    setSaid(sentence)
    again()
  }
  const columns: Column<Endpoint>[] = [
    { head: 'Endpoint', cell: ({ id }) => id },
    { head: 'Provider', cell: ({ provider }) => provider },
    { head: 'Account', cell: ({ account }) => account },
    { head: 'URL', class: 'mono', cell: ({ url }) => url },
    {
      head: 'Sent',
      cell: ({ provider }) => (
        <Link class="row-link" view="callbacks" query={{ show: 'deliveries', provider }}>
          deliveries
        </Link>
      ),
    },
    {
      head: 'Do',
      cell: (row) => (
        <>
          <button
            type="button"
            class="small"
            aria-label={`Change ${row.id}`}
            onClick={() => setDoing({ set: row, more: false })}
          >
            Change…
          </button>{' '}
          <button type="button" class="small" aria-label={`Remove ${row.id}`} onClick={() => setDoing({ remove: row })}>
            Remove…
          </button>
        </>
      ),
    },
    {
      head: 'Events',
      class: 'wide',
      cell: ({ events }) => (
        <details>
          <summary>{events.length === 1 ? '1 event' : `${events.length} events`}</summary>
          {events.join(', ')}
        </details>
      ),
    },
  ]
  const whose = { provider: query.provider ?? names[0] ?? '' }
  return (
    <>
      <List
        label="Endpoints"
        what="endpoints"
        query={query}
        fields={fields}
        read={{ rows: value?.data, problem, again, back: 0, older: undefined, newer: undefined }}
        only={({ provider, account }) =>
          (query.provider === undefined || provider === query.provider) &&
          (query.account === undefined || account === query.account)
        }
        columns={columns}
        keyOf={({ id }) => id}
        tools={
          <>
            <button type="button" class="small" onClick={() => setDoing({ set: whose, more: false })}>
              Set an endpoint…
            </button>
            <button type="button" class="small" onClick={() => setDoing({ set: whose, more: true })}>
              Add another one…
            </button>
            <span role="status">{said}</span>
          </>
        }
        empty={
          <Empty title="Callbacks of this world go nowhere yet.">
            <p>Set an endpoint, or paste this with the URL of your receiver; its answer shows the secret that signs:</p>
            <ControlLine
              world={world}
              method="PUT"
              path={`/callbacks/endpoints/${names[0] ?? ''}`}
              body={{ url: 'http://127.0.0.1:3000/webhooks' }}
              label="A first endpoint"
            />
          </Empty>
        }
      />
      {doing && 'set' in doing && (
        <EndpointForm world={world} names={names} {...doing} close={() => setDoing(undefined)} done={done} />
      )}
      {doing && 'remove' in doing && (
        <Remove world={world} row={doing.remove} close={() => setDoing(undefined)} done={done} />
      )}
    </>
  )
}

interface RemoveProps {
  readonly world: string
  readonly row: Endpoint
  readonly close: () => void
  readonly done: (sentence: string) => void
}

function Remove({ world, row: { id, provider, account, url }, close, done }: RemoveProps) {
  const { run, busy, problem } = useAction(async () => {
    await api(world, `/callbacks/endpoints/${encodeURIComponent(id)}`, { method: 'DELETE' })
    return true
  })
  const submit = async () => {
    if (!(await run())) return
    done(`${id} was removed.`)
    focusView()
  }
  return (
    <Dialog title={`Remove ${id}`} close={close}>
      <p>
        Callbacks of {provider} for {account} do not go to <code>{url}</code> any more, and those that wait are dropped.
      </p>
      <Form does={`Remove ${id}`} danger busy={busy} problem={problem} submit={() => void submit()}>
        {null}
      </Form>
    </Dialog>
  )
}
