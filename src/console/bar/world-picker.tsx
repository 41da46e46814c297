// Which world is looked at, and what is done with worlds: new, fork, reset, delete.
import { useState } from 'preact/hooks'
import type { World } from '../api/shapes.ts'
import { api } from '../api/client.ts'
import { useAction, useRead } from '../api/use.ts'
import { DEFAULT_WORLD, go, route, urlOf } from '../router.ts'
import { useStore } from '../state/store.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Field, Form } from '../ui/form.tsx'

type Doing = 'new' | 'fork' | 'reset' | 'delete'

export function WorldPicker({ world }: { readonly world: string }) {
  const { view = 'timeline' } = useStore(route)
  const { value, again } = useRead<{ data: readonly World[] }>(DEFAULT_WORLD, '/worlds')
  const [doing, setDoing] = useState<Doing>()
  const ids = value?.data.map(({ id }) => id) ?? []
  const choices = ids.includes(world) ? ids : [world, ...ids]
  const goTo = (id: string) => go(urlOf(id, view))
  const done = (id: string) => {
    setDoing(undefined)
    again()
    goTo(id)
  }
  return (
    <div class="worlds-bar">
      <label for="world">World</label>
      <select
        id="world"
        value={world}
        onFocus={again}
        onChange={(event: Event) => goTo((event.currentTarget as HTMLSelectElement).value)}
      >
        {choices.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      <select
        aria-label="Do with the world"
        value=""
        onChange={(event: Event) => {
          const select = event.currentTarget as HTMLSelectElement
          setDoing(select.value as Doing)
          select.value = ''
        }}
      >
        <option value="">Actions</option>
        <option value="new">New world…</option>
        <option value="fork">Fork {world}…</option>
        <option value="reset">Reset {world}…</option>
        {world !== DEFAULT_WORLD && <option value="delete">Delete {world}…</option>}
      </select>
      {(doing === 'new' || doing === 'fork') && (
        <NewWorld from={doing === 'fork' ? world : undefined} close={() => setDoing(undefined)} done={done} />
      )}
      {doing === 'reset' && <ResetWorld world={world} close={() => setDoing(undefined)} done={done} />}
      {doing === 'delete' && <DeleteWorld world={world} close={() => setDoing(undefined)} done={done} />}
    </div>
  )
}

interface Doer {
  readonly close: () => void
  /** Leads to the world that is there now. */
  readonly done: (id: string) => void
}

/** Makes a world, empty or as another one is. */
export function NewWorld({ from, close, done }: Doer & { readonly from?: string | undefined }) {
  const [id, setId] = useState('')
  const [seed, setSeed] = useState('')
  const [clock, setClock] = useState('')
  const { run, busy, problem } = useAction(() =>
    api<World>(DEFAULT_WORLD, '/worlds', {
      method: 'POST',
      body: given(from === undefined ? { id, seed, clock } : { id, from }),
    }),
  )
  const submit = async () => {
    const made = await run()
    if (made) done(made.id)
  }
  return (
    <Dialog title={from === undefined ? 'New world' : `Fork ${from}`} close={close}>
      <Form
        does={from === undefined ? 'Make it' : 'Fork it'}
        busy={busy}
        problem={problem}
        fields={['id', 'seed', 'clock']}
        submit={() => void submit()}
      >
        <Field
          label="Id"
          name="id"
          value={id}
          change={setId}
          problem={problem}
          placeholder="ci-42"
          hint="Small letters, digits and dashes. Without one it is given a number."
        />
        {from === undefined && (
          <>
            <Field
              label="Seed"
              name="seed"
              value={seed}
              change={setSeed}
              problem={problem}
              hint="What addresses, ids and hashes are derived from. Default: that of the sandbox."
            />
            <Field
              label="Clock"
              name="clock"
              value={clock}
              change={setClock}
              problem={problem}
              placeholder="2026-05-16T19:00:00Z"
              hint="real, or the time at which it starts, frozen. Default: that of the sandbox."
            />
          </>
        )}
      </Form>
    </Dialog>
  )
}

/** Makes a world as new. */
export function ResetWorld({ world, close, done }: Doer & { readonly world: string }) {
  const [seed, setSeed] = useState('')
  const [clock, setClock] = useState('')
  const { run, busy, problem } = useAction(async () => {
    await api(world, '/reset', { method: 'POST', body: given({ seed, clock }) })
    return true
  })
  const submit = async () => {
    if (await run()) done(world)
  }
  return (
    <Dialog title={`Reset ${world}`} close={close}>
      <p>
        Everything in it goes: addresses, deposits, callbacks and where they go, the scenario, armed rules, the journal.
      </p>
      <Form
        does={`Reset ${world}`}
        danger
        busy={busy}
        problem={problem}
        fields={['seed', 'clock']}
        submit={() => void submit()}
      >
        <Field label="Seed" name="seed" value={seed} change={setSeed} problem={problem} hint="Default: as it is." />
        <Field
          label="Clock"
          name="clock"
          value={clock}
          change={setClock}
          problem={problem}
          placeholder="2026-05-16T19:00:00Z"
          hint="real, or the time at which it starts, frozen. Default: as it began."
        />
      </Form>
    </Dialog>
  )
}

/** Deletes a world. */
export function DeleteWorld({ world, close, done }: Doer & { readonly world: string }) {
  const { run, busy, problem } = useAction(async () => {
    await api(DEFAULT_WORLD, `/worlds/${encodeURIComponent(world)}`, { method: 'DELETE' })
    return true
  })
  const submit = async () => {
    if (await run()) done(DEFAULT_WORLD)
  }
  return (
    <Dialog title={`Delete ${world}`} close={close}>
      <p>The world and everything in it go. A snapshot or a case file taken before remains yours.</p>
      <Form does={`Delete ${world}`} danger busy={busy} problem={problem} submit={() => void submit()}>
        {null}
      </Form>
    </Dialog>
  )
}

/** Without the fields that were left empty. */
function given(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}
