// A retry that the provider cannot know for one: the answer was lost, the same was asked for again under another idempotency key, or none, and now there
// are two of what was meant once.
import type { RetryKey } from '../provider.ts'
import type { CallEntry } from '../world/journal.ts'
import { type Detector, isObject, isWithin, type SeenCall } from './scene.ts'

/** Who asks for the same after longer than this may mean another one. */
const CLOSE_MS = 10 * 60_000

interface Asked {
  readonly entry: CallEntry
  readonly key: string | undefined
  /** The client cannot know what came of it. */
  lost: boolean
  readonly made: boolean
}

interface Suspicion {
  readonly first: Asked
  readonly second: Asked
  readonly call: SeenCall
  readonly by: RetryKey
  /** The first key, in its scope; undefined: there was none. */
  readonly firstKey: string | undefined
}

// rule: sandgate.findings.new-key-on-retry
export const newKeyOnRetry: Detector = {
  kind: 'new-key-on-retry',
  begin({ world }, tell) {
    const newest = new Map<string, Asked>()
    /** The last entry that came under a key. */
    const used = new Map<string, number>()
    const suspicions: Suspicion[] = []
    let before: Asked | undefined
    return {
      see(entry, call) {
        if (entry.kind === 'fault') {
          // A spoiled answer is as good as none.
          if (before?.entry.id === entry.call && entry.did.some((action) => 'corrupt' in action)) before.lost = true
          return
        }
        if (!call || call.account === undefined || entry.kind !== 'call') return
        const by = call.pitfalls.retryKeys?.[entry.operation!]
        if (!by || !saysWhose(call, by)) return
        const { key, rest } = keyOf(call, by)
        const scope = (text: string) => JSON.stringify([entry.provider, call.account, text])
        if (key !== undefined) used.set(scope(key), entry.id)
        const intent = JSON.stringify([call.who, entry.provider, entry.path, rest])
        const first = newest.get(intent)
        const second: Asked = {
          entry,
          key,
          lost: entry.status === undefined || entry.status >= 500,
          // A provider's own rows are its affair; what it handed out and what it sent are told apart here.
          made: world.journal.made.of(entry.id).some(({ table }) => table === 'addresses' || table === 'withdrawals'),
        }
        newest.set(intent, second)
        before = second
        if (!first?.lost || !first.made || !second.made || (key !== undefined && key === first.key)) return
        if (!isWithin(CLOSE_MS, first.entry, entry)) return
        suspicions.push({
          first,
          second,
          call,
          by,
          firstKey: first.key === undefined ? undefined : scope(first.key),
        })
      },
      end() {
        for (const { first, second, call, by, firstKey } of suspicions) {
          // Whoever asked again under the first key has retried, and meant another one with the second.
          if (firstKey !== undefined && used.get(firstKey)! > first.entry.id) continue
          const how = second.key === undefined ? `no ${by.name}` : `another ${by.name}`
          tell({
            provider: call.provider.name,
            subject: `${call.name} ${how}`,
            says: `${call.name} was made in entry ${first.entry.id}, but its answer was ${lostHow(first.entry)}; entry ${second.entry.id} asked for the same with ${how}, so it was made a second time.`,
            advice: `Choose the ${by.name} before the first attempt, store it with the order, and send the same one on every retry until there is an answer${
              by.refusal === undefined
                ? ''
                : `; a repeat is refused ("${by.refusal}"), which says that the first attempt went through`
            }.`,
            rule: by.rule,
            entries: [first.entry.id, second.entry.id],
          })
        }
      },
    }
  },
}

function saysWhose({ json }: SeenCall, { whose }: RetryKey): boolean {
  return isObject(json) && whose.some((name) => ![undefined, null, ''].includes(json[name] as null))
}

function lostHow({ status }: CallEntry): string {
  if (status === undefined) return 'lost with the connection'
  return status >= 500 ? `${status}` : 'spoiled'
}

/** The key of a call, and its body without the key. */
function keyOf(call: SeenCall, { in: where, name }: RetryKey): { key: string | undefined; rest: unknown } {
  if (where === 'header') return { key: call.header(name.toLowerCase()), rest: call.text }
  const { json } = call
  if (!isObject(json)) return { key: undefined, rest: call.text }
  const { [name]: key, ...rest } = json
  return { key: key === undefined || key === null || key === '' ? undefined : String(key), rest }
}
