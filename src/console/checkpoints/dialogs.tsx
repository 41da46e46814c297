// Goes back to a checkpoint, or forgets it. Both ask first: what goes does not come back.
import { api } from '../api/client.ts'
import type { Checkpoint } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Form } from '../ui/form.tsx'
import { timeOf } from '../ui/time.tsx'

interface Props {
  readonly world: string
  readonly checkpoint: Checkpoint
  readonly close: () => void
  readonly done: () => void
}

export function Rewind({ world, checkpoint: { name, at, entry }, close, done }: Props) {
  const { run, busy, problem } = useAction(() =>
    api<Checkpoint>(world, `/checkpoints/${encodeURIComponent(name)}/rewind`, { method: 'POST' }),
  )
  const submit = async () => {
    if (await run()) done()
  }
  return (
    <Dialog title={`Rewind ${world} to ${name}`} close={close}>
      <p>
        Rows, clock and seed become those of {name}: it is {timeOf(at)} again
        {entry > 0 ? `, as it was behind entry ${entry}` : ''}. What was done since goes. The journal begins anew and
        its numbers go on; no case file of {world} can be made any more. Checkpoints stay, {name} included.
      </p>
      <p>Make a checkpoint of now first if you might want to come back.</p>
      <Form does={`Rewind to ${name}`} danger busy={busy} problem={problem} submit={() => void submit()}>
        {null}
      </Form>
    </Dialog>
  )
}

export function DeleteCheckpoint({ world, checkpoint: { name }, close, done }: Props) {
  const { run, busy, problem } = useAction(async () => {
    await api(world, `/checkpoints/${encodeURIComponent(name)}`, { method: 'DELETE' })
    return true
  })
  const submit = async () => {
    if (await run()) done()
  }
  return (
    <Dialog title={`Delete the checkpoint ${name}`} close={close}>
      <p>The state that is kept as {name} goes. The world itself stays as it is.</p>
      <Form does={`Delete ${name}`} danger busy={busy} problem={problem} submit={() => void submit()}>
        {null}
      </Form>
    </Dialog>
  )
}
