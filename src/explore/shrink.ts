// Makes a scenario that fails as small as it can while it keeps failing in the same way: fewer rules and steps, then simpler ones with smaller numbers and
// earlier times.
import type { RuleInput, ScenarioInput, StepInput } from '../library/api.ts'
import { durationMs, durationText } from '../text/durations.ts'

/** How many runs are spent on one find. */
const TRIALS = 60

export type Part = { readonly rule: RuleInput } | { readonly step: StepInput }

export interface Shrunk {
  readonly scenario: ScenarioInput
  /** How many runs it took. */
  readonly trials: number
}

// rule: sandgate.explore.shrink
/** `fails` makes a run and answers whether it still fails in the same way; `over`: there is no time left. */
export async function shrink(
  scenario: ScenarioInput,
  fails: (scenario: ScenarioInput) => Promise<boolean>,
  over: () => boolean,
): Promise<Shrunk> {
  let parts: readonly Part[] = partsOf(scenario)
  let trials = 0
  const seen = new Set([JSON.stringify(parts)])
  const take = async (candidate: readonly Part[]): Promise<boolean> => {
    const text = JSON.stringify(candidate)
    if (candidate.length === 0 || seen.has(text) || trials >= TRIALS || over()) return false
    seen.add(text)
    trials++
    if (!(await fails(scenarioWith(candidate)))) return false
    parts = candidate
    return true
  }
  // Most failures need one thing to go wrong.
  if (parts.length > 1) for (const part of parts) if (await take([part])) break
  for (let index = parts.length - 1; index >= 0 && parts.length > 1; index--)
    await take(parts.filter((_, each) => each !== index))
  for (let index = 0; index < parts.length; index++)
    for (let simpler = true; simpler;) {
      simpler = false
      for (const candidate of simplerThan(parts[index]!))
        if (await take(parts.map((part, each) => (each === index ? candidate : part)))) {
          simpler = true
          break
        }
    }
  return { scenario: scenarioWith(parts), trials }
}

export function partsOf({ rules = [], timeline = [] }: ScenarioInput): Part[] {
  return [...rules.map((rule) => ({ rule })), ...timeline.map((step) => ({ step }))]
}

export function scenarioWith(parts: readonly Part[]): ScenarioInput {
  return {
    rules: parts.flatMap((part) => ('rule' in part ? [part.rule] : [])),
    timeline: parts.flatMap((part) => ('step' in part ? [part.step] : [])),
  }
}

/** The same with one thing less or smaller, the largest steps first. */
function* simplerThan(part: Part): Generator<Part> {
  if ('rule' in part) {
    const { when, then } = part.rule
    for (const then_ of fewer(then)) yield { rule: { when, then: then_ } }
    for (const when_ of whens(when)) yield { rule: { when: when_, then } }
    for (const [index, action] of then.entries())
      for (const simpler of simplerValues(action)) yield { rule: { when, then: then.with(index, simpler) } }
    return
  }
  const { at, do: doing } = part.step
  for (const earlier of shorter(at)) yield { step: { at: earlier, do: doing } }
  for (const simpler of simplerValues(doing)) yield { step: { at, do: simpler } }
}

function* fewer<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  if (items.length > 1) for (const index of items.keys()) yield items.filter((_, each) => each !== index)
}

/** An earlier call, or the first one alone. */
function* whens(when: RuleInput['when']): Generator<RuleInput['when']> {
  const { nth, times, ...rest } = when
  if (times !== undefined) yield { ...rest, nth: 1 }
  if (times !== undefined && times > 1) yield { ...rest, times: 1 }
  for (const smaller of counts(nth)) yield { ...rest, nth: smaller }
}

function* counts(count: number | undefined): Generator<number> {
  if (count === undefined || count <= 1) return
  yield 1
  if (count > 3) yield Math.floor(count / 2)
  if (count > 2) yield count - 1
}

/** What decides how bad it is, by the names that scenario files have for it. */
const NUMBERS = ['repeat', 'times', 'nth']
const DURATIONS = ['after', 'by', 'for', 'delay']
/** What can be left out. */
const EXTRAS = ['network', 'tag', 'currency', 'outcome', 'repeat', 'after', 'confirmations', 'times', 'drop']

/** An action with one field less, or a smaller one. */
function* simplerValues(action: object): Generator<object> {
  for (const [name, fields] of Object.entries(action)) {
    if (typeof fields === 'string') {
      for (const value of shorter(fields)) yield { [name]: value }
      continue
    }
    const known = fields as Readonly<Record<string, unknown>>
    for (const field of EXTRAS)
      if (field in known && !isNeeded(name, field, known)) {
        const { [field]: _, ...rest } = known
        yield { [name]: rest }
      }
    if (known.status !== undefined && known.status !== 500) yield { [name]: { ...known, status: 500 } }
    for (const [field, value] of Object.entries(known)) {
      if (field === 'amount')
        for (const smaller of amounts(String(value))) yield { [name]: { ...known, amount: smaller } }
      if (NUMBERS.includes(field))
        for (const smaller of counts(value as number)) yield { [name]: { ...known, [field]: smaller } }
      if (DURATIONS.includes(field))
        for (const smaller of shorter(String(value))) yield { [name]: { ...known, [field]: smaller } }
    }
  }
}

/** A withdrawal has to end in some way, and one that is stuck needs to know for how long; a delay needs one too. */
function isNeeded(action: string, field: string, fields: Readonly<Record<string, unknown>>): boolean {
  return action === 'withdrawal' && (field === 'outcome' || (field === 'after' && fields.outcome === 'stuck'))
}

/** Rounder and smaller amounts. */
function* amounts(amount: string): Generator<string> {
  if (amount === '1') return
  yield '1'
  const [whole, fraction = ''] = amount.split('.')
  if (fraction.length > 1)
    yield `${whole}.${fraction.slice(0, Math.ceil(fraction.length / 2))}`.replace(/\.?0+$/, '') || '1'
  if (fraction !== '' && whole !== '0') yield whole!
  if (amount !== '10' && whole!.length > 2) yield '10'
}

/** Shorter times, the shortest first. */
function* shorter(text: string): Generator<string> {
  const ms = durationMs(text)
  if (ms === undefined) return
  const minute = 60_000
  for (const candidate of [minute, 60 * minute, 24 * 60 * minute]) if (candidate < ms) yield durationText(candidate)
  const half = Math.round(ms / 2 / minute) * minute
  if (half >= minute && half < ms) yield durationText(half)
}
