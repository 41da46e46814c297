// Large worlds are read, copied and made while others are served: what a reader is shown is one moment, and nobody has to wait for the end of it.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { Table } from '../src/world/tables.ts'
import { World } from '../src/world/world.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { type Kit, START, start } from './kit.ts'

const PARAMETERS = { numRuns: 60, seed: 20260516 }

interface Row {
  readonly id: string
  readonly rank: number
}

const Rows: Table<Row> = {
  name: 'rows',
  key: (row) => row.id,
  schema: z.strictObject({ id: z.string(), rank: z.int() }),
  indexes: {
    all: { group: () => '', order: (row) => row.rank },
    odd: { group: (row) => (row.rank % 2 === 0 ? undefined : String(row.rank)), order: (row) => row.rank },
  },
}
const Few: Table<Row> = { ...Rows, name: 'a-few' }

function createWorld(rows = 0): World {
  const world = new World({
    id: 'test',
    seed: 'sandgate',
    startMs: Date.parse(START),
    frozen: true,
    settings: {},
    assumptions: {},
    switches: {},
    react: () => undefined,
    journalEntries: 100,
    journalBytes: 1e6,
  })
  world.change(() => {
    for (let n = 0; n < rows; n++) world.put(Rows, { id: `k${n}`, rank: n % 100 })
  })
  return world
}

type Change = {
  readonly table: Table<Row>
  readonly id: string
  readonly rank: number | null
  readonly undone: boolean
  readonly after: number
}
const anyChange: fc.Arbitrary<Change> = fc.record({
  table: fc.constantFrom(Rows, Rows, Few),
  id: fc.oneof(
    fc.nat(9_000).map((n) => `k${n}`),
    fc.constantFrom('k0', 'k1', '__proto__', '', '2', '10'),
  ),
  rank: fc.option(fc.nat(200), { freq: 3 }),
  undone: fc.boolean(),
  after: fc.nat(400),
})

function make(world: World, { table, id, rank, undone }: Change): void {
  const undo = new Error('undone on purpose')
  try {
    world.change(() => {
      if (rank === null) world.remove(table, id)
      else world.put(table, { id, rank })
      if (undone) throw undo
    })
  } catch (error) {
    if (error !== undo) throw error
  }
}

/** Runs a generator to its end; after so many steps each, changes are made. */
function interleaved<T>(work: Generator<T>, changes: readonly Change[], world: World): T[] {
  const found: T[] = []
  const left = [...changes]
  for (let wait = left[0]?.after ?? 0; ; wait--) {
    while (left.length > 0 && wait <= 0) {
      make(world, left.shift()!)
      wait = left[0]?.after ?? 0
    }
    const step = work.next()
    if (step.done) return found
    found.push(step.value)
  }
}

describe('rows that are read while they change', () => {
  test('sandgate.slices.one-moment: a view shows what there was when it was taken, sorted or as it comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 3, 700, 3_000),
        fc.array(anyChange, { maxLength: 30 }),
        fc.array(anyChange, { maxLength: 40 }),
        fc.boolean(),
        (rows, before, changes, sorted) => {
          const world = createWorld(rows)
          before.forEach((change) => make(world, change))
          const expected = [...world.entries()].sort(([a, x], [b, y]) => (a < b || (a === b && x < y) ? -1 : 1))
          const { view } = world.moment()
          const found = interleaved(sorted ? view.sorted() : view.entries(), changes, world).flatMap((entry) =>
            entry ? [entry] : [],
          )
          view.end()
          if (sorted) expect(found).toEqual(expected)
          else
            expect(new Set(found.map((entry) => JSON.stringify(entry)))).toEqual(
              new Set(expected.map((entry) => JSON.stringify(entry))),
            )
        },
      ),
      PARAMETERS,
    )
  })

  test('an index that is built while rows change is the one that would have been built at once', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(4_096, 9_000),
        fc.array(anyChange, { maxLength: 60 }),
        fc.boolean(),
        (rows, changes, early) => {
          const source = createWorld(rows)
          const world = createWorld()
          world.load({
            tables: new Map([['rows', new Map([...source.rows(Rows)].map((row) => [row.id, row]))]]),
            clock: [source.now, null, true],
          })
          const steps = world.buildIndexes([Rows])
          // Somebody may need it before it is whole.
          if (early) steps.next()
          if (early) expect(world.first(Rows, 'all', '')).toBeDefined()
          interleaved(
            steps,
            changes.map((change) => ({ ...change, after: change.after % 3 })),
            world,
          )
          const anew = createWorld()
          anew.load({
            tables: new Map([['rows', new Map([...world.rows(Rows)].map((row) => [row.id, row]))]]),
            clock: [world.now, null, true],
          })
          for (const [index, group] of [
            ['all', ''],
            ...Array.from({ length: 200 }, (_, rank) => ['odd', String(rank)]),
          ] as const) {
            expect(world.list(Rows, index, group)).toEqual(anew.list(Rows, index, group))
            expect([world.first(Rows, index, group), world.last(Rows, index, group)]).toEqual([
              anew.first(Rows, index, group),
              anew.last(Rows, index, group),
            ])
          }
        },
      ),
      { ...PARAMETERS, numRuns: 25 },
    )
  })
})

/** A snapshot with so many hand-outs more: enough work for many turns. */
async function grown(box: Kit, rows: number): Promise<string> {
  await box.call(cpg, allocation())
  const snapshot = (await box.control('GET', '/snapshot')).json
  const [first] = Object.values<any>(snapshot.tables.addresses)
  for (let n = 2; n <= rows; n++)
    snapshot.tables.addresses[`addr-${n}`] = { ...first, id: `addr-${n}`, seq: n, user: `user_${n}` }
  snapshot.tables.counters.addresses = { name: 'addresses', value: rows }
  return JSON.stringify(snapshot)
}

const put = (box: Kit, text: string) =>
  box.raw('PUT', '/_sandgate/snapshot', { 'content-type': 'application/json' }, text)

/** Calls of somebody else, one after the other, until the work is done; how many were answered by then. */
async function beside<T>(
  box: Kit,
  work: Promise<T>,
  call: () => Promise<unknown> = () => box.control('GET', '/health'),
): Promise<{ result: T; answered: number }> {
  let done = false
  const ended = work.finally(() => (done = true))
  let answered = 0
  for (; !done; answered++) await call()
  return { result: await ended, answered: answered - 1 }
}

describe('a large world', () => {
  const ROWS = 20_000

  test('sandgate.slices: is written, copied and made anew in slices, and others are answered in between', async () => {
    const box = await start({ limits: { journalEntries: 100 } })
    const text = await grown(box, ROWS)
    const made = await beside(box, put(box, text))
    expect(made.result.status, made.result.text).toBe(204)
    const written = await beside(box, box.raw('GET', '/_sandgate/snapshot'))
    const copied = await beside(box, box.control('POST', '/worlds', { id: 'copy', from: 'default' }))
    expect([written.result.status, copied.result.status]).toEqual([200, 201])
    expect(
      Math.min(made.answered, written.answered, copied.answered),
      'calls answered meanwhile',
    ).toBeGreaterThanOrEqual(1)
  })

  test('sandgate.slices.one-moment: a snapshot, and a copy, are of the moment at which they were asked for, whatever is called meanwhile', async () => {
    const box = await start()
    expect((await put(box, await grown(box, ROWS))).status).toBe(204)
    const allocate = () => box.call(cpg, allocation({ user_identifier: `busy_${box.wallMs}` }))
    const whole = ({ tables }: any) => {
      expect(Object.keys(tables.addresses)).toHaveLength(tables.counters.addresses.value)
      expect(Object.keys(tables['cpg.requests'])).toHaveLength(
        tables.counters['cpg.requests']?.value ?? Object.keys(tables['cpg.requests']).length,
      )
      expect(Object.keys(tables['cpg.requests']).length - 1).toBe(Object.keys(tables.addresses).length - ROWS)
      return Object.keys(tables.addresses).length
    }
    const written = await beside(box, box.raw('GET', '/_sandgate/snapshot'), allocate)
    expect(whole(written.result.json)).toBeLessThan(ROWS + written.answered + 1)
    const copied = await beside(box, box.control('POST', '/worlds', { id: 'copy', from: 'default' }), allocate)
    expect(copied.result.status).toBe(201)
    whole((await box.raw('GET', '/w/copy/_sandgate/snapshot')).json)
  })

  test('sandgate.slices.one-moment: a checkpoint is of the moment at which it was asked for, and so is what changed since', async () => {
    const box = await start()
    expect((await put(box, await grown(box, ROWS))).status).toBe(204)
    const allocate = () => box.call(cpg, allocation({ user_identifier: `busy_${box.wallMs}` }))
    const made = await beside(box, box.control('PUT', '/checkpoints/then'), allocate)
    expect(made.result.status).toBe(201)
    await allocate()
    const changes = await beside(box, box.control('GET', '/checkpoints/then/changes?limit=1000'), allocate)
    const ofTable = (name: string) => changes.result.json.data.filter(({ table }: any) => table === name).length
    expect([ofTable('addresses') > 0, ofTable('addresses')]).toEqual([true, ofTable('cpg.requests')])
    const counter = changes.result.json.data.find(({ key }: any) => key === 'addresses')
    expect(counter.after.value - counter.before.value).toBe(ofTable('addresses'))
    expect((await box.control('POST', '/checkpoints/then/rewind')).status).toBe(200)
    const { tables } = (await box.control('GET', '/snapshot')).json
    expect(Object.keys(tables.addresses)).toHaveLength(tables.counters.addresses.value)
    expect(tables.counters.addresses.value).toBe(counter.before.value)
  })

  test('a world that is reset while a snapshot is read into it stays as it was reset; a copy with a taken id is refused', async () => {
    const box = await start()
    const text = await grown(box, ROWS)
    const restored = put(box, text)
    // The body is large, so the reset overtakes it.
    const reset = await box.control('POST', '/reset', { seed: 'anew' })
    expect(reset.status).toBe(200)
    const answer = await restored
    expect([204, 409]).toContain(answer.status)
    if (answer.status === 409) expect(answer.json.detail).toBe('the world "default" was deleted or reset meanwhile')
    const copies = await Promise.all([1, 2].map(() => box.control('POST', '/worlds', { id: 'twice', from: 'default' })))
    expect(copies.map(({ status }) => status).sort()).toEqual([201, 409])
  })
})

describe('the body of a snapshot', () => {
  test('may be compressed, and may begin with a byte order mark', async () => {
    const box = await start()
    const text = await grown(box, 3)
    expect((await put(box, `\ufeff${text}`)).status).toBe(204)
    const zipped = await fetch(`${box.url}/_sandgate/snapshot`, {
      method: 'PUT',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(text),
    })
    expect(zipped.status).toBe(204)
    expect((await box.raw('GET', '/_sandgate/snapshot')).json).toEqual(JSON.parse(text))
  })

  test('keeps every text there is', async () => {
    const box = await start()
    const snapshot = JSON.parse(await grown(box, 2))
    const odd = ['\ud800', '\udc00x', '\u0000', '\u2028', '€', '𝄞', '\\', '"', '/', 'é'.repeat(40_000)]
    snapshot.tables.addresses['addr-2'] = JSON.parse(
      JSON.stringify({ ...snapshot.tables.addresses['addr-2'], user: odd.join('|') }),
    )
    const text = JSON.stringify(snapshot)
    expect((await put(box, text)).status).toBe(204)
    expect((await box.raw('GET', '/_sandgate/snapshot')).json.tables.addresses['addr-2'].user).toBe(odd.join('|'))
  })

  test.each([
    ['', 'body is required'],
    ['{', 'the body is not JSON: it ends before it is whole'],
    ['{"tables":{"a":{"b":{}}}', 'the body is not JSON: it ends before it is whole'],
    ['{"tables":{"a":[[],[]]}}', 'body tables.a.0 must be object'],
    ['{"tables":{"a":{"b":1}}}', 'body tables.a.b must be object'],
    ['{"tables":{"__proto__":{"b":[]}}}', 'body tables.__proto__.b must be object'],
    ['[]', 'the body must be object'],
    ['null', 'the body must be object'],
    ['{"sandgate":"snapshot"} x', /^the body is not JSON: /],
    ['{"sandgate":}', /^the body is not JSON: /],
  ])('%s is refused', async (text, told) => {
    const box = await start()
    const before = (await box.control('GET', '/snapshot')).text
    const reply = await put(box, text)
    expect(reply.status).toBe(422)
    expect(reply.json.detail).toEqual(typeof told === 'string' ? told : expect.stringMatching(told))
    expect((await box.control('GET', '/snapshot')).text).toBe(before)
  })

  test('sandgate.control.body: of very many values is refused before anybody judges it', async () => {
    const box = await start()
    const many = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`k${n}`, 0]))
    const reply = await box.control('POST', '/deposits', many)
    expect([reply.status, reply.json.detail]).toEqual([422, 'the body has more than 5000 values'])
  })

  test('in UTF-16, in another encoding and with bytes that are no text is refused by name', async () => {
    const box = await start()
    const text = await grown(box, 2)
    const send = async (body: Buffer, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${box.url}/_sandgate/snapshot`, { method: 'PUT', headers, body })
      return `${answer.status} ${((await answer.json()) as any).detail}`
    }
    expect(await send(Buffer.from(`\ufeff${text}`, 'utf16le'))).toMatch(/^422 the body is in UTF-16/)
    expect(await send(Buffer.from(text.replace('user_2', 'user_é'), 'latin1'))).toBe('422 the body is not UTF-8')
    expect(await send(Buffer.from(text), { 'content-encoding': 'zstd' })).toMatch(
      /^415 the content-encoding "zstd" is not supported/,
    )
    expect(await send(Buffer.from(text), { 'content-encoding': 'gzip' })).toMatch(/^422 the body cannot be read: /)
  })
})

test('with a directory, a large copy and a restored world are there at the next start, and half of either never is', async () => {
  const data = mkdtempSync(join(tmpdir(), 'sandgate-'))
  onTestFinished(() => [data, `${data}-half`].forEach((folder) => rmSync(folder, { recursive: true, force: true })))
  const box = await start({ data })
  expect((await put(box, await grown(box, 5_000))).status).toBe(204)
  let copying = true
  const forked = box.control('POST', '/worlds', { id: 'copy', from: 'default' }).finally(() => (copying = false))
  // A copy of the directory as a killed process would leave it, taken as often as there is time.
  let half = 0
  for (; copying; half++) {
    await new Promise(setImmediate)
    rmSync(`${data}-half`, { recursive: true, force: true })
    cpSync(data, `${data}-half`, { recursive: true, filter: (path) => !path.startsWith(join(data, 'lock')) })
  }
  expect((await forked).status).toBe(201)
  expect(half).toBeGreaterThan(0)
  await box.call(cpg, allocation({ user_identifier: 'after' }))
  const snapshots = await Promise.all(
    ['', '/w/copy'].map(async (world) => (await box.raw('GET', `${world}/_sandgate/snapshot`)).text),
  )
  await box.sandbox.close()
  const again = await start({ data })
  expect(
    await Promise.all(
      ['', '/w/copy'].map(async (world) => (await again.raw('GET', `${world}/_sandgate/snapshot`)).text),
    ),
  ).toEqual(snapshots)
  const killed = await start({ data: `${data}-half` })
  expect(Object.keys((await killed.control('GET', '/snapshot')).json.tables.addresses)).toHaveLength(5_000)
  const copy = await killed.raw('GET', '/w/copy/_sandgate/snapshot')
  expect(copy.status === 404 || Object.keys(copy.json.tables.addresses).length === 5_000).toBe(true)
})
