// The view "Callbacks": deliveries with their attempts, and the endpoints that they go to.
import { DeliveryList } from '../callbacks/deliveries.tsx'
import { DeliveryPanel } from '../callbacks/delivery-panel.tsx'
import { EndpointList } from '../callbacks/endpoints.tsx'
import { Sections } from '../lists/sections.tsx'
import { Split } from '../ui/split.tsx'
import type { ViewOf } from './view.ts'

const SECTIONS = [
  ['deliveries', 'Deliveries'],
  ['endpoints', 'Endpoints'],
] as const

export function Callbacks({ world, query }: ViewOf) {
  const shown = query.show === 'endpoints' ? 'endpoints' : 'deliveries'
  const open = shown === 'deliveries' ? query.delivery : undefined
  return (
    <Split
      title={shown === 'endpoints' ? `Endpoints of ${world}` : `Callbacks of ${world}`}
      list={
        <>
          <Sections label="Parts of Callbacks" view="callbacks" sections={SECTIONS} shown={shown} />
          {shown === 'endpoints' ? (
            <EndpointList world={world} query={query} />
          ) : (
            <DeliveryList world={world} query={query} />
          )}
        </>
      }
      panel={open === undefined ? undefined : <DeliveryPanel world={world} id={open} />}
    />
  )
}
