// Callback attempts of a replay that are on their way: nobody is called, and the recorded answer is played when the file says that it came.
import type { Provider } from '../provider.ts'
import { attemptEnded, Deliveries, type Delivery } from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import type { RecordedAttempt } from './format.ts'

export class PlayedAttempts {
  readonly #providers: ReadonlyMap<string, Provider>
  readonly #world: World
  /** The delivery of each, and its journal entry; undefined: it has none. */
  readonly #begun = new Map<RecordedAttempt, { readonly delivery: Delivery; readonly entry: number | undefined }>()

  constructor(providers: ReadonlyMap<string, Provider>, world: World) {
    this.#providers = providers
    this.#world = world
  }

  has(step: RecordedAttempt): boolean {
    return this.#begun.has(step)
  }

  /** The delivery whose attempt this is: by its id, or, where steps are left out, the first one of the same event. */
  due({ provider, delivery, event }: RecordedAttempt): Delivery | undefined {
    const begun = [...this.#begun.values()].map((each) => each.delivery.id)
    const sending = this.#world
      .list(Deliveries, 'sending', '')
      .filter((row) => row.provider === provider && !begun.includes(row.id))
    return sending.find(({ id }) => id === delivery) ?? sending.find((row) => row.event === event)
  }

  begin(step: RecordedAttempt, delivery: Delivery): void {
    const { entry, provider, event, attempt } = step
    const { journal, now } = this.#world
    const own =
      journal.nextId === entry
        ? journal.add({
            kind: 'callback',
            at: now,
            provider,
            summary: `${event} (${delivery.id}), attempt ${attempt}: the recorded answer is played`,
            delivery: delivery.id,
            event,
            object: delivery.object,
            attempt,
            body: delivery.body,
          })
        : undefined
    this.#begun.set(step, { delivery, entry: own })
  }

  end(step: RecordedAttempt): void {
    const { delivery, entry } = this.#begun.get(step)!
    const { at, provider, status, error, answer } = step
    this.#begun.delete(step)
    const { retryMs } = this.#providers.get(provider)!.callbacks!
    const world = this.#world
    world.change(() => attemptEnded(delivery.id, { at: Date.parse(at), status, error }, retryMs, world))
    if (entry !== undefined) world.journal.amend(entry, { status, error, ...(answer !== undefined && { answer }) })
  }
}
