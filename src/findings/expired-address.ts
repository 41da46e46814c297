// The same address asked for again when it may not be shown to payers any more: a call that creates an address was repeated under its idempotency key
// after the display window, by a client that had its answer, and got the old one.
import { HandOuts } from '../world/world.ts'
import type { Detector, SeenCall } from './scene.ts'

// rule: sandgate.findings.expired-address-shown
export const expiredAddressShown: Detector = {
  kind: 'expired-address-shown',
  begin({ world }, tell) {
    /** Calls whose answer has come to the client, by the entry that did the work. Who never had it is right to ask again. */
    const answered = new Set<number>()
    let newest: { readonly entry: number; readonly work: number } | undefined
    return {
      see(entry, call) {
        // A spoiled answer is as good as none.
        if (entry.kind === 'fault' && entry.call === newest?.entry && entry.did.some((action) => 'corrupt' in action))
          answered.delete(newest.work)
        const first = call && workOf(call)
        if (!call || first === undefined) return
        if (!answered.has(first)) {
          newest = { entry: entry.id, work: first }
          answered.add(first)
          return
        }
        const windows = call.provider.deposits?.windows
        if (!windows || first === entry.id) return
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

/** The entry whose work a call was answered with; undefined: it was not answered with any that could be asked for again. */
function workOf({ entry, succeeded, repeated }: SeenCall): number | undefined {
  if (!succeeded) return undefined
  if (repeated.decided === 'replayed') return repeated.first_entry
  return repeated.decided === 'kept' ? entry.id : undefined
}
