// The filters over a list. Each is a parameter of the URL; a change leads back to the newest page.
import { useEffect, useState } from 'preact/hooks'
import { goWith } from '../router.ts'

export interface FilterField {
  /** The parameter of the URL, and of the control API. */
  readonly name: string
  readonly label: string
  /** Without choices it is a line of text. */
  readonly choices?: readonly string[]
  readonly size?: number
}

interface Props {
  readonly fields: readonly FilterField[]
  readonly query: Readonly<Record<string, string>>
}

export function Filters({ fields, query }: Props) {
  const filtered = fields.some(({ name }) => query[name] !== undefined)
  return (
    <>
      {fields.map((field) =>
        field.choices ? (
          <Choice key={field.name} field={field} choices={field.choices} value={query[field.name] ?? ''} />
        ) : (
          <Line key={field.name} field={field} value={query[field.name] ?? ''} />
        ),
      )}
      {filtered && (
        <button
          type="button"
          class="small"
          onClick={() =>
            goWith({ ...Object.fromEntries(fields.map(({ name }) => [name, undefined])), back: undefined })
          }
        >
          Show all
        </button>
      )}
    </>
  )
}

interface FieldProps {
  readonly field: FilterField
  readonly value: string
}

function Choice({ field: { name, label }, choices, value }: FieldProps & { readonly choices: readonly string[] }) {
  // A value that a URL brought is shown, whether there is such a choice or not.
  const all = value === '' || choices.includes(value) ? choices : [value, ...choices]
  return (
    <label>
      {label}
      <select
        value={value}
        onChange={(event: Event) =>
          goWith({ [name]: (event.currentTarget as HTMLSelectElement).value, back: undefined }, true)
        }
      >
        <option value="">all</option>
        {all.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    </label>
  )
}

function Line({ field: { name, label, size = 12 }, value }: FieldProps) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  return (
    <label>
      {label}
      <input
        size={size}
        placeholder="all"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event: Event) => setTyped((event.currentTarget as HTMLInputElement).value)}
        onChange={() => goWith({ [name]: typed.trim(), back: undefined }, true)}
      />
    </label>
  )
}

/** The parameters of a URL that are filters of a list. */
export function filtersIn(
  fields: readonly FilterField[],
  query: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  return Object.fromEntries(fields.map(({ name }) => [name, query[name]]))
}
