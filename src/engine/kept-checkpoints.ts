// What a checkpoint of a world holds, and the list of them that goes with the world of an id: through resets and restores, until it is deleted.
import type { WorldState } from '../world/world.ts'

/** A state of a world under a name. Its rows are never edited, and so shared with the world; its maps are its own. */
export interface Checkpoint extends WorldState {
  readonly name: string
  readonly seed: string
  readonly startMs: number
  /** Whether the world began with a clock that stood. */
  readonly frozen: boolean
  /** The newest journal entry of then; 0: there was none. */
  readonly entry: number
  /** How many rows it has. */
  readonly rows: number
  /** Wall time when it was made, ms. */
  readonly madeAt: number
}

/** By name, in the order in which they were made. */
export type KeptCheckpoints = Map<string, Checkpoint>
