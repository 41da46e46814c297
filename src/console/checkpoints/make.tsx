// Makes a checkpoint, or replaces the one of that name.
import { useId, useState } from 'preact/hooks'
import { api, Problem } from '../api/client.ts'
import type { Checkpoint } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { ProblemNote } from '../ui/empty.tsx'

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

interface Props {
  readonly world: string
  /** Those that there are. */
  readonly names: readonly string[]
  readonly made: (checkpoint: Checkpoint, replaced: boolean) => void
}

export function MakeCheckpoint({ world, names, made }: Props) {
  const id = useId()
  const [typed, setTyped] = useState('')
  const name = typed.trim()
  const replaces = names.includes(name)
  const { run, busy, problem, forget } = useAction(() => make(world, name))
  const submit = async () => {
    const checkpoint = await run()
    if (!checkpoint) return
    setTyped('')
    made(checkpoint, replaces)
  }
  return (
    <form
      class="make-checkpoint"
      onSubmit={(event: Event) => {
        event.preventDefault()
        if (!busy) void submit()
      }}
    >
      <label for={id}>Name</label>
      <input
        id={id}
        size={20}
        placeholder="before-payout"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        aria-invalid={problem !== undefined}
        onInput={(event: Event) => {
          setTyped((event.currentTarget as HTMLInputElement).value)
          forget()
        }}
      />
      <button type="submit" class="small primary" aria-disabled={busy}>
        {busy ? 'Working…' : replaces ? `Replace ${name}` : 'Make a checkpoint'}
      </button>
      {replaces && <span class="wrong">The state that is kept as {name} goes.</span>}
      <ProblemNote problem={problem} />
    </form>
  )
}

function make(world: string, name: string): Promise<Checkpoint> {
  if (!NAME.test(name))
    throw new Problem(
      `${name === '' ? 'the checkpoint needs a name' : `“${name}” is no name of a checkpoint`}: small letters, digits and dashes, beginning with a letter or digit, at most 63 of them`,
      'invalid_name',
    )
  return api<Checkpoint>(world, `/checkpoints/${name}`, { method: 'PUT' })
}
