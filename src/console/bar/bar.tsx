// The bar at the top: which world, what time it is there, how the connection stands, and the search.
import { Clock } from './clock.tsx'
import { Search } from './search.tsx'
import { StandingNote } from './standing.tsx'
import { WorldPicker } from './world-picker.tsx'

export function Bar({ world, help }: { readonly world: string; readonly help: () => void }) {
  return (
    <>
      <span class="brand">Sandgate</span>
      <WorldPicker world={world} />
      <StandingNote />
      <Search />
      <button type="button" class="small" aria-label="Keys" title="Keys (?)" onClick={help}>
        ?
      </button>
      <Clock world={world} />
    </>
  )
}
