// A body or another text of a program: pretty where it is JSON, collapsed where it is long, the exact text one click away.
import { useState } from 'preact/hooks'
import { CopyButton } from './copy.tsx'
import { prettyJson } from './pretty.ts'

/** Lines that are shown before somebody asks for all. */
const SHORT_LINES = 24
/** And characters of one line. */
const SHORT_LINE = 400

interface Props {
  readonly text: string
  /** What it is, for people who hear the page. */
  readonly label: string
  /** Shows the text as it is, and offers no other form. */
  readonly plain?: boolean
}

export function Code({ text, label, plain = false }: Props) {
  const [raw, setRaw] = useState(false)
  const [all, setAll] = useState(false)
  const pretty = plain ? undefined : prettyJson(text)
  const shown = raw || pretty === undefined ? text : pretty
  const lines = shown.split('\n')
  const long = lines.length > SHORT_LINES || lines.some((line) => line.length > SHORT_LINE)
  const short = lines
    .slice(0, SHORT_LINES)
    .map((line) => (line.length > SHORT_LINE ? `${line.slice(0, SHORT_LINE)}…` : line))
    .join('\n')
  return (
    <div class="code">
      <div class="code-tools">
        {pretty !== undefined && (
          <button type="button" class="small" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            Raw
          </button>
        )}
        {long && (
          <button type="button" class="small" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Less' : `All ${lines.length > 1 ? `${lines.length} lines` : `${shown.length} characters`}`}
          </button>
        )}
        <CopyButton text={shown} />
      </div>
      <pre tabIndex={0} role="region" aria-label={label}>
        {long && !all ? short : shown}
      </pre>
    </div>
  )
}
