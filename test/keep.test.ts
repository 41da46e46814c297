// What is kept: whatever happens to the files, a directory gives back every whole record and nothing else; what cannot be kept is not acknowledged;
// and a snapshot brings back the very same bytes. Seeds are fixed, so a failure can be run again.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs, {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createSandbox } from '../src/app.ts'
import { FileStorage } from '../src/storage/file/directory.ts'
import { type Disk, framed, records } from '../src/storage/file/log.ts'
import { StorageRefused } from '../src/storage/port.ts'
import { Store, type StoreOptions } from '../src/storage/file/store.ts'
import type { Table } from '../src/world/tables.ts'
import { World } from '../src/world/world.ts'
import { client as alphapo } from './clients/alphapo.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { client as zopay } from './clients/zopay.ts'
import { type Client, Inbox, type Kit, START, start } from './kit.ts'
import { anyStep, perform, receiverOf, type Step } from './sessions.ts'

const PARAMETERS = { numRuns: 60, seed: 20260516 }
const MB = 1024 * 1024

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

// A store alone, below HTTP.

interface Row {
  readonly id: string
  readonly text: string | null
}

const Rows: Table<Row> = {
  name: 'rows',
  key: (row) => row.id,
  schema: z.strictObject({ id: z.string(), text: z.string().nullable() }),
  indexes: { all: { group: () => '', order: () => 0 } },
}
const Others: Table<Row> = { ...Rows, name: 'others' }

function createWorld(): World {
  return new World({
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
}

function optionsOf(told: string[] = [], more: Partial<StoreOptions> = {}): StoreOptions {
  return {
    disk: fs,
    sync: false,
    scratch: Buffer.alloc(1024),
    opened: new Set(),
    foldBytes: MB,
    tell: (line) => told.push(line),
    ...more,
  }
}

/** A world that is kept in a folder. */
async function storeIn(folder: string, more: Partial<StoreOptions> = {}) {
  const told: string[] = []
  const store = await Store.open(folder, optionsOf(told, more))
  const world = createWorld()
  if (store.found) world.load(store.found)
  store.attach(world, {})
  return { store, world, told }
}

/** What a folder gives back, by somebody who has not seen it before. */
async function found(folder: string, told: string[] = []) {
  const store = await Store.open(folder, optionsOf(told))
  const state = store.found
  const world = createWorld()
  if (state) world.load(state)
  return { store, state, dump: JSON.stringify(world.dump()), now: state?.clock[0] }
}

type Change =
  | { do: 'put'; table: Table<Row>; row: Row }
  | { do: 'remove'; table: Table<Row>; id: string }
  | { do: 'count' }
  | { do: 'time'; ms: number }
  | { do: 'flush' }
  | { do: 'fold' }
  | { do: 'begin' }

const anyTable = fc.constantFrom(Rows, Others)
const anyKey = fc.constantFrom('1', '2', '10', 'a', 'é', '__proto__', 'constructor', '')
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(null, '\ud800', '\u0000', '\n', 'x'.repeat(3000)),
)
const anyChange: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      table: anyTable,
      row: fc.record({ id: anyKey, text: anyText }, { noNullPrototype: true }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), table: anyTable, id: anyKey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 0, max: 1000 }) }) },
  { weight: 3, arbitrary: fc.constantFrom<Change>({ do: 'count' }, { do: 'flush' }, { do: 'fold' }) },
  { weight: 1, arbitrary: fc.constant<Change>({ do: 'begin' }) },
)

describe('a store', () => {
  test('checkpoint and log together are the world, whatever was changed and whenever a checkpoint was taken', async () => {
    const run = async (steps: Change[], waits: boolean) => {
      const folder = mkdtempSync(join(tmpdir(), 'sandgate-'))
      try {
        const { store, world: first, told } = await storeIn(folder, { foldBytes: 2000 })
        let world = first
        for (const step of steps) {
          if (step.do === 'put') world.change(() => world.put(step.table, { ...step.row }))
          if (step.do === 'remove') world.change(() => world.remove(step.table, step.id))
          if (step.do === 'count') world.change(() => world.next('n'))
          if (step.do === 'time') world.clock.advanceTo(world.now + step.ms)
          if (step.do === 'flush') expect(await store.flush()).toBe(true)
          if (step.do === 'fold') void store.fold()
          if (step.do === 'begin') store.attach((world = createWorld()), {})
          if (waits) await new Promise(setImmediate)
        }
        await store.flush()
        const expected = JSON.stringify(world.dump())
        // Killed while a checkpoint may be under way, and after it.
        expect(await found(copyOf(folder))).toMatchObject({ dump: expected, now: world.now })
        await store.fold()
        await store.fold()
        expect(readdirSync(folder).filter((name) => name.startsWith('checkpoint-')).length).toBeGreaterThan(0)
        expect(await found(copyOf(folder))).toMatchObject({ dump: expected, now: world.now })
        await store.close()
        expect(told).toEqual([])
        const again = await found(folder)
        expect(again).toMatchObject({ dump: expected, now: world.now })
        expect(again.state!.entries).toBe(world.journal.nextId - 1)
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
    await fc.assert(fc.asyncProperty(fc.array(anyChange, { maxLength: 40 }), fc.boolean(), run), PARAMETERS)
  })

  /** Ten changes of several rows, each in a record of its own. */
  async function tenRecords() {
    const folder = newFolder()
    const { store, world } = await storeIn(folder)
    const states: { size: number; dump: string }[] = [{ size: store.lag, dump: '{}' }]
    for (let n = 1; n <= 10; n++) {
      world.change(() => {
        world.put(Rows, { id: String(n), text: `é${n}` })
        if (n > 3) world.remove(Rows, String(n - 3))
        world.next('n')
      })
      await store.flush()
      states.push({ size: store.lag, dump: JSON.stringify(world.dump()) })
    }
    await store.close()
    return { folder, states }
  }

  test('a log that ends at any byte of its last records gives back every whole one, says where it is torn, and goes on from there', async () => {
    const { folder, states } = await tenRecords()
    const whole = readFileSync(join(folder, 'log-1'))
    for (let cut = states[7]!.size; cut < states[10]!.size; cut++) {
      writeFileSync(join(folder, 'log-1'), whole.subarray(0, cut))
      const told: string[] = []
      const { store, dump } = await found(folder, told)
      const last = states.findLast(({ size }) => size <= cut)!
      expect(dump, `cut at ${cut}`).toBe(last.dump)
      expect(told).toEqual(
        cut === last.size
          ? []
          : [
              `${join(folder, 'log-1')} is damaged from byte ${last.size} on: ${cut - last.size} bytes are cut off, everything before them is kept`,
            ],
      )
      await store.close()
      expect(statSync(join(folder, 'log-1')).size, 'the rest is gone').toBe(last.size)
    }
  })

  test('what is kept after a cut stands behind the last whole record', async () => {
    const { folder, states } = await tenRecords()
    truncateSync(join(folder, 'log-1'), states[5]!.size + 7)
    const { store, world } = await storeIn(folder)
    world.change(() => world.put(Others, { id: 'new', text: null }))
    await store.close()
    expect(JSON.parse((await found(folder)).dump)).toEqual({
      ...JSON.parse(states[5]!.dump),
      others: { new: { id: 'new', text: null } },
    })
  })

  test.each([
    ['a bit', 1],
    ['the case of a digit', 0x20],
    ['all of it', 0xff],
  ])('a byte that is spoiled, %s, wherever it is, costs the record it is in and those after it', async (_, bits) => {
    const { folder, states } = await tenRecords()
    const whole = readFileSync(join(folder, 'log-1'))
    for (let at = states[0]!.size; at < states[10]!.size; at++) {
      const spoiled = Buffer.from(whole)
      spoiled[at]! ^= bits
      const copy = copyOf(folder)
      writeFileSync(join(copy, 'log-1'), spoiled)
      const told: string[] = []
      expect((await found(copy, told)).dump, `byte ${at}`).toBe(states.findLast(({ size }) => size <= at)!.dump)
      expect(told).toHaveLength(1)
    }
  })

  /** Two checkpoints, the later one with something behind it. */
  async function twoCheckpoints() {
    const folder = newFolder()
    const { store, world } = await storeIn(folder)
    const put = (id: string) => {
      world.change(() => world.put(Rows, { id, text: id }))
      void store.flush()
    }
    put('a')
    await store.fold()
    put('b')
    await store.fold()
    put('c')
    await store.close()
    return { folder, dump: JSON.stringify(world.dump()) }
  }

  test('a checkpoint takes the place of the logs before the one before it', async () => {
    const { folder, dump } = await twoCheckpoints()
    expect(readdirSync(folder).sort()).toEqual(['checkpoint-2', 'checkpoint-3', 'log-2', 'log-3'])
    expect((await found(folder)).dump).toBe(dump)
  })

  test('a checkpoint that is damaged at any byte, or torn, gives way to the one before it with its logs', async () => {
    const { folder, dump } = await twoCheckpoints()
    const whole = readFileSync(join(folder, 'checkpoint-3'))
    const damages = [...whole.keys()].map((at) =>
      Buffer.from(whole.map((byte, index) => (index === at ? byte ^ 1 : byte))),
    )
    for (const bytes of [
      ...damages,
      whole.subarray(0, -1),
      whole.subarray(0, 40),
      Buffer.alloc(0),
      Buffer.concat([whole, Buffer.from('x')]),
    ]) {
      const copy = copyOf(folder)
      writeFileSync(join(copy, 'checkpoint-3'), bytes)
      const told: string[] = []
      const again = await found(copy, told)
      expect(again.dump).toBe(dump)
      expect(told).toEqual([`${join(copy, 'checkpoint-3')} is damaged; the checkpoint before it is used`])
      await again.store.close()
      expect(readdirSync(copy), 'it is not tried again').not.toContain('checkpoint-3')
    }
  })

  test('a checkpoint that is younger than what is left of its log is not used', async () => {
    const folder = newFolder()
    const { store, world } = await storeIn(folder)
    const put = (id: string) => world.change(() => world.put(Rows, { id, text: id }))
    put('a')
    await store.flush()
    const folded = store.fold()
    put('b')
    await folded
    const kept = statSync(join(folder, 'log-2')).size
    truncateSync(join(folder, 'log-2'), kept - 1)
    const told: string[] = []
    expect(JSON.parse((await found(folder, told)).dump)).toEqual({ rows: { a: { id: 'a', text: 'a' } } })
    expect(told[0]).toBe(
      `${join(folder, 'checkpoint-2')} is younger than what is left of log-2; the checkpoint before it is used`,
    )
    expect(told[1]).toContain(`${join(folder, 'log-2')} is damaged from byte`)
  })

  test('with no checkpoint left that can be used, and no log from the beginning, it refuses', async () => {
    const { folder } = await twoCheckpoints()
    for (const name of ['checkpoint-2', 'checkpoint-3']) truncateSync(join(folder, name), 10)
    await expect(found(folder)).rejects.toThrow(/no checkpoint can be used, and the logs from before it are gone/)
  })

  test.each(['log-3', 'checkpoint-3'])('%s of another format is refused by name', async (name) => {
    const { folder } = await twoCheckpoints()
    const path = join(folder, name)
    const all = [...records(readFileSync(path))].map(({ record }) => record)
    writeFileSync(path, Buffer.concat([{ ...all[0], format: 2 }, ...all.slice(1)].map((record) => framed(record))))
    await expect(found(folder)).rejects.toThrow(
      new StorageRefused(`${path} has format 2; this version of Sandgate reads format 1`),
    )
  })

  test('a write that fails, half-way or not, undoes what was to be kept, and nothing else', async () => {
    const folder = newFolder()
    const failing = failingDisk()
    const { store, world } = await storeIn(folder, { disk: failing.disk })
    const put = (id: string) => world.change(() => world.put(Rows, { id, text: id }))
    put('kept')
    expect(await store.flush()).toBe(true)
    const before = JSON.stringify(world.dump())
    for (const room of [0, 1, 30]) {
      failing.room = room
      put('kept')
      put('lost')
      world.change(() => world.remove(Rows, 'kept'))
      world.clock.advanceTo(world.now + 5)
      const settled = store.committed()
      expect(await settled).toBe(false)
      expect(JSON.stringify(world.dump())).toBe(before)
      expect(world.now).toBe(Date.parse(START))
      expect(world.list(Rows, 'all', '').map(({ id }) => id)).toEqual(['kept'])
      expect((await found(copyOf(folder))).dump).toBe(before)
    }
    failing.room = Infinity
    expect(store.isWritable()).toBe(true)
    put('later')
    await store.close()
    expect(Object.keys(JSON.parse((await found(folder)).dump).rows)).toEqual(['kept', 'later'])
  })

  test('a checkpoint that cannot be taken costs nothing', async () => {
    const folder = newFolder()
    const broken = {
      ...fs,
      promises: { ...fs.promises, open: () => Promise.reject(new Error('no room')) },
    } as unknown as Disk
    const { store, world, told } = await storeIn(folder, { disk: broken })
    world.change(() => world.next('n'))
    await store.fold()
    expect(told).toEqual([`${folder}: no checkpoint could be written, the log continues: no room`])
    world.change(() => world.next('n'))
    await store.flush()
    expect((await found(copyOf(folder))).dump).toBe(JSON.stringify(world.dump()))
  })
})

/** The folder as it is now, as a process that is killed now would leave it. */
function copyOf(folder: string): string {
  const copy = newFolder()
  cpSync(folder, copy, { recursive: true, filter: (name) => !/\/lock[^/]*$/.test(name) })
  return copy
}

/** A disk with so much room. */
function failingDisk(): { room: number; readonly disk: Disk } {
  const failing = {
    room: Infinity,
    disk: {
      ...fs,
      writeSync(fd: number, bytes: Buffer, offset: number, length: number, position: number) {
        if (failing.room <= 0)
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
        const written = fs.writeSync(fd, bytes, offset, Math.min(length, failing.room), position)
        failing.room -= written
        return written
      },
    } as Disk,
  }
  return failing
}

/** A disk that writes down what is asked of it, as operation and name below `folder`; `open` are the files that are open now. */
function watchedDisk(folder: string) {
  const did: string[] = []
  const open = new Map<number, string>()
  const most = { open: 0 }
  const nameOf = (path: unknown) => String(path).slice(folder.length + 1) || '.'
  const onFd =
    <Rest extends unknown[], Result>(what: string, work: (fd: number, ...rest: Rest) => Result) =>
    (fd: number, ...rest: Rest): Result => {
      did.push(`${what} ${open.get(fd)}`)
      return work(fd, ...rest)
    }
  const disk = {
    ...fs,
    openSync(path: string, ...rest: [string, number?]) {
      const fd = fs.openSync(path, ...rest)
      did.push(`open ${nameOf(path)}`)
      open.set(fd, nameOf(path))
      most.open = Math.max(most.open, open.size)
      return fd
    },
    closeSync(fd: number) {
      fs.closeSync(fd)
      open.delete(fd)
    },
    writeSync: onFd('write', fs.writeSync as (fd: number, ...rest: any[]) => number),
    fdatasyncSync: onFd('sync', fs.fdatasyncSync),
    writeFileSync(path: string, text: string, options: { mode: number; flush: boolean }) {
      fs.writeFileSync(path, text, options)
      did.push(`write ${nameOf(path)}`, ...(options.flush ? [`sync ${nameOf(path)}`] : []))
    },
    renameSync(from: string, to: string) {
      fs.renameSync(from, to)
      did.push(`rename ${nameOf(to)}`)
    },
    promises: {
      ...fs.promises,
      async open(path: string, ...rest: [string, number]) {
        const file = await fs.promises.open(path, ...rest)
        const told =
          (what: string, work: (...args: any[]) => Promise<void>) =>
          async (...args: unknown[]) => {
            await work.apply(file, args)
            did.push(`${what} ${nameOf(path)}`)
          }
        return {
          appendFile: told('write', file.appendFile),
          datasync: told('sync', file.datasync),
          close: () => file.close(),
        }
      },
      async rename(from: string, to: string) {
        await fs.promises.rename(from, to)
        did.push(`rename ${nameOf(to)}`)
      },
    },
  } as unknown as Disk
  return { did, open, most, disk }
}

describe('for power cuts', () => {
  test('--fsync: what is written is on the medium before it is answered, and a file before the name that it gets, and the name with it', async () => {
    const data = newFolder()
    const { did, disk } = watchedDisk(data)
    const box = await start({ data, fsync: true, keep: { disk }, ...quiet })
    const log = 'worlds/default/log-1'
    const folder = (name: string) => [`open ${name}`, `sync ${name}`]
    expect(did).toEqual([
      ...['write sandgate.json.tmp', 'sync sandgate.json.tmp', 'rename sandgate.json', ...folder('.')],
      ...[
        ...folder('worlds'),
        `open ${log}`,
        `write ${log}`,
        `sync ${log}`,
        ...folder('worlds/default'),
        `write ${log}`,
        `sync ${log}`,
      ],
    ])
    did.length = 0
    expect((await box.call(cpg, allocation({}))).status).toBe(200)
    expect(did).toEqual([`write ${log}`, `sync ${log}`])
    did.length = 0
    await (box.world.storage as Store).fold()
    const [next, checkpoint] = ['worlds/default/log-2', 'worlds/default/checkpoint-2']
    expect(did.filter((deed, index) => deed !== did[index - 1])).toEqual([
      ...[`open ${next}`, `write ${next}`, `sync ${next}`, ...folder('worlds/default')],
      ...[`write ${checkpoint}.tmp`, `sync ${checkpoint}.tmp`, `rename ${checkpoint}`, ...folder('worlds/default')],
    ])
  })

  test('--fsync: what does not reach the medium is not acknowledged', async () => {
    const broken = { on: false }
    const fdatasyncSync = (fd: number) => {
      if (broken.on) throw new Error('EIO: i/o error, fdatasync')
      fs.fdatasyncSync(fd)
    }
    const data = newFolder()
    const box = await start({ data, fsync: true, keep: { disk: { ...fs, fdatasyncSync } }, ...quiet })
    broken.on = true
    expect((await box.call(cpg, allocation({}))).status).toBe(503)
    broken.on = false
    expect((await box.call(cpg, allocation({}))).json.data.request_id).toBe(1)
  })

  test('without --fsync nobody waits for the medium', async () => {
    const data = newFolder()
    const { did, disk } = watchedDisk(data)
    const box = await start({ data, keep: { disk }, ...quiet })
    expect((await box.call(cpg, allocation({}))).status).toBe(200)
    await (box.world.storage as Store).fold()
    expect(did).toContain('rename worlds/default/checkpoint-2')
    expect(did.filter((deed) => deed.startsWith('sync'))).toEqual([])
  })
})

describe('many worlds', () => {
  test(
    'have a bounded number of files open, the one that is written to all the time for good; nothing is lost',
    { timeout: 120_000 },
    async () => {
      const data = newFolder()
      const { did, open, most, disk } = watchedDisk(data)
      const first = await start({ data, keep: { disk }, ...quiet })
      const ids = Array.from({ length: 300 }, (_, n) => `w-${n}`)
      for (const id of ids) first.sandbox.engine.worlds.create(id, {})
      const allocate = async (kit: Kit, id: string, user_identifier: string) => {
        kit.passWall(1000)
        const { method, path, headers, body } = cpg.sign(allocation({ user_identifier }), kit.wallMs)
        return (await kit.raw(method, `/w/${id}/cpg${path}`, headers, body)).json.data.request_id
      }
      await first.call(cpg, allocation({}))
      did.length = 0
      for (const user of ['a', 'b']) {
        for (const id of ids) {
          expect(await allocate(first, id, user)).toBe(user === 'a' ? 1 : 2)
          await first.call(cpg, allocation({ user_identifier: `${user} ${id}` }))
        }
      }
      expect(most.open).toBeLessThanOrEqual(130)
      expect(open.size).toBeGreaterThan(100)
      expect(did).not.toContain('open worlds/default/log-1')
      expect((await first.control('DELETE', '/worlds/w-0')).status).toBe(204)
      expect((await first.control('DELETE', '/worlds/w-299')).status).toBe(204)
      const dumps = (kit: Kit) =>
        new Map([...kit.sandbox.engine.worlds].map((world) => [world.id, JSON.stringify(world.dump())] as const).sort())
      const before = dumps(first)
      expect(before.size).toBe(299)
      await first.sandbox.close()
      expect([...open.values()]).toEqual([])

      const second = await start({ data, keep: { disk }, ...quiet })
      expect(dumps(second)).toEqual(before)
      expect(await allocate(second, 'w-1', 'c')).toBe(3)
      expect(most.open).toBeLessThanOrEqual(130)
    },
  )

  test('closing waits until a deleted world is gone from the disk', async () => {
    const data = newFolder()
    let goOn!: () => void
    const held = new Promise<void>((resolve) => (goOn = resolve))
    const did: string[] = []
    const rm = async (path: string, options: object) => {
      await held
      await fs.promises.rm(path, options)
      did.push('removed')
    }
    const disk = { ...fs, promises: { ...fs.promises, rm } } as unknown as Disk
    const sandbox = await createSandbox({ data, keep: { disk }, ...quiet })
    sandbox.engine.worlds.create('deleted', {})
    sandbox.engine.worlds.remove('deleted')
    const closed = sandbox.close().then(() => did.push('closed'))
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
    goOn()
    await closed
    expect(did).toEqual(['removed', 'closed'])
    expect(readdirSync(join(data, 'worlds'))).toEqual(['default'])
  })
})

describe('a directory', () => {
  const open = (folder: string, seed?: string) =>
    FileStorage.open({ folder, seed, otherwise: 'sandgate', tell: () => undefined })

  test('has one process: a second is refused with the number of the first; a dead one’s lock, or that of a number come again, is taken over', async () => {
    const folder = newFolder()
    const first = await open(folder)
    await expect(open(folder)).rejects.toThrow(
      new StorageRefused(`${folder} is in use by process ${process.pid}, this one; one process per directory`),
    )
    writeFileSync(
      join(folder, 'lock'),
      readFileSync(join(folder, 'lock'), 'utf8')
        .replace(/"pid":\d+/, '"pid":1')
        .replace(
          /"started":[^}]*/,
          `"started":${JSON.stringify(readFileSync('/proc/1/stat', 'utf8').split(') ')[1]!.split(' ')[19])}`,
        ),
    )
    await expect(open(folder)).rejects.toThrow(
      new StorageRefused(`${folder} is in use by process 1; one process per directory`),
    )
    for (const stale of [
      '{"pid":4194999,"started":"1"}',
      '{"pid":1,"started":"no such time"}',
      '',
      'nonsense',
      '{"pid":-1}',
    ]) {
      writeFileSync(join(folder, 'lock'), stale)
      const later = await open(folder)
      await later.close()
    }
    await first.close()
    expect(readdirSync(folder).sort()).toEqual(['sandgate.json', 'worlds'])
  })

  test('is kept from a process that is seen by nobody here, as in another container, as long as that one lives; what is left of it is taken over', async () => {
    const folder = join(newFolder(), 'x'.repeat(200))
    const first = await open(folder)
    const path = join(folder, 'lock')
    const elsewhere = readFileSync(path, 'utf8').replace(/"pid":\d+,"started":"\d+"/, '"pid":4194999,"started":"1"')
    writeFileSync(path, elsewhere)
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(open(folder)).rejects.toThrow(
        new StorageRefused(`${folder} is in use by process 4194999 of another container; one process per directory`),
      )
    expect(readdirSync(folder).sort()).toEqual(['lock', JSON.parse(elsewhere).bell, 'sandgate.json', 'worlds'])
    await first.close()
    expect(readFileSync(path, 'utf8'), 'not its own').toBe(elsewhere)
    const second = await open(folder)
    await second.close()
    // A name that is none of a bell is neither rung nor removed.
    writeFileSync(join(folder, 'mine.txt'), '')
    writeFileSync(path, elsewhere.replace(/lock\.\w+\.bell/, 'mine.txt'))
    await (await open(folder)).close()
    expect(readdirSync(folder).sort()).toEqual(['mine.txt', 'sandgate.json', 'worlds'])
  })

  test('sandgate.keep.copy: a copy made while the original is in use can be used at once, bell or no bell; a directory that was only moved is in use as before', async () => {
    const folder = newFolder()
    const first = await open(folder)
    const bell = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')).bell
    for (const tool of ['leaves sockets out', 'copies them']) {
      const copy = join(newFolder(), 'copy')
      cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('.bell') })
      if (tool === 'copies them') spawnSync('cp', ['-a', join(folder, bell), copy])
      expect(readdirSync(copy), tool).toEqual(
        expect.arrayContaining(['lock', ...(tool === 'copies them' ? [bell] : [])]),
      )
      const second = await open(copy)
      await expect(open(copy), 'its own lock counts').rejects.toThrow(
        `${copy} is in use by process ${process.pid}, this one`,
      )
      await second.close()
      expect(readdirSync(copy).sort()).toEqual(['sandgate.json', 'worlds'])
    }
    const moved = `${folder}-moved`
    onTestFinished(() => rmSync(moved, { recursive: true, force: true }))
    fs.renameSync(folder, moved)
    await expect(open(moved)).rejects.toThrow(`${moved} is in use by process ${process.pid}, this one`)
    fs.renameSync(moved, folder)
    // Another container may count devices otherwise, and a lock of before says nothing of them.
    const lock = readFileSync(join(folder, 'lock'), 'utf8')
    for (const same of [
      lock.replace(/"folder":"\d+:/, '"folder":"999:'),
      lock.replace(/,"folder":"[^"]*"/, ''),
      lock.replace(/"folder":"[^"]*"/, '"folder":5'),
    ]) {
      expect(same).not.toBe(lock)
      writeFileSync(join(folder, 'lock'), same)
      await expect(open(folder), same).rejects.toThrow('is in use by process')
    }
    // A bell that rings here is believed, whatever the lock says.
    writeFileSync(join(folder, 'lock'), lock.replace(/"folder":"[^"]*"/, '"folder":"1:1"'))
    await expect(open(folder)).rejects.toThrow('is in use by process')
    writeFileSync(join(folder, 'lock'), lock)
    await first.close()
  })

  test('a bell whose process was killed rings no more', async () => {
    const folder = newFolder()
    await (await open(folder)).close()
    const name = 'lock.0123456789ab.bell'
    const child = spawn(
      process.execPath,
      ['-e', `require('net').createServer().listen('${name}', () => process.kill(process.pid, 'SIGKILL'))`],
      { cwd: folder },
    )
    await once(child, 'exit')
    expect(readdirSync(folder)).toContain(name)
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 4194999, started: '1', bell: name }))
    await (await open(folder)).close()
    expect(readdirSync(folder).sort()).toEqual(['sandgate.json', 'worlds'])
  })

  test('a lock of a process that has ended, though its parent has not asked yet, is taken over; one that cannot be read is not', async () => {
    const folder = newFolder()
    // The child lives until it is told a line, and by then its parent is one that asks for no children.
    const parent = spawn('sh', ['-c', 'read line <&3 & echo $!; exec cat'], {
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
    })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [told] = await once(parent.stdout!, 'data')
    while (readFileSync(`/proc/${parent.pid}/comm`, 'utf8') !== 'cat\n') await new Promise(setImmediate)
    ;(parent.stdio[3] as Writable).write('\n')
    const stat = () =>
      readFileSync(`/proc/${Number(told)}/stat`, 'utf8')
        .split(') ')[1]!
        .split(' ')
    while (stat()[0] !== 'Z') await new Promise(setImmediate)
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: Number(told), started: stat()[19] }))
    await (await open(folder)).close()
    mkdirSync(join(folder, 'lock'))
    await expect(open(folder)).rejects.toThrow(/^\S+ cannot be used to store anything: EISDIR[^\n]*$/)
    expect(readdirSync(folder)).toContain('lock')
  })

  test('holds worlds, and what somebody else has put beside them stays', async () => {
    const folder = newFolder()
    await (await open(folder)).close()
    const worlds = join(folder, 'worlds')
    for (const name of ['default.bak', 'ci.gone-2']) {
      mkdirSync(join(worlds, name))
      writeFileSync(join(worlds, name, 'log-1'), '')
    }
    writeFileSync(join(worlds, '.DS_Store'), '')
    const again = await open(folder)
    expect([...again.found()]).toEqual([])
    await again.close()
    expect(readdirSync(worlds).sort()).toEqual(['.DS_Store', 'default.bak'])
  })

  test('is made when there is none; one that cannot be written is refused in one line', async () => {
    const folder = newFolder()
    await (await open(join(folder, 'not', 'yet'))).close()
    writeFileSync(join(folder, 'file'), '')
    // Below /proc no directory can be made, and the system says so as if one above it were missing.
    for (const path of [join(folder, 'file'), join(folder, 'file/below'), '/proc/sandgate', '/proc/sandgate/below'])
      await expect(open(path)).rejects.toThrow(/^\S+ cannot be used to store anything: E[A-Z]+: [^\n]*$/)
  })

  test('keeps its seed: another one is refused, none or the same goes on', async () => {
    const folder = newFolder()
    await (await open(folder, 'a')).close()
    for (const seed of [undefined, 'a']) {
      const again = await open(folder, seed)
      expect(again.seed).toBe('a')
      await again.close()
    }
    await expect(open(folder, 'b')).rejects.toThrow(
      `--seed b: ${join(folder, 'sandgate.json')} was created with the seed "a"; leave --seed out, or take another directory`,
    )
    await (await open(folder)).close()
  })

  test('of another format, or with a head that is damaged, is refused', async () => {
    const folder = newFolder()
    await (await open(folder)).close()
    writeFileSync(join(folder, 'sandgate.json'), '{"sandgate":"data","format":7,"seed":"a"}')
    await expect(open(folder)).rejects.toThrow(/sandgate.json has format 7; this version of Sandgate reads format 1/)
    writeFileSync(join(folder, 'sandgate.json'), '')
    await expect(open(folder)).rejects.toThrow(
      /^\S+sandgate.json cannot be read: [^\n]+; it holds the seed, as in \{"sandgate":"data","format":1,"seed":"…"\}$/,
    )
  })
})

// A sandbox over a directory.

const quiet = { warn: () => undefined }

describe('a sandbox that is closed and opened again', () => {
  test('sandgate.clock.wall: a wall that went back while nothing ran takes nothing away, and time goes on from its new reading', async () => {
    const data = newFolder()
    const first = await start({ data, clock: 'real', ...quiet })
    await first.call(cpg, allocation({}))
    const { now } = first.world
    await first.sandbox.close()
    const second = await start({ data, wall: () => first.wallMs - 86_400_000, ...quiet })
    expect(second.world.now).toBe(now)
    first.passWall(60_000)
    expect((await second.control('GET', '/clock')).json.now).toBe(new Date(now + 60_000).toISOString())
    await second.sandbox.close()
    const third = await start({ data, wall: () => first.wallMs - 86_400_000 + 1000, ...quiet })
    expect((await third.control('GET', '/clock')).json.now).toBe(new Date(now + 61_000).toISOString())
  })

  test('a callback that was on its way when the process ended is sent again at the start', async () => {
    const data = newFolder()
    const inbox = await Inbox.open()
    const first = await start({ data, ...quiet })
    await first.subscribe('cpg', inbox)
    const { address } = (await first.call(cpg, allocation({}))).json.data
    let copy = ''
    inbox.answers = () => {
      copy ||= copyOf(data)
      return {}
    }
    await first.deposit(address, '5', { confirmations: 'instant' })
    await first.advance('1h')
    const sent = inbox.received.length
    expect(sent).toBeGreaterThan(0)
    const second = await start({ data: copy, ...quiet })
    await second.sandbox.engine.outbox.settled(second.world)
    expect(inbox.received[sent]!.text).toBe(inbox.received[0]!.text)
    expect((await second.control('GET', '/callbacks')).json.data[0]).toMatchObject({ status: 'delivered' })
  })
})

const CLIENTS: readonly (readonly [Client, operation: string])[] = [
  [cpg, 'createDepositAddress'],
  [alphapo, Object.keys(alphapo.good).find((name) => alphapo.good[name]!().method === 'POST')!],
  [payward, Object.keys(payward.good).find((name) => payward.good[name]!().method === 'POST')!],
  [zopay, Object.keys(zopay.good).find((name) => zopay.good[name]!().method === 'POST')!],
]

describe('what cannot be kept', () => {
  test.each(CLIENTS)(
    '$name: is answered 503 in the provider’s own shape, together with all else of its turn, and has not happened',
    async (client, operation) => {
      const failing = failingDisk()
      const told: string[] = []
      const box = await start({ data: newFolder(), keep: { disk: failing.disk }, warn: (line) => told.push(line) })
      const wish = () => client.good[operation]!()
      const before = JSON.stringify(box.world.dump())
      failing.room = 0
      const answers = await Promise.all([box.call(client, wish()), box.call(client, wish()), box.call(client, wish())])
      for (const answer of answers) {
        expect(answer.status, answer.text).toBe(503)
        expect(await box.entry(answer)).toMatchObject({ status: 503, refusal: 'unavailable', stopped_by: 'storage' })
      }
      expect(JSON.stringify(box.world.dump())).toBe(before)
      expect((await box.control('POST', '/clock/advance', { by: '1h' })).status).toBe(503)
      expect((await box.control('POST', '/reset', {})).status).toBe(503)
      expect((await box.control('POST', '/worlds', { id: 'ci' })).status).toBe(503)
      expect((await box.control('GET', '/clock')).json).toMatchObject({ now: START })
      expect((await box.control('GET', '/worlds')).json.data).toHaveLength(1)
      failing.room = Infinity
      expect((await box.control('GET', '/recording')).json.detail).toContain(
        'could not be stored and were rolled back, so a recording would be incomplete',
      )
      expect((await box.call(client, wish())).status).toBeLessThan(300)
      expect(told.map((line) => line.replace(/^\S+/, ''))).toEqual([
        ' cannot be written: ENOSPC: no space left on device, write. Calls that change anything are answered as unavailable until it can',
        ' can be written again',
      ])
    },
  )

  test('a disk that has room for a small record and not for a larger one is full, and told so once', async () => {
    const data = newFolder()
    const room = { left: Infinity }
    const disk = {
      ...fs,
      writeSync(fd: number, bytes: Buffer, offset: number, length: number, position: number) {
        const fits = Math.min(length, room.left - position)
        if (fits <= 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
        return fs.writeSync(fd, bytes, offset, fits, position)
      },
    } as Disk
    const told: string[] = []
    const box = await start({ data, keep: { disk }, warn: (line) => told.push(line) })
    const log = join(data, 'worlds/default/log-1')
    const refusals = async (number: number) => {
      for (let n = 0; n < number; n++) {
        const metadata = 'x'.repeat((n * 37) % 200)
        expect((await box.call(cpg, allocation({ user_identifier: `user-${n}`, metadata }))).status).toBe(503)
        expect((await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1:9/' })).status).toBe(503)
      }
    }
    room.left = statSync(log).size + 300
    await refusals(40)
    // Somebody makes a little room.
    room.left += 3000
    await refusals(40)
    expect(told).toEqual([
      `${join(data, 'worlds/default')} cannot be written: ENOSPC: no space left on device, write. Calls that change anything are answered as unavailable until it can`,
    ])
    room.left += MB
    const size = statSync(log).size
    expect((await box.call(cpg, allocation({}))).status).toBe(200)
    expect(told.slice(1)).toEqual([`${join(data, 'worlds/default')} can be written again`])
    expect(statSync(log).size - size, 'what looked for room has left nothing').toBeLessThan(5000)
    await box.sandbox.close()
    expect((await start({ data, ...quiet })).world.dump()).toEqual(box.world.dump())
  })

  test('a directory that vanishes takes nothing; when it is back, so is keeping', async () => {
    const data = newFolder()
    const box = await start({ data, ...quiet })
    expect((await box.call(cpg, allocation({}))).status).toBe(200)
    const world = join(data, 'worlds', 'default')
    const log = readFileSync(join(world, 'log-1'))
    rmSync(join(world, 'log-1'))
    expect((await box.call(cpg, allocation({ user_identifier: 'a' }))).status).toBe(503)
    rmSync(world, { recursive: true })
    expect((await box.call(cpg, allocation({ user_identifier: 'b' }))).status).toBe(503)
    fs.mkdirSync(world)
    writeFileSync(join(world, 'log-1'), log)
    expect((await box.call(cpg, allocation({ user_identifier: 'c' }))).status).toBe(200)
    const dump = JSON.stringify(box.world.dump())
    await box.sandbox.close()
    expect(JSON.stringify((await start({ data, ...quiet })).world.dump())).toBe(dump)
  })

  test('a call that waits while another one is not kept has its own answer: 503 only when it is its own work that is not kept', async () => {
    const failing = failingDisk()
    let paused: (go: () => void) => void
    const box = await start({
      data: newFolder(),
      keep: { disk: failing.disk },
      pause: () => new Promise<void>((go) => paused(go)),
      ...quiet,
    })
    const rule = {
      when: { operation: 'createDepositAddress', body: { user_identifier: 'slow' } },
      then: [{ delay: '1s' }],
    }
    expect((await box.control('POST', '/faults', rule)).status).toBe(201)
    /** A slow call: room on the disk when it comes, while it waits, and when it does its work. */
    const slow = async (idempotency_key: string, first: number, meanwhile: number, last: number) => {
      failing.room = first
      const waiting = new Promise<() => void>((resolve) => (paused = resolve))
      const answer = box.call(cpg, allocation({ user_identifier: 'slow', idempotency_key }))
      const go = await waiting
      failing.room = meanwhile
      const other = await box.call(cpg, allocation({ user_identifier: 'quick' }))
      failing.room = last
      go()
      return [(await answer).status, other.status]
    }
    expect(await slow('a', Infinity, 0, Infinity)).toEqual([200, 503])
    expect(await slow('b', 0, 0, Infinity)).toEqual([200, 503])
    expect(await slow('c', Infinity, Infinity, 0)).toEqual([503, 200])
    failing.room = Infinity
    const keys = Object.keys((await box.control('GET', '/snapshot')).json.tables.repeats).map((id) => JSON.parse(id)[2])
    expect(keys.sort()).toEqual(['a', 'b'])
  })

  test('at the start: it is refused in one line', async () => {
    const failing = failingDisk()
    failing.room = 0
    const data = newFolder()
    await expect(start({ data, keep: { disk: failing.disk }, ...quiet })).rejects.toThrow(
      new StorageRefused(`${join(data, 'worlds/default')} cannot be written: ENOSPC: no space left on device, write`),
    )
  })

  test('a world that could not be removed from the disk does not come back in place of a later one', async () => {
    const data = newFolder()
    const renameSync = (from: string, to: string) => {
      if (to.includes('.gone-')) throw new Error('not now')
      fs.renameSync(from, to)
    }
    const disk = { ...fs, renameSync } as Disk
    const told: string[] = []
    const box = await start({ data, keep: { disk }, warn: (line) => told.push(line) })
    for (const seed of ['first', 'second']) {
      expect((await box.control('POST', '/worlds', { id: 'ci', seed })).status).toBe(201)
      if (seed === 'first') expect((await box.control('DELETE', '/worlds/ci')).status).toBe(204)
    }
    expect(told).toEqual([`${data}: the world "ci" is not gone from the disk: not now`])
    await box.sandbox.close()
    const again = await start({ data, ...quiet })
    expect(again.sandbox.world('ci')!.seed).toBe('second')
  })

  test('sandgate.health.storage: GET health is 503 while nothing can be stored, and 200 again as soon as it can', async () => {
    const failing = failingDisk()
    const box = await start({ data: newFolder(), keep: { disk: failing.disk }, ...quiet })
    const health = async () => (await box.raw('GET', '/_sandgate/health')).status
    expect(await health()).toBe(200)
    failing.room = 0
    expect((await box.call(cpg, allocation({}))).status).toBe(503)
    expect(await health()).toBe(503)
    failing.room = Infinity
    expect(await health()).toBe(200)
  })

  test('a call that only reads is answered', async () => {
    const failing = failingDisk()
    const box = await start({ data: newFolder(), keep: { disk: failing.disk }, ...quiet })
    const { request_id } = (await box.call(cpg, allocation({}))).json.data
    failing.room = 0
    expect((await box.control('GET', '/addresses')).json.data).toHaveLength(1)
    expect((await box.control('GET', '/snapshot')).json.tables['cpg.requests'][request_id]).toBeDefined()
  })

  test('callbacks are not sent for what is not kept', async () => {
    const failing = failingDisk()
    const inbox = await Inbox.open()
    const box = await start({ data: newFolder(), keep: { disk: failing.disk }, ...quiet })
    await box.subscribe('cpg', inbox)
    const { address } = (await box.call(cpg, allocation({}))).json.data
    failing.room = 0
    expect((await box.control('POST', '/deposits', { address, amount: '5', confirmations: 'instant' })).status).toBe(
      503,
    )
    expect(inbox.received).toEqual([])
    failing.room = Infinity
    await box.deposit(address, '5', { confirmations: 'instant' })
    await box.advance('1h')
    expect(new Set(inbox.received.map(({ json }) => JSON.stringify(json))).size).toBe(inbox.received.length)
    expect(inbox.received.length).toBeGreaterThan(0)
  })

  test('without a directory nothing is stored', async () => {
    const box = await start()
    expect(box.sandbox.engine.commit.isDurable).toBe(false)
    expect(box.world.storage).toBeUndefined()
  })
})

describe('a snapshot', () => {
  const anyMove = fc.oneof(
    { weight: 12, arbitrary: anyStep },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
  )
  type Move = Step | { readonly kind: 'reset' }

  async function play(box: Kit, moves: readonly Move[]): Promise<(string | undefined)[]> {
    const answers: (string | undefined)[] = []
    for (const move of moves) {
      const answer =
        move.kind === 'reset' ? await box.control('POST', '/reset', { seed: 'anew' }) : await perform(move, box)
      // Numbers of journal entries go on.
      answers.push(answer && `${answer.status} ${answer.text.replace(/"made_by":\d+/g, '"made_by":0')}`)
    }
    return answers
  }

  test(
    'brings back the same bytes, whatever every provider, its money, its callbacks and scenarios did in between, and what is done then is done as before',
    { timeout: 120_000 },
    async () => {
      const tables = new Set<string>()
      const run = async (before: Move[], between: Move[], after: Step[], statuses: number[]) => {
        const box = await start({ pause: () => Promise.resolve() })
        const inbox = await receiverOf(box, statuses)
        await play(box, before)
        const snapshot = await box.raw('GET', '/_sandgate/snapshot')
        expect(snapshot.status).toBe(200)
        for (const [name, rows] of Object.entries(snapshot.json.tables))
          if (Object.keys(rows as object).length > 0) tables.add(name)
        const wallMs = box.wallMs
        const then = async () => {
          box.passWall(wallMs - box.wallMs)
          inbox.received.length = 0
          const restored = await box.raw(
            'PUT',
            '/_sandgate/snapshot',
            { 'content-type': 'application/json' },
            snapshot.text,
          )
          expect(restored.status, restored.text).toBe(204)
          expect((await box.raw('GET', '/_sandgate/snapshot')).text).toBe(snapshot.text)
          const answers = await play(box, after)
          // Only the numbers of journal entries go on.
          const end = (await box.raw('GET', '/_sandgate/snapshot')).text.replace(/"(entry|call)":\d+/g, '"$1":0')
          return { answers, sent: inbox.received.map(({ text }) => text), end }
        }
        await play(box, between)
        const first = await then()
        await play(box, between)
        expect(await then()).toEqual(first)
        await box.sandbox.close()
      }
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyMove, { minLength: 2, maxLength: 12 }),
          fc.array(anyMove, { maxLength: 6 }),
          fc.array(anyStep, { maxLength: 6 }),
          fc.array(fc.constantFrom(200, 500), { minLength: 3, maxLength: 3 }),
          run,
        ),
        { ...PARAMETERS, numRuns: 25 },
      )
      // What was drawn had all of this in it.
      expect([...tables].sort()).toEqual(
        expect.arrayContaining([
          'alphapo.transactions',
          'cpg.requests',
          'deliveries',
          'faults',
          'payward.deposits',
          'scenario',
          'scenario_steps',
          'spoils',
          'timers',
          'transfers',
          'zopay.events',
        ]),
      )
    },
  )

  test('is kept, larger than other bodies may be, and can be taken by another sandbox', async () => {
    const data = newFolder()
    const box = await start({ data, ...quiet })
    for (let n = 0; n < 30; n++) await box.call(cpg, allocation({ user_identifier: `user_${n}` }))
    const snapshot = (await box.control('GET', '/snapshot')).json
    snapshot.tables.addresses['addr-31'] = {
      ...snapshot.tables.addresses['addr-1'],
      id: 'addr-31',
      seq: 31,
      user: 'x'.repeat(2 * MB),
    }
    const text = JSON.stringify(snapshot)
    const put = (kit: Kit, body = text) =>
      kit.raw('PUT', '/_sandgate/snapshot', { 'content-type': 'application/json' }, body)
    expect((await put(box)).status).toBe(204)
    const other = await start()
    expect((await put(other)).status).toBe(204)
    await box.sandbox.close()
    for (const kit of [await start({ data, ...quiet }), other]) {
      const again = (await kit.control('GET', '/snapshot')).json
      expect(again.tables).toEqual(snapshot.tables)
      expect((await kit.call(cpg, allocation({ user_identifier: 'user_3' }))).json.data.address).toBe(
        Object.values(snapshot.tables.addresses as Record<string, any>).find(({ user }) => user === 'user_3').address,
      )
    }
  })

  test('with a row that does not fit is refused by name for every table there is, used or not; and so is a table that there is not', async () => {
    const src = new URL('../src/', import.meta.url).pathname
    const source = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(src + name, 'utf8'))
      .join('\n')
    const tables = [...source.matchAll(/: Table<[^=]*> = \{\s*name: '([^']+)'/g)].map(([, name]) => name!)
    expect(tables).toEqual(
      expect.arrayContaining([
        'counters',
        'timers',
        'repeats',
        'scenario_steps',
        'cpg.signatures',
        'payward.spent-nonces',
        'zopay.events',
        'alphapo.transactions',
      ]),
    )
    const box = await start()
    const snapshot = (await box.control('GET', '/snapshot')).json
    for (const name of tables) {
      const refused = await box.control('PUT', '/snapshot', { ...snapshot, tables: { [name]: { x: {} } } })
      expect([refused.status, refused.json.detail], name).toEqual([
        422,
        expect.stringMatching(new RegExp(`^tables\\.${name}\\.x: the row `)),
      ])
    }
    const unknown = await box.control('PUT', '/snapshot', { ...snapshot, tables: { adresses: {} } })
    expect([unknown.status, unknown.json.detail]).toEqual([
      422,
      'tables.adresses: there is no such table; did you mean addresses?',
    ])
    const timer = { id: '1', at: 0, provider: 'cpg', kind: 'window', reaction: 'displayEnd', args: 1, summary: '' }
    const strange = await box.control('PUT', '/snapshot', { ...snapshot, tables: { timers: { 1: timer } } })
    expect([strange.status, strange.json.detail]).toEqual([422, 'tables.timers.1: cpg has no reaction "displayEnd"'])
    expect((await box.control('GET', '/snapshot')).json).toEqual(snapshot)
  })

  test('that does not fit is refused, and nothing is changed', async () => {
    const box = await start()
    await box.call(cpg, allocation({}))
    const text = (await box.raw('GET', '/_sandgate/snapshot')).text
    const bent: readonly (readonly [(snapshot: any) => unknown, RegExp])[] = [
      [
        (all) => ({ ...all, format: 2, version: '9.9.9' }),
        /the snapshot has format 2, taken by version 9\.9\.9; this is version .*, which reads format 1/,
      ],
      [(all) => ({ ...all, sandgate: 'recording' }), /body sandgate/],
      [(all) => ({ ...all, clock: { ...all.clock, now: 'noon' } }), /"noon" is not an instant/],
      [
        (all) => ({ ...all, tables: { ...all.tables, addresses: { 'addr-7': all.tables.addresses['addr-1'] } } }),
        /tables\.addresses\.addr-7: the row has the key "addr-1"/,
      ],
      [
        (all) => ({ ...all, tables: { ...all.tables, addresses: { 'addr-1': { id: 'addr-1' } } } }),
        /tables\.addresses\.addr-1\.seq: expected a whole number, got nothing/,
      ],
      [
        (all) => ({ ...all, tables: { ...all.tables, addresses: { 'addr-1': null } } }),
        /body tables\.addresses\.addr-1/,
      ],
      [(all) => ({ ...all, tables: [] }), /body tables/],
      [() => 'text', /body/],
    ]
    for (const [bend, why] of bent) {
      const refused = await box.control('PUT', '/snapshot', bend(JSON.parse(text)))
      expect(refused.status, refused.text).toBe(422)
      expect(refused.headers['content-type']).toContain('application/problem+json')
      expect(refused.json.detail).toMatch(why)
      expect((await box.raw('GET', '/_sandgate/snapshot')).text).toBe(text)
    }
  })
})

test('a log is folded while calls go on, and what a sandbox opens later is the same', async () => {
  const data = newFolder()
  const box = await start({ data, keep: { foldBytes: 10_000 }, ...quiet })
  for (let n = 0; n < 60; n++) await box.call(cpg, allocation({ user_identifier: `user_${n}` }))
  expect(readdirSync(join(data, 'worlds', 'default')).some((name) => name.startsWith('checkpoint-'))).toBe(true)
  expect((await box.raw('GET', '/_sandgate/metrics')).text).toMatch(/^sandgate_log_lag_bytes [1-9]\d*$/m)
  const text = (await box.raw('GET', '/_sandgate/snapshot')).text
  const copy = copyOf(data)
  expect((await (await start({ data: copy, ...quiet })).raw('GET', '/_sandgate/snapshot')).text).toBe(text)
})

test('what is kept is for its owner alone, whatever it is', async () => {
  const data = join(newFolder(), 'data')
  const box = await start({ data, ...quiet })
  await box.control('POST', '/worlds', { id: 'ci' })
  await box.call(cpg, allocation({}))
  await (box.world.storage as Store).fold()
  const modes = ['.', ...readdirSync(data, { recursive: true, encoding: 'utf8' })].map(
    (name) => [name, statSync(join(data, name)).mode.toString(8)] as const,
  )
  expect(modes.map(([name]) => name.replace(/\d+$/, 'N').replace(/[0-9a-f]{12}/, 'HEX'))).toEqual(
    expect.arrayContaining([
      '.',
      'lock',
      'lock.HEX.bell',
      'sandgate.json',
      'worlds',
      'worlds/ci',
      'worlds/ci/log-N',
      'worlds/default/log-N',
      'worlds/default/checkpoint-N',
    ]),
  )
  for (const [name, mode] of modes) expect(mode, name).toMatch(/^(40700|100600|140600)$/)
})
