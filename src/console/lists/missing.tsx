// What a panel shows instead of a row: that it is being read, or that there is none of this id.
import type { Problem } from '../api/client.ts'
import { ProblemNote, Reading } from '../ui/empty.tsx'

interface Props {
  /** "deposit dep_3". */
  readonly what: string
  readonly missing: boolean
  readonly problem: Problem | undefined
  readonly again: () => void
}

export function NoRow({ what, missing, problem, again }: Props) {
  if (problem) return <ProblemNote problem={problem} again={again} />
  if (!missing) return <Reading what={what} />
  return <p class="problem">This world has no {what}. It may be of another world, or the world was reset since.</p>
}
