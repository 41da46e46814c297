// The same callback came twice, and the receiver did not know it again: the second answer was an error, or told of another credit than the first.
import type { CallbackEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'
import { type Detector, isObject, leavesOf, type Scene } from './scene.ts'
import { deliveryOf, placeOf } from './receivers.ts'

/** Answers that say that nothing could be done just now, or that the caller was not believed. */
const NOT_ABOUT_IT: readonly number[] = [401, 403, 408, 421, 425, 429, 502, 503, 504]
/** What may be booked once for a callback. Balances and sums change by themselves, and an id of nothing in particular may be that of the answer. */
const BOOKED = '(credit|deposit|payment|transaction|transfer|booking|movement|posting)'
const BOOKED_ID = new RegExp(`(^|[._])${BOOKED}[._]?id$`, 'i')

/** What became of the same bytes at the same receiver. */
interface Handled {
  readonly first: CallbackEntry
  /** Answered with an error later, and with nothing better since. */
  refused: CallbackEntry | undefined
}

// rule: sandgate.findings.callback-handled-twice
export const callbackHandledTwice: Detector = {
  kind: 'callback-handled-twice',
  begin(scene, tell) {
    const { world } = scene
    let handled = new Map<string, Handled>()
    const told = (first: CallbackEntry, second: CallbackEntry, how: string) =>
      tell({
        provider: second.provider,
        subject: second.event,
        says: `The receiver ${placeOf(second, world)} answered ${first.status} to ${first.event} in entry ${first.id}, and when the same bytes came again in entry ${second.id}, ${how}.`,
        advice:
          'Callbacks come at least once. Store the id of each in the same transaction as the credit, and answer a second one 200 without doing anything.',
        entries: [first.id, second.id],
      })
    const end = () => {
      for (const { first, refused } of handled.values())
        if (refused && isLast(refused, world)) told(first, refused, `${refused.status}: it did not know it again`)
    }
    return {
      see(entry) {
        // Another receiver, or another secret, may be behind the same endpoint from here on.
        if (entry.kind === 'control' && entry.action === 'endpoint') {
          end()
          handled = new Map()
        }
        if (entry.kind !== 'callback' || typeof entry.status !== 'number') return
        // One that nobody may trust is refused for that.
        if (deliveryOf(entry, world)?.spoiled) return
        const name = nameOf(entry, scene)
        const known = name === undefined ? undefined : handled.get(name)
        if (!known) {
          if (name !== undefined && entry.error === null) handled.set(name, { first: entry, refused: undefined })
          return
        }
        if (entry.error === null) {
          known.refused = undefined
          const differs = bookedTwice(known.first.answer, entry.answer)
          if (differs !== undefined)
            told(known.first, entry, `it answered with another ${differs}: it was handled a second time`)
        } else if (entry.status >= 400 && !NOT_ABOUT_IT.includes(entry.status)) known.refused = entry
      },
      end,
    }
  },
}

/** The same for the same bytes to the same receiver; undefined: where they went is not known any more. */
function nameOf(entry: CallbackEntry, { world }: Scene): string | undefined {
  const delivery = deliveryOf(entry, world)
  return delivery && JSON.stringify([delivery.provider, delivery.endpoint, delivery.url, entry.body])
}

/** Whether it was refused for good: who answers with an error of its own may be down for a moment, as long as the provider tries again. */
function isLast(refused: CallbackEntry, world: World): boolean {
  return refused.status! < 500 || deliveryOf(refused, world)?.status === 'exhausted'
}

/** The first field in two answers that names what was booked, and names something else in the second. */
function bookedTwice(first: string | undefined, second: string | undefined): string | undefined {
  const [one, two] = [jsonOf(first), jsonOf(second)]
  if (!isObject(one) || !isObject(two)) return undefined
  const before = new Map([...leavesOf(one)].map(([path, value]) => [path.join('.'), value]))
  for (const [path, value] of leavesOf(two)) {
    const name = path.join('.')
    const known = before.get(name)
    if (!BOOKED_ID.test(name) || known === undefined || known === null || value === null) continue
    if (typeof known === typeof value && known !== value) return name.slice(0, 100)
  }
  return undefined
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
