// Wall time that goes by because a scenario says so. Who waits is let go when the sandbox stops, so that no timer holds the process.
import { clearTimeout, setTimeout } from '../runtime/timers.ts'

export class Delays {
  readonly #waiting = new Set<() => void>()
  #ended = false

  wait(ms: number): Promise<void> {
    if (this.#ended) return Promise.resolve()
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer)
        this.#waiting.delete(go)
        resolve()
      }
      const timer = setTimeout(go, ms)
      this.#waiting.add(go)
    })
  }

  /** Every wait is over, and none begins. */
  end(): void {
    this.#ended = true
    for (const go of this.#waiting) go()
  }
}
