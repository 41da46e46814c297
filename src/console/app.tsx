// The frame of the page: the bar, the navigation, and the view that the URL names.
import { useEffect, useState } from 'preact/hooks'
import { asking } from './api/token.ts'
import { Bar } from './bar/bar.tsx'
import { TokenDialog } from './bar/token.tsx'
import { live, lookAt } from './live/live.ts'
import { go, route, urlOf, type ViewName, VIEWS } from './router.ts'
import { useStore } from './state/store.ts'
import { Boundary } from './ui/boundary.tsx'
import { Empty } from './ui/empty.tsx'
import { KeyHelp, useKeys } from './ui/keys.tsx'
import { Link } from './ui/link.tsx'
import { COMPONENTS, TITLES } from './views/views.tsx'

export function App() {
  const { world, view, query } = useStore(route)
  const wants = useStore(asking)
  const { told, standing } = useStore(live)
  const gone = told?.gone ?? (standing.is === 'lost' && standing.why?.code === 'world_not_found')
  const [help, setHelp] = useState(false)

  useEffect(() => lookAt(world), [world])
  useEffect(() => {
    document.title = `${view === undefined ? 'Nothing here' : TITLES[view]} · ${world} · Sandgate`
  }, [view, world])
  useKeys((key, event) => {
    const number = Number(key)
    if (key === '?') setHelp(true)
    else if (key === '/') {
      event.preventDefault()
      document.getElementById('search')?.focus()
    } else if (number >= 1 && number <= VIEWS.length) go(urlOf(world, VIEWS[number - 1]!))
  })

  return (
    <>
      <a class="skip" href="#view">
        Skip to the view
      </a>
      <header class="bar">
        <Boundary what="the bar">
          <Bar key={world} world={world} help={() => setHelp(true)} />
        </Boundary>
      </header>
      <nav aria-label="Views">
        {VIEWS.map((name) => (
          <Link key={name} view={name} current={name === view}>
            {TITLES[name]}
          </Link>
        ))}
      </nav>
      <main id="view" tabIndex={-1}>
        {gone && view !== 'worlds' ? (
          <Empty title={`There is no world "${world}"${told?.gone ? ' any more' : ''}.`}>
            <p>
              A world goes when it is deleted, or when nobody used it for a long time; one that was only in memory goes
              with the sandbox.{' '}
              <Link view="worlds" world="default">
                See the worlds that there are
              </Link>
              , or make it again with New world.
            </p>
          </Empty>
        ) : (
          <Boundary what={view === undefined ? 'the view' : `${TITLES[view]} of ${world}`}>
            <View key={`${world} ${view}`} world={world} view={view} query={query} />
          </Boundary>
        )}
      </main>
      {wants !== 'no' && <TokenDialog again={wants === 'again'} />}
      {help && <KeyHelp close={() => setHelp(false)} />}
    </>
  )
}

interface ViewProps {
  readonly world: string
  readonly view: ViewName | undefined
  readonly query: Readonly<Record<string, string>>
}

function View({ world, view, query }: ViewProps) {
  if (view === undefined)
    return (
      <Empty title={`The console has no page ${location.pathname}.`}>
        <p>
          <Link view="timeline">Go to the timeline of {world}</Link>
        </p>
      </Empty>
    )
  const Component = COMPONENTS[view]
  return <Component world={world} query={query} />
}
