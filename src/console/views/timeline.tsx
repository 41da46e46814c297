// The timeline: everything that happened in a world in one list, newest first, with the entry that is open beside it.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { EntryPanel } from '../entry/panel.tsx'
import { goWith } from '../router.ts'
import type { Window } from '../state/entries.ts'
import { useEntries } from '../timeline/entries.ts'
import { FilterBar } from '../timeline/filter-bar.tsx'
import { filtersOf, isFiltered } from '../timeline/filters.ts'
import { type Item, itemsOf, isTrouble } from '../timeline/folds.ts'
import { COLUMNS, EntryRow } from '../timeline/row.tsx'
import { NothingYet } from '../timeline/nothing-yet.tsx'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { useKeys } from '../ui/keys.tsx'
import { Link } from '../ui/link.tsx'
import type { ViewOf } from './view.ts'

export function Timeline({ world, query }: ViewOf) {
  const filters = filtersOf(query)
  const shown = useEntries(world, filters)
  const [held, setHeld] = useState<Window>()
  const entries = held ?? shown.entries
  const items = useMemo(() => itemsOf(entries), [entries])
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set())
  const open = query.entry === undefined ? undefined : Number(query.entry)
  const list = useRef<HTMLDivElement>(null)
  const isOpen = ({ entry, folded }: Item) => unfolded.has(entry.id) || folded.some(({ id }) => id === open)
  const operations = useMemo(
    () => [...new Set(shown.entries.flatMap(({ operation }) => operation ?? []))].sort(),
    [shown.entries],
  )

  useKeys((key) => {
    if (key === 'Escape' && open !== undefined) goWith({ entry: undefined, with: undefined })
    else if (key === 'j' || key === 'k') moveTo(list.current, open, key === 'j' ? 1 : -1)
  })
  // The rows of a page that is not the newest do not change.
  useEffect(() => setHeld(undefined), [world, query.before])
  const missed = held ? shown.entries.filter(({ id }) => id > (held.at(-1)?.id ?? 0)).length : 0
  const fold = (id: number) =>
    setUnfolded((before) => {
      const after = new Set(before)
      if (!after.delete(id)) after.add(id)
      return after
    })

  return (
    <div class={`timeline ${open === undefined ? '' : 'split'}`}>
      <section class="list" aria-labelledby="timeline-title">
        <h1 id="timeline-title" class="out-of-sight">
          Timeline of {world}
        </h1>
        <div class="tools">
          <FilterBar filters={filters} operations={operations} />
          {filters.before === undefined ? (
            <button
              type="button"
              class="small"
              aria-pressed={held !== undefined}
              title="A paused list stands still while the world goes on"
              onClick={() => setHeld(held ? undefined : shown.entries)}
            >
              {held ? `Paused, ${missed} new: go on` : 'Pause'}
            </button>
          ) : (
            <Link query={{ before: undefined }}>Back to the newest</Link>
          )}
        </div>
        <ProblemNote problem={shown.problem} again={shown.again} />
        {shown.reading ? (
          <Reading what="the journal" />
        ) : items.length > 0 ? (
          <div class="rows" ref={list}>
            <table>
              <thead>
                <tr>
                  {COLUMNS.map((name) => (
                    <th key={name} scope="col" class={name.toLowerCase()}>
                      {name === 'Time' && <span class="day">World · </span>}
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {items.flatMap((item) => {
                  const { entry, folded } = item
                  const unfolds = isOpen(item)
                  return [
                    <EntryRow
                      key={entry.id}
                      entry={entry}
                      open={entry.id === open}
                      moreKey={`${folded.length} ${unfolds}`}
                      more={folded.length > 0 && <Fold item={item} open={unfolds} toggle={() => fold(entry.id)} />}
                    />,
                    ...(unfolds
                      ? folded.map((inner) => <EntryRow key={inner.id} entry={inner} open={inner.id === open} inside />)
                      : []),
                  ]
                })}
              </tbody>
            </table>
            <p class="paging">
              {shown.older ? (
                <Link query={{ before: entries[0]?.id, entry: undefined }}>Older entries</Link>
              ) : shown.dropped > 0 ? (
                `The journal had to drop ${shown.dropped} older entries.`
              ) : (
                'This is the beginning.'
              )}
            </p>
          </div>
        ) : shown.problem ? null : isFiltered(filters) || filters.before !== undefined ? (
          <Empty title="No entry is like that.">
            <p>
              <Link view="timeline">Show everything</Link>
            </p>
          </Empty>
        ) : (
          <NothingYet world={world} />
        )}
      </section>
      {open !== undefined && <EntryPanel world={world} id={open} other={query.with} />}
    </div>
  )
}

function Fold({ item, open, toggle }: { readonly item: Item; readonly open: boolean; readonly toggle: () => void }) {
  const count = item.folded.length
  const trouble = item.folded.filter(isTrouble).length
  return (
    <button type="button" class="small fold" aria-expanded={open} onClick={toggle}>
      {open ? '▾' : '▸'} {count} {count === 1 ? 'entry' : 'entries'}
      {trouble > 0 && <span class="wrong"> {trouble} failed</span>}
    </button>
  )
}

/** Moves to the next or the previous row; with an entry open it is the one that opens. */
function moveTo(list: HTMLElement | null, open: number | undefined, step: number): void {
  const links = [...(list?.querySelectorAll<HTMLAnchorElement>('a.row-link') ?? [])]
  const focused = links.indexOf(document.activeElement as HTMLAnchorElement)
  const at = focused >= 0 ? focused : links.findIndex((link) => Number(link.textContent) === open)
  const next = links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]
  if (!next) return
  next.focus()
  next.scrollIntoView({ block: 'nearest' })
  if (open !== undefined) goWith({ entry: next.textContent, with: undefined }, true)
}
