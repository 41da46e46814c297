// Idempotency: one mechanism, a policy per provider (`Repeats`). The stored answer is a row of the same change as the work it answers.
import { isDeepStrictEqual } from 'node:util'
import type { Module } from '../world/module.ts'
import { z } from 'zod'
import { type Call, Refusal, type Repeats } from '../provider.ts'
import type { JournalEntry, StoredResponse } from '../world/journal.ts'
import { Count, HeadersSchema, Moment, StatusSchema, Text } from '../world/rows.ts'
import type { Table } from '../world/tables.ts'
import type { World } from '../world/world.ts'

interface Row extends Omit<StoredResponse, 'text'> {
  readonly text?: string | undefined
  readonly id: string
  readonly fingerprint: string | null
  /** World time, ms; null: kept for ever. */
  readonly expiresAt: number | null
  /** The journal entry of the call that did the work. */
  readonly entry: number
}

export const StoredResponses: Table<Row> = {
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
export function findRepeat(call: Call, policy: Repeats, id: string, world: World): StoredResponse | undefined {
  const row = world.get(StoredResponses, id)
  if (!row || (row.expiresAt !== null && row.expiresAt <= world.now)) return undefined
  call.because(...(policy.rules as [string, ...string[]]))
  if (policy.conflict && row.fingerprint !== (policy.fingerprint?.(call) ?? null)) {
    call.note('idempotency', { decided: 'conflict', first_entry: row.entry })
    throw new Refusal(policy.conflict)
  }
  const changed = !policy.conflict && hasAnotherBody(call, world.journal.get(row.entry))
  call.note('idempotency', { decided: 'replayed', first_entry: row.entry, ...(changed && { changed }) })
  const mark = policy.mark ? { [policy.mark[0]]: policy.mark[1] } : {}
  return { status: row.status, headers: { ...row.headers, ...mark }, text: row.text }
}

/** Whether it is known that the first call said something else: for a provider that does not compare. */
function hasAnotherBody(call: Call, first: JournalEntry | undefined): boolean {
  if (first?.kind !== 'call' || first.operation !== call.operation) return false
  // Most repeats are the same bytes, and then nothing has to be read again.
  if (first.request.body?.equals(call.body) || call.content.kind !== 'json') return false
  try {
    return !isDeepStrictEqual(JSON.parse(String(first.request.body)), JSON.parse(JSON.stringify(call.content.value)))
  } catch {
    return false
  }
}

/** Keeps an answer for the calls that repeat it, where the policy keeps answers of this status. */
export function storeResponse(call: Call, policy: Repeats, id: string, answer: StoredResponse, world: World): void {
  if (!policy.keeps(answer.status)) return
  call.note('idempotency', { decided: 'kept' })
  world.prune(StoredResponses, 'expiring', '', world.now, CLEARED_PER_ANSWER)
  world.put(StoredResponses, {
    id,
    fingerprint: policy.fingerprint?.(call) ?? null,
    expiresAt: policy.keptMs === undefined ? null : world.now + policy.keptMs,
    entry: world.journal.nextId,
    status: answer.status,
    headers: answer.headers,
    text: answer.text,
  })
}

export const idempotencyModule: Module = { tables: [StoredResponses] }
