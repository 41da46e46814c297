// The world by itself, without HTTP: rows in a change that stands whole or not at all, time that moves forward only, draws by name, a bounded
// journal, durations. Properties against naive models; seeds are fixed, so a failure can be run again.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Timer } from '../src/world/clock.ts'
import { draw } from '../src/world/draws.ts'
import { durationMs } from '../src/text/durations.ts'
import { Journal } from '../src/world/journal.ts'
import type { Table } from '../src/world/tables.ts'
import { World } from '../src/world/world.ts'

const PARAMETERS = { numRuns: 150, seed: 20260516 }
const START_MS = Date.parse('2026-05-16T19:00:00Z')

function createWorld({
  seed = 'sandgate',
  frozen = true,
  react = () => undefined,
  onStop,
}: {
  seed?: string
  frozen?: boolean
  react?: (timer: Timer, world: World) => void
  onStop?: (world: World, error?: unknown) => void
} = {}): World {
  return new World({
    id: 'test',
    seed,
    startMs: START_MS,
    frozen,
    settings: {},
    assumptions: { 'a.b': 'second' },
    switches: { 'a.b': ['first', 'second'], 'c.d': ['first', 'second'] },
    react,
    onStop,
    journalEntries: 100,
    journalBytes: 1e6,
  })
}

interface Row {
  readonly id: string
  readonly owner: string | null
  readonly rank: number
}

const Rows: Table<Row> = {
  name: 'rows',
  key: (row) => row.id,
  schema: z.strictObject({ id: z.string(), owner: z.string().nullable(), rank: z.int() }),
  indexes: {
    byOwner: { group: (row) => row.owner ?? undefined, order: (row) => row.rank },
    all: { group: () => '', order: (row) => -row.rank },
  },
}

const anyId = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'é', '\uffff', '')
const anyRow: fc.Arbitrary<Row> = fc.record({
  id: anyId,
  owner: fc.constantFrom('x', 'y', '', null),
  rank: fc.integer({ min: -3, max: 3 }),
})

/** What a piece of work does to a world; `nested` is a change within the change, which may throw and be caught. */
type Step =
  | { do: 'put'; row: Row }
  | { do: 'remove'; id: string }
  | { do: 'count'; name: string }
  | { do: 'schedule'; at: number }
  | { do: 'nested'; steps: Step[]; throws: boolean }

const { steps: anySteps } = fc.letrec<{ step: Step; steps: Step[] }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), row: anyRow }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), id: anyId }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('count' as const), name: fc.constantFrom('n', 'm') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('schedule' as const), at: fc.integer({ min: 0, max: 5 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('nested' as const), steps: tie('steps'), throws: fc.boolean() }),
    },
  ),
  steps: fc.array(tie('step'), { maxLength: 8 }),
}))

const thrown = new Error('thrown on purpose')

function perform(world: World, steps: readonly Step[]): void {
  for (const step of steps) {
    if (step.do === 'put') world.put(Rows, { ...step.row })
    if (step.do === 'remove') world.remove(Rows, step.id)
    if (step.do === 'count') world.next(step.name)
    if (step.do === 'schedule')
      world.clock.schedule({
        at: START_MS + step.at,
        provider: 'p',
        kind: 'window',
        reaction: 'r',
        args: step.at,
        summary: 's',
      })
    if (step.do === 'nested') attempt(world, step.steps, step.throws)
  }
}

function attempt(world: World, steps: readonly Step[], throws: boolean): void {
  try {
    world.change(() => {
      perform(world, steps)
      if (throws) throw thrown
    })
  } catch (error) {
    if (error !== thrown) throw error
  }
}

/** Everything one can see of a world: rows, counters and timers, and every index from both ends. */
function look(world: World): unknown {
  const groups = ['x', 'y', '']
  return {
    dump: world.dump(),
    size: world.size(Rows),
    due: [world.clock.due, world.clock.nextAt, world.clock.waiting(100)],
    indexes: groups.flatMap((group) => [
      world.list(Rows, 'byOwner', group),
      world.list(Rows, 'byOwner', group, { descending: true }),
    ]),
    all: world.list(Rows, 'all', ''),
  }
}

/** The rows of an index as the words of `Index` say: by group, ascending by order, then by key. */
function naive(rows: Iterable<Row>, index: 'byOwner' | 'all', group: string): Row[] {
  const { group: groupOf, order } = Rows.indexes[index]!
  return [...rows]
    .filter((row) => groupOf(row) === group)
    .sort((a, b) => order(a) - order(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}

describe('tables', () => {
  test('a change that throws leaves every row, index, counter and timer as it was', () => {
    fc.assert(
      fc.property(anySteps, anySteps, (before, work) => {
        const world = createWorld()
        attempt(world, before, false)
        const seen = look(world)
        attempt(world, work, true)
        expect(look(world)).toEqual(seen)
      }),
      PARAMETERS,
    )
  })

  test('a change within a change that throws undoes itself alone', () => {
    fc.assert(
      fc.property(anySteps, anySteps, anySteps, (before, inner, after) => {
        const [with_, without] = [createWorld(), createWorld()]
        attempt(with_, [...before, { do: 'nested', steps: inner, throws: true }, ...after], false)
        attempt(without, [...before, ...after], false)
        expect(look(with_)).toEqual(look(without))
      }),
      PARAMETERS,
    )
  })

  test('indexes are in order, and hold what the rows say', () => {
    fc.assert(
      fc.property(anySteps, anySteps, (before, work) => {
        const world = createWorld()
        attempt(world, before, false)
        attempt(world, work, work.length % 2 === 0)
        const rows = [...world.rows(Rows)]
        expect(world.size(Rows)).toBe(rows.length)
        for (const [index, group] of [
          ['byOwner', 'x'],
          ['byOwner', 'y'],
          ['byOwner', ''],
          ['byOwner', 'nobody'],
          ['all', ''],
        ] as const) {
          const expected = naive(rows, index, group)
          expect(world.list(Rows, index, group)).toEqual(expected)
          expect(world.list(Rows, index, group, { descending: true })).toEqual([...expected].reverse())
          expect([world.first(Rows, index, group), world.last(Rows, index, group)]).toEqual([
            expected[0],
            expected.at(-1),
          ])
        }
      }),
      PARAMETERS,
    )
  })

  test('pages, from either end, are the list cut in pieces, also when the row at the cut is gone', () => {
    fc.assert(
      fc.property(
        fc.array(anyRow, { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        fc.boolean(),
        (rows, limit, descending, losing) => {
          const world = createWorld()
          world.change(() => rows.forEach((row) => world.put(Rows, { ...row })))
          const expected = naive(world.rows(Rows), 'all', '')
          if (descending) expected.reverse()
          const walked: Row[] = []
          for (;;) {
            const last = walked.at(-1)
            if (last && losing) world.change(() => world.remove(Rows, last.id))
            const page = world.list(Rows, 'all', '', {
              limit,
              descending,
              after: last && { order: -last.rank, key: last.id },
            })
            walked.push(...page)
            if (page.length < limit) break
          }
          expect(walked).toEqual(expected)
        },
      ),
      PARAMETERS,
    )
  })

  test('every outermost change that touched rows is told once, with what was before and after; an undone one is not', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anySteps, fc.boolean()), { maxLength: 5 }), (works) => {
        const world = createWorld()
        const copy = new Map<string, object>()
        world.onCommit((changes) => {
          expect(changes.length).toBeGreaterThan(0)
          for (const { table, key, before, after } of changes) {
            const at = JSON.stringify([table, key])
            expect(copy.get(at)).toEqual(before)
            if (after) copy.set(at, after)
            else copy.delete(at)
          }
        })
        for (const [steps, throws] of works) attempt(world, steps, throws)
        const rows = Object.entries(world.dump()).flatMap(([table, rows]) =>
          Object.entries(rows).map(([key, row]) => [JSON.stringify([table, key]), row] as const),
        )
        expect(copy).toEqual(new Map(rows))
      }),
      PARAMETERS,
    )
  })

  test('nothing is written outside of a change, and no row is edited', () => {
    const world = createWorld()
    expect(() => world.put(Rows, { id: 'a', owner: null, rank: 0 })).toThrow(/outside of a change/)
    expect(() => world.next('n')).toThrow(/outside of a change/)
    const row = world.change(() => world.put(Rows, { id: 'a', owner: null, rank: 0 }))
    expect(() => Object.assign(row, { rank: 1 })).toThrow(TypeError)
    expect(world.get(Rows, 'a')).toEqual({ id: 'a', owner: null, rank: 0 })
    expect(world.change(() => 'what the work returned')).toBe('what the work returned')
  })

  test('counters start at 1, each by itself; a change that is undone gives its numbers back', () => {
    const world = createWorld()
    const next = (name: string) => world.change(() => world.next(name))
    expect([next('n'), next('n'), next('m')]).toEqual([1, 2, 1])
    attempt(
      world,
      [
        { do: 'count', name: 'n' },
        { do: 'count', name: 'n' },
      ],
      true,
    )
    expect([next('n'), next('__proto__'), next('__proto__')]).toEqual([3, 1, 2])
  })

  test('an unknown index is a bug', () => {
    expect(() => createWorld().list(Rows, 'nothing', '')).toThrow(/no index nothing/)
  })

  test('a switch is on its first value unless another was chosen; an unknown one is a bug', () => {
    const world = createWorld()
    expect([world.assumes('a.b'), world.assumes('c.d')]).toEqual(['second', 'first'])
    expect(() => world.assumes('e.f')).toThrow(/no provider declares/)
  })
})

interface Plan {
  readonly at: number
  readonly name: string
  /** Scheduled, relative to its own instant, when this one fires; nought and less are due at once. */
  readonly then: readonly Plan[]
}

const { plans: anyPlans } = fc.letrec<{ plan: Plan; plans: Plan[] }>((tie) => ({
  plan: fc.record({
    at: fc.integer({ min: -2, max: 6 }),
    name: fc.string({ maxLength: 3 }),
    then: fc.oneof({ maxDepth: 2 }, fc.constant([]), tie('plans')),
  }),
  plans: fc.array(tie('plan'), { maxLength: 5 }),
}))

function schedule(world: World, { at, name, then }: Plan): void {
  world.clock.schedule({
    at: world.now + at,
    provider: 'p',
    kind: 'callback',
    reaction: 'go',
    args: then,
    summary: name,
  })
}

/** A world whose timers write down when they fire, and schedule what their plan says. */
function planned(
  plans: readonly Plan[],
  frozen = true,
): { world: World; fired: { at: number; now: number; id: string }[] } {
  const fired: { at: number; now: number; id: string }[] = []
  const world = createWorld({
    frozen,
    react: (timer, world) => {
      fired.push({ at: timer.at, now: world.now, id: timer.id })
      for (const plan of timer.args as Plan[]) schedule(world, plan)
    },
  })
  world.change(() => plans.forEach((plan) => schedule(world, plan)))
  return { world, fired }
}

describe('clock', () => {
  test('timers fire in due order, then in order of scheduling, each at its own instant, never in the past', () => {
    fc.assert(
      fc.property(anyPlans, (plans) => {
        const { world, fired } = planned(plans)
        const told = world.clock.advanceTo(START_MS + 100)
        expect(told.map(({ id }) => id)).toEqual(fired.map(({ id }) => id))
        expect(world.clock.due).toBe(0)
        expect(world.now).toBe(START_MS + 100)
        let before = { at: -Infinity, now: START_MS, id: '' }
        for (const timer of fired) {
          expect(timer.now).toBe(Math.max(timer.at, before.now))
          // What was scheduled late for an earlier instant follows at once; among the same instant the earlier scheduled is first.
          if (timer.at === before.at) expect(timer.id > before.id).toBe(true)
          before = timer
        }
      }),
      PARAMETERS,
    )
  })

  test('however the way is cut in pieces, the same things happen at the same instants', () => {
    fc.assert(
      fc.property(anyPlans, fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }), (plans, hops) => {
        const [whole, pieces] = [planned(plans), planned(plans)]
        const end = START_MS + hops.reduce((sum, hop) => sum + hop, 0)
        whole.world.clock.advanceTo(end)
        for (const hop of hops) pieces.world.clock.advanceTo(pieces.world.now + hop)
        pieces.world.clock.advanceTo(end)
        expect(pieces.fired).toEqual(whole.fired)
        expect([pieces.world.now, pieces.world.dump()]).toEqual([whole.world.now, whole.world.dump()])
      }),
      PARAMETERS,
    )
  })

  test('in batches: as many as allowed, and time stands where the last one fired', () => {
    fc.assert(
      fc.property(anyPlans, fc.integer({ min: 1, max: 3 }), (plans, limit) => {
        const [whole, batched] = [planned(plans), planned(plans)]
        whole.world.clock.advanceTo(START_MS + 50)
        for (;;) {
          const batch = batched.world.clock.advanceTo(START_MS + 50, limit)
          expect(batch.length).toBeLessThanOrEqual(limit)
          if (batch.length < limit) break
          expect(batched.world.now).toBe(batched.fired.at(-1)!.now)
        }
        expect(batched.fired).toEqual(whole.fired)
        expect(batched.world.now).toBe(START_MS + 50)
      }),
      PARAMETERS,
    )
  })

  test('never back', () => {
    const world = createWorld()
    world.clock.advanceTo(START_MS + 10)
    expect(world.clock.advanceTo(START_MS)).toEqual([])
    expect(world.now).toBe(START_MS + 10)
  })

  test('frozen: the wall moves nothing, but what is due now happens now', () => {
    const { world, fired } = planned([
      { at: 0, name: 'now', then: [] },
      { at: 1, name: 'later', then: [] },
    ])
    world.clock.tick(1000)
    world.clock.tick(999_999)
    expect([world.now, fired.length, world.clock.due]).toEqual([START_MS, 1, 1])
  })

  test('running: follows the wall by what has passed on it; what it goes back by is not taken away, and counts no second time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 20 }), (hops) => {
        const world = createWorld({ frozen: false })
        let [wall, passed] = [5_000_000, 0]
        world.clock.tick(wall)
        for (const hop of hops) {
          wall += hop
          passed += Math.max(0, hop)
          world.clock.tick(wall)
          expect(world.now).toBe(START_MS + passed)
        }
      }),
      PARAMETERS,
    )
  })

  test('freeze and run: what passed on the wall in between never happened', () => {
    const world = createWorld({ frozen: false })
    for (const wall of [0, 100]) world.clock.tick(wall)
    world.clock.freeze()
    world.clock.tick(5000)
    expect([world.now, world.clock.frozen]).toEqual([START_MS + 100, true])
    world.clock.run()
    world.clock.tick(9000)
    world.clock.tick(9007)
    expect([world.now, world.clock.frozen]).toEqual([START_MS + 107, false])
  })

  test('a timer that was cancelled does not fire; quiet counts neither windows nor retention', () => {
    const { world, fired } = planned([])
    const kinds = ['window', 'retention', 'confirmation', 'callback', 'scenario'] as const
    const timers = world.change(() =>
      kinds.map((kind, i) =>
        world.clock.schedule({ at: START_MS + i + 1, provider: 'p', kind, reaction: 'go', args: [], summary: kind }),
      ),
    )
    expect([world.clock.nextAt, world.clock.nextLoud]).toEqual([START_MS + 1, START_MS + 3])
    world.change(() => world.clock.cancel(timers[2]!.id))
    expect(world.clock.nextLoud).toBe(START_MS + 4)
    world.clock.advanceTo(START_MS + 10)
    expect(fired.map(({ id }) => id)).toEqual([0, 1, 3, 4].map((i) => timers[i]!.id))
    expect([world.clock.nextAt, world.clock.nextLoud]).toEqual([undefined, undefined])
  })

  test('a reaction that throws leaves the world as it was, its timer included, and stops it at that instant, told once', () => {
    const told: unknown[] = []
    const world = createWorld({
      frozen: false,
      onStop: (_, error) => told.push(error),
      react: (_, world) => {
        world.put(Rows, { id: 'half', owner: null, rank: 0 })
        throw thrown
      },
    })
    world.change(() => schedule(world, { at: 1, name: 'bad', then: [] }))
    const before = world.dump()
    for (const go of [
      () => world.clock.advanceTo(START_MS + 5),
      () => world.clock.tick(0),
      () => world.clock.tick(10),
    ]) {
      go()
      expect(world.dump()).toEqual(before)
      expect([world.now, world.clock.frozen, told]).toEqual([START_MS + 1, true, [thrown]])
    }
    expect(world.stopped).toEqual({
      rows: 'good',
      reason: expect.stringMatching(/^the timer 000000000001 \(p, go: bad\) failed: /),
    })
    expect([...world.journal]).toMatchObject([
      { kind: 'control', action: 'stopped', summary: `the world is stopped: ${world.stopped!.reason}` },
    ])
  })

  test('a world that is resumed goes on where it was stopped, when what stopped it is gone', () => {
    let broken = true
    const world = createWorld({
      react: () => {
        if (broken) throw thrown
      },
    })
    world.change(() => [1, 2].forEach((at) => schedule(world, { at, name: 'x', then: [] })))
    expect(world.clock.advanceTo(START_MS + 5)).toEqual([])
    world.resume()
    expect([world.clock.advanceTo(START_MS + 5).length, world.stopped?.rows]).toEqual([0, 'good'])
    broken = false
    world.resume()
    expect([world.clock.advanceTo(START_MS + 5).length, world.stopped, world.now]).toEqual([2, undefined, START_MS + 5])
  })

  test.each([
    ['the same', 0],
    ['an earlier', -1],
  ])('a timer that schedules itself anew for %s instant, without end, stops the world', (_, ms) => {
    const world = createWorld({ react: (timer, world) => schedule(world, { at: ms, name: timer.summary, then: [] }) })
    world.change(() => schedule(world, { at: 7, name: 'again', then: [] }))
    world.clock.advanceTo(START_MS + 100)
    expect([world.now, world.clock.due, world.stopped?.reason]).toEqual([
      START_MS + 7,
      1,
      expect.stringMatching(
        /^the timer \d{12} \(p, go: again\) reschedules itself endlessly at 2026-05-16T19:00:00\.007Z$/,
      ),
    ])
  })

  test('as many timers as one likes may fall due at one instant, each with something that follows at once', () => {
    const world = createWorld({
      react: (timer, world) => (timer.args as Plan[]).forEach((plan) => schedule(world, plan)),
    })
    world.change(() =>
      Array.from({ length: 25_000 }, () => schedule(world, { at: 1, name: '', then: [{ at: 0, name: '', then: [] }] })),
    )
    expect([world.clock.advanceTo(START_MS + 1).length, world.stopped]).toEqual([50_000, undefined])
  })

  test.each([NaN, Infinity, -Infinity, 8.64e15 + 1])('nothing is scheduled at %d, which is not a valid time', (at) => {
    const world = createWorld()
    const put = () =>
      world.change(() =>
        world.clock.schedule({ at, provider: 'p', kind: 'callback', reaction: 'r', args: 1, summary: '' }),
      )
    expect(put).toThrow('cannot schedule r at')
    expect(world.clock.due).toBe(0)
  })

  test('half a row, made of one that is not there, is put nowhere', () => {
    const world = createWorld()
    expect(() => world.change(() => world.put(Rows, { ...(undefined as unknown as Row), rank: 1 }))).toThrow(
      'a row without a key was put into the table rows',
    )
    expect(world.size(Rows)).toBe(0)
  })
})

describe('draws', () => {
  const anyName = fc.array(fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.constant(null)), { maxLength: 4 })

  test('the same seed and name give the same bytes, whoever asked for what before', () => {
    fc.assert(
      fc.property(fc.string(), anyName, fc.array(anyName), (seed, name, others) => {
        const [quiet, busy] = [createWorld({ seed }), createWorld({ seed })]
        for (const other of others) busy.draw(...other).bytes(8)
        expect(busy.draw(...name).hex(40)).toBe(quiet.draw(...name).hex(40))
      }),
      PARAMETERS,
    )
  })

  test('another seed or another name gives other bytes', () => {
    fc.assert(
      fc.property(fc.tuple(fc.string(), anyName), fc.tuple(fc.string(), anyName), (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b))
        expect(draw(...a).hex(16)).not.toBe(draw(...b).hex(16))
      }),
      PARAMETERS,
    )
  })

  test.each([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['a', 'b'], ['a,b']],
    [[1], ['1']],
    [[null], ['null']],
    [[], ['']],
    // seedrandom alone would keep the low byte of each character only.
    [['\u0101'], ['\u0001']],
    [['é'], ['e\u0301']],
    [['\ud800'], ['\ufffd']],
  ])('%j and %j are two names', (a, b) => {
    expect(draw('s', a).hex(16)).not.toBe(draw('s', b).hex(16))
  })

  test('a seed is no part of a name', () => {
    expect(draw('a', ['b']).hex(16)).not.toBe(draw('ab', []).hex(16))
    expect(draw('a', ['b']).hex(16)).not.toBe(draw('a","b', []).hex(16))
  })

  test('a stream goes on: no two pieces of it are equal', () => {
    const stream = draw('s', ['n'])
    expect(new Set(Array.from({ length: 500 }, () => stream.hex(8))).size).toBe(500)
  })

  test('values have the form and stay in the range they promise', () => {
    fc.assert(
      fc.property(
        anyName,
        fc.integer({ min: 1, max: 2 ** 32 }),
        fc.integer({ min: 1, max: 40 }),
        (name, limit, count) => {
          const stream = draw('s', name)
          const below = stream.below(limit)
          expect(Number.isInteger(below) && below >= 0 && below < limit).toBe(true)
          const fraction = stream.fraction()
          expect(fraction >= 0 && fraction < 1).toBe(true)
          expect(stream.bytes(count)).toHaveLength(count)
          expect(stream.hex(count)).toMatch(new RegExp(`^[0-9a-f]{${2 * count}}$`))
          expect(stream.digits(count)).toMatch(new RegExp(`^[1-9]\\d{${count - 1}}$`))
          expect(stream.base32(count)).toMatch(new RegExp(`^[0-9A-HJKMNP-TV-Z]{${count}}$`))
          expect(stream.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        },
      ),
      PARAMETERS,
    )
  })

  test('every value below a small limit comes up, about as often as the others', () => {
    const stream = draw('s', ['die'])
    const counts = Array<number>(6).fill(0)
    for (let i = 0; i < 6000; i++) counts[stream.below(6)]!++
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

describe('journal', () => {
  test('keeps the newest entries in order, within its entries and its bytes, finds each by id, and counts those that made room', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 12 }) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 30 }),
        fc.array(step, { maxLength: 40 }),
        (journalEntries, journalBytes, steps) => {
          const journal = new Journal({ journalEntries, journalBytes })
          let [kept, lastId, dropped]: [{ id: number; bytes: number }[], number, number] = [[], 0, 0]
          const tooMuch = () =>
            kept.length > journalEntries ||
            (kept.length > 1 && kept.reduce((sum, { bytes }) => sum + bytes, 0) > journalBytes)
          for (const step of steps) {
            if (step === 'clear') {
              journal.clear()
              kept = []
            } else {
              expect(journal.nextId).toBe(lastId + 1)
              expect(journal.add({ kind: 'control', at: lastId, action: 'clock', summary: '' }, step)).toBe(++lastId)
              kept.push({ id: lastId, bytes: step })
              while (tooMuch()) dropped += kept.splice(0, 1).length
            }
            const ids = kept.map(({ id }) => id)
            expect([...journal].map(({ id }) => id)).toEqual(ids)
            expect(journal.dropped).toBe(dropped)
            for (let id = 0; id <= lastId + 1; id++) expect(journal.get(id)?.id).toBe(ids.includes(id) ? id : undefined)
          }
        },
      ),
      PARAMETERS,
    )
  })

  test('moves up when thousands have made room', () => {
    const journal = new Journal({ journalEntries: 3, journalBytes: 100 })
    for (let id = 1; id <= 5000; id++) {
      journal.add({ kind: 'control', at: id, action: 'clock', summary: '' }, 40)
      expect([...journal].map(({ at }) => at)).toEqual([id - 1, id].filter((at) => at > 0))
      expect(journal.get(id)?.at).toBe(id)
      expect(journal.dropped).toBe(Math.max(0, id - 2))
    }
  })
})

describe('durations', () => {
  test.each<[string, number]>([
    ['250ms', 250],
    ['90s', 90_000],
    ['0s', 0],
    ['15m', 900_000],
    ['4h', 14_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1.5h', 5_400_000],
    ['PT4H', 14_400_000],
    ['PT0.5S', 500],
    ['P1D', 86_400_000],
    ['P1W', 604_800_000],
    ['P1DT2H3M4S', 93_784_000],
    ['PT90M', 5_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms)
  })

  test.each([
    '',
    ' ',
    '4',
    'h',
    '4 h',
    '-4h',
    '+4h',
    '4H',
    '4hours',
    '4h30m',
    '.5h',
    '1e3s',
    '٤h',
    'P',
    'PT',
    'P1DT',
    'PT1.5H',
    'P1M',
    'P1Y',
    'pt4h',
    '4h\n',
    'Infinityd',
    'NaNs',
    '99999999999999999999d',
    `${'9'.repeat(400)}ms`,
  ])('%j is none', (text) => {
    expect(durationMs(text)).toBeUndefined()
  })
})
