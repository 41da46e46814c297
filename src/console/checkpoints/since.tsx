// How many rows were added, changed and removed since a checkpoint: in its row of the list, and as filters over the changes.
import { useReadOften } from '../api/often.ts'
import type { Changes, Checkpoint } from '../api/shapes.ts'
import { Chip, type Tone } from '../ui/chip.tsx'
import { Link } from '../ui/link.tsx'
import { type ChangeKind, KINDS } from './rows.ts'

/** From this size on a checkpoint is compared with the world only when somebody opens it. */
const LARGE_ROWS = 20_000

export const TONES: Readonly<Record<ChangeKind, Tone>> = { added: 'good', changed: 'info', removed: 'bad' }

export function Since({ world, checkpoint }: { readonly world: string; readonly checkpoint: Checkpoint }) {
  const { name, rows } = checkpoint
  const large = rows > LARGE_ROWS
  const path = `/checkpoints/${encodeURIComponent(name)}/changes?limit=1`
  const { value, problem } = useReadOften<Changes>(world, large ? undefined : path, { restMs: 3000 })
  if (large) return <Link query={{ name }}>Compare</Link>
  if (problem && !value) return <span class="wrong">{problem.message}</span>
  if (!value) return <span class="muted">…</span>
  const kinds = KINDS.filter((kind) => value.total[kind] > 0)
  if (kinds.length === 0) return <span class="muted">nothing</span>
  return (
    <span class="chips">
      {kinds.map((kind) => (
        <Chip key={kind} tone={TONES[kind]}>
          {value.total[kind]} {kind}
        </Chip>
      ))}
    </span>
  )
}
