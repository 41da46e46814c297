// What is done with one world: the same buttons in its row and beside the list.
import { DEFAULT_WORLD } from '../router.ts'
import { Link } from '../ui/link.tsx'

/** What asks for something first, in a dialog. */
export type Asking = 'fork' | 'reset' | 'restore' | 'delete'
/** What is saved as a file. */
export type Saving = 'snapshot' | 'recording'

export interface Doing {
  readonly ask: (what: Asking, world: string) => void
  readonly save: (what: Saving, world: string) => void
}

const ASKING: readonly (readonly [what: Asking, label: string, title: string])[] = [
  ['fork', 'Fork…', 'Makes another world that is as this one is now'],
  ['reset', 'Reset…', 'Makes it as new'],
  ['restore', 'Restore…', 'Puts it back to a snapshot that you have as a file'],
]
const SAVING: readonly (readonly [what: Saving, label: string, title: string])[] = [
  [
    'snapshot',
    'Snapshot',
    'Saves its whole state as a file, for Restore. It holds the secrets of callback endpoints: keep it as one',
  ],
  ['recording', 'Case file', 'Saves every call to it as a file without keys and secrets, for sandgate replay'],
]

export function Actions({ world, doing }: { readonly world: string; readonly doing: Doing }) {
  return (
    <div class="world-actions" role="group" aria-label={`Do with ${world}`}>
      <Link view="timeline" world={world} class="button small" title="Looks at this world">
        Open<span class="out-of-sight"> {world}</span>
      </Link>
      {SAVING.map(([what, label, title]) => (
        <button
          key={what}
          type="button"
          class="small more"
          aria-label={`${label} of ${world}`}
          title={title}
          onClick={() => doing.save(what, world)}
        >
          {label}
        </button>
      ))}
      {ASKING.map(([what, label, title]) => (
        <button
          key={what}
          type="button"
          class="small more"
          aria-label={`${label.slice(0, -1)} ${world}…`}
          title={title}
          onClick={() => doing.ask(what, world)}
        >
          {label}
        </button>
      ))}
      {world !== DEFAULT_WORLD && (
        <button
          type="button"
          class="small danger more"
          aria-label={`Delete ${world}…`}
          onClick={() => doing.ask('delete', world)}
        >
          Delete…
        </button>
      )}
    </div>
  )
}
