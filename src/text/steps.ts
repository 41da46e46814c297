// Work that is written as a generator, so that its caller decides when each step runs: all of them at once here, in slices of time in runtime/slices.ts.

/** Runs a generator to its end at once. Returns what it returns, throws what it throws. */
export function atOnce<T>(work: Iterator<unknown, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
