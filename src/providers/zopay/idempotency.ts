// One Idempotency-Key, one piece of work: what makes two requests the same one, and for how long. The keeping is left to the sandbox.
import { hash } from 'node:crypto'
import type { Call, Repeats } from '../../provider.ts'
import { canonical, readExact } from './exact.ts'
import type { ZopayCall } from './wire.ts'

/** The switch between two plausible answers to a second call while the first is in flight. */
export const IN_FLIGHT = 'zopay.idempotency.in-flight'

// rule: zopay.idempotency.replay, rule: zopay.idempotency.get
export const byIdempotencyKey: Repeats = {
  key: (call) => call.headers['idempotency-key'] as string | undefined,
  // rule: zopay.idempotency.scope
  scope: ({ caller }: ZopayCall) => JSON.stringify([caller.org, caller.livemode]),
  // rule: zopay.idempotency.fingerprint, rule: zopay.idempotency.other-endpoint
  fingerprint: (call) => hash('sha256', `${call.method} ${call.path}\n${contentOf(call)}`, 'hex'),
  // rule: zopay.idempotency.window
  keptMs: 24 * 3600 * 1000,
  // rule: zopay.idempotency.success-only
  keeps: (status) => status >= 200 && status < 300,
  // rule: zopay.idempotency.conflict
  conflict: 'idempotency_conflict',
  // rule: zopay.idempotency.mark
  mark: ['idempotent-replayed', 'true'],
  // rule: zopay.idempotency.in-flight
  inFlight: (world) => (world.assumes(IN_FLIGHT) === 'conflict' ? { refuse: 'idempotency_in_progress' } : 'wait'),
  rules: ['zopay.idempotency.replay', 'zopay.idempotency.fingerprint'],
}

/** The document, however it is laid out; the bytes where there is none, which only calls without a documented body get this far with. */
function contentOf({ content, body, text }: Call): string {
  return content.kind === 'json' && !content.omitted ? canonical(readExact(text)) : body.toString('latin1')
}
