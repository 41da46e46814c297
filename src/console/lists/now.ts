// World time in a component. Of a running clock it goes on between what the stream tells.
import { useEffect, useState } from 'preact/hooks'
import { live } from '../live/live.ts'
import { useStore } from '../state/store.ts'

/** How often what depends on a running clock is drawn again. */
const DRAW_MS = 5000

/** World time in ms; undefined until the stream has told it. */
export function useNow(): number | undefined {
  const { clock } = useStore(live)
  const [, tick] = useState(0)
  const running = clock?.mode === 'running'
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => tick((count) => count + 1), DRAW_MS)
    return () => clearInterval(timer)
  }, [running])
  if (!clock) return undefined
  return Date.parse(clock.now) + (running ? performance.now() - clock.heard : 0)
}
