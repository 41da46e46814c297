// The filters of the rules. Each is a parameter of the URL.
import { useEffect, useState } from 'preact/hooks'
import { goWith } from '../router.ts'
import { type Filters, isFiltered, MARKS_OF_RULES, STATUSES } from './filters.ts'

interface Props {
  readonly filters: Filters
  readonly providers: readonly string[]
}

export function FilterBar({ filters, providers }: Props) {
  const [text, setText] = useState(filters.text)
  useEffect(() => setText(filters.text), [filters.text])
  // A rule that a link led to stays marked only as long as nobody looks for others.
  const filter = (changes: Readonly<Record<string, string | undefined>>) =>
    goWith({ ...changes, rule: undefined }, true)
  return (
    <>
      <Choice name="Provider" value={filters.provider} values={providers} change={(provider) => filter({ provider })} />
      <Choice name="Mark" value={filters.mark} values={MARKS_OF_RULES} change={(mark) => filter({ mark })} />
      <Choice name="Status" value={filters.status} values={STATUSES} change={(status) => filter({ status })} />
      <Choice
        name="Exercised"
        value={filters.exercised}
        values={['yes', 'never']}
        change={(exercised) => filter({ exercised })}
      />
      <label>
        <input
          type="checkbox"
          checked={filters.switches}
          onChange={(event: Event) =>
            filter({ switches: (event.currentTarget as HTMLInputElement).checked ? 'true' : undefined })
          }
        />
        Only switches
      </label>
      <label>
        Text
        <input
          type="search"
          size={16}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event: Event) => {
            const typed = (event.currentTarget as HTMLInputElement).value
            setText(typed)
            filter({ text: typed })
          }}
        />
      </label>
      {isFiltered(filters) && (
        <button
          type="button"
          class="small"
          onClick={() =>
            filter({
              provider: undefined,
              mark: undefined,
              status: undefined,
              exercised: undefined,
              switches: undefined,
              text: undefined,
            })
          }
        >
          Show everything
        </button>
      )}
    </>
  )
}

interface ChoiceProps {
  readonly name: string
  readonly value: string
  readonly values: readonly string[]
  readonly change: (value: string) => void
}

function Choice({ name, value, values, change }: ChoiceProps) {
  return (
    <label>
      {name}
      <select value={value} onChange={(event: Event) => change((event.currentTarget as HTMLSelectElement).value)}>
        <option value="">all</option>
        {/* A link may ask for one that there is not: it is shown, so that it can be taken away. */}
        {(value === '' || values.includes(value) ? values : [...values, value]).map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    </label>
  )
}
