// One row then and now: the fields that differ, or all of them, side by side.
import { useState } from 'preact/hooks'
import { timeOf } from '../ui/time.tsx'
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
              {change !== 'added' && <Value text={then} />}
              {change !== 'removed' && <Value text={now} />}
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

/** Rows have instants in ms, from 2014 to 2039 these. */
const INSTANT = /^(1[4-9]|2[01])\d{11}$/

function Value({ text }: { readonly text: string | undefined }) {
  if (text === undefined)
    return (
      <td>
        <span class="muted">not there</span>
      </td>
    )
  return (
    <td class="mono">
      {text} {INSTANT.test(text) && <span class="muted">{timeOf(new Date(Number(text)).toISOString())}</span>}
    </td>
  )
}
