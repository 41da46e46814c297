// A journal entry as people and programs read it: times as text, rules with their marks, and no key, signature or token in it.
import type { IncomingHttpHeaders } from 'node:http'
import type { Rules } from '../contract/rules.ts'
import type { Engine } from '../engine/engine.ts'
import { hiding, isSecretHeader, mapTexts, secretsIn, secretsOfHeaders, UNSEEN } from '../text/redact.ts'
import type { CallEntry, JournalEntry } from '../world/journal.ts'
import { Transfers } from '../world/chain.ts'
import { Deliveries } from '../world/outbox.ts'
import type { Table } from '../world/tables.ts'
import { Withdrawals } from '../world/withdrawals.ts'
import { HandOuts, type World } from '../world/world.ts'

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
      return { ...callView(entry, engine, rules, world, expected, hideKnown), ...madeView(entry, world) }
    case 'timer': {
      const { timerKind, ...rest } = entry
      return { ...shared(rest, hideKnown), timer_kind: timerKind, ...madeView(entry, world) }
    }
    case 'callback':
    case 'fault':
    case 'control':
      return { ...shared(entry, hideKnown), ...madeView(entry, world) }
  }
}

/** An entry in one line: without bodies, headers, rules and the texts that were signed. `ms` is time of the wall. */
// rule: sandgate.journal.brief
export function briefView(
  entry: JournalEntry,
  { providers }: Engine,
  world: World,
  hide: Hide,
): Record<string, unknown> {
  const made = madeView(entry, world)
  if (entry.kind === 'timer') {
    const { timerKind, because: _, reaction: __, ...rest } = entry
    return { ...shared(rest, hide), timer_kind: timerKind, ...made }
  }
  if (entry.kind === 'callback') {
    const { body: _, answer: __, ...rest } = entry
    return { ...shared(rest, hide), ...made }
  }
  if (entry.kind === 'fault') {
    const { did: _, ...rest } = entry
    return shared(rest, hide)
  }
  if (entry.kind === 'control') return { ...shared(entry, hide), ...made }
  const { id, kind, at, provider, operation, method, path, status, ms, refusal, stoppedBy, hint, notes, request } =
    entry
  const own = secretsIn(request.query)
  const hideOwn: Hide = own.length === 0 ? hide : (text) => hide(hiding(new Map(), new Set(own), UNSEEN)(text))
  return {
    id,
    kind,
    at: new Date(at).toISOString(),
    provider,
    ...(operation !== undefined && { operation }),
    // What the caller wrote can hold a secret, nothing else here can.
    method: hideOwn(method),
    path: hideOwn(path),
    ...(status !== undefined && { status }),
    ...(ms !== undefined && { ms: Math.round(ms * 100) / 100 }),
    refused: isRefused(entry),
    ...(refusal !== undefined && { refusal }),
    ...(stoppedBy !== undefined && { stopped_by: stoppedBy }),
    ...callerOf(entry.caller, provider, providers, world),
    ...(hint !== undefined && { hint: hideOwn(hint) }),
    ...decided(notes.idempotency as { decided?: string } | undefined),
    ...faultsOf(entry, world),
    ...made,
  }
}

function decided(note: { readonly decided?: string } | undefined): { idempotency?: string } {
  return note?.decided === undefined ? {} : { idempotency: note.decided }
}

// rule: sandgate.journal.not-reached
/** The checks that were not asked, in order, of a call that one of them stopped. */
function notReached({ gates, passed, stoppedBy }: CallEntry): { not_reached?: string[] } {
  const left = gates.slice(gates[passed]?.id === stoppedBy ? passed + 1 : passed).map(({ id }) => id)
  return left.length === 0 ? {} : { not_reached: left }
}

/** The entries of the faults that struck a call: they stand right behind it. */
function faultsOf({ id }: CallEntry, world: World): { faults?: number[] } {
  const faults: number[] = []
  for (let next = world.journal.get(id + 1); next?.kind === 'fault' && next.call === id;) {
    faults.push(next.id)
    next = world.journal.get(next.id + 1)
  }
  return faults.length === 0 ? {} : { faults }
}

// rule: sandgate.journal.made
/** What came of it: the rows that it made and that are there. */
function madeView({ id }: JournalEntry, world: World): { made?: object } {
  const rows = world.journal.made.of(id)
  if (rows.length === 0) return {}
  const keys = (table: Table<any>) =>
    rows.flatMap((row) => (row.table === table.name && world.get(table, row.key) ? [row.key] : []))
  const lists = {
    addresses: keys(HandOuts).map((key) => {
      const { id, address, currency, network, tag } = world.get(HandOuts, key)!
      return { id, address, currency, network, tag }
    }),
    deposits: keys(Transfers),
    withdrawals: keys(Withdrawals),
    deliveries: keys(Deliveries),
  }
  const made = Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
  return Object.keys(made).length === 0 ? {} : { made }
}

/** The entry that made a row, for those who show it. */
export function madeBy(table: Table<any>, key: string, world: World): { made_by?: number } {
  const entry = world.journal.made.makerOf(table.name, key)
  return entry === undefined ? {} : { made_by: entry }
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
  const {
    request,
    response,
    gates,
    passed,
    stoppedBy,
    rules: applied,
    caller,
    detail: _,
    began: __,
    ms: ___,
    ...rest
  } = entry
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
    ...notReached(entry),
    ...faultsOf(entry, world),
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
