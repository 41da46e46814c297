// One row then and now: the fields that differ, or all of them, side by side.
import { useState } from 'preact/hooks'
import { fieldsOf } from './fields.ts'
import type { Change } from './rows.ts'

export function Difference({ change: { table, key, change, before, after } }: { readonly change: Change }) {
  const [all, setAll] = useState(false)
  if (before === undefined && after === undefined)
    return <p class="muted">Rows of this table are not shown: with what is in them somebody could get in.</p>
  const fields = fieldsOf(before, after)
  const shown = all ? fields : fields.filter(({ differs }) => differs)
  const same = fields.filter(({ differs }) => !differs).length
  return (
    <>
      <table class="differences" aria-label={`${table} ${key}, field by field`}>
        <thead>
          <tr>
            <th scope="col">Field</th>
            {change !== 'added' && <th scope="col">At the checkpoint</th>}
            {change !== 'removed' && <th scope="col">Now</th>}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ path, then, now, differs }) => (
            <tr key={path} class={differs ? undefined : 'same'}>
              <th scope="row">{path}</th>
              {change !== 'added' && <td class="mono">{then ?? <span class="muted">not there</span>}</td>}
              {change !== 'removed' && <td class="mono">{now ?? <span class="muted">not there</span>}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {same > 0 && (
        <button type="button" class="small" aria-pressed={all} onClick={() => setAll(!all)}>
          {all ? 'Only what differs' : `Also the ${same === 1 ? 'field that is' : `${same} fields that are`} the same`}
        </button>
      )}
    </>
  )
}
