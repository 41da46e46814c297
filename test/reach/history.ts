// What was said to the clients of one world: who was promised what, what may or may not have happened, and in which order they saw it.
import type { Place, Wish } from './calls.ts'
import type { Failure } from './node.ts'

/** What was wished, until it is answered; with a key it is asked for again. */
export interface Creation {
  readonly wish: Wish
  /** The first answer; undefined: there was none yet. */
  answer: { readonly status: number; readonly text: string; readonly places: readonly Place[] } | undefined
  /** One was sent that nobody knows the end of. */
  uncertain: boolean
}

export interface Deposit {
  readonly amount: number
  id: string | undefined
  uncertain: boolean
}

/** A number that somebody saw, between two moments of the observer's own clock. */
export interface Seen {
  readonly value: number
  readonly from: number
  readonly until: number
  readonly by: string
}

/** A call that brought nothing. */
export interface Missed {
  readonly how: Failure | 503
  readonly from: number
  readonly until: number
  readonly by: string
}

export class History {
  readonly world: string
  readonly creations: Creation[] = []
  readonly deposits: Deposit[] = []
  /** Numbers of journal entries and readings of the world's clock. */
  readonly entries: Seen[] = []
  readonly clock: Seen[] = []
  /** The numbers of CPG's requests, which one counter gives out. */
  readonly requests: Seen[] = []
  /** Calls that failed as they should not have, or answers that contradict each other. */
  readonly wrong: string[] = []
  /** Calls that were not answered, or answered as unavailable. */
  readonly failures: Missed[] = []
  /** How calls ended, for the report. */
  readonly ends = new Map<string, number>()

  constructor(world: string) {
    this.world = world
  }

  ended(how: string | number): void {
    this.ends.set(String(how), (this.ends.get(String(how)) ?? 0) + 1)
  }

  /** The answered ones. */
  acknowledged(): (Creation & { answer: NonNullable<Creation['answer']> })[] {
    return this.creations.filter((one) => one.answer !== undefined) as ReturnType<History['acknowledged']>
  }

  /** What contradicts the promises made, as far as answers alone show it. */
  problems(): string[] {
    return [
      ...this.wrong,
      ...this.#holders(),
      ...this.#own(),
      ...fallsBack('journal entries', this.entries, true),
      ...fallsBack('world time', this.clock, false),
      ...fallsBack('requests of CPG', this.requests, true),
    ].map((problem) => `${this.world}: ${problem}`)
  }

  /** An address that somebody keeps never changes. */
  *#holders(): Generator<string> {
    const held = new Map<string, string>()
    for (const { wish, answer } of this.acknowledged()) {
      if (wish.holder === undefined) continue
      const who = `${wish.provider} ${wish.holder}`
      const places = placesText(answer.places)
      if ((held.get(who) ?? places) !== places) yield `the address of ${who} was ${held.get(who)} and is ${places}`
      held.set(who, places)
    }
  }

  /** An address that is to be nobody else's is handed out once. */
  *#own(): Generator<string> {
    const given = new Map<string, Wish>()
    for (const { wish, answer } of this.acknowledged()) {
      for (const place of answer.places) {
        const text = placesText([place])
        const other = given.get(text)
        const shared = other && other.holder !== undefined && other.holder === wish.holder
        if (other && !shared)
          yield `${wish.provider} handed out ${text} twice, for ${nameOf(other)} and ${nameOf(wish)}`
        given.set(text, wish)
      }
    }
  }
}

export function nameOf({ provider, key, request }: Wish): string {
  return `${provider} ${key ?? request.body}`
}

export function placesText(places: readonly Place[]): string {
  return places.map(({ address, tag }) => (tag === null ? address : `${address} ${tag}`)).join(', ')
}

export function rowsText(provider: string, { address, tag }: Place): string {
  return `${provider} ${placesText([{ address, tag }])}`
}

/** Numbers that were smaller, or when `strictly` the same, though they were asked for after larger ones had been answered. */
export function* fallsBack(what: string, seen: readonly Seen[], strictly: boolean): Generator<string> {
  const begun = seen.toSorted((a, b) => a.from - b.from)
  const ended = seen.toSorted((a, b) => a.until - b.until)
  let at = 0
  let last: Seen | undefined
  for (const one of begun) {
    for (; at < ended.length && ended[at]!.until < one.from; at++)
      if (!last || ended[at]!.value > last.value) last = ended[at]
    if (last && (strictly ? one.value <= last.value : one.value < last.value))
      yield `${what} fall back: ${last.value} (${last.by}) was answered before ${one.value} (${one.by}) was asked for`
  }
}
