// What a world has been used for, in numbers: operations, rules, refusals, statuses, callbacks and deposits, each with how often. Counted as things
// happen, because the journal keeps only the newest of them. Nothing is stored: a restart begins at nought.

/** More names of one kind than any provider has; what comes beyond them is not counted. */
const NAMES_MAX = 2_000

/** What is counted of a call's journal entry. */
interface CountedCall {
  readonly id: number
  readonly provider: string
  readonly operation: string | undefined
  /** Undefined: the connection was cut. */
  readonly status: number | undefined
  readonly refusal: string | undefined
  readonly rules: readonly string[]
}

/** How often something happened, by name. */
type Counts = Map<string, number>

interface RuleCount {
  count: number
  lastEntry: number
}

/** What was counted of one provider. */
export interface ProviderCoverage {
  readonly operations: Map<string, { calls: number; refused: number }>
  readonly rules: Map<string, RuleCount>
  readonly refusals: Counts
  /** `cut` where the connection was cut instead of an answer. */
  readonly statuses: Counts
  readonly events: Counts
  readonly receivers: Counts
  readonly deposits: Counts
}

export class Coverage {
  #calls = 0
  readonly #providers = new Map<string, ProviderCoverage>()

  /** How many calls of providers there were. */
  get calls(): number {
    return this.#calls
  }

  /** What was counted of a provider. */
  of(provider: string): ProviderCoverage {
    let counted = this.#providers.get(provider)
    if (!counted) {
      counted = {
        operations: new Map(),
        rules: new Map(),
        refusals: new Map(),
        statuses: new Map(),
        events: new Map(),
        receivers: new Map(),
        deposits: new Map(),
      }
      this.#providers.set(provider, counted)
    }
    return counted
  }

  // rule: sandgate.coverage
  /** A call was answered. `by` -1: it was counted with another answer, which is taken back. */
  call({ id, provider, operation, status, refusal, rules }: CountedCall, by: 1 | -1 = 1): void {
    this.#calls += by
    const counted = this.of(provider)
    if (operation !== undefined) {
      const known = counted.operations.get(operation)
      const refused = status === undefined || status >= 400 ? by : 0
      if (known) {
        known.calls += by
        known.refused += refused
      } else if (counted.operations.size < NAMES_MAX) counted.operations.set(operation, { calls: by, refused })
    }
    count(counted.statuses, status === undefined ? 'cut' : String(status), by)
    if (refusal !== undefined) count(counted.refusals, refusal, by)
    for (let at = 0; at < rules.length; at++) {
      const rule = rules[at]!
      // One that applied twice counts once.
      if (rules.indexOf(rule) !== at) continue
      const known = counted.rules.get(rule)
      if (known) {
        known.count += by
        known.lastEntry = id
      } else if (counted.rules.size < NAMES_MAX) counted.rules.set(rule, { count: by, lastEntry: id })
    }
  }

  /** A callback is sent for the first time. */
  event(provider: string, event: string): void {
    count(this.of(provider).events, event, 1)
  }

  /** How a receiver took an attempt; `error` null: as delivered. */
  receiver(provider: string, status: number | null | undefined, error: string | null): void {
    count(this.of(provider).receivers, outcomeOf(status, error), 1)
  }

  /** A deposit was seen, or became something else. */
  deposit(provider: string, outcome: string): void {
    count(this.of(provider).deposits, outcome, 1)
  }
}

function count(counts: Counts, name: string, by: number): void {
  const known = counts.get(name)
  if (known !== undefined) counts.set(name, known + by)
  else if (counts.size < NAMES_MAX) counts.set(name, by)
}

/** `delivered`, the class of the status where that did not count as delivered, or how it came that there was no answer. */
function outcomeOf(status: number | null | undefined, error: string | null): string {
  if (error === null) return 'delivered'
  if (typeof status === 'number') return `${Math.floor(status / 100)}xx`
  return error.startsWith('no answer within ') ? 'timeout' : 'unreachable'
}
