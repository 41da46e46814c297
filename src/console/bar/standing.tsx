// How the connection stands, in words.
import { live } from '../live/live.ts'
import { useStore } from '../state/store.ts'
import { wallTime } from '../ui/time.tsx'

export function StandingNote() {
  const { standing, told } = useStore(live)
  const [tone, words] =
    standing.is === 'live'
      ? told?.gone
        ? ['warn', 'this world is gone']
        : ['good', 'live']
      : standing.is === 'connecting'
        ? ['plain', 'connecting…']
        : ['bad', `${standing.why?.detail ?? 'no answer'} since ${wallTime(standing.since)}, trying again`]
  return (
    <span class={`standing ${tone}`} role="status">
      {words}
    </span>
  )
}
