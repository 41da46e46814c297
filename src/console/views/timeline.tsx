// The timeline.
import { live } from '../live/live.ts'
import { useStore } from '../state/store.ts'
import { Empty } from '../ui/empty.tsx'
import type { ViewOf } from './view.ts'

export function Timeline({ world }: ViewOf) {
  const { entries } = useStore(live)
  return <Empty title={`Timeline of ${world}: ${entries.length}`} />
}
