// The one door to durability: nobody else knows that there is a storage. A change is told to somebody only after `committed` has resolved to true.
import type { PersistedWorld, PreparedWorld, SharedStorage, Storage, WorldStorage } from '../storage/port.ts'
import { StorageError } from '../storage/port.ts'
import type { Loss, World } from '../world/world.ts'
import { SandgateError } from './errors.ts'

export {
  type PersistedWorld,
  type SharedCounts,
  StorageError,
  StorageRefused,
  type StoredWorld,
} from '../storage/port.ts'

/** The disk is full, read-only or gone. */
export function storageUnavailable(): SandgateError {
  return new SandgateError('storage_unavailable', 'storage is not writable, so the change was rolled back; see stderr')
}

/** Another process serves the world now, and this call has changed nothing: it may be made again. */
export class WorldTaken extends Error {}

/** Nobody knows whether what this call changed is stored: no answer would be true. */
export class OutcomeUnknown extends Error {}

/** Why what was changed in a world does not count. */
function failureOf(id: string, storage: WorldStorage): Error {
  switch (storage.loss) {
    case 'taken':
      return new WorldTaken(`another process serves the world "${id}" now`)
    case 'unknown':
      return new OutcomeUnknown(`nobody knows whether the last change of the world "${id}" is stored`)
    case 'exists':
      return new SandgateError('world_exists', `there is a world "${id}" already`, { field: 'id' })
    default:
      return storageUnavailable()
  }
}

export class Commit {
  readonly #storage: Storage | undefined

  /** Without a storage every change counts at once, and is gone with the process. */
  constructor(storage: Storage | undefined) {
    this.#storage = storage
  }

  get isDurable(): boolean {
    return this.#storage !== undefined
  }

  /** What other processes store in the same place; undefined where there are none. */
  get shared(): SharedStorage | undefined {
    return this.#storage?.shared
  }

  /** The seed that the storage was begun with; undefined without one. */
  get seed(): string | undefined {
    return this.#storage?.seed
  }

  /** Bytes that a start would have to read beside the checkpoints; undefined without a storage. */
  get lagBytes(): number | undefined {
    return this.#storage?.lagBytes
  }

  /** The worlds that were stored, by id. */
  found(): Iterable<readonly [id: string, persisted: PersistedWorld]> {
    return this.#storage?.found() ?? []
  }

  /** Undefined when every change of this world is durable; else resolves to whether it is: false, and it was rolled back. */
  committed(world: World): Promise<boolean> | undefined {
    return world.storage?.committed()
  }

  /**
   * Does some work on a world, and answers once what it changed is durable. Rejects with `storage_unavailable` when it was rolled back. `reads`: the work
   * changes nothing.
   */
  async withCommit<T>(world: World, work: () => Promise<T>, { reads = false } = {}): Promise<T> {
    const { storage } = world
    const rollbacks = storage?.rollbacks
    const begun = storage?.stores?.begun
    const outcome = await settled(work())
    // Work that failed may have changed something all the same.
    if (storage && (!(await storage.flush()) || storage.rollbacks !== rollbacks)) {
      const { stores } = storage
      // Work takes its time, and what it changed first may be stored before the world is lost: then it may not be done once more.
      if (reads || stores === undefined || stores.done <= begun!) throw failureOf(world.id, storage)
      if (stores.hasLost || !('value' in outcome))
        throw new OutcomeUnknown(`a part of what was done in the world "${world.id}" is stored`)
      return outcome.value
    }
    if ('value' in outcome) return outcome.value
    throw outcome.error instanceof StorageError ? storageUnavailable() : outcome.error
  }

  /** Stores what waits; false when it was rolled back. */
  async flush(world: World): Promise<boolean> {
    return (await world.storage?.flush()) ?? true
  }

  /** Why this process may not serve a world any more; undefined: it serves it, or nothing was rolled back for good. */
  loss(world: World): Loss | undefined {
    return world.storage?.loss
  }

  /** What to tell whoever changed a world when `committed` or `flush` was false. */
  failure(world: World): Error {
    return world.storage ? failureOf(world.id, world.storage) : storageUnavailable()
  }

  /** Whether changes of this world can be stored at this moment. */
  isWritable(world: World): boolean {
    return world.storage?.isWritable() ?? true
  }

  /** Why nothing can be stored at this moment; undefined: it can. */
  problem(world: World): string | undefined {
    const { shared } = this
    if (shared) return shared.problem()
    return this.isWritable(world) ? undefined : 'storage is not writable; see stderr'
  }

  /** How often changes of this world were rolled back. */
  rollbacks(world: World): number {
    return world.storage?.rollbacks ?? 0
  }

  /** Stores a world from here on. Throws `StorageError`. */
  attach(world: World, made: object, continues: boolean): void {
    this.#storage?.attach(world, made, continues)
  }

  /** The same for a world that may be large; undefined without a storage. Rejects with `StorageError`. */
  async prepare(world: World, made: object): Promise<PreparedWorld | undefined> {
    return this.#storage?.prepare(world, made)
  }

  forget(id: string): void {
    this.#storage?.forget(id)
  }

  async close(): Promise<void> {
    await this.#storage?.close()
  }
}

async function settled<T>(work: Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await work }
  } catch (error) {
    return { error }
  }
}
