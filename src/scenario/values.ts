// Scalars of a scenario as written: what `when` compares with, and what an answer can hold. Comparing them is left to
// scenario/match.ts.
import { canonicalDecimal } from '../text/decimals.ts'
import { replaced, Written } from '../text/exact.ts'
import { escaped, type When } from './match.ts'
import type { Path } from '../text/complaints.ts'

/** Takes an error, and its path inside the validated part. */
export type Complain = (path: Path, message: string) => void

const TEXTS = ['headers', 'query', 'path'] as const

// rule: sandgate.scenario.values
/**
 * A `when` as stored: an unquoted scalar is text, and its value as JSON is in `unquoted`. `written` holds each scalar as written in the
 * file, `rest` what a schema made of everything else.
 */
export function whenOf(written: Partial<When> | undefined, rest: When, complain: Complain): When {
  const { body, headers, query, path } = written ?? {}
  const unquoted: Record<string, string> = {}
  const parts = { headers, query, path }
  return {
    ...rest,
    ...(body !== undefined && { body: settled(body, '', unquoted) }),
    ...Object.fromEntries(
      TEXTS.filter((part) => parts[part] !== undefined).map((part) => [part, textsOf(parts[part]!, part, complain)]),
    ),
    ...(Object.keys(unquoted).length > 0 && { unquoted }),
  }
}

/** Replaces each scalar that JSON would write differently by its text; its JSON value goes under its pointer. */
function settled(value: unknown, pointer: string, unquoted: Record<string, string>): unknown {
  if (value instanceof Written) {
    if (value.json !== undefined) unquoted[pointer] = value.json
    return value.text
  }
  if (Array.isArray(value)) return value.map((item, index) => settled(item, `${pointer}/${index}`, unquoted))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, settled(item, `${pointer}/${escaped(key)}`, unquoted)]),
  )
}

/** Headers, queries and paths hold nothing but text. */
function textsOf(
  values: Readonly<Record<string, unknown>>,
  part: (typeof TEXTS)[number],
  complain: Complain,
): Record<string, unknown> {
  for (const [name, value] of Object.entries(values)) {
    if (value === null) complain([part, name], 'null matches only null in a JSON body; write "null" for the text')
    else if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Written))
      complain([part, name], 'expected text, not a map')
  }
  return replaced(values, ({ text }) => text)
}

/** Reports numbers of an answer that would be sent rounded. */
export function refuseRounded(value: unknown, path: Path, complain: Complain): void {
  if (value instanceof Written) {
    if (typeof value.value !== 'number') return
    if (value.json === undefined) complain(path, `JSON has no ${value.text}; write "${value.text}" for the text`)
    else if (canonicalDecimal(value.json) !== canonicalDecimal(String(value.value)))
      complain(
        path,
        `${value.text} would be sent as ${JSON.stringify(value.value)}; write "${value.text}" for text, or the whole body as text`,
      )
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value))
      refuseRounded(item, [...path, Array.isArray(value) ? Number(key) : key], complain)
  }
}

/** Ambiguous unquoted scalars of a body: `body.user_identifier: 007 …`. */
export function twoReadings({ body, unquoted = {} }: When): string[] {
  return Object.entries(unquoted).flatMap(([pointer, json]) => {
    const path = pointer
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    const text = path.reduce((at: any, part) => at?.[part], body)
    return text === json
      ? []
      : [
          `${['body', ...path].join('.')}: unquoted ${text} matches both the text "${text}" and ${json}; write "${text}" to match only the text`,
        ]
  })
}
