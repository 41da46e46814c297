// The columns of the list of checkpoints, and the buttons of one.
import type { Checkpoint } from '../api/shapes.ts'
import { Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Wall } from '../ui/wall.tsx'
import { Since } from './since.tsx'

export type Asking = 'rewind' | 'delete'
export type Ask = (what: Asking, name: string) => void

export function columnsOf(world: string, ask: Ask): readonly Column<Checkpoint>[] {
  return [
    {
      head: 'Name',
      class: 'id',
      cell: ({ name }) => (
        <Link query={{ name, row: undefined, more: undefined }} title="Shows what has changed since">
          {name}
        </Link>
      ),
    },
    { head: 'World time', cell: ({ at }) => <Time iso={at} /> },
    { head: 'Made', cell: ({ made_at }) => <Wall iso={made_at} /> },
    { head: 'Behind', cell: ({ entry }) => <Behind entry={entry} /> },
    { head: 'Rows', class: 'number', cell: ({ rows }) => rows },
    {
      head: 'Since then',
      // One that was replaced is compared anew.
      cell: (checkpoint) => <Since key={checkpoint.made_at} world={world} checkpoint={checkpoint} />,
    },
    { head: 'Do', class: 'do', cell: ({ name }) => <CheckpointActions name={name} ask={ask} /> },
  ]
}

/** Where in the journal it was made. The journal may have begun anew since, so that the entry itself may be gone. */
export function Behind({ entry }: { readonly entry: number }) {
  if (entry === 0) return <span class="muted">no entry</span>
  return (
    <Link view="timeline" query={{ before: entry + 1 }} title="The timeline up to here">
      entry {entry}
    </Link>
  )
}

export function CheckpointActions({ name, ask }: { readonly name: string; readonly ask: Ask }) {
  return (
    <div class="world-actions" role="group" aria-label={`Do with ${name}`}>
      <button type="button" class="small" aria-label={`Rewind to ${name}…`} onClick={() => ask('rewind', name)}>
        Rewind…
      </button>
      <button type="button" class="small danger" aria-label={`Delete ${name}…`} onClick={() => ask('delete', name)}>
        Delete…
      </button>
    </div>
  )
}
