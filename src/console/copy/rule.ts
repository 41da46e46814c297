// A call of the journal as a scenario with one rule: the next call like it is answered the same.
import type { Entry } from '../api/shapes.ts'
import { matchOf } from './match.ts'
import { aboutOf, type Place, sentOf } from './sent.ts'

/** A scenario file. Undefined: the entry is not a call, or of no operation. */
export function ruleOf(entry: Entry, place: Place): string | undefined {
  const sent = sentOf(entry)
  if (!sent || entry.operation === undefined) return undefined
  const { body, query } = matchOf(entry)
  const fields = Object.entries(query ?? {}).map(([name, value]) => `${JSON.stringify(name)}: ${value}`)
  return [
    `# ${aboutOf(entry, place)}`,
    `name: from-entry-${entry.id}`,
    'rules:',
    '  - when:',
    `      provider: ${sent.provider}`,
    `      operation: ${entry.operation}`,
    ...(body === undefined ? [] : [`      body: ${body}`]),
    ...(fields.length === 0 ? [] : [`      query: { ${fields.join(', ')} }`]),
    '      nth: 1 # of those that match; without it every one',
    '    then:',
    `      - ${answerOf(entry)}`,
    '',
  ].join('\n')
}

/** What is to happen to the call: what happened to this one. */
function answerOf({ status, refusal, response }: Entry): string {
  if (status == null || status === 0) return 'drop: { stage: before, how: reset }'
  if (refusal !== undefined) return `respond: { error: ${refusal} }`
  const text = response?.body
  if (text == null || text === '') return `respond: { status: ${status} }`
  return `respond: { status: ${status}, body: ${isJson(text) ? text.trim() : JSON.stringify(text)} }`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    // One line of YAML.
    return !/[\n\t]/.test(text.trim())
  } catch {
    return false
  }
}
