// Work that costs much takes turns: one piece in each turn of the event loop, of a different connection each time, so that nobody waits for all that
// somebody else sent at once.
import { setImmediate } from './timers.ts'

export class Queue {
  /** Who waits, by connection, the connection that comes next in front. */
  readonly #waiting = new Map<object, (() => void)[]>()

  /** Runs the work when it is this connection's turn, in the order in which the connection asked. */
  turn(connection: object, work: () => void): void {
    if (this.#waiting.size === 0) setImmediate(this.#next)
    const own = this.#waiting.get(connection)
    if (own) own.push(work)
    else this.#waiting.set(connection, [work])
  }

  readonly #next = (): void => {
    const [connection, own] = this.#waiting.entries().next().value!
    this.#waiting.delete(connection)
    const work = own.shift()!
    if (own.length > 0) this.#waiting.set(connection, own)
    if (this.#waiting.size > 0) setImmediate(this.#next)
    work()
  }
}
