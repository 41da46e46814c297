// Which calls a `when` describes: by subset, each scalar as it is written, text as a regex where it is one, within a budget for all searches
// together. Reading a `when` out of a file is left to control/values.ts, counting the calls to faults.ts.
import { RE2JS } from 're2js'
import type { Call } from '../provider.ts'
import { exactJson, sameNumber, Written } from './exact.ts'

/** Which calls a rule is about; what is left out matches all. A string may be `/a regex/` (RE2 syntax). */
export interface When {
  readonly provider?: string | undefined
  readonly operation?: string | undefined
  /** By subset: every key that is named must match, arrays by position. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  readonly query?: Readonly<Record<string, unknown>> | undefined
  readonly path?: Readonly<Record<string, unknown>> | undefined
  /** Texts of the body that were written without quotes and are something else as well: JSON pointer → that, as JSON text. */
  readonly unquoted?: Readonly<Record<string, string>> | undefined
  /** Of the calls that match, only this one; only the first so many; every so many; with this probability (seeded). */
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

/** A call that many rules look at. */
export class Subject {
  readonly call: Pick<Call, 'provider' | 'operation' | 'body' | 'content' | 'headers' | 'query' | 'queryValues' | 'params'>
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
    return Object.fromEntries(Object.entries(this.call.queryValues).map(([name, value]) => [name, { text: Array.isArray(value) ? value : sent.getAll(name).at(-1), value }]))
  }
}

/** Whether the pattern holds a number, or a regex that may be looked for in one. */
function looksAtNumbers(pattern: unknown): boolean {
  if (typeof pattern === 'string') return pattern.startsWith('/')
  if (typeof pattern === 'number') return true
  return typeof pattern === 'object' && pattern !== null && Object.values(pattern).some(looksAtNumbers)
}

/** Where a call is not what `when` asks for. What is missing is told as null. */
export interface Difference {
  readonly path: string
  readonly expected: unknown
  readonly got: unknown
}

/** Whether a call is one of those that `when` describes, counting aside. Throws `SearchTooCostly`. */
export function concerns(when: When, subject: Subject, budget: SearchBudget): boolean {
  const { call } = subject
  if (when.provider !== undefined && when.provider !== call.provider) return false
  if (when.operation !== undefined && when.operation !== call.operation) return false
  return differences(when, subject, budget, 1).length === 0
}

/** Where a call is not what `when` asks for; no more than `most` places. Throws `SearchTooCostly`. */
export function differences(when: When, subject: Subject, budget: SearchBudget, most = Infinity): Difference[] {
  const { call } = subject
  const compared = new Compared(budget, most)
  if (when.body !== undefined) {
    if (call.content.kind !== 'json') compared.differs('body', when.body, undefined)
    else compared.value(when.body, subject.body(when.body, when.unquoted), 'body', when.unquoted, '')
  }
  for (const [name, pattern] of Object.entries(when.headers ?? {})) compared.value(pattern, own(call.headers, name.toLowerCase()), `headers.${name.toLowerCase()}`)
  if (when.query) {
    const sent = subject.query
    // A query is text, whatever the document makes of it.
    for (const [name, pattern] of Object.entries(when.query)) {
      const { text, value } = own(sent, name) ?? { text: undefined, value: undefined }
      if (typeof pattern !== 'number' || pattern !== value) compared.value(pattern, text, `query.${name}`)
    }
  }
  for (const [name, pattern] of Object.entries(when.path ?? {})) compared.value(pattern, own(call.params, name), `path.${name}`)
  return compared.found
}

function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

// rule: sandgate.scenario.matching
/** One pattern held against one value: objects by subset, arrays by position, scalars as they are written. */
class Compared {
  readonly found: Difference[] = []
  readonly #budget: SearchBudget
  readonly #most: number

  constructor(budget: SearchBudget, most: number) {
    this.#budget = budget
    this.#most = most
  }

  differs(path: string, expected: unknown, got: unknown): void {
    if (this.found.length < this.#most) this.found.push({ path, expected, got: got instanceof Written ? got.text : (got ?? null) })
  }

  value(pattern: unknown, value: unknown, path: string, unquoted?: When['unquoted'], pointer = ''): void {
    if (this.found.length >= this.#most) return
    if (typeof pattern !== 'object' || pattern === null) {
      if (!this.#scalar(pattern, value, unquoted && own(unquoted, pointer))) this.differs(path, pattern, value)
      return
    }
    const inside = typeof value === 'object' && value !== null && !(value instanceof Written) && Array.isArray(pattern) === Array.isArray(value)
    if (!inside || (Array.isArray(pattern) && pattern.length !== (value as unknown[]).length)) return this.differs(path, pattern, value)
    for (const [key, item] of Object.entries(pattern)) this.value(item, own(value as Record<string, unknown>, key), `${path}.${key}`, unquoted, unquoted && `${pointer}/${escaped(key)}`)
  }

  /** `also` is what text without quotes is as JSON. */
  #scalar(pattern: unknown, value: unknown, also: string | undefined): boolean {
    if (typeof pattern === 'number') return value === String(pattern) || isNumber(value, String(pattern))
    if (typeof pattern !== 'string') return value === pattern || (typeof pattern === 'boolean' && value === String(pattern))
    if (also !== undefined) return value === pattern || (typeof value === 'boolean' ? String(value) === also : isNumber(value, also))
    const regex = regexOf(pattern)
    if (!regex) return value === pattern
    const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : value instanceof Written ? value.text : undefined
    return text !== undefined && this.#budget.find(regex, text)
  }
}

function isNumber(value: unknown, number: string): boolean {
  if (value instanceof Written) return sameNumber(value.text, number)
  return typeof value === 'number' && sameNumber(String(value), number)
}

/** A key in a JSON pointer. */
export function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
