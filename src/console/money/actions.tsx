// What people do on a provider's own pages: the actions, and a form for the one that is open.
import { useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { components } from '../../library/wire.ts'
import { useAction, useRead } from '../api/use.ts'
import { type FilterField } from '../lists/filters.tsx'
import { List } from '../lists/list.tsx'
import { useProviders } from '../lists/providers.ts'
import { Panel } from '../ui/split.tsx'
import { Code } from '../ui/code.tsx'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { Field, Form } from '../ui/form.tsx'
import { Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import type { ViewOf } from '../views/view.ts'
import { bodyOf, fieldsOf } from './schema-fields.ts'

type Action = components['schemas']['Action']

const keyOf = ({ provider, name }: Action) => `${provider}/${name}`

const COLUMNS: readonly Column<Action>[] = [
  { head: 'Provider', cell: ({ provider }) => provider },
  {
    head: 'Action',
    cell: (row) => (
      <Link class="row-link" query={{ action: keyOf(row) }}>
        {row.name}
      </Link>
    ),
  },
  { head: 'What it does', class: 'wide', cell: ({ says }) => says },
]

export function Actions({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const { value, problem, again } = useRead<{ data: readonly Action[] }>(world, '/actions')
  const fields: FilterField[] = [{ name: 'provider', label: 'Provider', choices: names }]
  return (
    <List
      label="Actions"
      what="actions"
      query={query}
      fields={fields}
      read={{ rows: value?.data, problem, again, back: 0, older: undefined, newer: undefined }}
      only={({ provider }) => query.provider === undefined || provider === query.provider}
      columns={COLUMNS}
      keyOf={keyOf}
      marked={query.action}
      empty={
        <Empty title="No provider of this sandbox has actions.">
          <p>Actions are what people do on a provider's own pages. The providers that are on have none.</p>
        </Empty>
      }
    />
  )
}

export function ActionPanel({ world, name }: { readonly world: string; readonly name: string }) {
  const { value, problem, again } = useRead<{ data: readonly Action[] }>(world, '/actions')
  const action = value?.data.find((row) => keyOf(row) === name)
  return (
    <Panel title={name.replace('/', ': ')} closes={['action']}>
      <ProblemNote problem={problem} again={again} />
      {!value && !problem && <Reading what="the actions" />}
      {value && !action && <p class="problem">There is no action {name}. Those that there are stand in the list.</p>}
      {action && <ActionForm key={name} world={world} action={action} />}
    </Panel>
  )
}

function ActionForm({ world, action }: { readonly world: string; readonly action: Action }) {
  const fields = fieldsOf(action.fields)
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const [answer, setAnswer] = useState<unknown>()
  const { run, busy, problem } = useAction(() =>
    api<unknown>(world, `/actions/${encodeURIComponent(action.provider)}/${encodeURIComponent(action.name)}`, {
      method: 'POST',
      body: bodyOf(fields, values),
    }),
  )
  const submit = async () => {
    setAnswer(undefined)
    setAnswer(await run())
  }
  return (
    <>
      <p>{action.says}</p>
      <Form
        does="Do it"
        busy={busy}
        problem={problem}
        fields={fields.map(({ name }) => name)}
        submit={() => void submit()}
      >
        <div class="fields">
          {fields.map(({ name, required, choices, hint }) => (
            <Field
              key={name}
              label={name}
              name={name}
              value={values[name] ?? ''}
              change={(text) => setValues((before) => ({ ...before, [name]: text }))}
              problem={problem}
              required={required}
              {...(hint !== undefined && { hint })}
              {...(choices && { choices: [['', 'not said'] as const, ...choices] })}
            />
          ))}
        </div>
      </Form>
      {answer !== undefined && (
        <section aria-labelledby="did-title" role="status">
          <h3 id="did-title">Done</h3>
          <Code text={JSON.stringify(answer)} label="What it made or changed" />
        </section>
      )}
    </>
  )
}
