// Tests wait for what is to be, never for a while: a condition is asked again until it holds, with a deadline against hangs only. Faults that last, and
// clients that back off, are no waiting: the processes that they are about go by real time.
import { setTimeout as after } from 'node:timers/promises'

const HANG_MS = 40_000
const POLL_MS = 15

/** Asks until `problem` answers undefined, and fails with its last answer when that never happens. */
export async function eventually(what: string, problem: () => unknown, hangMs = HANG_MS): Promise<void> {
  const until = Date.now() + hangMs
  for (;;) {
    const wrong = await problem()
    if (wrong === undefined) return
    if (Date.now() > until) throw new Error(`${what}: not after ${hangMs} ms: ${String(wrong)}`)
    await after(POLL_MS)
  }
}

/** Real time goes by: for how long a fault lasts, or a client backs off. Only test/reach may. */
export function lasting(ms: number): Promise<void> {
  return after(ms)
}

/** A place in real time, to tell what had ended before something else began. Only test/reach may. */
export function instant(): number {
  return performance.now()
}
