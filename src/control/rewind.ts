// The control API's chapter on going back: the whole state of a world as one document, and a world made of one.
import type { Integrity } from '../integrity.ts'
import type { World } from '../world/world.ts'
import { meant } from '../yaml.ts'
import { type Ask, instant, iso, note, Problem, type Routes, stoppedProblem, type Told } from './asking.ts'
import { version } from './version.ts'

/** How large a snapshot may be. */
export const SNAPSHOT_BYTES = 256 * 1024 * 1024
/** Raised when a snapshot of before can no longer be used. */
const FORMAT = 1

interface Snapshot {
  readonly sandgate: 'snapshot'
  readonly format: number
  /** The version of Sandgate that took it. */
  readonly version: string
  readonly seed: string
  readonly start: ClockView
  readonly clock: ClockView
  readonly tables: Readonly<Record<string, Readonly<Record<string, object>>>>
}

interface ClockView {
  readonly now: string
  readonly mode: 'running' | 'frozen'
}

export const rewindRoutes: Routes = {
  getSnapshot: ({ world }) => {
    // It would be an empty one.
    if (world.stopped?.rows === 'unread') throw stoppedProblem(world)
    const body = JSON.stringify(snapshotOf(world))
    if (body.length > SNAPSHOT_BYTES) throw new Problem(409, `this world is too large for a snapshot: ${body.length >> 20} MiB, and the most is ${SNAPSHOT_BYTES >> 20} MiB`)
    return { status: 200, type: 'application/json', body }
  },
  restoreSnapshot,
}

function snapshotOf(world: World): Snapshot {
  const { startMs, frozen } = world.options
  return { sandgate: 'snapshot', format: FORMAT, version, seed: world.seed, start: clockView(startMs, frozen), clock: clockView(world.now, world.clock.frozen), tables: world.dump() as Snapshot['tables'] }
}

function clockView(ms: number, frozen: boolean): ClockView {
  return { now: iso(ms), mode: frozen ? 'frozen' : 'running' }
}

/** The world as it was. Its journal is another one from here on, and its numbers go on. */
function restoreSnapshot({ sandbox, world, body }: Ask): Told {
  const snapshot = body as Snapshot
  if (snapshot.format !== FORMAT) throw new Problem(422, `the snapshot has format ${snapshot.format}, taken by version ${snapshot.version}; this is version ${version}, which reads format ${FORMAT}`)
  const tables = new Map(Object.entries(snapshot.tables).map(([name, rows]) => [name, new Map(Object.entries(rows))]))
  refuseMisfits(tables, sandbox.integrity)
  const frozen = snapshot.clock.mode === 'frozen'
  const restored = sandbox.worlds.restore(world.id, {
    seed: snapshot.seed,
    startMs: instant(snapshot.start.now),
    frozen: snapshot.start.mode === 'frozen',
    entries: world.journal.nextId - 1,
    tables,
    clock: [instant(snapshot.clock.now), null, frozen],
  })
  note(restored, 'restore', `the world is what it was at ${iso(restored.now)}, out of a snapshot`)
  sandbox.tick(restored)
  return { status: 204 }
}

/** A row has to be what its table says, and what it names has to be there. */
function refuseMisfits(tables: ReadonlyMap<string, ReadonlyMap<string, object>>, integrity: Integrity): void {
  const unknown = [...tables.keys()].find((name) => !integrity.tables.includes(name))
  if (unknown !== undefined) throw new Problem(422, `tables.${unknown}: there is no such table${meant(unknown, integrity.tables)}`)
  const wrong = integrity.problem(tables)
  if (wrong !== undefined) throw new Problem(422, wrong)
}
