// An answer of the control API as a person reads it: lists as tables whose columns fit the terminal, objects as lines of name and value. Nothing in it can
// move the cursor. `--json` is for programs.
import { visible } from '../telemetry/lines.ts'

/** How much of a value is shown in a table, and in a line of its own. */
const CELL_CHARACTERS = 200
const LINE_CHARACTERS = 2000
/** A column that is narrower than this says nothing any more. */
const NARROWEST = 8
const GAP = '  '

type Row = Readonly<Record<string, unknown>>

/** The text of an answer, without a line break at its end. `columns`: how wide the terminal is; Infinity where there is none. */
export function readable(body: unknown, columns: number): string {
  if (Array.isArray(body)) return isRows(body) ? rowsText(body, columns) : body.map((item) => textOf(item)).join('\n')
  if (!isRow(body)) return textOf(body)
  const { data, ...rest } = body
  if (!Array.isArray(data)) return objectText(body, columns)
  const more = objectText(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)), columns)
  return [readableList(data, columns), ...(more === '' ? [] : [more])].join('\n\n')
}

/** How wide the terminal is; what goes into a file or a pipe is cut for nobody. */
export function terminalColumns(): number {
  return process.stdout.isTTY ? process.stdout.columns : Infinity
}

function readableList(list: readonly unknown[], columns: number): string {
  if (list.length === 0) return 'none'
  return isRows(list) ? rowsText(list, columns) : list.map((item) => textOf(item)).join('\n')
}

/** Name and value, a line each; lists of objects are tables behind them. */
function objectText(body: Row, columns: number): string {
  const members = Object.entries(body).filter(([, value]) => value !== undefined)
  const tables = members.filter((member): member is [string, Row[]] => isRows(member[1]))
  const plain = members.filter(([, value]) => !isRows(value))
  const width = Math.max(0, ...plain.map(([name]) => name.length))
  return [
    plain.map(([name, value]) => `${`${visible(name)}:`.padEnd(width + 1)} ${textOf(value)}`).join('\n'),
    ...tables.map(([name, rows]) => `${name}:\n${rowsText(rows, columns)}`),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** A table where it fits; otherwise a block of lines for each row, so that nothing is left out. */
function rowsText(rows: readonly Row[], columns: number): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) =>
    rows.some((row) => !isNothing(row[name])),
  )
  const cells = rows.map((row) => names.map((name) => (isNothing(row[name]) ? '' : textOf(row[name], CELL_CHARACTERS))))
  const widths = names.map((name, index) => Math.max(name.length, ...cells.map((line) => line[index]!.length)))
  const fitting = narrowed(widths, columns - GAP.length * (names.length - 1))
  if (!fitting) return rows.map((row) => objectText(row, columns)).join('\n\n')
  return [names, ...cells]
    .map((line) => line.map((text, index) => cut(text, fitting[index]!).padEnd(fitting[index]!)))
    .map((line) => line.join(GAP).trimEnd())
    .join('\n')
}

/** The widest columns give way first; undefined: even so there is no room. */
function narrowed(widths: readonly number[], room: number): readonly number[] | undefined {
  const sum = widths.reduce((all, width) => all + width, 0)
  if (sum <= room) return widths
  const cap = Math.max(...widths) - 1
  for (let most = cap; most >= NARROWEST; most--) {
    const capped = widths.map((width) => Math.min(width, most))
    if (capped.reduce((all, width) => all + width, 0) <= room) return capped
  }
  return undefined
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}

function textOf(value: unknown, characters = LINE_CHARACTERS): string {
  return visible(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), characters)
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRows(value: unknown): value is Row[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRow)
}
