// Lines to paste into a shell, where a place is empty: the same that can be done with a button, or what only a client can do.
import { DEFAULT_WORLD } from '../router.ts'
import { token } from '../api/token.ts'
import { quoted } from '../copy/sent.ts'
import { Code } from '../ui/code.tsx'

/** A call of the control API as a curl line. */
export function ControlLine({ world, method, path, body, label }: ControlLineProps) {
  const base = `${location.origin}${world === DEFAULT_WORLD ? '' : `/w/${world}`}/_sandgate`
  const parts = [
    `curl -sS -X ${method} ${base}${path}`,
    ...(token() === undefined ? [] : ['-H "authorization: Bearer $SANDGATE_CONTROL_TOKEN"']),
    ...(body === undefined ? [] : ["-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
  ]
  return <Code plain label={label} text={parts.join(' \\\n  ')} />
}

interface ControlLineProps {
  readonly world: string
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly label: string
}

/** A call of a provider, signed with a demo key. */
export function ProviderLine({ world, provider, method, path, body, headers = [], label }: ProviderLineProps) {
  const parts = [
    `npx sandgate call ${provider} ${method} ${path}`,
    `--url ${location.origin}${world === DEFAULT_WORLD ? '' : ` --world ${world}`}`,
    ...(token() === undefined ? [] : ['--control-token "$SANDGATE_CONTROL_TOKEN"']),
    ...headers.map((header) => `-H ${quoted(header)}`),
    ...(body === undefined ? [] : [`-d ${quoted(JSON.stringify(body))}`]),
  ]
  return <Code plain label={label} text={parts.join(' \\\n  ')} />
}

interface ProviderLineProps extends ControlLineProps {
  readonly provider: string
  /** More headers, as `Name: value`. */
  readonly headers?: readonly string[]
}
