// When the next attempt is due, against the clock of the world.
import { useNow } from '../lists/now.ts'
import { durationOf, timeOf } from '../ui/time.tsx'

export function Due({ at }: { readonly at: string }) {
  const now = useNow()
  const left = now === undefined ? undefined : Date.parse(at) - now
  return (
    <time dateTime={at} title={`${timeOf(at)}, world time`}>
      {left === undefined ? timeOf(at) : left > 0 ? `in ${durationOf(left)}` : 'now'}
    </time>
  )
}
