// What is drawn from a seed: scenarios that the sandbox takes, of every family and provider, and what shrinking makes of them.
import { describe, expect, test } from 'vitest'
import { findProviders } from '../../src/app.ts'
import { quietEngine } from '../../src/engine/quiet.ts'
import { FAMILIES } from '../../src/explore/disturbances.ts'
import { Draws } from '../../src/explore/draws.ts'
import type { AddressCall, Profile } from '../../src/explore/profile.ts'
import { partsOf, shrink } from '../../src/explore/shrink.ts'
import type { ScenarioInput } from '../../src/library/api.ts'
import { readScenario } from '../../src/scenario/schema.ts'
import { draw } from '../../src/world/draws.ts'

const providers = await findProviders()
const engine = quietEngine(providers, {})
const known = { providers, contract: (name: string) => engine.contract(name) }

/** A command that uses all there is at every provider. */
function profile(): Profile {
  const OTHER = { currency: 'USDC', network: 'ETH', decimals: 6 }
  const USED = [
    ['zopay', 'createPaymentIntent', 'createPayout'],
    ['cpg', 'createDepositAddress', 'createWithdrawal'],
    ['payward', 'createDepositAddress', 'withdrawFunds'],
    ['alphapo', 'takeAddress', 'withdrawCrypto'],
  ] as const
  const address = (operation: string, nth: number, tag: string | null): AddressCall => ({
    ...{ operation, nth, tag, currency: 'USDT', network: 'ETH', decimals: 6, others: [OTHER] },
    ...{ reuseAfterMs: 7 * 86_400_000, displayMs: 3 * 3_600_000 },
  })
  return {
    spanMs: 3 * 86_400_000,
    quiet: true,
    providers: USED.map(([name, addressing, withdrawing]) => ({
      provider: providers.get(name)!,
      operations: [
        { operation: addressing, calls: 3 },
        { operation: withdrawing, calls: 1 },
      ],
      addresses: [address(addressing, 1, null), address(addressing, 3, '1001')],
      withdrawals: [{ operation: withdrawing, nth: 1 }],
      callbacks: { sent: 9, most: 3 },
    })),
  }
}

function check(scenario: ScenarioInput): void {
  expect(() => readScenario(JSON.stringify(scenario), 'drawn', known), JSON.stringify(scenario)).not.toThrow()
}

describe('sandgate.explore.families', () => {
  test('every family is drawn with every provider that has it, once each to begin with', () => {
    const draws = new Draws('a', profile())
    const singles = Array.from({ length: draws.round }, (_, index) => draws.of(index + 1))
    // Callbacks of some providers have no timestamp, and some have nobody who declines.
    const without = [...providers.values()].flatMap(({ callbacks, withdrawals }) => [
      ...(callbacks!.dated ? [] : ['callback-stale']),
      ...(withdrawals!.reviews ? [] : ['withdrawal-declined']),
    ])
    expect(draws.round).toBe(Object.keys(FAMILIES).length * providers.size - without.length)
    // Time that leaps, or callbacks that are held back for a while, take two steps.
    for (const scenario of singles) expect(partsOf(scenario).length).toBeLessThanOrEqual(2)
    const names = (scenario: ScenarioInput) =>
      partsOf(scenario).flatMap((part) =>
        'rule' in part ? part.rule.then.flatMap((one) => Object.keys(one)) : Object.keys(part.step.do),
      )
    expect([...new Set(singles.flatMap(names))].sort()).toEqual(
      ['callbacks', 'clock', 'corrupt', 'delay', 'deposit', 'drop', 'outage', 'respond', 'withdrawal'].sort(),
    )
  })

  test('whatever is drawn is a scenario that can be loaded, and so is all that shrinking tries', async () => {
    const draws = new Draws('b', profile())
    for (let run = 1; run <= 100; run++) {
      const scenario = draws.of(run)
      check(scenario)
      const random = draw('shrinking', [run])
      const tried = async (smaller: ScenarioInput) => (check(smaller), random.fraction() < 0.5)
      check((await shrink(scenario, tried, () => false)).scenario)
    }
  })

  test('at one provider at most one callback is lost for ever', () => {
    const draws = new Draws('c', profile())
    for (let run = 1; run <= 400; run++) {
      const lost = partsOf(draws.of(run)).flatMap((part) => {
        const actions = 'rule' in part ? part.rule.then : [part.step.do]
        const provider = 'rule' in part ? part.rule.when.provider : undefined
        return actions.flatMap(({ callbacks }) =>
          callbacks && ['drop', 'bad-signature', 'stale-timestamp'].includes(callbacks.how)
            ? [{ of: provider ?? ('provider' in callbacks ? callbacks.provider : ''), times: callbacks.times ?? 1 }]
            : [],
        )
      })
      expect(new Set(lost.map(({ of }) => of)).size, `run ${run}`).toBe(lost.length)
      expect(lost.every(({ times }) => times === 1)).toBe(true)
    }
  })

  test('what the command does not do is not drawn', () => {
    const { providers: all, ...rest } = profile()
    const idle = all
      .slice(0, 1)
      .map((one) => ({ ...one, addresses: [], withdrawals: [], callbacks: { sent: 0, most: 0 } }))
    const draws = new Draws('d', { ...rest, providers: idle })
    const text = JSON.stringify(Array.from({ length: 100 }, (_, index) => draws.of(index + 1)))
    expect(text).not.toMatch(/"(deposit|withdrawal|callbacks)"/)
    expect(text).toContain('"respond"')
  })
})

test('sandgate.explore.seed: the scenario of a run depends on the seed and its number alone', () => {
  const scenarios = (seed: string, runs: readonly number[]) => {
    const draws = new Draws(seed, profile())
    return runs.map((run) => draws.of(run))
  }
  expect(scenarios('a', [150, 3, 7])).toEqual([7, 3, 150].map((run) => scenarios('a', [run])[0]).toReversed())
  expect(scenarios('a', [150, 3, 7])).not.toEqual(scenarios('b', [150, 3, 7]))
})
