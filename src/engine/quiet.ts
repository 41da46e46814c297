// An engine that calls nobody: for replays, for imports, and where only the settings of a provider matter.
import type { Provider } from '../provider.ts'
import type { Outbox } from './context.ts'
import { Engine, type EngineOptions } from './engine.ts'
import { Secrets } from './secrets.ts'

/** Callbacks stay in the outbox. */
const NO_SENDER: Outbox = {
  pump: () => undefined,
  busy: () => false,
  mark: () => 0,
  settled: () => Promise.resolve(),
  refuse: () => undefined,
}

/** `complain` hears of bugs; nobody else hears anything. */
export function quietEngine(
  providers: ReadonlyMap<string, Provider>,
  options: EngineOptions,
  complain: (message: string, error?: unknown) => void = () => undefined,
): Engine {
  const listeners = { warn: () => undefined, info: () => undefined, complain, attemptEnded: () => undefined }
  return new Engine(providers, { ...options, sender: NO_SENDER }, new Secrets(options, providers), listeners)
}
