// The use cases of a sandbox, typed, without a transport: HTTP, the library and replays all call these. Each throws a `SandgateError` and then has
// changed nothing; how one is carried out stands in the file that it is imported from.
import { contractOf } from '../contract/contracts.ts'
import { type EndpointInput, pointCallbacks } from '../outbox/endpoints.ts'
import { CallbackSender, type Resolve } from '../outbox/sender.ts'
import type { Provider } from '../provider.ts'
import { inSlices } from '../runtime/slices.ts'
import { setImmediate, wallNow } from '../runtime/timers.ts'
import { ScenarioFiles } from '../scenario/files.ts'
import type { Scenario } from '../scenario/schema.ts'
import { durationMs, durationText } from '../text/durations.ts'
import type { Attempt, Delivery } from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import { type AdvanceInput, advanceClock, type ClockInput, setClock } from './clock.ts'
import { COMMANDS, type CommandInput, type CommandName, type CommandResult } from './commands.ts'
import { Commit, StorageError } from './commit.ts'
import { type Context, note, type Outbox } from './context.ts'
import { InFlightCalls } from './in-flight.ts'
import { Integrity } from './integrity.ts'
import { Claims } from './claims.ts'
import { type BalanceInput, openBalances } from './money.ts'
import { createWorld, deleteWorld, ensureWorld, resetWorld, type StartInput, type WorldInput } from './lifecycle.ts'
import { Recorder } from './recorder.ts'
import { Registry } from './registry.ts'
import { loadUnasked } from './scenarios.ts'
import type { Secrets } from './secrets.ts'
import { restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.ts'
import { verify } from './verify.ts'
import { DEFAULT_WORLD, Worlds } from './worlds.ts'

export const DEFAULT_SEED = 'sandgate'
const WORLDS_MOST = 1_000

export interface Limits {
  /** Bytes of a call's body; default 1 MiB. */
  readonly bodyBytes?: number | undefined
  /** Entries of a journal, and bytes of bodies in them; default 10,000 and 64 MiB. */
  readonly journalEntries?: number | undefined
  readonly journalBytes?: number | undefined
  /** Worlds at once; default 1,000. */
  readonly worlds?: number | undefined
  /** A duration after which a world that is not used is deleted; default `24h`. */
  readonly worldIdle?: string | undefined
}

export interface EngineOptions {
  readonly seed?: string | undefined
  /** `real`, or the ISO 8601 instant at which worlds start, frozen. */
  readonly clock?: string | undefined
  /** Scenario files that the default world starts with. */
  readonly scenarios?: readonly string[] | undefined
  /** The settings of each provider, as a config file words them. */
  readonly providers?: Readonly<Record<string, unknown>> | undefined
  /** Where callbacks go from the start, by provider. */
  readonly callbacks?: Readonly<Record<string, EndpointInput>> | undefined
  /** Money that every world begins with. */
  readonly balances?: readonly BalanceInput[] | undefined
  readonly assume?: Readonly<Record<string, string>> | undefined
  readonly limits?: Limits | undefined
  /** Answer 500 when a modelled answer violates the OpenAPI document. */
  readonly strict?: boolean | undefined
  readonly controlToken?: string | undefined
  readonly allowCallbackHosts?: readonly string[] | undefined
  readonly callbackTimeoutMs?: number | undefined
  readonly resolve?: Resolve | undefined
  /** Sends callbacks; over the network unless given. */
  readonly sender?: Outbox | undefined
  /** The wall clock, ms since 1970. */
  readonly wall?: (() => number) | undefined
  /** How long the process has been up, ms. */
  readonly uptime?: (() => number) | undefined
}

/** Who hears what an engine has to say. */
export interface Listeners {
  /** One line for people about something that they can mend. */
  warn(line: string): void
  /** One line for people about something that went well. */
  info(line: string): void
  /** A bug. */
  complain(message: string, error?: unknown): void
  /** An attempt to deliver a callback ended. */
  attemptEnded(delivery: Delivery, attempt: Attempt, world: World): void
  /** Very many rows are not needed any more. */
  emptied?(): void
}

export class Engine implements Context {
  readonly providers: ReadonlyMap<string, Provider>
  readonly contract = contractOf
  readonly registry: Registry
  readonly integrity: Integrity
  readonly commit: Commit
  readonly recorder: Recorder
  readonly outbox: Outbox
  readonly secrets: Secrets
  readonly worlds: Worlds
  readonly claims: Claims
  /** The scenario files it was started with. */
  readonly scenarios: ScenarioFiles
  readonly inFlight = new InFlightCalls()
  readonly wall: () => number
  readonly options: EngineOptions
  readonly #listeners: Listeners
  /** Worlds whose time has not come as far as the wall says. */
  readonly #behind = new Set<World>()

  constructor(
    providers: ReadonlyMap<string, Provider>,
    options: EngineOptions,
    secrets: Secrets,
    listeners: Listeners,
    commit = new Commit(undefined),
  ) {
    this.providers = providers
    this.options = options
    this.#listeners = listeners
    this.secrets = secrets
    this.commit = commit
    this.wall = wallOf(options.wall ?? wallNow, commit)
    this.registry = new Registry(providers)
    this.integrity = new Integrity(providers, this.registry)
    this.recorder = new Recorder((world) => commit.rollbacks(world))
    this.outbox = options.sender ?? this.#createSender()
    this.scenarios = new ScenarioFiles({
      files: options.scenarios ?? [],
      known: { providers, contract: contractOf },
      warn: listeners.warn,
      changed: (scenario, before) => this.#scenarioChanged(scenario, before),
    })
    this.worlds = this.#createWorlds(options.limits ?? {})
    const { worlds } = this
    const problems = (rows: Parameters<Integrity['problems']>[0]) => this.integrity.problems(rows)
    this.claims = new Claims({ worlds, commit, problems, most: options.limits?.worlds ?? WORLDS_MOST })
    secrets.world = () => worlds.get(DEFAULT_WORLD)
    commit.shared?.listen({
      lost: (world) => worlds.drop(world),
      orphaned: (id) => void this.#adopt(id),
    })
  }

  /** A world that runs and that nobody serves goes on here. */
  async #adopt(id: string): Promise<void> {
    try {
      const world = await this.claims.acquire(id, { orphan: true })
      if (world) this.tick(world)
    } catch (error) {
      if (!(error instanceof StorageError)) this.#listeners.complain(`the world "${id}" could not be adopted`, error)
    }
  }

  #createSender(): Outbox {
    const { allowCallbackHosts = [], callbackTimeoutMs, resolve } = this.options
    return new CallbackSender({
      providers: this.providers,
      allowHosts: allowCallbackHosts,
      timeoutMs: callbackTimeoutMs,
      resolve,
      wall: this.wall,
      alive: (world) => this.worlds.has(world),
      committed: (world) => this.commit.committed(world),
      isWritable: (world) => this.commit.isWritable(world),
      hide: (text, world) => this.secrets.hide(text, { world }),
      ended: (delivery, attempt, world) => this.#attemptEnded(delivery, attempt, world),
    })
  }

  #createWorlds({ journalEntries, journalBytes, worlds, worldIdle = '24h' }: Limits): Worlds {
    const { providers, commit, registry } = this
    const options = this.options
    return new Worlds({
      providers,
      registry,
      commit,
      seed: commit.seed ?? options.seed ?? DEFAULT_SEED,
      clock: options.clock ?? 'real',
      settings: Object.fromEntries(
        [...providers.values()].map(({ name, settings }) => [name, settings.parse(options.providers?.[name] ?? {})]),
      ),
      assumptions: options.assume ?? {},
      journal: { journalEntries: journalEntries ?? 10_000, journalBytes: journalBytes ?? 64 * 1024 * 1024 },
      most: worlds ?? WORLDS_MOST,
      idleMs: durationMs(worldIdle)!,
      idle: (id, ms) => this.#listeners.warn(deletedLine(id, ms, worldIdle, commit.isDurable)),
      wall: this.wall,
      uptime: options.uptime ?? (() => performance.now()),
      // What is said outside of the scenario counts more.
      first: () => ({
        seed: options.seed ?? this.scenarios.scenario.seed,
        clock: options.clock ?? this.scenarios.scenario.clock,
      }),
      problems: (rows) => this.integrity.problems(rows),
      stopped: (world, error) => this.#worldStopped(world, error),
      made: (world) => this.#begin(world),
      emptied: () => this.#listeners.emptied?.(),
    })
  }

  /** The world of that id, the default one unless given. */
  world(id: string = DEFAULT_WORLD): World | undefined {
    return this.worlds.get(id)
  }

  // ─── What changes a world, and is recorded ───

  /**
   * Makes one of the control calls that a recording holds. A call that changed nothing after all is not recorded.
   *
   * @example await engine.run('sendDeposit', world, { params: {}, query: {}, body: { address, amount: '12.5' } })
   */
  async run<Name extends CommandName>(name: Name, world: World, input: CommandInput): Promise<CommandResult<Name>> {
    const { params, query, body } = input
    const takeOff = this.recorder.add({ operation: name, params, query, ...(body !== undefined && { body }) }, world)
    try {
      return (await COMMANDS[name](this, world, input)) as CommandResult<Name>
    } catch (error) {
      takeOff()
      throw error
    }
  }

  // ─── What looks, moves the clock, or begins anew ───

  setClock(world: World, input: ClockInput): ReturnType<typeof setClock> {
    return setClock(this, world, input)
  }

  advance(world: World, input: AdvanceInput): ReturnType<typeof advanceClock> {
    return advanceClock(this, world, input)
  }

  reset(world: World, input?: StartInput): World {
    return resetWorld(this, world, input)
  }

  createWorld(input: WorldInput, scenario?: Scenario): Promise<World> {
    return createWorld(this, input, scenario)
  }

  deleteWorld(id: string): Promise<boolean> {
    return deleteWorld(this, id)
  }

  ensureWorld(input: WorldInput & { readonly id: string }, scenario?: Scenario): ReturnType<typeof ensureWorld> {
    return ensureWorld(this, input, scenario)
  }

  snapshot(world: World): Promise<Buffer[]> {
    return takeSnapshot(world)
  }

  restore(world: World, snapshot: Snapshot): Promise<void> {
    return restoreSnapshot(this, world, snapshot)
  }

  verify(world: World, asked: string): ReturnType<typeof verify> {
    return verify(this, world, asked)
  }

  /** Empties the journal; its numbers go on, and no recording of the world is complete any more. */
  clearJournal(world: World): void {
    world.journal.clear()
    this.recorder.forget(world)
  }

  // ─── Time ───

  /** Lets world time pass as far as the wall clock says, and sends what is due. */
  tick(world: World): void {
    // Time stands still as long as nothing can be stored.
    if (world.stopped || !this.commit.isWritable(world)) return
    const more = world.clock.tick(this.wall())
    this.outbox.pump(world)
    if (!more || this.#behind.has(world)) return
    this.#behind.add(world)
    setImmediate(() => {
      this.#behind.delete(world)
      if (this.worlds.has(world)) this.tick(world)
    })
  }

  /** Running worlds move by themselves; the calls that arrive in between move them too. */
  tickRunning(): void {
    for (const world of this.worlds.opened())
      if (!world.stopped && !world.clock.frozen && world.clock.nextAt !== undefined) this.tick(world)
  }

  /** Opens the worlds that were stored, a little a turn, until `over`. What was being sent when the process ended is sent again. */
  async openStored(over: () => boolean): Promise<void> {
    do await new Promise(setImmediate)
    while (!over() && this.worlds.openSome())
    if (!over()) for (const world of this.worlds) this.tick(world)
  }

  /** Reads the documents and builds the indexes that nobody has asked for yet, a little a turn, so that no first call has to wait for its own. */
  async warm(): Promise<void> {
    for (const name of [...this.providers.keys(), 'sandgate']) {
      await new Promise(setImmediate)
      contractOf(name)
    }
    for (const world of this.worlds) await inSlices(world.buildIndexes(this.registry.tables))
  }

  /** A world that was made, or reset, has the scenario and the endpoints that the sandbox was started with. */
  #begin(world: World): void {
    this.recorder.begin(world)
    for (const [name, input] of Object.entries(this.options.callbacks ?? {})) {
      world.change(() =>
        pointCallbacks(this.providers.get(name)!, input, (target) => this.outbox.refuse(target), world),
      )
    }
    openBalances(this.providers, this.options.balances ?? [], world)
    const { scenario } = this.scenarios
    if (world.id === DEFAULT_WORLD && scenario.stories.length > 0) loadUnasked(this, world, scenario)
  }

  #scenarioChanged(scenario: Scenario, before: Scenario): void {
    // Another process may serve it, which reads the files itself.
    const world = this.world()
    if (!world || (world.stopped && world.stopped.rows !== 'good')) return
    const { info, warn } = this.#listeners
    loadUnasked(this, world, scenario)
    note(world, 'scenario', 'the scenario files changed and were loaded again')
    world.resume()
    info(`the scenario files changed and were loaded again: ${scenario.stories.map(({ name }) => name).join(' + ')}`)
    if (scenario.seed !== before.seed || scenario.clock !== before.clock)
      warn('the seed and the clock of the scenario count from the next reset of the world')
    this.tick(world)
  }

  #attemptEnded(delivery: Delivery, attempt: Attempt, world: World): void {
    this.recorder.attemptEnded(delivery.id, delivery.attempts.length + 1, world)
    this.#listeners.attemptEnded(delivery, attempt, world)
    // Where time has gone on meanwhile, the next attempt may be due already.
    if ((world.clock.nextAt ?? Infinity) <= world.now) this.tick(world)
  }

  /** A bug in what falls due costs its own world, and no other one; so does a directory that somebody has edited. */
  #worldStopped({ id, stopped }: World, error: unknown): void {
    const { reason, rows } = stopped!
    const { complain, warn } = this.#listeners
    if (rows === 'good')
      complain(`the world "${id}" is frozen, a bug in Sandgate: ${reason}; reset it, or restore a snapshot`, error)
    else
      warn(
        `the world "${id}" is not served: ${reason}. Its files stay as they are; POST reset, PUT snapshot or DELETE start over`,
      )
  }
}

/** Processes that share worlds go by one clock, that of the storage. */
function wallOf(wall: () => number, { shared }: Commit): () => number {
  const offsetMs = shared?.clockOffsetMs ?? 0
  return offsetMs === 0 ? wall : () => wall() + offsetMs
}

/** Why a world is gone; in whole hours, where it lay unused that long, else in minutes or seconds. */
function deletedLine(id: string, ms: number, worldIdle: string, isDurable: boolean): string {
  const size = [3_600_000, 60_000].find((unit) => ms >= unit) ?? 1000
  const unused = durationText(Math.floor(ms / size) * size)
  return `the world "${id}" was deleted${isDurable ? ', its files included' : ''}: it was not used for ${unused} (limits.worldIdle is ${worldIdle})`
}
