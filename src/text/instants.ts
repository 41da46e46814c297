// Instants as ISO 8601 text with a zone, and as milliseconds since 1970: parsed, checked against what can be written, and printed in UTC.
import { duration, InvalidTime } from './durations.ts'

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/
/** The end of the year 9999, the last instant that has four digits for its year. */
export const LAST_MS = 253_402_300_799_999

/** The instant in ms; undefined when the text is not a date, a time and a zone in ISO 8601, or names a day that does not exist. */
export function instantMs(text: string): number | undefined {
  if (!INSTANT.test(text)) return undefined
  const [year, month, day] = text.split(/[-T]/, 3).map(Number)
  // Date.parse makes March 2 of February 30.
  if (day! > new Date(Date.UTC(year!, month, 0)).getUTCDate()) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

/** The same; throws `InvalidTime`. */
export function instant(text: string): number {
  const ms = instantMs(text)
  if (ms === undefined)
    throw new InvalidTime(`"${text}" is not an instant; expected ISO 8601 such as 2026-05-16T19:00:00Z`)
  return ms
}

/** `2026-05-16T19:00:00.000Z` */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** `2026-05-16T19:00:00Z`, fractions of a second cut off. */
export function isoSeconds(ms: number): string {
  return `${iso(ms).slice(0, 19)}Z`
}

/** The instant that is `text`, a duration, after another one. `field` is named when it throws `InvalidTime`. */
export function after(ms: number, text: string, field: string): number {
  const at = ms + duration(text, field)
  if (at > LAST_MS) throw new InvalidTime(`"${field}": ${text} leads beyond the year 9999`)
  return at
}

/** A clock setting: `real`, or an instant in UTC. Throws `InvalidTime`. */
export function clockText(text: string): string {
  return text === 'real' ? text : iso(instant(text))
}
