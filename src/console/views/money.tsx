// The view "Money".
import { Empty } from '../ui/empty.tsx'
import type { ViewOf } from './view.ts'

export function Money({ world }: ViewOf) {
  return <Empty title={`Money of ${world}`} />
}
