// The example shop: right whatever goes wrong at the four providers, and nine wrong copies of it, each of which passes only while nothing does.
import { describe, expect, test } from 'vitest'
import { MISTAKES } from '../examples/shop/build.mjs'
import { RIGHT, shopRuns } from './shop-runs.ts'

const run = shopRuns()

/** A rule about the nth call of an operation. */
const nth = (provider: string, operation: string, nth: number, ...then: object[]) => ({
  when: { provider, operation, nth },
  then,
})
const first = (provider: string, operation: string, times: number, ...then: object[]) => ({
  when: { provider, operation, times },
  then,
})
const callbacks = (how: string, more: object = {}) => ({ callbacks: { how, ...more } })
const HAND_OUTS = [
  ['zopay', 'createPaymentIntent'],
  ['cpg', 'createDepositAddress'],
  ['payward', 'createDepositAddress'],
  ['alphapo', 'takeAddress'],
] as const
const PAYOUTS = [
  ['zopay', 'createPayout'],
  ['cpg', 'createWithdrawal'],
  ['payward', 'withdrawFunds'],
  ['alphapo', 'withdrawCrypto'],
] as const
const everywhere = (then: object) => HAND_OUTS.map(([provider, operation]) => nth(provider, operation, 1, then))
const LEAP = { at: '5h', do: { clock: { by: '8d' } } }

const TROUBLES: Readonly<Record<string, { rules?: object[]; timeline?: object[] }>> = {
  'answers of hand-outs and payouts are lost after the work was done': {
    rules: [...HAND_OUTS, ...PAYOUTS].map(([provider, operation]) =>
      first(provider, operation, 2, { drop: { stage: 'after', how: 'reset' } }),
    ),
  },
  'answers of payouts are lost until time has passed': {
    rules: PAYOUTS.map(([provider, operation]) =>
      first(provider, operation, 3, { respond: { status: 503, stage: 'after' } }),
    ),
  },
  'answers are errors or no JSON': {
    rules: [
      ...HAND_OUTS.map(([provider, operation]) => first(provider, operation, 2, { respond: { error: 'unavailable' } })),
      ...PAYOUTS.map(([provider, operation]) => first(provider, operation, 1, { corrupt: { how: 'wrong-type' } })),
      nth('cpg', 'listTransactions', 2, { corrupt: { how: 'truncate' } }),
    ],
  },
  'callbacks come twice': { rules: everywhere(callbacks('duplicate', { times: 3 })) },
  'callbacks come in another order': { rules: everywhere(callbacks('reorder')) },
  'callbacks are badly signed': { rules: everywhere(callbacks('bad-signature')) },
  'every callback about the deposits of a provider is lost that has no list': {
    rules: [{ when: { provider: 'alphapo', operation: 'takeAddress' }, then: [callbacks('drop', { times: 2 })] }],
  },
  'callbacks are lost, and two days late': {
    rules: everywhere(callbacks('drop')),
    timeline: [{ at: '30m', do: { callbacks: { provider: 'alphapo', how: 'delay', by: '2d', times: 1 } } }],
  },
  'more money comes, too late and too little': {
    rules: [
      ...everywhere({ deposit: { amount: '1.000001', after: '4h' } }),
      nth('cpg', 'createDepositAddress', 2, { deposit: { amount: '0.000000000000000001', after: '6d', repeat: 3 } }),
      nth('alphapo', 'takeAddress', 2, { deposit: { amount: '0.000999' } }),
      nth('payward', 'createDepositAddress', 2, { deposit: { amount: '0.5', after: '20d' } }),
    ],
  },
  'another asset comes, and money without its tag': {
    rules: [
      nth('zopay', 'createPaymentIntent', 1, { deposit: { amount: '3', currency: 'XAUT', network: 'ethereum' } }),
      nth('cpg', 'createDepositAddress', 1, { deposit: { amount: '1', currency: 'ETH' } }),
      nth('payward', 'createDepositAddress', 2, { deposit: { amount: '44', tag: null } }),
      nth('alphapo', 'takeAddress', 2, { deposit: { amount: '55', tag: '1234567' } }),
    ],
  },
  'money is reorganised away, or never mined': {
    rules: [
      ...everywhere({ deposit: { amount: '2', outcome: 'reorged', after: '30m' } }),
      ...HAND_OUTS.map(([provider, operation]) =>
        nth(provider, operation, 2, { deposit: { amount: '2', outcome: 'dropped' } }),
      ),
    ],
  },
  'an address of the pool serves somebody else, and both are paid': {
    rules: [nth('cpg', 'createDepositAddress', 1, { deposit: { amount: '7', after: '6d' } })],
    timeline: [LEAP, { at: '12d', do: { deposit: { provider: 'cpg', nth: 1, amount: '9' } } }],
  },
  'payouts fail, are stuck and are reorganised away': {
    rules: [
      nth('zopay', 'createPayout', 1, { withdrawal: { outcome: 'failed', stage: 'after' } }),
      nth('cpg', 'createWithdrawal', 1, { withdrawal: { outcome: 'failed' } }),
      nth('payward', 'withdrawFunds', 1, { withdrawal: { outcome: 'stuck', after: '3d' } }),
      nth('alphapo', 'withdrawCrypto', 1, { withdrawal: { outcome: 'reorged' } }),
    ],
  },
  'providers are down for hours': {
    timeline: [
      ...['zopay', 'cpg'].map((provider) => ({ at: '0s', do: { outage: { provider, for: '5h' } } })),
      ...['payward', 'alphapo'].map((provider) => ({ at: '3h', do: { outage: { provider, for: '6h' } } })),
    ],
  },
}

/** What shows each mistake; `how`: what tells. */
const SHOWN: Readonly<Record<string, { how: string; rules?: object[]; timeline?: object[] }>> = {
  'credits-on-detected': {
    how: 'oracle',
    rules: [nth('alphapo', 'takeAddress', 1, { deposit: { amount: '0.5', outcome: 'dropped' } })],
  },
  'credits-per-callback': {
    how: 'callback-handled-twice',
    rules: [nth('payward', 'createDepositAddress', 1, callbacks('duplicate', { times: 4 }))],
  },
  'trusts-requested-amount': {
    how: 'oracle',
    rules: [nth('zopay', 'createPaymentIntent', 1, { deposit: { amount: '0.5', after: '10m' } })],
  },
  'new-key-on-retry': {
    how: 'new-key-on-retry',
    rules: [nth('cpg', 'createWithdrawal', 1, { drop: { stage: 'after', how: 'reset' } })],
  },
  'no-signature-check': {
    how: 'bad-signature-accepted',
    rules: [nth('cpg', 'createDepositAddress', 1, callbacks('bad-signature'))],
  },
  'ignores-tag': {
    how: 'exit',
    rules: [nth('payward', 'createDepositAddress', 2, callbacks('delay', { by: '1m', times: 1 }))],
  },
  'matches-by-address': { how: 'exit', timeline: [LEAP] },
  'crashes-on-reorder': {
    how: 'exit',
    rules: [nth('cpg', 'createDepositAddress', 1, callbacks('delay', { by: '5m', times: 1 }))],
  },
  floats: {
    how: 'exit',
    rules: [nth('cpg', 'createDepositAddress', 2, { deposit: { amount: '0.123456789012345678' } })],
  },
}

describe('the right shop', () => {
  test('books every credit and payout exactly, where nothing goes wrong', async () => {
    const { books, ...ended } = await run()
    expect(ended).toEqual(RIGHT)
    const amounts = (kind: string, provider: string) =>
      books
        .filter((row) => row.kind === kind && row.provider === provider)
        .map((row) => `${row.amount} ${row.currency}`)
    expect(amounts('credit', 'zopay')).toEqual(['25.3 USDT', '40.9 USDT'])
    expect(amounts('credit', 'cpg')).toEqual(['100.7 USDT', '0.7 ETH', '30.6 USDT', '0.1 ETH'])
    expect(amounts('credit', 'payward')).toEqual(['0.6 BTC', '50.1 XRP', '35.3 XRP', '75.7 XRP'])
    expect(amounts('credit', 'alphapo')).toEqual(['0.3 BTC', '60.2 XRP', '80.4 XRP'])
    // Zopay's fee is taken out of the amount, those of the others come on top.
    expect(amounts('payout', 'zopay')).toEqual(['7 USDT'])
    expect(amounts('payout', 'cpg')).toEqual(['20 USDT'])
    expect(amounts('payout', 'payward')).toEqual(['0.125 BTC'])
    expect(amounts('payout', 'alphapo')).toEqual(['0.0625 BTC'])
  })

  test.concurrent.for(Object.entries(TROUBLES))('is right when %s', async ([, scenario]) => {
    expect(await run({ name: 'trouble', ...scenario })).toMatchObject(RIGHT)
  })
})

describe('the mistakes', () => {
  test('each has a scenario of at most three rules that shows it', () => {
    expect(Object.keys(SHOWN).sort()).toEqual([...MISTAKES].sort())
    for (const { rules = [], timeline = [] } of Object.values(SHOWN))
      expect(rules.length + timeline.length).toBeLessThanOrEqual(3)
  })

  test.concurrent.for(MISTAKES)('%s passes where nothing goes wrong', async (name) => {
    expect(await run(undefined, name)).toMatchObject(RIGHT)
  })

  test.concurrent.for(MISTAKES)('%s is shown by its scenario', async (name) => {
    const { how, ...scenario } = SHOWN[name]!
    const { status, findings, differences } = await run({ name, ...scenario }, name)
    if (how === 'exit') expect(status).toBe(1)
    else if (how === 'oracle') expect(differences).not.toEqual([])
    else expect(findings).toContain(how)
  })
})
