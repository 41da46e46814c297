// YAML that people write: read within bounds, and told what is wrong with it by file, line and the nearest right name. What it may say is
// left to the schema of the one who asks.
import { closest } from 'fastest-levenshtein'
import { type Document, isAlias, isMap, isScalar, LineCounter, type Scalar, visit } from 'yaml'
import { z } from 'zod'
import { compose, NESTING_MAX, TOLD_MAX } from './compose.ts'
import { replaced, Written } from './exact.ts'
import { atOnce } from '../runtime/slices.ts'
import { readBytes, textOf as decoded, UnreadableText } from './reading.ts'

// rule: sandgate.scenario.bounds
export const FILE_BYTES = 1024 * 1024
export const FILE_ALIASES = 100
/** How much of a key is told. */
const KEY_CHARACTERS = 80

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

/** What is wrong, as much of it as is told, and how much more there is. */
export function bounded(problems: readonly string[], all = problems.length): string[] {
  const told = problems.slice(0, TOLD_MAX)
  return all > told.length ? [...told, `and ${all - told.length} more`] : told
}

/** A text that was read, and where each part of it stands. */
export class YamlText {
  readonly name: string
  /** As JSON would hold it. */
  readonly value: any
  /** The same, with numbers and booleans that JSON would write otherwise as they were written. */
  readonly written: any
  readonly #document: Document
  readonly #lines: LineCounter

  /** Reads one document; `name` is what complaints call it. Throws a `YamlError`. */
  constructor(written: Buffer | string, name: string, parts: Parts = atOnce(partsOf(written, name))) {
    this.name = name
    this.#document = parts.document
    this.#lines = parts.lines
    this.written = parts.written
    this.value = parts.plain ? parts.written : replaced(parts.written, ({ value, text }) => value ?? text)
  }

  /** The same, a step at a time. */
  static *reading(written: Buffer | string, name: string): Generator<undefined, YamlText> {
    return new YamlText(written, name, yield* partsOf(written, name))
  }

  /** The line on which a part begins, counted from 1; of its parent where the part itself is not there. */
  line(path: Path): number {
    const parent = path.length > 1 ? this.#at(path.slice(0, -1)) : this.#document.contents
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
      : undefined
    const node: any = pair?.key ?? this.#at(path) ?? parent
    if (!node && path.length > 0) return this.line(path.slice(0, -1))
    return this.#lines.linePos(node?.range?.[0] ?? 0).line
  }

  /** What stands at a place as it was written; undefined where there is nothing. */
  at(path: Path): unknown {
    return path.reduce(
      (at: any, part) =>
        typeof at === 'object' && at !== null && !(at instanceof Written) && Object.hasOwn(at, part)
          ? at[part]
          : undefined,
      this.written,
    )
  }

  /** The text of a number or a boolean that stands there without quotes. */
  unquoted(path: Path): string | undefined {
    return textOf(this.at(path))
  }

  /** One complaint. */
  complaint(path: Path, message: string): string {
    return `${this.name}:${this.line(path)}: ${path.map((part) => String(part).slice(0, KEY_CHARACTERS)).join('.') || 'the file'}: ${message}`
  }

  /** Complaints for the first things that a schema found, of so many in all; unknown keys and names with the nearest right one. */
  complaints(issues: readonly z.core.$ZodIssue[], all: number, schema: () => object): string[] {
    return bounded(
      complaintsOf(issues, schema, this.written).map(({ path, message }) => this.complaint(path, message)),
      all,
    )
  }

  #at(path: Path): any {
    let node: any = this.#document.contents
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(this.#document)
      node = node?.get?.(part, true)
    }
    return node
  }
}

/** What a text amounts to. */
interface Parts {
  readonly document: Document
  readonly lines: LineCounter
  readonly written: unknown
  /** Nothing in it is written otherwise than JSON would write it. */
  readonly plain: boolean
}

/** Reads a text, a step at a time. Throws a `YamlError`. */
function* partsOf(source: Buffer | string, name: string): Generator<undefined, Parts> {
  const bytes = Buffer.from(source)
  if (bytes.length > FILE_BYTES) throw new YamlError([`${name}: is larger than 1 MiB`])
  const text = reading(name, () => decoded(bytes))
  const lines = new LineCounter()
  const { document, beyond, wrong: broken } = yield* compose(text, lines)
  if (beyond !== undefined) throw new YamlError([`${name}:${beyond}`])
  const refuse = (wrong: typeof broken) => {
    if (!document || wrong.length > 0)
      throw new YamlError(wrong.map(({ at, message }) => `${name}:${lines.linePos(at).line || 1}: ${message}`))
  }
  refuse(broken)
  yield
  const { aliases, depth, plain, wrong } = survey(document!)
  refuse(wrong)
  if (aliases > FILE_ALIASES) throw new YamlError([`${name}: has ${aliases} aliases; at most ${FILE_ALIASES} are read`])
  // Between two collections stands a pair.
  if (depth > 2 * NESTING_MAX) throw new YamlError([`${name}: is nested deeper than ${NESTING_MAX} levels`])
  yield
  try {
    // The count that toJS keeps is of what the aliases amount to, so that a few of them cannot multiply.
    const written: unknown = document!.toJS({ maxAliasCount: 10 * FILE_ALIASES })
    if (aliases > 0 && weight(written, 4 * FILE_BYTES) > 4 * FILE_BYTES)
      throw new Error('its aliases amount to more than 4 MiB')
    return { document: document!, lines, written, plain }
  } catch (error) {
    throw new YamlError([`${name}: ${(error as Error).message}`])
  }
}

/** Counts what is bounded, finds keys that stand twice, and keeps the text of scalars that JSON would write otherwise. */
function survey(document: Document): {
  aliases: number
  depth: number
  plain: boolean
  wrong: { at: number; message: string }[]
} {
  const found = { aliases: 0, depth: 0, plain: true, wrong: [] as { at: number; message: string }[] }
  visit(document, {
    Alias: () => void found.aliases++,
    Scalar: (key, node) => {
      if (typeof node.value === 'string') return
      // A key is text.
      if (key === 'key') node.value = node.source ?? String(node.value)
      else if (node.value !== null && node.source !== undefined && String(node.value) !== node.source) {
        found.plain = false
        node.value = new Written(node.source, typeof node.value === 'object' ? undefined : node.value, jsonOf(node))
      }
    },
    Collection: (_, collection, path) => {
      found.depth = Math.max(found.depth, path.length)
      if (/:(set|omap)$/.test(collection.tag ?? ''))
        found.wrong.push({
          at: collection.range?.[0] ?? 0,
          message: 'a set and an ordered map have no place here; write a list or a map',
        })
      if (!isMap(collection)) return
      // The parser would compare each with every other.
      const seen = new Set<string>()
      for (const { key } of collection.items) {
        if (!isScalar(key)) continue
        const text = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
        if (seen.has(text) && found.wrong.length < TOLD_MAX)
          found.wrong.push({
            at: key.range?.[0] ?? 0,
            message: `Map keys must be unique: ${text.slice(0, KEY_CHARACTERS)}`,
          })
        seen.add(text)
      }
    },
  })
  return found
}

/** A scalar as JSON, with every digit; undefined where JSON has nothing like it. */
function jsonOf({ value, source }: Scalar): string | undefined {
  if (typeof value === 'boolean') return String(value)
  if (typeof value !== 'number') return undefined
  const digits = source!.replaceAll('_', '')
  if (Number(digits) !== value) return Number.isFinite(value) ? String(value) : undefined
  if (/^0[xob]/i.test(digits)) return String(BigInt(digits))
  const [, sign, whole = '', rest = ''] = /^([-+]?)0*(\d*)(.*)$/.exec(digits)!
  return `${sign === '-' ? '-' : ''}${whole || '0'}${rest.replace(/^\.(?!\d)/, '')}`
}

/** The text of a number or a boolean. */
function textOf(scalar: unknown): string | undefined {
  if (scalar instanceof Written) return scalar.text
  return typeof scalar === 'number' || typeof scalar === 'boolean' ? String(scalar) : undefined
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

/** Where a schema found something wrong with a value, and what, as much as is told; unknown keys and names with the nearest right one. */
export function complaintsOf(
  issues: readonly z.core.$ZodIssue[],
  schema: () => object,
  whole: unknown,
): { path: Path; message: string }[] {
  let known: object | undefined
  return issues
    .slice(0, TOLD_MAX)
    .map(deepest)
    .map((issue) => {
      const path = issue.path as Path
      if (issue.code === 'unrecognized_keys')
        return {
          path: [...path, issue.keys[0]!],
          message: strangeKey(issue.keys[0]!, path, (known ??= schema()), whole),
        }
      const value = path.reduce(
        (at: any, part) => (typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? at[part] : undefined),
        whole,
      )
      return {
        path,
        message:
          issue.code === 'invalid_type' || issue.code === 'invalid_value'
            ? misfit(issue, value, LETS_IN.test(path.join('.')))
            : issue.message,
      }
    })
}

/** Where what was written lets somebody in, and is not repeated. */
const LETS_IN = /(^|\.)(secret|keys\.\d+\.id)$/
const KINDS: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}

/** What is wrong with a value of another type, or that is none of those there are. */
function misfit(
  issue: z.core.$ZodIssueInvalidType | z.core.$ZodIssueInvalidValue,
  value: unknown,
  secret: boolean,
): string {
  const names = issue.code === 'invalid_value' ? issue.values.map(String) : []
  // A schema with a sentence of its own knows better.
  const own = issue.message.startsWith('Invalid ') ? undefined : issue.message
  if (value === undefined)
    return `is missing${own === undefined ? (names.length > 0 ? `: one of ${names.join(', ')}` : '') : `; ${own}`}`
  if (value === null && issue.code === 'invalid_type')
    return `is empty; ${own ?? `expected ${KINDS[issue.expected] ?? issue.expected}`}`
  if (names.length > 0 && typeof value === 'string')
    return `"${value.slice(0, KEY_CHARACTERS)}" is none of ${names.join(', ')}${meant(value, names)}`
  const text = textOf(value)?.slice(0, KEY_CHARACTERS)
  if (
    own === undefined &&
    text !== undefined &&
    (names.includes(text) || (issue.code === 'invalid_type' && issue.expected === 'string'))
  )
    return secret
      ? 'a number or a boolean without quotes is no text; write it in quotes'
      : `${text} without quotes is no text; write "${text}"`
  return issue.message
}

/** An unknown key: it belongs into something beside it, or further out, or another one is meant. */
function strangeKey(key: string, path: Path, schema: object, whole: unknown): string {
  const beside: any = path.reduce((at: any, part) => at?.[part], whole) ?? {}
  const inside = Object.keys(beside).find(
    (other) =>
      other !== key &&
      [knownKeys(schema, [...path, other]), knownKeys(schema, [...path, other, 0])].some((keys) => keys.includes(key)),
  )
  if (inside !== undefined) return `unknown key; it belongs inside of ${inside}: ${inside}: { ${key}: … }`
  const outer = path.slice(0, typeof path.at(-1) === 'number' ? -2 : -1)
  if (path.length > 0 && knownKeys(schema, outer).includes(key))
    return `unknown key; it belongs beside ${String(path[outer.length])}, not inside of it`
  return `unknown key${meant(key, knownKeys(schema, path))}`
}

/** `; did you mean x?`, when there is anything to mean. */
export function meant(name: string, known: readonly string[]): string {
  return known.length > 0 ? `; did you mean ${closest(name.slice(0, 200), known)}?` : ''
}

/** Of a choice that nothing fits, what is wrong with the branch that fits best. */
export function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const fits = issue.errors.find(
    (branch) => !branch.some(({ code, path }) => path.length === 0 && code === 'invalid_type'),
  )
  const inner = fits?.[0] ?? issue.errors[0]?.[0]
  return inner ? deepest({ ...inner, path: [...issue.path, ...inner.path] }) : issue
}

/** The keys that a JSON Schema knows at a place. */
function knownKeys(schema: any, path: Path): string[] {
  const step = (nodes: any[], part: string | number) =>
    nodes
      .flatMap((node) => [
        node?.properties?.[part] ?? (typeof part === 'number' ? node?.items : node?.additionalProperties),
      ])
      .flatMap(branches)
  return path.reduce(step, branches(schema)).flatMap((node) => Object.keys(node?.properties ?? {}))
}

function branches(node: any): any[] {
  return node ? [node, ...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])] : []
}
