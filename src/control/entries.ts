// A journal entry as people and programs read it: times as text, rules with their marks, and no key, signature or token in it.
import type { IncomingHttpHeaders } from 'node:http'
import { hiding, secretsIn, withoutLogins } from '../keep/recording.ts'
import type { Gate } from '../provider.ts'
import type { Sandbox } from '../sandbox.ts'
import type { JournalEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'

/** Headers whose value may let somebody in. `idempotency-key` lets nobody in. */
export const SECRET = /authorization|cookie|secret|token|sign|otp|(?<!idempotency-)key/
export const HIDDEN = '(hidden)'

/** How much of a body is shown. */
export const BODY_CHARACTERS = 65_536

// rule: sandgate.journal.refused
/** Whether a call was answered with a no of any kind, or was cut off. */
export function isRefused({ status }: JournalEntry): boolean {
  return status === undefined || (status as number) >= 400
}

/** `expected`: what a call whose signature was refused should have signed. */
export function entryView(entry: JournalEntry, { rules, providers }: Pick<Sandbox, 'rules' | 'providers'>, world: World, expected?: string): Record<string, unknown> {
  const { id, at, summary, rules: applied, stoppedBy, request, caller, detail: _detail, began: _began, gates, passed, response, timerKind, ...rest } = entry as JournalEntry & {
    gates?: readonly Gate[]
    passed?: number
    rules?: readonly string[]
    stoppedBy?: string
    request?: { headers: IncomingHttpHeaders; body: Buffer | undefined }
    response?: { headers: Record<string, string>; text: string | undefined }
    timerKind?: string
    summary?: string
  }
  return {
    id,
    ...(summary !== undefined && { summary: withoutLogins(summary) }),
    ...rest,
    at: new Date(at).toISOString(),
    ...(entry.kind === 'call' && { refused: isRefused(entry), ...callerOf(caller, entry.provider!, providers, world) }),
    ...(timerKind && { timer_kind: timerKind }),
    ...(gates && { checks: gates.slice(0, passed).map(({ name }) => name) }),
    ...(stoppedBy && { stopped_by: stoppedBy }),
    ...(applied && { rules: [...new Set(applied)].map((id) => ({ id, mark: rules.all.get(id)?.mark })) }),
    ...(expected !== undefined && { expected_text: expected }),
    // rule: sandgate.secrets
    ...(request && { request: { headers: withoutSecrets(request.headers), body: bodyText(request.body) } }),
    ...(response && { response: { headers: withoutSecrets(response.headers), body: response.text === undefined ? null : hidden(response.text).slice(0, BODY_CHARACTERS) } }),
  }
}

// rule: sandgate.journal.caller
/** Who called: the account, and which of its keys, counted from 1 in the order of the settings. The key itself stays out. */
function callerOf(caller: unknown, provider: string, providers: Sandbox['providers'], world: World): { account?: string; key?: number } {
  if (caller === undefined) return {}
  const { identity } = providers.get(provider)!
  return { account: identity.account(caller), key: identity.key(caller, world) + 1 }
}

function withoutSecrets(headers: IncomingHttpHeaders): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, SECRET.test(name) ? HIDDEN : value]))
}

function bodyText(body: Buffer | undefined): string | null {
  return body === undefined || body.length === 0 ? null : hidden(body.toString('utf8')).slice(0, BODY_CHARACTERS)
}

/** A text without logins in its URLs, and without what the body's own names call a secret: a partner is shown its own when it registers an endpoint. */
export function hidden(text: string, body = text): string {
  const secrets = secretsIn(body)
  return withoutLogins(secrets.length === 0 ? text : hiding(new Map(secrets.map((secret) => [secret, HIDDEN])))(text))
}
