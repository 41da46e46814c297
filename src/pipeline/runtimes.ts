// Every provider as its calls are served: with its document, its world's engine and whatever answers what no provider models.
import { contractOf } from '../contract/contracts.ts'
import { Sampler } from '../contract/sample.ts'
import type { Engine } from '../engine/engine.ts'
import type { ProviderRuntime } from './exchange.ts'

/** One thread for all sandboxes of a process: what it has to load takes seconds. */
const sampler = new Sampler()

export function runtimesOf(
  engine: Engine,
  { pause, complain }: Pick<ProviderRuntime, 'pause' | 'complain'>,
): Map<string, ProviderRuntime> {
  const { providers, commit, inFlight } = engine
  const runtimeOf = (provider: ProviderRuntime['provider']): ProviderRuntime => ({
    provider,
    // Read when the first call comes.
    get contract() {
      return contractOf(provider.name)
    },
    providers,
    inFlight,
    commit,
    sample: sampler.answer,
    strict: engine.options.strict ?? false,
    pause,
    complain,
    afterwards: (world) => engine.tick(world),
  })
  return new Map([...providers].map(([name, provider]) => [name, runtimeOf(provider)]))
}
