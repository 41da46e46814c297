// The operations of an OpenAPI document: read once, with their parameters, bodies and paths, and refused with the place where they cannot be honoured.
import { type Medium, readMedia } from './media.ts'
import { type Parameter, readParameters } from './parameters.ts'
import { METHODS, type Paths } from './paths.ts'
import { escape, type Pointers } from './pointers.ts'

export interface ContractOperation {
  readonly id: string
  readonly method: string
  /** Where the path begins: the document's own base path unless the operation, or its path, has another one. */
  readonly base: string
  /** The template under the base path: `/v1/deposit-requests/{request_id}`. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  /** `json`: what a body is held against that is read as JSON. */
  readonly body:
    | { readonly required: boolean; readonly media: ReadonlyMap<string, Medium>; readonly json: Medium | undefined }
    | undefined
  /** Where its responses stand in the document. */
  readonly pointer: string
}

/** What is read, and where the operations' paths go. */
interface Reading {
  readonly document: any
  readonly file: string
  readonly pointers: Pointers
  readonly paths: Paths<ContractOperation>
}

/** Every operation of the document, each also added to `paths`, with its base path. Throws with the place of what cannot be honoured. */
export function readOperations(reading: Reading): ContractOperation[] {
  const { document, pointers } = reading
  const operations: ContractOperation[] = []
  const ids = new Map<string, string>()
  for (const [path, written] of Object.entries<any>(document.paths)) {
    if (path.startsWith('x-')) continue
    const place = `/paths/${escape(path)}`
    if (!path.startsWith('/')) throw pointers.wrong(place, 'does not begin with a slash')
    const item = pointers.follow(place)
    if (item !== place && Object.keys(written).some((key) => !['$ref', 'summary', 'description'].includes(key)))
      throw pointers.wrong(place, 'has a $ref and more beside it; only one of them can count')
    for (const key of Object.keys(pointers.at(item))) {
      const method = METHODS.find((one) => one.toLowerCase() === key)
      if (method) operations.push(readOperation(method, path, item, ids, reading))
      else if (!['summary', 'description', 'servers', 'parameters', '$ref'].includes(key) && !key.startsWith('x-'))
        throw pointers.wrong(
          `${item}/${escape(key)}`,
          `is not a part of a path; methods are written ${METHODS.join(', ').toLowerCase()}`,
        )
    }
  }
  return operations
}

function readOperation(
  method: string,
  path: string,
  item: string,
  ids: Map<string, string>,
  { document, file, pointers, paths }: Reading,
): ContractOperation {
  const pointer = `${item}/${method.toLowerCase()}`
  const { operationId: id, parameters, requestBody, responses, servers } = pointers.at(pointer)
  if (typeof id !== 'string' || id === '') throw new Error(`${file}: ${method} ${path} has no operationId`)
  if (ids.has(id)) throw pointers.wrong(`${pointer}/operationId`, `is ${id}, and so is that of ${ids.get(id)}`)
  ids.set(id, `${method} ${path}`)
  if (
    typeof responses !== 'object' ||
    responses === null ||
    !Object.keys(responses).some((code) => /^([1-5](\d\d|XX)|default)$/.test(code))
  )
    throw pointers.wrong(`${pointer}/responses`, 'has no response: expected a status, 2XX or default')
  const bases = basePaths(pointer, servers, pointers) ??
    basePaths(item, pointers.at(item).servers, pointers) ??
    basePaths('', document.servers, pointers) ?? ['']
  const operation: ContractOperation = {
    id,
    method,
    base: bases[0]!,
    path,
    pointer,
    parameters: readParameters(
      [
        [`${item}/parameters`, pointers.at(item).parameters],
        [`${pointer}/parameters`, parameters],
      ],
      pointers,
    ),
    body: readBody(`${pointer}/requestBody`, requestBody, pointers),
  }
  const named = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name!)
  const declared = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
  for (const name of named)
    if (!declared.includes(name))
      throw pointers.wrong(pointer, `declares no parameter "${name}" in path, which ${path} has`)
  for (const name of declared)
    if (!named.includes(name))
      throw pointers.wrong(pointer, `declares a parameter "${name}" in path, which ${path} does not have`)
  for (const base of bases) {
    try {
      paths.add(method, base + path, operation)
    } catch (error) {
      throw pointers.wrong(pointer, (error as Error).message)
    }
  }
  return operation
}

function readBody(pointer: string, body: unknown, pointers: Pointers): ContractOperation['body'] {
  if (!body) return undefined
  const at = pointers.follow(pointer)
  const { content, required } = pointers.at(at)
  // Where YAML will do, whoever reads it judges it: they can say on which line.
  if (content?.['application/yaml']) return undefined
  const media = readMedia(`${at}/content`, content, pointers)
  return { required: required === true, media, json: [...media.values()].find(({ kind }) => kind === 'json') }
}

/** Where the paths begin, for each server once; undefined: no servers are named there. */
export function basePaths(pointer: string, servers: any, pointers: Pointers): string[] | undefined {
  if (servers === undefined || servers === null) return undefined
  if (!Array.isArray(servers)) throw pointers.wrong(`${pointer}/servers`, 'is not a list')
  const bases = servers.map((server, index) => {
    const place = `${pointer}/servers/${index}`
    const url = String(server?.url ?? '').replace(/\{([^{}]*)\}/g, (_, name: string) => {
      const value = server.variables?.[name]?.default
      if (value === undefined)
        throw pointers.wrong(`${place}/url`, `has {${name}}, and variables.${name} has no default`)
      return String(value)
    })
    if (!URL.canParse(url || '/', 'http://any')) throw pointers.wrong(`${place}/url`, `is ${url}, which is not a URL`)
    return new URL(url || '/', 'http://any').pathname.replace(/\/$/, '')
  })
  return bases.length === 0 ? undefined : [...new Set(bases)]
}
