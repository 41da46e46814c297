// Long work in slices, so that nobody waits long for anybody else: a generator does a little at each step, and others have their turn in between.

// Taken here once: what replaces them later, as fake timers of a test do, is meant for that test's own time.
const now = performance.now.bind(performance)
const soon = setImmediate

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
    await new Promise((resolve) => soon(resolve))
  }
}

/** Runs a generator to its end at once. */
export function atOnce<T>(work: Iterator<unknown, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
