// An entry beside another one: only what differs. "The same call worked a minute ago" is answered here.
import { useState } from 'preact/hooks'
import type { Entry } from '../api/shapes.ts'
import { useRead } from '../api/use.ts'
import { goWith } from '../router.ts'
import { ProblemNote, Reading } from '../ui/empty.tsx'
import { EntryLink } from '../ui/link.tsx'
import { differencesOf } from './differences.ts'

/** Asks with which entry. */
export function CompareForm({ id }: { readonly id: number }) {
  const [typed, setTyped] = useState('')
  return (
    <form
      class="inline"
      onSubmit={(event: Event) => {
        event.preventDefault()
        if (/^\d+$/.test(typed.trim())) goWith({ with: typed.trim() })
      }}
    >
      <label>
        Compare entry {id} with entry{' '}
        <input
          size={6}
          inputMode="numeric"
          pattern="\d+"
          required
          autocomplete="off"
          value={typed}
          onInput={(event: Event) => setTyped((event.currentTarget as HTMLInputElement).value)}
        />
      </label>{' '}
      <button type="submit" class="small">
        Compare
      </button>
    </form>
  )
}

interface Props {
  readonly world: string
  readonly entry: Entry
  readonly other: string
}

export function Comparison({ world, entry, other }: Props) {
  const known = /^[1-9]\d{0,14}$/.test(other)
  const { value, problem, again } = useRead<Entry>(world, known ? `/journal/${other}` : undefined)
  const differences = value ? differencesOf(entry, value) : []
  return (
    <section aria-labelledby="compare-title">
      <h3 id="compare-title">
        Compared with {known ? <EntryLink id={Number(other)} /> : `“${other}”, which is not the number of an entry`}{' '}
        <button type="button" class="small" onClick={() => goWith({ with: undefined })}>
          Stop comparing
        </button>
      </h3>
      <ProblemNote problem={problem} again={again} />
      {known && !value && !problem && <Reading what={`entry ${other}`} />}
      {value &&
        (differences.length === 0 ? (
          <p>They are the same in everything that was asked and answered.</p>
        ) : (
          <table class="differences">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Entry {entry.id}</th>
                <th scope="col">Entry {value.id}</th>
              </tr>
            </thead>
            <tbody>
              {differences.map(({ path, one, other }) => (
                <tr key={path}>
                  <th scope="row">{path}</th>
                  <td class="mono">{one ?? <span class="muted">not there</span>}</td>
                  <td class="mono">{other ?? <span class="muted">not there</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
    </section>
  )
}
