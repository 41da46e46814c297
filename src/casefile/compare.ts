// Where an answer differs from the recorded one: byte for byte, or, for the answers of a real provider, by the shape of what it alone could know.
import type { Sent } from '../pipeline/exchange.ts'
import type { RecordedCall, Recording, Shape } from './format.ts'
import { hiding, HIDDEN, secretsIn } from '../text/redact.ts'
import type { Renamed } from './substitutions.ts'
import { Endpoints } from '../world/outbox.ts'
import type { World } from '../world/world.ts'

export interface Difference {
  /** `status`, `header content-type`, `$.data.address` or `byte 17`. */
  readonly where: string
  readonly expected: unknown
  readonly got: unknown
}

const PLACEHOLDER = /\{\{[^{}]*\}\}/g

/** The first difference between the recorded answer and this one; undefined: there is none. */
export function difference(call: RecordedCall, got: Sent, renamed: Renamed, world: World): Difference | undefined {
  const { answer, compare } = call
  const leftOut = compare?.left_out ?? []
  const status = got.drop === undefined ? got.status : null
  if (!leftOut.includes('status') && status !== answer.status)
    return { where: 'status', expected: answer.status, got: status }
  if (status === null || call.altered) return undefined
  const secrets = [...secretsIn(got.text), ...[...world.rows(Endpoints)].map(({ secret }) => secret)]
  const hide = JSON.stringify(answer).includes('{{')
    ? hiding(new Map(secrets.map((text) => [text, HIDDEN])))
    : (text: string) => text
  const plain = (text: string) => hide(text).replace(PLACEHOLDER, HIDDEN)
  for (const name of compare?.headers ?? new Set([...Object.keys(answer.headers), ...Object.keys(got.headers)])) {
    const values = [answer.headers, got.headers].map((headers) => own(headers, name) as string | undefined)
    const [expected, held] = values.map((value) =>
      compare && name === 'content-type' ? value?.split(';', 1)[0]!.trim().toLowerCase() : value && plain(value),
    )
    if (expected !== held) return { where: `header ${name}`, expected: expected ?? null, got: held ?? null }
  }
  if (leftOut.includes('body')) return undefined
  const expected = answer.body === undefined ? undefined : plain(answer.body)
  const held = got.text === undefined ? undefined : plain(got.text)
  if (expected === held) return undefined
  if (expected === undefined || held === undefined)
    return { where: 'body', expected: expected ?? null, got: held ?? null }
  const [theirs, ours] = [jsonOf(expected), jsonOf(held)]
  if (theirs && ours) {
    const { fields = {} } = compare ?? {}
    // All of it is learnt before any of it is compared: a difference in one field is no reason to take the next call for another one.
    if (compare) learnFrom(theirs.value, ours.value, { name: '', path: '$' }, fields, renamed)
    const found = inValues(theirs.value, ours.value, { name: '', path: '$' }, fields, renamed)
    if (found || compare) return found
  }
  return inBytes(expected, held)
}

/** Where in a body: the name of the field (of the list, for what is in a list), and the way to it. */
interface Place {
  readonly name: string
  readonly path: string
}

function inValues(
  theirs: unknown,
  ours: unknown,
  { name, path }: Place,
  fields: Readonly<Record<string, Shape>>,
  renamed: Renamed,
): Difference | undefined {
  const shape = shapeAt(path, fields)
  if (shape !== undefined && theirs !== null)
    return sameShape(shape, theirs, ours) ? undefined : { where: path, expected: theirs, got: ours ?? null }
  if (
    typeof theirs !== 'object' ||
    theirs === null ||
    typeof ours !== 'object' ||
    ours === null ||
    Array.isArray(theirs) !== Array.isArray(ours)
  ) {
    return theirs === ours || renamed.same(name, theirs, ours)
      ? undefined
      : { where: path, expected: theirs ?? null, got: ours ?? null }
  }
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    const found = inValues(own(theirs, key), own(ours, key), inside({ name, path }, key, theirs), fields, renamed)
    if (found) return found
  }
  return undefined
}

function learnFrom(
  theirs: unknown,
  ours: unknown,
  { name, path }: Place,
  fields: Readonly<Record<string, Shape>>,
  renamed: Renamed,
): void {
  if (typeof theirs === 'object' && theirs !== null && typeof ours === 'object' && ours !== null) {
    for (const key of Object.keys(theirs))
      learnFrom(own(theirs, key), own(ours, key), inside({ name, path }, key, theirs), fields, renamed)
    return
  }
  const shape = shapeAt(path, fields)
  if (NAMING.has(shape) && sameShape(shape!, theirs, ours)) renamed.learn(name, theirs, ours)
}

function shapeAt(path: string, fields: Readonly<Record<string, Shape>>): Shape | undefined {
  return fields[path.replace(/\[\d+\]/g, '[*]')]
}

function inside({ name, path }: Place, key: string, whole: object): Place {
  return Array.isArray(whole) ? { name, path: `${path}[${key}]` } : { name: key, path: `${path}.${key}` }
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
/** A transaction of Solana is named by its signature. */
const BASE58_HASH = /^[1-9A-HJ-NP-Za-km-z]{64,90}$/
const FAMILIES: Readonly<Record<string, RegExp>> = {
  hex: /^0x[0-9a-fA-F]{40}$/,
  segwit: /^(bc|tb|ltc|tltc)1[02-9ac-hj-np-z]{11,87}$/i,
  cardano: /^addr(_test)?1[02-9ac-hj-np-z]{20,110}$/,
  cash: /^(bitcoincash|bchtest):[02-9ac-hj-np-z]{42}$/,
  invoice: /^ln(bc|tb|bcrt)[02-9ac-hj-np-z0-9]{50,}$/i,
  base32: /^G[A-Z2-7]{55}$/,
  base58: /^[1-9A-HJ-NP-Za-km-z]{25,60}$/,
}

/** What names something, so that a later call may name it too. */
export const NAMING: ReadonlySet<Shape | undefined> = new Set<Shape>(['id', 'address', 'hash', 'tag', 'code', 'url'])

/** What kind of thing a field of a foreign answer holds, when only the provider could know its value; undefined: it must be equal. */
export function shapeOf(name: string, value: unknown): Shape | undefined {
  if (typeof value === 'number') {
    if (
      Number.isInteger(value) &&
      value > 946_684_800 &&
      /(^|_)(at|on|time|timestamp|date|expires|expiry)$|(At|Time|Date)$/.test(name)
    )
      return 'timestamp'
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
  if (shape === 'any') return ours !== undefined
  if (typeof theirs !== typeof ours || ours === null) return false
  if (typeof theirs === 'number') return Number.isInteger(ours)
  if (typeof theirs !== 'string' || typeof ours !== 'string') return false
  switch (shape) {
    case 'timestamp':
      return ISO.test(ours) && theirs.replace(/\d/g, '0') === ours.replace(/\d/g, '0')
    case 'address':
      return family(ours) === family(theirs) || (family(theirs) === undefined && ours !== '')
    case 'hash':
      return (HEX.test(ours) && theirs.length === ours.length) || (BASE58_HASH.test(theirs) && BASE58_HASH.test(ours))
    case 'tag':
      return /^\d+$/.test(theirs) === /^\d+$/.test(ours) && ours !== ''
    case 'url':
      return URL.canParse(theirs) === URL.canParse(ours)
    case 'code':
      return ours !== '' && /\s/.test(theirs) === /\s/.test(ours)
    case 'text':
      return (ours === '') === (theirs === '')
    case 'id':
      // The prefix of an id says what it is of: `pi_…`.
      return /^[a-z]*_?/i.exec(theirs)![0].endsWith('_')
        ? ours.startsWith(theirs.slice(0, theirs.indexOf('_') + 1))
        : true
  }
}

/** What of an imported case is not compared, in a sentence; none when everything is. */
export function leftOutSentence({ journal }: Recording): string[] {
  const calls = journal.filter((step): step is RecordedCall => step.kind === 'call' && step.compare !== undefined)
  const has = ({ compare, altered }: RecordedCall, part: 'status' | 'headers' | 'body') =>
    compare!.left_out?.includes(part) || (altered === true && part !== 'status')
  const parts = calls.filter((call) => !(has(call, 'status') && has(call, 'body')))
  const number = (part: 'status' | 'headers' | 'body') => parts.filter((call) => has(call, part)).length
  const fields = parts
    .flatMap(({ compare }) => Object.values(compare!.fields))
    .filter((shape) => shape === 'any').length
  const told = [
    ...counted(calls.length - parts.length, 'whole answer'),
    ...counted(number('status'), 'status', 'statuses'),
    ...counted(number('body'), 'body', 'bodies'),
    ...counted(number('headers'), "answer's headers", "answers' headers"),
    ...counted(fields, 'field'),
  ]
  return told.length === 0
    ? []
    : [
        `Not compared, because the file does not hold it or what it is about, because it is secret, or because the sandbox has no model of it: ${told.join(', ')}.`,
      ]
}

function counted(number: number, what: string, many = `${what}s`): string[] {
  return number === 0 ? [] : [`${number} ${number === 1 ? what : many}`]
}

function jsonOf(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
