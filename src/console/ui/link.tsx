// Links within the page: real links, which can be copied and opened in another tab, and which do not load the page again.
import type { ComponentChildren } from 'preact'
import { type Changes, go, route, urlOf, type ViewName } from '../router.ts'
import { useStore } from '../state/store.ts'

interface Props {
  readonly view?: ViewName
  /** Default: the world that is looked at. */
  readonly world?: string
  readonly query?: Changes
  readonly replace?: boolean
  readonly class?: string
  readonly title?: string
  readonly current?: boolean
  readonly children: ComponentChildren
}

/** Leads to a view. Without `view` it stays in the present one and changes parameters. */
export function Link({ view, world, query, replace, class: className, title, current, children }: Props) {
  const now = useStore(route)
  const url = urlOf(
    world ?? now.world,
    view ?? now.view ?? 'timeline',
    view === undefined ? { ...now.query, ...query } : query,
  )
  return (
    <a
      href={url}
      class={className}
      title={title}
      aria-current={current ? 'page' : undefined}
      onClick={(event: MouseEvent) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        event.stopPropagation()
        go(url, replace)
      }}
    >
      {children}
    </a>
  )
}

/** Leads to an entry of the journal. */
export function EntryLink({ id, children }: { readonly id: number; readonly children?: ComponentChildren }) {
  return (
    <Link view="timeline" query={{ entry: id }}>
      {children ?? `entry ${id}`}
    </Link>
  )
}
