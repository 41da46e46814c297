// Rules of a scenario, or armed by hand: what they are about, how often they matched and fired; in amber those that never fired.
import type { ComponentChildren } from 'preact'
import type { ArmedRule } from '../api/shapes.ts'
import { Chip } from '../ui/chip.tsx'
import { Table } from '../ui/table.tsx'

interface Props {
  readonly label: string
  readonly rules: readonly ArmedRule[]
  readonly more?: (rule: ArmedRule) => ComponentChildren
}

export function RuleTable({ label, rules, more }: Props) {
  return (
    <Table
      label={label}
      rows={rules}
      keyOf={({ id }) => id}
      columns={[
        {
          head: 'Rule',
          class: 'wide',
          cell: ({ id, source, when, then }: ArmedRule) => (
            <>
              <strong>{id}</strong> <span class="muted">{source}</span>
              <div>
                when <code>{JSON.stringify(when)}</code>
              </div>
              <div>
                then <code>{JSON.stringify(then)}</code>
              </div>
            </>
          ),
        },
        { head: 'Matched', class: 'number', cell: ({ matched }: ArmedRule) => matched },
        {
          head: 'Fired',
          class: 'number',
          cell: ({ fired }: ArmedRule) => (fired === 0 ? <Chip tone="warn">never fired</Chip> : fired),
        },
        ...(more ? [{ head: 'Do', cell: more }] : []),
      ]}
    />
  )
}
