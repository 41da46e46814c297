// Where an answer differs from the recorded one: byte for byte, or, for the answers of a real provider, by the shape of what it alone could know.
import type { Sent } from './http/reply.ts'
import { hiding, HIDDEN, type RecordedCall, secretsIn, type Shape } from './keep/recording.ts'
import { Endpoints } from './world/outbox.ts'
import type { World } from './world/world.ts'

export interface Difference {
  /** `status`, `header content-type`, `$.data.address` or `byte 17`. */
  readonly where: string
  readonly expected: unknown
  readonly got: unknown
}

/** Values that a real provider drew and that are others here; calls that name them are made with ours. */
export class Renamed {
  readonly #values = new Map<unknown, unknown>()

  learn(theirs: unknown, ours: unknown): void {
    if (theirs !== ours && theirs !== null && ours !== null) this.#values.set(theirs, ours)
  }

  value<Value>(value: Value): Value {
    return this.#values.has(value) ? (this.#values.get(value) as Value) : value
  }

  /** A call as it would have been made here. */
  request({ path, query }: Pick<RecordedCall, 'path' | 'query'>, body: Buffer | undefined): { path: string; query: string | undefined; body: Buffer | undefined } {
    if (this.#values.size === 0) return { path, query, body }
    const texts = new Map([...this.#values].map(([theirs, ours]) => [String(theirs), String(ours)]))
    const text = (part: string) => (texts.has(decoded(part)) ? encodeURIComponent(texts.get(decoded(part))!) : part)
    const pairs = query?.split('&').map((pair) => {
      const [name, ...value] = pair.split('=')
      return value.length === 0 ? pair : `${name}=${text(value.join('='))}`
    })
    return { path: path.split('/').map(text).join('/'), query: pairs?.join('&'), body: body && this.#body(body) }
  }

  #body(body: Buffer): Buffer {
    let changed = false
    const walk = (value: unknown): unknown => {
      if (this.#values.has(value)) {
        changed = true
        return this.#values.get(value)
      }
      if (Array.isArray(value)) return value.map(walk)
      return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item)])) : value
    }
    const json = jsonOf(body.toString('utf8'))
    const other = json === undefined ? undefined : walk(json.value)
    return changed ? Buffer.from(JSON.stringify(other)) : body
  }
}

const PLACEHOLDER = /\{\{[^{}]*\}\}/g

/** The first difference between the recorded answer and this one; undefined: there is none. */
export function difference(call: RecordedCall, got: Sent, renamed: Renamed, world: World): Difference | undefined {
  const { answer, compare } = call
  const status = got.drop === undefined ? got.status : null
  if (status !== answer.status) return { where: 'status', expected: answer.status, got: status }
  if (status === null || call.altered) return undefined
  const secrets = [...secretsIn(got.text), ...[...world.rows(Endpoints)].map(({ secret }) => secret)]
  const hide = JSON.stringify(answer).includes('{{') ? hiding(new Map(secrets.map((text) => [text, HIDDEN]))) : (text: string) => text
  const plain = (text: string) => hide(text).replace(PLACEHOLDER, HIDDEN)
  for (const name of compare?.headers ?? new Set([...Object.keys(answer.headers), ...Object.keys(got.headers)])) {
    const values = [answer.headers, got.headers].map((headers) => own(headers, name) as string | undefined)
    const [expected, held] = values.map((value) => (compare && name === 'content-type' ? value?.split(';', 1)[0]!.trim().toLowerCase() : value && plain(value)))
    if (expected !== held) return { where: `header ${name}`, expected: expected ?? null, got: held ?? null }
  }
  const expected = answer.body === undefined ? undefined : plain(answer.body)
  const held = got.text === undefined ? undefined : plain(got.text)
  if (expected === held) return undefined
  if (expected === undefined || held === undefined) return { where: 'body', expected: expected ?? null, got: held ?? null }
  const [theirs, ours] = [jsonOf(expected), jsonOf(held)]
  if (theirs && ours) {
    const found = inValues(theirs.value, ours.value, '$', compare?.fields ?? {}, renamed)
    if (found || compare) return found
  }
  return inBytes(expected, held)
}

function inValues(theirs: unknown, ours: unknown, path: string, fields: Readonly<Record<string, Shape>>, renamed: Renamed): Difference | undefined {
  const shape = fields[path.replace(/\[\d+\]/g, '[*]')]
  if (shape !== undefined && theirs !== null) {
    if (!sameShape(shape, theirs, ours)) return { where: path, expected: theirs, got: ours ?? null }
    if (shape !== 'timestamp') renamed.learn(theirs, ours)
    return undefined
  }
  if (typeof theirs !== 'object' || theirs === null || typeof ours !== 'object' || ours === null || Array.isArray(theirs) !== Array.isArray(ours)) {
    return renamed.value(theirs) === ours ? undefined : { where: path, expected: theirs ?? null, got: ours ?? null }
  }
  const names = new Set([...Object.keys(theirs), ...Object.keys(ours)])
  for (const name of names) {
    const at = Array.isArray(theirs) ? `${path}[${name}]` : `${path}.${name}`
    const found = inValues(own(theirs, name), own(ours, name), at, fields, renamed)
    if (found) return found
  }
  return undefined
}

function own(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function inBytes(expected: string, held: string): Difference {
  const [theirs, ours] = [Buffer.from(expected), Buffer.from(held)]
  let at = 0
  while (at < theirs.length && theirs[at] === ours[at]) at++
  const around = (bytes: Buffer) => bytes.subarray(Math.max(0, at - 20), at + 20).toString('utf8')
  return { where: `byte ${at}`, expected: around(theirs), got: around(ours) }
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/
const HEX = /^(0x)?[0-9a-f]{64}$|^[0-9A-F]{64}$/
const FAMILIES: Readonly<Record<string, RegExp>> = {
  hex: /^0x[0-9a-fA-F]{40}$/,
  segwit: /^(bc|tb|ltc|tltc)1[02-9ac-hj-np-z]{11,87}$/i,
  cardano: /^addr(_test)?1[02-9ac-hj-np-z]{20,110}$/,
  cash: /^(bitcoincash|bchtest):[02-9ac-hj-np-z]{42}$/,
  invoice: /^ln(bc|tb|bcrt)[02-9ac-hj-np-z0-9]{50,}$/i,
  base32: /^G[A-Z2-7]{55}$/,
  base58: /^[1-9A-HJ-NP-Za-km-z]{25,60}$/,
}

/** What kind of thing a field of a foreign answer holds, when only the provider could know its value; undefined: it must be equal. */
export function shapeOf(name: string, value: unknown): Shape | undefined {
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value > 946_684_800 && /(^|_)(at|on|time|timestamp|date|expires|expiry)$|(At|Time|Date)$/.test(name)) return 'timestamp'
    return Number.isInteger(value) && /(^|_)id$|Id$/i.test(name) ? 'id' : undefined
  }
  if (typeof value !== 'string') return undefined
  if (ISO.test(value)) return 'timestamp'
  if (HEX.test(value)) return 'hash'
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return 'id'
  if (family(value) !== undefined && /\d/.test(value)) return 'address'
  return /(^|_)(id|uuid|reference|cursor|trace)$|(Id|Uuid)$/.test(name) && value !== '' ? 'id' : undefined
}

function family(value: string): string | undefined {
  return Object.keys(FAMILIES).find((name) => FAMILIES[name]!.test(value))
}

function sameShape(shape: Shape, theirs: unknown, ours: unknown): boolean {
  if (theirs === ours) return true
  if (typeof theirs !== typeof ours || ours === null) return false
  if (typeof theirs === 'number') return Number.isInteger(ours)
  if (typeof theirs !== 'string' || typeof ours !== 'string') return false
  switch (shape) {
    case 'timestamp':
      return ISO.test(ours) && theirs.replace(/\d/g, '0') === ours.replace(/\d/g, '0')
    case 'address':
      return family(ours) !== undefined && family(theirs) === family(ours)
    case 'hash':
      return HEX.test(ours) && theirs.length === ours.length
    case 'id':
      // The prefix of an id says what it is of: `pi_…`.
      return /^[a-z]*_?/i.exec(theirs)![0].endsWith('_') ? ours.startsWith(theirs.slice(0, theirs.indexOf('_') + 1)) : true
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function jsonOf(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
