// Idempotency-Key: what makes a call a repeat of an earlier one, the same for every operation that takes the header.
import { hash } from 'node:crypto'
import type { Repeats } from '../../provider.ts'

// rule: payward.idempotency.scope, rule: payward.idempotency.same-request, rule: payward.idempotency.retention
export const byIdempotencyKey: Repeats = {
  // rule: payward.idempotency.optional
  key: (call) => (call.headers['idempotency-key'] as string | undefined)?.toLowerCase(),
  scope: (call) => JSON.stringify([call.caller.id, call.operation!, call.params]),
  fingerprint: (call) => hash('sha256', call.content.kind === 'json' ? canonical(call.content.value) : ''),
  keptMs: 24 * 3600 * 1000,
  // rule: payward.idempotency.kept, rule: payward.idempotency.checks-first
  keeps: (status) => status < 500,
  conflict: 'IdempotencyKeyReuse',
  mark: ['Idempotent-Replayed', 'true'],
  // rule: payward.idempotency.in-flight
  inFlight: { refuse: 'IdempotencyConflict' },
  rules: ['payward.idempotency.replay'],
}

/** JSON with its members in order, so that neither white space nor order makes a request another one. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`
  }
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}
