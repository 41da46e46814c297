// A journal entry as people and programs read it: times as text, rules with their marks, and no key, signature or token in it.
import type { IncomingHttpHeaders } from 'node:http'
import { mapTexts } from '../casefile/format.ts'
import type { Gate } from '../provider.ts'
import { hiding, SECRET, secretsIn, secretsOfHeaders, UNSEEN } from '../text/redact.ts'
import type { Sandbox } from '../app.ts'
import type { JournalEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'

/** How much of a body is shown. */
export const BODY_CHARACTERS = 65_536

// rule: sandgate.journal.refused
/** Whether a call was answered with a no of any kind, or was cut off. */
export function isRefused({ status }: JournalEntry): boolean {
  return status === undefined || (status as number) >= 400
}

/** `expected`: what a call whose signature was refused should have signed. */
export function entryView(
  entry: JournalEntry,
  { rules, providers, secrets }: Pick<Sandbox, 'rules' | 'providers' | 'secrets'>,
  world: World,
  expected?: string,
  hideKnown = secrets.of(world),
): Record<string, unknown> {
  const {
    id,
    at,
    summary,
    rules: applied,
    stoppedBy,
    request,
    caller,
    detail: _detail,
    began: _began,
    gates,
    passed,
    response,
    timerKind,
    ...rest
  } = entry as JournalEntry & {
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
  const own = new Set([
    ...[body, request?.query, response?.text].flatMap(secretsIn),
    ...secretsOfHeaders(request?.headers ?? {}),
  ])
  const hideOwn = own.size === 0 ? (text: string) => text : hiding(new Map(), own, UNSEEN)
  const hide = (text: string) => hideKnown(hideOwn(text))
  return {
    id,
    ...(summary !== undefined && { summary: hide(summary) }),
    ...mapTexts(rest, hide),
    at: new Date(at).toISOString(),
    ...(entry.kind === 'call' && { refused: isRefused(entry), ...callerOf(caller, entry.provider!, providers, world) }),
    ...(timerKind && { timer_kind: timerKind }),
    ...(gates && { checks: gates.slice(0, passed).map(({ name }) => name) }),
    ...(stoppedBy && { stopped_by: stoppedBy }),
    ...(applied && { rules: [...new Set(applied)].map((id) => ({ id, mark: rules.all.get(id)?.mark })) }),
    ...(expected !== undefined && { expected_text: cut(hide(expected)) }),
    ...(request && { request: { headers: shown(request.headers, hide), body: body ? cut(hide(body)) : null } }),
    ...(response && {
      response: {
        headers: shown(response.headers, hide),
        body: response.text === undefined ? null : cut(hide(response.text)),
      },
    }),
  }
}

// rule: sandgate.journal.caller
/** Who called: the account, and which of its keys, counted from 1 in the order of the settings. The key itself stays out. */
function callerOf(
  caller: unknown,
  provider: string,
  providers: Sandbox['providers'],
  world: World,
): { account?: string; key?: number } {
  if (caller === undefined) return {}
  const { identity } = providers.get(provider)!
  return { account: identity.account(caller), key: identity.key(caller, world) + 1 }
}

function shown(headers: IncomingHttpHeaders, hide: (text: string) => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, SECRET.test(name) ? UNSEEN : mapTexts(value, hide)]),
  )
}

function cut(text: string): string {
  return text.slice(0, BODY_CHARACTERS)
}
