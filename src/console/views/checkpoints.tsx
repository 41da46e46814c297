// The view "Checkpoints".
import { Empty } from '../ui/empty.tsx'
import type { ViewOf } from './view.ts'

export function Checkpoints({ world }: ViewOf) {
  return <Empty title={`Checkpoints of ${world}`} />
}
