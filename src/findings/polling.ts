// The same question asked faster than the provider allows: it refused the client for it, or its documents name a number and there were more.
import type { CallEntry } from '../world/journal.ts'
import { type Detector, isWithin, type SeenCall } from './scene.ts'

const MINUTE_MS = 60_000
/** So many equal questions within a minute are polling, where they are at least half of all calls. */
const POLLS = 3
/** Two equal calls that are signed in the same second. */
const SAME_SECOND_MS = 1000

// rule: sandgate.findings.polling-too-fast
export const pollingTooFast: Detector = {
  kind: 'polling-too-fast',
  begin(_, tell) {
    const asked = new Map<string, CallEntry[]>()
    const counted = new Map<string, CallEntry[]>()
    const minutes = new Map<string, Minute>()
    let newest: CallEntry | undefined
    /** Those whose answer nobody could read. */
    const spoiled = new Set<number>()
    const told = (call: SeenCall, why: string, says: string, advice: string, entries: readonly CallEntry[]) =>
      tell({
        provider: call.provider.name,
        subject: `${call.name} ${why}`,
        says,
        advice,
        ...(why === 'signed before' && { rule: call.pitfalls.signedBefore!.rule }),
        entries: [...entries.map(({ id }) => id), call.entry.id],
      })
    return {
      see(entry, call) {
        if (entry.kind === 'fault' && entry.call === newest?.id && entry.did.some((action) => 'corrupt' in action))
          spoiled.add(entry.call)
        if (entry.kind !== 'call' || !call || call.who === '') return
        newest = entry
        const minute = minuteOf(minutes, JSON.stringify([entry.provider, call.who]), entry)
        if (!call.looks) return
        const { provider, path, refusal, operation } = entry
        const before = recent(asked, JSON.stringify([provider, call.who, entry.method, path, call.text]), entry)
        const most = operation === undefined ? undefined : call.pitfalls.perMinute?.[operation]
        const signedBefore = call.pitfalls.signedBefore
        if (refusal === 'rate_limited') {
          // The bucket counts by the clock of the world; whether that is too fast for the provider is a matter of both clocks.
          const isFast = isWithin(MINUTE_MS, minute.calls[minute.from]!, entry)
          if (before.length >= POLLS && before.length * 2 >= minute.calls.length - minute.from && isFast)
            told(
              call,
              'rate limited',
              `${call.name} was asked the same ${before.length + 1} times within a minute, until the provider refused it with ${entry.status}.`,
              'Ask less often, with a wait that grows, and let callbacks tell what has changed.',
              before.slice(-POLLS),
            )
        } else if (signedBefore && refusal === signedBefore.refusal) {
          const twin = before.findLast(({ id, status }) => status !== undefined && status < 400 && !spoiled.has(id))
          if (twin && isWithin(SAME_SECOND_MS, twin, entry))
            told(
              call,
              'signed before',
              `${call.name} was asked the same twice within a second: both have the same signature, and the second was refused with ${entry.status}.`,
              'Wait for the next second before the same call, and ask less often: callbacks tell what has changed.',
              [twin],
            )
        }
        if (most === undefined) return
        const calls = recent(counted, JSON.stringify([provider, call.account, operation]), entry)
        if (calls.length >= most && refusal !== 'rate_limited')
          told(
            call,
            'per minute',
            `${call.name} was called ${calls.length + 1} times within a minute; the documents allow ${most}.`,
            'Keep the answer for a while instead of asking for each page view.',
            calls.slice(-1),
          )
      },
    }
  },
}

/** All calls of a key, those of the last minute of the world from `from` on. */
interface Minute {
  readonly calls: CallEntry[]
  from: number
}

function minuteOf(minutes: Map<string, Minute>, key: string, entry: CallEntry): Minute {
  const minute = minutes.get(key) ?? { calls: [], from: 0 }
  minutes.set(key, minute)
  minute.calls.push(entry)
  while (entry.at - minute.calls[minute.from]!.at >= MINUTE_MS) minute.from++
  return minute
}

/** The calls of that name in the minute before this one, which is added. */
function recent(calls: Map<string, CallEntry[]>, name: string, entry: CallEntry): readonly CallEntry[] {
  const before = (calls.get(name) ?? []).filter((call) => isWithin(MINUTE_MS - 1, call, entry))
  calls.set(name, [...before, entry])
  return before
}
