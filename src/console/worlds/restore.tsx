// Puts a world back to a snapshot that somebody has as a file. Asks first: all that is in the world goes.
import { useId, useState } from 'preact/hooks'
import { call, Problem } from '../api/client.ts'
import { useAction } from '../api/use.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Form } from '../ui/form.tsx'

interface Props {
  readonly world: string
  readonly close: () => void
  readonly done: (file: string) => void
}

export function RestoreWorld({ world, close, done }: Props) {
  const id = useId()
  const [file, setFile] = useState<File>()
  const { run, busy, problem } = useAction(async () => {
    if (!file) throw new Problem('choose the file of a snapshot first', 'no_file')
    if (/"sandgate"\s*:\s*"recording"/.test(await file.slice(0, 200).text()))
      throw new Problem(
        `${file.name} is a case file, and a snapshot is wanted: "sandgate replay ${file.name}" plays a case file`,
        'no_snapshot',
      )
    await call(world, '/snapshot', { method: 'PUT', file })
    return file.name
  })
  const submit = async () => {
    const restored = await run()
    if (restored !== undefined) done(restored)
  }
  return (
    <Dialog title={`Restore ${world}`} close={close}>
      <p>
        Everything that is in {world} now goes, and what the snapshot holds takes its place, seed and clock included.
        The journal begins anew, and no case file of {world} can be made any more. Its checkpoints stay.
      </p>
      <Form does={`Restore ${world}`} danger busy={busy} problem={problem} submit={() => void submit()}>
        <div class="field">
          <label for={id}>Snapshot</label>
          <input
            id={id}
            type="file"
            accept=".json,application/json"
            aria-describedby={`${id}-says`}
            onChange={(event: Event) => setFile((event.currentTarget as HTMLInputElement).files?.[0])}
          />
          <p id={`${id}-says`} class="hint">
            A file that Snapshot saved, or the answer of GET snapshot; up to 256 MiB. A case file is none: sandgate
            replay plays that.
          </p>
        </div>
      </Form>
    </Dialog>
  )
}
