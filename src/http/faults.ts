// What can go wrong with a call, as data: rules that match calls, and what they do before the work or after it. Reading scenario files is
// left to control/scenario.ts, carrying it out to reply.ts and sandbox.ts.
import { RE2JS } from 're2js'
import type { Call } from '../provider.ts'
import type { SpoilHow } from '../world/outbox.ts'
import type { Table } from '../world/tables.ts'
import type { World } from '../world/world.ts'
import type { DepositWish } from './deposits.ts'

/** Which calls a rule is about; what is left out matches all. A string may be `/a regex/` (RE2 syntax). */
export interface When {
  readonly provider?: string | undefined
  readonly operation?: string | undefined
  /** By subset: every key that is named must match, arrays by position. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  readonly query?: Readonly<Record<string, unknown>> | undefined
  readonly path?: Readonly<Record<string, unknown>> | undefined
  /** Of the calls that match, only this one; only the first so many; every so many; with this probability (seeded). */
  readonly nth?: number | undefined
  readonly times?: number | undefined
  readonly every?: number | undefined
  readonly probability?: number | undefined
}

export type Stage = 'before' | 'after'
export type DropHow = 'reset' | 'close' | 'hang'
export type CorruptHow = 'truncate' | 'invalid-json' | 'wrong-type' | 'empty'

/** Either one of the provider's own refusals, or an answer as it stands. */
export interface Respond {
  readonly error?: string | undefined
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: unknown
}

export type Action =
  | { readonly respond: Respond & { readonly stage: Stage } }
  | { readonly delay: { readonly minMs: number; readonly maxMs: number } }
  | { readonly drop: { readonly stage: Stage; readonly how: DropHow } }
  | { readonly corrupt: { readonly how: CorruptHow } }
  | { readonly throttle: { readonly bytesPerSecond: number } }
  | { readonly deposit: DepositWish & { readonly repeat: number } }
  | { readonly callbacks: { readonly how: SpoilHow | 'pause' | 'resume'; readonly times: number; readonly byMs: number } }

export interface FaultRule {
  readonly id: string
  readonly seq: number
  /** Where it stands: `late-deposit.yaml:7`, or `control` for one armed at run time. */
  readonly source: string
  readonly when: When
  readonly then: readonly Action[]
  /** How many calls matched, `nth` and its kind aside, and how often it struck. */
  readonly matched: number
  readonly fired: number
}

export const FaultRules: Table<FaultRule> = {
  name: 'faults',
  key: (row) => row.id,
  indexes: { all: { group: () => '', order: (row) => row.seq } },
}

/** What is to happen to one call. */
export interface Plan {
  /** The rules that struck, in order. */
  readonly rules: readonly FaultRule[]
  readonly delayMs: number
  /** The first respond or drop of each stage decides. */
  readonly before: { readonly respond?: Respond; readonly drop?: DropHow } | undefined
  readonly after: { readonly respond?: Respond; readonly drop?: DropHow } | undefined
  readonly corrupt: CorruptHow | undefined
  readonly bytesPerSecond: number | undefined
  readonly deposits: readonly (DepositWish & { readonly repeat: number })[]
  readonly callbacks: readonly { readonly how: SpoilHow | 'pause' | 'resume'; readonly times: number; readonly byMs: number }[]
}

/** Adds a rule behind those there are. Only inside a change. */
export function arm(rule: Pick<FaultRule, 'source' | 'when' | 'then'>, world: World): FaultRule {
  const seq = world.next('faults')
  return world.put(FaultRules, { id: `fault_${seq}`, seq, ...rule, matched: 0, fired: 0 })
}

/** Takes the rules that strike this call; a rule that is used up by it strikes no other. Undefined: none does. */
export function planFaults(call: Call, world: World): Plan | undefined {
  if (world.size(FaultRules) === 0) return undefined
  const rules = world.change(() => world.list(FaultRules, 'all', '').flatMap((rule) => take(rule, call, world)))
  if (rules.length === 0) return undefined
  const actions = rules.flatMap(({ then }) => then)
  const of = <Name extends string>(name: Name) => actions.flatMap((action) => (name in action ? [(action as Record<Name, any>)[name]] : []))
  const decides = (stage: Stage) => {
    const first = actions.find((action) => ('respond' in action && action.respond.stage === stage) || ('drop' in action && action.drop.stage === stage))
    return first && ('respond' in first ? { respond: first.respond } : 'drop' in first ? { drop: first.drop.how } : undefined)
  }
  return {
    rules,
    delayMs: of('delay').reduce((sum: number, { minMs, maxMs }, index) => sum + minMs + Math.round((maxMs - minMs) * world.draw('delay', rules[0]!.id, rules[0]!.fired, index).fraction()), 0),
    before: decides('before'),
    after: decides('after'),
    corrupt: of('corrupt')[0]?.how,
    bytesPerSecond: of('throttle')[0]?.bytesPerSecond,
    deposits: of('deposit'),
    callbacks: of('callbacks'),
  }
}

function take(rule: FaultRule, call: Call, world: World): FaultRule[] {
  if (!concerns(rule.when, call)) return []
  const matched = rule.matched + 1
  const struck = strikes(rule, matched, world)
  const after = world.put(FaultRules, { ...rule, matched, fired: rule.fired + (struck ? 1 : 0) })
  return struck ? [after] : []
}

function strikes({ id, when }: FaultRule, matched: number, world: World): boolean {
  if (when.nth !== undefined && matched !== when.nth) return false
  if (when.times !== undefined && matched > when.times) return false
  if (when.every !== undefined && matched % when.every !== 0) return false
  return when.probability === undefined || world.draw('probability', id, matched).fraction() < when.probability
}

/** Whether a call is one of those that `when` describes, counting aside. */
export function concerns(when: When, call: Pick<Call, 'provider' | 'operation' | 'content' | 'headers' | 'queryValues' | 'params'>): boolean {
  if (when.provider !== undefined && when.provider !== call.provider) return false
  if (when.operation !== undefined && when.operation !== call.operation) return false
  if (when.body !== undefined && !(call.content.kind === 'json' && matches(when.body, call.content.value))) return false
  if (when.headers !== undefined && !matches(lowerKeys(when.headers), call.headers)) return false
  if (when.query !== undefined && !matches(when.query, call.queryValues)) return false
  return when.path === undefined || matches(when.path, call.params)
}

/** Whether a value has everything the pattern names: objects by subset, arrays by position, strings as they are or as `/a regex/`. */
export function matches(pattern: unknown, value: unknown): boolean {
  if (typeof pattern === 'string') {
    const regex = regexOf(pattern)
    if (regex) return (typeof value === 'string' || typeof value === 'number') && regex.matcher(String(value)).find()
    // A query or a path has text only, a scenario may well write a number.
    return pattern === value
  }
  if (typeof pattern !== 'object' || pattern === null) return pattern === value || String(pattern) === value
  if (Array.isArray(pattern)) return Array.isArray(value) && pattern.length === value.length && pattern.every((item, index) => matches(item, value[index]))
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(pattern).every(([key, item]) => Object.hasOwn(value, key) && matches(item, (value as Record<string, unknown>)[key]))
}

/** The regex in `/…/`; undefined when the text is none. Throws where RE2 does not take it: it has no backreferences and no lookaround. */
export function regexOf(text: string): RE2JS | undefined {
  return text.length > 2 && text.startsWith('/') && text.endsWith('/') ? RE2JS.compile(text.slice(1, -1)) : undefined
}

function lowerKeys(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
