// The calls that wait while other things happen, and the idempotency keys that are claimed meanwhile: a second call with such a key meets the
// first one in flight.
import type { CallFacts, Place, ReceivedRequest } from '../world/journal.ts'
import type { World } from '../world/world.ts'

/** A call that waits, or has waited, and is not answered yet. */
export interface UnderWay {
  readonly call: {
    readonly provider: string
    readonly operation: string | undefined
    readonly incoming: ReceivedRequest
    readonly caller: unknown
  }
  readonly began: Place & { readonly resumed: readonly Place[] | undefined }
  readonly refusal: { readonly name: string; readonly detail: Readonly<Record<string, unknown>> } | undefined
  readonly stoppedBy: string | undefined
}

export class InFlightCalls {
  readonly #byKey = new WeakMap<World, Map<string, Promise<unknown>>>()
  readonly #underWay = new WeakMap<World, Set<UnderWay>>()

  /** What is known of the calls of this world that wait, in the order in which they began to. */
  underWay(world: World): CallFacts[] {
    return [...(this.#underWay.get(world) ?? [])].map(({ call, began, refusal, stoppedBy }) => ({
      provider: call.provider,
      operation: call.operation,
      stoppedBy,
      refusal: refusal?.name,
      detail: refusal?.detail,
      request: call.incoming,
      caller: call.caller,
      began,
    }))
  }

  /** A call begins to wait, or goes on waiting. */
  waits(call: UnderWay, world: World): void {
    const calls = this.#underWay.get(world)
    if (calls) calls.add(call)
    else this.#underWay.set(world, new Set([call]))
  }

  /** A call is answered. */
  answered(call: UnderWay, world: World): void {
    this.#underWay.get(world)?.delete(call)
  }

  /** No call of this world waits any more, and no key is claimed. */
  forget(world: World): void {
    this.#byKey.delete(world)
    this.#underWay.delete(world)
  }

  /** The call under way with this key. */
  of(world: World, id: string): Promise<unknown> | undefined {
    return this.#byKey.get(world)?.get(id)
  }

  /** Holds the key while `work` goes on. */
  during<T>(world: World, id: string, work: Promise<T>): Promise<T> {
    const calls = this.#byKey.get(world) ?? new Map<string, Promise<unknown>>()
    this.#byKey.set(world, calls)
    const call = work.finally(() => calls.delete(id))
    calls.set(
      id,
      call.catch(() => undefined),
    )
    return call
  }
}
