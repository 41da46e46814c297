// What the engine asks of a place that keeps worlds, whichever it is: directories (storage/file) today. Loading and storing are asynchronous, and a
// change counts only when `WorldStorage.committed` of its world says so.
import type { World, WorldState, WorldStorage } from '../world/world.ts'

export type { WorldStorage }

/** Why what was stored cannot be used, or nothing can be stored, in one line. */
export class StorageRefused extends Error {}

/** Nothing can be stored now. */
export class StorageError extends StorageRefused {}

/** A world as it was stored: what it was made from, its rows, its clock. */
export interface PersistedWorld extends WorldState {
  readonly seed: string
  readonly startMs: number
  readonly frozen: boolean
  /** Journal ids up to this one are taken. */
  readonly entries: number
  /** How it was made, and is made again by a reset: whoever makes worlds knows what that means. */
  readonly made?: Readonly<Record<string, unknown>> | undefined
  /** Why it cannot be read; then there are no rows. */
  readonly unread?: string | undefined
}

/** A world that was written beside the stored one, to take its place. */
export interface PreparedWorld {
  /** From here on this world is the stored one. Throws `StorageError`. */
  commit(): void
  abandon(): Promise<void>
}

export interface Storage {
  /** The seed that this storage was begun with. */
  readonly seed: string
  /** Bytes of write-ahead logs that no checkpoint has taken in yet. */
  readonly lagBytes: number
  /** The worlds that were found and not attached yet. */
  found(): Iterable<readonly [id: string, persisted: PersistedWorld]>
  /** Stores a world from here on: the one that was found, or, unless it `continues`, one that begins now in place of another of its id. Throws `StorageError`. */
  attach(world: World, made: object, continues: boolean): void
  /** The same for a world that may be large: written in slices, in force once it is committed. Rejects with `StorageError`. */
  prepare(world: World, made: object): Promise<PreparedWorld>
  /** Deletes a world. */
  forget(id: string): void
  /** Stores what waits and lets go of everything. */
  close(): Promise<void>
}
