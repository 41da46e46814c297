// A list, and beside it what is known of the row that is open; where there is little room, instead of it.
import type { ComponentChildren } from 'preact'
import { goWith } from '../router.ts'
import { Boundary } from './boundary.tsx'
import { focusView } from './focus.ts'
import { useKeys } from './keys.tsx'

interface SplitProps {
  /** The heading of the view, for people who hear the page. */
  readonly title: string
  readonly list: ComponentChildren
  /** The row that is open; undefined: none. */
  readonly panel: ComponentChildren
}

/** A list, and the row that is open beside it, or instead of it where there is little room. */
export function Split({ title, list, panel }: SplitProps) {
  return (
    <div class={`timeline ${panel === undefined ? '' : 'split'}`}>
      {/* Outside of the list, which has no place beside an open row where there is little room. */}
      <h1 id="list-title" class="out-of-sight">
        {title}
      </h1>
      <section class="list" aria-labelledby="list-title">
        {list}
      </section>
      {panel}
    </div>
  )
}

interface PanelProps {
  readonly title: string
  /** The parameters of the URL that closing takes out. */
  readonly closes: readonly string[]
  readonly children: ComponentChildren
}

export function Panel({ title, closes, children }: PanelProps) {
  const close = () => {
    const link = document.querySelector<HTMLElement>('tr.marked a.row-link')
    goWith(Object.fromEntries(closes.map((name) => [name, undefined])))
    // The keyboard goes on at the row that was open; where it is not in the list, at the view.
    if (link) setTimeout(() => link.focus())
    else focusView()
  }
  useKeys((key) => key === 'Escape' && close())
  return (
    <section class="entry-panel" aria-labelledby="panel-title">
      <header>
        <h2 id="panel-title">{title}</h2>
        <button type="button" class="small" title="Close (Esc)" onClick={close}>
          Close
        </button>
      </header>
      <Boundary what={title}>{children}</Boundary>
    </section>
  )
}
