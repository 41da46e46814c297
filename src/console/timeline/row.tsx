// One entry of the timeline, in one line.
import { Component, type ComponentChildren } from 'preact'
import type { Brief } from '../api/shapes.ts'
import { goWith } from '../router.ts'
import { RowBoundary } from '../ui/boundary.tsx'
import { Chip, StatusChip } from '../ui/chip.tsx'
import { Link } from '../ui/link.tsx'
import { timeOf } from '../ui/time.tsx'

/** The columns, in order. */
export const COLUMNS: readonly string[] = ['Time', 'Entry', 'From', 'What', 'Answer', 'ms', 'Also']

interface Props {
  readonly entry: Brief
  readonly open: boolean
  readonly inside?: boolean
  /** Behind the sentence: the button that unfolds. */
  readonly more?: ComponentChildren
  /** Changes when `more` does. */
  readonly moreKey?: string
}

/** An entry, or a sentence where it cannot be drawn: it spoils no other. */
export function EntryRow(props: Props) {
  const { id } = props.entry ?? {}
  return (
    <RowBoundary what={`entry ${String(id)}`} columns={COLUMNS.length}>
      <Row {...props} />
    </RowBoundary>
  )
}

/** Is drawn again when its entry is another object, and not with every other row. */
class Row extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const { entry, open, inside, moreKey } = this.props
    return entry !== next.entry || open !== next.open || inside !== next.inside || moreKey !== next.moreKey
  }

  override render(): ComponentChildren {
    const { entry, open, inside, more } = this.props
    const { id, at, kind, provider, ms } = entry
    const [day, time] = timeOf(at).split(' ')
    return (
      <tr
        class={`entry ${open ? 'marked' : ''} ${inside ? 'inside' : ''}`}
        aria-current={open || undefined}
        onClick={(event: MouseEvent) => {
          if ((event.target as HTMLElement).closest('a, button') || String(getSelection()) !== '') return
          goWith({ entry: id, with: undefined })
        }}
      >
        <td class="mono time">
          <time dateTime={at}>
            <span class="day">{day} </span>
            {time}
          </time>
        </td>
        <td class="number">
          <Link query={{ entry: id, with: undefined }} class="row-link">
            {id}
          </Link>
        </td>
        <td class="from">
          {provider} <span class="muted">{kind}</span>
        </td>
        <td class="what">
          <What entry={entry} /> {more}
        </td>
        <td class="answer">
          <Answer entry={entry} />
        </td>
        <td class="number ms">{ms === undefined ? '' : Math.round(ms)}</td>
        <td class="also">
          <Also entry={entry} />
        </td>
      </tr>
    )
  }
}

function What({ entry: { kind, operation, method, path, summary } }: { readonly entry: Brief }) {
  if (kind !== 'call') return <span>{summary ?? operation}</span>
  const called = (
    <code class="muted" title={`${method} ${path}`}>
      {method} {path}
    </code>
  )
  return operation === undefined ? (
    <>
      <strong>matches nothing</strong> {called}
    </>
  ) : (
    <>
      <span>{operation}</span> {called}
    </>
  )
}

function Answer({ entry: { kind, status, refused, refusal, error } }: { readonly entry: Brief }) {
  if (kind === 'call')
    return (
      <>
        <StatusChip status={status} refused={refused} /> {refusal}
      </>
    )
  if (kind !== 'callback') return null
  if (status === undefined && error === undefined) return <Chip tone="info">on its way</Chip>
  return (
    <>
      {status != null && <StatusChip status={status} />} {error != null && <span class="wrong">{error}</span>}
    </>
  )
}

function Also({ entry: { faults, idempotency, hint, attempt, made } }: { readonly entry: Brief }) {
  return (
    <span class="chips">
      {faults !== undefined && faults.length > 0 && (
        <Chip tone="warn" title="A scenario or an armed rule struck it">
          fault
        </Chip>
      )}
      {idempotency !== undefined && idempotency !== 'kept' && (
        <Chip tone="info" title={`Idempotency: ${idempotency}`}>
          {idempotency}
        </Chip>
      )}
      {hint !== undefined && (
        <Chip tone="bad" title={hint}>
          hint
        </Chip>
      )}
      {attempt !== undefined && attempt > 1 && <Chip tone="warn">attempt {attempt}</Chip>}
      {made !== undefined &&
        Object.entries(made).map(([what, list]) => (
          <Chip key={what} title={`What came of it: ${what}`}>
            {list.length} {list.length === 1 ? SINGULAR[what] : what}
          </Chip>
        ))}
    </span>
  )
}

const SINGULAR: Readonly<Record<string, string>> = {
  addresses: 'address',
  deposits: 'deposit',
  withdrawals: 'withdrawal',
  deliveries: 'callback',
}
