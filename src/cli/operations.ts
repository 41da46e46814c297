// The operations of the control API as its own document has them: which fields each takes, from where, and what a text of the command line becomes.
import { readDocument } from '../contract/documents.ts'
import { Pointers } from '../contract/pointers.ts'
import { UsageError } from '../engine/errors.ts'
import { inPackage } from '../runtime/package.ts'
import { givenBytes } from './given.ts'
import { jsonOf } from './where.ts'

export interface Field {
  readonly name: string
  readonly place: 'path' | 'query' | 'header' | 'body'
  readonly required: boolean
  readonly description: string
  /** What it may be, as OpenAPI names it; empty: anything. */
  readonly types: readonly string[]
  /** The texts it may be; undefined: any text. */
  readonly choices: readonly string[] | undefined
  /** What a text has to look like, where it may be a number as well. */
  readonly pattern: string | undefined
  /** A list of texts, which may be given one by one. */
  readonly repeats: boolean
}

export interface Operation {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly fields: readonly Field[]
  /** The media types of its body, the preferred one first; empty: it takes none. */
  readonly bodyTypes: readonly string[]
  readonly bodyRequired: boolean
  /** Its answer never ends. */
  readonly streams: boolean
  /** What its answer without a body means, by status. */
  readonly meanings: Readonly<Record<string, string>>
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch']
const PLACES: readonly string[] = ['path', 'query', 'header']
const YAML = 'application/yaml'
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/
const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'an object',
}

/** All operations, in the order of the document. */
export function readControlOperations(): Operation[] {
  const file = inPackage('specs/sandgate.yaml')
  const { document } = readDocument(file)
  const pointers = new Pointers(document, file)
  const resolved = (node: any): any =>
    typeof node?.$ref === 'string' ? pointers.at(pointers.follow(node.$ref.slice(1))) : node
  return Object.entries<any>(document.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((name) => METHODS.includes(name))
      .map((method) =>
        operationOf(
          method,
          path,
          item[method],
          [item.parameters, item[method].parameters].flatMap((list) => list ?? []),
          resolved,
        ),
      ),
  )
}

function operationOf(
  method: string,
  path: string,
  written: any,
  parameters: readonly any[],
  resolved: (node: any) => any,
): Operation {
  const content = resolved(written.requestBody)?.content ?? {}
  const body = resolved(Object.values<any>(content)[0]?.schema)
  const responses = Object.entries<any>(written.responses).map(([status, response]) => [status, resolved(response)])
  return {
    id: written.operationId,
    method: method.toUpperCase(),
    path,
    summary: written.summary,
    fields: [
      ...parameters
        .map(resolved)
        .filter((parameter) => PLACES.includes(parameter.in))
        .map(({ name, in: place, required, description, schema }) =>
          fieldOf(name, place, required === true, resolved(schema), description),
        ),
      ...Object.entries<any>(body?.properties ?? {}).map(([name, schema]) =>
        fieldOf(name, 'body', (body.required ?? []).includes(name), resolved(schema), schema.description),
      ),
    ],
    bodyTypes: Object.keys(content),
    bodyRequired: resolved(written.requestBody)?.required === true,
    streams: responses.some(([, response]) => Object.hasOwn(response.content ?? {}, 'text/event-stream')),
    meanings: Object.fromEntries(
      responses.filter(([, response]) => !response.content).map(([status, { description }]) => [status, description]),
    ),
  }
}

function fieldOf(name: string, place: Field['place'], required: boolean, schema: any, said: string | undefined): Field {
  const types = [schema?.type ?? []].flat()
  const choices = schema?.enum ?? (schema?.const === undefined ? undefined : [schema.const])
  return {
    name,
    place,
    required,
    description: said ?? schema?.description ?? '',
    types,
    choices: choices?.every((choice: unknown) => typeof choice === 'string') ? choices : undefined,
    pattern: schema?.pattern,
    repeats: types.length === 1 && types[0] === 'array' && [schema.items?.type].flat().includes('string'),
  }
}

/** What stands for the value in a list of flags. */
export function valueName({ types, repeats }: Field): string {
  if (repeats) return 'text'
  if (types.includes('string')) return 'text'
  if (types.some((type) => type === 'integer' || type === 'number')) return 'number'
  return types.includes('boolean') ? 'true|false' : 'json'
}

/** The JSON of a field of a body, with every digit of a number. What it may be beyond its type is left to the sandbox, whose sentences are better. */
export async function jsonOfField(field: Field, text: string): Promise<string> {
  const { name, types, pattern } = field
  if (types.includes('null') && text === 'null') return 'null'
  const numeric = types.some((type) => type === 'integer' || type === 'number') && JSON_NUMBER.test(text)
  if (types.includes('string')) {
    const isText = pattern === undefined || new RegExp(pattern, 'u').test(text)
    return numeric && !isText ? text : JSON.stringify(text)
  }
  if (numeric) return text
  const given = (await givenBytes(text, `--${name}`)).toString('utf8')
  const value = jsonOf(given)
  // A field without one type may be a text as well, such as YAML.
  if (types.length === 0) return value === undefined ? JSON.stringify(given) : given
  if (value !== undefined && types.includes(typeOf(value))) return given
  const expected = types.map((type) => TYPE_NAMES[type] ?? type).join(' or ')
  throw new UsageError(`--${name}: expected ${expected} as JSON, got ${JSON.stringify(given.slice(0, 80))}`)
}

/** The media type of a body: one that may be YAML is, unless it is JSON. */
export function bodyType({ bodyTypes }: Operation, body: Buffer): string {
  return bodyTypes.includes(YAML) && jsonOf(body.toString('utf8')) === undefined ? YAML : 'application/json'
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
