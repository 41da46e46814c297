// Whether this version can make the world of a case file: providers, settings, receivers, checks, control calls and scenarios by name. What a file looks
// like is left to casefile/format.ts, playing it to replay.ts.
import { z } from 'zod'
import { configSchema } from '../options.ts'
import type { Contract } from '../contract/contract.ts'
import { contractOf } from '../contract/contracts.ts'
import { problemSentence } from '../contract/sentences.ts'
import { COMMANDS, isCommand } from '../engine/commands.ts'
import type { Known } from '../scenario/references.ts'
import { readRule, readScenario, type Scenario, type ScenarioRule, type ScenarioStep } from '../scenario/schema.ts'
import {
  type CallUnderWay,
  placed,
  plainly,
  type RecordedCall,
  type RecordedControlCall,
  type Recording,
  type Step,
  Unusable,
} from './format.ts'
import { LOAD } from '../engine/recorder.ts'
import { isCalled, type Provider } from '../provider.ts'
import { didYouMean } from '../text/suggest.ts'
import { YamlError } from '../text/yaml.ts'

type Providers = ReadonlyMap<string, Provider>

// rule: sandgate.replay.files
/** The file with its scenarios read anew. Throws `Unusable`, with the place, where it asks for what is not there. */
export function checkCase(recording: Recording, providers: Providers): Recording {
  checkConfig(recording, providers)
  recording.under_way?.forEach((call, index) => checkCall(call, `under_way.${index}`, providers))
  return {
    ...recording,
    journal: recording.journal.map((step, index) => checkStep(step, `journal.${index}`, providers)),
  }
}

function checkConfig({ settings, callbacks, balances, assume }: Recording, providers: Providers): void {
  const parsed = configSchema(providers).safeParse({ providers: settings, callbacks, balances, assume })
  if (parsed.success) return
  const [first, ...rest] = parsed.error.issues[0]!.path
  const issue = { ...parsed.error.issues[0]!, path: [first === 'providers' ? 'settings' : first!, ...rest] }
  throw new Unusable(`its settings do not fit this version: ${placed(new z.ZodError([issue]))}`)
}

function checkStep(step: Step, place: string, providers: Providers): Step {
  if (step.kind === 'call') checkCall(step, place, providers)
  if (step.kind === 'callback' && !providerOf(step, place, providers).callbacks)
    throw new Unusable(`${place}.provider: ${step.provider} sends no callbacks`)
  return step.kind === 'control' ? checkControlCall(step, place, providers) : step
}

function checkCall(call: RecordedCall | CallUnderWay, place: string, providers: Providers): void {
  const { identity, gates: ordinary, operations, refusals } = providerOf(call, place, providers)
  const { refused } = call
  if (!refused) return
  const gates = [
    ...identity.gates,
    ...ordinary,
    ...Object.values(operations).flatMap((operation) => operation.gates ?? []),
  ]
  if (!gates.some((gate) => isCalled(gate, refused.gate)))
    throw new Unusable(
      `${place}.refused.gate: ${call.provider} has no check "${refused.gate}"${didYouMean(refused.gate, [...new Set(gates.map(({ id }) => id))])}`,
    )
  if (!Object.hasOwn(refusals, refused.name))
    throw new Unusable(
      `${place}.refused.name: ${call.provider} has no refusal "${refused.name}"${didYouMean(refused.name, Object.keys(refusals))}`,
    )
}

function providerOf({ provider: name }: { readonly provider: string }, place: string, providers: Providers): Provider {
  const provider = providers.get(name)
  if (!provider)
    throw new Unusable(
      `${place}.provider: this version has no provider "${name}"; there are ${[...providers.keys()].join(', ')}${didYouMean(name, [...providers.keys()])}`,
    )
  return provider
}

function checkControlCall(call: RecordedControlCall, place: string, providers: Providers): RecordedControlCall {
  if (call.operation === LOAD)
    return { ...call, body: scenarioIn(call.body, `${place}.body`, { providers, contract: contractOf }) }
  const wrong = commandProblem(call, contractOf('sandgate'))
  if (wrong !== undefined) throw new Unusable(`${place}: ${wrong}`)
  return call
}

/** Why this control call of a recording cannot be made again, in one sentence; undefined: it can. */
function commandProblem(
  { operation: id, params, query, body }: RecordedControlCall,
  contract: Contract,
): string | undefined {
  const operation = isCommand(id) ? contract.operations.find((each) => each.id === id) : undefined
  if (!operation) return `operation: no control call "${id}" changes a world${didYouMean(id, Object.keys(COMMANDS))}`
  const strange = Object.entries(query).find(([, value]) => typeof value === 'object')
  if (strange) return `query.${strange[0]}: expected a text, a number, true or false`
  const asText = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
  const content = { ...(body === undefined ? { kind: 'none' as const } : { kind: 'json' as const, value: body }) }
  const problems = contract.judgeCall(operation, { params, query: asText, headers: {}, content })
  // What was hidden may have had another shape.
  const problem = problems.find(({ value }) => !JSON.stringify(value ?? null).includes('{{'))
  if (problem) return problemSentence(problem, operation, contract)
  return contract.takesYaml(operation) && typeof body !== 'string'
    ? 'body: expected YAML or JSON as one text'
    : undefined
}

const Source = z.string().max(10_000)
/** A scenario as it was read; what it does is read again out of what somebody wrote. */
const Loaded = z.strictObject({
  stories: z.array(z.strictObject({ name: Source, summary: z.string().nullable(), source: Source })),
  seed: z.string().optional(),
  clock: z.string().optional(),
  rules: z.array(
    z.strictObject({
      id: Source,
      source: Source,
      when: z.looseObject({ unquoted: z.record(z.string(), z.string()).optional() }),
      then: z.array(z.unknown()),
      written: z.array(z.unknown()),
    }),
  ),
  timeline: z.array(
    z.strictObject({ id: Source, source: Source, atMs: z.number(), do: z.unknown(), written: z.unknown() }),
  ),
})

function scenarioIn(body: unknown, place: string, known: Known): Scenario {
  const parsed = Loaded.safeParse(body)
  if (!parsed.success) throw new Unusable(`${place}.${placed(parsed.error)}`)
  const { rules, timeline, ...more } = parsed.data
  const reading = <T>(part: string, read: () => T): T => {
    try {
      return read()
    } catch (error) {
      throw error instanceof YamlError ? new Unusable(`${place}.${part}: ${plainly(error.problems[0]!)}`) : error
    }
  }
  return {
    ...more,
    rules: rules.map(({ id, source, when, written }, index): ScenarioRule => {
      // What its texts were without quotes stands in no file, and stays as it was read.
      const { unquoted: _, ...asked } = when
      return {
        ...reading(`rules.${index}`, () => readRule(JSON.stringify({ when: asked, then: written }), 'rule', known)),
        when: when,
        id,
        source,
      }
    }),
    timeline: timeline.map(({ id, source, written }, index): ScenarioStep => ({
      ...reading(
        `timeline.${index}`,
        () => readScenario(JSON.stringify({ timeline: [written] }), 'step', known).timeline[0]!,
      ),
      id,
      source,
    })),
  }
}
