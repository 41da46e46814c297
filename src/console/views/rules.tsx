// The view "Rules".
import { Empty } from '../ui/empty.tsx'
import type { ViewOf } from './view.ts'

export function Rules({ world }: ViewOf) {
  return <Empty title={`Rules of ${world}`} />
}
