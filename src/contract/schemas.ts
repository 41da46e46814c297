// The schemas of an OpenAPI document as the judge takes them: what 3.0 says in its own way is said as in 3.1, extensions are left out, what nobody could
// honour is refused with its place. A document that says all of it as the judge has it stays as it is.
import { escape, Pointers } from './pointers.ts'

/** A call must not be asked for what only answers have (`readOnly`), nor an answer for what only calls have. */
export type Mode = 'call' | 'answer'

/** A document as far as it holds schemas. */
export interface SchemaParts {
  readonly paths: unknown
  readonly components: unknown
}

type Shape = 'schema' | 'operation' | 'pathItem' | 'parameter' | 'body' | 'response' | 'media' | 'components'

/** Where schemas are, beside schemas: a map or a list of a shape, or one of it. */
const INSIDE: Readonly<
  Record<Exclude<Shape, 'schema'>, Readonly<Record<string, readonly [shape: Shape, how: 'one' | 'each']>>>
> = {
  components: {
    schemas: ['schema', 'each'],
    parameters: ['parameter', 'each'],
    headers: ['parameter', 'each'],
    requestBodies: ['body', 'each'],
    responses: ['response', 'each'],
    pathItems: ['pathItem', 'each'],
  },
  pathItem: {
    parameters: ['parameter', 'each'],
    ...Object.fromEntries(
      ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'].map(
        (method) => [method, ['operation', 'one']] as const,
      ),
    ),
  },
  operation: { parameters: ['parameter', 'each'], requestBody: ['body', 'one'], responses: ['response', 'each'] },
  parameter: { schema: ['schema', 'one'], content: ['media', 'each'] },
  body: { content: ['media', 'each'] },
  response: { headers: ['parameter', 'each'], content: ['media', 'each'] },
  media: { schema: ['schema', 'one'] },
}

const ONE = [
  'items',
  'additionalProperties',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
]
const LIST = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const MAP = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']

const number = (value: unknown) => (typeof value === 'number' ? undefined : 'a number')
const size = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 0 ? undefined : 'a whole number of 0 or more'
const flag = (value: unknown) => (typeof value === 'boolean' ? undefined : 'true or false')
const text = (value: unknown) => (typeof value === 'string' ? undefined : 'a text')
const names = (value: unknown) =>
  Array.isArray(value) && value.every((name) => typeof name === 'string') ? undefined : 'a list of names'
const anything = () => undefined

/** What is expected of a keyword's value; undefined: it is right. */
const EXPECTED: Readonly<Record<string, (value: any) => string | undefined>> = {
  type: (value) =>
    [value].flat().length > 0 && [value].flat().every((name) => TYPES.includes(name))
      ? undefined
      : `one of ${TYPES.join(', ')}`,
  enum: (value) => (Array.isArray(value) && value.length > 0 ? undefined : 'a list of at least one value'),
  required: names,
  multipleOf: (value) => (typeof value === 'number' && value > 0 ? undefined : 'a number above 0'),
  maximum: number,
  minimum: number,
  exclusiveMaximum: number,
  exclusiveMinimum: number,
  maxLength: size,
  minLength: size,
  maxItems: size,
  minItems: size,
  maxProperties: size,
  minProperties: size,
  maxContains: size,
  minContains: size,
  uniqueItems: flag,
  deprecated: flag,
  readOnly: flag,
  writeOnly: flag,
  nullable: flag,
  pattern: (value) => (typeof value !== 'string' ? 'a text' : patternError(value)),
  format: text,
  title: text,
  description: text,
  contentEncoding: text,
  contentMediaType: text,
  dependentRequired: (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every((list) => names(list) === undefined)
      ? undefined
      : 'lists of names',
  const: anything,
  default: anything,
  example: anything,
  examples: anything,
  externalDocs: anything,
  xml: anything,
  discriminator: anything,
  $comment: anything,
}

/** Of JSON Schema, but with a meaning that reaches beyond the place where it stands. */
const BASES = [
  '$id',
  '$anchor',
  '$dynamicRef',
  '$dynamicAnchor',
  '$recursiveRef',
  '$recursiveAnchor',
  'id',
  '$vocabulary',
]

/** A pattern as JavaScript reads it: strictly if it can be, else as loosely as most documents are written. */
export function regExp(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return new RegExp(pattern)
  }
}

function patternError(pattern: string): string | undefined {
  try {
    regExp(pattern)
    return undefined
  } catch (error) {
    return `a regular expression as JavaScript has it (${(error as Error).message})`
  }
}

/** Judges and rewrites the schemas of one document. */
export class Schemas {
  readonly #pointers: Pointers
  readonly #old: boolean
  /** Every format that it names. */
  readonly formats: Set<string>
  /** Whether what a call and an answer must have differs anywhere. */
  oneSided = false
  #mode: Mode = 'call'

  constructor(pointers: Pointers, version: string, formats: readonly string[] = []) {
    this.#pointers = pointers
    this.formats = new Set(formats)
    this.#old = version.startsWith('3.0')
  }

  /** The parts of the document that hold schemas, for calls or for answers; what needs no change is the document's own. Throws with the place. */
  rewritten(document: any, mode: Mode): SchemaParts {
    this.#mode = mode
    // The rest stays for references that lead there.
    const rest = Object.fromEntries(Object.entries(document).filter(([key]) => /^[a-z]\w*$/i.test(key)))
    return {
      ...rest,
      paths: this.#each(document.paths, 'pathItem', '/paths'),
      components: this.#shape(document.components, 'components', '/components'),
    }
  }

  #shape(node: any, shape: Shape, pointer: string): unknown {
    if (shape === 'schema') return this.#schema(node, pointer, [])
    if (node === undefined) return undefined
    if (typeof node !== 'object' || node === null || Array.isArray(node))
      throw this.#pointers.wrong(pointer, 'is not an object')
    if (typeof node.$ref === 'string') {
      this.#pointers.follow(pointer)
      return node
    }
    return changed(node, (key, value) => {
      const [inner, how] = Object.hasOwn(INSIDE[shape], key) ? INSIDE[shape][key]! : []
      if (inner === undefined) return value
      const place = `${pointer}/${escape(key)}`
      return how === 'each' ? this.#each(value, inner, place) : this.#shape(value, inner, place)
    })
  }

  #each(node: any, shape: Shape, pointer: string): unknown {
    if (Array.isArray(node)) return changed(node, (index, value) => this.#shape(value, shape, `${pointer}/${index}`))
    if (typeof node !== 'object' || node === null) throw this.#pointers.wrong(pointer, 'is not an object')
    return changed(node, (key, value) =>
      key.startsWith('x-') && (shape === 'pathItem' || shape === 'response')
        ? value
        : this.#shape(value, shape, `${pointer}/${escape(key)}`),
    )
  }

  /** `elsewhere`: the names that an allOf around it leaves to the other side. */
  #schema(node: any, pointer: string, elsewhere: readonly string[]): unknown {
    if (typeof node === 'boolean') return node
    if (typeof node !== 'object' || node === null || Array.isArray(node))
      throw this.#pointers.wrong(
        pointer,
        `is not a schema${Array.isArray(node) ? ': a schema for each place is written in prefixItems' : ''}`,
      )
    if (node.$ref !== undefined) this.#reference(node.$ref, pointer)
    // What stands beside a reference is ignored in 3.0.
    if (this.#old && node.$ref !== undefined) return Object.keys(node).length === 1 ? node : { $ref: node.$ref }

    const others = [...elsewhere, ...this.#onesided(node, pointer)]
    const rewritten = changed(node, (key, value) => {
      const place = `${pointer}/${escape(key)}`
      if (key.startsWith('x-') || key === '$schema') return undefined
      if (ONE.includes(key)) return this.#schema(value, place, [])
      if (LIST.includes(key)) return this.#list(value, place, key === 'allOf' ? others : [])
      if (MAP.includes(key)) return this.#map(value, place, key)
      if (key === '$ref') return value
      this.#keyword(key, value, pointer)
      if (key === 'required' && others.length > 0 && value.some((name: string) => others.includes(name)))
        return this.#lessRequired(value, others)
      return value
    })
    return inNewWords(rewritten)
  }

  #reference(ref: unknown, pointer: string): void {
    if (typeof ref !== 'string') throw this.#pointers.wrong(pointer, 'has a $ref that is not text')
    this.#pointers.target(ref, pointer)
  }

  #list(value: unknown, pointer: string, elsewhere: readonly string[]): unknown {
    if (!Array.isArray(value) || value.length === 0)
      throw this.#pointers.wrong(pointer, 'is not a list of at least one schema')
    return changed(value, (index, one) => this.#schema(one, `${pointer}/${index}`, elsewhere))
  }

  #map(value: any, pointer: string, keyword: string): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.#pointers.wrong(pointer, 'is not an object')
    return changed(value, (name, one) => {
      const wrong = keyword === 'patternProperties' ? patternError(name) : undefined
      if (wrong !== undefined) throw this.#pointers.wrong(`${pointer}/${escape(name)}`, `is not ${wrong}`)
      return this.#schema(one, `${pointer}/${escape(name)}`, [])
    })
  }

  #keyword(key: string, value: any, pointer: string): void {
    const place = `${pointer}/${escape(key)}`
    if (BASES.includes(key))
      throw this.#pointers.wrong(
        place,
        'is not supported: refer to schemas by pointers such as "#/components/schemas/Name"',
      )
    if (this.#old && (key === 'exclusiveMinimum' || key === 'exclusiveMaximum') && typeof value === 'boolean') return
    const expected = Object.hasOwn(EXPECTED, key) ? EXPECTED[key]! : undefined
    if (!expected)
      throw this.#pointers.wrong(
        place,
        `is not a keyword of a schema in OpenAPI ${this.#old ? '3.0' : '3.1'}; an extension begins with x-`,
      )
    const wrong = expected(value)
    if (wrong !== undefined) throw this.#pointers.wrong(place, `is ${JSON.stringify(value)}; expected ${wrong}`)
    if (key === 'format') this.formats.add(value)
  }

  #lessRequired(required: readonly string[], others: readonly string[]): readonly string[] | undefined {
    const left = required.filter((name) => !others.includes(name))
    return left.length === 0 ? undefined : left
  }

  /** The members that only the other side has. */
  #onesided(node: any, pointer: string, depth = 0): string[] {
    const found: string[] = []
    for (const [name, member] of Object.entries<any>(node.properties ?? {})) {
      const at =
        typeof member?.$ref === 'string'
          ? this.#pointers.at(this.#pointers.follow(`${pointer}/properties/${escape(name)}`))
          : member
      if (at?.readOnly !== true && at?.writeOnly !== true) continue
      this.oneSided = true
      if (this.#mode === 'call' ? at.readOnly === true : at.writeOnly === true) found.push(name)
    }
    for (const index of depth < 8 && Array.isArray(node.allOf) ? node.allOf.keys() : []) {
      const part = this.#pointers.follow(`${pointer}/allOf/${index}`)
      const schema = this.#pointers.at(part)
      if (typeof schema === 'object' && schema !== null) found.push(...this.#onesided(schema, part, depth + 1))
    }
    return found
  }
}

/** 3.0's own words in those of 3.1, where some go on writing `nullable`. */
function inNewWords(schema: any): unknown {
  if (
    schema.nullable === undefined &&
    typeof schema.exclusiveMinimum !== 'boolean' &&
    typeof schema.exclusiveMaximum !== 'boolean'
  )
    return schema
  const { nullable, ...rest } = schema
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof rest[exclusive] !== 'boolean') continue
    const limit = rest[exclusive] ? rest[bound] : undefined
    delete rest[exclusive]
    if (limit === undefined) continue
    rest[exclusive] = limit
    delete rest[bound]
  }
  if (nullable !== true) return rest
  if (rest.type === undefined) return { anyOf: [{ type: 'null' }, rest] }
  return {
    ...rest,
    type: [rest.type, 'null'].flat(),
    ...(rest.enum && !rest.enum.includes(null) && { enum: [...rest.enum, null] }),
  }
}

/** The same object or list where nothing in it changes; what becomes undefined is left out. */
function changed(node: any, change: (key: string, value: any) => unknown): unknown {
  let copy: any
  for (const key of Object.keys(node)) {
    const after = change(key, node[key])
    if (after === node[key]) continue
    copy ??= Array.isArray(node) ? [...node] : { ...node }
    if (after === undefined) delete copy[key]
    else copy[key] = after
  }
  return copy ?? node
}
