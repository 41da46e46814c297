// One checkpoint, beside the list: when it was made, and what has changed since.
import type { Checkpoint } from '../api/shapes.ts'
import { Time } from '../ui/time.tsx'
import { Wall } from '../ui/wall.tsx'
import { ChangesSince } from './changes.tsx'
import { type Ask, Behind, CheckpointActions } from './columns.tsx'

interface Props {
  readonly world: string
  readonly checkpoint: Checkpoint
  readonly query: Readonly<Record<string, string>>
  readonly ask: Ask
}

export function CheckpointBeside({ world, checkpoint, query, ask }: Props) {
  const { name, at, made_at, entry, rows } = checkpoint
  return (
    <>
      <CheckpointActions name={name} ask={ask} />
      <dl class="pairs">
        <div>
          <dt>World time</dt>
          <dd>
            <Time iso={at} />
          </dd>
        </div>
        <div>
          <dt>Made</dt>
          <dd>
            <Wall iso={made_at} />
          </dd>
        </div>
        <div>
          <dt>Behind</dt>
          <dd>
            <Behind entry={entry} />
          </dd>
        </div>
        <div>
          <dt>Rows</dt>
          <dd>{rows}</dd>
        </div>
      </dl>
      <ChangesSince key={made_at} world={world} checkpoint={checkpoint} query={query} />
    </>
  )
}
