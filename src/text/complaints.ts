// What a schema found wrong with a value, in sentences for people: where it is, what was expected, and the nearest right name. Where the value came
// from, a file or an argument, is left to whoever asks.
import type { z } from 'zod'
import { Written } from './exact.ts'
import { didYouMean } from './suggest.ts'

/** How much of what is wrong with one text is told. */
export const TOLD_MAX = 20
/** How much of a key is told. */
export const KEY_CHARACTERS = 80

export type Path = readonly (string | number)[]

/** The first problems, and how many more there are. */
export function bounded(problems: readonly string[], all = problems.length): string[] {
  const told = problems.slice(0, TOLD_MAX)
  return all > told.length ? [...told, `and ${all - told.length} more`] : told
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
          message: unknownKey(issue.keys[0]!, path, (known ??= schema()), whole),
        }
      const value = path.reduce(
        (at: any, part) => (typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? at[part] : undefined),
        whole,
      )
      return {
        path,
        message:
          issue.code === 'invalid_type' || issue.code === 'invalid_value'
            ? mismatch(issue, value, LETS_IN.test(path.join('.')))
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
function mismatch(
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
    return `"${value.slice(0, KEY_CHARACTERS)}" is none of ${names.join(', ')}${didYouMean(value, names)}`
  const text = scalarText(value)?.slice(0, KEY_CHARACTERS)
  if (
    own === undefined &&
    text !== undefined &&
    (names.includes(text) || (issue.code === 'invalid_type' && issue.expected === 'string'))
  )
    return secret
      ? 'a number or a boolean without quotes is not text; write it in quotes'
      : `${text} without quotes is not text; write "${text}"`
  return issue.message
}

/** An unknown key: it belongs into something beside it, or further out, or another one is meant. */
function unknownKey(key: string, path: Path, schema: object, whole: unknown): string {
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
  return `unknown key${didYouMean(key, knownKeys(schema, path))}`
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

/** The text of a number or a boolean; undefined for anything else. */
export function scalarText(scalar: unknown): string | undefined {
  if (scalar instanceof Written) return scalar.text
  return typeof scalar === 'number' || typeof scalar === 'boolean' ? String(scalar) : undefined
}
