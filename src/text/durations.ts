// Durations as people write them: `90s`, `15m`, `4h`, `7d`, or ISO 8601 (`PT4H`).

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
const SHORT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/
const ISO = /^P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/

/** Longer than anything a test waits for, and short enough that every instant it leads to can be written. */
const LONGEST_MS = 1000 * 365 * 86_400_000

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
