// A table of rows, each drawn on its own: a row that cannot be drawn says so, and the others stay.
import type { ComponentChildren } from 'preact'
import { RowBoundary } from './boundary.tsx'

export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => ComponentChildren
  /** Classes of its cells: `number`, `mono`, `wide`, `spare` (left out where there is little room). */
  readonly class?: string
}

interface Props<Row> {
  /** What the table lists, for people who hear the page. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly classOf?: (row: Row) => string | undefined
  /** The row that a link led to. */
  readonly marked?: string | undefined
}

export function Table<Row>({ label, columns, rows, keyOf, classOf, marked }: Props<Row>) {
  return (
    <div class="table" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map(({ head, class: name }) => (
              <th key={head} scope="col" class={name}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <RowBoundary key={keyOf(row)} what={`row ${keyOf(row)}`} columns={columns.length}>
              <TableRow row={row} columns={columns} class={classOf?.(row)} marked={marked === keyOf(row)} />
            </RowBoundary>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface RowProps<Row> {
  readonly row: Row
  readonly columns: readonly Column<Row>[]
  readonly class: string | undefined
  readonly marked: boolean
}

/** A component of its own, so that what throws in it is caught by the boundary around it. */
function TableRow<Row>({ row, columns, class: name, marked }: RowProps<Row>) {
  return (
    <tr class={`${name ?? ''} ${marked ? 'marked' : ''}`} aria-current={marked || undefined}>
      {columns.map(({ head, cell, class: name }) => (
        <td key={head} class={name} data-head={head}>
          {cell(row)}
        </td>
      ))}
    </tr>
  )
}
