// A nonce that does not rise: the provider refused it, and the journal has the call with the higher one.
import type { CallEntry } from '../world/journal.ts'
import type { Detector } from './scene.ts'

// rule: sandgate.findings.nonce-went-back
export const nonceWentBack: Detector = {
  kind: 'nonce-went-back',
  begin(_, tell) {
    const highest = new Map<string, { readonly nonce: bigint; readonly entry: CallEntry }>()
    return {
      see(entry, call) {
        const rule = call?.pitfalls.nonce
        if (entry.kind !== 'call' || !call || !rule || call.who === '') return
        const text = call.header(rule.header) ?? ''
        if (!/^\d{1,20}$/.test(text)) return
        const nonce = BigInt(text)
        const name = `${entry.provider} ${call.who}`
        const before = highest.get(name)
        if (entry.refusal === rule.refusal) {
          if (!before || nonce > before.nonce) return
          return tell({
            provider: call.provider.name,
            subject: nonce === before.nonce ? 'the same' : 'lower',
            says: `${call.name} came with ${nonce === before.nonce ? 'the same nonce as' : 'a lower nonce than'} entry ${before.entry.id} of the same key, and was refused with ${entry.status}.`,
            advice:
              'Draw nonces from one rising source for each key, shared by all processes that use it, and send calls in the order of their nonces; or give each process a key of its own.',
            entries: [before.entry.id, entry.id],
          })
        }
        // Only calls that came as far as the nonce have spent it.
        const isSpent = entry.gates.slice(0, entry.passed).some((gate) => gate.id === rule.gate)
        if (isSpent && (!before || nonce > before.nonce)) highest.set(name, { nonce, entry })
      },
    }
  },
}
