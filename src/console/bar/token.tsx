// Asks for the control token, where the sandbox was started with one.
import { useState } from 'preact/hooks'
import { asking, giveToken } from '../api/token.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Field, Form } from '../ui/form.tsx'

export function TokenDialog({ again }: { readonly again: boolean }) {
  const [typed, setTyped] = useState('')
  return (
    <Dialog title="Control token" close={() => asking.set('no')}>
      <p>
        This sandbox was started with <code>--control-token</code>. The token is kept in this tab until it is closed.
      </p>
      {again && (
        <p class="problem" role="alert">
          The sandbox refused that token. It is the text behind --control-token, or SANDGATE_CONTROL_TOKEN.
        </p>
      )}
      <Form does="Continue" busy={false} submit={() => typed !== '' && giveToken(typed)}>
        <Field label="Token" type="password" value={typed} change={setTyped} required />
      </Form>
    </Dialog>
  )
}
