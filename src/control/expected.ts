// What a call whose signature was refused should have signed, made again from the call as it arrived when somebody looks at its journal entry.
// What was wrong with the signature is left to diagnosis/hints.ts.
import { isUtf8 } from 'node:buffer'
import { ReceivedCall } from '../contract/received-call.ts'
import type { SignedText } from '../provider.ts'
import { hiding, UNSEEN } from '../text/redact.ts'
import type { Engine } from '../engine/engine.ts'
import type { JournalEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'

// rule: sandgate.hints.expected-text
/** Undefined: the entry is of no such call. */
export function expectedText(entry: JournalEntry, engine: Engine, world: World): string | undefined {
  if (entry.kind !== 'call' || entry.refusal !== 'bad_signature') return undefined
  const provider = engine.providers.get(entry.provider)!
  const call = new ReceivedCall(entry.request, provider, engine.contract(provider.name))
  const { signing } = provider
  const parts = signing?.read(call, world)
  if (!signing || !parts) return undefined
  // No provider signs these; a client may have put them where they do not belong.
  const secrets = [parts.secret, parts.given, String(call.headers[provider.keyHeader])]
  const text = readable(signing.shown?.(parts) ?? signing.text(parts))
  return hiding(new Map(secrets.map((secret) => [secret, UNSEEN])), undefined, UNSEEN)(text)
}

/** Bytes that are no UTF-8 are spelled: `\xff`. */
function readable(text: SignedText): string {
  if (typeof text === 'string') return text
  if (isUtf8(text)) return text.toString('utf8')
  return text
    .toString('latin1')
    .replace(/[^\t\r\n -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
