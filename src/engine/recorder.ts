// What the journal does not tell of a world and its recording needs: the control calls as they were asked, and when attempts ended. No more of them, and no
// larger, than what its journal may hold; what a recording looks like is left to recording.ts.
import type { World } from '../world/world.ts'
import type { RecordedDeed } from '../casefile/format.ts'

/** The operation of a deed that is no call: a scenario that the world began with, or that came out of a file; its body is the scenario as it was read. */
export const LOAD = 'loadScenario'

type Asked = Pick<RecordedDeed, 'operation' | 'params' | 'query' | 'body'>

/** Where something stands: the entry that was the next one, world time, and what had arrived before. */
interface Moment {
  readonly entry: number
  readonly atMs: number
  readonly order: number
}

/** A control call that changed a world, as it was asked. */
export type Deed = Asked & Moment

interface Reel {
  deeds: Set<Deed>
  bytes: number
  /** By delivery and number of the attempt. */
  ends: Map<string, Moment>
  /** Why the recording would be incomplete. */
  lost: string | undefined
  /** How often changes had been undone when the world began. */
  readonly undone: number
}

export class Tape {
  readonly #reels = new WeakMap<World, Reel>()

  /** A world begins. */
  begin(world: World): void {
    this.#reels.set(world, {
      deeds: new Set(),
      bytes: 0,
      ends: new Map(),
      lost: undefined,
      undone: world.keeper?.undone ?? 0,
    })
  }

  /** What there is of this world; nothing where it did not begin here. */
  of(world: World): {
    readonly deeds: ReadonlySet<Deed>
    readonly ends: ReadonlyMap<string, Moment>
    readonly lost: string | undefined
  } {
    const { deeds = new Set<Deed>(), ends = new Map<string, Moment>(), lost, undone = 0 } = this.#reels.get(world) ?? {}
    const taken =
      (world.keeper?.undone ?? 0) > undone ? 'some of what was done could not be kept and was undone' : undefined
    return { deeds, ends, lost: lost ?? taken }
  }

  /** Adds a call that begins; what comes back takes it off again, when it changed nothing after all. */
  add(asked: Asked, world: World): () => void {
    const reel = this.#running(world)
    if (!reel) return () => undefined
    const deed = { ...asked, ...momentOf(world) }
    const { body = '' } = asked
    const bytes = (typeof body === 'string' ? body : JSON.stringify(body)).length
    const { journalEntries, journalBytes } = world.options
    // rule: sandgate.recording.bounds
    if (reel.deeds.size >= journalEntries || reel.bytes + bytes > journalBytes) {
      this.#give(
        reel,
        `there were more than ${journalEntries} control calls, or more than ${journalBytes} bytes in their bodies (limits.journalEntries, limits.journalBytes)`,
      )
      return () => undefined
    }
    reel.deeds.add(deed)
    reel.bytes += bytes
    return () => void (reel.deeds.delete(deed) && (reel.bytes -= bytes))
  }

  attemptEnded(delivery: string, attempt: number, world: World): void {
    const moment = momentOf(world)
    const reel = this.#running(world)
    if (reel && reel.ends.size < world.options.journalEntries) reel.ends.set(`${delivery}/${attempt}`, moment)
  }

  /** The journal of this world was emptied: nothing of it is recorded any more. */
  forget(world: World): void {
    const reel = this.#reels.get(world)
    if (reel && world.journal.emptied) this.#give(reel, 'the journal was emptied')
  }

  /** Undefined where no recording could be whole any more, so that nothing is kept for it. */
  #running(world: World): Reel | undefined {
    const reel = this.#reels.get(world)
    if (reel && world.journal.lost && reel.lost === undefined) this.#give(reel, 'the journal has dropped entries')
    return reel?.lost === undefined ? reel : undefined
  }

  #give(reel: Reel, why: string): void {
    reel.lost = why
    reel.deeds = new Set()
    reel.ends = new Map()
    reel.bytes = 0
  }
}

function momentOf(world: World): Moment {
  return { entry: world.journal.nextId, atMs: world.now, order: world.arrive() }
}
