// YAML that people write: read within bounds, and told what is wrong with it by file, line and the nearest right name. What it may say is
// left to the schema of the one who asks.
import { closest } from 'fastest-levenshtein'
import { Composer, CST, type Document, isMap, isScalar, Lexer, LineCounter, Parser, visit } from 'yaml'
import { z } from 'zod'
import { readBytes, textOf, UnreadableText } from './reading.ts'

// rule: sandgate.scenario.bounds
export const FILE_BYTES = 1024 * 1024
export const FILE_ALIASES = 100
const NESTING_MAX = 100
const PARTS_MAX = 250_000
/** How much of what is wrong with one text is told. */
const TOLD_MAX = 20

export type Path = readonly (string | number)[]

/** What is wrong with a text, one line each: `story.yaml:7: rules.0.when: …`. */
export class YamlError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The file's bytes; throws a `YamlError` that names it. */
export function bytesOf(file: string): Buffer {
  return reading(file, () => readBytes(file, FILE_BYTES))
}

function reading<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error
    throw new YamlError([`${name}: ${error.message}`])
  }
}

/** A text that was read, and where each part of it stands. */
export class YamlText {
  readonly name: string
  readonly value: any
  readonly #document: Document
  readonly #lines: LineCounter

  /** Reads one document; `name` is what complaints call it. Throws a `YamlError`. */
  constructor(written: Buffer | string, name: string) {
    const bytes = Buffer.from(written)
    if (bytes.length > FILE_BYTES) throw new YamlError([`${name}: is larger than 1 MiB`])
    const text = reading(name, () => textOf(bytes))
    this.name = name
    this.#lines = new LineCounter()
    const beyond = boundsOf(text)
    if (beyond) throw new YamlError([`${name}:${beyond}`])
    const { document, wrong } = compose(text, this.#lines)
    this.#document = document
    if (wrong.length > 0) throw new YamlError(wrong.map(({ at, message }) => `${name}:${this.#lines.linePos(at).line || 1}: ${message}`))
    const twice = this.#twice()
    if (twice.length > 0) throw new YamlError(twice)
    this.value = this.#written()
  }

  /** The line on which a part begins, counted from 1; of its parent where the part itself is not there. */
  line(path: Path): number {
    const parent = path.length > 1 ? this.#at(path.slice(0, -1)) : this.#document.contents
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1))) : undefined
    const node: any = pair?.key ?? this.#at(path) ?? parent
    if (!node && path.length > 0) return this.line(path.slice(0, -1))
    return this.#lines.linePos(node?.range?.[0] ?? 0).line
  }

  /** One complaint. */
  complaint(path: Path, message: string): string {
    return `${this.name}:${this.line(path)}: ${path.join('.') || 'the file'}: ${message}`
  }

  /** Complaints for everything a schema found, unknown keys and names with the nearest right one. */
  complaints(error: z.ZodError, schema: object): string[] {
    return complaintsOf(error, schema, this.value).map(({ path, message }) => this.complaint(path, message))
  }

  #at(path: Path): any {
    try {
      return this.#document.getIn(path, true)
    } catch {
      return undefined
    }
  }

  /** Keys that stand twice in one map. The parser would compare each with every other. */
  #twice(): string[] {
    const found: string[] = []
    visit(this.#document, {
      Map: (_, map) => {
        const seen = new Set<string>()
        for (const { key } of map.items) {
          if (!isScalar(key)) continue
          const text = String(key.value)
          if (seen.has(text) && found.length < TOLD_MAX) found.push(`${this.name}:${this.#lines.linePos(key.range?.[0] ?? 0).line}: Map keys must be unique: ${text.slice(0, 80)}`)
          seen.add(text)
        }
      },
    })
    return found
  }

  #written(): unknown {
    try {
      let aliases = 0
      let depth = 0
      visit(this.#document, { Alias: () => void aliases++, Collection: (_, __, path) => void (depth = Math.max(depth, path.length)) })
      if (aliases > FILE_ALIASES) throw new Error(`has ${aliases} aliases; at most ${FILE_ALIASES} are read`)
      // Between two collections stands a pair.
      if (depth > 2 * NESTING_MAX) throw new Error(`is nested deeper than ${NESTING_MAX} levels`)
      // The count that toJS keeps is of what the aliases amount to, so that a few of them cannot multiply.
      const value: unknown = this.#document.toJS({ maxAliasCount: 10 * FILE_ALIASES })
      if (aliases > 0 && weight(value, 4 * FILE_BYTES) > 4 * FILE_BYTES) throw new Error('its aliases amount to more than 4 MiB')
      return value
    } catch (error) {
      throw new YamlError([`${this.name}: ${(error as Error).message}`])
    }
  }
}

/**
 * On which line, and why, a text is not even parsed, because the parser's memory or its stack would not last: more parts than anybody writes, brackets open within
 * each other, or items and keys within each other on one line.
 */
function boundsOf(text: string): string | undefined {
  let parts = 0
  let line = 1
  let open = 0
  let onLine = 0
  for (const token of new Lexer().lex(text)) {
    if (++parts > PARTS_MAX) return `${line}: has more than ${PARTS_MAX} parts`
    const type = CST.tokenType(token)
    if (type === 'flow-map-start' || type === 'flow-seq-start') open++
    else if (type === 'flow-map-end' || type === 'flow-seq-end') open--
    else if (type === 'newline') onLine = 0
    // A line of a flow has as many values as it likes.
    else if (open === 0 && (type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind')) onLine++
    if (open > NESTING_MAX || onLine > NESTING_MAX) return `${line}: is nested deeper than ${NESTING_MAX} levels`
    if (token.includes('\n')) line += token.split('\n').length - 1
  }
  return undefined
}

/** The first document of a text, and the first things that are wrong with it: the parser itself would go on to the last one. */
function compose(text: string, lines: LineCounter): { document: Document; wrong: { at: number; message: string }[] } {
  const wrong: { at: number; message: string }[] = []
  const enough = new Error('enough')
  const tell = (at: number, message: string) => {
    wrong.push({ at, message })
    if (wrong.length >= TOLD_MAX) throw enough
  }
  const composer: any = new Composer({ lineCounter: lines, uniqueKeys: false })
  composer.onError = (source: number | [number, number] | { offset: number }, _: string, message: string) => tell(typeof source === 'number' ? source : Array.isArray(source) ? source[0] : source.offset, message)
  function* tokens() {
    for (const token of new Parser(lines.addNewLine).parse(text)) {
      if (token.type === 'error') tell(token.offset, token.message)
      else yield token
    }
  }
  const documents: Document[] = []
  try {
    for (const document of composer.compose(tokens(), true, text.length)) {
      documents.push(document)
      if (documents.length > 1) tell(document.range[0], 'a file holds one document; this is a second one')
    }
  } catch (error) {
    if (error !== enough) tell(0, (error as Error).message)
  }
  return { document: documents[0]!, wrong }
}

/** How many characters a value would be, written out; counting stops soon after `most`. */
function weight(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null) return String(value).length + 1
  let sum = 1
  for (const [key, item] of Object.entries(value)) {
    sum += key.length + weight(item, most - sum)
    if (sum > most) break
  }
  return sum
}

/** Where a schema found something wrong with a value, and what; unknown keys and names with the nearest right one. */
export function complaintsOf(error: z.ZodError, schema: object, whole: unknown): { path: Path; message: string }[] {
  return error.issues.map(deepest).map((issue) => {
    const path = issue.path as Path
    if (issue.code === 'unrecognized_keys') {
      const key = issue.keys[0]!
      return { path: [...path, key], message: `unknown key${meant(key, knownKeys(schema, path))}` }
    }
    const value = path.reduce((at: any, part) => at?.[part], whole)
    const names = issue.code === 'invalid_value' ? issue.values.map(String) : []
    const isName = typeof value === 'string' && names.length > 0
    return { path, message: isName ? `"${value.slice(0, 80)}" is none of ${names.join(', ')}${meant(value, names)}` : issue.message }
  })
}

/** `; did you mean x?`, when there is anything to mean. */
export function meant(name: string, known: readonly string[]): string {
  return known.length > 0 ? `; did you mean ${closest(name.slice(0, 200), known)}?` : ''
}

/** Of a choice that nothing fits, what is wrong with the branch that fits best. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const branches = issue.errors.filter((branch) => !branch.some(({ code, path }) => path.length === 0 && code === 'invalid_type'))
  const inner = branches[0]?.[0] ?? issue.errors[0]?.[0]
  return inner ? deepest({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue) : issue
}

/** The keys that a JSON Schema knows at a place. */
function knownKeys(schema: any, path: Path): string[] {
  const step = (nodes: any[], part: string | number) => nodes.flatMap((node) => [node?.properties?.[part] ?? (typeof part === 'number' ? node?.items : node?.additionalProperties)]).flatMap(branches)
  return path.reduce(step, branches(schema)).flatMap((node) => Object.keys(node?.properties ?? {}))
}

function branches(node: any): any[] {
  return node ? [node, ...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])] : []
}
