// The view "Callbacks".
import { Empty } from '../ui/empty.tsx'
import type { ViewOf } from './view.ts'

export function Callbacks({ world }: ViewOf) {
  return <Empty title={`Callbacks of ${world}`} />
}
