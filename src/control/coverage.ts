// `coverage`: what this world, or all of them, was used for, in numbers, and what was never exercised.
import { contractOf } from '../contract/contracts.ts'
import type { Rules } from '../contract/rules.ts'
import type { Provider } from '../provider.ts'
import { coverageBadge, coverageText } from '../text/coverage-text.ts'
import type { EntryCount, ProviderCoverage } from '../world/coverage.ts'
import { SITUATIONS } from '../world/situation-names.ts'
import { type ControlRequest, ok, type Routes } from './http.ts'

export const coverageRoutes: Routes = {
  getCoverage: (request) => {
    const { query, headers } = request
    // rule: sandgate.coverage.views
    const view = query.view ?? (wantsText(headers.accept) ? 'text' : 'json')
    const told = coverageOf(request)
    if (view === 'badge') return ok(coverageBadge(told))
    if (view === 'text') return { status: 200, type: 'text/plain; charset=utf-8', body: `${coverageText(told)}\n` }
    return ok(told)
  },
}

function wantsText(accept: string | undefined): boolean {
  return accept !== undefined && /^\s*text\/plain\b/i.test(accept)
}

function coverageOf({ engine, world, rules, query }: ControlRequest) {
  const isSum = query.worlds === 'all'
  // rule: sandgate.coverage.worlds
  const worlds = isSum ? [...engine.worlds.opened()] : []
  const coverage = isSum ? engine.worlds.coverage.sum(worlds) : world.journal.coverage
  const asked = [...engine.providers.values()].filter(({ name }) => [undefined, name].includes(query.provider))
  const providers = asked.map((provider) => providerView(provider, coverage.of(provider.name), rules))
  // rule: sandgate.coverage.percent
  const counted = query.provider === undefined ? providers.filter(({ used }) => used) : providers
  return {
    world: isSum ? null : world.id,
    ...(isSum && { worlds: { present: worlds.length, gone: engine.worlds.coverage.times } }),
    calls: coverage.calls,
    ...shareOf(counted),
    providers,
  }
}

function providerView(provider: Provider, counts: ProviderCoverage, rules: Rules) {
  const { name } = provider
  const view = countsView(counts)
  const notable = notableOf(provider, counts)
  // rule: sandgate.coverage.never
  const never = {
    operations: missing(
      contractOf(name).operations.map(({ id }) => id),
      view.operations.map(({ operation }) => operation),
    ),
    rules: missing(
      [...rules.all.values()]
        .filter(({ id, status }) => id.startsWith(`${name}.`) && status !== 'not-implemented')
        .map(({ id }) => id),
      view.rules.map(({ id }) => id),
    ),
    refusals: missing(
      Object.keys(provider.refusals),
      view.refusals.map((refusal) => refusal.name),
    ),
    events: missing(
      provider.callbacks?.events ?? [],
      view.events.map(({ event }) => event),
    ),
  }
  const shown = notable.filter(({ count }) => count > 0).length
  const exercised = view.operations.length + shown + view.refusals.length
  const total = exercised + never.operations.length + (notable.length - shown) + never.refusals.length
  return { provider: name, used: view.statuses.length > 0, ...shareOf([{ exercised, total }]), ...view, notable, never }
}

/** How much of it was exercised; in percent with one place, rounded down, so that 100 means all of it. */
function shareOf(parts: readonly { readonly exercised: number; readonly total: number }[]) {
  const exercised = parts.reduce((sum, part) => sum + part.exercised, 0)
  const total = parts.reduce((sum, part) => sum + part.total, 0)
  return { percent: total === 0 ? 0 : Math.floor((exercised * 1000) / total) / 10, exercised, total }
}

// rule: sandgate.coverage.notable
function notableOf({ situations = [] }: Provider, { notable, rules }: ProviderCoverage) {
  return situations.map(({ id, rule, rules: shownBy }) => {
    const seen = shownBy ? shownBy.flatMap((each) => rules.get(each) ?? []) : [notable.get(id)].filter((each) => !!each)
    const count = seen.reduce((sum, each) => sum + each.count, 0)
    const says = SITUATIONS[id]
    return {
      id,
      says: count === 0 ? `never exercised: ${says}` : says,
      rule,
      count,
      last_entry: count === 0 ? null : lastEntryOf(seen),
    }
  })
}

/** Null where it was counted in several worlds. */
function lastEntryOf(counts: readonly EntryCount[]): number | null {
  return Math.max(...counts.map(({ lastEntry }) => lastEntry)) || null
}

// rule: sandgate.coverage
function countsView({ operations, rules, refusals, statuses, events, receivers, deposits }: ProviderCoverage) {
  return {
    operations: inOrder(operations).map(([operation, counts]) => ({ operation, ...counts })),
    rules: inOrder(rules).map(([id, counts]) => ({ id, count: counts.count, last_entry: lastEntryOf([counts]) })),
    refusals: inOrder(refusals).map(([name, count]) => ({ name, count })),
    statuses: inOrder(statuses).map(([status, count]) => ({
      status: status === 'cut' ? null : Number(status),
      count,
    })),
    events: inOrder(events).map(([event, deliveries]) => ({ event, deliveries })),
    receivers: inOrder(receivers).map(([outcome, count]) => ({ outcome, count })),
    deposits: inOrder(deposits).map(([outcome, count]) => ({ outcome, count })),
  }
}

/** By name, so that two answers can be compared; what was taken back again is left out. */
function inOrder<T>(counts: ReadonlyMap<string, T>): [string, T][] {
  return [...counts].filter(([, count]) => !isNought(count)).sort(([a], [b]) => (a < b ? -1 : 1))
}

function isNought(count: unknown): boolean {
  return typeof count === 'object' && count !== null ? Object.values(count)[0] === 0 : count === 0
}

/** What there is and was never seen, by name. */
function missing(all: readonly string[], seen: readonly string[]): string[] {
  const known = new Set(seen)
  return [...new Set(all)].filter((name) => !known.has(name)).sort()
}
