// Every place that keeps worlds keeps the same: a directory, and a PostgreSQL database. What is special about each stands in keep.test.ts and in test/reach.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { allocation, client as cpg } from './clients/cpg.ts'
import { type Kit, START } from './kit.ts'
import { Postgres } from './postgres.ts'
import { anyStep, perform, receiverOf, type Step } from './sessions.ts'
import { startNow } from './walls.ts'

const RUNS = { numRuns: 8, seed: 20260516 }

/** A place for worlds. */
interface Place {
  /** What `--data` is told. */
  readonly data: string
  /** The same as another process finds it when this one ends now, without having been told so. */
  after(): string
}

let postgres: Postgres
beforeAll(async () => {
  postgres = await Postgres.open()
})
afterAll(() => postgres.close())

const PLACES: readonly (readonly [string, from: string, () => Promise<Place>])[] = [
  [
    'a directory',
    'disk',
    async () => {
      const data = newFolder()
      return { data, after: () => copyOf(data) }
    },
  ],
  [
    'PostgreSQL',
    'the database',
    async () => {
      const { url } = await postgres.freshDatabase()
      return { data: url, after: () => url }
    },
  ],
]

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function copyOf(folder: string): string {
  const copy = newFolder()
  cpSync(folder, copy, { recursive: true, filter: (name) => !/\/lock[^/]*$/.test(name) })
  return copy
}

/** Everything that the control API tells of all worlds, their use aside, which is counted anew in each process. */
async function stateOf(box: Kit): Promise<unknown> {
  const ids: string[] = (await box.control('GET', '/worlds')).json.data.map(({ id }: any) => id)
  const states: unknown[] = []
  for (const id of ids.sort()) {
    const base = id === 'default' ? '/_sandgate' : `/w/${id}/_sandgate`
    states.push([id, (await box.raw('GET', `${base}/snapshot`)).text])
  }
  return states
}

describe.each(PLACES)('%s', (_name, from, place) => {
  test('goes on: rows, repeats byte for byte, counters, timers, clock, seed, worlds; journal entries get numbers that were not there before', async () => {
    const { data } = await place()
    const first = await startNow({ data, seed: 'mine' })
    const wish = allocation({ idempotency_key: 'k', user_identifier: 'u' })
    const answer = await first.call(cpg, wish)
    await first.advance('1h')
    await first.control('POST', '/worlds', { id: 'ci', seed: 'other' })
    await first.control('POST', '/worlds', { id: 'fork', from: 'default' })
    await first.control('POST', '/worlds', { id: 'gone' })
    await first.control('DELETE', '/worlds/gone')
    const before = await stateOf(first)
    await first.sandbox.close()

    const second = await startNow({ data, clock: '2020-01-01T00:00:00Z' })
    expect(await stateOf(second)).toEqual(before)
    second.passWall(60_000)
    const repeated = await second.call(cpg, wish)
    expect(repeated.text).toBe(answer.text)
    expect(Number(repeated.headers['x-sandgate-entry'])).toBeGreaterThan(Number(answer.headers['x-sandgate-entry']))
    const next = await second.call(cpg, allocation({ user_identifier: 'v' }))
    expect(next.json.data.request_id).toBe(answer.json.data.request_id + 1)
    expect((await second.control('GET', '/recording')).json.detail).toMatch(/the world was (restored|read) from/)
    const { happened } = await second.advance('4h')
    expect(happened.length).toBeGreaterThan(0)
  })

  test('a reset and a switch of the clock are kept before they are answered', async () => {
    const { data, after } = await place()
    const first = await startNow({ data })
    /** As whoever comes next finds it. */
    const then = async () => {
      const next = await startNow({ data: after() })
      const { seed, clock, tables } = (await next.control('GET', '/snapshot')).json
      await next.sandbox.close()
      return { seed, clock, rows: Object.keys(tables) }
    }
    await first.call(cpg, allocation({}))
    expect((await first.control('POST', '/reset', { seed: 'again', clock: '2030-01-01T00:00:00Z' })).status).toBe(200)
    expect(await then()).toEqual({
      seed: 'again',
      clock: { now: '2030-01-01T00:00:00.000Z', mode: 'frozen' },
      rows: [],
    })
    await first.control('PATCH', '/clock', { now: '2031-01-01T00:00:00Z' })
    expect((await then()).clock).toEqual({ now: '2031-01-01T00:00:00.000Z', mode: 'frozen' })
    await first.control('PATCH', '/clock', { mode: 'running' })
    const { clock } = await then()
    expect(clock.mode).toBe('running')
    expect(Date.parse(clock.now)).toBeGreaterThanOrEqual(Date.parse('2031-01-01T00:00:00.000Z'))
  })

  test('another clock, or another seed than the world has since a reset, is ignored, and told so; the one it was begun with is not', async () => {
    const { data } = await place()
    const told: string[] = []
    const opened = async (options: { clock?: string; seed?: string }) => {
      told.length = 0
      const box = await startNow({ data, warn: (line) => told.push(line), ...options })
      return { box, told: [...told] }
    }
    const line = (what: string) =>
      `world "default" was restored from ${from} ${what} is ignored. POST /_sandgate/reset to start over, or use another --data`
    const first = await opened({ seed: 'mine' })
    await first.box.advance('1h')
    await first.box.sandbox.close()
    const same = await opened({ seed: 'mine', clock: '2026-05-16T21:00:00+02:00' })
    expect(same.told).toEqual([])
    await same.box.sandbox.close()
    for (const clock of ['real', '2030-01-01T00:00:00Z']) {
      const other = await opened({ clock })
      expect(other.told).toEqual([line(`(clock ${START}): --clock ${clock}`)])
      expect((await other.box.control('GET', '/clock')).json.mode).toBe('frozen')
      await other.box.sandbox.close()
    }
    const reset = await opened({ clock: 'real' })
    await reset.box.control('POST', '/reset', { seed: 'another' })
    expect((await reset.box.control('GET', '/clock')).json.mode).toBe('running')
    await reset.box.sandbox.close()
    const after = await opened({ clock: START, seed: 'mine' })
    expect(after.told).toEqual([line('(seed "another"): --seed mine'), line(`(clock real): --clock ${START}`)])
    await after.box.sandbox.close()
    const real = await opened({ clock: 'real' })
    expect(real.told).toEqual([])
  })

  test('whatever every provider did, and whenever a checkpoint was taken, whoever comes next finds the very same bytes', async () => {
    const run = async (steps: readonly Step[], statuses: number[]) => {
      const { data, after } = await place()
      const first = await startNow({ data, keep: { foldBytes: 4_096 }, pause: () => Promise.resolve() })
      await receiverOf(first, statuses)
      for (const step of steps) await perform(step, first)
      const { text } = await first.raw('GET', '/_sandgate/snapshot')
      const second = await startNow({ data: after() })
      expect((await second.raw('GET', '/_sandgate/snapshot')).text).toBe(text)
      await second.sandbox.close()
      await first.sandbox.close()
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { minLength: 5, maxLength: 25 }),
        fc.array(fc.constantFrom(200, 500), { minLength: 3, maxLength: 3 }),
        run,
      ),
      RUNS,
    )
  })

  test('a snapshot that is put back, and a checkpoint that is gone back to, take the place of what was there', async () => {
    const { data, after } = await place()
    const first = await startNow({ data })
    for (let n = 0; n < 30; n++) await first.call(cpg, allocation({ user_identifier: `user_${n}` }))
    const snapshot = await first.raw('GET', '/_sandgate/snapshot')
    expect((await first.control('PUT', '/checkpoints/thirty')).status).toBe(201)
    const back = async (how: () => Promise<{ readonly status: number }>) => {
      for (let n = 30; n < 40; n++) await first.call(cpg, allocation({ user_identifier: `user_${n}` }))
      expect((await how()).status).toBeLessThan(300)
      await first.call(cpg, allocation({ user_identifier: 'behind' }))
      const { text } = await first.raw('GET', '/_sandgate/snapshot')
      const second = await startNow({ data: after() })
      expect((await second.raw('GET', '/_sandgate/snapshot')).text).toBe(text)
      const users = (await second.control('GET', '/addresses?limit=1000')).json.data.map(({ user }: any) => user)
      expect(users).toHaveLength(31)
      expect(users.at(-1)).toBe('behind')
      await second.sandbox.close()
    }
    const put = () => first.raw('PUT', '/_sandgate/snapshot', { 'content-type': 'application/json' }, snapshot.text)
    // Named checkpoints are those of the process that serves the world.
    await back(() => first.control('POST', '/checkpoints/thirty/rewind'))
    await back(put)
  })

  test('a world that was deleted does not come back, in place of a later one either', async () => {
    const { data, after } = await place()
    const first = await startNow({ data })
    await first.control('POST', '/worlds', { id: 'ci' })
    const inCi = { ...allocation({ user_identifier: 'u' }) }
    expect((await first.raw('GET', '/w/ci/_sandgate/clock')).status).toBe(200)
    await first.raw('POST', '/w/ci/_sandgate/balances', { 'content-type': 'application/json' }, GIFT)
    expect((await first.control('DELETE', '/worlds/ci')).status).toBe(204)
    expect((await first.control('DELETE', '/worlds/ci')).status).toBe(404)
    expect((await first.call(cpg, inCi)).status).toBe(200)
    const gone = await startNow({ data: after() })
    expect((await gone.raw('GET', '/w/ci/_sandgate/clock')).status).toBe(404)
    await gone.sandbox.close()
    expect((await first.control('POST', '/worlds', { id: 'ci', seed: 'anew' })).status).toBe(201)
    const anew = await startNow({ data: after() })
    const { seed, tables } = (await anew.raw('GET', '/w/ci/_sandgate/snapshot')).json
    expect({ seed, tables: Object.keys(tables) }).toEqual({ seed: 'anew', tables: [] })
    await anew.sandbox.close()
  })
})

const GIFT = '{"provider":"cpg","currency":"USDT","network":"ETH","amount":"100"}'
