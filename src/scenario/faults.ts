// Faults as data: rules that match calls, and their actions before or after the call is executed. Reading scenario files is
// left to scenario/schema.ts, which calls they match to scenario/match.ts, carrying it out to pipeline/call.ts and send.ts.
import type { Module } from '../world/module.ts'
import { z } from 'zod'
import type { Call, Provider } from '../provider.ts'
import { type CallbackFaultKind, CALLBACK_FAULTS } from '../world/outbox.ts'
import { Count, Decimal, HeadersSchema, oneOf, StatusSchema, Text } from '../world/rows.ts'
import type { Table } from '../world/tables.ts'
import { WITHDRAWAL_OUTCOMES, type WithdrawalFate } from '../world/withdrawals.ts'
import type { World } from '../world/world.ts'
import type { DepositInput } from './deposits.ts'
import { concerns, regexOf, SearchBudget, SearchTooCostly, Subject, type When } from './match.ts'

export type Stage = 'before' | 'after'
export type DropHow = 'reset' | 'close' | 'hang'
export type CorruptHow = 'truncate' | 'invalid-json' | 'wrong-type' | 'empty'

/** Either one of the provider's own errors, or a literal answer. */
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
  | { readonly deposit: DepositInput & { readonly repeat: number } }
  | { readonly withdrawal: WithdrawalFate }
  | {
      readonly callbacks: {
        readonly how: CallbackFaultKind | 'pause' | 'resume'
        readonly times: number
        readonly byMs: number
      }
    }

/** Who armed a rule, in the order in which their rules apply: an outage of a timeline, a scenario's rules, the control API. */
export type ArmedBy = 'outage' | 'scenario' | 'control'

export interface FaultRule {
  readonly id: string
  readonly seq: number
  readonly by: ArmedBy
  /** File and line: `late-deposit.yaml:7`, or `body:1` for a rule armed at run time. */
  readonly source: string
  readonly when: When
  readonly then: readonly Action[]
  /** `then` as written. */
  readonly written: readonly unknown[]
  /** How many calls matched before `nth`, `times`, `every` and `probability`, and how often the rule applied. */
  readonly matched: number
  readonly fired: number
}

/** Text that is not a regex, or a regex that is not too large. */
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
  unquoted: z.record(z.string(), z.string()).optional(),
  nth: Count.optional(),
  times: Count.optional(),
  every: Count.min(1, 'expected a number of at least 1').optional(),
  probability: z.number({ error: 'expected a number' }).min(0).max(1).optional(),
})

const StageSchema = oneOf(['before', 'after'])
export const CallbackFaultSchema = { how: oneOf([...CALLBACK_FAULTS, 'pause', 'resume']), times: Count, byMs: Count }
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
    z.strictObject({
      respond: z.strictObject({
        error: Text.optional(),
        status: StatusSchema.optional(),
        headers: HeadersSchema.optional(),
        body: z.unknown().optional(),
        stage: StageSchema,
      }),
    }),
    z.strictObject({ delay: z.strictObject({ minMs: Count, maxMs: Count }) }),
    z.strictObject({ drop: z.strictObject({ stage: StageSchema, how: oneOf(['reset', 'close', 'hang']) }) }),
    z.strictObject({ corrupt: z.strictObject({ how: oneOf(['truncate', 'invalid-json', 'wrong-type', 'empty']) }) }),
    z.strictObject({ throttle: z.strictObject({ bytesPerSecond: Count.min(1, 'expected a number of at least 1') }) }),
    z.strictObject({ deposit: z.strictObject(DepositSchema) }),
    z.strictObject({
      withdrawal: z.strictObject({
        outcome: oneOf(WITHDRAWAL_OUTCOMES),
        stage: StageSchema,
        afterMs: Count.nullable(),
        reason: Text.nullable(),
      }),
    }),
    z.strictObject({ callbacks: z.strictObject(CallbackFaultSchema) }),
  ],
  {
    error:
      'expected an action: respond, delay, drop, corrupt, throttle, deposit, withdrawal or callbacks, each with its own fields',
  },
)

/** The error that an action names and one of these providers does not have. */
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
  setup: true,
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

/** The faults of one call. */
export interface Plan {
  /** The rules that apply, in order. */
  readonly rules: readonly FaultRule[]
  readonly delayMs: number
  /** The first respond or drop of each stage decides. */
  readonly before: { readonly respond?: Respond; readonly drop?: DropHow } | undefined
  readonly after: { readonly respond?: Respond; readonly drop?: DropHow } | undefined
  readonly corrupt: CorruptHow | undefined
  readonly bytesPerSecond: number | undefined
  /** What becomes of the withdrawal that the call makes. */
  readonly fate: WithdrawalFate | undefined
  readonly deposits: readonly (DepositInput & { readonly repeat: number })[]
  readonly callbacks: readonly {
    readonly how: CallbackFaultKind | 'pause' | 'resume'
    readonly times: number
    readonly byMs: number
  }[]
}

/** What the regexes of all rules may cost on one call, in instructions × characters. */
const CALL_STEPS = 2_000_000

/** Adds a rule after those of its kind. Only inside a change. */
export function arm(
  rule: Pick<FaultRule, 'by' | 'source' | 'when' | 'then' | 'written'> & { readonly id?: string },
  world: World,
): FaultRule {
  const seq = world.next(`faults.${rule.by}`)
  return world.put(FaultRules, { id: `fault_${seq}`, seq, ...rule, matched: 0, fired: 0 })
}

/**
 * Takes the rules that apply to this call; a rule used up by it applies to no other. Undefined: none applies. Delays add up; the first respond
 * or drop of a stage, the first corrupt, the first throttle and the first withdrawal decide; every deposit and every callbacks applies.
 */
// rule: sandgate.faults.atomic, sandgate.faults.order, sandgate.regex.budget
export function planFaults(call: Call, world: World): Plan | undefined {
  if (world.size(FaultRules) === 0) return undefined
  const subject = new Subject(call)
  const budget = new SearchBudget(CALL_STEPS)
  const tooCostly: string[] = []
  const considered = (rule: FaultRule): FaultRule[] => {
    try {
      return concerns(rule.when, subject, budget) ? take(rule, world) : []
    } catch (error) {
      if (!(error instanceof SearchTooCostly)) throw error
      tooCostly.push(rule.id)
      return []
    }
  }
  const rules = world.change(() => world.list(FaultRules, 'all', '').flatMap(considered))
  if (tooCostly.length > 0)
    call.note(
      'faults',
      `${tooCostly.slice(0, 10).join(', ')}${tooCostly.length > 10 ? ` and ${tooCostly.length - 10} more` : ''} could not be matched against this call: the regexes are too expensive for values this long; use shorter ones`,
    )
  if (rules.length === 0) return undefined
  const actions = rules.flatMap(({ then }) => then)
  const of = <Name extends string>(name: Name) =>
    actions.flatMap((action) => (name in action ? [(action as Record<Name, any>)[name]] : []))
  const decides = (stage: Stage) => {
    const first = actions.find(
      (action) =>
        ('respond' in action && action.respond.stage === stage) || ('drop' in action && action.drop.stage === stage),
    )
    return (
      first &&
      ('respond' in first ? { respond: first.respond } : 'drop' in first ? { drop: first.drop.how } : undefined)
    )
  }
  return {
    rules,
    delayMs: rules.reduce((sum, rule) => sum + delayOf(rule, world), 0),
    before: decides('before'),
    after: decides('after'),
    corrupt: of('corrupt')[0]?.how,
    bytesPerSecond: of('throttle')[0]?.bytesPerSecond,
    fate: of('withdrawal')[0],
    deposits: of('deposit'),
    callbacks: of('callbacks'),
  }
}

/** How long the delays of a rule hold this call: drawn by the rule's name and the number of times it has applied. */
function delayOf({ id, then, fired }: FaultRule, world: World): number {
  const delays = then.flatMap((action) => ('delay' in action ? [action.delay] : []))
  return delays.reduce(
    (sum, { minMs, maxMs }, index) =>
      sum + minMs + Math.round((maxMs - minMs) * world.draw('delay', id, fired, index).fraction()),
    0,
  )
}

function take(rule: FaultRule, world: World): FaultRule[] {
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

export const faultModule: Module = { tables: [FaultRules] }
