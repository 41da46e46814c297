// A case file: the calls a world was given, in order, with what was answered, so that somebody else can play them again. What it looks like, how it
// is read, and how keys are kept out of it; taking one is left to casefile/record.ts, whether it fits this version to case-check.ts, playing it to replay.ts.
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { jsonOf, UnreadableText } from '../text/reading.ts'

/** Raised when a file of before can no longer be played. */
export const FORMAT = 1

/** How large a case file may be. */
export const CASE_BYTES = 256 * 1024 * 1024

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/
/** What providers compute from an instant has to be one that can be written, too. */
const LAST_MS = Date.UTC(9900, 0)
const Instant = z.string().refine((text) => INSTANT.test(text) && Date.parse(text) < LAST_MS, {
  message: 'expected an ISO 8601 instant such as 2026-05-16T19:00:00Z, before the year 9900',
})
/** The number of a journal entry. */
const Entry = z.int().min(1).max(1e12)
const Facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** How a field of a foreign answer is held against ours: equal unless it is named here. */
export const Shape = z.enum(['id', 'address', 'hash', 'timestamp', 'tag', 'code', 'url', 'text', 'any'])
export type Shape = z.output<typeof Shape>

/**
 * Where something stands among all that happened: the entry that was the next one, world time, and in which order it came, counted over calls, control calls and
 * ends of waits and of attempts. Files of before have no `order`.
 */
const Moment = z.strictObject({ entry: Entry, at: Instant, order: z.int().min(1).optional() })

/** Header values as Node.js hands them over: only one header may come several times. */
const Headers = z.record(z.string(), z.union([z.string(), z.array(z.string())])).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers))
    if (typeof value !== 'string' && name !== 'set-cookie')
      context.addIssue({ code: 'custom', path: [name], message: 'expected a text; only set-cookie may be a list' })
})

const RecordedCall = z.strictObject({
  kind: z.literal('call'),
  /** The journal entry of the call, and its number in this file. */
  entry: Entry,
  /** World time. */
  at: Instant,
  wall: Instant,
  /** When it came, where it overlapped others or waited. */
  began: Moment.optional(),
  /** Each time it went on after it had waited: for a delay, for the call in flight with its idempotency key, for a sample. */
  resumed: z.array(Moment).optional(),
  provider: z.string(),
  operation: z.string().optional(),
  method: z.string(),
  path: z.string(),
  /** The path on the request line, where it is another one. */
  line_path: z.string().optional(),
  query: z.string().optional(),
  origin: z.string(),
  ip: z.string(),
  headers: Headers,
  /** The exact bytes of the body: as text, in base64 where they are not UTF-8, or thrown away because there were too many. */
  body: z.string().optional(),
  body_base64: z.string().optional(),
  body_too_large: z.literal(true).optional(),
  /** The request held a key or a secret, which is not in this file: only the status of the answer can be compared. */
  altered: z.literal(true).optional(),
  /** The caller in the provider's plain facts; nobody was known yet where it is left out. */
  who: Facts.optional(),
  /** The check of the caller that stopped the call, and the mistake that it looked like: without the signature nobody could tell it again. */
  refused: z
    .strictObject({
      gate: z.string(),
      name: z.string(),
      detail: z.record(z.string(), z.unknown()).optional(),
      hint: z.string().optional(),
    })
    .optional(),
  /** The answer as it left; status null: the connection was cut instead. */
  answer: z.strictObject({
    status: z.int().nullable(),
    headers: z.record(z.string(), z.string()),
    body: z.string().optional(),
  }),
  rules: z.array(z.string()).optional(),
  /** For answers of a real provider: the headers that must be equal, and the fields of the body that only need the same shape. */
  compare: z
    .strictObject({
      headers: z.array(z.string()),
      fields: z.record(z.string(), Shape),
      /** What the file it was made from does not hold, or the sandbox does not model: not compared. */
      left_out: z.array(z.enum(['status', 'headers', 'body'])).optional(),
    })
    .optional(),
})

/** A call that had come, and was not answered yet when the recording was taken. */
const CallUnderWay = RecordedCall.omit({ entry: true, at: true, answer: true, rules: true, compare: true }).extend({
  began: Moment,
})

/** A call of the control API that changed the world. */
const RecordedControlCall = z.strictObject({
  kind: z.literal('control'),
  /** The journal entry that was the next one. */
  entry: Entry,
  at: Instant,
  /** As in the moments of a call. */
  order: z.int().min(1).optional(),
  operation: z.string(),
  params: z.record(z.string(), z.string()),
  query: z.record(z.string(), z.unknown()),
  body: z.unknown().optional(),
})

/** The clock was moved, frozen or set running. A replay only moves to where the next entry stands. */
const RecordedMove = z.strictObject({ kind: z.literal('clock'), entry: Entry, at: Instant, summary: z.string() })

/** One attempt to tell the partner, and what the receiver answered. */
const RecordedAttempt = z.strictObject({
  kind: z.literal('callback'),
  entry: Entry,
  at: Instant,
  /** When the receiver had answered; at once where it is left out. */
  ended: Moment.optional(),
  provider: z.string(),
  delivery: z.string(),
  event: z.string(),
  attempt: z.int().min(1),
  status: z.int().nullable(),
  error: z.string().nullable(),
  answer: z.string().optional(),
})

const Step = z.discriminatedUnion('kind', [RecordedCall, RecordedControlCall, RecordedMove, RecordedAttempt])

export const Recording = z
  .strictObject({
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
    callbacks: z.record(
      z.string(),
      z.strictObject({ url: z.string(), account: z.string().optional(), events: z.array(z.string()).optional() }),
    ),
    /** The money that the world began with; left out where it was none. */
    balances: z.array(z.record(z.string(), z.string())).optional(),
    limits: z.strictObject({ bodyBytes: z.int().optional() }),
    strict: z.boolean(),
    assume: z.record(z.string(), z.string()),
    journal: z.array(Step),
    /** Calls that were not answered yet. */
    under_way: z.array(CallUnderWay).optional(),
    /** Where the world stood when the recording was taken. */
    end: z.strictObject({ entry: z.int().min(0).max(1e12), at: Instant }),
  })
  .superRefine(({ journal }, context) => {
    const places = new Map<number, number>()
    for (const [index, step] of journal.entries()) {
      const wrong = (path: (string | number)[], message: string) =>
        context.addIssue({ code: 'custom', path: ['journal', index, ...path], message })
      // A control call stands before the entry of its number, which is that of somebody else.
      if (step.kind === 'control') continue
      const other = places.get(step.entry)
      if (other !== undefined) wrong(['entry'], `${step.entry} is the entry of journal.${other} too`)
      places.set(step.entry, index)
      if (step.kind === 'callback' && step.ended && step.ended.entry <= step.entry)
        wrong(['ended', 'entry'], `an attempt ends behind its own entry, ${step.entry}`)
      if (step.kind !== 'call') continue
      const moments = [...(step.began ? [step.began] : []), ...(step.resumed ?? [])]
      const late = moments.findIndex(
        ({ entry }, at) => entry > step.entry || (at > 0 && entry < moments[at - 1]!.entry),
      )
      if (late >= 0)
        wrong(
          [late === 0 && step.began ? 'began' : 'resumed'],
          `a call arrives, continues and is answered in this order; it was answered with entry ${step.entry}`,
        )
    }
  })

export type Recording = z.output<typeof Recording>
export type Step = z.output<typeof Step>
export type RecordedCall = z.output<typeof RecordedCall>
export type CallUnderWay = z.output<typeof CallUnderWay>
export type RecordedControlCall = z.output<typeof RecordedControlCall>
export type RecordedAttempt = z.output<typeof RecordedAttempt>

/** Why a file cannot be used, in one line. */
export class Unusable extends Error {}

// rule: sandgate.replay.files
/** Reads a case file; throws `Unusable`. Whether this version can make such a world is asked in case-check.ts. */
export function readRecording(written: Buffer | string): Recording {
  const value: any = jsonIn(typeof written === 'string' ? Buffer.from(written) : written)
  if (value?.sandgate !== 'recording') throw new Unusable('it is not a recording: GET /_sandgate/recording makes one')
  if (value.format !== FORMAT)
    throw new Unusable(
      `it has format ${(JSON.stringify(value.format) ?? 'none').slice(0, 40)}; this version of Sandgate reads format ${FORMAT}`,
    )
  const parsed = Recording.safeParse(value)
  if (!parsed.success) throw new Unusable(placed(parsed.error))
  return parsed.data
}

function jsonIn(bytes: Buffer): unknown {
  try {
    return jsonOf(bytes)
  } catch (error) {
    throw error instanceof UnreadableText ? new Unusable(`it ${error.message}`) : error
  }
}

/** The first thing that is wrong, and where: `journal.17.headers.content-type: …`. */
export function placed({ issues: [issue] }: z.ZodError): string {
  return `${issue!.path.join('.') || 'the file'}: ${plainly(issue!.message)}`
}

/** What is not there has no type. */
export function plainly(message: string): string {
  return message.replace(/Invalid input: (.*), received undefined$/, 'is missing; $1')
}

/** The exact bytes of a body, in the form in which a case file holds them. */
export function bodyFields(
  bytes: Buffer | undefined,
  hide: (text: string) => string,
): Pick<RecordedCall, 'body' | 'body_base64' | 'body_too_large'> {
  if (bytes === undefined) return { body_too_large: true }
  if (bytes.length === 0) return {}
  if (isUtf8(bytes)) return { body: hide(bytes.toString('utf8')) }
  return { body_base64: Buffer.from(hide(bytes.toString('latin1')), 'latin1').toString('base64') }
}

/** And back; undefined: there were more than the limit allows. */
export function bodyBytes(call: Pick<RecordedCall, 'body' | 'body_base64' | 'body_too_large'>): Buffer | undefined {
  if (call.body_too_large) return undefined
  return call.body_base64 === undefined ? Buffer.from(call.body ?? '') : Buffer.from(call.body_base64, 'base64')
}
