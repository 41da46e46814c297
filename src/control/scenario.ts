// The control API's chapter on scenarios and faults: loaded, read and unloaded as a whole, or one rule at a time.
import { arm, FaultRules } from '../scenario/faults.ts'
import type { Sandbox } from '../app.ts'
import type { World } from '../world/world.ts'
import { exactJson, exactText } from '../text/exact.ts'
import { withoutMark } from '../text/reading.ts'
import { inSlices } from '../runtime/slices.ts'
import { YamlError } from '../text/yaml.ts'
import { load, ruleView, scenarioView, unload } from '../scenario/runtime.ts'
import { type Ask, created, iso, note, ok, Problem, type Routes, type Told } from './http.ts'
import type { Known } from '../scenario/references.ts'
import { readingRule, readingScenario, readRule, readScenario, type Scenario } from '../scenario/schema.ts'

/** How many rules may be armed at run time. */
const ARMED_MAX = 1000

export const scenarioRoutes: Routes = {
  putScenario,
  getScenario: ({ world }) => ok(scenarioView(world)),
  deleteScenario: async ({ sandbox, world }) => {
    const mark = sandbox.callbacks.mark()
    world.change(() => unload(world))
    note(world, 'scenario', 'the scenario was unloaded')
    world.resume()
    sandbox.tick(world)
    await sandbox.callbacks.settled(world, mark)
    return { status: 204 }
  },
  armFault: ({ sandbox, world, body, rule: read }) => {
    const rule = read ?? refusing(() => readRule(body, 'body', knownTo(sandbox)))
    if (armed(world).length >= ARMED_MAX)
      throw new Problem(409, `${ARMED_MAX} rules are armed already; DELETE /_sandgate/faults disarms them`)
    const { when, then, written, source } = rule
    const row = world.change(() => arm({ by: 'control', source, when, then, written }, world))
    note(world, 'fault', `${row.id} was armed`)
    return created(ruleView(row))
  },
  listFaults: ({ world }) => ok({ data: armed(world).map(ruleView) }),
  disarmFaults: ({ world }) =>
    disarm(
      armed(world).map(({ id }) => id),
      world,
    ),
  disarmFault: ({ world, params }) => {
    const rule = world.get(FaultRules, params.id!)
    if (!rule) throw new Problem(404, `no rule "${params.id}" is armed; GET /_sandgate/faults lists those that are`)
    if (rule.by !== 'control')
      throw new Problem(
        409,
        `${rule.id} belongs to the scenario (${rule.source}); DELETE /_sandgate/scenario unloads all of it`,
      )
    return disarm([rule.id], world)
  },
}

async function putScenario({ sandbox, world: before, body, scenario: read, query }: Ask): Promise<Told> {
  const mark = sandbox.callbacks.mark()
  const scenario = read ?? refusing(() => readScenario(body, 'body', knownTo(sandbox)))
  const world = loadInto(before, scenario, query.reset === true, sandbox)
  world.resume()
  sandbox.tick(world)
  await sandbox.callbacks.settled(world, mark)
  return ok(scenarioView(world))
}

/** Loads a scenario; one with a seed or a clock wants a world that is new, or made so. */
// rule: sandgate.scenario.start
function loadInto(world: World, scenario: Scenario, reset: boolean, sandbox: Sandbox): World {
  const start = scenario.seed !== undefined || scenario.clock !== undefined
  if (start && !reset && isUsed(world)) {
    const what = [
      ...(scenario.seed === undefined ? [] : ['a seed']),
      ...(scenario.clock === undefined ? [] : ['a clock']),
    ].join(' and ')
    throw new Problem(
      409,
      `the scenario has ${what}, and this world has been used; load it with ?reset=true to begin anew`,
    )
  }
  const { startMs, frozen } = world.options
  const target =
    start || reset
      ? sandbox.worlds.reset(world.id, {
          seed: scenario.seed ?? world.seed,
          clock: scenario.clock ?? (frozen ? iso(startMs) : 'real'),
        })
      : world
  // A world that was made new for it does not hear of the call that brought it.
  if (target === world) target.change(() => load(scenario, target))
  else sandbox.load(scenario, target)
  note(
    target,
    'scenario',
    `${scenario.stories.map(({ name }) => name).join(' + ')} was loaded${target === world ? '' : ', the world made new for it'}`,
  )
  return target
}

/** Endpoints that a config file names are there from the start; others leave a line in the journal. */
const OWN_TABLES = ['counters', 'endpoints', 'faults', 'scenario', 'scenario_steps', 'timers']

/** Whether anything has happened in a world that its seed or its clock could have decided. */
function isUsed(world: World): boolean {
  for (const { kind, action } of world.journal)
    if (kind !== 'control' || !['reset', 'scenario', 'fault'].includes(String(action))) return true
  return world.tableNames().some((table) => !OWN_TABLES.includes(table))
}

function armed(world: World) {
  return world.list(FaultRules, 'all', '').filter(({ by }) => by === 'control')
}

function disarm(ids: readonly string[], world: World): Told {
  world.change(() => ids.forEach((id) => world.remove(FaultRules, id)))
  note(world, 'fault', ids.length === 0 ? 'no rule was armed' : `${ids.join(', ')} disarmed`)
  return { status: 204 }
}

function knownTo(sandbox: Sandbox): Known {
  return { providers: sandbox.providers, contract: (name) => sandbox.contract(name)! }
}

/**
 * What the body of a call is, or holds, as a scenario or as a rule, read while others have their turn; undefined: there is none. Before the call
 * is made, so that it happens at one moment.
 */
export async function readStories(
  operation: string,
  body: any,
  bytes: Buffer,
  sandbox: Sandbox,
): Promise<Pick<Ask, 'scenario' | 'rule'> | undefined> {
  const known = knownTo(sandbox)
  const inTurn = <T>(steps: Iterator<unknown, T>) => inSlices(steps).catch(refuse)
  if (operation === 'putScenario') return { scenario: await inTurn(readingScenario(body, 'body', known)) }
  if (operation === 'armFault') return { rule: await inTurn(readingRule(body, 'body', known)) }
  if (operation !== 'createWorld' || body?.scenario === undefined) return undefined
  // Inside of another body it is text, or an object with every digit of its numbers.
  const written =
    typeof body.scenario === 'string'
      ? body.scenario
      : exactText((exactJson(withoutMark(bytes).toString('utf8')) as { scenario: unknown }).scenario)
  return { scenario: await inTurn(readingScenario(written, 'scenario', known)) }
}

/** What is wrong with a text is the caller's to mend. */
function refuse(error: unknown): never {
  if (error instanceof YamlError) throw new Problem(422, error.problems.join('; '), { problems: error.problems })
  throw error
}

function refusing<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return refuse(error)
  }
}
