// One rule: what it says, how certain it is and why, what it is switched to, and how often it was exercised here.
import { Component, type ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Rule } from '../api/shapes.ts'
import { MARKS } from '../entry/rules.tsx'
import { RowBoundary } from '../ui/boundary.tsx'
import { Chip } from '../ui/chip.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import { Source } from '../ui/source.tsx'
import { Choose } from './choose.tsx'
import { type Exercised, providerOf } from './filters.ts'
import { timesOf } from './situation-rows.ts'

/** The columns, in order. */
export const COLUMNS: readonly string[] = ['Rule', 'Mark', 'Source', 'Exercised here']

interface Props {
  readonly rule: Rule
  readonly used: Exercised | undefined
  /** Whether the server counts at all. */
  readonly counted: boolean
  readonly marked: boolean
}

/** A rule, or a sentence where it cannot be drawn: it spoils no other. */
export function RuleRow(props: Props) {
  return (
    <RowBoundary what={`rule ${props.rule?.id}`} columns={COLUMNS.length}>
      <Row {...props} />
    </RowBoundary>
  )
}

/** Is drawn again when something of it changed: there are a thousand, and calls come all the time. */
class Row extends Component<Props> {
  override shouldComponentUpdate({ rule, used, counted, marked }: Props): boolean {
    const { props } = this
    return (
      rule !== props.rule ||
      used?.count !== props.used?.count ||
      used?.last !== props.used?.last ||
      counted !== props.counted ||
      marked !== props.marked
    )
  }

  override render(): ComponentChildren {
    const { rule, used, counted, marked } = this.props
    const { id, says, source, mark, status, because, switch: choice } = rule
    return (
      <tr id={`rule-${id}`} class={marked ? 'marked' : undefined} aria-current={marked || undefined}>
        <td class="wide">
          <Link query={{ rule: id }} class="mono rule-id">
            {id}
          </Link>
          <p>{says}</p>
          {status !== 'implemented' && (
            <p>
              <Chip tone="warn">{status === 'partial' ? 'partly implemented' : 'not implemented'}</Chip>{' '}
              <span class="muted">{because}</span>
            </p>
          )}
          {choice && <Switch id={id} values={choice.values} on={choice.on} />}
        </td>
        <td>
          <Chip tone={MARKS[mark] ?? 'plain'}>{mark}</Chip>
        </td>
        <td class="source">
          <Source source={source} />
        </td>
        <td class="exercised">
          <Used rule={rule} used={used} counted={counted} />
        </td>
      </tr>
    )
  }
}

function Switch({ id, values, on }: { readonly id: string; readonly values: readonly string[]; readonly on: string }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <p class="chips switch">
        Switch:{' '}
        {values.map((value) =>
          value === on ? (
            <Chip key={value} tone="info">
              {value}, on
            </Chip>
          ) : (
            <Chip key={value}>{value}</Chip>
          ),
        )}
        <button type="button" class="small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Close' : 'Choose another'}
        </button>
      </p>
      {open && <Choose id={id} values={values} on={on} />}
    </>
  )
}

function Used({ rule, used, counted }: Pick<Props, 'rule' | 'used' | 'counted'>) {
  if (!counted) return <span class="muted">not known</span>
  if (!used)
    return (
      <span class="muted" title="Only rules that decide calls of a provider are counted">
        not counted
      </span>
    )
  return (
    <>
      {used.count === 0 ? (
        <span class="muted" title="No entry of this world names it">
          never
        </span>
      ) : (
        <strong>{timesOf(used.count)}</strong>
      )}
      {used.last !== undefined && (
        <div>
          last: <EntryLink id={used.last} />
        </div>
      )}
      {(rule.operations ?? []).map((operation) => (
        <div key={operation}>
          <Link view="timeline" query={{ provider: providerOf(rule), operation }}>
            calls of {operation}
          </Link>
        </div>
      ))}
    </>
  )
}
