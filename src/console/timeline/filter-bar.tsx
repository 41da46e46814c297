// The filters of the timeline. Each is a parameter of the URL.
import { useEffect, useState } from 'preact/hooks'
import type { World } from '../api/shapes.ts'
import { useRead } from '../api/use.ts'
import { DEFAULT_WORLD, goWith } from '../router.ts'
import { type Filters, isFiltered, KINDS } from './filters.ts'

interface Props {
  readonly filters: Filters
  /** Operations that are known, to be offered. */
  readonly operations: readonly string[]
}

export function FilterBar({ filters, operations }: Props) {
  const { value } = useRead<{ data: readonly World[] }>(DEFAULT_WORLD, '/worlds')
  const providers = Object.keys(value?.data[0]?.base_urls ?? {})
  const [operation, setOperation] = useState(filters.operation)
  useEffect(() => setOperation(filters.operation), [filters.operation])
  const filter = (changes: Readonly<Record<string, string | undefined>>) =>
    goWith({ ...changes, before: undefined }, true)
  return (
    <>
      <label>
        Provider
        <select
          value={filters.provider}
          onChange={(event: Event) => filter({ provider: (event.currentTarget as HTMLSelectElement).value })}
        >
          <option value="">all</option>
          {providers.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Kind
        <select
          value={filters.kind}
          onChange={(event: Event) => filter({ kind: (event.currentTarget as HTMLSelectElement).value })}
        >
          <option value="">all</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {kind}
            </option>
          ))}
        </select>
      </label>
      <label>
        Operation
        <input
          list="operations"
          size={16}
          placeholder="all"
          autocomplete="off"
          spellcheck={false}
          value={operation}
          onInput={(event: Event) => setOperation((event.currentTarget as HTMLInputElement).value)}
          onChange={() => filter({ operation: operation.trim() })}
        />
      </label>
      <datalist id="operations">
        {operations.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <label>
        <input
          type="checkbox"
          checked={filters.refused}
          onChange={(event: Event) =>
            filter({ refused: (event.currentTarget as HTMLInputElement).checked ? 'true' : undefined })
          }
        />
        Only refused calls
      </label>
      {filters.text !== '' && (
        <button type="button" class="small" aria-pressed onClick={() => filter({ text: undefined })}>
          Text “{filters.text}” ×
        </button>
      )}
      {isFiltered(filters) && (
        <button
          type="button"
          class="small"
          onClick={() =>
            filter({ provider: undefined, kind: undefined, operation: undefined, refused: undefined, text: undefined })
          }
        >
          Show everything
        </button>
      )}
    </>
  )
}
