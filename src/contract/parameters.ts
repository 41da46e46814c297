// Parameters of an operation: how the text of a path, a query, a header or a cookie becomes the value that the document describes. Whether the value is
// legal is left to contract.ts.
import { Pointers } from './pointers.ts'

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header' | 'cookie'
  readonly required: boolean
  readonly type: string | undefined
  /** Where its schema stands. */
  readonly pointer: string
  /** How it is written; undefined: as plain text, or a query value once for each item. */
  readonly form: Form | undefined
}

interface Form {
  readonly kind: 'array' | 'object' | 'json'
  readonly style: 'simple' | 'form' | 'spaceDelimited' | 'pipeDelimited' | 'deepObject'
  readonly explode: boolean
  /** Of an array's items. */
  readonly items: string | undefined
  /** The types of an object's members. */
  readonly members: Readonly<Record<string, string | undefined>>
}

/** What a call brings beside its body. */
export interface Sent {
  readonly params: Readonly<Record<string, string>>
  readonly query: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

const JSON_TEXT: Form = { kind: 'json', style: 'simple', explode: false, items: undefined, members: {} }

const STYLES: Readonly<Record<Parameter['in'], readonly string[]>> = {
  path: ['simple'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
}

/** Headers that OpenAPI describes elsewhere: as parameters they are ignored. */
const ELSEWHERE = ['accept', 'content-type', 'authorization']

/** The parameters of a path and of an operation of it, which may replace the path's by name. */
export function readParameters(
  lists: readonly (readonly [pointer: string, list: unknown])[],
  pointers: Pointers,
): Parameter[] {
  const all = new Map<string, Parameter>()
  for (const [pointer, list] of lists) {
    if (list === undefined) continue
    if (!Array.isArray(list)) throw pointers.wrong(pointer, 'is not a list of parameters')
    const own = new Set<string>()
    for (const index of list.keys()) {
      const parameter = readParameter(`${pointer}/${index}`, pointers)
      const key = `${parameter.in} ${parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name}`
      if (own.has(key))
        throw pointers.wrong(`${pointer}/${index}`, `is the second parameter ${parameter.name} in ${parameter.in}`)
      own.add(key)
      if (parameter.in !== 'header' || !ELSEWHERE.includes(parameter.name.toLowerCase())) all.set(key, parameter)
    }
  }
  return [...all.values()]
}

function readParameter(place: string, pointers: Pointers): Parameter {
  const at = pointers.follow(place)
  const parameter = pointers.at(at)
  const { name, in: where, required } = typeof parameter === 'object' && parameter !== null ? parameter : ({} as any)
  if (typeof name !== 'string' || name === '') throw pointers.wrong(at, 'is a parameter without a name')
  if (!Object.hasOwn(STYLES, String(where)))
    throw pointers.wrong(at, `is in ${JSON.stringify(where)}; expected path, query, header or cookie`)
  if (where === 'path' && required !== true) throw pointers.wrong(at, 'is in the path, so it must say required: true')
  const { pointer, json } = schemaOf(at, parameter, pointers)
  const { type } = typeOf(pointer, pointers)
  const form = json ? JSON_TEXT : formOf(at, parameter, type, pointer, pointers)
  return { name, in: where, required: required === true, type, pointer, form }
}

function schemaOf(at: string, { schema, content }: any, pointers: Pointers): { pointer: string; json: boolean } {
  if (schema !== undefined) return { pointer: `${at}/schema`, json: false }
  const [mediaType, ...others] = Object.keys(content ?? {})
  if (mediaType === undefined || others.length > 0)
    throw pointers.wrong(at, 'has no schema, and no content of one media type')
  const pointer = `${at}/content/${mediaType.replaceAll('~', '~0').replaceAll('/', '~1')}`
  if (content[mediaType]?.schema === undefined) throw pointers.wrong(pointer, 'has no schema')
  const json = /[/+]json\b/i.test(mediaType)
  if (!json && !/^text\/plain\b/i.test(mediaType))
    throw pointers.wrong(pointer, `is ${mediaType}; only JSON and plain text are read from a parameter`)
  return { pointer: `${pointer}/schema`, json }
}

/** The first type that is not null, also of what is put together by allOf, anyOf or oneOf. */
export function typeOf(pointer: string, pointers: Pointers, depth = 0): { type: string | undefined; at: string } {
  const at = pointers.follow(pointer)
  const schema = pointers.at(at)
  const type = Array.isArray(schema?.type) ? schema.type.find((name: string) => name !== 'null') : schema?.type
  if (type !== undefined || depth > 8) return { type, at }
  for (const part of ['allOf', 'anyOf', 'oneOf']) {
    for (const index of Array.isArray(schema?.[part]) ? schema[part].keys() : []) {
      const found = typeOf(`${at}/${part}/${index}`, pointers, depth + 1)
      if (found.type !== undefined && found.type !== 'null') return found
    }
  }
  return { type, at }
}

function formOf(
  at: string,
  parameter: any,
  type: string | undefined,
  pointer: string,
  pointers: Pointers,
): Form | undefined {
  const where: Parameter['in'] = parameter.in
  const style = parameter.style ?? STYLES[where][0]!
  if (!STYLES[where].includes(style))
    throw pointers.wrong(at, `has the style ${style}; in ${where} only ${STYLES[where].join(', ')} can be read`)
  if (style === 'deepObject' && type !== 'object')
    throw pointers.wrong(at, `has the style deepObject, which is for type: object, and is ${type ?? 'of no type'}`)
  if (type !== 'array' && type !== 'object') return undefined
  const explode = parameter.explode ?? style === 'form'
  const schema = typeOf(pointer, pointers).at
  const { items, properties } = pointers.at(schema)
  const simple = (place: string): string | undefined => {
    const inner = typeOf(place, pointers).type
    if (inner === 'array' || inner === 'object')
      throw pointers.wrong(
        place,
        `is of type ${inner} inside of a parameter with the style ${style}: no style writes that; use content with application/json`,
      )
    return inner
  }
  if (type === 'array')
    return {
      kind: 'array',
      style,
      explode,
      items: items === undefined ? undefined : simple(`${schema}/items`),
      members: {},
    }
  const names = Object.keys(properties ?? {})
  return {
    kind: 'object',
    style,
    explode,
    items: undefined,
    members: Object.fromEntries(
      names.map((name) => [name, simple(`${schema}/properties/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)]),
    ),
  }
}

/** Query values by name, converted to the types the document names where the text allows it. */
export function queryValues(parameters: readonly Parameter[], query: string | undefined): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  if (!query) return values
  const sent = new URLSearchParams(query)
  for (const parameter of parameters) {
    if (parameter.in !== 'query') continue
    const value = parameter.form
      ? queryValue(parameter, parameter.form, sent, query)
      : sent.has(parameter.name)
        ? convert(sent.getAll(parameter.name).at(-1)!, parameter.type)
        : undefined
    if (value !== undefined) values[parameter.name] = value
  }
  return values
}

/** A value that is not in the query. */
export function valueOf({ name, in: where, type, form }: Parameter, { params, headers }: Sent): unknown {
  const text =
    where === 'path' ? params[name] : where === 'header' ? headers[name.toLowerCase()] : cookie(name, headers.cookie)
  if (text === undefined) return undefined
  const one = Array.isArray(text) ? text.join(',') : text
  if (form === undefined) return convert(one, type)
  return form.kind === 'json' ? inJson(one) : listed(one.split(','), form)
}

function queryValue({ name }: Parameter, form: Form, sent: URLSearchParams, query: string): unknown {
  if (form.style === 'deepObject')
    return object(
      [...sent]
        .filter(([key]) => key.startsWith(`${name}[`) && key.endsWith(']'))
        .map(([key, text]) => [key.slice(name.length + 1, -1), text]),
      form,
    )
  if (form.kind === 'object' && form.style === 'form' && form.explode)
    return object(
      [...sent].filter(([key]) => Object.hasOwn(form.members, key)),
      form,
    )
  if (!sent.has(name)) return undefined
  if (form.kind === 'json') return inJson(sent.getAll(name).at(-1)!)
  if (form.explode && form.kind === 'array') return sent.getAll(name).map((text) => convert(text, form.items))
  // A mark between items stands there as it is, one inside of an item is encoded; but a blank and | are always encoded by some.
  const between = form.style === 'spaceDelimited' ? /%20|\+/ : form.style === 'pipeDelimited' ? /\||%7c/i : /,/
  const raw = query.split('&').findLast((pair) => nameOf(pair) === name)!
  const text = raw.includes('=') ? raw.slice(raw.indexOf('=') + 1) : ''
  return listed(
    text.split(between).map((part) => decoded(part)),
    form,
  )
}

function nameOf(pair: string): string {
  return decoded(pair.split('=', 1)[0]!)
}

function decoded(text: string): string {
  return new URLSearchParams(`x=${text}`).get('x') ?? ''
}

/** Items, or names and values in turn. */
function listed(parts: readonly string[], form: Form): unknown {
  if (form.kind === 'array') return parts.map((text) => convert(text, form.items))
  const pairs = form.explode
    ? parts.map((part) => part.split('=', 2))
    : parts.flatMap((name, index) => (index % 2 === 0 ? [[name, parts[index + 1] ?? '']] : []))
  return object(
    pairs.map(([name = '', text = '']) => [name, text] as const),
    form,
  )
}

function object(
  pairs: readonly (readonly [name: string, text: string])[],
  form: Form,
): Record<string, unknown> | undefined {
  if (pairs.length === 0) return undefined
  return Object.fromEntries(
    pairs.map(([name, text]) => [
      name,
      convert(text, Object.hasOwn(form.members, name) ? form.members[name] : undefined),
    ]),
  )
}

function inJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function cookie(name: string, header: string | string[] | undefined): string | undefined {
  const pairs = String(header ?? '')
    .split(';')
    .map((pair) => pair.trim())
  const pair = pairs.find((one) => one.startsWith(`${name}=`))
  return pair === undefined
    ? undefined
    : decoded(
        pair
          .slice(name.length + 1)
          .replaceAll('+', '%2B')
          .replaceAll('&', '%26'),
      )
}

/** Text as the type the document names; left as text where it does not fit, for the schema to refuse. */
export function convert(text: string, type: string | undefined): unknown {
  // However many digits: a whole number that is too large for a double is still one.
  if (type === 'integer' && /^-?\d+$/.test(text))
    return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, Number(text)))
  if (type === 'number' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
