// `scenario`: checked, loaded, read with what has fired and what never did, and unloaded.
import { createHash } from 'node:crypto'
import type { Engine } from '../engine/engine.ts'
import { invalidScenario, knownTo } from '../engine/scenarios.ts'
import { inSlices } from '../runtime/slices.ts'
import { checkingText } from '../scenario/check.ts'
import { scenarioView } from '../scenario/runtime.ts'
import { readingRule, readingScenario } from '../scenario/schema.ts'
import { exactJson, exactText } from '../text/exact.ts'
import { withoutMark } from '../text/reading.ts'
import { YamlError } from '../text/yaml.ts'
import { type ControlRequest, NO_CONTENT, ok, type Routes, run } from './http.ts'

/** Operations whose body may hold a scenario beside other things. */
const WITH_SCENARIO: readonly string[] = ['createWorld', 'ensureWorld']

export const scenarioRoutes: Routes = {
  putScenario: async (request) => ok(scenarioView(await run('putScenario', request))),
  checkScenario: async ({ engine, body }) => ok(await inSlices(checkingText(body, knownTo(engine)))),
  getScenario: ({ world }) => ok(scenarioView(world)),
  deleteScenario: async (request) => {
    await run('deleteScenario', request)
    return NO_CONTENT
  },
}

/**
 * What the body of a call is, or holds, as a scenario or as a rule, read while others have their turn; undefined: there is none. Before the call
 * is made, so that it happens at one moment.
 */
export async function readScenarios(
  operation: string,
  body: any,
  bytes: Buffer,
  engine: Engine,
): Promise<Pick<ControlRequest, 'scenario' | 'scenarioHash' | 'rule'> | undefined> {
  const known = knownTo(engine)
  if (operation === 'putScenario') return { scenario: await inTurn(readingScenario(body, 'body', known)) }
  if (operation === 'armFault') return { rule: await inTurn(readingRule(body, 'body', known)) }
  if (!WITH_SCENARIO.includes(operation) || body?.scenario === undefined) return undefined
  // Inside of another body it is text, or an object with every digit of its numbers.
  const written =
    typeof body.scenario === 'string'
      ? body.scenario
      : exactText((exactJson(withoutMark(bytes).toString('utf8')) as { scenario: unknown }).scenario)
  return {
    scenario: await inTurn(readingScenario(written, 'scenario', known)),
    scenarioHash: createHash('sha256').update(written).digest('hex'),
  }
}

function inTurn<T>(steps: Iterator<unknown, T>): Promise<T> {
  return inSlices(steps).catch((error: unknown) => {
    throw error instanceof YamlError ? invalidScenario(error) : error
  })
}
