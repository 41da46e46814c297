// The catalogue of notable situations of every provider: each one can be shown over HTTP, was not there before, and stands on a rule that there is.
import { expect, test } from 'vitest'
import { findProviders } from '../src/app.ts'
import { rules } from '../src/contract/contracts.ts'
import { SITUATIONS, type SituationName } from '../src/world/situation-names.ts'
import { ask } from './asking.ts'
import { type Kit, start } from './kit.ts'
import { OWN_WAYS } from './own-situation-ways.ts'
import { sharedWays } from './situation-ways.ts'

const providers = await findProviders()
const CATALOGUES = [...providers].flatMap(([name, { situations = [] }]) =>
  situations.map((situation) => ({ provider: name, ...situation })),
)

async function seen(box: Kit, provider: string, id: string): Promise<any> {
  const { json } = await ask(box, 'GET', `/coverage?provider=${provider}`)
  return json.providers[0].notable.find((row: any) => row.id === id)
}

async function shown(box: Kit, provider: string): Promise<Set<string>> {
  const { json } = await ask(box, 'GET', `/coverage?provider=${provider}`)
  return new Set(json.providers[0].notable.filter(({ count }: any) => count > 0).map(({ id }: any) => id))
}

const WITH_IT: Readonly<Partial<Record<SituationName, readonly SituationName[]>>> = {
  'deposit.late-recycled': ['deposit.late-display', 'deposit.recycled'],
  'repeat.after-lost': ['repeat.same', 'provider.cut'],
  'callback.slow': ['callback.exhausted'],
  'callback.exhausted': ['callback.retried'],
}

test.each(CATALOGUES)('sandgate.coverage.notable: $provider shows $id', async ({ provider, id }) => {
  const way = { ...sharedWays(provider), ...OWN_WAYS[provider] }[id]
  expect(
    way,
    `there is no way to make ${id} happen at ${provider}: add one to test/own-situation-ways.ts`,
  ).toBeDefined()
  const box = await start(way!.options)
  const act = await way!.prepare(box)
  expect(await seen(box, provider, id)).toMatchObject({
    count: 0,
    last_entry: null,
    says: `never exercised: ${SITUATIONS[id]}`,
  })
  await act()
  const { count, says, last_entry: last } = await seen(box, provider, id)
  expect([count > 0, says]).toEqual([true, SITUATIONS[id]])
  // And nothing else, but what cannot be without.
  expect(await shown(box, provider)).toEqual(new Set([id, ...(WITH_IT[id] ?? [])]))
  expect((await ask(box, 'GET', `/journal/${last}`)).json).toMatchObject({ id: last, provider })
})

test.each([...providers.values()])('every rule behind the catalogue of $name exists', (provider) => {
  const { situations = [], pitfalls, name } = provider
  expect(situations.length).toBeGreaterThan(0)
  expect(new Set(situations.map(({ id }) => id)).size).toBe(situations.length)
  const named = [
    ...situations.flatMap(({ rule, rules: shownBy = [] }) => [rule, ...shownBy]),
    ...Object.values(pitfalls?.rules ?? {}),
    ...Object.values(pitfalls?.retryKeys ?? {}).map(({ rule }) => rule),
    ...(pitfalls?.signedBefore ? [pitfalls.signedBefore.rule] : []),
  ]
  expect(named.filter((id) => !rules.all.has(id))).toEqual([])
  expect(named.filter((id) => !id.startsWith(`${name}.`) && !id.startsWith('sandgate.'))).toEqual([])
})

test('every situation that there is belongs to some provider, and every way of a provider to its catalogue', () => {
  const all = new Set(CATALOGUES.map(({ id }) => id))
  expect(Object.keys(SITUATIONS).filter((id) => !all.has(id as never))).toEqual([])
  for (const [name, ways] of Object.entries(OWN_WAYS))
    expect(
      Object.keys(ways).filter((id) => !providers.get(name)!.situations!.some((known) => known.id === id)),
    ).toEqual([])
})
