// Which notable situations are shown: those of the providers in use, or of the one that the URL names, exercised or not.
import type { Coverage } from '../api/shapes.ts'

type Providers = Coverage['providers']

export type SituationRow = Providers[number]['notable'][number] & { readonly provider: string }

export function rowsOf(providers: Providers, query: Readonly<Record<string, string>>): SituationRow[] {
  const { provider: wanted, exercised } = query
  return providers
    .filter(({ provider, used }) => (wanted === undefined ? used : provider === wanted))
    .flatMap(({ provider, notable }) => notable.map((situation) => ({ provider, ...situation })))
    .filter(({ count }) => exercised === undefined || count > 0 === (exercised === 'yes'))
}

/** How often, in words. */
export function timesOf(count: number): string {
  return count === 0 ? 'never' : count === 1 ? 'once' : `${count} times`
}
