// Sets the endpoint of an account, or adds another one. The answer has the secret; it goes no further than this file, which drops it.
import { useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { Endpoint } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { ControlLine } from '../lists/pasteable.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field, Form } from '../ui/form.tsx'

interface Props {
  readonly world: string
  readonly names: readonly string[]
  /** What is known of it. */
  readonly set: Partial<Endpoint>
  /** It is another one, beside those that the account has. */
  readonly more: boolean
  readonly close: () => void
  readonly done: (sentence: string) => void
}

export function EndpointForm({ world, names, set, more, close, done }: Props) {
  const [provider, setProvider] = useState(set.provider ?? '')
  const [account, setAccount] = useState(set.account ?? '')
  // A URL that hides a login would lose it.
  const hides = set.url !== undefined && /hidden(@|&|$)/.test(set.url)
  const [url, setUrl] = useState(hides ? '' : (set.url ?? ''))
  const [events, setEvents] = useState((set.events ?? []).join('\n'))
  const listed = events.split(/[\s,]+/).filter((event) => event !== '')
  const body = {
    url: url.trim(),
    ...(account.trim() !== '' && { account: account.trim() }),
    ...(listed.length > 0 && { events: listed }),
  }
  const method = more ? 'POST' : 'PUT'
  const path = `/callbacks/endpoints/${encodeURIComponent(provider)}`
  const { run, busy, problem } = useAction(async () => {
    const { id, provider: of, account: whose } = await api<Endpoint>(world, path, { method, body })
    return `${id} is set: callbacks of ${of} for ${whose} go to it.`
  })
  const submit = async () => {
    const sentence = await run()
    if (sentence !== undefined) done(sentence)
  }
  return (
    <Dialog title={more ? 'Add another endpoint' : 'Set an endpoint'} close={close}>
      <p>
        {more
          ? 'Some providers send the callbacks of an account to several endpoints; the others say so.'
          : 'Every account has one endpoint that is set here. Another one that was added, or that a partner registered through the provider’s own API, stays as it is.'}
      </p>
      <Form
        does={more ? 'Add it' : 'Set it'}
        busy={busy}
        problem={problem}
        fields={['url', 'account', 'events']}
        submit={() => void submit()}
      >
        <Field label="Provider" value={provider} change={setProvider} choices={names} />
        <Field
          label="URL"
          name="url"
          value={url}
          change={setUrl}
          problem={problem}
          placeholder="http://127.0.0.1:3000/webhooks"
          required
          {...(hides && { hint: `It is ${set.url}, with something in it that is not shown: write all of it.` })}
        />
        <Field
          label="Account"
          name="account"
          value={account}
          change={setAccount}
          problem={problem}
          hint="Empty: the first one."
        />
        <Field
          label="Events"
          name="events"
          value={events}
          change={setEvents}
          problem={problem}
          lines={4}
          hint="One a line. Empty: all that the provider has."
        />
      </Form>
      <h3>The secret</h3>
      <p>
        An endpoint keeps the secret that it has; a new one has that of the merchant, or one drawn from the seed. This
        page does not show secrets: the answer to this line does, and with <code>"secret"</code> in its body it sets
        one.
      </p>
      <ControlLine
        world={world}
        method={method}
        path={path}
        body={{ ...body, url: body.url || 'http://127.0.0.1:3000/webhooks' }}
        label="The same as a line to paste"
      />
    </Dialog>
  )
}
