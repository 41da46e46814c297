// Rules that are armed one by one, beside the scenario.
import { useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { ArmedRule } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { ProblemNote } from '../ui/empty.tsx'
import { Field, Form } from '../ui/form.tsx'
import { RuleTable } from './rule-table.tsx'

const FIRST = `when: { nth: 1 }
then:
  - respond: { status: 503 }
`

interface Props {
  readonly world: string
  readonly armed: readonly ArmedRule[]
  readonly again: () => void
}

export function Faults({ world, armed, again }: Props) {
  const [text, setText] = useState(FIRST)
  const arming = useAction(() => api(world, '/faults', { method: 'POST', yaml: text }).then(again))
  const disarming = useAction((id: string) =>
    api(world, `/faults/${encodeURIComponent(id)}`, { method: 'DELETE' }).then(again),
  )
  return (
    <section class="panel" aria-labelledby="faults-title">
      <h2 id="faults-title">Armed faults</h2>
      {armed.length === 0 ? (
        <p class="muted">None. Arm one here: it strikes the next calls that match, after the rules of the scenario.</p>
      ) : (
        <RuleTable
          label="Rules that are armed"
          rules={armed}
          more={({ id }) => (
            <button type="button" class="small" aria-label={`Disarm ${id}`} onClick={() => void disarming.run(id)}>
              Disarm
            </button>
          )}
        />
      )}
      <ProblemNote problem={disarming.problem} />
      <Form does="Arm" busy={arming.busy} problem={arming.problem} submit={() => void arming.run()}>
        <Field label="Rule, YAML" value={text} change={setText} lines={5} />
      </Form>
    </section>
  )
}
