// The view "Worlds".
import { Empty } from '../ui/empty.tsx'
import type { ViewOf } from './view.ts'

export function Worlds({ world }: ViewOf) {
  return <Empty title={`Worlds of ${world}`} />
}
