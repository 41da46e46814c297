// The same address asked for again when it may not be shown to payers any more: a call that creates an address was repeated under its idempotency key
// after the display window, and got the old one.
import { HandOuts } from '../world/world.ts'
import type { Detector } from './scene.ts'

// rule: sandgate.findings.expired-address-shown
export const expiredAddressShown: Detector = {
  kind: 'expired-address-shown',
  begin({ world }, tell) {
    return {
      see(entry, call) {
        if (!call?.succeeded || call.repeated.decided !== 'replayed') return
        const first = call.repeated.first_entry!
        const windows = call.provider.deposits?.windows
        if (!windows) return
        for (const { table, key } of world.journal.made.of(first)) {
          const handOut = table === HandOuts.name ? world.get(HandOuts, key) : undefined
          if (!handOut || handOut.provider !== call.provider.name) continue
          const { displayUntil } = windows(handOut, world)
          if (displayUntil === undefined || entry.at <= displayUntil) continue
          return tell({
            provider: call.provider.name,
            subject: call.name,
            says: `Entry ${entry.id} asked with ${call.name} for the address of entry ${first} again, after it may no longer be shown to payers (since ${new Date(displayUntil).toISOString()}): money that comes late may be credited late, to somebody else, or never.`,
            advice:
              'Keep the time until when an address may be shown beside it. When it is over, ask for a new one under a new idempotency key, and show that.',
            entries: [first, entry.id],
          })
        }
      },
    }
  },
}
