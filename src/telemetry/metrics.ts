// What a sandbox counts, and `GET metrics`: prom-client writes the Prometheus text, from a registry that is made for each scrape and loaded with the
// first one. Counting is left to a Map, because it is part of every call: 0.5 µs, against 1.5 µs for a labelled Counter of prom-client. Every label value
// comes out of a document or a provider, none out of a request, so their number is bounded.
import type { FaultRule } from '../scenario/faults.ts'
import type { SharedCounts } from '../engine/commit.ts'
import { version } from '../runtime/package.ts'

/** What the process it runs in can tell; the command line hands it in. */
export interface Host {
  memoryUsage(): { readonly rss: number; readonly heapUsed: number }
  cpuUsage(): { readonly user: number; readonly system: number }
  uptime(): number
  /** Gives memory back that is not needed any more, some time soon. */
  collect?(): void
}

/** What the text is made from. */
export interface MetricsSource {
  readonly metrics: Metrics
  readonly worlds: Iterable<{
    readonly clock: { readonly due: number }
    readonly journal: { readonly dropped: number }
  }>
  /** Undefined: worlds live in memory alone. */
  readonly logLagBytes: number | undefined
  /** Undefined: no other process stores worlds in the same place. */
  readonly shared?: SharedCounts | undefined
  /** Undefined: nothing is told of the process. */
  readonly host: Host | undefined
}

const BETWEEN = '\n'

export class Metrics {
  readonly calls = new Map<string, number>()
  readonly faults = new Map<string, number>()
  readonly attempts = new Map<string, number>()

  /** A call was answered; status 0: it was cut. */
  call(provider: string, operation: string | undefined, status: number): void {
    add(this.calls, `${provider}${BETWEEN}${operation ?? 'none'}${BETWEEN}${status || 'none'}`)
  }

  /** Rules of a scenario struck a call. */
  struck(provider: string, rules: readonly FaultRule[]): void {
    for (const { then } of rules)
      for (const action of then) add(this.faults, `${provider}${BETWEEN}${Object.keys(action)[0]}`)
  }

  /** An attempt to deliver a callback ended. */
  attempt(provider: string, event: string, outcome: 'delivered' | 'refused' | 'unanswered'): void {
    add(this.attempts, `${provider}${BETWEEN}${event}${BETWEEN}${outcome}`)
  }
}

/** As it was counted: a histogram of prom-client does its own counting. */
function histogramText({ buckets, count, sum }: SharedCounts['commits']): string {
  const name = 'sandgate_commit_seconds'
  return [
    '',
    `# HELP ${name} How long commits to the database took in seconds.`,
    `# TYPE ${name} histogram`,
    ...buckets.map(([bound, most]) => `${name}_bucket{le="${bound}"} ${most}`),
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
    '',
  ].join('\n')
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** The text, and its media type. */
export async function metricsText({ metrics, worlds, logLagBytes, shared, host }: MetricsSource): Promise<{
  readonly type: string
  readonly text: string
}> {
  const { default: prometheus } = await import('prom-client')
  const registry = new prometheus.Registry()
  const gauge = (name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}) =>
    new prometheus.Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] }).set(labels, value)
  const counter = (name: string, help: string, counts: Iterable<[string, number]>, ...labelNames: string[]) => {
    const counted = new prometheus.Counter({ name, help, labelNames, registers: [registry] })
    for (const [key, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const values = key.split(BETWEEN)
      counted.inc(Object.fromEntries(labelNames.map((label, index) => [label, values[index]!])), count)
    }
  }

  gauge('sandgate_build_info', 'Version of Sandgate that is running.', 1, { version })
  counter(
    'sandgate_calls_total',
    'Provider calls by status. Operation none: the path is not in the OpenAPI document. Status none: the connection was cut.',
    metrics.calls,
    'provider',
    'operation',
    'status',
  )
  counter(
    'sandgate_faults_total',
    'Scenario actions applied to provider calls, by action.',
    metrics.faults,
    'provider',
    'action',
  )
  counter(
    'sandgate_callback_attempts_total',
    'Callback delivery attempts, by outcome.',
    metrics.attempts,
    'provider',
    'event',
    'outcome',
  )
  const all = [...worlds]
  const sum = (of: (world: (typeof all)[number]) => number) => all.reduce((total, world) => total + of(world), 0)
  gauge('sandgate_worlds', 'Number of worlds.', all.length)
  gauge(
    'sandgate_timers',
    'Pending timers in all worlds.',
    sum(({ clock }) => clock.due),
  )
  gauge(
    'sandgate_journal_dropped_entries',
    'Journal entries dropped to stay within the limits, in the worlds that exist.',
    sum(({ journal }) => journal.dropped),
  )
  if (logLagBytes !== undefined)
    gauge('sandgate_log_lag_bytes', 'Write-ahead log bytes not yet checkpointed, in all worlds.', logLagBytes)
  if (shared) {
    const { claims, takeovers, fenced, pendingRows } = shared
    const total = (name: string, help: string, value: number) => counter(name, help, [['', value]])
    total('sandgate_claims_total', 'Worlds that this process claimed.', claims)
    total('sandgate_takeovers_total', 'Worlds that this process claimed while another process had them.', takeovers)
    total('sandgate_fenced_total', 'Worlds that another process claimed while this process had them.', fenced)
    gauge('sandgate_pending_rows', 'Rows that wait to be stored.', pendingRows)
  }
  if (host) {
    const { rss, heapUsed } = host.memoryUsage()
    const { user, system } = host.cpuUsage()
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', rss)
    gauge('nodejs_heap_size_used_bytes', 'Used heap size in bytes.', heapUsed)
    counter('process_cpu_seconds_total', 'User and system CPU time spent in seconds.', [['', (user + system) / 1e6]])
    gauge('process_uptime_seconds', 'Time since the process started in seconds.', host.uptime())
  }
  const text = await registry.metrics()
  return { type: registry.contentType, text: shared ? text + histogramText(shared.commits) : text }
}
