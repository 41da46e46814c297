// Whether calls of a kind were made, how many, and where the closest ones differ. Works through the journal as it stood when it was
// asked, in slices; how a call is matched is left to scenario/match.ts.
import { exactJson, replaced } from '../text/exact.ts'
import {
  concerns,
  type Difference,
  differences,
  regexOf,
  SearchBudget,
  SearchTooCostly,
  Subject,
  type When,
} from '../scenario/match.ts'
import { ReceivedCall } from '../contract/received-call.ts'
import { HIDDEN, isSecretHeader, mapTexts } from '../text/redact.ts'
import { inSlices } from '../runtime/slices.ts'
import type { CallEntry, JournalEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'
import { iso } from '../text/instants.ts'
import { type Context, unknownName } from './context.ts'
import { SandgateError } from './errors.ts'
import { REGEX_COST_MAX } from '../scenario/references.ts'
import { whenOf } from '../scenario/values.ts'

/** How many of the closest calls are told. */
const CLOSEST = 3
/** What the searches of one question may cost, in instructions × characters. */
const VERIFY_STEPS = 300_000_000

type Times = { readonly exactly?: number; readonly atLeast?: number; readonly atMost?: number }

/** A kind of call that somebody asks about. */
interface Kind {
  readonly provider: string
  readonly operation: string
  readonly match?: When
}

/** The answer: `unknown` when the journal has lost entries that could matter. */
export interface Verdict {
  readonly ok: boolean | 'unknown'
  readonly count: number
  readonly closest: readonly {
    readonly entry: number
    readonly at: string
    readonly status: number | null
    readonly differs: readonly Difference[]
  }[]
}

type Made = CallEntry

/** A call that may be told, and in how many places it differs. */
interface Close {
  readonly made: Made
  readonly places: number
}

interface Question {
  readonly times: Times
  readonly kind: Kind
  readonly after: Kind | undefined
  /** The journal, as it stood when it was asked. */
  readonly entries: readonly JournalEntry[]
  readonly lost: boolean
}

/**
 * Whether calls of a kind were made, and how many. `asked` is the JSON text of the question, so that every digit of its numbers counts.
 * Throws `invalid_request` or `search_too_costly`.
 */
// rule: sandgate.verify.moment
export async function verify(context: Context, world: World, asked: string): Promise<Verdict> {
  const { times = {}, after, ...kind } = withWhens(exactJson(asked)) as Kind & { times?: Times; after?: Kind }
  if (times.exactly !== undefined && Object.keys(times).length > 1)
    throw new SandgateError('invalid_request', 'body times: exactly says it all; leave atLeast and atMost out')
  for (const each of after ? [kind, after] : [kind]) refuseUnknown(each, context)
  const question = { times, kind, after, entries: [...world.journal], lost: world.journal.lost }
  try {
    return await inSlices(answering(question, context, world))
  } catch (error) {
    if (error instanceof SearchTooCostly)
      throw new SandgateError(
        'search_too_costly',
        'match: its regexes cost too much on so many calls, or on values this long; use shorter ones, without large repetitions, or compare fewer calls (DELETE /_sandgate/journal, a world a test)',
      )
    throw error
  }
}

/** The same body, with every `match` as a `when` is kept. */
function withWhens(written: unknown): unknown {
  const { match, after, ...rest } = written as { match?: When; after?: { match?: When } }
  const complain = (path: readonly (string | number)[], message: string) => {
    throw new SandgateError('invalid_request', `body match.${path.join('.')}: ${message}`)
  }
  return {
    ...replaced(rest, ({ value }) => value),
    ...(match && { match: whenOf(match, {}, complain) }),
    ...(after && { after: { ...after, ...(after.match && { match: whenOf(after.match, {}, complain) }) } }),
  }
}

/** One step a call: nobody waits for all of them. */
function* answering(
  { times, kind, after, entries, lost }: Question,
  context: Context,
  world: World,
): Generator<undefined, Verdict> {
  const budget = new SearchBudget(VERIFY_STEPS)
  const { keyHeader } = context.providers.get(kind.provider)!
  const hide = context.secrets.of(world)
  const first = after && (yield* firstOf(after, entries, budget, context))
  const when = whenAsked(kind)
  const most = times.atMost ?? times.exactly ?? Infinity
  const matching: Made[] = []
  let count = 0
  let closest: Close[] = []
  for (const entry of after && !first ? [] : entries) {
    yield
    if (entry.id <= (first?.id ?? 0) || !isOf(kind, entry)) continue
    const made: Made = entry
    const places = differences(when, subjectOf(made, kind, context), budget).length
    if (places === 0) {
      count++
      matching.push(made)
      if (matching.length > CLOSEST) matching.shift()
    } else closest = nearest([...closest, { made, places }])
  }
  const verdict = after && !first && lost ? 'unknown' : judge(count, times, lost)
  const shown = verdict === true ? [] : count > most ? nearest(matching.map((made) => ({ made, places: 0 }))) : closest
  return {
    ok: verdict,
    count,
    closest: shown.map(({ made, places }) => ({
      entry: made.id,
      at: iso(made.at),
      status: made.status ?? null,
      differs:
        places === 0
          ? []
          : differences(when, subjectOf(made, kind, context), budget).map((difference) =>
              hidden(difference, keyHeader, hide),
            ),
    })),
  }
}

function nearest(calls: readonly Close[]): Close[] {
  return [...calls].sort((a, b) => a.places - b.places || b.made.id - a.made.id).slice(0, CLOSEST)
}

/** The first call of a kind. */
function* firstOf(
  kind: Kind,
  entries: readonly JournalEntry[],
  budget: SearchBudget,
  context: Context,
): Generator<undefined, JournalEntry | undefined> {
  const when = whenAsked(kind)
  for (const entry of entries) {
    yield
    if (isOf(kind, entry) && concerns(when, subjectOf(entry, kind, context), budget)) return entry
  }
  return undefined
}

function isOf({ provider, operation }: Kind, entry: JournalEntry): entry is CallEntry {
  return entry.kind === 'call' && entry.provider === provider && entry.operation === operation
}

function subjectOf({ request }: Made, { provider }: Kind, context: Context): Subject {
  return new Subject(new ReceivedCall(request, context.providers.get(provider)!, context.contract(provider)))
}

function whenAsked({ provider, operation, match }: Kind): When {
  return { ...match, provider, operation }
}

/** Throws when there is no such operation, or its regexes are none. */
function refuseUnknown({ provider, operation, match }: Kind, context: Context): void {
  const none = unknownName({ provider, operation }, context)
  if (none !== undefined) throw new SandgateError('invalid_request', none)
  if (regexCost(match) > REGEX_COST_MAX)
    throw new SandgateError('invalid_request', 'match: its regexes cost too much together; use shorter ones or fewer')
}

/** How many instructions of RE2 the regexes of a pattern have; counting stops where there are too many. */
function regexCost(pattern: unknown): number {
  if (typeof pattern === 'string') {
    try {
      return regexOf(pattern)?.programSize() ?? 0
    } catch (error) {
      throw new SandgateError(
        'invalid_request',
        `match: ${pattern} is not a valid regular expression: ${(error as Error).message}`,
      )
    }
  }
  if (typeof pattern !== 'object' || pattern === null) return 0
  let cost = 0
  for (const item of Object.values(pattern)) if (cost <= REGEX_COST_MAX) cost += regexCost(item)
  return cost
}

/** Whether that many calls are as many as were asked for. What had to make room may have been such a call too. */
function judge(count: number, { exactly, atLeast, atMost }: Times, lost: boolean): boolean | 'unknown' {
  const least = exactly ?? atLeast ?? (atMost === undefined ? 1 : 0)
  const most = exactly ?? atMost ?? Infinity
  if (count > most) return false
  // rule: sandgate.verify.unknown
  if (!lost) return count >= least
  return count >= least && most === Infinity ? true : 'unknown'
}

/** Keys and signatures can be asked for, and are not told. */
function hidden(found: Difference, keyHeader: string, hide: (text: string) => string): Difference {
  const [part, name] = [found.path.slice(0, found.path.indexOf('.')), found.path.slice(found.path.indexOf('.') + 1)]
  return part === 'headers' && isSecretHeader(name, keyHeader) && found.got !== null
    ? { ...found, got: HIDDEN }
    : { ...found, got: mapTexts(found.got, hide) }
}
