// `sandgate check` and POST scenario/check: the errors of scenarios, the rules that can never apply, and their timelines; nothing is run.
import { isDeepStrictEqual } from 'node:util'
import type { Contract, ContractOperation } from '../contract/contract.ts'
import type { Operation } from '../provider.ts'
import type { Action, Stage } from './faults.ts'
import type { When } from './match.ts'
import { bytesOf, YamlError } from '../text/yaml.ts'
import { durationText } from '../text/durations.ts'
import { describeAction } from './runtime.ts'
import type { Known } from './references.ts'
import { readingScenario, readScenario, type Scenario, type ScenarioRule, mergeScenarios } from './schema.ts'
import { atOnce } from '../text/steps.ts'
import { twoReadings } from './values.ts'

export interface Checked {
  /** Errors that prevent the files from being loaded. */
  readonly errors: readonly string[]
  /** Rules and actions that can never apply, and ambiguous conditions. */
  readonly warnings: readonly string[]
  /** The scenarios, and their timelines in order. */
  readonly told: readonly string[]
}

/** Reads the files as they would be loaded together. */
export function checkFiles(files: readonly string[], known: Known): Checked {
  const errors: string[] = []
  const trying = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof YamlError)) throw error
      errors.push(...error.problems)
      return undefined
    }
  }
  const parts = files.flatMap((file) => trying(() => readScenario(bytesOf(file), file, known)) ?? [])
  const scenario = errors.length === 0 ? trying(() => mergeScenarios(parts)) : undefined
  return scenario
    ? {
        errors,
        warnings: atOnce(warningsOf(scenario, known)),
        told: tell(scenario),
      }
    : { errors, warnings: [], told: [] }
}

/** What is wrong with a text, as a person mends it. */
interface Problem {
  /** `error`: it cannot be loaded. */
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** Counted from 1; left out: no line in particular. */
  readonly line?: number
}

export interface CheckedText {
  /** Whether it can be loaded. */
  readonly ok: boolean
  readonly problems: readonly Problem[]
  /** How much there is in it; left out where it cannot be loaded. */
  readonly summary?: { readonly name: string; readonly rules: number; readonly timeline: number }
}

// rule: sandgate.scenario.check
/** Reads one text as it would be loaded, a step at a time, and says what the command line says of a file. */
export function* checkingText(text: Buffer | string, known: Known): Generator<undefined, CheckedText> {
  let scenario: Scenario
  try {
    scenario = yield* readingScenario(text, TEXT, known)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    return { ok: false, problems: error.problems.map((problem) => problemAt('error', problem)) }
  }
  const warnings = yield* warningsOf(scenario, known)
  const { stories, rules, timeline } = scenario
  return {
    ok: true,
    problems: warnings.map((warning) => problemAt('warning', warning)),
    summary: { name: stories[0]!.name, rules: rules.length, timeline: timeline.length },
  }
}

/** What a text without a file is called. */
const TEXT = 'body'

/** The line stands in front of the sentence, behind the name. */
function problemAt(severity: Problem['severity'], told: string): Problem {
  const [place, line] = new RegExp(`^${TEXT}(?::(\\d+))?: `).exec(told) ?? ['', undefined]
  return { severity, message: told.slice(place.length), ...(line !== undefined && { line: Number(line) }) }
}

/** What can be loaded and is hardly what was meant, a rule at a step. */
function* warningsOf(scenario: Scenario, known: Known): Generator<undefined, string[]> {
  const dead = yield* findingDeadParts(scenario, known)
  const twofold = scenario.rules.flatMap(({ source, id, when }) =>
    twoReadings(when).map((reading) => `${source}: ${id}: when.${reading}`),
  )
  return [...dead, ...twofold]
}

function tell({ stories, rules, timeline, seed, clock }: Scenario): string[] {
  const start = [...(seed === undefined ? [] : [`seed ${seed}`]), ...(clock === undefined ? [] : [`clock ${clock}`])]
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
  const steps = [...timeline].sort((a, b) => a.atMs - b.atMs)
  return [
    ...stories.map(({ name, source, summary }) => `${source}: ${name}${summary === null ? '' : `: ${summary.trim()}`}`),
    [count(rules.length, 'rule'), count(timeline.length, 'step'), ...start].join(', '),
    ...steps.map(({ atMs, do: doing, source }) => `  at ${durationText(atMs)}  ${describeAction(doing)}  (${source})`),
  ]
}

/** One sentence for every rule and every action that can never apply. */
export function deadParts(scenario: Scenario, known: Known): string[] {
  return atOnce(findingDeadParts(scenario, known))
}

/** The same, a rule at a step. */
function* findingDeadParts({ rules }: Scenario, known: Known): Generator<undefined, string[]> {
  const found: string[] = []
  for (const [index, rule] of rules.entries()) {
    found.push(...deadPartsOf(rule, rules.slice(0, index), known))
    yield
  }
  return found
}

function deadPartsOf(rule: ScenarioRule, earlier: readonly ScenarioRule[], known: Known): string[] {
  const never = neverStrikes(rule.when, known)
  if (never !== undefined) return [`${rule.source}: ${rule.id} can never fire: ${never}`]
  const dead = rule.then
    .map((action, at) => ({ action, why: neverActs(action, at, rule, earlier, known) }))
    .filter(({ why }) => why !== undefined)
  if (dead.length === rule.then.length && new Set(dead.map(({ why }) => why)).size === 1)
    return [`${rule.source}: ${rule.id} has no effect: ${dead[0]!.why}`]
  return dead.map(
    ({ action, why }) => `${rule.source}: ${rule.id}: its ${Object.keys(action)[0]} never applies: ${why}`,
  )
}

/** Why no call can ever meet these conditions. */
function neverStrikes(when: When, known: Known): string | undefined {
  const { nth, times = Infinity, every = 1, probability = 1 } = when
  if (probability === 0) return 'its probability is 0'
  if (nth !== undefined && nth > times) return `nth ${nth} is greater than times ${times}`
  if (nth !== undefined && nth % every !== 0) return `nth ${nth} is not a multiple of every ${every}`
  if (every > times) return `every ${every} is greater than times ${times}`
  const operations = operationsOf(when, known)
  if (when.body !== undefined && operations.length > 0 && operations.every(({ body }) => body === undefined))
    return `${when.operation ?? 'the call'} has no body`
  for (const part of ['path', 'query'] as const) {
    const asked = Object.keys(when[part] ?? {})
    const strange = asked.find(
      (name) =>
        !operations.some(({ parameters }) =>
          parameters.some((parameter) => parameter.in === part && parameter.name === name),
        ),
    )
    if (strange !== undefined && when.operation !== undefined)
      return `${when.operation} has no ${part} value "${strange}"`
  }
  return undefined
}

/** Why an action of a rule that applies has no effect. */
function neverActs(
  action: Action,
  at: number,
  rule: ScenarioRule,
  earlier: readonly ScenarioRule[],
  known: Known,
): string | undefined {
  const before = deciding(earlier, rule, 'before') ?? own(rule, at, 'before')
  const stage = stageOf(action)
  if (stage === 'before') return before
  if ('deposit' in action && !handsOut(rule.when, known)) return `${rule.when.operation} allocates no address`
  if ('callbacks' in action && !handsOut(rule.when, known) && !makes(rule.when, known))
    return `${rule.when.operation} makes nothing that callbacks are about`
  if ('withdrawal' in action && !withdraws(rule.when, known)) return `${rule.when.operation} makes no withdrawal`
  const answered = before ?? own(rule, rule.then.length, 'before')
  if (stage === 'after') return answered ?? deciding(earlier, rule, 'after') ?? own(rule, at, 'after')
  if ('deposit' in action || 'callbacks' in action || 'withdrawal' in action)
    return answered && `the call is never executed, because ${answered}`
  if (('corrupt' in action || 'throttle' in action) && cut(rule))
    return 'the connection is dropped, so there is no answer to change'
  return undefined
}

/** An earlier rule that always applies when this one does, and decides this stage. */
function deciding(earlier: readonly ScenarioRule[], rule: ScenarioRule, stage: Stage): string | undefined {
  const first = earlier.find(
    ({ when, then }) =>
      then.some((action) => stageOf(action) === stage) &&
      ((isUnconditional(when) && covers(when, rule.when)) || strikesWhenever(when, rule.when)),
  )
  return first && `${first.id} (${first.source}) already decides the stage "${stage}"`
}

/** An action of the same rule, before the one at this place, that decides this stage. */
function own({ then }: ScenarioRule, at: number, stage: Stage): string | undefined {
  const first = then.slice(0, at).find((action) => stageOf(action) === stage)
  return first && `the ${Object.keys(first)[0]} of the same rule already decides the stage "${stage}"`
}

function stageOf(action: Action): Stage | undefined {
  if ('respond' in action) return action.respond.stage
  return 'drop' in action ? action.drop.stage : undefined
}

function cut({ then }: ScenarioRule): boolean {
  const deciders = (['before', 'after'] as const).flatMap(
    (stage) => then.find((action) => stageOf(action) === stage) ?? [],
  )
  return deciders[0] !== undefined && 'drop' in deciders[0]
}

function isUnconditional({ nth, times, every, probability }: When): boolean {
  return nth === undefined && times === undefined && (every ?? 1) === 1 && (probability ?? 1) === 1
}

/** Whether both count the same calls, and the first applies whenever the second does; probability is drawn separately for each. */
function strikesWhenever(
  { nth, times = Infinity, every = 1, probability = 1, ...counted }: When,
  other: When,
): boolean {
  const { nth: otherNth, times: otherTimes = Infinity, every: otherEvery = 1, probability: _, ...otherCounted } = other
  if (probability < 1 || !isDeepStrictEqual(counted, otherCounted)) return false
  if (otherNth !== undefined) return (nth ?? otherNth) === otherNth && otherNth <= times && otherNth % every === 0
  return nth === undefined && times >= otherTimes && otherEvery % every === 0
}

/** Whether every call that `narrow` describes is described by `wide`, as far as the words show. */
function covers(wide: When, narrow: When): boolean {
  const parts = ['provider', 'operation', 'body', 'unquoted', 'headers', 'query', 'path'] as const
  return parts.every(
    (part) =>
      (wide[part] === undefined && (part !== 'unquoted' || wide.body === undefined)) ||
      JSON.stringify(wide[part]) === JSON.stringify(narrow[part]),
  )
}

/** Whether one of these operations can allocate an address, judging by its document: it is modelled, not a GET, and answers with an address. */
function handsOut(when: When, { providers, contract }: Known): boolean {
  const named = when.provider === undefined ? [...providers.values()] : [providers.get(when.provider)!]
  return named.some(({ name, operations }) =>
    contract(name).operations.some((operation) => {
      if (when.operation !== undefined && operation.id !== when.operation) return false
      return operation.id in operations && operation.method !== 'GET' && mentionsAddress(contract(name), operation)
    }),
  )
}

/** Whether one of these operations sends money out. */
function withdraws(when: When, { providers }: Known): boolean {
  return some(when, providers, ({ withdraws }) => withdraws === true)
}

/** Whether one of these operations makes something that callbacks are about, beside addresses. */
function makes(when: When, { providers }: Known): boolean {
  return some(when, providers, ({ makes, withdraws }) => makes === true || withdraws === true)
}

function some(when: When, providers: Known['providers'], wanted: (operation: Operation) => boolean): boolean {
  const named = when.provider === undefined ? [...providers.values()] : [providers.get(when.provider)!]
  return named.some(({ operations }) =>
    Object.entries(operations).some(
      ([id, operation]) => (when.operation === undefined || id === when.operation) && wanted(operation),
    ),
  )
}

function mentionsAddress(contract: Contract, operation: ContractOperation): boolean {
  return JSON.stringify(contract.responseOf(operation, 200).schema ?? {}).includes('"address"')
}

function operationsOf(when: When, { providers, contract }: Known): ContractOperation[] {
  const names = when.provider === undefined ? [...providers.keys()] : [when.provider]
  return names
    .flatMap((name) => contract(name).operations)
    .filter(({ id }) => when.operation === undefined || id === when.operation)
}
