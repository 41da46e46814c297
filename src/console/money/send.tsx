// Sends a deposit to an address: amount, after, outcome, tag, currency.
import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { Deposit, HandOut } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { goWith } from '../router.ts'
import { Field, Form } from '../ui/form.tsx'
import { Link } from '../ui/link.tsx'
import { given } from './given.ts'

const OUTCOMES = ['confirmed', 'dropped', 'reorged', 'replaced']
const FIELDS = ['address', 'amount', 'after', 'outcome', 'tag', 'currency', 'confirmations']

interface Props {
  readonly world: string
  readonly address: string
  readonly tag: string | undefined
  /** Its allocations, for what to propose. */
  readonly rows: readonly HandOut[]
  readonly open: boolean
}

export function Send(props: Props) {
  if (!props.open)
    return (
      <p>
        <button type="button" class="primary" onClick={() => goWith({ send: 'yes' })}>
          Send a deposit to this address
        </button>
      </p>
    )
  return <SendForm {...props} />
}

function SendForm({ world, address, tag: chosen, rows }: Props) {
  const tags = [...new Set(rows.flatMap(({ tag }) => tag ?? []))]
  const [typed, setTyped] = useState<string>()
  // Without a tag in the URL it is that of the address, where it has only one.
  const tag = typed ?? chosen ?? (tags.length === 1 ? tags[0]! : '')
  const [amount, setAmount] = useState('')
  const [after, setAfter] = useState('')
  const [outcome, setOutcome] = useState('confirmed')
  const [currency, setCurrency] = useState('')
  const [confirmations, setConfirmations] = useState('')
  const [sent, setSent] = useState<Deposit>()
  const form = useRef<HTMLElement>(null)
  useEffect(() => form.current?.querySelector('input')?.focus(), [])
  const { run, busy, problem } = useAction(() =>
    api<Deposit>(world, '/deposits', {
      method: 'POST',
      body: { address, ...given({ amount, after, outcome, tag, currency, confirmations }) },
    }),
  )
  const submit = async () => {
    setSent(undefined)
    setSent(await run())
  }
  const own = [...new Set(rows.map((row) => row.currency))].join(', ')
  return (
    <section aria-labelledby="send-title" ref={form}>
      <h3 id="send-title">Send a deposit</h3>
      <Form
        does="Send it"
        busy={busy}
        problem={problem}
        fields={FIELDS}
        submit={() => void submit()}
        more={
          <button type="button" onClick={() => goWith({ send: undefined })}>
            Do not send
          </button>
        }
      >
        <div class="fields">
          <Field
            label="Amount"
            name="amount"
            value={amount}
            change={setAmount}
            problem={problem}
            placeholder="12.5"
            required
          />
          <Field
            label="After"
            name="after"
            value={after}
            change={setAfter}
            problem={problem}
            placeholder="4h"
            hint="In world time, until it is seen. Empty: at once."
          />
          <Field
            label="Outcome"
            name="outcome"
            value={outcome}
            change={setOutcome}
            problem={problem}
            choices={OUTCOMES}
          />
          <Field
            label="Tag"
            name="tag"
            value={tag}
            change={setTyped}
            problem={problem}
            list={tags}
            hint="The tag or memo. Empty: none."
          />
          <Field
            label="Currency"
            name="currency"
            value={currency}
            change={setCurrency}
            problem={problem}
            placeholder={own}
            hint="Empty: that of the address."
          />
          <Field
            label="Confirmations"
            name="confirmations"
            value={confirmations}
            change={setConfirmations}
            problem={problem}
            placeholder="0"
            hint="When it is first seen; instant: all."
          />
        </div>
      </Form>
      {sent && (
        <p class="note" role="status">
          <Link view="money" query={{ show: 'deposits', deposit: sent.id }}>
            {sent.id}
          </Link>{' '}
          is {sent.status}.{sent.status === 'scheduled' && ' It is seen when the clock has come to it.'}
        </p>
      )}
    </section>
  )
}
