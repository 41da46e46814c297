// The control API's chapter on going back: the whole state of a world as one document, and a world made of one.
import { FaultRules } from '../http/faults.ts'
import { KeptAnswers } from '../http/repeats.ts'
import type { Provider } from '../provider.ts'
import { Buckets } from '../world/buckets.ts'
import { Transfers } from '../world/chain.ts'
import { type Timer, Timers } from '../world/clock.ts'
import { CallbackRequests, Deliveries, Endpoints, Pauses, Spoils } from '../world/outbox.ts'
import { keyProblem, type Table } from '../world/tables.ts'
import { Counters, HandOuts, type World } from '../world/world.ts'
import { meant } from '../yaml.ts'
import { LoadedScenario, Steps } from './armed.ts'
import { type Ask, instant, iso, note, Problem, type Routes, type Told } from './asking.ts'
import { version } from './version.ts'

/** How large a snapshot may be. */
export const SNAPSHOT_BYTES = 256 * 1024 * 1024
/** Raised when a snapshot of before can no longer be used. */
const FORMAT = 1
/** The tables that no provider declares. */
const COMMON: readonly Table<any>[] = [Buckets, CallbackRequests, Counters, Deliveries, Endpoints, FaultRules, HandOuts, KeptAnswers, LoadedScenario, Pauses, Spoils, Steps, Timers, Transfers]

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
  refuseMisfits(tables, sandbox.providers)
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

/** What timers of the core do, by the first part of their reaction's name. */
const CORE = ['chain', 'outbox', 'scenario']

/** A timer that nobody knows how to fire would stop the world at its instant. */
function timerProblem({ provider, reaction }: Timer, providers: ReadonlyMap<string, Provider>): string | undefined {
  const known = CORE.includes(String(reaction).split('.', 1)[0]!) || Object.hasOwn(providers.get(provider)?.reactions ?? {}, reaction)
  return known ? undefined : `${provider} has no reaction "${reaction}"`
}

/** A row has to be where its table looks for it. */
function refuseMisfits(tables: ReadonlyMap<string, ReadonlyMap<string, object>>, providers: ReadonlyMap<string, Provider>): void {
  const known = new Map([...COMMON, ...[...providers.values()].flatMap((provider) => provider.tables)].map((table) => [table.name, table]))
  for (const [name, rows] of tables) {
    const table = known.get(name)
    if (!table) throw new Problem(422, `tables.${name}: there is no such table${meant(name, [...known.keys()])}`)
    for (const [key, row] of rows) {
      const wrong = keyProblem(table, key, row) ?? (table === Timers ? timerProblem(row as Timer, providers) : undefined)
      if (wrong) throw new Problem(422, `tables.${name}.${key}: ${wrong}`)
    }
  }
}
