// A value that somebody watches: set it, and every component that reads it is drawn again.
import { useEffect, useState } from 'preact/hooks'

export class Store<Value> {
  #value: Value
  readonly #watchers = new Set<(value: Value) => void>()

  constructor(value: Value) {
    this.#value = value
  }

  get(): Value {
    return this.#value
  }

  set(value: Value): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const watcher of [...this.#watchers]) watcher(value)
  }

  /** Is told of every new value, until the returned function is called. */
  watch(watcher: (value: Value) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }
}

/** The value of a store, in a component. */
export function useStore<Value>(store: Store<Value>): Value {
  const [, draw] = useState<unknown>()
  useEffect(() => {
    // What changed between drawing and watching.
    draw(store.get())
    return store.watch((value) => draw(() => value))
  }, [store])
  return store.get()
}
