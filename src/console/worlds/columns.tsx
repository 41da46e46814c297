// The columns of the list of worlds.
import type { World } from '../api/shapes.ts'
import { DEFAULT_WORLD } from '../router.ts'
import { Chip } from '../ui/chip.tsx'
import { Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Wall } from '../ui/wall.tsx'
import { Actions, type Doing } from './actions.tsx'

/** The columns. `here` is the world that is looked at. */
export function columnsOf(here: string, doing: Doing): readonly Column<World>[] {
  return [
    {
      head: 'Id',
      class: 'id',
      cell: ({ id, problem }) => (
        <>
          <Link query={{ id }} title="Shows it beside the list">
            {id}
          </Link>{' '}
          {id === here && (
            <Chip tone="info" title="The world that this page looks at">
              here
            </Chip>
          )}{' '}
          {problem !== undefined && (
            <Chip tone="bad" title={problem}>
              stopped
            </Chip>
          )}
        </>
      ),
    },
    { head: 'Seed', class: 'seed', cell: ({ seed }) => seed },
    { head: 'Clock', cell: ({ clock }) => <WorldClock clock={clock} /> },
    { head: 'Calls', class: 'number', cell: ({ calls }) => calls ?? '–' },
    { head: 'Last used', cell: ({ used_at }) => used_at !== undefined && <Wall iso={used_at} /> },
    { head: 'Goes at', cell: (world) => <Goes world={world} /> },
    { head: 'Do', class: 'do', cell: ({ id }) => <Actions world={id} doing={doing} /> },
  ]
}

/** World time, and whether it goes on by itself. */
export function WorldClock({ clock: { now, mode } }: { readonly clock: World['clock'] }) {
  return (
    <>
      <Time iso={now.replace(/\.\d+Z$/, 'Z')} /> <span class="muted">{mode}</span>
    </>
  )
}

/** When it is deleted, if nobody uses it. */
export function Goes({ world: { id, goes_at, problem } }: { readonly world: World }) {
  if (goes_at != null) return <Wall iso={goes_at} />
  if (id === DEFAULT_WORLD) return <span title="The default world is never deleted">never</span>
  return problem === undefined ? (
    <span title="Its clock runs and something is due: it counts as used">not while something is due</span>
  ) : (
    <span title="It could not be read, and stays until somebody resets or deletes it">not by itself</span>
  )
}
