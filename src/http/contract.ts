// One OpenAPI document, compiled once: which operation a request means, what is wrong with the call, what is wrong with the answer.
// Ajv judges (as it does inside Prism); what a verdict sounds like is the provider's affair.
import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import findMyWay from 'find-my-way'
import type { Content, Problem } from '../provider.ts'
import { readDocument } from './documents.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'] as const

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly type: string | undefined
  readonly pointer: string
}

export interface ContractOperation {
  readonly id: string
  readonly method: string
  /** The template under the base path: `/v1/deposit-requests/{request_id}`. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: { readonly required: boolean; readonly pointer: string } | undefined
  /** Where its responses stand in the document. */
  readonly pointer: string
}

export interface Match {
  readonly operation: ContractOperation
  readonly params: Readonly<Record<string, string>>
}

/** What a call brings for judgement. */
export interface Judged {
  readonly params: Readonly<Record<string, string>>
  readonly query: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly content: Content
}

/** What the document says of one answer. */
interface Response {
  /** Where the schema stands, by media type, undefined where anything goes; undefined: there is no body. */
  readonly schemas: ReadonlyMap<string, string | undefined> | undefined
}

export class Contract {
  readonly name: string
  readonly file: string
  readonly document: any
  /** Where the provider's own paths begin: `/connect/v1`, or the empty string. */
  readonly basePath: string
  readonly operations: readonly ContractOperation[]
  readonly #router = findMyWay({ maxParamLength: 16_384 })
  readonly #validators = new Map<string, ValidateFunction>()
  /** Where the schemas of each answer stand, by operation and status; looked up once. */
  readonly #responses = new Map<ContractOperation, Map<number, Response | undefined>>()
  #ajv: Ajv2020 | undefined

  /** Reads `specs/<name>.yaml`. Throws with the file and the place when the document cannot be honoured. */
  constructor(name: string, file: string) {
    this.name = name
    this.file = file
    this.document = readDocument(file)
    this.basePath = new URL(this.document.servers?.[0]?.url ?? '/', 'http://any').pathname.replace(/\/$/, '')
    this.operations = this.#readOperations()
    for (const operation of this.operations) {
      const path = this.basePath + operation.path.replace(/\{(\w+)\}/g, ':$1')
      this.#router.on(operation.method as 'GET', path, () => undefined, operation)
    }
  }

  /** The document as it stands in the file. */
  get text(): string {
    return readFileSync(this.file, 'utf8')
  }

  /** The operation that this method and path mean; the path as sent, with the base path. */
  match(method: string, path: string): Match | undefined {
    if (!(METHODS as readonly string[]).includes(method)) return undefined
    const found = this.#router.find(method as 'GET', path)
    return found?.store ? { operation: found.store as ContractOperation, params: found.params as Record<string, string> } : undefined
  }

  /** Whether the body may be YAML. */
  takesYaml(operation: ContractOperation): boolean {
    return this.#at(this.#follow(`${operation.pointer}/requestBody`))?.content?.['application/yaml'] !== undefined
  }

  /** The methods that this path has. */
  allowed(path: string): string[] {
    return METHODS.filter((method) => this.match(method, path))
  }

  /** Query values by name, converted to the types the document names where the text allows it. */
  queryValues(operation: ContractOperation, query: string | undefined): Record<string, unknown> {
    const values: Record<string, unknown> = {}
    if (!query) return values
    const sent = new URLSearchParams(query)
    for (const parameter of operation.parameters) {
      if (parameter.in !== 'query' || !sent.has(parameter.name)) continue
      const all = sent.getAll(parameter.name)
      values[parameter.name] = parameter.type === 'array' ? all : convert(all.at(-1)!, parameter.type)
    }
    return values
  }

  /** Everything that is wrong with a call: path, query and header values first, then the body. */
  judgeCall(operation: ContractOperation, call: Judged): Problem[] {
    const query = this.queryValues(operation, call.query)
    const problems: Problem[] = []
    for (const parameter of operation.parameters) {
      const value =
        parameter.in === 'query' ? query[parameter.name]
        : parameter.in === 'path' ? convert(call.params[parameter.name]!, parameter.type)
        : call.headers[parameter.name.toLowerCase()]
      if (value !== undefined) problems.push(...this.#judge(parameter.pointer, value, parameter.in, [parameter.name]))
      else if (parameter.required) problems.push(missing(parameter.in, parameter.name))
    }
    return problems.concat(this.#judgeBody(operation, call.content))
  }

  /** Everything that is wrong with an answer, as sentences; none when it is on contract. */
  judgeAnswer(operation: ContractOperation, status: number, mediaType: string | undefined, body: unknown): string[] {
    const response = this.#response(operation, status)
    if (!response) return [`${operation.id} documents no answer ${status}`]
    const { schemas } = response
    if (body === undefined) return schemas ? [`${operation.id} ${status} should have a body`] : []
    if (!schemas) return [`${operation.id} ${status} should have no body`]
    if (!mediaType || !schemas.has(mediaType)) return [`${operation.id} ${status} documents no ${mediaType}`]
    const schema = schemas.get(mediaType)
    if (schema === undefined) return []
    const problems = this.#judge(schema, body, 'body', [])
    return problems.map((problem) => `${operation.id} ${status}: /${problem.at.join('/')} ${problem.message}`)
  }

  #response(operation: ContractOperation, status: number): Response | undefined {
    let known = this.#responses.get(operation)
    if (!known) this.#responses.set(operation, (known = new Map()))
    if (!known.has(status)) known.set(status, this.#readResponse(operation, status))
    return known.get(status)
  }

  #readResponse(operation: ContractOperation, status: number): Response | undefined {
    const { responses } = this.#at(operation.pointer)
    const key = [String(status), 'default'].find((code) => code in responses)
    if (key === undefined) return undefined
    const pointer = this.#follow(`${operation.pointer}/responses/${key}`)
    const { content } = this.#at(pointer)
    const schemas = content && new Map(Object.entries<any>(content).map(([type, { schema }]) => [type, schema && `${pointer}/content/${escape(type)}/schema`]))
    return { schemas }
  }

  /**
   * The response that stands for this status: the status itself where it is documented, else the first success. Its schema has its references
   * written out, for generators that cannot follow them.
   */
  responseOf(operation: ContractOperation, status: number): { status: number; mediaType: string | undefined; schema: object | undefined } {
    const responses = this.#at(operation.pointer).responses
    const key = String(status) in responses ? String(status) : Object.keys(responses).find((code) => code.startsWith('2'))!
    const [mediaType, media] = Object.entries<any>(this.#at(this.#follow(`${operation.pointer}/responses/${key}`)).content ?? {})[0] ?? []
    return { status: Number(key), mediaType, schema: media?.schema && this.#writtenOut(media.schema) }
  }

  /** Compiles everything there is; throws where the document says something that cannot be honoured. */
  compileAll(): void {
    for (const operation of this.operations) {
      for (const parameter of operation.parameters) this.#validator(parameter.pointer)
      if (operation.body) this.#validator(operation.body.pointer)
      for (const status of Object.keys(this.#at(operation.pointer).responses)) {
        const pointer = this.#follow(`${operation.pointer}/responses/${status}`)
        for (const [mediaType, media] of Object.entries<any>(this.#at(pointer).content ?? {})) {
          if (media.schema) this.#validator(`${pointer}/content/${escape(mediaType)}/schema`)
        }
      }
    }
  }

  #judgeBody(operation: ContractOperation, content: Content): Problem[] {
    if (!operation.body) return []
    switch (content.kind) {
      case 'none':
        return operation.body.required ? [{ ...missing('body', ''), at: [], params: {} }] : []
      case 'json':
        return this.#judge(operation.body.pointer, content.value, 'body', [])
      case 'broken':
        return [{ in: 'body', at: [], keyword: 'syntax', params: { offset: content.offset }, message: content.reason, value: undefined }]
      case 'not-utf8':
        return [{ in: 'body', at: [], keyword: 'utf8', params: {}, message: 'is not valid UTF-8', value: undefined }]
      case 'other-type':
        return [{ in: 'body', at: [], keyword: 'mediaType', params: { mediaType: content.mediaType }, message: 'is not JSON', value: undefined }]
    }
  }

  #judge(pointer: string, value: unknown, where: Problem['in'], at: (string | number)[]): Problem[] {
    const validate = this.#validator(pointer)
    if (validate(value)) return []
    const errors = validate.errors!
    // The branches of an anyOf that did not fit are told by the anyOf itself.
    const choices = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf')
    return errors
      .filter((error) => !choices.some((choice) => choice !== error && error.instancePath.startsWith(choice.instancePath)))
      .map((error) => problem(error, where, at))
  }

  #validator(pointer: string): ValidateFunction {
    let validate = this.#validators.get(pointer)
    if (!validate) {
      this.#ajv ??= this.#createAjv()
      validate = this.#ajv.getSchema(`${this.name}#${encodeURI(pointer)}`)
      if (!validate) throw new Error(`${this.file}: nothing at #${pointer}`)
      this.#validators.set(pointer, validate)
    }
    return validate
  }

  #createAjv(): Ajv2020 {
    const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, strictRequired: false, validateSchema: false })
    ajv.addVocabulary(['example', 'externalDocs', 'xml', 'discriminator'])
    // To find a schema in it, Ajv compiles the document around it: as annotations, its parts cost nothing.
    ajv.addVocabulary(Object.keys(this.document))
    ;((addFormats as any).default ?? addFormats)(ajv)
    ajv.addSchema(this.document, this.name, undefined, false)
    return ajv
  }

  #readOperations(): ContractOperation[] {
    const operations: ContractOperation[] = []
    for (const [path, item] of Object.entries<any>(this.document.paths ?? {})) {
      for (const method of METHODS) {
        const operation = item[method.toLowerCase()]
        if (!operation) continue
        if (!operation.operationId) throw new Error(`${this.file}: ${method} ${path} has no operationId`)
        const pointer = `/paths/${escape(path)}/${method.toLowerCase()}`
        operations.push({
          id: operation.operationId,
          method,
          path,
          pointer,
          parameters: [
            ...this.#readParameters(`/paths/${escape(path)}/parameters`, item.parameters),
            ...this.#readParameters(`${pointer}/parameters`, operation.parameters),
          ],
          body: this.#readBody(`${pointer}/requestBody`, operation.requestBody),
        })
      }
    }
    return operations
  }

  #readParameters(pointer: string, parameters: readonly unknown[] = []): Parameter[] {
    return parameters.map((_, index) => {
      const at = this.#follow(`${pointer}/${index}`)
      const parameter = this.#at(at)
      const schema = this.#at(this.#follow(`${at}/schema`))
      const type = Array.isArray(schema.type) ? schema.type.find((name: string) => name !== 'null') : schema.type
      return { name: parameter.name, in: parameter.in, required: parameter.required === true, type, pointer: `${at}/schema` }
    })
  }

  #readBody(pointer: string, body: unknown): ContractOperation['body'] {
    if (!body) return undefined
    const at = this.#follow(pointer)
    // Where YAML will do, whoever reads it judges it: they can say on which line.
    if (this.#at(at).content?.['application/yaml']) return undefined
    if (!this.#at(at).content?.['application/json']?.schema) throw new Error(`${this.file}: #${at} has no application/json schema`)
    return { required: this.#at(at).required === true, pointer: `${at}/content/application~1json/schema` }
  }

  /** Goes through `$ref`s to where the thing itself stands. */
  #follow(pointer: string): string {
    const ref = this.#at(pointer)?.$ref
    return ref === undefined ? pointer : this.#follow(ref.replace(/^#/, ''))
  }

  #writtenOut(node: any): any {
    if (Array.isArray(node)) return node.map((item) => this.#writtenOut(item))
    if (typeof node !== 'object' || node === null) return node
    if (typeof node.$ref === 'string') return this.#writtenOut(this.#at(node.$ref.replace(/^#/, '')))
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, this.#writtenOut(value)]))
  }

  #at(pointer: string): any {
    let node = this.document
    for (const part of pointer.split('/').slice(1)) node = node?.[part.replaceAll('~1', '/').replaceAll('~0', '~')]
    return node
  }
}

function escape(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1')
}

function missing(where: Problem['in'], name: string): Problem {
  return { in: where, at: [name], keyword: 'required', params: { missingProperty: name }, message: 'is required', value: undefined }
}

function problem(error: ErrorObject, where: Problem['in'], at: (string | number)[]): Problem {
  const path = error.instancePath.split('/').slice(1).map((part) => {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    return /^\d+$/.test(name) ? Number(name) : name
  })
  return { in: where, at: [...at, ...path], keyword: error.keyword, params: error.params, message: error.message ?? error.keyword, value: error.data }
}

/** Text of a path or a query as the type the document names; left as text where it does not fit, for the schema to refuse. */
function convert(text: string, type: string | undefined): unknown {
  // However many digits: a whole number that is too large for a double is still one.
  if (type === 'integer' && /^-?\d+$/.test(text)) return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, Number(text)))
  if (type === 'number' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
