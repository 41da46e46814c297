// A journal entry as people and programs read it: times as text, rules with their marks, and no key, signature or token in it.
import type { IncomingHttpHeaders } from 'node:http'
import { mapTexts } from '../keep/recording.ts'
import type { Gate } from '../provider.ts'
import { hiding, SECRET, secretsIn, secretsOfHeaders, UNSEEN } from '../redact.ts'
import type { JournalEntry } from '../world/journal.ts'
import type { Rules } from './rules.ts'

/** How much of a body is shown. */
const BODY_CHARACTERS = 65_536

/** `hideKnown` takes the secrets of the sandbox out of a text. */
export function entryView(entry: JournalEntry, rules: Rules, hideKnown: (text: string) => string): Record<string, unknown> {
  const { id, at, summary, rules: applied, stoppedBy, request, caller: _caller, detail: _detail, began: _began, gates, passed, response, timerKind, ...rest } = entry as JournalEntry & {
    gates?: readonly Gate[]
    passed?: number
    rules?: readonly string[]
    stoppedBy?: string
    request?: { headers: IncomingHttpHeaders; query: string | undefined; body: Buffer | undefined }
    response?: { headers: Record<string, string>; text: string | undefined }
    timerKind?: string
    summary?: string
  }
  // rule: sandgate.secrets
  const body = request?.body?.toString('utf8')
  const own = new Set([...[body, request?.query, response?.text].flatMap(secretsIn), ...secretsOfHeaders(request?.headers ?? {})])
  const hideOwn = own.size === 0 ? (text: string) => text : hiding(new Map(), own, UNSEEN)
  const hide = (text: string) => hideKnown(hideOwn(text))
  return {
    id,
    ...(summary !== undefined && { summary: hide(summary) }),
    ...mapTexts(rest, hide),
    at: new Date(at).toISOString(),
    ...(timerKind && { timer_kind: timerKind }),
    ...(gates && { checks: gates.slice(0, passed).map(({ name }) => name) }),
    ...(stoppedBy && { stopped_by: stoppedBy }),
    ...(applied && { rules: [...new Set(applied)].map((id) => ({ id, mark: rules.all.get(id)?.mark })) }),
    ...(request && { request: { headers: shown(request.headers, hide), body: body ? cut(hide(body)) : null } }),
    ...(response && { response: { headers: shown(response.headers, hide), body: response.text === undefined ? null : cut(hide(response.text)) } }),
  }
}

function shown(headers: IncomingHttpHeaders, hide: (text: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, SECRET.test(name) ? UNSEEN : mapTexts(value, hide)]))
}

function cut(text: string): string {
  return text.slice(0, BODY_CHARACTERS)
}
