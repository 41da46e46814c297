// A call of a replay under way: it stops wherever a real one waits, and before it is answered, until it is told to go on.
import type { ReplayedCall, Sent } from '../pipeline/exchange.ts'

export class PlayedCall implements ReplayedCall {
  readonly admit: ReplayedCall['admit']
  readonly refused: ReplayedCall['refused']
  /** Bugs that it met. */
  readonly bugs: string[] = []
  place: 'moving' | 'waiting' | 'landing' | 'over' = 'moving'
  sent: Sent | undefined
  /** What was thrown instead of an answer. */
  failure: unknown
  /** Whether the call that it waits for is under way still. */
  #held = false
  #go: () => void = () => undefined
  #stopped: () => void = () => undefined

  constructor(admit: ReplayedCall['admit'], refused: ReplayedCall['refused']) {
    this.admit = admit
    this.refused = refused
  }

  /** Whether it waits, and for nobody who is under way. */
  get canGoOn(): boolean {
    return this.place === 'waiting' && !this.#held
  }

  /** Resolves when it has stopped for the first time. */
  start(call: (replayed: ReplayedCall) => Promise<Sent>): Promise<void> {
    const stopped = this.#moving()
    void call(this)
      .then(
        (sent) => (this.sent = sent),
        (error: unknown) => (this.failure = error),
      )
      .then(() => {
        this.place = 'over'
        this.#stopped()
      })
    return stopped
  }

  /** Resolves when it has stopped again. */
  go(): Promise<void> {
    const stopped = this.#moving()
    this.#go()
    return stopped
  }

  turn(flight?: Promise<unknown>): Promise<void> {
    this.#held = flight !== undefined
    void flight?.then(() => (this.#held = false))
    return this.#stop('waiting')
  }

  landing(): Promise<void> {
    return this.#stop('landing')
  }

  #moving(): Promise<void> {
    this.place = 'moving'
    return new Promise((resolve) => (this.#stopped = resolve))
  }

  #stop(place: 'waiting' | 'landing'): Promise<void> {
    this.place = place
    const gone = new Promise<void>((resolve) => (this.#go = resolve))
    this.#stopped()
    return gone
  }
}
