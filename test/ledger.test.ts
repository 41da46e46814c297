// The books and the outgoing chain by themselves, without a provider: properties against a naive model, and every end that a withdrawal can have.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chainModule, type Transfer, Transfers } from '../src/world/chain.ts'
import {
  available,
  availableIn,
  balanceOf,
  hold,
  InsufficientFunds,
  ledgerProblems,
  Movements,
  post,
  type Purse,
  release,
  settle,
  takeBack,
} from '../src/world/ledger.ts'
import type { Reaction } from '../src/world/module.ts'
import { converted, pin, rateBetween, rateText, unpin } from '../src/world/rates.ts'
import {
  broadcastIn,
  broadcastNow,
  isFinal,
  requestWithdrawal,
  settleWithdrawal,
  type WithdrawalFate,
  withdrawalModule,
  Withdrawals,
} from '../src/world/withdrawals.ts'
import { World } from '../src/world/world.ts'

const START_MS = Date.parse('2026-05-16T19:00:00Z')
const HOUR_MS = 3_600_000
const ASSET = { currency: 'USDT', network: 'ETH', on: 'ethereum', decimals: 6, threshold: 12 } as const
const OUTSIDE = '0x00000000000000000000000000000000000000aa'

/** A world whose providers do nothing but write down what they are told. */
function worldOf({ seed = 'sandgate' } = {}) {
  const told: string[] = []
  const chain = chainModule((step, { id }) => {
    told.push(`${id} ${step}`)
    return step
  })
  const outgoing = withdrawalModule(
    (step, { id }) => {
      told.push(`${id} ${step}`)
      return step
    },
    (_, coin, on) => (coin === 'USDT' ? { ...ASSET, on, network: 'there' } : undefined),
  )
  const reactions: Record<string, Reaction> = { ...chain.reactions, ...outgoing.reactions }
  const world = new World({
    id: 'test',
    seed,
    startMs: START_MS,
    frozen: true,
    settings: {},
    assumptions: {},
    switches: {},
    react: ({ reaction, args }, of) => reactions[reaction]!.run(args, of),
    journalEntries: 1000,
    journalBytes: 1e6,
  })
  return { world, told }
}

const purse = (account: string, currency = 'USDT'): Purse => ({
  provider: 'bank',
  account,
  currency,
  network: 'ETH',
  decimals: 6,
})

type Step =
  | { do: 'post'; who: string; currency: string; atoms: number }
  | { do: 'hold'; name: string; who: string; currency: string; atoms: number }
  | { do: 'release'; name: string }
  | { do: 'settle'; name: string }
  | { do: 'undone'; who: string; currency: string; atoms: number }

const who = fc.constantFrom('ann', 'bob')
const currency = fc.constantFrom('USDT', 'ETH')
const name = fc.constantFrom('h1', 'h2', 'h3')
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('post' as const), who, currency, atoms: fc.integer({ min: -60, max: 100 }) }),
  fc.record({ do: fc.constant('hold' as const), name, who, currency, atoms: fc.integer({ min: 0, max: 80 }) }),
  fc.record({ do: fc.constant('release' as const), name }),
  fc.record({ do: fc.constant('settle' as const), name }),
  fc.record({ do: fc.constant('undone' as const), who, currency, atoms: fc.integer({ min: 1, max: 50 }) }),
)

describe('the ledger', () => {
  test('sandgate.ledger.double-entry, sandgate.ledger.floor, sandgate.ledger.holds: it agrees with a naive model, whatever is done', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const { world } = worldOf()
        const balances = new Map<string, number>()
        const holds = new Map<string, { key: string; atoms: number }>()
        const heldOf = (key: string) =>
          [...holds.values()].reduce((sum, held) => (held.key === key ? sum + held.atoms : sum), 0)
        for (const step of steps) {
          if (step.do === 'release' || step.do === 'settle') {
            const held = holds.get(step.name)
            const end = () =>
              world.change(() => {
                if (step.do === 'release') return release(step.name, world)
                const [account, code] = held?.key.split('/') ?? []
                const posting = {
                  purse: purse(account!, code),
                  atoms: -BigInt(held?.atoms ?? 0),
                  against: 'chain',
                  kind: 'sent',
                }
                settle(step.name, held ? [posting] : [], world)
              })
            if (!held) expect(end).toThrow('nothing is held')
            else {
              end()
              holds.delete(step.name)
              if (step.do === 'settle') balances.set(held.key, balances.get(held.key)! - held.atoms)
            }
            continue
          }
          const key = `${step.who}/${step.currency}`
          const whose = purse(step.who, step.currency)
          const left = (balances.get(key) ?? 0) - heldOf(key)
          if (step.do === 'undone') {
            const undone = () =>
              world.change(() => {
                post({ purse: whose, atoms: BigInt(step.atoms), against: 'chain', kind: 'deposit' }, world)
                throw new Error('undone')
              })
            expect(undone).toThrow('undone')
          } else if (step.do === 'post') {
            const doing = () =>
              world.change(() =>
                post({ purse: whose, atoms: BigInt(step.atoms), against: 'chain', kind: 'any' }, world),
              )
            if (step.atoms < 0 && left < -step.atoms) expect(doing).toThrow(InsufficientFunds)
            else {
              doing()
              balances.set(key, (balances.get(key) ?? 0) + step.atoms)
            }
          } else {
            const doing = () => world.change(() => hold(step.name, whose, BigInt(step.atoms), world))
            if (holds.has(step.name)) expect(doing).toThrow('again')
            else if (left < step.atoms) expect(doing).toThrow(InsufficientFunds)
            else {
              doing()
              holds.set(step.name, { key, atoms: step.atoms })
            }
          }
          expect(ledgerProblems(world)).toEqual([])
          expect(Number(availableIn(whose, world))).toBe((balances.get(key) ?? 0) - heldOf(key))
        }
      }),
      { numRuns: 100, seed: 20260516 },
    )
  })

  test('sandgate.ledger.reversal: what a deposit credited is taken back once, below zero where it was spent', () => {
    const { world } = worldOf()
    const ann = purse('ann')
    world.change(() => {
      post({ purse: ann, atoms: 100n, against: 'chain', kind: 'deposit', deposit: 'dep_1' }, world)
      post({ purse: ann, atoms: -4n, against: 'fees', kind: 'deposit_fee', deposit: 'dep_1' }, world)
      post({ purse: ann, atoms: -90n, against: 'chain', kind: 'withdrawal', withdrawal: 'wd_1' }, world)
    })
    const back = () => world.change(() => takeBack('dep_1', 'deposit_reversed', 'reorganised away', world))
    expect(back()).toBe(true)
    expect(balanceOf(ann, world)!.balance).toBe('-90')
    expect(back()).toBe(false)
    expect(balanceOf(ann, world)!.balance).toBe('-90')
    expect(() => world.change(() => hold('more', ann, 1n, world))).toThrow(InsufficientFunds)
    expect(ledgerProblems(world)).toEqual([])
    expect(world.list(Movements, 'all', '').map(({ kind, atoms, cause }) => [kind, atoms, cause.deposit])).toEqual([
      ['deposit', '100', 'dep_1'],
      ['deposit_fee', '-4', 'dep_1'],
      ['withdrawal', '-90', null],
      ['deposit_reversed', '-100', 'dep_1'],
      ['deposit_reversed', '4', 'dep_1'],
    ])
  })

  test('the check itself finds books that are not whole', () => {
    const { world } = worldOf()
    world.change(() => post({ purse: purse('ann'), atoms: 5n, against: 'chain', kind: 'deposit' }, world))
    const row = balanceOf(purse('ann'), world)!
    expect(available(row)).toBe(5n)
    const [movement] = world.list(Movements, 'all', '')
    world.change(() => world.put(Movements, { ...movement!, atoms: '6' }))
    expect(ledgerProblems(world).join('; ')).toContain('its movements sum to 6')
  })
})

/** The waits that matter on this chain, ms. */
const BLOCK = 12_000

function sent(fate: Partial<WithdrawalFate> | undefined, address = OUTSIDE, tag: string | null = null) {
  const { world, told } = worldOf()
  const row = world.change(() =>
    requestWithdrawal(
      {
        provider: 'bank',
        account: 'ann',
        asset: ASSET,
        coin: 'USDT',
        reference: '1',
        from: '0x00000000000000000000000000000000000000bb',
        address,
        tag,
        atoms: 25_500_000n,
        fee: '5',
        feeCurrency: 'USDT',
        fate: fate && { outcome: 'confirmed', stage: 'after', afterMs: null, reason: null, ...fate },
      },
      world,
    ),
  )
  const steps = () => {
    const from = world.now
    const fired = world.clock.advanceTo(from + 10 * 24 * HOUR_MS)
    return fired
      .map(({ at, reaction }) => [reaction, at - from] as const)
      .filter(([name]) => name !== 'withdrawal.arrives')
  }
  const now = () => world.get(Withdrawals, 'wd_1')!
  return { world, told, row, steps, now }
}

describe('a transfer that leaves', () => {
  test.each([
    [
      undefined,
      'confirmed',
      [
        ['withdrawal.mined', BLOCK],
        ['withdrawal.confirmed', 12 * BLOCK],
      ],
    ],
    [{ outcome: 'failed', stage: 'after' }, 'failed', [['withdrawal.failed', 3 * BLOCK]]],
    [{ outcome: 'failed', stage: 'after', afterMs: HOUR_MS }, 'failed', [['withdrawal.failed', HOUR_MS]]],
    [
      { outcome: 'stuck', afterMs: HOUR_MS },
      'confirmed',
      [
        ['withdrawal.mined', HOUR_MS + BLOCK],
        ['withdrawal.confirmed', HOUR_MS + 12 * BLOCK],
      ],
    ],
    [{ outcome: 'replaced' }, 'replaced', [['withdrawal.replaced', BLOCK]]],
    [
      { outcome: 'reorged' },
      'reorged',
      [
        ['withdrawal.mined', BLOCK],
        ['withdrawal.confirmed', 12 * BLOCK],
        ['withdrawal.reorged', 13 * BLOCK],
      ],
    ],
  ] as const)('sandgate.withdrawals.stage: broadcast with %o it ends %s', (fate, status, expected) => {
    const { world, row, steps, now } = sent(fate)
    const broadcast = world.change(() => broadcastNow(row, world))
    expect(broadcast).toMatchObject({ status: 'broadcast', txid: expect.stringMatching(/^0x[0-9a-f]{64}$/) })
    expect(steps()).toEqual(expected)
    expect(now()).toMatchObject({ status, txid: broadcast.txid, timer: null })
    expect(isFinal(now())).toBe(true)
  })

  test.each([
    [{ outcome: 'failed', stage: 'before' }, 'failed', []],
    [{ outcome: 'failed', stage: 'before', afterMs: HOUR_MS }, 'held', [['withdrawal.failed', HOUR_MS]]],
    [
      { outcome: 'stuck', stage: 'before', afterMs: HOUR_MS },
      'held',
      [
        ['withdrawal.broadcast', HOUR_MS],
        ['withdrawal.mined', HOUR_MS + BLOCK],
        ['withdrawal.confirmed', HOUR_MS + 12 * BLOCK],
      ],
    ],
  ] as const)('before the broadcast with %o it is %s', (fate, status, expected) => {
    const { world, row, steps } = sent(fate)
    expect(world.change(() => broadcastNow(row, world))).toMatchObject({ status, txid: null })
    expect(steps()).toEqual(expected)
  })

  test('later, as a provider sends it that reviews it first', () => {
    const { world, row, steps, now } = sent({ outcome: 'declined', stage: 'before' })
    world.change(() => broadcastIn(row, 60_000, world))
    expect(steps()).toEqual([['withdrawal.declined', 60_000]])
    expect(now()).toMatchObject({ status: 'declined', txid: null })
  })

  test('sandgate.withdrawals.one-chain: at an address of this world it arrives in the same transaction, once, whatever becomes of it', () => {
    for (const [fate, arrived] of [
      [{ outcome: 'confirmed' }, 'confirmed'],
      [{ outcome: 'failed', stage: 'after' }, 'dropped'],
      [{ outcome: 'stuck', afterMs: HOUR_MS }, 'confirmed'],
      [{ outcome: 'replaced' }, 'replaced'],
      [{ outcome: 'reorged' }, 'reorged'],
    ] as const) {
      const { world, row, steps, now } = sent(fate)
      const address = world.address({ chain: 'evm', name: ['shop'] })
      world.change(() => {
        world.put(Withdrawals, { ...row, address: address.toLowerCase() })
        world.handOut({
          provider: 'shop',
          account: 'a',
          user: null,
          network: 'there',
          currency: 'USDT',
          address,
          tag: null,
          reference: 'r',
        })
        broadcastNow(world.get(Withdrawals, row.id)!, world)
      })
      steps()
      const transfers: Transfer[] = [...world.rows(Transfers)]
      expect(transfers).toHaveLength(1)
      expect(transfers[0]).toMatchObject({
        txid: now().txid,
        atoms: '25500000',
        status: arrived,
        address,
        holder: 'addr-1',
      })
      expect(now().arrival).toBe(transfers[0]!.id)
    }
  })

  test.each([
    ['confirmed', 'held', ['broadcast', 'mined', 'confirmed']],
    ['confirmed', 'broadcast', ['mined', 'confirmed']],
    ['failed', 'held', ['failed']],
    ['failed', 'broadcast', ['failed']],
    ['declined', 'held', ['declined']],
  ] as const)('sandgate.withdrawals.settle: %s by hand while it is %s', (outcome, status, expected) => {
    const { world, row, steps, now } = sent(
      status === 'held' ? { outcome: 'stuck', stage: 'before', afterMs: HOUR_MS } : undefined,
    )
    const address = world.address({ chain: 'evm', name: ['shop'] })
    world.change(() => {
      world.put(Withdrawals, { ...row, address })
      world.handOut({
        provider: 'shop',
        account: 'a',
        user: null,
        network: 'there',
        currency: 'USDT',
        address,
        tag: null,
        reference: 'r',
      })
      broadcastNow(world.get(Withdrawals, row.id)!, world)
    })
    world.clock.advanceTo(world.now)
    const told: string[] = []
    world.change(() => {
      settleWithdrawal(now(), outcome, 'because', (step) => (told.push(step), step), world)
    })
    expect(told).toEqual(expected)
    expect(now()).toMatchObject({ status: outcome, reason: 'because', timer: null })
    steps()
    expect(now().status).toBe(outcome)
    const arrived = [...world.rows(Transfers)].map((transfer) => transfer.status)
    expect(arrived).toEqual(outcome === 'confirmed' ? ['confirmed'] : status === 'broadcast' ? ['dropped'] : [])
  })
})

describe('rates', () => {
  const text = (world: World, from: string, to: string) => rateText(rateBetween([from], [to], world), 8)

  test('sandgate.rates.move: the table for an hour, then the same moves for the same seed, never far', () => {
    const { world } = worldOf()
    world.clock.advanceTo(START_MS + HOUR_MS - 1)
    expect(text(world, 'BTC', 'EUR')).toBe('60000.00000000')
    expect(text(world, 'EUR', 'BTC')).toBe('0.00001666')
    const hours = (of: World) =>
      Array.from({ length: 48 }, (_, hour) => {
        of.clock.advanceTo(START_MS + (hour + 1) * HOUR_MS)
        return text(of, 'BTC', 'EUR')
      })
    const moved = hours(world)
    expect(hours(worldOf().world)).toEqual(moved)
    expect(hours(worldOf({ seed: 'other' }).world)).not.toEqual(moved)
    expect(new Set(moved).size).toBeGreaterThan(20)
    for (const rate of moved) expect(Math.abs(Number(rate) - 60_000)).toBeLessThanOrEqual(600)
    expect(text(world, 'USDT', 'USD')).toBe('1.00000000')
  })

  test('sandgate.rates.pinned: both ways, the more particular name first, until it is let go', () => {
    const { world } = worldOf()
    world.change(() => pin('BTC', 'EUR', '50000', world))
    expect(text(world, 'BTC', 'EUR')).toBe('50000.00000000')
    expect(text(world, 'EUR', 'BTC')).toBe('0.00002000')
    expect(text(world, 'BTC', 'USD')).not.toBe(text(world, 'BTC', 'EUR'))
    world.change(() => pin('BTCLN', 'EUR', '1', world))
    expect(rateText(rateBetween(['BTCLN', 'BTC'], ['EUR'], world), 2)).toBe('1.00')
    world.clock.advanceTo(START_MS + 100 * HOUR_MS)
    expect(text(world, 'BTC', 'EUR')).toBe('50000.00000000')
    // The other direction takes the place of the first one.
    world.change(() => pin('EUR', 'BTC', '0.5', world))
    expect(text(world, 'BTC', 'EUR')).toBe('2.00000000')
    expect(world.change(() => unpin('BTC', 'EUR', world))).toBe(true)
    expect(world.change(() => unpin('BTC', 'EUR', world))).toBe(false)
    expect(text(world, 'BTC', 'EUR')).not.toBe('2.00000000')
  })

  test('what is finer than the other currency is cut off', () => {
    expect(converted(10n, { numerator: 1n, denominator: 3n })).toBe(3n)
  })
})
