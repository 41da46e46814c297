// A call in the forms in which somebody needs it elsewhere. Each form says what it does and what it cannot do.
import { useState } from 'preact/hooks'
import { download } from '../api/download.ts'
import type { Entry } from '../api/shapes.ts'
import { token } from '../api/token.ts'
import { useAction } from '../api/use.ts'
import { callLineOf, curlOf } from '../copy/curl.ts'
import { ruleOf } from '../copy/rule.ts'
import { type Place, sentOf } from '../copy/sent.ts'
import { verifyCurlOf } from '../copy/verify.ts'
import { testOf, verifyTestOf } from '../copy/vitest.ts'
import { live } from '../live/live.ts'
import { useStore } from '../state/store.ts'
import { Code } from '../ui/code.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { ProblemNote } from '../ui/empty.tsx'

interface Form {
  readonly title: string
  readonly says: string
  readonly text: string | undefined
}

/** By the words on the button. */
type Forms = Readonly<Record<string, readonly Form[]>>

export function CopyMenu({ world, entry }: { readonly world: string; readonly entry: Entry }) {
  const { told } = useStore(live)
  const [open, setOpen] = useState<string>()
  const saving = useAction(() => download(world, '/recording', `${world}.case.json`))
  const place: Place = { origin: location.origin, world, token: token() !== undefined }
  const forms = formsOf(entry, place, told?.seed ?? 'sandgate')
  return (
    <div class="buttons copies" role="group" aria-label="Copy this call">
      {Object.keys(forms).map((name) => (
        <button key={name} type="button" class="small" onClick={() => setOpen(name)}>
          {name}
        </button>
      ))}
      <button
        type="button"
        class="small"
        title="A recording of every call to this world up to now, for sandgate replay. It is of the whole world, not of this call alone"
        onClick={() => void saving.run()}
      >
        {saving.busy ? 'Reading…' : 'Case file of the whole world'}
      </button>
      <ProblemNote problem={saving.problem} />
      {open !== undefined && (
        <Dialog wide title={`Entry ${entry.id}: ${open.toLowerCase()}`} close={() => setOpen(undefined)}>
          {forms[open]!.map(({ title, says, text }) => (
            <section key={title}>
              <h3>{title}</h3>
              <p>{says}</p>
              {text === undefined ? (
                <p class="muted">Not for this entry: the document has no operation of this path and method.</p>
              ) : (
                <Code plain text={text} label={title} />
              )}
            </section>
          ))}
        </Dialog>
      )}
    </div>
  )
}

function formsOf(entry: Entry, place: Place, seed: string): Forms {
  const signed = sentOf(entry)?.signed ?? false
  const line: Form = {
    title: 'sandgate call',
    says: signed
      ? 'This one works as it stands: it signs the call anew, with a demo key.'
      : 'Sends the call with a demo key, and prints what the journal says of it.',
    text: callLineOf(entry, place),
  }
  const curl: Form = {
    title: 'curl',
    says: signed
      ? 'The call as it was sent, for those who sign it themselves. A signature cannot be used again, and the journal keeps none: as it stands the call is refused.'
      : 'The call as it was sent. The key is a variable: the journal keeps none.',
    text: curlOf(entry, place),
  }
  return {
    'As curl': signed ? [line, curl] : [curl, line],
    'As a scenario rule': [
      {
        title: 'Scenario file',
        says: 'The first call like this one is answered the same, before anything is done. Load it in the view Scenario, with PUT scenario, or with --scenario FILE.',
        text: ruleOf(entry, place),
      },
    ],
    'As a verify': [
      {
        title: 'POST verify',
        says: 'Asks this world whether such a call was made, and where the closest ones differ.',
        text: verifyCurlOf(entry, place),
      },
    ],
    'As a test': [
      {
        title: 'In a sandbox of its own',
        says: 'A test for vitest that makes the call anew, at the same world time and with the same seed, but in an empty world: what the call stood on has to be made first.',
        text: testOf(entry, place, seed),
      },
      {
        title: 'Against this sandbox',
        says: 'A test for vitest that asks this world whether the call was made.',
        text: verifyTestOf(entry, place),
      },
    ],
  }
}
