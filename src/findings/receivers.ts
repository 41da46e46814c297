// What receivers of callbacks do wrong: they take one that nobody may trust, or let the provider wait for too long.
import { withoutLogins } from '../text/redact.ts'
import type { CallbackEntry } from '../world/journal.ts'
import { Deliveries, type Delivery } from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import type { Detector } from './scene.ts'

// rule: sandgate.findings.bad-signature-accepted
export const badSignatureAccepted: Detector = {
  kind: 'bad-signature-accepted',
  begin({ world, providers }, tell) {
    return {
      see(entry) {
        if (entry.kind !== 'callback' || entry.error !== null) return
        const { provider, id, event, delivery, status } = entry
        const spoiled = deliveryOf(entry, world)?.spoiled
        // Where there is no time inside a signature, it cannot be stale.
        if (!spoiled || (spoiled === 'stale-timestamp' && !providers.get(provider)?.callbacks?.dated)) return
        const [what, advice] =
          spoiled === 'bad-signature'
            ? [
                'whose signature was made with another secret',
                'Compute the signature over the exact bytes of the body with your secret, compare in constant time, and answer 401 without doing anything when it differs.',
              ]
            : [
                'whose signature was an hour old',
                'Compare the time inside the signature with your clock before you trust the callback, and answer 401 without doing anything when it is minutes away.',
              ]
        tell({
          provider,
          subject: spoiled,
          says: `The receiver ${placeOf(entry, world)} answered ${status} to ${event} (${delivery}), ${what}.`,
          advice,
          entries: [id],
        })
      },
    }
  },
}

// rule: sandgate.findings.receiver-too-slow
export const receiverTooSlow: Detector = {
  kind: 'receiver-too-slow',
  begin({ world, providers }, tell) {
    return {
      see(entry) {
        if (entry.kind !== 'callback' || typeof entry.error !== 'string') return
        const { provider, event, id, delivery } = entry
        const seconds = /^no answer within ([\d.]+) s$/.exec(entry.error)?.[1]
        const timeoutMs = providers.get(provider)?.callbacks?.timeoutMs
        // One that is set to less than the provider's proves nothing.
        if (seconds === undefined || timeoutMs === undefined || Number(seconds) * 1000 < timeoutMs) return
        tell({
          provider,
          subject: event,
          says: `The receiver ${placeOf(entry, world)} had not answered ${event} (${delivery}) when the ${timeoutMs / 1000} s that the provider waits were over: the attempt failed, and the callback comes again although it may have been handled.`,
          advice: 'Store the callback, answer 200 at once, and do the work afterwards.',
          entries: [id],
        })
      },
    }
  },
}

/** The delivery of an attempt; undefined: it is there no more. */
export function deliveryOf({ delivery, body }: CallbackEntry, world: World): Delivery | undefined {
  const row = world.get(Deliveries, delivery)
  return row?.body === body ? row : undefined
}

/** Where an attempt went, without what lets somebody in. */
export function placeOf(entry: CallbackEntry, world: World): string {
  const url = deliveryOf(entry, world)?.url
  return url === undefined ? 'of the callback' : withoutLogins(url)
}
