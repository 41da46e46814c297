// How often each rule was exercised in this world, as the control API counts it.
import { useMemo } from 'preact/hooks'
import type { Problem } from '../api/client.ts'
import { useReadLive } from '../api/use.ts'
import type { Exercised } from './filters.ts'

interface Counted {
  readonly providers: readonly {
    readonly provider: string
    readonly rules: readonly { readonly id: string; readonly count: number; readonly last_entry?: number | null }[]
  }[]
}

export interface Coverage {
  /** Undefined for a rule that nobody counts, such as those of the sandbox itself. */
  of(id: string): Exercised | undefined
  /** How many rules were exercised at all. */
  readonly rules: number
  readonly known: boolean
  readonly problem: Problem | undefined
}

const NEVER: Exercised = { count: 0, last: undefined }

/** Reads it again whenever something happens. */
export function useCoverage(world: string): Coverage {
  const { value, problem } = useReadLive<Counted>(world, '/coverage')
  return useMemo(() => {
    const counted = value?.providers ?? []
    const providers = new Set(counted.map(({ provider }) => provider))
    const byId = new Map(
      counted
        .flatMap(({ rules }) => rules)
        .map(({ id, count, last_entry: last }): [string, Exercised] => [id, { count, last: last ?? undefined }]),
    )
    return {
      of: (id) => byId.get(id) ?? (providers.has(id.split('.')[0]!) ? NEVER : undefined),
      rules: byId.size,
      known: value !== undefined,
      problem,
    }
  }, [value, problem])
}
