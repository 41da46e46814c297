// Scenarios and fault rules in a world: loaded, unloaded, armed and disarmed. What a file may say is decided in scenario/schema.ts.
import { arm, type FaultRule, FaultRules } from '../scenario/faults.ts'
import type { Known } from '../scenario/references.ts'
import { load, unload } from '../scenario/runtime.ts'
import { readRule, readScenario, type Scenario, type ScenarioRule } from '../scenario/schema.ts'
import { iso } from '../text/instants.ts'
import { YamlError } from '../text/yaml.ts'
import type { World } from '../world/world.ts'
import { type Context, note } from './context.ts'
import { SandgateError } from './errors.ts'

/** How many rules may be armed at run time. */
const ARMED_MAX = 1000

/** What the names in a scenario are held against. */
export function knownTo({ providers, contract }: Context): Known {
  return { providers, contract }
}

/** A scenario from its YAML or JSON text. Throws `invalid_scenario` with every problem. */
export function scenarioOf(text: string, name: string, context: Context): Scenario {
  return readable(() => readScenario(text, name, knownTo(context)))
}

/** A fault rule from its YAML or JSON text. Throws `invalid_scenario` with every problem. */
export function ruleOf(text: string, name: string, context: Context): ScenarioRule {
  return readable(() => readRule(text, name, knownTo(context)))
}

/** What is wrong with a text is the caller's to mend. */
export function invalidScenario({ problems }: YamlError): SandgateError {
  return new SandgateError('invalid_scenario', problems.join('; '), { problems })
}

function readable<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof YamlError ? invalidScenario(error) : error
  }
}

/**
 * Loads a scenario in place of the one there is; counters start anew. With a seed or a clock it needs a world that is new, or `reset`, which makes
 * it so. Resolves, when the callbacks that it causes at once are answered, with the world it is loaded into. Throws `world_used`.
 */
export async function loadScenario(
  context: Context,
  before: World,
  scenario: Scenario,
  reset: boolean,
): Promise<World> {
  const mark = context.outbox.mark()
  const world = loadInto(before, scenario, reset, context)
  world.resume()
  context.tick(world)
  await context.outbox.settled(world, mark)
  return world
}

// rule: sandgate.scenario.start
function loadInto(world: World, scenario: Scenario, reset: boolean, context: Context): World {
  const { seed, clock, stories } = scenario
  const starts = seed !== undefined || clock !== undefined
  if (starts && !reset && isUsed(world, context)) {
    const what = [...(seed === undefined ? [] : ['a seed']), ...(clock === undefined ? [] : ['a clock'])].join(' and ')
    throw new SandgateError(
      'world_used',
      `the scenario has ${what}, and this world has been used; load it with ?reset=true to reset the world`,
    )
  }
  const { startMs, frozen } = world.options
  const target =
    starts || reset
      ? context.worlds.reset(world.id, {
          seed: seed ?? world.seed,
          clock: clock ?? (frozen ? iso(startMs) : 'real'),
        })
      : world
  // The recording of a world that was reset for it does not hold the call that brought it.
  if (target === world) target.change(() => load(scenario, target))
  else loadUnasked(context, target, scenario)
  note(
    target,
    'scenario',
    `${stories.map(({ name }) => name).join(' + ')} was loaded${target === world ? '' : ', the world was reset for it'}`,
  )
  return target
}

/** Loads a scenario that no control call of this world brings, so that its recording has it too. */
export function loadUnasked({ recorder }: Pick<Context, 'recorder'>, world: World, scenario: Scenario): void {
  recorder.loaded(scenario, world)
  world.change(() => load(scenario, world))
}

/** Whether anything has happened in a world that its seed or its clock could have decided. */
function isUsed(world: World, { registry }: Context): boolean {
  for (const entry of world.journal)
    if (entry.kind !== 'control' || !['reset', 'scenario', 'fault'].includes(entry.action)) return true
  return registry.isUsed(world)
}

/** Unloads the scenario: its rules, its outages, and what it still had in store for callbacks. */
export async function unloadScenario(context: Context, world: World): Promise<void> {
  const mark = context.outbox.mark()
  world.change(() => unload(world))
  note(world, 'scenario', 'the scenario was unloaded')
  world.resume()
  context.tick(world)
  await context.outbox.settled(world, mark)
}

/** The rules that were armed one by one. */
export function armedRules(world: World): FaultRule[] {
  return world.list(FaultRules, 'all', '').filter(({ by }) => by === 'control')
}

/** Arms one rule. Throws `too_many_faults`. */
export function armFault(world: World, { when, then, written, source }: ScenarioRule): FaultRule {
  if (armedRules(world).length >= ARMED_MAX)
    throw new SandgateError(
      'too_many_faults',
      `${ARMED_MAX} rules are armed already; DELETE /_sandgate/faults disarms them`,
    )
  const row = world.change(() => arm({ by: 'control', source, when, then, written }, world))
  note(world, 'fault', `${row.id} was armed`)
  return row
}

/** Disarms the rule of this id, or all that were armed one by one. Throws `fault_not_found` or `fault_of_scenario`. */
export function disarmFault(world: World, id?: string): void {
  const ids = id === undefined ? armedRules(world).map((rule) => rule.id) : [disarmable(id, world)]
  world.change(() => ids.forEach((each) => world.remove(FaultRules, each)))
  note(world, 'fault', ids.length === 0 ? 'no rule was armed' : `${ids.join(', ')} disarmed`)
}

function disarmable(id: string, world: World): string {
  const rule = world.get(FaultRules, id)
  if (!rule)
    throw new SandgateError('fault_not_found', `no rule "${id}" is armed; GET /_sandgate/faults lists those that are`)
  if (rule.by !== 'control')
    throw new SandgateError(
      'fault_of_scenario',
      `${rule.id} belongs to the scenario (${rule.source}); DELETE /_sandgate/scenario unloads all of it`,
    )
  return rule.id
}
