// Times and durations as people read them. World time is UTC and is shown as such.

/** `2026-05-16 20:00:00`, with milliseconds where there are some. */
export function timeOf(iso: string): string {
  const [day = '', time = ''] = iso.replace('Z', '').split('T')
  return `${day} ${time.replace(/\.000$/, '')}`
}

/** `20:00:00`. */
export function hourOf(iso: string): string {
  return timeOf(iso).slice(11)
}

/** The time of day of this machine, for what is measured against it. */
export function wallTime(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8)
}

/** How long, in the two largest units: `1h 37m`. */
export function durationOf(ms: number): string {
  const parts: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1000, 's'],
  ]
  const said: string[] = []
  let rest = Math.abs(ms)
  for (const [size, unit] of parts) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) said.push(`${count}${unit}`)
  }
  return said.slice(0, 2).join(' ') || '0s'
}

/** An instant, its full text on hover. */
export function Time({ iso }: { readonly iso: string }) {
  return (
    <time dateTime={iso} title={`${iso}, world time`}>
      {timeOf(iso)}
    </time>
  )
}
