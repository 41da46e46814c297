// Long work in slices, so that whatever else waits has its turn in between. What the work is, is left to whoever asks.

/** How long one slice may hold everybody else up, ms. */
const SLICE_MS = 10
const nextTurn = setImmediate

/** Runs the steps to their end; others have their turn as soon as a slice is over. */
export async function inSlices<T>(steps: Iterator<unknown, T>): Promise<T> {
  for (;;) {
    const end = performance.now() + SLICE_MS
    do {
      const step = steps.next()
      if (step.done) return step.value
    } while (performance.now() < end)
    await new Promise<void>((go) => void nextTurn(go))
  }
}

/** Runs the steps at once. */
export function atOnce<T>(steps: Iterator<unknown, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
