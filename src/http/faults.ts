// What can go wrong with a call, as data: rules that match calls, and what they do before the work or after it. Reading scenario files is
// left to control/scenario.ts, carrying it out to reply.ts and send.ts.
import { RE2JS } from 're2js'
import { z } from 'zod'
import type { Call, Provider } from '../provider.ts'
import { type SpoilHow, SPOILS } from '../world/outbox.ts'
import { Count, Decimal, oneOf, Text } from '../world/rows.ts'
import type { Table } from '../world/tables.ts'
import type { World } from '../world/world.ts'
import type { DepositWish } from './deposits.ts'
import { HeadersSchema, StatusSchema } from './repeats.ts'

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

/** Who armed a rule, in the order in which their rules apply: an outage of a timeline, a scenario's rules, the control API. */
export type ArmedBy = 'outage' | 'scenario' | 'control'

export interface FaultRule {
  readonly id: string
  readonly seq: number
  readonly by: ArmedBy
  /** Where it stands: `late-deposit.yaml:7`, or `body:1` for one armed at run time. */
  readonly source: string
  readonly when: When
  readonly then: readonly Action[]
  /** `then` as somebody wrote it. */
  readonly written: readonly unknown[]
  /** How many calls matched, `nth` and its kind aside, and how often it struck. */
  readonly matched: number
  readonly fired: number
}

/** Text that is no regex, or one that can be afforded. */
const Pattern = z.unknown().superRefine((pattern, context) => {
  const look = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(look)
    if (typeof value === 'string') regexOf(value)
  }
  try {
    look(pattern)
  } catch (error) {
    context.addIssue(`expected a regex in RE2 syntax: ${(error as Error).message}`)
  }
})
const Patterns = z.record(z.string(), Pattern)

const WhenSchema = z.strictObject({
  provider: Text.optional(),
  operation: Text.optional(),
  body: Pattern.optional(),
  headers: Patterns.optional(),
  query: Patterns.optional(),
  path: Patterns.optional(),
  nth: Count.optional(),
  times: Count.optional(),
  every: Count.min(1, 'expected a number from 1 on').optional(),
  probability: z.number({ error: 'expected a number' }).min(0).max(1).optional(),
})

const StageSchema = oneOf(['before', 'after'])
export const SpoilSchema = { how: oneOf([...SPOILS, 'pause', 'resume']), times: Count, byMs: Count }
export const DepositSchema = {
  amount: Decimal,
  currency: Text.optional(),
  network: Text.optional(),
  tag: Text.nullable().optional(),
  afterMs: Count,
  confirmations: z.union([z.literal('instant'), Count], { error: 'expected "instant" or a whole number' }),
  outcome: oneOf(['confirmed', 'dropped', 'reorged', 'replaced']),
  repeat: Count.max(100, 'expected at most 100'),
}

/** An action as a rule keeps it, durations in ms. */
export const ActionSchema = z.union(
  [
    z.strictObject({ respond: z.strictObject({ error: Text.optional(), status: StatusSchema.optional(), headers: HeadersSchema.optional(), body: z.unknown().optional(), stage: StageSchema }) }),
    z.strictObject({ delay: z.strictObject({ minMs: Count, maxMs: Count }) }),
    z.strictObject({ drop: z.strictObject({ stage: StageSchema, how: oneOf(['reset', 'close', 'hang']) }) }),
    z.strictObject({ corrupt: z.strictObject({ how: oneOf(['truncate', 'invalid-json', 'wrong-type', 'empty']) }) }),
    z.strictObject({ throttle: z.strictObject({ bytesPerSecond: Count.min(1, 'expected a number from 1 on') }) }),
    z.strictObject({ deposit: z.strictObject(DepositSchema) }),
    z.strictObject({ callbacks: z.strictObject(SpoilSchema) }),
  ],
  { error: 'expected an action: respond, delay, drop, corrupt, throttle, deposit or callbacks, each with its own fields' },
)

/** The refusal that an action names and one of these providers lacks: nobody could answer with it. */
export function unknownRefusal(then: readonly Action[], named: readonly Provider[]): string | undefined {
  for (const action of then) {
    if (!('respond' in action)) continue
    const { error, status } = action.respond
    if (error === undefined && status === undefined) return 'an action answers with neither an error nor a status'
    const lacking = error === undefined ? undefined : named.find(({ refusals }) => !Object.hasOwn(refusals, error))
    if (lacking) return `${lacking.title} has no error "${error}"`
  }
  return undefined
}

export const FaultRules: Table<FaultRule> = {
  name: 'faults',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    by: oneOf(['outage', 'scenario', 'control']),
    source: Text,
    when: WhenSchema,
    then: z.array(ActionSchema, { error: 'expected a list of actions' }),
    written: z.array(z.unknown(), { error: 'expected a list' }),
    matched: Count,
    fired: Count,
  }),
  // rule: sandgate.faults.order
  indexes: { all: { group: () => '', order: (row) => RANK[row.by] * 1e12 + row.seq } },
}

const RANK: Readonly<Record<ArmedBy, number>> = { outage: 0, scenario: 1, control: 2 }

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

/** Adds a rule behind those of its kind. Only inside a change. */
export function arm(rule: Pick<FaultRule, 'by' | 'source' | 'when' | 'then' | 'written'> & { readonly id?: string }, world: World): FaultRule {
  const seq = world.next(`faults.${rule.by}`)
  return world.put(FaultRules, { id: `fault_${seq}`, seq, ...rule, matched: 0, fired: 0 })
}

/**
 * Takes the rules that strike this call; a rule that is used up by it strikes no other. Undefined: none does. Delays add up; the first respond
 * or drop of a stage, the first corrupt and the first throttle decide; every deposit and every callbacks applies.
 */
// rule: sandgate.faults.atomic, sandgate.faults.order
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
    delayMs: rules.reduce((sum, rule) => sum + delayOf(rule, world), 0),
    before: decides('before'),
    after: decides('after'),
    corrupt: of('corrupt')[0]?.how,
    bytesPerSecond: of('throttle')[0]?.bytesPerSecond,
    deposits: of('deposit'),
    callbacks: of('callbacks'),
  }
}

/** How long the delays of a rule hold this call: drawn by the rule's name and how often it has struck. */
function delayOf({ id, then, fired }: FaultRule, world: World): number {
  const delays = then.flatMap((action) => ('delay' in action ? [action.delay] : []))
  return delays.reduce((sum, { minMs, maxMs }, index) => sum + minMs + Math.round((maxMs - minMs) * world.draw('delay', id, fired, index).fraction()), 0)
}

function take(rule: FaultRule, call: Call, world: World): FaultRule[] {
  if (!concerns(rule.when, call)) return []
  const matched = rule.matched + 1
  const struck = strikes(rule, matched, world)
  const after = world.put(FaultRules, { ...rule, matched, fired: rule.fired + (struck ? 1 : 0) })
  return struck ? [after] : []
}

function strikes({ id, when }: FaultRule, matched: number, world: World): boolean {
  // rule: sandgate.scenario.counting
  if (when.nth !== undefined && matched !== when.nth) return false
  if (when.times !== undefined && matched > when.times) return false
  if (when.every !== undefined && matched % when.every !== 0) return false
  // rule: sandgate.scenario.probability
  return when.probability === undefined || world.draw('probability', id, matched).fraction() < when.probability
}

/** Whether a call is one of those that `when` describes, counting aside. */
export function concerns(when: When, call: Pick<Call, 'provider' | 'operation' | 'content' | 'headers' | 'queryValues' | 'params'>): boolean {
  if (when.provider !== undefined && when.provider !== call.provider) return false
  if (when.operation !== undefined && when.operation !== call.operation) return false
  if (when.body !== undefined && !(call.content.kind === 'json' && matches(when.body, call.content.value))) return false
  if (when.headers !== undefined && !matches(lowerKeys(when.headers), call.headers)) return false
  if (when.query !== undefined && !matches(texts(when.query), texts(call.queryValues))) return false
  return when.path === undefined || matches(when.path, call.params)
}

// rule: sandgate.scenario.matching
/** Whether a value has everything the pattern names: objects by subset, arrays by position, strings as they are or as `/a regex/`. */
export function matches(pattern: unknown, value: unknown): boolean {
  if (typeof pattern === 'string') {
    const regex = regexOf(pattern)
    if (regex) return (typeof value === 'string' || typeof value === 'number') && regex.matcher(String(value).slice(0, REGEX_CHARACTERS)).find()
    // A query or a path has text only, a scenario may well write a number.
    return pattern === value
  }
  if (typeof pattern !== 'object' || pattern === null) return pattern === value || String(pattern) === value
  if (Array.isArray(pattern)) return Array.isArray(value) && pattern.length === value.length && pattern.every((item, index) => matches(item, value[index]))
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(pattern).every(([key, item]) => Object.hasOwn(value, key) && matches(item, (value as Record<string, unknown>)[key]))
}

/** How much of a value a regex looks at, and how many instructions of RE2 it may have: one search costs at most their product. */
const REGEX_CHARACTERS = 4096
const REGEX_INSTRUCTIONS = 2000
/** How many regexes are kept compiled. */
const COMPILED_MAX = 1000
const compiled = new Map<string, RE2JS>()

/**
 * The regex in `/…/`; undefined when the text is none. Throws where RE2 does not take it: it has no backreferences and no lookaround, and in
 * return takes linear time.
 */
// rule: sandgate.scenario.regex
export function regexOf(text: string): RE2JS | undefined {
  if (text.length <= 2 || !text.startsWith('/') || !text.endsWith('/')) return undefined
  let regex = compiled.get(text)
  if (!regex) {
    if (text.length > REGEX_CHARACTERS) throw new Error(`a regex of ${text.length} characters is too long`)
    regex = RE2JS.compile(text.slice(1, -1))
    if (regex.programSize() > REGEX_INSTRUCTIONS) throw new Error('the regex is too large')
    if (compiled.size >= COMPILED_MAX) compiled.clear()
    compiled.set(text, regex)
  }
  return regex
}

/** A query has text only; a scenario may well write a number. */
function texts(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'number' || typeof value === 'boolean' ? String(value) : value]))
}

function lowerKeys(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
