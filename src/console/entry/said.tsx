// What was sent and what was answered: headers, and bodies pretty or to the byte.
import type { Entry } from '../api/shapes.ts'
import { Code } from '../ui/code.tsx'

export function SaidBoth({ entry }: { readonly entry: Entry }) {
  const { kind, request, response, body, answer } = entry
  if (kind === 'callback')
    return (
      <>
        {body !== undefined && <Said title="Body that was sent" body={body} />}
        {answer !== undefined && <Said title="What the receiver answered" body={answer} />}
      </>
    )
  if (kind === 'fault') {
    const { did } = entry as Entry & { readonly did?: unknown }
    return did === undefined ? null : <Said title="What it did" body={JSON.stringify(did)} />
  }
  if (kind !== 'call') return null
  return (
    <>
      <Said title="Request" headers={request?.headers} body={request?.body ?? null} />
      <Said title="Answer" headers={response?.headers} body={response?.body ?? null} />
    </>
  )
}

interface SaidProps {
  readonly title: string
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  readonly body: string | null
}

function Said({ title, headers, body }: SaidProps) {
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${String(value)}`)
  return (
    <section>
      <h3>{title}</h3>
      {lines.length > 0 && (
        <details>
          <summary>
            {lines.length} {lines.length === 1 ? 'header' : 'headers'}
          </summary>
          <Code plain text={lines.join('\n')} label={`${title}: headers`} />
        </details>
      )}
      {body === null || body === '' ? <p class="muted">No body.</p> : <Code text={body} label={`${title}: body`} />}
    </section>
  )
}
