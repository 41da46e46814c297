// POST scenario/check: what an editor underlines, in the words of the command line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findProviders } from '../src/app.ts'
import { contractOf } from '../src/contract/contracts.ts'
import { checkFiles } from '../src/scenario/check.ts'
import { ask, rows } from './asking.ts'
import { start } from './kit.ts'

const providers = await findProviders()
const PING = '{ when: { provider: cpg, operation: ping'
const TEXTS = {
  'a typo': 'name: late\nrulez: []\n',
  'no YAML': 'name: "late\nrules: [',
  'two lines': `name: late\nrules:\n  - ${PING} }, then: [{ delay: soon }] }\n  - { when: { provider: cgp }, then: [{ delay: 2s }] }\n`,
  'rules that never apply': `name: late\nrules:\n  - ${PING}, nth: 3, times: 2 }, then: [{ delay: 2s }] }\n  - ${PING} }, then: [{ deposit: { amount: "1" } }] }\n`,
  'nothing wrong': `name: late\nrules:\n  - ${PING} }, then: [{ delay: 2s }] }\ntimeline:\n  - { at: 2h, do: { callbacks: { provider: cpg, how: pause } } }\n`,
}

test.each(Object.entries(TEXTS))(
  'sandgate.scenario.check: %s is told as sandgate check tells it, with lines',
  async (name, text) => {
    const box = await start()
    const { status, json } = await ask(box, 'POST', '/scenario/check', text, { type: 'application/yaml' })
    const folder = mkdtempSync(join(tmpdir(), 'sandgate-check-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'late.yaml')
    writeFileSync(file, text)
    const { errors, warnings } = checkFiles([file], { providers, contract: contractOf })
    const told = json.problems.map(
      ({ line, message }: any) => `${file}${line === undefined ? '' : `:${line}`}: ${message}`,
    )
    expect([status, json.ok, told]).toEqual([200, errors.length === 0, [...errors, ...warnings]])
    expect(json.problems.map(({ severity }: any) => severity)).toEqual([
      ...errors.map(() => 'error'),
      ...warnings.map(() => 'warning'),
    ])
    if (name !== 'nothing wrong') expect(told.length).toBeGreaterThan(0)
    expect(json.summary).toEqual(
      errors.length > 0
        ? undefined
        : { name: 'late', rules: name === 'nothing wrong' ? 1 : 2, timeline: name === 'nothing wrong' ? 1 : 0 },
    )
  },
)

test('sandgate.scenario.check: the line of each problem', async () => {
  const box = await start()
  const check = async (text: string) => (await ask(box, 'POST', '/scenario/check', text)).json.problems
  expect(await check(TEXTS['a typo'])).toEqual([
    { severity: 'error', message: 'rulez: unknown key; did you mean rules?', line: 2 },
  ])
  expect(await check(TEXTS['rules that never apply'])).toMatchObject([
    { severity: 'warning', line: 3 },
    { severity: 'warning', line: 4 },
  ])
  expect(
    await check(JSON.stringify({ rules: [{ when: { provider: 'cgp' }, then: [{ delay: '2s' }] }] })),
  ).toMatchObject([{ severity: 'error', line: 1, message: expect.stringContaining('did you mean cpg?') }])
})

test('sandgate.scenario.check: nothing is loaded, and nothing is written down', async () => {
  const box = await start()
  const before = box.world.dump()
  await ask(box, 'POST', '/scenario/check', `seed: other\nclock: 2020-01-01T00:00:00Z\n${TEXTS['nothing wrong']}`)
  expect(box.world.dump()).toEqual(before)
  expect((await ask(box, 'GET', '/scenario')).json.name).toBe(null)
  expect(await rows(box, '/journal')).toEqual([])
})

test('no body is refused', async () => {
  const box = await start()
  expect((await ask(box, 'POST', '/scenario/check')).json).toMatchObject({ status: 422, code: 'invalid_request' })
})

test('sandgate.slices: a large scenario is checked in slices, and every rule of it', async () => {
  const box = await start()
  const rules = Array.from(
    { length: 1000 },
    () => `  - { when: { nth: 3, times: 2 }, then: [{ deposit: { amount: "1" } }, { delay: 2s }] }`,
  )
  const checking = ask(box, 'POST', '/scenario/check', `rules:\n${rules.join('\n')}\n`)
  const { json } = await checking
  expect(json.problems).toHaveLength(1000)
  expect(json.problems.at(-1).line).toBe(1001)
})
