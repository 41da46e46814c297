// Idempotency: one mechanism, a policy per provider (`Repeats`). The stored answer is a row of the same change as the work it answers.
import { z } from 'zod'
import { type Call, Refusal, type Repeats } from '../provider.ts'
import { Count, Moment, Text } from '../world/rows.ts'
import type { Table } from '../world/tables.ts'
import type { World } from '../world/world.ts'
import type { ReceivedCall } from './received.ts'

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** Statuses and headers that can be sent. */
export const StatusSchema = z
  .int({ error: 'expected a status' })
  .min(200, 'expected a status from 200 on')
  .max(599, 'expected a status up to 599')
export const HeadersSchema = z.record(
  z.string().regex(HEADER_NAME, 'expected the name of a header'),
  z.string({ error: 'expected the text of a header' }).regex(HEADER_VALUE, 'cannot stand in a header'),
  { error: 'expected headers by name' },
)

/** An answer as it left, kept to be sent again byte for byte. */
export interface Kept {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | undefined
}

interface Row extends Omit<Kept, 'text'> {
  readonly text?: string | undefined
  readonly id: string
  readonly fingerprint: string | null
  /** World time, ms; null: kept for ever. */
  readonly expiresAt: number | null
  /** The journal entry of the call that did the work. */
  readonly entry: number
}

export const KeptAnswers: Table<Row> = {
  name: 'repeats',
  key: (row) => row.id,
  secret: true,
  schema: z.strictObject({
    id: Text,
    fingerprint: Text.nullable(),
    expiresAt: Moment.nullable(),
    // Ids of the journal, which a world that is restored goes on counting.
    entry: Count,
    status: StatusSchema,
    headers: HeadersSchema,
    text: Text.optional(),
  }),
  indexes: { expiring: { group: (row) => (row.expiresAt === null ? undefined : ''), order: (row) => row.expiresAt! } },
}

/** How many expired answers one new answer clears away: more than one, so that they cannot pile up. */
const CLEARED_PER_ANSWER = 2

/** The idempotency key of a call within its scope; undefined: the call asks for no protection. */
export function repeatId(call: Call, policy: Repeats): string | undefined {
  const key = policy.key(call)
  return key === undefined ? undefined : JSON.stringify([call.provider, policy.scope(call), key])
}

/** The stored answer for this key, if one is kept. Throws the policy's conflict when the key was used for something else. */
export function findRepeat(call: Call, policy: Repeats, id: string, world: World): Kept | undefined {
  const row = world.get(KeptAnswers, id)
  if (!row || (row.expiresAt !== null && row.expiresAt <= world.now)) return undefined
  call.because(...(policy.rules as [string, ...string[]]))
  if (policy.conflict && row.fingerprint !== (policy.fingerprint?.(call) ?? null)) {
    call.note('idempotency', { decided: 'conflict', first_entry: row.entry })
    throw new Refusal(policy.conflict)
  }
  call.note('idempotency', { decided: 'replayed', first_entry: row.entry })
  const mark = policy.mark ? { [policy.mark[0]]: policy.mark[1] } : {}
  return { status: row.status, headers: { ...row.headers, ...mark }, text: row.text }
}

/** Keeps an answer for the calls that repeat it, where the policy keeps answers of this status. */
export function keepAnswer(call: Call, policy: Repeats, id: string, answer: Kept, world: World): void {
  if (!policy.keeps(answer.status)) return
  call.note('idempotency', { decided: 'kept' })
  world.prune(KeptAnswers, 'expiring', '', world.now, CLEARED_PER_ANSWER)
  world.put(KeptAnswers, {
    id,
    fingerprint: policy.fingerprint?.(call) ?? null,
    expiresAt: policy.keptMs === undefined ? null : world.now + policy.keptMs,
    entry: world.journal.nextId,
    status: answer.status,
    headers: answer.headers,
    text: answer.text,
  })
}

/** Where something stands among all that happened in its world: the journal entry that was the next one, world time, and what had arrived before. */
export interface Moment {
  readonly entry: number
  readonly at: number
  readonly order: number
}

/** A call that waits, or has waited, and is not answered yet. */
export interface UnderWay {
  readonly call: ReceivedCall
  readonly began: Moment & { readonly resumed: readonly Moment[] | undefined }
  readonly refusal: Refusal | undefined
  readonly stoppedBy: string | undefined
}

/**
 * The calls that wait while other things happen, and the idempotency keys that are claimed meanwhile: a second call with such a key meets the first one in
 * flight.
 */
export class Flights {
  readonly #byWorld = new WeakMap<World, Map<string, Promise<unknown>>>()
  readonly #underWay = new WeakMap<World, Set<UnderWay>>()

  /** The calls of this world that wait, in the order in which they began to. */
  underWay(world: World): ReadonlySet<UnderWay> {
    return this.#underWay.get(world) ?? new Set()
  }

  /** A call begins to wait, or goes on waiting. */
  waits(call: UnderWay, world: World): void {
    const calls = this.#underWay.get(world)
    if (calls) calls.add(call)
    else this.#underWay.set(world, new Set([call]))
  }

  /** A call is answered. */
  answered(call: UnderWay, world: World): void {
    this.#underWay.get(world)?.delete(call)
  }

  /** Nobody waits in this world any more, and no key is claimed. */
  forget(world: World): void {
    this.#byWorld.delete(world)
    this.#underWay.delete(world)
  }

  /** The call under way with this key. */
  of(world: World, id: string): Promise<unknown> | undefined {
    return this.#byWorld.get(world)?.get(id)
  }

  /** Holds the key while `work` goes on. */
  during<T>(world: World, id: string, work: Promise<T>): Promise<T> {
    const flights = this.#byWorld.get(world) ?? new Map<string, Promise<unknown>>()
    this.#byWorld.set(world, flights)
    const flight = work.finally(() => flights.delete(id))
    flights.set(
      id,
      flight.catch(() => undefined),
    )
    return flight
  }
}
