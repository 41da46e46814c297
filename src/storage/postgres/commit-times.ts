// How long commits took, for a histogram.

const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class CommitTimes {
  readonly #counts = BOUNDS.map(() => 0)
  #count = 0
  #sum = 0

  add(seconds: number): void {
    this.#count++
    this.#sum += seconds
    const at = BOUNDS.findIndex((bound) => seconds <= bound)
    if (at !== -1) this.#counts[at]!++
  }

  /** Of each bound, how many took no longer. */
  get all(): {
    readonly buckets: readonly (readonly [bound: number, count: number])[]
    readonly count: number
    readonly sum: number
  } {
    let sum = 0
    return {
      buckets: BOUNDS.map((bound, index) => [bound, (sum += this.#counts[index]!)] as const),
      count: this.#count,
      sum: this.#sum,
    }
  }
}
