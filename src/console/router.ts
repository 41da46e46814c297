// Where the page is: every view, filter, entry and callback has a URL that can be sent to a colleague.
// `/_sandgate/console/w/<world>/<view>?<what is looked at>`
import { Store } from './state/store.ts'

/** Where the page is served. */
export const CONSOLE = '/_sandgate/console'
export const DEFAULT_WORLD = 'default'

/** The views by name, in the order of the navigation. */
export const VIEWS = [
  'timeline',
  'money',
  'callbacks',
  'scenario',
  'rules',
  'reference',
  'worlds',
  'checkpoints',
  'findings',
] as const
export type ViewName = (typeof VIEWS)[number]

/** What the address bar says. `view` is undefined where there is no view of that name. */
export interface Route {
  readonly world: string
  readonly view: ViewName | undefined
  readonly query: Readonly<Record<string, string>>
}

/** Changes of a query: undefined and '' take a parameter out. */
export type Changes = Readonly<Record<string, string | number | undefined>>

/** Reads a URL. Without a world it is the default one, without a view the timeline. */
export function parseRoute(pathname: string, search: string): Route {
  const [, world, view = ''] = /^\/w\/([^/]+)(?:\/([^/]*))?/.exec(pathname.replace(CONSOLE, '')) ?? []
  return {
    world: world === undefined ? DEFAULT_WORLD : decoded(world),
    view: view === '' ? 'timeline' : VIEWS.find((name) => name === view),
    query: Object.fromEntries(new URLSearchParams(search)),
  }
}

/** Writes a URL. */
export function urlOf(world: string, view: ViewName, query: Changes = {}): string {
  const search = new URLSearchParams(
    Object.entries(query)
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => [name, String(value)]),
  ).toString()
  return `${CONSOLE}/w/${encodeURIComponent(world)}/${view}${search === '' ? '' : `?${search}`}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Where the page is now. Reads `location` once, and from then on what `go` and the back button say. */
export const route = new Store<Route>(
  typeof location === 'undefined' ? parseRoute('', '') : parseRoute(location.pathname, location.search),
)

/** Leads to a URL of the page; `replace` leaves no step for the back button. */
export function go(url: string, replace = false): void {
  if (url === location.pathname + location.search) return
  history[replace ? 'replaceState' : 'pushState'](null, '', url)
  route.set(parseRoute(location.pathname, location.search))
}

/** The same view with other parameters. */
export function goWith(changes: Changes, replace = false): void {
  const { world, view = 'timeline', query } = route.get()
  go(urlOf(world, view, { ...query, ...changes }), replace)
}

/** Follows the back and forward buttons. */
export function followHistory(): void {
  addEventListener('popstate', () => route.set(parseRoute(location.pathname, location.search)))
}
