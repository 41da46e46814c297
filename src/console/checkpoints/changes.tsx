// The rows that are not what they were at a checkpoint, and of the one that is open what it was and is.
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { useReadOften } from '../api/often.ts'
import type { Changes, Checkpoint } from '../api/shapes.ts'
import { goWith } from '../router.ts'
import { RowBoundary } from '../ui/boundary.tsx'
import { Chip } from '../ui/chip.tsx'
import { ProblemNote, Reading } from '../ui/empty.tsx'
import { Difference } from './difference.tsx'
import { fieldsOf } from './fields.ts'
import { KINDS, type NamedChange, named, wanted } from './rows.ts'
import { TONES } from './since.tsx'

/** How many are read: at first, and when somebody asks for more; the control API gives no more than that. */
const SOME = 200
const MOST = 1000
const COLUMNS = ['Row', 'Change', 'Fields']

interface Props {
  readonly world: string
  readonly checkpoint: Checkpoint
  readonly query: Readonly<Record<string, string>>
}

export function ChangesSince({ world, checkpoint: { name, rows }, query }: Props) {
  const limit = query.more === undefined ? SOME : MOST
  // The more there is to compare, the less often.
  const { value, problem, again } = useReadOften<Changes>(
    world,
    `/checkpoints/${encodeURIComponent(name)}/changes?limit=${limit}`,
    { restMs: Math.max(1000, rows / 10) },
  )
  const all = useMemo(() => named(value?.data ?? []), [value])
  const { change: kind = '', table = '', row } = query
  const tables = [...new Set(all.map((change) => change.table))]
  const shown = wanted(all, { kind, table })
  return (
    <section aria-labelledby="since-title">
      <h3 id="since-title">Since then</h3>
      <ProblemNote problem={problem} again={again} />
      {!value && !problem && <Reading what="what has changed" />}
      {value && KINDS.every((name) => value.total[name] === 0) && (
        <p>Nothing has changed: every row is as it was. The clock may have moved.</p>
      )}
      {value && KINDS.some((name) => value.total[name] > 0) && (
        <>
          <div class="since-tools">
            {KINDS.map((name) => (
              <button
                key={name}
                type="button"
                class="small"
                aria-pressed={kind === name}
                title={`Shows only rows that were ${name}`}
                onClick={() => goWith({ change: kind === name ? undefined : name }, true)}
              >
                {value.total[name]} {name}
              </button>
            ))}
            <label>
              Table{' '}
              <select
                class="small"
                value={table}
                onChange={(event: Event) => goWith({ table: (event.currentTarget as HTMLSelectElement).value }, true)}
              >
                <option value="">all</option>
                {(table === '' || tables.includes(table) ? tables : [table, ...tables]).map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          </div>
          {value.truncated && (
            <p class="note">
              These are the first {all.length}, in the order of their tables.{' '}
              {limit < MOST ? (
                <button type="button" class="small" onClick={() => goWith({ more: 1 }, true)}>
                  Read up to {MOST}
                </button>
              ) : (
                'The control API tells no more; a checkpoint that is nearer has fewer.'
              )}
            </p>
          )}
          {shown.length === 0 ? (
            <p>
              None of them is like that.{' '}
              <button type="button" class="small" onClick={() => goWith({ change: undefined, table: undefined }, true)}>
                Show all
              </button>
            </p>
          ) : (
            <table class="changes">
              <thead>
                <tr>
                  {COLUMNS.map((head) => (
                    <th key={head} scope="col">
                      {head}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {shown.map((change) => (
                  <RowBoundary key={change.id} what={`row ${change.id}`} columns={COLUMNS.length}>
                    <ChangeRow change={change} open={change.id === row} />
                  </RowBoundary>
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
    </section>
  )
}

function ChangeRow({ change, open }: { readonly change: NamedChange; readonly open: boolean }) {
  const { id, table, key, change: kind } = change
  const place = useRef<HTMLTableRowElement>(null)
  useEffect(() => {
    // A link leads to it.
    if (open) place.current?.scrollIntoView({ block: 'center' })
  }, [])
  return (
    <>
      <tr ref={place} class={open ? 'marked' : undefined}>
        <td class="row">
          <button
            type="button"
            class="unfolds"
            aria-expanded={open}
            onClick={() => goWith({ row: open ? undefined : id }, true)}
          >
            <span aria-hidden="true">{open ? '▾' : '▸'}</span> <span class="muted">{table}</span>{' '}
            <span class="mono">{key}</span>
          </button>
        </td>
        <td>
          <Chip tone={TONES[kind]}>{kind}</Chip>
        </td>
        <td class="fields">{namesOf(change)}</td>
      </tr>
      {open && (
        <tr>
          <td colSpan={COLUMNS.length} class="inner">
            <Difference change={change} />
          </td>
        </tr>
      )}
    </>
  )
}

/** Which fields of it changed. */
function namesOf({ change, before, after }: NamedChange): string {
  if (change !== 'changed' || !before || !after) return ''
  const names = new Set(
    fieldsOf(before, after)
      .filter(({ differs }) => differs)
      .map(({ path }) => path.split('.')[0]!),
  )
  const some = [...names].slice(0, 4)
  return `${some.join(', ')}${names.size > some.length ? ` and ${names.size - some.length} more` : ''}`
}
