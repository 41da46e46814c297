// `coverage`: what this world was used for, in numbers.
import type { ProviderCoverage } from '../world/coverage.ts'
import { ok, type Routes } from './http.ts'

export const coverageRoutes: Routes = {
  getCoverage: ({ engine, world, query }) => {
    const { coverage } = world.journal
    const names = [...engine.providers.keys()].filter((name) => query.provider === undefined || name === query.provider)
    return ok({
      world: world.id,
      calls: coverage.calls,
      providers: names.map((name) => ({ provider: name, ...coverageView(coverage.of(name)) })),
    })
  },
}

// rule: sandgate.coverage
function coverageView({ operations, rules, refusals, statuses, events, receivers, deposits }: ProviderCoverage) {
  return {
    operations: inOrder(operations).map(([operation, counts]) => ({ operation, ...counts })),
    rules: inOrder(rules).map(([id, { count, lastEntry }]) => ({ id, count, last_entry: lastEntry })),
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
