// What the view of the rules filters by, and what it gives to paste: the config line and the world line are read by the sandbox itself.
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Rule } from '../../src/console/api/shapes.ts'
import { filtersOf, isFiltered, isWanted } from '../../src/console/rules/filters.ts'
import { configLineOf, worldLineOf } from '../../src/console/rules/switches.ts'
import { start } from '../kit.ts'

const RULE: Rule = {
  id: 'cpg.auth.window',
  says: 'A timestamp more than 300 s from the clock is refused.',
  source: 'https://docs.example/rate-limits',
  mark: 'documented',
  status: 'partial',
  kept: 'partly',
  because: 'nobody sends one',
}
const SWITCHED: Rule = { ...RULE, switch: { values: ['strict', 'lenient'], on: 'strict' } }
const NEVER = { count: 0, last: undefined }
const OFTEN = { count: 14, last: 9 }

test.each([
  [{}, RULE, NEVER, true],
  [{ provider: 'cpg' }, RULE, NEVER, true],
  [{ provider: 'zopay' }, RULE, NEVER, false],
  [{ mark: 'assumed' }, RULE, NEVER, false],
  [{ status: 'partial' }, RULE, NEVER, true],
  [{ status: 'implemented' }, RULE, NEVER, false],
  [{ exercised: 'yes' }, RULE, OFTEN, true],
  [{ exercised: 'yes' }, RULE, NEVER, false],
  [{ exercised: 'never' }, RULE, NEVER, true],
  [{ exercised: 'never' }, RULE, OFTEN, false],
  // What nobody counts was neither exercised nor never exercised.
  [{ exercised: 'yes' }, RULE, undefined, false],
  [{ exercised: 'never' }, RULE, undefined, false],
  [{ switches: 'true' }, RULE, NEVER, false],
  [{ switches: 'true' }, SWITCHED, NEVER, true],
  [{ text: ' 300 S ' }, RULE, NEVER, true],
  [{ text: 'rate-limits' }, RULE, NEVER, true],
  [{ text: 'nobody' }, RULE, NEVER, true],
  [{ text: 'somebody' }, RULE, NEVER, false],
])('%j', (query: Record<string, string>, rule, used, wanted) => {
  expect(isWanted(filtersOf(query), rule, used)).toBe(wanted)
  expect(isFiltered(filtersOf(query))).toBe(Object.keys(query).length > 0)
})

test('the lines to paste choose the other answer of every switch', async () => {
  const box = await start()
  const rules: Rule[] = (await box.control('GET', '/rules')).json.data
  const switched = rules.filter((rule) => rule.switch !== undefined)
  expect(switched.length).toBeGreaterThan(10)
  for (const { id, switch: choice } of switched) {
    const other = choice!.values.find((value) => value !== choice!.on)!
    expect(parse(configLineOf(id, other))).toEqual({ assume: { [id]: other } })
    const [, body] = /-d '(.*)'$/.exec(worldLineOf(box.url, false, id, other))!
    const made = await box.control('POST', '/worlds', JSON.parse(body!))
    expect(made.status).toBe(201)
    const there: Rule[] = (await (await fetch(`${box.url}/w/${made.json.id}/_sandgate/rules`)).json()).data
    expect(there.find((rule) => rule.id === id)?.switch?.on).toBe(other)
  }
})

test('the world line sends the token as a variable', () => {
  expect(worldLineOf('http://localhost:4010', true, 'a.b', 'c')).toContain(
    '"authorization: Bearer $SANDGATE_CONTROL_TOKEN"',
  )
})
