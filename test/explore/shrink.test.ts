// Shrinking: what is left of a scenario is what it takes to fail, and no more.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partsOf, shrink } from '../../src/explore/shrink.ts'
import { sentenceOf } from '../../src/explore/sentences.ts'
import type { RuleInput, ScenarioInput } from '../../src/library/api.ts'

const rule = (operation: string, then: RuleInput['then'][number], nth = 1): RuleInput => ({
  when: { provider: 'cpg', operation, nth },
  then: [then],
})
const never = () => false

describe('sandgate.explore.shrink', () => {
  test('of any rules, those that are needed stay', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    await fc.assert(
      fc.asyncProperty(fc.subarray(names, { minLength: 1 }), fc.nat(), async (there, pick) => {
        const needed = there.filter((_, index) => (pick >> index) % 2 === 1).slice(0, 3)
        const scenario = { rules: there.map((name) => rule(name, { drop: { stage: 'after', how: 'reset' } })) }
        const fails = async ({ rules = [] }: ScenarioInput) =>
          needed.every((name) => rules.some(({ when }) => when.operation === name))
        const { scenario: small } = await shrink(scenario, fails, never)
        // Something always goes wrong in a scenario.
        const left = partsOf(small).length
        expect(left).toBe(Math.max(1, needed.length))
        expect(await fails(small)).toBe(true)
      }),
    )
  })

  test('numbers become small, times early, and what is not needed goes', async () => {
    const scenario: ScenarioInput = {
      rules: [
        rule(
          'createDepositAddress',
          { deposit: { amount: '4711.123456', currency: 'USDC', after: '30d', repeat: 3, outcome: 'reorged' } },
          9,
        ),
      ],
      timeline: [
        { at: '20d', do: { outage: { provider: 'cpg', for: '6h', drop: { how: 'close' } } } },
        { at: '9d', do: { clock: { by: '60d' } } },
      ],
    }
    const fails = async ({ rules = [], timeline = [] }: ScenarioInput) => {
      const deposit = rules[0]?.then[0]?.deposit
      return deposit?.outcome === 'reorged' && timeline.some(({ do: { clock } }) => clock !== undefined)
    }
    const { scenario: small, trials } = await shrink(scenario, fails, never)
    expect(small).toEqual({
      rules: [rule('createDepositAddress', { deposit: { amount: '1', outcome: 'reorged' } })],
      timeline: [{ at: '1m', do: { clock: { by: '1m' } } }],
    })
    expect(trials).toBeLessThanOrEqual(60)
  })

  test('it stops after so many runs, or when time is over', async () => {
    const rules = Array.from({ length: 100 }, (_, index) => rule(`operation${index}`, { corrupt: { how: 'empty' } }))
    let runs = 0
    const { trials, scenario } = await shrink({ rules }, async () => (runs++, false), never)
    expect([trials, runs, scenario.rules]).toEqual([60, 60, rules])
    expect(
      await shrink(
        { rules },
        async () => true,
        () => true,
      ),
    ).toMatchObject({ trials: 0 })
  })
})

test('a scenario in words', () => {
  expect(
    sentenceOf({
      rules: [
        rule('createDepositAddress', { drop: { stage: 'after', how: 'reset' } }, 2),
        {
          when: { provider: 'cpg', operation: 'createWithdrawal', times: 3 },
          then: [{ respond: { status: 503, stage: 'before' } }],
        },
        rule(
          'createDepositAddress',
          { deposit: { amount: '5', currency: 'USDC', tag: null, after: '4h', repeat: 2, outcome: 'reorged' } },
          11,
        ),
        rule('createWithdrawal', { withdrawal: { outcome: 'stuck', after: '2h' } }, 22),
        rule('createDepositAddress', { callbacks: { how: 'delay', by: '1h', times: 2 } }),
      ],
      timeline: [
        { at: '1h', do: { outage: { provider: 'zopay', for: '10m' } } },
        { at: '2h', do: { clock: { by: '8d' } } },
        { at: '3h', do: { deposit: { provider: 'cpg', nth: 3, amount: '1' } } },
      ],
    }),
  ).toBe(
    [
      'The second call of createDepositAddress at cpg: the work is done and the answer is lost.',
      'The first 3 calls of createWithdrawal at cpg: the answer is 503, and nothing is done.',
      'The 11th call of createDepositAddress at cpg: a deposit of 5 USDC without a tag arrives at the address 4h later, 2 times, and is reorganised away.',
      'The 22nd call of createWithdrawal at cpg: the withdrawal is stuck for 2h.',
      'The first call of createDepositAddress at cpg: callbacks about what it made: the next 2 are delayed by 1h.',
      'After 1h, zopay is down for 10m.',
      'After 2h, the clock leaps on by 8d.',
      'After 3h, a deposit of 1 arrives at the third address of cpg.',
    ].join(' '),
  )
})
