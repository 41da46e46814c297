// The scenario of a world: its stories, which rules fired and which never did, its timeline, faults armed by hand, and the editor.
import { useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { ArmedRule, Page, Scenario as State } from '../api/shapes.ts'
import { useAction, useReadLive } from '../api/use.ts'
import { Editor } from '../scenario/editor.tsx'
import { Faults } from '../scenario/faults.tsx'
import { RuleTable } from '../scenario/rule-table.tsx'
import { FIRST, textOf } from '../scenario/text.ts'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import type { ViewOf } from './view.ts'

export function Scenario({ world }: ViewOf) {
  const state = useReadLive<State>(world, '/scenario')
  const faults = useReadLive<Page<ArmedRule>>(world, '/faults')
  const [open, setOpen] = useState(false)
  const again = () => {
    state.again()
    faults.again()
  }
  const unloading = useAction(() => api(world, '/scenario', { method: 'DELETE' }).then(again))
  const { value } = state
  const armed = faults.value?.data ?? []
  const ids = armed.map(({ id }) => id)
  return (
    <div class="page scenario-view">
      <h1>Scenario</h1>
      <ProblemNote problem={state.problem ?? faults.problem ?? unloading.problem} again={again} />
      {!value && !state.problem && <Reading what="the scenario" />}
      {value && (
        <>
          <div class="buttons">
            <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? 'Close the editor' : value.name === null ? 'Write a scenario' : 'Edit'}
            </button>
            {value.name !== null && (
              <button type="button" class="danger" onClick={() => void unloading.run()}>
                Unload
              </button>
            )}
          </div>
          {value.name === null ? (
            <Empty title="No scenario is loaded.">
              <p>
                A scenario says which calls fail and how, and what happens when. Write one here, or arm a single fault
                below.
              </p>
            </Empty>
          ) : (
            <Told state={value} rules={value.rules.filter(({ id }) => !ids.includes(id))} />
          )}
          {open && faults.value && (
            <Editor world={world} start={value.name === null ? FIRST : textOf(value, ids)} loaded={again} />
          )}
        </>
      )}
      {faults.value && <Faults world={world} armed={armed} again={again} />}
    </div>
  )
}

function Told({ state, rules }: { readonly state: State; readonly rules: readonly ArmedRule[] }) {
  return (
    <>
      {state.stories.map(({ name, summary, source }) => (
        <section key={`${source} ${name}`} aria-label={name}>
          <h2>{name}</h2>
          {summary !== null && <p>{summary}</p>}
        </section>
      ))}
      {rules.length > 0 && <RuleTable label="Rules of the scenario" rules={rules} />}
      {state.timeline.length > 0 && (
        <Table
          label="Timeline of the scenario"
          rows={state.timeline}
          keyOf={({ id }) => id}
          columns={[
            { head: 'At', class: 'number', cell: ({ at }) => at },
            { head: 'Due', class: 'number', cell: ({ due }) => <Time iso={due} /> },
            { head: 'Does', class: 'wide', cell: ({ do: does }) => <code>{JSON.stringify(does)}</code> },
            { head: 'Outcome', cell: ({ outcome }) => outcome ?? <span class="muted">not due yet</span> },
          ]}
        />
      )}
    </>
  )
}
