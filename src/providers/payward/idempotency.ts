// Idempotency-Key: what makes a call a repeat of an earlier one, the same for every operation that takes the header.
import { hash } from 'node:crypto'
import type { Repeats } from '../../provider.ts'
import { canonicalJson } from '../../text/json.ts'

// rule: payward.idempotency.scope, rule: payward.idempotency.same-request, rule: payward.idempotency.retention, rule: payward.idempotency.elsewhere
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

/** Neither white space nor the order of keys makes a request another one. Numbers are written as String does, 1e400 as Infinity. */
function canonical(value: unknown): string {
  return canonicalJson(value, (scalar) => (typeof scalar === 'number' ? String(scalar) : undefined))
}
