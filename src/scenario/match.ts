// Which calls a `when` describes: by subset, each scalar as it is written, text as a regex where it is one, within a budget for all searches
// together. Reading a `when` out of a file is left to scenario/values.ts, counting the calls to faults.ts.
import { RE2JS } from 're2js'
import type { Call } from '../provider.ts'
import { sameNumber } from '../text/decimals.ts'
import { exactJson, replaced, Written } from '../text/exact.ts'

/** The calls to which a rule applies; an omitted key matches all. A string may be `/a regex/` (RE2 syntax). */
export interface When {
  readonly provider?: string | undefined
  readonly operation?: string | undefined
  /** By subset: every key that is named must match, arrays by position. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  readonly query?: Readonly<Record<string, unknown>> | undefined
  readonly path?: Readonly<Record<string, unknown>> | undefined
  /** Unquoted scalars of the body that are also numbers, booleans or null: JSON pointer → that value as JSON text. */
  readonly unquoted?: Readonly<Record<string, string>> | undefined
  /** Of the matching calls: only the nth; only the first `times`; each multiple of `every`; with this probability (seeded). */
  readonly nth?: number | undefined
  readonly times?: number | undefined
  readonly every?: number | undefined
  readonly probability?: number | undefined
}

/** How much of a value a regex looks at, and how many instructions of RE2 it may have. */
const REGEX_CHARACTERS = 4096
const REGEX_INSTRUCTIONS = 2000
/** What one search may cost, in instructions × characters: it cannot be interrupted. */
const SEARCH_STEPS = 1_000_000
/** How many regexes are kept compiled. */
const COMPILED_MAX = 1000
const compiled = new Map<string, RE2JS>()

/**
 * The regex in `/…/`; undefined when the text is none. Throws where RE2 does not take it: it has no backreferences and no lookaround, and in
 * return takes linear time.
 */
// rule: sandgate.scenario.regex
export function regexOf(text: string): RE2JS | undefined {
  if (text.length <= 2 || !text.startsWith('/') || !text.endsWith('/')) return undefined
  let regex = compiled.get(text)
  if (!regex) {
    if (text.length > REGEX_CHARACTERS) throw new Error(`a regex of ${text.length} characters is too long`)
    regex = RE2JS.compile(text.slice(1, -1))
    if (regex.programSize() > REGEX_INSTRUCTIONS) throw new Error('the regex is too large')
    // Its automaton is faster as a rule; but where each character leads to a new state it takes ten times as long, and megabytes.
    regex.re2().dfa.failed = true
    if (compiled.size >= COMPILED_MAX) compiled.clear()
    compiled.set(text, regex)
  }
  return regex
}

/** A search would have cost more than is left. */
export class SearchTooCostly extends Error {}

/** What the searches of one task may cost together, in instructions × characters. */
// rule: sandgate.regex.budget
export class SearchBudget {
  #left: number

  constructor(steps: number) {
    this.#left = steps
  }

  /** Whether the regex is found in the text. Throws `SearchTooCostly`. */
  find(regex: RE2JS, text: string): boolean {
    const looked = text.length > REGEX_CHARACTERS ? text.slice(0, REGEX_CHARACTERS) : text
    const steps = regex.programSize() * (looked.length + 1)
    if (steps > SEARCH_STEPS || steps > this.#left) throw new SearchTooCostly()
    this.#left -= steps
    return regex.test(looked)
  }
}

/** A call that is matched against many rules. */
export class Subject {
  readonly call: Pick<
    Call,
    'provider' | 'operation' | 'body' | 'content' | 'headers' | 'query' | 'queryValues' | 'params'
  >
  #exact: { readonly value: unknown } | undefined

  constructor(call: Subject['call']) {
    this.call = call
  }

  /** The body, with every digit of its numbers where the pattern asks for them. */
  body(pattern: unknown, unquoted: When['unquoted']): unknown {
    const { content } = this.call
    if (content.kind !== 'json') return undefined
    if (unquoted === undefined && !looksAtNumbers(pattern)) return content.value
    return (this.#exact ??= { value: exactJson(this.call.body.toString('utf8').replace(/^\ufeff/, '')) }).value
  }

  /** Query values by name as they were sent, beside what the document makes of them. */
  get query(): Record<string, { readonly text: unknown; readonly value: unknown }> {
    const sent = new URLSearchParams(this.call.query)
    return Object.fromEntries(
      Object.entries(this.call.queryValues).map(([name, value]) => [
        name,
        { text: Array.isArray(value) ? value : sent.getAll(name).at(-1), value },
      ]),
    )
  }
}

/** Whether the pattern holds a number, or a regex that may be looked for in one. */
function looksAtNumbers(pattern: unknown): boolean {
  if (typeof pattern === 'string') return pattern.startsWith('/')
  if (typeof pattern === 'number') return true
  return typeof pattern === 'object' && pattern !== null && Object.values(pattern).some(looksAtNumbers)
}

/** A difference between a call and `when`. `got` is null for a missing value. */
export interface Difference {
  readonly path: string
  readonly expected: unknown
  readonly got: unknown
}

/** Whether a call matches `when`, without counting. Throws `SearchTooCostly`. */
export function concerns(when: When, subject: Subject, budget: SearchBudget): boolean {
  const { call } = subject
  if (when.provider !== undefined && when.provider !== call.provider) return false
  if (when.operation !== undefined && when.operation !== call.operation) return false
  const { unquoted } = when
  if (
    when.body !== undefined &&
    !(call.content.kind === 'json' && fits(when.body, subject.body(when.body, unquoted), { budget, unquoted }))
  )
    return false
  for (const [pattern, value] of textsOf(when, subject)) if (!fits(pattern, value, { budget })) return false
  return true
}

/** The differences between a call and `when`. Throws `SearchTooCostly`. */
export function differences(when: When, subject: Subject, budget: SearchBudget): Difference[] {
  const found: Difference[] = []
  const { unquoted } = when
  if (when.body !== undefined)
    compare(when.body, subject.body(when.body, unquoted), { budget, unquoted }, 'body', found)
  for (const [pattern, value, path] of textsOf(when, subject)) compare(pattern, value, { budget }, path, found)
  return found
}

type Text = readonly [pattern: unknown, value: unknown, path: string]

/** The patterns for headers, query and path, each with the call's value. */
function textsOf({ headers, query, path }: When, subject: Subject): readonly Text[] {
  if (headers === undefined && query === undefined && path === undefined) return NOTHING
  const { call } = subject
  const sent = query && subject.query
  return [
    ...Object.entries(headers ?? {}).map(([name, pattern]): Text => [
      pattern,
      own(call.headers, name.toLowerCase()),
      `headers.${name.toLowerCase()}`,
    ]),
    // A query is text, whatever the document makes of it; a number counts as well.
    ...Object.entries(query ?? {}).map(([name, pattern]): Text => {
      const { text, value } = own(sent!, name) ?? { text: undefined, value: undefined }
      return [pattern, typeof pattern === 'number' && pattern === value ? value : text, `query.${name}`]
    }),
    ...Object.entries(path ?? {}).map(([name, pattern]): Text => [pattern, own(call.params, name), `path.${name}`]),
  ]
}

const NOTHING: readonly Text[] = []

function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

/** What matching a pattern needs. */
interface Means {
  readonly budget: SearchBudget
  readonly unquoted?: When['unquoted']
}

// rule: sandgate.scenario.matching
/** Whether a value has everything the pattern names: objects by subset, arrays by position, scalars as they are written. */
function fits(pattern: unknown, value: unknown, means: Means, pointer = ''): boolean {
  if (typeof pattern !== 'object' || pattern === null) return scalarFits(pattern, value, means, pointer)
  if (!isAlike(pattern, value)) return false
  for (const key of Object.keys(pattern)) {
    if (
      !Object.hasOwn(value, key) ||
      !fits((pattern as any)[key], (value as any)[key], means, means.unquoted && `${pointer}/${escaped(key)}`)
    )
      return false
  }
  return true
}

function compare(
  pattern: unknown,
  value: unknown,
  means: Means,
  path: string,
  found: Difference[],
  pointer = '',
): void {
  if (typeof pattern === 'object' && pattern !== null && isAlike(pattern, value)) {
    for (const [key, item] of Object.entries(pattern))
      compare(
        item,
        own(value as Record<string, unknown>, key),
        means,
        `${path}.${key}`,
        found,
        `${pointer}/${escaped(key)}`,
      )
  } else if (!fits(pattern, value, means, pointer))
    found.push({ path, expected: pattern, got: value === undefined ? null : replaced(value, ({ text }) => text) })
}

/** Both are objects, or arrays of one length. */
function isAlike(pattern: object, value: unknown): value is object {
  if (Array.isArray(pattern)) return Array.isArray(value) && pattern.length === value.length
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Written)
}

function scalarFits(pattern: unknown, value: unknown, { budget, unquoted }: Means, pointer: string): boolean {
  if (typeof pattern === 'number') return value === String(pattern) || isNumber(value, String(pattern))
  if (typeof pattern !== 'string')
    return value === pattern || (typeof pattern === 'boolean' && value === String(pattern))
  const also = unquoted && own(unquoted, pointer)
  if (also !== undefined)
    return value === pattern || (typeof value === 'boolean' ? String(value) === also : isNumber(value, also))
  const regex = regexOf(pattern)
  if (!regex) return value === pattern
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'number'
        ? String(value)
        : value instanceof Written
          ? value.text
          : undefined
  return text !== undefined && budget.find(regex, text)
}

function isNumber(value: unknown, number: string): boolean {
  if (value instanceof Written) return sameNumber(value.text, number)
  return typeof value === 'number' && sameNumber(String(value), number)
}

/** A key in a JSON pointer. */
export function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
