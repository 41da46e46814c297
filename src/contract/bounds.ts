// How much of a call is judged and told: a body of a hundred thousand wrong things is as wrong as one of a hundred, and nobody else is to wait for it.
import type { ErrorObject } from 'ajv'
import type { Shape } from './partial.ts'
import { escape, type Pointers } from './pointers.ts'

/** Of one keyword in one place of a schema so many failures are told. */
export const TOLD_MAX = 100

/** Smaller bodies are judged as they are. */
export const SMALL_BYTES = 16_384

/** Beside these keywords nothing can be left out of a value without changing what is wrong with it. */
const ENTANGLED = [
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'dependentSchemas',
  'dependentRequired',
  'patternProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'uniqueItems',
  'contains',
  'prefixItems',
]

/** The value without what is refused in the same words as what is left of it, or is not looked at. `omitted` hears how much that is. */
export function bounded(value: any, pointer: string, pointers: Pointers, omitted: (count: number) => void): unknown {
  if (typeof value !== 'object' || value === null) return value
  const at = pointers.follow(pointer)
  const schema = pointers.at(at)
  if (typeof schema !== 'object' || schema === null || ENTANGLED.some((keyword) => keyword in schema)) return value
  return Array.isArray(value)
    ? boundedList(value, schema, at, pointers, omitted)
    : boundedObject(value, schema, at, pointers, omitted)
}

function boundedList(
  list: readonly unknown[],
  { maxItems, items }: any,
  at: string,
  pointers: Pointers,
  omitted: (count: number) => void,
): unknown {
  const most = typeof maxItems === 'number' ? maxItems + TOLD_MAX : Infinity
  if (list.length > most) omitted(list.length - most)
  const kept = list.length > most ? list.slice(0, most) : list
  return items === undefined || kept.length > SMALL_BYTES
    ? kept
    : kept.map((item) => bounded(item, `${at}/items`, pointers, omitted))
}

function boundedObject(
  object: any,
  schema: any,
  at: string,
  pointers: Pointers,
  omitted: (count: number) => void,
): unknown {
  const { properties = {}, additionalProperties = true } = schema
  // Others are held against a schema of their own.
  if (typeof additionalProperties === 'object') return object
  const kept: [string, unknown][] = []
  let others = 0
  // Where others are not looked at, neither are they here.
  for (const name in additionalProperties === false ? object : properties) {
    if (!Object.hasOwn(object, name)) continue
    if (Object.hasOwn(properties, name))
      kept.push([name, bounded(object[name], `${at}/properties/${escape(name)}`, pointers, omitted)])
    else if (additionalProperties === false && ++others <= TOLD_MAX) kept.push([name, object[name]])
  }
  if (others > TOLD_MAX) omitted(others - TOLD_MAX)
  return Object.fromEntries(kept)
}

/** The first failures of each keyword in each place. */
export function firstOf(errors: ErrorObject[], omitted: (count: number) => void): ErrorObject[] {
  if (errors.length <= TOLD_MAX) return errors
  const counts = new Map<string, number>()
  const told = errors.filter(({ schemaPath }) => {
    const count = (counts.get(schemaPath) ?? 0) + 1
    counts.set(schemaPath, count)
    return count <= TOLD_MAX
  })
  if (told.length < errors.length) omitted(errors.length - told.length)
  return told
}

/** Keywords that look at every member, whatever its name. */
const EVERY_MEMBER = [
  'patternProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'unevaluatedProperties',
  'dependentRequired',
  'dependentSchemas',
  'not',
  'if',
  'contains',
  'unevaluatedItems',
]
const LIST_MAX = 10_000

/** The names that a schema knows at any depth, and whether its lists end. Undefined: every member counts, or there is no schema. */
export function shapeOf(pointer: string | undefined, pointers: Pointers): Shape | undefined {
  if (pointer === undefined) return { names: new Set(), listsEnd: true }
  const names = new Set<string>()
  const seen = new Set<string>()
  let listsEnd = true
  const look = (place: string): boolean => {
    const at = pointers.follow(place)
    if (seen.has(at)) return true
    seen.add(at)
    const schema = pointers.at(at)
    if (typeof schema !== 'object' || schema === null) return true
    if (EVERY_MEMBER.some((keyword) => keyword in schema) || typeof schema.additionalProperties === 'object')
      return false
    if (schema.items !== undefined && !(schema.maxItems <= LIST_MAX)) listsEnd = false
    for (const name of Object.keys(schema.properties ?? {})) {
      names.add(name)
      if (!look(`${at}/properties/${escape(name)}`)) return false
    }
    const parts = ['allOf', 'anyOf', 'oneOf', 'prefixItems'].flatMap((keyword) =>
      (schema[keyword] ?? []).map((_: unknown, index: number) => `${at}/${keyword}/${index}`),
    )
    return [...parts, ...(schema.items === undefined ? [] : [`${at}/items`])].every(look)
  }
  return look(pointer) ? { names, listsEnd } : undefined
}
