// Where a scenario is written, checked and loaded.
import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { Scenario } from '../api/shapes.ts'
import { asProblem, useAction } from '../api/use.ts'
import { ProblemNote, Reading } from '../ui/empty.tsx'
import type { Editing, Finding } from './codemirror.ts'

interface Checked {
  readonly ok: boolean
  readonly problems: readonly Finding[]
  readonly summary?: { readonly name: string; readonly rules: number; readonly timeline: number }
}

interface Props {
  readonly world: string
  readonly start: string
  readonly loaded: () => void
}

export function Editor({ world, start, loaded }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const editing = useRef<Editing>(undefined)
  const [ready, setReady] = useState(false)
  const [checked, setChecked] = useState<Checked>()
  const [failed, setFailed] = useState<ReturnType<typeof asProblem>>()
  const loading = useAction((reset: boolean) =>
    api<Scenario>(world, `/scenario${reset ? '?reset=true' : ''}`, { method: 'PUT', yaml: editing.current!.text() }),
  )
  const load = async (reset: boolean) => {
    if (!loading.busy && (await loading.run(reset))) loaded()
  }

  useEffect(() => {
    let closed = false
    const check = async (text: string) => {
      try {
        const answer = await api<Checked>(world, '/scenario/check', { method: 'POST', yaml: text })
        if (!closed) setChecked(answer)
        if (!closed) setFailed(undefined)
        return answer.problems
      } catch (error) {
        if (!closed) setFailed(asProblem(error))
        return []
      }
    }
    import('./codemirror.ts').then(
      ({ edit }) => {
        if (closed) return
        editing.current = edit(place.current!, start, check)
        setReady(true)
      },
      (error: unknown) => setFailed(asProblem(error)),
    )
    return () => {
      closed = true
      editing.current?.end()
    }
  }, [world])

  return (
    <section class="panel" aria-labelledby="editor-title">
      <h2 id="editor-title">Editor</h2>
      {!ready && !failed && <Reading what="the editor" />}
      <div ref={place} class="editor" />
      <div role="status">
        {checked && (
          <>
            <p>
              {checked.ok
                ? `It can be loaded. Rules: ${checked.summary?.rules ?? 0}. Steps of the timeline: ${checked.summary?.timeline ?? 0}.`
                : 'It cannot be loaded as it is:'}
            </p>
            <ul>
              {checked.problems.map(({ severity, message, line }) => (
                <li key={`${line} ${message}`} class={severity === 'error' ? 'wrong' : undefined}>
                  {line === undefined ? '' : `line ${line}: `}
                  {message}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      <ProblemNote problem={failed ?? loading.problem} />
      <div class="buttons">
        <button
          type="button"
          class="primary"
          aria-disabled={loading.busy || !ready}
          onClick={() => ready && void load(false)}
        >
          Load
        </button>
        <button type="button" onClick={() => editing.current?.check()}>
          Check without loading
        </button>
        {loading.problem?.code === 'world_used' && (
          <button type="button" class="danger" onClick={() => void load(true)}>
            Reset {world}, then load
          </button>
        )}
      </div>
    </section>
  )
}
