// The one door to durability: nobody else knows that there is a storage. A change is told to somebody only after `committed` has resolved to true.
import type { PersistedWorld, PreparedWorld, Storage } from '../storage/port.ts'
import { StorageError } from '../storage/port.ts'
import type { World } from '../world/world.ts'
import { SandgateError } from './errors.ts'

export { type PersistedWorld, StorageError, StorageRefused } from '../storage/port.ts'

/** The disk is full, read-only or gone. */
export function storageUnavailable(): SandgateError {
  return new SandgateError('storage_unavailable', 'storage is not writable, so the change was rolled back; see stderr')
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

  /** Does some work on a world, and answers once what it changed is durable. Rejects with `storage_unavailable` when it was rolled back. */
  async withCommit<T>(world: World, work: () => Promise<T>): Promise<T> {
    const { storage } = world
    const rollbacks = storage?.rollbacks
    const outcome = await settled(work())
    // Work that failed may have changed something all the same.
    if (storage && (!(await storage.flush()) || storage.rollbacks !== rollbacks)) throw storageUnavailable()
    if ('value' in outcome) return outcome.value
    throw outcome.error instanceof StorageError ? storageUnavailable() : outcome.error
  }

  /** Stores what waits; false when it was rolled back. */
  async flush(world: World): Promise<boolean> {
    return (await world.storage?.flush()) ?? true
  }

  /** Whether changes of this world can be stored at this moment. */
  isWritable(world: World): boolean {
    return world.storage?.isWritable() ?? true
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
