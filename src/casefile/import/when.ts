// Instants as tools write them: whole, in parts, with seven places of a second, with any offset or none (UTC then), as numbers, as in HTTP headers.
import { LAST_MS } from '../../text/instants.ts'

/** An instant, and how many ms behind it the text leaves open: a day when it names the day alone. */
export interface When {
  readonly ms: number
  readonly openMs: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Numbers below this are seconds; it is a day of 1973 in ms. */
const SECONDS_BELOW = 100_000_000_000

const PARTS =
  /^(\d{4})[-/](\d\d?)(?:[-/](\d\d?)(?:[T ,]+(\d\d?)(?::(\d\d?)(?::(\d\d?)(?:[.,](\d{1,9}))?)?)?)?)?(?!\d)[:T\s]*(Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d)?/i

// rule: sandgate.import.time
/** Undefined: it names no day, or none that a clock can stand at. */
export function whenOf(value: unknown): When | undefined {
  if (typeof value === 'number') return within(value < SECONDS_BELOW ? value * SECOND : value, 0)
  if (typeof value !== 'string' || value.length > 100) return undefined
  const text = value.trim()
  if (/^\d{9,14}(\.\d+)?$/.test(text)) return whenOf(Number(text))
  const parts = PARTS.exec(text)
  return parts ? fromParts(parts) : fromWords(text)
}

function fromParts([, year, month, day, hour, minute, second, fraction = '', zone = 'Z']: RegExpExecArray):
  | When
  | undefined {
  const [m, d, h, i, s] = [month, day, hour, minute, second].map((part, index) =>
    part === undefined ? (index < 2 ? 1 : 0) : Number(part),
  ) as [number, number, number, number, number]
  if (m < 1 || m > 12 || d < 1 || d > 31 || h > 24 || i > 59 || s > 60) return undefined
  const ms = Date.UTC(Number(year), m - 1, d, h, i, s, Number(fraction.slice(0, 3).padEnd(3, '0'))) - offsetMs(zone)
  const openMs =
    day === undefined
      ? 31 * DAY
      : hour === undefined
        ? DAY
        : minute === undefined
          ? HOUR
          : second === undefined
            ? MINUTE
            : fraction === ''
              ? SECOND
              : 0
  return within(ms, openMs - 1)
}

/** `Sat, 16 May 2026 19:00:00 GMT`, and what else a runtime reads; without a zone it is UTC, wherever the file is read. */
function fromWords(text: string): When | undefined {
  if (!/\d{4}/.test(text) || /^[+-]\d/.test(text)) return undefined
  return within(Date.parse(/(Z|UTC|GMT|[+-]\d\d:?\d\d)\b[^\d]*$/i.test(text) ? text : `${text} UTC`), SECOND - 1)
}

function offsetMs(zone: string): number {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? []
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE)
}

function within(ms: number, openMs: number): When | undefined {
  return ms >= 0 && ms <= LAST_MS ? { ms: Math.floor(ms), openMs: Math.max(0, openMs) } : undefined
}
