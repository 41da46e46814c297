// What a sandbox counts, and `GET metrics`: Prometheus text. One addition to a Map for each call; every label comes out of a document or a
// provider, none out of a request, so there are only so many of them.
import type { FaultRule } from '../scenario/faults.ts'
import type { World } from '../world/world.ts'
import { version } from '../runtime/package.ts'

/** What the process it runs in can tell; the command line hands it in. */
export interface Host {
  memoryUsage(): { readonly rss: number; readonly heapUsed: number }
  cpuUsage(): { readonly user: number; readonly system: number }
  uptime(): number
  /** Gives memory back that is not needed any more, some time soon. */
  collect?(): void
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

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** One family of samples. */
interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]
}

/** What a sandbox is measured by. */
export interface Measured {
  readonly metrics: Metrics
  readonly worlds: Iterable<World>
  /** Undefined: worlds live in memory. */
  readonly lagBytes: number | undefined
  readonly host: Host | undefined
}

export function metricsText(measured: Measured): string {
  return [...familiesOf(measured)].map(written).join('')
}

function* familiesOf({ metrics, worlds, lagBytes, host }: Measured): Generator<Family> {
  yield gauge('sandgate_build_info', 'The version that answers.', 1, { version })
  yield {
    name: 'sandgate_calls_total',
    type: 'counter',
    help: 'Calls of providers, by what was answered; operation none: no document knows the path, status none: the connection was cut.',
    samples: samples(metrics.calls, 'provider', 'operation', 'status'),
  }
  yield {
    name: 'sandgate_faults_total',
    type: 'counter',
    help: 'What scenarios did to calls, by action.',
    samples: samples(metrics.faults, 'provider', 'action'),
  }
  yield {
    name: 'sandgate_callback_attempts_total',
    type: 'counter',
    help: 'Attempts to deliver a callback, by what became of them.',
    samples: samples(metrics.attempts, 'provider', 'event', 'outcome'),
  }
  const all = [...worlds]
  yield gauge('sandgate_worlds', 'Worlds there are.', all.length)
  yield gauge(
    'sandgate_timers',
    'Timers waiting, all worlds together.',
    all.reduce((sum, { clock }) => sum + clock.due, 0),
  )
  yield gauge(
    'sandgate_journal_dropped_entries',
    'Journal entries that had to make room, in the worlds there are.',
    all.reduce((sum, { journal }) => sum + journal.dropped, 0),
  )
  if (lagBytes !== undefined)
    yield gauge(
      'sandgate_log_lag_bytes',
      'What a start would have to read behind the checkpoints, all worlds together.',
      lagBytes,
    )
  if (host) yield* processFamilies(host)
}

/** The names are those every Prometheus client gives them. */
function* processFamilies(host: Host): Generator<Family> {
  const { rss, heapUsed } = host.memoryUsage()
  const { user, system } = host.cpuUsage()
  yield gauge('process_resident_memory_bytes', 'Resident memory.', rss)
  yield gauge('nodejs_heap_size_used_bytes', 'Heap in use.', heapUsed)
  yield {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time used, user and system.',
    samples: [[{}, (user + system) / 1e6]],
  }
  yield gauge('process_uptime_seconds', 'How long the process has been up.', host.uptime())
}

function gauge(name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): Family {
  return { name, type: 'gauge', help, samples: [[labels, value]] }
}

function samples(counts: ReadonlyMap<string, number>, ...names: readonly string[]): Family['samples'] {
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  return rows.map(([key, value]) => {
    const values = key.split(BETWEEN)
    return [Object.fromEntries(names.map((name, index) => [name, values[index]!])), value]
  })
}

/** The text format 0.0.4 of Prometheus. */
function written({ name, type, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text).replaceAll('"', '\\"')}"`)
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
  })
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
