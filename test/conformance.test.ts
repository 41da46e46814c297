// What holds for every provider there is: its document compiles, its operations are modelled or named by a rule that says no, its rules are
// cited by code and proved by tests, its switches are listed. A new provider is tested by this file from its first minute.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Rules } from '../src/contract/rules.ts'
import { Contract } from '../src/contract/contract.ts'
import { findProviders } from '../src/app.ts'
import { start } from './kit.ts'

const ROOT = new URL('..', import.meta.url).pathname
const SPECS = `${ROOT}specs/`
const REFUSALS = [
  'unauthorized',
  'bad_signature',
  'forbidden',
  'not_found',
  'invalid_request',
  'body_too_large',
  'rate_limited',
  'internal_error',
  'unavailable',
]
const RULE_ID = /\b(?:sandgate|[a-z]+)(?:\.[a-z0-9]+(?:-[a-z0-9]+)*){1,3}(?![\w.(-])/g

const rules = new Rules(SPECS).all
const providers = await findProviders()

function textOf(folder: string, ending: string): string {
  const files = readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith(ending),
  )
  return files.map((file) => readFileSync(`${ROOT}${folder}/${file}`, 'utf8')).join('\n')
}

/** Rule ids that code cites: in `// rule:` comments, as arguments of `because`, and in the `rules` of an idempotency policy. */
const source = textOf('src', '.ts')
const cited = new Set([
  ...[...source.matchAll(/\/\/ rule: (.*)/g)].flatMap(([, line]) => line!.match(RULE_ID) ?? []),
  ...[...source.matchAll(/(?:because\(|rules: \[|assumes\()([^)\]]*)/g)].flatMap(([, args]) =>
    [...args!.matchAll(/'([a-z0-9.-]+)'/g)].map(([, id]) => id!),
  ),
])

/** Rule ids that the titles of tests name: a title is a text that begins with one, whether it stands behind `test(` or in a table. */
const proved = new Set(
  [...textOf('test', '.test.ts').matchAll(/^[^\n]*?(['"`])((?:[a-z]+\.)[a-z0-9.-]+[:;'" ][^\n]*)/gm)].flatMap(
    ([, , title]) => title!.match(RULE_ID) ?? [],
  ),
)

test('every provider has a folder, a contract and its rules', () => {
  const names = readdirSync(`${ROOT}src/providers`).sort()
  expect([...providers.keys()]).toEqual(names)
  for (const name of names)
    expect(readdirSync(SPECS)).toEqual(expect.arrayContaining([`${name}.yaml`, `${name}.rules.yaml`]))
})

describe.each([...providers.values()].map((provider) => [provider.name, provider] as const))('%s', (name, provider) => {
  const contract = new Contract(name, `${SPECS}${name}.yaml`)
  const own = [...rules.values()].filter((rule) => rule.id.startsWith(`${name}.`))

  test('its document compiles, every schema of it', () => contract.compileAll())

  test('every operation is modelled, or named by a rule that says why not', () => {
    const unmodelled = contract.operations.map(({ id }) => id).filter((id) => !(id in provider.operations))
    const named = own.filter((rule) => rule.status === 'not-implemented').flatMap((rule) => rule.operations ?? [])
    expect(new Set(named)).toEqual(new Set(unmodelled))
    expect(
      Object.keys(provider.operations).filter((id) => !contract.operations.some((operation) => operation.id === id)),
    ).toEqual([])
  })

  test('it has a refusal of every common name', () => {
    expect(Object.keys(provider.refusals)).toEqual(expect.arrayContaining(REFUSALS))
  })

  test('its switches are those of its rules', () => {
    const listed = own.filter((rule) => rule.switch).map((rule) => [rule.id, rule.switch])
    expect(Object.fromEntries(listed)).toEqual(provider.switches ?? {})
  })

  test('its first call, signed with each demo key, gets past the checks of who calls; with the first one it is answered', async () => {
    const box = await start()
    const {
      firstCall: { method, path: target, body },
      demo,
      identity,
    } = provider
    const [path, query] = target.split('?')
    for (const [index, credential] of demo.entries()) {
      box.passWall(1000)
      const headers = provider.sign(
        { method, path: path!, query, body: Buffer.from(body ?? ''), wallMs: box.wallMs },
        credential,
      )
      const reply = await box.send(name, {
        method,
        path: target,
        body,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      })
      const entry = await box.entry(reply)
      for (const { id } of identity.gates) expect(entry.checks, credential.key).toContain(id)
      const before = demo.slice(0, index + 1).filter(({ account }) => account === credential.account).length
      expect([entry.account, entry.key]).toEqual([credential.account, before])
      if (index === 0) expect([200, 201], reply.text).toContain(reply.status)
    }
  })

  test('an empty config gives the published demo accounts', () => {
    expect(() => provider.settings.parse({})).not.toThrow()
    expect(provider.demo.length).toBeGreaterThan(0)
  })
})

describe('rules', () => {
  test('each one is well formed', () => {
    for (const rule of rules.values()) {
      expect(rule.id, rule.id).toMatch(/^[a-z]+(\.[a-z0-9]+(-[a-z0-9]+)*){1,3}$/)
      expect(['documented', 'inferred', 'assumed'], rule.id).toContain(rule.mark)
      expect(['implemented', 'partial', 'not-implemented'], rule.id).toContain(rule.status)
      expect(rule.says.length, rule.id).toBeGreaterThan(10)
      if (rule.status !== 'implemented')
        expect(rule.because, `${rule.id} is not fully implemented: say why`).toBeTruthy()
    }
  })

  test('each file says what it was read from and when', () => {
    for (const file of readdirSync(SPECS).filter((name) => name.endsWith('.rules.yaml'))) {
      const { provider, read, sources, rules: listed } = parse(readFileSync(`${SPECS}${file}`, 'utf8'))
      expect(file).toBe(`${provider}.rules.yaml`)
      expect(String(read)).toMatch(/^\d{4}-\d\d-\d\d/)
      expect(
        Object.keys(sources).filter((tag) => !listed.some((rule: { source: string }) => rule.source === tag)),
      ).toEqual([])
    }
  })

  const implemented = [...rules.values()].filter((rule) => rule.status === 'implemented').map((rule) => rule.id)

  test('an implemented rule is cited by code', () => {
    expect(implemented.filter((id) => !cited.has(id)).join('\n')).toBe('')
  })

  test('an implemented rule is proved by a test', () => {
    expect(implemented.filter((id) => !proved.has(id)).join('\n')).toBe('')
  })

  test('code and tests name no rule that does not exist', () => {
    const titled = [...textOf('test', '.test.ts').matchAll(/\b(?:test|describe)\((['"`])(.*)/g)].flatMap(
      ([, , title]) => title!.match(RULE_ID) ?? [],
    )
    const known = (id: string) => rules.has(id) || ![...providers.keys(), 'sandgate'].includes(id.split('.')[0]!)
    expect([...cited, ...titled].filter((id) => !known(id)).join('\n')).toBe('')
  })
})
