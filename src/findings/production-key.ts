// A key for production in a sandbox: it was sent, so that it stands in the configuration of a test.
import type { Detector } from './scene.ts'

// rule: sandgate.findings.production-key
export const productionKey: Detector = {
  kind: 'production-key',
  begin(_, tell) {
    return {
      see(entry, call) {
        const shape = call?.pitfalls.productionKey
        // Who was let in has a key of the sandbox's own settings, whatever it looks like.
        if (entry.kind !== 'call' || !call || !shape || entry.caller !== undefined) return
        const header = Object.entries(entry.request.headers).find(([, value]) => shape.test(String(value)))?.[0]
        if (header === undefined) return
        tell({
          provider: call.provider.name,
          subject: header,
          says: `A call came with a key in the header ${header} that has the form of a key for production, and was refused with ${entry.status ?? 'no answer'}.`,
          advice:
            'Give the tests a key of the sandbox, keep the real one where tests cannot read it, and replace it if it stood in a repository or in a log.',
          entries: [entry.id],
        })
      },
    }
  },
}
