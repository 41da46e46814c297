// YAML that people write: read within bounds, and told what is wrong with it by file, line and the nearest right name. What it may say is
// left to the schema of the one who asks.
import { type Document, isAlias, isMap, isScalar, LineCounter, type Scalar, visit } from 'yaml'
import type { z } from 'zod'
import { bounded, complaintsOf, KEY_CHARACTERS, type Path, scalarText, TOLD_MAX } from './complaints.ts'
import { compose, NESTING_MAX } from './compose.ts'
import { replaced, Written } from './exact.ts'
import { readBytes, textOf as decoded, UnreadableText } from './reading.ts'
import { atOnce } from './steps.ts'

// rule: sandgate.scenario.bounds
export const FILE_BYTES = 1024 * 1024
export const FILE_ALIASES = 100

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
    return scalarText(this.at(path))
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
