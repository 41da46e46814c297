// A list as every view has it: filters above, then why it could not be read, that it is being read, that it is empty, or its rows.
import type { ComponentChildren } from 'preact'
import { goWith } from '../router.ts'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { Link } from '../ui/link.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { type FilterField, Filters } from './filters.tsx'
import { useRowKeys } from './row-keys.ts'
import type { Rows } from './rows.ts'

interface Props<Row> {
  readonly label: string
  /** What is read: "deposits". */
  readonly what: string
  readonly query: Readonly<Record<string, string>>
  readonly fields: readonly FilterField[]
  readonly read: Rows<Row>
  /** Takes rows out that the control API has no filter for. */
  readonly only?: (row: Row) => boolean
  readonly columns: readonly Column<Row>[]
  readonly keyOf: (row: Row) => string
  readonly marked?: string | undefined
  readonly classOf?: (row: Row) => string | undefined
  /** Behind the filters: buttons. */
  readonly tools?: ComponentChildren
  /** What stands where there are none, and no filter. */
  readonly empty: ComponentChildren
}

export function List<Row>({ label, what, query, fields, read, only, tools, empty, ...table }: Props<Row>) {
  const { rows, problem, again, older, newer, back } = read
  const shown = only ? rows?.filter(only) : rows
  const list = useRowKeys()
  const filtered = back > 0 || fields.some(({ name }) => query[name] !== undefined)
  return (
    <>
      <div class="tools">
        <Filters fields={fields} query={query} />
        {tools}
      </div>
      <ProblemNote problem={problem} again={again} />
      {!shown ? (
        !problem && <Reading what={what} />
      ) : shown.length > 0 ? (
        <div class="scrolls" ref={list}>
          <Table label={label} rows={shown} {...table} />
        </div>
      ) : filtered ? (
        <Empty title={`None of the ${what} is like that.`}>
          <p>
            <button
              type="button"
              onClick={() =>
                goWith({ ...Object.fromEntries(fields.map(({ name }) => [name, undefined])), back: undefined })
              }
            >
              Show all
            </button>
          </p>
        </Empty>
      ) : (
        empty
      )}
      {(older !== undefined || newer !== undefined) && (
        <p class="paging">
          {older !== undefined && <Link query={{ back: older }}>Older {what}</Link>}{' '}
          {newer !== undefined && <Link query={{ back: newer || undefined }}>Newer {what}</Link>}
        </p>
      )}
    </>
  )
}
