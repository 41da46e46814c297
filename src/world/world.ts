// The state of one world: rows, clock, seeded draws, allocated addresses, and the journal of how it came to be.
// No I/O, no wall clock, no chance of its own: given a seed and the same calls, the same world.
import { z } from 'zod'
import { address, type AddressRequest } from './addresses.ts'
import { Clock, type Timer } from './clock.ts'
import { draw, type Draw } from './draws.ts'
import { Journal, type JournalBounds } from './journal.ts'
import { Count, Moment, Text } from './rows.ts'
import type { TablesView } from './view.ts'
import type { Position } from './group.ts'
import { Tables, type Range, type RowChange, type Table } from './tables.ts'

export interface WorldOptions extends JournalBounds {
  readonly id: string
  readonly seed: string
  /** World time at the start, ms since 1970. */
  readonly startMs: number
  readonly frozen: boolean
  /** Parsed settings by provider. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Switch values that differ from the first one, by rule id. */
  readonly assumptions: Readonly<Record<string, string>>
  /** What the switches are and which value is on by default. */
  readonly switches: Readonly<Record<string, readonly string[]>>
  /** What a timer does. */
  readonly react: (timer: Timer, world: World) => string | void
  /** Told when nothing falls due any more, and of the error where there was one. */
  readonly onStop?: ((world: World, error?: unknown) => void) | undefined
}

/** Why a world is stopped. */
export interface Stopped {
  /** One sentence for people. */
  readonly reason: string
  /** Whether its rows are valid, invalid, could not be read at all, or are nowhere at this moment; but for the first case the world is not served. */
  readonly rows: 'good' | 'bad' | 'unread' | 'away'
}

/** An allocation: an address that a provider gave to a partner, for `GET addresses` and for attributing deposits. */
export interface HandOut {
  readonly id: string
  readonly seq: number
  readonly at: number
  readonly provider: string
  readonly account: string
  /** The user the partner named; null if none. */
  readonly user: string | null
  readonly network: string
  readonly currency: string
  readonly address: string
  readonly tag: string | null
  /** The provider's own id of the object it belongs to: a request, an intent, an address row. */
  readonly reference: string
}

export const HandOuts: Table<HandOut> = {
  name: 'addresses',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    at: Moment,
    provider: Text,
    account: Text,
    user: Text.nullable(),
    network: Text,
    currency: Text,
    address: Text,
    tag: Text.nullable(),
    reference: Text,
  }),
  indexes: {
    all: { group: () => '', order: (row) => row.seq },
    byAddress: { group: (row) => row.address, order: (row) => row.seq },
  },
}

/** Where the changes of a world are made durable, so that no one is told of a change that could be lost. */
export interface WorldStorage {
  /** How many times changes could not be stored and were rolled back. */
  readonly rollbacks: number
  /** Undefined when every change is durable; else resolves, at the end of this turn, to whether it is: false, and it was rolled back. */
  committed(): Promise<boolean> | undefined
  /** Stores what waits, now. False: it could not be stored, and was rolled back. */
  flush(): Promise<boolean>
  /** Whether anything can be stored at this moment. */
  isWritable(): boolean
  /** Why changes of this world were rolled back for good: whatever is asked of it from then on is lost. Undefined: it is served. */
  readonly loss?: Loss | undefined
  /** How far storing has come, where a world can be lost. */
  readonly stores?: Stores
}

/** How many times it was begun to store changes of a world, how many times they are stored, and whether any were lost with it. */
export interface Stores {
  readonly begun: number
  readonly done: number
  readonly hasLost: boolean
}

/**
 * Why a process may no longer serve a world: another process has it, it was deleted, one of its id was there already, nothing could be stored, or it could
 * not be learnt whether something was stored.
 */
export type Loss = 'taken' | 'exists' | 'unavailable' | 'unknown'

/** The rows of a world, and world time with the wall's reading it belongs to. */
export interface WorldState {
  readonly tables: ReadonlyMap<string, Map<string, object>>
  readonly clock: readonly [now: number, wallMs: number | null, frozen: boolean]
}

interface Counter {
  readonly name: string
  readonly value: number
}

export const Counters: Table<Counter> = {
  name: 'counters',
  setup: true,
  key: (row) => row.name,
  schema: z.strictObject({ name: Text, value: Count }),
  indexes: {},
}

export class World {
  readonly id: string
  readonly seed: string
  readonly clock: Clock
  readonly journal: Journal
  readonly options: WorldOptions
  /** Undefined: the world lives in memory. Only engine/commit.ts asks it anything. */
  storage: WorldStorage | undefined
  #arrivals = 0
  readonly #tables = new Tables()
  #stopped: Stopped | undefined

  constructor(options: WorldOptions) {
    this.options = options
    this.id = options.id
    this.seed = options.seed
    this.journal = new Journal(options)
    this.#tables.onChanged = (changes) => this.journal.making(changes)
    this.clock = new Clock(this, options.startMs, options.frozen, (timer) => options.react(timer, this))
  }

  /** World time in ms since 1970. */
  get now(): number {
    return this.clock.now
  }

  /** How often something came from outside: a call, a control call, the end of a wait or of an attempt. It is not stored. */
  get arrivals(): number {
    return this.#arrivals
  }

  /** Something comes; its number tells what came first where the journal has nothing in between. */
  arrive(): number {
    return ++this.#arrivals
  }

  /** Undefined: what falls due happens. */
  get stopped(): Stopped | undefined {
    return this.#stopped
  }

  /** Nothing falls due from here on. Rows that are good go on being served, with a clock that stands; others are left as they are. */
  stop(reason: string, error?: unknown, rows: Stopped['rows'] = 'good'): void {
    if (this.#stopped) return
    this.#stopped = { reason, rows }
    if (rows === 'good') this.clock.freeze()
    this.journal.add({ kind: 'control', at: this.now, action: 'stopped', summary: `the world is stopped: ${reason}` })
    this.options.onStop?.(this, error)
  }

  /** What stopped it may be gone: what is due is tried once more. The clock stays frozen. */
  resume(): void {
    if (this.#stopped?.rows === 'good') this.#stopped = undefined
  }

  /** The provider's settings, parsed by its own schema. */
  settings<T>(provider: string): T {
    return this.options.settings[provider] as T
  }

  /** Which value of a switch between two plausible answers is on. */
  assumes(rule: string): string {
    const values = this.options.switches[rule]
    if (!values) throw new Error(`no provider declares a switch ${rule}`)
    return this.options.assumptions[rule] ?? values[0]!
  }

  /** Runs `work`; when it throws, the world is as it was before, counters and timers included. Changes nest. */
  change<T>(work: () => T): T {
    return this.#tables.change(work)
  }

  onCommit(listener: (changes: readonly RowChange[]) => void): void {
    this.#tables.onCommit = listener
  }

  get<Row extends object>(table: Table<Row>, key: string): Row | undefined {
    return this.#tables.get(table, key)
  }

  /** Adds or replaces a row. Only inside a change. */
  put<Row extends object>(table: Table<Row>, row: NoInfer<Row>): Row {
    return this.#tables.put(table, row)
  }

  remove<Row extends object>(table: Table<Row>, key: string): void {
    this.#tables.remove(table, key)
  }

  list<Row extends object>(table: Table<Row>, index: string, group: string, range?: Range): Row[] {
    return this.#tables.list(table, index, group, range)
  }

  first<Row extends object>(table: Table<Row>, index: string, group: string): Row | undefined {
    return this.#tables.first(table, index, group)
  }

  last<Row extends object>(table: Table<Row>, index: string, group: string): Row | undefined {
    return this.#tables.last(table, index, group)
  }

  /** Removes the first rows of a group up to this order, at most so many. Only inside a change. */
  prune<Row extends object>(table: Table<Row>, index: string, group: string, upTo: number, most: number): void {
    this.#tables.prune(table, index, group, upTo, most)
  }

  size<Row extends object>(table: Table<Row>): number {
    return this.#tables.size(table)
  }

  rows<Row extends object>(table: Table<Row>): IterableIterator<Row> {
    return this.#tables.rows(table)
  }

  /** The next number of a counter, starting at 1. A change that is undone gives its numbers back. */
  next(counter: string): number {
    const value = this.counter(counter) + 1
    this.#tables.put(Counters, { name: counter, value })
    return value
  }

  /** The last number of a counter; 0 before the first. */
  counter(name: string): number {
    return this.#tables.get(Counters, name)?.value ?? 0
  }

  /** The stream of draws of that name in this world. */
  draw(...name: (string | number | null)[]): Draw {
    return draw(this.seed, name)
  }

  /** A checksum-valid, visibly fake address: a function of the world's seed and of who it is for, and of nothing else. */
  address(request: AddressRequest): string {
    return address(this.seed, request)
  }

  /** Records the allocation of an address. */
  handOut({
    provider,
    account,
    user,
    network,
    currency,
    address,
    tag,
    reference,
  }: Omit<HandOut, 'id' | 'seq' | 'at'>): HandOut {
    const seq = this.next('addresses')
    return this.put(HandOuts, {
      id: `addr-${seq}`,
      seq,
      at: this.now,
      provider,
      account,
      user,
      network,
      currency,
      address,
      tag,
      reference,
    })
  }

  /** Takes over every row, maps and all, and how the clock stands. */
  load({ tables, clock: [now, wallMs, frozen] }: WorldState): void {
    this.#tables.load(tables)
    this.clock.restore(now, frozen, wallMs ?? undefined)
  }

  /** Everything that is true now, to be read while the world goes on. `view` is to be ended. */
  moment(): { readonly view: TablesView; readonly clock: WorldState['clock'] } {
    return { view: this.#tables.view(), clock: [this.now, this.clock.wallMs ?? null, this.clock.frozen] }
  }

  /** Of each table that has rows, how many, and the first few. */
  samples(most: number): [rows: number, sampled: object[]][] {
    return this.#tables.samples(most)
  }

  /** How many rows there are in all tables. */
  get rowCount(): number {
    return this.#tables.count
  }

  /** The names of the tables that have rows. */
  tableNames(): string[] {
    return this.#tables.names()
  }

  /** Builds what is missing of the indexes of large tables, a slice at each step: asked for later, they would hold up everybody. */
  buildIndexes(tables: Iterable<Table<any>>): Generator<void> {
    return this.#tables.buildIndexes(tables)
  }

  /** Takes changes back that were made, without a word to anybody. */
  undo(changes: readonly RowChange[]): void {
    this.#tables.undo(changes)
  }

  /** Every row with its table and key; those that are added meanwhile are left out. */
  entries(): Generator<readonly [table: string, key: string, row: object]> {
    return this.#tables.entries()
  }

  /** Every row of every table in a fixed order; for tests and snapshots. */
  dump(): Record<string, Record<string, object>> {
    return this.#tables.dump()
  }
}

export type { Position, Range, Table }
