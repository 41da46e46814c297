// What calls like one of the journal have in common, as `when` of a scenario and `match` of a verify write it. It is made from the text that was sent, so
// that no digit of a number is lost.
import type { Entry } from '../api/shapes.ts'
import { sentOf, UNSEEN } from './sent.ts'

/** JSON texts: of the body, and of each query parameter. */
export interface Match {
  readonly body?: string
  readonly query?: Readonly<Record<string, string>>
}

/** By body and query. What was hidden matches anything; a body that is no JSON, or was cut, is left out. */
export function matchOf(entry: Entry): Match {
  const sent = sentOf(entry)
  if (!sent) return {}
  const query = [...new URLSearchParams(sent.target.split('?').slice(1).join('?'))]
  const names = query.map(([name]) => name)
  const once = query.filter(([name]) => names.indexOf(name) === names.lastIndexOf(name))
  const body = sent.body === undefined || sent.cut ? undefined : bodyMatch(sent.body)
  return {
    ...(body !== undefined && { body }),
    ...(once.length > 0 && { query: Object.fromEntries(once.map(([name, value]) => [name, pattern(value)])) }),
  }
}

/** A match as one JSON object. */
export function matchText({ body, query }: Match): string {
  const parts = [
    ...(body === undefined ? [] : [`"body":${body}`]),
    ...(query === undefined
      ? []
      : [`"query":{${Object.entries(query).map(([name, value]) => `${JSON.stringify(name)}:${value}`)}}`]),
  ]
  return `{${parts.join(',')}}`
}

/** Undefined where it is no JSON. */
export function bodyMatch(text: string): string | undefined {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  // Strings that are followed by a colon are names, and stay.
  return text.replaceAll(/("(?:[^"\\]|\\.)*")(\s*:)?|\s+/g, (_, string?: string, colon?: string) => {
    if (string === undefined) return ''
    return colon === undefined ? pattern(JSON.parse(string) as string, string) : `${string}:`
  })
}

/** A text as a value that matches it: one between slashes would be taken for a regex, so it becomes one. */
function pattern(text: string, written = JSON.stringify(text)): string {
  if (text.includes(UNSEEN)) return JSON.stringify(`/^${text.split(UNSEEN).map(literal).join('.*')}$/`)
  return text.length > 2 && text.startsWith('/') && text.endsWith('/')
    ? JSON.stringify(`/^${literal(text)}$/`)
    : written
}

/** A regex that finds the text itself. */
function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
