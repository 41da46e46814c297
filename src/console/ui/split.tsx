// A list, and beside it what is known of the row that is open; where there is little room, instead of it.
import type { ComponentChildren } from 'preact'
import { goWith } from '../router.ts'
import { Boundary } from './boundary.tsx'
import { useKeys } from './keys.tsx'

interface SplitProps {
  /** The heading of the view, for people who hear the page. */
  readonly title: string
  readonly list: ComponentChildren
  /** The row that is open; undefined: none. */
  readonly aside: ComponentChildren
}

export function SplitView({ title, list, aside }: SplitProps) {
  return (
    <div class={`timeline ${aside === undefined ? '' : 'split'}`}>
      <h1 id="split-title" class="out-of-sight">
        {title}
      </h1>
      <section class="list" aria-labelledby="split-title">
        {list}
      </section>
      {aside}
    </div>
  )
}

interface AsideProps {
  readonly title: string
  /** The parameters of the URL that closing takes out. */
  readonly closes: readonly string[]
  readonly children: ComponentChildren
}

/** What stands beside the list. */
export function Aside({ title, closes, children }: AsideProps) {
  const close = () => goWith(Object.fromEntries(closes.map((name) => [name, undefined])))
  useKeys((key) => {
    if (key === 'Escape') close()
  })
  return (
    <section class="entry-panel" aria-labelledby="aside-title">
      <header>
        <h2 id="aside-title">{title}</h2>
        <button type="button" class="small" title="Close (Esc)" onClick={close}>
          Close
        </button>
      </header>
      <Boundary what={title}>{children}</Boundary>
    </section>
  )
}
