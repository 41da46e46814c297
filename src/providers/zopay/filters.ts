// What the filters of a list take: words with commas between, instants, identifiers. Each refuses by a name of its own.
import { Refusal } from '../../provider.ts'
import { time, uuidIn, type ZopayCall } from './wire.ts'

/** A filter of words out of a vocabulary; none: every one of them. */
export function words(
  call: ZopayCall,
  name: 'type' | 'status',
  vocabulary: readonly string[],
): (word: string) => boolean {
  const text = call.queryValues[name] as string | undefined
  if (text === undefined) return () => true
  const wanted = text.split(',')
  // rule: zopay.lists.words
  if (wanted.some((word) => !vocabulary.includes(word)))
    throw new Refusal(`invalid_${name}`, {}, `${name} accepts ${vocabulary.join(', ')}, separated by commas only`)
  return (word) => wanted.includes(word)
}

/** The inclusive bounds `from` and `to`. */
export function bounds({ queryValues }: ZopayCall): (createdAt: number) => boolean {
  const from = boundOf(queryValues.from)
  const to = boundOf(queryValues.to)
  return (createdAt) => {
    // rule: zopay.lists.bounds
    const told = Date.parse(time(createdAt))
    return (from === undefined || told >= from) && (to === undefined || told <= to)
  }
}

const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d))?)?$/

/** ISO 8601 as ms; without an offset UTC, without a time midnight. */
// rule: zopay.lists.dates
function boundOf(text: unknown): number | undefined {
  if (text === undefined) return undefined
  const parts = INSTANT.exec(String(text))
  if (!parts)
    throw new Refusal(
      'invalid_date',
      {},
      / \d\d:?\d\d$/.test(String(text))
        ? 'write the + of an offset as %2B'
        : 'write 2026-05-16 or 2026-05-16T19:00:00Z',
    )
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const real = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  const [, , , , , , , fraction = '', sign = '+', offsetHours = '0', offsetMinutes = '0'] = parts
  if (!real || hour > 23 || minute > 59 || second > 59 || Number(offsetHours) > 23 || Number(offsetMinutes) > 59)
    throw new Refusal('invalid_date', {}, 'the date does not exist')
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000 * (sign === '-' ? -1 : 1)
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + Number(`0.${fraction}0`) * 1000 - offset
}

/** `true`, `false`, or both. */
// rule: zopay.events.livemode-filter
export function livemodes({ queryValues }: ZopayCall): (livemode: boolean) => boolean {
  const text = queryValues.livemode as string | undefined
  if (text === undefined) return () => true
  if (text !== 'true' && text !== 'false') throw new Refusal('invalid_livemode')
  return (livemode) => livemode === (text === 'true')
}

/** One object, by its UUID in any spelling. */
// rule: zopay.events.related-filter
export function related({ queryValues }: ZopayCall): (uuid: string) => boolean {
  const text = queryValues.related_to as string | undefined
  if (text === undefined) return () => true
  const wanted = uuidIn(text)
  if (wanted === undefined)
    throw new Refusal(
      'invalid_related_to',
      {},
      text.startsWith('addr_') ? 'the events of an address name the UUID inside its id' : undefined,
    )
  return (uuid) => uuid === wanted
}
