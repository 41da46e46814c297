// Wall time: how long ago something was, or how far away it is, and when exactly. World time is in time.tsx.
import { durationOf, timeOf } from './time.tsx'

/** An instant of wall time, as seen from now. */
export function Wall({ iso }: { readonly iso: string }) {
  const [instant] = timeOf(iso).split('.')
  return (
    <time dateTime={iso} class="wall" title={`${iso}, wall time`}>
      {fromNow(Date.parse(iso) - Date.now())} <span class="muted">{instant} UTC</span>
    </time>
  )
}

/** `in 3h 2m`, `5m 12s ago`; the clocks of two machines differ a little. */
function fromNow(ms: number): string {
  if (Math.abs(ms) < 2000) return 'just now'
  return ms > 0 ? `in ${durationOf(ms)}` : `${durationOf(ms)} ago`
}
