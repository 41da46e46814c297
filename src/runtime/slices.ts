// Long work in slices, so that nobody waits long for anybody else: a generator does a little at each step, and others have their turn in between.

import { setImmediate } from './timers.ts'

// Taken here once: a test's fake clock stands still.
const now = performance.now.bind(performance)

/** How long one slice goes on. */
const SLICE_MS = 8

/** One slice after another: whether this one has gone on for long enough, and the way to the next. */
export class Slices {
  #end = now() + SLICE_MS

  get over(): boolean {
    return now() >= this.#end
  }

  /** Others have their turn. */
  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#end = now() + SLICE_MS
  }
}

// rule: sandgate.slices
/** Runs a generator to its end; each of its steps should take well under a millisecond. Answers with what it returns, throws what it throws. */
export async function inSlices<T>(work: Iterator<unknown, T>): Promise<T> {
  for (const slices = new Slices(); ; await slices.next()) {
    do {
      const step = work.next()
      if (step.done) return step.value
    } while (!slices.over)
  }
}
