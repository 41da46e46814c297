// Who made the calls of a file: the settings that the partner's account needs, and which of its keys each call came with.
import type { Provider, SeenCall } from '../../provider.ts'
import { World } from '../../world/world.ts'
import { Unusable } from '../format.ts'
import { type Importing, NO_TIME } from './calls.ts'

// rule: sandgate.import.partner
/** The settings that the partner needs, and its callers in a world that has them, those it would rather be first. */
export function partnerOf(seen: readonly SeenCall[], { provider, config }: Importing) {
  const worldWith = (providers: Record<string, unknown>) =>
    new World({
      id: 'import',
      seed: 'sandgate',
      startMs: NO_TIME,
      frozen: true,
      settings: { [provider.name]: provider.settings.parse(providers[provider.name] ?? {}) },
      assumptions: {},
      switches: provider.switches ?? {},
      react: () => {},
      journalEntries: 1,
      journalBytes: 0,
    })
  const given = { ...config?.providers }
  const before = worldWith(given)
  if (provider.identity.callers(before).length === 0)
    throw new Unusable(`no account of ${provider.title} in the config file has a key, so these calls cannot be made`)
  const account = firstAccount(given[provider.name]) ?? provider.traffic?.account(provider.identity.callers(before)[0])
  const own =
    account === undefined
      ? given[provider.name]
      : (provider.traffic?.settings?.(seen, given[provider.name], account) ?? given[provider.name])
  const settings = own === undefined ? given : { ...given, [provider.name]: own }
  const world = worldWith(settings)
  const callers = provider.identity.callers(world)
  const first = callers.filter((caller) => account !== undefined && provider.traffic?.account(caller) === account)
  const ordered = [...first, ...callers]
  // Where a call does not say who made it, it was whoever made the others.
  const usual = seen.flatMap(
    (call) => ordered.find((caller) => provider.traffic?.madeBy?.(call, caller) === true) ?? [],
  )[0]
  return { settings, world, callers: usual === undefined ? ordered : [usual, ...ordered] }
}

/** Who made a call to the real provider, as far as the call itself says so. */
export function callerOf(call: SeenCall, callers: readonly unknown[], { traffic }: Provider): unknown {
  return (
    callers.find((caller) => traffic?.madeBy?.(call, caller) === true) ??
    callers.find((caller) => traffic?.madeBy?.(call, caller) !== false) ??
    callers[0]
  )
}

/** The name of the account that a config file names first: what has keys is one. */
function firstAccount(settings: unknown): string | undefined {
  const groups = typeof settings === 'object' && settings !== null ? Object.values(settings) : []
  const accounts = groups.flatMap((group) => (typeof group === 'object' && group !== null ? Object.entries(group) : []))
  return accounts.find(([, account]) => Array.isArray((account as { keys?: unknown } | null)?.keys))?.[0]
}
