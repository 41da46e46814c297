// One OpenAPI document, compiled once: which operation a request means, what is wrong with the call, what is wrong with the answer.
// Ajv judges (as it does inside Prism); what a verdict sounds like is the provider's affair.
import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Content, Problem } from '../provider.ts'
import { bounded, firstOf, shapeOf, SMALL_BYTES } from './bounds.ts'
import { readDocument } from './documents.ts'
import { expanded } from './expand.ts'
import { bareType, entryFor, readForm } from './media.ts'
import { basePaths, type ContractOperation, readOperations } from './operations.ts'
import { queryValues, valueOf } from './parameters.ts'
import { METHODS, Paths } from './paths.ts'
import type { Shape } from './partial.ts'
import { escape, Pointers } from './pointers.ts'
import { missing, otherType, problem } from './problems.ts'
import { type Mode, regExp, type SchemaParts, Schemas } from './schemas.ts'

export type { ContractOperation }

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
  /** The bytes, for bodies that are not JSON, and to know large ones. */
  readonly body?: Buffer
  /** Where it is written down that not all is told. */
  note?(key: string, value: unknown): void
}

/** What the document says of one answer. */
interface Response {
  /** Where the schema stands, by media type, undefined where anything goes; undefined: there is no body. */
  readonly schemas: ReadonlyMap<string, { readonly schema: string | undefined }> | undefined
}

export class Contract {
  readonly name: string
  readonly file: string
  readonly document: any
  /** Where the provider's own paths begin: `/connect/v1`, or the empty string. */
  readonly basePath: string
  readonly operations: readonly ContractOperation[]
  readonly #pointers: Pointers
  readonly #schemas: Schemas
  readonly #paths = new Paths<ContractOperation>()
  readonly #validators: Readonly<Record<Mode, Map<string, ValidateFunction>>> = { call: new Map(), answer: new Map() }
  /** Where the schemas of each answer stand, by operation and status; looked up once. */
  readonly #shapes = new WeakMap<ContractOperation, { readonly shape: Shape | undefined }>()
  readonly #responses = new Map<ContractOperation, Map<number, Response | undefined>>()
  readonly #parts: Record<Mode, SchemaParts | undefined>
  #ajv: Ajv2020 | undefined

  /** Reads `specs/<name>.yaml`. Throws with the file and the place when the document cannot be honoured. */
  constructor(name: string, file: string) {
    this.name = name
    this.file = file
    const { document, formats } = readDocument(file)
    this.document = document
    this.#pointers = new Pointers(document, file)
    this.#schemas = new Schemas(this.#pointers, document.openapi, formats)
    this.#parts = { call: formats ? document : this.#schemas.rewritten(document, 'call'), answer: undefined }
    this.basePath = basePaths('', this.document.servers, this.#pointers)?.[0] ?? ''
    this.operations = readOperations({ document, file, pointers: this.#pointers, paths: this.#paths })
  }

  /** The document as it stands in the file. */
  get text(): string {
    return readFileSync(this.file, 'utf8')
  }

  /** The operation that this method and path mean; the path as sent, with the base path. */
  match(method: string, path: string): Match | undefined {
    return this.#paths.find(method, path)
  }

  /** Whether the body may be YAML. */
  takesYaml(operation: ContractOperation): boolean {
    return (
      this.#pointers.at(this.#pointers.follow(`${operation.pointer}/requestBody`))?.content?.['application/yaml'] !==
      undefined
    )
  }

  /** What a body of this operation may hold; undefined: it must be read as a whole, because every member counts. */
  shapeOf(operation: ContractOperation): Shape | undefined {
    let known = this.#shapes.get(operation)
    if (!known) this.#shapes.set(operation, (known = { shape: shapeOf(operation.body?.json?.schema, this.#pointers) }))
    return known.shape
  }

  /** The methods that this path has. */
  allowed(path: string): string[] {
    return METHODS.filter((method) => this.match(method, path))
  }

  /** Query values by name, converted to the types the document names where the text allows it. */
  queryValues(operation: ContractOperation, query: string | undefined): Record<string, unknown> {
    return queryValues(operation.parameters, query)
  }

  /** Everything that is wrong with a call: path, query and header values first, then the body. */
  judgeCall(operation: ContractOperation, call: Judged): Problem[] {
    const query = this.queryValues(operation, call.query)
    const problems: Problem[] = []
    for (const parameter of operation.parameters) {
      const value = parameter.in === 'query' ? query[parameter.name] : valueOf(parameter, call)
      const where = parameter.in === 'cookie' ? 'header' : parameter.in
      if (value !== undefined) problems.push(...this.#judge('call', parameter.pointer, value, where, [parameter.name]))
      else if (parameter.required) problems.push(missing(where, parameter.name))
    }
    return problems.concat(this.#judgeBody(operation, call))
  }

  /** Everything that is wrong with an answer, as sentences; none when it is on contract. */
  judgeAnswer(operation: ContractOperation, status: number, mediaType: string | undefined, body: unknown): string[] {
    const response = this.#response(operation, status)
    if (!response) return [`${operation.id} documents no answer ${status}`]
    const { schemas } = response
    if (operation.method === 'HEAD') return []
    if (body === undefined) return schemas ? [`${operation.id} ${status} should have a body`] : []
    if (!schemas) return [`${operation.id} ${status} should have no body`]
    const entry = mediaType === undefined ? undefined : (schemas.get(mediaType) ?? entryFor(schemas, mediaType))
    if (!entry) return [`${operation.id} ${status} documents no ${mediaType}`]
    if (entry.schema === undefined) return []
    const problems = this.#judge('answer', entry.schema, body, 'body', [])
    return problems.map((problem) => `${operation.id} ${status}: /${problem.at.join('/')} ${problem.message}`)
  }

  #response(operation: ContractOperation, status: number): Response | undefined {
    let known = this.#responses.get(operation)
    if (!known) this.#responses.set(operation, (known = new Map()))
    if (!known.has(status)) known.set(status, this.#readResponse(operation, status))
    return known.get(status)
  }

  #readResponse(operation: ContractOperation, status: number): Response | undefined {
    const responses = this.#pointers.at(`${operation.pointer}/responses`)
    const key = keyFor(responses, status)
    if (key === undefined) return undefined
    const pointer = this.#pointers.follow(`${operation.pointer}/responses/${key}`)
    const content = Object.entries<any>(this.#pointers.at(pointer).content ?? {})
    if (content.length === 0) return { schemas: undefined }
    return {
      schemas: new Map(
        content.map(([type, media]) => [
          bareType(type),
          { schema: media.schema === undefined ? undefined : `${pointer}/content/${escape(type)}/schema` },
        ]),
      ),
    }
  }

  /**
   * The response that stands for this status: the status itself where it is documented, else the first success. Its schema has its references
   * written out, for generators that cannot follow them.
   */
  responseOf(
    operation: ContractOperation,
    status: number,
  ): { status: number; mediaType: string | undefined; schema: object | undefined } {
    const responses = this.#pointers.at(`${operation.pointer}/responses`)
    const documented = keyFor(responses, status)
    const key =
      documented !== undefined && documented !== 'default'
        ? documented
        : (Object.keys(responses).find((code) => code.startsWith('2')) ?? documented ?? Object.keys(responses)[0]!)
    const pointer = this.#pointers.follow(`${operation.pointer}/responses/${key}`)
    const [mediaType] = Object.keys(this.#pointers.at(pointer).content ?? {})
    const place = mediaType === undefined ? undefined : `${pointer}/content/${escape(mediaType)}/schema`
    const code = /^\d+$/.test(key)
      ? Number(key)
      : keyFor({ [key]: true }, status) !== undefined
        ? status
        : Number(key.slice(0, 1)) * 100
    return {
      status: code,
      mediaType,
      schema:
        place === undefined || this.#pointers.at(place) === undefined
          ? undefined
          : expanded(this.#partsFor('answer'), place),
    }
  }

  /** Compiles everything there is; throws where the document says something that cannot be honoured. */
  compileAll(): void {
    for (const operation of this.operations) {
      for (const parameter of operation.parameters) this.#validator('call', parameter.pointer)
      for (const { schema } of operation.body?.media.values() ?? [])
        if (schema !== undefined) this.#validator('call', schema)
      for (const key of Object.keys(this.#pointers.at(`${operation.pointer}/responses`))) {
        if (key.startsWith('x-')) continue
        const pointer = this.#pointers.follow(`${operation.pointer}/responses/${key}`)
        for (const [mediaType, media] of Object.entries<any>(this.#pointers.at(pointer).content ?? {})) {
          if (media.schema !== undefined) this.#validator('answer', `${pointer}/content/${escape(mediaType)}/schema`)
        }
      }
    }
  }

  #judgeBody({ body }: ContractOperation, call: Judged): Problem[] {
    const { content, headers, body: bytes } = call
    if (!body) return []
    const type = headers['content-type'] as string | undefined
    const named = body.media.size > 1 || content.kind === 'other-type' ? entryFor(body.media, type ?? '') : undefined
    // What a provider reads as JSON is held against the JSON there is, whatever it was called.
    const json = named?.kind === 'json' ? named : body.json
    switch (content.kind) {
      case 'none':
        return body.required ? [{ ...missing('body', ''), at: [], params: {} }] : []
      case 'json':
        return json ? this.#judgeJson(json.schema, content.value, call) : [otherType(type, body.media)]
      case 'broken':
        return json
          ? [
              {
                in: 'body',
                at: [],
                keyword: 'syntax',
                params: { offset: content.offset },
                message: content.reason,
                value: undefined,
              },
            ]
          : [otherType(type, body.media)]
      case 'not-utf8':
        return [{ in: 'body', at: [], keyword: 'utf8', params: {}, message: 'is not valid UTF-8', value: undefined }]
      case 'other-type':
        if (!named || named.kind === 'json') return [otherType(content.mediaType, body.media)]
        if (named.schema === undefined || bytes === undefined) return []
        return this.#judge(
          'call',
          named.schema,
          named.kind === 'form'
            ? readForm(bytes.toString('utf8'), named.schema, this.#pointers)
            : bytes.toString('utf8'),
          'body',
          [],
        )
    }
  }

  // rule: sandgate.input.many-problems
  #judgeJson(schema: string | undefined, value: unknown, call: Judged): Problem[] {
    if (schema === undefined) return []
    if (call.body === undefined || call.body.length <= SMALL_BYTES)
      return this.#judge('call', schema, value, 'body', [])
    let more = (call.content.kind === 'json' && call.content.omitted) || 0
    const omitted = (count: number) => void (more += count)
    const problems = this.#judge('call', schema, bounded(value, schema, this.#pointers, omitted), 'body', [], omitted)
    if (more > 0) call.note?.('unlisted', `${more} more things like these are wrong with the body`)
    return problems
  }

  #judge(
    mode: Mode,
    pointer: string,
    value: unknown,
    where: Problem['in'],
    at: (string | number)[],
    omitted?: (count: number) => void,
  ): Problem[] {
    const validate = this.#validator(mode, pointer)
    if (validate(value)) return []
    const errors = omitted ? firstOf(validate.errors!, omitted) : validate.errors!
    // The branches of an anyOf that did not fit are told by the anyOf itself.
    const choices = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf')
    return errors
      .filter(
        (error) => !choices.some((choice) => choice !== error && error.instancePath.startsWith(choice.instancePath)),
      )
      .map((error) => problem(error, where, at))
  }

  #validator(mode: Mode, pointer: string): ValidateFunction {
    const known = this.#validators[mode]
    let validate = known.get(pointer)
    if (!validate) {
      this.#ajv ??= this.#createAjv()
      try {
        validate = this.#ajv.getSchema(`${this.#idOf(mode)}#${encodeURI(pointer)}`)
      } catch (error) {
        throw this.#pointers.wrong(pointer, `cannot be judged: ${(error as Error).message}`)
      }
      if (!validate) throw this.#pointers.wrong(pointer, 'is nothing')
      known.set(pointer, validate)
    }
    return validate
  }

  /** Calls and answers share their schemas unless something in them is for one side only. */
  #idOf(mode: Mode): string {
    return mode === 'answer' && this.#schemas.oneSided ? `${this.name}:answers` : this.name
  }

  #partsFor(mode: Mode): SchemaParts {
    if (!this.#schemas.oneSided) return this.#parts.call!
    return (this.#parts[mode] ??= this.#schemas.rewritten(this.document, mode))
  }

  #createAjv(): Ajv2020 {
    // What is not strict in it was found out by schemas.ts, with its place.
    const ajv = new Ajv2020({
      allErrors: true,
      verbose: true,
      strict: false,
      strictNumbers: true,
      validateSchema: false,
      logger: false,
      code: { regExp: LOOSE },
    })
    ;((addFormats as any).default ?? addFormats)(ajv)
    for (const format of this.#schemas.formats) if (!(format in ajv.formats)) ajv.addFormat(format, true)
    ajv.addSchema(this.#partsFor('call'), this.name, undefined, false)
    if (this.#schemas.oneSided) ajv.addSchema(this.#partsFor('answer'), this.#idOf('answer'), undefined, false)
    return ajv
  }
}

const LOOSE = Object.assign((pattern: string) => regExp(pattern), { code: 'new RegExp' })

/** The status itself, else its range, else the default. */
function keyFor(responses: object, status: number): string | undefined {
  return [String(status), `${String(status)[0]}XX`, 'default'].find((key) => Object.hasOwn(responses, key))
}
