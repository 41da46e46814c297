// Long work in slices, so that nobody waits long for anybody else: a generator does a little at each step, and others have their turn in between.

import { setImmediate } from './timers.ts'

// Taken here once: a test's fake clock stands still.
const now = performance.now.bind(performance)

/** How long one slice goes on. */
const SLICE_MS = 8

// rule: sandgate.slices
/** Runs a generator to its end; each of its steps should take well under a millisecond. Answers with what it returns, throws what it throws. */
export async function inSlices<T>(work: Iterator<unknown, T>): Promise<T> {
  for (;;) {
    const until = now() + SLICE_MS
    do {
      const step = work.next()
      if (step.done) return step.value
    } while (now() < until)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Runs a generator to its end at once. */
export function atOnce<T>(work: Iterator<unknown, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
