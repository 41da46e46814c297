// A case file: the calls a world was given, in order, with what was answered, so that somebody else can play them again. What it looks like, how it
// is read, and how keys are kept out of it; taking one is left to control/cases.ts, playing one to replay.ts.
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { World } from '../world/world.ts'

export { hiding, HIDDEN, secretsIn, withoutLogins } from '../redact.ts'

/** Raised when a file of before can no longer be played. */
export const FORMAT = 1

const Instant = z.string().refine((text) => !Number.isNaN(Date.parse(text)), { message: 'expected an ISO 8601 instant' })
const Facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** How a field of a foreign answer is held against ours: equal unless it is named here. */
export const Shape = z.enum(['id', 'address', 'hash', 'timestamp'])
export type Shape = z.output<typeof Shape>

const RecordedCall = z.strictObject({
  kind: z.literal('call'),
  /** The journal entry of the call, and its number in this file. */
  entry: z.int().min(1),
  /** World time. */
  at: Instant,
  wall: Instant,
  /** Where the call overlapped others, or waited: the entry that was the next one when it came, and world time then. */
  began: z.strictObject({ entry: z.int().min(1), at: Instant }).optional(),
  provider: z.string(),
  operation: z.string().optional(),
  method: z.string(),
  path: z.string(),
  /** The path on the request line, where it is another one. */
  line_path: z.string().optional(),
  query: z.string().optional(),
  origin: z.string(),
  ip: z.string(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  /** The exact bytes of the body: as text, in base64 where they are not UTF-8, or thrown away because there were too many. */
  body: z.string().optional(),
  body_base64: z.string().optional(),
  body_too_large: z.literal(true).optional(),
  /** The request held a key or a secret, which is not in this file: only the status of the answer can be compared. */
  altered: z.literal(true).optional(),
  /** The caller in the provider's plain facts; nobody was known yet where it is left out. */
  who: Facts.optional(),
  /** The check of the caller that stopped the call. */
  refused: z.strictObject({ gate: z.string(), name: z.string(), detail: z.record(z.string(), z.unknown()).optional() }).optional(),
  /** The answer as it left; status null: the connection was cut instead. */
  answer: z.strictObject({ status: z.int().nullable(), headers: z.record(z.string(), z.string()), body: z.string().optional() }),
  rules: z.array(z.string()).optional(),
  /** For answers of a real provider: the headers that must be equal, and the fields of the body that only need the same shape. */
  compare: z.strictObject({ headers: z.array(z.string()), fields: z.record(z.string(), Shape) }).optional(),
})

/** A call of the control API that changed the world. */
const RecordedDeed = z.strictObject({
  kind: z.literal('control'),
  /** The journal entry that was the next one. */
  entry: z.int().min(1),
  at: Instant,
  operation: z.string(),
  params: z.record(z.string(), z.string()),
  query: z.record(z.string(), z.unknown()),
  body: z.unknown().optional(),
})

/** The clock was moved, frozen or set running. A replay only moves to where the next entry stands. */
const RecordedMove = z.strictObject({ kind: z.literal('clock'), entry: z.int().min(1), at: Instant, summary: z.string() })

/** One attempt to tell the partner, and what the receiver answered. */
const RecordedAttempt = z.strictObject({
  kind: z.literal('callback'),
  entry: z.int().min(1),
  at: Instant,
  /** Where other things happened before the attempt had ended: the entry that was the next one then, and world time. */
  ended: z.strictObject({ entry: z.int().min(1), at: Instant }).optional(),
  provider: z.string(),
  delivery: z.string(),
  event: z.string(),
  attempt: z.int().min(1),
  status: z.int().nullable(),
  error: z.string().nullable(),
  answer: z.string().optional(),
})

const Step = z.discriminatedUnion('kind', [RecordedCall, RecordedDeed, RecordedMove, RecordedAttempt])

export const Recording = z.strictObject({
  sandgate: z.literal('recording'),
  format: z.int(),
  /** The version of Sandgate that wrote it. */
  version: z.string(),
  note: z.string().optional(),
  /** SHA-256 of the OpenAPI documents, by provider. */
  contracts: z.record(z.string(), z.string()),
  seed: z.string(),
  clock: z.strictObject({ start: Instant, mode: z.enum(['running', 'frozen']) }),
  /** What the config file said, keys and secrets replaced. */
  settings: z.record(z.string(), z.unknown()),
  /** Where callbacks go from the start, by provider; a replay sends none. */
  callbacks: z.record(z.string(), z.strictObject({ url: z.string(), account: z.string().optional(), events: z.array(z.string()).optional() })),
  limits: z.strictObject({ bodyBytes: z.int().optional() }),
  strict: z.boolean(),
  assume: z.record(z.string(), z.string()),
  journal: z.array(Step),
  /** Where the world stood when the recording was taken. */
  end: z.strictObject({ entry: z.int().min(0), at: Instant }),
})

export type Recording = z.output<typeof Recording>
export type Step = z.output<typeof Step>
export type RecordedCall = z.output<typeof RecordedCall>
export type RecordedDeed = z.output<typeof RecordedDeed>
export type RecordedAttempt = z.output<typeof RecordedAttempt>

/** Why a file cannot be used, in one line. */
export class Unusable extends Error {}

/** Reads a case file; throws `Unusable`. */
export function readRecording(text: string): Recording {
  let value: any
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Unusable(`it is not JSON: ${(error as Error).message}`)
  }
  if (value?.sandgate !== 'recording') throw new Unusable('it is no recording: GET /_sandgate/recording makes one')
  if (value.format !== FORMAT) throw new Unusable(`it has format ${JSON.stringify(value.format)}; this version of Sandgate reads format ${FORMAT}`)
  const parsed = Recording.safeParse(value)
  if (!parsed.success) throw new Unusable(`${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`)
  return parsed.data
}

/** The exact bytes of a body, in the form in which a case file holds them. */
export function bodyFields(bytes: Buffer | undefined, hide: (text: string) => string): Pick<RecordedCall, 'body' | 'body_base64' | 'body_too_large'> {
  if (bytes === undefined) return { body_too_large: true }
  if (bytes.length === 0) return {}
  if (isUtf8(bytes)) return { body: hide(bytes.toString('utf8')) }
  return { body_base64: Buffer.from(hide(bytes.toString('latin1')), 'latin1').toString('base64') }
}

/** And back; undefined: there were more than the limit allows. */
export function bodyBytes(call: RecordedCall): Buffer | undefined {
  if (call.body_too_large) return undefined
  return call.body_base64 === undefined ? Buffer.from(call.body ?? '') : Buffer.from(call.body_base64, 'base64')
}

/** The same value with every text in it changed, names of fields included. */
export function mapTexts(value: unknown, change: (text: string) => string): any {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapTexts(item, change)]))
}

/** A config file's settings with each key and secret replaced by one that says nothing and still has the shape every provider asks for. */
export function withoutKeys(settings: unknown): any {
  const names = new Map<string, string>()
  const stand = (text: string, make: (number: number) => string) => {
    if (!names.has(text)) names.set(text, make(names.size + 1))
    return names.get(text)!
  }
  const walk = (value: unknown, inKeys: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => walk(item, inKeys))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        if (inKeys && name === 'id' && typeof item === 'string') return [name, stand(item, (number) => `sk_test_recorded-${number}`)]
        if (name === 'secret' && typeof item === 'string') return [name, stand(item, (number) => Buffer.from(`recorded secret ${String(number).padStart(8, '0')}`).toString('base64'))]
        return [name, walk(item, name === 'keys')]
      }),
    )
  }
  return walk(settings, false)
}

/** Every key and secret that a config file holds. */
export function keysIn(settings: unknown, inKeys = false): string[] {
  if (typeof settings !== 'object' || settings === null) return []
  return Object.entries(settings).flatMap(([name, item]) =>
    typeof item === 'string' ? ((inKeys && name === 'id') || name === 'secret' ? [item] : []) : keysIn(item, name === 'keys' || (inKeys && Array.isArray(settings))),
  )
}

/** The operation of a deed that is no call: a scenario that the world began with, or that came out of a file; its body is the scenario as it was read. */
export const LOAD = 'loadScenario'

/** A control call that changed a world, as it was asked. */
export type Deed = Pick<RecordedDeed, 'entry' | 'operation' | 'params' | 'query' | 'body'> & { readonly atMs: number }

/** Where an attempt ended: the entry that was the next one, and world time. */
interface End {
  readonly entry: number
  readonly atMs: number
}

/** What a recording needs to know of a world beside its journal. */
interface Reel {
  readonly deeds: Set<Deed>
  /** By delivery and number of the attempt. */
  readonly ends: Map<string, End>
  lost: number
}

/** The control calls that changed each world, and when its attempts ended; no more of a world than its journal has entries. */
export class Tape {
  readonly #reels = new WeakMap<World, Reel>()

  of(world: World): Reel {
    let reel = this.#reels.get(world)
    if (!reel) this.#reels.set(world, (reel = { deeds: new Set(), ends: new Map(), lost: 0 }))
    return reel
  }

  /** Adds a call that begins; what comes back takes it off again, when it changed nothing after all. */
  add(deed: Deed, world: World): () => void {
    const reel = this.of(world)
    if (reel.deeds.size < world.options.journalEntries) reel.deeds.add(deed)
    else reel.lost++
    return () => void reel.deeds.delete(deed)
  }

  attemptEnded(delivery: string, attempt: number, world: World): void {
    const { ends } = this.of(world)
    if (ends.size < world.options.journalEntries) ends.set(`${delivery}/${attempt}`, { entry: world.journal.nextId, atMs: world.now })
  }
}
