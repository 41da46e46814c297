// The view "Scenario".
import { Empty } from '../ui/empty.tsx'
import type { ViewOf } from './view.ts'

export function Scenario({ world }: ViewOf) {
  return <Empty title={`Scenario of ${world}`} />
}
