// What is wrong with a call, as FastAPI and pydantic tell it: one item a place, in the order of the model. Syntax is left to the gates.
import type { Problem } from '../../provider.ts'
import { type Fault, readAmount } from './amount.ts'
import { Numeral, readExact, write } from './exact.ts'
import { readAsPython } from './syntax.ts'
import type { Item, ZopayCall } from './wire.ts'

/** The fields of each request model in their order; whatever else is sent comes last. On any other operation a body is ignored, whatever it is. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  createAddress: ['asset', 'network', 'external_ref', 'label'],
  createPaymentIntent: ['amount', 'currencies', 'external_ref', 'description', 'metadata'],
  createPayoutQuote: ['external_ref', 'destination', 'asset', 'amount', 'network_hint'],
  createPayout: ['quote_id'],
}

const METADATA_KEYS_MAX = 50
const METADATA_VALUE_MAX = 500

/** Of several things wrong with one value, the one pydantic meets first. */
const FIRST_MET = ['type', 'minLength', 'maxLength', 'pattern']

const UNICODE: Fault = {
  type: 'string_unicode',
  msg: 'Input should be a valid string, unable to parse raw data as a unicode string',
}
const NOT_FINITE: Fault = { type: 'finite_number', msg: 'Input should be a finite number' }
const NO_MODEL: Fault = {
  type: 'model_attributes_type',
  msg: 'Input should be a valid dictionary or object to extract fields from',
}
const MISSING: Fault = { type: 'missing', msg: 'Field required' }

/** Every item, none when the call is legal. Bodies that cannot be read were refused before. */
// rule: zopay.validation.items
export function itemsOf(call: ZopayCall): Item[] {
  const around = call.problems
    .filter((problem) => problem.in === 'query' || problem.in === 'path')
    .map((problem) => parameterItem(problem, call))
  return [...around, ...bodyItems(call)]
}

/** Where and why the text is no JSON, in Python's words; undefined when Python reads it, be it with `NaN` in it. */
// rule: zopay.validation.json-invalid
export function syntaxItem(text: string): Item | 'unreadable' | undefined {
  const outcome = readAsPython(text)
  if (outcome.kind === 'too-deep') return 'unreadable'
  if (outcome.kind === 'fine') return undefined
  return {
    type: 'json_invalid',
    loc: ['body', outcome.offset],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: outcome.reason },
  }
}

function parameterItem(problem: Problem, call: ZopayCall): Item {
  const name = String(problem.at[0])
  // As sent: the contract has made a number of it.
  const input = problem.in === 'query' ? new URLSearchParams(call.query).getAll(name).at(-1) : call.params[name]
  return item(faultOf(problem, input), [problem.in, name], input ?? null)
}

function bodyItems(call: ZopayCall): Item[] {
  // rule: zopay.validation.no-body
  const fields = FIELDS[call.operation!]
  if (!fields) return []
  const problems = call.problems.filter((problem) => problem.in === 'body')
  if (call.content.kind === 'none') return problems.length > 0 ? [item(MISSING, ['body'], null)] : []
  if (call.content.kind === 'other-type')
    return problems.length > 0 ? [item(NO_MODEL, ['body'], call.body.toString('utf8'))] : []
  // rule: zopay.validation.duplicate-keys
  const document = documentOf(call)
  // Text that only Python reads: the contract could not look inside.
  if (call.content.kind !== 'json') {
    const found = notFinite(document, ['body'], call)
    // A number that is none, replaced by a later one of the same name: Python would take what is left, but nothing here has judged it.
    return found.length > 0 ? found : [item(NOT_FINITE, ['body'], null)]
  }
  if (document === null) return problems.length > 0 ? [item(MISSING, ['body'], null)] : []
  if (problems.some(({ at, keyword }) => at.length === 0 && keyword === 'type'))
    return [item(NO_MODEL, ['body'], echoed(document, call))]
  const readInCode = (at: Problem['at']) => call.operation === 'createPaymentIntent' && at[0] === 'amount'
  const found = problems
    .filter(({ at }) => !readInCode(at))
    .sort((a, b) => FIRST_MET.indexOf(a.keyword) - FIRST_MET.indexOf(b.keyword))
  return inOrder(
    [
      ...unicodeItems(document, fields),
      ...found.map((problem) => fieldItem(problem, document, call)),
      ...codeItems(call, document),
    ],
    fields,
  )
}

function fieldItem(problem: Problem, document: unknown, call: ZopayCall): Item {
  const name = problem.params.missingProperty ?? problem.params.additionalProperty
  const at = problem.keyword === 'additionalProperties' ? [...problem.at, name] : problem.at
  const loc = ['body', ...at, ...(problem.keyword === 'required' ? [name] : [])]
  const input = at.reduce<any>((value, key) => value[key], document)
  return item(faultOf(problem, input), loc, echoed(input, call))
}

/** What the document cannot say: amounts, the caps on metadata, numbers that are none. */
function codeItems(call: ZopayCall, document: unknown): Item[] {
  if (call.operation !== 'createPaymentIntent') return []
  const { amount, metadata } = document as { amount?: unknown; metadata?: unknown }
  const items: Item[] = []
  if (amount !== undefined) {
    const reading = readAmount(typeof amount === 'number' ? new Numeral(String(amount)) : amount)
    if ('fault' in reading) items.push(item(reading.fault, ['body', 'amount'], echoed(amount, call)))
  }
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata) || metadata instanceof Numeral)
    return items
  const caps = capsOf(metadata as Record<string, unknown>)
  if (caps)
    items.push(
      item(
        { type: 'value_error', msg: `Value error, ${caps}`, ctx: { error: {} } },
        ['body', 'metadata'],
        echoed(metadata, call),
      ),
    )
  else items.push(...notFinite(metadata, ['body', 'metadata'], call))
  return items
}

// rule: zopay.intents.metadata-caps, rule: zopay.intents.metadata-storable
function capsOf(metadata: Record<string, unknown>): string | undefined {
  if (Object.keys(metadata).length > METADATA_KEYS_MAX) return `metadata may have at most ${METADATA_KEYS_MAX} keys`
  const long = Object.values(metadata).some((value) =>
    isLong(typeof value === 'string' ? value : hasMore(value, METADATA_VALUE_MAX) ? undefined : write(value)),
  )
  if (long) return `metadata values may have at most ${METADATA_VALUE_MAX} characters`
  if (!storable(metadata)) return 'metadata must not contain NUL or unpaired surrogates'
  return undefined
}

/** In code points, of which a text has at least half as many as it has units. Undefined: more parts than a text that is not too long can have. */
function isLong(text: string | undefined): boolean {
  if (text === undefined || text.length > 2 * METADATA_VALUE_MAX) return true
  return text.length > METADATA_VALUE_MAX && [...text].length > METADATA_VALUE_MAX
}

/** Whether a database that keeps JSON as UTF-8 can keep this. */
function storable(value: unknown): boolean {
  if (typeof value === 'string') return !/[\u0000\p{Surrogate}]/u.test(value)
  if (typeof value !== 'object' || value === null || value instanceof Numeral) return true
  return Object.entries(value).every(([key, member]) => storable(key) && storable(member))
}

// rule: zopay.validation.unicode
function unicodeItems(document: unknown, fields: readonly string[]): Item[] {
  const found = (loc: (string | number)[], value: unknown): Item[] =>
    typeof value === 'string' && /\p{Surrogate}/u.test(value) ? [item(UNICODE, loc, value)] : []
  return Object.entries(document as object)
    .filter(([name]) => fields.includes(name) && name !== 'metadata' && name !== 'amount')
    .flatMap(([name, value]) =>
      Array.isArray(value)
        ? value.flatMap((one, index) => found(['body', name, index], one))
        : found(['body', name], value),
    )
}

// rule: zopay.validation.not-finite, rule: zopay.validation.bounds
function notFinite(document: unknown, start: readonly (string | number)[], call: ZopayCall): Item[] {
  const items: Item[] = []
  let more = 0
  const look = (value: unknown, loc: (string | number)[]) => {
    if (value instanceof Numeral) {
      if (value.finite) return
      if (items.length < TOLD_MAX) items.push(item(NOT_FINITE, [...loc], null))
      else more++
      return
    }
    if (typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) for (let index = 0; index < value.length; index++) below(value[index], index, loc)
    else for (const key of Object.keys(value)) below((value as any)[key], key, loc)
  }
  const below = (member: unknown, key: string | number, loc: (string | number)[]) => {
    loc.push(key)
    look(member, loc)
    loc.pop()
  }
  look(document, [...start])
  if (more > 0) call.note('unlisted', `${more} more numbers are not finite`)
  return items
}

/** How many items of one kind are listed. */
const TOLD_MAX = 100
/** An input of more values is shortened to the first hundred of each list and object. */
const ECHO_MAX = 5_000

/** The body as it came; where very much was in it, what the contract looked at. */
function documentOf({ content, text }: ZopayCall): unknown {
  return content.kind === 'json' && content.omitted ? content.value : readExact(text)
}

// rule: zopay.validation.bounds
/** The input that an item shows. */
function echoed(input: unknown, call: ZopayCall): unknown {
  const partly = call.content.kind === 'json' && call.content.omitted
  if (!hasMore(input, partly ? TOLD_MAX : ECHO_MAX)) return input
  call.note(
    'cut',
    `an input of more than ${ECHO_MAX} values is shortened to the first ${TOLD_MAX} of each list and object`,
  )
  return cut(input)
}

function cut(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Numeral) return value
  if (Array.isArray(value)) return value.slice(0, TOLD_MAX).map((member) => (hasMore(member, TOLD_MAX) ? null : member))
  return Object.fromEntries(
    Object.keys(value)
      .slice(0, TOLD_MAX)
      .map((key) => [key, hasMore((value as any)[key], TOLD_MAX) ? null : (value as any)[key]]),
  )
}

/** Whether a value has more parts than this. It looks at no more of them. */
function hasMore(value: unknown, most: number): boolean {
  let left = most
  const look = (part: unknown): boolean => {
    if (--left < 0) return true
    if (typeof part !== 'object' || part === null || part instanceof Numeral) return false
    if (Array.isArray(part)) return part.length > left || part.some(look)
    for (const key in part) if (look((part as any)[key])) return true
    return false
  }
  return look(value)
}

/** One item per position, fields in the order of the model, extras last; for a list that is too long, only that item. */
function inOrder(items: readonly Item[], fields: readonly string[]): Item[] {
  const long = items.filter(({ type }) => type === 'too_long').map(({ loc }) => loc[1])
  const places = new Map<string, Item>()
  for (const one of items) {
    const place = JSON.stringify(one.loc)
    if (!places.has(place) && (one.loc.length === 2 || !long.includes(one.loc[1]!))) places.set(place, one)
  }
  const rank = ({ loc }: Item) => (fields.includes(String(loc[1])) ? fields.indexOf(String(loc[1])) : fields.length)
  return [...places.values()].sort((a, b) => rank(a) - rank(b))
}

function item({ type, msg, ctx }: Fault, loc: readonly (string | number)[], input: unknown): Item {
  return { type, loc, msg, input: input instanceof Numeral && !input.finite ? null : input, ...(ctx && { ctx }) }
}

function faultOf({ in: where, keyword, params, message }: Problem, input: any): Fault {
  const { limit } = params
  switch (keyword) {
    case 'required':
      return MISSING
    case 'additionalProperties':
      // rule: zopay.validation.extras
      return { type: 'extra_forbidden', msg: 'Extra inputs are not permitted' }
    case 'type':
      return wrongType(String(params.type))
    // rule: zopay.validation.lengths, rule: zopay.validation.codepoints
    case 'minLength':
      return {
        type: 'string_too_short',
        msg: `String should have at least ${count(limit, 'character')}`,
        ctx: { min_length: limit },
      }
    case 'maxLength':
      return {
        type: 'string_too_long',
        msg: `String should have at most ${count(limit, 'character')}`,
        ctx: { max_length: limit },
      }
    // rule: zopay.intents.currency-count
    case 'minItems':
      return listLength('too_short', 'at least', 'min_length', limit, input)
    case 'maxItems':
      return listLength('too_long', 'at most', 'max_length', limit, input)
    case 'pattern':
      // rule: zopay.transactions.id
      if (where === 'path') return notUuid(String(input))
      // rule: zopay.validation.storable
      return {
        type: 'string_pattern_mismatch',
        msg: `String should match pattern '${params.pattern}'`,
        ctx: { pattern: params.pattern },
      }
    case 'minimum':
      return {
        type: 'greater_than_equal',
        msg: `Input should be greater than or equal to ${limit}`,
        ctx: { ge: limit },
      }
    case 'maximum':
      return { type: 'less_than_equal', msg: `Input should be less than or equal to ${limit}`, ctx: { le: limit } }
    default:
      return { type: 'value_error', msg: `Value error, ${message}`, ctx: { error: {} } }
  }
}

function wrongType(expected: string): Fault {
  if (expected.includes('array')) return { type: 'list_type', msg: 'Input should be a valid list' }
  if (expected.includes('object')) return { type: 'dict_type', msg: 'Input should be a valid dictionary' }
  if (expected.includes('integer'))
    return { type: 'int_parsing', msg: 'Input should be a valid integer, unable to parse string as an integer' }
  return { type: 'string_type', msg: 'Input should be a valid string' }
}

function listLength(type: string, bound: string, name: string, limit: number, list: readonly unknown[]): Fault {
  const msg = `List should have ${bound} ${count(limit, 'item')} after validation, not ${list.length}`
  return { type, msg, ctx: { field_type: 'List', [name]: limit, actual_length: list.length } }
}

function notUuid(text: string): Fault {
  const error = mistakeInUuid(text)
  return { type: 'uuid_parsing', msg: `Input should be a valid UUID, ${error}`, ctx: { error } }
}

/** How long each group of a UUID is. */
const GROUPS = [8, 4, 4, 4, 12]

/** The first odd character, else how many groups there are, else the first group of a wrong length. */
function mistakeInUuid(text: string): string {
  const opening = /^(\{(?=.*\}$)|urn:uuid:)/s.exec(text)?.[0] ?? ''
  const bare = text.slice(opening.length, opening === '{' ? -1 : undefined)
  const odd = bare.search(/[^0-9a-f-]/iu)
  if (odd >= 0)
    return `invalid character: found \`${String.fromCodePoint(bare.codePointAt(odd)!)}\` at ${opening.length + odd + 1}`
  const groups = bare.split('-')
  if (groups.length === 1 && opening === '')
    return `invalid length: expected length 32 for simple format, found ${text.length}`
  if (groups.length !== GROUPS.length) return `invalid group count: expected ${GROUPS.length}, found ${groups.length}`
  const wrong = groups.findIndex(({ length }, index) => length !== GROUPS[index])
  return `invalid group length in group ${wrong}: expected ${GROUPS[wrong]}, found ${groups[wrong]!.length}`
}

function count(limit: number, noun: string): string {
  return `${limit} ${noun}${limit === 1 ? '' : 's'}`
}
