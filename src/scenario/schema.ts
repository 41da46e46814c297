// Scenario files: read with their schema and turned into the rules and steps that runtime.ts loads. Whether the names in them exist is checked in
// references.ts.
import { z } from 'zod'
import type { Path } from '../text/complaints.ts'
import { replaced } from '../text/exact.ts'
import { clockText } from '../text/instants.ts'
import { ClockText } from '../text/schemas.ts'
import { atOnce } from '../text/steps.ts'
import { YamlError, YamlText } from '../text/yaml.ts'
import { RuleSchema, StepSchema } from './actions.ts'
import type { Action } from './faults.ts'
import type { When } from './match.ts'
import type { TimelineAction, Scenario, ScenarioRule, ScenarioStep } from './model.ts'
import { Reader } from './reader.ts'
import { type Known, Names } from './references.ts'
import { refuseRounded, whenOf } from './values.ts'

export type { Scenario, ScenarioRule, ScenarioStep }

/** Rules and steps of one file together. */
const PARTS_MAX = 1000

const ScenarioSchema = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  summary: z.string().max(10_000).optional(),
  seed: z.string().min(1).max(256).optional(),
  clock: ClockText.transform(clockText).optional(),
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
  const when = whenOf(text.at([...path, 'when']) as Partial<When>, rule.when, (at, message) =>
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
