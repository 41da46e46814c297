// Durations as people write them: `90s`, `15m`, `4h`, `7d`, or ISO 8601 (`PT4H`). The one parser, and the one printer.

const UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const
const UNIT_MS: Readonly<Record<string, number>> = Object.fromEntries(UNITS)
/** Weeks are read, but printed as days. */
const PRINTED = UNITS.filter(([unit]) => unit !== 'w')
const SHORT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/
const ISO = /^P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/

/** Longer than anything a test waits for, and short enough that every instant it leads to can be written. */
const LONGEST_MS = 1000 * 365 * 86_400_000

/** A text that is not an instant or a duration, or leads to an instant that cannot be written; the message is a sentence for people. */
export class InvalidTime extends Error {}

/** The duration in whole ms, at most a thousand years; undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  const ms = read(text)
  return ms !== undefined && ms <= LONGEST_MS ? ms : undefined
}

function read(text: string): number | undefined {
  const short = SHORT.exec(text)
  if (short) return Math.round(Number(short[1]) * UNIT_MS[short[2]!]!)
  const iso = ISO.exec(text)
  if (!iso) return undefined
  const [weeks, days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0))
  return Math.round(
    weeks! * UNIT_MS.w! + days! * UNIT_MS.d! + hours! * UNIT_MS.h! + minutes! * UNIT_MS.m! + seconds! * UNIT_MS.s!,
  )
}

/** The same; `field` is named when it throws `InvalidTime`. */
export function duration(text: string, field: string): number {
  const ms = durationMs(text)
  if (ms === undefined)
    throw new InvalidTime(`"${field}" is not a duration: ${text}; expected 90s, 15m, 4h, 7d or PT4H`)
  return ms
}

/** Whole ms, from 0, in the largest unit that leaves no fraction: `90m`. `durationMs` reads it back. */
export function durationText(ms: number): string {
  const [unit, size] = PRINTED.find(([, size]) => ms >= size && ms % size === 0) ?? ['s', 1000]
  return `${ms / size}${unit}`
}
