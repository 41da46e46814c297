// What the engine asks of a place that keeps worlds, whichever it is: directories (storage/file) or PostgreSQL (storage/postgres). Loading and storing are
// asynchronous, and a change counts only when `WorldStorage.committed` of its world says so.
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
  /** From here on this world is the one that is stored; `WorldStorage.flush` tells whether it is durable. Throws `StorageError`. */
  commit(): void
  abandon(): Promise<void>
}

export interface Storage {
  /** The seed that this storage was begun with. */
  readonly seed: string
  /** Bytes of write-ahead logs that no checkpoint has taken in yet. */
  readonly lagBytes: number
  /** What there is to ask where other processes store worlds in the same place; undefined where none may. */
  readonly shared?: SharedStorage
  /** The worlds that were found and not attached yet; none where they are claimed one by one. */
  found(): Iterable<readonly [id: string, persisted: PersistedWorld]>
  /**
   * Stores a world from here on: the one that was found or claimed, or, unless it `continues`, one that begins now in place of another of its id.
   * Throws `StorageError`.
   */
  attach(world: World, made: object, continues: boolean): void
  /** The same for a world that may be large: written in slices, in force once it is committed. Rejects with `StorageError`. */
  prepare(world: World, made: object): Promise<PreparedWorld>
  /** Deletes a world that this process serves. */
  forget(id: string): void
  /** Stores what waits and lets go of everything. */
  close(): Promise<void>
}

/** A world of which only a line is read: another process may serve it. */
export interface StoredWorld {
  readonly id: string
  readonly seed: string
  /** World time at its start, ms, and whether it stood still then. */
  readonly startMs: number
  readonly beganFrozen: boolean
  /** World time as it was told last, ms, and whether it stands still. */
  readonly now: number
  readonly frozen: boolean
  /** Whether something will happen in it by itself. */
  readonly due: boolean
  /** When it was used last, wall ms. */
  readonly usedAt: number
  /** Whether this process serves it. */
  readonly isOwn: boolean
}

/** What is counted of a storage that processes share. */
export interface SharedCounts {
  /** Worlds that this process claimed, and those of them that another process had. */
  readonly claims: number
  readonly takeovers: number
  /** Worlds that this process lost to another one. */
  readonly fenced: number
  /** Rows that wait to be stored. */
  readonly pendingRows: number
  /** How long commits took, seconds: how many were no longer than each bound, their number and their sum. */
  readonly commits: {
    readonly buckets: readonly (readonly [bound: number, count: number])[]
    readonly count: number
    readonly sum: number
  }
}

/** A place in which several processes store worlds. Each world is served by one of them at a time, the one that claimed it last. */
export interface SharedStorage {
  /** The clock of the place, minus that of this process, ms: world time goes by one clock, whoever serves the world. */
  readonly clockOffsetMs: number
  readonly counts: SharedCounts
  /** Why nothing can be stored at this moment; undefined: it can. */
  problem(): string | undefined
  /**
   * Takes a world over from whoever serves it, and reads it; undefined: there is none of that id. `orphan`: only where nobody serves it. Rejects with
   * `StorageError`.
   */
  claim(id: string, options?: { readonly orphan?: boolean }): Promise<PersistedWorld | undefined>
  /** Every world, by id. Rejects with `StorageError`. */
  list(): Promise<StoredWorld[]>
  /** How many worlds there are, and the highest number of those named `world-NUMBER`. Rejects with `StorageError`. */
  census(): Promise<{ readonly worlds: number; readonly highest: number }>
  /** Deletes a world, whoever serves it; false: there was none. Rejects with `StorageError`. */
  delete(id: string): Promise<boolean>
  /** `lost` hears of each world that this process may no longer serve, `orphaned` of worlds that run and that nobody serves. */
  listen(listeners: { lost(world: World): void; orphaned(id: string): void }): void
}
