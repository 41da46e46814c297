// What a recording needs of a world beside its journal: the control calls as they were made, and when callback attempts ended. No more of them, and
// no larger, than what its journal may hold. What a recording looks like is decided in casefile/format.ts.
import type { Scenario } from '../scenario/schema.ts'
import type { World } from '../world/world.ts'

/** Stands for a scenario that the world began with, or that came out of a file: the body is the scenario as it was read. */
export const LOAD = 'loadScenario'

/** A control call as it was made: the operation of specs/sandgate.yaml, and what it was given. */
export interface ControlInput {
  readonly operation: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** A place among everything that happened: the next journal entry, world time in ms, and what had arrived before. */
interface Moment {
  readonly entry: number
  readonly atMs: number
  readonly order: number
}

/** A control call that changed a world. */
export type ControlCall = ControlInput & Moment

interface RecordingBuffer {
  calls: Set<ControlCall>
  bytes: number
  /** By delivery and number of the attempt. */
  ends: Map<string, Moment>
  /** Why the recording would be incomplete. */
  lost: string | undefined
  /** How often changes had been rolled back when the world began. */
  readonly rollbacks: number
}

export class Recorder {
  readonly #buffers = new WeakMap<World, RecordingBuffer>()
  readonly #rollbacks: (world: World) => number

  /** `rollbacks`: how often changes of a world could not be stored. */
  constructor(rollbacks: (world: World) => number) {
    this.#rollbacks = rollbacks
  }

  /** A world begins. */
  begin(world: World): void {
    this.#buffers.set(world, {
      calls: new Set(),
      bytes: 0,
      ends: new Map(),
      lost: undefined,
      rollbacks: this.#rollbacks(world),
    })
  }

  /** What there is of this world; nothing where it did not begin here. */
  of(world: World): {
    readonly calls: ReadonlySet<ControlCall>
    readonly ends: ReadonlyMap<string, Moment>
    readonly lost: string | undefined
  } {
    const {
      calls = new Set<ControlCall>(),
      ends = new Map<string, Moment>(),
      lost,
      rollbacks = 0,
    } = this.#buffers.get(world) ?? {}
    const rolledBack =
      this.#rollbacks(world) > rollbacks ? 'some changes could not be stored and were rolled back' : undefined
    return { calls, ends, lost: lost ?? rolledBack }
  }

  /** Adds a call that begins; what comes back takes it off again, when it changed nothing after all. */
  add(input: ControlInput, world: World): () => void {
    const buffer = this.#running(world)
    if (!buffer) return () => undefined
    const call = { ...input, ...momentOf(world) }
    const { body = '' } = input
    const bytes = (typeof body === 'string' ? body : JSON.stringify(body)).length
    const { journalEntries, journalBytes } = world.options
    // rule: sandgate.recording.bounds
    if (buffer.calls.size >= journalEntries || buffer.bytes + bytes > journalBytes) {
      this.#giveUp(
        buffer,
        `there were more than ${journalEntries} control calls, or more than ${journalBytes} bytes in their bodies (limits.journalEntries, limits.journalBytes)`,
      )
      return () => undefined
    }
    buffer.calls.add(call)
    buffer.bytes += bytes
    return () => void (buffer.calls.delete(call) && (buffer.bytes -= bytes))
  }

  /** Adds a scenario that no control call of this world brought. */
  loaded(scenario: Scenario, world: World): void {
    this.add({ operation: LOAD, params: {}, query: {}, body: scenario }, world)
  }

  attemptEnded(delivery: string, attempt: number, world: World): void {
    const moment = momentOf(world)
    const buffer = this.#running(world)
    if (buffer && buffer.ends.size < world.options.journalEntries) buffer.ends.set(`${delivery}/${attempt}`, moment)
  }

  /** The journal of this world was emptied: nothing of it can be recorded any more. */
  forget(world: World): void {
    const buffer = this.#buffers.get(world)
    if (buffer && world.journal.emptied) this.#giveUp(buffer, 'the journal was emptied')
  }

  /** Undefined where no recording could be complete any more, so that nothing is gathered for it. */
  #running(world: World): RecordingBuffer | undefined {
    const buffer = this.#buffers.get(world)
    if (buffer && world.journal.lost && buffer.lost === undefined)
      this.#giveUp(buffer, 'the journal has dropped entries')
    return buffer?.lost === undefined ? buffer : undefined
  }

  #giveUp(buffer: RecordingBuffer, why: string): void {
    buffer.lost = why
    buffer.calls = new Set()
    buffer.ends = new Map()
    buffer.bytes = 0
  }
}

function momentOf(world: World): Moment {
  return { entry: world.journal.nextId, atMs: world.now, order: world.arrive() }
}
