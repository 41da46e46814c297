// What all worlds of this process were used for: those that are there, and in one sum those that were deleted, reset, or went to another process.
import { Coverage } from '../world/coverage.ts'
import type { World } from '../world/world.ts'

export class ProcessCoverage {
  readonly #gone = new Coverage()
  #times = 0

  // rule: sandgate.coverage.worlds
  /** A world that was used goes: its counts stay in the sum. */
  gone(world: World | undefined): void {
    if (!world || world.journal.coverage.calls === 0) return
    this.#gone.add(world.journal.coverage)
    this.#times++
  }

  /** How many worlds that were used are gone; one that was reset counts each time. */
  get times(): number {
    return this.#times
  }

  /** The sum over these worlds and all that are gone. */
  sum(worlds: Iterable<World>): Coverage {
    const sum = new Coverage()
    sum.add(this.#gone)
    for (const { journal } of worlds) sum.add(journal.coverage)
    return sum
  }
}
