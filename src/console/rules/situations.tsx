// The notable situations of each provider: those that integrations get wrong, and whether the traffic of this world has shown them.
import { useReadOften } from '../api/often.ts'
import type { Coverage } from '../api/shapes.ts'
import { type FilterField, Filters } from '../lists/filters.tsx'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import { type Column, Table } from '../ui/table.tsx'
import type { ViewOf } from '../views/view.ts'
import { rowsOf, type SituationRow, timesOf } from './situation-rows.ts'

const COLUMNS: readonly Column<SituationRow>[] = [
  { head: 'Provider', cell: ({ provider }) => provider },
  {
    head: 'Situation',
    class: 'wide',
    cell: ({ says, count }) => (count === 0 ? <span class="muted">{says}</span> : <strong>{says}</strong>),
  },
  {
    head: 'Exercised here',
    class: 'exercised',
    cell: ({ count, last_entry: last }) => (
      <>
        {timesOf(count)}
        {last !== null && (
          <>
            , last: <EntryLink id={last} />
          </>
        )}
      </>
    ),
  },
  {
    head: 'Rule',
    class: 'rule',
    cell: ({ rule }) => (
      <Link view="rules" query={{ rule }} class="mono">
        {rule}
      </Link>
    ),
  },
]

export function Situations({ world, query }: ViewOf) {
  const { value, problem, again } = useReadOften<Coverage>(world, '/coverage', { restMs: 1000 })
  const providers = value?.providers ?? []
  const fields: readonly FilterField[] = [
    { name: 'provider', label: 'Provider', choices: providers.map(({ provider }) => provider) },
    { name: 'exercised', label: 'Exercised', choices: ['yes', 'never'] },
  ]
  const rows = rowsOf(providers, query)
  const used = providers.filter((each) => each.used)
  return (
    <>
      <div class="tools">
        <Filters fields={fields} query={query} />
        {used.length > 0 && (
          <span class="muted" role="status" title="Operations, notable situations and refusals of the providers in use">
            {value!.percent} % of {used.map(({ provider }) => provider).join(', ')} exercised in {world} (
            {value!.exercised} of {value!.total})
          </span>
        )}
      </div>
      <ProblemNote problem={problem} again={again} />
      {!value && !problem && <Reading what="the notable situations" />}
      {rows.length > 0 && (
        <div class="rules-list">
          <Table
            label="Notable situations"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ provider, id }) => `${provider} ${id}`}
          />
        </div>
      )}
      {value && rows.length === 0 && <Nothing used={used.length > 0 || query.provider !== undefined} />}
    </>
  )
}

function Nothing({ used }: { readonly used: boolean }) {
  return (
    <Empty title={used ? 'No notable situation is like that.' : 'No provider got a call in this world yet.'}>
      <p>
        {used
          ? 'Every situation that the traffic of this world shows is counted. '
          : 'Point your client at the sandbox: of every provider that it calls, here stands which situations it met, and which never. '}
        {used ? (
          <Link view="rules" query={{ show: 'situations' }}>
            Show all of them
          </Link>
        ) : (
          <Link view="timeline">See the first calls</Link>
        )}
      </p>
    </Empty>
  )
}
