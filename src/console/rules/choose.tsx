// How the other answer of a switch is chosen. A world keeps the answers that it began with, so it is done for a new one.
import { useState } from 'preact/hooks'
import { token } from '../api/token.ts'
import { Code } from '../ui/code.tsx'
import { configLineOf, worldLineOf } from './switches.ts'

interface Props {
  readonly id: string
  readonly values: readonly string[]
  readonly on: string
}

export function Choose({ id, values, on }: Props) {
  const others = values.filter((value) => value !== on)
  const [chosen, setChosen] = useState(others[0]!)
  return (
    <div class="choose">
      {others.length > 1 && (
        <p>
          <label>
            Instead of {on}:{' '}
            <select
              value={chosen}
              onChange={(event: Event) => setChosen((event.currentTarget as HTMLSelectElement).value)}
            >
              {others.map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </select>
          </label>
        </p>
      )}
      <p>For every world of a sandbox, in its config file:</p>
      <Code plain label={`Config line for ${id}`} text={configLineOf(id, chosen)} />
      <p>
        For one new world of this sandbox. A world keeps the answers that it began with, so this one stays as it is:
      </p>
      <Code
        plain
        label={`Call that makes a world with ${id}: ${chosen}`}
        text={worldLineOf(location.origin, token() !== undefined, id, chosen)}
      />
    </div>
  )
}
