// A journal entry as people and programs read it: times as text, rules with their marks, and no key, signature or token in it.
import type { IncomingHttpHeaders } from 'node:http'
import type { Rules } from '../contract/rules.ts'
import type { Engine } from '../engine/engine.ts'
import { hiding, isSecretHeader, mapTexts, secretsIn, secretsOfHeaders, UNSEEN } from '../text/redact.ts'
import type { CallEntry, JournalEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'

/** How much of a body is shown. */
export const BODY_CHARACTERS = 65_536

type Hide = (text: string) => string

// rule: sandgate.journal.refused
/** Whether a call was answered with a no of any kind, or was cut off. */
export function isRefused({ status }: CallEntry): boolean {
  return status === undefined || status >= 400
}

/** `expected`: what a call whose signature was refused should have signed. */
export function entryView(
  entry: JournalEntry,
  engine: Engine,
  rules: Rules,
  world: World,
  expected?: string,
  hideKnown = engine.secrets.of(world),
): Record<string, unknown> {
  switch (entry.kind) {
    case 'call':
      return callView(entry, engine, rules, world, expected, hideKnown)
    case 'timer': {
      const { timerKind, ...rest } = entry
      return { ...shared(rest, hideKnown), timer_kind: timerKind }
    }
    case 'callback':
    case 'fault':
    case 'control':
      return shared(entry, hideKnown)
  }
}

/** What entries of every kind have, texts without secrets. */
function shared({ id, at, summary, ...rest }: Pick<JournalEntry, 'id' | 'at'> & { summary?: string }, hide: Hide) {
  return {
    id,
    ...(summary !== undefined && { summary: hide(summary) }),
    ...mapTexts(rest, hide),
    at: new Date(at).toISOString(),
  }
}

function callView(
  entry: CallEntry,
  { providers }: Engine,
  rules: Rules,
  world: World,
  expected: string | undefined,
  hideKnown: Hide,
): Record<string, unknown> {
  const { request, response, gates, passed, stoppedBy, rules: applied, caller, detail: _, began: __, ...rest } = entry
  // rule: sandgate.secrets
  const body = request.body?.toString('utf8')
  const own = new Set([
    ...[body, request.query, response.text].flatMap(secretsIn),
    ...secretsOfHeaders(request.headers),
  ])
  const hideOwn: Hide = own.size === 0 ? (text) => text : hiding(new Map(), own, UNSEEN)
  const hide: Hide = (text) => hideKnown(hideOwn(text))
  return {
    ...shared(rest, hide),
    refused: isRefused(entry),
    ...callerOf(caller, entry.provider, providers, world),
    checks: gates.slice(0, passed).map(({ id }) => id),
    ...(stoppedBy && { stopped_by: stoppedBy }),
    rules: [...new Set(applied)].map((id) => ({ id, mark: rules.all.get(id)?.mark })),
    ...(expected !== undefined && { expected_text: cut(hide(expected)) }),
    request: { headers: shown(request.headers, hide), body: body ? cut(hide(body)) : null },
    response: {
      headers: shown(response.headers, hide),
      body: response.text === undefined ? null : cut(hide(response.text)),
    },
  }
}

// rule: sandgate.journal.caller
/** Who called: the account, and which of its keys, counted from 1 in the order of the settings. The key itself stays out. */
function callerOf(
  caller: unknown,
  provider: string,
  providers: Engine['providers'],
  world: World,
): { account?: string; key?: number } {
  if (caller === undefined) return {}
  const { identity } = providers.get(provider)!
  return { account: identity.account(caller), key: identity.key(caller, world) + 1 }
}

function shown(headers: IncomingHttpHeaders, hide: Hide): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isSecretHeader(name) ? UNSEEN : mapTexts(value, hide)]),
  )
}

function cut(text: string): string {
  return text.slice(0, BODY_CHARACTERS)
}
