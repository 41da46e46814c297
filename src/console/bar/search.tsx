// The search: entries of the journal in whose operation, path, refusal, hint or body a text stands. It is a filter of the timeline, with a URL.
import { useEffect, useState } from 'preact/hooks'
import { go, route, urlOf } from '../router.ts'
import { useStore } from '../state/store.ts'

export function Search() {
  const { world, view, query } = useStore(route)
  const shown = view === 'timeline' ? (query.text ?? '') : ''
  const [typed, setTyped] = useState(shown)
  useEffect(() => setTyped(shown), [shown])
  return (
    <form
      role="search"
      onSubmit={(event: Event) => {
        event.preventDefault()
        const kept = view === 'timeline' ? query : {}
        go(urlOf(world, 'timeline', { ...kept, text: typed.trim(), before: undefined }))
      }}
    >
      <label class="out-of-sight" for="search">
        Search the journal
      </label>
      <input
        id="search"
        type="search"
        placeholder="Search  /"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event: Event) => setTyped((event.currentTarget as HTMLInputElement).value)}
      />
    </form>
  )
}
