// Scenario files: read with their schema and turned into the rules and steps that runtime.ts loads. Whether the names in them exist is checked in
// references.ts.
import { z } from 'zod'
import { Clock } from '../config.ts'
import { contradiction, type DepositInput } from './deposits.ts'
import { replaced } from '../text/exact.ts'
import type { Action } from './faults.ts'
import type { When } from './match.ts'
import { atOnce } from '../runtime/slices.ts'
import { readDestination } from '../world/destinations.ts'
import { durationMs } from '../text/durations.ts'
import type { CallbackFaultKind } from '../world/outbox.ts'
import { type Path, YamlError, YamlText } from '../text/yaml.ts'
import { clockText } from '../control/http.ts'
import { type Known, Names } from './references.ts'
import { Reader } from './reader.ts'
import { refuseRounded, whenOf } from './values.ts'

/** Rules and steps of one file together. */
const PARTS_MAX = 1000
/** The longest world time ahead in a scenario. */
const AHEAD_MS = 3650 * 86_400_000
/** The longest wall time that one call may be delayed. */
const DELAY_MS = 3_600_000

/** A scenario; several files are merged into one. */
export interface Scenario {
  readonly stories: readonly Story[]
  readonly seed?: string | undefined
  /** `real`, or an instant. */
  readonly clock?: string | undefined
  readonly rules: readonly ScenarioRule[]
  readonly timeline: readonly ScenarioStep[]
}

/** Name and summary of one file. */
export interface Story {
  readonly name: string
  readonly summary: string | null
  /** The file, or `body`. */
  readonly source: string
}

export interface ScenarioRule {
  readonly id: string
  /** `late-deposit.yaml:7` */
  readonly source: string
  readonly when: When
  readonly then: readonly Action[]
  /** `then` as written in the file. */
  readonly written: readonly unknown[]
}

export interface ScenarioStep {
  readonly id: string
  readonly source: string
  readonly atMs: number
  readonly do: TimelineAction
  readonly written: { readonly at: string; readonly do: unknown }
}

/** An action of a timeline step. */
export type TimelineAction =
  | {
      readonly callbacks: {
        readonly provider: string
        readonly how: CallbackFaultKind | 'pause' | 'resume'
        readonly times: number
        readonly byMs: number
      }
    }
  | {
      readonly outage: {
        readonly provider: string
        readonly operation?: string
        readonly forMs: number
        readonly then: readonly Action[]
      }
    }
  | { readonly deposit: DepositInput & DepositTarget & { readonly repeat: number } }

/** Selects the allocated address for a deposit: the newest that matches, or the nth. */
export interface DepositTarget {
  readonly address?: string
  readonly provider?: string
  readonly account?: string
  readonly user?: string
  readonly nth?: number
}

const DURATION = 'expected a duration such as 90s, 15m, 4h, 7d or PT4H'

function duration(most: number) {
  return z.string({ error: DURATION }).transform((text, context) => {
    const ms = durationMs(text)
    if (ms !== undefined && ms <= most) return ms
    context.addIssue(ms === undefined ? DURATION : `is longer than the maximum of ${most / 3_600_000} hours`)
    return z.NEVER
  })
}

const Later = duration(AHEAD_MS)
const Held = duration(DELAY_MS)
const Count = z.int().min(1).max(1_000_000)
const Stage = z.enum(['before', 'after']).default('before')
const DROP = ['reset', 'close', 'hang'] as const
const CALLBACKS = [
  'duplicate',
  'delay',
  'drop',
  'reorder',
  'pause',
  'resume',
  'bad-signature',
  'stale-timestamp',
] as const

/** An unquoted number is taken as written, so an editor need not report it. */
const Header = z
  .string()
  .meta({ type: ['string', 'number', 'boolean'] as never })
  .refine((text) => /^[\t\x20-\x7e\x80-\xff]*$/.test(text), 'has characters that are not allowed in a header')
const Headers = z
  .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a valid header name'), Header)
  .transform((headers) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  )
  .refine(
    (headers) => !['content-length', 'transfer-encoding', 'connection'].some((name) => Object.hasOwn(headers, name)),
    'content-length, transfer-encoding and connection are set by Sandgate',
  )

const Answer = {
  error: z.string().optional(),
  status: z.int().min(200).max(599).optional(),
  headers: Headers.optional(),
  body: z.any().optional(),
}
const Respond = z
  .strictObject({ ...Answer, stage: Stage })
  .refine(
    ({ error, status }) => (error === undefined) !== (status === undefined),
    'set either error, one of the provider\u2019s own errors, or status',
  )
  .refine(
    ({ error, headers, body }) => error === undefined || (headers === undefined && body === undefined),
    'headers and body are allowed only with status; an error has the provider\u2019s own',
  )

const Delay = z.union([
  Held.transform((ms) => ({ minMs: ms, maxMs: ms })),
  z
    .strictObject({ min: Held, max: Held })
    .refine(({ min, max }) => min <= max, 'min is longer than max')
    .transform(({ min, max }) => ({ minMs: min, maxMs: max })),
])

const TAG = 'expected a tag in quotes, such as "1633678796"; without quotes it is exact up to fifteen digits'
const Tag = z
  .union([z.string().max(64), z.int({ error: TAG })], { error: TAG })
  .transform(String)
  .refine((tag) => tag.trim() !== '', 'is empty; use null to send without a tag')

/** An address in any notation that wallets accept. */
const Address = z.string().check(({ value, issues }) => {
  try {
    readDestination(value)
  } catch (error) {
    issues.push({ code: 'custom', message: (error as Error).message.replace(/^address: /, ''), input: value })
  }
})

const Money = {
  amount: z
    .string({ error: 'expected decimal text in quotes, such as "12.5"' })
    .regex(/^\d{1,60}(\.\d{1,60})?$/, 'expected decimal text such as "12.5"'),
  currency: z.string().optional(),
  network: z.string().optional(),
  tag: Tag.nullable().optional(),
  confirmations: z.union([z.literal('instant'), z.int().min(0).max(1000)]).default(0),
  outcome: z.enum(['confirmed', 'dropped', 'reorged', 'replaced']).default('confirmed'),
  repeat: z.int().min(1).max(100).default(1),
}

/** Checks that the transaction is possible. */
function possible({ value, issues }: z.core.ParsePayload<Pick<DepositInput, 'outcome' | 'confirmations'>>): void {
  const message = contradiction(value)
  if (message !== undefined)
    issues.push({ code: 'custom', message, path: ['confirmations'], input: value.confirmations })
}

const CallbackFaultFields = { how: z.enum(CALLBACKS), times: Count.default(1), by: Later.optional() }

function needsBy({ how, by }: { how: string; by?: number | undefined }): boolean {
  return how !== 'delay' || by !== undefined
}

const NEEDS_BY = 'a delay requires by, a duration'
const OneAction = { minProperties: 1, maxProperties: 1 }

const ActionSchema = z
  .strictObject({
    respond: Respond.optional(),
    delay: Delay.optional(),
    drop: z.strictObject({ stage: Stage, how: z.enum(DROP) }).optional(),
    corrupt: z.strictObject({ how: z.enum(['truncate', 'invalid-json', 'wrong-type', 'empty']) }).optional(),
    throttle: z.strictObject({ bytesPerSecond: z.int().min(1).max(1_000_000_000) }).optional(),
    deposit: z
      .strictObject({ ...Money, after: Later.optional() })
      .check(possible)
      .transform(({ after = 0, ...money }) => ({ ...money, afterMs: after }))
      .optional(),
    callbacks: z
      .strictObject(CallbackFaultFields)
      .refine(needsBy, NEEDS_BY)
      .transform(({ by = 0, ...fault }) => ({ ...fault, byMs: by }))
      .optional(),
  })
  .meta(OneAction)
  .refine(
    (action) => Object.keys(action).length === 1,
    'expected one action per item: begin each action with its own dash',
  )

const WhenSchema = z.strictObject({
  provider: z.string().optional(),
  operation: z.string().optional(),
  body: z.any().optional(),
  headers: z.record(z.string(), z.any()).optional(),
  query: z.record(z.string(), z.any()).optional(),
  path: z.record(z.string(), z.any()).optional(),
  nth: Count.optional(),
  times: Count.optional(),
  every: Count.optional(),
  probability: z.number().min(0).max(1).optional(),
})

const RuleSchema = z.strictObject({ when: WhenSchema, then: z.array(ActionSchema).min(1).max(100) })

const DoSchema = z
  .strictObject({
    callbacks: z
      .strictObject({ provider: z.string(), ...CallbackFaultFields })
      .refine(needsBy, NEEDS_BY)
      .transform(({ by = 0, ...fault }) => ({ ...fault, byMs: by }))
      .optional(),
    outage: z
      .strictObject({
        provider: z.string(),
        operation: z.string().optional(),
        for: Later,
        respond: z.strictObject(Answer).optional(),
        drop: z.strictObject({ how: z.enum(DROP) }).optional(),
      })
      .refine(({ respond, drop }) => respond === undefined || drop === undefined, 'set either respond or drop')
      .refine(
        ({ respond }) => respond === undefined || (respond.error === undefined) !== (respond.status === undefined),
        'set either error or status in respond',
      )
      .transform(({ for: forMs, respond, drop, ...what }) => ({
        ...what,
        forMs,
        then: [
          drop
            ? { drop: { stage: 'before', ...drop } }
            : { respond: { stage: 'before', ...(respond ?? { error: 'unavailable' }) } },
        ],
      }))
      .optional(),
    deposit: z
      .strictObject({
        address: Address.optional(),
        provider: z.string().optional(),
        account: z.string().optional(),
        user: z.string().optional(),
        nth: Count.optional(),
        ...Money,
      })
      .check(possible)
      .refine(
        ({ address, provider }) => address !== undefined || provider !== undefined,
        'set the target: an address, or a provider (with account, user, nth)',
      )
      .transform((deposit) => ({ ...deposit, afterMs: 0 }))
      .optional(),
  })
  .meta(OneAction)
  .refine((doing) => Object.keys(doing).length === 1, 'expected one action per step: give each its own `at`')

const StepSchema = z.strictObject({ at: Later, do: DoSchema })

const ScenarioSchema = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  summary: z.string().max(10_000).optional(),
  seed: z.string().min(1).max(256).optional(),
  clock: Clock.transform(clockText).optional(),
  rules: z.array(RuleSchema).max(PARTS_MAX).optional(),
  timeline: z.array(StepSchema).max(PARTS_MAX).optional(),
})

/** The same without validating the items of its lists. */
const OuterSchema = ScenarioSchema.extend({
  rules: z.array(z.unknown()).max(PARTS_MAX).optional(),
  timeline: z.array(z.unknown()).max(PARTS_MAX).optional(),
})
/** A rule, and a scenario, as people write them. */
export type RuleWritten = z.input<typeof RuleSchema>
export type ScenarioWritten = z.input<typeof ScenarioSchema>

/** The JSON Schema of scenario files, for editors. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(ScenarioSchema, { io: 'input', unrepresentable: 'any' })
}

/** Reads and checks one file or body. Throws a `YamlError` with all errors. */
export function readScenario(written: Buffer | string, source: string, known: Known): Scenario {
  return atOnce(readingScenario(written, source, known))
}

// rule: sandgate.scenario.format
/** The same, a step at a time. */
export function* readingScenario(
  written: Buffer | string,
  source: string,
  known: Known,
): Generator<undefined, Scenario> {
  const text = yield* YamlText.reading(written, source)
  yield
  const reader = new Reader(text, ScenarioSchema)
  const outer = reader.read(OuterSchema, [])
  const read = function* <Item extends z.ZodType>(
    list: 'rules' | 'timeline',
    schema: Item,
  ): Generator<undefined, z.output<Item>[]> {
    const items: z.output<Item>[] = []
    // They are validated even if something around them is invalid.
    const written: unknown = text.value?.[list]
    for (const index of Array.isArray(written) ? written.slice(0, PARTS_MAX).keys() : []) {
      items.push(reader.read(schema, [list, index])!)
      yield
    }
    return items
  }
  const [found, steps] = [yield* read('rules', RuleSchema), yield* read('timeline', StepSchema)]
  reader.done()
  const { name: named, summary = null, seed, clock } = outer!
  const name = named ?? (source.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '') || 'scenario')
  const names = new Names(text, known)
  const rules: ScenarioRule[] = []
  for (const [index, rule] of found.entries()) {
    rules.push(asRule(rule, `${name}.${index + 1}`, text, ['rules', index], names))
    names.rule(rules[index]!.when, rules[index]!.then, ['rules', index])
    yield
  }
  const timeline = steps.map((step, index): ScenarioStep => ({
    id: `${name}.at-${index + 1}`,
    source: `${source}:${text.line(['timeline', index])}`,
    atMs: step.at,
    do: step.do as unknown as TimelineAction,
    written: asWritten(text, ['timeline', index]),
  }))
  for (const [index, step] of timeline.entries()) {
    names.step(step.do, ['timeline', index, 'do'])
    wholeNumbers(text, ['timeline', index, 'do', 'outage', 'respond', 'body'], names)
  }
  names.done()
  return {
    stories: [{ name, summary, source }],
    ...(seed !== undefined && { seed }),
    ...(clock !== undefined && { clock }),
    rules,
    timeline,
  }
}

/** One rule, to be armed at run time. */
export function readRule(written: Buffer | string, source: string, known: Known): ScenarioRule {
  return atOnce(readingRule(written, source, known))
}

/** The same, a step at a time. */
export function* readingRule(
  written: Buffer | string,
  source: string,
  known: Known,
): Generator<undefined, ScenarioRule> {
  const text = yield* YamlText.reading(written, source)
  const reader = new Reader(text, RuleSchema)
  const read = reader.read(RuleSchema, [])
  reader.done()
  const names = new Names(text, known)
  const rule = asRule(read!, '', text, [], names)
  names.rule(rule.when, rule.then, [])
  names.done()
  return rule
}

function asRule(rule: z.output<typeof RuleSchema>, id: string, text: YamlText, path: Path, names: Names): ScenarioRule {
  const when = whenOf(text.at([...path, 'when']) as Partial<When>, rule.when as When, (at, message) =>
    names.complain([...path, 'when', ...at], message),
  )
  for (const index of rule.then.keys()) wholeNumbers(text, [...path, 'then', index, 'respond', 'body'], names)
  return {
    id,
    source: `${text.name}:${text.line(path)}`,
    when,
    then: rule.then as unknown as Action[],
    written: asWritten(text, [...path, 'then']),
  }
}

function wholeNumbers(text: YamlText, path: Path, names: Names): void {
  refuseRounded(text.at(path), path, (at, message) => names.complain(at, message))
}

/** A part as people read it: scalars that JSON would write differently become text. */
function asWritten(text: YamlText, path: Path): any {
  return replaced(text.at(path), (scalar) => scalar.text)
}

// rule: sandgate.scenario.add-up
/** Merges several files: the rules are joined in file order; two different seeds or clocks are an error. */
export function mergeScenarios(parts: readonly Scenario[]): Scenario {
  const wrong = (['seed', 'clock'] as const).flatMap((field) => {
    const [first, ...others] = parts.filter((part) => part[field] !== undefined)
    const other = others.find((part) => part[field] !== first![field])
    return other
      ? [
          `${other.stories[0]!.source}: ${field} ${other[field]} differs from ${first![field]} in ${first!.stories[0]!.source}; a world has only one ${field}`,
        ]
      : []
  })
  if (wrong.length > 0) throw new YamlError(wrong)
  const seed = parts.find((part) => part.seed !== undefined)?.seed
  const clock = parts.find((part) => part.clock !== undefined)?.clock
  const ids = new Set<string>()
  const own = <Part extends { readonly id: string }>(part: Part): Part => {
    let id = part.id
    for (let number = 2; ids.has(id); number++) id = `${part.id}~${number}`
    ids.add(id)
    return { ...part, id }
  }
  return {
    stories: parts.flatMap(({ stories }) => stories),
    ...(seed !== undefined && { seed }),
    ...(clock !== undefined && { clock }),
    rules: parts.flatMap(({ rules }) => rules).map(own),
    timeline: parts.flatMap(({ timeline }) => timeline).map(own),
  }
}
