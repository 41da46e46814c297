// Checkpoints, for tests that go back to a state instead of making it again.
import type { Changes, Checkpoint } from './records.ts'

/**
 * Named states of a world. They are kept in memory only: they survive resets, and go with the world or the process.
 *
 * @example
 * await world.checkpoints.make('paid')
 * await world.checkpoints.rewind('paid')
 */
export interface Checkpoints {
  /** Keeps the state of the world as it is now, in place of one of that name. 409 where there are 32 of them. */
  make(name: string): Promise<Checkpoint>
  /** Those there are, oldest first. */
  list(): Promise<Checkpoint[]>
  /** The rows that were added, changed and removed since, at most `limit` of them (100), and how many in all. 404 where there is no such checkpoint. */
  changes(name: string, limit?: number): Promise<Changes>
  /** Puts the world back to it. Its journal begins anew. 404 where there is no such checkpoint. */
  rewind(name: string): Promise<Checkpoint>
  /** Forgets it. */
  remove(name: string): Promise<void>
}
