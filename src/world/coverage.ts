// What a world has been used for, in numbers: operations, rules, refusals, statuses, callbacks, deposits and notable situations, each with how often.
// Counted as things happen, because the journal keeps only the newest of them. Nothing is stored: a restart begins at nought.
import type { SituationName } from './situation-names.ts'

/** More names of one kind than any provider has; what comes beyond them is not counted. */
const NAMES_MAX = 2_000
/** How many calls with lost answers, and how many objects of callbacks, are remembered; the oldest make room. */
const REMEMBERED_MAX = 10_000

/** What is counted of a call's journal entry. */
interface CountedCall {
  readonly id: number
  readonly provider: string
  readonly operation: string | undefined
  /** Undefined: the connection was cut. */
  readonly status: number | undefined
  readonly refusal: string | undefined
  readonly rules: readonly string[]
  readonly notes: Readonly<Record<string, unknown>>
}

/** What a call's journal entry says of idempotency. */
interface IdempotencyNote {
  readonly decided?: string
  readonly changed?: boolean
  readonly first_answer?: string
}

/** How often something happened, by name. */
type Counts = Map<string, number>

/** How often, and the newest journal entry that shows it; 0: those of several worlds. */
export interface EntryCount {
  count: number
  lastEntry: number
}

type EntryCounts = Map<string, EntryCount>

/** What was counted of one provider. */
export interface ProviderCoverage {
  readonly operations: Map<string, { calls: number; refused: number }>
  readonly rules: EntryCounts
  readonly refusals: Counts
  /** `cut` where the connection was cut instead of an answer. */
  readonly statuses: Counts
  readonly events: Counts
  readonly receivers: Counts
  readonly deposits: Counts
  readonly notable: EntryCounts
}

export class Coverage {
  #calls = 0
  readonly #providers = new Map<string, ProviderCoverage>()
  readonly #lost = new Set<string>()
  /** The newest callback about an object that its receiver has taken, by object. */
  readonly #taken = new Map<string, number>()

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
        notable: new Map(),
      }
      this.#providers.set(provider, counted)
    }
    return counted
  }

  // rule: sandgate.coverage
  /** A call was answered. `by` -1: it was counted with another answer, which is taken back. */
  call({ id, provider, operation, status, refusal, rules, notes }: CountedCall, by: 1 | -1 = 1): void {
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
      if (rules.indexOf(rule) === at) countEntry(counted.rules, rule, id, by)
    }
    // rule: sandgate.coverage.notable
    if (status === undefined) countEntry(counted.notable, 'provider.cut', id, by)
    else if (status >= 500) countEntry(counted.notable, 'provider.outage', id, by)
    else if (status === 429 || refusal === 'rate_limited') countEntry(counted.notable, 'provider.rate-limit', id, by)
    const note = notes.idempotency as IdempotencyNote | undefined
    if (note) countRepeat(counted.notable, note, id, by)
  }

  /** A scenario has answered a call with this refusal. */
  injected(provider: string, refusal: string): void {
    count(this.of(provider).refusals, refusal, 1)
  }

  // rule: sandgate.coverage.notable
  /** A notable situation, which this journal entry shows. */
  notable(provider: string, situation: SituationName, entry: number): void {
    countEntry(this.of(provider).notable, situation, entry, 1)
  }

  /** The answer of a call that did its work did not reach the client; `repeat` is what a repeat of it is known by. */
  lose(repeat: string): void {
    if (this.#lost.size >= REMEMBERED_MAX) forgetOldest(this.#lost)
    this.#lost.add(repeat)
  }

  /** A call does its work for the first time, as far as its world knows: no answer of it was lost. */
  begin(repeat: string): void {
    if (this.#lost.size > 0) this.#lost.delete(repeat)
  }

  /** Whether the answer of the call that this one repeats was lost. */
  hasLost(repeat: string): boolean {
    return this.#lost.size > 0 && this.#lost.has(repeat)
  }

  /** A receiver has taken a callback about this object. Answers whether it had taken a newer one of them before. */
  taken(object: string, number: number): boolean {
    const newest = this.#taken.get(object)
    if (newest !== undefined && newest > number) return true
    this.#taken.delete(object)
    if (this.#taken.size >= REMEMBERED_MAX) forgetOldest(this.#taken)
    this.#taken.set(object, number)
    return false
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

  // rule: sandgate.coverage.worlds
  /** Counts in what another world was used for. Its entries are of its own journal: none of them is named in the sum. */
  add(other: Coverage): void {
    this.#calls += other.#calls
    for (const [provider, theirs] of other.#providers) {
      const own = this.of(provider)
      for (const [name, { calls, refused }] of theirs.operations) {
        const known = own.operations.get(name)
        if (known) {
          known.calls += calls
          known.refused += refused
        } else if (own.operations.size < NAMES_MAX) own.operations.set(name, { calls, refused })
      }
      for (const kind of ['refusals', 'statuses', 'events', 'receivers', 'deposits'] as const)
        for (const [name, times] of theirs[kind]) count(own[kind], name, times)
      for (const kind of ['rules', 'notable'] as const)
        for (const [name, { count: times }] of theirs[kind]) countEntry(own[kind], name, 0, times)
    }
  }
}

function countRepeat(counts: EntryCounts, note: IdempotencyNote, entry: number, by: number): void {
  const { decided } = note
  if (decided === 'conflict' || note.changed === true) countEntry(counts, 'repeat.changed', entry, by)
  else if (decided === 'replayed') countEntry(counts, 'repeat.same', entry, by)
  if (decided === 'replayed' && note.first_answer === 'lost') countEntry(counts, 'repeat.after-lost', entry, by)
}

function count(counts: Counts, name: string, by: number): void {
  const known = counts.get(name)
  if (known !== undefined) counts.set(name, known + by)
  else if (counts.size < NAMES_MAX) counts.set(name, by)
}

function countEntry(counts: EntryCounts, name: string, entry: number, by: number): void {
  const known = counts.get(name)
  if (known) {
    known.count += by
    known.lastEntry = entry
  } else if (counts.size < NAMES_MAX) counts.set(name, { count: by, lastEntry: entry })
}

function forgetOldest(names: Set<string> | Map<string, unknown>): void {
  for (const oldest of names.keys()) return void names.delete(oldest)
}

/** `delivered`, the class of the status where that did not count as delivered, or how it came that there was no answer. */
function outcomeOf(status: number | null | undefined, error: string | null): string {
  if (error === null) return 'delivered'
  if (typeof status === 'number') return `${Math.floor(status / 100)}xx`
  return error.startsWith('no answer within ') ? 'timeout' : 'unreachable'
}
